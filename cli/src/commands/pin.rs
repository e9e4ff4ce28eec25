//! `licit pin`: the hashes of what a text imports, written into it.

use crate::exit::{Exit, Failure, Result};
use crate::shell::{Shell, Style};
use crate::texts::Texts;
use crate::{figures, input};
use licit_compiler::PinEdit;
use licit_compiler::render::line_column;
use std::path::PathBuf;

/// `licit pin`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  licit pin licences/            writes the pins that are missing
  licit pin --update pilot.licit accepts what an import means by now
  licit pin --check licences/    changes nothing; exit status 1 if a pin is missing or another

A pin is the hash of the imported vocabulary's meaning: its layout may change, its meaning may not.")]
pub struct Args {
    /// Files, folders (every .licit file below), or - for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Replace pins of imports whose meaning has changed
    #[arg(long)]
    update: bool,
    /// Change nothing; list what would change
    #[arg(long, conflicts_with = "update")]
    check: bool,
}

/// Writes the pins of every file.
pub fn run(args: &Args, shell: &mut Shell) -> Result {
    let texts = Texts::new(input::sources(&args.files)?);
    let (mut written, mut left) = (0, 0);
    for (index, source) in texts.named() {
        let (edits, held): (Vec<PinEdit>, Vec<PinEdit>) =
            texts.pins(index).into_iter().partition(|edit| args.check || args.update || !edit.replaces);
        for edit in edits.iter().chain(&held) {
            let (line, _) = line_column(&source.text, edit.span.start);
            let what = match (edit.replaces, args.check, args.update) {
                (false, true, _) => "not pinned",
                (false, ..) => "pinned",
                (true, _, true) => "pinned anew",
                (true, ..) => "pinned to another meaning",
            };
            shell.line(&format!("{}:{line}: {what}: {}", source.name, edit.text.trim()))?;
        }
        left += held.len();
        written += edits.len();
        if args.check {
            continue;
        }
        let text = edited(&source.text, edits)?;
        match &source.path {
            None => shell.write(&text)?,
            Some(path) if text != source.text => input::replace(path, text.as_bytes())?,
            Some(_) => {}
        }
    }
    if args.check {
        shell.talk(&format!("{} to write", figures::counted(written, "pin", "pins")));
        return Ok(if written > 0 { Exit::Findings } else { Exit::Fine });
    }
    shell.talk(&format!("{} written", figures::counted(written, "pin", "pins")));
    if left > 0 {
        shell.talk(&format!(
            "{} {} left: the import no longer means what was pinned; `licit pin --update` accepts the change",
            shell.paint_err(Style::Bad, "error:"),
            figures::counted(left, "pin was", "pins were")
        ));
        return Ok(Exit::Findings);
    }
    Ok(Exit::Fine)
}

/// The text with the edits made, from its end to its beginning so that offsets hold.
fn edited(text: &str, mut edits: Vec<PinEdit>) -> Result<String> {
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
    let mut out = text.to_owned();
    for edit in edits {
        let range = edit.span.range();
        if out.get(range.clone()).is_none() {
            return Err(Failure::finding("a pin would be written outside of the text")
                .why("this is a mistake of the compiler"));
        }
        out.replace_range(range, &edit.text);
    }
    Ok(out)
}
