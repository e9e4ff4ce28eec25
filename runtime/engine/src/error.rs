//! What can go wrong with a ledger, by name.

use std::fmt;
use std::io;

use licit_ledger::receipt::checkpoint::CheckpointError;
use licit_ledger::receipt::hash::hex;
use licit_ledger::vm::LoadError;
use licit_ledger::{Failure, FoldError, Refusal};

use crate::frames::Damage;
use crate::outside::NoRandomness;

/// Why an engine was not opened, or did not do what it was asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The ledger refuses the command; nothing happened, and the engine goes on.
    Refused(Refusal),
    /// A file operation failed. While writing: the engine takes no more commands and must be opened again.
    Io {
        /// The file.
        file: String,
        /// What failed.
        error: io::Error,
    },
    /// An earlier write failed; open the ledger again.
    Stopped,
    /// The store is down: new uses are refused until it is back.
    StoreDown {
        /// What failed.
        why: String,
    },
    /// The event happened and is in memory, but the store is down. The same command gives the answer once it is back;
    /// a crash before that loses the event.
    NotDurable {
        /// The event's leaf.
        leaf: u64,
        /// What failed.
        why: String,
    },
    /// Too much waits for the disk; nothing happened.
    Busy,
    /// As many holds are open as may be.
    TooManyHolds {
        /// Whether it is the licensee's holds; else the gateway's.
        licensee: bool,
    },
    /// The gateway is about to close and takes no new uses.
    Draining,
    /// The gateway is closed.
    Closed,
    /// Another writer has the directory.
    Locked,
    /// The directory holds no ledger.
    NoLedger,
    /// The ledger belongs to another gateway's key.
    OtherKey,
    /// A file is damaged in a way that no crash explains.
    Damaged {
        /// The file.
        file: String,
        /// The offset of the damaged frame in bytes.
        offset: u64,
        /// How.
        damage: Damage,
    },
    /// A leaf that the log holds cannot be replayed.
    Leaf {
        /// Its index.
        leaf: u64,
        /// Why.
        failure: Failure,
    },
    /// A leaf has no opening beside it.
    NoOpening(u64),
    /// A log of more than one leaf has lost its checkpoint.
    NoCheckpoint,
    /// The checkpoint cannot be read or is not signed by the gateway.
    Checkpoint(CheckpointError),
    /// The checkpoint covers more leaves than the log holds: leaves were lost.
    Lost {
        /// Leaves in the log.
        leaves: u64,
        /// Leaves under the checkpoint.
        signed: u64,
    },
    /// The log's leaves do not hash to the signed root.
    Root(u64),
    /// A stored policy is not the one its name says.
    PolicyName(String),
    /// A policy cannot be loaded.
    Policy {
        /// The file, if it was stored.
        file: Option<String>,
        /// Why.
        error: LoadError,
    },
    /// No randomness.
    Randomness(NoRandomness),
    /// There is no leaf with this index.
    NoLeaf(u64),
    /// The leaf is the ask of an open hold: its commit needs the opening.
    OpenHold(u64),
}

impl Error {
    pub(crate) fn io(file: &str) -> impl Fn(io::Error) -> Error + use<> {
        let file = file.to_string();
        move |error| Error::Io { file: file.clone(), error }
    }

    pub(crate) fn fold(leaf: u64, error: FoldError) -> Error {
        Error::Leaf { leaf, failure: Failure::Fold(error) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Refused(refusal) => refusal.fmt(f),
            Error::Io { file, error } => write!(f, "`{file}`: {error}"),
            Error::Stopped => f.write_str("an earlier write failed; open the ledger again"),
            Error::StoreDown { why } => write!(f, "the store is down: {why}"),
            Error::NotDurable { leaf, why } => {
                write!(f, "leaf {leaf} is in memory only, because the store is down: {why}")
            }
            Error::Busy => f.write_str("too much waits for the disk"),
            Error::TooManyHolds { licensee: true } => f.write_str("too many holds of this licensee are open"),
            Error::TooManyHolds { licensee: false } => f.write_str("too many holds are open"),
            Error::Draining => f.write_str("the gateway is about to close and takes no new uses"),
            Error::Closed => f.write_str("the gateway is closed"),
            Error::Locked => f.write_str("another process has the ledger open"),
            Error::NoLedger => f.write_str("there is no ledger here"),
            Error::OtherKey => f.write_str("the ledger belongs to another key"),
            Error::Damaged { file, offset, damage } => {
                write!(f, "`{file}` is damaged at byte {offset}: {damage}")
            }
            Error::Leaf { leaf, failure } => write!(f, "leaf {leaf}: {failure}"),
            Error::NoOpening(leaf) => write!(f, "leaf {leaf} has no opening"),
            Error::NoCheckpoint => f.write_str("the checkpoint is missing"),
            Error::Checkpoint(error) => write!(f, "the checkpoint: {error}"),
            Error::Lost { leaves, signed } => {
                write!(f, "the checkpoint covers {signed} leaves, the log holds {leaves}")
            }
            Error::Root(size) => {
                write!(
                    f,
                    "the first {size} leaves of the log are not those that the checkpoint was signed over"
                )
            }
            Error::PolicyName(file) => write!(f, "`{file}` is not the module that its name says"),
            Error::Policy { file: Some(file), error } => write!(f, "`{file}`: {error}"),
            Error::Policy { file: None, error } => error.fmt(f),
            Error::Randomness(error) => error.fmt(f),
            Error::OpenHold(leaf) => write!(f, "leaf {leaf} is the ask of an open hold"),
            Error::NoLeaf(leaf) => write!(f, "the log has no leaf {leaf}"),
        }
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Damage::Preamble => "it does not begin as such a file does",
            Damage::Head => "the head of a frame is not what was written",
            Damage::Payload => "records are not what was written",
            Damage::Index => "records are missing or repeated",
        })
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Error::Refused(refusal)
    }
}

impl From<NoRandomness> for Error {
    fn from(error: NoRandomness) -> Self {
        Error::Randomness(error)
    }
}

/// A module id as the name of a file begins.
pub(crate) fn module_name(module: &[u8; 32], bytes_hash: &[u8; 32]) -> String {
    format!("{}.{}.lbc", hex(module), hex(bytes_hash.get(..8).unwrap_or(&[])))
}
