//! The audit of a directory: files, tree, signature, and every leaf decided again.

use std::path::Path;

use licit_ledger::receipt::checkpoint::origin;
use licit_ledger::receipt::key::MULTICODEC;
use licit_ledger::receipt::{Checkpoint, Frontier, Hash, Verifier, VerifyingKey, leaf_hash};
use licit_ledger::{Accounts, Audit, Counts, Openings, Past, State, Verdict};

use crate::archive::RecordFile;
use crate::disk::{Disk, OsDisk};
use crate::entry::{Entry, Names};
use crate::error::Error;
use crate::frames::End;
use crate::policies::PolicySet;
use crate::store::{CHECKPOINT, LOG, LOG_PREAMBLE, OPENINGS, OPENINGS_PREAMBLE};

/// What an audit came to.
#[derive(Debug)]
pub struct Report {
    /// Leaves by verdict.
    pub counts: Counts,
    /// What is wrong with the directory apart from single leaves.
    pub findings: Vec<Finding>,
    /// Leaves under the checkpoint.
    pub signed: u64,
    /// The gateway's key, as the log's first leaf names it.
    pub key: Option<VerifyingKey>,
    /// The log's epoch.
    pub epoch: Option<u64>,
    /// The root over all leaves.
    pub root: Hash,
    /// Accounts, shares and the trial balance.
    pub accounts: Accounts,
    /// The names behind the accounts' ids.
    pub names: Names,
    /// The state that the leaves come to.
    pub state: State,
    /// The modules that decided.
    pub policies: PolicySet,
}

impl Report {
    /// Whether nothing failed.
    pub fn passes(&self) -> bool {
        self.counts.failed == 0 && self.findings.is_empty() && self.accounts.balances()
    }
}

/// What is wrong with a directory apart from single leaves.
#[derive(Debug)]
#[non_exhaustive]
pub enum Finding {
    /// A file, the checkpoint or a policy: what opening the ledger would say.
    Error(Error),
    /// A file ends in an unfinished frame, at this offset.
    Torn(&'static str, u64),
    /// There is no checkpoint.
    NoCheckpoint,
    /// Openings lie beside no leaf: how many.
    Surplus(u64),
    /// The log is of another gateway than was asked for.
    OtherGateway,
    /// There is a checkpoint, but no leaf names the gateway that signed it.
    NoGateway,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Finding::Error(error) => error.fmt(f),
            Finding::Torn(file, offset) => write!(f, "`{file}` ends in an unfinished frame at byte {offset}"),
            Finding::NoCheckpoint => f.write_str("there is no checkpoint"),
            Finding::Surplus(count) => write!(f, "{count} openings lie beside no leaf"),
            Finding::OtherGateway => f.write_str("the log is of another gateway"),
            Finding::NoGateway => f.write_str("no leaf names the gateway that signed the checkpoint"),
        }
    }
}

/// Audits the ledger in a folder; see [`audit`].
pub fn audit_dir(
    folder: &Path,
    key: Option<&VerifyingKey>,
    on_leaf: &mut dyn FnMut(u64, &Verdict),
) -> Result<Report, Error> {
    let disk = OsDisk::existing(folder).map_err(Error::io(&folder.display().to_string()))?;
    audit(&disk, key, on_leaf)
}

/// Audits a ledger: reads it only, needs nothing else. `key` is the gateway's key if it is known from elsewhere;
/// otherwise the key that the log names is believed. `on_leaf` is told every verdict as it is reached.
pub fn audit(
    disk: &dyn Disk,
    key: Option<&VerifyingKey>,
    on_leaf: &mut dyn FnMut(u64, &Verdict),
) -> Result<Report, Error> {
    let mut findings = Vec::new();
    let policies = PolicySet::read(disk, &mut |error| {
        findings.push(Finding::Error(error));
        Ok(())
    })?;
    let log = open(disk, LOG, LOG_PREAMBLE, &mut findings)?;
    let openings = open(disk, OPENINGS, OPENINGS_PREAMBLE, &mut findings)?;
    let note = disk.read(CHECKPOINT).map_err(Error::io(CHECKPOINT))?;
    let unverified = note.as_deref().and_then(unverified_checkpoint);
    let mut signed_root = None;
    let mut tree = Frontier::new();
    let mut names = Names::default();
    let back = LookBack { log: log.twin(disk)?, openings: openings.twin(disk)? };
    let mut audit = Audit::new(&policies).looking_back(&back);
    for head in log.heads() {
        for position in 0..u64::from(head.count) {
            // Checksums may be damaged here, but what is there is judged.
            let Some(payload) = log.record(head, position)? else { break };
            let leaf = audit.state().leaves();
            let opening = openings.get_damaged(leaf)?;
            tree.append(leaf_hash(&payload));
            if unverified.as_ref().is_some_and(|checkpoint| checkpoint.size == tree.size()) {
                signed_root = Some(tree.root());
            }
            on_leaf(leaf, &audit.leaf(&payload, opening.as_deref()));
            if let Some(Ok(entry)) = opening.map(|opening| Entry::decode(payload, &opening))
                && let Some(content) = &entry.content
            {
                names.learn(&entry.kept, &content.request);
            }
        }
    }
    if let Some(surplus) = openings.len().checked_sub(tree.size()).filter(|surplus| *surplus > 0) {
        findings.push(Finding::Surplus(surplus));
    }
    let named = audit.state().epoch().map(|epoch| (multikey(&epoch.key), epoch.epoch));
    let (found, epoch) = named.unzip();
    let found = found.flatten();
    if key.is_some() && found.as_ref() != key {
        findings.push(Finding::OtherGateway);
    }
    let signed = match (note, key.or(found.as_ref()).zip(epoch)) {
        (None, _) => {
            findings.push(Finding::NoCheckpoint);
            0
        }
        (Some(note), Some((key, epoch))) => match check(&note, key, epoch, tree.size(), signed_root) {
            Ok(size) => size,
            Err(error) => {
                findings.push(Finding::Error(error));
                0
            }
        },
        // No leaf names the gateway, so nothing can be checked: a log that was emptied is not a sound one.
        (Some(_), None) => {
            findings.push(match unverified {
                Some(claim) if claim.size > tree.size() => {
                    Finding::Error(Error::Lost { leaves: tree.size(), signed: claim.size })
                }
                _ => Finding::NoGateway,
            });
            0
        }
    };
    let (counts, state) = (audit.counts(), audit.state().clone());
    let accounts = Accounts::of(&state, &policies);
    let root = tree.root();
    Ok(Report { counts, findings, signed, key: found, epoch, root, accounts, names, state, policies })
}

/// Earlier leaves, as far as their openings belong to them.
struct LookBack {
    log: RecordFile,
    openings: RecordFile,
}

impl Openings for LookBack {
    fn past(&self, leaf: u64) -> Option<Past> {
        let (payload, opening) = (self.log.get(leaf).ok()??, self.openings.get(leaf).ok()??);
        let Entry { receipt, kept, content, .. } = Entry::of(leaf, payload, &opening).ok()?;
        Some(Past { receipt, kept, content })
    }
}

fn open(
    disk: &dyn Disk,
    name: &'static str,
    preamble: &'static [u8; 16],
    findings: &mut Vec<Finding>,
) -> Result<RecordFile, Error> {
    let mut damages = Vec::new();
    let (file, end) = RecordFile::open_damaged(disk, name, preamble, &mut damages)?.ok_or(Error::NoLedger)?;
    let mut damaged = |offset, damage| {
        findings.push(Finding::Error(Error::Damaged { file: name.into(), offset, damage }));
    };
    for (offset, damage) in damages {
        damaged(offset, damage);
    }
    match end {
        End::Damaged(offset, damage) => damaged(offset, damage),
        End::Torn(offset) => findings.push(Finding::Torn(name, offset)),
        End::Clean => {}
    }
    Ok(file)
}

fn multikey(bytes: &[u8; 34]) -> Option<VerifyingKey> {
    VerifyingKey::from_bytes(bytes.strip_prefix(&MULTICODEC)?.try_into().ok()?).ok()
}

/// The checkpoint's claim, before its signature is checked: the key is named by the log itself.
fn unverified_checkpoint(note: &[u8]) -> Option<Checkpoint> {
    let note = licit_ledger::receipt::Note::parse(note).ok()?;
    Checkpoint::parse(note.text()).ok()
}

/// Checks signature, size and root; gives the size.
fn check(note: &[u8], key: &VerifyingKey, epoch: u64, leaves: u64, root: Option<Hash>) -> Result<u64, Error> {
    let name = origin(&key.gateway(), epoch);
    let verifier = Verifier::new(&name, *key).map_err(|error| {
        Error::Checkpoint(licit_ledger::receipt::checkpoint::CheckpointError::Note(error))
    })?;
    let checkpoint = Checkpoint::open(note, &verifier).map_err(Error::Checkpoint)?;
    if checkpoint.size > leaves {
        return Err(Error::Lost { leaves, signed: checkpoint.size });
    }
    if root != Some(checkpoint.root) {
        return Err(Error::Root(checkpoint.size));
    }
    Ok(checkpoint.size)
}
