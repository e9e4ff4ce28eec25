//! Syntax errors as data: what is wrong, where, what was expected. Rendering and codes are the compiler's.

use crate::span::Span;

/// One mistake in a text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SyntaxError {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Where.
    pub span: Span,
    /// Other places that explain it, with their part in it.
    pub related: Vec<(Span, Related)>,
    /// What could stand there, in the user's words, most useful first; empty where that says nothing.
    pub expected: Vec<&'static str>,
}

impl SyntaxError {
    /// An error without further places.
    pub fn new(kind: ErrorKind, span: Span) -> Self {
        Self { kind, span, related: Vec::new(), expected: Vec::new() }
    }
}

/// What is wrong. The comment names the code that the compiler gives it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// E0101: something else was expected. At the end of an item or of the file the span is that of the last token
    /// before it, after which something is missing.
    Unexpected {
        /// The offending token as written; none at the end of an item or of the file.
        found: Option<String>,
    },
    /// E0101: a clause begins (`permit ...`) but its label (`name:`) is missing.
    MissingLabel {
        /// The name that stands there without its colon.
        found: Option<String>,
    },
    /// E0101: the keyword is spelt otherwise: `licence` for `license`.
    Misspelt {
        /// As written.
        found: String,
        /// As it should be.
        should_be: &'static str,
    },
    /// E0101: written as another language writes it, twice, or in the wrong order: `if` for `when`, `==` for `=`.
    Instead {
        /// As written.
        found: String,
        /// As it should be; the piece is right then.
        should_be: String,
    },
    /// E0101: one word or sign is missing, and nothing else could make the piece right.
    Missing {
        /// What must stand before the span.
        what: String,
    },
    /// E0101: written twice where once is meant: `, at least EUR 1, at least EUR 2`.
    Twice {
        /// What was repeated.
        what: &'static str,
    },
    /// E0102: a `{` or `(` without its partner; the span is the opening one, or the closing one if that is alone.
    Unclosed {
        /// `{`, `(`, `}` or `)`.
        delimiter: char,
    },
    /// E0104: a selector stands in the wrong place; `related` has the pieces that must move.
    SelectorOrder {
        /// The word that came too early: `when`, `by` or `in`.
        early: &'static str,
        /// The clause with its selectors in order, to replace `related`'s `Whole`.
        corrected: Option<String>,
    },
    /// E0105: a number that is not written as numbers are.
    BadNumber {
        /// Why.
        why: BadNumber,
        /// How it is written, where that is certain.
        suggestion: Option<String>,
    },
    /// E0106: a date or time that does not exist or is not written as dates are.
    BadDate {
        /// Why.
        why: BadDate,
    },
    /// E0108: a reserved word where a name is expected; in back-quotes it would be one.
    ReservedWord {
        /// The word.
        word: String,
    },
    /// E0109: an edition that this compiler does not know, or none at all.
    UnknownEdition {
        /// As written; none where the line is missing.
        found: Option<String>,
    },
    /// E0101: a character that no word begins with, or one that cannot be seen (also in texts and comments).
    BadCharacter {
        /// The character.
        found: char,
        /// Whether it is invisible or changes the direction of writing.
        invisible: bool,
    },
    /// E0101: a text without its closing quote, or a back-quote without its partner.
    Unterminated {
        /// `"` or a back-quote.
        quote: char,
    },
    /// E0101: `\` and a character that is no escape.
    BadEscape {
        /// What follows the backslash.
        found: char,
    },
    /// E0101: nested deeper than [`crate::MAX_DEPTH`].
    TooDeep,
    /// E0101: a text too long to be a source file.
    TooLong,
    /// A note: there are more errors than are kept; this is the last of the list.
    TooManyErrors,
}

/// Why a number is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BadNumber {
    /// `1,000` or `1.000.000`: groups are written with `_`.
    Grouping,
    /// `50k`, `3M`; also `EUR3.00`, `3.00 EUR` and `70 %`: letters or signs are not where they belong
    Suffix,
    /// `1__0`, `1_`
    Underscore,
    /// `1.` or `.5`
    Point,
    /// `€5`: currencies have codes of letters
    Symbol,
    /// More digits than fit in 128 bits.
    TooLarge,
    /// `-5`: there are no negative numbers.
    Negative,
}

/// Why a date or time is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BadDate {
    /// 2026-02-30
    NoSuchDay,
    /// 2026-13-01
    NoSuchMonth,
    /// 25:00
    NoSuchTime,
    /// 31.12.2026, 2026-1-5: written otherwise than `2026-01-05`
    Spelling,
}

/// The part that another place plays in an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Related {
    /// The opening brace or parenthesis.
    OpenedHere,
    /// The block seems to end before this.
    EndsBefore,
    /// The selector that came too early, whole.
    Early,
    /// Selectors that must stand before it.
    MustPrecede,
    /// All that `corrected` replaces.
    Whole,
    /// The first of two.
    First,
}
