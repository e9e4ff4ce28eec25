//! What a close adds: schedules and their bounds, bands, and what is made of a window's reports.

use licit_ledger::kept::{KeptLine, LineOf};
use licit_ledger::rating::{
    Reports, add_line, aggregate, band_amount, cap_reached, missing_to_floor, schedule, sum,
};
use licit_ledger::vm::Key;
use licit_ledger::vm::bytecode::{Aggregate, Band, BandKind, Price, Tier, Window};
use proptest::prelude::*;

fn storage() -> Vec<Band> {
    vec![
        Band { upto: Some(50), kind: BandKind::For, amount: 0 },
        Band { upto: Some(500), kind: BandKind::For, amount: 3500 },
        Band { upto: None, kind: BandKind::At, amount: 9 },
    ]
}

#[test]
fn the_band_that_is_reached_rates_all_of_it() {
    let amounts = [0, 50, 51, 500, 501, 1000].map(|quantity| band_amount(&storage(), quantity));
    assert_eq!(amounts, [0, 0, 3500, 3500, 4509, 9000].map(Some));
    assert_eq!(band_amount(&storage(), u128::MAX), None, "it does not fit");
    assert_eq!(band_amount(&[], 1), None);
}

#[test]
fn four_ways_to_see_a_month() {
    let mut reports = Reports::default();
    // Reported out of order: the last is the one of the latest use, not the latest to arrive.
    for (used_at, leaf, quantity) in [(10, 1, 120), (30, 2, 80), (20, 3, 0), (30, 1, 70)] {
        reports.set(used_at, leaf, quantity).unwrap();
    }
    let all = |reports: &Reports| Aggregate::ALL.iter().map(|of| reports.quantity(*of)).collect::<Vec<_>>();
    assert_eq!(all(&reports), [270, 120, 68, 80], "sum, highest, average rounded up, last");
    reports.set(10, 1, 20).unwrap();
    assert_eq!(all(&reports), [170, 80, 43, 80], "a correction replaces what it corrects");
    reports.withdraw(30, 2);
    assert_eq!(all(&reports), [90, 70, 30, 70]);
    assert_eq!(reports.amount(Aggregate::Highest, &storage()), Some(3500));
    assert_eq!(Reports::default().amount(Aggregate::Highest, &storage()), Some(0), "nothing is nothing");
    assert_eq!(reports.set(1, 9, u128::MAX), None);
    assert_eq!(all(&reports), [90, 70, 30, 70], "what does not fit changes nothing");
    assert_eq!((1..6).filter_map(aggregate).count(), 4);
}

fn bounded(cap: Option<u128>, floor: Option<u128>) -> Price {
    let tiers = vec![Tier { start: 0, rate: 3 }, Tier { start: 1000, rate: 2 }];
    Price::Bounded { unit: 0, key: Key::Licensee, window: Window::Month, tiers, cap, floor }
}

#[test]
fn floors_and_caps_bound_the_whole_window() {
    let price = bounded(Some(5000), Some(1500));
    assert_eq!(missing_to_floor(&price, 0), Some(1500), "a window without a call has its floor");
    assert_eq!(missing_to_floor(&price, 400), Some(300));
    assert_eq!(missing_to_floor(&price, 501), Some(0));
    assert_eq!(missing_to_floor(&bounded(None, None), 0), Some(0));
    assert!(!cap_reached(&price, 1999) && cap_reached(&price, 2000) && cap_reached(&price, u128::MAX));
    assert!(!cap_reached(&bounded(None, Some(1)), u128::MAX));
    assert!(!cap_reached(&bounded(Some(0), None), 0), "nothing used reaches nothing");
}

#[test]
fn lines_sum_and_vanish() {
    let line = |case, quantity, amount| KeptLine { of: LineOf::Case { charge: 0, case }, quantity, amount };
    let mut lines = Vec::new();
    for (case, quantity, amount) in [(2, 5, 10), (1, 1, 1), (2, -5, 3), (3, 0, 0), (1, -1, -1)] {
        add_line(&mut lines, line(case, quantity, amount)).unwrap();
    }
    assert_eq!(lines, [line(2, 0, 13)]);
    assert_eq!(add_line(&mut lines, line(2, 0, i128::MAX)), None);
    assert_eq!(sum(&lines), Some(13));
}

fn tiers() -> impl Strategy<Value = Vec<Tier>> {
    prop::collection::vec((0u128..40, 0u64..9), 1..5).prop_map(|widths| {
        let mut start = 0;
        let tier = |(width, rate): (u128, u64)| {
            let tier = Tier { start, rate };
            start += width;
            tier
        };
        widths.into_iter().map(tier).collect()
    })
}

proptest! {
    #[test]
    fn a_schedule_is_the_sum_of_its_units(tiers in tiers(), cap in prop::option::of(0u64..200), x in 0u128..150) {
        // Unit by unit, each at the rate of the last tier that has begun.
        let unit = |n: u128| tiers.iter().rev().find(|tier| tier.start <= n).map_or(0, |tier| u128::from(tier.rate));
        let all: u128 = (0..x).map(unit).sum();
        let expected = cap.map_or(all, |cap| all.min(u128::from(cap)));
        prop_assert_eq!(schedule(&tiers, cap.map(u128::from), x), Some(expected));
    }

    #[test]
    fn a_schedule_that_does_not_fit_is_none_and_a_cap_makes_it_fit(rate in 2u64.., x in (1u128 << 126)..) {
        let tiers = [Tier { start: 0, rate }];
        prop_assert_eq!(schedule(&tiers, None, x), None);
        prop_assert_eq!(schedule(&tiers, Some(u128::from(rate)), x), Some(u128::from(rate)));
    }
}
