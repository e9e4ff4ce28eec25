//! Part two, section 6: who has which part of what falls due.

use num_bigint::BigInt;
use num_rational::BigRational;

use crate::core::Core;

/// First cuts, royalties, then shares, each in its order; or why the clauses do not make parts.
pub(crate) fn parts(core: &Core) -> Result<Vec<(String, BigRational)>, String> {
    let whole = BigRational::from_integer(1.into());
    let first: Vec<_> = core.split.iter().flat_map(|split| split.first.clone()).collect();
    let mut cut = BigRational::from_integer(0.into());
    for (_, part) in &first {
        cut = fraction(cut + part)?;
    }
    let base = fraction(&whole - cut)?;

    let has = had(core, &base)?;
    let (mut left, mut kept) = (base, has.clone());
    for (royalty, part) in core.royalties.iter().zip(&has) {
        let from = royalty.of.map_or(&mut left, |entry| &mut kept[entry]);
        *from = fraction(&*from - part)?;
    }
    let royalties = core.royalties.iter().map(|royalty| royalty.handle.clone()).zip(kept);

    let shares = match &core.split {
        Some(split) => split.shares.clone(),
        None => vec![(core.licensor.clone(), whole)],
    };
    let shares = shares.into_iter().map(|(handle, share)| Ok((handle, fraction(share * &left)?)));
    let shares = shares.collect::<Result<Vec<_>, String>>()?;
    Ok(first.into_iter().chain(royalties).chain(shares).collect())
}

/// What each royalty has before others are taken of it.
fn had(core: &Core, base: &BigRational) -> Result<Vec<BigRational>, String> {
    let mut has: Vec<Option<BigRational>> = vec![None; core.royalties.len()];
    // A round finds at least one more, as long as there is one that is not part of a circle.
    for _ in 0..has.len() {
        for (i, royalty) in core.royalties.iter().enumerate() {
            let of = royalty.of.map_or(Some(base), |entry| has[entry].as_ref());
            if let (Some(of), None) = (of, &has[i]) {
                has[i] = Some(fraction(&royalty.ratio * of)?);
            }
        }
    }
    has.into_iter().map(|part| part.ok_or_else(|| "royalties in a circle".to_owned())).collect()
}

/// Parts, and the sums and differences on the way to them, are not negative, and small enough to be counted with.
fn fraction(part: BigRational) -> Result<BigRational, String> {
    if part < BigRational::from_integer(0.into()) {
        return Err("parts that are more than the whole".into());
    }
    let too_large = |n: &BigInt| n.bits() > 127;
    if too_large(part.numer()) || too_large(part.denom()) {
        return Err("a part whose numerator or denominator reaches 2^127".into());
    }
    Ok(part)
}
