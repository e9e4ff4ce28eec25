//! What the loader proves of standing use and standing money (`spec/core-wider.md`): holder, renewal, ends, limits on
//! open calls, seats and spending, prepaid credit, charges at close, royalties, first cuts, corrections.

use super::{Check, ascending, condition, counted, ensure, flaw, guard, names, period, unit};
use crate::limits;
use crate::parts::{PartsError, parts};
use crate::table::*;

/// Demands that everything of this page is sound; sections of `core.md` are proved before.
pub(super) fn verify(m: &Module) -> Check {
    single(m)?;
    renewal(m)?;
    ascending("end", &m.end, |a, b| a.clause < b.clause)?;
    for (i, e) in m.end.iter().enumerate() {
        condition(m, "end", i, e.when)?;
    }
    limits(m)?;
    credit(m)?;
    at_close(m)?;
    division(m)
}

fn single(m: &Module) -> Check {
    for (section, entries) in [
        ("holder", m.holder.len()),
        ("renewal", m.renewal.len()),
        ("prepaid", m.prepaid.len()),
        ("corrections", m.corrections.len()),
    ] {
        ensure(entries <= 1, section, None, "more than one entry")?;
    }
    names("holder", m.holder.iter().map(|h| &h.handle))?;
    m.corrections.first().map_or(Ok(()), |c| period("corrections", 0, &c.within))
}

/// The ends of the term: what they are anchored to and how long after.
pub(super) fn points(term: &TermSpan) -> Check {
    for (end, point) in [(false, &term.from), (true, &term.until)] {
        if let Some(Point::Anchored { anchor, period: p }) = point {
            ensure(end || *anchor != Anchor::FirstUse, "term", 0, "only an end counts from the first use")?;
            period("term", 0, p)?;
        }
    }
    Ok(())
}

fn length(p: &Period) -> u128 {
    let (Period::Seconds { n } | Period::Days { n } | Period::Months { n }) = p;
    *n
}

fn renewal(m: &Module) -> Check {
    let Some(r) = m.renewal.first() else { return Ok(()) };
    period("renewal", 0, &r.period)?;
    let fine = !matches!(r.period, Period::Seconds { .. }) && length(&r.period) > 0;
    ensure(fine, "renewal", 0, "not a period of whole days or months")?;
    ensure(r.grace.is_some() == r.acts.is_some(), "renewal", 0, "grace and acts come together")?;
    if let Some(grace) = &r.grace {
        period("renewal", 0, grace)?;
        ensure(length(grace) > 0, "renewal", 0, "the grace is empty")?;
    }
    if let Some(acts) = r.acts {
        let acts = m.set.get(acts as usize).is_some_and(|s| s.axis == Axis::Action);
        ensure(acts, "renewal", 0, "not a set of actions")?;
    }
    let open = m.term.first().is_none_or(|t| t.until.is_none());
    ensure(open, "term", 0, "what is renewed has no end")
}

fn limits(m: &Module) -> Check {
    ascending("at_once", &m.at_once, |a, b| a.clause < b.clause)?;
    ascending("seats", &m.seats, |a, b| a.clause < b.clause)?;
    ascending("spend", &m.spend, |a, b| a.clause < b.clause)?;
    for (i, l) in m.at_once.iter().enumerate() {
        ensure(l.cap <= limits::NAT, "at_once", i, "number above 2^127 - 1")?;
        guard(m, "at_once", i, l.guard)?;
        period("at_once", i, &l.lease)?;
        ensure(length(&l.lease) > 0, "at_once", i, "the lease is empty")?;
    }
    for (i, l) in m.seats.iter().enumerate() {
        ensure(l.cap <= limits::NAT, "seats", i, "number above 2^127 - 1")?;
        ensure(l.key != Key::User, "seats", i, "seats belong to an organisation or licensee")?;
        guard(m, "seats", i, l.guard)?;
        period("seats", i, &l.held)?;
    }
    for (i, l) in m.spend.iter().enumerate() {
        amount("spend", i, l.amount)?;
        counted(m, "spend", i, l.window)?;
        guard(m, "spend", i, l.guard)?;
    }
    ensure(m.spend.is_empty() || !m.money.is_empty(), "spend", None, "nothing is charged without money")
}

fn credit(m: &Module) -> Check {
    ensure(m.prepaid.is_empty() || !m.money.is_empty(), "prepaid", None, "nothing is charged without money")?;
    m.prepaid.first().map_or(Ok(()), |p| guard(m, "prepaid", 0, p.guard))
}

/// An amount of money that no quantity multiplies; rates are narrower.
pub(super) fn amount(section: &'static str, entry: usize, amount: u128) -> Check {
    ensure(amount <= limits::NAT, section, entry, "number above 2^127 - 1")
}

/// The bounds of a graduated price.
pub(super) fn bounds(m: &Module, entry: usize, cap: Option<u128>, floor: Option<u128>) -> Check {
    cap.into_iter().chain(floor).try_for_each(|bound| amount("case", entry, bound))?;
    ensure(cap.is_some() || floor.is_some(), "case", entry, "neither cap nor floor")?;
    ensure(cap.zip(floor).is_none_or(|(c, f)| f <= c), "case", entry, "the floor is above the cap")?;
    ensure(floor.is_none() || !by_call(m), "case", entry, "no window closes where calls are settled")
}

fn by_call(m: &Module) -> bool {
    m.money.first().is_some_and(|money| money.settled == Window::Call)
}

fn at_close(m: &Module) -> Check {
    ascending("at_close", &m.at_close, |a, b| a.clause < b.clause)?;
    for (i, c) in m.at_close.iter().enumerate() {
        unit(m, "at_close", i, c.unit)?;
        counted(m, "at_close", i, c.window)?;
        guard(m, "at_close", i, c.guard)?;
        bands(i, &c.bands)?;
    }
    let held = m.spend.is_empty() && m.prepaid.is_empty();
    ensure(m.at_close.is_empty() || held, "at_close", None, "not beside spend limits or prepaid credit")?;
    let closes = !by_call(m);
    ensure(m.at_close.is_empty() || closes, "at_close", None, "no window closes where calls are settled")
}

fn bands(entry: usize, bands: &[Band]) -> Check {
    ensure((1..=limits::BANDS).contains(&bands.len()), "at_close", entry, "wrong number of bands")?;
    let last = bands.len() - 1;
    let ended = bands.iter().enumerate().all(|(i, b)| b.upto.is_none() == (i == last));
    ensure(ended, "at_close", entry, "only the last band has no end")?;
    let rise = bands.iter().zip(bands.iter().skip(1)).all(|(a, b)| b.upto.is_none() || a.upto < b.upto);
    ensure(rise, "at_close", entry, "bands out of order")?;
    ensure(bands.iter().all(|b| b.upto <= Some(limits::NAT)), "at_close", entry, "number above 2^127 - 1")?;
    for band in bands {
        amount("at_close", entry, band.amount)?;
        let narrow = band.kind == BandKind::For || u64::try_from(band.amount).is_ok();
        ensure(narrow, "at_close", entry, "rate above 2^64 - 1")?;
    }
    Ok(())
}

/// Royalties and first cuts: their order, and that nothing is given away that is not there.
fn division(m: &Module) -> Check {
    ascending("royalty", &m.royalty, |a, b| (a.licence, &a.handle) < (b.licence, &b.handle))?;
    names("royalty", m.royalty.iter().map(|r| &r.handle))?;
    names("first_cut", m.first_cut.iter().map(|c| &c.handle))?;
    ensure(m.royalty.len() <= limits::SHARES, "royalty", None, "too many royalties")?;
    ensure(m.first_cut.len() <= limits::SHARES, "first_cut", None, "too many first cuts")?;
    ensure(m.royalty.is_empty() || !m.money.is_empty(), "royalty", None, "nothing is charged without money")?;
    ensure(m.first_cut.is_empty() || !m.split.is_empty(), "first_cut", None, "nothing is split")?;
    let terms = |num, den| num <= limits::NAT && den <= limits::NAT && crate::exact::lowest_terms(num, den);
    for (i, r) in m.royalty.iter().enumerate() {
        ensure(terms(r.num, r.den), "royalty", i, "not a fraction in lowest terms")?;
    }
    for (i, c) in m.first_cut.iter().enumerate() {
        ensure(terms(c.num, c.den), "first_cut", i, "not a fraction in lowest terms")?;
    }
    let section = if m.royalty.is_empty() { "first_cut" } else { "royalty" };
    match parts(m) {
        Ok(_) => Ok(()),
        Err(PartsError::Basis(i)) => Err(flaw("royalty", i as usize, "a part of itself, or of nothing")),
        Err(PartsError::Negative) => Err(flaw(section, None, "more is given away than there is")),
        Err(PartsError::TooLarge) => Err(flaw(section, None, "a part is too fine a fraction")),
    }
}
