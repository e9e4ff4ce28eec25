use proptest::prelude::*;

use super::*;
use crate::core::Licence;
use crate::core::arbitrary::licences;

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
    fn every_licence_has_a_module_that_loads(licence in licences()) {
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
            prop_assert_eq!(found, Some(bc::manifest::ClauseKind::Permit(i as u32)));
        }
        prop_assert_eq!(manifest.duties.len(), licence.duties.len());
        prop_assert_eq!(manifest.charges.len(), licence.charges.len());
    }
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
