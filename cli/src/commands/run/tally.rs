//! What a stream came to.

use super::Run;
use crate::book;
use crate::figures::grouped;
use crate::shell::{Shell, Style};
use licit_engine::{Answer, Phase};
use licit_receipt::{Kind, VerifyingKey};
use licit_vm::ReasonCode;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Counts of a stream.
#[derive(Debug, Default)]
pub struct Tally {
    /// Lines that could not be decided.
    pub undecided: u64,
    /// Other events, by kind.
    events: BTreeMap<Kind, u64>,
    permitted: u64,
    denied: u64,
    repeated: u64,
    /// A denial counts under each of its reasons.
    reasons: BTreeMap<ReasonCode, u64>,
}

impl Tally {
    /// Counts an answer.
    pub fn count(&mut self, answer: &Answer) {
        if answer.repeated {
            self.repeated += 1;
            return;
        }
        // An ask and a use are decided; what else happens to them, and everything else, is only counted.
        let kind = answer.receipt.kind;
        let decides = match kind {
            Kind::Hold | Kind::Deny => true,
            Kind::Commit => answer.receipt.reference.is_none(),
            _ => false,
        };
        if !decides {
            *self.events.entry(kind).or_default() += 1;
        } else if answer.phase == Phase::Denied {
            self.denied += 1;
            let mut codes: Vec<ReasonCode> = answer
                .content
                .as_ref()
                .map(|content| content.answer.reasons.iter().map(|reason| reason.code).collect())
                .unwrap_or_default();
            codes.dedup();
            for code in codes {
                *self.reasons.entry(code).or_default() += 1;
            }
        } else {
            self.permitted += 1;
        }
    }

    /// Says it on standard error: in words, or as one JSON object.
    pub fn say(&self, run: &Run<'_>, shell: &Shell) {
        let engine = &run.engine;
        let accounts = engine.accounts();
        if run.args.format.is_json() {
            let reasons: serde_json::Map<String, Value> =
                self.reasons.iter().map(|(code, count)| (code.name().to_owned(), json!(count))).collect();
            let events: serde_json::Map<String, Value> =
                self.events.iter().map(|(kind, count)| (kind.name().to_owned(), json!(count))).collect();
            let summary = json!({
                "permitted": self.permitted,
                "denied": self.denied,
                "denied_by_reason": reasons,
                "events": events,
                "repeated": self.repeated,
                "undecided": self.undecided,
                "receipts": engine.state().leaves(),
                "checkpoint": engine.checkpoint(),
                "statement": book::json(&accounts, engine.policies(), engine.names()),
            });
            shell.talk(&summary.to_string());
            return;
        }
        let number = |number: u64| grouped(u128::from(number));
        let mut text = format!("{} {}", shell.paint_err(Style::Good, "permitted"), number(self.permitted));
        text.push_str(&format!("   {} {}", shell.paint_err(Style::Bad, "denied"), number(self.denied)));
        if !self.reasons.is_empty() {
            let reasons: Vec<String> = self
                .reasons
                .iter()
                .map(|(code, count)| format!("{} {}", code.name(), number(*count)))
                .collect();
            text.push_str(&format!(" ({})", reasons.join(", ")));
        }
        if !self.events.is_empty() {
            let counts =
                self.events.iter().map(|(kind, count)| format!("{} {}", kind.name(), number(*count)));
            text.push_str(&format!("   {}", counts.collect::<Vec<String>>().join("   ")));
        }
        if self.repeated > 0 {
            text.push_str(&format!("   repeated {}", number(self.repeated)));
        }
        if self.undecided > 0 {
            text.push_str(&format!(
                "   {} {}",
                shell.paint_err(Style::Caution, "not decided"),
                number(self.undecided)
            ));
        }
        shell.talk(&text);
        shell.talk_raw(&book::human(&accounts, engine.policies(), engine.names()));
        let place = match &run.args.ledger {
            Some(folder) => format!("in {}", folder.display()),
            None => "in memory only; `--ledger DIR` keeps them".to_owned(),
        };
        shell.talk(&format!("receipts   {} {place}", number(engine.state().leaves())));
        let key = engine.state().epoch().and_then(|epoch| epoch.key.last_chunk().copied());
        if let Some(Ok(key)) = key.map(|key: [u8; 32]| VerifyingKey::from_bytes(&key)) {
            shell.talk(&format!("checkpoint signed by {}", key.did()));
        }
    }
}
