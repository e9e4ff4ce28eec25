//! What people and ledgers read about a module: names for every number, and the money data.

use crate::field::{Bits, Digest};
use crate::parts::{Part, parts};
use crate::table::{
    Aggregate, Asset, Band, DutyText, Fact, Head, Key, Module, Money, Party, Period, Point, Price, Royalty,
    Share, Source, Unit, Vocabulary, Window,
};
use alloc::string::String;
use alloc::vec::Vec;

/// Names and data of a licence, by the numbers that outcomes use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// SHA-256 of the canonical core.
    pub licence: Digest,
    /// The edition, 2026.
    pub edition: u16,
    /// Name of the licence.
    pub name: String,
    /// Its version.
    pub version: u64,
    /// The licensor's handle, without `@`.
    pub licensor: String,
    /// Assets, sorted.
    pub assets: Vec<Asset>,
    /// Bound parties, sorted by handle.
    pub parties: Vec<Party>,
    /// Vocabularies, sorted by name.
    pub vocabularies: Vec<Vocabulary>,
    /// Name of the zone whose table the module embeds; none: UTC.
    pub calendar: Option<String>,
    /// By clause number.
    pub clauses: Vec<Clause>,
    /// Names of the terms of actions, purposes and places; position is leaf number.
    pub axes: [Vec<String>; 3],
    /// Units, sorted by name; position is unit index.
    pub units: Vec<Unit>,
    /// Facts that conditions read, sorted by name; position is fact index (slot 16 + index).
    pub facts: Vec<Fact>,
    /// Currency and settlement, where something is charged.
    pub money: Option<Money>,
    /// Amounts of lines are integers in units of 1/grain of the currency.
    pub grain: u64,
    /// First instant inside.
    pub from: Option<Point>,
    /// First instant no longer inside.
    pub until: Option<Point>,
    /// None: irrevocable. Else from notice to effect, and whether derivatives are spared.
    pub revocable: Option<(Period, bool)>,
    /// The handle of the only one who may use it, without `@`.
    pub holder: Option<String>,
    /// How it is renewed.
    pub renewal: Option<RenewalInfo>,
    /// Clause numbers of what ends a grant for good, by end (label order).
    pub ends: Vec<u32>,
    /// By counter number: limits in label order, graduated cases in order of (label, case), limits at once, seats and
    /// spend limits each in label order, fees in order of (label, case), the prepaid clause, charges at close.
    pub counters: Vec<Counter>,
    /// Limits on calls at once, in label order.
    pub at_once: Vec<AtOnceInfo>,
    /// Limits on seats, in label order.
    pub seats: Vec<SeatsInfo>,
    /// The number of the counter of the prepaid clause, if there is one.
    pub prepaid: Option<u32>,
    /// Charges at close, in label order.
    pub at_close: Vec<AtCloseInfo>,
    /// What falls to other licences, in the order that decides ties.
    pub royalties: Vec<Royalty>,
    /// Who has what of a charge: first cuts, royalties, shares (or the licensor), in the order that decides ties; they
    /// sum to 1. Empty where there is neither split nor royalty.
    pub parts: Vec<Part>,
    /// How long a closed window may still be corrected, from its close.
    pub corrections: Option<Period>,
    /// By charge index (label order).
    pub charges: Vec<ChargeInfo>,
    /// By duty index (label order).
    pub duties: Vec<DutyInfo>,
    /// The division of what is left after royalties.
    pub split: Option<SplitInfo>,
    /// Source files.
    pub files: Vec<String>,
    /// Where clauses stand in the text, sorted by clause; empty without a source map.
    pub sources: Vec<Source>,
}

/// What a clause is; the index counts clauses of its kind in label order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClauseKind {
    /// A prohibition.
    Forbid(u32),
    /// A permission.
    Permit(u32),
    /// A limit.
    Limit(u32),
    /// A charge.
    Charge(u32),
    /// A duty.
    Duty(u32),
    /// The split.
    Split,
    /// Free units.
    Free,
    /// What ends a grant.
    End(u32),
    /// A limit on calls at once.
    AtOnce(u32),
    /// A limit on seats.
    Seats(u32),
    /// A limit on what is spent.
    Spend(u32),
    /// Prepaid credit.
    Prepaid,
    /// A charge at close.
    AtClose(u32),
}

/// A labelled clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Its label.
    pub label: String,
    /// What it is.
    pub kind: ClauseKind,
}

/// What a counter counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CounterOf {
    /// A limit: committed and held use.
    Limit {
        /// Index into the limits, in label order.
        limit: u32,
    },
    /// A graduated case: committed use.
    Case {
        /// Index into [`Manifest::charges`].
        charge: u32,
        /// The case within its charge.
        case: u32,
    },
    /// A limit on calls at once: open holds.
    AtOnce {
        /// Index into [`Manifest::at_once`].
        limit: u32,
    },
    /// A limit on seats: distinct users.
    Seats {
        /// Index into [`Manifest::seats`].
        limit: u32,
    },
    /// A spend limit: charges committed and held, in units of the grain.
    Spend {
        /// Index into the spend limits, in label order.
        limit: u32,
    },
    /// A fee: uses that counted.
    Fee {
        /// Index into [`Manifest::charges`].
        charge: u32,
        /// The case within its charge.
        case: u32,
    },
    /// The prepaid clause: credit, in units of the grain.
    Prepaid,
    /// A charge at close: what was reported.
    AtClose {
        /// Index into [`Manifest::at_close`].
        charge: u32,
    },
}

/// A counter, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// What it counts for.
    pub of: CounterOf,
    /// The clause it belongs to.
    pub clause: u32,
    /// The unit it counts, an index into [`Manifest::units`]; none for calls, users, uses and money.
    pub unit: Option<u32>,
    /// Whose use.
    pub key: Key,
    /// Over which window; the term where there is none.
    pub window: Window,
    /// The cap of a limit: of sum limits in the unit, of spend limits in units of the grain.
    pub cap: Option<u128>,
}

/// How a licence is renewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenewalInfo {
    /// How long each payment lasts.
    pub period: Period,
    /// What goes on after the last paid period.
    pub grace: Option<GraceInfo>,
}

/// What goes on after the last paid period, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraceInfo {
    /// For how long.
    pub period: Period,
    /// The acts that are in, as leaves of the actions.
    pub yes: Bits,
    /// The acts of which it is unknown.
    pub unknown: Bits,
}

/// A limit on calls that are open at the same time; its cap and key are its counter's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtOnceInfo {
    /// Its clause number.
    pub clause: u32,
    /// Its counter's number.
    pub counter: u32,
    /// After which time a call no longer counts as open, unless renewed.
    pub lease: Period,
}

/// A limit on distinct users; its cap and key are its counter's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatsInfo {
    /// Its clause number.
    pub clause: u32,
    /// Its counter's number.
    pub counter: u32,
    /// How long a seat stays taken.
    pub held: Period,
}

/// A charge at close; its unit, key and window are its counter's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtCloseInfo {
    /// Its clause number.
    pub clause: u32,
    /// Its counter's number.
    pub counter: u32,
    /// What is made of a window's reports.
    pub aggregate: Aggregate,
    /// What it then costs; the first band that reaches far enough.
    pub bands: Vec<Band>,
}

/// A charge clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeInfo {
    /// Its clause number.
    pub clause: u32,
    /// Written as `charge by case`.
    pub by_case: bool,
    /// The price of each case, in canonical order.
    pub prices: Vec<Price>,
}

/// A duty clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DutyInfo {
    /// Its clause number.
    pub clause: u32,
    /// What people read about it.
    pub text: DutyText,
    /// Overdue, violated or unknown suspends.
    pub suspend: bool,
}

/// The split clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitInfo {
    /// Its clause number.
    pub clause: u32,
    /// What comes off before royalties and shares, in the order that decides ties.
    pub first_cuts: Vec<Share>,
    /// The parts of what is left, in the order that decides ties; they sum to 1.
    pub shares: Vec<Share>,
    /// Sharing window, if not the settlement window.
    pub window: Option<Window>,
}

impl Manifest {
    /// The label of clause number `clause`.
    pub fn label(&self, clause: u32) -> Option<&str> {
        self.clauses.get(clause as usize).map(|c| c.label.as_str())
    }

    /// Where clause number `clause` stands: file name, first byte, first byte after it.
    pub fn source(&self, clause: u32) -> Option<(&str, u32, u32)> {
        let i = self.sources.binary_search_by_key(&clause, |s| s.clause).ok()?;
        let s = self.sources.get(i)?;
        Some((self.files.get(s.file as usize)?.as_str(), s.start, s.end))
    }

    /// Collects it from a module, which should have been verified; of a module that was not, it may lack names.
    pub fn from_module(m: &Module) -> Self {
        let mut axes = [Vec::new(), Vec::new(), Vec::new()];
        for leaf in &m.leaf {
            if let Some(axis) = axes.get_mut(leaf.axis as usize) {
                axis.push(leaf.name.clone());
            }
        }
        let head =
            m.head.first().cloned().unwrap_or(Head { licence: [0; 32], edition: 0, grain: 1, clauses: 0 });
        let about = m.about.first();
        let term = m.term.first();
        let counters = counters(m);
        Self {
            licence: head.licence,
            edition: head.edition,
            name: about.map(|a| a.name.clone()).unwrap_or_default(),
            version: about.map_or(0, |a| a.version),
            licensor: about.map(|a| a.licensor.clone()).unwrap_or_default(),
            assets: m.asset.clone(),
            parties: m.party.clone(),
            vocabularies: m.vocabulary.clone(),
            calendar: about.and_then(|a| a.calendar.clone()),
            clauses: clauses(m),
            axes,
            units: m.unit.clone(),
            facts: m.fact.clone(),
            money: m.money.first().cloned(),
            grain: head.grain,
            from: term.and_then(|t| t.from.clone()),
            until: term.and_then(|t| t.until.clone()),
            revocable: m.revocable.first().map(|r| (r.after.clone(), r.sparing)),
            holder: m.holder.first().map(|h| h.handle.clone()),
            renewal: renewal(m),
            ends: m.end.iter().map(|e| e.clause).collect(),
            prepaid: nth_of(&counters, |of| of == CounterOf::Prepaid),
            at_once: at_once(m, &counters),
            seats: seats(m, &counters),
            at_close: at_close(m, &counters),
            counters,
            royalties: m.royalty.clone(),
            parts: parts(m).unwrap_or_default(),
            corrections: m.corrections.first().map(|c| c.within.clone()),
            charges: charges(m),
            duties: duties(m),
            split: m.split.first().map(|s| SplitInfo {
                clause: s.clause,
                first_cuts: first_cuts(m),
                shares: s.shares.clone(),
                window: s.window,
            }),
            files: m.source_file.iter().map(|f| f.name.clone()).collect(),
            sources: m.source.clone(),
        }
    }
}

fn clauses(m: &Module) -> Vec<Clause> {
    let mut kinds: Vec<(u32, ClauseKind)> = Vec::new();
    let nth = |i: usize| i as u32;
    kinds.extend(m.forbid.iter().enumerate().map(|(i, c)| (c.clause, ClauseKind::Forbid(nth(i)))));
    kinds.extend(m.permit.iter().enumerate().map(|(i, c)| (c.clause, ClauseKind::Permit(nth(i)))));
    kinds.extend(m.limit.iter().enumerate().map(|(i, c)| (c.clause, ClauseKind::Limit(nth(i)))));
    kinds.extend(m.charge.iter().enumerate().map(|(i, c)| (c.clause, ClauseKind::Charge(nth(i)))));
    kinds.extend(m.duty.iter().enumerate().map(|(i, c)| (c.clause, ClauseKind::Duty(nth(i)))));
    kinds.extend(m.split.iter().map(|c| (c.clause, ClauseKind::Split)));
    kinds.extend(m.free.iter().map(|c| (c.clause, ClauseKind::Free)));
    kinds.extend(m.end.iter().enumerate().map(|(i, c)| (c.clause, ClauseKind::End(nth(i)))));
    kinds.extend(m.at_once.iter().enumerate().map(|(i, c)| (c.clause, ClauseKind::AtOnce(nth(i)))));
    kinds.extend(m.seats.iter().enumerate().map(|(i, c)| (c.clause, ClauseKind::Seats(nth(i)))));
    kinds.extend(m.spend.iter().enumerate().map(|(i, c)| (c.clause, ClauseKind::Spend(nth(i)))));
    kinds.extend(m.prepaid.iter().map(|c| (c.clause, ClauseKind::Prepaid)));
    kinds.extend(m.at_close.iter().enumerate().map(|(i, c)| (c.clause, ClauseKind::AtClose(nth(i)))));
    kinds.sort_by_key(|(clause, _)| *clause);
    kinds.dedup_by_key(|(clause, _)| *clause);
    m.label.iter().zip(kinds).map(|(l, (_, kind))| Clause { label: l.label.clone(), kind }).collect()
}

/// The counters of a module in the order of their numbers.
pub fn counters(m: &Module) -> Vec<Counter> {
    let mut out: Vec<Counter> = Vec::new();
    for (l, limit) in m.limit.iter().zip(0..) {
        let (unit, cap) = (Some(l.unit), Some(l.cap));
        let of = CounterOf::Limit { limit };
        out.push(Counter { of, clause: l.clause, unit, key: l.key, window: l.window, cap });
    }
    let mut fees = Vec::new();
    let (mut charge, mut case) = (None, 0);
    for c in &m.case {
        case = if charge == Some(c.charge) { case + 1 } else { 0 };
        charge = Some(c.charge);
        let clause = m.charge.get(c.charge as usize).map_or(0, |c| c.clause);
        match c.price {
            Price::Free {} | Price::Rate { .. } => {}
            Price::Graduated { unit, key, window, .. } | Price::Bounded { unit, key, window, .. } => {
                let of = CounterOf::Case { charge: c.charge, case };
                out.push(Counter { of, clause, unit: Some(unit), key, window, cap: None });
            }
            Price::Fee { key, window, .. } => {
                let of = CounterOf::Fee { charge: c.charge, case };
                fees.push(Counter { of, clause, unit: None, key, window, cap: None });
            }
        }
    }
    standing_counters(m, fees, &mut out);
    out
}

/// Those that follow the limits and graduated cases.
fn standing_counters(m: &Module, fees: Vec<Counter>, out: &mut Vec<Counter>) {
    let (unit, window) = (None, Window::Term);
    for (l, limit) in m.at_once.iter().zip(0..) {
        let of = CounterOf::AtOnce { limit };
        out.push(Counter { of, clause: l.clause, unit, key: l.key, window, cap: Some(l.cap) });
    }
    for (l, limit) in m.seats.iter().zip(0..) {
        let of = CounterOf::Seats { limit };
        out.push(Counter { of, clause: l.clause, unit, key: l.key, window, cap: Some(l.cap) });
    }
    for (l, limit) in m.spend.iter().zip(0..) {
        let (of, cap) = (CounterOf::Spend { limit }, Some(l.amount));
        out.push(Counter { of, clause: l.clause, unit, key: l.key, window: l.window, cap });
    }
    out.extend(fees);
    for p in &m.prepaid {
        let of = CounterOf::Prepaid;
        out.push(Counter { of, clause: p.clause, unit, key: p.key, window, cap: None });
    }
    for (c, charge) in m.at_close.iter().zip(0..) {
        let of = CounterOf::AtClose { charge };
        let unit = Some(c.unit);
        out.push(Counter { of, clause: c.clause, unit, key: c.key, window: c.window, cap: None });
    }
}

/// The number of the counter for this.
fn nth_of(counters: &[Counter], is: impl Fn(CounterOf) -> bool) -> Option<u32> {
    counters.iter().position(|c| is(c.of)).map(|i| i as u32)
}

/// The number of the first counter of a kind; the others of the kind follow it.
fn first_of(counters: &[Counter], is: impl Fn(CounterOf) -> bool) -> u32 {
    nth_of(counters, is).unwrap_or(0)
}

fn renewal(m: &Module) -> Option<RenewalInfo> {
    let r = m.renewal.first()?;
    let grace = r.grace.as_ref().zip(r.acts.and_then(|acts| m.set.get(acts as usize)));
    let grace = grace.map(|(period, acts)| GraceInfo {
        period: period.clone(),
        yes: acts.yes.clone(),
        unknown: acts.unknown.clone(),
    });
    Some(RenewalInfo { period: r.period.clone(), grace })
}

fn at_once(m: &Module, counters: &[Counter]) -> Vec<AtOnceInfo> {
    let first = first_of(counters, |of| matches!(of, CounterOf::AtOnce { .. }));
    let info = |(l, counter): (&crate::table::AtOnce, u32)| AtOnceInfo {
        clause: l.clause,
        counter,
        lease: l.lease.clone(),
    };
    m.at_once.iter().zip(first..).map(info).collect()
}

fn seats(m: &Module, counters: &[Counter]) -> Vec<SeatsInfo> {
    let first = first_of(counters, |of| matches!(of, CounterOf::Seats { .. }));
    let info = |(l, counter): (&crate::table::Seats, u32)| SeatsInfo {
        clause: l.clause,
        counter,
        held: l.held.clone(),
    };
    m.seats.iter().zip(first..).map(info).collect()
}

fn at_close(m: &Module, counters: &[Counter]) -> Vec<AtCloseInfo> {
    let first = first_of(counters, |of| matches!(of, CounterOf::AtClose { .. }));
    let info = |(c, counter): (&crate::table::AtClose, u32)| AtCloseInfo {
        clause: c.clause,
        counter,
        aggregate: c.aggregate,
        bands: c.bands.clone(),
    };
    m.at_close.iter().zip(first..).map(info).collect()
}

fn first_cuts(m: &Module) -> Vec<Share> {
    let cut = |c: &crate::table::FirstCut| Share { handle: c.handle.clone(), num: c.num, den: c.den };
    m.first_cut.iter().map(cut).collect()
}

fn charges(m: &Module) -> Vec<ChargeInfo> {
    let info =
        |c: &crate::table::Charge| ChargeInfo { clause: c.clause, by_case: c.by_case, prices: Vec::new() };
    let mut out: Vec<ChargeInfo> = m.charge.iter().map(info).collect();
    for case in &m.case {
        if let Some(c) = out.get_mut(case.charge as usize) {
            c.prices.push(case.price.clone());
        }
    }
    out
}

fn duties(m: &Module) -> Vec<DutyInfo> {
    let info = |(d, text): (&crate::table::Duty, &DutyText)| DutyInfo {
        clause: d.clause,
        text: text.clone(),
        suspend: d.suspend,
    };
    m.duty.iter().zip(&m.duty_text).map(info).collect()
}
