//! The real trace, end to end: `licit run` decides and prices it, `licit audit` decides it again, and the totals equal
//! those that `tests/oracle/azure.py` computes with fractions, without a licence and without Licit, to the last unit.
//!
//! The samples in `tests/data` are always run; the full files where the folder `shared/data/azure-llm-2023` lies beside
//! the repository.

use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn oracle(what: &str, code: &Path, conv: &Path, to: Stdio) -> Output {
    let output = Command::new("python3")
        .arg(root().join("tests/oracle/azure.py"))
        .arg(what)
        .args([code, conv])
        .stdout(to)
        .output()
        .unwrap_or_else(|error| {
            panic!("this test compares with a Python script and needs `python3`: {error}")
        });
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn licit(arguments: &[&str], input: Stdio) -> Output {
    Command::new(env!("CARGO_BIN_EXE_licit")).args(arguments).stdin(input).output().expect("licit runs")
}

fn last_json(text: &[u8]) -> Value {
    let text = String::from_utf8_lossy(text);
    let line = text.lines().last().unwrap_or_default();
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

/// Runs both files and compares every figure.
fn compare(code: &Path, conv: &Path) {
    let work = tempfile::tempdir().expect("a temporary folder");
    let trace = work.path().join("trace.jsonl");
    oracle("trace", code, conv, Stdio::from(File::create(&trace).expect("a file")));
    let expected: Value = serde_json::from_slice(&oracle("totals", code, conv, Stdio::piped()).stdout)
        .expect("the oracle's totals");

    let licence = root().join("spec/examples/llm-api.licit");
    let licence = licence.to_str().expect("a path");
    let ledger = work.path().join("ledger");
    let ledger = ledger.to_str().expect("a path");
    let arguments = ["run", licence, "--ledger", ledger, "--format", "json"];
    let run = licit(&arguments, Stdio::from(File::open(&trace).expect("the trace")));
    let said = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(0), "{said}");
    let summary = last_json(&run.stderr);
    for field in ["permitted", "denied"] {
        assert_eq!(summary[field], expected[field], "{field}");
    }
    assert_eq!(summary["undecided"], 0);

    // Line by line: as many decisions as invocations, and their quantities and charges sum to the totals.
    let decisions: Vec<Value> = String::from_utf8_lossy(&run.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("a decision a line"))
        .collect();
    assert_eq!(Value::from(decisions.len()), expected["invocations"]);
    let due: u64 = decisions.iter().filter_map(|decision| decision["due_minor"].as_u64()).sum();
    assert_eq!(Value::from(due), expected["due_minor"]);

    let books = |statement: &Value| {
        let accounts = statement["accounts"].as_array().expect("accounts");
        assert_eq!(accounts.len(), 1, "one organisation, one month");
        assert_eq!(accounts[0]["charged"], expected["charged"], "the exact charge");
        assert_eq!(accounts[0]["due_minor"], expected["due_minor"], "the amount due");
        assert_eq!(accounts[0]["commits"], expected["permitted"], "charged uses");
        let shares = &statement["shares"][0];
        assert_eq!(shares["payable_minor"], expected["payable_minor"], "each payee's share");
        assert_eq!(shares["residue_minor"], expected["residue_minor"], "what is left over");
        assert_eq!(statement["balances"], true);
    };
    books(&summary["statement"]);

    let audit = licit(&["audit", ledger, "--format", "json"], Stdio::null());
    assert_eq!(audit.status.code(), Some(0), "{}", String::from_utf8_lossy(&audit.stdout));
    let audit = last_json(&audit.stdout);
    // Every invocation, and the leaf that opens the log.
    assert_eq!(audit["reexecuted"], expected["invocations"].as_u64().expect("a number") + 1);
    assert_eq!((&audit["verified"], &audit["failed"]), (&Value::from(0), &Value::from(0)));
    books(&audit["statement"]);
}

#[test]
fn the_sample_equals_the_oracle() {
    let data = root().join("tests/data");
    compare(&data.join("azure-code-sample.csv"), &data.join("azure-conv-sample.csv"));
}

#[test]
fn the_full_trace_equals_the_oracle() {
    let data = root().join("../shared/data/azure-llm-2023");
    if !data.is_dir() {
        eprintln!("the full trace is not beside the repository; only the sample is compared");
        return;
    }
    compare(&data.join("code.csv"), &data.join("conv.csv"));
}
