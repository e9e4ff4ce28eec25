//! Key files: one Ed25519 secret key as PKCS #8 in PEM (RFC 8410, RFC 7468), readable by its owner only. Other tools
//! read and write the same files: `openssl genpkey -algorithm ed25519`.

use crate::exit::{Failure, Result};
use crate::input;
use crate::shell::{Shell, Style};
use base64ct::{Base64, Encoding};
use licit_receipt::SigningKey;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
/// RFC 8410 section 7: version 0, algorithm 1.3.101.112, and the 32 bytes of the key in two octet strings.
const PREFIX: [u8; 16] = *b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";

/// Random bytes from the operating system.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::unusable("the operating system gives no randomness").why(error.to_string())
    })?;
    Ok(bytes)
}

/// Makes a key and writes it to a file that must not exist yet.
pub fn create(path: &Path) -> Result<SigningKey> {
    let key = SigningKey::from_seed(&random()?);
    let mut der = PREFIX.to_vec();
    der.extend_from_slice(&key.seed());
    let pem = format!("{BEGIN}\n{}\n{END}\n", Base64::encode_string(&der));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(pem.as_bytes())?;
        file.sync_all()
    });
    match written {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Err(Failure::unusable(format!("there is already a file {}", path.display()))
                .why("a key that is overwritten is lost, and with it every log that it signs")
                .help("choose another name, or move the old file away"))
        }
        Err(error) => {
            Err(Failure::unusable(format!("{} cannot be written", path.display())).why(error.to_string()))
        }
    }
}

/// Reads a key file; says so where others may read it, too.
pub fn read(path: &Path, shell: &Shell) -> Result<SigningKey> {
    let bytes = input::bytes(path)?;
    let key = decode(&bytes).ok_or_else(|| {
        Failure::unusable(format!("{} is no key file", path.display()))
            .why("a key file is an Ed25519 secret key as PKCS #8 in PEM (`-----BEGIN PRIVATE KEY-----`)")
            .help("make one with `licit key new FILE`")
    })?;
    #[cfg(unix)]
    if let Ok(metadata) = std::fs::metadata(path)
        && std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0
    {
        shell.talk(&format!(
            "{} others than its owner may read the key file {}; `chmod 600` closes it",
            shell.paint_err(Style::Caution, "warning:"),
            path.display()
        ));
    }
    Ok(key)
}

fn decode(bytes: &[u8]) -> Option<SigningKey> {
    let text = std::str::from_utf8(bytes).ok()?;
    let body = text.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let body: String = body.split_ascii_whitespace().collect();
    let der = Base64::decode_vec(&body).ok()?;
    let seed = der.strip_prefix(PREFIX.as_slice())?;
    Some(SigningKey::from_seed(seed.try_into().ok()?))
}
