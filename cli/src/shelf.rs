//! A ledger's folder, read and never written: its leaves, openings, modules and checkpoint (`licit_engine::frames` is
//! the format of its files).

use crate::exit::{Failure, Result};
use crate::ledger;
use crate::shell::shown;
use licit_engine::disk::{Disk, DiskFile, OsDisk};
use licit_engine::frames::{Damage, End, HEAD, Head, records, walk};
use licit_engine::{CHECKPOINT, Entry, Error, LOG, LOG_PREAMBLE, OPENINGS, OPENINGS_PREAMBLE, POLICIES};
use licit_ledger::Licence;
use licit_receipt::{Checkpoint, Note, Receipt, leaf_hash};
use std::io;
use std::path::{Path, PathBuf};

/// A ledger's folder.
pub struct Shelf {
    folder: PathBuf,
    disk: OsDisk,
}

/// What stops a walk.
enum Stop {
    Enough,
    Io(io::Error),
    Said(Failure),
}

/// The openings one after the other, beside the leaves: a frame of them is read when its first is wanted.
struct Openings<'a> {
    shelf: &'a Shelf,
    file: Box<dyn DiskFile>,
    size: u64,
    offset: u64,
    payload: Vec<u8>,
    /// How much of the payload was handed out.
    used: usize,
}

impl<'a> Openings<'a> {
    fn new(shelf: &'a Shelf) -> Result<Self> {
        let io = |error| shelf.io(OPENINGS, error);
        let file = shelf.disk.open(OPENINGS, false).map_err(io)?;
        let size = file.size().map_err(io)?;
        let offset = OPENINGS_PREAMBLE.len() as u64;
        Ok(Self { shelf, file, size, offset, payload: Vec::new(), used: 0 })
    }

    /// The next one; none at the end.
    fn next(&mut self) -> Result<Option<&[u8]>> {
        if self.used >= self.payload.len() && !self.frame()? {
            return Ok(None);
        }
        let Some(record) = records(self.payload.get(self.used..).unwrap_or_default()).next() else {
            return Err(self.damaged());
        };
        self.used += 4 + record.len();
        Ok(Some(record))
    }

    /// Reads the next frame.
    fn frame(&mut self) -> Result<bool> {
        let io = |error| self.shelf.io(OPENINGS, error);
        let mut head = [0; HEAD];
        if self.offset + HEAD as u64 > self.size {
            return Ok(false);
        }
        self.file.read_at(self.offset, &mut head).map_err(io)?;
        let Some(head) = Head::of(self.offset, &head).filter(|head| head.end() <= self.size) else {
            return Err(self.damaged());
        };
        if !head.read(self.file.as_ref(), &mut self.payload).map_err(io)? {
            return Err(self.damaged());
        }
        (self.offset, self.used) = (head.end(), 0);
        Ok(true)
    }

    fn damaged(&self) -> Failure {
        let file = OPENINGS.to_owned();
        let error = Error::Damaged { file, offset: self.offset, damage: Damage::Payload };
        ledger::failure(Some(&self.shelf.folder), &error)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Stop::Io(error)
    }
}

impl Shelf {
    /// Opens the folder.
    pub fn open(folder: &Path) -> Result<Self> {
        let disk = OsDisk::existing(folder).map_err(|error| {
            ledger::failure(Some(folder), &Error::Io { file: folder.display().to_string(), error })
        })?;
        Ok(Self { folder: folder.to_owned(), disk })
    }

    /// Visits every leaf in order, until `visit` says that it has seen enough (false).
    pub fn leaves(&self, visit: &mut dyn FnMut(u64, &[u8]) -> Result<bool>) -> Result<()> {
        self.records(LOG, LOG_PREAMBLE, visit)
    }

    /// Visits every opening in order, as [`Shelf::leaves`] does.
    pub fn openings(&self, visit: &mut dyn FnMut(u64, &[u8]) -> Result<bool>) -> Result<()> {
        self.records(OPENINGS, OPENINGS_PREAMBLE, visit)
    }

    fn records(
        &self,
        name: &str,
        begins: &[u8],
        visit: &mut dyn FnMut(u64, &[u8]) -> Result<bool>,
    ) -> Result<()> {
        let file = self.disk.open(name, false).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ledger::failure(Some(&self.folder), &Error::NoLedger),
            _ => self.io(name, error),
        })?;
        let mut index = 0;
        let end = walk(file.as_ref(), begins, &mut |_, payload| {
            for record in records(payload) {
                match visit(index, record) {
                    Ok(true) => index += 1,
                    Ok(false) => return Err(Stop::Enough),
                    Err(failure) => return Err(Stop::Said(failure)),
                }
            }
            Ok::<(), Stop>(())
        });
        match end {
            Ok(End::Clean | End::Torn(_)) | Err(Stop::Enough) => Ok(()),
            Ok(End::Damaged(offset, damage)) => Err(ledger::failure(
                Some(&self.folder),
                &Error::Damaged { file: name.to_owned(), offset, damage },
            )),
            Err(Stop::Io(error)) => Err(self.io(name, error)),
            Err(Stop::Said(failure)) => Err(failure),
        }
    }

    fn io(&self, name: &str, error: io::Error) -> Failure {
        ledger::failure(Some(&self.folder), &Error::Io { file: name.to_owned(), error })
    }

    /// A leaf's index: as a number, by the receipt's id (its first eight hex digits or more), or by the invocation's id.
    pub fn find(&self, wanted: &str) -> Result<(u64, Vec<u8>)> {
        let number: Option<u64> = wanted.parse().ok();
        let hash = (wanted.len() >= 8 && wanted.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .then(|| wanted.to_ascii_lowercase());
        let call = crate::request::call_id(wanted);
        let mut found: Vec<(u64, Vec<u8>)> = Vec::new();
        self.leaves(&mut |index, payload| {
            let by_hash = hash
                .as_ref()
                .is_some_and(|hash| crate::commands::hex(&leaf_hash(payload)).starts_with(hash.as_str()));
            let by_call = || Receipt::decode(payload).is_ok_and(|receipt| receipt.call == Some(call));
            if number == Some(index) || by_hash || by_call() {
                found.push((index, payload.to_vec()));
            }
            // The last receipt of an invocation is the one that counts; an index is there once.
            Ok(number != Some(index))
        })?;
        let missing = || {
            Failure::unusable(format!("no receipt {} in {}", shown(wanted), self.folder.display()))
                .why("it is no index, no id of a receipt and no id of an invocation there")
                .help("`licit receipt list DIR` shows what there is")
        };
        found.pop().ok_or_else(missing)
    }

    /// A leaf with its opening.
    pub fn entry(&self, index: u64, payload: Vec<u8>) -> Result<Entry> {
        let mut opening = None;
        self.openings(&mut |at, record| {
            if at == index {
                opening = Some(record.to_vec());
            }
            Ok(at < index)
        })?;
        let Some(opening) = opening else {
            return Err(ledger::failure(Some(&self.folder), &Error::NoOpening(index)));
        };
        Entry::decode(payload, &opening)
            .map_err(|failure| ledger::failure(Some(&self.folder), &Error::Leaf { leaf: index, failure }))
    }

    /// Visits every leaf with its opening, in order. An erased opening is one; one that is not there is damage.
    pub fn entries(&self, visit: &mut dyn FnMut(Entry) -> Result<()>) -> Result<()> {
        let mut openings = Openings::new(self)?;
        self.leaves(&mut |index, payload| {
            let Some(opening) = openings.next()? else {
                return Err(ledger::failure(Some(&self.folder), &Error::NoOpening(index)));
            };
            let entry = Entry::decode(payload.to_vec(), opening).map_err(|failure| {
                ledger::failure(Some(&self.folder), &Error::Leaf { leaf: index, failure })
            })?;
            visit(entry)?;
            Ok(true)
        })
    }

    /// Every module that may have decided, by its file's name. One that cannot be loaded is damage.
    pub fn licences(&self) -> Result<Vec<Licence>> {
        let mut licences = Vec::new();
        for name in self.disk.list(POLICIES).map_err(|error| self.io(POLICIES, error))? {
            let file = format!("{POLICIES}/{name}");
            let bytes = self.disk.read(&file).map_err(|error| self.io(&file, error))?.unwrap_or_default();
            if Path::new(&name).extension().is_some_and(|extension| extension == "new") {
                continue;
            }
            licences.push(Licence::load(&bytes).map_err(|error| {
                ledger::failure(Some(&self.folder), &Error::Policy { file: Some(file), error })
            })?);
        }
        Ok(licences)
    }

    /// The module that decided.
    pub fn licence(&self, module: &[u8; 32]) -> Result<Option<Licence>> {
        let prefix = crate::commands::hex(module);
        for name in self.disk.list(POLICIES).map_err(|error| self.io(POLICIES, error))? {
            if !name.starts_with(&prefix) {
                continue;
            }
            let file = format!("{POLICIES}/{name}");
            let bytes = self.disk.read(&file).map_err(|error| self.io(&file, error))?.unwrap_or_default();
            match Licence::load(&bytes) {
                Ok(licence) if licence.policy().module_id() == module => return Ok(Some(licence)),
                _ => {}
            }
        }
        Ok(None)
    }

    /// How many leaves the checkpoint says there are, whoever signed it: good enough for a bar.
    pub fn claimed_size(&self) -> Option<u64> {
        let note = self.disk.read(CHECKPOINT).ok()??;
        Some(Checkpoint::parse(Note::parse(&note).ok()?.text()).ok()?.size)
    }

    /// The signed checkpoint.
    pub fn checkpoint(&self) -> Result<String> {
        let note = self.disk.read(CHECKPOINT).map_err(|error| self.io(CHECKPOINT, error))?;
        let note = note.and_then(|note| String::from_utf8(note).ok());
        note.ok_or_else(|| {
            Failure::finding(format!("the ledger {} has no checkpoint", self.folder.display()))
                .why("nothing is signed yet, or the file `checkpoint` is damaged")
        })
    }
}
