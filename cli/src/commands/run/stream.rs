//! A stream of requests: JSON Lines in, decisions out, one at a time.
//!
//! A decision is printed only once its receipt would survive a crash. Receipts become durable in groups; when no further
//! line waits in the input, the group is closed at once, so that whoever asks line by line is answered line by line.

use super::event::{self, Undone};
use super::tally::Tally;
use super::{Run, failed};
use crate::events;
use crate::exit::{Exit, Failure, Result};
use crate::lines::{Line, Lines};
use crate::request::Question;
use crate::shell::{Shell, Style, shown};
use licit_engine::{Answer, Error};
use std::io::BufReader;

/// How many lines that cannot be decided are named; the rest is counted.
const NAMED: u64 = 100;

/// Decides every line.
pub fn run(run: &mut Run<'_>, shell: &mut Shell) -> Result {
    let mut lines = Lines::new(BufReader::with_capacity(1 << 18, std::io::stdin().lock()));
    let mut tally = Tally::default();
    let mut pending = String::new();
    while let Some((number, line)) = lines.next()? {
        let decided = match line {
            Line::Bad(text) => Err(Undecided::Line(text)),
            Line::Text(text) => decide(run, text, shell.colour_out()),
        };
        match decided {
            Ok((answer, told)) => {
                tally.count(&answer);
                if !run.args.quiet {
                    pending.push_str(&told);
                }
            }
            Err(Undecided::Line(text)) => {
                tally.undecided += 1;
                if run.args.strict {
                    flush(run, &mut pending, shell)?;
                    return Err(Failure::unusable(format!("line {number}: {text}"))
                        .why("`--strict` stops at the first line that cannot be decided"));
                }
                if tally.undecided <= NAMED {
                    shell.talk(&format!("{} line {number}: {text}", shell.paint_err(Style::Bad, "error:")));
                }
            }
            Err(Undecided::Ledger(error)) => {
                return Err(
                    failed(run.args, &error).why(format!("at line {number}; what was decided before stands"))
                );
            }
        }
        if run.engine.durable() == run.engine.state().leaves() || !lines.waiting() {
            flush(run, &mut pending, shell)?;
        }
    }
    flush(run, &mut pending, shell)?;
    if tally.undecided > NAMED {
        shell.talk(&format!("and {} more lines like these", tally.undecided - NAMED));
    }
    run.engine.write_checkpoint().map_err(|error| failed(run.args, &error))?;
    shell.flush()?;
    tally.say(run, shell);
    Ok(if tally.undecided > 0 { Exit::Findings } else { Exit::Fine })
}

enum Undecided {
    /// The line is to blame; the stream goes on.
    Line(String),
    /// The ledger is to blame; it cannot.
    Ledger(Error),
}

/// The answer and what is told of it.
fn decide(run: &mut Run<'_>, text: &str, colour: bool) -> std::result::Result<(Answer, String), Undecided> {
    if let Some(line) = event::read(text).map_err(Undecided::Line)? {
        return match event::run(run, line, colour) {
            Ok(done) => Ok((done.answer, done.told)),
            Err(Undone::Line(text)) => Err(Undecided::Line(text)),
            Err(Undone::Ledger(error)) => Err(Undecided::Ledger(error)),
        };
    }
    let question = Question::from_json(text).map_err(Undecided::Line)?;
    let (id, call) = (question.id.clone().map(std::borrow::Cow::into_owned), question.call());
    let at = run.used_at(question.at, call.as_ref());
    let request = match run.licence() {
        Some(licence) => question.into_request(licence.manifest(), &run.subject.names),
        None => Err("the licence is not loaded".to_owned()),
    };
    let request = request.map_err(Undecided::Line)?;
    match run.invoke(call, at, request) {
        Ok(answer) => {
            let told = if run.args.quiet { String::new() } else { run.told(&answer, id.as_deref(), colour) };
            Ok((answer, told))
        }
        Err(Error::Refused(refusal)) => Err(Undecided::Line(match run.licence() {
            Some(licence) => events::refusal_words(&refusal, licence.manifest()),
            None => shown(&refusal.to_string()),
        })),
        Err(error) => Err(Undecided::Ledger(error)),
    }
}

fn flush(run: &mut Run<'_>, pending: &mut String, shell: &mut Shell) -> Result<()> {
    run.engine.flush().map_err(|error| failed(run.args, &error))?;
    if !pending.is_empty() {
        shell.write(pending)?;
        pending.clear();
        shell.flush()?;
    }
    Ok(())
}
