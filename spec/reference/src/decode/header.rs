//! Section 2: headers.

use std::collections::BTreeSet;

use super::piece::*;
use crate::cbor::Item;
use crate::core::{Anchor, Fact, FactKind, Key, Money, Period, Point, Rounding, Term, Unit, Window};

/// Kind, name, capsule: what assets are sorted by. The evaluation does not use them.
pub(super) fn asset(item: &Item) -> Res<(String, String, Option<Vec<u8>>)> {
    match list(item)? {
        [kind, called] => Ok((name(kind)?, name(called)?, None)),
        [kind, called, capsule] => Ok((name(kind)?, name(called)?, Some(hash(capsule)?))),
        _ => unknown("an asset"),
    }
}

pub(super) fn party(item: &Item) -> Res<String> {
    let [handle, about] = list(item)? else { return unknown("a party") };
    let about = Fields::of(about, 1)?;
    for (_, value) in about.0 {
        if text(value)?.is_empty() {
            return unknown("a binding");
        }
    }
    if about.0.is_empty() { unknown("a bound party") } else { name(handle) }
}

pub(super) fn vocabulary(item: &Item) -> Res<String> {
    let [called, version, id] = list(item)? else { return unknown("a vocabulary") };
    name(version)?;
    hash(id)?;
    name(called)
}

pub(super) fn axes(item: &Item) -> Res<[Vec<Term>; 3]> {
    let map = Fields::of(item, 2)?;
    Ok([axis(&map, 0)?, axis(&map, 1)?, axis(&map, 2)?])
}

pub(super) fn axis(map: &Fields, key: u64) -> Res<Vec<Term>> {
    let count = map.get(key).map_or(Ok(0), |item| list(item).map(<[Item]>::len))?;
    let term = |item: &Item| {
        let [called, parents] = list(item)? else { return unknown("a term") };
        let parents = list(parents)?.iter().map(|parent| index(parent, count)).collect::<Res<Vec<_>>>()?;
        if parents.len() > 255 {
            return Err("more than 255 parents".into());
        }
        ascending(parents.iter())?;
        Ok((name(called)?, parents))
    };
    let terms = sorted(map, key, 4096, term, |(name, _)| name.clone())?;
    no_cycle(&terms)?;
    let parents: BTreeSet<usize> = terms.iter().flat_map(|(_, parents)| parents.clone()).collect();
    let terms = terms.into_iter().enumerate();
    Ok(terms
        .map(|(i, (name, above))| Term { name, root: above.is_empty(), inner: parents.contains(&i) })
        .collect())
}

/// Takes away terms whose parents are all away, until nothing is left.
pub(super) fn no_cycle(terms: &[(String, Vec<usize>)]) -> Res<()> {
    let mut waits: Vec<usize> = terms.iter().map(|(_, parents)| parents.len()).collect();
    let mut children = vec![vec![]; terms.len()];
    for (child, (_, parents)) in terms.iter().enumerate() {
        for parent in parents {
            children[*parent].push(child);
        }
    }
    let mut ready: Vec<usize> = (0..terms.len()).filter(|term| waits[*term] == 0).collect();
    let mut away = 0;
    while let Some(term) = ready.pop() {
        away += 1;
        for child in &children[term] {
            waits[*child] -= 1;
            if waits[*child] == 0 {
                ready.push(*child);
            }
        }
    }
    if away == terms.len() { Ok(()) } else { Err("a term above itself".into()) }
}

pub(super) fn unit(item: &Item) -> Res<Unit> {
    let [called, highest] = list(item)? else { return unknown("a unit") };
    Ok(Unit { name: name(called)?, highest: nat(highest)? })
}

pub(super) fn fact(item: &Item) -> Res<Fact> {
    let items = list(item)?;
    let kind = match items {
        [_, Item::Uint(1)] => FactKind::YesNo,
        [_, Item::Uint(2), lowest, highest] => {
            FactKind::Count { lowest: nat(lowest)?, highest: nat(highest)? }
        }
        [_, Item::Uint(3)] => FactKind::Text,
        [_, Item::Uint(4)] => FactKind::Party,
        [_, Item::Uint(5)] => FactKind::Kind,
        _ => return unknown("a fact"),
    };
    if let FactKind::Count { lowest, highest } = &kind
        && lowest > highest
    {
        return Err("a range without a number".into());
    }
    Ok(Fact { name: name(&items[0])?, kind })
}

pub(super) fn money(item: &Item) -> Res<Money> {
    let map = Fields::of(item, 3)?;
    let smallest = ratio(map.need(1)?)?;
    if smallest.numer() == &0.into() {
        return Err("a smallest amount of zero".into());
    }
    let rounding = match uint(map.need(2)?)? {
        1 => Rounding::HalfEven,
        2 => Rounding::HalfUp,
        3 => Rounding::Down,
        4 => Rounding::Up,
        _ => return unknown("a rounding"),
    };
    Ok(Money { currency: name(map.need(0)?)?, smallest, rounding, settled: bucket(map.need(3)?, true)? })
}

/// A window of a bucket of money: settlement also knows `call`.
pub(super) fn bucket(item: &Item, settlement: bool) -> Res<Window> {
    use Window::*;
    match (uint(item)?, settlement) {
        (n @ 1..=6, _) => Ok([Day, Week, Month, Quarter, Year, Term][n as usize - 1]),
        (7, true) => Ok(Call),
        _ => unknown("a window"),
    }
}

/// A window of a counter.
pub(super) fn window(item: &Item) -> Res<Window> {
    match uint(item)? {
        8 => Ok(Window::Second),
        9 => Ok(Window::Minute),
        10 => Ok(Window::Hour),
        11 => Ok(Window::Renewal),
        _ => bucket(item, false),
    }
}

pub(super) fn key(item: &Item) -> Res<Key> {
    match uint(item)? {
        1 => Ok(Key::User),
        2 => Ok(Key::Organisation),
        3 => Ok(Key::Licensee),
        _ => unknown("a key"),
    }
}

pub(super) fn term(item: &Item) -> Res<[Option<Point>; 2]> {
    let map = Fields::of(item, 1)?;
    let [from, until] = [0, 1].map(|key| map.get(key).map(point).transpose());
    match from? {
        Some(Point::Anchored(Anchor::FirstUse, _)) => Err("a term from the first use".into()),
        from => Ok([from, until?]),
    }
}

pub(super) fn point(item: &Item) -> Res<Point> {
    match list(item)? {
        [Item::Uint(1), Item::Uint(days)] if *days < 2_932_897 => Ok(Point::Date(*days)),
        [Item::Uint(2), Item::Uint(t)] if *t < 2_932_897 * 86_400_000_000 => Ok(Point::Instant(*t)),
        [Item::Uint(3), anchor, after] => {
            let anchor = match uint(anchor)? {
                1 => Anchor::Grant,
                2 => Anchor::FirstUse,
                3 => Anchor::Release,
                _ => return unknown("an anchor"),
            };
            Ok(Point::Anchored(anchor, period(after)?))
        }
        _ => unknown("a point before the year 10000"),
    }
}

pub(super) fn revocability(item: &Item) -> Res<Option<Period>> {
    match list(item)? {
        [Item::Uint(1)] => Ok(None),
        [Item::Uint(2), notice] | [Item::Uint(2), notice, Item::Uint(1)] => Ok(Some(period(notice)?)),
        _ => unknown("a revocability"),
    }
}

pub(super) fn period(item: &Item) -> Res<Period> {
    match list(item)? {
        [n, Item::Uint(1)] => Ok(Period::Seconds(uint(n)?)),
        [n, Item::Uint(2)] => Ok(Period::Days(uint(n)?)),
        [n, Item::Uint(3)] => Ok(Period::Months(uint(n)?)),
        _ => unknown("a period"),
    }
}

/// A period above zero.
pub(super) fn some_time(item: &Item) -> Res<Period> {
    match period(item)? {
        Period::Seconds(0) | Period::Days(0) | Period::Months(0) => Err("a period of zero".into()),
        period => Ok(period),
    }
}
