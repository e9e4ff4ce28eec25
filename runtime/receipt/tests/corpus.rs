//! The frozen corpus, `tests/corpus`: bytes, their dump and their id. A file there never changes again.
//!
//! A new case is added to `common::receipts`; `LICIT_FREEZE=1 cargo test -p licit-receipt` writes the files that
//! are missing, and only those.

mod common;

use std::fs;
use std::path::PathBuf;

use licit_receipt::hash::hex;
use licit_receipt::opening::Erasable;
use licit_receipt::promise::promise;
use licit_receipt::{Opening, Promise, Receipt, SigningKey, leaf_hash};

/// The content of a frozen file.
fn frozen(name: &str, made: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name);
    if !path.exists() && std::env::var_os("LICIT_FREEZE").is_some() {
        fs::write(&path, made).unwrap();
    }
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn receipts_mean_what_they_meant() {
    for (name, receipt) in common::receipts() {
        let bytes = receipt.encode().unwrap();
        let dump = format!("{receipt}id {}, {} bytes\n", hex(&leaf_hash(&bytes)), bytes.len());
        let old = common::unhex(&frozen(&format!("{name}.hex"), &common::hex_lines(&bytes)));
        assert_eq!(Receipt::decode(&old).as_ref(), Ok(&receipt), "{name} means something else");
        assert_eq!(bytes, old, "{name} has other bytes");
        assert_eq!(bytes.len(), receipt.encoded_len());
        assert_eq!(receipt.id().unwrap(), leaf_hash(&old));
        assert_eq!(dump, frozen(&format!("{name}.txt"), &dump), "{name} reads differently");
    }
}

#[test]
fn no_file_of_the_corpus_is_forgotten() {
    let names: Vec<&str> = common::receipts().iter().map(|(name, _)| *name).collect();
    for entry in fs::read_dir(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let (stem, kind) = name.split_once('.').unwrap();
        assert!(kind == "hex" || kind == "txt");
        assert!(
            names.contains(&stem) || ["opening", "opening-erased", "promise"].contains(&stem),
            "{name} is not tested"
        );
    }
}

#[test]
fn openings_mean_what_they_meant() {
    let whole = common::opening();
    let mut erased = whole.clone();
    erased.erase();
    assert_eq!(erased.commitment(), whole.commitment());
    assert!(matches!(erased.erasable, Erasable::Erased(_)));
    for (name, opening) in [("opening", whole), ("opening-erased", erased)] {
        let bytes = opening.encode().unwrap();
        let old = common::unhex(&frozen(&format!("{name}.hex"), &common::hex_lines(&bytes)));
        assert_eq!(bytes, old, "{name} has other bytes");
        assert_eq!(Opening::decode(&old), Ok(opening), "{name} means something else");
    }
}

#[test]
fn a_promise_means_what_it_meant() {
    let key = SigningKey::from_seed(&[9; 32]);
    let payload = common::commit().encode().unwrap();
    let bytes = promise(&payload, &key);
    let old = common::unhex(&frozen("promise.hex", &common::hex_lines(&bytes)));
    assert_eq!(bytes, old, "the promise has other bytes");
    let opened = Promise::open(&old, &key.verifying_key()).unwrap();
    assert_eq!(opened, Promise { payload, receipt: common::commit() });
}
