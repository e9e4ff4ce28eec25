//! The bytes of kept parts. Every kind of event has some of the keys of one table; [`Fields`] is that table.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use licit_receipt::Kind;
use licit_receipt::cbor::{Error, ErrorKind, Reader, Writer};
use licit_vm::{DutyDue, Key, Renewal};

use super::{
    Change, Count, Draw, Held, Id, Kept, KeptLine, LineOf, Paid, Report, SeatOf, Settled, Span, SpendOf,
    Terms, Who,
};
use crate::codec::{
    MapWriter, TYPICAL, read_instant, read_list, read_nat, read_signed, read_text, read_u16, read_u32,
    write_nat, write_signed,
};
use crate::config::{Config, Entitled};
use crate::content::read_duty;
use crate::state::CallId;

/// A kept map: whatever keys it has. Empty lists and absent values have none.
#[derive(Default)]
struct Fields {
    who: Who,
    counts: Vec<Count>,
    duties: Vec<DutyDue>,
    until: Option<i64>,
    bucket: Option<Span>,
    pool: Option<Span>,
    paid: Vec<i128>,
    duty: Option<u16>,
    key: Option<[u8; 34]>,
    salt: Option<[u8; 32]>,
    lines: Vec<KeptLine>,
    draws: Vec<Draw>,
    payable: Option<i128>,
    latest: Option<i64>,
    seats: Vec<SeatOf>,
    spends: Vec<SpendOf>,
    flat: u128,
    action: Option<String>,
    reports: Vec<Report>,
    changes: Vec<Change>,
    release: bool,
    ends: Vec<u16>,
    minor: Option<u128>,
    purpose: Option<Paid>,
    released: bool,
    span: Option<Span>,
    denied: Option<(u64, i64, i64)>,
    config: Config,
    call: Option<CallId>,
}

impl Kept {
    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let (mut body, mut out) = (Vec::with_capacity(TYPICAL), Vec::with_capacity(TYPICAL));
        let mut map = MapWriter::new(&mut body);
        Fields::of(self).write(&mut map);
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

impl Fields {
    fn of(kept: &Kept) -> Fields {
        let who = kept.who().copied().unwrap_or_default();
        let empty = Fields { who, ..Fields::default() };
        match kept.clone() {
            Kept::EpochOpen { key, salt } => Fields { key: Some(key), salt: Some(salt), ..empty },
            Kept::Configure(config) => Fields { config, ..empty },
            Kept::Hold { held, until, latest } => Fields { until: Some(until), latest, ..empty.held(held) },
            Kept::Extend(held) => empty.held(held),
            Kept::Renew { until } => Fields { until: Some(until), ..empty },
            Kept::Commit { counts, duties, seats, reports, settled, .. } => {
                Fields { counts, duties, seats, reports, ..empty.settled(settled) }
            }
            Kept::Correct { call, changes, reports, settled, .. } => {
                Fields { call: Some(call), changes, reports, ..empty.settled(settled) }
            }
            Kept::Denials { count, from, to, .. } => Fields { denied: Some((count, from, to)), ..empty },
            Kept::Notice { release } => Fields { release, ..empty },
            Kept::Done { duty, .. } => Fields { duty: Some(duty), ..empty },
            Kept::Facts { ends, .. } => Fields { ends, ..empty },
            Kept::Payment { minor, paid, .. } => Fields { minor: Some(minor), purpose: Some(paid), ..empty },
            Kept::Seat { seats, released, .. } => Fields { seats, released, ..empty },
            Kept::Close { span, settled, paid, .. } => {
                let fields = Fields { span: Some(span), ..empty.settled(settled) };
                if paid.is_empty() { fields } else { Fields { paid, ..fields } }
            }
            Kept::Deny | Kept::End | Kept::Who(_) => empty,
        }
    }

    fn held(self, held: Held) -> Fields {
        let Held { counts, seats, spends, flat, action, .. } = held;
        Fields { counts, seats, spends, flat, action, ..self }
    }

    fn settled(self, settled: Option<Settled>) -> Fields {
        let Some(Settled { bucket, pool, paid, lines, draws, payable }) = settled else { return self };
        Fields { bucket: Some(bucket), pool, paid, lines, draws, payable, ..self }
    }

    /// The kept part of an event of this kind, or the key that is missing.
    fn kept(self, kind: Kind) -> Result<Kept, u64> {
        let Fields { who, counts, duties, seats, reports, changes, released, .. } = self;
        let held = |counts, seats| Held {
            who,
            counts,
            seats,
            spends: self.spends,
            flat: self.flat,
            action: self.action,
        };
        let settled = self.bucket.map(|bucket| Settled {
            bucket,
            pool: self.pool,
            paid: self.paid.clone(),
            lines: self.lines,
            draws: self.draws,
            payable: self.payable,
        });
        Ok(match kind {
            Kind::EpochOpen => Kept::EpochOpen { key: self.key.ok_or(10u64)?, salt: self.salt.ok_or(11u64)? },
            Kind::Configure => Kept::Configure(self.config),
            Kind::Hold => {
                Kept::Hold { held: held(counts, seats), until: self.until.ok_or(5u64)?, latest: self.latest }
            }
            Kind::Extend => Kept::Extend(held(counts, seats)),
            Kind::Renew => Kept::Renew { until: self.until.ok_or(5u64)? },
            Kind::Commit | Kind::Late => Kept::Commit { who, counts, duties, seats, reports, settled },
            Kind::Correct | Kind::Reversal => {
                Kept::Correct { call: self.call.ok_or(31u64)?, who, changes, reports, settled }
            }
            Kind::Grant | Kind::Accept => Kept::Who(who),
            Kind::Evidence => match self.duty {
                Some(duty) => Kept::Done { who, duty },
                None => Kept::Facts { who, ends: self.ends },
            },
            Kind::Payment => {
                Kept::Payment { who, minor: self.minor.ok_or(22u64)?, paid: self.purpose.ok_or(21u64)? }
            }
            Kind::Seat => Kept::Seat { who, seats, released },
            Kind::Close => {
                // What a settlement window pays stands with its charge.
                let paid = if settled.is_some() { Vec::new() } else { self.paid };
                Kept::Close { who, span: self.span.ok_or(25u64)?, settled, paid }
            }
            Kind::Notice => Kept::Notice { release: self.release },
            Kind::Deny => match self.denied {
                Some((count, from, to)) => Kept::Denials { who, count, from, to },
                None => Kept::Deny,
            },
            _ => Kept::End,
        })
    }

    /// Keys ascend.
    fn write(&self, map: &mut MapWriter<'_>) {
        if let Some(Id(user)) = self.who.user {
            map.key(1).bytes(&user);
        }
        if let Some(Id(organisation)) = self.who.organisation {
            map.key(2).bytes(&organisation);
        }
        map.list(3, &self.counts, |w, count| {
            write_counter(w, 4, count.counter, count.key, count.window);
            write_nat(w, count.quantity);
        });
        map.list(4, &self.duties, |w, duty| {
            w.array(2);
            w.uint(u64::from(duty.duty));
            w.int(duty.due);
        });
        if let Some(until) = self.until {
            map.key(5).int(until);
        }
        self.write_money(map);
        if let Some(latest) = self.latest {
            map.key(14).int(latest);
        }
        self.write_held(map);
        self.write_marks(map);
    }

    fn write_money(&self, map: &mut MapWriter<'_>) {
        if let Some(bucket) = self.bucket {
            write_span(map.key(6), bucket);
        }
        if let Some(pool) = self.pool {
            write_span(map.key(7), pool);
        }
        map.list(8, &self.paid, |w, paid| write_signed(w, *paid));
        if let Some(duty) = self.duty {
            map.key(9).uint(u64::from(duty));
        }
        if let Some(key) = &self.key {
            map.key(10).bytes(key);
        }
        if let Some(salt) = &self.salt {
            map.key(11).bytes(salt);
        }
        map.list(12, &self.lines, |w, line| {
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
        map.list(13, &self.draws, |w, draw| {
            w.array(2);
            w.uint(draw.lot);
            write_signed(w, draw.parts);
        });
    }

    fn write_held(&self, map: &mut MapWriter<'_>) {
        map.list(15, &self.seats, |w, seat| {
            w.array(2);
            w.uint(u64::from(seat.counter));
            w.uint(seat.key as u64);
        });
        map.list(16, &self.spends, |w, spend| write_counter(w, 3, spend.counter, spend.key, spend.window));
        if self.flat > 0 {
            write_nat(&mut map.key(17), self.flat);
        }
        map.text(18, self.action.as_deref());
        map.list(19, &self.reports, |w, report| {
            write_counter(w, 4, report.counter, report.key, report.window);
            write_nat(w, report.quantity);
        });
        map.list(20, &self.changes, |w, change| {
            write_counter(w, 4, change.counter, change.key, change.window);
            write_signed(w, change.by);
        });
    }

    fn write_marks(&self, map: &mut MapWriter<'_>) {
        if let Some(purpose) = &self.purpose {
            write_paid(map.key(21), purpose);
        }
        if let Some(minor) = self.minor {
            write_nat(&mut map.key(22), minor);
        }
        map.list(23, &self.ends, |w, end| w.uint(u64::from(*end)));
        if self.release {
            map.key(24).bool(true);
        }
        if let Some(span) = self.span {
            write_span(map.key(25), span);
        }
        if self.released {
            map.key(26).bool(true);
        }
        if let Some((count, from, to)) = self.denied {
            let mut w = map.key(27);
            w.array(3);
            w.uint(count);
            w.int(from);
            w.int(to);
        }
        map.list(28, &self.config.entitled, |w, (kind, keys)| {
            w.array(2);
            w.uint(kind.number());
            w.array(keys.len());
            for key in keys {
                w.bytes(key);
            }
        });
        for (key, bound) in [(29, self.config.lateness), (30, self.config.ahead)] {
            if let Some(bound) = bound {
                map.key(key).uint(bound);
            }
        }
        if let Some(call) = &self.call {
            map.key(31).bytes(call);
        }
        if let Some(payable) = self.payable {
            write_signed(&mut map.key(32), payable);
        }
    }

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
            14 => self.latest = Some(read_instant(r)?),
            15 => self.seats = ascending(r, read_seat, |seat| seat.counter)?,
            16 => self.spends = ascending(r, read_spend, |spend| spend.counter)?,
            17 => self.flat = not_zero(r, read_nat)?,
            18 => self.action = Some(read_text(r)?),
            19 => self.reports = ascending(r, read_report, |report| report.counter)?,
            20 => self.changes = ascending(r, read_change, |change| change.counter)?,
            21 => self.purpose = Some(read_paid(r)?),
            22 => self.minor = Some(read_nat(r)?),
            23 => self.ends = ascending(r, read_u16, |end| *end)?,
            24 => self.release = read_true(r)?,
            25 => self.span = Some(read_span(r)?),
            26 => self.released = read_true(r)?,
            27 => self.denied = Some(read_denied(r)?),
            28 => self.config.entitled = read_entitled(r)?,
            29 => self.config.lateness = Some(r.uint()?),
            30 => self.config.ahead = Some(r.uint()?),
            31 => self.call = Some(r.bytes_exact()?),
            32 => self.payable = Some(read_signed(r)?),
            _ => return Err(r.unknown_key(key)),
        }
        Ok(())
    }
}

/// The first three items of an array of `length`.
fn write_counter(w: &mut Writer<'_>, length: usize, counter: u16, key: Key, window: i64) {
    w.array(length);
    w.uint(u64::from(counter));
    w.uint(key as u64);
    w.int(window);
}

pub(crate) fn write_span(mut w: Writer<'_>, span: Span) {
    w.array(2);
    w.uint(u64::from(span.kind));
    w.int(span.index);
}

/// `[1]`, `[2, anchor, periods]`, `[3, key, parts, priority, gift, [action, ...]]` with the expiry at the end, if there is one.
fn write_paid(mut w: Writer<'_>, paid: &Paid) {
    match paid {
        Paid::Account => {
            w.array(1);
            w.uint(1);
        }
        Paid::Renewal(renewal) => {
            w.array(3);
            w.uint(2);
            w.int(renewal.anchor);
            w.uint(u64::from(renewal.periods));
        }
        Paid::Credit { key, parts, terms } => {
            w.array(if terms.expires.is_some() { 7 } else { 6 });
            w.uint(3);
            w.uint(*key as u64);
            write_nat(&mut w, *parts);
            write_terms(&mut w, terms);
        }
    }
}

/// Three or four items: priority, gift, actions, and the expiry if there is one.
pub(crate) fn write_terms(w: &mut Writer<'_>, terms: &Terms) {
    w.uint(u64::from(terms.priority));
    w.bool(terms.gift);
    w.array(terms.actions.len());
    for action in &terms.actions {
        w.text(action);
    }
    if let Some(expires) = terms.expires {
        w.int(expires);
    }
}

/// What [`write_terms`] wrote; `expires`: whether there is an expiry.
pub(crate) fn read_terms(r: &mut Reader<'_>, expires: bool) -> Result<Terms, Error> {
    let (priority, gift) = (read_u16(r)?, r.bool()?);
    let order = r.error(ErrorKind::EntryOrder);
    let mut actions = Vec::new();
    let mut items = r.array()?;
    while r.item(&mut items) {
        actions.push(read_text(r)?);
    }
    if !actions.is_sorted_by(|a, b| a < b) {
        return Err(order);
    }
    let expires = if expires { Some(read_instant(r)?) } else { None };
    Ok(Terms { priority, expires, gift, actions })
}

fn read_paid(r: &mut Reader<'_>) -> Result<Paid, Error> {
    let unknown = r.error(ErrorKind::Range);
    let mut items = r.array()?;
    let count = items.left();
    if !r.item(&mut items) {
        return Err(unknown);
    }
    let paid = match (r.uint()?, count) {
        (1, 1) => Paid::Account,
        (2, 3) => Paid::Renewal(Renewal { anchor: read_instant(r)?, periods: read_u32(r)? }),
        (3, 6 | 7) => Paid::Credit {
            key: read_key(r)?,
            parts: not_zero(r, read_nat)?,
            terms: read_terms(r, count == 7)?,
        },
        _ => return Err(unknown),
    };
    // All items are read; this leaves the array.
    while r.item(&mut items) {}
    Ok(paid)
}

fn read_key(r: &mut Reader<'_>) -> Result<Key, Error> {
    let unknown = r.error(ErrorKind::Range);
    match r.uint()? {
        1 => Ok(Key::User),
        2 => Ok(Key::Organisation),
        3 => Ok(Key::Licensee),
        _ => Err(unknown),
    }
}

fn read_true(r: &mut Reader<'_>) -> Result<bool, Error> {
    let no = r.error(ErrorKind::Range);
    if r.bool()? { Ok(true) } else { Err(no) }
}

fn not_zero<'a, T: PartialEq + Default>(
    r: &mut Reader<'a>,
    read: impl FnOnce(&mut Reader<'a>) -> Result<T, Error>,
) -> Result<T, Error> {
    let zero = r.error(ErrorKind::Range);
    let value = read(r)?;
    if value == T::default() { Err(zero) } else { Ok(value) }
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
    let (counter, key, window) = (read_u16(r)?, read_key(r)?, r.int()?);
    Ok(Count { counter, key, window, quantity: not_zero(r, read_nat)? })
}

fn read_seat(r: &mut Reader<'_>) -> Result<SeatOf, Error> {
    r.array_of(2)?;
    Ok(SeatOf { counter: read_u16(r)?, key: read_key(r)? })
}

fn read_spend(r: &mut Reader<'_>) -> Result<SpendOf, Error> {
    r.array_of(3)?;
    Ok(SpendOf { counter: read_u16(r)?, key: read_key(r)?, window: r.int()? })
}

fn read_report(r: &mut Reader<'_>) -> Result<Report, Error> {
    r.array_of(4)?;
    let (counter, key, window) = (read_u16(r)?, read_key(r)?, r.int()?);
    Ok(Report { counter, key, window, quantity: read_nat(r)? })
}

fn read_change(r: &mut Reader<'_>) -> Result<Change, Error> {
    r.array_of(4)?;
    let (counter, key, window) = (read_u16(r)?, read_key(r)?, r.int()?);
    Ok(Change { counter, key, window, by: not_zero(r, read_signed)? })
}

fn read_denied(r: &mut Reader<'_>) -> Result<(u64, i64, i64), Error> {
    r.array_of(3)?;
    Ok((not_zero(r, Reader::uint)?, read_instant(r)?, read_instant(r)?))
}

fn read_entitled(r: &mut Reader<'_>) -> Result<Entitled, Error> {
    let wrong = r.error(ErrorKind::EntryOrder);
    let entitled = read_list(r, |r| {
        r.array_of(2)?;
        let unknown = r.error(ErrorKind::Range);
        let kind = Kind::from_number(r.uint()?).ok_or(unknown)?;
        let keys = read_list(r, Reader::bytes_exact)?;
        Ok((kind, keys))
    })?;
    let config = Config { entitled, ..Config::default() };
    if config.is_canonical() { Ok(config.entitled) } else { Err(wrong) }
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
        Ok(Draw { lot, parts: not_zero(r, read_signed)? })
    })
}

pub(crate) fn read_span(r: &mut Reader<'_>) -> Result<Span, Error> {
    r.array_of(2)?;
    let kind = not_zero(r, |r| r.uint_max(7))? as u8;
    Ok(Span { kind, index: r.int()? })
}
