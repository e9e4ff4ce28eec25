//! The parts of a charge (`spec/core-wider.md` section 6): first cuts, royalties and shares as fixed fractions.

use crate::exact::Fraction;
use crate::table::{Basis, Module};
use alloc::vec;
use alloc::vec::Vec;

/// Who has a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payee {
    /// A first cut, by its place in the clause.
    FirstCut(u32),
    /// A royalty, by its place in the list.
    Royalty(u32),
    /// A share of the split, by its place in the clause.
    Share(u32),
    /// The licensor, where there is no split.
    Licensor,
}

/// A part of whatever falls due, in lowest terms; numerator and denominator are below 2^127.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Who has it.
    pub to: Payee,
    /// Numerator.
    pub num: u128,
    /// Denominator.
    pub den: u128,
}

/// Why a charge cannot be divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartsError {
    /// A royalty is a part of itself, or of one that is not there.
    Basis(u32),
    /// More is given away than there is.
    Negative,
    /// A fraction's numerator or denominator reaches 2^127, or a denominator is zero.
    TooLarge,
}

/// A royalty: numerator, denominator, and the place of the royalty it is a part of, if it is not one of the charges.
pub type RoyaltyPart = (u128, u128, Option<u32>);

/// Divides a charge. `cuts` and `shares` are numerators and denominators; with no share what is left is the licensor's.
/// The parts are in the order that decides ties and sum to 1 if the shares do. Time grows with the lengths of the
/// lists, which the caller caps.
///
/// # Errors
/// See [`PartsError`]; sums are formed in the order of the lists and every fraction on the way counts.
pub fn divide(
    cuts: &[(u128, u128)],
    royalties: &[RoyaltyPart],
    shares: &[(u128, u128)],
) -> Result<Vec<Part>, PartsError> {
    let mut out = Vec::new();
    let mut first = Fraction::ZERO;
    for ((num, den), i) in cuts.iter().zip(0..) {
        let cut = Fraction::new(*num, *den)?;
        first = first.plus(cut)?;
        out.push(cut.part(Payee::FirstCut(i)));
    }
    let base = Fraction::ONE.minus(first)?;
    let gross = gross(royalties, base)?;
    let mut net = gross.clone();
    let mut left = base;
    for ((_, _, of), whole) in royalties.iter().zip(&gross) {
        match of {
            None => left = left.minus(*whole)?,
            Some(of) => {
                let from = net.get_mut(*of as usize).ok_or(PartsError::Basis(*of))?;
                *from = from.minus(*whole)?;
            }
        }
    }
    out.extend(net.iter().zip(0..).map(|(net, i)| net.part(Payee::Royalty(i))));
    for ((num, den), i) in shares.iter().zip(0..) {
        out.push(left.times(Fraction::new(*num, *den)?)?.part(Payee::Share(i)));
    }
    if shares.is_empty() {
        out.push(left.part(Payee::Licensor));
    }
    Ok(out)
}

/// What each royalty has before others come out of it.
fn gross(royalties: &[RoyaltyPart], base: Fraction) -> Result<Vec<Fraction>, PartsError> {
    let mut known: Vec<Option<Fraction>> = vec![None; royalties.len()];
    let mut way = Vec::new();
    for start in 0..royalties.len() as u32 {
        // Up to one that is known or a part of the charges, then down again.
        let mut at = Some(start);
        while let Some(i) = at {
            if known.get(i as usize).copied().flatten().is_some() {
                break;
            }
            let (_, _, of) = royalties.get(i as usize).ok_or(PartsError::Basis(start))?;
            if way.len() >= royalties.len() {
                return Err(PartsError::Basis(start));
            }
            way.push(i);
            at = *of;
        }
        let mut whole = at.and_then(|i| known.get(i as usize).copied().flatten()).unwrap_or(base);
        while let Some(i) = way.pop() {
            let (Some((num, den, _)), Some(slot)) = (royalties.get(i as usize), known.get_mut(i as usize))
            else {
                return Err(PartsError::Basis(i));
            };
            whole = whole.times(Fraction::new(*num, *den)?)?;
            *slot = Some(whole);
        }
    }
    Ok(known.into_iter().flatten().collect())
}

/// The parts of what a module charges; nothing if it names nobody but the licensor.
///
/// # Errors
/// As [`divide`]; a verified module gives none.
pub fn parts(m: &Module) -> Result<Vec<Part>, PartsError> {
    if m.split.is_empty() && m.royalty.is_empty() {
        return Ok(Vec::new());
    }
    let cuts: Vec<(u128, u128)> = m.first_cut.iter().map(|c| (c.num, c.den)).collect();
    let royalty = |r: &crate::table::Royalty| {
        let of = match r.basis {
            Basis::Charges {} => None,
            Basis::Royalty { of } => Some(of),
        };
        (r.num, r.den, of)
    };
    let royalties: Vec<RoyaltyPart> = m.royalty.iter().map(royalty).collect();
    let shares: Vec<(u128, u128)> =
        m.split.iter().flat_map(|s| s.shares.iter().map(|s| (s.num, s.den))).collect();
    divide(&cuts, &royalties, &shares)
}

impl Fraction {
    fn part(self, to: Payee) -> Part {
        Part { to, num: self.num, den: self.den }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use core::fmt::Write;

    fn shown(cuts: &[(u128, u128)], royalties: &[RoyaltyPart], shares: &[(u128, u128)]) -> String {
        match divide(cuts, royalties, shares) {
            Ok(parts) => parts.iter().fold(String::new(), |mut out, p| {
                let _ = write!(out, "{:?} {}/{}; ", p.to, p.num, p.den);
                out
            }),
            Err(e) => alloc::format!("{e:?}"),
        }
    }

    #[test]
    fn cuts_come_off_before_royalties_and_shares() {
        assert_eq!(shown(&[], &[], &[(1, 3), (2, 3)]), "Share(0) 1/3; Share(1) 2/3; ");
        assert_eq!(shown(&[], &[(1, 10, None)], &[]), "Royalty(0) 1/10; Licensor 9/10; ");
        // 10 % off, then 20 % of the rest, half of that onwards, and what is left in two.
        let parts = shown(&[(1, 10)], &[(1, 5, None), (1, 2, Some(0))], &[(1, 4), (3, 4)]);
        assert_eq!(
            parts,
            "FirstCut(0) 1/10; Royalty(0) 9/100; Royalty(1) 9/100; Share(0) 9/50; Share(1) 27/50; "
        );
        // A basis may come later in the list; everything may be given away.
        assert_eq!(
            shown(&[], &[(1, 1, Some(1)), (1, 1, None)], &[]),
            "Royalty(0) 1/1; Royalty(1) 0/1; Licensor 0/1; "
        );
        assert_eq!(
            shown(&[(1, 1)], &[(3, 1, None)], &[(1, 1)]),
            "FirstCut(0) 1/1; Royalty(0) 0/1; Share(0) 0/1; "
        );
    }

    proptest::proptest! {
        /// Nothing is lost and nothing is made: the parts are the whole, whoever stands on whom.
        #[test]
        fn parts_are_the_whole(
            cuts in proptest::collection::vec(0..30_u128, 0..4),
            royalties in proptest::collection::vec((0..30_u128, proptest::option::of(0..6_u32)), 0..6),
            shares in 1..5_u128,
        ) {
            let cuts: Vec<_> = cuts.into_iter().map(|n| (n, 100)).collect();
            let royalties: Vec<_> = royalties.into_iter().map(|(n, of)| (n, 100, of)).collect();
            let shares: Vec<_> = (0..shares).map(|_| (1, shares)).collect();
            match divide(&cuts, &royalties, &shares) {
                Ok(parts) => {
                    let sum = parts.iter().try_fold(Fraction::ZERO, |sum, p| sum.plus(Fraction::new(p.num, p.den)?));
                    proptest::prop_assert_eq!(sum, Ok(Fraction::ONE));
                    proptest::prop_assert_eq!(parts.len(), cuts.len() + royalties.len() + shares.len());
                }
                Err(PartsError::Basis(_)) => {
                    // One of them leads nowhere or back to itself: following the bases never ends at the charges.
                    let next = |at: u32| royalties.get(at as usize).and_then(|(_, _, of)| *of);
                    let lost = |start: u32| {
                        let mut at = Some(start);
                        for _ in 0..=royalties.len() {
                            match at {
                                Some(i) if (i as usize) < royalties.len() => at = next(i),
                                Some(_) => return true,
                                None => return false,
                            }
                        }
                        true
                    };
                    proptest::prop_assert!((0..royalties.len() as u32).any(lost));
                }
                Err(PartsError::Negative) => {
                    let more = royalties.iter().map(|(n, _, _)| n).sum::<u128>() > 100;
                    proptest::prop_assert!(more, "30 % thrice and more");
                }
                Err(PartsError::TooLarge) => proptest::prop_assert!(false, "small fractions stay small"),
            }
        }
    }

    #[test]
    fn what_cannot_be_divided() {
        assert_eq!(shown(&[(2, 3), (2, 3)], &[], &[]), "Negative");
        assert_eq!(shown(&[], &[(2, 3, None), (2, 3, None)], &[]), "Negative");
        assert_eq!(shown(&[], &[(1, 2, None), (2, 3, Some(0)), (2, 3, Some(0))], &[]), "Negative");
        assert_eq!(shown(&[], &[(1, 2, Some(0))], &[]), "Basis(0)");
        assert_eq!(shown(&[], &[(1, 2, None), (1, 2, Some(2)), (1, 2, Some(1))], &[]), "Basis(1)");
        assert_eq!(shown(&[], &[(1, 2, Some(1))], &[]), "Basis(0)");
        assert_eq!(shown(&[(0, 0)], &[], &[]), "TooLarge");
        let most = (1 << 127) - 1;
        assert_eq!(shown(&[], &[(1, most, None), (1, 2, Some(0))], &[]), "TooLarge");
        assert_eq!(shown(&[(1, most), (1, most - 2)], &[], &[]), "TooLarge");
        // The largest that fits.
        assert_eq!(
            shown(&[(1, most)], &[], &[(1, 1)]),
            alloc::format!("FirstCut(0) 1/{most}; Share(0) {}/{most}; ", most - 1)
        );
    }
}
