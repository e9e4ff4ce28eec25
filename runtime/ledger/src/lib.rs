//! The pure ledger: `step` decides, `fold` replays, audit runs both again.
//!
//! Every change of state is an event, every event is a receipt in a log, and the log is the only truth: state is a
//! fold over it (`spec/ledger.md`). Reading order: [`money`].
//!
//! *Invariant:* `no_std`, no files, no clock, no randomness, no hash maps. The same log gives the same state
//! everywhere.

#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

extern crate alloc;

pub mod money;
mod wide;
