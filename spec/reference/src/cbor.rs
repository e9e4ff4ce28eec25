//! Section 1: the deterministic CBOR a core is written in (RFC 8949 section 4.2.1), restricted to unsigned
//! integers, byte strings, text strings, arrays and maps with unsigned integer keys.
//!
//! Reading is strict: [`read`] accepts bytes only if [`write()`] of what it read gives the same bytes again.

/// One CBOR item of the restricted form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// An unsigned integer below 2^64.
    Uint(u64),
    /// A byte string.
    Bytes(Vec<u8>),
    /// A text string.
    Text(String),
    /// An array.
    Array(Vec<Item>),
    /// A map; [`read`] returns its keys in ascending order.
    Map(Vec<(u64, Item)>),
}

/// Deeper than any core of the allowed depth: 64 conditions inside at most 5 arrays and maps.
const DEEPEST: usize = 80;

/// Reads one item that fills all of `bytes`.
pub fn read(bytes: &[u8]) -> Result<Item, String> {
    let mut reader = Reader { bytes, at: 0 };
    let item = reader.item(DEEPEST)?;
    if reader.at < bytes.len() {
        return Err(format!("byte {}: something follows the core", reader.at));
    }
    Ok(item)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn fail<T>(&self, what: &str) -> Result<T, String> {
        Err(format!("byte {}: {what}", self.at))
    }

    fn take(&mut self, n: u64) -> Result<&'a [u8], String> {
        let rest = &self.bytes[self.at..];
        match usize::try_from(n).ok().and_then(|n| rest.get(..n)) {
            Some(taken) => {
                self.at += taken.len();
                Ok(taken)
            }
            None => self.fail("the core ends too early"),
        }
    }

    /// The major type and the argument of the next head, which must be the shortest for that argument.
    fn head(&mut self) -> Result<(u8, u64), String> {
        let first = self.take(1)?[0];
        let (major, info) = (first >> 5, first & 31);
        let width = match info {
            0..=23 => return Ok((major, u64::from(info))),
            24..=27 => 1 << (info - 24),
            _ => return self.fail("an indefinite length or a reserved head"),
        };
        let argument = self.take(width)?.iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
        let least = if width == 1 { 24 } else { 1 << (4 * width) };
        if argument < least {
            return self.fail("a head longer than needed");
        }
        Ok((major, argument))
    }

    fn item(&mut self, depth: usize) -> Result<Item, String> {
        if depth == 0 {
            return self.fail("nested too deep");
        }
        let (major, n) = self.head()?;
        match major {
            0 => Ok(Item::Uint(n)),
            2 => Ok(Item::Bytes(self.take(n)?.to_vec())),
            3 => match std::str::from_utf8(self.take(n)?) {
                Ok(text) => Ok(Item::Text(text.to_owned())),
                Err(_) => self.fail("a text that is not UTF-8"),
            },
            // A count is not trusted with memory: the vector grows with the items that are really there.
            4 => (0..n).map(|_| self.item(depth - 1)).collect::<Result<_, _>>().map(Item::Array),
            5 => self.map(n, depth).map(Item::Map),
            _ => self.fail("neither unsigned integer, byte string, text string, array nor map"),
        }
    }

    fn map(&mut self, n: u64, depth: usize) -> Result<Vec<(u64, Item)>, String> {
        let mut entries: Vec<(u64, Item)> = Vec::new();
        for _ in 0..n {
            let (major, key) = self.head()?;
            if major != 0 {
                return self.fail("a key that is not an unsigned integer");
            }
            if entries.last().is_some_and(|(before, _)| *before >= key) {
                return self.fail("keys of a map that do not ascend");
            }
            let value = self.item(depth - 1)?;
            if value == Item::Array(vec![]) || value == Item::Map(vec![]) {
                return self.fail("a key with an empty array or an empty map");
            }
            entries.push((key, value));
        }
        Ok(entries)
    }
}

/// Writes an item with shortest heads. Map entries are written in the order given.
pub fn write(item: &Item) -> Vec<u8> {
    let mut out = Vec::new();
    write_to(&mut out, item);
    out
}

fn write_to(out: &mut Vec<u8>, item: &Item) {
    match item {
        Item::Uint(n) => write_head(out, 0, *n),
        Item::Bytes(bytes) => {
            write_head(out, 2, bytes.len() as u64);
            out.extend(bytes);
        }
        Item::Text(text) => {
            write_head(out, 3, text.len() as u64);
            out.extend(text.as_bytes());
        }
        Item::Array(items) => {
            write_head(out, 4, items.len() as u64);
            for item in items {
                write_to(out, item);
            }
        }
        Item::Map(entries) => {
            write_head(out, 5, entries.len() as u64);
            for (key, value) in entries {
                write_head(out, 0, *key);
                write_to(out, value);
            }
        }
    }
}

fn write_head(out: &mut Vec<u8>, major: u8, n: u64) {
    let bytes = n.to_be_bytes();
    let (info, width) = match n {
        0..24 => (n as u8, 0),
        24..0x100 => (24, 1),
        0x100..0x1_0000 => (25, 2),
        0x1_0000..0x1_0000_0000 => (26, 4),
        _ => (27, 8),
    };
    out.push(major << 5 | info);
    out.extend(&bytes[8 - width..]);
}
