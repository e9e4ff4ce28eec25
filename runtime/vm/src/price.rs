//! Amounts: exact integers at the grain. Where the loader proved from the units' ranges that nothing can grow too large,
//! they are computed in 64 bits and one wide product; elsewhere every step is checked.

use crate::meter::Meter;
use alloc::vec::Vec;
use licit_bytecode::manifest::{Counter, CounterOf};
use licit_bytecode::{Key, Module, Price};

/// Amounts are below this.
const TOO_LARGE: u128 = 1 << 127;

/// What a case costs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cost {
    Free,
    Rate {
        unit: u16,
        rate: u64,
        proven: bool,
    },
    Graduated {
        unit: u16,
        key: Key,
        counter: u16,
        tiers: (u32, u32),
        proven: bool,
    },
    /// Graduated, of which no total is more than the cap.
    Capped {
        unit: u16,
        key: Key,
        counter: u16,
        tiers: (u32, u32),
        cap: u128,
    },
    /// With the first use only.
    Fee {
        amount: u128,
        key: Key,
        counter: u16,
    },
}

impl Cost {
    /// The unit that it has a price for.
    fn unit(self) -> Option<u16> {
        match self {
            Self::Free | Self::Fee { .. } => None,
            Self::Rate { unit, .. } | Self::Graduated { unit, .. } | Self::Capped { unit, .. } => Some(unit),
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
    /// Whether any counter is met out of its order: there are others than of limits on sums and graduated prices.
    pub(crate) disorder: bool,
    /// Units that a request may not have without a price for them.
    pub(crate) unpriced: Vec<u16>,
    tiers: Vec<Tier>,
    narrow: Vec<NarrowTier>,
}

fn below(amount: Option<u128>) -> Option<u128> {
    amount.filter(|a| *a < TOO_LARGE)
}

/// Prepares the prices of a verified module.
pub(crate) fn price_tables(m: &Module, counters: &[Counter]) -> Prices {
    let mut out = Prices::default();
    let numbered = |fee: bool| {
        let of = move |c: &Counter| match c.of {
            CounterOf::Case { .. } => !fee,
            CounterOf::Fee { .. } => fee,
            _ => false,
        };
        (0u16..).zip(counters).filter(move |(_, c)| of(c)).map(|(i, _)| i)
    };
    let (mut cases, mut fees) = (numbered(false), numbered(true));
    // The dearest case of each charge; none: perhaps too large.
    let mut dearest: Vec<Option<u128>> = m.charge.iter().map(|_| Some(0)).collect();
    for case in &m.case {
        let (cost, most) = out.prepare(m, &case.price, &mut cases, &mut fees);
        out.cases.push(cost);
        if let Some(d) = dearest.get_mut(case.charge as usize) {
            *d = d.zip(most).map(|(d, most)| d.max(most));
        }
    }
    let sum = dearest.iter().try_fold(0u128, |sum, d| below(sum.checked_add((*d)?)));
    out.sum_proven = sum.is_some();
    let early = |c: &Counter| matches!(c.of, CounterOf::Limit { .. } | CounterOf::Case { .. });
    out.disorder = !counters.iter().all(early);
    let mut priced: Vec<u16> = out.cases.iter().filter_map(|c| c.unit()).collect();
    priced.extend(m.at_close.iter().map(|c| c.unit as u16));
    if !priced.is_empty() {
        priced.extend(m.free.iter().map(|f| f.unit as u16));
        priced.sort_unstable();
        let units = m.unit.iter().enumerate().map(|(i, u)| (i as u16, u));
        let left = units.filter(|(i, u)| u.name != "call" && priced.binary_search(i).is_err());
        out.unpriced = left.map(|(i, _)| i).collect();
    }
    out
}

/// The most that `quantity` units cost wherever they begin in the range, of pieces that start at 0; none if that does not
/// fit. One pass: between two borders, the price changes evenly while the units move up.
pub(crate) fn steepest(
    pieces: &[(u128, u64)],
    (low, high): (u128, u128),
    quantity: u128,
    highest: u128,
) -> Option<u128> {
    let (mut at, high) = (low.min(highest), high.min(highest));
    let start = |i: usize| pieces.get(i).map(|p| p.0);
    let rate = |i: usize| pieces.get(i).map_or(0, |p| p.1);
    let holding = |x: u128| pieces.partition_point(|p| p.0 <= x).saturating_sub(1);
    let (mut first, mut last) = (holding(at), holding(at.checked_add(quantity)?));
    let mut price = Some(0u128);
    for i in first..=last {
        let (from, to) = (start(i)?.max(at), start(i + 1).unwrap_or(u128::MAX).min(at + quantity));
        price = price.and_then(|p| p.checked_add(to.saturating_sub(from).checked_mul(rate(i).into())?));
    }
    let mut price = below(price)?;
    let mut most = price;
    while at < high {
        let border = start(first + 1).unwrap_or(high).min(high);
        let next = start(last + 1).map_or(border, |s| border.min(s - quantity));
        let (gained, lost) = (rate(last), rate(first));
        let change = (next - at).checked_mul(gained.abs_diff(lost).into());
        price =
            if gained >= lost { below(price.checked_add(change?))? } else { price.saturating_sub(change?) };
        most = most.max(price);
        at = next;
        while start(first + 1).is_some_and(|s| s <= at) {
            first += 1;
        }
        while start(last + 1).is_some_and(|s| s <= at + quantity) {
            last += 1;
        }
    }
    Some(most)
}

impl Prices {
    /// What a price costs, and the most that one line of it can be; none: perhaps too large. Counters are numbered in the
    /// order of the cases, those of fees for themselves.
    fn prepare(
        &mut self,
        m: &Module,
        price: &Price,
        cases: &mut impl Iterator<Item = u16>,
        fees: &mut impl Iterator<Item = u16>,
    ) -> (Cost, Option<u128>) {
        let highest = |unit: u32| m.unit.get(unit as usize).map_or(0, |u| u.highest);
        match price {
            Price::Free {} => (Cost::Free, Some(0)),
            Price::Rate { unit, rate } => {
                let most = below(highest(*unit).checked_mul(u128::from(*rate)));
                let proven = most.is_some() && u64::try_from(highest(*unit)).is_ok();
                (Cost::Rate { unit: *unit as u16, rate: *rate, proven }, most)
            }
            Price::Graduated { unit, key, tiers, .. }
            | Price::Bounded { unit, key, tiers, cap: None, .. } => {
                let tiers = self.schedule(tiers);
                let most = below(self.wide_sum(tiers, 0, highest(*unit)));
                let proven = most.is_some() && highest(*unit) < u128::from(u64::MAX);
                let counter = cases.next().unwrap_or(u16::MAX);
                (Cost::Graduated { unit: *unit as u16, key: *key, counter, tiers, proven }, most)
            }
            Price::Bounded { unit, key, tiers, cap: Some(cap), .. } => {
                let tiers = self.schedule(tiers);
                let counter = cases.next().unwrap_or(u16::MAX);
                let cost = Cost::Capped { unit: *unit as u16, key: *key, counter, tiers, cap: *cap };
                (cost, Some(*cap))
            }
            Price::Fee { amount, key, .. } => {
                let counter = fees.next().unwrap_or(u16::MAX);
                (Cost::Fee { amount: *amount, key: *key, counter }, Some(*amount))
            }
        }
    }

    /// Keeps tiers; from where to before where.
    fn schedule(&mut self, tiers: &[licit_bytecode::Tier]) -> (u32, u32) {
        let first = self.tiers.len() as u32;
        for (i, t) in tiers.iter().enumerate() {
            let end = tiers.get(i + 1).map_or(u128::MAX, |next| next.start);
            self.tiers.push(Tier { start: t.start, end, rate: t.rate });
            // Never asked unless all quantities fit.
            let small = |n: u128| u64::try_from(n).unwrap_or(u64::MAX);
            self.narrow.push(NarrowTier { start: small(t.start), end: small(end), rate: t.rate });
        }
        (first, self.tiers.len() as u32)
    }

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

    /// min(T(to), cap) - min(T(from), cap).
    pub(crate) fn capped(
        &self,
        tiers: (u32, u32),
        cap: u128,
        from: u128,
        to: u128,
        meter: &mut impl Meter,
    ) -> u128 {
        let (mut before, mut after) = (0u128, 0u128);
        for t in self.tiers.get(tiers.0 as usize..tiers.1 as usize).unwrap_or_default() {
            meter.step();
            // What is beyond all numbers is beyond the cap.
            let part = |x: u128| x.min(t.end).saturating_sub(t.start).saturating_mul(t.rate.into());
            before = before.saturating_add(part(from));
            after = after.saturating_add(part(to));
        }
        after.min(cap) - before.min(cap)
    }

    /// The schedule as pieces (where each starts, and its rate) that go on for ever: nothing more after the cap, nor beyond
    /// the unit's highest number. The unit in which the cap is reached costs what is left to it.
    pub(crate) fn pieces(
        &self,
        tiers: (u32, u32),
        cap: Option<u128>,
        highest: u128,
        pieces: &mut Vec<(u128, u64)>,
    ) {
        pieces.clear();
        let mut left = cap;
        for t in self.tiers.get(tiers.0 as usize..tiers.1 as usize).unwrap_or_default() {
            pieces.push((t.start, t.rate));
            let (Some(room), rate) = (left, u128::from(t.rate)) else { continue };
            let width = t.end - t.start;
            let whole = room.checked_div(rate).unwrap_or(u128::MAX);
            if whole < width {
                let reached = t.start + whole;
                pieces.push((reached, (room % rate) as u64));
                pieces.push((reached + 1, 0));
                break;
            }
            left = Some(room.saturating_sub(width.saturating_mul(rate)));
        }
        pieces.retain(|(start, _)| *start < highest);
        pieces.push((highest, 0));
    }

    /// Heap bytes.
    pub(crate) fn size(&self) -> usize {
        size_of_val(self.cases.as_slice())
            + 2 * self.unpriced.len()
            + size_of_val(self.tiers.as_slice())
            + size_of_val(self.narrow.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The tiers as widths and rates, the last one without an end.
    fn prices(tiers: &[(u128, u64)]) -> (Prices, (u32, u32)) {
        let mut out = Prices::default();
        let mut start = 0;
        let tier = |(width, rate): &(u128, u64)| {
            let tier = licit_bytecode::Tier { start, rate: *rate };
            start += width;
            tier
        };
        let tiers: Vec<_> = tiers.iter().map(tier).collect();
        let range = out.schedule(&tiers);
        (out, range)
    }

    /// T(x), a unit at a time.
    fn total(tiers: &[(u128, u64)], cap: Option<u128>, x: u128) -> u128 {
        let ends = tiers.iter().scan(0, |end, (width, _)| {
            *end += width;
            Some(*end)
        });
        let ends: Vec<u128> = ends.collect();
        let rate = |unit: u128| {
            let tier = ends.iter().position(|end| unit < *end).unwrap_or(tiers.len() - 1);
            u128::from(tiers[tier.min(tiers.len() - 1)].1)
        };
        let total = (0..x).map(rate).sum();
        cap.map_or(total, |cap| total.min(cap))
    }

    proptest! {
        /// Against every position there is.
        #[test]
        fn the_steepest_stretch(
            tiers in prop::collection::vec((0u128..12, 0u64..9), 1..7),
            cap in prop::option::of(0u128..200),
            highest in 0u128..70,
            quantity in 0u128..70,
            low in 0u128..80,
            more in 0u128..80,
        ) {
            let quantity = quantity.min(highest);
            let (prices, range) = prices(&tiers);
            let mut pieces = Vec::new();
            prices.pieces(range, cap, highest, &mut pieces);
            let at = |x: u128| total(&tiers, cap, x.min(highest));
            let most = (low..=low + more).map(|u| at(u + quantity) - at(u)).max();
            prop_assert_eq!(steepest(&pieces, (low, low + more), quantity, highest), most);
            let mut meter = crate::meter::Unmetered;
            if let Some(cap) = cap {
                let line = prices.capped(range, cap, low, low + quantity, &mut meter);
                prop_assert_eq!(line, total(&tiers, Some(cap), low + quantity) - total(&tiers, Some(cap), low));
            }
        }

        /// Numbers of any size: it is a price of some position, or too large for one.
        #[test]
        fn no_number_is_too_much(
            tiers in prop::collection::vec((any::<u128>(), any::<u64>(), 0u32..128, 0u32..64), 1..6),
            cap in prop::option::of((1u32..128).prop_flat_map(|s| any::<u128>().prop_map(move |n| n >> s))),
            [highest, quantity, low, high] in prop::array::uniform4((any::<u128>(), 0u32..128).prop_map(|(n, s)| n >> s)),
        ) {
            let tiers: Vec<_> = tiers.into_iter().map(|(w, r, ws, rs)| ((w >> ws) >> 4, r >> rs)).collect();
            let highest = highest >> 1;
            let quantity = quantity.min(highest);
            let (prices, range) = prices(&tiers);
            let mut pieces = Vec::new();
            prices.pieces(range, cap, highest, &mut pieces);
            let most = steepest(&pieces, (low, high), quantity, highest);
            let mut meter = crate::meter::Unmetered;
            for u in [low, high, i64::MAX as u128].into_iter().filter(|u| (low..=high).contains(u)) {
                let (from, to) = (u.min(highest), u.saturating_add(quantity).min(highest));
                let here = match cap {
                    None => below(prices.wide_sum(range, from, to)),
                    Some(cap) => Some(prices.capped(range, cap, from, to, &mut meter)),
                };
                prop_assert!(most.is_none_or(|most| here.is_some_and(|here| here <= most)));
                prop_assert!(cap.is_none_or(|cap| most.is_some_and(|most| most <= cap)));
            }
        }
    }

    #[test]
    fn a_last_tier_without_a_price() {
        // 10 at 7, then free: the dearest are the first ones.
        let (prices, range) = prices(&[(10, 7), (1, 0)]);
        let mut pieces = Vec::new();
        prices.pieces(range, None, 1000, &mut pieces);
        assert_eq!(steepest(&pieces, (0, 1000), 4, 1000), Some(28));
        assert_eq!(steepest(&pieces, (8, 1000), 4, 1000), Some(14));
        assert_eq!(steepest(&pieces, (10, 1000), 4, 1000), Some(0));
        // A range that is none: its first position.
        assert_eq!(steepest(&pieces, (8, 3), 4, 1000), Some(14));
    }
}
