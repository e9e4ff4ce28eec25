//! What people and ledgers read about a module: names for every number, and the money data.

use crate::field::Digest;
use crate::table::{
    Asset, DutyText, Fact, Head, Key, Module, Money, Party, Period, Point, Price, Share, Source, Unit,
    Vocabulary, Window,
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
    /// By counter number: limits in label order, then graduated cases in order of (label, case).
    pub counters: Vec<Counter>,
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
}

/// A counter, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Limit or graduated case.
    pub of: CounterOf,
    /// The clause it belongs to.
    pub clause: u32,
    /// The unit it counts, an index into [`Manifest::units`].
    pub unit: u32,
    /// Whose use.
    pub key: Key,
    /// Over which window.
    pub window: Window,
    /// The cap of a limit.
    pub cap: Option<u128>,
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
    /// The parts, in the order that decides ties; they sum to 1.
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
        let mut kinds: Vec<(u32, ClauseKind)> = Vec::new();
        let nth = |i: usize| i as u32;
        kinds.extend(m.forbid.iter().enumerate().map(|(i, c)| (c.clause, ClauseKind::Forbid(nth(i)))));
        kinds.extend(m.permit.iter().enumerate().map(|(i, c)| (c.clause, ClauseKind::Permit(nth(i)))));
        kinds.extend(m.limit.iter().enumerate().map(|(i, c)| (c.clause, ClauseKind::Limit(nth(i)))));
        kinds.extend(m.charge.iter().enumerate().map(|(i, c)| (c.clause, ClauseKind::Charge(nth(i)))));
        kinds.extend(m.duty.iter().enumerate().map(|(i, c)| (c.clause, ClauseKind::Duty(nth(i)))));
        kinds.extend(m.split.iter().map(|c| (c.clause, ClauseKind::Split)));
        kinds.extend(m.free.iter().map(|c| (c.clause, ClauseKind::Free)));
        kinds.sort_by_key(|(clause, _)| *clause);
        kinds.dedup_by_key(|(clause, _)| *clause);
        let clauses =
            m.label.iter().zip(kinds).map(|(l, (_, kind))| Clause { label: l.label.clone(), kind }).collect();
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
            clauses,
            axes,
            units: m.unit.clone(),
            facts: m.fact.clone(),
            money: m.money.first().cloned(),
            grain: head.grain,
            from: term.and_then(|t| t.from.clone()),
            until: term.and_then(|t| t.until.clone()),
            revocable: m.revocable.first().map(|r| (r.after.clone(), r.sparing)),
            counters: counters(m),
            charges: charges(m),
            duties: duties(m),
            split: m.split.first().map(|s| SplitInfo {
                clause: s.clause,
                shares: s.shares.clone(),
                window: s.window,
            }),
            files: m.source_file.iter().map(|f| f.name.clone()).collect(),
            sources: m.source.clone(),
        }
    }
}

/// The counters of a module in the order of their numbers.
pub fn counters(m: &Module) -> Vec<Counter> {
    let mut out: Vec<Counter> = Vec::new();
    for (i, l) in m.limit.iter().enumerate() {
        let of = CounterOf::Limit { limit: i as u32 };
        out.push(Counter {
            of,
            clause: l.clause,
            unit: l.unit,
            key: l.key,
            window: l.window,
            cap: Some(l.cap),
        });
    }
    let (mut charge, mut case) = (None, 0);
    for c in &m.case {
        case = if charge == Some(c.charge) { case + 1 } else { 0 };
        charge = Some(c.charge);
        if let Price::Graduated { unit, key, window, .. } = c.price {
            let clause = m.charge.get(c.charge as usize).map_or(0, |c| c.clause);
            out.push(Counter {
                of: CounterOf::Case { charge: c.charge, case },
                clause,
                unit,
                key,
                window,
                cap: None,
            });
        }
    }
    out
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
