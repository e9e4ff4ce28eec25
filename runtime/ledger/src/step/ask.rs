//! The decision on a use, and what it makes of a permitted one: a hold or a commit at once.

use alloc::vec::Vec;

use licit_receipt::{Hash, Kind};
use licit_vm::bytecode::Price;
use licit_vm::{Bound, CounterOf, DutyDue, Line, Outcome};

use crate::command::{Ask, Step};
use crate::content::{Answer, Content, Touched};
use crate::kept::{Count, Held, Kept, Report, SeatOf, SpendOf, Who};
use crate::licence::{Licence, Openings, Policies};
use crate::rating::price_of;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::state::{Call, CounterKey};

use super::charge::Charge;
use super::purse::{Claim, dearest_position, limits_money};
use super::touch::{Eyes, by_counter};
use super::{Draft, Stepper, bind, by_end, quantities, vm_state};

/// A use as it was decided.
pub(super) struct Decided {
    pub(super) answer: Answer,
    pub(super) touched: Touched,
    /// What an open hold of it holds, if it is permitted.
    pub(super) held: Held,
}

impl<P: Policies + ?Sized, O: Openings + ?Sized> Stepper<'_, P, O> {
    /// An ask with a hold until an instant, and at the latest another, or an ask and commit in one.
    pub(super) fn ask(&self, ask: &Ask, ends: Option<(i64, Option<i64>)>) -> Result<Step, Refusal> {
        let licence = self.licence(ask.module)?;
        let id = *licence.policy().licence_id();
        if let Some(call) = self.state.call(&ask.call) {
            return self.repeat(*call, ask);
        }
        let over = |until: i64| u64::try_from(until).unwrap_or(0) <= self.mint.logged_at;
        if ends.is_some_and(|(until, latest)| over(until) || latest.is_some_and(over)) {
            return Err(Refusal::Until);
        }
        if !self.state.config().allows(ask.used_at, self.mint.logged_at) {
            return Err(Refusal::Clocks);
        }
        let who = self.who(&ask.request)?;
        self.not_closed(licence, who, ask.used_at)?;
        let Decided { answer, mut touched, held } = self.decide(licence, who, ask.used_at, &ask.request)?;
        let mut draft = Draft::new(Kind::Deny, ask.used_at);
        draft.call = Some(ask.call);
        draft.licence = Some(id);
        draft.module = Some(ask.module);
        draft.decision = Some(answer.reasons.first().map_or(0, |reason| reason.code as u16));
        let request = ask.request.clone();
        if !answer.reasons.is_empty() {
            let content = Content { request, answer, touched, ..Content::default() };
            return self.event(draft, Kept::Deny, content);
        }
        draft.quantities = quantities(licence, &ask.request);
        let kept = match ends {
            Some((until, latest)) => {
                draft.kind = Kind::Hold;
                let latest = latest.unwrap_or(until);
                let until = self.leased(licence, &held, until.min(latest));
                Kept::Hold { held, until, latest: (latest > until).then_some(latest) }
            }
            None => {
                draft.kind = Kind::Commit;
                let used = used_up(licence, &answer);
                let charge = self.charge(
                    licence,
                    who,
                    ask.used_at,
                    ask.request.action.as_deref(),
                    &answer,
                    &draft.quantities,
                )?;
                touched.bucket = charge.as_ref().map(|charge| charge.before);
                draft.charge = charge.as_ref().map(Charge::billed);
                let duties = marks(ask.used_at, &answer.duties);
                let settled = charge.map(|charge| charge.settled);
                Kept::Commit {
                    who,
                    counts: used.counts,
                    duties,
                    seats: held.seats,
                    reports: used.reports,
                    settled,
                }
            }
        };
        self.event(draft, kept, Content { request, answer, touched, ..Content::default() })
    }

    /// The same id again: with the same content its present answer, with other content a conflict.
    fn repeat(&self, call: Call, ask: &Ask) -> Result<Step, Refusal> {
        if call.phase == crate::state::Phase::Recorded {
            return Err(Refusal::Conflict);
        }
        let (before, content) = self.content(call.asked)?;
        // Another module of the same licence means the same.
        let licence = *self.licence(ask.module)?.policy().licence_id();
        let same = content.request == ask.request
            && before.receipt.licence == Some(licence)
            && before.receipt.at.used == ask.used_at;
        if same { Ok(Step::Repeat(call)) } else { Err(Refusal::Conflict) }
    }

    /// Decides a use on the state, open holds included.
    pub(super) fn decide(
        &self,
        licence: &Licence,
        who: Who,
        used_at: u64,
        request: &Request,
    ) -> Result<Decided, Refusal> {
        let id = *licence.policy().licence_id();
        let bound = bind(licence, used_at, request, self.state.instants(&id, who.licensee()))?;
        let eyes = Eyes { licence, id, who, used_at, action: request.action.as_deref() };
        let touched = self.touched(&eyes, &bound, false);
        let latched = by_end(&touched.latched);
        let mut outcome = licence.policy().outcome();
        licence.policy().evaluate(&bound, &vm_state(&touched, &latched), &mut outcome);
        let mut held = Held::default();
        if outcome.permitted {
            self.reserve(&eyes, &bound, &touched, &mut outcome);
        }
        if outcome.permitted {
            held = self.held(&eyes, &bound, &outcome);
            let claim = Claim { licence, id, used_at, held: &held };
            if limits_money(licence.manifest()) {
                let reasons = self.unaffordable(&claim);
                if !reasons.is_empty() {
                    deny(&mut outcome, &reasons);
                }
            }
        }
        Ok(Decided { answer: Answer::from(&outcome), touched, held })
    }

    /// Denies what open holds could make unpriceable: with everything held committed before it, the use must still
    /// have a price, and so must whatever is held.
    fn reserve(&self, eyes: &Eyes<'_>, bound: &Bound, touched: &Touched, outcome: &mut Outcome) {
        let behind = self.touched(eyes, bound, true);
        if behind.used == touched.used {
            return;
        }
        let latched = by_end(&behind.latched);
        let mut last = eyes.licence.policy().outcome();
        eyes.licence.policy().price(bound, &vm_state(&behind, &latched), &mut last);
        if !last.reasons.is_empty() {
            let reasons = last.reasons;
            deny(outcome, &reasons);
        }
    }

    /// What a permitted use holds until it is committed.
    fn held(&self, eyes: &Eyes<'_>, bound: &Bound, outcome: &Outcome) -> Held {
        let manifest = eyes.licence.manifest();
        let mut held = Held { who: eyes.who, ..Held::default() };
        for delta in &outcome.deltas {
            let Some(counter) = manifest.counters.get(usize::from(delta.counter)) else { continue };
            let count =
                Count { counter: delta.counter, key: counter.key, window: delta.window, quantity: delta.add };
            match counter.of {
                CounterOf::Seats { .. } => {
                    held.seats.push(SeatOf { counter: delta.counter, key: counter.key });
                }
                CounterOf::Spend { .. } | CounterOf::Prepaid => {}
                _ if delta.add == 0 => {}
                _ => held.counts.push(count),
            }
        }
        if limits_money(manifest) {
            held.flat = flat(eyes.licence, &outcome.lines);
            held.spends = self.spends(eyes, bound, &held.counts);
            if held.spends.iter().any(|spend| Some(u32::from(spend.counter)) == manifest.prepaid) {
                held.action = eyes.action.map(Into::into);
            }
        }
        held
    }

    /// The money limits that the use counts in: those that its price changes where it is dearest, with fees due. It may
    /// come to stand there by corrections, so no position is left out.
    fn spends(&self, eyes: &Eyes<'_>, bound: &Bound, counts: &[Count]) -> Vec<SpendOf> {
        let manifest = eyes.licence.manifest();
        let used = by_counter(bound, |read| {
            let count = counts.iter().find(|count| count.counter == read.counter);
            let key = CounterKey::of(eyes.id, &eyes.who, read.counter, read.key, read.window);
            let (Some(count), Some(key)) = (count, key) else { return 0 };
            let sum = self.sum(&key);
            let range = (0, sum.committed.saturating_add(sum.held));
            dearest_position(manifest, read.counter, count.quantity, range).map_or(0, |(at, _)| at)
        });
        let mut outcome = eyes.licence.policy().outcome();
        let state = licit_vm::State { used: &used, ..licit_vm::State::default() };
        eyes.licence.policy().price(bound, &state, &mut outcome);
        let spend = |delta: &licit_vm::Delta| {
            let counter = manifest.counters.get(usize::from(delta.counter))?;
            let is_money = matches!(counter.of, CounterOf::Spend { .. } | CounterOf::Prepaid);
            is_money.then_some(SpendOf { counter: delta.counter, key: counter.key, window: delta.window })
        };
        outcome.deltas.iter().filter_map(spend).collect()
    }

    /// The end of a hold that is asked for now: not later than the leases of the limits on calls at once that it counts in.
    pub(super) fn leased(&self, licence: &Licence, held: &Held, until: i64) -> i64 {
        let now = i64::try_from(self.mint.logged_at).unwrap_or(i64::MAX);
        let is_at_once = |count: &&Count| {
            let counter = licence.manifest().counters.get(usize::from(count.counter));
            counter.is_some_and(|counter| matches!(counter.of, CounterOf::AtOnce { .. }))
        };
        let leases = held.counts.iter().filter(is_at_once);
        leases.filter_map(|count| licence.policy().lease_end(count.counter, now)).fold(until, i64::min)
    }

    /// Refuses a use whose windows are closed.
    fn not_closed(&self, licence: &Licence, who: Who, used_at: u64) -> Result<(), Refusal> {
        if self.is_closed(licence, who, used_at) { Err(Refusal::WindowClosed) } else { Ok(()) }
    }
}

/// What a price's counter changes come to when a use is committed.
#[derive(Default)]
pub(super) struct UsedUp {
    pub(super) counts: Vec<Count>,
    pub(super) reports: Vec<Report>,
}

/// What a commit counts: limits, prices, fees, spending; and what it reports to charges at close.
pub(super) fn used_up(licence: &Licence, answer: &Answer) -> UsedUp {
    let mut used = UsedUp::default();
    for delta in &answer.deltas {
        let Some(counter) = licence.manifest().counters.get(usize::from(delta.counter)) else { continue };
        let (counter_number, key, window, quantity) = (delta.counter, counter.key, delta.window, delta.add);
        match counter.of {
            // Open calls and seats are no sums; credit is drawn from its lots.
            CounterOf::AtOnce { .. } | CounterOf::Seats { .. } | CounterOf::Prepaid => {}
            CounterOf::AtClose { .. } => {
                used.reports.push(Report { counter: counter_number, key, window, quantity });
            }
            _ if quantity == 0 => {}
            _ => used.counts.push(Count { counter: counter_number, key, window, quantity }),
        }
    }
    used
}

/// The lines whose price no counter decides.
fn flat(licence: &Licence, lines: &[Line]) -> u128 {
    let is_flat = |line: &&Line| {
        matches!(price_of(licence.manifest(), line.charge, line.case), Some(Price::Rate { .. }))
    };
    lines.iter().filter(is_flat).fold(0, |sum, line| sum.saturating_add(line.amount))
}

fn deny(outcome: &mut Outcome, reasons: &[licit_vm::Reason]) {
    outcome.permitted = false;
    outcome.grace = false;
    outcome.reasons = reasons.to_vec();
    outcome.lines.clear();
    outcome.duties.clear();
    outcome.deltas.clear();
}

/// The duties that become pending by a commit: those that fall due after it. A duty due at the act itself is
/// nothing that could be outstanding. The VM names a duty of the first act only while its status is clear.
pub(super) fn marks(used_at: u64, duties: &[DutyDue]) -> Vec<DutyDue> {
    duties.iter().filter(|duty| u64::try_from(duty.due).is_ok_and(|due| due > used_at)).copied().collect()
}

/// Identity of a licence, for what is written about it.
pub(super) fn id_of(licence: &Licence) -> Hash {
    *licence.policy().licence_id()
}
