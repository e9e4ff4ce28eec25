//! What the grammar's actions call: from places in the text to the leaves of the tree.
//!
//! *Invariant:* nothing here fails. The lexer has reported misspelt leaves already; they become placeholders.

use std::cell::RefCell;

use crate::ast::*;
use crate::error::{ErrorKind, Related, SyntaxError};
use crate::lexer;
use crate::number;
use crate::span::{Span, Spanned};

/// The text that is parsed, and what the actions found wrong with it.
#[derive(Debug)]
pub struct Source<'s> {
    text: &'s str,
    /// Mistakes that are no matter of grammar: a tail written twice, an ask without its `expect`.
    pub errors: RefCell<Vec<SyntaxError>>,
}

/// What one run of the parser makes.
#[expect(clippy::large_enum_variant, reason = "one at a time, taken apart at once")]
#[derive(Debug)]
pub enum Parsed {
    /// A whole file.
    File(File),
    /// One declaration.
    Decl(Decl),
    /// One item of a licence.
    Item(Item),
    /// One section of a vocabulary.
    Section(VocabSection),
    /// One line of a test.
    Line(Line),
    /// One ask.
    Ask(Ask),
}

/// One line of a test, before lines are joined to steps.
#[expect(clippy::large_enum_variant, reason = "a few a test, taken apart at once")]
#[derive(Debug)]
pub enum Line {
    /// `given ...`
    Given(Vec<Spanned<Given>>),
    /// `when ...`; none after an error
    When(Spanned<Ask>),
    /// `expect ...`
    Expect(Vec<Spanned<Expect>>),
    /// A line that could not be read, and which it would have been.
    Broken(LineKind),
}

/// Which line of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// `given`
    Given,
    /// `when`
    When,
    /// `expect`
    Expect,
}

/// A tail of a `limit`.
#[derive(Debug)]
pub enum LimitTail {
    /// `, lease 5 minutes`
    Lease(Spanned<Length>),
    /// `, held 14 days`
    Held(Spanned<Length>),
}

/// A tail of a schedule.
#[derive(Debug)]
pub enum Tail {
    /// `, at least EUR 30.00`
    AtLeast(Spanned<Money>),
    /// `, at most EUR 900.00`
    AtMost(Spanned<Money>),
    /// `, prorated by day`
    ProratedBy(Name),
}

/// A declaration; its documentation is attached later.
pub fn decl(kind: DeclKind) -> Decl {
    Decl { docs: Vec::new(), kind }
}

/// An item; its documentation is attached later.
pub fn item(kind: ItemKind) -> Item {
    Item { docs: Vec::new(), kind }
}

/// A term and what stands under it.
pub fn tree(
    name: Name,
    also: Option<Vec<Name>>,
    states: Option<Vec<Name>>,
    children: Vec<Spanned<TermTree>>,
) -> TermTree {
    TermTree { name, also: also.unwrap_or_default(), states: states.unwrap_or_default(), children }
}

impl<'s> Source<'s> {
    /// A source without mistakes so far.
    pub fn new(text: &'s str) -> Self {
        Self { text, errors: RefCell::new(Vec::new()) }
    }

    /// The text between two places.
    pub fn slice(&self, start: u32, end: u32) -> &'s str {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    /// An identifier, back-quotes removed.
    pub fn name(&self, start: u32, end: u32) -> Name {
        Spanned::new(self.slice(start, end).trim_matches('`').to_owned(), Span::new(start, end))
    }

    /// A label without its colon.
    pub fn label(&self, start: u32, end: u32) -> Name {
        // A label that was repaired has no colon.
        let colon = u32::from(self.slice(start, end).ends_with(':'));
        self.name(start, end - colon)
    }

    /// A handle without its `@`.
    pub fn handle(&self, start: u32, end: u32) -> Handle {
        Spanned::new(self.slice(start, end).trim_start_matches('@').to_owned(), Span::new(start, end))
    }

    /// A text without its quotes, escapes resolved.
    pub fn string(&self, start: u32, end: u32) -> Text {
        let written = self.slice(start, end);
        let inner = written.strip_prefix('"').unwrap_or(written);
        let inner = if written.len() > 1 { inner.strip_suffix('"').unwrap_or(inner) } else { inner };
        Spanned::new(lexer::unescape(inner, |_, _, _| ()), Span::new(start, end))
    }

    /// A whole number.
    pub fn int(&self, start: u32, end: u32) -> Int {
        let text = self.slice(start, end);
        let value = number::decimal(text).map_or(u128::MAX, |number| number.digits);
        Int { text: text.to_owned(), value }
    }

    /// A decimal or whole number.
    pub fn dec(&self, start: u32, end: u32) -> Dec {
        Self::decimal(self.slice(start, end))
    }

    fn decimal(text: &str) -> Dec {
        number::decimal(text).unwrap_or_else(|| Dec { text: text.to_owned(), digits: u128::MAX, scale: 0 })
    }

    /// `6%`
    pub fn percent(&self, start: u32, end: u32) -> Percent {
        Percent(Self::decimal(self.slice(start, end).trim_end_matches('%')))
    }

    /// `EUR 0.40`
    pub fn money(&self, start: u32, end: u32) -> Money {
        let (name, number) = self.name_and_number(start, end);
        Money { currency: name.value, amount: number.value }
    }

    /// A token like `EUR 0.40` taken apart again, for `vocabulary ODRL 2.2`.
    pub fn name_and_number(&self, start: u32, end: u32) -> (Name, Spanned<Dec>) {
        let text = self.slice(start, end);
        let (name, rest) = text.split_at(text.find(|c: char| !c.is_ascii_uppercase()).unwrap_or(text.len()));
        let number = rest.trim_start();
        let name_end = start + name.len() as u32;
        let number_start = end - number.len() as u32;
        let name = Spanned::new(name.to_owned(), Span::new(start, name_end));
        (name, Spanned::new(Self::decimal(number), Span::new(number_start, end)))
    }

    /// `USDC 6` of `USDC 6 decimals`
    pub fn currency(&self, start: u32, end: u32) -> CurrencyDecl {
        let (code, number) = self.name_and_number(start, end);
        CurrencyDecl { code, decimals: number.map(|number| Int { value: number.digits, text: number.text }) }
    }

    /// `NPS 40`: a fact in capitals and its value, which look like money
    pub fn capital_fact(&self, start: u32, end: u32) -> AskFact {
        let (name, number) = self.name_and_number(start, end);
        let value = number.map(|number| FactValue::Int(Int { value: number.digits, text: number.text }));
        AskFact { name, as_of: None, value }
    }

    /// `2026-01-31`
    pub fn date(&self, start: u32, end: u32) -> Moment {
        Moment::Date(number::date(self.slice(start, end)).unwrap_or(NO_DATE))
    }

    /// `2026-05-31T12:00Z`, and the zone's name after it
    pub fn instant(&self, start: u32, end: u32, zone: Option<Name>) -> Moment {
        let (date, time, offset) =
            number::instant(self.slice(start, end)).unwrap_or((NO_DATE, NO_TIME, None));
        let zone = match (offset, zone) {
            (None, None) => Zone::Calendar,
            (None, Some(name)) => Zone::Named(name),
            (Some(0), _) => Zone::Utc,
            (Some(minutes), _) => Zone::Offset(minutes),
        };
        Moment::Instant { date, time, zone }
    }

    /// `08:30`
    pub fn time(&self, start: u32, end: u32) -> ClockTime {
        number::clock_time(self.slice(start, end)).unwrap_or(NO_TIME)
    }

    /// `08:30..18:00`
    pub fn times(&self, start: u32, end: u32) -> Set {
        let (from, to) = number::time_range(self.slice(start, end)).unwrap_or((NO_TIME, NO_TIME));
        Set::Times { from, to }
    }

    /// `mon..fri`
    pub fn days(&self, start: u32, end: u32) -> Set {
        let (from, to) = self.slice(start, end).split_once("..").unwrap_or_default();
        Set::Words { from: from.to_owned(), to: to.to_owned() }
    }

    /// `over`
    pub fn reason(&self, start: u32, end: u32) -> Spanned<Reason> {
        let word = self.slice(start, end);
        let reason = Reason::ALL.into_iter().find(|reason| reason.word() == word);
        Spanned::new(reason.unwrap_or(Reason::Range), Span::new(start, end))
    }

    /// A limit; reports a tail that is written twice.
    pub fn limit(
        &self,
        amount: Spanned<Amount>,
        at_once: bool,
        per: Vec<Spanned<Per>>,
        tails: Vec<Spanned<LimitTail>>,
        selector: Selector,
    ) -> Limit {
        let (mut lease, mut held) = (None, None);
        for tail in tails {
            match tail.value {
                LimitTail::Lease(length) => self.once("lease", &mut lease, length, tail.span),
                LimitTail::Held(length) => self.once("held", &mut held, length, tail.span),
            }
        }
        let (lease, held) = (lease.map(|lease| lease.0), held.map(|held| held.0));
        Limit { amount, at_once, per, lease, held, selector }
    }

    /// The tails of a schedule; reports one that is written twice.
    pub fn tails(&self, tails: Vec<Spanned<Tail>>) -> Tails {
        let (mut at_least, mut at_most, mut prorated_by) = (None, None, None);
        for tail in tails {
            match tail.value {
                Tail::AtLeast(money) => self.once("at least", &mut at_least, money, tail.span),
                Tail::AtMost(money) => self.once("at most", &mut at_most, money, tail.span),
                Tail::ProratedBy(name) => self.once("prorated by", &mut prorated_by, name, tail.span),
            }
        }
        Tails {
            at_least: at_least.map(|tail| tail.0),
            at_most: at_most.map(|tail| tail.0),
            prorated_by: prorated_by.map(|tail| tail.0),
        }
    }

    fn once<T>(&self, what: &'static str, slot: &mut Option<(T, Span)>, value: T, span: Span) {
        match slot {
            None => *slot = Some((value, span)),
            Some((_, first)) => {
                let mut error = SyntaxError::new(ErrorKind::Twice { what }, span);
                error.related.push((*first, Related::First));
                self.errors.borrow_mut().push(error);
            }
        }
    }

    /// Joins the lines of a test to steps: any number of (`given`? `when` `expect`).
    pub fn steps(&self, lines: Vec<Spanned<Line>>) -> Vec<Spanned<Step>> {
        let mut steps = Steps { source: self, done: Vec::new(), open: None };
        for line in lines {
            steps.add(line);
        }
        steps.close();
        steps.done
    }
}

/// The steps so far, and the one that is not complete.
struct Steps<'a, 's> {
    source: &'a Source<'s>,
    done: Vec<Spanned<Step>>,
    open: Option<(Spanned<Step>, LineKind, Span)>,
}

impl Steps<'_, '_> {
    fn add(&mut self, line: Spanned<Line>) {
        let kind = match &line.value {
            Line::Given(_) => LineKind::Given,
            Line::When(_) => LineKind::When,
            Line::Expect(_) => LineKind::Expect,
            Line::Broken(kind) => *kind,
        };
        let span = line.span;
        match (self.open.as_ref().map(|(_, last, _)| *last), kind) {
            (None | Some(LineKind::Given), LineKind::When)
            | (None, LineKind::Given)
            | (Some(LineKind::When), LineKind::Expect) => {}
            (None | Some(LineKind::Given), LineKind::Expect) => self.misplaced(span, "expect", "`when`"),
            (Some(LineKind::When), LineKind::When) => self.misplaced(span, "when", "`expect`"),
            (Some(LineKind::When), LineKind::Given) => self.misplaced(span, "given", "`expect`"),
            (Some(LineKind::Given), LineKind::Given) => self.misplaced(span, "given", "`when`"),
            (Some(LineKind::Expect), _) => {}
        }
        let empty = Step { given: Vec::new(), ask: None, expect: Vec::new() };
        let mut step = self.open.take().map_or(Spanned::new(empty, span), |(step, ..)| step);
        step.span = step.span.to(span);
        match line.value {
            Line::Given(given) => step.value.given.extend(given),
            Line::When(ask) => step.value.ask = Some(ask),
            Line::Expect(expect) => step.value.expect.extend(expect),
            Line::Broken(LineKind::Given) => step.value.given.push(Spanned::new(Given::Error, span)),
            Line::Broken(LineKind::When) => step.value.ask = None,
            Line::Broken(LineKind::Expect) => step.value.expect.push(Spanned::new(Expect::Error, span)),
        }
        if kind == LineKind::Expect {
            self.done.push(step);
        } else {
            self.open = Some((step, kind, span));
        }
    }

    /// Reports a line that came too early.
    fn misplaced(&self, span: Span, found: &str, expected: &'static str) {
        let word = Span::new(span.start, span.start + found.len() as u32);
        let mut error = SyntaxError::new(ErrorKind::Unexpected { found: Some(found.to_owned()) }, word);
        error.expected.push(expected);
        self.source.errors.borrow_mut().push(error);
    }

    /// A test may not end before it expects something.
    fn close(&mut self) {
        if let Some((mut step, last, line)) = self.open.take() {
            let end = Span::new(step.span.end, step.span.end);
            let mut error = SyntaxError::new(ErrorKind::Unexpected { found: None }, line);
            error.expected.push(if last == LineKind::Given { "`when`" } else { "`expect`" });
            self.source.errors.borrow_mut().push(error);
            step.value.expect.push(Spanned::new(Expect::Error, end));
            self.done.push(step);
        }
    }
}

/// Stands for a date that does not exist.
const NO_DATE: Date = Date { year: 1970, month: 1, day: 1 };
/// Stands for a time that does not exist.
const NO_TIME: ClockTime = ClockTime { hour: 0, minute: 0, second: None };
