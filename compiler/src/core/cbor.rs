//! The restricted deterministic CBOR of `spec/core.md` section 1: unsigned integers, byte strings, text, arrays and
//! maps with ascending unsigned keys, each value with exactly one encoding (RFC 8949 section 4.2.1).

use super::{Bits, Nat, Ratio};

const UINT: u8 = 0;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;

/// Appends items to a byte buffer. It writes what it is told: canonical order is the caller's.
#[derive(Default)]
pub(super) struct Writer {
    /// What has been written.
    pub out: Vec<u8>,
}

impl Writer {
    /// The initial byte and the argument in its shortest form.
    fn head(&mut self, major: u8, n: u64) {
        let top = major << 5;
        if n < 24 {
            self.out.push(top | n as u8);
        } else if let Ok(n) = u8::try_from(n) {
            self.out.extend([top | 0x18, n]);
        } else if let Ok(n) = u16::try_from(n) {
            self.out.push(top | 0x19);
            self.out.extend(n.to_be_bytes());
        } else if let Ok(n) = u32::try_from(n) {
            self.out.push(top | 0x1a);
            self.out.extend(n.to_be_bytes());
        } else {
            self.out.push(top | 0x1b);
            self.out.extend(n.to_be_bytes());
        }
    }

    pub fn uint(&mut self, n: u64) {
        self.head(UINT, n);
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.head(BYTES, bytes.len() as u64);
        self.out.extend(bytes);
    }

    pub fn text(&mut self, text: &str) {
        self.head(TEXT, text.len() as u64);
        self.out.extend(text.as_bytes());
    }

    /// Announces an array of `len` items, which the caller writes next.
    pub fn array(&mut self, len: usize) {
        self.head(ARRAY, len as u64);
    }

    /// `Nat`: an integer below 2^64, else a byte string without leading zeros.
    pub fn nat(&mut self, n: Nat) {
        match u64::try_from(n) {
            Ok(n) => self.uint(n),
            Err(_) => {
                let bytes = n.to_be_bytes();
                self.bytes(&bytes[n.leading_zeros() as usize / 8..]);
            }
        }
    }

    pub fn ratio(&mut self, ratio: Ratio) {
        self.array(2);
        self.nat(ratio.num);
        self.nat(ratio.den);
    }

    pub fn bits(&mut self, bits: &Bits) {
        let mut bytes = vec![0; bits.0.last().map_or(0, |last| *last as usize / 8 + 1)];
        for bit in &bits.0 {
            bytes[*bit as usize / 8] |= 1 << (bit % 8);
        }
        self.bytes(&bytes);
    }

    /// A map; `fill` writes its entries in ascending key order.
    pub fn map(&mut self, fill: impl FnOnce(&mut MapWriter)) {
        let mut map = MapWriter::default();
        fill(&mut map);
        self.head(MAP, map.entries);
        self.out.append(&mut map.body.out);
    }
}

/// The entries of one map. How many there are is only known at the end.
#[derive(Default)]
pub(super) struct MapWriter {
    entries: u64,
    body: Writer,
}

impl MapWriter {
    /// Writes the key; the caller writes exactly one item as its value.
    pub fn key(&mut self, key: u64) -> &mut Writer {
        self.entries += 1;
        self.body.uint(key);
        &mut self.body
    }

    /// The key with an array of what `each` writes; nothing for an empty list.
    pub fn list<T>(&mut self, key: u64, items: &[T], mut each: impl FnMut(&mut Writer, &T)) {
        if items.is_empty() {
            return;
        }
        let w = self.key(key);
        w.array(items.len());
        for item in items {
            each(w, item);
        }
    }

    /// The key with a text, if there is one.
    pub fn text(&mut self, key: u64, text: Option<&str>) {
        if let Some(text) = text {
            self.key(key).text(text);
        }
    }
}
