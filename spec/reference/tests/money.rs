//! The ledger's arithmetic, with results worked out by hand, and what must hold of any.

use licit_reference::Rounding::{self, *};
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
}
