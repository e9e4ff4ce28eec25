//! From a Licit syntax tree to the core calculus and policy bytecode: names, types, units, money, checks.
//!
//! ```text
//! text --grammar--> tree --hir::from_ast--> hir --tir::from_hir--> tir --core::from_tir--> core --emit--> module
//! ```
//!
//! Reading order: this file, [`diagnostic`] and [`codes`], `hir` (one shape per construct, spans relative to the
//! declaration), `hir::scope` (modules), `tir` (names resolved, numbers exact), [`core`] (the meaning), `queries`
//! (which of it is kept when a text changes), [`render`].
//!
//! *Invariant:* passes do not fail: each returns its output and what is wrong with it. *Invariant:* one cause, one
//! finding: what was reported becomes an absence that nobody reports again. *Invariant:* no clock, no environment, no
//! files: the host hands in every text.

pub mod codes;
pub mod core;
pub mod currencies;
pub mod db;
pub mod diagnostic;
pub mod emit;
mod hir;
mod queries;
pub mod render;
pub mod standard;
mod suggest;
mod syntax;
mod tir;
pub mod zone;

use licit_grammar::Span;

pub use codes::{Code, Severity};
pub use db::{Database, SourceFile, Workspace};
pub use diagnostic::{Diagnostic, Edit, Fix, Label, Safety};
pub use tir::tests::{DutyStatus, FactValue, TestAsk, TestCase, TestExpect, TestGiven, TestStep};

/// A licence without errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompiledLicence {
    /// Its name.
    pub name: String,
    /// Where its name stands.
    pub span: Span,
    /// What it means.
    pub core: core::Licence,
    /// Where each labelled clause stands, sorted by label.
    pub clauses: Vec<(String, Span)>,
}

/// A change that brings the pin of an import up to date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinEdit {
    /// What goes; empty where the pin is new.
    pub span: Span,
    /// What comes.
    pub text: String,
    /// Whether it replaces a pin, that is, accepts a changed meaning.
    pub replaces: bool,
}

/// Everything there is to say about a file, in the order of its text.
pub fn check(db: &Database, file: SourceFile) -> Vec<Diagnostic> {
    queries::diagnostics(db, file).clone()
}

/// The licences of a file that have no errors. Where the file has a syntax error there are none: nobody knows what else
/// it would have said.
pub fn licences(db: &Database, file: SourceFile) -> Vec<CompiledLicence> {
    if !queries::parse(db, file).errors.is_empty() {
        return Vec::new();
    }
    let mut out: Vec<CompiledLicence> = Vec::new();
    for item in queries::licence_index(db, file).values() {
        let (Some(Ok(core)), Some(checked)) =
            (queries::core_of(db, *item), queries::check_licence(db, *item))
        else {
            continue;
        };
        let start = item.start(db);
        let at = |span: Span| Span::new(span.start + start, span.end + start);
        let clauses = checked.licence.clauses.iter();
        let mut clauses: Vec<_> = clauses.map(|clause| (clause.label.clone(), at(clause.span))).collect();
        clauses.sort();
        let name = item.name(db).to_owned();
        out.push(CompiledLicence { name, span: at(checked.licence.span), core: core.clone(), clauses });
    }
    out.sort_by_key(|licence| licence.span);
    out
}

/// The tests of a file as data; of tests with errors only what could be read.
pub fn tests(db: &Database, file: SourceFile) -> Vec<TestCase> {
    let mut out = Vec::new();
    for item in queries::items(db, file) {
        if let (Some(case), _) = queries::check_test(db, *item) {
            out.push(case.clone().shifted(item.start(db)));
        }
    }
    out
}

/// An ask in the words of a test's `when`, of a licence of this file: the request and what is wrong with the words
/// (spans into `words`). None if they could not be read or there is no such licence.
pub fn ask(
    db: &Database,
    file: SourceFile,
    licence: &str,
    words: &str,
) -> (Option<TestAsk>, Vec<Diagnostic>) {
    let (tree, errors) = licit_grammar::parse_ask(words);
    let errors: Vec<Diagnostic> = errors.iter().map(|error| syntax::finding(error, words)).collect();
    let (Some(tree), true) = (tree, errors.is_empty()) else { return (None, errors) };
    let (lowered, mut findings) = hir::from_ast::lower_ask(&tree, words);
    let subject = queries::licence_named(db, file, licence);
    let found = subject.and_then(|subject| {
        queries::with_subject(db, subject, |subject| tir::tests::lower_ask(&lowered, subject))
    });
    let Some((ask, more)) = found else { return (None, findings) };
    findings.extend(more);
    (Some(ask), findings)
}

/// The edits that bring the pins of a file up to date.
pub fn pins(db: &Database, file: SourceFile) -> Vec<PinEdit> {
    queries::pins(db, file)
}

/// The explain page of a code, in Markdown; in any case: `e0203`.
pub fn explain(code: &str) -> Option<&'static str> {
    Code::find(code).map(Code::page)
}

/// What became of one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// Its path.
    pub path: String,
    /// See [`check`].
    pub diagnostics: Vec<Diagnostic>,
    /// See [`licences`].
    pub licences: Vec<CompiledLicence>,
    /// See [`tests`].
    pub tests: Vec<TestCase>,
}

/// Compiles (path, text) pairs that may import from each other, once, keeping nothing.
pub fn compile_text(texts: &[(&str, &str)]) -> Vec<Compiled> {
    let db = Database::default();
    let files: Vec<SourceFile> = texts
        .iter()
        .map(|(path, text)| SourceFile::new(&db, (*path).to_owned(), (*text).to_owned()))
        .collect();
    Workspace::new(&db, files.clone());
    files
        .into_iter()
        .map(|file| Compiled {
            path: file.path(&db).to_owned(),
            diagnostics: check(&db, file),
            licences: licences(&db, file),
            tests: tests(&db, file),
        })
        .collect()
}
