//! The documents as tests: every example in the pages of `spec/` and in the README checks, is laid out as `licit fmt`
//! would, and its tests pass; so do the licences of `spec/examples` and `tests/language`. Tests are run on the reference
//! interpreter and on the VM, which must agree.
//!
//! A block opened by ```` ```licit ```` is a whole file; ```` ```licit error E0203 ```` yields exactly that error;
//! ```` ```licit fragment ```` is not looked at. `UPDATE=1` rewrites the pages that are generated.

#[path = "docs/blocks.rs"]
mod blocks;
#[path = "docs/stories.rs"]
mod stories;

use std::fmt::Write;
use std::path::Path;

use blocks::{Block, Wanted};
use licit_compiler::{Compiled, compile_text, render};
use licit_tests::{files, root};

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().into_owned()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Fails with everything that was found.
fn none(found: &str) {
    assert!(found.is_empty(), "\n{found}");
}

/// The error codes of a text, each once, in order.
fn errors(compiled: &Compiled) -> Vec<&'static str> {
    let mut codes: Vec<&str> = compiled
        .diagnostics
        .iter()
        .filter(|found| found.is_error())
        .map(|found| found.code.number())
        .collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// What is wrong with a text that should be right: mistakes, layout, tests that fail. Counts its tests.
fn judge(compiled: &Compiled, text: &str, tests: &mut usize, found: &mut String) {
    let path = &compiled.path;
    for finding in compiled.diagnostics.iter().filter(|finding| finding.is_error()) {
        let _ = writeln!(found, "{}", render::render(finding, path, &[(path, text)], false));
    }
    if compiled.diagnostics.iter().any(licit_compiler::Diagnostic::is_error) {
        return;
    }
    match licit_grammar::format(text) {
        Ok(formatted) if formatted == text => {}
        Ok(formatted) => {
            let line = text.lines().zip(formatted.lines()).position(|(a, b)| a != b).unwrap_or(0);
            let shown = formatted.lines().nth(line).unwrap_or_default();
            let _ = writeln!(found, "{path}: not laid out by `licit fmt`; line {} is\n{shown}", line + 1);
        }
        Err(error) => {
            let _ = writeln!(found, "{path}: cannot be formatted: {error:?}");
        }
    }
    for test in &compiled.tests {
        *tests += 1;
        let licence = compiled.licences.iter().find(|licence| licence.name == test.licence);
        let Some(licence) = licence else {
            let _ = writeln!(found, "{path}: \"{}\" is about no licence", test.name);
            continue;
        };
        if let Err(why) = stories::tell(&licence.core, test) {
            let _ = writeln!(found, "{path}: \"{}\": {why}", test.name);
        }
    }
}

/// The pages with examples.
fn pages() -> Vec<std::path::PathBuf> {
    let spec = root().join("spec");
    let readme = root().join("README.md");
    let own = files(&spec, ".md").into_iter().filter(|path| path.parent() == Some(&spec));
    own.chain(readme.exists().then_some(readme)).collect()
}

#[test]
fn every_example_of_the_pages_is_true() {
    let (mut found, mut tests, mut seen) = (String::new(), 0, 0);
    for page in pages() {
        for Block { line, wanted, text } in blocks::blocks(&read(&page)) {
            let name = format!("{}:{line}", relative(&page));
            seen += 1;
            let compile = || compile_text(&[(&name, &text)]).remove(0);
            match wanted {
                Wanted::Right => judge(&compile(), &text, &mut tests, &mut found),
                Wanted::Error(code) if errors(&compile()) == [code.as_str()] => {}
                Wanted::Error(code) => {
                    let _ = writeln!(found, "{name}: should be {code}, is {:?}", errors(&compile()));
                }
                Wanted::Nothing => {}
                Wanted::Unclear(words) => {
                    let _ = writeln!(found, "{name}: `licit {words}` says nothing to this test");
                }
            }
        }
    }
    none(&found);
    assert!(seen > 10 && tests > 10, "{seen} examples with {tests} tests are too few: were they found?");
}

#[test]
fn every_licence_of_the_repository_keeps_its_tests() {
    let (mut found, mut tests) = (String::new(), 0);
    for folder in ["spec/examples", "tests/language"] {
        let texts: Vec<(String, String)> =
            files(&root().join(folder), ".licit").iter().map(|path| (relative(path), read(path))).collect();
        let borrowed: Vec<(&str, &str)> =
            texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        for (compiled, (_, text)) in compile_text(&borrowed).iter().zip(&texts) {
            judge(compiled, text, &mut tests, &mut found);
        }
    }
    none(&found);
    assert!(tests > 100, "{tests} tests are too few: were they found?");
}

/// The first column of the table `Not compiled yet`: what `check` must answer with E0111, wherever it can stand.
#[test]
fn what_is_not_compiled_yet_says_so() {
    let page = read(&root().join("spec/language.md"));
    let table = page.split("\n## ").find(|section| section.contains("Not compiled yet\n"));
    let rows = table.expect("the table is there").lines().filter(|line| line.starts_with("| `"));
    let snippets: Vec<&str> = rows
        .filter_map(|row| row.split(" | ").next())
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    assert!(snippets.len() > 30, "{} constructs are too few: were they found?", snippets.len());
    let mut found = String::new();
    for snippet in snippets {
        let answers: Vec<Vec<&str>> = blocks::placed(snippet)
            .iter()
            .map(|text| errors(&compile_text(&[("base.licit", text)]).remove(0)))
            .collect();
        if !answers.iter().any(|codes| codes == &["E0111"]) {
            let _ = writeln!(found, "`{snippet}` is not answered with E0111 alone: {answers:?}");
        }
    }
    none(&found);
}

#[test]
fn the_places_for_constructs_that_come_later_are_right_themselves() {
    for (place, text) in blocks::placed("").iter().enumerate() {
        let codes = errors(&compile_text(&[("base.licit", text)]).remove(0));
        let missing = codes.iter().all(|code| *code == "E0205");
        assert!(missing, "place {place} has errors of its own: {codes:?}\n{text}");
    }
}

#[test]
fn the_grammar_page_is_the_grammar() {
    let path = root().join("spec/grammar.md");
    let page = licit_grammar::grammar_page();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "spec/grammar.md is not what the grammar says: run the test with UPDATE=1");
}
