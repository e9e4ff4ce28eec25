//! What part two adds to steps 2, 5 and 7: holder, ends and renewal; calls at once and seats; charges at close, spend
//! and credit.

use num_bigint::BigUint;

use super::{Run, Truth};
use crate::core::{AtClose, Key, Limit, LimitOn, Prepaid, Renewing, Window};
use crate::eval::Renewal;
use crate::outcome::Code;

impl Run<'_> {
    /// Step 2: a licence with a holder is for nobody else.
    pub(super) fn holder(&mut self) {
        let core = self.core;
        let licensee = self.request.organisation.as_ref().or(self.request.user.as_ref());
        if core.holder.is_some() && self.has_key(Key::Licensee) && core.holder.as_ref() != licensee {
            self.reason(Code::NotHolder, 0, "");
        }
    }

    /// Step 2: ends that were reached before, or now, or perhaps.
    pub(super) fn ends(&mut self) {
        for (i, (label, condition)) in self.core.ends.iter().enumerate() {
            let latched = self.state.latched.get(i).copied().unwrap_or_default();
            match self.value(condition) {
                _ if latched => self.reason_label(Code::Ended, label),
                Truth::True => self.reason_label(Code::Ended, label),
                Truth::Unknown => self.need(condition),
                Truth::False => {}
            }
        }
    }

    /// Step 2: what is paid for, and the grace after it.
    pub(super) fn renewal(&mut self) {
        let Some(Renewing { period, grace }) = &self.core.renewal else { return };
        let Some(Renewal { anchor, periods }) = self.state.renewal else {
            self.reason(Code::Lapsed, 0, "");
            return;
        };
        let anchor = i128::from(anchor);
        if self.now < anchor {
            self.reason(Code::NotYet, 0, "");
        }
        let paid_until = self.zone.periods(anchor, *period, periods);
        if self.now < paid_until {
            return;
        }
        self.in_grace = grace.as_ref().is_some_and(|(length, acts)| {
            self.now < self.zone.add(paid_until, *length) && self.membership(0, acts) == Truth::True
        });
        if !self.in_grace {
            self.reason(Code::Lapsed, 0, "");
        }
    }

    /// The index of the window in which the use lies.
    pub(super) fn window(&self, window: Window) -> i128 {
        match (window, &self.core.renewal, self.state.renewal) {
            (Window::Renewal, Some(Renewing { period, .. }), Some(Renewal { anchor, periods })) => {
                self.zone.period_of(i128::from(anchor), *period, periods, self.now)
            }
            _ => self.zone.index(window, self.now),
        }
    }

    /// Step 5: whether one more open call, or user, is above the cap.
    pub(super) fn one_more(&mut self, limit: &Limit, cap: &BigUint, of_users: bool) -> bool {
        let has_key = self.has_key(limit.key);
        let has_user = !of_users || self.has_key(Key::User);
        if !has_key || !has_user {
            return false;
        }
        let counter = self.counter(&limit.label, None);
        let one = BigUint::from(1u8);
        let sum = self.used(counter) + &one;
        self.delta(counter, one);
        sum > *cap
    }

    /// Step 7: quantities that a charge at close will count.
    pub(super) fn at_close(&mut self) {
        for AtClose { label, unit, key, guard, .. } in &self.core.at_close {
            match guard.as_ref().map_or(Truth::True, |guard| self.value(guard)) {
                Truth::False => {}
                Truth::Unknown => guard.iter().for_each(|guard| self.need(guard)),
                Truth::True => {
                    let counter = self.counter(label, None);
                    let stated = self.request.quantities.contains_key(&self.core.units[*unit].name);
                    let zero = BigUint::from(0u8);
                    // Nothing is a report, too, where it is said.
                    if self.count(counter, *unit, *key).is_some() && stated && self.quantity(*unit) == zero {
                        self.delta(counter, zero);
                    }
                }
            }
        }
    }

    /// Step 7: limits on money.
    pub(super) fn spend(&mut self, sum: &BigUint) {
        for limit in &self.core.limits {
            let LimitOn::Spend { amount, .. } = &limit.on else { continue };
            if self.guarded_off(limit.guard.as_ref()) || !self.has_key(limit.key) {
                continue;
            }
            let counter = self.counter(&limit.label, None);
            if self.used(counter) + sum > self.in_grain(amount) {
                self.reason_label(Code::Over, &limit.label);
            }
            if *sum > BigUint::from(0u8) {
                self.delta(counter, sum.clone());
            }
        }
    }

    /// Step 7: what is paid from credit must be there.
    pub(super) fn draw(&mut self, sum: &BigUint) {
        let Some(Prepaid { label, key, guard }) = &self.core.prepaid else { return };
        if self.guarded_off(guard.as_ref()) || !self.has_key(*key) {
            return;
        }
        let counter = self.counter(label, None);
        if *sum > self.used(counter) {
            self.reason_label(Code::Credit, label);
        }
        if *sum > BigUint::from(0u8) {
            self.delta(counter, sum.clone());
        }
    }
}
