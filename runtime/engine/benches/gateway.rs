//! What a receipt costs: ask and commit on a warm engine, durable receipts beside a raw file that gets the same bytes and
//! the same syncs, the audit. `cargo bench -p licit-engine`.
#![allow(clippy::cast_precision_loss, reason = "figures are rounded when printed")]

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use licit_engine::disk::{Disk, OsDisk};
use licit_engine::frames::walk;
use licit_engine::receipt::SigningKey;
use licit_engine::{
    CallId, DerivedSalts, Durability, Engine, Gateway, GroupCommit, LOG, LOG_PREAMBLE, OPENINGS,
    OPENINGS_PREAMBLE, Options, OsSalts, Promise, Request, SNAPSHOT, Settings, SystemClock, audit_dir,
};

/// 2023-11-16T18:15Z.
const START: u64 = 1_700_158_500_000_000;
const PAIRS: u64 = 50_000;
/// Callers, so that counters are found among many.
const USERS: u64 = 1000;

/// The ledger's own licence for tests, with limits that nobody reaches.
fn module() -> Vec<u8> {
    let text = include_str!("../../ledger/tests/licences/monthly.lasm")
        .replace("cap=1000 ", "cap=1000000000 ")
        .replace("cap=2500 ", "cap=1000000000 ");
    licit_bytecode::encode(&licit_bytecode::text::assemble(&text).expect("it is well-formed"))
}

fn key() -> SigningKey {
    SigningKey::from_seed(&[7; 32])
}

fn id(call: u64) -> CallId {
    u128::from(call).to_be_bytes()
}

fn request(call: u64) -> Request {
    let user = call.wrapping_mul(0x9e37_79b9) % USERS;
    Request {
        user: Some(format!("user-{user}")),
        organisation: Some(format!("organisation-{}", user % 50)),
        action: Some("chat".into()),
        quantities: vec![("token".into(), 100)],
        ..Request::default()
    }
}

fn until() -> u64 {
    u64::MAX / 4
}

fn rate(what: &str, count: u64, took: Duration) {
    let seconds = took.as_secs_f64();
    println!("{what:<58} {:>10.0} /s {:>9.2} us each", count as f64 / seconds, seconds * 1e6 / count as f64);
}

/// Ask and commit on an engine in memory.
fn warm_engine() {
    let (clock, salts) = (Box::new(SystemClock), Box::<OsSalts>::default());
    let mut engine = Engine::open(None, key(), clock, salts, Options::default()).expect("it opens");
    let module = engine.load(&module()).expect("it loads").module;
    let mut pairs = |from: u64| {
        let begun = Instant::now();
        for call in from..from + PAIRS {
            engine.ask(module, id(call), START, request(call), until()).expect("it is decided");
            engine.commit(id(call), vec![("token".into(), 60)]).expect("it is billed");
        }
        begun.elapsed()
    };
    pairs(0);
    rate("ask + commit, engine, one thread, in memory", PAIRS, pairs(PAIRS));
}

/// The same through a gateway, from so many threads, in memory.
fn warm_gateway(threads: u64) {
    let (clock, salts) = (Box::new(SystemClock), Box::<OsSalts>::default());
    let engine = Engine::open(None, key(), clock, salts, Options::default()).expect("it opens");
    let memory = Promise::Memory;
    let durability =
        Durability { ask: memory, invoke: memory, commit: memory, release: memory, other: memory };
    let gateway = Gateway::new(engine, Settings { durability, ..Settings::default() }).expect("it starts");
    let module = gateway.load(&module()).expect("it loads").module;
    let pairs = |from: u64| {
        let begun = Instant::now();
        std::thread::scope(|scope| {
            for thread in 0..threads {
                let gateway = &gateway;
                scope.spawn(move || {
                    let share = PAIRS / threads;
                    for call in from + thread * share..from + (thread + 1) * share {
                        gateway.ask(module, id(call), START, request(call), until()).expect("it is decided");
                        gateway.commit(id(call), vec![("token".into(), 60)]).expect("it is billed");
                    }
                });
            }
        });
        begun.elapsed()
    };
    pairs(0);
    rate(&format!("ask + commit, gateway, {threads} thread(s), in memory"), PAIRS, pairs(PAIRS));
}

/// Durable receipts in groups of so many, then the same frames into two plain files.
fn durable(group: u64) {
    let folder = tempfile::tempdir().expect("there is room");
    let disk = OsDisk::create(folder.path()).expect("there is room");
    let options = Options { group, checkpoint_every: u64::MAX, ..Options::default() };
    let salts = Box::new(DerivedSalts::new([3; 32]));
    let mut engine =
        Engine::open(Some(Box::new(disk)), key(), Box::new(SystemClock), salts, options).expect("it opens");
    let module = engine.load(&module()).expect("it loads").module;
    let groups = if group > 500 { 40 } else { 200 };
    let count = groups * group;
    let begun = Instant::now();
    for call in 0..count {
        engine.invoke(module, id(call), START, request(call)).expect("it is decided");
    }
    engine.flush().expect("it is written");
    rate(&format!("durable receipts, groups of {group}"), count, begun.elapsed());
    drop(engine);
    raw(folder.path(), group, count);
}

/// Writes the frames of a ledger into two plain files, in the same order, each synced as the ledger syncs it.
fn raw(folder: &Path, group: u64, count: u64) {
    let frames = |name: &str, preamble: &[u8]| {
        let bytes = std::fs::read(folder.join(name)).expect("it is there");
        let file = OsDisk::existing(folder).and_then(|disk| disk.open(name, false)).expect("it is there");
        let mut frames = Vec::new();
        walk::<std::io::Error>(file.as_ref(), preamble, &mut |head, _| {
            frames.push(bytes[head.offset as usize..head.end() as usize].to_vec());
            Ok(())
        })
        .expect("it reads");
        // The epoch's own frame is not what is measured.
        frames.remove(0);
        frames
    };
    let pairs: Vec<_> =
        frames(OPENINGS, OPENINGS_PREAMBLE).into_iter().zip(frames(LOG, LOG_PREAMBLE)).collect();
    let plain = |name: &str| {
        OpenOptions::new().create(true).append(true).open(folder.join(name)).expect("there is room")
    };
    let (mut first, mut second) = (plain("raw-openings"), plain("raw-log"));
    let begun = Instant::now();
    for (opening, leaves) in &pairs {
        first.write_all(opening).and_then(|()| first.sync_data()).expect("it is written");
        second.write_all(leaves).and_then(|()| second.sync_data()).expect("it is written");
    }
    rate(&format!("  the same bytes and syncs by hand, groups of {group}"), count, begun.elapsed());
}

/// Commits that wait for the disk, from many threads: groups form by themselves.
fn many_threads(threads: u64) {
    let folder = tempfile::tempdir().expect("there is room");
    let group = GroupCommit::default();
    let gateway =
        Gateway::open_dir(folder.path(), key(), Settings { group, ..Settings::default() }).expect("it opens");
    let module = gateway.load(&module()).expect("it loads").module;
    let each = 100;
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let gateway = &gateway;
            scope.spawn(move || {
                for call in 0..each {
                    let call = thread * each + call;
                    gateway.invoke(module, id(call), START, request(call)).expect("it is decided");
                }
            });
        }
    });
    rate(&format!("durable receipts, gateway, {threads} threads that wait"), threads * each, begun.elapsed());
}

fn audit() {
    let folder = tempfile::tempdir().expect("there is room");
    let mut engine = Engine::open_dir(folder.path(), key()).expect("it opens");
    let module = engine.load(&module()).expect("it loads").module;
    for call in 0..PAIRS {
        engine.ask(module, id(call), START, request(call), until()).expect("it is decided");
        engine.commit(id(call), vec![("token".into(), 60)]).expect("it is billed");
    }
    let leaves = engine.state().leaves();
    engine.close().expect("it closes");
    let begun = Instant::now();
    let report = audit_dir(folder.path(), None, &mut |_, _| {}).expect("it can be audited");
    assert!(report.passes());
    rate("audit, every receipt decided again", leaves, begun.elapsed());
    let _ = std::fs::remove_file(folder.path().join(SNAPSHOT));
    let begun = Instant::now();
    let mut engine = Engine::open_dir(folder.path(), key()).expect("it opens");
    rate("opening, every receipt read", leaves, begun.elapsed());
    engine.write_snapshot().expect("it is written");
    drop(engine);
    let begun = Instant::now();
    let engine = Engine::open_dir(folder.path(), key()).expect("it opens");
    rate("opening, from a snapshot", leaves, begun.elapsed());
    assert_eq!(engine.recovery().snapshot, Some(leaves));
}

fn main() {
    warm_engine();
    warm_gateway(1);
    warm_gateway(2);
    for group in [1, 64, 1024] {
        durable(group);
    }
    many_threads(64);
    audit();
}
