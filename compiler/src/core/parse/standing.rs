//! Entries of `spec/core-wider.md`, and of `spec/core.md` where it adds to them.

use super::super::form::{Form, period};
use super::super::sexpr::{Finding, Found, NodeKind, ParseErrorKind};
use super::super::*;
use super::{Names, guard, twice};

/// A date, an instant, or `(grant 3 months)`.
pub(super) fn point(entry: &mut Form<'_>) -> Found<Point> {
    let expected = "a date as 2026-01-01, an instant as 2026-01-01T00:00:00Z, or (grant 3 months)";
    let node = entry.node("a date or an instant")?;
    let wrong = Finding::new(node.at, ParseErrorKind::Expected(expected));
    if let NodeKind::Word(word) = node.kind {
        return Point::from_word(word).ok_or(wrong);
    }
    let Some(mut form) = Form::list(node) else { return Err(wrong) };
    let point = Point::Anchored { anchor: form.choice()?, period: period(&mut form)? };
    form.finish()?;
    Ok(point)
}

/// `(limit label unit cap key window)`, `(at_once label cap key (lease ..))`, `(seats label cap key (held ..))`,
/// `(spend label amount key window)`, each with or without `(when ..)`.
pub(super) fn limit(label: String, entry: &mut Form<'_>, names: &Names) -> Found<Limit> {
    let (key, kind) = match entry.head {
        "at_once" | "seats" => {
            let (cap, key) = (entry.nat()?, entry.choice()?);
            let seats = entry.head == "seats";
            let time = named_period(entry, if seats { "held" } else { "lease" })?;
            let kind = if seats {
                LimitKind::Seats { cap, held: time }
            } else {
                LimitKind::AtOnce { cap, lease: time }
            };
            (key, kind)
        }
        "spend" => {
            let (amount, key) = (entry.ratio()?, entry.choice()?);
            (key, LimitKind::Spend { amount, window: entry.choice()? })
        }
        _ => {
            let (unit, cap) = (entry.resolve(&names.units, "unit")?, entry.nat()?);
            let key = entry.choice()?;
            (key, LimitKind::Sum { unit, cap, window: entry.choice()? })
        }
    };
    Ok(Limit { label, key, kind, guard: when(entry, names)? })
}

/// `(word 30 days)`.
fn named_period(entry: &mut Form<'_>, word: &'static str) -> Found<Period> {
    let missing = Finding::new(entry.at, ParseErrorKind::Missing(word));
    let mut part = entry.part()?.ok_or(missing)?;
    if part.head != word {
        return Err(part.unknown("part of this clause"));
    }
    let time = period(&mut part)?;
    part.finish()?;
    Ok(time)
}

/// `(when condition)`, if anything follows.
fn when(entry: &mut Form<'_>, names: &Names) -> Found<Option<Cond>> {
    entry.part()?.map(|part| guard(part, names)).transpose()
}

/// `(renewal 1 months (grace 3 days (of read)))`.
pub(super) fn renewal(licence: &mut Licence, names: &Names, mut entry: Form<'_>) -> Found<()> {
    let mut renewal = Renewal { period: period(&mut entry)?, grace: None };
    if let Some(mut part) = entry.part()? {
        if part.head != "grace" {
            return Err(part.unknown("part of a renewal"));
        }
        let period = period(&mut part)?;
        let (acts, acts_unknown) = part.sets(names, Axis::Action)?;
        renewal.grace = Some(Grace { period, acts, acts_unknown });
    }
    licence.renewal = Some(renewal);
    entry.finish()
}

pub(super) fn prepaid(label: String, entry: &mut Form<'_>, names: &Names) -> Found<Prepaid> {
    Ok(Prepaid { label, key: entry.choice()?, guard: when(entry, names)? })
}

/// `(at_close label aggregate unit key window (upto 10 for 5) .. (beyond at 1/2))`, with or without `(when ..)`.
pub(super) fn at_close(label: String, entry: &mut Form<'_>, names: &Names) -> Found<AtClose> {
    let (aggregate, unit) = (entry.choice()?, entry.resolve(&names.units, "unit")?);
    let (key, window) = (entry.choice()?, entry.choice()?);
    let mut charge = AtClose { label, aggregate, unit, key, window, bands: Vec::new(), guard: None };
    while let Some(mut part) = entry.part()? {
        let upto = match part.head {
            "upto" => Some(part.nat()?),
            "beyond" => None,
            "when" if charge.guard.is_none() => {
                charge.guard = Some(guard(part, names)?);
                continue;
            }
            "when" => return Err(twice(part.at, "when")),
            _ => return Err(part.unknown("part of a charge at close")),
        };
        charge.bands.push(Band { upto, kind: part.choice()?, amount: part.ratio()? });
        part.finish()?;
    }
    Ok(charge)
}

/// `(first (handle 1/20) ..)`, if that follows. A share of a party called first is no list of lists.
pub(super) fn first_cuts(entry: &mut Form<'_>) -> Found<Vec<(String, Ratio)>> {
    let Some(mut first) = entry.peek().and_then(Form::list) else { return Ok(Vec::new()) };
    let cuts = first.head == "first" && {
        first.next();
        first.peek().is_some_and(|next| matches!(next.kind, NodeKind::List(_)))
    };
    if !cuts {
        return Ok(Vec::new());
    }
    entry.next();
    shares(&mut first)
}

/// `(handle 1/2) ..`.
pub(super) fn shares(form: &mut Form<'_>) -> Found<Vec<(String, Ratio)>> {
    let mut shares = Vec::new();
    while let Some(node) = form.next() {
        let mut share = Form::list(node)
            .ok_or(Finding::new(node.at, ParseErrorKind::Expected("a share as (handle 1/2)")))?;
        shares.push((share.name()?, share.ratio()?));
        share.finish()?;
    }
    Ok(shares)
}

/// All royalties: `(royalty digest handle 1/10)`, with `(of digest handle)` where it is a part of another one.
pub(super) fn royalties(licence: &mut Licence, entries: &[(u64, Form<'_>)]) -> Found<()> {
    let mut bases = Vec::new();
    for (_, entry) in entries.iter().filter(|(key, _)| *key == 28) {
        let mut entry = entry.clone();
        let (id, handle, part) = (entry.digest()?, entry.name()?, entry.ratio()?);
        licence.royalties.push(Royalty { licence: id, handle, part, basis: Basis::Charges });
        bases.push(match entry.part()? {
            None => None,
            Some(mut part) if part.head == "of" => {
                let of = (part.digest()?, part.name()?);
                part.finish()?;
                Some((part.at, of))
            }
            Some(part) => return Err(part.unknown("part of a royalty")),
        });
        entry.finish()?;
    }
    let index: BTreeMap<([u8; 32], String), u32> =
        licence.royalties.iter().zip(0..).map(|(it, i)| ((it.licence, it.handle.clone()), i)).collect();
    for (royalty, basis) in licence.royalties.iter_mut().zip(bases) {
        let Some((at, of)) = basis else { continue };
        let found = index.get(&of).copied();
        let unknown = ParseErrorKind::Unknown { what: "royalty", name: of.1 };
        royalty.basis = Basis::Royalty(found.ok_or(Finding::new(at, unknown))?);
    }
    Ok(())
}
