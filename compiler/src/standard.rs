//! The standard library: vocabularies that ship with the compiler (`spec/standard-library.md`).
//!
//! *Invariant:* a module that was released is never changed and never leaves the table: its id stands beside its text,
//! and a test takes the id anew. What changes is a module of another version, in a row of its own.
//! *Invariant:* an edition pins one set. A module of another set is found too, and is pinned in the text like any other.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use licit_grammar::Span;

use crate::core::EDITION;
use crate::diagnostic::Diagnostic;
use crate::hir::{Decl, from_ast};
use crate::tir::vocabulary::{self as check, Vocabulary};

/// A vocabulary that ships with the compiler.
#[derive(Debug)]
pub struct Module {
    /// Its name.
    pub name: &'static str,
    /// Its version, as an import writes it.
    pub version: &'static str,
    /// The path that findings and hosts know its text by: `standard/ai.licit`.
    pub path: &'static str,
    /// Its text.
    pub text: &'static str,
    /// Its id, as a pin writes it.
    pub pin: &'static str,
    /// The editions that pin it: their files import it without a pin of their own.
    pub editions: &'static [u64],
}

macro_rules! modules {
    ($($name:literal $version:literal $file:literal $editions:expr, $pin:literal;)*) => {
        /// Every module that was ever released, by name and version.
        pub const MODULES: &[Module] = &[$(Module {
            name: $name,
            version: $version,
            path: concat!("standard/", $file),
            text: include_str!(concat!("../std/", $file)),
            pin: concat!("sha256:", $pin),
            editions: &$editions,
        }),*];
    };
}

modules! {
    "ai" "1.0" "ai.licit" [2026],
        "5509ade0c6a924fe583b4cf1a647457bce710d0517a2c2fb3f24dcee59ad05e8";
    "places" "2026.1" "places.licit" [2026],
        "2e6eb75ab8352c6bdf108998db35226a13d2887d531d7d9b68376dd35b7a94e1";
    "subdivisions" "2026.1" "subdivisions.licit" [2026],
        "5acfbcce23518efb583117e87e3a6d703bc91f660e48edb5697a4e7f172907f2";
    "units" "1.0" "units.licit" [2026],
        "04ababc3f20f6cc90a8768e227814b3752e4b0bcc2ad875a43333d9492edaeec";
}

impl Module {
    /// Whether a file of today's edition imports it without a pin.
    pub fn is_pinned(&self) -> bool {
        self.editions.contains(&EDITION)
    }
}

/// The module of this name and version.
pub fn find(name: &str, version: &str) -> Option<&'static Module> {
    MODULES.iter().find(|module| module.name == name && module.version == version)
}

/// The text that a label of a finding points into, if its path is that of a module.
pub fn text(path: &str) -> Option<&'static str> {
    MODULES.iter().find(|module| module.path == path).map(|module| module.text)
}

/// Where a module's own name stands in its text.
pub(crate) fn name_span(module: &Module) -> Span {
    let start = module.text.find("\nvocabulary ").map_or(0, |at| at + "\nvocabulary ".len()) as u32;
    Span::new(start, start + module.name.len() as u32)
}

/// The vocabulary of a module. It is read when it is first asked for, and then kept: it cannot change.
pub(crate) fn vocabulary(module: &Module) -> Option<&'static Vocabulary> {
    static READ: [OnceLock<Option<Vocabulary>>; MODULES.len()] = [const { OnceLock::new() }; MODULES.len()];
    let index = MODULES.iter().position(|row| row.path == module.path)?;
    READ.get(index)?.get_or_init(|| checked(module).0).as_ref()
}

/// The module of today's edition that has this word, so that somebody who forgot the import can be told. Of two the
/// first.
pub(crate) fn home(word: &str) -> Option<&'static Module> {
    static HOMES: OnceLock<BTreeMap<&'static str, &'static Module>> = OnceLock::new();
    let homes = HOMES.get_or_init(|| {
        let mut homes = BTreeMap::new();
        for module in MODULES.iter().filter(|module| module.is_pinned()) {
            for word in vocabulary(module).into_iter().flat_map(Vocabulary::words) {
                homes.entry(word).or_insert(module);
            }
        }
        homes
    });
    homes.get(word).copied()
}

/// The place that somebody means who writes another code or name than ISO 3166-1 has.
pub(crate) fn place_called(word: &str) -> Option<&'static str> {
    const CALLED: &[(&str, &str)] = &[
        ("UK", "GB"),
        ("EL", "GR"),
        ("USA", "US"),
        ("UAE", "AE"),
        ("DEU", "DE"),
        ("FRA", "FR"),
        ("ITA", "IT"),
        ("ESP", "ES"),
        ("GBR", "GB"),
        ("CHN", "CN"),
        ("JPN", "JP"),
        ("IND", "IN"),
        ("CAN", "CA"),
        ("CHE", "CH"),
        ("germany", "DE"),
        ("france", "FR"),
        ("italy", "IT"),
        ("spain", "ES"),
        ("united_kingdom", "GB"),
        ("britain", "GB"),
        ("united_states", "US"),
        ("china", "CN"),
        ("japan", "JP"),
        ("india", "IN"),
        ("canada", "CA"),
        ("switzerland", "CH"),
    ];
    CALLED.iter().find(|(called, _)| called.eq_ignore_ascii_case(word)).map(|(_, code)| *code)
}

/// A module, checked as any file is, and what is wrong with it: a test sees that this is nothing.
pub(crate) fn checked(module: &Module) -> (Option<Vocabulary>, Vec<Diagnostic>) {
    let parsed = licit_grammar::parse(module.text);
    let mut findings: Vec<Diagnostic> =
        parsed.errors.iter().map(|error| crate::syntax::finding(error, module.text)).collect();
    let mut out = None;
    for decl in &parsed.file.decls {
        let lowered = from_ast::lower(decl, module.text);
        findings.extend(lowered.findings);
        if let Decl::Vocabulary(it) = &lowered.decl {
            let (vocabulary, more) = check::check(it);
            findings.extend(more);
            out = Some(vocabulary);
        }
    }
    (out, findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hir::scope;

    #[test]
    fn every_module_is_right_and_bears_its_id() {
        let mut wrong = String::new();
        for module in MODULES {
            let (vocabulary, findings) = checked(module);
            assert_eq!(findings, [], "{}", module.path);
            let vocabulary = vocabulary.expect("a vocabulary");
            assert_eq!(
                (vocabulary.name.as_str(), vocabulary.version.as_str()),
                (module.name, module.version)
            );
            let id = scope::hex(&vocabulary.id.expect("an id"));
            if id != module.pin {
                wrong.extend([module.name, " ", module.version, " now has ", &id, "\n"]);
            }
        }
        assert!(wrong.is_empty(), "a released module never changes, a new version is a new row:\n{wrong}");
    }

    #[test]
    fn subdivisions_are_the_places_with_more_below() {
        let of = |name| &vocabulary(find(name, "2026.1").expect("a module")).expect("a vocabulary").axes[2];
        let above = |terms: &[crate::core::Term]| -> BTreeMap<String, Vec<String>> {
            let name = |index: &u32| terms[*index as usize].name.clone();
            terms.iter().map(|it| (it.name.clone(), it.parents.iter().map(name).collect())).collect()
        };
        let (places, parts) = (above(of("places")), above(of("subdivisions")));
        let countries =
            places.keys().filter(|name| name.len() == 2 && !["EU", "G7"].contains(&name.as_str()));
        assert_eq!(countries.count(), 249);
        for (name, parents) in &places {
            assert_eq!(parts.get(name), Some(parents), "{name}");
        }
        for (name, parents) in parts.iter().filter(|(name, _)| !places.contains_key(*name)) {
            assert_eq!(parents.as_slice(), [name[..2].to_owned()], "{name}");
        }
        let states =
            |group: &str| places.values().filter(|parents| parents.iter().any(|it| it == group)).count();
        // Twenty-seven members and their seven parts that have a code of their own; the Union and three more; ...
        let counts = ["EU", "EEA", "EFTA", "G7", "G20", "OECD", "ASEAN"].map(states);
        assert_eq!(counts, [34, 4, 4, 7, 19, 38, 11]);
    }

    #[test]
    fn no_word_is_in_two_modules_but_places_and_subdivisions() {
        let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
        for module in MODULES.iter().filter(|module| module.is_pinned() && module.name != "subdivisions") {
            for word in vocabulary(module).expect("a vocabulary").words() {
                assert_eq!(seen.insert(word, module.name), None, "{word} is in {} too", module.name);
            }
        }
    }

    #[test]
    fn every_module_is_laid_out_and_has_a_row_of_its_own() {
        for (i, module) in MODULES.iter().enumerate() {
            assert_eq!(licit_grammar::format(module.text).as_deref(), Ok(module.text), "{}", module.path);
            let place = name_span(module);
            assert_eq!(&module.text[place.range()], module.name);
            assert_eq!(text(module.path), Some(module.text));
            let others = &MODULES[i + 1..];
            assert!(others.iter().all(|other| (other.name, other.version) > (module.name, module.version)));
        }
    }
}
