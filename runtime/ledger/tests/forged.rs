//! Gateways that lie: logs whose every hash holds, but that say what the licences do not. An audit that has the licences
//! must fail the leaf of the lie by name.

mod common;

use common::*;
use licit_ledger::receipt::{Kind, Opening, Reference, SigningKey};
use licit_ledger::{
    Accounts, Audit, Command, Config, Event, Failure, FoldError, Kept, KeptLine, LineOf, Order, Purpose,
    Refusal, Request, SeatOf, Settled, Span, State, Terms, Value, Verdict, What,
};

const MONTH: u8 = 3;
const QUARTER: u8 = 4;
/// 2023-12-01 and 2024-01-01, both at midnight.
const DECEMBER: u64 = 1_701_388_800 * SECOND;
const JANUARY: u64 = DECEMBER + 31 * DAY;
const NOVEMBER_INDEX: i64 = 646;
const LAST_QUARTER: i64 = 215;

const PILOT: &str = include_str!("statements/pilot.lasm");

fn use_of(user: &str, tokens: u128, calls: u128, broken: bool) -> Request {
    let mut request = chat(user, Some("acme"), tokens);
    request.quantities.push(("call".into(), calls));
    request.facts.push(("broken".into(), Value::Truth(broken)));
    request.sort();
    request
}

fn acme() -> Request {
    Request { organisation: Some("acme".into()), ..Request::default() }
}

fn order(ledger: &Ledger, id_of: u64, what: What, request: Request) -> Command {
    Command::Order(Order { request, ..ledger.order(id_of, what) })
}

fn quantities(tokens: u128, calls: u128) -> Vec<(String, u128)> {
    vec![("call".into(), calls), ("token".into(), tokens)]
}

/// Keys for evidence, ours and a stranger's.
fn keys() -> (SigningKey, SigningKey) {
    (SigningKey::from_seed(&[21; 32]), SigningKey::from_seed(&[22; 32]))
}

/// A story in which everything of the metered licence stands once, run by a gateway with this idea of the licence.
/// What the gateway refuses it leaves out.
fn metered(ledger: &mut Ledger) {
    let run = |ledger: &mut Ledger, command: Command| drop(ledger.run(command));
    let (ours, _) = keys();
    let entitled = vec![(Kind::Evidence, vec![ours.verifying_key().to_bytes()])];
    let config = Config { entitled, ..Config::default() };
    run(ledger, Command::Configure { id: id(90), config });
    let invoke = |ledger: &Ledger, call, request| Command::Invoke(ledger.ask_for(call, ledger.now, request));
    let ask = |ledger: &Ledger, call, request| {
        let until = (ledger.now + HOUR) as i64;
        Command::Ask { ask: ledger.ask_for(call, ledger.now, request), until, latest: None }
    };
    let command = invoke(ledger, 1, use_of("ana", 130, 1, false));
    run(ledger, command);
    let command = ask(ledger, 2, use_of("bob", 50, 1, false));
    run(ledger, command);
    // A third seat, a third call at once, too much of a day, too much money.
    for (call, request) in [
        (3, use_of("cyn", 1, 0, false)),
        (4, use_of("ana", 900, 0, false)),
        (5, use_of("ana", 0, 300, false)),
        (6, use_of("ana", 1, 0, true)),
    ] {
        let command = invoke(ledger, call, request);
        run(ledger, command);
    }
    run(ledger, Command::Commit { call: id(2), quantities: quantities(40, 1) });
    let command = ask(ledger, 7, use_of("bob", 10, 1, false));
    run(ledger, command);
    run(ledger, Command::Extend { call: id(7), quantities: quantities(20, 1) });
    run(ledger, Command::Release { call: id(7) });
    let correct = order(
        ledger,
        80,
        What::Correct(id(1)),
        Request { quantities: quantities(120, 1), ..Request::default() },
    );
    run(ledger, correct);
    ledger.now = DECEMBER;
    let close = What::Close(Span { kind: MONTH, index: NOVEMBER_INDEX });
    let command = order(ledger, 81, close, acme());
    run(ledger, command);
    let command = invoke(ledger, 8, use_of("ana", 600, 2, false));
    run(ledger, command);
    let mut facts = Order { request: acme(), ..ledger.order(82, What::Facts) };
    facts.request.facts = vec![("broken".into(), Value::Truth(true))];
    let gateway = ledger.state.epoch().expect("the log is open").gateway;
    facts.sign(&gateway, &[&[0x5a; 1][..], &[0; 30], &[5]].concat().try_into().expect("32 bytes"), &ours);
    run(ledger, Command::Order(facts));
    let command = invoke(ledger, 9, use_of("ana", 1, 0, false));
    run(ledger, command);
    ledger.now = JANUARY;
    for (id_of, kind, index) in [(83, MONTH, NOVEMBER_INDEX + 1), (84, QUARTER, LAST_QUARTER)] {
        let command = order(ledger, id_of, What::Close(Span { kind, index }), acme());
        run(ledger, command);
    }
    let reverse = order(ledger, 85, What::Reverse(id(8)), Request::default());
    run(ledger, reverse);
}

/// Credit, a gift, uses and corrections, closed for the month and for the quarter, in which royalties are shared.
fn pilot(ledger: &mut Ledger) {
    let run = |ledger: &mut Ledger, command: Command| drop(ledger.run(command));
    let gift = Terms { gift: true, priority: 0, ..Terms::default() };
    let paid = Terms { priority: 1, ..Terms::default() };
    for (id_of, minor, terms) in [(80, 100, gift), (81, 1500, paid)] {
        let command = order(ledger, id_of, What::Pay(minor, Purpose::Credit(terms)), acme());
        run(ledger, command);
    }
    for (call, tokens, calls) in [(1, 500, 1), (2, 400, 3), (3, 900, 1)] {
        let mut request = chat("ana", Some("acme"), tokens);
        request.quantities.push(("call".into(), calls));
        request.sort();
        let command = Command::Invoke(ledger.ask_for(call, ledger.now, request));
        run(ledger, command);
    }
    let account = order(ledger, 82, What::Pay(5, Purpose::Account), acme());
    run(ledger, account);
    ledger.now = JANUARY;
    for (id_of, kind, index) in
        [(83, MONTH, NOVEMBER_INDEX), (84, MONTH, NOVEMBER_INDEX + 1), (85, QUARTER, LAST_QUARTER)]
    {
        let command = order(ledger, id_of, What::Close(Span { kind, index }), acme());
        run(ledger, command);
    }
    let request = Request { quantities: quantities(100, 3), ..Request::default() };
    let correct = order(ledger, 86, What::Correct(id(2)), request);
    run(ledger, correct);
}

/// The bytes that a gateway would write of an event.
fn written(event: &Event, erased: bool) -> (Vec<u8>, Vec<u8>) {
    let mut opening = Opening::new(event.opening.salt, [2; 16], event.kept.encode(), &event.content.encode());
    let receipt = licit_ledger::receipt::Receipt { opening: opening.commitment(), ..event.receipt.clone() };
    if erased {
        opening.erase();
    }
    (receipt.encode().expect("it encodes"), opening.encode().expect("it encodes"))
}

/// The verdicts of an auditor who has the licences as they are, and the state that the log comes to.
fn audited(honest: &Ledger, events: &[Event], erased: &dyn Fn(&Event) -> bool) -> (Vec<Verdict>, State) {
    let past = events
        .iter()
        .filter(|event| !erased(event))
        .map(|event| (event.receipt.seq, past_of(event)))
        .collect();
    let past: std::collections::BTreeMap<u64, licit_ledger::Past> = past;
    let mut audit = Audit::new(&honest.policies).looking_back(&past);
    let verdicts = events
        .iter()
        .map(|event| {
            let (leaf, opening) = written(event, erased(event));
            audit.leaf(&leaf, Some(&opening))
        })
        .collect();
    (verdicts, audit.state().clone())
}

fn past_of(event: &Event) -> licit_ledger::Past {
    licit_ledger::Past {
        receipt: event.receipt.clone(),
        kept: event.kept.clone(),
        content: Some(event.content.clone()),
    }
}

/// The first leaf that fails, and how.
fn first_failure(honest: &Ledger, events: &[Event]) -> Option<(u64, Kind, Failure)> {
    let (verdicts, _) = audited(honest, events, &|_| false);
    verdicts.into_iter().zip(events).find_map(|(verdict, event)| match verdict {
        Verdict::Failed(failure) => Some((event.receipt.seq, event.receipt.kind, failure)),
        _ => None,
    })
}

/// A gateway that carries out the story by another text of the licence, under the name of the honest one.
fn lying(honest: &str, change: (&str, &str), story: fn(&mut Ledger)) -> Ledger {
    assert!(honest.contains(change.0), "{change:?}");
    let mut ledger = Ledger::new(honest);
    ledger.policies.insert(ledger.module, licence(&honest.replacen(change.0, change.1, 1)));
    story(&mut ledger);
    // Its receipts say that the honest module decided.
    let module = ledger.module;
    for event in &mut ledger.events {
        if event.receipt.module.is_some() {
            event.receipt.module = Some(module);
        }
    }
    ledger
}

fn honest(text: &str, story: fn(&mut Ledger)) -> Ledger {
    let mut ledger = Ledger::new(text);
    story(&mut ledger);
    assert_eq!(first_failure(&ledger, &ledger.events), None);
    let uses = ledger.events.iter().filter(|event| event.receipt.kind == Kind::Commit).count();
    assert_eq!(uses, 3, "the story is carried out");
    ledger
}

#[test]
fn a_gateway_with_another_idea_of_the_licence_fails_where_it_shows() {
    let good = honest(METERED, metered);
    let kinds: Vec<Kind> = good.events.iter().map(|event| event.receipt.kind).collect();
    for kind in [Kind::Hold, Kind::Extend, Kind::Commit, Kind::Deny, Kind::Evidence, Kind::Reversal] {
        assert!(kinds.contains(&kind), "{kind:?} of {kinds:?}");
    }
    assert_eq!(kinds.iter().filter(|kind| **kind == Kind::Close).count(), 3);
    for (change, kind) in [
        // A price, a cap of a price, a fee.
        (("rate=8", "rate=9"), Kind::Commit),
        (("amount=100 key=user", "amount=99 key=user"), Kind::Commit),
        (("(unit=0 rate=7)", "(unit=0 rate=6)"), Kind::Commit),
        (("cap=1400 floor", "cap=1399 floor"), Kind::Commit),
        // Limits: a day's, of money, of seats.
        (("cap=1000 key=organisation window=day", "cap=2000 key=organisation window=day"), Kind::Commit),
        (("amount=3000", "amount=30000"), Kind::Commit),
        (("(clause=5 cap=2", "(clause=5 cap=3"), Kind::Commit),
        // An end that is none, parts that are others.
        (("compare(fact=0 cmp=eq k=1)", "compare(fact=0 cmp=eq k=0)"), Kind::Deny),
        (("num=1 den=50", "num=1 den=25"), Kind::Close),
        (("num=1 den=3) (handle=\"b\" num=2 den=3", "num=2 den=3) (handle=\"b\" num=1 den=3"), Kind::Close),
    ] {
        let bad = lying(METERED, change, metered);
        let (seq, found, failure) = first_failure(&good, &bad.events).unwrap_or_else(|| panic!("{change:?}"));
        assert_eq!(found, kind, "{change:?}: leaf {seq}, {failure}");
    }
    let good = honest(PILOT, pilot);
    for (change, kind) in [
        (("num=1 den=10 basis=charges", "num=1 den=100 basis=charges"), Kind::Close),
        (("num=1 den=2 basis=royalty", "num=1 den=1 basis=royalty"), Kind::Close),
        (("(start=1000 rate=2)", "(start=1000 rate=1)"), Kind::Commit),
    ] {
        let bad = lying(PILOT, change, pilot);
        let (seq, found, failure) = first_failure(&good, &bad.events).unwrap_or_else(|| panic!("{change:?}"));
        assert_eq!(found, kind, "{change:?}: leaf {seq}, {failure}");
    }
}

/// What is erased cannot be decided again, but who has what of a closed window follows from what is kept.
#[test]
fn royalties_that_are_dropped_are_found_although_the_close_is_erased() {
    for (text, story, change) in [
        (PILOT, pilot as fn(&mut Ledger), ("num=1 den=10 basis=charges", "num=1 den=100 basis=charges")),
        (METERED, metered, ("num=1 den=50", "num=1 den=25")),
    ] {
        let good = honest(text, story);
        let (verdicts, state) = audited(&good, &good.events, &|_| true);
        assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Verified));
        assert!(Accounts::of(&state, &good.policies).balances());
        let bad = lying(text, change, story);
        let (verdicts, state) = audited(&good, &bad.events, &|_| true);
        let failed: Vec<(Kind, &Verdict)> = bad
            .events
            .iter()
            .zip(&verdicts)
            .filter(|(_, verdict)| **verdict != Verdict::Verified)
            .map(|(event, verdict)| (event.receipt.kind, verdict))
            .collect();
        assert_eq!(failed.first(), Some(&(Kind::Close, &Verdict::Failed(Failure::Parts))), "{failed:?}");
        assert!(!Accounts::of(&state, &good.policies).balances());
    }
}

/// One event of an honest log is changed, and everything about it that hangs on it; the rest is as it was.
fn changed(ledger: &Ledger, kind: Kind, change: &dyn Fn(&mut Event)) -> Verdict {
    let at = ledger.events.iter().rposition(|event| event.receipt.kind == kind).expect("there is one");
    let mut events = ledger.events.clone();
    change(&mut events[at]);
    audited(ledger, &events, &|_| false).0[at].clone()
}

fn settled(kept: &mut Kept) -> &mut Settled {
    match kept {
        Kept::Commit { settled: Some(settled), .. }
        | Kept::Correct { settled: Some(settled), .. }
        | Kept::Close { settled: Some(settled), .. } => settled,
        other => panic!("it has no money: {other:?}"),
    }
}

fn differs(field: &'static str) -> Verdict {
    Verdict::Failed(Failure::Differs(field))
}

#[test]
fn an_event_that_is_changed_with_all_that_hangs_on_it_fails() {
    let ledger = honest(METERED, metered);
    // A call more, with its price and its rounded sum.
    let dearer = |event: &mut Event| {
        event.receipt.amount.as_mut().expect("it charges").numerator += 10;
        event.receipt.due.as_mut().expect("it is due").minor += 1;
        settled(&mut event.kept).lines.last_mut().expect("it has lines").amount += 10;
    };
    assert_eq!(changed(&ledger, Kind::Commit, &dearer), differs("amount"));
    // A line that nobody asked for and that costs nothing.
    let line = |event: &mut Event| {
        let of = LineOf::Floor { charge: 1, case: 0 };
        settled(&mut event.kept).lines.push(KeptLine { of, quantity: 1, amount: 0 });
    };
    assert_eq!(changed(&ledger, Kind::Commit, &line), differs("opening"));
    // A seat is invented, one is hidden.
    let seat = |event: &mut Event| match &mut event.kept {
        Kept::Commit { seats, .. } => seats.clear(),
        other => panic!("{other:?}"),
    };
    assert_eq!(changed(&ledger, Kind::Commit, &seat), differs("opening"));
    let seat = |event: &mut Event| match &mut event.kept {
        Kept::Hold { held, .. } => {
            held.seats.insert(0, SeatOf { counter: 1, key: licit_ledger::vm::Key::Organisation });
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(changed(&ledger, Kind::Hold, &seat), differs("opening"));
    // A hold that holds no money, one for ever.
    let unheld = |event: &mut Event| match &mut event.kept {
        Kept::Hold { held, .. } => (held.spends, held.flat) = (Vec::new(), 0),
        other => panic!("{other:?}"),
    };
    assert_eq!(changed(&ledger, Kind::Hold, &unheld), differs("opening"));
    let forever = |event: &mut Event| match &mut event.kept {
        Kept::Hold { until, latest, .. } => (*until, *latest) = (i64::MAX - 1, None),
        other => panic!("{other:?}"),
    };
    assert_eq!(changed(&ledger, Kind::Hold, &forever), differs("opening"));
    // Ends that the facts do not make true; facts that do not make it true.
    let ends = |event: &mut Event| match &mut event.kept {
        Kept::Facts { ends, .. } => ends.clear(),
        other => panic!("{other:?}"),
    };
    assert_eq!(changed(&ledger, Kind::Evidence, &ends), differs("opening"));
    let facts = |event: &mut Event| event.content.request.facts[0].1 = Value::Truth(false);
    let bad = Verdict::Failed(Failure::Refused(Refusal::BadWarrant));
    assert_eq!(changed(&ledger, Kind::Evidence, &facts), bad);
    // A correction of another size, of another call, a close that gives to whom it likes.
    let more = |event: &mut Event| event.receipt.quantities[0].count += 1;
    assert_eq!(changed(&ledger, Kind::Correct, &more), differs("quantities"));
    let other = |event: &mut Event| match &mut event.kept {
        Kept::Correct { call, .. } => *call = id(2),
        other => panic!("{other:?}"),
    };
    assert!(matches!(changed(&ledger, Kind::Correct, &other), Verdict::Failed(_)));
    let paid = |event: &mut Event| match &mut event.kept {
        Kept::Close { paid, .. } => paid.rotate_left(1),
        other => panic!("{other:?}"),
    };
    assert_eq!(changed(&ledger, Kind::Close, &paid), differs("opening"));
    // A denial that is another's fault, or was none.
    let reason = |event: &mut Event| event.receipt.decision = Some(10);
    assert_eq!(changed(&ledger, Kind::Deny, &reason), differs("decision"));
    let released = |event: &mut Event| event.receipt.reference = Some(Reference::Leaf(1));
    assert!(matches!(changed(&ledger, Kind::Release, &released), Verdict::Failed(_)));
}

#[test]
fn evidence_by_a_key_that_is_not_entitled_fails() {
    let ledger = honest(METERED, metered);
    let gateway = ledger.state.epoch().expect("the log is open").gateway;
    let by = |key: Option<SigningKey>| {
        changed(&ledger, Kind::Evidence, &|event| {
            let receipt = &mut event.receipt;
            let licence = receipt.licence.expect("it is of a licence");
            let mut order = Order {
                id: receipt.call.expect("it has an id"),
                module: ledger.module,
                at: Some(receipt.at.used),
                request: event.content.request.clone(),
                what: What::Facts,
                warrant: None,
            };
            if let Some(key) = &key {
                order.sign(&gateway, &licence, key);
            }
            let hash = order.hash(&gateway, &licence);
            receipt.auth = order.warrant.as_ref().map(|warrant| warrant.auth(&hash));
            event.content.warrant = order.warrant;
        })
    };
    let (ours, theirs) = keys();
    assert_eq!(by(Some(ours)), Verdict::Reexecuted);
    assert_eq!(by(Some(theirs)), Verdict::Failed(Failure::Refused(Refusal::NotEntitled)));
    let unsigned = by(None);
    assert!(
        matches!(
            unsigned,
            Verdict::Failed(Failure::Refused(Refusal::NoWarrant) | Failure::Fold(FoldError::Field("auth")))
        ),
        "{unsigned:?}"
    );
}

/// Two uses that change places, with their numbers and instants: each was priced behind the other.
#[test]
fn events_in_another_order_fail() {
    let ledger = honest(PILOT, pilot);
    let at =
        ledger.events.iter().position(|event| event.receipt.kind == Kind::Commit).expect("there is one") + 1;
    let mut events = ledger.events.clone();
    events.swap(at, at + 1);
    for (event, was) in events.iter_mut().zip(&ledger.events) {
        (event.receipt.seq, event.receipt.at.logged) = (was.receipt.seq, was.receipt.at.logged);
    }
    let (seq, _, failure) = first_failure(&ledger, &events).expect("it is found");
    assert_eq!((seq, failure), (at as u64, Failure::Differs("amount")));
    // A use is left out, and all that follow move up.
    let mut events = ledger.events.clone();
    events.remove(at);
    for (event, seq) in events.iter_mut().zip(0..) {
        event.receipt.seq = seq;
    }
    let (seq, ..) = first_failure(&ledger, &events).expect("it is found");
    assert_eq!(seq, at as u64);
}
