//! What a host asks of the compiler besides findings: pins, tests as data, asks in words.

use licit_compiler::{
    Code, Database, DutyStatus, FactValue, SourceFile, TestExpect, TestGiven, Workspace, ask, check,
    compile_text, licences, pins, tests,
};

const SAMPLE: &str = include_str!("sample.licit");

const MODULE: &str = "licit 2026
vocabulary demo 1.0 {
  actions  use { train infer }
  purposes any { research }
  units    record, records
}
";

fn importing(pin: &str) -> String {
    format!(
        "licit 2026
vocabulary demo 1.0{pin}
party @me is \"did:web:me.example\"
license L version 1 {{
  licensor @me
  asset dataset \"d\"
  calendar UTC
  term until 2030-01-01
  irrevocable
  study: permit train for research
}}
"
    )
}

#[test]
fn a_pin_is_written_and_then_holds() {
    let mut db = Database::default();
    let module = SourceFile::new(&db, "module.licit".to_owned(), MODULE.to_owned());
    let file = SourceFile::new(&db, "l.licit".to_owned(), importing(""));
    Workspace::new(&db, vec![module, file]);
    let codes = |db: &Database| check(db, file).iter().map(|finding| finding.code).collect::<Vec<_>>();
    assert_eq!(codes(&db), [Code::W0213]);

    let edits = pins(&db, file);
    assert_eq!(edits.len(), 1);
    assert!(!edits[0].replaces);
    let mut text = importing("");
    text.replace_range(edits[0].span.range(), &edits[0].text);
    salsa::Setter::to(file.set_text(&mut db), text.clone());
    assert_eq!(codes(&db), []);
    assert_eq!(pins(&db, file), []);
    let before = licences(&db, file)[0].core.licence_id();

    // Another layout of the module is the same module; another meaning is not.
    salsa::Setter::to(module.set_text(&mut db), MODULE.replace("train infer", "infer   train"));
    assert_eq!(codes(&db), []);
    assert_eq!(licences(&db, file)[0].core.licence_id(), before);
    salsa::Setter::to(module.set_text(&mut db), MODULE.replace("train infer", "train infer distill"));
    assert_eq!(codes(&db), [Code::E0207]);
    assert!(pins(&db, file)[0].replaces);

    // Without the module there is one finding, and every name is excused.
    salsa::Setter::to(module.set_text(&mut db), "licit 2026\n".to_owned());
    assert_eq!(codes(&db), [Code::E0206]);
    assert_eq!(licences(&db, file), []);
}

#[test]
fn tests_are_data() {
    let out = compile_text(&[("sample.licit", SAMPLE)]).remove(0);
    let step = &out.tests[1].steps[0];
    // The case is that of the core, whose order is not that of the text.
    let core = &out.licences[0].core;
    let TestGiven::Counter { clause, case, value, key: None } = &step.given[0].0 else { panic!("{step:?}") };
    assert_eq!((clause.as_str(), *value), ("fee", 10_000));
    let fee = core.charges.iter().find(|charge| charge.label == "fee").expect("the charge");
    assert!(matches!(fee.cases[*case].1, licit_compiler::core::Price::Graduated { .. }));
    assert_eq!(step.given[1].0, TestGiven::Duty { clause: "credit".to_owned(), status: DutyStatus::Done });
    assert_eq!(step.ask.quantities, [("record".to_owned(), 500), ("second".to_owned(), 7200)]);
    assert_eq!(step.ask.facts, [("headcount".to_owned(), FactValue::Count(249))]);
    assert_eq!(step.ask.used_at, Some(1_780_228_800_000_000));
    assert_eq!(step.expect[0].0, TestExpect::Permit);
    assert_eq!(step.expect[1].0, TestExpect::Charge(licit_compiler::core::Ratio { num: 2, den: 1 }));
    assert_eq!(&SAMPLE[step.expect[1].1.range()], "charge EUR 2.00");
}

#[test]
fn clauses_and_names_know_their_places() {
    let out = compile_text(&[("sample.licit", SAMPLE)]).remove(0);
    let licence = &out.licences[0];
    assert_eq!(&SAMPLE[licence.span.range()], "HarbourCorpus");
    for (label, span) in &licence.clauses {
        assert!(SAMPLE[span.range()].starts_with(&format!("{label}:")), "{label}");
    }
}

#[test]
fn an_ask_in_words_may_name_what_nobody_listed() {
    let db = Database::default();
    let file = SourceFile::new(&db, "sample.licit".to_owned(), SAMPLE.to_owned());
    Workspace::new(&db, vec![file]);
    let words =
        "@kim of @tiny asks to pretrain 2 hours for gamblin in FR on 2026-05-31T12:00Z with certified";
    let (found, findings) = ask(&db, file, "HarbourCorpus", words);
    assert_eq!(findings, []);
    let found = found.expect("an ask");
    assert_eq!(found.purpose.as_deref(), Some("gamblin"));
    assert_eq!(found.quantities, [("second".to_owned(), 7200)]);
    let (_, findings) = ask(&db, file, "HarbourCorpus", "@kim asks to pretrain with certifid");
    assert_eq!(findings[0].code, Code::E0202);
    let (none, findings) = ask(&db, file, "HarbourCorpus", "@kim asks");
    assert!(none.is_none() && !findings.is_empty());
    assert_eq!(tests(&db, file).len(), 2);
}

#[test]
fn nothing_is_built_from_a_broken_text() {
    let broken = SAMPLE.replace("limit 50_000 records per", "limit 50_000 records per per");
    let out = compile_text(&[("sample.licit", &broken)]).remove(0);
    assert!(out.diagnostics.iter().any(licit_compiler::Diagnostic::is_error));
    assert_eq!(out.licences, []);
    // A mistake in one licence leaves the other.
    let wrong = SAMPLE.replace("split 70%", "split 80%");
    let out = compile_text(&[("sample.licit", &wrong)]).remove(0);
    assert_eq!(out.licences.len(), 1);
}
