//! `licit key`: Ed25519 keys that sign the checkpoints of a ledger, and their names.

use crate::cli::FormatArg;
use crate::exit::{Exit, Failure, Result};
use crate::keyfile;
use crate::shell::Shell;
use licit_receipt::VerifyingKey;
use serde_json::json;
use std::path::PathBuf;

/// `licit key`
#[derive(Debug, clap::Subcommand)]
pub enum Args {
    /// Make a key and print its name
    #[command(after_help = "\
Examples:
  licit key new gateway.key      prints did:key:z6Mk...

The file is an Ed25519 key in PEM (PKCS #8), readable by its owner only; an existing file is never overwritten.")]
    New {
        /// The file to make
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        format: FormatArg,
    },
    /// Print the name of a key
    #[command(after_help = "\
Examples:
  licit key show gateway.key
  licit audit log --key $(licit key show gateway.key)")]
    Show {
        /// A key file, or a did:key to take apart
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        format: FormatArg,
    },
}

/// Makes or shows a key.
pub fn run(args: &Args, shell: &mut Shell) -> Result {
    let (key, format) = match args {
        Args::New { file, format } => (keyfile::create(file)?.verifying_key(), format),
        Args::Show { file, format } => match file.to_str().filter(|text| text.starts_with("did:")) {
            Some(did) => (named(did)?, format),
            None => (keyfile::read(file, shell)?.verifying_key(), format),
        },
    };
    if format.is_json() {
        shell.line(&json!({ "did": key.did(), "gateway": super::hex(&key.gateway()) }).to_string())?;
    } else {
        shell.line(&key.did())?;
    }
    Ok(Exit::Fine)
}

/// The public key that is meant: a `did:key`, or the key of a key file.
pub fn meant(text: &str, shell: &Shell) -> Result<VerifyingKey> {
    if text.starts_with("did:") {
        named(text)
    } else {
        Ok(keyfile::read(std::path::Path::new(text), shell)?.verifying_key())
    }
}

/// Reads a `did:key`; the error says why it is none.
pub fn parsed(did: &str) -> std::result::Result<VerifyingKey, String> {
    did.parse().map_err(|error: licit_receipt::key::KeyError| error.to_string())
}

/// Reads a `did:key`.
pub fn named(did: &str) -> Result<VerifyingKey> {
    parsed(did).map_err(|why| {
        Failure::unusable(format!("`{}` is no key", crate::shell::shown(did)))
            .why(why)
            .help("a key's name looks like did:key:z6Mk...; `licit key show FILE` prints it")
    })
}
