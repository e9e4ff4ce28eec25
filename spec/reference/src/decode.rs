//! From bytes to a [`Core`]: sections 1 to 5 and 13. What the page does not define is refused.
//!
//! The CBOR is canonical when this begins (see `cbor`); every check here keeps the typed form from having two
//! encodings, or an evaluation from meeting an index, a depth or a size that the page does not allow.

mod clause;
mod condition;
mod header;
mod piece;

use std::collections::BTreeSet;

use num_bigint::BigUint;
use num_rational::BigRational;
use sha2::{Digest, Sha256};

use crate::cbor;
use crate::core::{Condition, Constant, Core, FactKind};
use clause::{charge, duty, free, limit, rule, split};
use condition::{Scope, definitions};
use header::{asset, axes, fact, money, party, revocability, term, unit, vocabulary};
use piece::*;

impl Core {
    /// Decodes a canonical core; the error says what is refused and where.
    pub fn decode(bytes: &[u8]) -> Result<Core, String> {
        if bytes.len() > 1 << 20 {
            return Err("a core is at most 1 MiB".into());
        }
        let item = cbor::read(bytes)?;
        let map = Fields::of(&item, 22)?;
        if uint(map.need(0)?)? != 1 || uint(map.need(1)?)? != 2026 {
            return Err("not a licence of edition 2026".into());
        }
        licence(&map, Sha256::digest(bytes).into())
    }
}

/// Section 2, the table, from key 2 on.
fn licence(map: &Fields, id: [u8; 32]) -> Res<Core> {
    at("assets", sorted(map, 5, usize::MAX, asset, Clone::clone))?;
    let parties = at("parties", sorted(map, 6, usize::MAX, party, Clone::clone))?;
    at("vocabularies", sorted(map, 7, usize::MAX, vocabulary, Clone::clone))?;
    let axes = at("axes", map.get(8).map_or(Ok(Default::default()), axes))?;
    let units = at("units", sorted(map, 9, 1024, unit, |unit| unit.name.clone()))?;
    let facts = at("facts", sorted(map, 10, 1024, fact, |fact| fact.name.clone()))?;
    let money = at("money", map.get(12).map(money).transpose())?;
    let [from, until] = at("term", map.get(13).map_or(Ok([None, None]), term))?;
    let mut scope = Scope {
        terms: [0, 1, 2].map(|axis: usize| axes[axis].len()),
        units: units.len(),
        facts,
        depths: vec![],
        definitions: map.get(15).map_or(Ok(&[][..]), list)?,
    };
    let definitions = at("definitions", definitions(map, &mut scope))?;
    let rules = |key| sorted(map, key, 4096, |item| rule(&scope, item), |(label, _)| label.clone());
    let mut core = Core {
        id,
        name: at("name", name(map.need(2)?))?,
        version: at("version", uint(map.need(3)?))?,
        licensor: at("licensor", name(map.need(4)?))?,
        calendar: at("calendar", map.get(11).map(name).transpose())?,
        notice: at("revocability", revocability(map.need(14)?))?,
        forbids: at("forbids", rules(16))?,
        permits: at("permits", rules(17))?,
        limits: at("limits", sorted(map, 18, 4096, |item| limit(&scope, item), |limit| limit.label.clone()))?,
        charges: at(
            "charges",
            sorted(map, 19, 4096, |item| charge(&scope, item), |charge| charge.label.clone()),
        )?,
        duties: at("duties", sorted(map, 20, 4096, |item| duty(&scope, item), |duty| duty.label.clone()))?,
        split: at("split", map.get(21).map(|item| split(item, money.as_ref())).transpose())?,
        free: vec![],
        labels: vec![],
        grain: BigUint::from(1u8),
        facts: scope.facts.clone(),
        axes,
        units,
        money,
        from,
        until,
        definitions,
    };
    let free =
        at("free units", sorted(map, 22, 4096, |item| free(&scope, item), |(label, _)| label.clone()))?;
    core.labels = labels(&core, &free)?;
    core.free = free.into_iter().flat_map(|(_, units)| units).collect();
    core.grain = grain(&core)?;
    if core.counters().len() > 1024 {
        return Err("more than 1024 counters".into());
    }
    occurrences(&core, &parties)?;
    Ok(core)
}

fn labels(core: &Core, free: &[(String, Vec<usize>)]) -> Res<Vec<String>> {
    let rules = core.forbids.iter().chain(&core.permits).map(|(label, _)| label);
    let limits = core.limits.iter().map(|limit| &limit.label);
    let charges = core.charges.iter().map(|charge| &charge.label);
    let duties = core.duties.iter().map(|duty| &duty.label);
    let others = core.split.iter().map(|split| &split.label).chain(free.iter().map(|(label, _)| label));
    let mut labels: Vec<String> =
        rules.chain(limits).chain(charges).chain(duties).chain(others).cloned().collect();
    labels.sort();
    if labels.len() > 4096 {
        return Err("more than 4096 clauses".into());
    }
    at("labels", ascending(labels.iter()))?;
    Ok(labels)
}

/// Section 9: the least common multiple of the denominators of all ratios in prices.
fn grain(core: &Core) -> Res<BigUint> {
    let prices = core.charges.iter().flat_map(|charge| &charge.cases);
    let ratios: Vec<&BigRational> = prices.flat_map(|(_, price)| price.ratios()).collect();
    let too_large = |n: &BigUint| n.bits() > 64;
    let mut grain = BigUint::from(1u8);
    for ratio in &ratios {
        // In g / d, reduced, the denominator is what g lacks of d.
        let lacks = BigRational::new(grain.clone().into(), ratio.denom().clone()).denom().magnitude().clone();
        grain *= lacks;
        if too_large(&grain) {
            return Err("a grain of 2^64 or more".into());
        }
    }
    let whole = BigRational::from_integer(grain.clone().into());
    if ratios.iter().any(|ratio| too_large((*ratio * &whole).to_integer().magnitude())) {
        return Err("a price of 2^64 units of the grain or more".into());
    }
    Ok(grain)
}

/// Keys 6, 10 and 15: the parties are mentioned; the facts are those that occur; the definitions are those that are used, in the order of use.
fn occurrences(core: &Core, parties: &[String]) -> Res<()> {
    let mut seen = Seen {
        core,
        facts: BTreeSet::new(),
        parties: BTreeSet::new(),
        definitions: vec![],
        met: BTreeSet::new(),
    };
    let prices = core.charges.iter().flat_map(|charge| &charge.cases).map(|(condition, _)| condition);
    let guards = core.duties.iter().filter_map(|duty| duty.guard.as_ref());
    let limits = core.limits.iter().filter_map(|limit| limit.guard.as_ref());
    let rules = core.forbids.iter().chain(&core.permits).map(|(_, condition)| condition);
    rules.chain(limits).chain(prices).chain(guards).for_each(|condition| seen.visit(condition));
    if !seen.definitions.into_iter().eq(0..core.definitions.len()) {
        return Err("definitions that are not used, or not numbered by first use".into());
    }
    if !seen.facts.into_iter().eq(0..core.facts.len()) {
        return Err("a fact that occurs in no condition".into());
    }
    seen.parties.insert(core.licensor.clone());
    seen.parties.extend(core.duties.iter().filter_map(|duty| duty.recipient.clone()));
    seen.parties.extend(core.split.iter().flat_map(|split| &split.shares).map(|(handle, _)| handle.clone()));
    if !parties.iter().all(|party| seen.parties.contains(party)) {
        return Err("a party that nothing mentions".into());
    }
    Ok(())
}

struct Seen<'a> {
    core: &'a Core,
    facts: BTreeSet<usize>,
    /// The constants of party facts.
    parties: BTreeSet<String>,
    /// In the order in which they would be numbered.
    definitions: Vec<usize>,
    met: BTreeSet<usize>,
}

impl Seen<'_> {
    /// Recursion is bounded by the depth of conditions, which counts definitions.
    fn visit(&mut self, condition: &Condition) {
        match condition {
            Condition::Constant(_) | Condition::In { .. } => {}
            Condition::Compare { fact, with, .. } => {
                self.facts.insert(*fact);
                if let (FactKind::Party, Constant::Text(party)) = (&self.core.facts[*fact].kind, with) {
                    self.parties.insert(party.clone());
                }
            }
            Condition::Known(fact) => {
                self.facts.insert(*fact);
            }
            Condition::Definition(i) => {
                if self.met.insert(*i) {
                    self.visit(&self.core.definitions[*i]);
                    self.definitions.push(*i);
                }
            }
            Condition::And(operands) | Condition::Or(operands) => {
                for operand in operands {
                    self.visit(operand);
                }
            }
            Condition::Not(operand) => self.visit(operand),
        }
    }
}
