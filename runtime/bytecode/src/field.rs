//! How a single field is laid out in bytes and in text.
//!
//! Numbers are LEB128 in the shortest form; signed ones zigzag first. Texts and byte strings are a length and the
//! bytes, lists a length and the members, an option a byte 0 or 1 and the value. Every value has exactly one encoding.

use crate::error::LoadError;
use crate::limits;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};

/// 32 bytes of SHA-256.
pub type Digest = [u8; 32];

/// A set of small numbers: bit `i % 8` of byte `i / 8`, least significant first, stands for member i. The last byte is
/// not zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bits(pub Vec<u8>);

impl Bits {
    /// Collects members, in any order.
    pub fn from_members(members: impl IntoIterator<Item = u32>) -> Self {
        let mut bytes: Vec<u8> = Vec::new();
        for m in members {
            let byte = m as usize / 8;
            if bytes.len() <= byte {
                bytes.resize(byte + 1, 0);
            }
            if let Some(b) = bytes.get_mut(byte) {
                *b |= 1 << (m % 8);
            }
        }
        Self(bytes)
    }

    /// Whether `member` is in.
    pub fn contains(&self, member: u32) -> bool {
        self.0.get(member as usize / 8).is_some_and(|b| b >> (member % 8) & 1 == 1)
    }

    /// The members, ascending.
    pub fn members(&self) -> impl Iterator<Item = u32> + '_ {
        let bits = |(i, b): (usize, &u8)| {
            let b = *b;
            (0..8).filter(move |k| b >> k & 1 == 1).map(move |k| i as u32 * 8 + k)
        };
        self.0.iter().enumerate().flat_map(bits)
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.0.iter().map(|b| b.count_ones() as usize).sum()
    }

    /// Whether it has no member.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One more than the largest member.
    pub fn bound(&self) -> usize {
        match self.0.last() {
            Some(last) => self.0.len() * 8 - last.leading_zeros() as usize,
            None => 0,
        }
    }

    /// Whether the two have a member in common.
    pub fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }
}

/// One field's layout in bytes and in text.
pub trait Field: Sized {
    /// The layout's name in the documentation.
    fn layout() -> String;
    /// Appends the bytes.
    fn put(&self, out: &mut Vec<u8>);
    /// Reads the bytes; refuses any other encoding of the same value.
    fn get(r: &mut Reader<'_>) -> Result<Self, LoadError>;
    /// Appends the text form.
    fn print(&self, out: &mut String);
    /// Reads the text form.
    fn parse(p: &mut Parser<'_>) -> Result<Self, AsmError>;
}

/// A position in the bytes of a module.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Reads `bytes`, the first of which stands at offset `at` of the file.
    pub fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { rest: bytes, at }
    }

    /// The offset of the next byte.
    pub fn at(&self) -> usize {
        self.at
    }

    /// How many bytes are left.
    pub fn left(&self) -> usize {
        self.rest.len()
    }

    /// The next byte.
    pub fn byte(&mut self) -> Result<u8, LoadError> {
        let [b] = self.array()?;
        Ok(b)
    }

    /// The next N bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], LoadError> {
        let Some((head, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(LoadError::bad(self.at, "ends too early"));
        };
        self.rest = rest;
        self.at += N;
        Ok(*head)
    }

    /// The next `n` bytes.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], LoadError> {
        let Some((head, rest)) = self.rest.split_at_checked(n) else {
            return Err(LoadError::bad(self.at, "ends too early"));
        };
        self.rest = rest;
        self.at += n;
        Ok(head)
    }

    /// A LEB128 number of at most `bits` bits.
    pub fn number(&mut self, bits: u32) -> Result<u128, LoadError> {
        let at = self.at;
        let mut value = 0u128;
        let mut shift = 0u32;
        loop {
            let b = self.byte()?;
            let low = u128::from(b & 0x7f);
            if shift >= bits || (shift + 7 > bits && low >> (bits - shift) != 0) {
                return Err(LoadError::bad(at, "number too large for its field"));
            }
            value |= low << shift;
            if b & 0x80 == 0 {
                if b == 0 && shift > 0 {
                    return Err(LoadError::bad(at, "number not in the shortest form"));
                }
                return Ok(value);
            }
            shift += 7;
        }
    }

    /// A length: a number that the bytes which are left can hold.
    fn length(&mut self, what: &'static str) -> Result<usize, LoadError> {
        let at = self.at;
        let n = self.number(32)? as usize;
        if n > self.rest.len() {
            return Err(LoadError::bad(at, what));
        }
        Ok(n)
    }
}

/// Reads `count` entries. Every entry takes at least one byte, so memory is bounded by the input.
pub(crate) fn read_entries<T: Field>(count: usize, r: &mut Reader<'_>) -> Result<Vec<T>, LoadError> {
    if count > r.left() {
        return Err(LoadError::bad(r.at(), "more entries than bytes"));
    }
    let mut out = Vec::new();
    for entry in 0..count {
        out.push(T::get(r).map_err(|e| LoadError { entry: Some(entry), ..e })?);
    }
    Ok(out)
}

fn put_number(mut value: u128, out: &mut Vec<u8>) {
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

macro_rules! unsigned {
    ($($ty:ty = $bits:literal),*) => { $(
        impl Field for $ty {
            fn layout() -> String { stringify!($ty).into() }
            fn put(&self, out: &mut Vec<u8>) { put_number(u128::from(*self), out); }
            fn get(r: &mut Reader<'_>) -> Result<Self, LoadError> {
                let at = r.at();
                Self::try_from(r.number($bits)?).map_err(|_| LoadError::bad(at, "number too large for its field"))
            }
            fn print(&self, out: &mut String) { let _ = write!(out, "{self}"); }
            fn parse(p: &mut Parser<'_>) -> Result<Self, AsmError> {
                let n = p.number()?;
                Self::try_from(n).map_err(|_| p.error("number too large for its field"))
            }
        }
    )* };
}
unsigned!(u16 = 16, u32 = 32, u64 = 64, u128 = 128);

macro_rules! signed {
    ($($ty:ty, $un:ty, $bits:literal);*) => { $(
        impl Field for $ty {
            fn layout() -> String { stringify!($ty).into() }
            fn put(&self, out: &mut Vec<u8>) {
                let zigzag = ((*self << 1) ^ (*self >> ($bits - 1))) as $un;
                put_number(u128::from(zigzag), out);
            }
            fn get(r: &mut Reader<'_>) -> Result<Self, LoadError> {
                let z = r.number($bits)? as $un;
                Ok((z >> 1) as $ty ^ -((z & 1) as $ty))
            }
            fn print(&self, out: &mut String) { let _ = write!(out, "{self}"); }
            fn parse(p: &mut Parser<'_>) -> Result<Self, AsmError> {
                let minus = p.eat('-');
                let n = i128::try_from(p.number()?).map_err(|_| p.error("number too large for its field"))?;
                Self::try_from(if minus { -n } else { n }).map_err(|_| p.error("number too large for its field"))
            }
        }
    )* };
}
signed!(i32, u32, 32; i64, u64, 64);

impl Field for bool {
    fn layout() -> String {
        "bool".into()
    }
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, LoadError> {
        let at = r.at();
        match r.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(LoadError::bad(at, "neither 0 nor 1")),
        }
    }
    fn print(&self, out: &mut String) {
        out.push_str(if *self { "yes" } else { "no" });
    }
    fn parse(p: &mut Parser<'_>) -> Result<Self, AsmError> {
        match p.word()? {
            "yes" => Ok(true),
            "no" => Ok(false),
            _ => Err(p.error("expected `yes` or `no`")),
        }
    }
}

impl Field for String {
    fn layout() -> String {
        "text".into()
    }
    fn put(&self, out: &mut Vec<u8>) {
        put_number(self.len() as u128, out);
        out.extend_from_slice(self.as_bytes());
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, LoadError> {
        let at = r.at();
        let n = r.length("text longer than the section")?;
        if n > limits::TEXT {
            return Err(LoadError::bad(at, "text too long"));
        }
        match core::str::from_utf8(r.take(n)?) {
            Ok(s) => Ok(s.into()),
            Err(_) => Err(LoadError::bad(at, "text is not UTF-8")),
        }
    }
    fn print(&self, out: &mut String) {
        out.push('"');
        for c in self.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                c if c.is_control() => {
                    let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
                }
                c => out.push(c),
            }
        }
        out.push('"');
    }
    fn parse(p: &mut Parser<'_>) -> Result<Self, AsmError> {
        p.quoted()
    }
}

impl Field for Digest {
    fn layout() -> String {
        "digest".into()
    }
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, LoadError> {
        r.array()
    }
    fn print(&self, out: &mut String) {
        out.push_str(&hex(self));
    }
    fn parse(p: &mut Parser<'_>) -> Result<Self, AsmError> {
        let word = p.word()?.as_bytes();
        let mut out = [0; 32];
        let digit = |b: u8| char::from(b).to_digit(16);
        if word.len() != 64 {
            return Err(p.error("expected 64 hexadecimal digits"));
        }
        for (byte, pair) in out.iter_mut().zip(word.chunks_exact(2)) {
            match pair {
                [a, b] => match (digit(*a), digit(*b)) {
                    (Some(a), Some(b)) => *byte = (a * 16 + b) as u8,
                    _ => return Err(p.error("expected 64 hexadecimal digits")),
                },
                _ => return Err(p.error("expected 64 hexadecimal digits")),
            }
        }
        Ok(out)
    }
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for b in bytes {
        let _ = write!(out, "{b:02x}");
    }
    out
}

impl Field for Bits {
    fn layout() -> String {
        "bits".into()
    }
    fn put(&self, out: &mut Vec<u8>) {
        put_number(self.0.len() as u128, out);
        out.extend_from_slice(&self.0);
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, LoadError> {
        let at = r.at();
        let n = r.length("set longer than the section")?;
        let bytes = r.take(n)?;
        if bytes.last() == Some(&0) {
            return Err(LoadError::bad(at, "set not in the shortest form"));
        }
        if n > limits::TERMS / 8 {
            return Err(LoadError::bad(at, "set too large"));
        }
        Ok(Self(bytes.into()))
    }
    fn print(&self, out: &mut String) {
        out.push('{');
        for (i, m) in self.members().enumerate() {
            let _ = write!(out, "{}{m}", if i == 0 { "" } else { " " });
        }
        out.push('}');
    }
    fn parse(p: &mut Parser<'_>) -> Result<Self, AsmError> {
        p.punct('{')?;
        let mut members = Vec::new();
        while !p.eat('}') {
            let m = u32::parse(p)?;
            if m as usize >= limits::TERMS {
                return Err(p.error("set too large"));
            }
            members.push(m);
        }
        Ok(Self::from_members(members))
    }
}

impl<T: Field> Field for Option<T> {
    fn layout() -> String {
        let mut out = T::layout();
        out.push('?');
        out
    }
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.is_some()));
        if let Some(v) = self {
            v.put(out);
        }
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, LoadError> {
        Ok(if bool::get(r)? { Some(T::get(r)?) } else { None })
    }
    fn print(&self, out: &mut String) {
        match self {
            Some(v) => v.print(out),
            None => out.push('-'),
        }
    }
    fn parse(p: &mut Parser<'_>) -> Result<Self, AsmError> {
        Ok(if p.eat('-') { None } else { Some(T::parse(p)?) })
    }
}

impl<T: Field> Field for Vec<T> {
    fn layout() -> String {
        let mut out: String = "list of ".into();
        out.push_str(&T::layout());
        out
    }
    fn put(&self, out: &mut Vec<u8>) {
        put_number(self.len() as u128, out);
        for v in self {
            v.put(out);
        }
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, LoadError> {
        let n = r.length("list longer than the section")?;
        let mut out = Vec::new();
        for _ in 0..n {
            out.push(T::get(r)?);
        }
        Ok(out)
    }
    fn print(&self, out: &mut String) {
        out.push('[');
        for (i, v) in self.iter().enumerate() {
            if i > 0 {
                out.push(' ');
            }
            v.print(out);
        }
        out.push(']');
    }
    fn parse(p: &mut Parser<'_>) -> Result<Self, AsmError> {
        p.punct('[')?;
        let mut out = Vec::new();
        while !p.eat(']') {
            out.push(T::parse(p)?);
        }
        Ok(out)
    }
}

/// Why a text is not the text form of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsmError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: &'static str,
}

impl fmt::Display for AsmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl core::error::Error for AsmError {}

/// A position in the text form. Blanks separate; `#` starts a comment that ends with its line.
#[derive(Clone, Debug)]
pub struct Parser<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Parser<'a> {
    /// Reads `text` from the start.
    pub fn new(text: &'a str) -> Self {
        let mut p = Self { rest: text, line: 1 };
        p.skip();
        p
    }

    /// Whether nothing but blanks and comments is left.
    pub fn done(&self) -> bool {
        self.rest.is_empty()
    }

    /// An error on the current line.
    pub fn error(&self, message: &'static str) -> AsmError {
        AsmError { line: self.line, message }
    }

    fn advance(&mut self, bytes: usize) {
        let (head, tail) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.line += head.bytes().filter(|b| *b == b'\n').count();
        self.rest = tail;
    }

    fn skip(&mut self) {
        loop {
            let trimmed = self.rest.trim_start();
            self.advance(self.rest.len() - trimmed.len());
            if !self.rest.starts_with('#') {
                return;
            }
            self.advance(self.rest.find('\n').unwrap_or(self.rest.len()));
        }
    }

    /// Skips `c` if it comes next.
    pub fn eat(&mut self, c: char) -> bool {
        let found = self.rest.starts_with(c);
        if found {
            self.advance(c.len_utf8());
            self.skip();
        }
        found
    }

    /// Demands `c`.
    pub fn punct(&mut self, c: char) -> Result<(), AsmError> {
        if self.eat(c) {
            return Ok(());
        }
        Err(self.error(match c {
            '(' => "expected `(`",
            ')' => "expected `)`",
            '{' => "expected `{`",
            '[' => "expected `[`",
            '=' => "expected `=`",
            _ => "unexpected character",
        }))
    }

    /// The next word of letters, digits and `_`.
    pub fn word(&mut self) -> Result<&'a str, AsmError> {
        let end =
            self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(self.rest.len());
        let (word, _) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        if word.is_empty() {
            return Err(self.error("expected a word"));
        }
        self.advance(end);
        self.skip();
        Ok(word)
    }

    /// The next number.
    pub fn number(&mut self) -> Result<u128, AsmError> {
        let word = self.word()?;
        word.parse().map_err(|_| self.error("expected a number"))
    }

    /// A field: its name, `=`, its value.
    pub fn named<T: Field>(&mut self, name: &str) -> Result<T, AsmError> {
        if self.word()? != name {
            return Err(self.error("another field is due here"));
        }
        self.punct('=')?;
        T::parse(self)
    }

    fn quoted(&mut self) -> Result<String, AsmError> {
        if !self.rest.starts_with('"') {
            return Err(self.error("expected a quoted text"));
        }
        let mut out = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((i, c)) = chars.next() {
            match c {
                '"' => {
                    self.advance(i + 1);
                    self.skip();
                    return Ok(out);
                }
                '\\' => match chars.next() {
                    Some((_, c @ ('"' | '\\'))) => out.push(c),
                    Some((_, 'u')) => {
                        let code: String =
                            chars.by_ref().map(|(_, c)| c).skip(1).take_while(|c| *c != '}').collect();
                        let c = u32::from_str_radix(&code, 16).ok().and_then(char::from_u32);
                        out.push(c.ok_or_else(|| self.error("bad escape"))?);
                    }
                    _ => return Err(self.error("bad escape")),
                },
                c => out.push(c),
            }
        }
        Err(self.error("text without an end"))
    }
}

/// Appends `name=value`, after a blank unless it is the first.
pub(crate) fn print_field<T: Field>(name: &str, value: &T, first: &mut bool, out: &mut String) {
    if !*first {
        out.push(' ');
    }
    *first = false;
    out.push_str(name);
    out.push('=');
    value.print(out);
}

/// Appends a section: its name, then a line for each entry, each with its number as a comment.
pub(crate) fn print_entries<T: Field>(name: &str, entries: &[T], out: &mut String) {
    if entries.is_empty() {
        return;
    }
    let _ = writeln!(out, "section {name}");
    for (i, entry) in entries.iter().enumerate() {
        let start = out.len();
        out.push_str("  ");
        entry.print(out);
        let width = out.get(start..).map_or(0, |line| line.chars().count());
        let _ = writeln!(out, "{:pad$} # {i}", "", pad = 48usize.saturating_sub(width));
    }
}

/// Reads entries up to the next section.
pub(crate) fn parse_entries<T: Field>(out: &mut Vec<T>, p: &mut Parser<'_>) -> Result<(), AsmError> {
    while !p.done() && !p.rest.starts_with("section ") {
        out.push(T::parse(p)?);
    }
    Ok(())
}
