//! Compiled modules (.lbc) as files, and which licence of a text is meant.

use crate::exit::{Failure, Result};
use crate::shell::shown;
use licit_bytecode::LoadError;
use licit_compiler::CompiledLicence;
use std::path::Path;

/// Whether these bytes mean to be a module: by their first bytes, or by the file's name, whatever became of the bytes.
pub fn is_module(path: &Path, bytes: &[u8]) -> bool {
    bytes.starts_with(&licit_bytecode::file::MAGIC) || path.extension().is_some_and(|it| it == "lbc")
}

/// Says that a module cannot be trusted.
pub fn refused(path: &Path, error: &LoadError) -> Failure {
    Failure::finding(format!("{}: {} {}", path.display(), error.kind.code(), error.kind.name()))
        .why(shown(&error.to_string()))
        .help("the module was damaged or made by something else than `licit build`; build it again from its text")
}

/// The licence that is meant: the only one, or the one that is named.
pub fn choose(path: &Path, licences: Vec<CompiledLicence>, wanted: Option<&str>) -> Result<CompiledLicence> {
    let names: Vec<String> = licences.iter().map(|licence| licence.name.clone()).collect();
    let several = licences.len() > 1 && wanted.is_none();
    let mut found = licences.into_iter().filter(|licence| wanted.is_none_or(|wanted| wanted == licence.name));
    match found.next() {
        Some(licence) if !several => Ok(licence),
        Some(_) => Err(Failure::unusable(format!("{} holds several licences", path.display()))
            .why(names.join(", "))
            .help("say which one: `--licence NAME`")),
        None if names.is_empty() => Err(Failure::unusable(format!("{} holds no licence", path.display()))
            .why("vocabularies, parties and tests alone permit nothing")),
        None => Err(Failure::unusable(format!(
            "{} holds no licence {}",
            path.display(),
            shown(wanted.unwrap_or_default())
        ))
        .why(format!("it holds {}", names.join(", ")))),
    }
}

#[cfg(test)]
mod tests {
    use licit_bytecode::LoadErrorKind;
    use licit_compiler::Code;

    #[test]
    fn every_load_error_has_its_page() {
        for kind in LoadErrorKind::ALL {
            let code = Code::find(kind.code()).map(Code::slug);
            assert_eq!(code, Some(kind.name()));
        }
    }
}
