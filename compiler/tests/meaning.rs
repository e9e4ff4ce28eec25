//! What a licence's identity hangs on: its meaning, and nothing else. And what damage does to a text: findings, never
//! a panic.

use licit_compiler::{Compiled, compile_text};
use proptest::prelude::*;

const SAMPLE: &str = include_str!("sample.licit");

fn compile(text: &str) -> Compiled {
    compile_text(&[("sample.licit", text)]).remove(0)
}

fn ids(text: &str) -> Vec<(String, [u8; 32])> {
    let out = compile(text);
    assert_eq!(out.diagnostics, [], "{text}");
    let mut ids: Vec<_> = out
        .licences
        .into_iter()
        .map(|it| (it.name.clone(), it.core.licence_id().expect("a canonical core")))
        .collect();
    ids.sort();
    ids
}

fn changed(from: &str, to: &str) -> String {
    assert!(SAMPLE.contains(from), "no `{from}`");
    SAMPLE.replace(from, to)
}

#[test]
fn layout_order_and_names_of_definitions_are_no_meaning() {
    let before = ids(SAMPLE);
    assert_eq!(before, ids(&licit_grammar::format(SAMPLE).expect("it can be formatted")));
    assert_eq!(before, ids(&changed("small", "tiny_staff").replace("\"tiny_staff\"", "\"small\"")));
    assert_eq!(before, ids(&changed("permit train, evaluate for", "permit evaluate, train for")));
    assert_eq!(before, ids(&changed("  study:     permit train", "  // why\n\n  study:permit train")));
    // Clauses of one licence in another order: a labelled line moves to the end of its body.
    let line = "  fair_use:  limit 50_000 records per day per user\n";
    let moved = changed(line, "").replace("rest to @archive\n", &format!("rest to @archive\n{line}"));
    assert_eq!(before, ids(&moved));
    // Cases in another order.
    let free = "               for research, surveillance   free\n";
    let other = "               otherwise      at EUR 9.00 per 1_000 records\n";
    let moved =
        changed(free, "").replace(other, &format!("{other}{free}")).replace("fee case 2", "fee case 1");
    assert_eq!(before, ids(&moved));
    // Declarations in another order.
    let party = "party @archive    is \"did:web:archive.example\"\n";
    assert_eq!(before, ids(&(changed(party, "") + party)));
    // An amount written otherwise.
    assert_eq!(before, ids(&changed("EUR 3.00 per 1_000 records", "EUR 0.003 per record")));
    // Definitions in another order.
    let define = "  define small = headcount < 250\n";
    assert_eq!(before, ids(&changed(define, "").replace("  study: ", &format!("{define}  study: "))));
}

#[test]
fn every_constant_is_meaning() {
    let before = ids(SAMPLE);
    let changes = [
        ("version 2", "version 3"),
        ("headcount < 250", "headcount < 251"),
        ("headcount < 250", "headcount <= 250"),
        ("headcount > 900_000", "headcount > 900_001"),
        ("limit 50_000", "limit 50_001"),
        ("limit 2_000_000", "limit 1_500_000"),
        ("first 10_000", "first 10_001"),
        ("next  90_000", "next  90_001"),
        ("EUR 3.00", "EUR 3.01"),
        ("EUR 1.80", "EUR 1.79"),
        ("EUR 9.00", "EUR 9.01"),
        ("EUR 0.25", "EUR 0.26"),
        ("per 1_000 records\n                 beyond", "per 1_001 records\n                 beyond"),
        ("from 2026-01-01", "from 2026-01-02"),
        ("until 2030-01-01", "until 2030-01-02"),
        ("after 30 days", "after 31 days"),
        ("within 30 days", "within 31 days"),
        ("split 70%", "split 69%"),
        ("half_even to 0.01", "half_up to 0.01"),
        ("half_even to 0.01", "half_even to 0.05"),
        ("settled each month", "settled each quarter"),
        ("per day per user", "per week per user"),
        ("per day per user", "per day per licensee"),
        ("\"Trained on", "\"Made from"),
        (", sparing derivatives", ""),
        (", else suspend", ""),
        ("study: ", "learn: "),
        ("calendar   Europe/Paris", "calendar   Europe/Berlin"),
        ("dataset \"harbour-corpus\"", "dataset \"harbour-corpora\""),
        ("did:web:harbour.example", "did:web:port.example"),
        ("up to 1_000_000", "up to 1_000_001"),
        ("for product in EU, UK when", "for product in EU when"),
        ("permit train, evaluate for research", "permit train, evaluate for research, internal, product"),
        ("permit train, evaluate for", "permit train, evaluate including unlisted for"),
    ];
    for (from, to) in changes {
        assert_ne!(before, ids(&changed(from, to)), "`{from}` to `{to}`");
    }
}

#[test]
fn numbers_may_be_as_large_as_the_core_holds() {
    let with = |limit: &str, unit: &str| {
        changed("limit 50_000 records per day per user", &format!("limit {limit} records per day per user"))
            .replace("record, records ", &format!("record, records{unit} "))
    };
    let most = (1u128 << 127) - 1;
    assert_eq!(compile(&with(&(most - 1).to_string(), &format!(" up to {most}"))).diagnostics, []);
    for wrong in [
        with(&(most + 1).to_string(), ""),
        with("5", &format!(" up to {}", most + 1)),
        with(&"9".repeat(60), ""),
    ] {
        let found = compile(&wrong).diagnostics;
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].is_error());
    }
    let fine = changed("EUR 0.25 per hour", "EUR 0.000000000000000001 per second");
    assert_eq!(compile(&fine).diagnostics, []);
}

/// The words of the sample, roughly: enough to damage it where it hurts.
fn words() -> Vec<std::ops::Range<usize>> {
    let mut out = Vec::new();
    let mut start = None;
    for (at, c) in SAMPLE.char_indices() {
        if c.is_alphanumeric() || c == '_' || c == '@' {
            start.get_or_insert(at);
            continue;
        }
        out.extend(start.take().map(|start| start..at));
        if !c.is_whitespace() {
            out.push(at..at + c.len_utf8());
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damage_never_panics_and_never_floods(at in any::<prop::sample::Index>(), how in 0..3u8) {
        let words = words();
        let at = at.index(words.len() - 1);
        let (word, next) = (words[at].clone(), words[at + 1].clone());
        let mut text = SAMPLE.to_owned();
        match how {
            0 => text.replace_range(word, ""),
            1 => text.insert_str(word.end, &format!(" {}", &SAMPLE[word.clone()])),
            _ => text.replace_range(
                word.start..next.end,
                &format!("{}{}{}", &SAMPLE[next.clone()], &SAMPLE[word.end..next.start], &SAMPLE[word.clone()]),
            ),
        }
        let out = compile(&text);
        prop_assert!(out.diagnostics.len() <= 20, "{} findings of one slip:\n{text}", out.diagnostics.len());
    }

    #[test]
    fn any_text_ends_in_findings(text in "\\PC{0,200}") {
        compile(&text);
    }
}
