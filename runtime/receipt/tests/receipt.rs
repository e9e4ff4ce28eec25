//! The codec of receipts and openings: identity, and everything it refuses.

mod common;

use std::fmt::Write as _;

use licit_receipt::cbor::{self, ErrorKind, Writer};
use licit_receipt::hash::sha256;
use licit_receipt::opening::{self, Erasable, commitment};
use licit_receipt::receipt::{
    Amount, At, Due, EncodeError, MAX_LEN, MAX_QUANTITIES, Quantity, Receipt, Reference, View,
};
use licit_receipt::{Kind, Opening};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

/// Numbers around every change of length.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..=0x18_u64,
        0xf0..=0x110_u64,
        0xfff0..=0x1_0010_u64,
        0xffff_fff0..=0x1_0000_0010_u64,
        any::<u64>(),
        Just(u64::MAX),
    ]
}

fn small() -> impl Strategy<Value = u32> {
    number().prop_map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}

prop_compose! {
    fn measured()(
        quantities in btree_map(small(), any::<u128>(), 0..30),
        amount in option::of((small(), number(), any::<u128>())),
        due in option::of((any::<bool>(), prop_oneof![Just(0), any::<u128>()])),
        decision in option::of(any::<u16>()),
    ) -> (Vec<Quantity>, Option<Amount>, Option<Due>, Option<u16>) {
        (
            quantities.into_iter().map(|(unit, count)| Quantity { unit, count }).collect(),
            amount.map(|(currency, grain, numerator)| Amount { currency, grain: grain.max(1), numerator }),
            due.map(|(negative, minor)| Due { negative: negative && minor > 0, minor }),
            decision,
        )
    }
}

prop_compose! {
    fn receipt()(
        kind in prop::sample::select(Kind::ALL),
        (gateway, opening, epoch, seq) in (any::<[u8; 32]>(), any::<[u8; 32]>(), number(), number()),
        (logged, used) in (number(), number()),
        call in option::of(any::<[u8; 16]>()),
        hashes in vec(option::of(any::<[u8; 32]>()), 6),
        (quantities, amount, due, decision) in measured(),
        view in option::of((number(), number())),
        reference in option::of(prop_oneof![
            number().prop_map(Reference::Leaf),
            any::<[u8; 32]>().prop_map(Reference::Id),
        ]),
    ) -> Receipt {
        Receipt {
            call,
            licence: hashes[0],
            module: hashes[1],
            decision,
            quantities,
            amount,
            due,
            consumer: hashes[2],
            capsule: hashes[3],
            auth: hashes[4],
            view: view.map(|(size, time)| View { size, time }),
            reference,
            prev: hashes[5].filter(|_| kind == Kind::EpochOpen),
            ..Receipt::new(kind, gateway, epoch, seq, At { logged, used }, opening)
        }
    }
}

/// Accept exactly what encodes to the same bytes.
fn strict(bytes: &[u8]) -> Option<Receipt> {
    let receipt = Receipt::decode(bytes).ok()?;
    assert_eq!(receipt.encode().unwrap(), bytes);
    Some(receipt)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_encoded_is_decoded(receipt in receipt()) {
        let mut out = vec![0xaa];
        receipt.encode_into(&mut out).unwrap();
        prop_assert_eq!(out[0], 0xaa);
        let bytes = &out[1..];
        prop_assert_eq!(bytes.len(), receipt.encoded_len());
        prop_assert!(bytes.len() <= MAX_LEN);
        prop_assert_eq!(Receipt::decode(bytes), Ok(receipt));
    }

    #[test]
    fn any_bytes_decode_or_not(bytes in vec(any::<u8>(), 0..300)) {
        strict(&bytes);
        if let Ok(opening) = Opening::decode(&bytes) {
            prop_assert_eq!(opening.encode().unwrap(), bytes);
        }
    }

    /// Damage that keeps most of the shape: a splice of another receipt.
    #[test]
    fn spliced_receipts_decode_strictly(
        one in receipt(),
        other in receipt(),
        (from, to, at) in (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        keep in any::<bool>(),
    ) {
        let (one, other) = (one.encode().unwrap(), other.encode().unwrap());
        let (a, b) = (from.index(other.len()), to.index(other.len()));
        let piece = &other[a.min(b)..a.max(b)];
        let start = at.index(one.len());
        let end = if keep { start } else { (start + piece.len()).min(one.len()) };
        let spliced = [&one[..start], piece, &one[end..]].concat();
        strict(&spliced);
    }

    #[test]
    fn openings_round_trip(
        salt in any::<[u8; 32]>(),
        blind in any::<[u8; 16]>(),
        kept in vec(any::<u8>(), 0..300),
        content in vec(any::<u8>(), 0..300),
    ) {
        let mut opening = Opening::new(salt, blind, kept.clone(), &content);
        let second = [blind.as_slice(), &content].concat();
        let parts = [salt, sha256(&kept), sha256(&second)].concat();
        prop_assert_eq!(opening.commitment(), sha256(&parts));
        prop_assert_eq!(commitment(&salt, &kept, &second), sha256(&parts));
        prop_assert_eq!(opening.content(), Some(content.as_slice()));
        prop_assert_eq!(Opening::decode(&opening.encode().unwrap()), Ok(opening.clone()));

        opening.erase();
        prop_assert_eq!(opening.commitment(), sha256(&parts));
        prop_assert_eq!(opening.content(), None);
        let bytes = opening.encode().unwrap();
        prop_assert!(content.len() < 8 || !bytes.windows(content.len()).any(|window| window == content));
        prop_assert_eq!(Opening::decode(&bytes), Ok(opening.clone()));
        let once = opening.clone();
        opening.erase();
        prop_assert_eq!(opening, once);
    }
}

#[test]
fn every_damaged_byte_is_refused_or_another_receipt() {
    for (name, receipt) in common::receipts() {
        let bytes = receipt.encode().unwrap();
        for index in 0..bytes.len() {
            for bit in 0..8 {
                let mut bad = bytes.clone();
                bad[index] ^= 1 << bit;
                assert_ne!(strict(&bad), Some(receipt.clone()), "{name}: byte {index}, bit {bit}");
            }
            assert_eq!(strict(&bytes[..index]), None, "{name}: cut at {index}");
            let removed = [&bytes[..index], &bytes[index + 1..]].concat();
            assert_ne!(strict(&removed), Some(receipt.clone()), "{name}: without byte {index}");
            let doubled = [&bytes[..=index], &bytes[index..]].concat();
            assert_ne!(strict(&doubled), Some(receipt.clone()), "{name}: byte {index} twice");
        }
    }
}

/// The pairs of a small receipt, key and value, each already encoded.
fn pairs() -> Vec<(u64, Vec<u8>)> {
    let bytes = |byte: u8| [vec![0x58, 32], vec![byte; 32]].concat();
    vec![
        (1, vec![1]),
        (2, vec![10]),
        (3, bytes(3)),
        (4, vec![7]),
        (5, vec![9]),
        (6, vec![0x82, 1, 1]),
        (14, bytes(14)),
    ]
}

/// A map of these pairs, in this order.
fn map(pairs: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut out = vec![];
    Writer::new(&mut out).map(pairs.len());
    for (key, value) in pairs {
        Writer::new(&mut out).uint(*key);
        out.extend_from_slice(value);
    }
    out
}

/// The small receipt with one more pair, at its place.
fn with(key: u64, value: &[u8]) -> Vec<u8> {
    let mut all = pairs();
    all.retain(|pair| pair.0 != key);
    all.push((key, value.to_vec()));
    all.sort_by_key(|pair| pair.0);
    map(&all)
}

fn string(len: u8) -> Vec<u8> {
    let head = if len < 24 { vec![0x40 | len] } else { vec![0x58, len] };
    [head, vec![0; len.into()]].concat()
}

/// `qty` with these units, each counting 0.
fn quantities(units: &[u64]) -> Vec<u8> {
    let mut out = vec![];
    let mut w = Writer::new(&mut out);
    w.array(units.len());
    for unit in units {
        w.array(2);
        w.uint(*unit);
        w.u128(0);
    }
    out
}

#[test]
fn what_is_refused_and_how_it_is_said() {
    let whole = map(&pairs());
    assert!(strict(&whole).is_some());
    let without = |key: u64| map(&pairs().into_iter().filter(|pair| pair.0 != key).collect::<Vec<_>>());
    let mut swapped = pairs();
    swapped.swap(3, 4);
    let mut repeated = pairs();
    repeated.insert(4, (4, vec![7]));
    let array = |items: &[&[u8]]| [vec![0x80 | items.len() as u8], items.concat()].concat();
    let wide = string(16);
    let mut nothing = with(13, &array(&[&[1], &wide]));
    assert_eq!(Receipt::decode(&nothing).unwrap_err().kind, ErrorKind::Range);
    nothing = with(13, &array(&[&[0], &wide]));
    assert!(strict(&nothing).is_some());

    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", vec![]),
        ("another type", vec![0x01]),
        ("cut short", whole[..whole.len() - 1].to_vec()),
        ("one byte more", [whole.as_slice(), &[0]].concat()),
        ("another one after it", whole.repeat(2)),
        ("too long", vec![0xa7; MAX_LEN + 1]),
        (
            "a map that promises too much",
            [&[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], &whole[1..]].concat(),
        ),
        ("an indefinite map", [&[0xbf], &whole[1..], &[0xff]].concat()),
        ("a map with a long head", [&[0xb8, 7], &whole[1..]].concat()),
        ("a tag", [&[0xc1], whole.as_slice()].concat()),
        ("keys out of order", map(&swapped)),
        ("a key twice", map(&repeated)),
        ("an unknown key", with(21, &[0])),
        ("key 0", with(0, &[0])),
        ("a huge key", with(u64::MAX, &[0])),
        ("a negative key", [&[0xa8, 0x20, 0x00], &whole[1..]].concat()),
        ("a text key", [&[0xa8, 0x61, 0x61, 0x00], &whole[1..]].concat()),
        ("no version", without(1)),
        ("no kind", without(2)),
        ("no gateway", without(3)),
        ("no epoch", without(4)),
        ("no seq", without(5)),
        ("no at", without(6)),
        ("no opening", without(14)),
        ("version 2", with(1, &[2])),
        ("kind 0", with(2, &[0])),
        ("kind 21", with(2, &[21])),
        ("a kind in two bytes", with(2, &[0x18, 10])),
        ("a negative epoch", with(4, &[0x20])),
        ("an epoch as a float", with(4, &[0xf9, 0x47, 0x00])),
        ("an epoch as null", with(4, &[0xf6])),
        ("an epoch as undefined", with(4, &[0xf7])),
        ("an epoch as true", with(4, &[0xf5])),
        ("an epoch as a bignum", with(4, &[0xc2, 0x41, 7])),
        ("an epoch in nine bytes", with(4, &[0x1b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff])),
        ("an epoch with a reserved head", with(4, &[0x1c])),
        ("a gateway of 31 bytes", with(3, &string(31))),
        ("a gateway of 33 bytes", with(3, &string(33))),
        ("a gateway as text", with(3, &[0x61, 0x61])),
        ("a gateway in pieces", with(3, &[0x5f, 0x41, 0, 0xff])),
        ("one instant", with(6, &[0x81, 1])),
        ("three instants", with(6, &[0x83, 1, 1, 1])),
        ("an instant alone", with(6, &[1])),
        ("a call of 15 bytes", with(7, &string(15))),
        ("a decision of 65536", with(10, &[0x1a, 0, 1, 0, 0])),
        ("no quantities, said aloud", with(11, &[0x80])),
        ("too many quantities", with(11, &quantities(&(0..=MAX_QUANTITIES as u64).collect::<Vec<_>>()))),
        ("a unit twice", with(11, &quantities(&[3, 3]))),
        ("units out of order", with(11, &quantities(&[3, 2]))),
        ("a unit beyond 32 bits", with(11, &quantities(&[1 << 32]))),
        ("a quantity as an integer", with(11, &array(&[&array(&[&[0], &[5]])]))),
        ("a quantity of 15 bytes", with(11, &array(&[&array(&[&[0], &string(15)])]))),
        ("an amount without grain", with(12, &array(&[&[0], &wide]))),
        ("an amount over grain 0", with(12, &array(&[&[0], &[0], &wide]))),
        ("a currency beyond 32 bits", with(12, &array(&[&[0x1b, 0, 0, 0, 1, 0, 0, 0, 0], &[1], &wide]))),
        ("a sign of 2", with(13, &array(&[&[2], &wide]))),
        ("minus nothing", with(13, &array(&[&[1], &wide]))),
        ("a sign as a boolean", with(13, &array(&[&[0xf4], &wide]))),
        ("a view without time", with(18, &array(&[&[1]]))),
        ("a reference of 16 bytes", with(19, &wide)),
        ("a reference as an array", with(19, &[0x80])),
        ("prev in a commit", with(20, &string(32))),
    ];
    let mut told = String::new();
    for (name, bytes) in cases {
        let error = Receipt::decode(&bytes).expect_err(name);
        assert!(error.offset <= bytes.len(), "{name}");
        writeln!(told, "{name}: {error}").unwrap();
    }
    insta::assert_snapshot!("refused", told);
}

#[test]
fn what_has_no_bytes() {
    let base = common::commit();
    let refused = |receipt: Receipt| {
        let mut out = vec![1, 2, 3];
        let error = receipt.encode_into(&mut out).unwrap_err();
        assert_eq!(out, [1, 2, 3]);
        assert_eq!(receipt.encode(), Err(error));
        error
    };
    let quantity = |unit| Quantity { unit, count: 1 };
    let many =
        |count: usize| Receipt { quantities: (0..count as u32).map(quantity).collect(), ..base.clone() };
    assert_eq!(refused(many(MAX_QUANTITIES + 1)), EncodeError::TooManyQuantities);
    let most = many(MAX_QUANTITIES).encode().unwrap();
    assert_eq!(strict(&most), Some(many(MAX_QUANTITIES)));

    let twice = Receipt { quantities: vec![quantity(1), quantity(1)], ..base.clone() };
    assert_eq!(refused(twice), EncodeError::QuantityOrder);
    let unordered = Receipt { quantities: vec![quantity(2), quantity(1)], ..base.clone() };
    assert_eq!(refused(unordered), EncodeError::QuantityOrder);
    let amount = Some(Amount { currency: 0, grain: 0, numerator: 1 });
    assert_eq!(refused(Receipt { amount, ..base.clone() }), EncodeError::ZeroGrain);
    let due = Some(Due { negative: true, minor: 0 });
    assert_eq!(refused(Receipt { due, ..base.clone() }), EncodeError::NegativeZero);
    let prev = Some([0; 32]);
    assert_eq!(refused(Receipt { prev, ..base }), EncodeError::PrevOutsideEpochOpen);
}

/// The largest receipt there can be still fits the log's 16-bit lengths.
#[test]
fn the_longest_receipt_fits() {
    let (_, mut receipt) = common::receipts().into_iter().find(|(name, _)| *name == "widest").unwrap();
    let units = (0..MAX_QUANTITIES as u32).map(|index| u32::MAX - index).rev();
    receipt.quantities = units.map(|unit| Quantity { unit, count: u128::MAX }).collect();
    receipt.reference = Some(Reference::Id([0xff; 32]));
    let bytes = receipt.encode().unwrap();
    assert!(bytes.len() < MAX_LEN, "{}", bytes.len());
    assert_eq!(strict(&bytes), Some(receipt));
}

#[test]
fn openings_that_are_refused() {
    let parts = |pairs: &[(u64, Vec<u8>)]| Opening::decode(&map(pairs)).map_err(|error| error.kind);
    let (salt, kept, blinded, hash) = (string(32), string(3), string(16), string(32));
    let start = [(1, salt.clone()), (2, kept.clone())];
    let both = |key: u64, value: &[u8]| [start.as_slice(), &[(key, value.to_vec())]].concat();
    assert!(parts(&both(3, &blinded)).is_ok());
    assert!(parts(&both(4, &hash)).is_ok());
    assert_eq!(parts(&both(3, &string(15))), Err(ErrorKind::Range));
    assert_eq!(parts(&both(4, &string(31))), Err(ErrorKind::Length(32)));
    assert_eq!(parts(&both(5, &hash)), Err(ErrorKind::UnknownKey(5)));
    assert_eq!(parts(&start), Err(ErrorKind::MissingKey(3)));
    assert_eq!(parts(&[(2, kept.clone()), (3, blinded.clone())]), Err(ErrorKind::MissingKey(1)));
    assert_eq!(parts(&[(1, salt.clone()), (3, blinded.clone())]), Err(ErrorKind::MissingKey(2)));
    assert_eq!(parts(&[(1, string(16)), (2, kept), (3, blinded.clone())]), Err(ErrorKind::Length(32)));
    let second = [both(3, &blinded).as_slice(), &[(4, hash)]].concat();
    assert_eq!(parts(&second), Err(ErrorKind::ForbiddenKey(4)));
    let trailing = [map(&both(3, &blinded)).as_slice(), &[0]].concat();
    assert_eq!(Opening::decode(&trailing).unwrap_err().kind, ErrorKind::Trailing);
    let long = vec![0; opening::MAX_LEN + 1];
    assert_eq!(Opening::decode(&long).unwrap_err().kind, ErrorKind::Oversize(opening::MAX_LEN));

    let short = Opening { erasable: Erasable::Present(vec![0; 15]), ..common::opening() };
    assert_eq!(short.encode(), Err(opening::EncodeError::NoBlind));
    let long = Opening { kept: vec![0; opening::MAX_LEN], ..common::opening() };
    assert_eq!(long.encode(), Err(opening::EncodeError::TooLong));
    let most = Opening { kept: vec![0; opening::MAX_LEN - 69], ..common::opening() };
    let bytes = most.encode().unwrap();
    assert_eq!(bytes.len(), opening::MAX_LEN);
    assert_eq!(Opening::decode(&bytes), Ok(most));
}

/// The error type is one that callers can box and print.
#[test]
fn errors_are_errors() {
    let error: Box<dyn std::error::Error> = Box::new(Receipt::decode(&[]).unwrap_err());
    assert_eq!(error.to_string(), "byte 0: the input ends inside an item");
    let error: cbor::Error = Receipt::decode(&[0xa1]).unwrap_err();
    assert_eq!(error.offset, 1);
}
