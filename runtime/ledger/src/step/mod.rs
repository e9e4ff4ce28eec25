//! The decision: a command on a state gives an event, the present answer, or a refusal (`spec/ledger.md`, section 2).
//!
//! [`step`] is pure: clock and randomness come in as a [`Mint`]. It changes nothing; [`mod@crate::fold`] applies the
//! event it returns, and an audit calls it again with the same mint and expects the same bytes.
//!
//! Reading order: `ask` (what is decided), `touch` (the state a decision sees), `purse` (money that is held), `hold` (renew,
//! extend, release, expire, failed), `commit`, `charge` (what falls due), `mark` (orders), `correct`, `close`.

mod ask;
mod charge;
mod close;
mod commit;
mod correct;
mod hold;
mod mark;
mod purse;
mod touch;

use alloc::boxed::Box;
use alloc::vec::Vec;

use licit_receipt::{Amount, At, Due, Hash, Kind, Opening, Quantity, Receipt, Reference, VerifyingKey};
use licit_vm::{Bound, Instants, State as VmState};

use crate::command::{Command, Event, Mint, Step};
use crate::config::Config;
use crate::content::{Content, Touched};
use crate::kept::{Kept, Who};
use crate::licence::{Licence, Openings, Past, Policies};
use crate::refusal::{MAX_CONTENT, Refusal};
use crate::request::Request;
use crate::state::{CallId, Hold, Phase, State};

/// Decides a command. `openings` answers for the leaves of earlier events.
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
    let at = Stepper { policies, openings, state, mint, without: None };
    match command {
        Command::EpochOpen { key, epoch, salt, prev } => at.epoch_open(key, *epoch, *salt, *prev),
        Command::Configure { id, config } => at.configure(*id, config),
        Command::Ask { ask, until, latest } => at.ask(ask, Some((*until, *latest))),
        Command::Invoke(ask) => at.ask(ask, None),
        Command::Commit { call, quantities } => at.commit(*call, quantities),
        Command::Extend { call, quantities } => at.extend(*call, quantities),
        Command::Renew { call, until } => at.renew(*call, *until),
        Command::Release { call } => at.end(*call, Kind::Release),
        Command::Expire { call } => at.end(*call, Kind::Expire),
        Command::Failed { call } => at.end(*call, Kind::Failed),
        Command::Denials { id, who, count, from, to } => at.denials(*id, who, *count, (*from, *to)),
        Command::Order(order) => at.order(order),
    }
}

struct Stepper<'a, P: ?Sized, O: ?Sized> {
    policies: &'a P,
    openings: &'a O,
    state: &'a State,
    mint: &'a Mint,
    /// A hold that is left out of the state: the one that is to be extended.
    without: Option<&'a Hold>,
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
    auth: Option<Hash>,
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
            auth: None,
            reference: None,
        }
    }

    /// Of something that happens to a hold.
    fn of_hold(kind: Kind, call: CallId, hold: &Hold) -> Draft {
        Draft {
            call: Some(call),
            licence: Some(hold.licence),
            module: Some(hold.module),
            reference: Some(Reference::Leaf(hold.leaf)),
            ..Draft::new(kind, hold.used_at)
        }
    }
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

    fn configure(&self, id: CallId, config: &Config) -> Result<Step, Refusal> {
        if !config.is_canonical() {
            return Err(Refusal::Config);
        }
        if let Some(call) = self.state.call(&id) {
            let same = matches!(self.past(call.leaf)?.kept, Kept::Configure(before) if before == *config);
            return if same { Ok(Step::Repeat(*call)) } else { Err(Refusal::Conflict) };
        }
        let draft = Draft { call: Some(id), ..Draft::new(Kind::Configure, self.mint.logged_at) };
        self.event(draft, Kept::Configure(config.clone()), Content::default())
    }

    fn denials(&self, id: CallId, who: &Request, count: u64, span: (u64, u64)) -> Result<Step, Refusal> {
        let (from, to) = span;
        let instant = |at: u64| i64::try_from(at).map_err(|_| Refusal::Instant);
        if from > to {
            return Err(Refusal::Instant);
        }
        if count == 0 {
            return Err(Refusal::Zero);
        }
        let request = names(who);
        let kept = Kept::Denials { who: self.who(&request)?, count, from: instant(from)?, to: instant(to)? };
        if let Some(call) = self.state.call(&id) {
            let same = self.past(call.leaf)?.kept == kept;
            return if same { Ok(Step::Repeat(*call)) } else { Err(Refusal::Conflict) };
        }
        let draft = Draft { call: Some(id), ..Draft::new(Kind::Deny, to) };
        self.event(draft, kept, Content { request, ..Content::default() })
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
        let leaf = self.state.leaves();
        let mut receipt =
            Receipt::new(draft.kind, epoch.gateway, epoch.epoch, leaf, at, opening.commitment());
        receipt.call = draft.call;
        receipt.licence = draft.licence;
        receipt.module = draft.module;
        receipt.decision = draft.decision;
        receipt.quantities = draft.quantities;
        (receipt.amount, receipt.due) = draft.charge.unzip();
        receipt.auth = draft.auth;
        receipt.reference = draft.reference;
        Ok(Step::Event(Box::new(Event { receipt, kept, content, opening })))
    }

    fn licence(&self, module: Hash) -> Result<&Licence, Refusal> {
        self.policies.licence(&module).ok_or(Refusal::UnknownModule(module))
    }

    fn who(&self, request: &Request) -> Result<Who, Refusal> {
        Ok(Who::of(&self.state.epoch().ok_or(Refusal::Epoch)?.salt, request))
    }

    /// An earlier event.
    fn past(&self, leaf: u64) -> Result<Past, Refusal> {
        self.openings.past(leaf).ok_or(Refusal::Lost(leaf))
    }

    /// An earlier event with its erasable part.
    fn content(&self, leaf: u64) -> Result<(Past, Content), Refusal> {
        let mut past = self.past(leaf)?;
        let content = past.content.take().ok_or(Refusal::Erased)?;
        Ok((past, content))
    }

    /// The open hold of a call.
    fn open(&self, call: CallId) -> Result<&Hold, Refusal> {
        let found = self.state.call(&call).ok_or(Refusal::UnknownCall)?;
        match found.phase {
            Phase::Held => self.state.hold(&call).ok_or(Refusal::UnknownCall),
            Phase::Recorded => Err(Refusal::NotACall),
            ended => Err(Refusal::AlreadyEnded(ended)),
        }
    }

    /// The same, if it has not ended by itself.
    fn still_open(&self, call: CallId) -> Result<&Hold, Refusal> {
        let hold = self.open(call)?;
        if hold.is_over(self.mint.logged_at) {
            return Err(Refusal::AlreadyEnded(Phase::Expired));
        }
        Ok(hold)
    }
}

/// A request with names alone.
fn names(request: &Request) -> Request {
    let (user, organisation) = (request.user.clone(), request.organisation.clone());
    Request { user, organisation, ..Request::default() }
}

/// What the VM is told of the state.
fn vm_state<'a>(touched: &'a Touched, latched: &'a [bool]) -> VmState<'a> {
    VmState { used: &touched.used, duties: &touched.duties, notice: touched.notice, latched }
}

/// Latched ends by number, as the VM takes them.
fn by_end(latched: &[u16]) -> Vec<bool> {
    let count = latched.last().map_or(0, |last| usize::from(*last).saturating_add(1));
    (0..count).map(|end| latched.iter().any(|latched| usize::from(*latched) == end)).collect()
}

/// The request in the policy's numbers.
fn bind(licence: &Licence, used_at: u64, request: &Request, instants: Instants) -> Result<Bound, Refusal> {
    if !request.is_sorted() {
        return Err(Refusal::Unsorted);
    }
    let facts: Vec<_> = request.facts.iter().map(|(name, value)| (name.as_str(), value.as_fact())).collect();
    let quantities: Vec<_> = request.quantities.iter().map(|(unit, count)| (unit.as_str(), *count)).collect();
    let request = licit_vm::Request {
        used_at: i64::try_from(used_at).map_err(|_| Refusal::Malformed(licit_vm::BindError::UsedAt))?,
        user: request.user.as_deref(),
        organisation: request.organisation.as_deref(),
        action: request.action.as_deref(),
        purpose: request.purpose.as_deref(),
        place: request.place.as_deref(),
        facts: &facts,
        quantities: &quantities,
        instants,
    };
    licence.policy().bind(&request).map_err(Refusal::Malformed)
}

/// The request's quantities by unit index. A unit the licence does not list has been denied.
fn quantities(licence: &Licence, request: &Request) -> Vec<Quantity> {
    let mut list: Vec<Quantity> = request
        .quantities
        .iter()
        .filter_map(|(unit, count)| licence.unit(unit).map(|unit| Quantity { unit, count: *count }))
        .collect();
    list.sort_by_key(|quantity| quantity.unit);
    list
}
