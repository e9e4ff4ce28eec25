//! Conditions and the operands of comparisons.

use super::*;

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
