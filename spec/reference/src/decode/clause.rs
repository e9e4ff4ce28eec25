//! Sections 2, 4 and 5: clauses.

use std::cmp::Ordering;

use num_rational::BigRational;

use super::condition::Scope;
use super::header::{key, period, window};
use super::piece::*;
use crate::cbor::{self, Item};
use crate::core::Condition;
use crate::core::{Charge, Due, Duty, Limit, Money, Price, Split, Tier};

pub(super) fn rule(scope: &Scope, item: &Item) -> Res<(String, Condition)> {
    let [label, condition] = list(item)? else { return unknown("a rule") };
    Ok((name(label)?, scope.condition(condition)?.0))
}

pub(super) fn limit(scope: &Scope, item: &Item) -> Res<Limit> {
    let map = Fields::of(item, 6)?;
    if uint(map.need(1)?)? != 1 {
        return unknown("a kind of limit");
    }
    Ok(Limit {
        label: name(map.need(0)?)?,
        unit: index(map.need(2)?, scope.units)?,
        cap: nat(map.need(3)?)?,
        key: key(map.need(4)?)?,
        window: window(map.need(5)?, false)?,
        guard: scope.guard(map.get(6))?,
    })
}

pub(super) fn charge(scope: &Scope, item: &Item) -> Res<Charge> {
    let map = Fields::of(item, 2)?;
    let (label, by_case) = (name(map.need(0)?)?, flag(map.get(2))?);
    let cases = each(&map, 1, 256, |item| {
        let [condition, what] = list(item)? else { return unknown("a case") };
        Ok((scope.condition(condition)?.0, price(scope, what)?))
    })?;
    let items = list(map.need(1)?)?;
    if !items.is_sorted_by(|a, b| case_order(a, b, scope.definitions).is_lt()) {
        return Err("cases out of order, or twice".into());
    }
    if !by_case && items.len() != 1 {
        return Err("several cases, and not by case".into());
    }
    Ok(Charge { label, cases, by_case })
}

/// Section 4: cases are sorted by their encoded bytes, in which each `[5, index]` is written `[5, condition]`.
fn case_order(a: &Item, b: &Item, definitions: &[Item]) -> Ordering {
    match (a, b) {
        (Item::Array(a), Item::Array(b)) if a.len() == 2 && b.len() == 2 => {
            written_out(&a[0], &b[0], definitions).then_with(|| cbor::write(&a[1]).cmp(&cbor::write(&b[1])))
        }
        _ => Ordering::Equal, // not a case, which is refused elsewhere
    }
}

/// The order of two conditions so written. Encodings of items are free of prefixes, so the first part that differs
/// decides. Definitions are distinct: of two different ones, what they stand for decides at once, and nothing is
/// written out twice.
fn written_out(a: &Item, b: &Item, definitions: &[Item]) -> Ordering {
    let (Item::Array(these), Item::Array(those)) = (a, b) else {
        return cbor::write(a).cmp(&cbor::write(b));
    };
    if let ([Item::Uint(5), this], [Item::Uint(5), that]) = (these.as_slice(), those.as_slice()) {
        let meaning = |item| index(item, definitions.len()).map(|i| &definitions[i]);
        return match (meaning(this), meaning(that)) {
            (Ok(this), Ok(that)) if !std::ptr::eq(this, that) => written_out(this, that, definitions),
            _ => Ordering::Equal,
        };
    }
    // The length of an array stands before its items.
    let mut parts = these.iter().zip(those).map(|(this, that)| written_out(this, that, definitions));
    these.len().cmp(&those.len()).then_with(|| parts.find(|order| order.is_ne()).unwrap_or(Ordering::Equal))
}

pub(super) fn price(scope: &Scope, item: &Item) -> Res<Price> {
    match list(item)? {
        [Item::Uint(0)] => Ok(Price::Free),
        [Item::Uint(1), unit, of] => Ok(Price::Rate { unit: index(unit, scope.units)?, ratio: ratio(of)? }),
        [Item::Uint(2), unit, whose, when, tiers] => Ok(Price::Graduated {
            unit: index(unit, scope.units)?,
            key: key(whose)?,
            window: window(when, false)?,
            tiers: price_tiers(list(tiers)?)?,
        }),
        _ => unknown("a price"),
    }
}

pub(super) fn price_tiers(items: &[Item]) -> Res<Vec<Tier>> {
    if !(1..=256).contains(&items.len()) {
        return unknown("1 to 256 tiers");
    }
    let last = items.len() - 1;
    let tier = |(i, item): (usize, &Item)| match list(item)? {
        [width, of] if i < last => Ok(Tier { width: Some(nat(width)?), ratio: ratio(of)? }),
        [of] if i == last => Ok(Tier { width: None, ratio: ratio(of)? }),
        _ => unknown("a tier"),
    };
    items.iter().enumerate().map(tier).collect()
}

pub(super) fn duty(scope: &Scope, item: &Item) -> Res<Duty> {
    let map = Fields::of(item, 9)?;
    name(map.need(1)?)?;
    map.get(2).map(text).transpose()?;
    map.get(3).map(text).transpose()?;
    let [yes, unsure] = list(map.need(5)?)? else { return unknown("acts") };
    let due = match (uint(map.need(7)?)?, map.get(8)) {
        (1, Some(within)) => Due::AfterFirst(period(within)?),
        (2, Some(within)) => Due::AfterEach(period(within)?),
        (3, None) => Due::AtEach,
        _ => return unknown("a mode with its period"),
    };
    Ok(Duty {
        label: name(map.need(0)?)?,
        recipient: map.get(4).map(name).transpose()?,
        acts: membership(yes, unsure, scope.terms[0])?,
        guard: scope.guard(map.get(6))?,
        due,
        else_suspend: flag(map.get(9))?,
    })
}

pub(super) fn split(item: &Item, money: Option<&Money>) -> Res<Split> {
    let map = Fields::of(item, 2)?;
    let share = |item: &Item| {
        let [handle, share] = list(item)? else { return unknown("a share") };
        Ok((name(handle)?, ratio(share)?))
    };
    let shares = each(&map, 0, 64, share)?;
    if shares.iter().map(|(_, share)| share).sum::<BigRational>() != BigRational::from_integer(1.into()) {
        return Err("shares that are not the whole".into());
    }
    let window = map.get(1).map(|item| window(item, false)).transpose()?;
    if window.is_some() && window == money.map(|money| money.settled) {
        return Err("a sharing window that is the settlement window".into());
    }
    Ok(Split { shares, window, label: name(map.need(2)?)? })
}

pub(super) fn free(scope: &Scope, item: &Item) -> Res<(String, Vec<usize>)> {
    let [label, units] = list(item)? else { return unknown("a free clause") };
    let units = list(units)?.iter().map(|unit| index(unit, scope.units)).collect::<Res<Vec<_>>>()?;
    if units.is_empty() {
        return Err("a free clause without units".into());
    }
    ascending(units.iter())?;
    Ok((name(label)?, units))
}
