//! Tables of a module from the clauses of a core.

use super::code::Code;
use super::{
    BTreeMap, Due, EmitError, FactType, Licence, Period, Point, Price, ZoneTable, bc, key, period, point,
    standing, window,
};
use crate::core::{LimitKind, Ratio, Tier};

/// Where clauses stand: label to file name, first byte, first byte after it.
pub type SourceMap = BTreeMap<String, (String, u32, u32)>;

/// Seconds of a day.
const DAY: i64 = 86_400;
/// 2200-01-01T00:00Z: zone data of licences without an end reach this far.
const FAR: i64 = 7_258_118_400;

/// The bytes of a licence's module. `zone` gives the offsets of a zone by name between two instants (seconds), as
/// [`crate::zone::table`] does; what the licence needs of it is copied into the module.
///
/// # Errors
/// See [`EmitError`].
pub fn from_core(
    licence: &Licence,
    zone: &dyn Fn(&str, i64, i64) -> Option<ZoneTable>,
    sources: &SourceMap,
) -> Result<Vec<u8>, EmitError> {
    let bytes = bc::encode(&module(licence, zone, sources)?);
    if bytes.len() > bc::limits::MODULE {
        return Err(EmitError::Module(bc::LoadError::bad(bytes.len(), "module larger than 4 MiB")));
    }
    Ok(bytes)
}

/// A licence's module, as tables; proved by the verifier.
///
/// # Errors
/// See [`EmitError`].
pub fn module(
    licence: &Licence,
    zone: &dyn Fn(&str, i64, i64) -> Option<ZoneTable>,
    sources: &SourceMap,
) -> Result<bc::Module, EmitError> {
    let id = licence.licence_id()?;
    let grain = licence.grain()?;
    let numbers = clause_numbers(licence);
    let number = |label: &str| numbers.get(label).copied().unwrap_or(u32::MAX);
    let mut code = Code::new(licence);
    let mut m = bc::Module {
        head: vec![bc::Head {
            licence: id,
            edition: crate::core::EDITION as u16,
            grain,
            clauses: numbers.len() as u32,
        }],
        zone: zone_data(licence, zone)?,
        ..bc::Module::default()
    };
    header(licence, &mut m);
    vocabulary(licence, &mut m);
    m.forbid = licence
        .forbids
        .iter()
        .map(|(l, c)| bc::Forbid { clause: number(l), when: code.condition(c) })
        .collect();
    m.permit = licence
        .permits
        .iter()
        .map(|(l, c)| bc::Permit { clause: number(l), when: code.condition(c) })
        .collect();
    for l in &licence.limits {
        standing::limit(l, number(&l.label), grain, &mut code, &mut m);
    }
    for (i, c) in licence.charges.iter().enumerate() {
        m.charge.push(bc::Charge { clause: number(&c.label), by_case: c.by_case });
        for (condition, p) in &c.cases {
            m.case.push(bc::Case {
                charge: i as u32,
                when: code.condition(condition),
                price: price(p, grain),
            });
        }
    }
    duties(licence, &number, &mut code, &mut m);
    for (label, units) in &licence.free {
        m.free.extend(units.iter().map(|unit| bc::Free { clause: number(label), unit: *unit }));
    }
    m.free.sort_by_key(|f| (f.clause, f.unit));
    standing::clauses(licence, &number, grain, &mut code, &mut m);
    m.split = licence.split.iter().map(|s| split(s, number(&s.label))).collect();
    m.label = numbers.keys().map(|l| bc::Label { label: (*l).to_owned() }).collect();
    source_map(sources, &numbers, &mut m);
    m.text = code.texts();
    m.set = code.sets;
    m.code = code.ops;
    bc::verify(&m).map_err(EmitError::Module)?;
    Ok(m)
}

/// All labels, sorted bytewise, numbered from 0.
fn clause_numbers(licence: &Licence) -> BTreeMap<&str, u32> {
    let rules = licence.forbids.iter().chain(&licence.permits).map(|(l, _)| l.as_str());
    let mut labels: Vec<&str> = rules.collect();
    labels.extend(licence.limits.iter().map(|c| c.label.as_str()));
    labels.extend(licence.charges.iter().map(|c| c.label.as_str()));
    labels.extend(licence.duties.iter().map(|c| c.label.as_str()));
    labels.extend(licence.split.iter().map(|c| c.label.as_str()));
    labels.extend(licence.free.iter().map(|(l, _)| l.as_str()));
    labels.extend(licence.ends.iter().map(|(l, _)| l.as_str()));
    labels.extend(licence.prepaid.iter().map(|c| c.label.as_str()));
    labels.extend(licence.at_close.iter().map(|c| c.label.as_str()));
    labels.sort_unstable();
    labels.into_iter().zip(0..).collect()
}

/// The zone's offsets from a year before the licence begins until a year after the last instant that it computes, or
/// until 2200; from 1970 where it counts from instants that only the ledger knows. Nothing for UTC.
fn zone_data(
    licence: &Licence,
    zone: &dyn Fn(&str, i64, i64) -> Option<ZoneTable>,
) -> Result<Vec<bc::ZoneChange>, EmitError> {
    let Some(name) = &licence.calendar else { return Ok(Vec::new()) };
    let second = |p: Point| match p {
        Point::Date(days) => i64::try_from(days).unwrap_or(FAR).min(FAR / DAY) * DAY,
        Point::Instant(micros) => i64::try_from(micros / 1_000_000).unwrap_or(FAR).min(FAR),
        Point::Anchored { .. } => FAR,
    };
    let term = licence.term.unwrap_or_default();
    let anchored = |p: Option<Point>| matches!(p, Some(Point::Anchored { .. }));
    let open = licence.renewal.is_some() || anchored(term.from) || anchored(term.until);
    let from = term.from.filter(|_| !open);
    // A stranger's term may end before it begins; both ends are looked at all the same.
    let ends = [from.map_or(0, second), term.until.map_or(FAR, second)];
    let (first, last) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
    let from = first - 366 * DAY;
    let days = |p: &Period| match p {
        Period::Seconds(n) => n / 86_400,
        Period::Days(n) => *n,
        Period::Months(n) => n.saturating_mul(31),
    };
    let duties = licence.duties.iter().filter_map(|d| match &d.due {
        Due::First(p) | Due::Each(p) => Some(days(p)),
        Due::AtEach => None,
    });
    let limits = licence.limits.iter().filter_map(|l| match &l.kind {
        LimitKind::AtOnce { lease: p, .. } | LimitKind::Seats { held: p, .. } => Some(days(p)),
        LimitKind::Sum { .. } | LimitKind::Spend { .. } => None,
    });
    let periods = duties.chain(limits).chain(licence.corrections.iter().map(days));
    let longest = i64::try_from(periods.max().unwrap_or(0)).unwrap_or(FAR).min(FAR / DAY);
    let until = last.saturating_add((longest + 366) * DAY).min(FAR);
    let table =
        zone(name, from.max(0), until.max(from.max(0))).ok_or_else(|| EmitError::Zone(name.clone()))?;
    if table.initial == 0 && table.transitions.is_empty() {
        return Ok(Vec::new());
    }
    let first = bc::ZoneChange { at: i64::MIN, offset: table.initial };
    let rest = table.transitions.iter().map(|(at, offset)| bc::ZoneChange { at: *at, offset: *offset });
    Ok(std::iter::once(first).chain(rest).collect())
}

fn header(licence: &Licence, m: &mut bc::Module) {
    m.about = vec![bc::About {
        name: licence.name.clone(),
        version: licence.version,
        licensor: licence.licensor.clone(),
        calendar: licence.calendar.clone(),
    }];
    if let Some(t) = licence.term.filter(|t| t.from.is_some() || t.until.is_some()) {
        m.term = vec![bc::TermSpan { from: t.from.map(point), until: t.until.map(point) }];
    }
    if let crate::core::Revocability::Revocable { after, sparing_derivatives } = licence.revocability {
        m.revocable = vec![bc::Revocable { after: period(after), sparing: sparing_derivatives }];
    }
    let asset =
        |a: &crate::core::Asset| bc::Asset { kind: a.kind.clone(), name: a.name.clone(), capsule: a.capsule };
    m.asset = licence.assets.iter().map(asset).collect();
    let party = |p: &crate::core::Party| bc::Party {
        handle: p.handle.clone(),
        did: p.did.clone(),
        account: p.account.clone(),
    };
    m.party = licence.parties.iter().map(party).collect();
    let vocabulary = |v: &crate::core::VocabularyRef| bc::Vocabulary {
        name: v.name.clone(),
        version: v.version.clone(),
        id: v.id,
    };
    m.vocabulary = licence.vocabularies.iter().map(vocabulary).collect();
    m.money = licence.money.iter().map(money).collect();
}

fn money(money: &crate::core::Money) -> bc::Money {
    use crate::core::Rounding;
    bc::Money {
        currency: money.currency.clone(),
        minor_num: money.minor.num,
        minor_den: money.minor.den,
        rounding: match money.rounding {
            Rounding::HalfEven => bc::Rounding::HalfEven,
            Rounding::HalfUp => bc::Rounding::HalfUp,
            Rounding::Down => bc::Rounding::Down,
            Rounding::Up => bc::Rounding::Up,
        },
        settled: window(money.settled),
    }
}

fn vocabulary(licence: &Licence, m: &mut bc::Module) {
    for (axis, terms) in &licence.axes {
        for (i, term) in terms.iter().enumerate() {
            let parent = |t: &crate::core::Term| t.parents.contains(&(i as u32));
            let root = term.parents.is_empty() && terms.iter().any(parent);
            m.leaf.push(bc::Leaf { axis: (*axis).into(), name: term.name.clone(), root });
        }
    }
    m.unit = licence.units.iter().map(|u| bc::Unit { name: u.name.clone(), highest: u.highest }).collect();
    for fact in &licence.facts {
        let (ty, low, high) = match fact.ty {
            FactType::YesNo => (bc::FactType::YesNo, 0, 0),
            FactType::Count { low, high } => (bc::FactType::Count, low, high),
            FactType::Text => (bc::FactType::Text, 0, 0),
            FactType::Party => (bc::FactType::Party, 0, 0),
            FactType::Kind => (bc::FactType::Kind, 0, 0),
        };
        m.fact.push(bc::Fact { name: fact.name.clone(), ty, low, high });
    }
}

/// An amount in units of 1/grain; the core has proved that every one is whole there and fits.
pub(super) fn at_grain(amount: Ratio, grain: u64) -> u128 {
    let factor = u128::from(grain).checked_div(amount.den).unwrap_or(0);
    amount.num.saturating_mul(factor)
}

/// A price for one unit, which the core has proved to be narrower.
fn rate_at_grain(rate: Ratio, grain: u64) -> u64 {
    u64::try_from(at_grain(rate, grain)).unwrap_or(u64::MAX)
}

fn price(price: &Price, grain: u64) -> bc::Price {
    match price {
        Price::Free => bc::Price::Free {},
        Price::Rate { unit, rate } => bc::Price::Rate { unit: *unit, rate: rate_at_grain(*rate, grain) },
        Price::Graduated { unit, key: k, window: w, tiers: t } => {
            bc::Price::Graduated { unit: *unit, key: key(*k), window: window(*w), tiers: tiers(t, grain) }
        }
        Price::Fee { amount, key: k, window: w } => {
            bc::Price::Fee { amount: at_grain(*amount, grain), key: key(*k), window: window(*w) }
        }
        Price::Bounded { unit, key: k, window: w, tiers: t, cap, floor } => bc::Price::Bounded {
            unit: *unit,
            key: key(*k),
            window: window(*w),
            tiers: tiers(t, grain),
            cap: cap.map(|cap| at_grain(cap, grain)),
            floor: floor.map(|floor| at_grain(floor, grain)),
        },
    }
}

fn tiers(tiers: &[Tier], grain: u64) -> Vec<bc::Tier> {
    let mut start = 0u128;
    let mut out = Vec::new();
    for t in tiers {
        out.push(bc::Tier { start, rate: rate_at_grain(t.rate, grain) });
        // Beyond 2^127 there is no quantity.
        start = start.saturating_add(t.width.unwrap_or(0)).min(1 << 127);
    }
    out
}

fn duties(licence: &Licence, number: &impl Fn(&str) -> u32, code: &mut Code, m: &mut bc::Module) {
    for d in &licence.duties {
        let (mode, within) = match d.due {
            Due::First(p) => (bc::DutyMode::First, Some(period(p))),
            Due::Each(p) => (bc::DutyMode::Each, Some(period(p))),
            Due::AtEach => (bc::DutyMode::AtEach, None),
        };
        m.duty.push(bc::Duty {
            clause: number(&d.label),
            acts: code.set(bc::Axis::Action, &d.acts, &d.acts_unknown),
            guard: d.guard.as_ref().map(|c| code.condition(c)),
            mode,
            period: within,
            suspend: d.suspend,
        });
        m.duty_text.push(bc::DutyText {
            name: d.name.clone(),
            text: d.text.clone(),
            on: d.on.clone(),
            to: d.to.clone(),
        });
    }
}

fn split(s: &crate::core::Split, clause: u32) -> bc::Split {
    let share = |(handle, part): &(String, crate::core::Ratio)| bc::Share {
        handle: handle.clone(),
        num: part.num,
        den: part.den,
    };
    bc::Split { clause, shares: s.shares.iter().map(share).collect(), window: s.window.map(window) }
}

fn source_map(sources: &SourceMap, numbers: &BTreeMap<&str, u32>, m: &mut bc::Module) {
    let known = sources.iter().filter_map(|(label, place)| Some((*numbers.get(label.as_str())?, place)));
    let known: BTreeMap<u32, _> = known.collect();
    let files: BTreeMap<&str, u32> = {
        let mut names: Vec<&str> = known.values().map(|(file, ..)| file.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().zip(0..).collect()
    };
    for (clause, (file, start, end)) in known {
        let file = files.get(file.as_str()).copied().unwrap_or(0);
        m.source.push(bc::Source { clause, file, start: *start, end: *end });
    }
    m.source_file = files.keys().map(|name| bc::SourceFile { name: (*name).to_owned() }).collect();
}
