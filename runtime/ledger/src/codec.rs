//! Small additions to the strict CBOR of receipts: naturals of up to 128 bits, optional keys, lists.

use alloc::string::String;
use alloc::vec::Vec;

use licit_receipt::cbor::{Error, ErrorKind, Reader, Type, Writer};

/// Writes a natural number: an unsigned integer below 2^64, else 16 bytes big-endian.
pub(crate) fn write_nat(w: &mut Writer<'_>, value: u128) {
    match u64::try_from(value) {
        Ok(small) => w.uint(small),
        Err(_) => w.u128(value),
    }
}

/// Reads what [`write_nat`] wrote, and nothing else.
pub(crate) fn read_nat(r: &mut Reader<'_>) -> Result<u128, Error> {
    if r.peek() != Some(Type::Bytes) {
        return Ok(u128::from(r.uint()?));
    }
    let small = r.error(ErrorKind::NonMinimal);
    let value = r.u128()?;
    if u64::try_from(value).is_ok() { Err(small) } else { Ok(value) }
}

/// Writes an integer: a signed one of 64 bits, else 16 bytes, two's complement, big-endian.
pub(crate) fn write_signed(w: &mut Writer<'_>, value: i128) {
    match i64::try_from(value) {
        Ok(small) => w.int(small),
        Err(_) => w.u128(value as u128),
    }
}

/// Reads what [`write_signed`] wrote, and nothing else.
pub(crate) fn read_signed(r: &mut Reader<'_>) -> Result<i128, Error> {
    if r.peek() != Some(Type::Bytes) {
        return Ok(i128::from(r.int()?));
    }
    let small = r.error(ErrorKind::NonMinimal);
    let value = r.u128()? as i128;
    if i64::try_from(value).is_ok() { Err(small) } else { Ok(value) }
}

/// Reads a list of at least one entry: an empty one is said by leaving its key out.
pub(crate) fn read_list<'a, T>(
    r: &mut Reader<'a>,
    mut entry: impl FnMut(&mut Reader<'a>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let empty = r.error(ErrorKind::Range);
    let mut items = r.array()?;
    let mut list = Vec::new();
    while r.item(&mut items) {
        list.push(entry(r)?);
    }
    if list.is_empty() { Err(empty) } else { Ok(list) }
}

pub(crate) fn read_text(r: &mut Reader<'_>) -> Result<String, Error> {
    Ok(String::from(r.text()?))
}

pub(crate) fn read_u16(r: &mut Reader<'_>) -> Result<u16, Error> {
    Ok(r.uint_max(u64::from(u16::MAX))? as u16)
}

pub(crate) fn read_u32(r: &mut Reader<'_>) -> Result<u32, Error> {
    Ok(r.uint_max(u64::from(u32::MAX))? as u32)
}

/// An instant or due time: microseconds since 1970, not negative.
pub(crate) fn read_instant(r: &mut Reader<'_>) -> Result<i64, Error> {
    Ok(r.uint_max(i64::MAX as u64)? as i64)
}

/// Room for what a typical use encodes to, so that writing it does not move it again and again.
pub(crate) const TYPICAL: usize = 512;

/// A map under construction: keys that are written are counted first, so that absent ones cost nothing.
pub(crate) struct MapWriter<'a> {
    body: &'a mut Vec<u8>,
    count: usize,
}

impl<'a> MapWriter<'a> {
    /// Collects pairs into `body`, which is cleared.
    pub(crate) fn new(body: &'a mut Vec<u8>) -> Self {
        body.clear();
        MapWriter { body, count: 0 }
    }

    /// Writes a key; exactly one value must follow.
    pub(crate) fn key(&mut self, key: u64) -> Writer<'_> {
        self.count = self.count.saturating_add(1);
        let mut w = Writer::new(self.body);
        w.uint(key);
        w
    }

    /// A value that is encoded already.
    pub(crate) fn raw(&mut self, key: u64, value: &[u8]) {
        self.key(key);
        self.body.extend_from_slice(value);
    }

    /// A list, absent when empty.
    pub(crate) fn list<T>(&mut self, key: u64, list: &[T], mut entry: impl FnMut(&mut Writer<'_>, &T)) {
        if list.is_empty() {
            return;
        }
        let mut w = self.key(key);
        w.array(list.len());
        for item in list {
            entry(&mut w, item);
        }
    }

    /// A text, absent when there is none.
    pub(crate) fn text(&mut self, key: u64, text: Option<&str>) {
        if let Some(text) = text {
            self.key(key).text(text);
        }
    }

    /// Appends the map to `out`.
    pub(crate) fn finish(self, out: &mut Vec<u8>) {
        Writer::new(out).map(self.count);
        out.extend_from_slice(self.body);
    }
}
