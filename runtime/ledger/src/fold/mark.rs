//! Orders that leave a mark: instants, duties, latches, payments, seats.

use licit_receipt::{Kind, Receipt};
use licit_vm::DutyStatus;

use super::error::FoldError;
use super::{fresh, licence, record, used_at};
use crate::credit::Lot;
use crate::kept::{Paid, SeatOf, Who};
use crate::state::{DutyKey, SeatKey, State};

/// Grant and acceptance: the first stands.
pub(super) fn instant(state: &mut State, receipt: &Receipt, who: &Who) -> Result<(), FoldError> {
    let (licence, at) = (licence(receipt)?, used_at(receipt)?);
    if who.licensee().is_none() {
        return Err(FoldError::Who);
    }
    record(state, receipt)?;
    let standing = state.standing.entry((licence, who.licensee())).or_default();
    let instant = if receipt.kind == Kind::Grant { &mut standing.grant } else { &mut standing.accepted };
    *instant = instant.or(Some(at));
    Ok(())
}

pub(super) fn notice(state: &mut State, receipt: &Receipt, release: bool) -> Result<(), FoldError> {
    let (licence, at) = (licence(receipt)?, used_at(receipt)?);
    record(state, receipt)?;
    if release {
        state.releases.entry(licence).or_insert(at);
    } else {
        // Of several notices the earliest counts.
        let notice = state.notices.entry(licence).or_insert(at);
        *notice = at.min(*notice);
    }
    Ok(())
}

pub(super) fn done(state: &mut State, receipt: &Receipt, who: &Who, duty: u16) -> Result<(), FoldError> {
    let licence = licence(receipt)?;
    record(state, receipt)?;
    state.duties.insert(DutyKey { licence, licensee: who.licensee(), duty }, DutyStatus::Done);
    Ok(())
}

pub(super) fn facts(state: &mut State, receipt: &Receipt, who: &Who, ends: &[u16]) -> Result<(), FoldError> {
    let licence = licence(receipt)?;
    record(state, receipt)?;
    if !ends.is_empty() {
        state.standing.entry((licence, who.licensee())).or_default().latched.extend(ends);
    }
    Ok(())
}

pub(super) fn payment(
    state: &mut State,
    receipt: &Receipt,
    who: &Who,
    minor: u128,
    paid: &Paid,
) -> Result<(), FoldError> {
    let licence = licence(receipt)?;
    fresh(state, receipt)?;
    let mut standing = state.standing.get(&(licence, who.licensee())).cloned().unwrap_or_default();
    let sum = match paid {
        Paid::Account => &mut standing.paid,
        Paid::Renewal(_) => &mut standing.renewals,
        Paid::Credit { .. } => &mut standing.credit,
    };
    *sum = sum.checked_add(minor).ok_or(FoldError::Overflow)?;
    match paid {
        Paid::Account => {}
        Paid::Renewal(renewal) => standing.renewal = Some(*renewal),
        Paid::Credit { key, parts, terms } => {
            let of = who.key(*key).ok_or(FoldError::Who)?;
            let lot = Lot {
                leaf: receipt.seq,
                priority: terms.priority,
                expires: terms.expires,
                gift: terms.gift,
                actions: terms.actions.clone(),
                paid: *parts,
                left: *parts,
            };
            // Adding is all or nothing; where the lots are new and it fails, none are left behind.
            let mut lots = state.credit.get(&(licence, of)).cloned().unwrap_or_default();
            lots.add(lot).map_err(FoldError::Credit)?;
            state.credit.insert((licence, of), lots);
        }
    }
    state.standing.insert((licence, who.licensee()), standing);
    record(state, receipt)
}

pub(super) fn seat(
    state: &mut State,
    receipt: &Receipt,
    who: &Who,
    seats: &[SeatOf],
    released: bool,
) -> Result<(), FoldError> {
    let (licence, at) = (licence(receipt)?, used_at(receipt)?);
    fresh(state, receipt)?;
    let mut keys = alloc::vec::Vec::with_capacity(seats.len());
    for seat in seats {
        let (group, user) = who.key(seat.key).zip(who.user).ok_or(FoldError::Who)?;
        let key = SeatKey { licence, counter: seat.counter, group, user };
        if released && !state.seats.contains_key(&key) {
            return Err(FoldError::Seat);
        }
        keys.push(key);
    }
    for key in keys {
        let seat = state.seats.entry(key).or_default();
        seat.released = released;
        if !released {
            seat.last = seat.last.max(Some(at));
        }
    }
    record(state, receipt)
}
