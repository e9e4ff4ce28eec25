//! What is told of an event: one line for people, one object for programs.

use super::at_words;
use crate::book::span_words;
use crate::decision::{due_words, signed_due_words};
use crate::figures::counted;
use crate::instant;
use crate::request::call_text;
use crate::shell::{Style, paint, shown};
use licit_engine::{Answer, Phase};
use licit_ledger::{Command, Order, Purpose, Refusal, What};
use licit_receipt::leaf_hash;
use licit_vm::Manifest;
use serde_json::{Map, Value, json};

/// The event in a line: what, who, when, what of it falls due.
pub fn words(command: &Command, answer: &Answer, manifest: &Manifest, colour: bool) -> String {
    let receipt = &answer.receipt;
    let mut parts = vec![paint(colour, Style::Good, &format!("{:<9}", receipt.kind.name()))];
    parts.extend(match command {
        Command::Order(order) => order_words(order, manifest),
        Command::Configure { config, .. } => {
            let kinds: Vec<&str> = config.entitled.iter().map(|(kind, _)| kind.name()).collect();
            let kinds = if kinds.is_empty() { "nothing".to_owned() } else { kinds.join(", ") };
            vec![format!("keys for {kinds}")]
        }
        Command::Renew { until, .. } => vec![format!("until {}", instant::text(*until))],
        _ => Vec::new(),
    });
    if let Some(due) = receipt.due {
        let sign = if due.negative { "-" } else { "" };
        parts.push(format!("due {sign}{}", due_words(manifest, due.minor)));
    }
    let mut text = parts.join("  ");
    text.push_str(&paint(colour, Style::Dim, &format!("  receipt {}", receipt.seq)));
    if answer.repeated {
        text.push_str("  (repeated: nothing changed)");
    }
    text.push('\n');
    text
}

/// Whom an order is about, what it says, when.
pub fn order_words(order: &Order, manifest: &Manifest) -> Vec<String> {
    let request = &order.request;
    let who = match (&request.user, &request.organisation) {
        (Some(user), Some(organisation)) => format!("@{} of @{}", shown(user), shown(organisation)),
        (Some(name), None) | (None, Some(name)) => format!("@{}", shown(name)),
        (None, None) => String::new(),
    };
    let money = |minor: u128| signed_due_words(manifest, i128::try_from(minor).unwrap_or(i128::MAX));
    let what = match &order.what {
        What::Grant | What::Accept | What::Seat { released: false } => String::new(),
        What::Revoke => "of revocation".to_owned(),
        What::Release => "of release".to_owned(),
        What::Done(duty) => {
            let clause = manifest.duties.get(usize::from(*duty)).map(|duty| duty.clause);
            format!("{} done", shown(clause.and_then(|clause| manifest.label(clause)).unwrap_or("?")))
        }
        What::Facts => "of facts".to_owned(),
        What::Pay(minor, Purpose::Account) => money(*minor),
        What::Pay(minor, Purpose::Renewal(periods)) => {
            let periods = counted(usize::try_from(*periods).unwrap_or(usize::MAX), "period", "periods");
            format!("{} for {periods}", money(*minor))
        }
        What::Pay(minor, Purpose::Credit(terms)) if terms.gift => {
            format!("{} of credit, a gift", money(*minor))
        }
        What::Pay(minor, Purpose::Credit(_)) => format!("{} of credit", money(*minor)),
        What::Seat { released: true } => "given back".to_owned(),
        What::Correct(call) | What::Reverse(call) => format!("of {}", call_text(call)),
        What::Close(span) => span_words(span.kind, span.index),
    };
    [who, what, at_words(order.at)].into_iter().filter(|part| !part.is_empty()).collect()
}

/// The event as an object.
pub fn json(event: &str, id: Option<&str>, answer: &Answer, until: Option<i64>) -> Value {
    let receipt = &answer.receipt;
    let mut out = Map::new();
    out.insert("event".into(), event.into());
    if let Some(id) = id {
        out.insert("id".into(), id.into());
    }
    out.insert("phase".into(), answer.phase.name().into());
    if let (Phase::Held, Some(until)) = (answer.phase, until) {
        out.insert("until".into(), instant::text(until).into());
    }
    if let Some(due) = receipt.due {
        let minor = i128::try_from(due.minor).unwrap_or(i128::MAX);
        out.insert(
            "due_minor".into(),
            crate::figures::json_signed(if due.negative { -minor } else { minor }),
        );
    }
    let id = receipt.encode().map(|payload| crate::commands::hex(&leaf_hash(&payload))).unwrap_or_default();
    out.insert("receipt".into(), json!({ "index": receipt.seq, "id": id }));
    if answer.repeated {
        out.insert("repeated".into(), true.into());
    }
    Value::Object(out)
}

/// Why the ledger refuses, in the licence's own words, and the way on where there is one.
pub fn refusal_words(refusal: &Refusal, manifest: &Manifest) -> String {
    let label = |clause: u32| shown(manifest.label(clause).unwrap_or("?"));
    let said = shown(&refusal.to_string());
    match refusal {
        Refusal::Denied(reasons) => {
            let about: Vec<String> = reasons.iter().map(|reason| reason.code.name().to_owned()).collect();
            format!("the licence does not permit it: {}", about.join(", "))
        }
        Refusal::NoSeatLeft(clause) => format!("all seats of `{}` are taken", label(*clause)),
        Refusal::NoWarrant => format!("{said}: `licit warrant` makes one with an entitled key"),
        Refusal::NotEntitled => format!("{said}; a `configure` event says which keys are"),
        Refusal::WindowClosed => format!("{said}: what was used in it can only be corrected"),
        Refusal::OpenHolds => {
            format!("{said}: commit, release or fail them first, or wait until they expire")
        }
        Refusal::WindowOpen => format!("{said}, by the clock of the log"),
        Refusal::Smaller(_) => format!("{said}; an extension only adds"),
        _ => said,
    }
}
