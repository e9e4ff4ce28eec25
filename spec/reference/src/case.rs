//! Files of expected outcomes, written by hand: `spec/reference/cases/*.case`, described in the README there.
//!
//! A file is read into plain data (bytes of a core, zone, request, state, expected text), so that any implementation
//! of `eval` can be held against it.

use std::collections::BTreeMap;

use num_bigint::BigUint;

use crate::cbor::{self, Item};
use crate::time::{Zone, days_from_civil, days_in_month};
use crate::{DutyStatus, Request, State, Value};

/// One question and the text of its answer.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// The line of the file where it begins.
    pub line: usize,
    /// The encoded core.
    pub core: Vec<u8>,
    /// The zone of the core's calendar.
    pub zone: Zone,
    /// What is asked.
    pub request: Request,
    /// What was before.
    pub state: State,
    /// The canonical text (section 12) of the outcome.
    pub expected: String,
}

/// Bytes that every decoder of cores refuses.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// What is wrong with them.
    pub name: String,
    /// The line of the file where it begins.
    pub line: usize,
    /// The bytes.
    pub core: Vec<u8>,
}

/// The content of a `.case` file.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// Questions with their answers.
    pub cases: Vec<Case>,
    /// What is not a core.
    pub refusals: Vec<Refusal>,
    /// The licence ids (as 64 hex digits) that the file states, with the core each belongs to.
    pub ids: Vec<(Vec<u8>, String)>,
}

/// Reads a file; an error names its line.
pub fn parse(text: &str) -> Result<File, String> {
    let mut reader = Reader { lines: text.lines().enumerate(), line: 0, names: BTreeMap::new() };
    reader.file().map_err(|error| format!("line {}: {error}", reader.line))
}

/// What a case starts from: the last `core`, `zone` and `base`.
#[derive(Clone, Default)]
struct Ground {
    core: Vec<u8>,
    zone: Zone,
    request: Request,
    state: State,
}

struct Reader<'a> {
    lines: std::iter::Enumerate<std::str::Lines<'a>>,
    line: usize,
    /// What `$name` stands for in the cores that follow.
    names: BTreeMap<String, String>,
}

impl<'a> Reader<'a> {
    /// The next line that is not empty, without its comment.
    fn next(&mut self) -> Option<&'a str> {
        for (number, line) in self.lines.by_ref() {
            self.line = number + 1;
            let line = without_comment(line).trim();
            if !line.is_empty() {
                return Some(line);
            }
        }
        None
    }

    /// The lines up to `end`, joined.
    fn block(&mut self) -> Result<String, String> {
        let mut block = String::new();
        while let Some(line) = self.next() {
            if line == "end" {
                return Ok(block);
            }
            block = block + line + "\n";
        }
        Err("`end` is missing".into())
    }

    /// A block in which each `$name` is replaced by what `let name` said.
    fn substituted(&mut self) -> Result<String, String> {
        let block = self.block()?;
        let mut parts = block.split('$');
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let rest = part.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
            let name = &part[..part.len() - rest.len()];
            text += self.names.get(name).ok_or_else(|| format!("`${name}` has no meaning"))?;
            text += rest;
        }
        Ok(text)
    }

    fn file(&mut self) -> Result<File, String> {
        let (mut file, mut ground) = (File::default(), Ground::default());
        while let Some(line) = self.next() {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let started = self.line;
            match word {
                "let" => {
                    let meaning = self.substituted()?;
                    self.names.insert(rest.to_owned(), meaning);
                }
                "core" => ground.core = core(rest, &self.substituted()?)?,
                "id" => file.ids.push((ground.core.clone(), rest.to_owned())),
                "zone" => ground.zone = zone(rest)?,
                "base" => {
                    (ground.request, ground.state) = Default::default();
                    self.inputs("end", &mut ground)?;
                }
                "case" => {
                    let mut ground = ground.clone();
                    self.inputs("expect", &mut ground)?;
                    let expected = self.block()?.lines().map(expected).collect::<Result<_, _>>()?;
                    let Ground { core, zone, request, state } = ground;
                    let name = quoted(rest)?;
                    file.cases.push(Case { name, line: started, core, zone, request, state, expected });
                }
                "refuse" => {
                    let (name, form) =
                        rest.rsplit_once(' ').filter(|(_, form)| *form == "hex").unwrap_or((rest, ""));
                    let (name, core) = (quoted(name)?, core(form, &self.substituted()?)?);
                    file.refusals.push(Refusal { name, line: started, core });
                }
                _ => return Err(format!("`{word}` is not a word of a case file")),
            }
        }
        Ok(file)
    }

    /// The lines of a request and a state, up to a closing word.
    fn inputs(&mut self, closing: &str, ground: &mut Ground) -> Result<(), String> {
        while let Some(line) = self.next() {
            if line == closing {
                return Ok(());
            }
            input(line, ground)?;
        }
        Err(format!("`{closing}` is missing"))
    }
}

/// Cuts at a `#` that does not stand in a quoted text.
fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match c {
            '#' if !quoted => return &line[..at],
            '"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    line
}

fn input(line: &str, ground: &mut Ground) -> Result<(), String> {
    let (request, state) = (&mut ground.request, &mut ground.state);
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (first, value) = rest.split_once(' ').unwrap_or((rest, ""));
    match word {
        "at" => request.used_at = instant(rest)?,
        "user" => request.user = Some(quoted(rest)?),
        "organisation" => request.organisation = Some(quoted(rest)?),
        "action" => request.action = Some(quoted(rest)?),
        "purpose" => request.purpose = Some(quoted(rest)?),
        "place" => request.place = Some(quoted(rest)?),
        "fact" => {
            request.facts.insert(first.to_owned(), fact(value)?);
        }
        "quantity" => {
            request.quantities.insert(first.to_owned(), number(value)?);
        }
        "used" => *entry(&mut state.used, first)? = number(value)?,
        "duty" => *entry(&mut state.duties, first)? = status(value)?,
        "notice" => state.notice = Some(instant(rest)?),
        "no" => match first {
            "user" => request.user = None,
            "organisation" => request.organisation = None,
            "action" => request.action = None,
            "purpose" => request.purpose = None,
            "place" => request.place = None,
            "fact" => _ = request.facts.remove(value),
            "quantity" => _ = request.quantities.remove(value),
            _ => return Err(format!("`no {first}`")),
        },
        _ => return Err(format!("`{word}` is neither of a request nor of a state")),
    }
    Ok(())
}

/// The entry of a list at an index, which grows by zeroes as far as needed.
fn entry<'l, T: Default + Clone>(list: &'l mut Vec<T>, index: &str) -> Result<&'l mut T, String> {
    let index: usize = index.parse().ok().filter(|index| *index < 1 << 12).ok_or("not an index")?;
    if list.len() <= index {
        list.resize(index + 1, T::default());
    }
    Ok(&mut list[index])
}

/// A word as it stands, or a text in quotation marks.
fn quoted(text: &str) -> Result<String, String> {
    if !text.starts_with('"') {
        return if text.is_empty() { Err("a name is missing".into()) } else { Ok(text.to_owned()) };
    }
    match Notation(text).item()? {
        Item::Text(text) => Ok(text),
        _ => Err("not a text".into()),
    }
}

fn fact(text: &str) -> Result<Value, String> {
    match text {
        "true" => Ok(Value::Truth(true)),
        "false" => Ok(Value::Truth(false)),
        _ if text.starts_with('"') => quoted(text).map(Value::Text),
        _ => number(text).map(Value::Count),
    }
}

fn status(text: &str) -> Result<DutyStatus, String> {
    match text.split_once(' ') {
        Some(("pending", until)) => Ok(DutyStatus::Pending(instant(until)?)),
        None if text == "clear" => Ok(DutyStatus::Clear),
        None if text == "done" => Ok(DutyStatus::Done),
        None if text == "violated" => Ok(DutyStatus::Violated),
        None if text == "unknown" => Ok(DutyStatus::Unknown),
        _ => Err(format!("`{text}` is not the status of a duty")),
    }
}

/// A natural number, with `_` between digits as wanted.
fn number(text: &str) -> Result<BigUint, String> {
    text.replace('_', "").parse().map_err(|_| format!("`{text}` is not a natural number"))
}

fn small(text: &str) -> Result<i64, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or_else(|| format!("`{text}` is not a number"))
}

/// `2026-01-31T09:00:00.000001Z`, seconds and their parts as wanted, in microseconds; or the microseconds themselves.
fn instant(text: &str) -> Result<i64, String> {
    let Some(civil) = text.strip_suffix('Z') else {
        return text.replace('_', "").parse().map_err(|_| format!("`{text}` is not an instant"));
    };
    let (date, time) = civil.split_once('T').ok_or("an instant without a time")?;
    let date: Vec<i64> = date.split('-').map(small).collect::<Result<_, _>>()?;
    let [year, month, day] = date[..] else { return Err("a date has three parts".into()) };
    let day_of = i128::from(day);
    if !(1..=12).contains(&month) || day_of < 1 || day_of > days_in_month(year.into(), month.into()) {
        return Err(format!("`{text}` is on no calendar"));
    }
    let days = days_from_civil(year.into(), month.into(), day_of) as i64;
    let (time, part) = time.split_once('.').unwrap_or((time, ""));
    let part = if part.len() > 6 {
        return Err("finer than microseconds".into());
    } else {
        small(&format!("{part:0<6}"))?
    };
    let time: Vec<i64> = time.split(':').map(small).collect::<Result<_, _>>()?;
    let (hour, minute, second) = match time[..] {
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return Err("a time has two or three parts".into()),
    };
    if hour > 23 || minute > 59 || second > 59 {
        return Err(format!("`{text}` is on no clock"));
    }
    Ok((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000 + part)
}

/// `+01:00, 2026-03-29T01:00Z +02:00, ...`: the first offset, then each change with the offset from then on.
fn zone(text: &str) -> Result<Zone, String> {
    let mut parts = text.split(',').map(str::trim);
    let initial = offset(parts.next().unwrap_or_default())?;
    let change = |part: &str| {
        let (at, to) = part.split_once(' ').ok_or("a change is an instant and an offset")?;
        Ok((instant(at)? / 1_000_000, offset(to)?))
    };
    Ok(Zone { initial, transitions: parts.map(change).collect::<Result<_, String>>()? })
}

/// `+10:30`, or with seconds `-00:01:15`.
fn offset(text: &str) -> Result<i32, String> {
    let (sign, clock) = match text.split_at_checked(1) {
        Some(("+", clock)) => (1, clock),
        Some(("-", clock)) => (-1, clock),
        _ => return Err(format!("`{text}` is not an offset")),
    };
    let parts: Vec<i64> = clock.split(':').map(small).collect::<Result<_, _>>()?;
    let seconds = parts
        .iter()
        .chain([&0, &0])
        .take(3)
        .fold(0i64, |sum, part| sum.saturating_mul(60).saturating_add(*part));
    i32::try_from(sign * seconds).map_err(|_| format!("`{text}` is not an offset"))
}

/// A line of an outcome, in which `@2026-01-31T09:00Z` stands for the microseconds of that instant.
fn expected(line: &str) -> Result<String, String> {
    let words = line.split(' ').map(|word| match word.strip_prefix('@') {
        Some(at) => instant(at).map(|at| at.to_string()),
        None => Ok(word.to_owned()),
    });
    Ok(words.collect::<Result<Vec<_>, _>>()?.join(" ") + "\n")
}

/// The bytes of a block, in hex digits or in the notation.
fn core(form: &str, block: &str) -> Result<Vec<u8>, String> {
    match form {
        "" => Ok(cbor::write(&item(block)?)),
        "hex" => hex(block),
        _ => Err(format!("`{form}` is not a form of a core")),
    }
}

/// Reads one CBOR item in the notation of the README: `{0: 1, label "a" 1: [bits{0 2}, h'00ff', 18446744073709551616]}`.
pub fn item(text: &str) -> Result<Item, String> {
    let mut notation = Notation(text);
    let item = notation.item()?;
    notation.skip();
    if notation.0.is_empty() { Ok(item) } else { Err("something follows the item".into()) }
}

fn hex(text: &str) -> Result<Vec<u8>, String> {
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
struct Notation<'a>(&'a str);

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

    fn item(&mut self) -> Result<Item, String> {
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
