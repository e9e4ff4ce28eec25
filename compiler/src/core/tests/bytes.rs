//! Bytes that are not a core, and why; the bounds of section 13.

use super::super::*;
use super::minimal;

/// The smallest core with one run of bytes replaced, where it occurs first.
fn with(old: &[u8], new: &[u8]) -> Vec<u8> {
    let bytes = minimal().encode().unwrap();
    let at = (0..=bytes.len() - old.len()).find(|at| bytes[*at..].starts_with(old)).unwrap();
    [&bytes[..at], new, &bytes[at + old.len()..]].concat()
}

#[test]
fn damage_is_named_with_its_offset() {
    let mut wrong = Vec::new();
    let mut refused = |old: &[u8], new: &[u8], why: &str| {
        let error = Licence::decode(&with(old, new)).unwrap_err().to_string();
        if error != why {
            wrong.push((error, why.to_owned()));
        }
    };
    refused(b"\xa6", b"\xa7", "byte 26: the bytes end inside an item");
    refused(b"\xa6", b"\xb8\x06", "byte 0: a head is not the shortest of definite length");
    refused(b"\xa6", b"\xbf", "byte 0: a head is not the shortest of definite length");
    refused(b"\xa6", b"\x86", "byte 0: expected a map");
    refused(b"\xa6", b"\xa0", "byte 0: an empty list must be absent");
    refused(b"\x0e\x81\x01", b"\x0e\x81\x01\x00", "byte 26: bytes follow the core");
    refused(b"\x00\x01", b"\x00\x03", "byte 2: 3 is no kind of document read here of this edition");
    refused(b"\x19\x07\xea", b"\x19\x07\xeb", "byte 4: 2027 is no edition known here of this edition");
    refused(b"\x00\x01\x01", b"\x01\x01\x01", "byte 1: key 0 is missing");
    refused(b"\x0e\x81", b"\x17\x81", "byte 23: key 14 is missing");
    refused(b"\x02\x65", b"\x03\x65", "byte 7: key 2 is missing");
    refused(b"\x04\x65", b"\x02\x65", "byte 16: key 2 is repeated or out of order");
    refused(b"Small", b"Sma\xffl", "byte 8: a text is not UTF-8");
    refused(b"\x65Small", b"\x60", "byte 8: a name is empty");
    for control in *b"\0\t\n\r\x1b\x1f\x7f" {
        refused(b"Small", &[b'S', b'm', control, b'l', b'l'], "byte 8: a name holds a control character");
    }
    refused(
        b"\x65owner",
        b"\x7b\xff\xff\xff\xff\xff\xff\xff\xffowner",
        "byte 26: the bytes end inside an item",
    );
    refused(b"\x0e\x81\x01", b"\x0e\x82\x02\x80", "byte 26: an array has too few or too many items");
    refused(b"\x0e\x81\x01", b"\x0e\x82\x02\x82\x42\x01\x00\x01", "byte 27: expected an unsigned integer");
    refused(b"\x0e\x81\x01", b"\x0e\x82\x02\x82\x01\x04", "byte 28: 4 is no unit of time of this edition");
    assert_eq!(wrong, []);

    let more = |entry: &[u8]| {
        let longer = with(b"\xa6", b"\xa7");
        Licence::decode(&[&longer, entry].concat()).unwrap_err().to_string()
    };
    assert_eq!(more(b"\x0f\x80"), "byte 27: an empty list must be absent");
    assert_eq!(more(b"\x18\x17\x01"), "byte 26: a head is not the shortest of definite length");
    assert_eq!(more(b"\x18\x20\x01"), "byte 26: key 32 is not of this edition: a newer reader is needed");
    assert_eq!(more(b"\x11\x81\x82\x61p\x81\x09"), "byte 32: 9 is no condition of this edition");
    assert_eq!(more(b"\x11\x81\x82\x61p\x84\x02\x00\x41\x00\x40"), "byte 34: the last byte of a set is zero");
    assert_eq!(more(b"\x11\x9b\xff\xff\xff\xff\xff\xff\xff\xff"), "byte 36: the bytes end inside an item");
}

#[test]
fn a_term_ends_before_the_year_10000() {
    let mut licence = minimal();
    licence.term = Some(TermSpan { from: None, until: Some(Point::Date(2_932_896)) });
    assert_eq!(licence.validate(), Ok(()));
    for late in [Point::Date(2_932_897), Point::Date(u64::MAX), Point::Instant(253_402_300_800_000_000)] {
        licence.term = Some(TermSpan { from: None, until: Some(late) });
        assert_eq!(licence.validate().unwrap_err().kind, CoreErrorKind::Late);
        assert!(Licence::decode(&licence.to_bytes()).is_err());
        assert!(!licence.to_string().is_empty());
    }
}

/// A condition of this depth.
fn nested(depth: usize) -> Cond {
    (1..depth).fold(Cond::True, |condition, _| condition.not())
}

#[test]
fn nesting_is_bounded_definitions_included() {
    let mut licence = minimal();
    licence.permits = vec![("p".into(), nested(64))];
    let bytes = licence.encode().unwrap();
    assert_eq!(Licence::decode(&bytes), Ok(licence.clone()));
    assert_eq!(Licence::parse(&licence.to_string()), Ok(licence.clone()));

    licence.permits = vec![("p".into(), nested(65))];
    assert_eq!(licence.validate().unwrap_err().kind, CoreErrorKind::Depth);
    assert!(Licence::decode(&licence.to_bytes()).is_err());

    licence.definitions = vec![nested(62), Cond::Slot(0)];
    licence.permits = vec![("p".into(), Cond::Slot(1))];
    assert_eq!(licence.validate(), Ok(()));
    licence.definitions[0] = nested(63);
    assert_eq!(licence.validate().unwrap_err().kind, CoreErrorKind::Depth);
}

#[test]
fn endless_nesting_is_refused_without_following_it() {
    let deep = [with(b"\xa6", b"\xa7"), b"\x11\x81\x82\x61p".to_vec(), b"\x82\x08".repeat(500_000)].concat();
    let error = Licence::decode(&deep).unwrap_err();
    assert_eq!(error.kind, DecodeErrorKind::TooMany("levels of nesting"));
    let many = [with(b"\xa6", b"\xa7"), vec![0x11; 2_000_000]].concat();
    assert_eq!(Licence::decode(&many).unwrap_err().kind, DecodeErrorKind::TooLong);
    for text in ["(".repeat(1_000_000), "(not ".repeat(500_000), "(a ".repeat(79) + &")".repeat(79)] {
        assert!(Licence::parse(&text).is_err());
    }
    let mut licence = minimal();
    licence.definitions = (0..10_000).map(|i| Cond::Slot(i + 1)).chain([Cond::True]).collect();
    licence.permits = vec![("p".into(), Cond::Slot(0))];
    licence.canonicalise();
    assert!(licence.validate().is_err());
    licence.definitions = vec![Cond::or([Cond::Slot(1), Cond::True]), Cond::Slot(0)];
    licence.canonicalise();
    assert!(licence.validate().is_err());
}

/// Definitions of which each mentions the one before it twice: 2^60 leaves when written out.
#[test]
fn sharing_is_not_written_out() {
    let mut licence = minimal();
    licence.facts =
        vec![Fact { name: "a".into(), ty: FactType::YesNo }, Fact { name: "b".into(), ty: FactType::YesNo }];
    let double = |index: u32| Cond::Or(vec![Cond::Slot(index), Cond::Slot(index).not()]);
    for fact in 0..2 {
        let first = licence.definitions.len() as u32;
        licence.definitions.push(Cond::Known(fact));
        licence.definitions.extend((first..first + 20).map(double));
    }
    let last = licence.definitions.len() as u32 - 1;
    licence.charges = vec![Charge {
        label: "c".into(),
        cases: vec![(Cond::Slot(last), Price::Free), (Cond::Slot(20), Price::Free)],
        by_case: true,
    }];
    licence.canonicalise();
    let bytes = licence.encode().unwrap();
    assert_eq!(Licence::decode(&bytes), Ok(licence.clone()));
    assert_eq!(Licence::parse(&licence.to_string()), Ok(licence));
}

#[test]
fn tables_are_bounded() {
    let many = |n: u32| (0..n).map(|i| (format!("{i:05}"), Cond::True)).collect::<Vec<_>>();
    let mut licence = minimal();
    licence.permits = many(4096);
    assert_eq!(licence.validate(), Ok(()));
    licence.permits = many(4097);
    assert_eq!(licence.validate().unwrap_err().kind, CoreErrorKind::TooMany("clauses"));

    let mut licence = minimal();
    licence.permits = vec![("p".into(), Cond::Or(vec![Cond::False; 600_000]))];
    assert_eq!(licence.validate(), Ok(()));
    assert_eq!(licence.encode().unwrap_err().kind, CoreErrorKind::TooMany("bytes"));

    let terms =
        |n: u32| (0..n).map(|i| Term { name: format!("{i:05}"), parents: vec![] }).collect::<Vec<_>>();
    let mut licence = minimal();
    licence.axes.insert(Axis::Place, terms(4096));
    assert_eq!(licence.validate(), Ok(()));
    assert_eq!(Licence::decode(&licence.encode().unwrap()), Ok(licence.clone()));
    licence.axes.insert(Axis::Place, terms(4097));
    assert_eq!(licence.validate().unwrap_err().kind, CoreErrorKind::TooMany("terms"));

    let mut parents = terms(300);
    parents[299].parents = (0..255).collect();
    licence.axes.insert(Axis::Place, parents.clone());
    assert_eq!(licence.validate(), Ok(()));
    parents[299].parents = (0..256).collect();
    licence.axes.insert(Axis::Place, parents);
    assert_eq!(licence.validate().unwrap_err().kind, CoreErrorKind::TooMany("parents"));
}

#[test]
fn shares_add_up_exactly_however_long_their_fractions() {
    let mut licence = minimal();
    let share = |num, den| ("owner".to_owned(), Ratio { num, den });
    let mut split = |shares: Vec<(String, Ratio)>| {
        licence.split = Some(Split { label: "s".into(), first_cuts: vec![], shares, window: None });
        licence.validate().map_err(|error| error.kind)
    };
    // 1/2 + 1/4 + ... + 1/2^63 + 1/2^63
    let halves: Vec<_> = (1..=63).chain([63]).map(|n| share(1, 1 << n)).collect();
    assert_eq!(split(halves.clone()), Ok(()));
    assert_eq!(split(halves[1..].to_vec()), Err(CoreErrorKind::Shares));
    let near = |n| share(n, NAT_MAX);
    assert_eq!(split(vec![near(1), near(NAT_MAX - 1)]), Ok(()));
    assert_eq!(split(vec![near(2), near(NAT_MAX - 1)]), Err(CoreErrorKind::Shares));
    let long: Vec<_> = (0..64).map(|i| share(1, NAT_MAX - i)).collect();
    assert_eq!(split(long), Err(CoreErrorKind::Shares));
}
