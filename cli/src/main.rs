//! The `licit` command: check, build and run licences, and audit what they decided.
//!
//! Reading order: [`cli`] (the arguments), [`exit`] (exit statuses and failures), [`shell`] (the terminal),
//! [`input`] (files, folders, standard input), then one file a command under [`commands`].
//!
//! *Invariant:* standard output carries data, standard error talk. *Invariant:* files, clock and randomness are
//! touched here and in `licit-engine`, nowhere else. *Invariant:* nothing a user types or feeds in makes it panic.

#![allow(clippy::format_push_string, reason = "`format!` reads better, and a command prints little")]

mod ask;
mod book;
mod calls;
mod cli;
mod commands;
mod corefile;
mod decision;
mod events;
mod exit;
mod figures;
mod input;
mod instant;
mod keyfile;
mod ledger;
mod lines;
mod module;
mod names;
mod places;
mod progress;
mod request;
mod sheet;
mod shelf;
mod shell;
mod subject;
mod texts;

use clap::Parser;

fn main() -> std::process::ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // `--help` and `--version` come here, too; a closed pipe is no reason to complain.
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(2).into();
        }
    };
    let mut shell = shell::Shell::new();
    let result = commands::dispatch(cli.command, &mut shell);
    let result = result.and_then(|exit| shell.flush().map(|()| exit));
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            let _ = shell.flush();
            failure.report(&shell)
        }
    }
}
