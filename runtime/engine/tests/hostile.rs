//! Files that somebody has had his hands in: any answer but a crash, and never a pass.

mod common;

use common::*;
use licit_engine::{LOG, OPENINGS, Options, audit};
use proptest::prelude::*;

fn ledger() -> MemoryDisk {
    let disk = MemoryDisk::default();
    let mut engine = open(Some(&disk), Options { group: 2, checkpoint_every: 4, ..Options::default() })
        .expect("it begins");
    let module = engine.load(&monthly()).expect("it loads").module;
    for call in 0..4 {
        engine.invoke(module, id(call), START, chat(10)).expect("it is decided");
    }
    engine.ask(module, id(9), START, chat(10), START + 600 * SECOND).expect("it is decided");
    engine.close().expect("it closes");
    disk
}

/// What is done to the bytes of a file.
#[derive(Clone, Debug)]
enum Harm {
    Overwrite(usize, Vec<u8>),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
    Copy(usize, usize, usize),
    Replace(Vec<u8>),
}

fn harm() -> impl Strategy<Value = Harm> {
    let bytes = || prop::collection::vec(any::<u8>(), 1..60);
    let at = || 0usize..5000;
    prop_oneof![
        (at(), bytes()).prop_map(|(at, bytes)| Harm::Overwrite(at, bytes)),
        (at(), bytes()).prop_map(|(at, bytes)| Harm::Insert(at, bytes)),
        (at(), 1usize..400).prop_map(|(at, len)| Harm::Remove(at, len)),
        (at(), at(), 1usize..400).prop_map(|(from, to, len)| Harm::Copy(from, to, len)),
        bytes().prop_map(Harm::Replace),
    ]
}

fn harmed(mut bytes: Vec<u8>, harm: &Harm) -> Vec<u8> {
    let len = bytes.len();
    let within = |at: usize| if len == 0 { 0 } else { at % len };
    match harm.clone() {
        Harm::Overwrite(at, with) => {
            let at = within(at);
            for (byte, with) in bytes[at..].iter_mut().zip(with) {
                *byte = with;
            }
        }
        Harm::Insert(at, with) => {
            let at = within(at);
            bytes.splice(at..at, with);
        }
        Harm::Remove(at, count) => {
            let at = within(at);
            bytes.drain(at..(at + count).min(len));
        }
        Harm::Copy(from, to, count) => {
            let (from, to) = (within(from), within(to));
            let part = bytes[from..(from + count).min(len)].to_vec();
            bytes.splice(to..to, part);
        }
        Harm::Replace(with) => bytes = with,
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn a_harmed_directory_never_passes(file in 0usize..8, harms in prop::collection::vec(harm(), 1..4)) {
        let disk = ledger();
        let names = disk.names();
        // Log and openings more often than the others.
        let name = match file {
            0..=2 => LOG.to_string(),
            3..=4 => OPENINGS.to_string(),
            other => names[other % names.len()].clone(),
        };
        let before = disk.bytes(&name);
        let after = harms.iter().fold(before.clone(), harmed);
        prop_assume!(before != after);
        disk.put(&name, after);
        let passes = audit(&disk, None, &mut |_, _| {}).is_ok_and(|report| report.passes());
        prop_assert!(!passes, "{} after {:?}", name, harms);
        // Opening for writing may mend a torn tail, but never loses a signed leaf.
        if let Ok(engine) = open(Some(&disk), Options::default()) {
            prop_assert_eq!(engine.state().leaves(), 6);
        }
    }

    #[test]
    fn any_bytes_are_a_clean_error(log in prop::collection::vec(any::<u8>(), 0..200), whole in any::<bool>()) {
        let disk = ledger();
        let start = if whole { disk.bytes(LOG)[..16].to_vec() } else { Vec::new() };
        disk.put(LOG, [start, log].concat());
        prop_assert!(open(Some(&disk), Options::default()).is_err());
        let passes = audit(&disk, None, &mut |_, _| {}).is_ok_and(|report| report.passes());
        prop_assert!(!passes);
    }
}
