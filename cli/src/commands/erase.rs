//! `licit erase`: what openings remember of people, erased; the receipts stay.

use crate::cli::FormatArg;
use crate::exit::{Exit, Failure, Result};
use crate::figures::grouped;
use crate::ledger;
use crate::request::call_id;
use crate::shelf::Shelf;
use crate::shell::{Shell, shown};
use licit_engine::{Engine, Error, Id, Licensee};
use licit_receipt::Receipt;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// `licit erase`
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("what").required(true).multiple(true),
    after_help = "\
Examples:
  licit erase log --call a-17        everything that openings say about one invocation
  licit erase log --consumer ana     about all uses of a user or an organisation
  licit erase log --leaf 17 --leaf 18

Erased are the requests with their names and facts, the reasons and the calculations. Kept are the receipts, and of \
their openings what the state is computed from (counts, amounts, salted ids): the log stays whole, its money adds up, and \
`licit audit` verifies those receipts without deciding them again. Nothing brings back what is erased; copies of the \
folder keep theirs."
)]
pub struct Args {
    /// The ledger's folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// A receipt, by its index; may be said several times
    #[arg(long, value_name = "N", group = "what")]
    leaf: Vec<u64>,
    /// All receipts of an invocation, by its id; may be said several times
    #[arg(long, value_name = "ID", group = "what")]
    call: Vec<String>,
    /// All receipts about a user or an organisation; may be said several times
    #[arg(long, value_name = "NAME", group = "what")]
    consumer: Vec<String>,
    /// The secret key of the ledger [default: DIR/gateway.key]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArg,
}

/// Erases.
pub fn run(args: &Args, shell: &mut Shell) -> Result {
    // Opening for writing would begin a ledger where there is none.
    let shelf = Shelf::open(&args.folder)?;
    let mut leaves: BTreeSet<u64> = args.leaf.iter().copied().collect();
    of_calls(args, &shelf, &mut leaves)?;
    let mut engine = ledger::open(Some(&args.folder), args.key.as_deref(), shell)?;
    of_consumers(args, &engine, &mut leaves)?;
    engine.erase(&leaves).map_err(|error| match error {
        Error::OpenHold(leaf) => Failure::unusable(format!("receipt {leaf} is the ask of an open hold"))
            .why("its commit will be priced from what it asked for; nothing was erased")
            .help("commit or release the hold, or wait until it has expired"),
        error => ledger::failure(Some(&args.folder), &error),
    })?;
    engine.close().map_err(|error| ledger::failure(Some(&args.folder), &error))?;
    if args.format.is_json() {
        shell.line(&json!({ "erased": leaves.iter().collect::<Vec<_>>() }).to_string())?;
    } else {
        let what = if leaves.len() == 1 { "opening" } else { "openings" };
        shell.line(&format!(
            "erased {} {what} in {}",
            grouped(leaves.len() as u128),
            args.folder.display()
        ))?;
    }
    Ok(Exit::Fine)
}

/// Adds the receipts of the invocations that were named.
fn of_calls(args: &Args, shelf: &Shelf, leaves: &mut BTreeSet<u64>) -> Result<()> {
    let mut missing: Vec<(&String, [u8; 16])> = args.call.iter().map(|id| (id, call_id(id))).collect();
    let wanted: BTreeSet<[u8; 16]> = missing.iter().map(|(_, call)| *call).collect();
    shelf.leaves(&mut |leaf, payload| {
        if let Ok(Receipt { call: Some(call), .. }) = Receipt::decode(payload)
            && wanted.contains(&call)
        {
            leaves.insert(leaf);
            missing.retain(|(_, id)| *id != call);
        }
        Ok(true)
    })?;
    match missing.first() {
        None => Ok(()),
        Some((id, _)) => Err(Failure::unusable(format!(
            "no receipt of an invocation {} in {}",
            shown(id),
            args.folder.display()
        ))
        .why("nothing was erased")),
    }
}

/// Adds the receipts about the people who were named: by what openings still say, and by the salted ids.
fn of_consumers(args: &Args, engine: &Engine, leaves: &mut BTreeSet<u64>) -> Result<()> {
    let failed = |error: Error| ledger::failure(Some(&args.folder), &error);
    for name in &args.consumer {
        let name = name.strip_prefix('@').unwrap_or(name);
        let salt = engine.state().epoch().map(|epoch| epoch.salt);
        let ids = salt
            .map(|salt| (Id::new(&salt, Licensee::User(name)), Id::new(&salt, Licensee::Organisation(name))));
        let before = leaves.len();
        let mut any = false;
        for leaf in 0..engine.state().leaves() {
            let entry = engine.entry(leaf).map_err(failed)?;
            let named = entry.content.as_ref().is_some_and(|content| {
                let request = &content.request;
                request.user.as_deref() == Some(name) || request.organisation.as_deref() == Some(name)
            });
            let by_id = ids.zip(crate::calls::who(&entry.kept)).is_some_and(|((user, organisation), who)| {
                who.user == Some(user) || who.organisation == Some(organisation)
            });
            any |= named || by_id;
            if (named || by_id) && entry.content.is_some() {
                leaves.insert(leaf);
            }
        }
        if !any && leaves.len() == before {
            return Err(Failure::unusable(format!(
                "{} holds nothing about {}",
                args.folder.display(),
                shown(name)
            ))
            .why("no receipt names such a user or organisation; nothing was erased"));
        }
    }
    Ok(())
}
