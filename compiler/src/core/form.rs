//! Reads the parts of an entry of the text form: names, numbers, conditions, prices.

use std::collections::BTreeMap;
use std::slice::Iter;

use super::parse::Names;
use super::sexpr::{Finding, Found, Node, NodeKind, ParseErrorKind};
use super::words::Word;
use super::*;

/// A list that is read from left to right.
#[derive(Clone)]
pub(super) struct Form<'a> {
    /// Where the list begins.
    pub at: usize,
    /// Where the part begins that was read last.
    pub last: usize,
    /// Its first word, if it was opened as an entry.
    pub head: &'a str,
    rest: Iter<'a, Node<'a>>,
}

impl<'a> Form<'a> {
    /// A list whose first item is a word: `(word ..)`.
    pub fn open(node: &'a Node<'a>) -> Found<Self> {
        let wrong = Finding::new(node.at, ParseErrorKind::Expected("a list that begins with a word"));
        let Some(mut form) = Form::list(node) else { return Err(wrong) };
        match form.next().map(|first| &first.kind) {
            Some(NodeKind::Word(_)) => Ok(form),
            _ => Err(wrong),
        }
    }

    /// Any list, to be read from its first item; its head is that item, if it is a word.
    pub fn list(node: &'a Node<'a>) -> Option<Self> {
        let NodeKind::List(items) = &node.kind else { return None };
        let head = match items.first().map(|first| &first.kind) {
            Some(NodeKind::Word(word)) => *word,
            _ => "",
        };
        Some(Form { at: node.at, last: node.at, head, rest: items.iter() })
    }

    pub fn next(&mut self) -> Option<&'a Node<'a>> {
        let node = self.rest.next()?;
        self.last = node.at;
        Some(node)
    }

    pub fn peek(&self) -> Option<&'a Node<'a>> {
        self.rest.as_slice().first()
    }

    pub fn is_empty(&self) -> bool {
        self.peek().is_none()
    }

    /// The next item, if it is a word.
    pub fn peek_word(&self) -> Option<&'a str> {
        match self.peek()?.kind {
            NodeKind::Word(word) => Some(word),
            _ => None,
        }
    }

    pub fn node(&mut self, what: &'static str) -> Found<&'a Node<'a>> {
        let missing = Finding::new(self.at, ParseErrorKind::Missing(what));
        self.next().ok_or(missing)
    }

    pub fn finish(&self) -> Found<()> {
        match self.peek() {
            Some(node) => Err(Finding::new(node.at, ParseErrorKind::Unexpected)),
            None => Ok(()),
        }
    }

    /// The next `(word ..)`, if anything follows.
    pub fn part(&mut self) -> Found<Option<Form<'a>>> {
        self.next().map(Form::open).transpose()
    }

    pub fn unknown(&self, what: &'static str) -> Finding {
        Finding::new(self.at, ParseErrorKind::Unknown { what, name: self.head.to_owned() })
    }

    /// Reads what may be said once.
    pub fn fill<T>(&mut self, slot: &mut Option<T>, read: impl FnOnce(&mut Self) -> Found<T>) -> Found<()> {
        match slot.replace(read(self)?) {
            Some(_) => Err(Finding::new(self.at, ParseErrorKind::Twice(self.head.to_owned()))),
            None => self.finish(),
        }
    }

    pub fn word(&mut self, what: &'static str) -> Found<&'a str> {
        let node = self.node(what)?;
        match node.kind {
            NodeKind::Word(word) => Ok(word),
            _ => Err(Finding::new(node.at, ParseErrorKind::Expected(what))),
        }
    }

    /// Whether this word follows.
    pub fn flag(&mut self, word: &'static str) -> Found<bool> {
        match self.peek_word() {
            Some(found) if found == word => self.next().map(|_| true).ok_or(self.unknown(word)),
            _ => Ok(false),
        }
    }

    /// A word of a closed set.
    pub fn choice<W: Word>(&mut self) -> Found<W> {
        let word = self.word(W::WHAT)?;
        let unknown = ParseErrorKind::Unknown { what: W::WHAT, name: word.to_owned() };
        W::from_word(word).ok_or(Finding::new(self.last, unknown))
    }

    /// A name, bare or quoted.
    pub fn name(&mut self) -> Found<String> {
        self.node("name").and_then(Form::name_of)
    }

    pub fn name_of(node: &Node<'_>) -> Found<String> {
        match &node.kind {
            NodeKind::Word(word) => Ok((*word).to_owned()),
            NodeKind::Text(text) => Ok(text.clone()),
            NodeKind::List(_) => Err(Finding::new(node.at, ParseErrorKind::Expected("a name"))),
        }
    }

    /// The index of a declared name.
    pub fn resolve(&mut self, table: &BTreeMap<String, u32>, what: &'static str) -> Found<u32> {
        let name = self.name()?;
        let index = table.get(&name).copied();
        index.ok_or(Finding::new(self.last, ParseErrorKind::Unknown { what, name }))
    }

    pub fn uint(&mut self) -> Found<u64> {
        let nat = self.nat()?;
        u64::try_from(nat)
            .map_err(|_| Finding::new(self.last, ParseErrorKind::Expected("a number below 2^64")))
    }

    /// A natural number; `_` may separate digits. Whether it is below 2^127 is checked with the rest.
    pub fn nat(&mut self) -> Found<Nat> {
        let word = self.word("number")?;
        nat(word).ok_or(Finding::new(self.last, ParseErrorKind::Expected("a natural number below 2^128")))
    }

    /// `3` or `3/1000`.
    pub fn ratio(&mut self) -> Found<Ratio> {
        let word = self.word("number or fraction")?;
        let (num, den) = word.split_once('/').unwrap_or((word, "1"));
        let ratio = nat(num).zip(nat(den)).map(|(num, den)| Ratio { num, den });
        ratio.ok_or(Finding::new(self.last, ParseErrorKind::Expected("a number or a fraction as 3/1000")))
    }

    /// `sha256:` and 64 digits.
    pub fn digest(&mut self) -> Found<[u8; 32]> {
        let word = self.word("digest")?;
        let digest = word.strip_prefix("sha256:").and_then(digest);
        digest.ok_or(Finding::new(self.last, ParseErrorKind::Expected("sha256: and 64 lowercase hex digits")))
    }

    /// The leaves that are in and those that are unknown: `(yes a b) (unknown c)`, or `(of a b)` for what the names
    /// a and b stand for, `(all a b)` including what is not listed. All of them add up.
    pub fn sets(&mut self, names: &Names, axis: Axis) -> Found<(Bits, Bits)> {
        let (mut yes, mut unknown) = (Bits::default(), Bits::default());
        let none = BTreeMap::new();
        let table = names.axes.get(&axis).unwrap_or(&none);
        let terms = names.terms.get(&axis).map_or(&[][..], Vec::as_slice);
        while let Some(mut part) = self.part()? {
            let mut named = Vec::new();
            while !part.is_empty() {
                named.push(part.resolve(table, "term")?);
            }
            match part.head {
                "yes" => yes.0.extend(named),
                "unknown" => unknown.0.extend(named),
                "of" | "all" => {
                    let (more, open) = membership(terms, &named, part.head == "all");
                    yes.0.extend(more.0);
                    unknown.0.extend(open.0);
                }
                _ => return Err(part.unknown("set of leaves")),
            }
        }
        Ok((yes, unknown))
    }
}

fn nat(word: &str) -> Option<Nat> {
    let digits: String = word.chars().filter(|c| *c != '_').collect();
    let fine = word.starts_with(|c: char| c.is_ascii_digit()) && digits.bytes().all(|c| c.is_ascii_digit());
    fine.then(|| digits.parse().ok()).flatten()
}

fn digest(hex: &str) -> Option<[u8; 32]> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = hex
        .as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect();
    bytes?.try_into().ok()
}

/// `30 days`.
pub(super) fn period(form: &mut Form<'_>) -> Found<Period> {
    let n = form.nat()?;
    match form.word("unit of time")? {
        "seconds" => Ok(Period::Seconds(n)),
        "days" => Ok(Period::Days(n)),
        "months" => Ok(Period::Months(n)),
        _ => Err(Finding::new(form.last, ParseErrorKind::Expected("seconds, days or months"))),
    }
}

/// A condition. Recursion is bounded: the lists of a text nest no deeper than the reader below allows.
pub(super) fn cond(node: &Node<'_>, names: &Names) -> Found<Cond> {
    let wrong = Finding::new(node.at, ParseErrorKind::Expected("a condition"));
    match node.kind {
        NodeKind::Word("false") => return Ok(Cond::False),
        NodeKind::Word("true") => return Ok(Cond::True),
        NodeKind::Word(word) => {
            let Some(number) = word.strip_prefix('#') else { return Err(wrong) };
            let index = nat(number).and_then(|n| names.definitions.get(&u64::try_from(n).ok()?).copied());
            let unknown = ParseErrorKind::Unknown { what: "definition", name: number.to_owned() };
            return index.map(Cond::Slot).ok_or(Finding::new(node.at, unknown));
        }
        NodeKind::Text(_) => return Err(wrong),
        NodeKind::List(_) => {}
    }
    let mut form = Form::open(node)?;
    let condition = match form.head {
        "in" => {
            let axis = form.choice()?;
            let (yes, unknown) = form.sets(names, axis)?;
            Cond::In { axis, yes, unknown }
        }
        "<" | "<=" | "=" => compare(&mut form, names)?,
        "known" => Cond::Known(form.resolve(&names.facts, "fact")?),
        "and" => Cond::And(operands(&mut form, names)?),
        "or" => Cond::Or(operands(&mut form, names)?),
        "not" => cond(form.node("an operand")?, names)?.not(),
        _ => return Err(form.unknown("form of condition")),
    };
    form.finish()?;
    Ok(condition)
}

fn operands(form: &mut Form<'_>, names: &Names) -> Found<Vec<Cond>> {
    let mut operands = Vec::new();
    while let Some(node) = form.next() {
        operands.push(cond(node, names)?);
    }
    Ok(operands)
}

/// `(<= fact 250)`, `(= fact "text")`.
fn compare(form: &mut Form<'_>, names: &Names) -> Found<Cond> {
    let cmp = Cmp::from_word(form.head).ok_or(form.unknown("comparison"))?;
    let fact = form.resolve(&names.facts, "fact")?;
    let constant = match form.peek().map(|node| &node.kind) {
        Some(NodeKind::Text(text)) => {
            form.next();
            Constant::Text(text.clone())
        }
        _ => Constant::Number(form.nat()?),
    };
    Ok(Cond::Compare { fact, cmp, constant })
}

pub(super) fn price(node: &Node<'_>, names: &Names) -> Found<Price> {
    if matches!(node.kind, NodeKind::Word("free")) {
        return Ok(Price::Free);
    }
    let wrong =
        Finding::new(node.at, ParseErrorKind::Expected("free, (rate ..), (graduated ..) or (fee ..)"));
    let Ok(mut form) = Form::open(node) else { return Err(wrong) };
    let price = match form.head {
        "rate" => Price::Rate { unit: form.resolve(&names.units, "unit")?, rate: form.ratio()? },
        "graduated" => graduated(&mut form, names)?,
        "fee" => Price::Fee { amount: form.ratio()?, key: form.choice()?, window: form.choice()? },
        _ => return Err(wrong),
    };
    form.finish()?;
    Ok(price)
}

/// What follows `graduated`: unit, key, window, tiers, and perhaps `(cap 100)` and `(floor 5)`.
fn graduated(form: &mut Form<'_>, names: &Names) -> Found<Price> {
    let unit = form.resolve(&names.units, "unit")?;
    let (key, window) = (form.choice()?, form.choice()?);
    let (mut tiers, mut cap, mut floor) = (Vec::new(), None, None);
    while let Some(node) = form.next() {
        let expected =
            ParseErrorKind::Expected("a tier as (1000 3/100) or (beyond 0), a (cap 100), a (floor 5)");
        let Some(mut part) = Form::list(node) else { return Err(Finding::new(node.at, expected)) };
        if part.flag("cap")? {
            part.fill(&mut cap, Form::ratio)?;
        } else if part.flag("floor")? {
            part.fill(&mut floor, Form::ratio)?;
        } else {
            let width = if part.flag("beyond")? { None } else { Some(part.nat()?) };
            tiers.push(Tier { width, rate: part.ratio()? });
            part.finish()?;
        }
    }
    Ok(match (cap, floor) {
        (None, None) => Price::Graduated { unit, key, window, tiers },
        _ => Price::Bounded { unit, key, window, tiers, cap, floor },
    })
}
