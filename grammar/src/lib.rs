//! The Licit language's tokens, grammar, syntax tree and formatter.
//!
//! `parse(text)` gives the tree, the comments and the mistakes of a file; `parse_ask(text)` reads one ask in the words of
//! a test; `format(text)` lays a file out; `grammar_page()` is the grammar to read.
//!
//! Reading order, which is the way of the data:
//! `token` (every word and sign, once), `lexer` (text to tokens and comments; `number` knows how numbers and dates are
//! spelt), `layout` (where items end), `license.lalrpop` (the surface) with `make` (its actions) and `parser` (runs it),
//! `recover` (what to do where it stops) with `explain` (why it stopped), `docs` (`///` to their declarations); then
//! `ast`, `span` and `error`, which is what the others see, and `format`.
//!
//! *Invariant:* no function fails, panics or recurses deeper than [`MAX_DEPTH`]; time and memory are linear in the text.
//! *Invariant:* one mistake is one report, and spoils no more than the item, section or line of a test it stands in.
//! *Invariant:* spans are byte offsets on character boundaries inside the text; the tree's equality ignores them.
//! *Invariant:* this crate knows nothing of names, types, units or money, of files, colours or error codes.
//! *Invariant:* only `lexer` names logos, only `parser` and the build script name lalrpop.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "tests"
    )
)]

pub mod ast;
mod docs;
pub mod error;
mod explain;
mod format;
mod layout;
mod lexer;
mod make;
mod number;
mod page;
mod parser;
mod recover;
mod repair;
pub mod span;
#[cfg(test)]
mod tests;
mod token;

pub use error::{BadDate, BadNumber, ErrorKind, Related, SyntaxError};
pub use format::format;
pub use page::grammar_page;
pub use span::{Span, Spanned};

/// How deep parentheses, braces and `not` may nest; deeper is an error.
pub const MAX_DEPTH: usize = 64;

/// The longest text that is read, in bytes.
pub const MAX_LENGTH: usize = 4 << 20;

/// How many errors of one text are kept.
pub const MAX_ERRORS: usize = 100;

/// What became of a text. Not comparable on purpose: the tree's equality ignores spans (see [`Spanned`]).
#[derive(Clone, Debug)]
pub struct Parse {
    /// The tree; whole where `errors` is empty.
    pub file: ast::File,
    /// Every comment in order, the `///` ones included.
    pub comments: Vec<Comment>,
    /// Every mistake, in the order of the text.
    pub errors: Vec<SyntaxError>,
}

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// From its first slash to the end of its line, the line break excluded.
    pub span: Span,
    /// As written, slashes included, blanks at the end removed.
    pub text: String,
    /// Whether nothing but blanks stands before it on its line.
    pub own_line: bool,
    /// Whether it documents (`///`, not `////`).
    pub doc: bool,
}

/// Why a text was not formatted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormatError {
    /// It has mistakes; the layout of what is wrong is nobody's business.
    Syntax(Vec<SyntaxError>),
    /// The formatted text would have meant something else or lost a comment: a bug in the formatter, caught.
    Unfaithful,
}

/// Reads a file. Never fails, never panics.
pub fn parse(text: &str) -> Parse {
    if text.len() > MAX_LENGTH {
        let error = SyntaxError::new(ErrorKind::TooLong, Span::new(0, 0));
        return Parse { file: ast::File::default(), comments: Vec::new(), errors: vec![error] };
    }
    let lexed = lexer::lex(text);
    let (mut file, errors) = recover::file(text, &lexed);
    docs::attach(&mut file, &lexed);
    Parse { file, comments: lexed.comments, errors: in_order(errors) }
}

/// Reads a single ask, in the words of a test's `when` line.
pub fn parse_ask(text: &str) -> (Option<ast::Ask>, Vec<SyntaxError>) {
    if text.len() > MAX_LENGTH {
        return (None, vec![SyntaxError::new(ErrorKind::TooLong, Span::new(0, 0))]);
    }
    let lexed = lexer::lex(text);
    let (ask, errors) = recover::ask(text, &lexed);
    (ask, in_order(errors))
}

/// Sorts errors by place and keeps the first [`MAX_ERRORS`], with a note if there were more.
fn in_order(mut errors: Vec<SyntaxError>) -> Vec<SyntaxError> {
    let all = errors.len();
    errors.retain(|error| error.kind != ErrorKind::TooManyErrors);
    let more = errors.len() < all || errors.len() > MAX_ERRORS;
    errors.sort_by_key(|error| (error.span.start, error.span.end));
    errors.truncate(MAX_ERRORS);
    if more {
        let last = errors.last().map_or(Span::default(), |error| error.span);
        errors.push(SyntaxError::new(ErrorKind::TooManyErrors, last));
    }
    errors
}
