//! Civil time: dates, windows and periods over an embedded zone table (`spec/core.md` section 8). Proleptic Gregorian.

use crate::request::Renewal;
use alloc::vec::Vec;
use licit_bytecode::{Period, Window, ZoneChange};

/// Microseconds in a second.
const MICROS: i64 = 1_000_000;
/// Seconds in a day.
const DAY: i64 = 86_400;
/// 10000-01-01T00:00Z in seconds: no instant lies behind it.
const END: i64 = crate::request::END_OF_TIME / MICROS;
/// Days from 1970-01-01 to 10000-01-01.
const END_DAYS: i64 = END / DAY;
/// Further than any clock offset, in seconds.
const OFFSETS: i64 = 2 * DAY;

/// A civil date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Date {
    year: i64,
    /// 1 to 12.
    month: i64,
    /// 1 to 31.
    day: i64,
}

/// Days since 1970-01-01 of a date. Years are counted from March, so that the leap day is the last of its year.
fn days(date: Date) -> i64 {
    let year = date.year - i64::from(date.month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((date.month + 9) % 12) + 2) / 5 + date.day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468
}

/// The date that lies `days` after 1970-01-01.
fn date(days: i64) -> Date {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    Date {
        year: year_of_era + era * 400 + i64::from(month <= 2),
        month,
        day: day_of_year - (153 * from_march + 2) / 5 + 1,
    }
}

/// The first day of month `index`, counted from January 1970.
fn month_start(index: i64) -> i64 {
    days(Date { year: 1970 + index.div_euclid(12), month: index.rem_euclid(12) + 1, day: 1 })
}

/// The microseconds of a window that does not follow the calendar.
fn exact(window: Window) -> Option<i64> {
    match window {
        Window::Second => Some(MICROS),
        Window::Minute => Some(60 * MICROS),
        Window::Hour => Some(3_600 * MICROS),
        _ => None,
    }
}

/// The first day of a calendar window, in days since 1970-01-01; days that no instant comes near are all alike.
fn first_day(window: Window, index: i64) -> Option<i64> {
    let day = match window {
        Window::Day => index,
        Window::Week => 7 * index - 3,
        Window::Month => month_start(index),
        Window::Quarter => month_start(3 * index),
        Window::Year => month_start(12 * index),
        _ => return None,
    };
    Some(day.clamp(-3, END_DAYS + 3))
}

/// A stretch of constant offset, in seconds: half-open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    from: i64,
    until: i64,
    offset: i64,
}

/// The clock changes that a module embeds; without any, UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Zone {
    /// Seconds and offset, ascending; the first stands for the beginning of time.
    changes: Vec<(i64, i32)>,
}

/// An index that holds in `[start, end)`, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) index: i64,
}

impl Zone {
    /// From a verified section.
    pub(crate) fn new(section: &[ZoneChange]) -> Self {
        Self { changes: section.iter().map(|z| (z.at, z.offset)).collect() }
    }

    /// The stretch that begins with change number `i`.
    fn stretch(&self, i: usize) -> Stretch {
        let (from, offset) = self.changes.get(i).copied().unwrap_or((i64::MIN, 0));
        let until = self.changes.get(i + 1).map_or(i64::MAX, |c| c.0);
        Stretch { from, until, offset: i64::from(offset) }
    }

    /// The stretch that holds the instant `at`, in seconds.
    fn stretch_at(&self, at: i64) -> Stretch {
        self.stretch(self.changes.partition_point(|c| c.0 <= at).saturating_sub(1))
    }

    /// The instant of a civil time given as seconds since 1970-01-01T00:00 of the civil clock. One that a change skips
    /// is the first instant after the change; one that occurs twice is the earlier.
    fn instant(&self, civil: i64) -> i64 {
        // No stretch that ends before the civil time less the largest offset can reach it.
        let mut i = self.changes.partition_point(|c| c.0 <= civil - OFFSETS).saturating_sub(1);
        loop {
            let s = self.stretch(i);
            let at = civil - s.offset;
            if at < s.until {
                return at.max(s.from);
            }
            i += 1;
        }
    }

    /// `at` plus a period, both in microseconds; at most [`END_OF_TIME`](crate::END_OF_TIME).
    pub(crate) fn add(&self, at: i64, period: &Period) -> i64 {
        let (second, micros) = (at.div_euclid(MICROS), at.rem_euclid(MICROS));
        let civil = second + self.stretch_at(second).offset;
        let (day, time) = (civil.div_euclid(DAY), civil.rem_euclid(DAY));
        // More than this is past the end, even from the first instant that a number can name.
        let small = |n: &u128| i64::try_from(*n).unwrap_or(i64::MAX).min(1 << 44);
        let landed = match period {
            Period::Seconds { n } => {
                let sum = second + small(n);
                return if sum >= END {
                    crate::END_OF_TIME
                } else {
                    sum.saturating_mul(MICROS).saturating_add(micros)
                };
            }
            Period::Days { n } => day + small(n),
            Period::Months { n } => {
                let d = date(day);
                let month = 12 * (d.year - 1970) + d.month - 1 + small(n).min(1 << 24);
                let last = month_start(month + 1) - 1;
                (month_start(month) + d.day - 1).min(last)
            }
        };
        // Further out every instant is past the end, whatever the offset.
        let wanted = landed.min(END_DAYS + 3) * DAY + time;
        let at = self.instant(wanted);
        // Inside a gap the first instant after the change is a whole second.
        let skipped = at + self.stretch_at(at).offset != wanted;
        let at = at.saturating_mul(MICROS).saturating_add(if skipped { 0 } else { micros });
        at.min(crate::END_OF_TIME)
    }

    /// The first instant of a date given as days since 1970-01-01, in microseconds; at most
    /// [`END_OF_TIME`](crate::END_OF_TIME).
    pub(crate) fn date(&self, days: u64) -> i64 {
        let days = i64::try_from(days).unwrap_or(i64::MAX).min(END_DAYS + 3);
        (self.instant(days * DAY) * MICROS).min(crate::END_OF_TIME)
    }

    /// `at` plus so many periods, counted from `at` and not step by step; none of them is `at` itself.
    pub(crate) fn periods(&self, at: i64, period: &Period, count: u32) -> i64 {
        let times = |n: &u128| n.saturating_mul(count.into());
        match period {
            _ if count == 0 => at,
            Period::Seconds { n } => self.add(at, &Period::Seconds { n: times(n) }),
            Period::Days { n } => self.add(at, &Period::Days { n: times(n) }),
            Period::Months { n } => self.add(at, &Period::Months { n: times(n) }),
        }
    }

    /// The paid period of `at`: its first instant is its index; the last one holds all that follows. Before the anchor
    /// the index is the anchor.
    pub(crate) fn renewed(&self, at: i64, period: &Period, renewal: Renewal) -> Span {
        let start = |count| self.periods(renewal.anchor, period, count);
        // The most periods that do not end after `at`, by halves: their ends rise.
        let (mut low, mut high) = (0, renewal.periods.saturating_sub(1));
        while low < high {
            let middle = high - (high - low) / 2;
            if start(middle) <= at { low = middle } else { high = middle - 1 }
        }
        let index = start(low).max(renewal.anchor);
        if at < index {
            return Span { start: at, end: at, index: renewal.anchor };
        }
        let end = if low < renewal.periods.saturating_sub(1) { start(low + 1) } else { i64::MAX };
        Span { start: index, end, index }
    }

    /// The first instant of calendar window `index`, in microseconds; none for windows that are not of the calendar.
    fn begins(&self, window: Window, index: i64) -> Option<i64> {
        Some(self.instant(first_day(window, index)? * DAY) * MICROS)
    }

    /// The first instant from which on no instant lies in calendar window `index` or before it. A clock that is put back
    /// at midnight shows the old day again.
    fn ends(&self, window: Window, index: i64) -> Option<i64> {
        let civil = first_day(window, index + 1)? * DAY;
        let later = self.changes.partition_point(|c| c.0 <= civil + OFFSETS);
        let stretches = (0..later.max(1)).rev().map(|i| self.stretch(i));
        let last = stretches.into_iter().find(|s| s.from.saturating_add(s.offset) < civil);
        Some(last.map_or(i64::MIN, |s| s.until.min(civil - s.offset).saturating_mul(MICROS)))
    }

    /// From its first instant to before the first one that is past it, within the time that requests may have.
    pub(crate) fn extent(&self, window: Window, index: i64) -> (i64, i64) {
        let within = |at: i64| at.clamp(0, crate::END_OF_TIME);
        if let Some(length) = exact(window) {
            let start = index.saturating_mul(length);
            return (within(start), within(start.saturating_add(length)));
        }
        // Further than any date either way.
        let near = index.clamp(-1, END_DAYS + 1);
        let start = self.begins(window, near).map_or(0, within);
        (start, self.ends(window, near).map_or(crate::END_OF_TIME, within))
    }

    /// The window of `at` (microseconds): its index, and a stretch of instants around `at` that have the same one.
    pub(crate) fn window(&self, at: i64, window: Window) -> Span {
        if let Some(length) = exact(window) {
            let index = at.div_euclid(length);
            return Span { start: index * length, end: (index * length).saturating_add(length), index };
        }
        let second = at.div_euclid(MICROS);
        let s = self.stretch_at(second);
        let day = (second + s.offset).div_euclid(DAY);
        let month = |d: Date| 12 * (d.year - 1970) + d.month - 1;
        let (index, first, next) = match window {
            Window::Day => (day, day, day + 1),
            Window::Week => {
                let week = (day + 3).div_euclid(7);
                (week, 7 * week - 3, 7 * week + 4)
            }
            Window::Month => {
                let m = month(date(day));
                (m, month_start(m), month_start(m + 1))
            }
            Window::Quarter => {
                let q = month(date(day)).div_euclid(3);
                (q, month_start(3 * q), month_start(3 * q + 3))
            }
            Window::Year => {
                let y = date(day).year - 1970;
                (y, month_start(12 * y), month_start(12 * y + 12))
            }
            // Those of UTC were answered, the renewal's is told from the renewal.
            _ => return Span { start: i64::MIN, end: i64::MAX, index: 0 },
        };
        // Within one stretch the civil clock runs evenly, so that both ends are exact there.
        let start = (first * DAY - s.offset).max(s.from);
        let end = (next * DAY - s.offset).min(s.until);
        Span { start: start.saturating_mul(MICROS), end: end.saturating_mul(MICROS), index }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Two hours east from April 1970 to October 1970, one otherwise.
    fn zone() -> Zone {
        let (spring, autumn) = (90 * DAY + 3600, 280 * DAY + 3600);
        Zone { changes: alloc::vec![(i64::MIN, 3600), (spring, 7200), (autumn, 3600)] }
    }

    #[test]
    fn civil_dates() {
        assert_eq!(date(0), Date { year: 1970, month: 1, day: 1 });
        assert_eq!(date(11_016), Date { year: 2000, month: 2, day: 29 });
        assert_eq!(date(-1), Date { year: 1969, month: 12, day: 31 });
        assert_eq!(days(Date { year: 10000, month: 1, day: 1 }), END_DAYS);
        for d in -800_000..3_000_000 {
            assert_eq!(days(date(d)), d);
        }
    }

    #[test]
    fn skipped_and_repeated() {
        let z = zone();
        let day = 90 * DAY;
        // 02:30 on the spring day does not exist: 03:00 summer time, which is 01:00Z.
        assert_eq!(z.instant(day + 2 * 3600 + 1800), day + 3600);
        assert_eq!(z.instant(day + 3600 + 1800), day + 1800);
        assert_eq!(z.instant(day + 3 * 3600), day + 3600);
        // 02:30 on the autumn day occurs at 00:30Z and 01:30Z.
        let day = 280 * DAY;
        assert_eq!(z.instant(day + 2 * 3600 + 1800), day + 1800);
        assert_eq!(z.instant(day + 3 * 3600), day + 2 * 3600);
        // A day later than 02:30 on the day before is the first instant after the change, without the fraction.
        let before = (89 * DAY + 3600 + 1800) * MICROS + 5;
        assert_eq!(z.add(before, &Period::Days { n: 1 }), (90 * DAY + 3600) * MICROS);
        assert_eq!(z.add(before, &Period::Days { n: 2 }), (91 * DAY + 1800) * MICROS + 5);
    }

    #[test]
    fn months_are_clamped_and_the_end_is_the_end() {
        let z = Zone::default();
        let at = |year, month, day| days(Date { year, month, day }) * DAY * MICROS + 7;
        assert_eq!(z.add(at(2027, 1, 31), &Period::Months { n: 1 }), at(2027, 2, 28));
        assert_eq!(z.add(at(2028, 1, 31), &Period::Months { n: 1 }), at(2028, 2, 29));
        assert_eq!(z.add(at(2027, 12, 31), &Period::Months { n: 14 }), at(2029, 2, 28));
        assert_eq!(z.add(at(9999, 12, 1), &Period::Months { n: 1 }), crate::END_OF_TIME);
        // From the first instant there is to the last: 292,000 years back, and more than that on.
        for p in [Period::Seconds { n: 1 << 44 }, Period::Days { n: 1 << 28 }, Period::Months { n: 1 << 23 }]
        {
            assert_eq!(z.add(i64::MIN, &p), crate::END_OF_TIME);
            assert_eq!(zone().add(i64::MAX, &p), crate::END_OF_TIME);
        }
        for p in [Period::Seconds { n: 0 }, Period::Days { n: 0 }, Period::Months { n: 0 }] {
            assert!(zone().add(i64::MIN, &p) < i64::MIN / 2);
        }
        for n in [1, 1 << 30, 1 << 70, licit_bytecode::limits::NAT] {
            assert_eq!(z.add(at(9999, 12, 31), &Period::Days { n }), crate::END_OF_TIME);
            assert_eq!(
                z.add(at(9999, 12, 31), &Period::Seconds { n: n.saturating_mul(86_400) }),
                crate::END_OF_TIME
            );
            assert_eq!(z.add(at(9999, 12, 31), &Period::Months { n }), crate::END_OF_TIME);
        }
    }

    #[test]
    fn indices() {
        let z = Zone::default();
        let at = |year, month, day| days(Date { year, month, day }) * DAY * MICROS;
        let index = |t, w| z.window(t, w).index;
        assert_eq!(index(at(1970, 1, 4), Window::Week), 0);
        assert_eq!(index(at(1970, 1, 5), Window::Week), 1);
        assert_eq!(index(at(2026, 11, 22), Window::Month), 12 * 56 + 10);
        assert_eq!(index(at(2026, 11, 22), Window::Quarter), 4 * 56 + 3);
        assert_eq!(index(at(2026, 11, 22), Window::Year), 56);
        assert_eq!(index(at(2026, 11, 22), Window::Term), 0);
        // Half past eleven in the evening of New Year's Eve in UTC is already the new year one hour east.
        let eve = at(1971, 1, 1) - 1_800 * MICROS;
        assert_eq!((index(eve, Window::Year), zone().window(eve, Window::Year).index), (0, 1));
    }

    fn zones() -> impl Strategy<Value = Zone> {
        let changes = prop::collection::btree_map(-1_000_000_000i64..5_000_000_000, -93_600i32..93_600, 0..6);
        (any::<bool>(), -50_000i32..50_000, changes).prop_map(|(dense, first, changes)| {
            let mut out = alloc::vec![(i64::MIN, first)];
            out.extend(changes.into_iter().map(|(t, o)| (if dense { t / 20_000 } else { t }, o)));
            out.dedup_by_key(|c| c.0);
            Zone { changes: out }
        })
    }

    proptest! {
        #[test]
        fn spans_hold_their_index(z in zones(), at in 0i64..5_000_000_000_000_000, kind in 0usize..6) {
            let window = licit_bytecode::Window::ALL[kind];
            let span = z.window(at, window);
            prop_assert!(span.start <= at && at < span.end);
            for t in [span.start.max(0), span.end - 1, i64::midpoint(span.start.max(0), span.end.min(1 << 53))] {
                prop_assert_eq!(z.window(t, window).index, span.index);
            }
        }

        #[test]
        fn instants_are_the_first_ones(z in zones(), civil in -200_000i64..200_000) {
            let at = z.instant(civil);
            let local = |t| t + z.stretch_at(t).offset;
            // Nothing earlier shows the civil time or a later one.
            for t in [at - 1, at - 2, at - 3600, at - 90_000] {
                prop_assert!(local(t) < civil, "{} shows {}", t, local(t));
            }
            prop_assert!(local(at) >= civil);
        }

        #[test]
        fn sums_never_go_back(z in zones(), at in prop_oneof![3 => 0i64..crate::END_OF_TIME, 1 => i64::MIN..crate::END_OF_TIME], n in any::<u64>(), shift in 0u32..64) {
            let n = u128::from(n >> shift);
            let sum = z.add(at, &Period::Seconds { n });
            prop_assert!(sum >= at && sum <= crate::END_OF_TIME);
            for p in [Period::Days { n }, Period::Months { n }] {
                let sum = z.add(at, &p);
                prop_assert!(sum <= crate::END_OF_TIME);
            }
        }
    }
}
