//! Money: running totals, what falls due, and who gets it (`spec/ledger.md`, section 4).
//!
//! A running total is exact: a number of parts of 1/grain of the currency. Rounding exists only here, between a
//! total and its minor units, and is cumulative: an event makes due `round(total after) - round(total before)`,
//! so the sum of what fell due never drifts from the rounded total. Shares are floors of each payee's exact part
//! of what fell due so far; what is left over is held as residue until the sharing bucket closes.

use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::wide::Wide;

/// How a running total becomes minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest, ties to the even neighbour.
    HalfEven,
    /// To the nearest, ties away from zero.
    HalfUp,
    /// Toward zero.
    Down,
    /// Away from zero.
    Up,
}

/// An exact fraction, `numerator / denominator`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fraction {
    /// Above the line.
    pub numerator: u128,
    /// Below it, at least 1.
    pub denominator: u128,
}

/// Turns exact amounts of one licence into minor units of its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    grain: u64,
    minor: Fraction,
    rounding: Rounding,
    /// `grain / gcd` and `minor.denominator / gcd`: minor units are `total * up / (down * minor.numerator)`.
    down: u64,
    up: u128,
}

/// The part of a total that rounding left out (or put in): `total - due`, as a fraction of the currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remainder {
    /// More fell due than the exact total.
    pub negative: bool,
    /// How much, in lowest terms.
    pub amount: Fraction,
}

impl Scale {
    /// Of a grain (parts that make one unit of the currency) and the smallest payable amount; none if one is zero.
    pub fn new(grain: u64, minor: Fraction, rounding: Rounding) -> Option<Scale> {
        let common = gcd(u128::from(grain), minor.denominator);
        if grain == 0 || minor.numerator == 0 || minor.denominator == 0 {
            return None;
        }
        Some(Scale {
            grain,
            minor,
            rounding,
            down: (u128::from(grain) / common) as u64,
            up: minor.denominator / common,
        })
    }

    /// Parts that make one unit of the currency.
    pub fn grain(&self) -> u64 {
        self.grain
    }

    /// The smallest payable amount, in units of the currency.
    pub fn minor(&self) -> Fraction {
        self.minor
    }

    /// How totals are rounded.
    pub fn rounding(&self) -> Rounding {
        self.rounding
    }

    /// The rounded total in minor units; none if it does not fit 128 bits.
    pub fn round(&self, total: u128) -> Option<u128> {
        let narrow = total.checked_mul(self.up).zip(u128::from(self.down).checked_mul(self.minor.numerator));
        match narrow {
            Some((parts, divisor)) => {
                let (quotient, rest) = (parts.checked_div(divisor)?, parts.checked_rem(divisor)?);
                let half = rest.cmp(&(divisor - rest));
                self.nudge(quotient, rest == 0, half)
            }
            None => {
                let divisor = self.divisor();
                let (quotient, rest) = Wide::product(&[total, self.up]).div_rem(divisor)?;
                let half = rest.cmp(&divisor.minus(rest));
                self.nudge(quotient.narrow()?, rest == Wide::product(&[0]), half)
            }
        }
    }

    fn nudge(&self, floor: u128, exact: bool, half: Ordering) -> Option<u128> {
        let up = match (self.rounding, half) {
            _ if exact => false,
            (Rounding::Down, _) | (Rounding::HalfEven | Rounding::HalfUp, Ordering::Less) => false,
            (Rounding::HalfEven, Ordering::Equal) => floor % 2 == 1,
            _ => true,
        };
        floor.checked_add(u128::from(up))
    }

    /// What an amount makes due on top of a running total: minor units before and after. Both in the same bucket.
    pub fn due(&self, before: u128, amount: u128) -> Option<u128> {
        let after = self.round(before.checked_add(amount)?)?;
        after.checked_sub(self.round(before)?)
    }

    /// `total - due`, exactly; none if it does not fit 128 bits over 128 bits.
    pub fn remainder(&self, total: u128, due: u128) -> Option<Remainder> {
        // total/grain - due * minor, over the denominator grain * minor.denominator / gcd.
        let exact = Wide::product(&[total, self.up]);
        let rounded = Wide::product(&[due, u128::from(self.down), self.minor.numerator]);
        let negative = exact < rounded;
        let difference = if negative { rounded.minus(exact) } else { exact.minus(rounded) };
        let denominator = u128::from(self.grain).checked_mul(self.up)?;
        let numerator = difference.narrow()?;
        let common = gcd(numerator, denominator);
        Some(Remainder {
            negative,
            amount: Fraction { numerator: numerator / common, denominator: denominator / common },
        })
    }

    /// Whether `due` is `total` in minor units to within less than one: what every bucket that rounds once holds.
    pub fn within_one(&self, total: u128, due: u128) -> bool {
        let exact = Wide::product(&[total, self.up]);
        let rounded = Wide::product(&[due, u128::from(self.down), self.minor.numerator]);
        let difference = if exact < rounded { rounded.minus(exact) } else { exact.minus(rounded) };
        difference < self.divisor()
    }

    fn divisor(&self) -> Wide {
        Wide::product(&[u128::from(self.down), self.minor.numerator])
    }
}

/// What each payee of a split gets of a sum of minor units, and what is held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// Minor units by payee, in the order of the split.
    pub payable: Vec<u128>,
    /// Minor units that nobody has yet: `due` less the sum of `payable`.
    pub residue: u128,
}

/// The floors of every payee's exact part of `due` minor units; the residue is held.
///
/// None where the shares come to more than the whole (a module whose shares were never proved).
pub fn share(due: u128, shares: &[Fraction]) -> Option<Allocation> {
    let mut residue = due;
    let mut payable = Vec::with_capacity(shares.len());
    for share in shares {
        let (floor, _) = part(due, *share)?;
        residue = residue.checked_sub(floor)?;
        payable.push(floor);
    }
    Some(Allocation { payable, residue })
}

/// As [`share`] when the bucket closes: the residue goes, one minor unit each, to the largest remainders, ties in
/// the order of the split. Shares that sum to one leave no residue.
pub fn share_at_close(due: u128, shares: &[Fraction]) -> Option<Allocation> {
    let mut allocation = share(due, shares)?;
    let mut order = Vec::with_capacity(shares.len());
    for (index, share) in shares.iter().enumerate() {
        let (_, rest) = part(due, *share)?;
        order.push((index, rest));
    }
    // A stable sort keeps ties in the order of the split.
    order.sort_by(|(_, a), (_, b)| compare(*b, *a));
    for (index, rest) in order {
        let Some(left) = allocation.residue.checked_sub(1).filter(|_| rest.numerator > 0) else { break };
        if let Some(payable) = allocation.payable.get_mut(index) {
            *payable = payable.checked_add(1)?;
            allocation.residue = left;
        }
    }
    Some(allocation)
}

/// The whole minor units of `share * due`, and the fraction left over.
fn part(due: u128, share: Fraction) -> Option<(u128, Fraction)> {
    let common = gcd(due, share.denominator);
    let (due, denominator) = (due / common, share.denominator / common);
    let (quotient, rest) = match due.checked_mul(share.numerator) {
        Some(product) => (product.checked_div(denominator)?, product.checked_rem(denominator)?),
        None => {
            let product = Wide::product(&[due, share.numerator]);
            let (quotient, rest) = product.div_rem(Wide::product(&[denominator]))?;
            (quotient.narrow()?, rest.narrow()?)
        }
    };
    Some((quotient, Fraction { numerator: rest, denominator }))
}

/// Compares two fractions exactly.
pub fn compare(a: Fraction, b: Fraction) -> Ordering {
    let left = Wide::product(&[a.numerator, b.denominator]);
    left.cmp(&Wide::product(&[b.numerator, a.denominator]))
}

/// The greatest common divisor, at least 1.
pub(crate) fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}
