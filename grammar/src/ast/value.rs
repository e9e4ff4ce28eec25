//! Leaves: numbers, money, dates and times, as written and as values.

use super::*;

/// A whole number as written and its value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Int {
    /// As written: `1_000`. Empty in a placeholder.
    pub text: String,
    /// Its value; a number beyond `u128` is reported and becomes `u128::MAX`.
    pub value: u128,
}

/// A decimal number as written and its value, `digits` / 10^`scale`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Dec {
    /// As written: `3.00`. Empty in a placeholder.
    pub text: String,
    /// All digits without the point.
    pub digits: u128,
    /// How many of them stand after the point; 0 for a whole number.
    pub scale: u32,
}

/// `6%`, `2.5%`: the number before the sign.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Percent(pub Dec);

/// `EUR 0.40`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    /// Three or more capitals.
    pub currency: String,
    /// How much; never negative.
    pub amount: Dec,
}

/// A day of the proleptic Gregorian calendar that exists (impossible ones are reported and become 1970-01-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date {
    /// 1 to 9999
    pub year: u16,
    /// 1 to 12
    pub month: u8,
    /// 1 to 31
    pub day: u8,
}

/// A time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClockTime {
    /// 0 to 23; 24 only as `24:00`, the end of a range.
    pub hour: u8,
    /// 0 to 59
    pub minute: u8,
    /// 0 to 59; none if it was not written.
    pub second: Option<u8>,
}

/// A date, or an instant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Moment {
    /// `2026-01-01`: midnight in the licence's calendar
    Date(Date),
    /// `2026-05-31T12:00Z`
    Instant {
        /// The day.
        date: Date,
        /// The time of day.
        time: ClockTime,
        /// In which zone.
        zone: Zone,
    },
}

/// The zone of an instant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Zone {
    /// None written: the licence's calendar.
    Calendar,
    /// `Z`
    Utc,
    /// `+02:00`, in minutes east of UTC
    Offset(i16),
    /// `America/Chicago`
    Named(Name),
}
