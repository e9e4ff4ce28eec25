//! The shell a gateway embeds: the ledger, its log on a disk, a clock and randomness.
//!
//! ```no_run
//! use licit_engine::{Engine, Request, receipt::SigningKey};
//! # fn main() -> Result<(), licit_engine::Error> {
//! # let (seed, module) = ([7; 32], vec![]);
//! let mut engine = Engine::open_dir("ledger".as_ref(), SigningKey::from_seed(&seed))?;
//! let licence = engine.load(&module)?;
//! let request = Request { user: Some("ana".into()), action: Some("chat".into()), ..Request::default() };
//! let call = engine.new_call()?;
//! let answer = engine.invoke(licence.module, call, 1_700_000_000_000_000, request)?;
//! engine.flush()?; // from here on the receipt survives a crash and may be shown
//! println!("{:?} {:?}", answer.phase, answer.receipt.due);
//! engine.close()
//! # }
//! ```
//!
//! A gateway of many threads asks before a use and commits after it, and keeps serving while receipts are written:
//!
//! ```no_run
//! use std::time::Duration;
//! use licit_engine::{Error, Gateway, Phase, Request, Settings, receipt::SigningKey};
//! # fn main() -> Result<(), Error> {
//! # let (seed, module, now) = ([7; 32], vec![], 1_700_000_000_000_000);
//! let gateway = Gateway::open_dir("ledger".as_ref(), SigningKey::from_seed(&seed), Settings::default())?;
//! let licence = gateway.load(&module)?; // again at any time: open holds keep their module
//! let handle = gateway.clone(); // one for each thread
//! let quantities = vec![("token".to_string(), 500)]; // the most that it may become
//! let request = Request { user: Some("ana".into()), action: Some("chat".into()), quantities, ..Request::default() };
//! let call = handle.new_call()?;
//! let held = handle.ask(licence.module, call, now, request, now + 60_000_000)?; // from memory
//! if held.phase == Phase::Held {
//!     // ... the use itself ...
//!     handle.commit(call, vec![("token".to_string(), 420)])?; // durable, and charged
//! }
//! gateway.drain(Duration::from_secs(30))?;
//! # Ok(())
//! # }
//! ```
//!
//! # What an answer promises
//!
//! | | by default | a crash of the process or the system can lose |
//! |---|---|---|
//! | ask | from memory | the hold: its call is unknown then, and may be asked again |
//! | invoke, commit, release, everything else | from the disk | nothing |
//! | any, set to [`Promise::Memory`] | from memory | the event, if it was not written yet ([`GroupCommit::idle`]) |
//! | any, on a licence's [`Grace`] while the store is down | from memory, and says so | the event, if the store was not back yet |
//!
//! An id with the same content is answered as it was, and waits for the disk as the first answer does; with other
//! content it is refused. An error [`Error::NotDurable`] means that the event is in memory and the store is down: the
//! same command gives the answer when it is back ([`Outage`] says what goes on meanwhile).
//!
//! A [`Gateway`] is blocking; an asynchronous host takes [`Gateway::begin`], whose [`Pending`] is a future, and
//! [`Full::Busy`], so that it never waits for room. Metrics are listed at [`metrics`].
//!
//! Reading order: `book` (the ledger in memory), [`engine`](Engine) (one thread), [`gateway`](Gateway) (many), `store` (the
//! directory, written), `archive` (the directory, read), [`frames`] (its file format), [`disk`] (the file operations),
//! `snapshot`, `policies`, `entry`, `audit`, [`outside`] (clock and randomness), [`metrics`], `error`.
//!
//! *Invariant:* a receipt below [`Engine::durable`] survives every crash; none is ever logged twice.
//! *Invariant:* what a crash cannot have done is never repaired: it is an error by name.
//! *Invariant:* every file operation goes through [`disk::Disk`], and no file is written under the lock that decides.
//! *Invariant:* no answer is given before its receipt is as durable as it was promised to anybody.

#![deny(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)
)]

mod archive;
mod audit;
mod book;
pub mod disk;
mod engine;
mod entry;
mod error;
pub mod frames;
mod gateway;
pub mod metrics;
pub mod outside;
mod policies;
mod snapshot;
mod store;

pub use audit::{Finding, Report, audit, audit_dir};
pub use engine::{Answer, Engine, Loaded, Options, Standing};
pub use entry::{Entry, Names, Proof};
pub use error::Error;
pub use gateway::{
    Denials, Drained, Durability, Flusher, Full, Gateway, Grace, GroupCommit, Limits, Outage, Pending,
    Promise, Settings, Status,
};
pub use outside::{Clock, DerivedSalts, NoRandomness, OsSalts, Salts, SystemClock};
pub use policies::PolicySet;
pub use snapshot::{SNAPSHOT, SNAPSHOT_PREAMBLE};
pub use store::{CHECKPOINT, LOG, LOG_PREAMBLE, OPENINGS, OPENINGS_PREAMBLE, POLICIES, Recovery, TORN};

pub use licit_ledger as ledger;
pub use licit_ledger::{
    Account, Accounts, CallId, Command, Config, Content, Counts, Failure, Id, Kept, Licence, Licensee, Payee,
    Phase, Policies, Refusal, Request, Shares, State, Value, Verdict, receipt, vm,
};
