//! Runs a test block: each step asks both evaluators, and what a permitted use counts, owes and costs is there for the
//! next step, as `spec/core.md` section 7 and `spec/ledger.md` say.

use std::collections::BTreeMap;

use licit_compiler::core::{Due, Key, Licence, Point, Price, Ratio};
use licit_compiler::{DutyStatus, FactValue, TestAsk, TestCase, TestExpect, TestGiven, TestStep};
use licit_reference as reference;
use licit_tests::evaluator::{self, Prepared};
use licit_tests::question::{Duty, Question, Value};
use licit_vm as vm;
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
    /// Label, case and key of each counter: limits, then price tables.
    counters: Vec<(&'a str, usize, Key)>,
    /// By counter, whose, window.
    used: BTreeMap<(usize, String, i64), u128>,
    /// By licensee and duty.
    duties: BTreeMap<(String, usize), Duty>,
    notice: Option<i64>,
    /// By licensee and settlement window, in units of the grain.
    charged: BTreeMap<(String, i64), BigUint>,
    clock: i64,
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
        let limits = licence.limits.iter().map(|limit| (limit.label.as_str(), 0, limit.key));
        let tables = licence.charges.iter().flat_map(|charge| {
            charge.cases.iter().enumerate().filter_map(|(case, (_, price))| match price {
                Price::Graduated { key, .. } => Some((charge.label.as_str(), case, *key)),
                _ => None,
            })
        });
        let bytes = licence.encode().expect("a licence without errors has a core");
        Story {
            licence,
            prepared: Prepared::new(licence),
            core: reference::Core::decode(&bytes).expect("the reference interpreter reads every core"),
            counters: limits.chain(tables).collect(),
            used: BTreeMap::new(),
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
        let mut question = question(ask, self.clock);
        let windows = self.windows(&question)?;
        for (given, _) in &step.given {
            self.give(given, ask, &windows)?;
        }
        let licensee = whose(Key::Licensee, ask);
        let counters = self.counters.iter().zip(&windows).enumerate();
        question.used = counters
            .map(|(index, ((_, _, key), window))| {
                self.used.get(&(index, whose(*key, ask), *window)).copied().unwrap_or(0)
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
            ..vm::Request::default()
        };
        let bound = self.prepared.policy.bind(&request).map_err(|error| error.to_string())?;
        Ok(bound.reads().iter().map(|read| read.window).collect())
    }

    fn give(&mut self, given: &TestGiven, ask: &TestAsk, windows: &[i64]) -> Result<(), String> {
        match given {
            TestGiven::Counter { clause, case, key, value } => {
                let index =
                    self.counters.iter().position(|(label, number, _)| label == clause && number == case);
                let index = index.ok_or("there is no such counter")?;
                let whose = key.clone().unwrap_or_else(|| whose(self.counters[index].2, ask));
                self.used.insert((index, whose, windows[index]), *value);
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
            TestGiven::Notice(at) => self.notice = i64::try_from(*at).ok(),
            other => return Err(format!("not told yet: {other:?}")),
        }
        Ok(())
    }

    fn duty(&self, label: &str) -> Option<usize> {
        self.licence.duties.iter().position(|duty| duty.label == label)
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
                    let key = whose(self.counters[index].2, ask);
                    let used = self.used.entry((index, key, number(window)?)).or_default();
                    *used += quantity.parse::<u128>().map_err(|error| error.to_string())?;
                }
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
