//! Section 8: civil time. Instants are microseconds since 1970-01-01T00:00Z, wide enough that no sum overflows.

use crate::core::{Period, Window};

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

    /// The first instant of a date, given as days since 1970-01-01.
    pub(crate) fn date(&self, days: u64) -> i128 {
        self.instant(i128::from(days) * DAY)
    }

    /// `anchor + n periods`, computed from the anchor, not step by step; no periods after it is the anchor itself.
    pub(crate) fn periods(&self, anchor: i128, period: Period, n: u32) -> i128 {
        let times = |length: u64| length.saturating_mul(u64::from(n));
        let all = match period {
            Period::Seconds(length) => Period::Seconds(times(length)),
            Period::Days(length) => Period::Days(times(length)),
            Period::Months(length) => Period::Months(times(length)),
        };
        if n == 0 { anchor } else { self.add(anchor, all) }
    }

    /// The first instant of the period in which `t` lies, of the `n` periods from `anchor` on; what comes after the last
    /// one belongs to it.
    pub(crate) fn period_of(&self, anchor: i128, period: Period, n: u32, t: i128) -> i128 {
        // The largest k below n with `anchor + k periods` not after t: these sums never fall, so halving finds it.
        let (mut low, mut high) = (0, n);
        while high > low + 1 {
            let middle = low + (high - low) / 2;
            if self.periods(anchor, period, middle) <= t {
                low = middle;
            } else {
                high = middle;
            }
        }
        self.periods(anchor, period, low)
    }

    /// The index of the window in which `t` lies. (That of a renewal window hangs on more: `period_of`.)
    pub(crate) fn index(&self, window: Window, t: i128) -> i128 {
        let d = self.local(t).div_euclid(DAY);
        let (y, m, _) = civil_from_days(d);
        match window {
            Window::Day => d,
            Window::Week => (d + 3).div_euclid(7),
            Window::Month => 12 * (y - 1970) + m - 1,
            Window::Quarter => 4 * (y - 1970) + (m - 1) / 3,
            Window::Year => y - 1970,
            Window::Term | Window::Call | Window::Renewal => 0,
            Window::Second => t.div_euclid(SECOND),
            Window::Minute => t.div_euclid(60 * SECOND),
            Window::Hour => t.div_euclid(3600 * SECOND),
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

#[cfg(test)]
mod tests {
    use jiff::tz::{AmbiguousOffset, TimeZone};
    use jiff::{Timestamp, ToSpan, civil};

    use super::*;

    /// Every day of the proleptic calendar that jiff knows, there and back.
    #[test]
    fn dates_agree_with_jiff() {
        let epoch = civil::date(1970, 1, 1);
        let mut date = civil::date(-400, 1, 1);
        while date < civil::date(9999, 12, 1) {
            let (year, month, day) = (date.year().into(), date.month().into(), date.day().into());
            let days = days_from_civil(year, month, day);
            assert_eq!(days, i128::from(epoch.until(date).unwrap().get_days()), "{date}");
            assert_eq!(civil_from_days(days), (year, month, day), "{date}");
            assert_eq!(days_in_month(year, month), date.days_in_month().into(), "{date}");
            // Two steps without a common factor reach month ends and leap days of all kinds of years.
            date = date.checked_add(if date.year() % 20 == 0 { 1.day() } else { 13.days() }).unwrap();
        }
        assert_eq!(LATEST, days_from_civil(10000, 1, 1) * DAY);
    }

    /// The offsets of a real zone between two instants.
    fn zone(tz: &TimeZone, from: Timestamp, to: Timestamp) -> Zone {
        let transitions = tz.following(from).take_while(|change| change.timestamp() < to);
        Zone {
            initial: tz.to_offset(from).seconds(),
            transitions: transitions
                .map(|change| (change.timestamp().as_second(), change.offset().seconds()))
                .collect(),
        }
    }

    fn micros(timestamp: Timestamp) -> i128 {
        timestamp.as_microsecond().into()
    }

    #[test]
    fn zones_agree_with_jiff() {
        let [from, to]: [Timestamp; 2] =
            ["2005-01-01T00:00Z", "2030-01-01T00:00Z"].map(|t| t.parse().unwrap());
        // Half an hour of summer time, a day that did not happen, changes at midnight, and ordinary ones.
        for name in [
            "Australia/Lord_Howe",
            "Pacific/Apia",
            "America/Sao_Paulo",
            "Asia/Amman",
            "Europe/Paris",
            "America/New_York",
            "UTC",
        ] {
            let tz = TimeZone::get(name).unwrap();
            let zone = zone(&tz, from, to);
            // The days around each change, and some others.
            let changes = tz.following(from).take_while(|change| change.timestamp() < to);
            let around = changes.flat_map(|change| {
                let date = tz.to_datetime(change.timestamp()).date();
                [-2, -1, 0, 1].map(|days| date.checked_add(days.days()).unwrap())
            });
            let others =
                civil::date(2005, 1, 3).series(37.days()).take_while(|date| *date < civil::date(2029, 12, 1));
            for date in around.chain(others) {
                let days = days_from_civil(date.year().into(), date.month().into(), date.day().into());
                // jiff's start of a day that is skipped as a whole is of another day; the page's is the change.
                let start = date.to_zoned(tz.clone()).unwrap();
                if start.date() == date {
                    assert_eq!(zone.date(days as u64), micros(start.timestamp()), "{name} {date}");
                }
                for (hour, minute) in [(0, 0), (0, 30), (1, 45), (2, 0), (2, 15), (2, 30), (12, 0), (23, 59)]
                {
                    let time = date.at(hour, minute, 0, 0);
                    let civil = (days * 1440 + i128::from(hour) * 60 + i128::from(minute)) * 60 * SECOND;
                    let here = zone.instant(civil);
                    match tz.to_ambiguous_timestamp(time).offset() {
                        AmbiguousOffset::Unambiguous { offset }
                        | AmbiguousOffset::Fold { before: offset, .. } => {
                            assert_eq!(here, micros(offset.to_timestamp(time).unwrap()), "{name} {time}");
                            assert_eq!(zone.local(here), civil, "{name} {time}");
                        }
                        AmbiguousOffset::Gap { before, .. } => {
                            let after = before.to_timestamp(time).unwrap().checked_add(1.second()).unwrap();
                            let change = tz.preceding(after).next().unwrap().timestamp();
                            assert_eq!(here, micros(change), "{name} {time}");
                        }
                    }
                }
                let noon = date.at(12, 0, 0, 0).to_zoned(tz.clone()).unwrap();
                for (period, span) in [
                    (Period::Days(45), 45.days()),
                    (Period::Months(7), 7.months()),
                    (Period::Seconds(5), 5.seconds()),
                ] {
                    let sum = noon.checked_add(span).unwrap();
                    if sum.timestamp() < to && (sum.datetime() == noon.datetime() + span) {
                        assert_eq!(
                            zone.add(micros(noon.timestamp()), period),
                            micros(sum.timestamp()),
                            "{name} {noon}"
                        );
                    }
                }
            }
        }
    }

    /// A table that no clock ever followed is a table nevertheless.
    #[test]
    fn strange_zones_do_no_harm() {
        for zone in [
            Zone { initial: i32::MIN, transitions: vec![(i64::MIN, i32::MAX), (i64::MAX, i32::MIN)] },
            Zone { initial: i32::MAX, transitions: vec![(5, 5), (5, -5), (3, 9), (-7, i32::MAX)] },
        ] {
            for t in [i64::MIN, -1, 0, 5_000_000, i64::MAX].map(i128::from) {
                for n in [0, 1, u64::MAX] {
                    for period in [Period::Seconds(n), Period::Days(n), Period::Months(n)] {
                        assert!(zone.add(t, period) <= LATEST);
                        for count in [0, 1, u32::MAX] {
                            assert!(zone.period_of(t, period, count, t) <= LATEST.max(t));
                        }
                    }
                    zone.date(n);
                }
                for window in
                    [Window::Day, Window::Week, Window::Month, Window::Quarter, Window::Year, Window::Hour]
                {
                    zone.index(window, t);
                }
            }
        }
    }
}
