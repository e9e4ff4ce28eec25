//! Promises: a receipt signed on its own, before the next checkpoint (COSE_Sign1 of RFC 9052, without a tag).
//!
//! The leaf stays the bare payload, so a promise adds nothing to the log and a second signature makes no second
//! receipt. Because the receipt holds its index, two promises for one place with different payloads prove a fork
//! by themselves: [`Promise::contradicts`].

use alloc::vec::Vec;
use core::fmt;

use crate::cbor::{self, Reader, Writer};
use crate::hash::Hash;
use crate::key::{KeyError, SigningKey, VerifyingKey};
use crate::receipt::{self, Receipt};

/// The longest promise in bytes: a receipt, the header and the signature.
pub const MAX_LEN: usize = receipt::MAX_LEN + 160;

/// Header label of the algorithm, and its value: Ed25519 (RFC 9864).
const ALG: (u64, i64) = (1, -19);
/// Header label of the key's id; the value is the gateway id.
const KID: u64 = 4;
/// Header label of the type, and its value (RFC 9596).
const TYP: (u64, &str) = (16, "application/mu-receipt+cbor");

/// A receipt that its gateway has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// The receipt's canonical bytes, the leaf that must be in the next checkpoint.
    pub payload: Vec<u8>,
    /// What they decode to.
    pub receipt: Receipt,
}

/// Why a promise was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PromiseError {
    /// The bytes are not this form of COSE_Sign1.
    Form(cbor::Error),
    /// The protected header is not the one that this key's promises have.
    Header,
    /// The signature does not hold.
    Signature(KeyError),
    /// The payload is not a receipt.
    Receipt(cbor::Error),
    /// The receipt is of another gateway than the key.
    Gateway,
}

impl fmt::Display for PromiseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PromiseError::Form(error) => write!(f, "not a promise: {error}"),
            PromiseError::Header => f.write_str("the header is not one for a receipt by this key"),
            PromiseError::Signature(error) => error.fmt(f),
            PromiseError::Receipt(error) => write!(f, "not a receipt: {error}"),
            PromiseError::Gateway => f.write_str("the key is not the key of the receipt's gateway"),
        }
    }
}

impl core::error::Error for PromiseError {}

/// Signs the canonical bytes of a receipt.
pub fn promise(payload: &[u8], key: &SigningKey) -> Vec<u8> {
    let protected = protected(&key.verifying_key().gateway());
    let signature = key.sign(&to_be_signed(&protected, payload));
    let mut out = Vec::with_capacity(payload.len().saturating_add(MAX_LEN.saturating_sub(receipt::MAX_LEN)));
    let mut w = Writer::new(&mut out);
    w.array(4);
    w.bytes(&protected);
    w.map(0);
    w.bytes(payload);
    w.bytes_exact(&signature);
    out
}

impl Promise {
    /// Takes a promise apart and checks that the key's gateway made it.
    pub fn open(bytes: &[u8], key: &VerifyingKey) -> Result<Self, PromiseError> {
        let Parts { header, payload, signature } = Parts::read(bytes).map_err(PromiseError::Form)?;
        let gateway = key.gateway();
        if header != protected(&gateway) {
            return Err(PromiseError::Header);
        }
        key.verify(&to_be_signed(header, payload), &signature).map_err(PromiseError::Signature)?;
        let receipt = Receipt::decode(payload).map_err(PromiseError::Receipt)?;
        if receipt.gateway != gateway {
            return Err(PromiseError::Gateway);
        }
        Ok(Promise { payload: payload.to_vec(), receipt })
    }

    /// Whether the two cannot both be kept: one place of one log, two payloads. Two opened promises that contradict
    /// each other prove that their gateway forked its log.
    pub fn contradicts(&self, other: &Promise) -> bool {
        let place = |receipt: &Receipt| (receipt.gateway, receipt.epoch, receipt.seq);
        place(&self.receipt) == place(&other.receipt) && self.payload != other.payload
    }
}

/// The three parts that are not always the same.
struct Parts<'a> {
    header: &'a [u8],
    payload: &'a [u8],
    signature: [u8; 64],
}

impl<'a> Parts<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, cbor::Error> {
        let mut r = Reader::bounded(bytes, MAX_LEN)?;
        r.array_of(4)?;
        let header = r.bytes()?;
        // Nothing may ride along unsigned.
        let mut unprotected = r.map()?;
        if let Some(key) = r.key(&mut unprotected)? {
            return Err(r.unknown_key(key));
        }
        let parts = Parts { header, payload: r.bytes()?, signature: r.bytes_exact()? };
        r.finish()?;
        Ok(parts)
    }
}

/// The protected header of every promise by this gateway.
fn protected(gateway: &Hash) -> Vec<u8> {
    let mut out = Vec::with_capacity(72);
    let mut w = Writer::new(&mut out);
    w.map(3);
    w.uint(ALG.0);
    w.int(ALG.1);
    w.uint(KID);
    w.bytes_exact(gateway);
    w.uint(TYP.0);
    w.text(TYP.1);
    out
}

/// The `Sig_structure` of RFC 9052, section 4.4, without external data.
fn to_be_signed(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len().saturating_add(protected.len()).saturating_add(24));
    let mut w = Writer::new(&mut out);
    w.array(4);
    w.text("Signature1");
    w.bytes(protected);
    w.bytes(&[]);
    w.bytes(payload);
    out
}
