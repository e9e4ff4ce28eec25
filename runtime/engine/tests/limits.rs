//! How much a gateway takes on: queues, open holds, floods of denials; and how it ends.

mod common;

use std::time::Duration;

use common::*;
use licit_engine::receipt::Kind;
use licit_engine::{
    Denials, Drained, Error, Flusher, Full, Gateway, GroupCommit, Limits, Options, Phase, Request, Settings,
    Standing, audit,
};

fn gateway(disk: &MemoryDisk, settings: Settings) -> (Gateway, [u8; 32]) {
    let engine = open(Some(disk), Options::default()).expect("it opens");
    let gateway = Gateway::new(engine, settings).expect("it starts");
    let module = gateway.load(&monthly()).expect("it loads").module;
    (gateway, module)
}

const LATER: u64 = START + 86_400 * SECOND;

#[test]
fn the_queue_is_bounded_and_those_beyond_are_told() {
    let disk = MemoryDisk::default();
    let limits = Limits { waiting: 4, full: Full::Busy, ..Limits::default() };
    let (gateway, module) = gateway(&disk, Settings { limits, ..Settings::default() });
    disk.hold();
    for call in 0..4 {
        gateway.ask(module, id(call), START, chat(1), LATER).expect("there is room");
    }
    let beyond = gateway.ask(module, id(4), START, chat(1), LATER);
    assert!(matches!(beyond, Err(Error::Busy)));
    assert_eq!(gateway.status().leaves, 5, "nothing happened");
    // A repeated one needs no room.
    assert!(gateway.ask(module, id(3), START, chat(1), LATER).expect("it is answered").repeated);
    disk.go_on();
    gateway.flush().expect("it is written");
    assert!(gateway.ask(module, id(4), START, chat(1), LATER).is_ok());
}

#[test]
fn or_they_wait() {
    let disk = MemoryDisk::default();
    let limits = Limits { waiting: 4, ..Limits::default() };
    let (gateway, module) = gateway(&disk, Settings { limits, ..Settings::default() });
    disk.hold();
    std::thread::scope(|scope| {
        let running = scope.spawn(|| {
            for call in 0..40 {
                gateway.ask(module, id(call), START, chat(1), LATER).expect("there is room in the end");
            }
        });
        while gateway.status().leaves < 5 {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(gateway.status().leaves, 5, "the fifth waits");
        disk.go_on();
        running.join().expect("no thread panics");
    });
    assert_eq!(gateway.status().holds, 40);
}

#[test]
fn bytes_count_too_and_one_that_is_alone_always_fits() {
    let disk = MemoryDisk::default();
    let limits = Limits { waiting_bytes: 2000, full: Full::Busy, ..Limits::default() };
    let (gateway, module) = gateway(&disk, Settings { limits, ..Settings::default() });
    disk.hold();
    let long = |call| {
        let request = Request { place: Some("x".repeat(5000)), ..chat(1) };
        gateway.ask(module, id(call), START, request, LATER)
    };
    long(0).expect("it is alone");
    assert!(matches!(long(1), Err(Error::Busy)));
    assert!(matches!(gateway.ask(module, id(2), START, chat(1), LATER), Err(Error::Busy)));
    disk.go_on();
}

#[test]
fn open_holds_are_capped_for_all_and_for_each() {
    let disk = MemoryDisk::default();
    let limits = Limits { holds: 3, holds_per_licensee: 2, ..Limits::default() };
    let settings = Settings { limits, flusher: Flusher::Caller, ..Settings::default() };
    let (gateway, module) = gateway(&disk, settings.clone());
    let ask = |call, organisation: &str| {
        let request = Request { organisation: Some(organisation.into()), ..chat(1) };
        gateway.ask(module, id(call), START, request, LATER)
    };
    ask(1, "acme").expect("it is the first");
    ask(2, "acme").expect("it is the second");
    assert!(matches!(ask(3, "acme"), Err(Error::TooManyHolds { licensee: true })));
    ask(4, "other").expect("it is another's first");
    assert!(matches!(ask(5, "other"), Err(Error::TooManyHolds { licensee: false })));
    // The known are answered, uses without a hold go on.
    assert!(ask(2, "acme").expect("it is answered").repeated);
    gateway.invoke(module, id(6), START, chat(1)).expect("it holds nothing");
    // Whatever ends a hold makes room.
    gateway.release(id(1)).expect("it is given back");
    ask(3, "acme").expect("there is room again");
    gateway.commit(id(3), vec![]).expect("it is billed");
    gateway.close().expect("it closes");
    drop(gateway);
    // The holds that the log has count again after a restart.
    let (gateway, module) = self::gateway(&disk, settings);
    assert_eq!(gateway.status().holds, 2);
    let request = |name: &str| Request { organisation: Some(name.into()), ..chat(1) };
    gateway.ask(module, id(7), START, request("acme"), LATER).expect("it is the second");
    let beyond = gateway.ask(module, id(8), START, request("acme"), LATER);
    assert!(matches!(beyond, Err(Error::TooManyHolds { licensee: false })));
}

#[test]
fn holds_that_ran_out_make_room_by_themselves() {
    let disk = MemoryDisk::default();
    let limits = Limits { holds: 1, ..Limits::default() };
    let (gateway, module) = gateway(&disk, Settings { limits, ..Settings::default() });
    gateway.ask(module, id(1), START, chat(1), START + 60 * SECOND).expect("it is decided");
    // Every look at the clock is a second.
    let held = (2..100).find_map(|call| gateway.ask(module, id(call), START, chat(1), LATER).ok());
    assert_eq!(held.expect("the first ends").phase, Phase::Held);
    assert_eq!(gateway.entry(2).expect("it is there").receipt.kind, Kind::Expire);
}

#[test]
fn a_flood_of_denials_is_answered_and_not_logged() {
    let disk = MemoryDisk::default();
    // A clock that stands still: one minute.
    let salts = Box::new(licit_engine::DerivedSalts::new([3; 32]));
    let engine = licit_engine::Engine::open(
        Some(Box::new(disk.clone())),
        key(),
        Box::new(|| START),
        salts,
        Options::default(),
    );
    let denials = Denials { per_minute: 5, ..Denials::default() };
    let settings = Settings { denials, ..Settings::default() };
    let gateway = Gateway::new(engine.expect("it opens"), settings).expect("it starts");
    let module = gateway.load(&monthly()).expect("it loads").module;
    let deny = |call, user: Option<&str>| {
        let request =
            Request { user: user.map(Into::into), action: Some("spy".into()), ..Request::default() };
        let answer = gateway.invoke(module, id(call), START, request).expect("it is answered");
        assert_eq!(answer.phase, Phase::Denied);
        assert!(!answer.content.expect("it says why").answer.reasons.is_empty());
        answer.standing
    };
    let standings: Vec<Standing> = (0..8).map(|call| deny(call, Some("eve"))).collect();
    assert_eq!(standings[..5], [Standing::Durable; 5]);
    assert_eq!(standings[5..], [Standing::Unlogged; 3]);
    assert_eq!(deny(10, Some("bob")), Standing::Durable, "another caller");
    assert_eq!(deny(11, None), Standing::Unlogged, "nobody");
    assert_eq!(gateway.status().leaves, 7);
    // What was not logged is not known.
    assert_eq!(deny(7, Some("eve")), Standing::Unlogged);
    gateway.close().expect("it closes");
    assert!(audit(&disk, None, &mut |_, _| {}).expect("it can be audited").passes());
    // Closing has summed up what was not: eve's four.
    let engine = open(Some(&disk), Options::default()).expect("it opens");
    let last = engine.entry(7).expect("it is there");
    assert!(matches!(last.kept, licit_engine::Kept::Denials { count: 4, .. }), "{:?}", last.kept);
    assert_eq!(last.content.expect("it is whole").request.user.as_deref(), Some("eve"));
}

#[test]
fn draining_lets_holds_end_and_begins_none() {
    let disk = MemoryDisk::default();
    let (gateway, module) = gateway(&disk, Settings::default());
    for call in 1..=3 {
        gateway.ask(module, id(call), START, chat(1), LATER).expect("it is decided");
    }
    let drained = std::thread::scope(|scope| {
        let draining = scope.spawn(|| gateway.drain(Duration::from_mins(1)));
        while !gateway.status().draining {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(matches!(gateway.ask(module, id(4), START, chat(1), LATER), Err(Error::Draining)));
        assert!(matches!(gateway.invoke(module, id(4), START, chat(1)), Err(Error::Draining)));
        assert!(gateway.ask(module, id(1), START, chat(1), LATER).expect("it is answered").repeated);
        gateway.commit(id(1), vec![]).expect("it is billed");
        gateway.release(id(2)).expect("it is given back");
        assert!(!draining.is_finished(), "one is open");
        gateway.commit(id(3), vec![]).expect("it is billed");
        draining.join().expect("no thread panics").expect("it closes")
    });
    assert_eq!(drained, Drained { holds: 0, leaves: 7 });
    assert!(matches!(gateway.commit(id(3), vec![]), Err(Error::Closed)));
    gateway.flush().expect("everything is durable");
    gateway.close().expect("it is closed");
    // The directory is free, though the handle still is there.
    let report = audit(&disk, None, &mut |_, _| {}).expect("it can be audited");
    assert_eq!((report.passes(), report.signed), (true, 7));
    assert!(open(Some(&disk), Options::default()).is_ok());
}

#[test]
fn draining_ends_at_its_deadline_and_keeps_the_holds() {
    let disk = MemoryDisk::default();
    // Nothing is written by itself.
    let group = GroupCommit { idle: Duration::from_mins(10), ..GroupCommit::default() };
    let (gateway, module) = gateway(&disk, Settings { group, ..Settings::default() });
    gateway.ask(module, id(1), START, chat(1), LATER).expect("it is decided");
    let drained = gateway.drain(Duration::from_millis(20)).expect("it closes");
    assert_eq!(drained, Drained { holds: 1, leaves: 2 });
    let mut engine = open(Some(&disk), Options::default()).expect("it opens");
    assert_eq!(engine.commit(id(1), vec![]).expect("it is billed").phase, Phase::Committed);
}

#[test]
fn draining_waits_for_the_clock() {
    let disk = MemoryDisk::default();
    let salts = Box::new(licit_engine::DerivedSalts::new([3; 32]));
    let clock = Box::new(licit_engine::SystemClock);
    let engine =
        licit_engine::Engine::open(Some(Box::new(disk.clone())), key(), clock, salts, Options::default());
    let gateway = Gateway::new(engine.expect("it opens"), Settings::default()).expect("it starts");
    let module = gateway.load(&monthly()).expect("it loads").module;
    let now = licit_engine::Clock::now(&mut licit_engine::SystemClock);
    gateway.ask(module, id(1), START, chat(1), now + SECOND / 20).expect("it is decided");
    let drained = gateway.drain(Duration::from_mins(10)).expect("it closes");
    assert_eq!(drained, Drained { holds: 0, leaves: 3 });
}
