//! `licit disasm`: everything a module holds, as text.

use crate::exit::{Exit, Failure, Result};
use crate::shell::Shell;
use crate::{input, module};
use std::path::PathBuf;

/// `licit disasm`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  licit disasm LlmApi.lbc        the sections of a module, from anybody
  licit disasm llm-api.licit     what `licit build` would write")]
pub struct Args {
    /// A module (.lbc), or a licence (.licit)
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Prints the text form.
pub fn run(args: &Args, shell: &mut Shell) -> Result {
    let bytes = input::bytes(&args.file)?;
    if !module::is_module(&bytes) {
        return Err(Failure::unusable(format!("{} is no module", args.file.display())));
    }
    let loaded = licit_bytecode::load(&bytes).map_err(|error| module::refused(&args.file, &error))?;
    shell.line(&format!(
        "# licence {}",
        super::hex(&loaded.module.head.first().map_or([0; 32], |head| head.licence))
    ))?;
    shell.line(&format!("# module  {}", super::hex(&loaded.module_id)))?;
    shell.line(&format!("# steps   at most {} for one request", loaded.verified.cost))?;
    shell.write(&licit_bytecode::text::disassemble(&loaded.module))?;
    Ok(Exit::Fine)
}
