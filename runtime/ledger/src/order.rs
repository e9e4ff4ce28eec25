//! Orders: events that somebody is entitled to, and the warrants that prove it (`spec/ledger.md`, section 2).

use alloc::vec::Vec;

use licit_receipt::cbor::{Error, ErrorKind, Reader, Writer};
use licit_receipt::hash::{sha256, sha256_parts};
use licit_receipt::key::KeyError;
use licit_receipt::{Hash, Kind, SigningKey, VerifyingKey};

use crate::codec::{MapWriter, read_nat, read_u16, read_u32, write_nat};
use crate::kept::{Span, Terms, bytes};
use crate::request::Request;
use crate::state::CallId;

/// What is ordered, by whom and about whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The orderer's id of it: it is carried out once.
    pub id: CallId,
    /// A module of the licence that it is about.
    pub module: Hash,
    /// Its instant, in microseconds since 1970; none for corrections, reversals and closes, whose instants follow.
    pub at: Option<u64>,
    /// Names of who it is about; facts of evidence, quantities of a correction.
    pub request: Request,
    /// What is ordered.
    pub what: What,
    /// Who says so.
    pub warrant: Option<Warrant>,
}

/// What is ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A licensee is granted the licence.
    Grant,
    /// A licensee accepts it.
    Accept,
    /// Notice of its revocation.
    Revoke,
    /// The licensed thing is released.
    Release,
    /// Evidence that a duty was done, by its number.
    Done(u16),
    /// Evidence of the request's facts.
    Facts,
    /// A payment of minor units.
    Pay(u128, Purpose),
    /// A seat is taken, or given back.
    Seat {
        /// Given back.
        released: bool,
    },
    /// The request's quantities are what a call really used.
    Correct(CallId),
    /// A call is taken back as a whole.
    Reverse(CallId),
    /// A settlement or sharing window is closed.
    Close(Span),
}

/// What a payment is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// What is owed.
    Account,
    /// So many periods of a licence that is renewed, at least 1.
    Renewal(u32),
    /// Prepaid credit.
    Credit(Terms),
}

/// The signature of someone who is entitled to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Warrant {
    /// An Ed25519 key, the 32 bytes of RFC 8032.
    pub key: [u8; 32],
    /// Its signature over `licit warrant`, a line feed, and the order's hash.
    pub signature: [u8; 64],
}

impl What {
    /// The kind of event it makes.
    pub fn kind(&self) -> Kind {
        match self {
            What::Grant => Kind::Grant,
            What::Accept => Kind::Accept,
            What::Revoke | What::Release => Kind::Notice,
            What::Done(_) | What::Facts => Kind::Evidence,
            What::Pay(..) => Kind::Payment,
            What::Seat { .. } => Kind::Seat,
            What::Correct(_) => Kind::Correct,
            What::Reverse(_) => Kind::Reversal,
            What::Close(_) => Kind::Close,
        }
    }

    /// Whether the order says its instant; the instant of the others follows from what they are about.
    pub fn has_instant(&self) -> bool {
        !matches!(self, What::Correct(_) | What::Reverse(_) | What::Close(_))
    }

    /// An array that begins with a number for each of them.
    pub(crate) fn write(&self, mut w: Writer<'_>) {
        let mut head = |length: usize, number: u64| {
            w.array(length);
            w.uint(number);
        };
        match self {
            What::Grant => head(1, 1),
            What::Accept => head(1, 2),
            What::Revoke => head(1, 3),
            What::Release => head(1, 4),
            What::Done(duty) => {
                head(2, 5);
                w.uint(u64::from(*duty));
            }
            What::Facts => head(1, 6),
            What::Pay(minor, purpose) => {
                let (length, number) = match purpose {
                    Purpose::Account => (2, 7),
                    Purpose::Renewal(_) => (3, 8),
                    Purpose::Credit(terms) => (if terms.expires.is_some() { 6 } else { 5 }, 9),
                };
                head(length, number);
                write_nat(&mut w, *minor);
                match purpose {
                    Purpose::Account => {}
                    Purpose::Renewal(periods) => w.uint(u64::from(*periods)),
                    Purpose::Credit(terms) => bytes::write_terms(&mut w, terms),
                }
            }
            What::Seat { released } => {
                head(2, 10);
                w.bool(*released);
            }
            What::Correct(call) => {
                head(2, 11);
                w.bytes(call);
            }
            What::Reverse(call) => {
                head(2, 12);
                w.bytes(call);
            }
            What::Close(span) => {
                head(3, 13);
                w.uint(u64::from(span.kind));
                w.int(span.index);
            }
        }
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<What, Error> {
        let unknown = r.error(ErrorKind::Range);
        let mut items = r.array()?;
        let count = items.left();
        if count == 0 {
            return Err(unknown);
        }
        let what = match (r.uint()?, count) {
            (1, 1) => What::Grant,
            (2, 1) => What::Accept,
            (3, 1) => What::Revoke,
            (4, 1) => What::Release,
            (5, 2) => What::Done(read_u16(r)?),
            (6, 1) => What::Facts,
            (7, 2) => What::Pay(read_nat(r)?, Purpose::Account),
            (8, 3) => What::Pay(read_nat(r)?, Purpose::Renewal(read_u32(r)?)),
            (9, 5 | 6) => What::Pay(read_nat(r)?, Purpose::Credit(bytes::read_terms(r, count == 6)?)),
            (10, 2) => What::Seat { released: r.bool()? },
            (11, 2) => What::Correct(r.bytes_exact()?),
            (12, 2) => What::Reverse(r.bytes_exact()?),
            (13, 3) => {
                let kind = r.uint_max(u64::from(u8::MAX))? as u8;
                What::Close(Span { kind, index: r.int()? })
            }
            _ => return Err(unknown),
        };
        // All items are read; this leaves the array.
        while r.item(&mut items) {}
        Ok(what)
    }
}

impl Order {
    /// What a warrant is for: SHA-256 of the order's canonical bytes, a map of 1 the gateway's id, 2 the order's id, 3 the
    /// licence, 4 its instant, 5 the request, 6 what.
    pub fn hash(&self, gateway: &Hash, licence: &Hash) -> Hash {
        let (mut body, mut out, mut inner, mut request) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut map = MapWriter::new(&mut inner);
        self.request.write(&mut map);
        map.finish(&mut request);
        let mut map = MapWriter::new(&mut body);
        map.key(1).bytes(gateway);
        map.key(2).bytes(&self.id);
        map.key(3).bytes(licence);
        if let Some(at) = self.at {
            map.key(4).uint(at);
        }
        map.raw(5, &request);
        self.what.write(map.key(6));
        map.finish(&mut out);
        sha256(&out)
    }

    /// Puts a warrant to it.
    pub fn sign(&mut self, gateway: &Hash, licence: &Hash, key: &SigningKey) {
        let hash = self.hash(gateway, licence);
        let signature = key.sign(&message(&hash));
        self.warrant = Some(Warrant { key: key.verifying_key().to_bytes(), signature });
    }
}

impl Warrant {
    /// Whether the signature holds for an order with this hash.
    pub fn verify(&self, hash: &Hash) -> Result<(), KeyError> {
        VerifyingKey::from_bytes(&self.key)?.verify(&message(hash), &self.signature)
    }

    /// A receipt's `auth`: SHA-256 of the order's hash, the key and the signature.
    pub fn auth(&self, hash: &Hash) -> Hash {
        sha256_parts(&[hash, &self.key, &self.signature])
    }
}

fn message(hash: &Hash) -> Vec<u8> {
    let mut message = Vec::from(b"licit warrant\n");
    message.extend_from_slice(hash);
    message
}
