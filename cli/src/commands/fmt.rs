//! `licit fmt`: the canonical layout, in place, comments kept.

use crate::exit::{Exit, Failure, Result};
use crate::input::Source;
use crate::shell::{Shell, Style};
use crate::texts::Texts;
use crate::{figures, input};
use licit_compiler::{Code, Diagnostic};
use licit_grammar::FormatError;
use std::path::PathBuf;

/// `licit fmt`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  licit fmt licences/            lays out every file in place
  licit fmt --check licences/    changes nothing; exit status 1 if a file would change
  licit fmt - < draft.licit      reads standard input, writes standard output

A file with mistakes is left as it is. The meaning never changes, and no comment is lost.")]
pub struct Args {
    /// Files, folders (every .licit file below), or - for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Change nothing; list the files that would change
    #[arg(long)]
    check: bool,
}

/// Formats every file.
pub fn run(args: &Args, shell: &mut Shell) -> Result {
    let sources = input::sources(&args.files)?;
    let (mut changed, mut refused) = (0, 0);
    for source in &sources {
        let formatted = match licit_grammar::format(&source.text) {
            Ok(formatted) => formatted,
            Err(FormatError::Syntax(_)) => {
                refused += 1;
                report_syntax(source, shell);
                continue;
            }
            Err(FormatError::Unfaithful) => {
                refused += 1;
                shell.talk(&format!(
                    "{} {} is left as it is: the formatter would have changed its meaning, which is a mistake of the formatter",
                    shell.paint_err(Style::Bad, "error:"),
                    source.name
                ));
                continue;
            }
        };
        match &source.path {
            None if !args.check => shell.write(&formatted)?,
            _ if formatted == source.text => {}
            Some(path) if !args.check => {
                input::replace(path, formatted.as_bytes())?;
                changed += 1;
            }
            _ => {
                shell.line(&source.name)?;
                changed += 1;
            }
        }
    }
    if refused > 0 {
        return Err(Failure::finding(format!(
            "{} left as {}: only texts without mistakes are laid out",
            figures::counted(refused, "file is", "files are"),
            if refused == 1 { "it is" } else { "they are" }
        )));
    }
    let files = figures::counted(changed, "file", "files");
    if args.check && changed > 0 {
        shell.talk(&format!("{files} would change"));
        return Ok(Exit::Findings);
    }
    if sources.iter().any(|source| source.path.is_some()) {
        let unchanged = sources.len() - changed;
        shell.talk(&format!(
            "{files} changed, {} already as they should be",
            figures::grouped(unchanged as u128)
        ));
    }
    Ok(Exit::Fine)
}

/// Draws what keeps a text from being laid out: mistakes of syntax, nothing that depends on other files.
fn report_syntax(source: &Source, shell: &Shell) {
    let texts = Texts::new(vec![source.clone()]);
    let is_syntax =
        |finding: &Diagnostic| finding.code.number().starts_with("E01") && finding.code != Code::E0111;
    let findings: Vec<Diagnostic> = texts.findings(0).into_iter().filter(is_syntax).collect();
    shell.talk_raw(&texts.all_drawn(0, &findings, shell.colour_err()));
}
