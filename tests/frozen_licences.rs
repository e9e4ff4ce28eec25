//! The frozen licences of `spec/corpus/licences`: each text has, for ever, the core bytes and the id that stand beside it.
//!
//! `LICIT_CORPUS=write` writes what is missing and never touches a file that exists.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use licit_compiler::compile_text;
use licit_tests::{files, root};

fn hex(bytes: &[u8]) -> String {
    let line =
        |bytes: &[u8]| bytes.iter().fold(String::new(), |line, byte| line + &format!("{byte:02x}")) + "\n";
    bytes.chunks(32).map(line).collect()
}

/// Compares a file with what it should say, or writes it if it is missing and that was asked for.
fn compare(path: &Path, now: &str, wrong: &mut String) {
    if !path.exists() && std::env::var_os("LICIT_CORPUS").is_some_and(|it| it == "write") {
        fs::write(path, now).expect("the corpus can be written");
    }
    match fs::read_to_string(path) {
        Ok(frozen) if frozen == now => {}
        Ok(_) => writeln!(wrong, "{}: now\n{now}", path.display()).expect("a string takes text"),
        Err(error) => writeln!(wrong, "{}: {error}", path.display()).expect("a string takes text"),
    }
}

#[test]
fn licences_keep_their_bytes_and_ids() {
    let texts = files(&root().join("spec/corpus/licences"), ".licit");
    assert!(texts.len() >= 6, "the corpus is not where it should be");
    let mut wrong = String::new();
    for path in texts {
        let text = fs::read_to_string(&path).expect("a text");
        let compiled = compile_text(&[("frozen.licit", &text)]);
        let [file] = compiled.as_slice() else { panic!("one text is one file") };
        let [licence] = file.licences.as_slice() else {
            panic!("{}: {:?}", path.display(), file.diagnostics);
        };
        let bytes = licence.core.encode().expect("a licence has a core");
        compare(&path.with_extension("licore.hex"), &hex(&bytes), &mut wrong);
        let id = licence.core.licence_id().expect("a licence has an id");
        compare(&path.with_extension("id"), &hex(&id), &mut wrong);
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// The reference interpreter, written from the pages alone, reads what the compiler reads and refuses what it refuses.
#[test]
fn the_reference_agrees_about_the_corpus() {
    let bytes = |path: &Path| -> Vec<u8> {
        let text = fs::read_to_string(path).expect("a text");
        let digits: Vec<u8> = text
            .chars()
            .filter_map(|c| c.to_digit(16))
            .filter_map(|digit| u8::try_from(digit).ok())
            .collect();
        digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()
    };
    let mut wrong = String::new();
    let cores = files(&root().join("spec/corpus"), ".licore.hex");
    assert!(cores.len() > 100, "the corpus is not where it should be");
    for path in cores {
        let refused = path.parent().is_some_and(|folder| folder.ends_with("refused"));
        match licit_reference::Core::decode(&bytes(&path)) {
            Ok(_) if refused => writeln!(wrong, "{} is accepted", path.display()),
            Err(error) if !refused => writeln!(wrong, "{} is refused: {error}", path.display()),
            _ => Ok(()),
        }
        .expect("a string takes text");
    }
    assert_eq!(wrong, "");
}
