//! Ed25519 keys (RFC 8032) and their names: multikey bytes, `did:key`, the gateway id.
//!
//! The one file that names `ed25519-dalek` and `bs58`. Verification is cofactorless (`verify_strict`), so that all
//! verifiers agree; keys that would make them disagree are refused when they are registered.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use ed25519_dalek::Signer as _;

use crate::hash::{Hash, sha256};

/// The multicodec prefix of an Ed25519 public key: 0xed as an unsigned varint.
pub const MULTICODEC: [u8; 2] = [0xed, 0x01];

const DID_PREFIX: &str = "did:key:";
/// 34 bytes in base 58 are at most 47 digits; the limit keeps decoding, quadratic in the length, short.
const MAX_DIGITS: usize = 64;

/// A public key that is safe to register: canonical bytes, in the prime-order group, not the identity.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VerifyingKey(ed25519_dalek::VerifyingKey);

/// A secret key. It is cleared from memory when dropped and never printed.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

/// Why bytes or a text are no key, or a signature does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// The bytes are not a point of the curve.
    NotAPoint,
    /// The point has another, canonical encoding.
    NonCanonical,
    /// The point is of small order, or has a part of small order.
    Weak,
    /// The text does not begin with `did:key:`.
    NotDidKey,
    /// The method-specific id is not base58btc multibase (`z` and base 58 digits).
    Multibase,
    /// The key is of another type than Ed25519.
    OtherType,
    /// The key has another length than 32 bytes.
    Length,
    /// The signature does not hold.
    BadSignature,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyError::NotAPoint => "the key is not a point of the curve",
            KeyError::NonCanonical => "the key is not in its canonical form",
            KeyError::Weak => "the key is weak: it has a part of small order",
            KeyError::NotDidKey => "not a `did:key`",
            KeyError::Multibase => "the id of the `did:key` is not base58btc (`z...`)",
            KeyError::OtherType => "the key is not an Ed25519 key",
            KeyError::Length => "an Ed25519 key has 32 bytes",
            KeyError::BadSignature => "the signature does not hold",
        })
    }
}

impl core::error::Error for KeyError {}

impl VerifyingKey {
    /// Takes the 32 bytes of RFC 8032.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotAPoint)?;
        let point = key.to_edwards();
        if point.compress().to_bytes() != *bytes {
            return Err(KeyError::NonCanonical);
        }
        if key.is_weak() || !point.is_torsion_free() {
            return Err(KeyError::Weak);
        }
        Ok(VerifyingKey(key))
    }

    /// The 32 bytes of RFC 8032.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Checks a signature over `message`.
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), KeyError> {
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        self.0.verify_strict(message, &signature).map_err(|_| KeyError::BadSignature)
    }

    /// The multikey bytes: the multicodec prefix, then the key.
    pub fn multikey(&self) -> [u8; 34] {
        let mut bytes = [0; 34];
        let (prefix, key) = bytes.split_at_mut(MULTICODEC.len());
        prefix.copy_from_slice(&MULTICODEC);
        key.copy_from_slice(self.0.as_bytes());
        bytes
    }

    /// The id of a gateway with this key, a receipt's key 3: SHA-256 of the multikey bytes.
    pub fn gateway(&self) -> Hash {
        sha256(&self.multikey())
    }

    /// The key as a `did:key`.
    pub fn did(&self) -> String {
        let mut did = String::from(DID_PREFIX);
        did.push('z');
        did.push_str(&bs58::encode(self.multikey()).into_string());
        did
    }
}

impl FromStr for VerifyingKey {
    type Err = KeyError;

    /// Reads a `did:key` of an Ed25519 key, without a fragment.
    fn from_str(did: &str) -> Result<Self, KeyError> {
        let id = did.strip_prefix(DID_PREFIX).ok_or(KeyError::NotDidKey)?;
        let digits = id.strip_prefix('z').ok_or(KeyError::Multibase)?;
        if !digits.bytes().all(|digit| digit.is_ascii_alphanumeric()) {
            return Err(KeyError::Multibase);
        }
        if digits.len() > MAX_DIGITS {
            return Err(KeyError::Length);
        }
        let bytes = bs58::decode(digits).into_vec().map_err(|_| KeyError::Multibase)?;
        let key = bytes.strip_prefix(MULTICODEC.as_slice()).ok_or(KeyError::OtherType)?;
        Self::from_bytes(key.try_into().map_err(|_| KeyError::Length)?)
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.did())
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({})", self.did())
    }
}

impl SigningKey {
    /// Takes the 32 secret bytes of RFC 8032, made by a good random generator elsewhere.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        SigningKey(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The 32 secret bytes, for whoever stores the key.
    pub fn seed(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The public key.
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key())
    }

    /// Signs `message`; the same key and message always give the same signature.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.verifying_key().did())
    }
}
