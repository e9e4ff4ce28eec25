//! What is reported for the mistakes that people make, to be read by people: the snapshot shows each text with its
//! errors, their places and what was expected.

use std::fmt::Write;

use licit_grammar::{SyntaxError, parse, parse_ask};

fn show(text: &str, errors: &[SyntaxError]) -> String {
    let mut out = format!("{text}\n");
    let cut = |span: licit_grammar::Span| text.get(span.range()).unwrap_or("<no text>").replace('\n', "\\n");
    if errors.is_empty() {
        out.push_str("  fine\n");
    }
    for error in errors {
        writeln!(out, "  {}..{} `{}`: {:?}", error.span.start, error.span.end, cut(error.span), error.kind)
            .unwrap();
        if !error.expected.is_empty() {
            writeln!(out, "    expected {}", error.expected.join(", ")).unwrap();
        }
        for (span, part) in &error.related {
            writeln!(out, "    {part:?} `{}`", cut(*span)).unwrap();
        }
    }
    out
}

/// Items of a licence, one case a line.
const ITEMS: &[&str] = &[
    "build: permit train when small for product in EU, UK",
    "build: permit train in EU for product",
    "build: permit train by staff when x in EU for product except share when y for z",
    "fee: charge by case { when small for product free otherwise at EUR 1 per call }",
    "no_arms: forbid use except evaluate by staff in EU",
    "a: permit train for term",
    "a: permit train for product, limit in license",
    "a: permit for product",
    "a: permit",
    "a:",
    "a: permitt train",
    "a: permits train",
    "permit train",
    "a permit train",
    "a : permit train",
    "a: b: permit train",
    "a: permit train forbid use",
    "a: permit train, evaluate,",
    "a: permit train for research and product",
    "a: limit 1,000 calls per day",
    "a: limit 1.000.000 calls per day",
    "a: limit 1.000 calls per day",
    "a: limit 50k calls per day",
    "a: limit 2.5M calls per day",
    "a: limit 1__0 calls per day",
    "a: limit -5 calls per day",
    "a: limit 340282366920938463463374607431768211456 calls per day",
    "a: limit 5. calls per day",
    "a: limit ten calls per day",
    "a: limit 5 calls a day",
    "a: charge EUR 1.000,50 per call",
    "a: charge EUR 1,000.50 per call",
    "a: charge EUR .5 per call",
    "a: charge EUR3.00 per call",
    "a: charge €3.00 per call",
    "a: charge 3.00 EUR per call",
    "a: charge EUR -3.00 per call",
    "a: charge EUR 1",
    "a: split 70% to @a, 1,5% to @b, rest to @c",
    "a: split 70 % to @a",
    "a: charge per month { first 10 calls free beyond at EUR 1 per call",
    "a: charge per month { first 10 calls free beyond at EUR 1 per call }, at least EUR 1, at least EUR 2",
    "a: charge per month { }",
    "a: permit train when (small or large",
    "a: permit train when small)",
    "a: permit train when",
    "a: permit train when headcount => 5",
    "a: permit train when headcount == 5",
    "a: permit train when small && large",
    "a: must attribute \"x on model_card at each use",
    "a: must attribute \"\\q\" on model_card at each use",
    "a: must attribute \"x\" on model_card",
    "a: permit `train",
    "a: sublicence infer",
    "term from 2026-02-30 until 2027-01-01",
    "term from 2026-13-01 until 2027-01-01",
    "term from 31.12.2026 until 2027-01-01",
    "term from 31/12/2026 until 2027-01-01",
    "term from 2026-1-5 until 2027-01-01",
    "term until 2026-01-01T25:00Z",
    "term until 2026-01-01 12:00",
    "term until",
    "licensor harbour",
    "licenser @harbour",
    "calendar",
    "define x",
    "define = 5",
    "define limit = x",
    "revocable",
    "currency EUR settled each month",
];

#[test]
fn items() {
    let mut out = String::new();
    for item in ITEMS {
        let text = format!("licit 2026\nlicense X version 1 {{\n  {item}\n  z: permit train\n}}");
        let errors = parse(&text).errors;
        // Only the line itself is shown; places are those of the whole text.
        let shown = show(&text, &errors);
        let errors = shown.strip_prefix(&format!("{text}\n")).unwrap();
        write!(out, "{item}\n{errors}").unwrap();
    }
    insta::assert_snapshot!("items", out);
}

/// Whole files.
const FILES: &[&str] = &[
    "",
    "license X version 1 {\n  licensor @x\n}",
    "licit\nlicense X version 1 {\n  licensor @x\n}",
    "licit 2025\nlicense X version 1 {\n  licensor @x\n}",
    "licit 2026 please\nlicense X version 1 {\n  licensor @x\n}",
    "licit 2026\nlicit 2026",
    "licit 2026\nlicence X version 1 {\n  licensor @x\n}",
    "licit 2026\nlicense X {\n  licensor @x\n  a: permit\n}",
    "licit 2026\nlicense X version 1\n  licensor @x\n  a: permit b\n}",
    "licit 2026\nlicense X version 1 {\n  licensor @x\n",
    "licit 2026\nlicense X version 1 {\n  licensor @x\n\nlicense Y version 1 {\n  licensor @y\n}",
    "licit 2026\nlicense X version 1 {\n  licensor @x\n}}\n",
    "licit 2026\nlicense X version 1 {\n  a: charge per day { first 1 x free }\n  }\n  b: permit c\n}",
    "licit 2026\nlicense X version 1 {\n  a: charge per day { first 1 x free\n  b: permit c\n}",
    "licit 2026\nlicense X version 1 {\n  a: charge per day {\n    first 1 x free\n",
    "licit 2026\nhello world\nlicense X version 1 {\n  licensor @x\n}",
    "licit 2026\nlicense version 1 {\n  a: permit b\n}",
    "licit 2026\nlicense term version 1 {\n  a: permit b\n}",
    "licit 2026\nvocabulary v 1.0 {\n  actions use { a { b c }\n  purposes any\n}",
    "licit 2026\nvocabulary v 1.0 {\n  actions use { a term }\n  colours red\n}",
    "licit 2026\nvocabulary v 1 {\n  facts a: count optional b: yes_no\n  units call\n}",
    "licit 2026\nvocabulary v {\n  actions use\n}",
    "licit 2026\nlicense X = T(a: 5 tokens granted to @y\nlicense Y = T() granted to @y\nlicense Z = T(a: 5)",
    "licit 2026\ntest \"t\" for X {\n  when @a asks to b\n}",
    "licit 2026\ntest \"t\" for X {\n  expect permit\n}",
    "licit 2026\ntest \"t\" for X {\n  given a at 5 b\n  given a done\n  when @a asks b\n  expect deny overr by c, charge 5\n}",
    "licit 2026\ntest t for X {\n  when @a asks to b\n  expect permit\n}",
    "licit 2026\nprove X never permits for a in b when c for d",
    "licit 2026\nparty @a is \"x\" paid at \"y\"",
    "licit 2026\nparty @a is \"x\u{202e}y\" // \u{200b}",
];

#[test]
fn files() {
    let mut out = String::new();
    for text in FILES {
        writeln!(out, "{}----", show(text, &parse(text).errors)).unwrap();
    }
    insta::assert_snapshot!("files", out);
}

#[test]
fn asks() {
    let asks = [
        "@ana of @acme asks to generate 300_000 tokens, 1 call for product in FR on 2026-05-31T12:00Z with headcount 249, certified, not ethical",
        "@ana asks to share",
        "@ana asks share",
        "@ana of acme asks to share",
        "@ana asks to share 1,000 tokens",
        "@ana asks to share on 2026-02-30",
        "@ana asks to share in",
        "@ana asks to permit",
        "@ana asks to share; and more",
        "",
    ];
    let mut out = String::new();
    for text in asks {
        let (ask, errors) = parse_ask(text);
        write!(out, "{}  {}\n----\n", show(text, &errors), if ask.is_some() { "an ask" } else { "no ask" })
            .unwrap();
    }
    insta::assert_snapshot!("asks", out);
}

#[test]
fn the_page_shows_every_rule_and_no_action() {
    let page = licit_grammar::grammar_page();
    for rule in ["File = ", "Clause = ", "Cond = ", "Ask = "] {
        assert!(page.contains(rule), "{rule}");
    }
    for inner in ["=>", "src.", "@L", "S<", "C<", "Spanned"] {
        assert!(!page.contains(inner), "{inner}");
    }
    insta::assert_snapshot!("page", page);
}
