//! Time zones: which exist, when their clocks change, which instant a civil time is.
//!
//! *Invariant:* the only file that names jiff, and it asks the table that is compiled in, never the machine's, so
//! that one compiler gives one answer everywhere. What a module needs of a zone is copied into it
//! (`spec/core.md` sections 6 and 8).

use std::sync::OnceLock;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};

/// The offsets of a zone over a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneTable {
    /// Seconds east of UTC at the beginning of the stretch.
    pub initial: i32,
    /// From which instant (seconds since 1970-01-01T00:00Z) which offset holds (seconds east of UTC); ascending, each
    /// offset differs from the one before.
    pub transitions: Vec<(i64, i32)>,
}

/// The offsets of the zone `name` in `from_utc..=until_utc`, in seconds since 1970-01-01T00:00Z; none if there is no
/// such zone. Instants outside the years 1 to 9999 are moved to that range.
pub fn table(name: &str, from_utc: i64, until_utc: i64) -> Option<ZoneTable> {
    let zone = zone(name)?;
    let from = clamp(from_utc);
    let until = clamp(until_utc).max(from);
    let start = Timestamp::from_second(from).ok()?;
    let initial = zone.to_offset(start).seconds();
    let mut transitions: Vec<(i64, i32)> = Vec::new();
    for change in zone.following(start) {
        let at = change.timestamp().as_second();
        if at > until {
            break;
        }
        let offset = change.offset().seconds();
        let before = transitions.last().map_or(initial, |&(_, offset)| offset);
        if offset != before {
            transitions.push((at, offset));
        }
    }
    Some(ZoneTable { initial, transitions })
}

/// Whether there is a zone of this name, in this spelling.
pub fn exists(name: &str) -> bool {
    zone(name).is_some()
}

/// All names of zones, sorted.
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = database().available().map(|name| name.as_str().to_owned()).collect();
    names.sort();
    names
}

/// Whether the clocks of a zone still change after `from_utc` (seconds since 1970-01-01T00:00Z); false where there is
/// no such zone.
pub fn changes_after(name: &str, from_utc: i64) -> bool {
    let Some((zone, start)) = zone(name).zip(Timestamp::from_second(clamp(from_utc)).ok()) else {
        return false;
    };
    let offset = zone.to_offset(start);
    zone.following(start).take(8).any(|change| change.offset() != offset)
}

/// A civil date and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Civil {
    /// 1 to 9999
    pub year: u16,
    /// 1 to 12
    pub month: u8,
    /// 1 to 31
    pub day: u8,
    /// 0 to 23
    pub hour: u8,
    /// 0 to 59
    pub minute: u8,
    /// 0 to 59
    pub second: u8,
}

/// The instant of a civil time in a zone, in seconds since 1970-01-01T00:00Z. A time that a clock change skips is the
/// first instant after the change, one that occurs twice the earlier. None if there is no such zone or day.
pub fn instant(name: &str, civil: Civil) -> Option<i64> {
    let zone = zone(name)?;
    let small = |n: u8| i8::try_from(n).ok();
    let time = DateTime::new(
        i16::try_from(civil.year).ok()?,
        small(civil.month)?,
        small(civil.day)?,
        small(civil.hour)?,
        small(civil.minute)?,
        small(civil.second)?,
        0,
    )
    .ok()?;
    let seen = zone.to_ambiguous_timestamp(time);
    let second = match seen.offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(time).ok()?.as_second(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(time).ok()?.as_second(),
        AmbiguousOffset::Gap { before, .. } => {
            // Read with the old offset, a skipped time lies after the change; the change itself is what we want.
            let read = before.to_timestamp(time).ok()?.as_second();
            let after = Timestamp::from_second(read.checked_add(1)?).ok()?;
            zone.preceding(after).next()?.timestamp().as_second()
        }
    };
    Some(second)
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar; negative before.
pub fn days(year: u16, month: u8, day: u8) -> i64 {
    // Years begin in March here, so that the leap day is the last of its year.
    let month = i64::from(month);
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn database() -> &'static TimeZoneDatabase {
    static DATABASE: OnceLock<TimeZoneDatabase> = OnceLock::new();
    DATABASE.get_or_init(TimeZoneDatabase::bundled)
}

fn zone(name: &str) -> Option<TimeZone> {
    // The database finds names in any case; a licence has one spelling, or its id would depend on taste.
    database().get(name).ok().filter(|zone| zone.iana_name() == Some(name))
}

fn clamp(second: i64) -> i64 {
    const YEAR_1: i64 = -62_135_596_800;
    const YEAR_10000: i64 = 253_402_300_800;
    // The library's own range ends a day early, so that every offset stays representable.
    second.clamp(YEAR_1, YEAR_10000 - 172_800)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn civil(year: u16, month: u8, day: u8, hour: u8, minute: u8) -> Civil {
        Civil { year, month, day, hour, minute, second: 0 }
    }

    #[test]
    fn the_table_has_the_changes_between_its_ends() {
        // 2026-01-01 to 2027-01-01 in Paris: summer from 29 March 01:00Z to 25 October 01:00Z.
        let table = table("Europe/Paris", 1_767_225_600, 1_798_761_600).expect("a zone");
        assert_eq!(
            table,
            ZoneTable { initial: 3600, transitions: vec![(1_774_746_000, 7200), (1_792_890_000, 3600)] }
        );
    }

    #[test]
    fn both_ends_are_inside() {
        let change = 1_774_746_000;
        let at_start = table("Europe/Paris", change, change).expect("a zone");
        assert_eq!(at_start, ZoneTable { initial: 7200, transitions: vec![] });
        let at_end = table("Europe/Paris", change - 1, change).expect("a zone");
        assert_eq!(at_end, ZoneTable { initial: 3600, transitions: vec![(change, 7200)] });
        assert_eq!(table("UTC", i64::MIN, i64::MAX), Some(ZoneTable { initial: 0, transitions: vec![] }));
        assert!(table("Europe/Paris", i64::MIN, i64::MAX).expect("a zone").transitions.len() > 10_000);
    }

    #[test]
    fn a_name_has_one_spelling() {
        assert!(exists("America/Chicago"));
        assert!(!exists("america/chicago"));
        assert!(!exists("Middle/Earth"));
        assert!(!exists(""));
        assert!(names().iter().any(|name| name == "UTC"));
    }

    #[test]
    fn skipped_times_are_the_change_and_repeated_ones_the_first() {
        assert_eq!(instant("Europe/Paris", civil(2026, 3, 29, 2, 30)), Some(1_774_746_000));
        assert_eq!(instant("Europe/Paris", civil(2026, 3, 29, 2, 0)), Some(1_774_746_000));
        assert_eq!(instant("Europe/Paris", civil(2026, 10, 25, 2, 30)), Some(1_792_888_200));
        assert_eq!(instant("UTC", civil(1970, 1, 1, 0, 0)), Some(0));
        assert_eq!(instant("UTC", civil(2026, 2, 30, 0, 0)), None);
    }

    #[test]
    fn days_count_from_1970() {
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(2000, 2, 29), 11_016);
        assert_eq!(days(1969, 12, 31), -1);
        assert_eq!(days(9999, 12, 31), 2_932_896);
    }
}
