//! Licence texts with what the compiler says of them.
//!
//! A name that a file does not declare is looked up in its workspace: every .licit file below the nearest folder above it
//! that holds a `licit.toml`; without one, only the files that were named.

use crate::exit::{Failure, Result};
use crate::input::{self, Source};
use crate::names::Names;
use crate::places::Places;
use crate::shell::shown;
use licit_compiler::core::Licence as Core;
use licit_compiler::emit::{self, SourceMap};
use licit_compiler::{CompiledLicence, Database, Diagnostic, SourceFile, Workspace, render, standard, zone};
use licit_grammar::ast::{DeclKind, UnitKind, VocabSection};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How many findings of one text are drawn.
const MOST_DRAWN: usize = 200;
/// About how many bytes of a text are drawn.
const LONGEST_DRAWN: usize = 1 << 21;

/// Texts that were named, and those around them.
pub struct Texts {
    /// First those that were named, then those that are only looked up.
    sources: Vec<Source>,
    files: Vec<SourceFile>,
    named: usize,
    db: Database,
    places: RefCell<Places>,
}

impl Texts {
    /// Takes the texts that were named and reads those around them.
    pub fn new(mut sources: Vec<Source>) -> Self {
        let named = sources.len();
        let around = around(&sources);
        sources.extend(around);
        let db = Database::default();
        let files: Vec<SourceFile> = sources
            .iter()
            .map(|source| SourceFile::new(&db, source.name.clone(), source.text.clone()))
            .collect();
        Workspace::new(&db, files.clone());
        Self { sources, files, named, db, places: RefCell::default() }
    }

    /// The texts that were named, with their numbers.
    pub fn named(&self) -> impl Iterator<Item = (usize, &Source)> {
        self.sources.iter().take(self.named).enumerate()
    }

    /// One of them.
    pub fn source(&self, index: usize) -> &Source {
        &self.sources[index]
    }

    /// What is wrong with a text.
    pub fn findings(&self, index: usize) -> Vec<Diagnostic> {
        licit_compiler::check(&self.db, self.files[index])
    }

    /// Its licences without errors.
    pub fn licences(&self, index: usize) -> Vec<CompiledLicence> {
        licit_compiler::licences(&self.db, self.files[index])
    }

    /// Its tests.
    pub fn tests(&self, index: usize) -> Vec<licit_compiler::TestCase> {
        licit_compiler::tests(&self.db, self.files[index])
    }

    /// The edits that bring its pins up to date.
    pub fn pins(&self, index: usize) -> Vec<licit_compiler::PinEdit> {
        licit_compiler::pins(&self.db, self.files[index])
    }

    /// An ask in words, of one of its licences.
    pub fn ask(
        &self,
        index: usize,
        licence: &str,
        words: &str,
    ) -> (Option<licit_compiler::TestAsk>, Vec<Diagnostic>) {
        licit_compiler::ask(&self.db, self.files[index], licence, words)
    }

    /// A finding drawn.
    pub fn drawn(&self, index: usize, finding: &Diagnostic, colours: bool) -> String {
        self.all_drawn(index, std::slice::from_ref(finding), colours)
    }

    /// Findings of one text drawn; of very many the first, and how many more there are: a text of nothing but mistakes
    /// would take minutes to draw, and nobody reads that far.
    pub fn all_drawn(&self, index: usize, findings: &[Diagnostic], colours: bool) -> String {
        let texts: Vec<(&str, &str)> =
            self.sources.iter().map(|source| (source.name.as_str(), source.text.as_str())).collect();
        // A finding is drawn with its whole line.
        let line = self.sources[index].text.lines().map(str::len).max().unwrap_or_default();
        let most = MOST_DRAWN.min(1 + LONGEST_DRAWN / line.max(1));
        let (first, rest) = findings.split_at(findings.len().min(most));
        let mut drawn = render::render_all(first, &self.sources[index].name, &texts, colours);
        if !rest.is_empty() {
            let name = shown(&self.sources[index].name);
            drawn += &format!("and {} more findings in {name}\n", rest.len());
        }
        drawn
    }

    /// The line and column (from 1, in characters) of a byte of a file.
    pub fn line_column(&self, name: &str, offset: u32) -> (u32, u32) {
        let source = self.sources.iter().find(|source| source.name == name);
        let text =
            source.map(|source| source.text.as_str()).or_else(|| standard::text(name)).unwrap_or_default();
        self.places.borrow_mut().line_column(name, text, offset)
    }

    /// The module of a licence of a text.
    pub fn module(&self, index: usize, licence: &CompiledLicence) -> Result<Vec<u8>> {
        let file = base_name(&self.sources[index]);
        let sources: SourceMap = licence
            .clauses
            .iter()
            .map(|(label, span)| (label.clone(), (file.clone(), span.start, span.end)))
            .collect();
        module(&licence.name, &licence.core, &sources)
    }

    /// Plurals of the units and lines of the clauses of a text's licences.
    pub fn names(&self, index: usize) -> Names {
        let mut names = Names::default();
        names.add_text(&base_name(&self.sources[index]), &self.sources[index].text);
        let own = licit_grammar::parse(&self.sources[index].text).file;
        let mut imported: BTreeSet<(String, String)> = BTreeSet::new();
        for decl in &own.decls {
            match &decl.kind {
                DeclKind::Vocabulary(vocabulary) => add_units(&mut names, vocabulary),
                DeclKind::Import(import) => {
                    imported.insert((import.name.value.clone(), import.version.value.text.clone()));
                }
                _ => {}
            }
        }
        // The standard library first: what is found before it overrides it.
        let modules = imported.iter().filter_map(|(name, version)| standard::find(name, version));
        let others =
            self.sources.iter().enumerate().filter(|(other, _)| *other != index && !imported.is_empty());
        let others = others.map(|(_, source)| source.text.as_str());
        for text in modules.map(|module| module.text).chain(others) {
            for decl in &licit_grammar::parse(text).file.decls {
                if let DeclKind::Vocabulary(vocabulary) = &decl.kind
                    && imported
                        .contains(&(vocabulary.name.value.clone(), vocabulary.version.value.text.clone()))
                {
                    add_units(&mut names, vocabulary);
                }
            }
        }
        names
    }
}

/// The module of a core.
pub fn module(name: &str, core: &Core, sources: &SourceMap) -> Result<Vec<u8>> {
    emit::from_core(core, &zone::table, sources).map_err(|error| {
        Failure::finding(format!("{} cannot be built", shown(name)))
            .why(error.to_string())
            .help("what is beyond a limit of size can be split into several licences")
    })
}

fn add_units(names: &mut Names, vocabulary: &licit_grammar::ast::Vocabulary) {
    let mut derived = Vec::new();
    for section in &vocabulary.sections {
        let VocabSection::Units(units) = &section.value else { continue };
        for unit in units {
            let plural = unit.plural.as_ref().map(|plural| plural.value.as_str());
            match &unit.kind {
                UnitKind::Derived { factor, of } => {
                    derived.push((
                        [Some(unit.name.value.as_str()), plural],
                        factor.value.value,
                        of.value.as_str(),
                    ));
                }
                UnitKind::Base | UnitKind::Money(_) => names.add_unit(&unit.name.value, plural),
            }
        }
    }
    // A derived unit may stand on one that is written after it.
    for _ in 0..derived.len().min(16) {
        for (both, factor, of) in &derived {
            names.add_derived(*both, *factor, of);
        }
    }
}

/// The name that a module remembers its text by: without folders, so that it does not depend on where it was built.
fn base_name(source: &Source) -> String {
    let path = source.path.as_deref().and_then(Path::file_name);
    path.map_or_else(|| source.name.clone(), |name| name.to_string_lossy().into_owned())
}

/// The other texts of the workspaces of these. What cannot be read there is nobody's question.
fn around(named: &[Source]) -> Vec<Source> {
    let key = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut seen: BTreeSet<PathBuf> =
        named.iter().filter_map(|source| source.path.as_deref()).map(key).collect();
    let mut roots: BTreeSet<PathBuf> = BTreeSet::new();
    for source in named {
        let Some(path) = source.path.as_deref().and_then(|path| path.canonicalize().ok()) else { continue };
        if let Some(root) = path.ancestors().skip(1).find(|folder| folder.join("licit.toml").is_file()) {
            roots.insert(root.to_owned());
        }
    }
    let mut found = Vec::new();
    for root in &roots {
        for path in input::below(root).unwrap_or_default() {
            if seen.insert(key(&path)) {
                found.extend(input::source(&path).ok());
            }
        }
    }
    found
}
