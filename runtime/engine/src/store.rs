//! The directory as its one writer has it: what opening mends, what is appended, and the signed head.

use std::io;
use std::sync::Arc;

use licit_ledger::receipt::{Checkpoint, Frontier, Signer};

use crate::archive::{Archive, RecordFile, Shelves};
use crate::disk::{Disk, DiskFile};
use crate::error::Error;
use crate::frames::{Batch, Damage, End, HEAD, Head, Start};
use crate::snapshot::{self, SNAPSHOT};

/// The log's file: frames of receipts.
pub const LOG: &str = "log";
/// The openings' file: frames of openings, by leaf index.
pub const OPENINGS: &str = "openings";
/// The newest signed head of the log.
pub const CHECKPOINT: &str = "checkpoint";
/// What a crash left unfinished at the end of the log, kept for whoever wants to look.
pub const TORN: &str = "log.torn";
/// The folder of modules that decided.
pub const POLICIES: &str = "policies";

/// How the log's file begins.
pub const LOG_PREAMBLE: &[u8; 16] = b"licit log\n\0\0\0\0\0\x01";
/// How the openings' file begins.
pub const OPENINGS_PREAMBLE: &[u8; 16] = b"licit openings\n\x01";

/// Gives the opening that an index's opening is replaced with, or none where it stays.
pub(crate) type Change<'c> = dyn FnMut(u64, &[u8]) -> Result<Option<Vec<u8>>, Error> + 'c;

/// What opening a directory had to mend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Bytes of an unfinished group of receipts, which nobody was told of; kept in the file `log.torn`.
    pub torn_log: u64,
    /// Bytes of openings without receipts.
    pub torn_openings: u64,
    /// Leaves that did not have to be read, because a snapshot had them.
    pub snapshot: Option<u64>,
    /// Whether there was a snapshot that did not fit and was not used.
    pub snapshot_unfit: bool,
}

/// Leaves and openings that are not durable yet, in one group.
#[derive(Debug, Default)]
pub(crate) struct Section {
    /// The index of its first leaf.
    pub(crate) first: u64,
    pub(crate) leaves: Batch,
    pub(crate) openings: Batch,
}

impl Section {
    pub(crate) fn new(first: u64) -> Section {
        Section { first, ..Section::default() }
    }

    /// Bytes of leaves and openings.
    pub(crate) fn bytes(&self) -> usize {
        self.leaves.len().saturating_add(self.openings.len())
    }

    /// A leaf with its opening.
    pub(crate) fn pair(&self, index: u64) -> Option<(&[u8], &[u8])> {
        let at = index.checked_sub(self.first)?;
        self.leaves.record(at).zip(self.openings.record(at))
    }
}

/// Where the leaves go, and what was signed of them.
pub(crate) struct Store {
    /// None in memory.
    writer: Option<Writer>,
    archive: Archive,
    signer: Signer,
    /// The newest checkpoint, as a signed note.
    checkpoint: Option<String>,
    signed: u64,
    /// Over everything durable.
    tree: Frontier,
}

struct Writer {
    disk: Arc<dyn Disk>,
    log: Appender,
    openings: Appender,
    _lock: Box<dyn Send>,
}

/// A file that frames are appended to.
struct Appender {
    name: &'static str,
    file: Box<dyn DiskFile>,
    /// The last durable frame.
    last: Option<Head>,
    /// Where the next frame begins.
    at: Start,
}

/// The files of a directory, looked at but not touched.
struct Found {
    file: Option<RecordFile>,
    end: End,
}

impl Found {
    fn look(
        disk: &dyn Disk,
        name: &'static str,
        preamble: &'static [u8; 16],
        start: Option<Start>,
    ) -> Result<Found, Error> {
        let (file, end) = RecordFile::open(disk, name, preamble, start)?.unzip();
        if let Some(End::Damaged(offset, damage)) = end {
            return Err(Error::Damaged { file: name.into(), offset, damage });
        }
        Ok(Found { file, end: end.unwrap_or(End::Clean) })
    }

    fn len(&self) -> u64 {
        self.file.as_ref().map_or(0, RecordFile::len)
    }

    fn heads(&self) -> &[Head] {
        self.file.as_ref().map_or(&[], RecordFile::heads)
    }
}

impl Store {
    /// A ledger in memory only.
    pub(crate) fn in_memory(signer: Signer) -> Store {
        let archive = Archive::new(Shelves::Memory { leaves: Vec::new(), openings: Vec::new() });
        Store { writer: None, archive, signer, checkpoint: None, signed: 0, tree: Frontier::new() }
    }

    /// Opens a directory for writing; `checkpoint` is its checkpoint with the leaves that it covers, and `starts` where to
    /// begin in log and openings. Mends what a crash left, and only that; on an error nothing was changed.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        lock: Box<dyn Send>,
        signer: Signer,
        checkpoint: Option<(String, u64)>,
        starts: Option<(Start, Start)>,
    ) -> Result<(Store, Recovery), Error> {
        let (checkpoint, signed) = checkpoint.unzip();
        let signed = signed.unwrap_or(0);
        let starts = starts.unzip();
        // Everything is looked at before anything is cut or made.
        let log = Found::look(disk.as_ref(), LOG, LOG_PREAMBLE, starts.0)?;
        let openings = Found::look(disk.as_ref(), OPENINGS, OPENINGS_PREAMBLE, starts.1)?;
        let leaves = log.len();
        if leaves < signed {
            return Err(Error::Lost { leaves, signed });
        }
        if openings.len() < leaves {
            return Err(Error::NoOpening(openings.len()));
        }
        // Openings are written one frame ahead of their leaves, never two.
        let ahead = openings.heads().iter().filter(|head| head.first >= leaves).count();
        if ahead.saturating_add(usize::from(matches!(openings.end, End::Torn(_)))) > 1 {
            let offset = log.heads().last().map_or(0, Head::end);
            return Err(Error::Damaged { file: LOG.into(), offset, damage: Damage::Index });
        }
        let surplus = openings.heads().iter().find(|head| head.first >= leaves).map(|head| head.offset);
        if openings.heads().iter().any(|head| head.first < leaves && head.next() > leaves) {
            let offset = openings.heads().last().map_or(0, |head| head.offset);
            return Err(Error::Damaged { file: OPENINGS.into(), offset, damage: Damage::Index });
        }
        let mut recovery = Recovery::default();
        let disk_ref = disk.as_ref();
        let (log, log_writer, cut) = Appender::open(disk_ref, LOG, LOG_PREAMBLE, log, None)?;
        recovery.torn_log = cut;
        let (openings, openings_writer, cut) =
            Appender::open(disk_ref, OPENINGS, OPENINGS_PREAMBLE, openings, surplus)?;
        recovery.torn_openings = cut;
        // Leaves that nobody signed may be there for readers only: their last group, if a sync of it failed.
        let (mut log_writer, mut openings_writer) = (log_writer, openings_writer);
        if signed < leaves || leaves == 0 {
            openings_writer.renew()?;
            log_writer.renew()?;
        }
        let archive = Archive::new(Shelves::Disk { log: Box::new(log), openings: Box::new(openings) });
        let writer = Writer { disk, log: log_writer, openings: openings_writer, _lock: lock };
        let tree = Frontier::new();
        Ok((Store { writer: Some(writer), archive, signer, checkpoint, signed, tree }, recovery))
    }

    /// The directory; none in memory.
    pub(crate) fn disk(&self) -> Option<&Arc<dyn Disk>> {
        self.writer.as_ref().map(|writer| &writer.disk)
    }

    /// What is durable, for reading.
    pub(crate) fn archive(&self) -> &Archive {
        &self.archive
    }

    /// Takes over the tree of the leaves that opening found.
    pub(crate) fn found(&mut self, tree: &Frontier) {
        self.tree = tree.clone();
    }

    /// Makes a group durable, which ends with this tree: openings first, so that no leaf is ever without. After an
    /// error nothing is known of what the disk holds; [`Store::reopen`] makes it known.
    pub(crate) fn append(&mut self, section: &Section, tree: &Frontier) -> Result<(), Error> {
        if section.leaves.is_empty() {
            return Ok(());
        }
        if let Some(writer) = &mut self.writer {
            let opening_frame = writer.openings.write(&section.openings)?;
            let frame = writer.log.write(&section.leaves)?;
            writer.openings.advance(opening_frame);
            writer.log.advance(frame);
            self.archive.extend(frame, opening_frame);
        } else if let Shelves::Memory { leaves, openings } = &mut *self.archive.shelves() {
            let all = |batch: &Batch| {
                let records = (0..batch.count()).filter_map(|at| batch.record(at).map(<[u8]>::to_vec));
                records.collect::<Vec<_>>()
            };
            leaves.extend(all(&section.leaves));
            openings.extend(all(&section.openings));
        }
        self.tree.clone_from(tree);
        Ok(())
    }

    /// After a failed write: opens the files anew, makes sure that the last durable frames are there, and cuts off
    /// whatever was written behind them.
    ///
    /// What follows a failed `fsync` must not be believed, even if it reads back: the system may have dropped the pages
    /// and shows them from memory. So nothing of the failed group is kept; it is written again as a whole.
    pub(crate) fn reopen(&mut self) -> Result<(), Error> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let disk = writer.disk.as_ref();
        writer.openings.verify(disk)?;
        writer.log.verify(disk)?;
        // The log first: no leaf is ever without its opening, whenever this ends.
        writer.log.reopen(disk)?;
        writer.openings.reopen(disk)?;
        let reading = |name: &str| disk.open(name, false).map_err(Error::io(name));
        self.archive.reopen(reading(LOG)?, reading(OPENINGS)?);
        Ok(())
    }

    /// Signs the head of the log as it is durable now, and stores it.
    pub(crate) fn sign(&mut self) -> Result<(), Error> {
        let tree = &self.tree;
        if self.checkpoint.is_some() && self.signed == tree.size() {
            return Ok(());
        }
        let checkpoint = Checkpoint::new(self.signer.verifier().name(), tree.size(), tree.root());
        let note = checkpoint.sign(&[&self.signer]).map_err(Error::Checkpoint)?;
        if let Some(writer) = &self.writer {
            writer.disk.replace(CHECKPOINT, note.as_bytes()).map_err(Error::io(CHECKPOINT))?;
        }
        self.checkpoint = Some(note);
        self.signed = tree.size();
        Ok(())
    }

    /// Keeps the canonical bytes of the state that everything durable comes to, which must be signed already.
    pub(crate) fn snapshot(&self, state: &[u8]) -> Result<(), Error> {
        let Some(writer) = &self.writer else { return Ok(()) };
        let Some((log, openings)) = writer.log.last.zip(writer.openings.last) else { return Ok(()) };
        let bytes = snapshot::encode(&self.signer, state, &self.tree, &log, &openings)?;
        writer.disk.replace(SNAPSHOT, &bytes).map_err(Error::io(SNAPSHOT))
    }

    /// The newest checkpoint, a signed note.
    pub(crate) fn checkpoint(&self) -> Option<&str> {
        self.checkpoint.as_deref()
    }

    /// Leaves under the newest checkpoint.
    pub(crate) fn signed(&self) -> u64 {
        self.signed
    }

    /// Replaces the durable openings that `change` gives another for. The file is replaced as a whole: after a crash
    /// all of it is as before, or all of it is changed.
    pub(crate) fn rewrite_openings(&mut self, change: &mut Change<'_>) -> Result<(), Error> {
        let Some(writer) = &mut self.writer else {
            if let Shelves::Memory { openings, .. } = &mut *self.archive.shelves() {
                for (index, opening) in openings.iter_mut().enumerate() {
                    if let Some(changed) = change(index as u64, opening)? {
                        *opening = changed;
                    }
                }
            }
            return Ok(());
        };
        let disk = writer.disk.as_ref();
        let Some((old, End::Clean)) = RecordFile::open(disk, OPENINGS, OPENINGS_PREAMBLE, None)? else {
            return Err(Error::NoOpening(0));
        };
        // Frame by frame beside the old file, which it then takes the place of.
        let mut new = disk.open(OPENINGS_NEW, true).map_err(Error::io(OPENINGS_NEW))?;
        let failed = Error::io(OPENINGS_NEW);
        new.truncate(0).map_err(&failed)?;
        new.append(OPENINGS_PREAMBLE).map_err(&failed)?;
        let mut batch = Batch::default();
        for head in old.heads() {
            batch.clear();
            for position in 0..u64::from(head.count) {
                let index = head.first.saturating_add(position);
                let opening = old.record(head, position)?.ok_or(Error::NoOpening(index))?;
                batch.push(&change(index, &opening)?.unwrap_or(opening));
            }
            new.append(&batch.frame(head.first)).map_err(&failed)?;
        }
        new.sync().map_err(&failed)?;
        drop(new);
        disk.promote(OPENINGS_NEW, OPENINGS).map_err(Error::io(OPENINGS))?;
        let found = Found::look(disk, OPENINGS, OPENINGS_PREAMBLE, None)?;
        let (file, appender, _) = Appender::open(disk, OPENINGS, OPENINGS_PREAMBLE, found, None)?;
        writer.openings = appender;
        if let Shelves::Disk { openings, .. } = &mut *self.archive.shelves() {
            **openings = file;
        }
        Ok(())
    }
}

/// Where the openings are rewritten to.
const OPENINGS_NEW: &str = "openings.new";

impl Appender {
    /// Makes the file if need be, cuts what does not belong to it, and opens it for reading and for appending. Tells
    /// how many bytes were cut.
    fn open(
        disk: &dyn Disk,
        name: &'static str,
        preamble: &'static [u8; 16],
        found: Found,
        surplus: Option<u64>,
    ) -> Result<(RecordFile, Appender, u64), Error> {
        let mut file = disk.open(name, true).map_err(Error::io(name))?;
        let torn = if let End::Torn(from) = found.end { Some(from) } else { None };
        let mut reader = found.file;
        let mut cut = 0;
        if let (Some(from), Some(reader)) = (surplus.or(torn), &mut reader) {
            if name == LOG {
                disk.replace(TORN, &reader.tail(from)?).map_err(Error::io(TORN))?;
            }
            cut = file.size().map_err(Error::io(name))?.saturating_sub(from);
            file.truncate(from).map_err(Error::io(name))?;
            reader.forget(from);
        }
        if file.size().map_err(Error::io(name))? == 0 {
            file.append(preamble).map_err(Error::io(name))?;
            file.sync().map_err(Error::io(name))?;
        }
        let reader = match reader {
            Some(reader) => reader,
            None => match RecordFile::open(disk, name, preamble, None)? {
                Some((reader, _)) => reader,
                None => return Err(Error::io(name)(io::ErrorKind::NotFound.into())),
            },
        };
        let (last, at) =
            (reader.heads().last().copied(), Start { offset: reader.end(), index: reader.len() });
        Ok((reader, Appender { name, file, last, at }, cut))
    }

    /// Writes a frame at the end, durably. It counts once [`Appender::advance`] says so.
    fn write(&mut self, batch: &Batch) -> Result<Head, Error> {
        let frame = batch.frame(self.at.index);
        self.file.append(&frame).map_err(Error::io(self.name))?;
        self.file.sync().map_err(Error::io(self.name))?;
        let damaged =
            || Error::Damaged { file: self.name.into(), offset: self.at.offset, damage: Damage::Head };
        Head::of(self.at.offset, &frame).ok_or_else(damaged)
    }

    /// Makes the end of the file durable, whatever became of an earlier attempt.
    fn renew(&mut self) -> Result<(), Error> {
        // The preamble was written with the first frame or before it.
        let from = self.last.filter(|last| last.first > 0).map_or(0, |last| last.offset);
        self.file.renew(from).map_err(Error::io(self.name))
    }

    fn advance(&mut self, head: Head) {
        self.last = Some(head);
        self.at = Start { offset: head.end(), index: head.next() };
    }

    /// Makes sure that the last durable frame is there.
    fn verify(&self, disk: &dyn Disk) -> Result<(), Error> {
        let failed = Error::io(self.name);
        // Not made if it is gone.
        let found = disk.open(self.name, false).map_err(&failed)?;
        let gone = |offset, damage| Error::Damaged { file: self.name.into(), offset, damage };
        let size = found.size().map_err(&failed)?;
        if size < self.at.offset {
            return Err(gone(size, Damage::Index));
        }
        if let Some(last) = self.last {
            let mut bytes = [0; HEAD];
            found.read_at(last.offset, &mut bytes).map_err(&failed)?;
            if Head::of(last.offset, &bytes) != Some(last) {
                return Err(gone(last.offset, Damage::Head));
            }
            if !last.read(found.as_ref(), &mut Vec::new()).map_err(&failed)? {
                return Err(gone(last.offset, Damage::Payload));
            }
        }
        Ok(())
    }

    /// Opens the file anew and cuts it back to its last durable frame.
    fn reopen(&mut self, disk: &dyn Disk) -> Result<(), Error> {
        let failed = Error::io(self.name);
        let mut file = disk.open(self.name, true).map_err(&failed)?;
        // Even if nothing is behind it: the cut is durable on return, and with it what stands before.
        file.truncate(self.at.offset).map_err(&failed)?;
        self.file = file;
        Ok(())
    }
}
