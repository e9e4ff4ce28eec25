//! Money: running totals, what falls due, and who gets it (`spec/ledger.md`, section 4).
//!
//! A running total is exact: a number of parts of 1/grain of the currency. Rounding exists only here, between a
//! total and its minor units, and is cumulative: an event makes due `round(total after) - round(total before)`,
//! so the sum of what fell due never drifts from the rounded total. Totals are net: a correction or reversal takes
//! away, and a total below zero is rounded like its absolute value. What gifts pay falls due to nobody, what prepaid
//! credit pays falls due but is not payable in cash. Who gets what fell due is the matter of [`crate::parts`].

use core::cmp::Ordering;

use licit_receipt::Due;

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

/// Exact running totals, net of what was taken back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exact {
    /// What was charged, in parts of 1/grain of the currency.
    pub charged: i128,
    /// What gifts paid of it, in parts of credit ([`Scale::credit_grain`]).
    pub gifted: i128,
    /// What other prepaid credit paid of it, in parts of credit.
    pub prepaid: i128,
}

/// Minor units that an event moves, or that totals come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Due: `round(charged - gifted)`. It is what the parts share.
    pub due: i128,
    /// Payable in cash: `round(charged - gifted - prepaid)`.
    pub payable: i128,
}

impl Moved {
    /// Both together; none if it does not fit.
    pub fn plus(self, other: Moved) -> Option<Moved> {
        Some(Moved {
            due: self.due.checked_add(other.due)?,
            payable: self.payable.checked_add(other.payable)?,
        })
    }

    /// What is left without the other; none if it does not fit.
    pub fn minus(self, other: Moved) -> Option<Moved> {
        Some(Moved {
            due: self.due.checked_sub(other.due)?,
            payable: self.payable.checked_sub(other.payable)?,
        })
    }
}

impl Exact {
    /// Both together; none if it does not fit.
    pub fn plus(self, change: Exact) -> Option<Exact> {
        Some(Exact {
            charged: self.charged.checked_add(change.charged)?,
            gifted: self.gifted.checked_add(change.gifted)?,
            prepaid: self.prepaid.checked_add(change.prepaid)?,
        })
    }
}

/// What a receipt says of money that moves: the sign stands with the minor units, and with none of them it is lost; the
/// lines of the kept part have it always.
pub fn due_of(minor: i128) -> Due {
    Due { negative: minor < 0, minor: minor.unsigned_abs() }
}

/// The minor units of a receipt, with their sign; none from 2^127 on.
pub fn minor_of(due: Due) -> Option<i128> {
    with_sign(due.negative, due.minor)
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
                let (quotient, rest) = divide(parts, divisor)?;
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

    /// Parts of credit in one unit of the currency: the least common multiple of the grain and the smallest payable
    /// amount's denominator, so that both a price and a payment are a whole number of them. None from 2^128 on.
    pub fn credit_grain(&self) -> Option<u128> {
        u128::from(self.grain).checked_mul(self.up)
    }

    /// Parts of credit in one part of 1/grain.
    pub fn credit_per_part(&self) -> u128 {
        self.up
    }

    /// Minor units in parts of credit; none from 2^127 on.
    pub fn credit_of_minor(&self, minor: u128) -> Option<i128> {
        let parts = u128::from(self.down).checked_mul(self.minor.numerator)?.checked_mul(minor)?;
        i128::try_from(parts).ok()
    }

    /// An exact amount in parts of 1/grain as parts of credit; none if it does not fit.
    pub fn credit_of(&self, amount: i128) -> Option<i128> {
        amount.checked_mul(i128::try_from(self.up).ok()?)
    }

    /// Parts of credit as whole parts of 1/grain, rounded down: what a use may cost at most.
    pub fn within_credit(&self, parts: u128) -> u128 {
        parts.checked_div(self.up).unwrap_or(0)
    }

    /// What falls due of exact totals, and what of it is payable in cash; none if it does not fit.
    pub fn rounded(&self, exact: Exact) -> Option<Moved> {
        let due = self.round_net(exact.charged, &[exact.gifted])?;
        let payable = match exact.prepaid {
            0 => due,
            prepaid => self.round_net(exact.charged, &[exact.gifted, prepaid])?,
        };
        Some(Moved { due, payable })
    }

    /// What a change moves on top of running totals. Both of the same bucket; a call settled by itself is a bucket.
    pub fn moved(&self, before: Exact, change: Exact) -> Option<Moved> {
        let (after, before) = (self.rounded(before.plus(change)?)?, self.rounded(before)?);
        after.minus(before)
    }

    /// `charged - credit` in minor units, rounded; the sign plays no part in how.
    fn round_net(&self, charged: i128, credit: &[i128]) -> Option<i128> {
        if credit.iter().all(|parts| *parts == 0) {
            return with_sign(charged < 0, self.round(charged.unsigned_abs())?);
        }
        let (negative, net) = self.net(charged, credit);
        let divisor = self.divisor();
        let (quotient, rest) = match (net.narrow(), divisor.narrow()) {
            (Some(net), Some(divisor)) => {
                let (quotient, rest) = divide(net, divisor)?;
                (quotient, Wide::product(&[rest]))
            }
            _ => {
                let (quotient, rest) = net.div_rem(divisor)?;
                (quotient.narrow()?, rest)
            }
        };
        let half = rest.cmp(&divisor.minus(rest));
        with_sign(negative, self.nudge(quotient, rest == Wide::product(&[0]), half)?)
    }

    /// `charged - credit` in parts of credit: whether it is below zero, and how much it is.
    fn net(&self, charged: i128, credit: &[i128]) -> (bool, Wide) {
        let (mut plus, mut minus) = (Wide::product(&[0]), Wide::product(&[0]));
        let mut add = |negative: bool, amount: Wide| {
            let sum = if negative { &mut minus } else { &mut plus };
            *sum = sum.plus(amount);
        };
        add(charged < 0, Wide::product(&[charged.unsigned_abs(), self.up]));
        for parts in credit {
            add(*parts >= 0, Wide::product(&[parts.unsigned_abs()]));
        }
        if plus < minus { (true, minus.minus(plus)) } else { (false, plus.minus(minus)) }
    }

    /// What rounding left out of `charged - gifted` (or put in): exactly, over the grain of credit; none if it does
    /// not fit.
    pub fn rounding_of(&self, exact: Exact, due: i128) -> Option<Remainder> {
        let (negative, net) = self.net(exact.charged, &[exact.gifted]);
        let rounded = Wide::product(&[due.unsigned_abs(), u128::from(self.down), self.minor.numerator]);
        // net - due: both have a sign.
        let (negative, difference) = match (negative, due < 0) {
            (false, true) => (false, net.plus(rounded)),
            (true, false) => (true, net.plus(rounded)),
            (below, _) if net < rounded => (!below, rounded.minus(net)),
            (below, _) => (below, net.minus(rounded)),
        };
        let (numerator, denominator) = (difference.narrow()?, self.credit_grain()?);
        let common = gcd(numerator, denominator);
        let amount = Fraction {
            numerator: numerator.checked_div(common)?,
            denominator: denominator.checked_div(common)?,
        };
        Some(Remainder { negative: negative && numerator > 0, amount })
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

    fn divisor(&self) -> Wide {
        Wide::product(&[u128::from(self.down), self.minor.numerator])
    }
}

/// Quotient and remainder; none of a division by 0. Of small numbers it is much quicker in 64 bits.
fn divide(number: u128, divisor: u128) -> Option<(u128, u128)> {
    if let (Ok(number), Ok(divisor)) = (u64::try_from(number), u64::try_from(divisor)) {
        let (quotient, rest) = (number.checked_div(divisor)?, number.checked_rem(divisor)?);
        return Some((u128::from(quotient), u128::from(rest)));
    }
    Some((number.checked_div(divisor)?, number.checked_rem(divisor)?))
}

/// A magnitude with a sign; none from 2^127 on.
pub(crate) fn with_sign(negative: bool, magnitude: u128) -> Option<i128> {
    let value = i128::try_from(magnitude).ok()?;
    if negative { value.checked_neg() } else { Some(value) }
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
