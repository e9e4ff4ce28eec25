//! The directory under damage: crashes at every byte, faults at every operation, every byte changed.

mod common;

use common::*;
use licit_engine::receipt::Receipt;
use licit_engine::{CHECKPOINT, Error, LOG, OPENINGS, Options, Phase, Refusal, audit};

/// Does some work, telling what is durable; stops at the first failure of the disk.
fn work(disk: &MemoryDisk, told: &mut Told) -> Result<(), Error> {
    let mut engine = open(Some(disk), Options { group: 3, checkpoint_every: 4, snapshot_every: 5 })?;
    let done = run(&mut engine, told);
    match &done {
        Ok(()) => engine.close()?,
        Err(_) => drop(engine),
    }
    done
}

fn run(engine: &mut licit_engine::Engine, told: &mut Told) -> Result<(), Error> {
    let module = engine.load(&monthly())?.module;
    for call in 0..6 {
        if call % 3 == 2 {
            // A call whose hold was lost asks again; one that went on is answered.
            engine.ask(module, id(call), START, chat(50), START + 3600 * SECOND)?;
            engine.commit(id(call), vec![("token".into(), 20)])?;
        } else {
            engine.invoke(module, id(call), START, chat(10))?;
        }
        for leaf in 0..engine.durable() {
            let payload = engine.entry(leaf)?.payload;
            let before = told.entry(leaf).or_insert_with(|| payload.clone());
            assert_eq!(*before, payload, "leaf {leaf} changed after it was durable");
        }
    }
    engine.flush()
}

/// The log is whole, and everything was committed and charged.
fn check(disk: &MemoryDisk, told: &Told) {
    let (committed, accounts) = check_log(disk, told);
    assert_eq!(committed, 6, "each call exactly once");
    // 4 calls of 10 tokens and 2 of 20, at 3 thousandths.
    assert_eq!(accounts.accounts[0].total.charged, 240);
    assert_eq!(accounts.accounts[0].total.due, 24);
}

#[test]
fn every_operation_may_fail_once() {
    let disk = MemoryDisk::default();
    disk.fail(None);
    let mut told = Told::new();
    work(&disk, &mut told).expect("nothing fails");
    let (operations, changes) = (disk.operations(), disk.changes());
    check(&disk, &told);
    let mut interrupted = 0;
    for number in 0..operations {
        // What only looks fails in one way; what changes something may do so in part.
        let faults = [Fault::Nothing, Fault::Half, Fault::All];
        for fault in faults.into_iter().take(if changes.contains(&number) { 3 } else { 1 }) {
            let disk = MemoryDisk::default();
            let mut told = Told::new();
            disk.fail(Some((number, fault)));
            if work(&disk, &mut told).is_err() {
                interrupted += 1;
            }
            disk.crash((number * 37 % 256) as u8);
            // The consumer tries again with the same ids.
            disk.fail(None);
            work(&disk, &mut told).unwrap_or_else(|error| panic!("after {fault:?} at {number}: {error}"));
            check(&disk, &told);
        }
    }
    // Looking for a snapshot is the only operation that may fail without anybody being told.
    assert_eq!(interrupted, operations - 1 + 2 * changes.len() as u64, "every fault was noticed");
}

#[test]
fn what_a_failed_sync_left_for_readers_only_is_written_again() {
    let disk = MemoryDisk::default();
    disk.fail(None);
    work(&disk, &mut Told::new()).expect("nothing fails");
    for number in disk.changes() {
        let disk = MemoryDisk::default();
        let mut told = Told::new();
        disk.fail(Some((number, Fault::Nothing)));
        work(&disk, &mut told).expect_err("it is noticed");
        // Another process, while the system still shows what never reached the disk.
        disk.restart();
        let engine = open(Some(&disk), Options::default()).expect("it opens");
        for leaf in 0..engine.durable() {
            told.insert(leaf, engine.entry(leaf).expect("it is there").payload);
        }
        drop(engine);
        disk.crash(0);
        disk.fail(None);
        work(&disk, &mut told).unwrap_or_else(|error| panic!("after a fault at {number}: {error}"));
        check(&disk, &told);
    }
}

#[test]
fn a_fault_while_mending_is_survived_too() {
    let disk = MemoryDisk::default();
    let mut told = Told::new();
    // Cut short in the middle of the log's fourth frame.
    work(&disk, &mut told).expect("nothing fails");
    let (log, mut told_kept) = (disk.bytes(LOG), told.clone());
    disk.put(LOG, log[..log.len() - 40].to_vec());
    disk.put(CHECKPOINT, first_checkpoint());
    let leaves = open(Some(&disk.copy()), Options::default()).expect("it is mended").durable();
    told_kept.retain(|leaf, _| *leaf < leaves);
    for number in 0..30 {
        let copy = disk.copy();
        copy.fail(Some((number, Fault::Half)));
        drop(open(Some(&copy), Options::default()));
        copy.crash(0);
        copy.fail(None);
        work(&copy, &mut told_kept.clone()).expect("it goes on");
        check(&copy, &told_kept);
    }
}

/// The checkpoint that a new ledger begins with.
fn first_checkpoint() -> Vec<u8> {
    let disk = MemoryDisk::default();
    drop(open(Some(&disk), Options::default()).expect("it begins"));
    disk.bytes(CHECKPOINT)
}

/// A ledger of three frames that was not closed: the epoch, two calls, one call.
fn three_frames() -> (MemoryDisk, usize, usize) {
    let disk = MemoryDisk::default();
    let mut engine = open(Some(&disk), Options::default()).expect("it begins");
    let module = engine.load(&monthly()).expect("it loads").module;
    engine.invoke(module, id(1), START, chat(10)).expect("it is decided");
    engine.invoke(module, id(2), START, chat(20)).expect("it is decided");
    engine.flush().expect("it is written");
    let (log, openings) = (disk.bytes(LOG).len(), disk.bytes(OPENINGS).len());
    engine.invoke(module, id(3), START, chat(30)).expect("it is decided");
    engine.flush().expect("it is written");
    drop(engine);
    (disk, log, openings)
}

#[test]
fn a_log_cut_at_any_byte_of_its_last_frame_is_mended() {
    let (disk, second, _) = three_frames();
    let log = disk.bytes(LOG);
    for cut in second..log.len() {
        let disk = disk.copy();
        disk.put(LOG, log[..cut].to_vec());
        let mut engine =
            open(Some(&disk), Options::default()).unwrap_or_else(|error| panic!("cut at {cut}: {error}"));
        assert_eq!((engine.durable(), engine.recovery().torn_log), (3, (cut - second) as u64));
        let module = engine.load(&monthly()).expect("it loads").module;
        let again = engine.invoke(module, id(3), START, chat(30)).expect("it is decided");
        assert_eq!((again.repeated, again.receipt.seq), (false, 3));
        let before = engine.invoke(module, id(2), START, chat(20)).expect("it is answered");
        assert_eq!((before.repeated, before.receipt.seq), (true, 2));
        engine.close().expect("it closes");
        assert!(audit(&disk, None, &mut |_, _| {}).expect("it can be audited").passes(), "cut at {cut}");
    }
}

#[test]
fn openings_cut_at_any_byte_are_mended_only_where_no_leaf_needs_them() {
    let (disk, second_log, second) = three_frames();
    let (log, openings) = (disk.bytes(LOG), disk.bytes(OPENINGS));
    for cut in second..openings.len() {
        let disk = disk.copy();
        disk.put(OPENINGS, openings[..cut].to_vec());
        assert!(matches!(open(Some(&disk), Options::default()), Err(Error::NoOpening(3))), "cut at {cut}");
        disk.put(LOG, log[..second_log].to_vec());
        let engine = open(Some(&disk), Options::default()).expect("no leaf needs them");
        assert_eq!(engine.recovery().torn_openings, (cut - second) as u64);
    }
}

#[test]
fn damage_before_the_last_frame_is_never_repaired() {
    let (disk, second_log, second_openings) = three_frames();
    for (name, end) in [(LOG, second_log), (OPENINGS, second_openings)] {
        let bytes = disk.bytes(name);
        for at in 0..end {
            let disk = disk.copy();
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << (at % 8);
            disk.put(name, damaged.clone());
            assert!(
                matches!(open(Some(&disk), Options::default()), Err(Error::Damaged { .. })),
                "{name} at {at}"
            );
            assert_eq!(disk.bytes(name), damaged, "nothing was changed");
        }
    }
}

#[test]
fn what_no_crash_can_do_is_an_error() {
    let (disk, second, _) = three_frames();
    // The checkpoint is written before the second leaf.
    let without = disk.copy();
    without.remove(CHECKPOINT);
    assert!(matches!(open(Some(&without), Options::default()), Err(Error::NoCheckpoint)));
    // Openings are one frame ahead at most: here the log has lost two whole frames.
    let log = disk.bytes(LOG);
    let first = 16 + 36 + u32::from_be_bytes(log[20..24].try_into().expect("4 bytes")) as usize;
    assert!(first < second);
    let cut = disk.copy();
    cut.put(LOG, log[..first].to_vec());
    assert!(matches!(open(Some(&cut), Options::default()), Err(Error::Damaged { .. })));
    let one = disk.copy();
    one.put(LOG, log[..second].to_vec());
    assert_eq!(open(Some(&one), Options::default()).expect("one frame may be lost").durable(), 3);
}

#[test]
fn a_folder_that_lacks_a_file_is_left_as_it_is() {
    let (disk, _, _) = three_frames();
    for missing in [&[LOG][..], &[OPENINGS], &[LOG, OPENINGS]] {
        let disk = disk.copy();
        for name in missing {
            disk.remove(name);
        }
        let names = disk.names();
        let refused = open(Some(&disk), Options::default());
        assert!(matches!(refused, Err(Error::Lost { .. } | Error::NoOpening(0))), "{refused:?}");
        assert_eq!(disk.names(), names, "nothing was made");
    }
}

#[test]
fn erasing_may_fail_at_every_operation() {
    let secret = || {
        let disk = MemoryDisk::default();
        let mut engine = open(Some(&disk), Options::default()).expect("it begins");
        let module = engine.load(&monthly()).expect("it loads").module;
        let mut request = chat(10);
        request.user = Some("somebody".into());
        engine.invoke(module, id(1), START, request).expect("it is decided");
        engine.invoke(module, id(2), START, chat(10)).expect("it is decided");
        engine.flush().expect("it is written");
        (disk, engine)
    };
    let leaves = std::collections::BTreeSet::from([1]);
    let (mut erased, mut kept) = (0, 0);
    for number in 0.. {
        let (disk, mut engine) = secret();
        disk.fail(Some((number, Fault::Half)));
        let done = engine.erase(&leaves).and_then(|()| engine.close());
        let beyond = disk.operations() <= number;
        disk.crash(0);
        disk.fail(None);
        let engine = open(Some(&disk), Options::default()).expect("it opens");
        let gone = engine.entry(1).expect("it reads").content.is_none();
        assert!(engine.entry(2).expect("it reads").content.is_some());
        assert!(gone || done.is_err(), "erased means gone");
        (erased, kept) = (erased + u32::from(gone), kept + u32::from(!gone));
        engine.close().expect("it closes");
        assert!(audit(&disk, None, &mut |_, _| {}).expect("it can be audited").passes());
        if beyond {
            break;
        }
    }
    assert!(erased > 1 && kept > 1, "{erased} {kept}");
}

#[test]
fn signed_leaves_are_never_cut() {
    let disk = MemoryDisk::default();
    let mut told = Told::new();
    work(&disk, &mut told).expect("nothing fails");
    let log = disk.bytes(LOG);
    for cut in [log.len() - 1, log.len() / 2, 16, 0] {
        let disk = disk.copy();
        disk.put(LOG, log[..cut].to_vec());
        assert!(matches!(open(Some(&disk), Options::default()), Err(Error::Lost { .. })), "cut at {cut}");
        assert_eq!(disk.bytes(LOG).len(), cut, "nothing was changed");
    }
}

#[test]
fn the_audit_notices_every_changed_byte() {
    let disk = MemoryDisk::default();
    let mut engine = open(Some(&disk), Options::default()).expect("it begins");
    let module = engine.load(&monthly()).expect("it loads").module;
    engine.invoke(module, id(1), START, chat(10)).expect("it is decided");
    let hold = engine.ask(module, id(2), START, chat(900), START + 3600 * SECOND).expect("it is decided");
    assert_eq!(hold.phase, Phase::Held);
    let denied = engine.invoke(module, id(3), START, chat(400)).expect("it is decided");
    assert_eq!(denied.phase, Phase::Denied);
    engine.commit(id(2), vec![("token".into(), 5)]).expect("it is billed");
    engine.close().expect("it closes");
    assert!(audit(&disk, None, &mut |_, _| {}).expect("it can be audited").passes());
    for name in disk.names() {
        let bytes = disk.bytes(&name);
        for at in 0..bytes.len() {
            let disk = disk.copy();
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << (at % 8);
            disk.put(&name, damaged);
            let passes = audit(&disk, None, &mut |_, _| {}).is_ok_and(|report| report.passes());
            assert!(!passes, "byte {at} of {name}");
        }
    }
}

#[test]
fn an_emptied_ledger_is_not_sound() {
    let (disk, _, _) = three_frames();
    disk.put(LOG, Vec::new());
    disk.put(OPENINGS, Vec::new());
    let found = |disk: &MemoryDisk| -> Vec<String> {
        let report = audit(disk, None, &mut |_, _| {}).expect("it can be audited");
        assert!(!report.passes());
        report.findings.iter().map(ToString::to_string).collect()
    };
    assert_eq!(found(&disk), ["the checkpoint covers 1 leaves, the log holds 0"]);
    disk.put(CHECKPOINT, b"no note".to_vec());
    assert_eq!(found(&disk), ["no leaf names the gateway that signed the checkpoint"]);
}

#[test]
fn a_flipped_bit_is_found_and_named() {
    let (disk, _, _) = three_frames();
    open(Some(&disk), Options::default()).expect("it opens").close().expect("it closes");
    let receipt = {
        let engine = open(Some(&disk), Options::default()).expect("it opens");
        engine.entry(2).expect("it is there").payload
    };
    let mut log = disk.bytes(LOG);
    let at =
        log.windows(receipt.len()).position(|bytes| bytes == receipt).expect("the receipt stands in the log");
    log[at + receipt.len() - 40] ^= 1;
    disk.put(LOG, log);
    let mut failed = Vec::new();
    let report = audit(&disk, None, &mut |leaf, verdict| {
        if let licit_engine::Verdict::Failed(failure) = verdict {
            failed.push(format!("leaf {leaf}: {failure}"));
        }
    });
    let findings: Vec<String> =
        report.expect("it can be audited").findings.iter().map(ToString::to_string).collect();
    assert!(failed.iter().any(|failure| failure.starts_with("leaf 2:")), "{failed:?}");
    assert!(findings.iter().any(|finding| finding.contains("`log` is damaged at byte")), "{findings:?}");
    assert!(findings.iter().any(|finding| finding.contains("checkpoint was signed over")), "{findings:?}");
}

#[test]
fn two_writers_are_refused() {
    let disk = MemoryDisk::default();
    let first = open(Some(&disk), Options::default()).expect("it begins");
    assert!(matches!(open(Some(&disk), Options::default()), Err(Error::Locked)));
    drop(first);
    assert!(open(Some(&disk), Options::default()).is_ok());
}

#[test]
fn a_stopped_engine_takes_no_more() {
    let disk = MemoryDisk::default();
    let mut engine = open(Some(&disk), Options::default()).expect("it begins");
    let module = engine.load(&monthly()).expect("it loads").module;
    engine.invoke(module, id(1), START, chat(10)).expect("it is decided");
    disk.fail(Some((0, Fault::Nothing)));
    assert!(matches!(engine.flush(), Err(Error::Io { .. })));
    assert!(matches!(engine.flush(), Err(Error::Stopped)));
    assert!(matches!(engine.invoke(module, id(2), START, chat(10)), Err(Error::Stopped)));
    assert!(matches!(engine.close(), Err(Error::Stopped)));
}

#[test]
fn a_real_directory_works_the_same() {
    let folder = tempfile::tempdir().expect("there is room");
    let mut engine = licit_engine::Engine::open_dir(folder.path(), key()).expect("it begins");
    assert!(matches!(licit_engine::Engine::open_dir(folder.path(), key()), Err(Error::Locked)));
    let module = engine.load(&monthly()).expect("it loads").module;
    let call = engine.new_call().expect("there is randomness");
    let answer = engine.invoke(module, call, START, chat(10)).expect("it is decided");
    assert_eq!((answer.phase, answer.receipt.seq), (Phase::Committed, 1));
    let proof = engine.prove(1).expect("it is in the log");
    let leaf = licit_engine::receipt::leaf_hash(&engine.entry(1).expect("it is there").payload);
    licit_engine::receipt::verify_inclusion(&leaf, 1, proof.size, &proof.path, &proof.root)
        .expect("the proof holds");
    engine.close().expect("it closes");
    let other = licit_engine::receipt::SigningKey::from_seed(&[8; 32]);
    assert!(matches!(licit_engine::Engine::open_dir(folder.path(), other), Err(Error::OtherKey)));
    let mut engine = licit_engine::Engine::open_dir(folder.path(), key()).expect("it opens again");
    let again = engine.invoke(module, call, START, chat(10)).expect("it is answered");
    assert!(again.repeated);
    let conflict = engine.invoke(module, call, START, chat(11));
    assert!(matches!(conflict, Err(Error::Refused(Refusal::Conflict))));
    assert!(Receipt::decode(&engine.entry(1).expect("it is there").payload).is_ok());
    engine.close().expect("it closes");
    let report = licit_engine::audit_dir(folder.path(), Some(&key().verifying_key()), &mut |_, _| {});
    assert!(report.expect("it can be audited").passes());
    let missing = licit_engine::audit_dir(&folder.path().join("nowhere"), None, &mut |_, _| {});
    assert!(matches!(missing, Err(Error::Io { .. })));
}
