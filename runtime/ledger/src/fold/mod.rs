//! The replay: a leaf and its kept part applied to state (`spec/ledger.md`, section 2).
//!
//! [`fold`] trusts nothing: what cannot follow from the state is refused by name, and a refused event changes
//! nothing. It does not judge decisions and prices; [`crate::audit`] does.
//!
//! Reading order: `error`, `call` (what happens to invocations), `mark` (orders), `money` (buckets, credit).

mod call;
mod error;
mod mark;
mod money;

use licit_receipt::hash::sha256;
use licit_receipt::{Hash, Kind, Receipt};

use crate::kept::Kept;
use crate::state::{Call, CallId, Epoch, Phase, State};

pub use error::FoldError;

/// Applies a leaf. On an error the state is as before.
pub fn fold(state: &mut State, receipt: &Receipt, kept: &Kept) -> Result<(), FoldError> {
    if receipt.seq != state.next {
        return Err(FoldError::Sequence { expected: state.next, found: receipt.seq });
    }
    if receipt.at.logged < state.logged {
        return Err(FoldError::Clock);
    }
    match (&state.epoch, receipt.kind) {
        (None, Kind::EpochOpen) => {}
        (None, _) | (Some(_), Kind::EpochOpen) => return Err(FoldError::EpochOpen),
        (Some(epoch), _) if epoch.gateway != receipt.gateway || epoch.epoch != receipt.epoch => {
            return Err(FoldError::Foreign);
        }
        (Some(_), _) => {}
    }
    entitled(state, receipt)?;
    apply(state, receipt, kept)?;
    state.next = state.next.saturating_add(1);
    state.logged = receipt.at.logged;
    Ok(())
}

/// One kind of event. Everything that can fail comes before the first change.
fn apply(state: &mut State, receipt: &Receipt, kept: &Kept) -> Result<(), FoldError> {
    match (receipt.kind, kept) {
        (Kind::EpochOpen, Kept::EpochOpen { key, salt }) => {
            if sha256(key) != receipt.gateway {
                return Err(FoldError::Key);
            }
            let (gateway, epoch) = (receipt.gateway, receipt.epoch);
            state.epoch = Some(Epoch { gateway, key: *key, epoch, salt: *salt });
            Ok(())
        }
        (Kind::Configure, Kept::Configure(config)) => {
            if !config.is_canonical() {
                return Err(FoldError::Config);
            }
            record(state, receipt)?;
            state.config = config.clone();
            Ok(())
        }
        (Kind::Hold, Kept::Hold { held, until, latest }) => {
            call::hold(state, receipt, held, (*until, latest.unwrap_or(*until)))
        }
        (Kind::Extend, Kept::Extend(held)) => call::extend(state, receipt, held),
        (Kind::Renew, Kept::Renew { until }) => call::renew(state, receipt, *until),
        (Kind::Commit | Kind::Late, Kept::Commit { .. }) => call::commit(state, receipt, kept),
        (Kind::Correct | Kind::Reversal, Kept::Correct { .. }) => call::correct(state, receipt, kept),
        (Kind::Deny, Kept::Deny) => {
            call::in_time(state, receipt)?;
            new_call(state, receipt, Phase::Denied)
        }
        (Kind::Deny, Kept::Denials { .. }) => record(state, receipt),
        (Kind::Release, Kept::End) => call::end(state, receipt, Phase::Released),
        (Kind::Expire, Kept::End) => call::end(state, receipt, Phase::Expired),
        (Kind::Failed, Kept::End) => call::end(state, receipt, Phase::Failed),
        (Kind::Grant | Kind::Accept, Kept::Who(who)) => mark::instant(state, receipt, who),
        (Kind::Notice, Kept::Notice { release }) => mark::notice(state, receipt, *release),
        (Kind::Evidence, Kept::Done { who, duty }) => mark::done(state, receipt, who, *duty),
        (Kind::Evidence, Kept::Facts { who, ends }) => mark::facts(state, receipt, who, ends),
        (Kind::Payment, Kept::Payment { who, minor, paid }) => {
            mark::payment(state, receipt, who, *minor, paid)
        }
        (Kind::Seat, Kept::Seat { who, seats, released }) => {
            mark::seat(state, receipt, who, seats, *released)
        }
        (Kind::Close, Kept::Close { .. }) => money::close(state, receipt, kept),
        _ => Err(FoldError::Kept),
    }
}

/// Where keys are configured for a kind of event, somebody must have signed for it.
fn entitled(state: &State, receipt: &Receipt) -> Result<(), FoldError> {
    if state.config.keys(receipt.kind).is_some() && receipt.auth.is_none() {
        return Err(FoldError::Field("auth"));
    }
    Ok(())
}

fn licence(receipt: &Receipt) -> Result<Hash, FoldError> {
    receipt.licence.ok_or(FoldError::Field("licence"))
}

fn call_id(receipt: &Receipt) -> Result<CallId, FoldError> {
    receipt.call.ok_or(FoldError::Field("call"))
}

fn used_at(receipt: &Receipt) -> Result<i64, FoldError> {
    i64::try_from(receipt.at.used).map_err(|_| FoldError::Field("at"))
}

/// Takes an id that was not seen before.
fn new_call(state: &mut State, receipt: &Receipt, phase: Phase) -> Result<(), FoldError> {
    let call = fresh(state, receipt)?;
    let leaf = receipt.seq;
    state.calls.insert(call, Call { phase, leaf, asked: leaf, latest: leaf });
    Ok(())
}

/// The same for what is no invocation.
fn record(state: &mut State, receipt: &Receipt) -> Result<(), FoldError> {
    new_call(state, receipt, Phase::Recorded)
}

/// An id that was not seen before.
fn fresh(state: &State, receipt: &Receipt) -> Result<CallId, FoldError> {
    let call = call_id(receipt)?;
    if state.calls.contains_key(&call) { Err(FoldError::Call) } else { Ok(call) }
}
