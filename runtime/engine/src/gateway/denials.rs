//! Floods of denials: what is logged of each caller and minute, and what is only counted.

use std::collections::BTreeMap;

use licit_ledger::{Id, Request, Who};

use super::settings::Denials;

/// User and organisation.
type Caller = (Option<Id>, Option<Id>);

/// Bytes of names that are kept for each caller that may be told apart, on the average.
const NAMES: usize = 256;

/// The denials of one minute of the log's clock.
#[derive(Debug, Default)]
pub(crate) struct DenialBook {
    minute: u64,
    callers: BTreeMap<Caller, Tally>,
    /// Bytes of the names in `callers`.
    names: usize,
}

#[derive(Debug, Default)]
struct Tally {
    logged: u32,
    summed: Option<Summed>,
}

/// Denials of one caller in one minute that were answered and not logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Summed {
    /// The caller's names.
    pub(crate) who: Request,
    pub(crate) count: u64,
    /// The instants of the first and of the last, in microseconds since 1970.
    pub(crate) from: u64,
    pub(crate) to: u64,
}

impl DenialBook {
    /// Whether a denial of a request at an instant of the log, in microseconds since 1970, is logged. Counts it.
    pub(crate) fn judge(&mut self, at: u64, who: &Who, request: &Request, settings: &Denials) -> bool {
        if who.licensee().is_none() {
            return settings.nobody;
        }
        self.minute = minute(at);
        let caller = (who.user, who.organisation);
        if self.callers.len() >= settings.callers && !self.callers.contains_key(&caller) {
            return false;
        }
        let tally = self.callers.entry(caller).or_default();
        if tally.logged < settings.per_minute {
            tally.logged = tally.logged.saturating_add(1);
            return true;
        }
        if let Some(summed) = &mut tally.summed {
            (summed.count, summed.to) = (summed.count.saturating_add(1), at);
            return false;
        }
        let length = |name: &Option<String>| name.as_ref().map_or(0, String::len);
        let names =
            self.names.saturating_add(length(&request.user)).saturating_add(length(&request.organisation));
        if names <= settings.callers.saturating_mul(NAMES) {
            self.names = names;
            let (user, organisation) = (request.user.clone(), request.organisation.clone());
            let who = Request { user, organisation, ..Request::default() };
            tally.summed = Some(Summed { who, count: 1, from: at, to: at });
        }
        false
    }

    /// The next sum of a minute that is over at this instant; none once all are told. At the end of time every
    /// minute is over.
    pub(crate) fn next_summed(&mut self, at: u64) -> Option<Summed> {
        if self.callers.is_empty() || self.minute == minute(at) {
            return None;
        }
        while let Some((_, tally)) = self.callers.pop_first() {
            if let Some(summed) = tally.summed {
                return Some(summed);
            }
        }
        self.names = 0;
        None
    }
}

fn minute(at: u64) -> u64 {
    at / 60_000_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use licit_ledger::Licensee;

    const MINUTE: u64 = 60_000_000;

    fn request(user: &str) -> (Who, Request) {
        let request = Request { user: Some(user.into()), action: Some("chat".into()), ..Request::default() };
        (Who { user: Some(Id::new(&[1; 32], Licensee::User(user))), organisation: None }, request)
    }

    #[test]
    fn each_caller_has_so_many_and_the_rest_is_summed_up() {
        let settings = Denials { per_minute: 2, callers: 2, nobody: false };
        let mut book = DenialBook::default();
        let judge = |book: &mut DenialBook, at, user| {
            let (who, request) = request(user);
            book.judge(at, &who, &request, &settings)
        };
        let logged: Vec<bool> = (0..5).map(|at| judge(&mut book, at, "ana")).collect();
        assert_eq!(logged, [true, true, false, false, false]);
        assert!(judge(&mut book, 5, "bob"));
        assert!(!judge(&mut book, 6, "eve"), "two callers are told apart");
        assert_eq!(book.next_summed(MINUTE - 1), None, "the minute is not over");
        let summed = book.next_summed(MINUTE).expect("ana is summed up");
        assert_eq!((summed.count, summed.from, summed.to), (3, 2, 4));
        assert_eq!(summed.who, Request { user: Some("ana".into()), ..Request::default() });
        assert_eq!(book.next_summed(MINUTE), None);
        assert!(judge(&mut book, MINUTE, "eve"), "a new minute");
    }

    #[test]
    fn nobody_and_very_long_names_take_no_room() {
        let mut book = DenialBook::default();
        let settings = Denials { per_minute: 0, callers: 1, nobody: false };
        assert!(!book.judge(0, &Who::default(), &Request::default(), &settings));
        assert!(book.judge(0, &Who::default(), &Request::default(), &Denials { nobody: true, ..settings }));
        let (who, long) = request(&"x".repeat(1000));
        assert!(!book.judge(0, &who, &long, &settings));
        assert_eq!(book.next_summed(MINUTE), None, "counted by nobody: its name is not kept");
    }
}
