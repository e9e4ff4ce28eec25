//! How numbers, dates and times are spelt: reading the right spellings, and naming the wrong ones.
//!
//! The lexer cuts anything that begins like a number into one token, so that `1,000` or `31.12.2026` is one mistake
//! and not three.

use crate::ast::{ClockTime, Date, Dec};
use crate::error::{BadDate, BadNumber, ErrorKind};
use crate::token::Kind;

/// Reads `1_000`, `3.00`, `0.000_001`: digits in groups joined by `_`, at most one point. None if misspelt or too large.
pub fn decimal(text: &str) -> Option<Dec> {
    let (whole, fraction) =
        text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    if !is_grouped(whole) || !fraction.is_none_or(is_grouped) {
        return None;
    }
    let mut digits: u128 = 0;
    for digit in text.bytes().filter(u8::is_ascii_digit) {
        digits = digits.checked_mul(10)?.checked_add(u128::from(digit - b'0'))?;
    }
    let scale = fraction.map_or(0, |fraction| fraction.bytes().filter(u8::is_ascii_digit).count());
    Some(Dec { text: text.to_owned(), digits, scale: u32::try_from(scale).ok()? })
}

/// Non-empty groups of digits joined by single underscores.
fn is_grouped(text: &str) -> bool {
    text.split('_').all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The kind of a token that begins like a number, and what is wrong with it, if anything.
///
/// A misspelt number keeps the kind that it was meant to have, so that the parser goes on.
pub fn classify(text: &str) -> (Kind, Option<ErrorKind>) {
    if text.contains(':') {
        let wrong = clock_time(text).err().map(|why| ErrorKind::BadDate { why });
        return (Kind::Time, wrong);
    }
    let (written, kind_if_percent) = match text.strip_suffix('%') {
        Some(number) => (number, Some(Kind::Pct)),
        None => (text, None),
    };
    let number = written.trim_end();
    if number.len() < written.len() && decimal(number).is_some() {
        let suggestion = Some(format!("{number}%"));
        return (Kind::Pct, Some(ErrorKind::BadNumber { why: BadNumber::Suffix, suggestion }));
    }
    let written = if number.contains('.') { Kind::Dec } else { Kind::Int };
    if decimal(number).is_some() {
        return (kind_if_percent.unwrap_or(written), None);
    }
    if looks_like_date(number, '.') {
        return (Kind::Date, Some(ErrorKind::BadDate { why: BadDate::Spelling }));
    }
    let (why, suggestion) = misspelling(number);
    let meant = match &suggestion {
        Some(suggestion) if suggestion.contains('.') => Kind::Dec,
        Some(_) => Kind::Int,
        None if number.matches('.').count() == 1 => Kind::Dec,
        None => Kind::Int,
    };
    let suggestion =
        suggestion.map(|number| if kind_if_percent.is_some() { format!("{number}%") } else { number });
    (kind_if_percent.unwrap_or(meant), Some(ErrorKind::BadNumber { why, suggestion }))
}

/// Why a number is misspelt, and how it is written where that is certain.
pub fn misspelling(number: &str) -> (BadNumber, Option<String>) {
    let is_plain = |c: char| c.is_ascii_digit() || c == '_' || c == '.' || c == ',';
    if let Some(at) = number.find(|c| !is_plain(c)) {
        let (digits, suffix) = number.split_at(at);
        let zeros = match suffix {
            "k" | "K" => 3,
            "m" | "M" => 6,
            _ => return (BadNumber::Suffix, None),
        };
        return (BadNumber::Suffix, scaled(digits, zeros));
    }
    if number.contains(',') || number.matches('.').count() > 1 {
        return (BadNumber::Grouping, regrouped(number));
    }
    if number.starts_with('.') {
        return (BadNumber::Point, Some(format!("0{number}")));
    }
    if is_grouped(&number.replacen('.', "_", 1)) {
        return (BadNumber::TooLarge, None);
    }
    let trimmed: Vec<&str> = number.split('_').filter(|group| !group.is_empty()).collect();
    let joined = trimmed.join("_").replace("_.", ".").replace("._", ".");
    (BadNumber::Underscore, decimal(&joined).map(|_| joined))
}

/// `12.5` with three zeros is `12_500`.
fn scaled(digits: &str, zeros: u32) -> Option<String> {
    let number = decimal(digits)?;
    let rest = zeros.checked_sub(number.scale)?;
    Some(grouped(number.digits.checked_mul(10u128.checked_pow(rest)?)?))
}

/// `1,000`, `1.000.000`, `1,000.50`: every group but the first has three digits; the last sign may be a point.
fn regrouped(number: &str) -> Option<String> {
    let separator = number.chars().find(|c| matches!(c, ',' | '.'))?;
    let other = if separator == ',' { '.' } else { ',' };
    let (whole, fraction) = number.split_once(other).map_or((number, None), |(a, b)| (a, Some(b)));
    let groups: Vec<&str> = whole.split(separator).collect();
    let is_three = |group: &&str| group.len() == 3;
    if let ([whole, decimals], ',', None) = (groups.as_slice(), separator, fraction)
        && decimals.len() != 3
    {
        // `1,5` can only be a decimal comma.
        return Some(format!("{whole}.{decimals}")).filter(|number| decimal(number).is_some());
    }
    if groups.first().is_none_or(|first| first.is_empty() || first.len() > 3)
        || !groups.iter().skip(1).all(is_three)
    {
        return None;
    }
    let corrected = match fraction {
        Some(fraction) => format!("{}.{fraction}", groups.join("_")),
        None => groups.join("_"),
    };
    decimal(&corrected).map(|_| corrected)
}

/// A whole number in groups of three.
fn grouped(value: u128) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

/// Three runs of digits, one of four digits at the beginning or the end, as people write dates elsewhere.
fn looks_like_date(text: &str, separator: char) -> bool {
    let parts: Vec<&str> = text.split(separator).collect();
    let [first, second, third] = parts.as_slice() else { return false };
    let digits = parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    digits
        && second.len() <= 2
        && (first.len() <= 2 && third.len() == 4 || first.len() == 4 && third.len() <= 2)
}

/// Reads `2026-01-31`.
pub fn date(text: &str) -> Result<Date, BadDate> {
    let bytes = text.as_bytes();
    let shape =
        |index: usize, byte: &u8| if matches!(index, 4 | 7) { *byte == b'-' } else { byte.is_ascii_digit() };
    if bytes.len() != 10 || !bytes.iter().enumerate().all(|(index, byte)| shape(index, byte)) {
        return Err(BadDate::Spelling);
    }
    let part =
        |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse::<u16>().ok()).unwrap_or(0);
    let (year, month, day) = (part(0, 4), part(5, 7), part(8, 10));
    if !(1..=12).contains(&month) {
        return Err(BadDate::NoSuchMonth);
    }
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if year == 0 || !(1..=days).contains(&day) {
        return Err(BadDate::NoSuchDay);
    }
    Ok(Date { year, month: month as u8, day: day as u8 })
}

/// Reads `08:30` or `08:30:15`; `24:00` only as the end of a range, which is the caller's to check.
pub fn clock_time(text: &str) -> Result<ClockTime, BadDate> {
    let parts: Vec<&str> = text.split(':').collect();
    let two = |part: &str| -> Result<u8, BadDate> {
        if part.len() != 2 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(BadDate::Spelling);
        }
        part.parse().map_err(|_| BadDate::Spelling)
    };
    let (hour, minute, second) = match parts.as_slice() {
        [hour, minute] => (two(hour)?, two(minute)?, None),
        [hour, minute, second] => (two(hour)?, two(minute)?, Some(two(second)?)),
        _ => return Err(BadDate::Spelling),
    };
    if hour > 23 || minute > 59 || second.is_some_and(|second| second > 59) {
        return Err(BadDate::NoSuchTime);
    }
    Ok(ClockTime { hour, minute, second })
}

/// Reads `08:30..18:00`; the end may be `24:00`.
pub fn time_range(text: &str) -> Result<(ClockTime, ClockTime), BadDate> {
    let (from, to) = text.split_once("..").ok_or(BadDate::Spelling)?;
    let to = if to == "24:00" { ClockTime { hour: 24, minute: 0, second: None } } else { clock_time(to)? };
    Ok((clock_time(from)?, to))
}

/// Reads `2026-05-31T12:00`, with `:30`, `Z` or `+02:00` after it; the last part is the offset in minutes, if written.
pub fn instant(text: &str) -> Result<(Date, ClockTime, Option<i16>), BadDate> {
    let (day, time) = text.split_once('T').ok_or(BadDate::Spelling)?;
    let day = date(day)?;
    let at = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (time, zone) = time.split_at(at);
    let time = clock_time(time)?;
    let offset = match zone.as_bytes().first() {
        None => None,
        Some(b'Z') if zone.len() == 1 => Some(0),
        Some(sign @ (b'+' | b'-')) => {
            let offset = clock_time(zone.get(1..).unwrap_or_default())?;
            let minutes = i16::from(offset.hour) * 60 + i16::from(offset.minute);
            if offset.second.is_some() || minutes > 18 * 60 {
                return Err(BadDate::NoSuchTime);
            }
            Some(if *sign == b'-' { -minutes } else { minutes })
        }
        Some(_) => return Err(BadDate::Spelling),
    };
    Ok((day, time, offset))
}
