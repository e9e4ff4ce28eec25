//! The standard library as a file meets it: imported without a pin, found after the file and the workspace, told of where
//! an import was forgotten.

use licit_compiler::{
    Code, Compiled, Database, Diagnostic, SourceFile, Workspace, check, compile_text, pins, render, standard,
};

/// A licence with these declarations before it and these clauses in it.
fn file(before: &str, clauses: &str) -> String {
    format!(
        "licit 2026
{before}
party @me is \"did:web:me.example\"
license L version 1 {{
  licensor @me
  asset dataset \"d\"
  term until 2030-01-01T00:00Z
  irrevocable
  {clauses}
}}
"
    )
}

fn compiled(before: &str, clauses: &str) -> Compiled {
    compile_text(&[("l.licit", &file(before, clauses))]).remove(0)
}

fn codes(findings: &[Diagnostic]) -> Vec<Code> {
    findings.iter().map(|finding| finding.code).collect()
}

fn pin_of(name: &str, version: &str) -> &'static str {
    standard::find(name, version).expect("a module").pin
}

#[test]
fn an_import_needs_no_pin_because_the_edition_pins_it() {
    let all = "vocabulary ai 1.0\nvocabulary places 2026.1\nvocabulary units 1.0";
    let out = compiled(all, "study: permit train for research in EU, GB when headcount < 250");
    assert_eq!(out.diagnostics, []);
    let core = &out.licences[0].core;
    let hex = |id: &[u8]| id.iter().fold("sha256:".to_owned(), |hex, byte| hex + &format!("{byte:02x}"));
    let ids: Vec<(&str, String)> =
        core.vocabularies.iter().map(|it| (it.name.as_str(), hex(&it.id))).collect();
    let expected = [("ai", "1.0"), ("places", "2026.1"), ("units", "1.0")];
    assert_eq!(ids, expected.map(|(name, version)| (name, pin_of(name, version).to_owned())));

    // Nothing to write, and nothing to take away.
    let db = Database::default();
    let text =
        file(&all.replace("ai 1.0", &format!("ai 1.0 pinned {}", pin_of("ai", "1.0"))), "x: permit train");
    let pinned = SourceFile::new(&db, "l.licit".to_owned(), text);
    let bare = SourceFile::new(&db, "m.licit".to_owned(), file(all, "x: permit train"));
    Workspace::new(&db, vec![pinned, bare]);
    assert_eq!((pins(&db, pinned), pins(&db, bare)), (vec![], vec![]));
    assert_eq!((check(&db, pinned), check(&db, bare)), (vec![], vec![]));
}

#[test]
fn another_pin_is_a_mistake_that_points_into_the_library() {
    let wrong = format!("sha256:{}", "51c0ffee".repeat(8));
    let text = file(&format!("vocabulary ai 1.0 pinned {wrong}"), "x: permit train");
    let out = compile_text(&[("l.licit", &text)]).remove(0);
    assert_eq!(codes(&out.diagnostics), [Code::E0207]);
    let drawn = render::render(&out.diagnostics[0], "l.licit", &[("l.licit", &text)], false);
    assert!(drawn.contains("standard/ai.licit:5:12"), "{drawn}");
    assert!(drawn.contains("vocabulary ai 1.0 {"), "{drawn}");
    let edit = &out.diagnostics[0].fixes[0].edits[0];
    assert_eq!((&text[edit.span.range()], edit.text.as_str()), (wrong.as_str(), pin_of("ai", "1.0")));
}

#[test]
fn the_file_comes_first_then_the_workspace_then_the_library() {
    let own = "vocabulary ai 1.0 { actions do { fly } }";
    assert_eq!(compiled(own, "x: permit fly").diagnostics, []);
    assert_eq!(codes(&compiled(own, "x: permit train").diagnostics), [Code::E0203]);

    let module = format!("licit 2026\n{own}\n");
    let beside = |before: &str, clauses: &str| {
        let text = file(before, clauses);
        codes(&compile_text(&[("l.licit", &text), ("module.licit", &module)])[0].diagnostics)
    };
    assert_eq!(beside("vocabulary ai 1.0", "x: permit fly"), [Code::W0213]);
    // A pin names the meaning, wherever it is.
    let pinned = format!("vocabulary ai 1.0 pinned {}", pin_of("ai", "1.0"));
    assert_eq!(beside(&pinned, "x: permit train"), []);
    assert_eq!(beside("vocabulary places 2026.1", "x: permit use in FR"), [Code::E0203]);
}

#[test]
fn a_version_that_never_was_is_told_those_that_were() {
    let out = compiled("vocabulary ai 9.9", "x: permit train");
    assert_eq!(codes(&out.diagnostics), [Code::E0206]);
    assert!(out.diagnostics[0].notes.iter().any(|note| note.contains("ai 1.0")), "{:?}", out.diagnostics);
    let out = compiled("vocabulary plcaes 2026.1", "x: permit train");
    assert_eq!(out.diagnostics[0].fixes[0].edits[0].text, "places");
}

#[test]
fn a_word_of_the_library_tells_of_the_import_that_is_missing() {
    let own = "vocabulary demo 1.0 { actions do { fly } }";
    for (clauses, import) in [
        ("x: permit pretrain", "vocabulary ai 1.0"),
        ("x: permit fly in FR", "vocabulary places 2026.1"),
        ("x: permit fly when headcount < 3", "vocabulary ai 1.0"),
        ("x: permit fly\n  y: limit 5 gigabytes per term", "vocabulary units 1.0"),
    ] {
        let out = compiled(own, clauses);
        assert!(
            out.diagnostics.iter().flat_map(|finding| &finding.help).any(|help| help.contains(import)),
            "{clauses}: {:?}",
            out.diagnostics
        );
    }
    // Where it is imported there is nothing to tell.
    let out = compiled("vocabulary ai 1.0", "x: permit FR");
    let helps = out.diagnostics.iter().flat_map(|finding| &finding.help);
    assert!(helps.into_iter().all(|help| !help.contains("vocabulary ai")), "{:?}", out.diagnostics);
}

#[test]
fn a_place_by_another_name_is_understood() {
    for (said, meant) in [("UK", "GB"), ("USA", "US"), ("germany", "DE")] {
        let out =
            compiled("vocabulary ai 1.0\nvocabulary places 2026.1", &format!("x: permit train in {said}"));
        assert_eq!(codes(&out.diagnostics), [Code::E0203]);
        let fixes = &out.diagnostics[0].fixes;
        assert_eq!((fixes.len(), fixes[0].edits[0].text.as_str()), (1, meant), "{said}");
    }
}

#[test]
fn two_modules_of_one_word_clash_once() {
    let out = compiled("vocabulary places 2026.1\nvocabulary subdivisions 2026.1", "x: permit train");
    assert!(codes(&out.diagnostics).contains(&Code::E0208), "{:?}", out.diagnostics);
}

#[test]
fn currencies_are_those_of_iso_4217_or_a_warning() {
    let with = |currency: &str, price: &str| {
        let text = file("vocabulary ai 1.0", &format!("x: permit train\n  fee: charge {price} per call"));
        let header = format!("irrevocable\n  calendar UTC\n  currency {currency}");
        codes(&compile_text(&[("l.licit", &text.replace("irrevocable", &header))])[0].diagnostics)
    };
    for (to, found) in [("0.01", vec![]), ("0.05", vec![]), ("5", vec![]), ("0.005", vec![Code::W0411])] {
        assert_eq!(
            with(&format!("CHF settled each month, rounded half_even to {to}"), "CHF 0.000001"),
            found
        );
    }
    for (currency, to, found) in [
        ("JPY", "0.1", vec![Code::W0411]),
        ("JPY", "1", vec![]),
        ("KWD", "0.001", vec![]),
        ("KWD", "0.000_1", vec![Code::W0411]),
        ("TOK", "0.000000000000000001", vec![Code::W0410]),
    ] {
        let price = format!("{currency} 0.5");
        assert_eq!(with(&format!("{currency} settled each month, rounded half_even to {to}"), &price), found);
    }
}
