//! Events of a stream beside uses: JSON objects with an `event` (`spec/stream.md`), turned into the ledger's commands.
//!
//! Reading order: this file (which event has which fields, and what becomes of them), `line` (the object), `amount`,
//! `window`, `words` (what is told of an event).

mod amount;
mod line;
mod window;
mod words;

use crate::commands::key;
use crate::instant;
use crate::names::Names;
use crate::request::{Question, call_id};
use crate::shell::shown;
use licit_engine::{CallId, Request};
use licit_ledger::{Command, Config, Order, Purpose, Terms, Warrant, What};
use licit_receipt::Kind;
use licit_receipt::hash::Hash;
use licit_vm::Manifest;

pub use line::Line;
pub use window::span_of;
pub use words::{json, order_words, refusal_words, words};

/// What is known beside the line when an event is read.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// The licence.
    pub manifest: &'a Manifest,
    /// The module that decides.
    pub module: Hash,
    /// Plurals.
    pub names: &'a Names,
    /// The clock, in microseconds since 1970.
    pub now: i64,
}

/// An event, its fields and what they are for.
struct Form {
    name: &'static str,
    /// Fields that it must have, and those that it may have.
    needs: &'static [&'static str],
    takes: &'static [&'static str],
}

const FORMS: [Form; 16] = [
    Form { name: "grant", needs: &[], takes: &["id", "at", "user", "organisation", "warrant"] },
    Form { name: "accept", needs: &[], takes: &["id", "at", "user", "organisation", "warrant"] },
    Form { name: "notice", needs: &["of"], takes: &["id", "at", "warrant"] },
    Form {
        name: "evidence",
        needs: &[],
        takes: &["id", "at", "user", "organisation", "duty", "facts", "warrant"],
    },
    Form {
        name: "payment",
        needs: &["amount"],
        takes: &[
            "id",
            "at",
            "user",
            "organisation",
            "for",
            "periods",
            "priority",
            "expires",
            "gift",
            "actions",
            "warrant",
        ],
    },
    Form { name: "seat", needs: &["user"], takes: &["id", "at", "organisation", "released", "warrant"] },
    Form {
        name: "ask",
        needs: &["id"],
        takes: &[
            "at",
            "user",
            "organisation",
            "action",
            "purpose",
            "place",
            "facts",
            "quantities",
            "until",
            "seconds",
            "latest",
        ],
    },
    Form { name: "commit", needs: &["id"], takes: &["quantities"] },
    Form { name: "release", needs: &["id"], takes: &[] },
    Form { name: "renew", needs: &["id"], takes: &["until", "seconds"] },
    Form { name: "extend", needs: &["id", "quantities"], takes: &[] },
    Form { name: "fail", needs: &["id"], takes: &[] },
    Form { name: "correct", needs: &["call", "quantities"], takes: &["id", "warrant"] },
    Form { name: "reversal", needs: &["call"], takes: &["id", "warrant"] },
    Form { name: "close", needs: &["window"], takes: &["id", "user", "organisation", "warrant"] },
    Form { name: "configure", needs: &[], takes: &["id", "entitled", "lateness", "ahead"] },
];

/// Names of kinds that need a warrant once keys are configured for them.
const ORDERED: [(&str, Kind); 9] = [
    ("grant", Kind::Grant),
    ("accept", Kind::Accept),
    ("notice", Kind::Notice),
    ("evidence", Kind::Evidence),
    ("payment", Kind::Payment),
    ("seat", Kind::Seat),
    ("correct", Kind::Correct),
    ("reversal", Kind::Reversal),
    ("close", Kind::Close),
];

/// Whether a line of a stream may be an event; a use has no such field. Quick: most lines are uses.
pub fn may_be(text: &str) -> bool {
    text.contains("\"event\"")
}

/// The command that an event asks for. `fresh` makes an id where the line has none. The error says what is wrong and,
/// where there is one, the way on.
pub fn command(
    line: Line<'_>,
    around: &Around<'_>,
    fresh: &mut dyn FnMut() -> Result<CallId, String>,
) -> Result<Command, String> {
    let event = line.event.clone().unwrap_or_default().into_owned();
    check(&event, &line)?;
    let around = Around { manifest: around.manifest, ..*around };
    let call = line.id.as_deref().map(call_id);
    let id = |call: Option<CallId>| call.ok_or_else(|| "an event needs an `id`".to_owned());
    match event.as_str() {
        "ask" => ask(line, &around),
        "commit" => Ok(Command::Commit { call: id(call)?, quantities: request(line, &around)?.quantities }),
        "extend" => Ok(Command::Extend { call: id(call)?, quantities: request(line, &around)?.quantities }),
        "renew" => Ok(Command::Renew { call: id(call)?, until: until(&line, &around)? }),
        "release" => Ok(Command::Release { call: id(call)? }),
        "fail" => Ok(Command::Failed { call: id(call)? }),
        "configure" => {
            let config = config(&line)?;
            Ok(Command::Configure { id: call.map_or_else(&mut *fresh, Ok)?, config })
        }
        _ => {
            let id = call.map_or_else(&mut *fresh, Ok)?;
            order(line, &around, id).map(Command::Order)
        }
    }
}

/// Whether an event says when.
pub fn has_instant(event: &str) -> bool {
    FORMS.iter().any(|form| form.name == event && form.takes.contains(&"at"))
}

/// The order that an event gives, under an id.
pub fn order(line: Line<'_>, around: &Around<'_>, id: CallId) -> Result<Order, String> {
    let what = what(&line, around)?;
    let warrant = line.warrant.as_ref().map(line::Stamp::warrant).transpose()?;
    let at = line.at.unwrap_or(around.now);
    let at = what.has_instant().then(|| u64::try_from(at).map_err(|_| before_1970())).transpose()?;
    let mut request = request(line, around)?;
    // A correction is about the call that it names, not about people.
    if !matches!(what, What::Correct(_)) {
        request.quantities.clear();
    }
    Ok(Order { id, module: around.module, at, request, what, warrant })
}

/// Whether the line is an event that somebody may need a warrant for, and has what makes it the same order again.
pub fn signable(line: &Line<'_>) -> Result<(), String> {
    let Some(event) = line.event.as_deref() else {
        return Err("it has no `event`; a use needs no warrant".to_owned());
    };
    check(event, line)?;
    if !ORDERED.iter().any(|(name, _)| *name == event) {
        return Err(format!("a warrant is for {}", list(ORDERED.iter().map(|(name, _)| *name))));
    }
    if line.id.is_none() {
        return Err("without an `id` it could be carried out twice; give it one".to_owned());
    }
    if line.at.is_none() && has_instant(event) {
        return Err("it says no instant; give it an `at`".to_owned());
    }
    Ok(())
}

/// Whether an event has the fields that it needs and no other.
fn check(event: &str, line: &Line<'_>) -> Result<(), String> {
    let Some(form) = FORMS.iter().find(|form| form.name == event) else {
        let names = list(FORMS.iter().map(|form| form.name));
        return Err(format!("`{}` is no event; there are {names}", shown(event)));
    };
    let given = line.given();
    if let Some(field) = given.iter().find(|field| !form.needs.contains(field) && !form.takes.contains(field))
    {
        let fields = list(form.needs.iter().chain(form.takes).copied());
        return Err(format!("`{field}` is no field of `{event}`, which has {fields}"));
    }
    match form.needs.iter().find(|field| !given.contains(field)) {
        Some(field) => Err(format!("`{event}` needs the field `{field}`")),
        None => Ok(()),
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<&str>>().join(", ")
}

fn before_1970() -> String {
    "an instant before 1970 cannot be logged".to_owned()
}

fn ask(line: Line<'_>, around: &Around<'_>) -> Result<Command, String> {
    let call = line.id.as_deref().map(call_id).unwrap_or_default();
    let used_at = u64::try_from(line.at.unwrap_or(around.now)).map_err(|_| before_1970())?;
    let (until, latest) = (until(&line, around)?, line.latest);
    let request = request(line, around)?;
    let ask = licit_ledger::Ask { call, module: around.module, used_at, request };
    Ok(Command::Ask { ask, until, latest })
}

/// When a hold ends: an instant, or so many seconds from now.
fn until(line: &Line<'_>, around: &Around<'_>) -> Result<i64, String> {
    match (line.until, line.seconds) {
        (Some(until), None) => Ok(until),
        (None, Some(seconds)) => {
            let length = i64::try_from(seconds).ok().and_then(|seconds| seconds.checked_mul(1_000_000));
            let end = length.and_then(|length| around.now.checked_add(length));
            end.ok_or_else(|| "so many seconds reach beyond all time".to_owned())
        }
        _ => Err("say when the hold ends: either `until`, an instant, or `seconds` from now".to_owned()),
    }
}

fn request(line: Line<'_>, around: &Around<'_>) -> Result<Request, String> {
    let question: Question<'_> = line.into();
    question.into_request(around.manifest, around.names)
}

fn what(line: &Line<'_>, around: &Around<'_>) -> Result<What, String> {
    let call = || line.call.as_deref().map(call_id).unwrap_or_default();
    Ok(match line.event.as_deref().unwrap_or_default() {
        "grant" => What::Grant,
        "accept" => What::Accept,
        "notice" => match line.of.as_deref() {
            Some("revocation") => What::Revoke,
            Some("release") => What::Release,
            _ => return Err("a notice is `of` `revocation` or of `release`".to_owned()),
        },
        "evidence" => evidence(line, around)?,
        "payment" => payment(line, around)?,
        "seat" => What::Seat { released: line.released.unwrap_or(false) },
        "correct" => What::Correct(call()),
        "reversal" => What::Reverse(call()),
        "close" => {
            let text = line.window.as_deref().unwrap_or_default();
            What::Close(span_of(text).ok_or_else(|| {
                let (settled, shared) = windows_of(around.manifest);
                let both = if shared == settled { settled } else { format!("{settled} or {shared}") };
                format!("`{}` is no window; this licence closes {both}", shown(text))
            })?)
        }
        event => return Err(format!("`{}` is no order", shown(event))),
    })
}

/// Which windows a licence settles and shares in, by example.
fn windows_of(manifest: &Manifest) -> (String, String) {
    let Some(money) = &manifest.money else { return ("nothing: it charges nothing".into(), String::new()) };
    let shared = manifest.split.as_ref().and_then(|split| split.window).unwrap_or(money.settled);
    (window::example(money.settled).to_owned(), window::example(shared).to_owned())
}

fn evidence(line: &Line<'_>, around: &Around<'_>) -> Result<What, String> {
    match (line.duty.as_deref(), line.facts.is_some()) {
        (None, true) => Ok(What::Facts),
        (Some(label), false) => {
            let manifest = around.manifest;
            let number = manifest.duties.iter().position(|duty| manifest.label(duty.clause) == Some(label));
            let number = number.and_then(|number| u16::try_from(number).ok());
            number.map(What::Done).ok_or_else(|| {
                let labels = list(manifest.duties.iter().filter_map(|duty| manifest.label(duty.clause)));
                let there = if labels.is_empty() { "none".to_owned() } else { labels };
                format!("the licence has no duty `{}`; there is {there}", shown(label))
            })
        }
        _ => Err("evidence is either of a `duty` that was done or of `facts`".to_owned()),
    }
}

fn payment(line: &Line<'_>, around: &Around<'_>) -> Result<What, String> {
    let minor = amount::minor(line.amount.as_deref().unwrap_or_default(), around.manifest)?;
    let purpose = line.purpose_of_payment.as_deref().unwrap_or("account");
    let only = |given: bool, field: &str, of: &str| {
        if given && purpose != of {
            Err(format!("`{field}` belongs to a payment for `{of}`, this is one for `{}`", shown(purpose)))
        } else {
            Ok(())
        }
    };
    only(line.periods.is_some(), "periods", "renewal")?;
    only(line.priority.is_some(), "priority", "credit")?;
    only(line.expires.is_some(), "expires", "credit")?;
    only(line.gift.is_some(), "gift", "credit")?;
    only(line.actions.is_some(), "actions", "credit")?;
    let purpose = match purpose {
        "account" => Purpose::Account,
        "renewal" => Purpose::Renewal(line.periods.unwrap_or(1)),
        "credit" => {
            let mut actions: Vec<String> =
                line.actions.iter().flatten().map(|action| action.clone().into_owned()).collect();
            actions.sort();
            actions.dedup();
            Purpose::Credit(Terms {
                priority: line.priority.unwrap_or(0),
                expires: line.expires,
                gift: line.gift.unwrap_or(false),
                actions,
            })
        }
        other => {
            return Err(format!("a payment is `for` account, renewal or credit, not for `{}`", shown(other)));
        }
    };
    Ok(What::Pay(minor, purpose))
}

fn config(line: &Line<'_>) -> Result<Config, String> {
    let mut entitled: Vec<(Kind, Vec<[u8; 32]>)> = Vec::new();
    for (name, dids) in line.entitled.iter().flatten() {
        let Some((_, kind)) = ORDERED.iter().find(|(known, _)| known == name) else {
            let names = list(ORDERED.iter().map(|(name, _)| *name));
            return Err(format!("nobody is entitled to `{}`; there are {names}", shown(name)));
        };
        let mut keys = Vec::new();
        for did in dids {
            let key = key::parsed(did).map_err(|why| format!("`{}` is no key: {why}", shown(did)))?;
            keys.push(key.to_bytes());
        }
        keys.sort_unstable();
        keys.dedup();
        entitled.push((*kind, keys));
    }
    entitled.sort_unstable_by_key(|(kind, _)| *kind);
    let micros = |seconds: Option<u64>| {
        let micros = seconds.map(|seconds| seconds.checked_mul(1_000_000));
        micros
            .map(|micros| micros.ok_or_else(|| "so many seconds are beyond all time".to_owned()))
            .transpose()
    };
    Ok(Config { entitled, lateness: micros(line.lateness)?, ahead: micros(line.ahead)? })
}

/// A warrant as a line holds it.
pub fn stamp(warrant: &Warrant) -> serde_json::Value {
    line::Stamp::json(warrant)
}

/// The instant of an event in words, where it says one.
fn at_words(at: Option<u64>) -> String {
    at.map_or_else(String::new, |at| instant::text(i64::try_from(at).unwrap_or(i64::MAX)))
}
