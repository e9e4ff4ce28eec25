//! The frozen corpus beside this crate: what every reader reads, and what every reader refuses.

use std::path::{Path, PathBuf};

use licit_reference::Core;

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.to_string_lossy().ends_with(ending)).collect()
}

fn bytes(path: &Path) -> Vec<u8> {
    let text = std::fs::read_to_string(path).unwrap();
    let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

#[test]
fn what_is_a_core_has_its_id() {
    let cores = files("corpus", ".licore.hex");
    assert!(cores.len() >= 5);
    for path in cores {
        let core = Core::decode(&bytes(&path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let id = core.licence_id().map(|byte| format!("{byte:02x}")).concat();
        let stated = std::fs::read_to_string(path.to_string_lossy().replace(".licore.hex", ".id")).unwrap();
        assert_eq!(stated.trim().trim_start_matches("sha256:"), id, "{}", path.display());
    }
}

#[test]
fn what_is_not_is_refused() {
    let refused = files("corpus/refused", ".licore.hex");
    assert!(refused.len() >= 10);
    let accepted: Vec<_> = refused.iter().filter(|path| Core::decode(&bytes(path)).is_ok()).collect();
    assert!(accepted.is_empty(), "{accepted:?}");
}
