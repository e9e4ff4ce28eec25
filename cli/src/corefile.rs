//! Cores as files (.licore): canonical bytes (`spec/core.md`), or the text form (`spec/core-text.md`), in which also what
//! the language has no words for yet can be written.

use crate::exit::{Failure, Result};
use crate::shell::shown;
use licit_compiler::CompiledLicence;
use licit_compiler::core::Licence as Core;
use licit_grammar::Span;
use std::path::Path;

/// Whether these bytes mean to be a core: by the file's name, or, from standard input, by how they begin. A core is a map
/// of CBOR (first byte 0xa0 to 0xbf, which begins no UTF-8 text) or a list in parentheses (which begins no licence text).
pub fn is_core(path: &Path, bytes: &[u8]) -> bool {
    is_named_core(path)
        || crate::input::is_stdin(path)
            && match bytes.trim_ascii_start().first() {
                Some(first) => matches!(first, 0xa0..=0xbf | b'(' | b';'),
                None => false,
            }
}

/// Whether a path is named as cores are.
pub fn is_named_core(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == "licore")
}

/// Reads a core of either form.
pub fn read(path: &Path, bytes: &[u8]) -> Result<Core> {
    if matches!(bytes.first(), Some(0xa0..=0xbf)) {
        return Core::decode(bytes).map_err(|error| {
            Failure::finding(format!("{} is not a sound core", path.display()))
                .why(shown(&error.to_string()))
                .help("build it again from its text: `licit build FILE --core`")
        });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        Failure::unusable(format!("{} is no core", path.display()))
            .why(format!("byte {} is neither CBOR of a core nor UTF-8 text", error.valid_up_to()))
    })?;
    Core::parse(text.trim_start_matches('\u{feff}')).map_err(|error| {
        Failure::finding(format!("{} is not a sound core", path.display()))
            .why(shown(&error.to_string()))
            .help("spec/core-text.md says how cores are written")
    })
}

/// A core as a licence that was compiled; no text says where its clauses stand.
pub fn compiled(core: Core) -> CompiledLicence {
    CompiledLicence { name: core.name.clone(), span: Span::new(0, 0), core, clauses: Vec::new() }
}
