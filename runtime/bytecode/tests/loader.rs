//! The loader against modules that nobody should have made.

use licit_bytecode::*;
use proptest::prelude::*;
use std::sync::LazyLock;

fn assembled(text: &str) -> Module {
    text::assemble(text).expect("the text form is well-formed")
}

fn everything() -> Module {
    assembled(include_str!("everything.lasm"))
}

fn standing() -> Module {
    assembled(include_str!("standing.lasm"))
}

fn closing() -> Module {
    assembled(include_str!("closing.lasm"))
}

/// What the loader says of a changed module: code, section, message.
fn verdict(change: impl FnOnce(&mut Module)) -> String {
    said_of(everything(), change)
}

fn said_of(mut module: Module, change: impl FnOnce(&mut Module)) -> String {
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
fn each_flaw_of_standing_use_is_named() {
    let said = |change: fn(&mut Module)| said_of(standing(), change);
    assert_eq!(said(|_| {}), "ok");
    assert_eq!(said(|m| m.holder.push(m.holder[0].clone())), "E1001 holder: more than one entry");
    assert_eq!(said(|m| m.holder[0].handle.clear()), "E1001 holder: a name has 1 to 255 bytes");
    assert_eq!(said(|m| m.renewal.push(m.renewal[0].clone())), "E1001 renewal: more than one entry");
    assert_eq!(
        said(|m| m.corrections.push(m.corrections[0].clone())),
        "E1001 corrections: more than one entry"
    );
    let beyond = "number above 2^127 - 1";
    let endless = Period::Days { n: u128::MAX };
    assert_eq!(
        said_of(standing(), |m| m.corrections[0].within = endless.clone()),
        format!("E1001 corrections: {beyond}")
    );
    assert_eq!(
        said_of(standing(), |m| m.renewal[0].period = endless.clone()),
        format!("E1001 renewal: {beyond}")
    );
    assert_eq!(
        said_of(standing(), |m| m.renewal[0].grace = Some(endless.clone())),
        format!("E1001 renewal: {beyond}")
    );
    assert_eq!(
        said_of(standing(), |m| m.at_once[0].lease = endless.clone()),
        format!("E1001 at_once: {beyond}")
    );
    assert_eq!(said_of(standing(), |m| m.seats[0].held = endless.clone()), format!("E1001 seats: {beyond}"));
    assert_eq!(said(|m| m.at_once[0].cap = 1 << 127), format!("E1001 at_once: {beyond}"));
    assert_eq!(said(|m| m.seats[0].cap = 1 << 127), format!("E1001 seats: {beyond}"));
    let whole = "E1001 renewal: not a period of whole days or months";
    assert_eq!(said(|m| m.renewal[0].period = Period::Seconds { n: 86_400 }), whole);
    assert_eq!(said(|m| m.renewal[0].period = Period::Months { n: 0 }), whole);
    assert_eq!(said(|m| m.renewal[0].grace = None), "E1001 renewal: grace and acts come together");
    assert_eq!(said(|m| m.renewal[0].acts = None), "E1001 renewal: grace and acts come together");
    assert_eq!(said(|m| m.renewal[0].acts = Some(1)), "E1001 renewal: not a set of actions");
    assert_eq!(said(|m| m.set[0].axis = Axis::Place), "E1001 set: no such term");
    assert_eq!(
        said(|m| m.renewal[0].grace = Some(Period::Seconds { n: 0 })),
        "E1001 renewal: the grace is empty"
    );
    assert_eq!(
        said(|m| m.term[0].until = Some(Point::Date { days: 1 })),
        "E1001 term: what is renewed has no end"
    );
    let first_use = || Some(Point::Anchored { anchor: Anchor::FirstUse, period: Period::Days { n: 1 } });
    assert_eq!(
        said_of(standing(), |m| m.term[0].from = first_use()),
        "E1001 term: only an end counts from the first use"
    );
    assert_eq!(
        said_of(standing(), |m| m.term[0].until = first_use()),
        "E1001 term: what is renewed has no end"
    );
    assert_eq!(said(|m| m.renewal.clear()), "E1001 case: no counter has this window");
    assert_eq!(said(|m| m.end.swap(0, 1)), "E1001 end: not in ascending order");
    assert_eq!(said(|m| m.end[1].when = 3), "E1001 end: no such instruction");
    assert_eq!(said(|m| m.end[1].clause = 14), "E1001 end: no such clause");
    assert_eq!(said(|m| m.end[0].clause = 5), "E1001 end: the clause number is taken");
    assert_eq!(said(|m| m.at_once.swap(0, 1)), "E1001 at_once: not in ascending order");
    assert_eq!(said(|m| m.at_once[1].guard = Some(3)), "E1001 at_once: no such instruction");
    assert_eq!(said(|m| m.at_once[1].lease = Period::Months { n: 0 }), "E1001 at_once: the lease is empty");
    assert_eq!(
        said(|m| m.seats[0].key = Key::User),
        "E1001 seats: seats belong to an organisation or licensee"
    );
    assert_eq!(said(|m| m.seats[0].guard = Some(9)), "E1001 seats: no such instruction");
    assert_eq!(said(|m| m.seats[0].clause = 9), "E1001 seats: the clause number is taken");
    assert_eq!(said(|m| m.spend[0].window = Window::Call), "E1001 spend: no counter has this window");
    assert_eq!(said(|m| m.spend[1].guard = Some(9)), "E1001 spend: no such instruction");
    assert_eq!(said(|m| m.spend.swap(0, 1)), "E1001 spend: not in ascending order");
    assert_eq!(said(|m| m.prepaid[0].guard = Some(9)), "E1001 prepaid: no such instruction");
    assert_eq!(said(|m| m.prepaid[0].clause = 12), "E1001 prepaid: the clause number is taken");
    assert_eq!(said(|m| m.prepaid.push(m.prepaid[0].clone())), "E1001 prepaid: more than one entry");
    assert_eq!(said(|m| m.money.clear()), "E1001 spend: nothing is charged without money");
    let unspent = |m: &mut Module| {
        m.money.clear();
        m.spend.clear();
    };
    assert_eq!(said_of(standing(), unspent), "E1001 prepaid: nothing is charged without money");
    assert_eq!(said(|m| m.head[0].clauses = 15), "E1001 head: a clause number without a clause");
}

#[test]
fn each_flaw_of_standing_money_is_named() {
    let said = |change: fn(&mut Module)| said_of(standing(), change);
    let price = |m: &mut Module, change: &dyn Fn(&mut Price)| change(&mut m.case[1].price);
    let bounds = |cap, floor| {
        said_of(standing(), |m| {
            price(m, &|p| {
                if let Price::Bounded { cap: c, floor: f, .. } = p {
                    (*c, *f) = (cap, floor);
                }
            });
        })
    };
    assert_eq!(bounds(None, None), "E1001 case: neither cap nor floor");
    assert_eq!(bounds(Some(6), Some(7)), "E1001 case: the floor is above the cap");
    assert_eq!(bounds(Some(7), Some(7)), "ok");
    assert_eq!(bounds(Some(limits::NAT), Some(limits::NAT)), "ok");
    let wide = |section| format!("E1001 {section}: number above 2^127 - 1");
    assert_eq!(bounds(Some(1 << 127), None), wide("case"));
    assert_eq!(bounds(None, Some(1 << 127)), wide("case"));
    let spend = |amount| said_of(standing(), |m| m.spend[0].amount = amount);
    assert_eq!((spend(limits::NAT), spend(1 << 127)), ("ok".to_owned(), wide("spend")));
    let fee = |amount| {
        let (key, window) = (Key::User, Window::Month);
        said_of(standing(), |m| m.case[0].price = Price::Fee { amount, key, window })
    };
    assert_eq!((fee(limits::NAT), fee(1 << 127)), ("ok".to_owned(), wide("case")));
    let shaped = |change: &dyn Fn(&mut u32, &mut Window, &mut Vec<Tier>)| {
        said_of(standing(), |m| {
            price(m, &|p| {
                if let Price::Bounded { unit, window, tiers, .. } = p {
                    change(unit, window, tiers);
                }
            });
        })
    };
    assert_eq!(shaped(&|unit, _, _| *unit = 2), "E1001 case: no such unit");
    assert_eq!(shaped(&|_, window, _| *window = Window::Call), "E1001 case: no counter has this window");
    assert_eq!(shaped(&|_, _, tiers| tiers.clear()), "E1001 case: wrong number of tiers");
    assert_eq!(shaped(&|_, _, tiers| tiers[1].start = 1 << 127), "ok");
    assert_eq!(shaped(&|_, _, tiers| tiers[1].start = (1 << 127) + 1), "E1001 case: number above 2^127");
    let fee =
        |window| said_of(standing(), |m| m.case[0].price = Price::Fee { amount: 1, key: Key::User, window });
    assert_eq!(fee(Window::Call), "E1001 case: no counter has this window");
    assert_eq!(fee(Window::Renewal), "ok");
    assert_eq!(
        said(|m| m.money[0].settled = Window::Call),
        "E1001 case: no window closes where calls are settled"
    );
    assert_eq!(said(|m| m.money[0].settled = Window::Hour), "E1001 money: no settlement window");
    assert_eq!(said(|m| m.split[0].window = Some(Window::Renewal)), "E1001 split: no sharing window");
    assert_eq!(said(|m| m.royalty.swap(0, 1)), "E1001 royalty: not in ascending order");
    assert_eq!(said(|m| m.royalty[1].handle = "c".into()), "E1001 royalty: not in ascending order");
    assert_eq!(said(|m| m.royalty[0].handle.clear()), "E1001 royalty: a name has 1 to 255 bytes");
    assert_eq!(said(|m| m.royalty[0].den = 0), "E1001 royalty: not a fraction in lowest terms");
    assert_eq!(said(|m| m.royalty[0].num = 2), "E1001 royalty: not a fraction in lowest terms");
    assert_eq!(
        said(|m| m.royalty[0].basis = Basis::Royalty { of: 2 }),
        "E1001 royalty: a part of itself, or of nothing"
    );
    assert_eq!(
        said(|m| m.royalty[0].basis = Basis::Royalty { of: 3 }),
        "E1001 royalty: a part of itself, or of nothing"
    );
    assert_eq!(
        said(|m| (m.royalty[0].num, m.royalty[0].den) = (11, 10)),
        "E1001 royalty: more is given away than there is"
    );
    assert_eq!(
        said(|m| (m.royalty[1].num, m.royalty[1].den) = (3, 2)),
        "E1001 royalty: more is given away than there is"
    );
    assert_eq!(said(|m| m.royalty[1].den = limits::NAT), "E1001 royalty: a part is too fine a fraction");
    assert_eq!(
        said(|m| (m.first_cut[0].num, m.first_cut[0].den) = (99, 100)),
        "E1001 royalty: more is given away than there is"
    );
    assert_eq!(said(|m| m.first_cut[0].num = 2), "E1001 first_cut: not a fraction in lowest terms");
    assert_eq!(
        said(|m| m.first_cut[1].handle = "x".repeat(256)),
        "E1001 first_cut: a name has 1 to 255 bytes"
    );
    assert_eq!(said(|m| m.split.clear()), "E1001 first_cut: nothing is split");
    let royalty =
        |i: u8| Royalty { licence: [i; 32], handle: "h".into(), num: 0, den: 1, basis: Basis::Charges {} };
    assert_eq!(said_of(standing(), |m| m.royalty = (0..64).map(royalty).collect()), "ok");
    assert_eq!(
        said_of(standing(), |m| m.royalty = (0..65).map(royalty).collect()),
        "E1001 royalty: too many royalties"
    );
    let chain = |i: u8| Royalty { basis: Basis::Royalty { of: u32::from(i) + 1 }, ..royalty(i) };
    let last = |mut list: Vec<Royalty>| {
        list.push(royalty(63));
        list
    };
    assert_eq!(said_of(standing(), |m| m.royalty = last((0..63).map(chain).collect())), "ok");
    let cut = |_| FirstCut { handle: "h".into(), num: 1, den: 65 };
    assert_eq!(
        said_of(standing(), |m| m.first_cut = (0..65).map(cut).collect()),
        "E1001 first_cut: too many first cuts"
    );
    // Counters of every kind count together.
    let at_once = |i: u32| AtOnce { clause: 14 + i, ..standing().at_once[0].clone() };
    let many = |n: u32| {
        said_of(standing(), |m| {
            m.at_once.extend((0..n).map(at_once));
            m.head[0].clauses += n;
            m.label.extend((0..n).map(|i| Label { label: format!("z{i:04}") }));
        })
    };
    assert_eq!(many(1024 - 11), "ok");
    assert_eq!(many(1024 - 10), "E1001 case: too many counters");
}

#[test]
fn each_flaw_of_charges_at_close_is_named() {
    let said = |change: fn(&mut Module)| said_of(closing(), change);
    assert_eq!(said(|_| {}), "ok");
    assert_eq!(said(|m| m.at_close.swap(0, 1)), "E1001 at_close: not in ascending order");
    assert_eq!(said(|m| m.at_close[0].unit = 1), "E1001 at_close: no such unit");
    assert_eq!(said(|m| m.at_close[0].window = Window::Call), "E1001 at_close: no counter has this window");
    assert_eq!(
        said(|m| m.at_close[0].window = Window::Renewal),
        "E1001 at_close: no counter has this window"
    );
    assert_eq!(said(|m| m.at_close[1].guard = Some(1)), "E1001 at_close: no such instruction");
    assert_eq!(said(|m| m.at_close[0].bands.clear()), "E1001 at_close: wrong number of bands");
    assert_eq!(said(|m| m.at_close[1].bands.truncate(2)), "E1001 at_close: only the last band has no end");
    assert_eq!(said(|m| m.at_close[1].bands[0].upto = None), "E1001 at_close: only the last band has no end");
    assert_eq!(said(|m| m.at_close[1].bands[0].upto = Some(10)), "E1001 at_close: bands out of order");
    assert_eq!(
        said(|m| m.at_close[2].bands[0].upto = Some(1 << 127)),
        "E1001 at_close: number above 2^127 - 1"
    );
    let band = |i| Band { upto: Some(i), kind: BandKind::At, amount: 1 };
    let long = |n| said_of(closing(), |m| m.at_close[0].bands.splice(0..0, (0..n).map(band)).for_each(drop));
    assert_eq!(long(255), "ok");
    let last =
        |kind, amount| said_of(closing(), |m| m.at_close[0].bands = vec![Band { upto: None, kind, amount }]);
    assert_eq!(last(BandKind::For, limits::NAT), "ok");
    assert_eq!(last(BandKind::For, 1 << 127), "E1001 at_close: number above 2^127 - 1");
    assert_eq!(last(BandKind::At, (1 << 64) - 1), "ok");
    assert_eq!(last(BandKind::At, 1 << 64), "E1001 at_close: rate above 2^64 - 1");
    assert_eq!(long(256), "E1001 at_close: wrong number of bands");
    assert_eq!(said(|m| m.at_close[0].clause = 0), "E1001 at_close: the clause number is taken");
    assert_eq!(
        said(|m| m.money[0].settled = Window::Call),
        "E1001 at_close: no window closes where calls are settled"
    );
    let beside = "E1001 at_close: not beside spend limits or prepaid credit";
    let spend = |m: &mut Module| m.spend.push(Spend { clause: 5, ..standing().spend[0].clone() });
    let prepaid = |m: &mut Module| m.prepaid.push(Prepaid { clause: 5, guard: None, key: Key::User });
    assert_eq!(said_of(closing(), spend), beside);
    assert_eq!(said_of(closing(), prepaid), beside);
    assert_eq!(said(|m| m.money.clear()), "ok", "what is charged without money is counted, as ever");
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
    fn damaged_modules_are_refused_or_canonical(damage in damage(), which in 0..3_usize) {
        static GOOD: LazyLock<[Vec<u8>; 3]> =
            LazyLock::new(|| [everything(), standing(), closing()].map(|module| encode(&module)));
        let mut bytes = GOOD[which].clone();
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
            let parts = Manifest::from_module(&loaded.module).parts;
            prop_assert!(parts.iter().all(|p| p.num <= p.den && p.den > 0));
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
