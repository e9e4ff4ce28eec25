//! Reasons and duties in words. `spec/core.md` section 7 says what the numbers mean.

use super::{Decision, quantity_words};
use crate::figures::{counted_units, grouped};
use crate::instant;
use crate::shell::shown;
use licit_bytecode::{Anchor, Period, Point, Window};
use licit_vm::{CounterOf, DutyDue, EVERYTHING, Key, Reason, ReasonCode, UNIT_BASE, UNIT_UNKNOWN, slot_name};
use serde_json::{Value, json};

/// One reason in a line of words.
pub fn reason_words(decision: &Decision<'_>, reason: Reason) -> String {
    let manifest = decision.manifest;
    let calendar = manifest.calendar.as_deref().unwrap_or("UTC");
    match reason.code {
        ReasonCode::Range => range_words(decision, reason.number),
        ReasonCode::Revoked => "the licence is revoked".to_owned(),
        ReasonCode::NotYet => match &manifest.from {
            Some(from) => format!("the licence begins on {}", point_words(from, calendar)),
            None => "the licence has not begun".to_owned(),
        },
        ReasonCode::Expired => match &manifest.until {
            Some(until) => format!("the licence ended on {}", point_words(until, calendar)),
            None => "the licence has ended".to_owned(),
        },
        ReasonCode::Suspended => {
            let duty = manifest.duties.iter().find(|duty| duty.clause == reason.number);
            let what = duty.map_or_else(|| "a duty".to_owned(), |duty| duty_text(&duty.text));
            format!("{what} is overdue{}", by(decision, reason.number))
        }
        ReasonCode::Forbidden => format!("by {}", clause_words(decision, reason.number)),
        ReasonCode::NotPermitted => not_permitted(decision, reason.number),
        ReasonCode::Needing => needing(decision, reason.number),
        ReasonCode::Over => over(decision, reason.number),
        ReasonCode::Unpriced if reason.number >= UNIT_BASE => {
            let unit = unit_name(decision, reason.number).unwrap_or("?");
            let quantity = decision.asked.quantity(unit);
            format!(
                "{} would cost nothing: no clause prices or frees the unit",
                counted_units(quantity, unit, &decision.names.plural(unit))
            )
        }
        ReasonCode::Unpriced => format!("no case matches{}", by(decision, reason.number)),
        ReasonCode::AmbiguousPrice => format!("two prices for one use{}", by(decision, reason.number)),
        ReasonCode::Stale => "the view of the registry is too old".to_owned(),
        ReasonCode::Ended => format!("an end was reached for good{}", by(decision, reason.number)),
        ReasonCode::Lapsed => "no renewal that is paid for covers this instant".to_owned(),
        ReasonCode::NotHolder => match &manifest.holder {
            Some(holder) => format!("the licence is @{}'s alone", shown(holder)),
            None => "the licence was granted to somebody else".to_owned(),
        },
        ReasonCode::Unmet => format!("a duty before use was not met{}", by(decision, reason.number)),
        ReasonCode::Credit => format!("the credit does not suffice{}", by(decision, reason.number)),
    }
}

/// A reason for programs: its canonical name, what it is about, where it was written.
pub fn json(decision: &Decision<'_>, reason: Reason) -> Value {
    let manifest = decision.manifest;
    let mut out = serde_json::Map::new();
    out.insert("reason".into(), json!(reason.code.name()));
    if let Some(about) = reason.about(manifest) {
        out.insert("about".into(), json!(about));
    }
    if let Some((file, start, end)) = reason.clause().and_then(|clause| manifest.source(clause)) {
        out.insert(
            "source".into(),
            json!({ "file": file, "start": start, "end": end, "line": decision.names.line(file, start) }),
        );
    }
    out.insert("text".into(), json!(reason_words(decision, reason)));
    Value::Object(out)
}

/// `no_spies (llm-api.licit:33)`
fn clause_words(decision: &Decision<'_>, clause: u32) -> String {
    let manifest = decision.manifest;
    let label = manifest.label(clause).unwrap_or("?");
    match manifest.source(clause) {
        Some((file, start, _)) => match decision.names.line(file, start) {
            Some(line) => format!("{label} ({}:{line})", shown(file)),
            None => format!("{label} ({})", shown(file)),
        },
        None => label.to_owned(),
    }
}

fn by(decision: &Decision<'_>, clause: u32) -> String {
    format!(", by {}", clause_words(decision, clause))
}

fn unit_name<'a>(decision: &Decision<'a>, number: u32) -> Option<&'a str> {
    let index = number.checked_sub(UNIT_BASE).filter(|_| number != UNIT_UNKNOWN)?;
    decision.manifest.units.get(index as usize).map(|unit| unit.name.as_str())
}

fn range_words(decision: &Decision<'_>, number: u32) -> String {
    let units = &decision.manifest.units;
    if number == EVERYTHING {
        return "the charge is too large to be counted".to_owned();
    }
    if number == UNIT_UNKNOWN {
        let unknown =
            decision.asked.quantities.iter().find(|(name, _)| !units.iter().any(|unit| unit.name == *name));
        let unknown = unknown.map_or_else(|| "?".to_owned(), |(name, _)| shown(name));
        let known: Vec<&str> = units.iter().map(|unit| unit.name.as_str()).collect();
        return format!("the licence knows no unit `{unknown}`; it counts {}", or_nothing(&known.join(", ")));
    }
    match units.get(number.wrapping_sub(UNIT_BASE) as usize) {
        Some(unit) => {
            let highest = counted_units(unit.highest, &unit.name, &decision.names.plural(&unit.name));
            format!("more than {highest} cannot be counted")
        }
        None => format!("the amount is too large to be counted{}", by(decision, number)),
    }
}

fn or_nothing(text: &str) -> &str {
    if text.is_empty() { "nothing" } else { text }
}

fn point_words(point: &Point, calendar: &str) -> String {
    match point {
        Point::Date { days } => {
            let micros = i64::try_from(*days).unwrap_or(i64::MAX).saturating_mul(86_400_000_000);
            let date = instant::text(micros);
            format!("{} ({calendar})", date.get(..10).unwrap_or(&date))
        }
        Point::Instant { micros } => instant::text(i64::try_from(*micros).unwrap_or(i64::MAX)),
        Point::Anchored { anchor, period } => {
            let anchor = match anchor {
                Anchor::Grant => "the grant",
                Anchor::FirstUse => "the first use",
                Anchor::Release => "the release",
            };
            match period {
                Period::Seconds { n: 0 } | Period::Days { n: 0 } | Period::Months { n: 0 } => {
                    anchor.to_owned()
                }
                Period::Seconds { n } => format!("{} seconds after {anchor}", grouped(*n)),
                Period::Days { n } => format!("{} days after {anchor}", grouped(*n)),
                Period::Months { n } => format!("{} months after {anchor}", grouped(*n)),
            }
        }
    }
}

/// What the guard says.
fn guard(number: u32) -> &'static str {
    match number {
        1 => "to this kind of party",
        2 => "for this action",
        3 => "for this purpose",
        4 => "in this place",
        5 => "at this time",
        _ => "under these conditions",
    }
}

fn not_permitted(decision: &Decision<'_>, number: u32) -> String {
    let asked = &decision.asked;
    let (axis, term, preposition) = match number {
        2 => (0, asked.action, "to"),
        3 => (1, asked.purpose, "this for"),
        4 => (2, asked.place, "this in"),
        _ => return format!("no clause permits this {}", guard(number)),
    };
    let Some(term) = term else { return format!("no clause permits this {}", guard(number)) };
    let listed = decision.manifest.axes[axis].iter().any(|name| name == term);
    let unlisted = if listed { "" } else { ", which its vocabulary does not list" };
    format!("no clause permits {preposition} {}{unlisted}", shown(term))
}

fn needing(decision: &Decision<'_>, slot: u32) -> String {
    let asked = &decision.asked;
    let unlisted = |what: &str, term: Option<&str>| {
        let term = term.map_or_else(|| "?".to_owned(), shown);
        format!("the {what} `{term}` is not listed, so it is not known whether the licence covers it")
    };
    match slot {
        0..=2 => format!("the {} is not given", slot_name(decision.manifest, slot)),
        3 => unlisted("action", asked.action),
        4 => unlisted("purpose", asked.purpose),
        5 => unlisted("place", asked.place),
        6..=8 => format!("the {} is not given", slot_name(decision.manifest, slot)),
        9 => "the licence is not granted yet, and its term counts from the grant".to_owned(),
        10 => "what is licensed is not released yet, and the term counts from then".to_owned(),
        _ => format!("{} is not known", slot_name(decision.manifest, slot)),
    }
}

fn over(decision: &Decision<'_>, clause: u32) -> String {
    let manifest = decision.manifest;
    let limits = |of: CounterOf| {
        matches!(
            of,
            CounterOf::Limit { .. }
                | CounterOf::AtOnce { .. }
                | CounterOf::Seats { .. }
                | CounterOf::Spend { .. }
        )
    };
    let found = manifest
        .counters
        .iter()
        .enumerate()
        .find(|(_, counter)| counter.clause == clause && limits(counter.of));
    let Some((number, counter)) = found else { return clause_words(decision, clause) };
    let used = decision.used.get(number).copied().unwrap_or(0);
    let cap = counter.cap.unwrap_or(0);
    let of = format!("{}{}", key_words(counter.key), by(decision, clause));
    match counter.of {
        CounterOf::AtOnce { .. } => {
            return format!("{} at once is as many as there may be{of}", counted_units(cap, "call", "calls"));
        }
        CounterOf::Seats { .. } => {
            return format!("{} taken, as many as there are{of}", counted_units(cap, "seat is", "seats are"));
        }
        CounterOf::Spend { .. } => {
            // What a denied use would have cost is not told by its outcome.
            let window = window_words(counter.window);
            let (spent, cap) = (decision.money(used), decision.money(cap));
            return format!("{spent} spent, and this would lead beyond {cap}{window}{of}");
        }
        _ => {}
    }
    let Some(index) = counter.unit else { return clause_words(decision, clause) };
    let unit = manifest.units.get(index as usize).map_or("?", |unit| unit.name.as_str());
    let cap = quantity_words(decision, index, counter.cap.unwrap_or(0));
    format!(
        "{} + {} is more than {cap}{}{}{}",
        grouped(used),
        quantity_words(decision, index, decision.asked.quantity(unit)),
        window_words(counter.window),
        key_words(counter.key),
        by(decision, clause),
    )
}

fn window_words(window: Window) -> &'static str {
    match window {
        Window::Day => " per day",
        Window::Week => " per week",
        Window::Month => " per month",
        Window::Quarter => " per quarter",
        Window::Year => " per year",
        Window::Term => " per term",
        Window::Call => " per call",
        Window::Second => " per second",
        Window::Minute => " per minute",
        Window::Hour => " per hour",
        Window::Renewal => " per renewal",
    }
}

fn key_words(key: Key) -> &'static str {
    match key {
        Key::User => " per user",
        Key::Organisation => " per organisation",
        Key::Licensee => " per licensee",
    }
}

fn duty_text(text: &licit_bytecode::DutyText) -> String {
    let mut words = shown(&text.name);
    if let Some(shows) = &text.text {
        words.push_str(&format!(" \"{}\"", shown(shows)));
    }
    if let Some(surface) = &text.on {
        words.push_str(&format!(" on {}", shown(surface)));
    }
    if let Some(party) = &text.to {
        words.push_str(&format!(" to @{}", shown(party)));
    }
    words
}

/// `attribute "..." on model_card by 2026-06-30T12:00:00Z (credit, harbour.licit:31)`
pub fn duty_words(decision: &Decision<'_>, duty: DutyDue) -> String {
    let Some(info) = decision.manifest.duties.get(usize::from(duty.duty)) else { return "a duty".to_owned() };
    let when = if duty.due <= decision.asked.used_at {
        "now".to_owned()
    } else {
        format!("by {}", instant::text(duty.due))
    };
    format!("{} {when}{}", duty_text(&info.text), by(decision, info.clause))
}

/// A duty for programs.
pub fn duty_json(decision: &Decision<'_>, duty: DutyDue) -> Value {
    let info = decision.manifest.duties.get(usize::from(duty.duty));
    json!({
        "clause": info.and_then(|info| decision.manifest.label(info.clause)),
        "duty": info.map(|info| info.text.name.as_str()),
        "text": info.and_then(|info| info.text.text.as_deref()),
        "on": info.and_then(|info| info.text.on.as_deref()),
        "to": info.and_then(|info| info.text.to.as_deref()),
        "due": instant::text(duty.due),
    })
}
