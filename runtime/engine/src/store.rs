//! Where leaves and openings lie: in a directory, or in memory only.

use std::cell::RefCell;
use std::io;
use std::ops::Range;

use crate::disk::{Disk, DiskFile};
use crate::error::Error;
use crate::frames::{Batch, Damage, End, Head, MAX_PAYLOAD, records, walk, walk_over};

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

/// Bytes that may wait; far below what a frame holds.
const ROOM: usize = MAX_PAYLOAD / 2;

/// A file of records in frames, read by index.
pub(crate) struct RecordFile {
    name: &'static str,
    preamble: &'static [u8; 16],
    file: Box<dyn DiskFile>,
    heads: Vec<Head>,
    /// The records of the frame read last: reading in order reads every frame once.
    cache: RefCell<Cache>,
}

#[derive(Default)]
struct Cache {
    frame: Option<usize>,
    payload: Vec<u8>,
    records: Vec<Range<usize>>,
}

impl RecordFile {
    /// Opens a file and finds its frames; nothing is changed.
    pub(crate) fn open(
        disk: &dyn Disk,
        name: &'static str,
        preamble: &'static [u8; 16],
        create: bool,
    ) -> Result<(RecordFile, End), Error> {
        let file = disk.open(name, create).map_err(Error::io(name))?;
        let mut heads = Vec::new();
        let end = walk(file.as_ref(), preamble, &mut |head: &Head, _: &[u8]| {
            heads.push(*head);
            Ok::<(), io::Error>(())
        })
        .map_err(Error::io(name))?;
        Ok((RecordFile { name, preamble, file, heads, cache: RefCell::default() }, end))
    }

    /// As [`RecordFile::open`], going on over damaged frames, which are noted.
    pub(crate) fn open_damaged(
        disk: &dyn Disk,
        name: &'static str,
        preamble: &'static [u8; 16],
        damages: &mut Vec<(u64, Damage)>,
    ) -> Result<(RecordFile, End), Error> {
        let file = disk.open(name, false).map_err(Error::io(name))?;
        let mut heads = Vec::new();
        let end = walk_over(
            file.as_ref(),
            preamble,
            &mut |head: &Head, _: &[u8]| {
                heads.push(*head);
                Ok::<(), io::Error>(())
            },
            &mut |offset, damage| {
                damages.push((offset, damage));
                true
            },
        )
        .map_err(Error::io(name))?;
        Ok((RecordFile { name, preamble, file, heads, cache: RefCell::default() }, end))
    }

    /// How many records there are, by the last frame.
    pub(crate) fn len(&self) -> u64 {
        self.heads.last().map_or(0, |head| head.first.saturating_add(u64::from(head.count)))
    }

    /// The frames.
    pub(crate) fn heads(&self) -> &[Head] {
        &self.heads
    }

    /// The record with an index.
    pub(crate) fn get(&self, index: u64) -> Result<Option<Vec<u8>>, Error> {
        let frame = self.heads.partition_point(|head| head.first <= index).checked_sub(1);
        let Some(frame) = frame else { return Ok(None) };
        let Some(head) = self.heads.get(frame) else { return Ok(None) };
        self.record(frame, index.saturating_sub(head.first))
    }

    /// A record by its frame and its position within it.
    pub(crate) fn record(&self, frame: usize, position: u64) -> Result<Option<Vec<u8>>, Error> {
        let Some(head) = self.heads.get(frame) else { return Ok(None) };
        let mut cache = self.cache.borrow_mut();
        if cache.frame != Some(frame) {
            cache.frame = None;
            head.read(self.file.as_ref(), &mut cache.payload).map_err(Error::io(self.name))?;
            let mut offset = 0usize;
            let ranges = records(&cache.payload).map(|record| {
                let start = offset.saturating_add(4);
                offset = start.saturating_add(record.len());
                start..offset
            });
            cache.records = ranges.collect();
            cache.frame = Some(frame);
        }
        let range = usize::try_from(position).ok().and_then(|position| cache.records.get(position).cloned());
        Ok(range.and_then(|range| cache.payload.get(range)).map(<[u8]>::to_vec))
    }

    /// What stands from an offset on.
    fn tail(&self, from: u64) -> Result<Vec<u8>, Error> {
        let len = self.file.size().map_err(Error::io(self.name))?;
        let mut tail = vec![0; len.saturating_sub(from) as usize];
        self.file.read_at(from, &mut tail).map_err(Error::io(self.name))?;
        Ok(tail)
    }

    /// Cuts what a crash left unfinished, or records that have no counterpart; tells how many bytes.
    fn cut(&mut self, from: u64) -> Result<u64, Error> {
        let len = self.file.size().map_err(Error::io(self.name))?;
        self.file.truncate(from).map_err(Error::io(self.name))?;
        self.heads.retain(|head| head.end() <= from);
        self.cache.borrow_mut().frame = None;
        Ok(len.saturating_sub(from))
    }

    /// Writes the preamble of a file that has none.
    fn begin(&mut self) -> Result<(), Error> {
        if self.file.size().map_err(Error::io(self.name))? == 0 {
            self.file.append(self.preamble).map_err(Error::io(self.name))?;
            self.file.sync().map_err(Error::io(self.name))?;
        }
        Ok(())
    }

    /// Writes a frame at the end, durably.
    fn append(&mut self, batch: &Batch) -> Result<(), Error> {
        let (first, offset) = (self.len(), self.heads.last().map_or(self.preamble.len() as u64, Head::end));
        let frame = batch.frame(first);
        self.file.append(&frame).map_err(Error::io(self.name))?;
        self.file.sync().map_err(Error::io(self.name))?;
        self.heads.extend(Head::of(offset, &frame));
        Ok(())
    }
}

/// Gives the opening that an index's opening is replaced with, or none where it stays.
pub(crate) type Change<'c> = dyn FnMut(u64, &[u8]) -> Result<Option<Vec<u8>>, Error> + 'c;

/// What opening a directory had to mend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Bytes of an unfinished group of receipts, which nobody was told of; kept in the file `log.torn`.
    pub torn_log: u64,
    /// Bytes of openings without receipts.
    pub torn_openings: u64,
}

/// The leaves that are durable and those that wait.
pub(crate) struct Store {
    place: Place,
    leaves: Batch,
    openings: Batch,
}

enum Place {
    Disk { disk: Box<dyn Disk>, log: Box<RecordFile>, openings: Box<RecordFile>, _lock: Box<dyn Send> },
    Memory { leaves: Vec<Vec<u8>>, openings: Vec<Vec<u8>> },
}

impl Store {
    pub(crate) fn in_memory() -> Store {
        let place = Place::Memory { leaves: Vec::new(), openings: Vec::new() };
        Store { place, leaves: Batch::default(), openings: Batch::default() }
    }

    /// Opens a directory for writing; `signed` is how many leaves its checkpoint covers. Mends what a crash left,
    /// and only that.
    pub(crate) fn open(
        disk: Box<dyn Disk>,
        lock: Box<dyn Send>,
        signed: u64,
    ) -> Result<(Store, Recovery), Error> {
        let (mut log, log_end) = RecordFile::open(disk.as_ref(), LOG, LOG_PREAMBLE, true)?;
        let (mut openings, end) = RecordFile::open(disk.as_ref(), OPENINGS, OPENINGS_PREAMBLE, true)?;
        // Everything is looked at before anything is cut.
        undamaged(LOG, log_end)?;
        undamaged(OPENINGS, end)?;
        let leaves = log.len();
        if leaves < signed {
            return Err(Error::Lost { leaves, signed });
        }
        if openings.len() < leaves {
            return Err(Error::NoOpening(openings.len()));
        }
        // Openings are written one frame ahead of their leaves, never two.
        let ahead = openings.heads.iter().filter(|head| head.first >= leaves).count();
        if ahead.saturating_add(usize::from(matches!(end, End::Torn(_)))) > 1 {
            let offset = log.heads.last().map_or(0, Head::end);
            return Err(Error::Damaged { file: LOG.into(), offset, damage: Damage::Index });
        }
        let mut recovery = Recovery::default();
        if let End::Torn(from) = log_end {
            disk.replace(TORN, &log.tail(from)?).map_err(Error::io(TORN))?;
            recovery.torn_log = log.cut(from)?;
        }
        let surplus = openings.heads.iter().find(|head| head.first >= leaves).map(|head| head.offset);
        let torn = if let End::Torn(from) = end { Some(from) } else { None };
        if let Some(from) = surplus.or(torn) {
            recovery.torn_openings = openings.cut(from)?;
        }
        if openings.len() != leaves {
            let offset = openings.heads.last().map_or(0, |head| head.offset);
            return Err(Error::Damaged { file: OPENINGS.into(), offset, damage: Damage::Index });
        }
        log.begin()?;
        openings.begin()?;
        let (log, openings) = (Box::new(log), Box::new(openings));
        let place = Place::Disk { disk, log, openings, _lock: lock };
        Ok((Store { place, leaves: Batch::default(), openings: Batch::default() }, recovery))
    }

    /// The directory; none in memory.
    pub(crate) fn disk(&self) -> Option<&dyn Disk> {
        match &self.place {
            Place::Disk { disk, .. } => Some(disk.as_ref()),
            Place::Memory { .. } => None,
        }
    }

    /// How many leaves are durable.
    pub(crate) fn durable(&self) -> u64 {
        match &self.place {
            Place::Disk { log, .. } => log.len(),
            Place::Memory { leaves, .. } => leaves.len() as u64,
        }
    }

    /// How many leaves wait for [`Store::flush`].
    pub(crate) fn waiting(&self) -> u64 {
        self.leaves.count()
    }

    /// Bytes that wait.
    fn waiting_bytes(&self) -> usize {
        self.leaves.len().saturating_add(self.openings.len())
    }

    /// Adds a leaf and its opening; first makes room by a flush where there is none.
    pub(crate) fn push(&mut self, leaf: &[u8], opening: &[u8]) -> Result<(), Error> {
        if self.waiting_bytes().saturating_add(leaf.len()).saturating_add(opening.len()) > ROOM {
            self.flush()?;
        }
        self.leaves.push(leaf);
        self.openings.push(opening);
        Ok(())
    }

    /// Makes everything durable: openings first, so that no leaf is ever without.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        if self.leaves.is_empty() {
            return Ok(());
        }
        match &mut self.place {
            Place::Disk { log, openings, .. } => {
                openings.append(&self.openings)?;
                log.append(&self.leaves)?;
            }
            Place::Memory { leaves, openings } => {
                let count = self.leaves.count();
                let all = |batch: &Batch| {
                    (0..count).filter_map(|at| batch.record(at).map(<[u8]>::to_vec)).collect::<Vec<_>>()
                };
                leaves.extend(all(&self.leaves));
                openings.extend(all(&self.openings));
            }
        }
        self.leaves.clear();
        self.openings.clear();
        Ok(())
    }

    /// Replaces the durable openings that `change` gives another for. The file is replaced as a whole: after a crash
    /// all of it is as before, or all of it is changed.
    pub(crate) fn rewrite_openings(&mut self, change: &mut Change<'_>) -> Result<(), Error> {
        match &mut self.place {
            Place::Memory { openings, .. } => {
                for (index, opening) in openings.iter_mut().enumerate() {
                    if let Some(changed) = change(index as u64, opening)? {
                        *opening = changed;
                    }
                }
            }
            Place::Disk { disk, openings, .. } => {
                let mut bytes = openings.preamble.to_vec();
                let mut batch = Batch::default();
                for (frame, head) in openings.heads.iter().enumerate() {
                    batch.clear();
                    for position in 0..u64::from(head.count) {
                        let index = head.first.saturating_add(position);
                        let opening = openings.record(frame, position)?.ok_or(Error::NoOpening(index))?;
                        batch.push(&change(index, &opening)?.unwrap_or(opening));
                    }
                    bytes.extend(batch.frame(head.first));
                }
                disk.replace(OPENINGS, &bytes).map_err(Error::io(OPENINGS))?;
                let (file, end) = RecordFile::open(disk.as_ref(), OPENINGS, OPENINGS_PREAMBLE, false)?;
                undamaged(OPENINGS, end)?;
                // Opened for reading only: the next frame needs a file to append to.
                let file =
                    RecordFile { file: disk.open(OPENINGS, true).map_err(Error::io(OPENINGS))?, ..file };
                **openings = file;
            }
        }
        Ok(())
    }

    /// A leaf's payload, durable or waiting.
    pub(crate) fn leaf(&self, index: u64) -> Result<Option<Vec<u8>>, Error> {
        if let Some(waiting) = index.checked_sub(self.durable()) {
            return Ok(self.leaves.record(waiting).map(<[u8]>::to_vec));
        }
        match &self.place {
            Place::Disk { log, .. } => log.get(index),
            Place::Memory { leaves, .. } => Ok(leaves.get(index as usize).cloned()),
        }
    }

    /// The opening beside a leaf, durable or waiting.
    pub(crate) fn opening(&self, index: u64) -> Result<Option<Vec<u8>>, Error> {
        if let Some(waiting) = index.checked_sub(self.durable()) {
            return Ok(self.openings.record(waiting).map(<[u8]>::to_vec));
        }
        match &self.place {
            Place::Disk { openings, .. } => openings.get(index),
            Place::Memory { openings, .. } => Ok(openings.get(index as usize).cloned()),
        }
    }
}

fn undamaged(file: &str, end: End) -> Result<(), Error> {
    match end {
        End::Damaged(offset, damage) => Err(Error::Damaged { file: file.into(), offset, damage }),
        End::Clean | End::Torn(_) => Ok(()),
    }
}
