//! One mistake, one finding: k independent mistakes in one file yield exactly their k codes.

use licit_compiler::{Code, compile_text, render};
use proptest::prelude::*;
use proptest::sample::subsequence;

const SAMPLE: &str = include_str!("sample.licit");

/// What is replaced, by what, and the code that this yields. Each concerns a piece of the file of its own.
const SEEDS: &[(&str, &str, Code)] = &[
    ("permit train, evaluate for research", "permit train, evaluat for research", Code::E0203),
    ("train for product in EU, UK when small", "train when small for product in EU, UK", Code::E0104),
    ("for surveillance by partner", "for surveillance by headcount", Code::E0302),
    ("for military, surveillance\n", "for EU, surveillance\n", Code::E0204),
    ("limit 50_000 records per day", "limit 50,000 records per day", Code::E0105),
    ("per month per organisation\n\n", "per month per organization\n\n", Code::E0702),
    ("next  90_000 records", "next  90_000 tokens", Code::E0301),
    ("charge EUR 0.25 per hour", "charge USD 0.25 per hour", Code::E0303),
    ("free tokens", "free tokns", Code::E0203),
    ("must attribute \"Trained", "must atribute \"Trained", Code::E0304),
    ("split 70% to", "split 80% to", Code::E0402),
    ("revocable  after 30 days", "revocable  after 30 fortnights", Code::E0202),
    ("define small = headcount < 250", "define small = headcount < certified", Code::E0308),
    ("not headcount > 900_000", "not headcont > 900_000", Code::E0202),
    ("term        until 2031-01-01", "term        until 2031-02-30", Code::E0106),
    ("  irrevocable\n", "", Code::E0205),
    ("all:        permit use", "all:        permit use for", Code::E0101),
    ("at each generate when certified", "before each generate when certified", Code::E0111),
    ("asset      dataset \"harbour-corpus\"\n", "", Code::E0205),
    ("expect deny needing headcount", "expect deny needing headcont", Code::E0202),
    ("given  fee case 2", "given  fees case 2", Code::E0202),
    ("party @annotators is \"did:web", "party @annotators is \"web", Code::E0211),
    ("units    call, calls", "units    records, calls", Code::E0201),
    ("facts    headcount: count", "facts    spare: number   headcount: count", Code::E0302),
    ("calendar    UTC", "calendar    Paris", Code::E0507),
];

fn codes(text: &str) -> Vec<Code> {
    let mut codes: Vec<Code> =
        compile_text(&[("sample.licit", text)])[0].diagnostics.iter().map(|finding| finding.code).collect();
    codes.sort();
    codes
}

fn check(seeds: &[(&str, &str, Code)]) -> Result<(), TestCaseError> {
    let mut text = SAMPLE.to_owned();
    for (from, to, _) in seeds {
        prop_assert!(text.contains(from), "no `{from}`");
        text = text.replacen(from, to, 1);
    }
    let mut wanted: Vec<Code> = seeds.iter().map(|(_, _, code)| *code).collect();
    wanted.sort();
    let found = codes(&text);
    if found != wanted {
        let texts = [("sample.licit", text.as_str())];
        let findings = &compile_text(&texts)[0].diagnostics;
        let drawn: Vec<String> =
            findings.iter().map(|f| render::render(f, texts[0].0, &texts, false)).collect();
        prop_assert!(false, "wanted {wanted:?}, found {found:?}\n{}", drawn.join("\n"));
    }
    Ok(())
}

#[test]
fn the_sample_is_clean() {
    let out = &compile_text(&[("sample.licit", SAMPLE)])[0];
    assert_eq!(out.diagnostics, []);
    assert_eq!(out.licences.len(), 2);
    assert_eq!(out.tests.len(), 2);
}

#[test]
fn each_seed_alone_yields_its_code() {
    let wrong: Vec<String> =
        SEEDS.iter().filter_map(|seed| check(&[*seed]).err().map(|error| error.to_string())).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn all_of_them_yield_all_of_theirs() {
    check(SEEDS).unwrap();
}

#[test]
fn an_unreadable_declaration_excuses_the_names_it_may_have_declared() {
    for (from, to) in
        [("vocabulary ai 1.2 {", "vocabulry ai 1.2 {"), ("license HarbourCorpus", "licens HarbourCorpus")]
    {
        let found = codes(&SAMPLE.replace(from, to));
        assert_eq!(found, [Code::E0101], "{to}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn k_seeds_yield_k_codes(seeds in subsequence(SEEDS.to_vec(), 1..=10)) {
        check(&seeds)?;
    }
}
