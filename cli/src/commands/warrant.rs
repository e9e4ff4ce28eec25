//! `licit warrant`: an entitled key's signature under grants, payments, corrections, closes and the like.

use crate::events::{self, Around, Line};
use crate::exit::{Exit, Failure, Result};
use crate::keyfile;
use crate::lines::{self, Lines};
use crate::request::call_id;
use crate::shell::Shell;
use crate::subject::Subject;
use licit_engine::Licence;
use serde_json::Value;
use std::io::BufReader;
use std::path::PathBuf;

/// `licit warrant`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  licit warrant storage.licit --gateway did:key:z6Mk... --key licensor.key < events.jsonl > signed.jsonl
  licit warrant storage.licit --gateway gateway.key --key licensor.key '{\"event\":\"close\",\"id\":\"c-5\",\"organisation\":\"acme\",\"window\":\"2026-05\"}'

A gateway may be configured to carry out grants, payments, corrections, ... only for certain keys (the event \
`configure`). A warrant is such a key's signature under one event, for one licence and one gateway: the line comes back \
with it, and `licit run` takes it. Lines need an `id`, and an `at` where the event has one; spec/stream.md lists the fields.")]
pub struct Args {
    /// The licence that the events are about: a licence (.licit), a core (.licore) or a module (.lbc)
    #[arg(value_name = "LICENCE")]
    file: PathBuf,
    /// The event as a JSON object; `-` or nothing: JSON Lines on standard input
    #[arg(value_name = "EVENT")]
    event: Option<String>,
    /// The licence, where the text holds several
    #[arg(long, value_name = "NAME")]
    licence: Option<String>,
    /// The gateway that will log them: a did:key, or a key file
    #[arg(long, value_name = "KEY")]
    gateway: String,
    /// The key file of whoever is entitled
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

/// Signs every line.
pub fn run(args: &Args, shell: &mut Shell) -> Result {
    let gateway = super::key::meant(&args.gateway, shell)?.gateway();
    let key = keyfile::read(&args.key, shell)?;
    let single = args.event.as_deref().filter(|event| *event != "-");
    if single.is_none() && crate::input::is_stdin(&args.file) {
        return Err(Failure::unusable("standard input cannot be both the licence and the events")
            .help("name the licence's file"));
    }
    let subject = Subject::read(&args.file, args.licence.as_deref(), shell)?;
    let licence =
        Licence::load(&subject.module).map_err(|error| crate::module::refused(&args.file, &error))?;
    let sign = |text: &str| -> std::result::Result<String, String> {
        let line = Line::from_json(text)?;
        events::signable(&line)?;
        let around = Around {
            manifest: licence.manifest(),
            module: *licence.policy().module_id(),
            names: &subject.names,
            now: 0,
        };
        let id = line.id.as_deref().map(call_id).unwrap_or_default();
        let mut order = events::order(line, &around, id)?;
        order.sign(&gateway, licence.policy().licence_id(), &key);
        let mut object: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if let (Value::Object(fields), Some(warrant)) = (&mut object, &order.warrant) {
            fields.insert("warrant".into(), events::stamp(warrant));
        }
        Ok(object.to_string())
    };
    if let Some(text) = single {
        let signed = sign(text).map_err(|why| Failure::unusable("the event cannot be signed").why(why))?;
        shell.line(&signed)?;
        return Ok(Exit::Fine);
    }
    let mut lines = Lines::new(BufReader::new(std::io::stdin().lock()));
    while let Some((number, line)) = lines.next()? {
        let signed = match line {
            lines::Line::Text(text) => sign(text),
            lines::Line::Bad(why) => Err(why),
        };
        // Half a list of signatures would be taken for the whole.
        let signed =
            signed.map_err(|why| Failure::unusable(format!("line {number} cannot be signed")).why(why))?;
        shell.line(&signed)?;
    }
    Ok(Exit::Fine)
}
