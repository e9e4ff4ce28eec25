//! Finding a name's number: a hash table whose buckets are searched by halves, so that even names chosen to collide
//! cost no more than a binary search.

use alloc::vec;
use alloc::vec::Vec;

/// Names numbered from 0.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// All names in one piece, in the order of the numbers.
    text: Vec<u8>,
    /// Where each name starts, and the end.
    starts: Vec<u32>,
    /// Numbers by bucket, within a bucket by name.
    ids: Vec<u32>,
    /// Where each bucket starts in `ids`, and the end.
    buckets: Vec<u32>,
    mask: u32,
}

fn four(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |b| u64::from(u32::from_le_bytes(*b)))
}

fn eight(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |b| u64::from_le_bytes(*b))
}

#[inline]
fn mix(a: u64, b: u64) -> u64 {
    let wide = u128::from(a ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(u128::from(b ^ 0xd1b5_4a32_d192_ed03));
    (wide as u64) ^ ((wide >> 64) as u64)
}

/// A fixed hash, the same on every machine; short names take one multiplication.
#[inline]
fn hash(name: &str) -> u32 {
    let bytes = name.as_bytes();
    let n = bytes.len();
    let tail = |k: usize| bytes.get(n.saturating_sub(k)..).unwrap_or_default();
    let at = |i: usize| u64::from(bytes.get(i).copied().unwrap_or(0));
    let h = if n >= 8 {
        let mut h = n as u64;
        for chunk in bytes.chunks_exact(8) {
            h = mix(h, eight(chunk));
        }
        mix(h, eight(tail(8)))
    } else if n >= 4 {
        mix(n as u64 | four(bytes) << 8, four(tail(4)))
    } else {
        mix(n as u64, at(0) | at(n / 2) << 8 | at(n.saturating_sub(1)) << 16)
    };
    (h ^ (h >> 32)) as u32
}

impl Names {
    /// Numbers `names` in their order; they are distinct and fewer than 2^31.
    pub(crate) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut out = Self { starts: vec![0], ..Self::default() };
        let mut keyed: Vec<(u32, &str, u32)> = Vec::new();
        for (i, name) in names.enumerate() {
            out.text.extend_from_slice(name.as_bytes());
            out.starts.push(out.text.len() as u32);
            keyed.push((hash(name), name, i as u32));
        }
        let buckets = (keyed.len() * 3).next_power_of_two();
        out.mask = buckets as u32 - 1;
        for k in &mut keyed {
            k.0 &= out.mask;
        }
        keyed.sort_unstable();
        out.ids = keyed.iter().map(|k| k.2).collect();
        let start = |b: u32| keyed.partition_point(|k| k.0 < b) as u32;
        out.buckets = (0..=buckets as u32).map(start).collect();
        out
    }

    /// The name of a number.
    fn name(&self, id: u32) -> &[u8] {
        let at = |i: usize| self.starts.get(i).map_or(0, |s| *s as usize);
        self.text.get(at(id as usize)..at(id as usize + 1)).unwrap_or_default()
    }

    /// The number of a name.
    #[inline]
    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        let bucket = (hash(name) & self.mask) as usize;
        let at = |i: usize| self.buckets.get(i).map_or(0, |b| *b as usize);
        let ids = self.ids.get(at(bucket)..at(bucket + 1))?;
        match ids {
            [] => None,
            [id] => (self.name(*id) == name.as_bytes()).then_some(*id),
            _ => {
                let i = ids.binary_search_by(|id| self.name(*id).cmp(name.as_bytes())).ok()?;
                ids.get(i).copied()
            }
        }
    }

    /// How many names.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Heap bytes.
    pub(crate) fn size(&self) -> usize {
        self.text.len() + 4 * self.starts.len() + 4 * (self.ids.len() + self.buckets.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::format;
    use alloc::string::String;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_what_is_there_and_nothing_else(names in prop::collection::btree_set("[a-c]{0,20}", 0..200), other in "[a-d]{0,20}") {
            let table = Names::new(names.iter().map(String::as_str));
            for (i, name) in names.iter().enumerate() {
                prop_assert_eq!(table.find(name), Some(i as u32));
            }
            prop_assert_eq!(table.find(&other).is_some(), names.contains(&other));
        }
    }

    #[test]
    fn names_that_collide_are_found_too() {
        let all: Vec<String> = (0..200_000).map(|i| format!("n{i}")).collect();
        let names: BTreeSet<&str> =
            all.iter().map(String::as_str).filter(|n| hash(n) & 511 == 7).take(256).collect();
        assert_eq!(names.len(), 256);
        let table = Names::new(names.iter().copied());
        assert!(names.iter().enumerate().all(|(i, n)| table.find(n) == Some(i as u32)));
        assert_eq!(table.find("x"), None);
    }
}
