//! `licit check`: everything there is to say about licences.

use crate::cli::FormatArg;
use crate::exit::{Exit, Result};
use crate::shell::{Shell, Style};
use crate::texts::Texts;
use crate::{figures, input};
use licit_compiler::{Diagnostic, Label, Safety};
use serde_json::{Value, json};
use std::path::PathBuf;

/// `licit check`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  licit check llm-api.licit
  licit check licences/ --format json    one JSON object a line for every finding
  licit check - < draft.licit

Warnings alone give exit status 0. `licit explain E0203` explains a code.")]
pub struct Args {
    /// Files, folders (every .licit file below), or - for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    format: FormatArg,
}

/// Checks every file.
pub fn run(args: &Args, shell: &mut Shell) -> Result {
    let texts = Texts::new(input::sources(&args.files)?);
    let (mut errors, mut warnings, mut files) = (0, 0, 0);
    for (index, _) in texts.named() {
        files += 1;
        let findings = texts.findings(index);
        let wrong = findings.iter().filter(|finding| finding.is_error()).count();
        errors += wrong;
        warnings += findings.len() - wrong;
        if args.format.is_json() {
            for finding in &findings {
                shell.line(&json(&texts, index, finding).to_string())?;
            }
        } else {
            let drawn = texts.all_drawn(index, &findings, shell.colour_out());
            shell.write(&drawn)?;
        }
    }
    shell.flush()?;
    shell.talk(&format!(
        "{} in {}",
        counts(shell, errors, warnings),
        figures::counted(files, "file", "files")
    ));
    Ok(if errors > 0 { Exit::Findings } else { Exit::Fine })
}

/// `2 errors, 1 warning`
pub fn counts(shell: &Shell, errors: usize, warnings: usize) -> String {
    let style = |count: usize, style: Style, text: String| {
        if count == 0 { text } else { shell.paint_err(style, &text) }
    };
    format!(
        "{}, {}",
        style(errors, Style::Bad, figures::counted(errors, "error", "errors")),
        style(warnings, Style::Caution, figures::counted(warnings, "warning", "warnings"))
    )
}

/// Draws the errors (not the warnings) of a text on standard error; how many.
pub fn report_errors(texts: &Texts, index: usize, shell: &Shell) -> usize {
    let errors: Vec<Diagnostic> = texts.findings(index).into_iter().filter(Diagnostic::is_error).collect();
    shell.talk_raw(&texts.all_drawn(index, &errors, shell.colour_err()));
    errors.len()
}

/// A finding for programs.
pub fn json(texts: &Texts, index: usize, finding: &Diagnostic) -> Value {
    let own = &texts.source(index).name;
    let place = |label: &Label| {
        let file = label.path.as_ref().unwrap_or(own);
        let (line, column) = texts.line_column(file, label.span.start);
        json!({
            "file": file, "line": line, "column": column, "start": label.span.start, "end": label.span.end,
            "message": label.message,
        })
    };
    let fixes: Vec<Value> = finding
        .fixes
        .iter()
        .map(|fix| {
            let edits: Vec<Value> = fix
                .edits
                .iter()
                .map(|edit| json!({ "start": edit.span.start, "end": edit.span.end, "text": edit.text }))
                .collect();
            json!({ "safe": fix.safety == Safety::Safe, "message": fix.message, "edits": edits })
        })
        .collect();
    json!({
        "code": finding.code.number(),
        "name": finding.code.slug(),
        "severity": if finding.is_error() { "error" } else { "warning" },
        "message": finding.message,
        "at": place(&finding.primary),
        "also": finding.secondary.iter().map(place).collect::<Vec<_>>(),
        "notes": finding.notes,
        "help": finding.help,
        "fixes": fixes,
    })
}
