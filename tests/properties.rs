//! The properties T1 to T8 and T11 of the language (`spec/properties.md`), over generated licences and questions, held against
//! the reference interpreter and the VM at once: every question is put to both, and their answers must be equal.
//! That the VM takes no more steps than its bound (T10) is looked at with every question. (T7 is the ledger's: `runtime/ledger`.
//! T9 needs derivatives, T12 corrections, which are the ledger's.)

use std::collections::BTreeMap;

use licit_compiler::core::arbitrary::{licences, wider_licences};
use licit_compiler::core::{Axis, Cond, Licence};
use licit_tests::evaluator::Prepared;
use licit_tests::question::{Counts, Draw, Question, counters, draw};
use proptest::prelude::*;

/// Questions put to each generated licence.
const QUESTIONS: u64 = 12;

/// Generated licences a property; more with `PROPTEST_CASES`.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(40)
}

/// With standing use and standing money, and without; as drawn, or such that more is permitted: what is drawn at random
/// forbids itself most of the time.
fn any_licence() -> BoxedStrategy<Licence> {
    let drawn = prop_oneof![1 => licences().boxed(), 2 => wider_licences().boxed()];
    (drawn, 0..4).prop_map(|(licence, ease)| eased(licence, ease)).boxed()
}

fn eased(mut licence: Licence, ease: i32) -> Licence {
    if ease > 0 {
        licence.permits.push(("a_eased".into(), Cond::True));
    }
    if ease > 1 {
        licence.forbids.clear();
        licence.ends.clear();
    }
    licence.canonicalise();
    licence
}

fn questions(licence: &Licence, seed: u64) -> impl Iterator<Item = Question> {
    (0..QUESTIONS).map(move |n| draw(licence, seed.wrapping_mul(31).wrapping_add(n)))
}

/// A label that sorts anywhere, and is not in use.
fn fresh_label(licence: &Licence, seed: u64) -> String {
    let label = format!("{}_added", ["a", "m", "zz"][(seed % 3) as usize]);
    assert!(!licence.permits.iter().chain(&licence.forbids).any(|(taken, _)| *taken == label));
    label
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    /// T1: total and deterministic; reference and VM agree.
    #[test]
    fn t1_total_and_deterministic(licence in any_licence(), seed: u64) {
        let prepared = Prepared::new(&licence);
        for question in questions(&licence, seed) {
            let first = prepared.both(&question)?;
            prop_assert_eq!(&prepared.both(&question)?, &first);
            prop_assert_eq!(first.permit, first.reasons.is_empty());
        }
    }

    /// T2: without a permit nothing is permitted.
    #[test]
    fn t2_default_deny(mut licence in any_licence(), seed: u64) {
        licence.permits.clear();
        licence.canonicalise();
        let prepared = Prepared::new(&licence);
        for question in questions(&licence, seed) {
            prop_assert!(!prepared.both(&question)?.permit);
        }
    }

    /// T3: the order in which clauses are given, and clauses given twice under two labels, change no decision.
    #[test]
    fn t3_order_and_duplicates(licence in any_licence(), seed: u64) {
        let mut shuffled = licence.clone();
        shuffled.permits.reverse();
        shuffled.forbids.reverse();
        shuffled.limits.reverse();
        shuffled.charges.reverse();
        shuffled.duties.reverse();
        shuffled.ends.reverse();
        shuffled.at_close.reverse();
        shuffled.canonicalise();
        prop_assert_eq!(shuffled.encode(), licence.encode());

        let mut doubled = licence.clone();
        let label = fresh_label(&licence, seed);
        if let Some((_, condition)) = licence.permits.first() {
            doubled.permits.push((label.clone(), condition.clone()));
        } else if let Some((_, condition)) = licence.forbids.first() {
            doubled.forbids.push((label.clone(), condition.clone()));
        }
        doubled.canonicalise();
        let (one, two) = (Prepared::new(&licence), Prepared::new(&doubled));
        for question in questions(&licence, seed) {
            prop_assert_eq!(one.both(&question)?.permit, two.both(&question)?.permit);
        }
    }

    /// T4: a forbid that is added never turns a denial into a permission.
    #[test]
    fn t4_a_forbid_only_denies(licence in any_licence(), other in any_licence(), seed: u64) {
        let Some((_, condition)) = other.forbids.iter().chain(&other.permits).find(|(_, c)| fits(c, &licence)) else {
            return Ok(());
        };
        let mut more = licence.clone();
        more.forbids.push((fresh_label(&licence, seed), condition.clone()));
        more.canonicalise();
        let (before, after) = (Prepared::new(&licence), Prepared::new(&more));
        for question in questions(&licence, seed) {
            prop_assert!(before.both(&question)?.permit || !after.both(&question)?.permit);
        }
    }

    /// T5: what is permitted stays permitted, at the same price, when more becomes known. (Two cases that turn out to be
    /// true at once are the compiler's to refuse; the VM then denies.)
    #[test]
    fn t5_answers_only_help_if_they_may(licence in any_licence(), seed: u64) {
        let prepared = Prepared::new(&licence);
        for full in questions(&licence, seed) {
            let more = prepared.both(&full)?;
            let mut draw = Draw(seed);
            let mut less = full.clone();
            less.facts.retain(|_| !draw.once_in(2));
            for axis in &mut less.axes {
                if draw.once_in(3) {
                    *axis = None;
                }
            }
            let answer = prepared.both(&less)?;
            if answer.permit && !more.reasons.iter().any(|reason| reason.starts_with("ambiguous-price")) {
                prop_assert!(more.permit, "{less:?} is permitted, {full:?} is not: {:?}", more.reasons);
                prop_assert_eq!(&answer.lines, &more.lines);
            }
        }
    }

    /// T6: what a quantity costs does not depend on how it is divided over calls.
    #[test]
    fn t6_prices_are_additive(licence in any_licence(), seed: u64) {
        let prepared = Prepared::new(&licence);
        let counters = counters(&licence);
        for whole in questions(&licence, seed) {
            let mut draw = Draw(seed ^ 0x5eed);
            let mut first = whole.clone();
            let mut second = whole.clone();
            for (one, two) in first.quantities.iter_mut().zip(&mut second.quantities) {
                let part = one.1 / (1 + draw.below(4) as u128);
                two.1 = one.1 - part;
                one.1 = part;
            }
            // What the first did is there when the second comes; its call is over, and its seat the same user's.
            let first = prepared.both(&first)?;
            for (used, (counter, counts)) in second.used.iter_mut().zip(counters.iter().enumerate()) {
                let add = first.deltas.get(&counter).copied().unwrap_or(0);
                *used = match counts {
                    Counts::Heads(_) => *used,
                    Counts::Credit => used.saturating_sub(add),
                    _ => used.saturating_add(add),
                };
            }
            let (whole, second) = (prepared.both(&whole)?, prepared.both(&second)?);
            if whole.permit {
                prop_assert!(first.permit && second.permit, "{:?} {:?}", first.reasons, second.reasons);
                for (line, amount) in &whole.lines {
                    prop_assert_eq!(*amount, first.lines[line] + second.lines[line]);
                }
            }
        }
    }

    /// T8: less is never denied where more is permitted.
    #[test]
    fn t8_less_is_never_worse(licence in any_licence(), seed: u64) {
        let prepared = Prepared::new(&licence);
        for more in questions(&licence, seed) {
            let mut draw = Draw(seed ^ 8);
            let mut less = more.clone();
            for (_, quantity) in &mut less.quantities {
                *quantity /= 1 + draw.below(5) as u128;
            }
            let (more, less) = (prepared.both(&more)?, prepared.both(&less)?);
            prop_assert!(!more.permit || less.permit, "{:?}", less.reasons);
        }
    }

    /// The largest price of a use is that of both evaluators; where nothing comes before it is its price, and no price that a
    /// commit may come to is above it.
    #[test]
    fn the_largest_price_is_the_largest(licence in any_licence(), seed: u64) {
        let prepared = Prepared::new(&licence);
        let counters = counters(&licence);
        for question in questions(&licence, seed) {
            let mut draw = Draw(seed ^ 0x1a);
            let here: Vec<(u128, u128)> = question.used.iter().map(|used| (*used, *used)).collect();
            let about: Vec<(u128, u128)> = question.used.iter().map(|used| {
                let beside = draw.bits() >> draw.below(64);
                (used.saturating_sub(draw.below(200) as u128), used.saturating_add(beside.into()))
            }).collect();
            let answer = prepared.both(&question)?;
            let (exactly, most) = (prepared.largest(&question, &here)?, prepared.largest(&question, &about)?);
            if answer.permit {
                prop_assert_eq!(exactly, answer.lines.values().try_fold(0, |sum: u128, line| sum.checked_add(*line)));
                let mut later = question.clone();
                for (used, (range, counts)) in later.used.iter_mut().zip(about.iter().zip(&counters)) {
                    if matches!(counts, Counts::Priced | Counts::Uses) {
                        *used = if draw.once_in(2) { range.1 } else { range.0 };
                    }
                }
                let later = prepared.both(&later)?;
                if later.permit {
                    let sum = later.lines.values().sum::<u128>();
                    prop_assert!(most.is_none_or(|most| sum <= most), "{sum} is above {most:?}");
                }
            }
        }
    }

    /// T11: an action that the vocabulary does not list is not permitted unless the licence says `including unlisted`.
    #[test]
    fn t11_unlisted_actions(licence in any_licence(), seed: u64) {
        let prepared = Prepared::new(&licence);
        let says_so = licence.permits.iter().any(|(_, c)| !limits_actions_to_listed(c, &licence));
        for mut question in questions(&licence, seed) {
            question.axes[0] = Some("an act of the future".into());
            prop_assert!(says_so || !prepared.both(&question)?.permit);
        }
    }
}

/// Properties say little where everything is denied: the drawn questions bring about every reason that there is, and
/// every kind of counter counts.
#[test]
fn questions_reach_every_construct() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut counted, mut reasons, mut grace) = (BTreeMap::new(), BTreeMap::new(), 0);
    for seed in 0..150 {
        let licence = any_licence().new_tree(&mut runner).expect("a licence").current();
        let (prepared, counters) = (Prepared::new(&licence), counters(&licence));
        for question in questions(&licence, seed) {
            let answer = prepared.both(&question).expect("both say the same");
            grace += usize::from(answer.grace);
            for counter in answer.deltas.keys() {
                let kind = match counters[*counter] {
                    Counts::Units => "Units",
                    Counts::Priced => "Priced",
                    Counts::Heads(_) => "Heads",
                    Counts::Money(_) => "Money",
                    Counts::Uses => "Uses",
                    Counts::Credit => "Credit",
                };
                *counted.entry(kind).or_insert(0) += 1;
            }
            for reason in &answer.reasons {
                let code = reason.split(':').next().unwrap_or_default().to_string();
                *reasons.entry(code).or_insert(0) += 1;
            }
        }
    }
    for counts in ["Units", "Priced", "Heads", "Money", "Uses", "Credit"] {
        assert!(counted.contains_key(counts), "{counts} never counts: {counted:?}");
    }
    let codes = "range revoked ended not-yet expired lapsed not-holder suspended forbidden not-permitted needing over \
        unpriced ambiguous-price credit";
    for code in codes.split_whitespace() {
        assert!(reasons.contains_key(code), "{code} is never a reason: {reasons:?}");
    }
    assert!(grace > 0, "nothing is in grace");
}

/// Whether every index in the condition exists in the licence, with the same shape.
fn fits(condition: &Cond, licence: &Licence) -> bool {
    match condition {
        Cond::True | Cond::False => true,
        Cond::In { axis, yes, unknown } => {
            let inner = |leaf: u32| {
                licence
                    .axes
                    .get(axis)
                    .is_some_and(|terms| terms.iter().any(|term| term.parents.contains(&leaf)))
            };
            let terms = licence.axes.get(axis).map_or(0, Vec::len) as u32;
            yes.0.iter().chain(&unknown.0).all(|leaf| *leaf < terms)
                && unknown.0.iter().all(|leaf| inner(*leaf))
        }
        Cond::Compare { .. } | Cond::Known(_) | Cond::Slot(_) => false,
        Cond::And(parts) | Cond::Or(parts) => parts.iter().all(|part| fits(part, licence)),
        Cond::Not(part) => fits(part, licence),
    }
}

/// Whether the condition is a conjunction with a membership of listed actions only.
fn limits_actions_to_listed(condition: &Cond, licence: &Licence) -> bool {
    match condition {
        Cond::False => true,
        Cond::And(parts) => parts.iter().any(|part| limits_actions_to_listed(part, licence)),
        Cond::In { axis: Axis::Action, yes, .. } => {
            let terms = licence.axes.get(&Axis::Action).map_or(&[][..], Vec::as_slice);
            let roots =
                terms.iter().enumerate().filter(|(_, term)| term.parents.is_empty()).map(|(at, _)| at as u32);
            let others = roots.filter(|root| terms.iter().any(|term| term.parents.contains(root)));
            others.into_iter().all(|root| !yes.0.contains(&root))
        }
        _ => false,
    }
}
