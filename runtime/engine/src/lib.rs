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
//! Reading order: [`engine`](Engine), `store` (the directory), [`frames`] (its file format), [`disk`] (the file
//! operations), `policies`, `entry`, `audit`, [`outside`] (clock and randomness), `error`.
//!
//! *Invariant:* a receipt below [`Engine::durable`] survives every crash; none is ever logged twice.
//! *Invariant:* what a crash cannot have done is never repaired: it is an error by name.
//! *Invariant:* every file operation goes through [`disk::Disk`].

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
mod meters;
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
    Account, CallId, Command, Config, Content, Counts, Failure, Id, Kept, Licence, Licensee, Payee, Phase,
    Policies, Refusal, Request, Shares, State, Statement, Value, Verdict, receipt, vm,
};
