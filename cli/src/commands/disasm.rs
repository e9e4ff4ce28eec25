//! `licit disasm`: everything a module holds, as text.

use crate::exit::{Exit, Failure, Result};
use crate::shell::{Shell, shown};
use crate::texts::Texts;
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
    /// The licence, where the text holds several
    #[arg(long, value_name = "NAME")]
    licence: Option<String>,
}

/// Prints the text form.
pub fn run(args: &Args, shell: &mut Shell) -> Result {
    let bytes = input::bytes_or_stdin(&args.file)?;
    let bytes = if module::is_module(&args.file, &bytes) {
        bytes
    } else {
        let texts = Texts::new(vec![input::text_source(&args.file, bytes)?]);
        let licences = super::build::licences(&texts, 0, shell)?;
        let licence = module::choose(&args.file, licences, args.licence.as_deref())?;
        texts.module(0, &licence)?
    };
    let loaded = licit_bytecode::load(&bytes).map_err(|error| module::refused(&args.file, &error))?;
    let name = loaded.module.about.first().map_or("?", |about| about.name.as_str());
    if args.licence.as_deref().is_some_and(|wanted| wanted != name) {
        return Err(Failure::unusable(format!("{} holds the licence {}", args.file.display(), shown(name))));
    }
    let licence = loaded.module.head.first().map_or([0; 32], |head| head.licence);
    shell.line(&format!("# licence {} sha256:{}", shown(name), super::hex(&licence)))?;
    shell.line(&format!("# module  sha256:{}", super::hex(&loaded.module_id)))?;
    shell.line(&format!("# deciding one request takes at most {} steps", loaded.verified.cost))?;
    shell.write(&licit_bytecode::text::disassemble(&loaded.module))?;
    Ok(Exit::Fine)
}
