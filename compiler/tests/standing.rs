//! Standing use and standing money: the core of each construct in its text form, to be read beside
//! `spec/core-wider.md` section 9; and what is said of those that do not fit.

use std::fmt::Write;

use licit_compiler::{Code, Diagnostic, compile_text};

const TERM: &str = "term     from 2026-01-01 until 2027-01-01";

/// A licence with a head (after its version), headers, and clauses.
fn licence(head: &str, term: &str, body: &str) -> String {
    format!(
        r#"licit 2026
vocabulary v 1.0 {{
  actions  use {{ train {{ pretrain finetune }} infer }}
  purposes any {{ research product }}
  units    call, calls   gigabyte, gigabytes   terabyte, terabytes = 1_000 gigabytes
  facts    revenue: count up to 1_000_000   ok: yes_no
}}
party @me is "did:web:me.example"
party @acme is "did:web:acme.example"
party @grid is "did:web:grid.example"
license L version 1 {head} {{
  licensor @me
  asset    dataset "d"
  calendar UTC
  currency EUR settled each month, rounded half_even to 0.01
  {term}
  irrevocable
  open: permit use
  {body}
}}
"#
    )
}

fn findings(text: &str) -> Vec<Diagnostic> {
    compile_text(&[("l.licit", text)]).remove(0).diagnostics
}

/// The entries of a licence's core that begin with one of these words.
fn entries(text: &str, words: &[&str]) -> String {
    let out = compile_text(&[("l.licit", text)]).remove(0);
    assert_eq!(out.diagnostics, [], "{text}");
    let core = &out.licences[0].core;
    let bytes = core.encode().expect("what has no errors has a core");
    assert_eq!(licit_compiler::core::Licence::decode(&bytes).as_ref(), Ok(core));
    let printed = core.to_string();
    let printed = printed.trim_end().strip_suffix(')').expect("a list");
    let wanted = |entry: &&str| {
        let word = entry.trim_start().trim_start_matches('(').split([' ', ')']).next().unwrap_or_default();
        words.contains(&word)
    };
    printed.split("\n  (").filter(wanted).fold(String::new(), |mut out, entry| {
        let _ = writeln!(out, "({}", entry.trim_end());
        out
    })
}

#[test]
fn who_holds_it_and_how_long() {
    let text = licence("granted to @acme", TERM, "");
    insta::assert_snapshot!(entries(&text, &["holder", "party"]));
    for term in ["term 90 hours from first use", "term 2 years from release", "term 1 month from grant"] {
        insta::assert_snapshot!(term, entries(&licence("", term, ""), &["from", "until"]));
    }
}

#[test]
fn renewal_and_grace() {
    for (name, renews) in [
        ("renews each month", "renews each month from grant while paid"),
        ("renews with grace", "renews each quarter from grant while paid, grace 5 days for infer, train"),
        ("renews with grace for all", "renews each week from grant while paid, grace 36 hours"),
    ] {
        insta::assert_snapshot!(
            name,
            entries(&licence("", renews, ""), &["renews", "renewal", "until", "from"])
        );
    }
}

#[test]
fn ends_and_corrections() {
    let header = format!("{TERM}\n  ends when revenue > 3_000\n  corrections within 60 days of close");
    insta::assert_snapshot!(entries(&licence("", &header, ""), &["end", "ends", "corrections"]));
}

#[test]
fn limits_of_every_kind() {
    insta::assert_snapshot!(entries(
        &licence(
            "",
            TERM,
            "a: limit 8 calls at once per organisation, lease 5 minutes when action in train
             b: limit 12 users per organisation, held 14 days
             c: limit EUR 2_500.00 per month per organisation for product
             d: limit 3 terabytes per hour per user
             e: limit 8 calls at once, lease 1 hour
             f: limit 100 calls per second
             g: limit 900 calls per minute"
        ),
        &["limit", "at_once", "seats", "spend"]
    ));
    let renews = "renews each month from grant while paid";
    insta::assert_snapshot!(entries(&licence("", renews, "a: limit 9 calls per renewal"), &["limit"]));
}

#[test]
fn prices_that_stand() {
    insta::assert_snapshot!(entries(
        &licence("", TERM,
            "a: charge EUR 9.50 per user per month
             b: charge by case { for research at EUR 2 per week  otherwise at EUR 0.10 per call }
             c: charge per organisation per month { first 5 calls free  beyond at EUR 0.10 per call }, at least EUR 30.00, at most EUR 900.00
             d: charge per month { beyond at EUR 1 per terabyte }, at most EUR 90 for product
             e: charge per month { beyond at EUR 1 per terabyte }, at least EUR 9 for research
             f: prepaid per organisation, gifts unshared for product"),
        &["charge", "prepaid"]
    ));
    insta::assert_snapshot!(entries(
        &licence("", TERM,
            "a: charge at close on highest gigabytes per organisation per month {
               up to 50 gigabytes free  up to 1 terabyte for EUR 35.00  beyond at EUR 0.09 per gigabyte } for product
             b: charge at close per user per week { up to 9 calls at EUR 1 per call  beyond for EUR 12.50 }
             c: charge at close on average calls per term { beyond at EUR 0.001 per call }
             d: charge at close on last gigabytes per quarter { beyond at EUR 0.01 per gigabyte }"),
        &["charge", "at_close"]
    ));
}

#[test]
fn first_cuts_and_thirds() {
    let text =
        licence("", TERM, "s: split each quarter first 2% to @grid, then 1 part to @me, 2 parts to @acme");
    insta::assert_snapshot!(entries(&text, &["split"]));
    let text = licence("", TERM, "s: split first 2.5% to @me, then 70% to @acme, rest to @me");
    insta::assert_snapshot!(entries(&text, &["split"]));
}

/// Each of these has one mistake.
#[test]
fn what_does_not_fit_has_one_finding() {
    let renews = "renews each month from grant while paid";
    let clauses = [
        ("x: limit 8 calls at once per organisation", Code::E0306),
        ("x: limit 8 gigabytes at once per organisation, lease 5 minutes", Code::E0301),
        ("x: limit 8 calls at once per day, lease 5 minutes", Code::E0706),
        ("x: limit 8 calls at once, lease 0 minutes", Code::E0305),
        ("x: limit 8 calls at once, lease 5 fortnights", Code::E0202),
        ("x: limit 0 calls at once, lease 5 minutes", Code::E0704),
        ("x: limit 8 calls per day, lease 5 minutes", Code::E0706),
        ("x: limit 8 calls at once, lease 5 minutes, held 1 day", Code::E0706),
        ("x: limit 12 users per organisation", Code::E0306),
        ("x: limit 12 users per month, held 14 days", Code::E0706),
        ("x: limit 12 users per user, held 14 days", Code::E0706),
        ("x: limit 12 calls per organisation, held 14 days", Code::E0301),
        ("x: limit 12 users per organisation, held 0 days", Code::E0305),
        ("x: limit EUR 5.00 per organisation", Code::E0701),
        ("x: limit EUR 0.00 per month", Code::E0704),
        ("x: limit USD 5.00 per month", Code::E0303),
        ("x: limit EUR 5.00 at once", Code::E0706),
        ("x: limit 8 calls per renewal", Code::E0205),
        ("x: prepaid per month", Code::E0706),
        ("x: prepaid per seat", Code::E0702),
        ("x: prepaid per user  y: prepaid per organisation", Code::E0201),
        ("x: charge USD 5 per month", Code::E0303),
        ("x: charge per month { beyond at EUR 1 per month }", Code::E0301),
        ("x: charge per month { beyond at EUR 1 per call }, at least EUR 9, at most EUR 8", Code::E0305),
        ("x: charge per month { beyond at EUR 1 per call }, at least EUR 0", Code::E0305),
        ("x: charge per month { beyond at EUR 1 per call }, at most USD 8", Code::E0303),
        ("x: charge per month { beyond at EUR 1 per call }, prorated by day", Code::E0111),
        ("x: charge at close on median calls per month { beyond free }", Code::E0202),
        ("x: charge at close on sum cals per month { beyond free }", Code::E0203),
        ("x: charge at close on sum calls per user { beyond free }", Code::E0701),
        ("x: charge at close on sum calls per month { up to 5 gigabytes free beyond free }", Code::E0301),
        ("x: charge at close per month { beyond for EUR 5 }", Code::E0306),
        ("x: charge at close per month { up to 5 calls free }", Code::E0405),
        ("x: charge at close per month { beyond free up to 5 calls free }", Code::E0404),
        ("x: charge at close per month { up to 5 calls free up to 5 calls free beyond free }", Code::E0404),
        (
            "x: charge at close per month { up to 1 terabyte free up to 5 gigabytes free beyond free }",
            Code::E0404,
        ),
        ("x: charge at close per month { up to 5 calls at USD 1 per call beyond free }", Code::E0303),
        ("x: charge at close per month { up to 5 calls free beyond free }, at least EUR 5", Code::E0111),
        ("x: charge at close per month { up to 5 calls free beyond free }  y: prepaid per user", Code::E0409),
        (
            "x: charge at close per month { up to 5 calls free beyond free }  y: limit EUR 5 per month",
            Code::E0409,
        ),
        ("x: split first 0% to @grid, then rest to @me", Code::E0402),
        ("x: split first 100% to @grid, then rest to @me", Code::E0402),
        ("x: split first 2% to @grid, then 98% to @me", Code::E0402),
    ];
    let headers = [
        ("term 90 hours from last use", Code::E0101),
        ("term 90 hours from first call", Code::E0202),
        ("term 90 hours from birth", Code::E0202),
        ("term 0 hours from grant", Code::E0502),
        ("term 9 fortnights from grant", Code::E0202),
        ("term 90 hours from grant, renewable", Code::E0111),
        ("renews each hour from grant while paid", Code::E0202),
        ("renews each month from release while paid", Code::E0111),
        ("renews each month from grant while paid, grace 0 days", Code::E0305),
        ("renews each month from grant while paid, grace 5 days for flying", Code::E0203),
        ("renews each month from grant while paid\n  term until 2027-01-01", Code::E0201),
        ("term until 2027-01-01\n  ends when reven > 5", Code::E0202),
        ("term until 2027-01-01\n  ends when ok\n  ends: permit infer", Code::E0201),
        ("term until 2027-01-01\n  corrections within 0 days of close", Code::E0305),
    ];
    let texts = clauses.iter().map(|(clause, code)| (*clause, licence("", TERM, clause), *code));
    let texts = texts.chain(headers.iter().map(|(header, code)| (*header, licence("", header, ""), *code)));
    let by_call = "x: charge per month { beyond at EUR 1 per call }, at least EUR 9";
    let by_call = licence("", renews, by_call).replace("settled each month", "settled each call");
    let no_money = licence("", renews, "x: prepaid per user");
    let no_money = no_money.lines().filter(|line| !line.contains("currency")).collect::<Vec<_>>().join("\n");
    let more = [("a floor by call", by_call, Code::E0409), ("credit without money", no_money, Code::E0205)];
    let mut wrong = String::new();
    for (what, text, code) in texts.chain(more) {
        let found: Vec<Code> = findings(&text).iter().map(|it| it.code).collect();
        if found != [code] {
            let _ = writeln!(wrong, "{what}: {found:?}, not {code}");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

fn id(text: &str) -> [u8; 32] {
    let out = compile_text(&[("l.licit", text)]).remove(0);
    assert_eq!(out.diagnostics, [], "{text}");
    out.licences[0].core.licence_id().expect("a canonical core")
}

#[test]
fn every_word_of_them_is_meaning_but_those_that_say_nothing() {
    let renews = "renews each month from grant while paid, grace 5 days for infer\n  ends when revenue > 300\n  corrections within 60 days of close";
    let clauses = "a: limit 8 calls at once per organisation, lease 5 minutes
        b: limit 12 users per organisation, held 14 days
        c: limit EUR 25.00 per renewal per user
        d: charge EUR 9.50 per user per month for research
        e: charge per hour { first 9 calls free  beyond at EUR 1 per call }, at least EUR 3, at most EUR 90
        f: prepaid per organisation for product
        s: split each quarter first 2% to @grid, then 1 part to @me, 2 parts to @acme";
    let standing = licence("granted to @acme", renews, clauses);
    let close = licence(
        "",
        "term 90 hours from first use",
        "f: charge at close on highest calls per user per month { up to 5 calls free  up to 9 calls for EUR 35  beyond at EUR 2 per call }",
    );
    let changes = [
        (&standing, "granted to @acme", "granted to @grid"),
        (&standing, "granted to @acme", ""),
        (&standing, "each month from", "each quarter from"),
        (&standing, "grace 5 days", "grace 6 days"),
        (&standing, "days for infer", "days for train"),
        (&standing, "days for infer", "days"),
        (&standing, "revenue > 300", "revenue > 301"),
        (&standing, "within 60 days", "within 2 months"),
        (&standing, "limit 8 calls", "limit 9 calls"),
        (&standing, "lease 5 minutes", "lease 5 hours"),
        (&standing, "at once per organisation", "at once"),
        (&standing, "12 users", "13 users"),
        (&standing, "held 14 days", "held 15 days"),
        (&standing, "EUR 25.00 per renewal", "EUR 25.01 per renewal"),
        (&standing, "EUR 25.00 per renewal", "EUR 25.00 per minute"),
        (&standing, "EUR 9.50 per user", "EUR 9.60 per user"),
        (&standing, "EUR 9.50 per user", "EUR 9.50 per organisation"),
        (&standing, "at least EUR 3", "at least EUR 4"),
        (&standing, ", at most EUR 90", ""),
        (&standing, "prepaid per organisation", "prepaid per user"),
        (&standing, "organisation for product", "organisation"),
        (&standing, "first 2% to @grid", "first 3% to @grid"),
        (&standing, "first 2% to @grid", "first 2% to @me"),
        (&standing, "2 parts to @acme", "3 parts to @acme"),
        (&close, "90 hours from", "91 hours from"),
        (&close, "from first use", "from release"),
        (&close, "from first use", "from grant"),
        (&close, "highest", "last"),
        (&close, "highest", "average"),
        (&close, "up to 5 calls", "up to 6 calls"),
        (&close, "for EUR 35", "for EUR 36"),
        (&close, "for EUR 35", "at EUR 35 per call"),
        (&close, "per user per month", "per month"),
    ];
    for (text, from, to) in changes {
        assert!(text.contains(from), "no `{from}`");
        assert_ne!(id(text), id(&text.replacen(from, to, 1)), "`{from}` to `{to}`");
    }
    let same = [
        (&standing, "prepaid per organisation", "prepaid per organisation, gifts unshared"),
        (&standing, "lease 5 minutes", "lease 300 seconds"),
        (&standing, "8 calls at once", "8 call at once"),
        (&standing, "1 part to @me, 2 parts", "2 parts to @me, 4 parts"),
        (&standing, "per user per month for research", "per month per user for research"),
        (&close, "90 hours from", "5_400 minutes from"),
    ];
    for (text, from, to) in same {
        assert!(text.contains(from), "no `{from}`");
        assert_eq!(id(text), id(&text.replacen(from, to, 1)), "`{from}` to `{to}`");
    }
}

/// 18 decimals, priced at the last of them: amounts go on to 2^127 parts, prices of a unit only to 2^64.
#[test]
fn amounts_are_wider_than_prices_of_a_unit() {
    let fine = "g: charge EUR 0.000000000000000001 per gigabyte";
    let said = |clauses: &str| -> Vec<Code> {
        findings(&licence("", TERM, &format!("{fine}\n  {clauses}"))).iter().map(|it| it.code).collect()
    };
    for clause in [
        "x: limit EUR 25 per month per user",
        "x: charge EUR 170141183460469231731 per user per month",
        "x: charge per month { beyond at EUR 1 per call }, at least EUR 20, at most EUR 40",
        "x: charge at close on highest gigabytes per month { up to 5 gigabytes for EUR 25 beyond at EUR 18 per gigabyte }",
    ] {
        assert_eq!(said(clause), [], "{clause}");
    }
    for clause in [
        "x: limit EUR 170141183460469231732 per month per user",
        "x: charge EUR 170141183460469231732 per user per month",
        "x: charge per month { beyond at EUR 1 per call }, at most EUR 170141183460469231732",
        "x: charge per month { beyond at EUR 19 per call }, at most EUR 40",
        "x: charge at close on highest gigabytes per month { up to 5 gigabytes for EUR 25 beyond at EUR 19 per gigabyte }",
    ] {
        assert_eq!(said(clause), [Code::E0406], "{clause}");
    }
    let spend = licence("", TERM, &format!("{fine}\n  x: limit EUR 25 per month per user"));
    assert_eq!(entries(&spend, &["spend"]).trim_end(), "(spend x 25 user month)");
}
