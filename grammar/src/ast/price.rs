//! What a `charge` clause says: rates, schedules, cases, prices at close.

use super::*;

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
