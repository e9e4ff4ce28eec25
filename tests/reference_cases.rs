//! The outcomes written by hand for the reference interpreter (`spec/reference/cases/`), asked of the VM: the core goes
//! through the compiler's decoder and code generator, the expected text is the same.

use licit_compiler::core::Licence;
use licit_compiler::zone::ZoneTable;
use licit_reference::case::{self, Case};
use licit_reference::{DutyStatus, Value};
use licit_tests::evaluator::policy;
use licit_tests::{files, root};
use licit_vm as vm;

fn vm_text(case: &Case) -> String {
    let licence = Licence::decode(&case.core).expect("the compiler reads the core");
    let zone = ZoneTable { initial: case.zone.initial, transitions: case.zone.transitions.clone() };
    let policy = policy(&licence, &zone);
    let request = &case.request;
    let facts: Vec<(&str, vm::FactValue<'_>)> = request
        .facts
        .iter()
        .map(|(name, value)| {
            let value = match value {
                Value::Truth(truth) => vm::FactValue::Truth(*truth),
                Value::Count(number) => vm::FactValue::Number(number.try_into().expect("at most 128 bits")),
                Value::Text(text) => vm::FactValue::Text(text),
            };
            (name.as_str(), value)
        })
        .collect();
    let quantities: Vec<(&str, u128)> = request
        .quantities
        .iter()
        .map(|(unit, q)| (unit.as_str(), q.try_into().expect("at most 128 bits")))
        .collect();
    let bound = policy
        .bind(&vm::Request {
            used_at: request.used_at,
            user: request.user.as_deref(),
            organisation: request.organisation.as_deref(),
            action: request.action.as_deref(),
            purpose: request.purpose.as_deref(),
            place: request.place.as_deref(),
            facts: &facts,
            quantities: &quantities,
            instants: vm::Instants::default(),
        })
        .expect("the request is well formed");
    let used: Vec<u128> =
        case.state.used.iter().map(|used| used.try_into().expect("at most 128 bits")).collect();
    let duties: Vec<vm::DutyStatus> = case
        .state
        .duties
        .iter()
        .map(|duty| match duty {
            DutyStatus::Clear => vm::DutyStatus::Clear,
            DutyStatus::Pending(due) => vm::DutyStatus::Pending { due: *due },
            DutyStatus::Done => vm::DutyStatus::Done,
            DutyStatus::Violated => vm::DutyStatus::Violated,
            DutyStatus::Unknown => vm::DutyStatus::Unknown,
        })
        .collect();
    let mut outcome = policy.outcome();
    policy.evaluate(
        &bound,
        &vm::State { used: &used, duties: &duties, notice: case.state.notice, latched: &[] },
        &mut outcome,
    );
    policy.text(&outcome)
}

#[test]
fn the_vm_gives_the_outcomes_written_by_hand() {
    let paths = files(&root().join("spec/reference/cases"), ".case");
    let mut asked = 0;
    let mut wrong = Vec::new();
    for path in &paths {
        let text = std::fs::read_to_string(path).expect("a case file");
        let file = case::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for case in &file.cases {
            asked += 1;
            let got = vm_text(case);
            if got != case.expected {
                wrong.push(format!(
                    "{}:{} {}\nexpected\n{}got\n{got}",
                    path.display(),
                    case.line,
                    case.name,
                    case.expected
                ));
            }
        }
        for refusal in &file.refusals {
            asked += 1;
            if Licence::decode(&refusal.core).is_ok() {
                wrong.push(format!("{}:{} {}: accepted", path.display(), refusal.line, refusal.name));
            }
        }
    }
    assert!(asked > 100, "only {asked} cases found");
    assert!(wrong.is_empty(), "{} of {asked} differ:\n{}", wrong.len(), wrong.join("\n"));
}
