//! The commands, one file each: its arguments (`Args`) and what it does (`run`).

use crate::cli::Command;
use crate::exit::Result;
use crate::shell::Shell;

pub mod disasm;
pub mod key;

/// Does what was asked.
pub fn dispatch(command: Command, shell: &mut Shell) -> Result {
    match command {
        Command::Disasm(args) => disasm::run(&args, shell),
        Command::Key(args) => key::run(&args, shell),
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
