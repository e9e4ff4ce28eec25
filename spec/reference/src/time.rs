//! Section 8: civil time. Instants are microseconds since 1970-01-01T00:00Z, wide enough that no sum overflows.

use crate::core::{Period, Point, Window};

/// The offsets of a time zone: an input of every evaluation, never looked up here.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Zone {
    /// Seconds east of UTC before the first transition.
    pub initial: i32,
    /// In ascending order: the instant (seconds since 1970-01-01T00:00Z) and the offset from it on (seconds east of UTC).
    pub transitions: Vec<(i64, i32)>,
}

const SECOND: i128 = 1_000_000;
const DAY: i128 = 86_400 * SECOND;
/// 10000-01-01T00:00Z, where all sums end.
const LATEST: i128 = 2_932_897 * DAY;

impl Zone {
    /// The stretches of constant offset, in order: start, end (excluded), offset.
    fn stretches(&self) -> impl Iterator<Item = (i128, i128, i128)> {
        let changes = self
            .transitions
            .iter()
            .map(|(at, offset)| (i128::from(*at) * SECOND, i128::from(*offset) * SECOND));
        let ends = changes.clone().map(|(at, _)| at).chain([i128::MAX]);
        let starts = [(i128::MIN, i128::from(self.initial) * SECOND)].into_iter().chain(changes);
        starts.zip(ends).map(|((start, offset), end)| (start, end, offset))
    }

    /// `local(t)`: the civil time at `t`, as the microseconds since 1970-01-01T00:00 of a clock without changes.
    fn local(&self, t: i128) -> i128 {
        let here = self.stretches().filter(|(start, _, _)| *start <= t).last();
        t + here.map_or(0, |(_, _, offset)| offset)
    }

    /// The instant of a civil time: the first whose local time is not before it.
    fn instant(&self, civil: i128) -> i128 {
        let found = self
            .stretches()
            .map(|(start, end, offset)| (start.max(civil - offset), end))
            .find(|(t, end)| t < end);
        found.map_or(civil, |(t, _)| t)
    }

    /// `t + period`.
    pub(crate) fn add(&self, t: i128, period: Period) -> i128 {
        let sum = match period {
            Period::Seconds(n) => t + i128::from(n) * SECOND,
            Period::Days(n) => self.instant(self.local(t) + i128::from(n) * DAY),
            Period::Months(n) => {
                let local = self.local(t);
                let (year, month, day) = civil_from_days(local.div_euclid(DAY));
                let months = 12 * year + (month - 1) + i128::from(n);
                let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
                let day = day.min(days_in_month(year, month));
                self.instant(days_from_civil(year, month, day) * DAY + local.rem_euclid(DAY))
            }
        };
        sum.min(LATEST)
    }

    /// The instant of a point of the term (section 2, key 13).
    pub(crate) fn point(&self, point: Point) -> i128 {
        match point {
            Point::Date(days) => self.instant(i128::from(days) * DAY),
            Point::Instant(t) => i128::from(t),
        }
    }

    /// The index of the window in which `t` lies.
    pub(crate) fn index(&self, window: Window, t: i128) -> i128 {
        let d = self.local(t).div_euclid(DAY);
        let (y, m, _) = civil_from_days(d);
        match window {
            Window::Day => d,
            Window::Week => (d + 3).div_euclid(7),
            Window::Month => 12 * (y - 1970) + m - 1,
            Window::Quarter => 4 * (y - 1970) + (m - 1) / 3,
            Window::Year => y - 1970,
            Window::Term | Window::Call => 0,
        }
    }
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
pub(crate) fn days_from_civil(year: i128, month: i128, day: i128) -> i128 {
    // Years that begin in March put the leap day last; 153 days are the five months from March to July.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leaps = y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400);
    365 * y + leaps + (153 * m + 2) / 5 + day - 1 - 719_468
}

/// The date (year, month, day) that lies `days` after 1970-01-01.
pub(crate) fn civil_from_days(days: i128) -> (i128, i128, i128) {
    // The estimate is never late and at most one year early: 146,097 days are 400 years.
    let mut year = 1970 + (days * 400).div_euclid(146_097) - 1;
    while days_from_civil(year + 1, 1, 1) <= days {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && days_from_civil(year, month + 1, 1) <= days {
        month += 1;
    }
    (year, month, days - days_from_civil(year, month, 1) + 1)
}

pub(crate) fn days_in_month(year: i128, month: i128) -> i128 {
    let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    days_from_civil(next_year, next_month, 1) - days_from_civil(year, month, 1)
}
