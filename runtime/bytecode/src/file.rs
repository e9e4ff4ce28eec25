//! The file around the sections: magic, version, hashes, directory.
//!
//! ```text
//! 8 bytes   89 4c 42 43 0d 0a 1a 0a      a text-mode transfer or a cut is noticed at once
//! u16 le    format version, 1
//! u16 le    number of sections
//! 32 bytes  module id: SHA-256 over the executable sections
//! 32 bytes  SHA-256 over the other sections
//! per section, ascending by number, 12 bytes: number u16 le, 0 u16 le, entries u32 le, length u32 le
//! the sections' bodies in the same order, nothing between them, nothing after the last
//! ```
//! A hash runs over each of its sections in order: the 12 bytes of the directory, then the body.

use crate::declare::FIRST_NOTE;
use crate::error::{LoadError, LoadErrorKind};
use crate::field::{Digest, Reader};
use crate::limits;
use crate::table::{Module, section_name, section_number};
use crate::verify::{Verified, verify};
use alloc::vec::Vec;
use sha2::{Digest as _, Sha256};

/// The first bytes of every module.
pub const MAGIC: [u8; 8] = *b"\x89LBC\r\n\x1a\n";
/// The version of the format that this crate reads and writes.
pub const VERSION: u16 = 1;

const MODULE_ID_AT: usize = 12;
const HEADER: usize = MODULE_ID_AT + 64;
const ROW: usize = 12;

fn directory_row(number: u16, entries: usize, length: usize) -> [u8; ROW] {
    let [n0, n1] = number.to_le_bytes();
    let [e0, e1, e2, e3] = (entries as u32).to_le_bytes();
    let [l0, l1, l2, l3] = (length as u32).to_le_bytes();
    [n0, n1, 0, 0, e0, e1, e2, e3, l0, l1, l2, l3]
}

/// The module id and the hash of the notes, of sections given as directory row and body.
fn hashes<'a>(sections: impl Iterator<Item = (u16, [u8; ROW], &'a [u8])>) -> (Digest, Digest) {
    let (mut code, mut notes) = (Sha256::new(), Sha256::new());
    for (number, row, body) in sections {
        let hash = if number < FIRST_NOTE { &mut code } else { &mut notes };
        hash.update(row);
        hash.update(body);
    }
    (code.finalize().into(), notes.finalize().into())
}

/// The bytes of a module.
pub fn encode(module: &Module) -> Vec<u8> {
    let bodies = module.bodies();
    let rows =
        || bodies.iter().map(|(n, count, body)| (*n, directory_row(*n, *count, body.len()), body.as_slice()));
    let (code, notes) = hashes(rows());
    let mut out = Vec::new();
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&(bodies.len() as u16).to_le_bytes());
    out.extend_from_slice(&code);
    out.extend_from_slice(&notes);
    for (_, row, _) in rows() {
        out.extend_from_slice(&row);
    }
    for (_, _, body) in rows() {
        out.extend_from_slice(body);
    }
    out
}

/// The id of a module: SHA-256 over its executable sections.
pub fn module_id(module: &Module) -> Digest {
    let bodies = module.bodies();
    hashes(bodies.iter().map(|(n, count, body)| (*n, directory_row(*n, *count, body.len()), body.as_slice())))
        .0
}

struct Section<'a> {
    number: u16,
    row: [u8; ROW],
    entries: usize,
    at: usize,
    body: &'a [u8],
}

struct Header<'a> {
    module_id: Digest,
    notes: Digest,
    sections: Vec<Section<'a>>,
}

/// Splits the file into sections without looking into them.
fn split(bytes: &[u8]) -> Result<Header<'_>, LoadError> {
    if bytes.len() > limits::MODULE {
        return Err(LoadError::bad(limits::MODULE, "module larger than 4 MiB"));
    }
    let mut r = Reader::new(bytes, 0);
    if r.array()? != MAGIC {
        return Err(LoadError::bad(0, "not a Licit module"));
    }
    if u16::from_le_bytes(r.array()?) != VERSION {
        return Err(LoadError::bad(8, "unknown format version"));
    }
    let count = u16::from_le_bytes(r.array()?);
    let (module_id, notes) = (r.array()?, r.array()?);
    let mut directory = r.clone();
    r.take(usize::from(count) * ROW)?;
    let mut sections = Vec::new();
    let mut last = None;
    for _ in 0..count {
        let row_at = directory.at();
        let row: [u8; ROW] = directory.array()?;
        let [n0, n1, z0, z1, e0, e1, e2, e3, l0, l1, l2, l3] = row;
        let number = u16::from_le_bytes([n0, n1]);
        if [z0, z1] != [0, 0] {
            return Err(LoadError::bad(row_at, "reserved bytes are not zero"));
        }
        if last >= Some(number) {
            return Err(LoadError::bad(row_at, "sections out of order"));
        }
        last = Some(number);
        let entries = u32::from_le_bytes([e0, e1, e2, e3]) as usize;
        if entries == 0 {
            return Err(LoadError::bad(row_at, "section without entries"));
        }
        let at = r.at();
        let body = r.take(u32::from_le_bytes([l0, l1, l2, l3]) as usize)?;
        sections.push(Section { number, row, entries, at, body });
    }
    if r.left() > 0 {
        return Err(LoadError::bad(r.at(), "bytes after the last section"));
    }
    Ok(Header { module_id, notes, sections })
}

/// Reads the bytes of a module and checks its hashes: structure and types of fields, nothing more.
pub fn decode(bytes: &[u8]) -> Result<(Module, Digest), LoadError> {
    let header = split(bytes)?;
    let (code, notes) = hashes(header.sections.iter().map(|s| (s.number, s.row, s.body)));
    let mismatch = |offset, message| LoadError {
        kind: LoadErrorKind::HashMismatch,
        offset,
        section: None,
        entry: None,
        message,
    };
    if code != header.module_id {
        return Err(mismatch(MODULE_ID_AT, "the executable sections are not those of the stated module id"));
    }
    if notes != header.notes {
        return Err(mismatch(MODULE_ID_AT + 32, "the notes are not those of the stated hash"));
    }
    let mut module = Module::default();
    for s in &header.sections {
        let mut r = Reader::new(s.body, s.at);
        let named = |e| LoadError { section: section_name(s.number), ..e };
        module.read_section(s.number, s.entries, &mut r).map_err(named)?;
        if r.left() > 0 {
            return Err(LoadError::bad(r.at(), "bytes after the last entry of a section"));
        }
    }
    Ok((module, header.module_id))
}

/// Writes the right hashes into bytes whose sections were changed, so that tests and fuzzers reach what lies behind the
/// hashes. False if the bytes are not divided into sections.
pub fn seal(bytes: &mut [u8]) -> bool {
    let Ok(header) = split(bytes) else { return false };
    let (code, notes) = hashes(header.sections.iter().map(|s| (s.number, s.row, s.body)));
    for (target, source) in bytes.iter_mut().take(HEADER).skip(MODULE_ID_AT).zip(code.iter().chain(&notes)) {
        *target = *source;
    }
    true
}

/// A module that was read and proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Its sections.
    pub module: Module,
    /// SHA-256 over the executable ones.
    pub module_id: Digest,
    /// What was proved.
    pub verified: Verified,
}

/// Reads and proves a module: any byte string gives a module that terminates within its bound, or a clean error.
pub fn load(bytes: &[u8]) -> Result<Loaded, LoadError> {
    let (module, module_id) = decode(bytes)?;
    match verify(&module) {
        Ok(verified) => Ok(Loaded { module, module_id, verified }),
        Err(e) => {
            let number = e.section.and_then(section_number);
            let sections = split(bytes)?.sections;
            let found = sections.iter().find(|s| Some(s.number) == number);
            Err(LoadError { offset: found.map_or(bytes.len(), |s| s.at), ..e })
        }
    }
}
