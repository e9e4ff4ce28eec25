//! Statements of what the ledger really logs: random commands over licences with credit, gifts, royalties, fees,
//! floors and charges at close. Every statement of every licensee over every period must balance.

mod common;

use std::collections::BTreeMap;

use common::*;
use licit_ledger::accounts::Accounts;
use licit_ledger::kept::{Id, Kept, Span, Terms};
use licit_ledger::receipt::Kind;
use licit_ledger::request::{Licensee, Request};
use licit_ledger::statement::{Scope, Statement, StatementFold};
use licit_ledger::vm::{END_OF_TIME, Window};
use licit_ledger::{Command, Order, Purpose, What};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

const PILOT: &str = include_str!("statements/pilot.lasm");
const CALLS: &str = include_str!("statements/calls.lasm");
const PEOPLE: [(&str, Option<&str>); 3] = [("ana", Some("acme")), ("bob", Some("acme")), ("eve", None)];
/// 2023-11.
const NOVEMBER: i64 = 646;

/// What a test does: numbers name calls, people and windows.
#[derive(Clone, Debug)]
enum Act {
    Invoke { call: u64, who: usize, tokens: u128, at: u64 },
    Ask { call: u64, who: usize, tokens: u128, at: u64 },
    Commit { call: u64, tokens: u128 },
    Release { call: u64 },
    Fail { call: u64 },
    Correct { call: u64, tokens: u128 },
    Reverse { call: u64 },
    Pay { who: usize, minor: u128 },
    Credit { who: usize, minor: u128, gift: bool, days: Option<u64> },
    Close { who: usize, window: i64, quarter: bool },
    Wait { days: u64 },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let (call, who) = (0u64..25, 0usize..3);
    let tokens = prop_oneof![0u128..200, Just(1000), Just(2500)];
    let at = 0u64..40 * DAY;
    let days = prop::option::of(0u64..40);
    let act = prop_oneof![
        6 => (call.clone(), who.clone(), tokens.clone(), at.clone())
            .prop_map(|(call, who, tokens, at)| Act::Invoke { call, who, tokens, at }),
        3 => (call.clone(), who.clone(), tokens.clone(), at)
            .prop_map(|(call, who, tokens, at)| Act::Ask { call, who, tokens, at }),
        3 => (call.clone(), tokens.clone()).prop_map(|(call, tokens)| Act::Commit { call, tokens }),
        1 => call.clone().prop_map(|call| Act::Release { call }),
        1 => call.clone().prop_map(|call| Act::Fail { call }),
        2 => (call.clone(), tokens).prop_map(|(call, tokens)| Act::Correct { call, tokens }),
        1 => call.prop_map(|call| Act::Reverse { call }),
        1 => (who.clone(), 1u128..500).prop_map(|(who, minor)| Act::Pay { who, minor }),
        2 => (who.clone(), 1u128..900, any::<bool>(), days)
            .prop_map(|(who, minor, gift, days)| Act::Credit { who, minor, gift, days }),
        2 => (who, -1i64..3, any::<bool>()).prop_map(|(who, window, quarter)| Act::Close { who, window, quarter }),
        2 => (0u64..25).prop_map(|days| Act::Wait { days }),
    ];
    prop::collection::vec(act, 1..60)
}

/// Some acts; perhaps everything is closed then, and more is tried afterwards.
fn logs() -> impl Strategy<Value = Vec<Act>> {
    (acts(), any::<bool>(), acts()).prop_map(|(mut acts, closed, after)| {
        if closed {
            acts.push(Act::Wait { days: 50 });
            for who in 0..PEOPLE.len() {
                acts.extend((-1..3).map(|window| Act::Close { who, window, quarter: false }));
                acts.push(Act::Close { who, window: 0, quarter: true });
            }
            acts.extend(after);
        }
        acts
    })
}

/// Runs what can be run; what is refused leaves no leaf.
fn run(text_form: &str, acts: &[Act]) -> Ledger {
    let mut ledger = Ledger::new(text_form);
    // Of every unit some: a call, or so many of what there is.
    let units = ledger.policies[&ledger.module].manifest().units.clone();
    let request = |who: usize, tokens| {
        let (user, organisation) = PEOPLE[who];
        let of = |name: &str| (name.to_owned(), if name == "call" { 1 } else { tokens });
        let quantities = units.iter().map(|unit| of(&unit.name)).collect();
        Request { quantities, ..chat(user, organisation, tokens) }
    };
    for (number, act) in acts.iter().enumerate() {
        let names = |who: usize| {
            let (user, organisation) = PEOPLE[who];
            Request {
                user: Some(user.into()),
                organisation: organisation.map(Into::into),
                ..Request::default()
            }
        };
        let order = |what: What, request: Request| {
            Command::Order(Order { request, ..ledger.order(1000 + number as u64, what) })
        };
        let quantities = |tokens: u128| request(0, tokens).quantities;
        let command = match act {
            Act::Invoke { call, who, tokens, at } => {
                Command::Invoke(ledger.ask_for(*call, START + at, request(*who, *tokens)))
            }
            Act::Ask { call, who, tokens, at } => {
                let ask = ledger.ask_for(*call, START + at, request(*who, *tokens));
                Command::Ask { ask, until: (ledger.now + DAY) as i64, latest: None }
            }
            Act::Commit { call, tokens } => {
                Command::Commit { call: id(*call), quantities: quantities(*tokens) }
            }
            Act::Release { call } => Command::Release { call: id(*call) },
            Act::Fail { call } => Command::Failed { call: id(*call) },
            Act::Correct { call, tokens } => {
                let request = Request { quantities: quantities(*tokens), ..Request::default() };
                order(What::Correct(id(*call)), request)
            }
            Act::Reverse { call } => order(What::Reverse(id(*call)), Request::default()),
            Act::Pay { who, minor } => order(What::Pay(*minor, Purpose::Account), names(*who)),
            Act::Credit { who, minor, gift, days } => {
                let expires = days.map(|days| (START + days * DAY) as i64);
                let terms = Terms { gift: *gift, expires, ..Terms::default() };
                order(What::Pay(*minor, Purpose::Credit(terms)), names(*who))
            }
            Act::Close { who, window, quarter } => {
                let span = if *quarter {
                    Span::new(Window::Quarter, 215)
                } else {
                    Span::new(Window::Month, NOVEMBER + window)
                };
                order(What::Close(span), names(*who))
            }
            Act::Wait { days } => {
                ledger.now += days * DAY;
                while let Some(call) = ledger.state.ended(ledger.now) {
                    ledger.run(Command::Expire { call }).expect("it has ended");
                }
                continue;
            }
        };
        // What is refused changes nothing: that is tested elsewhere.
        let _ = ledger.run(command);
    }
    ledger
}

/// The ids of everybody who may be a licensee.
fn licensees(ledger: &Ledger) -> Vec<Option<Id>> {
    let salt = ledger.state.epoch().expect("it is open").salt;
    let acme = Id::new(&salt, Licensee::Organisation("acme"));
    vec![Some(acme), Some(Id::new(&salt, Licensee::User("eve"))), None]
}

fn statement(ledger: &Ledger, scope: Scope) -> Statement {
    let licence = &ledger.policies[&ledger.module];
    StatementFold::of(licence, scope, ledger.events.iter().map(|event| (&event.receipt, &event.kept)))
}

/// Every licensee's statements balance: of every month, of any part of the time, and of all of it, which is what the
/// accounts of the state say.
fn balances(ledger: &Ledger, from: u64, to: u64) -> Result<(), TestCaseError> {
    let licence = &ledger.policies[&ledger.module];
    let accounts = Accounts::of(&ledger.state, &ledger.policies);
    prop_assert_eq!(&accounts.faults, &[]);
    for licensee in licensees(ledger) {
        let whole = Scope { licence: *licence.policy().licence_id(), licensee, from: 0, to: END_OF_TIME };
        let months =
            (NOVEMBER - 1..NOVEMBER + 3).map(|at| Scope::window(licence, licensee, Window::Month, at));
        let part = Scope { from: (START + from) as i64, to: (START + to) as i64, ..whole };
        for scope in months.chain([whole, part]) {
            let statement = statement(ledger, scope);
            prop_assert_eq!(&statement.faults, &[], "{:?}", scope);
        }
        let all = statement(ledger, whole);
        let of = |key: &licit_ledger::AccountKey| key.licensee == licensee;
        let due = accounts.accounts.iter().filter(|account| of(&account.key));
        prop_assert_eq!(due.map(|account| account.total.due).sum::<i128>(), all.totals.moved.due);
        let shares: Vec<_> = accounts.shares.iter().filter(|shares| of(&shares.key)).collect();
        prop_assert_eq!(shares.iter().map(|shares| shares.residue).sum::<i128>(), all.residue);
        if !shares.is_empty() {
            for (at, share) in all.parties.iter().enumerate() {
                let sum: i128 = shares.iter().map(|shares| shares.payees[at].payable).sum();
                prop_assert_eq!(sum, share.has);
            }
        }
        let paid: u128 = ledger.state.standing(&whole.licence, licensee).map_or(0, |standing| standing.paid);
        prop_assert_eq!(all.totals.paid, paid as i128);
    }
    Ok(())
}

#[test]
fn the_random_logs_hold_what_they_are_for() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut kinds = BTreeMap::<Kind, usize>::new();
    let (mut drawn, mut given_back, mut after_close) = (0, 0, 0);
    let by_month = PILOT.replace("window=quarter)", "window=-)");
    for text_form in [&by_month, CALLS, STORAGE] {
        for _ in 0..30 {
            let acts = logs().new_tree(&mut runner).expect("there are acts").current();
            for event in run(text_form, &acts).events {
                *kinds.entry(event.receipt.kind).or_default() += 1;
                match event.kept {
                    Kept::Commit { settled: Some(settled), .. } => drawn += settled.draws.len(),
                    Kept::Correct { settled: Some(settled), .. } => {
                        given_back += settled.draws.iter().filter(|draw| draw.parts < 0).count();
                        after_close += usize::from(!settled.bucket.is_call() && !settled.paid.is_empty());
                    }
                    _ => {}
                }
            }
        }
    }
    let needed = [
        Kind::Commit,
        Kind::Late,
        Kind::Correct,
        Kind::Reversal,
        Kind::Close,
        Kind::Payment,
        Kind::Failed,
        Kind::Expire,
        Kind::Release,
        Kind::Deny,
    ];
    for kind in needed {
        assert!(kinds.contains_key(&kind), "no {kind} among {kinds:?}");
    }
    assert!(drawn > 0 && given_back > 0 && after_close > 0, "{drawn} {given_back} {after_close}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn credit_gifts_royalties_and_shares_by_quarter(acts in logs(), from in 0u64..40 * DAY, to in 0u64..40 * DAY) {
        balances(&run(PILOT, &acts), from, to)?;
        balances(&run(&PILOT.replace("window=quarter)", "window=-)"), &acts), from, to)?;
    }

    #[test]
    fn fees_floors_and_charges_at_close(acts in logs(), from in 0u64..40 * DAY, to in 0u64..40 * DAY) {
        balances(&run(STORAGE, &acts), from, to)?;
    }

    #[test]
    fn calls_that_are_settled_and_shared_one_by_one(acts in logs(), from in 0u64..40 * DAY, to in 0u64..40 * DAY) {
        balances(&run(CALLS, &acts), from, to)?;
    }

    #[test]
    fn a_split_without_anything_else(acts in logs(), from in 0u64..40 * DAY, to in 0u64..40 * DAY) {
        balances(&run(MONTHLY, &acts), from, to)?;
        balances(&run(BY_CALL, &acts), from, to)?;
    }
}
