//! Where texts come from: files, folders, standard input.

use crate::exit::{Failure, Result};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The longest text or module read, in bytes. What is longer is no licence, and may be endless.
pub const LONGEST: u64 = 64 << 20;

/// How standard input is called.
const STDIN: &str = "<stdin>";

/// How many folders may lie inside one another.
const DEEPEST: usize = 64;

/// A text and where it came from.
#[derive(Clone, Debug)]
pub struct Source {
    /// As it is shown to people: the path as they gave it, or `<stdin>`.
    pub name: String,
    /// Its path; none for standard input.
    pub path: Option<PathBuf>,
    /// The text.
    pub text: String,
}

/// Reads every file named, every `.licit` file below every folder named, and standard input for `-`; in the order
/// given, folders sorted, each file once.
pub fn sources(arguments: &[PathBuf]) -> Result<Vec<Source>> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for argument in arguments {
        if is_stdin(argument) {
            if seen.insert(argument.clone()) {
                found.push(stdin()?);
            }
        } else if argument.is_dir() {
            let files = below(argument)?;
            if files.is_empty() {
                return Err(Failure::unusable(format!("no licences in the folder {}", argument.display()))
                    .why("no file below it ends in .licit")
                    .help("name a folder that holds .licit files, or the files themselves"));
            }
            for file in files {
                if seen.insert(file.clone()) {
                    found.push(source(&file)?);
                }
            }
        } else if seen.insert(argument.clone()) {
            found.push(source(argument)?);
        }
    }
    Ok(found)
}

/// Whether an argument stands for standard input.
pub fn is_stdin(argument: &Path) -> bool {
    argument.as_os_str() == "-"
}

/// Reads one text file.
pub fn source(path: &Path) -> Result<Source> {
    let name = path.display().to_string();
    if crate::corefile::is_named_core(path) {
        return Err(Failure::unusable(format!("{name} is a core, not a licence text"))
            .help("`licit build`, `run` and `disasm` read cores"));
    }
    let text = utf8(bytes(path)?, &name)?;
    Ok(Source { name, path: Some(path.to_owned()), text })
}

fn stdin() -> Result<Source> {
    let text = utf8(bounded(io::stdin().lock(), STDIN)?, STDIN)?;
    Ok(Source { name: STDIN.to_owned(), path: None, text })
}

/// Reads a file, or standard input for `-`.
pub fn bytes_or_stdin(path: &Path) -> Result<Vec<u8>> {
    if is_stdin(path) { bounded(io::stdin().lock(), STDIN) } else { bytes(path) }
}

/// Takes what [`bytes_or_stdin`] read as a text.
pub fn text_source(path: &Path, bytes: Vec<u8>) -> Result<Source> {
    let (name, path) = if is_stdin(path) {
        (STDIN.to_owned(), None)
    } else {
        (path.display().to_string(), Some(path.to_owned()))
    };
    let text = utf8(bytes, &name)?;
    Ok(Source { name, path, text })
}

/// Reads one file whole, up to [`LONGEST`].
pub fn bytes(path: &Path) -> Result<Vec<u8>> {
    let name = path.display().to_string();
    if path.is_dir() {
        return Err(Failure::unusable(format!("{name} is a folder")).help("name a file inside it"));
    }
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    bounded(file, &name)
}

/// The failure to open or read a path, in a person's words.
pub fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let name = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => Failure::unusable(format!("there is no file {name}"))
            .help("check the spelling; paths are relative to the folder the command runs in"),
        io::ErrorKind::PermissionDenied => Failure::unusable(format!("{name} may not be read"))
            .why("permission denied")
            .help("change its permissions, or run as its owner"),
        _ => Failure::unusable(format!("{name} cannot be read")).why(error.to_string()),
    }
}

fn bounded(reader: impl Read, name: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader
        .take(LONGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::unusable(format!("{name} cannot be read")).why(error.to_string()))?;
    if bytes.len() as u64 > LONGEST {
        return Err(Failure::unusable(format!("{name} is too long"))
            .why(format!("it has more than {} MiB, and no licence is that long", LONGEST >> 20)));
    }
    Ok(bytes)
}

fn utf8(bytes: Vec<u8>, name: &str) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..at).unwrap_or_default();
        let line = before.split(|byte| *byte == b'\n').count();
        let found = error.as_bytes().get(at).copied().unwrap_or_default();
        Failure::unusable(format!("{name} is not UTF-8 text"))
            .why(format!("line {line}, byte {at}: 0x{found:02x} begins no character"))
            .help("save the file as UTF-8; a compiled module (.lbc) is read by `run` and `disasm` only")
    })
}

/// Every `.licit` file below a folder, sorted; hidden folders and links to folders are left out.
pub fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = open.pop() {
        let entries = folder.read_dir().map_err(|error| unreadable(&folder, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(&folder, &error))?;
            let kind = entry.file_type().map_err(|error| unreadable(&entry.path(), &error))?;
            let hidden = entry.file_name().as_encoded_bytes().first() == Some(&b'.');
            if kind.is_dir() {
                if !hidden && depth < DEEPEST {
                    open.push((entry.path(), depth + 1));
                }
            } else if entry.path().extension().is_some_and(|extension| extension == "licit")
                && entry.path().is_file()
            {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Writes a file whole: first beside it, then in its place, so that no reader ever sees half of it.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |error: &io::Error| {
        Failure::unusable(format!("{} cannot be written", path.display())).why(error.to_string())
    };
    // A link stays a link: what it points to is replaced.
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut name = real.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let beside = real.with_file_name(name);
    let written = std::fs::write(&beside, bytes)
        .and_then(|()| match std::fs::metadata(&real) {
            Ok(old) => std::fs::set_permissions(&beside, old.permissions()),
            Err(_) => Ok(()),
        })
        .and_then(|()| std::fs::rename(&beside, &real));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&beside);
        failed(&error)
    })
}
