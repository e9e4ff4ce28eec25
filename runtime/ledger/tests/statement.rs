//! Statements: months that a licensor can check by hand, and random logs against exact rationals of a library.

mod bookkeeper;

use bookkeeper::{APRIL, DAY, JULY, JUNE, Log, MAY, PILOT, STORAGE, decimal, id, licence, line, show};
use insta::assert_snapshot;
use licit_ledger::credit::CreditError;
use licit_ledger::kept::{LineOf, Span, Who};
use licit_ledger::licence::Licence;
use licit_ledger::receipt::{Amount, Due, Kind};
use licit_ledger::statement::{Entry, Fault, Scope, Statement, StatementFold};
use licit_ledger::vm::Window;
use num_bigint::BigInt;
use num_rational::Ratio;
use proptest::prelude::*;

const INPUT: LineOf = LineOf::Case { charge: 0, case: 0 };
const SESSION: LineOf = LineOf::Case { charge: 1, case: 0 };
const MAY_2026: i64 = 676;

fn acme() -> Who {
    Who { user: Some(id(1)), organisation: Some(id(100)) }
}

fn month(licence: &Licence, index: i64) -> Scope {
    Scope::window(licence, Some(id(100)), Window::Month, index)
}

/// A month of use paid by a gift, by prepaid credit and in cash, with a reversal and a late commit.
fn pilot() -> Log {
    let mut log = Log::new(PILOT);
    let gift = log.credit(acme(), MAY, 100, 1000, 0, true);
    let credit = log.credit(acme(), MAY, 200, 2000, 1, false);
    // 1,500 tokens: 1,000 at 0.003 and 500 at 0.002; a session: 0.007. Of 4.007 the gift pays 1.00, the credit 2.00.
    log.commit(acme(), MAY + 2 * DAY, vec![line(INPUT, 1500, 4000), line(SESSION, 1, 7)]);
    log.draws(&[(gift, 1000), (credit, 2000)]).due(301).payable(101).counts(0, 1500);
    // 2,000 more reach the cap: 5.00 less the 4.00 that was charged.
    log.commit(acme(), MAY + 19 * DAY, vec![line(INPUT, 2000, 1000), line(SESSION, 1, 7)]);
    let capped = log.leaf();
    log.due(100).payable(100).counts(0, 2000);
    let failed = log.hold(acme(), MAY + 20 * DAY);
    log.end(Kind::Failed, failed, MAY + 20 * DAY);
    log.correct(
        Kind::Reversal,
        acme(),
        MAY + 19 * DAY,
        capped,
        vec![line(INPUT, -2000, -1000), line(SESSION, -1, -7)],
    );
    log.due(-100).payable(-100).counts(0, -2000);
    log.commit(acme(), MAY + 24 * DAY, vec![line(INPUT, 100, 200), line(SESSION, 1, 7)]);
    log.kind(Kind::Late).due(20).payable(20).counts(0, 100);
    log.pay(acme(), MAY + 27 * DAY, 100);
    log.close(acme(), JUNE - 1, Span::new(Window::Month, MAY_2026), Vec::new());
    log
}

#[test]
fn a_month_of_credit_gifts_and_royalties() {
    let licence = licence(PILOT);
    let statement = pilot().statement(&licence, month(&licence, MAY_2026));
    assert!(statement.is_closed());
    assert_snapshot!(show(&statement));
}

#[test]
fn storage_is_rated_at_close_and_a_floor_stands_under_transfer() {
    let licence = licence(STORAGE);
    let mut log = Log::new(STORAGE);
    let second = Who { user: Some(id(2)), ..acme() };
    log.commit(acme(), MAY + DAY, vec![line(INPUT, 1, 950), line(SESSION, 400, 800)]).due(1750);
    log.commit(second, MAY + 2 * DAY, vec![line(INPUT, 1, 950)]).due(950);
    log.commit(second, MAY + 2 * DAY, vec![line(SESSION, 200, 400)]).due(400);
    let corrected = log.leaf();
    let floor = LineOf::Floor { charge: 1, case: 0 };
    let open = log.statement(&licence, month(&licence, MAY_2026));
    assert!(!open.is_closed());
    // The highest of the month was 120 gigabytes: EUR 35.00. Transfer came to EUR 12.00 of EUR 30.00.
    log.close(
        acme(),
        JUNE - 1,
        Span::new(Window::Month, MAY_2026),
        vec![line(LineOf::AtClose(0), 120, 3500), line(floor, 1, 1800)],
    );
    log.due(5300);
    // Afterwards 100 calls more come to light: EUR 2.00 more of use, EUR 2.00 less to the floor.
    log.correct(
        Kind::Correct,
        second,
        MAY + 2 * DAY,
        corrected,
        vec![line(SESSION, 100, 200), line(floor, 0, -200)],
    );
    log.due(0);
    assert_snapshot!(show(&log.statement(&licence, month(&licence, MAY_2026))));
}

#[test]
fn a_balance_goes_on_from_month_to_month() {
    let licence = licence(STORAGE);
    let mut log = Log::new(STORAGE);
    log.commit(acme(), APRIL + DAY, vec![line(SESSION, 100, 200)]).due(200);
    log.pay(acme(), APRIL + 2 * DAY, 50);
    log.commit(acme(), MAY + DAY, vec![line(SESSION, 10, 20)]).due(20);
    // What comes later for April changes where May begins.
    log.commit(acme(), APRIL + 3 * DAY, vec![line(SESSION, 1, 2)]).due(2);
    let april = log.statement(&licence, month(&licence, MAY_2026 - 1)).totals;
    let may = log.statement(&licence, month(&licence, MAY_2026)).totals;
    assert_eq!((april.opening, april.moved.payable, april.paid, april.balance), (0, 202, 50, 152));
    assert_eq!((may.opening, may.moved.payable, may.paid, may.balance), (152, 20, 0, 172));
}

#[test]
fn who_else_is_in_the_log_does_not_matter() {
    let licence = licence(PILOT);
    let alone = pilot();
    let mut crowded = Log::new(PILOT);
    for (receipt, kept) in alone.events.clone() {
        let stranger = Who { user: Some(id(7)), organisation: Some(id(700)) };
        crowded.hold(stranger, MAY);
        crowded.foreign(MAY);
        crowded.push(receipt, kept);
    }
    let scope = month(&licence, MAY_2026);
    let (a, mut b) = (alone.statement(&licence, scope), crowded.statement(&licence, scope));
    assert!(b.balances(), "{:?}", b.faults);
    assert_ne!(a.leaves, b.leaves);
    b.leaves = a.leaves;
    let leaves = |statement: &Statement| {
        (statement.totals, statement.lines.clone(), statement.parties.clone(), statement.days.clone())
    };
    assert_eq!(leaves(&a), leaves(&b));
}

#[test]
fn what_is_tampered_with_has_a_name() {
    let licence = licence(PILOT);
    let faults = |change: &dyn Fn(&mut Log)| {
        let mut log = pilot();
        change(&mut log);
        log.statement(&licence, month(&licence, MAY_2026)).faults
    };
    assert_eq!(faults(&|_| {}), []);
    // Leaf 2 is the first commit, leaf 3 the one that is reversed.
    // With another amount the totals are others from there on, so what is due later does not follow either.
    assert_eq!(faults(&|log| log.settled(2).lines[0].amount += 1)[0], Fault::Amount(2));
    assert_eq!(faults(&|log| log.receipt(2).amount.as_mut().unwrap().grain = 10), [Fault::Amount(2)]);
    assert_eq!(
        faults(&|log| log.receipt(2).due = Some(Due { negative: false, minor: 302 })),
        [Fault::Due(2)]
    );
    assert_eq!(faults(&|log| log.settled(3).payable = Some(99)), [Fault::Payable(3)]);
    assert_eq!(faults(&|log| log.settled(3).paid = vec![100, 0, 0, 0, 0]), [Fault::Parts(3)]);
    let late = faults(&|log| log.events.swap(2, 3));
    assert!(late.contains(&Fault::Order(2)), "{late:?}");
    let short = faults(&|log| log.settled(2).draws[0].parts = 1001);
    assert!(short.contains(&Fault::Credit(2, CreditError::Short(0))), "{short:?}");
    let unknown = faults(&|log| log.settled(2).draws[0].lot = 9);
    assert!(unknown.contains(&Fault::Credit(2, CreditError::Unknown(9))), "{unknown:?}");
    let lost = faults(&|log| drop(log.events.remove(2)));
    assert_eq!(lost[0], Fault::Missing(2));
    let again = faults(&|log| {
        log.commit(acme(), MAY + DAY, vec![line(SESSION, 1, 7)]).due(1).payable(1);
    });
    assert_eq!(again, [Fault::Closed(log_len())]);
    let huge = faults(&|log| {
        log.settled(2).lines[0].amount = i128::MAX;
    });
    assert!(huge.contains(&Fault::Overflow(2)), "{huge:?}");
    for fault in [lost, short, unknown, late, huge].concat() {
        assert!(!fault.to_string().is_empty());
    }
}

/// The leaf after the last of the pilot's log.
fn log_len() -> u64 {
    pilot().events.len() as u64
}

#[test]
fn hostile_numbers_are_faults_not_panics() {
    let licence = licence(PILOT);
    let mut log = Log::new(PILOT);
    for sign in [1, 1, -1, -1, -1] {
        log.commit(acme(), MAY + DAY, vec![line(INPUT, 1, sign * i128::MAX)]);
        log.last().0.amount = Some(Amount { currency: 0, grain: 1000, numerator: u128::MAX });
        log.last().0.due = Some(Due { negative: sign < 0, minor: u128::MAX });
    }
    log.credit(acme(), MAY, u128::MAX, u128::MAX, 0, false);
    log.pay(acme(), MAY, u128::MAX);
    log.pay(acme(), MAY, i128::MAX as u128);
    log.pay(acme(), MAY, i128::MAX as u128);
    let statement = log.statement(&licence, month(&licence, MAY_2026));
    assert!(!statement.balances());
    assert_eq!(statement.charged(), Some(statement.totals.exact.charged));
    // A quantity that does not fit leaves its line out, and the trial balance says so.
    let mut log = Log::new(PILOT);
    log.commit(acme(), MAY, vec![line(INPUT, i128::MAX, 20)]).due(2).payable(2);
    log.commit(acme(), MAY, vec![line(INPUT, 1, 20)]).due(2).payable(2);
    let statement = log.statement(&licence, month(&licence, MAY_2026));
    assert_eq!(statement.faults, [Fault::Overflow(1), Fault::Charged]);
}

/// One random event of a licensee: kind, day since April, quantity, and whether it is outside of credit.
fn events() -> impl Strategy<Value = Vec<(u8, i64, i128, bool)>> {
    prop::collection::vec((0u8..6, 0i64..100, 1i128..5000, any::<bool>()), 1..40)
}

type Exact = Ratio<BigInt>;

fn half_even(value: &Exact) -> i128 {
    let (floor, rest) = (value.floor().to_integer(), value - value.floor());
    let half = Ratio::new(1.into(), 2.into());
    let odd = &floor % BigInt::from(2) != BigInt::from(0);
    let up = rest > half || rest == half && odd;
    i128::try_from(floor + BigInt::from(u8::from(up))).expect("small")
}

/// Makes a log of the events with exact rationals: what is due of a month is the rounded sum of the month.
fn random_log(events: &[(u8, i64, i128, bool)]) -> (Log, Vec<Ledgered>) {
    let mut log = Log::new(PILOT);
    let mut months = std::collections::BTreeMap::<i64, [Exact; 2]>::new();
    let mut lots: Vec<(u64, bool, i128)> = Vec::new();
    let mut commits: Vec<(u64, i64, i128, i128)> = Vec::new();
    let mut told = Vec::new();
    for (kind, day, quantity, plain) in events {
        let used = APRIL + day * DAY;
        let month = match used {
            used if used < MAY => MAY_2026 - 1,
            used if used < JUNE => MAY_2026,
            used if used < JULY => MAY_2026 + 1,
            _ => MAY_2026 + 2,
        };
        match kind {
            0 => {
                let leaf = log.credit(acme(), used, *quantity as u128, *quantity as u128 * 10, 0, *plain);
                lots.push((leaf, *plain, quantity * 10));
                continue;
            }
            1 => {
                log.pay(acme(), used, *quantity as u128);
                told.push(Ledgered { used, paid: *quantity, ..Ledgered::default() });
                continue;
            }
            _ => {}
        }
        let target = commits.iter().position(|(_, at, _, left)| *at == used && *left > 0);
        let reverse = (*kind == 2).then_some(target).flatten();
        let (amount, draws) = match reverse {
            Some(target) => (-std::mem::take(&mut commits[target].3) * 3, Vec::new()),
            None => {
                let (mut open, mut draws) = (quantity * 3, Vec::new());
                for (leaf, gift, left) in lots.iter_mut().filter(|_| !plain) {
                    let drawn = open.min(*left);
                    if drawn > 0 {
                        draws.push((*leaf, drawn, *gift));
                        (*left, open) = (*left - drawn, open - drawn);
                    }
                }
                (quantity * 3, draws)
            }
        };
        let sums = months.entry(month).or_insert_with(|| [0, 0].map(|n: i32| Ratio::from_integer(n.into())));
        let before = sums.clone().map(|sum| half_even(&sum));
        let exact = |parts: i128| Ratio::new(BigInt::from(parts), 10.into());
        let gifted: i128 = draws.iter().filter(|draw| draw.2).map(|draw| draw.1).sum();
        let drawn: i128 = draws.iter().map(|draw| draw.1).sum();
        sums[0] += exact(amount - gifted);
        sums[1] += exact(amount - drawn);
        let after = sums.clone().map(|sum| half_even(&sum));
        match reverse {
            Some(target) => {
                let (leaf, quantity) = (commits[target].0, commits[target].2);
                log.correct(Kind::Reversal, acme(), used, leaf, vec![line(INPUT, -quantity, amount)]);
            }
            None => {
                log.commit(acme(), used, vec![line(INPUT, *quantity, amount)]);
                let leaf = log.leaf();
                // Only what no credit paid for is taken back here: the rest is the purse's own matter.
                commits.push((leaf, used, *quantity, if drawn == 0 { *quantity } else { 0 }));
            }
        }
        let list: Vec<(u64, i128)> = draws.iter().map(|draw| (draw.0, draw.1)).collect();
        let (due, payable) = (after[0] - before[0], after[1] - before[1]);
        log.draws(&list).due(due).payable(payable);
        told.push(Ledgered { used, charged: amount, gifted, due, payable, ..Ledgered::default() });
    }
    (log, told)
}

/// What the test knows of an event.
#[derive(Clone, Copy, Debug, Default)]
struct Ledgered {
    used: i64,
    charged: i128,
    gifted: i128,
    due: i128,
    payable: i128,
    paid: i128,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_sum_is_the_sum_of_its_events(events in events(), from in 0i64..100, days in 0i64..100) {
        let licence = licence(PILOT);
        let (log, told) = random_log(&events);
        let (from, to) = (APRIL + from * DAY, APRIL + (from + days) * DAY);
        let scope = Scope { from, to, ..month(&licence, MAY_2026) };
        let statement = log.statement(&licence, scope);
        prop_assert_eq!(&statement.faults, &[]);
        let inside = || told.iter().filter(|event| (from..to).contains(&event.used));
        let sum = |of: fn(&Ledgered) -> i128| inside().map(of).sum::<i128>();
        let totals = statement.totals;
        prop_assert_eq!(totals.exact.charged, sum(|event| event.charged));
        prop_assert_eq!(totals.exact.gifted, sum(|event| event.gifted));
        prop_assert_eq!((totals.moved.due, totals.moved.payable), (sum(|e| e.due), sum(|e| e.payable)));
        let before: i128 = told.iter().filter(|e| e.used < from).map(|e| e.payable - e.paid).sum();
        prop_assert_eq!((totals.opening, totals.paid), (before, sum(|event| event.paid)));
        prop_assert_eq!(totals.balance, before + totals.moved.payable - totals.paid);
        // To the last minor unit and the last part.
        prop_assert_eq!(statement.shared().unwrap() + statement.residue, totals.moved.due);
        let rest = totals.rounding.unwrap();
        let rounding = Ratio::new(BigInt::from(rest.amount.numerator), rest.amount.denominator.into());
        let rounding = if rest.negative { -rounding } else { rounding };
        let euro = |parts: i128, of: i128| Ratio::new(BigInt::from(parts), BigInt::from(of));
        prop_assert_eq!(
            euro(totals.exact.charged, 1000),
            euro(totals.exact.gifted, 1000) + euro(totals.moved.due, 100) + rounding
        );
    }

    #[test]
    fn two_periods_are_one(events in events(), cut in 0i64..100) {
        let licence = licence(PILOT);
        let (log, _) = random_log(&events);
        let part = |from: i64, to: i64| log.statement(&licence, Scope { from, to, ..month(&licence, MAY_2026) });
        let (from, cut, to) = (APRIL, APRIL + cut * DAY, APRIL + 100 * DAY);
        let (a, b, whole) = (part(from, cut), part(cut, to), part(from, to));
        prop_assert_eq!(a.totals.balance, b.totals.opening);
        prop_assert_eq!(b.totals.balance, whole.totals.balance);
        prop_assert_eq!(a.residue + b.residue, whole.residue);
        for ((a, b), whole) in a.parties.iter().zip(&b.parties).zip(&whole.parties) {
            prop_assert_eq!(a.has + b.has, whole.has);
        }
        let uses = |statement: &Statement| statement.days.iter().map(|day| day.uses).sum::<u64>();
        prop_assert_eq!(uses(&a) + uses(&b), uses(&whole));
    }

    #[test]
    fn of_a_whole_quarter_everyone_has_the_whole_units_of_its_part(events in events()) {
        let licence = licence(PILOT);
        let (log, told) = random_log(&events);
        let scope = Scope::window(&licence, Some(id(100)), Window::Quarter, 225);
        let statement = log.statement(&licence, scope);
        let due: i128 = told.iter().filter(|e| e.used < JULY).map(|e| e.due).sum();
        for share in &statement.parties {
            let fraction = share.party.fraction;
            let part = Ratio::new(BigInt::from(fraction.numerator), BigInt::from(fraction.denominator));
            prop_assert_eq!(BigInt::from(share.has), (part * BigInt::from(due)).trunc().to_integer());
        }
    }
}

#[test]
fn decimals_of_the_tests_are_right() {
    assert_eq!(decimal(-1234, 1000), "-1.234");
    assert_eq!(decimal(5, 100), "0.05");
}

#[test]
fn a_statement_of_nothing_is_a_statement() {
    let licence = licence(PILOT);
    let scope = month(&licence, MAY_2026);
    let statement = StatementFold::new(&licence, scope).finish();
    assert!(statement.balances() && statement.is_closed() && statement.lines_by(Entry::Use).next().is_none());
    assert_eq!(statement.parties.len(), 5);
}
