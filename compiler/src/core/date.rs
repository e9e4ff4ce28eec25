//! Dates and instants as words of the text form: `2026-01-01`, `2026-01-01T00:00:00.5Z`.

use super::Point;

const DAY: u64 = 86_400_000_000;

/// Days since 1970-01-01 of a civil date (proleptic Gregorian).
fn days(year: u64, month: u64, day: u64) -> u64 {
    // Years from March, so that the leap day comes last.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = y / 4 - y / 100 + y / 400;
    y * 365 + leap_days + (153 * m + 2) / 5 + day - 1 - 719_468
}

/// Year, month and day of days since 1970-01-01.
fn civil(days: u64) -> (u64, u64, u64) {
    let from_march_of_year_0 = days + 719_468;
    let (era, of_era) = (from_march_of_year_0 / 146_097, from_march_of_year_0 % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let m = (5 * of_year + 2) / 153;
    let day = of_year - (153 * m + 2) / 5 + 1;
    let month = if m < 10 { m + 3 } else { m - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

impl Point {
    /// The word for this point, a date or an instant before the year 10000.
    pub(super) fn word(self) -> String {
        let (days, micros) = match self {
            Point::Date(days) => (days, None),
            Point::Instant(micros) => (micros / DAY, Some(micros % DAY)),
            Point::Anchored { .. } => return "not-a-date".to_owned(),
        };
        if days > 3_000_000 {
            return "after-the-year-9999".to_owned();
        }
        let (y, m, d) = civil(days);
        let date = format!("{y:04}-{m:02}-{d:02}");
        let Some(micros) = micros else { return date };
        let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
        let time = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        let fraction = if fraction > 0 { format!(".{fraction:06}") } else { String::new() };
        format!("{date}T{time}{fraction}Z")
    }

    /// The point of a word: a date from 1970-01-01 to 9999-12-31, with a time and `Z` an instant.
    pub(super) fn from_word(word: &str) -> Option<Point> {
        let (date, time) = word.split_once('T').map_or((word, None), |(date, time)| (date, Some(time)));
        let mut parts = date.split('-');
        let (y, m, d) = (number(parts.next()?, 4)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
        if y < 1970 || !(1..=12).contains(&m) || parts.next().is_some() || d == 0 {
            return None;
        }
        let days = days(y, m, d);
        if civil(days) != (y, m, d) {
            return None;
        }
        let Some(time) = time else { return Some(Point::Date(days)) };
        let time = time.strip_suffix('Z')?;
        let (time, fraction) = time.split_once('.').map_or((time, 0), |(time, digits)| {
            let width = digits.len();
            let fraction = number(digits, width).filter(|_| (1..=6).contains(&width));
            (time, fraction.map_or(u64::MAX, |n| n * 10_u64.pow(6 - width as u32)))
        });
        let mut parts = time.split(':');
        let (hour, minute, second) =
            (number(parts.next()?, 2)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
        if hour > 23 || minute > 59 || second > 59 || fraction >= 1_000_000 || parts.next().is_some() {
            return None;
        }
        Some(Point::Instant(days * DAY + (hour * 3600 + minute * 60 + second) * 1_000_000 + fraction))
    }
}

/// A number of exactly `width` digits.
fn number(digits: &str, width: usize) -> Option<u64> {
    let fits = digits.len() == width && digits.bytes().all(|c| c.is_ascii_digit());
    fits.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_has_its_word() {
        // A whole cycle of 400 years, and the end of the range.
        for day in (0..146_097).chain(2_932_000..2_932_897) {
            assert_eq!(Point::from_word(&Point::Date(day).word()), Some(Point::Date(day)));
        }
        assert_eq!(Point::Date(2_932_896).word(), "9999-12-31");
        assert_eq!(Point::Date(11_016).word(), "2000-02-29");
    }

    #[test]
    fn instants_keep_their_microseconds() {
        for (word, micros) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-02T23:59:59.999999Z", 2 * DAY - 1),
            ("2026-01-01T12:30:00.500000Z", 20_454 * DAY + 45_000 * 1_000_000 + 500_000),
        ] {
            assert_eq!(Point::from_word(word), Some(Point::Instant(micros)), "{word}");
            assert_eq!(Point::Instant(micros).word(), word);
        }
        assert_eq!(Point::from_word("1970-01-01T00:00:00.5Z"), Some(Point::Instant(500_000)));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for word in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-01",
            "2026-01-00",
            "2026-1-1",
            "1969-12-31",
            "10000-01-01",
            "2026-01-01-01",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:60Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00.1234567Z",
            "2026-01-01T00:00Z",
            "",
            "-",
            "+026-01-01",
        ] {
            assert_eq!(Point::from_word(word), None, "{word}");
        }
    }
}
