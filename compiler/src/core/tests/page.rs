//! The examples of `spec/core-text.md`.

use std::fs;
use std::path::Path;

use super::super::*;
use super::minimal;

#[test]
fn examples_of_the_page_do_what_it_says() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/core-text.md");
    let page = fs::read_to_string(page).unwrap();
    let (mut accepted, mut refused) = (0, 0);
    for block in page.split("\n```core").skip(1) {
        let (mark, block) = block.split_once('\n').unwrap();
        let (text, _) = block.split_once("```").unwrap();
        let parsed = Licence::parse(text);
        if mark == " refused" {
            let why = text.lines().next().unwrap_or_default().trim_start_matches("; ");
            assert_eq!(parsed.unwrap_err().to_string(), why);
            refused += 1;
        } else {
            let licence = parsed.unwrap_or_else(|error| panic!("{error} in {text}"));
            assert_eq!(Licence::parse(&licence.to_string()), Ok(licence));
            accepted += 1;
        }
    }
    assert_eq!((accepted, refused), (5, 5));
}

#[test]
fn short_forms_say_what_the_long_ones_say() {
    let page =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/core-text.md")).unwrap();
    let block = page.split("\n```core\n").find(|block| block.starts_with("(licence 2026 Sets")).unwrap();
    let licence = Licence::parse(block.split_once("```").unwrap().0).unwrap();
    assert_eq!(licence.permits[0].1, licence.permits[1].1);
    assert!(licence.duties[0].acts_unknown.0.is_empty());
}

#[test]
fn printing_is_for_people() {
    let mut licence = minimal();
    licence.facts = vec![Fact { name: "turn\u{202e}ed".into(), ty: FactType::Text }];
    let condition = Cond::Compare { fact: 0, cmp: Cmp::Equal, constant: Constant::Text("a\n\u{0}ü".into()) };
    licence.permits = vec![("say \"hi\"".into(), condition.not())];
    let text = licence.to_string();
    assert_eq!(
        text,
        r#"(licence 2026 Small 1
  (licensor owner)
  (irrevocable)
  (fact "turn\u{202e}ed" text)
  (permit "say \"hi\"" (not (= "turn\u{202e}ed" "a\n\u{0}ü"))))
"#
    );
    assert_eq!(Licence::parse(&text), Ok(licence));
}

#[test]
fn mistakes_are_named_with_their_place() {
    let head = "(licence 2026 X 1 (licensor o) (irrevocable)\n";
    for (entry, why) in [
        ("(permt p true))", "line 2, column 1: no entry is called `permt`"),
        ("(permit p maybe))", "line 2, column 11: expected a condition"),
        ("(permit p true true))", "line 2, column 16: nothing more belongs here"),
        ("(permit p))", "line 2, column 1: a condition is missing"),
        ("(permit p #1))", "line 2, column 11: no definition is called `1`"),
        ("(irrevocable))", "line 2, column 1: `irrevocable` is said twice"),
        ("(unit u 1) (unit u 2))", "line 2, column 12: `u` is said twice"),
        ("(define 1 true) (define 1 false))", "line 2, column 17: `1` is said twice"),
        ("(calendar \"UTC))", "line 2, column 11: this `\"` has no partner"),
        ("(calendar \"\\x\"))", "line 2, column 12: escapes are \\\" \\\\ \\n \\r \\t \\u{..}"),
        ("(calendar \"\\u{d800}\"))", "line 2, column 12: escapes are \\\" \\\\ \\n \\r \\t \\u{..}"),
        ("(calendar ünïcode))", "line 2, column 11: 'ü' has no place here"),
        ("))", "line 2, column 2: nothing more belongs here"),
        (
            "(from 2026-02-30))",
            "line 2, column 7: expected a date as 2026-01-01, an instant as 2026-01-01T00:00:00Z, or (grant 3 months)",
        ),
        ("(unit u 1.5))", "line 2, column 9: expected a natural number below 2^128"),
        (
            "(unit u 340282366920938463463374607431768211456))",
            "line 2, column 9: expected a natural number below 2^128",
        ),
        ("(unit u 1) (limit l u 5 me day))", "line 2, column 25: no key is called `me`"),
        (
            "(unit u 1) (charge c (price)))",
            "line 2, column 22: expected free, (rate ..), (graduated ..) or (fee ..)",
        ),
        ("(duty d attribute (at_each)))", "line 2, column 1: (acts ..) is missing"),
        ("(from (grant)))", "line 2, column 7: number is missing"),
        ("(from (today 3 days)))", "line 2, column 8: no anchor is called `today`"),
        ("(at_once a 4 user))", "line 2, column 1: lease is missing"),
        ("(seats a 4 user (lease 1 days)))", "line 2, column 17: no part of this clause is called `lease`"),
        ("(renewal 1 months 2))", "line 2, column 19: expected a list that begins with a word"),
        (
            "(renewal 1 months (grace 1 days fly)))",
            "line 2, column 33: expected a list that begins with a word",
        ),
        ("(holder a) (holder b))", "line 2, column 12: `holder` is said twice"),
        ("(prepaid a user) (prepaid b user))", "line 2, column 18: `prepaid` is said twice"),
        (
            "(unit u 1) (at_close a most u user day (beyond at 1)))",
            "line 2, column 24: no aggregate is called `most`",
        ),
        (
            "(unit u 1) (at_close a sum u user day (upto 5 by 1)))",
            "line 2, column 47: no kind of band is called `by`",
        ),
        (
            "(unit u 1) (charge c (graduated u user day (beyond 1) (cap 1) (cap 2))))",
            "line 2, column 63: `cap` is said twice",
        ),
        ("(axis place a (b c)))", "line 2, column 18: no term is called `c`"),
        (
            "(permit z true)\n(permit a true) (forbid z true))",
            "line 3, column 17: two clauses are called `z`",
        ),
    ] {
        assert_eq!(Licence::parse(&(head.to_owned() + entry)).unwrap_err().to_string(), why, "{entry}");
    }
    assert!(Licence::parse("").is_err());
    assert!(Licence::parse("(licence 2025 X 1 (licensor o) (irrevocable))").is_err());
    assert!(Licence::parse("(licence 2026 X 1 (irrevocable))").is_err());
    assert!(
        Licence::parse_as_written(
            "(licence 2026 X 1 (licensor o) (irrevocable) (charge c (otherwise free)))"
        )
        .is_err()
    );
}
