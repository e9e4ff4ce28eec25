//! Lists, words and quoted texts: the layer below the text form of a core (`spec/core-text.md`).

use std::fmt;

use super::error::CoreErrorKind;

/// Longest text that is read, in bytes.
pub const MAX_TEXT: usize = 4 << 20;
/// Deepest nesting of lists: conditions with what they stand in.
const MAX_LISTS: usize = 80;

/// Why a text is not a core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1, in characters.
    pub column: u32,
    /// What is wrong there.
    pub kind: ParseErrorKind,
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// Longer than [`MAX_TEXT`].
    TooLong,
    /// Lists nest too deep.
    Depth,
    /// A `(` without its `)`.
    Unclosed,
    /// A `"` without its partner.
    UnclosedText,
    /// An escape that is none of `\"`, `\\`, `\n`, `\r`, `\t`, `\u{..}`.
    Escape,
    /// A character that has no place outside quotes, or a `)` without its `(`.
    Character(char),
    /// Something else belongs here.
    Expected(&'static str),
    /// Nothing more belongs here.
    Unexpected,
    /// A name that is not declared.
    Unknown {
        /// What it should name.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Said twice.
    Twice(String),
    /// Not said.
    Missing(&'static str),
    /// Read, but a broken invariant.
    Invalid(CoreErrorKind),
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.kind)
    }
}

impl fmt::Display for ParseErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "the text is longer than {MAX_TEXT} bytes"),
            Self::Depth => write!(f, "lists nest deeper than {MAX_LISTS}"),
            Self::Unclosed => write!(f, "this `(` has no `)`"),
            Self::UnclosedText => write!(f, "this `\"` has no partner"),
            Self::Escape => write!(f, "escapes are \\\" \\\\ \\n \\r \\t \\u{{..}}"),
            Self::Character(it) => write!(f, "{it:?} has no place here"),
            Self::Expected(what) => write!(f, "expected {what}"),
            Self::Unexpected => write!(f, "nothing more belongs here"),
            Self::Unknown { what, name } => write!(f, "no {what} is called `{name}`"),
            Self::Twice(name) => write!(f, "`{name}` is said twice"),
            Self::Missing(what) => write!(f, "{what} is missing"),
            Self::Invalid(kind) => write!(f, "{kind}"),
        }
    }
}

impl std::error::Error for ParseError {}

/// A finding at a byte offset, before lines are counted.
pub(super) struct Finding {
    pub at: usize,
    pub kind: ParseErrorKind,
}

impl Finding {
    pub fn new(at: usize, kind: ParseErrorKind) -> Self {
        Finding { at, kind }
    }

    /// Counts lines and columns.
    pub fn place(self, text: &str) -> ParseError {
        let before = text.get(..self.at).unwrap_or(text);
        let line = before.matches('\n').count() as u32 + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        ParseError { line, column: before[start..].chars().count() as u32 + 1, kind: self.kind }
    }
}

pub(super) type Found<T> = Result<T, Finding>;

/// A word, a quoted text or a list, and where it begins.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub at: usize,
    pub kind: NodeKind<'a>,
}

#[derive(Debug)]
pub(super) enum NodeKind<'a> {
    Word(&'a str),
    Text(String),
    List(Vec<Node<'a>>),
}

/// Whether a character may stand in a word.
fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-./:<=>+#".contains(c)
}

/// Reads exactly one list. No recursion: open lists wait on a stack of bounded height.
pub(super) fn read(text: &str) -> Found<Node<'_>> {
    if text.len() > MAX_TEXT {
        return Err(Finding::new(0, ParseErrorKind::TooLong));
    }
    let mut open: Vec<(usize, Vec<Node<'_>>)> = Vec::new();
    let mut whole = None;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let start = at;
        let node = match c {
            ';' => {
                at = text[at..].find('\n').map_or(text.len(), |end| at + end);
                continue;
            }
            c if c.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            _ if whole.is_some() => return Err(Finding::new(at, ParseErrorKind::Unexpected)),
            '(' => {
                if open.len() == MAX_LISTS {
                    return Err(Finding::new(at, ParseErrorKind::Depth));
                }
                open.push((at, Vec::new()));
                at += 1;
                continue;
            }
            ')' => {
                at += 1;
                match open.pop() {
                    Some((at, items)) => Node { at, kind: NodeKind::List(items) },
                    None => return Err(Finding::new(start, ParseErrorKind::Character(')'))),
                }
            }
            '"' => {
                let (content, end) = quoted(text, at)?;
                at = end;
                Node { at: start, kind: NodeKind::Text(content) }
            }
            c if in_word(c) => {
                at = text[at..].find(|c| !in_word(c)).map_or(text.len(), |end| at + end);
                Node { at: start, kind: NodeKind::Word(&text[start..at]) }
            }
            c => return Err(Finding::new(at, ParseErrorKind::Character(c))),
        };
        match (open.last_mut(), &node.kind) {
            (Some((_, items)), _) => items.push(node),
            (None, NodeKind::List(_)) => whole = Some(node),
            (None, _) => return Err(Finding::new(start, ParseErrorKind::Expected("`(`"))),
        }
    }
    if let Some((at, _)) = open.pop() {
        return Err(Finding::new(at, ParseErrorKind::Unclosed));
    }
    whole.ok_or(Finding::new(text.len(), ParseErrorKind::Expected("`(`")))
}

/// The content of the quoted text that begins at `start`, and where it ends.
fn quoted(text: &str, start: usize) -> Found<(String, usize)> {
    let mut content = String::new();
    let mut chars = text[start + 1..].char_indices();
    while let Some((i, c)) = chars.next() {
        let at = start + 1 + i;
        let escape = Finding::new(at, ParseErrorKind::Escape);
        match c {
            '"' => return Ok((content, at + 1)),
            '\\' => match chars.next().map(|(_, c)| c) {
                Some(c @ ('"' | '\\')) => content.push(c),
                Some('n') => content.push('\n'),
                Some('r') => content.push('\r'),
                Some('t') => content.push('\t'),
                Some('u') => {
                    let digits = text[at + 2..].strip_prefix('{').and_then(|rest| rest.split_once('}'));
                    let digits =
                        digits.map(|(digits, _)| digits).filter(|digits| (1..=6).contains(&digits.len()));
                    let digits = digits.filter(|digits| digits.bytes().all(|c| c.is_ascii_hexdigit()));
                    let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
                    let (Some(c), Some(digits)) = (code.and_then(char::from_u32), digits) else {
                        return Err(escape);
                    };
                    content.push(c);
                    for _ in 0..digits.len() + 2 {
                        chars.next();
                    }
                }
                _ => return Err(escape),
            },
            c => content.push(c),
        }
    }
    Err(Finding::new(start, ParseErrorKind::UnclosedText))
}

/// A name as a word where it can be, else quoted.
pub(super) struct Name<'a>(pub &'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.0.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-');
        if plain && self.0.starts_with(|c: char| c.is_ascii_alphabetic()) {
            f.write_str(self.0)
        } else {
            Quoted(self.0).fmt(f)
        }
    }
}

/// A text in quotes, on one line and without characters that do not show.
pub(super) struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                c if hidden(c) => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                c => write!(f, "{c}")?,
            }
        }
        f.write_str("\"")
    }
}

/// Controls, and marks that turn or hide text: a reader must see what a core says.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
