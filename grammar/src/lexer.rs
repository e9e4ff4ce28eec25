//! From text to tokens and comments. Never fails: what is no token is reported and left out, or kept as what it was
//! meant to be. The only file that names logos.

use logos::Logos;

use crate::error::{BadDate, BadNumber, ErrorKind, SyntaxError};
use crate::number;
use crate::token::{Kind, Token};
use crate::{Comment, Span};

/// Shapes of lexemes. Words and numbers are told apart afterwards, by the token table and `number.rs`.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq)]
#[logos(skip r"[ \t\r\n]+")]
enum Shape {
    #[regex(r"//[^\n]*", allow_greedy = true)]
    Comment,
    #[regex(r"[A-Za-z_][A-Za-z0-9_]*")]
    #[token("not-yet")]
    #[token("not-holder")]
    #[token("not-permitted")]
    #[token("ambiguous-price")]
    Word,
    #[regex(r"`[A-Za-z_][A-Za-z0-9_]*`")]
    Quoted,
    #[regex(r"([A-Za-z_][A-Za-z0-9_]*|`[A-Za-z_][A-Za-z0-9_]*`):")]
    Label,
    #[regex(r"[0-9][0-9A-Za-z_]*([.,:][0-9][0-9A-Za-z_]*)*([ \t]*%)?")]
    #[regex(r"\.[0-9][0-9A-Za-z_]*%?")]
    Number,
    #[regex(r"[A-Z][A-Z][A-Z]+[ \t]+[0-9][0-9A-Za-z_]*([.,][0-9][0-9A-Za-z_]*)*")]
    #[regex(r"[A-Z][A-Z][A-Z]+[0-9]+[.,][0-9][0-9A-Za-z_]*([.,][0-9][0-9A-Za-z_]*)*")]
    Money,
    #[regex(r"[€$£][ \t]*[0-9][0-9A-Za-z_]*([.,][0-9][0-9A-Za-z_]*)*")]
    #[regex(r"[0-9][0-9_]*([.][0-9][0-9_]*)?[ \t]*[€$£]")]
    Symbol,
    #[regex(r"[0-9][0-9]?[0-9]?[0-9]?-[0-9][0-9]?-[0-9][0-9]?[0-9]?[0-9]?")]
    #[regex(r"[0-9][0-9]?[0-9]?[0-9]?/[0-9][0-9]?/[0-9][0-9]?[0-9]?[0-9]?")]
    Date,
    #[regex(r"[0-9][0-9][0-9][0-9]-[0-9][0-9]?-[0-9][0-9]?[Tt][0-9][0-9A-Za-z:.]*([+\-][0-9:]*)?")]
    Instant,
    #[regex(r"[0-9]+:[0-9]+\.\.[0-9]+:[0-9]+")]
    Times,
    #[regex(r"[A-Za-z]+\.\.[A-Za-z]+")]
    Days,
    #[regex(r"[A-Z][A-Za-z_]+(/[A-Z][A-Za-z0-9_+\-]*)+")]
    Zone,
    #[regex(r"@[A-Za-z0-9_]+(-[A-Za-z0-9_]+)*")]
    Handle,
    #[regex(r"sha256:[0-9A-Za-z]+(\.\.\.)?")]
    Hash,
    #[regex(r#""([^"\\\n]|\\[^\n])*""#)]
    Text,
    #[regex(r#""([^"\\\n]|\\[^\n])*\\?"#)]
    OpenText,
    #[regex(r"`[^`\n]*")]
    OpenQuote,
    #[token("{")]
    LBrace,
    #[token("}")]
    RBrace,
    #[token("(")]
    LParen,
    #[token(")")]
    RParen,
    #[token(",")]
    Comma,
    #[token(".")]
    Dot,
    #[token("=")]
    Eq,
    #[token("!=")]
    Ne,
    #[token("<")]
    Lt,
    #[token("<=")]
    Le,
    #[token(">")]
    Gt,
    #[token(">=")]
    Ge,
    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
}

/// The tokens and comments of a text, in order.
#[derive(Debug, Default)]
pub struct Lexed {
    /// Without comments and blanks.
    pub tokens: Vec<Token>,
    /// Every comment.
    pub comments: Vec<Comment>,
    /// For every comment the index of the token that follows it.
    pub before: Vec<usize>,
    /// What is wrong with single tokens.
    pub errors: Vec<SyntaxError>,
}

/// Cuts a text into tokens.
pub fn lex(text: &str) -> Lexed {
    let mut out = Lexed::default();
    report_invisible(text, &mut out.errors);
    let start = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 };
    let mut last_bad = usize::MAX;
    let mut shapes = Shape::lexer(text);
    shapes.bump(start);
    while let Some(shape) = shapes.next() {
        let range = shapes.span();
        let span = Span::new(range.start as u32, range.end as u32);
        let slice = shapes.slice();
        let Ok(shape) = shape else {
            // One report for a run of characters that belong nowhere.
            if last_bad != range.start && !parted_label(text, slice, span, &mut out) {
                report_bad(slice, span, &mut out.errors);
            }
            last_bad = range.end;
            continue;
        };
        if shape == Shape::Comment {
            out.before.push(out.tokens.len());
            out.comments.push(comment(text, slice, span));
            continue;
        }
        let (kind, wrong) = classify(shape, slice, out.tokens.last().map(|token| token.kind));
        if let Some(kind) = wrong {
            out.errors.push(SyntaxError::new(kind, span));
        }
        if shape == Shape::Text {
            report_escapes(slice, span.start, &mut out.errors);
        }
        if let Some(kind) = kind {
            out.tokens.push(Token { kind, span });
        }
    }
    out
}

const BYTE_ORDER_MARK: char = '\u{feff}';

fn comment(text: &str, slice: &str, span: Span) -> Comment {
    let written = slice.trim_end();
    let line_start =
        text.get(..span.start as usize).map_or("", |before| before.rsplit('\n').next().unwrap_or_default());
    Comment {
        span: Span::new(span.start, span.start + written.len() as u32),
        text: written.to_owned(),
        own_line: line_start.trim_start_matches(BYTE_ORDER_MARK).trim().is_empty(),
        doc: written.starts_with("///") && !written.starts_with("////"),
    }
}

/// The kind of a lexeme (none: not a token at all), and what is wrong with it.
fn classify(shape: Shape, slice: &str, previous: Option<Kind>) -> (Option<Kind>, Option<ErrorKind>) {
    let date = |kind: Kind, why: Option<BadDate>| (kind, why.map(|why| ErrorKind::BadDate { why }));
    let (kind, wrong) = match shape {
        Shape::Comment => return (None, None),
        Shape::Word if slice.contains('-') => (Kind::Reason, None),
        Shape::Word => (word(slice, previous), None),
        Shape::Quoted => (Kind::Id, None),
        Shape::Label => (Kind::Label, None),
        Shape::Number => number::classify(slice),
        Shape::Money => (Kind::Money, money(slice)),
        Shape::Symbol => (Kind::Money, Some(symbol(slice))),
        Shape::Date => date(Kind::Date, number::date(slice).err()),
        Shape::Instant => date(Kind::Instant, number::instant(slice).err()),
        Shape::Times => date(Kind::Times, number::time_range(slice).err()),
        Shape::Days => (Kind::Days, None),
        Shape::Zone => (Kind::Zone, None),
        Shape::Handle => (Kind::Handle, None),
        Shape::Hash => (Kind::Hash, None),
        Shape::Text => (Kind::Str, None),
        Shape::OpenText => (Kind::Str, Some(ErrorKind::Unterminated { quote: '"' })),
        Shape::OpenQuote => (Kind::Id, Some(ErrorKind::Unterminated { quote: '`' })),
        Shape::LBrace => (Kind::LBrace, None),
        Shape::RBrace => (Kind::RBrace, None),
        Shape::LParen => (Kind::LParen, None),
        Shape::RParen => (Kind::RParen, None),
        Shape::Comma => (Kind::Comma, None),
        Shape::Dot => (Kind::Dot, None),
        Shape::Eq => (Kind::Eq, None),
        Shape::Ne => (Kind::Ne, None),
        Shape::Lt => (Kind::Lt, None),
        Shape::Le => (Kind::Le, None),
        Shape::Gt => (Kind::Gt, None),
        Shape::Ge => (Kind::Ge, None),
        Shape::Plus => (Kind::Plus, None),
        Shape::Minus => (Kind::Minus, None),
    };
    (Some(kind), wrong)
}

/// A word's kind. `term` opens a header, except where only the window of that name can stand.
fn word(slice: &str, previous: Option<Kind>) -> Kind {
    match Kind::of_word(slice) {
        Some(Kind::Term) if matches!(previous, Some(Kind::Per | Kind::Each)) => Kind::Id,
        Some(kind) => kind,
        None => Kind::Id,
    }
}

/// What is wrong with the number of `EUR 1,000.00`.
fn money(slice: &str) -> Option<ErrorKind> {
    let (currency, written) = slice.split_at(slice.find(|c: char| !c.is_ascii_uppercase())?);
    let amount = written.trim_start();
    if written.len() == amount.len() {
        let suggestion = number::decimal(amount).map(|_| format!("{currency} {amount}"));
        return Some(ErrorKind::BadNumber { why: BadNumber::Suffix, suggestion });
    }
    if number::decimal(amount).is_some() {
        return None;
    }
    let (why, suggestion) = number::misspelling(amount);
    Some(ErrorKind::BadNumber { why, suggestion: suggestion.map(|amount| format!("{currency} {amount}")) })
}

/// `€0.10`, `5 $`: the amount with the code that the sign probably stands for.
fn symbol(slice: &str) -> ErrorKind {
    const SIGNS: [char; 3] = ['€', '$', '£'];
    let code = match slice.chars().find(|c| SIGNS.contains(c)) {
        Some('€') => "EUR",
        Some('£') => "GBP",
        _ => "USD",
    };
    let amount = slice.trim_matches(|c: char| SIGNS.contains(&c) || c.is_whitespace());
    let suggestion = number::decimal(amount).map(|_| format!("{code} {amount}"));
    ErrorKind::BadNumber { why: BadNumber::Symbol, suggestion }
}

/// `fee : charge ...`: a label whose colon stands apart.
fn parted_label(text: &str, slice: &str, span: Span, out: &mut Lexed) -> bool {
    let Some(name) = out.tokens.last_mut().filter(|token| slice == ":" && token.kind == Kind::Id) else {
        return false;
    };
    let between = text.get(name.span.end as usize..span.start as usize).unwrap_or_default();
    if between.contains('\n') {
        return false;
    }
    name.kind = Kind::Label;
    let found = text.get(name.span.range()).map(str::to_owned);
    let error = SyntaxError::new(ErrorKind::MissingLabel { found }, name.span.to(span));
    out.errors.push(error);
    true
}

fn report_bad(slice: &str, span: Span, errors: &mut Vec<SyntaxError>) {
    let found = slice.chars().next().unwrap_or(' ');
    if !is_invisible(found) {
        let end = span.start + found.len_utf8() as u32;
        errors.push(SyntaxError::new(
            ErrorKind::BadCharacter { found, invisible: false },
            Span::new(span.start, end),
        ));
    }
}

/// Reports `\x` and other escapes that do not exist, inside the quotes of a text that begins at `start`.
fn report_escapes(slice: &str, start: u32, errors: &mut Vec<SyntaxError>) {
    if !slice.contains('\\') {
        return;
    }
    let inner = slice.get(1..slice.len().saturating_sub(1)).unwrap_or_default();
    unescape(inner, |at, length, found| {
        let start = start + 1 + at as u32;
        let span = Span::new(start, start + length as u32);
        errors.push(SyntaxError::new(ErrorKind::BadEscape { found }, span));
    });
}

/// Resolves `\"`, `\\`, `\n`, `\t` and `\u{1F600}`. What is no escape is reported with its place and kept as written.
pub fn unescape(inner: &str, mut report: impl FnMut(usize, usize, char)) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        out.push_str(rest.get(..at).unwrap_or_default());
        let escape = rest.get(at..).unwrap_or_default();
        let place = inner.len() - escape.len();
        let found = escape.chars().nth(1);
        let (resolved, length) = match found {
            Some('"') => (Some('"'), 2),
            Some('\\') => (Some('\\'), 2),
            Some('n') => (Some('\n'), 2),
            Some('t') => (Some('\t'), 2),
            Some('u') => code_point(escape),
            Some(other) => (None, 1 + other.len_utf8()),
            None => (None, 1),
        };
        match resolved {
            Some(resolved) => out.push(resolved),
            None => {
                report(place, length, found.unwrap_or(' '));
                out.push_str(escape.get(..length).unwrap_or_default());
            }
        }
        rest = escape.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The character of `\u{...}` at the beginning of `escape`, and how many bytes it takes.
fn code_point(escape: &str) -> (Option<char>, usize) {
    let Some(hex) = escape.strip_prefix("\\u{") else { return (None, 2) };
    let Some((hex, _)) =
        hex.split_once('}').filter(|(hex, _)| (1..=6).contains(&hex.len()) && hex.is_ascii())
    else {
        return (None, 2);
    };
    let resolved =
        u32::from_str_radix(hex, 16).ok().and_then(char::from_u32).filter(|found| !is_invisible(*found));
    (resolved, hex.len() + 4)
}

/// Characters that a reader cannot see or that change the order in which a line is shown: nowhere in a file, not even
/// in texts and comments, for what a person reads must be what the compiler reads.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{a0}' | '\u{ad}' | '\u{34f}' | '\u{61c}'
        | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2000}'..='\u{200f}'
        | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}' | '\u{3000}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// One report for each run of invisible characters. A carriage return belongs before a line feed only.
fn report_invisible(text: &str, errors: &mut Vec<SyntaxError>) {
    let mut run: Option<(char, usize, usize)> = None;
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let tolerated = c == '\r' && characters.peek().is_some_and(|(_, next)| *next == '\n')
            || at == 0 && c == BYTE_ORDER_MARK;
        if is_invisible(c) && !tolerated {
            let end = at + c.len_utf8();
            run = match run {
                Some((first, start, until)) if until == at => Some((first, start, end)),
                previous => {
                    errors.extend(previous.map(invisible));
                    Some((c, at, end))
                }
            };
        }
    }
    errors.extend(run.map(invisible));
}

fn invisible((found, start, end): (char, usize, usize)) -> SyntaxError {
    SyntaxError::new(ErrorKind::BadCharacter { found, invisible: true }, Span::new(start as u32, end as u32))
}

/// Whether a number of this kind, found where a whole number is expected, is one with a point between its groups.
pub fn grouped_by_points(slice: &str) -> Option<ErrorKind> {
    let groups: Vec<&str> = slice.split('.').collect();
    let fits = groups.len() == 2 && groups.iter().skip(1).all(|group| group.len() == 3);
    fits.then(|| ErrorKind::BadNumber { why: BadNumber::Grouping, suggestion: Some(groups.join("_")) })
}
