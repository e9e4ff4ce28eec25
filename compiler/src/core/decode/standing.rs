//! The keys of `spec/core-wider.md`.

use super::super::reader::{DecodeError, DecodeErrorKind, Decoded, Reader};
use super::super::*;
use super::{cond, period, tier};

pub(super) fn renewal(r: &mut Reader<'_>) -> Decoded<Renewal> {
    let start = r.at;
    let (mut length, mut grace, mut acts) = (Period::Days(0), None, None);
    r.map(&[0], |r, key| {
        match key {
            0 => length = period(r)?,
            1 => grace = Some(period(r)?),
            2 => {
                r.items(2..=2)?;
                acts = Some((r.bits()?, r.bits()?));
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let missing = |key| Err(DecodeError { offset: start, kind: DecodeErrorKind::MissingKey(key) });
    let grace = match (grace, acts) {
        (None, None) => None,
        (Some(period), Some((acts, acts_unknown))) => Some(Grace { period, acts, acts_unknown }),
        (None, Some(_)) => return missing(1),
        (Some(_), None) => return missing(2),
    };
    Ok(Renewal { period: length, grace })
}

pub(super) fn prepaid(r: &mut Reader<'_>) -> Decoded<Prepaid> {
    let mut prepaid = Prepaid { label: String::new(), key: Key::Licensee, guard: None };
    r.map(&[0, 1], |r, key| {
        match key {
            0 => prepaid.label = r.text()?,
            1 => prepaid.key = r.word()?,
            2 => prepaid.guard = Some(cond(r, 1)?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(prepaid)
}

pub(super) fn at_close(r: &mut Reader<'_>) -> Decoded<AtClose> {
    let mut charge = AtClose {
        label: String::new(),
        aggregate: Aggregate::Sum,
        unit: 0,
        key: Key::Licensee,
        window: Window::Term,
        bands: Vec::new(),
        guard: None,
    };
    r.map(&[0, 1, 2, 3, 4, 5], |r, key| {
        match key {
            0 => charge.label = r.text()?,
            1 => charge.aggregate = r.word()?,
            2 => charge.unit = r.index()?,
            3 => charge.key = r.word()?,
            4 => charge.window = r.word()?,
            5 => charge.bands = r.some(band)?,
            6 => charge.guard = Some(cond(r, 1)?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(charge)
}

fn band(r: &mut Reader<'_>) -> Decoded<Band> {
    let upto = if r.items(2..=3)? == 3 { Some(r.nat()?) } else { None };
    Ok(Band { upto, kind: r.word()?, amount: r.ratio()? })
}

pub(super) fn royalty(r: &mut Reader<'_>) -> Decoded<Royalty> {
    r.items(4..=4)?;
    let (licence, handle, part) = (r.digest()?, r.text()?, r.ratio()?);
    let basis = match r.index()? {
        0 => Basis::Charges,
        number => Basis::Royalty(number - 1),
    };
    Ok(Royalty { licence, handle, part, basis })
}

/// What follows the number of a bounded price.
pub(super) fn bounded(r: &mut Reader<'_>) -> Decoded<Price> {
    let (unit, key, window) = (r.index()?, r.word()?, r.word()?);
    let tiers = r.some(tier)?;
    let (mut cap, mut floor) = (None, None);
    r.map(&[], |r, key| {
        match key {
            0 => cap = Some(r.ratio()?),
            1 => floor = Some(r.ratio()?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(Price::Bounded { unit, key, window, tiers, cap, floor })
}
