//! Part two, section 1: what stands longer than a call.

use super::condition::Scope;
use super::header::{key, period, some_time, window};
use super::piece::*;
use crate::cbor::Item;
use crate::core::{Aggregate, AtClose, Band, Condition, Period, Prepaid, Renewing, Royalty};

pub(super) fn renewal(scope: &Scope, item: &Item) -> Res<Renewing> {
    let map = Fields::of(item, 2)?;
    let length = some_time(map.need(0)?)?;
    if matches!(length, Period::Seconds(_)) {
        return Err("a renewal that is not in days or months".into());
    }
    let grace = match (map.get(1), map.get(2)) {
        (None, None) => None,
        (Some(grace), Some(acts)) => {
            let [yes, unsure] = list(acts)? else { return unknown("acts") };
            Some((some_time(grace)?, membership(yes, unsure, scope.terms[0])?))
        }
        _ => return Err("a grace without its acts, or acts without a grace".into()),
    };
    Ok(Renewing { period: length, grace })
}

pub(super) fn end(scope: &Scope, item: &Item) -> Res<(String, Condition)> {
    let [label, condition] = list(item)? else { return unknown("an end") };
    Ok((name(label)?, scope.condition(condition)?.0))
}

pub(super) fn prepaid(scope: &Scope, item: &Item) -> Res<Prepaid> {
    let map = Fields::of(item, 2)?;
    Ok(Prepaid { label: name(map.need(0)?)?, key: key(map.need(1)?)?, guard: scope.guard(map.get(2))? })
}

pub(super) fn at_close(scope: &Scope, item: &Item) -> Res<AtClose> {
    let map = Fields::of(item, 6)?;
    let aggregate = match uint(map.need(1)?)? {
        1 => Aggregate::Sum,
        2 => Aggregate::Highest,
        3 => Aggregate::Average,
        4 => Aggregate::Last,
        _ => return unknown("an aggregate"),
    };
    Ok(AtClose {
        label: name(map.need(0)?)?,
        aggregate,
        unit: index(map.need(2)?, scope.units)?,
        key: key(map.need(3)?)?,
        window: window(map.need(4)?)?,
        bands: bands(list(map.need(5)?)?)?,
        guard: scope.guard(map.get(6))?,
    })
}

/// The last band, and only that, has no end.
fn bands(items: &[Item]) -> Res<Vec<Band>> {
    if !(1..=256).contains(&items.len()) {
        return unknown("1 to 256 bands");
    }
    let last = items.len() - 1;
    let band = |(i, item): (usize, &Item)| {
        let (upto, kind, of) = match list(item)? {
            [upto, kind, of] if i < last => (Some(nat(upto)?), kind, of),
            [kind, of] if i == last => (None, kind, of),
            _ => return unknown("a band"),
        };
        let rate = match uint(kind)? {
            1 => true,
            2 => false,
            _ => return unknown("a kind of band"),
        };
        Ok(Band { upto, rate, ratio: ratio(of)? })
    };
    let bands = items.iter().enumerate().map(band).collect::<Res<Vec<_>>>()?;
    ascending(bands[..last].iter().map(|band| band.upto.clone()))?;
    Ok(bands)
}

/// Sorted by licence id and handle, each pair once; a basis is an entry.
pub(super) fn royalties(map: &Fields) -> Res<Vec<Royalty>> {
    let count = map.get(28).map_or(Ok(0), |item| list(item).map(<[Item]>::len))?;
    let royalty = |item: &Item| {
        let [licence, handle, of, basis] = list(item)? else { return unknown("a royalty") };
        let basis = match uint(basis)? {
            0 => None,
            _ => Some(index(basis, count + 1)? - 1),
        };
        Ok((hash(licence)?, Royalty { handle: name(handle)?, ratio: ratio(of)?, of: basis }))
    };
    let all = sorted(map, 28, 64, royalty, |(licence, royalty)| (licence.clone(), royalty.handle.clone()))?;
    Ok(all.into_iter().map(|(_, royalty)| royalty).collect())
}

/// Key 29: said, and for the ledger alone.
pub(super) fn corrections(item: &Item) -> Res<()> {
    period(item).map(|_| ())
}
