//! The canonical text of an outcome, by which implementations are compared (`spec/core.md` section 12).

use crate::outcome::{EVERYTHING, Outcome, Reason, ReasonCode, UNIT_BASE};
use crate::policy::Policy;
use alloc::string::String;
use core::fmt::Write;

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
            if let Some(what) = self.what(reason) {
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

    /// What a reason is about: a label, a unit, a slot, a guard or `*`; none for reasons that stand alone.
    pub fn what(&self, reason: &Reason) -> Option<&str> {
        let number = reason.number;
        match reason.code {
            ReasonCode::Revoked
            | ReasonCode::NotYet
            | ReasonCode::Expired
            | ReasonCode::Lapsed
            | ReasonCode::NotHolder => None,
            ReasonCode::NotPermitted => Some(match number {
                1 => "party",
                2 => "action",
                3 => "purpose",
                4 => "place",
                5 => "time",
                _ => "other",
            }),
            ReasonCode::Needing => Some(self.slot(number)),
            ReasonCode::Range if number == EVERYTHING => Some("*"),
            _ => match number.checked_sub(UNIT_BASE) {
                Some(unit) => Some(self.manifest.units.get(unit as usize).map_or("?", |u| u.name.as_str())),
                None => Some(self.manifest.label(number).unwrap_or("?")),
            },
        }
    }

    fn slot(&self, slot: u32) -> &str {
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
        let fact = slot.checked_sub(16).and_then(|i| self.manifest.facts.get(i as usize));
        fact.map_or("?", |f| f.name.as_str())
    }
}
