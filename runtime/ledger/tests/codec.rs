//! The two parts of an opening: one value, one byte string.

use licit_ledger::config::{Config, is_ordered};
use licit_ledger::receipt::Kind;
use licit_ledger::vm::{Delta, DutyDue, DutyStatus, Instants, Key, Line, Reason, ReasonCode, Renewal};
use licit_ledger::{
    Answer, Change, Content, Count, Draw, Held, Id, Kept, KeptLine, LineOf, Paid, Purpose, Report, Request,
    SeatOf, Settled, Span, SpendOf, Terms, Touched, Value, Warrant, What, Who,
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

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![Just(Key::User), Just(Key::Organisation), Just(Key::Licensee)]
}

fn seats() -> impl Strategy<Value = Vec<SeatOf>> {
    btree_map(any::<u16>(), key(), 0..3)
        .prop_map(|seats| seats.into_iter().map(|(counter, key)| SeatOf { counter, key }).collect())
}

fn reports() -> impl Strategy<Value = Vec<Report>> {
    btree_map(any::<u16>(), (key(), any::<i64>(), nat()), 0..3).prop_map(|reports| {
        let report = |(counter, (key, window, quantity))| Report { counter, key, window, quantity };
        reports.into_iter().map(report).collect()
    })
}

fn held() -> impl Strategy<Value = Held> {
    let spends = btree_map(any::<u16>(), (key(), any::<i64>()), 0..3).prop_map(|spends| {
        spends
            .into_iter()
            .map(|(counter, (key, window))| SpendOf { counter, key, window })
            .collect::<Vec<_>>()
    });
    (who(), counts(), seats(), spends, nat(), of(".{0,8}")).prop_map(
        |(who, counts, seats, spends, flat, action)| Held { who, counts, seats, spends, flat, action },
    )
}

fn terms() -> impl Strategy<Value = Terms> {
    let actions =
        prop::collection::btree_set(".{0,6}", 0..3).prop_map(|actions| actions.into_iter().collect());
    (any::<u16>(), of(instant()), any::<bool>(), actions)
        .prop_map(|(priority, expires, gift, actions)| Terms { priority, expires, gift, actions })
}

fn paid() -> impl Strategy<Value = Paid> {
    prop_oneof![
        Just(Paid::Account),
        (instant(), any::<u32>()).prop_map(|(anchor, periods)| Paid::Renewal(Renewal { anchor, periods })),
        (key(), nat(), terms()).prop_map(|(key, parts, terms)| Paid::Credit {
            key,
            parts: parts.max(1),
            terms
        }),
    ]
}

fn config() -> impl Strategy<Value = Config> {
    let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| is_ordered(*kind)).collect();
    let keys = prop::collection::btree_set(any::<[u8; 32]>(), 1..4);
    let entitled = btree_map(prop::sample::select(kinds), keys, 0..4);
    (entitled, of(any::<u64>()), of(any::<u64>())).prop_map(|(entitled, lateness, ahead)| {
        let entitled = entitled.into_iter().map(|(kind, keys)| (kind, keys.into_iter().collect())).collect();
        Config { entitled, lateness, ahead }
    })
}

fn span() -> impl Strategy<Value = Span> {
    (1u8..=7, any::<i64>()).prop_map(|(kind, index)| Span { kind, index })
}

fn settled() -> impl Strategy<Value = Settled> {
    (span(), of(span()), vec(signed(), 0..3), lines(), draws(), of(signed())).prop_map(
        |(bucket, pool, paid, lines, draws, payable)| Settled { bucket, pool, paid, lines, draws, payable },
    )
}

/// What happens to calls.
fn of_call() -> impl Strategy<Value = (Kind, Kept)> {
    let duties = btree_map(any::<u16>(), any::<i64>(), 0..3)
        .prop_map(|duties| duties.into_iter().map(|(duty, due)| DutyDue { duty, due }).collect::<Vec<_>>());
    let changes = btree_map(any::<u16>(), (key(), any::<i64>(), signed()), 0..3).prop_map(|changes| {
        let change = |(counter, (key, window, by)): (u16, (Key, i64, i128))| Change {
            counter,
            key,
            window,
            by: if by == 0 { 1 } else { by },
        };
        changes.into_iter().map(change).collect::<Vec<_>>()
    });
    let used = prop_oneof![Just(Kind::Commit), Just(Kind::Late)];
    let changed = prop_oneof![Just(Kind::Correct), Just(Kind::Reversal)];
    prop_oneof![
        (held(), instant(), of(instant()))
            .prop_map(|(held, until, latest)| (Kind::Hold, Kept::Hold { held, until, latest })),
        held().prop_map(|held| (Kind::Extend, Kept::Extend(held))),
        instant().prop_map(|until| (Kind::Renew, Kept::Renew { until })),
        (used, who(), counts(), duties, seats(), reports(), of(settled())).prop_map(
            |(kind, who, counts, duties, seats, reports, settled)| {
                (kind, Kept::Commit { who, counts, duties, seats, reports, settled })
            }
        ),
        (changed, any::<[u8; 16]>(), who(), changes, reports(), of(settled())).prop_map(
            |(kind, call, who, changes, reports, settled)| {
                (kind, Kept::Correct { call, who, changes, reports, settled })
            }
        ),
        Just((Kind::Deny, Kept::Deny)),
        Just((Kind::Release, Kept::End)),
        Just((Kind::Expire, Kept::End)),
        Just((Kind::Failed, Kept::End)),
    ]
}

fn kept() -> impl Strategy<Value = (Kind, Kept)> {
    let opening = (any::<[u8; 17]>(), any::<[u8; 32]>()).prop_map(|(half, salt)| {
        let mut key = [0; 34];
        key[..17].copy_from_slice(&half);
        (Kind::EpochOpen, Kept::EpochOpen { key, salt })
    });
    let marked = prop_oneof![Just(Kind::Grant), Just(Kind::Accept)];
    let ends = prop::collection::btree_set(any::<u16>(), 0..3).prop_map(|ends| ends.into_iter().collect());
    prop_oneof![
        8 => of_call(),
        1 => opening,
        1 => config().prop_map(|config| (Kind::Configure, Kept::Configure(config))),
        1 => (who(), 1u64.., instant(), instant())
            .prop_map(|(who, count, from, to)| (Kind::Deny, Kept::Denials { who, count, from, to })),
        1 => (marked, who()).prop_map(|(kind, who)| (kind, Kept::Who(who))),
        1 => any::<bool>().prop_map(|release| (Kind::Notice, Kept::Notice { release })),
        1 => (who(), any::<u16>()).prop_map(|(who, duty)| (Kind::Evidence, Kept::Done { who, duty })),
        1 => (who(), ends).prop_map(|(who, ends)| (Kind::Evidence, Kept::Facts { who, ends })),
        1 => (who(), nat(), paid())
            .prop_map(|(who, minor, paid)| (Kind::Payment, Kept::Payment { who, minor, paid })),
        1 => (who(), seats(), any::<bool>())
            .prop_map(|(who, seats, released)| (Kind::Seat, Kept::Seat { who, seats, released })),
        1 => (who(), span(), of(settled()))
            .prop_map(|(who, span, settled)| (Kind::Close, Kept::Close { who, span, settled, paid: vec![] })),
        1 => (who(), span(), vec(signed(), 0..3))
            .prop_map(|(who, span, paid)| (Kind::Close, Kept::Close { who, span, settled: None, paid })),
    ]
}

fn order() -> impl Strategy<Value = What> {
    let purpose = prop_oneof![
        Just(Purpose::Account),
        any::<u32>().prop_map(Purpose::Renewal),
        terms().prop_map(Purpose::Credit)
    ];
    prop_oneof![
        Just(What::Grant),
        Just(What::Accept),
        Just(What::Revoke),
        Just(What::Release),
        any::<u16>().prop_map(What::Done),
        Just(What::Facts),
        (nat(), purpose).prop_map(|(minor, purpose)| What::Pay(minor, purpose)),
        any::<bool>().prop_map(|released| What::Seat { released }),
        any::<[u8; 16]>().prop_map(What::Correct),
        any::<[u8; 16]>().prop_map(What::Reverse),
        span().prop_map(What::Close),
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
    let answer = (vec(reason, 0..3), vec(line, 0..3), vec(duty, 0..3), vec(delta, 0..3), any::<bool>())
        .prop_map(|(reasons, lines, duties, deltas, grace)| Answer { reasons, lines, duties, deltas, grace });
    let status = prop_oneof![
        Just(DutyStatus::Clear),
        any::<i64>().prop_map(|due| DutyStatus::Pending { due }),
        Just(DutyStatus::Done),
        Just(DutyStatus::Violated),
        Just(DutyStatus::Unknown),
    ];
    let renewal = (instant(), any::<u32>()).prop_map(|(anchor, periods)| Renewal { anchor, periods });
    let instants = (of(instant()), of(instant()), of(instant()), of(renewal))
        .prop_map(|(grant, release, first_use, renewal)| Instants { grant, release, first_use, renewal });
    let latched = prop::collection::btree_set(any::<u16>(), 0..3);
    let touched = (vec(nat(), 0..3), vec(status, 0..3), of(instant()), of((nat(), nat())), latched, instants)
        .prop_map(|(used, duties, notice, bucket, latched, instants)| Touched {
            used,
            duties,
            notice,
            bucket,
            latched: latched.into_iter().collect(),
            instants,
        });
    let warrant = (any::<[u8; 32]>(), any::<[u8; 32]>()).prop_map(|(key, half)| {
        let mut signature = [7; 64];
        signature[..32].copy_from_slice(&half);
        Warrant { key, signature }
    });
    (request, answer, touched, of(order()), of(warrant)).prop_map(
        |(request, answer, touched, what, warrant)| Content { request, answer, touched, what, warrant },
    )
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
    fn kept_parts_that_decode_are_canonical((_, kept) in kept(), kind in 0usize..20, at in any::<usize>(), bit in 0u8..8) {
        let mut bytes = kept.encode();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        if let Ok(other) = Kept::decode(Kind::ALL[kind], &bytes) {
            prop_assert_eq!(other.encode(), bytes);
        }
    }

    #[test]
    fn any_bytes_are_a_clean_answer(bytes in vec(any::<u8>(), 0..100), kind in 0usize..20) {
        if let Ok(kept) = Kept::decode(Kind::ALL[kind], &bytes) {
            prop_assert_eq!(kept.encode(), bytes.clone());
        }
        if let Ok(content) = Content::decode(&bytes) {
            prop_assert_eq!(content.encode(), bytes);
        }
    }
}
