//! Section 4: what a price comes to; part two, section 4: the most that it may come to.

use num_bigint::BigUint;
use num_rational::BigRational;

use super::{Request, Run, State};
use crate::core::{Charge, Core, Graduated, Price, Tier};
use crate::outcome::{Code, Line};
use crate::time::Zone;

/// Part two, section 4: the largest price of a use, in units of the grain, when the counters (by number; a missing one
/// stands at zero) may stand anywhere from the first to the second number of their range. None where a charge has no
/// price for the use, or the sum is 2^127 or more.
pub fn largest(
    core: &Core,
    zone: &Zone,
    request: &Request,
    ranges: &[(BigUint, BigUint)],
) -> Option<BigUint> {
    let state = State::default();
    let mut run = Run::new(core, zone, request, &state);
    run.step_1_range();
    let mut sum = BigUint::from(0u8);
    for charge in &core.charges {
        if let Some(case) = run.applies(charge) {
            let counter = run.counter(&charge.label, Some(case));
            let (low, high) = ranges.get(counter).cloned().unwrap_or_default();
            sum += run.dearest(&charge.cases[case].1, &low, &high);
        }
    }
    (run.reasons.is_empty() && sum.bits() <= 127).then_some(sum)
}

impl Run<'_> {
    /// The line of a price that applies.
    pub(super) fn price(&mut self, charge: &Charge, case: usize) {
        let Charge { label, cases, .. } = charge;
        let counter = self.counter(label, Some(case));
        let (amount, reached) = match &cases[case].1 {
            Price::Free => return,
            Price::Rate { unit, ratio } => {
                let amount = ratio * whole(&self.quantity(*unit));
                (amount.clone(), amount)
            }
            Price::Graduated(price) => {
                let Some(sum) = self.count(counter, price.unit, price.key) else { return };
                let reached = price.total(&sum);
                (&reached - price.total(&self.used(counter)), reached)
            }
            Price::Fee { ratio, key, .. } => {
                if !self.has_key(*key) {
                    return;
                }
                self.delta(counter, BigUint::from(1u8));
                let first = self.used(counter) == BigUint::from(0u8);
                let amount = if first { ratio.clone() } else { nothing() };
                (amount.clone(), amount)
            }
        };
        let [amount, reached] = [amount, reached].map(|money| self.in_grain(&money));
        if amount.bits() > 127 || reached.bits() > 127 {
            self.reason_label(Code::Range, label);
        } else {
            self.lines.push(Line { label: label.clone(), case, amount });
        }
    }

    /// The most that a price comes to if its counter stands from `low` to `high`.
    fn dearest(&mut self, price: &Price, low: &BigUint, high: &BigUint) -> BigUint {
        let amount = match price {
            Price::Free => nothing(),
            Price::Rate { unit, ratio } => ratio * whole(&self.quantity(*unit)),
            Price::Graduated(price) if self.has_key(price.key) => {
                price.dearest(&self.quantity(price.unit), low, high, &self.core.units[price.unit].highest)
            }
            Price::Fee { ratio, key, .. } if self.has_key(*key) && *low == BigUint::from(0u8) => {
                ratio.clone()
            }
            Price::Graduated(_) | Price::Fee { .. } => nothing(),
        };
        self.in_grain(&amount)
    }

    pub(super) fn in_grain(&self, amount: &BigRational) -> BigUint {
        self.core.in_grain(amount)
    }
}

impl Graduated {
    /// T(x): the sum over the tiers of ratio x the part of x inside the tier; no more than the cap.
    pub(crate) fn total(&self, x: &BigUint) -> BigRational {
        let mut rest = x.clone();
        let mut total = nothing();
        for Tier { width, ratio } in &self.tiers {
            let inside = width.as_ref().map_or(&rest, |width| width.min(&rest)).clone();
            total += ratio * whole(&inside);
            rest -= inside;
        }
        self.cap.clone().map_or(total.clone(), |cap| cap.min(total))
    }

    /// T(u + q) - T(u); what lies beyond the highest number of the unit counts as it.
    fn at(&self, u: &BigUint, q: &BigUint, highest: &BigUint) -> BigRational {
        self.total(highest.min(&(u + q))) - self.total(highest.min(u))
    }

    /// The largest of these for u from `low` to `high`: between two borders they rise or fall evenly, so one of the ends, or
    /// where u or u + q is a border.
    fn dearest(&self, q: &BigUint, low: &BigUint, high: &BigUint, highest: &BigUint) -> BigRational {
        let borders = self.borders().into_iter().chain([highest.clone()]);
        let positions = borders.flat_map(|border| {
            let before = (border >= *q).then(|| &border - q);
            [Some(border), before].into_iter().flatten()
        });
        let inside = positions.filter(|u| (low..=high).contains(&u)).chain([low.clone(), high.clone()]);
        inside.map(|u| self.at(&u, q, highest)).max().unwrap_or_else(nothing)
    }

    /// Where T changes its slope, or does so between two whole numbers: then both.
    fn borders(&self) -> Vec<BigUint> {
        let mut borders = vec![];
        let (mut start, mut total) = (BigUint::from(0u8), nothing());
        for Tier { width, ratio } in &self.tiers {
            if let Some(cap) = &self.cap
                && total <= *cap
                && *ratio > nothing()
            {
                let capped = &start + ((cap - &total) / ratio).to_integer().magnitude();
                borders.extend([&capped + 1u8, capped]);
            }
            let Some(width) = width else { continue };
            start += width;
            total += ratio * whole(width);
            borders.push(start.clone());
        }
        borders
    }
}

fn whole(n: &BigUint) -> BigRational {
    BigRational::from_integer(n.clone().into())
}

fn nothing() -> BigRational {
    BigRational::from_integer(0.into())
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    use super::*;
    use crate::core::{Key, Window};

    fn price() -> impl Strategy<Value = Graduated> {
        let ratio = || (0..12u64, 1..5u64).prop_map(|(n, d)| BigRational::new(n.into(), d.into()));
        let tiers = vec((0..15u64, ratio()), 0..5);
        (tiers, ratio(), option::of((0..200u64, 1..7u64))).prop_map(|(tiers, last, cap)| Graduated {
            unit: 0,
            key: Key::User,
            window: Window::Day,
            tiers: tiers
                .into_iter()
                .map(|(width, ratio)| Tier { width: Some(width.into()), ratio })
                .chain([Tier { width: None, ratio: last }])
                .collect(),
            cap: cap.map(|(n, d)| BigRational::new(n.into(), d.into())),
            floor: None,
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

        /// The candidates of the page against every position there is.
        #[test]
        fn the_dearest_position_is_found(price in price(), q in 0..60u64, low in 0..60u64, more in 0..60u64, highest in 0..90u64) {
            let [q, high, highest] = [q, low + more, highest].map(BigUint::from);
            let every = (low..=low + more).map(|u| price.at(&u.into(), &q, &highest)).max();
            prop_assert_eq!(Some(price.dearest(&q, &low.into(), &high, &highest)), every);
        }
    }
}
