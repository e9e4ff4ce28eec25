//! Money against exact rationals of a library, over the whole range that licences may use.

use licit_ledger::money::{Exact as Totals, Fraction, Rounding, Scale, compare};
use licit_ledger::parts::{allocate, at_close, moved_after_close, sum};
use num_bigint::{BigInt, BigUint};
use num_rational::Ratio;
use proptest::prelude::*;

type Exact = Ratio<BigInt>;

fn exact(fraction: Fraction) -> Exact {
    Ratio::new(fraction.numerator.into(), fraction.denominator.into())
}

/// Rounding as the words say it, on a library's rationals.
fn rounded(value: &Exact, mode: Rounding) -> BigInt {
    let (floor, half) = (value.floor().to_integer(), Ratio::new(1.into(), 2.into()));
    let rest = value - value.floor();
    let even = &floor % BigInt::from(2) == BigInt::from(0);
    let up = match mode {
        Rounding::Down => false,
        Rounding::Up => rest > Ratio::from_integer(0.into()),
        Rounding::HalfUp => rest >= half,
        Rounding::HalfEven => rest > half || rest == half && !even,
    };
    floor + BigInt::from(u8::from(up))
}

fn modes() -> impl Strategy<Value = Rounding> {
    prop_oneof![Just(Rounding::HalfEven), Just(Rounding::HalfUp), Just(Rounding::Down), Just(Rounding::Up)]
}

/// Numbers of every size, and those around powers of two and ten.
fn sizes(bits: u32) -> impl Strategy<Value = u128> {
    let top = if bits == 128 { u128::MAX } else { (1 << bits) - 1 };
    prop_oneof![
        (0..bits, any::<u128>()).prop_map(move |(shift, value)| (value & top) >> shift),
        (0u32..bits, 0u128..3).prop_map(move |(shift, less)| (1u128 << shift).saturating_sub(less)),
        (0u32..38).prop_map(move |power| 10u128.pow(power).min(top)),
        0u128..1000,
    ]
}

fn scales() -> impl Strategy<Value = Scale> {
    let minor = prop_oneof![
        3 => (0u32..=18).prop_map(|power| (1, 10u128.pow(power))),
        1 => (sizes(127), sizes(127)).prop_map(|(n, d)| (n.max(1), d.max(1))),
        1 => (1u128..200).prop_map(|n| (n, 1)),
    ];
    (sizes(64), minor, modes()).prop_map(|(grain, (numerator, denominator), mode)| {
        Scale::new(grain.max(1) as u64, Fraction { numerator, denominator }, mode).expect("nothing is zero")
    })
}

fn in_minor(scale: &Scale, total: u128) -> Exact {
    Ratio::new(total.into(), scale.grain().into()) / exact(scale.minor())
}

fn fits(value: &BigInt) -> Option<u128> {
    u128::try_from(BigUint::try_from(value.clone()).expect("never negative")).ok()
}

fn exact_minor(scale: &Scale) -> Exact {
    exact(scale.minor())
}

fn exact_of(fraction: Fraction) -> Exact {
    exact(fraction)
}

fn num_abs(value: &Exact) -> Exact {
    if *value < Ratio::from_integer(0.into()) { -value.clone() } else { value.clone() }
}

fn signed(bits: u32) -> impl Strategy<Value = i128> {
    (sizes(bits), any::<bool>()).prop_map(|(size, negative)| {
        let size = i128::try_from(size).expect("127 bits at most");
        if negative { -size } else { size }
    })
}

fn shares() -> impl Strategy<Value = Vec<Fraction>> {
    // Parts of a sum, as `3 parts to @a, 1 part to @b` gives them: reduced, so denominators differ.
    prop::collection::vec(prop_oneof![1u128..10, sizes(100)], 1..8).prop_map(|parts| {
        let parts: Vec<u128> = parts.into_iter().map(|part| part.max(1)).collect();
        let whole: u128 = parts.iter().sum();
        let reduced = parts.iter().map(|part| Ratio::new(*part, whole));
        reduced.map(|r| Fraction { numerator: *r.numer(), denominator: *r.denom() }).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn rounding_is_that_of_exact_rationals(scale in scales(), total in sizes(128)) {
        let expected = rounded(&in_minor(&scale, total), scale.rounding());
        prop_assert_eq!(scale.round(total), fits(&expected));
    }

    #[test]
    fn ties_are_broken_by_the_mode(grain in 1u64..1000, whole in 0u128..1_000_000, mode in modes()) {
        // grain parts make one unit, 1/1 is the smallest amount: an odd number of halves is a tie.
        let scale = Scale::new(grain * 2, Fraction { numerator: 1, denominator: 1 }, mode).expect("not zero");
        let expected = match mode {
            Rounding::Down => whole,
            Rounding::HalfEven => whole + whole % 2,
            Rounding::HalfUp | Rounding::Up => whole + 1,
        };
        prop_assert_eq!(scale.round((2 * whole + 1) * u128::from(grain)), Some(expected));
    }

    #[test]
    fn what_fell_due_is_the_rounded_total(scale in scales(), amounts in prop::collection::vec(sizes(90), 0..6)) {
        let (mut total, mut due) = (0, 0);
        for amount in amounts {
            let Some(more) = scale.due(total, amount) else { return Ok(()) };
            total += amount;
            due += more;
            prop_assert_eq!(scale.round(total), Some(due));
        }
    }

    #[test]
    fn signed_totals_round_like_exact_rationals(
        scale in scales(), charged in signed(100), gifted in signed(100), prepaid in signed(100),
    ) {
        let Some(grain) = scale.credit_grain() else { return Ok(()) };
        let totals = Totals { charged, gifted, prepaid };
        let exact = |parts: i128, grain: u128| Ratio::new(BigInt::from(parts), grain.into());
        let due = exact(charged, scale.grain().into()) - exact(gifted, grain);
        let cash = due.clone() - exact(prepaid, grain);
        let round = |value: Exact| {
            let value = value / exact_minor(&scale);
            let size = rounded(&num_abs(&value), scale.rounding());
            if value < Ratio::from_integer(0.into()) { -size } else { size }
        };
        let moved = scale.rounded(totals);
        let expected = i128::try_from(round(due.clone())).ok().zip(i128::try_from(round(cash)).ok());
        prop_assert_eq!(moved.map(|moved| (moved.due, moved.payable)), expected);
        if let Some((rest, moved)) = moved.and_then(|moved| Some((scale.rounding_of(totals, moved.due)?, moved))) {
            let left = due - exact_minor(&scale) * Ratio::from_integer(moved.due.into());
            let sign = Ratio::from_integer(BigInt::from(if rest.negative { -1 } else { 1 }));
            prop_assert_eq!(exact_of(rest.amount) * sign, left);
        }
    }

    #[test]
    fn what_moves_sums_to_the_rounded_total_whatever_is_taken_back(
        scale in scales(), changes in prop::collection::vec((signed(80), signed(60), signed(60)), 0..6),
    ) {
        let (mut totals, mut due, mut payable) = (Totals::default(), 0, 0);
        for (charged, gifted, prepaid) in changes {
            let change = Totals { charged, gifted, prepaid };
            let Some(moved) = scale.moved(totals, change) else { return Ok(()) };
            totals = totals.plus(change).expect("it moved");
            due += moved.due;
            payable += moved.payable;
            let rounded = scale.rounded(totals).expect("it moved");
            prop_assert_eq!((rounded.due, rounded.payable), (due, payable));
        }
    }

    #[test]
    fn payments_and_prices_are_whole_parts_of_credit(scale in scales(), minor in sizes(40), amount in sizes(60)) {
        let Some(grain) = scale.credit_grain() else { return Ok(()) };
        if let Some(parts) = scale.credit_of_minor(minor) {
            let paid = Ratio::new(BigInt::from(parts), grain.into());
            prop_assert_eq!(paid, exact_minor(&scale) * Ratio::from_integer(minor.into()));
            let within = Ratio::new(BigInt::from(parts), scale.credit_per_part().into()).floor().to_integer();
            prop_assert_eq!(BigInt::from(scale.within_credit(parts.unsigned_abs())), within);
        }
        if let Some(parts) = scale.credit_of(amount as i128) {
            prop_assert_eq!(
                Ratio::new(BigInt::from(parts), BigInt::from(grain)),
                Ratio::new(BigInt::from(amount), scale.grain().into())
            );
        }
    }

    #[test]
    fn parts_conserve_and_stay_within_one(due in signed(127), shares in shares()) {
        let open = allocate(due, &shares).expect("they sum to one");
        let closed = at_close(due, &shares).expect("they sum to one");
        prop_assert_eq!(sum(&open.parts).unwrap() + open.residue, due);
        prop_assert!(open.residue.unsigned_abs() < shares.len() as u128);
        prop_assert!(open.residue == 0 || (open.residue < 0) == (due < 0));
        prop_assert_eq!(sum(&closed), Some(due));
        for ((fraction, floor), last) in shares.iter().zip(&open.parts).zip(&closed) {
            let part = exact(*fraction) * Ratio::from_integer(BigInt::from(due));
            prop_assert_eq!(BigInt::from(*floor), part.trunc().to_integer());
            prop_assert!((last - floor).abs() <= 1);
        }
    }

    #[test]
    fn the_residue_goes_to_the_largest_remainders(due in signed(127), shares in shares()) {
        let (open, closed) = (allocate(due, &shares).unwrap(), at_close(due, &shares).unwrap());
        let rest = |index: usize| {
            let part = num_abs(&(exact(shares[index]) * Ratio::from_integer(BigInt::from(due))));
            &part - part.floor()
        };
        let won = |index: usize| closed[index] != open.parts[index];
        for winner in (0..shares.len()).filter(|index| won(*index)) {
            for loser in (0..shares.len()).filter(|index| !won(*index)) {
                prop_assert!(rest(winner) > rest(loser) || rest(winner) == rest(loser) && winner < loser);
            }
        }
    }

    #[test]
    fn parts_depend_on_the_total_alone_and_never_shrink(a in sizes(100), b in sizes(100), shares in shares()) {
        let (before, after) = (allocate(a as i128, &shares).unwrap(), allocate((a + b) as i128, &shares).unwrap());
        for (less, more) in before.parts.iter().zip(&after.parts) {
            prop_assert!(less <= more);
        }
    }

    #[test]
    fn what_moves_after_close_ends_where_the_whole_would(
        steps in prop::collection::vec(signed(60), 1..6), shares in shares(),
    ) {
        let (mut due, mut parts) = (0, vec![0; shares.len()]);
        for step in steps {
            let moved = moved_after_close(due, due + step, &shares).expect("they sum to one");
            prop_assert_eq!(sum(&moved), Some(step));
            for (part, moved) in parts.iter_mut().zip(moved) {
                *part += moved;
            }
            due += step;
        }
        prop_assert_eq!(Some(parts), at_close(due, &shares));
    }

    #[test]
    fn fractions_compare_exactly(a in sizes(128), b in sizes(128), c in sizes(128), d in sizes(128)) {
        let (x, y) = (
            Fraction { numerator: a, denominator: b.max(1) },
            Fraction { numerator: c, denominator: d.max(1) },
        );
        prop_assert_eq!(compare(x, y), exact(x).cmp(&exact(y)));
    }
}

#[test]
fn tiny_prices_reach_every_party() {
    // 100,000 receipts at price 1: rounding each receipt's shares would pay all of it to the first, or to nobody.
    let shares = [40, 30, 20, 10].map(|percent| Fraction { numerator: percent, denominator: 100 });
    assert_eq!(allocate(100_000, &shares).unwrap().parts, [40_000, 30_000, 20_000, 10_000]);
    assert_eq!(allocate(1, &shares).unwrap().residue, 1);
    assert_eq!(at_close(1, &shares).unwrap(), [1, 0, 0, 0]);
}

#[test]
fn ties_go_in_the_order_of_the_parts_and_a_correction_takes_back_what_it_gave() {
    let thirds = [Fraction { numerator: 1, denominator: 3 }; 3];
    assert_eq!(at_close(5, &thirds).unwrap(), [2, 2, 1]);
    assert_eq!(at_close(-5, &thirds).unwrap(), [-2, -2, -1]);
    assert_eq!(moved_after_close(5, 4, &thirds).unwrap(), [0, -1, 0]);
    assert_eq!(moved_after_close(5, -1, &thirds).unwrap(), [-3, -2, -1]);
}

#[test]
fn what_is_no_whole_is_not_divided() {
    let too_much = [Fraction { numerator: 2, denominator: 3 }; 2];
    assert_eq!(allocate(9, &too_much), None);
    assert_eq!(allocate(1, &too_much).unwrap().residue, 1);
    let too_little = [Fraction { numerator: 1, denominator: 4 }; 2];
    assert_eq!(allocate(9, &too_little).unwrap().residue, 5);
    assert_eq!(at_close(9, &too_little), None, "the residue has nobody to go to");
    assert_eq!(at_close(1, &[Fraction { numerator: 1, denominator: 0 }]), None);
    assert_eq!(at_close(i128::MIN, &[Fraction { numerator: 1, denominator: 1 }]), None);
}

#[test]
fn nothing_is_no_scale() {
    let cent = Fraction { numerator: 1, denominator: 100 };
    assert_eq!(Scale::new(0, cent, Rounding::Down), None);
    assert_eq!(Scale::new(1, Fraction { numerator: 0, denominator: 1 }, Rounding::Down), None);
    assert_eq!(Scale::new(1, Fraction { numerator: 1, denominator: 0 }, Rounding::Down), None);
}
