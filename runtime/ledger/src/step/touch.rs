//! The state that a decision sees: what every counter stands at, for the key and window of the request.

use alloc::vec::Vec;

use licit_receipt::Hash;
use licit_vm::bytecode::Aggregate;
use licit_vm::{Bound, CounterOf, Read};

use crate::content::Touched;
use crate::kept::{Id, Who};
use crate::licence::{Licence, Openings, Policies};
use crate::state::{CounterKey, DutyKey, SeatKey, Sum};

use super::Stepper;

/// Whose state is read, for which use.
#[derive(Clone, Copy)]
pub(super) struct Eyes<'a> {
    pub(super) licence: &'a Licence,
    pub(super) id: Hash,
    pub(super) who: Who,
    pub(super) used_at: u64,
    pub(super) action: Option<&'a str>,
}

impl<P: Policies + ?Sized, O: Openings + ?Sized> Stepper<'_, P, O> {
    /// A counter, without what the hold that is left out holds.
    pub(super) fn sum(&self, key: &CounterKey) -> Sum {
        let sum = self.state.counter(key);
        let own = self.without.map_or(0, |hold| hold.of(key));
        Sum { held: sum.held.saturating_sub(own), ..sum }
    }

    /// The state that a use touches. `behind`: at the positions after everything that is held is committed.
    pub(super) fn touched(&self, eyes: &Eyes<'_>, bound: &Bound, behind: bool) -> Touched {
        let licensee = eyes.who.licensee();
        let duties = 0..eyes.licence.manifest().duties.len() as u16;
        let duty = |duty| self.state.duty(&DutyKey { licence: eyes.id, licensee, duty });
        let standing = self.state.standing(&eyes.id, licensee);
        Touched {
            used: bound.reads().iter().map(|read| self.used(eyes, read, behind)).collect(),
            duties: duties.map(duty).collect(),
            notice: self.state.notice(&eyes.id),
            bucket: None,
            latched: standing.map(|known| known.latched.iter().copied().collect()).unwrap_or_default(),
            instants: self.state.instants(&eyes.id, licensee),
        }
    }

    /// What one counter stands at, in the sense of `spec/core-wider.md` section 2.
    fn used(&self, eyes: &Eyes<'_>, read: &Read, behind: bool) -> u128 {
        let Some(counter) = eyes.licence.manifest().counters.get(usize::from(read.counter)) else { return 0 };
        let Some(key) = CounterKey::of(eyes.id, &eyes.who, read.counter, read.key, read.window) else {
            return 0;
        };
        let sum = self.sum(&key);
        match counter.of {
            CounterOf::Limit { .. } => sum.committed.saturating_add(sum.held),
            CounterOf::Case { .. } | CounterOf::Fee { .. } if behind => {
                sum.committed.saturating_add(sum.held)
            }
            CounterOf::Case { .. } | CounterOf::Fee { .. } => sum.committed,
            CounterOf::AtOnce { .. } => sum.held,
            CounterOf::Seats { .. } => self.seats_of_others(eyes, read.counter, key.of),
            CounterOf::Spend { .. } => sum.committed.saturating_add(self.money_held(&key)),
            CounterOf::Prepaid => self.credit_left(eyes, key.of),
            CounterOf::AtClose { charge } => {
                let aggregate =
                    eyes.licence.manifest().at_close.get(charge as usize).map(|charge| charge.aggregate);
                if !matches!(aggregate, Some(Aggregate::Sum | Aggregate::Average)) {
                    return 0;
                }
                let reported = self.state.reports(&key).map_or(0, |reported| reported.reports.sum());
                if behind { reported.saturating_add(sum.held) } else { reported }
            }
        }
    }

    /// How many other users of the group have a seat at the instant of use.
    pub(super) fn seats_of_others(&self, eyes: &Eyes<'_>, counter: u16, group: Id) -> u128 {
        let taken = self.state.seats(&eyes.id, counter, group).filter(|(user, _)| {
            Some(*user) != eyes.who.user
                && self.is_taken(eyes, &SeatKey { licence: eyes.id, counter, group, user: *user })
        });
        taken.count() as u128
    }

    /// Whether a seat is taken at the instant of use: an open hold takes it, or it was not given back, or it was used
    /// so short ago that it has not passed on yet.
    pub(super) fn is_taken(&self, eyes: &Eyes<'_>, key: &SeatKey) -> bool {
        let Some(seat) = self.state.seat(key) else { return false };
        let left_out = self.without.is_some_and(|hold| {
            let who = &hold.held.who;
            hold.licence == key.licence
                && who.user == Some(key.user)
                && hold
                    .held
                    .seats
                    .iter()
                    .any(|of| of.counter == key.counter && who.key(of.key) == Some(key.group))
        });
        let used_at = i64::try_from(eyes.used_at).unwrap_or(i64::MAX);
        let held = |last| eyes.licence.policy().lease_end(key.counter, last).is_some_and(|end| end > used_at);
        seat.open > u32::from(left_out) || seat.last.is_some_and(|last| !seat.released || held(last))
    }
}

/// The numbers of the counters that a price was computed for, with what they stood at.
pub(super) fn by_counter(bound: &Bound, used: impl Fn(&Read) -> u128) -> Vec<u128> {
    bound.reads().iter().map(used).collect()
}
