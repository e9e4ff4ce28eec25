//! The Merkle tree of RFC 6962, section 2.1: growing it, and proving from it.
//!
//! [`Frontier`] is the least that appending needs (at most 64 hashes). Proofs need inner nodes: a [`NodeSource`]
//! answers for them, [`MemoryTree`] is one that keeps all (64 bytes a leaf). Only roots of *perfect* subtrees are
//! ever asked for; they never change once made, so a source may keep them in tiles on disk.

use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;

use crate::hash::{EMPTY_ROOT, Hash, node_hash};

/// The right edge of a tree: the roots of the perfect subtrees that its size splits into, largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    nodes: Vec<Hash>,
}

impl Frontier {
    /// The empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// A frontier stored earlier; none if a tree of this size does not have this many nodes.
    pub fn from_parts(size: u64, nodes: Vec<Hash>) -> Option<Self> {
        (nodes.len() == size.count_ones() as usize).then_some(Frontier { size, nodes })
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the perfect subtrees, largest (leftmost) first.
    pub fn nodes(&self) -> &[Hash] {
        &self.nodes
    }

    /// Adds a leaf by its hash and returns its index.
    pub fn append(&mut self, leaf: Hash) -> u64 {
        let index = self.size;
        let mut node = leaf;
        for _ in 0..index.trailing_ones() {
            if let Some(left) = self.nodes.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.nodes.push(node);
        self.size = index.saturating_add(1);
        index
    }

    /// The root of the tree at its present size.
    pub fn root(&self) -> Hash {
        fold_right(&self.nodes)
    }
}

/// The root over neighbouring perfect subtrees, largest first.
fn fold_right(nodes: &[Hash]) -> Hash {
    nodes.iter().rev().copied().reduce(|right, left| node_hash(&left, &right)).unwrap_or(EMPTY_ROOT)
}

/// Answers with roots of perfect subtrees.
pub trait NodeSource {
    /// Why a node could not be had.
    type Error;

    /// How many leaves the source has.
    fn size(&self) -> u64;

    /// The root over the `2^level` leaves from `index << level`; asked only where all of them exist.
    fn node(&self, level: u32, index: u64) -> Result<Hash, Self::Error>;
}

/// Why a proof was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProveError<E> {
    /// The tree asked about is larger than the source.
    TooLarge {
        /// The size asked about.
        size: u64,
        /// The source's size.
        have: u64,
    },
    /// The leaf, or the older tree, is not within the size asked about.
    OutOfRange {
        /// The leaf's index or the older size.
        asked: u64,
        /// The size asked about.
        size: u64,
    },
    /// The source failed.
    Source(E),
}

impl<E: fmt::Display> fmt::Display for ProveError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProveError::TooLarge { size, have } => write!(f, "the log has {have} leaves, asked about {size}"),
            ProveError::OutOfRange { asked, size } => {
                write!(f, "{asked} is not within a tree of {size} leaves")
            }
            ProveError::Source(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for ProveError<E> {}

/// The root of the tree over the first `size` leaves.
pub fn root<S: NodeSource>(source: &S, size: u64) -> Result<Hash, ProveError<S::Error>> {
    check_size(source, size)?;
    range_root(source, 0, size).map_err(ProveError::Source)
}

/// The audit path of leaf `index` in the tree over the first `size` leaves, from the leaf upwards.
pub fn inclusion<S: NodeSource>(
    source: &S,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, ProveError<S::Error>> {
    check_size(source, size)?;
    if index >= size {
        return Err(ProveError::OutOfRange { asked: index, size });
    }
    // Walk down from the root, noting the sibling at every step; the path is told from the leaf up.
    let mut path = Vec::new();
    let (mut start, mut count) = (0_u64, size);
    while count > 1 {
        let half = split(count);
        let middle = start ^ half;
        let sibling = if index < middle {
            let right = count.abs_diff(half);
            count = half;
            range_root(source, middle, right)
        } else {
            let left = start;
            start = middle;
            count = count.abs_diff(half);
            range_root(source, left, half)
        };
        path.push(sibling.map_err(ProveError::Source)?);
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree over the first `old` leaves is a prefix of the one over the first `size`; empty when
/// `old` is 0 or equal to `size`.
pub fn consistency<S: NodeSource>(
    source: &S,
    old: u64,
    size: u64,
) -> Result<Vec<Hash>, ProveError<S::Error>> {
    check_size(source, size)?;
    if old > size {
        return Err(ProveError::OutOfRange { asked: old, size });
    }
    let mut path = Vec::new();
    if old == 0 || old == size {
        return Ok(path);
    }
    // As for inclusion, towards the last leaf of the old tree, until a subtree ends where the old tree ends.
    let (mut start, mut count) = (0_u64, size);
    while start.abs_diff(old) != count {
        let half = split(count);
        let middle = start ^ half;
        let sibling = if old <= middle {
            let right = count.abs_diff(half);
            count = half;
            range_root(source, middle, right)
        } else {
            let left = start;
            start = middle;
            count = count.abs_diff(half);
            range_root(source, left, half)
        };
        path.push(sibling.map_err(ProveError::Source)?);
    }
    // Where that subtree is the whole old tree, the verifier has its root already.
    if start != 0 {
        path.push(range_root(source, start, count).map_err(ProveError::Source)?);
    }
    path.reverse();
    Ok(path)
}

fn check_size<S: NodeSource>(source: &S, size: u64) -> Result<(), ProveError<S::Error>> {
    let have = source.size();
    if size > have { Err(ProveError::TooLarge { size, have }) } else { Ok(()) }
}

/// The largest power of two that is smaller than `count`, which is at least 2.
fn split(count: u64) -> u64 {
    1 << count.saturating_sub(1).ilog2()
}

/// The root over `count` leaves from `start`, which is a multiple of a power of two not smaller than `count`
/// rounded up to one: so adding an offset below `count` is setting bits.
fn range_root<S: NodeSource>(source: &S, start: u64, count: u64) -> Result<Hash, S::Error> {
    let mut nodes = [EMPTY_ROOT; 64];
    let mut used = 0;
    let mut offset = start;
    for level in (0..u64::BITS).rev().filter(|level| count >> level & 1 == 1) {
        let node = source.node(level, offset >> level)?;
        if let Some(place) = nodes.get_mut(used) {
            *place = node;
            used = used.saturating_add(1);
        }
        offset |= 1 << level;
    }
    Ok(fold_right(nodes.get(..used).unwrap_or(&[])))
}

/// A tree that keeps the root of every perfect subtree in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryTree {
    /// `levels[l][i]` is the root over the `2^l` leaves from `i << l`; the first level is never missing a leaf.
    levels: Vec<Vec<Hash>>,
}

impl MemoryTree {
    /// The empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many leaves the tree has.
    pub fn len(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// Whether the tree has no leaf.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a leaf by its hash and returns its index.
    pub fn append(&mut self, leaf: Hash) -> u64 {
        let index = self.len();
        let mut node = leaf;
        let last = index.trailing_ones() as usize;
        if self.levels.len() <= last {
            self.levels.resize_with(last.saturating_add(1), Vec::new);
        }
        for (level, nodes) in self.levels.iter_mut().take(last.saturating_add(1)).enumerate() {
            let left = if level < last { nodes.last().copied() } else { None };
            nodes.push(node);
            if let Some(left) = left {
                node = node_hash(&left, &node);
            }
        }
        index
    }

    /// Drops every leaf from `size` on: a group of appends that did not reach the disk.
    pub fn truncate(&mut self, size: u64) {
        for (level, nodes) in self.levels.iter_mut().enumerate() {
            let kept = size.checked_shr(level as u32).unwrap_or(0);
            nodes.truncate(usize::try_from(kept).unwrap_or(usize::MAX));
        }
    }

    /// The root of the tree at its present size.
    pub fn root(&self) -> Hash {
        self.frontier().root()
    }

    /// The right edge of the tree.
    pub fn frontier(&self) -> Frontier {
        let size = self.len();
        let whole = |(level, nodes): (usize, &Vec<Hash>)| {
            let present = size.checked_shr(level as u32).unwrap_or(0) & 1 == 1;
            if present { nodes.last().copied() } else { None }
        };
        let mut nodes: Vec<Hash> = self.levels.iter().enumerate().filter_map(whole).collect();
        nodes.reverse();
        Frontier { size, nodes }
    }
}

impl NodeSource for MemoryTree {
    type Error = Infallible;

    fn size(&self) -> u64 {
        self.len()
    }

    fn node(&self, level: u32, index: u64) -> Result<Hash, Infallible> {
        let level = self.levels.get(level as usize);
        // The contract of the trait: asked only where the leaves exist.
        Ok(usize::try_from(index).ok().and_then(|index| level?.get(index).copied()).unwrap_or(EMPTY_ROOT))
    }
}
