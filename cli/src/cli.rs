//! The arguments of the command. Every command's own arguments stand in its own file.

use crate::commands::{
    audit, build, check, disasm, erase, explain, fmt, key, pin, receipt, run, statement, test, warrant,
};
use clap::{Parser, Subcommand, ValueEnum};

/// Licences for data, models, code and compute: checked, decided, priced and audited.
#[derive(Debug, Parser)]
#[command(
    name = "licit",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = "\
Examples:
  licit check licences/                      all mistakes of all licences in a folder
  licit test llm-api.licit                   runs the tests that stand in the file
  licit run llm-api.licit '@ana of @acme asks to chat 1_000 prompt_tokens for product'
  licit run llm-api.licit --ledger log - < trace.jsonl
  licit audit log                            decides everything in the log again

Exit status: 0 fine or permitted; 1 findings; 2 unusable arguments or files; 3 denied."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Find the mistakes in licences
    Check(check::Args),
    /// Compile licences to modules (.lbc)
    Build(build::Args),
    /// Decide and price uses of a licence
    Run(run::Args),
    /// Run the tests that stand in licences
    Test(test::Args),
    /// Lay licences out canonically
    Fmt(fmt::Args),
    /// Explain an error code
    Explain(explain::Args),
    /// Show what a module holds
    Disasm(disasm::Args),
    /// Make and show signing keys
    #[command(subcommand)]
    Key(key::Args),
    /// Write the pins of imports into licences
    Pin(pin::Args),
    /// Show, list, prove and verify receipts
    #[command(subcommand)]
    Receipt(receipt::Args),
    /// Tell a licensee what is owed, how it came to be, and who earned it
    Statement(statement::Args),
    /// Sign events that only entitled keys may order
    Warrant(warrant::Args),
    /// Erase what a ledger remembers of people; its receipts stay
    Erase(erase::Args),
    /// Decide everything in a ledger again and compare
    Audit(audit::Args),
}

/// For whom the output is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Human,
    /// For programs: one JSON object a line
    Json,
}

/// For whom a statement is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum StatementFormat {
    /// For people: aligned tables
    #[default]
    Human,
    /// For programs: one JSON object
    Json,
    /// For spreadsheets: RFC 4180, one row a fact
    Csv,
    /// For printing and sending: one page with charts that needs nothing else
    Html,
}

/// `--format`, of every command that prints findings or decisions.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct FormatArg {
    /// For whom the output is
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Format,
}

impl FormatArg {
    /// Whether the output is for programs.
    pub fn is_json(self) -> bool {
        self.format == Format::Json
    }
}
