//! Judging what a test expects, and telling why it failed.

use crate::decision::{Decision, calculation, due_words, reason_words};
use crate::figures::{decimal, money};
use licit_compiler::core::Ratio;
use licit_compiler::{Code, Diagnostic, Edit, Fix, Label, Safety, TestCase, TestExpect, TestStep};
use licit_grammar::Span;
use licit_ledger::money::{Fraction, compare};
use licit_vm::{Reason, ReasonCode};

/// What is wrong, if the outcome is not as expected.
pub fn judge(test: &TestCase, seen: &Decision<'_>, expected: &TestExpect, span: Span) -> Option<Diagnostic> {
    let failure = match expected {
        TestExpect::Permit => (!seen.permitted).then(|| Failure::new("permit", outcome_words(seen))),
        TestExpect::Deny { reason, subject, by } => deny(seen, *reason, subject.as_deref(), by.as_deref()),
        TestExpect::Charge(amount) => charge(seen, *amount),
        TestExpect::Due(amount) => due(seen, *amount),
        TestExpect::Must(clause) => must(seen, clause),
    }?;
    Some(failure.diagnostic(test, seen, span))
}

/// The step cannot be asked at all.
pub fn unaskable(test: &TestCase, step: &TestStep, why: &str) -> Diagnostic {
    let label = Label { path: None, span: step.ask_span, message: why.to_owned() };
    Diagnostic {
        code: Code::E0902,
        message: format!("\"{}\"", test.name),
        primary: label,
        secondary: Vec::new(),
        notes: Vec::new(),
        help: Vec::new(),
        fixes: Vec::new(),
    }
}

struct Failure {
    expected: String,
    got: String,
    /// What to write instead of what was expected, and how that is called.
    instead: Option<(String, String)>,
}

impl Failure {
    fn new(expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self { expected: expected.into(), got: got.into(), instead: None }
    }

    fn diagnostic(self, test: &TestCase, seen: &Decision<'_>, span: Span) -> Diagnostic {
        let fixes = self.instead.map(|(text, message)| Fix {
            safety: Safety::Ask,
            message,
            edits: vec![Edit { span, text }],
        });
        Diagnostic {
            code: Code::E0902,
            message: format!("\"{}\"", test.name),
            primary: Label {
                path: None,
                span,
                message: format!("expected {}, got {}", self.expected, self.got),
            },
            secondary: Vec::new(),
            notes: vec![why(seen)],
            help: Vec::new(),
            fixes: fixes.into_iter().collect(),
        }
    }
}

/// The outcome in two or three words.
fn outcome_words(seen: &Decision<'_>) -> String {
    if seen.permitted {
        return "permit".to_owned();
    }
    let reasons: Vec<String> = seen.reasons.iter().map(|reason| reason_name(seen, *reason)).collect();
    format!("deny {}", reasons.join(", "))
}

/// `needing headcount`, `forbidden by no_arms`
fn reason_name(seen: &Decision<'_>, reason: Reason) -> String {
    let name = reason.code.name();
    match reason.about(seen.manifest) {
        None => name.to_owned(),
        Some(about) if matches!(reason.code, ReasonCode::Forbidden | ReasonCode::Suspended) => {
            format!("{name} by {about}")
        }
        Some(about) => format!("{name} {about}"),
    }
}

/// Line by line, how the charge comes about, or every reason of a denial.
fn why(seen: &Decision<'_>) -> String {
    let rows: Vec<(String, String)> = if seen.permitted {
        seen.lines.iter().filter_map(|line| calculation(seen, *line)).collect()
    } else {
        seen.reasons
            .iter()
            .map(|reason| (reason.code.name().to_owned(), reason_words(seen, *reason)))
            .collect()
    };
    if rows.is_empty() {
        return "it is permitted, and nothing is charged".to_owned();
    }
    let width = rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    let rows: Vec<String> = rows.iter().map(|(label, text)| format!("{label:<width$}  {text}")).collect();
    rows.join("\n")
}

fn deny(seen: &Decision<'_>, reason: Option<&str>, about: Option<&str>, by: Option<&str>) -> Option<Failure> {
    let mut expected = "deny".to_owned();
    for (before, word) in [("", reason), ("", about), ("by ", by)] {
        if let Some(word) = word {
            expected.push_str(&format!(" {before}{word}"));
        }
    }
    let named = |found: &&Reason| {
        reason.is_none_or(|reason| found.code.name() == reason)
            && about.is_none_or(|about| is_about(seen, **found, about))
    };
    let holds = !seen.permitted
        && seen.reasons.iter().any(|found| named(&found))
        && by.is_none_or(|by| seen.reasons.iter().any(|found| is_by(seen, *found, by)));
    (!holds).then(|| Failure::new(expected, outcome_words(seen)))
}

/// Whether a reason is about what a test names: its canonical subject, any unlisted term for `unlisted`, a unit by its
/// plural, a guard.
fn is_about(seen: &Decision<'_>, reason: Reason, about: &str) -> bool {
    let Some(subject) = reason.about(seen.manifest) else { return false };
    let unit = |name: &str| seen.names.unit(name, |_| false).0.to_owned();
    subject == about
        || (reason.code == ReasonCode::Needing && about == "unlisted" && subject.starts_with("unlisted-"))
        || subject.replace('-', "_") == about
        || (matches!(reason.code, ReasonCode::Range | ReasonCode::Unpriced) && unit(about) == subject)
        || (reason.code == ReasonCode::Range && subject == "?" && seen.asked.quantity(about) > 0)
}

/// Whether a reason is by what a test names: a clause, or the guard that left no permit.
fn is_by(seen: &Decision<'_>, reason: Reason, by: &str) -> bool {
    reason.clause().and_then(|clause| seen.manifest.label(clause)) == Some(by)
        || (reason.code == ReasonCode::NotPermitted && reason.about(seen.manifest) == Some(by))
}

fn currency<'a>(seen: &Decision<'a>) -> &'a str {
    seen.manifest.money.as_ref().map_or("", |money| money.currency.as_str())
}

/// An amount with at least two decimals, as prices are written.
fn written(currency: &str, amount: Ratio) -> String {
    match decimal(amount.num, amount.den, 2, true) {
        Some(number) => format!("{currency} {number}"),
        None => money(currency, amount.num, amount.den, 0),
    }
}

fn charge(seen: &Decision<'_>, expected: Ratio) -> Option<Failure> {
    let currency = currency(seen);
    let wanted = written(currency, expected);
    if !seen.permitted {
        return Some(Failure::new(wanted, outcome_words(seen)));
    }
    let amount = Fraction {
        numerator: seen.amount().unwrap_or(u128::MAX),
        denominator: u128::from(seen.manifest.grain),
    };
    let same = compare(amount, Fraction { numerator: expected.num, denominator: expected.den }).is_eq();
    (!same).then(|| {
        let got = written(currency, Ratio { num: amount.numerator, den: amount.denominator });
        Failure { expected: wanted, instead: Some((format!("charge {got}"), got.clone())), got }
    })
}

fn due(seen: &Decision<'_>, expected: Ratio) -> Option<Failure> {
    let wanted = written(currency(seen), expected);
    let (Some(due), Some(money)) = (seen.due, &seen.manifest.money) else {
        return Some(Failure::new(wanted, outcome_words(seen)));
    };
    let got = Fraction { numerator: due.saturating_mul(money.minor_num), denominator: money.minor_den };
    let same = compare(got, Fraction { numerator: expected.num, denominator: expected.den }).is_eq();
    (!same).then(|| {
        let got = due_words(seen.manifest, due);
        Failure { expected: wanted, instead: Some((format!("due {got}"), got.clone())), got }
    })
}

fn must(seen: &Decision<'_>, clause: &str) -> Option<Failure> {
    let expected = format!("must {clause}");
    if !seen.permitted {
        return Some(Failure::new(expected, outcome_words(seen)));
    }
    let label = |duty: u16| {
        let info = seen.manifest.duties.get(usize::from(duty))?;
        seen.manifest.label(info.clause)
    };
    let owed: Vec<&str> = seen.duties.iter().filter_map(|duty| label(duty.duty)).collect();
    if owed.contains(&clause) {
        return None;
    }
    let got = if owed.is_empty() { "no duty".to_owned() } else { format!("must {}", owed.join(", must ")) };
    Some(Failure::new(expected, got))
}
