//! Floods of denials: what is logged of each caller and minute, and what is only counted.

use std::collections::BTreeMap;

use licit_ledger::{Id, Who};

use super::settings::Denials;

/// User and organisation.
type Caller = (Option<Id>, Option<Id>);

/// The denials of one minute of the log's clock.
#[derive(Debug, Default)]
pub(crate) struct DenialBook {
    minute: u64,
    callers: BTreeMap<Caller, Tally>,
    /// Denials of callers that are not told apart any more.
    others: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    logged: u32,
    unlogged: u64,
}

/// Denials of one caller in one minute that were answered and not logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Summed {
    pub(crate) who: Who,
    pub(crate) count: u64,
}

impl DenialBook {
    /// Whether a denial at this instant of the log, in microseconds since 1970, is logged. Counts it.
    pub(crate) fn judge(&mut self, at: u64, who: &Who, settings: &Denials) -> bool {
        if who.licensee().is_none() {
            return settings.nobody;
        }
        debug_assert!(self.minute == minute(at) || self.callers.is_empty());
        self.minute = minute(at);
        let caller = (who.user, who.organisation);
        if self.callers.len() >= settings.callers && !self.callers.contains_key(&caller) {
            self.others = self.others.saturating_add(1);
            return false;
        }
        let tally = self.callers.entry(caller).or_default();
        if tally.logged < settings.per_minute {
            tally.logged = tally.logged.saturating_add(1);
            return true;
        }
        tally.unlogged = tally.unlogged.saturating_add(1);
        false
    }

    /// Whether the minute of the counts is over.
    pub(crate) fn is_over(&self, at: u64) -> bool {
        !self.callers.is_empty() && self.minute != minute(at)
    }

    /// The next caller of a minute that is over with denials that were not logged; none once all are told.
    pub(crate) fn next_summed(&mut self) -> Option<Summed> {
        while let Some(((user, organisation), tally)) = self.callers.pop_first() {
            if tally.unlogged > 0 {
                return Some(Summed { who: Who { user, organisation }, count: tally.unlogged });
            }
        }
        self.others = 0;
        None
    }
}

fn minute(at: u64) -> u64 {
    at / 60_000_000
}
