//! The erasable part of an opening: the request, the full answer, the state it was decided on (`spec/ledger.md`,
//! section 3).
//!
//! Nothing here is needed to compute state; all of it is needed to decide again.

use alloc::vec::Vec;

use licit_receipt::cbor::{Error, ErrorKind, Reader, Writer};
use licit_vm::{Delta, DutyDue, DutyStatus, Instants, Line, Outcome, Reason, ReasonCode, Renewal};

use crate::codec::{MapWriter, TYPICAL, read_instant, read_list, read_nat, read_u16, read_u32, write_nat};
use crate::order::{Warrant, What};
use crate::request::Request;

/// What an event's opening remembers until it is erased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// Keys 1 to 7: the request.
    pub request: Request,
    /// Keys 8 to 11: the answer.
    pub answer: Answer,
    /// Keys 12 to 15 and 18 to 22: the state that was touched, before the event.
    pub touched: Touched,
    /// Key 16: what was ordered, where the event is an order.
    pub what: Option<What>,
    /// Key 17: who said so.
    pub warrant: Option<Warrant>,
}

/// A full outcome, as it was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Why not; empty if permitted.
    pub reasons: Vec<Reason>,
    /// Exact prices in units of 1/grain.
    pub lines: Vec<Line>,
    /// Duties brought about.
    pub duties: Vec<DutyDue>,
    /// Counter changes asked for.
    pub deltas: Vec<Delta>,
    /// Key 23: permitted after the paid periods.
    pub grace: bool,
}

/// State as the decision saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// By counter number: what was used in the window of the request.
    pub used: Vec<u128>,
    /// By duty number.
    pub duties: Vec<DutyStatus>,
    /// The instant of the revocation notice.
    pub notice: Option<i64>,
    /// The running total of the settlement bucket: exact, in units of 1/grain, and minor units due.
    pub bucket: Option<(u128, u128)>,
    /// Ends that had latched, ascending.
    pub latched: Vec<u16>,
    /// What term and renewal hang on.
    pub instants: Instants,
}

impl From<&Outcome> for Answer {
    fn from(outcome: &Outcome) -> Self {
        Answer {
            reasons: outcome.reasons.clone(),
            lines: outcome.lines.clone(),
            duties: outcome.duties.clone(),
            deltas: outcome.deltas.clone(),
            grace: outcome.grace,
        }
    }
}

impl Answer {
    /// The exact charge: the sum of the lines; none if it does not fit.
    pub fn amount(&self) -> Option<u128> {
        self.lines.iter().try_fold(0u128, |sum, line| sum.checked_add(line.amount))
    }
}

impl Content {
    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let (mut body, mut out) = (Vec::with_capacity(TYPICAL), Vec::with_capacity(TYPICAL));
        let mut map = MapWriter::new(&mut body);
        self.request.write(&mut map);
        self.answer.write(&mut map);
        self.touched.write(&mut map);
        if let Some(what) = &self.what {
            what.write(map.key(16));
        }
        if let Some(warrant) = &self.warrant {
            let mut w = map.key(17);
            w.array(2);
            w.bytes(&warrant.key);
            w.bytes(&warrant.signature);
        }
        self.touched.write_standing(&mut map);
        if self.answer.grace {
            map.key(23).bool(true);
        }
        map.finish(&mut out);
        out
    }

    /// Reads exactly the bytes that [`Content::encode`] makes.
    pub fn decode(bytes: &[u8]) -> Result<Content, Error> {
        let mut r = Reader::new(bytes);
        let mut content = Content::default();
        let mut map = r.map()?;
        while let Some(key) = r.key(&mut map)? {
            let known = content.request.read(key, &mut r)?
                || content.answer.read(key, &mut r)?
                || content.touched.read(key, &mut r)?
                || content.read_order(key, &mut r)?;
            if !known {
                return Err(r.unknown_key(key));
            }
        }
        r.finish()?;
        Ok(content)
    }

    fn read_order(&mut self, key: u64, r: &mut Reader<'_>) -> Result<bool, Error> {
        match key {
            16 => self.what = Some(What::read(r)?),
            17 => {
                r.array_of(2)?;
                self.warrant = Some(Warrant { key: r.bytes_exact()?, signature: r.bytes_exact()? });
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl Answer {
    fn write(&self, map: &mut MapWriter<'_>) {
        map.list(8, &self.reasons, |w, reason| {
            w.array(2);
            w.uint(reason.code as u64);
            w.uint(u64::from(reason.number));
        });
        map.list(9, &self.lines, |w, line| {
            w.array(3);
            w.uint(u64::from(line.charge));
            w.uint(u64::from(line.case));
            write_nat(w, line.amount);
        });
        map.list(10, &self.duties, |w, duty| {
            w.array(2);
            w.uint(u64::from(duty.duty));
            w.int(duty.due);
        });
        map.list(11, &self.deltas, |w, delta| {
            w.array(3);
            w.uint(u64::from(delta.counter));
            w.int(delta.window);
            write_nat(w, delta.add);
        });
    }

    fn read(&mut self, key: u64, r: &mut Reader<'_>) -> Result<bool, Error> {
        match key {
            8 => self.reasons = read_list(r, read_reason)?,
            9 => self.lines = read_list(r, read_line)?,
            10 => self.duties = read_list(r, read_duty)?,
            11 => self.deltas = read_list(r, read_delta)?,
            23 => {
                let no = r.error(ErrorKind::Range);
                self.grace = r.bool()?;
                if !self.grace {
                    return Err(no);
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn read_reason(r: &mut Reader<'_>) -> Result<Reason, Error> {
    r.array_of(2)?;
    let unknown = r.error(ErrorKind::Range);
    let number = usize::from(read_u16(r)?);
    let code = number.checked_sub(1).and_then(|at| ReasonCode::ALL.get(at)).ok_or(unknown)?;
    Ok(Reason { code: *code, number: read_u32(r)? })
}

fn read_line(r: &mut Reader<'_>) -> Result<Line, Error> {
    r.array_of(3)?;
    Ok(Line { charge: read_u16(r)?, case: read_u16(r)?, amount: read_nat(r)? })
}

pub(crate) fn read_duty(r: &mut Reader<'_>) -> Result<DutyDue, Error> {
    r.array_of(2)?;
    Ok(DutyDue { duty: read_u16(r)?, due: r.int()? })
}

fn read_delta(r: &mut Reader<'_>) -> Result<Delta, Error> {
    r.array_of(3)?;
    Ok(Delta { counter: read_u16(r)?, window: r.int()?, add: read_nat(r)? })
}

impl Touched {
    fn write(&self, map: &mut MapWriter<'_>) {
        map.list(12, &self.used, |w, used| write_nat(w, *used));
        map.list(13, &self.duties, |w, status| write_status(w, *status));
        if let Some(notice) = self.notice {
            map.key(14).int(notice);
        }
        if let Some((charged, due)) = self.bucket {
            let mut w = map.key(15);
            w.array(2);
            write_nat(&mut w, charged);
            write_nat(&mut w, due);
        }
    }

    fn write_standing(&self, map: &mut MapWriter<'_>) {
        map.list(18, &self.latched, |w, end| w.uint(u64::from(*end)));
        let Instants { grant, release, first_use, renewal } = self.instants;
        for (key, instant) in [(19, grant), (20, release), (21, first_use)] {
            if let Some(instant) = instant {
                map.key(key).int(instant);
            }
        }
        if let Some(renewal) = renewal {
            let mut w = map.key(22);
            w.array(2);
            w.int(renewal.anchor);
            w.uint(u64::from(renewal.periods));
        }
    }

    fn read(&mut self, key: u64, r: &mut Reader<'_>) -> Result<bool, Error> {
        match key {
            12 => self.used = read_list(r, read_nat)?,
            13 => self.duties = read_list(r, read_status)?,
            14 => self.notice = Some(read_instant(r)?),
            15 => {
                r.array_of(2)?;
                self.bucket = Some((read_nat(r)?, read_nat(r)?));
            }
            18 => {
                let order = r.error(ErrorKind::EntryOrder);
                self.latched = read_list(r, read_u16)?;
                if !self.latched.is_sorted_by(|a, b| a < b) {
                    return Err(order);
                }
            }
            19 => self.instants.grant = Some(read_instant(r)?),
            20 => self.instants.release = Some(read_instant(r)?),
            21 => self.instants.first_use = Some(read_instant(r)?),
            22 => {
                r.array_of(2)?;
                self.instants.renewal = Some(Renewal { anchor: read_instant(r)?, periods: read_u32(r)? });
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// A number, or `[due]`.
pub(crate) fn write_status(w: &mut Writer<'_>, status: DutyStatus) {
    match status {
        DutyStatus::Pending { due } => {
            w.array(1);
            w.int(due);
        }
        DutyStatus::Clear => w.uint(0),
        DutyStatus::Done => w.uint(2),
        DutyStatus::Violated => w.uint(3),
        DutyStatus::Unknown => w.uint(4),
    }
}

pub(crate) fn read_status(r: &mut Reader<'_>) -> Result<DutyStatus, Error> {
    let unknown = r.error(ErrorKind::Range);
    if r.peek() == Some(licit_receipt::cbor::Type::Array) {
        r.array_of(1)?;
        return Ok(DutyStatus::Pending { due: r.int()? });
    }
    match r.uint()? {
        0 => Ok(DutyStatus::Clear),
        2 => Ok(DutyStatus::Done),
        3 => Ok(DutyStatus::Violated),
        4 => Ok(DutyStatus::Unknown),
        _ => Err(unknown),
    }
}
