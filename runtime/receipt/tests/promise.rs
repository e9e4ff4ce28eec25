//! Promises: made, opened, contradicted, damaged.

mod common;

use licit_receipt::cbor::{ErrorKind, Writer};
use licit_receipt::key::KeyError;
use licit_receipt::promise::{PromiseError, promise};
use licit_receipt::{Promise, Receipt, SigningKey};

fn key() -> SigningKey {
    SigningKey::from_seed(&[9; 32])
}

fn open(bytes: &[u8]) -> Result<Promise, PromiseError> {
    Promise::open(bytes, &key().verifying_key())
}

#[test]
fn every_damaged_byte_of_a_promise_is_refused() {
    let bytes = promise(&common::commit().encode().unwrap(), &key());
    assert!(open(&bytes).is_ok());
    for index in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[index] ^= 1 << (index % 8);
        assert!(open(&bad).is_err(), "byte {index}");
        assert!(open(&bytes[..index]).is_err(), "cut at {index}");
    }
    let trailing = [bytes.as_slice(), &[0]].concat();
    assert!(matches!(open(&trailing), Err(PromiseError::Form(error)) if error.kind == ErrorKind::Trailing));
}

#[test]
fn a_promise_is_its_gateway_s() {
    let receipt = common::commit();
    let payload = receipt.encode().unwrap();
    let thief = SigningKey::from_seed(&[10; 32]);
    // The thief signs under his own name, then under the gateway's, then opens with his own key.
    let bytes = promise(&payload, &thief);
    assert_eq!(open(&bytes), Err(PromiseError::Header));
    assert_eq!(Promise::open(&bytes, &thief.verifying_key()), Err(PromiseError::Gateway));
    let own = promise(&payload, &key());
    let forged = [&own[..own.len() - 64], &bytes[bytes.len() - 64..]].concat();
    assert_eq!(open(&forged), Err(PromiseError::Signature(KeyError::BadSignature)));
    // What is signed must be a receipt.
    assert!(matches!(open(&promise(b"hello", &key())), Err(PromiseError::Receipt(_))));
    // Nothing rides along unsigned.
    let mut out = vec![];
    let mut w = Writer::new(&mut out);
    w.map(1);
    w.uint(4);
    w.bytes(b"x");
    let place = own.iter().position(|byte| *byte == 0xa0).unwrap();
    let riding = [&own[..place], &out, &own[place + 1..]].concat();
    assert!(
        matches!(open(&riding), Err(PromiseError::Form(error)) if error.kind == ErrorKind::UnknownKey(4))
    );
}

#[test]
fn two_promises_for_one_place_prove_a_fork() {
    let make = |receipt: &Receipt| open(&promise(&receipt.encode().unwrap(), &key())).unwrap();
    let one = common::commit();
    let decided = Receipt { decision: Some(13), ..one.clone() };
    let next = Receipt { seq: one.seq + 1, ..one.clone() };
    let later = Receipt { epoch: one.epoch + 1, ..decided.clone() };
    assert!(make(&one).contradicts(&make(&decided)));
    assert!(!make(&one).contradicts(&make(&one)));
    assert!(!make(&one).contradicts(&make(&next)));
    assert!(!make(&one).contradicts(&make(&later)));
}
