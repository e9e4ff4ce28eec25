//! `licit explain`: what a code means, with an example that gives it and one that does not.

use crate::cli::FormatArg;
use crate::exit::{Exit, Failure, Result};
use crate::shell::{Shell, Style, shown};
use licit_compiler::{Code, Severity};
use serde_json::json;

/// `licit explain`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  licit explain            lists every code
  licit explain E0203      what it means, with examples
  licit explain unknown-term")]
pub struct Args {
    /// A code (E0203) or its name (unknown-term); none: the list
    #[arg(value_name = "CODE")]
    code: Option<String>,
    #[command(flatten)]
    format: FormatArg,
}

/// Prints a page, or the list.
pub fn run(args: &Args, shell: &mut Shell) -> Result {
    match &args.code {
        None => {
            for code in Code::ALL {
                list_entry(*code, args.format, shell)?;
            }
        }
        Some(wanted) => {
            let named = |code: &&Code| code.slug().eq_ignore_ascii_case(wanted);
            let code = Code::find(wanted).or_else(|| Code::ALL.iter().find(named).copied());
            let code = code.ok_or_else(|| unknown(wanted))?;
            if args.format.is_json() {
                let page = json!({ "code": code.number(), "name": code.slug(), "page": code.page() });
                shell.line(&page.to_string())?;
            } else {
                shell.line(code.page().trim_end())?;
            }
        }
    }
    Ok(Exit::Fine)
}

fn list_entry(code: Code, format: FormatArg, shell: &mut Shell) -> Result<()> {
    if format.is_json() {
        return shell.line(&json!({ "code": code.number(), "name": code.slug() }).to_string());
    }
    let style = if code.severity() == Severity::Error { Style::Bad } else { Style::Caution };
    let line = format!("{} {}", shell.paint(style, code.number()), code.slug());
    shell.line(&line)
}

fn unknown(wanted: &str) -> Failure {
    let close = Code::ALL.iter().filter(|code| {
        let digits = |text: &str| text.trim_start_matches(|c: char| c.is_ascii_alphabetic()).to_owned();
        let (given, known) = (digits(wanted), digits(code.number()));
        !given.is_empty() && (known.ends_with(&given) || code.slug().contains(&wanted.to_ascii_lowercase()))
            || (given.is_empty() && wanted.len() > 3 && code.slug().contains(&wanted.to_ascii_lowercase()))
    });
    let close: Vec<String> = close.take(3).map(|code| format!("{} {}", code.number(), code.slug())).collect();
    let failure = Failure::unusable(format!("no finding has the code `{}`", shown(wanted)));
    if close.is_empty() {
        failure.help("`licit explain` lists every code")
    } else {
        failure.help(format!("did you mean {}? `licit explain` lists every code", close.join(" or ")))
    }
}
