//! Deciding allocates nothing, and neither does binding again.

mod common;

use allocation_counter::measure;
use licit_bytecode::encode;
use licit_vm::Policy;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

#[test]
fn deciding_allocates_nothing() {
    let mut runner = TestRunner::deterministic();
    let mut draw = || common::sketches().new_tree(&mut runner).expect("a sketch").current();
    let policies: Vec<Policy> =
        (0..60).map(|_| Policy::load(&encode(&draw().module())).expect("sketches are valid")).collect();
    let mut runner = TestRunner::deterministic();
    let mut draw = || common::asks().new_tree(&mut runner).expect("an ask").current();
    let asks: Vec<_> = (0..60).map(|_| draw()).collect();
    let (mut permitted, mut denied) = (0, 0);
    for policy in &policies {
        let (mut out, mut bound) = (policy.outcome(), licit_vm::Bound::default());
        for pass in 0..2 {
            for ask in &asks {
                ask.with(policy, |request, state| {
                    let binding = measure(|| policy.bind_into(request, &mut bound).expect("well-formed"));
                    let deciding = measure(|| {
                        policy.price(&bound, state, &mut out);
                        policy.evaluate(&bound, state, &mut out);
                    });
                    assert_eq!(deciding.count_total, 0, "deciding allocated");
                    policy.largest(&bound, &[], &mut out);
                    let again = measure(|| {
                        policy.largest(&bound, &[(0, 100); 9], &mut out);
                    });
                    assert_eq!(again.count_total, 0, "the largest price allocated");
                    policy.evaluate(&bound, state, &mut out);
                    assert!(pass == 0 || binding.count_total == 0, "binding again allocated");
                });
                if out.permitted { permitted += 1 } else { denied += 1 }
            }
        }
    }
    assert!(permitted > 100 && denied > 100, "{permitted} permitted, {denied} denied");
}
