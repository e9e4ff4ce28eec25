//! Limits: sums, what runs at once, seats, spending; and which of them another makes superfluous.

use licit_grammar::Span;

use super::from_hir::Check;
use super::money::grouped;
use super::time::WINDOWS;
use super::vocabulary::out_of_range;
use crate::core::{self, Key, Nat, Window};
use crate::diagnostic::{Code, Diagnostic, Edit, Safety};
use crate::hir::{self, LimitKind, Name, Sp};

/// A limit on a sum, to be compared with others.
pub(super) struct SumLimit {
    label: String,
    unit: u32,
    cap: Nat,
    key: core::Key,
    window: Window,
    guard: Option<core::Cond>,
}

impl Check<'_> {
    pub(super) fn limit(&mut self, label: &str, clause: Span, it: &hir::Limit) -> Option<core::Limit> {
        let kind = match &it.kind {
            LimitKind::Sum { count, unit } => {
                if self.is_word(unit, "user") {
                    let message = "a limit on users says how long each of them holds a seat";
                    self.findings.push(
                        Diagnostic::new(Code::E0306, it.amount, message)
                            .label("held how long?")
                            .help("add it, as: limit 12 users per organisation, held 14 days"),
                    );
                    None
                } else {
                    return self.sum_limit(label, clause, it, count, unit);
                }
            }
            LimitKind::AtOnce { count, unit, lease } => self.at_once(it, count, unit, lease.as_ref()),
            LimitKind::Seats { count, unit, held } => self.seats(it, count, unit, held),
            LimitKind::Spend(money) => {
                self.purse.get_or_insert((it.amount, "a limit on spending"));
                let amount = self.amount(money, "an amount of money");
                let counter = self.counter(&it.per, clause);
                if amount.is_some_and(|amount| amount.num == 0) {
                    self.findings.push(nothing(it.amount));
                    return None;
                }
                amount
                    .zip(counter)
                    .map(|(amount, (window, key))| (key, core::LimitKind::Spend { amount, window }))
            }
        };
        let guard = optional(self.guard(&it.selector));
        let (key, kind) = kind?;
        Some(core::Limit { label: label.to_owned(), key, kind, guard: guard? })
    }

    fn sum_limit(
        &mut self,
        label: &str,
        clause: Span,
        it: &hir::Limit,
        count: &Sp<u128>,
        unit: &Name,
    ) -> Option<core::Limit> {
        let unit = self.unit(unit);
        let counter = self.counter(&it.per, clause);
        let guard = optional(self.guard(&it.selector));
        let (unit, factor) = unit?;
        let cap = self.cap(count, factor, it.amount)?;
        let (window, key) = counter?;
        let guard = guard?;
        let label = label.to_owned();
        let sum = SumLimit { label: label.clone(), unit, cap, key, window, guard: guard.clone() };
        self.limits.push((sum, it.amount));
        Some(core::Limit { label, key, kind: core::LimitKind::Sum { unit, cap, window }, guard })
    }

    fn cap(&mut self, count: &Sp<u128>, factor: Nat, amount: Span) -> Option<Nat> {
        let cap = count.value.checked_mul(factor).filter(|cap| *cap <= core::NAT_MAX);
        match cap {
            None => self.findings.push(out_of_range(count.span, "a limit", "1", "2^127 - 1")),
            Some(0) => self.findings.push(nothing(amount)),
            Some(_) => {}
        }
        cap.filter(|cap| *cap > 0)
    }

    /// Whether a name is this word, in the singular or plural, and no unit of a vocabulary.
    fn is_word(&self, name: &Name, word: &str) -> bool {
        let text = name.value.as_str();
        let unit = self.scope.unit_names.contains_key(text) || self.scope.excuses(text);
        text.strip_suffix('s').unwrap_or(text) == word && !unit
    }

    fn at_once(
        &mut self,
        it: &hir::Limit,
        count: &Sp<u128>,
        unit: &Name,
        lease: Option<&hir::Length>,
    ) -> Option<(Key, core::LimitKind)> {
        let key = self.key_alone(&it.per, "what runs at once is counted at every moment");
        let lease = match lease {
            Some(length) => self.some_time(length, "a lease"),
            None => {
                self.findings.push(
                    Diagnostic::new(Code::E0306, it.amount, "a limit on what runs at once needs a `lease`")
                        .label("open how long, if nobody says that it is over?")
                        .help("add it, as: limit 8 calls at once per organisation, lease 5 minutes"),
                );
                None
            }
        };
        let text = unit.value.as_str();
        if text.strip_suffix('s').unwrap_or(text) != "call" {
            self.findings.push(only(unit, "what runs at once is calls", "calls"));
            return None;
        }
        let cap = self.cap(count, 1, it.amount);
        Some((key?, core::LimitKind::AtOnce { cap: cap?, lease: lease? }))
    }

    fn seats(
        &mut self,
        it: &hir::Limit,
        count: &Sp<u128>,
        unit: &Name,
        held: &hir::Length,
    ) -> Option<(Key, core::LimitKind)> {
        let key = self.key_alone(&it.per, "a seat is held at every moment");
        let held = self.some_time(held, "the time that a seat is held");
        let text = unit.value.as_str();
        if text.strip_suffix('s').unwrap_or(text) != "user" {
            self.findings.push(only(unit, "seats are held by users", "users"));
            return None;
        }
        let cap = self.cap(count, 1, it.amount);
        if key == Some(Key::User) {
            let place = it.per.iter().find(|name| name.value == "user").map_or(it.amount, |name| name.span);
            self.findings.push(
                Diagnostic::new(Code::E0706, place, "every user has one seat")
                    .label("one user for each user")
                    .help("seats are counted per organisation, or per licensee"),
            );
            return None;
        }
        Some((key?, core::LimitKind::Seats { cap: cap?, held: held? }))
    }

    /// Limits that another limit, or the unit's own range, makes superfluous.
    pub(super) fn compare_limits(&mut self) {
        // A module holds no more counters than these, which is reported elsewhere.
        const MOST: usize = 1024;
        let limits = std::mem::take(&mut self.limits);
        let limits = if limits.len() > MOST { Vec::new() } else { limits };
        for (i, (it, amount)) in limits.iter().enumerate() {
            let highest = self.scope.units[it.unit as usize].highest;
            if it.cap >= highest {
                self.findings.push(
                    Diagnostic::new(Code::W0703, *amount, format!("`{}` is never reached", it.label))
                        .label(format!("no counter of this unit goes beyond {}", grouped(highest)))
                        .help("lower the limit, or widen the unit's range in its vocabulary"),
                );
                continue;
            }
            let stronger = limits.iter().enumerate().find_map(|(j, (other, place))| {
                let same = i != j
                    && other.unit == it.unit
                    && other.key == it.key
                    && (other.guard.is_none() || other.guard == it.guard);
                let most = other.cap.checked_mul(windows_in(other.window, it.window).filter(|_| same)?)?;
                // Of two equal limits the later one is the superfluous one.
                let never = most < it.cap || (most == it.cap && (other.window != it.window || j < i));
                never.then_some((other, *place, most))
            });
            if let Some((other, place, most)) = stronger {
                let times = most / other.cap.max(1);
                let most = if times == 1 {
                    format!("at most {} already", grouped(most))
                } else {
                    let window = window_word(it.window);
                    format!("at most {times} x {} = {} in a {window}", grouped(other.cap), grouped(most))
                };
                self.findings.push(
                    Diagnostic::new(
                        Code::W0703,
                        *amount,
                        format!("`{}` adds nothing to `{}`", it.label, other.label),
                    )
                    .label("so this is never reached")
                    .also(place, most)
                    .help("lower it, or count it per another key"),
                );
            }
        }
        self.limits = limits;
    }
}

/// How many windows of one kind can touch one window of another: at most.
fn windows_in(inner: Window, outer: Window) -> Option<u128> {
    use Window::{Day, Hour, Minute, Month, Quarter, Second, Week, Year};
    Some(match (inner, outer) {
        (a, b) if a == b => 1,
        (Day, Week) => 7,
        (Day, Month) => 31,
        (Day, Quarter) => 92,
        (Day, Year) => 366,
        (Week, Month) => 6,
        (Week, Quarter) => 14,
        (Week, Year) => 54,
        (Month, Quarter) => 3,
        (Month, Year) => 12,
        (Quarter, Year) => 4,
        (Second, Minute) | (Minute, Hour) => 60,
        (Second, Hour) => 3600,
        // A whole term bounds every window inside it.
        (Window::Term, _) => 1,
        _ => return None,
    })
}

fn window_word(window: Window) -> &'static str {
    WINDOWS.iter().find(|(_, it)| *it == window).map_or("call", |(word, _)| word)
}

/// What was not written, what could not be understood, and what could.
#[expect(clippy::option_option, reason = "whether there is something, and whether it could be understood")]
pub(super) fn optional<T>(it: Option<Option<T>>) -> Option<Option<T>> {
    it.map_or(Some(None), |inner| inner.map(Some))
}

fn nothing(amount: Span) -> Diagnostic {
    Diagnostic::new(Code::E0704, amount, "not a single use fits into this limit")
        .label("nothing")
        .help("raise the limit, or `forbid` the use")
}

fn only(unit: &Name, message: &str, word: &str) -> Diagnostic {
    let edit = Edit { span: unit.span, text: word.to_owned() };
    Diagnostic::new(Code::E0301, unit.span, message).label(format!("counts {}", unit.value)).fix(
        Safety::Ask,
        format!("write `{word}`"),
        vec![edit],
    )
}
