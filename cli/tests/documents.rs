//! The command as people see it. Each document in `tests/documents/` is a sequence of shell commands and exactly what
//! they print: standard output as it is, standard error behind `! `, an exit status other than 0 behind `? `.
//!
//! A document runs in a fresh folder that holds a copy of `tests/files/` and of the licences of `spec/examples/`. What
//! differs from run to run (hashes of salted receipts, the clock) the commands cut out themselves. `UPDATE=1 cargo test -p licit` rewrites
//! the documents; read the difference before you commit it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

macro_rules! documents {
    ($($name:ident)*) => {
        $(#[test] fn $name() { document(stringify!($name)); })*

        #[test]
        fn every_document_is_run() {
            let mut found: Vec<String> = std::fs::read_dir(folder().join("documents"))
                .expect("the folder of documents")
                .flatten()
                .map(|entry| entry.file_name().to_string_lossy().trim_end_matches(".md").to_owned())
                .collect();
            found.sort();
            assert_eq!(found, [$(stringify!($name)),*], "list every document in tests/documents.rs, sorted");
        }
    };
}

documents! { build check command core events explain fmt key ledger pin run statement test }

/// The README's `console` blocks, in a folder that has the licences where the README says they are.
#[test]
fn readme() {
    compare(&folder().join("../../README.md"), |work| {
        copy(&folder().join("../../spec/examples"), &work.join("spec/examples"));
    });
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in
        std::fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())).flatten()
    {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("a copy");
            // git does not keep what others may read.
            #[cfg(unix)]
            if target.extension().is_some_and(|extension| extension == "key") {
                let owner_only = std::os::unix::fs::PermissionsExt::from_mode(0o600);
                std::fs::set_permissions(&target, owner_only).expect("permissions");
            }
        }
    }
}

/// Runs a document and compares it with what is written there.
fn document(name: &str) {
    compare(&folder().join("documents").join(name).with_extension("md"), |work| {
        copy(&folder().join("files"), work);
        copy(&folder().join("../../spec/examples"), work);
    });
}

fn compare(path: &Path, prepare: impl Fn(&Path)) {
    let expected =
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let work = tempfile::tempdir().expect("a temporary folder");
    prepare(work.path());
    let mut actual = String::new();
    let mut lines = expected.lines().peekable();
    let mut console = false;
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            console = line == "```console";
        }
        let command = line.strip_prefix("$ ").filter(|_| console);
        if command.is_none() && console && !line.starts_with("```") {
            continue; // what a command printed: written anew
        }
        actual.push_str(line);
        actual.push('\n');
        let Some(mut command) = command.map(str::to_owned) else { continue };
        while command.ends_with('\\') {
            let Some(next) = lines.next() else { break };
            actual.push_str(next);
            actual.push('\n');
            command.truncate(command.len() - 1);
            command.push_str(next);
        }
        actual.push_str(&outcome(&command, work.path()));
    }
    if actual == expected {
        return;
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &actual).expect("the document can be written");
        return;
    }
    let first = actual.lines().zip(expected.lines()).position(|(a, b)| a != b);
    let line = first.unwrap_or_else(|| actual.lines().count().min(expected.lines().count()));
    panic!(
        "{}:{} differs.\n--- now prints\n{}\n--- is written\n{}\n(UPDATE=1 rewrites the document)",
        path.display(),
        line + 1,
        actual.lines().skip(line.saturating_sub(3)).take(25).collect::<Vec<_>>().join("\n"),
        expected.lines().skip(line.saturating_sub(3)).take(25).collect::<Vec<_>>().join("\n"),
    );
}

/// What a command prints, with its exit status.
fn outcome(command: &str, work: &Path) -> String {
    let bin = Path::new(env!("CARGO_BIN_EXE_licit")).parent().expect("the binary lies in a folder");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(work)
        .env("PATH", path)
        .env_remove("NO_COLOR")
        .env("COLUMNS", "100")
        .output()
        .expect("sh runs");
    let mut text = String::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let _ = writeln!(text, "{}", line.trim_end());
    }
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        let _ = writeln!(text, "{}", format!("! {line}").trim_end());
    }
    match output.status.code() {
        Some(0) => {}
        Some(code) => _ = writeln!(text, "? {code}"),
        None => _ = writeln!(text, "? killed"),
    }
    text
}
