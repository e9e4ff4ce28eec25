//! From bytes to a [`Core`]: sections 1 to 5 and 13; part two, sections 1 and 8. What the pages do not define is refused.
//!
//! The CBOR is canonical when this begins (see `cbor`); every check here keeps the typed form from having two
//! encodings, or an evaluation from meeting an index, a depth or a size that the page does not allow.

mod clause;
mod condition;
mod header;
mod piece;
mod refuse;
mod standing;

use num_bigint::BigUint;
use sha2::{Digest, Sha256};

use crate::cbor;
use crate::core::Core;
use crate::parts::parts;
use clause::{charge, duty, free, limit, rule, split};
use condition::{Scope, definitions};
use header::{asset, axes, fact, money, party, revocability, term, unit, vocabulary};
use piece::*;
use refuse::{grain, labels, occurrences, unfit};
use standing::{at_close, corrections, end, prepaid, renewal, royalties};

impl Core {
    /// Decodes a canonical core; the error says what is refused and where.
    pub fn decode(bytes: &[u8]) -> Result<Core, String> {
        if bytes.len() > 1 << 20 {
            return Err("a core is at most 1 MiB".into());
        }
        let item = cbor::read(bytes)?;
        let map = Fields::of(&item, 29)?;
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
        holder: at("holder", map.get(23).map(name).transpose())?,
        renewal: at("renewal", map.get(24).map(|item| renewal(&scope, item)).transpose())?,
        ends: at("ends", sorted(map, 25, 4096, |item| end(&scope, item), |(label, _)| label.clone()))?,
        prepaid: at("prepaid", map.get(26).map(|item| prepaid(&scope, item)).transpose())?,
        at_close: at(
            "charges at close",
            sorted(map, 27, 4096, |item| at_close(&scope, item), |charge| charge.label.clone()),
        )?,
        royalties: at("royalties", royalties(map))?,
        free: vec![],
        parts: vec![],
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
    at("corrections", map.get(29).map_or(Ok(()), corrections))?;
    let free =
        at("free units", sorted(map, 22, 4096, |item| free(&scope, item), |(label, _)| label.clone()))?;
    core.labels = labels(&core, &free)?;
    core.free = free.into_iter().flat_map(|(_, units)| units).collect();
    core.grain = grain(&core)?;
    if core.counters().len() > 1024 {
        return Err("more than 1024 counters".into());
    }
    core.parts = parts(&core)?;
    occurrences(&core, &parties)?;
    unfit(&core)?;
    Ok(core)
}
