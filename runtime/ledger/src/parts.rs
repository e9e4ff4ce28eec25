//! Who has what of what fell due (`spec/ledger.md`, section 4).
//!
//! The parts of a licence are fixed fractions that sum to one: first cuts, royalties, shares, or the licensor alone
//! (`spec/core-wider.md`, section 6). Of D minor units that fell due in a sharing bucket each part has the whole minor
//! units of its exact `fraction x D`; what is left over is the residue. At close the residue goes, one minor unit each,
//! to the largest remainders, ties in the order of the parts.
//!
//! All of it depends on D alone, so order, batching and repetition of events cannot change it; what a correction moves
//! is the difference of two such divisions. A negative D is divided like its absolute value, with the sign put back.
//!
//! *Invariant:* whatever comes out sums to what went in; a list of fractions that is not a whole gives none.

use alloc::vec::Vec;

use crate::money::{Fraction, compare, gcd, with_sign};
use crate::wide::Wide;

/// What every part has of a sum of minor units, and what nobody has yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allocation {
    /// Minor units by part.
    pub parts: Vec<i128>,
    /// Minor units that nobody has: what fell due less the sum of `parts`.
    pub residue: i128,
}

/// The parts of an open sharing bucket; the residue is held. None where the fractions come to more than the whole.
pub fn allocate(due: i128, fractions: &[Fraction]) -> Option<Allocation> {
    let mut residue = due.unsigned_abs();
    let mut parts = Vec::with_capacity(fractions.len());
    for fraction in fractions {
        let (floor, _) = part(due.unsigned_abs(), *fraction)?;
        residue = residue.checked_sub(floor)?;
        parts.push(with_sign(due < 0, floor)?);
    }
    Some(Allocation { parts, residue: with_sign(due < 0, residue)? })
}

/// The parts of a sharing bucket that is closed; they sum to what fell due. None where the fractions do not sum to one
/// (as far as this sum shows it).
pub fn at_close(due: i128, fractions: &[Fraction]) -> Option<Vec<i128>> {
    let whole = due.unsigned_abs();
    let mut residue = whole;
    let mut parts = Vec::with_capacity(fractions.len());
    let mut order = Vec::with_capacity(fractions.len());
    for (index, fraction) in fractions.iter().enumerate() {
        let (floor, rest) = part(whole, *fraction)?;
        residue = residue.checked_sub(floor)?;
        parts.push(floor);
        order.push((index, rest));
    }
    // A stable sort keeps ties in the order of the parts.
    order.sort_by(|(_, a), (_, b)| compare(*b, *a));
    for (index, rest) in order {
        if residue == 0 || rest.numerator == 0 {
            break;
        }
        let part = parts.get_mut(index)?;
        *part = part.checked_add(1)?;
        residue = residue.checked_sub(1)?;
    }
    if residue > 0 {
        return None;
    }
    parts.into_iter().map(|part| with_sign(due < 0, part)).collect()
}

/// What a change of a closed bucket moves: the parts of `after` less those of `before`. They sum to `after - before`.
pub fn moved_after_close(before: i128, after: i128, fractions: &[Fraction]) -> Option<Vec<i128>> {
    let had = at_close(before, fractions)?;
    let has = at_close(after, fractions)?;
    has.into_iter().zip(had).map(|(has, had)| has.checked_sub(had)).collect()
}

/// The sum of parts; none if it does not fit.
pub fn sum(parts: &[i128]) -> Option<i128> {
    parts.iter().try_fold(0i128, |sum, part| sum.checked_add(*part))
}

/// The whole minor units of `fraction * due`, and the fraction left over.
fn part(due: u128, fraction: Fraction) -> Option<(u128, Fraction)> {
    let common = gcd(due, fraction.denominator);
    let (due, denominator) = (due.checked_div(common)?, fraction.denominator.checked_div(common)?);
    let (quotient, rest) = match due.checked_mul(fraction.numerator) {
        Some(product) => (product.checked_div(denominator)?, product.checked_rem(denominator)?),
        None => {
            let product = Wide::product(&[due, fraction.numerator]);
            let (quotient, rest) = product.div_rem(Wide::product(&[denominator]))?;
            (quotient.narrow()?, rest.narrow()?)
        }
    };
    Some((quotient, Fraction { numerator: rest, denominator }))
}
