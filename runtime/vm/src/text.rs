//! The canonical text of an outcome, by which implementations are compared (`spec/core.md` section 12).

use crate::outcome::{EVERYTHING, Outcome, Reason, ReasonCode, UNIT_BASE};
use crate::policy::Policy;
use alloc::string::String;
use core::fmt::Write;
use licit_bytecode::Manifest;

impl Policy {
    /// The canonical text of an outcome.
    pub fn text(&self, outcome: &Outcome) -> String {
        let mut out = String::from(if outcome.permitted { "permit\n" } else { "deny\n" });
        if outcome.grace {
            out.push_str("grace\n");
        }
        for reason in &outcome.reasons {
            out.push_str("reason ");
            out.push_str(reason.code.name());
            if let Some(what) = reason.about(&self.manifest) {
                out.push(':');
                out.push_str(what);
            }
            out.push('\n');
        }
        let label = |clause: Option<u32>| clause.and_then(|c| self.manifest.label(c)).unwrap_or("?");
        for l in &outcome.lines {
            let clause = self.charges.get(usize::from(l.charge)).copied();
            let _ = writeln!(out, "line {} {} {}", label(clause), l.case, l.amount);
        }
        for d in &outcome.duties {
            let clause = self.duties.get(usize::from(d.duty)).map(|d| d.clause);
            let _ = writeln!(out, "duty {} {}", label(clause), d.due);
        }
        for d in &outcome.deltas {
            let _ = writeln!(out, "delta {} {} {}", d.counter, d.window, d.add);
        }
        out
    }
}

impl Reason {
    /// What it is about, as the canonical text names it: a label, a unit, a slot, a guard or `*`; none for reasons that
    /// stand alone.
    pub fn about(self, manifest: &Manifest) -> Option<&str> {
        match self.code {
            _ if self.stands_alone() => None,
            ReasonCode::NotPermitted => Some(match self.number {
                1 => "party",
                2 => "action",
                3 => "purpose",
                4 => "place",
                5 => "time",
                _ => "other",
            }),
            ReasonCode::Needing => Some(slot_name(manifest, self.number)),
            ReasonCode::Range if self.number == EVERYTHING => Some("*"),
            _ => match self.number.checked_sub(UNIT_BASE) {
                Some(unit) => Some(manifest.units.get(unit as usize).map_or("?", |u| u.name.as_str())),
                None => Some(manifest.label(self.number).unwrap_or("?")),
            },
        }
    }

    /// The number of the clause behind it; none where it is about something else, or stands alone.
    pub fn clause(self) -> Option<u32> {
        let elsewhere = matches!(self.code, ReasonCode::Needing | ReasonCode::NotPermitted);
        (!elsewhere && !self.stands_alone() && self.number < EVERYTHING).then_some(self.number)
    }

    /// Whether it is about the licence as a whole: its number says nothing.
    fn stands_alone(self) -> bool {
        matches!(
            self.code,
            ReasonCode::Revoked
                | ReasonCode::NotYet
                | ReasonCode::Expired
                | ReasonCode::Lapsed
                | ReasonCode::NotHolder
        )
    }
}

/// The canonical name of what a request did not say (`spec/core.md` section 7): an axis, a key, an anchor or a fact.
pub fn slot_name(manifest: &Manifest, slot: u32) -> &str {
    const FIXED: [&str; 11] = [
        "action",
        "purpose",
        "place",
        "unlisted-action",
        "unlisted-purpose",
        "unlisted-place",
        "user",
        "organisation",
        "licensee",
        "grant",
        "release",
    ];
    if let Some(name) = FIXED.get(slot as usize) {
        return name;
    }
    let fact = slot.checked_sub(16).and_then(|i| manifest.facts.get(i as usize));
    fact.map_or("?", |f| f.name.as_str())
}
