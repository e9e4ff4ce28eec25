//! The compiler's decoder of cores against the reference's, which was written from the pages alone: what one accepts the
//! other accepts, whatever the bytes are.

use licit_compiler::core::Licence;
use licit_compiler::core::arbitrary::{licences, wider_licences};
use licit_reference::Core;
use proptest::prelude::*;
use proptest::sample::Index;

/// Small changes of a core's bytes: most leave it well-formed and break one rule, or none.
fn damage() -> impl Strategy<Value = Vec<(Index, Index, u8, u8)>> {
    proptest::collection::vec((any::<Index>(), any::<Index>(), any::<u8>(), 0..6_u8), 1..3)
}

fn damaged(mut bytes: Vec<u8>, damage: &[(Index, Index, u8, u8)]) -> Vec<u8> {
    for (place, other, byte, way) in damage {
        let (at, from) = (place.index(bytes.len()), other.index(bytes.len()));
        match way {
            0 => bytes[at] = bytes[at].wrapping_add(1),
            1 => bytes[at] = bytes[at].wrapping_sub(1),
            2 => bytes[at] ^= 1 << (byte % 8),
            3 => bytes[at] = bytes[from],
            4 => bytes.swap(at, from),
            _ => bytes[at] = *byte,
        }
    }
    bytes
}

proptest! {
    // More by PROPTEST_CASES.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_decoders_accept_the_same(
        licence in prop_oneof![1 => licences(), 3 => wider_licences()],
        damages in proptest::collection::vec(damage(), 20),
    ) {
        let bytes = licence.encode().expect("a generated licence is valid");
        prop_assert_eq!(Core::decode(&bytes).err(), None);
        for damage in damages {
            let bytes = damaged(bytes.clone(), &damage);
            let (ours, theirs) = (Licence::decode(&bytes), Core::decode(&bytes));
            let differ = ours.is_ok() != theirs.is_ok();
            let text = ours.as_ref().map(ToString::to_string).unwrap_or_default();
            prop_assert!(!differ, "{:?} and {:?} of\n{}", ours.err(), theirs.err(), text);
        }
    }
}
