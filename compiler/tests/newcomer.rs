//! What people write who know other languages: each slip gets its own words, and a mend where it is certain.

use licit_compiler::{Code, Diagnostic, compile_text, render};

const SAMPLE: &str = include_str!("sample.licit");

fn findings(text: &str) -> Vec<Diagnostic> {
    compile_text(&[("sample.licit", text)]).remove(0).diagnostics
}

/// The sample with one change.
fn changed(from: &str, to: &str) -> String {
    assert!(SAMPLE.contains(from), "no `{from}`");
    SAMPLE.replacen(from, to, 1)
}

/// The sample's licence with a clause more.
fn with(clause: &str) -> String {
    changed("  study: ", &format!("  {clause}\n  study: "))
}

#[test]
fn a_guard_may_stand_behind_by() {
    let deny = "expect deny needing headcount";
    for guard in ["party", "action", "purpose", "place", "time", "other"] {
        for line in [format!("by {guard}"), guard.to_owned()] {
            let text = changed(deny, &format!("expect deny not-permitted {line}"));
            assert_eq!(findings(&text), [], "{line}");
        }
    }
    let found = findings(&changed(deny, "expect deny not-permitted by nobody"));
    assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), [Code::E0202]);
    let found = findings(&changed(deny, "expect deny forbidden by purpose"));
    assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), [Code::E0202]);
}

#[test]
fn a_drawing_without_colours_commands_no_terminal() {
    let hostile =
        "  // \u{1b}[31mred\u{9b}0m \u{202e}\n  a\u{1b}]0;b: permit \"\u{1b}[0m\u{7f}\" train\n  study: ";
    let text = changed("  study: ", hostile);
    let (path, texts) = ("a\u{1b}[1m.licit", [("a\u{1b}[1m.licit", text.as_str())]);
    let found = findings(&text);
    assert!(found.len() >= 3, "{found:?}");
    let commands = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    let drawn = render::render_all(&found, path, &texts, false);
    assert!(!drawn.contains(commands), "{drawn:?}");
    let drawn = render::render_all(&found, path, &texts, true);
    let coloured = drawn.split("\u{1b}[").skip(1).all(|it| {
        let rest = it.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        rest.starts_with('m') && !rest.starts_with("mred")
    });
    assert!(coloured && drawn.contains("\u{1b}["), "{drawn:?}");
    assert!(!drawn.replace("\u{1b}[", "").contains(commands), "{drawn:?}");
}

#[test]
fn a_fee_is_for_one_window_and_one_key() {
    for (fee, wanted) in [
        ("EUR 5 per month", None),
        ("EUR 9.50 per user per month", None),
        ("EUR 9.50 per 3 month", Some(Code::E0702)),
        ("EUR 9.50 per user per 3 month", Some(Code::E0702)),
        ("EUR 5 per user", Some(Code::E0701)),
        ("EUR 5 per user per organisation per month", Some(Code::E0705)),
        ("EUR 5 per record per month", Some(Code::E0301)),
        ("EUR 5 per renewal", Some(Code::E0205)),
        ("EUR 5 per 30 days from grant per user", Some(Code::E0111)),
    ] {
        let found = findings(&with(&format!("monthly: charge {fee}")));
        assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), Vec::from_iter(wanted), "{fee}");
    }
}

#[test]
fn an_asset_has_a_name_of_one_line() {
    for name in ["", "a\\nb", "a\\tb", "a\\u{a}b"] {
        let text = changed("dataset \"harbour-corpus\"", &format!("dataset \"{name}\""));
        let codes: Vec<Code> = findings(&text).iter().map(|it| it.code).collect();
        assert_eq!(codes, [Code::E0211], "{name}");
    }
}

/// The one finding of a text: its code, message, and what its fix would write.
fn only(text: &str) -> (Code, String, Option<String>) {
    let found = findings(text);
    assert_eq!(found.len(), 1, "{found:?}");
    let fix = found[0].fixes.first().map(|fix| fix.edits[0].text.clone());
    (found[0].code, found[0].message.clone(), fix)
}

#[test]
fn words_and_signs_of_other_languages_are_known() {
    let slips = [
        ("permit evaluate for research unless by partner", Code::E0101, "except"),
        ("permit evaluate for research unless certified", Code::E0101, "except when"),
        ("permit evaluate if certified", Code::E0101, "when"),
        ("permit evaluate when headcount == 5", Code::E0101, "="),
        ("permit evaluate when headcount => 5", Code::E0101, ">="),
        ("permit evaluate when headcount is 5", Code::E0101, "="),
        ("permit evaluate for research and product", Code::E0101, ","),
        ("permit evaluate for research or product", Code::E0101, ","),
        ("charge €0.10 per 1_000 records", Code::E0105, "EUR 0.10"),
        ("charge $5 per 1_000 records", Code::E0105, "USD 5"),
        ("charge 5 £ per 1_000 records", Code::E0105, "GBP 5"),
        ("charge 0.10 EUR per 1_000 records", Code::E0105, "EUR 0.10"),
        ("permit evaluation for research", Code::E0203, "evaluate"),
        ("permit training for research", Code::E0203, "train"),
        ("permit evaluate when known", Code::E0108, "`known`"),
        ("permit evaluate when certified and not first", Code::E0108, "`first`"),
        ("limit 5 records per per day", Code::E0101, "per"),
        ("permit train evaluate for research", Code::E0101, ","),
    ];
    for (clause, code, fix) in slips {
        let (found, message, mend) = only(&with(&format!("slip: {clause}")));
        assert_eq!((found, mend.as_deref()), (code, Some(fix)), "{clause}: {message}");
    }
}

#[test]
fn a_missing_name_is_not_made_up() {
    for clause in ["permit evaluate when", "limit ten records per day", "permit for research"] {
        let (code, message, mend) = only(&with(&format!("slip: {clause}")));
        assert_eq!((code, mend), (Code::E0101, None), "{clause}: {message}");
    }
}
