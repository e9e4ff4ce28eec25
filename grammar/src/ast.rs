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

mod clause;
mod cond;
mod header;
mod price;
mod test;
mod value;
mod vocabulary;

pub use clause::*;
pub use cond::*;
pub use header::*;
pub use price::*;
pub use test::*;
pub use value::*;
pub use vocabulary::*;

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
