//! The frozen corpus in `spec/corpus`: text, bytes and id of every core, and cores that must be refused.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::*;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/corpus")
}

/// The text files of a folder by name, without `.core.txt`.
pub(super) fn texts(folder: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let texts = files.filter_map(|path| {
        let name = path.file_name()?.to_str()?.strip_suffix(".core.txt")?.to_owned();
        Some((name, fs::read_to_string(&path).unwrap()))
    });
    texts.collect()
}

fn hex(bytes: &[u8]) -> String {
    let line =
        |bytes: &[u8]| bytes.iter().fold(String::new(), |line, byte| line + &format!("{byte:02x}")) + "\n";
    bytes.chunks(32).map(line).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> =
        text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_digit(16).unwrap()).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

/// What a frozen file says. A missing one is written only when that was asked for; none is ever changed.
fn frozen(path: &Path, content: &str, missing: &mut String) -> String {
    if !path.exists() {
        if std::env::var_os("LICIT_CORPUS").is_some_and(|it| it == "write") {
            fs::write(path, content).unwrap();
        } else {
            writeln!(missing, "{} is missing", path.display()).unwrap();
        }
    }
    fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn corpus_cores_keep_their_bytes_and_ids() {
    let texts = texts(&corpus());
    assert!(texts.len() >= 7, "the corpus is not where it should be");
    let mut wrong = String::new();
    for (name, text) in texts {
        let licence = Licence::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let bytes = licence.encode().unwrap();
        let (id, shown) = (hex(&licence.licence_id().unwrap()), hex(&bytes));
        let path = corpus().join(&name);
        if frozen(&path.with_extension("licore.hex"), &shown, &mut wrong) != shown {
            writeln!(wrong, "{name}: other bytes: \n{shown}").unwrap();
        }
        if frozen(&path.with_extension("id"), &id, &mut wrong) != id {
            writeln!(wrong, "{name}: another id: {id}").unwrap();
        }
    }
    assert_eq!(wrong, "");
}

#[test]
fn corpus_bytes_can_be_read_on_their_own() {
    for name in texts(&corpus()).into_keys() {
        let bytes = unhex(&fs::read_to_string(corpus().join(&name).with_extension("licore.hex")).unwrap());
        let licence = Licence::decode(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(Licence::parse(&licence.to_string()), Ok(licence), "{name}");
    }
}

#[test]
fn corpus_refused_cores_are_refused_for_the_reason_they_give() {
    let folder = corpus().join("refused");
    let texts = texts(&folder);
    assert!(texts.len() >= 40, "the corpus is not where it should be");
    let mut wrong = String::new();
    for (name, text) in texts {
        let licence = Licence::parse_as_written(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let says = text.lines().next().unwrap_or_default().trim_start_matches("; ");
        match licence.validate() {
            Ok(()) => writeln!(wrong, "{name} is accepted").unwrap(),
            Err(error) if error.to_string() != says => writeln!(wrong, "{name}: {error}").unwrap(),
            Err(_) => {}
        }
        assert!(licence.encode().is_err(), "{name}: it has bytes");
        let shown = hex(&licence.to_bytes());
        let bytes = frozen(&folder.join(&name).with_extension("licore.hex"), &shown, &mut wrong);
        if bytes != shown {
            writeln!(wrong, "{name}: other bytes: \n{shown}").unwrap();
        }
        if Licence::decode(&unhex(&bytes)).is_ok() {
            writeln!(wrong, "{name}: its bytes are accepted").unwrap();
        }
    }
    assert_eq!(wrong, "");
}

/// Every word of a text that is a number, a fraction or a date, with its last digit changed.
pub(super) fn changed_constants(text: &str) -> Vec<String> {
    let mut changed = Vec::new();
    let (mut at, mut quoted, mut comment) = (0, false, false);
    for word in text.split_inclusive(|c: char| "()\" \n;".contains(c)) {
        let (body, end) = word.split_at(word.len() - 1);
        let plain = !quoted && !comment && body.bytes().all(|c| c.is_ascii_digit() || b"_/-".contains(&c));
        let number = plain && body.ends_with(|c: char| c.is_ascii_digit());
        if number && !text[..at].ends_with("(define ") {
            let last = at + body.len() - 1;
            let digit = text.as_bytes()[last] - b'0';
            changed.push(format!("{}{}{}", &text[..last], (digit + 1) % 10, &text[last + 1..]));
        }
        match end {
            "\"" if !comment => quoted = !quoted,
            ";" if !quoted => comment = true,
            "\n" => comment = false,
            _ => {}
        }
        at += word.len();
    }
    changed
}

#[test]
fn corpus_constants_are_in_the_id() {
    let mut compared = 0;
    for (name, text) in texts(&corpus()) {
        let id = Licence::parse(&text).unwrap().licence_id().unwrap();
        for other in changed_constants(&text) {
            // Some constants hang together, as shares do: such a text is refused.
            if let Ok(licence) = Licence::parse(&other) {
                assert_ne!(licence.licence_id().unwrap(), id, "{name}: {other}");
                compared += 1;
            }
        }
    }
    assert!(compared > 60, "only {compared} constants were changed");
}
