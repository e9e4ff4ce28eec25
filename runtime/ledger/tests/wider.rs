//! The rules of standing use and standing money one by one.

mod common;

use common::*;
use licit_ledger::receipt::{Kind, SigningKey};
use licit_ledger::vm::ReasonCode;
use licit_ledger::{
    Accounts, Audit, Command, Config, Failure, Kept, Order, Phase, Purpose, Refusal, Request, Span, State,
    Step, Terms, Value, Verdict, What,
};
use proptest::prelude::*;

const MONTH: u8 = 3;
const QUARTER: u8 = 4;
/// 2023-12-01 and 2024-01-01, both at midnight.
const DECEMBER: u64 = 1_701_388_800 * SECOND;
const JANUARY: u64 = DECEMBER + 31 * DAY;

fn use_of(user: &str, tokens: u128, calls: u128) -> Request {
    let mut request = chat(user, Some("acme"), tokens);
    request.quantities.push(("call".into(), calls));
    request.facts.push(("broken".into(), Value::Truth(false)));
    request.sort();
    request
}

fn ask(ledger: &Ledger, call: u64, request: Request) -> Command {
    let until = (ledger.now + HOUR) as i64;
    Command::Ask { ask: ledger.ask_for(call, ledger.now, request), until, latest: None }
}

fn invoke(ledger: &Ledger, call: u64, request: Request) -> Command {
    Command::Invoke(ledger.ask_for(call, ledger.now, request))
}

fn commit(call: u64, tokens: u128, calls: u128) -> Command {
    Command::Commit { call: id(call), quantities: vec![("call".into(), calls), ("token".into(), tokens)] }
}

fn extend(call: u64, tokens: u128, calls: u128) -> Command {
    Command::Extend { call: id(call), quantities: vec![("call".into(), calls), ("token".into(), tokens)] }
}

fn of_acme(ledger: &Ledger, id: u64, what: What) -> Order {
    let request = Request { organisation: Some("acme".into()), ..Request::default() };
    Order { request, ..ledger.order(id, what) }
}

fn correct(ledger: &Ledger, id_of: u64, call: u64, tokens: u128, calls: u128) -> Command {
    let mut request =
        Request { quantities: vec![("call".into(), calls), ("token".into(), tokens)], ..Request::default() };
    request.sort();
    Command::Order(Order { request, ..ledger.order(id_of, What::Correct(id(call))) })
}

/// Kind and first reason of the last event.
fn last(ledger: &Ledger) -> (Kind, u16) {
    let receipt = &ledger.last().receipt;
    (receipt.kind, receipt.decision.unwrap_or(0))
}

fn amount(ledger: &Ledger) -> u128 {
    ledger.last().receipt.amount.expect("it has an amount").numerator
}

fn phase(ledger: &Ledger, call: u64) -> Phase {
    ledger.state.call(&id(call)).expect("it is known").phase
}

/// The sum of exact charges over all buckets.
fn charged(ledger: &Ledger) -> u128 {
    ledger.state.totals().map(|(_, total)| total.charged).sum()
}

/// Every leaf is decided again with the same bytes, the state's bytes come back, and everything adds up.
fn sound(ledger: &Ledger) {
    let mut audit = Audit::new(&ledger.policies).looking_back(&ledger.past);
    for event in &ledger.events {
        let verdict = audit.leaf(&event.receipt.encode().unwrap(), Some(&event.opening.encode().unwrap()));
        assert_eq!(verdict, Verdict::Reexecuted, "leaf {}: {:?}", event.receipt.seq, event.receipt.kind);
    }
    assert_eq!(audit.state(), &ledger.state);
    assert_eq!(State::decode(&ledger.state.encode()).as_ref(), Ok(&ledger.state));
    let accounts = Accounts::of(&ledger.state, &ledger.policies);
    assert!(accounts.balances(), "{:?}", accounts.faults);
}

fn over() -> (Kind, u16) {
    (Kind::Deny, ReasonCode::Over as u16)
}

#[test]
fn calls_at_once_are_counted_while_they_are_open() {
    let mut ledger = Ledger::new(METERED);
    for call in [1, 2] {
        ledger.run(ask(&ledger, call, use_of("ana", 1, 1))).unwrap();
        assert_eq!(last(&ledger), (Kind::Hold, 0));
    }
    ledger.run(ask(&ledger, 3, use_of("ana", 1, 1))).unwrap();
    assert_eq!(last(&ledger), over());
    ledger.run(commit(1, 1, 1)).unwrap();
    ledger.run(ask(&ledger, 4, use_of("ana", 1, 1))).unwrap();
    assert_eq!(last(&ledger), (Kind::Hold, 0));
    // The lease ends the hold, end exclusive, until it is renewed; never later than was asked for.
    let hold = ledger.state.hold(&id(2)).unwrap();
    let start = ledger.now as i64;
    assert_eq!((hold.until, hold.latest), (start + 600_000_000, start + HOUR as i64));
    ledger.now += 600 * SECOND - 1;
    let renew = |call, until| Command::Renew { call: id(call), until };
    assert_eq!(ledger.run(renew(2, start + HOUR as i64 + 1)), Err(Refusal::Latest));
    assert_eq!(ledger.run(renew(2, start + 1)), Err(Refusal::Until));
    ledger.run(renew(2, start + HOUR as i64)).unwrap();
    assert_eq!(ledger.state.hold(&id(2)).unwrap().until, ledger.now as i64 + 600_000_000);
    assert!(matches!(ledger.run(renew(2, start + HOUR as i64)), Ok(Step::Repeat(_))));
    ledger.now += 1;
    assert_eq!(ledger.run(renew(4, start + HOUR as i64)), Err(Refusal::AlreadyEnded(Phase::Expired)));
    ledger.run(Command::Expire { call: id(4) }).unwrap();
    ledger.run(Command::Failed { call: id(2) }).unwrap();
    assert_eq!((phase(&ledger, 4), phase(&ledger, 2)), (Phase::Expired, Phase::Failed));
    assert_eq!(ledger.state.holds().count(), 0);
    assert!(ledger.state.counters().all(|(_, sum)| sum.held == 0));
    sound(&ledger);
}

#[test]
fn a_seat_passes_on_when_it_is_released_and_unused() {
    let mut ledger = Ledger::new(METERED);
    for (call, user) in [(1, "ana"), (2, "bob"), (3, "ana")] {
        ledger.run(invoke(&ledger, call, use_of(user, 1, 0))).unwrap();
        assert_eq!(last(&ledger).0, Kind::Commit);
    }
    ledger.run(invoke(&ledger, 4, use_of("cyn", 1, 0))).unwrap();
    assert_eq!(last(&ledger), over());
    let seat = |ledger: &Ledger, id, user: &str, released| {
        let mut order = of_acme(ledger, id, What::Seat { released });
        order.request.user = Some(user.into());
        Command::Order(order)
    };
    assert_eq!(ledger.run(seat(&ledger, 20, "cyn", true)), Err(Refusal::NoSeat));
    assert_eq!(ledger.run(seat(&ledger, 20, "cyn", false)), Err(Refusal::NoSeatLeft(5)));
    ledger.run(seat(&ledger, 20, "ana", true)).unwrap();
    ledger.now += 2 * DAY - 1;
    ledger.run(invoke(&ledger, 5, use_of("cyn", 1, 0))).unwrap();
    assert_eq!(last(&ledger), over());
    ledger.now += 1;
    // An open hold takes it, though nothing was used.
    ledger.run(ask(&ledger, 6, use_of("cyn", 1, 0))).unwrap();
    assert_eq!(last(&ledger), (Kind::Hold, 0));
    ledger.run(invoke(&ledger, 7, use_of("ana", 1, 0))).unwrap();
    assert_eq!(last(&ledger), over());
    ledger.run(Command::Release { call: id(6) }).unwrap();
    ledger.run(invoke(&ledger, 8, use_of("ana", 1, 0))).unwrap();
    assert_eq!(last(&ledger).0, Kind::Commit);
    // Used again, it is taken again.
    ledger.now += 10 * DAY;
    ledger.run(invoke(&ledger, 9, use_of("cyn", 1, 0))).unwrap();
    assert_eq!(last(&ledger), over());
    sound(&ledger);
}

#[test]
fn money_is_held_for_the_dearest_order_of_commits() {
    let mut ledger = Ledger::new(METERED);
    // 100 tokens cost 300 first; behind 100 others they cost 800. The fee is 100, once.
    ledger.run(invoke(&ledger, 1, use_of("ana", 0, 214))).unwrap();
    assert_eq!(amount(&ledger), 100 + 214 * 7);
    // 1402 are left. One hold needs 300, and both together 800 each: too much.
    ledger.run(ask(&ledger, 2, use_of("ana", 100, 0))).unwrap();
    assert_eq!(last(&ledger), (Kind::Hold, 0));
    ledger.run(ask(&ledger, 3, use_of("ana", 100, 0))).unwrap();
    assert_eq!(last(&ledger), over());
    // 60 tokens make the first cost up to 60 x 8 + 40 x 3, and cost up to 60 x 8 themselves.
    ledger.run(ask(&ledger, 4, use_of("ana", 60, 0))).unwrap();
    assert_eq!(last(&ledger), (Kind::Hold, 0));
    ledger.run(commit(2, 100, 0)).unwrap();
    assert_eq!(amount(&ledger), 300);
    ledger.run(commit(4, 60, 0)).unwrap();
    assert_eq!(amount(&ledger), 480);
    assert_eq!(charged(&ledger), 100 + 214 * 7 + 780);
    // 622 are left: beyond the cap nothing costs anything, but this reaches it and takes 620.
    ledger.run(ask(&ledger, 5, use_of("ana", 700, 0))).unwrap();
    assert_eq!(last(&ledger), (Kind::Hold, 0));
    ledger.run(ask(&ledger, 6, use_of("ana", 0, 1))).unwrap();
    assert_eq!(last(&ledger), over());
    ledger.run(Command::Release { call: id(5) }).unwrap();
    // 300 tokens take 580: six calls may be held beside them, seven not.
    ledger.run(ask(&ledger, 7, use_of("ana", 300, 0))).unwrap();
    ledger.run(ask(&ledger, 8, use_of("ana", 0, 1))).unwrap();
    assert_eq!(last(&ledger), (Kind::Hold, 0));
    assert!(matches!(ledger.run(extend(8, 0, 1)), Ok(Step::Repeat(_))));
    let denied = ledger.run(extend(8, 0, 7)).unwrap_err();
    let Refusal::Denied(reasons) = denied else { panic!("{denied:?}") };
    assert_eq!((reasons.len(), reasons[0].code), (1, ReasonCode::Over));
    ledger.run(extend(8, 0, 6)).unwrap();
    for call in [7, 8] {
        let (tokens, calls) = if call == 7 { (300, 0) } else { (0, 6) };
        ledger.run(commit(call, tokens, calls)).unwrap();
    }
    assert_eq!(charged(&ledger), 3000);
    sound(&ledger);
}

#[test]
fn a_hold_is_enlarged_like_an_ask_of_its_instant() {
    let mut ledger = Ledger::new(METERED);
    ledger.run(ask(&ledger, 1, use_of("ana", 900, 1))).unwrap();
    assert_eq!(ledger.run(extend(1, 899, 1)), Err(Refusal::Smaller("token".into())));
    assert_eq!(ledger.run(extend(1, 900, 0)), Err(Refusal::Smaller("call".into())));
    assert!(matches!(ledger.run(extend(1, 1001, 1)), Err(Refusal::Denied(_))));
    ledger.now += 60 * SECOND;
    ledger.run(extend(1, 1000, 2)).unwrap();
    assert_eq!(last(&ledger).0, Kind::Extend);
    assert_eq!(ledger.state.hold(&id(1)).unwrap().request, 2);
    // The ask is still what it was, and the commit may use what the extension holds.
    let again = ledger.past[&1].clone();
    let ask = ledger.ask_for(1, again.receipt.at.used, again.content.unwrap().request);
    assert!(matches!(ledger.run(Command::Invoke(ask)), Ok(Step::Repeat(_))));
    assert_eq!(ledger.run(commit(1, 1001, 0)), Err(Refusal::Quantity("token".into())));
    ledger.run(commit(1, 1000, 2)).unwrap();
    assert_eq!(amount(&ledger), 1400 + 100 + 14);
    assert!(ledger.state.counters().all(|(_, sum)| sum.held == 0));
    sound(&ledger);
}

#[test]
fn corrections_end_at_the_price_of_what_was_used() {
    let mut ledger = Ledger::new(METERED);
    for (call, tokens) in [(1, 100), (2, 50), (3, 80)] {
        ledger.run(invoke(&ledger, call, use_of("ana", tokens, 1))).unwrap();
    }
    let whole =
        |tokens: u128| (3 * tokens.min(100) + 8 * tokens.clamp(100, 200) + tokens.max(200) - 1000).min(1400);
    assert_eq!(charged(&ledger), whole(230) + 100 + 21);
    ledger.run(correct(&ledger, 20, 2, 10, 1)).unwrap();
    assert_eq!(charged(&ledger), whole(190) + 100 + 21);
    let receipt = ledger.last().receipt.clone();
    assert_eq!((receipt.kind, receipt.due.unwrap().negative), (Kind::Correct, true));
    assert_eq!(receipt.quantities.iter().map(|quantity| quantity.count).collect::<Vec<_>>(), [1, 10]);
    // The same order is carried out once, another under its id is a conflict; a commit is repeated as it was.
    assert!(matches!(ledger.run(correct(&ledger, 20, 2, 10, 1)), Ok(Step::Repeat(_))));
    assert_eq!(ledger.run(correct(&ledger, 20, 2, 11, 1)), Err(Refusal::Conflict));
    assert!(matches!(ledger.run(commit(2, 50, 1)), Ok(Step::Repeat(_))));
    ledger.run(correct(&ledger, 21, 2, 300, 3)).unwrap();
    assert_eq!(charged(&ledger), whole(480) + 100 + 35);
    let reverse = |ledger: &Ledger, id_of, call| Command::Order(ledger.order(id_of, What::Reverse(id(call))));
    for (order, call, left) in [(22, 1, 380), (23, 2, 80)] {
        ledger.run(reverse(&ledger, order, call)).unwrap();
        assert_eq!(phase(&ledger, call), Phase::Reversed);
        assert_eq!(charged(&ledger), whole(left) + 100 + if call == 1 { 28 } else { 7 });
    }
    assert_eq!(ledger.run(reverse(&ledger, 24, 2)), Err(Refusal::AlreadyEnded(Phase::Reversed)));
    assert_eq!(ledger.run(correct(&ledger, 24, 2, 1, 1)), Err(Refusal::AlreadyEnded(Phase::Reversed)));
    assert_eq!(ledger.run(reverse(&ledger, 24, 23)), Err(Refusal::NotACall));
    assert_eq!(ledger.run(reverse(&ledger, 24, 99)), Err(Refusal::UnknownCall));
    // With the last use the fee goes, too.
    ledger.run(reverse(&ledger, 24, 3)).unwrap();
    assert_eq!(charged(&ledger), 0);
    assert!(ledger.state.counters().all(|(_, sum)| (sum.committed, sum.held) == (0, 0)));
    sound(&ledger);
}

#[test]
fn windows_close_and_are_corrected_by_differences() {
    let mut ledger = Ledger::new(METERED);
    ledger.run(invoke(&ledger, 1, use_of("ana", 130, 0))).unwrap();
    ledger.run(ask(&ledger, 2, use_of("ana", 10, 0))).unwrap();
    ledger.run(ask(&ledger, 3, use_of("ana", 10, 0))).unwrap();
    let close = |ledger: &Ledger, id_of, kind, index| {
        Command::Order(of_acme(ledger, id_of, What::Close(Span { kind, index })))
    };
    let (november, last_quarter) = (646, 215);
    assert_eq!(ledger.run(close(&ledger, 30, MONTH, november)), Err(Refusal::WindowOpen));
    ledger.now = DECEMBER;
    assert_eq!(ledger.run(close(&ledger, 30, MONTH, november)), Err(Refusal::OpenHolds));
    for call in [2, 3] {
        ledger.run(Command::Expire { call: id(call) }).unwrap();
    }
    ledger.run(commit(2, 5, 0)).unwrap();
    assert_eq!((last(&ledger).0, phase(&ledger, 2)), (Kind::Late, Phase::Late));
    assert_eq!(amount(&ledger), 40);
    assert_eq!(ledger.run(close(&ledger, 30, 1, november)), Err(Refusal::NoWindow));
    ledger.run(close(&ledger, 30, MONTH, november)).unwrap();
    assert!(matches!(ledger.run(close(&ledger, 30, MONTH, november)), Ok(Step::Repeat(_))));
    assert_eq!(ledger.run(close(&ledger, 31, MONTH, november)), Err(Refusal::WindowClosed));
    // Afterwards: a late commit is an exception, a use is refused, a correction is a difference.
    ledger.run(commit(3, 5, 0)).unwrap();
    assert_eq!((last(&ledger).0, ledger.last().receipt.amount), (Kind::Late, None));
    assert_eq!(ledger.run(correct(&ledger, 32, 3, 6, 0)), Err(Refusal::TooLateToCorrect));
    let old = Command::Invoke(ledger.ask_for(9, START, use_of("ana", 1, 0)));
    assert_eq!(ledger.run(old), Err(Refusal::WindowClosed));
    ledger.run(correct(&ledger, 32, 1, 30, 0)).unwrap();
    assert_eq!(charged(&ledger), 100 + 35 * 3);
    ledger.run(invoke(&ledger, 4, use_of("ana", 10, 0))).unwrap();
    ledger.now = JANUARY;
    assert_eq!(ledger.run(correct(&ledger, 33, 1, 31, 0)), Err(Refusal::TooLateToCorrect));
    assert_eq!(ledger.run(close(&ledger, 34, QUARTER, last_quarter)), Err(Refusal::Unsettled));
    ledger.run(close(&ledger, 34, MONTH, november + 1)).unwrap();
    ledger.run(close(&ledger, 35, QUARTER, last_quarter)).unwrap();
    let accounts = Accounts::of(&ledger.state, &ledger.policies);
    // EUR 0.205 and 0.130 are 20 and 13 cents; a fiftieth of 33, then thirds of 98 hundredths of it.
    let paid: Vec<i128> = accounts.shares[0].payees.iter().map(|payee| payee.payable).collect();
    assert_eq!((accounts.shares[0].due, paid, accounts.shares[0].residue), (33, vec![1, 11, 21], 0));
    // A correction of December moves what was given out.
    ledger.run(correct(&ledger, 36, 4, 13, 0)).unwrap();
    let accounts = Accounts::of(&ledger.state, &ledger.policies);
    let paid: Vec<i128> = accounts.shares[0].payees.iter().map(|payee| payee.payable).collect();
    assert_eq!((accounts.shares[0].due, paid), (34, vec![1, 11, 22]));
    sound(&ledger);
}

#[test]
fn evidence_ends_a_grant_for_good() {
    let mut ledger = Ledger::new(METERED);
    let mut request = use_of("ana", 1, 0);
    request.facts.clear();
    ledger.run(invoke(&ledger, 1, request.clone())).unwrap();
    assert_eq!(last(&ledger), (Kind::Deny, ReasonCode::Needing as u16));
    request.facts = vec![("broken".into(), Value::Truth(true))];
    ledger.run(invoke(&ledger, 2, request.clone())).unwrap();
    assert_eq!(last(&ledger), (Kind::Deny, ReasonCode::Ended as u16));
    // A call's word latches nothing, evidence does.
    request.facts = vec![("broken".into(), Value::Truth(false))];
    ledger.run(invoke(&ledger, 3, request.clone())).unwrap();
    assert_eq!(last(&ledger).0, Kind::Commit);
    let mut order = of_acme(&ledger, 20, What::Facts);
    order.request.facts = vec![("broken".into(), Value::Truth(true))];
    ledger.run(Command::Order(order)).unwrap();
    ledger.run(invoke(&ledger, 4, request.clone())).unwrap();
    assert_eq!(last(&ledger), (Kind::Deny, ReasonCode::Ended as u16));
    request.organisation = Some("apex".into());
    ledger.run(invoke(&ledger, 5, request)).unwrap();
    assert_eq!(last(&ledger).0, Kind::Commit);
    sound(&ledger);
}

fn pay(ledger: &Ledger, id: u64, minor: u128, purpose: Purpose) -> Command {
    Command::Order(of_acme(ledger, id, What::Pay(minor, purpose)))
}

/// What the lots of acme have left, in parts of 1/1000.
fn left(ledger: &Ledger) -> Vec<(u64, u128)> {
    ledger.state.credits().flat_map(|(_, lots)| lots.iter().map(|lot| (lot.leaf, lot.left))).collect()
}

#[test]
fn credit_is_held_drawn_and_given_back() {
    let mut ledger = Ledger::new(PREPAID);
    ledger.run(invoke(&ledger, 1, use_of("ana", 1, 0))).unwrap();
    assert_eq!(last(&ledger), (Kind::Deny, ReasonCode::Credit as u16));
    let gift = Terms { gift: true, priority: 1, actions: vec!["draw".into()], ..Terms::default() };
    let wrong = Terms { actions: vec!["b".into(), "a".into()], ..Terms::default() };
    assert_eq!(ledger.run(pay(&ledger, 20, 100, Purpose::Credit(wrong))), Err(Refusal::Actions));
    assert_eq!(ledger.run(pay(&ledger, 20, 0, Purpose::Credit(Terms::default()))), Err(Refusal::Zero));
    assert_eq!(ledger.run(pay(&ledger, 20, 1, Purpose::Renewal(1))), Err(Refusal::Without("renewal")));
    let later = Terms { priority: 5, ..Terms::default() };
    ledger.run(pay(&ledger, 20, 100, Purpose::Credit(later.clone()))).unwrap();
    ledger.run(pay(&ledger, 21, 50, Purpose::Credit(gift))).unwrap();
    assert!(matches!(ledger.run(pay(&ledger, 20, 100, Purpose::Credit(later))), Ok(Step::Repeat(_))));
    assert_eq!(left(&ledger), [(2, 1000), (3, 500)]);
    // Two holds of 60 tokens cost 180 and up to 320 in whatever order.
    ledger.run(ask(&ledger, 2, use_of("ana", 60, 0))).unwrap();
    assert_eq!(last(&ledger), (Kind::Hold, 0));
    ledger.run(ask(&ledger, 3, use_of("ana", 60, 0))).unwrap();
    assert_eq!(last(&ledger), (Kind::Hold, 0));
    ledger.run(ask(&ledger, 4, use_of("ana", 60, 0))).unwrap();
    assert_eq!(last(&ledger), (Kind::Deny, ReasonCode::Credit as u16));
    ledger.run(commit(3, 60, 0)).unwrap();
    ledger.run(commit(2, 60, 0)).unwrap();
    assert_eq!(charged(&ledger), 300 + 200);
    assert_eq!(left(&ledger), [(2, 500), (3, 500)]);
    // The gift is drawn first by what it is for: it falls due to nobody.
    let mut draw = use_of("ana", 60, 0);
    draw.action = Some("draw".into());
    ledger.run(invoke(&ledger, 5, draw)).unwrap();
    assert_eq!((amount(&ledger), ledger.last().receipt.due.unwrap().minor), (600, 10));
    assert_eq!(left(&ledger), [(2, 400), (3, 0)]);
    // What is taken back goes to the lots it came from, the last first.
    ledger.run(correct(&ledger, 22, 5, 45, 0)).unwrap();
    assert_eq!(left(&ledger), [(2, 500), (3, 50)]);
    ledger.run(Command::Order(ledger.order(23, What::Reverse(id(5))))).unwrap();
    assert_eq!(left(&ledger), [(2, 500), (3, 500)]);
    // A commit that comes too late draws what is there; the rest falls due.
    ledger.run(ask(&ledger, 6, use_of("ana", 50, 0))).unwrap();
    ledger.now += HOUR;
    ledger.run(Command::Expire { call: id(6) }).unwrap();
    ledger.run(invoke(&ledger, 7, use_of("ana", 40, 0))).unwrap();
    ledger.run(commit(6, 50, 0)).unwrap();
    assert_eq!(last(&ledger).0, Kind::Late);
    assert_eq!(left(&ledger), [(2, 0), (3, 500)]);
    let total = ledger.state.totals().next().unwrap().1.clone();
    assert_eq!((total.charged, total.prepaid, total.gifted, total.due), (1400, 1000, 0, 140));
    sound(&ledger);
}

#[test]
fn a_renewal_is_paid_from_its_anchor() {
    let mut ledger = Ledger::new(RENEWING);
    let mut used = chat("ana", Some("acme"), 6);
    used.facts.clear();
    let at = |ledger: &mut Ledger, call, used_at, who: &str| {
        let mut request = chat("ana", Some(who), 6);
        request.sort();
        ledger.run(Command::Invoke(ledger.ask_for(call, used_at, request))).unwrap();
        (
            last(ledger).1,
            ledger.last().receipt.amount.map(|amount| amount.numerator),
            ledger.last().content.answer.grace,
        )
    };
    let lapsed = ReasonCode::Lapsed as u16;
    let grant = |who: &str| {
        let mut order = of_acme(&ledger, 20, What::Grant);
        order.request.organisation = Some(who.into());
        Command::Order(order)
    };
    let (apex, acme) = (grant("apex"), grant("acme"));
    assert_eq!(ledger.run(apex), Err(Refusal::NotHolder));
    ledger.run(acme).unwrap();
    assert_eq!(at(&mut ledger, 1, START, "acme").0, lapsed);
    // 31 January 2024: a month from it is 29 February, two are 31 March.
    let anchor = 1_706_659_200 * SECOND;
    ledger.now = anchor;
    assert_eq!(ledger.run(pay(&ledger, 21, 5, Purpose::Renewal(0))), Err(Refusal::Zero));
    assert_eq!(
        ledger.run(pay(&ledger, 21, 5, Purpose::Credit(Terms::default()))),
        Err(Refusal::Without("prepaid credit"))
    );
    ledger.run(pay(&ledger, 21, 5, Purpose::Renewal(1))).unwrap();
    at(&mut ledger, 2, anchor, "apex");
    let reasons: Vec<ReasonCode> =
        ledger.last().content.answer.reasons.iter().map(|reason| reason.code).collect();
    assert_eq!(reasons, [ReasonCode::Lapsed, ReasonCode::NotHolder]);
    let end = anchor + 29 * DAY;
    assert_eq!(at(&mut ledger, 3, anchor, "acme"), (0, Some(0), false));
    assert_eq!(at(&mut ledger, 4, end - 1, "acme"), (0, Some(2000), false));
    // The grace counts in the last paid period.
    assert_eq!(at(&mut ledger, 5, end, "acme"), (0, Some(6000), true));
    assert_eq!(at(&mut ledger, 6, end + 5 * DAY, "acme").0, lapsed);
    // Paid within the grace, the periods go on; the new one counts anew.
    ledger.now = end + 5 * DAY - 1;
    ledger.run(pay(&ledger, 22, 5, Purpose::Renewal(1))).unwrap();
    assert_eq!(at(&mut ledger, 7, end + 5 * DAY, "acme"), (0, Some(0), false));
    assert_eq!(at(&mut ledger, 8, anchor + 60 * DAY, "acme"), (0, Some(2000), true));
    // Paid after it, everything begins anew.
    ledger.now = anchor + 70 * DAY;
    ledger.run(pay(&ledger, 23, 5, Purpose::Renewal(2))).unwrap();
    let standing = ledger.state.standings().next().unwrap().1;
    assert_eq!((standing.renewal.unwrap().anchor, standing.renewal.unwrap().periods), (ledger.now as i64, 2));
    assert_eq!((standing.renewals, standing.grant), (15, Some(START as i64)));
    assert_eq!(at(&mut ledger, 9, anchor + 70 * DAY, "acme"), (0, Some(0), false));
    sound(&ledger);
}

#[test]
fn charges_at_close_and_floors() {
    let mut ledger = Ledger::new(CLOSING);
    let report = |ledger: &mut Ledger, call, user: &str, gigabytes: Option<u128>, calls| {
        let mut request = chat(user, Some("acme"), 0);
        request.action = Some("store".into());
        request.quantities = vec![("call".into(), calls)];
        request.quantities.extend(gigabytes.map(|count| ("gigabyte".into(), count)));
        let invoke = Command::Invoke(ledger.ask_for(call, ledger.now, request));
        ledger.run(invoke).unwrap();
        assert_eq!(last(ledger).0, Kind::Commit);
    };
    report(&mut ledger, 1, "ana", Some(40), 500);
    report(&mut ledger, 2, "bob", Some(501), 0);
    report(&mut ledger, 3, "bob", None, 100);
    // Two fees and 600 calls.
    assert_eq!(charged(&ledger), 2 * 950 + 1200);
    ledger.now = DECEMBER;
    let close = |ledger: &Ledger, id_of, index| {
        Command::Order(of_acme(ledger, id_of, What::Close(Span { kind: MONTH, index })))
    };
    ledger.run(close(&ledger, 20, 646)).unwrap();
    // 501 at 0.09, and what is missing to EUR 30.
    assert_eq!(amount(&ledger), 501 * 9 + 1800);
    // Nobody calls in December: from the first use on, the floor is owed.
    ledger.now = JANUARY;
    ledger.run(close(&ledger, 21, 647)).unwrap();
    assert_eq!(amount(&ledger), 3000);
    assert_eq!(ledger.run(close(&ledger, 22, 640)).map(|_| amount(&ledger)), Ok(0));
    assert_eq!(ledger.run(correct(&ledger, 23, 2, 0, 0)), Err(Refusal::Quantity("token".into())));
    // What was rated at a close is rated again: the highest report is 60, of the band to 500; the calls are 1,700, above
    // the floor.
    let mut change = ledger.order(24, What::Correct(id(2)));
    change.request.quantities = vec![("call".into(), 1100), ("gigabyte".into(), 60)];
    let before = charged(&ledger);
    ledger.run(Command::Order(change)).unwrap();
    assert_eq!(charged(&ledger), before + 2200 - 1800 - 501 * 9 + 3500);
    // And once more without it: the highest is 40, in the free band, and the floor is missed again.
    ledger.run(Command::Order(ledger.order(25, What::Reverse(id(2))))).unwrap();
    assert_eq!(charged(&ledger), before - 501 * 9);
    ledger.run(Command::Order(ledger.order(26, What::Reverse(id(3))))).unwrap();
    // The second user's fee goes with his last use.
    assert_eq!(charged(&ledger), before - 501 * 9 - 950);
    sound(&ledger);
}

#[test]
fn only_the_entitled_give_orders() {
    let mut ledger = Ledger::new(METERED);
    let (ours, theirs) = (SigningKey::from_seed(&[5; 32]), SigningKey::from_seed(&[6; 32]));
    let gateway = ledger.state.epoch().unwrap().gateway;
    let licence = *ledger.policies.values().next().unwrap().policy().licence_id();
    let signed = |ledger: &Ledger, id_of, key: &SigningKey, what| {
        let mut order = of_acme(ledger, id_of, what);
        order.sign(&gateway, &licence, key);
        order
    };
    // Nobody is entitled yet: a warrant says too much.
    let early = signed(&ledger, 20, &ours, What::Grant);
    assert_eq!(ledger.run(Command::Order(early)), Err(Refusal::NotEntitled));
    let keys = vec![ours.verifying_key().to_bytes()];
    let entitled = vec![(Kind::Grant, keys.clone()), (Kind::Payment, keys)];
    let config = Config { entitled: entitled.clone(), lateness: Some(HOUR), ahead: Some(SECOND) };
    let unsorted = Config { entitled: entitled.into_iter().rev().collect(), ..config.clone() };
    let configure = |id_of, config: &Config| Command::Configure { id: id(id_of), config: config.clone() };
    assert_eq!(ledger.run(configure(1, &unsorted)), Err(Refusal::Config));
    ledger.run(configure(1, &config)).unwrap();
    assert!(matches!(ledger.run(configure(1, &config)), Ok(Step::Repeat(_))));
    assert_eq!(ledger.run(configure(1, &Config::default())), Err(Refusal::Conflict));
    let grant = Command::Order(of_acme(&ledger, 20, What::Grant));
    assert_eq!(ledger.run(grant), Err(Refusal::NoWarrant));
    let foreign = signed(&ledger, 20, &theirs, What::Grant);
    assert_eq!(ledger.run(Command::Order(foreign)), Err(Refusal::NotEntitled));
    let good = signed(&ledger, 20, &ours, What::Grant);
    for change in 0..4 {
        let mut bad = good.clone();
        match change {
            0 => bad.id = id(21),
            1 => bad.at = bad.at.map(|at| at + 1),
            2 => bad.request.organisation = Some("apex".into()),
            _ => bad.what = What::Pay(5, Purpose::Account),
        }
        assert_eq!(ledger.run(Command::Order(bad)), Err(Refusal::BadWarrant), "{change}");
    }
    ledger.run(Command::Order(good.clone())).unwrap();
    assert!(ledger.last().receipt.auth.is_some());
    assert!(matches!(ledger.run(Command::Order(good)), Ok(Step::Repeat(_))));
    // What needs no warrant needs none; uses must be of about now.
    ledger.run(Command::Order(of_acme(&ledger, 22, What::Accept))).unwrap();
    for (at, fine) in
        [(ledger.now - HOUR, true), (ledger.now - HOUR - 1, false), (ledger.now + SECOND + 1, false)]
    {
        let command = Command::Invoke(ledger.ask_for(at, at, use_of("ana", 1, 0)));
        assert_eq!(ledger.run(command).err(), (!fine).then_some(Refusal::Clocks));
    }
    sound(&ledger);
    // A gateway that forges the signature is found by the audit.
    let at = ledger.events.iter().position(|event| event.receipt.auth.is_some()).unwrap();
    let mut event = ledger.events[at].clone();
    event.content.warrant.as_mut().unwrap().signature[0] ^= 1;
    let opening = licit_ledger::receipt::Opening::new(
        event.opening.salt,
        [2; 16],
        event.kept.encode(),
        &event.content.encode(),
    );
    event.receipt.opening = opening.commitment();
    let mut audit = Audit::new(&ledger.policies);
    for earlier in &ledger.events[..at] {
        audit.leaf(&earlier.receipt.encode().unwrap(), Some(&earlier.opening.encode().unwrap()));
    }
    let verdict = audit.leaf(&event.receipt.encode().unwrap(), Some(&opening.encode().unwrap()));
    assert_eq!(verdict, Verdict::Failed(Failure::Refused(Refusal::BadWarrant)));
}

#[test]
fn many_denials_are_one_event() {
    let mut ledger = Ledger::new(METERED);
    let who = Request { user: Some("ana".into()), ..Request::default() };
    let denials = |count, from, to| Command::Denials { id: id(1), who: who.clone(), count, from, to };
    assert_eq!(ledger.run(denials(0, START, START)), Err(Refusal::Zero));
    assert_eq!(ledger.run(denials(2, START, START - 1)), Err(Refusal::Instant));
    let before = ledger.state.clone();
    ledger.run(denials(1000, START - HOUR, START)).unwrap();
    assert_eq!((last(&ledger).0, phase(&ledger, 1)), (Kind::Deny, Phase::Recorded));
    assert!(matches!(ledger.run(denials(1000, START - HOUR, START)), Ok(Step::Repeat(_))));
    assert_eq!(ledger.run(denials(1001, START - HOUR, START)), Err(Refusal::Conflict));
    assert_eq!(ledger.run(commit(1, 0, 0)), Err(Refusal::NotACall));
    assert_eq!(ledger.run(invoke(&ledger, 1, use_of("ana", 1, 1))), Err(Refusal::Conflict));
    assert!(before.counters().eq(ledger.state.counters()));
    sound(&ledger);
}

#[test]
fn a_call_that_is_settled_by_itself_is_corrected_by_itself() {
    let mut ledger = Ledger::new(BY_CALL);
    let tokens = |ledger: &Ledger, id_of, call, count| {
        let request = Request { quantities: vec![("token".into(), count)], ..Request::default() };
        Command::Order(Order { request, ..ledger.order(id_of, What::Correct(id(call))) })
    };
    let due = |ledger: &Ledger| {
        let due = ledger.last().receipt.due.unwrap();
        (due.negative, due.minor)
    };
    for call in [1, 2] {
        ledger.run(invoke(&ledger, call, chat("ana", None, 1))).unwrap();
        assert_eq!(due(&ledger), (false, 2));
    }
    // 1.5 cents were 2; 4.5 cents are 5; nothing is nothing.
    ledger.run(tokens(&ledger, 20, 1, 3)).unwrap();
    assert_eq!(due(&ledger), (false, 3));
    let shared = |ledger: &Ledger| {
        let accounts = Accounts::of(&ledger.state, &ledger.policies);
        let payees = accounts.shares[0].payees.iter().map(|payee| payee.payable);
        (accounts.shares[0].due, payees.collect::<Vec<_>>())
    };
    // 5 in thirds are 2, 2, 1; 2 are 1, 1, 0.
    assert_eq!(shared(&ledger), (7, vec![3, 3, 1]));
    ledger.run(tokens(&ledger, 21, 1, 2)).unwrap();
    assert_eq!((due(&ledger), shared(&ledger)), ((true, 2), (5, vec![2, 2, 1])));
    ledger.run(Command::Order(ledger.order(22, What::Reverse(id(1))))).unwrap();
    assert_eq!((due(&ledger), shared(&ledger)), ((true, 3), (2, vec![1, 1, 0])));
    let span = Span { kind: 7, index: 0 };
    assert_eq!(ledger.run(Command::Order(ledger.order(23, What::Close(span)))), Err(Refusal::NoWindow));
    sound(&ledger);
}

#[test]
fn what_is_about_other_licences_or_nobody_is_refused() {
    let mut ledger = Ledger::new(METERED);
    let other = licence(BY_CALL);
    let foreign = *other.policy().module_id();
    ledger.policies.insert(foreign, other);
    ledger.run(invoke(&ledger, 1, use_of("ana", 5, 1))).unwrap();
    let order = Order { module: foreign, ..ledger.order(20, What::Reverse(id(1))) };
    assert_eq!(ledger.run(Command::Order(order)), Err(Refusal::OtherLicence));
    let order = Order { at: Some(1), ..ledger.order(20, What::Reverse(id(1))) };
    assert_eq!(ledger.run(Command::Order(order)), Err(Refusal::Instant));
    let order = Order { at: None, ..of_acme(&ledger, 20, What::Grant) };
    assert_eq!(ledger.run(Command::Order(order)), Err(Refusal::Instant));
    let order = Order { at: Some(u64::MAX), ..of_acme(&ledger, 20, What::Grant) };
    assert_eq!(ledger.run(Command::Order(order)), Err(Refusal::Instant));
    for what in [
        What::Grant,
        What::Accept,
        What::Facts,
        What::Pay(1, Purpose::Account),
        What::Seat { released: false },
    ] {
        assert_eq!(ledger.run(Command::Order(ledger.order(20, what))), Err(Refusal::Nobody));
    }
    let seat = Order { module: foreign, ..of_acme(&ledger, 20, What::Seat { released: false }) };
    let seat = Order { request: Request { user: Some("ana".into()), ..seat.request }, ..seat };
    assert_eq!(ledger.run(Command::Order(seat)), Err(Refusal::Without("seats")));
    let odd = of_acme(&ledger, 20, What::Close(Span { kind: MONTH, index: i64::MAX }));
    assert!(matches!(ledger.run(Command::Order(odd)), Err(Refusal::NoWindow | Refusal::WindowOpen)));
    assert_eq!(ledger.state.leaves(), 2);
    sound(&ledger);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is asked, paid and committed in whatever order: a commit in time is covered by credit to the last part.
    #[test]
    fn a_commit_in_time_never_lacks_credit(
        acts in prop::collection::vec((0u8..10, 0u128..60, 0u128..5, any::<bool>(), any::<prop::sample::Index>()), 1..60),
    ) {
        let mut ledger = Ledger::new(PREPAID);
        let mut held: Vec<(u64, u128, u128)> = Vec::new();
        for ((which, tokens, calls, draws, at), number) in acts.into_iter().zip(1u64..) {
            let mut request = use_of("ana", tokens, calls);
            request.action = Some(if draws { "draw" } else { "chat" }.into());
            match which {
                0 => {
                    let actions = match tokens % 3 {
                        0 => vec![],
                        1 => vec!["chat".to_owned()],
                        _ => vec!["draw".to_owned()],
                    };
                    let expires = (tokens % 4 == 0).then_some((ledger.now + HOUR) as i64);
                    let terms = Terms { priority: calls as u16, gift: draws, actions, expires };
                    ledger.run(pay(&ledger, 1000 + number, 1 + tokens, Purpose::Credit(terms))).unwrap();
                }
                1..6 => {
                    ledger.run(ask(&ledger, number, request)).unwrap();
                    if last(&ledger).0 == Kind::Hold {
                        held.push((number, tokens, calls));
                    }
                }
                6 => drop(ledger.run(invoke(&ledger, number, request)).unwrap()),
                7 => ledger.now += 60 * SECOND,
                _ if held.is_empty() => continue,
                _ => {
                    let (call, tokens, calls) = held.remove(at.index(held.len()));
                    if ledger.state.hold(&id(call)).unwrap().is_over(ledger.now) {
                        ledger.run(Command::Expire { call: id(call) }).unwrap();
                        continue;
                    }
                    let less = if which == 8 { 0 } else { tokens / 2 };
                    ledger.run(commit(call, tokens - less, calls)).unwrap();
                }
            }
            if ledger.last().receipt.kind == Kind::Commit {
                let Kept::Commit { settled: Some(settled), .. } = &ledger.last().kept else { panic!("no charge") };
                let drawn: i128 = settled.draws.iter().map(|draw| draw.parts).sum();
                prop_assert_eq!(drawn, amount(&ledger) as i128);
            }
        }
        sound(&ledger);
    }
}

#[test]
fn what_a_licensee_paid_fits_one_sum() {
    let mut ledger = Ledger::new(METERED);
    let most = i128::MAX.unsigned_abs();
    let pay = |ledger: &mut Ledger, number, minor| {
        let order = of_acme(ledger, number, What::Pay(minor, Purpose::Account));
        ledger.run(Command::Order(order)).map(|_| ())
    };
    assert_eq!(pay(&mut ledger, 20, most - 1), Ok(()));
    assert_eq!(pay(&mut ledger, 21, 2), Err(Refusal::Overflow));
    assert_eq!(pay(&mut ledger, 22, 1), Ok(()));
    assert_eq!(pay(&mut ledger, 23, 1), Err(Refusal::Overflow));
    sound(&ledger);
}
