//! The grammar's typed errors as findings, and what else they silence.
//!
//! One report per cause: where the text could not be read, nothing that was concluded from the repaired tree counts.

use licit_grammar::ast::{self, DeclKind};
use licit_grammar::error::{BadDate, BadNumber, ErrorKind, Related, SyntaxError};
use licit_grammar::{MAX_DEPTH, Span};

use crate::diagnostic::{Code, Diagnostic, Edit, Safety};

/// The finding of a syntax error.
pub(crate) fn finding(error: &SyntaxError, text: &str) -> Diagnostic {
    let place = error.span;
    let related =
        |wanted: Related| error.related.iter().find(|(_, part)| *part == wanted).map(|(span, _)| *span);
    let found = match &error.kind {
        ErrorKind::Unexpected { found } => unexpected(error, found.as_deref()),
        ErrorKind::MissingLabel { .. } => Diagnostic::new(Code::E0101, place, "this clause has no label")
            .label("a clause begins here")
            .help("every clause has a name of its own, as `fee: charge ...`: receipts and tests refer to it"),
        ErrorKind::Misspelt { found, should_be } => {
            let edit = Edit { span: place, text: (*should_be).to_owned() };
            Diagnostic::new(Code::E0101, place, format!("the word is spelt `{should_be}`"))
                .label("not a word of the language")
                .fix(Safety::Safe, format!("replace `{found}` with `{should_be}`"), vec![edit])
        }
        ErrorKind::Instead { found, should_be } => {
            // Whoever writes `and` may have meant both at once; the order of words may have been another.
            let certain = should_be != "," && !should_be.contains(' ');
            let safety = if certain { Safety::Safe } else { Safety::Ask };
            let edit = Edit { span: place, text: should_be.clone() };
            Diagnostic::new(Code::E0101, place, format!("`{found}` is not how this is written"))
                .label(format!("`{should_be}` is meant"))
                .fix(safety, format!("replace `{found}` with `{should_be}`"), vec![edit])
        }
        ErrorKind::Missing { what } => {
            let edit = Edit { span: Span::new(place.end, place.end), text: after(what) };
            Diagnostic::new(Code::E0101, place, format!("`{what}` is missing after this"))
                .label(format!("`{what}` must follow"))
                .fix(Safety::Ask, format!("add `{what}`"), vec![edit])
        }
        ErrorKind::Twice { what } => {
            let out =
                Diagnostic::new(Code::E0101, place, format!("{what} stands twice")).label("and again here");
            match related(Related::First) {
                Some(first) => out.also(first, "first here"),
                None => out,
            }
        }
        ErrorKind::Unclosed { delimiter } => unclosed(*delimiter, place, related(Related::EndsBefore)),
        ErrorKind::SelectorOrder { early, corrected } => {
            let out = Diagnostic::new(
                Code::E0104,
                related(Related::Early).unwrap_or(place),
                if *early == "when" {
                    "`when` must come last".to_owned()
                } else {
                    format!("`{early}` stands too early")
                },
            )
            .label(if *early == "when" {
                "a condition runs to the end of its clause"
            } else {
                "this comes too early"
            });
            let out = match related(Related::MustPrecede) {
                Some(span) => out.also(span, "so these must stand before it"),
                None => out,
            };
            let out = out.help("the order is: for purposes, in places, by people, when condition");
            match (corrected, related(Related::Whole)) {
                (Some(corrected), Some(whole)) => {
                    let edit = Edit { span: whole, text: corrected.clone() };
                    out.fix(Safety::Safe, corrected.clone(), vec![edit])
                }
                _ => out,
            }
        }
        ErrorKind::BadNumber { why, suggestion } => bad_number(place, *why, suggestion.as_deref(), text),
        ErrorKind::BadDate { why } => bad_date(place, *why),
        ErrorKind::ReservedWord { word } => {
            let edit = Edit { span: place, text: format!("`{word}`") };
            Diagnostic::new(Code::E0108, place, format!("`{word}` is a word of the language, not a name"))
                .label("a name is expected here")
                .help("in back-quotes it is a name like any other")
                .fix(Safety::Safe, format!("put `{word}` in back-quotes"), vec![edit])
        }
        ErrorKind::UnknownEdition { found: None } => {
            let edit = Edit { span: Span::new(0, 0), text: "licit 2026\n".to_owned() };
            Diagnostic::new(Code::E0109, place, "a file begins with its edition")
                .label("no edition here")
                .fix(Safety::Safe, "write `licit 2026` on the first line", vec![edit])
        }
        ErrorKind::UnknownEdition { found: Some(found) } => {
            Diagnostic::new(Code::E0109, place, format!("this compiler does not know the edition {found}"))
                .label("unknown edition")
                .help("it knows `licit 2026`; a later edition needs a later compiler")
        }
        ErrorKind::BadCharacter { found, invisible } => bad_character(place, *found, *invisible),
        ErrorKind::Unterminated { quote } => {
            Diagnostic::new(Code::E0101, place, format!("this {} never ends", quoted(*quote)))
                .label("begins here")
                .help(format!("add a {quote} before the end of the line"))
        }
        ErrorKind::BadEscape { found } => {
            Diagnostic::new(Code::E0101, place, format!("`\\{}` means nothing", found.escape_debug()))
                .label("not an escape")
                .help("a text knows `\\\\`, `\\\"` and `\\n`")
        }
        ErrorKind::TooDeep => {
            Diagnostic::new(Code::E0101, place, format!("this nests deeper than {MAX_DEPTH} levels"))
                .label("one level too many")
                .help("name the inner parts with `define`")
        }
        ErrorKind::TooLong => Diagnostic::new(Code::E0112, place, "this is too long to be a source file")
            .label("not read any further"),
        ErrorKind::TooManyErrors => {
            Diagnostic::new(Code::E0101, place, "more mistakes follow than are shown")
                .label("only the first ones are listed")
                .help("mend those above first")
        }
    };
    if error.expected.is_empty() || matches!(error.kind, ErrorKind::Unexpected { .. }) {
        return found;
    }
    found.note(format!("expected: {}", listed(&error.expected)))
}

fn unexpected(error: &SyntaxError, found: Option<&str>) -> Diagnostic {
    const SHOWN: usize = 40;
    let what = match found {
        None => "something is missing after this".to_owned(),
        Some(text) if text.chars().count() > SHOWN => "this was not expected here".to_owned(),
        Some(text) => format!("`{text}` was not expected here"),
    };
    let label = match error.expected.as_slice() {
        [] => "cannot stand here".to_owned(),
        expected => format!("expected {}", listed(expected)),
    };
    let mut out = Diagnostic::new(Code::E0101, error.span, what).label(label);
    for (span, part) in &error.related {
        out = out.also(
            *span,
            match part {
                Related::OpenedHere => "opened here",
                Related::EndsBefore => "before this",
                Related::First => "first here",
                Related::Early | Related::MustPrecede | Related::Whole => "here",
            },
        );
    }
    out
}

/// The most useful few of what could stand somewhere.
fn listed(expected: &[&str]) -> String {
    const SHOWN: usize = 6;
    match expected {
        [] => String::new(),
        [one] => (*one).to_owned(),
        _ if expected.len() > SHOWN => format!("{} or something else", expected[..SHOWN].join(", ")),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn unclosed(delimiter: char, place: Span, before: Option<Span>) -> Diagnostic {
    let partner = match delimiter {
        '{' => '}',
        '(' => ')',
        '}' => '{',
        _ => '(',
    };
    if matches!(delimiter, '}' | ')') {
        return Diagnostic::new(Code::E0102, place, format!("this `{delimiter}` closes nothing"))
            .label(format!("no `{partner}` before it"))
            .help("remove it, or open what it should close");
    }
    let out = Diagnostic::new(Code::E0102, place, format!("this `{delimiter}` is never closed"))
        .label("opened here")
        .help(format!("add the missing `{partner}`"));
    match before {
        Some(span) => out.also(span, "it seems to end before this"),
        None => out,
    }
}

fn bad_number(place: Span, why: BadNumber, suggestion: Option<&str>, text: &str) -> Diagnostic {
    // A minus in front of an amount of money is a slip of its own.
    let before = text.get(..place.start as usize).unwrap_or_default().trim_end();
    let word: String = before.chars().rev().take_while(char::is_ascii_uppercase).collect();
    let itself = text.get(place.range()).unwrap_or_default().trim_start_matches(['-', ' ']);
    let money = word.len() >= 3 || itself.chars().take_while(char::is_ascii_uppercase).count() >= 3;
    if why == BadNumber::Negative && money {
        return Diagnostic::new(Code::E0401, place, "a price cannot be negative")
            .label("below zero")
            .help("who is paid stands in `split`; a rebate is a lower price");
    }
    let (message, help) = match why {
        BadNumber::Symbol => ("a currency is written as its code", "write `EUR 0.10`"),
        BadNumber::Suffix if money_first(itself) => {
            ("a blank stands between currency and amount", "write `EUR 0.10`")
        }
        BadNumber::Suffix if suggestion.is_some_and(money_first) => {
            ("the currency stands before the amount", "write `EUR 0.10`")
        }
        BadNumber::Grouping => {
            ("digits are grouped with `_`", "write `1_000_000`, and a point only before decimals")
        }
        BadNumber::Suffix => ("numbers are written out", "write `50_000` for `50k`"),
        BadNumber::Underscore => ("a `_` stands between two digits", "write `1_000`"),
        BadNumber::Point => ("a point stands between two digits", "write `0.5`, or `1`"),
        BadNumber::TooLarge => ("this number is too large", "numbers go up to 2^127 - 1, about 170 x 10^36"),
        BadNumber::Negative => ("there are no negative numbers", "say it the other way round"),
    };
    let out = Diagnostic::new(Code::E0105, place, message).label("not a number as this language writes it");
    match suggestion {
        Some(text) => {
            let edit = Edit { span: place, text: text.to_owned() };
            // A sign can be that of several currencies.
            let safety = if why == BadNumber::Symbol { Safety::Ask } else { Safety::Safe };
            out.fix(safety, format!("write `{text}`"), vec![edit])
        }
        None => out.help(help),
    }
}

/// Whether a text begins with the code of a currency.
fn money_first(text: &str) -> bool {
    text.chars().take_while(char::is_ascii_uppercase).count() >= 3
}

/// What is added behind a word: a sign that closes up to it stands without a blank.
fn after(what: &str) -> String {
    let space = if matches!(what, "," | ")" | "." | ":") { "" } else { " " };
    format!("{space}{what}")
}

fn bad_date(place: Span, why: BadDate) -> Diagnostic {
    let (message, help) = match why {
        BadDate::NoSuchDay => ("there is no such day", "check the length of the month"),
        BadDate::NoSuchMonth => {
            ("there is no such month", "dates are written year-month-day, as `2026-01-31`")
        }
        BadDate::NoSuchTime => ("there is no such time of day", "a day runs from `00:00` to `23:59`"),
        BadDate::Spelling => {
            ("this is not how dates are written", "write `2026-01-31`, or `2026-01-31T12:00Z`")
        }
    };
    Diagnostic::new(Code::E0106, place, message).label("not a date").help(help)
}

fn bad_character(place: Span, found: char, invisible: bool) -> Diagnostic {
    if invisible {
        return Diagnostic::new(
            Code::E0101,
            place,
            format!("an invisible character hides here (U+{:04X})", found as u32),
        )
        .label("nothing is to be seen")
        .help("remove it: a reader and a machine must see the same text")
        .fix(Safety::Safe, "remove it", vec![Edit { span: place, text: String::new() }]);
    }
    Diagnostic::new(Code::E0101, place, format!("no word begins with `{found}`"))
        .label("unknown character")
        .help("texts stand in \" \", handles begin with @, comments with //")
}

fn quoted(quote: char) -> &'static str {
    if quote == '"' { "text" } else { "name in back-quotes" }
}

/// The smallest pieces of the tree in which something could not be read: what was concluded from them is no news.
pub(crate) fn unreadable(file: &ast::File, errors: &[SyntaxError]) -> Vec<Span> {
    let mut out = Vec::new();
    for decl in &file.decls {
        let inside: Vec<Span> =
            errors.iter().map(|error| error.span).filter(|span| touches(*span, decl.span)).collect();
        if inside.is_empty() {
            continue;
        }
        let pieces: Vec<Span> = match &decl.kind {
            DeclKind::License(it) => it.items.iter().map(|item| item.span).collect(),
            DeclKind::Template(it) => it.items.iter().map(|item| item.span).collect(),
            DeclKind::Vocabulary(it) => it.sections.iter().map(|section| section.span).collect(),
            DeclKind::Test(it) => it.steps.iter().map(|step| step.span).collect(),
            _ => Vec::new(),
        };
        for error in inside {
            let piece = pieces.iter().find(|piece| touches(error, **piece));
            // Outside every piece it is the head that is broken.
            let head = pieces.first().map_or(decl.span, |first| Span::new(decl.span.start, first.start));
            out.push(piece.copied().unwrap_or(head));
        }
    }
    out
}

/// The stretches between declarations in which something could not be read: what stands there may have declared names.
pub(crate) fn strays(file: &ast::File, errors: &[SyntaxError], end: u32) -> Vec<Span> {
    let whole =
        || file.decls.iter().filter(|decl| !matches!(decl.kind, DeclKind::Error)).map(|decl| decl.span);
    let outside = errors.iter().filter(|error| !whole().any(|decl| within(error.span, decl)));
    outside
        .map(|error| {
            let before = whole().map(|decl| decl.end).filter(|end| *end <= error.span.start).max();
            let after = whole().map(|decl| decl.start).filter(|start| *start >= error.span.end).min();
            Span::new(before.unwrap_or(0), after.unwrap_or(end))
        })
        .collect()
}

/// Whether a finding rests on text that could not be read.
pub(crate) fn rests_on(finding: &Diagnostic, unreadable: &[Span]) -> bool {
    let own =
        std::iter::once(&finding.primary).chain(&finding.secondary).filter(|label| label.path.is_none());
    own.map(|label| label.span).any(|span| unreadable.iter().any(|piece| within(span, *piece)))
}

fn touches(error: Span, piece: Span) -> bool {
    error.start <= piece.end && error.end >= piece.start
}

fn within(span: Span, piece: Span) -> bool {
    span.start >= piece.start && span.end <= piece.end
}
