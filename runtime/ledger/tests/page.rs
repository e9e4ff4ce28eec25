//! The table of calls in `spec/ledger.md`, every cell against the code.

mod common;

use common::*;
use licit_ledger::receipt::Kind;
use licit_ledger::{Command, Order, Phase, Refusal, Request, Step, Value, What};

const PAGE: &str = include_str!("../../../spec/ledger.md");
const CALL: u64 = 7;

/// Heads and rows of the table whose first head is this.
fn table(first: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let section = PAGE.split("### Calls").nth(1).expect("the section is there");
    let mut rows = section.lines().skip_while(|line| !line.starts_with(&format!("| {first} |")));
    let heads = cells(rows.next().expect("the table is there"));
    let rows = rows.skip(1).take_while(|line| line.starts_with('|')).map(cells).collect();
    (heads, rows)
}

fn used() -> Request {
    let mut request = chat("ana", Some("acme"), 5);
    request.facts.push(("broken".into(), Value::Truth(false)));
    request.sort();
    request
}

fn tokens(count: u128) -> Vec<(String, u128)> {
    vec![("token".into(), count)]
}

/// A ledger in which the call is in a phase.
fn ledger_with(phase: &str) -> Ledger {
    let mut ledger = Ledger::new(METERED);
    let until = (ledger.now + LEASE) as i64;
    let latest = Some(until + LEASE as i64);
    let mut asked = ledger.ask_for(CALL, START, used());
    if phase == "denied" {
        asked.request.quantities = tokens(5000);
    }
    let call = id(CALL);
    let mut run = |command| ledger.run(command).expect("it is carried out");
    match phase {
        "unknown" => return ledger,
        "recorded" => {
            let order = Order { id: call, ..accept(&ledger) };
            ledger.run(Command::Order(order)).expect("it is carried out");
            return ledger;
        }
        _ => run(Command::Ask { ask: asked, until, latest }),
    };
    match phase {
        "held" | "denied" | "over" | "late" | "expired" => {}
        "committed" | "reversed" => drop(run(Command::Commit { call, quantities: tokens(5) })),
        "released" => drop(run(Command::Release { call })),
        "failed" => drop(run(Command::Failed { call })),
        other => panic!("the page speaks of `{other}`"),
    }
    if matches!(phase, "over" | "late" | "expired") {
        ledger.now += LEASE;
    }
    match phase {
        "late" => drop(ledger.run(Command::Commit { call, quantities: tokens(5) })),
        "expired" => drop(ledger.run(Command::Expire { call })),
        "reversed" => drop(ledger.run(Command::Order(ledger.order(100, What::Reverse(call))))),
        _ => {}
    }
    ledger
}

const LEASE: u64 = 600 * SECOND;

fn accept(ledger: &Ledger) -> Order {
    let request = Request { organisation: Some("acme".into()), ..Request::default() };
    Order { request, ..ledger.order(50, What::Accept) }
}

fn command(ledger: &Ledger, name: &str, phase: &str) -> Command {
    let call = id(CALL);
    let mut ask = ledger.ask_for(CALL, START, used());
    if phase == "denied" {
        ask.request.quantities = tokens(5000);
    }
    let order = |what| ledger.order(200, what);
    match name {
        "ask" => Command::Ask { ask, until: (ledger.now + LEASE) as i64, latest: None },
        "invoke" => Command::Invoke(ask),
        "commit" => Command::Commit { call, quantities: tokens(5) },
        "extend" => Command::Extend { call, quantities: tokens(6) },
        "renew" => Command::Renew { call, until: (START + LEASE + SECOND) as i64 },
        "release" => Command::Release { call },
        "fail" => Command::Failed { call },
        "expire" => Command::Expire { call },
        "correct" => {
            let request = Request { quantities: tokens(4), ..Request::default() };
            Command::Order(Order { request, ..order(What::Correct(call)) })
        }
        "reverse" => Command::Order(order(What::Reverse(call))),
        other => panic!("the page speaks of `{other}`"),
    }
}

fn word(done: Result<Step, Refusal>) -> String {
    match done {
        Ok(Step::Repeat(_)) => "again".into(),
        Ok(Step::Event(event)) => event.receipt.kind.name().into(),
        Err(Refusal::UnknownCall) => "unknown".into(),
        Err(Refusal::Conflict) => "conflict".into(),
        Err(Refusal::AlreadyEnded(_)) => "ended".into(),
        Err(Refusal::NotEnded) => "not ended".into(),
        Err(Refusal::NotUsed) => "not used".into(),
        Err(Refusal::NotACall) => "no call".into(),
        Err(other) => other.to_string(),
    }
}

#[test]
fn every_cell_is_what_the_code_does() {
    let (heads, rows) = table("command");
    assert_eq!((heads.len(), rows.len()), (12, 10));
    for row in &rows {
        for (phase, cell) in heads.iter().zip(row).skip(1) {
            let mut ledger = ledger_with(phase);
            if *phase == "held" && row[0] == "renew" {
                ledger.now += SECOND;
            }
            if let Some(call) = ledger.state.call(&id(CALL)) {
                let named = if *phase == "over" { "held" } else { phase };
                assert_eq!(call.phase.name(), named);
            }
            let command = command(&ledger, &row[0], phase);
            let said = word(ledger.run(command));
            let decided = ["hold", "commit", "deny"].contains(&said.as_str());
            assert!(
                said == *cell || *cell == "decided" && decided,
                "{} when {phase}: {said}, not {cell}",
                row[0]
            );
        }
    }
    // The page knows every phase.
    for phase in Phase::ALL {
        assert!(heads.iter().any(|head| head == phase.name()), "{}", phase.name());
    }
}

#[test]
fn every_kind_of_event_stands_on_the_page() {
    let events = PAGE.split("| event | kind |").nth(1).and_then(|rest| rest.split("\n\n").next());
    let kinds: String =
        events.expect("the table is there").lines().filter_map(|row| row.split('|').nth(2)).collect();
    for kind in Kind::ALL {
        assert!(kinds.split([' ', ',']).any(|word| word == kind.name()), "{}", kind.name());
    }
}
