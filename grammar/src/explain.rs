//! Why a piece does not parse, in the user's terms; and the piece as it was meant, where that is certain.
//!
//! A guess is never shown: a repair is offered only after the repaired tokens have been parsed.

use crate::error::{BadDate, BadNumber, ErrorKind, Related, SyntaxError};
use crate::layout::{is_clause, is_name};
use crate::lexer;
use crate::make::{Parsed, Source};
use crate::parser::{self, Stop};
use crate::span::Span;
use crate::token::{Kind, Standing, Token};

/// What is wrong with a piece.
#[derive(Debug)]
pub struct Finding {
    /// The mistakes: one, or several of the same kind.
    pub errors: Vec<SyntaxError>,
    /// The piece as it was meant.
    pub repaired: Option<Parsed>,
}

impl Finding {
    pub(crate) fn one(error: SyntaxError, repaired: Option<Parsed>) -> Self {
        Self { errors: vec![error], repaired }
    }
}

/// How many reserved words in one piece are read as names before it is given up.
const MAX_RESERVED: usize = 8;

/// Explains why `piece`, which ends with an END (or is an ask), stopped the parser.
pub fn explain(mode: Kind, source: &Source<'_>, piece: &[Token], stop: &Stop) -> Finding {
    missing_label(mode, source, piece)
        .or_else(|| number_or_date(source, piece, stop))
        .or_else(|| selector_order(mode, source, piece, stop))
        .or_else(|| reserved_words(mode, source, piece, stop))
        .or_else(|| crate::repair::foreign(mode, source, piece, stop))
        .or_else(|| crate::repair::slip(mode, source, piece, stop))
        .unwrap_or_else(|| Finding::one(unexpected(source, piece, stop), None))
}

/// The plain report: what was found, and what could have stood there.
pub fn unexpected(source: &Source<'_>, piece: &[Token], stop: &Stop) -> SyntaxError {
    let written = piece.get(stop.at).filter(|token| token.kind != Kind::End);
    let span = match written {
        Some(token) => token.span,
        None => piece
            .iter()
            .take(stop.at)
            .rfind(|token| token.span.end > token.span.start)
            .map_or_else(Span::default, |token| token.span),
    };
    let found = written.map(|token| shortened(source.slice(token.span.start, token.span.end)));
    let mut error = SyntaxError::new(ErrorKind::Unexpected { found }, span);
    error.expected = words(&stop.expected);
    error
}

/// Long tokens are cut: nobody reads a message of a megabyte.
fn shortened(text: &str) -> String {
    const KEPT: usize = 60;
    match text.char_indices().nth(KEPT) {
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// What users call the kinds. Where any name can stand, the soft words are not listed one by one.
fn words(expected: &[Kind]) -> Vec<&'static str> {
    let name = expected.contains(&Kind::Id);
    let listed = |kind: &&Kind| !name || matches!(kind.standing(), None | Some(Standing::Reserved));
    let mut out = Vec::new();
    if name {
        out.push(Kind::Id.described());
    }
    for kind in expected.iter().filter(listed) {
        let word = kind.described();
        if !word.is_empty() && *kind != Kind::End && !out.contains(&word) {
            out.push(word);
        }
    }
    if expected.contains(&Kind::End) {
        out.push(Kind::End.described());
    }
    out
}

/// `permit train` without a label, or `study permit train` without the colon.
fn missing_label(mode: Kind, source: &Source<'_>, piece: &[Token]) -> Option<Finding> {
    if mode != Kind::ModeItem {
        return None;
    }
    let (first, second) = (piece.first()?, piece.get(1)?);
    let mut meant = piece.to_vec();
    let (span, found) = if is_clause(first.kind) {
        let start = Span::new(first.span.start, first.span.start);
        meant.insert(0, Token { kind: Kind::Label, span: start });
        (first.span, None)
    } else if is_name(first.kind) && (is_clause(second.kind) || second.kind == Kind::Free) {
        meant.first_mut()?.kind = Kind::Label;
        (first.span, Some(source.slice(first.span.start, first.span.end).to_owned()))
    } else {
        return None;
    };
    let mut error = SyntaxError::new(ErrorKind::MissingLabel { found }, span);
    error.expected.push(Kind::Label.described());
    Some(Finding::one(error, parser::run(mode, source, &meant).ok()))
}

/// A number that the parser could not take because it is spelt as another kind of number.
fn number_or_date(source: &Source<'_>, piece: &[Token], stop: &Stop) -> Option<Finding> {
    let found = piece.get(stop.at)?;
    let before = stop.at.checked_sub(1).and_then(|at| piece.get(at));
    let next = piece.get(stop.at + 1);
    let number = |token: &Token| matches!(token.kind, Kind::Int | Kind::Dec | Kind::Pct | Kind::Money);
    let expects = |kind: Kind| stop.expected.contains(&kind);
    let (kind, span) = match (before, found.kind, next) {
        (_, Kind::Dec, _) if expects(Kind::Int) => {
            (lexer::grouped_by_points(source.slice(found.span.start, found.span.end))?, found.span)
        }
        (_, Kind::Minus, Some(next)) if number(next) && !expects(Kind::Minus) => {
            // No suggestion: without its sign it would mean something else.
            (ErrorKind::BadNumber { why: BadNumber::Negative, suggestion: None }, found.span.to(next.span))
        }
        (Some(before), Kind::Dot, _) if before.kind == Kind::Int => {
            let suggestion = source.slice(before.span.start, before.span.end).to_owned();
            (
                ErrorKind::BadNumber { why: BadNumber::Point, suggestion: Some(suggestion) },
                before.span.to(found.span),
            )
        }
        (Some(before), Kind::Time, _) if before.kind == Kind::Date => {
            (ErrorKind::BadDate { why: BadDate::Spelling }, before.span.to(found.span))
        }
        (_, Kind::Int | Kind::Dec, Some(next)) if expects(Kind::Money) && next.kind == Kind::Id => {
            let amount = source.slice(found.span.start, found.span.end);
            let currency = source.slice(next.span.start, next.span.end);
            if currency.len() < 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
                return None;
            }
            let suggestion = Some(format!("{currency} {amount}"));
            (ErrorKind::BadNumber { why: BadNumber::Suffix, suggestion }, found.span.to(next.span))
        }
        _ => return None,
    };
    Some(Finding::one(SyntaxError::new(kind, span), None))
}

/// Words that the language keeps for itself where a name is wanted, if the piece is right once they are names.
fn reserved_words(mode: Kind, source: &Source<'_>, piece: &[Token], stop: &Stop) -> Option<Finding> {
    let mut meant = piece.to_vec();
    let mut errors = Vec::new();
    let (mut at, mut wants_name) = (stop.at, stop.expected.contains(&Kind::Id));
    while errors.len() < MAX_RESERVED {
        let token = meant.get_mut(at)?;
        // Soft words are names in most places, not in all: a condition reads them as words.
        if token.kind.standing().is_none() || !wants_name {
            return None;
        }
        let word = source.slice(token.span.start, token.span.end).to_owned();
        token.kind = Kind::Id;
        errors.push(SyntaxError::new(ErrorKind::ReservedWord { word }, token.span));
        match parser::run(mode, source, &meant) {
            Ok(repaired) => return Some(Finding { errors, repaired: Some(repaired) }),
            Err(stop) => (at, wants_name) = (stop.at, stop.expected.contains(&Kind::Id)),
        }
    }
    None
}

/// One selector: its word and all that belongs to it.
struct Piece {
    rank: usize,
    from: usize,
    to: usize,
}

const SELECTORS: [(Kind, &str); 4] =
    [(Kind::For, "for"), (Kind::In, "in"), (Kind::By, "by"), (Kind::When, "when")];

fn rank(kind: Kind) -> Option<usize> {
    SELECTORS.iter().position(|(selector, _)| *selector == kind)
}

/// `permit train when small for product`: selectors in the wrong order.
fn selector_order(mode: Kind, source: &Source<'_>, tokens: &[Token], stop: &Stop) -> Option<Finding> {
    rank(tokens.get(stop.at)?.kind)?;
    let from = first_selector(tokens, stop.at)?;
    let pieces = selector_pieces(tokens, from, stop.at);
    let last = pieces.last()?;
    let early = pieces
        .iter()
        .position(|piece| pieces.iter().any(|later| later.from > piece.from && later.rank < piece.rank))?;
    let mut sorted: Vec<&Piece> = pieces.iter().collect();
    sorted.sort_by_key(|piece| piece.rank);

    let mut meant = tokens.get(..from)?.to_vec();
    for piece in &sorted {
        meant.extend_from_slice(tokens.get(piece.from..piece.to)?);
    }
    meant.extend_from_slice(tokens.get(last.to..)?);
    let repaired = parser::run(mode, source, &meant).ok();

    let early = pieces.get(early)?;
    let span = |from: usize, to: usize| Some(tokens.get(from)?.span.to(tokens.get(to.checked_sub(1)?)?.span));
    // Up to the selectors from the word that opens the clause; inside a block from the selectors on.
    let in_block = tokens.get(..from)?.iter().any(|token| token.kind == Kind::LBrace);
    let clause = if in_block { from } else { usize::from(tokens.first()?.kind == Kind::Label) };
    let whole = span(clause, last.to)?;
    let corrected = repaired.is_some().then(|| {
        let text = |from: usize, to: usize| {
            let written = span(from, to).filter(|_| from < to);
            written.map_or("", |span| source.slice(span.start, span.end))
        };
        let mut parts = vec![text(clause, from)];
        parts.extend(sorted.iter().map(|piece| text(piece.from, piece.to)));
        parts.retain(|part| !part.is_empty());
        parts.join(" ")
    });
    let (_, word) = SELECTORS.get(early.rank)?;
    let mut error =
        SyntaxError::new(ErrorKind::SelectorOrder { early: word, corrected }, span(early.from, early.to)?);
    error.related.push((error.span, Related::Early));
    let mut previous_end = None;
    for later in pieces.iter().filter(|piece| piece.from > early.from && piece.rank < early.rank) {
        let place = span(later.from, later.to)?;
        match error.related.last_mut() {
            // Neighbours are one place.
            Some((joined, Related::MustPrecede)) if previous_end == Some(later.from) => {
                *joined = joined.to(place);
            }
            _ => error.related.push((place, Related::MustPrecede)),
        }
        previous_end = Some(later.to);
    }
    error.related.push((whole, Related::Whole));
    Some(Finding::one(error, repaired))
}

/// The first selector of the run of selectors that `at` stands in.
fn first_selector(tokens: &[Token], at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut first = None;
    for index in (0..at).rev() {
        let token = tokens.get(index)?;
        let before = index.checked_sub(1).and_then(|index| tokens.get(index)).map(|token| token.kind);
        match token.kind {
            Kind::RBrace | Kind::RParen => depth += 1,
            Kind::LBrace | Kind::LParen if depth == 0 => break,
            Kind::LBrace | Kind::LParen => depth -= 1,
            _ if depth > 0 => {}
            Kind::Except | Kind::Label | Kind::Free => break,
            // `derivatives by`, `prorated by`: not selectors.
            Kind::By if matches!(before, Some(Kind::Derivatives | Kind::Prorated | Kind::Charge)) => break,
            kind if rank(kind).is_some() => first = Some(index),
            _ => {}
        }
    }
    first
}

/// Cuts the run of selectors that begins at `from`; `in` after `when` belongs to the condition, except at `stop`.
fn selector_pieces(tokens: &[Token], from: usize, stop: usize) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut depth = 0_usize;
    let mut end = from;
    for (index, token) in tokens.iter().enumerate().skip(from) {
        let next = tokens.get(index + 1).map(|token| token.kind);
        let in_condition =
            pieces.last().is_some_and(|piece| SELECTORS.get(piece.rank).is_some_and(|s| s.0 == Kind::When));
        match token.kind {
            Kind::LBrace | Kind::LParen if in_condition || depth > 0 => depth += 1,
            Kind::RBrace | Kind::RParen if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            Kind::Except | Kind::End | Kind::Per | Kind::LBrace | Kind::RBrace | Kind::RParen => break,
            Kind::Free | Kind::At if !in_condition => break,
            Kind::Comma if matches!(next, Some(Kind::Else)) => break,
            kind => {
                if let Some(rank) = rank(kind).filter(|_| kind != Kind::In || !in_condition || index == stop)
                {
                    if let Some(piece) = pieces.last_mut() {
                        piece.to = index;
                    }
                    pieces.push(Piece { rank, from: index, to: index });
                }
            }
        }
        end = index + 1;
    }
    if let Some(piece) = pieces.last_mut() {
        piece.to = end;
    }
    pieces
}
