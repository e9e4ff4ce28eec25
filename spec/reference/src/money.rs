//! Section 9 and the ledger's arithmetic: the only places where money is rounded. Evaluation never rounds.
//!
//! The ledger rounds the running total of a bucket, never a single charge, so that any way of cutting a bill into
//! calls ends at the same sum; shares are taken of running totals for the same reason.

use num_bigint::{BigInt, BigUint};
use num_rational::BigRational;

use crate::core::{Aggregate, Band, Core, Price, Rounding};

impl Core {
    /// An amount in units of the grain, as an exact amount of the currency.
    pub fn currency(&self, amount: &BigUint) -> BigRational {
        BigRational::new(amount.clone().into(), self.grain.clone().into())
    }

    /// An amount above zero in units of the grain: a whole number, since the grain is a multiple of every denominator.
    pub(crate) fn in_grain(&self, amount: &BigRational) -> BigUint {
        (amount * BigInt::from(self.grain.clone())).to_integer().magnitude().clone()
    }

    /// Part two, section 1: what the close of a window adds, in units of the grain, by the counter's number and the
    /// quantities that were committed in the window, in their order. Of a charge at close: its amount; of a bounded
    /// price: what is missing to the floor. None of other counters, nor of a charge at close that nothing was told.
    pub fn at_close(&self, counter: usize, reports: &[BigUint]) -> Option<BigUint> {
        let counter = self.counters().into_iter().nth(counter)?;
        let sum: BigUint = reports.iter().sum();
        if let Some(case) = counter.case {
            let charge = self.charges.iter().find(|charge| charge.label == counter.label)?;
            let Price::Graduated(price) = &charge.cases[case].1 else { return None };
            let (floor, reached) = (self.in_grain(price.floor.as_ref()?), self.in_grain(&price.total(&sum)));
            return Some(if reached < floor { floor - reached } else { BigUint::from(0u8) });
        }
        let charge = self.at_close.iter().find(|charge| charge.label == counter.label)?;
        let last = reports.last()?;
        let quantity = match charge.aggregate {
            Aggregate::Sum => sum,
            Aggregate::Highest => reports.iter().max()?.clone(),
            Aggregate::Average => (sum + reports.len() - 1u8) / reports.len(), // rounded up
            Aggregate::Last => last.clone(),
        };
        let reached = |band: &&Band| band.upto.as_ref().is_none_or(|upto| quantity <= *upto);
        let Band { rate, ratio, .. } = charge.bands.iter().find(reached)?;
        Some(self.in_grain(&if *rate { ratio * BigInt::from(quantity) } else { ratio.clone() }))
    }
}

/// An exact total of the currency as payable amounts: multiples of `smallest`, which is above zero.
/// `HalfUp` and `Up` go away from zero, `Down` towards it.
pub fn rounded(total: &BigRational, smallest: &BigRational, mode: Rounding) -> BigInt {
    let exact = total / smallest;
    let zero = BigRational::from_integer(0.into());
    if exact < zero {
        return -rounded(&-total, smallest, mode);
    }
    let below = exact.to_integer();
    let rest = exact.fract();
    let half = BigRational::new(1.into(), 2.into());
    let up = match mode {
        Rounding::Down => false,
        Rounding::Up => rest > zero,
        Rounding::HalfUp => rest >= half,
        Rounding::HalfEven => rest > half || rest == half && below.bit(0),
    };
    below + BigInt::from(u8::from(up))
}

/// What a charge makes due: the rounded running total after it less the rounded running total before it.
pub fn due(before: &BigRational, charge: &BigRational, smallest: &BigRational, mode: Rounding) -> BigInt {
    rounded(&(before + charge), smallest, mode) - rounded(before, smallest, mode)
}

/// What is payable to each share of a running total of payable amounts (at least zero) while the sharing bucket is
/// open: the floor of the exact entitlement. The rest, below the number of shares, is residue.
pub fn shares(total: &BigInt, ratios: &[BigRational]) -> Vec<BigInt> {
    ratios.iter().map(|ratio| (ratio * total).to_integer()).collect()
}

/// The same at the close of the bucket: the residue goes out by largest remainder, ties in the order of the clause.
/// The parts sum to `total`, for ratios that sum to 1.
pub fn shares_at_close(total: &BigInt, ratios: &[BigRational]) -> Vec<BigInt> {
    let mut parts = shares(total, ratios);
    let mut by_remainder: Vec<usize> = (0..ratios.len()).collect();
    by_remainder.sort_by_key(|i| std::cmp::Reverse((&ratios[*i] * total).fract())); // stable: ties keep their order
    let mut residue = total - parts.iter().sum::<BigInt>();
    for i in by_remainder {
        if residue > BigInt::from(0u8) {
            parts[i] += 1;
            residue -= 1;
        }
    }
    parts
}
