//! One ask, in words or as a JSON object.

use super::event::{self, Undone};
use super::{Args, Run, failed, verdict};
use crate::ask::{self, AskError};
use crate::events::Line;
use crate::exit::{Exit, Failure, Result};
use crate::request::{Facts, Quantities, Question};
use crate::shell::{Shell, shown};
use crate::subject::Subject;
use licit_compiler::{FactValue, TestAsk, render};
use licit_engine::Value;
use std::borrow::Cow;

/// What is asked for.
pub enum Single<'a> {
    /// A use.
    Use(Question<'static>),
    /// Another event.
    Event(Box<Line<'a>>),
}

/// Reads the ask.
pub fn read<'a>(words: &'a str, args: &'a Args, subject: &Subject, shell: &Shell) -> Result<Single<'a>> {
    let unread = |error: String| {
        Failure::unusable(format!("the event cannot be read: {error}"))
            .help("spec/stream.md lists the events and their fields")
    };
    if let Some(mut line) = event::read(words).map_err(unread)? {
        if let Some(id) = &args.id {
            line.id = Some(Cow::Borrowed(id));
        }
        return Ok(Single::Event(Box::new(line)));
    }
    let mut question = if words.starts_with('{') {
        owned(Question::from_json(words).map_err(|error| {
            Failure::unusable(format!("the request cannot be read: {error}"))
                .help("`licit run --help` shows the fields of a request")
        })?)
    } else {
        in_words(words, subject, shell)?
    };
    if let Some(id) = &args.id {
        crate::request::some_id(Some(id)).map_err(Failure::unusable)?;
        question.id = Some(Cow::Owned(id.clone()));
    }
    Ok(Single::Use(question))
}

/// Decides it.
pub fn run(run: &mut Run<'_>, single: Single<'_>, shell: &mut Shell) -> Result {
    let question = match single {
        Single::Use(question) => question,
        Single::Event(line) => return run_event(run, *line, shell),
    };
    let (id, call) = (question.id.clone(), question.call());
    let at = run.used_at(question.at, call.as_ref());
    let request = match run.licence() {
        Some(licence) => question.into_request(licence.manifest(), &run.subject.names),
        None => Err("the licence is not loaded".to_owned()),
    };
    let request =
        request.map_err(|error| Failure::unusable(format!("the request cannot be decided: {error}")))?;
    let answer = run.invoke(call, at, request).map_err(|error| failed(run.args, &error))?;
    // A receipt is shown once it would survive a crash.
    run.engine.flush().map_err(|error| failed(run.args, &error))?;
    let told = run.told(&answer, id.as_deref(), shell.colour_out());
    shell.write(&told)?;
    Ok(verdict(&answer))
}

fn run_event(run: &mut Run<'_>, line: Line<'_>, shell: &mut Shell) -> Result {
    let done = event::run(run, line, shell.colour_out()).map_err(|undone| match undone {
        Undone::Line(text) => Failure::unusable(format!("the event was not carried out: {text}")),
        Undone::Ledger(error) => failed(run.args, &error),
    })?;
    run.engine.flush().map_err(|error| failed(run.args, &error))?;
    shell.write(&done.told)?;
    Ok(if done.decides { verdict(&done.answer) } else { Exit::Fine })
}

/// Reads the language's own words: against the text of the licence where there is one, so that a misspelt name is found.
fn in_words(words: &str, subject: &Subject, shell: &Shell) -> Result<Question<'static>> {
    let Some((texts, licence)) = &subject.text else { return without_text(words, subject) };
    let (ask, findings) = texts.ask(0, licence, words);
    for finding in &findings {
        let drawn = render::render(finding, ASK, &[(ASK, words)], shell.colour_err());
        shell.talk_raw(&drawn);
    }
    match ask {
        Some(ask) if findings.iter().all(|finding| !finding.is_error()) => Ok(question(ask)),
        _ => Err(unreadable()),
    }
}

const ASK: &str = "the ask";

fn unreadable() -> Failure {
    Failure::unusable("the ask cannot be read").help(
        "an ask looks like `@ana of @acme asks to chat 1_000 tokens for product in FR on 2026-05-31T12:00Z`",
    )
}

fn without_text(words: &str, subject: &Subject) -> Result<Question<'static>> {
    let loaded = licit_bytecode::load(&subject.module);
    let calendar =
        loaded.ok().and_then(|loaded| loaded.module.about.first().and_then(|about| about.calendar.clone()));
    ask::read(words, calendar.as_deref().unwrap_or("UTC")).map_err(|error| match error {
        AskError::Syntax(errors) => {
            let failure = unreadable();
            match errors.first() {
                Some(error) => {
                    failure.why(format!("at `{}`", shown(words.get(error.span.range()).unwrap_or_default())))
                }
                None => failure,
            }
        }
        AskError::Meaning(span, text) => {
            unreadable().why(format!("at `{}`: {text}", shown(words.get(span.range()).unwrap_or_default())))
        }
    })
}

fn question(ask: TestAsk) -> Question<'static> {
    let facts = ask.facts.into_iter().map(|(name, value)| {
        let value = match value {
            FactValue::YesNo(truth) => Value::Truth(truth),
            FactValue::Count(number) => Value::Number(number),
            FactValue::Text(text) => Value::Text(text),
        };
        (Cow::Owned(name), value)
    });
    Question {
        id: None,
        at: ask.used_at.map(|at| i64::try_from(at).unwrap_or(i64::MAX)),
        user: Some(Cow::Owned(ask.user)),
        organisation: ask.organisation.map(Cow::Owned),
        action: Some(Cow::Owned(ask.action)),
        purpose: ask.purpose.map(Cow::Owned),
        place: ask.place.map(Cow::Owned),
        facts: Facts(facts.collect()),
        quantities: Quantities(
            ask.quantities.into_iter().map(|(unit, number)| (Cow::Owned(unit), number)).collect(),
        ),
    }
}

fn owned(question: Question<'_>) -> Question<'static> {
    let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
    Question {
        id: question.id.map(own),
        at: question.at,
        user: question.user.map(own),
        organisation: question.organisation.map(own),
        action: question.action.map(own),
        purpose: question.purpose.map(own),
        place: question.place.map(own),
        facts: Facts(question.facts.0.into_iter().map(|(name, value)| (own(name), value)).collect()),
        quantities: Quantities(
            question.quantities.0.into_iter().map(|(unit, number)| (own(unit), number)).collect(),
        ),
    }
}
