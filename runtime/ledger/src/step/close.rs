//! Closing a window of a licensee: what is charged at close and what is missing to floors is charged, and what is to be
//! shared is given out to the last minor unit.

use alloc::vec::Vec;

use licit_vm::bytecode::{Anchor, Point, Price};
use licit_vm::{CounterOf, END_OF_TIME, Instants, Key, Window};

use crate::command::Step;
use crate::content::Content;
use crate::kept::{Id, Kept, KeptLine, LineOf, Span, Who};
use crate::licence::{Licence, Money, Openings, Policies};
use crate::parts;
use crate::rating::{add_line, missing_to_floor, price_of};
use crate::refusal::Refusal;
use crate::state::{AccountKey, CounterKey};

use super::ask::id_of;
use super::charge::Entry;
use super::{Draft, Stepper, names};

/// How many windows of one charge a close rates at most.
pub const MAX_WINDOWS: usize = 4096;

/// A window: from its first instant to before its end.
#[derive(Clone, Copy, Debug)]
struct Extent {
    start: i64,
    end: i64,
}

impl<P: Policies + ?Sized, O: Openings + ?Sized> Stepper<'_, P, O> {
    pub(super) fn close(
        &self,
        mut draft: Draft,
        content: Content,
        licence: &Licence,
        span: Span,
    ) -> Result<Step, Refusal> {
        let who = self.who(&names(&content.request))?;
        let money = licence.money().ok_or(Refusal::Without("money"))?;
        let shared_apart = money.shares_apart().map(|sharing| sharing.window);
        let settles = span.kind == money.settled as u8;
        let shares = shared_apart.is_some_and(|window| span.kind == window as u8);
        if span.is_call() || !(settles || shares) {
            return Err(Refusal::NoWindow);
        }
        let kind = if settles { money.settled } else { shared_apart.unwrap_or(money.settled) };
        let extent = self.extent(licence, who, kind, span.index).ok_or(Refusal::NoWindow)?;
        if i64::try_from(self.mint.logged_at).is_ok_and(|now| now < extent.end) {
            return Err(Refusal::WindowOpen);
        }
        let key = AccountKey { licence: id_of(licence), span, licensee: who.licensee() };
        let closed = if settles { self.state.total(&key).closed } else { self.state.pool(&key).closed };
        if closed.is_some() {
            return Err(Refusal::WindowClosed);
        }
        if self.has_open_holds(licence, who, kind, span) {
            return Err(Refusal::OpenHolds);
        }
        draft.used = extent.end.saturating_sub(1).unsigned_abs();
        if !settles {
            let paid = self.share_out(licence, money, who, span, extent)?;
            return self.event(draft, Kept::Close { who, span, settled: None, paid }, content);
        }
        let lines = self.closing_lines(licence, who, extent)?;
        let entry = Entry {
            bucket: span,
            at: draft.used,
            lines,
            draws: Vec::new(),
            call: Default::default(),
            closing: true,
        };
        let charge = self.enter(licence, who, entry)?;
        draft.charge = Some(charge.billed());
        let settled = Some(charge.settled);
        self.event(draft, Kept::Close { who, span, settled, paid: Vec::new() }, content)
    }

    /// Where a window of a licensee begins and ends; the term ends with its end or its revocation. None where that is not
    /// known.
    fn extent(&self, licence: &Licence, who: Who, kind: Window, index: i64) -> Option<Extent> {
        let policy = licence.policy();
        match kind {
            Window::Call => None,
            Window::Term => {
                let end = self.term_end(licence, who);
                (index == 0 && end < END_OF_TIME).then_some(Extent { start: 0, end })
            }
            Window::Renewal => {
                let start = policy.window_start(kind, index);
                let renewal = self.state.instants(&id_of(licence), who.licensee()).renewal?;
                // A window of what was paid for before counts from another anchor.
                let end = policy.renewal_window(renewal, start).filter(|(index, _)| *index == start);
                let period = &licence.manifest().renewal.as_ref()?.period;
                let end = end.map_or_else(|| policy.add(start, period), |(_, end)| end);
                Some(Extent { start, end })
            }
            _ => {
                let (start, end) = (policy.window_start(kind, index), policy.window_end(kind, index));
                // Every window has one index: others stand for no instants.
                (start < end && policy.window(kind, start) == index).then_some(Extent { start, end })
            }
        }
    }

    /// The first instant at which a licensee's use is over for good, as far as it is known.
    fn term_end(&self, licence: &Licence, who: Who) -> i64 {
        let (policy, manifest, id) = (licence.policy(), licence.manifest(), id_of(licence));
        let instants = self.state.instants(&id, who.licensee());
        let until = match (&manifest.until, &manifest.renewal, instants.renewal) {
            (Some(point), _, _) => instant(licence, point, &instants),
            (None, Some(_), Some(renewal)) => Some(policy.grace_until(renewal.anchor, renewal.periods)),
            _ => None,
        };
        let revoked = manifest.revocable.as_ref().zip(self.state.notice(&id));
        let revoked = revoked.map(|((after, _), notice)| policy.add(notice, after));
        let ends = [until, revoked].into_iter().flatten();
        ends.fold(END_OF_TIME, i64::min)
    }

    fn has_open_holds(&self, licence: &Licence, who: Who, kind: Window, span: Span) -> bool {
        let id = id_of(licence);
        self.state.holds.values().any(|hold| {
            let at = i64::try_from(hold.used_at).unwrap_or(i64::MAX);
            hold.licence == id
                && hold.held.who.licensee() == who.licensee()
                && licence.policy().window(kind, at) == span.index
        })
    }

    /// What everyone has of a sharing window for good.
    fn share_out(
        &self,
        licence: &Licence,
        money: &Money,
        who: Who,
        span: Span,
        extent: Extent,
    ) -> Result<Vec<i128>, Refusal> {
        let sharing = money.shares_apart().ok_or(Refusal::NoWindow)?;
        let key = AccountKey { licence: id_of(licence), span, licensee: who.licensee() };
        for (of, total) in self.state.totals() {
            let same = of.licence == key.licence && of.licensee == key.licensee;
            if !same || of.span.is_call() || total.closed.is_some() {
                continue;
            }
            let open = self.extent(licence, who, money.settled, of.span.index);
            if open.is_none_or(|open| open.start < extent.end && open.end > extent.start) {
                return Err(Refusal::Unsettled);
            }
        }
        parts::at_close(self.state.pool(&key).due, &sharing.shares).ok_or(Refusal::Overflow)
    }

    /// Charges at close, and floors, of all windows whose last instant lies in the window that is closed.
    fn closing_lines(&self, licence: &Licence, who: Who, closing: Extent) -> Result<Vec<KeptLine>, Refusal> {
        let manifest = licence.manifest();
        let mut lines = Vec::new();
        for (counter, number) in manifest.counters.iter().zip(0u16..) {
            match counter.of {
                CounterOf::AtClose { charge } => {
                    self.rate_reports(licence, who, number, charge, closing, &mut lines)?;
                }
                CounterOf::Case { charge, case } => {
                    let (charge, case) = (charge as u16, case as u16);
                    if let Some(price @ Price::Bounded { floor: Some(_), .. }) =
                        price_of(manifest, charge, case)
                    {
                        let of = LineOf::Floor { charge, case };
                        self.rate_floors(licence, who, number, (of, price), closing, &mut lines)?;
                    }
                }
                _ => {}
            }
        }
        Ok(lines)
    }

    fn rate_reports(
        &self,
        licence: &Licence,
        who: Who,
        number: u16,
        charge: u32,
        closing: Extent,
        lines: &mut Vec<KeptLine>,
    ) -> Result<(), Refusal> {
        let manifest = licence.manifest();
        let (Some(counter), Some(info)) =
            (manifest.counters.get(usize::from(number)), manifest.at_close.get(charge as usize))
        else {
            return Ok(());
        };
        let all = self.state.reports.range(first_key(licence, number)..=last_key(licence, number));
        for (key, reported) in all {
            if reported.licensee != who.licensee()
                || reported.reports.is_empty()
                || !self.ends_in(licence, who, counter.window, key.window, closing)
            {
                continue;
            }
            let signed = |amount: u128| i128::try_from(amount).map_err(|_| Refusal::Overflow);
            let amount = reported.reports.amount(info.aggregate, &info.bands).ok_or(Refusal::Overflow)?;
            let quantity = signed(reported.reports.quantity(info.aggregate))?;
            let line = KeptLine { of: LineOf::AtClose(charge as u16), quantity, amount: signed(amount)? };
            add_line(lines, line).ok_or(Refusal::Overflow)?;
        }
        Ok(())
    }

    fn rate_floors(
        &self,
        licence: &Licence,
        who: Who,
        number: u16,
        (of, price): (LineOf, &Price),
        closing: Extent,
        lines: &mut Vec<KeptLine>,
    ) -> Result<(), Refusal> {
        let Some(counter) = licence.manifest().counters.get(usize::from(number)) else { return Ok(()) };
        let mut keys: Vec<CounterKey> = Vec::new();
        let all = self.state.counters.range(first_key(licence, number)..=last_key(licence, number));
        for (key, sum) in all {
            if sum.committed > 0
                && sum.licensee == who.licensee()
                && self.ends_in(licence, who, counter.window, key.window, closing)
            {
                keys.push(*key);
            }
        }
        // Nobody need have called: an organisation or licensee owes the floor of every window of its grant.
        if let Some(of) = who.key(counter.key).filter(|_| counter.key != Key::User) {
            for window in self.granted_windows(licence, who, counter.window, closing)? {
                let key = CounterKey { licence: id_of(licence), counter: number, window, of };
                if !keys.contains(&key)
                    && self.state.counter(&key).licensee.is_none_or(|owner| Some(owner) == who.licensee())
                {
                    keys.push(key);
                }
            }
        }
        for key in keys {
            let missing =
                missing_to_floor(price, self.state.counter(&key).committed).ok_or(Refusal::Overflow)?;
            if missing > 0 {
                let amount = i128::try_from(missing).map_err(|_| Refusal::Overflow)?;
                add_line(lines, KeptLine { of, quantity: 1, amount }).ok_or(Refusal::Overflow)?;
            }
        }
        Ok(())
    }

    /// The windows of a licensee's grant that end in the window that is closed, from the grant, else the first use, to the
    /// end of the term.
    fn granted_windows(
        &self,
        licence: &Licence,
        who: Who,
        kind: Window,
        closing: Extent,
    ) -> Result<Vec<i64>, Refusal> {
        let instants = self.state.instants(&id_of(licence), who.licensee());
        let Some(begun) = instants.grant.or(instants.first_use) else { return Ok(Vec::new()) };
        let over = self.term_end(licence, who);
        let policy = licence.policy();
        let mut windows = Vec::new();
        let mut add = |index: i64, extent: Extent| {
            let granted = extent.end > begun && extent.start < over;
            if granted && ends_in(extent, closing) {
                windows.push(index);
            }
            windows.len() <= MAX_WINDOWS
        };
        match (kind, instants.renewal) {
            (Window::Call, _) => {}
            (Window::Term, _) => {
                if let Some(extent) = self.extent(licence, who, kind, 0) {
                    add(0, Extent { start: 0, ..extent });
                }
            }
            (Window::Renewal, Some(renewal)) => {
                let mut at = renewal.anchor;
                for _ in 0..renewal.periods.min(MAX_WINDOWS as u32) {
                    let Some((index, end)) = policy.renewal_window(renewal, at) else { break };
                    add(index, Extent { start: at, end });
                    if end <= at {
                        break;
                    }
                    at = end;
                }
            }
            (Window::Renewal, None) => {}
            _ => {
                let first = policy.window(kind, closing.start.max(begun));
                let last = policy.window(kind, closing.end.min(over).saturating_sub(1));
                if last.saturating_sub(first) > MAX_WINDOWS as i64 {
                    return Err(Refusal::TooLong);
                }
                for index in first..=last {
                    let extent = Extent {
                        start: policy.window_start(kind, index),
                        end: policy.window_end(kind, index),
                    };
                    add(index, extent);
                }
            }
        }
        Ok(windows)
    }

    /// Whether the last instant of a window lies in the one that is closed.
    fn ends_in(&self, licence: &Licence, who: Who, kind: Window, index: i64, closing: Extent) -> bool {
        self.extent(licence, who, kind, index).is_some_and(|extent| ends_in(extent, closing))
    }

    /// Whether a window was rated at a close: the settlement window of its last instant is closed.
    pub(super) fn was_rated(&self, licence: &Licence, key: &CounterKey, who: Who) -> bool {
        let Some(money) = licence.money() else { return false };
        let Some(counter) = licence.manifest().counters.get(usize::from(key.counter)) else { return false };
        let Some(extent) = self.extent(licence, who, counter.window, key.window) else { return false };
        let last = extent.end.saturating_sub(1);
        let span = Span::new(money.settled, licence.policy().window(money.settled, last));
        let bucket = AccountKey { licence: key.licence, span, licensee: who.licensee() };
        self.state.buckets.get(&bucket).is_some_and(|total| total.closed.is_some())
    }
}

fn ends_in(extent: Extent, closing: Extent) -> bool {
    (closing.start..closing.end).contains(&extent.end.saturating_sub(1))
}

fn first_key(licence: &Licence, counter: u16) -> CounterKey {
    CounterKey { licence: id_of(licence), counter, window: i64::MIN, of: Id([0; 32]) }
}

fn last_key(licence: &Licence, counter: u16) -> CounterKey {
    CounterKey { licence: id_of(licence), counter, window: i64::MAX, of: Id([0xff; 32]) }
}

/// The instant of a point of the term, if what it is anchored at is known.
fn instant(licence: &Licence, point: &Point, instants: &Instants) -> Option<i64> {
    match point {
        Point::Date { days } => {
            Some(licence.policy().window_start(Window::Day, i64::try_from(*days).unwrap_or(i64::MAX)))
        }
        Point::Instant { micros } => Some(i64::try_from(*micros).unwrap_or(END_OF_TIME).min(END_OF_TIME)),
        Point::Anchored { anchor, period } => {
            let at = match anchor {
                Anchor::Grant => instants.grant,
                Anchor::FirstUse => instants.first_use,
                Anchor::Release => instants.release,
            };
            at.map(|at| licence.policy().add(at, period))
        }
    }
}
