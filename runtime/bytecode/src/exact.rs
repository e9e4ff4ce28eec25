//! Exact sums of fractions, for proving that shares make a whole.

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
    let (mut a, mut b) = (num, den);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    den != 0 && a == 1
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
    fn terms() {
        assert!(lowest_terms(0, 1) && lowest_terms(2, 3) && lowest_terms(1, 1));
        assert!(!lowest_terms(0, 2) && !lowest_terms(2, 4) && !lowest_terms(1, 0) && !lowest_terms(0, 0));
    }
}
