//! Snapshots: a state with the head of the log that it belongs to, so that opening need not read the whole log. A cache:
//! deleting it loses nothing, and one that does not fit is not used (`spec/ledger.md`, section 5).
//!
//! A wrong snapshot is never believed. The gateway has signed it; the last frames of log and openings that it names must
//! stand where it says, byte for byte in their heads; and the tree that goes on from it must come to the root of the
//! signed checkpoint. What stands in the log before those frames is not looked at when a snapshot is used: it is when it is
//! read, and in an audit.

use licit_ledger::State;
use licit_ledger::receipt::hash::{hex, sha256};
use licit_ledger::receipt::note::sign;
use licit_ledger::receipt::{Frontier, Hash, Note, Signer, Verifier};

use crate::disk::Disk;
use crate::error::Error;
use crate::frames::{HEAD, Head, Start};
use crate::store::{LOG, OPENINGS};

/// The snapshot's file.
pub const SNAPSHOT: &str = "snapshot";
/// How it begins.
pub const SNAPSHOT_PREAMBLE: &[u8; 16] = b"licit snapshot\n\x01";

/// The longest signed head in bytes.
const MAX_NOTE: usize = 4096;

/// A state, and where the log went on from it.
pub(crate) struct Snapshot {
    pub(crate) state: State,
    pub(crate) tree: Frontier,
    /// Where the last frame begins that it covers.
    pub(crate) log: Start,
    pub(crate) openings: Start,
}

/// The bytes of a snapshot: of the canonical bytes of a state, its tree, and the last frames.
pub(crate) fn encode(
    signer: &Signer,
    state: &[u8],
    tree: &Frontier,
    log: &Head,
    openings: &Head,
) -> Result<Vec<u8>, Error> {
    let nodes = tree.nodes().as_flattened();
    let body = [nodes, state].concat();
    let text = format!(
        "licit snapshot\n{}\n{}\n{}\n{} {}\n{} {}\n{} {}\n",
        signer.verifier().name(),
        tree.size(),
        hex(&tree.root()),
        log.offset,
        hex(&log.bytes()),
        openings.offset,
        hex(&openings.bytes()),
        body.len(),
        hex(&sha256(&body)),
    );
    let note = sign(&text, &[signer]).map_err(|error| {
        Error::Checkpoint(licit_ledger::receipt::checkpoint::CheckpointError::Note(error))
    })?;
    let length = (note.len() as u32).to_be_bytes();
    Ok([SNAPSHOT_PREAMBLE.as_slice(), &length, note.as_bytes(), &body].concat())
}

/// The snapshot of a directory, if there is one that its gateway signed and that fits the files; whether there was a file.
pub(crate) fn read(disk: &dyn Disk, verifier: &Verifier) -> (Option<Snapshot>, bool) {
    let Ok(file) = disk.open(SNAPSHOT, false) else { return (None, false) };
    let size = file.size().unwrap_or(0);
    let read = |offset: u64, length: usize| {
        let mut bytes = vec![0; length];
        file.read_at(offset, &mut bytes).ok().map(|()| bytes)
    };
    let found = || {
        let begin = read(0, SNAPSHOT_PREAMBLE.len().checked_add(4)?)?;
        let length = begin.strip_prefix(SNAPSHOT_PREAMBLE)?.try_into().map(u32::from_be_bytes).ok()? as usize;
        let note = read(begin.len() as u64, Some(length).filter(|length| *length <= MAX_NOTE)?)?;
        let claim = Claim::read(&note, verifier)?;
        let at = (begin.len() as u64).checked_add(length as u64)?;
        // The length is believed only because it is signed, and because the file has it.
        if at.checked_add(claim.length)? != size {
            return None;
        }
        let body = read(at, usize::try_from(claim.length).ok()?)?;
        claim.open(disk, &body)
    };
    (found(), true)
}

/// What the signed head says.
struct Claim {
    leaves: u64,
    root: String,
    log: (u64, Vec<u8>),
    openings: (u64, Vec<u8>),
    length: u64,
    hash: String,
}

impl Claim {
    fn read(note: &[u8], verifier: &Verifier) -> Option<Claim> {
        let note = Note::parse(note).ok()?;
        note.verify(std::slice::from_ref(verifier)).ok()?;
        let mut lines = note.text().lines();
        if lines.next()? != "licit snapshot" || lines.next()? != verifier.name() {
            return None;
        }
        let leaves = lines.next()?.parse().ok()?;
        let root = lines.next()?.to_string();
        let mut frame = || {
            let (offset, head) = lines.next()?.split_once(' ')?;
            Some((offset.parse().ok()?, unhex(head)?))
        };
        let (log, openings) = (frame()?, frame()?);
        let (length, hash) = lines.next()?.split_once(' ')?;
        Some(Claim { leaves, root, log, openings, length: length.parse().ok()?, hash: hash.to_string() })
    }

    /// Takes the body apart and looks whether the files are those it belongs to.
    fn open(&self, disk: &dyn Disk, body: &[u8]) -> Option<Snapshot> {
        if hex(&sha256(body)) != self.hash {
            return None;
        }
        let (nodes, state) = body.split_at_checked((self.leaves.count_ones() as usize).checked_mul(32)?)?;
        let nodes: Vec<Hash> = nodes.as_chunks().0.to_vec();
        let tree = Frontier::from_parts(self.leaves, nodes).filter(|tree| hex(&tree.root()) == self.root)?;
        let state = State::decode(state).ok().filter(|state| state.leaves() == self.leaves)?;
        let log = self.frame(disk, LOG, &self.log)?;
        let openings = self.frame(disk, OPENINGS, &self.openings)?;
        Some(Snapshot { state, tree, log, openings })
    }

    /// Whether a frame stands where it is said to, and ends with the snapshot.
    fn frame(&self, disk: &dyn Disk, file: &str, (offset, head): &(u64, Vec<u8>)) -> Option<Start> {
        let mut found = [0; HEAD];
        disk.open(file, false).ok()?.read_at(*offset, &mut found).ok()?;
        let head = Head::of(*offset, head).filter(|head| head.bytes() == found)?;
        (head.next() == self.leaves).then_some(Start { offset: head.offset, index: head.first })
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().as_chunks::<2>().0;
    if !text.len().is_multiple_of(2) {
        return None;
    }
    digits.iter().map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
