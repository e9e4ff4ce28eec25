//! The reference interpreter of the Licit core calculus: `spec/core.md` and `spec/core-wider.md` in executable form.
//!
//! Small, slow and exact. It is written from the pages alone, so that the compiler, the VM and this crate can
//! disagree; each function names the section it carries out. Reading order: `core` (what a core is), `eval` (section 7),
//! `time` (8), `outcome` (12); then `cbor` and `decode` (1 to 5, 13), `money` (9 and the ledger's rounding), `parts` (part
//! two, section 6) and [`case`] (files of expected outcomes, written by hand).
//!
//! *Invariants.* No other crate of this project is used. A [`Core`] exists only if its bytes are canonical and within the
//! limits of section 13; [`eval`] is total on it, for any zone, request and state.

pub mod case;
pub mod cbor;
mod core;
mod decode;
mod eval;
pub mod money;
mod outcome;
mod parts;
mod time;

pub use core::{Core, Counter, Counts, Key, Money, Rounding, Split, Window};
pub use eval::{DutyStatus, Renewal, Request, State, Value, eval, largest};
pub use outcome::{Code, Delta, Due, Line, Outcome, Reason};
pub use time::Zone;
