//! The tree with everything gone that has no meaning of its own: one shape per construct, the constructs that this
//! build cannot compile reported and set aside, every span relative to its declaration.
//!
//! Names are still text; `scope` finds the modules they may come from, `tir` resolves and types them.
//!
//! *Invariant:* equality includes spans (unlike the syntax tree's), and spans are relative to the declaration: a blank
//! line above a declaration leaves it equal, a blank inside does not.

use std::collections::BTreeSet;

use licit_grammar::Span;
use licit_grammar::ast;

pub(crate) mod from_ast;
pub(crate) mod from_ast_conditions;
pub(crate) mod from_ast_money;
pub(crate) mod scope;

pub(crate) use ast::{CompareOp, Reason, Sign};

/// A value and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sp<T> {
    pub value: T,
    pub span: Span,
}

/// A name as the user means it. Empty only in repaired text.
pub(crate) type Name = Sp<String>;

/// The words of a piece of text that could not be read or is set aside: it may use, or declare, any of them.
pub(crate) type Words = BTreeSet<String>;

/// A declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decl {
    Import(Import),
    Vocabulary(Vocabulary),
    Party(Party),
    Licence(Box<Licence>),
    Test(Test),
    /// A template, an instance or a proof: declares `name`, if any.
    Later {
        name: Option<Name>,
    },
    /// Unreadable: it may have declared any of these.
    Broken(Words),
}

/// `vocabulary ai 1.2 [pinned ...]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Import {
    pub name: Name,
    pub version: Name,
    pub pin: Option<Name>,
}

/// `party @x is "did:..."`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Party {
    pub handle: Name,
    pub did: Name,
    pub account: Option<Name>,
}

/// `vocabulary ai 1.2 { ... }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Vocabulary {
    pub name: Name,
    pub version: Name,
    /// Actions, purposes, places.
    pub axes: [Vec<Term>; 3],
    pub units: Vec<Unit>,
    pub facts: Vec<Fact>,
    pub duties: Vec<DutyDecl>,
    /// Of what could not be read or compiled.
    pub loose: Words,
}

/// A term with its parents: the one it stands under and those after `also`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    pub name: Name,
    pub parents: Vec<Name>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    pub name: Name,
    pub plural: Option<Name>,
    /// `= 3_600 seconds`
    pub derived: Option<(Sp<u128>, Name)>,
    pub up_to: Option<Sp<u128>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub name: Name,
    pub ty: Name,
    pub up_to: Option<Sp<u128>>,
    pub optional: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DutyDecl {
    pub name: Name,
    /// `text`, or `on: surface`
    pub params: Vec<(Option<Name>, Name)>,
}

/// `license X version 1 { ... }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Licence {
    pub name: Name,
    pub version: Sp<u128>,
    pub licensor: Header<Name>,
    pub assets: Header<Vec<Asset>>,
    pub calendar: Header<Name>,
    pub currency: Header<Currency>,
    pub term: Header<Term_>,
    pub renews: Header<Renews>,
    pub revocability: Header<Revocability>,
    pub corrections: Header<Length>,
    /// After `granted to`.
    pub holder: Option<Name>,
    pub defines: Vec<Define>,
    pub clauses: Vec<Clause>,
    /// Of items that could not be read or compiled.
    pub loose: Words,
    /// Whether there are items of which not even the kind is known.
    pub unread: bool,
}

/// A header of a licence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Header<T> {
    Missing,
    /// It is there, but its content cannot be relied on.
    Broken,
    Given(Sp<T>),
}

impl<T> Header<T> {
    pub fn given(&self) -> Option<&Sp<T>> {
        match self {
            Header::Given(it) => Some(it),
            _ => None,
        }
    }

    pub fn is_missing(&self) -> bool {
        matches!(self, Header::Missing)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asset {
    pub kind: Name,
    pub name: Name,
    pub capsule: Option<Name>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Currency {
    pub code: Name,
    pub each: Name,
    pub rounding: Name,
    pub to: Sp<Dec>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Term_ {
    /// `from ... until ...`
    Until { from: Option<Sp<Moment>>, until: Sp<Moment> },
    /// `90 hours from first use`
    Lasting { length: Length, from: Anchor },
}

impl Term_ {
    /// Both ends, where both are dates.
    pub fn dates(&self) -> Option<(&Sp<Moment>, &Sp<Moment>)> {
        match self {
            Term_::Until { from: Some(from), until } => Some((from, until)),
            _ => None,
        }
    }
}

/// `grant`, `release`, or `first use`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Anchor {
    pub first: bool,
    pub event: Name,
    pub span: Span,
}

/// `each month from grant while paid, grace 5 days for infer`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Renews {
    pub each: Name,
    pub from: Anchor,
    /// How long, and for which acts; none: for all.
    pub grace: Option<(Length, Option<Names>)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Revocability {
    Irrevocable,
    /// No length: at once.
    Revocable {
        after: Option<Length>,
        sparing_derivatives: bool,
    },
}

/// `30 days`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Length {
    pub count: Sp<u128>,
    pub unit: Name,
    pub span: Span,
}

/// A decimal number: `digits` / 10^`scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dec {
    pub digits: u128,
    pub scale: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    Date(ast::Date),
    Instant { date: ast::Date, time: ast::ClockTime, zone: Zone },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    Calendar,
    Utc,
    /// Minutes east of UTC.
    Offset(i16),
    Named(Name),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Define {
    pub name: Name,
    pub condition: Sp<Cond>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clause {
    pub label: Name,
    /// Of the clause, without its label.
    pub span: Span,
    pub kind: ClauseKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClauseKind {
    Permit(Rule),
    Forbid(Rule),
    Limit(Limit),
    Charge(Charge),
    Free(Vec<Name>),
    Must(Must),
    Split(Split),
    Prepaid(Prepaid),
    /// The header `ends when`: a clause without a label of its own.
    Ends(Sp<Cond>),
    /// Unreadable, or not compiled by this build (and said so).
    Broken,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub actions: Names,
    pub selector: Selector,
    pub exceptions: Vec<(Option<Names>, Selector)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    pub names: Vec<Name>,
    pub including_unlisted: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selector {
    pub purposes: Option<Names>,
    pub places: Option<Names>,
    pub kinds: Option<Names>,
    pub when: Option<Sp<Cond>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub kind: LimitKind,
    pub amount: Span,
    pub per: Vec<Name>,
    pub selector: Selector,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LimitKind {
    /// `50_000 records`
    Sum { count: Sp<u128>, unit: Name },
    /// `8 calls at once, lease 5 minutes`
    AtOnce { count: Sp<u128>, unit: Name, lease: Option<Length> },
    /// `12 users, held 14 days`
    Seats { count: Sp<u128>, unit: Name, held: Length },
    /// `EUR 2_500.00`
    Spend(Money),
}

/// `EUR 2_500.00`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Money {
    pub currency: String,
    pub amount: Dec,
    pub span: Span,
}

/// `prepaid per organisation when ...`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prepaid {
    pub per: Vec<Name>,
    pub selector: Selector,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Charge {
    Plain(Box<(Selector, Sp<Price>)>),
    Cases(Vec<Case>),
    AtClose(Box<AtClose>),
}

/// `at close on highest gigabytes per organisation per month { ... }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AtClose {
    /// What is made of the reports, and of which unit; none: the sum of what the bands count.
    pub on: Option<(Name, Name)>,
    pub per: Vec<Name>,
    pub bands: Vec<Band>,
    pub selector: Selector,
}

/// `up to 500 gigabytes for EUR 35.00`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Band {
    /// None: `beyond`.
    pub up_to: Option<(Sp<u128>, Name)>,
    pub span: Span,
    pub price: BandPrice,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BandPrice {
    Free,
    At(Rate),
    For(Money),
    /// Reported and set aside.
    Broken,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    /// None: `otherwise`.
    pub selector: Option<Selector>,
    pub price: Sp<Price>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Price {
    Free,
    /// Or a fee, if what it is for turns out to be a window or a key.
    Rate(Rate),
    Fee {
        amount: Money,
        per: Vec<Name>,
    },
    Schedule {
        per: Vec<Name>,
        tiers: Vec<Tier>,
        floor: Option<Money>,
        cap: Option<Money>,
    },
    /// Reported and set aside.
    Broken,
}

/// `EUR 3.00 per 1_000 records`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub price: Money,
    /// Per how many, 1 if not written.
    pub count: Sp<u128>,
    /// Whether it was written.
    pub counted: bool,
    pub unit: Name,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tier {
    pub kind: TierKind,
    /// How much and of what; none for `beyond`.
    pub extent: Option<(Sp<u128>, Name)>,
    /// Of the extent.
    pub span: Span,
    /// None: free.
    pub rate: Option<Rate>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TierKind {
    First,
    Next,
    Beyond,
    /// Reported and set aside.
    Broken,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Must {
    pub duty: Name,
    pub text: Option<Name>,
    pub on: Option<Name>,
    pub to: Option<Name>,
    pub due: Due,
    pub when: Option<Sp<Cond>>,
    pub suspend: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    First(Length, Name),
    Each(Length, Name),
    AtEach(Name),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Split {
    pub each: Option<Name>,
    /// `first 2% to @grid`
    pub first: Option<(Sp<Dec>, Name)>,
    pub shares: Vec<Share>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub portion: Sp<Portion>,
    pub to: Name,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Portion {
    Percent(Dec),
    Parts(u128),
    Rest,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cond {
    Or(Vec<Sp<Cond>>),
    And(Vec<Sp<Cond>>),
    Not(Box<Sp<Cond>>),
    Compare {
        left: Sp<Expr>,
        op: CompareOp,
        right: Sp<Expr>,
    },
    In {
        left: Name,
        set: Vec<Name>,
    },
    Known(Name),
    Name(Name),
    /// Reported and set aside.
    Broken,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expr {
    Name(String),
    Int(u128),
    Quantity(Name),
    Text(String),
    Party(String),
    Money,
    Condition,
    Sum(Vec<(Sign, Sp<Expr>)>),
    /// Reported and set aside.
    Broken,
}

/// `test "..." for X { ... }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Test {
    pub name: Name,
    pub subject: Name,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub span: Span,
    pub given: Vec<Sp<Given>>,
    pub ask: Option<Sp<Ask>>,
    pub expect: Vec<Sp<Expect>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    Counter {
        clause: Name,
        /// From 1.
        case: Option<Sp<u128>>,
        key: Option<Name>,
        at: At,
    },
    Duty {
        clause: Name,
        status: Name,
    },
    Mark {
        mark: Name,
        on: Sp<Moment>,
    },
    Broken,
}

/// Where a counter stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Quantity(Sp<u128>, Name),
    Money(Money),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub user: Name,
    pub organisation: Option<Name>,
    pub kinds: Vec<Name>,
    pub action: Name,
    pub quantities: Vec<(Sp<u128>, Name)>,
    pub purpose: Option<Name>,
    pub place: Option<Name>,
    pub on: Option<Sp<Moment>>,
    pub facts: Vec<(Name, Sp<AskValue>)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AskValue {
    YesNo(bool),
    Int(u128),
    Text(String),
    Party(String),
    Broken,
}

/// The label of the clause that the header `ends when` makes.
pub(crate) const ENDS: &str = "ends";

/// What every permit can lack (`spec/core.md` section 7): what a denial `not-permitted` names.
pub(crate) const GUARDS: [&str; 6] = ["party", "action", "purpose", "place", "time", "other"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    Permit,
    Deny { reason: Option<Reason>, subject: Option<Name>, by: Option<Name> },
    Charge(String, Dec),
    Due(String, Dec),
    Must(Name),
    Broken,
}
