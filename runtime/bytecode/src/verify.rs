//! What the loader proves of a decoded module before anything runs: counts and caps, order, indices, types of operands,
//! that no instruction refers forward, the cost bound, tiers, shares, that the clauses are all there. One pass over the
//! entries; memory is a few bytes an entry. What stands longer than one call is proved in [`standing`].

use crate::error::{LoadError, LoadErrorKind};
use crate::exact;
use crate::field::Bits;
use crate::limits;
use crate::table::*;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

mod standing;

/// What was proved and is worth keeping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The most steps that deciding one request takes: [`OP_STEPS`] for every instruction and every operand,
    /// [`ENTRY_STEPS`] for every clause, case, unit and fact, one for every tier, and [`BASE_STEPS`].
    pub cost: u64,
}

/// Steps counted for an instruction and for each of its operands.
pub const OP_STEPS: u64 = 12;
/// Steps counted for an entry of a table that evaluation visits.
pub const ENTRY_STEPS: u64 = 12;
/// Steps counted for every evaluation.
pub const BASE_STEPS: u64 = 64;

type Check = Result<(), LoadError>;

fn flaw(section: &'static str, entry: impl Into<Option<usize>>, message: &'static str) -> LoadError {
    LoadError {
        kind: LoadErrorKind::BadBytecode,
        offset: 0,
        section: Some(section),
        entry: entry.into(),
        message,
    }
}

fn ensure(
    holds: bool,
    section: &'static str,
    entry: impl Into<Option<usize>>,
    message: &'static str,
) -> Check {
    if holds { Ok(()) } else { Err(flaw(section, entry, message)) }
}

/// Demands that each entry is less than the next one.
fn ascending<T>(section: &'static str, entries: &[T], less: impl Fn(&T, &T) -> bool) -> Check {
    for (i, (a, b)) in entries.iter().zip(entries.iter().skip(1)).enumerate() {
        ensure(less(a, b), section, i + 1, "not in ascending order")?;
    }
    Ok(())
}

fn names<'a>(section: &'static str, entries: impl Iterator<Item = &'a String>) -> Check {
    for (i, name) in entries.enumerate() {
        ensure((1..=255).contains(&name.len()), section, i, "a name has 1 to 255 bytes")?;
    }
    Ok(())
}

/// Proves a decoded module. Errors name section and entry; their offset is 0, see [`crate::load`].
pub fn verify(m: &Module) -> Result<Verified, LoadError> {
    single(m)?;
    vocabulary(m)?;
    zone(m)?;
    code(m)?;
    rules(m)?;
    prices(m)?;
    duties(m)?;
    money(m)?;
    standing::verify(m)?;
    clauses(m)?;
    notes(m)?;
    let cost = cost(m);
    if cost > limits::COST {
        let kind = LoadErrorKind::CostOverLimit;
        return Err(LoadError { kind, ..flaw("code", None, "deciding a request could take too many steps") });
    }
    Ok(Verified { cost })
}

fn single(m: &Module) -> Check {
    let [head] = m.head.as_slice() else { return Err(flaw("head", None, "exactly one entry is due")) };
    ensure(head.edition == 2026, "head", 0, "unknown edition")?;
    ensure(head.grain > 0, "head", 0, "the grain is 0")?;
    ensure(head.clauses as usize <= limits::CLAUSES, "head", 0, "too many clauses")?;
    ensure(m.about.len() == 1, "about", None, "exactly one entry is due")?;
    ensure(m.term.len() <= 1, "term", None, "more than one entry")?;
    ensure(m.revocable.len() <= 1, "revocable", None, "more than one entry")?;
    ensure(m.money.len() <= 1, "money", None, "more than one entry")?;
    ensure(m.split.len() <= 1, "split", None, "more than one entry")?;
    if let Some(term) = m.term.first() {
        ensure(term.from.is_some() || term.until.is_some(), "term", 0, "neither beginning nor end")?;
        standing::points(term)?;
    }
    m.revocable.first().map_or(Ok(()), |r| period("revocable", 0, &r.after))
}

fn period(section: &'static str, entry: usize, p: &Period) -> Check {
    let (Period::Seconds { n } | Period::Days { n } | Period::Months { n }) = p;
    ensure(*n <= limits::NAT, section, entry, "number above 2^127 - 1")
}

fn vocabulary(m: &Module) -> Check {
    ascending("leaf", &m.leaf, |a, b| (a.axis, &a.name) < (b.axis, &b.name))?;
    names("leaf", m.leaf.iter().map(|l| &l.name))?;
    for axis in Axis::ALL {
        ensure(terms(m, *axis) <= limits::TERMS, "leaf", None, "too many terms")?;
    }
    ascending("unit", &m.unit, |a, b| a.name < b.name)?;
    names("unit", m.unit.iter().map(|u| &u.name))?;
    ensure(m.unit.len() <= limits::UNITS, "unit", None, "too many units")?;
    for (i, u) in m.unit.iter().enumerate() {
        ensure(u.highest <= limits::NAT, "unit", i, "number above 2^127 - 1")?;
    }
    ascending("fact", &m.fact, |a, b| a.name < b.name)?;
    names("fact", m.fact.iter().map(|f| &f.name))?;
    ensure(m.fact.len() <= limits::FACTS, "fact", None, "too many facts")?;
    for (i, f) in m.fact.iter().enumerate() {
        ensure(f.low <= f.high && f.high <= limits::NAT, "fact", i, "not a range")?;
        ensure(f.ty == FactType::Count || f.high == 0, "fact", i, "only a count has a range")?;
    }
    ascending("text", &m.text, |a, b| a.value < b.value)?;
    let counts = [terms(m, Axis::Action), terms(m, Axis::Purpose), terms(m, Axis::Place)];
    for (i, s) in m.set.iter().enumerate() {
        let terms = counts.get(s.axis as usize).copied().unwrap_or(0);
        let within = |b: &Bits| b.bound() <= terms;
        ensure(within(&s.yes) && within(&s.unknown), "set", i, "no such term")?;
        ensure(!s.yes.meets(&s.unknown), "set", i, "a leaf is both in and unknown")?;
    }
    Ok(())
}

fn terms(m: &Module, axis: Axis) -> usize {
    m.leaf.iter().filter(|l| l.axis == axis).count()
}

/// Instants are kept within this many seconds of 1970, so that no sum of them overflows.
const FAR: i64 = 1 << 40;

fn zone(m: &Module) -> Check {
    ensure(m.zone.len() <= limits::TRANSITIONS + 1, "zone", None, "too many clock changes")?;
    ascending("zone", &m.zone, |a, b| a.at < b.at)?;
    for (i, z) in m.zone.iter().enumerate() {
        ensure((z.at == i64::MIN) == (i == 0), "zone", i, "only the first entry is the beginning of time")?;
        ensure(i == 0 || z.at.unsigned_abs() <= FAR as u64, "zone", i, "instant out of range")?;
        ensure(z.offset.unsigned_abs() <= limits::OFFSET as u32, "zone", i, "offset out of range")?;
    }
    Ok(())
}

fn code(m: &Module) -> Check {
    let mut depths: Vec<u16> = Vec::new();
    for (i, op) in m.code.iter().enumerate() {
        let mut depth = 0;
        let mut below = |of: u32| match depths.get(of as usize) {
            Some(d) => {
                depth = depth.max(*d);
                Ok(())
            }
            None => {
                let kind = LoadErrorKind::BackwardJump;
                Err(LoadError { kind, ..flaw("code", i, "an operand does not come before its instruction") })
            }
        };
        match op {
            Op::False {} | Op::True {} => {}
            Op::Member { set } => ensure((*set as usize) < m.set.len(), "code", i, "no such set")?,
            Op::Compare { fact, cmp, k } => compare(m, i, *fact, *cmp, *k)?,
            Op::SameText { fact, text } => {
                let ty = m.fact.get(*fact as usize).map(|f| f.ty);
                let typed = matches!(ty, Some(FactType::Text | FactType::Party));
                ensure(typed, "code", i, "not a text or party fact")?;
                ensure((*text as usize) < m.text.len(), "code", i, "no such text")?;
            }
            Op::Known { fact } => ensure((*fact as usize) < m.fact.len(), "code", i, "no such fact")?,
            Op::Define { of } | Op::Not { of } => below(*of)?,
            Op::And { of } | Op::Or { of } => {
                ensure(of.len() >= 2, "code", i, "fewer than two operands")?;
                of.iter().try_for_each(|o| below(*o))?;
            }
        }
        let depth = depth + 1;
        ensure(depth <= limits::DEPTH, "code", i, "conditions nest too deep")?;
        depths.push(depth);
    }
    Ok(())
}

fn compare(m: &Module, entry: usize, fact: u32, cmp: Cmp, k: u128) -> Check {
    let fact = m.fact.get(fact as usize).ok_or_else(|| flaw("code", entry, "no such fact"))?;
    ensure(k <= limits::NAT, "code", entry, "number above 2^127 - 1")?;
    match fact.ty {
        FactType::Count => Ok(()),
        FactType::YesNo | FactType::Kind => {
            ensure(cmp == Cmp::Equal && k <= 1, "code", entry, "yes_no and kind are only equal to 0 or 1")
        }
        FactType::Text | FactType::Party => Err(flaw("code", entry, "a text is not a number")),
    }
}

/// Demands that a condition is an instruction.
fn condition(m: &Module, section: &'static str, entry: usize, at: u32) -> Check {
    ensure((at as usize) < m.code.len(), section, entry, "no such instruction")
}

fn unit(m: &Module, section: &'static str, entry: usize, at: u32) -> Check {
    ensure((at as usize) < m.unit.len(), section, entry, "no such unit")
}

fn rules(m: &Module) -> Check {
    ascending("forbid", &m.forbid, |a, b| a.clause < b.clause)?;
    ascending("permit", &m.permit, |a, b| a.clause < b.clause)?;
    ascending("limit", &m.limit, |a, b| a.clause < b.clause)?;
    for (i, c) in m.forbid.iter().enumerate() {
        condition(m, "forbid", i, c.when)?;
    }
    for (i, c) in m.permit.iter().enumerate() {
        condition(m, "permit", i, c.when)?;
    }
    for (i, l) in m.limit.iter().enumerate() {
        unit(m, "limit", i, l.unit)?;
        ensure(l.cap <= limits::NAT, "limit", i, "number above 2^127 - 1")?;
        counted(m, "limit", i, l.window)?;
        guard(m, "limit", i, l.guard)?;
    }
    Ok(())
}

/// Demands that a guard, if there is one, is an instruction.
fn guard(m: &Module, section: &'static str, entry: usize, at: Option<u32>) -> Check {
    at.map_or(Ok(()), |at| condition(m, section, entry, at))
}

/// Demands a window that a counter may have: not a single call, and a renewal's period only where there is a renewal.
fn counted(m: &Module, section: &'static str, entry: usize, window: Window) -> Check {
    let fine = window != Window::Call && (window != Window::Renewal || !m.renewal.is_empty());
    ensure(fine, section, entry, "no counter has this window")
}

/// Whether amounts may be settled and shared over this window: all but those that only counters have.
fn settled(window: Window) -> bool {
    window <= Window::Call
}

fn prices(m: &Module) -> Check {
    ascending("charge", &m.charge, |a, b| a.clause < b.clause)?;
    let mut cases = vec![0usize; m.charge.len()];
    let mut counters = m.limit.len() + m.at_once.len() + m.seats.len() + m.spend.len();
    counters += m.prepaid.len() + m.at_close.len();
    let mut last = 0;
    for (i, c) in m.case.iter().enumerate() {
        ensure(c.charge >= last, "case", i, "not in ascending order")?;
        last = c.charge;
        let n = cases.get_mut(c.charge as usize).ok_or_else(|| flaw("case", i, "no such charge"))?;
        *n += 1;
        condition(m, "case", i, c.when)?;
        match &c.price {
            Price::Free {} => {}
            Price::Rate { unit: u, .. } => unit(m, "case", i, *u)?,
            Price::Graduated { unit: u, window, tiers, .. } => {
                counters += 1;
                unit(m, "case", i, *u)?;
                counted(m, "case", i, *window)?;
                schedule(i, tiers)?;
            }
            Price::Fee { window, amount, .. } => {
                standing::amount("case", i, *amount)?;
                counters += 1;
                counted(m, "case", i, *window)?;
            }
            Price::Bounded { unit: u, window, tiers, cap, floor, .. } => {
                counters += 1;
                unit(m, "case", i, *u)?;
                counted(m, "case", i, *window)?;
                schedule(i, tiers)?;
                standing::bounds(m, i, *cap, *floor)?;
            }
        }
    }
    for (i, (charge, cases)) in m.charge.iter().zip(&cases).enumerate() {
        let fits = if charge.by_case { (1..=limits::CASES).contains(cases) } else { *cases == 1 };
        ensure(fits, "charge", i, "wrong number of cases")?;
    }
    ensure(counters <= limits::COUNTERS, "case", None, "too many counters")
}

fn schedule(entry: usize, tiers: &[Tier]) -> Check {
    ensure((1..=limits::TIERS).contains(&tiers.len()), "case", entry, "wrong number of tiers")?;
    ensure(tiers.first().is_some_and(|t| t.start == 0), "case", entry, "the first tier does not start at 0")?;
    let rise = tiers.iter().zip(tiers.iter().skip(1)).all(|(a, b)| a.start <= b.start);
    ensure(rise, "case", entry, "tiers out of order")?;
    ensure(tiers.iter().all(|t| t.start <= 1 << 127), "case", entry, "number above 2^127")
}

fn duties(m: &Module) -> Check {
    ascending("duty", &m.duty, |a, b| a.clause < b.clause)?;
    for (i, d) in m.duty.iter().enumerate() {
        let acts = m.set.get(d.acts as usize).is_some_and(|s| s.axis == Axis::Action);
        ensure(acts, "duty", i, "not a set of actions")?;
        guard(m, "duty", i, d.guard)?;
        ensure((d.mode == DutyMode::AtEach) == d.period.is_none(), "duty", i, "period and mode disagree")?;
        d.period.as_ref().map_or(Ok(()), |p| period("duty", i, p))?;
    }
    Ok(())
}

fn money(m: &Module) -> Check {
    ascending("free", &m.free, |a, b| (a.clause, a.unit) < (b.clause, b.unit))?;
    for (i, f) in m.free.iter().enumerate() {
        unit(m, "free", i, f.unit)?;
    }
    for money in &m.money {
        names("money", core::iter::once(&money.currency))?;
        let minor = money.minor_num > 0 && exact::lowest_terms(money.minor_num, money.minor_den);
        ensure(minor, "money", 0, "not a smallest payable amount in lowest terms")?;
        ensure(
            money.minor_num <= limits::NAT && money.minor_den <= limits::NAT,
            "money",
            0,
            "number above 2^127 - 1",
        )?;
        ensure(settled(money.settled), "money", 0, "no settlement window")?;
    }
    for split in &m.split {
        ensure((1..=limits::SHARES).contains(&split.shares.len()), "split", 0, "wrong number of shares")?;
        names("split", split.shares.iter().map(|s| &s.handle))?;
        for s in &split.shares {
            ensure(s.num <= limits::NAT && s.den <= limits::NAT, "split", 0, "number above 2^127 - 1")?;
            ensure(exact::lowest_terms(s.num, s.den), "split", 0, "a share is not in lowest terms")?;
        }
        ensure(split.window.is_none_or(settled), "split", 0, "no sharing window")?;
        let whole = exact::sum_is_one(split.shares.iter().map(|s| (s.num, s.den)));
        ensure(whole, "split", 0, "the shares do not sum to 1")?;
    }
    ascending("party", &m.party, |a, b| a.handle < b.handle)?;
    names("party", m.party.iter().map(|p| &p.handle))
}

/// Every clause number belongs to exactly one clause.
fn clauses(m: &Module) -> Check {
    let count = m.head.first().map_or(0, |h| h.clauses as usize);
    let mut seen = vec![false; count];
    let mut claim = |section, entry, clause: u32| match seen.get_mut(clause as usize) {
        Some(seen @ false) => {
            *seen = true;
            Ok(())
        }
        Some(true) => Err(flaw(section, entry, "the clause number is taken")),
        None => Err(flaw(section, entry, "no such clause")),
    };
    m.forbid.iter().enumerate().try_for_each(|(i, c)| claim("forbid", i, c.clause))?;
    m.permit.iter().enumerate().try_for_each(|(i, c)| claim("permit", i, c.clause))?;
    m.limit.iter().enumerate().try_for_each(|(i, c)| claim("limit", i, c.clause))?;
    m.charge.iter().enumerate().try_for_each(|(i, c)| claim("charge", i, c.clause))?;
    m.duty.iter().enumerate().try_for_each(|(i, c)| claim("duty", i, c.clause))?;
    m.split.iter().enumerate().try_for_each(|(i, c)| claim("split", i, c.clause))?;
    m.end.iter().enumerate().try_for_each(|(i, c)| claim("end", i, c.clause))?;
    m.at_once.iter().enumerate().try_for_each(|(i, c)| claim("at_once", i, c.clause))?;
    m.seats.iter().enumerate().try_for_each(|(i, c)| claim("seats", i, c.clause))?;
    m.spend.iter().enumerate().try_for_each(|(i, c)| claim("spend", i, c.clause))?;
    m.prepaid.iter().enumerate().try_for_each(|(i, c)| claim("prepaid", i, c.clause))?;
    m.at_close.iter().enumerate().try_for_each(|(i, c)| claim("at_close", i, c.clause))?;
    let mut last = None;
    for (i, f) in m.free.iter().enumerate() {
        if last != Some(f.clause) {
            claim("free", i, f.clause)?;
        }
        last = Some(f.clause);
    }
    ensure(seen.iter().all(|s| *s), "head", 0, "a clause number without a clause")
}

fn notes(m: &Module) -> Check {
    let count = m.head.first().map_or(0, |h| h.clauses as usize);
    ascending("asset", &m.asset, |a, b| (&a.kind, &a.name, a.capsule) < (&b.kind, &b.name, b.capsule))?;
    ascending("vocabulary", &m.vocabulary, |a, b| a.name < b.name)?;
    ensure(m.label.len() == count, "label", None, "not one label a clause")?;
    ascending("label", &m.label, |a, b| a.label < b.label)?;
    names("label", m.label.iter().map(|l| &l.label))?;
    ensure(m.duty_text.len() == m.duty.len(), "duty_text", None, "not one entry a duty")?;
    ascending("source_file", &m.source_file, |a, b| a.name < b.name)?;
    ascending("source", &m.source, |a, b| a.clause < b.clause)?;
    for (i, s) in m.source.iter().enumerate() {
        ensure((s.clause as usize) < count, "source", i, "no such clause")?;
        ensure((s.file as usize) < m.source_file.len(), "source", i, "no such file")?;
        ensure(s.start <= s.end, "source", i, "ends before it starts")?;
    }
    Ok(())
}

fn cost(m: &Module) -> u64 {
    let operands = |op: &Op| match op {
        Op::And { of } | Op::Or { of } => of.len() as u64,
        Op::Define { .. } | Op::Not { .. } => 1,
        _ => 0,
    };
    let ops: u64 = m.code.iter().map(|op| 1 + operands(op)).sum();
    let tiers = |c: &Case| match &c.price {
        Price::Graduated { tiers, .. } | Price::Bounded { tiers, .. } => tiers.len() as u64,
        _ => 0,
    };
    let tiers: u64 = m.case.iter().map(tiers).sum();
    let rules =
        m.forbid.len() + m.permit.len() + m.limit.len() + m.charge.len() + m.case.len() + m.duty.len();
    let standing = m.end.len()
        + m.at_once.len()
        + m.seats.len()
        + m.spend.len()
        + m.prepaid.len()
        + m.at_close.len()
        + m.holder.len()
        + m.renewal.len();
    let entries = (rules + standing + m.unit.len() + m.fact.len()) as u64;
    BASE_STEPS + OP_STEPS * ops + ENTRY_STEPS * entries + tiers
}
