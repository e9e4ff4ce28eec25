//! `licit receipt`: what stands in a ledger, and proofs that need neither the ledger nor a network.

use crate::cli::FormatArg;
use crate::decision::{Asked, Decision};
use crate::exit::{Exit, Failure, Result};
use crate::names::Names;
use crate::shelf::Shelf;
use crate::shell::{Shell, Style, shown};
use crate::{input, instant};
use licit_engine::{Content, Entry};
use licit_ledger::Order;
use licit_receipt::checkpoint::origin;
use licit_receipt::kind::decision_name;
use licit_receipt::proof::Proof;
use licit_receipt::tree::inclusion;
use licit_receipt::{Checkpoint, MemoryTree, Note, Receipt, Verifier, leaf_hash};
use licit_vm::Manifest;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// `licit receipt`
#[derive(Debug, clap::Subcommand)]
pub enum Args {
    /// List the receipts of a ledger
    #[command(after_help = "Examples:\n  licit receipt list log\n  licit receipt list log --format json")]
    List {
        /// The ledger's folder
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        #[command(flatten)]
        format: FormatArg,
    },
    /// Show one receipt, with what its opening remembers
    #[command(after_help = "Examples:\n  licit receipt show log 17\n  licit receipt show log code-42")]
    Show {
        /// The ledger's folder
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// Its index, its id, or the id of the invocation
        #[arg(value_name = "RECEIPT")]
        receipt: String,
        #[command(flatten)]
        format: FormatArg,
    },
    /// Prove that a receipt is in the log, in a file that anybody can verify
    #[command(after_help = "\
Examples:
  licit receipt prove log 17 > 17.tlog-proof
  licit receipt verify 17.tlog-proof --key did:key:z6Mk...")]
    Prove {
        /// The ledger's folder
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// Its index, its id, or the id of the invocation
        #[arg(value_name = "RECEIPT")]
        receipt: String,
    },
    /// Verify a proof: needs the file and the gateway's key, nothing else
    #[command(after_help = "Examples:\n  licit receipt verify 17.tlog-proof --key did:key:z6Mk...")]
    Verify {
        /// The proof, or - for standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The gateway's key, as you know it: a did:key, or a key file
        #[arg(long, value_name = "KEY")]
        key: String,
        #[command(flatten)]
        format: FormatArg,
    },
}

/// Does one of them.
pub fn run(args: &Args, shell: &mut Shell) -> Result {
    match args {
        Args::List { folder, format } => list(&Shelf::open(folder)?, *format, shell),
        Args::Show { folder, receipt, format } => show(&Shelf::open(folder)?, receipt, *format, shell),
        Args::Prove { folder, receipt } => prove(&Shelf::open(folder)?, receipt, shell),
        Args::Verify { file, key, format } => verify(file, key, *format, shell),
    }
}

fn decoded(payload: &[u8], index: u64) -> Result<Receipt> {
    Receipt::decode(payload).map_err(|error| {
        Failure::finding(format!("leaf {index} is no receipt")).why(shown(&error.to_string()))
    })
}

fn list(shelf: &Shelf, format: FormatArg, shell: &mut Shell) -> Result {
    shelf.leaves(&mut |index, payload| {
        let receipt = decoded(payload, index)?;
        if format.is_json() {
            shell.line(&json(&receipt, payload).to_string())?;
        } else {
            let word = receipt.decision.map_or("", |decision| decision_name(decision).unwrap_or("?"));
            let style = if receipt.decision == Some(0) { Style::Good } else { Style::Bad };
            let word = shell.paint(style, &format!("{word:<14}"));
            let used = instant::text(i64::try_from(receipt.at.used).unwrap_or(i64::MAX));
            let id: String = super::hex(&leaf_hash(payload)).chars().take(16).collect();
            let due = receipt.due.map_or_else(String::new, |due| {
                let sign = if due.negative { "-" } else { "" };
                format!("  due {sign}{} minor", due.minor)
            });
            shell.line(
                format!("{index:>8}  {id}  {:<10} {word} {used:<27}{due}", receipt.kind.name()).trim_end(),
            )?;
        }
        Ok(true)
    })?;
    Ok(Exit::Fine)
}

fn show(shelf: &Shelf, wanted: &str, format: FormatArg, shell: &mut Shell) -> Result {
    let (index, payload) = shelf.find(wanted)?;
    let entry = shelf.entry(index, payload)?;
    let licence = entry.receipt.module.as_ref().map(|module| shelf.licence(module)).transpose()?.flatten();
    let manifest = licence.as_ref().map(licit_ledger::Licence::manifest);
    let told = manifest.zip(entry.content.as_ref()).filter(|_| entry.receipt.decision.is_some());
    let names = Names::default();
    if format.is_json() {
        let mut value = json(&entry.receipt, &entry.payload);
        if let (Some(object), Some((manifest, content))) = (value.as_object_mut(), told) {
            object.insert("answer".into(), decision(&entry, manifest, content, &names).json(None));
        }
        shell.line(&value.to_string())?;
        return Ok(Exit::Fine);
    }
    let title = shell.paint(Style::Strong, &format!("receipt {}", super::hex(&entry.id)));
    shell.line(&title)?;
    if let Some((manifest, content)) = told {
        shell.line(&format!("{} version {}", shown(&manifest.name), manifest.version))?;
        let words = decision(&entry, manifest, content, &names).human(shell.colour_out());
        shell.write(&words)?;
    } else if let Some((licence, words)) = licence.as_ref().and_then(|licence| {
        let order = ordered(&entry)?;
        Some((licence, crate::events::order_words(&order, licence.manifest())))
    }) {
        let manifest = licence.manifest();
        shell.line(&format!("{} version {}", shown(&manifest.name), manifest.version))?;
        shell.line(&format!("{}  {}", entry.receipt.kind.name(), words.join("  ")))?;
        if let Some(warrant) = entry.content.as_ref().and_then(|content| content.warrant) {
            let key = licit_receipt::VerifyingKey::from_bytes(&warrant.key).map(|key| key.did());
            shell.line(&format!("ordered by {}", key.unwrap_or_else(|_| "a key that is none".to_owned())))?;
        }
    } else if entry.content.is_none() {
        shell.line("what was asked and why it was so decided is erased; the commitment holds")?;
    }
    shell.write(&entry.receipt.to_string())?;
    Ok(Exit::Fine)
}

/// The order that an event carried out, as its opening remembers it.
fn ordered(entry: &Entry) -> Option<Order> {
    let content = entry.content.as_ref()?;
    let what = content.what.clone()?;
    Some(Order {
        id: entry.receipt.call?,
        module: entry.receipt.module?,
        at: what.has_instant().then_some(entry.receipt.at.used),
        request: content.request.clone(),
        what,
        warrant: content.warrant,
    })
}

fn decision<'a>(
    entry: &'a Entry,
    manifest: &'a Manifest,
    content: &'a Content,
    names: &'a Names,
) -> Decision<'a> {
    Decision {
        manifest,
        names,
        asked: Asked::of(&entry.receipt, &content.request, None),
        permitted: entry.receipt.decision == Some(0),
        reasons: &content.answer.reasons,
        lines: &content.answer.lines,
        duties: &content.answer.duties,
        used: &content.touched.used,
        due: entry.receipt.due.filter(|due| !due.negative).map(|due| due.minor),
    }
}

/// A receipt for programs: what stands in the leaf, nothing else.
fn json(receipt: &Receipt, payload: &[u8]) -> Value {
    let mut out = Map::new();
    let time = |micros: u64| json!(instant::text(i64::try_from(micros).unwrap_or(i64::MAX)));
    out.insert("index".into(), json!(receipt.seq));
    out.insert("id".into(), json!(super::hex(&leaf_hash(payload))));
    out.insert("kind".into(), json!(receipt.kind.name()));
    out.insert("gateway".into(), json!(super::hex(&receipt.gateway)));
    out.insert("epoch".into(), json!(receipt.epoch));
    out.insert("logged_at".into(), time(receipt.at.logged));
    out.insert("used_at".into(), time(receipt.at.used));
    for (name, bytes) in [
        ("call", receipt.call.as_ref().map(<[u8; 16]>::as_slice)),
        ("licence", receipt.licence.as_ref().map(<[u8; 32]>::as_slice)),
        ("module", receipt.module.as_ref().map(<[u8; 32]>::as_slice)),
        ("opening", Some(receipt.opening.as_slice())),
    ] {
        if let Some(bytes) = bytes {
            out.insert(name.into(), json!(super::hex(bytes)));
        }
    }
    if let Some(decision) = receipt.decision {
        out.insert("decision".into(), json!(decision_name(decision)));
    }
    if let Some(amount) = receipt.amount {
        let exact = crate::figures::fraction(amount.numerator, u128::from(amount.grain));
        out.insert("amount".into(), json!(exact));
    }
    if let Some(due) = receipt.due {
        let sign = if due.negative { "-" } else { "" };
        out.insert("due_minor".into(), json!(format!("{sign}{}", due.minor)));
    }
    out.insert("payload".into(), json!(super::hex(payload)));
    Value::Object(out)
}

fn prove(shelf: &Shelf, wanted: &str, shell: &mut Shell) -> Result {
    let (index, payload) = shelf.find(wanted)?;
    let checkpoint = shelf.checkpoint()?;
    let damaged = |why: String| Failure::finding("the ledger's checkpoint is damaged").why(why);
    let note = Note::parse(checkpoint.as_bytes()).map_err(|error| damaged(error.to_string()))?;
    let head = Checkpoint::parse(note.text()).map_err(|error| damaged(error.to_string()))?;
    if index >= head.size {
        return Err(Failure::unusable(format!("receipt {index} is not signed yet"))
            .why(format!("the checkpoint covers {} receipts", head.size))
            .help("open the ledger once more (`licit run`), or wait for its gateway's next checkpoint"));
    }
    let mut tree = MemoryTree::new();
    shelf.leaves(&mut |at, leaf| {
        tree.append(leaf_hash(leaf));
        Ok(at + 1 < head.size)
    })?;
    if tree.len() < head.size || tree.root() != head.root {
        return Err(damaged(format!("the log's first {} leaves are not those that were signed", head.size)));
    }
    let path =
        inclusion(&tree, index, head.size).map_err(|_| damaged("the tree has no such leaf".to_owned()))?;
    shell.write(&Proof { extra: Some(payload), index, path, checkpoint }.to_string())?;
    Ok(Exit::Fine)
}

fn verify(file: &Path, key: &str, format: FormatArg, shell: &mut Shell) -> Result {
    let key = super::key::meant(key, shell)?;
    let bytes = input::bytes_or_stdin(file)?;
    let refused =
        |why: String| Failure::finding(format!("{} does not hold", file.display())).why(shown(&why));
    let proof = Proof::parse(&bytes).map_err(|error| refused(error.to_string()))?;
    let payload = proof.extra.clone().ok_or_else(|| refused("the proof holds no receipt".to_owned()))?;
    let receipt = Receipt::decode(&payload).map_err(|error| refused(format!("not a receipt: {error}")))?;
    let verifier = Verifier::new(&origin(&key.gateway(), receipt.epoch), key)
        .map_err(|error| refused(error.to_string()))?;
    let (receipt, head) =
        proof.verify_receipt(&payload, &verifier).map_err(|error| refused(error.to_string()))?;
    if format.is_json() {
        let line = json!({ "holds": true, "receipt": json(&receipt, &payload), "log": head.origin, "size": head.size, "root": super::hex(&head.root) });
        shell.line(&line.to_string())?;
        return Ok(Exit::Fine);
    }
    let holds = shell.paint(Style::Good, "holds");
    shell.line(&format!(
        "{holds}: receipt {} is leaf {} of {} in the log",
        super::hex(&leaf_hash(&payload)),
        receipt.seq,
        head.size
    ))?;
    shell.line(&format!("  {}", head.origin))?;
    shell.line(&format!("  signed by {}", key.did()))?;
    shell.write(&receipt.to_string())?;
    Ok(Exit::Fine)
}
