//! The ledger's arithmetic, with results worked out by hand, and what must hold of any.

use licit_reference::Core;
use licit_reference::Rounding::{self, *};
use licit_reference::cbor::{self, Item};
use licit_reference::money::{due, rounded, shares, shares_at_close};
use num_bigint::BigInt;
use num_rational::BigRational;
use proptest::prelude::*;

fn ratio(n: i64, d: i64) -> BigRational {
    BigRational::new(n.into(), d.into())
}

fn ints(numbers: &[i64]) -> Vec<BigInt> {
    numbers.iter().map(|n| BigInt::from(*n)).collect()
}

#[test]
fn rounding_to_cents() {
    let cent = ratio(1, 100);
    // Thousandths of the currency, and cents by half_even, half_up, down, up.
    let table = [
        (0, [0, 0, 0, 0]),
        (1, [0, 0, 0, 1]),
        (4, [0, 0, 0, 1]),
        (5, [0, 1, 0, 1]),
        (6, [1, 1, 0, 1]),
        (10, [1, 1, 1, 1]),
        (15, [2, 2, 1, 2]),
        (25, [2, 3, 2, 3]),
        (1005, [100, 101, 100, 101]),
        (-5, [0, -1, 0, -1]),
        (-15, [-2, -2, -1, -2]),
    ];
    for (thousandths, expected) in table {
        for (mode, cents) in [HalfEven, HalfUp, Down, Up].into_iter().zip(expected) {
            assert_eq!(
                rounded(&ratio(thousandths, 1000), &cent, mode),
                cents.into(),
                "{thousandths} {mode:?}"
            );
        }
    }
}

#[test]
fn rounding_to_other_smallest_amounts() {
    assert_eq!(rounded(&ratio(7, 2), &ratio(1, 1), HalfEven), 4.into()); // 3.5 yen
    assert_eq!(rounded(&ratio(13, 100), &ratio(1, 20), HalfUp), 3.into()); // 0.13 in coins of 0.05
    assert_eq!(
        rounded(&ratio(1, 3), &ratio(1, 1_000_000_000_000_000_000), Down),
        333_333_333_333_333_333i64.into()
    );
}

#[test]
fn what_is_due_is_the_growth_of_the_rounded_total() {
    // EUR 0.004 a call, half_even to cents: nothing, then a cent, then nothing, then a cent, then nothing.
    let dues: Vec<BigInt> =
        (0..5).map(|i| due(&ratio(4 * i, 1000), &ratio(4, 1000), &ratio(1, 100), HalfEven)).collect();
    assert_eq!(dues, ints(&[0, 1, 0, 1, 0]));
}

#[test]
fn shares_are_floors_and_the_residue_goes_by_largest_remainder() {
    let four = [ratio(40, 100), ratio(30, 100), ratio(20, 100), ratio(10, 100)];
    assert_eq!(shares(&100_000.into(), &four), ints(&[40_000, 30_000, 20_000, 10_000]));
    // 7: 2.8, 2.1, 1.4, 0.7. Floors 2, 2, 1, 0; the residue of 2 goes to the first (.8) and the last (.7).
    assert_eq!(shares(&7.into(), &four), ints(&[2, 2, 1, 0]));
    assert_eq!(shares_at_close(&7.into(), &four), ints(&[3, 2, 1, 1]));
    // Thirds of 1 and of 2: ties in the order of the clause.
    let thirds = [ratio(1, 3), ratio(1, 3), ratio(1, 3)];
    assert_eq!(shares_at_close(&1.into(), &thirds), ints(&[1, 0, 0]));
    assert_eq!(shares_at_close(&2.into(), &thirds), ints(&[1, 1, 0]));
    assert_eq!(shares_at_close(&0.into(), &thirds), ints(&[0, 0, 0]));
}

fn mode() -> impl Strategy<Value = Rounding> {
    prop_oneof![Just(HalfEven), Just(HalfUp), Just(Down), Just(Up)]
}

proptest! {
    /// However a bill is cut into charges, the same becomes due in the end.
    #[test]
    fn dues_add_up(charges in prop::collection::vec((0..10_000i64, 1..5000i64), 0..12), mode in mode()) {
        let cent = ratio(1, 100);
        let (mut total, mut all) = (ratio(0, 1), BigInt::from(0));
        for (n, d) in charges {
            all += due(&total, &ratio(n, d), &cent, mode);
            total += ratio(n, d);
        }
        prop_assert_eq!(all, rounded(&total, &cent, mode));
    }

    /// T7, for shares: they sum to what is paid, and no part is a whole unit off.
    #[test]
    fn shares_sum_to_the_whole(weights in prop::collection::vec(1..1000i64, 1..10), total in 0..1_000_000_000i64) {
        let sum: i64 = weights.iter().sum();
        let ratios: Vec<BigRational> = weights.iter().map(|weight| ratio(*weight, sum)).collect();
        let (open, closed) = (shares(&total.into(), &ratios), shares_at_close(&total.into(), &ratios));
        prop_assert_eq!(closed.iter().sum::<BigInt>(), BigInt::from(total));
        for ((part, floor), share) in closed.iter().zip(&open).zip(&ratios) {
            let exact = share * BigInt::from(total);
            prop_assert!(BigRational::from_integer(floor.clone()) <= exact);
            let off = BigRational::from_integer(part.clone()) - exact;
            prop_assert!(off < ratio(1, 1) && off > ratio(-1, 1));
        }
    }

    /// T7, for all parts: first cuts, royalties and shares are fractions that sum to 1, whoever takes from whom; or nobody
    /// could have them. What was due is divided without rest.
    #[test]
    fn parts_are_the_whole(
        cuts in prop::collection::vec((0..3u64, 4..9u64), 0..3),
        royalties in prop::collection::vec((0..4u64, 3..9u64, 0..7usize), 0..6),
        weights in prop::collection::vec(1..9u64, 1..4),
        total in 0..1_000_000i64,
    ) {
        let count = royalties.len();
        let royalties: Vec<_> = royalties.into_iter().map(|(n, d, basis)| (n, d, basis % (count + 1))).collect();
        let core = Core::decode(&divided(&cuts, &royalties, &weights));
        // Followed from the charges up, all royalties are met: nobody is in a circle.
        let mut met: Vec<usize> = vec![0];
        for _ in 0..count {
            let next = (1..=count).filter(|entry| met.contains(&royalties[entry - 1].2) && !met.contains(entry));
            met.extend(next.collect::<Vec<_>>());
        }
        prop_assert!(met.len() > count || core.is_err(), "a circle is accepted");
        if let Ok(core) = core {
            let parts: Vec<BigRational> = core.parts().iter().map(|(_, part)| part.clone()).collect();
            prop_assert_eq!(parts.len(), cuts.len() + count + weights.len());
            prop_assert!(parts.iter().all(|part| *part >= ratio(0, 1)));
            prop_assert_eq!(parts.iter().sum::<BigRational>(), ratio(1, 1));
            let closed = shares_at_close(&total.into(), &parts);
            prop_assert_eq!(closed.iter().sum::<BigInt>(), BigInt::from(total));
        }
    }
}

/// A core with first cuts, royalties (with their bases) and shares by weight.
fn divided(cuts: &[(u64, u64)], royalties: &[(u64, u64, usize)], weights: &[u64]) -> Vec<u8> {
    let text = |text: &str| Item::Text(text.to_owned());
    let part = |n: u64, d: u64| {
        let part = ratio(n as i64, d as i64);
        let [n, d] = [part.numer(), part.denom()].map(|n| Item::Uint(n.try_into().unwrap()));
        Item::Array(vec![n, d])
    };
    let named = |(i, (n, d)): (usize, (u64, u64))| Item::Array(vec![text(&format!("p{i}")), part(n, d)]);
    let sum = weights.iter().sum();
    let shares = weights.iter().map(|weight| (*weight, sum)).enumerate().map(named).collect();
    let first: Vec<Item> = cuts.iter().copied().enumerate().map(named).collect();
    let royalties: Vec<Item> = (0u8..)
        .zip(royalties)
        .map(|(i, (n, d, basis))| {
            Item::Array(vec![Item::Bytes(vec![i; 32]), text("r"), part(*n, *d), Item::Uint(*basis as u64)])
        })
        .collect();
    let mut split = vec![(0, Item::Array(shares)), (2, text("s"))];
    if !first.is_empty() {
        split.push((3, Item::Array(first)));
    }
    let money = vec![(0, text("EUR")), (1, part(1, 100)), (2, Item::Uint(1)), (3, Item::Uint(3))];
    let mut licence = vec![
        (0, Item::Uint(1)),
        (1, Item::Uint(2026)),
        (2, text("T")),
        (3, Item::Uint(1)),
        (4, text("l")),
        (12, Item::Map(money)),
        (14, Item::Array(vec![Item::Uint(1)])),
        (21, Item::Map(split)),
    ];
    if !royalties.is_empty() {
        licence.push((28, Item::Array(royalties)));
    }
    cbor::write(&Item::Map(licence))
}
