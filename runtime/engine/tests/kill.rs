//! A writing process is killed, over and over: no acknowledged receipt is lost, none is there twice, no hold is
//! forgotten, the audit passes.
//!
//! `KILLS=10000 cargo test -p licit-engine --test kill` kills more often; `SEED=...` repeats a run's delays (what the
//! process had done by then is the machine's choice).

mod common;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Random, START, key, monthly};
use licit_engine::receipt::hash::hex;
use licit_engine::receipt::leaf_hash;
use licit_engine::{
    Answer, CallId, Durability, Engine, Error, Gateway, GroupCommit, Phase, Promise, Request, Settings,
    Standing, audit_dir,
};

/// Set for the process that is killed.
const FOLDER: &str = "LICIT_KILL_FOLDER";
const ROUND: &str = "LICIT_KILL_ROUND";

const READY: &str = "\n= ready\n";

/// Kills before a folder is left and another begun.
const ROUNDS: u64 = 10;
const THREADS: u64 = 2;

/// What a call does is in its id: the round, the thread, the number, and by the number what kind of use it is.
fn id(round: u64, thread: u64, number: u64) -> CallId {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&round.to_be_bytes());
    id[8] = thread as u8;
    id[12..].copy_from_slice(&(number as u32).to_be_bytes());
    id
}

fn kind(id: &CallId) -> u32 {
    u32::from_be_bytes([id[12], id[13], id[14], id[15]]) % 4
}

fn request(id: &CallId) -> Request {
    Request {
        user: Some(format!("user {:?}", &id[..8])),
        organisation: Some(format!("organisation {:?}", &id[8..])),
        action: Some("chat".into()),
        quantities: vec![("token".into(), 5)],
        ..Request::default()
    }
}

/// Tells of an answer: `call leaf receipt-id` in one write, so that no line is half there.
fn tell(id: &CallId, answer: &Answer) {
    if answer.standing != Standing::Durable {
        return;
    }
    let receipt = leaf_hash(&answer.receipt.encode().expect("it was logged"));
    let line = format!("\n= {} {} {}\n", hex(id), answer.receipt.seq, hex(&receipt));
    std::io::stdout().write_all(line.as_bytes()).expect("somebody listens");
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    (0..hex.len() / 2).map(|at| u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok()).collect()
}

fn one(gateway: &Gateway, module: [u8; 32], id: CallId) -> Result<(), Error> {
    let ask = || {
        let answer = gateway.ask(module, id, START, request(&id), u64::MAX / 4)?;
        tell(&id, &answer);
        Ok::<(), Error>(())
    };
    match kind(&id) {
        0 => tell(&id, &gateway.invoke(module, id, START, request(&id))?),
        1 => {
            ask()?;
            tell(&id, &gateway.commit(id, vec![("token".into(), 2)])?);
        }
        2 => {
            ask()?;
            tell(&id, &gateway.release(id)?);
        }
        _ => ask()?,
    }
    Ok(())
}

/// Opens a ledger whose lock may be held for a moment longer: a process that is just being started by another thread
/// of this one has its files open until it runs its own program.
fn unlocked<T>(open: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
    for _ in 0..1000 {
        match open() {
            Err(Error::Locked) => std::thread::sleep(Duration::from_millis(10)),
            opened => return opened,
        }
    }
    open()
}

/// The process that is killed; nothing without its environment.
#[test]
fn writes_until_it_is_killed() {
    let (Ok(folder), Ok(round)) = (std::env::var(FOLDER), std::env::var(ROUND)) else { return };
    let round: u64 = round.parse().expect("a number");
    // Asks are durable in every other round: then no hold may be lost either.
    let ask = if round.is_multiple_of(2) { Promise::Disk } else { Promise::Memory };
    let durability = Durability { ask, ..Durability::default() };
    let group = GroupCommit { idle: Duration::from_millis(2), ..GroupCommit::default() };
    let settings = Settings { durability, group, ..Settings::default() };
    let gateway =
        unlocked(|| Gateway::open_dir(Path::new(&folder), key(), settings.clone())).expect("it opens");
    let module = gateway.load(&monthly()).expect("it loads").module;
    std::io::stdout().write_all(READY.as_bytes()).expect("somebody listens");
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let gateway = &gateway;
            scope.spawn(move || {
                // What the killed one may have been at, again.
                let before = (0..8).map(|number| id(round.wrapping_sub(1), thread, number));
                for id in before.chain((0..).map(|number| id(round, thread, number))) {
                    one(gateway, module, id).expect("it is decided");
                }
            });
        }
    });
}

/// What was told of one folder: by leaf the receipt, and the calls it was of.
#[derive(Default)]
struct Told {
    receipts: BTreeMap<u64, Vec<u8>>,
    calls: BTreeMap<CallId, u64>,
}

impl Told {
    fn listen(&mut self, said: &str) -> u64 {
        let mut count = 0;
        for line in said.lines() {
            let Some(line) = line.strip_prefix("= ").filter(|line| *line != "ready") else { continue };
            let words: Vec<&str> = line.split(' ').collect();
            let [call, leaf, receipt] = words[..] else { panic!("half a line: {line}") };
            let leaf: u64 = leaf.parse().expect("a number");
            let receipt = bytes(receipt).expect("hex");
            let before = self.receipts.entry(leaf).or_insert_with(|| receipt.clone());
            assert_eq!(*before, receipt, "leaf {leaf} was told twice, differently");
            let call: CallId = bytes(call).and_then(|call| call.try_into().ok()).expect("16 bytes");
            let last = self.calls.entry(call).or_insert(leaf);
            *last = leaf.max(*last);
            count += 1;
        }
        count
    }

    fn check(&self, folder: &Path) {
        let engine = unlocked(|| Engine::open_dir(folder, key())).expect("it opens after a kill");
        for (leaf, receipt) in &self.receipts {
            assert_eq!(engine.entry(*leaf).expect("it is there").id.to_vec(), *receipt, "leaf {leaf}");
        }
        for (call, leaf) in &self.calls {
            let found = engine.state().call(call).expect("the call is known");
            assert!(found.leaf >= *leaf, "the call is where it was told to be, or further");
            match (kind(call), found.phase) {
                (0, Phase::Committed) => {}
                (1, Phase::Held | Phase::Committed)
                | (2, Phase::Held | Phase::Released)
                | (3, Phase::Held) => {
                    assert_eq!(engine.state().hold(call).is_some(), found.phase == Phase::Held);
                }
                other => panic!("{other:?}"),
            }
        }
        let mut commits = BTreeMap::new();
        for leaf in 0..engine.durable() {
            let receipt = engine.entry(leaf).expect("it reads").receipt;
            if let (licit_engine::receipt::Kind::Commit, Some(call)) = (receipt.kind, receipt.call) {
                assert_eq!(commits.insert(call, leaf), None, "charged twice");
            }
        }
        // Not closed: what a kill left is what the next process finds.
        drop(engine);
        let report =
            audit_dir(folder, Some(&key().verifying_key()), &mut |_, _| {}).expect("it can be audited");
        assert!(report.passes(), "{:?} {:?}", report.findings, report.counts);
    }
}

/// A new folder, in memory where the system has such a place: what a killed process has written is there, synced or
/// not, and without a disk there is time for more kills. What a crash of the system loses is tested elsewhere.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("there is room")
}

/// Kills so many processes one after another; gives how many receipts they had acknowledged.
fn kill(kills: u64, seed: u64) -> (u64, u64) {
    let mut random = Random(seed | 1);
    let program = std::env::current_exe().expect("this program");
    let (mut acknowledged, mut at_once) = (0, 0);
    let mut place = folder();
    let mut told = Told::default();
    for round in 0..kills {
        if round % ROUNDS == 0 {
            place = folder();
            told = Told::default();
        }
        let mut child = Command::new(&program)
            .args(["--exact", "writes_until_it_is_killed", "--nocapture", "--test-threads=1"])
            .env(FOLDER, place.path())
            .env(ROUND, round.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut said = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("it was piped"));
        // While it opens the ledger and mends it, or while it works.
        if random.below(4) > 0 {
            while !said.ends_with(&READY[1..]) {
                assert_ne!(out.read_line(&mut said).expect("it is text"), 0, "it ended by itself: {said}");
            }
            std::thread::sleep(Duration::from_micros(random.below(15_000)));
        } else {
            std::thread::sleep(Duration::from_micros(2_000 + random.below(28_000)));
        }
        child.kill().expect("it is killed");
        out.read_to_string(&mut said).expect("it is text");
        let status = child.wait().expect("it has ended");
        assert!(!status.success(), "it ended by itself: {said}");
        assert_eq!(status.code(), None, "it failed by itself: {said}");
        let count = told.listen(&said);
        acknowledged += count;
        at_once += u64::from(count == 0);
        told.check(place.path());
    }
    (acknowledged, at_once)
}

#[test]
#[cfg(unix)]
fn nothing_acknowledged_is_lost_however_often_the_process_is_killed() {
    if std::env::var(FOLDER).is_ok() {
        return;
    }
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let kills = number("KILLS").unwrap_or(1000);
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seed = number("SEED").unwrap_or_else(|| clock.map_or(1, |since| since.as_nanos() as u64));
    println!("SEED={seed}");
    let workers = 2;
    let (mut acknowledged, mut early) = (0, 0);
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..workers)
            .map(|worker: u64| {
                let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(worker);
                scope.spawn(move || kill(kills.div_ceil(workers), seed))
            })
            .collect();
        for worker in running {
            let (receipts, at_once) = worker.join().expect("nothing is lost");
            acknowledged += receipts;
            early += at_once;
        }
    });
    println!(
        "{kills} kills, {early} of them before anything was acknowledged, {acknowledged} receipts acknowledged"
    );
    assert!(acknowledged > kills, "the processes were killed while they worked");
}
