//! The outcomes written by hand for the reference interpreter (`spec/reference/cases/`), asked of the VM: the core goes
//! through the compiler's decoder and code generator, the expected text is the same.

use licit_compiler::core::Licence;
use licit_compiler::zone::ZoneTable;
use licit_reference::case::{self, Case};
use licit_tests::evaluator::{policy, vm_largest, vm_text};
use licit_tests::{files, root};
use licit_vm as vm;

/// The core as the VM runs it.
fn loaded(case: &Case) -> vm::Policy {
    let licence = Licence::decode(&case.core).expect("the compiler reads the core");
    let zone = ZoneTable { initial: case.zone.initial, transitions: case.zone.transitions.clone() };
    policy(&licence, &zone)
}

/// The VM's answers to the questions of a file, each with the case it belongs to.
fn answers(file: &case::File) -> Vec<(&Case, String)> {
    let decided = file.cases.iter().map(|case| (case, vm_text(&loaded(case), &case.request, &case.state)));
    let priced = file.largest.iter().map(|hold| {
        let number = |n: &num_bigint::BigUint| n.try_into().expect("at most 128 bits");
        let ranges: Vec<(u128, u128)> = hold.ranges.iter().map(|(a, b)| (number(a), number(b))).collect();
        let most = vm_largest(&loaded(&hold.case), &hold.case.request, &ranges);
        (&hold.case, most.map_or("none\n".into(), |most| format!("{most}\n")))
    });
    decided.chain(priced).collect()
}

#[test]
fn the_vm_gives_the_outcomes_written_by_hand() {
    let paths = files(&root().join("spec/reference/cases"), ".case");
    let mut asked = 0;
    let mut wrong = Vec::new();
    for path in &paths {
        let text = std::fs::read_to_string(path).expect("a case file");
        let file = case::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for (case, got) in answers(&file) {
            asked += 1;
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
    assert!(asked > 600, "only {asked} cases found");
    assert!(wrong.is_empty(), "{} of {asked} differ:\n{}", wrong.len(), wrong.join("\n"));
}
