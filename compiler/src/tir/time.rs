//! Calendar, term, periods and windows.

use licit_grammar::Span;
use licit_grammar::ast::{ClockTime, Date};

use super::from_hir::Check;
use super::limits::optional;
use super::vocabulary::out_of_range;
use crate::core::{self, Key, Period, Point, Window};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{self, Moment, Name, Sp, Zone};
use crate::suggest::closest;
use crate::zone::{self, Civil};

/// Windows by name.
pub(super) const WINDOWS: [(&str, Window); 10] = [
    ("second", Window::Second),
    ("minute", Window::Minute),
    ("hour", Window::Hour),
    ("day", Window::Day),
    ("week", Window::Week),
    ("month", Window::Month),
    ("quarter", Window::Quarter),
    ("year", Window::Year),
    ("term", Window::Term),
    ("renewal", Window::Renewal),
];

/// Keys by name.
const KEYS: [(&str, Key); 3] =
    [("user", Key::User), ("organisation", Key::Organisation), ("licensee", Key::Licensee)];

const DAY: i64 = 86_400;

/// A window and a key with their places, as far as written.
pub(super) type WindowAndKey = (Option<(Window, Span)>, Option<(Key, Span)>);

impl Check<'_> {
    /// The calendar's zone, if there is such a zone.
    pub(super) fn calendar(&mut self) -> Option<String> {
        let name = &self.licence.calendar.given()?.value;
        if zone::exists(&name.value) {
            return Some(name.value.clone());
        }
        if !name.value.is_empty() {
            self.findings.push(unknown_zone(name));
        }
        None
    }

    /// The zone of dates: the calendar; UTC if it cannot be relied on (which was reported).
    fn zone(&self) -> &str {
        match self.licence.calendar.given() {
            Some(name) if zone::exists(&name.value.value) => &name.value.value,
            _ => "UTC",
        }
    }

    pub(super) fn term(&mut self, term: &Sp<hir::Term_>) -> Option<core::TermSpan> {
        let (from, until) = match &term.value {
            hir::Term_::Until { from, until } => (from.as_ref(), until),
            hir::Term_::Lasting { length, from } => return self.lasting(length, from),
        };
        let first = from.map(|moment| self.point(moment));
        let last = self.point(until);
        let span = core::TermSpan { from: optional(first)?, until: Some(last?) };
        let ends = |point: Option<Point>| point.map(|point| self.micros(point));
        if let (Some(start), Some(end), Some(from)) = (ends(span.from), ends(span.until), from)
            && end <= start
        {
            self.findings.push(
                Diagnostic::new(Code::E0502, until.span, "the term is over before it begins")
                    .label("the end, itself outside the term")
                    .also(from.span, "the beginning")
                    .help("the end must lie after the beginning"),
            );
            return None;
        }
        self.zone_may_change(span.until, until.span);
        Some(span)
    }

    /// Zone tables know changes by law up to a point; far ahead they only repeat today's rule.
    fn zone_may_change(&mut self, until: Option<Point>, place: Span) {
        /// 2038-01-01: where published tables end and projection begins.
        const PROJECTED: i64 = 2_145_916_800;
        let (Some(until), Some(calendar)) = (until, self.licence.calendar.given()) else { return };
        let end = self.micros(until) / 1_000_000;
        if end > PROJECTED && zone::changes_after(&calendar.value.value, PROJECTED) {
            self.findings.push(
                Diagnostic::new(
                    Code::W0505,
                    place,
                    format!("nobody knows the clocks of {} so far ahead", calendar.value.value),
                )
                .label("after 2037")
                .also(calendar.span, "days begin by these clocks")
                .help("the module keeps the rules it was built with; build again when the law changes, or use `calendar UTC`"),
            );
        }
    }

    /// A point of the term; none if it was reported.
    fn point(&mut self, moment: &Sp<Moment>) -> Option<Point> {
        let early = |span| {
            Diagnostic::new(Code::E0305, span, "time begins with 1970-01-01")
                .label("before that")
                .help("use a later date")
        };
        match &moment.value {
            Moment::Date(date) => {
                self.calendar_uses
                    .push((moment.span, "a date needs to know whose midnight it is".to_owned()));
                match u64::try_from(zone::days(date.year, date.month, date.day)) {
                    Ok(days) => Some(Point::Date(days)),
                    Err(_) => {
                        self.findings.push(early(moment.span));
                        None
                    }
                }
            }
            Moment::Instant { date, time, zone } => {
                if *zone == Zone::Calendar {
                    self.calendar_uses.push((
                        moment.span,
                        "a time of day needs to know whose clock it is read from".to_owned(),
                    ));
                }
                match instant(*date, *time, zone, self.zone()) {
                    Err(name) => {
                        self.findings.push(unknown_zone(name));
                        None
                    }
                    Ok(micros) => match u64::try_from(micros) {
                        Ok(micros) => Some(Point::Instant(micros)),
                        Err(_) => {
                            self.findings.push(early(moment.span));
                            None
                        }
                    },
                }
            }
        }
    }

    /// Microseconds since 1970 of a point, by the calendar; 1970 for one that hangs on an instant nobody knows yet.
    fn micros(&self, point: Point) -> i64 {
        match point {
            Point::Anchored { .. } => 0,
            Point::Instant(micros) => i64::try_from(micros).unwrap_or(i64::MAX),
            Point::Date(days) => {
                let midnight = i64::try_from(days).unwrap_or(i64::MAX).saturating_mul(DAY);
                let offset = zone::table(self.zone(), midnight, midnight).map_or(0, |table| table.initial);
                midnight.saturating_sub(i64::from(offset)).saturating_mul(1_000_000)
            }
        }
    }

    pub(super) fn period(&mut self, length: &hir::Length) -> Option<Period> {
        let unit = length.unit.value.as_str();
        let (factor, make): (u128, fn(u128) -> Period) = match unit.strip_suffix('s').unwrap_or(unit) {
            "second" => (1, Period::Seconds),
            "minute" => (60, Period::Seconds),
            "hour" => (3600, Period::Seconds),
            "day" => (1, Period::Days),
            "week" => (7, Period::Days),
            "month" => (1, Period::Months),
            "quarter" => (3, Period::Months),
            "year" => (12, Period::Months),
            "" => return None,
            _ => {
                const UNITS: [&str; 8] =
                    ["seconds", "minutes", "hours", "days", "weeks", "months", "quarters", "years"];
                self.findings.push(
                    Diagnostic::new(
                        Code::E0202,
                        length.unit.span,
                        format!("no length of time is called `{unit}`"),
                    )
                    .label("not a length of time")
                    .note(format!("lengths are counted in: {}", UNITS.join(", ")))
                    .did_you_mean(unit, closest(unit, UNITS)),
                );
                return None;
            }
        };
        let period = length.count.value.checked_mul(factor).filter(|n| *n <= core::NAT_MAX).map(make);
        match period {
            None => self.findings.push(out_of_range(
                length.count.span,
                "a length of time",
                "0",
                "2^127 - 1 seconds",
            )),
            Some(Period::Seconds(_)) => {}
            Some(_) => self.calendar_uses.push((
                length.span,
                format!("`{} {unit}` needs to know whose days they are", length.count.value),
            )),
        }
        period
    }

    pub(super) fn revocability(&mut self) -> core::Revocability {
        match self.licence.revocability.given().map(|it| &it.value) {
            None | Some(hir::Revocability::Irrevocable) => core::Revocability::Irrevocable,
            Some(hir::Revocability::Revocable { after, sparing_derivatives }) => {
                let after = match after {
                    None => Some(Period::Seconds(0)),
                    Some(length) => self.period(length),
                };
                core::Revocability::Revocable {
                    after: after.unwrap_or(Period::Seconds(0)),
                    sparing_derivatives: *sparing_derivatives,
                }
            }
        }
    }

    /// What `per ... per ...` counts over and for whom; none if something was reported.
    pub(super) fn counter(&mut self, per: &[Name], clause: Span) -> Option<(Window, Key)> {
        let (window, key) = self.windows_and_keys(per)?;
        let Some((window, _)) = window else {
            self.findings.push(
                Diagnostic::new(Code::E0701, clause, "this counter never starts again at zero")
                    .label("over which time?")
                    .help("add a window: per day, per week, per month, per quarter, per year, or per term for all of it"),
            );
            return None;
        };
        Some((window, key.map_or(Key::Licensee, |(key, _)| key)))
    }

    /// The one window and the one key after `per`, as far as written; none if something was reported.
    pub(super) fn windows_and_keys(&mut self, per: &[Name]) -> Option<WindowAndKey> {
        let mut window: Option<(Window, Span)> = None;
        let mut key: Option<(Key, Span)> = None;
        for name in per {
            let text = name.value.as_str();
            if let Some((_, found)) = WINDOWS.iter().find(|(word, _)| *word == text) {
                self.window_fits(*found, name)?;
                if let Some((_, first)) = window.replace((*found, name.span)) {
                    self.findings.push(counted_twice("window", name.span, first));
                    return None;
                }
            } else if let Some((_, found)) = KEYS.iter().find(|(word, _)| *word == text) {
                if let Some((_, first)) = key.replace((*found, name.span)) {
                    self.findings.push(counted_twice("key", name.span, first));
                    return None;
                }
            } else if text.is_empty() {
                return None;
            } else {
                self.findings.push(unknown_counter(name));
                return None;
            }
        }
        Some((window, key))
    }

    /// What a window needs: a calendar, or a renewal.
    fn window_fits(&mut self, window: Window, name: &Name) -> Option<()> {
        match window {
            // Those of the clock are the same everywhere.
            Window::Term | Window::Call | Window::Second | Window::Minute | Window::Hour => {}
            Window::Renewal => {
                if self.licence.renews.is_missing() && !self.perhaps_unread(&["renews"]) {
                    self.findings.push(
                        Diagnostic::new(Code::E0205, name.span, "this licence does not renew")
                            .label("which renewal?")
                            .help("write `renews each month from grant while paid` instead of a `term`, or count per another window"),
                    );
                    return None;
                }
            }
            Window::Day | Window::Week | Window::Month | Window::Quarter | Window::Year => {
                let message = format!("\"per {}\" needs to know whose {}", name.value, name.value);
                self.calendar_uses.push((name.span, message));
            }
        }
        Some(())
    }

    /// `each month` of a settlement or a split.
    pub(super) fn settlement_window(&mut self, name: &Name, with_call: bool) -> Option<Window> {
        let text = name.value.as_str();
        if with_call && text == "call" {
            return Some(Window::Call);
        }
        let settles = |window: Window| window <= Window::Call;
        if let Some((_, window)) = WINDOWS.iter().find(|(word, window)| *word == text && settles(*window)) {
            if !matches!(window, Window::Term) {
                let message = format!("\"each {text}\" needs to know whose {text}");
                self.calendar_uses.push((name.span, message));
            }
            return Some(*window);
        }
        if !text.is_empty() {
            let words = WINDOWS.iter().filter(|(_, window)| settles(*window)).map(|(word, _)| *word);
            let known: Vec<&str> = words.chain(with_call.then_some("call")).collect();
            let message = if WINDOWS.iter().any(|(word, _)| *word == text) {
                format!("nothing is paid each `{text}`")
            } else {
                format!("no window is called `{text}`")
            };
            self.findings.push(
                Diagnostic::new(Code::E0202, name.span, message)
                    .label("not a window")
                    .note(format!("the windows are: {}", known.join(", ")))
                    .did_you_mean(text, closest(text, known)),
            );
        }
        None
    }

    /// A duty that always falls due after the end binds nobody.
    pub(super) fn due_inside_term(&mut self, length: &hir::Length) {
        let Some(term) = self.licence.term.given() else { return };
        let Some((from, until)) = term.value.dates() else { return };
        let seconds = |moment: &Moment| match moment {
            Moment::Date(date) => Some(zone::days(date.year, date.month, date.day) * DAY),
            Moment::Instant { date, time, zone } => {
                instant(*date, *time, zone, self.zone()).ok().map(|micros| micros / 1_000_000)
            }
        };
        let Some((start, end)) = seconds(&from.value).zip(seconds(&until.value)) else { return };
        // The shortest the period can be: days of 23 hours, months of 28 days.
        let unit = length.unit.value.as_str();
        let least = match unit.strip_suffix('s').unwrap_or(unit) {
            "second" => 1,
            "minute" => 60,
            "hour" => 3600,
            "day" => DAY,
            "week" => 7 * DAY,
            "month" => 28 * DAY,
            "quarter" => 89 * DAY,
            "year" => 365 * DAY,
            _ => return,
        };
        let shortest = i64::try_from(length.count.value).unwrap_or(i64::MAX).saturating_mul(least);
        if end > start && shortest.saturating_sub(2 * 3600) >= end - start {
            self.findings.push(
                Diagnostic::new(Code::E0506, length.span, "this duty falls due after the end of the licence")
                    .label("longer than the whole term")
                    .also(from.span.to(until.span), "the term")
                    .help("shorten the time, or lengthen the term"),
            );
        }
    }
}

/// The instant of a date and a time of day, in microseconds since 1970; the zone's name if there is no such zone.
pub(super) fn instant<'a>(
    date: Date,
    time: ClockTime,
    zone: &'a Zone,
    calendar: &str,
) -> Result<i64, &'a Name> {
    let civil = Civil {
        year: date.year,
        month: date.month,
        day: date.day,
        hour: time.hour.min(23),
        minute: time.minute,
        second: time.second.unwrap_or(0),
    };
    let of_day = i64::from(civil.hour) * 3600 + i64::from(civil.minute) * 60 + i64::from(civil.second);
    let utc = zone::days(date.year, date.month, date.day) * DAY + of_day;
    let seconds = match zone {
        Zone::Utc => utc,
        Zone::Offset(minutes) => utc - i64::from(*minutes) * 60,
        Zone::Calendar => zone::instant(calendar, civil).unwrap_or(utc),
        Zone::Named(name) => zone::instant(&name.value, civil).ok_or(name)?,
    };
    Ok(seconds * 1_000_000)
}

pub(super) fn unknown_zone(name: &Name) -> Diagnostic {
    let text = name.value.as_str();
    let names = zone::names();
    // A city alone is the usual slip: `Paris` for `Europe/Paris`.
    let city =
        names.iter().find(|zone| zone.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(text)));
    let suggestion = city.cloned().or_else(|| closest(text, names.iter().map(String::as_str)));
    Diagnostic::new(Code::E0507, name.span, format!("there is no time zone `{text}`"))
        .label("not in the table of zones")
        .help("zones are called as in the IANA list: `UTC`, `Europe/Paris`, `America/Chicago`")
        .did_you_mean(text, suggestion)
}

fn counted_twice(what: &str, again: Span, first: Span) -> Diagnostic {
    Diagnostic::new(Code::E0705, again, format!("a counter has one {what}"))
        .label(format!("a second {what}"))
        .also(first, format!("one {what}"))
        .help("write two clauses: both will hold")
}

fn unknown_counter(name: &Name) -> Diagnostic {
    let text = name.value.as_str();
    let known: Vec<&str> =
        WINDOWS.iter().map(|(word, _)| *word).chain(KEYS.iter().map(|(word, _)| *word)).collect();
    Diagnostic::new(Code::E0702, name.span, format!("nothing is counted per `{text}`"))
        .label("neither a window nor a key")
        .note(format!("windows and keys are: {}", known.join(", ")))
        .did_you_mean(text, closest(text, known))
}
