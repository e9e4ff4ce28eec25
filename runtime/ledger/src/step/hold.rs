//! What happens to a hold but its commit: it is prolonged, enlarged, given back, runs out, or its call fails.

use alloc::string::String;

use licit_receipt::Kind;

use crate::command::Step;
use crate::content::Content;
use crate::kept::Kept;
use crate::licence::{Openings, Policies};
use crate::refusal::Refusal;
use crate::request::Request;
use crate::state::{CallId, Phase};

use super::ask::Decided;
use super::{Draft, Stepper, quantities};

impl<P: Policies + ?Sized, O: Openings + ?Sized> Stepper<'_, P, O> {
    /// Lets a hold end later: never later than its latest end, nor than the leases that it counts in.
    pub(super) fn renew(&self, call: CallId, until: i64) -> Result<Step, Refusal> {
        let hold = self.still_open(call)?;
        if until > hold.latest {
            return Err(Refusal::Latest);
        }
        let licence = self.licence(hold.module)?;
        let until = self.leased(licence, &hold.held, until);
        if until == hold.until {
            return self.present(call);
        }
        if until < hold.until {
            return Err(Refusal::Until);
        }
        self.event(Draft::of_hold(Kind::Renew, call, hold), Kept::Renew { until }, Content::default())
    }

    /// Holds larger quantities: decided like an ask of them at the ask's instant of use, without what is held now.
    pub(super) fn extend(&self, call: CallId, larger: &[(String, u128)]) -> Result<Step, Refusal> {
        let wanted = Request { quantities: larger.to_vec(), ..Request::default() };
        if !wanted.is_sorted() {
            return Err(Refusal::Unsorted);
        }
        let hold = self.still_open(call)?;
        let (_, content) = self.content(hold.request)?;
        let smaller = content.request.quantities.iter().find(|(unit, held)| wanted.quantity(unit) < *held);
        if let Some((unit, _)) = smaller {
            return Err(Refusal::Smaller(unit.clone()));
        }
        if content.request.quantities == wanted.quantities {
            return self.present(call);
        }
        let licence = self.licence(hold.module)?;
        let request = Request { quantities: wanted.quantities, ..content.request };
        let beside = Stepper { without: Some(hold), ..*self };
        let Decided { answer, touched, held } =
            beside.decide(licence, hold.held.who, hold.used_at, &request)?;
        if !answer.reasons.is_empty() {
            return Err(Refusal::Denied(answer.reasons));
        }
        let mut draft = Draft::of_hold(Kind::Extend, call, hold);
        draft.decision = Some(0);
        draft.quantities = quantities(licence, &request);
        self.event(draft, Kept::Extend(held), Content { request, answer, touched, ..Content::default() })
    }

    /// Release, expiry or failure.
    pub(super) fn end(&self, call: CallId, kind: Kind) -> Result<Step, Refusal> {
        let phase = match kind {
            Kind::Release => Phase::Released,
            Kind::Failed => Phase::Failed,
            _ => Phase::Expired,
        };
        if let Some(found) = self.state.call(&call).filter(|found| found.phase == phase) {
            return Ok(Step::Repeat(*found));
        }
        let hold = self.open(call)?;
        match (kind, hold.is_over(self.mint.logged_at)) {
            (Kind::Expire, false) => return Err(Refusal::NotEnded),
            (Kind::Release | Kind::Failed, true) => return Err(Refusal::AlreadyEnded(Phase::Expired)),
            _ => {}
        }
        self.event(Draft::of_hold(kind, call, hold), Kept::End, Content::default())
    }

    /// Where a call stands: nothing is to be changed.
    fn present(&self, call: CallId) -> Result<Step, Refusal> {
        self.state.call(&call).copied().map(Step::Repeat).ok_or(Refusal::UnknownCall)
    }
}
