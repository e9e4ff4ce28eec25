//! The gateway while its disk fails: every operation once, the disk gone for a while, the disk gone for good.

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::*;
use licit_engine::{
    Answer, Drained, Error, Flusher, Gateway, Grace, GroupCommit, Options, Outage, Phase, Settings, Standing,
};

const THREADS: u64 = 3;
const CALLS: u64 = 4;

fn settings() -> Settings {
    let group = GroupCommit { idle: Duration::from_millis(1), ..GroupCommit::default() };
    let outage = Outage { retry: Duration::from_millis(1), ..Outage::default() };
    Settings { group, outage, ..Settings::default() }
}

fn gateway(disk: &MemoryDisk, settings: Settings) -> Result<(Gateway, [u8; 32]), Error> {
    let gateway = Gateway::new(
        open(Some(disk), Options { group: 1, checkpoint_every: 5, snapshot_every: 8 })?,
        settings,
    )?;
    let module = gateway.load(&monthly())?.module;
    Ok((gateway, module))
}

/// Tries a command until it is answered; none if the disk stays away.
fn insist(tell: &mut Told, mut command: impl FnMut() -> Result<Answer, Error>) -> Option<Answer> {
    for _ in 0..40 {
        match command() {
            Ok(answer) => {
                if answer.standing == Standing::Durable {
                    tell.insert(answer.receipt.seq, answer.receipt.encode().expect("it was logged"));
                }
                return Some(answer);
            }
            Err(Error::NotDurable { .. } | Error::StoreDown { .. } | Error::Io { .. }) => {
                std::thread::sleep(Duration::from_micros(500));
            }
            Err(error) => panic!("{error}"),
        }
    }
    None
}

/// Load from several threads; every call is insisted on. Whether all were answered.
fn load(gateway: &Gateway, module: [u8; 32], told: &mut Told) -> bool {
    let work = |thread: u64| {
        let mut told = Told::new();
        for call in 0..CALLS {
            let id = id(thread * 10 + call);
            let done = if call % 2 == 0 {
                insist(&mut told, || gateway.invoke(module, id, START, chat(10)))
            } else {
                insist(&mut told, || gateway.ask(module, id, START, chat(50), START + 86_400 * SECOND))
                    .and_then(|_| insist(&mut told, || gateway.commit(id, vec![("token".into(), 20)])))
            };
            if done.is_none() {
                return (told, false);
            }
        }
        (told, true)
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || work(thread))).collect();
        running.into_iter().fold(true, |all, thread| {
            let (more, done) = thread.join().expect("no thread panics");
            told.extend(more);
            all && done
        })
    })
}

/// The log is whole; where `all` was answered, everything was committed and charged.
fn check(disk: &MemoryDisk, told: &Told, all: bool) {
    let (committed, accounts) = check_log(disk, told);
    if all {
        assert_eq!(committed as u64, THREADS * CALLS);
        // 2 calls of 10 tokens and 2 of 20 a thread, at 3 thousandths.
        assert_eq!(accounts.accounts[0].total.charged, u128::from(THREADS * 60 * 3));
    }
}

#[test]
fn every_operation_may_fail_once_under_load() {
    for fault in [Fault::Nothing, Fault::Half, Fault::All] {
        for number in 0.. {
            let disk = MemoryDisk::default();
            let (gateway, module) = gateway(&disk, settings()).expect("it begins");
            disk.fail(Some((number, fault)));
            let mut told = Told::new();
            // One failure is mended on the spot: everything is answered.
            assert!(load(&gateway, module, &mut told), "{fault:?} at {number}");
            assert!(told.len() as u64 >= THREADS * CALLS);
            let beyond = disk.operations() <= number;
            let closed = gateway.close();
            assert!(closed.is_ok(), "{fault:?} at {number}: {closed:?}");
            disk.fail(None);
            check(&disk, &told, true);
            if beyond {
                break;
            }
        }
    }
}

#[test]
fn the_disk_may_go_for_good_at_any_operation() {
    for number in 0.. {
        let disk = MemoryDisk::default();
        let (gateway, module) = gateway(&disk, settings()).expect("it begins");
        disk.fail(Some((number, Fault::Gone)));
        let mut told = Told::new();
        let all = load(&gateway, module, &mut told);
        let beyond = disk.operations() <= number;
        // The power goes with it.
        drop(gateway);
        disk.crash((number * 37 % 256) as u8);
        check(&disk, &told, all);
        // The consumers try again with the same ids.
        let (gateway, module) = self::gateway(&disk, settings()).expect("it opens");
        assert!(load(&gateway, module, &mut told));
        gateway.close().expect("it closes");
        check(&disk, &told, true);
        if beyond {
            break;
        }
    }
}

#[test]
fn while_the_disk_is_away_new_uses_are_refused_and_held_ones_are_kept() {
    let disk = MemoryDisk::default();
    let settings = Settings { flusher: Flusher::Caller, ..settings() };
    let (gateway, module) = gateway(&disk, settings).expect("it begins");
    let hold = |call| gateway.ask(module, id(call), START, chat(10), START + 86_400 * SECOND);
    for call in 1..=2 {
        hold(call).expect("it is decided");
    }
    gateway.flush().expect("it is written");
    disk.fail(Some((0, Fault::Gone)));
    let lost = gateway.invoke(module, id(3), START, chat(10));
    assert!(matches!(lost, Err(Error::NotDurable { leaf: 3, .. })), "{lost:?}");
    assert!(gateway.status().down.is_some());
    assert!(matches!(hold(4), Err(Error::StoreDown { .. })));
    assert!(matches!(gateway.invoke(module, id(4), START, chat(10)), Err(Error::StoreDown { .. })));
    // What was permitted is billed, at the price of this moment.
    let billed = gateway.commit(id(1), vec![("token".into(), 4)]);
    assert!(matches!(billed, Err(Error::NotDurable { leaf: 4, .. })), "{billed:?}");
    let released = gateway.release(id(2));
    assert!(matches!(released, Err(Error::NotDurable { leaf: 5, .. })), "{released:?}");
    // The disk is back.
    disk.fail(None);
    let billed = gateway.commit(id(1), vec![("token".into(), 4)]).expect("it is billed");
    assert_eq!((billed.repeated, billed.receipt.seq, billed.standing), (true, 4, Standing::Durable));
    let used = gateway.invoke(module, id(3), START, chat(10)).expect("it is answered");
    assert_eq!((used.repeated, used.receipt.seq), (true, 3));
    assert_eq!(gateway.status().down, None);
    assert_eq!(hold(4).expect("it is decided").phase, Phase::Held);
    let drained = gateway.drain(Duration::ZERO).expect("it closes");
    assert_eq!(drained, Drained { holds: 1, leaves: 7 });
    check(&disk, &Told::new(), false);
}

#[test]
fn a_licence_may_have_grace_while_the_disk_is_away() {
    let disk = MemoryDisk::default();
    let (first, module) = gateway(&disk, settings()).expect("it begins");
    let licence =
        first.with(|_, policies| *policies.iter().next().expect("it is loaded").1.policy().licence_id());
    drop(first);
    let grace = Grace { time: Duration::from_mins(10), events: 3 };
    let outage = Outage {
        grace: BTreeMap::from([(licence.expect("it looks"), grace)]),
        retry: Duration::from_mins(10),
    };
    let (gateway, _) = gateway(&disk, Settings { outage, ..settings() }).expect("it opens");
    disk.fail(Some((0, Fault::Gone)));
    // The one that notices, one that follows, and an ask.
    for call in 1..=2 {
        let used = gateway.invoke(module, id(call), START, chat(10)).expect("it has grace");
        assert_eq!((used.phase, used.standing), (Phase::Committed, Standing::Memory));
    }
    let held = gateway.ask(module, id(3), START, chat(10), START + 86_400 * SECOND).expect("it has grace");
    assert_eq!((held.phase, held.standing), (Phase::Held, Standing::Memory));
    // Then it is over.
    assert!(matches!(gateway.invoke(module, id(4), START, chat(10)), Err(Error::StoreDown { .. })));
    assert!(matches!(gateway.commit(id(3), vec![]), Err(Error::NotDurable { .. })));
    disk.fail(None);
    gateway.retry().expect("it is told");
    let mut told = Told::new();
    for call in 1..=2 {
        let again =
            insist(&mut told, || gateway.invoke(module, id(call), START, chat(10))).expect("it is back");
        assert_eq!((again.repeated, again.receipt.seq, again.standing), (true, call, Standing::Durable));
    }
    insist(&mut told, || gateway.commit(id(3), vec![])).expect("it is back");
    drop(gateway);
    check(&disk, &told, false);
}

#[test]
fn grace_ends_by_time_too() {
    let disk = MemoryDisk::default();
    let (first, module) = gateway(&disk, settings()).expect("it begins");
    let licence =
        first.with(|_, policies| *policies.iter().next().expect("it is loaded").1.policy().licence_id());
    drop(first);
    let grace = Grace { time: Duration::from_millis(20), events: u64::MAX };
    let outage = Outage {
        grace: BTreeMap::from([(licence.expect("it looks"), grace)]),
        retry: Duration::from_mins(10),
    };
    let (gateway, _) = gateway(&disk, Settings { outage, ..settings() }).expect("it opens");
    disk.fail(Some((0, Fault::Gone)));
    gateway.invoke(module, id(1), START, chat(1)).expect("it has grace");
    std::thread::sleep(Duration::from_millis(25));
    assert!(matches!(gateway.invoke(module, id(2), START, chat(1)), Err(Error::StoreDown { .. })));
}

#[test]
fn a_log_that_is_not_the_one_written_is_never_gone_on_with() {
    let disk = MemoryDisk::default();
    let (gateway, module) = gateway(&disk, settings()).expect("it begins");
    gateway.invoke(module, id(1), START, chat(1)).expect("it is decided");
    // The disk comes back with an older log.
    let log = disk.bytes(licit_engine::LOG);
    disk.fail(Some((0, Fault::Gone)));
    assert!(matches!(gateway.invoke(module, id(2), START, chat(1)), Err(Error::NotDurable { .. })));
    disk.put(licit_engine::LOG, log[..log.len() - 1].to_vec());
    disk.fail(None);
    while !gateway.status().stopped {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(matches!(gateway.invoke(module, id(2), START, chat(1)), Err(Error::Stopped)));
    assert!(matches!(gateway.invoke(module, id(3), START, chat(1)), Err(Error::Stopped)));
    assert!(matches!(gateway.close(), Err(Error::Stopped)));
}
