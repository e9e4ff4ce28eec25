//! What an evaluation answers, the order of reasons (end of section 7) and the canonical text (section 12).

use std::fmt::Write as _;

use num_bigint::BigUint;

/// The codes of reasons, with the numbers of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names of the page")]
pub enum Code {
    Range = 1,
    Revoked = 2,
    Ended = 4,
    NotYet = 5,
    Expired = 6,
    Lapsed = 7,
    NotHolder = 8,
    Suspended = 9,
    Forbidden = 10,
    NotPermitted = 11,
    Needing = 12,
    Over = 13,
    Unpriced = 15,
    AmbiguousPrice = 16,
    Credit = 17,
}

impl Code {
    /// The name that stands in the text of a reason.
    pub fn name(self) -> &'static str {
        match self {
            Code::Range => "range",
            Code::Revoked => "revoked",
            Code::Ended => "ended",
            Code::NotYet => "not-yet",
            Code::Expired => "expired",
            Code::Lapsed => "lapsed",
            Code::NotHolder => "not-holder",
            Code::Suspended => "suspended",
            Code::Forbidden => "forbidden",
            Code::NotPermitted => "not-permitted",
            Code::Needing => "needing",
            Code::Over => "over",
            Code::Unpriced => "unpriced",
            Code::AmbiguousPrice => "ambiguous-price",
            Code::Credit => "credit",
        }
    }
}

/// Why a use is denied. Reasons are ordered by code, then by number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// What kind of reason it is.
    pub code: Code,
    /// The clause number, slot, guard or unit that it is about.
    pub number: u32,
    /// The same as a word: label, unit, slot, guard, `*` or `?`; empty for reasons about the whole licence.
    pub what: String,
}

/// The exact amount of one price that applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The charge.
    pub label: String,
    /// The case of the charge, from 0.
    pub case: usize,
    /// In units of 1/g of the currency.
    pub amount: BigUint,
}

/// A duty that this use brings about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The duty.
    pub label: String,
    /// Microseconds since 1970-01-01T00:00Z.
    pub at: i128,
}

/// What this use adds to a counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    /// The counter's number.
    pub counter: usize,
    /// The index of the window of the use.
    pub window: i128,
    /// The quantity.
    pub quantity: BigUint,
}

/// The answer to a request; permitted if and only if there is no reason.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Permitted only by the grace after the last paid period.
    pub grace: bool,
    /// All reasons, in order; none if the use is permitted.
    pub reasons: Vec<Reason>,
    /// The lines of a permitted use, by label.
    pub lines: Vec<Line>,
    /// The duties of a permitted use, by label.
    pub duties: Vec<Due>,
    /// What a permitted use adds to counters, by counter.
    pub deltas: Vec<Delta>,
}

impl Outcome {
    /// Whether the use is permitted.
    pub fn permitted(&self) -> bool {
        self.reasons.is_empty()
    }

    /// The sum of the lines, in units of 1/g of the currency.
    pub fn total(&self) -> BigUint {
        self.lines.iter().map(|line| &line.amount).sum()
    }

    /// Section 12: the canonical text.
    pub fn text(&self) -> String {
        let mut text = String::from(if self.permitted() { "permit\n" } else { "deny\n" });
        if self.permitted() && self.grace {
            text.push_str("grace\n");
        }
        for Reason { code, what, .. } in &self.reasons {
            let colon = if what.is_empty() { "" } else { ":" };
            _ = writeln!(text, "reason {}{colon}{what}", code.name());
        }
        for Line { label, case, amount } in &self.lines {
            _ = writeln!(text, "line {label} {case} {amount}");
        }
        for Due { label, at } in &self.duties {
            _ = writeln!(text, "duty {label} {at}");
        }
        for Delta { counter, window, quantity } in &self.deltas {
            _ = writeln!(text, "delta {counter} {window} {quantity}");
        }
        text
    }
}
