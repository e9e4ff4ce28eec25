//! Corrections: a past quantity is another, or a call is taken back as a whole. What they cost is the window rated again
//! less the window so far, so in any order they end at the price of what was really used.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use licit_receipt::{Quantity, Reference};
use licit_vm::bytecode::Price;
use licit_vm::{CounterOf, Delta, Outcome};

use crate::command::Step;
use crate::content::{Content, Touched};
use crate::credit::Drawn;
use crate::kept::{Change, Count, Draw, Kept, KeptLine, LineOf, Report, Settled, Who};
use crate::licence::{Licence, Openings, Policies};
use crate::money::{Exact, minor_of};
use crate::rating::{self, add_line, kept_lines, missing_to_floor, price_of};
use crate::refusal::Refusal;
use crate::request::Request;
use crate::state::{AccountKey, CallId, CounterKey, Phase};

use super::ask::id_of;
use super::charge::{Entry, window};
use super::purse::dearest_position;
use super::{Draft, Stepper, bind, by_end, quantities, vm_state};

/// How often one call may be corrected.
pub const MAX_CORRECTIONS: usize = 64;

/// What a call came to, after all corrections so far.
struct Used {
    who: Who,
    /// Its instant of use.
    at: u64,
    licence: licit_receipt::Hash,
    module: licit_receipt::Hash,
    /// The leaf that holds its present quantities.
    latest: u64,
    quantities: Vec<Quantity>,
    counts: Vec<Count>,
    reports: Vec<Report>,
    lines: Vec<KeptLine>,
    drawn: Drawn,
    /// Exact, and due.
    exact: Exact,
    due: i128,
    /// It was counted, and charged where the licence charges.
    counted: bool,
    content: Content,
    /// The leaf of its ask, by which its reports are named.
    asked: u64,
}

/// A correction under way.
#[derive(Default)]
struct Difference {
    changes: BTreeMap<u16, Change>,
    reports: Vec<Report>,
    lines: Vec<KeptLine>,
    draws: Vec<Draw>,
}

impl<P: Policies + ?Sized, O: Openings + ?Sized> Stepper<'_, P, O> {
    pub(super) fn correct(
        &self,
        mut draft: Draft,
        content: Content,
        ordered: &Licence,
        call: CallId,
        reversal: bool,
    ) -> Result<Step, Refusal> {
        let used = self.used_by(call)?;
        if used.licence != id_of(ordered) {
            return Err(Refusal::OtherLicence);
        }
        let licence = self.licence(used.module)?;
        if !used.counted {
            return Err(Refusal::TooLateToCorrect);
        }
        self.may_correct(licence, &used)?;
        let wanted = if reversal { Vec::new() } else { content.request.quantities.clone() };
        let request = Request { quantities: wanted, ..used.content.request.clone() };
        if let Some((unit, _)) = request.quantities.iter().find(|(unit, _)| licence.unit(unit).is_none()) {
            return Err(Refusal::Quantity(unit.clone()));
        }
        draft.used = used.at;
        draft.module = Some(used.module);
        draft.quantities = quantities(licence, &request);
        draft.reference = Some(Reference::Leaf(used.latest));
        let mut difference = Difference::default();
        self.rerate(licence, &used, &request, &mut difference)?;
        if reversal {
            self.withdraw(licence, &used, &mut difference)?;
        }
        self.rerate_closes(licence, &used, reversal, &mut difference)?;
        let settled = self.settle(&mut draft, licence, &used, &request, &mut difference)?;
        let changes = difference.changes.into_values().filter(|change| change.by != 0).collect();
        let kept = Kept::Correct { call, who: used.who, changes, reports: difference.reports, settled };
        self.event(draft, kept, content)
    }

    /// A call with everything that corrected it.
    fn used_by(&self, call: CallId) -> Result<Used, Refusal> {
        let found = self.state.call(&call).ok_or(Refusal::UnknownCall)?;
        match found.phase {
            Phase::Committed | Phase::Late => {}
            Phase::Recorded => return Err(Refusal::NotACall),
            Phase::Held => return Err(Refusal::NotUsed),
            ended => return Err(Refusal::AlreadyEnded(ended)),
        }
        let mut chain = Vec::new();
        let mut leaf = found.latest;
        while leaf != found.leaf {
            let past = self.past(leaf)?;
            let Some(Reference::Leaf(before)) =
                past.receipt.reference.filter(|_| chain.len() < MAX_CORRECTIONS)
            else {
                return Err(Refusal::TooManyCorrections);
            };
            leaf = before;
            chain.push(past);
        }
        if chain.len() >= MAX_CORRECTIONS {
            return Err(Refusal::TooManyCorrections);
        }
        let (commit, content) = self.content(found.leaf)?;
        let Kept::Commit { who, counts, reports, settled, .. } = commit.kept else {
            return Err(Refusal::Lost(found.leaf));
        };
        let licence = self.licence(commit.receipt.module.unwrap_or_default())?;
        let counted = settled.is_some() || licence.money().is_none();
        let mut used = Used {
            who,
            at: commit.receipt.at.used,
            licence: commit.receipt.licence.unwrap_or_default(),
            module: commit.receipt.module.unwrap_or_default(),
            latest: found.latest,
            quantities: commit.receipt.quantities,
            counts,
            reports,
            lines: Vec::new(),
            drawn: Drawn::default(),
            exact: Exact::default(),
            due: 0,
            counted,
            content,
            asked: found.asked,
        };
        self.add(&mut used, licence, settled, commit.receipt.due)?;
        for past in chain.into_iter().rev() {
            let Kept::Correct { changes, reports, settled, .. } = past.kept else {
                return Err(Refusal::Lost(past.receipt.seq));
            };
            used.quantities = past.receipt.quantities;
            for change in changes {
                used.change(change);
            }
            for report in reports {
                used.reports.retain(|before| before.counter != report.counter);
                used.reports.push(report);
            }
            self.add(&mut used, licence, settled, past.receipt.due)?;
        }
        Ok(used)
    }

    /// Adds what one event of the call charged.
    fn add(
        &self,
        used: &mut Used,
        licence: &Licence,
        settled: Option<Settled>,
        due: Option<licit_receipt::Due>,
    ) -> Result<(), Refusal> {
        let Some(settled) = settled else { return Ok(()) };
        let paid = match self.lots(licence, used.who) {
            Some(lots) => paid_by(lots, &settled.draws).ok_or(Refusal::Overflow)?,
            None => crate::credit::Paid::default(),
        };
        let net = rating::sum(&settled.lines).ok_or(Refusal::Overflow)?;
        let change = Exact { charged: net, gifted: paid.gifted, prepaid: paid.prepaid };
        used.exact = used.exact.plus(change).ok_or(Refusal::Overflow)?;
        let due = due.and_then(minor_of).and_then(|due| used.due.checked_add(due));
        used.due = due.ok_or(Refusal::Overflow)?;
        used.drawn.apply(&settled.draws).map_err(|_| Refusal::Overflow)?;
        for line in settled.lines {
            add_line(&mut used.lines, line).ok_or(Refusal::Overflow)?;
        }
        Ok(())
    }

    /// Whether the time for corrections is not over: the settlement window is open, or was closed not too long ago.
    fn may_correct(&self, licence: &Licence, used: &Used) -> Result<(), Refusal> {
        let Some(money) = licence.money() else { return Ok(()) };
        let span = window(licence, money.settled, used.at);
        let key = AccountKey { licence: used.licence, span, licensee: used.who.licensee() };
        let Some(closed) = self.state.total(&key).closed else { return Ok(()) };
        let end = licence
            .manifest()
            .corrections
            .as_ref()
            .map(|period| licence.policy().add(i64::try_from(closed).unwrap_or(i64::MAX), period));
        let open = end.is_some_and(|end| u64::try_from(end).is_ok_and(|end| self.mint.logged_at < end));
        if open { Ok(()) } else { Err(Refusal::TooLateToCorrect) }
    }

    /// The quantities that are more, and those that are less, priced at the positions of now.
    fn rerate(
        &self,
        licence: &Licence,
        used: &Used,
        request: &Request,
        difference: &mut Difference,
    ) -> Result<(), Refusal> {
        let manifest = licence.manifest();
        let (mut more, mut less) = (Vec::new(), Vec::new());
        for (number, unit) in manifest.units.iter().enumerate() {
            let has = used.quantities.iter().find(|q| q.unit as usize == number).map_or(0, |q| q.count);
            let wants = request.quantity(&unit.name);
            if wants > has {
                more.push((unit.name.clone(), wants.saturating_sub(has)));
            } else if has > wants {
                less.push((unit.name.clone(), has.saturating_sub(wants)));
            }
        }
        self.limits(licence, used, &more, &less, difference)?;
        for (quantities, negative) in [(more, false), (less, true)] {
            if quantities.is_empty() {
                continue;
            }
            let outcome = self.priced(licence, used, quantities.clone(), negative)?;
            let of = |unit: u32| {
                let name = manifest.units.get(unit as usize).map(|unit| unit.name.as_str());
                quantities.iter().find(|(of, _)| Some(of.as_str()) == name).map_or(0, |(_, count)| *count)
            };
            let lines = outcome.lines.iter().filter(|line| {
                !matches!(price_of(manifest, line.charge, line.case), Some(Price::Fee { .. }))
            });
            let lines: Vec<_> = lines.copied().collect();
            for line in kept_lines(manifest, &lines, of).ok_or(Refusal::Overflow)? {
                let line = if negative {
                    KeptLine { quantity: -line.quantity, amount: -line.amount, ..line }
                } else {
                    line
                };
                add_line(&mut difference.lines, line).ok_or(Refusal::Overflow)?;
            }
            Self::deltas(licence, used, request, &outcome.deltas, negative, difference)?;
        }
        Ok(())
    }

    /// What the price counters change by, and what is reported now.
    fn deltas(
        licence: &Licence,
        used: &Used,
        request: &Request,
        deltas: &[Delta],
        negative: bool,
        difference: &mut Difference,
    ) -> Result<(), Refusal> {
        let manifest = licence.manifest();
        for delta in deltas {
            let Some(counter) = manifest.counters.get(usize::from(delta.counter)) else { continue };
            let (number, key, window) = (delta.counter, counter.key, delta.window);
            match counter.of {
                CounterOf::Case { .. } => {
                    let by = i128::try_from(delta.add).map_err(|_| Refusal::Overflow)?;
                    let by = if negative { -by } else { by };
                    difference
                        .change(Change { counter: number, key, window, by })
                        .ok_or(Refusal::Overflow)?;
                }
                CounterOf::AtClose { .. } => {
                    let unit = counter.unit.and_then(|unit| manifest.units.get(unit as usize));
                    let quantity = unit.map_or(0, |unit| request.quantity(&unit.name));
                    let report = Report { counter: number, key, window, quantity };
                    if !used.reports.contains(&report) && !difference.reports.contains(&report) {
                        difference.reports.push(report);
                    }
                }
                _ => {}
            }
        }
        difference.reports.sort_by_key(|report| report.counter);
        Ok(())
    }

    /// The prices of quantities that are more, or less.
    fn priced(
        &self,
        licence: &Licence,
        used: &Used,
        quantities: Vec<(String, u128)>,
        negative: bool,
    ) -> Result<Outcome, Refusal> {
        let less: Vec<(String, u128)> = if negative { quantities.clone() } else { Vec::new() };
        let request = Request { quantities, ..used.content.request.clone() };
        let instants = used.content.touched.instants;
        let bound = bind(licence, used.at, &request, instants)?;
        let counters = &licence.manifest().counters;
        let position = |read: &licit_vm::Read| {
            let key = CounterKey::of(used.licence, &used.who, read.counter, read.key, read.window);
            let (Some(key), Some(counter)) = (key, counters.get(usize::from(read.counter))) else { return 0 };
            let unit = counter.unit.and_then(|unit| licence.manifest().units.get(unit as usize));
            let taken = less.iter().find(|(name, _)| unit.is_some_and(|unit| unit.name == *name));
            let at = match counter.of {
                CounterOf::AtClose { .. } => {
                    self.state.reports(&key).map_or(0, |reported| reported.reports.sum())
                }
                _ => self.state.counter(&key).committed,
            };
            at.saturating_sub(taken.map_or(0, |(_, count)| *count))
        };
        let touched = Touched {
            used: bound.reads().iter().map(position).collect(),
            latched: used.content.touched.latched.clone(),
            ..Touched::default()
        };
        let latched = by_end(&touched.latched);
        let mut outcome = licence.policy().outcome();
        licence.policy().price(&bound, &vm_state(&touched, &latched), &mut outcome);
        match outcome.reasons.first() {
            Some(reason) => Err(Refusal::Price(*reason)),
            None => Ok(outcome),
        }
    }

    /// The limits that the call was counted in.
    fn limits(
        &self,
        licence: &Licence,
        used: &Used,
        more: &[(String, u128)],
        less: &[(String, u128)],
        difference: &mut Difference,
    ) -> Result<(), Refusal> {
        let manifest = licence.manifest();
        let membership = self.membership(used)?;
        for count in membership {
            let Some(counter) = manifest.counters.get(usize::from(count.counter)) else { continue };
            let CounterOf::Limit { .. } = counter.of else { continue };
            let Some(unit) = counter.unit.and_then(|unit| manifest.units.get(unit as usize)) else {
                continue;
            };
            let of = |list: &[(String, u128)]| {
                list.iter().find(|(name, _)| *name == unit.name).map_or(0, |(_, count)| *count)
            };
            let signed = |count: u128| i128::try_from(count).map_err(|_| Refusal::Overflow);
            let by = signed(of(more))?.checked_sub(signed(of(less))?).ok_or(Refusal::Overflow)?;
            let change = Change { counter: count.counter, key: count.key, window: count.window, by };
            difference.change(change).ok_or(Refusal::Overflow)?;
        }
        Ok(())
    }

    /// The counts that decide which limits the call counts in: its own, and those of the hold it was committed from.
    fn membership(&self, used: &Used) -> Result<Vec<Count>, Refusal> {
        let mut counts = used.counts.clone();
        if let Kept::Hold { held, .. } = self.past(used.asked)?.kept {
            let known: Vec<u16> = counts.iter().map(|count| count.counter).collect();
            counts.extend(held.counts.into_iter().filter(|count| !known.contains(&count.counter)));
        }
        Ok(counts)
    }

    /// A reversal takes back what no quantity says: the uses that fees count, and reports.
    fn withdraw(&self, licence: &Licence, used: &Used, difference: &mut Difference) -> Result<(), Refusal> {
        let manifest = licence.manifest();
        for count in &used.counts {
            let Some(counter) = manifest.counters.get(usize::from(count.counter)) else { continue };
            let CounterOf::Fee { charge, case } = counter.of else { continue };
            let (charge, case) = (charge as u16, case as u16);
            let change = Change { counter: count.counter, key: count.key, window: count.window, by: -1 };
            difference.change(change).ok_or(Refusal::Overflow)?;
            let key = CounterKey::of(used.licence, &used.who, count.counter, count.key, count.window);
            let left = key.map_or(0, |key| self.state.counter(&key).committed.saturating_sub(1));
            if let (0, Some(Price::Fee { amount, .. })) = (left, price_of(manifest, charge, case)) {
                let amount = i128::try_from(*amount).map_err(|_| Refusal::Overflow)?.saturating_neg();
                let line = KeptLine { of: LineOf::Case { charge, case }, quantity: -1, amount };
                add_line(&mut difference.lines, line).ok_or(Refusal::Overflow)?;
            }
        }
        difference.reports.clone_from(&used.reports);
        difference.reports.sort_by_key(|report| report.counter);
        Ok(())
    }

    /// Where a window that closes charged is closed already, what it would charge now is charged less what it did.
    fn rerate_closes(
        &self,
        licence: &Licence,
        used: &Used,
        reversal: bool,
        difference: &mut Difference,
    ) -> Result<(), Refusal> {
        let manifest = licence.manifest();
        for report in difference.reports.clone() {
            let counter = manifest.counters.get(usize::from(report.counter));
            let Some(CounterOf::AtClose { charge }) = counter.map(|counter| counter.of) else { continue };
            let key = CounterKey::of(used.licence, &used.who, report.counter, report.key, report.window);
            let (Some(key), Some(info)) = (key, manifest.at_close.get(charge as usize)) else { continue };
            if !self.was_rated(licence, &key, used.who) {
                continue;
            }
            let before =
                self.state.reports(&key).map(|reported| reported.reports.clone()).unwrap_or_default();
            let mut after = before.clone();
            if reversal {
                after.withdraw(used.at, used.asked);
            } else {
                after.set(used.at, used.asked, report.quantity).ok_or(Refusal::Overflow)?;
            }
            let amount = |reports: &rating::Reports| signed(reports.amount(info.aggregate, &info.bands));
            let quantity = |reports: &rating::Reports| signed(Some(reports.quantity(info.aggregate)));
            let line = KeptLine {
                of: LineOf::AtClose(charge as u16),
                quantity: minus(quantity(&after)?, quantity(&before)?)?,
                amount: minus(amount(&after)?, amount(&before)?)?,
            };
            add_line(&mut difference.lines, line).ok_or(Refusal::Overflow)?;
        }
        for change in difference.changes.values().copied().collect::<Vec<_>>() {
            let counter = manifest.counters.get(usize::from(change.counter));
            let Some(CounterOf::Case { charge, case }) = counter.map(|counter| counter.of) else { continue };
            let key = CounterKey::of(used.licence, &used.who, change.counter, change.key, change.window);
            let price = price_of(manifest, charge as u16, case as u16);
            let (Some(key), Some(price @ Price::Bounded { floor: Some(_), .. })) = (key, price) else {
                continue;
            };
            if !self.was_rated(licence, &key, used.who) {
                continue;
            }
            let before = self.state.counter(&key).committed;
            let after = before.checked_add_signed(change.by).ok_or(Refusal::Overflow)?;
            let missing = |at| signed(missing_to_floor(price, at));
            let amount = minus(missing(after)?, missing(before)?)?;
            let quantity = i128::from(missing(after)? > 0) - i128::from(missing(before)? > 0);
            let of = LineOf::Floor { charge: charge as u16, case: case as u16 };
            add_line(&mut difference.lines, KeptLine { of, quantity, amount }).ok_or(Refusal::Overflow)?;
        }
        Ok(())
    }

    /// The limits of money that the call counts in, and the prepaid clause if it draws on it: the ones that its price
    /// changes where it is dearest, with fees due.
    fn purses(&self, licence: &Licence, used: &Used, request: &Request) -> Result<Vec<Change>, Refusal> {
        let manifest = licence.manifest();
        let most = |(number, unit): (usize, &licit_vm::bytecode::Unit)| {
            let has = used.quantities.iter().find(|q| q.unit as usize == number).map_or(0, |q| q.count);
            (unit.name.clone(), has.max(request.quantity(&unit.name)))
        };
        let quantities: Vec<(String, u128)> = manifest.units.iter().enumerate().map(most).collect();
        let stated = quantities.into_iter().filter(|(_, count)| *count > 0).collect();
        let dearest = Request { quantities: stated, ..used.content.request.clone() };
        let bound = bind(licence, used.at, &dearest, used.content.touched.instants)?;
        let position = |read: &licit_vm::Read| {
            let key = CounterKey::of(used.licence, &used.who, read.counter, read.key, read.window);
            let (Some(key), Some(counter)) = (key, manifest.counters.get(usize::from(read.counter))) else {
                return 0;
            };
            let CounterOf::Case { .. } = counter.of else { return 0 };
            let unit = counter.unit.and_then(|unit| manifest.units.get(unit as usize));
            let quantity = unit.map_or(0, |unit| dearest.quantity(&unit.name));
            let range = (0, self.state.counter(&key).committed);
            dearest_position(manifest, read.counter, quantity, range).map_or(0, |(at, _)| at)
        };
        let positions: Vec<u128> = bound.reads().iter().map(position).collect();
        let mut outcome = licence.policy().outcome();
        let state = licit_vm::State { used: &positions, ..licit_vm::State::default() };
        licence.policy().price(&bound, &state, &mut outcome);
        let purse = |delta: &Delta| {
            let counter = manifest.counters.get(usize::from(delta.counter))?;
            let is_money = matches!(counter.of, CounterOf::Spend { .. } | CounterOf::Prepaid);
            let (counter, key, window) = (delta.counter, counter.key, delta.window);
            is_money.then_some(Change { counter, key, window, by: 0 })
        };
        Ok(outcome.deltas.iter().filter_map(purse).collect())
    }

    /// What the difference comes to, drawn from credit or given back to it; spend limits follow.
    fn settle(
        &self,
        draft: &mut Draft,
        licence: &Licence,
        used: &Used,
        request: &Request,
        difference: &mut Difference,
    ) -> Result<Option<Settled>, Refusal> {
        let Some(money) = licence.money() else { return Ok(None) };
        let net = rating::sum(&difference.lines).ok_or(Refusal::Overflow)?;
        let purses = if net == 0 { Vec::new() } else { self.purses(licence, used, request)? };
        let mut prepaid = false;
        for purse in purses {
            let counter = licence.manifest().counters.get(usize::from(purse.counter));
            match counter.map(|counter| counter.of) {
                Some(CounterOf::Prepaid) => prepaid = true,
                _ => difference.change(Change { by: net, ..purse }).ok_or(Refusal::Overflow)?,
            }
        }
        let scale = money.scale;
        let action = used.content.request.action.as_deref();
        if net < 0 {
            let parts = scale.credit_of(net).ok_or(Refusal::Overflow)?.unsigned_abs();
            difference.draws = used.drawn.give_back(parts).draws;
        } else if net > 0 && prepaid {
            difference.draws = self.draw(licence, money, used.who, used.at, action, net.unsigned_abs())?;
        }
        let entry = Entry {
            bucket: window(licence, money.settled, used.at),
            at: used.at,
            lines: difference.lines.clone(),
            draws: difference.draws.clone(),
            call: (used.exact, used.due),
            closing: false,
        };
        let charge = self.enter(licence, used.who, entry)?;
        draft.charge = Some(charge.billed());
        Ok(Some(charge.settled))
    }
}

impl Used {
    /// What a call spent may be less than nothing after corrections: it was cheap before others, and is dear behind them.
    /// Which limits it counts in is all that is asked of it then.
    fn change(&mut self, change: Change) {
        let Change { counter, key, window, by } = change;
        match self.counts.iter_mut().find(|count| count.counter == counter) {
            Some(count) => count.quantity = count.quantity.saturating_add_signed(by),
            None => {
                let quantity = 0u128.saturating_add_signed(by);
                self.counts.push(Count { counter, key, window, quantity });
            }
        }
    }
}

impl Difference {
    fn change(&mut self, change: Change) -> Option<()> {
        let entry = self.changes.entry(change.counter).or_insert(Change { by: 0, ..change });
        entry.by = entry.by.checked_add(change.by)?;
        Some(())
    }
}

/// What draws came to by kind of lot, though the lots may have other amounts left by now.
fn paid_by(lots: &crate::credit::Lots, draws: &[Draw]) -> Option<crate::credit::Paid> {
    let mut paid = crate::credit::Paid::default();
    for draw in draws {
        let sum = if lots.lot(draw.lot)?.gift { &mut paid.gifted } else { &mut paid.prepaid };
        *sum = sum.checked_add(draw.parts)?;
    }
    Some(paid)
}

fn signed(amount: Option<u128>) -> Result<i128, Refusal> {
    amount.and_then(|amount| i128::try_from(amount).ok()).ok_or(Refusal::Overflow)
}

fn minus(a: i128, b: i128) -> Result<i128, Refusal> {
    a.checked_sub(b).ok_or(Refusal::Overflow)
}
