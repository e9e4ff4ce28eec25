//! What an event charges: its amount, what falls due of it, what credit pays, and who has it.

use alloc::vec::Vec;

use licit_receipt::{Amount, Due, Quantity};
use licit_vm::Window;

use crate::content::Answer;
use crate::credit::{Lots, Paid};
use crate::kept::{Draw, KeptLine, Settled, Span, Who};
use crate::licence::{Licence, Money, Openings, Policies, Sharing};
use crate::money::{Exact, due_of};
use crate::parts;
use crate::rating::{self, kept_lines};
use crate::refusal::Refusal;
use crate::state::AccountKey;

use super::Stepper;
use super::ask::id_of;

/// A charge, or the difference that a correction makes, and where it is entered.
pub(super) struct Charge {
    pub(super) amount: Amount,
    pub(super) due: Due,
    pub(super) settled: Settled,
    /// The running total before, exact and due.
    pub(super) before: (u128, u128),
}

impl Charge {
    pub(super) fn billed(&self) -> (Amount, Due) {
        (self.amount, self.due)
    }
}

/// What is to be entered.
pub(super) struct Entry {
    /// The settlement bucket.
    pub(super) bucket: Span,
    /// An instant of the sharing bucket.
    pub(super) at: u64,
    pub(super) lines: Vec<KeptLine>,
    pub(super) draws: Vec<Draw>,
    /// What the same call came to so far, exact and due, where calls are settled or shared one by one.
    pub(super) call: (Exact, i128),
    /// The bucket is being closed: if it is a sharing bucket too, everything is given out.
    pub(super) closing: bool,
}

impl<P: Policies + ?Sized, O: Openings + ?Sized> Stepper<'_, P, O> {
    /// The charge of a use: the lines of its answer.
    pub(super) fn charge(
        &self,
        licence: &Licence,
        who: Who,
        used_at: u64,
        action: Option<&str>,
        answer: &Answer,
        quantities: &[Quantity],
    ) -> Result<Option<Charge>, Refusal> {
        let Some(money) = licence.money() else {
            return if answer.lines.is_empty() { Ok(None) } else { Err(Refusal::Overflow) };
        };
        let quantity =
            |unit| quantities.iter().find(|quantity| quantity.unit == unit).map_or(0, |found| found.count);
        let lines = kept_lines(licence.manifest(), &answer.lines, quantity).ok_or(Refusal::Overflow)?;
        let prepaid =
            answer.deltas.iter().find(|delta| Some(u32::from(delta.counter)) == licence.manifest().prepaid);
        let draws = match prepaid {
            Some(delta) => self.draw(licence, money, who, used_at, action, delta.add)?,
            None => Vec::new(),
        };
        let bucket = window(licence, money.settled, used_at);
        let entry = Entry { bucket, at: used_at, lines, draws, call: Default::default(), closing: false };
        self.enter(licence, who, entry).map(Some)
    }

    /// How so much is drawn from credit; what it does not cover falls due.
    pub(super) fn draw(
        &self,
        licence: &Licence,
        money: &Money,
        who: Who,
        used_at: u64,
        action: Option<&str>,
        amount: u128,
    ) -> Result<Vec<Draw>, Refusal> {
        let Some(lots) = self.lots(licence, who) else { return Ok(Vec::new()) };
        let amount = i128::try_from(amount).map_err(|_| Refusal::Overflow)?;
        let parts = money.scale.credit_of(amount).ok_or(Refusal::Overflow)?;
        let used_at = i64::try_from(used_at).unwrap_or(i64::MAX);
        Ok(lots.plan(parts.unsigned_abs(), action, used_at).draws)
    }

    /// The credit that somebody's uses of a licence draw on.
    pub(super) fn lots(&self, licence: &Licence, who: Who) -> Option<&Lots> {
        let prepaid = licence.manifest().prepaid?;
        let key = licence.manifest().counters.get(prepaid as usize)?.key;
        self.state.credit(&id_of(licence), who.key(key)?)
    }

    /// Enters lines and draws into the buckets of somebody.
    pub(super) fn enter(&self, licence: &Licence, who: Who, entry: Entry) -> Result<Charge, Refusal> {
        self.entered(licence, who, entry).ok_or(Refusal::Overflow)
    }

    fn entered(&self, licence: &Licence, who: Who, entry: Entry) -> Option<Charge> {
        let money = licence.money()?;
        let key = AccountKey { licence: id_of(licence), span: entry.bucket, licensee: who.licensee() };
        let total = self.state.total(&key);
        let net = rating::sum(&entry.lines)?;
        let paid = match self.lots(licence, who) {
            Some(lots) => lots.check(&entry.draws).ok()?,
            None if entry.draws.is_empty() => Paid::default(),
            None => return None,
        };
        let change = Exact { charged: net, gifted: paid.gifted, prepaid: paid.prepaid };
        // Every call is a bucket of its own where the settlement window says so.
        let (of_call, due_of_call) = entry.call;
        let before = if entry.bucket.is_call() { of_call } else { total.exact()? };
        let moved = money.scale.moved(before, change)?;
        let due = moved.due;
        // The sums of the bucket must fit, whatever its window is.
        total
            .exact()?
            .plus(change)
            .filter(|after| after.charged >= 0 && after.gifted >= 0 && after.prepaid >= 0)?;
        let total_due = total.due.checked_add(due)?;
        let (mut pool, mut given) = (None, Vec::new());
        if let Some(sharing) = money.shares_apart() {
            let span = window(licence, sharing.window, entry.at);
            pool = Some(span);
            let before = self.state.pool(&AccountKey { span, ..key });
            let after = before.due.checked_add(due)?;
            if sharing.window == Window::Call {
                given = after_close(due_of_call, due, sharing)?;
            } else if before.closed.is_some() {
                given = parts::moved_after_close(before.due, after, &sharing.shares)?;
            }
        } else if let Some(sharing) = &money.sharing {
            if total.closed.is_some() {
                given = parts::moved_after_close(total.due, total_due, &sharing.shares)?;
            } else if entry.closing {
                given = parts::at_close(total_due, &sharing.shares)?;
            }
        }
        let amount = Amount { currency: 0, grain: money.scale.grain(), numerator: net.unsigned_abs() };
        let Entry { bucket, lines, draws, .. } = entry;
        let payable = licence.manifest().prepaid.map(|_| moved.payable);
        Some(Charge {
            amount,
            due: due_of(due),
            settled: Settled { bucket, pool, paid: given, lines, draws, payable },
            before: (total.charged, total.due.unsigned_abs()),
        })
    }

    /// Whether the settlement or sharing window of a use is closed.
    pub(super) fn is_closed(&self, licence: &Licence, who: Who, used_at: u64) -> bool {
        let Some(money) = licence.money() else { return false };
        let key = |kind| AccountKey {
            licence: id_of(licence),
            span: window(licence, kind, used_at),
            licensee: who.licensee(),
        };
        let settled = self.state.buckets.get(&key(money.settled)).is_some_and(|total| total.closed.is_some());
        let shared = money.shares_apart().is_some_and(|sharing| {
            self.state.pools.get(&key(sharing.window)).is_some_and(|pool| pool.closed.is_some())
        });
        settled || shared
    }
}

/// What every part of a call has more by so much more due, where calls are shared one by one.
fn after_close(before: i128, more: i128, sharing: &Sharing) -> Option<Vec<i128>> {
    parts::moved_after_close(before, before.checked_add(more)?, &sharing.shares)
}

/// The window of a kind that an instant of use lies in.
pub(super) fn window(licence: &Licence, kind: Window, at: u64) -> Span {
    let at = i64::try_from(at).unwrap_or(i64::MAX);
    Span::new(kind, licence.policy().window(kind, at))
}
