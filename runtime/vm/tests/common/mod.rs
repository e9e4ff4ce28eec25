//! Modules and requests for tests: hand-written in the text form over one small vocabulary, or generated.
#![allow(dead_code, reason = "each test program uses a part")]

use licit_bytecode::*;
use licit_vm::{DutyStatus, END_OF_TIME, FactValue, Instants, Policy, Request, State};
use proptest::prelude::*;

/// Actions train { finetune } and infer, purposes commercial { product }, military and research, places EU { FR } and US;
/// units call, record, token (up to 1000); a fact of each type.
const VOCABULARY: &str = r#"
section leaf
  (axis=action name="finetune" root=no)      # 0
  (axis=action name="infer" root=no)         # 1
  (axis=action name="train" root=yes)        # 2
  (axis=purpose name="commercial" root=yes)  # 0
  (axis=purpose name="military" root=no)     # 1
  (axis=purpose name="product" root=no)      # 2
  (axis=purpose name="research" root=no)     # 3
  (axis=place name="EU" root=yes)            # 0
  (axis=place name="FR" root=no)             # 1
  (axis=place name="US" root=no)             # 2
section unit
  (name="call" highest=1000)
  (name="record" highest=170141183460469231731687303715884105727)
  (name="token" highest=1000)
section fact
  (name="certified" ty=yes_no low=0 high=0)
  (name="headcount" ty=count low=1 high=1000000)
  (name="library" ty=kind low=0 high=0)
  (name="node" ty=party low=0 high=0)
  (name="wealth" ty=count low=0 high=170141183460469231731687303715884105727)
section text
  (value="did:web:a")
section set
  (axis=action yes={0} unknown={2})          # 0 train
  (axis=action yes={1} unknown={})           # 1 infer
  (axis=purpose yes={2} unknown={0})         # 2 commercial
  (axis=purpose yes={1} unknown={})          # 3 military
  (axis=purpose yes={3} unknown={})          # 4 research
  (axis=place yes={1} unknown={0})           # 5 EU
  (axis=action yes={0 1 2} unknown={})       # 6 every action
section code
  true                                       # 0
  member(set=0)                              # 1 train
  member(set=1)                              # 2 infer
  member(set=2)                              # 3 commercial
  member(set=3)                              # 4 military
  member(set=4)                              # 5 research
  member(set=5)                              # 6 in the EU
  compare(fact=0 cmp=eq k=1)                 # 7 certified
  compare(fact=1 cmp=lt k=250)               # 8 headcount < 250
  compare(fact=2 cmp=eq k=1)                 # 9 by a library
  same_text(fact=3 text=0)                   # 10 at node did:web:a
  known(fact=1)                              # 11 headcount is known
  false                                      # 12
"#;

/// A module of the given sections over the vocabulary; instructions of its own start at 13, and come as the first
/// lines, before any section. Labels are `a`, `b`, ... by clause number.
pub fn module(text: &str) -> Module {
    let mut module = text::assemble(&format!("{VOCABULARY}{text}")).expect("well-formed");
    let clauses = text.split("clause=").skip(1).filter_map(|t| t.split(' ').next()?.parse::<u32>().ok());
    let clauses = clauses.max().map_or(0, |c| c + 1);
    module.head = vec![Head { licence: [7; 32], edition: 2026, grain: 100, clauses }];
    module.about = vec![About { name: "Test".into(), version: 1, licensor: "a".into(), calendar: None }];
    module.label = (0..clauses).map(|c| Label { label: char::from(b'a' + c as u8).into() }).collect();
    let text = |_: &Duty| DutyText { name: "attribute".into(), text: None, on: None, to: None };
    module.duty_text = module.duty.iter().map(text).collect();
    module
}

/// Loads it.
pub fn policy(text: &str) -> Policy {
    Policy::load(&encode(&module(text))).expect("valid")
}

/// 2026-11-22T12:00Z, a Sunday.
pub const NOON: i64 = 1_795_348_800_000_000;

/// A full request of a known user at noon.
pub fn request<'a>(action: &'a str, purpose: &'a str, place: &'a str) -> Request<'a> {
    Request {
        used_at: NOON,
        user: Some("ana"),
        organisation: Some("acme"),
        action: Some(action),
        purpose: Some(purpose),
        place: Some(place),
        facts: &[],
        quantities: &[],
        ..Request::default()
    }
}

/// The canonical text of the decision, by masks; the general form must agree and both keep to the cost bound.
pub fn decide(policy: &Policy, request: &Request<'_>, state: &State<'_>) -> String {
    let mut out = policy.outcome();
    let bound = policy.bind(request).expect("well-formed request");
    let steps = policy.evaluate_counting(&bound, state, &mut out);
    assert!(steps <= policy.cost(), "{steps} steps, bound {}", policy.cost());
    policy.text(&out)
}

/// By case; of each case condition, kind and rate of the price, whether it always applies.
type RawCharge = (bool, Vec<(u32, u8, u64, bool)>);

/// Free numbers from which a module is made, so that every draw gives a valid one.
#[derive(Clone, Debug)]
pub struct Sketch {
    ops: Vec<(u8, u32, u32, Vec<u32>)>,
    forbids: Vec<u32>,
    permits: Vec<u32>,
    limits: Vec<(u32, u128, u8, u8, Option<u32>)>,
    charges: Vec<RawCharge>,
    duties: Vec<(u32, Option<u32>, u8, u64, bool)>,
    free: Vec<u32>,
    zone: Vec<(i64, i32)>,
    revocable: Option<u64>,
    term: Option<(u64, u64)>,
    standing: RawStanding,
    money: RawMoney,
}

/// Holder, renewal (days or months, of how many, grace), ends, limits on what is open (cap, key, guard, of seats), anchors
/// of the term.
type RawStanding = (
    Option<bool>,
    Option<(bool, u8, Option<(u8, u8)>)>,
    Vec<u32>,
    Vec<(u128, u8, Option<u32>, bool)>,
    Option<(u8, u8, u8)>,
);

/// Spend limits, prepaid, charges at close; the last only without the others.
type RawMoney = (Vec<(u64, u8, u8, Option<u32>)>, Option<(u8, Option<u32>)>, Vec<(u32, u8, u8, Option<u32>)>);

fn standing() -> impl Strategy<Value = RawStanding> {
    let node = any::<u32>;
    let guard = || prop::option::of(node());
    (
        prop::option::weighted(0.1, any::<bool>()),
        prop::option::weighted(0.3, (any::<bool>(), 1u8..9, prop::option::of((0u8..90, 0u8..3)))),
        prop_oneof![6 => Just(vec![]), 1 => prop::collection::vec(node(), 1..3)],
        prop_oneof![2 => Just(vec![]), 1 => prop::collection::vec((0u128..9, 1u8..4, guard(), any::<bool>()), 1..3)],
        prop::option::weighted(0.2, (0u8..4, 0u8..4, any::<u8>())),
    )
}

fn money() -> impl Strategy<Value = RawMoney> {
    let node = any::<u32>;
    let guard = || prop::option::of(node());
    let amount = prop_oneof![0u64..3000, any::<u64>()];
    let purses = (
        prop::collection::vec((amount, 1u8..4, any::<u8>(), guard()), 0..3),
        prop::option::of((1u8..4, guard())),
        Just(vec![]),
    );
    let closes = prop::collection::vec((node(), 1u8..4, any::<u8>(), guard()), 1..3);
    prop_oneof![
        2 => Just((vec![], None, vec![])),
        2 => purses,
        1 => closes.prop_map(|closes| (vec![], None, closes)),
    ]
}

pub fn sketches() -> impl Strategy<Value = Sketch> {
    let node = any::<u32>;
    let op = (0u8..10, node(), node(), prop::collection::vec(node(), 2..5));
    let forbids = prop_oneof![3 => Just(vec![]), 1 => prop::collection::vec(node(), 0..5)];
    let permits = prop::collection::vec(prop_oneof![1 => node(), 1 => Just(0)], 0..5);
    let guard = || prop::option::of(node());
    let limit = (node(), 0u128..2000, 1u8..4, any::<u8>(), guard());
    let case = (
        node(),
        0u8..7,
        prop_oneof![4 => 0u64..6, 2 => 0u64..1000, 1 => any::<u64>()],
        prop::bool::weighted(0.6),
    );
    let charge = (prop::bool::weighted(0.3), prop::collection::vec(case, 1..4));
    let duty = (node(), guard(), 1u8..4, 0u64..4000, prop::bool::weighted(0.3));
    let times = (
        prop::collection::vec((0i64..4_000_000_000, -50_000i32..50_000), 0..3),
        prop::option::weighted(0.2, 0u64..400),
        prop::option::weighted(0.15, (20_000u64..20_790, 1_790_000_000_000_000u64..1_900_000_000_000_000)),
    );
    let clauses = (
        forbids,
        permits,
        prop::collection::vec(limit, 0..4),
        prop::collection::vec(charge, 0..4),
        prop::collection::vec(duty, 0..3),
        prop::collection::vec(node(), 0..2),
    );
    (prop::collection::vec(op, 0..14), clauses, times, standing(), money()).prop_map(
        |(
            ops,
            (forbids, permits, limits, charges, duties, free),
            (zone, revocable, term),
            standing,
            money,
        )| Sketch {
            ops,
            forbids,
            permits,
            limits,
            charges,
            duties,
            free,
            zone,
            revocable,
            term,
            standing,
            money,
        },
    )
}

fn number<T: Copy>(all: &[T], n: u8) -> T {
    all[usize::from(n - 1)]
}

impl Sketch {
    /// Conditions prefer the instructions made last, which are the most involved.
    pub fn module(&self) -> Module {
        let mut m = module("");
        for (kind, a, b, of) in &self.ops {
            let n = m.code.len() as u32;
            let of: Vec<u32> = of.iter().map(|i| i % n).collect();
            m.code.push(match kind {
                0 | 1 => Op::And { of },
                2 | 3 => Op::Or { of },
                4 | 5 => Op::Not { of: a % n },
                6 => Op::Define { of: a % n },
                7 => Op::Known { fact: a % 5 },
                8 => Op::Compare { fact: 1, cmp: number(Cmp::ALL, (a % 3) as u8 + 1), k: u128::from(b % 4) },
                _ => Op::Compare {
                    fact: 4,
                    cmp: number(Cmp::ALL, (a % 3) as u8 + 1),
                    k: u128::from(b % 3) << 100,
                },
            });
        }
        let n = m.code.len() as u32;
        let when = |i: &u32| if i.is_multiple_of(3) { i % n } else { n - 1 - i / 3 % n.min(6) };
        let mut clause = 0..;
        let mut next = || clause.next().unwrap_or(0);
        let renewed = self.standing.1.is_some();
        let window = |n: u8| {
            let of = [
                Window::Day,
                Window::Month,
                Window::Term,
                Window::Hour,
                Window::Week,
                Window::Quarter,
                Window::Year,
                Window::Minute,
                Window::Second,
            ];
            if renewed && n.is_multiple_of(3) { Window::Renewal } else { of[usize::from(n) % of.len()] }
        };
        m.forbid = self.forbids.iter().map(|i| Forbid { clause: next(), when: when(i) }).collect();
        m.permit = self.permits.iter().map(|i| Permit { clause: next(), when: when(i) }).collect();
        for (unit, cap, key, period, guard) in &self.limits {
            m.limit.push(Limit {
                clause: next(),
                unit: unit % 3,
                cap: *cap,
                key: number(Key::ALL, *key),
                window: window(*period),
                guard: guard.as_ref().map(when),
            });
        }
        for (i, (by_case, cases)) in self.charges.iter().enumerate() {
            m.charge.push(Charge { clause: next(), by_case: *by_case });
            for (node, kind, rate, always) in cases.iter().take(if *by_case { 9 } else { 1 }) {
                let (unit, rate) = (node % 3, *rate);
                let tier = |start, rate| Tier { start, rate };
                let tiers = vec![tier(0, 0), tier(u128::from(node % 90), rate), tier(100, rate / 2)];
                let price = match kind {
                    0 => Price::Free {},
                    1 => Price::Rate { unit, rate },
                    2 | 3 => {
                        Price::Graduated { unit, key: number(Key::ALL, *kind), window: Window::Month, tiers }
                    }
                    4 => Price::Fee {
                        // Now and then beyond 64 bits.
                        amount: u128::from(rate) << if node.is_multiple_of(4) { 63 } else { 0 },
                        key: number(Key::ALL, unit as u8 + 1),
                        window: window(*kind),
                    },
                    _ => {
                        let (key, window) = (number(Key::ALL, unit as u8 + 1), window(node.to_le_bytes()[1]));
                        let cap = (*kind == 5).then_some(u128::from(rate) * 50 / 3);
                        Price::Bounded { unit, key, window, tiers, cap, floor: (*kind == 6).then_some(7) }
                    }
                };
                let when = if *always && !by_case { 0 } else { when(node) };
                m.case.push(Case { charge: i as u32, when, price });
            }
        }
        for (acts, guard, mode, n, suspend) in &self.duties {
            let (mode, n) = (number(DutyMode::ALL, *mode), u128::from(*n));
            let periods = [Period::Seconds { n }, Period::Days { n }, Period::Months { n }];
            m.duty.push(Duty {
                clause: next(),
                acts: [0, 1, 6][*acts as usize % 3],
                guard: guard.as_ref().map(when),
                mode,
                period: (mode != DutyMode::AtEach).then(|| periods[*acts as usize / 3 % 3].clone()),
                suspend: *suspend,
            });
            m.duty_text.push(DutyText { name: "d".into(), text: None, on: None, to: None });
        }
        m.free = self.free.iter().map(|unit| Free { clause: next(), unit: unit % 3 }).collect();
        self.wider(&mut m, &mut next, &when, &window);
        let clauses = next();
        m.head[0].clauses = clauses;
        m.label = (0..clauses).map(|c| Label { label: format!("c{c:02}") }).collect();
        let mut zone: Vec<ZoneChange> =
            self.zone.iter().map(|(at, offset)| ZoneChange { at: *at, offset: *offset }).collect();
        zone.sort_by_key(|z| z.at);
        zone.dedup_by_key(|z| z.at);
        if !zone.is_empty() {
            m.zone = vec![ZoneChange { at: i64::MIN, offset: 3600 }];
            m.zone.extend(zone);
        }
        m.revocable = self
            .revocable
            .map(|n| Revocable { after: Period::Days { n: n.into() }, sparing: false })
            .into_iter()
            .collect();
        let (_, renewal, _, _, anchored) = &self.standing;
        let point = |n: u8, days: u8| {
            let anchor = [Anchor::Grant, Anchor::Release, Anchor::FirstUse][usize::from(n % 3)];
            (n < 3).then_some(Point::Anchored { anchor, period: Period::Days { n: days.into() } })
        };
        let mut term = self.term.map(|(days, micros)| TermSpan {
            from: Some(Point::Date { days }),
            until: Some(Point::Instant { micros }),
        });
        if let Some((from, until, days)) = anchored {
            let from = point(*from, *days).filter(|_| from % 3 != 2);
            term = Some(TermSpan { from, until: point(*until, *days) });
        }
        if let Some(term) = &mut term {
            term.until = term.until.take().filter(|_| renewal.is_none());
        }
        m.term = term.into_iter().filter(|t| t.from.is_some() || t.until.is_some()).collect();
        m
    }
}

impl Sketch {
    fn wider(
        &self,
        m: &mut Module,
        next: &mut impl FnMut() -> u32,
        when: &impl Fn(&u32) -> u32,
        window: &impl Fn(u8) -> Window,
    ) {
        let (holder, renewal, ends, opens, _) = &self.standing;
        let handle = |user| if user { "ana" } else { "acme" };
        m.holder = holder.iter().map(|user| Holder { handle: handle(*user).into() }).collect();
        if let Some((months, n, grace)) = renewal {
            let n = u128::from(*n);
            m.renewal.push(Renewal {
                period: if *months { Period::Months { n } } else { Period::Days { n } },
                grace: grace.map(|(days, _)| Period::Days { n: u128::from(days) + 1 }),
                acts: grace.map(|(_, acts)| [0, 1, 6][usize::from(acts)]),
            });
        }
        m.end = ends.iter().map(|i| End { clause: next(), when: when(i) }).collect();
        for (cap, key, guard, of_seats) in opens {
            let (clause, cap, key) = (next(), *cap, number(Key::ALL, *key));
            let (guard, lease) = (guard.as_ref().map(when), Period::Seconds { n: 60 });
            if *of_seats && key != Key::User {
                m.seats.push(Seats { clause, cap, key, guard, held: lease });
            } else {
                m.at_once.push(AtOnce { clause, cap, key, guard, lease });
            }
        }
        let (spends, prepaid, closes) = &self.money;
        m.money.push(Money {
            currency: "EUR".into(),
            minor_num: 1,
            minor_den: 100,
            rounding: Rounding::HalfEven,
            settled: Window::Month,
        });
        for (amount, key, n, guard) in spends {
            m.spend.push(Spend {
                clause: next(),
                // The larger half far beyond 64 bits.
                amount: u128::from(*amount) << if *amount > u64::MAX / 2 { 62 } else { 0 },
                key: number(Key::ALL, *key),
                window: window(*n),
                guard: guard.as_ref().map(when),
            });
        }
        if let Some((key, guard)) = prepaid {
            let (clause, guard) = (next(), guard.as_ref().map(when));
            m.prepaid.push(Prepaid { clause, key: number(Key::ALL, *key), guard });
        }
        for (unit, key, n, guard) in closes {
            m.at_close.push(AtClose {
                clause: next(),
                aggregate: Aggregate::ALL[usize::from(n % 4)],
                unit: unit % 3,
                key: number(Key::ALL, *key),
                window: window(*n),
                bands: vec![Band { upto: None, kind: BandKind::At, amount: 1 }],
                guard: guard.as_ref().map(when),
            });
        }
    }
}

/// A request and a state, as free numbers.
#[derive(Clone, Debug)]
pub struct Ask {
    at: i64,
    who: u8,
    axes: [u8; 3],
    facts: [(u8, u128); 5],
    quantities: [Option<u128>; 4],
    pub used: Vec<u128>,
    credit: u128,
    duties: Vec<u8>,
    notice: Option<i64>,
    instants: [Option<i64>; 3],
    renewal: Option<(i64, u32)>,
    latched: Vec<bool>,
}

pub fn asks() -> impl Strategy<Value = Ask> {
    let at = || prop_oneof![1 => 0..END_OF_TIME, 3 => NOON - 1_000_000_000_000..NOON + 1_000_000_000_000];
    let nat = || prop_oneof![12 => 0u128..8, 6 => 0u128..1200, 1 => (any::<u128>(), 0u32..128).prop_map(|(n, s)| n >> s)];
    let quantity = || prop::option::weighted(0.4, nat());
    // Most questions say everything, in its type.
    let fact = (prop_oneof![9 => Just(1u8), 2 => 0u8..4], prop_oneof![3 => 0u128..6, 1 => nat()]);
    let axis = |leaves: u8| prop_oneof![5 => 0..leaves, 1 => 0..leaves + 2];
    (
        (at(), prop_oneof![2 => Just(3u8), 1 => 0u8..4], [axis(3), axis(4), axis(3)]),
        prop::array::uniform5(fact),
        [quantity(), quantity(), quantity(), prop::option::weighted(0.05, nat())],
        (prop::collection::vec(nat(), 0..10), prop_oneof![1 => nat(), 2 => Just(1 << 80)]),
        (prop::collection::vec(0u8..6, 0..4), prop::option::of(at())),
        standings(),
    )
        .prop_map(
            |(
                (at, who, axes),
                facts,
                quantities,
                (used, credit),
                (duties, notice),
                (instants, renewal, latched),
            )| {
                Ask {
                    at,
                    who,
                    axes,
                    facts,
                    quantities,
                    used,
                    credit,
                    duties,
                    notice,
                    instants: instants.map(|days| days.map(|d| at - i64::from(d) * DAY)),
                    renewal: renewal.map(|(days, periods)| (at - i64::from(days) * DAY, periods)),
                    latched,
                }
            },
        )
}

const DAY: i64 = 86_400_000_000;

type Standings = ([Option<i32>; 3], Option<(i32, u32)>, Vec<bool>);

/// Instants and an anchor some days before the use, or after it.
fn standings() -> impl Strategy<Value = Standings> {
    let days =
        || prop_oneof![2 => 0i32..40, 2 => 0i32..300, 1 => -3i32..3, 1 => any::<i32>().prop_map(|d| d / 40)];
    (
        prop::array::uniform3(prop::option::weighted(0.8, days())),
        prop::option::weighted(0.8, (days(), prop_oneof![3 => 0u32..3, 2 => 0u32..12, 1 => any::<u32>()])),
        prop::collection::vec(prop::bool::weighted(0.2), 0..3),
    )
}

impl Ask {
    /// Hands the request and the state to `f`. Credit is mostly there.
    pub fn with<T>(&self, policy: &Policy, f: impl FnOnce(&Request<'_>, &State<'_>) -> T) -> T {
        let mut used = self.used.clone();
        for (i, counter) in policy.manifest().counters.iter().enumerate() {
            if counter.of == licit_vm::CounterOf::Prepaid {
                used.resize(used.len().max(i + 1), 0);
                used[i] = self.credit;
            }
        }
        let names = [
            vec!["finetune", "infer", "train", "juggle"],
            vec!["commercial", "military", "product", "research", "fun"],
            vec!["EU", "FR", "US", "the moon"],
        ];
        let term = |axis: usize| names[axis].get(usize::from(self.axes[axis])).copied();
        let mut facts = Vec::new();
        for ((kind, n), name) in
            self.facts.iter().zip(["certified", "headcount", "library", "node", "wealth"])
        {
            let text = if n % 2 == 0 { "did:web:a" } else { "did:web:b" };
            match (kind, name) {
                (0, _) => {}
                (1, "headcount" | "wealth") => facts.push((name, FactValue::Number(*n))),
                (1, "node") => facts.push((name, FactValue::Text(text))),
                (1, _) | (2, "node") => facts.push((name, FactValue::Truth(n % 2 == 0))),
                (2, "wealth") => facts.push((name, FactValue::Number((n % 4) << 100))),
                (2, _) => facts.push((name, FactValue::Number(n % 4))),
                _ => facts.push((name, FactValue::Text(text))),
            }
        }
        let units = ["call", "record", "token", "bushel"];
        let quantities: Vec<(&str, u128)> =
            units.into_iter().zip(self.quantities).filter_map(|(u, q)| Some((u, q?))).collect();
        let duty = |d: &u8| match d {
            0 | 1 => DutyStatus::Clear,
            2 => DutyStatus::Done,
            3 => DutyStatus::Pending { due: self.at + 1 },
            4 => DutyStatus::Pending { due: self.at },
            _ => DutyStatus::Violated,
        };
        let duties: Vec<DutyStatus> = self.duties.iter().map(duty).collect();
        let request = Request {
            used_at: self.at,
            user: (self.who & 1 == 1).then_some("ana"),
            organisation: (self.who & 2 == 2).then_some("acme"),
            action: term(0),
            purpose: term(1),
            place: term(2),
            facts: &facts,
            quantities: &quantities,
            instants: Instants {
                grant: self.instants[0],
                release: self.instants[1],
                first_use: self.instants[2],
                renewal: self.renewal.map(|(anchor, periods)| licit_vm::Renewal { anchor, periods }),
            },
        };
        let state = State { used: &used, duties: &duties, notice: self.notice, latched: &self.latched };
        f(&request, &state)
    }
}
