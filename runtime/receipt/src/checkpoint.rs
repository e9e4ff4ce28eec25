//! Checkpoints as specified by C2SP (`c2sp.org/tlog-checkpoint`): the signed head of a log.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::hash::{Hash, hex};
use crate::note::{Note, NoteError, Signer, Verifier, decode_base64, encode_base64, is_text, sign};

/// How many extension lines a checkpoint may have.
pub const MAX_EXTENSIONS: usize = 100;

const ORIGIN_PREFIX: &str = "licit/";

/// The origin of a gateway's log in one epoch: `licit/<gateway in hex>/<epoch>`. Also the name of the key that
/// signs for it, so that a key id holds for one epoch only.
pub fn origin(gateway: &Hash, epoch: u64) -> String {
    alloc::format!("{ORIGIN_PREFIX}{}/{epoch}", hex(gateway))
}

/// The gateway and the epoch of an origin; none if it is not exactly what [`origin`] makes.
pub fn parse_origin(text: &str) -> Option<(Hash, u64)> {
    let (digits, epoch) = text.strip_prefix(ORIGIN_PREFIX)?.split_once('/')?;
    let epoch = epoch.parse().ok()?;
    let mut gateway = Hash::default();
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if pairs.len() != gateway.len() || !rest.is_empty() {
        return None;
    }
    for (byte, pair) in gateway.iter_mut().zip(pairs) {
        *byte = u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    // Upper case, signs and leading zeros parse, too, but are no origin.
    (origin(&gateway, epoch) == text).then_some((gateway, epoch))
}

/// The head of a log at one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Names the log; not empty, one line.
    pub origin: String,
    /// How many leaves the tree has.
    pub size: u64,
    /// The root of the tree at that size.
    pub root: Hash,
    /// Further lines, not empty, that mean nothing to us; logs should write none. At most [`MAX_EXTENSIONS`].
    pub extensions: Vec<String>,
}

/// Why a checkpoint was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The signed note was refused.
    Note(NoteError),
    /// The line with this number, from 1, is missing or malformed: 1 origin, 2 size, 3 root, from 4 extensions.
    Line(usize),
    /// The checkpoint is of another log (its origin).
    Origin(String),
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CheckpointError::Note(error) => error.fmt(f),
            CheckpointError::Line(1) => f.write_str("line 1 of the checkpoint must be its origin"),
            CheckpointError::Line(2) => f.write_str("line 2 of the checkpoint must be the size in decimal"),
            CheckpointError::Line(3) => f.write_str("line 3 of the checkpoint must be the root in base64"),
            CheckpointError::Line(number) => {
                write!(f, "line {number} of the checkpoint is empty, malformed or one too many")
            }
            CheckpointError::Origin(origin) => write!(f, "the checkpoint is of the log `{origin}`"),
        }
    }
}

impl core::error::Error for CheckpointError {}

impl Checkpoint {
    /// A checkpoint without extension lines.
    pub fn new(origin: &str, size: u64, root: Hash) -> Self {
        Checkpoint { origin: origin.to_string(), size, root, extensions: Vec::new() }
    }

    /// The note text.
    pub fn text(&self) -> Result<String, CheckpointError> {
        let lines = core::iter::once(&self.origin).chain(&self.extensions);
        for (index, line) in lines.enumerate() {
            if line.is_empty() || line.contains('\n') || !is_text(line) || index > MAX_EXTENSIONS {
                // The origin is line 1, the first extension line 4.
                return Err(CheckpointError::Line(if index == 0 { 1 } else { index.saturating_add(3) }));
            }
        }
        let mut text = alloc::format!("{}\n{}\n{}\n", self.origin, self.size, encode_base64(&self.root));
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        Ok(text)
    }

    /// The signed note, with a line for every signer.
    pub fn sign(&self, signers: &[&Signer]) -> Result<String, CheckpointError> {
        sign(&self.text()?, signers).map_err(CheckpointError::Note)
    }

    /// Reads a note text. Whoever calls this has verified the note.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let body = text.strip_suffix('\n').ok_or(CheckpointError::Line(1))?;
        let mut lines = body.split('\n');
        let origin = lines.next().filter(|line| !line.is_empty()).ok_or(CheckpointError::Line(1))?;
        let size = lines.next().and_then(parse_size).ok_or(CheckpointError::Line(2))?;
        let root = lines.next().and_then(decode_base64).ok_or(CheckpointError::Line(3))?;
        let root = Hash::try_from(root).map_err(|_| CheckpointError::Line(3))?;
        let mut extensions = Vec::new();
        for (index, line) in lines.enumerate() {
            if line.is_empty() || index >= MAX_EXTENSIONS {
                return Err(CheckpointError::Line(index.saturating_add(4)));
            }
            extensions.push(line.to_string());
        }
        Ok(Checkpoint { origin: origin.to_string(), size, root, extensions })
    }

    /// Takes a signed note apart, checks that the log has signed it and that it is of that log: its origin is the
    /// name of the log's key.
    pub fn open(note: &[u8], log: &Verifier) -> Result<Self, CheckpointError> {
        let note = Note::parse(note).map_err(CheckpointError::Note)?;
        note.verify(core::slice::from_ref(log)).map_err(CheckpointError::Note)?;
        let checkpoint = Self::parse(note.text())?;
        if checkpoint.origin != log.name() {
            return Err(CheckpointError::Origin(checkpoint.origin));
        }
        Ok(checkpoint)
    }
}

/// Decimal digits without leading zeros.
fn parse_size(line: &str) -> Option<u64> {
    let size: u64 = line.parse().ok()?;
    (size.to_string() == line).then_some(size)
}
