//! Snapshots: opening from one comes to the same as opening without, and a wrong one is never believed.

mod common;

use std::collections::BTreeSet;

use common::*;
use licit_engine::receipt::SigningKey;
use licit_engine::{Engine, LOG, Options, Phase, SNAPSHOT, State, audit};

const LATER: u64 = START + 86_400 * SECOND;

fn options() -> Options {
    Options { group: 4, checkpoint_every: 6, snapshot_every: 10 }
}

/// Does some work under ids from one on: uses, holds that stay open and one that is extended.
fn work(disk: &MemoryDisk, from: u64) -> [u8; 32] {
    let mut engine = open(Some(disk), options()).expect("it opens");
    let module = engine.load(&monthly()).expect("it loads").module;
    for call in from..from + 8 {
        engine.invoke(module, id(call), START, chat(10)).expect("it is decided");
    }
    for call in from + 8..from + 11 {
        let held = engine.ask(module, id(call), START, chat(50), LATER).expect("it is decided");
        assert_eq!(held.phase, Phase::Held);
    }
    engine.extend(id(from + 9), vec![("token".into(), 60)]).expect("it is larger now");
    engine.release(id(from + 10)).expect("it is given back");
    engine.close().expect("it closes");
    module
}

/// What opening without a snapshot comes to.
fn truth(disk: &MemoryDisk) -> State {
    let disk = disk.copy();
    disk.remove(SNAPSHOT);
    let engine = open(Some(&disk), options()).expect("it opens");
    assert_eq!((engine.recovery().snapshot, engine.recovery().snapshot_unfit), (None, false));
    engine.state().clone()
}

/// Opens a copy; whether its snapshot was used. What it comes to is the same either way.
fn used(disk: &MemoryDisk) -> bool {
    let copy = disk.copy();
    let engine = open(Some(&copy), options()).expect("it opens");
    assert!(*engine.state() == truth(disk), "another state");
    let recovery = engine.recovery();
    assert_ne!(recovery.snapshot.is_some(), recovery.snapshot_unfit);
    recovery.snapshot.is_some()
}

#[test]
fn opening_from_a_snapshot_is_opening() {
    let disk = MemoryDisk::default();
    let module = work(&disk, 0);
    work(&disk, 100);
    assert!(used(&disk));
    let mut engine = open(Some(&disk), options()).expect("it opens");
    let snapshot = engine.recovery().snapshot.expect("it is used");
    assert!(snapshot > 10 && snapshot < engine.durable(), "there is more in the log: {snapshot}");
    // Everything before it is still known and can be read.
    let again = engine.invoke(module, id(2), START, chat(10)).expect("it is answered");
    assert_eq!((again.repeated, again.receipt.seq), (true, 3));
    let first = engine.entry(1).expect("it reads");
    assert_eq!(engine.names().get(&first.kept.who().and_then(|who| who.user).expect("ana")), Some("ana"));
    // Holds go on from where they were.
    let billed = engine.commit(id(9), vec![("token".into(), 60)]).expect("it is billed");
    assert_eq!(billed.receipt.amount.map(|amount| amount.numerator), Some(180));
    engine.release(id(8)).expect("it is given back");
    engine.prove(2).expect("it is in the log");
    engine.close().expect("it closes");
    assert!(audit(&disk, None, &mut |_, _| {}).expect("it can be audited").passes());
    assert!(used(&disk));
}

#[test]
fn the_log_before_it_is_not_read() {
    let disk = MemoryDisk::default();
    work(&disk, 0);
    let mut log = disk.bytes(LOG);
    // The first leaf's own bytes.
    log[60] ^= 1;
    disk.put(LOG, log);
    let engine = open(Some(&disk), options()).expect("it opens");
    assert!(engine.recovery().snapshot.is_some());
    // But whoever reads it finds out.
    engine.entry(0).expect_err("it is damaged");
    drop(engine);
    assert!(!audit(&disk, None, &mut |_, _| {}).expect("it can be audited").passes());
}

#[test]
fn a_damaged_one_is_not_used() {
    let disk = MemoryDisk::default();
    work(&disk, 0);
    let snapshot = disk.bytes(SNAPSHOT);
    for at in 0..snapshot.len() {
        let mut damaged = snapshot.clone();
        damaged[at] ^= 1 << (at % 8);
        disk.put(SNAPSHOT, damaged);
        if at % 16 == 0 || at < 20 {
            assert!(!used(&disk), "byte {at}");
        }
    }
    for cut in (0..snapshot.len()).step_by(37) {
        disk.put(SNAPSHOT, snapshot[..cut].to_vec());
        assert!(!used(&disk), "cut at {cut}");
    }
    disk.put(SNAPSHOT, [snapshot.clone(), vec![0]].concat());
    assert!(!used(&disk), "one byte more");
    disk.put(SNAPSHOT, snapshot);
    assert!(used(&disk));
}

#[test]
fn one_of_another_log_is_not_used() {
    let disk = MemoryDisk::default();
    work(&disk, 0);
    let early = disk.bytes(SNAPSHOT);
    work(&disk, 100);
    let late = disk.bytes(SNAPSHOT);
    assert_ne!(early, late);
    // An earlier one of this log fits as well.
    disk.put(SNAPSHOT, early.clone());
    assert!(used(&disk));
    // A log of the same gateway that went another way.
    let other = MemoryDisk::default();
    work(&other, 300);
    work(&other, 400);
    for snapshot in [&early, &late] {
        other.put(SNAPSHOT, snapshot.clone());
        assert!(!used(&other));
    }
    // The log came back from a backup that is older than the snapshot.
    let backup = MemoryDisk::default();
    work(&backup, 0);
    backup.put(SNAPSHOT, late);
    assert!(!used(&backup));
    // One that another gateway signed.
    let stranger = MemoryDisk::default();
    let salts = Box::new(licit_engine::DerivedSalts::new([3; 32]));
    let mut now = START;
    let clock = move || {
        now += SECOND;
        now
    };
    let key = SigningKey::from_seed(&[8; 32]);
    let mut engine = Engine::open(Some(Box::new(stranger.clone())), key, Box::new(clock), salts, options())
        .expect("it opens");
    engine.write_snapshot().expect("it is written");
    drop(engine);
    disk.put(SNAPSHOT, stranger.bytes(SNAPSHOT));
    assert!(!used(&disk));
}

#[test]
fn after_an_erasure_the_old_one_is_not_used_and_holds_no_names() {
    let disk = MemoryDisk::default();
    work(&disk, 0);
    let text = String::from_utf8_lossy(&disk.bytes(SNAPSHOT)).into_owned();
    assert!(!text.contains("ana") && !text.contains("acme"));
    let mut engine = open(Some(&disk), options()).expect("it opens");
    engine.erase(&BTreeSet::from([1, 2])).expect("it is erased");
    drop(engine);
    assert!(!used(&disk));
    let mut engine = open(Some(&disk), options()).expect("it opens");
    engine.write_snapshot().expect("it is written");
    drop(engine);
    assert!(used(&disk));
}

#[test]
fn a_snapshot_that_cannot_be_written_stops_nothing_at_a_gateway() {
    let count = |fault: Option<(u64, Fault)>| {
        let disk = MemoryDisk::default();
        let engine = open(Some(&disk), options()).expect("it opens");
        let settings = licit_engine::Settings {
            flusher: licit_engine::Flusher::Caller,
            ..licit_engine::Settings::default()
        };
        let gateway = licit_engine::Gateway::new(engine, settings).expect("it starts");
        let module = gateway.load(&monthly()).expect("it loads").module;
        disk.fail(fault);
        for call in 0..12 {
            gateway.invoke(module, id(call), START, chat(1)).expect("it is decided");
        }
        let operations = disk.operations();
        gateway.close().expect("it closes");
        drop(gateway);
        disk.fail(None);
        (operations, disk.names().contains(&SNAPSHOT.to_string()), truth(&disk))
    };
    let (operations, kept, state) = count(None);
    assert!(kept);
    let mut without = 0;
    for number in 0..operations {
        let (_, kept, same) = count(Some((number, Fault::Nothing)));
        assert_eq!(state.totals().map(|(_, total)| total.charged).sum::<u128>(), 36);
        assert_eq!(same.leaves(), state.leaves());
        without += u64::from(!kept);
    }
    assert!(without > 0, "the snapshot's own write was among those that failed");
}
