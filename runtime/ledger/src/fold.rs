//! The replay: a leaf and its kept part applied to state (`spec/ledger.md`, section 2).
//!
//! [`fold`] trusts nothing: what cannot follow from the state is refused by name, and a refused event changes
//! nothing. It does not judge decisions and prices; [`crate::audit`] does.

use core::fmt;

use alloc::vec::Vec;

use licit_receipt::hash::sha256;
use licit_receipt::{Kind, Receipt, Reference};
use licit_vm::{DutyDue, DutyStatus};

use crate::kept::{Count, Kept, Settled, Who};
use crate::state::{
    AccountKey, Call, CallId, CounterKey, DutyKey, Epoch, Hold, Phase, Pool, State, Sum, Total,
};

/// Why an event cannot follow.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FoldError {
    /// The leaf's index is not the next.
    Sequence {
        /// The next index.
        expected: u64,
        /// The leaf's.
        found: u64,
    },
    /// The leaf is of another gateway or epoch.
    Foreign,
    /// The first leaf does not open an epoch, or a later one does.
    EpochOpen,
    /// The gateway's key is not the one its id is made of.
    Key,
    /// The instant of the log decreases.
    Clock,
    /// A kind of event that this version does not fold.
    Kind(Kind),
    /// The kept part is of another kind of event.
    Kept,
    /// The receipt lacks a field that this kind of event needs, or has one too many.
    Field(&'static str),
    /// The invocation was answered before, or has no open hold.
    Call,
    /// The reference is not the leaf of the hold.
    Reference,
    /// A counter names a user or organisation that the event does not.
    Who,
    /// A counter or total leaves 128 bits.
    Overflow,
}

impl fmt::Display for FoldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FoldError::Sequence { expected, found } => {
                write!(f, "leaf {found} stands where leaf {expected} belongs")
            }
            FoldError::Foreign => f.write_str("the leaf is of another gateway or epoch"),
            FoldError::EpochOpen => f.write_str("an epoch is opened by its first leaf and no other"),
            FoldError::Key => f.write_str("the gateway's key does not match its id"),
            FoldError::Clock => f.write_str("the instant of the log decreases"),
            FoldError::Kind(kind) => write!(f, "events of kind `{kind}` are not supported by this version"),
            FoldError::Kept => f.write_str("the kept part is of another kind of event"),
            FoldError::Field(field) => {
                write!(f, "the receipt's `{field}` is missing or does not belong there")
            }
            FoldError::Call => f.write_str("the invocation was answered before or has no open hold"),
            FoldError::Reference => f.write_str("the reference is not the leaf of the hold"),
            FoldError::Who => f.write_str("a counter names a user or organisation that the event does not"),
            FoldError::Overflow => f.write_str("a counter or total does not fit 128 bits"),
        }
    }
}

impl core::error::Error for FoldError {}

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
    match (receipt.kind, kept) {
        (Kind::EpochOpen, Kept::EpochOpen { key, salt }) => {
            if sha256(key) != receipt.gateway {
                return Err(FoldError::Key);
            }
            state.epoch =
                Some(Epoch { gateway: receipt.gateway, key: *key, epoch: receipt.epoch, salt: *salt });
        }
        (Kind::Hold, Kept::Hold { who, counts, until }) => hold(state, receipt, *who, counts, *until)?,
        (Kind::Commit, Kept::Commit { who, counts, duties, settled }) => {
            commit(state, receipt, *who, counts, duties, settled.as_ref())?;
        }
        (Kind::Deny, Kept::Deny) => {
            let call = new_call(state, receipt)?;
            let leaf = receipt.seq;
            state.calls.insert(call, Call { phase: Phase::Denied, leaf, asked: leaf });
        }
        (Kind::Release, Kept::End) => end(state, receipt, Phase::Released)?,
        (Kind::Expire, Kept::End) => end(state, receipt, Phase::Expired)?,
        (Kind::Evidence, Kept::Done { who, duty }) => {
            let licence = receipt.licence.ok_or(FoldError::Field("licence"))?;
            let key = DutyKey { licence, licensee: who.licensee(), duty: *duty };
            state.duties.insert(key, DutyStatus::Done);
        }
        (Kind::Notice, Kept::Notice) => {
            let licence = receipt.licence.ok_or(FoldError::Field("licence"))?;
            let at = i64::try_from(receipt.at.used).map_err(|_| FoldError::Field("at"))?;
            // Of several notices the earliest counts.
            let notice = state.notices.entry(licence).or_insert(at);
            *notice = at.min(*notice);
        }
        (
            Kind::EpochOpen
            | Kind::Hold
            | Kind::Commit
            | Kind::Deny
            | Kind::Release
            | Kind::Expire
            | Kind::Evidence
            | Kind::Notice,
            _,
        ) => return Err(FoldError::Kept),
        (kind, _) => return Err(FoldError::Kind(kind)),
    }
    state.next = state.next.saturating_add(1);
    state.logged = receipt.at.logged;
    Ok(())
}

/// The id of an invocation that was not seen before.
fn new_call(state: &State, receipt: &Receipt) -> Result<CallId, FoldError> {
    let call = receipt.call.ok_or(FoldError::Field("call"))?;
    if state.calls.contains_key(&call) { Err(FoldError::Call) } else { Ok(call) }
}

fn hold(
    state: &mut State,
    receipt: &Receipt,
    who: Who,
    counts: &[Count],
    until: i64,
) -> Result<(), FoldError> {
    let call = new_call(state, receipt)?;
    let licence = receipt.licence.ok_or(FoldError::Field("licence"))?;
    let module = receipt.module.ok_or(FoldError::Field("module"))?;
    let mut sums = Vec::with_capacity(counts.len());
    for count in counts {
        let key = counter_key(licence, who, count)?;
        let mut sum = state.counter(&key);
        sum.held = sum.held.checked_add(count.quantity).ok_or(FoldError::Overflow)?;
        sums.push((key, sum));
    }
    let leaf = receipt.seq;
    state.counters.extend(sums);
    state.calls.insert(call, Call { phase: Phase::Held, leaf, asked: leaf });
    state.ends.insert((until, call));
    let used_at = receipt.at.used;
    state.holds.insert(call, Hold { leaf, licence, module, who, used_at, counts: counts.to_vec(), until });
    Ok(())
}

fn counter_key(licence: [u8; 32], who: Who, count: &Count) -> Result<CounterKey, FoldError> {
    let of = who.key(count.key).ok_or(FoldError::Who)?;
    Ok(CounterKey { licence, counter: count.counter, window: count.window, of })
}

fn commit(
    state: &mut State,
    receipt: &Receipt,
    who: Who,
    counts: &[Count],
    duties: &[DutyDue],
    settled: Option<&Settled>,
) -> Result<(), FoldError> {
    let licence = receipt.licence.ok_or(FoldError::Field("licence"))?;
    let call = receipt.call.ok_or(FoldError::Field("call"))?;
    let hold = open_hold(state, receipt, call)?;
    let asked = hold.as_ref().map_or(receipt.seq, |hold| hold.leaf);
    // Everything that can fail is computed before anything is changed.
    let mut sums = Vec::with_capacity(counts.len());
    for count in counts {
        let key = counter_key(licence, who, count)?;
        let held = hold.as_ref().and_then(|hold| held(hold, &key)).unwrap_or(0);
        let sum = state.counter(&key);
        sums.push((
            key,
            Sum {
                committed: sum.committed.checked_add(count.quantity).ok_or(FoldError::Overflow)?,
                held: sum.held.saturating_sub(held),
            },
        ));
    }
    let entry = match settled {
        Some(settled) => Some(entries(state, receipt, licence, who, settled)?),
        None if receipt.amount.is_some() || receipt.due.is_some() => return Err(FoldError::Field("amount")),
        None => None,
    };
    if let Some(hold) = hold {
        drop_hold(state, call, &hold);
    }
    state.counters.extend(sums);
    for duty in duties {
        let key = DutyKey { licence, licensee: who.licensee(), duty: duty.duty };
        let status = state.duties.entry(key).or_default();
        // The earliest of what is outstanding is what is due.
        let due = match status {
            DutyStatus::Pending { due } => duty.due.min(*due),
            _ => duty.due,
        };
        *status = DutyStatus::Pending { due };
    }
    if let Some(((bucket, total), pool)) = entry {
        state.buckets.insert(bucket, total);
        state.pools.extend(pool);
    }
    state.calls.insert(call, Call { phase: Phase::Committed, leaf: receipt.seq, asked });
    Ok(())
}

/// The hold that a commit, release or expiry ends; none for a commit that asks and uses in one.
fn open_hold(state: &State, receipt: &Receipt, call: CallId) -> Result<Option<Hold>, FoldError> {
    let Some(reference) = receipt.reference else {
        return new_call(state, receipt).map(|_| None);
    };
    let hold = state.holds.get(&call).ok_or(FoldError::Call)?;
    if reference != Reference::Leaf(hold.leaf) {
        return Err(FoldError::Reference);
    }
    if receipt.licence.is_some_and(|licence| licence != hold.licence) {
        return Err(FoldError::Field("licence"));
    }
    Ok(Some(hold.clone()))
}

/// How much a hold holds of a counter.
fn held(hold: &Hold, key: &CounterKey) -> Option<u128> {
    let same = |count: &&Count| counter_key(hold.licence, hold.who, count).is_ok_and(|held| held == *key);
    hold.counts.iter().find(same).map(|count| count.quantity)
}

/// Gives back what a hold holds and forgets it.
fn drop_hold(state: &mut State, call: CallId, hold: &Hold) {
    for count in &hold.counts {
        let sum =
            counter_key(hold.licence, hold.who, count).ok().and_then(|key| state.counters.get_mut(&key));
        if let Some(sum) = sum {
            sum.held = sum.held.saturating_sub(count.quantity);
        }
    }
    state.ends.remove(&(hold.until, call));
    state.holds.remove(&call);
}

type Entry = ((AccountKey, Total), Option<(AccountKey, Pool)>);

/// The buckets after a charge.
fn entries(
    state: &State,
    receipt: &Receipt,
    licence: [u8; 32],
    who: Who,
    settled: &Settled,
) -> Result<Entry, FoldError> {
    let amount = receipt.amount.ok_or(FoldError::Field("amount"))?.numerator;
    let due = receipt.due.filter(|due| !due.negative).ok_or(FoldError::Field("due"))?.minor;
    let bucket = AccountKey { licence, span: settled.bucket, licensee: who.licensee() };
    let total = state.total(&bucket);
    let total = Total {
        charged: total.charged.checked_add(amount).ok_or(FoldError::Overflow)?,
        due: total.due.checked_add(due).ok_or(FoldError::Overflow)?,
        commits: total.commits.saturating_add(1),
    };
    let pool = match settled.pool {
        Some(span) => {
            let key = AccountKey { span, ..bucket };
            let pool = state.pools.get(&key).cloned().unwrap_or_default();
            Some((key, add_to_pool(pool, due, &settled.paid)?))
        }
        None => None,
    };
    Ok(((bucket, total), pool))
}

fn add_to_pool(mut pool: Pool, due: u128, paid: &[i128]) -> Result<Pool, FoldError> {
    pool.due = pool.due.checked_add(due).ok_or(FoldError::Overflow)?;
    if pool.paid.is_empty() {
        pool.paid.resize(paid.len(), 0);
    }
    if pool.paid.len() != paid.len() {
        return Err(FoldError::Field("due"));
    }
    for (sum, paid) in pool.paid.iter_mut().zip(paid) {
        *sum = sum.checked_add_signed(*paid).ok_or(FoldError::Overflow)?;
    }
    Ok(pool)
}

fn end(state: &mut State, receipt: &Receipt, phase: Phase) -> Result<(), FoldError> {
    let call = receipt.call.ok_or(FoldError::Field("call"))?;
    let hold = open_hold(state, receipt, call)?.ok_or(FoldError::Reference)?;
    drop_hold(state, call, &hold);
    state.calls.insert(call, Call { phase, leaf: receipt.seq, asked: hold.leaf });
    Ok(())
}
