//! The one table: frozen numbers, a round trip of every row, the generated reference.

use licit_bytecode::field::Field;
use licit_bytecode::*;
use std::fmt::Write as _;

/// Together they use every row; no module may hold all of them at once.
const MODULES: [&str; 3] =
    [include_str!("everything.lasm"), include_str!("standing.lasm"), include_str!("closing.lasm")];

fn modules() -> impl Iterator<Item = Module> {
    MODULES.into_iter().map(|text| text::assemble(text).expect("the text form is well-formed"))
}

fn everything() -> Module {
    modules().next().expect("there is one")
}

#[test]
fn numbers_and_names_are_unique() {
    for group in enums().iter().chain(&variants()) {
        for (i, a) in group.members.iter().enumerate() {
            for b in &group.members[i + 1..] {
                assert!(
                    a.number != b.number && a.name != b.name,
                    "{}: {} and {}",
                    group.name,
                    a.name,
                    b.name
                );
            }
        }
    }
    let sections = sections();
    assert!(
        sections.windows(2).all(|w| w[0].number < w[1].number),
        "a file has its sections in ascending order"
    );
    for (i, a) in sections.iter().enumerate() {
        assert!(sections[i + 1..].iter().all(|b| a.name != b.name));
        assert_eq!(section_name(a.number), Some(a.name));
        assert_eq!(section_number(a.name), Some(a.number));
    }
}

/// The numbers of the format are frozen: this list only ever grows.
#[test]
fn numbers_are_frozen() {
    let mut out = String::new();
    for s in sections() {
        let fields: Vec<String> = s.fields.iter().map(|f| format!("{} {}", f.name, f.layout)).collect();
        writeln!(out, "section {:#04x} {}: {}", s.number, s.name, fields.join(", ")).unwrap();
    }
    for r in records() {
        let fields: Vec<String> = r.fields.iter().map(|f| format!("{} {}", f.name, f.layout)).collect();
        writeln!(out, "{}: {}", r.name, fields.join(", ")).unwrap();
    }
    for g in enums().iter().chain(&variants()) {
        for m in &g.members {
            let fields: Vec<String> = m.fields.iter().map(|f| format!("{} {}", f.name, f.layout)).collect();
            writeln!(out, "{} {} {}: {}", g.name, m.number, m.name, fields.join(", ")).unwrap();
        }
    }
    insta::assert_snapshot!("numbers", out);
}

#[test]
fn every_row_is_used() {
    let printed: String = modules().map(|module| text::disassemble(&module)).collect();
    for s in sections() {
        assert!(printed.contains(&format!("section {}\n", s.name)), "no section {}", s.name);
    }
    for g in enums().iter().chain(&variants()) {
        // Only one rounding and one set of them fits in a module.
        for m in g.members.iter().filter(|_| g.name != "Rounding") {
            let used = |end: &str, start: &str| printed.contains(&format!("{start}{}{end}", m.name));
            let found =
                ["=", "  "].iter().any(|start| [" ", "(", ")", "\n"].iter().any(|end| used(end, start)));
            assert!(found, "{} {} is not used", g.name, m.name);
        }
    }
}

#[test]
fn modules_survive_both_round_trips() {
    for module in modules() {
        let printed = text::disassemble(&module);
        assert_eq!(text::assemble(&printed).as_ref(), Ok(&module));
        let bytes = encode(&module);
        assert_eq!(bytes, encode(&module), "bytes are deterministic");
        let (again, id) = decode(&bytes).expect("what was encoded decodes");
        assert_eq!(again, module);
        assert_eq!(id, module_id(&module));
        assert_eq!(encode(&again), bytes);
        load(&bytes).expect("it is valid");
    }
}

/// What is in a module today has the same id for ever.
#[test]
fn module_ids_are_frozen() {
    let mut ids = String::new();
    for module in modules() {
        for byte in module_id(&module) {
            write!(ids, "{byte:02x}").expect("a string takes text");
        }
        ids.push('\n');
    }
    insta::assert_snapshot!(ids, @r"
    e92e3f20e4a3316124e180638744e2f2ea54198254b7f7b21be9a236cb603168
    ac6b80c6e0299d81ca713df828750fc162b2748bced5f581337c4957546b005a
    17b269d894f8298ef2652125af1d98a34f035c10002c9e65505979605f18338a
    ");
}

#[test]
fn every_rounding_survives() {
    for rounding in Rounding::ALL {
        let mut module = everything();
        module.money[0].rounding = *rounding;
        let bytes = encode(&module);
        assert_eq!(decode(&bytes).expect("decodes").0, module);
        assert_eq!(text::assemble(&text::disassemble(&module)), Ok(module));
    }
}

#[test]
fn notes_are_not_in_the_module_id() {
    let module = everything();
    let id = module_id(&module);
    let mut renamed = module.clone();
    renamed.label[0].label = "A".into();
    renamed.source.clear();
    renamed.about[0].licensor = "b".into();
    assert_eq!(module_id(&renamed), id);
    let mut other = module.clone();
    other.money[0].currency = "USD".into();
    assert_ne!(module_id(&other), id);
    let mut other = module;
    other.zone[1].offset = 7201;
    assert_ne!(module_id(&other), id);
}

fn doc(lines: &[&str]) -> String {
    lines.iter().map(|l| l.trim()).collect::<Vec<_>>().join(" ")
}

fn fields(out: &mut String, fields: &[FieldRow]) {
    if fields.is_empty() {
        return;
    }
    out.push_str("\n| field | layout | what |\n|---|---|---|\n");
    for f in fields {
        writeln!(out, "| `{}` | {} | {} |", f.name, f.layout, doc(&f.doc)).unwrap();
    }
}

fn reference() -> String {
    let mut out = String::from(include_str!("preface.md"));
    out.push_str("\n## Sections\n");
    for s in sections() {
        let kind = if s.number < FIRST_NOTE { "executable" } else { "a note" };
        writeln!(out, "\n### {:#04x} `{}`, {kind}\n\n{}", s.number, s.name, doc(&s.doc)).unwrap();
        fields(&mut out, &s.fields);
    }
    for (title, groups) in [("Records", records()), ("Variants", variants())] {
        writeln!(out, "\n## {title}").unwrap();
        for g in groups {
            writeln!(out, "\n### {}\n\n{}", g.name, doc(&g.doc)).unwrap();
            fields(&mut out, &g.fields);
            for m in &g.members {
                writeln!(out, "\n#### {:#04x} `{}`\n\n{}", m.number, m.name, doc(&m.doc)).unwrap();
                fields(&mut out, &m.fields);
            }
        }
    }
    out.push_str("\n## Enumerations\n");
    for g in enums() {
        writeln!(out, "\n### {}\n\n{}\n\n| number | name | what |\n|---|---|---|", g.name, doc(&g.doc))
            .unwrap();
        for m in &g.members {
            writeln!(out, "| {} | `{}` | {} |", m.number, m.name, doc(&m.doc)).unwrap();
        }
    }
    out
}

#[test]
fn the_reference_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/bytecode.md");
    let text = reference();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &text).expect("spec/ is writable");
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(found == text, "spec/bytecode.md is not what the table says: run the tests with UPDATE=1");
}

#[test]
fn layouts_name_their_types() {
    assert_eq!(<Option<Vec<Tier>>>::layout(), "list of Tier?");
}
