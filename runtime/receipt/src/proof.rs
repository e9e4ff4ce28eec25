//! Proof files as specified by C2SP (`c2sp.org/tlog-proof`, version 1): that a leaf is in a log, without a network.
//!
//! A proof file holds the leaf's index, its audit path and the signed checkpoint; the receipt itself may lie in its
//! `extra` line. [`Proof::verify_receipt`] is the whole check that needs no secret: codec, path, signature, origin.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::checkpoint::{Checkpoint, CheckpointError, origin};
use crate::hash::{Hash, leaf_hash};
use crate::note::{self, Verifier, decode_base64, encode_base64};
use crate::receipt::{self, Receipt};
use crate::verify::{ProofError, verify_inclusion};

/// The longest proof file in bytes: a checkpoint, a receipt in base64, a path.
pub const MAX_LEN: usize = note::MAX_LEN + 2 * receipt::MAX_LEN;

/// No tree whose size is a 64-bit number has a longer path.
pub const MAX_PATH: usize = 64;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// A proof that a leaf is in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Opaque data beside the proof, which it does not authenticate: for a receipt its payload.
    pub extra: Option<Vec<u8>>,
    /// The leaf's index.
    pub index: u64,
    /// Its audit path in the checkpoint's tree, from the leaf upwards.
    pub path: Vec<Hash>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

/// Why a proof file was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Longer than [`MAX_LEN`].
    TooLong,
    /// The line with this number, from 1, is missing or malformed.
    Line(usize),
    /// The checkpoint was refused.
    Checkpoint(CheckpointError),
    /// The leaf is not in the checkpoint's tree by this path.
    Path(ProofError),
    /// The bytes are not a receipt.
    Receipt(crate::cbor::Error),
    /// The receipt says another index than the proof.
    Seq {
        /// The receipt's.
        seq: u64,
        /// The proof's.
        index: u64,
    },
    /// The receipt is of another gateway or epoch than the log (the origin that would be right).
    Origin(String),
    /// The log's key is not the key of the gateway that the receipt names.
    Gateway,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::TooLong => write!(f, "the proof is longer than {MAX_LEN} bytes"),
            Refusal::Line(number) => write!(f, "line {number} of the proof is missing or malformed"),
            Refusal::Checkpoint(error) => error.fmt(f),
            Refusal::Path(error) => error.fmt(f),
            Refusal::Receipt(error) => write!(f, "not a receipt: {error}"),
            Refusal::Seq { seq, index } => {
                write!(f, "the receipt is leaf {seq}, the proof is of leaf {index}")
            }
            Refusal::Origin(origin) => write!(f, "the receipt belongs to the log `{origin}`"),
            Refusal::Gateway => f.write_str("the log's key is not the key of the receipt's gateway"),
        }
    }
}

impl core::error::Error for Refusal {}

impl Proof {
    /// Takes a proof file apart.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.len() > MAX_LEN {
            return Err(Refusal::TooLong);
        }
        let text = core::str::from_utf8(bytes).map_err(|_| Refusal::Line(1))?;
        let mut lines = text.split('\n').zip(1_usize..).peekable();
        if lines.next().is_none_or(|(line, _)| line != HEADER) {
            return Err(Refusal::Line(1));
        }
        let mut extra = None;
        if let Some((line, number)) = lines.next_if(|(line, _)| line.starts_with("extra ")) {
            extra = Some(line.strip_prefix("extra ").and_then(decode_base64).ok_or(Refusal::Line(number))?);
        }
        let (line, number) = lines.next().ok_or(Refusal::Line(2))?;
        let index = line.strip_prefix("index ").and_then(parse_index).ok_or(Refusal::Line(number))?;
        let mut path: Vec<Hash> = Vec::new();
        for (line, number) in lines {
            if line.is_empty() {
                // Everything after the first empty line is the checkpoint.
                let (_, checkpoint) = text.split_once("\n\n").ok_or(Refusal::Line(number))?;
                return Ok(Proof { extra, index, path, checkpoint: checkpoint.to_string() });
            }
            let hash = decode_base64(line).and_then(|hash| hash.try_into().ok());
            path.push(hash.filter(|_| path.len() < MAX_PATH).ok_or(Refusal::Line(number))?);
        }
        Err(Refusal::Line(text.split('\n').count()))
    }

    /// Checks that the leaf with this hash is in the log, and returns the checkpoint that says so.
    pub fn verify(&self, leaf: &Hash, log: &Verifier) -> Result<Checkpoint, Refusal> {
        let head = Checkpoint::open(self.checkpoint.as_bytes(), log).map_err(Refusal::Checkpoint)?;
        verify_inclusion(leaf, self.index, head.size, &self.path, &head.root).map_err(Refusal::Path)?;
        Ok(head)
    }

    /// Checks that `payload` is a receipt and is in the log at the place it says: codec, path, signature, and the
    /// origin and key of its gateway and epoch.
    pub fn verify_receipt(&self, payload: &[u8], log: &Verifier) -> Result<(Receipt, Checkpoint), Refusal> {
        let receipt = Receipt::decode(payload).map_err(Refusal::Receipt)?;
        let head = self.verify(&leaf_hash(payload), log)?;
        if receipt.seq != self.index {
            return Err(Refusal::Seq { seq: receipt.seq, index: self.index });
        }
        let right = origin(&receipt.gateway, receipt.epoch);
        if head.origin != right {
            return Err(Refusal::Origin(right));
        }
        if log.key().gateway() != receipt.gateway {
            return Err(Refusal::Gateway);
        }
        Ok((receipt, head))
    }
}

impl fmt::Display for Proof {
    /// Writes the proof file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", encode_base64(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.path {
            writeln!(f, "{}", encode_base64(hash))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

/// Decimal digits without leading zeros.
fn parse_index(text: &str) -> Option<u64> {
    let index: u64 = text.parse().ok()?;
    (index.to_string() == text).then_some(index)
}
