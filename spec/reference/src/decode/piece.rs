//! Section 1: the pieces of the encoding.

use num_bigint::BigUint;
use num_rational::BigRational;

use crate::cbor::Item;
use crate::core::{Bits, Membership};

pub(super) type Res<T> = Result<T, String>;

/// The entries of a map with keys up to a highest one.
pub(super) struct Fields<'a>(pub &'a [(u64, Item)]);

impl<'a> Fields<'a> {
    pub fn of(item: &'a Item, highest: u64) -> Res<Fields<'a>> {
        match item {
            Item::Map(entries) if entries.last().is_none_or(|(key, _)| *key <= highest) => {
                Ok(Fields(entries))
            }
            Item::Map(_) => Err("an unknown key".into()),
            _ => Err("not a map".into()),
        }
    }

    pub fn get(&self, key: u64) -> Option<&'a Item> {
        self.0.iter().find(|(k, _)| *k == key).map(|(_, item)| item)
    }

    pub fn need(&self, key: u64) -> Res<&'a Item> {
        self.get(key).ok_or_else(|| format!("key {key} is missing"))
    }
}

pub(super) fn at<T>(place: &str, result: Res<T>) -> Res<T> {
    result.map_err(|error| format!("{place}: {error}"))
}

pub(super) fn unknown<T>(what: &str) -> Res<T> {
    Err(format!("not {what}"))
}

pub(super) fn list(item: &Item) -> Res<&[Item]> {
    match item {
        Item::Array(items) => Ok(items),
        _ => unknown("an array"),
    }
}

/// The array under a key, or nothing; each item is named in errors by its number.
pub(super) fn each<T>(
    map: &Fields,
    key: u64,
    most: usize,
    mut read: impl FnMut(&Item) -> Res<T>,
) -> Res<Vec<T>> {
    let items = map.get(key).map_or(Ok(&[][..]), list)?;
    if items.len() > most {
        return Err(format!("more than {most}"));
    }
    items.iter().enumerate().map(|(i, item)| at(&i.to_string(), read(item))).collect()
}

/// The same, for an array that ascends by a part of its items.
pub(super) fn sorted<T, K: Ord>(
    map: &Fields,
    key: u64,
    most: usize,
    read: impl FnMut(&Item) -> Res<T>,
    part: impl Fn(&T) -> K,
) -> Res<Vec<T>> {
    let all = each(map, key, most, read)?;
    ascending(all.iter().map(part))?;
    Ok(all)
}

pub(super) fn ascending<K: Ord>(parts: impl Iterator<Item = K>) -> Res<()> {
    if parts.is_sorted_by(|a, b| a < b) { Ok(()) } else { Err("out of order, or twice".into()) }
}

pub(super) fn uint(item: &Item) -> Res<u64> {
    match item {
        Item::Uint(n) => Ok(*n),
        _ => unknown("an unsigned integer"),
    }
}

/// A key that is there only to say yes.
pub(super) fn flag(item: Option<&Item>) -> Res<bool> {
    match item {
        None => Ok(false),
        Some(Item::Uint(1)) => Ok(true),
        Some(_) => unknown("1"),
    }
}

pub(super) fn index(item: &Item, below: usize) -> Res<usize> {
    match usize::try_from(uint(item)?) {
        Ok(i) if i < below => Ok(i),
        _ => Err("an index of nothing".into()),
    }
}

pub(super) fn text(item: &Item) -> Res<String> {
    match item {
        Item::Text(text) => Ok(text.clone()),
        _ => unknown("a text"),
    }
}

pub(super) fn name(item: &Item) -> Res<String> {
    match text(item)? {
        text if (1..=255).contains(&text.len()) && !text.bytes().any(|b| b < 0x20 || b == 0x7f) => Ok(text),
        _ => unknown("a name of 1 to 255 bytes without control characters"),
    }
}

pub(super) fn hash(item: &Item) -> Res<Vec<u8>> {
    match item {
        Item::Bytes(bytes) if bytes.len() == 32 => Ok(bytes.clone()),
        _ => unknown("a hash of 32 bytes"),
    }
}

pub(super) fn nat(item: &Item) -> Res<BigUint> {
    match item {
        Item::Uint(n) => Ok(BigUint::from(*n)),
        Item::Bytes(b) if (9..=16).contains(&b.len()) && b[0] != 0 && (b.len() < 16 || b[0] < 0x80) => {
            Ok(BigUint::from_bytes_be(b))
        }
        _ => unknown("a natural number below 2^127"),
    }
}

pub(super) fn ratio(item: &Item) -> Res<BigRational> {
    let [n, d] = list(item)? else { return unknown("a ratio") };
    let (n, d) = (nat(n)?, nat(d)?);
    if d == BigUint::from(0u8) {
        return Err("a ratio over zero".into());
    }
    let ratio = BigRational::new(n.into(), d.clone().into());
    if *ratio.denom() == d.into() { Ok(ratio) } else { Err("a ratio not in lowest terms".into()) }
}

pub(super) fn bits(item: &Item, members: usize) -> Res<Bits> {
    let Item::Bytes(bytes) = item else { return unknown("a set") };
    if bytes.last() == Some(&0) {
        return Err("a set with a zero byte at its end".into());
    }
    let set = Bits(bytes.clone());
    if (members..8 * bytes.len()).any(|member| set.contains(member)) {
        return Err("a set with a member that does not exist".into());
    }
    Ok(set)
}

/// Y and U: disjoint sets of leaves.
pub(super) fn membership(yes: &Item, unknown: &Item, leaves: usize) -> Res<Membership> {
    let (yes, unknown) = (bits(yes, leaves)?, bits(unknown, leaves)?);
    if yes.meets(&unknown) {
        return Err("a leaf that is both in and unknown".into());
    }
    Ok(Membership { yes, unknown })
}
