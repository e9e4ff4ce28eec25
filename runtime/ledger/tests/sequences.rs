//! Random sequences of all commands against a model: a list of calls, from which everything is counted anew each time.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::*;
use licit_ledger::receipt::{Kind, Receipt};
use licit_ledger::{
    Accounts, Audit, Command, Config, Kept, Order, Past, Phase, Purpose, Request, Span, State, Step, Value,
    Verdict, What, fold,
};
use proptest::prelude::*;

/// 2023-12-01 and 2024-01-01, both at midnight.
const DECEMBER: u64 = 1_701_388_800 * SECOND;
const JANUARY: u64 = DECEMBER + 31 * DAY;
const LEASE: u64 = 600 * SECOND;

#[derive(Clone, Debug)]
enum Act {
    Use { call: u64, user: u8, tokens: u128, calls: u128, back: u64, ends: Option<(u64, u64)> },
    Commit { call: u64, tokens: u128, calls: u128 },
    Extend { call: u64, tokens: u128, calls: u128 },
    Renew { call: u64, by: u64 },
    End { call: u64, kind: Kind },
    Correct { call: u64, tokens: u128, calls: u128 },
    Reverse { call: u64 },
    Seat { user: u8, released: bool },
    Close { month: bool, index: i64 },
    Mark(u8),
    Wait(u64),
}

const CALLS: u64 = 40;

fn act() -> impl Strategy<Value = Act> {
    let tokens = || prop_oneof![2 => 0u128..120, 1 => Just(0), 1 => 200u128..1002];
    let calls = || prop_oneof![3 => 0u128..3, 1 => 0u128..200];
    let call = || 0..CALLS;
    let ends = prop::option::weighted(0.6, (1u64..2 * HOUR, prop_oneof![Just(0u64), 0u64..HOUR]));
    let back = prop_oneof![3 => 0u64..SECOND, 1 => 0u64..15 * DAY];
    let end = prop_oneof![1 => Just(Kind::Release), 3 => Just(Kind::Expire), 1 => Just(Kind::Failed)];
    let wait = prop_oneof![5 => 0u64..LEASE, 2 => 0u64..2 * HOUR, 2 => 0u64..12 * DAY];
    prop_oneof![
        9 => (call(), 0u8..3, tokens(), calls(), back, ends).prop_map(|(call, user, tokens, calls, back, ends)| {
            Act::Use { call, user, tokens, calls, back, ends }
        }),
        6 => (call(), tokens(), calls()).prop_map(|(call, tokens, calls)| Act::Commit { call, tokens, calls }),
        3 => (call(), tokens(), calls()).prop_map(|(call, tokens, calls)| Act::Extend { call, tokens, calls }),
        2 => (call(), 0u64..HOUR).prop_map(|(call, by)| Act::Renew { call, by }),
        3 => (call(), end).prop_map(|(call, kind)| Act::End { call, kind }),
        3 => (call(), tokens(), calls()).prop_map(|(call, tokens, calls)| Act::Correct { call, tokens, calls }),
        1 => call().prop_map(|call| Act::Reverse { call }),
        1 => (0u8..3, any::<bool>()).prop_map(|(user, released)| Act::Seat { user, released }),
        2 => (any::<bool>(), 0i64..2).prop_map(|(month, index)| Act::Close { month, index }),
        1 => (0u8..6).prop_map(Act::Mark),
        4 => wait.prop_map(Act::Wait),
    ]
}

/// Most acts are about a call for which they make sense: one in these phases, if there is one. Quantities of commits and
/// extensions lie about what is held.
fn aim(act: &Act, model: &Model) -> Act {
    let pick = |call: u64, phases: &[Phase]| {
        let fitting: Vec<u64> = model
            .calls
            .iter()
            .filter(|(_, known)| phases.contains(&known.phase))
            .map(|(id, _)| *id)
            .collect();
        match fitting.get((call / 5) as usize % fitting.len().max(1)) {
            Some(fitting) if !call.is_multiple_of(5) => *fitting,
            _ => call,
        }
    };
    let held = |call: u64| model.calls.get(&call).map_or((0, 0), |known| known.held);
    match *act {
        Act::Use { call, user, tokens, calls, back, ends } if call % 8 > 0 => {
            Act::Use { call: CALLS + model.calls.len() as u64, user, tokens, calls, back, ends }
        }
        Act::Commit { call, tokens, calls } if tokens % 8 > 0 => {
            let call = pick(call, &[Phase::Held, Phase::Expired]);
            let (most_tokens, most_calls) = held(call);
            Act::Commit { call, tokens: tokens % (most_tokens + 1), calls: calls % (most_calls + 1) }
        }
        Act::Commit { call, .. } => {
            let call =
                pick(call, &[Phase::Held, Phase::Expired, Phase::Committed, Phase::Late, Phase::Reversed]);
            let used = model.calls.get(&call).map_or((0, 0), |known| match known.phase {
                Phase::Committed | Phase::Late => known.committed,
                _ => known.held,
            });
            Act::Commit { call, tokens: used.0, calls: used.1 }
        }
        Act::Extend { call, tokens, calls } => {
            let call = pick(call, &[Phase::Held]);
            let (had_tokens, had_calls) = held(call);
            Act::Extend {
                call,
                tokens: had_tokens + tokens / 4,
                calls: (had_calls + calls / 2).saturating_sub(tokens % 2),
            }
        }
        Act::Renew { call, by } => Act::Renew { call: pick(call, &[Phase::Held]), by },
        Act::End { call, kind } => {
            let over = |call: &Call| call.ends.is_some_and(|(until, _)| until <= model.now);
            let mut holds = model.calls.iter().filter(|(_, known)| known.phase == Phase::Held);
            let run_out = holds.find(|(_, known)| over(known)).map(|(id, _)| *id);
            let call =
                if kind == Kind::Expire { run_out.unwrap_or(call) } else { pick(call, &[Phase::Held]) };
            Act::End { call, kind }
        }
        Act::Correct { call, tokens, calls } => {
            Act::Correct { call: pick(call, &[Phase::Committed, Phase::Late]), tokens, calls }
        }
        Act::Reverse { call } => Act::Reverse { call: pick(call, &[Phase::Committed, Phase::Late]) },
        ref other => other.clone(),
    }
}

/// What the model says of a command.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Says {
    Refused,
    Repeated,
    Leaf(Kind),
}

#[derive(Clone, Debug)]
struct Call {
    phase: Phase,
    user: u8,
    used_at: u64,
    /// As it was asked for, as it is held, as it was committed, as it is used.
    asked: (u128, u128),
    held: (u128, u128),
    committed: (u128, u128),
    used: (u128, u128),
    ends: Option<(u64, u64)>,
    /// Counted and charged.
    counts: bool,
    /// Its tokens count in the daily limit.
    daily: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Seat {
    last: Option<u64>,
    released: bool,
}

#[derive(Default)]
struct Model {
    now: u64,
    calls: BTreeMap<u64, Call>,
    seats: BTreeMap<u8, Seat>,
    /// Closed months and quarters, and when.
    months: BTreeMap<i64, u64>,
    quarters: BTreeMap<i64, u64>,
    /// Months in which something was entered.
    entered: BTreeSet<i64>,
    ended: bool,
    /// Months in which something was late or corrected: only there may the budget be passed.
    excused: BTreeSet<i64>,
}

fn month(at: u64) -> i64 {
    646 + i64::from(at >= DECEMBER) + i64::from(at >= JANUARY)
}

fn quarter(at: u64) -> i64 {
    215 + i64::from(at >= JANUARY)
}

fn schedule(x: u128) -> u128 {
    let tiers = 3 * x.min(100) + 8 * x.saturating_sub(100).min(100) + x.saturating_sub(200);
    tiers.min(1400)
}

impl Model {
    fn of_month(&self, of: i64) -> impl Iterator<Item = &Call> {
        self.calls.values().filter(move |call| month(call.used_at) == of)
    }

    fn tokens(&self, of: i64) -> u128 {
        self.of_month(of).filter(|call| call.counts).map(|call| call.used.0).sum()
    }

    fn users(&self, of: i64) -> BTreeSet<u8> {
        self.of_month(of).filter(|call| call.counts).map(|call| call.user).collect()
    }

    /// What a month comes to, whatever happened in which order.
    fn charged(&self, of: i64) -> u128 {
        let calls: u128 = self.of_month(of).filter(|call| call.counts).map(|call| call.used.1).sum();
        schedule(self.tokens(of)) + 100 * self.users(of).len() as u128 + 7 * calls
    }

    /// The dearest price of a use beside others that hold tokens: every position is tried.
    fn dearest(&self, of: i64, user: u8, (tokens, calls): (u128, u128), others: u128) -> u128 {
        let low = self.tokens(of);
        let price = |at: u128| schedule(at + tokens) - schedule(at);
        let fee = if self.users(of).contains(&user) { 0 } else { 100 };
        7 * calls + fee + (low..=low + others).map(price).max().unwrap_or(0)
    }

    /// The sum of the dearest prices of all holds of a month, if more tokens are held besides.
    fn money_held(&self, of: i64, without: Option<u64>, more: u128) -> u128 {
        let held: Vec<&Call> = self
            .calls
            .iter()
            .filter(|(id, call)| {
                call.phase == Phase::Held && month(call.used_at) == of && Some(**id) != without
            })
            .map(|(_, call)| call)
            .collect();
        let tokens: u128 = held.iter().map(|call| call.held.0).sum();
        held.iter().map(|call| self.dearest(of, call.user, call.held, tokens - call.held.0 + more)).sum()
    }

    fn permits(&self, user: u8, used_at: u64, (tokens, calls): (u128, u128), without: Option<u64>) -> bool {
        let of = month(used_at);
        let open = |id: &u64, call: &Call| call.phase == Phase::Held && Some(*id) != without;
        let daily: u128 = self
            .calls
            .iter()
            .filter(|(_, call)| call.used_at / DAY == used_at / DAY)
            .map(|(id, call)| match call.phase {
                _ if open(id, call) => call.held.0,
                _ if call.counts && call.daily => call.used.0,
                _ => 0,
            })
            .sum();
        let at_once = self.calls.iter().filter(|(id, call)| open(id, call)).count();
        let others = (0..3).filter(|other| *other != user && self.has_seat(*other, used_at, without)).count();
        let committed = self.charged(of);
        let (was, held) = (self.money_held(of, without, 0), self.held_tokens(of, without));
        let now = self.money_held(of, without, tokens) + self.dearest(of, user, (tokens, calls), held);
        let price = self.dearest(of, user, (tokens, calls), 0);
        !self.ended
            && daily + tokens <= 1000
            && at_once < 2
            && others < 2
            && committed + was + price <= 3000
            && (now == was || committed + now <= 3000)
    }

    fn held_tokens(&self, of: i64, without: Option<u64>) -> u128 {
        let held = self.calls.iter().filter(|(id, call)| {
            call.phase == Phase::Held && month(call.used_at) == of && Some(**id) != without
        });
        held.map(|(_, call)| call.held.0).sum()
    }

    fn has_seat(&self, user: u8, at: u64, without: Option<u64>) -> bool {
        let open = self
            .calls
            .iter()
            .any(|(id, call)| call.phase == Phase::Held && call.user == user && Some(*id) != without);
        let seat = self.seats.get(&user).copied().unwrap_or_default();
        open || seat.last.is_some_and(|last| !seat.released || last + 2 * DAY > at)
    }

    fn is_closed(&self, at: u64) -> bool {
        self.months.contains_key(&month(at)) || self.quarters.contains_key(&quarter(at))
    }

    fn decide(&mut self, id: u64, call: Call) -> Says {
        if let Some(before) = self.calls.get(&id) {
            let same = (before.user, before.used_at, before.asked) == (call.user, call.used_at, call.asked);
            return if same { Says::Repeated } else { Says::Refused };
        }
        if self.is_closed(call.used_at) {
            return Says::Refused;
        }
        if !self.permits(call.user, call.used_at, call.asked, None) {
            self.calls.insert(id, Call { phase: Phase::Denied, ..call });
            return Says::Leaf(Kind::Deny);
        }
        let (asked, held) = (call.asked, call.ends.is_some());
        self.calls.insert(id, call);
        if held { Says::Leaf(Kind::Hold) } else { self.bill(id, asked, Kind::Commit) }
    }

    fn bill(&mut self, id: u64, used: (u128, u128), kind: Kind) -> Says {
        let closed = self.is_closed(self.calls[&id].used_at);
        let call = self.calls.get_mut(&id).expect("it was asked");
        call.phase = if kind == Kind::Late { Phase::Late } else { Phase::Committed };
        (call.used, call.committed) = (used, used);
        call.counts = kind != Kind::Late || !closed;
        call.daily = call.asked.0 > 0 || used.0 > 0;
        let (user, used_at, counts) = (call.user, call.used_at, call.counts);
        if counts {
            let seat = self.seats.entry(user).or_default();
            seat.last = seat.last.max(Some(used_at));
            seat.released = false;
            self.entered.insert(month(used_at));
            if kind == Kind::Late {
                self.excused.insert(month(used_at));
            }
        }
        Says::Leaf(kind)
    }

    fn commit(&mut self, id: u64, used: (u128, u128)) -> Says {
        let Some(call) = self.calls.get(&id) else { return Says::Refused };
        let fits = used.0 <= call.held.0 && used.1 <= call.held.1;
        let over = call.ends.is_some_and(|(until, _)| self.now >= until);
        match call.phase {
            Phase::Committed | Phase::Late if call.committed == used => Says::Repeated,
            Phase::Held if fits && !over => self.bill(id, used, Kind::Commit),
            Phase::Held | Phase::Expired if fits => self.bill(id, used, Kind::Late),
            _ => Says::Refused,
        }
    }

    fn open(&self, id: u64) -> Option<&Call> {
        let open =
            |call: &&Call| call.phase == Phase::Held && call.ends.is_some_and(|(until, _)| self.now < until);
        self.calls.get(&id).filter(open)
    }

    fn extend(&mut self, id: u64, wanted: (u128, u128)) -> Says {
        let Some(call) = self.open(id).cloned() else { return Says::Refused };
        if wanted.0 < call.held.0 || wanted.1 < call.held.1 {
            return Says::Refused;
        }
        if wanted == call.held {
            return Says::Repeated;
        }
        if !self.permits(call.user, call.used_at, wanted, Some(id)) {
            return Says::Refused;
        }
        self.calls.get_mut(&id).expect("it is open").held = wanted;
        Says::Leaf(Kind::Extend)
    }

    fn renew(&mut self, id: u64, to: u64) -> Says {
        let Some((until, latest)) = self.open(id).and_then(|call| call.ends) else { return Says::Refused };
        let end = to.min(self.now + LEASE);
        if to > latest || end < until {
            return Says::Refused;
        }
        if end == until {
            return Says::Repeated;
        }
        self.calls.get_mut(&id).expect("it is open").ends = Some((end, latest));
        Says::Leaf(Kind::Renew)
    }

    fn end(&mut self, id: u64, kind: Kind) -> Says {
        let phase = match kind {
            Kind::Release => Phase::Released,
            Kind::Failed => Phase::Failed,
            _ => Phase::Expired,
        };
        let open = self.open(id).is_some();
        let Some(call) = self.calls.get_mut(&id) else { return Says::Refused };
        if call.phase == phase {
            return Says::Repeated;
        }
        if call.phase != Phase::Held || open != (kind != Kind::Expire) {
            return Says::Refused;
        }
        call.phase = phase;
        Says::Leaf(kind)
    }

    fn correct(&mut self, id: u64, used: Option<(u128, u128)>) -> Says {
        let Some(call) = self.calls.get_mut(&id) else { return Says::Refused };
        let of = month(call.used_at);
        let in_time = self.months.get(&of).is_none_or(|closed| self.now < closed + 2 * DAY);
        if !call.counts || !in_time {
            return Says::Refused;
        }
        self.excused.insert(of);
        match used {
            Some(used) => {
                call.used = used;
                Says::Leaf(Kind::Correct)
            }
            None => {
                (call.phase, call.counts, call.used) = (Phase::Reversed, false, (0, 0));
                Says::Leaf(Kind::Reversal)
            }
        }
    }

    fn seat(&mut self, user: u8, released: bool) -> Says {
        let known = self.seats.contains_key(&user)
            || self.calls.values().any(|call| call.phase == Phase::Held && call.user == user);
        let others = (0..3).filter(|other| *other != user && self.has_seat(*other, self.now, None)).count();
        if released && !known || !released && others >= 2 {
            return Says::Refused;
        }
        let now = self.now;
        let seat = self.seats.entry(user).or_default();
        seat.released = released;
        if !released {
            seat.last = seat.last.max(Some(now));
        }
        // What was only held and never used leaves no trace.
        self.seats.retain(|_, seat| seat.last.is_some());
        Says::Leaf(Kind::Seat)
    }

    fn close(&mut self, is_month: bool, index: i64) -> Says {
        let (of, ends) = if is_month {
            (646 + index, [DECEMBER, JANUARY][index as usize])
        } else {
            (215 + index, [JANUARY, JANUARY + 91 * DAY][index as usize])
        };
        let window = |at| if is_month { month(at) } else { quarter(at) };
        let held = self.calls.values().any(|call| call.phase == Phase::Held && window(call.used_at) == of);
        let closed = if is_month { &self.months } else { &self.quarters };
        // All months that the runs reach end in the first quarter, but January to March.
        let unsettled = self
            .entered
            .iter()
            .any(|month| !is_month && !self.months.contains_key(month) && (*month < 648) == (of == 215));
        if self.now < ends || held || closed.contains_key(&of) || unsettled {
            return Says::Refused;
        }
        let now = self.now;
        if is_month {
            self.entered.insert(of);
            self.months.insert(of, now);
        } else {
            self.quarters.insert(of, now);
        }
        Says::Leaf(Kind::Close)
    }
}

fn request(user: u8, (tokens, calls): (u128, u128)) -> Request {
    let mut request = chat(&format!("user {user}"), Some("acme"), tokens);
    request.quantities.push(("call".into(), calls));
    request.facts.push(("broken".into(), Value::Truth(false)));
    request.sort();
    request
}

fn quantities((tokens, calls): (u128, u128)) -> Vec<(String, u128)> {
    vec![("call".into(), calls), ("token".into(), tokens)]
}

fn order(ledger: &Ledger, orders: &mut u64, what: What) -> Order {
    *orders += 1;
    let request = Request { organisation: Some("acme".into()), ..Request::default() };
    Order { request, ..ledger.order(1000 + *orders, what) }
}

/// The command of an act, and what the model says of it.
fn both(ledger: &mut Ledger, model: &mut Model, orders: &mut u64, act: &Act) -> Option<(Command, Says)> {
    model.now = ledger.now;
    let now = ledger.now;
    Some(match *act {
        Act::Use { call, user, tokens, calls, back, ends } => {
            let used_at = now.saturating_sub(back).max(START - 10 * DAY);
            let wanted = (tokens, calls);
            let ask = ledger.ask_for(call, used_at, request(user, wanted));
            let (until, latest) =
                (ends.map(|(until, _)| now + until), ends.map(|(until, more)| now + until + more));
            let known = Call {
                phase: Phase::Held,
                user,
                used_at,
                asked: wanted,
                held: wanted,
                committed: (0, 0),
                used: (0, 0),
                ends: until.map(|until| (until.min(now + LEASE), latest.unwrap_or(until))),
                counts: false,
                daily: false,
            };
            let says = model.decide(call, known);
            let command = match until {
                Some(until) => Command::Ask { ask, until: until as i64, latest: latest.map(|at| at as i64) },
                None => Command::Invoke(ask),
            };
            (command, says)
        }
        Act::Commit { call, tokens, calls } => {
            let used = (tokens, calls);
            (Command::Commit { call: id(call), quantities: quantities(used) }, model.commit(call, used))
        }
        Act::Extend { call, tokens, calls } => {
            let wanted = (tokens, calls);
            (Command::Extend { call: id(call), quantities: quantities(wanted) }, model.extend(call, wanted))
        }
        Act::Renew { call, by } => {
            (Command::Renew { call: id(call), until: (now + by) as i64 }, model.renew(call, now + by))
        }
        Act::End { call, kind } => {
            let call_id = id(call);
            let command = match kind {
                Kind::Release => Command::Release { call: call_id },
                Kind::Failed => Command::Failed { call: call_id },
                _ => Command::Expire { call: call_id },
            };
            (command, model.end(call, kind))
        }
        Act::Correct { call, tokens, calls } => {
            let mut correct = order(ledger, orders, What::Correct(id(call)));
            correct.request = Request { quantities: quantities((tokens, calls)), ..Request::default() };
            (Command::Order(correct), model.correct(call, Some((tokens, calls))))
        }
        Act::Reverse { call } => {
            (Command::Order(order(ledger, orders, What::Reverse(id(call)))), model.correct(call, None))
        }
        Act::Seat { user, released } => {
            let mut seat = order(ledger, orders, What::Seat { released });
            seat.request.user = Some(format!("user {user}"));
            (Command::Order(seat), model.seat(user, released))
        }
        Act::Close { month, index } => {
            let span = Span { kind: if month { 3 } else { 4 }, index: if month { 646 } else { 215 } + index };
            (Command::Order(order(ledger, orders, What::Close(span))), model.close(month, index))
        }
        Act::Mark(which) => {
            let (what, kind) = match which {
                0 => (What::Grant, Kind::Grant),
                1 => (What::Accept, Kind::Accept),
                2 => (What::Pay(5, Purpose::Account), Kind::Payment),
                3 => (What::Facts, Kind::Evidence),
                4 => {
                    *orders += 1;
                    let config = Config { lateness: Some(30 * DAY), ..Config::default() };
                    let command = Command::Configure { id: id(1000 + *orders), config };
                    return Some((command, Says::Leaf(Kind::Configure)));
                }
                _ => (What::Release, Kind::Notice),
            };
            let mut mark = order(ledger, orders, what);
            if which == 3 {
                // Seldom: nothing is permitted any more.
                let broken = orders.is_multiple_of(8);
                mark.request.facts = vec![("broken".into(), Value::Truth(broken))];
                model.ended |= broken;
            }
            (Command::Order(mark), Says::Leaf(kind))
        }
        Act::Wait(micros) => {
            ledger.now += micros;
            return None;
        }
    })
}

fn play(acts: &[Act]) -> (Ledger, Model) {
    let (mut ledger, mut model, mut orders) = (Ledger::new(METERED), Model::default(), 0);
    // Near the end of a month.
    ledger.now = DECEMBER - DAY;
    for act in acts {
        model.now = ledger.now;
        let act = &aim(act, &model);
        let Some((command, expected)) = both(&mut ledger, &mut model, &mut orders, act) else { continue };
        let before = ledger.state.clone();
        let done = ledger.run(command);
        let said = match &done {
            Err(_) => Says::Refused,
            Ok(Step::Repeat(_)) => Says::Repeated,
            Ok(Step::Event(event)) => Says::Leaf(event.receipt.kind),
        };
        assert_eq!(said, expected, "{act:?}: {:?}", done.err());
        assert!(matches!(said, Says::Leaf(_)) || before == ledger.state, "nothing was changed");
        compare(&ledger, &model);
    }
    (ledger, model)
}

/// State and model agree on everything.
fn compare(ledger: &Ledger, model: &Model) {
    for (call, known) in &model.calls {
        assert_eq!(ledger.state.call(&id(*call)).expect("it is known").phase, known.phase, "call {call}");
    }
    let mut months = BTreeMap::new();
    for (key, total) in ledger.state.totals() {
        assert_eq!(total.charged, model.charged(key.span.index), "month {}", key.span.index);
        assert_eq!(total.closed, model.months.get(&key.span.index).copied());
        months.insert(key.span.index, total.charged);
    }
    for (of, charged) in &months {
        assert!(*charged <= 3000 || model.excused.contains(of), "the budget of month {of} is passed");
    }
    let sum = |counter: u16, held: bool| -> u128 {
        let sums = ledger.state.counters().filter(|(key, _)| key.counter == counter);
        sums.map(|(_, sum)| if held { sum.held } else { sum.committed }).sum()
    };
    let held = model.calls.values().filter(|call| call.phase == Phase::Held);
    assert_eq!(sum(0, true), held.clone().map(|call| call.held.0).sum::<u128>());
    assert_eq!(sum(1, true), sum(0, true));
    assert_eq!(sum(2, true), held.clone().count() as u128);
    let counted = model.calls.values().filter(|call| call.counts);
    assert_eq!(sum(1, false), counted.clone().map(|call| call.used.0).sum::<u128>());
    assert_eq!(
        sum(0, false),
        counted.clone().filter(|call| call.daily).map(|call| call.used.0).sum::<u128>()
    );
    assert_eq!(sum(5, false), counted.count() as u128);
    assert_eq!(sum(4, false), months.values().sum::<u128>());
    assert_eq!(ledger.state.holds().count(), held.count());
}

/// A leaf and its opening, as bytes.
type Leaf = (Vec<u8>, Vec<u8>);

/// Erases the contents of some leaves, in the log and in what may be looked back at.
fn erased(ledger: &Ledger, erase: u64) -> (Vec<Leaf>, BTreeMap<u64, Past>) {
    let mut past = ledger.past.clone();
    let leaves = ledger.events.iter().map(|event| {
        let mut opening = event.opening.clone();
        if (erase >> (event.receipt.seq % 64)) & 1 == 1 {
            opening.erase();
            past.get_mut(&event.receipt.seq).expect("it is there").content = None;
        }
        (event.receipt.encode().expect("it encodes"), opening.encode().expect("it encodes"))
    });
    (leaves.collect(), past)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_does_what_the_model_does(acts in prop::collection::vec(act(), 0..70)) {
        let (ledger, _) = play(&acts);
        // T7: whatever happened, everything paid and owed is what was charged.
        let accounts = Accounts::of(&ledger.state, &ledger.policies);
        prop_assert!(accounts.balances(), "{:?}", accounts.faults);
        let bytes = ledger.state.encode();
        prop_assert_eq!(State::decode(&bytes), Ok(ledger.state));
    }

    #[test]
    fn the_audit_decides_every_leaf_again_or_says_that_it_cannot(
        acts in prop::collection::vec(act(), 0..60),
        erase in prop_oneof![Just(0u64), any::<u64>()],
    ) {
        let (ledger, _) = play(&acts);
        let (leaves, past) = erased(&ledger, erase);
        let mut audit = Audit::new(&ledger.policies).looking_back(&past);
        for (leaf, opening) in &leaves {
            let verdict = audit.leaf(leaf, Some(opening));
            prop_assert!(verdict == Verdict::Reexecuted || erase != 0 && verdict == Verdict::Verified, "{:?}", verdict);
        }
        prop_assert_eq!(audit.state(), &ledger.state);
    }

    #[test]
    fn a_fold_is_whole_or_nothing(
        acts in prop::collection::vec(act(), 10..50),
        forged in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u32>()), 20),
    ) {
        let (ledger, _) = play(&acts);
        let mut state = ledger.state.clone();
        for (of, other, change) in forged {
            let mut receipt = of.get(&ledger.events).receipt.clone();
            let mut kept = other.get(&ledger.events).kept.clone();
            forge(&mut receipt, &mut kept, change);
            receipt.seq = state.leaves();
            receipt.at.logged = receipt.at.logged.max(state.logged_at());
            let before = state.clone();
            if fold(&mut state, &receipt, &kept).is_err() {
                prop_assert_eq!(&before, &state);
            }
        }
    }

    #[test]
    fn bytes_of_a_state_are_read_strictly(
        acts in prop::collection::vec(act(), 0..30),
        at in any::<prop::sample::Index>(),
        bit in 0u8..8,
    ) {
        let (ledger, _) = play(&acts);
        let mut bytes = ledger.state.encode();
        let at = at.index(bytes.len());
        prop_assert!(State::decode(&bytes[..at]).is_err());
        bytes[at] ^= 1 << bit;
        if let Ok(state) = State::decode(&bytes) {
            prop_assert_eq!(state.encode(), bytes);
        }
    }
}

/// An event that nobody made: parts of two, and something else about it.
fn forge(receipt: &mut Receipt, kept: &mut Kept, change: u32) {
    if change & 1 == 1 {
        receipt.call = Some(id(u64::from(change >> 8) % (3 * CALLS)));
    }
    if change & 2 == 2 {
        receipt.kind = Kind::ALL[(change >> 16) as usize % Kind::ALL.len()];
    }
    if change & 4 == 4 {
        receipt.reference = Some(licit_ledger::receipt::Reference::Leaf(u64::from(change >> 12) % 50));
    }
    match kept {
        Kept::Commit { settled: Some(settled), .. } | Kept::Correct { settled: Some(settled), .. }
            if change & 8 == 8 =>
        {
            settled.lines.pop();
        }
        Kept::Correct { changes, .. } if change & 16 == 16 => {
            for change in changes {
                change.by = -1_000_000;
            }
        }
        Kept::Close { settled: None, paid, .. } if change & 32 == 32 => {
            paid.pop();
        }
        _ => {}
    }
}
