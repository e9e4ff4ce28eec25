//! Where names may come from: the vocabularies, parties and licences that a file can see.
//!
//! *Invariant:* a scope has no spans, so that it stays equal, and everything checked against it stays valid, when text
//! only moves.

use std::collections::BTreeMap;

use licit_grammar::Span;

use super::{Decl, Words};
use crate::core;
use crate::diagnostic::{Code, Diagnostic, Edit, Fix, Safety};
use crate::standard;
use crate::suggest::closest;
use crate::tir::vocabulary::{UnitKind, Vocabulary, twice};

/// What the licences and tests of a file see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    /// Name, version and id of the vocabularies, in the order of their names.
    pub vocabularies: Vec<(String, String, Option<[u8; 32]>)>,
    /// Actions, purposes, places.
    pub axes: [Vec<core::Term>; 3],
    /// Units of their own.
    pub units: Vec<core::Unit>,
    /// Singular and plural of all units: which unit of its own, times what; none after an error.
    pub unit_names: BTreeMap<String, Option<(u32, core::Nat)>>,
    /// Facts that could be read.
    pub facts: Vec<core::Fact>,
    /// All facts by name; none after an error.
    pub fact_names: BTreeMap<String, Option<u32>>,
    /// Duties and their parameters.
    pub duties: BTreeMap<String, Vec<(Option<String>, String)>>,
    /// Bound handles: identifier, account.
    pub parties: BTreeMap<String, (String, Option<String>)>,
    /// Names that may be declared where the text could not be read.
    pub loose: Words,
    /// A module is missing: any name may be declared.
    pub open: bool,
    /// Two vocabularies declare the same name, which was reported: nothing can be built.
    pub clashing: bool,
}

impl Scope {
    /// Whether a name that was not found may exist all the same: its absence has been reported elsewhere.
    pub fn excuses(&self, name: &str) -> bool {
        self.open || name.is_empty() || self.loose.contains(name)
    }

    /// The vocabularies, as a message names them.
    pub fn title(&self) -> String {
        let names: Vec<String> =
            self.vocabularies.iter().map(|(name, version, _)| format!("{name} {version}")).collect();
        match names.as_slice() {
            [] => "any vocabulary: the file has none".to_owned(),
            [one] => format!("vocabulary {one}"),
            [first @ .., last] => format!("the vocabularies {} and {last}", first.join(", ")),
        }
    }

    /// Takes a vocabulary in. The result names what two vocabularies both declare.
    pub fn add(&mut self, it: &Vocabulary) -> Vec<String> {
        let mut clashes = Vec::new();
        for (axis, terms) in self.axes.iter_mut().zip(&it.axes) {
            let base = axis.len() as u32;
            clashes.extend(shared(axis.iter().map(|term| &term.name), terms.iter().map(|term| &term.name)));
            axis.extend(terms.iter().map(|term| core::Term {
                name: term.name.clone(),
                parents: term.parents.iter().map(|parent| parent + base).collect(),
            }));
        }
        let names = it.units.iter().flat_map(|unit| std::iter::once(&unit.name).chain(&unit.plural));
        clashes.extend(shared(self.unit_names.keys(), names));
        clashes.extend(shared(self.fact_names.keys(), it.facts.iter().map(|(name, _, _)| name)));
        clashes.extend(shared(self.duties.keys(), it.duties.iter().map(|duty| &duty.name)));
        self.add_units(it);
        for (name, ty, _) in &it.facts {
            let index = ty.as_ref().map(|ty| {
                self.facts.push(core::Fact { name: name.clone(), ty: ty.clone() });
                self.facts.len() as u32 - 1
            });
            self.fact_names.insert(name.clone(), index);
        }
        self.duties.extend(it.duties.iter().map(|duty| (duty.name.clone(), duty.params.clone())));
        self.loose.extend(it.loose.iter().cloned());
        self.vocabularies.push((it.name.clone(), it.version.clone(), it.id));
        self.vocabularies.sort();
        self.clashing |= !clashes.is_empty();
        clashes
    }

    fn add_units(&mut self, it: &Vocabulary) {
        let mut base = BTreeMap::new();
        for unit in &it.units {
            if let UnitKind::Base { highest } = unit.kind {
                base.insert(unit.name.as_str(), self.units.len() as u32);
                self.units.push(core::Unit { name: unit.name.clone(), highest });
            }
        }
        for unit in &it.units {
            let value = match &unit.kind {
                UnitKind::Base { .. } => base.get(unit.name.as_str()).map(|index| (*index, 1)),
                UnitKind::Derived { factor, base: of } => {
                    base.get(of.as_str()).map(|index| (*index, *factor))
                }
                UnitKind::Broken => None,
            };
            for name in std::iter::once(&unit.name).chain(&unit.plural) {
                self.unit_names.insert(name.clone(), value);
            }
        }
    }
}

fn shared<'a>(
    known: impl Iterator<Item = &'a String>,
    new: impl Iterator<Item = &'a String>,
) -> impl Iterator<Item = String> {
    let known: std::collections::BTreeSet<&String> = known.collect();
    new.filter(|name| known.contains(name)).cloned().collect::<Vec<_>>().into_iter()
}

/// A vocabulary that the workspace or the standard library has.
#[derive(Clone, Debug)]
pub(crate) struct Module<'a> {
    pub path: &'a str,
    pub vocabulary: &'a Vocabulary,
    pub standard: Option<&'static standard::Module>,
}

impl Module<'_> {
    /// The one that the standard library has, if any.
    pub fn standard(name: &str, version: &str) -> Option<Self> {
        let standard = standard::find(name, version)?;
        let vocabulary = standard::vocabulary(standard)?;
        Some(Module { path: standard.path, vocabulary, standard: Some(standard) })
    }

    /// Whether the edition pins it, so that the text need not.
    pub fn is_pinned(&self) -> bool {
        self.standard.is_some_and(standard::Module::is_pinned)
    }
}

/// Adds to a finding about a name that nobody declared what the standard library knows of it: the import that is missing,
/// or what the place is called there.
pub(crate) fn point_to_standard(finding: &mut Diagnostic, text: &str, scope: &Scope) {
    if !matches!(finding.code, Code::E0202 | Code::E0203 | Code::E0304) || finding.primary.path.is_some() {
        return;
    }
    let Some(word) = text.get(finding.primary.span.range()) else { return };
    let has = |module: &standard::Module| scope.vocabularies.iter().any(|(name, ..)| name == module.name);
    if let Some(code) = standard::place_called(word)
        && finding.code == Code::E0203
        && standard::home(code).is_some_and(has)
    {
        finding.fixes.clear();
        let edit = Edit { span: finding.primary.span, text: code.to_owned() };
        let fix = format!("replace `{word}` with `{code}`, as ISO 3166-1 has it");
        finding.fixes.push(Fix { safety: Safety::Safe, message: fix, edits: vec![edit] });
    } else if finding.fixes.is_empty()
        && let Some(module) = standard::home(word).filter(|module| !has(module))
    {
        finding.help.push(format!(
            "the standard library has it: `vocabulary {} {}` at the head of the file imports it",
            module.name, module.version
        ));
    }
}

/// What an import found.
pub(crate) fn resolve<'a>(modules: &[Module<'a>], pin: Option<&[u8; 32]>) -> Option<Module<'a>> {
    let pinned = modules.iter().find(|module| pin.is_some() && module.vocabulary.id.as_ref() == pin);
    pinned.or_else(|| modules.first()).cloned()
}

/// The digest that `sha256:` and 64 hex digits write.
pub(crate) fn digest(text: &str) -> Option<[u8; 32]> {
    let hex = text.strip_prefix("sha256:")?;
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    let mut out = [0; 32];
    for (byte, pair) in out.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        let digit = |c: u8| (c as char).to_digit(16);
        *byte = (digit(pair[0])? * 16 + digit(pair[1])?) as u8;
    }
    Some(out)
}

/// A digest as a file writes it.
pub(crate) fn hex(digest: &[u8; 32]) -> String {
    use std::fmt::Write;
    digest.iter().fold("sha256:".to_owned(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The declarations of a file that bear a name, to be told apart from each other.
pub(crate) fn duplicates<'a>(decls: impl Iterator<Item = (&'a Decl, u32)>) -> Vec<Diagnostic> {
    let mut seen: BTreeMap<(&str, &str), (Span, &str)> = BTreeMap::new();
    let mut findings = Vec::new();
    for (decl, start) in decls {
        let version = match decl {
            Decl::Vocabulary(it) => it.version.value.as_str(),
            Decl::Import(it) => it.version.value.as_str(),
            _ => "",
        };
        let (what, name) = match decl {
            Decl::Vocabulary(it) => ("another vocabulary", &it.name),
            Decl::Import(it) => ("another vocabulary", &it.name),
            Decl::Party(it) => ("another party", &it.handle),
            Decl::Licence(it) => ("another licence", &it.name),
            Decl::Later { name: Some(name) } => ("another licence", name),
            Decl::Test(it) => ("another test", &it.name),
            Decl::Later { name: None } | Decl::Broken(_) => continue,
        };
        if name.value.is_empty() {
            continue;
        }
        let place = Span::new(name.span.start + start, name.span.end + start);
        match seen.get(&(what, name.value.as_str())) {
            Some((first, other)) if *other != version => findings.push(
                Diagnostic::new(
                    Code::E0208,
                    place,
                    format!("a file has one version of a vocabulary, and `{}` is here in two", name.value),
                )
                .label(format!("version {version}"))
                .also(*first, format!("version {other}"))
                .help("import the newer one, or split the file"),
            ),
            Some((first, _)) => findings.push(twice(what, &name.value, place, *first)),
            None => {
                seen.insert((what, &name.value), (place, version));
            }
        }
    }
    findings
}

/// Whether a party's identifier and account are written as such.
pub(crate) fn check_party(it: &super::Party) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let did = it.did.value.as_str();
    let mut parts = did.splitn(3, ':');
    let is_did = parts.next() == Some("did")
        && parts.next().is_some_and(|method| {
            !method.is_empty() && method.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        })
        && parts.next().is_some_and(|id| !id.is_empty() && id.chars().all(|c| c.is_ascii_graphic()))
        && did.len() <= 255;
    if !is_did {
        findings.push(
            Diagnostic::new(Code::E0211, it.did.span, format!("`{did}` is not a decentralised identifier"))
                .label("who is this?")
                .help("a DID is written `did:web:harbour.example` or `did:key:z6Mk...`"),
        );
    }
    if let Some(account) = &it.account {
        let parts: Vec<&str> = account.value.split(':').collect();
        let fine = |part: &&str| -> bool {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.%".contains(c))
        };
        if parts.len() != 3 || !parts.iter().all(fine) || account.value.len() > 255 {
            findings.push(
                Diagnostic::new(Code::E0211, account.span, format!("`{}` is not an account", account.value))
                    .label("where does the money go?")
                    .help("an account is written as CAIP-10 says: `eip155:1:0x...`, that is network, chain, address"),
            );
        }
    }
    findings
}

/// An import of which no module was found.
pub(crate) fn unresolved(it: &super::Import, known: &[(String, String)]) -> Diagnostic {
    let name = format!("{} {}", it.name.value, it.version.value);
    let found =
        Diagnostic::new(Code::E0206, it.name.span, format!("there is no vocabulary {name} to import"))
            .label("not in this file, not in the workspace, not in the standard library");
    let versions: Vec<String> = known
        .iter()
        .filter(|(name, _)| *name == it.name.value)
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    if versions.is_empty() {
        found
            .did_you_mean(
                &it.name.value,
                closest(&it.name.value, known.iter().map(|(name, _)| name.as_str())),
            )
            .help("add the file that declares it to the workspace")
    } else {
        found.note(format!("there is: {}", versions.join(", ")))
    }
}
