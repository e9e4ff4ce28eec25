//! Standing use and standing money (`spec/core-wider.md`): what a policy that has any of it keeps beside its other tables.

use crate::policy::Policy;
use crate::request::Instants;
use crate::time::Zone;
use alloc::string::String;
use alloc::vec::Vec;
use licit_bytecode::manifest::{Counter, CounterOf};
use licit_bytecode::{Anchor, Key, Module, Period, Point};

/// See the module. Lists are in label order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wider {
    /// The handle of the only licensee.
    pub(crate) holder: Option<String>,
    pub(crate) renewal: Option<Renewal>,
    /// Clause and condition of what ends a grant.
    pub(crate) ends: Vec<(u32, u32)>,
    /// Calls at once, then seats.
    pub(crate) opens: Vec<Open>,
    /// Spend limits, then what is prepaid.
    pub(crate) purses: Vec<Purse>,
    pub(crate) closings: Vec<Closing>,
}

/// How long a payment lasts.
#[derive(Clone, Debug)]
pub(crate) struct Renewal {
    pub(crate) period: Period,
    /// How long some acts go on, and which, an index into the sets.
    pub(crate) grace: Option<(Period, u32)>,
}

/// A limit on what is open at the same time, or taken.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    pub(crate) clause: u32,
    pub(crate) guard: Option<u32>,
    pub(crate) counter: u16,
    pub(crate) key: Key,
    pub(crate) cap: u128,
    /// It asks who the user is.
    pub(crate) seats: bool,
    pub(crate) lease: Period,
}

/// A limit on money.
#[derive(Clone, Debug)]
pub(crate) struct Purse {
    pub(crate) clause: u32,
    pub(crate) guard: Option<u32>,
    pub(crate) counter: u16,
    pub(crate) key: Key,
    /// The most that may be spent; none: what is left of a credit.
    pub(crate) amount: Option<u128>,
}

/// What is reported for a charge at a window's close.
#[derive(Clone, Debug)]
pub(crate) struct Closing {
    pub(crate) guard: Option<u32>,
    pub(crate) counter: u16,
    pub(crate) key: Key,
    pub(crate) unit: u16,
}

impl Wider {
    /// None if the module has nothing of it.
    pub(crate) fn new(m: &Module, counters: &[Counter]) -> Option<Self> {
        let mut out = Self {
            holder: m.holder.first().map(|h| h.handle.clone()),
            renewal: m
                .renewal
                .first()
                .map(|r| Renewal { period: r.period.clone(), grace: r.grace.clone().zip(r.acts) }),
            ends: m.end.iter().map(|e| (e.clause, e.when)).collect(),
            ..Self::default()
        };
        for (number, counter) in (0..).zip(counters) {
            out.count(m, number, counter);
        }
        let none = out.holder.is_none()
            && out.renewal.is_none()
            && out.ends.is_empty()
            && out.opens.is_empty()
            && out.purses.is_empty()
            && out.closings.is_empty();
        (!none).then_some(out)
    }

    /// Takes up what the counter counts for.
    fn count(&mut self, m: &Module, number: u16, of: &Counter) {
        let (counter, clause, key) = (number, of.clause, of.key);
        let at = |i: u32| i as usize;
        match of.of {
            CounterOf::Limit { .. } | CounterOf::Case { .. } | CounterOf::Fee { .. } => {}
            CounterOf::AtOnce { limit } => {
                let Some(l) = m.at_once.get(at(limit)) else { return };
                let (guard, cap, lease) = (l.guard, l.cap, l.lease.clone());
                self.opens.push(Open { clause, guard, counter, key, cap, seats: false, lease });
            }
            CounterOf::Seats { limit } => {
                let Some(l) = m.seats.get(at(limit)) else { return };
                let (guard, cap, lease) = (l.guard, l.cap, l.held.clone());
                self.opens.push(Open { clause, guard, counter, key, cap, seats: true, lease });
            }
            CounterOf::Spend { limit } => {
                let Some(l) = m.spend.get(at(limit)) else { return };
                self.purses.push(Purse { clause, guard: l.guard, counter, key, amount: Some(l.amount) });
            }
            CounterOf::Prepaid => {
                let Some(l) = m.prepaid.first() else { return };
                self.purses.push(Purse { clause, guard: l.guard, counter, key, amount: None });
            }
            CounterOf::AtClose { charge } => {
                let Some(c) = m.at_close.get(at(charge)) else { return };
                self.closings.push(Closing { guard: c.guard, counter, key, unit: c.unit as u16 });
            }
        }
    }

    /// Heap bytes.
    pub(crate) fn size(&self) -> usize {
        size_of::<Self>()
            + 8 * self.ends.len()
            + size_of_val(self.opens.as_slice())
            + size_of_val(self.purses.as_slice())
            + size_of_val(self.closings.as_slice())
            + self.holder.as_ref().map_or(0, String::len)
    }
}

/// One end of the term.
#[derive(Clone, Debug)]
pub(crate) enum Mark {
    /// Without one, the smallest or the largest instant.
    Fixed(i64),
    /// So long after an instant that the ledger knows.
    After(Anchor, Period),
}

impl Mark {
    /// `none` is what stands for no point.
    pub(crate) fn new(point: Option<&Point>, zone: &Zone, none: i64) -> Self {
        match point {
            None => Self::Fixed(none),
            Some(Point::Date { days }) => Self::Fixed(zone.date(*days)),
            Some(Point::Instant { micros }) => Self::Fixed(i64::try_from(*micros).unwrap_or(i64::MAX)),
            Some(Point::Anchored { anchor, period }) => Self::After(*anchor, period.clone()),
        }
    }
}

/// Bits of [`Bound::standing`](crate::Bound): what a request and its instants alone decide of step 2.
pub(crate) mod standing {
    pub(crate) const NOT_YET: u8 = 1;
    pub(crate) const EXPIRED: u8 = 2;
    pub(crate) const LAPSED: u8 = 4;
    pub(crate) const NOT_HOLDER: u8 = 8;
    pub(crate) const NEEDS_LICENSEE: u8 = 16;
    pub(crate) const NEEDS_GRANT: u8 = 32;
    pub(crate) const NEEDS_RELEASE: u8 = 64;
    /// No reason, but worth saying.
    pub(crate) const GRACE: u8 = 128;
}

impl Policy {
    /// How the request stands to the term, the renewal and the holder.
    pub(crate) fn standing(&self, at: i64, licensee: Option<&str>, action: u32, instants: &Instants) -> u8 {
        let before = |mark: &Mark, unknown: bool| match mark {
            Mark::Fixed(point) => Ok(at < *point),
            Mark::After(anchor, period) => {
                let (instant, needs) = match anchor {
                    Anchor::Grant => (instants.grant, standing::NEEDS_GRANT),
                    Anchor::Release => (instants.release, standing::NEEDS_RELEASE),
                    // It never comes before it was used.
                    Anchor::FirstUse if instants.first_use.is_none() => return Ok(unknown),
                    Anchor::FirstUse => (instants.first_use, 0),
                };
                instant.map(|instant| at < self.zone.add(instant, period)).ok_or(needs)
            }
        };
        let mut out = match before(&self.from, false) {
            Ok(true) => standing::NOT_YET,
            Ok(false) => 0,
            Err(needs) => needs,
        };
        out |= match before(&self.until, true) {
            Ok(true) => 0,
            Ok(false) => standing::EXPIRED,
            Err(needs) => needs,
        };
        let Some(wider) = &self.wider else { return out };
        if let Some(holder) = &wider.holder {
            out |= match licensee {
                None => standing::NEEDS_LICENSEE,
                Some(licensee) if licensee != holder => standing::NOT_HOLDER,
                Some(_) => 0,
            };
        }
        wider.renewal.as_ref().map_or(out, |renewal| out | self.renewed(renewal, at, action, instants))
    }

    /// How it stands to what is paid.
    fn renewed(&self, renewal: &Renewal, at: i64, action: u32, instants: &Instants) -> u8 {
        let Some(paid) = instants.renewal else { return standing::LAPSED };
        let early = if at < paid.anchor { standing::NOT_YET } else { 0 };
        let until = self.zone.periods(paid.anchor, &renewal.period, paid.periods);
        if at < until {
            return early;
        }
        let graced = renewal.grace.as_ref().is_some_and(|(length, acts)| {
            let acts = self.conditions.sets.get(*acts as usize);
            at < self.zone.add(until, length)
                && acts.is_some_and(|acts| acts.value(action) == crate::condition::Value::True)
        });
        early | if graced { standing::GRACE } else { standing::LAPSED }
    }
}
