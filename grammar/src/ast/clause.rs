//! Clauses and their selectors.

use super::*;

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
