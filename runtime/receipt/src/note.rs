//! Signed notes as specified by C2SP (`c2sp.org/signed-note`), with Ed25519 signatures (type 0x01).
//!
//! A note is a text that ends in a newline, an empty line, and signature lines. Signatures by unknown keys are
//! ignored, which permits cosignatures and rotating keys; a bad one by a known key spoils the note. The one file
//! that names `base64ct`.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use base64ct::{Base64, Encoding};

use crate::hash::sha256_parts;
use crate::key::{KeyError, SigningKey, VerifyingKey};

/// The longest note in bytes.
pub const MAX_LEN: usize = 1 << 20;

/// How many signature lines a note may have.
pub const MAX_SIGNATURES: usize = 100;

/// The signature type identifier of Ed25519.
const ED25519: u8 = 0x01;
const SEPARATOR: &str = "\n\n";
const LINE_PREFIX: &str = "\u{2014} ";

/// Why a note, or the name or text of a key, was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoteError {
    /// Longer than [`MAX_LEN`].
    TooLong,
    /// Not UTF-8, or with a control character other than newline.
    Text,
    /// No empty line between text and signatures, or nothing after it, or no newline at the end.
    Shape,
    /// The signature line with this number, from 1, is not `— name base64`.
    Line(usize),
    /// More than [`MAX_SIGNATURES`] signature lines.
    TooManySignatures,
    /// No known key has signed.
    Unsigned,
    /// The signature of this known key does not hold.
    BadSignature(String),
    /// The name of a key is empty or has a space, a control character or a plus.
    Name,
    /// The text of a key is not `name+hash+base64`, or its hash is not that of the name and the key.
    Vkey,
    /// The key is of another type than Ed25519.
    OtherType(u8),
    /// The key itself was refused.
    Key(KeyError),
}

impl fmt::Display for NoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoteError::TooLong => write!(f, "the note is longer than {MAX_LEN} bytes"),
            NoteError::Text => f.write_str("the note is not UTF-8 or has a control character"),
            NoteError::Shape => f.write_str("the note is not a text, an empty line and signature lines"),
            NoteError::Line(number) => write!(f, "signature line {number} is malformed"),
            NoteError::TooManySignatures => write!(f, "more than {MAX_SIGNATURES} signatures"),
            NoteError::Unsigned => f.write_str("no known key has signed"),
            NoteError::BadSignature(name) => write!(f, "the signature of `{name}` does not hold"),
            NoteError::Name => {
                f.write_str("the name of a key is empty or has a space, a control character or a plus")
            }
            NoteError::Vkey => f.write_str("a verifier key is `name+hash+base64`, and its hash must match"),
            NoteError::OtherType(ty) => write!(f, "the key is of type {ty}, not Ed25519"),
            NoteError::Key(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for NoteError {}

/// A public key under a name: what C2SP calls a verifier key, or vkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    key: VerifyingKey,
}

impl Verifier {
    /// Names a key.
    pub fn new(name: &str, key: VerifyingKey) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::Name);
        }
        Ok(Verifier { name: name.to_string(), key })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The first four bytes of `SHA-256(name || 0x0a || 0x01 || key)`.
    pub fn key_id(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = sha256_parts(&[self.name.as_bytes(), b"\n", &[ED25519], &self.key.to_bytes()]);
        [a, b, c, d]
    }
}

impl fmt::Display for Verifier {
    /// Writes `name+hash+base64`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut typed = Vec::with_capacity(33);
        typed.push(ED25519);
        typed.extend_from_slice(&self.key.to_bytes());
        let id = u32::from_be_bytes(self.key_id());
        write!(f, "{}+{id:08x}+{}", self.name, Base64::encode_string(&typed))
    }
}

impl FromStr for Verifier {
    type Err = NoteError;

    /// Reads `name+hash+base64`.
    fn from_str(vkey: &str) -> Result<Self, NoteError> {
        // Neither name nor hash has a plus; base64 may.
        let mut parts = vkey.splitn(3, '+');
        let name = parts.next().ok_or(NoteError::Vkey)?;
        let id = parts.next().ok_or(NoteError::Vkey)?;
        let typed = parts.next().and_then(decode_base64).ok_or(NoteError::Vkey)?;
        let key = match typed.split_first() {
            Some((&ED25519, key)) => key.try_into().map_err(|_| NoteError::Key(KeyError::Length))?,
            Some((&ty, _)) => return Err(NoteError::OtherType(ty)),
            None => return Err(NoteError::Vkey),
        };
        let verifier = Verifier::new(name, VerifyingKey::from_bytes(key).map_err(NoteError::Key)?)?;
        // The hash catches mistakes in copying, in the name too.
        if alloc::format!("{:08x}", u32::from_be_bytes(verifier.key_id())) != id {
            return Err(NoteError::Vkey);
        }
        Ok(verifier)
    }
}

/// A secret key under a name.
#[derive(Clone, Debug)]
pub struct Signer {
    key: SigningKey,
    verifier: Verifier,
}

impl Signer {
    /// Names a key.
    pub fn new(name: &str, key: SigningKey) -> Result<Self, NoteError> {
        let verifier = Verifier::new(name, key.verifying_key())?;
        Ok(Signer { key, verifier })
    }

    /// The public half.
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    fn write_line(&self, text: &str, out: &mut String) {
        let mut signature = Vec::with_capacity(68);
        signature.extend_from_slice(&self.verifier.key_id());
        signature.extend_from_slice(&self.key.sign(text.as_bytes()));
        out.push_str(LINE_PREFIX);
        out.push_str(&self.verifier.name);
        out.push(' ');
        out.push_str(&Base64::encode_string(&signature));
        out.push('\n');
    }
}

/// Signs `text`, which ends in a newline, with every signer in turn.
pub fn sign(text: &str, signers: &[&Signer]) -> Result<String, NoteError> {
    if !is_text(text) {
        return Err(NoteError::Text);
    }
    if !text.ends_with('\n') || signers.is_empty() {
        return Err(NoteError::Shape);
    }
    if signers.len() > MAX_SIGNATURES {
        return Err(NoteError::TooManySignatures);
    }
    let mut note = text.to_string();
    note.push('\n');
    for signer in signers {
        signer.write_line(text, &mut note);
    }
    if note.len() > MAX_LEN { Err(NoteError::TooLong) } else { Ok(note) }
}

/// A note whose shape is right. Its text means nothing before [`Note::verify`] has succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note<'a> {
    text: &'a str,
    signatures: Vec<Signature<'a>>,
}

/// A signature line of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature<'a> {
    /// The name of the key.
    pub name: &'a str,
    /// The id of the key.
    pub key_id: [u8; 4],
    /// The signature, in the form of the key's type.
    pub bytes: Vec<u8>,
}

impl<'a> Note<'a> {
    /// Takes a note apart.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_LEN {
            return Err(NoteError::TooLong);
        }
        let note = core::str::from_utf8(bytes).ok().filter(|note| is_text(note)).ok_or(NoteError::Text)?;
        let (text, lines) = split(note).ok_or(NoteError::Shape)?;
        let mut signatures = Vec::new();
        for (index, line) in lines.split('\n').enumerate() {
            let number = index.saturating_add(1);
            if number > MAX_SIGNATURES {
                return Err(NoteError::TooManySignatures);
            }
            signatures.push(Signature::parse(line).ok_or(NoteError::Line(number))?);
        }
        Ok(Note { text, signatures })
    }

    /// The text, with its final newline.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The signatures, known and unknown.
    pub fn signatures(&self) -> &[Signature<'a>] {
        &self.signatures
    }

    /// Checks every signature by a key of `known` and returns the keys that signed, at least one.
    pub fn verify<'k>(&self, known: &'k [Verifier]) -> Result<Vec<&'k Verifier>, NoteError> {
        let mut signed: Vec<&Verifier> = Vec::new();
        for signature in &self.signatures {
            let by = known.iter().find(|key| key.name == signature.name && key.key_id() == signature.key_id);
            let Some(verifier) = by else { continue };
            let bytes = signature.bytes.as_slice().try_into().map_err(|_| KeyError::BadSignature);
            bytes
                .and_then(|bytes| verifier.key.verify(self.text.as_bytes(), bytes))
                .map_err(|_| NoteError::BadSignature(verifier.name.clone()))?;
            if !signed.contains(&verifier) {
                signed.push(verifier);
            }
        }
        if signed.is_empty() { Err(NoteError::Unsigned) } else { Ok(signed) }
    }
}

impl<'a> Signature<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (name, base64) = line.strip_prefix(LINE_PREFIX)?.split_once(' ')?;
        let signature = decode_base64(base64)?;
        let (key_id, bytes) = signature.split_first_chunk()?;
        if !is_name(name) || bytes.is_empty() {
            return None;
        }
        Some(Signature { name, key_id: *key_id, bytes: bytes.to_vec() })
    }
}

/// Text with its newline, and the signature lines without their last one. The last empty line divides them.
fn split(note: &str) -> Option<(&str, &str)> {
    let text_end = note.rfind(SEPARATOR)?.checked_add(1)?;
    let (text, rest) = note.split_at_checked(text_end)?;
    let lines = rest.strip_prefix('\n')?.strip_suffix('\n')?;
    Some((text, lines))
}

/// Standard base64 with padding, in the one canonical form; none otherwise.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let bytes = Base64::decode_vec(text).ok()?;
    (Base64::encode_string(&bytes) == text).then_some(bytes)
}

/// Standard base64 with padding.
pub(crate) fn encode_base64(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// Whether a text has no ASCII control character but newlines.
pub(crate) fn is_text(text: &str) -> bool {
    text.bytes().all(|byte| byte >= 0x20 || byte == b'\n')
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+' || c < ' ')
}
