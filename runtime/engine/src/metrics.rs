//! What a gateway tells about itself, through the `metrics` facade: a host installs the exporter it likes, or none.
//!
//! | name | kind | labels | what |
//! |---|---|---|---|
//! | `licit_commands_total` | counter | `command`, `outcome` | commands by what they came to |
//! | `licit_decide_seconds` | histogram | | from the command to its event in memory |
//! | `licit_wait_seconds` | histogram | | from there until the answer was as durable as promised, of those that waited |
//! | `licit_write_seconds` | histogram | | writing and syncing one group |
//! | `licit_group_receipts` | histogram | | receipts in a group |
//! | `licit_waiting_receipts` | gauge | | receipts that are not durable yet |
//! | `licit_leaves` | gauge | | leaves in the log, the waiting ones included |
//! | `licit_open_holds` | gauge | | open holds |
//! | `licit_store_up` | gauge | | 1 if the store works, 0 if it is down or has stopped |
//! | `licit_store_failures_total` | counter | | writes that failed, those that then went well included |
//! | `licit_snapshots_total` | counter | `kept` | snapshots, by whether they could be written |
//! | `licit_denials_unlogged_total` | counter | | denials that were answered and not logged by themselves |
//!
//! `command` is `ask`, `invoke`, `commit`, `extend`, `renew`, `release`, `expire`, `fail`, `order` or `other`; `outcome` is
//! the name of the phase that was reached (`held`, `committed`, `late`, `denied`, `released`, `expired`, `failed`,
//! `reversed`, `recorded`), or `repeated`, `refused`, `store_down`, `busy`, `too_many_holds`, `draining`, `error`.

use std::time::Duration;

use ::metrics::{counter, gauge, histogram};
use licit_ledger::Command;
use licit_ledger::receipt::Kind;

use crate::engine::Answer;
use crate::error::Error;
use crate::gateway::desk::{Desk, Health};
use crate::store::Section;

fn command_name(command: &Command) -> &'static str {
    match command {
        Command::Ask { .. } => "ask",
        Command::Invoke(_) => "invoke",
        Command::Commit { .. } => "commit",
        Command::Release { .. } => "release",
        Command::Expire { .. } => "expire",
        Command::Extend { .. } => "extend",
        Command::Renew { .. } => "renew",
        Command::Failed { .. } => "fail",
        Command::Order(_) => "order",
        Command::EpochOpen { .. } | Command::Configure { .. } | Command::Denials { .. } => "other",
    }
}

fn outcome(result: Result<Option<&Answer>, &Error>) -> &'static str {
    match result {
        Ok(None) => "recorded",
        Ok(Some(answer)) if answer.repeated => "repeated",
        Ok(Some(answer)) if answer.receipt.kind == Kind::Deny => "denied",
        Ok(Some(answer)) => answer.phase.name(),
        Err(Error::Refused(_)) => "refused",
        Err(Error::StoreDown { .. }) => "store_down",
        Err(Error::Busy) => "busy",
        Err(Error::TooManyHolds { .. }) => "too_many_holds",
        Err(Error::Draining) => "draining",
        Err(_) => "error",
    }
}

/// A command was decided.
pub(crate) fn decided(command: &Command, result: Result<Option<&Answer>, &Error>, took: Duration) {
    counter!("licit_commands_total", "command" => command_name(command), "outcome" => outcome(result))
        .increment(1);
    histogram!("licit_decide_seconds").record(took);
}

/// An answer had to wait for the disk.
pub(crate) fn waited(took: Duration) {
    histogram!("licit_wait_seconds").record(took);
}

/// A group was written.
pub(crate) fn wrote(section: &Section, took: Duration) {
    if !section.leaves.is_empty() {
        histogram!("licit_write_seconds").record(took);
        histogram!("licit_group_receipts").record(u32::try_from(section.leaves.count()).unwrap_or(u32::MAX));
    }
}

/// A write failed.
pub(crate) fn failed() {
    counter!("licit_store_failures_total").increment(1);
}

/// A snapshot was made.
pub(crate) fn snapshot(kept: bool) {
    counter!("licit_snapshots_total", "kept" => if kept { "true" } else { "false" }).increment(1);
}

/// A denial was not logged.
pub(crate) fn unlogged() {
    counter!("licit_denials_unlogged_total").increment(1);
}

/// How the desk stands.
pub(crate) fn desk(desk: &Desk) {
    let number = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    gauge!("licit_waiting_receipts").set(number(desk.book.pending_count()));
    gauge!("licit_leaves").set(number(desk.book.state.leaves()));
    gauge!("licit_open_holds").set(number(desk.holds));
    gauge!("licit_store_up").set(u8::from(matches!(desk.health, Health::Up)));
}
