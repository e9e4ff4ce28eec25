//! The receipts of the frozen corpus as values: what the bytes in `tests/corpus` must mean for ever.
#![allow(dead_code, reason = "every test file uses its own part")]

use licit_receipt::hash::sha256;
use licit_receipt::receipt::{Amount, At, Due, Quantity, Receipt, Reference, View};
use licit_receipt::{Kind, Opening, SigningKey};

/// 2026-11-22T09:30:00Z and a second earlier.
pub const AT: At = At { logged: 1_795_339_800_000_000, used: 1_795_339_799_000_000 };

/// The id of the gateway whose secret key is 32 bytes of 9.
pub fn gateway() -> [u8; 32] {
    SigningKey::from_seed(&[9; 32]).verifying_key().gateway()
}

/// What the receipt `commit` opens to.
pub fn opening() -> Opening {
    Opening::new([0x5a; 32], [0xb1; 16], b"\xa1\x01\x02".to_vec(), b"\xa1\x01\x65hello")
}

/// Every receipt of the corpus, by the name of its files.
pub fn receipts() -> Vec<(&'static str, Receipt)> {
    let new = |kind, seq| Receipt::new(kind, gateway(), 7, seq, AT, opening().commitment());
    vec![
        ("minimal", Receipt::new(Kind::Release, [0; 32], 0, 0, At::default(), [0xff; 32])),
        ("epoch-open-first", new(Kind::EpochOpen, 0)),
        ("epoch-open-next", Receipt { prev: Some(sha256(b"last root")), ..new(Kind::EpochOpen, 0) }),
        (
            "hold",
            Receipt { quantities: vec![Quantity { unit: 0, count: 4096 }], ..call(new(Kind::Hold, 41)) },
        ),
        ("commit", commit()),
        ("deny", Receipt { decision: Some(13), ..call(new(Kind::Deny, 43)) }),
        (
            "correct",
            Receipt {
                quantities: vec![Quantity { unit: 0, count: 0 }],
                due: Some(Due { negative: true, minor: 17 }),
                reference: Some(Reference::Id(sha256(b"a leaf of another log"))),
                ..new(Kind::Correct, 44)
            },
        ),
        ("widest", widest()),
    ]
}

fn call(receipt: Receipt) -> Receipt {
    Receipt {
        call: Some(*b"\x01\x9a\xaa\x65\xe3\x70\x7a\xbc\x8d\xef\x01\x23\x45\x67\x89\xab"),
        licence: Some(sha256(b"licence")),
        module: Some(sha256(b"module")),
        decision: Some(0),
        consumer: Some(sha256(b"consumer")),
        view: Some(View { size: 900, time: AT.logged }),
        ..receipt
    }
}

/// The example of `spec/receipt.md`.
pub fn commit() -> Receipt {
    Receipt {
        quantities: vec![Quantity { unit: 0, count: 1500 }, Quantity { unit: 1, count: 320 }],
        amount: Some(Amount { currency: 0, grain: 1_000_000, numerator: 13_300 }),
        due: Some(Due { negative: false, minor: 1 }),
        capsule: Some(sha256(b"capsule")),
        reference: Some(Reference::Leaf(41)),
        ..call(Receipt::new(Kind::Commit, gateway(), 7, 42, AT, opening().commitment()))
    }
}

/// Every key and the largest numbers.
fn widest() -> Receipt {
    Receipt {
        kind: Kind::EpochOpen,
        gateway: [0xff; 32],
        epoch: u64::MAX,
        seq: u64::MAX,
        at: At { logged: u64::MAX, used: u64::MAX },
        call: Some([0xff; 16]),
        licence: Some([0xff; 32]),
        module: Some([0xff; 32]),
        decision: Some(u16::MAX),
        quantities: vec![
            Quantity { unit: 23, count: 1 },
            Quantity { unit: 24, count: 0 },
            Quantity { unit: u32::MAX, count: u128::MAX },
        ],
        amount: Some(Amount { currency: u32::MAX, grain: u64::MAX, numerator: u128::MAX }),
        due: Some(Due { negative: true, minor: u128::MAX }),
        opening: [0xff; 32],
        consumer: Some([0xff; 32]),
        capsule: Some([0xff; 32]),
        auth: Some([0xff; 32]),
        view: Some(View { size: u64::MAX, time: u64::MAX }),
        reference: Some(Reference::Leaf(u64::MAX)),
        prev: Some([0xff; 32]),
    }
}

/// Hexadecimal in lines of 32 bytes.
pub fn hex_lines(bytes: &[u8]) -> String {
    bytes.chunks(32).map(|line| licit_receipt::hash::hex(line) + "\n").collect()
}

/// The bytes of hexadecimal text; white space does not count.
pub fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> =
        text.split_whitespace().flat_map(str::chars).map(|c| c.to_digit(16).unwrap()).collect();
    digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}
