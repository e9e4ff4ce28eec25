//! `spec/receipt.md` is true: its tables are those of the code, its example is made again.

mod common;

use licit_receipt::hash::hex;
use licit_receipt::kind::{DECISIONS, decision_name};
use licit_receipt::{Kind, Opening, Receipt, SigningKey, VerifyingKey};

const PAGE: &str = include_str!("../../../spec/receipt.md");

/// The content of the fenced block with this info string.
fn block(info: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(&format!("\n```{info}\n")).unwrap_or_else(|| panic!("no block {info}"));
    rest.split_once("```").unwrap().0
}

/// The first two cells of the rows of the table in the section with this heading.
fn rows(heading: &str) -> Vec<(u64, &'static str)> {
    let (_, rest) = PAGE.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = rest.split("\n## ").next().unwrap();
    let cells = |line: &'static str| {
        let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
        Some((cells.next()?.parse().ok()?, cells.next()?))
    };
    section.lines().filter_map(cells).collect()
}

#[test]
fn the_enumerations_are_those_of_the_code() {
    let kinds: Vec<_> = Kind::ALL.iter().map(|kind| (kind.number(), kind.name())).collect();
    assert_eq!(rows("3. Kinds"), kinds);
    for (number, name) in kinds {
        assert_eq!(Kind::from_number(number).map(Kind::name), Some(name));
    }
    assert_eq!(Kind::from_number(0), None);
    assert_eq!(Kind::from_number(21), None);

    let decisions: Vec<_> = (0..).zip(DECISIONS).collect();
    assert_eq!(rows("4. Decisions"), decisions);
    assert_eq!(decision_name(18), None);
}

/// The dump of the receipt that has every key names the keys as the page does.
#[test]
fn the_keys_are_those_of_the_dump() {
    let (_, widest) = common::receipts().into_iter().find(|(name, _)| *name == "widest").unwrap();
    let dump = widest.to_string();
    let names: Vec<(u64, &str)> = dump
        .lines()
        .filter(|line| !line.starts_with("   "))
        .map(|line| {
            let mut words = line.split_whitespace();
            (words.next().unwrap().parse().unwrap(), words.next().unwrap())
        })
        .collect();
    assert_eq!(rows("2. Receipt"), names);
}

#[test]
fn the_example_is_made_again() {
    let receipt = common::commit();
    assert_eq!(common::hex_lines(&receipt.encode().unwrap()), block("hex"));
    assert_eq!(Receipt::decode(&common::unhex(block("hex"))), Ok(receipt.clone()));
    assert_eq!(format!("{receipt}id {}\n", hex(&receipt.id().unwrap())), block("dump"));

    let key: VerifyingKey = block("did").trim().parse().unwrap();
    assert_eq!(key, SigningKey::from_seed(&[9; 32]).verifying_key());
    assert_eq!(key.gateway(), receipt.gateway);

    let mut opening = common::opening();
    assert_eq!(common::hex_lines(&opening.encode().unwrap()), block("opening"));
    assert_eq!(Opening::decode(&common::unhex(block("opening"))).unwrap().commitment(), receipt.opening);
    opening.erase();
    assert_eq!(common::hex_lines(&opening.encode().unwrap()), block("erased"));
    assert_eq!(Opening::decode(&common::unhex(block("erased"))).unwrap().commitment(), receipt.opening);
}
