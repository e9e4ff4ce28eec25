//! Reading leaves and openings by index, from a directory or from memory. Many threads read while one writes.

use std::cell::RefCell;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::disk::{Disk, DiskFile};
use crate::error::Error;
use crate::frames::{Damage, End, Head, Start, heads_before, records, walk_from, walk_over};

/// A file of records in frames, read by index.
pub(crate) struct RecordFile {
    name: &'static str,
    preamble: &'static [u8; 16],
    file: Box<dyn DiskFile>,
    /// Where the frames begin that were walked over on opening.
    start: Start,
    /// Their heads.
    heads: Vec<Head>,
    /// The heads before `start`, once somebody asks for such a record.
    early: RefCell<Option<Vec<Head>>>,
    /// The records of the frame read last: reading in order reads every frame once.
    cache: RefCell<Cache>,
}

#[derive(Default)]
struct Cache {
    offset: Option<u64>,
    /// Whether the payload is what was written.
    whole: bool,
    payload: Vec<u8>,
    records: Vec<Range<usize>>,
}

impl RecordFile {
    /// Opens a file and finds its frames from `start` on, or from its preamble; none if there is no such file. Nothing
    /// is changed.
    pub(crate) fn open(
        disk: &dyn Disk,
        name: &'static str,
        preamble: &'static [u8; 16],
        start: Option<Start>,
    ) -> Result<Option<(RecordFile, End)>, Error> {
        let Some(file) = existing(disk, name)? else { return Ok(None) };
        let start = start.unwrap_or(Start::after(preamble));
        let mut heads = Vec::new();
        let end = walk_from(file.as_ref(), preamble, start, &mut |head: &Head, _: &[u8]| {
            heads.push(*head);
            Ok::<(), io::Error>(())
        })
        .map_err(Error::io(name))?;
        Ok(Some((Self::of(name, preamble, file, start, heads), end)))
    }

    /// As [`RecordFile::open`], going on over damaged frames, which are noted.
    pub(crate) fn open_damaged(
        disk: &dyn Disk,
        name: &'static str,
        preamble: &'static [u8; 16],
        damages: &mut Vec<(u64, Damage)>,
    ) -> Result<Option<(RecordFile, End)>, Error> {
        let Some(file) = existing(disk, name)? else { return Ok(None) };
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
        Ok(Some((Self::of(name, preamble, file, Start::after(preamble), heads), end)))
    }

    fn of(
        name: &'static str,
        preamble: &'static [u8; 16],
        file: Box<dyn DiskFile>,
        start: Start,
        heads: Vec<Head>,
    ) -> RecordFile {
        RecordFile {
            name,
            preamble,
            file,
            start,
            heads,
            early: RefCell::default(),
            cache: RefCell::default(),
        }
    }

    /// The same file with a handle and a cache of its own: for reading here and there beside reading in order.
    pub(crate) fn twin(&self, disk: &dyn Disk) -> Result<RecordFile, Error> {
        let file = disk.open(self.name, false).map_err(Error::io(self.name))?;
        Ok(Self::of(self.name, self.preamble, file, self.start, self.heads.clone()))
    }

    /// How many records there are, by the last frame.
    pub(crate) fn len(&self) -> u64 {
        self.heads.last().map_or(self.start.index, Head::next)
    }

    /// Where the last frame ends.
    pub(crate) fn end(&self) -> u64 {
        self.heads.last().map_or(self.start.offset, Head::end)
    }

    /// The frames that were walked over on opening.
    pub(crate) fn heads(&self) -> &[Head] {
        &self.heads
    }

    /// Forgets the frames from an offset on.
    pub(crate) fn forget(&mut self, from: u64) {
        self.heads.retain(|head| head.end() <= from);
        self.cache.borrow_mut().offset = None;
    }

    /// The record with an index.
    pub(crate) fn get(&self, index: u64) -> Result<Option<Vec<u8>>, Error> {
        if index < self.start.index {
            return self.get_early(index);
        }
        match frame_of(&self.heads, index) {
            Some(head) => self.sound_record(head, index),
            None => Ok(None),
        }
    }

    fn sound_record(&self, head: &Head, index: u64) -> Result<Option<Vec<u8>>, Error> {
        let record = self.record(head, index.saturating_sub(head.first))?;
        if self.cache.borrow().whole {
            return Ok(record);
        }
        Err(Error::Damaged { file: self.name.into(), offset: head.offset, damage: Damage::Payload })
    }

    /// As [`RecordFile::get`], even if the frame is damaged.
    pub(crate) fn get_damaged(&self, index: u64) -> Result<Option<Vec<u8>>, Error> {
        match frame_of(&self.heads, index) {
            Some(head) => self.record(head, index.saturating_sub(head.first)),
            None => Ok(None),
        }
    }

    /// A record before the frames that were walked over: their heads are found when the first of them is wanted.
    fn get_early(&self, index: u64) -> Result<Option<Vec<u8>>, Error> {
        if self.early.borrow().is_none() {
            let heads = heads_before(self.file.as_ref(), self.preamble, self.start);
            *self.early.borrow_mut() = Some(heads.map_err(Error::io(self.name))?);
        }
        let head = self.early.borrow().as_ref().and_then(|heads| frame_of(heads, index).copied());
        match head {
            Some(head) => self.sound_record(&head, index),
            None => Ok(None),
        }
    }

    /// A record by its frame and its position within it, even if the frame is damaged.
    pub(crate) fn record(&self, head: &Head, position: u64) -> Result<Option<Vec<u8>>, Error> {
        let mut cache = self.cache.borrow_mut();
        if cache.offset != Some(head.offset) {
            cache.offset = None;
            cache.whole = head.read(self.file.as_ref(), &mut cache.payload).map_err(Error::io(self.name))?;
            let mut offset = 0usize;
            let ranges = records(&cache.payload).map(|record| {
                let start = offset.saturating_add(4);
                offset = start.saturating_add(record.len());
                start..offset
            });
            cache.records = ranges.collect();
            cache.offset = Some(head.offset);
        }
        let range = usize::try_from(position).ok().and_then(|position| cache.records.get(position).cloned());
        Ok(range.and_then(|range| cache.payload.get(range)).map(<[u8]>::to_vec))
    }

    /// What stands from an offset on.
    pub(crate) fn tail(&self, from: u64) -> Result<Vec<u8>, Error> {
        let len = self.file.size().map_err(Error::io(self.name))?;
        let mut tail = vec![0; len.saturating_sub(from) as usize];
        self.file.read_at(from, &mut tail).map_err(Error::io(self.name))?;
        Ok(tail)
    }
}

/// The frame that holds an index.
fn frame_of(heads: &[Head], index: u64) -> Option<&Head> {
    heads.partition_point(|head| head.first <= index).checked_sub(1).and_then(|frame| heads.get(frame))
}

/// A file opened for reading, if it is there.
fn existing(disk: &dyn Disk, name: &str) -> Result<Option<Box<dyn DiskFile>>, Error> {
    match disk.open(name, false) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(name)(error)),
    }
}

/// Everything that is durable, for reading; clones read the same.
#[derive(Clone)]
pub(crate) struct Archive(Arc<Mutex<Shelves>>);

pub(crate) enum Shelves {
    Disk { log: Box<RecordFile>, openings: Box<RecordFile> },
    Memory { leaves: Vec<Vec<u8>>, openings: Vec<Vec<u8>> },
}

impl Archive {
    pub(crate) fn new(shelves: Shelves) -> Archive {
        Archive(Arc::new(Mutex::new(shelves)))
    }

    /// Nothing is half-changed while it is locked: frames are added one by one, whole.
    pub(crate) fn shelves(&self) -> MutexGuard<'_, Shelves> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many leaves there are.
    pub(crate) fn len(&self) -> u64 {
        match &*self.shelves() {
            Shelves::Disk { log, .. } => log.len(),
            Shelves::Memory { leaves, .. } => leaves.len() as u64,
        }
    }

    pub(crate) fn leaf(&self, index: u64) -> Result<Option<Vec<u8>>, Error> {
        match &*self.shelves() {
            Shelves::Disk { log, .. } => log.get(index),
            Shelves::Memory { leaves, .. } => Ok(leaves.get(index as usize).cloned()),
        }
    }

    pub(crate) fn opening(&self, index: u64) -> Result<Option<Vec<u8>>, Error> {
        match &*self.shelves() {
            Shelves::Disk { openings, .. } => openings.get(index),
            Shelves::Memory { openings, .. } => Ok(openings.get(index as usize).cloned()),
        }
    }

    /// Adds the frames that were written last.
    pub(crate) fn extend(&self, frame: Head, opening_frame: Head) {
        if let Shelves::Disk { log, openings } = &mut *self.shelves() {
            log.heads.push(frame);
            openings.heads.push(opening_frame);
        }
    }

    /// Reads from other handles from now on: the files were opened anew.
    pub(crate) fn reopen(&self, log_file: Box<dyn DiskFile>, openings_file: Box<dyn DiskFile>) {
        if let Shelves::Disk { log, openings } = &mut *self.shelves() {
            log.file = log_file;
            openings.file = openings_file;
        }
    }
}
