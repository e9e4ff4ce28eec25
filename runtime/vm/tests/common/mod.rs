//! Modules and requests for tests: hand-written in the text form over one small vocabulary, or generated.
#![allow(dead_code, reason = "each test program uses a part")]

use licit_bytecode::*;
use licit_vm::{DutyStatus, END_OF_TIME, FactValue, Policy, Request, State};
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

type RawCharge = (bool, Vec<(u32, u8, u64)>);

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
}

pub fn sketches() -> impl Strategy<Value = Sketch> {
    let node = any::<u32>;
    let op = (0u8..10, node(), node(), prop::collection::vec(node(), 2..5));
    let forbids =
        prop_oneof![2 => prop::collection::vec(node(), 0..1), 1 => prop::collection::vec(node(), 0..5)];
    let permits = prop::collection::vec(prop_oneof![2 => node(), 1 => Just(0)], 0..5);
    let guard = || prop::option::of(node());
    let limit = (node(), 0u128..2000, 1u8..4, 1u8..7, guard());
    let case = (node(), 0u8..4, prop_oneof![0u64..1000, any::<u64>()]);
    let charge = (prop::bool::weighted(0.3), prop::collection::vec(case, 1..4));
    let duty = (node(), guard(), 1u8..4, 0u64..4000, any::<bool>());
    let times = (
        prop::collection::vec((0i64..4_000_000_000, -50_000i32..50_000), 0..3),
        prop::option::weighted(0.2, 0u64..400),
        prop::option::weighted(0.3, (20_000u64..20_790, 1_790_000_000_000_000u64..1_900_000_000_000_000)),
    );
    let clauses = (
        forbids,
        permits,
        prop::collection::vec(limit, 0..4),
        prop::collection::vec(charge, 0..3),
        prop::collection::vec(duty, 0..3),
        prop::collection::vec(node(), 0..2),
    );
    (prop::collection::vec(op, 0..14), clauses, times).prop_map(
        |(ops, (forbids, permits, limits, charges, duties, free), (zone, revocable, term))| Sketch {
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
        m.forbid = self.forbids.iter().map(|i| Forbid { clause: next(), when: when(i) }).collect();
        m.permit = self.permits.iter().map(|i| Permit { clause: next(), when: when(i) }).collect();
        for (unit, cap, key, window, guard) in &self.limits {
            m.limit.push(Limit {
                clause: next(),
                unit: unit % 3,
                cap: *cap,
                key: number(Key::ALL, *key),
                window: number(Window::ALL, *window),
                guard: guard.as_ref().map(when),
            });
        }
        for (i, (by_case, cases)) in self.charges.iter().enumerate() {
            m.charge.push(Charge { clause: next(), by_case: *by_case });
            for (node, kind, rate) in cases.iter().take(if *by_case { 9 } else { 1 }) {
                let (unit, rate) = (node % 3, *rate);
                let tier = |start, rate| Tier { start, rate };
                let tiers = vec![tier(0, 0), tier(u128::from(node % 90), rate), tier(100, rate / 2)];
                let price = match kind {
                    0 => Price::Free {},
                    1 => Price::Rate { unit, rate },
                    _ => {
                        Price::Graduated { unit, key: number(Key::ALL, *kind), window: Window::Month, tiers }
                    }
                };
                m.case.push(Case { charge: i as u32, when: when(node), price });
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
        let term = |(days, micros)| TermSpan {
            from: Some(Point::Date { days }),
            until: Some(Point::Instant { micros }),
        };
        m.term = self.term.map(term).into_iter().collect();
        m
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
    duties: Vec<u8>,
    notice: Option<i64>,
}

pub fn asks() -> impl Strategy<Value = Ask> {
    let at = || prop_oneof![1 => 0..END_OF_TIME, 3 => NOON - 1_000_000_000_000..NOON + 1_000_000_000_000];
    let nat = || prop_oneof![12 => 0u128..8, 12 => 0u128..1200, 1 => any::<u64>().prop_map(u128::from), 1 => any::<u128>()];
    let quantity = || prop::option::weighted(0.4, nat());
    let fact = (0u8..4, prop_oneof![0u128..6, nat()]);
    (
        (at(), 0u8..4, [0u8..5, 0u8..6, 0u8..5]),
        prop::array::uniform5(fact),
        [quantity(), quantity(), quantity(), prop::option::weighted(0.05, nat())],
        prop::collection::vec(nat(), 0..6),
        (prop::collection::vec(0u8..6, 0..4), prop::option::of(at())),
    )
        .prop_map(|((at, who, axes), facts, quantities, used, (duties, notice))| Ask {
            at,
            who,
            axes,
            facts,
            quantities,
            used,
            duties,
            notice,
        })
}

impl Ask {
    /// Hands the request and the state to `f`.
    pub fn with<T>(&self, f: impl FnOnce(&Request<'_>, &State<'_>) -> T) -> T {
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
            ..Request::default()
        };
        f(&request, &State { used: &self.used, duties: &duties, notice: self.notice, ..State::default() })
    }
}
