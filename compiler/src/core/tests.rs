//! Tests of the core as data: bytes, identity, canonical form.

mod bytes;
mod corpus;
mod page;
mod standing;

use proptest::prelude::*;
use proptest::sample::Index;

use super::arbitrary::{licences, vocabularies, wider_licences};
use super::*;

/// The places of the founding example.
fn places() -> Vec<Term> {
    let term = |name: &str, parents: &[u32]| Term { name: name.into(), parents: parents.into() };
    vec![term("DE", &[2]), term("CN", &[3]), term("EU", &[3]), term("world", &[]), term("FR", &[2])]
}

fn bits<const N: usize>(leaves: [u32; N]) -> Bits {
    Bits(leaves.into_iter().collect())
}

pub(super) fn minimal() -> Licence {
    Licence { name: "Small".into(), version: 1, licensor: "owner".into(), ..Licence::empty() }
}

#[test]
fn names_cover_leaves_and_leave_the_unlisted_unknown() {
    let places = places();
    assert_eq!(membership(&places, &[2], false), (bits([0, 4]), bits([2])));
    assert_eq!(membership(&places, &[2], true), (bits([0, 2, 4]), bits([])));
    assert_eq!(membership(&places, &[0, 1], false), (bits([0, 1]), bits([])));
    assert_eq!(membership(&places, &[3], false), (bits([0, 1, 4]), bits([2, 3])));
    assert_eq!(membership(&places, &[9], false), (bits([]), bits([])));
}

#[test]
fn the_smallest_licence_has_these_bytes() {
    let bytes = minimal().encode().unwrap();
    let by_hand = b"\xa6\x00\x01\x01\x19\x07\xea\x02\x65Small\x03\x01\x04\x65owner\x0e\x81\x01";
    assert_eq!(bytes, by_hand);
    assert_eq!(minimal().licence_id(), Ok(id_of(&bytes)));
}

#[test]
fn building_order_does_not_matter() {
    let fact = |name: &str| Fact { name: name.into(), ty: FactType::YesNo };
    let yes = |fact| Cond::Compare { fact, cmp: Cmp::Equal, constant: Constant::Number(1) };
    let mut one = minimal();
    one.facts = vec![fact("b"), fact("unused"), fact("a")];
    one.definitions = vec![Cond::Slot(2), Cond::True, Cond::or([yes(0), yes(2)])];
    one.permits = vec![("z".into(), Cond::Slot(0)), ("y".into(), Cond::and([yes(2), Cond::Slot(2)]))];
    let mut two = minimal();
    two.facts = vec![fact("a"), fact("b")];
    two.definitions = vec![Cond::or([yes(1), yes(0)]), Cond::or([yes(1), yes(0)]), Cond::Slot(0)];
    two.permits = vec![("y".into(), Cond::and([yes(0), Cond::Slot(1)])), ("z".into(), Cond::Slot(2))];
    one.canonicalise();
    two.canonicalise();
    assert_eq!(one, two);
    assert_eq!(one.definitions, [Cond::or([yes(1), yes(0)]), Cond::Slot(0)]);
    assert_eq!(one.validate(), Ok(()));
}

/// Definitions counted from the other end.
fn turn(condition: &mut Cond, last: u32) {
    match condition {
        Cond::Slot(index) => *index = last - *index,
        Cond::And(operands) | Cond::Or(operands) => operands.iter_mut().for_each(|it| turn(it, last)),
        Cond::Not(operand) => turn(operand, last),
        _ => {}
    }
}

/// The same licence, built in another order: definitions shuffled, every sorted list reversed.
fn shuffled(licence: &Licence) -> Licence {
    let mut other = licence.clone();
    let last = other.definitions.len().saturating_sub(1) as u32;
    other.definitions.reverse();
    other.definitions.iter_mut().for_each(|it| turn(it, last));
    other.each_condition_mut(|it| turn(it, last));
    other.assets.reverse();
    other.parties.reverse();
    other.vocabularies.reverse();
    other.forbids.reverse();
    other.permits.reverse();
    other.limits.reverse();
    other.charges.reverse();
    other.charges.iter_mut().for_each(|charge| charge.cases.reverse());
    other.duties.reverse();
    other.free.reverse();
    other.ends.reverse();
    other.at_close.reverse();
    other.royalties.reverse();
    let last = other.royalties.len().wrapping_sub(1) as u32;
    for royalty in &mut other.royalties {
        if let Basis::Royalty(index) = &mut royalty.basis {
            *index = last - *index;
        }
    }
    other
}

/// With and without what the core's second part adds.
fn all_licences() -> impl Strategy<Value = Licence> {
    prop_oneof![1 => licences(), 2 => wider_licences()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn generated_licences_are_valid_and_canonical(licence in all_licences()) {
        prop_assert_eq!(licence.validate(), Ok(()));
        let mut again = licence.clone();
        again.canonicalise();
        prop_assert_eq!(&again, &licence);
        let mut other = shuffled(&licence);
        other.canonicalise();
        prop_assert_eq!(&other, &licence);
    }

    #[test]
    fn what_was_encoded_decodes(licence in all_licences()) {
        let bytes = licence.encode().unwrap();
        prop_assert_eq!(Licence::decode(&bytes), Ok(licence));
    }

    #[test]
    fn vocabularies_come_back(vocabulary in vocabularies(), place in any::<Index>(), bit in 0..8_u8) {
        let mut bytes = vocabulary.encode().unwrap();
        prop_assert_eq!(vocabulary.id(), Ok(id_of(&bytes)));
        prop_assert_eq!(Vocabulary::decode(&bytes), Ok(vocabulary.clone()));
        let mut other = vocabulary.clone();
        other.derived.reverse();
        other.facts.reverse();
        other.duties.reverse();
        other.canonicalise();
        prop_assert_eq!(&other, &vocabulary);

        let at = place.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        if let Ok(other) = Vocabulary::decode(&bytes) {
            prop_assert_ne!(&other, &vocabulary);
            prop_assert_eq!(other.encode(), Ok(bytes));
        }
    }

    #[test]
    fn constants_are_in_the_id(licence in all_licences(), place in any::<Index>()) {
        let changed = corpus::changed_constants(&licence.to_string());
        if let Ok(other) = Licence::parse(&changed[place.index(changed.len())]) {
            prop_assert_ne!(other.licence_id(), licence.licence_id());
        }
    }

    #[test]
    fn what_was_printed_parses(licence in all_licences()) {
        let text = licence.to_string();
        prop_assert_eq!(Licence::parse(&text), Ok(licence.clone()), "{}", text);
        prop_assert_eq!(Licence::parse_as_written(&text), Ok(licence));
    }

    #[test]
    fn texts_of_a_stranger_never_panic(text in "[ ()#\"a-z0-9/\\\\u{}é;\n-]{0,200}") {
        if let Ok(licence) = Licence::parse(&text) {
            prop_assert_eq!(Licence::parse(&licence.to_string()), Ok(licence));
        }
    }

    #[test]
    fn damaged_texts_never_panic(
        licence in all_licences(),
        damage in proptest::collection::vec((any::<Index>(), any::<Index>(), 0..4), 1..4),
    ) {
        let mut text = licence.to_string();
        for (place, other, way) in damage {
            let bounds: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let (at, from) = (bounds[place.index(bounds.len())], bounds[other.index(bounds.len())]);
            match way {
                0 => drop(text.remove(at)),
                1 => text.insert(at, text[from..].chars().next().unwrap_or(')')),
                2 => text.truncate(at.max(1)),
                _ => text.replace_range(at..=at + text[at..].chars().next().map_or(0, |c| c.len_utf8() - 1), "("),
            }
        }
        match Licence::parse(&text) {
            Ok(other) => prop_assert_eq!(Licence::parse(&other.to_string()), Ok(other)),
            Err(error) => prop_assert!(error.line as usize <= text.split('\n').count()),
        }
        let _ = Licence::parse_as_written(&text);
    }

    #[test]
    fn bytes_of_a_stranger_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(licence) = Licence::decode(&bytes) {
            prop_assert_eq!(licence.encode(), Ok(bytes));
        }
    }

    #[test]
    fn damaged_cores_are_refused_or_canonical(
        licence in all_licences(),
        damage in proptest::collection::vec((any::<Index>(), any::<u8>(), 0..4), 1..4),
    ) {
        let mut bytes = licence.encode().unwrap();
        for (place, byte, way) in damage {
            let at = place.index(bytes.len());
            match way {
                0 => bytes[at] = byte,
                1 => bytes[at] ^= 1 << (byte % 8),
                2 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        match Licence::decode(&bytes) {
            Ok(other) => prop_assert_eq!(other.encode(), Ok(bytes)),
            Err(error) => prop_assert!(error.offset <= bytes.len()),
        }
    }
}
