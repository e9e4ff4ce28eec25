//! Why a core is not valid.

use std::fmt;

use super::check::MAX_DEPTH;
use super::{Ratio, Window};

/// A broken invariant, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoreError {
    /// The key of the licence's or vocabulary's map.
    pub key: u64,
    /// The entry of the list under that key.
    pub index: Option<u32>,
    /// What is wrong.
    pub kind: CoreErrorKind,
}

/// What is wrong with a core.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CoreErrorKind {
    /// A name is empty, longer than 255 bytes or holds a control character.
    Name(String),
    /// A list is not in ascending order, or an entry occurs twice.
    Order(&'static str),
    /// Two clauses have this label.
    Label(String),
    /// An index points outside its table.
    Index {
        /// Which table.
        table: &'static str,
        /// The index.
        index: u32,
    },
    /// A number is 2^127 or more.
    Number,
    /// A length of time is 2^64 or more.
    Period,
    /// A fraction is not in lowest terms or its denominator is zero.
    Ratio(Ratio),
    /// A term is its own ancestor.
    Cycle(String),
    /// The lowest count is above the highest.
    Range,
    /// A comparison does not suit its fact's type.
    Comparison,
    /// A leaf is both in and unknown.
    Overlap(u32),
    /// A connective stands in one of its own kind, or has fewer than two operands.
    Connective,
    /// Conditions nest deeper than 64.
    Depth,
    /// A definition that nothing uses, or one numbered out of turn.
    DefinitionOrder,
    /// Two definitions are equal.
    EqualDefinitions,
    /// No condition mentions this fact.
    UnusedFact,
    /// Nothing mentions this party.
    UnusedParty,
    /// A party with neither identifier nor account.
    UnboundParty,
    /// This window is not possible here.
    Window(Window),
    /// A point of the term lies in the year 10000 or after.
    Late,
    /// A list or map that may not be empty is.
    Empty(&'static str),
    /// A number that may not be zero is.
    Zero(&'static str),
    /// More of them than section 13 allows.
    TooMany(&'static str),
    /// A plain charge has other than one case.
    PlainCases,
    /// All tiers but the last need a width, and the last has none.
    Tiers,
    /// The least common denominator of all rates, or a rate in its units, is 2^64 or more.
    Grain,
    /// An amount that no quantity multiplies is 2^127 or more in units of the grain.
    Amount,
    /// The shares do not add up to 1.
    Shares,
    /// A value that says what its absence says.
    Default(&'static str),
    /// A renewal's period is not of whole days or months, or it is zero.
    RenewalPeriod,
    /// What is renewed has an end.
    RenewalTerm,
    /// A beginning that counts from the first use.
    Anchor,
    /// Seats of a single user.
    SeatsKey,
    /// The floor of a price is above its cap.
    Bounds,
    /// The bands of a charge at close do not rise to a last one without end.
    Bands,
    /// What charges or spends needs money.
    NoMoney(&'static str),
    /// What happens at a window's close needs windows that close.
    ByCall(&'static str),
    /// A charge at close beside a spend limit or prepaid credit.
    Beside,
    /// A royalty that is a part of itself or of nothing.
    Basis,
    /// First cuts and royalties take more than there is.
    GivenAway,
    /// A part's numerator or denominator is 2^127 or more.
    Parts,
}

impl fmt::Display for CoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {}", self.key)?;
        if let Some(index) = self.index {
            write!(f, ", entry {index}")?;
        }
        write!(f, ": {}", self.kind)
    }
}

impl fmt::Display for CoreErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) if name.is_empty() => write!(f, "a name is empty"),
            Self::Name(name) if name.len() > 255 => write!(f, "a name is longer than 255 bytes"),
            Self::Name(_) => write!(f, "a name holds a control character"),
            Self::Order(what) => write!(f, "{what} are not in ascending order without repetition"),
            Self::Label(label) => write!(f, "two clauses are called `{label}`"),
            Self::Index { table, index } => write!(f, "there is no {table} {index} to mention here"),
            Self::Number => write!(f, "a number is 2^127 or more"),
            Self::Period => write!(f, "a length of time is 2^64 or more"),
            Self::Ratio(Ratio { num, den }) => write!(f, "{num}/{den} is not a fraction in lowest terms"),
            Self::Cycle(term) => write!(f, "`{term}` is its own ancestor"),
            Self::Range => write!(f, "the lowest value is above the highest"),
            Self::Comparison => write!(f, "the comparison does not suit the type of the fact"),
            Self::Overlap(leaf) => write!(f, "leaf {leaf} is both in and unknown"),
            Self::Connective => {
                write!(f, "`and` and `or` take two or more operands that are not of the same kind")
            }
            Self::Depth => write!(f, "conditions nest deeper than {MAX_DEPTH}"),
            Self::DefinitionOrder => write!(f, "definitions must be used, and numbered by first use"),
            Self::EqualDefinitions => write!(f, "two definitions are equal"),
            Self::UnusedFact => write!(f, "no condition mentions this fact"),
            Self::UnusedParty => write!(f, "nothing mentions this party"),
            Self::UnboundParty => write!(f, "a party needs an identifier or an account"),
            Self::Window(_) => write!(f, "this window is not possible here"),
            Self::Late => write!(f, "a point of the term lies after the year 9999"),
            Self::Empty(what) => write!(f, "{what} may not be empty"),
            Self::Zero(what) => write!(f, "{what} may not be zero"),
            Self::TooMany(what) => write!(f, "too many {what}"),
            Self::PlainCases => write!(f, "a charge that is not by case has exactly one case"),
            Self::Tiers => write!(f, "all tiers but the last need a width, and the last has none"),
            Self::Grain => write!(f, "the rates have no common denominator below 2^64"),
            Self::Amount => write!(f, "in units of the common denominator, an amount is 2^127 or more"),
            Self::Shares => write!(f, "the shares do not add up to 1"),
            Self::Default(what) => write!(f, "{what} says what its absence says"),
            Self::RenewalPeriod => write!(f, "a renewal's period is at least one whole day or month"),
            Self::RenewalTerm => write!(f, "what is renewed has no end of its term"),
            Self::Anchor => write!(f, "only an end counts from the first use"),
            Self::SeatsKey => write!(f, "seats belong to an organisation or a licensee"),
            Self::Bounds => write!(f, "the floor is above the cap"),
            Self::Bands => write!(
                f,
                "all bands but the last need an end above that of the one before, and the last has none"
            ),
            Self::NoMoney(what) => write!(f, "{what} needs money"),
            Self::ByCall(what) => {
                write!(f, "{what} needs a window that closes, and calls are settled one by one")
            }
            Self::Beside => {
                write!(f, "a charge at close cannot stand beside a spend limit or prepaid credit")
            }
            Self::Basis => write!(f, "a royalty is a part of itself, or of nothing"),
            Self::GivenAway => write!(f, "more is given away than there is"),
            Self::Parts => write!(f, "a part is too fine: its numerator or denominator is 2^127 or more"),
        }
    }
}

impl std::error::Error for CoreError {}
