//! Exact sums of fractions, for proving that shares make a whole and for dividing it.

use crate::limits::NAT;
use crate::parts::PartsError;
use alloc::vec;
use alloc::vec::Vec;

/// A natural number of any size, in digits of 32 bits, least significant first, without leading zeros.
#[derive(PartialEq, Eq)]
struct Big(Vec<u32>);

impl Big {
    fn times(&self, factor: u128) -> Self {
        let mut out = vec![0u32; self.0.len() + 4];
        for (i, digit) in self.0.iter().enumerate() {
            let mut carry = 0u64;
            for (j, out) in out.iter_mut().skip(i).enumerate() {
                let f = u64::from(factor.checked_shr(32 * j as u32).unwrap_or(0) as u32);
                if f == 0 && carry == 0 && j >= 4 {
                    break;
                }
                let sum = u64::from(*digit) * f + u64::from(*out) + carry;
                *out = sum as u32;
                carry = sum >> 32;
            }
        }
        Self(out).trimmed()
    }

    fn plus(&self, other: &Self) -> Self {
        let mut out = Vec::new();
        let mut carry = 0u64;
        for i in 0..=self.0.len().max(other.0.len()) {
            let digit = |b: &Self| u64::from(b.0.get(i).copied().unwrap_or(0));
            let sum = digit(self) + digit(other) + carry;
            out.push(sum as u32);
            carry = sum >> 32;
        }
        Self(out).trimmed()
    }

    fn trimmed(mut self) -> Self {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
        self
    }
}

/// Whether the fractions (numerator, denominator) sum to exactly 1. Time and memory grow with the square of their
/// number, which the caller has capped.
pub(crate) fn sum_is_one(fractions: impl Iterator<Item = (u128, u128)>) -> bool {
    let (mut num, mut den) = (Big(vec![]), Big(vec![1]));
    for (n, d) in fractions {
        num = num.times(d).plus(&den.times(n));
        den = den.times(d);
    }
    num == den && !den.0.is_empty()
}

/// Whether a fraction is in lowest terms with a denominator above 0; zero is 0/1.
pub(crate) fn lowest_terms(num: u128, den: u128) -> bool {
    den != 0 && gcd(num, den) == 1
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// A fraction in lowest terms; numerator and denominator are below 2^127, the denominator is not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fraction {
    pub(crate) num: u128,
    pub(crate) den: u128,
}

impl Fraction {
    pub(crate) const ZERO: Self = Self { num: 0, den: 1 };
    pub(crate) const ONE: Self = Self { num: 1, den: 1 };

    pub(crate) fn new(num: u128, den: u128) -> Result<Self, PartsError> {
        let common = gcd(num, den);
        match (num.checked_div(common), den.checked_div(common)) {
            (Some(num), Some(den)) if den > 0 => Self { num, den }.fit(),
            _ => Err(PartsError::TooLarge),
        }
    }

    fn fit(self) -> Result<Self, PartsError> {
        if self.num <= NAT && self.den <= NAT { Ok(self) } else { Err(PartsError::TooLarge) }
    }

    pub(crate) fn times(self, by: Self) -> Result<Self, PartsError> {
        // What is common is on opposite sides of the bars, so the product is in lowest terms.
        let (one, two) = (gcd(self.num, by.den), gcd(by.num, self.den));
        let num = (self.num / one).checked_mul(by.num / two).ok_or(PartsError::TooLarge)?;
        let den = (self.den / two).checked_mul(by.den / one).ok_or(PartsError::TooLarge)?;
        Self { num, den }.fit()
    }

    pub(crate) fn plus(self, other: Self) -> Result<Self, PartsError> {
        self.combine(other, |a, b| {
            let (low, carry) = a.1.overflowing_add(b.1);
            // Both are below 2^254.
            (a.0 + b.0 + u128::from(carry), low)
        })
    }

    pub(crate) fn minus(self, other: Self) -> Result<Self, PartsError> {
        let common = gcd(self.den, other.den);
        let left = wide(self.num, other.den / common);
        let right = wide(other.num, self.den / common);
        if left < right {
            return Err(PartsError::Negative);
        }
        self.combine(other, |a, b| {
            let (low, borrow) = a.1.overflowing_sub(b.1);
            (a.0 - b.0 - u128::from(borrow), low)
        })
    }

    /// `op` on the numerators over the common denominator, in lowest terms.
    fn combine(
        self,
        other: Self,
        op: impl FnOnce((u128, u128), (u128, u128)) -> (u128, u128),
    ) -> Result<Self, PartsError> {
        let common = gcd(self.den, other.den);
        let (mine, its) = (self.den / common, other.den / common);
        let sum = op(wide(self.num, its), wide(other.num, mine));
        // Only factors of `common` can be shared with the sum.
        let shared = gcd(divide(sum, common).1, common);
        let (quotient, _) = divide(sum, shared);
        let den = mine.checked_mul(other.den / shared).ok_or(PartsError::TooLarge)?;
        Self { num: quotient.ok_or(PartsError::TooLarge)?, den }.fit()
    }
}

/// The product as (high, low) halves of 256 bits.
fn wide(a: u128, b: u128) -> (u128, u128) {
    let half = |n: u128| (n >> 64, n & u128::from(u64::MAX));
    let ((a1, a0), (b1, b0)) = (half(a), half(b));
    let (low, mid, cross, high) = (a0 * b0, a1 * b0, a0 * b1, a1 * b1);
    let middle = (low >> 64) + half(mid).1 + half(cross).1;
    (high + half(mid).0 + half(cross).0 + half(middle).0, middle << 64 | half(low).1)
}

/// Quotient, if it is below 2^128, and remainder of 256 bits by a number above 0 and below 2^127.
fn divide((high, low): (u128, u128), by: u128) -> (Option<u128>, u128) {
    let (mut quotient, mut rest) = (0_u128, high % by);
    for bit in (0..128).rev() {
        rest = rest << 1 | low >> bit & 1;
        quotient <<= 1;
        if rest >= by {
            rest -= by;
            quotient |= 1;
        }
    }
    ((high < by).then_some(quotient), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums() {
        assert!(sum_is_one([(1, 3), (1, 3), (1, 3)].into_iter()));
        assert!(!sum_is_one([(1, 3), (1, 3)].into_iter()));
        assert!(!sum_is_one([].into_iter()));
        assert!(!sum_is_one([(0, 0)].into_iter()));
        let big = (1u128 << 127) - 1;
        assert!(sum_is_one([(1, big), (big - 1, big)].into_iter()));
        assert!(!sum_is_one([(2, big), (big - 1, big)].into_iter()));
        let other = (1u128 << 127) - 3;
        assert!(!sum_is_one([(1, big), (other - 1, other)].into_iter()));
        let fine = [(1, big), (big - 1, big), (1, other)];
        assert!(!sum_is_one(fine.into_iter()));
        assert!(sum_is_one(core::iter::repeat_n((1, 64), 64)));
    }

    #[test]
    fn fractions() {
        let f = |num, den| Fraction::new(num, den).unwrap();
        assert_eq!(f(1, 6).plus(f(1, 10)), Ok(f(4, 15)));
        assert_eq!(f(5, 6).minus(f(1, 10)), Ok(f(11, 15)));
        assert_eq!(f(1, 10).minus(f(5, 6)), Err(PartsError::Negative));
        assert_eq!(f(2, 4).times(f(2, 3)), Ok(f(1, 3)));
        let big = (1u128 << 127) - 1;
        assert_eq!(f(1, big).plus(f(big - 1, big)), Ok(Fraction::ONE));
        assert_eq!(Fraction::ONE.minus(f(1, big)), Ok(f(big - 1, big)));
        assert_eq!(f(big - 1, big).minus(f(big - 1, big)), Ok(Fraction::ZERO));
        // Large parts whose sum is small again: 3^80 is about 2^126.8.
        let three = 3u128.pow(80);
        assert_eq!(f(1, three).plus(f(three / 3 - 1, three)), Ok(f(1, 3)));
        assert_eq!(f(big, 1).plus(Fraction::ONE), Err(PartsError::TooLarge));
        assert_eq!(wide(u128::MAX, u128::MAX), (u128::MAX - 1, 1));
        assert_eq!(divide(wide(big, big - 1), big), (Some(big - 1), 0));
        assert_eq!(divide((7, 5), 7).0, None);
    }

    #[test]
    fn terms() {
        assert!(lowest_terms(0, 1) && lowest_terms(2, 3) && lowest_terms(1, 1));
        assert!(!lowest_terms(0, 2) && !lowest_terms(2, 4) && !lowest_terms(1, 0) && !lowest_terms(0, 0));
    }
}
