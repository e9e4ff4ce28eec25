//! From the text form (`spec/core-text.md`) to a core. Safe with any text: bounded in size, depth and memory.

use std::collections::{BTreeMap, BTreeSet};

mod standing;

use super::form::{Form, cond, period, price};
use super::sexpr::{self, Finding, Found, ParseError, ParseErrorKind};
use super::words::Word;
use super::*;

impl Licence {
    /// The core that a text says, brought into canonical form and validated. Entries may stand in any order.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place; a broken invariant at the entry it concerns.
    pub fn parse(text: &str) -> Result<Licence, ParseError> {
        let finding = |finding: Finding| finding.place(text);
        let (mut licence, names) = whole(text).map_err(finding)?;
        licence.canonicalise_with(&names.otherwise);
        licence.validate().map_err(|error| {
            let place = names.place(&licence, &error);
            Finding::new(place, ParseErrorKind::Invalid(error.kind)).place(text)
        })?;
        Ok(licence)
    }

    /// The core exactly as a text says it, neither brought into canonical form nor validated: for tests of what
    /// must be refused. Definitions stand in the order of their numbers, everything else in the order of the text.
    ///
    /// # Errors
    /// As [`Licence::parse`], but for broken invariants; `otherwise`, which needs the canonical order, is refused.
    pub fn parse_as_written(text: &str) -> Result<Licence, ParseError> {
        let (licence, names) = whole(text).map_err(|finding| finding.place(text))?;
        match names.otherwise_at {
            Some(at) => Err(Finding::new(at, ParseErrorKind::Unexpected).place(text)),
            None => Ok(licence),
        }
    }
}

/// What names stand for, and where things were said.
#[derive(Default)]
pub(super) struct Names {
    pub axes: BTreeMap<Axis, BTreeMap<String, u32>>,
    pub terms: BTreeMap<Axis, Vec<Term>>,
    pub units: BTreeMap<String, u32>,
    pub facts: BTreeMap<String, u32>,
    /// The number of a definition and its index.
    pub definitions: BTreeMap<u64, u32>,
    otherwise: BTreeMap<String, Price>,
    otherwise_at: Option<usize>,
    /// The first entry of each key of the licence's map.
    entries: BTreeMap<u64, usize>,
    labels: BTreeMap<String, usize>,
}

impl Names {
    /// Where the text says what a finding of [`Licence::validate`] concerns.
    fn place(&self, licence: &Licence, error: &CoreError) -> usize {
        let label = error.index.and_then(|index| {
            let index = index as usize;
            match error.key {
                16 => licence.forbids.get(index).map(|it| &it.0),
                17 => licence.permits.get(index).map(|it| &it.0),
                18 => licence.limits.get(index).map(|it| &it.label),
                19 => licence.charges.get(index).map(|it| &it.label),
                20 => licence.duties.get(index).map(|it| &it.label),
                22 => licence.free.get(index).map(|it| &it.0),
                25 => licence.ends.get(index).map(|it| &it.0),
                27 => licence.at_close.get(index).map(|it| &it.label),
                _ => None,
            }
        });
        let label = label.and_then(|label| self.labels.get(label));
        label.or_else(|| self.entries.get(&error.key)).copied().unwrap_or(0)
    }
}

/// Every word that opens an entry, and the key of the licence's map that it fills.
const ENTRIES: [(&str, u64); 32] = [
    ("licensor", 4),
    ("asset", 5),
    ("party", 6),
    ("vocabulary", 7),
    ("axis", 8),
    ("unit", 9),
    ("fact", 10),
    ("calendar", 11),
    ("money", 12),
    ("from", 13),
    ("until", 13),
    ("irrevocable", 14),
    ("revocable", 14),
    ("define", 15),
    ("forbid", 16),
    ("permit", 17),
    ("limit", 18),
    ("at_once", 18),
    ("seats", 18),
    ("spend", 18),
    ("charge", 19),
    ("duty", 20),
    ("split", 21),
    ("free", 22),
    ("holder", 23),
    ("renewal", 24),
    ("end", 25),
    ("prepaid", 26),
    ("at_close", 27),
    ("royalty", 28),
    ("corrections", 29),
    ("licence", 0),
];

/// The whole text: first what names stand for, then what mentions them.
fn whole(text: &str) -> Found<(Licence, Names)> {
    let root = sexpr::read(text)?;
    let mut form = Form::open(&root)?;
    if form.head != "licence" {
        return Err(Finding::new(form.at, ParseErrorKind::Expected("`(licence`")));
    }
    let edition = form.at;
    if form.uint()? != EDITION {
        return Err(Finding::new(edition, ParseErrorKind::Expected("edition 2026")));
    }
    let mut licence = Licence { name: form.name()?, version: form.uint()?, ..Licence::empty() };
    let mut names = Names::default();
    names.entries.insert(2, root.at);
    let mut once = BTreeSet::new();
    let mut entries = Vec::new();
    while let Some(node) = form.next() {
        let entry = Form::open(node)?;
        let Some((_, key)) = ENTRIES.iter().find(|(word, _)| *word == entry.head) else {
            let unknown = ParseErrorKind::Unknown { what: "entry", name: entry.head.to_owned() };
            return Err(Finding::new(entry.at, unknown));
        };
        names.entries.entry(*key).or_insert(entry.at);
        let single = matches!(key, 4 | 11..=14 | 21 | 23 | 24 | 26 | 29);
        if single && !once.insert((*key, entry.head == "until")) {
            return Err(twice(entry.at, entry.head));
        }
        entries.push((*key, entry));
    }
    for needed in [(4, "licensor"), (14, "revocability")] {
        if !names.entries.contains_key(&needed.0) {
            return Err(Finding::new(root.at, ParseErrorKind::Missing(needed.1)));
        }
    }
    for (key, entry) in &entries {
        declare(&mut licence, &mut names, *key, entry.clone())?;
    }
    names.terms.clone_from(&licence.axes);
    for (index, number) in (0..).zip(names.definitions.values_mut()) {
        *number = index;
    }
    let mut definitions = BTreeMap::new();
    standing::royalties(&mut licence, &entries)?;
    for (key, entry) in entries {
        match key {
            0..=14 | 23 | 28 | 29 => {}
            24 => standing::renewal(&mut licence, &names, entry)?,
            15 => drop(definitions.insert(entry.clone().uint()?, definition(entry, &names)?)),
            _ => clause(&mut licence, &mut names, key, entry)?,
        }
    }
    licence.definitions = definitions.into_values().collect();
    Ok((licence, names))
}

fn twice(at: usize, name: &str) -> Finding {
    Finding::new(at, ParseErrorKind::Twice(name.to_owned()))
}

/// Headers and tables, and the numbers of definitions.
fn declare(licence: &mut Licence, names: &mut Names, key: u64, mut entry: Form<'_>) -> Found<()> {
    let at = entry.at;
    match key {
        4 => licence.licensor = entry.name()?,
        5 => {
            let (kind, name) = (entry.name()?, entry.name()?);
            let capsule = if entry.is_empty() { None } else { Some(entry.digest()?) };
            licence.assets.push(Asset { kind, name, capsule });
        }
        6 => {
            let mut party = Party { handle: entry.name()?, did: None, account: None };
            while let Some(mut part) = entry.part()? {
                let slot = match part.head {
                    "did" => &mut party.did,
                    "account" => &mut party.account,
                    _ => return Err(part.unknown("part of a party")),
                };
                part.fill(slot, Form::name)?;
            }
            licence.parties.push(party);
        }
        7 => {
            let (name, version) = (entry.name()?, entry.name()?);
            licence.vocabularies.push(VocabularyRef { name, version, id: entry.digest()? });
        }
        8 => return axis(licence, names, entry),
        9 => {
            let unit = Unit { name: entry.name()?, highest: entry.nat()? };
            if names.units.insert(unit.name.clone(), licence.units.len() as u32).is_some() {
                return Err(twice(at, &unit.name));
            }
            licence.units.push(unit);
        }
        10 => {
            let fact = Fact { name: entry.name()?, ty: fact_type(&mut entry)? };
            if names.facts.insert(fact.name.clone(), licence.facts.len() as u32).is_some() {
                return Err(twice(at, &fact.name));
            }
            licence.facts.push(fact);
        }
        11 => licence.calendar = Some(entry.name()?),
        12 => {
            licence.money = Some(Money {
                currency: entry.name()?,
                minor: entry.ratio()?,
                rounding: entry.choice()?,
                settled: entry.choice()?,
            });
        }
        13 => {
            let term = licence.term.get_or_insert_default();
            let end = if entry.head == "from" { &mut term.from } else { &mut term.until };
            *end = Some(standing::point(&mut entry)?);
        }
        14 if entry.head == "irrevocable" => licence.revocability = Revocability::Irrevocable,
        14 => {
            let after = period(&mut entry)?;
            let sparing_derivatives = entry.flag("sparing")?;
            licence.revocability = Revocability::Revocable { after, sparing_derivatives };
        }
        15 => {
            let number = entry.uint()?;
            if names.definitions.insert(number, 0).is_some() {
                return Err(twice(at, &number.to_string()));
            }
            return Ok(());
        }
        23 => licence.holder = Some(entry.name()?),
        29 => licence.corrections = Some(period(&mut entry)?),
        0 => return Err(entry.unknown("entry")),
        _ => return Ok(()),
    }
    entry.finish()
}

fn fact_type(entry: &mut Form<'_>) -> Found<FactType> {
    Ok(match entry.word("a type")? {
        "yes_no" => FactType::YesNo,
        "count" => FactType::Count { low: entry.nat()?, high: entry.nat()? },
        "text" => FactType::Text,
        "party" => FactType::Party,
        "kind" => FactType::Kind,
        _ => {
            return Err(Finding::new(
                entry.last,
                ParseErrorKind::Expected("yes_no, count, text, party or kind"),
            ));
        }
    })
}

/// `(axis action (train use) use)`: a root stands bare, another term in front of its parents.
fn axis(licence: &mut Licence, names: &mut Names, mut entry: Form<'_>) -> Found<()> {
    let axis: Axis = entry.choice()?;
    if licence.axes.contains_key(&axis) {
        return Err(twice(entry.at, axis.word()));
    }
    let mut table = BTreeMap::new();
    let mut terms = Vec::new();
    while let Some(node) = entry.next() {
        let (name, parents) = match Form::list(node) {
            Some(mut form) => (form.name()?, Some(form)),
            None => (Form::name_of(node)?, None),
        };
        if table.insert(name.clone(), terms.len() as u32).is_some() {
            return Err(twice(node.at, &name));
        }
        terms.push((name, parents));
    }
    let mut built = Vec::new();
    for (name, form) in terms {
        let mut term = Term { name, parents: Vec::new() };
        if let Some(mut form) = form {
            while !form.is_empty() {
                term.parents.push(form.resolve(&table, "term")?);
            }
        }
        built.push(term);
    }
    licence.axes.insert(axis, built);
    names.axes.insert(axis, table);
    Ok(())
}

fn definition(mut entry: Form<'_>, names: &Names) -> Found<Cond> {
    entry.uint()?;
    let condition = cond(entry.node("a condition")?, names)?;
    entry.finish()?;
    Ok(condition)
}

/// A clause; every label is remembered with its place.
fn clause(licence: &mut Licence, names: &mut Names, key: u64, mut entry: Form<'_>) -> Found<()> {
    let label = entry.name()?;
    names.labels.insert(label.clone(), entry.at);
    match key {
        16 | 17 | 25 => {
            let condition = cond(entry.node("a condition")?, names)?;
            let rules = match key {
                16 => &mut licence.forbids,
                17 => &mut licence.permits,
                _ => &mut licence.ends,
            };
            rules.push((label, condition));
        }
        18 => licence.limits.push(standing::limit(label, &mut entry, names)?),
        26 => licence.prepaid = Some(standing::prepaid(label, &mut entry, names)?),
        27 => licence.at_close.push(standing::at_close(label, &mut entry, names)?),
        19 => {
            let charge = charge(label, &mut entry, names)?;
            licence.charges.push(charge);
        }
        20 => {
            let duty = duty(label, &mut entry, names)?;
            licence.duties.push(duty);
        }
        21 => {
            let mut split = Split { label, first_cuts: Vec::new(), shares: Vec::new(), window: None };
            if entry.peek_word().is_some() {
                split.window = Some(entry.choice()?);
            }
            split.first_cuts = standing::first_cuts(&mut entry)?;
            split.shares = standing::shares(&mut entry)?;
            licence.split = Some(split);
        }
        _ => {
            let mut units = Vec::new();
            while !entry.is_empty() {
                units.push(entry.resolve(&names.units, "unit")?);
            }
            licence.free.push((label, units));
        }
    }
    entry.finish()
}

/// `(when condition)`.
fn guard(mut part: Form<'_>, names: &Names) -> Found<Cond> {
    if part.head != "when" {
        return Err(part.unknown("part of this clause"));
    }
    let condition = cond(part.node("a condition")?, names)?;
    part.finish()?;
    Ok(condition)
}

/// A price with or without `when`, or cases with or without `otherwise`.
fn charge(label: String, entry: &mut Form<'_>, names: &mut Names) -> Found<Charge> {
    let mut charge = Charge { label, cases: Vec::new(), by_case: false };
    let first = entry.peek().and_then(Form::list).map(|form| form.head);
    if !matches!(first, Some("case" | "otherwise")) {
        let price = price(entry.node("a price")?, names)?;
        let condition = entry.part()?.map_or(Ok(Cond::True), |part| guard(part, names))?;
        charge.cases.push((condition, price));
        return Ok(charge);
    }
    charge.by_case = true;
    while let Some(mut part) = entry.part()? {
        match part.head {
            "case" => {
                let condition = cond(part.node("a condition")?, names)?;
                charge.cases.push((condition, price(part.node("a price")?, names)?));
            }
            "otherwise" => {
                let price = price(part.node("a price")?, names)?;
                if names.otherwise.insert(charge.label.clone(), price).is_some() {
                    return Err(twice(part.at, "otherwise"));
                }
                names.otherwise_at.get_or_insert(part.at);
            }
            _ => return Err(part.unknown("part of a charge by case")),
        }
        part.finish()?;
    }
    Ok(charge)
}

fn duty(label: String, entry: &mut Form<'_>, names: &Names) -> Found<Duty> {
    let name = entry.name()?;
    let (mut text, mut on, mut to, mut when, mut acts, mut due) = (None, None, None, None, None, None);
    let mut suspend = false;
    while let Some(mut part) = entry.part()? {
        match part.head {
            "text" => part.fill(&mut text, Form::name)?,
            "on" => part.fill(&mut on, Form::name)?,
            "to" => part.fill(&mut to, Form::name)?,
            "acts" => part.fill(&mut acts, |part| part.sets(names, Axis::Action))?,
            "first" => part.fill(&mut due, |part| period(part).map(Due::First))?,
            "each" => part.fill(&mut due, |part| period(part).map(Due::Each))?,
            "at_each" => part.fill(&mut due, |_| Ok(Due::AtEach))?,
            "when" => part.fill(&mut when, |part| cond(part.node("a condition")?, names))?,
            "suspend" if !suspend => suspend = true,
            "suspend" => return Err(twice(part.at, "suspend")),
            _ => return Err(part.unknown("part of a duty")),
        }
        part.finish()?;
    }
    let missing = |what| Finding::new(entry.at, ParseErrorKind::Missing(what));
    let (acts, acts_unknown) = acts.ok_or(missing("(acts ..)"))?;
    let due = due.ok_or(missing("(first ..), (each ..) or (at_each)"))?;
    Ok(Duty { label, name, text, on, to, acts, acts_unknown, guard: when, due, suspend })
}
