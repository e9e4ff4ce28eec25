//! Proof files: a receipt checked without a network, and every way in which it is not the log's.

mod common;

use licit_receipt::checkpoint::{CheckpointError, origin};
use licit_receipt::note::NoteError;
use licit_receipt::proof::{MAX_PATH, Refusal};
use licit_receipt::verify::ProofError;
use licit_receipt::{
    Checkpoint, Kind, Log, MemoryStorage, Proof, Receipt, Signer, SigningKey, VerifyingKey, leaf_hash,
};

fn signer(seed: u8, gateway: &VerifyingKey, epoch: u64) -> Signer {
    Signer::new(&origin(&gateway.gateway(), epoch), SigningKey::from_seed(&[seed; 32])).unwrap()
}

fn gateway() -> VerifyingKey {
    SigningKey::from_seed(&[9; 32]).verifying_key()
}

/// A log of 11 receipts of epoch 7; the receipt of leaf 5 says it is leaf `seq` of epoch `epoch`.
fn log(seq: u64, epoch: u64) -> (Log<MemoryStorage>, Vec<u8>) {
    let mut log = Log::open(MemoryStorage::new()).unwrap();
    let mut fifth = vec![];
    for index in 0..11 {
        let mut receipt =
            Receipt::new(Kind::Hold, gateway().gateway(), 7, index, common::AT, [index as u8; 32]);
        if index == 5 {
            (receipt.seq, receipt.epoch) = (seq, epoch);
            fifth = receipt.encode().unwrap();
        }
        log.append(&receipt.encode().unwrap()).unwrap();
    }
    (log, fifth)
}

fn prove(log: &Log<MemoryStorage>, payload: &[u8], signer: &Signer) -> Proof {
    let head = Checkpoint::new(signer.verifier().name(), log.len(), log.root());
    Proof {
        extra: Some(payload.to_vec()),
        index: 5,
        path: log.inclusion(5, log.len()).unwrap(),
        checkpoint: head.sign(&[signer]).unwrap(),
    }
}

#[test]
fn a_receipt_is_checked_from_its_proof_file_alone() {
    let (log, payload) = log(5, 7);
    let signer = signer(9, &gateway(), 7);
    let file = prove(&log, &payload, &signer).to_string();
    insta::assert_snapshot!("proof", file);

    let proof = Proof::parse(file.as_bytes()).unwrap();
    assert_eq!(proof.to_string(), file);
    let carried = proof.extra.clone().unwrap();
    let (receipt, head) = proof.verify_receipt(&carried, signer.verifier()).unwrap();
    assert_eq!(receipt.seq, 5);
    assert_eq!(head.size, 11);

    let other = Receipt { seq: 6, ..receipt }.encode().unwrap();
    assert_eq!(proof.verify_receipt(&other, signer.verifier()), Err(Refusal::Path(ProofError::Root)));
    let nothing = proof.verify_receipt(&[], signer.verifier());
    assert!(matches!(nothing, Err(Refusal::Receipt(_))));
}

#[test]
fn every_damaged_byte_of_a_proof_file_is_refused() {
    let (log, payload) = log(5, 7);
    let signer = signer(9, &gateway(), 7);
    let file = prove(&log, &payload, &signer).to_string().into_bytes();
    let check = |bytes: &[u8]| {
        let proof = Proof::parse(bytes).ok()?;
        assert_eq!(proof.to_string().as_bytes(), bytes);
        let carried = proof.extra.clone()?;
        proof.verify_receipt(&carried, signer.verifier()).ok()
    };
    assert!(check(&file).is_some());
    for index in 0..file.len() {
        for bit in 0..8 {
            let mut bad = file.clone();
            bad[index] ^= 1 << bit;
            assert_eq!(check(&bad), None, "byte {index}, bit {bit}");
        }
        assert_eq!(check(&file[..index]), None, "cut at {index}");
    }
}

/// The log and its signature are in order, the receipt does not belong there.
#[test]
fn a_receipt_must_be_where_it_says() {
    let own = signer(9, &gateway(), 7);
    let refused = |seq, epoch, signer: &Signer| {
        let (log, payload) = log(seq, epoch);
        prove(&log, &payload, signer).verify_receipt(&payload, signer.verifier()).unwrap_err()
    };
    assert_eq!(refused(6, 7, &own), Refusal::Seq { seq: 6, index: 5 });
    assert_eq!(refused(5, 8, &own), Refusal::Origin(origin(&gateway().gateway(), 8)));
    // Another key under the name of this gateway's log: only its receipts' gateway field gives it away.
    let thief = signer(10, &gateway(), 7);
    assert_eq!(refused(5, 7, &thief), Refusal::Gateway);
    // Whoever knows the gateway's key does not even get that far.
    let (log, payload) = log(5, 7);
    let unsigned = prove(&log, &payload, &thief).verify_receipt(&payload, own.verifier());
    assert_eq!(unsigned, Err(Refusal::Checkpoint(CheckpointError::Note(NoteError::Unsigned))));
}

#[test]
fn malformed_proof_files() {
    let hash = "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n";
    let head = "c2sp.org/tlog-proof@v1\n";
    let line = |text: String| match Proof::parse(text.as_bytes()) {
        Err(Refusal::Line(number)) => number,
        other => panic!("{text:?}: {other:?}"),
    };
    assert_eq!(line(String::new()), 1);
    assert_eq!(line("c2sp.org/tlog-proof@v2\nindex 0\n\n".into()), 1);
    assert_eq!(line("c2sp.org/tlog-proof@v1".into()), 2);
    for index in
        ["", "index", "index ", "index 01", "index -1", "index +1", "index 1 ", "index 18446744073709551616"]
    {
        assert_eq!(line(format!("{head}{index}\n\n")), 2, "{index}");
    }
    assert_eq!(line(format!("{head}extra ?\nindex 0\n\n")), 2);
    assert_eq!(line(format!("{head}extra AAAA\nextra AAAA\nindex 0\n\n")), 3);
    assert_eq!(line(format!("{head}index 0\nAAAA\n\n")), 3);
    assert_eq!(line(format!("{head}index 0\n{hash}")), 4);
    assert_eq!(line(format!("{head}index 0\n{}\n", hash.repeat(MAX_PATH + 1))), 3 + MAX_PATH);
    assert_eq!(Proof::parse(&vec![b'a'; 2_000_000]), Err(Refusal::TooLong));

    let empty = Proof::parse(format!("{head}index 0\n\n").as_bytes()).unwrap();
    assert_eq!((empty.index, empty.path.len(), empty.checkpoint.as_str()), (0, 0, ""));
    let verifier = signer(9, &gateway(), 7);
    assert!(empty.verify(&leaf_hash(b""), verifier.verifier()).is_err());
}
