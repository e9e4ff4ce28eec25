//! The pages of `spec/` about the command, against the command: every event and every field that a page lists is one, and
//! none is left out.

use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

fn page(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn examples(name: &str) -> String {
    format!("{}/../spec/examples/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Runs the command with some standard input; its output and its errors.
fn licit(arguments: &[&str], input: &str) -> (String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_licit"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs");
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// The events of the page's table, with the fields that each row names.
fn listed() -> Vec<(String, Vec<String>)> {
    let mut events = Vec::new();
    for row in page("stream.md").lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let words = |text: &str| -> Vec<String> {
            let word = |c: char| !(c.is_ascii_lowercase() || c == '_');
            text.split(word).filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        for event in words(cells[1]) {
            events.push((event, words(cells[2])));
        }
    }
    events
}

#[test]
fn the_stream_page_lists_every_event_with_its_fields() {
    let licence = examples("prepaid.licit");
    let (_, errors) = licit(&["run", &licence, "-"], "{\"event\":\"?\"}\n");
    let known = errors.lines().next().unwrap_or_default().split("there are ").nth(1).unwrap_or_default();
    let mut known: Vec<&str> = known.split(", ").collect();
    known.sort_unstable();
    let listed = listed();
    let mut names: Vec<&str> = listed.iter().map(|(event, _)| event.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, known, "the events of spec/stream.md");
    let of_uses = ["user", "organisation", "action", "purpose", "place", "facts", "quantities"];
    let of_payments = ["periods", "priority", "expires", "gift", "actions"];
    for (event, mut fields) in listed {
        // A field that no event has makes it say which this one has.
        let line = json!({ "event": event, "entitled": {}, "periods": 1, "action": "x" }).to_string();
        let (_, errors) = licit(&["run", &licence, "-"], &format!("{line}\n"));
        let has = errors.lines().next().unwrap_or_default().split(", which has ").nth(1).unwrap_or_default();
        let has: Vec<String> = has.split(", ").filter(|it| *it != "warrant").map(str::to_owned).collect();
        fields.retain(|field| {
            !["or", "the", "fields", "of", "a", "use"].contains(&field.as_str()) || has.contains(field)
        });
        match event.as_str() {
            "ask" => fields.extend(of_uses.map(str::to_owned)),
            "payment" => fields.extend(of_payments.map(str::to_owned)),
            _ => {}
        }
        fields.sort();
        fields.dedup();
        let mut has = has;
        has.sort();
        assert_eq!(fields, has, "the fields of `{event}`");
    }
}

#[test]
fn the_examples_of_the_stream_page_are_carried_out() {
    let page = page("stream.md");
    let block = page.split("```jsonl\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block");
    let (answers, errors) = licit(&["run", &examples("prepaid.licit"), "--format", "json", "-"], block);
    assert_eq!(answers.lines().count(), block.lines().count(), "{errors}");
    for answer in answers.lines() {
        let answer: Value = serde_json::from_str(answer).expect("JSON");
        let listed = ["event", "id", "phase", "until", "due_minor", "receipt", "repeated"];
        if answer.get("event").is_some() {
            let fields = answer.as_object().expect("an object").keys();
            assert!(fields.clone().all(|field| listed.contains(&field.as_str())), "{answer}");
        }
    }
}

/// The names of all fields of a value.
fn fields(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                found.push(name.clone());
                fields(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| fields(item, found)),
        _ => {}
    }
}

#[test]
fn the_statement_page_lists_every_field() {
    let page = page("statement.md");
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    let log = log.to_str().expect("a path");
    let stream =
        std::fs::read_to_string(format!("{}/../spec/examples/prepaid.jsonl", env!("CARGO_MANIFEST_DIR")));
    licit(&["run", &examples("prepaid.licit"), "--ledger", log, "--quiet", "-"], &stream.expect("a stream"));
    let (told, errors) =
        licit(&["statement", log, "--grant", "PrepaidApi", "--month", "2026-05", "--format", "json"], "");
    let told: Value = serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}: {errors}"));
    let mut found = Vec::new();
    fields(&told, &mut found);
    for field in found {
        let bare = field.trim_end_matches("_minor");
        let said = [format!("`{field}`"), format!("\"{field}\""), format!(" {bare} "), format!("`{bare}`")];
        assert!(
            said.iter().any(|said| page.contains(said.as_str())),
            "spec/statement.md says nothing of `{field}`"
        );
    }
    assert_eq!(told["balances"], true);
    assert_eq!(told["totals"]["due_minor"], 1450);
}
