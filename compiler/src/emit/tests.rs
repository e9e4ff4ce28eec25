use proptest::prelude::*;

use super::*;
use crate::core::arbitrary::{licences, wider_licences};
use crate::core::{Licence, LimitKind};
use bc::manifest::{ClauseKind, CounterOf};

fn zone(name: &str, from: i64, until: i64) -> Option<ZoneTable> {
    crate::zone::table(name, from, until)
}

fn some_licence() -> Licence {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    licences().new_tree(&mut runner).expect("a licence").current()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_licence_has_a_module_that_loads(licence in prop_oneof![1 => licences(), 2 => wider_licences()]) {
        let bytes = from_core(&licence, &zone, &SourceMap::new()).expect("valid licences have modules");
        prop_assert_eq!(&bytes, &from_core(&licence, &zone, &SourceMap::new()).expect("again"));
        let loaded = bc::load(&bytes).expect("it loads");
        let manifest = bc::Manifest::from_module(&loaded.module);
        prop_assert_eq!(manifest.licence, licence.licence_id().expect("valid"));
        prop_assert_eq!(manifest.grain, licence.grain().expect("valid"));
        let labels: Vec<&str> = manifest.clauses.iter().map(|c| c.label.as_str()).collect();
        prop_assert!(labels.windows(2).all(|w| w[0] < w[1]));
        for (i, (label, _)) in licence.permits.iter().enumerate() {
            let found = manifest.clauses.iter().find(|c| c.label == *label).map(|c| c.kind);
            prop_assert_eq!(found, Some(ClauseKind::Permit(i as u32)));
        }
        prop_assert_eq!(manifest.duties.len(), licence.duties.len());
        prop_assert_eq!(manifest.charges.len(), licence.charges.len());
        standing_is_in_the_manifest(&licence, &manifest)?;
    }
}

/// Counters stand in the order of the page and know their clauses; what the ledger reads is what the core says.
fn standing_is_in_the_manifest(licence: &Licence, manifest: &bc::Manifest) -> Result<(), TestCaseError> {
    let group = |of: &CounterOf| match of {
        CounterOf::Limit { .. } => 0,
        CounterOf::Case { .. } => 1,
        CounterOf::AtOnce { .. } => 2,
        CounterOf::Seats { .. } => 3,
        CounterOf::Spend { .. } => 4,
        CounterOf::Fee { .. } => 5,
        CounterOf::Prepaid => 6,
        CounterOf::AtClose { .. } => 7,
    };
    prop_assert!(manifest.counters.is_sorted_by_key(|c| (group(&c.of), c.clause)));
    let prices = || licence.charges.iter().flat_map(|charge| &charge.cases).map(|(_, price)| price);
    let fees = prices().filter(|price| matches!(price, Price::Fee { .. })).count();
    let graduated = |price: &&Price| matches!(price, Price::Graduated { .. } | Price::Bounded { .. });
    let graduated = prices().filter(graduated).count();
    let counters = licence.limits.len() + fees + graduated + licence.at_close.len();
    prop_assert_eq!(manifest.counters.len(), counters + usize::from(licence.prepaid.is_some()));
    let label = |clause: u32| manifest.label(clause).unwrap_or_default().to_owned();
    for limit in &licence.limits {
        let counter = manifest.counters.iter().find(|c| label(c.clause) == limit.label);
        let expected = match limit.kind {
            LimitKind::Sum { cap, .. } | LimitKind::AtOnce { cap, .. } | LimitKind::Seats { cap, .. } => cap,
            LimitKind::Spend { amount, .. } => amount.num * u128::from(manifest.grain) / amount.den,
        };
        prop_assert_eq!(counter.and_then(|c| c.cap), Some(expected));
    }
    for info in &manifest.at_once {
        prop_assert_eq!(manifest.counters[info.counter as usize].clause, info.clause);
    }
    for info in &manifest.seats {
        prop_assert_eq!(manifest.counters[info.counter as usize].clause, info.clause);
    }
    prop_assert_eq!(manifest.at_close.len(), licence.at_close.len());
    for (info, charge) in manifest.at_close.iter().zip(&licence.at_close) {
        prop_assert_eq!(label(info.clause), charge.label.clone());
        prop_assert_eq!(manifest.counters[info.counter as usize].clause, info.clause);
        prop_assert_eq!(info.bands.len(), charge.bands.len());
    }
    let ends: Vec<String> = manifest.ends.iter().map(|clause| label(*clause)).collect();
    prop_assert_eq!(ends, licence.ends.iter().map(|(label, _)| label.clone()).collect::<Vec<_>>());
    prop_assert_eq!(&manifest.holder, &licence.holder);
    prop_assert_eq!(manifest.renewal.is_some(), licence.renewal.is_some());
    prop_assert_eq!(manifest.corrections.clone(), licence.corrections.map(period));
    let prepaid = manifest.prepaid.map(|counter| label(manifest.counters[counter as usize].clause));
    prop_assert_eq!(prepaid, licence.prepaid.as_ref().map(|p| p.label.clone()));
    let parties = licence.split.as_ref().map_or(0, |split| split.first_cuts.len() + split.shares.len());
    let parts = match (licence.split.is_some(), licence.royalties.len()) {
        (false, 0) => 0,
        (true, royalties) => parties + royalties,
        (false, royalties) => royalties + 1,
    };
    prop_assert_eq!(manifest.parts.len(), parts);
    Ok(())
}

/// The generator is of use only if it makes everything there is.
#[test]
fn generated_licences_use_every_construct() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let sections = bc::sections().into_iter().filter(|s| !["source", "source_file"].contains(&s.name));
    let members = bc::enums().into_iter().chain(bc::variants()).flat_map(|group| group.members);
    let mut missing: std::collections::BTreeSet<&str> =
        sections.map(|s| s.name).chain(members.map(|m| m.name)).collect();
    for _ in 0..1000 {
        let licence = wider_licences().new_tree(&mut runner).expect("a licence").current();
        let module = module(&licence, &zone, &SourceMap::new()).expect("valid");
        // Sections and instructions begin a line, everything else is a value.
        for line in bc::text::disassemble(&module).lines() {
            let word = |text: &str| {
                text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().unwrap_or("").to_owned()
            };
            let first = word(line.trim_start().trim_start_matches("section "));
            for word in line.split('=').skip(1).map(word).chain([first]) {
                missing.remove(word.as_str());
            }
        }
        if missing.is_empty() {
            break;
        }
    }
    assert!(missing.is_empty(), "never generated: {missing:?}");
}

/// The corpus' cores become these modules for ever: what came later changes no byte of those that do not use it.
#[test]
fn modules_of_the_corpus_are_frozen() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/corpus");
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("the corpus").filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(name) = name.strip_suffix(".core.txt") else { continue };
        let text = std::fs::read_to_string(entry.path()).expect("a text");
        let licence = Licence::parse(&text).expect("a core");
        // Zone data come and go; everything else is the core's.
        let utc = |_: &str, _: i64, _: i64| Some(ZoneTable { initial: 0, transitions: vec![] });
        let bytes = from_core(&licence, &utc, &SourceMap::new()).expect("a module");
        let id = crate::core::id_of(&bytes).iter().take(8).fold(0_u64, |id, byte| id << 8 | u64::from(*byte));
        lines.push(format!("{name} {} {id:016x}", bytes.len()));
    }
    lines.sort_unstable();
    insta::assert_snapshot!(lines.join("\n"), @r"
    big-numbers 645 2c88dd2a86af79c1
    closing 432 e9effde0a0643c4d
    definitions 360 47ef0ec3712d7c09
    every-form 1373 c672baba3fed19ac
    first-cuts 269 af79803429a02516
    harbour 1301 d5843977eff5dd25
    llm-api 1080 3c48de51bbfadd8a
    royalties 594 ef71c00623aca675
    sets 408 e1641333681d5a19
    smallest 150 ff4ced0a8b5c5c2a
    standing 998 1c9d9399527b2912
    ");
}

#[test]
fn zone_data_reach_back_where_instants_come_from_the_ledger() {
    let mut licence = Licence::parse(
        "(licence 2026 X 1 (licensor o) (irrevocable) (calendar \"Europe/Paris\") (from 2026-01-01) (until 2028-01-01))",
    )
    .expect("a core");
    let changes = |licence: &Licence| module(licence, &zone, &SourceMap::new()).expect("valid").zone.len();
    let fixed = changes(&licence);
    assert_eq!(fixed, 1 + 2 + 4 + 2);
    licence.corrections = Some(Period::Months(24));
    assert_eq!(changes(&licence), fixed + 4);
    let anchored = Point::Anchored { anchor: Anchor::Grant, period: Period::Months(1) };
    licence.term = licence.term.map(|term| crate::core::TermSpan { until: Some(anchored), ..term });
    // Paris has changed its clocks since 1976.
    assert!(changes(&licence) > 2 * (2200 - 1976));
}

#[test]
fn the_source_map_changes_notes_only() {
    let licence = some_licence();
    let plain = module(&licence, &zone, &SourceMap::new()).expect("valid");
    let mut sources = SourceMap::new();
    for (at, label) in plain.label.iter().enumerate() {
        sources.insert(label.label.clone(), ("harbour.licit".to_owned(), at as u32 * 10, at as u32 * 10 + 5));
    }
    sources.insert("nobody".to_owned(), ("other.licit".to_owned(), 0, 1));
    let mapped = module(&licence, &zone, &sources).expect("valid");
    assert_eq!(bc::module_id(&plain), bc::module_id(&mapped));
    let manifest = bc::Manifest::from_module(&mapped);
    assert_eq!(manifest.sources.len(), mapped.label.len());
    for i in 0..mapped.label.len() as u32 {
        assert_eq!(manifest.source(i), Some(("harbour.licit", i * 10, i * 10 + 5)));
    }
}

#[test]
fn zone_data_is_clipped_to_what_the_licence_computes() {
    let mut licence = some_licence();
    licence.calendar = Some("Europe/Paris".to_owned());
    licence.duties.clear();
    // 2026-01-01 to 2028-01-01: the year before has two changes, the term four, the year after two.
    let (from, until) = (Some(Point::Date(20_454)), Some(Point::Date(21_184)));
    licence.term = Some(crate::core::TermSpan { from, until });
    licence.canonicalise();
    let changes = module(&licence, &zone, &SourceMap::new()).expect("valid").zone;
    assert_eq!(changes.len(), 1 + 2 + 4 + 2);
    assert_eq!((changes[0].at, changes[0].offset), (i64::MIN, 3600));
    assert!(changes[1].at > (20_454 - 366) * 86_400 && changes[8].at < (21_184 + 366) * 86_400);
    // Without an end it reaches to 2200.
    licence.term = Some(crate::core::TermSpan { from, until: None });
    let open = module(&licence, &zone, &SourceMap::new()).expect("valid").zone;
    assert_eq!(open.len(), 1 + 2 * (2200 - 2025));
    // UTC needs none, and a zone that nobody knows is an error.
    licence.calendar = Some("UTC".to_owned());
    assert!(module(&licence, &zone, &SourceMap::new()).expect("valid").zone.is_empty());
    licence.calendar = Some("Middle/Earth".to_owned());
    let error = module(&licence, &zone, &SourceMap::new()).expect_err("no such zone");
    assert_eq!(error, EmitError::Zone("Middle/Earth".to_owned()));
}

#[test]
fn as_many_clauses_as_a_licence_may_have() {
    let mut licence = some_licence();
    (licence.limits, licence.charges, licence.duties, licence.split) = (vec![], vec![], vec![], None);
    (licence.forbids, licence.free, licence.definitions) = (vec![], vec![], vec![]);
    // Facts and parties must be mentioned.
    (licence.facts, licence.parties) = (vec![], vec![]);
    let actions = licence.axes.get(&Axis::Action).map_or(0, Vec::len) as u32;
    let set = |i: u32| Bits((0..actions).filter(|bit| i >> bit & 1 == 1).collect());
    let condition = |i: u32| {
        (0..60).fold(Cond::In { axis: Axis::Action, yes: set(i), unknown: Bits::default() }, |c, _| {
            Cond::Not(Box::new(c))
        })
    };
    licence.permits = (0..4096).map(|i| (format!("c{i:04}"), condition(i))).collect();
    licence.canonicalise();
    let bytes = from_core(&licence, &zone, &SourceMap::new()).expect("within the limits");
    assert!(bc::load(&bytes).is_ok());
}

#[test]
fn a_core_that_is_not_sound_has_no_module() {
    let mut licence = some_licence();
    licence.permits.push(("a".to_owned(), Cond::Slot(9999)));
    licence.permits.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(matches!(module(&licence, &zone, &SourceMap::new()), Err(EmitError::Core(_))));
}
