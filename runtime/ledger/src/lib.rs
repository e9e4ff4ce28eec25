//! The pure ledger: `step` decides, `fold` replays, audit runs both again.
//!
//! Every change of state is an event, every event is a receipt in a log, and the log is the only truth: state is a
//! fold over it. The rules and the bytes are in `spec/ledger.md`.
//!
//! Reading order: [`request`] (what is asked), [`licence`] (what decides it), [`state`], [`command`], [`order`], [`config`], [`mod@step`]
//! (command to event), [`mod@fold`] (event to state), [`kept`] and [`content`] (the two parts of an opening), [`money`],
//! [`parts`], [`credit`], [`rating`], [`accounts`], [`statement`], [`audit`].
//!
//! *Invariant:* `no_std`, no files, no clock, no randomness, no hash maps. The same log gives the same state
//! everywhere.
//! *Invariant:* state depends on leaves and kept parts alone: [`fold()`] never sees what can be erased.
//! *Invariant:* a refused command or event changes nothing.

#![no_std]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)
)]

extern crate alloc;

pub mod accounts;
pub mod audit;
mod codec;
pub mod command;
pub mod config;
pub mod content;
pub mod credit;
pub mod fold;
pub mod kept;
pub mod licence;
pub mod money;
pub mod order;
pub mod parts;
pub mod rating;
pub mod refusal;
pub mod request;
pub mod state;
pub mod statement;
pub mod step;
mod wide;

pub use accounts::{Account, Accounts, Fault, Payee, Shares};
pub use audit::{Audit, Counts, Failure, Verdict};
pub use command::{Ask, Command, Event, Mint, Step};
pub use config::Config;
pub use content::{Answer, Content, Touched};
pub use fold::{FoldError, fold};
pub use kept::{
    Change, Count, Draw, Held, Id, Kept, KeptLine, LineOf, Paid, Report, SeatOf, Settled, Span, SpendOf,
    Terms, Who,
};
pub use licence::{Licence, Money, Openings, Past, Policies, Sharing};
pub use order::{Order, Purpose, Warrant, What};
pub use refusal::Refusal;
pub use request::{Licensee, Request, Value};
pub use state::{
    AccountKey, Call, CallId, CounterKey, DutyKey, Hold, Phase, Pool, Reported, Seat, SeatKey, Standing,
    State, Sum, Total,
};
pub use step::step;

pub use licit_receipt as receipt;
pub use licit_vm as vm;
