//! Verifying proofs of the tree: RFC 9162, sections 2.1.3.2 and 2.1.4.2. Needs no storage and shares nothing with
//! the prover but the hash of a node.

use core::fmt;

use crate::hash::{EMPTY_ROOT, Hash, node_hash};

/// Why a proof does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofError {
    /// The leaf is not within the tree, or the older tree is larger than the newer.
    OutOfRange,
    /// The proof has too few or too many hashes for these sizes.
    Length,
    /// The proof leads to another root.
    Root,
    /// The proof leads to another root of the older tree.
    OldRoot,
}

impl fmt::Display for ProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ProofError::OutOfRange => "the leaf or the older tree is not within the tree",
            ProofError::Length => "the proof is too short or too long for the tree's size",
            ProofError::Root => "the proof leads to another root",
            ProofError::OldRoot => "the proof leads to another root of the older tree",
        })
    }
}

impl core::error::Error for ProofError {}

/// Checks that the leaf with this hash is leaf `index` of the tree of `size` leaves with this root.
///
/// Size and root must come together from a signed checkpoint: many paths hold for a root under another size, too.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::OutOfRange);
    }
    let (mut node, mut last) = (index, size.saturating_sub(1));
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            // The right edge may have no sibling on some levels: climb to where it is a right child.
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    match last {
        0 if hash == *root => Ok(()),
        0 => Err(ProofError::Root),
        _ => Err(ProofError::Length),
    }
}

/// Checks that the tree of `old` leaves with `old_root` is a prefix of the tree of `size` leaves with `root`.
///
/// The empty tree is a prefix of every tree, by an empty proof.
pub fn verify_consistency(
    old: u64,
    old_root: &Hash,
    size: u64,
    root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old > size {
        return Err(ProofError::OutOfRange);
    }
    if old == 0 || old == size {
        return verify_trivial(old, old_root, size, root, proof);
    }
    let (mut node, mut last) = (old.saturating_sub(1), size.saturating_sub(1));
    while node & 1 == 1 {
        (node, last) = (node >> 1, last >> 1);
    }
    // A whole subtree starts from the old root itself, which the proof then leaves out.
    let (first, path) = if old.is_power_of_two() {
        (old_root, proof)
    } else {
        proof.split_first().ok_or(ProofError::Length)?
    };
    let (mut old_hash, mut hash) = (*first, *first);
    for sibling in path {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(sibling, &old_hash);
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if old_hash != *old_root {
        return Err(ProofError::OldRoot);
    }
    if hash != *root {
        return Err(ProofError::Root);
    }
    Ok(())
}

/// The cases without a path: from nothing, or to the same tree.
fn verify_trivial(
    old: u64,
    old_root: &Hash,
    size: u64,
    root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if !proof.is_empty() {
        return Err(ProofError::Length);
    }
    if old == 0 && *old_root != EMPTY_ROOT {
        return Err(ProofError::OldRoot);
    }
    if (old == size && old_root != root) || (size == 0 && *root != EMPTY_ROOT) {
        return Err(ProofError::Root);
    }
    Ok(())
}
