//! Amounts: exact integers at the grain. Where the loader proved from the units' ranges that nothing can grow too large,
//! they are computed in 64 bits and one wide product; elsewhere every step is checked.

use crate::meter::Meter;
use alloc::vec::Vec;
use licit_bytecode::{Key, Module, Price};

/// Amounts are below this.
const TOO_LARGE: u128 = 1 << 127;

/// What a case costs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cost {
    Free,
    Rate { unit: u16, rate: u64, proven: bool },
    Graduated { unit: u16, key: Key, counter: u16, tiers: (u32, u32), proven: bool },
}

impl Cost {
    /// The unit that it has a price for.
    fn unit(self) -> Option<u16> {
        match self {
            Self::Free => None,
            Self::Rate { unit, .. } | Self::Graduated { unit, .. } => Some(unit),
        }
    }
}

/// From `start` to before `end`, each unit at `rate`.
#[derive(Clone, Copy, Debug)]
struct Tier {
    start: u128,
    end: u128,
    rate: u64,
}

/// The same for quantities that fit in 64 bits.
#[derive(Clone, Copy, Debug)]
struct NarrowTier {
    start: u64,
    end: u64,
    rate: u64,
}

/// The prices of all cases.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prices {
    /// By case.
    pub(crate) cases: Vec<Cost>,
    /// Whether the lines of any request sum to less than 2^127.
    pub(crate) sum_proven: bool,
    /// Units that a request may not have without a price for them.
    pub(crate) unpriced: Vec<u16>,
    tiers: Vec<Tier>,
    narrow: Vec<NarrowTier>,
}

fn below(amount: Option<u128>) -> Option<u128> {
    amount.filter(|a| *a < TOO_LARGE)
}

/// Prepares the prices of a verified module.
pub(crate) fn price_tables(m: &Module) -> Prices {
    let mut out = Prices::default();
    let highest = |unit: u32| m.unit.get(unit as usize).map_or(0, |u| u.highest);
    let mut counter = m.limit.len() as u16;
    // The dearest case of each charge; none: perhaps too large.
    let mut dearest: Vec<Option<u128>> = m.charge.iter().map(|_| Some(0)).collect();
    for case in &m.case {
        let (cost, most) = match &case.price {
            // Fees and bounds are not evaluated yet.
            Price::Free {} | Price::Fee { .. } => (Cost::Free, Some(0)),
            Price::Rate { unit, rate } => {
                let most = below(highest(*unit).checked_mul(u128::from(*rate)));
                let proven = most.is_some() && u64::try_from(highest(*unit)).is_ok();
                (Cost::Rate { unit: *unit as u16, rate: *rate, proven }, most)
            }
            Price::Graduated { unit, key, tiers, .. } | Price::Bounded { unit, key, tiers, .. } => {
                let first = out.tiers.len() as u32;
                for (i, t) in tiers.iter().enumerate() {
                    let end = tiers.get(i + 1).map_or(u128::MAX, |next| next.start);
                    out.tiers.push(Tier { start: t.start, end, rate: t.rate });
                    // Never asked unless all quantities fit.
                    let small = |n: u128| u64::try_from(n).unwrap_or(u64::MAX);
                    out.narrow.push(NarrowTier { start: small(t.start), end: small(end), rate: t.rate });
                }
                let range = (first, out.tiers.len() as u32);
                let most = below(out.wide_sum(range, 0, highest(*unit)));
                let proven = most.is_some() && highest(*unit) < u128::from(u64::MAX);
                let cost = Cost::Graduated { unit: *unit as u16, key: *key, counter, tiers: range, proven };
                counter += 1;
                (cost, most)
            }
        };
        out.cases.push(cost);
        if let Some(d) = dearest.get_mut(case.charge as usize) {
            *d = d.zip(most).map(|(d, most)| d.max(most));
        }
    }
    let sum = dearest.iter().try_fold(0u128, |sum, d| below(sum.checked_add((*d)?)));
    out.sum_proven = sum.is_some();
    let mut priced: Vec<u16> = out.cases.iter().filter_map(|c| c.unit()).collect();
    if !priced.is_empty() {
        priced.extend(m.free.iter().map(|f| f.unit as u16));
        priced.sort_unstable();
        let units = m.unit.iter().enumerate().map(|(i, u)| (i as u16, u));
        let left = units.filter(|(i, u)| u.name != "call" && priced.binary_search(i).is_err());
        out.unpriced = left.map(|(i, _)| i).collect();
    }
    out
}

impl Prices {
    /// The price of the units from `from` to before `to`; none if it does not fit in 128 bits.
    fn wide_sum(&self, tiers: (u32, u32), from: u128, to: u128) -> Option<u128> {
        let mut sum = 0u128;
        for t in self.tiers.get(tiers.0 as usize..tiers.1 as usize)? {
            let inside = to.min(t.end).saturating_sub(from.max(t.start));
            sum = sum.checked_add(inside.checked_mul(u128::from(t.rate))?)?;
        }
        Some(sum)
    }

    /// `rate x quantity`; none if it does not fit.
    #[inline]
    pub(crate) fn rate(rate: u64, quantity: u128, proven: bool) -> Option<u128> {
        if proven {
            // Both factors fit in 64 bits.
            return Some(u128::from(quantity as u64).wrapping_mul(u128::from(rate)));
        }
        below(quantity.checked_mul(u128::from(rate)))
    }

    /// T(to) - T(from), of which `to` is at most the unit's highest; none if T(to) does not fit.
    #[inline]
    pub(crate) fn graduated(
        &self,
        tiers: (u32, u32),
        from: u128,
        to: u128,
        proven: bool,
        meter: &mut impl Meter,
    ) -> Option<u128> {
        let range = tiers.0 as usize..tiers.1 as usize;
        meter.steps(range.len());
        if proven {
            let (from, to) = (from as u64, to as u64);
            let mut sum = 0u128;
            for t in self.narrow.get(range).unwrap_or_default() {
                let inside = to.min(t.end).saturating_sub(from.max(t.start));
                sum = sum.wrapping_add(u128::from(inside).wrapping_mul(u128::from(t.rate)));
            }
            return Some(sum);
        }
        below(self.wide_sum(tiers, 0, to))?;
        self.wide_sum(tiers, from, to)
    }

    /// Heap bytes.
    pub(crate) fn size(&self) -> usize {
        size_of_val(self.cases.as_slice())
            + 2 * self.unpriced.len()
            + size_of_val(self.tiers.as_slice())
            + size_of_val(self.narrow.as_slice())
    }
}
