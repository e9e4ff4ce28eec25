//! Instants as texts: RFC 3339 in, RFC 3339 in UTC out; microseconds since 1970-01-01T00:00Z inside.

/// One second in microseconds.
const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Reads `2023-11-16T18:15:46.680590Z`: seconds and their fraction may be left out, the zone may not (`Z` or an
/// offset such as `+02:00`). A fraction finer than a microsecond is cut. The error says what is wrong.
pub fn parse(text: &str) -> Result<i64, String> {
    let bytes = text.as_bytes();
    let wrong =
        || format!("`{}` is no instant; one is written 2023-11-16T18:15:46Z", crate::shell::shown(text));
    let number = |range: std::ops::Range<usize>| -> Option<i64> {
        let part = bytes.get(range)?;
        part.iter()
            .try_fold(0i64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
    };
    let is = |at: usize, allowed: &[u8]| bytes.get(at).is_some_and(|byte| allowed.contains(byte));
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let (hour, minute) = (number(11..13), number(14..16));
    let (Some(year), Some(month), Some(day), Some(hour), Some(minute)) = (year, month, day, hour, minute)
    else {
        return Err(wrong());
    };
    if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":")) {
        return Err(wrong());
    }
    let mut at = 16;
    let (mut second, mut micros) = (0, 0);
    if is(at, b":") {
        second = number(at + 1..at + 3).ok_or_else(wrong)?;
        at += 3;
        if is(at, b".") {
            at += 1;
            let digits = bytes.iter().skip(at).take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                return Err(wrong());
            }
            let mut scale = SECOND / 10;
            for byte in bytes.iter().skip(at).take(digits.min(6)) {
                micros += i64::from(byte - b'0') * scale;
                scale /= 10;
            }
            at += digits;
        }
    }
    let offset = if is(at, b"Zz") {
        at += 1;
        0
    } else if is(at, b"+-") && is(at + 3, b":") {
        let hours = number(at + 1..at + 3).ok_or_else(wrong)?;
        let minutes = number(at + 4..at + 6).ok_or_else(wrong)?;
        if hours > 23 || minutes > 59 {
            return Err(wrong());
        }
        let east = (hours * 60 + minutes) * 60 * SECOND;
        let west = is(at, b"-");
        at += 6;
        if west { -east } else { east }
    } else {
        return Err(format!(
            "`{}` names no zone; end it with Z (UTC) or an offset such as +02:00",
            crate::shell::shown(text)
        ));
    };
    if at != bytes.len() {
        return Err(wrong());
    }
    if !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return Err(format!("there is no day {year:04}-{month:02}-{day:02}"));
    }
    // A leap second (:60) is the first instant of the next minute, as everywhere where seconds are counted.
    if hour > 23 || minute > 59 || second > 60 {
        return Err(format!("there is no time {hour:02}:{minute:02}:{second:02}"));
    }
    let seconds = (hour * 60 + minute) * 60 + second;
    Ok(days(year, month, day) * DAY + seconds * SECOND + micros - offset)
}

/// Reads `2026-05-31` as days since 1970-01-01; none if it is no date.
pub fn date(text: &str) -> Option<i64> {
    let (year_month, day) = text.rsplit_once('-')?;
    let (year, month) = self::month(year_month)?;
    let day = digits(day, 2).filter(|day| (1..=days_in(year, month)).contains(day))?;
    Some(days(year, month, day))
}

/// Reads `2026-05` as year and month; none if it is no month.
pub fn month(text: &str) -> Option<(i64, i64)> {
    let (year, month) = text.split_once('-')?;
    Some((digits(year, 4)?, digits(month, 2).filter(|month| (1..=12).contains(month))?))
}

fn digits(text: &str, count: usize) -> Option<i64> {
    let all = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if all { text.parse().ok() } else { None }
}

/// An instant as people and machines read it: `2023-11-16T18:15:46.680590Z`, the fraction only where it is not zero.
pub fn text(micros: i64) -> String {
    let (days, rest) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    let (year, month, day) = civil_from_days(days);
    let (seconds, fraction) = (rest / SECOND, rest % SECOND);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut out = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if fraction % 1_000 != 0 {
        out.push_str(&format!(".{fraction:06}"));
    } else if fraction != 0 {
        out.push_str(&format!(".{:03}", fraction / 1_000));
    }
    out.push('Z');
    out
}

/// The clock, in microseconds since 1970-01-01T00:00Z; 0 if it stands before.
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

fn days_in(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar: a year is taken to begin in March, so that the
/// leap day is its last.
pub fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a number of days since 1970-01-01.
pub fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_read_and_written_back() {
        for (input, output) in [
            ("1970-01-01T00:00Z", "1970-01-01T00:00:00Z"),
            ("2023-11-16T18:15:46.6805900Z", "2023-11-16T18:15:46.680590Z"),
            ("2024-02-29T23:59:59.5z", "2024-02-29T23:59:59.500Z"),
            ("2024-03-01T01:30:00+02:00", "2024-02-29T23:30:00Z"),
            ("9999-12-31 23:59:59Z", "9999-12-31T23:59:59Z"),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        ] {
            assert_eq!(parse(input).map(text).as_deref(), Ok(output), "{input}");
        }
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for input in [
            "",
            "2023",
            "2023-11-16",
            "2023-11-16T18:15",
            "2023-11-16T18:15:46",
            "2023-02-29T00:00Z",
            "2023-13-01T00:00Z",
            "2023-11-16T24:00Z",
            "2023-11-16T18:15:46.Z",
            "2023-11-16T18:15Zx",
            "2023-11-16T18:15+25:00",
            "２023-11-16T18:15Z",
            "2023-11-16T18:15:46.1é",
            "+023-11-16T18:15Z",
        ] {
            assert!(parse(input).is_err(), "{input}");
        }
    }

    #[test]
    fn dates_and_months_are_read() {
        assert_eq!(date("1970-01-02"), Some(1));
        assert_eq!(date("2024-02-29"), Some(19_782));
        assert_eq!(month("2026-05"), Some((2026, 5)));
        for text in ["", "2026", "2026-5", "2026-13", "2026-00", "26-05", "+026-05", "2026-05-1"] {
            assert_eq!(month(text), None, "{text}");
        }
        for text in ["", "2026-05", "2023-02-29", "2026-05-32", "2026-05-00", "2026-05-1x", "2026-05-01T"] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn days_and_dates_agree_for_six_thousand_years() {
        let mut expected = (0, 1, 1);
        for number in days(0, 1, 1)..days(6000, 1, 1) {
            assert_eq!(civil_from_days(number), expected);
            let (year, month, day) = expected;
            assert_eq!(days(year, month, day), number);
            expected = if day < days_in(year, month) {
                (year, month, day + 1)
            } else if month < 12 {
                (year, month + 1, 1)
            } else {
                (year + 1, 1, 1)
            };
        }
    }
}
