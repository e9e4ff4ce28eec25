//! The Licit policy VM: binds a request and decides it.
//!
//! ```text
//! let policy = Policy::load(&bytes)?;                    // everything is proved here
//! let bound  = policy.bind(&request)?;                   // text to numbers, windows; errs on malformed requests only
//! let keys   = bound.reads();                            // the counters that the ledger looks up
//! policy.evaluate(&bound, &state, &mut outcome);         // pure: no clock, no I/O, no allocation, no lock, cannot fail
//! ```
//!
//! Reading order: [`Request`], [`Outcome`], `bind`, `row` (the tables that decide) and `lower` (how they are made), `eval`
//! (the steps of `spec/core.md` section 7), `charge` (its step 7), `wider` (what `spec/core-wider.md` adds), `condition` (the
//! general form), `price`, `time`, `calendar` (what ledgers ask).
//!
//! *Invariant:* `no_std`, no unsafe; no input makes it panic.

#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)
)]

extern crate alloc;

mod bind;
mod bound;
mod calendar;
mod charge;
mod condition;
mod eval;
mod lower;
mod masks;
mod meter;
mod names;
mod outcome;
mod policy;
mod price;
mod request;
mod row;
mod scratch;
mod text;
mod time;
mod wider;

/// The module format: what the manifest consists of.
pub use licit_bytecode as bytecode;

pub use bound::{Bound, Read};
pub use licit_bytecode::manifest::{ClauseKind, Counter, CounterOf};
pub use licit_bytecode::{Key, LoadError, LoadErrorKind, Manifest, Window};
pub use outcome::{Delta, DutyDue, EVERYTHING, Line, Outcome, Reason, ReasonCode, UNIT_BASE, UNIT_UNKNOWN};
pub use policy::Policy;
pub use request::{BindError, DutyStatus, END_OF_TIME, FactValue, Instants, Renewal, Request, State};
pub use text::slot_name;
