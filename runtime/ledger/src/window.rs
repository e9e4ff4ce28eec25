//! The windows of money: which settlement or sharing window an instant lies in.
//!
//! The VM tells the windows of a licence's counters. A coarser window follows from a finer one's index, and in UTC
//! every window follows from the instant. What neither gives (a licence in another calendar that counts nothing over
//! a window as fine) cannot be told here, and is refused rather than guessed.

use licit_vm::{Bound, Window};

use crate::licence::Licence;

const DAY_MICROS: u64 = 86_400_000_000;

/// The index of the window of this kind (`spec/core.md` section 8); none where it cannot be told.
pub(crate) fn index(licence: &Licence, bound: &Bound, kind: Window, used_at: u64) -> Option<i64> {
    if matches!(kind, Window::Term | Window::Call) {
        return Some(0);
    }
    let known = |window| bound.reads().iter().find(|read| read.window_kind == window).map(|read| read.window);
    if let Some(index) = known(kind) {
        return Some(index);
    }
    let utc = licence.manifest().calendar.is_none().then_some((used_at / DAY_MICROS) as i64);
    let day = known(Window::Day).or(utc);
    match kind {
        Window::Day => day,
        Window::Week => Some(day?.checked_add(3)?.div_euclid(7)),
        Window::Month => Some(month_of(day?)),
        Window::Quarter => Some(known(Window::Month).or(day.map(month_of))?.div_euclid(3)),
        Window::Year => {
            let month = known(Window::Month).or(day.map(month_of)).map(|month| month.div_euclid(12));
            month.or(known(Window::Quarter).map(|quarter| quarter.div_euclid(4)))
        }
        Window::Term | Window::Call => Some(0),
    }
}

/// The month, counted from January 1970, of a civil day, counted from 1970-01-01 (proleptic Gregorian).
fn month_of(day: i64) -> i64 {
    // Years are counted from March, so that the day of a leap year comes last; eras are 400 years long.
    let day = day.clamp(-1_000_000_000, 1_000_000_000) + 719_468;
    let (era, day) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    // March is the third month: January and February belong to the year that follows.
    12 * (year + 400 * era - 1970) + month_from_march + 2
}

#[cfg(test)]
mod tests {
    use super::month_of;

    /// The plainest way to count: month by month, from January 1970.
    #[test]
    fn months_are_those_of_the_calendar() {
        let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let mut day = 0;
        for month in 0..12 * 8030 {
            let (year, of_year) = (1970 + month / 12, month % 12);
            let days = match of_year {
                1 => 28 + i64::from(leap(year)),
                3 | 5 | 8 | 10 => 30,
                _ => 31,
            };
            assert_eq!((month_of(day), month_of(day + days - 1)), (month, month), "{year}-{}", of_year + 1);
            day += days;
        }
        assert_eq!(month_of(-1), -1);
        assert_eq!(month_of(-31), -1);
        assert_eq!(month_of(-32), -2);
    }
}
