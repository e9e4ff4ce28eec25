//! The evaluators side by side: the same core, the same question, the canonical text of the answer.

use std::collections::BTreeMap;

use licit_compiler::core::Licence;
use licit_compiler::zone::{self, ZoneTable};
use licit_reference as reference;
use licit_vm as vm;
use proptest::test_runner::TestCaseError;

use crate::question::{Duty, Question, Value};

/// A licence as each evaluator wants it.
pub struct Prepared {
    core: reference::Core,
    zone: reference::Zone,
    /// The loaded module.
    pub policy: vm::Policy,
}

/// What an outcome says, read back from its canonical text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Permitted.
    pub permit: bool,
    /// Reasons as written, without the word.
    pub reasons: Vec<String>,
    /// Label and case: units of 1/g.
    pub lines: BTreeMap<(String, u64), u128>,
}

/// The end of the time that zone tables are made for: 2300-01-01T00:00Z.
const HORIZON: i64 = 10_413_792_000;

/// The whole table of a licence's calendar.
pub fn zone_of(licence: &Licence) -> ZoneTable {
    let name = licence.calendar.as_deref().unwrap_or("UTC");
    zone::table(name, 0, HORIZON).expect("the calendar of a valid licence exists")
}

/// The part of a table between two instants (seconds).
fn clip(table: &ZoneTable, from: i64, until: i64) -> ZoneTable {
    let before = table.transitions.iter().take_while(|(at, _)| *at <= from).last();
    let transitions =
        table.transitions.iter().filter(|(at, _)| *at > from && *at <= until).copied().collect();
    ZoneTable { initial: before.map_or(table.initial, |(_, offset)| *offset), transitions }
}

/// Compiles a core with the offsets of `table`, and loads the module.
pub fn policy(licence: &Licence, table: &ZoneTable) -> vm::Policy {
    let zone = |_: &str, from: i64, until: i64| Some(clip(table, from, until));
    let module =
        licit_compiler::emit::from_core(licence, &zone, &BTreeMap::new()).expect("a valid licence compiles");
    vm::Policy::load(&module).expect("the loader accepts what the compiler emits")
}

impl Prepared {
    /// Encodes the core for the reference interpreter and compiles it for the VM.
    pub fn new(licence: &Licence) -> Prepared {
        let table = zone_of(licence);
        let bytes = licence.encode().expect("a valid licence has a core");
        let core = reference::Core::decode(&bytes)
            .expect("the reference interpreter reads what the compiler writes");
        let policy = policy(licence, &table);
        assert_eq!(policy.licence_id(), &core.licence_id(), "module and core name one licence");
        let zone = reference::Zone { initial: table.initial, transitions: table.transitions };
        Prepared { core, zone, policy }
    }

    /// The reference interpreter's answer.
    pub fn reference(&self, question: &Question) -> String {
        let request = reference::Request {
            used_at: question.used_at,
            user: question.user.clone(),
            organisation: question.organisation.clone(),
            action: question.axes[0].clone(),
            purpose: question.axes[1].clone(),
            place: question.axes[2].clone(),
            facts: question
                .facts
                .iter()
                .map(|(name, value)| (name.clone(), reference_value(value)))
                .collect(),
            quantities: question.quantities.iter().map(|(unit, q)| (unit.clone(), (*q).into())).collect(),
        };
        let state = reference::State {
            used: question.used.iter().map(|used| (*used).into()).collect(),
            duties: question.duties.iter().map(reference_duty).collect(),
            notice: question.notice,
            ..reference::State::default()
        };
        reference::eval(&self.core, &self.zone, &request, &state).text()
    }

    /// The VM's answer.
    pub fn vm(&self, question: &Question) -> String {
        let facts: Vec<(&str, vm::FactValue<'_>)> =
            question.facts.iter().map(|(name, value)| (name.as_str(), vm_value(value))).collect();
        let quantities: Vec<(&str, u128)> =
            question.quantities.iter().map(|(unit, q)| (unit.as_str(), *q)).collect();
        let [action, purpose, place] = &question.axes;
        let bound = self
            .policy
            .bind(&vm::Request {
                used_at: question.used_at,
                user: question.user.as_deref(),
                organisation: question.organisation.as_deref(),
                action: action.as_deref(),
                purpose: purpose.as_deref(),
                place: place.as_deref(),
                facts: &facts,
                quantities: &quantities,
                instants: vm::Instants::default(),
            })
            .expect("a drawn question is well formed");
        let duties: Vec<vm::DutyStatus> = question.duties.iter().map(vm_duty).collect();
        let mut outcome = self.policy.outcome();
        let state = vm::State { used: &question.used, duties: &duties, notice: question.notice, latched: &[] };
        self.policy.evaluate(&bound, &state, &mut outcome);
        self.policy.text(&outcome)
    }

    /// The answer both evaluators give.
    ///
    /// # Errors
    /// The question and both answers, where they differ.
    pub fn both(&self, question: &Question) -> Result<Answer, TestCaseError> {
        let reference = self.reference(question);
        let vm = self.vm(question);
        if reference != vm {
            let message =
                format!("on {question:?}\nthe reference interpreter says\n{reference}the VM says\n{vm}");
            return Err(TestCaseError::fail(message));
        }
        Ok(read(&vm))
    }
}

fn read(text: &str) -> Answer {
    let mut answer = Answer::default();
    for line in text.lines() {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        match kind {
            "permit" => answer.permit = true,
            "reason" => answer.reasons.push(rest.to_string()),
            "line" => {
                let mut words = rest.rsplitn(3, ' ');
                let amount = words.next().and_then(|word| word.parse().ok()).expect("an amount");
                let case = words.next().and_then(|word| word.parse().ok()).expect("a case");
                let label = words.next().expect("a label").to_string();
                answer.lines.insert((label, case), amount);
            }
            _ => {}
        }
    }
    answer
}

fn reference_value(value: &Value) -> reference::Value {
    match value {
        Value::Truth(truth) => reference::Value::Truth(*truth),
        Value::Number(number) => reference::Value::Count((*number).into()),
        Value::Text(text) => reference::Value::Text(text.clone()),
    }
}

fn vm_value(value: &Value) -> vm::FactValue<'_> {
    match value {
        Value::Truth(truth) => vm::FactValue::Truth(*truth),
        Value::Number(number) => vm::FactValue::Number(*number),
        Value::Text(text) => vm::FactValue::Text(text),
    }
}

fn reference_duty(duty: &Duty) -> reference::DutyStatus {
    match duty {
        Duty::Clear => reference::DutyStatus::Clear,
        Duty::Pending(due) => reference::DutyStatus::Pending(*due),
        Duty::Done => reference::DutyStatus::Done,
        Duty::Violated => reference::DutyStatus::Violated,
        Duty::Unknown => reference::DutyStatus::Unknown,
    }
}

fn vm_duty(duty: &Duty) -> vm::DutyStatus {
    match duty {
        Duty::Clear => vm::DutyStatus::Clear,
        Duty::Pending(due) => vm::DutyStatus::Pending { due: *due },
        Duty::Done => vm::DutyStatus::Done,
        Duty::Violated => vm::DutyStatus::Violated,
        Duty::Unknown => vm::DutyStatus::Unknown,
    }
}
