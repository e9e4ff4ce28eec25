//! The queries: thin, each a call of a pure function on plain data.
//!
//! Texts change; `parse` and `items` run again; of the declarations only those that changed are checked again, because
//! what a check reads has no absolute spans.

use std::collections::BTreeMap;

use licit_grammar::Span;
use salsa::Database as Db;

use crate::core;
use crate::db::{SourceFile, Workspace};
use crate::diagnostic::{Code, Diagnostic, Edit, Safety};
use crate::hir::scope::{self, Module, Scope};
use crate::hir::{self, Decl, from_ast};
use crate::standard;
use crate::syntax;
use crate::tir::tests::TestCase;
use crate::tir::vocabulary::Vocabulary;
use crate::tir::{self, from_hir::Checked};

/// What a declaration declares, as far as other declarations look it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Import,
    Vocabulary,
    Party,
    Licence,
    Test,
    Later,
    Broken,
}

/// A declaration. File, kind and name are its identity; its content may change.
#[salsa::tracked(debug)]
pub(crate) struct Item<'db> {
    #[returns(copy)]
    pub file: SourceFile,
    #[returns(copy)]
    pub kind: Kind,
    #[returns(deref)]
    pub name: String,
    #[tracked]
    pub lowered: Content,
    #[tracked]
    #[returns(copy)]
    pub start: u32,
}

/// A declaration without its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub decl: Decl,
    pub findings: Vec<Diagnostic>,
}

/// A text's tree and its mistakes. Never compared: the tree's equality ignores spans.
#[salsa::tracked(no_eq)]
pub(crate) fn parse(db: &dyn Db, file: SourceFile) -> licit_grammar::Parse {
    licit_grammar::parse(file.text(db))
}

/// The declarations of a file.
#[salsa::tracked]
pub(crate) fn items(db: &dyn Db, file: SourceFile) -> Vec<Item<'_>> {
    let parsed = parse(db, file);
    let text = file.text(db);
    parsed
        .file
        .decls
        .iter()
        .map(|decl| {
            let lowered = from_ast::lower(decl, text);
            let (kind, name) = identity(&lowered.decl);
            let content = Content { decl: lowered.decl, findings: lowered.findings };
            Item::new(db, file, kind, name, content, lowered.start)
        })
        .collect()
}

fn identity(decl: &Decl) -> (Kind, String) {
    match decl {
        Decl::Import(it) => (Kind::Import, it.name.value.clone()),
        Decl::Vocabulary(it) => (Kind::Vocabulary, it.name.value.clone()),
        Decl::Party(it) => (Kind::Party, it.handle.value.clone()),
        Decl::Licence(it) => (Kind::Licence, it.name.value.clone()),
        Decl::Test(it) => (Kind::Test, it.name.value.clone()),
        Decl::Later { name } => {
            (Kind::Later, name.as_ref().map(|name| name.value.clone()).unwrap_or_default())
        }
        Decl::Broken(_) => (Kind::Broken, String::new()),
    }
}

/// A vocabulary that was declared with its body.
#[salsa::tracked]
pub(crate) fn vocabulary<'db>(db: &'db dyn Db, item: Item<'db>) -> (Option<Vocabulary>, Vec<Diagnostic>) {
    match &item.lowered(db).decl {
        Decl::Vocabulary(it) => {
            let (vocabulary, findings) = tir::vocabulary::check(it);
            (Some(vocabulary), findings)
        }
        _ => (None, Vec::new()),
    }
}

/// The vocabularies of a file by name and version.
#[salsa::tracked]
pub(crate) fn declared(db: &dyn Db, file: SourceFile) -> Vec<(String, String, Item<'_>)> {
    let items = items(db, file).iter().filter(|item| item.kind(db) == Kind::Vocabulary);
    items
        .filter_map(|item| match &item.lowered(db).decl {
            Decl::Vocabulary(it) => Some((it.name.value.clone(), it.version.value.clone(), *item)),
            _ => None,
        })
        .collect()
}

/// The vocabularies of the workspace by name and version.
#[salsa::tracked]
pub(crate) fn modules(db: &dyn Db, workspace: Workspace) -> BTreeMap<(String, String), Vec<Item<'_>>> {
    let mut out: BTreeMap<(String, String), Vec<Item<'_>>> = BTreeMap::new();
    for file in workspace.files(db) {
        for (name, version, item) in declared(db, *file) {
            out.entry((name.clone(), version.clone())).or_default().push(*item);
        }
    }
    out
}

/// The words of what stands between declarations and could not be read.
#[salsa::tracked]
fn stray_words(db: &dyn Db, file: SourceFile) -> hir::Words {
    let parsed = parse(db, file);
    let text = file.text(db);
    let strays = syntax::strays(&parsed.file, &parsed.errors, text.len() as u32);
    strays.iter().flat_map(|span| from_ast::words(text.get(span.range()).unwrap_or_default())).collect()
}

/// What the licences of a file see, and what is wrong between declarations (absolute spans).
#[salsa::tracked]
fn linked(db: &dyn Db, file: SourceFile) -> (Scope, Vec<Linked>) {
    let mut scope = Scope { loose: stray_words(db, file).clone(), ..Scope::default() };
    let mut findings = Vec::new();
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    let others = [Kind::Licence, Kind::Test, Kind::Later];
    for item in items(db, file).iter().filter(|item| !others.contains(&item.kind(db))) {
        let own =
            |finding: Diagnostic| Linked { item: item.name(db).to_owned(), kind: item.kind(db), finding };
        match &item.lowered(db).decl {
            Decl::Vocabulary(it) => {
                if seen.insert(&it.name.value, &it.version.value).is_some() {
                    continue;
                }
                if let (Some(vocabulary), _) = vocabulary(db, *item) {
                    let clashes = scope.add(vocabulary);
                    findings.extend(clash(&it.name, &clashes).map(own));
                }
            }
            Decl::Import(it) => {
                if seen.insert(&it.name.value, &it.version.value).is_some() {
                    continue;
                }
                let (module, found) = import(db, file, it);
                findings.extend(found.into_iter().map(own));
                match module {
                    Some(vocabulary) => {
                        let clashes = scope.add(vocabulary);
                        findings.extend(clash(&it.name, &clashes).map(own));
                    }
                    None => scope.open = true,
                }
            }
            Decl::Party(it) => {
                findings.extend(scope::check_party(it).into_iter().map(own));
                let account = it.account.as_ref().map(|account| account.value.clone());
                scope.parties.entry(it.handle.value.clone()).or_insert((it.did.value.clone(), account));
            }
            Decl::Broken(words) => scope.loose.extend(words.iter().cloned()),
            Decl::Licence(_) | Decl::Test(_) | Decl::Later { .. } => {}
        }
    }
    (scope, findings)
}

/// A finding about a declaration, relative to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Linked {
    item: String,
    kind: Kind,
    finding: Diagnostic,
}

fn clash(name: &hir::Name, clashes: &[String]) -> Option<Diagnostic> {
    let first = clashes.first()?;
    let more = clashes.len() - 1;
    let others = if more == 0 { String::new() } else { format!(" (and {more} more)") };
    Some(
        Diagnostic::new(
            Code::E0208,
            name.span,
            format!("another vocabulary of this file declares `{first}` too{others}"),
        )
        .label("which of the two is meant?")
        .help("import one of the two, or rename the term in one of them"),
    )
}

/// The vocabulary that an import means, and what is wrong with the import.
fn import<'db>(
    db: &'db dyn Db,
    file: SourceFile,
    it: &hir::Import,
) -> (Option<&'db Vocabulary>, Vec<Diagnostic>) {
    let mut findings = Vec::new();
    let pin = it.pin.as_ref().map(|pin| (scope::digest(&pin.value), pin.span));
    if let Some((None, span)) = pin {
        findings.push(tir::from_hir::bad_digest(span));
    }
    let Some(module) = find_module(db, file, it) else {
        let known = Workspace::try_get(db).map(|workspace| modules(db, workspace));
        let mut known: Vec<(String, String)> =
            known.map(|map| map.keys().cloned().collect()).unwrap_or_default();
        known.extend(standard::MODULES.iter().map(|it| (it.name.to_owned(), it.version.to_owned())));
        findings.push(scope::unresolved(it, &known));
        return (None, findings);
    };
    match (pin, module.vocabulary.id) {
        // The edition pins it.
        (None, Some(_)) if module.is_pinned() => {}
        (None, Some(id)) => {
            let end = Span::new(it.version.span.end, it.version.span.end);
            let edit = Edit { span: end, text: format!(" pinned {}", scope::hex(&id)) };
            findings.push(
                Diagnostic::new(
                    Code::W0213,
                    it.name.span.to(it.version.span),
                    format!("`{} {}` is imported without a pin", it.name.value, it.version.value),
                )
                .label("whatever the file says today")
                .note("`licit build` refuses it: a licence must not change its meaning with another file")
                .fix(Safety::Safe, "let `licit pin` write it", vec![edit]),
            );
        }
        (Some((Some(pinned), span)), Some(id)) if pinned != id => {
            findings.push(mismatch(it, &module, span, &id));
        }
        // Without an id the module has mistakes of its own, which are reported where it stands.
        _ => {}
    }
    (Some(module.vocabulary), findings)
}

/// A pin that is not the id of the module that its import finds.
fn mismatch(it: &hir::Import, module: &Module<'_>, span: Span, id: &[u8; 32]) -> Diagnostic {
    let short = scope::hex(id).chars().take(15).collect::<String>();
    let message = format!("{} {} is not the vocabulary you pinned", it.name.value, it.version.value);
    let found = Diagnostic::new(Code::E0207, span, message)
        .label(format!("you pinned this; {} now has {short}", module.path));
    let edit = Edit { span, text: scope::hex(id) };
    let found = match module.standard {
        Some(standard) => found
            .there(standard.path, standard::name_span(standard), "this one is found")
            .note("what the standard library once had never changes: the pin is of something else")
            .help("add the file that was pinned to the workspace, or pin again"),
        None => found
            .note("the meaning changed, not only the layout")
            .help("keep the old file, or read what changed and pin again"),
    };
    found.fix(Safety::Ask, format!("pin {}", scope::hex(id)), vec![edit])
}

fn find_module<'db>(db: &'db dyn Db, file: SourceFile, it: &hir::Import) -> Option<Module<'db>> {
    let own = declared(db, file)
        .iter()
        .filter(|(name, version, _)| *name == it.name.value && *version == it.version.value);
    let own = own.map(|(_, _, item)| *item);
    let key = (it.name.value.clone(), it.version.value.clone());
    let others = Workspace::try_get(db).and_then(|workspace| modules(db, workspace).get(&key));
    let all = own.chain(others.into_iter().flatten().copied());
    let modules: Vec<Module<'db>> = all
        .filter_map(|item| {
            let vocabulary = vocabulary(db, item).0.as_ref()?;
            Some(Module { path: item.file(db).path(db), vocabulary, standard: None })
        })
        .chain(Module::standard(&it.name.value, &it.version.value))
        .collect();
    let pin = it.pin.as_ref().and_then(|pin| scope::digest(&pin.value));
    scope::resolve(&modules, pin.as_ref())
}

/// What the declarations of a file see, without anything that moves.
#[salsa::tracked]
pub(crate) fn file_scope(db: &dyn Db, file: SourceFile) -> Scope {
    linked(db, file).0.clone()
}

/// A checked licence; none for another declaration.
#[salsa::tracked]
pub(crate) fn check_licence<'db>(db: &'db dyn Db, item: Item<'db>) -> Option<Checked> {
    match &item.lowered(db).decl {
        Decl::Licence(it) => Some(tir::from_hir::check(it, file_scope(db, item.file(db)))),
        _ => None,
    }
}

/// The core of a licence without errors.
#[salsa::tracked]
pub(crate) fn core_of<'db>(
    db: &'db dyn Db,
    item: Item<'db>,
) -> Option<Result<core::Licence, Box<Diagnostic>>> {
    let checked = check_licence(db, item).as_ref()?;
    let content = item.lowered(db);
    if checked.findings.iter().chain(&content.findings).any(Diagnostic::is_error) {
        return None;
    }
    let scope = file_scope(db, item.file(db));
    if scope.open || scope.clashing || scope.vocabularies.iter().any(|(_, _, id)| id.is_none()) {
        return None;
    }
    Some(core::from_tir::licence(&checked.licence, scope))
}

/// The numbers of the cases of a licence's charges in its core.
#[salsa::tracked]
fn case_numbers<'db>(db: &'db dyn Db, item: Item<'db>) -> BTreeMap<String, Vec<usize>> {
    match (check_licence(db, item), core_of(db, item)) {
        (Some(checked), Some(Ok(_))) => {
            core::from_tir::case_numbers(&checked.licence, file_scope(db, item.file(db)))
        }
        _ => BTreeMap::new(),
    }
}

/// A checked test; none for another declaration, or where its licence could not be found.
#[salsa::tracked]
pub(crate) fn check_test<'db>(db: &'db dyn Db, item: Item<'db>) -> (Option<TestCase>, Vec<Diagnostic>) {
    let Decl::Test(test) = &item.lowered(db).decl else { return (None, Vec::new()) };
    let file = item.file(db);
    let Some(subject) = licence_named(db, file, &test.subject.value) else {
        return (None, unknown_subject(db, file, &test.subject));
    };
    with_subject(db, subject, |subject| {
        let (case, findings) = tir::tests::lower(test, subject);
        (Some(case), findings)
    })
    .unwrap_or_default()
}

/// The licence of this name.
pub(crate) fn licence_named<'db>(db: &'db dyn Db, file: SourceFile, name: &str) -> Option<Item<'db>> {
    licence_index(db, file).get(name).copied()
}

/// The licences of a file by name; of two of one name the first.
#[salsa::tracked]
pub(crate) fn licence_index(db: &dyn Db, file: SourceFile) -> BTreeMap<String, Item<'_>> {
    let mut out = BTreeMap::new();
    for item in items(db, file).iter().filter(|item| item.kind(db) == Kind::Licence) {
        out.entry(item.name(db).to_owned()).or_insert(*item);
    }
    out
}

/// Calls `f` with what a test or an ask must know of a licence.
pub(crate) fn with_subject<T>(
    db: &dyn Db,
    licence: Item<'_>,
    f: impl FnOnce(&tir::tests::Subject<'_>) -> T,
) -> Option<T> {
    let Decl::Licence(hir) = &licence.lowered(db).decl else { return None };
    let checked = check_licence(db, licence).as_ref()?;
    Some(f(&tir::tests::Subject {
        hir,
        tir: &checked.licence,
        scope: file_scope(db, licence.file(db)),
        case_numbers: case_numbers(db, licence),
    }))
}

fn unknown_subject(db: &dyn Db, file: SourceFile, name: &hir::Name) -> Vec<Diagnostic> {
    let excused = stray_words(db, file).contains(&name.value);
    let excused = excused
        || items(db, file).iter().any(|item| match &item.lowered(db).decl {
            Decl::Later { name: Some(later) } => later.value == name.value,
            Decl::Broken(words) => words.contains(&name.value),
            _ => false,
        });
    if excused || name.value.is_empty() {
        return Vec::new();
    }
    let licences = items(db, file).iter().filter(|item| item.kind(db) == Kind::Licence);
    let known: Vec<&str> = licences.map(|item| item.name(db)).collect();
    vec![
        Diagnostic::new(Code::E0202, name.span, format!("no licence is called `{}`", name.value))
            .label("not in this file")
            .did_you_mean(&name.value, crate::suggest::closest(&name.value, known)),
    ]
}

/// Everything there is to say about a file, in the order of its text.
#[salsa::tracked]
pub(crate) fn diagnostics(db: &dyn Db, file: SourceFile) -> Vec<Diagnostic> {
    let parsed = parse(db, file);
    let text = file.text(db);
    let unreadable = syntax::unreadable(&parsed.file, &parsed.errors);
    let items = items(db, file);
    let decls = items.iter().map(|item| (&item.lowered(db).decl, item.start(db)));
    let mut found = scope::duplicates(decls);
    for item in items {
        let shift = |finding: &Diagnostic| finding.clone().shifted(item.start(db));
        found.extend(item.lowered(db).findings.iter().map(shift));
        match item.kind(db) {
            Kind::Vocabulary => found.extend(vocabulary(db, *item).1.iter().map(shift)),
            Kind::Licence => {
                if let Some(checked) = check_licence(db, *item) {
                    found.extend(checked.findings.iter().map(shift));
                }
                if let Some(Err(refused)) = core_of(db, *item) {
                    found.push(shift(refused));
                }
            }
            Kind::Test => found.extend(check_test(db, *item).1.iter().map(shift)),
            Kind::Import | Kind::Party | Kind::Later | Kind::Broken => {}
        }
    }
    for Linked { item, kind, finding } in &linked(db, file).1 {
        let place = items.iter().find(|it| it.kind(db) == *kind && it.name(db) == item);
        found.extend(place.map(|item| finding.clone().shifted(item.start(db))));
    }
    found.retain(|finding| !syntax::rests_on(finding, &unreadable));
    let scope = file_scope(db, file);
    for finding in &mut found {
        scope::point_to_standard(finding, text, scope);
    }
    found.extend(parsed.errors.iter().map(|error| syntax::finding(error, text)));
    found.sort_by_key(|finding| (finding.primary.span, finding.code));
    found.dedup();
    found
}

/// Where pins belong in a file, and what they are.
pub(crate) fn pins(db: &dyn Db, file: SourceFile) -> Vec<crate::PinEdit> {
    let mut out = Vec::new();
    for item in items(db, file) {
        let Decl::Import(it) = &item.lowered(db).decl else { continue };
        let Some(module) = find_module(db, file, it) else { continue };
        let Some(id) = module.vocabulary.id else { continue };
        if it.pin.is_none() && module.is_pinned() {
            continue;
        }
        let start = item.start(db);
        let at = |span: Span| Span::new(span.start + start, span.end + start);
        let pin = scope::hex(&id);
        match &it.pin {
            Some(old) if old.value == pin => {}
            Some(old) => out.push(crate::PinEdit { span: at(old.span), text: pin, replaces: true }),
            None => {
                let end = at(it.version.span).end;
                let text = format!(" pinned {pin}");
                out.push(crate::PinEdit { span: Span::new(end, end), text, replaces: false });
            }
        }
    }
    out
}
