//! Runs a test block: each step asks both evaluators, and what a permitted use counts, owes and costs is there for the
//! next step, as `spec/core.md` section 7 and `spec/ledger.md` say.

use std::collections::{BTreeMap, BTreeSet};

use licit_compiler::core::{Aggregate, Due, Key, Licence, Point, Ratio};
use licit_compiler::{DutyStatus, FactValue, TestAsk, TestCase, TestExpect, TestGiven, TestStep};
use licit_reference as reference;
use licit_tests::evaluator::{self, Prepared};
use licit_tests::question::{Duty, Question, Value};
use licit_vm as vm;
use licit_vm::{CounterOf, Manifest};
use num_bigint::{BigInt, BigUint};

/// Runs a test to its end or to the first expectation that fails; why it does.
pub fn tell(licence: &Licence, test: &TestCase) -> Result<(), String> {
    let mut story = Story::new(licence);
    for (number, step) in (1..).zip(&test.steps) {
        story.step(step).map_err(|why| format!("step {number}: {why}"))?;
    }
    Ok(())
}

struct Story<'a> {
    licence: &'a Licence,
    prepared: Prepared,
    core: reference::Core,
    /// In the order of their numbers.
    counters: Vec<Counter>,
    /// By counter, whose, window.
    used: BTreeMap<(usize, String, i64), u128>,
    /// The users who have a seat, by counter and whose seats they are.
    seats: BTreeMap<(usize, String), BTreeSet<String>>,
    /// By licensee.
    marks: BTreeMap<String, Marks>,
    release: Option<i64>,
    /// By licensee and duty.
    duties: BTreeMap<(String, usize), Duty>,
    notice: Option<i64>,
    /// By licensee and settlement window, in units of the grain.
    charged: BTreeMap<(String, i64), BigUint>,
    clock: i64,
}

/// A counter: its clause, its case where it is a charge's, and whose it is.
struct Counter {
    label: String,
    case: usize,
    key: Key,
    of: CounterOf,
}

/// What happened to a licensee once.
#[derive(Clone, Copy, Default)]
struct Marks {
    grant: Option<i64>,
    first_use: Option<i64>,
    /// Anchor and number of the paid periods.
    renewal: Option<(i64, u32)>,
    /// When what ends the grant became true.
    ended: Option<i64>,
}

/// An outcome, read from its canonical text.
struct Told {
    text: String,
    permit: bool,
    /// Code and what it is about.
    reasons: Vec<(String, String)>,
    charge: BigUint,
    due: BigInt,
    duties: Vec<(usize, i64)>,
}

impl<'a> Story<'a> {
    fn new(licence: &'a Licence) -> Self {
        let bytes = licence.encode().expect("a licence without errors has a core");
        let prepared = Prepared::new(licence);
        let counters = counters(prepared.policy.manifest());
        Story {
            licence,
            prepared,
            core: reference::Core::decode(&bytes).expect("the reference interpreter reads every core"),
            counters,
            used: BTreeMap::new(),
            seats: BTreeMap::new(),
            marks: BTreeMap::new(),
            release: None,
            duties: BTreeMap::new(),
            notice: None,
            charged: BTreeMap::new(),
            clock: beginning(licence),
        }
    }

    fn step(&mut self, step: &TestStep) -> Result<(), String> {
        let ask = &step.ask;
        if let Some(at) = ask.used_at {
            self.clock = i64::try_from(at).map_err(|_| "an instant after the end of time")?;
        }
        let licensee = whose(Key::Licensee, ask);
        for (given, _) in &step.given {
            self.mark(given, &licensee)?;
        }
        let mut question = question(ask, self.clock);
        let marks = self.marks.get(&licensee).copied().unwrap_or_default();
        question.instants = [marks.grant, self.release, marks.first_use];
        question.renewal = marks.renewal;
        question.latched = vec![marks.ended.is_some_and(|at| at <= self.clock); self.licence.ends.len()];
        let windows = self.windows(&question)?;
        for (given, _) in &step.given {
            self.give(given, ask, &windows)?;
        }
        let counters = self.counters.iter().zip(&windows).enumerate();
        question.used = counters
            .map(|(index, (counter, window))| {
                let whose = whose(counter.key, ask);
                let seated = self.seats.get(&(index, whose.clone()));
                let others = seated.map_or(0, |users| users.iter().filter(|user| **user != ask.user).count());
                self.used.get(&(index, whose, *window)).copied().unwrap_or(0) + others as u128
            })
            .collect();
        let status = |duty| self.duties.get(&(licensee.clone(), duty)).copied().unwrap_or(Duty::Clear);
        question.duties = (0..self.licence.duties.len()).map(status).collect();
        question.notice = self.notice;
        let (reference, vm) = (self.prepared.reference(&question), self.prepared.vm(&question));
        if reference != vm {
            return Err(format!("the evaluators differ\nreference: {reference}\nVM: {vm}"));
        }
        let told = self.happen(&reference, ask)?;
        let missed = step.expect.iter().find(|(expected, _)| !self.holds(expected, &told));
        missed.map_or(Ok(()), |(expected, _)| {
            Err(format!("expected {expected:?}, got\n{}due {}", told.text, told.due))
        })
    }

    /// The index of each counter's window at the instant of the question.
    fn windows(&self, question: &Question) -> Result<Vec<i64>, String> {
        let request = vm::Request {
            used_at: question.used_at,
            user: question.user.as_deref(),
            organisation: question.organisation.as_deref(),
            action: question.axes[0].as_deref(),
            purpose: None,
            place: None,
            facts: &[],
            quantities: &[],
            instants: vm::Instants {
                grant: question.instants[0],
                release: question.instants[1],
                first_use: question.instants[2],
                renewal: question.renewal.map(|(anchor, periods)| vm::Renewal { anchor, periods }),
            },
        };
        let bound = self.prepared.policy.bind(&request).map_err(|error| error.to_string())?;
        Ok(bound.reads().iter().map(|read| read.window).collect())
    }

    /// What happened to the licensee, before anything is asked.
    fn mark(&mut self, given: &TestGiven, licensee: &str) -> Result<(), String> {
        let instant =
            |at: &u64| i64::try_from(*at).map_err(|_| "an instant after the end of time".to_owned());
        let marks = self.marks.entry(licensee.to_owned()).or_default();
        match given {
            TestGiven::Notice(at) => self.notice = Some(instant(at)?),
            TestGiven::Grant(at) => marks.grant = Some(instant(at)?),
            TestGiven::Release(at) => self.release = Some(instant(at)?),
            TestGiven::FirstUse(at) => marks.first_use = Some(instant(at)?),
            TestGiven::Ended(at) => marks.ended = Some(instant(at)?),
            TestGiven::Paid(at) => {
                let at = instant(at)?;
                let policy = &self.prepared.policy;
                let running = marks.renewal.filter(|(anchor, paid)| at < policy.grace_until(*anchor, *paid));
                marks.renewal = Some(running.map_or((at, 1), |(anchor, paid)| (anchor, paid + 1)));
            }
            TestGiven::Counter { .. } | TestGiven::Money { .. } | TestGiven::Duty { .. } => {}
        }
        Ok(())
    }

    fn give(&mut self, given: &TestGiven, ask: &TestAsk, windows: &[i64]) -> Result<(), String> {
        let found = |clause: &str, case: usize| {
            let found = self.counters.iter().position(|it| it.label == clause && it.case == case);
            found.ok_or("there is no such counter")
        };
        match given {
            TestGiven::Counter { clause, case, key, value } => {
                let index = found(clause, *case)?;
                let whose = key.clone().unwrap_or_else(|| whose(self.counters[index].key, ask));
                self.used.insert((index, whose, windows[index]), *value);
            }
            TestGiven::Money { clause, key, amount } => {
                let index = found(clause, 0)?;
                let whose = key.clone().unwrap_or_else(|| whose(self.counters[index].key, ask));
                let units = amount.num * u128::from(self.prepared.policy.manifest().grain);
                let exact = units % amount.den == 0;
                // Credit that is no whole unit of the grain serves as far as it goes; nothing was ever spent so.
                if !exact && self.counters[index].of != CounterOf::Prepaid {
                    return Err("an amount that no price adds up to".to_owned());
                }
                self.used.insert((index, whose, windows[index]), units / amount.den);
            }
            TestGiven::Duty { clause, status } => {
                let status = match status {
                    DutyStatus::Clear => Duty::Clear,
                    DutyStatus::Open => Duty::Pending(vm::END_OF_TIME),
                    DutyStatus::Done => Duty::Done,
                    DutyStatus::Overdue => Duty::Violated,
                    DutyStatus::Unknown => Duty::Unknown,
                };
                let duty = self.duty(clause).ok_or("there is no such duty")?;
                self.duties.insert((whose(Key::Licensee, ask), duty), status);
            }
            _ => {}
        }
        Ok(())
    }

    fn duty(&self, label: &str) -> Option<usize> {
        self.licence.duties.iter().position(|duty| duty.label == label)
    }

    /// What a use adds to a counter when it is committed.
    fn count(&mut self, index: usize, window: i64, quantity: &str, ask: &TestAsk) -> Result<(), String> {
        let Counter { key, of, .. } = self.counters.get(index).ok_or("a counter that is not there")?;
        let (whose, of) = (whose(*key, ask), *of);
        let quantity = quantity.parse::<u128>().map_err(|error| error.to_string())?;
        let used = self.used.entry((index, whose.clone(), window)).or_default();
        match of {
            CounterOf::Limit { .. }
            | CounterOf::Case { .. }
            | CounterOf::Spend { .. }
            | CounterOf::Fee { .. } => {
                *used += quantity;
            }
            // A call that is committed is no longer open.
            CounterOf::AtOnce { .. } => {}
            CounterOf::Seats { .. } => {
                self.seats.entry((index, whose)).or_default().insert(ask.user.clone());
            }
            CounterOf::Prepaid => *used = used.saturating_sub(quantity),
            CounterOf::AtClose { charge } => {
                let sums = matches!(
                    self.licence.at_close.get(charge as usize).map(|it| it.aggregate),
                    Some(Aggregate::Sum | Aggregate::Average)
                );
                *used += if sums { quantity } else { 0 };
            }
        }
        Ok(())
    }

    /// Reads an outcome and lets it happen.
    fn happen(&mut self, text: &str, ask: &TestAsk) -> Result<Told, String> {
        let mut told = Told {
            text: text.to_owned(),
            permit: text.starts_with("permit\n"),
            reasons: Vec::new(),
            charge: BigUint::ZERO,
            due: BigInt::ZERO,
            duties: Vec::new(),
        };
        let licensee = whose(Key::Licensee, ask);
        let number = |word: &str| word.parse::<i64>().map_err(|error| format!("{word}: {error}"));
        for line in text.lines().skip(1) {
            match line.split(' ').collect::<Vec<_>>().as_slice() {
                ["reason", rest @ ..] => {
                    let rest = rest.join(" ");
                    let (code, what) = rest.split_once(':').unwrap_or((&rest, ""));
                    told.reasons.push((code.to_owned(), what.to_owned()));
                }
                ["line", _, _, amount] => {
                    told.charge += amount.parse::<BigUint>().map_err(|e| e.to_string())?;
                }
                ["duty", label, due] => {
                    let duty = self.duty(label).ok_or("a duty of no clause")?;
                    told.duties.push((duty, number(due)?));
                }
                ["delta", counter, window, quantity] => {
                    let index = usize::try_from(number(counter)?).map_err(|error| error.to_string())?;
                    self.count(index, number(window)?, quantity, ask)?;
                }
                ["grace"] => {}
                _ => return Err(format!("an outcome does not say: {line}")),
            }
        }
        for (duty, due) in &told.duties {
            if self.licence.duties[*duty].due != Due::AtEach {
                let status = self.duties.entry((licensee.clone(), *duty)).or_insert(Duty::Clear);
                *status = Duty::Pending(if let Duty::Pending(earlier) = *status {
                    earlier.min(*due)
                } else {
                    *due
                });
            }
        }
        if told.permit {
            self.marks.entry(licensee.clone()).or_default().first_use.get_or_insert(self.clock);
        }
        if let (true, Some(money)) = (told.permit, self.core.money()) {
            let bucket = self.settlement(money.settled);
            let before = if money.settled == reference::Window::Call {
                BigUint::ZERO
            } else {
                self.charged.get(&(licensee.clone(), bucket)).cloned().unwrap_or_default()
            };
            let (exact, charge) = (self.core.currency(&before), self.core.currency(&told.charge));
            told.due = reference::money::due(&exact, &charge, &money.smallest, money.rounding);
            self.charged.insert((licensee, bucket), before + &told.charge);
        }
        Ok(told)
    }

    /// The index of the settlement window (section 8).
    fn settlement(&self, window: reference::Window) -> i64 {
        let zone = evaluator::zone_of(self.licence);
        let second = self.clock.div_euclid(1_000_000);
        let past = zone.transitions.iter().rev().find(|(at, _)| *at <= second);
        let offset = past.map_or(zone.initial, |(_, offset)| *offset);
        let day = (second + i64::from(offset)).div_euclid(86_400);
        let month = months(day);
        match window {
            reference::Window::Day => day,
            reference::Window::Week => (day + 3).div_euclid(7),
            reference::Window::Month => month,
            reference::Window::Quarter => month.div_euclid(3),
            reference::Window::Year => month.div_euclid(12),
            _ => 0, // the term; a call; the rest is not for settlement
        }
    }

    fn holds(&self, expected: &TestExpect, told: &Told) -> bool {
        match expected {
            TestExpect::Permit => told.permit,
            TestExpect::Deny { reason, subject, by } => {
                let found = |(code, what): &(String, String)| {
                    reason.is_none_or(|reason| code == reason)
                        && subject.as_ref().is_none_or(|subject| is_about(code, what, subject))
                };
                let behind =
                    |by: &String| told.reasons.iter().any(|(code, what)| code != "needing" && what == by);
                !told.permit && told.reasons.iter().any(found) && by.as_ref().is_none_or(behind)
            }
            TestExpect::Charge(amount) => {
                let exact = self.core.currency(&told.charge);
                told.permit && same(exact.numer(), exact.denom(), *amount)
            }
            TestExpect::Due(amount) => {
                let Some(money) = self.core.money() else { return false };
                let due = &told.due * money.smallest.numer();
                told.permit && same(&due, money.smallest.denom(), *amount)
            }
            TestExpect::Must(label) => {
                told.permit && told.duties.iter().any(|(duty, _)| self.duty(label) == Some(*duty))
            }
        }
    }
}

/// The counters of a module.
fn counters(manifest: &Manifest) -> Vec<Counter> {
    let read = |counter: &vm::Counter| Counter {
        label: manifest.label(counter.clause).unwrap_or_default().to_owned(),
        case: match counter.of {
            CounterOf::Case { case, .. } | CounterOf::Fee { case, .. } => case as usize,
            _ => 0,
        },
        key: match counter.key {
            vm::Key::User => Key::User,
            vm::Key::Organisation => Key::Organisation,
            vm::Key::Licensee => Key::Licensee,
        },
        of: counter.of,
    };
    manifest.counters.iter().map(read).collect()
}

/// Whether a reason is about what a test names: `unlisted` for any axis, `_` for `-`, a unit in the plural.
fn is_about(code: &str, what: &str, subject: &str) -> bool {
    let unit = |plural: &str| plural.strip_suffix('s').is_some_and(|one| one == what);
    what.replace('-', "_") == subject
        || (subject == "unlisted" && what.starts_with("unlisted-"))
        || (matches!(code, "range" | "unpriced") && unit(subject))
}

fn same(numerator: &BigInt, denominator: &BigInt, amount: Ratio) -> bool {
    numerator * amount.den == denominator * amount.num
}

fn question(ask: &TestAsk, used_at: i64) -> Question {
    let value = |value: &FactValue| match value {
        FactValue::YesNo(truth) => Value::Truth(*truth),
        FactValue::Count(number) => Value::Number(*number),
        FactValue::Text(text) => Value::Text(text.clone()),
    };
    Question {
        used_at,
        user: Some(ask.user.clone()),
        organisation: ask.organisation.clone(),
        axes: [Some(ask.action.clone()), ask.purpose.clone(), ask.place.clone()],
        facts: ask.facts.iter().map(|(name, fact)| (name.clone(), value(fact))).collect(),
        quantities: ask.quantities.clone(),
        used: Vec::new(),
        duties: Vec::new(),
        notice: None,
        ..Question::default()
    }
}

/// The first instant of the term; 1970 if it has none.
fn beginning(licence: &Licence) -> i64 {
    match licence.term.and_then(|term| term.from) {
        // What no grant or release has fixed begins at no known instant.
        None | Some(Point::Anchored { .. }) => 0,
        Some(Point::Instant(micros)) => i64::try_from(micros).unwrap_or(i64::MAX),
        Some(Point::Date(days)) => {
            let midnight = i64::try_from(days).unwrap_or(0) * 86_400;
            let zone = evaluator::zone_of(licence);
            let ends = zone.transitions.iter().map(|(at, _)| *at).chain([i64::MAX]);
            let starts = [(i64::MIN, zone.initial)].into_iter().chain(zone.transitions.iter().copied());
            // The first instant whose local time is not before midnight (section 8).
            let mut found = starts.zip(ends).filter_map(|((start, offset), end)| {
                let instant = start.max(midnight - i64::from(offset));
                (instant < end).then_some(instant)
            });
            found.next().unwrap_or(midnight) * 1_000_000
        }
    }
}

/// Whose counter it is, a handle.
fn whose(key: Key, ask: &TestAsk) -> String {
    match key {
        Key::User => ask.user.clone(),
        Key::Organisation => ask.organisation.clone().unwrap_or_default(),
        Key::Licensee => ask.organisation.clone().unwrap_or_else(|| ask.user.clone()),
    }
}

/// Months from 1970-01 to the month of a day, counted from 1970-01-01: by walking, a year and a month at a time.
fn months(mut day: i64) -> i64 {
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut year = 1970;
    while day >= 365 + i64::from(leap(year)) {
        day -= 365 + i64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    for length in lengths {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    12 * (year - 1970) + month
}
