//! `licit run`: decides and prices uses of a licence, one ask or a stream of them, and keeps a receipt of each.

mod event;
mod single;
mod stream;
mod tally;

use crate::cli::FormatArg;
use crate::decision::{Asked, Decision};
use crate::exit::{Exit, Result};
use crate::instant;
use crate::ledger;
use crate::shell::{Shell, Style};
use crate::subject::Subject;
use licit_engine::{Answer, Engine, Error, Licence, Phase, Policies, Request};
use std::io::IsTerminal;
use std::path::PathBuf;

/// `licit run`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  licit run llm-api.licit '@ana of @acme asks to chat 1_000 prompt_tokens for product'
  licit run harbour.licit '@ana asks to train 5 records in FR on 2026-05-31T12:00Z with certified'
  licit run LlmApi.lbc '{\"user\":\"ana\",\"action\":\"chat\",\"quantities\":{\"prompt_token\":10}}'
  licit run llm-api.licit --ledger log --quiet < trace.jsonl

A line of a stream is one JSON object:
  {\"id\", \"at\", \"user\", \"organisation\", \"action\", \"purpose\", \"place\", \"facts\": {}, \"quantities\": {}}
All fields may be left out. A line with an `event` is a grant, a payment, an ask, a commit, a correction, ... \
(spec/stream.md lists them). `at` is an instant (2023-11-16T18:15:46Z), else now. An `id` is answered \
once: sent again, it gets the same answer and is not charged again; without one, every line is a new \
invocation. A line that cannot be read does not stop the others, is counted, and gives exit status 1.

Exit status: 0 permitted, or a stream that was decided; 3 a single ask that was denied; 1 lines that were not decided.")]
pub struct Args {
    /// A licence (.licit), a core (.licore) or a module (.lbc)
    #[arg(value_name = "LICENCE")]
    file: PathBuf,
    /// What is asked, in words or as a JSON object; `-` or nothing: JSON Lines on standard input
    #[arg(value_name = "ASK")]
    ask: Vec<String>,
    /// The licence, where the text holds several
    #[arg(long, value_name = "NAME")]
    licence: Option<String>,
    /// The id of a single ask: a UUID, or any text
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Keep the receipts in this folder [default: in memory, gone at the end]
    #[arg(long, value_name = "DIR")]
    ledger: Option<PathBuf>,
    /// The secret key that signs the ledger's checkpoints [default: DIR/gateway.key, made if need be; do not
    /// hand it out with the ledger]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Stop at the first line of a stream that cannot be decided
    #[arg(long)]
    strict: bool,
    /// Of a stream print the totals only, not each decision
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    format: FormatArg,
}

/// What every kind of run needs.
struct Run<'a> {
    args: &'a Args,
    subject: Subject,
    engine: Engine,
    module: [u8; 32],
}

/// Decides.
pub fn run(args: &Args, shell: &mut Shell) -> Result {
    let words = args.ask.join(" ");
    let words = words.trim();
    let stream = words.is_empty() || words == "-";
    if stream && crate::input::is_stdin(&args.file) {
        return Err(crate::exit::Failure::unusable(
            "standard input cannot be both the licence and the stream",
        )
        .help("name the licence's file, or give a single ask"));
    }
    let subject = Subject::read(&args.file, args.licence.as_deref(), shell)?;
    // Before the ledger is touched: an ask that cannot be read leaves nothing behind.
    let single = if stream { None } else { Some(single::read(words, args, &subject, shell)?) };
    let mut engine = ledger::open(args.ledger.as_deref(), args.key.as_deref(), shell)?;
    let loaded = engine.load(&subject.module).map_err(|error| failed(args, &error))?;
    let mut run = Run { args, subject, engine, module: loaded.module };
    let done = match single {
        Some(single) => single::run(&mut run, single, shell),
        None => {
            if std::io::stdin().is_terminal() {
                shell.talk(
                    &shell.paint_err(Style::Dim, "reading JSON Lines from standard input; end with Ctrl-D"),
                );
            }
            stream::run(&mut run, shell)
        }
    };
    // Whatever ended the work, what was decided is signed.
    let closed = run.engine.close().map_err(|error| failed(args, &error));
    let exit = done?;
    closed?;
    Ok(exit)
}

fn failed(args: &Args, error: &Error) -> crate::exit::Failure {
    ledger::failure(args.ledger.as_deref(), error)
}

impl Run<'_> {
    fn licence(&self) -> Option<&Licence> {
        self.engine.policies().licence(&self.module)
    }

    /// The instant of use: as given; for an id that was answered before, the instant it was answered for; else now.
    fn used_at(&self, given: Option<i64>, call: Option<&[u8; 16]>) -> i64 {
        let before = || {
            let asked = self.engine.state().call(call?)?.asked;
            i64::try_from(self.engine.entry(asked).ok()?.receipt.at.used).ok()
        };
        given.or_else(before).unwrap_or_else(instant::now)
    }

    /// Decides one use.
    fn invoke(
        &mut self,
        call: Option<[u8; 16]>,
        used_at: i64,
        request: Request,
    ) -> std::result::Result<Answer, Error> {
        let call = match call {
            Some(call) => call,
            None => self.engine.new_call()?,
        };
        self.engine.invoke(self.module, call, u64::try_from(used_at).unwrap_or(u64::MAX), request)
    }

    /// The answer in words or as JSON, its line break included; nothing where there is nothing to say.
    fn told(&self, answer: &Answer, id: Option<&str>, colour: bool) -> String {
        // A call that is over is told as it was decided: the leaf that ended it knows no request.
        let asked = answer.receipt.call.filter(|_| is_over(answer.phase)).and_then(|call| {
            let asked = self.engine.state().call(&call)?.asked;
            self.engine.entry(asked).ok()?.content
        });
        let content = asked.as_ref().or(answer.content.as_ref());
        let (Some(licence), Some(content)) = (self.licence(), content) else {
            return format!("leaf {}: answered before; its details were erased\n", answer.receipt.seq);
        };
        let decision = Decision {
            manifest: licence.manifest(),
            names: &self.subject.names,
            asked: Asked::of(&answer.receipt, &content.request, id),
            permitted: answer.phase != Phase::Denied,
            reasons: &content.answer.reasons,
            lines: &content.answer.lines,
            duties: &content.answer.duties,
            used: &content.touched.used,
            due: answer.receipt.due.filter(|due| !due.negative).map(|due| due.minor),
        };
        if self.args.format.is_json() {
            let receipt = answer.receipt.encode().map(|payload| licit_receipt::leaf_hash(&payload)).ok();
            let mut json = decision.json(receipt.as_ref().map(|id| (answer.receipt.seq, id)));
            if let (true, Some(object)) = (is_over(answer.phase), json.as_object_mut()) {
                object.insert("phase".into(), answer.phase.name().into());
            }
            if let (Some(hold), Some(object)) =
                (answer.receipt.call.and_then(|call| self.engine.state().hold(&call)), json.as_object_mut())
            {
                object.insert("phase".into(), answer.phase.name().into());
                object.insert("until".into(), instant::text(hold.until).into());
            }
            if let (true, Some(object)) = (answer.repeated, json.as_object_mut()) {
                object.insert("repeated".into(), true.into());
            }
            return format!("{json}\n");
        }
        let mut text = decision.human(colour);
        if answer.repeated {
            text.push_str("  repeated: this id was answered before, with this; nothing was charged now\n");
        }
        if is_over(answer.phase) {
            text.push_str(&format!("  {}: what was permitted no longer stands\n", answer.phase.name()));
        }
        text
    }
}

/// Whether a call that was permitted is no longer: who asks again must not take the old word for a new one.
fn is_over(phase: Phase) -> bool {
    matches!(phase, Phase::Released | Phase::Expired | Phase::Failed | Phase::Reversed)
}

/// The exit status of a single use or ask: what no longer stands is not permitted.
fn verdict(answer: &Answer) -> Exit {
    if answer.phase == Phase::Denied || is_over(answer.phase) { Exit::Denied } else { Exit::Fine }
}
