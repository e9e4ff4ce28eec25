//! What happens to invocations: holds, commits, corrections, ends.

use alloc::vec::Vec;

use licit_receipt::{Hash, Kind, Receipt, Reference};
use licit_vm::{DutyDue, DutyStatus};

use super::error::FoldError;
use super::money::{self, Entry};
use super::{call_id, fresh, licence, used_at};
use crate::kept::{Change, Count, Held, Kept, Report, SeatOf, Who};
use crate::state::{Call, CallId, CounterKey, DutyKey, Hold, Phase, Reported, SeatKey, State, Sum};

/// The instant of a use must lie as near to that of the log as the gateway says.
pub(super) fn in_time(state: &State, receipt: &Receipt) -> Result<(), FoldError> {
    if state.config.allows(receipt.at.used, receipt.at.logged) { Ok(()) } else { Err(FoldError::Clocks) }
}

pub(super) fn hold(
    state: &mut State,
    receipt: &Receipt,
    held: &Held,
    (until, latest): (i64, i64),
) -> Result<(), FoldError> {
    in_time(state, receipt)?;
    let call = fresh(state, receipt)?;
    let module = receipt.module.ok_or(FoldError::Field("module"))?;
    let (leaf, licence, used_at) = (receipt.seq, licence(receipt)?, receipt.at.used);
    let hold = Hold { leaf, request: leaf, licence, module, used_at, held: held.clone(), until, latest };
    if hold.is_over(receipt.at.logged) || latest < until {
        return Err(FoldError::End);
    }
    let sums = sums_with(state, &hold, None)?;
    seat_keys(licence, held)?;
    state.counters.extend(sums);
    take_seats(state, &hold);
    state.calls.insert(call, Call { phase: Phase::Held, leaf, asked: leaf, latest: leaf });
    state.ends.insert((until, call));
    state.holds.insert(call, hold);
    Ok(())
}

pub(super) fn extend(state: &mut State, receipt: &Receipt, held: &Held) -> Result<(), FoldError> {
    let (call, before) = still_open(state, receipt)?;
    if held.who != before.held.who {
        return Err(FoldError::Who);
    }
    let leaf = receipt.seq;
    let after = Hold { request: leaf, held: held.clone(), ..before.clone() };
    let sums = sums_with(state, &after, Some(&before))?;
    seat_keys(before.licence, held)?;
    let entry = *state.calls.get(&call).ok_or(FoldError::Call)?;
    give_back(state, &before);
    state.counters.extend(sums);
    take_seats(state, &after);
    state.calls.insert(call, Call { latest: leaf, ..entry });
    state.holds.insert(call, after);
    Ok(())
}

pub(super) fn renew(state: &mut State, receipt: &Receipt, until: i64) -> Result<(), FoldError> {
    let (call, hold) = still_open(state, receipt)?;
    if until <= hold.until || until > hold.latest {
        return Err(FoldError::End);
    }
    state.ends.remove(&(hold.until, call));
    state.ends.insert((until, call));
    if let Some(hold) = state.holds.get_mut(&call) {
        hold.until = until;
    }
    Ok(())
}

/// Release, expiry, failure.
pub(super) fn end(state: &mut State, receipt: &Receipt, phase: Phase) -> Result<(), FoldError> {
    let (call, hold) = open_hold(state, receipt)?;
    if hold.is_over(receipt.at.logged) != (phase == Phase::Expired) {
        return Err(FoldError::End);
    }
    let entry = *state.calls.get(&call).ok_or(FoldError::Call)?;
    drop_hold(state, call, &hold);
    state.calls.insert(call, Call { phase, leaf: receipt.seq, ..entry });
    Ok(())
}

/// The open hold that an event refers to.
fn open_hold(state: &State, receipt: &Receipt) -> Result<(CallId, Hold), FoldError> {
    let call = call_id(receipt)?;
    let hold = state.holds.get(&call).ok_or(FoldError::Call)?;
    refers_to(receipt, hold.leaf)?;
    if receipt.licence.is_some_and(|licence| licence != hold.licence) {
        return Err(FoldError::Field("licence"));
    }
    Ok((call, hold.clone()))
}

fn still_open(state: &State, receipt: &Receipt) -> Result<(CallId, Hold), FoldError> {
    let (call, hold) = open_hold(state, receipt)?;
    if hold.is_over(receipt.at.logged) { Err(FoldError::End) } else { Ok((call, hold)) }
}

fn refers_to(receipt: &Receipt, leaf: u64) -> Result<(), FoldError> {
    if receipt.reference == Some(Reference::Leaf(leaf)) { Ok(()) } else { Err(FoldError::Reference) }
}

pub(super) fn commit(state: &mut State, receipt: &Receipt, kept: &Kept) -> Result<(), FoldError> {
    let Kept::Commit { who, counts, duties, seats, reports, settled } = kept else {
        return Err(FoldError::Kept);
    };
    let (licence, used_at) = (licence(receipt)?, used_at(receipt)?);
    let (call, asked, hold) = used_call(state, receipt)?;
    if hold.as_ref().is_some_and(|hold| hold.held.who != *who) {
        return Err(FoldError::Who);
    }
    // Everything that can fail is computed before anything is changed.
    let sums = committed(state, licence, who, counts, hold.as_ref())?;
    let reported = reported(state, licence, who, reports, (receipt.at.used, asked), false)?;
    let seats = keys_of(licence, who, seats)?;
    let entry = money::entry(state, receipt, licence, who, settled.as_ref(), Entry::New)?;
    if let Some(hold) = &hold {
        drop_hold(state, call, hold);
    }
    state.counters.extend(sums);
    state.reports.extend(reported);
    for key in seats {
        let seat = state.seats.entry(key).or_default();
        seat.last = seat.last.max(Some(used_at));
        seat.released = false;
    }
    fall_due(state, licence, who, duties);
    entry.apply(state);
    let standing = state.standing.entry((licence, who.licensee())).or_default();
    standing.first_use = standing.first_use.or(Some(used_at));
    let phase = if receipt.kind == Kind::Late { Phase::Late } else { Phase::Committed };
    let leaf = receipt.seq;
    state.calls.insert(call, Call { phase, leaf, asked, latest: leaf });
    Ok(())
}

/// The call that a commit is of, the leaf of its ask, and its hold if that is still open.
fn used_call(state: &State, receipt: &Receipt) -> Result<(CallId, u64, Option<Hold>), FoldError> {
    let call = call_id(receipt)?;
    let late = receipt.kind == Kind::Late;
    if receipt.reference.is_none() && !late {
        in_time(state, receipt)?;
        return fresh(state, receipt).map(|call| (call, receipt.seq, None));
    }
    if let Some(expired) = state.calls.get(&call).filter(|call| late && call.phase == Phase::Expired) {
        refers_to(receipt, expired.asked)?;
        return Ok((call, expired.asked, None));
    }
    let (call, hold) = open_hold(state, receipt)?;
    if hold.is_over(receipt.at.logged) != late {
        return Err(FoldError::End);
    }
    Ok((call, hold.leaf, Some(hold)))
}

pub(super) fn correct(state: &mut State, receipt: &Receipt, kept: &Kept) -> Result<(), FoldError> {
    let Kept::Correct { call, who, changes, reports, settled } = kept else { return Err(FoldError::Kept) };
    let licence = licence(receipt)?;
    let id = fresh(state, receipt)?;
    let entry = *state.calls.get(call).ok_or(FoldError::Call)?;
    refers_to(receipt, entry.latest)?;
    if !matches!(entry.phase, Phase::Committed | Phase::Late) {
        return Err(FoldError::Call);
    }
    let sums = changed(state, licence, who, changes)?;
    let reversal = receipt.kind == Kind::Reversal;
    let reported = reported(state, licence, who, reports, (receipt.at.used, entry.asked), reversal)?;
    let money = money::entry(state, receipt, licence, who, settled.as_ref(), Entry::Correction)?;
    let leaf = receipt.seq;
    state.counters.extend(sums);
    state.reports.extend(reported);
    money.apply(state);
    let reached = if reversal { Call { phase: Phase::Reversed, leaf, ..entry } } else { entry };
    state.calls.insert(*call, Call { latest: leaf, ..reached });
    state.calls.insert(id, Call { phase: Phase::Recorded, leaf, asked: leaf, latest: leaf });
    Ok(())
}

/// The counters of a hold with what it holds, instead of another one.
fn sums_with(
    state: &State,
    hold: &Hold,
    instead: Option<&Hold>,
) -> Result<Vec<(CounterKey, Sum)>, FoldError> {
    let mut sums = Vec::with_capacity(hold.held.counts.len());
    for count in &hold.held.counts {
        let key = key_of(hold.licence, &hold.held.who, count)?;
        let mut sum = state.counter(&key);
        let less = instead.map_or(0, |instead| instead.of(&key));
        let held = sum.held.saturating_sub(less).checked_add(count.quantity);
        sum.held = held.ok_or(FoldError::Overflow)?;
        sums.push((key, sum));
    }
    Ok(sums)
}

fn key_of(licence: Hash, who: &Who, count: &Count) -> Result<CounterKey, FoldError> {
    CounterKey::of(licence, who, count.counter, count.key, count.window).ok_or(FoldError::Who)
}

/// The counters after a commit; what its hold held is given back first.
fn committed(
    state: &State,
    licence: Hash,
    who: &Who,
    counts: &[Count],
    hold: Option<&Hold>,
) -> Result<Vec<(CounterKey, Sum)>, FoldError> {
    let mut sums = Vec::with_capacity(counts.len());
    for count in counts {
        let key = key_of(licence, who, count)?;
        let held = hold.map_or(0, |hold| hold.of(&key));
        let sum = state.counter(&key);
        let committed = sum.committed.checked_add(count.quantity).ok_or(FoldError::Overflow)?;
        let licensee = if sum.committed == 0 { who.licensee() } else { sum.licensee };
        sums.push((key, Sum { committed, held: sum.held.saturating_sub(held), licensee }));
    }
    Ok(sums)
}

fn changed(
    state: &State,
    licence: Hash,
    who: &Who,
    changes: &[Change],
) -> Result<Vec<(CounterKey, Sum)>, FoldError> {
    let mut sums = Vec::with_capacity(changes.len());
    for change in changes {
        let key = CounterKey::of(licence, who, change.counter, change.key, change.window);
        let key = key.ok_or(FoldError::Who)?;
        let sum = state.counter(&key);
        let error = if change.by < 0 { FoldError::Below } else { FoldError::Overflow };
        let committed = sum.committed.checked_add_signed(change.by).ok_or(error)?;
        let licensee = if sum.committed == 0 { who.licensee() } else { sum.licensee };
        sums.push((key, Sum { committed, licensee, ..sum }));
    }
    Ok(sums)
}

/// The reports with those of one use, which corrections replace and reversals withdraw.
fn reported(
    state: &State,
    licence: Hash,
    who: &Who,
    reports: &[Report],
    (used_at, asked): (u64, u64),
    withdraw: bool,
) -> Result<Vec<(CounterKey, Reported)>, FoldError> {
    let mut all = Vec::with_capacity(reports.len());
    for report in reports {
        let key = CounterKey::of(licence, who, report.counter, report.key, report.window);
        let key = key.ok_or(FoldError::Who)?;
        let mut reported = state.reports.get(&key).cloned().unwrap_or_default();
        if reported.reports.is_empty() {
            reported.licensee = who.licensee();
        }
        if withdraw {
            reported.reports.withdraw(used_at, asked);
        } else {
            reported.reports.set(used_at, asked, report.quantity).ok_or(FoldError::Overflow)?;
        }
        all.push((key, reported));
    }
    Ok(all)
}

fn keys_of(licence: Hash, who: &Who, seats: &[SeatOf]) -> Result<Vec<SeatKey>, FoldError> {
    let key = |seat: &SeatOf| {
        let (group, user) = who.key(seat.key).zip(who.user).ok_or(FoldError::Who)?;
        Ok(SeatKey { licence, counter: seat.counter, group, user })
    };
    seats.iter().map(key).collect()
}

fn seat_keys(licence: Hash, held: &Held) -> Result<Vec<SeatKey>, FoldError> {
    keys_of(licence, &held.who, &held.seats)
}

/// Seats are taken as long as a hold is open.
fn take_seats(state: &mut State, hold: &Hold) {
    for key in seat_keys(hold.licence, &hold.held).unwrap_or_default() {
        let seat = state.seats.entry(key).or_default();
        seat.open = seat.open.saturating_add(1);
    }
}

/// Gives back what a hold holds.
fn give_back(state: &mut State, hold: &Hold) {
    for (key, count) in hold.counts() {
        if let Some(sum) = state.counters.get_mut(&key) {
            sum.held = sum.held.saturating_sub(count.quantity);
        }
    }
    for key in seat_keys(hold.licence, &hold.held).unwrap_or_default() {
        if let Some(seat) = state.seats.get_mut(&key) {
            seat.open = seat.open.saturating_sub(1);
            // A seat that was never used is nobody's.
            if seat.open == 0 && seat.last.is_none() {
                state.seats.remove(&key);
            }
        }
    }
}

/// Gives back what a hold holds and forgets it.
fn drop_hold(state: &mut State, call: CallId, hold: &Hold) {
    give_back(state, hold);
    state.ends.remove(&(hold.until, call));
    state.holds.remove(&call);
}

fn fall_due(state: &mut State, licence: Hash, who: &Who, duties: &[DutyDue]) {
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
}
