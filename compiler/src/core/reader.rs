//! Reads the restricted deterministic CBOR of `spec/core.md` section 1, and nothing else.

use std::fmt;

use super::check::{MAX_BYTES, MAX_DEPTH};
use super::error::CoreErrorKind;
use super::words::Word;
use super::{Bits, Nat, Ratio};

/// Why bytes are not a core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// Where, in bytes from the start: the item that is refused.
    pub offset: usize,
    /// What is wrong there.
    pub kind: DecodeErrorKind,
}

/// What is wrong with bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// Longer than a core may be.
    TooLong,
    /// The bytes end inside an item, or a length promises more than there is.
    Truncated,
    /// Bytes follow the core.
    Trailing,
    /// A head that is not the shortest, is reserved, or has an indefinite length.
    Head,
    /// Another kind of item belongs here.
    Expected(&'static str),
    /// A text that is not UTF-8.
    Utf8,
    /// A map key that is not greater than the one before.
    KeyOrder(u64),
    /// A key that this edition does not know.
    UnknownKey(u64),
    /// A key that must be there.
    MissingKey(u64),
    /// A key with an empty array or map, which must then be absent.
    EmptyValue,
    /// An array with another number of items than this place has.
    Items,
    /// A number that stands for nothing here.
    Unknown {
        /// Of what.
        what: &'static str,
        /// The number.
        number: u64,
    },
    /// A natural number that is not in its one form, or is 2^127 or more.
    Nat,
    /// A set whose last byte is zero.
    Bits,
    /// More members, or deeper nesting, than a core may have.
    TooMany(&'static str),
    /// The shape is right, an invariant is broken.
    Invalid(CoreErrorKind),
    /// Another encoding of this core is the canonical one.
    NotCanonical,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: {}", self.offset, self.kind)
    }
}

impl fmt::Display for DecodeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "longer than {MAX_BYTES} bytes"),
            Self::Truncated => write!(f, "the bytes end inside an item"),
            Self::Trailing => write!(f, "bytes follow the core"),
            Self::Head => write!(f, "a head is not the shortest of definite length"),
            Self::Expected(what) => write!(f, "expected {what}"),
            Self::Utf8 => write!(f, "a text is not UTF-8"),
            Self::KeyOrder(key) => write!(f, "key {key} is repeated or out of order"),
            Self::UnknownKey(key) => write!(f, "key {key} is not of this edition: a newer reader is needed"),
            Self::MissingKey(key) => write!(f, "key {key} is missing"),
            Self::EmptyValue => write!(f, "an empty list must be absent"),
            Self::Items => write!(f, "an array has too few or too many items"),
            Self::Unknown { what, number } => write!(f, "{number} is no {what} of this edition"),
            Self::Nat => write!(f, "a number is 2^127 or more, or not in its shortest form"),
            Self::Bits => write!(f, "the last byte of a set is zero"),
            Self::TooMany(what) => write!(f, "too many {what}"),
            Self::Invalid(kind) => write!(f, "{kind}"),
            Self::NotCanonical => write!(f, "these are not the canonical bytes of this core"),
        }
    }
}

impl std::error::Error for DecodeError {}

pub(super) type Decoded<T> = Result<T, DecodeError>;

/// A cursor. Every method reads one whole item or announces the items the caller reads next.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    /// Where the next item begins.
    pub at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Decoded<Self> {
        let reader = Reader { bytes, at: 0 };
        if bytes.len() > MAX_BYTES { Err(reader.error(DecodeErrorKind::TooLong)) } else { Ok(reader) }
    }

    pub fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError { offset: self.at, kind }
    }

    /// Nothing may follow.
    pub fn finish(&self) -> Decoded<()> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(self.error(DecodeErrorKind::Trailing)) }
    }

    /// The next `len` bytes; the cursor stays when there are fewer.
    fn take(&mut self, len: u64) -> Decoded<&'a [u8]> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        match usize::try_from(len).ok().and_then(|len| rest.get(..len)) {
            Some(taken) => {
                self.at += taken.len();
                Ok(taken)
            }
            None => Err(self.error(DecodeErrorKind::Truncated)),
        }
    }

    /// The major type and argument of the next head, in the one form it has.
    fn head(&mut self) -> Decoded<(u8, u64)> {
        let start = self.at;
        let first = self.take(1)?[0];
        let (major, info) = (first >> 5, first & 0x1f);
        let width = match info {
            0..24 => return Ok((major, u64::from(info))),
            24..=27 => 1 << (info - 24),
            _ => return Err(DecodeError { offset: start, kind: DecodeErrorKind::Head }),
        };
        let argument = self.take(width)?.iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
        let shortest = match width {
            1 => argument >= 24,
            width => argument >> (4 * width) != 0,
        };
        if shortest {
            Ok((major, argument))
        } else {
            Err(DecodeError { offset: start, kind: DecodeErrorKind::Head })
        }
    }

    fn expect(&mut self, major: u8, what: &'static str) -> Decoded<u64> {
        let start = self.at;
        let (found, argument) = self.head()?;
        if found == major {
            return Ok(argument);
        }
        Err(DecodeError { offset: start, kind: DecodeErrorKind::Expected(what) })
    }

    pub fn uint(&mut self) -> Decoded<u64> {
        self.expect(0, "an unsigned integer")
    }

    /// A number below 2^32; larger ones are no index of anything.
    pub fn index(&mut self) -> Decoded<u32> {
        let start = self.at;
        let number = self.uint()?;
        u32::try_from(number).map_err(|_| DecodeError {
            offset: start,
            kind: DecodeErrorKind::Unknown { what: "index", number },
        })
    }

    /// A member of a closed set by its number.
    pub fn word<W: Word>(&mut self) -> Decoded<W> {
        let start = self.at;
        let number = self.uint()?;
        W::from_number(number)
            .ok_or(DecodeError { offset: start, kind: DecodeErrorKind::Unknown { what: W::WHAT, number } })
    }

    /// A number of which only one value is known.
    pub fn constant(&mut self, only: u64, what: &'static str) -> Decoded<()> {
        let start = self.at;
        match self.uint()? {
            number if number == only => Ok(()),
            number => Err(DecodeError { offset: start, kind: DecodeErrorKind::Unknown { what, number } }),
        }
    }

    pub fn bytes(&mut self) -> Decoded<&'a [u8]> {
        let len = self.expect(2, "a byte string")?;
        self.take(len)
    }

    /// A digest.
    pub fn digest(&mut self) -> Decoded<[u8; 32]> {
        let start = self.at;
        let bytes = self.bytes()?;
        let wrong = DecodeError { offset: start, kind: DecodeErrorKind::Expected("32 bytes") };
        <[u8; 32]>::try_from(bytes).map_err(|_| wrong)
    }

    pub fn text(&mut self) -> Decoded<String> {
        let start = self.at;
        let len = self.expect(3, "a text")?;
        let bytes = self.take(len)?;
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(DecodeError { offset: start, kind: DecodeErrorKind::Utf8 }),
        }
    }

    /// Whether the next item is a text.
    pub fn text_follows(&self) -> bool {
        self.bytes.get(self.at).is_some_and(|first| first >> 5 == 3)
    }

    /// How many items of an array follow.
    pub fn array(&mut self) -> Decoded<u64> {
        self.expect(4, "an array")
    }

    /// An array of one of these numbers of items.
    pub fn items(&mut self, allowed: std::ops::RangeInclusive<u64>) -> Decoded<u64> {
        let start = self.at;
        let len = self.array()?;
        if allowed.contains(&len) {
            return Ok(len);
        }
        Err(DecodeError { offset: start, kind: DecodeErrorKind::Items })
    }

    /// An array of any length. Memory grows with what is read, not with what is promised.
    pub fn list<T>(&mut self, mut each: impl FnMut(&mut Self) -> Decoded<T>) -> Decoded<Vec<T>> {
        let len = self.array()?;
        let mut items = Vec::new();
        for _ in 0..len {
            items.push(each(self)?);
        }
        Ok(items)
    }

    /// An array that is not empty: one under a key.
    pub fn some<T>(&mut self, each: impl FnMut(&mut Self) -> Decoded<T>) -> Decoded<Vec<T>> {
        let start = self.at;
        let items = self.list(each)?;
        if items.is_empty() {
            return Err(DecodeError { offset: start, kind: DecodeErrorKind::EmptyValue });
        }
        Ok(items)
    }

    /// A map: `entry` reads the value of a key, or says that it does not know the key. All of `required` must occur.
    pub fn map(
        &mut self,
        required: &[u64],
        mut entry: impl FnMut(&mut Self, u64) -> Decoded<bool>,
    ) -> Decoded<()> {
        let start = self.at;
        let len = self.expect(5, "a map")?;
        if len == 0 {
            return Err(DecodeError { offset: start, kind: DecodeErrorKind::EmptyValue });
        }
        let mut missing = required.iter().copied().peekable();
        let mut before = None;
        for _ in 0..len {
            let at = self.at;
            let key = self.uint()?;
            let wrong = |kind| Err(DecodeError { offset: at, kind });
            if before.is_some_and(|before| key <= before) {
                return wrong(DecodeErrorKind::KeyOrder(key));
            }
            match missing.peek() {
                Some(next) if *next < key => return wrong(DecodeErrorKind::MissingKey(*next)),
                Some(next) if *next == key => missing.next(),
                _ => None,
            };
            if !entry(self, key)? {
                return wrong(DecodeErrorKind::UnknownKey(key));
            }
            before = Some(key);
        }
        match missing.next() {
            Some(key) => Err(DecodeError { offset: start, kind: DecodeErrorKind::MissingKey(key) }),
            None => Ok(()),
        }
    }

    /// A natural number below 2^127.
    pub fn nat(&mut self) -> Decoded<Nat> {
        let start = self.at;
        if self.bytes.get(self.at).is_none_or(|first| first >> 5 != 2) {
            return self.expect(0, "a natural number").map(Nat::from);
        }
        let bytes = self.bytes()?;
        let fine = (9..=16).contains(&bytes.len()) && bytes[0] != 0 && (bytes.len() < 16 || bytes[0] < 0x80);
        if fine {
            return Ok(bytes.iter().fold(0, |n, byte| n << 8 | Nat::from(*byte)));
        }
        Err(DecodeError { offset: start, kind: DecodeErrorKind::Nat })
    }

    /// A fraction; whether it is in lowest terms is checked with the rest.
    pub fn ratio(&mut self) -> Decoded<Ratio> {
        self.items(2..=2)?;
        Ok(Ratio { num: self.nat()?, den: self.nat()? })
    }

    /// A set of leaves: an axis has at most 4,096.
    pub fn bits(&mut self) -> Decoded<Bits> {
        let start = self.at;
        let bytes = self.bytes()?;
        let wrong = |kind| Err(DecodeError { offset: start, kind });
        match bytes.last() {
            Some(0) => return wrong(DecodeErrorKind::Bits),
            _ if bytes.len() > 4096 / 8 => return wrong(DecodeErrorKind::TooMany("leaves")),
            _ => {}
        }
        let members = (0_u32..)
            .zip(bytes)
            .flat_map(|(i, byte)| (0..8).filter(move |bit| byte >> bit & 1 == 1).map(move |bit| i * 8 + bit));
        Ok(Bits(members.collect()))
    }

    /// What nests in itself says how deep it is.
    pub fn depth(&self, depth: usize) -> Decoded<()> {
        if depth <= MAX_DEPTH {
            Ok(())
        } else {
            Err(self.error(DecodeErrorKind::TooMany("levels of nesting")))
        }
    }
}
