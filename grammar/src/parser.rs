//! Runs the generated parser over a row of tokens. The only file that names lalrpop_util.

use lalrpop_util::ParseError;

use crate::make::{Parsed, Source};
use crate::token::{Kind, OTHERS, Token, WORDS};

#[allow(
    clippy::all,
    clippy::pedantic,
    missing_docs,
    unused_qualifications,
    clippy::allow_attributes_without_reason,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "generated from license.lalrpop"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/license.rs"));
}

/// Where a parser stopped, and what it could have gone on with.
#[derive(Debug)]
pub struct Stop {
    /// The index of the token it could not take; the number of tokens at their end.
    pub at: usize,
    /// What it could have taken, in the order of the grammar's `extern` block.
    pub expected: Vec<Kind>,
}

/// Parses tokens as what `mode` says (`Kind::ModeFile`, ...).
pub fn run(mode: Kind, source: &Source<'_>, tokens: &[Token]) -> Result<Parsed, Stop> {
    let mut taken = 0_usize;
    let first = tokens.first().map_or(0, |token| token.span.start);
    let rest = tokens.iter().map(|token| (token.span.start, token.kind, token.span.end));
    let feed = std::iter::once((first, mode, first)).chain(rest).inspect(|_| taken += 1);
    let outcome = generated::StartParser::new().parse(source, feed);
    outcome.map_err(|error| {
        let (at, expected) = match error {
            // The mode is a token, too.
            ParseError::UnrecognizedToken { expected, .. } => (taken.saturating_sub(2), expected),
            ParseError::UnrecognizedEof { expected, .. } => (tokens.len(), expected),
            ParseError::ExtraToken { .. } | ParseError::InvalidToken { .. } | ParseError::User { .. } => {
                (taken.saturating_sub(2), Vec::new())
            }
        };
        Stop { at, expected: expected.iter().filter_map(|name| kind_of(name)).collect() }
    })
}

/// The kind that lalrpop calls `"permit"`, quotes included.
fn kind_of(name: &str) -> Option<Kind> {
    let name = name.strip_prefix('"')?.strip_suffix('"')?;
    let shape = || OTHERS.iter().find(|(shape, ..)| *shape == name).map(|(_, kind, _)| *kind);
    WORDS.iter().find(|(word, ..)| *word == name).map(|(_, kind, _)| *kind).or_else(shape)
}
