//! The CBOR subset against RFC 8949's appendix A, and against what it leaves out.

use licit_receipt::cbor::{Error, ErrorKind, MAX_DEPTH, Reader, Type, Writer, head_len};
use proptest::prelude::*;

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn integers_of_rfc_8949() {
    let examples: [(i64, &str); 18] = [
        (0, "00"),
        (1, "01"),
        (10, "0a"),
        (23, "17"),
        (24, "1818"),
        (25, "1819"),
        (100, "1864"),
        (1000, "1903e8"),
        (1000000, "1a000f4240"),
        (1000000000000, "1b000000e8d4a51000"),
        (-1, "20"),
        (-10, "29"),
        (-100, "3863"),
        (-1000, "3903e7"),
        (i64::MAX, "1b7fffffffffffffff"),
        (i64::MIN, "3b7fffffffffffffff"),
        (-24, "37"),
        (-25, "3818"),
    ];
    for (value, hex) in examples {
        let mut out = vec![];
        Writer::new(&mut out).int(value);
        assert_eq!(out, unhex(hex), "{value}");
        assert_eq!(Reader::new(&out).int(), Ok(value));
    }
    let most = unhex("1bffffffffffffffff");
    assert_eq!(Reader::new(&most).uint(), Ok(u64::MAX));
    assert_eq!(Reader::new(&most).int().unwrap_err().kind, ErrorKind::Range);
    let least = unhex("3bffffffffffffffff");
    assert_eq!(Reader::new(&least).int().unwrap_err().kind, ErrorKind::Range);
}

#[test]
fn strings_of_rfc_8949() {
    for (value, hex) in
        [("", "60"), ("a", "6161"), ("IETF", "6449455446"), ("\u{fc}", "62c3bc"), ("\u{6c34}", "63e6b0b4")]
    {
        let mut out = vec![];
        Writer::new(&mut out).text(value);
        assert_eq!(out, unhex(hex));
        assert_eq!(Reader::new(&out).text(), Ok(value));
    }
    let bytes = unhex("4401020304");
    assert_eq!(Reader::new(&bytes).bytes(), Ok([1, 2, 3, 4].as_slice()));
    let broken = unhex("62c328");
    assert_eq!(Reader::new(&broken).text(), Err(Error { offset: 0, kind: ErrorKind::Utf8 }));
}

#[test]
fn what_the_subset_leaves_out() {
    let kind = |hex: &str| Reader::new(&unhex(hex)).uint().unwrap_err().kind;
    for float in ["f90000", "fa47c35000", "fb3ff199999999999a", "f97c00", "f97e00"] {
        assert_eq!(kind(float), ErrorKind::Simple, "{float}");
    }
    for simple in ["f6", "f7", "f0", "f8ff", "f818", "ff"] {
        assert_eq!(kind(simple), ErrorKind::Simple, "{simple}");
    }
    for tag in ["c11a514b67b0", "c249010000000000000000", "d818456449455446", "d9d9f700"] {
        assert_eq!(kind(tag), ErrorKind::Tag, "{tag}");
    }
    for long in ["1800", "1817", "190018", "1900ff", "1a0000ffff", "1b00000000ffffffff"] {
        assert_eq!(kind(long), ErrorKind::NonMinimal, "{long}");
    }
    for reserved in ["1c", "1d", "1e", "1f"] {
        assert_eq!(kind(reserved), ErrorKind::Indefinite, "{reserved}");
    }
    for cut in ["", "18", "19", "1903", "1a000f42", "1b000000e8d4a510"] {
        assert_eq!(kind(cut), ErrorKind::Truncated, "{cut}");
    }
    assert_eq!(kind("20"), ErrorKind::Expected(Type::Uint));
    assert_eq!(kind("f4"), ErrorKind::Expected(Type::Uint));
    for indefinite in ["5f", "7f", "9f", "bf"] {
        let bytes = unhex(indefinite);
        let mut r = Reader::new(&bytes);
        let error = match r.peek().unwrap() {
            Type::Bytes => r.bytes().unwrap_err(),
            Type::Text => r.text().unwrap_err(),
            Type::Array => r.array().unwrap_err(),
            _ => r.map().unwrap_err(),
        };
        assert_eq!(error, Error { offset: 0, kind: ErrorKind::Indefinite });
    }
    let bool = |hex: &str| Reader::new(&unhex(hex)).bool();
    assert_eq!(bool("f5"), Ok(true));
    assert_eq!(bool("f4"), Ok(false));
    assert_eq!(bool("f6").unwrap_err().kind, ErrorKind::Simple);
    assert_eq!(bool("f8f5").unwrap_err().kind, ErrorKind::Simple);
    assert_eq!(bool("01").unwrap_err().kind, ErrorKind::Expected(Type::Bool));
    assert_eq!(bool("").unwrap_err().kind, ErrorKind::Truncated);
}

#[test]
fn counts_are_bounded_by_what_is_left() {
    for hex in ["9a7fffffff00", "9bffffffffffffffff", "8200", "ba7fffffff0000", "a200000100"] {
        let bytes = unhex(hex);
        let mut r = Reader::new(&bytes);
        let refused = match r.peek().unwrap() {
            Type::Array => r.array().map(|_| ()),
            _ => r.map().map(|_| ()),
        };
        // The last one has room for two pairs; the rest promise too much.
        assert_eq!(refused.is_ok(), hex == "a200000100", "{hex}");
    }
    let long = unhex("5bffffffffffffffff00");
    assert_eq!(Reader::new(&long).bytes().unwrap_err().kind, ErrorKind::Truncated);
}

/// A reader of any item, recursing as a caller would.
fn walk(r: &mut Reader<'_>) -> Result<usize, Error> {
    let mut count = 1;
    match r.peek() {
        Some(Type::Array) => {
            let mut items = r.array()?;
            while r.item(&mut items) {
                count += walk(r)?;
            }
        }
        Some(Type::Map) => {
            let mut keys = r.map()?;
            while r.key(&mut keys)?.is_some() {
                count += walk(r)?;
            }
        }
        Some(Type::Bytes) => drop(r.bytes()?),
        Some(Type::Text) => drop(r.text()?),
        Some(Type::Bool) => drop(r.bool()?),
        _ => drop(r.int()?),
    }
    Ok(count)
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| [vec![0x81; depth], vec![0]].concat();
    let most = nested(MAX_DEPTH as usize);
    assert_eq!(walk(&mut Reader::new(&most)), Ok(MAX_DEPTH as usize + 1));
    for depth in [MAX_DEPTH as usize + 1, 100_000] {
        let deep = nested(depth);
        let error = walk(&mut Reader::new(&deep)).unwrap_err();
        assert_eq!(error, Error { offset: MAX_DEPTH as usize, kind: ErrorKind::Depth });
    }
    // Leaving a container gives its level back.
    let wide = [vec![0x98, 100], [0x81, 0x80].repeat(100)].concat();
    assert_eq!(walk(&mut Reader::new(&wide)), Ok(201));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn heads_have_one_length(value in any::<u64>(), shift in 0..64_u32) {
        let value = value >> shift;
        let mut out = vec![];
        Writer::new(&mut out).uint(value);
        prop_assert_eq!(out.len(), head_len(value));
        prop_assert_eq!(Reader::new(&out).uint(), Ok(value));
    }

    #[test]
    fn any_bytes_are_walked(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut r = Reader::new(&bytes);
        if let Ok(count) = walk(&mut r) {
            prop_assert!(count <= bytes.len());
        }
    }
}
