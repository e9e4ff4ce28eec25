//! Bytes and inputs that mean harm: an answer or a clean refusal, in bounded time and stack.

use licit_reference::cbor::{self, Item};
use licit_reference::{Core, Renewal, Request, State, Value, Zone, case, eval, largest};
use num_bigint::BigUint;
use proptest::prelude::*;

/// All cores of the case files: good ground for damage.
fn cores() -> Vec<Vec<u8>> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cores: Vec<Vec<u8>> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "case"))
        .flat_map(|path| case::parse(&std::fs::read_to_string(path).unwrap()).unwrap().cases)
        .map(|case| case.core)
        .collect();
    cores.sort();
    cores.dedup();
    cores
}

/// A request that touches whatever a core has.
fn ask(core: &Core) {
    let facts = core.facts().into_iter().map(|name| (name.to_owned(), Value::Count(BigUint::from(5u8))));
    let quantities = core.units().into_iter().map(|(name, highest)| (name.to_owned(), highest.clone()));
    let request = Request { facts: facts.collect(), quantities: quantities.collect(), ..Request::default() };
    let huge = BigUint::from(u128::MAX);
    let used = core.counters().iter().map(|_| huge.clone()).collect();
    let state = State { used, notice: Some(i64::MAX), latched: vec![false; 9], ..State::default() };
    for used_at in [i64::MIN, 0, i64::MAX] {
        let request = Request { used_at, ..request.clone() };
        let at = Some(i64::MAX - used_at.max(0));
        let renewal = at.map(|anchor| Renewal { anchor, periods: u32::MAX });
        let state = State { grant: at, release: at, first_use: at, renewal, ..state.clone() };
        eval(core, &Zone::default(), &request, &state).text();
        let ranges: Vec<_> = core.counters().iter().map(|_| (huge.clone(), BigUint::from(0u8))).collect();
        largest(core, &Zone::default(), &request, &ranges);
    }
    for counter in 0..core.counters().len().min(9) {
        core.at_close(counter, &[huge.clone(), BigUint::from(0u8)]);
        core.at_close(counter, &[]);
    }
}

/// What is accepted is canonical, and can be asked.
fn try_bytes(bytes: &[u8]) -> bool {
    let item = cbor::read(bytes);
    if let Ok(item) = &item {
        assert_eq!(cbor::write(item), bytes, "accepted, but not canonical");
    }
    match Core::decode(bytes) {
        Ok(core) => {
            assert!(item.is_ok());
            ask(&core);
            true
        }
        Err(error) => {
            assert!(!error.is_empty());
            false
        }
    }
}

#[test]
fn prefixes_and_flipped_bits() {
    for core in cores() {
        assert!(try_bytes(&core));
        for end in (0..core.len()).step_by(1 + core.len() / 64) {
            assert!(!try_bytes(&core[..end]), "a prefix is accepted");
        }
        let step = 1 + core.len() / 6;
        for bit in (0..core.len() * 8).step_by(step) {
            let mut damaged = core.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            try_bytes(&damaged);
        }
    }
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        try_bytes(&bytes);
    }

    #[test]
    fn spliced_cores(a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), from in any::<prop::sample::Index>(), n in 0..12usize) {
        use std::sync::OnceLock;
        static CORES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
        let cores = CORES.get_or_init(cores);
        let (mut core, other) = (a.get(cores).clone(), b.get(cores));
        let (at, from) = (at.index(core.len()), from.index(other.len()));
        let piece = &other[from..(from + n).min(other.len())];
        core.splice(at..(at + n).min(core.len()), piece.iter().copied());
        try_bytes(&core);
    }
}

fn array(items: impl IntoIterator<Item = Item>) -> Item {
    Item::Array(items.into_iter().collect())
}

fn uint(n: usize) -> Item {
    Item::Uint(n as u64)
}

fn text(text: &str) -> Item {
    Item::Text(text.to_owned())
}

/// A core with these keys between 5 and 13, and above 14.
fn core(keys: Vec<(u64, Item)>) -> Vec<u8> {
    let head =
        [(0, uint(1)), (1, uint(2026)), (2, text("T")), (3, uint(1)), (4, text("l")), (14, array([uint(1)]))];
    let mut entries: Vec<(u64, Item)> = head.into_iter().chain(keys).collect();
    entries.sort_by_key(|(key, _)| *key);
    cbor::write(&Item::Map(entries))
}

#[test]
fn nesting_without_end() {
    for depth in [1_000, 100_000, 1_000_000] {
        let mut bytes = vec![0xa1, 0x00];
        bytes.extend(vec![0x81; depth]);
        assert!(!try_bytes(&bytes));
        let mut nots = core(vec![]);
        nots[0] += 1;
        nots.extend([0x11, 0x81, 0x82, 0x61, 0x70]);
        nots.extend([0x82, 0x08].repeat(depth / 2));
        nots.extend([0x81, 0x01]);
        assert!(!try_bytes(&nots));
    }
    let mut maps = Vec::new();
    (0..100_000).for_each(|_| maps.extend([0xa1, 0x00]));
    assert!(!try_bytes(&maps));
}

/// Each definition uses the one below twice: 2^31 leaves, if anybody expanded them, and as deep as can be.
#[test]
fn doubling_definitions() {
    let fact = array([array([text("x"), uint(1)])]);
    let mut definitions = vec![array([uint(4), uint(0)])];
    for i in 0..31 {
        let below = array([uint(5), uint(i)]);
        definitions.push(array([uint(6 + i % 2), below.clone(), below]));
    }
    let last = array([uint(5), uint(31)]);
    let permits = array([array([text("p"), last])]);
    let bytes = core(vec![(10, fact), (15, array(definitions)), (17, permits)]);
    assert!(try_bytes(&bytes));
    let core = Core::decode(&bytes).unwrap();
    let outcome = eval(&core, &Zone::default(), &Request::default(), &State::default());
    assert_eq!(outcome.text(), "deny\nreason needing:x\n");
}

/// Aliases of aliases: a long chain is refused rather than walked.
#[test]
fn chains_of_definitions() {
    let chain = |length: usize| {
        let definitions =
            (0..length).map(|i| if i == 0 { array([uint(1)]) } else { array([uint(5), uint(i - 1)]) });
        let last = array([uint(5), uint(length - 1)]);
        core(vec![(15, array(definitions)), (17, array([array([text("p"), last])]))])
    };
    assert!(try_bytes(&chain(63)));
    assert!(!try_bytes(&chain(64)));
    assert!(!try_bytes(&chain(100_000)));
}

/// As many clauses, terms, tiers and counters as there may be, and one more.
#[test]
fn sizes() {
    let permits = |n: usize| {
        core(vec![(17, array((0..n).map(|i| array([text(&format!("{i:05}")), array([uint(1)])]))))])
    };
    assert!(try_bytes(&permits(4096)));
    assert!(!try_bytes(&permits(4097)));

    let terms = |n: usize| {
        let terms = (0..n).map(|i| array([text(&format!("{i:05}")), array((i > 0).then(|| uint(i - 1)))]));
        core(vec![(8, Item::Map(vec![(0, array(terms))]))])
    };
    assert!(try_bytes(&terms(4096)));
    assert!(!try_bytes(&terms(4097)));

    let parents = |n: usize| {
        let terms =
            (0..=n).map(|i| array([text(&format!("{i:05}")), array((0..n).filter(|_| i == n).map(uint))]));
        core(vec![(8, Item::Map(vec![(0, array(terms))]))])
    };
    assert!(try_bytes(&parents(255)));
    assert!(!try_bytes(&parents(256)));

    let units = || (9, array([array([text("u"), Item::Uint(9)])]));
    let limits = |n: usize| {
        let limit = |i: usize| {
            let values = [text(&format!("{i:05}")), uint(1), uint(0), uint(1), uint(1), uint(1)];
            Item::Map(values.into_iter().enumerate().map(|(key, value)| (key as u64, value)).collect())
        };
        core(vec![units(), (18, array((0..n).map(limit)))])
    };
    assert!(try_bytes(&limits(1024)));
    assert!(!try_bytes(&limits(1025)));

    let charge = |cases: Vec<Item>| {
        let charge = Item::Map(vec![(0, text("c")), (1, array(cases)), (2, uint(1))]);
        core(vec![units(), (19, array([charge]))])
    };
    let tiers = |n: usize| {
        let tier = |i: usize| array([uint(1), array([uint(i), uint(1)])]);
        let tiers = array((0..n - 1).map(tier).chain([array([array([uint(1), uint(1)])])]));
        charge(vec![array([array([uint(1)]), array([uint(2), uint(0), uint(1), uint(1), tiers])])])
    };
    assert!(try_bytes(&tiers(256)));
    assert!(!try_bytes(&tiers(257)));

    let cases = |n: usize| {
        let case =
            |i: usize| array([array([uint(1)]), array([uint(1), uint(0), array([uint(i + 1), uint(1)])])]);
        let mut cases: Vec<Item> = (0..n).map(case).collect();
        cases.sort_by_key(cbor::write);
        charge(cases)
    };
    assert!(try_bytes(&cases(256)));
    assert!(!try_bytes(&cases(257)));

    let split = |n: usize| {
        let shares = array((0..n).map(|i| array([text(&format!("{i}")), array([uint(1), uint(n)])])));
        core(vec![(21, Item::Map(vec![(0, shares), (2, text("s"))]))])
    };
    assert!(try_bytes(&split(64)));
    assert!(!try_bytes(&split(65)));

    let money = || {
        (12, Item::Map(vec![(0, text("EUR")), (1, array([uint(1), uint(1)])), (2, uint(1)), (3, uint(1))]))
    };
    let whole = || array([array([text("l"), array([uint(1), uint(1)])])]);
    let first = |n: usize| {
        let first = array((0..n).map(|i| array([text(&format!("{i}")), array([uint(1), uint(n)])])));
        core(vec![(21, Item::Map(vec![(0, whole()), (2, text("s")), (3, first)]))])
    };
    assert!(try_bytes(&first(64)));
    assert!(!try_bytes(&first(65)));

    // Each royalty is of what the next one has, the last of the charges: as long a chain as there may be, or a circle.
    let royalties = |n: usize, last: usize| {
        let royalty = |i: usize| {
            let licence = Item::Bytes((0..32).map(|byte| if byte == 31 { i as u8 } else { 0 }).collect());
            let basis = if i + 1 < n { i + 2 } else { last };
            array([licence, text("a"), array([uint(1), uint(1)]), uint(basis)])
        };
        core(vec![money(), (28, array((0..n).map(royalty)))])
    };
    assert!(try_bytes(&royalties(64, 0)));
    assert!(!try_bytes(&royalties(64, 1)));
    assert!(!try_bytes(&royalties(65, 0)));

    let bands = |n: usize| {
        let band = |i: usize| array([uint(i), uint(2), array([uint(i), uint(1)])]);
        let bands = array((0..n - 1).map(band).chain([array([uint(1), array([uint(1), uint(1)])])]));
        let plain = [text("z"), uint(1), uint(0), uint(1), uint(1), bands];
        core(vec![units(), (27, array([Item::Map((0..).zip(plain).collect())]))])
    };
    assert!(try_bytes(&bands(256)));
    assert!(!try_bytes(&bands(257)));

    // Counters of all kinds count together.
    let crowds = |n: usize| {
        let limit = |i: usize| {
            let label = text(&format!("{i:05}"));
            Item::Map(vec![
                (0, label),
                (1, uint(2)),
                (3, uint(1)),
                (4, uint(1)),
                (7, array([uint(1), uint(1)])),
            ])
        };
        let prepaid = Item::Map(vec![(0, text("p")), (1, uint(1))]);
        core(vec![money(), (18, array((0..n).map(limit))), (26, prepaid)])
    };
    assert!(try_bytes(&crowds(1023)));
    assert!(!try_bytes(&crowds(1024)));

    let ends = |n: usize| {
        core(vec![(25, array((0..n).map(|i| array([text(&format!("{i:05}")), array([uint(0)])]))))])
    };
    assert!(try_bytes(&ends(4096)));
    assert!(!try_bytes(&ends(4097)));

    let listed = |key: u64, n: usize, tail: Item| {
        core(vec![(key, array((0..n).map(|i| array([text(&format!("{i:05}")), tail.clone()]))))])
    };
    assert!(try_bytes(&listed(9, 1024, uint(1))));
    assert!(!try_bytes(&listed(9, 1025, uint(1))));
    assert!(!try_bytes(&listed(10, 1025, uint(1))));
}

/// A core may fill a mebibyte, and not a byte more.
#[test]
fn a_mebibyte() {
    let filled = |n: usize| {
        let full = array((0..n).map(|_| array([uint(0)])).chain([array([
            uint(2),
            uint(0),
            Item::Bytes(vec![]),
            Item::Bytes(vec![]),
        ])]));
        let Item::Array(operands) = full else { unreachable!() };
        let all = array([uint(7)].into_iter().chain(operands));
        core(vec![(17, array([array([text("p"), all])]))])
    };
    let base = filled(100_000).len() - 200_000;
    let most = ((1 << 20) - base) / 2;
    ask(&Core::decode(&filled(most)).unwrap());
    assert!(Core::decode(&filled(most + 1)).is_err());
}
