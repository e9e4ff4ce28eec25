//! The decision: a command on a state gives an event, the present answer, or a refusal (`spec/ledger.md`, section 2).
//!
//! [`step`] is pure: clock and randomness come in as a [`Mint`]. It changes nothing; [`crate::fold`] applies the
//! event it returns, and an audit calls it again with the same mint and expects the same bytes.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use licit_receipt::{Amount, At, Due, Hash, Kind, Opening, Quantity, Receipt, Reference, VerifyingKey};
use licit_vm::{BindError, Bound, CounterOf, DutyDue, Outcome, State as VmState, Window};

use crate::command::{Ask, Command, Event, Mint, Step};
use crate::content::{Answer, Content, Touched};
use crate::kept::{Count, Kept, Settled, Span, Who};
use crate::licence::{Licence, Openings, Policies};
use crate::parts;
use crate::rating::kept_lines;
use crate::refusal::{MAX_CONTENT, Refusal};
use crate::request::Request;
use crate::state::{AccountKey, Call, CallId, CounterKey, DutyKey, Hold, Phase, State};

/// Decides a command. `openings` answers for the leaves of earlier asks and commits.
pub fn step<P, O>(
    policies: &P,
    openings: &O,
    state: &State,
    command: &Command,
    mint: &Mint,
) -> Result<Step, Refusal>
where
    P: Policies + ?Sized,
    O: Openings + ?Sized,
{
    if mint.logged_at < state.logged_at() {
        return Err(Refusal::Clock);
    }
    let at = Stepper { policies, openings, state, mint };
    match command {
        Command::EpochOpen { key, epoch, salt, prev } => at.epoch_open(key, *epoch, *salt, *prev),
        Command::Ask { ask, until } => at.ask(ask, Some(*until)),
        Command::Invoke(ask) => at.ask(ask, None),
        Command::Commit { call, quantities } => at.commit(*call, quantities),
        Command::Release { call } => at.end(*call, Kind::Release, Phase::Released),
        Command::Expire { call } => at.end(*call, Kind::Expire, Phase::Expired),
        Command::DutyDone { module, duty, by, at: when } => at.duty_done(*module, *duty, by, *when),
        Command::Notice { module, at: when } => at.notice(*module, *when),
    }
}

struct Stepper<'a, P: ?Sized, O: ?Sized> {
    policies: &'a P,
    openings: &'a O,
    state: &'a State,
    mint: &'a Mint,
}

/// The receipt's fields that vary, before the opening is known.
struct Draft {
    kind: Kind,
    used: u64,
    call: Option<CallId>,
    licence: Option<Hash>,
    module: Option<Hash>,
    decision: Option<u16>,
    quantities: Vec<Quantity>,
    charge: Option<(Amount, Due)>,
    reference: Option<Reference>,
}

impl Draft {
    fn new(kind: Kind, used: u64) -> Draft {
        Draft {
            kind,
            used,
            call: None,
            licence: None,
            module: None,
            decision: None,
            quantities: Vec::new(),
            charge: None,
            reference: None,
        }
    }
}

/// An exact charge and where it is entered.
struct Charge {
    amount: Amount,
    due: Due,
    settled: Settled,
    before: (u128, u128),
}

impl<P: Policies + ?Sized, O: Openings + ?Sized> Stepper<'_, P, O> {
    fn epoch_open(
        &self,
        key: &VerifyingKey,
        epoch: u64,
        salt: [u8; 32],
        prev: Option<Hash>,
    ) -> Result<Step, Refusal> {
        if self.state.epoch().is_some() {
            return Err(Refusal::Epoch);
        }
        let kept = Kept::EpochOpen { key: key.multikey(), salt };
        let opening = self.opening(&kept, &Content::default());
        let at = At { logged: self.mint.logged_at, used: self.mint.logged_at };
        let mut receipt = Receipt::new(Kind::EpochOpen, key.gateway(), epoch, 0, at, opening.commitment());
        receipt.prev = prev;
        let content = Content::default();
        Ok(Step::Event(Box::new(Event { receipt, kept, content, opening })))
    }

    fn opening(&self, kept: &Kept, content: &Content) -> Opening {
        Opening::new(self.mint.salt, self.mint.blind, kept.encode(), &content.encode())
    }

    fn event(&self, draft: Draft, kept: Kept, content: Content) -> Result<Step, Refusal> {
        let epoch = self.state.epoch().ok_or(Refusal::Epoch)?;
        let opening = self.opening(&kept, &content);
        if opening.content().is_none_or(|content| content.len() > MAX_CONTENT) {
            return Err(Refusal::TooLong);
        }
        let at = At { logged: self.mint.logged_at, used: draft.used };
        let mut receipt = Receipt::new(
            draft.kind,
            epoch.gateway,
            epoch.epoch,
            self.state.leaves(),
            at,
            opening.commitment(),
        );
        receipt.call = draft.call;
        receipt.licence = draft.licence;
        receipt.module = draft.module;
        receipt.decision = draft.decision;
        receipt.quantities = draft.quantities;
        (receipt.amount, receipt.due) = draft.charge.unzip();
        receipt.reference = draft.reference;
        Ok(Step::Event(Box::new(Event { receipt, kept, content, opening })))
    }

    fn licence(&self, module: Hash) -> Result<&Licence, Refusal> {
        self.policies.licence(&module).ok_or(Refusal::UnknownModule(module))
    }

    fn who(&self, request: &Request) -> Result<Who, Refusal> {
        Ok(Who::of(&self.state.epoch().ok_or(Refusal::Epoch)?.salt, request))
    }

    /// An ask with a hold until an instant, or an ask and commit in one.
    fn ask(&self, ask: &Ask, until: Option<i64>) -> Result<Step, Refusal> {
        let licence = self.licence(ask.module)?;
        let licence_id = *licence.policy().licence_id();
        if let Some(call) = self.state.call(&ask.call) {
            return self.repeat(*call, ask);
        }
        if until.is_some_and(|until| u64::try_from(until).unwrap_or(0) <= self.mint.logged_at) {
            return Err(Refusal::Until);
        }
        let who = self.who(&ask.request)?;
        let bound = bind(licence, ask.used_at, &ask.request)?;
        let mut touched = self.touched(licence, licence_id, who, &bound, 0);
        let mut outcome = licence.policy().outcome();
        licence.policy().evaluate(&bound, &vm_state(&touched), &mut outcome);
        if outcome.permitted {
            self.reserve(licence, licence_id, who, &bound, &mut outcome);
        }
        let answer = Answer::from(&outcome);
        let mut draft = Draft::new(Kind::Deny, ask.used_at);
        draft.call = Some(ask.call);
        draft.licence = Some(licence_id);
        draft.module = Some(ask.module);
        draft.decision = Some(answer.reasons.first().map_or(0, |reason| reason.code as u16));
        if !answer.reasons.is_empty() {
            return self.event(draft, Kept::Deny, Content { request: ask.request.clone(), answer, touched });
        }
        draft.quantities = quantities(licence, &ask.request);
        let charge = self.charge(licence, who, ask.used_at, &answer, &draft.quantities)?;
        touched.bucket = charge.as_ref().map(|charge| charge.before);
        let counts = counts(licence, &answer);
        let kept = match until {
            Some(until) => {
                draft.kind = Kind::Hold;
                Kept::Hold { who, counts, until }
            }
            None => {
                draft.kind = Kind::Commit;
                draft.charge = charge.as_ref().map(|charge| (charge.amount, charge.due));
                let duties = marks(ask.used_at, &answer.duties);
                Kept::Commit { who, counts, duties, settled: charge.map(|charge| charge.settled) }
            }
        };
        self.event(draft, kept, Content { request: ask.request.clone(), answer, touched })
    }

    /// The same id again: with the same content its present answer, with other content a conflict.
    fn repeat(&self, call: Call, ask: &Ask) -> Result<Step, Refusal> {
        let before = self.openings.past(call.asked).ok_or(Refusal::Erased)?;
        // Another module of the same licence means the same.
        let licence = *self.licence(ask.module)?.policy().licence_id();
        let same = before.content.request == ask.request
            && before.receipt.licence == Some(licence)
            && before.receipt.at.used == ask.used_at;
        if same { Ok(Step::Repeat(call)) } else { Err(Refusal::Conflict) }
    }

    /// The state that a request touches, at positions shifted by what open holds hold (`holds` = 1) or not (0).
    fn touched(&self, licence: &Licence, id: Hash, who: Who, bound: &Bound, holds: u128) -> Touched {
        let counters = &licence.manifest().counters;
        let used = bound.reads().iter().map(|read| {
            let Some(of) = who.key(read.key) else { return 0 };
            let key = CounterKey { licence: id, counter: read.counter, window: read.window, of };
            let sum = self.state.counter(&key);
            let limit = counters
                .get(usize::from(read.counter))
                .is_some_and(|counter| matches!(counter.of, CounterOf::Limit { .. }));
            let held = if limit || holds > 0 { sum.held } else { 0 };
            sum.committed.saturating_add(held)
        });
        let used = used.collect();
        let licensee = who.licensee();
        let duties = 0..licence.manifest().duties.len() as u16;
        Touched {
            used,
            duties: duties.map(|duty| self.state.duty(&DutyKey { licence: id, licensee, duty })).collect(),
            notice: self.state.notice(&id),
            bucket: None,
        }
    }

    /// Denies what open holds could make unpriceable: with everything held committed before it, the use must still
    /// have a price, and so must whatever is held.
    fn reserve(&self, licence: &Licence, id: Hash, who: Who, bound: &Bound, outcome: &mut Outcome) {
        let held = bound.reads().iter().any(|read| {
            let of = who.key(read.key);
            of.is_some_and(|of| {
                let key = CounterKey { licence: id, counter: read.counter, window: read.window, of };
                self.state.counter(&key).held > 0
            })
        });
        if !held {
            return;
        }
        let touched = self.touched(licence, id, who, bound, 1);
        let mut last = licence.policy().outcome();
        licence.policy().price(bound, &vm_state(&touched), &mut last);
        if !last.reasons.is_empty() {
            outcome.permitted = false;
            outcome.reasons.clone_from(&last.reasons);
            outcome.lines.clear();
            outcome.duties.clear();
            outcome.deltas.clear();
        }
    }

    /// What the lines come to, and what falls due of it.
    fn charge(
        &self,
        licence: &Licence,
        who: Who,
        used_at: u64,
        answer: &Answer,
        quantities: &[Quantity],
    ) -> Result<Option<Charge>, Refusal> {
        let Some(money) = licence.money() else {
            return if answer.lines.is_empty() { Ok(None) } else { Err(Refusal::Overflow) };
        };
        let numerator = answer.amount().ok_or(Refusal::Overflow)?;
        let quantity = |unit| {
            quantities.iter().find(|quantity| quantity.unit == unit).map_or(0, |quantity| quantity.count)
        };
        let lines = kept_lines(licence.manifest(), &answer.lines, quantity).ok_or(Refusal::Overflow)?;
        let span = |kind| {
            let at = i64::try_from(used_at).unwrap_or(i64::MAX);
            Span::new(kind, licence.policy().window(kind, at))
        };
        let bucket = span(money.settled);
        let licensee = who.licensee();
        let total =
            self.state.total(&AccountKey { licence: *licence.policy().licence_id(), span: bucket, licensee });
        // Every call is a bucket of its own where the settlement window says so.
        let before = if bucket.is_call() { 0 } else { total.charged };
        let minor = money.scale.due(before, numerator).ok_or(Refusal::Overflow)?;
        total.charged.checked_add(numerator).zip(total.due.checked_add(minor)).ok_or(Refusal::Overflow)?;
        let apart = money.shares_apart();
        let pool = apart.map(|sharing| span(sharing.window));
        let paid = match apart.filter(|sharing| sharing.window == Window::Call) {
            Some(sharing) => i128::try_from(minor)
                .ok()
                .and_then(|minor| parts::at_close(minor, &sharing.shares))
                .ok_or(Refusal::Overflow)?,
            None => Vec::new(),
        };
        Ok(Some(Charge {
            amount: Amount { currency: 0, grain: money.scale.grain(), numerator },
            due: Due { negative: false, minor },
            settled: Settled { bucket, pool, paid, lines, draws: Vec::new() },
            before: (total.charged, total.due),
        }))
    }

    fn commit(&self, call: CallId, quantities: &[(String, u128)]) -> Result<Step, Refusal> {
        let actual = Request { quantities: quantities.to_vec(), ..Request::default() };
        if !actual.is_sorted() {
            return Err(Refusal::Unsorted);
        }
        let found = *self.state.call(&call).ok_or(Refusal::UnknownCall)?;
        let hold = match found.phase {
            Phase::Held => self.state.hold(&call).ok_or(Refusal::UnknownCall)?,
            Phase::Committed => {
                let before = self.openings.past(found.leaf).ok_or(Refusal::Erased)?;
                let same = same_quantities(&before.content.request, &actual);
                return if same { Ok(Step::Repeat(found)) } else { Err(Refusal::Conflict) };
            }
            ended => return Err(Refusal::AlreadyEnded(ended)),
        };
        if u64::try_from(hold.until).unwrap_or(0) <= self.mint.logged_at {
            return Err(Refusal::AlreadyEnded(Phase::Expired));
        }
        let asked = self.openings.past(hold.leaf).ok_or(Refusal::Erased)?.content;
        if let Some((unit, _)) = quantities.iter().find(|(unit, most)| *most > asked.request.quantity(unit)) {
            return Err(Refusal::Quantity(unit.clone()));
        }
        self.commit_hold(call, hold, asked, actual.quantities)
    }

    fn commit_hold(
        &self,
        call: CallId,
        hold: &Hold,
        asked: Content,
        actual: Vec<(String, u128)>,
    ) -> Result<Step, Refusal> {
        let licence = self.licence(hold.module)?;
        let request = Request { quantities: actual, ..asked.request };
        let bound = bind(licence, hold.used_at, &request)?;
        let mut touched = self.touched(licence, hold.licence, hold.who, &bound, 0);
        let mut outcome = licence.policy().outcome();
        licence.policy().price(&bound, &vm_state(&touched), &mut outcome);
        if let Some(reason) = outcome.reasons.first() {
            return Err(Refusal::Price(*reason));
        }
        // The ask has fixed which limits count; the price of this moment, which price counters do.
        let mut answer = Answer::from(&outcome);
        answer.duties = asked.answer.duties;
        let mut counts = counts(licence, &answer);
        counts.extend(limits(licence, hold, &request));
        counts.sort_by_key(|count| count.counter);
        counts.dedup_by_key(|count| count.counter);
        let charge =
            self.charge(licence, hold.who, hold.used_at, &answer, &self::quantities(licence, &request))?;
        touched.bucket = charge.as_ref().map(|charge| charge.before);
        let mut draft = Draft::new(Kind::Commit, hold.used_at);
        draft.call = Some(call);
        draft.licence = Some(hold.licence);
        draft.module = Some(hold.module);
        draft.decision = Some(0);
        draft.quantities = self::quantities(licence, &request);
        draft.charge = charge.as_ref().map(|charge| (charge.amount, charge.due));
        draft.reference = Some(Reference::Leaf(hold.leaf));
        let duties = marks(hold.used_at, &answer.duties);
        let kept =
            Kept::Commit { who: hold.who, counts, duties, settled: charge.map(|charge| charge.settled) };
        self.event(draft, kept, Content { request, answer, touched })
    }

    /// Release or expiry.
    fn end(&self, call: CallId, kind: Kind, phase: Phase) -> Result<Step, Refusal> {
        let found = *self.state.call(&call).ok_or(Refusal::UnknownCall)?;
        if found.phase == phase {
            return Ok(Step::Repeat(found));
        }
        let hold = match found.phase {
            Phase::Held => self.state.hold(&call).ok_or(Refusal::UnknownCall)?,
            ended => return Err(Refusal::AlreadyEnded(ended)),
        };
        let over = u64::try_from(hold.until).unwrap_or(0) <= self.mint.logged_at;
        match kind {
            Kind::Expire if !over => return Err(Refusal::NotEnded),
            Kind::Release if over => return Err(Refusal::AlreadyEnded(Phase::Expired)),
            _ => {}
        }
        let mut draft = Draft::new(kind, hold.used_at);
        draft.call = Some(call);
        draft.licence = Some(hold.licence);
        draft.module = Some(hold.module);
        draft.reference = Some(Reference::Leaf(hold.leaf));
        self.event(draft, Kept::End, Content::default())
    }

    fn duty_done(&self, module: Hash, duty: u16, by: &Request, at: u64) -> Result<Step, Refusal> {
        let licence = self.licence(module)?;
        if usize::from(duty) >= licence.manifest().duties.len() {
            return Err(Refusal::UnknownDuty(duty));
        }
        let mut draft = Draft::new(Kind::Evidence, at);
        draft.licence = Some(*licence.policy().licence_id());
        draft.module = Some(module);
        let request =
            Request { user: by.user.clone(), organisation: by.organisation.clone(), ..Request::default() };
        let kept = Kept::Done { who: self.who(&request)?, duty };
        self.event(draft, kept, Content { request, ..Content::default() })
    }

    fn notice(&self, module: Hash, at: u64) -> Result<Step, Refusal> {
        let licence = self.licence(module)?;
        if licence.manifest().revocable.is_none() {
            return Err(Refusal::Irrevocable);
        }
        let mut draft = Draft::new(Kind::Notice, at);
        draft.licence = Some(*licence.policy().licence_id());
        draft.module = Some(module);
        self.event(draft, Kept::Notice, Content::default())
    }
}

/// The duties that become pending by a commit: those that fall due after it. A duty due at the act itself is
/// nothing that could be outstanding. The VM names a duty of the first act only while its status is clear.
fn marks(used_at: u64, duties: &[DutyDue]) -> Vec<DutyDue> {
    duties.iter().filter(|duty| u64::try_from(duty.due).is_ok_and(|due| due > used_at)).copied().collect()
}

fn vm_state(touched: &Touched) -> VmState<'_> {
    VmState { used: &touched.used, duties: &touched.duties, notice: touched.notice, latched: &[] }
}

/// The request in the policy's numbers.
fn bind(licence: &Licence, used_at: u64, request: &Request) -> Result<Bound, Refusal> {
    if !request.is_sorted() {
        return Err(Refusal::Unsorted);
    }
    let facts: Vec<_> = request.facts.iter().map(|(name, value)| (name.as_str(), value.as_fact())).collect();
    let quantities: Vec<_> = request.quantities.iter().map(|(unit, count)| (unit.as_str(), *count)).collect();
    let request = licit_vm::Request {
        used_at: i64::try_from(used_at).map_err(|_| Refusal::Malformed(BindError::UsedAt))?,
        user: request.user.as_deref(),
        organisation: request.organisation.as_deref(),
        action: request.action.as_deref(),
        purpose: request.purpose.as_deref(),
        place: request.place.as_deref(),
        facts: &facts,
        quantities: &quantities,
        instants: licit_vm::Instants::default(),
    };
    licence.policy().bind(&request).map_err(Refusal::Malformed)
}

/// The request's quantities by unit index. A unit the licence does not list has been denied.
fn quantities(licence: &Licence, request: &Request) -> Vec<Quantity> {
    let quantity =
        |(unit, count): &(String, u128)| licence.unit(unit).map(|unit| Quantity { unit, count: *count });
    let mut list: Vec<Quantity> = request.quantities.iter().filter_map(quantity).collect();
    list.sort_by_key(|quantity| quantity.unit);
    list
}

/// The deltas with the keys that the counters count by.
fn counts(licence: &Licence, answer: &Answer) -> Vec<Count> {
    let count = |delta: &licit_vm::Delta| {
        let counter = licence.manifest().counters.get(usize::from(delta.counter))?;
        Some(Count { counter: delta.counter, key: counter.key, window: delta.window, quantity: delta.add })
    };
    answer.deltas.iter().filter_map(count).collect()
}

/// The limits that a hold counts in, with the actual quantities.
fn limits(licence: &Licence, hold: &Hold, request: &Request) -> Vec<Count> {
    let manifest = licence.manifest();
    let actual = |count: &Count| {
        let counter = manifest.counters.get(usize::from(count.counter))?;
        let unit = manifest.units.get(counter.unit? as usize)?;
        let quantity = request.quantity(&unit.name);
        let limit = matches!(counter.of, CounterOf::Limit { .. });
        (limit && quantity > 0).then_some(Count { quantity, ..*count })
    };
    hold.counts.iter().filter_map(actual).collect()
}

/// Whether two requests have the same quantities; a unit that is not named is 0.
fn same_quantities(a: &Request, b: &Request) -> bool {
    let within =
        |a: &Request, b: &Request| a.quantities.iter().all(|(unit, count)| b.quantity(unit) == *count);
    within(a, b) && within(b, a)
}
