//! Ledgers: opening one for writing, and what its errors mean for whoever runs the command.

use crate::exit::{Failure, Result};
use crate::keyfile;
use crate::shelf::Shelf;
use crate::shell::{Shell, Style, shown};
use licit_engine::{Engine, Error, Options, OsSalts, SystemClock};
use licit_receipt::{Receipt, SigningKey};
use std::path::Path;

/// The key file in a ledger's folder, made with it unless `--key` names another.
const KEY: &str = "gateway.key";

/// Opens the ledger in a folder, or begins one; without a folder, one in memory.
pub fn open(folder: Option<&Path>, key: Option<&Path>, shell: &Shell) -> Result<Engine> {
    let Some(folder) = folder else {
        let key = key.map_or_else(
            || Ok(SigningKey::from_seed(&keyfile::random()?)),
            |key| keyfile::read(key, shell),
        )?;
        let (clock, salts) = (Box::new(SystemClock), Box::<OsSalts>::default());
        return Engine::open(None, key, clock, salts, Options::default())
            .map_err(|error| failure(None, &error));
    };
    let file = folder.join(KEY);
    let key = match key {
        Some(key) => keyfile::read(key, shell)?,
        None if file.exists() => keyfile::read(&file, shell)?,
        None if folder.join(licit_engine::LOG).exists() => {
            return Err(Failure::unusable(format!("the ledger {} has no key", folder.display()))
                .why(format!("there is no {}, so its checkpoints cannot be signed", file.display()))
                .help("name the key that it was begun with: `--key FILE`"));
        }
        None => {
            std::fs::create_dir_all(folder).map_err(|error| {
                Failure::unusable(format!("the folder {} cannot be made", folder.display()))
                    .why(error.to_string())
            })?;
            keyfile::create(&file)?
        }
    };
    let gateway = key.verifying_key().gateway();
    let engine = Engine::open_dir(folder, key).map_err(|error| match error {
        Error::OtherKey if began(folder, &gateway) => {
            Failure::finding(format!("the ledger {} is damaged", folder.display()))
                .why("its checkpoint names another gateway than its first receipt does")
                .help("`licit audit DIR` names everything that is wrong; nothing was changed")
        }
        error => failure(Some(folder), &error),
    })?;
    let mended = engine.recovery();
    if mended.torn_log > 0 || mended.torn_openings > 0 {
        shell.talk(&format!(
            "{} the ledger {} ended in an unfinished write ({} bytes of receipts, {} of openings), which was cut off; nobody had been told of it",
            shell.paint_err(Style::Caution, "warning:"),
            folder.display(),
            mended.torn_log,
            mended.torn_openings
        ));
    }
    Ok(engine)
}

/// Whether the first receipt of a ledger is this gateway's.
fn began(folder: &Path, gateway: &[u8; 32]) -> bool {
    let mut own = false;
    let seen = Shelf::open(folder).and_then(|shelf| {
        shelf.leaves(&mut |_, payload| {
            own = Receipt::decode(payload).is_ok_and(|receipt| receipt.gateway == *gateway);
            Ok(false)
        })
    });
    seen.is_ok() && own
}

/// An engine's error in a person's words.
pub fn failure(folder: Option<&Path>, error: &Error) -> Failure {
    let name =
        folder.map_or_else(|| "the ledger".to_owned(), |folder| format!("the ledger {}", folder.display()));
    let said = shown(&error.to_string());
    match error {
        Error::Locked => Failure::unusable(format!("{name} is in use"))
            .why("another process has it open, and a log has one writer")
            .help("wait until it has finished, or write to a ledger of your own"),
        Error::NoLedger => {
            Failure::unusable(format!("there is no ledger in {}", folder.unwrap_or(Path::new(".")).display()))
                .why("a ledger's folder holds the files `log`, `openings` and `checkpoint`")
                .help("`licit run LICENCE --ledger DIR` begins one")
        }
        Error::OtherKey => Failure::unusable(format!("{name} belongs to another key"))
            .why("its log was begun with, and its checkpoints are signed by, another gateway's key")
            .help("name that key: `--key FILE`"),
        Error::Io { error: io, .. } if io.kind() == std::io::ErrorKind::NotFound => {
            Failure::unusable(format!("there is no folder {}", folder.unwrap_or(Path::new(".")).display()))
        }
        Error::Io { .. } | Error::Randomness(_) | Error::Stopped | Error::NoLeaf(_) => {
            Failure::unusable(format!("{name} cannot be used")).why(said)
        }
        Error::Refused(_) => Failure::unusable(format!("{name} refuses this")).why(said),
        Error::Policy { file: None, .. } => Failure::unusable("the module cannot be loaded").why(said),
        _ => Failure::finding(format!("{name} is damaged"))
            .why(said)
            .help("`licit audit DIR` names everything that is wrong; nothing was changed"),
    }
}
