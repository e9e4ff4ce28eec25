//! The answers written by hand for the reference interpreter (`spec/reference/cases/`), asked of the crates that run licences:
//! the core goes through the compiler's decoder and code generator; the VM decides and says the largest price, the ledger
//! rates what was reported and divides what falls due. The expected text is the same.

use licit_compiler::core::Licence;
use licit_compiler::zone::ZoneTable;
use licit_ledger::money::Fraction;
use licit_ledger::parts::{Party, allocate, at_close as close_shares, parties};
use licit_ledger::rating::{Reports, missing_to_floor};
use licit_reference::Zone;
use licit_reference::case::{self, Largest};
use licit_tests::evaluator::{policy, vm_largest, vm_text};
use licit_tests::{files, root};
use licit_vm as vm;
use licit_vm::bytecode::Price;
use num_bigint::BigUint;

/// A core as the VM runs it.
fn loaded(core: &[u8], zone: &Zone) -> vm::Policy {
    let licence = Licence::decode(core).expect("the compiler reads the core");
    policy(&licence, &ZoneTable { initial: zone.initial, transitions: zone.transitions.clone() })
}

fn number(n: &BigUint) -> u128 {
    n.try_into().expect("at most 128 bits")
}

fn amount(units: Option<u128>) -> String {
    units.map_or("none\n".into(), |units| format!("{units}\n"))
}

/// A question of a file: line, name, what is expected, the answer of the crates that run licences.
type Answered<'a> = (usize, &'a str, &'a str, String);

fn answers(file: &case::File) -> Vec<Answered<'_>> {
    let decided = file.cases.iter().map(|case| {
        let policy = loaded(&case.core, &case.zone);
        (case.line, case.name.as_str(), case.expected.as_str(), vm_text(&policy, &case.request, &case.state))
    });
    let priced = file.largest.iter().map(|Largest { case, ranges }| {
        let ranges: Vec<(u128, u128)> = ranges.iter().map(|(a, b)| (number(a), number(b))).collect();
        let most = vm_largest(&loaded(&case.core, &case.zone), &case.request, &ranges);
        (case.line, case.name.as_str(), case.expected.as_str(), amount(most))
    });
    let closed = file
        .closes
        .iter()
        .map(|close| (close.line, close.name.as_str(), close.expected.as_str(), amount(at_close(close))));
    let divided = file
        .parts
        .iter()
        .map(|parts| (parts.line, parts.name.as_str(), parts.expected.as_str(), divided(parts)));
    decided.chain(priced).chain(closed).chain(divided).collect()
}

/// What a window's close adds: the charge for what was reported, or what is missing to a floor. None of other counters, nor
/// where nothing was reported.
fn at_close(close: &case::Close) -> Option<u128> {
    let policy = loaded(&close.core, &Zone::default());
    let manifest = policy.manifest();
    let mut reports = Reports::default();
    for (at, report) in (0..).zip(&close.reports) {
        reports.set(at, at, number(report))?;
    }
    match manifest.counters.get(close.counter)?.of {
        vm::CounterOf::Case { charge, case } => {
            let price = manifest.charges.get(charge as usize)?.prices.get(case as usize)?;
            let floored = matches!(price, Price::Bounded { floor: Some(_), .. });
            missing_to_floor(price, reports.sum()).filter(|_| floored)
        }
        vm::CounterOf::AtClose { charge } => {
            let charge = manifest.at_close.get(charge as usize)?;
            reports.amount(charge.aggregate, &charge.bands).filter(|_| !reports.is_empty())
        }
        _ => None,
    }
}

/// How the ledger divides what falls due: who, the fraction, what is payable before the sharing window closes, and at its
/// close.
fn divided(parts: &case::Parts) -> String {
    let policy = loaded(&parts.core, &Zone::default());
    let parties = parties(policy.manifest());
    let fractions: Vec<_> = parties.iter().map(|party| party.fraction).collect();
    let due = i128::try_from(&parts.due).expect("at most 127 bits");
    let open = allocate(due, &fractions).expect("the parts sum to one").parts;
    let closed = close_shares(due, &fractions).expect("the parts sum to one");
    let line = |((party, open), closed): ((&Party, i128), i128)| {
        let Fraction { numerator, denominator } = party.fraction;
        let fraction =
            if denominator == 1 { numerator.to_string() } else { format!("{numerator}/{denominator}") };
        format!("{} {fraction} {open} {closed}\n", party.handle)
    };
    parties.iter().zip(open).zip(closed).map(line).collect()
}

#[test]
fn vm_and_ledger_give_the_answers_written_by_hand() {
    let paths = files(&root().join("spec/reference/cases"), ".case");
    let mut asked = 0;
    let mut wrong = Vec::new();
    for path in &paths {
        let text = std::fs::read_to_string(path).expect("a case file");
        let file = case::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for (line, name, expected, got) in answers(&file) {
            asked += 1;
            if got != expected {
                wrong.push(format!("{}:{line} {name}\nexpected\n{expected}got\n{got}", path.display()));
            }
        }
        for refusal in &file.refusals {
            asked += 1;
            if Licence::decode(&refusal.core).is_ok() {
                wrong.push(format!("{}:{} {}: accepted", path.display(), refusal.line, refusal.name));
            }
        }
    }
    assert!(asked > 900, "only {asked} cases found");
    assert!(wrong.is_empty(), "{} of {asked} differ:\n{}", wrong.len(), wrong.join("\n"));
}
