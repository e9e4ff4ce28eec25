//! A statement over ten million receipts, beside a fold written by hand over the same decoded data. `cargo bench -p
//! licit-ledger`; another number of receipts as the first argument.
//!
//! Both read every receipt and kept part, sum by clause and day, and check what every event makes due against the
//! running total of its month; they must come to the same figures. The log is a cycle of events, so that what is
//! measured is the fold and not the memory it is fed from; its instants run through the month.
#![allow(clippy::cast_precision_loss, reason = "figures are rounded when printed")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use licit_bytecode::{encode, text};
use licit_ledger::kept::{Count, Id, Kept, KeptLine, LineOf, Settled, Span, Who};
use licit_ledger::licence::Licence;
use licit_ledger::receipt::{Amount, At, Due, Kind, Quantity, Receipt};
use licit_ledger::statement::{Scope, StatementFold};
use licit_ledger::vm::{Key, Window};

const MONTHLY: &str = include_str!("../tests/licences/monthly.lasm");
/// So many events are made; then they come again.
const CYCLE: usize = 4096;
const DAY: u64 = 86_400_000_000;
/// 2026-05-01T00:00Z.
const MAY: u64 = 20_574 * DAY;
const MAY_2026: i64 = 676;
/// Parts of 1/1000 of a euro in a cent.
const CENT: u128 = 10;

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}

/// Rounded to cents, ties to the even cent.
fn cents(total: u128) -> u128 {
    let (floor, rest) = (total / CENT, total % CENT);
    floor + u128::from(rest * 2 > CENT || rest * 2 == CENT && floor % 2 == 1)
}

/// Uses of two licensees, `mine` in a hundred by the first. One cycle comes to an even number of cents, so what each
/// event makes due is the same in every cycle.
fn cycle(licence: &Licence, mine: u64) -> Vec<(Receipt, Kept)> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut totals = [0u128; 2];
    let mut events = Vec::with_capacity(CYCLE);
    for index in 0..CYCLE {
        let who = usize::from(random.below(100) >= mine);
        let last = index + 1 == CYCLE;
        // The last event of the first licensee rounds its cycle off.
        let who = if last { 0 } else { who };
        let tokens = u128::from(1 + random.below(2000));
        let mut amount = tokens * 2;
        if last {
            amount += (2 * CENT - (totals[0] + amount + 7) % (2 * CENT)) % (2 * CENT);
        }
        let due = cents(totals[who] + amount + 7) - cents(totals[who]);
        totals[who] += amount + 7;
        events.push(event(licence, who as u8, tokens, amount, due));
    }
    events
}

fn event(licence: &Licence, who: u8, tokens: u128, amount: u128, due: u128) -> (Receipt, Kept) {
    let at = At { logged: MAY, used: MAY };
    let mut receipt = Receipt::new(Kind::Commit, [1; 32], 1, 0, at, [2; 32]);
    receipt.call = Some([3; 16]);
    receipt.licence = Some(*licence.policy().licence_id());
    receipt.module = Some(*licence.policy().module_id());
    receipt.decision = Some(0);
    receipt.quantities = vec![Quantity { unit: 0, count: 1 }, Quantity { unit: 1, count: tokens }];
    receipt.amount = Some(Amount { currency: 0, grain: 1000, numerator: amount + 7 });
    receipt.due = Some(Due { negative: false, minor: due });
    let line = |charge, quantity: u128, amount: u128| KeptLine {
        of: LineOf::Case { charge, case: 0 },
        quantity: quantity as i128,
        amount: amount as i128,
    };
    let count = |counter, key, window| Count { counter, key, window, quantity: tokens };
    let kept = Kept::Commit {
        who: Who { user: Some(Id([who; 32])), organisation: Some(Id([who + 10; 32])) },
        counts: vec![count(0, Key::User, 20_574), count(2, Key::Organisation, MAY_2026)],
        duties: Vec::new(),
        seats: Vec::new(),
        reports: Vec::new(),
        settled: Some(Settled {
            bucket: Span::new(Window::Month, MAY_2026),
            pool: None,
            paid: Vec::new(),
            lines: vec![line(0, tokens, amount), line(1, 1, 7)],
            draws: Vec::new(),
            payable: None,
        }),
    };
    (receipt, kept)
}

/// What both folds come to.
#[derive(Debug, PartialEq, Eq)]
struct Figures {
    lines: [(i128, i128); 2],
    due: i128,
    days: Vec<(u64, i128)>,
    parts: Vec<i128>,
}

/// Calls `take` with every receipt of a log of `count` events.
fn run(events: &mut [(Receipt, Kept)], count: u64, mut take: impl FnMut(&Receipt, &Kept)) -> Duration {
    let step = (31 * DAY - 1) / count;
    let start = Instant::now();
    let mut seq = 0;
    while seq < count {
        for (receipt, kept) in events.iter_mut().take(usize::try_from(count - seq).unwrap_or(CYCLE)) {
            receipt.seq = seq;
            receipt.at.used = MAY + seq * step;
            take(receipt, kept);
            seq += 1;
        }
    }
    start.elapsed()
}

fn folded(
    licence: &Licence,
    scope: Scope,
    events: &mut [(Receipt, Kept)],
    count: u64,
) -> (Duration, Figures) {
    let mut fold = StatementFold::new(licence, scope);
    let time = run(events, count, |receipt, kept| fold.event(receipt, kept));
    let statement = fold.finish();
    assert!(statement.balances(), "{:?}", statement.faults);
    let line = |at: usize| statement.lines.get(at).map_or((0, 0), |line| (line.quantity, line.amount));
    let figures = Figures {
        lines: [line(0), line(1)],
        due: statement.totals.moved.due,
        days: statement.days.iter().map(|day| (day.uses, day.charged)).collect(),
        parts: statement.parties.iter().map(|share| share.has).collect(),
    };
    (time, figures)
}

fn by_hand(scope: Scope, events: &mut [(Receipt, Kept)], count: u64) -> (Duration, Figures) {
    let mut figures = Figures { lines: [(0, 0); 2], due: 0, days: vec![(0, 0); 31], parts: Vec::new() };
    let mut charged = 0u128;
    let time = run(events, count, |receipt, kept| {
        let Kept::Commit { who, settled: Some(settled), .. } = kept else { return };
        let licensee = who.organisation.or(who.user);
        let used = receipt.at.used as i64;
        if receipt.licence != Some(scope.licence)
            || licensee != scope.licensee
            || used < scope.from
            || used >= scope.to
        {
            return;
        }
        let mut amount = 0;
        for line in &settled.lines {
            let LineOf::Case { charge, .. } = line.of else { continue };
            let sum = &mut figures.lines[usize::from(charge)];
            *sum = (sum.0 + line.quantity, sum.1 + line.amount);
            amount += line.amount;
        }
        let due = receipt.due.map_or(0, |due| due.minor);
        assert_eq!(receipt.amount.map(|amount| amount.numerator), Some(amount as u128));
        assert_eq!(due, cents(charged + amount as u128) - cents(charged));
        charged += amount as u128;
        figures.due += due as i128;
        let day = &mut figures.days[((receipt.at.used - MAY) / DAY) as usize];
        *day = (day.0 + 1, day.1 + amount);
    });
    // 40, 30, 20 and 10 percent.
    figures.parts = [40, 30, 20, 10].map(|percent| figures.due * percent / 100).to_vec();
    figures.days.retain(|day| day.0 > 0);
    (time, figures)
}

fn main() {
    let count = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(10_000_000u64);
    let module = encode(&text::assemble(MONTHLY).expect("well-formed"));
    let licence = Licence::load(&module).expect("valid");
    let scope = Scope::window(&licence, Some(Id([10; 32])), Window::Month, MAY_2026);
    println!("statement of one licensee over {count} receipts of one month");
    for (mine, words) in [(100, "all of them its own"), (2, "one in fifty its own")] {
        let mut events = cycle(&licence, mine);
        // The best of three: the machine has other things to do.
        let best = |run: &mut dyn FnMut() -> (Duration, Figures)| {
            let mut runs: Vec<_> = (0..3).map(|_| run()).collect();
            runs.sort_by_key(|(time, _)| *time);
            runs.remove(0)
        };
        let (fold, a) = best(&mut || black_box(folded(&licence, scope, &mut events, count)));
        let (hand, b) = best(&mut || black_box(by_hand(scope, &mut events, count)));
        assert_eq!(a, b, "both come to the same figures");
        let each = |time: Duration| time.as_nanos() as f64 / count as f64;
        println!(
            "{words}: statement {:.1} ns a receipt ({:.2} s), by hand {:.1} ns, {:.1} times",
            each(fold),
            fold.as_secs_f64(),
            each(hand),
            each(fold) / each(hand)
        );
    }
    decoding(&licence, scope, count / 10);
}

/// The same from bytes, as a log holds them: every receipt and kept part decoded first.
fn decoding(licence: &Licence, scope: Scope, count: u64) {
    let events = cycle(licence, 100);
    let encoded: Vec<(Vec<u8>, Vec<u8>)> =
        events.iter().map(|(receipt, kept)| (receipt.encode().expect("a receipt"), kept.encode())).collect();
    let start = Instant::now();
    let mut fold = StatementFold::new(licence, scope);
    for seq in 0..count {
        let Some((receipt, kept)) = encoded.get(seq as usize % CYCLE) else { continue };
        let mut receipt = Receipt::decode(receipt).expect("it was encoded");
        receipt.seq = seq;
        let kept = Kept::decode(receipt.kind, kept).expect("it was encoded");
        fold.event(&receipt, &kept);
    }
    let time = start.elapsed();
    assert!(fold.finish().balances());
    println!("from bytes: {:.0} ns a receipt over {count}", time.as_nanos() as f64 / count as f64);
}
