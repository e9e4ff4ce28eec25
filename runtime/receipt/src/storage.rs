//! The log over a store: leaves go in at the end, in order, and never change.
//!
//! A [`Storage`] keeps payloads. What it keeps them in, when they are durable and how a torn tail is mended are
//! its own affair; the gateway's file lives elsewhere, [`MemoryStorage`] is here. [`Log`] joins a store with the
//! tree over it.

use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;

use crate::hash::{Hash, leaf_hash};
use crate::tree::{Frontier, MemoryTree, ProveError, consistency, inclusion, root};

/// An append-only store of leaf payloads, indexed from 0 without gaps.
pub trait Storage {
    /// Why the store failed.
    type Error;

    /// How many leaves there are.
    fn len(&self) -> u64;

    /// Whether there is no leaf.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts a payload at the end and returns its index. A failure leaves the store as it was.
    fn append(&mut self, payload: &[u8]) -> Result<u64, Self::Error>;

    /// Replaces `out` with the payload at `index`, or returns false where there is none.
    fn read(&self, index: u64, out: &mut Vec<u8>) -> Result<bool, Self::Error>;

    /// Returns once every appended payload survives a crash.
    fn sync(&mut self) -> Result<(), Self::Error>;
}

/// A store in memory, durable until it is dropped.
#[derive(Clone, Debug, Default)]
pub struct MemoryStorage {
    leaves: Vec<Vec<u8>>,
}

impl MemoryStorage {
    /// The empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Storage for MemoryStorage {
    type Error = Infallible;

    fn len(&self) -> u64 {
        self.leaves.len() as u64
    }

    fn append(&mut self, payload: &[u8]) -> Result<u64, Infallible> {
        let index = self.len();
        self.leaves.push(payload.to_vec());
        Ok(index)
    }

    fn read(&self, index: u64, out: &mut Vec<u8>) -> Result<bool, Infallible> {
        let leaf = usize::try_from(index).ok().and_then(|index| self.leaves.get(index));
        out.clear();
        out.extend_from_slice(leaf.map_or(&[], Vec::as_slice));
        Ok(leaf.is_some())
    }

    fn sync(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Why a log could not be opened or grown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogError<E> {
    /// The store failed.
    Storage(E),
    /// The store has no leaf at this index, although it counts more.
    Missing(u64),
    /// The store put a leaf at another index than the tree's next.
    Index {
        /// The tree's next index.
        expected: u64,
        /// The store's answer.
        found: u64,
    },
}

impl<E: fmt::Display> fmt::Display for LogError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LogError::Storage(error) => error.fmt(f),
            LogError::Missing(index) => write!(f, "leaf {index} is missing"),
            LogError::Index { expected, found } => write!(f, "leaf {expected} was stored as leaf {found}"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for LogError<E> {}

/// A store and the tree over it.
#[derive(Clone, Debug, Default)]
pub struct Log<S> {
    storage: S,
    tree: MemoryTree,
}

impl<S: Storage> Log<S> {
    /// Opens a log, hashing every leaf already in the store.
    pub fn open(storage: S) -> Result<Self, LogError<S::Error>> {
        let mut tree = MemoryTree::new();
        let mut leaf = Vec::new();
        for index in 0..storage.len() {
            if !storage.read(index, &mut leaf).map_err(LogError::Storage)? {
                return Err(LogError::Missing(index));
            }
            tree.append(leaf_hash(&leaf));
        }
        Ok(Log { storage, tree })
    }

    /// Appends a payload; returns its index and leaf hash. Nothing is durable before [`Log::sync`].
    pub fn append(&mut self, payload: &[u8]) -> Result<(u64, Hash), LogError<S::Error>> {
        let found = self.storage.append(payload).map_err(LogError::Storage)?;
        let expected = self.tree.len();
        if found != expected {
            return Err(LogError::Index { expected, found });
        }
        let hash = leaf_hash(payload);
        Ok((self.tree.append(hash), hash))
    }

    /// Returns once every appended payload survives a crash.
    pub fn sync(&mut self) -> Result<(), LogError<S::Error>> {
        self.storage.sync().map_err(LogError::Storage)
    }

    /// How many leaves the log has.
    pub fn len(&self) -> u64 {
        self.tree.len()
    }

    /// Whether the log has no leaf.
    pub fn is_empty(&self) -> bool {
        self.tree.is_empty()
    }

    /// The root at the present size.
    pub fn root(&self) -> Hash {
        self.tree.root()
    }

    /// The root at an earlier size.
    pub fn root_at(&self, size: u64) -> Result<Hash, ProveError<Infallible>> {
        root(&self.tree, size)
    }

    /// The audit path of a leaf in the tree of the first `size` leaves.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, ProveError<Infallible>> {
        inclusion(&self.tree, index, size)
    }

    /// The proof that the tree of the first `old` leaves is a prefix of that of the first `size`.
    pub fn consistency(&self, old: u64, size: u64) -> Result<Vec<Hash>, ProveError<Infallible>> {
        consistency(&self.tree, old, size)
    }

    /// The right edge of the tree.
    pub fn frontier(&self) -> Frontier {
        self.tree.frontier()
    }

    /// The store.
    pub fn storage(&self) -> &S {
        &self.storage
    }

    /// Gives the store back.
    pub fn into_storage(self) -> S {
        self.storage
    }
}
