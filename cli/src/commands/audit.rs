//! `licit audit`: everything in a ledger decided again, and its money added up; a consumer's own list beside it.

use crate::calls::{self, Comparison};
use crate::cli::FormatArg;
use crate::exit::{Exit, Failure, Result};
use crate::figures::grouped;
use crate::progress::Progress;
use crate::shelf::Shelf;
use crate::shell::{Shell, Style, shown};
use crate::{book, ledger};
use licit_engine::{Report, Verdict};
use serde_json::{Value, json};
use std::path::PathBuf;

mod complete;

/// `licit audit`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  licit audit log
  licit audit log --key did:key:z6Mk...    the log must be this gateway's
  licit audit log --format json
  licit audit log --calls mine.txt --consumer acme    every call that acme made, and no other

Every receipt is re-executed from what its opening remembers: decision, price, what falls due, and the state that it \
leaves, byte for byte; then the tree, the signature and the trial balance. Nothing that the gateway claims is believed.

A list of calls has one a line: its id, or a JSON object with `id` and, if they are to be compared, `quantities`. A call \
that is missing in the log, has other quantities there, or was not listed by its consumer gives exit status 1.")]
pub struct Args {
    /// The ledger's folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The gateway's key, as you know it: a did:key, or a key file; without it the key that the log names is
    /// believed
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// A consumer's own list of calls, or - for standard input: is every one in the log?
    #[arg(long, value_name = "FILE")]
    calls: Option<PathBuf>,
    /// With --calls: the list is all of this user's or organisation's; are there others in the log?
    #[arg(long, value_name = "NAME", requires = "calls")]
    consumer: Option<String>,
    #[command(flatten)]
    format: FormatArg,
}

/// Audits a ledger.
pub fn run(args: &Args, shell: &mut Shell) -> Result {
    let key = args.key.as_deref().map(|key| super::key::meant(key, shell)).transpose()?;
    // Before the work is begun: a list that cannot be read ends it.
    let list = args.calls.as_deref().map(calls::read).transpose()?;
    let Audited { report, failed, told } = audit(args, key.as_ref())?;
    let shelf = Shelf::open(&args.folder)?;
    let compared =
        list.map(|list| calls::compare(list, &shelf, &report, args.consumer.as_deref())).transpose();
    let compared = match compared {
        // The findings about the files have said so already.
        Err(_) if !report.findings.is_empty() => None,
        compared => compared?,
    };
    if args.format.is_json() {
        say_json(&report, &failed, compared.as_ref(), shell)?;
    } else {
        say(&report, &failed, told, args, shell)?;
        if let Some(compared) = &compared {
            complete::say(compared, &report, shell)?;
        }
    }
    if compared.is_none() && args.calls.is_some() {
        return Err(Failure::finding("the list was not compared: the log cannot be read to its end"));
    }
    let sound = report.passes() && compared.is_none_or(|compared| compared.agrees());
    Ok(if sound { Exit::Fine } else { Exit::Findings })
}

/// What an audit came to.
struct Audited {
    report: Report,
    /// The first leaves that failed, with the reason.
    failed: Vec<(u64, String)>,
    /// How many failed.
    told: u64,
}

fn audit(args: &Args, key: Option<&licit_receipt::VerifyingKey>) -> Result<Audited> {
    let mut failed = Vec::new();
    let mut told = 0u64;
    let total = Shelf::open(&args.folder).ok().and_then(|shelf| shelf.claimed_size());
    let mut progress = Progress::new("auditing", total);
    let report = licit_engine::audit_dir(&args.folder, key, &mut |leaf, verdict| {
        progress.at(leaf);
        if let Verdict::Failed(failure) = verdict {
            told += 1;
            // Of a log that is wrong throughout, the first thousand leaves say enough.
            if failed.len() < 1_000 {
                failed.push((leaf, shown(&failure.to_string())));
            }
        }
    })
    .map_err(|error| ledger::failure(Some(&args.folder), &error))?;
    Ok(Audited { report, failed, told })
}

fn say(report: &Report, failed: &[(u64, String)], told: u64, args: &Args, shell: &mut Shell) -> Result<()> {
    let bad = shell.paint(Style::Bad, "failed");
    for (leaf, failure) in failed {
        shell.line(&format!("{bad} leaf {leaf}: {failure}"))?;
    }
    if told > failed.len() as u64 {
        shell.line(&format!("{bad} and {} more leaves", grouped(u128::from(told) - failed.len() as u128)))?;
    }
    for finding in &report.findings {
        shell.line(&format!("{bad} {}", shown(&finding.to_string())))?;
    }
    for fault in &report.accounts.faults {
        shell.line(&format!("{bad} {fault}"))?;
    }
    let verdict = if report.passes() {
        shell.paint(Style::Good, "sound")
    } else {
        shell.paint(Style::Bad, "not sound")
    };
    let counts = report.counts;
    let leaves = counts.reexecuted + counts.verified + counts.failed;
    let number = |number: u64| grouped(u128::from(number));
    shell.line(&format!("{}: {verdict}", args.folder.display()))?;
    let key = report.key.as_ref().map_or_else(|| "(unknown)".to_owned(), licit_receipt::VerifyingKey::did);
    let known = if args.key.is_some() { "as you named it" } else { "as the log names it" };
    shell.line(&format!("  gateway      {key} ({known})"))?;
    shell.line(&format!(
        "  receipts     {}, {} under the signed checkpoint",
        number(leaves),
        number(report.signed)
    ))?;
    shell.line(&format!("  root         {}", super::hex(&report.root)))?;
    shell.line(&format!("  re-executed  {}", number(counts.reexecuted)))?;
    let erased =
        if counts.verified > 0 { " (erased: what is left holds, but cannot be decided again)" } else { "" };
    shell.line(&format!("  verified     {}{erased}", number(counts.verified)))?;
    shell.line(&format!("  failed       {}", number(counts.failed)))?;
    let balance = if report.accounts.balances() { "adds up" } else { "does not add up" };
    shell.line(&format!("  balance      {balance}"))?;
    shell.write(&book::human(&report.accounts, &report.policies, &report.names))
}

fn say_json(
    report: &Report,
    failed: &[(u64, String)],
    compared: Option<&Comparison>,
    shell: &mut Shell,
) -> Result<()> {
    for (leaf, failure) in failed {
        shell.line(&json!({ "leaf": leaf, "failure": failure }).to_string())?;
    }
    for finding in &report.findings {
        shell.line(&json!({ "failure": shown(&finding.to_string()) }).to_string())?;
    }
    if let Some(compared) = compared {
        complete::say_json(compared, report, shell)?;
    }
    let counts = report.counts;
    let mut summary = json!({
        "passes": report.passes(),
        "gateway": report.key.as_ref().map(licit_receipt::VerifyingKey::did),
        "receipts": counts.reexecuted + counts.verified + counts.failed,
        "signed": report.signed,
        "root": super::hex(&report.root),
        "reexecuted": counts.reexecuted,
        "verified": counts.verified,
        "failed": counts.failed,
        "statement": book::json(&report.accounts, &report.policies, &report.names),
    });
    if let (Some(compared), Value::Object(object)) = (compared, &mut summary) {
        object.insert("calls".into(), complete::counts(compared));
    }
    shell.line(&summary.to_string())
}
