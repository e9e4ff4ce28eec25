//! One event of a stream, or a single one, beside uses.

use super::Run;
use crate::events::{self, Around, Line};
use crate::instant;
use crate::request::call_id;
use crate::shell::{Style, paint};
use licit_engine::{Answer, Error, Phase, Policies};
use licit_ledger::Command;

/// An event that was carried out.
pub struct Done {
    /// The ledger's answer.
    pub answer: Answer,
    /// Whether it was asked if a use is permitted.
    pub decides: bool,
    /// What is told of it, its line break included.
    pub told: String,
}

/// Why it was not.
pub enum Undone {
    /// The line is to blame.
    Line(String),
    /// The ledger is to blame.
    Ledger(Error),
}

/// Reads a line as an event; none if it is a use.
pub fn read(text: &str) -> Result<Option<Line<'_>>, String> {
    if !events::may_be(text) {
        return Ok(None);
    }
    // A fact may be called `event`, too: only the field counts.
    match Line::from_json(text) {
        Ok(line) => Ok(line.event.is_some().then_some(line)),
        Err(error) => Err(error),
    }
}

/// Carries it out.
pub fn run(run: &mut Run<'_>, mut line: Line<'_>, colour: bool) -> Result<Done, Undone> {
    let event = line.event.clone().unwrap_or_default().into_owned();
    let id = line.id.clone().map(std::borrow::Cow::into_owned);
    let call = id.as_deref().map(call_id);
    // A known id without an instant is the same event again.
    let known = call.is_some_and(|call| run.engine.state().call(&call).is_some());
    if line.at.is_none() && known && events::has_instant(&event) {
        line.at = Some(run.used_at(None, call.as_ref()));
    }
    let Run { engine, module, subject, args, .. } = run;
    let fresh = engine.new_call().map_err(Undone::Ledger)?;
    let command = {
        let licence = engine.policies().licence(module);
        let Some(licence) = licence else { return Err(Undone::Line("the licence is not loaded".to_owned())) };
        let manifest = licence.manifest();
        let around = Around { manifest, module: *module, names: &subject.names, now: instant::now() };
        events::command(line, &around, &mut || Ok(fresh)).map_err(Undone::Line)?
    };
    let answer = engine.answer(&command);
    let Some(licence) = engine.policies().licence(module) else {
        return Err(Undone::Line("the licence is not loaded".to_owned()));
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(Error::Refused(refusal)) => {
            return Err(Undone::Line(events::refusal_words(&refusal, licence.manifest())));
        }
        Err(error) => return Err(Undone::Ledger(error)),
    };
    let until = call.and_then(|call| engine.state().hold(&call)).map(|hold| hold.until);
    let decides = matches!(command, Command::Ask { .. });
    if args.format.is_json() && !matches!(command, Command::Ask { .. } | Command::Commit { .. }) {
        let told = format!("{}\n", events::json(&event, id.as_deref(), &answer, until));
        return Ok(Done { answer, decides, told });
    }
    let told = match command {
        Command::Ask { .. } | Command::Commit { .. } | Command::Extend { .. } => {
            let told = run.told(&answer, id.as_deref(), colour);
            told + &aside(&event, &answer, until, colour, run.args.format.is_json())
        }
        command => events::words(&command, &answer, licence.manifest(), colour),
    };
    Ok(Done { answer, decides, told })
}

/// What an ask and a commit tell beside decision and price.
fn aside(event: &str, answer: &Answer, until: Option<i64>, colour: bool, json: bool) -> String {
    if json {
        return String::new();
    }
    match (answer.phase, until) {
        (Phase::Held, Some(until)) => {
            format!("  {:<6} until {}\n", paint(colour, Style::Strong, "held"), instant::text(until))
        }
        (Phase::Late, _) => "  late   after its hold had ended\n".to_owned(),
        (Phase::Committed, _) if event == "commit" => "  committed\n".to_owned(),
        _ => String::new(),
    }
}
