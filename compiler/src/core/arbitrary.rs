//! A proptest generator of valid licences, for property tests of every implementation (feature `arbitrary`).
//!
//! It draws a sketch whose indices are free numbers, then builds the licence by taking them modulo what there is:
//! so every sketch builds, and shrinking a sketch shrinks the licence. Whatever comes out is canonical and valid.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

mod standing;

/// Valid, canonical licences of `spec/core.md`: several axes with several parents a term, every form of condition,
/// definitions that use definitions, limits, plain, by-case and graduated charges with odd fractions, duties, split,
/// calendars.
pub fn licences() -> impl Strategy<Value = Licence> {
    sketches(false)
}

/// Valid, canonical licences with what `spec/core-wider.md` adds: holder, renewal, ends, anchored terms, every kind of
/// limit and window, fees and bounded prices, prepaid credit, charges at close, royalties, first cuts, corrections.
pub fn wider_licences() -> impl Strategy<Value = Licence> {
    sketches(true)
}

fn sketches(wide: bool) -> impl Strategy<Value = Licence> {
    let wider = if wide { standing::wider().prop_map(Some).boxed() } else { Just(None).boxed() };
    let money = (vec(limit(wide), 0..4), charges(wide), vec(duty(), 0..4), tail());
    (header(), tables(), rules(), money, wider).prop_map(
        |(header, tables, rules, (limits, charges, duties, tail), wider)| {
            Sketch { header, tables, rules, limits, charges, duties, tail, wider }.build()
        },
    )
}

/// Valid, canonical vocabularies.
pub fn vocabularies() -> impl Strategy<Value = Vocabulary> {
    let derived = vec((any::<u32>(), nats()), 0..3);
    let parameters = vec(vec(any::<bool>(), 0..3), 0..4);
    (tables(), derived, vec(any::<bool>(), 7), parameters).prop_map(
        |(tables, derived, optional, parameters)| {
            let units = UNITS.iter().zip(&tables.units).map(|(name, highest)| UnitNames {
                singular: (*name).to_owned(),
                plural: format!("{name}s"),
                highest: *highest,
            });
            let derived = derived.iter().enumerate().map(|(i, (base, factor))| DerivedUnit {
                singular: format!("{}_dozen", tables.name(i)),
                plural: format!("{}_dozens", tables.name(i)),
                factor: (*factor).max(1),
                base: base % tables.units.len() as u32,
            });
            let parameter =
                |named: &bool| Parameter { name: named.then(|| "on".to_owned()), ty: "surface".to_owned() };
            let duties = parameters.iter().enumerate().map(|(i, parameters)| DutyKind {
                name: tables.name(i),
                parameters: parameters.iter().map(parameter).collect(),
            });
            let mut vocabulary = Vocabulary {
                name: "generated".to_owned(),
                version: "1.2".to_owned(),
                axes: tables.axes(),
                units: units.collect(),
                derived: derived.collect(),
                facts: tables.facts().into_iter().zip(optional).collect(),
                duties: duties.collect(),
            };
            vocabulary.canonicalise();
            vocabulary
        },
    )
}

/// Natural numbers with a liking for zero and for the ends of machine words.
pub fn nats() -> impl Strategy<Value = Nat> {
    let near = |middle: Nat| (middle - 3)..=(middle + 3);
    prop_oneof![
        6 => 0_u128..8,
        6 => 0_u128..2_000_000,
        1 => near(1 << 31),
        1 => near(1 << 32),
        2 => near(1 << 63),
        2 => near(1 << 64),
        1 => (NAT_MAX - 3)..=NAT_MAX,
        1 => any::<u64>().prop_map(Nat::from),
        1 => 0..=NAT_MAX,
    ]
}

/// A condition before its indices are known. A number stands for itself modulo the length of its table.
#[derive(Clone, Debug)]
enum Raw {
    Constant(bool),
    /// Axis, names, including unlisted.
    Of(usize, Vec<u32>, bool),
    /// Axis, and leaf by leaf: 0 in, 1 unknown, else out: sets that no list of names desugars to.
    Leaves(usize, Vec<u8>),
    Compare(u32, Cmp, Nat),
    Known(u32),
    Slot(u32),
    And(Vec<Raw>),
    Or(Vec<Raw>),
    Not(Box<Raw>),
}

fn raw() -> impl Strategy<Value = Raw> {
    let leaf = prop_oneof![
        1 => any::<bool>().prop_map(Raw::Constant),
        8 => (0..3_usize, vec(any::<u32>(), 0..3), any::<bool>()).prop_map(|(a, n, u)| Raw::Of(a, n, u)),
        1 => (0..3_usize, vec(0..4_u8, 0..8)).prop_map(|(axis, leaves)| Raw::Leaves(axis, leaves)),
        8 => (any::<u32>(), select(vec![Cmp::Less, Cmp::LessEqual, Cmp::Equal]), nats())
            .prop_map(|(fact, cmp, k)| Raw::Compare(fact, cmp, k)),
        2 => any::<u32>().prop_map(Raw::Known),
        3 => any::<u32>().prop_map(Raw::Slot),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            3 => vec(inner.clone(), 2..4).prop_map(Raw::And),
            2 => vec(inner.clone(), 2..4).prop_map(Raw::Or),
            2 => inner.prop_map(|it| Raw::Not(Box::new(it))),
        ]
    })
}

/// Everything without an index.
#[derive(Clone, Debug)]
struct Header {
    version: u64,
    capsule: Option<[u8; 32]>,
    assets: Vec<usize>,
    calendar: Option<&'static str>,
    money: Option<(Ratio, Rounding, Window)>,
    term: TermSpan,
    revocability: Revocability,
}

/// The day on which the year 10000 begins, and the microseconds until then.
const LAST_DAY: u64 = 2_932_897;
const DAY_MICROS: u64 = 86_400_000_000;

fn point() -> impl Strategy<Value = Point> {
    prop_oneof![
        4 => (17_000..22_000_u64).prop_map(Point::Date),
        1 => (0..LAST_DAY).prop_map(Point::Date),
        3 => (17_000 * DAY_MICROS..22_000 * DAY_MICROS).prop_map(Point::Instant),
        1 => (0..LAST_DAY * DAY_MICROS).prop_map(Point::Instant),
    ]
}

fn period() -> impl Strategy<Value = Period> {
    prop_oneof![
        2 => (0..100_000_u128).prop_map(Period::Seconds),
        3 => (0..500_u128).prop_map(Period::Days),
        3 => (0..30_u128).prop_map(Period::Months),
        1 => (any::<u64>().prop_map(Nat::from), 0..3).prop_map(|(n, unit)| match unit {
            0 => Period::Seconds(n),
            1 => Period::Days(n),
            _ => Period::Months(n),
        }),
    ]
}

fn window() -> impl Strategy<Value = Window> {
    use Window::{Day, Month, Quarter, Term, Week, Year};
    select(vec![Day, Week, Month, Quarter, Year, Term])
}

fn key() -> impl Strategy<Value = Key> {
    select(vec![Key::User, Key::Organisation, Key::Licensee])
}

fn header() -> impl Strategy<Value = Header> {
    let zones = ["UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"];
    let rounding = select(vec![Rounding::HalfEven, Rounding::HalfUp, Rounding::Down, Rounding::Up]);
    let minor = select(vec![(1, 100), (1, 1), (1, 1000), (1, 20), (5, 1), (1, 3)]);
    let settled = prop_oneof![5 => window(), 1 => Just(Window::Call)];
    let revocability = prop_oneof![
        Just(Revocability::Irrevocable),
        (period(), any::<bool>())
            .prop_map(|(after, sparing_derivatives)| Revocability::Revocable { after, sparing_derivatives }),
    ];
    let money = (minor, rounding, settled).prop_map(|((n, d), r, w)| (Ratio::new(n, d), r, w));
    (
        any::<u64>(),
        option::weighted(0.2, any::<[u8; 32]>()),
        vec(0..4_usize, 0..4),
        option::weighted(0.8, select(zones.to_vec())),
        option::weighted(0.9, money),
        (option::of(point()), option::of(point())),
        revocability,
    )
        .prop_map(|(version, capsule, assets, calendar, money, (from, until), revocability)| Header {
            version,
            capsule,
            assets,
            calendar,
            money,
            term: TermSpan { from, until },
            revocability,
        })
}

/// What indices point into.
#[derive(Clone, Debug)]
struct Tables {
    /// For each axis, for each term its parents: numbers modulo the terms before it, so there is no cycle.
    axes: Vec<Vec<Vec<u32>>>,
    /// Mixes names, so that sorting them is not the order of building.
    salt: usize,
    units: Vec<Nat>,
    facts: Vec<FactType>,
    definitions: Vec<Raw>,
}

fn tables() -> impl Strategy<Value = Tables> {
    let axis = vec(vec(any::<u32>(), 0..3), 0..12);
    let highest = prop_oneof![4 => Just((1_u128 << 63) - 1), 1 => nats(), 1 => Just(NAT_MAX)];
    let range = prop_oneof![
        4 => (0..10_u128, 0..1_000_000_u128).prop_map(|(low, more)| (low, low + more)),
        1 => (nats(), nats()).prop_map(|(a, b)| (a.min(b), a.max(b))),
    ];
    let fact = prop_oneof![
        2 => Just(FactType::YesNo),
        3 => range.prop_map(|(low, high)| FactType::Count { low, high }),
        1 => Just(FactType::Text),
        1 => Just(FactType::Party),
        2 => Just(FactType::Kind),
    ];
    (vec(axis, 3), 0..26_usize, vec(highest, 1..5), vec(fact, 1..7), vec(raw(), 0..5))
        .prop_map(|(axes, salt, units, facts, definitions)| Tables { axes, salt, units, facts, definitions })
}

/// Forbids and permits. Permits have an action membership more often than not, as text gives them one.
fn rules() -> impl Strategy<Value = (Vec<Raw>, Vec<Raw>)> {
    let permit =
        (vec(any::<u32>(), 1..3), option::of(raw()), any::<bool>()).prop_map(|(names, rest, all)| {
            let acts = Raw::Of(0, names, all);
            match rest {
                Some(rest) => Raw::And(vec![acts, rest]),
                None => acts,
            }
        });
    (vec(raw(), 0..4), vec(prop_oneof![4 => permit, 1 => raw(), 1 => Just(Raw::Constant(true))], 0..5))
}

#[derive(Clone, Debug)]
struct RawLimit {
    unit: u32,
    cap: Nat,
    key: Key,
    window: Window,
    guard: Option<Raw>,
}

/// The window of a counter.
fn counter_window(wide: bool) -> BoxedStrategy<Window> {
    if wide { standing::windows().boxed() } else { window().boxed() }
}

fn limit(wide: bool) -> impl Strategy<Value = RawLimit> {
    (any::<u32>(), nats(), key(), counter_window(wide), option::of(raw()))
        .prop_map(|(unit, cap, key, window, guard)| RawLimit { unit, cap, key, window, guard })
}

/// A price whose rates are numbers of grains.
#[derive(Clone, Debug)]
enum RawPrice {
    Free,
    Rate(u32, u64),
    Graduated(u32, Key, Window, Vec<(Nat, u64)>, u64),
    Fee(Key, Window, u64),
    /// As a graduated price, with two bounds in either order.
    Bounded(u32, Key, Window, Vec<(Nat, u64)>, u64, (Option<u64>, Option<u64>)),
}

#[derive(Clone, Debug)]
struct RawCharge {
    cases: Vec<(Raw, RawPrice)>,
    otherwise: Option<RawPrice>,
    by_case: bool,
}

fn grains() -> impl Strategy<Value = u64> {
    prop_oneof![1 => Just(0_u64), 4 => 1..10_000_u64, 2 => any::<u32>().prop_map(u64::from), 1 => any::<u64>()]
}

fn price(wide: bool) -> BoxedStrategy<RawPrice> {
    let width = prop_oneof![3 => 1..2_000_000_u128, 1 => nats()];
    let window = counter_window(wide);
    let plain = prop_oneof![
        1 => Just(RawPrice::Free),
        3 => (any::<u32>(), grains()).prop_map(|(unit, rate)| RawPrice::Rate(unit, rate)),
        3 => (any::<u32>(), key(), window, vec((width, grains()), 0..4), grains())
            .prop_map(|(unit, key, window, tiers, last)| RawPrice::Graduated(unit, key, window, tiers, last)),
    ];
    if wide { prop_oneof![2 => plain, 1 => standing::price()].boxed() } else { plain.boxed() }
}

/// The charges and the common denominator of their rates.
fn charges(wide: bool) -> impl Strategy<Value = (u64, Vec<RawCharge>)> {
    let grain =
        select(vec![1, 100, 1_000_000, 3, 7 * 11 * 13 * 1000, 51_051_000_000, (1 << 61) - 1, 1 << 63]);
    let plain = (prop_oneof![1 => Just(Raw::Constant(true)), 1 => raw()], price(wide))
        .prop_map(|case| RawCharge { cases: vec![case], otherwise: None, by_case: false });
    let by_case = (vec((raw(), price(wide)), 1..4), option::weighted(0.8, price(wide)))
        .prop_map(|(cases, otherwise)| RawCharge { cases, otherwise, by_case: true });
    (grain, vec(prop_oneof![plain, by_case], 0..4))
}

#[derive(Clone, Debug)]
struct RawDuty {
    name: usize,
    text: Option<&'static str>,
    on: bool,
    to: Option<usize>,
    acts: (Vec<u32>, bool),
    guard: Option<Raw>,
    due: Due,
    suspend: bool,
}

fn duty() -> impl Strategy<Value = RawDuty> {
    let due = prop_oneof![period().prop_map(Due::First), period().prop_map(Due::Each), Just(Due::AtEach)];
    (
        (0..3_usize, option::of(select(TEXTS.to_vec())), any::<bool>(), option::of(0..4_usize)),
        (vec(any::<u32>(), 0..3), any::<bool>()),
        option::of(raw()),
        due,
        any::<bool>(),
    )
        .prop_map(|((name, text, on, to), acts, guard, due, suspend)| RawDuty {
            name,
            text,
            on,
            to,
            acts,
            guard,
            due,
            suspend,
        })
}

/// Split with its window, free units, and parties by what is bound of them (1 identifier, 2 account).
type Tail = (Option<(Vec<(usize, Nat)>, Option<Window>)>, Vec<Vec<u32>>, Vec<u8>);

fn tail() -> impl Strategy<Value = Tail> {
    let weight = prop_oneof![5 => 1..1000_u128, 1 => 1..(1_u128 << 100)];
    let split = (vec((0..4_usize, weight), 1..5), option::of(window()));
    (option::of(split), vec(vec(any::<u32>(), 1..3), 0..2), vec(0..4_u8, 4))
}

const TEXTS: [&str; 5] = ["a", "Trained on \"it\"", "", "naïve \\ ünïcode\n", "; not a comment"];
const HANDLES: [&str; 4] = ["harbour", "annotators", "archive", "node-7"];
const UNITS: [&str; 5] = ["token", "call", "record", "image second", "byte"];
const LETTERS: &[u8; 26] = b"qwertyuiopasdfghjklzxcvbnm";

struct Sketch {
    header: Header,
    tables: Tables,
    rules: (Vec<Raw>, Vec<Raw>),
    limits: Vec<RawLimit>,
    charges: (u64, Vec<RawCharge>),
    duties: Vec<RawDuty>,
    tail: Tail,
    wider: Option<standing::Wider>,
}

impl Tables {
    /// A name of letters that sorts elsewhere than its number.
    fn name(&self, i: usize) -> String {
        format!("{}_{i}", LETTERS[(i * 7 + self.salt) % 26] as char)
    }

    fn axes(&self) -> BTreeMap<Axis, Vec<Term>> {
        let axis = |terms: &Vec<Vec<u32>>| {
            let terms = terms.iter().enumerate().map(|(i, parents)| Term {
                name: self.name(i),
                parents: parents.iter().filter(|_| i > 0).map(|parent| parent % i as u32).collect(),
            });
            terms.collect()
        };
        [Axis::Action, Axis::Purpose, Axis::Place].into_iter().zip(self.axes.iter().map(axis)).collect()
    }

    fn facts(&self) -> Vec<Fact> {
        let name = |i| format!("fact_{}", self.name(i));
        self.facts.iter().enumerate().map(|(i, ty)| Fact { name: name(i), ty: ty.clone() }).collect()
    }
}

/// Turns sketched conditions into real ones.
struct Builder {
    axes: BTreeMap<Axis, Vec<Term>>,
    facts: Vec<Fact>,
}

impl Builder {
    /// A condition that may use definitions below `definitions`.
    fn cond(&self, raw: &Raw, definitions: u32) -> Cond {
        let all = |operands: &[Raw]| operands.iter().map(|it| self.cond(it, definitions)).collect::<Vec<_>>();
        match raw {
            Raw::Constant(false) => Cond::False,
            Raw::Constant(true) => Cond::True,
            Raw::Of(axis, names, unlisted) => {
                let (axis, terms) = self.axis(*axis);
                let (yes, unknown) = self.members(axis, names, *unlisted);
                debug_assert!(yes.0.len() + unknown.0.len() <= terms);
                Cond::In { axis, yes, unknown }
            }
            Raw::Leaves(axis, leaves) => {
                let (axis, terms) = self.axis(*axis);
                let of = |kind| (0..).zip(leaves).filter(move |(_, it)| **it == kind).map(|(leaf, _)| leaf);
                let of = |kind| Bits(of(kind).filter(|leaf| (*leaf as usize) < terms).collect());
                Cond::In { axis, yes: of(0), unknown: of(1) }
            }
            Raw::Compare(fact, cmp, k) => self.comparison(fact % self.facts.len() as u32, *cmp, *k),
            Raw::Known(fact) => Cond::Known(fact % self.facts.len() as u32),
            Raw::Slot(_) if definitions == 0 => Cond::True,
            Raw::Slot(index) => Cond::Slot(index % definitions),
            Raw::And(operands) => Cond::And(all(operands)),
            Raw::Or(operands) => Cond::Or(all(operands)),
            Raw::Not(operand) => self.cond(operand, definitions).not(),
        }
    }

    fn axis(&self, number: usize) -> (Axis, usize) {
        let axis = [Axis::Action, Axis::Purpose, Axis::Place][number % 3];
        (axis, self.axes.get(&axis).map_or(0, Vec::len))
    }

    fn members(&self, axis: Axis, names: &[u32], unlisted: bool) -> (Bits, Bits) {
        let terms = self.axes.get(&axis).map_or(&[][..], Vec::as_slice);
        let names: Vec<u32> =
            names.iter().filter(|_| !terms.is_empty()).map(|n| n % terms.len() as u32).collect();
        membership(terms, &names, unlisted)
    }

    fn comparison(&self, fact: u32, cmp: Cmp, k: Nat) -> Cond {
        let (cmp, constant) = match self.facts[fact as usize].ty {
            // Mostly inside the range, at times just beside it, at times anywhere.
            FactType::Count { low, high } => match k % 5 {
                0 => (cmp, k),
                1 => (cmp, low),
                2 => (cmp, high),
                _ => (cmp, (low + k % (high - low).saturating_add(2)).min(NAT_MAX)),
            },
            FactType::YesNo | FactType::Kind => (Cmp::Equal, k % 2),
            FactType::Text => return text(fact, TEXTS[(k % 5) as usize]),
            FactType::Party => return text(fact, HANDLES[(k % 4) as usize]),
        };
        Cond::Compare { fact, cmp, constant: Constant::Number(constant) }
    }
}

fn text(fact: u32, text: &str) -> Cond {
    Cond::Compare { fact, cmp: Cmp::Equal, constant: Constant::Text(text.to_owned()) }
}

impl RawPrice {
    fn build(&self, units: u32, grain: u64) -> Price {
        let rate = |grains: u64| Ratio::new(Nat::from(grains), Nat::from(grain));
        match self {
            RawPrice::Free => Price::Free,
            RawPrice::Rate(unit, grains) => Price::Rate { unit: unit % units, rate: rate(*grains) },
            RawPrice::Graduated(unit, key, window, widths, last) => Price::Graduated {
                unit: unit % units,
                key: *key,
                window: *window,
                tiers: tiers(widths, *last, grain),
            },
            RawPrice::Fee(key, window, grains) => {
                Price::Fee { amount: rate(*grains), key: *key, window: *window }
            }
            RawPrice::Bounded(unit, key, window, widths, last, (a, b)) => {
                let (cap, floor) = match (a, b) {
                    (Some(a), Some(b)) => (Some(*a.max(b)), Some(*a.min(b))),
                    (a, b) => (*a, *b),
                };
                Price::Bounded {
                    unit: unit % units,
                    key: *key,
                    window: *window,
                    tiers: tiers(widths, *last, grain),
                    cap: cap.map(rate),
                    floor: floor.map(rate),
                }
            }
        }
    }
}

fn tiers(widths: &[(Nat, u64)], last: u64, grain: u64) -> Vec<Tier> {
    let rate = |grains: u64| Ratio::new(Nat::from(grains), Nat::from(grain));
    let tiers = widths.iter().map(|(width, grains)| Tier { width: Some(*width), rate: rate(*grains) });
    tiers.chain([Tier { width: None, rate: rate(last) }]).collect()
}

impl Sketch {
    fn build(self) -> Licence {
        let builder = Builder { axes: self.tables.axes(), facts: self.tables.facts() };
        let units = self.tables.units.len() as u32;
        let mut licence = self.header.licence();
        let definitions = (0..).zip(&self.tables.definitions);
        licence.definitions = definitions.map(|(i, raw)| builder.cond(raw, i)).collect();
        let count = licence.definitions.len() as u32;
        let cond = |raw: &Raw| builder.cond(raw, count);
        let labelled = |kind: &str, i: usize| format!("{}_{kind}", self.tables.name(i));

        let rules = |kind: &str, rules: &[Raw]| {
            let rules = rules.iter().enumerate().map(|(i, raw)| (labelled(kind, i), cond(raw)));
            rules.collect::<Vec<_>>()
        };
        licence.forbids = rules("forbid", &self.rules.0);
        licence.permits = rules("permit", &self.rules.1);
        let limits = self.limits.iter().enumerate().map(|(i, raw)| Limit {
            label: labelled("limit", i),
            key: raw.key,
            kind: LimitKind::Sum { unit: raw.unit % units, cap: raw.cap, window: raw.window },
            guard: raw.guard.as_ref().map(cond),
        });
        licence.limits = limits.collect();
        let mut otherwise = BTreeMap::new();
        let (grain, charges) = &self.charges;
        for (i, raw) in charges.iter().enumerate() {
            let label = labelled("charge", i);
            if let Some(price) = &raw.otherwise {
                otherwise.insert(label.clone(), price.build(units, *grain));
            }
            let cases = raw.cases.iter().map(|(raw, price)| (cond(raw), price.build(units, *grain)));
            licence.charges.push(Charge { label, cases: cases.collect(), by_case: raw.by_case });
        }
        let duties = self.duties.iter().enumerate().map(|(i, raw)| {
            let (acts, acts_unknown) = builder.members(Axis::Action, &raw.acts.0, raw.acts.1);
            Duty {
                label: labelled("duty", i),
                name: ["attribute", "disclose", "report"][raw.name].to_owned(),
                text: raw.text.map(str::to_owned),
                on: raw.on.then(|| "model_card".to_owned()),
                to: raw.to.map(|to| HANDLES[to].to_owned()),
                acts,
                acts_unknown,
                guard: raw.guard.as_ref().map(cond),
                due: raw.due,
                suspend: raw.suspend,
            }
        });
        licence.duties = duties.collect();
        let (split, free, bound) = &self.tail;
        licence.split = split.as_ref().map(|(shares, window)| {
            let whole: Nat = shares.iter().map(|(_, weight)| weight).sum();
            let share =
                |(handle, weight): &(usize, Nat)| (HANDLES[*handle].to_owned(), Ratio::new(*weight, whole));
            Split {
                label: "shares".into(),
                first_cuts: Vec::new(),
                shares: shares.iter().map(share).collect(),
                window: *window,
            }
        });
        let free = free.iter().enumerate();
        licence.free = free
            .map(|(i, list)| (labelled("free", i), list.iter().map(|unit| unit % units).collect()))
            .collect();
        licence.parties = parties(bound);
        licence.units = (UNITS.iter().zip(&self.tables.units))
            .map(|(name, highest)| Unit { name: (*name).to_owned(), highest: *highest })
            .collect();
        if let Some(wider) = &self.wider {
            let with = standing::Makers {
                builder: &builder,
                cond: &cond,
                labelled: &labelled,
                grain: *grain,
                units,
            };
            wider.add(&mut licence, &mut otherwise, &with);
        }
        (licence.axes, licence.facts) = (builder.axes, builder.facts);
        licence.canonicalise_with(&otherwise);
        licence
    }
}

fn parties(bound: &[u8]) -> Vec<Party> {
    let bound = HANDLES.iter().zip(bound).filter(|(_, what)| **what > 0);
    let party = |(handle, what): (&&str, &u8)| Party {
        handle: (*handle).to_owned(),
        did: (what & 1 > 0).then(|| format!("did:web:{handle}.example")),
        account: (what & 2 > 0).then(|| format!("eip155:1:0x{:040x}", handle.len())),
    };
    bound.map(party).collect()
}

impl Header {
    /// A licence with the headers only.
    fn licence(&self) -> Licence {
        let names = ["logbooks", "pilot 7b", "pipeline", "münze"];
        let kinds = ["dataset", "model", "code", "node"];
        let asset = |i: &usize| Asset {
            kind: kinds[*i].to_owned(),
            name: names[*i].to_owned(),
            capsule: self.capsule.filter(|_| i.is_multiple_of(2)),
        };
        Licence {
            name: "Generated".to_owned(),
            version: self.version,
            licensor: HANDLES[0].to_owned(),
            assets: self.assets.iter().map(asset).collect(),
            vocabularies: vec![VocabularyRef { name: "ai".into(), version: "1.2".into(), id: [7; 32] }],
            calendar: self.calendar.map(str::to_owned),
            money: self.money.map(|(minor, rounding, settled)| Money {
                currency: "EUR".to_owned(),
                minor,
                rounding,
                settled,
            }),
            term: Some(self.term),
            revocability: self.revocability,
            ..Licence::empty()
        }
    }
}
