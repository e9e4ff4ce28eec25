//! The rules of the ledger one by one, where a random sequence would seldom come by.

mod common;

use common::*;
use licit_ledger::receipt::{Kind, Opening, Receipt, Reference};
use licit_ledger::vm::{DutyStatus, ReasonCode};
use licit_ledger::{
    Accounts, Audit, Command, DutyKey, Failure, FoldError, Held, Kept, Order, Phase, Refusal, Request, State,
    Step, Verdict, What, Who, fold,
};

fn commit(call: u64, tokens: u128) -> Command {
    Command::Commit { call: id(call), quantities: vec![("token".into(), tokens)] }
}

fn ask(ledger: &Ledger, call: u64, tokens: u128) -> Command {
    let until = (ledger.now + HOUR) as i64;
    Command::Ask { ask: ledger.ask_for(call, START, chat("ana", Some("acme"), tokens)), until, latest: None }
}

fn order(ledger: &Ledger, id: u64, what: What, request: Request) -> Command {
    let names = Request { user: request.user, organisation: request.organisation, ..Request::default() };
    Command::Order(Order { request: names, ..ledger.order(id, what) })
}

fn repeated(step: Result<Step, Refusal>) -> Phase {
    match step {
        Ok(Step::Repeat(call)) => call.phase,
        other => panic!("not a repetition: {other:?}"),
    }
}

#[test]
fn a_call_is_answered_once() {
    let mut ledger = Ledger::new(MONTHLY);
    let first = Command::Invoke(ledger.ask_for(1, START, chat("ana", Some("acme"), 10)));
    ledger.run(first.clone()).expect("it is decided");
    assert_eq!(repeated(ledger.run(first)), Phase::Committed);
    for (user, organisation, tokens, at) in [
        ("bob", Some("acme"), 10, START),
        ("ana", Some("apex"), 10, START),
        ("ana", None, 10, START),
        ("ana", Some("acme"), 11, START),
        ("ana", Some("acme"), 10, START + 1),
    ] {
        let other = Command::Invoke(ledger.ask_for(1, at, chat(user, organisation, tokens)));
        assert_eq!(ledger.run(other), Err(Refusal::Conflict));
    }
    let denied = Command::Invoke(ledger.ask_for(2, START, chat("ana", Some("acme"), 1001)));
    ledger.run(denied.clone()).expect("it is denied, and logged");
    assert_eq!(ledger.last().content.answer.reasons[0].code, ReasonCode::Over);
    assert_eq!(repeated(ledger.run(denied)), Phase::Denied);
    assert_eq!(ledger.state.leaves(), 3);
    ledger.past.get_mut(&1).unwrap().content = None;
    let first = Command::Invoke(ledger.ask_for(1, START, chat("ana", Some("acme"), 10)));
    assert_eq!(ledger.run(first), Err(Refusal::Erased));
}

#[test]
fn every_refusal_has_its_name() {
    let mut ledger = Ledger::new(MONTHLY);
    ledger.run(ask(&ledger, 1, 100)).expect("it is held");
    assert_eq!(ledger.run(commit(9, 1)), Err(Refusal::UnknownCall));
    assert_eq!(ledger.run(Command::Release { call: id(9) }), Err(Refusal::UnknownCall));
    assert_eq!(ledger.run(Command::Expire { call: id(1) }), Err(Refusal::NotEnded));
    assert_eq!(ledger.run(commit(1, 101)), Err(Refusal::Quantity("token".into())));
    let unheld = Command::Commit { call: id(1), quantities: vec![("call".into(), 1)] };
    assert_eq!(ledger.run(unheld), Err(Refusal::Quantity("call".into())));
    let twice = vec![("token".into(), 1), ("token".into(), 1)];
    assert_eq!(ledger.run(Command::Commit { call: id(1), quantities: twice }), Err(Refusal::Unsorted));
    ledger.run(Command::Release { call: id(1) }).expect("it is released");
    assert_eq!(repeated(ledger.run(Command::Release { call: id(1) })), Phase::Released);
    assert_eq!(ledger.run(commit(1, 1)), Err(Refusal::AlreadyEnded(Phase::Released)));

    let mut unknown = ledger.ask_for(2, START, chat("ana", Some("acme"), 1));
    unknown.module = [0; 32];
    assert_eq!(ledger.run(Command::Invoke(unknown)), Err(Refusal::UnknownModule([0; 32])));
    let mut doubled = ledger.ask_for(2, START, chat("ana", Some("acme"), 1));
    doubled.request.quantities.push(("token".into(), 1));
    assert_eq!(ledger.run(Command::Invoke(doubled)), Err(Refusal::Unsorted));
    let late = ledger.ask_for(2, u64::MAX, chat("ana", Some("acme"), 1));
    assert!(matches!(ledger.run(Command::Invoke(late)), Err(Refusal::Malformed(_))));
    let past = Command::Ask {
        ask: ledger.ask_for(2, START, chat("ana", Some("acme"), 1)),
        until: ledger.now as i64,
        latest: None,
    };
    assert_eq!(ledger.run(past), Err(Refusal::Until));
    let long = ledger.ask_for(2, START, chat(&"a".repeat(1 << 20), None, 1));
    assert_eq!(ledger.run(Command::Invoke(long)), Err(Refusal::TooLong));
    let duty = order(&ledger, 7, What::Done(1), chat("ana", None, 0));
    assert_eq!(ledger.run(duty), Err(Refusal::UnknownDuty(1)));
    ledger.now -= 1;
    assert_eq!(ledger.run(commit(1, 1)), Err(Refusal::Clock));
    assert_eq!(ledger.state.leaves(), 3);

    let mut irrevocable = Ledger::new(BY_CALL);
    let notice = order(&irrevocable, 1, What::Revoke, Request::default());
    assert_eq!(irrevocable.run(notice), Err(Refusal::Irrevocable));
}

#[test]
fn a_commit_is_priced_in_log_order_and_counts_what_was_used() {
    let mut ledger = Ledger::new(MONTHLY);
    ledger.run(ask(&ledger, 1, 800)).expect("it is held");
    let other = ledger.ask_for(2, START, chat("bob", Some("acme"), 900));
    ledger.run(Command::Invoke(other)).expect("it is decided");
    assert_eq!(ledger.last().receipt.amount.unwrap().numerator, 900 * 3);
    // 100 units are left at 3, the rest is at 2.
    ledger.run(commit(1, 700)).expect("it is billed");
    let receipt = &ledger.last().receipt;
    assert_eq!(receipt.amount.unwrap().numerator, 100 * 3 + 600 * 2);
    assert_eq!(receipt.reference, Some(Reference::Leaf(1)));
    assert_eq!(receipt.quantities.iter().map(|quantity| quantity.count).collect::<Vec<_>>(), [700]);
    assert_eq!(repeated(ledger.run(commit(1, 700))), Phase::Committed);
    assert_eq!(ledger.run(commit(1, 699)), Err(Refusal::Conflict));
    for (_, sum) in ledger.state.counters() {
        assert_eq!(sum.held, 0);
    }
    // 4.200 euros are 420 cents.
    let accounts = Accounts::of(&ledger.state, &ledger.policies);
    assert_eq!((accounts.accounts[0].total.charged, accounts.accounts[0].total.due), (4200, 420));
    let payable: Vec<i128> = accounts.shares[0].payees.iter().map(|payee| payee.payable).collect();
    assert_eq!((payable, accounts.shares[0].residue), (vec![168, 126, 84, 42], 0));
}

#[test]
fn a_hold_ends_by_itself_and_gives_back() {
    let mut ledger = Ledger::new(MONTHLY);
    ledger.run(ask(&ledger, 1, 1000)).expect("it is held");
    ledger.run(ask(&ledger, 2, 1)).expect("it is denied");
    assert_eq!(ledger.last().receipt.kind, Kind::Deny);
    ledger.now += HOUR;
    assert_eq!(ledger.state.ended(ledger.now), Some(id(1)));
    assert_eq!(ledger.run(Command::Release { call: id(1) }), Err(Refusal::AlreadyEnded(Phase::Expired)));
    assert_eq!(ledger.run(Command::Failed { call: id(1) }), Err(Refusal::AlreadyEnded(Phase::Expired)));
    ledger.run(Command::Expire { call: id(1) }).expect("it has ended");
    assert_eq!(ledger.state.ended(ledger.now), None);
    ledger.run(ask(&ledger, 3, 1000)).expect("there is room again");
    assert_eq!(ledger.last().receipt.kind, Kind::Hold);
}

#[test]
fn an_overdue_duty_suspends_until_it_is_done() {
    let mut ledger = Ledger::new(MONTHLY);
    let at = |ledger: &mut Ledger, call, used_at| {
        ledger
            .run(Command::Invoke(ledger.ask_for(call, used_at, chat("ana", Some("acme"), 1))))
            .expect("decided");
        ledger.last().receipt.decision.unwrap()
    };
    assert_eq!(at(&mut ledger, 1, START), 0);
    let who = match &ledger.last().kept {
        Kept::Commit { who, .. } => *who,
        kept => panic!("{kept:?}"),
    };
    let key = DutyKey { licence: ledger.last().receipt.licence.unwrap(), licensee: who.licensee(), duty: 0 };
    assert_eq!(ledger.state.duty(&key), DutyStatus::Pending { due: (START + HOUR) as i64 });
    assert_eq!(at(&mut ledger, 2, START + HOUR - 1), 0);
    assert_eq!(at(&mut ledger, 3, START + HOUR), ReasonCode::Suspended as u16);
    let by = chat("someone else", Some("acme"), 0);
    ledger.run(order(&ledger, 9, What::Done(0), by)).expect("it is noted");
    assert_eq!(ledger.state.duty(&key), DutyStatus::Done);
    assert_eq!(at(&mut ledger, 4, START + 2 * HOUR), 0);
    assert_eq!(ledger.state.duty(&key), DutyStatus::Done);
}

#[test]
fn a_notice_revokes_from_its_period_on() {
    let mut ledger = Ledger::new(MONTHLY);
    for (id, at) in [(11, START + HOUR), (12, START), (13, START + DAY)] {
        let notice = Order { at: Some(at), ..ledger.order(id, What::Revoke) };
        ledger.run(Command::Order(notice)).expect("it is noted");
    }
    for (call, used_at, decision) in [(1, START + 60 * SECOND - 1, 0), (2, START + 60 * SECOND, 2)] {
        let ask = ledger.ask_for(call, used_at, chat("ana", Some("acme"), 1));
        ledger.run(Command::Invoke(ask)).expect("it is decided");
        assert_eq!(ledger.last().receipt.decision, Some(decision));
    }
}

#[test]
fn calls_are_settled_and_shared_one_by_one() {
    let mut ledger = Ledger::new(BY_CALL);
    for call in 0..5 {
        let ask = ledger.ask_for(call, START, chat("ana", None, 1));
        ledger.run(Command::Invoke(ask)).expect("it is decided");
        // 1.5 cents, rounded up; of two thirds each, the first two get one.
        assert_eq!(ledger.last().receipt.due.unwrap().minor, 2);
    }
    let accounts = Accounts::of(&ledger.state, &ledger.policies);
    assert!(accounts.balances(), "{:?}", accounts.faults);
    let payable: Vec<i128> = accounts.shares[0].payees.iter().map(|payee| payee.payable).collect();
    assert_eq!((payable, accounts.shares[0].residue), (vec![5, 5, 0], 0));
    assert_eq!(accounts.accounts[0].total.commits, 5);
    let remainder = accounts.accounts[0].remainder.unwrap();
    assert!(remainder.negative);
    assert_eq!((remainder.amount.numerator, remainder.amount.denominator), (1, 40));
}

#[test]
fn windows_of_money_are_those_of_the_calendar() {
    let mut ledger = Ledger::new(ZONED);
    // 2026-03-31, in the calendar two hours ahead: 21:59:59 is March there, 22:00 is April, of another quarter.
    let midnight = 1_774_994_400 * SECOND;
    for (call, used_at, tokens) in
        [(1, midnight - SECOND, 5), (2, midnight, 10), (3, midnight + 40 * DAY, 20)]
    {
        let ask = ledger.ask_for(call, used_at, chat("ana", None, tokens));
        ledger.run(Command::Invoke(ask)).expect("it is decided");
    }
    let accounts = Accounts::of(&ledger.state, &ledger.policies);
    assert!(accounts.balances(), "{:?}", accounts.faults);
    let month = |index| (3, index);
    let totals =
        accounts.accounts.iter().map(|a| ((a.key.span.kind, a.key.span.index), a.total.charged, a.total.due));
    // March to May 2026; 1.5 cents are a tie, and 2 is even.
    assert_eq!(totals.collect::<Vec<_>>(), [(month(674), 15, 2), (month(675), 30, 3), (month(676), 60, 6)]);
    let shares = accounts.shares.iter().map(|s| {
        let payees: Vec<(i128, i128)> =
            s.payees.iter().map(|payee| (payee.payable, payee.at_close)).collect();
        (s.key.span.index, s.due, payees, s.residue)
    });
    // The first two quarters of 2026.
    let expected = [(224, 2, vec![(1, 1), (0, 1)], 1), (225, 9, vec![(6, 6), (3, 3)], 0)];
    assert_eq!(shares.collect::<Vec<_>>(), expected);
}

#[test]
fn a_total_that_does_not_fit_is_refused_not_wrapped() {
    let mut ledger = Ledger::new(BY_CALL);
    let most = ((1u128 << 127) - 1) / 15;
    let mut refused = 0;
    for call in 0..4 {
        let ask = ledger.ask_for(call, START, chat("ana", None, most));
        let before = ledger.state.clone();
        match ledger.run(Command::Invoke(ask)) {
            Ok(_) => assert_eq!(ledger.last().receipt.kind, Kind::Commit),
            Err(refusal) => {
                assert_eq!(refusal, Refusal::Overflow);
                assert_eq!(before, ledger.state);
                refused += 1;
            }
        }
    }
    // Totals are kept with a sign: one of 127 bits is the most.
    assert_eq!(refused, 3);
}

/// A ledger with one event of every kind.
fn eventful() -> Ledger {
    let mut ledger = Ledger::new(MONTHLY);
    for call in 1..5 {
        ledger.run(ask(&ledger, call, 100)).expect("it is held");
    }
    ledger.run(commit(1, 60)).expect("it is billed");
    ledger.run(Command::Release { call: id(2) }).expect("it is released");
    let invoke = Command::Invoke(ledger.ask_for(5, START, chat("ana", Some("acme"), 5)));
    ledger.run(invoke).expect("it is decided");
    let deny = Command::Invoke(ledger.ask_for(6, START, chat("ana", None, 5)));
    ledger.run(deny).expect("it is denied");
    let by = chat("ana", Some("acme"), 0);
    ledger.run(order(&ledger, 20, What::Done(0), by)).expect("it is noted");
    let notice = Order { at: Some(START + DAY), ..ledger.order(21, What::Revoke) };
    ledger.run(Command::Order(notice)).expect("it is noted");
    ledger.now += HOUR;
    ledger.run(Command::Expire { call: id(3) }).expect("it has ended");
    ledger
}

/// The leaves and openings of a ledger, as bytes.
fn bytes(ledger: &Ledger) -> Vec<(Vec<u8>, Vec<u8>)> {
    ledger
        .events
        .iter()
        .map(|event| (event.receipt.encode().unwrap(), event.opening.encode().unwrap()))
        .collect()
}

fn verdicts(ledger: &Ledger, leaves: &[(Vec<u8>, Vec<u8>)]) -> Vec<Verdict> {
    let mut audit = Audit::new(&ledger.policies);
    leaves.iter().map(|(leaf, opening)| audit.leaf(leaf, Some(opening))).collect()
}

#[test]
fn every_changed_byte_of_a_leaf_or_opening_fails_its_leaf_or_is_an_input() {
    let ledger = eventful();
    let leaves = bytes(&ledger);
    assert!(verdicts(&ledger, &leaves).iter().all(|verdict| *verdict == Verdict::Reexecuted));
    for (index, (leaf, opening)) in leaves.iter().enumerate() {
        for at in 0..leaf.len() + opening.len() {
            let mut changed = leaves[..=index].to_vec();
            match at.checked_sub(leaf.len()) {
                None => changed[index].0[at] ^= 1 << (at % 8),
                Some(at) => changed[index].1[at] ^= 1 << (at % 8),
            }
            let verdict = verdicts(&ledger, &changed).pop().unwrap();
            if !matches!(verdict, Verdict::Failed(_)) {
                // The call's id, the instants and the epoch's number are inputs that stand in the leaf alone: with
                // others it is another event that could have happened. The signed head tells, and the engine's
                // audit compares it.
                let mut receipt = Receipt::decode(&changed[index].0).unwrap();
                let claimed = &ledger.events[index].receipt;
                (receipt.call, receipt.at, receipt.epoch) = (claimed.call, claimed.at, claimed.epoch);
                assert_eq!(receipt, *claimed, "byte {at} of leaf {index}");
                assert!(at < leaf.len());
            }
        }
    }
}

#[test]
fn dropped_doubled_and_swapped_leaves_are_named() {
    let ledger = eventful();
    let leaves = bytes(&ledger);
    let failed = |leaves: &[(Vec<u8>, Vec<u8>)]| {
        let verdicts = verdicts(&ledger, leaves);
        let first = verdicts.iter().position(|verdict| matches!(verdict, Verdict::Failed(_)));
        first.map(|first| (first, verdicts[first].clone()))
    };
    let mut dropped = leaves.clone();
    dropped.remove(3);
    assert_eq!(failed(&dropped), Some((3, Verdict::Failed(Failure::Sequence(4)))));
    let mut doubled = leaves.clone();
    doubled.insert(3, leaves[2].clone());
    assert_eq!(failed(&doubled), Some((3, Verdict::Failed(Failure::Sequence(2)))));
    let mut swapped = leaves.clone();
    swapped.swap(3, 4);
    assert_eq!(failed(&swapped), Some((3, Verdict::Failed(Failure::Sequence(4)))));
    let mut crossed = leaves;
    (crossed[3].1, crossed[4].1) = (crossed[4].1.clone(), crossed[3].1.clone());
    assert_eq!(failed(&crossed), Some((3, Verdict::Failed(Failure::Commitment))));
}

/// A gateway that writes what it likes, with openings that match.
#[test]
fn a_forged_decision_is_found_although_every_hash_holds() {
    let ledger = eventful();
    let at = ledger.events.iter().position(|event| event.receipt.kind == Kind::Commit).unwrap();
    let forge = |change: &dyn Fn(&mut licit_ledger::Event)| {
        let mut event = ledger.events[at].clone();
        change(&mut event);
        let blind = [2; 16];
        event.opening = Opening::new(event.opening.salt, blind, event.kept.encode(), &event.content.encode());
        event.receipt.opening = event.opening.commitment();
        let mut leaves = bytes(&ledger);
        leaves[at] = (event.receipt.encode().unwrap(), event.opening.encode().unwrap());
        verdicts(&ledger, &leaves)[at].clone()
    };
    let differs = |field| Verdict::Failed(Failure::Differs(field));
    assert_eq!(forge(&|_| {}), Verdict::Reexecuted);
    // The amount must be the sum of the lines, whoever decides it.
    let amount = |event: &mut licit_ledger::Event| event.receipt.amount.as_mut().unwrap().numerator += 1;
    assert_eq!(forge(&amount), Verdict::Failed(Failure::Fold(FoldError::Amount)));
    assert_eq!(forge(&|event| event.receipt.due.as_mut().unwrap().minor += 1), differs("due"));
    assert_eq!(forge(&|event| event.receipt.quantities[0].count -= 1), differs("quantities"));
    assert_eq!(forge(&|event| event.receipt.decision = Some(13)), differs("decision"));
    assert_eq!(forge(&|event| event.receipt.consumer = Some([1; 32])), differs("an optional field"));
    assert_eq!(forge(&|event| event.content.touched.used[0] += 1), differs("opening"));
    assert_eq!(forge(&|event| event.content.answer.lines[0].amount += 1), differs("opening"));
    let count = |event: &mut licit_ledger::Event| {
        if let Kept::Commit { counts, .. } = &mut event.kept {
            counts[0].quantity -= 1;
        }
    };
    assert_eq!(forge(&count), differs("opening"));
    assert_eq!(
        forge(&|event| event.content.request.quantities[0].1 = 101),
        Verdict::Failed(Failure::Refused(Refusal::Quantity("token".into())))
    );
    assert_eq!(forge(&|event| event.receipt.module = Some([0; 32])), differs("licence"));
}

#[test]
fn an_event_that_cannot_follow_is_refused_and_changes_nothing() {
    let ledger = eventful();
    let state = ledger.state.clone();
    let template = ledger.events[ledger.events.len() - 1].receipt.clone();
    let try_fold = |change: &dyn Fn(&mut licit_ledger::receipt::Receipt), kept: &Kept| {
        let mut receipt = template.clone();
        receipt.seq = state.leaves();
        change(&mut receipt);
        let mut after: State = state.clone();
        let folded = fold(&mut after, &receipt, kept);
        assert!(folded.is_ok() || after == state, "nothing was changed");
        folded
    };
    let who = Who::default();
    let done = Kept::Done { who, duty: 0 };
    assert_eq!(try_fold(&|_| {}, &Kept::End), Err(FoldError::Call));
    assert_eq!(
        try_fold(&|receipt| receipt.seq -= 1, &Kept::End),
        Err(FoldError::Sequence { expected: 12, found: 11 })
    );
    assert_eq!(try_fold(&|receipt| receipt.at.logged -= 1, &Kept::End), Err(FoldError::Clock));
    assert_eq!(try_fold(&|receipt| receipt.epoch += 1, &Kept::End), Err(FoldError::Foreign));
    assert_eq!(try_fold(&|receipt| receipt.kind = Kind::EpochOpen, &Kept::End), Err(FoldError::EpochOpen));
    assert_eq!(try_fold(&|receipt| receipt.kind = Kind::Seat, &Kept::End), Err(FoldError::Kept));
    assert_eq!(try_fold(&|_| {}, &done), Err(FoldError::Kept));
    let open = |receipt: &mut licit_ledger::receipt::Receipt| {
        receipt.call = Some(id(4));
        receipt.reference = Some(Reference::Leaf(9));
    };
    assert_eq!(try_fold(&open, &Kept::End), Err(FoldError::Reference));
    let count = licit_ledger::Count { counter: 0, key: licit_ledger::vm::Key::User, window: 0, quantity: 1 };
    let held = Held { who, counts: vec![count], ..Held::default() };
    let hold = Kept::Hold { held, until: i64::MAX, latest: None };
    let as_hold = |receipt: &mut licit_ledger::receipt::Receipt| {
        receipt.kind = Kind::Hold;
        receipt.call = Some(id(99));
    };
    assert_eq!(try_fold(&as_hold, &hold), Err(FoldError::Who));
}
