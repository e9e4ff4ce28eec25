//! The kept part of an opening: what `fold` needs beside the receipt (`spec/ledger.md`, section 3). Never erased.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use licit_receipt::cbor::{Error, ErrorKind, Reader, Writer};
use licit_receipt::hash::sha256_parts;
use licit_receipt::{Hash, Kind};
use licit_vm::{DutyDue, Key, Window};

use crate::codec::{
    MapWriter, read_instant, read_list, read_nat, read_signed, read_u16, write_nat, write_signed,
};
use crate::content::read_duty;
use crate::request::{Licensee, Request};

/// A name of a user or an organisation, salted with the epoch's name salt.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub Hash);

impl Id {
    /// `SHA-256("licit name" || name salt || kind || name)`; kind is one byte, 1 user, 2 organisation.
    pub fn new(salt: &[u8; 32], licensee: Licensee<'_>) -> Id {
        let (kind, name) = match licensee {
            Licensee::User(name) => (1, name),
            Licensee::Organisation(name) => (2, name),
        };
        Id(sha256_parts(&[b"licit name", salt, &[kind], name.as_bytes()]))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({})", licit_receipt::hash::hex(self.0.get(..4).unwrap_or(&[])))
    }
}

/// The salted ids of whoever asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// The user.
    pub user: Option<Id>,
    /// The organisation.
    pub organisation: Option<Id>,
}

impl Who {
    /// The ids of a request's names.
    pub fn of(salt: &[u8; 32], request: &Request) -> Who {
        Who {
            user: request.user.as_deref().map(|name| Id::new(salt, Licensee::User(name))),
            organisation: request
                .organisation
                .as_deref()
                .map(|name| Id::new(salt, Licensee::Organisation(name))),
        }
    }

    /// The organisation, or the user who has none.
    pub fn licensee(&self) -> Option<Id> {
        self.organisation.or(self.user)
    }

    /// The id that a counter's key stands for.
    pub fn key(&self, key: Key) -> Option<Id> {
        match key {
            Key::User => self.user,
            Key::Organisation => self.organisation,
            Key::Licensee => self.licensee(),
        }
    }
}

/// What an event adds to one counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The counter's number in the licence.
    pub counter: u16,
    /// Whose count.
    pub key: Key,
    /// The index of its window.
    pub window: i64,
    /// How much, above 0.
    pub quantity: u128,
}

/// One window of a kind: `[kind, index]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Day, week, ... call, by the numbers of `spec/core.md` section 8.
    pub kind: u8,
    /// The index of the window; 0 for the term and for calls.
    pub index: i64,
}

impl Span {
    /// A window of this kind.
    pub fn new(kind: Window, index: i64) -> Span {
        Span { kind: kind as u8, index }
    }

    /// Whether every call is a bucket of its own.
    pub fn is_call(&self) -> bool {
        self.kind == Window::Call as u8
    }
}

/// Where a charge is entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The settlement bucket.
    pub bucket: Span,
    /// The sharing bucket, where it is not the settlement bucket.
    pub pool: Option<Span>,
    /// Minor units by part ([`crate::parts`], in its order), where the event closes its sharing bucket or changes a
    /// closed one.
    pub paid: Vec<i128>,
    /// What the amount consists of: strictly ascending by what they are for; their sum is the amount with its sign.
    pub lines: Vec<KeptLine>,
    /// What prepaid credit it was drawn from, in the order of drawing, or what was given back to it; no lot twice.
    pub draws: Vec<Draw>,
}

/// What a line of a statement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineOf {
    /// A case of a charge clause.
    Case {
        /// The charge (label order).
        charge: u16,
        /// The case within it.
        case: u16,
    },
    /// A charge at close, by its number (label order).
    AtClose(u16),
    /// What was missing to the floor of a bounded price.
    Floor {
        /// The charge.
        charge: u16,
        /// The case within it.
        case: u16,
    },
}

/// One line of a charge, or its correction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptLine {
    /// What it is for.
    pub of: LineOf,
    /// Of the unit that the line is priced by; of fees and floors how many. A correction takes away what is negative.
    pub quantity: i128,
    /// In parts of 1/grain of the currency.
    pub amount: i128,
}

/// What one event draws from a lot of prepaid credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// The leaf of the payment that made the lot.
    pub lot: u64,
    /// In parts of credit ([`crate::credit`]); below 0 where it is given back. Never 0.
    pub parts: i128,
}

/// The kept part, by kind of event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// `epoch-open`.
    EpochOpen {
        /// The gateway's public key as multikey bytes.
        key: [u8; 34],
        /// What names are salted with in this epoch.
        salt: [u8; 32],
    },
    /// `hold`.
    Hold {
        /// Who asked.
        who: Who,
        /// What is held, ascending by counter.
        counts: Vec<Count>,
        /// The first instant of the log at which the hold is no longer open.
        until: i64,
    },
    /// `commit`.
    Commit {
        /// Who used.
        who: Who,
        /// What is counted, ascending by counter.
        counts: Vec<Count>,
        /// Duties that become pending, ascending.
        duties: Vec<DutyDue>,
        /// Where the charge is entered; none in a licence without money.
        settled: Option<Settled>,
    },
    /// `deny`: a denial consumes nothing.
    Deny,
    /// `release` and `expire`: the hold they end is the receipt's reference.
    End,
    /// `evidence` that a duty was done.
    Done {
        /// Whose duty.
        who: Who,
        /// The duty's number in the licence.
        duty: u16,
    },
    /// `notice` of revocation: its instant is the receipt's instant of use.
    Notice,
}

impl Kept {
    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let (mut body, mut out) = (Vec::new(), Vec::new());
        let mut map = MapWriter::new(&mut body);
        match self {
            Kept::EpochOpen { key, salt } => {
                map.key(10).bytes(key);
                map.key(11).bytes(salt);
            }
            Kept::Hold { who, counts, until } => {
                write_who(&mut map, who);
                write_counts(&mut map, counts);
                map.key(5).int(*until);
            }
            Kept::Commit { who, counts, duties, settled } => {
                write_who(&mut map, who);
                write_counts(&mut map, counts);
                map.list(4, duties, |w, duty| {
                    w.array(2);
                    w.uint(u64::from(duty.duty));
                    w.int(duty.due);
                });
                write_settled(&mut map, settled.as_ref());
            }
            Kept::Done { who, duty } => {
                write_who(&mut map, who);
                map.key(9).uint(u64::from(*duty));
            }
            Kept::Deny | Kept::End | Kept::Notice => {}
        }
        map.finish(&mut out);
        out
    }

    /// Reads exactly the bytes that [`Kept::encode`] makes for an event of this kind.
    pub fn decode(kind: Kind, bytes: &[u8]) -> Result<Kept, Error> {
        let mut r = Reader::new(bytes);
        let mut fields = Fields::default();
        let mut map = r.map()?;
        while let Some(key) = r.key(&mut map)? {
            fields.read(key, &mut r)?;
        }
        let error = r.error(ErrorKind::MissingKey(0));
        r.finish()?;
        let kept = fields.kept(kind).map_err(|key| Error { kind: ErrorKind::MissingKey(key), ..error })?;
        // A key that this kind does not have was read and dropped: what is left encodes to other bytes.
        if kept.encode() != bytes {
            return Err(Error { offset: 0, kind: ErrorKind::ForbiddenKey(0) });
        }
        Ok(kept)
    }
}

fn write_who(map: &mut MapWriter<'_>, who: &Who) {
    if let Some(Id(user)) = who.user {
        map.key(1).bytes(&user);
    }
    if let Some(Id(organisation)) = who.organisation {
        map.key(2).bytes(&organisation);
    }
}

fn write_counts(map: &mut MapWriter<'_>, counts: &[Count]) {
    map.list(3, counts, |w, count| {
        w.array(4);
        w.uint(u64::from(count.counter));
        w.uint(count.key as u64);
        w.int(count.window);
        write_nat(w, count.quantity);
    });
}

/// Keys 6 to 8, 12 and 13 are in ascending order only if nothing else is written between them.
fn write_settled(map: &mut MapWriter<'_>, settled: Option<&Settled>) {
    let Some(settled) = settled else { return };
    write_span(map.key(6), settled.bucket);
    if let Some(pool) = settled.pool {
        write_span(map.key(7), pool);
    }
    map.list(8, &settled.paid, |w, paid| write_signed(w, *paid));
    map.list(12, &settled.lines, |w, line| {
        let (kind, number, case) = match line.of {
            LineOf::Case { charge, case } => (1, charge, case),
            LineOf::AtClose(number) => (2, number, 0),
            LineOf::Floor { charge, case } => (3, charge, case),
        };
        w.array(5);
        w.uint(kind);
        w.uint(u64::from(number));
        w.uint(u64::from(case));
        write_signed(w, line.quantity);
        write_signed(w, line.amount);
    });
    map.list(13, &settled.draws, |w, draw| {
        w.array(2);
        w.uint(draw.lot);
        write_signed(w, draw.parts);
    });
}

fn write_span(mut w: Writer<'_>, span: Span) {
    w.array(2);
    w.uint(u64::from(span.kind));
    w.int(span.index);
}

/// A kept map while it is read.
#[derive(Default)]
struct Fields {
    who: Who,
    counts: Vec<Count>,
    duties: Vec<DutyDue>,
    until: Option<i64>,
    bucket: Option<Span>,
    pool: Option<Span>,
    paid: Vec<i128>,
    lines: Vec<KeptLine>,
    draws: Vec<Draw>,
    duty: Option<u16>,
    key: Option<[u8; 34]>,
    salt: Option<[u8; 32]>,
}

impl Fields {
    fn read(&mut self, key: u64, r: &mut Reader<'_>) -> Result<(), Error> {
        match key {
            1 => self.who.user = Some(Id(r.bytes_exact()?)),
            2 => self.who.organisation = Some(Id(r.bytes_exact()?)),
            3 => self.counts = ascending(r, read_count, |count| count.counter)?,
            4 => self.duties = ascending(r, read_duty, |duty| duty.duty)?,
            5 => self.until = Some(read_instant(r)?),
            6 => self.bucket = Some(read_span(r)?),
            7 => self.pool = Some(read_span(r)?),
            8 => self.paid = read_list(r, read_signed)?,
            9 => self.duty = Some(read_u16(r)?),
            10 => self.key = Some(r.bytes_exact()?),
            11 => self.salt = Some(r.bytes_exact()?),
            12 => self.lines = read_lines(r)?,
            13 => self.draws = read_draws(r)?,
            _ => return Err(r.unknown_key(key)),
        }
        Ok(())
    }

    /// The kept part of an event of this kind, or the key that is missing.
    fn kept(self, kind: Kind) -> Result<Kept, u64> {
        Ok(match kind {
            Kind::EpochOpen => Kept::EpochOpen { key: self.key.ok_or(10u64)?, salt: self.salt.ok_or(11u64)? },
            Kind::Hold => Kept::Hold { who: self.who, counts: self.counts, until: self.until.ok_or(5u64)? },
            Kind::Commit => {
                let Fields { pool, paid, lines, draws, .. } = self;
                let settled = self.bucket.map(|bucket| Settled { bucket, pool, paid, lines, draws });
                Kept::Commit { who: self.who, counts: self.counts, duties: self.duties, settled }
            }
            Kind::Evidence => Kept::Done { who: self.who, duty: self.duty.ok_or(9u64)? },
            Kind::Notice => Kept::Notice,
            Kind::Deny => Kept::Deny,
            _ => Kept::End,
        })
    }
}

fn ascending<'a, T>(
    r: &mut Reader<'a>,
    entry: impl FnMut(&mut Reader<'a>) -> Result<T, Error>,
    number: impl Fn(&T) -> u16,
) -> Result<Vec<T>, Error> {
    let order = r.error(ErrorKind::EntryOrder);
    let list = read_list(r, entry)?;
    if list.is_sorted_by(|a, b| number(a) < number(b)) { Ok(list) } else { Err(order) }
}

fn read_count(r: &mut Reader<'_>) -> Result<Count, Error> {
    r.array_of(4)?;
    let counter = read_u16(r)?;
    let unknown = r.error(ErrorKind::Range);
    let key = match r.uint()? {
        1 => Key::User,
        2 => Key::Organisation,
        3 => Key::Licensee,
        _ => return Err(unknown),
    };
    let window = r.int()?;
    let zero = r.error(ErrorKind::Range);
    let quantity = read_nat(r)?;
    if quantity == 0 { Err(zero) } else { Ok(Count { counter, key, window, quantity }) }
}

fn read_lines(r: &mut Reader<'_>) -> Result<Vec<KeptLine>, Error> {
    let order = r.error(ErrorKind::EntryOrder);
    let list = read_list(r, |r| {
        r.array_of(5)?;
        let unknown = r.error(ErrorKind::Range);
        let (kind, number, case) = (r.uint()?, read_u16(r)?, read_u16(r)?);
        let of = match (kind, case) {
            (1, case) => LineOf::Case { charge: number, case },
            (2, 0) => LineOf::AtClose(number),
            (3, case) => LineOf::Floor { charge: number, case },
            _ => return Err(unknown),
        };
        Ok(KeptLine { of, quantity: read_signed(r)?, amount: read_signed(r)? })
    })?;
    if list.is_sorted_by(|a, b| a.of < b.of) { Ok(list) } else { Err(order) }
}

/// In their own order, but no lot twice.
fn read_draws(r: &mut Reader<'_>) -> Result<Vec<Draw>, Error> {
    let mut lots = BTreeSet::new();
    read_list(r, |r| {
        r.array_of(2)?;
        let twice = r.error(ErrorKind::EntryOrder);
        let lot = r.uint()?;
        if !lots.insert(lot) {
            return Err(twice);
        }
        let zero = r.error(ErrorKind::Range);
        let parts = read_signed(r)?;
        if parts == 0 { Err(zero) } else { Ok(Draw { lot, parts }) }
    })
}

fn read_span(r: &mut Reader<'_>) -> Result<Span, Error> {
    r.array_of(2)?;
    let unknown = r.error(ErrorKind::Range);
    let kind = r.uint_max(7)? as u8;
    if kind == 0 { Err(unknown) } else { Ok(Span { kind, index: r.int()? }) }
}
