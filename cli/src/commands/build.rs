//! `licit build`: modules (.lbc) and cores (.licore) from licences; the same text gives the same bytes.

use super::check::{counts, report_errors};
use crate::cli::FormatArg;
use crate::exit::{Exit, Failure, Result};
use crate::shell::{Shell, Style, shown};
use crate::texts::{self, Texts};
use crate::{corefile, figures, input};
use licit_compiler::emit::SourceMap;
use licit_compiler::{Code, CompiledLicence};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// `licit build`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  licit build llm-api.licit                 writes LlmApi.lbc
  licit build licences/ -o out/ --core      one module and one core for each licence
  licit build one.licit -o one.lbc
  licit build derivative.licore              a core, in bytes or in its text form

A text with errors is not built; nor is one that imports without a pin (`licit pin` writes them) or names a party that \
is bound to no identity (`party @acme is \"did:...\"`).")]
pub struct Args {
    /// Files, folders (every .licit file below), or - for standard input; cores (.licore) by name
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Where to write: a folder, or the file of a single licence [default: the current folder]
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Write the canonical core, too (.licore)
    #[arg(long)]
    core: bool,
    #[command(flatten)]
    format: FormatArg,
}

/// What `check` warns of and `build` refuses: without it the module would not say what it stands on, or whom it pays.
const REFUSED: [Code; 2] = [Code::W0213, Code::W0214];

struct Built {
    licence: CompiledLicence,
    module: Vec<u8>,
    core: Vec<u8>,
    file: String,
}

/// Builds every licence of every file; writes nothing unless all can be built.
pub fn run(args: &Args, shell: &mut Shell) -> Result {
    let (cores, files): (Vec<PathBuf>, Vec<PathBuf>) =
        args.files.iter().cloned().partition(|file| corefile::is_named_core(file) && !file.is_dir());
    let texts = Texts::new(input::sources(&files)?);
    let (mut errors, mut warnings) = (0, 0);
    for (index, _) in texts.named() {
        let findings = texts.findings(index);
        for finding in &findings {
            let refused = REFUSED.contains(&finding.code);
            if finding.is_error() || refused {
                errors += 1;
            } else {
                warnings += 1;
            }
        }
        shell.talk_raw(&texts.all_drawn(index, &findings, shell.colour_err()));
    }
    if errors > 0 {
        shell.talk(&counts(shell, errors, warnings));
        return Err(Failure::finding("nothing was built"));
    }
    let built = build(&texts, &cores)?;
    let single = built.len() == 1;
    if args.core {
        for one in &built {
            spares(&targets(args, &one.licence.name, single)?.1, &one.core, &cores)?;
        }
    }
    for one in &built {
        let (path, core_path) = targets(args, &one.licence.name, single)?;
        input::replace(&path, &one.module)?;
        if args.core {
            input::replace(&core_path, &one.core)?;
        }
        say(one, &path, args.core.then_some(core_path.as_path()), args.format, shell)?;
    }
    shell.talk(&format!("{} built", figures::counted(built.len(), "licence", "licences")));
    Ok(Exit::Fine)
}

fn build(texts: &Texts, cores: &[PathBuf]) -> Result<Vec<Built>> {
    let mut built: BTreeMap<String, Built> = BTreeMap::new();
    for (index, source) in texts.named() {
        for licence in texts.licences(index) {
            let module = texts.module(index, &licence)?;
            add(&mut built, licence, module, source.name.clone())?;
        }
    }
    for path in cores {
        let licence = corefile::compiled(corefile::read(path, &input::bytes(path)?)?);
        let module = texts::module(&licence.name, &licence.core, &SourceMap::new())?;
        add(&mut built, licence, module, path.display().to_string())?;
    }
    if built.is_empty() {
        return Err(Failure::unusable("there is no licence to build")
            .why("the files hold no `license`: vocabularies, parties and tests alone give no module"));
    }
    Ok(built.into_values().collect())
}

fn add(
    built: &mut BTreeMap<String, Built>,
    licence: CompiledLicence,
    module: Vec<u8>,
    file: String,
) -> Result<()> {
    let name = licence.name.clone();
    let core = licence.core.encode().map_err(|error| {
        Failure::finding(format!("{} cannot be built", shown(&name))).why(error.to_string())
    })?;
    let one = Built { licence, module, core, file: file.clone() };
    match built.insert(name.clone(), one) {
        None => Ok(()),
        Some(other) => Err(Failure::unusable(format!("two licences are called {}", shown(&name)))
            .why(format!("one in {}, one in {file}: both would be written to {name}.lbc", other.file))
            .help("build them one by one, each with its own `-o`")),
    }
}

/// Refuses to write a core over one that was read from another form: a person wrote that one, with notes.
fn spares(target: &Path, bytes: &[u8], cores: &[PathBuf]) -> Result<()> {
    let Ok(real) = target.canonicalize() else { return Ok(()) };
    let own = cores.iter().any(|core| core.canonicalize().is_ok_and(|core| core == real));
    if !own || std::fs::read(&real).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    Err(Failure::unusable(format!("{} would be written over itself", target.display()))
        .why("it is the text form, and `--core` writes the bytes under the same name")
        .help("write to a folder of its own: `-o out/`"))
}

/// Where the module and the core go.
fn targets(args: &Args, name: &str, single: bool) -> Result<(PathBuf, PathBuf)> {
    let in_folder =
        |folder: &Path| (folder.join(format!("{name}.lbc")), folder.join(format!("{name}.licore")));
    let to_folder = args.output.as_ref().is_none_or(|output| is_folder(output));
    if to_folder && name.contains(['/', '\\']) {
        // Only a core can be called so; a hostile one must not choose where it is written.
        return Err(Failure::unusable(format!("`{}` is no name for a file", shown(name)))
            .help("name the file: `-o one.lbc`"));
    }
    let Some(output) = &args.output else { return Ok(in_folder(Path::new(""))) };
    if is_folder(output) {
        std::fs::create_dir_all(output).map_err(|error| {
            Failure::unusable(format!("the folder {} cannot be made", output.display()))
                .why(error.to_string())
        })?;
        return Ok(in_folder(output));
    }
    if !single {
        return Err(Failure::unusable(format!("{} is no folder", output.display()))
            .why("there are several licences, and each needs a file of its own")
            .help(format!("make the folder, or write `-o {}/`", output.display())));
    }
    Ok((output.clone(), output.with_extension("licore")))
}

fn is_folder(output: &Path) -> bool {
    output.is_dir() || output.as_os_str().to_string_lossy().ends_with('/')
}

fn say(one: &Built, path: &Path, core: Option<&Path>, format: FormatArg, shell: &mut Shell) -> Result<()> {
    let licence = one.licence.core.licence_id().map(|id| super::hex(&id)).unwrap_or_default();
    let module = licit_bytecode::decode(&one.module).map(|(_, id)| super::hex(&id)).unwrap_or_default();
    let version = one.licence.core.version;
    if format.is_json() {
        let line = json!({
            "licence": one.licence.name, "version": version, "licence_id": licence, "module_id": module,
            "module": path.to_string_lossy(), "core": core.map(|path| path.to_string_lossy()), "bytes": one.module.len(),
        });
        return shell.line(&line.to_string());
    }
    let title = shell.paint(Style::Strong, &format!("{} {version}", shown(&one.licence.name)));
    shell.line(&title)?;
    shell.line(&format!("  licence sha256:{licence}"))?;
    shell.line(&format!("  module  sha256:{module}"))?;
    shell.line(&format!(
        "  wrote   {} ({} bytes)",
        path.display(),
        figures::grouped(one.module.len() as u128)
    ))?;
    match core {
        Some(path) => shell.line(&format!(
            "  wrote   {} ({} bytes)",
            path.display(),
            figures::grouped(one.core.len() as u128)
        )),
        None => Ok(()),
    }
}

/// The licences of a text that must have no errors.
pub fn licences(texts: &Texts, index: usize, shell: &Shell) -> Result<Vec<CompiledLicence>> {
    let errors = report_errors(texts, index, shell);
    if errors > 0 {
        return Err(Failure::finding(format!(
            "{} in {}",
            figures::counted(errors, "error", "errors"),
            texts.source(index).name
        )));
    }
    Ok(texts.licences(index))
}
