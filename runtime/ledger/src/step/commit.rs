//! The commit of a hold, in time or late: permission, windows and limits are those of the ask, the price is that of now.

use alloc::string::String;
use alloc::vec::Vec;

use licit_receipt::{Kind, Quantity};
use licit_vm::CounterOf;

use crate::command::Step;
use crate::content::{Answer, Content};
use crate::kept::{Count, Kept};
use crate::licence::{Licence, Openings, Policies};
use crate::refusal::Refusal;
use crate::request::Request;
use crate::state::{Call, CallId, Hold, Phase};

use super::ask::{marks, used_up};
use super::charge::Charge;
use super::touch::Eyes;
use super::{Draft, Stepper, bind, by_end, quantities, vm_state};

impl<P: Policies + ?Sized, O: Openings + ?Sized> Stepper<'_, P, O> {
    pub(super) fn commit(&self, call: CallId, actual: &[(String, u128)]) -> Result<Step, Refusal> {
        let actual = Request { quantities: actual.to_vec(), ..Request::default() };
        if !actual.is_sorted() {
            return Err(Refusal::Unsorted);
        }
        let found = *self.state.call(&call).ok_or(Refusal::UnknownCall)?;
        match found.phase {
            Phase::Held => {
                let hold = self.state.hold(&call).ok_or(Refusal::UnknownCall)?;
                self.commit_hold(call, hold, actual, hold.is_over(self.mint.logged_at))
            }
            Phase::Expired => self.commit_hold(call, &self.expired(found)?, actual, true),
            Phase::Committed | Phase::Late => {
                let before = self.past(found.leaf)?.receipt;
                let licence = self.licence(before.module.unwrap_or_default())?;
                let listed =
                    actual.quantities.iter().all(|(unit, count)| *count == 0 || licence.unit(unit).is_some());
                let same = listed && same_quantities(&before.quantities, &quantities(licence, &actual));
                if same { Ok(Step::Repeat(found)) } else { Err(Refusal::Conflict) }
            }
            Phase::Recorded => Err(Refusal::NotACall),
            ended => Err(Refusal::AlreadyEnded(ended)),
        }
    }

    /// A hold that has expired, as it was.
    fn expired(&self, found: Call) -> Result<Hold, Refusal> {
        let ask = self.past(found.asked)?;
        let latest = if found.latest == found.asked { ask.clone() } else { self.past(found.latest)? };
        let (Kept::Hold { until, .. }, Kept::Hold { held, .. } | Kept::Extend(held)) =
            (ask.kept, latest.kept)
        else {
            return Err(Refusal::Lost(found.latest));
        };
        Ok(Hold {
            leaf: found.asked,
            request: found.latest,
            licence: ask.receipt.licence.unwrap_or_default(),
            module: ask.receipt.module.unwrap_or_default(),
            used_at: ask.receipt.at.used,
            held,
            until,
            latest: until,
        })
    }

    fn commit_hold(&self, call: CallId, hold: &Hold, actual: Request, late: bool) -> Result<Step, Refusal> {
        let (_, asked) = self.content(hold.request)?;
        let more = actual.quantities.iter().find(|(unit, most)| *most > asked.request.quantity(unit));
        if let Some((unit, _)) = more {
            return Err(Refusal::Quantity(unit.clone()));
        }
        let licence = self.licence(hold.module)?;
        let who = hold.held.who;
        let request = Request { quantities: actual.quantities, ..asked.request.clone() };
        let mut draft = Draft::of_hold(if late { Kind::Late } else { Kind::Commit }, call, hold);
        draft.decision = Some(0);
        draft.quantities = quantities(licence, &request);
        if late && self.is_closed(licence, who, hold.used_at) {
            return self.too_late(draft, hold, request);
        }
        let bound = bind(licence, hold.used_at, &request, asked.touched.instants)?;
        let eyes =
            Eyes { licence, id: hold.licence, who, used_at: hold.used_at, action: request.action.as_deref() };
        let mut touched = self.touched(&eyes, &bound, false);
        touched.instants = asked.touched.instants;
        let latched = by_end(&touched.latched);
        let mut outcome = licence.policy().outcome();
        licence.policy().price(&bound, &vm_state(&touched, &latched), &mut outcome);
        if let Some(reason) = outcome.reasons.first() {
            return Err(Refusal::Price(*reason));
        }
        // The ask has fixed which limits count; the price of this moment, which price counters do.
        let mut answer = Answer::from(&outcome);
        answer.duties = asked.answer.duties;
        answer.grace = asked.answer.grace;
        let used = used_up(licence, &answer);
        let mut counts = used.counts;
        counts.extend(limits(licence, hold, &request));
        counts.sort_by_key(|count| count.counter);
        counts.dedup_by_key(|count| count.counter);
        let charge = self.charge(licence, who, hold.used_at, eyes.action, &answer, &draft.quantities)?;
        touched.bucket = charge.as_ref().map(|charge| charge.before);
        draft.charge = charge.as_ref().map(Charge::billed);
        let duties = marks(hold.used_at, &answer.duties);
        let (seats, reports) = (hold.held.seats.clone(), used.reports);
        let settled = charge.map(|charge| charge.settled);
        let kept = Kept::Commit { who, counts, duties, seats, reports, settled };
        self.event(draft, kept, Content { request, answer, touched, ..Content::default() })
    }

    /// A use that is said so late that its window is closed: it is recorded, neither counted nor charged.
    fn too_late(&self, draft: Draft, hold: &Hold, request: Request) -> Result<Step, Refusal> {
        let kept = Kept::Commit {
            who: hold.held.who,
            counts: Vec::new(),
            duties: Vec::new(),
            seats: Vec::new(),
            reports: Vec::new(),
            settled: None,
        };
        self.event(draft, kept, Content { request, ..Content::default() })
    }
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
    hold.held.counts.iter().filter_map(actual).collect()
}

/// Whether two lists say the same; a unit that is not named is 0.
fn same_quantities(a: &[Quantity], b: &[Quantity]) -> bool {
    let of = |list: &[Quantity], unit| list.iter().find(|q| q.unit == unit).map_or(0, |q| q.count);
    let within = |a: &[Quantity], b: &[Quantity]| a.iter().all(|q| of(b, q.unit) == q.count);
    within(a, b) && within(b, a)
}
