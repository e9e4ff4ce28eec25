//! Vocabularies: terms, units, facts, duties, currencies.

use super::*;

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
