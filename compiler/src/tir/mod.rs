//! The checked licence: every name resolved, every number with its unit, every price an exact fraction.
//!
//! Conditions and prices are already those of the core; indices point into the file's `Scope` (terms, units,
//! facts) and into the licence's own definitions as written. `core::from_tir` brings them into canonical form.

use licit_grammar::Span;

use crate::core;

mod conditions;
pub(crate) mod from_hir;
mod limits;
mod money;
mod prices;
mod split;
mod standing;
pub(crate) mod tests;
mod time;
pub(crate) mod vocabulary;

/// A checked licence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Licence {
    pub name: String,
    /// Of the name, relative to the declaration.
    pub span: Span,
    pub version: u64,
    pub licensor: String,
    pub assets: Vec<core::Asset>,
    pub calendar: Option<String>,
    pub money: Option<core::Money>,
    pub term: Option<core::TermSpan>,
    pub renewal: Option<core::Renewal>,
    pub holder: Option<String>,
    pub corrections: Option<core::Period>,
    pub revocability: core::Revocability,
    /// In the order written; a mention may point forwards.
    pub definitions: Vec<core::Cond>,
    pub clauses: Vec<Clause>,
}

/// A checked clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clause {
    pub label: String,
    /// From its label to its end.
    pub span: Span,
    pub kind: ClauseKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClauseKind {
    Permit(core::Cond),
    Forbid(core::Cond),
    Limit(core::Limit),
    Charge {
        /// As written, without `otherwise`; each with its place in the clause, from 0.
        cases: Vec<(core::Cond, core::Price, usize)>,
        /// With its place in the clause.
        otherwise: Option<(core::Price, usize)>,
        by_case: bool,
    },
    Duty(core::Duty),
    Split(core::Split),
    Prepaid(core::Prepaid),
    AtClose(core::AtClose),
    /// A grant ends for good when this becomes true.
    End(core::Cond),
    Free(Vec<u32>),
    /// It has an error, which was reported.
    Broken,
}
