//! Any text ends in a tree and a bounded list of errors, in time linear in its length.

use std::time::{Duration, Instant};

use licit_grammar::ast::{CompareOp, Cond, DeclKind, ItemKind};
use licit_grammar::{ErrorKind, MAX_DEPTH, MAX_ERRORS, format, parse, parse_ask};

const MEGABYTE: usize = 1 << 20;

/// Repeats a piece up to about `length` bytes.
fn filled(before: &str, piece: &str, length: usize) -> String {
    let mut text = before.to_owned();
    while text.len() < length {
        text.push_str(piece);
    }
    text
}

const OPENED: &str = "licit 2026\nlicense X version 1 {\n  a: permit b when ";

#[test]
fn large_hostile_texts_take_linear_time() {
    let heads = [
        "",
        "licit 2026\nlicense X version 1 {\n",
        OPENED,
        "licit 2026\nvocabulary v 1.0 {\n actions ",
        "licit 2026\ntest \"\" for X { when ",
    ];
    let pieces = [
        "(",
        ")",
        "{",
        "}",
        "\"",
        "\" ",
        "`",
        "permit ",
        "permit a\n",
        "a: ",
        "a:free b\n",
        "not ",
        "not (",
        "a and ",
        "a or not ",
        "1,000 ",
        "5k ",
        "//",
        "// x\n",
        "/// x\n",
        "\u{202e}",
        "$",
        "é",
        "license ",
        "license X version 1 {\n",
        "define x = ",
        "term ",
        "a, ",
        "for a in b ",
        "actions ",
        "given ",
        "licence A version 1 { ",
        "}\n}\n",
        "EUR 1 ",
        "sha256:",
        "x: charge by case {\n",
        "\\",
        "\"\\",
        "\0",
        "\r",
        "--",
        "1.",
        "a{",
        "first 1 a free ",
    ];
    let mut slowest = (Duration::ZERO, String::new());
    for head in heads {
        for piece in pieces {
            // Short, for there are many; below, eight times as much is seen to take eight times as long.
            let text = filled(head, piece, MEGABYTE / 64);
            let start = Instant::now();
            let result = parse(&text);
            let taken = start.elapsed();
            assert!(result.errors.len() <= MAX_ERRORS + 1);
            assert!(!result.errors.is_empty(), "{head}{piece}");
            if taken > slowest.0 {
                slowest = (taken, format!("{head:?} {piece:?}"));
            }
        }
    }
    println!("slowest: {slowest:?}");
    assert!(slowest.0 < Duration::from_secs(30), "{slowest:?}");
}

#[test]
fn time_grows_with_length_not_with_its_square() {
    for piece in ["(", "permit a\n", "\"", "a: ", "given ", "not ", "license X version 1 {\n", "1,000 "] {
        let time = |length: usize| {
            let text = filled(OPENED, piece, length);
            let start = Instant::now();
            let _ = parse(&text);
            start.elapsed().as_secs_f64()
        };
        // A busy machine is no reason to fail: what is quadratic takes sixty-four times as long.
        let short = time(MEGABYTE / 32).max(0.02);
        let long = time(MEGABYTE / 4);
        println!("{piece:?}: {short:.4} s, eight times as much {long:.4} s");
        assert!(long / short < 40.0, "{piece:?}: {short} s, then {long} s");
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize, open: &str, close: &str| {
        format!(
            "licit 2026\nlicense X version 1 {{\n  a: permit b when {}x{}\n  z: permit c\n}}",
            open.repeat(depth),
            close.repeat(depth)
        )
    };
    for (open, close) in [("(", ")"), ("not ", ""), ("not (", ")")] {
        let per_piece = if open.len() > 4 { 2 } else { 1 };
        let fine = parse(&nested(MAX_DEPTH / per_piece, open, close));
        assert_eq!(fine.errors, [], "{open}");
        assert!(format(&nested(MAX_DEPTH / per_piece, open, close)).is_ok());
        for depth in [MAX_DEPTH / per_piece + 1, 5_000, 50_000] {
            let deep = parse(&nested(depth, open, close));
            let kinds: Vec<_> = deep.errors.iter().map(|error| &error.kind).collect();
            assert_eq!(kinds, [&ErrorKind::TooDeep], "{open} {depth}");
            let DeclKind::License(license) = &deep.file.decls[0].kind else { panic!("a licence") };
            assert_eq!(license.items.len(), 2, "the next clause is there");
        }
    }
    let tree = |depth: usize| {
        format!("licit 2026\nvocabulary v 1.0 {{\n actions {}a{}\n}}", "a{".repeat(depth), "}".repeat(depth))
    };
    assert_eq!(parse(&tree(MAX_DEPTH)).errors, []);
    assert_eq!(parse(&tree(100_000)).errors.len(), 1);
}

#[test]
fn long_chains_are_flat() {
    let chain = filled(OPENED, "a = 1 and ", MEGABYTE / 16) + "b\n}";
    let parsed = parse(&chain);
    assert_eq!(parsed.errors, []);
    let DeclKind::License(license) = &parsed.file.decls[0].kind else { panic!("a licence") };
    let ItemKind::Clause(clause) = &license.items[0].kind else { panic!("a clause") };
    let licit_grammar::ast::Clause::Permit(permit) = &clause.clause.value else { panic!("a permit") };
    let Some(Cond::And(operands)) = permit.selector.when.as_ref().map(|when| &when.value) else {
        panic!("a chain")
    };
    assert!(operands.len() > 5_000);
    assert!(matches!(&operands[0].value, Cond::Compare { op, .. } if op.value == CompareOp::Equal));
    assert!(format(&chain).is_ok());
}

#[test]
fn too_many_errors_are_cut() {
    let text = filled("licit 2026\nlicense X version 1 {\n", "a: permit\n", 4_000);
    let errors = parse(&text).errors;
    assert_eq!(errors.len(), MAX_ERRORS + 1);
    assert!(matches!(errors.last().map(|error| &error.kind), Some(ErrorKind::TooManyErrors)));
}

#[test]
fn a_text_beyond_the_limit_is_refused_at_once() {
    let text = " ".repeat(licit_grammar::MAX_LENGTH + 1);
    assert_eq!(parse(&text).errors[0].kind, ErrorKind::TooLong);
    assert_eq!(parse_ask(&text).1[0].kind, ErrorKind::TooLong);
    assert!(format(&text).is_err());
}

#[test]
fn what_cannot_be_seen_is_refused_everywhere() {
    let hidden =
        ['\u{202e}', '\u{200b}', '\u{2066}', '\u{feff}', '\u{a0}', '\u{0}', '\u{7f}', '\u{ad}', '\u{e0041}'];
    for found in hidden {
        for (before, after) in
            [("// ", ""), ("party @a is \"x", "y\""), ("party @a ", "is \"x\""), ("vocabulary a", "b 1.0")]
        {
            let text = format!("licit 2026\n{before}{found}{after}\n");
            let kinds: Vec<_> = parse(&text).errors.into_iter().map(|error| error.kind).collect();
            let expected = ErrorKind::BadCharacter { found, invisible: true };
            assert!(kinds.contains(&expected), "{text:?}: {kinds:?}");
            assert_eq!(kinds.len(), 1, "{text:?}: {kinds:?}");
        }
    }
    // A byte order mark at the very beginning and line ends of two characters are how some editors write.
    assert_eq!(parse("\u{feff}licit 2026\r\nparty @a is \"x\"\r\n").errors, []);
}
