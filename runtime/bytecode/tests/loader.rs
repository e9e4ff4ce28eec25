//! The loader against modules that nobody should have made.

use licit_bytecode::*;
use proptest::prelude::*;
use std::sync::LazyLock;

fn everything() -> Module {
    text::assemble(include_str!("everything.lasm")).expect("the text form is well-formed")
}

/// What the loader says of a changed module: code, section, message.
fn verdict(change: impl FnOnce(&mut Module)) -> String {
    let mut module = everything();
    change(&mut module);
    match load(&encode(&module)) {
        Ok(_) => "ok".into(),
        Err(e) => format!("{} {}: {}", e.kind.code(), e.section.unwrap_or("-"), e.message),
    }
}

#[test]
fn each_flaw_is_named() {
    assert_eq!(verdict(|_| {}), "ok");
    assert_eq!(verdict(|m| m.head.clear()), "E1001 head: exactly one entry is due");
    assert_eq!(verdict(|m| m.head[0].grain = 0), "E1001 head: the grain is 0");
    assert_eq!(verdict(|m| m.head[0].clauses = 15), "E1001 head: a clause number without a clause");
    assert_eq!(verdict(|m| m.head[0].clauses = 5000), "E1001 head: too many clauses");
    assert_eq!(
        verdict(|m| m.term[0] = TermSpan { from: None, until: None }),
        "E1001 term: neither beginning nor end"
    );
    assert_eq!(verdict(|m| m.zone[0].at = 0), "E1001 zone: only the first entry is the beginning of time");
    assert_eq!(verdict(|m| m.zone.swap(1, 2)), "E1001 zone: not in ascending order");
    assert_eq!(verdict(|m| m.zone[1].offset = 100_000), "E1001 zone: offset out of range");
    assert_eq!(verdict(|m| m.zone[2].at = i64::MAX), "E1001 zone: instant out of range");
    assert_eq!(verdict(|m| m.leaf.swap(0, 1)), "E1001 leaf: not in ascending order");
    assert_eq!(verdict(|m| m.unit[1].name = "call".into()), "E1001 unit: not in ascending order");
    assert_eq!(verdict(|m| m.unit[0].highest = 1 << 127), "E1001 unit: number above 2^127 - 1");
    assert_eq!(verdict(|m| m.fact[1].low = 2_000_000), "E1001 fact: not a range");
    assert_eq!(verdict(|m| m.fact[0].high = 1), "E1001 fact: only a count has a range");
    assert_eq!(verdict(|m| m.set[0].yes = Bits::from_members([9])), "E1001 set: no such term");
    assert_eq!(
        verdict(|m| m.set[0].yes = Bits::from_members([0])),
        "E1001 set: a leaf is both in and unknown"
    );
    assert_eq!(verdict(|m| m.code[2] = Op::Member { set: 3 }), "E1001 code: no such set");
    assert_eq!(verdict(|m| m.code[7] = Op::Known { fact: 5 }), "E1001 code: no such fact");
    assert_eq!(
        verdict(|m| m.code[6] = Op::SameText { fact: 0, text: 0 }),
        "E1001 code: not a text or party fact"
    );
    assert_eq!(verdict(|m| m.code[6] = Op::SameText { fact: 2, text: 2 }), "E1001 code: no such text");
    let compare = |fact, cmp, k| Op::Compare { fact, cmp, k };
    assert_eq!(verdict(|m| m.code[5] = compare(2, Cmp::Equal, 1)), "E1001 code: a text is not a number");
    let boolean = "E1001 code: yes_no and kind are only equal to 0 or 1";
    assert_eq!(verdict(|m| m.code[5] = compare(0, Cmp::Equal, 2)), boolean);
    assert_eq!(verdict(|m| m.code[5] = compare(4, Cmp::Less, 1)), boolean);
    let forward = "E1002 code: an operand does not come before its instruction";
    assert_eq!(verdict(|m| m.code[8] = Op::Define { of: 8 }), forward);
    assert_eq!(verdict(|m| m.code[9] = Op::And { of: vec![0, 11] }), forward);
    assert_eq!(verdict(|m| m.code[9] = Op::And { of: vec![0] }), "E1001 code: fewer than two operands");
    assert_eq!(verdict(|m| m.forbid[0].when = 12), "E1001 forbid: no such instruction");
    assert_eq!(verdict(|m| m.permit[0].clause = 0), "E1001 permit: the clause number is taken");
    assert_eq!(verdict(|m| m.permit[0].clause = 14), "E1001 permit: no such clause");
    assert_eq!(verdict(|m| m.limit[0].unit = 2), "E1001 limit: no such unit");
    assert_eq!(verdict(|m| m.limit[0].window = Window::Call), "E1001 limit: no counter has this window");
    assert_eq!(verdict(|m| m.limit[1].guard = Some(12)), "E1001 limit: no such instruction");
    assert_eq!(verdict(|m| m.case[2].charge = 2), "E1001 case: no such charge");
    assert_eq!(verdict(|m| m.case.swap(1, 2)), "E1001 case: not in ascending order");
    assert_eq!(verdict(|m| m.charge[0].by_case = false), "E1001 charge: wrong number of cases");
    assert_eq!(verdict(|m| drop(m.case.pop())), "E1001 charge: wrong number of cases");
    let tiers = |tiers| Price::Graduated { unit: 1, key: Key::User, window: Window::Day, tiers };
    assert_eq!(verdict(|m| m.case[1].price = tiers(vec![])), "E1001 case: wrong number of tiers");
    let one = |start| Tier { start, rate: 1 };
    assert_eq!(
        verdict(|m| m.case[1].price = tiers(vec![one(1)])),
        "E1001 case: the first tier does not start at 0"
    );
    let falling = vec![one(0), one(9), one(8)];
    assert_eq!(verdict(|m| m.case[1].price = tiers(falling)), "E1001 case: tiers out of order");
    assert_eq!(verdict(|m| m.duty[0].acts = 1), "E1001 duty: not a set of actions");
    assert_eq!(verdict(|m| m.duty[0].period = None), "E1001 duty: period and mode disagree");
    assert_eq!(verdict(|m| m.split[0].shares[0].num = 2), "E1001 split: the shares do not sum to 1");
    assert_eq!(
        verdict(|m| m.split[0].shares[1] = Share { handle: "b".into(), num: 4, den: 6 }),
        "E1001 split: a share is not in lowest terms"
    );
    assert_eq!(verdict(|m| m.split[0].shares.clear()), "E1001 split: wrong number of shares");
    assert_eq!(verdict(|m| m.label.swap(0, 1)), "E1001 label: not in ascending order");
    assert_eq!(verdict(|m| m.source[0].end = 5), "E1001 source: ends before it starts");
    let deep = |m: &mut Module| m.code.extend((11..200).map(|of| Op::Not { of }));
    assert_eq!(verdict(deep), "E1001 code: conditions nest too deep");
    let dear = |m: &mut Module| m.code.push(Op::Or { of: vec![0; 900_000] });
    assert_eq!(verdict(dear), "E1003 code: deciding a request could take too many steps");
}

#[test]
fn the_file_around_the_sections() {
    let good = encode(&everything());
    let code = |bytes: &[u8]| {
        load(bytes).map_or_else(|e| format!("{} {}", e.kind.code(), e.message), |_| "ok".into())
    };
    let changed = |at: usize, to: u8| {
        let mut bytes = good.clone();
        bytes[at] = to;
        code(&bytes)
    };
    assert_eq!(code(&good), "ok");
    assert_eq!(code(b""), "E1001 ends too early");
    assert_eq!(changed(0, 0), "E1001 not a Licit module");
    assert_eq!(changed(8, 2), "E1001 unknown format version");
    assert_eq!(
        changed(12, good[12] ^ 1),
        "E1004 the executable sections are not those of the stated module id"
    );
    assert_eq!(changed(44, good[44] ^ 1), "E1004 the notes are not those of the stated hash");
    let last = good.len() - 1;
    assert_eq!(changed(last, good[last] ^ 1), "E1004 the notes are not those of the stated hash");
    assert_eq!(code(&[good.as_slice(), &[0]].concat()), "E1001 bytes after the last section");
    assert_eq!(code(&good[..last]), "E1001 ends too early");
    assert_eq!(code(&vec![0; limits::MODULE + 1]), "E1001 module larger than 4 MiB");
}

#[test]
fn a_flipped_bit_is_found_wherever_it_is() {
    let good = encode(&everything());
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        assert!(load(&bytes).is_err(), "byte {at}");
    }
}

#[test]
fn numbers_have_one_form() {
    let mut r = field::Reader::new(&[0x80, 0x00], 0);
    assert!(r.number(32).is_err(), "a longer form of 0");
    let mut r = field::Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x1f], 0);
    assert!(r.number(32).is_err(), "33 bits");
    let mut r = field::Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x0f], 0);
    assert_eq!(r.number(32), Ok(u128::from(u32::MAX)));
    let mut r = field::Reader::new(&[0xff; 40], 0);
    assert!(r.number(128).is_err());
}

fn damage() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, u8)>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..5), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever loads is canonical: it encodes to the same bytes.
    #[test]
    fn damaged_modules_are_refused_or_canonical(damage in damage()) {
        static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| encode(&everything()));
        let mut bytes = GOOD.clone();
        for (at, byte, how) in damage {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes[at] ^= 1 << (byte % 8),
                2 => bytes.insert(at, byte),
                3 => drop(bytes.remove(at)),
                _ => bytes[at] = bytes[at].wrapping_add(1),
            }
        }
        let _ = load(&bytes);
        if seal(&mut bytes)
            && let Ok(loaded) = load(&bytes)
        {
            prop_assert_eq!(encode(&loaded.module), bytes);
            prop_assert!(loaded.verified.cost <= limits::COST);
            prop_assert_eq!(text::assemble(&text::disassemble(&loaded.module)), Ok(loaded.module));
        }
    }

    #[test]
    fn any_bytes_are_refused_cleanly(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(load(&bytes).is_err());
    }

    #[test]
    fn any_text_is_refused_cleanly(text in "(section |head|code|\\(|=|licence|\"|\\\\|u|\\{|[0-9]|and|of|\\[|\n|#| ){0,20}") {
        let _ = text::assemble(&text);
    }
}
