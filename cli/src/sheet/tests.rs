//! How a sheet looks in each format, and that nothing in it can be mistaken for markup or for a formula.

use super::*;

fn sheet() -> Sheet {
    let mut charges = Table::new("Charges", &["clause", "#quantity", "#EUR"]);
    charges.row(["fee".into(), "1_000".into(), "0.50".into()]);
    charges.row(["=cmd|' /C calc'!A0".into(), "-7".into(), "1/3".into()]);
    charges.sum(["charged".into(), String::new(), "5/6".into()]);
    let record = |name: &str, amount: &str, exact: &str| Record {
        kind: "line",
        name: name.into(),
        quantity: "-7".into(),
        unit: "call".into(),
        amount: amount.into(),
        exact: exact.into(),
        currency: "EUR".into(),
        ..Record::default()
    };
    Sheet {
        title: "Evil</title><script>alert(1)</script> & \u{202e}co".into(),
        facts: vec![("licensee", "@ana\u{1b}[2J \"<b>\"".into())],
        tables: vec![charges, Table::new("Nothing", &["x"])],
        charts: vec![Chart {
            title: "Uses".into(),
            description: "3 uses".into(),
            shape: Shape::Columns,
            bars: (1..=3)
                .map(|day| Bar {
                    label: format!("<{day}>"),
                    tick: format!("<{day}"),
                    words: "a & b".into(),
                    value: day - 1,
                })
                .collect(),
        }],
        verdict: (false, "does not add up".into()),
        faults: vec!["leaf 3: <wrong>".into()],
        records: vec![
            record("fee, \"so\"", "0.50", "1/2"),
            record("=1+1", "", "1/3"),
            record("@ana", "-2", "-2/1"),
        ],
    }
}

#[test]
fn on_a_terminal_columns_are_aligned() {
    insta::assert_snapshot!(sheet().human(false));
}

#[test]
fn a_spreadsheet_reads_numbers_and_never_a_formula() {
    insta::assert_snapshot!(sheet().csv().replace("\r\n", "|\n"));
}

#[test]
fn a_page_needs_nothing_and_runs_nothing() {
    let html = sheet().html();
    for bad in [
        "<script", "http:", "https:", "src=", "href", "url(", "@import", "\u{1b}", "\u{202e}", "<b>", "<1>",
        "<wrong>",
    ] {
        assert!(!html.contains(bad), "{bad}");
    }
    for good in [
        "<!DOCTYPE html>",
        "lang=\"en\"",
        "<title id=\"chart0-title\">Uses</title>",
        "scope=\"col\"",
        "scope=\"row\"",
    ] {
        assert!(html.contains(good), "{good}");
    }
    assert!(!html.contains("Nothing"), "a table without rows is left out");
    let opened = html.matches("<t").count() - html.matches("<thead").count() + html.matches("<thead").count();
    assert_eq!(opened, html.matches("</t").count(), "every tag is closed");
}

#[test]
fn bars_are_drawn_in_proportion_whatever_their_size() {
    let chart = |values: &[i128]| Chart {
        title: String::new(),
        description: String::new(),
        shape: Shape::Rows,
        bars: values
            .iter()
            .map(|value| Bar {
                label: String::new(),
                tick: String::new(),
                words: String::new(),
                value: *value,
            })
            .collect(),
    };
    assert_eq!(chart(&[]).svg("x"), None);
    assert_eq!(chart(&[0, 0]).svg("x"), None);
    for values in [[1, 2, 4], [i128::MAX / 4, i128::MAX / 2, i128::MAX], [-1, 2, i128::MIN]] {
        let svg = chart(&values).svg("x").unwrap();
        assert!(svg.contains(" width=\"390.00\""), "{svg}");
    }
    assert!(chart(&[1, 2, 4]).svg("x").unwrap().contains(" width=\"195.00\""));
}
