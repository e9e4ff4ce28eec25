//! Whether a log is complete: a consumer's own list of invocations beside what the ledger knows of them.
//!
//! The list has one invocation a line: its id, or a JSON object with `id` and, if the consumer counted, `quantities` (the
//! lines that `licit run` was sent will do; other fields are not looked at).

use crate::exit::{Failure, Result};
use crate::input;
use crate::lines::{Line, Lines};
use crate::names::Names;
use crate::request::{Quantities, Question, call_id, call_text};
use crate::shelf::Shelf;
use crate::shell::shown;
use licit_engine::{CallId, Content, Id, Kept, Licensee, Policies, Report, Request};
use licit_receipt::kind::decision_name;
use licit_receipt::{Kind, Opening, Receipt};
use licit_vm::Manifest;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// An invocation that a consumer made.
#[derive(Debug, PartialEq, Eq)]
pub struct Listed {
    /// The id, as given.
    pub id: String,
    /// Its line, from 1.
    pub line: u64,
    /// The lines that say it again.
    pub again: Vec<u64>,
    /// What the consumer counted, by unit, where the list says it.
    quantities: Option<Vec<(String, u128)>>,
}

/// A consumer's list, by the ids' bytes.
pub type List = BTreeMap<CallId, Listed>;

/// What the ledger knows of an invocation.
#[derive(Debug)]
pub struct Found {
    /// The last leaf that holds its quantities or its end.
    pub leaf: u64,
    /// Where it stands.
    pub phase: &'static str,
    /// Why it was denied: the first reason.
    pub reason: Option<&'static str>,
    /// The licence.
    pub licence: Option<[u8; 32]>,
    /// Minor units due, all its receipts together; none if they do not fit.
    pub due: Option<i128>,
    /// Its present quantities, by unit.
    quantities: Vec<(String, u128)>,
}

/// The outcome for one invocation of the list.
#[derive(Debug)]
pub struct Checked {
    /// What was listed.
    pub listed: Listed,
    /// What is in the log; none: missing.
    pub found: Option<Found>,
    /// Where the log says something else than the list: unit, listed, logged.
    pub differs: Vec<(String, u128, u128)>,
}

/// A list beside a log.
#[derive(Debug)]
pub struct Comparison {
    /// In the order of the list.
    pub checked: Vec<Checked>,
    /// In the log for the consumer, but not in the list: (first leaf, id).
    pub unlisted: Vec<(u64, String)>,
    /// Receipts of which an erasure left nobody to tell whose they are.
    pub nameless: u64,
}

impl Comparison {
    /// Whether list and log agree.
    pub fn agrees(&self) -> bool {
        self.unlisted.is_empty()
            && self.checked.iter().all(|checked| checked.found.is_some() && checked.differs.is_empty())
    }
}

/// A line of a list that is a JSON object.
#[derive(serde::Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow, default)]
    quantities: Option<Quantities<'a>>,
}

/// Reads a list from a file, or from standard input for `-`.
pub fn read(path: &Path) -> Result<List> {
    if input::is_stdin(path) {
        return list(std::io::stdin().lock());
    }
    list(File::open(path).map_err(|error| input::unreadable(path, &error))?)
}

fn list(reader: impl Read) -> Result<List> {
    let mut lines = Lines::new(BufReader::with_capacity(1 << 16, reader));
    let mut list = List::new();
    while let Some((number, line)) = lines.next()? {
        let bad = |why: String| {
            Failure::unusable(format!("line {number} of the list cannot be read"))
                .why(why)
                .help("a line is an id, or a JSON object with `id` and perhaps `quantities`")
        };
        let text = match line {
            Line::Text(text) => text,
            Line::Bad(why) => return Err(bad(why)),
        };
        let (id, quantities) = if text.starts_with('{') {
            let row: Row<'_> = serde_json::from_str(text).map_err(|error| bad(shown(&error.to_string())))?;
            let own = |(unit, count): (Cow<'_, str>, u128)| (unit.into_owned(), count);
            (row.id.into_owned(), row.quantities.map(|counted| counted.0.into_iter().map(own).collect()))
        } else {
            (text.to_owned(), None)
        };
        match list.entry(call_id(&id)) {
            std::collections::btree_map::Entry::Vacant(vacant) => {
                vacant.insert(Listed { id, line: number, again: Vec::new(), quantities });
            }
            std::collections::btree_map::Entry::Occupied(mut known) => known.get_mut().again.push(number),
        }
    }
    Ok(list)
}

/// Compares. `consumer` is the user or organisation whose calls must all be listed.
pub fn compare(list: List, shelf: &Shelf, report: &Report, consumer: Option<&str>) -> Result<Comparison> {
    let mut found: BTreeMap<CallId, Found> = BTreeMap::new();
    // Calls that the list does not have, by their first leaf.
    let mut others: BTreeMap<u64, (CallId, Kind)> = BTreeMap::new();
    shelf.leaves(&mut |leaf, payload| {
        if let Ok(receipt) = Receipt::decode(payload)
            && let Some(call) = receipt.call
        {
            if list.contains_key(&call) {
                note(&mut found, call, leaf, &receipt, report);
            } else if consumer.is_some() && is_use(receipt.kind) {
                others.insert(leaf, (call, receipt.kind));
            }
        }
        Ok(true)
    })?;
    let (unlisted, nameless) = match consumer {
        Some(name) => unlisted(&others, shelf, report, name.strip_prefix('@').unwrap_or(name))?,
        None => (Vec::new(), 0),
    };
    let mut checked: Vec<Checked> = list
        .into_iter()
        .map(|(call, listed)| {
            let found = found.remove(&call);
            let differs = found.as_ref().map(|found| differences(&listed, found, report)).unwrap_or_default();
            Checked { listed, found, differs }
        })
        .collect();
    checked.sort_by_key(|checked| checked.listed.line);
    Ok(Comparison { checked, unlisted, nameless })
}

/// The kinds of event that begin or make a use.
fn is_use(kind: Kind) -> bool {
    matches!(kind, Kind::Hold | Kind::Commit | Kind::Deny)
}

/// Adds a receipt to what is known of a call.
fn note(found: &mut BTreeMap<CallId, Found>, call: CallId, leaf: u64, receipt: &Receipt, report: &Report) {
    let manifest = receipt.licence.as_ref().and_then(|licence| report.policies.of_licence(licence));
    let manifest = manifest.map(licit_ledger::Licence::manifest);
    let entry = found.entry(call).or_insert_with(|| Found {
        leaf,
        phase: "unknown",
        reason: None,
        licence: receipt.licence,
        due: Some(0),
        quantities: Vec::new(),
    });
    entry.leaf = leaf;
    if let Some(known) = report.state.call(&call) {
        entry.phase = known.phase.name();
    }
    entry.reason = receipt.decision.filter(|decision| *decision != 0).and_then(decision_name);
    if let Some(due) = receipt.due {
        let minor = i128::try_from(due.minor).ok().map(|minor| if due.negative { -minor } else { minor });
        entry.due = entry.due.zip(minor).and_then(|(sum, minor)| sum.checked_add(minor));
    }
    if !receipt.quantities.is_empty() || receipt.kind == Kind::Reversal {
        let counted = receipt.quantities.iter().filter(|quantity| quantity.count > 0);
        entry.quantities = counted.map(|quantity| (unit(manifest, quantity.unit), quantity.count)).collect();
    }
}

fn unit(manifest: Option<&Manifest>, index: u32) -> String {
    let unit = manifest.and_then(|manifest| manifest.units.get(index as usize));
    unit.map_or_else(|| format!("unit {index}"), |unit| unit.name.clone())
}

/// Units of which the list says something else than the log.
fn differences(listed: &Listed, found: &Found, report: &Report) -> Vec<(String, u128, u128)> {
    let Some(quantities) = &listed.quantities else { return Vec::new() };
    let licence = found.licence.as_ref().and_then(|licence| report.policies.of_licence(licence));
    let question = Question {
        quantities: Quantities(
            quantities.iter().map(|(unit, count)| (Cow::Borrowed(unit.as_str()), *count)).collect(),
        ),
        ..Question::default()
    };
    // In the licence's own words, as the request was. What does not fit there differs as it is written.
    let counted = licence
        .and_then(|licence| question.into_request(licence.manifest(), &Names::default()).ok())
        .map_or_else(|| quantities.clone(), |request: Request| request.quantities);
    let logged =
        |unit: &str| found.quantities.iter().find(|(known, _)| known == unit).map_or(0, |(_, count)| *count);
    let mut differs: Vec<(String, u128, u128)> = counted
        .iter()
        .map(|(unit, count)| (unit.clone(), *count, logged(unit)))
        .filter(|(_, listed, logged)| listed != logged)
        .collect();
    for (unit, count) in &found.quantities {
        if !counted.iter().any(|(known, _)| known == unit) {
            differs.push((unit.clone(), 0, *count));
        }
    }
    differs
}

/// Those calls that are the consumer's: (first leaf, id); and of how many that can no longer be said.
fn unlisted(
    others: &BTreeMap<u64, (CallId, Kind)>,
    shelf: &Shelf,
    report: &Report,
    name: &str,
) -> Result<(Vec<(u64, String)>, u64)> {
    let salted = report.state.epoch().map(|epoch| {
        let salt = &epoch.salt;
        (Id::new(salt, Licensee::User(name)), Id::new(salt, Licensee::Organisation(name)))
    });
    let mut calls: BTreeMap<CallId, u64> = BTreeMap::new();
    let mut nameless = 0;
    shelf.openings(&mut |leaf, opening| {
        let Some((call, kind)) = others.get(&leaf) else { return Ok(true) };
        // The audit has said what is wrong with an opening that cannot be read.
        let Ok(opening) = Opening::decode(opening) else { return Ok(true) };
        let content = opening.content().and_then(|content| Content::decode(content).ok());
        let named = content.map(|content| {
            let request = &content.request;
            request.user.as_deref() == Some(name) || request.organisation.as_deref() == Some(name)
        });
        let by_id = || {
            let (user, organisation) = salted?;
            let who = who(&Kept::decode(*kind, &opening.kept).ok()?)?;
            Some(who.user == Some(user) || who.organisation == Some(organisation))
        };
        match named.or_else(by_id) {
            Some(true) => _ = calls.entry(*call).or_insert(leaf),
            Some(false) => {}
            None => nameless += 1,
        }
        Ok(true)
    })?;
    let mut calls: Vec<(u64, String)> =
        calls.into_iter().map(|(call, leaf)| (leaf, call_text(&call))).collect();
    calls.sort();
    Ok((calls, nameless))
}

/// Whom an event is about, by salted ids.
pub fn who(kept: &Kept) -> Option<licit_ledger::Who> {
    kept.who().copied()
}
