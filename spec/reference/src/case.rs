//! Files of expected outcomes, written by hand: `spec/reference/cases/*.case`, described in the README there.
//!
//! A file is read into plain data (bytes of a core, zone, request, state, expected text), so that any implementation
//! of `eval` can be held against it.

mod notation;

use std::collections::BTreeMap;

use num_bigint::BigUint;

use crate::cbor::{self, Item};
use crate::time::{Zone, days_from_civil, days_in_month};
use crate::{DutyStatus, Renewal, Request, State, Value};
pub use notation::item;
use notation::{Notation, hex, number, small};

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

/// What a use may cost at most (`largest`), with the text of the answer: units of the grain, or `none`.
#[derive(Clone, Debug)]
pub struct Largest {
    /// The use; the state of the case says nothing.
    pub case: Case,
    /// By counter: the lowest and the highest position.
    pub ranges: Vec<(BigUint, BigUint)>,
}

/// What the close of a window adds (`Core::at_close`).
#[derive(Clone, Debug)]
pub struct Close {
    /// What it shows.
    pub name: String,
    /// The line of the file where it begins.
    pub line: usize,
    /// The encoded core.
    pub core: Vec<u8>,
    /// The counter's number.
    pub counter: usize,
    /// The quantities that were committed in the window, in their order.
    pub reports: Vec<BigUint>,
    /// Units of the grain, or `none`.
    pub expected: String,
}

/// How what falls due is divided (part two, section 6).
#[derive(Clone, Debug)]
pub struct Parts {
    /// What it shows.
    pub name: String,
    /// The line of the file where it begins.
    pub line: usize,
    /// The encoded core.
    pub core: Vec<u8>,
    /// What fell due so far, in payable amounts.
    pub due: BigUint,
    /// One line a part: `HANDLE FRACTION OPEN CLOSED`, its fraction of the whole, and what is payable before and at the close.
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
    /// Uses that are held, and what they may cost at most.
    pub largest: Vec<Largest>,
    /// Windows that close.
    pub closes: Vec<Close>,
    /// Sums that are divided.
    pub parts: Vec<Parts>,
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
                    self.inputs("end", |line| input(line, &mut ground))?;
                }
                "case" => {
                    let ground = ground.clone();
                    file.cases.push(self.case(rest, ground, input)?);
                }
                "largest" => {
                    let mut ranges = vec![];
                    let case =
                        self.case(rest, ground.clone(), |line, ground| range(line, &mut ranges, ground))?;
                    file.largest.push(Largest { case, ranges });
                }
                "close" => {
                    let (mut counter, mut reports) = (0, vec![]);
                    let case = self.case(rest, ground.clone(), |line, _| match line.split_once(' ') {
                        Some(("counter", n)) => small(n).map(|n| counter = n as usize),
                        Some(("report", n)) => number(n).map(|n| reports.push(n)),
                        _ => Err(format!("`{line}` is not of a close")),
                    })?;
                    let Case { name, line, core, expected, .. } = case;
                    file.closes.push(Close { name, line, core, counter, reports, expected });
                }
                "parts" => {
                    let mut due = BigUint::default();
                    let case = self.case(rest, ground.clone(), |line, _| match line.split_once(' ') {
                        Some(("due", n)) => number(n).map(|n| due = n),
                        _ => Err(format!("`{line}` is not of parts")),
                    })?;
                    let Case { name, line, core, expected, .. } = case;
                    file.parts.push(Parts { name, line, core, due, expected });
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

    /// A question: its name, its lines up to `expect`, and the answer up to `end`.
    fn case(
        &mut self,
        name: &str,
        mut ground: Ground,
        mut read: impl FnMut(&str, &mut Ground) -> Result<(), String>,
    ) -> Result<Case, String> {
        let started = self.line;
        self.inputs("expect", |line| read(line, &mut ground))?;
        let expected = self.block()?.lines().map(expected).collect::<Result<_, _>>()?;
        let Ground { core, zone, request, state } = ground;
        Ok(Case { name: quoted(name)?, line: started, core, zone, request, state, expected })
    }

    /// The lines up to a closing word, one by one.
    fn inputs(
        &mut self,
        closing: &str,
        mut read: impl FnMut(&str) -> Result<(), String>,
    ) -> Result<(), String> {
        while let Some(line) = self.next() {
            if line == closing {
                return Ok(());
            }
            read(line)?;
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
        "grant" => state.grant = Some(instant(rest)?),
        "release" => state.release = Some(instant(rest)?),
        "first_use" => state.first_use = Some(instant(rest)?),
        "renewal" => {
            let periods = small(value)?.try_into().map_err(|_| "more periods than there may be")?;
            state.renewal = Some(Renewal { anchor: instant(first)?, periods });
        }
        "latched" => *entry(&mut state.latched, rest)? = true,
        "no" => match first {
            "user" => request.user = None,
            "organisation" => request.organisation = None,
            "action" => request.action = None,
            "purpose" => request.purpose = None,
            "place" => request.place = None,
            "fact" => _ = request.facts.remove(value),
            "quantity" => _ = request.quantities.remove(value),
            "grant" => state.grant = None,
            "release" => state.release = None,
            "first_use" => state.first_use = None,
            "renewal" => state.renewal = None,
            _ => return Err(format!("`no {first}`")),
        },
        _ => return Err(format!("`{word}` is neither of a request nor of a state")),
    }
    Ok(())
}

/// `range 2 0 1_000`: where the counter 2 may stand; or a line of a request.
fn range(line: &str, ranges: &mut Vec<(BigUint, BigUint)>, ground: &mut Ground) -> Result<(), String> {
    let Some(rest) = line.strip_prefix("range ") else { return input(line, ground) };
    let [counter, low, high] = rest.split(' ').collect::<Vec<_>>()[..] else {
        return Err("a range is a counter, its lowest and its highest position".into());
    };
    *entry(ranges, counter)? = (number(low)?, number(high)?);
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
