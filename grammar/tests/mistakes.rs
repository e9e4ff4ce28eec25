//! One mistake, one report, wherever it is; and everything else is read as if it were not there.

use licit_grammar::ast::{Clause, DeclKind, Header, Item, ItemKind};
use licit_grammar::{ErrorKind, Parse, parse};

const HARBOUR: &str = include_str!("samples/harbour.licit");

/// A mistake that people make: what is replaced (it stands once in the text), by what, and the kind of report.
struct Mistake(&'static str, &'static str, &'static str);

const MISTAKES: &[Mistake] = &[
    Mistake("licensor   @harbour", "licensor   harbour", "Unexpected"),
    Mistake("dataset \"harbour-corpus\"", "dataset harbour_corpus", "Unexpected"),
    Mistake(
        "settled each month, rounded half_even to 0.01\n  term       from 2026-01-01",
        "settled month\n  term       from 2026-01-01",
        "Unexpected",
    ),
    Mistake("from 2026-01-01 until 2030-01-01", "from 2026-02-30 until 2030-01-01", "BadDate"),
    Mistake("revocable  after 30 days, sparing", "revocable  in 30 days, sparing", "Unexpected"),
    Mistake("define small = headcount < 250", "define small = headcount < < 250", "Instead"),
    Mistake("study:     permit train, evaluate for", "study:     permit train evaluate for", "Missing"),
    Mistake(
        "permit train for product in EU, UK when small",
        "permit train when small for product in EU, UK",
        "SelectorOrder",
    ),
    Mistake("permit evaluate for surveillance when", "permit evaluate for limit when", "ReservedWord"),
    Mistake("forbid use for military, surveillance", "forbid for military, surveillance", "Unexpected"),
    Mistake("limit 50_000 records per day", "limit 50,000 records per day", "BadNumber"),
    Mistake("2_000_000 records per month", "2.000.000 records per month", "BadNumber"),
    Mistake("first 10_000 records   free", "first 10k records   free", "BadNumber"),
    Mistake("next  90_000 records   at EUR 3.00 per", "next  90_000 records   EUR 3.00 per", "Missing"),
    Mistake("of first train, else suspend", "of frist train, else suspend", "Unexpected"),
    Mistake("heirs:     derivatives", "heirs      derivatives", "MissingLabel"),
    Mistake("shares:    split 70% to @harbour", "split 70% to @harbour", "MissingLabel"),
    Mistake("serve:     permit infer", "serve:     permits infer", "Unexpected"),
    Mistake("no_clone:  forbid distill", "no_clone:  forbid", "Unexpected"),
    Mistake("burst:     limit 200 calls", "burst:     limit $200 calls", "BadNumber"),
    Mistake(
        "at 80% of rate per 1_000_000 tokens\n             }",
        "at 80% of rate per 1_000_000 tokens\n",
        "Unclosed",
    ),
    Mistake("disclose \"AI-generated\" on", "disclose \"AI-generated on", "Unterminated"),
    Mistake("split 85% to @pilot, rest", "split 85% @pilot, rest", "Missing"),
    Mistake("license PilotAcme = PilotModel(", "licence PilotAcme = PilotModel(", "Misspelt"),
    Mistake(
        "generate 300_000 tokens, 1 call for product in FR on 2026-05-31T12:00Z",
        "generate 300_000 tokens, 1 call for product in FR on 2026-05-31T25:00Z",
        "BadDate",
    ),
    Mistake("deny by HarbourCorpus.no_arms", "deny HarbourCorpus.no_arms", "Missing"),
    Mistake("prove PilotAcme never permits", "prove PilotAcme never permit", "Unexpected"),
    Mistake("evaluate distill redistribute }", "evaluate distill redistribute", "Unclosed"),
    Mistake("headcount: count up to 1_000_000", "headcount: count up 1_000_000", "Missing"),
    Mistake("vocabulary ai 1.2 pinned sha256", "vocabulary ai pinned sha256", "Unexpected"),
    Mistake("licit 2026", "licit 2025", "UnknownEdition"),
];

fn kind_name(kind: &ErrorKind) -> String {
    let debug = format!("{kind:?}");
    debug.split([' ', '{']).next().unwrap_or_default().to_owned()
}

fn kinds(parse: &Parse) -> Vec<String> {
    parse.errors.iter().map(|error| kind_name(&error.kind)).collect()
}

fn with(text: &str, mistake: &Mistake) -> String {
    assert_eq!(text.matches(mistake.0).count(), 1, "`{}` must stand once", mistake.0);
    text.replace(mistake.0, mistake.1)
}

#[test]
fn one_mistake_is_one_report() {
    for mistake in MISTAKES {
        let text = with(HARBOUR, mistake);
        assert_eq!(kinds(&parse(&text)), [mistake.2], "{} -> {}", mistake.0, mistake.1);
    }
}

#[test]
fn several_mistakes_are_as_many_reports() {
    for count in 1..=10 {
        for start in 0..MISTAKES.len() {
            let mut text = HARBOUR.to_owned();
            let mut expected = Vec::new();
            // Every third, so that neighbours in the text are not always hit together.
            for step in 0..count {
                let mistake = &MISTAKES[(start + step * 3) % MISTAKES.len()];
                text = with(&text, mistake);
                expected.push(mistake.2.to_owned());
            }
            let mut found = kinds(&parse(&text));
            expected.sort();
            found.sort();
            assert_eq!(found, expected, "{count} from {start}:\n{text}");
        }
    }
    let every = MISTAKES.iter().fold(HARBOUR.to_owned(), |text, mistake| with(&text, mistake));
    assert_eq!(parse(&every).errors.len(), MISTAKES.len());
}

fn items(parse: &Parse) -> Vec<&Item> {
    let decls = parse.file.decls.iter().map(|decl| &decl.kind);
    decls
        .flat_map(|decl| match decl {
            DeclKind::License(license) => license.items.as_slice(),
            DeclKind::Template(template) => template.items.as_slice(),
            _ => &[],
        })
        .map(|item| &item.value)
        .collect()
}

#[test]
fn a_broken_item_leaves_the_others_whole() {
    let whole = parse(HARBOUR);
    for mistake in MISTAKES {
        let broken = parse(&with(HARBOUR, mistake));
        assert_eq!(broken.file.decls.len(), whole.file.decls.len(), "{}", mistake.1);
        let (before, after) = (items(&whole), items(&broken));
        assert_eq!(before.len(), after.len(), "{}", mistake.1);
        let changed = before.iter().zip(&after).filter(|(before, after)| before != after).count();
        assert!(changed <= 1, "{}: {changed} items changed", mistake.1);
        let decls = whole.file.decls.iter().zip(&broken.file.decls);
        assert!(decls.filter(|(before, after)| before != after).count() <= 1, "{}", mistake.1);
    }
}

fn item_named<'a>(parse: &'a Parse, label: &str) -> &'a Clause {
    let clause = items(parse).into_iter().find_map(|item| match &item.kind {
        ItemKind::Clause(clause) if *clause.label == label => Some(&clause.clause.value),
        _ => None,
    });
    clause.expect("the clause is in the tree")
}

#[test]
fn what_was_meant_stays_in_the_tree() {
    let whole = parse(HARBOUR);
    let order = MISTAKES.iter().find(|mistake| mistake.2 == "SelectorOrder").unwrap();
    assert_eq!(item_named(&parse(&with(HARBOUR, order)), "build"), item_named(&whole, "build"));
    let reserved =
        parse(&with(HARBOUR, MISTAKES.iter().find(|mistake| mistake.2 == "ReservedWord").unwrap()));
    assert!(matches!(item_named(&reserved, "review"), Clause::Permit(permit)
        if *permit.selector.purposes.as_ref().unwrap().names[0] == "limit"));
    let unnamed = parse(&HARBOUR.replace("shares:    split 70%", "split 70%"));
    assert_eq!(item_named(&unnamed, ""), item_named(&whole, "shares"));
}

#[test]
fn a_broken_header_says_which_it_was() {
    let parse = parse(&HARBOUR.replace("asset      dataset", "asset      \"x\" dataset"));
    let broken: Vec<_> = items(&parse)
        .into_iter()
        .filter_map(|item| match &item.kind {
            ItemKind::Header(Header::Error(kind)) => Some(*kind),
            _ => None,
        })
        .collect();
    assert_eq!(broken, [licit_grammar::ast::HeaderKind::Asset]);
}
