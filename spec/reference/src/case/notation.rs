//! The notation of a CBOR item, and the numbers in it.

use num_bigint::BigUint;

use crate::cbor::Item;

/// Reads one CBOR item in the notation of the README: `{0: 1, label "a" 1: [bits{0 2}, h'00ff', 18446744073709551616]}`.
pub fn item(text: &str) -> Result<Item, String> {
    let mut notation = Notation(text);
    let item = notation.item()?;
    notation.skip();
    if notation.0.is_empty() { Ok(item) } else { Err("something follows the item".into()) }
}

/// A natural number, with `_` between digits as wanted.
pub(super) fn number(text: &str) -> Result<BigUint, String> {
    text.replace('_', "").parse().map_err(|_| format!("`{text}` is not a natural number"))
}

pub(super) fn small(text: &str) -> Result<i64, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or_else(|| format!("`{text}` is not a number"))
}

pub(super) fn hex(text: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<u32> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).ok_or_else(|| format!("`{c}` is not a hex digit")))
        .collect::<Result<_, _>>()?;
    if digits.len() % 2 == 1 {
        return Err("half a byte".into());
    }
    Ok(digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect())
}

/// The rest of a text in the notation.
pub(super) struct Notation<'a>(pub(super) &'a str);

impl<'a> Notation<'a> {
    /// Passes blanks, commas and bare words, which are there for the reader only.
    fn skip(&mut self) {
        loop {
            self.0 = self.0.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            let word = self.0.len()
                - self.0.trim_start_matches(|c: char| c.is_ascii_alphabetic() || "-_./<=".contains(c)).len();
            if word == 0 || self.0[..word].starts_with("bits") || self.0[..word] == *"h" {
                return;
            }
            self.0 = &self.0[word..];
        }
    }

    fn eat(&mut self, prefix: &str) -> bool {
        self.skip();
        self.0.strip_prefix(prefix).map(|rest| self.0 = rest).is_some()
    }

    /// What stands before a closing mark.
    fn until(&mut self, mark: char) -> Result<&'a str, String> {
        let (inside, rest) = self.0.split_once(mark).ok_or_else(|| format!("`{mark}` is missing"))?;
        self.0 = rest;
        Ok(inside)
    }

    fn digits(&mut self) -> Result<&'a str, String> {
        self.skip();
        let rest = self.0.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
        let digits = &self.0[..self.0.len() - rest.len()];
        self.0 = rest;
        if digits.is_empty() {
            Err(format!("no value at `{}`", self.0.chars().take(20).collect::<String>()))
        } else {
            Ok(digits)
        }
    }

    pub(super) fn item(&mut self) -> Result<Item, String> {
        if self.eat("[") {
            let mut items = vec![];
            while !self.eat("]") {
                items.push(self.item()?);
            }
            Ok(Item::Array(items))
        } else if self.eat("{") {
            let mut entries = vec![];
            while !self.eat("}") {
                let key = self.digits()?.parse().map_err(|_| "not a key")?;
                if !self.eat(":") {
                    return Err(format!("`:` is missing after the key {key}"));
                }
                entries.push((key, self.item()?));
            }
            Ok(Item::Map(entries))
        } else if self.eat("bits{") {
            self.until('}').and_then(bits)
        } else if self.eat("h'") {
            self.until('\'').and_then(hex).map(Item::Bytes)
        } else if self.eat("\"") {
            self.text()
        } else {
            let n = number(self.digits()?)?;
            // Beyond 64 bits a Nat is a byte string (section 1).
            Ok(u64::try_from(&n).map_or_else(|_| Item::Bytes(n.to_bytes_be()), Item::Uint))
        }
    }

    /// The rest of a text after its opening mark; `\n`, `\"` and `\\` are escapes.
    fn text(&mut self) -> Result<Item, String> {
        let mut text = String::new();
        let mut chars = self.0.chars();
        loop {
            match chars.next() {
                None => return Err("a text without an end".into()),
                Some('"') => break,
                Some('\\') => match chars.next() {
                    Some('n') => text.push('\n'),
                    Some(c @ ('"' | '\\')) => text.push(c),
                    _ => return Err("not an escape".into()),
                },
                Some(c) => text.push(c),
            }
        }
        self.0 = chars.as_str();
        Ok(Item::Text(text))
    }
}

fn bits(members: &str) -> Result<Item, String> {
    let mut bytes = vec![];
    for member in members.split([' ', ',']).filter(|member| !member.is_empty()) {
        let member = small(member)? as usize;
        if member >= 1 << 16 {
            return Err("a set of too many".into());
        }
        if bytes.len() <= member / 8 {
            bytes.resize(member / 8 + 1, 0u8);
        }
        bytes[member / 8] |= 1 << (member % 8);
    }
    Ok(Item::Bytes(bytes))
}
