//! The two parts of an opening: one value, one byte string.

use licit_ledger::receipt::Kind;
use licit_ledger::vm::{Delta, DutyDue, DutyStatus, Key, Line, Reason, ReasonCode};
use licit_ledger::{
    Answer, Content, Count, Draw, Id, Kept, KeptLine, LineOf, Request, Settled, Span, Touched, Value, Who,
};
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;

fn nat() -> impl Strategy<Value = u128> {
    prop_oneof![
        0u128..300,
        any::<u64>().prop_map(u128::from),
        any::<u128>(),
        Just(1 << 64),
        Just((1 << 64) - 1)
    ]
}

fn instant() -> impl Strategy<Value = i64> {
    prop_oneof![0i64..i64::MAX, Just(0), Just(i64::MAX)]
}

fn who() -> impl Strategy<Value = Who> {
    (of(any::<[u8; 32]>()), of(any::<[u8; 32]>()))
        .prop_map(|(user, organisation)| Who { user: user.map(Id), organisation: organisation.map(Id) })
}

fn counts() -> impl Strategy<Value = Vec<Count>> {
    let key = prop_oneof![Just(Key::User), Just(Key::Organisation), Just(Key::Licensee)];
    btree_map(any::<u16>(), (key, any::<i64>(), nat()), 0..4).prop_map(|counts| {
        let count = |(counter, (key, window, quantity)): (u16, (Key, i64, u128))| Count {
            counter,
            key,
            window,
            quantity: quantity.max(1),
        };
        counts.into_iter().map(count).collect()
    })
}

fn signed() -> impl Strategy<Value = i128> {
    let edges = [i128::from(i64::MIN), i128::from(i64::MAX)];
    prop_oneof![
        -300i128..300,
        any::<i64>().prop_map(i128::from),
        any::<i128>(),
        prop::sample::select(vec![edges[0] - 1, edges[0], edges[1], edges[1] + 1]),
    ]
}

fn lines() -> impl Strategy<Value = Vec<KeptLine>> {
    let of = prop_oneof![
        (any::<u16>(), any::<u16>()).prop_map(|(charge, case)| LineOf::Case { charge, case }),
        any::<u16>().prop_map(LineOf::AtClose),
        (any::<u16>(), any::<u16>()).prop_map(|(charge, case)| LineOf::Floor { charge, case }),
    ];
    btree_map(of, (signed(), signed()), 0..4).prop_map(|lines| {
        let line = |(of, (quantity, amount))| KeptLine { of, quantity, amount };
        lines.into_iter().map(line).collect()
    })
}

fn draws() -> impl Strategy<Value = Vec<Draw>> {
    let parts = signed().prop_filter("never nothing", |parts| *parts != 0);
    btree_map(any::<u64>(), parts, 0..4)
        .prop_map(|draws| draws.into_iter().map(|(lot, parts)| Draw { lot, parts }).collect::<Vec<_>>())
        .prop_shuffle()
}

fn kept() -> impl Strategy<Value = (Kind, Kept)> {
    let span = || (1u8..=7, any::<i64>()).prop_map(|(kind, index)| Span { kind, index });
    let settled = (span(), of(span()), vec(signed(), 0..3), lines(), draws())
        .prop_map(|(bucket, pool, paid, lines, draws)| Settled { bucket, pool, paid, lines, draws });
    let duties = btree_map(any::<u16>(), any::<i64>(), 0..3)
        .prop_map(|duties| duties.into_iter().map(|(duty, due)| DutyDue { duty, due }).collect::<Vec<_>>());
    prop_oneof![
        (any::<[u8; 17]>(), any::<[u8; 32]>()).prop_map(|(half, salt)| {
            let mut key = [0; 34];
            key[..17].copy_from_slice(&half);
            (Kind::EpochOpen, Kept::EpochOpen { key, salt })
        }),
        (who(), counts(), instant())
            .prop_map(|(who, counts, until)| (Kind::Hold, Kept::Hold { who, counts, until })),
        (who(), counts(), duties, of(settled)).prop_map(|(who, counts, duties, settled)| {
            (Kind::Commit, Kept::Commit { who, counts, duties, settled })
        }),
        (who(), any::<u16>()).prop_map(|(who, duty)| (Kind::Evidence, Kept::Done { who, duty })),
        Just((Kind::Deny, Kept::Deny)),
        Just((Kind::Release, Kept::End)),
        Just((Kind::Expire, Kept::End)),
        Just((Kind::Notice, Kept::Notice)),
    ]
}

fn content() -> impl Strategy<Value = Content> {
    let text = || of(".{0,8}");
    let value = prop_oneof![
        any::<bool>().prop_map(Value::Truth),
        nat().prop_map(Value::Number),
        ".{0,8}".prop_map(Value::Text)
    ];
    let names = (text(), text(), text(), text(), text());
    let request = (names, btree_map(".{0,5}", value, 0..3), btree_map(".{0,5}", nat(), 0..3)).prop_map(
        |((user, organisation, action, purpose, place), facts, quantities)| Request {
            user,
            organisation,
            action,
            purpose,
            place,
            facts: facts.into_iter().collect(),
            quantities: quantities.into_iter().collect(),
        },
    );
    let reason =
        (0usize..17, any::<u32>()).prop_map(|(code, number)| Reason { code: ReasonCode::ALL[code], number });
    let line =
        (any::<u16>(), any::<u16>(), nat()).prop_map(|(charge, case, amount)| Line { charge, case, amount });
    let duty = (any::<u16>(), any::<i64>()).prop_map(|(duty, due)| DutyDue { duty, due });
    let delta =
        (any::<u16>(), any::<i64>(), nat()).prop_map(|(counter, window, add)| Delta { counter, window, add });
    let answer = (vec(reason, 0..3), vec(line, 0..3), vec(duty, 0..3), vec(delta, 0..3))
        .prop_map(|(reasons, lines, duties, deltas)| Answer { reasons, lines, duties, deltas });
    let status = prop_oneof![
        Just(DutyStatus::Clear),
        any::<i64>().prop_map(|due| DutyStatus::Pending { due }),
        Just(DutyStatus::Done),
        Just(DutyStatus::Violated),
        Just(DutyStatus::Unknown),
    ];
    let touched = (vec(nat(), 0..3), vec(status, 0..3), of(instant()), of((nat(), nat())))
        .prop_map(|(used, duties, notice, bucket)| Touched { used, duties, notice, bucket });
    (request, answer, touched).prop_map(|(request, answer, touched)| Content { request, answer, touched })
}

proptest! {
    #[test]
    fn kept_parts_come_back((kind, kept) in kept()) {
        prop_assert_eq!(Kept::decode(kind, &kept.encode()), Ok(kept));
    }

    #[test]
    fn contents_come_back(content in content()) {
        prop_assert_eq!(Content::decode(&content.encode()), Ok(content));
    }

    #[test]
    fn what_decodes_is_canonical(content in content(), at in any::<usize>(), bit in 0u8..8) {
        let mut bytes = content.encode();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        if let Ok(other) = Content::decode(&bytes) {
            prop_assert_eq!(other.encode(), bytes);
        }
    }

    #[test]
    fn kept_parts_that_decode_are_canonical((_, kept) in kept(), kind in 0usize..19, at in any::<usize>(), bit in 0u8..8) {
        let mut bytes = kept.encode();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        if let Ok(other) = Kept::decode(Kind::ALL[kind], &bytes) {
            prop_assert_eq!(other.encode(), bytes);
        }
    }

    #[test]
    fn any_bytes_are_a_clean_answer(bytes in vec(any::<u8>(), 0..100), kind in 0usize..19) {
        if let Ok(kept) = Kept::decode(Kind::ALL[kind], &bytes) {
            prop_assert_eq!(kept.encode(), bytes.clone());
        }
        if let Ok(content) = Content::decode(&bytes) {
            prop_assert_eq!(content.encode(), bytes);
        }
    }
}
