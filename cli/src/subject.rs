//! The licence that is run: a module from anybody, a core, or the licence of a text, compiled.

use crate::commands::build;
use crate::exit::{Failure, Result};
use crate::names::Names;
use crate::shell::{Shell, shown};
use crate::texts::{self, Texts};
use crate::{corefile, input, module};
use licit_compiler::emit::SourceMap;
use std::path::Path;

/// A licence that is ready to be loaded.
pub struct Subject {
    /// The module's bytes.
    pub module: Vec<u8>,
    /// Plurals and lines, as far as they are known.
    pub names: Names,
    /// Its text and its name there; none for a module or a core that came alone.
    pub text: Option<(Texts, String)>,
}

impl Subject {
    /// Reads a module, or compiles a core or a text; errors of a text are drawn on standard error.
    pub fn read(path: &Path, wanted: Option<&str>, shell: &Shell) -> Result<Self> {
        let bytes = input::bytes_or_stdin(path)?;
        if module::is_module(path, &bytes) {
            let loaded = licit_bytecode::load(&bytes).map_err(|error| module::refused(path, &error))?;
            let name = loaded.module.about.first().map_or("", |about| about.name.as_str());
            is_wanted(path, wanted, name)?;
            return Ok(Self { module: bytes, names: Names::default(), text: None });
        }
        if corefile::is_core(path, &bytes) {
            let core = corefile::read(path, &bytes)?;
            is_wanted(path, wanted, &core.name)?;
            let module = texts::module(&core.name, &core, &SourceMap::new())?;
            return Ok(Self { module, names: Names::default(), text: None });
        }
        let texts = Texts::new(vec![input::text_source(path, bytes)?]);
        let licence = module::choose(path, build::licences(&texts, 0, shell)?, wanted)?;
        let module = texts.module(0, &licence)?;
        let names = texts.names(0);
        Ok(Self { module, names, text: Some((texts, licence.name)) })
    }
}

/// Whether the only licence of a file is the one that was named.
pub fn is_wanted(path: &Path, wanted: Option<&str>, name: &str) -> Result<()> {
    if wanted.is_none_or(|wanted| wanted == name) {
        return Ok(());
    }
    Err(Failure::unusable(format!("{} holds the licence {}", path.display(), shown(name))))
}
