//! Buckets of money and credit: what a charge, a correction or a close enters.

use alloc::vec::Vec;

use licit_receipt::{Hash, Receipt};

use super::error::FoldError;
use super::{fresh, licence, record};
use crate::kept::{Draw, Id, Kept, Settled, Who};
use crate::money::minor_of;
use crate::parts;
use crate::rating;
use crate::state::{AccountKey, Pool, State, Total};

/// What kind of entry it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// A use: its windows are open.
    New,
    /// A correction: its windows may be closed.
    Correction,
    /// The close of the settlement window.
    Close,
}

/// An entry that was checked as a whole.
#[derive(Default)]
pub(super) struct Checked {
    total: Option<(AccountKey, Total)>,
    pool: Option<(AccountKey, Pool)>,
    draws: Option<((Hash, Id), Vec<Draw>)>,
}

impl Checked {
    /// Cannot fail: nothing has changed since it was checked.
    pub(super) fn apply(self, state: &mut State) {
        if let Some((key, draws)) = self.draws
            && let Some(lots) = state.credit.get_mut(&key)
        {
            let applied = lots.apply(&draws);
            debug_assert!(applied.is_ok(), "draws were checked");
        }
        state.buckets.extend(self.total);
        state.pools.extend(self.pool);
    }
}

/// The buckets and the credit after a charge; changes nothing yet.
pub(super) fn entry(
    state: &State,
    receipt: &Receipt,
    licence: Hash,
    who: &Who,
    settled: Option<&Settled>,
    kind: Entry,
) -> Result<Checked, FoldError> {
    let Some(settled) = settled else {
        let none = receipt.amount.is_none() && receipt.due.is_none();
        return if none { Ok(Checked::default()) } else { Err(FoldError::Field("amount")) };
    };
    let amount = receipt.amount.ok_or(FoldError::Field("amount"))?.numerator;
    let due = receipt.due.and_then(minor_of).ok_or(FoldError::Field("due"))?;
    let net = rating::sum(&settled.lines).ok_or(FoldError::Overflow)?;
    if net.unsigned_abs() != amount || (kind != Entry::Correction && net < 0) {
        return Err(FoldError::Amount);
    }
    let key = AccountKey { licence, span: settled.bucket, licensee: who.licensee() };
    let mut total = state.total(&key);
    if total.closed.is_some() && kind != Entry::Correction {
        return Err(FoldError::Closed);
    }
    let (draws, paid) = drawn(state, licence, who, &settled.draws)?;
    let add = |sum: u128, by: i128| {
        sum.checked_add_signed(by).ok_or(if by < 0 { FoldError::Below } else { FoldError::Overflow })
    };
    total.charged = add(total.charged, net)?;
    total.gifted = add(total.gifted, paid.gifted)?;
    total.prepaid = add(total.prepaid, paid.prepaid)?;
    total.due = total.due.checked_add(due).ok_or(FoldError::Overflow)?;
    if kind == Entry::New {
        total.commits = total.commits.saturating_add(1);
    }
    let pool = match settled.pool {
        Some(span) => {
            let key = AccountKey { span, ..key };
            Some((key, add_to_pool(state.pool(&key), due, &settled.paid, kind)?))
        }
        None => {
            add_paid(&mut total.paid, &settled.paid)?;
            // What was given out of a closed bucket is all that fell due in it.
            if !total.paid.is_empty() && parts::sum(&total.paid) != Some(total.due) {
                return Err(FoldError::Amount);
            }
            None
        }
    };
    Ok(Checked { total: Some((key, total)), pool, draws })
}

type Drawn = (Option<((Hash, Id), Vec<Draw>)>, crate::credit::Paid);

/// Whose credit is drawn on: the user's or the organisation's, whichever has the lots.
fn drawn(state: &State, licence: Hash, who: &Who, draws: &[Draw]) -> Result<Drawn, FoldError> {
    let Some(first) = draws.first() else { return Ok(Default::default()) };
    let mut owners = [who.user, who.organisation].into_iter().flatten();
    let has = |of: &Id| state.credit(&licence, *of).is_some_and(|lots| lots.lot(first.lot).is_some());
    let unknown = FoldError::Credit(crate::credit::CreditError::Unknown(first.lot));
    let of = owners.find(has).ok_or(unknown.clone())?;
    let lots = state.credit(&licence, of).ok_or(unknown)?;
    let paid = lots.check(draws).map_err(FoldError::Credit)?;
    Ok((Some(((licence, of), draws.to_vec())), paid))
}

fn add_to_pool(mut pool: Pool, due: i128, paid: &[i128], kind: Entry) -> Result<Pool, FoldError> {
    if pool.closed.is_some() && kind == Entry::New {
        return Err(FoldError::Closed);
    }
    pool.due = pool.due.checked_add(due).ok_or(FoldError::Overflow)?;
    add_paid(&mut pool.paid, paid)?;
    if !pool.paid.is_empty() && parts::sum(&pool.paid) != Some(pool.due) {
        return Err(FoldError::Amount);
    }
    Ok(pool)
}

fn add_paid(sums: &mut Vec<i128>, paid: &[i128]) -> Result<(), FoldError> {
    if sums.is_empty() {
        sums.resize(paid.len(), 0);
    }
    if sums.len() != paid.len() {
        return Err(FoldError::Field("due"));
    }
    for (sum, paid) in sums.iter_mut().zip(paid) {
        *sum = sum.checked_add(*paid).ok_or(FoldError::Overflow)?;
    }
    Ok(())
}

pub(super) fn close(state: &mut State, receipt: &Receipt, kept: &Kept) -> Result<(), FoldError> {
    let Kept::Close { who, span, settled, paid } = kept else { return Err(FoldError::Kept) };
    let licence = licence(receipt)?;
    fresh(state, receipt)?;
    if span.is_call() {
        return Err(FoldError::Closed);
    }
    let key = AccountKey { licence, span: *span, licensee: who.licensee() };
    let closed = Some(receipt.at.logged);
    if let Some(settled) = settled {
        if settled.bucket != *span {
            return Err(FoldError::Kept);
        }
        let mut checked = entry(state, receipt, licence, who, Some(settled), Entry::Close)?;
        if let Some((_, total)) = &mut checked.total {
            total.closed = closed;
        }
        checked.apply(state);
    } else {
        entry(state, receipt, licence, who, None, Entry::Close)?;
        let pool = share_out(state.pool(&key), paid)?;
        state.pools.insert(key, Pool { closed, ..pool });
    }
    record(state, receipt)
}

/// A sharing bucket whose residue is given out.
fn share_out(mut pool: Pool, paid: &[i128]) -> Result<Pool, FoldError> {
    if pool.closed.is_some() {
        return Err(FoldError::Closed);
    }
    if !pool.paid.is_empty() {
        return Err(FoldError::Field("due"));
    }
    if parts::sum(paid) != Some(pool.due) {
        return Err(FoldError::Amount);
    }
    pool.paid = paid.to_vec();
    Ok(pool)
}
