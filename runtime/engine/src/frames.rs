//! The file format of the log and of the openings: frames, each a group of records that became durable together
//! (`spec/ledger.md`, section 5).
//!
//! A frame is written only after the one before it is durable. So a crash can damage the last frame and no other,
//! and what is damaged elsewhere was damaged by something else: that is an error, never a repair.

use std::io;

use licit_ledger::receipt::hash::sha256_parts;

use crate::disk::DiskFile;

/// Bytes of a frame's head: magic, payload length, index of the first record, number of records, payload checksum,
/// head checksum.
pub const HEAD: usize = 36;
/// The longest payload of a frame in bytes.
pub const MAX_PAYLOAD: usize = 64 << 20;

const MAGIC: [u8; 4] = *b"LcF1";
/// Bytes of the head that its checksum covers.
const COVERED: usize = 28;

/// A group of records under way.
#[derive(Debug, Default)]
pub struct Batch {
    payload: Vec<u8>,
    /// Where each record's length stands in the payload.
    starts: Vec<usize>,
}

impl Batch {
    /// Adds a record; false if the frame would be too long with it.
    pub fn push(&mut self, record: &[u8]) -> bool {
        let grown = self.payload.len().saturating_add(record.len()).saturating_add(4);
        let Ok(len) = u32::try_from(record.len()) else { return false };
        if grown > MAX_PAYLOAD {
            return false;
        }
        self.starts.push(self.payload.len());
        self.payload.extend_from_slice(&len.to_be_bytes());
        self.payload.extend_from_slice(record);
        true
    }

    /// How many records it holds.
    pub fn count(&self) -> u64 {
        self.starts.len() as u64
    }

    /// Bytes of its payload.
    pub fn len(&self) -> usize {
        self.payload.len()
    }

    /// Whether it holds no record.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The record at a position within the batch.
    pub fn record(&self, position: u64) -> Option<&[u8]> {
        let start = *self.starts.get(usize::try_from(position).ok()?)?;
        records(self.payload.get(start..)?).next()
    }

    /// The frame's bytes, `first` being the index of its first record.
    pub fn frame(&self, first: u64) -> Vec<u8> {
        let mut frame = Vec::with_capacity(self.payload.len().saturating_add(HEAD));
        frame.extend_from_slice(&MAGIC);
        frame.extend_from_slice(&(self.payload.len() as u32).to_be_bytes());
        frame.extend_from_slice(&first.to_be_bytes());
        frame.extend_from_slice(&(self.starts.len() as u32).to_be_bytes());
        frame.extend_from_slice(&checksum(&self.payload));
        let head = checksum(&frame);
        frame.extend_from_slice(&head);
        frame.extend_from_slice(&self.payload);
        frame
    }

    /// Empties it, keeping its memory.
    pub fn clear(&mut self) {
        self.payload.clear();
        self.starts.clear();
    }
}

/// The first 8 bytes of the SHA-256.
fn checksum(bytes: &[u8]) -> [u8; 8] {
    sha256_parts(&[bytes]).first_chunk().copied().unwrap_or_default()
}

/// The records of a payload, up to the first that does not fit into it.
pub fn records(payload: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = payload;
    std::iter::from_fn(move || {
        let (len, tail) = rest.split_first_chunk()?;
        let (record, tail) = tail.split_at_checked(u32::from_be_bytes(*len) as usize)?;
        rest = tail;
        Some(record)
    })
}

/// A frame's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Where the frame starts in the file.
    pub offset: u64,
    /// Bytes of its payload.
    pub len: u32,
    /// The index of its first record.
    pub first: u64,
    /// How many records.
    pub count: u32,
    checksum: [u8; 8],
}

impl Head {
    fn parse(offset: u64, bytes: &[u8]) -> Option<Head> {
        let covered = bytes.get(..COVERED)?;
        let rest = covered.strip_prefix(&MAGIC)?;
        if bytes.get(COVERED..HEAD)? != checksum(covered) {
            return None;
        }
        let (len, rest) = rest.split_first_chunk()?;
        let (first, rest) = rest.split_first_chunk()?;
        let (count, rest) = rest.split_first_chunk()?;
        Some(Head {
            offset,
            len: u32::from_be_bytes(*len),
            first: u64::from_be_bytes(*first),
            count: u32::from_be_bytes(*count),
            checksum: *rest.first_chunk()?,
        })
    }

    /// The head of a frame that is written at `offset`.
    pub fn of(offset: u64, frame: &[u8]) -> Option<Head> {
        Head::parse(offset, frame)
    }

    /// Its bytes.
    pub fn bytes(&self) -> [u8; HEAD] {
        let mut bytes = [0; HEAD];
        let numbers = [self.len.to_be_bytes(), self.count.to_be_bytes()];
        let fields: [&[u8]; 5] =
            [&MAGIC, &numbers[0], &self.first.to_be_bytes(), &numbers[1], &self.checksum];
        let covered = fields.concat();
        for (byte, field) in bytes.iter_mut().zip(covered.iter().chain(&checksum(&covered))) {
            *byte = *field;
        }
        bytes
    }

    /// Where the payload starts.
    pub fn payload(&self) -> u64 {
        self.offset.saturating_add(HEAD as u64)
    }

    /// The index of the first record after the frame.
    pub fn next(&self) -> u64 {
        self.first.saturating_add(u64::from(self.count))
    }

    /// Where the next frame starts.
    pub fn end(&self) -> u64 {
        self.payload().saturating_add(u64::from(self.len))
    }

    /// Reads the payload; none if its checksum, or its number of records, is not the head's.
    pub fn read(&self, file: &dyn DiskFile, payload: &mut Vec<u8>) -> io::Result<bool> {
        payload.clear();
        payload.resize(self.len as usize, 0);
        file.read_at(self.payload(), payload)?;
        Ok(self.holds(payload))
    }

    fn holds(&self, payload: &[u8]) -> bool {
        let mut bytes = 0usize;
        let mut count = 0u32;
        for record in records(payload) {
            bytes = bytes.saturating_add(record.len()).saturating_add(4);
            count = count.saturating_add(1);
        }
        checksum(payload) == self.checksum && count == self.count && bytes == payload.len()
    }
}

/// What the walk over a file came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The last frame ends where the file ends.
    Clean,
    /// From this offset on there is an unfinished frame: a crash while it was written.
    Torn(u64),
    /// The frame at this offset is damaged, and a crash cannot have done it.
    Damaged(u64, Damage),
}

/// How a frame is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The file begins otherwise than its kind does.
    Preamble,
    /// The head does not match its checksum, and frames follow.
    Head,
    /// The payload does not match its checksum, and frames follow.
    Payload,
    /// The frame holds other records than the next.
    Index,
}

/// Where a walk begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// The offset of a frame in the file, or its end.
    pub offset: u64,
    /// The index of that frame's first record.
    pub index: u64,
}

impl Start {
    /// The first frame.
    pub fn after(preamble: &[u8]) -> Start {
        Start { offset: preamble.len() as u64, index: 0 }
    }
}

/// What a walk calls for every whole frame; an error ends the walk.
pub type Visit<'v, E> = dyn FnMut(&Head, &[u8]) -> Result<(), E> + 'v;

/// Walks over a file's frames from its preamble, up to the first that is damaged. Reads one frame at a time.
pub fn walk<E: From<io::Error>>(
    file: &dyn DiskFile,
    preamble: &[u8],
    visit: &mut Visit<'_, E>,
) -> Result<End, E> {
    walk_from(file, preamble, Start::after(preamble), visit)
}

/// As [`walk`], from a later frame on. A file that ends before it is damaged there.
pub fn walk_from<E: From<io::Error>>(
    file: &dyn DiskFile,
    preamble: &[u8],
    start: Start,
    visit: &mut Visit<'_, E>,
) -> Result<End, E> {
    walk_frames(file, preamble, start, visit, &mut |_, _| false)
}

/// As [`walk`], but asks `go_on` at a damaged frame whose head is whole whether to visit it all the same.
pub fn walk_over<E: From<io::Error>>(
    file: &dyn DiskFile,
    preamble: &[u8],
    visit: &mut Visit<'_, E>,
    go_on: &mut dyn FnMut(u64, Damage) -> bool,
) -> Result<End, E> {
    walk_frames(file, preamble, Start::after(preamble), visit, go_on)
}

fn walk_frames<E: From<io::Error>>(
    file: &dyn DiskFile,
    preamble: &[u8],
    start: Start,
    visit: &mut Visit<'_, E>,
    go_on: &mut dyn FnMut(u64, Damage) -> bool,
) -> Result<End, E> {
    let size = file.size()?;
    if !begins(file, size, preamble)? {
        return Ok(End::Damaged(0, Damage::Preamble));
    }
    if size < preamble.len() as u64 {
        return Ok(if size == 0 { End::Clean } else { End::Torn(0) });
    }
    if size < start.offset {
        return Ok(End::Damaged(size, Damage::Index));
    }
    let (mut offset, mut next) = (start.offset, start.index);
    let mut payload = Vec::new();
    while offset < size {
        let left = size.saturating_sub(offset);
        if left < HEAD as u64 {
            return Ok(End::Torn(offset));
        }
        let mut bytes = [0; HEAD];
        file.read_at(offset, &mut bytes)?;
        let Some(head) = Head::parse(offset, &bytes).filter(|head| head.len as usize <= MAX_PAYLOAD) else {
            let follows = frame_follows(file, offset.saturating_add(1), size)?;
            return Ok(if follows { End::Damaged(offset, Damage::Head) } else { End::Torn(offset) });
        };
        if head.end() > size {
            return Ok(End::Torn(offset));
        }
        if (head.first != next || head.count == 0) && !go_on(offset, Damage::Index) {
            return Ok(End::Damaged(offset, Damage::Index));
        }
        if !head.read(file, &mut payload)? && !go_on(offset, Damage::Payload) {
            let last = head.end() == size;
            return Ok(if last { End::Torn(offset) } else { End::Damaged(offset, Damage::Payload) });
        }
        visit(&head, &payload)?;
        next = head.next();
        offset = head.end();
    }
    Ok(End::Clean)
}

/// The heads of the frames before a start, without a look at their payloads; up to the first that is not whole.
pub fn heads_before(file: &dyn DiskFile, preamble: &[u8], end: Start) -> io::Result<Vec<Head>> {
    let mut heads = Vec::new();
    let mut start = Start::after(preamble);
    while start.offset < end.offset {
        let mut bytes = [0; HEAD];
        file.read_at(start.offset, &mut bytes)?;
        match Head::parse(start.offset, &bytes) {
            Some(head) if head.first == start.index && head.len as usize <= MAX_PAYLOAD => {
                start = Start { offset: head.end(), index: head.next() };
                heads.push(head);
            }
            _ => break,
        }
    }
    Ok(heads)
}

/// Whether the file begins with the preamble, as far as it goes.
fn begins(file: &dyn DiskFile, size: u64, preamble: &[u8]) -> io::Result<bool> {
    let len = usize::try_from(size).unwrap_or(usize::MAX).min(preamble.len());
    let mut found = vec![0; len];
    file.read_at(0, &mut found)?;
    Ok(preamble.starts_with(&found))
}

/// Whether a whole head stands anywhere from `offset` on.
fn frame_follows(file: &dyn DiskFile, offset: u64, size: u64) -> io::Result<bool> {
    const WINDOW: u64 = 1 << 20;
    let mut start = offset;
    while start < size {
        // Windows overlap by a head, so that none is missed across their border.
        let len = size.saturating_sub(start).min(WINDOW.saturating_add(HEAD as u64));
        let mut bytes = vec![0; len as usize];
        file.read_at(start, &mut bytes)?;
        let mut heads = bytes.windows(HEAD).filter(|bytes| bytes.starts_with(&MAGIC));
        if heads.any(|bytes| Head::parse(0, bytes).is_some()) {
            return Ok(true);
        }
        start = start.saturating_add(WINDOW);
    }
    Ok(false)
}
