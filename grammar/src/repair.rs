//! Mends of a single place, each tried before it is told: the piece is right once it is done.

use crate::error::{ErrorKind, SyntaxError};
use crate::explain::Finding;
use crate::make::{Parsed, Source};
use crate::parser::{self, Stop};
use crate::span::Span;
use crate::token::{Kind, Token};

/// A longer piece is not tried again and again.
const LONGEST: usize = 2048;

/// What other languages call it, where that word cannot stand.
pub fn foreign(mode: Kind, source: &Source<'_>, piece: &[Token], stop: &Stop) -> Option<Finding> {
    let found = piece.get(stop.at)?;
    let kind_at = |at: usize| piece.get(at).map(|token| token.kind);
    let next = kind_at(stop.at + 1);
    let before = stop.at.checked_sub(1).and_then(|at| piece.get(at));
    let expects = |kind: Kind| stop.expected.contains(&kind);
    let closes_up = before.is_some_and(|before| before.span.end == found.span.start);
    let (from, to, kinds): (usize, usize, &[Kind]) = match (before.map(|it| it.kind), found.kind) {
        (Some(Kind::Eq), Kind::Eq) if closes_up => (stop.at - 1, stop.at + 1, &[Kind::Eq]),
        (Some(Kind::Eq), Kind::Gt) if closes_up => (stop.at - 1, stop.at + 1, &[Kind::Ge]),
        (Some(Kind::Eq), Kind::Lt) if closes_up => (stop.at - 1, stop.at + 1, &[Kind::Le]),
        (Some(Kind::Lt), Kind::Gt) if closes_up => (stop.at - 1, stop.at + 1, &[Kind::Ne]),
        (Some(Kind::Is), Kind::Not) => (stop.at - 1, stop.at + 1, &[Kind::Ne]),
        (Some(Kind::Is), _) => (stop.at - 1, stop.at, &[Kind::Eq]),
        // What was expected does not tell: the parser may have closed the list before it stopped.
        (_, Kind::And | Kind::Or) => (stop.at, stop.at + 1, &[Kind::Comma]),
        (_, Kind::Id) => match source.slice(found.span.start, found.span.end) {
            "if" | "where" | "provided" if expects(Kind::When) => (stop.at, stop.at + 1, &[Kind::When]),
            "unless" if expects(Kind::Except) => {
                let selects = matches!(next, Some(Kind::For | Kind::In | Kind::By | Kind::When));
                (stop.at, stop.at + 1, if selects { &[Kind::Except] } else { &[Kind::Except, Kind::When] })
            }
            _ => return None,
        },
        _ => return None,
    };
    let (meant, repaired) = exchanged(mode, source, piece, from..to, kinds)?;
    Some(Finding::one(instead(source, piece, from..to, meant)?, Some(repaired)))
}

/// A slip of the pen: a token twice, two tokens in the wrong order, one left out.
pub fn slip(mode: Kind, source: &Source<'_>, piece: &[Token], stop: &Stop) -> Option<Finding> {
    if piece.len() > LONGEST {
        return None;
    }
    let text = |at: usize| {
        let written = piece.get(at).map(|token| source.slice(token.span.start, token.span.end));
        written.filter(|text| !text.is_empty())
    };
    // A pair of tokens of which the second or the first is where the parser stopped.
    for first in [stop.at.checked_sub(1), Some(stop.at)].into_iter().flatten() {
        let (Some(a), Some(b)) = (text(first), text(first + 1)) else { continue };
        let mut meant = piece.to_vec();
        if a == b {
            meant.remove(first);
        } else if first > 0 {
            meant.swap(first, first + 1);
        } else {
            continue;
        }
        if let Ok(repaired) = parser::run(mode, source, &meant) {
            // A tree of swapped tokens would have places that run backwards.
            let (should_be, repaired) =
                if a == b { (a.to_owned(), Some(repaired)) } else { (format!("{b} {a}"), None) };
            return Some(Finding::one(instead(source, piece, first..first + 2, should_be)?, repaired));
        }
    }
    missing(mode, source, piece, stop)
}

/// One word or sign left out, if only one of those that were expected makes the piece right.
fn missing(mode: Kind, source: &Source<'_>, piece: &[Token], stop: &Stop) -> Option<Finding> {
    let place = stop.at.checked_sub(1).and_then(|at| piece.get(at))?.span;
    let here = Span::new(place.end, place.end);
    let is_name = |at: usize| piece.get(at).is_some_and(|token| token.kind == Kind::Id);
    let two_names = is_name(stop.at) && stop.at.checked_sub(1).is_some_and(is_name);
    // Where a name is missing, a word that can be one says nothing.
    if stop.expected.contains(&Kind::Id) {
        return None;
    }
    let mut found: Option<(String, Parsed)> = None;
    // Nobody forgets `except`, but it could stand before nearly every name.
    for kind in stop.expected.iter().filter(|kind| **kind != Kind::Except) {
        let Some(what) = kind.described().strip_prefix('`').and_then(|it| it.strip_suffix('`')) else {
            continue;
        };
        let mut meant = piece.to_vec();
        meant.insert(stop.at, Token { kind: *kind, span: here });
        if let Ok(repaired) = parser::run(mode, source, &meant) {
            if found.is_some() {
                return None;
            }
            // Of two names it may as well be the first that is wrong.
            if two_names && *kind != Kind::Comma {
                return None;
            }
            found = Some((what.to_owned(), repaired));
        }
    }
    let (what, repaired) = found?;
    let mut error = SyntaxError::new(ErrorKind::Missing { what }, place);
    error.expected.clear();
    Some(Finding::one(error, Some(repaired)))
}

/// The words of `kinds`, and the piece with them for a part of it, if it is right then.
fn exchanged(
    mode: Kind,
    source: &Source<'_>,
    piece: &[Token],
    part: std::ops::Range<usize>,
    kinds: &[Kind],
) -> Option<(String, Parsed)> {
    if piece.len() > LONGEST {
        return None;
    }
    let span = piece.get(part.start)?.span;
    let mut meant = piece.to_vec();
    meant.splice(part, kinds.iter().map(|kind| Token { kind: *kind, span }));
    let words: Vec<&str> = kinds.iter().map(|kind| kind.described().trim_matches('`')).collect();
    Some((words.join(" "), parser::run(mode, source, &meant).ok()?))
}

fn instead(
    source: &Source<'_>,
    piece: &[Token],
    part: std::ops::Range<usize>,
    should_be: String,
) -> Option<SyntaxError> {
    // A comment or a long text between the two would be lost in the mend, or make the report unreadable.
    const LONGEST_SHOWN: usize = 60;
    let span = piece.get(part.start)?.span.to(piece.get(part.end.checked_sub(1)?)?.span);
    let found = source.slice(span.start, span.end);
    if found.contains('\n') || found.len() > LONGEST_SHOWN {
        return None;
    }
    let found = found.to_owned();
    Some(SyntaxError::new(ErrorKind::Instead { found, should_be }, span))
}
