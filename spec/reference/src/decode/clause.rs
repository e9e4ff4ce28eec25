//! Sections 2, 4 and 5: clauses.

use std::cmp::Ordering;

use num_rational::BigRational;

use super::condition::Scope;
use super::header::{bucket, key, period, some_time, window};
use super::piece::*;
use crate::cbor::{self, Item};
use crate::core::Condition;
use crate::core::{Charge, Due, Duty, Graduated, Key, Limit, LimitOn, Money, Price, Split, Tier};

pub(super) fn rule(scope: &Scope, item: &Item) -> Res<(String, Condition)> {
    let [label, condition] = list(item)? else { return unknown("a rule") };
    Ok((name(label)?, scope.condition(condition)?.0))
}

pub(super) fn limit(scope: &Scope, item: &Item) -> Res<Limit> {
    let map = Fields::of(item, 8)?;
    let kind = uint(map.need(1)?)?;
    let kind_keys: &[u64] = match kind {
        1 => &[2, 3, 5],
        2 | 3 => &[3, 7],
        4 => &[5, 8],
        _ => return unknown("a kind of limit"),
    };
    if map.0.iter().any(|(key, _)| ![0, 1, 4, 6].contains(key) && !kind_keys.contains(key)) {
        return Err("a key of another kind of limit".into());
    }
    let whose = key(map.need(4)?)?;
    let on = match kind {
        1 => LimitOn::Sum {
            unit: index(map.need(2)?, scope.units)?,
            cap: nat(map.need(3)?)?,
            window: window(map.need(5)?)?,
        },
        2 => {
            some_time(map.need(7)?)?; // the lease
            LimitOn::AtOnce { cap: nat(map.need(3)?)? }
        }
        3 if whose == Key::User => return Err("seats of a user".into()),
        3 => {
            period(map.need(7)?)?; // how long a seat is held
            LimitOn::Seats { cap: nat(map.need(3)?)? }
        }
        _ => LimitOn::Spend { window: window(map.need(5)?)?, amount: ratio(map.need(8)?)? },
    };
    Ok(Limit { label: name(map.need(0)?)?, key: whose, guard: scope.guard(map.get(6))?, on })
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
        [Item::Uint(2), unit, whose, when, tiers] => {
            Ok(Price::Graduated(graduated(scope, [unit, whose, when, tiers])?))
        }
        [Item::Uint(3), of, whose, when] => {
            Ok(Price::Fee { ratio: ratio(of)?, key: key(whose)?, window: window(when)? })
        }
        [Item::Uint(4), unit, whose, when, tiers, bounds] => {
            let bounds = Fields::of(bounds, 1)?;
            let [cap, floor] = [0, 1].map(|key| bounds.get(key).map(ratio).transpose());
            let (cap, floor) = (cap?, floor?);
            match (&cap, &floor) {
                (None, None) => return unknown("a bound"),
                (Some(cap), Some(floor)) if floor > cap => return Err("a floor above the cap".into()),
                _ => {}
            }
            Ok(Price::Graduated(Graduated { cap, floor, ..graduated(scope, [unit, whose, when, tiers])? }))
        }
        _ => unknown("a price"),
    }
}

fn graduated(scope: &Scope, [unit, whose, when, tiers]: [&Item; 4]) -> Res<Graduated> {
    Ok(Graduated {
        unit: index(unit, scope.units)?,
        key: key(whose)?,
        window: window(when)?,
        tiers: price_tiers(list(tiers)?)?,
        cap: None,
        floor: None,
    })
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
    map.get(3).map(name).transpose()?; // a surface is a word of the text, so a name
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
    let map = Fields::of(item, 3)?;
    let share = |item: &Item| {
        let [handle, share] = list(item)? else { return unknown("a share") };
        Ok((name(handle)?, ratio(share)?))
    };
    let shares = each(&map, 0, 64, share)?;
    if shares.iter().map(|(_, share)| share).sum::<BigRational>() != BigRational::from_integer(1.into()) {
        return Err("shares that are not the whole".into());
    }
    let window = map.get(1).map(|item| bucket(item, false)).transpose()?;
    if window.is_some() && window == money.map(|money| money.settled) {
        return Err("a sharing window that is the settlement window".into());
    }
    let first = at("first cuts", each(&map, 3, 64, share))?;
    Ok(Split { shares, window, label: name(map.need(2)?)?, first })
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
