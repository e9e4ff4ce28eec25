//! Where declarations, items and lines end: puts the END tokens that the grammar asks for between the tokens that are
//! written, and notes the pieces between them.
//!
//! The words that open an item are reserved (or, in vocabularies and tests, reserved at the beginning of a line of
//! that block), so in a text without mistakes every END is certain. Only when a text has been found wrong is it laid
//! out again in *healing* mode, which also listens to line breaks: a header word at the beginning of a line opens a
//! header even where a brace was left open, and the brace is reported.
//!
//! *Invariant:* without mistakes both modes give the same tokens.

use crate::error::{ErrorKind, Related, SyntaxError};
use crate::token::{Kind, Standing, Token};
use crate::{MAX_DEPTH, Span};
use std::ops::Range;

/// The tokens with their ENDs, and the pieces they make.
#[derive(Debug, Default)]
pub struct Layout {
    /// What the parser reads.
    pub tokens: Vec<Token>,
    /// The declarations, in order.
    pub decls: Vec<DeclPiece>,
    /// Braces without partners, nesting without end, missing labels.
    pub errors: Vec<SyntaxError>,
}

/// One declaration.
#[derive(Debug)]
pub struct DeclPiece {
    /// Its opening word; none: tokens that begin no declaration.
    pub opener: Option<Kind>,
    /// From its opener to the brace that opens its body (included), or to its END (included).
    pub head: Range<usize>,
    /// What its body consists of.
    pub body: Option<Body>,
    /// The pieces of its body, each with its END.
    pub items: Vec<Range<usize>>,
    /// All of it.
    pub span: Span,
}

/// What a block between braces consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Headers, definitions and labelled clauses.
    Items,
    /// Sections of a vocabulary.
    Sections,
    /// Lines of a test.
    Lines,
}

/// Lays out the tokens of a text.
pub fn layout(text: &str, tokens: &[Token], heal: bool) -> Layout {
    let mut pass = Pass {
        text,
        input: tokens,
        heal,
        out: Layout { tokens: Vec::with_capacity(tokens.len() + tokens.len() / 4), ..Layout::default() },
        body: None,
        in_decl: false,
        item: None,
        open: Vec::new(),
        open_braces: 0,
        nots: 0,
        too_deep: false,
    };
    for index in 0..tokens.len() {
        pass.step(index);
    }
    pass.finish();
    pass.out
}

struct Pass<'a> {
    text: &'a str,
    input: &'a [Token],
    heal: bool,
    out: Layout,
    /// The block that is open in the current declaration: what it consists of, and its brace.
    body: Option<(Body, Span)>,
    /// Whether a declaration has begun.
    in_decl: bool,
    /// Where in the output the current piece of the block begins.
    item: Option<usize>,
    /// Braces and parentheses open inside the current piece or head, and how deep each is.
    open: Vec<(Token, usize)>,
    /// How many of them are braces.
    open_braces: usize,
    /// The run of `not`s just read.
    nots: usize,
    /// Whether the current piece nests too deeply: its tokens are left out.
    too_deep: bool,
}

impl Pass<'_> {
    fn step(&mut self, index: usize) {
        let Some(&token) = self.input.get(index) else { return };
        if self.opens_decl(index, token) {
            self.end_decl(token.span);
            self.begin_decl(Some(token.kind), token);
        } else if !self.in_decl {
            if token.kind == Kind::RBrace {
                self.report(ErrorKind::Unclosed { delimiter: '}' }, token.span);
                return;
            }
            self.begin_decl(None, token);
        } else if self.heal && self.edition_is_over(index) {
            self.end_decl(token.span);
            self.begin_decl(None, token);
        } else if self.body.is_none() && self.open.is_empty() && self.head_is_over(index, token) {
            self.implied_brace(token);
        }
        if self.opens_item(index, token) {
            self.end_item(token.span);
            self.item = Some(self.out.tokens.len());
        }
        self.bracket(index, token);
    }

    fn previous(&self, index: usize) -> Option<Kind> {
        index.checked_sub(1).and_then(|index| self.input.get(index)).map(|token| token.kind)
    }

    fn next(&self, index: usize) -> Option<Kind> {
        self.input.get(index + 1).map(|token| token.kind)
    }

    /// Whether a line break stands between this token and the one before it.
    fn first_on_line(&self, index: usize) -> bool {
        let Some(token) = self.input.get(index) else { return false };
        let Some(before) = index.checked_sub(1).and_then(|index| self.input.get(index)) else { return true };
        self.text
            .get(before.span.end as usize..token.span.start as usize)
            .is_some_and(|gap| gap.contains('\n'))
    }

    fn opens_decl(&self, index: usize, token: Token) -> bool {
        let opener = matches!(
            token.kind,
            Kind::Licit
                | Kind::Vocabulary
                | Kind::Party
                | Kind::License
                | Kind::Template
                | Kind::Test
                | Kind::Prove
        );
        if !opener {
            return false;
        }
        let outside = self.body.is_none() && self.open.is_empty();
        match self.heal {
            false => outside,
            true if self.first_on_line(index) => {
                token.kind != Kind::Party || self.next(index) == Some(Kind::Handle)
            }
            true => outside && !self.previous(index).is_some_and(expects_more),
        }
    }

    /// Whether a new line follows `licit 2026`.
    fn edition_is_over(&self, index: usize) -> bool {
        let first = self.out.decls.last().filter(|decl| decl.opener == Some(Kind::Licit));
        first.is_some_and(|first| self.out.tokens.len() == first.head.start + 2) && self.first_on_line(index)
    }

    /// Whether the current declaration's block begins here though its brace is missing (healing only).
    fn head_is_over(&self, index: usize, token: Token) -> bool {
        let opens = match self.body_of_decl() {
            Some(Body::Items) => is_header(token.kind) || matches!(token.kind, Kind::Label | Kind::Define),
            Some(Body::Sections) => is_section(token.kind),
            Some(Body::Lines) => is_line(token.kind),
            None => false,
        };
        self.heal && opens && self.first_on_line(index)
    }

    fn body_of_decl(&self) -> Option<Body> {
        match self.out.decls.last().and_then(|decl| decl.opener) {
            Some(Kind::License | Kind::Template) => Some(Body::Items),
            Some(Kind::Vocabulary) => Some(Body::Sections),
            Some(Kind::Test) => Some(Body::Lines),
            _ => None,
        }
    }

    /// Whether a piece of the block begins with this token.
    fn opens_item(&self, index: usize, token: Token) -> bool {
        let nested = !self.open.is_empty();
        match self.body {
            Some((Body::Items, _)) => {
                let line = self.first_on_line(index);
                let certain = token.kind == Kind::Label
                    || is_header(token.kind) && self.previous(index) != Some(Kind::Sparing)
                    || token.kind == Kind::Define;
                if !self.heal {
                    return certain && !nested;
                }
                let wanted = self.previous(index).is_some_and(expects_more);
                // `sparing derivatives` may stand at the beginning of a line, too.
                let no_label = !matches!(self.previous(index), Some(Kind::Label | Kind::Sparing));
                let forgotten_label = line
                    && !nested
                    && (is_clause(token.kind) && no_label
                        || is_name(token.kind)
                            && token.kind != Kind::Sparing
                            && self.next(index).is_some_and(is_clause));
                certain && (token.kind == Kind::Label || line || !wanted && !nested) || forgotten_label
            }
            Some((Body::Sections, _)) => {
                let dedented = || self.heal && self.first_on_line(index) && self.at_column_of_item(token);
                is_section(token.kind) && (!nested || dedented())
            }
            Some((Body::Lines, _)) => {
                is_line(token.kind) && (!nested || self.heal && self.first_on_line(index))
            }
            None => false,
        }
    }

    /// Whether a token stands no further to the right than the piece it would be part of.
    fn at_column_of_item(&self, token: Token) -> bool {
        // Looking back is bounded, or a text of one long line would take quadratic time.
        const FAR: usize = 400;
        let column = |span: Span| {
            let before = self.text.as_bytes().get(..span.start as usize).unwrap_or_default();
            before.iter().rev().take(FAR).position(|byte| *byte == b'\n').unwrap_or(FAR)
        };
        let first = self.item.and_then(|item| self.out.tokens.get(item));
        first.is_some_and(|first| column(token.span) <= column(first.span))
    }

    fn bracket(&mut self, index: usize, token: Token) {
        match token.kind {
            Kind::LBrace if self.body.is_none() && self.open.is_empty() && self.body_of_decl().is_some() => {
                self.body = self.body_of_decl().map(|body| (body, token.span));
                self.push(token);
                self.end_head();
            }
            Kind::LBrace | Kind::LParen => {
                let depth = self.open.last().map_or(0, |(_, depth)| *depth) + 1 + self.nots;
                self.nots = 0;
                self.open.push((token, depth));
                self.open_braces += usize::from(token.kind == Kind::LBrace);
                self.push(token);
                self.check_depth(depth, token);
            }
            Kind::RParen => {
                if self.open.last().is_some_and(|(open, _)| open.kind == Kind::LParen) {
                    self.open.pop();
                    self.push(token);
                } else {
                    self.report(ErrorKind::Unclosed { delimiter: ')' }, token.span);
                }
            }
            Kind::RBrace => self.close_brace(index, token),
            Kind::Not => {
                self.nots += 1;
                let depth = self.open.last().map_or(0, |(_, depth)| *depth) + self.nots;
                self.push(token);
                self.check_depth(depth, token);
            }
            _ => {
                self.nots = 0;
                self.push(token);
            }
        }
    }

    fn check_depth(&mut self, depth: usize, token: Token) {
        if depth > MAX_DEPTH && !self.too_deep {
            self.report(ErrorKind::TooDeep, token.span);
            self.too_deep = true;
        }
    }

    fn close_brace(&mut self, index: usize, token: Token) {
        if self.open_braces > 0 {
            self.close_open(token.span, Some(Kind::LBrace));
            self.open.pop();
            self.open_braces -= 1;
            self.push(token);
        } else if self.body.is_some() {
            if self.heal && self.goes_on(index) {
                self.report(ErrorKind::Unclosed { delimiter: '}' }, token.span);
                return;
            }
            self.end_item(token.span);
            self.push(token);
            self.body = None;
            self.end_decl(token.span);
        } else {
            self.report(ErrorKind::Unclosed { delimiter: '}' }, token.span);
        }
    }

    /// Whether the block goes on after a brace that would close it: then the brace is one too many.
    fn goes_on(&self, index: usize) -> bool {
        let Some(next) = self.next(index) else { return false };
        match self.body {
            Some((Body::Items, _)) => is_header(next) || matches!(next, Kind::Label | Kind::Define),
            Some((Body::Sections, _)) => is_section(next),
            Some((Body::Lines, _)) => is_line(next),
            None => false,
        }
    }

    /// Closes what is open inside the current piece, down to the innermost of `until` or entirely; reports the innermost.
    fn close_open(&mut self, before: Span, until: Option<Kind>) {
        let mut reported = false;
        while let Some(&(open, _)) = self.open.last() {
            if Some(open.kind) == until {
                break;
            }
            self.open.pop();
            self.open_braces -= usize::from(open.kind == Kind::LBrace);
            let (delimiter, closing) =
                if open.kind == Kind::LBrace { ('{', Kind::RBrace) } else { ('(', Kind::RParen) };
            if !reported {
                self.unclosed(delimiter, open.span, before);
                reported = true;
            }
            self.push(Token { kind: closing, span: self.here() });
        }
    }

    fn unclosed(&mut self, delimiter: char, open: Span, before: Span) {
        let mut error = SyntaxError::new(ErrorKind::Unclosed { delimiter }, open);
        error.related.push((open, Related::OpenedHere));
        error.related.push((before, Related::EndsBefore));
        self.out.errors.push(error);
    }

    /// A brace that was forgotten before the block of a declaration.
    fn implied_brace(&mut self, token: Token) {
        let found = self.text.get(token.span.range()).map(str::to_owned);
        let mut error = SyntaxError::new(ErrorKind::Unexpected { found }, token.span);
        error.expected.push(Kind::LBrace.described());
        self.out.errors.push(error);
        let here = self.here();
        self.body = self.body_of_decl().map(|body| (body, here));
        self.push(Token { kind: Kind::LBrace, span: here });
        self.end_head();
    }

    fn begin_decl(&mut self, opener: Option<Kind>, token: Token) {
        let start = self.out.tokens.len();
        self.out.decls.push(DeclPiece {
            opener,
            head: start..start,
            body: None,
            items: Vec::new(),
            span: token.span,
        });
        self.in_decl = true;
    }

    fn end_head(&mut self) {
        let (end, body) = (self.out.tokens.len(), self.body.map(|(body, _)| body));
        if let Some(decl) = self.out.decls.last_mut() {
            decl.head.end = end;
            decl.body = body;
        }
    }

    fn end_item(&mut self, before: Span) {
        if self.body.is_some() {
            self.close_open(before, None);
        }
        self.nots = 0;
        self.too_deep = false;
        if let Some(start) = self.item.take() {
            self.push(Token { kind: Kind::End, span: self.here() });
            let end = self.out.tokens.len();
            if let Some(decl) = self.out.decls.last_mut() {
                decl.items.push(start..end);
            }
        } else if let (Some(decl), Some(_)) = (self.out.decls.last_mut(), self.body) {
            // What stands in a block before its first item is a piece of its own, and a wrong one.
            let start = decl.head.end;
            if self.out.tokens.len() > start && decl.items.is_empty() {
                self.push(Token { kind: Kind::End, span: self.here() });
                let end = self.out.tokens.len();
                if let Some(decl) = self.out.decls.last_mut() {
                    decl.items.push(start..end);
                }
            }
        }
    }

    fn end_decl(&mut self, before: Span) {
        if !self.in_decl {
            return;
        }
        let innermost_is_open = !self.open.is_empty();
        self.end_item(before);
        self.close_open(before, None);
        if let Some((_, brace)) = self.body.take() {
            // One report where several blocks are open: the innermost has been named.
            if !innermost_is_open {
                self.unclosed('{', brace, before);
            }
            self.push(Token { kind: Kind::RBrace, span: self.here() });
        }
        self.too_deep = false;
        self.nots = 0;
        self.push(Token { kind: Kind::End, span: self.here() });
        let (end, here) = (self.out.tokens.len(), self.here());
        if let Some(decl) = self.out.decls.last_mut() {
            if decl.body.is_none() {
                decl.head.end = end;
            }
            decl.span = decl.span.to(here);
        }
        self.in_decl = false;
    }

    fn finish(&mut self) {
        let end = self.text.len() as u32;
        self.end_decl(Span::new(end, end));
    }

    /// The end of the last token: where what is not written stands.
    fn here(&self) -> Span {
        let end = self.out.tokens.last().map_or(0, |token| token.span.end);
        Span::new(end, end)
    }

    fn push(&mut self, mut token: Token) {
        let is_text = |word: &str| crate::ast::Reason::ALL.iter().any(|reason| reason.word() == word);
        let after_deny = || self.out.tokens.last().is_some_and(|token| token.kind == Kind::Deny);
        if token.kind == Kind::Id && matches!(self.body, Some((Body::Lines, _))) && after_deny() {
            // The reasons are words of their own after `deny`, and names everywhere else.
            if self.text.get(token.span.range()).is_some_and(is_text) {
                token.kind = Kind::Reason;
            }
        }
        if !self.too_deep || token.kind == Kind::End {
            self.out.tokens.push(token);
        }
    }

    fn report(&mut self, kind: ErrorKind, span: Span) {
        self.out.errors.push(SyntaxError::new(kind, span));
    }
}

/// Whether a word opens a header.
pub fn is_header(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Licensor
            | Kind::Asset
            | Kind::Calendar
            | Kind::Currency
            | Kind::Term
            | Kind::Irrevocable
            | Kind::Revocable
            | Kind::Status
            | Kind::Corrections
            | Kind::Ends
            | Kind::Renews
    )
}

/// Whether a reserved word opens a clause.
pub fn is_clause(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Permit
            | Kind::Forbid
            | Kind::Limit
            | Kind::Charge
            | Kind::Prepaid
            | Kind::Must
            | Kind::Derivatives
            | Kind::Sublicense
            | Kind::Split
    )
}

/// Whether a word opens a section of a vocabulary.
pub fn is_section(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Actions
            | Kind::Purposes
            | Kind::Places
            | Kind::Units
            | Kind::Facts
            | Kind::Duties
            | Kind::Currencies
    )
}

/// Whether a word opens a line of a test.
pub fn is_line(kind: Kind) -> bool {
    matches!(kind, Kind::Given | Kind::When | Kind::Expect)
}

/// Whether a token can be a name.
pub fn is_name(kind: Kind) -> bool {
    kind == Kind::Id || matches!(kind.standing(), Some(Standing::Soft | Standing::Local))
}

/// Whether nothing can end with this token: what follows on the same line belongs to it.
fn expects_more(kind: Kind) -> bool {
    let can_end = matches!(kind, Kind::Irrevocable | Kind::Derivatives | Kind::At | Kind::Party);
    kind.standing() == Some(Standing::Reserved) && !can_end
        || matches!(
            kind,
            Kind::Label | Kind::Comma | Kind::Dot | Kind::LParen | Kind::LBrace | Kind::Plus | Kind::Minus
        )
        || matches!(kind, Kind::Eq | Kind::Ne | Kind::Lt | Kind::Le | Kind::Gt | Kind::Ge)
}
