//! Properties on generated and on damaged modules.

mod common;

use common::{asks, sketches};
use licit_bytecode::{encode, limits, seal};
use licit_vm::{Bound, CounterOf, Policy, ReasonCode, State};
use proptest::prelude::*;

/// More with `PROPTEST_CASES`.
fn cases(usual: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}

/// Whatever was decided is sound in itself.
fn check(policy: &Policy, ask: &common::Ask) -> Result<String, TestCaseError> {
    ask.with(policy, |request, state| {
        let mut out = policy.outcome();
        let bound = policy.bind(request).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(bound.reads().len(), policy.manifest().counters.len());
        let steps = policy.evaluate_counting(&bound, state, &mut out);
        prop_assert!(steps <= policy.cost(), "{} steps, bound {}", steps, policy.cost());
        prop_assert_eq!(out.permitted, out.reasons.is_empty());
        prop_assert!(out.reasons.windows(2).all(|w| w[0] < w[1]), "sorted, without duplicates");
        prop_assert!(out.permitted || out.lines.is_empty() && out.duties.is_empty() && out.deltas.is_empty());
        prop_assert!(out.deltas.windows(2).all(|w| w[0].counter < w[1].counter));
        let sum = out.lines.iter().try_fold(0u128, |sum, l| sum.checked_add(l.amount));
        prop_assert!(sum.is_some_and(|s| s <= limits::NAT));
        let text = policy.text(&out);
        // What a commit computes is what the ask showed.
        let mut priced = policy.outcome();
        policy.price(&bound, state, &mut priced);
        if out.permitted {
            prop_assert!(priced.permitted);
            prop_assert_eq!(&priced.lines, &out.lines);
            let counters = &policy.manifest().counters;
            let of = |d: &&licit_vm::Delta| counters[usize::from(d.counter)].of;
            let counts = |of| {
                matches!(of, CounterOf::Limit { .. } | CounterOf::AtOnce { .. } | CounterOf::Seats { .. })
            };
            let charged: Vec<_> = out.deltas.iter().filter(|d| !counts(of(d))).copied().collect();
            prop_assert_eq!(&priced.deltas, &charged);
            // A hold that nothing comes before costs what it costs, and no less if something may.
            let here: Vec<_> = (0..counters.len()).map(|i| state.used.get(i).copied().unwrap_or(0)).collect();
            let exactly: Vec<_> = here.iter().map(|u| (*u, *u)).collect();
            let about: Vec<_> = here.iter().map(|u| (u.saturating_sub(90), u.saturating_add(150))).collect();
            prop_assert_eq!(policy.largest(&bound, &exactly, &mut priced), sum);
            prop_assert!(policy.largest(&bound, &about, &mut priced).is_none_or(|l| Some(l) >= sum));
        }
        Ok(text)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(150), max_global_rejects: 1 << 20, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn masks_and_the_general_form_agree(sketch in sketches(), asks in prop::collection::vec(asks(), 10)) {
        let bytes = encode(&sketch.module());
        let policy = Policy::load(&bytes).expect("sketches are valid");
        let general = Policy::load_general(&bytes).expect("sketches are valid");
        for ask in &asks {
            prop_assert_eq!(check(&policy, ask)?, check(&general, ask)?);
        }
    }

    /// A binding and an outcome that served other requests answer as new ones do.
    #[test]
    fn what_is_reused_is_as_new(sketch in sketches(), asks in prop::collection::vec(asks(), 6)) {
        let policy = Policy::load(&encode(&sketch.module())).expect("sketches are valid");
        let (mut bound, mut out) = (Bound::default(), policy.outcome());
        for ask in &asks {
            let (reused, fresh) = ask.with(&policy, |request, state| {
                policy.bind_into(request, &mut bound).expect("well-formed");
                policy.evaluate(&bound, state, &mut out);
                (policy.text(&out), common::decide(&policy, request, state))
            });
            prop_assert_eq!(reused, fresh);
        }
    }

    /// T8: smaller quantities and less use never turn permit into deny.
    #[test]
    fn less_is_never_denied(sketch in sketches(), ask in asks(), cut in 1u128..5) {
        let policy = Policy::load(&encode(&sketch.module())).expect("sketches are valid");
        ask.with(&policy, |request, state| {
            let permitted = |r: &licit_vm::Request<'_>, s: &State<'_>| {
                let mut out = policy.outcome();
                policy.evaluate(&policy.bind(r).expect("well-formed"), s, &mut out);
                out.permitted
            };
            if permitted(request, state) {
                let less: Vec<_> = request.quantities.iter().map(|(u, q)| (*u, q / cut)).collect();
                let used: Vec<_> = state.used.iter().map(|u| u / cut).collect();
                let smaller = licit_vm::Request { quantities: &less, ..*request };
                let earlier = State { used: &used, ..*state };
                prop_assert!(permitted(&smaller, state));
                // Where money is limited, earlier use may have been dearer, and less credit is not more.
                let limited = |c: &licit_vm::Counter| matches!(c.of, CounterOf::Spend { .. } | CounterOf::Prepaid);
                if !policy.manifest().counters.iter().any(limited) {
                    prop_assert!(permitted(request, &earlier));
                }
            }
            Ok(())
        })?;
    }

    /// A stranger's module is refused, or decides anything within its bound.
    #[test]
    fn damaged_modules_decide_or_are_refused(
        sketch in sketches(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..5),
        asks in prop::collection::vec(asks(), 4),
    ) {
        let mut bytes = encode(&sketch.module());
        for (at, byte, how) in damage {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes[at] ^= 1 << (byte % 8),
                2 => bytes[at] = bytes[at].wrapping_add(1),
                _ => bytes[at] = bytes[at].wrapping_sub(1),
            }
        }
        prop_assume!(seal(&mut bytes));
        if let Ok(policy) = Policy::load(&bytes) {
            let general = Policy::load_general(&bytes).expect("it loaded before");
            for ask in &asks {
                prop_assert_eq!(check(&policy, ask)?, check(&general, ask)?);
            }
        }
    }
}

/// Comparison, constant, negated, a purpose or a place beside it, as a forbid.
type RawRule = (u8, u32, bool, u32, bool);

/// Clauses that tell one number apart by many constants, over several words.
fn crowded(rules: &[RawRule]) -> licit_bytecode::Module {
    use licit_bytecode::{Cmp, Forbid, Label, Op, Permit};
    let mut m = common::module("");
    for (clause, (cmp, k, negated, beside, forbid)) in (0..).zip(rules) {
        let compare = Op::Compare { fact: 1, cmp: Cmp::ALL[usize::from(cmp % 3)], k: u128::from(k % 60) };
        m.code.push(compare);
        let mut at = m.code.len() as u32 - 1;
        if *negated {
            m.code.push(Op::Not { of: at });
            at += 1;
        }
        m.code.push(Op::And { of: vec![[0, 1, 2, 3, 5, 6, 9][*beside as usize % 7], at] });
        let when = at + 1;
        if *forbid {
            m.forbid.push(Forbid { clause, when });
        } else {
            m.permit.push(Permit { clause, when });
        }
        m.label.push(Label { label: format!("c{clause:04}") });
    }
    m.head[0].clauses = rules.len() as u32;
    m
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(30), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn many_constants(
        rules in prop::collection::vec((any::<u8>(), any::<u32>(), any::<bool>(), any::<u32>(), prop::bool::weighted(0.05)), 10..200),
        asks in prop::collection::vec((asks(), prop::option::of(0u128..70)), 30),
    ) {
        let bytes = encode(&crowded(&rules));
        let policy = Policy::load(&bytes).expect("valid");
        let general = Policy::load_general(&bytes).expect("valid");
        for (ask, headcount) in &asks {
            ask.with(&policy, |request, state| {
                let facts: Vec<_> = headcount.iter().map(|n| ("headcount", licit_vm::FactValue::Number(*n))).collect();
                let request = licit_vm::Request { facts: &facts, ..*request };
                prop_assert_eq!(common::decide(&policy, &request, state), common::decide(&general, &request, state));
                Ok(())
            })?;
        }
    }
}

#[test]
fn a_binding_of_another_policy_is_denied() {
    let one = common::policy("section permit\n  (clause=0 when=0)");
    let two = common::policy("section permit\n  (clause=0 when=1)");
    let bound = one.bind(&common::request("infer", "research", "FR")).expect("well-formed");
    let mut out = two.outcome();
    two.evaluate(&bound, &State::default(), &mut out);
    assert!(!out.permitted);
    assert_eq!(out.reasons[0].code, ReasonCode::Range);
    two.evaluate(&Bound::default(), &State::default(), &mut out);
    assert_eq!(two.text(&out), "deny\nreason range:*\n");
    // An outcome of another policy serves as well, it only has to grow first.
    let mut out = two.outcome();
    one.evaluate(&bound, &State::default(), &mut out);
    assert!(out.permitted);
}

/// What the drawn licences and questions come to: every kind of counter counts, every reason is given.
#[test]
fn the_generator_reaches_everything() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut counted, mut given, mut grace) = ([0; 8], std::collections::BTreeMap::new(), 0);
    for _ in 0..500 {
        let sketch = sketches().new_tree(&mut runner).expect("a sketch").current();
        let policy = Policy::load(&encode(&sketch.module())).expect("sketches are valid");
        for _ in 0..12 {
            let ask = asks().new_tree(&mut runner).expect("an ask").current();
            let mut out = policy.outcome();
            ask.with(&policy, |request, state| {
                policy.evaluate(&policy.bind(request).expect("well-formed"), state, &mut out);
            });
            grace += u32::from(out.grace);
            for delta in &out.deltas {
                counted[match policy.manifest().counters[usize::from(delta.counter)].of {
                    CounterOf::Limit { .. } => 0,
                    CounterOf::Case { .. } => 1,
                    CounterOf::AtOnce { .. } => 2,
                    CounterOf::Seats { .. } => 3,
                    CounterOf::Spend { .. } => 4,
                    CounterOf::Fee { .. } => 5,
                    CounterOf::Prepaid => 6,
                    CounterOf::AtClose { .. } => 7,
                }] += 1;
            }
            for reason in &out.reasons {
                *given.entry(reason.code).or_insert(0) += 1;
            }
        }
    }
    assert!(counted.iter().all(|n| *n >= 5) && grace >= 5, "{counted:?}, {grace} in grace");
    let reserved = [ReasonCode::Stale, ReasonCode::Unmet];
    for code in ReasonCode::ALL.into_iter().filter(|code| !reserved.contains(code)) {
        assert!(given.get(&code).is_some_and(|n| *n >= 10), "{code:?}: {given:?}");
    }
}
