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

use alloc::string::String;
use alloc::vec::Vec;

use licit_receipt::Hash;
use licit_vm::Manifest;
use licit_vm::bytecode::parts::{Part, Payee};

use crate::money::{Fraction, compare, gcd, with_sign};
use crate::wide::Wide;

/// Who has a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// By what right.
    pub role: Role,
    /// Without `@`.
    pub handle: String,
    /// The part of what falls due.
    pub fraction: Fraction,
}

/// By what right somebody has a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A first cut.
    FirstCut,
    /// A royalty to another licence.
    Royalty(Hash),
    /// A share of the split.
    Share,
    /// The licensor, where there is no split.
    Licensor,
}

impl Role {
    /// The name people read.
    pub fn name(&self) -> &'static str {
        match self {
            Role::FirstCut => "first cut",
            Role::Royalty(_) => "royalty",
            Role::Share => "share",
            Role::Licensor => "licensor",
        }
    }
}

/// Who has what of a licence's charges, in the order that decides ties.
pub fn parties(manifest: &Manifest) -> Vec<Party> {
    let licensor = |fraction| Party { role: Role::Licensor, handle: manifest.licensor.clone(), fraction };
    if manifest.parts.is_empty() {
        return alloc::vec![licensor(Fraction { numerator: 1, denominator: 1 })];
    }
    let shares = manifest.split.as_ref().map_or(&[][..], |split| &split.shares);
    let party = |part: &Part| {
        let fraction = Fraction { numerator: part.num, denominator: part.den };
        let (role, handle) = match part.to {
            Payee::FirstCut(at) => {
                let cut = manifest.split.as_ref().and_then(|split| split.first_cuts.get(at as usize));
                (Role::FirstCut, cut.map(|cut| cut.handle.clone()))
            }
            Payee::Royalty(at) => {
                let royalty = manifest.royalties.get(at as usize);
                let licence = royalty.map(|royalty| royalty.licence).unwrap_or_default();
                (Role::Royalty(licence), royalty.map(|royalty| royalty.handle.clone()))
            }
            Payee::Share(at) => (Role::Share, shares.get(at as usize).map(|share| share.handle.clone())),
            Payee::Licensor => return licensor(fraction),
        };
        Party { role, handle: handle.unwrap_or_default(), fraction }
    };
    manifest.parts.iter().map(party).collect()
}

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
