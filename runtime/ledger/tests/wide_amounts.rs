//! Amounts that stand for themselves are wider than rates: below 2^127 parts (`spec/core-wider.md` section 1). A sum that
//! does not fit is refused by name, and nothing changes.

mod common;

use common::{CLOSING, Ledger, chat};
use licit_ledger::{Command, Order, Refusal, Request, Span, What};

const MONTH: u8 = 3;
/// 2023-12-01 at midnight.
const DECEMBER: u64 = 1_701_388_800_000_000;
const MOST: u128 = (1 << 127) - 1;

/// The licence of the closing cases with another fee, floor and second band.
fn ledger(fee: u128, floor: u128, band: u128) -> Ledger {
    let text = CLOSING.replace("amount=950", &format!("amount={fee}"));
    let text = text.replace("floor=3000", &format!("floor={floor}"));
    Ledger::new(&text.replace("amount=3500", &format!("amount={band}")))
}

/// 60 gigabytes, which are in the second band, and 3 calls at 2.
fn store(ledger: &mut Ledger, call: u64, user: &str) -> Result<(), Refusal> {
    let mut request = chat(user, Some("acme"), 0);
    request.action = Some("store".into());
    request.quantities = vec![("call".into(), 3), ("gigabyte".into(), 60)];
    let invoke = Command::Invoke(ledger.ask_for(call, ledger.now, request));
    ledger.run(invoke).map(drop)
}

fn close(ledger: &mut Ledger) -> Result<(), Refusal> {
    ledger.now = DECEMBER;
    let request = Request { organisation: Some("acme".into()), ..Request::default() };
    let what = What::Close(Span { kind: MONTH, index: 646 });
    ledger.run(Command::Order(Order { request, ..ledger.order(20, what) })).map(drop)
}

fn amount(ledger: &Ledger) -> u128 {
    ledger.last().receipt.amount.expect("it has an amount").numerator
}

#[test]
fn fees_floors_and_bands_beyond_64_bits() {
    let (fee, floor, band) = (1 << 70, 1 << 80, 1 << 90);
    let mut ledger = ledger(fee, floor, band);
    store(&mut ledger, 1, "ana").unwrap();
    assert_eq!(amount(&ledger), fee + 6);
    store(&mut ledger, 2, "ana").unwrap();
    assert_eq!(amount(&ledger), 6);
    close(&mut ledger).unwrap();
    assert_eq!(amount(&ledger), band + floor - 12);
    // The fee of the one who leaves is taken back whole.
    let reverse = ledger.order(21, What::Reverse(common::id(2)));
    ledger.run(Command::Order(reverse)).unwrap();
    let reverse = ledger.order(22, What::Reverse(common::id(1)));
    ledger.run(Command::Order(reverse)).unwrap();
    let charged: u128 = ledger.state.totals().map(|(_, total)| total.charged).sum();
    assert_eq!(charged, floor, "the floor is all that is left");
}

#[test]
fn what_does_not_fit_a_total_is_refused_by_name() {
    // As large as it may be, and nothing beside it.
    let mut exact = ledger(0, MOST - 5, 0);
    store(&mut exact, 1, "ana").unwrap();
    close(&mut exact).unwrap();
    assert_eq!(amount(&exact), MOST - 5 - 6);

    let mut band = ledger(0, 0, MOST);
    store(&mut band, 1, "ana").unwrap();
    let before = band.events.len();
    assert_eq!(close(&mut band), Err(Refusal::Overflow), "6 were charged before");
    assert_eq!(band.events.len(), before);

    let mut fees = ledger(MOST - 6, 0, 0);
    store(&mut fees, 1, "ana").unwrap();
    assert_eq!(amount(&fees), MOST);
    let before = fees.events.len();
    assert_eq!(store(&mut fees, 2, "bob"), Err(Refusal::Overflow));
    assert_eq!(fees.events.len(), before);
}
