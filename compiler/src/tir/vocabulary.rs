//! A vocabulary with its names resolved: terms know their parents, units their base, facts their type.

use std::collections::BTreeMap;

use licit_grammar::Span;

use crate::core::{self, Axis, Nat};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{self, Words};
use crate::suggest::closest;

/// The highest quantity and count where nothing else is declared.
pub(crate) const DEFAULT_HIGHEST: Nat = (1 << 63) - 1;

/// A vocabulary without spans: what a licence sees of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Vocabulary {
    pub name: String,
    pub version: String,
    /// SHA-256 of its canonical core; none if that could not be made.
    pub id: Option<[u8; 32]>,
    /// Actions, purposes, places; parents are indices into the same list.
    pub axes: [Vec<core::Term>; 3],
    pub units: Vec<Unit>,
    /// None: the type could not be read, and that was reported.
    pub facts: Vec<(String, Option<core::FactType>, bool)>,
    pub duties: Vec<DutyDecl>,
    /// Names that may have been declared where the text could not be read.
    pub loose: Words,
}

impl Vocabulary {
    /// Every word that it declares.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let units = self.units.iter().flat_map(|unit| std::iter::once(&unit.name).chain(&unit.plural));
        let terms = self.axes.iter().flatten().map(|term| &term.name);
        let facts = self.facts.iter().map(|(name, _, _)| name);
        let duties = self.duties.iter().map(|duty| &duty.name);
        terms.chain(units).chain(facts).chain(duties).map(String::as_str)
    }
}

/// A unit of its own, or a multiple of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    pub name: String,
    pub plural: Option<String>,
    pub kind: UnitKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UnitKind {
    Base {
        highest: Nat,
    },
    Derived {
        factor: Nat,
        base: String,
    },
    /// Reported.
    Broken,
}

/// A duty and its parameters: `text`, or `on: surface`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DutyDecl {
    pub name: String,
    pub params: Vec<(Option<String>, String)>,
}

/// The axis of each of the three lists.
pub(crate) const AXES: [Axis; 3] = [Axis::Action, Axis::Purpose, Axis::Place];

/// Checks a vocabulary: no name twice, parents and bases exist, types are types.
pub(crate) fn check(it: &hir::Vocabulary) -> (Vocabulary, Vec<Diagnostic>) {
    let mut findings = Vec::new();
    let axes = [0, 1, 2].map(|axis| terms(&it.axes[axis], axis_word(AXES[axis]), &it.loose, &mut findings));
    let units = units(it, &mut findings);
    let facts = facts(it, &mut findings);
    let duties = duties(it, &mut findings);
    let mut out = Vocabulary {
        name: it.name.value.clone(),
        version: it.version.value.clone(),
        id: None,
        axes,
        units,
        facts,
        duties,
        loose: it.loose.clone(),
    };
    if findings.is_empty() && it.loose.is_empty() {
        match crate::core::from_tir::vocabulary_id(&out) {
            Ok(id) => out.id = Some(id),
            Err(why) => findings.push(
                Diagnostic::new(Code::E0112, it.name.span, format!("this vocabulary is too large: {why}"))
                    .help("`spec/core.md` section 13 has the limits"),
            ),
        }
    }
    (out, findings)
}

/// What an axis' terms are called, in the singular.
pub(crate) fn axis_word(axis: Axis) -> &'static str {
    match axis {
        Axis::Action => "action",
        Axis::Purpose => "purpose",
        Axis::Place => "place",
    }
}

/// A name that is declared twice.
pub(crate) fn twice(what: &str, name: &str, again: Span, first: Span) -> Diagnostic {
    Diagnostic::new(Code::E0201, again, format!("{what} is called `{name}` already"))
        .label("and again here")
        .also(first, "first here")
        .help("choose another name, or remove one of the two")
}

fn terms(list: &[hir::Term], word: &str, loose: &Words, findings: &mut Vec<Diagnostic>) -> Vec<core::Term> {
    let mut index: BTreeMap<&str, (u32, Span)> = BTreeMap::new();
    let mut kept: Vec<&hir::Term> = Vec::new();
    for term in list.iter().filter(|term| !term.name.value.is_empty()) {
        match index.get(term.name.value.as_str()) {
            Some((_, first)) => findings.push(
                twice(&format!("another {word}"), &term.name.value, term.name.span, *first).note(
                    "a term that stands under two others is written once, with `also` before the second",
                ),
            ),
            None => {
                index.insert(&term.name.value, (kept.len() as u32, term.name.span));
                kept.push(term);
            }
        }
    }
    let mut terms = Vec::new();
    for term in &kept {
        let mut parents = Vec::new();
        for parent in &term.parents {
            match index.get(parent.value.as_str()) {
                Some((parent, _)) => parents.push(*parent),
                None if loose.contains(&parent.value) || parent.value.is_empty() => {}
                None => findings.push(
                    Diagnostic::new(
                        Code::E0203,
                        parent.span,
                        format!("no {word} is called `{}`", parent.value),
                    )
                    .label("not declared in this vocabulary")
                    .did_you_mean(&parent.value, closest(&parent.value, index.keys().copied())),
                ),
            }
        }
        parents.sort_unstable();
        parents.dedup();
        terms.push(core::Term { name: term.name.value.clone(), parents });
    }
    if let Some(index) = on_a_cycle(&terms) {
        let name = &kept[index].name;
        findings.push(
            Diagnostic::new(Code::E0212, name.span, format!("`{}` stands above itself", name.value))
                .label("follow its parents upwards and you come back here")
                .help("remove one `also`"),
        );
        // Without parents it hangs together, and nobody walks in circles.
        for term in &mut terms {
            term.parents.clear();
        }
    }
    terms
}

/// A term that is its own ancestor. Terms without untouched parents are taken away until none is left; what stays
/// stands on or below a cycle.
fn on_a_cycle(terms: &[core::Term]) -> Option<usize> {
    let mut children = vec![Vec::new(); terms.len()];
    let mut missing: Vec<usize> = terms.iter().map(|term| term.parents.len()).collect();
    for (child, term) in terms.iter().enumerate() {
        for parent in &term.parents {
            children[*parent as usize].push(child);
        }
    }
    let mut ready: Vec<usize> = (0..terms.len()).filter(|i| missing[*i] == 0).collect();
    while let Some(term) = ready.pop() {
        for child in &children[term] {
            missing[*child] -= 1;
            if missing[*child] == 0 {
                ready.push(*child);
            }
        }
    }
    // Walk upwards through what is left: after as many steps as there are terms one is on the cycle.
    let mut at = (0..terms.len()).find(|i| missing[*i] > 0)?;
    for _ in 0..terms.len() {
        at = *terms[at].parents.iter().find(|parent| missing[**parent as usize] > 0)? as usize;
    }
    Some(at)
}

fn units(it: &hir::Vocabulary, findings: &mut Vec<Diagnostic>) -> Vec<Unit> {
    let mut names: BTreeMap<&str, Span> = BTreeMap::new();
    let mut units = Vec::new();
    for unit in &it.units {
        let own = std::iter::once(&unit.name).chain(&unit.plural);
        let clash = own.clone().find_map(|name| names.get(name.value.as_str()).map(|first| (name, *first)));
        if let Some((name, first)) = clash {
            findings.push(twice("another unit", &name.value, name.span, first));
            continue;
        }
        names.extend(own.filter(|name| !name.value.is_empty()).map(|name| (name.value.as_str(), name.span)));
        let highest = up_to(unit.up_to.as_ref(), findings);
        let kind = match &unit.derived {
            None => UnitKind::Base { highest },
            Some((factor, of)) => derived(it, factor, of, findings),
        };
        units.push(Unit {
            name: unit.name.value.clone(),
            plural: unit.plural.as_ref().map(|name| name.value.clone()),
            kind,
        });
    }
    units
}

/// `= 3_600 seconds`: the base is a unit of its own, so that a factor is one number.
fn derived(
    it: &hir::Vocabulary,
    factor: &hir::Sp<u128>,
    of: &hir::Name,
    findings: &mut Vec<Diagnostic>,
) -> UnitKind {
    let bears = |unit: &&hir::Unit| {
        unit.name.value == of.value || unit.plural.as_ref().is_some_and(|name| name.value == of.value)
    };
    let Some(base) = it.units.iter().find(bears) else {
        if !it.loose.contains(&of.value) && !of.value.is_empty() {
            let names = it.units.iter().flat_map(|unit| std::iter::once(&unit.name).chain(&unit.plural));
            findings.push(
                Diagnostic::new(Code::E0203, of.span, format!("no unit is called `{}`", of.value))
                    .label("not declared in this vocabulary")
                    .did_you_mean(&of.value, closest(&of.value, names.map(|name| name.value.as_str()))),
            );
        }
        return UnitKind::Broken;
    };
    if base.derived.is_some() {
        findings.push(
            Diagnostic::new(
                Code::E0301,
                of.span,
                format!("`{}` is itself a multiple of another unit", of.value),
            )
            .label("not a unit of its own")
            .help("state it in the unit that both are multiples of"),
        );
        return UnitKind::Broken;
    }
    if factor.value == 0 || factor.value > core::NAT_MAX {
        findings.push(out_of_range(factor.span, "a multiple", "1", "2^127 - 1"));
        return UnitKind::Broken;
    }
    UnitKind::Derived { factor: factor.value, base: base.name.value.clone() }
}

fn facts(
    it: &hir::Vocabulary,
    findings: &mut Vec<Diagnostic>,
) -> Vec<(String, Option<core::FactType>, bool)> {
    const TYPES: [&str; 5] = ["yes_no", "count", "text", "party", "kind"];
    let mut names: BTreeMap<&str, Span> = BTreeMap::new();
    let mut facts = Vec::new();
    for fact in &it.facts {
        if let Some(first) = names.get(fact.name.value.as_str()) {
            findings.push(twice("another fact", &fact.name.value, fact.name.span, *first));
            continue;
        }
        names.insert(&fact.name.value, fact.name.span);
        let ty = match fact.ty.value.as_str() {
            "yes_no" => Some(core::FactType::YesNo),
            "count" => Some(core::FactType::Count { low: 0, high: up_to(fact.up_to.as_ref(), findings) }),
            "text" => Some(core::FactType::Text),
            "party" => Some(core::FactType::Party),
            "kind" => Some(core::FactType::Kind),
            "" => None,
            other => {
                findings.push(unknown_type(&fact.ty, other, &TYPES));
                None
            }
        };
        if let (Some(range), Some(ty)) = (&fact.up_to, &ty)
            && !matches!(ty, core::FactType::Count { .. })
        {
            findings.push(
                Diagnostic::new(
                    Code::E0302,
                    range.span,
                    format!("only a `count` has a range, not a `{}`", fact.ty.value),
                )
                .label("a range")
                .also(fact.ty.span, "of a type without one"),
            );
        }
        facts.push((fact.name.value.clone(), ty, fact.optional));
    }
    facts
}

fn unknown_type(ty: &hir::Name, found: &str, types: &[&str]) -> Diagnostic {
    let currency = found.len() >= 3 && found.chars().all(|c| c.is_ascii_uppercase());
    if currency {
        return Diagnostic::not_yet(ty.span, "a fact that is an amount of money");
    }
    Diagnostic::new(Code::E0302, ty.span, format!("there is no type `{found}`"))
        .label("not a type")
        .note(format!("the types are: {}", types.join(", ")))
        .did_you_mean(found, closest(found, types.iter().copied()))
}

fn duties(it: &hir::Vocabulary, findings: &mut Vec<Diagnostic>) -> Vec<DutyDecl> {
    const TYPES: [&str; 4] = ["text", "surface", "party", "unit"];
    let mut names: BTreeMap<&str, Span> = BTreeMap::new();
    let mut duties = Vec::new();
    for duty in &it.duties {
        if let Some(first) = names.get(duty.name.value.as_str()) {
            findings.push(twice("another duty", &duty.name.value, duty.name.span, *first));
            continue;
        }
        names.insert(&duty.name.value, duty.name.span);
        for (_, ty) in duty.params.iter().filter(|(_, ty)| !ty.value.is_empty()) {
            if !TYPES.contains(&ty.value.as_str()) {
                findings.push(unknown_type(ty, &ty.value, &TYPES));
            }
        }
        let params = duty.params.iter();
        duties.push(DutyDecl {
            name: duty.name.value.clone(),
            params: params
                .map(|(name, ty)| (name.as_ref().map(|name| name.value.clone()), ty.value.clone()))
                .collect(),
        });
    }
    duties
}

fn up_to(limit: Option<&hir::Sp<u128>>, findings: &mut Vec<Diagnostic>) -> Nat {
    match limit {
        None => DEFAULT_HIGHEST,
        Some(limit) if limit.value > core::NAT_MAX => {
            findings.push(out_of_range(limit.span, "a range", "0", "2^127 - 1"));
            DEFAULT_HIGHEST
        }
        Some(limit) => limit.value,
    }
}

/// A number outside what the core can hold.
pub(crate) fn out_of_range(span: Span, what: &str, low: &str, high: &str) -> Diagnostic {
    Diagnostic::new(Code::E0305, span, format!("{what} lies between {low} and {high}")).label("this does not")
}
