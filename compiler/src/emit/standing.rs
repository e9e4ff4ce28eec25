//! The sections of standing use and standing money.

use super::code::Code;
use super::from_core::at_grain;
use super::{Licence, bc, key, period, window};
use crate::core::{Aggregate, AtClose, BandKind, Basis, Limit, LimitKind, Ratio, Royalty};

/// A limit of any kind.
pub(super) fn limit(l: &Limit, clause: u32, grain: u64, code: &mut Code, m: &mut bc::Module) {
    let key = key(l.key);
    let guard = l.guard.as_ref().map(|c| code.condition(c));
    match l.kind {
        LimitKind::Sum { unit, cap, window: w } => {
            m.limit.push(bc::Limit { clause, unit, cap, key, window: window(w), guard });
        }
        LimitKind::AtOnce { cap, lease } => {
            m.at_once.push(bc::AtOnce { clause, cap, key, guard, lease: period(lease) });
        }
        LimitKind::Seats { cap, held } => {
            m.seats.push(bc::Seats { clause, cap, key, guard, held: period(held) });
        }
        LimitKind::Spend { amount, window: w } => {
            let amount = at_grain(amount, grain);
            m.spend.push(bc::Spend { clause, amount, key, window: window(w), guard });
        }
    }
}

/// Everything else, but for prices and the term.
pub(super) fn clauses(
    licence: &Licence,
    number: &impl Fn(&str) -> u32,
    grain: u64,
    code: &mut Code,
    m: &mut bc::Module,
) {
    m.holder = licence.holder.iter().map(|handle| bc::Holder { handle: handle.clone() }).collect();
    m.corrections =
        licence.corrections.iter().map(|within| bc::Corrections { within: period(*within) }).collect();
    if let Some(r) = &licence.renewal {
        let acts = r.grace.as_ref().map(|g| code.set(bc::Axis::Action, &g.acts, &g.acts_unknown));
        let grace = r.grace.as_ref().map(|g| period(g.period));
        m.renewal.push(bc::Renewal { period: period(r.period), grace, acts });
    }
    for (label, condition) in &licence.ends {
        m.end.push(bc::End { clause: number(label), when: code.condition(condition) });
    }
    if let Some(p) = &licence.prepaid {
        let guard = p.guard.as_ref().map(|c| code.condition(c));
        m.prepaid.push(bc::Prepaid { clause: number(&p.label), key: key(p.key), guard });
    }
    for c in &licence.at_close {
        m.at_close.push(at_close(c, number(&c.label), grain, code));
    }
    m.royalty = licence.royalties.iter().map(royalty).collect();
    let cut = |(handle, part): &(String, Ratio)| bc::FirstCut {
        handle: handle.clone(),
        num: part.num,
        den: part.den,
    };
    m.first_cut = licence.split.iter().flat_map(|s| s.first_cuts.iter().map(cut)).collect();
}

fn at_close(c: &AtClose, clause: u32, grain: u64, code: &mut Code) -> bc::AtClose {
    let band = |b: &crate::core::Band| bc::Band {
        upto: b.upto,
        kind: match b.kind {
            BandKind::At => bc::BandKind::At,
            BandKind::For => bc::BandKind::For,
        },
        amount: at_grain(b.amount, grain),
    };
    bc::AtClose {
        clause,
        aggregate: match c.aggregate {
            Aggregate::Sum => bc::Aggregate::Sum,
            Aggregate::Highest => bc::Aggregate::Highest,
            Aggregate::Average => bc::Aggregate::Average,
            Aggregate::Last => bc::Aggregate::Last,
        },
        unit: c.unit,
        key: key(c.key),
        window: window(c.window),
        bands: c.bands.iter().map(band).collect(),
        guard: c.guard.as_ref().map(|c| code.condition(c)),
    }
}

fn royalty(r: &Royalty) -> bc::Royalty {
    bc::Royalty {
        licence: r.licence,
        handle: r.handle.clone(),
        num: r.part.num,
        den: r.part.den,
        basis: match r.basis {
            Basis::Charges => bc::Basis::Charges {},
            Basis::Royalty(of) => bc::Basis::Royalty { of },
        },
    }
}
