//! The properties T1 to T6, T8 and T11 of the language, on generated cores and requests.

use std::collections::BTreeMap;

use licit_reference::cbor::{self, Item};
use licit_reference::{
    Core, Counts, DutyStatus, Outcome, Renewal, Request, State, Value, Zone, eval, largest,
};
use num_bigint::BigUint;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

// ---- a small language of licences, and its core

/// The terms of each axis with their parents, sorted by name; each axis has a term with two parents.
const AXES: [&[(&str, &[usize])]; 3] = [
    &[("embed", &[2]), ("generate", &[2]), ("infer", &[4]), ("tune", &[2, 5]), ("use", &[]), ("write", &[4])],
    &[("any", &[]), ("clinical", &[2, 4]), ("commercial", &[0]), ("odd", &[]), ("research", &[0])],
    &[("DE", &[1]), ("EU", &[2]), ("world", &[])],
];
const UNITS: [(&str, u64); 3] = [("call", 1000), ("image", 40), ("token", 1000)];
const FACTS: usize = 4;

/// A condition as an author writes it.
#[derive(Clone, Debug)]
enum Cond {
    Constant(bool),
    /// Axis, a term, including unlisted.
    In(usize, usize, bool),
    /// The fact `n`, a count from 1 to 9: operator and constant.
    Count(u64, u64),
    /// The yes_no `y`, the kind `k` or the text `t`.
    Is(usize, bool),
    Known(usize),
    Definition(usize),
    And(Vec<Cond>),
    Or(Vec<Cond>),
    Not(Box<Cond>),
}

fn array(items: impl IntoIterator<Item = Item>) -> Item {
    Item::Array(items.into_iter().collect())
}

fn uint(n: usize) -> Item {
    Item::Uint(n as u64)
}

fn text(text: &str) -> Item {
    Item::Text(text.to_owned())
}

fn bits(members: &[usize]) -> Item {
    let mut bytes = vec![0; members.iter().max().map_or(0, |most| most / 8 + 1)];
    for member in members {
        bytes[member / 8] |= 1u8 << (member % 8);
    }
    Item::Bytes(bytes)
}

/// Section 3, desugaring: Y and U of one name.
fn membership(axis: usize, term: usize, unlisted: bool) -> [Item; 2] {
    let terms = AXES[axis];
    let below = |mut of: Vec<usize>| {
        // Every term stands within a few steps of its ancestors, so a few rounds find them all.
        for _ in 0..terms.len() {
            let children = (0..terms.len()).filter(|i| terms[*i].1.iter().any(|parent| of.contains(parent)));
            let new: Vec<usize> = children.filter(|child| !of.contains(child)).collect();
            of.extend(new);
        }
        of
    };
    let inner = |i: &usize| terms.iter().any(|(_, parents)| parents.contains(i));
    let (others, listed): (Vec<usize>, Vec<usize>) = below(vec![term]).into_iter().partition(inner);
    if unlisted { [bits(&[listed, others].concat()), bits(&[])] } else { [bits(&listed), bits(&others)] }
}

impl Cond {
    fn item(&self) -> Item {
        match self {
            Cond::Constant(value) => array([uint(usize::from(*value))]),
            Cond::In(axis, term, unlisted) => {
                let [yes, unknown] = membership(*axis, *term, *unlisted);
                array([uint(2), uint(*axis), yes, unknown])
            }
            Cond::Count(op, k) => array([uint(3), uint(1), Item::Uint(*op), Item::Uint(*k)]),
            Cond::Is(fact, value) => {
                let k =
                    if *fact == 2 { text(if *value { "a" } else { "b" }) } else { uint(usize::from(*value)) };
                array([uint(3), uint(*fact), uint(3), k])
            }
            Cond::Known(fact) => array([uint(4), uint(*fact)]),
            Cond::Definition(i) => array([uint(5), uint(*i)]),
            Cond::And(operands) => connective(6, operands),
            Cond::Or(operands) => connective(7, operands),
            Cond::Not(operand) => array([uint(8), operand.item()]),
        }
    }
}

/// Operands that are of the same connective are flattened.
fn connective(code: usize, operands: &[Cond]) -> Item {
    let mut items = vec![uint(code)];
    for operand in operands {
        match operand.item() {
            Item::Array(inner) if inner[0] == uint(code) => items.extend(inner.into_iter().skip(1)),
            item => items.push(item),
        }
    }
    Item::Array(items)
}

#[derive(Clone, Debug)]
struct Licence {
    definitions: [Cond; 2],
    forbids: Vec<Cond>,
    permits: Vec<Cond>,
    /// Unit, cap, key, window, guard.
    limits: Vec<(usize, u64, usize, usize, Option<Cond>)>,
    /// A guard with its price, and whether it is one case of two: itself and its `otherwise`.
    charges: Vec<(Cond, Price, Option<Price>)>,
    /// Acts, mode, guard, else suspend.
    duties: Vec<(usize, usize, Option<Cond>, bool)>,
    standing: Standing,
}

/// What part two adds.
#[derive(Clone, Debug, Default)]
struct Standing {
    holder: bool,
    /// Months, and the days and the action of its grace.
    renewal: Option<(u64, Option<(u64, usize)>)>,
    ends: Vec<Cond>,
    /// Calls at once, or seats: cap, key, guard.
    crowds: Vec<(bool, u64, usize, Option<Cond>)>,
    money: Takings,
}

/// Limits on money and credit, or charges at close: the two do not go together.
#[derive(Clone, Debug)]
enum Takings {
    /// Amounts with key, window and guard; and the key and guard of prepaid.
    Draws(Vec<(u64, usize, usize, Option<Cond>)>, Option<(usize, Option<Cond>)>),
    /// Aggregate, unit, key, window, guard.
    AtClose(Vec<(usize, usize, usize, usize, Option<Cond>)>),
}

impl Default for Takings {
    fn default() -> Takings {
        Takings::Draws(vec![], None)
    }
}

#[derive(Clone, Debug)]
enum Price {
    Free,
    Rate(usize, (u64, u64)),
    /// Unit, key, window, tiers.
    Graduated(usize, usize, usize, Vec<(u64, (u64, u64))>),
    /// The same, with a cap, a floor below it, or both.
    Bounded(usize, usize, usize, Vec<(u64, (u64, u64))>, (u64, u64)),
    /// Rate, key, window.
    Fee((u64, u64), usize, usize),
}

fn ratio((n, d): (u64, u64)) -> Item {
    let common = (1..=d).rev().find(|c| n % c == 0 && d % c == 0).unwrap_or(1);
    array([Item::Uint(n / common), Item::Uint(d / common)])
}

impl Price {
    fn item(&self) -> Item {
        match self {
            Price::Free => array([uint(0)]),
            Price::Rate(unit, rate) => array([uint(1), uint(*unit), ratio(*rate)]),
            Price::Graduated(unit, key, window, list) => {
                array([uint(2), uint(*unit), uint(*key), uint(*window), tiers(list)])
            }
            Price::Bounded(unit, key, window, list, (cap, floor)) => {
                let (cap, floor) = ((*cap > 0).then_some(*cap), (*floor > 0 || *cap == 0).then_some(*floor));
                let bounds = [(0, cap), (1, floor.map(|floor| floor.min(cap.unwrap_or(floor))))];
                let bounds = bounds.into_iter().filter_map(|(key, bound)| Some((key, ratio((bound?, 1)))));
                let bounds = Item::Map(bounds.collect());
                array([uint(4), uint(*unit), uint(*key), uint(*window), tiers(list), bounds])
            }
            Price::Fee(rate, key, window) => array([uint(3), ratio(*rate), uint(*key), uint(*window)]),
        }
    }
}

fn tiers(list: &[(u64, (u64, u64))]) -> Item {
    let last = list.len() - 1;
    array(list.iter().enumerate().map(|(i, (width, rate))| match width {
        _ if i == last => array([ratio(*rate)]),
        _ => array([Item::Uint(*width), ratio(*rate)]),
    }))
}

/// The keys of a map that are there.
fn map(fields: impl IntoIterator<Item = (u64, Option<Item>)>) -> Item {
    Item::Map(fields.into_iter().filter_map(|(key, item)| Some((key, item?))).collect())
}

impl Standing {
    /// Limits, by label.
    fn limits(&self, label: impl Fn(&str, usize) -> String) -> Vec<(String, Item)> {
        let crowds = self.crowds.iter().enumerate().map(|(i, (seats, cap, key, guard))| {
            let name = label("crowd", i);
            // Seats are never of a user.
            let key = if *seats { (*key).max(2) } else { *key };
            let item = map([
                (0, Some(text(&name))),
                (1, Some(uint(2 + usize::from(*seats)))),
                (3, Some(Item::Uint(*cap))),
                (4, Some(uint(key))),
                (6, guard.as_ref().map(Cond::item)),
                (7, Some(array([uint(1), uint(2)]))),
            ]);
            (name, item)
        });
        let spend = match &self.money {
            Takings::Draws(spend, _) => spend.as_slice(),
            Takings::AtClose(_) => &[],
        };
        let spend = spend.iter().enumerate().map(|(i, (amount, key, window, guard))| {
            let name = label("spend", i);
            let item = map([
                (0, Some(text(&name))),
                (1, Some(uint(4))),
                (4, Some(uint(*key))),
                (5, Some(uint(*window))),
                (6, guard.as_ref().map(Cond::item)),
                (8, Some(ratio((*amount, 1)))),
            ]);
            (name, item)
        });
        crowds.chain(spend).collect()
    }

    /// The keys from 23 on.
    fn keys(&self, label: impl Fn(&str, usize) -> String) -> Vec<(u64, Item)> {
        let renewal = self.renewal.map(|(months, grace)| {
            map([
                (0, Some(array([Item::Uint(months), uint(3)]))),
                (1, grace.map(|(days, _)| array([Item::Uint(days), uint(2)]))),
                (2, grace.map(|(_, act)| array(membership(0, act, false)))),
            ])
        });
        let ends = self.ends.iter().enumerate().map(|(i, c)| array([text(&label("end", i)), c.item()]));
        let prepaid = match &self.money {
            Takings::Draws(_, Some((key, guard))) => Some(map([
                (0, Some(text(&label("prepaid", 0)))),
                (1, Some(uint(*key))),
                (2, guard.as_ref().map(Cond::item)),
            ])),
            _ => None,
        };
        let at_close = match &self.money {
            Takings::Draws(..) => &[],
            Takings::AtClose(list) => list.as_slice(),
        };
        let at_close = at_close.iter().enumerate().map(|(i, (aggregate, unit, key, window, guard))| {
            let plain = [uint(*aggregate), uint(*unit), uint(*key), uint(*window)];
            let plain = [text(&label("close", i))].into_iter().chain(plain);
            let bands = array([array([uint(1), ratio((1, 8))])]);
            let fields = (0..).zip(plain.chain([bands]).map(Some));
            map(fields.chain([(6, guard.as_ref().map(Cond::item))]))
        });
        let lists = [(25, array(ends)), (27, array(at_close))];
        let lists = lists.into_iter().filter(|(_, list)| *list != array([]));
        let mut keys: Vec<(u64, Item)> = lists.collect();
        keys.extend(self.holder.then(|| (23, text("x"))));
        keys.extend(renewal.map(|renewal| (24, renewal)));
        keys.extend(prepaid.map(|prepaid| (26, prepaid)));
        keys.sort_by_key(|(key, _)| *key);
        keys
    }
}

impl Licence {
    /// The core; `label` names the clauses, of a kind and a number.
    fn core(&self, label: impl Fn(&str, usize) -> String) -> Core {
        let named = |kind: &str, list: &[Cond]| -> Vec<(String, Item)> {
            list.iter()
                .enumerate()
                .map(|(i, c)| (label(kind, i), array([text(&label(kind, i)), c.item()])))
                .collect()
        };
        let mut forbids = named("forbid", &self.forbids);
        // False for ever, and first of all conditions: every fact and every definition occurs, in order.
        let known = (0..FACTS).map(|fact| array([uint(4), uint(fact)]));
        let used = (0..2).map(|i| array([uint(5), uint(i)]));
        let all = [uint(6), array([uint(0)])].into_iter().chain(used).chain(known);
        forbids.push(("!".into(), array([text("!"), array(all)])));
        let limits = self.limits.iter().enumerate().map(|(i, (unit, cap, key, window, guard))| {
            let name = label("limit", i);
            let fixed = [text(&name), uint(1), uint(*unit), Item::Uint(*cap), uint(*key), uint(*window)];
            let fields = fixed.into_iter().chain(guard.as_ref().map(Cond::item));
            (name, Item::Map(fields.enumerate().map(|(k, v)| (k as u64, v)).collect()))
        });
        let charges = self.charges.iter().enumerate().map(|(i, (guard, price, otherwise))| {
            let name = label("charge", i);
            let mut cases = vec![array([guard.item(), price.item()])];
            if let Some(price) = otherwise {
                cases.push(array([Cond::Not(Box::new(guard.clone())).item(), price.item()]));
            }
            cases.sort_by_key(cbor::write);
            let by_case = otherwise.is_some().then_some((2, uint(1)));
            (
                name.clone(),
                Item::Map([(0, text(&name)), (1, array(cases))].into_iter().chain(by_case).collect()),
            )
        });
        let duties = self.duties.iter().enumerate().map(|(i, (act, mode, guard, suspend))| {
            let name = label("duty", i);
            let period = (*mode < 3).then(|| (8, array([uint(1), uint(*mode + 1)])));
            let fields = [(0, text(&name)), (1, text("show")), (5, array(membership(0, *act, false)))]
                .into_iter()
                .chain(guard.as_ref().map(|guard| (6, guard.item())))
                .chain([(7, uint(*mode))])
                .chain(period)
                .chain(suspend.then(|| (9, uint(1))));
            (name, Item::Map(fields.collect()))
        });
        let axes = AXES.iter().enumerate().map(|(axis, terms)| {
            let terms = terms
                .iter()
                .map(|(name, parents)| array([text(name), array(parents.iter().map(|p| uint(*p)))]));
            (axis as u64, array(terms))
        });
        let head = [
            (0, uint(1)),
            (1, uint(2026)),
            (2, text("T")),
            (3, uint(1)),
            (4, text("l")),
            (8, Item::Map(axes.collect())),
            (9, array(UNITS.map(|(name, highest)| array([text(name), Item::Uint(highest)])))),
            (10, facts()),
            (
                12,
                map([(0, text("EUR")), (1, ratio((1, 100))), (2, uint(1)), (3, uint(3))]
                    .map(|(key, item)| (key, Some(item)))),
            ),
            (14, array([uint(2), array([uint(1), uint(2)])])),
            (15, array(self.definitions.iter().map(Cond::item))),
        ];
        let clauses = [
            (16, forbids),
            (17, named("permit", &self.permits)),
            (18, limits.chain(self.standing.limits(&label)).collect()),
            (19, charges.collect()),
            (20, duties.collect()),
        ];
        let clauses = clauses.into_iter().filter(|(_, list)| !list.is_empty()).map(|(key, mut list)| {
            list.sort_by(|(a, _), (b, _)| a.cmp(b));
            (key, array(list.into_iter().map(|(_, item)| item)))
        });
        let keys = head.into_iter().chain(clauses).chain(self.standing.keys(&label));
        let bytes = cbor::write(&Item::Map(keys.collect()));
        Core::decode(&bytes).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn plain(&self) -> Core {
        self.core(|kind, i| format!("{kind}{i}"))
    }
}

/// k: kind, n: count from 1 to 9, t: text, y: yes_no.
fn facts() -> Item {
    array([
        array([text("k"), uint(5)]),
        array([text("n"), uint(2), uint(1), uint(9)]),
        array([text("t"), uint(3)]),
        array([text("y"), uint(1)]),
    ])
}

// ---- strategies

fn leaf(definitions: usize) -> impl Strategy<Value = Cond> {
    let fact = prop_oneof![Just(0), Just(2), Just(3)];
    prop_oneof![
        1 => any::<bool>().prop_map(Cond::Constant),
        6 => (0..3usize, 0..16usize, prop::bool::weighted(0.2)).prop_map(|(a, t, u)| Cond::In(a, t % AXES[a].len(), u)),
        3 => (1..=3u64, 0..11u64).prop_map(|(op, k)| Cond::Count(op, k)),
        3 => (fact, any::<bool>()).prop_map(|(fact, value)| Cond::Is(fact, value)),
        1 => (0..FACTS).prop_map(Cond::Known),
        2 => (0..2usize).prop_map(move |i| if i < definitions { Cond::Definition(i) } else { Cond::Count(2, 5) }),
    ]
}

fn cond(definitions: usize) -> impl Strategy<Value = Cond> {
    leaf(definitions).prop_recursive(4, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(Cond::And),
            vec(inner.clone(), 2..4).prop_map(Cond::Or),
            inner.prop_map(|c| Cond::Not(Box::new(c))),
        ]
    })
}

/// A permit names an action; without `including unlisted` if `listed`.
fn permit(listed: bool) -> impl Strategy<Value = Cond> {
    let broad = prop_oneof![1 => Just(4usize), 1 => 0..6usize];
    (broad, prop::bool::weighted(0.3), option::weighted(0.4, cond(2))).prop_map(
        move |(term, unlisted, when)| {
            let action = Cond::In(0, term, unlisted && !listed);
            when.map_or(action.clone(), |when| Cond::And(vec![action, when]))
        },
    )
}

/// A forbid of an action, mostly for some purpose.
fn forbid() -> impl Strategy<Value = Cond> {
    (0..6usize, 0..5usize, option::weighted(0.8, cond(2))).prop_map(|(term, purpose, when)| {
        let both = [Cond::In(0, term, false), Cond::In(1, purpose, false)];
        Cond::And(both.into_iter().chain(when).collect())
    })
}

fn price() -> impl Strategy<Value = Price> {
    let rate = || (0..20u64, prop_oneof![Just(1u64), Just(3), Just(8), Just(1000)]);
    prop_oneof![
        1 => Just(Price::Free),
        3 => (0..3usize, rate()).prop_map(|(unit, rate)| Price::Rate(unit, rate)),
        4 => (0..3usize, 1..=3usize, 1..=6usize, vec((0..20u64, rate()), 1..4))
            .prop_map(|(unit, key, window, tiers)| Price::Graduated(unit, key, window, tiers)),
        2 => (0..3usize, 1..=3usize, 1..=10usize, vec((0..20u64, rate()), 1..4), (0..40u64, 0..40u64))
            .prop_map(|(unit, key, window, tiers, bounds)| Price::Bounded(unit, key, clock(window), tiers, bounds)),
        1 => (rate(), 1..=3usize, 1..=10usize).prop_map(|(rate, key, window)| Price::Fee(rate, key, clock(window))),
    ]
}

/// A window of a counter that is not per call.
fn clock(window: usize) -> usize {
    if window == 7 { 8 } else { window }
}

fn standing() -> impl Strategy<Value = Standing> {
    let guard = || option::of(cond(2));
    let renewal = (1..13u64, option::of((1..20_000u64, 0..6usize)));
    let crowd = (any::<bool>(), 0..60u64, 1..=3usize, guard());
    let spend = (0..3000u64, 1..=3usize, 1..=10usize, guard())
        .prop_map(|(amount, key, window, guard)| (amount, key, clock(window), guard));
    let close = (1..=4usize, 0..3usize, 1..=3usize, 1..=10usize, guard())
        .prop_map(|(aggregate, unit, key, window, guard)| (aggregate, unit, key, clock(window), guard));
    let money = prop_oneof![
        2 => (vec(spend, 0..3), option::weighted(0.3, (1..=3usize, guard())))
            .prop_map(|(spend, prepaid)| Takings::Draws(spend, prepaid)),
        1 => vec(close, 0..3).prop_map(Takings::AtClose),
    ];
    let some = (
        prop::bool::weighted(0.3),
        option::weighted(0.5, renewal),
        prop_oneof![5 => Just(vec![]), 1 => vec(cond(2), 1..3)],
        vec(crowd, 0..3),
        money,
    )
        .prop_map(|(holder, renewal, ends, crowds, money)| Standing {
            holder,
            renewal,
            ends,
            crowds,
            money,
        });
    // Half of all licences are of the first part alone.
    prop_oneof![Just(Standing::default()), some]
}

fn licence(listed: bool) -> impl Strategy<Value = Licence> {
    let limit = (0..3usize, 0..150u64, 1..=3usize, 1..=6usize, option::of(cond(2)));
    let charge = (prop_oneof![2 => Just(Cond::Constant(true)), 1 => cond(2)], price(), option::of(price()));
    let duty = (0..6usize, 1..=3usize, option::of(cond(2)), prop::bool::weighted(0.3));
    (
        (cond(0), cond(1)),
        vec(forbid(), 0..3),
        vec(permit(listed), 0..4),
        vec(limit, 0..3),
        vec(charge, 0..3),
        vec(duty, 0..3),
        standing(),
    )
        .prop_map(|((d0, d1), forbids, permits, limits, charges, duties, standing)| Licence {
            // Two equal definitions would have to be one.
            definitions: if d0.item() == d1.item() { [d0, Cond::Not(Box::new(d1))] } else { [d0, d1] },
            forbids,
            permits,
            limits,
            charges,
            duties,
            standing,
        })
}

fn fact_values() -> impl Strategy<Value = BTreeMap<String, Value>> {
    let truth = || option::weighted(0.85, any::<bool>().prop_map(Value::Truth));
    let count = option::weighted(0.85, (0..11u64).prop_map(|n| Value::Count(BigUint::from(n))));
    let word = option::weighted(
        0.7,
        prop_oneof![Just("a"), Just("b"), Just("c")].prop_map(|t| Value::Text(t.into())),
    );
    (truth(), count, word, truth()).prop_map(|(k, n, t, y)| {
        let all = [("k", k), ("n", n), ("t", t), ("y", y)];
        all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    })
}

fn quantities() -> impl Strategy<Value = [u64; 3]> {
    // Fewer images, so that not every request meets a unit without a price.
    (0..25u64, prop_oneof![4 => Just(0), 1 => 0..25u64], prop_oneof![1 => Just(0), 3 => 0..25u64])
        .prop_map(|(calls, images, tokens)| [calls, images, tokens])
}

fn with_quantities(request: &Request, amounts: [u64; 3]) -> Request {
    let named = UNITS.iter().zip(amounts).map(|((name, _), q)| ((*name).to_owned(), BigUint::from(q)));
    Request { quantities: named.collect(), ..request.clone() }
}

fn term(axis: usize) -> impl Strategy<Value = Option<String>> {
    option::weighted(
        0.95,
        (0..AXES[axis].len() + 1)
            .prop_map(move |i| AXES[axis].get(i).map_or("nobody lists it", |(name, _)| name).to_owned()),
    )
}

fn request() -> impl Strategy<Value = Request> {
    let who = || option::weighted(0.85, prop_oneof![4 => Just("x"), 1 => Just("y")].prop_map(str::to_owned));
    (0..4_000_000_000_000_000i64, who(), who(), term(0), term(1), term(2), fact_values(), quantities())
        .prop_map(|(used_at, user, organisation, action, purpose, place, facts, amounts)| {
            let quantities = BTreeMap::new();
            let request = Request { used_at, user, organisation, action, purpose, place, facts, quantities };
            with_quantities(&request, amounts)
        })
}

fn state() -> impl Strategy<Value = State> {
    let status = prop_oneof![
        6 => Just(DutyStatus::Clear),
        2 => Just(DutyStatus::Done),
        1 => Just(DutyStatus::Violated),
        1 => Just(DutyStatus::Unknown),
        2 => (0..8_000_000_000_000_000i64).prop_map(DutyStatus::Pending),
    ];
    let notice = option::weighted(0.05, 0..8_000_000_000_000_000i64);
    let used = prop_oneof![4 => 0..30u64, 1 => Just(0), 1 => 0..5_000_000u64];
    let renewal = (0..500_000_000_000_000i64, 0..200u32);
    let renewal = option::weighted(0.9, renewal.prop_map(|(anchor, periods)| Renewal { anchor, periods }));
    let latched = vec(prop::bool::weighted(0.1), 0..3);
    (vec(used.prop_map(BigUint::from), 0..12), vec(status, 0..3), notice, renewal, latched).prop_map(
        |(used, duties, notice, renewal, latched)| State {
            used,
            duties,
            notice,
            renewal,
            latched,
            ..State::default()
        },
    )
}

/// Paris, for the next change of the clocks.
fn zone() -> Zone {
    Zone { initial: 3600, transitions: vec![(1_774_746_000, 7200), (1_792_890_000, 3600)] }
}

fn ask(core: &Core, request: &Request, state: &State) -> Outcome {
    eval(core, &zone(), request, state)
}

/// Everything but labels: what must not depend on them.
fn bare(outcome: &Outcome) -> (Vec<String>, BigUint, Vec<i128>) {
    let mut codes: Vec<String> = outcome.reasons.iter().map(|reason| reason.code.name().to_owned()).collect();
    codes.dedup();
    let mut due: Vec<i128> = outcome.duties.iter().map(|duty| duty.at).collect();
    due.sort_unstable();
    (codes, outcome.total(), due)
}

/// 128 cases of each property, or half of what `PROPTEST_CASES` says.
fn config() -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases / 2, ..config }
}

proptest! {
    #![proptest_config(config())]

    /// T1: total and deterministic; a denial carries nothing, a permit no reason.
    #[test]
    fn t1_total_and_deterministic(licence in licence(false), request in request(), state in state()) {
        let core = licence.plain();
        let outcome = ask(&core, &request, &state);
        prop_assert_eq!(&outcome, &ask(&core, &request, &state));
        if !outcome.permitted() {
            prop_assert!(outcome.lines.is_empty() && outcome.duties.is_empty() && outcome.deltas.is_empty());
        }
        prop_assert!(outcome.reasons.is_sorted_by(|a, b| (a.code, a.number) < (b.code, b.number)));
        prop_assert!(outcome.deltas.is_sorted_by(|a, b| a.counter < b.counter));
    }

    /// T2: default deny.
    #[test]
    fn t2_default_deny(mut licence in licence(false), request in request(), state in state()) {
        licence.permits.clear();
        prop_assert!(!ask(&licence.plain(), &request, &state).permitted());
    }

    /// T3: neither the order of clauses nor a clause said twice matters.
    #[test]
    fn t3_order_and_duplicates(mut licence in licence(false), request in request(), state in state()) {
        // With the same counters and duties: limits, graduated prices and duties keep their order.
        let plain = bare(&ask(&licence.plain(), &request, &state));
        let turned = licence.core(|kind, i| match kind {
            "forbid" | "permit" => format!("{}-{kind}", 9 - i),
            _ => format!("{kind}{i}"),
        });
        prop_assert_eq!(&plain, &bare(&ask(&turned, &request, &state)));
        licence.forbids.extend(licence.forbids.clone());
        licence.permits.extend(licence.permits.clone());
        prop_assert_eq!(&plain, &bare(&ask(&licence.plain(), &request, &state)));
    }

    /// T4: one more forbid never turns deny into permit.
    #[test]
    fn t4_forbids_only_take_away(mut licence in licence(false), more in cond(2), request in request(), state in state()) {
        let before = ask(&licence.plain(), &request, &state);
        licence.forbids.push(more);
        let after = ask(&licence.plain(), &request, &state);
        prop_assert!(!after.permitted() || after == before);
    }

    /// T5: what is permitted stays permitted, at the same price, when more is known. (Cases are disjoint here, as the compiler proves.)
    #[test]
    fn t5_knowing_more(licence in licence(false), mut request in request(), more in fact_values(), place in term(2), purpose in term(1), state in state()) {
        let core = licence.plain();
        let before = ask(&core, &request, &state);
        for (name, value) in more {
            // A count out of its range is unknown as well.
            match request.facts.get(&name) {
                Some(Value::Count(n)) if (1..10u8).any(|k| *n == k.into()) => {}
                Some(Value::Truth(_) | Value::Text(_)) => {}
                _ => _ = request.facts.insert(name, value),
            }
        }
        request.place = request.place.or(place);
        request.purpose = request.purpose.or(purpose);
        let after = ask(&core, &request, &state);
        if before.permitted() {
            prop_assert!(after.permitted(), "{}", after.text());
            prop_assert_eq!(before.lines, after.lines);
            prop_assert!(after.duties.iter().all(|duty| before.duties.contains(duty)));
        }
    }

    /// T6 and T8: a call and any two parts of it, one after the other, cost the same; and the parts are permitted.
    #[test]
    fn t6_parts_cost_the_whole(licence in licence(false), request in request(), first in quantities(), second in quantities(), state in state()) {
        let core = licence.plain();
        let whole = ask(&core, &with_quantities(&request, [0, 1, 2].map(|i| first[i] + second[i])), &state);
        if whole.permitted() {
            let one = ask(&core, &with_quantities(&request, first), &state);
            prop_assert!(one.permitted(), "{}", one.text());
            let mut then = state.clone();
            for delta in &one.deltas {
                then.used.resize(then.used.len().max(delta.counter + 1), BigUint::default());
                let used = &mut then.used[delta.counter];
                match core.counters()[delta.counter].counts {
                    // The first call is over, and its user's seat is nobody else's.
                    Counts::AtOnce | Counts::Seats => {}
                    Counts::Prepaid => *used -= &delta.quantity,
                    _ => *used += &delta.quantity,
                }
            }
            let two = ask(&core, &with_quantities(&request, second), &then);
            prop_assert!(two.permitted(), "{}", two.text());
            prop_assert_eq!(one.total() + two.total(), whole.total());
        }
    }

    /// T8: smaller quantities never turn permit into deny, nor make it dearer.
    #[test]
    fn t8_smaller_is_permitted(licence in licence(false), request in request(), large in quantities(), less in quantities(), state in state()) {
        let core = licence.plain();
        let before = ask(&core, &with_quantities(&request, large), &state);
        let after = ask(&core, &with_quantities(&request, [0, 1, 2].map(|i| large[i].saturating_sub(less[i]))), &state);
        if before.permitted() {
            prop_assert!(after.permitted(), "{}", after.text());
            prop_assert!(after.total() <= before.total());
        }
    }

    /// Part two, section 4: whatever was committed before, within its range, a use costs no more than its largest price;
    /// and if it is the only one that applies, just that where it is committed first.
    #[test]
    fn a_hold_suffices(licence in licence(false), request in request(), state in state(), more in vec(0..40u64, 12)) {
        let core = licence.plain();
        let outcome = ask(&core, &request, &state);
        if outcome.permitted() {
            let used = |counter: usize| state.used.get(counter).cloned().unwrap_or_default();
            let here: Vec<_> = (0..12).map(|counter| (used(counter), used(counter))).collect();
            prop_assert_eq!(largest(&core, &zone(), &request, &here), Some(outcome.total()));
            let below: Vec<_> = (0..12).map(|i| (used(i) - used(i).min(more[i].into()), used(i) + more[i])).collect();
            prop_assert!(largest(&core, &zone(), &request, &below) >= Some(outcome.total()));
        }
    }

    /// T11: without `including unlisted`, an action that nobody listed is never permitted.
    #[test]
    fn t11_unlisted_actions(licence in licence(true), mut request in request(), state in state()) {
        for action in ["nobody lists it", "use", "infer"] {
            request.action = Some(action.into());
            prop_assert!(!ask(&licence.plain(), &request, &state).permitted());
        }
    }
}

/// The generator is worth something only if both answers, and most reasons, really occur.
#[test]
fn the_generator_reaches_both_answers() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut graces, mut permits, mut lines, mut deltas, mut duties) = (0, 0, 0, 0, 0);
    let mut codes = std::collections::BTreeSet::new();
    for _ in 0..1000 {
        let tree = (licence(false), request(), state()).new_tree(&mut runner).unwrap();
        let (licence, request, state) = tree.current();
        let outcome = ask(&licence.plain(), &request, &state);
        permits += usize::from(outcome.permitted());
        graces += usize::from(outcome.grace);
        lines += outcome.lines.len();
        deltas += outcome.deltas.len();
        duties += outcome.duties.len();
        codes.extend(outcome.reasons.iter().map(|reason| reason.code.name()));
    }
    let seen = format!("{permits} permits, {lines} lines, {deltas} deltas, {duties} duties, {codes:?}");
    let [lapsed, ended] = ["lapsed", "ended"].map(|code| codes.contains(code));
    let [credit, holder] = ["credit", "not-holder"].map(|code| codes.contains(code));
    assert!(permits >= 75 && lines >= 40 && deltas >= 60 && duties >= 20 && codes.len() >= 12, "{seen}");
    assert!(lapsed && ended && credit && holder && graces > 0, "{seen}, {graces} in grace");
}
