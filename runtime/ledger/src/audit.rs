//! The audit: `step` and `fold` run again over a log (`spec/ledger.md`, section 6).
//!
//! Nothing the gateway claims is believed: every leaf whose opening is whole is decided again from the request it
//! remembers, on the state that the leaves before it come to, and must come out byte for byte.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use licit_receipt::key::MULTICODEC;
use licit_receipt::{Hash, Kind, Opening, Receipt, Reference, VerifyingKey, cbor};
use licit_vm::Window;

use crate::command::{Ask, Command, Event, Mint, Step};
use crate::content::Content;
use crate::fold::{FoldError, fold};
use crate::kept::{Kept, Settled, Span, Who};
use crate::licence::{Licence, Openings, Past, Policies};
use crate::money::{Exact, due_of, minor_of};
use crate::order::{Order, What};
use crate::parts;
use crate::rating;
use crate::refusal::Refusal;
use crate::state::{AccountKey, CallId, State};
use crate::step::step;

/// What the audit found of one leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Decided again with the same bytes.
    Reexecuted,
    /// The erasable part is erased: the commitment holds, the event follows, its money adds up. Not decided again.
    Verified,
    /// Something does not hold.
    Failed(Failure),
}

/// Why a leaf failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The leaf is no receipt.
    Receipt(cbor::Error),
    /// The leaf's index is another.
    Sequence(u64),
    /// There is no opening beside the leaf.
    NoOpening,
    /// The opening cannot be read.
    Opening(cbor::Error),
    /// The receipt commits to another opening.
    Commitment,
    /// The kept part cannot be read.
    Kept(cbor::Error),
    /// The erasable part cannot be read.
    Content(cbor::Error),
    /// The event cannot follow.
    Fold(FoldError),
    /// The ledger would have refused it.
    Refused(Refusal),
    /// The ledger would have answered it without an event: the invocation was answered before.
    Repeat,
    /// It comes out otherwise: the first field of the receipt that differs.
    Differs(&'static str),
    /// What fell due is not what the running totals make due.
    Due,
    /// What the event says that the parts have is not what they come to.
    Parts,
    /// No such module is in the directory.
    UnknownModule(Hash),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Receipt(error) => write!(f, "not a receipt: {error}"),
            Failure::Sequence(found) => write!(f, "the leaf says it is leaf {found}"),
            Failure::NoOpening => f.write_str("no opening lies beside it"),
            Failure::Opening(error) => write!(f, "the opening cannot be read: {error}"),
            Failure::Commitment => f.write_str("the receipt commits to another opening"),
            Failure::Kept(error) => write!(f, "the kept part cannot be read: {error}"),
            Failure::Content(error) => write!(f, "the erasable part cannot be read: {error}"),
            Failure::Fold(error) => error.fmt(f),
            Failure::Refused(refusal) => write!(f, "the ledger would have refused it: {refusal}"),
            Failure::Repeat => f.write_str("the invocation was answered before"),
            Failure::Differs(field) => write!(f, "decided again, `{field}` comes out otherwise"),
            Failure::Due => f.write_str("what fell due is not what the running totals make due"),
            Failure::Parts => f.write_str("what it says that the parts have is not what they come to"),
            Failure::UnknownModule(id) => {
                write!(f, "its module {} is missing", licit_receipt::hash::hex(id))
            }
        }
    }
}

impl core::error::Error for Failure {}

/// How many leaves of each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Decided again with the same bytes.
    pub reexecuted: u64,
    /// Not decided again: erased.
    pub verified: u64,
    /// Failed.
    pub failed: u64,
}

/// An audit under way: leaves go in, in order.
pub struct Audit<'p, P: ?Sized> {
    policies: &'p P,
    state: State,
    /// The asks and extensions of open holds, which their commits are priced from.
    asked: BTreeMap<u64, Past>,
    /// Where other earlier leaves are found.
    past: Option<&'p dyn Openings>,
    counts: Counts,
}

impl<'p, P: Policies + ?Sized> Audit<'p, P> {
    /// Of a log from its first leaf. What stands on leaves before it other than open holds, corrections above all, is
    /// verified and not decided again, unless the audit can look back ([`Audit::looking_back`]).
    pub fn new(policies: &'p P) -> Self {
        let (state, asked) = (State::new(), BTreeMap::new());
        Audit { policies, state, asked, past: None, counts: Counts::default() }
    }

    /// The same, with a way to earlier leaves. They must be those of the log, with openings that they commit to.
    #[must_use]
    pub fn looking_back(self, past: &'p dyn Openings) -> Self {
        Audit { past: Some(past), ..self }
    }

    /// The state the leaves so far come to. After a failed leaf: as far as it could be told.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The verdicts so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Judges the next leaf by its payload and the opening beside it.
    pub fn leaf(&mut self, payload: &[u8], opening: Option<&[u8]>) -> Verdict {
        let index = self.state.next;
        let verdict = match self.judge(payload, opening) {
            Ok(verdict) => verdict,
            Err(failure) => Verdict::Failed(failure),
        };
        // Whatever stood here, the next leaf is the next.
        self.state.next = index.saturating_add(1);
        let count = match verdict {
            Verdict::Reexecuted => &mut self.counts.reexecuted,
            Verdict::Verified => &mut self.counts.verified,
            Verdict::Failed(_) => &mut self.counts.failed,
        };
        *count = count.saturating_add(1);
        verdict
    }

    fn judge(&mut self, payload: &[u8], opening: Option<&[u8]>) -> Result<Verdict, Failure> {
        let receipt = Receipt::decode(payload).map_err(Failure::Receipt)?;
        if receipt.seq != self.state.next {
            return Err(Failure::Sequence(receipt.seq));
        }
        let opening = Opening::decode(opening.ok_or(Failure::NoOpening)?).map_err(Failure::Opening)?;
        if opening.commitment() != receipt.opening {
            return Err(Failure::Commitment);
        }
        let kept = Kept::decode(receipt.kind, &opening.kept).map_err(Failure::Kept)?;
        let content = opening.content().map(Content::decode).transpose();
        // A leaf that fails to re-execute is still folded, so that one wrong leaf does not fail all that follow.
        let verdict = match &content {
            Ok(Some(content)) => {
                match self.run_again(&receipt, &kept, content, &opening) {
                    Ok(()) => Ok(Verdict::Reexecuted),
                    // It stands on what was erased since, so it cannot be decided again either.
                    Err(Failure::Refused(Refusal::Erased | Refusal::Lost(_))) => {
                        self.adds_up(&receipt, &kept).map(|()| Verdict::Verified)
                    }
                    Err(failure) => Err(failure),
                }
            }
            Ok(None) => self.adds_up(&receipt, &kept).map(|()| Verdict::Verified),
            Err(error) => Err(Failure::Content(*error)),
        };
        self.remember(&receipt, &kept, content.ok().flatten());
        fold(&mut self.state, &receipt, &kept).map_err(Failure::Fold)?;
        verdict
    }

    fn run_again(
        &self,
        receipt: &Receipt,
        kept: &Kept,
        content: &Content,
        opening: &Opening,
    ) -> Result<(), Failure> {
        let command = command(receipt, kept, content)?;
        let blind = match &opening.erasable {
            licit_receipt::opening::Erasable::Present(bytes) => {
                bytes.first_chunk().copied().unwrap_or_default()
            }
            licit_receipt::opening::Erasable::Erased(_) => Default::default(),
        };
        let mint = Mint { logged_at: receipt.at.logged, salt: opening.salt, blind };
        match step(self.policies, &Lookup(self), &self.state, &command, &mint) {
            Ok(Step::Event(event)) => match difference(&event, receipt) {
                Some(field) => Err(Failure::Differs(field)),
                None => Ok(()),
            },
            Ok(Step::Repeat(_)) => Err(Failure::Repeat),
            Err(Refusal::UnknownModule(id)) => Err(Failure::UnknownModule(id)),
            Err(refusal) => Err(Failure::Refused(refusal)),
        }
    }

    /// What can be said of an event that is not decided again: its money follows from the running totals.
    fn adds_up(&self, receipt: &Receipt, kept: &Kept) -> Result<(), Failure> {
        let licence = || {
            let module = receipt.module.unwrap_or_default();
            self.policies.licence(&module).ok_or(Failure::UnknownModule(module))
        };
        let (who, settled) = match kept {
            Kept::Commit { who, settled: Some(settled), .. }
            | Kept::Correct { who, settled: Some(settled), .. }
            | Kept::Close { who, settled: Some(settled), .. } => (who, settled),
            Kept::Close { who, span, settled: None, paid } => {
                let given = self.given_out(licence()?, *who, *span);
                return if given.as_ref() == Some(paid) { Ok(()) } else { Err(Failure::Parts) };
            }
            _ => return Ok(()),
        };
        // A correction is of the one who used: where the leaf that it corrects is known, it says who.
        if let (Kept::Correct { .. }, Some(Reference::Leaf(leaf))) = (kept, receipt.reference)
            && let Some(past) = Lookup(self).past(leaf)
            && (past.kept.who() != Some(who) || past.receipt.licence != receipt.licence)
        {
            return Err(Failure::Fold(FoldError::Who));
        }
        let licence = licence()?;
        if self.follows(receipt, *who, settled, licence) != Some(true) {
            return Err(Failure::Due);
        }
        if self.shared(receipt, *who, settled, licence) == Some(true) { Ok(()) } else { Err(Failure::Parts) }
    }

    /// Whether what fell due is the rounded running total after, less the one before. What a call that is settled by
    /// itself came to before its correction is not in the state: there the sum of the lines must do, and the fold checks it.
    fn follows(&self, receipt: &Receipt, who: Who, settled: &Settled, licence: &Licence) -> Option<bool> {
        let money = licence.money()?;
        let id = *licence.policy().licence_id();
        let key = AccountKey { licence: id, span: settled.bucket, licensee: who.licensee() };
        let net = rating::sum(&settled.lines)?;
        let mut owners = [who.user, who.organisation].into_iter().flatten();
        let paid =
            owners.find_map(|of| self.state.credit(&id, of)?.check(&settled.draws).ok()).unwrap_or_default();
        let by_call = settled.bucket.is_call();
        let before = if by_call { Exact::default() } else { self.state.total(&key).exact()? };
        let change = Exact { charged: net, gifted: paid.gifted, prepaid: paid.prepaid };
        let moved = money.scale.moved(before, change)?;
        let payable = licence.manifest().prepaid.map(|_| moved.payable);
        let corrected = by_call && is_correction(receipt);
        Some(
            receipt.amount.is_some_and(|amount| amount.grain == money.scale.grain())
                && receipt.licence == Some(id)
                && settled.bucket == span_of(licence, money.settled, receipt)
                && (corrected || receipt.due == Some(due_of(moved.due)) && settled.payable == payable),
        )
    }

    /// Whether the parts have what their fractions make of what fell due. What a call that is shared by itself came to
    /// before its correction is not in the state: there the sum must do.
    fn shared(&self, receipt: &Receipt, who: Who, settled: &Settled, licence: &Licence) -> Option<bool> {
        let money = licence.money()?;
        let due = receipt.due.and_then(minor_of)?;
        let Some(sharing) = &money.sharing else {
            return Some(settled.pool.is_none() && settled.paid.is_empty());
        };
        let apart = money.shares_apart().map(|sharing| span_of(licence, sharing.window, receipt));
        if settled.pool != apart {
            return Some(false);
        }
        let key =
            |span| AccountKey { licence: *licence.policy().licence_id(), span, licensee: who.licensee() };
        let (before, closed) = match apart {
            Some(span) => {
                let pool = self.state.pool(&key(span));
                (pool.due, pool.closed.is_some())
            }
            None => {
                let total = self.state.total(&key(settled.bucket));
                (total.due, total.closed.is_some())
            }
        };
        let after = before.checked_add(due)?;
        let given = if apart.is_some_and(|span| span.is_call()) {
            if is_correction(receipt) {
                let whole = settled.paid.len() == sharing.shares.len();
                return Some(whole && parts::sum(&settled.paid) == Some(due));
            }
            parts::at_close(due, &sharing.shares)?
        } else if closed {
            parts::moved_after_close(before, after, &sharing.shares)?
        } else if receipt.kind == Kind::Close && apart.is_none() {
            parts::at_close(after, &sharing.shares)?
        } else {
            Vec::new()
        };
        Some(given == settled.paid)
    }

    /// What everyone has of a sharing window that closes by itself.
    fn given_out(&self, licence: &Licence, who: Who, span: Span) -> Option<Vec<i128>> {
        let sharing = licence.money()?.shares_apart()?;
        let key = AccountKey { licence: *licence.policy().licence_id(), span, licensee: who.licensee() };
        parts::at_close(self.state.pool(&key).due, &sharing.shares)
    }

    fn remember(&mut self, receipt: &Receipt, kept: &Kept, content: Option<Content>) {
        match receipt.kind {
            Kind::Hold | Kind::Extend => {
                let past = Past { receipt: receipt.clone(), kept: kept.clone(), content };
                self.asked.insert(receipt.seq, past);
            }
            Kind::Commit | Kind::Late | Kind::Release | Kind::Expire | Kind::Failed => {
                let hold = receipt.call.as_ref().and_then(|call| self.state.hold(call));
                if let Some((leaf, request)) = hold.map(|hold| (hold.leaf, hold.request)) {
                    self.asked.remove(&leaf);
                    self.asked.remove(&request);
                }
            }
            _ => {}
        }
    }
}

/// Earlier leaves: asks of open holds from memory, others where the audit can look back.
struct Lookup<'a, 'p, P: ?Sized>(&'a Audit<'p, P>);

impl<P: ?Sized> Openings for Lookup<'_, '_, P> {
    fn past(&self, leaf: u64) -> Option<Past> {
        let Lookup(audit) = self;
        // Only what was judged before: a leaf cannot stand on a later one.
        let back = || audit.past.filter(|_| leaf < audit.state.next)?.past(leaf);
        audit.asked.get(&leaf).cloned().or_else(back)
    }
}

/// The command whose event this is.
fn command(receipt: &Receipt, kept: &Kept, content: &Content) -> Result<Command, Failure> {
    let call = || receipt.call.ok_or(Failure::Fold(FoldError::Field("call")));
    let module = || receipt.module.ok_or(Failure::Fold(FoldError::Field("module")));
    let ask = || {
        let request = content.request.clone();
        Ok::<_, Failure>(Ask { call: call()?, module: module()?, used_at: receipt.at.used, request })
    };
    if let Some(what) = &content.what {
        return order(receipt, content, what, call()?);
    }
    Ok(match (receipt.kind, kept) {
        (Kind::EpochOpen, Kept::EpochOpen { key, salt }) => {
            let key = key
                .strip_prefix(&MULTICODEC)
                .and_then(|key| VerifyingKey::from_bytes(key.try_into().ok()?).ok());
            let key = key.ok_or(Failure::Fold(FoldError::Key))?;
            Command::EpochOpen { key, epoch: receipt.epoch, salt: *salt, prev: receipt.prev }
        }
        (Kind::Configure, Kept::Configure(config)) => {
            Command::Configure { id: call()?, config: config.clone() }
        }
        (Kind::Hold, Kept::Hold { until, latest, .. }) => {
            Command::Ask { ask: ask()?, until: *until, latest: *latest }
        }
        (Kind::Extend, _) => {
            Command::Extend { call: call()?, quantities: content.request.quantities.clone() }
        }
        (Kind::Renew, Kept::Renew { until }) => Command::Renew { call: call()?, until: *until },
        (Kind::Commit, _) if receipt.reference.is_some() => {
            Command::Commit { call: call()?, quantities: content.request.quantities.clone() }
        }
        (Kind::Late, _) => Command::Commit { call: call()?, quantities: content.request.quantities.clone() },
        (Kind::Deny, Kept::Denials { count, from, to, .. }) => Command::Denials {
            id: call()?,
            who: content.request.clone(),
            count: *count,
            from: from.unsigned_abs(),
            to: to.unsigned_abs(),
        },
        (Kind::Commit | Kind::Deny, _) => Command::Invoke(ask()?),
        (Kind::Release, _) => Command::Release { call: call()? },
        (Kind::Expire, _) => Command::Expire { call: call()? },
        (Kind::Failed, _) => Command::Failed { call: call()? },
        _ => return Err(Failure::Fold(FoldError::Kept)),
    })
}

fn order(receipt: &Receipt, content: &Content, what: &What, id: CallId) -> Result<Command, Failure> {
    let module = receipt.module.ok_or(Failure::Fold(FoldError::Field("module")))?;
    let at = what.has_instant().then_some(receipt.at.used);
    let (request, what, warrant) = (content.request.clone(), what.clone(), content.warrant);
    Ok(Command::Order(Order { id, module, at, request, what, warrant }))
}

/// The window of a kind that an event's instant of use lies in.
fn span_of(licence: &Licence, kind: Window, receipt: &Receipt) -> Span {
    let at = i64::try_from(receipt.at.used).unwrap_or(i64::MAX);
    Span::new(kind, licence.policy().window(kind, at))
}

fn is_correction(receipt: &Receipt) -> bool {
    matches!(receipt.kind, Kind::Correct | Kind::Reversal)
}

/// The first field in which a recorded receipt differs from the event decided again.
fn difference(event: &Event, recorded: &Receipt) -> Option<&'static str> {
    let again = &event.receipt;
    if again == recorded {
        return None;
    }
    let fields = [
        ("kind", again.kind == recorded.kind),
        ("gateway", again.gateway == recorded.gateway && again.epoch == recorded.epoch),
        ("at", again.at == recorded.at),
        ("licence", again.licence == recorded.licence && again.module == recorded.module),
        ("decision", again.decision == recorded.decision),
        ("quantities", again.quantities == recorded.quantities),
        ("amount", again.amount == recorded.amount),
        ("due", again.due == recorded.due),
        ("auth", again.auth == recorded.auth),
        ("reference", again.reference == recorded.reference),
        ("opening", again.opening == recorded.opening),
    ];
    let differs = fields.iter().find(|(_, same)| !same);
    Some(differs.map_or("an optional field", |(field, _)| field))
}
