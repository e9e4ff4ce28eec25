//! What clauses mean: the core of small licences in its text form, to be read beside `spec/core.md` section 3.

use licit_compiler::compile_text;

fn core(body: &str) -> String {
    let text = format!(
        r#"licit 2026
vocabulary v 1.0 {{
  actions  use {{ train {{ pretrain finetune }} infer }}
  purposes any {{ research product }}
  places   world {{ EU {{ DE FR }} UK }}
  units    call, calls   second, seconds   hour, hours = 3_600 seconds
  facts    staff: count up to 1_000   ok: yes_no   title: text   node: party   a_kind: kind   b_kind: kind
  duties   attribute(text, on: surface)
}}
party @me is "did:web:me.example"
license L version 1 {{
  licensor @me
  asset    dataset "d"
  calendar UTC
  currency EUR settled each month, rounded half_even to 0.01
  term     from 2026-01-01 until 2027-01-01
  irrevocable
  {body}
}}
"#
    );
    let out = &compile_text(&[("l.licit", &text)])[0];
    assert_eq!(out.diagnostics, [], "{text}");
    // The header and the tables are the same each time.
    let core = out.licences[0].core.to_string();
    let clauses = ["(define", "(forbid", "(permit", "(limit", "(charge", "(duty", "(split", "(free"];
    let from = clauses.iter().filter_map(|word| core.find(word)).min().unwrap_or(0);
    core[from..].to_owned()
}

#[test]
fn selectors_and_exceptions() {
    insta::assert_snapshot!(core(
        "p: permit train, infer for research in EU by b_kind, a_kind when ok except pretrain except infer in FR"
    ));
    insta::assert_snapshot!(core("p: permit use including unlisted in EU including unlisted"));
}

#[test]
fn comparisons() {
    insta::assert_snapshot!(core(
        "a: permit use when 5 < staff and staff >= 7 and staff != 9 and staff + 3 - 1 <= 10 and 4 - 1 >= staff
         b: forbid use when staff + 10 < 5 or staff + 10 > 5 or not (title = \"x\" or node != @me)
         c: forbid use when ok and not (ok is known) and action in {pretrain, infer} and not place in EU"
    ));
}

#[test]
fn definitions_are_numbered_by_use_and_equal_ones_are_one() {
    insta::assert_snapshot!(core(
        "define z = staff < 5
         define y = z and ok
         define same = staff < 5
         b: permit use when y
         a: permit infer when same"
    ));
}

#[test]
fn prices_are_per_unit_of_its_own() {
    insta::assert_snapshot!(core(
        "a: charge EUR 0.36 per hour when ok
         b: charge by case {
              for research free
              in EU per user per month { first 2 hours free next 1 hour at EUR 1.50 per 1_000 seconds beyond free }
              otherwise at EUR 3 per call
            }
         c: charge by case { otherwise free }
         d: free calls"
    ));
}

#[test]
fn limits_duties_and_splits() {
    insta::assert_snapshot!(core(
        "a: limit 10 hours per week
         b: limit 5 calls per term per user for research when ok
         c: must attribute \"T\" on card within 2 weeks of each train when ok
         d: must attribute \"T\" on card at each infer, else suspend
         e: must attribute \"T\" on card within 1 quarter of first use
         f: split each quarter 3 parts to @me"
    ));
}
