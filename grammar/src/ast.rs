//! The syntax tree of edition 2026: what was written, with spans, before any name or type is looked at.
//!
//! Reading order: [`File`], [`Decl`], [`License`], [`Item`], [`Header`], [`Clause`], [`Selector`], [`Cond`],
//! [`Expr`], then vocabularies ([`Vocabulary`]) and tests ([`Test`], [`Ask`]).
//!
//! *Invariant:* equality ignores spans ([`Spanned`]). *Invariant:* nesting is bounded by [`crate::MAX_DEPTH`], so
//! recursion over a tree is safe; long chains (`a and b and ...`) are flat lists. *Invariant:* where
//! [`crate::Parse::errors`] is empty there is no `Error` node; where it is not, repaired nodes may hold
//! placeholders (an empty name, the number 0): never emit code from such a tree.

#![allow(
    clippy::large_enum_variant,
    reason = "a few hundred bytes an item cost less than a box at every match"
)]

use crate::span::Spanned;

/// An identifier as the user means it: back-quotes removed. Empty only in a tree repaired after an error.
pub type Name = Spanned<String>;
/// A party's handle without its `@`.
pub type Handle = Spanned<String>;
/// A quoted text, escapes resolved.
pub type Text = Spanned<String>;
/// A pin or digest as written: `sha256:` and hex digits. The compiler checks their number.
pub type Hash = Spanned<String>;
/// One line of a `///` comment, without the slashes and one following blank.
pub type Doc = Spanned<String>;

/// A whole source file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct File {
    /// `licit 2026`; absent only after an error.
    pub edition: Option<Spanned<Int>>,
    /// The declarations in the order written (which means nothing).
    pub decls: Vec<Spanned<Decl>>,
}

/// A declaration and the `///` lines directly before it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decl {
    /// Documentation, line by line.
    pub docs: Vec<Doc>,
    /// What is declared.
    pub kind: DeclKind,
}

/// What a declaration declares.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DeclKind {
    /// `vocabulary ai 1.2 pinned sha256:...`
    Import(Import),
    /// `vocabulary ai 1.2 { ... }`
    Vocabulary(Vocabulary),
    /// `party @acme is "did:..."`
    Party(PartyDecl),
    /// `license X version 1 ... { ... }`
    License(License),
    /// `template X(...) version 1 ... { ... }`
    Template(Template),
    /// `license X = T(...) granted to @acme`
    Instance(Instance),
    /// `test "..." for X { ... }`
    Test(Test),
    /// `prove X never permits ...`
    Prove(Prove),
    /// What could not be read.
    Error,
}

/// `vocabulary <name> <version> [pinned <hash>]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Import {
    /// The vocabulary's name.
    pub name: Name,
    /// Its version; `1.2` and `1.20` are different texts and different versions.
    pub version: Spanned<Dec>,
    /// The pinned core, if any (`check` warns, `build` refuses without).
    pub pin: Option<Hash>,
}

/// `party @x is "did:..." [, paid at "eip155:..."]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PartyDecl {
    /// The handle that is bound.
    pub handle: Handle,
    /// The DID it stands for.
    pub did: Text,
    /// The CAIP-10 account where its money goes.
    pub paid_at: Option<Text>,
}

/// `license <name> version <n> [from ...] [derives ... | narrows ...] [granted to @x] { items }`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct License {
    /// Its name.
    pub name: Name,
    /// Its version number.
    pub version: Spanned<Int>,
    /// `from 2027-02-01, after 21 days for holders of 3`
    pub effective: Option<Spanned<Effective>>,
    /// What it derives from or narrows.
    pub lineage: Option<Spanned<Lineage>>,
    /// The holder.
    pub granted_to: Option<Handle>,
    /// Headers, definitions and clauses.
    pub items: Vec<Spanned<Item>>,
}

/// `template <name>(params) version <n> [derives ...] { items }`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Template {
    /// Its name.
    pub name: Name,
    /// `cap: tokens from 1 to 10`
    pub params: Vec<Spanned<Param>>,
    /// Its version number.
    pub version: Spanned<Int>,
    /// What it derives from or narrows.
    pub lineage: Option<Spanned<Lineage>>,
    /// Headers, definitions and clauses.
    pub items: Vec<Spanned<Item>>,
}

/// `cap: tokens from 1_000 to 10_000`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Param {
    /// The parameter's name.
    pub name: Name,
    /// A unit or a currency.
    pub kind: Name,
    /// The least value; its decimals fix the step.
    pub from: Spanned<Dec>,
    /// The greatest value.
    pub to: Spanned<Dec>,
}

/// `license <name> = <template>(args) granted to @x`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Instance {
    /// The new licence's name.
    pub name: Name,
    /// The template.
    pub template: Name,
    /// `cap: 50_000 tokens`
    pub args: Vec<Spanned<Arg>>,
    /// The holder.
    pub granted_to: Handle,
}

/// `rate: EUR 0.40`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Arg {
    /// The parameter it fills.
    pub name: Name,
    /// With what.
    pub value: Spanned<Amount>,
}

/// `from <date> [, after <length> for holders of <version>]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Effective {
    /// The first day of this version.
    pub from: Spanned<Moment>,
    /// The notice that holders of an older version get.
    pub notice: Option<VersionNotice>,
}

/// `after 21 days for holders of 3`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VersionNotice {
    /// How long.
    pub after: Spanned<Length>,
    /// The older version.
    pub holders_of: Spanned<Int>,
}

/// What a licence descends from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Lineage {
    /// `derives A version 2 pinned ... by finetune, B ...`
    Derives(Vec<Spanned<Parent>>),
    /// `narrows A version 2 pinned ...` (no acts)
    Narrows(Spanned<Parent>),
}

/// `A version 2 [pinned ...] [by finetune]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Parent {
    /// The parent licence.
    pub name: Name,
    /// Its version.
    pub version: Spanned<Int>,
    /// Its pinned core.
    pub pin: Option<Hash>,
    /// The act that makes the derivative; none for `narrows`.
    pub by: Option<Name>,
}

/// `prove X never permits [actions] [selector]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Prove {
    /// The licence.
    pub subject: Name,
    /// `always` (true) or `never` (false).
    pub always: Spanned<bool>,
    /// What it is said to do.
    pub verb: Spanned<Verb>,
    /// For which actions (none: all).
    pub actions: Option<Spanned<Names>>,
    /// For which invocations.
    pub selector: Selector,
}

/// The verb of a `prove`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// `permits`
    Permits,
    /// `denies`
    Denies,
    /// `charges`
    Charges,
}

/// One item of a licence's body and the `///` lines directly before it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Item {
    /// Documentation, line by line.
    pub docs: Vec<Doc>,
    /// What it is.
    pub kind: ItemKind,
}

/// What an item of a licence's body is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ItemKind {
    /// `licensor @x`, `term ...`
    Header(Header),
    /// `define small = headcount < 250`
    Define(Define),
    /// `fee: charge ...`
    Clause(LabelledClause),
    /// What could not be read.
    Error,
}

/// `define <name> = <condition>`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Define {
    /// The new name.
    pub name: Name,
    /// What it stands for; [`Cond::Error`] after an error.
    pub condition: Spanned<Cond>,
}

/// `<label>: <clause>`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LabelledClause {
    /// The label without its colon; its span covers the name only. Empty where the user forgot it (an error).
    pub label: Name,
    /// The clause; [`Clause::Error`] after an error.
    pub clause: Box<Spanned<Clause>>,
}

/// Which header an opener word opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HeaderKind {
    /// `licensor`
    Licensor,
    /// `asset`
    Asset,
    /// `calendar`
    Calendar,
    /// `currency`
    Currency,
    /// `term`
    Term,
    /// `irrevocable` and `revocable`
    Revocability,
    /// `status`
    Status,
    /// `corrections`
    Corrections,
    /// `ends`
    Ends,
    /// `renews`
    Renews,
}

/// A header of a licence.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Header {
    /// `licensor @harbour`
    Licensor(Handle),
    /// `asset dataset "harbour-corpus", model "m" capsule sha256:...`
    Asset(Vec<Spanned<Asset>>),
    /// `calendar Europe/Paris`: a zone's name, or `UTC`
    Calendar(Name),
    /// `currency EUR settled each month, rounded half_even to 0.01`
    Currency(Currency),
    /// `term from 2026-01-01 until 2030-01-01`
    Term(Term),
    /// `irrevocable`
    Irrevocable,
    /// `revocable after 30 days, sparing derivatives`
    Revocable(Revocable),
    /// `status at most 3 minutes old`
    Status(Spanned<Length>),
    /// `corrections within 60 days of close`
    Corrections(Spanned<Length>),
    /// `ends when <condition>`
    Ends(Spanned<Cond>),
    /// `renews each month from grant while paid`
    Renews(Renews),
    /// A header that could not be read, and which it would have been.
    Error(HeaderKind),
}

impl Header {
    /// Which header this is.
    pub fn kind(&self) -> HeaderKind {
        match self {
            Header::Licensor(_) => HeaderKind::Licensor,
            Header::Asset(_) => HeaderKind::Asset,
            Header::Calendar(_) => HeaderKind::Calendar,
            Header::Currency(_) => HeaderKind::Currency,
            Header::Term(_) => HeaderKind::Term,
            Header::Irrevocable | Header::Revocable(_) => HeaderKind::Revocability,
            Header::Status(_) => HeaderKind::Status,
            Header::Corrections(_) => HeaderKind::Corrections,
            Header::Ends(_) => HeaderKind::Ends,
            Header::Renews(_) => HeaderKind::Renews,
            Header::Error(kind) => *kind,
        }
    }
}

/// `dataset "harbour-corpus" [capsule sha256:...]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Asset {
    /// `dataset`, `model`, ...
    pub kind: Name,
    /// Its name.
    pub name: Text,
    /// The capsule's digest.
    pub capsule: Option<Hash>,
}

/// `EUR settled [in USD] each month, rounded half_even to 0.01`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Currency {
    /// The currency of every price.
    pub code: Name,
    /// The currency that is paid, if another.
    pub settled_in: Option<Name>,
    /// The settlement window, or `call`.
    pub each: Name,
    /// `half_even`, `half_up`, `down` or `up`.
    pub rounding: Name,
    /// The minor unit.
    pub to: Spanned<Dec>,
}

/// How long a licence runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Term {
    /// `90 hours from first use [, renewable [, grace 5 days]]`
    Lasting {
        /// How long.
        length: Spanned<Length>,
        /// From when.
        from: Spanned<Anchor>,
        /// Whether it may be renewed.
        renewable: Option<Spanned<Renewable>>,
    },
    /// `[from <date>] until <date>`
    Until {
        /// The first instant; none: from the grant.
        from: Option<Spanned<Moment>>,
        /// The end, exclusive.
        until: Spanned<Moment>,
    },
}

/// `renewable [, grace 5 days]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Renewable {
    /// How long after the end a renewal still counts.
    pub grace: Option<Spanned<Length>>,
}

/// `revocable at once` or `revocable after 30 days [, sparing derivatives] [, winding down train within 36 hours]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Revocable {
    /// The notice; none: `at once`.
    pub after: Option<Spanned<Length>>,
    /// `sparing derivatives`
    pub sparing_derivatives: bool,
    /// `winding down train within 36 hours`
    pub winding_down: Option<WindDown>,
}

/// `winding down <actions> within <length>`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WindDown {
    /// The acts that may run on.
    pub actions: Spanned<Names>,
    /// How long.
    pub within: Spanned<Length>,
}

/// `renews each month from grant while paid [, grace 5 days [for infer]]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Renews {
    /// The period's window.
    pub each: Name,
    /// Its anchor.
    pub from: Spanned<Anchor>,
    /// The grace after a missed payment.
    pub grace: Option<Grace>,
}

/// `grace 5 days [for infer]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Grace {
    /// How long.
    pub length: Spanned<Length>,
    /// The acts that stay permitted (none: all).
    pub actions: Option<Spanned<Names>>,
}

/// `grant`, `release`, or `first use`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Anchor {
    /// Whether `first` stood before it.
    pub first: bool,
    /// The event or act.
    pub event: Name,
}

/// `30 days`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Length {
    /// How many.
    pub count: Spanned<Int>,
    /// Of what.
    pub unit: Name,
}

/// A clause without its label.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Clause {
    /// `permit ...`
    Permit(Permit),
    /// `forbid ...`
    Forbid(Forbid),
    /// `limit ...`
    Limit(Limit),
    /// `free cached_tokens`
    Free(Free),
    /// `charge ...`
    Charge(Charge),
    /// `prepaid per organisation`
    Prepaid(Prepaid),
    /// `must ...`
    Must(Must),
    /// `derivatives by ...`
    Derivatives(Derivatives),
    /// `sublicense ...`
    Sublicense(Sublicense),
    /// `split ...`
    Split(Split),
    /// What could not be read.
    Error,
}

/// `permit <actions> <selector> [except ...]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Permit {
    /// The acts permitted.
    pub actions: Spanned<Names>,
    /// For which invocations.
    pub selector: Selector,
    /// What is taken out.
    pub exceptions: Vec<Spanned<Except>>,
}

/// `forbid <actions> <selector> [except ...]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Forbid {
    /// The acts forbidden.
    pub actions: Spanned<Names>,
    /// For which invocations.
    pub selector: Selector,
    /// What is taken out.
    pub exceptions: Vec<Spanned<Except>>,
}

/// `except [actions] [selector]`, never empty
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Except {
    /// For which acts (none: all of the clause).
    pub actions: Option<Spanned<Names>>,
    /// For which invocations.
    pub selector: Selector,
}

/// `train, evaluate [including unlisted]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Names {
    /// At least one, in the order written.
    pub names: Vec<Name>,
    /// Where `including unlisted` stands, if written.
    pub unlisted: Option<Spanned<()>>,
}

/// `[for purposes] [in places] [by kinds] [when condition]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Selector {
    /// After `for`.
    pub purposes: Option<Spanned<Names>>,
    /// After `in`.
    pub places: Option<Spanned<Names>>,
    /// After `by`.
    pub kinds: Option<Spanned<Names>>,
    /// After `when`.
    pub when: Option<Spanned<Cond>>,
}

impl Selector {
    /// Whether nothing was selected (the selector covers everything).
    pub fn is_empty(&self) -> bool {
        self.purposes.is_none() && self.places.is_none() && self.kinds.is_none() && self.when.is_none()
    }
}

/// `limit <amount> [at once] [per ...] [, lease 5 minutes] [, held 14 days] <selector>`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Limit {
    /// The cap.
    pub amount: Spanned<Amount>,
    /// `at once`: open holds are counted.
    pub at_once: bool,
    /// Window and keys, in the order written.
    pub per: Vec<Spanned<Per>>,
    /// `, lease 5 minutes`
    pub lease: Option<Spanned<Length>>,
    /// `, held 14 days`
    pub held: Option<Spanned<Length>>,
    /// What it counts.
    pub selector: Selector,
}

/// `50_000 records`, `EUR 2_500.00`, or the name of a parameter
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Amount {
    /// `EUR 2_500.00`
    Money(Money),
    /// `50_000 records`
    Quantity {
        /// How many.
        count: Spanned<Int>,
        /// Of what unit.
        unit: Name,
    },
    /// A template's parameter.
    Name(Name),
}

/// `per month`, `per 30 days from grant`, `per 1_000 records`, `per started 250 images`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Per {
    /// `started`: rounded up to whole blocks.
    pub started: bool,
    /// How many, if written.
    pub count: Option<Spanned<Int>>,
    /// A window, a key or a unit (one namespace).
    pub unit: Name,
    /// `from grant`: an anchored window.
    pub from: Option<Spanned<Anchor>>,
}

/// `free <units>`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Free {
    /// The units that cost nothing.
    pub units: Spanned<Names>,
}

/// `charge ...`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Charge {
    /// `charge free for research`
    Free {
        /// For which invocations.
        selector: Selector,
    },
    /// `charge EUR 0.001 per call when ...` (a rate), `charge USD 9.50 per user per month` (a fee)
    Rate {
        /// The price and what it is for.
        rate: Spanned<Rate>,
        /// For which invocations.
        selector: Selector,
    },
    /// `charge per organisation per month { first 10 records free ... }`
    Schedule {
        /// The tiers.
        schedule: Spanned<Schedule>,
        /// For which invocations.
        selector: Selector,
    },
    /// `charge by case { ... }`
    Cases(Vec<Spanned<Case>>),
    /// `charge at close on highest gigabytes per organisation per month { ... }`
    AtClose(AtClose),
}

/// A price, and per what: `EUR 3.00 per 1_000 records`, `80% of rate per call`, `4%`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    /// The price.
    pub price: Spanned<Price>,
    /// What it is for, in the order written; may be empty for percentages.
    pub per: Vec<Spanned<Per>>,
}

/// A price without what it is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Price {
    /// `EUR 3.00`
    Money(Money),
    /// `rate`
    Name(Name),
    /// `4%`, of the quantity counted
    Percent(Percent),
    /// `80% of rate`
    PercentOf {
        /// How much.
        percent: Spanned<Percent>,
        /// Of what.
        of: Name,
    },
}

/// `per organisation per month { tiers } [, at least EUR 30.00] [, at most EUR 900.00] [, prorated by day]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Schedule {
    /// Window and keys of its counter.
    pub per: Vec<Spanned<Per>>,
    /// At least one.
    pub tiers: Vec<Spanned<Tier>>,
    /// Floor, cap and proration.
    pub tails: Tails,
}

/// `, at least M`, `, at most M`, `, prorated by day`: each at most once (written twice is an error)
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tails {
    /// The floor of a window.
    pub at_least: Option<Spanned<Money>>,
    /// The cap of a window.
    pub at_most: Option<Spanned<Money>>,
    /// By what the floor, cap and fixed sums are prorated.
    pub prorated_by: Option<Name>,
}

/// `first 10_000 records free`, `beyond at EUR 1.80 per 1_000 records`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tier {
    /// How wide.
    pub extent: Spanned<Extent>,
    /// The price; none: `free`.
    pub rate: Option<Spanned<Rate>>,
}

/// How wide a tier is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Extent {
    /// `first 10_000 records`
    First(Spanned<Amount>),
    /// `next 90_000 records`
    Next(Spanned<Amount>),
    /// `beyond`
    Beyond,
}

/// One line of `charge by case`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Case {
    /// When it applies; none: `otherwise`.
    pub selector: Option<Spanned<Selector>>,
    /// What it costs.
    pub price: Spanned<CasePrice>,
}

/// The price of a case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CasePrice {
    /// `free`
    Free,
    /// `at EUR 2.00 per record`
    At(Rate),
    /// `per organisation per month { ... }`
    Schedule(Schedule),
}

/// `at close [on highest gigabytes] per ... { bands } tails <selector>`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AtClose {
    /// `on highest gigabytes`
    pub on: Option<Aggregate>,
    /// Window and keys.
    pub per: Vec<Spanned<Per>>,
    /// At least one.
    pub bands: Vec<Spanned<Band>>,
    /// Floor, cap and proration.
    pub tails: Tails,
    /// What it counts.
    pub selector: Selector,
}

/// `highest gigabytes`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Aggregate {
    /// `sum`, `highest`, `average` or `last`.
    pub how: Name,
    /// The unit.
    pub unit: Name,
}

/// `up to 50 gigabytes free`, `up to 500 gigabytes for EUR 35.00`, `beyond at EUR 0.09 per gigabyte`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Band {
    /// Its upper end; none: `beyond`.
    pub up_to: Option<Spanned<Amount>>,
    /// The price of all of it.
    pub price: Spanned<BandPrice>,
}

/// The price of a band.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BandPrice {
    /// `free`
    Free,
    /// `at EUR 0.09 per gigabyte`
    At(Rate),
    /// `for EUR 35.00`
    For(Money),
}

/// `prepaid per organisation [, gifts unshared] <selector>`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Prepaid {
    /// The keys of the credit.
    pub per: Vec<Spanned<Per>>,
    /// `, gifts unshared`
    pub gifts_unshared: bool,
    /// What it applies to.
    pub selector: Selector,
}

/// `must <duty> <due> [when ...] [, else ...]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Must {
    /// The duty and its arguments.
    pub duty: Spanned<DutyUse>,
    /// By when.
    pub due: Spanned<Due>,
    /// Under which condition.
    pub when: Option<Spanned<Cond>>,
    /// What follows when it is not done.
    pub or_else: Option<Spanned<Consequence>>,
}

/// `attribute "Trained on Harbour Corpus" on model_card to @x`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DutyUse {
    /// The duty, as the vocabulary declares it.
    pub name: Name,
    /// The first argument without a name.
    pub argument: Option<DutyArgument>,
    /// `on model_card`
    pub on: Option<Name>,
    /// `to @x`
    pub to: Option<Handle>,
}

/// An argument of a duty without a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DutyArgument {
    /// A text.
    Text(Text),
    /// A unit or another name.
    Name(Name),
}

/// By when a duty is due.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Due {
    /// `within 30 days of first train`
    WithinOfFirst {
        /// How long.
        length: Spanned<Length>,
        /// The act.
        act: Name,
    },
    /// `within 30 days of each train`
    WithinOfEach {
        /// How long.
        length: Spanned<Length>,
        /// The act.
        act: Name,
    },
    /// `at each generate`
    AtEach(Name),
    /// `before each share`
    BeforeEach(Name),
}

/// `else suspend`, `else pay EUR 80.00 to @harbour and suspend`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Consequence {
    /// The sum that becomes due.
    pub pay: Option<Payment>,
    /// Whether the grant stops until both are settled.
    pub suspend: bool,
}

/// `EUR 80.00 [to @harbour]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Payment {
    /// How much.
    pub amount: Spanned<Money>,
    /// To whom; none: through the split.
    pub to: Option<Handle>,
}

/// `derivatives by train [carry a, b] [and owe 6% of charges [, within 25% of all royalties]]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Derivatives {
    /// The acts that make a derivative.
    pub by: Spanned<Names>,
    /// The labels that bind descendants.
    pub carry: Option<Spanned<Names>>,
    /// The royalty.
    pub owe: Option<Owe>,
}

/// `owe 6% of charges [, within 25% of all royalties]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owe {
    /// How much.
    pub percent: Spanned<Percent>,
    /// `charges` or `income`.
    pub of: Name,
    /// The ceiling of all royalties together.
    pub within: Option<Spanned<Percent>>,
}

/// `sublicense infer [at most 2 levels] [and adding at most 10%]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sublicense {
    /// The acts.
    pub actions: Spanned<Names>,
    /// How many levels.
    pub levels: Option<Spanned<Int>>,
    /// The highest surcharge.
    pub adding: Option<Spanned<Percent>>,
}

/// `split [each quarter] [first 2% to @grid, then] 70% to @a, rest to @b`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Split {
    /// The sharing window, if not the settlement's.
    pub each: Option<Name>,
    /// What comes off before royalties.
    pub first: Option<FirstCut>,
    /// The shares in their order, which breaks ties.
    pub shares: Vec<Spanned<Share>>,
}

/// `first 2% to @grid, then`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FirstCut {
    /// How much.
    pub percent: Spanned<Percent>,
    /// To whom.
    pub to: Handle,
}

/// `70% to @a`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Share {
    /// How much.
    pub portion: Spanned<Portion>,
    /// To whom.
    pub to: Payee,
}

/// How much a share is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Portion {
    /// `70%`
    Percent(Percent),
    /// `3 parts`
    Parts(Int),
    /// `rest`
    Rest,
}

/// Who is paid.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Payee {
    /// `@harbour`
    Party(Handle),
    /// A party fact of the invocation.
    Fact(Name),
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Cond {
    /// At least two operands.
    Or(Vec<Spanned<Cond>>),
    /// At least two operands.
    And(Vec<Spanned<Cond>>),
    /// `not c`
    Not(Box<Spanned<Cond>>),
    /// `headcount < 250`
    Compare {
        /// Left side.
        left: Spanned<Expr>,
        /// The comparison.
        op: Spanned<CompareOp>,
        /// Right side.
        right: Spanned<Expr>,
    },
    /// `action in generate`, `place in {FR, DE}`, `time in 08:30..18:00`
    In {
        /// What is looked for.
        left: Spanned<Expr>,
        /// Where.
        set: Spanned<Set>,
    },
    /// `x is known`
    Known(Spanned<Expr>),
    /// An expression that stands alone: a definition, a yes_no fact, a parenthesis.
    Test(Spanned<Expr>),
    /// What could not be read.
    Error,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
}

/// The right side of `in`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Set {
    /// `generate`
    Term(Name),
    /// `{FR, DE}`
    Terms(Vec<Name>),
    /// `mon..fri`
    Words {
        /// First.
        from: String,
        /// Last, inclusive.
        to: String,
    },
    /// `08:30..18:00`
    Times {
        /// First minute.
        from: ClockTime,
        /// End, exclusive.
        to: ClockTime,
    },
}

/// An operand of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Expr {
    /// A fact, a definition, a parameter, or a built-in (`at`, `date`, `action`, ...).
    Name(Name),
    /// `HarbourCorpus.small`
    Qualified {
        /// The licence.
        owner: Name,
        /// The name inside it.
        name: Name,
    },
    /// `monthly_users as of last month`
    AsOf {
        /// The fact.
        fact: Name,
        /// When.
        as_of: Spanned<AsOf>,
    },
    /// `250`
    Int(Int),
    /// `30 days`, `5 tokens`
    Quantity {
        /// How many.
        count: Spanned<Int>,
        /// Of what.
        unit: Name,
    },
    /// `0.5`
    Dec(Dec),
    /// `6%`
    Percent(Percent),
    /// `USD 3_000_000`
    Money(Money),
    /// `2027-03-01T06:00 America/Chicago`
    Moment(Moment),
    /// `08:30`
    Time(ClockTime),
    /// `"text"`
    Text(String),
    /// `@acme`
    Party(String),
    /// `( condition )`
    Paren(Box<Spanned<Cond>>),
    /// `a + b - c`: at least one term in `rest`
    Sum {
        /// The first term.
        first: Box<Spanned<Expr>>,
        /// The others with their signs.
        rest: Vec<(Sign, Spanned<Expr>)>,
    },
}

/// `+` or `-`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sign {
    /// `+`
    Plus,
    /// `-`
    Minus,
}

/// The instant or period of an attested fact.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AsOf {
    /// A date or instant.
    Moment(Moment),
    /// `release`
    Event(Name),
    /// `last month`
    Last(Name),
}

/// A whole number as written and its value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Int {
    /// As written: `1_000`. Empty in a placeholder.
    pub text: String,
    /// Its value; a number beyond `u128` is reported and becomes `u128::MAX`.
    pub value: u128,
}

/// A decimal number as written and its value, `digits` / 10^`scale`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Dec {
    /// As written: `3.00`. Empty in a placeholder.
    pub text: String,
    /// All digits without the point.
    pub digits: u128,
    /// How many of them stand after the point; 0 for a whole number.
    pub scale: u32,
}

/// `6%`, `2.5%`: the number before the sign.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Percent(pub Dec);

/// `EUR 0.40`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    /// Three or more capitals.
    pub currency: String,
    /// How much; never negative.
    pub amount: Dec,
}

/// A day of the proleptic Gregorian calendar that exists (impossible ones are reported and become 1970-01-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date {
    /// 1 to 9999
    pub year: u16,
    /// 1 to 12
    pub month: u8,
    /// 1 to 31
    pub day: u8,
}

/// A time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClockTime {
    /// 0 to 23; 24 only as `24:00`, the end of a range.
    pub hour: u8,
    /// 0 to 59
    pub minute: u8,
    /// 0 to 59; none if it was not written.
    pub second: Option<u8>,
}

/// A date, or an instant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Moment {
    /// `2026-01-01`: midnight in the licence's calendar
    Date(Date),
    /// `2026-05-31T12:00Z`
    Instant {
        /// The day.
        date: Date,
        /// The time of day.
        time: ClockTime,
        /// In which zone.
        zone: Zone,
    },
}

/// The zone of an instant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Zone {
    /// None written: the licence's calendar.
    Calendar,
    /// `Z`
    Utc,
    /// `+02:00`, in minutes east of UTC
    Offset(i16),
    /// `America/Chicago`
    Named(Name),
}

/// `vocabulary ai 1.2 { ... }`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Vocabulary {
    /// Its name.
    pub name: Name,
    /// Its version.
    pub version: Spanned<Dec>,
    /// Its sections, in the order written; a section may be written more than once.
    pub sections: Vec<Spanned<VocabSection>>,
}

/// A section of a vocabulary.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum VocabSection {
    /// `actions use { ... }`
    Actions(Vec<Spanned<TermTree>>),
    /// `purposes any { ... }`
    Purposes(Vec<Spanned<TermTree>>),
    /// `places world { ... }`
    Places(Vec<Spanned<TermTree>>),
    /// `units call, calls`
    Units(Vec<Spanned<UnitDecl>>),
    /// `facts headcount: count up to 1_000 optional`
    Facts(Vec<Spanned<FactDecl>>),
    /// `duties attribute(text, on: surface)`
    Duties(Vec<Spanned<DutyDecl>>),
    /// `currencies USDC 6 decimals`
    Currencies(Vec<Spanned<CurrencyDecl>>),
    /// What could not be read.
    Error,
}

/// `clinical_trial also commercial { ... }`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TermTree {
    /// The term.
    pub name: Name,
    /// Further parents.
    pub also: Vec<Name>,
    /// `states records, calls`: the units an action must state.
    pub states: Vec<Name>,
    /// What stands under it.
    pub children: Vec<Spanned<TermTree>>,
}

/// `call, calls`, `hour, hours = 3_600 seconds`, `revenue: USD`, `tick, ticks up to 10`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnitDecl {
    /// The singular (the only name of an amount of money).
    pub name: Name,
    /// The plural.
    pub plural: Option<Name>,
    /// What kind of unit.
    pub kind: UnitKind,
    /// `up to 10`
    pub up_to: Option<Spanned<Int>>,
}

/// What kind of unit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UnitKind {
    /// Counted by itself.
    Base,
    /// `= 3_600 seconds`
    Derived {
        /// How many.
        factor: Spanned<Int>,
        /// Of which unit.
        of: Name,
    },
    /// An amount of money in this currency.
    Money(Name),
}

/// `headcount: count up to 1_000_000 optional attested each year`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FactDecl {
    /// The fact.
    pub name: Name,
    /// `count`, `yes_no`, `text`, `party`, `kind`, or a currency.
    pub ty: Name,
    /// `up to 1_000_000`
    pub up_to: Option<Spanned<Int>>,
    /// `optional`
    pub optional: bool,
    /// `attested`
    pub attested: bool,
    /// `each year`
    pub each: Option<Name>,
}

/// `attribute(text, on: surface)`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DutyDecl {
    /// The duty.
    pub name: Name,
    /// Its parameters.
    pub params: Vec<Spanned<DutyParam>>,
}

/// `text` or `on: surface`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DutyParam {
    /// The preposition before the argument, if any.
    pub name: Option<Name>,
    /// `text`, `unit`, `party`, `surface`, ...
    pub ty: Name,
}

/// `USDC 6 decimals`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CurrencyDecl {
    /// Three or more capitals.
    pub code: Name,
    /// How many decimals it has.
    pub decimals: Spanned<Int>,
}

/// `test "..." for X { steps }`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Test {
    /// What it says.
    pub name: Text,
    /// The licence it is about.
    pub subject: Name,
    /// At least one; state is carried from step to step.
    pub steps: Vec<Spanned<Step>>,
}

/// `[given ...] when <ask> expect ...`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Step {
    /// State that is set before the ask.
    pub given: Vec<Spanned<Given>>,
    /// The ask; none only after an error.
    pub ask: Option<Spanned<Ask>>,
    /// At least one; [`Expect::Error`] after an error.
    pub expect: Vec<Spanned<Expect>>,
}

/// A piece of state in a test.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Given {
    /// `usage at 900_000 tokens`, `fee case 2 of @acme at 5_000 records`
    Counter {
        /// The clause that counts.
        clause: ClauseRef,
        /// Which case of `charge by case`, from 1.
        case: Option<Spanned<Int>>,
        /// Whose counter; none: that of whoever asks.
        key: Option<Handle>,
        /// Where it stands.
        at: Spanned<Amount>,
    },
    /// `HarbourCorpus.credit done`
    Duty {
        /// The clause that imposes it.
        clause: ClauseRef,
        /// `done`, `open`, `overdue`, ...
        status: Name,
    },
    /// `revoked on 2026-03-01`, `grant on 2026-01-01T00:00Z`
    Mark {
        /// The mark.
        mark: Name,
        /// When it was set.
        on: Spanned<Moment>,
    },
    /// What could not be read.
    Error,
}

/// `fee` or `HarbourCorpus.credit`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClauseRef {
    /// The licence, if another than the one under test.
    pub owner: Option<Name>,
    /// The label.
    pub label: Name,
}

/// `@ana of @acme asks to generate 300_000 tokens, 1 call for product in FR on 2026-05-31T12:00Z with headcount 249`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ask {
    /// Who asks.
    pub user: Handle,
    /// For which organisation.
    pub organisation: Option<Handle>,
    /// `as library_partner`: attested kinds of party.
    pub kinds: Vec<Name>,
    /// The act (a leaf).
    pub action: Name,
    /// How much.
    pub quantities: Vec<Spanned<AskQuantity>>,
    /// `for product` (a leaf)
    pub purpose: Option<Name>,
    /// `in FR` (a leaf)
    pub place: Option<Name>,
    /// `on 2026-05-31T12:00Z`
    pub on: Option<Spanned<Moment>>,
    /// `with headcount 249, certified, not ethics_approved`
    pub facts: Vec<Spanned<AskFact>>,
}

/// `300_000 tokens`, `USD 5_000 revenue`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AskQuantity {
    /// How many.
    pub number: Spanned<QuantityNumber>,
    /// Of what unit.
    pub unit: Name,
}

/// A number of units, or an amount of money.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum QuantityNumber {
    /// `300_000`
    Int(Int),
    /// `USD 5_000`
    Money(Money),
}

/// `headcount 249`, `certified`, `not ethics_approved`, `monthly_users as of last month 40_000`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AskFact {
    /// The fact.
    pub name: Name,
    /// For which instant or period.
    pub as_of: Option<Spanned<AsOf>>,
    /// Its value.
    pub value: Spanned<FactValue>,
}

/// The value of a fact in an ask.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FactValue {
    /// `certified` (true), `not certified` (false)
    YesNo(bool),
    /// `headcount 249`
    Int(Int),
    /// `annual_revenue USD 5_000_000`
    Money(Money),
    /// `title "x"`
    Text(String),
    /// `node @grid`
    Party(String),
}

/// What a test expects of a step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Expect {
    /// `permit`
    Permit,
    /// `deny [reason [subject]] [by clause]`
    Deny(Deny),
    /// `charge EUR 0.081`: exact
    Charge(Spanned<Money>),
    /// `due EUR 0.08`: in minor units
    Due(Spanned<Money>),
    /// `owe EUR 0.00486 to @harbour`
    Owe {
        /// How much.
        amount: Spanned<Money>,
        /// To whom.
        to: Handle,
    },
    /// `pay EUR 1.00 to @p`
    Pay {
        /// How much.
        amount: Spanned<Money>,
        /// To whom.
        to: Handle,
    },
    /// `must notice`
    Must(ClauseRef),
    /// What could not be read.
    Error,
}

/// `deny`, `deny forbidden by no_arms`, `deny needing headcount`, `deny over fair_use`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Deny {
    /// One of the closed list.
    pub reason: Option<Spanned<Reason>>,
    /// What the reason names: a fact, a limit, a duty, a unit, a guard.
    pub subject: Option<ClauseRef>,
    /// A clause that must be among the reasons.
    pub by: Option<ClauseRef>,
}

/// Why a use is denied: the closed list, in its one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// `range`
    Range,
    /// `revoked`
    Revoked,
    /// `stale`
    Stale,
    /// `ended`
    Ended,
    /// `not-yet`
    NotYet,
    /// `expired`
    Expired,
    /// `lapsed`
    Lapsed,
    /// `not-holder`
    NotHolder,
    /// `suspended`
    Suspended,
    /// `forbidden`
    Forbidden,
    /// `not-permitted`
    NotPermitted,
    /// `needing`
    Needing,
    /// `over`
    Over,
    /// `unmet`
    Unmet,
    /// `unpriced`
    Unpriced,
    /// `ambiguous-price`
    AmbiguousPrice,
    /// `credit`
    Credit,
}

impl Reason {
    /// Every reason, in order.
    pub const ALL: [Reason; 17] = [
        Reason::Range,
        Reason::Revoked,
        Reason::Stale,
        Reason::Ended,
        Reason::NotYet,
        Reason::Expired,
        Reason::Lapsed,
        Reason::NotHolder,
        Reason::Suspended,
        Reason::Forbidden,
        Reason::NotPermitted,
        Reason::Needing,
        Reason::Over,
        Reason::Unmet,
        Reason::Unpriced,
        Reason::AmbiguousPrice,
        Reason::Credit,
    ];

    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Reason::Range => "range",
            Reason::Revoked => "revoked",
            Reason::Stale => "stale",
            Reason::Ended => "ended",
            Reason::NotYet => "not-yet",
            Reason::Expired => "expired",
            Reason::Lapsed => "lapsed",
            Reason::NotHolder => "not-holder",
            Reason::Suspended => "suspended",
            Reason::Forbidden => "forbidden",
            Reason::NotPermitted => "not-permitted",
            Reason::Needing => "needing",
            Reason::Over => "over",
            Reason::Unmet => "unmet",
            Reason::Unpriced => "unpriced",
            Reason::AmbiguousPrice => "ambiguous-price",
            Reason::Credit => "credit",
        }
    }
}
