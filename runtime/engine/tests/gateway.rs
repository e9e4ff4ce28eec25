//! The engine as a gateway uses it.

mod common;

use std::collections::BTreeSet;

use common::*;
use licit_engine::ledger::{Accounts, Fault as MoneyFault};
use licit_engine::receipt::{Kind, SigningKey, Verifier};
use licit_engine::{
    CallId, Engine, Error, Licensee, Options, Phase, Refusal, Request, Value, Verdict, audit,
};

fn gateway(disk: Option<&MemoryDisk>) -> (Engine, [u8; 32]) {
    let mut engine = open(disk, Options::default()).expect("it opens");
    let module = engine.load(&monthly()).expect("it loads").module;
    (engine, module)
}

#[test]
fn a_ledger_in_memory_is_a_ledger() {
    let (mut engine, module) = gateway(None);
    for call in 1..=3 {
        engine.invoke(module, id(call), START, chat(100)).expect("it is decided");
    }
    assert!(engine.invoke(module, id(1), START, chat(100)).expect("it is answered").repeated);
    engine.flush().expect("nothing can fail");
    assert_eq!(engine.durable(), 4);
    assert!(engine.invoke(module, id(2), START, chat(100)).expect("it is answered").repeated);
    let accounts = engine.accounts();
    assert!(accounts.balances());
    let account = &accounts.accounts[0];
    assert_eq!((account.total.charged, account.total.due, account.currency.as_str()), (900, 90, "EUR"));
    let licensee = account.key.licensee.expect("it has a name");
    assert_eq!(engine.names().get(&licensee), Some("acme"));
    let salt = engine.state().epoch().expect("it is open").salt;
    assert_eq!(licit_engine::Id::new(&salt, Licensee::Organisation("acme")), licensee);
    let proof = engine.prove(2).expect("it is there");
    let verifier = Verifier::new(
        &licit_engine::receipt::checkpoint::origin(&key().verifying_key().gateway(), 1),
        key().verifying_key(),
    );
    let head =
        licit_engine::receipt::Checkpoint::open(proof.checkpoint.as_bytes(), &verifier.expect("a good key"));
    assert_eq!(head.expect("it is signed").root, proof.root);
}

#[test]
fn holds_survive_a_restart_and_end_by_themselves() {
    let disk = MemoryDisk::default();
    let (mut engine, module) = gateway(Some(&disk));
    for call in 1..=3 {
        let held =
            engine.ask(module, id(call), START, chat(100), START + 600 * SECOND).expect("it is decided");
        assert_eq!(held.phase, Phase::Held);
    }
    engine.close().expect("it closes");
    let (mut engine, _) = gateway(Some(&disk));
    let billed = engine.commit(id(1), vec![("token".into(), 60)]).expect("it is billed");
    assert_eq!(billed.receipt.amount.expect("it has a price").numerator, 180);
    assert_eq!(engine.release(id(2)).expect("it is released").phase, Phase::Released);
    assert_eq!(engine.state().holds().count(), 1);
    // Every look at the clock is a second.
    for _ in 0..700 {
        engine.expire().expect("it ticks");
    }
    assert_eq!(engine.state().call(&id(3)).expect("it is known").phase, Phase::Expired);
    let late = engine.commit(id(3), vec![("token".into(), 60)]).expect("it is recorded");
    assert_eq!((late.phase, late.receipt.amount.map(|amount| amount.numerator)), (Phase::Late, Some(180)));
    assert!(engine.state().counters().all(|(_, sum)| sum.held == 0));
    engine.close().expect("it closes");
    let report = audit(&disk, Some(&key().verifying_key()), &mut |_, _| {}).expect("it can be audited");
    assert!(report.passes());
    assert_eq!((report.signed, report.state.leaves()), (8, 8));
}

#[test]
fn what_is_erased_is_gone_and_the_rest_still_holds() {
    let disk = MemoryDisk::default();
    let (mut engine, module) = gateway(Some(&disk));
    let mut request = chat(10);
    request.user = Some("somebody with a name".into());
    request.facts = vec![("secret".into(), Value::Text("very".into()))];
    engine.invoke(module, id(1), START, request.clone()).expect("it is decided");
    engine.flush().expect("it is written");
    engine.invoke(module, id(2), START, chat(10)).expect("it is decided");
    engine.ask(module, id(3), START, chat(10), START + 600 * SECOND).expect("it is decided");
    let before = engine.state().clone();
    assert!(matches!(engine.erase(&BTreeSet::from([1, 3])), Err(Error::OpenHold(3))));
    assert!(matches!(engine.erase(&BTreeSet::from([9])), Err(Error::NoLeaf(9))));
    engine.erase(&BTreeSet::from([1])).expect("it is erased");
    assert!(engine.names().iter().all(|(_, name)| name != "somebody with a name"));
    for word in ["somebody with a name", "secret", "very"] {
        let bytes = disk.bytes(licit_engine::OPENINGS);
        assert!(!bytes.windows(word.len()).any(|bytes| bytes == word.as_bytes()), "`{word}` is still there");
    }
    assert!(matches!(engine.invoke(module, id(1), START, request), Err(Error::Refused(Refusal::Erased))));
    engine.invoke(module, id(4), START, chat(10)).expect("it goes on");
    engine.close().expect("it closes");
    let mut verdicts = Vec::new();
    let report =
        audit(&disk, None, &mut |_, verdict| verdicts.push(verdict.clone())).expect("it can be audited");
    assert!(report.passes(), "{:?}", report.findings);
    let expected = [
        Verdict::Reexecuted,
        Verdict::Verified,
        Verdict::Reexecuted,
        Verdict::Reexecuted,
        Verdict::Reexecuted,
    ];
    assert_eq!(verdicts, expected);
    let (engine, _) = gateway(Some(&disk));
    assert_eq!(engine.state().totals().count(), before.totals().count());
    assert_eq!(engine.entry(1).expect("it reads").content, None);
}

#[test]
fn the_clock_never_runs_backwards_in_the_log() {
    let mut times = vec![START, START + 5, START + 1, 0, START + 7].into_iter();
    let clock = move || times.next().unwrap_or(START);
    let salts = Box::new(licit_engine::DerivedSalts::new([1; 32]));
    let mut engine = Engine::open(None, key(), Box::new(clock), salts, Options::default()).expect("it opens");
    let module = engine.load(&monthly()).expect("it loads").module;
    for call in 0..8 {
        engine.invoke(module, id(call), START, chat(1)).expect("it is decided");
    }
    let logged: Vec<u64> =
        (0..9).map(|leaf| engine.entry(leaf).expect("it reads").receipt.at.logged).collect();
    assert!(logged.is_sorted(), "{logged:?}");
}

#[test]
fn the_same_secret_makes_the_same_log_and_another_secret_another() {
    let log = |secret: u8| {
        let disk = MemoryDisk::default();
        let salts = Box::new(licit_engine::DerivedSalts::new([secret; 32]));
        let mut engine =
            Engine::open(Some(Box::new(disk.clone())), key(), Box::new(|| START), salts, Options::default())
                .expect("it opens");
        let module = engine.load(&monthly()).expect("it loads").module;
        let call = engine.new_call().expect("derived");
        engine.invoke(module, call, START, chat(1)).expect("it is decided");
        engine.close().expect("it closes");
        (disk.bytes(licit_engine::LOG), disk.bytes(licit_engine::OPENINGS))
    };
    assert_eq!(log(1), log(1));
    assert_ne!(log(1), log(2));
}

#[test]
fn new_calls_are_uuids_of_version_7() {
    let (mut engine, _) = gateway(None);
    let calls: BTreeSet<CallId> = (0..100).map(|_| engine.new_call().expect("derived")).collect();
    assert_eq!(calls.len(), 100);
    for call in calls {
        assert_eq!((call[6] >> 4, call[8] >> 6), (7, 2));
        assert_eq!(
            u64::from_be_bytes([0, 0, call[0], call[1], call[2], call[3], call[4], call[5]]) / 1_000_000,
            START / 1_000_000_000
        );
    }
}

#[test]
fn another_module_is_unknown_until_it_is_loaded() {
    let disk = MemoryDisk::default();
    let mut engine = open(Some(&disk), Options::default()).expect("it opens");
    let answer = engine.invoke([1; 32], id(1), START, Request::default());
    assert!(matches!(answer, Err(Error::Refused(Refusal::UnknownModule(_)))));
    assert!(matches!(engine.load(b"no module"), Err(Error::Policy { file: None, .. })));
    let module = engine.load(&monthly()).expect("it loads").module;
    engine.invoke(module, id(1), START, chat(1)).expect("it is decided");
    engine.close().expect("it closes");
    // Its modules are in the directory: nothing has to be loaded again.
    let mut engine = open(Some(&disk), Options::default()).expect("it opens");
    engine.invoke(module, id(2), START, chat(1)).expect("it is decided");
    engine.close().expect("it closes");
    let without = disk.copy();
    for name in without.names().iter().filter(|name| name.starts_with("policies/")) {
        without.put(name, Vec::new());
    }
    let mut failed = 0;
    let report =
        audit(&without, None, &mut |_, verdict| failed += u64::from(matches!(verdict, Verdict::Failed(_))));
    let report = report.expect("it can be audited");
    assert_eq!((report.counts.failed, failed), (2, 2));
    assert!(matches!(report.accounts.faults[..], [MoneyFault::UnknownLicence(_)]));
}

#[test]
fn an_audit_for_another_gateway_fails() {
    let disk = MemoryDisk::default();
    gateway(Some(&disk)).0.close().expect("it closes");
    let other = SigningKey::from_seed(&[8; 32]).verifying_key();
    let report = audit(&disk, Some(&other), &mut |_, _| {}).expect("it can be audited");
    assert!(!report.passes());
    let empty = MemoryDisk::default();
    assert!(matches!(audit(&empty, None, &mut |_, _| {}), Err(Error::NoLedger)));
}

#[test]
fn group_commit_flushes_by_itself() {
    let disk = MemoryDisk::default();
    let mut engine = open(Some(&disk), Options { group: 5, checkpoint_every: 10, ..Options::default() })
        .expect("it opens");
    let module = engine.load(&monthly()).expect("it loads").module;
    let mut durable = Vec::new();
    for call in 0..12 {
        let answer = engine.invoke(module, id(call), START, chat(1)).expect("it is decided");
        assert_eq!((answer.receipt.seq, answer.receipt.kind), (call + 1, Kind::Commit));
        durable.push(engine.durable());
    }
    assert_eq!(durable, [1, 1, 1, 1, 6, 6, 6, 6, 6, 11, 11, 11]);
    let signed = engine.checkpoint().expect("it is written").lines().nth(1).map(str::to_string);
    assert_eq!(signed.as_deref(), Some("11"));
    assert!(Accounts::of(engine.state(), engine.policies()).balances());
}

#[test]
fn every_command_goes_through_the_gateway() {
    use licit_engine::ledger::{Order, What};
    let disk = MemoryDisk::default();
    let (engine, module) = gateway(Some(&disk));
    let gateway = licit_engine::Gateway::new(engine, licit_engine::Settings::default()).expect("it starts");
    let ask =
        |call| gateway.ask(module, id(call), START, chat(10), START + 3600 * SECOND).expect("it is decided");
    for call in 1..=4 {
        assert_eq!(ask(call).phase, Phase::Held);
    }
    let tokens = |count| vec![("token".to_string(), count)];
    assert_eq!(gateway.extend(id(1), tokens(30)).expect("it is larger").phase, Phase::Held);
    assert_eq!(gateway.commit(id(1), tokens(25)).expect("it is billed").phase, Phase::Committed);
    assert_eq!(gateway.fail(id(2)).expect("it is recorded").phase, Phase::Failed);
    assert_eq!(gateway.release(id(3)).expect("it is given back").phase, Phase::Released);
    // A hold is renewed as far as its ask allows.
    let renewed = gateway.renew(id(4), START + 7200 * SECOND);
    assert!(matches!(renewed, Err(Error::Refused(_))), "{renewed:?}");
    let use_5 = licit_engine::ledger::Ask { call: id(5), module, used_at: START, request: chat(10) };
    let (until, latest) = ((START + 3600 * SECOND) as i64, (START + 9000 * SECOND) as i64);
    let command = licit_engine::ledger::Command::Ask { ask: use_5, until, latest: Some(latest) };
    gateway.answer(&command).expect("it is decided");
    assert_eq!(gateway.renew(id(5), START + 7200 * SECOND).expect("it is renewed").phase, Phase::Held);
    let end = gateway.with(|state, _| state.hold(&id(5)).map(|hold| hold.until)).expect("it looks");
    assert_eq!(end, Some((START + 7200 * SECOND) as i64));
    let order = |what, id, at| Order { id, module, at, request: chat(20), what, warrant: None };
    let corrected = gateway.order(order(What::Correct(id(1)), id(100), None)).expect("it is corrected");
    assert_eq!(corrected.receipt.kind, Kind::Correct);
    let again = gateway.order(order(What::Correct(id(1)), id(100), None)).expect("it is answered");
    assert_eq!((again.repeated, again.receipt.seq), (true, corrected.receipt.seq));
    let reversed = gateway.order(order(What::Reverse(id(1)), id(101), None)).expect("it is taken back");
    assert_eq!(reversed.receipt.kind, Kind::Reversal);
    let granted = gateway.order(order(What::Grant, id(102), Some(START))).expect("it is granted");
    assert_eq!(granted.phase, Phase::Recorded);
    // From now on corrections need a warrant.
    let keys = vec![SigningKey::from_seed(&[9; 32]).verifying_key().to_bytes()];
    let entitled = vec![(Kind::Correct, keys)];
    let config = licit_engine::ledger::Config { entitled, ..licit_engine::ledger::Config::default() };
    gateway.configure(config).expect("it is in force");
    let refused = gateway.order(order(What::Correct(id(1)), id(103), None));
    assert!(matches!(refused, Err(Error::Refused(_))));
    assert!(gateway.accounts().expect("it adds up").balances());
    gateway.drain(std::time::Duration::ZERO).expect("it closes");
    let report = audit(&disk, Some(&key().verifying_key()), &mut |leaf, verdict| {
        assert_eq!(*verdict, Verdict::Reexecuted, "leaf {leaf}");
    });
    assert!(report.expect("it can be audited").passes());
}
