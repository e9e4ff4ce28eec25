//! `licit disasm`: everything a module holds, as text; or the core of a licence.

use crate::exit::{Exit, Failure, Result};
use crate::shell::{Shell, shown};
use crate::subject::{Subject, is_wanted};
use crate::texts::Texts;
use crate::{corefile, input, module};
use licit_compiler::core::Licence as Core;
use std::path::PathBuf;

/// `licit disasm`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  licit disasm LlmApi.lbc            the sections of a module, from anybody
  licit disasm llm-api.licit         what `licit build` would write
  licit disasm llm-api.licit --core  what the licence means: the text form of its core")]
pub struct Args {
    /// A module (.lbc), a core (.licore), or a licence (.licit)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The licence, where the text holds several
    #[arg(long, value_name = "NAME")]
    licence: Option<String>,
    /// Show the core instead of the module
    #[arg(long)]
    core: bool,
}

/// Prints the text form.
pub fn run(args: &Args, shell: &mut Shell) -> Result {
    if args.core {
        let core = core(args, shell)?;
        shell.write(&core.to_string())?;
        return Ok(Exit::Fine);
    }
    let bytes = Subject::read(&args.file, args.licence.as_deref(), shell)?.module;
    let loaded = licit_bytecode::load(&bytes).map_err(|error| module::refused(&args.file, &error))?;
    let name = loaded.module.about.first().map_or("?", |about| about.name.as_str());
    let licence = loaded.module.head.first().map_or([0; 32], |head| head.licence);
    shell.line(&format!("# licence {} sha256:{}", shown(name), super::hex(&licence)))?;
    shell.line(&format!("# module  sha256:{}", super::hex(&loaded.module_id)))?;
    shell.line(&format!("# deciding one request takes at most {} steps", loaded.verified.cost))?;
    shell.write(&licit_bytecode::text::disassemble(&loaded.module))?;
    Ok(Exit::Fine)
}

fn core(args: &Args, shell: &Shell) -> Result<Core> {
    let bytes = input::bytes_or_stdin(&args.file)?;
    if module::is_module(&args.file, &bytes) {
        return Err(Failure::unusable(format!("{} is a module", args.file.display()))
            .why("a module says how to decide; the core it was made from is not in it")
            .help("name the text or the core: `licit build FILE --core` writes both"));
    }
    if corefile::is_core(&args.file, &bytes) {
        let core = corefile::read(&args.file, &bytes)?;
        is_wanted(&args.file, args.licence.as_deref(), &core.name)?;
        return Ok(core);
    }
    let texts = Texts::new(vec![input::text_source(&args.file, bytes)?]);
    let licences = super::build::licences(&texts, 0, shell)?;
    Ok(module::choose(&args.file, licences, args.licence.as_deref())?.core)
}
