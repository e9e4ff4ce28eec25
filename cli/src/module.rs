//! Compiled modules (.lbc) as files.

use crate::exit::Failure;
use crate::shell::shown;
use licit_bytecode::LoadError;
use std::path::Path;

/// Whether these bytes mean to be a module, by their first bytes.
pub fn is_module(bytes: &[u8]) -> bool {
    bytes.starts_with(&licit_bytecode::file::MAGIC)
}

/// Says that a module cannot be trusted.
pub fn refused(path: &Path, error: &LoadError) -> Failure {
    Failure::finding(format!("{}: {} {}", path.display(), error.kind.code(), error.kind.name()))
        .why(shown(&error.to_string()))
        .help("the module was damaged or made by something else than `licit build`; build it again from its text")
}
