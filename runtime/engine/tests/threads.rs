//! Many threads at one gateway: limits hold, ids are answered once, policies change under open holds.

mod common;

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::time::Duration;

use common::*;
use licit_engine::{
    Answer, Durability, Error, Flusher, Gateway, GroupCommit, LOG, Options, Phase, Promise, Refusal,
    Settings, Standing, audit,
};
use std::future::Future;

fn gateway(disk: &MemoryDisk, settings: Settings) -> (Gateway, [u8; 32]) {
    let engine = open(Some(disk), Options::default()).expect("it opens");
    let gateway = Gateway::new(engine, settings).expect("it starts");
    let module = gateway.load(&monthly()).expect("it loads").module;
    (gateway, module)
}

/// Runs so many threads at once, and gives what each came to.
fn threads<T: Send>(count: u64, work: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(count as usize);
    std::thread::scope(|scope| {
        let spawn = |number| {
            let (work, barrier) = (&work, &barrier);
            scope.spawn(move || {
                barrier.wait();
                work(number)
            })
        };
        let running: Vec<_> = (0..count).map(spawn).collect();
        running.into_iter().map(|thread| thread.join().expect("no thread panics")).collect()
    })
}

#[test]
fn sixty_four_threads_never_pass_a_limit_and_lose_nothing() {
    let disk = MemoryDisk::default();
    let (gateway, module) = gateway(&disk, Settings::default());
    // 1,000 tokens a day for one user: 64 threads of 8 calls of 7 tokens want 3,584.
    let committed: Vec<u64> = threads(64, |thread| {
        let mut tokens = 0;
        for call in 0..8 {
            let id = id(thread * 100 + call);
            let answer = if call % 2 == 0 {
                gateway.invoke(module, id, START, chat(7)).expect("it is decided")
            } else {
                let held =
                    gateway.ask(module, id, START, chat(7), START + 86_400 * SECOND).expect("it is decided");
                match held.phase {
                    Phase::Held if call % 4 == 1 => {
                        gateway.commit(id, vec![("token".into(), 5)]).expect("it is billed")
                    }
                    Phase::Held => gateway.release(id).expect("it is given back"),
                    _ => held,
                }
            };
            if answer.phase == Phase::Committed {
                assert_eq!(answer.standing, Standing::Durable);
                tokens += answer.receipt.quantities[0].count as u64;
            }
        }
        tokens
    });
    let committed: u64 = committed.iter().sum();
    assert!((500..=1000).contains(&committed), "{committed} tokens of 1,000");
    // What the threads were told is what is counted, and what is on the disk.
    let counted = |gateway: &Gateway| {
        gateway
            .with(|state, _| {
                assert!(state.counters().all(|(_, sum)| sum.held == 0));
                state.counters().map(|(_, sum)| sum.committed).max()
            })
            .expect("it looks")
    };
    assert_eq!(counted(&gateway), Some(u128::from(committed)));
    gateway.close().expect("it closes");
    drop(gateway);
    let report = audit(&disk, Some(&key().verifying_key()), &mut |_, _| {}).expect("it can be audited");
    assert!(report.passes(), "{:?}", report.findings);
    let engine = open(Some(&disk), Options::default()).expect("it opens");
    assert_eq!(engine.state().counters().map(|(_, sum)| sum.committed).max(), Some(u128::from(committed)));
}

#[test]
fn one_id_is_answered_once_however_many_ask() {
    let disk = MemoryDisk::default();
    let (gateway, module) = gateway(&disk, Settings::default());
    let answers: Vec<Answer> =
        threads(32, |_| gateway.invoke(module, id(1), START, chat(10)).expect("it is decided"));
    assert_eq!(answers.iter().filter(|answer| !answer.repeated).count(), 1);
    assert!(answers.iter().all(|answer| answer.receipt == answers[0].receipt));
    assert!(answers.iter().all(|answer| answer.standing == Standing::Durable));
    let conflict = gateway.invoke(module, id(1), START, chat(11));
    assert!(matches!(conflict, Err(Error::Refused(Refusal::Conflict))));
    assert_eq!(gateway.status().leaves, 2);
    // An old answer comes from the disk, a new one from memory.
    gateway.flush().expect("it is written");
    let again = gateway.invoke(module, id(1), START, chat(10)).expect("it is answered");
    assert_eq!((again.repeated, again.receipt), (true, answers[0].receipt.clone()));
}

#[test]
fn an_answer_is_never_shown_before_it_is_as_durable_as_promised() {
    let disk = MemoryDisk::default();
    let group = GroupCommit { idle: Duration::from_mins(10), ..GroupCommit::default() };
    let (gateway, module) = gateway(&disk, Settings { group, ..Settings::default() });
    let before = disk.bytes(LOG).len();
    let held = gateway.ask(module, id(1), START, chat(10), START + 600 * SECOND).expect("it is decided");
    assert_eq!((held.phase, held.standing), (Phase::Held, Standing::Memory));
    assert_eq!(disk.bytes(LOG).len(), before, "nobody waits for it");
    // While a commit is stuck in the disk, a repeated one waits as well.
    disk.hold();
    let commit = |_| gateway.commit(id(1), vec![("token".into(), 3)]).expect("it is billed");
    let answers = std::thread::scope(|scope| {
        let running = scope.spawn(|| threads(4, commit));
        while disk.held() == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(30));
        assert!(!running.is_finished(), "nobody was answered");
        assert_eq!(gateway.status().durable, 1);
        // Others are decided meanwhile: the lock is free while the disk is busy.
        let other = gateway.ask(module, id(2), START, chat(10), START + 600 * SECOND).expect("it is decided");
        assert_eq!(other.phase, Phase::Held);
        assert!(!running.is_finished(), "nobody was answered");
        disk.go_on();
        running.join().expect("no thread panics")
    });
    assert!(answers.iter().all(|answer| answer.standing == Standing::Durable));
    assert_eq!(answers.iter().filter(|answer| answer.repeated).count(), 3);
}

#[test]
fn what_waits_for_the_disk_is_a_choice() {
    use Promise::*;
    let disk = MemoryDisk::default();
    let durability = Durability { ask: Disk, invoke: Memory, commit: Memory, release: Memory, other: Memory };
    let group = GroupCommit { idle: Duration::from_mins(10), ..GroupCommit::default() };
    let (gateway, module) = gateway(&disk, Settings { durability, group, ..Settings::default() });
    let used = gateway.invoke(module, id(1), START, chat(1)).expect("it is decided");
    assert_eq!((used.standing, gateway.status().durable), (Standing::Memory, 1));
    let held = gateway.ask(module, id(2), START, chat(1), START + 600 * SECOND).expect("it is decided");
    assert_eq!((held.standing, gateway.status().durable), (Standing::Durable, 3));
    let billed = gateway.commit(id(2), vec![]).expect("it is billed");
    assert_eq!((billed.standing, gateway.status().durable), (Standing::Memory, 3));
    // The last handle that goes writes what is left.
    drop(gateway);
    let engine = open(Some(&disk), Options::default()).expect("it opens");
    assert_eq!(engine.durable(), 4);
    assert!(engine.checkpoint().is_some_and(|note| note.lines().nth(1) == Some("4")));
}

#[test]
fn a_policy_is_changed_under_open_holds() {
    let disk = MemoryDisk::default();
    let (gateway, module) = gateway(&disk, Settings::default());
    gateway.ask(module, id(1), START, chat(10), START + 600 * SECOND).expect("it is decided");
    // The same licence id with other prices: another module of it.
    let dearer = include_str!("../../ledger/tests/licences/monthly.lasm").replace("rate=3", "rate=9");
    let dearer = licit_bytecode::encode(&licit_bytecode::text::assemble(&dearer).expect("it is well-formed"));
    let newer = gateway.load(&dearer).expect("it loads").module;
    assert_ne!(newer, module);
    let old = gateway.commit(id(1), vec![("token".into(), 10)]).expect("it is billed");
    assert_eq!(old.receipt.amount.expect("it has a price").numerator, 30, "10 at 3");
    let new = gateway.invoke(newer, id(2), START, chat(10)).expect("it is decided");
    assert_eq!(new.receipt.amount.expect("it has a price").numerator, 90, "10 at 9");
    gateway.close().expect("it closes");
    assert!(audit(&disk, None, &mut |_, _| {}).expect("it can be audited").passes());
}

#[test]
fn receipts_gather_in_groups() {
    let disk = MemoryDisk::default();
    let group = GroupCommit { size: 16, linger: Duration::from_mins(10), idle: Duration::from_mins(10) };
    let (gateway, module) = gateway(&disk, Settings { group, ..Settings::default() });
    disk.fail(None);
    threads(16, |thread| gateway.invoke(module, id(thread), START, chat(1)).expect("it is decided"));
    // One frame of openings and one of leaves, each written and synced once.
    assert_eq!(disk.changes().len(), 4);
}

#[test]
fn a_gateway_without_a_thread_writes_when_somebody_waits() {
    let disk = MemoryDisk::default();
    let (gateway, module) = gateway(&disk, Settings { flusher: Flusher::Caller, ..Settings::default() });
    let held = gateway.ask(module, id(0), START, chat(1), START + 600 * SECOND).expect("it is decided");
    assert_eq!((held.standing, gateway.status().durable), (Standing::Memory, 1));
    let seen: BTreeSet<u64> = threads(8, |thread| {
        (0..10)
            .map(|call| {
                let answer = gateway
                    .invoke(module, id(1 + thread * 10 + call), START, chat(1))
                    .expect("it is decided");
                assert_eq!(answer.standing, Standing::Durable);
                answer.receipt.seq
            })
            .collect::<Vec<_>>()
    })
    .into_iter()
    .flatten()
    .collect();
    assert_eq!(seen, (2..82).collect());
    gateway.close().expect("it closes");
    assert!(audit(&disk, None, &mut |_, _| {}).expect("it can be audited").passes());
}

#[test]
fn an_answer_can_be_a_future() {
    use std::sync::Arc;
    use std::task::{Context, Poll, Wake, Waker};
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let disk = MemoryDisk::default();
    let (gateway, module) = gateway(&disk, Settings::default());
    let ask = licit_engine::ledger::Ask { call: id(1), module, used_at: START, request: chat(1) };
    let command = licit_engine::ledger::Command::Invoke(ask);
    disk.hold();
    let mut pending = std::pin::pin!(gateway.begin(&command).expect("it is decided"));
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    assert!(pending.as_mut().poll(&mut context).is_pending());
    disk.go_on();
    let answer = loop {
        match pending.as_mut().poll(&mut context) {
            Poll::Ready(answer) => break answer.expect("it is written"),
            Poll::Pending => std::thread::park(),
        }
    };
    assert_eq!(answer.standing, Standing::Durable);
}
