//! The MU receipt: its typed form and its canonical bytes (`spec/receipt.md`, section 1).

use alloc::vec::Vec;
use core::fmt;

use crate::cbor::{Error, ErrorKind, Reader, Type, Writer, head_len};
use crate::hash::{Hash, leaf_hash};
use crate::kind::Kind;

/// The version of the format, the value of key 1.
pub const VERSION: u64 = 1;

/// The longest receipt in bytes: entry bundles of the log carry 16-bit lengths.
pub const MAX_LEN: usize = 0xffff;

/// How many quantities a receipt may list.
pub const MAX_QUANTITIES: usize = 1024;

/// One event of one gateway's log, a leaf of its tree.
///
/// A field that is `None`, or an empty `quantities`, is absent from the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Key 2: what happened.
    pub kind: Kind,
    /// Key 3: SHA-256 of the gateway's public key as multikey bytes ([`crate::VerifyingKey::gateway`]).
    pub gateway: Hash,
    /// Key 4: the fencing token of this run of the gateway.
    pub epoch: u64,
    /// Key 5: the leaf's index in the log of (gateway, epoch), without gaps.
    pub seq: u64,
    /// Key 6: when it was logged and when it was used.
    pub at: At,
    /// Key 7: the consumer's id of the invocation (a UUIDv7).
    pub call: Option<[u8; 16]>,
    /// Key 8: the licence id, SHA-256 of the canonical core.
    pub licence: Option<Hash>,
    /// Key 9: the id of the module that was executed.
    pub module: Option<Hash>,
    /// Key 10: 0 permit, else the first reason's code ([`crate::kind::DECISIONS`]).
    pub decision: Option<u16>,
    /// Key 11: the metered quantities of the call, strictly ascending by unit; at most [`MAX_QUANTITIES`].
    pub quantities: Vec<Quantity>,
    /// Key 12: the exact charge.
    pub amount: Option<Amount>,
    /// Key 13: the minor units that this event makes due.
    pub due: Option<Due>,
    /// Key 14: the commitment to the opening ([`crate::Opening::commitment`]).
    pub opening: Hash,
    /// Key 15: the consumer, as a salted commitment or a pairwise pseudonym.
    pub consumer: Option<Hash>,
    /// Key 16: the digest of the capsule that was used.
    pub capsule: Option<Hash>,
    /// Key 17: the hash of the consumer's signed request or voucher.
    pub auth: Option<Hash>,
    /// Key 18: the registry view (revocations) that the decision consulted.
    pub view: Option<View>,
    /// Key 19: the leaf that this one ends, corrects or answers.
    pub reference: Option<Reference>,
    /// Key 20: the final root of the previous epoch's log; only where `kind` is [`Kind::EpochOpen`].
    pub prev: Option<Hash>,
}

/// The two instants of an event, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct At {
    /// The instant of the log: orders events, never decreases within a log.
    pub logged: u64,
    /// The instant of use: decides term, window and version.
    pub used: u64,
}

/// A metered quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// Index of the unit in the module's manifest.
    pub unit: u32,
    /// How many of it.
    pub count: u128,
}

/// An exact charge: `numerator / grain` of the currency's whole unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    /// Index of the currency in the module's manifest.
    pub currency: u32,
    /// The module's grain: how many parts make one unit of the currency. At least 1.
    pub grain: u64,
    /// How many parts.
    pub numerator: u128,
}

/// What an event adds to the rounded running total, in minor units of the currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Whether the minor units are taken away; never set when there are none.
    pub negative: bool,
    /// How many minor units.
    pub minor: u128,
}

/// A registry view: its size and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The size of the registry's log.
    pub size: u64,
    /// Its time, in microseconds since 1970-01-01T00:00:00Z.
    pub time: u64,
}

/// A reference to another leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// A leaf of the same log, by its index.
    Leaf(u64),
    /// A leaf of any log, by its receipt id.
    Id(Hash),
}

/// Why a receipt has no bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// More than [`MAX_QUANTITIES`] quantities.
    TooManyQuantities,
    /// Two quantities with the same unit, or units out of order.
    QuantityOrder,
    /// An amount over a grain of 0.
    ZeroGrain,
    /// A `due` of minus nothing.
    NegativeZero,
    /// `prev` in a receipt that does not open an epoch.
    PrevOutsideEpochOpen,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EncodeError::TooManyQuantities => write!(f, "more than {MAX_QUANTITIES} quantities"),
            EncodeError::QuantityOrder => f.write_str("quantities are not strictly ascending by unit"),
            EncodeError::ZeroGrain => f.write_str("the grain of an amount is 0"),
            EncodeError::NegativeZero => f.write_str("due is minus nothing"),
            EncodeError::PrevOutsideEpochOpen => f.write_str("prev is only for an epoch-open receipt"),
        }
    }
}

impl core::error::Error for EncodeError {}

impl Receipt {
    /// A receipt with the required fields; the optional ones are absent.
    pub fn new(kind: Kind, gateway: Hash, epoch: u64, seq: u64, at: At, opening: Hash) -> Self {
        Receipt {
            kind,
            gateway,
            epoch,
            seq,
            at,
            call: None,
            licence: None,
            module: None,
            decision: None,
            quantities: Vec::new(),
            amount: None,
            due: None,
            opening,
            consumer: None,
            capsule: None,
            auth: None,
            view: None,
            reference: None,
            prev: None,
        }
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        self.encode_into(&mut out)?;
        Ok(out)
    }

    /// Appends the canonical bytes to `out`, which grows at most once; on an error `out` is as before.
    pub fn encode_into(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.check()?;
        out.reserve(self.encoded_len());
        let mut w = Writer::new(out);
        w.map(self.key_count());
        w.uint(1);
        w.uint(VERSION);
        w.uint(2);
        w.uint(self.kind.number());
        w.uint(3);
        w.bytes_exact(&self.gateway);
        w.uint(4);
        w.uint(self.epoch);
        w.uint(5);
        w.uint(self.seq);
        w.uint(6);
        w.array(2);
        w.uint(self.at.logged);
        w.uint(self.at.used);
        write_bytes(&mut w, 7, self.call.as_ref());
        write_bytes(&mut w, 8, self.licence.as_ref());
        write_bytes(&mut w, 9, self.module.as_ref());
        if let Some(decision) = self.decision {
            w.uint(10);
            w.uint(u64::from(decision));
        }
        if !self.quantities.is_empty() {
            w.uint(11);
            w.array(self.quantities.len());
            for quantity in &self.quantities {
                w.array(2);
                w.uint(u64::from(quantity.unit));
                w.u128(quantity.count);
            }
        }
        if let Some(amount) = &self.amount {
            w.uint(12);
            w.array(3);
            w.uint(u64::from(amount.currency));
            w.uint(amount.grain);
            w.u128(amount.numerator);
        }
        if let Some(due) = &self.due {
            w.uint(13);
            w.array(2);
            w.uint(u64::from(due.negative));
            w.u128(due.minor);
        }
        w.uint(14);
        w.bytes_exact(&self.opening);
        write_bytes(&mut w, 15, self.consumer.as_ref());
        write_bytes(&mut w, 16, self.capsule.as_ref());
        write_bytes(&mut w, 17, self.auth.as_ref());
        if let Some(view) = &self.view {
            w.uint(18);
            w.array(2);
            w.uint(view.size);
            w.uint(view.time);
        }
        match &self.reference {
            Some(Reference::Leaf(index)) => {
                w.uint(19);
                w.uint(*index);
            }
            Some(Reference::Id(id)) => {
                w.uint(19);
                w.bytes_exact(id);
            }
            None => {}
        }
        write_bytes(&mut w, 20, self.prev.as_ref());
        Ok(())
    }

    /// The receipt's id: the leaf hash of its canonical bytes.
    pub fn id(&self) -> Result<Hash, EncodeError> {
        Ok(leaf_hash(&self.encode()?))
    }

    fn check(&self) -> Result<(), EncodeError> {
        if self.quantities.len() > MAX_QUANTITIES {
            return Err(EncodeError::TooManyQuantities);
        }
        if !self.quantities.is_sorted_by(|a, b| a.unit < b.unit) {
            return Err(EncodeError::QuantityOrder);
        }
        if self.amount.is_some_and(|amount| amount.grain == 0) {
            return Err(EncodeError::ZeroGrain);
        }
        if self.due.is_some_and(|due| due.negative && due.minor == 0) {
            return Err(EncodeError::NegativeZero);
        }
        if self.prev.is_some() && self.kind != Kind::EpochOpen {
            return Err(EncodeError::PrevOutsideEpochOpen);
        }
        Ok(())
    }

    fn key_count(&self) -> usize {
        let optional = [
            self.call.is_some(),
            self.licence.is_some(),
            self.module.is_some(),
            self.decision.is_some(),
            !self.quantities.is_empty(),
            self.amount.is_some(),
            self.due.is_some(),
            self.consumer.is_some(),
            self.capsule.is_some(),
            self.auth.is_some(),
            self.view.is_some(),
            self.reference.is_some(),
            self.prev.is_some(),
        ];
        optional.iter().filter(|present| **present).count().saturating_add(7)
    }

    /// The exact length of the canonical bytes.
    pub fn encoded_len(&self) -> usize {
        // Every key is below 24, so it takes one byte; a string of 16 bytes takes 17, one of 32 bytes 34.
        let hashes = [self.licence, self.module, self.consumer, self.capsule, self.auth, self.prev];
        let quantities = self.quantities.iter().map(|q| head_len(u64::from(q.unit)).saturating_add(18));
        let lengths = [
            head_len(self.key_count() as u64),
            4,  // version and kind
            70, // gateway and opening
            head_len(self.epoch).saturating_add(1),
            head_len(self.seq).saturating_add(1),
            head_len(self.at.logged).saturating_add(head_len(self.at.used)).saturating_add(2),
            self.call.map_or(0, |_| 18),
            hashes.iter().flatten().count().saturating_mul(35),
            self.decision.map_or(0, |decision| head_len(u64::from(decision)).saturating_add(1)),
            match self.quantities.len() {
                0 => 0,
                count => quantities.fold(head_len(count as u64).saturating_add(1), usize::saturating_add),
            },
            self.amount.map_or(0, |amount| {
                head_len(u64::from(amount.currency)).saturating_add(head_len(amount.grain)).saturating_add(19)
            }),
            self.due.map_or(0, |_| 20),
            self.view
                .map_or(0, |view| head_len(view.size).saturating_add(head_len(view.time)).saturating_add(2)),
            match self.reference {
                Some(Reference::Leaf(index)) => head_len(index).saturating_add(1),
                Some(Reference::Id(_)) => 35,
                None => 0,
            },
        ];
        lengths.iter().sum()
    }

    /// Reads a receipt, accepting exactly the bytes that [`Receipt::encode`] makes.
    pub fn decode(bytes: &[u8]) -> Result<Receipt, Error> {
        let mut r = Reader::bounded(bytes, MAX_LEN)?;
        let receipt = Fields::read(&mut r)?.receipt(&r)?;
        r.finish()?;
        Ok(receipt)
    }
}

#[inline]
fn write_bytes<const N: usize>(w: &mut Writer<'_>, key: u64, value: Option<&[u8; N]>) {
    if let Some(value) = value {
        w.uint(key);
        w.bytes_exact(value);
    }
}

/// A receipt while it is read: which required keys have come is not known yet.
#[derive(Default)]
struct Fields {
    version: bool,
    kind: Option<Kind>,
    gateway: Option<Hash>,
    epoch: Option<u64>,
    seq: Option<u64>,
    at: Option<At>,
    call: Option<[u8; 16]>,
    licence: Option<Hash>,
    module: Option<Hash>,
    decision: Option<u16>,
    quantities: Vec<Quantity>,
    amount: Option<Amount>,
    due: Option<Due>,
    opening: Option<Hash>,
    consumer: Option<Hash>,
    capsule: Option<Hash>,
    auth: Option<Hash>,
    view: Option<View>,
    reference: Option<Reference>,
    prev: Option<Hash>,
}

impl Fields {
    fn read(r: &mut Reader<'_>) -> Result<Fields, Error> {
        let mut fields = Fields::default();
        let mut map = r.map()?;
        while let Some(key) = r.key(&mut map)? {
            match key {
                1 => fields.version = read_version(r)?,
                2 => fields.kind = Some(read_kind(r)?),
                3 => fields.gateway = Some(r.bytes_exact()?),
                4 => fields.epoch = Some(r.uint()?),
                5 => fields.seq = Some(r.uint()?),
                6 => fields.at = Some(read_at(r)?),
                7 => fields.call = Some(r.bytes_exact()?),
                8 => fields.licence = Some(r.bytes_exact()?),
                9 => fields.module = Some(r.bytes_exact()?),
                10 => fields.decision = Some(r.uint_max(u64::from(u16::MAX))? as u16),
                11 => fields.quantities = read_quantities(r)?,
                12 => fields.amount = Some(read_amount(r)?),
                13 => fields.due = Some(read_due(r)?),
                14 => fields.opening = Some(r.bytes_exact()?),
                15 => fields.consumer = Some(r.bytes_exact()?),
                16 => fields.capsule = Some(r.bytes_exact()?),
                17 => fields.auth = Some(r.bytes_exact()?),
                18 => fields.view = Some(read_view(r)?),
                19 => fields.reference = Some(read_reference(r)?),
                20 if fields.kind != Some(Kind::EpochOpen) => {
                    let offset = r.offset().saturating_sub(head_len(20));
                    return Err(Error { offset, kind: ErrorKind::ForbiddenKey(20) });
                }
                20 => fields.prev = Some(r.bytes_exact()?),
                _ => return Err(r.unknown_key(key)),
            }
        }
        Ok(fields)
    }

    fn receipt(self, r: &Reader<'_>) -> Result<Receipt, Error> {
        let missing = |key| r.error(ErrorKind::MissingKey(key));
        if !self.version {
            return Err(missing(1));
        }
        Ok(Receipt {
            kind: self.kind.ok_or(missing(2))?,
            gateway: self.gateway.ok_or(missing(3))?,
            epoch: self.epoch.ok_or(missing(4))?,
            seq: self.seq.ok_or(missing(5))?,
            at: self.at.ok_or(missing(6))?,
            call: self.call,
            licence: self.licence,
            module: self.module,
            decision: self.decision,
            quantities: self.quantities,
            amount: self.amount,
            due: self.due,
            opening: self.opening.ok_or(missing(14))?,
            consumer: self.consumer,
            capsule: self.capsule,
            auth: self.auth,
            view: self.view,
            reference: self.reference,
            prev: self.prev,
        })
    }
}

fn read_version(r: &mut Reader<'_>) -> Result<bool, Error> {
    let here = r.error(ErrorKind::Range);
    if r.uint()? == VERSION { Ok(true) } else { Err(here) }
}

fn read_kind(r: &mut Reader<'_>) -> Result<Kind, Error> {
    let here = r.error(ErrorKind::Range);
    Kind::from_number(r.uint()?).ok_or(here)
}

fn read_at(r: &mut Reader<'_>) -> Result<At, Error> {
    r.array_of(2)?;
    Ok(At { logged: r.uint()?, used: r.uint()? })
}

fn read_quantities(r: &mut Reader<'_>) -> Result<Vec<Quantity>, Error> {
    let start = r.offset();
    let mut items = r.array()?;
    // No quantities are said by leaving the key out.
    match items.left() {
        0 => return Err(Error { offset: start, kind: ErrorKind::Range }),
        1..=MAX_QUANTITIES => {}
        _ => return Err(Error { offset: start, kind: ErrorKind::TooMany(MAX_QUANTITIES) }),
    }
    let mut quantities: Vec<Quantity> = Vec::with_capacity(items.left());
    while r.item(&mut items) {
        let order = r.error(ErrorKind::EntryOrder);
        r.array_of(2)?;
        let unit = r.uint_max(u64::from(u32::MAX))? as u32;
        if quantities.last().is_some_and(|last| unit <= last.unit) {
            return Err(order);
        }
        quantities.push(Quantity { unit, count: r.u128()? });
    }
    Ok(quantities)
}

fn read_amount(r: &mut Reader<'_>) -> Result<Amount, Error> {
    r.array_of(3)?;
    let currency = r.uint_max(u64::from(u32::MAX))? as u32;
    let zero = r.error(ErrorKind::Range);
    let grain = r.uint()?;
    if grain == 0 {
        return Err(zero);
    }
    Ok(Amount { currency, grain, numerator: r.u128()? })
}

fn read_due(r: &mut Reader<'_>) -> Result<Due, Error> {
    r.array_of(2)?;
    let sign = r.error(ErrorKind::Range);
    let due = Due { negative: r.uint_max(1)? == 1, minor: r.u128()? };
    // Nothing has one spelling: plus nothing.
    if due.negative && due.minor == 0 { Err(sign) } else { Ok(due) }
}

fn read_view(r: &mut Reader<'_>) -> Result<View, Error> {
    r.array_of(2)?;
    Ok(View { size: r.uint()?, time: r.uint()? })
}

fn read_reference(r: &mut Reader<'_>) -> Result<Reference, Error> {
    match r.peek() {
        Some(Type::Bytes) => Ok(Reference::Id(r.bytes_exact()?)),
        _ => Ok(Reference::Leaf(r.uint()?)),
    }
}
