//! The canonical bytes of a state: what a snapshot holds (`spec/ledger.md`, section 2).
//!
//! A map; lists are in the order of their keys and absent when empty. Reading accepts exactly what writing makes, so equal
//! states have equal bytes and a snapshot cannot say the same in two ways. Bytes that are canonical can still describe a
//! state that no log comes to: a snapshot is a cache, to be believed only where its log's head says so.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use licit_receipt::cbor::{Error, ErrorKind, Reader, Writer};
use licit_receipt::{Hash, Kind};
use licit_vm::Renewal;

use super::{
    AccountKey, Call, CallId, CounterKey, DutyKey, Epoch, Hold, Phase, Pool, Reported, Seat, SeatKey,
    Standing, State, Sum, Total,
};
use crate::codec::{
    MapWriter, read_instant, read_list, read_nat, read_signed, read_text, read_u16, read_u32, write_nat,
    write_signed,
};
use crate::config::Config;
use crate::content::{read_status, write_status};
use crate::credit::{Lot, Lots};
use crate::kept::{Id, Kept};

/// The version of the format, the value of key 0.
const VERSION: u64 = 1;

impl State {
    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let (mut body, mut out) = (Vec::new(), Vec::new());
        let mut map = MapWriter::new(&mut body);
        map.key(0).uint(VERSION);
        if let Some(Epoch { gateway, key, epoch, salt }) = &self.epoch {
            let mut w = map.key(1);
            w.array(4);
            w.bytes(gateway);
            w.bytes(key);
            w.uint(*epoch);
            w.bytes(salt);
        }
        map.key(2).uint(self.next);
        map.key(3).uint(self.logged);
        if self.config != Config::default() {
            map.key(4).bytes(&Kept::Configure(self.config.clone()).encode());
        }
        self.write_counts(&mut map);
        self.write_calls(&mut map);
        self.write_marks(&mut map);
        self.write_money(&mut map);
        map.finish(&mut out);
        out
    }

    /// Reads exactly the bytes that [`State::encode`] makes.
    pub fn decode(bytes: &[u8]) -> Result<State, Error> {
        let mut r = Reader::new(bytes);
        let mut state = State::default();
        let mut map = r.map()?;
        let mut version = None;
        while let Some(key) = r.key(&mut map)? {
            match key {
                0 => version = Some(r.uint_max(VERSION)?),
                1 => state.epoch = Some(read_epoch(&mut r)?),
                2 => state.next = r.uint()?,
                3 => state.logged = r.uint()?,
                4 => state.config = read_config(&mut r)?,
                _ => {
                    let known = state.read_counts(key, &mut r)?
                        || state.read_calls(key, &mut r)?
                        || state.read_marks(key, &mut r)?
                        || state.read_money(key, &mut r)?;
                    if !known {
                        return Err(r.unknown_key(key));
                    }
                }
            }
        }
        let missing = r.error(ErrorKind::MissingKey(0));
        r.finish()?;
        if version != Some(VERSION) {
            return Err(missing);
        }
        state.ends = state.holds.iter().map(|(call, hold)| (hold.until, *call)).collect();
        // What was read and dropped, or could be said otherwise, encodes to other bytes.
        if state.encode() != bytes {
            return Err(Error { offset: 0, kind: ErrorKind::EntryOrder });
        }
        Ok(state)
    }

    fn write_counts(&self, map: &mut MapWriter<'_>) {
        write_map(map, 5, &self.counters, |w, key, sum| {
            w.array(7);
            write_counter(w, key);
            write_nat(w, sum.committed);
            write_nat(w, sum.held);
            write_id(w, sum.licensee);
        });
        write_map(map, 6, &self.reports, |w, key, reported| {
            w.array(6);
            write_counter(w, key);
            write_id(w, reported.licensee);
            w.array(reported.reports.iter().count());
            for ((used_at, leaf), quantity) in reported.reports.iter() {
                w.array(3);
                w.uint(*used_at);
                w.uint(*leaf);
                write_nat(w, *quantity);
            }
        });
        write_map(map, 7, &self.seats, |w, key, seat| {
            w.array(7);
            w.bytes(&key.licence);
            w.uint(u64::from(key.counter));
            w.bytes(&key.group.0);
            w.bytes(&key.user.0);
            write_instant(w, seat.last);
            w.bool(seat.released);
            w.uint(u64::from(seat.open));
        });
    }

    fn read_counts(&mut self, key: u64, r: &mut Reader<'_>) -> Result<bool, Error> {
        match key {
            5 => {
                self.counters = read_map(r, |r| {
                    r.array_of(7)?;
                    let key = read_counter(r)?;
                    let (committed, held) = (read_nat(r)?, read_nat(r)?);
                    Ok((key, Sum { committed, held, licensee: read_id(r)? }))
                })?;
            }
            6 => self.reports = read_map(r, read_reported)?,
            7 => {
                self.seats = read_map(r, |r| {
                    r.array_of(7)?;
                    let (licence, counter) = (r.bytes_exact()?, read_u16(r)?);
                    let (group, user) = (Id(r.bytes_exact()?), Id(r.bytes_exact()?));
                    let key = SeatKey { licence, counter, group, user };
                    let (last, released) = (read_maybe(r, read_instant)?, r.bool()?);
                    Ok((key, Seat { last, released, open: read_u32(r)? }))
                })?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn write_calls(&self, map: &mut MapWriter<'_>) {
        write_map(map, 8, &self.calls, |w, call, at| {
            w.array(5);
            w.bytes(call);
            w.uint(at.phase as u64);
            w.uint(at.leaf);
            w.uint(at.asked);
            w.uint(at.latest);
        });
        write_map(map, 9, &self.holds, |w, call, hold| {
            w.array(7);
            w.bytes(call);
            w.uint(hold.leaf);
            w.uint(hold.request);
            w.bytes(&hold.licence);
            w.bytes(&hold.module);
            w.uint(hold.used_at);
            let latest = (hold.latest > hold.until).then_some(hold.latest);
            w.bytes(&Kept::Hold { held: hold.held.clone(), until: hold.until, latest }.encode());
        });
    }

    fn read_calls(&mut self, key: u64, r: &mut Reader<'_>) -> Result<bool, Error> {
        match key {
            8 => {
                self.calls = read_map(r, |r| {
                    r.array_of(5)?;
                    let call: CallId = r.bytes_exact()?;
                    let unknown = r.error(ErrorKind::Range);
                    let phase = r.uint()?;
                    let phase = Phase::ALL.into_iter().find(|known| *known as u64 == phase).ok_or(unknown)?;
                    let (leaf, asked, latest) = (r.uint()?, r.uint()?, r.uint()?);
                    Ok((call, Call { phase, leaf, asked, latest }))
                })?;
            }
            9 => self.holds = read_map(r, read_hold)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn write_marks(&self, map: &mut MapWriter<'_>) {
        write_map(map, 10, &self.duties, |w, key, status| {
            w.array(4);
            w.bytes(&key.licence);
            write_id(w, key.licensee);
            w.uint(u64::from(key.duty));
            write_status(w, *status);
        });
        write_map(map, 11, &self.standing, |w, (licence, licensee), known| {
            w.array(10);
            w.bytes(licence);
            write_id(w, *licensee);
            for instant in [known.grant, known.accepted, known.first_use] {
                write_instant(w, instant);
            }
            w.array(if known.renewal.is_some() { 2 } else { 0 });
            if let Some(renewal) = known.renewal {
                w.int(renewal.anchor);
                w.uint(u64::from(renewal.periods));
            }
            w.array(known.latched.len());
            known.latched.iter().for_each(|end| w.uint(u64::from(*end)));
            for minor in [known.paid, known.renewals, known.credit] {
                write_nat(w, minor);
            }
        });
        for (key, instants) in [(12, &self.notices), (13, &self.releases)] {
            write_map(map, key, instants, |w, licence, at| {
                w.array(2);
                w.bytes(licence);
                w.int(*at);
            });
        }
    }

    fn read_marks(&mut self, key: u64, r: &mut Reader<'_>) -> Result<bool, Error> {
        let instant = |r: &mut Reader<'_>| {
            r.array_of(2)?;
            Ok((r.bytes_exact()?, read_instant(r)?))
        };
        match key {
            10 => {
                self.duties = read_map(r, |r| {
                    r.array_of(4)?;
                    let (licence, licensee, duty) = (r.bytes_exact()?, read_id(r)?, read_u16(r)?);
                    Ok((DutyKey { licence, licensee, duty }, read_status(r)?))
                })?;
            }
            11 => self.standing = read_map(r, read_standing)?,
            12 => self.notices = read_map(r, instant)?,
            13 => self.releases = read_map(r, instant)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn write_money(&self, map: &mut MapWriter<'_>) {
        write_map(map, 14, &self.buckets, |w, key, total| {
            w.array(11);
            write_account(w, key);
            for exact in [total.charged, total.gifted, total.prepaid] {
                write_nat(w, exact);
            }
            write_signed(w, total.due);
            w.uint(total.commits);
            write_closed(w, total.closed, &total.paid);
        });
        write_map(map, 15, &self.pools, |w, key, pool| {
            w.array(7);
            write_account(w, key);
            write_signed(w, pool.due);
            write_closed(w, pool.closed, &pool.paid);
        });
        write_map(map, 16, &self.credit, |w, (licence, of), lots| {
            w.array(3);
            w.bytes(licence);
            w.bytes(&of.0);
            w.array(lots.iter().count());
            for lot in lots.iter() {
                write_lot(w, lot);
            }
        });
    }

    fn read_money(&mut self, key: u64, r: &mut Reader<'_>) -> Result<bool, Error> {
        match key {
            14 => {
                self.buckets = read_map(r, |r| {
                    r.array_of(11)?;
                    let key = read_account(r)?;
                    let (charged, gifted, prepaid) = (read_nat(r)?, read_nat(r)?, read_nat(r)?);
                    let (due, commits) = (read_signed(r)?, r.uint()?);
                    let (closed, paid) = read_closed(r)?;
                    Ok((key, Total { charged, gifted, prepaid, due, commits, closed, paid }))
                })?;
            }
            15 => {
                self.pools = read_map(r, |r| {
                    r.array_of(7)?;
                    let (key, due) = (read_account(r)?, read_signed(r)?);
                    let (closed, paid) = read_closed(r)?;
                    Ok((key, Pool { due, paid, closed }))
                })?;
            }
            16 => self.credit = read_map(r, read_credit)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn write_map<K, V>(
    map: &mut MapWriter<'_>,
    key: u64,
    entries: &BTreeMap<K, V>,
    mut entry: impl FnMut(&mut Writer<'_>, &K, &V),
) {
    if entries.is_empty() {
        return;
    }
    let mut w = map.key(key);
    w.array(entries.len());
    for (key, value) in entries {
        entry(&mut w, key, value);
    }
}

fn read_map<'a, K: Ord, V>(
    r: &mut Reader<'a>,
    entry: impl FnMut(&mut Reader<'a>) -> Result<(K, V), Error>,
) -> Result<BTreeMap<K, V>, Error> {
    let order = r.error(ErrorKind::EntryOrder);
    let list = read_list(r, entry)?;
    if !list.is_sorted_by(|a, b| a.0 < b.0) {
        return Err(order);
    }
    Ok(list.into_iter().collect())
}

/// None is the empty array, something an array of it.
fn write_maybe(w: &mut Writer<'_>, there: bool) {
    w.array(usize::from(there));
}

fn read_maybe<'a, T>(
    r: &mut Reader<'a>,
    mut value: impl FnMut(&mut Reader<'a>) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    let mut list = read_any(r, &mut value)?;
    let many = r.error(ErrorKind::Range);
    let first = list.pop();
    if list.is_empty() { Ok(first) } else { Err(many) }
}

/// A list that may be empty.
fn read_any<'a, T>(
    r: &mut Reader<'a>,
    value: &mut impl FnMut(&mut Reader<'a>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut items = r.array()?;
    let mut list = Vec::new();
    while r.item(&mut items) {
        list.push(value(r)?);
    }
    Ok(list)
}

fn write_instant(w: &mut Writer<'_>, at: Option<i64>) {
    write_maybe(w, at.is_some());
    if let Some(at) = at {
        w.int(at);
    }
}

fn write_id(w: &mut Writer<'_>, id: Option<Id>) {
    write_maybe(w, id.is_some());
    if let Some(Id(id)) = id {
        w.bytes(&id);
    }
}

fn read_id(r: &mut Reader<'_>) -> Result<Option<Id>, Error> {
    read_maybe(r, |r| Ok(Id(r.bytes_exact()?)))
}

/// Four items.
fn write_counter(w: &mut Writer<'_>, key: &CounterKey) {
    w.bytes(&key.licence);
    w.uint(u64::from(key.counter));
    w.int(key.window);
    w.bytes(&key.of.0);
}

fn read_counter(r: &mut Reader<'_>) -> Result<CounterKey, Error> {
    let (licence, counter, window) = (r.bytes_exact()?, read_u16(r)?, r.int()?);
    Ok(CounterKey { licence, counter, window, of: Id(r.bytes_exact()?) })
}

fn read_reported(r: &mut Reader<'_>) -> Result<(CounterKey, Reported), Error> {
    r.array_of(6)?;
    let (key, licensee) = (read_counter(r)?, read_id(r)?);
    let overflow = r.error(ErrorKind::Range);
    let mut reported = Reported { licensee, ..Reported::default() };
    let each = read_any(r, &mut |r| {
        r.array_of(3)?;
        Ok((r.uint()?, r.uint()?, read_nat(r)?))
    })?;
    for (used_at, leaf, quantity) in each {
        reported.reports.set(used_at, leaf, quantity).ok_or(overflow)?;
    }
    Ok((key, reported))
}

/// Four items.
fn write_account(w: &mut Writer<'_>, key: &AccountKey) {
    w.bytes(&key.licence);
    w.uint(u64::from(key.span.kind));
    w.int(key.span.index);
    write_id(w, key.licensee);
}

fn read_account(r: &mut Reader<'_>) -> Result<AccountKey, Error> {
    let (licence, kind) = (r.bytes_exact()?, r.uint_max(u64::from(u8::MAX))? as u8);
    let span = crate::kept::Span { kind, index: r.int()? };
    Ok(AccountKey { licence, span, licensee: read_id(r)? })
}

/// Two items.
fn write_closed(w: &mut Writer<'_>, closed: Option<u64>, paid: &[i128]) {
    write_maybe(w, closed.is_some());
    if let Some(at) = closed {
        w.uint(at);
    }
    w.array(paid.len());
    for paid in paid {
        write_signed(w, *paid);
    }
}

fn read_closed(r: &mut Reader<'_>) -> Result<(Option<u64>, Vec<i128>), Error> {
    Ok((read_maybe(r, Reader::uint)?, read_any(r, &mut read_signed)?))
}

fn write_lot(w: &mut Writer<'_>, lot: &Lot) {
    w.array(7);
    w.uint(lot.leaf);
    w.uint(u64::from(lot.priority));
    write_instant(w, lot.expires);
    w.bool(lot.gift);
    w.array(lot.actions.len());
    lot.actions.iter().for_each(|action| w.text(action));
    write_nat(w, lot.paid);
    write_nat(w, lot.left);
}

fn read_lot(r: &mut Reader<'_>) -> Result<Lot, Error> {
    r.array_of(7)?;
    let (leaf, priority, expires) = (r.uint()?, read_u16(r)?, read_maybe(r, read_instant)?);
    let (gift, actions): (bool, Vec<String>) = (r.bool()?, read_any(r, &mut read_text)?);
    let (paid, left) = (read_nat(r)?, read_nat(r)?);
    Ok(Lot { leaf, priority, expires, gift, actions, paid, left })
}

fn read_credit(r: &mut Reader<'_>) -> Result<((Hash, Id), Lots), Error> {
    r.array_of(3)?;
    let key = (r.bytes_exact()?, Id(r.bytes_exact()?));
    let wrong = r.error(ErrorKind::Range);
    let mut lots = Lots::default();
    for lot in read_any(r, &mut read_lot)? {
        lots.add(lot).map_err(|_| wrong)?;
    }
    Ok((key, lots))
}

fn read_epoch(r: &mut Reader<'_>) -> Result<Epoch, Error> {
    r.array_of(4)?;
    let (gateway, key) = (r.bytes_exact()?, r.bytes_exact()?);
    Ok(Epoch { gateway, key, epoch: r.uint()?, salt: r.bytes_exact()? })
}

fn read_config(r: &mut Reader<'_>) -> Result<Config, Error> {
    let wrong = r.error(ErrorKind::Range);
    match Kept::decode(Kind::Configure, r.bytes()?)? {
        Kept::Configure(config) => Ok(config),
        _ => Err(wrong),
    }
}

fn read_hold(r: &mut Reader<'_>) -> Result<(CallId, Hold), Error> {
    r.array_of(7)?;
    let (call, leaf, request) = (r.bytes_exact()?, r.uint()?, r.uint()?);
    let (licence, module, used_at) = (r.bytes_exact()?, r.bytes_exact()?, r.uint()?);
    let wrong = r.error(ErrorKind::Range);
    let Kept::Hold { held, until, latest } = Kept::decode(Kind::Hold, r.bytes()?)? else { return Err(wrong) };
    let latest = latest.unwrap_or(until);
    Ok((call, Hold { leaf, request, licence, module, used_at, held, until, latest }))
}

fn read_standing(r: &mut Reader<'_>) -> Result<((Hash, Option<Id>), Standing), Error> {
    r.array_of(10)?;
    let key = (r.bytes_exact()?, read_id(r)?);
    let mut instant = || read_maybe(r, read_instant);
    let (grant, accepted, first_use) = (instant()?, instant()?, instant()?);
    let wrong = r.error(ErrorKind::Range);
    let mut items = r.array()?;
    let renewal = match items.left() {
        0 => None,
        2 => Some(Renewal { anchor: read_instant(r)?, periods: read_u32(r)? }),
        _ => return Err(wrong),
    };
    // All items are read; this leaves the array.
    while r.item(&mut items) {}
    let latched: BTreeSet<u16> = read_any(r, &mut read_u16)?.into_iter().collect();
    let (paid, renewals, credit) = (read_nat(r)?, read_nat(r)?, read_nat(r)?);
    Ok((key, Standing { grant, accepted, first_use, renewal, latched, paid, renewals, credit }))
}
