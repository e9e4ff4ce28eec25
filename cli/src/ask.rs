//! An ask in the language's own words, as in a test's `when`: `@ana of @acme asks to chat 1_000 tokens for product`.

use crate::request::{Facts, Quantities, Question};
use licit_compiler::zone::{self, Civil};
use licit_grammar::ast;
use licit_grammar::{Span, SyntaxError};
use licit_ledger::Value;
use std::borrow::Cow;

/// Why an ask is none.
#[derive(Debug)]
pub enum AskError {
    /// It is not written as asks are.
    Syntax(Vec<SyntaxError>),
    /// It says something that cannot be asked.
    Meaning(Span, String),
}

/// Reads an ask. `calendar` is the zone of instants that name none.
pub fn read(text: &str, calendar: &str) -> Result<Question<'static>, AskError> {
    let (ask, errors) = licit_grammar::parse_ask(text);
    match ask {
        Some(ask) if errors.is_empty() => question(&ask, calendar),
        _ => Err(AskError::Syntax(errors)),
    }
}

fn question(ask: &ast::Ask, calendar: &str) -> Result<Question<'static>, AskError> {
    let text = |name: &ast::Name| Some(Cow::Owned(name.value.clone()));
    let mut facts: Vec<(Cow<'static, str>, Value)> =
        ask.kinds.iter().map(|kind| (Cow::Owned(kind.value.clone()), Value::Truth(true))).collect();
    for licit_grammar::Spanned { value: fact, .. } in &ask.facts {
        if let Some(as_of) = &fact.as_of {
            return Err(AskError::Meaning(
                as_of.span,
                "facts as of a date cannot be asked with yet".to_owned(),
            ));
        }
        let value = match &fact.value.value {
            ast::FactValue::YesNo(truth) => Value::Truth(*truth),
            ast::FactValue::Int(number) => Value::Number(number.value),
            ast::FactValue::Text(text) | ast::FactValue::Party(text) => Value::Text(text.clone()),
            ast::FactValue::Money(_) => {
                let text = "amounts of money as facts cannot be asked with yet".to_owned();
                return Err(AskError::Meaning(fact.value.span, text));
            }
        };
        if facts.iter().any(|(name, _)| *name == fact.name.value) {
            return Err(AskError::Meaning(fact.name.span, format!("`{}` is given twice", fact.name.value)));
        }
        facts.push((Cow::Owned(fact.name.value.clone()), value));
    }
    let mut quantities: Vec<(Cow<'static, str>, u128)> = Vec::new();
    for quantity in &ask.quantities {
        let ast::QuantityNumber::Int(number) = &quantity.number.value else {
            let text = "amounts of money as quantities cannot be asked with yet".to_owned();
            return Err(AskError::Meaning(quantity.number.span, text));
        };
        if quantities.iter().any(|(unit, _)| *unit == quantity.unit.value) {
            return Err(AskError::Meaning(
                quantity.unit.span,
                format!("`{}` is given twice", quantity.unit.value),
            ));
        }
        quantities.push((Cow::Owned(quantity.unit.value.clone()), number.value));
    }
    Ok(Question {
        id: None,
        at: ask.on.as_ref().map(|on| instant(&on.value, on.span, calendar)).transpose()?,
        user: text(&ask.user),
        organisation: ask.organisation.as_ref().and_then(text),
        action: text(&ask.action),
        purpose: ask.purpose.as_ref().and_then(text),
        place: ask.place.as_ref().and_then(text),
        facts: Facts(facts),
        quantities: Quantities(quantities),
    })
}

/// A moment as an instant, in microseconds since 1970: a date is its first instant in the calendar.
pub fn instant(moment: &ast::Moment, span: Span, calendar: &str) -> Result<i64, AskError> {
    let midnight = ast::ClockTime { hour: 0, minute: 0, second: None };
    let (date, time, zone) = match moment {
        ast::Moment::Date(date) => (date, &midnight, &ast::Zone::Calendar),
        ast::Moment::Instant { date, time, zone } => (date, time, zone),
    };
    let utc = || {
        let seconds =
            i64::from(time.hour) * 3600 + i64::from(time.minute) * 60 + i64::from(time.second.unwrap_or(0));
        zone::days(date.year, date.month, date.day) * 86_400 + seconds
    };
    let civil = Civil {
        year: date.year,
        month: date.month,
        day: date.day,
        hour: time.hour,
        minute: time.minute,
        second: time.second.unwrap_or(0),
    };
    let named = |name: &str| {
        zone::instant(name, civil)
            .ok_or_else(|| AskError::Meaning(span, format!("there is no such time in the zone `{name}`")))
    };
    let seconds = match zone {
        ast::Zone::Utc => utc(),
        ast::Zone::Offset(minutes) => utc() - i64::from(*minutes) * 60,
        ast::Zone::Calendar => named(calendar)?,
        ast::Zone::Named(name) => named(&name.value)?,
    };
    Ok(seconds * 1_000_000)
}
