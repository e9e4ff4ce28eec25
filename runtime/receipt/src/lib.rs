//! Metered Unit receipts: canonical bytes, hashes, signatures, the transparency tree.
//!
//! Every event of a gateway is one [`Receipt`], a leaf of an append-only log. This crate turns receipts into
//! bytes and back, hashes them, grows the tree over them, proves and verifies, and signs the tree's head. The
//! format is written down in `spec/receipt.md`; bytes already made stay valid for ever.
//!
//! Reading order: [`cbor`] (the strict subset of CBOR), [`receipt`], [`kind`] and [`dump`] (the leaf), [`opening`]
//! (what a leaf commits to), [`hash`] and [`tree`] (the log's hashing and its proofs), [`verify`] (needs neither
//! tree nor storage), [`storage`] (the log over a store), [`key`] (Ed25519 and `did:key`), [`note`] and
//! [`checkpoint`] (signed heads), [`proof`] (proof files), [`promise`] (a receipt signed on its own).
//!
//! *Invariant:* `no_std`, no unsafe, no clock, no randomness, no input or output, nothing of licences.
//! *Invariant:* a byte string decodes to at most one value and a value encodes to exactly one byte string:
//! `decode(b)` succeeds only if `encode(decode(b)) == b`.
//! *Invariant:* no input, however hostile, panics, recurses or allocates more than a small multiple of its length.

#![no_std]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

extern crate alloc;

pub mod cbor;
pub mod checkpoint;
pub mod dump;
pub mod hash;
pub mod key;
pub mod kind;
pub mod note;
pub mod opening;
pub mod promise;
pub mod proof;
pub mod receipt;
pub mod storage;
pub mod tree;
pub mod verify;

pub use checkpoint::Checkpoint;
pub use hash::{Hash, leaf_hash};
pub use key::{SigningKey, VerifyingKey};
pub use kind::Kind;
pub use note::{Note, Signer, Verifier};
pub use opening::Opening;
pub use promise::Promise;
pub use proof::Proof;
pub use receipt::{Amount, At, Due, Quantity, Receipt, Reference, View};
pub use storage::{Log, MemoryStorage, Storage};
pub use tree::{Frontier, MemoryTree, NodeSource};
pub use verify::{verify_consistency, verify_inclusion};
