//! The invariants of `spec/core-wider.md`.

use licit_bytecode::parts::{PartsError, divide};

use super::*;

/// Most first cuts, most royalties.
const MAX_PARTS: usize = MAX_SHARES;
const MAX_BANDS: usize = 256;

impl Licence {
    /// What stands longer than one call, but for limits and prices.
    pub(super) fn check_standing(&self) -> Result<(), CoreError> {
        if let Some(holder) = &self.holder {
            name(holder).map_err(at(23, None))?;
        }
        if let Some(it) = &self.renewal {
            self.renewal(it).map_err(at(24, None))?;
        }
        for (i, it) in (0..).zip(&self.at_close) {
            self.at_close(it).map_err(at(27, i))?;
        }
        if let Some(within) = self.corrections {
            period(within).map_err(at(29, None))?;
        }
        self.check_money()?;
        self.check_royalties()
    }

    fn renewal(&self, it: &Renewal) -> Checked {
        period(it.period)?;
        if matches!(it.period, Period::Seconds(_)) || length(it.period) == 0 {
            return Err(CoreErrorKind::RenewalPeriod);
        }
        if self.term.is_some_and(|term| term.until.is_some()) {
            return Err(CoreErrorKind::RenewalTerm);
        }
        let Some(grace) = &it.grace else { return Ok(()) };
        some_time(grace.period, "the grace")?;
        leaves(&self.axes, Axis::Action, &grace.acts, &grace.acts_unknown)
    }

    /// One end of the term.
    pub(super) fn point(point: Point, end: bool) -> Checked {
        match point {
            Point::Date(days) if days >= LAST_DAY => Err(CoreErrorKind::Late),
            Point::Instant(micros) if micros >= LAST_DAY * DAY_MICROS => Err(CoreErrorKind::Late),
            Point::Anchored { anchor: Anchor::FirstUse, .. } if !end => Err(CoreErrorKind::Anchor),
            Point::Anchored { period: after, .. } => period(after),
            Point::Date(_) | Point::Instant(_) => Ok(()),
        }
    }

    pub(super) fn limit(&self, limit: &Limit) -> Checked {
        match limit.kind {
            LimitKind::Sum { unit, cap, window } => {
                self.unit(unit)?;
                nat(cap)?;
                self.counted(window)
            }
            LimitKind::AtOnce { cap, lease } => {
                nat(cap)?;
                some_time(lease, "the lease")
            }
            LimitKind::Seats { .. } if limit.key == Key::User => Err(CoreErrorKind::SeatsKey),
            LimitKind::Seats { cap, held } => {
                nat(cap)?;
                period(held)
            }
            LimitKind::Spend { window, .. } => self.counted(window),
        }
    }

    /// Counters have a window that closes by the clock, the term, or a period of the renewal where there is one.
    pub(super) fn counted(&self, window: Window) -> Checked {
        match window {
            Window::Call => Err(CoreErrorKind::Window(window)),
            Window::Renewal if self.renewal.is_none() => Err(CoreErrorKind::Window(window)),
            _ => Ok(()),
        }
    }

    /// Cap and floor of a graduated price.
    pub(super) fn bounds(&self, cap: Option<Ratio>, floor: Option<Ratio>) -> Checked {
        cap.into_iter().chain(floor).try_for_each(ratio)?;
        if cap.is_none() && floor.is_none() {
            return Err(CoreErrorKind::Empty("the bounds of a price"));
        }
        if floor.is_some() && self.settled_by_call() {
            return Err(CoreErrorKind::ByCall("a floor"));
        }
        // Compared over a common denominator, without forming it.
        match cap.zip(floor) {
            Some((cap, floor)) if super::less(cap, floor) => Err(CoreErrorKind::Bounds),
            _ => Ok(()),
        }
    }

    fn settled_by_call(&self) -> bool {
        self.money.as_ref().is_some_and(|money| money.settled == Window::Call)
    }

    fn at_close(&self, it: &AtClose) -> Checked {
        self.unit(it.unit)?;
        self.counted(it.window)?;
        at_most(it.bands.len(), MAX_BANDS, "bands")?;
        let Some((last, others)) = it.bands.split_last() else { return Err(CoreErrorKind::Bands) };
        let rise = others.is_sorted_by(|a, b| a.upto < b.upto);
        if last.upto.is_some() || others.iter().any(|band| band.upto.is_none()) || !rise {
            return Err(CoreErrorKind::Bands);
        }
        others.iter().filter_map(|band| band.upto).try_for_each(nat)?;
        if self.settled_by_call() {
            return Err(CoreErrorKind::ByCall("a charge at close"));
        }
        Ok(())
    }

    /// What needs money, and what does not stand beside it.
    fn check_money(&self) -> Result<(), CoreError> {
        let spend = |limit: &Limit| matches!(limit.kind, LimitKind::Spend { .. });
        let spend = (0_u32..).zip(&self.limits).find(|(_, limit)| spend(limit)).map(|(i, _)| i);
        if self.money.is_none() {
            let wanting = [
                (18, spend, spend.is_some(), "a spend limit"),
                (26, None, self.prepaid.is_some(), "prepaid credit"),
                (28, None, !self.royalties.is_empty(), "a royalty"),
            ];
            if let Some((key, index, _, what)) = wanting.into_iter().find(|(_, _, there, _)| *there) {
                return Err(at(key, index)(CoreErrorKind::NoMoney(what)));
            }
        }
        if !self.at_close.is_empty() && (spend.is_some() || self.prepaid.is_some()) {
            return Err(at(27, None)(CoreErrorKind::Beside));
        }
        Ok(())
    }

    fn check_royalties(&self) -> Result<(), CoreError> {
        at_most(self.royalties.len(), MAX_PARTS, "royalties").map_err(at(28, None))?;
        for (i, it) in (0..).zip(&self.royalties) {
            name(&it.handle).and_then(|()| ratio(it.part)).map_err(at(28, i))?;
        }
        if !self.royalties.is_sorted_by(|a, b| (a.licence, &a.handle) < (b.licence, &b.handle)) {
            return Err(at(28, None)(CoreErrorKind::Order("royalties")));
        }
        let royalty = |it: &Royalty| {
            let of = match it.basis {
                Basis::Charges => None,
                Basis::Royalty(index) => Some(index),
            };
            (it.part.num, it.part.den, of)
        };
        let royalties: Vec<_> = self.royalties.iter().map(royalty).collect();
        let plain = |list: &[(String, Ratio)]| -> Vec<_> {
            list.iter().map(|(_, part)| (part.num, part.den)).collect()
        };
        let (cuts, shares) = self
            .split
            .as_ref()
            .map_or_else(Default::default, |split| (plain(&split.first_cuts), plain(&split.shares)));
        let key = if self.royalties.is_empty() { 21 } else { 28 };
        match divide(&cuts, &royalties, &shares) {
            Ok(_) => Ok(()),
            Err(PartsError::Basis(i)) => Err(at(28, i)(CoreErrorKind::Basis)),
            Err(PartsError::Negative) => Err(at(key, None)(CoreErrorKind::GivenAway)),
            Err(PartsError::TooLarge) => Err(at(key, None)(CoreErrorKind::Parts)),
        }
    }

    /// The first cuts of a split.
    pub(super) fn first_cuts(split: &Split) -> Checked {
        at_most(split.first_cuts.len(), MAX_PARTS, "first cuts")?;
        split.first_cuts.iter().try_for_each(|(handle, part)| name(handle).and_then(|()| ratio(*part)))
    }
}

/// Settlement and sharing know the windows of `core.md` only.
pub(super) fn settled(window: Window) -> Checked {
    if window <= Window::Call { Ok(()) } else { Err(CoreErrorKind::Window(window)) }
}

fn length(period: Period) -> Nat {
    let (Period::Seconds(n) | Period::Days(n) | Period::Months(n)) = period;
    n
}

fn some_time(time: Period, what: &'static str) -> Checked {
    period(time)?;
    if length(time) == 0 { Err(CoreErrorKind::Zero(what)) } else { Ok(()) }
}
