//! The commands, one file each: its arguments (`Args`) and what it does (`run`).

use crate::cli::Command;
use crate::exit::Result;
use crate::shell::Shell;

pub mod audit;
pub mod build;
pub mod check;
pub mod disasm;
pub mod erase;
pub mod explain;
pub mod fmt;
pub mod key;
pub mod pin;
pub mod receipt;
pub mod run;
pub mod statement;
pub mod test;
pub mod warrant;

/// Does what was asked.
pub fn dispatch(command: Command, shell: &mut Shell) -> Result {
    match command {
        Command::Check(args) => check::run(&args, shell),
        Command::Build(args) => build::run(&args, shell),
        Command::Run(args) => run::run(&args, shell),
        Command::Test(args) => test::run(&args, shell),
        Command::Fmt(args) => fmt::run(&args, shell),
        Command::Explain(args) => explain::run(&args, shell),
        Command::Disasm(args) => disasm::run(&args, shell),
        Command::Key(args) => key::run(&args, shell),
        Command::Pin(args) => pin::run(&args, shell),
        Command::Receipt(args) => receipt::run(&args, shell),
        Command::Statement(args) => statement::run(&args, shell),
        Command::Warrant(args) => warrant::run(&args, shell),
        Command::Erase(args) => erase::run(&args, shell),
        Command::Audit(args) => audit::run(&args, shell),
    }
}

/// Bytes as hex digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
