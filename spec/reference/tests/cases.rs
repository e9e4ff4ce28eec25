//! Every file in `cases/` holds: outcomes and refusals written by hand.

use std::path::Path;

use licit_reference::{Core, case, eval};

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
        assert!(!file.cases.is_empty() || !file.refusals.is_empty(), "{name} says nothing");
        for case in &file.cases {
            cases += 1;
            let place = format!("{name}:{} \"{}\"", case.line, case.name);
            match Core::decode(&case.core) {
                Err(error) => failures.push(format!("{place}: not a core: {error}")),
                Ok(core) => {
                    let text = eval(&core, &case.zone, &case.request, &case.state).text();
                    if text != case.expected {
                        failures.push(format!("{place}\n-- expected\n{}-- got\n{text}", case.expected));
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
    assert!(cases > 300 && refusals > 120, "{cases} cases and {refusals} refusals: some are missing");
}
