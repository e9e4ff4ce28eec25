//! `licit test`: the tests that stand in licences, run on the VM.

mod bench;
mod expect;

use super::check::{json, report_errors};
use crate::cli::FormatArg;
use crate::exit::{Exit, Failure, Result};
use crate::shell::{Shell, Style, shown};
use crate::texts::Texts;
use crate::{figures, input};
use bench::Bench;
use licit_compiler::{CompiledLicence, Diagnostic, TestCase};
use licit_vm::Policy;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// `licit test`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  licit test llm-api.licit
  licit test licences/ --filter tier      tests whose name contains `tier`

A test's steps share one state: what one step uses, the next finds used. State that is not mentioned is empty.")]
pub struct Args {
    /// Files, folders (every .licit file below), or - for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Run only tests whose name contains this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    #[command(flatten)]
    format: FormatArg,
}

#[derive(Default)]
struct Counts {
    passed: usize,
    failed: usize,
    left_out: usize,
    broken: usize,
}

/// Runs the tests of every file.
pub fn run(args: &Args, shell: &mut Shell) -> Result {
    let texts = Texts::new(input::sources(&args.files)?);
    let mut counts = Counts::default();
    for (index, _) in texts.named() {
        // A text with errors has no meaning that could be tested.
        if report_errors(&texts, index, shell) > 0 {
            counts.broken += 1;
            continue;
        }
        run_file(args, &texts, index, &mut counts, shell)?;
    }
    shell.flush()?;
    let Counts { passed, failed, left_out, broken } = counts;
    if passed + failed == 0 && left_out > 0 && broken == 0 {
        return Err(Failure::unusable(format!(
            "no test is called like `{}`",
            shown(args.filter.as_deref().unwrap_or_default())
        )));
    }
    let style = |style: Style, count: usize, text: String| {
        if count == 0 { text } else { shell.paint_err(style, &text) }
    };
    let mut text = format!(
        "{}, {}",
        style(Style::Good, passed, format!("{} passed", figures::grouped(passed as u128))),
        style(Style::Bad, failed, format!("{} failed", figures::grouped(failed as u128)))
    );
    if left_out > 0 {
        text.push_str(&format!(", {} left out", figures::grouped(left_out as u128)));
    }
    if broken > 0 {
        text.push_str(&format!("; {} with errors not tested", figures::counted(broken, "file", "files")));
    }
    shell.talk(&text);
    Ok(if failed + broken > 0 { Exit::Findings } else { Exit::Fine })
}

fn run_file(args: &Args, texts: &Texts, index: usize, counts: &mut Counts, shell: &mut Shell) -> Result<()> {
    let licences = texts.licences(index);
    let names = texts.names(index);
    let mut policies: BTreeMap<String, Policy> = BTreeMap::new();
    for test in texts.tests(index) {
        if args.filter.as_ref().is_some_and(|filter| !test.name.contains(filter.as_str())) {
            counts.left_out += 1;
            continue;
        }
        let Some(licence) = licences.iter().find(|licence| licence.name == test.licence) else { continue };
        if !policies.contains_key(&licence.name) {
            policies.insert(licence.name.clone(), policy(texts, index, licence)?);
        }
        let Some(policy) = policies.get(&licence.name) else { continue };
        let failures = Bench::new(policy, &names).run(&test);
        if failures.is_empty() {
            counts.passed += 1;
        } else {
            counts.failed += 1;
        }
        say(args, texts, index, &test, &failures, shell)?;
    }
    Ok(())
}

fn policy(texts: &Texts, index: usize, licence: &CompiledLicence) -> Result<Policy> {
    let module = texts.module(index, licence)?;
    Policy::load(&module).map_err(|error| {
        Failure::finding(format!("{} cannot be loaded", shown(&licence.name)))
            .why(error.to_string())
            .help("this is a mistake of the compiler")
    })
}

fn say(
    args: &Args,
    texts: &Texts,
    index: usize,
    test: &TestCase,
    failures: &[Diagnostic],
    shell: &mut Shell,
) -> Result<()> {
    if args.format.is_json() {
        let line = json!({
            "test": test.name,
            "licence": test.licence,
            "file": texts.source(index).name,
            "passed": failures.is_empty(),
            "failures": failures.iter().map(|failure| json(texts, index, failure)).collect::<Vec<_>>(),
        });
        return shell.line(&line.to_string());
    }
    let word = if failures.is_empty() {
        shell.paint(Style::Good, "ok    ")
    } else {
        shell.paint(Style::Bad, "failed")
    };
    let place = shell.paint(Style::Dim, &format!("({})", shown(&test.licence)));
    shell.line(&format!("{word} {} {place}", shown(&test.name)))?;
    for failure in failures {
        let drawn = texts.drawn(index, failure, shell.colour_out());
        shell.write(&drawn)?;
    }
    Ok(())
}
