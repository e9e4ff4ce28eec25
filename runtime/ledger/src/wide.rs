//! Integers of 768 bits, for the few products that 128 bits do not hold.
//!
//! Money multiplies at most three numbers below 2^128 on each side of a fraction, and a comparison of two such
//! fractions multiplies twice as many: 768 bits always suffice, so nothing here can overflow when used for that.

use core::cmp::Ordering;

const LIMBS: usize = 12;

/// An unsigned integer below 2^768, least significant limb first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wide([u64; LIMBS]);

impl Wide {
    /// The product of the factors; at most six.
    pub(crate) fn product(factors: &[u128]) -> Wide {
        debug_assert!(factors.len() <= LIMBS / 2, "the product may not fit");
        let mut one = [0; LIMBS];
        if let Some(first) = one.first_mut() {
            *first = 1;
        }
        factors.iter().fold(Wide(one), |product, factor| product.times(*factor))
    }

    fn times(self, factor: u128) -> Wide {
        let low = self.times_limb(factor as u64);
        let high = self.times_limb((factor >> 64) as u64).up_one_limb();
        low.plus(high)
    }

    fn times_limb(self, factor: u64) -> Wide {
        let mut carry: u128 = 0;
        Wide(self.0.map(|limb| {
            carry += u128::from(limb) * u128::from(factor);
            let low = carry as u64;
            carry >>= 64;
            low
        }))
    }

    fn up_one_limb(self) -> Wide {
        let mut last = 0;
        Wide(self.0.map(|limb| core::mem::replace(&mut last, limb)))
    }

    pub(crate) fn plus(self, other: Wide) -> Wide {
        let mut sum = self.0;
        let mut carry = false;
        for (limb, add) in sum.iter_mut().zip(other.0) {
            let (low, first) = limb.overflowing_add(add);
            let (low, second) = low.overflowing_add(u64::from(carry));
            *limb = low;
            carry = first || second;
        }
        Wide(sum)
    }

    /// `self - other`, which must not be negative.
    pub(crate) fn minus(self, other: Wide) -> Wide {
        let mut rest = self.0;
        let mut borrow = false;
        for (limb, sub) in rest.iter_mut().zip(other.0) {
            let (low, first) = limb.overflowing_sub(sub);
            let (low, second) = low.overflowing_sub(u64::from(borrow));
            *limb = low;
            borrow = first || second;
        }
        Wide(rest)
    }

    fn doubled(self, low_bit: bool) -> Wide {
        let mut carry = u64::from(low_bit);
        Wide(self.0.map(|limb| {
            let shifted = (limb << 1) | carry;
            carry = limb >> 63;
            shifted
        }))
    }

    /// Quotient and remainder, bit by bit; none where the divisor is 0.
    pub(crate) fn div_rem(self, divisor: Wide) -> Option<(Wide, Wide)> {
        let zero = Wide([0; LIMBS]);
        if divisor == zero {
            return None;
        }
        let (mut quotient, mut rest) = (zero, zero);
        // Leading zero limbs only shift zeros in.
        for limb in self.0.iter().rev().skip_while(|limb| **limb == 0) {
            for bit in (0..64).rev() {
                rest = rest.doubled((limb >> bit) & 1 == 1);
                let fits = rest >= divisor;
                if fits {
                    rest = rest.minus(divisor);
                }
                quotient = quotient.doubled(fits);
            }
        }
        Some((quotient, rest))
    }

    /// The number, if it is below 2^128.
    pub(crate) fn narrow(self) -> Option<u128> {
        let [low, high, rest @ ..] = self.0;
        rest.iter().all(|limb| *limb == 0).then_some(u128::from(high) << 64 | u128::from(low))
    }
}

impl PartialOrd for Wide {
    fn partial_cmp(&self, other: &Wide) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Wide {
    fn cmp(&self, other: &Wide) -> Ordering {
        self.0.iter().rev().cmp(other.0.iter().rev())
    }
}
