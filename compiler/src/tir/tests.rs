//! Test blocks as data: what is given, asked and expected, with names checked and numbers exact. Who runs them decides
//! what `expect` means; this file only knows what it says.

use licit_grammar::Span;

use super::conditions::{type_word, unknown_term};
use super::{ClauseKind, Licence, money, time};
use crate::core::{self, Axis, FactType, LimitKind, Nat, Price, Ratio};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::scope::Scope;
use crate::hir::{self, AskValue, Name, Reason, Sp};
use crate::suggest::closest;

/// A test block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestCase {
    /// What it says.
    pub name: String,
    /// The licence it is about.
    pub licence: String,
    /// The whole block.
    pub span: Span,
    /// In order; state is carried from one to the next.
    pub steps: Vec<TestStep>,
}

impl TestCase {
    /// Moves every span by the beginning of the declaration that it is relative to.
    pub(crate) fn shifted(mut self, by: u32) -> Self {
        let shift = |span: &mut Span| *span = Span::new(span.start + by, span.end + by);
        shift(&mut self.span);
        for step in &mut self.steps {
            shift(&mut step.span);
            shift(&mut step.ask_span);
            step.given.iter_mut().for_each(|(_, span)| shift(span));
            step.expect.iter_mut().for_each(|(_, span)| shift(span));
        }
        self
    }
}

/// Some state, one ask, what is expected of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestStep {
    /// The whole step.
    pub span: Span,
    /// State to set before the ask.
    pub given: Vec<(TestGiven, Span)>,
    /// The ask.
    pub ask: TestAsk,
    /// Of the ask.
    pub ask_span: Span,
    /// What must hold of its outcome.
    pub expect: Vec<(TestExpect, Span)>,
}

/// A piece of state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TestGiven {
    /// A counter stands at a value, in the window of the ask.
    Counter {
        /// The label of its clause.
        clause: String,
        /// The number of the case in the core, for a charge.
        case: usize,
        /// Whose counter, a handle; none: that of whoever asks.
        key: Option<String>,
        /// In units of their own.
        value: Nat,
    },
    /// A duty has a status.
    Duty {
        /// The label of its clause.
        clause: String,
        /// The status.
        status: DutyStatus,
    },
    /// Money that a counter holds: what was spent, or the credit that is left.
    Money {
        /// The label of its clause.
        clause: String,
        /// Whose, a handle; none: that of whoever asks.
        key: Option<String>,
        /// In the licence's currency.
        amount: Ratio,
    },
    /// The licensor gave notice, at this instant in microseconds since 1970-01-01T00:00Z (as all that follow).
    Notice(u64),
    /// The licence was granted to the licensee who asks.
    Grant(u64),
    /// What is licensed was released.
    Release(u64),
    /// The licensee who asks used it first.
    FirstUse(u64),
    /// The licensee who asks paid for one period of the renewal: the first, or after it lapsed again the first, or the
    /// next.
    Paid(u64),
    /// What ends the grant of the licensee who asks became true.
    Ended(u64),
}

/// How a duty stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DutyStatus {
    /// Nothing is owed yet.
    Clear,
    /// Owed, and there is time.
    Open,
    /// Fulfilled.
    Done,
    /// Owed and late.
    Overdue,
    /// Nobody knows.
    Unknown,
}

/// An ask: the request of `spec/core.md` section 6.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestAsk {
    /// The user's handle.
    pub user: String,
    /// The organisation's handle.
    pub organisation: Option<String>,
    /// The action's name.
    pub action: String,
    /// The purpose's name.
    pub purpose: Option<String>,
    /// The place's name.
    pub place: Option<String>,
    /// Unit (its own name, singular) and quantity; multiples folded, each unit once.
    pub quantities: Vec<(String, Nat)>,
    /// Facts, attested kinds included.
    pub facts: Vec<(String, FactValue)>,
    /// Microseconds since 1970-01-01T00:00Z; none: it was not said (a test then means the instant of the step before,
    /// the first of them the beginning of the term).
    pub used_at: Option<u64>,
}

/// The value of a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactValue {
    /// `yes_no` and kinds.
    YesNo(bool),
    /// `count`
    Count(Nat),
    /// `text`, and `party` (a handle).
    Text(String),
}

/// What a test expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TestExpect {
    /// The use is permitted.
    Permit,
    /// It is denied.
    Deny {
        /// This is among the reasons, as `needing`.
        reason: Option<&'static str>,
        /// What the reason names.
        subject: Option<String>,
        /// A clause that is among the reasons.
        by: Option<String>,
    },
    /// The exact sum of all lines.
    Charge(Ratio),
    /// What falls due after rounding.
    Due(Ratio),
    /// A duty of this clause arises.
    Must(String),
}

/// The licence a test is about.
pub(crate) struct Subject<'a> {
    pub hir: &'a hir::Licence,
    pub tir: &'a Licence,
    pub scope: &'a Scope,
    pub case_numbers: &'a std::collections::BTreeMap<String, Vec<usize>>,
}

/// What makes a piece of state of an instant.
type Mark = fn(u64) -> TestGiven;

/// What a counter counts.
#[derive(Clone, Copy)]
enum Counts {
    /// A unit of its own.
    Unit(u32),
    /// What no vocabulary declares: one of these words, in the singular.
    Word(&'static [&'static str]),
    Money,
}

fn of_limit(kind: &LimitKind) -> Counts {
    match kind {
        LimitKind::Sum { unit, .. } => Counts::Unit(*unit),
        LimitKind::AtOnce { .. } => Counts::Word(&["call"]),
        LimitKind::Seats { .. } => Counts::Word(&["user"]),
        LimitKind::Spend { .. } => Counts::Money,
    }
}

/// Lowers a test; what is wrong with it in the second place.
pub(crate) fn lower(test: &hir::Test, subject: &Subject<'_>) -> (TestCase, Vec<Diagnostic>) {
    let mut cx = Lower { subject, findings: Vec::new() };
    let mut steps = Vec::new();
    let mut whole = test.name.span;
    for step in &test.steps {
        whole = whole.to(step.span);
        let given = step.given.iter().filter_map(|given| Some((cx.given(given)?, given.span))).collect();
        let Some(ask) = &step.ask else { continue };
        let lowered = cx.ask(&ask.value, Some(&step.expect));
        let expect =
            step.expect.iter().filter_map(|expect| Some((cx.expect(expect)?, expect.span))).collect();
        steps.push(TestStep { span: step.span, given, ask: lowered, ask_span: ask.span, expect });
    }
    let case =
        TestCase { name: test.name.value.clone(), licence: test.subject.value.clone(), span: whole, steps };
    (case, cx.findings)
}

/// Lowers a single ask.
pub(crate) fn lower_ask(ask: &hir::Ask, subject: &Subject<'_>) -> (TestAsk, Vec<Diagnostic>) {
    let mut cx = Lower { subject, findings: Vec::new() };
    // Whoever asks for real may ask for what nobody listed: the outcome says so.
    let ask = cx.ask(ask, None);
    (ask, cx.findings)
}

struct Lower<'a> {
    subject: &'a Subject<'a>,
    findings: Vec<Diagnostic>,
}

impl Lower<'_> {
    fn clause(&mut self, name: &Name) -> Option<&ClauseKind> {
        let clauses = &self.subject.tir.clauses;
        let found = clauses.iter().find(|clause| clause.label == name.value);
        if found.is_none() && !self.subject.hir.loose.contains(&name.value) && !name.value.is_empty() {
            let labels = clauses.iter().map(|clause| clause.label.as_str());
            self.findings.push(
                Diagnostic::new(
                    Code::E0202,
                    name.span,
                    format!("`{}` has no clause `{}`", self.subject.tir.name, name.value),
                )
                .label("not a label of this licence")
                .did_you_mean(&name.value, closest(&name.value, labels)),
            );
        }
        found.map(|clause| &clause.kind)
    }

    fn given(&mut self, given: &Sp<hir::Given>) -> Option<TestGiven> {
        match &given.value {
            hir::Given::Counter { clause, case, key, at } => {
                self.counter(clause, case.as_ref(), key.as_ref(), at)
            }
            hir::Given::Duty { clause, status } => self.duty(clause, status),
            hir::Given::Mark { mark, on } => self.mark(mark, on),
            hir::Given::Broken => None,
        }
    }

    fn mark(&mut self, mark: &Name, on: &Sp<hir::Moment>) -> Option<TestGiven> {
        const MARKS: [(&str, Mark); 7] = [
            ("revoked", TestGiven::Notice),
            ("notice", TestGiven::Notice),
            ("grant", TestGiven::Grant),
            ("release", TestGiven::Release),
            ("use", TestGiven::FirstUse),
            ("paid", TestGiven::Paid),
            ("ended", TestGiven::Ended),
        ];
        let text = mark.value.as_str();
        let Some((_, make)) = MARKS.iter().find(|(word, _)| *word == text) else {
            let known = MARKS.map(|(word, _)| word);
            self.findings.push(
                Diagnostic::new(Code::E0202, mark.span, format!("no mark is called `{text}`"))
                    .label("not a mark")
                    .note(format!("the marks are: {}", known.join(", ")))
                    .did_you_mean(text, closest(text, known)),
            );
            return None;
        };
        let at = self.moment(on)?;
        let licence = self.subject.hir;
        let idle = match text {
            "paid" => licence.renews.is_missing().then_some("this licence does not renew"),
            "ended" => {
                let ends = licence.clauses.iter().any(|it| matches!(it.kind, hir::ClauseKind::Ends(_)));
                (!ends && !licence.unread).then_some("nothing ends this licence")
            }
            _ => None,
        };
        if let Some(message) = idle {
            self.findings.push(
                Diagnostic::new(Code::E0302, mark.span, message).label("a mark without a meaning here"),
            );
            return None;
        }
        Some(make(at))
    }

    fn counter(
        &mut self,
        clause: &Name,
        case: Option<&Sp<u128>>,
        key: Option<&Name>,
        at: &hir::At,
    ) -> Option<TestGiven> {
        let counted = match self.clause(clause)? {
            ClauseKind::Limit(limit) => Some((of_limit(&limit.kind), 0)),
            ClauseKind::Prepaid(_) => Some((Counts::Money, 0)),
            ClauseKind::AtClose(it) => Some((Counts::Unit(it.unit), 0)),
            ClauseKind::Charge { .. } => self.case_counter(clause, case)?,
            ClauseKind::Broken => return None,
            _ => None,
        };
        let Some((counts, case)) = counted else {
            let span = case.map_or(clause.span, |case| clause.span.to(case.span));
            self.findings.push(
                Diagnostic::new(Code::E0302, span, "nothing is counted here")
                    .label("not a limit, not a price table, not a fee, not credit")
                    .help("name a `limit`, or a `charge per ... { ... }`"),
            );
            return None;
        };
        let key = key.map(|key| key.value.clone());
        let label = clause.value.clone();
        match (counts, at) {
            (Counts::Money, hir::At::Money(money)) => {
                let amount = self.amount_of(&money.currency, money.amount, money.span)?;
                Some(TestGiven::Money { clause: label, key, amount })
            }
            (Counts::Money, hir::At::Quantity(_, unit)) => {
                self.other_unit(clause, unit.span, &unit.value, "money");
                None
            }
            (Counts::Unit(wanted), hir::At::Money(money)) => {
                let wanted = self.subject.scope.units[wanted as usize].name.clone();
                self.other_unit(clause, money.span, "money", &wanted);
                None
            }
            (Counts::Word(words), hir::At::Money(money)) => {
                self.other_unit(clause, money.span, "money", words[0]);
                None
            }
            (Counts::Word(words), hir::At::Quantity(count, unit)) => {
                let one = unit.value.strip_suffix('s').unwrap_or(&unit.value);
                if !words.contains(&one) {
                    self.other_unit(clause, unit.span, &unit.value, words[0]);
                    return None;
                }
                Some(TestGiven::Counter { clause: label, case, key, value: count.value })
            }
            (Counts::Unit(wanted), hir::At::Quantity(count, unit)) => {
                let (found, factor) = self.unit(unit)?;
                if found != wanted {
                    let wanted = self.subject.scope.units[wanted as usize].name.clone();
                    self.other_unit(clause, unit.span, &unit.value, &wanted);
                    return None;
                }
                let value = self.amount(count, factor)?;
                Some(TestGiven::Counter { clause: label, case, key, value })
            }
        }
    }

    fn other_unit(&mut self, clause: &Name, span: Span, found: &str, wanted: &str) {
        self.findings.push(
            Diagnostic::new(Code::E0301, span, format!("`{}` counts another unit", clause.value))
                .label(format!("counts {found}"))
                .also(clause.span, format!("counts {wanted}")),
        );
    }

    /// What a case of a charge counts and its number in the core; `Some(None)` if it counts nothing.
    #[expect(clippy::option_option, reason = "whether there is a counter, and whether that could be decided")]
    fn case_counter(&mut self, clause: &Name, case: Option<&Sp<u128>>) -> Option<Option<(Counts, usize)>> {
        let subject = self.subject;
        let found = subject.tir.clauses.iter().find(|it| it.label == clause.value).map(|it| &it.kind);
        let Some(ClauseKind::Charge { cases, otherwise, by_case }) = found else { return None };
        let rest = otherwise.iter().map(|(price, place)| (price, *place));
        let mut counting: Vec<(Counts, usize)> = cases
            .iter()
            .map(|(_, price, place)| (price, *place))
            .chain(rest)
            .filter_map(|(price, place)| match price {
                Price::Graduated { unit, .. } | Price::Bounded { unit, .. } => {
                    Some((Counts::Unit(*unit), place))
                }
                Price::Fee { .. } => Some((Counts::Word(&["use", "call"]), place)),
                Price::Free | Price::Rate { .. } => None,
            })
            .collect();
        counting.sort_by_key(|(_, place)| *place);
        let wanted = case.map(|case| usize::try_from(case.value).unwrap_or(usize::MAX).wrapping_sub(1));
        let found = match wanted {
            Some(wanted) => counting.iter().find(|(_, place)| *place == wanted),
            None => counting.first().filter(|_| counting.len() == 1),
        };
        let number = |place: usize| {
            let numbers = subject.case_numbers.get(&clause.value).filter(|_| *by_case);
            numbers.and_then(|numbers| numbers.get(place)).copied().unwrap_or(0)
        };
        if found.is_none() && counting.len() > 1 && case.is_none() {
            self.findings.push(
                Diagnostic::new(
                    Code::E0306,
                    clause.span,
                    format!("`{}` has a counter for each of its cases", clause.value),
                )
                .label("which one?")
                .help(format!("name it: `{} case 1 at ...`, counted from 1 as written", clause.value)),
            );
            return None;
        }
        Some(found.map(|(counts, place)| (*counts, number(*place))))
    }

    fn duty(&mut self, clause: &Name, status: &Name) -> Option<TestGiven> {
        const STATUSES: [(&str, DutyStatus); 5] = [
            ("clear", DutyStatus::Clear),
            ("open", DutyStatus::Open),
            ("done", DutyStatus::Done),
            ("overdue", DutyStatus::Overdue),
            ("unknown", DutyStatus::Unknown),
        ];
        match self.clause(clause)? {
            ClauseKind::Duty(_) => {}
            ClauseKind::Broken => return None,
            _ => {
                self.findings.push(
                    Diagnostic::new(Code::E0304, clause.span, format!("`{}` is not a duty", clause.value))
                        .label("only a `must` clause has a status"),
                );
                return None;
            }
        }
        let found = STATUSES.iter().find(|(word, _)| *word == status.value);
        if found.is_none() {
            let known = STATUSES.map(|(word, _)| word);
            self.findings.push(
                Diagnostic::new(Code::E0202, status.span, format!("no status is called `{}`", status.value))
                    .label("not a status")
                    .note(format!("a duty is: {}", known.join(", ")))
                    .did_you_mean(&status.value, closest(&status.value, known)),
            );
        }
        found.map(|(_, status)| TestGiven::Duty { clause: clause.value.clone(), status: *status })
    }

    fn unit(&mut self, name: &Name) -> Option<(u32, Nat)> {
        if let Some(found) = self.subject.scope.unit_names.get(&name.value) {
            return *found;
        }
        if !self.subject.scope.excuses(&name.value) {
            self.findings.push(money::unknown_unit(self.subject.scope, name));
        }
        None
    }

    fn amount(&mut self, count: &Sp<u128>, factor: Nat) -> Option<Nat> {
        let value = count.value.checked_mul(factor);
        if value.is_none() {
            self.findings.push(super::vocabulary::out_of_range(count.span, "a quantity", "0", "2^128 - 1"));
        }
        value
    }

    fn moment(&mut self, moment: &Sp<hir::Moment>) -> Option<u64> {
        let calendar = self.subject.tir.calendar.as_deref().unwrap_or("UTC");
        let midnight;
        let (date, time, zone) = match &moment.value {
            hir::Moment::Instant { date, time, zone } => (*date, *time, zone),
            hir::Moment::Date(date) => {
                midnight = licit_grammar::ast::ClockTime { hour: 0, minute: 0, second: None };
                (*date, midnight, &hir::Zone::Calendar)
            }
        };
        match time::instant(date, time, zone, calendar) {
            Ok(micros) => match u64::try_from(micros) {
                Ok(micros) => Some(micros),
                Err(_) => {
                    self.findings.push(
                        Diagnostic::new(Code::E0305, moment.span, "time begins with 1970-01-01")
                            .label("before that"),
                    );
                    None
                }
            },
            Err(name) => {
                self.findings.push(time::unknown_zone(name));
                None
            }
        }
    }

    /// `expect` is what a test expects of it; none outside of tests.
    fn ask(&mut self, ask: &hir::Ask, expect: Option<&[Sp<hir::Expect>]>) -> TestAsk {
        let scope = self.subject.scope;
        self.term(Axis::Action, Some(&ask.action), expect);
        self.term(Axis::Purpose, ask.purpose.as_ref(), expect);
        self.term(Axis::Place, ask.place.as_ref(), expect);
        let mut out = TestAsk {
            user: ask.user.value.clone(),
            organisation: ask.organisation.as_ref().map(|name| name.value.clone()),
            action: ask.action.value.clone(),
            purpose: ask.purpose.as_ref().map(|name| name.value.clone()),
            place: ask.place.as_ref().map(|name| name.value.clone()),
            ..TestAsk::default()
        };
        for (count, unit) in &ask.quantities {
            let unlisted = !scope.unit_names.contains_key(&unit.value)
                && expect.is_none_or(|expect| {
                    let range =
                        |e: &Sp<_>| matches!(&e.value, hir::Expect::Deny { reason: Some(Reason::Range), .. });
                    expect.iter().any(range)
                });
            let (name, factor) = if unlisted {
                (unit.value.clone(), 1)
            } else {
                let Some((index, factor)) = self.unit(unit) else { continue };
                (scope.units[index as usize].name.clone(), factor)
            };
            let Some(value) = self.amount(count, factor) else { continue };
            match out.quantities.iter_mut().find(|(known, _)| *known == name) {
                None => out.quantities.push((name, value)),
                Some((_, sum)) => *sum = sum.saturating_add(value),
            }
        }
        for kind in &ask.kinds {
            if self.fact(kind, "kind", |ty| *ty == FactType::Kind) {
                out.facts.push((kind.value.clone(), FactValue::YesNo(true)));
            }
        }
        for (name, value) in &ask.facts {
            let fits = |ty: &FactType| match &value.value {
                AskValue::YesNo(_) => matches!(ty, FactType::YesNo | FactType::Kind),
                AskValue::Int(_) => matches!(ty, FactType::Count { .. }),
                AskValue::Text(_) => *ty == FactType::Text,
                AskValue::Party(_) => *ty == FactType::Party,
                AskValue::Broken => false,
            };
            if value.value == AskValue::Broken || !self.fact(name, "fact", fits) {
                continue;
            }
            let value = match &value.value {
                AskValue::YesNo(value) => FactValue::YesNo(*value),
                AskValue::Int(value) => FactValue::Count(*value),
                AskValue::Text(text) | AskValue::Party(text) => FactValue::Text(text.clone()),
                AskValue::Broken => continue,
            };
            out.facts.push((name.value.clone(), value));
        }
        out.used_at = match &ask.on {
            Some(moment) => self.moment(moment),
            None => None,
        };
        out
    }

    /// A term of an ask. It may be one that nobody listed; then the test must not look like a slip of the pen.
    fn term(&mut self, axis: Axis, name: Option<&Name>, expect: Option<&[Sp<hir::Expect>]>) {
        let (Some(name), Some(expect)) = (name, expect) else { return };
        let scope = self.subject.scope;
        let terms = &scope.axes[axis as usize];
        if core::term_index(terms, &name.value).is_some() || scope.excuses(&name.value) {
            return;
        }
        let meant = expect.iter().any(|expect| match &expect.value {
            hir::Expect::Deny { reason: Some(Reason::Needing), subject: Some(subject), .. } => {
                subject.value.starts_with("unlisted")
            }
            _ => false,
        });
        let permitted = expect.iter().any(|expect| expect.value == hir::Expect::Permit);
        let close = closest(&name.value, terms.iter().map(|term| term.name.as_str())).is_some();
        if !meant && (close || (permitted && axis == Axis::Action)) {
            self.findings.push(
                unknown_term(scope, axis, name)
                    .help("to ask for a kind that nobody listed, expect `deny needing unlisted`"),
            );
        }
    }

    fn fact(&mut self, name: &Name, what: &str, fits: impl Fn(&FactType) -> bool) -> bool {
        let scope = self.subject.scope;
        match scope.fact_names.get(&name.value) {
            Some(None) => false,
            Some(Some(index)) => {
                let ty = &scope.facts[*index as usize].ty;
                if !fits(ty) {
                    self.findings.push(
                        Diagnostic::new(
                            Code::E0302,
                            name.span,
                            format!("`{}` has a value of another type", name.value),
                        )
                        .label(format!("a fact of type `{}`", type_word(ty))),
                    );
                }
                fits(ty)
            }
            None => {
                if !scope.excuses(&name.value) {
                    let known = scope.fact_names.keys().map(String::as_str);
                    self.findings.push(
                        Diagnostic::new(
                            Code::E0202,
                            name.span,
                            format!("no {what} is called `{}`", name.value),
                        )
                        .label(format!("not in {}", scope.title()))
                        .did_you_mean(&name.value, closest(&name.value, known)),
                    );
                }
                false
            }
        }
    }

    fn expect(&mut self, expect: &Sp<hir::Expect>) -> Option<TestExpect> {
        match &expect.value {
            hir::Expect::Permit => Some(TestExpect::Permit),
            hir::Expect::Deny { reason, subject, by } => {
                let by = match by {
                    None => None,
                    Some(by) => {
                        self.clause(by)?;
                        Some(by.value.clone())
                    }
                };
                if let (Some(reason), Some(subject)) = (reason, subject) {
                    self.reason(*reason, subject)?;
                }
                Some(TestExpect::Deny {
                    reason: reason.map(Reason::word),
                    subject: subject.as_ref().map(|name| name.value.clone()),
                    by,
                })
            }
            hir::Expect::Charge(currency, amount) => {
                self.amount_of(currency, *amount, expect.span).map(TestExpect::Charge)
            }
            hir::Expect::Due(currency, amount) => {
                self.amount_of(currency, *amount, expect.span).map(TestExpect::Due)
            }
            hir::Expect::Must(clause) => match self.clause(clause)? {
                ClauseKind::Duty(_) | ClauseKind::Broken => Some(TestExpect::Must(clause.value.clone())),
                _ => {
                    self.findings.push(
                        Diagnostic::new(
                            Code::E0304,
                            clause.span,
                            format!("`{}` is not a duty", clause.value),
                        )
                        .label("only a `must` clause is owed"),
                    );
                    None
                }
            },
            hir::Expect::Broken => None,
        }
    }

    /// What a reason names must exist.
    fn reason(&mut self, reason: Reason, subject: &Name) -> Option<()> {
        let scope = self.subject.scope;
        let text = subject.value.as_str();
        let is_clause = self.subject.tir.clauses.iter().any(|clause| clause.label == text);
        let known: Vec<&str> = match reason {
            Reason::Needing => {
                const SLOTS: [&str; 12] = [
                    "action",
                    "purpose",
                    "place",
                    "unlisted",
                    "unlisted_action",
                    "unlisted_purpose",
                    "unlisted_place",
                    "user",
                    "organisation",
                    "licensee",
                    "grant",
                    "release",
                ];
                SLOTS.into_iter().chain(scope.fact_names.keys().map(String::as_str)).collect()
            }
            Reason::NotPermitted => hir::GUARDS.to_vec(),
            Reason::Range | Reason::Unpriced => {
                if is_clause || reason == Reason::Range {
                    // A unit that nobody listed is a reason of its own.
                    return Some(());
                }
                scope.unit_names.keys().map(String::as_str).collect()
            }
            _ => return self.clause(subject).map(|_| ()),
        };
        if known.contains(&text) || scope.excuses(text) {
            return Some(());
        }
        self.findings.push(
            Diagnostic::new(
                Code::E0202,
                subject.span,
                format!("`{}` cannot be the reason `{text}`", reason.word()),
            )
            .label("nothing of this name")
            .did_you_mean(text, closest(text, known)),
        );
        None
    }

    fn amount_of(&mut self, currency: &str, amount: hir::Dec, span: Span) -> Option<Ratio> {
        if let Some(settled) = self.subject.hir.currency.given()
            && !settled.value.code.value.is_empty()
            && settled.value.code.value != currency
        {
            let code = &settled.value.code.value;
            self.findings.push(
                Diagnostic::new(
                    Code::E0303,
                    span,
                    format!("{currency} is expected of a licence that settles in {code}"),
                )
                .label(format!("an amount in {currency}"))
                .help(format!("state the amount in {code}")),
            );
            return None;
        }
        let exact = money::exact(amount);
        if exact.is_none() {
            self.findings.push(super::vocabulary::out_of_range(span, "an amount", "0", "2^127 - 1"));
        }
        exact
    }
}
