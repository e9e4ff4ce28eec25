//! The gateway of the README: its code stands there word for word (a test compares), and runs here.

use std::collections::BTreeMap;
use std::error::Error;

use licit_tests::root;
use licit_vm::{Policy, Request, State};

// From here to the end of the function: the README's block.
/// Whether 101 images may be generated, and what they cost in units of 1/grain of the currency.
fn decide(module: &[u8]) -> Result<(bool, u128), Box<dyn Error>> {
    // Once: a module may come from a stranger, so everything is verified before it runs.
    let policy = Policy::load(module)?;

    // For each call: names become numbers. The only errors are malformed requests.
    let request = Request {
        used_at: 1_780_228_800_000_000, // microseconds: 2026-05-31T12:00Z
        user: Some("ana"),
        organisation: Some("acme"),
        action: Some("generate"),
        purpose: Some("product"),
        quantities: &[("image", 101)],
        ..Request::default()
    };
    let bound = policy.bind(&request)?;

    // State is an input: what was used so far, for each counter this call touches (here: nothing yet).
    let used: Vec<u128> = bound.reads().iter().map(|_read| 0).collect();
    let state = State { used: &used, ..State::default() };

    // No I/O, no clock, no lock, no allocation, no failure.
    let mut outcome = policy.outcome();
    policy.evaluate(&bound, &state, &mut outcome);

    // `outcome.deltas` says what to add to which counter; `outcome.reasons` why a use is denied.
    Ok((outcome.permitted, outcome.lines.iter().map(|line| line.amount).sum()))
}
// The end of the block.

#[test]
fn the_gateway_of_the_readme_decides_the_licence_of_the_readme() -> Result<(), Box<dyn Error>> {
    let readme = std::fs::read_to_string(root().join("README.md"))?;
    let licence =
        readme.split("```licit\n").nth(1).and_then(|rest| rest.split("```").next()).ok_or("no licence")?;
    let compiled = licit_compiler::compile_text(&[("first.licit", licence)]);
    let core = &compiled[0].licences[0].core;
    let module = licit_compiler::emit::from_core(core, &licit_compiler::zone::table, &BTreeMap::default())?;
    // A hundred are free, the last is EUR 0.02: one unit of 1/50.
    assert_eq!(decide(&module)?, (true, 1));
    assert_eq!(core.grain()?, 50);
    Ok(())
}

#[test]
fn the_readme_shows_this_code() {
    let here = include_str!("embed.rs");
    let (_, rest) = here.split_once("the README's block.\n").expect("the begin");
    let (code, _) = rest.split_once("// The end of the block.").expect("the end");
    let readme = std::fs::read_to_string(root().join("README.md")).expect("the README");
    assert!(readme.contains(code), "the README's Rust block is not the code of tests/embed.rs:\n{code}");
}
