//! The architecture, held by tests: who depends on whom, who names which library, how long a file may be, and what the
//! pure crates do not do. `ARCHITECTURE.md` says why.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use licit_tests::{files, root};

/// Each crate, its folder, and the only crates of ours it may depend on.
const CRATES: &[(&str, &str, &[&str])] = &[
    ("licit-grammar", "grammar", &[]),
    ("licit-bytecode", "runtime/bytecode", &[]),
    ("licit-receipt", "runtime/receipt", &[]),
    ("licit-reference", "spec/reference", &[]),
    ("licit-vm", "runtime/vm", &["licit-bytecode"]),
    ("licit-ledger", "runtime/ledger", &["licit-vm", "licit-receipt"]),
    ("licit-engine", "runtime/engine", &["licit-ledger"]),
    ("licit-compiler", "compiler", &["licit-grammar", "licit-bytecode"]),
];

/// Crates without a clock, an environment, files or sockets.
const PURE: &[&str] =
    &["grammar", "compiler", "runtime/bytecode", "runtime/vm", "runtime/receipt", "runtime/ledger"];

/// Each outside library that shapes code around it, and the only files that may name it.
const IMPORTERS: &[(&str, &[&str])] = &[
    ("lalrpop_util", &["grammar/src/parser.rs"]),
    ("logos", &["grammar/src/lexer.rs"]),
    ("ariadne", &["compiler/src/render.rs"]),
    ("salsa", &["compiler/src/db.rs", "compiler/src/queries.rs"]),
    ("indicatif", &["cli/src/progress.rs"]),
    ("jiff", &["compiler/src/zone.rs", "spec/reference/src/time.rs"]),
    ("ed25519_dalek", &["runtime/receipt/src/key.rs"]),
];

/// The longest a library file may be; tables and tests are exempt by being short or elsewhere.
const LONGEST: usize = 800;

fn sources(folder: &str) -> Vec<std::path::PathBuf> {
    files(&root().join(folder).join("src"), ".rs")
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().into_owned()
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The lines of code, without comment lines.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

#[test]
fn dependencies_run_one_way() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo metadata runs");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("a list of packages");
    let mut seen = BTreeMap::new();
    for package in packages {
        let name = package["name"].as_str().expect("a name").to_string();
        let ours: BTreeSet<String> = package["dependencies"]
            .as_array()
            .expect("a list of dependencies")
            .iter()
            .filter(|dependency| dependency["kind"].is_null())
            .filter_map(|dependency| dependency["name"].as_str())
            .filter(|name| name.starts_with("licit"))
            .map(ToString::to_string)
            .collect();
        seen.insert(name, ours);
    }
    for (name, _, allowed) in CRATES {
        let allowed: BTreeSet<String> = allowed.iter().map(ToString::to_string).collect();
        assert_eq!(
            seen.get(*name),
            Some(&allowed),
            "{name} depends on more or less than ARCHITECTURE.md says"
        );
    }
    let listed: BTreeSet<&str> = CRATES.iter().map(|row| row.0).chain(["licit", "licit-tests"]).collect();
    let found: BTreeSet<&str> = seen.keys().map(String::as_str).collect();
    assert_eq!(found, listed, "a crate is missing from the list in this file");
}

#[test]
fn one_importer_for_each_outside_library() {
    for (library, importers) in IMPORTERS {
        let mut naming = BTreeSet::new();
        for path in files(&root(), ".rs") {
            let name = relative(&path);
            if !name.contains("/src/") {
                continue;
            }
            let names = |line: &str| {
                let path = format!("{library}::");
                line.match_indices(&path).any(|(at, _)| {
                    !line[..at]
                        .ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == ':')
                })
            };
            if code(&text(&path)).any(names) {
                naming.insert(name);
            }
        }
        let allowed: BTreeSet<String> = importers.iter().map(ToString::to_string).collect();
        assert_eq!(naming, allowed, "the files that name {library}");
    }
}

#[test]
fn files_end_before_they_are_long() {
    for path in files(&root(), ".rs") {
        let lines = text(&path).lines().count();
        assert!(lines <= LONGEST, "{} has {lines} lines, more than {LONGEST}", relative(&path));
    }
}

#[test]
fn the_core_is_pure() {
    let forbidden = [
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "std::thread",
        "std::time",
        "SystemTime",
        "Instant::now",
        "HashMap",
        "HashSet",
        "println!",
        "eprintln!",
        "f32",
        "f64",
    ];
    for folder in PURE {
        for path in sources(folder) {
            let name = relative(&path);
            if name.contains("/tests") {
                continue;
            }
            for line in code(&text(&path)) {
                for word in forbidden {
                    assert!(!names_word(line, word), "{name} names {word}: {}", line.trim());
                }
            }
        }
    }
}

/// Whether `line` holds `word` with no letter or digit on either side.
fn names_word(line: &str, word: &str) -> bool {
    let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word)
        .any(|(at, _)| !part(line[..at].chars().next_back()) && !part(line[at + word.len()..].chars().next()))
}

#[test]
fn the_runtime_is_no_std_and_every_crate_says_what_it_is() {
    for (_, folder, _) in CRATES {
        let lib = text(&root().join(folder).join("src/lib.rs"));
        assert!(lib.starts_with("//!"), "{folder}/src/lib.rs opens with what the crate does");
    }
    for folder in ["runtime/bytecode", "runtime/vm", "runtime/receipt", "runtime/ledger"] {
        let lib = text(&root().join(folder).join("src/lib.rs"));
        assert!(lib.contains("no_std"), "{folder} is no_std");
    }
}
