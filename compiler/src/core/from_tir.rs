//! From tir to core: gathers what a licence means and brings it into canonical form.

use std::collections::BTreeMap;

use super::*;
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::scope::Scope;
use crate::tir;
use crate::tir::vocabulary::{AXES, UnitKind};

/// The canonical core of a checked licence without errors; a finding if it breaks a limit of `spec/core.md`.
pub(crate) fn licence(it: &tir::Licence, scope: &Scope) -> Result<Licence, Box<Diagnostic>> {
    let (mut core, otherwise) = gather(it, scope);
    core.canonicalise_with(&otherwise);
    match core.encode() {
        Ok(_) => Ok(core),
        Err(error) => Err(Box::new(refused(&error, &core, it))),
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
        holder: it.holder.clone(),
        renewal: it.renewal.clone(),
        corrections: it.corrections,
        ..Licence::empty()
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
            tir::ClauseKind::Prepaid(it) => core.prepaid = Some(it.clone()),
            tir::ClauseKind::AtClose(it) => core.at_close.push(it.clone()),
            tir::ClauseKind::End(condition) => core.ends.push((label, condition.clone())),
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
        25 => core.ends.get(index).map(|(label, _)| label),
        26 => core.prepaid.as_ref().map(|it| &it.label),
        27 => core.at_close.get(index).map(|it| &it.label),
        _ => None,
    };
    let clause = label.and_then(|label| it.clauses.iter().find(|clause| clause.label == *label));
    let span = clause.map_or(it.span, |clause| clause.span);
    let fine = matches!(error.kind, CoreErrorKind::Grain | CoreErrorKind::Amount);
    let code = if fine { Code::E0406 } else { Code::E0112 };
    Diagnostic::new(code, span, format!("a module cannot hold this: {}", error.kind))
        .label("too large")
        .help("`spec/core.md` section 13 has the limits")
}

/// The identity of a vocabulary; what breaks a limit of section 13 otherwise.
pub(crate) fn vocabulary_id(it: &tir::vocabulary::Vocabulary) -> Result<[u8; 32], CoreErrorKind> {
    let plural = |unit: &tir::vocabulary::Unit| unit.plural.clone().unwrap_or_else(|| unit.name.clone());
    let (mut units, mut multiples) = (Vec::new(), Vec::new());
    for unit in &it.units {
        match &unit.kind {
            UnitKind::Base { highest } => {
                units.push(UnitNames {
                    singular: unit.name.clone(),
                    plural: plural(unit),
                    highest: *highest,
                });
            }
            UnitKind::Derived { factor, base } => multiples.push((unit, *factor, base)),
            UnitKind::Broken => {}
        }
    }
    let derived = multiples.into_iter().filter_map(|(unit, factor, base)| {
        let base = units.iter().position(|it| it.singular == *base)? as u32;
        Some(DerivedUnit { singular: unit.name.clone(), plural: plural(unit), factor, base })
    });
    let facts = it
        .facts
        .iter()
        .filter_map(|(name, ty, optional)| Some((Fact { name: name.clone(), ty: ty.clone()? }, *optional)));
    let parameter = |(name, ty): &(Option<String>, String)| Parameter { name: name.clone(), ty: ty.clone() };
    let duties = it.duties.iter().map(|duty| DutyKind {
        name: duty.name.clone(),
        parameters: duty.params.iter().map(parameter).collect(),
    });
    let mut core = Vocabulary {
        name: it.name.clone(),
        version: it.version.clone(),
        axes: AXES.iter().copied().zip(it.axes.iter().cloned()).collect(),
        derived: derived.collect(),
        units,
        facts: facts.collect(),
        duties: duties.collect(),
    };
    core.canonicalise();
    core.id().map_err(|error| error.kind)
}
