//! The strict, deterministic subset of CBOR (RFC 8949, section 4.2.1) that receipts and openings use.
//!
//! Unsigned and negative integers, byte strings, UTF-8 text, arrays, maps with ascending unsigned keys, booleans.
//! Everything has exactly one encoding: shortest heads, definite lengths. Tags, floats, null, undefined, other
//! simple values and indefinite lengths do not exist here, and [`Reader`] refuses them by name.
//!
//! ```
//! use licit_receipt::cbor::{Reader, Writer};
//! let mut out = Vec::new();
//! let mut w = Writer::new(&mut out);
//! w.map(2);
//! w.uint(1);
//! w.text("credit");
//! w.uint(2);
//! w.array(2);
//! w.int(-5);
//! w.bool(true);
//!
//! let mut r = Reader::new(&out);
//! let mut map = r.map()?;
//! while let Some(key) = r.key(&mut map)? {
//!     match key {
//!         1 => assert_eq!(r.text()?, "credit"),
//!         2 => {
//!             let mut items = r.array()?;
//!             assert!(r.item(&mut items));
//!             assert_eq!(r.int()?, -5);
//!             assert!(r.item(&mut items));
//!             assert!(r.bool()?);
//!             assert!(!r.item(&mut items));
//!         }
//!         _ => return Err(r.unknown_key(key)),
//!     }
//! }
//! r.finish()?;
//! # Ok::<(), licit_receipt::cbor::Error>(())
//! ```

use alloc::vec::Vec;
use core::fmt;

/// How deep containers may nest; a reader refuses the next level.
pub const MAX_DEPTH: u32 = 16;

const UINT: u8 = 0;
const NINT: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
const FALSE: u8 = 0xf4;
const TRUE: u8 = 0xf5;

/// What is wrong, and at which byte of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// Offset of the offending item (or of the first missing byte) from the start of the input.
    pub offset: usize,
    /// What is wrong there.
    pub kind: ErrorKind,
}

/// Why bytes were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input ends inside an item, or a length promises more than is left.
    Truncated,
    /// Bytes follow the last item.
    Trailing,
    /// The input is longer than this format allows (the bound, in bytes).
    Oversize(usize),
    /// A length or integer is not in its shortest form.
    NonMinimal,
    /// A reserved or indefinite head (additional information 28 to 31).
    Indefinite,
    /// A tag, which this subset does not have.
    Tag,
    /// A float, null, undefined or other simple value, which this subset does not have.
    Simple,
    /// Another type was expected here.
    Expected(Type),
    /// A text string is not UTF-8.
    Utf8,
    /// A map key is not greater than the one before it (unordered or repeated).
    KeyOrder(u64),
    /// A map key this format does not know.
    UnknownKey(u64),
    /// A map lacks this key, which must be present.
    MissingKey(u64),
    /// A map key that may not be present here.
    ForbiddenKey(u64),
    /// A string or array has another length than the format fixes (the length that is right).
    Length(usize),
    /// A number is outside the range that the format gives this place.
    Range,
    /// An array has more entries than the format allows (the bound).
    TooMany(usize),
    /// An array's entries are not strictly ascending.
    EntryOrder,
    /// Containers nest deeper than [`MAX_DEPTH`].
    Depth,
}

/// The types of this subset, as [`ErrorKind::Expected`] and [`Reader::peek`] name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Type {
    Uint,
    Int,
    Bytes,
    Text,
    Array,
    Map,
    Bool,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: ", self.offset)?;
        match self.kind {
            ErrorKind::Truncated => f.write_str("the input ends inside an item"),
            ErrorKind::Trailing => f.write_str("bytes follow the last item"),
            ErrorKind::Oversize(max) => write!(f, "longer than {max} bytes"),
            ErrorKind::NonMinimal => f.write_str("an integer or length is not in its shortest form"),
            ErrorKind::Indefinite => f.write_str("an indefinite or reserved length"),
            ErrorKind::Tag => f.write_str("a tag is not allowed"),
            ErrorKind::Simple => f.write_str("a float, null or other simple value is not allowed"),
            ErrorKind::Expected(ty) => write!(f, "expected {ty}"),
            ErrorKind::Utf8 => f.write_str("a text string is not UTF-8"),
            ErrorKind::KeyOrder(key) => write!(f, "key {key} is repeated or out of order"),
            ErrorKind::UnknownKey(key) => write!(f, "unknown key {key}"),
            ErrorKind::MissingKey(key) => write!(f, "key {key} is missing"),
            ErrorKind::ForbiddenKey(key) => write!(f, "key {key} may not be present here"),
            ErrorKind::Length(right) => write!(f, "wrong length, must be {right}"),
            ErrorKind::Range => f.write_str("a number is out of range"),
            ErrorKind::TooMany(max) => write!(f, "more than {max} entries"),
            ErrorKind::EntryOrder => f.write_str("entries are repeated or out of order"),
            ErrorKind::Depth => write!(f, "nested deeper than {MAX_DEPTH}"),
        }
    }
}

impl core::error::Error for Error {}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Type::Uint => "an unsigned integer",
            Type::Int => "an integer",
            Type::Bytes => "a byte string",
            Type::Text => "a text string",
            Type::Array => "an array",
            Type::Map => "a map",
            Type::Bool => "a boolean",
        })
    }
}

/// Length in bytes of the shortest head for `value` (an integer, a length or a count).
#[inline]
pub const fn head_len(value: u64) -> usize {
    match value {
        0..=0x17 => 1,
        0x18..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

/// Appends items to a caller's buffer, always in their one encoding.
///
/// The writer counts nothing: a caller who announces `array(3)` and writes two items makes bytes that no reader
/// takes. Keys of a map must be written in ascending order.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Writes at the end of `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Writer { out }
    }

    #[inline]
    fn head(&mut self, major: u8, value: u64) {
        let major = major << 5;
        // Keys and most counts are this short; only this much is worth inlining everywhere.
        if value <= 0x17 { self.out.push(major | value as u8) } else { self.long_head(major, value) }
    }

    fn long_head(&mut self, major: u8, value: u64) {
        match value {
            0..=0xff => self.out.extend_from_slice(&[major | 0x18, value as u8]),
            0x100..=0xffff => {
                let [a, b] = (value as u16).to_be_bytes();
                self.out.extend_from_slice(&[major | 0x19, a, b]);
            }
            0x1_0000..=0xffff_ffff => {
                let [a, b, c, d] = (value as u32).to_be_bytes();
                self.out.extend_from_slice(&[major | 0x1a, a, b, c, d]);
            }
            _ => {
                self.out.push(major | 0x1b);
                self.out.extend_from_slice(&value.to_be_bytes());
            }
        }
    }

    /// An unsigned integer (also a map's key).
    #[inline]
    pub fn uint(&mut self, value: u64) {
        self.head(UINT, value);
    }

    /// An integer of either sign.
    #[inline]
    pub fn int(&mut self, value: i64) {
        if value < 0 { self.head(NINT, !value as u64) } else { self.head(UINT, value as u64) }
    }

    /// A byte string.
    #[inline]
    pub fn bytes(&mut self, value: &[u8]) {
        self.head(BYTES, value.len() as u64);
        self.out.extend_from_slice(value);
    }

    /// A byte string of a length known to the compiler, which then knows its head as well.
    #[inline]
    pub fn bytes_exact<const N: usize>(&mut self, value: &[u8; N]) {
        self.head(BYTES, N as u64);
        self.out.extend_from_slice(value);
    }

    /// A 128-bit number as a byte string of 16 bytes, big-endian.
    #[inline]
    pub fn u128(&mut self, value: u128) {
        self.bytes_exact(&value.to_be_bytes());
    }

    /// A text string.
    #[inline]
    pub fn text(&mut self, value: &str) {
        self.head(TEXT, value.len() as u64);
        self.out.extend_from_slice(value.as_bytes());
    }

    /// The head of an array of `count` items, which must follow.
    #[inline]
    pub fn array(&mut self, count: usize) {
        self.head(ARRAY, count as u64);
    }

    /// The head of a map of `count` pairs, which must follow with ascending keys.
    #[inline]
    pub fn map(&mut self, count: usize) {
        self.head(MAP, count as u64);
    }

    /// A boolean.
    #[inline]
    pub fn bool(&mut self, value: bool) {
        self.out.push(if value { TRUE } else { FALSE });
    }
}

/// Reads items from a byte string, refusing everything that has a second encoding.
///
/// Reads borrow from the input; nothing is allocated, and a count is never larger than what is left of the input,
/// so a caller may reserve by it.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    input: &'a [u8],
    pos: usize,
    depth: u32,
}

/// Progress through an array: see [`Reader::item`].
#[derive(Debug)]
pub struct Items {
    left: usize,
}

impl Items {
    /// How many items have not been asked for yet.
    pub fn left(&self) -> usize {
        self.left
    }
}

/// Progress through a map: see [`Reader::key`].
#[derive(Debug)]
pub struct Keys {
    left: usize,
    last: Option<u64>,
}

impl<'a> Reader<'a> {
    /// Reads `input` from its start.
    pub fn new(input: &'a [u8]) -> Self {
        Reader { input, pos: 0, depth: 0 }
    }

    /// As [`Reader::new`], but refuses an input of more than `max` bytes.
    pub fn bounded(input: &'a [u8], max: usize) -> Result<Self, Error> {
        if input.len() > max {
            return Err(Error { offset: max, kind: ErrorKind::Oversize(max) });
        }
        Ok(Self::new(input))
    }

    /// Offset of the next item.
    pub fn offset(&self) -> usize {
        self.pos
    }

    /// An error at the next item.
    pub fn error(&self, kind: ErrorKind) -> Error {
        Error { offset: self.pos, kind }
    }

    /// The error for a key just read that the format does not know.
    pub fn unknown_key(&self, key: u64) -> Error {
        self.error_before(head_len(key), ErrorKind::UnknownKey(key))
    }

    fn error_before(&self, len: usize, kind: ErrorKind) -> Error {
        Error { offset: self.pos.saturating_sub(len), kind }
    }

    fn left(&self) -> usize {
        self.input.len().saturating_sub(self.pos)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let end = self.pos.saturating_add(len);
        let bytes = self.input.get(self.pos..end).ok_or(self.error(ErrorKind::Truncated))?;
        self.pos = end;
        Ok(bytes)
    }

    fn take_array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let bytes = self.take(N)?;
        bytes.try_into().map_err(|_| self.error(ErrorKind::Truncated))
    }

    /// Reads a head of the type `want`, leaving the position unchanged on failure.
    fn head(&mut self, want: Type) -> Result<(u8, u64), Error> {
        let start = self.pos;
        self.any_head(want).map_err(|error| {
            self.pos = start;
            Error { offset: start, ..error }
        })
    }

    fn any_head(&mut self, want: Type) -> Result<(u8, u64), Error> {
        let [first] = self.take_array()?;
        let major = first >> 5;
        match major {
            TAG => return Err(self.error(ErrorKind::Tag)),
            7 => {
                let known = first == FALSE || first == TRUE;
                return Err(self.error(if known { ErrorKind::Expected(want) } else { ErrorKind::Simple }));
            }
            _ => {}
        }
        let fits = match want {
            Type::Uint => major == UINT,
            Type::Int => major == UINT || major == NINT,
            Type::Bytes => major == BYTES,
            Type::Text => major == TEXT,
            Type::Array => major == ARRAY,
            Type::Map => major == MAP,
            Type::Bool => false,
        };
        if !fits {
            return Err(self.error(ErrorKind::Expected(want)));
        }
        let (value, least) = match first & 0x1f {
            small @ 0..=23 => (u64::from(small), 0),
            24 => (u64::from(u8::from_be_bytes(self.take_array()?)), 0x18),
            25 => (u64::from(u16::from_be_bytes(self.take_array()?)), 0x100),
            26 => (u64::from(u32::from_be_bytes(self.take_array()?)), 0x1_0000),
            27 => (u64::from_be_bytes(self.take_array()?), 0x1_0000_0000),
            _ => return Err(self.error(ErrorKind::Indefinite)),
        };
        if value < least {
            return Err(self.error(ErrorKind::NonMinimal));
        }
        Ok((major, value))
    }

    /// The type of the next item, if there is one of this subset.
    pub fn peek(&self) -> Option<Type> {
        let first = *self.input.get(self.pos)?;
        match first >> 5 {
            UINT => Some(Type::Uint),
            NINT => Some(Type::Int),
            BYTES => Some(Type::Bytes),
            TEXT => Some(Type::Text),
            ARRAY => Some(Type::Array),
            MAP => Some(Type::Map),
            _ if first == FALSE || first == TRUE => Some(Type::Bool),
            _ => None,
        }
    }

    /// An unsigned integer.
    pub fn uint(&mut self) -> Result<u64, Error> {
        Ok(self.head(Type::Uint)?.1)
    }

    /// An unsigned integer of at most `max`.
    pub fn uint_max(&mut self, max: u64) -> Result<u64, Error> {
        let start = self.pos;
        let value = self.uint()?;
        if value > max {
            return Err(Error { offset: start, kind: ErrorKind::Range });
        }
        Ok(value)
    }

    /// An integer of either sign.
    pub fn int(&mut self) -> Result<i64, Error> {
        let start = self.pos;
        let (major, value) = self.head(Type::Int)?;
        let value = i64::try_from(value).map_err(|_| Error { offset: start, kind: ErrorKind::Range })?;
        Ok(if major == NINT { !value } else { value })
    }

    /// A byte string, borrowed from the input.
    pub fn bytes(&mut self) -> Result<&'a [u8], Error> {
        self.string(Type::Bytes)
    }

    /// A byte string of exactly `N` bytes.
    pub fn bytes_exact<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let start = self.pos;
        let bytes = self.bytes()?;
        bytes.try_into().map_err(|_| Error { offset: start, kind: ErrorKind::Length(N) })
    }

    /// A 128-bit number: a byte string of 16 bytes, big-endian.
    pub fn u128(&mut self) -> Result<u128, Error> {
        Ok(u128::from_be_bytes(self.bytes_exact()?))
    }

    /// A text string, borrowed from the input.
    pub fn text(&mut self) -> Result<&'a str, Error> {
        let start = self.pos;
        let bytes = self.string(Type::Text)?;
        core::str::from_utf8(bytes).map_err(|_| Error { offset: start, kind: ErrorKind::Utf8 })
    }

    fn string(&mut self, want: Type) -> Result<&'a [u8], Error> {
        let (_, len) = self.head(want)?;
        let len = usize::try_from(len).map_err(|_| self.error(ErrorKind::Truncated))?;
        self.take(len)
    }

    /// A boolean.
    pub fn bool(&mut self) -> Result<bool, Error> {
        match self.input.get(self.pos) {
            Some(&byte @ (FALSE | TRUE)) => {
                self.pos = self.pos.saturating_add(1);
                Ok(byte == TRUE)
            }
            Some(_) => {
                let start = self.pos;
                let refused = self.head(Type::Bool).map(|_| ());
                self.pos = start;
                Err(refused.err().unwrap_or(self.error(ErrorKind::Expected(Type::Bool))))
            }
            None => Err(self.error(ErrorKind::Truncated)),
        }
    }

    /// The head of an array of exactly `count` items; the caller reads them.
    pub fn array_of(&mut self, count: usize) -> Result<(), Error> {
        let start = self.pos;
        let (_, found) = self.head(Type::Array)?;
        if found != count as u64 {
            return Err(Error { offset: start, kind: ErrorKind::Length(count) });
        }
        Ok(())
    }

    /// The head of an array of any length; ask [`Reader::item`] before each item, to the end.
    pub fn array(&mut self) -> Result<Items, Error> {
        Ok(Items { left: self.container(Type::Array, 1)? })
    }

    /// The head of a map; ask [`Reader::key`] before each value, to the end.
    pub fn map(&mut self) -> Result<Keys, Error> {
        Ok(Keys { left: self.container(Type::Map, 2)?, last: None })
    }

    /// Enters a container whose every entry takes at least `least` bytes.
    fn container(&mut self, want: Type, least: usize) -> Result<usize, Error> {
        let start = self.pos;
        let (_, count) = self.head(want)?;
        if self.depth >= MAX_DEPTH {
            return Err(Error { offset: start, kind: ErrorKind::Depth });
        }
        let count = usize::try_from(count).map_err(|_| self.error(ErrorKind::Truncated))?;
        if count.saturating_mul(least) > self.left() {
            return Err(self.error(ErrorKind::Truncated));
        }
        self.depth = self.depth.saturating_add(1);
        Ok(count)
    }

    /// Whether another item of the array follows; at its end the container is left.
    pub fn item(&mut self, items: &mut Items) -> bool {
        match items.left.checked_sub(1) {
            Some(left) => {
                items.left = left;
                true
            }
            None => {
                self.depth = self.depth.saturating_sub(1);
                false
            }
        }
    }

    /// The next key of the map, greater than the one before; none at its end, where the container is left.
    pub fn key(&mut self, keys: &mut Keys) -> Result<Option<u64>, Error> {
        let Some(left) = keys.left.checked_sub(1) else {
            self.depth = self.depth.saturating_sub(1);
            return Ok(None);
        };
        let start = self.pos;
        let key = self.uint()?;
        if keys.last.is_some_and(|last| key <= last) {
            return Err(Error { offset: start, kind: ErrorKind::KeyOrder(key) });
        }
        keys.left = left;
        keys.last = Some(key);
        Ok(Some(key))
    }

    /// Checks that nothing follows.
    pub fn finish(self) -> Result<(), Error> {
        if self.left() > 0 {
            return Err(self.error(ErrorKind::Trailing));
        }
        Ok(())
    }
}
