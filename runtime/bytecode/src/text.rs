//! The text form: what `licit disasm` prints and what hand-written modules are assembled from.
//!
//! ```text
//! section forbid
//!   (clause=0 when=3)     # 0
//! ```

use crate::field::{AsmError, Parser};
use crate::table::Module;
use alloc::string::String;

/// The text form of a module; [`assemble`] reads it back to the same module.
pub fn disassemble(module: &Module) -> String {
    let mut out = String::new();
    module.print_sections(&mut out);
    out
}

/// Reads the text form. Sections may come in any order; comments start with `#`.
pub fn assemble(text: &str) -> Result<Module, AsmError> {
    let mut p = Parser::new(text);
    let mut module = Module::default();
    while !p.done() {
        if p.word()? != "section" {
            return Err(p.error("expected `section`"));
        }
        let name = p.word()?;
        module.parse_section(name, &mut p)?;
    }
    Ok(module)
}
