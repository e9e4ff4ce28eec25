//! Every file in `cases/` holds: outcomes and refusals written by hand.

use std::path::Path;

use licit_reference::money::{shares, shares_at_close};
use licit_reference::{Core, case, eval, largest};
use num_bigint::{BigInt, BigUint};
use num_rational::BigRational;

#[test]
fn every_case_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut failures = vec![];
    let (mut cases, mut refusals) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "case") {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let file = match case::parse(&std::fs::read_to_string(&path).unwrap()) {
            Ok(file) => file,
            Err(error) => {
                failures.push(format!("{name}: {error}"));
                continue;
            }
        };
        assert!(!questions(&file).is_empty() || !file.refusals.is_empty(), "{name} says nothing");
        for question in questions(&file) {
            cases += 1;
            let place = format!("{name}:{} \"{}\"", question.line, question.name);
            match Core::decode(question.core) {
                Err(error) => failures.push(format!("{place}: not a core: {error}")),
                Ok(core) => {
                    let (text, expected) = ((question.answer)(&core), question.expected);
                    if text != expected {
                        failures.push(format!("{place}\n-- expected\n{expected}-- got\n{text}"));
                    }
                }
            }
        }
        for refusal in &file.refusals {
            refusals += 1;
            if Core::decode(&refusal.core).is_ok() {
                failures.push(format!("{name}:{} \"{}\" is accepted", refusal.line, refusal.name));
            }
        }
        for (core, id) in &file.ids {
            let core = Core::decode(core).unwrap_or_else(|error| panic!("{name}: {error}"));
            let hex = core.licence_id().map(|byte| format!("{byte:02x}")).concat();
            if hex != *id {
                failures.push(format!("{name}: the licence id is {hex}"));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
    assert!(cases > 550 && refusals > 250, "{cases} cases and {refusals} refusals: some are missing");
}

/// What a file asks of a core, whatever the kind of the question.
struct Question<'a> {
    name: &'a str,
    line: usize,
    core: &'a [u8],
    expected: &'a str,
    answer: Box<dyn Fn(&Core) -> String + 'a>,
}

fn questions(file: &case::File) -> Vec<Question<'_>> {
    let cases = file.cases.iter().map(|case| Question {
        name: &case.name,
        line: case.line,
        core: &case.core,
        expected: &case.expected,
        answer: Box::new(|core| eval(core, &case.zone, &case.request, &case.state).text()),
    });
    let holds = file.largest.iter().map(|hold| Question {
        name: &hold.case.name,
        line: hold.case.line,
        core: &hold.case.core,
        expected: &hold.case.expected,
        answer: Box::new(|core| amount(largest(core, &hold.case.zone, &hold.case.request, &hold.ranges))),
    });
    let closes = file.closes.iter().map(|close| Question {
        name: &close.name,
        line: close.line,
        core: &close.core,
        expected: &close.expected,
        answer: Box::new(|core| amount(core.at_close(close.counter, &close.reports))),
    });
    let parts = file.parts.iter().map(|parts| Question {
        name: &parts.name,
        line: parts.line,
        core: &parts.core,
        expected: &parts.expected,
        answer: Box::new(|core| divided(core, &parts.due)),
    });
    cases.chain(holds).chain(closes).chain(parts).collect()
}

fn amount(units: Option<BigUint>) -> String {
    units.map_or("none\n".into(), |units| format!("{units}\n"))
}

fn divided(core: &Core, due: &BigUint) -> String {
    let fractions: Vec<BigRational> = core.parts().iter().map(|(_, part)| part.clone()).collect();
    let due = BigInt::from(due.clone());
    let lines = core.parts().iter().zip(shares(&due, &fractions)).zip(shares_at_close(&due, &fractions));
    let lines = lines.map(|(((handle, part), open), closed)| format!("{handle} {part} {open} {closed}\n"));
    lines.collect::<Vec<_>>().concat()
}
