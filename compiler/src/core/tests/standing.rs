//! Sizes and bytes of standing use and standing money.

use super::super::*;
use super::minimal;

/// Whether a licence is valid and comes back from its bytes and its text; else why not.
fn sound(licence: &Licence) -> Result<(), CoreErrorKind> {
    licence.validate().map_err(|error| error.kind)?;
    assert_eq!(Licence::decode(&licence.encode().unwrap()).as_ref(), Ok(licence));
    assert_eq!(Licence::parse(&licence.to_string()).as_ref(), Ok(licence));
    Ok(())
}

fn with_money() -> Licence {
    let money = Money {
        currency: "EUR".into(),
        minor: Ratio { num: 1, den: 100 },
        rounding: Rounding::Up,
        settled: Window::Month,
    };
    let unit = Unit { name: "call".into(), highest: 9 };
    Licence { money: Some(money), units: vec![unit], ..minimal() }
}

#[test]
fn a_core_that_uses_none_of_it_has_no_new_keys() {
    let licence = with_money();
    let bytes = licence.encode().unwrap();
    // Keys 0 to 4, 9, 12 and 14.
    assert_eq!(bytes[0], 0xa8);
    let holder = Licence { holder: Some("acme".into()), ..licence };
    // One more entry, at the end: key 23 and a text of four bytes.
    let longer = holder.encode().unwrap();
    assert_eq!(longer[0], 0xa9);
    assert_eq!(longer[1..], [&bytes[1..], &b"\x17\x64acme"[..]].concat());
}

#[test]
fn new_keys_have_these_bytes() {
    let ratio = |num, den| Ratio { num, den };
    let mut licence = minimal();
    let before = licence.encode().unwrap().len();
    licence.corrections = Some(Period::Days(45));
    licence.royalties = vec![];
    licence.prepaid = Some(Prepaid { label: "p".into(), key: Key::User, guard: Some(Cond::True) });
    licence.ends = vec![("e".into(), Cond::False)];
    let bytes = licence.to_bytes();
    let expected: &[u8] = &[
        0x18, 25, 0x81, 0x82, 0x61, b'e', 0x81, 0x00, // ends: [["e", [0]]]
        0x18, 26, 0xa3, 0x00, 0x61, b'p', 0x01, 0x01, 0x02, 0x81, 0x01, // {0: "p", 1: 1, 2: [1]}
        0x18, 29, 0x82, 0x18, 45, 0x02, // [45, 2]
    ];
    assert_eq!(bytes[before..], *expected);

    let mut limits = minimal();
    let kinds = [
        LimitKind::AtOnce { cap: 4, lease: Period::Seconds(9) },
        LimitKind::Seats { cap: 5, held: Period::Months(1) },
        LimitKind::Spend { amount: ratio(1, 3), window: Window::Renewal },
    ];
    let label = ["a", "b", "c"].into_iter();
    limits.limits = label
        .zip(kinds)
        .map(|(label, kind)| Limit { label: label.into(), key: Key::Licensee, kind, guard: None })
        .collect();
    let bytes = limits.to_bytes();
    let expected: &[u8] = &[
        0x12, 0x83, // limits
        0xa5, 0x00, 0x61, b'a', 0x01, 0x02, 0x03, 0x04, 0x04, 0x03, 0x07, 0x82, 0x09, 0x01, //
        0xa5, 0x00, 0x61, b'b', 0x01, 0x03, 0x03, 0x05, 0x04, 0x03, 0x07, 0x82, 0x01, 0x03, //
        0xa5, 0x00, 0x61, b'c', 0x01, 0x04, 0x04, 0x03, 0x05, 0x0b, 0x08, 0x82, 0x01, 0x03,
    ];
    assert_eq!(bytes[before..], *expected);
}

#[test]
fn a_limit_has_the_keys_of_its_kind() {
    let mut licence = minimal();
    let kind = LimitKind::AtOnce { cap: 4, lease: Period::Seconds(9) };
    licence.limits = vec![Limit { label: "a".into(), key: Key::User, kind, guard: None }];
    let good = licence.encode().unwrap();
    let at = good.len() - 12;
    let refused = |from: &[u8], to: &[u8]| {
        let place = at + good[at..].windows(from.len()).position(|part| part == from).unwrap();
        let bytes = [&good[..place], to, &good[place + from.len()..]].concat();
        Licence::decode(&bytes).unwrap_err().kind
    };
    assert_eq!(
        refused(&[0x01, 0x02], &[0x01, 0x05]),
        DecodeErrorKind::Unknown { what: "kind of limit", number: 5 }
    );
    assert_eq!(refused(&[0x01, 0x02], &[0x01, 0x01]), DecodeErrorKind::MissingKey(2));
    assert_eq!(refused(&[0x01, 0x02], &[0x01, 0x04]), DecodeErrorKind::UnknownKey(3));
    assert_eq!(refused(&[0x07, 0x82, 0x09, 0x01], &[0x08, 0x82, 0x09, 0x01]), DecodeErrorKind::MissingKey(7));
}

#[test]
fn all_counters_count_together() {
    let mut licence = with_money();
    let limit = |i: u32, kind| Limit { label: format!("l{i:04}"), key: Key::Licensee, kind, guard: None };
    let kind = |i: u32| match i % 4 {
        0 => LimitKind::Sum { unit: 0, cap: 1, window: Window::Second },
        1 => LimitKind::AtOnce { cap: 1, lease: Period::Days(1) },
        2 => LimitKind::Seats { cap: 1, held: Period::Days(0) },
        _ => LimitKind::Spend { amount: Ratio { num: 0, den: 1 }, window: Window::Hour },
    };
    licence.limits = (0..1021).map(|i| limit(i, kind(i))).collect();
    let tiers = vec![Tier { width: None, rate: Ratio { num: 1, den: 1 } }];
    let (key, window) = (Key::User, Window::Day);
    let cap = Some(Ratio { num: 1, den: 1 });
    let charge =
        |label: &str, price| Charge { label: label.into(), cases: vec![(Cond::True, price)], by_case: false };
    licence.charges = vec![
        charge("a", Price::Bounded { unit: 0, key, window, tiers, cap, floor: None }),
        charge("b", Price::Fee { amount: Ratio { num: 1, den: 1 }, key, window }),
    ];
    licence.prepaid = Some(Prepaid { label: "p".into(), key, guard: None });
    assert_eq!(sound(&licence), Ok(()));
    licence.limits.push(limit(1021, kind(1021)));
    assert_eq!(sound(&licence), Err(CoreErrorKind::TooMany("counters")));
}

#[test]
fn royalties_first_cuts_and_bands_are_bounded() {
    let part = Ratio { num: 1, den: 100 };
    let royalty = |i: u8| Royalty { licence: [i; 32], handle: "h".into(), part, basis: Basis::Charges };
    let mut licence = with_money();
    licence.royalties = (0..64).map(royalty).collect();
    assert_eq!(sound(&licence), Ok(()));
    licence.royalties = (0..65).map(royalty).collect();
    assert_eq!(sound(&licence), Err(CoreErrorKind::TooMany("royalties")));
    // A chain of 64, each all of the next: the last one has it all.
    let whole = Ratio { num: 1, den: 1 };
    let chain = |i: u8| Royalty { part: whole, basis: Basis::Royalty(u32::from(i) + 1), ..royalty(i) };
    licence.royalties = (0..63).map(chain).chain([royalty(63)]).collect();
    assert_eq!(sound(&licence), Ok(()));
    licence.royalties = (0..62).map(chain).chain([royalty(63)]).collect();
    assert_eq!(sound(&licence), Ok(()), "the last of the chain stands on the one that is left");
    licence.royalties.pop();
    assert_eq!(sound(&licence), Err(CoreErrorKind::Basis));

    let mut licence = with_money();
    let cuts = |n: usize| vec![("o".to_owned(), part); n];
    let shares = vec![("owner".to_owned(), whole)];
    licence.split = Some(Split { label: "s".into(), first_cuts: cuts(64), shares, window: None });
    assert_eq!(sound(&licence), Ok(()));
    licence.split.as_mut().unwrap().first_cuts = cuts(65);
    assert_eq!(sound(&licence), Err(CoreErrorKind::TooMany("first cuts")));

    let mut licence = with_money();
    let bands = |n: u128| {
        let upto = (0..n).map(Some).chain([None]);
        upto.map(|upto| Band { upto, kind: BandKind::For, amount: part }).collect::<Vec<_>>()
    };
    licence.at_close = vec![AtClose {
        label: "a".into(),
        aggregate: Aggregate::Last,
        unit: 0,
        key: Key::User,
        window: Window::Minute,
        bands: bands(255),
        guard: None,
    }];
    assert_eq!(sound(&licence), Ok(()));
    licence.at_close[0].bands = bands(256);
    assert_eq!(sound(&licence), Err(CoreErrorKind::TooMany("bands")));
    licence.at_close[0].bands = vec![];
    assert_eq!(sound(&licence), Err(CoreErrorKind::Bands));
    assert!(Licence::decode(&licence.to_bytes()).is_err());
}

#[test]
fn every_amount_counts_for_the_grain() {
    let mut licence = with_money();
    let ratio = |num, den| Ratio { num, den };
    let (key, window) = (Key::User, Window::Day);
    let fee = |amount| Charge {
        label: "f".into(),
        cases: vec![(Cond::True, Price::Fee { amount, key, window })],
        by_case: false,
    };
    licence.charges = vec![fee(ratio(1, 3))];
    assert_eq!(licence.grain(), Ok(3));
    let kind = LimitKind::Spend { amount: ratio(1, 4), window };
    licence.limits = vec![Limit { label: "l".into(), key, kind, guard: None }];
    assert_eq!(licence.grain(), Ok(12));
    let tiers = vec![Tier { width: None, rate: ratio(2, 1) }];
    let bounded =
        Price::Bounded { unit: 0, key, window, tiers, cap: Some(ratio(9, 5)), floor: Some(ratio(1, 7)) };
    licence.charges.push(Charge { label: "g".into(), cases: vec![(Cond::True, bounded)], by_case: false });
    assert_eq!(licence.grain(), Ok(12 * 35));
    assert_eq!(sound(&licence), Ok(()));
    // An amount that is too large in units of the grain which something else made fine.
    licence.limits[0].kind = LimitKind::Spend { amount: ratio(1 << 120, 1), window };
    assert_eq!(sound(&licence), Ok(()));
    licence.limits[0].kind = LimitKind::Spend { amount: ratio(1 << 121, 1), window };
    assert_eq!(sound(&licence), Err(CoreErrorKind::Amount));
    licence.limits.clear();
    licence.charges = vec![fee(ratio(NAT_MAX, 1))];
    assert_eq!(sound(&licence), Ok(()));
    licence.charges.push(fee(ratio(1, 2)));
    licence.charges[1].label = "g".into();
    assert_eq!(sound(&licence), Err(CoreErrorKind::Amount));
}

#[test]
fn rates_are_narrower_than_amounts() {
    let mut licence = with_money();
    let (key, window) = (Key::User, Window::Day);
    let ratio = |num| Ratio { num, den: 1 };
    let mut bounded = |rate, cap, floor| {
        let tiers = vec![Tier { width: None, rate: ratio(rate) }];
        let (cap, floor) = (Some(ratio(cap)), Some(ratio(floor)));
        let price = Price::Bounded { unit: 0, key, window, tiers, cap, floor };
        licence.charges =
            vec![Charge { label: "c".into(), cases: vec![(Cond::True, price)], by_case: false }];
        sound(&licence)
    };
    assert_eq!(bounded((1 << 64) - 1, NAT_MAX, NAT_MAX), Ok(()));
    assert_eq!(bounded(1 << 64, NAT_MAX, 0), Err(CoreErrorKind::Grain));
    let band = |kind, amount| {
        let mut licence = with_money();
        let bands = vec![Band { upto: None, kind, amount: ratio(amount) }];
        let (label, aggregate) = ("s".into(), Aggregate::Sum);
        licence.at_close = vec![AtClose { label, aggregate, unit: 0, key, window, bands, guard: None }];
        sound(&licence)
    };
    assert_eq!(band(BandKind::For, NAT_MAX), Ok(()));
    assert_eq!(band(BandKind::At, (1 << 64) - 1), Ok(()));
    assert_eq!(band(BandKind::At, 1 << 64), Err(CoreErrorKind::Grain));
}

#[test]
fn a_floor_is_compared_with_its_cap_exactly() {
    let mut licence = with_money();
    let mut bounds = |cap: (u128, u128), floor: (u128, u128)| {
        let ratio = |(num, den)| Some(Ratio { num, den });
        let tiers = vec![Tier { width: None, rate: Ratio { num: 0, den: 1 } }];
        let (key, window) = (Key::User, Window::Day);
        let price = Price::Bounded { unit: 0, key, window, tiers, cap: ratio(cap), floor: ratio(floor) };
        licence.charges =
            vec![Charge { label: "c".into(), cases: vec![(Cond::True, price)], by_case: false }];
        licence.validate().map_err(|error| error.kind)
    };
    assert_eq!(bounds((0, 1), (0, 1)), Ok(()));
    assert_eq!(bounds((1, 3), (1, 3)), Ok(()));
    assert_eq!(bounds((1, 3), (333_333, 1_000_000)), Ok(()));
    assert_eq!(bounds((333_333, 1_000_000), (1, 3)), Err(CoreErrorKind::Bounds));
    // Products beyond 128 bits, which the grain then refuses all the same.
    let far = NAT_MAX - 1;
    assert_eq!(bounds((far, NAT_MAX), (NAT_MAX, far)), Err(CoreErrorKind::Bounds));
    assert_eq!(bounds((NAT_MAX, far), (far, NAT_MAX)), Err(CoreErrorKind::Grain));
}
