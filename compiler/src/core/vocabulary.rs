//! The core of a vocabulary (`spec/core.md` section 11): what a licence pins.

use super::canonical::{lookup, sort_table, sort_terms};
use super::cbor::Writer;
use super::check::{self, MAX_BYTES, ascending, at, at_most, name, nat};
use super::reader::{DecodeError, DecodeErrorKind, Decoded, Reader};
use super::*;

/// Key 0 of a vocabulary.
const KIND_VOCABULARY: u64 = 2;
/// Most entries of a list of a vocabulary other than the terms of an axis; and most parameters of a duty.
const MAX_ENTRIES: usize = 1024;

/// A vocabulary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vocabulary {
    /// Name.
    pub name: String,
    /// Version, as `1.2`.
    pub version: String,
    /// Terms of each axis, sorted by name; an axis without terms is absent.
    pub axes: BTreeMap<Axis, Vec<Term>>,
    /// Units, sorted by singular.
    pub units: Vec<UnitNames>,
    /// Units that are a multiple of another, sorted by singular.
    pub derived: Vec<DerivedUnit>,
    /// Facts and whether they are optional, sorted by name.
    pub facts: Vec<(Fact, bool)>,
    /// Duties, sorted by name.
    pub duties: Vec<DutyKind>,
}

/// A unit of a vocabulary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitNames {
    /// As `record`.
    pub singular: String,
    /// As `records`.
    pub plural: String,
    /// The highest quantity.
    pub highest: Nat,
}

/// A multiple of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DerivedUnit {
    /// As `hour`.
    pub singular: String,
    /// As `hours`.
    pub plural: String,
    /// How many of the base one of these is, above zero.
    pub factor: Nat,
    /// Index into [`Vocabulary::units`].
    pub base: u32,
}

/// A duty of a vocabulary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DutyKind {
    /// As `attribute`.
    pub name: String,
    /// Parameters, as written.
    pub parameters: Vec<Parameter>,
}

/// A parameter of a duty: `text` or `on: surface`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Its type.
    pub ty: String,
}

impl Vocabulary {
    /// Sorts every sorted list and renumbers what points into it. Idempotent; repairs nothing that is wrong.
    pub fn canonicalise(&mut self) {
        self.axes.retain(|_, terms| !terms.is_empty());
        for terms in self.axes.values_mut() {
            sort_terms(terms);
        }
        let units = sort_table(&mut self.units, |unit| &unit.singular);
        for derived in &mut self.derived {
            derived.base = lookup(&units, derived.base);
        }
        sort_table(&mut self.derived, |unit| &unit.singular);
        sort_table(&mut self.facts, |(fact, _)| &fact.name);
        sort_table(&mut self.duties, |duty| &duty.name);
    }

    /// Checks every invariant, canonical order included.
    ///
    /// # Errors
    /// The first broken invariant, with the key of the vocabulary's map.
    pub fn validate(&self) -> Result<(), CoreError> {
        name(&self.name).map_err(at(2, None))?;
        name(&self.version).map_err(at(3, None))?;
        check::axes(&self.axes).map_err(at(4, None))?;
        at_most(self.units.len(), MAX_ENTRIES, "units").map_err(at(5, None))?;
        for (i, unit) in (0..).zip(&self.units) {
            let names = name(&unit.singular).and_then(|()| name(&unit.plural));
            names.and_then(|()| nat(unit.highest)).map_err(at(5, i))?;
        }
        ascending(&self.units, |unit| &unit.singular, "units").map_err(at(5, None))?;
        at_most(self.derived.len(), MAX_ENTRIES, "units").map_err(at(6, None))?;
        for (i, unit) in (0..).zip(&self.derived) {
            let names = name(&unit.singular).and_then(|()| name(&unit.plural));
            names.and_then(|()| nat(unit.factor)).map_err(at(6, i))?;
            if unit.factor == 0 {
                return Err(at(6, i)(CoreErrorKind::Zero("a factor")));
            }
            if unit.base as usize >= self.units.len() {
                return Err(at(6, i)(CoreErrorKind::Index { table: "unit", index: unit.base }));
            }
        }
        ascending(&self.derived, |unit| &unit.singular, "units").map_err(at(6, None))?;
        at_most(self.facts.len(), MAX_ENTRIES, "facts").map_err(at(7, None))?;
        for (i, (fact, _)) in (0..).zip(&self.facts) {
            check::fact(fact).map_err(at(7, i))?;
        }
        ascending(&self.facts, |(fact, _)| &fact.name, "facts").map_err(at(7, None))?;
        at_most(self.duties.len(), MAX_ENTRIES, "duties").map_err(at(8, None))?;
        for (i, duty) in (0..).zip(&self.duties) {
            name(&duty.name).map_err(at(8, i))?;
            at_most(duty.parameters.len(), MAX_ENTRIES, "parameters").map_err(at(8, i))?;
            for parameter in &duty.parameters {
                let mut names = parameter.name.iter().chain([&parameter.ty]);
                names.try_for_each(|it| name(it)).map_err(at(8, i))?;
            }
        }
        ascending(&self.duties, |duty| &duty.name, "duties").map_err(at(8, None))
    }

    /// The canonical bytes.
    ///
    /// # Errors
    /// The first broken invariant.
    pub fn encode(&self) -> Result<Vec<u8>, CoreError> {
        self.validate()?;
        let bytes = self.to_bytes();
        at_most(bytes.len(), MAX_BYTES, "bytes").map_err(at(0, None))?;
        Ok(bytes)
    }

    /// The identity that a pin names: SHA-256 of the canonical bytes.
    ///
    /// # Errors
    /// As [`Vocabulary::encode`].
    pub fn id(&self) -> Result<[u8; 32], CoreError> {
        self.encode().map(|bytes| id_of(&bytes))
    }

    /// The vocabulary that these bytes encode.
    ///
    /// # Errors
    /// The first thing that is wrong, with its offset. What is accepted encodes to the same bytes again.
    pub fn decode(bytes: &[u8]) -> Result<Vocabulary, DecodeError> {
        let mut reader = Reader::new(bytes)?;
        let mut it = Vocabulary {
            name: String::new(),
            version: String::new(),
            axes: BTreeMap::new(),
            units: Vec::new(),
            derived: Vec::new(),
            facts: Vec::new(),
            duties: Vec::new(),
        };
        let mut offsets = BTreeMap::new();
        reader.map(&[0, 1, 2, 3], |r, key| {
            offsets.insert(key, r.at);
            match key {
                0 => r.constant(KIND_VOCABULARY, "kind of document read here")?,
                1 => r.constant(EDITION, "edition known here")?,
                2 => it.name = r.text()?,
                3 => it.version = r.text()?,
                4 => it.axes = super::decode::axes(r)?,
                5 => it.units = r.some(unit)?,
                6 => it.derived = r.some(derived)?,
                7 => it.facts = r.some(fact)?,
                8 => it.duties = r.some(duty)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        reader.finish()?;
        it.validate().map_err(|error| DecodeError {
            offset: offsets.get(&error.key).copied().unwrap_or(0),
            kind: DecodeErrorKind::Invalid(error.kind),
        })?;
        if it.to_bytes() != bytes {
            return Err(DecodeError { offset: 0, kind: DecodeErrorKind::NotCanonical });
        }
        Ok(it)
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.map(|m| {
            m.key(0).uint(KIND_VOCABULARY);
            m.key(1).uint(EDITION);
            m.key(2).text(&self.name);
            m.key(3).text(&self.version);
            encode::axes(m, 4, &self.axes);
            m.list(5, &self.units, |w, unit| {
                w.array(3);
                w.text(&unit.singular);
                w.text(&unit.plural);
                w.nat(unit.highest);
            });
            m.list(6, &self.derived, |w, unit| {
                w.array(4);
                w.text(&unit.singular);
                w.text(&unit.plural);
                w.nat(unit.factor);
                w.uint(u64::from(unit.base));
            });
            m.list(7, &self.facts, |w, (fact, optional)| {
                encode::fact_fields(w, fact, Some(u64::from(*optional)));
            });
            m.list(8, &self.duties, |w, duty| {
                w.array(2);
                w.text(&duty.name);
                w.array(duty.parameters.len());
                for parameter in &duty.parameters {
                    w.array(1 + usize::from(parameter.name.is_some()));
                    if let Some(name) = &parameter.name {
                        w.text(name);
                    }
                    w.text(&parameter.ty);
                }
            });
        });
        w.out
    }
}

fn unit(r: &mut Reader<'_>) -> Decoded<UnitNames> {
    r.items(3..=3)?;
    Ok(UnitNames { singular: r.text()?, plural: r.text()?, highest: r.nat()? })
}

fn derived(r: &mut Reader<'_>) -> Decoded<DerivedUnit> {
    r.items(4..=4)?;
    Ok(DerivedUnit { singular: r.text()?, plural: r.text()?, factor: r.nat()?, base: r.index()? })
}

fn fact(r: &mut Reader<'_>) -> Decoded<(Fact, bool)> {
    let fact = super::decode::fact(r, 1)?;
    let offset = r.at;
    match r.uint()? {
        flags @ 0..=1 => Ok((fact, flags == 1)),
        number => {
            Err(DecodeError { offset, kind: DecodeErrorKind::Unknown { what: "set of flags", number } })
        }
    }
}

fn duty(r: &mut Reader<'_>) -> Decoded<DutyKind> {
    r.items(2..=2)?;
    let name = r.text()?;
    let parameters = r.list(|r| {
        let name = if r.items(1..=2)? == 2 { Some(r.text()?) } else { None };
        Ok(Parameter { name, ty: r.text()? })
    })?;
    Ok(DutyKind { name, parameters })
}
