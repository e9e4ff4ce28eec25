//! How long a decision takes, side by side with hand-written Rust that fills the same outcome: 262,144 distinct requests of
//! a typical licence, permits and denials apart. `cargo bench -p licit-vm`.
#![allow(
    clippy::cast_precision_loss,
    clippy::many_single_char_names,
    reason = "figures are rounded when printed"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use licit_bytecode::{Cmp, Module, Op, encode, text};
use licit_vm::{Bound, DutyStatus, FactValue, Outcome, Policy, Request, State};

mod hand;

const REQUESTS: usize = 262_144;
/// So many are bound before as many are decided, so that both sides find their inputs in the cache.
const BLOCK: usize = 64;

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}

struct Ask {
    at: i64,
    action: usize,
    purpose: usize,
    place: usize,
    facts: Vec<(&'static str, FactValue<'static>)>,
    quantities: [(&'static str, u128); 2],
    used: [u128; 4],
    duties: [DutyStatus; 2],
}

const ACTIONS: [&str; 10] =
    ["distill", "embed", "evaluate", "finetune", "generate", "infer", "pretrain", "train", "use", "juggle"];
const PURPOSES: [&str; 12] = [
    "academic",
    "advertising",
    "any",
    "commercial",
    "internal",
    "logistics",
    "military",
    "product",
    "research",
    "surveillance",
    "weapons",
    "fun",
];
const PLACES: [&str; 8] = ["CN", "DE", "EU", "FR", "UK", "US", "world", "moon"];

fn draw(r: &mut Random) -> Ask {
    // Most requests name common leaves; some name anything.
    let likely = r.below(4) > 0;
    let pick = |r: &mut Random, common: &[usize], all: usize| {
        if likely { common[r.below(common.len() as u64) as usize] } else { r.below(all as u64) as usize }
    };
    let mut facts = Vec::new();
    if r.below(8) > 0 {
        facts.push(("headcount", FactValue::Number(r.below(if likely { 300 } else { 2_000_000 }).into())));
    }
    if r.below(2) > 0 {
        facts.push(("ethics_approved", FactValue::Truth(r.below(2) == 0)));
    }
    let duty = match r.below(20) {
        0 => DutyStatus::Violated,
        1..=9 => DutyStatus::Done,
        10..=12 => DutyStatus::Pending { due: i64::MAX },
        _ => DutyStatus::Clear,
    };
    Ask {
        at: 1_780_000_000_000_000 + r.below(40_000_000_000_000) as i64,
        action: pick(r, &[1, 2, 3, 4, 4, 6], 10),
        purpose: pick(r, &[0, 4, 7, 7], 12),
        place: pick(r, &[1, 3, 4], 8),
        facts,
        quantities: [("call", r.below(3).into()), ("record", r.below(3_000).into())],
        used: [
            r.below(202).into(),
            r.below(47_500).into(),
            r.below(1_999_000).into(),
            r.below(400_000).into(),
        ],
        duties: [duty, DutyStatus::Clear],
    }
}

impl Ask {
    fn request(&self) -> Request<'_> {
        Request {
            used_at: self.at,
            user: Some("ana"),
            organisation: Some("acme"),
            action: Some(ACTIONS[self.action]),
            purpose: Some(PURPOSES[self.purpose]),
            place: Some(PLACES[self.place]),
            facts: &self.facts,
            quantities: &self.quantities,
            ..Request::default()
        }
    }

    fn state(&self) -> State<'_> {
        State { used: &self.used, duties: &self.duties, ..State::default() }
    }
}

/// The best of several rounds over all blocks, for one request.
fn best(rounds: usize, n: usize, mut round: impl FnMut() -> Duration) -> f64 {
    let best = (0..rounds).map(|_| round()).min().unwrap_or_default();
    best.as_nanos() as f64 / n as f64
}

fn compare(name: &str, policy: &Policy, asks: &[&Ask]) {
    let mut bounds: Vec<Bound> = (0..BLOCK).map(|_| Bound::default()).collect();
    let mut out = policy.outcome();
    let mut month = (0, 0, 0);
    let vm = best(7, asks.len(), || {
        let mut spent = Duration::ZERO;
        for block in asks.chunks(BLOCK) {
            for (ask, bound) in block.iter().zip(&mut bounds) {
                policy.bind_into(&ask.request(), bound).expect("well-formed");
            }
            let start = Instant::now();
            for (ask, bound) in block.iter().zip(&bounds) {
                policy.evaluate(bound, &ask.state(), &mut out);
                black_box(&mut out);
            }
            spent += start.elapsed();
        }
        spent
    });
    let mut inputs = [hand::Input::default(); BLOCK];
    let by_hand = best(7, asks.len(), || {
        let mut spent = Duration::ZERO;
        for block in asks.chunks(BLOCK) {
            for (ask, input) in block.iter().zip(&mut inputs) {
                *input = hand::bind(&ask.request(), &mut month);
            }
            let start = Instant::now();
            for (ask, input) in block.iter().zip(&inputs) {
                hand::decide(input, &ask.state(), &mut out);
                black_box(&mut out);
            }
            spent += start.elapsed();
        }
        spent
    });
    println!("{name:32} {vm:8.1} ns   by hand {by_hand:6.1} ns   ratio {:.2}", vm / by_hand);
    let vm = best(7, asks.len(), || {
        let start = Instant::now();
        for ask in asks {
            policy.bind_into(&ask.request(), &mut bounds[0]).expect("well-formed");
            policy.evaluate(&bounds[0], &ask.state(), &mut out);
            black_box(&mut out);
        }
        start.elapsed()
    });
    let by_hand = best(7, asks.len(), || {
        let start = Instant::now();
        for ask in asks {
            let input = hand::bind(&ask.request(), &mut month);
            hand::decide(&input, &ask.state(), &mut out);
            black_box(&mut out);
        }
        start.elapsed()
    });
    println!(
        "{:32} {vm:8.1} ns   by hand {by_hand:6.1} ns   ratio {:.2}",
        "  the same from text",
        vm / by_hand
    );
}

/// `n` clauses that all bear on one action, a quarter of them forbids, told apart by purpose and headcount.
fn many(n: usize) -> Module {
    let mut m = text::assemble(include_str!("typical.lasm")).expect("well-formed");
    m.forbid.clear();
    m.permit.clear();
    m.limit.clear();
    m.charge.clear();
    m.case.clear();
    m.duty.clear();
    m.duty_text.clear();
    let first = m.code.len() as u32;
    for i in 0..n as u32 {
        let k = u128::from(250 + i * 7);
        let (a, b) = (m.code.len() as u32, if i % 2 == 0 { 1 } else { 4 });
        m.code.push(Op::Compare { fact: 1, cmp: Cmp::Less, k });
        m.code.push(Op::Not { of: a });
        let own = if i % 4 == 0 { a + 1 } else { a };
        m.code.push(Op::And { of: vec![23, b, own] });
        let when = first + 3 * i + 2;
        if i % 4 == 0 {
            m.forbid.push(licit_bytecode::Forbid { clause: i, when });
        } else {
            m.permit.push(licit_bytecode::Permit { clause: i, when });
        }
    }
    m.head[0].clauses = n as u32;
    m.label = (0..n).map(|i| licit_bytecode::Label { label: format!("c{i:05}") }).collect();
    m
}

fn many_clauses(n: usize) {
    let bytes = encode(&many(n));
    let load = best(3, 1, || {
        let start = Instant::now();
        black_box(Policy::load(&bytes).expect("valid"));
        start.elapsed()
    });
    let policy = Policy::load(&bytes).expect("valid");
    let mut out = policy.outcome();
    let time = |headcount: &dyn Fn(usize) -> u128, out: &mut Outcome| {
        let bounds: Vec<Bound> = (0..BLOCK)
            .map(|i| {
                let facts = [("headcount", FactValue::Number(headcount(i)))];
                let r = Request {
                    used_at: 1_790_000_000_000_000,
                    action: Some("generate"),
                    purpose: Some("product"),
                    facts: &facts,
                    ..Request::default()
                };
                policy.bind(&r).expect("well-formed")
            })
            .collect();
        let ns = best(5, BLOCK * 200, || {
            let start = Instant::now();
            for _ in 0..200 {
                for b in &bounds {
                    policy.evaluate(b, &State::default(), out);
                    black_box(&mut *out);
                }
            }
            start.elapsed()
        });
        (ns, out.permitted, out.reasons.len())
    };
    let (permit, yes, _) = time(&|i| i as u128, &mut out);
    let (deny, no, reasons) = time(&|i| 1_000_000 - i as u128, &mut out);
    assert!(yes && !no, "the one is permitted, the other denied");
    println!(
        "{n:5} clauses of one action: permit {permit:7.1} ns, deny with {reasons} reasons {deny:9.1} ns, load {:8.1} us",
        load / 1000.0
    );
}

/// The typical licence with an end, a renewal, and limits on calls at once, seats, spending and credit.
fn wider() -> Module {
    use licit_bytecode::{AtOnce, End, Key, Label, Period, Prepaid, Renewal, Seats, Spend, Window};
    let mut m = text::assemble(include_str!("typical.lasm")).expect("well-formed");
    let at = m.code.len() as u32;
    m.code.push(Op::Compare { fact: 1, cmp: Cmp::Less, k: 1 });
    let lease = Period::Seconds { n: 60 };
    m.end.push(End { clause: 12, when: at });
    m.at_once.push(AtOnce { clause: 13, cap: 100, key: Key::Licensee, guard: None, lease: lease.clone() });
    m.seats.push(Seats { clause: 14, cap: 100, key: Key::Organisation, guard: None, held: lease });
    let (key, window) = (Key::User, Window::Month);
    m.spend.push(Spend { clause: 15, amount: u64::MAX.into(), key, window, guard: None });
    m.prepaid.push(Prepaid { clause: 16, key: Key::Organisation, guard: None });
    m.renewal.push(Renewal { period: Period::Months { n: 1 }, grace: None, acts: None });
    if let Some(term) = m.term.first_mut() {
        term.until = None;
    }
    m.term.retain(|term| term.from.is_some());
    m.head[0].clauses = 17;
    m.label.extend((12..17).map(|i| Label { label: format!("zz{i}") }));
    m
}

/// What that costs beside the same licence without it; the requests are those that it permits.
fn compare_wider(policy: &Policy, asks: &[&Ask]) {
    let wide = Policy::load(&encode(&wider())).expect("valid");
    let count = wide.manifest().counters.len();
    let paid = licit_vm::Renewal { anchor: 1_770_000_000_000_000, periods: 60 };
    let time = |policy: &Policy| {
        let mut bounds: Vec<Bound> = (0..BLOCK).map(|_| Bound::default()).collect();
        let (mut out, mut used, mut permitted) = (policy.outcome(), vec![0; count], 0);
        used[count - 1] = 1 << 100;
        let ns = best(7, asks.len(), || {
            let mut spent = Duration::ZERO;
            permitted = 0;
            for block in asks.chunks(BLOCK) {
                for (ask, bound) in block.iter().zip(&mut bounds) {
                    let mut request = ask.request();
                    request.instants.renewal = Some(paid);
                    policy.bind_into(&request, bound).expect("well-formed");
                }
                let start = Instant::now();
                for (ask, bound) in block.iter().zip(&bounds) {
                    policy.evaluate(bound, &State { used: &used, ..ask.state() }, &mut out);
                    black_box(&mut out);
                    permitted += usize::from(out.permitted);
                }
                spent += start.elapsed();
            }
            spent
        });
        (ns, permitted)
    };
    let ((without, _), (with, permitted)) = (time(policy), time(&wide));
    println!(
        "with an end, a renewal, calls at once, seats, spend, credit: {with:.1} ns, without {without:.1} ns; {permitted} permitted"
    );
}

fn main() {
    let bytes = encode(&text::assemble(include_str!("typical.lasm")).expect("well-formed"));
    let policy = Policy::load(&bytes).expect("valid");
    let mut random = Random(0x1234_5678_9abc_def1);
    let asks: Vec<Ask> = (0..REQUESTS).map(|_| draw(&mut random)).collect();
    let (mut permits, mut denials) = (Vec::new(), Vec::new());
    let (mut out, mut expected, mut month) = (policy.outcome(), policy.outcome(), (0, 0, 0));
    for ask in &asks {
        policy.evaluate(&policy.bind(&ask.request()).expect("well-formed"), &ask.state(), &mut out);
        hand::decide(&hand::bind(&ask.request(), &mut month), &ask.state(), &mut expected);
        assert!(out == expected, "{}\n{}", policy.text(&out), policy.text(&expected));
        if out.permitted { permits.push(ask) } else { denials.push(ask) }
    }
    println!(
        "{REQUESTS} distinct requests, equal outcomes: {} permitted, {} denied",
        permits.len(),
        denials.len()
    );
    compare("decide, permits", &policy, &permits);
    compare("decide, denials", &policy, &denials);
    let all: Vec<&Ask> = asks.iter().collect();
    compare("decide, as they come", &policy, &all);
    compare_wider(&policy, &permits);
    let load = best(20, 1, || {
        let start = Instant::now();
        black_box(Policy::load(&bytes).expect("valid"));
        start.elapsed()
    });
    println!("load: {} bytes of module in {:.1} us", bytes.len(), load / 1000.0);
    println!("tables {} bytes, names {} bytes", policy.table_size(), policy.name_size());
    [8, 64, 512, 4096].into_iter().for_each(many_clauses);
}
