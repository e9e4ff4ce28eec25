//! From tokens to a tree, mistakes or not.
//!
//! A text without mistakes is parsed in one run. Otherwise it is laid out again and every piece (a declaration's head,
//! an item, a section, a line of a test) is parsed by itself: a mistake spoils its own piece only, and each piece
//! reports at most one. *Invariant:* for a text without mistakes both ways give the same tree.

use crate::MAX_ERRORS;
use crate::ast::*;
use crate::error::{ErrorKind, SyntaxError};
use crate::explain::{self, explain};
use crate::layout::{self, Body, DeclPiece, Layout};
use crate::lexer::Lexed;
use crate::make::{self, Line, LineKind, Parsed, Source};
use crate::parser;
use crate::span::{Span, Spanned};
use crate::token::{Kind, Token};

/// The editions that this grammar reads.
const EDITIONS: [u128; 1] = [2026];

/// Parses a whole file; the lexer's errors are given back with the others.
pub fn file(text: &str, lexed: &Lexed) -> (File, Vec<SyntaxError>) {
    let (file, mut errors) = match straight(text, &lexed.tokens) {
        Some((file, mut errors)) => {
            errors.extend(lexed.errors.iter().cloned());
            (file, errors)
        }
        None => pieces(text, lexed),
    };
    check_edition(text, lexed, &file, &mut errors);
    (file, errors)
}

/// Parses a single ask.
pub fn ask(text: &str, lexed: &Lexed) -> (Option<Ask>, Vec<SyntaxError>) {
    let source = Source::new(text);
    let mut errors = lexed.errors.clone();
    match parser::run(Kind::ModeAsk, &source, &lexed.tokens) {
        Ok(Parsed::Ask(ask)) => (Some(ask), errors),
        Ok(_) => (None, errors),
        Err(stop) => {
            let finding = explain(Kind::ModeAsk, &source, &lexed.tokens, &stop);
            if errors.is_empty() {
                errors.extend(finding.errors);
            }
            let ask = finding
                .repaired
                .and_then(|parsed| if let Parsed::Ask(ask) = parsed { Some(ask) } else { None });
            (ask, errors)
        }
    }
}

/// The one run over a text whose blocks are closed and whose grammar is right.
fn straight(text: &str, tokens: &[Token]) -> Option<(File, Vec<SyntaxError>)> {
    let layout = layout::layout(text, tokens, false);
    if !layout.errors.is_empty() {
        return None;
    }
    let source = Source::new(text);
    match parser::run(Kind::ModeFile, &source, &layout.tokens) {
        Ok(Parsed::File(file)) => Some((file, source.errors.into_inner())),
        _ => None,
    }
}

/// Piece by piece.
pub fn pieces(text: &str, lexed: &Lexed) -> (File, Vec<SyntaxError>) {
    let mut tokens = lexed.tokens.clone();
    let mut known = lexed.errors.clone();
    respell(text, &mut tokens, &mut known);
    let layout = layout::layout(text, &tokens, true);
    known.extend(layout.errors.iter().cloned());
    let mut marks: Vec<(u32, bool)> =
        known.iter().map(|error| (error.span.start, keeps_its_kind(&error.kind))).collect();
    marks.sort_unstable();
    let mut healer = Healer { source: Source::new(text), layout: &layout, marks, errors: known, failed: 0 };
    let file = healer.file();
    let mut errors = healer.errors;
    if healer.failed > MAX_ERRORS {
        let end = Span::new(text.len() as u32, text.len() as u32);
        errors.push(SyntaxError::new(ErrorKind::TooManyErrors, end));
    }
    errors.extend(healer.source.errors.into_inner());
    (file, errors)
}

/// Whether a token was only misspelt: the parser got one of the right kind.
fn keeps_its_kind(kind: &ErrorKind) -> bool {
    matches!(kind, ErrorKind::BadNumber { .. } | ErrorKind::BadDate { .. } | ErrorKind::BadEscape { .. })
}

/// Words that are a keyword in another spelling, where nothing else can stand.
fn respell(text: &str, tokens: &mut [Token], errors: &mut Vec<SyntaxError>) {
    for index in 0..tokens.len() {
        let kind_at = |index: usize| tokens.get(index).map(|token: &Token| token.kind);
        let before = index.checked_sub(1).and_then(kind_at);
        let (next, after) = (kind_at(index + 1), kind_at(index + 2));
        let names_follow =
            next.is_some_and(layout::is_name) && matches!(after, Some(Kind::Version | Kind::Eq));
        let Some(token) = tokens.get_mut(index).filter(|token| token.kind == Kind::Id) else { continue };
        let (kind, should_be) = match text.get(token.span.range()) {
            Some("licence" | "License" | "Licence") if names_follow => (Kind::License, "license"),
            Some("sublicence") if before == Some(Kind::Label) => (Kind::Sublicense, "sublicense"),
            Some("licenser" | "licencor" | "licencer") if next == Some(Kind::Handle) => {
                (Kind::Licensor, "licensor")
            }
            _ => continue,
        };
        token.kind = kind;
        let found = text.get(token.span.range()).unwrap_or_default().to_owned();
        errors.push(SyntaxError::new(ErrorKind::Misspelt { found, should_be }, token.span));
    }
}

fn check_edition(text: &str, lexed: &Lexed, file: &File, errors: &mut Vec<SyntaxError>) {
    match &file.edition {
        Some(edition) if edition.text.is_empty() || EDITIONS.contains(&edition.value.value) => {}
        Some(edition) => {
            let found = Some(edition.text.clone());
            errors.push(SyntaxError::new(ErrorKind::UnknownEdition { found }, edition.span));
        }
        None => {
            let first = lexed.tokens.first().map_or(Span::new(0, 0), |token| token.span);
            let already =
                errors.iter().any(|error| error.span == first && text.get(first.range()) == Some("licit"));
            if !already {
                errors.push(SyntaxError::new(ErrorKind::UnknownEdition { found: None }, first));
            }
        }
    }
}

struct Healer<'a> {
    source: Source<'a>,
    layout: &'a Layout,
    /// Where errors have been reported already, in order, and whether only a spelling was wrong there.
    marks: Vec<(u32, bool)>,
    errors: Vec<SyntaxError>,
    /// How many pieces did not parse. Beyond [`MAX_ERRORS`] the rest is not looked at: explaining is slow.
    failed: usize,
}

impl Healer<'_> {
    fn file(&mut self) -> File {
        let mut file = File::default();
        let layout = self.layout;
        for (index, piece) in layout.decls.iter().enumerate() {
            let head = layout.tokens.get(piece.head.clone()).unwrap_or_default();
            if piece.opener == Some(Kind::Licit) && index == 0 {
                file.edition = Some(self.edition(head));
                continue;
            }
            let decl = self.decl(piece, head);
            file.decls.push(Spanned::new(decl, piece.span));
        }
        file
    }

    fn edition(&mut self, head: &[Token]) -> Spanned<Int> {
        if let Some(Parsed::File(File { edition: Some(edition), .. })) = self.piece(Kind::ModeFile, head) {
            return edition;
        }
        // The year is there though something follows it, or nothing is there at all; both are reported.
        let year = head.get(1).filter(|token| token.kind == Kind::Int);
        let span = year.or(head.first()).map_or(Span::default(), |token| token.span);
        let int = year.map(|token| self.source.int(token.span.start, token.span.end));
        Spanned::new(int.unwrap_or(NO_INT), span)
    }

    fn decl(&mut self, piece: &DeclPiece, head: &[Token]) -> Decl {
        if matches!(piece.opener, None | Some(Kind::Licit)) {
            self.no_decl(piece, head);
            return make::decl(DeclKind::Error);
        }
        let mut whole = head.to_vec();
        if piece.body.is_some() {
            let end = head.last().map_or(0, |token| token.span.end);
            let here = Span::new(end, end);
            whole.extend([Token { kind: Kind::RBrace, span: here }, Token { kind: Kind::End, span: here }]);
        }
        let mut decl = match self.piece(Kind::ModeDecl, &whole) {
            Some(Parsed::Decl(decl)) => decl,
            _ => make::decl(self.broken_decl(piece, head)),
        };
        match piece.body {
            Some(Body::Items) => {
                let items = piece.items.iter().map(|range| self.item(range.clone())).collect();
                match &mut decl.kind {
                    DeclKind::License(license) => license.items = items,
                    DeclKind::Template(template) => template.items = items,
                    _ => {}
                }
            }
            Some(Body::Sections) => {
                let sections = piece.items.iter().map(|range| self.section(range.clone())).collect();
                if let DeclKind::Vocabulary(vocabulary) = &mut decl.kind {
                    vocabulary.sections = sections;
                }
            }
            Some(Body::Lines) => {
                let lines = piece.items.iter().map(|range| self.line(range.clone())).collect();
                let steps = self.source.steps(lines);
                if let DeclKind::Test(test) = &mut decl.kind {
                    test.steps = steps;
                }
            }
            None => {}
        }
        decl
    }

    /// Tokens where a declaration should begin.
    fn no_decl(&mut self, piece: &DeclPiece, head: &[Token]) {
        let end = head.last().map_or(piece.span.end, |token| token.span.end);
        if self.is_marked(piece.span.to(Span::new(end, end)), false) {
            return;
        }
        let expected =
            [Kind::License, Kind::Template, Kind::Vocabulary, Kind::Party, Kind::Test, Kind::Prove];
        let stop = parser::Stop { at: 0, expected: expected.to_vec() };
        self.errors.push(explain::unexpected(&self.source, head, &stop));
    }

    /// Parses a piece, or reports why not and parses what was meant.
    fn piece(&mut self, mode: Kind, tokens: &[Token]) -> Option<Parsed> {
        if self.failed > MAX_ERRORS {
            return None;
        }
        let stop = match parser::run(mode, &self.source, tokens) {
            Ok(parsed) => return Some(parsed),
            Err(stop) => stop,
        };
        self.failed += 1;
        // What a failed or repaired run noted about repetitions belongs to a piece that is reported anyway.
        let noted = self.source.errors.borrow().len();
        let finding = explain(mode, &self.source, tokens, &stop);
        self.source.errors.borrow_mut().truncate(noted);
        // One report for one cause: what was reported in this piece explains why it does not parse, except for numbers
        // and dates, which explain only what stands next to them.
        let near = tokens.get(stop.at.saturating_sub(1)..tokens.len().min(stop.at + 1)).unwrap_or_default();
        if !self.is_marked(span_of(tokens), false) && !self.is_marked(span_of(near), true) {
            self.errors.extend(finding.errors);
        }
        finding.repaired
    }

    /// Whether a mistake inside this span has been reported already; of misspelt tokens only if `spelling`.
    fn is_marked(&self, span: Span, spelling: bool) -> bool {
        let first = self.marks.partition_point(|(mark, _)| *mark < span.start);
        let inside =
            self.marks.iter().skip(first).take_while(|(mark, _)| *mark < span.end.max(span.start + 1));
        inside.into_iter().any(|(_, only_spelling)| *only_spelling == spelling)
    }

    fn item(&mut self, range: std::ops::Range<usize>) -> Spanned<Item> {
        let tokens = self.layout.tokens.get(range).unwrap_or_default();
        let item = match self.piece(Kind::ModeItem, tokens) {
            Some(Parsed::Item(item)) => item,
            _ => make::item(self.broken_item(tokens)),
        };
        Spanned::new(item, span_of(tokens))
    }

    fn section(&mut self, range: std::ops::Range<usize>) -> Spanned<VocabSection> {
        let tokens = self.layout.tokens.get(range).unwrap_or_default();
        let section = match self.piece(Kind::ModeSection, tokens) {
            Some(Parsed::Section(section)) => section,
            _ => VocabSection::Error,
        };
        Spanned::new(section, span_of(tokens))
    }

    fn line(&mut self, range: std::ops::Range<usize>) -> Spanned<Line> {
        let tokens = self.layout.tokens.get(range).unwrap_or_default();
        let line = match self.piece(Kind::ModeLine, tokens) {
            Some(Parsed::Line(line)) => line,
            _ => Line::Broken(match tokens.first().map(|token| token.kind) {
                Some(Kind::When) => LineKind::When,
                Some(Kind::Expect) => LineKind::Expect,
                _ => LineKind::Given,
            }),
        };
        Spanned::new(line, span_of(tokens))
    }

    /// What can be said of an item that cannot be read: its label, its name, which header it is.
    fn broken_item(&self, tokens: &[Token]) -> ItemKind {
        let Some(first) = tokens.first() else { return ItemKind::Error };
        let header = |kind: HeaderKind| ItemKind::Header(Header::Error(kind));
        match first.kind {
            Kind::Label => {
                let rest = tokens.get(1).map_or(first.span, |second| second.span.to(span_of(tokens)));
                let clause = Box::new(Spanned::new(Clause::Error, rest));
                ItemKind::Clause(LabelledClause {
                    label: self.source.label(first.span.start, first.span.end),
                    clause,
                })
            }
            Kind::Define => match self.name_at(tokens, 1) {
                Some(name) => {
                    ItemKind::Define(Define { name, condition: Spanned::new(Cond::Error, span_of(tokens)) })
                }
                None => ItemKind::Error,
            },
            Kind::Licensor => header(HeaderKind::Licensor),
            Kind::Asset => header(HeaderKind::Asset),
            Kind::Calendar => header(HeaderKind::Calendar),
            Kind::Currency => header(HeaderKind::Currency),
            Kind::Term => header(HeaderKind::Term),
            Kind::Irrevocable | Kind::Revocable => header(HeaderKind::Revocability),
            Kind::Status => header(HeaderKind::Status),
            Kind::Corrections => header(HeaderKind::Corrections),
            Kind::Ends => header(HeaderKind::Ends),
            Kind::Renews => header(HeaderKind::Renews),
            _ => ItemKind::Error,
        }
    }

    /// What can be said of a declaration whose head cannot be read: what it is, and its name.
    fn broken_decl(&self, piece: &DeclPiece, head: &[Token]) -> DeclKind {
        let Some(name) = self.name_at(head, 1) else { return self.nameless(piece, head) };
        let version = Spanned::new(NO_INT, name.span);
        let number = Spanned::new(Dec { text: String::new(), digits: 0, scale: 0 }, name.span);
        let nothing = Spanned::new(String::new(), name.span);
        match (piece.opener, piece.body) {
            (Some(Kind::Vocabulary), Some(_)) => {
                DeclKind::Vocabulary(Vocabulary { name, version: number, sections: Vec::new() })
            }
            (Some(Kind::Vocabulary), None) => DeclKind::Import(Import { name, version: number, pin: None }),
            (Some(Kind::License), None) if head.get(2).is_some_and(|token| token.kind == Kind::Eq) => {
                DeclKind::Instance(Instance {
                    name,
                    template: nothing.clone(),
                    args: Vec::new(),
                    granted_to: nothing,
                })
            }
            (Some(Kind::License), _) => DeclKind::License(License {
                name,
                version,
                effective: None,
                lineage: None,
                granted_to: None,
                items: Vec::new(),
            }),
            (Some(Kind::Template), _) => DeclKind::Template(Template {
                name,
                params: Vec::new(),
                version,
                lineage: None,
                items: Vec::new(),
            }),
            _ => DeclKind::Error,
        }
    }

    /// A block without a name keeps what is inside it.
    fn nameless(&self, piece: &DeclPiece, head: &[Token]) -> DeclKind {
        let nothing = Spanned::new(String::new(), span_of(head));
        match (piece.opener, piece.body) {
            (Some(Kind::Test), Some(_)) => {
                let text = head.get(1).filter(|token| token.kind == Kind::Str);
                let name = text.map(|token| self.source.string(token.span.start, token.span.end));
                let subject = self.name_at(head, 3).unwrap_or_else(|| nothing.clone());
                DeclKind::Test(Test { name: name.unwrap_or(nothing), subject, steps: Vec::new() })
            }
            (Some(Kind::License), Some(_)) => DeclKind::License(License {
                name: nothing,
                version: Spanned::new(NO_INT, span_of(head)),
                effective: None,
                lineage: None,
                granted_to: None,
                items: Vec::new(),
            }),
            _ => DeclKind::Error,
        }
    }

    fn name_at(&self, tokens: &[Token], index: usize) -> Option<Name> {
        let token = tokens.get(index).filter(|token| layout::is_name(token.kind))?;
        Some(self.source.name(token.span.start, token.span.end))
    }
}

const NO_INT: Int = Int { text: String::new(), value: 0 };

/// From the first to the last token.
fn span_of(tokens: &[Token]) -> Span {
    match (tokens.first(), tokens.last()) {
        (Some(first), Some(last)) => first.span.to(last.span),
        _ => Span::default(),
    }
}
