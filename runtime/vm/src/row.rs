//! Rows: for each class of actions, every clause that can matter for it, as bits of a few words.
//!
//! A leaf of purpose and one of place select words of clauses still alive; tests of the frame clear bits. What is left is
//! the answer: the forbids among them are the reasons, and without a permit among them nothing is permitted. Guards of
//! limits, charges and duties are bits of the same words. A condition whose masks would be too large, and every condition
//! of a policy that would need too much memory, is asked in its general form instead; the answer is the same.

use crate::condition::{Class, Conditions, Value};
use crate::lower::{Lower, Term, both};
use crate::masks::{Budget, Builder as MaskBuilder, Masks};
use crate::wider::Wider;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use licit_bytecode::{Axis, Module};

/// How a row asks a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    /// The answer is no.
    Never,
    /// The answer is yes.
    Always,
    /// Yes if one of these bits is alive.
    Bits { word: u16, mask: u64 },
    /// By the general form of the condition: yes if it is certainly true.
    Certainly(u32),
    /// By the general form of the condition: yes if it is possibly true.
    Possibly(u32),
}

/// How a charge is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RowCharge {
    /// One guarded case.
    Plain { charge: u16, case: u32, certainly: Test, possibly: Test },
    /// By case: the cases that can apply are `cases[start..end]`.
    ByCase { charge: u16, start: u32, end: u32 },
}

/// How the clauses of [`crate::wider::Wider`] are asked; numbers are indices into its lists.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowWider {
    /// Ends that may be reached.
    pub(crate) ends: Vec<(u16, Test)>,
    /// What can count.
    pub(crate) opens: Vec<(u16, Test)>,
    pub(crate) purses: Vec<(u16, Test)>,
    /// Whether it certainly counts, and whether possibly.
    pub(crate) closings: Vec<(u16, Test, Test)>,
}

/// What can matter for one class of actions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    /// It stands for every action, so that nothing about the action was decided beforehand.
    pub(crate) general: bool,
    pub(crate) masks: Masks,
    /// By word: bits of forbids and of permits.
    pub(crate) rules: Vec<(u64, u64)>,
    /// By bit of a forbid or permit: its index.
    pub(crate) owners: Vec<u16>,
    /// Forbids and permits in general form.
    pub(crate) forbids: Vec<u16>,
    pub(crate) permits: Vec<u16>,
    /// Permits whose action fits.
    pub(crate) fitting: Vec<u16>,
    /// Whether some permit whose action does not fit says nothing of parties.
    pub(crate) misfit: bool,
    /// Why no permit is certain, by masks.
    pub(crate) why: Option<Why>,
    /// Limits that can count.
    pub(crate) limits: Vec<(u16, Test)>,
    /// Charges that can apply or fail.
    pub(crate) charges: Vec<RowCharge>,
    /// Case within its charge, case among all, whether it certainly applies.
    pub(crate) cases: Vec<(u16, u32, Test)>,
    /// Duties that can fall due.
    pub(crate) duties: Vec<(u16, Test)>,
    /// Where the policy has standing use or standing money.
    pub(crate) wider: Option<Box<RowWider>>,
}

/// A conjunct of a permit and what it speaks of.
pub(crate) type Conjunct = (Class, u32);

/// What rows are made from.
pub(crate) struct Source<'a> {
    pub(crate) m: &'a Module,
    pub(crate) conditions: &'a Conditions,
    /// Conjuncts of each permit, sorted by class.
    pub(crate) conjuncts: &'a [Vec<Conjunct>],
    /// The first case of each charge among all cases, and one past the last.
    pub(crate) first_case: &'a [u32],
    pub(crate) wider: Option<&'a Wider>,
}

/// Rows and the row of each class of actions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    pub(crate) all: Vec<Row>,
    pub(crate) of_action: Vec<u16>,
    /// Words of the widest row.
    pub(crate) most_words: usize,
}

/// Masks that tell at which guard the fitting permits drop out, and which of them are unknown. A guard's words are not
/// alive where all permits drop out at it or at a guard before it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Why {
    pub(crate) masks: Masks,
    /// Guards in order and their words, from and to before. The last one asks all of each permit's conjuncts.
    pub(crate) guards: Vec<(Class, usize, usize)>,
    /// By bit of the last guard's words: the permit.
    pub(crate) owners: Vec<u16>,
}

/// Makes the rows of a policy; without masks, one row in general form stands for every action.
pub(crate) fn rows(source: &Source<'_>, masks: bool) -> Rows {
    let mut budget =
        if masks { Budget { memory: 1 << 20, work: 1 << 24 } } else { Budget { memory: 0, work: 0 } };
    let [actions, ..] = source.conditions.terms;
    let classes = actions as usize + 2;
    let sets: Vec<_> = source.conditions.sets.iter().filter(|s| s.axis == Axis::Action).collect();
    let mut out = Rows::default();
    let mut general = None;
    // Actions that no set tells apart share a row.
    let mut known: BTreeMap<Vec<Value>, u16> = BTreeMap::new();
    for action in 0..classes as u32 {
        let shape =
            budget.work(classes.max(sets.len())).then(|| sets.iter().map(|s| s.value(action)).collect());
        let found = shape.as_ref().and_then(|s| known.get(s).copied());
        let row = found.unwrap_or_else(|| {
            let made = shape.as_ref().and_then(|_| Builder::build(source, action, &mut budget));
            if let (Some(made), Some(shape)) = (made, shape) {
                out.all.push(made);
                let number = out.all.len() as u16 - 1;
                known.insert(shape, number);
                return number;
            }
            *general.get_or_insert_with(|| {
                out.all.push(general_row(source));
                out.all.len() as u16 - 1
            })
        });
        out.of_action.push(row);
    }
    let words = |r: &Row| r.masks.words.max(r.why.as_ref().map_or(0, |w| w.masks.words));
    out.most_words = out.all.iter().map(words).max().unwrap_or(0);
    out
}

/// A row for every action, without masks.
fn general_row(source: &Source<'_>) -> Row {
    let m = source.m;
    let mut row = Row {
        general: true,
        forbids: (0..m.forbid.len() as u16).collect(),
        permits: (0..m.permit.len() as u16).collect(),
        fitting: (0..m.permit.len() as u16).collect(),
        ..Row::default()
    };
    for (i, l) in m.limit.iter().enumerate() {
        row.limits.push((i as u16, l.guard.map_or(Test::Always, Test::Possibly)));
    }
    for (i, c) in m.charge.iter().enumerate() {
        let (first, end) = case_range(source, i);
        if c.by_case {
            let start = row.cases.len() as u32;
            for case in first..end {
                let when = m.case.get(case as usize).map_or(0, |c| c.when);
                row.cases.push(((case - first) as u16, case, Test::Certainly(when)));
            }
            row.charges.push(RowCharge::ByCase { charge: i as u16, start, end: row.cases.len() as u32 });
        } else {
            let when = m.case.get(first as usize).map_or(0, |c| c.when);
            let (certainly, possibly) = (Test::Certainly(when), Test::Possibly(when));
            row.charges.push(RowCharge::Plain { charge: i as u16, case: first, certainly, possibly });
        }
    }
    for (i, d) in m.duty.iter().enumerate() {
        row.duties.push((i as u16, d.guard.map_or(Test::Always, Test::Possibly)));
    }
    row.wider = source.wider.map(|wider| Box::new(general_wider(wider)));
    row
}

fn general_wider(wider: &Wider) -> RowWider {
    let possibly = |guard: Option<u32>| guard.map_or(Test::Always, Test::Possibly);
    let certainly = |guard: Option<u32>| guard.map_or(Test::Always, Test::Certainly);
    RowWider {
        ends: (0..).zip(&wider.ends).map(|(i, e)| (i, Test::Possibly(e.1))).collect(),
        opens: (0..).zip(&wider.opens).map(|(i, o)| (i, possibly(o.guard))).collect(),
        purses: (0..).zip(&wider.purses).map(|(i, p)| (i, possibly(p.guard))).collect(),
        closings: (0..)
            .zip(&wider.closings)
            .map(|(i, c)| (i, certainly(c.guard), possibly(c.guard)))
            .collect(),
    }
}

fn case_range(source: &Source<'_>, charge: usize) -> (u32, u32) {
    let at = |i: usize| source.first_case.get(i).copied().unwrap_or(0);
    (at(charge), at(charge + 1))
}

struct Builder<'a, 'b> {
    source: &'a Source<'a>,
    action: u32,
    budget: &'b mut Budget,
    row: Row,
    masks: MaskBuilder,
}

impl<'a, 'b> Builder<'a, 'b> {
    /// None if the budget does not allow a row of its own.
    fn build(source: &'a Source<'a>, action: u32, budget: &'b mut Budget) -> Option<Row> {
        let m = source.m;
        let code = source.conditions.nodes.len() + source.conditions.operands.len();
        let questions = m.forbid.len() + m.permit.len() + m.limit.len() + 2 * m.case.len() + m.duty.len();
        let wider =
            source.wider.map_or(0, |w| w.ends.len() + w.opens.len() + w.purses.len() + 2 * w.closings.len());
        let masks = MaskBuilder::new(4 * code + 2 * (questions + wider));
        let mut b = Self { source, action, budget, row: Row::default(), masks };
        b.rules()?;
        b.guards()?;
        b.wider()?;
        b.row.masks = b.masks.finish(source.conditions, b.budget)?;
        b.row.rules.resize(b.row.masks.words, (0, 0));
        let why = MaskBuilder::new(2 * code + 2 * m.permit.len());
        b.row.why = why_masks(source, action, &b.row.fitting, why, b.budget);
        Some(b.row)
    }

    fn rules(&mut self) -> Option<()> {
        let m = self.source.m;
        for (i, f) in m.forbid.iter().enumerate() {
            match self.ask(f.when, true, Some((i, true)))? {
                Test::Never | Test::Always | Test::Bits { .. } => {}
                Test::Certainly(_) | Test::Possibly(_) => self.row.forbids.push(i as u16),
            }
        }
        for (i, p) in m.permit.iter().enumerate() {
            let conjuncts = self.source.conjuncts.get(i).map_or(&[][..], Vec::as_slice);
            let mut fits = true;
            for (class, at) in conjuncts {
                fits = fits && !(*class == Class::Action && self.is_false(*at)?);
            }
            if !fits {
                self.row.misfit |= conjuncts.iter().all(|c| c.0 != Class::Party);
                continue;
            }
            self.row.fitting.push(i as u16);
            match self.ask(p.when, false, Some((i, false)))? {
                Test::Never | Test::Always | Test::Bits { .. } => {}
                Test::Certainly(_) | Test::Possibly(_) => self.row.permits.push(i as u16),
            }
        }
        Some(())
    }

    /// Whether a conjunct that speaks only of actions is false here; no if it is too large to tell.
    fn is_false(&mut self, at: u32) -> Option<bool> {
        let mut lower = Lower::new(self.source.conditions, self.action, true);
        let terms = lower.terms(at);
        self.budget.work(lower.steps()).then(|| terms.is_ok_and(|t| t.is_empty()))
    }

    fn guards(&mut self) -> Option<()> {
        let m = self.source.m;
        for (i, l) in m.limit.iter().enumerate() {
            let test = self.guard(l.guard, true)?;
            if test != Test::Never {
                self.row.limits.push((i as u16, test));
            }
        }
        for (i, c) in m.charge.iter().enumerate() {
            let (first, end) = case_range(self.source, i);
            let when = |case: u32| m.case.get(case as usize).map_or(0, |c| c.when);
            if c.by_case {
                let start = self.row.cases.len() as u32;
                for case in first..end {
                    let test = self.ask(when(case), false, None)?;
                    if test != Test::Never {
                        self.row.cases.push(((case - first) as u16, case, test));
                    }
                }
                let end = self.row.cases.len() as u32;
                self.row.charges.push(RowCharge::ByCase { charge: i as u16, start, end });
            } else {
                let possibly = self.ask(when(first), true, None)?;
                if possibly == Test::Never {
                    continue;
                }
                let certainly = self.ask(when(first), false, None)?;
                self.row.charges.push(RowCharge::Plain {
                    charge: i as u16,
                    case: first,
                    certainly,
                    possibly,
                });
            }
        }
        for (i, d) in m.duty.iter().enumerate() {
            let acts = self.source.conditions.sets.get(d.acts as usize);
            if acts.is_none_or(|s| s.value(self.action) == Value::False) {
                continue;
            }
            let test = self.guard(d.guard, true)?;
            if test != Test::Never {
                self.row.duties.push((i as u16, test));
            }
        }
        Some(())
    }

    /// No guard always holds.
    fn guard(&mut self, guard: Option<u32>, possibly: bool) -> Option<Test> {
        guard.map_or(Some(Test::Always), |guard| self.ask(guard, possibly, None))
    }

    fn wider(&mut self) -> Option<()> {
        let Some(wider) = self.source.wider else { return Some(()) };
        let mut row = RowWider::default();
        for (i, (_, when)) in (0..).zip(&wider.ends) {
            row.ends.push((i, self.ask(*when, true, None)?));
        }
        for (i, open) in (0..).zip(&wider.opens) {
            row.opens.push((i, self.guard(open.guard, true)?));
        }
        for (i, purse) in (0..).zip(&wider.purses) {
            row.purses.push((i, self.guard(purse.guard, true)?));
        }
        for (i, closing) in (0..).zip(&wider.closings) {
            row.closings.push((i, self.guard(closing.guard, false)?, self.guard(closing.guard, true)?));
        }
        row.ends.retain(|(_, test)| *test != Test::Never);
        row.opens.retain(|(_, test)| *test != Test::Never);
        row.purses.retain(|(_, test)| *test != Test::Never);
        row.closings.retain(|(_, _, possibly)| *possibly != Test::Never);
        self.row.wider = Some(Box::new(row));
        Some(())
    }

    /// Finds the cheapest way to ask. A rule (its index, whether a forbid) always takes bits unless it is in general form
    /// or can never hold.
    fn ask(&mut self, at: u32, possibly: bool, rule: Option<(usize, bool)>) -> Option<Test> {
        let general = if possibly { Test::Possibly(at) } else { Test::Certainly(at) };
        let mut lower = Lower::new(self.source.conditions, self.action, possibly);
        let terms = lower.terms(at);
        if !self.budget.work(12 * lower.steps()) {
            return None;
        }
        let Ok(terms) = terms else { return Some(general) };
        if terms.is_empty() {
            return Some(Test::Never);
        }
        let always = terms.iter().any(|t| t.purpose.is_none() && t.place.is_none() && t.ranges.is_empty());
        if always && rule.is_none() {
            return Some(Test::Always);
        }
        let terms = if always { vec![Term { purpose: None, place: None, ranges: vec![] }] } else { terms };
        let Some((first, mask)) = self.masks.add(terms) else { return Some(general) };
        let (word, end) = (first / 64, self.masks.bits());
        if self.row.rules.len() <= word {
            self.row.rules.resize(word + 1, (0, 0));
        }
        if let (Some((index, forbids)), Some((f, p))) = (rule, self.row.rules.get_mut(word)) {
            *if forbids { f } else { p } |= mask;
            self.row.owners.resize(end, 0);
            for owner in self.row.owners.iter_mut().skip(first) {
                *owner = index as u16;
            }
        }
        Some(Test::Bits { word: word as u16, mask })
    }
}

/// None where some permit is too large for masks, or the budget for all of them.
fn why_masks(
    source: &Source<'_>,
    action: u32,
    fitting: &[u16],
    mut masks: MaskBuilder,
    budget: &mut Budget,
) -> Option<Why> {
    let always = || vec![Term { purpose: None, place: None, ranges: vec![] }];
    // What is left of each permit after the guards so far.
    let mut left: Vec<(u16, Vec<Term>)> = fitting.iter().map(|p| (*p, always())).collect();
    let mut out = Why::default();
    for guard in [Class::Party, Class::Action, Class::Purpose, Class::Place, Class::Other] {
        let mut speaks = false;
        for (permit, terms) in &mut left {
            for (class, at) in source.conjuncts.get(usize::from(*permit))? {
                if *class != guard {
                    continue;
                }
                let mut lower = Lower::new(source.conditions, action, true);
                let conjunct = lower.terms(*at);
                let work = lower.steps() + terms.len() * conjunct.as_ref().map_or(0, Vec::len);
                if !budget.work(4 * work) {
                    return None;
                }
                let conjunct = conjunct.ok()?;
                // Permits that fit do not drop out at the action.
                if guard == Class::Action && conjunct.is_empty() {
                    return None;
                }
                *terms = both(terms, &conjunct).ok()?;
                speaks = true;
            }
        }
        // The last one always stands, since it tells the permits that are left.
        if guard == Class::Action || !speaks && guard != Class::Other {
            continue;
        }
        masks.next_word();
        let start = masks.bits();
        out.owners.clear();
        for (permit, terms) in &left {
            if !terms.is_empty() {
                let (first, _) = masks.add(terms.clone())?;
                out.owners.resize(first - start, 0);
                out.owners.resize(masks.bits() - start, *permit);
            }
        }
        out.guards.push((guard, start / 64, masks.bits().div_ceil(64)));
    }
    out.masks = masks.finish(source.conditions, budget)?;
    Some(out)
}

impl Row {
    /// Heap bytes.
    pub(crate) fn size(&self) -> usize {
        size_of::<Self>()
            + self.masks.size()
            + self.why.as_ref().map_or(0, |w| w.masks.size() + 2 * w.owners.len() + 24 * w.guards.len())
            + 2 * self.owners.len()
            + 16 * self.rules.len()
            + 2 * (self.forbids.len() + self.permits.len() + self.fitting.len())
            + size_of_val(self.limits.as_slice())
            + size_of_val(self.charges.as_slice())
            + size_of_val(self.cases.as_slice())
            + size_of_val(self.duties.as_slice())
            + self.wider.as_ref().map_or(0, |w| {
                size_of::<RowWider>()
                    + size_of_val(w.ends.as_slice())
                    + size_of_val(w.opens.as_slice())
                    + size_of_val(w.purses.as_slice())
                    + size_of_val(w.closings.as_slice())
            })
    }
}
