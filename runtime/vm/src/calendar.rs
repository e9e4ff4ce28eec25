//! What a ledger asks of a licence's calendar: windows and where they begin and end, periods, renewals, leases.
//!
//! All instants are microseconds since 1970-01-01T00:00Z; answers lie between 1970 and [`END_OF_TIME`].

use crate::policy::Policy;
use crate::request::{END_OF_TIME, Renewal};
use licit_bytecode::{Period, Window};

impl Policy {
    /// The index of the window of this kind that an instant lies in, in the licence's calendar (`spec/core.md` section 8);
    /// 0 for the term and for calls, and for the renewal's, which [`Policy::renewal_window`] tells.
    pub fn window(&self, kind: Window, at: i64) -> i64 {
        self.zone.window(at.clamp(0, END_OF_TIME - 1), kind).index
    }

    /// The first instant of a window. Of the term and of calls: 0. Of a renewal's window: its index, which is that instant.
    pub fn window_start(&self, kind: Window, index: i64) -> i64 {
        if kind == Window::Renewal { index.clamp(0, END_OF_TIME) } else { self.zone.extent(kind, index).0 }
    }

    /// The first instant from which on nothing lies in the window or in one before it. Of the term and of calls, and of a
    /// renewal's window, whose index does not tell it: [`END_OF_TIME`].
    pub fn window_end(&self, kind: Window, index: i64) -> i64 {
        self.zone.extent(kind, index).1
    }

    /// An instant plus a period, in the licence's calendar.
    pub fn add(&self, at: i64, period: &Period) -> i64 {
        self.zone.add(at, period)
    }

    /// The index of the renewal's window that an instant lies in, and the first instant past it; the last paid period ends
    /// where nothing more is paid for, though uses in grace count in it. None without a renewal in the licence.
    pub fn renewal_window(&self, renewal: Renewal, at: i64) -> Option<(i64, i64)> {
        let period = &self.wider.as_ref()?.renewal.as_ref()?.period;
        let span = self.zone.renewed(at, period, renewal);
        let until = self.zone.periods(renewal.anchor, period, renewal.periods);
        Some((span.index, if span.end == i64::MAX { until } else { span.end }))
    }

    /// The first instant that is no longer paid for: so many periods after the anchor. Without a renewal in the licence:
    /// [`END_OF_TIME`].
    pub fn renewal_until(&self, anchor: i64, periods: u32) -> i64 {
        let renewal = self.wider.as_ref().and_then(|w| w.renewal.as_ref());
        renewal.map_or(END_OF_TIME, |r| self.zone.periods(anchor, &r.period, periods))
    }

    /// The first instant at which not even the grace permits anything.
    pub fn grace_until(&self, anchor: i64, periods: u32) -> i64 {
        let paid = self.renewal_until(anchor, periods);
        let grace = self.wider.as_ref().and_then(|w| w.renewal.as_ref()?.grace.as_ref());
        grace.map_or(paid, |(length, _)| self.zone.add(paid, length))
    }

    /// The instant at which a call of an at-once limit that began, or was renewed, at `from` no longer counts as open, or at
    /// which a seat taken then is free; none for other counters.
    pub fn lease_end(&self, counter: u16, from: i64) -> Option<i64> {
        let open = self.wider.as_ref()?.opens.iter().find(|o| o.counter == counter)?;
        Some(self.zone.add(from, &open.lease))
    }
}
