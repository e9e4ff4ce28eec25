//! What a leaf commits to: `SHA-256(salt || SHA-256(kept) || SHA-256(erasable))` (`spec/receipt.md`, section 2).
//!
//! *Kept* is what the fold over the log needs and is never erased; *erasable* is the request with its facts, the
//! reasons, the texts. An [`Opening`] lies beside the log under its leaf's index, behind access control. Erasing
//! leaves the commitment verifiable and the state computable.
//!
//! The erasable part begins with random bytes of its own, the *blind*, and they are erased with it: the digest
//! that stays would otherwise let anyone with the opening confirm a guess of what was erased.

use alloc::vec::Vec;
use core::fmt;

use crate::cbor::{Error, ErrorKind, Reader, Writer, head_len};
use crate::hash::{Hash, sha256, sha256_parts};

/// Length of the salt in bytes.
pub const SALT_LEN: usize = 32;

/// Length of the blind in bytes.
pub const BLIND_LEN: usize = 16;

/// The longest encoded opening in bytes.
pub const MAX_LEN: usize = 1 << 24;

/// The two parts and the salt behind a receipt's `opening`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Random, fresh for every leaf.
    pub salt: [u8; SALT_LEN],
    /// State keys as salted ids, deltas, marks: all that `fold` needs. Canonical CBOR by the ledger.
    pub kept: Vec<u8>,
    /// The request, the reasons, the texts, or what is left of them.
    pub erasable: Erasable,
}

/// The second part of an opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Erasable {
    /// The blind, then the content. Shorter than [`BLIND_LEN`] is no opening.
    Present(Vec<u8>),
    /// Erased; its SHA-256 keeps the commitment verifiable.
    Erased(Hash),
}

/// Why an opening has no bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// Longer than [`MAX_LEN`].
    TooLong,
    /// The erasable part is shorter than its blind.
    NoBlind,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EncodeError::TooLong => write!(f, "the opening is longer than {MAX_LEN} bytes"),
            EncodeError::NoBlind => {
                write!(f, "the erasable part is shorter than its blind of {BLIND_LEN} bytes")
            }
        }
    }
}

impl core::error::Error for EncodeError {}

impl Erasable {
    /// SHA-256 of the part, erased or not.
    pub fn hash(&self) -> Hash {
        match self {
            Erasable::Present(bytes) => sha256(bytes),
            Erasable::Erased(hash) => *hash,
        }
    }
}

/// The commitment to parts that lie in a caller's buffers; `erasable` includes its blind.
pub fn commitment(salt: &[u8; SALT_LEN], kept: &[u8], erasable: &[u8]) -> Hash {
    sha256_parts(&[salt, &sha256(kept), &sha256(erasable)])
}

impl Opening {
    /// An opening of `kept` and `content`; `salt` and `blind` are random, fresh for every leaf.
    pub fn new(salt: [u8; SALT_LEN], blind: [u8; BLIND_LEN], kept: Vec<u8>, content: &[u8]) -> Self {
        let mut erasable = Vec::with_capacity(BLIND_LEN.saturating_add(content.len()));
        erasable.extend_from_slice(&blind);
        erasable.extend_from_slice(content);
        Opening { salt, kept, erasable: Erasable::Present(erasable) }
    }

    /// The value of the receipt's key 14. Erasing does not change it.
    pub fn commitment(&self) -> Hash {
        sha256_parts(&[&self.salt, &sha256(&self.kept), &self.erasable.hash()])
    }

    /// The erasable content without its blind; none once it is erased.
    pub fn content(&self) -> Option<&[u8]> {
        match &self.erasable {
            Erasable::Present(bytes) => bytes.get(BLIND_LEN..),
            Erasable::Erased(_) => None,
        }
    }

    /// Whether the second part is gone.
    pub fn is_erased(&self) -> bool {
        matches!(self.erasable, Erasable::Erased(_))
    }

    /// Drops the second part with its blind and keeps its hash.
    pub fn erase(&mut self) {
        self.erasable = Erasable::Erased(self.erasable.hash());
    }

    /// The canonical bytes that lie beside the log.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        self.encode_into(&mut out)?;
        Ok(out)
    }

    /// Appends the canonical bytes to `out`, which grows at most once; on an error `out` is as before.
    pub fn encode_into(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let second = match &self.erasable {
            Erasable::Present(bytes) => bytes.as_slice(),
            Erasable::Erased(hash) => hash.as_slice(),
        };
        if self.content().is_none() && !self.is_erased() {
            return Err(EncodeError::NoBlind);
        }
        let heads = head_len(self.kept.len() as u64).saturating_add(head_len(second.len() as u64));
        let strings = self.kept.len().saturating_add(second.len());
        // The map's head, three keys, the salt's head.
        let len = heads.saturating_add(strings).saturating_add(SALT_LEN).saturating_add(6);
        if len > MAX_LEN {
            return Err(EncodeError::TooLong);
        }
        out.reserve(len);
        let mut w = Writer::new(out);
        w.map(3);
        w.uint(1);
        w.bytes(&self.salt);
        w.uint(2);
        w.bytes(&self.kept);
        w.uint(match self.erasable {
            Erasable::Present(_) => 3,
            Erasable::Erased(_) => 4,
        });
        w.bytes(second);
        Ok(())
    }

    /// Reads an opening, accepting exactly the bytes that [`Opening::encode`] makes.
    pub fn decode(bytes: &[u8]) -> Result<Opening, Error> {
        let mut r = Reader::bounded(bytes, MAX_LEN)?;
        let (mut salt, mut kept, mut erasable) = (None, None, None);
        let mut map = r.map()?;
        while let Some(key) = r.key(&mut map)? {
            match key {
                1 => salt = Some(r.bytes_exact()?),
                2 => kept = Some(r.bytes()?),
                3 => erasable = Some(Erasable::Present(read_blinded(&mut r)?.to_vec())),
                4 if erasable.is_some() => {
                    let offset = r.offset().saturating_sub(head_len(4));
                    return Err(Error { offset, kind: ErrorKind::ForbiddenKey(4) });
                }
                4 => erasable = Some(Erasable::Erased(r.bytes_exact()?)),
                _ => return Err(r.unknown_key(key)),
            }
        }
        let missing = |key| r.error(ErrorKind::MissingKey(key));
        let opening = Opening {
            salt: salt.ok_or(missing(1))?,
            kept: kept.ok_or(missing(2))?.to_vec(),
            erasable: erasable.ok_or(missing(3))?,
        };
        r.finish()?;
        Ok(opening)
    }
}

fn read_blinded<'a>(r: &mut Reader<'a>) -> Result<&'a [u8], Error> {
    let short = r.error(ErrorKind::Range);
    let bytes = r.bytes()?;
    if bytes.len() < BLIND_LEN { Err(short) } else { Ok(bytes) }
}
