//! From tir to core: gathers what a licence means and brings it into canonical form.

use std::collections::BTreeMap;

use super::canonical::sort_terms;
use super::cbor::Writer;
use super::error::{CoreError, CoreErrorKind};
use super::*;
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::scope::Scope;
use crate::tir;
use crate::tir::vocabulary::{AXES, UnitKind, Vocabulary};

/// The canonical core of a checked licence without errors; a finding if it breaks a limit of `spec/core.md`.
pub(crate) fn licence(it: &tir::Licence, scope: &Scope) -> Result<Licence, Diagnostic> {
    let (mut core, otherwise) = gather(it, scope);
    core.canonicalise_with(&otherwise);
    match core.encode() {
        Ok(_) => Ok(core),
        Err(error) => Err(refused(&error, &core, it)),
    }
}

/// For every charge by case the number that each case has in the core, by its place in the clause.
pub(crate) fn case_numbers(it: &tir::Licence, scope: &Scope) -> BTreeMap<String, Vec<usize>> {
    let (mut core, mut otherwise) = gather(it, scope);
    // Cases are sorted by condition before price, so prices can carry their place through the sorting.
    let mark = |place: usize| Price::Rate { unit: 0, rate: Ratio { num: place as u128 + 1, den: 1 } };
    for clause in &it.clauses {
        if let tir::ClauseKind::Charge { cases, otherwise: rest, by_case: true } = &clause.kind {
            if let Some(charge) = core.charges.iter_mut().find(|charge| charge.label == clause.label) {
                for ((_, price), (_, _, place)) in charge.cases.iter_mut().zip(cases) {
                    *price = mark(*place);
                }
            }
            if let Some((_, place)) = rest {
                otherwise.insert(clause.label.clone(), mark(*place));
            }
        }
    }
    core.canonicalise_with(&otherwise);
    let by_case = core.charges.iter().filter(|charge| charge.by_case);
    by_case
        .map(|charge| {
            let mut numbers = vec![0; charge.cases.len()];
            for (number, (_, price)) in charge.cases.iter().enumerate() {
                if let Price::Rate { rate, .. } = price
                    && let Some(slot) = numbers.get_mut((rate.num as usize).saturating_sub(1))
                {
                    *slot = number;
                }
            }
            (charge.label.clone(), numbers)
        })
        .collect()
}

fn gather(it: &tir::Licence, scope: &Scope) -> (Licence, BTreeMap<String, Price>) {
    let mut core = Licence {
        name: it.name.clone(),
        version: it.version,
        licensor: it.licensor.clone(),
        assets: it.assets.clone(),
        parties: scope
            .parties
            .iter()
            .map(|(handle, (did, account))| Party {
                handle: handle.clone(),
                did: Some(did.clone()),
                account: account.clone(),
            })
            .collect(),
        vocabularies: scope
            .vocabularies
            .iter()
            .map(|(name, version, id)| VocabularyRef {
                name: name.clone(),
                version: version.clone(),
                id: id.unwrap_or_default(),
            })
            .collect(),
        axes: AXES.iter().copied().zip(scope.axes.iter().cloned()).collect(),
        units: scope.units.clone(),
        facts: scope.facts.clone(),
        calendar: it.calendar.clone(),
        money: it.money.clone(),
        term: it.term,
        revocability: it.revocability,
        definitions: it.definitions.clone(),
        forbids: Vec::new(),
        permits: Vec::new(),
        limits: Vec::new(),
        charges: Vec::new(),
        duties: Vec::new(),
        split: None,
        free: Vec::new(),
    };
    let mut rest = BTreeMap::new();
    for clause in &it.clauses {
        let label = clause.label.clone();
        match &clause.kind {
            tir::ClauseKind::Permit(condition) => core.permits.push((label, condition.clone())),
            tir::ClauseKind::Forbid(condition) => core.forbids.push((label, condition.clone())),
            tir::ClauseKind::Limit(limit) => core.limits.push(limit.clone()),
            tir::ClauseKind::Charge { cases, otherwise, by_case } => {
                let cases =
                    cases.iter().map(|(condition, price, _)| (condition.clone(), price.clone())).collect();
                if let Some((price, _)) = otherwise {
                    rest.insert(label.clone(), price.clone());
                }
                core.charges.push(Charge { label, cases, by_case: *by_case });
            }
            tir::ClauseKind::Duty(duty) => core.duties.push(duty.clone()),
            tir::ClauseKind::Split(split) => core.split = Some(split.clone()),
            tir::ClauseKind::Free(units) => core.free.push((label, units.clone())),
            tir::ClauseKind::Broken => {}
        }
    }
    (core, rest)
}

/// What the core cannot hold, at the clause it comes from.
fn refused(error: &CoreError, core: &Licence, it: &tir::Licence) -> Diagnostic {
    let index = error.index.unwrap_or(0) as usize;
    let label = match error.key {
        16 => core.forbids.get(index).map(|(label, _)| label),
        17 => core.permits.get(index).map(|(label, _)| label),
        18 => core.limits.get(index).map(|it| &it.label),
        19 => core.charges.get(index).map(|it| &it.label),
        20 => core.duties.get(index).map(|it| &it.label),
        21 => core.split.as_ref().map(|it| &it.label),
        22 => core.free.get(index).map(|(label, _)| label),
        _ => None,
    };
    let clause = label.and_then(|label| it.clauses.iter().find(|clause| clause.label == *label));
    let span = clause.map_or(it.span, |clause| clause.span);
    let code = if error.kind == CoreErrorKind::Grain { Code::E0406 } else { Code::E0112 };
    Diagnostic::new(code, span, format!("a module cannot hold this: {}", error.kind))
        .label("too large")
        .help("`spec/core.md` section 13 has the limits")
}

/// SHA-256 of a vocabulary's canonical bytes (`spec/core.md` section 11); what breaks a limit of section 13 otherwise.
pub(crate) fn vocabulary_id(it: &Vocabulary) -> Result<[u8; 32], &'static str> {
    let mut axes: BTreeMap<Axis, Vec<Term>> = BTreeMap::new();
    for (axis, terms) in AXES.iter().zip(&it.axes) {
        if terms.len() > 4096 {
            return Err("an axis has more than 4,096 terms");
        }
        if terms.iter().any(|term| term.parents.len() > 255) {
            return Err("a term has more than 255 parents");
        }
        let mut terms = terms.clone();
        sort_terms(&mut terms);
        if !terms.is_empty() {
            axes.insert(*axis, terms);
        }
    }
    if it.units.len() > 1024 || it.facts.len() > 1024 || it.duties.len() > 1024 {
        return Err("more than 1,024 units, facts or duties");
    }
    let names = axes.values().flatten().map(|term| term.name.as_str());
    let names = names.chain(
        it.units.iter().flat_map(|unit| std::iter::once(&unit.name).chain(&unit.plural)).map(String::as_str),
    );
    let names = names.chain(it.facts.iter().map(|(name, _, _)| name.as_str()));
    let mut names = names.chain(it.duties.iter().map(|duty| duty.name.as_str())).chain([it.name.as_str()]);
    if names.any(|name| name.len() > 255) {
        return Err("a name is longer than 255 bytes");
    }
    let mut w = Writer::default();
    w.map(|m| {
        m.key(0).uint(2);
        m.key(1).uint(EDITION);
        m.key(2).text(&it.name);
        m.key(3).text(&it.version);
        encode::axes(m, 4, &axes);
        units(m, it);
        let mut facts: Vec<_> = it
            .facts
            .iter()
            .filter_map(|(name, ty, optional)| {
                Some((Fact { name: name.clone(), ty: ty.clone()? }, u64::from(*optional)))
            })
            .collect();
        facts.sort_by(|a, b| a.0.name.cmp(&b.0.name));
        m.list(7, &facts, |w, (fact, flags)| encode::fact_fields(w, fact, Some(*flags)));
        let mut duties: Vec<_> = it.duties.iter().collect();
        duties.sort_by(|a, b| a.name.cmp(&b.name));
        m.list(8, &duties, |w, duty| {
            w.array(2);
            w.text(&duty.name);
            w.array(duty.params.len());
            for (name, ty) in &duty.params {
                w.array(1 + usize::from(name.is_some()));
                name.iter().for_each(|name| w.text(name));
                w.text(ty);
            }
        });
    });
    if w.out.len() > check::MAX_BYTES { Err("it is larger than 1 MiB") } else { Ok(id_of(&w.out)) }
}

/// Keys 5 and 6: units of their own, and multiples with the index of their base among the former.
fn units(m: &mut cbor::MapWriter, it: &Vocabulary) {
    let mut sorted: Vec<_> = it.units.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    let plural = |unit: &tir::vocabulary::Unit| unit.plural.clone().unwrap_or_else(|| unit.name.clone());
    let bases: Vec<_> = sorted
        .iter()
        .filter_map(|unit| match unit.kind {
            UnitKind::Base { highest } => Some((unit.name.as_str(), plural(unit), highest)),
            _ => None,
        })
        .collect();
    m.list(5, &bases, |w, (name, plural, highest)| {
        w.array(3);
        w.text(name);
        w.text(plural);
        w.nat(*highest);
    });
    let derived: Vec<_> = sorted
        .iter()
        .filter_map(|unit| match &unit.kind {
            UnitKind::Derived { factor, base } => {
                let index = bases.iter().position(|(name, _, _)| name == base)?;
                Some((unit.name.as_str(), plural(unit), *factor, index as u64))
            }
            _ => None,
        })
        .collect();
    m.list(6, &derived, |w, (name, plural, factor, base)| {
        w.array(4);
        w.text(name);
        w.text(plural);
        w.nat(*factor);
        w.uint(*base);
    });
}
