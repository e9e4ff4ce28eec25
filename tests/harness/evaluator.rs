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
    /// Permitted by the grace of the renewal.
    pub grace: bool,
    /// Reasons as written, without the word.
    pub reasons: Vec<String>,
    /// Label and case: units of 1/g.
    pub lines: BTreeMap<(String, u64), u128>,
    /// By counter: what is added.
    pub deltas: BTreeMap<usize, u128>,
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
        let (request, state) = in_reference(question);
        reference::eval(&self.core, &self.zone, &request, &state).text()
    }

    /// The VM's answer.
    pub fn vm(&self, question: &Question) -> String {
        let (request, state) = in_reference(question);
        vm_text(&self.policy, &request, &state)
    }

    /// The largest price by both, where each counter stands between the two numbers of its range.
    ///
    /// # Errors
    /// The question and both answers, where they differ.
    pub fn largest(
        &self,
        question: &Question,
        ranges: &[(u128, u128)],
    ) -> Result<Option<u128>, TestCaseError> {
        let (request, _) = in_reference(question);
        let wide: Vec<_> = ranges.iter().map(|(low, high)| ((*low).into(), (*high).into())).collect();
        let reference = reference::largest(&self.core, &self.zone, &request, &wide);
        let reference = reference.map(|most| u128::try_from(most).expect("a price below 2^127"));
        let vm = vm_largest(&self.policy, &request, ranges);
        if reference == vm {
            return Ok(vm);
        }
        let message = format!(
            "on {question:?} with {ranges:?}\nthe reference interpreter says {reference:?}, the VM says {vm:?}"
        );
        Err(TestCaseError::fail(message))
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
            "grace" => answer.grace = true,
            "reason" => answer.reasons.push(rest.to_string()),
            "line" => {
                let mut words = rest.rsplitn(3, ' ');
                let amount = words.next().and_then(|word| word.parse().ok()).expect("an amount");
                let case = words.next().and_then(|word| word.parse().ok()).expect("a case");
                let label = words.next().expect("a label").to_string();
                answer.lines.insert((label, case), amount);
            }
            "delta" => {
                let mut words = rest.split(' ');
                let counter = words.next().and_then(|word| word.parse().ok()).expect("a counter");
                let add = words.nth(1).and_then(|word| word.parse().ok()).expect("a number");
                answer.deltas.insert(counter, add);
            }
            _ => {}
        }
    }
    answer
}

/// The question in the types of the reference interpreter, which hold everything.
fn in_reference(question: &Question) -> (reference::Request, reference::State) {
    let [action, purpose, place] = question.axes.clone();
    let request = reference::Request {
        used_at: question.used_at,
        user: question.user.clone(),
        organisation: question.organisation.clone(),
        action,
        purpose,
        place,
        facts: question.facts.iter().map(|(name, value)| (name.clone(), reference_value(value))).collect(),
        quantities: question.quantities.iter().map(|(unit, q)| (unit.clone(), (*q).into())).collect(),
    };
    let [grant, release, first_use] = question.instants;
    let state = reference::State {
        used: question.used.iter().map(|used| (*used).into()).collect(),
        duties: question.duties.iter().map(reference_duty).collect(),
        notice: question.notice,
        grant,
        release,
        first_use,
        renewal: question.renewal.map(|(anchor, periods)| reference::Renewal { anchor, periods }),
        latched: question.latched.clone(),
    };
    (request, state)
}

/// Binds a request of the reference interpreter for the VM.
fn bind(policy: &vm::Policy, request: &reference::Request, state: &reference::State) -> vm::Bound {
    let facts: Vec<(&str, vm::FactValue<'_>)> =
        request.facts.iter().map(|(name, value)| (name.as_str(), vm_value(value))).collect();
    let quantities: Vec<(&str, u128)> = request
        .quantities
        .iter()
        .map(|(unit, q)| (unit.as_str(), q.try_into().expect("at most 128 bits")))
        .collect();
    let request = vm::Request {
        used_at: request.used_at,
        user: request.user.as_deref(),
        organisation: request.organisation.as_deref(),
        action: request.action.as_deref(),
        purpose: request.purpose.as_deref(),
        place: request.place.as_deref(),
        facts: &facts,
        quantities: &quantities,
        instants: vm::Instants {
            grant: state.grant,
            release: state.release,
            first_use: state.first_use,
            renewal: state.renewal.map(|paid| vm::Renewal { anchor: paid.anchor, periods: paid.periods }),
        },
    };
    policy.bind(&request).expect("the request is well formed")
}

/// The VM's answer to a question of the reference interpreter: the canonical text.
///
/// # Panics
/// If the request is malformed or the VM takes more steps than its bound (T10).
pub fn vm_text(policy: &vm::Policy, request: &reference::Request, state: &reference::State) -> String {
    let bound = bind(policy, request, state);
    let used: Vec<u128> = state.used.iter().map(|used| used.try_into().expect("at most 128 bits")).collect();
    let duties: Vec<vm::DutyStatus> = state.duties.iter().map(vm_duty).collect();
    let state = vm::State { used: &used, duties: &duties, notice: state.notice, latched: &state.latched };
    let mut outcome = policy.outcome();
    let steps = policy.evaluate_counting(&bound, &state, &mut outcome);
    assert!(steps <= policy.cost(), "{steps} steps, the bound is {}", policy.cost());
    policy.text(&outcome)
}

/// The VM's largest price.
pub fn vm_largest(
    policy: &vm::Policy,
    request: &reference::Request,
    ranges: &[(u128, u128)],
) -> Option<u128> {
    let bound = bind(policy, request, &reference::State::default());
    policy.largest(&bound, ranges, &mut policy.outcome())
}

fn reference_value(value: &Value) -> reference::Value {
    match value {
        Value::Truth(truth) => reference::Value::Truth(*truth),
        Value::Number(number) => reference::Value::Count((*number).into()),
        Value::Text(text) => reference::Value::Text(text.clone()),
    }
}

fn vm_value(value: &reference::Value) -> vm::FactValue<'_> {
    match value {
        reference::Value::Truth(truth) => vm::FactValue::Truth(*truth),
        reference::Value::Count(number) => {
            vm::FactValue::Number(number.try_into().expect("at most 128 bits"))
        }
        reference::Value::Text(text) => vm::FactValue::Text(text),
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

fn vm_duty(duty: &reference::DutyStatus) -> vm::DutyStatus {
    match duty {
        reference::DutyStatus::Clear => vm::DutyStatus::Clear,
        reference::DutyStatus::Pending(due) => vm::DutyStatus::Pending { due: *due },
        reference::DutyStatus::Done => vm::DutyStatus::Done,
        reference::DutyStatus::Violated => vm::DutyStatus::Violated,
        reference::DutyStatus::Unknown => vm::DutyStatus::Unknown,
    }
}
