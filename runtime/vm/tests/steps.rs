//! Each step of the evaluation in `spec/core.md` section 7, by hand: a module, a request, the outcome's canonical text.

mod common;

use common::{NOON, decide, policy, request};
use licit_bytecode::encode;
use licit_vm::{BindError, DutyStatus, FactValue, Policy, Request, State};

const NOTHING: State<'static> = State { used: &[], duties: &[], notice: None, latched: &[] };
const HOUR: i64 = 3_600_000_000;

/// The outcome, on one line; masks and the general form agree.
fn says(text: &str, request: &Request<'_>, state: &State<'_>) -> String {
    let module = common::module(text);
    let bytes = encode(&module);
    let answer = decide(&policy(text), request, state);
    assert_eq!(decide(&Policy::load_general(&bytes).expect("valid"), request, state), answer);
    answer.trim_end().replace('\n', "; ")
}

const OPEN: &str = "section permit\n  (clause=0 when=0)\n";

#[test]
fn step_1_range() {
    let s = |q: &[(&str, u128)]| {
        says(OPEN, &Request { quantities: q, ..request("infer", "research", "FR") }, &NOTHING)
    };
    assert_eq!(s(&[("call", 1000), ("token", 1)]), "permit");
    assert_eq!(s(&[("call", 1001)]), "deny; reason range:call");
    assert_eq!(s(&[("bushel", 0)]), "deny; reason range:?");
    assert_eq!(
        s(&[("token", 1001), ("bushel", 1), ("call", 2000), ("peck", 1)]),
        "deny; reason range:call; reason range:token; reason range:?"
    );
    // Limits and charges are not asked then, everything else is.
    let all = "section forbid\n (clause=0 when=1)\nsection permit\n (clause=1 when=0)\nsection limit\n (clause=2 unit=0 cap=5 key=user window=day guard=-)\n\
        section charge\n (clause=3 by_case=yes)\nsection case\n (charge=0 when=12 price=free)\n";
    let r = Request { quantities: &[("call", 6), ("token", 1001)], ..request("finetune", "research", "FR") };
    assert_eq!(says(all, &r, &NOTHING), "deny; reason range:token; reason forbidden:a");
    let r = Request { quantities: &[("call", 6)], ..r };
    assert_eq!(says(all, &r, &NOTHING), "deny; reason forbidden:a; reason over:c");
    let r = Request { action: Some("infer"), ..r };
    assert_eq!(says(all, &r, &NOTHING), "deny; reason over:c; reason unpriced:d");
}

#[test]
fn step_2_status() {
    let m = "section term\n (from=instant(micros=1795348800000000) until=date(days=20782))\nsection revocable\n (after=days(n=30) sparing=no)\n";
    let text = format!("{m}{OPEN}");
    let at = |used_at| says(&text, &Request { used_at, ..request("infer", "research", "FR") }, &NOTHING);
    assert_eq!(at(NOON), "permit");
    assert_eq!(at(NOON - 1), "deny; reason not-yet");
    // 20782 days are 2026-11-25T00:00Z.
    assert_eq!(at(20_782 * 24 * HOUR - 1), "permit");
    assert_eq!(at(20_782 * 24 * HOUR), "deny; reason expired");
    let notice = |notice| says(&text, &request("infer", "research", "FR"), &State { notice, ..NOTHING });
    assert_eq!(notice(Some(NOON - 30 * 24 * HOUR)), "deny; reason revoked");
    assert_eq!(notice(Some(NOON - 30 * 24 * HOUR + 1)), "permit");
    assert_eq!(notice(Some(i64::MAX)), "permit");
    assert_eq!(notice(Some(i64::MIN)), "deny; reason revoked");
    // An irrevocable licence does not care.
    assert_eq!(
        says(OPEN, &request("infer", "research", "FR"), &State { notice: Some(0), ..NOTHING }),
        "permit"
    );
    // A term that ends before it begins.
    let never = "section term\n (from=date(days=30000) until=date(days=10))\n";
    let both = says(&format!("{never}{OPEN}"), &request("infer", "research", "FR"), &NOTHING);
    assert_eq!(both, "deny; reason not-yet; reason expired");
}

#[test]
fn step_3_forbids_bite_on_the_unknown() {
    // Forbid train; forbid military unless certified; forbid at node a.
    let text = "  and(of=[4 14])\n  not(of=7)\nsection forbid\n (clause=0 when=1)\n (clause=1 when=14)\n (clause=2 when=10)\nsection permit\n (clause=3 when=0)\n";
    let text = &text.replacen("  and(of=[4 14])\n  not(of=7)\n", "  not(of=7)\n  and(of=[4 13])\n", 1);
    let node: (&str, FactValue<'_>) = ("node", FactValue::Text("did:web:b"));
    let s = |r: Request<'_>| says(text, &Request { facts: &[node], ..r }, &NOTHING);
    assert_eq!(s(request("infer", "research", "FR")), "permit");
    assert_eq!(s(request("finetune", "research", "FR")), "deny; reason forbidden:a");
    // The unlisted kind of train, by its name and by a name that nobody knows.
    assert_eq!(s(request("train", "research", "FR")), "deny; reason needing:unlisted-action");
    assert_eq!(s(request("juggle", "research", "FR")), "deny; reason needing:unlisted-action");
    assert_eq!(s(Request { action: None, ..request("", "research", "FR") }), "deny; reason needing:action");
    // Unknown and false is false: research is not military, whoever certifies.
    assert_eq!(s(request("infer", "military", "FR")), "deny; reason needing:certified");
    // Unlisted purposes are the kinds of commercial that nobody listed, and so outside military.
    assert_eq!(s(request("infer", "fun", "FR")), "permit");
    let r = Request { purpose: None, ..request("infer", "", "FR") };
    assert_eq!(s(r), "deny; reason needing:purpose; reason needing:certified");
    let certified = |t| Request {
        facts: if t {
            &[("certified", FactValue::Truth(true)), ("node", FactValue::Text("x"))]
        } else {
            &[("certified", FactValue::Truth(false)), ("node", FactValue::Text("x"))]
        },
        ..request("infer", "military", "FR")
    };
    assert_eq!(says(text, &certified(true), &NOTHING), "permit");
    assert_eq!(says(text, &certified(false), &NOTHING), "deny; reason forbidden:b");
    // A value of the wrong type is as good as none.
    let odd = Request {
        facts: &[("certified", FactValue::Number(1)), ("node", FactValue::Text("x"))],
        ..request("infer", "military", "FR")
    };
    assert_eq!(says(text, &odd, &NOTHING), "deny; reason needing:certified");
    let at_a =
        Request { facts: &[("node", FactValue::Text("did:web:a"))], ..request("infer", "research", "FR") };
    assert_eq!(says(text, &at_a, &NOTHING), "deny; reason forbidden:c");
    assert_eq!(says(text, &request("infer", "research", "FR"), &NOTHING), "deny; reason needing:node");
}

#[test]
fn step_4_permits_and_the_guard() {
    // train for commercial in EU when headcount < 250; infer by a library for research.
    let text =
        "  and(of=[1 3 6 8])\n  and(of=[2 9 5])\nsection permit\n (clause=0 when=13)\n (clause=1 when=14)\n";
    let small: &[(&str, FactValue<'_>)] =
        &[("headcount", FactValue::Number(249)), ("library", FactValue::Truth(false))];
    let s = |r: Request<'_>| says(text, &Request { facts: small, ..r }, &NOTHING);
    assert_eq!(s(request("finetune", "product", "FR")), "permit");
    assert_eq!(s(request("finetune", "research", "FR")), "deny; reason not-permitted:purpose");
    assert_eq!(s(request("finetune", "product", "US")), "deny; reason not-permitted:place");
    assert_eq!(s(request("infer", "research", "FR")), "deny; reason not-permitted:action");
    assert_eq!(s(request("train", "product", "FR")), "deny; reason needing:unlisted-action");
    assert_eq!(
        s(request("train", "commercial", "EU")),
        "deny; reason needing:unlisted-action; reason needing:unlisted-purpose; reason needing:unlisted-place"
    );
    let facts = |facts, r| says(text, &Request { facts, ..r }, &NOTHING);
    assert_eq!(facts(&[], request("finetune", "product", "FR")), "deny; reason needing:headcount");
    let big: &[(&str, FactValue<'_>)] = &[("headcount", FactValue::Number(250))];
    assert_eq!(facts(big, request("finetune", "product", "FR")), "deny; reason not-permitted:other");
    let out_of_range: &[(&str, FactValue<'_>)] = &[("headcount", FactValue::Number(0))];
    assert_eq!(facts(out_of_range, request("finetune", "product", "FR")), "deny; reason needing:headcount");
    let library: &[(&str, FactValue<'_>)] = &[("library", FactValue::Truth(true))];
    assert_eq!(facts(library, request("infer", "research", "FR")), "permit");
    assert_eq!(facts(library, request("infer", "military", "FR")), "deny; reason not-permitted:purpose");
    // Without a permit at all it is the action.
    assert_eq!(
        says("section forbid\n (clause=0 when=12)\n", &request("infer", "research", "FR"), &NOTHING),
        "deny; reason not-permitted:action"
    );
    // Only permits by a library, and no library: the party, whatever the action.
    let by = "  and(of=[2 9])\n  and(of=[1 9])\nsection permit\n (clause=0 when=13)\n (clause=1 when=14)\n";
    let stranger: &[(&str, FactValue<'_>)] = &[("library", FactValue::Truth(false))];
    for action in ["infer", "finetune", "juggle"] {
        let r = Request { facts: stranger, ..request(action, "research", "FR") };
        assert_eq!(says(by, &r, &NOTHING), "deny; reason not-permitted:party", "{action}");
    }
    // A true permit silences the unknown ones; an unknown forbid does not care.
    let two = "section permit\n (clause=0 when=7)\n (clause=1 when=0)\n";
    assert_eq!(says(two, &request("infer", "research", "FR"), &NOTHING), "permit");
    // `known` is never false.
    let known = "  not(of=11)\nsection forbid\n (clause=0 when=13)\nsection permit\n (clause=1 when=11)\n";
    assert_eq!(says(known, &request("infer", "research", "FR"), &NOTHING), "deny; reason needing:headcount");
    let r = Request { facts: small, ..request("infer", "research", "FR") };
    assert_eq!(says(known, &r, &NOTHING), "permit");
    // Constants speak of nothing: other.
    let nobody = "section permit\n (clause=0 when=12)\n";
    assert_eq!(
        says(nobody, &request("infer", "research", "FR"), &NOTHING),
        "deny; reason not-permitted:other"
    );
    // A definition is one conjunct with the class of all it stands for.
    let defined = "  and(of=[2 9])\n  define(of=13)\n  and(of=[14 5])\nsection permit\n (clause=0 when=15)\n";
    let r = Request { facts: stranger, ..request("infer", "research", "FR") };
    assert_eq!(says(defined, &r, &NOTHING), "deny; reason not-permitted:other");
}

#[test]
fn step_5_limits() {
    let text = "section permit\n (clause=0 when=0)\nsection limit\n (clause=1 unit=0 cap=10 key=user window=day guard=-)\n\
         (clause=2 unit=2 cap=2000 key=organisation window=month guard=7)\n (clause=3 unit=0 cap=99 key=licensee window=term guard=1)\n";
    let asks = |q, used| {
        let r = Request {
            quantities: q,
            facts: &[("certified", FactValue::Truth(true))],
            ..request("infer", "research", "FR")
        };
        says(text, &r, &State { used, ..NOTHING })
    };
    assert_eq!(asks(&[("call", 4)], &[6]), "permit; delta 0 20779 4");
    assert_eq!(asks(&[("call", 5)], &[6]), "deny; reason over:b");
    assert_eq!(asks(&[], &[11]), "deny; reason over:b");
    assert_eq!(asks(&[("call", 1), ("token", 1)], &[]), "permit; delta 0 20779 1; delta 1 682 1");
    // Beyond what the unit can be, the cap is not asked.
    assert_eq!(asks(&[("token", 1)], &[0, 1000]), "deny; reason range:token");
    assert_eq!(asks(&[("token", 1)], &[0, u128::MAX]), "deny; reason range:token");
    // A guard that is unknown counts, one that is false does not.
    let guard = |facts| {
        says(
            text,
            &Request { quantities: &[("token", 900)], facts, ..request("infer", "research", "FR") },
            &State { used: &[0, 900], ..NOTHING },
        )
    };
    assert_eq!(guard(&[]), "deny; reason range:token");
    assert_eq!(guard(&[("certified", FactValue::Truth(false))]), "permit");
    // Keys that were not given.
    let nobody = Request { user: None, organisation: None, ..request("finetune", "research", "FR") };
    assert_eq!(
        says(text, &nobody, &NOTHING),
        "deny; reason needing:user; reason needing:organisation; reason needing:licensee"
    );
    let alone = Request { organisation: None, ..nobody };
    let alone = Request {
        user: Some("ana"),
        quantities: &[("call", 1)],
        facts: &[("certified", FactValue::Truth(false))],
        ..alone
    };
    assert_eq!(says(text, &alone, &NOTHING), "permit; delta 0 20779 1; delta 2 0 1");
    // Limits speak even where no rule permits.
    let denied = text.replace("when=0)", "when=12)");
    let r = Request {
        quantities: &[("call", 11)],
        facts: &[("certified", FactValue::Truth(false))],
        ..request("infer", "research", "FR")
    };
    assert_eq!(says(&denied, &r, &NOTHING), "deny; reason not-permitted:other; reason over:b");
}

#[test]
fn step_6_suspension() {
    let text = "section permit\n (clause=0 when=0)\nsection duty\n (clause=1 acts=1 guard=- mode=first period=days(n=30) suspend=yes)\n (clause=2 acts=1 guard=- mode=at_each period=- suspend=no)\n";
    let s = |duties: &[DutyStatus]| {
        says(text, &request("finetune", "research", "FR"), &State { duties, ..NOTHING })
    };
    assert_eq!(s(&[]), "permit");
    assert_eq!(s(&[DutyStatus::Done, DutyStatus::Violated]), "permit");
    assert_eq!(s(&[DutyStatus::Pending { due: NOON + 1 }]), "permit");
    assert_eq!(s(&[DutyStatus::Pending { due: NOON }]), "deny; reason suspended:b");
    assert_eq!(s(&[DutyStatus::Violated]), "deny; reason suspended:b");
    assert_eq!(s(&[DutyStatus::Unknown, DutyStatus::Unknown]), "deny; reason suspended:b");
}

const CHARGES: &str = "  not(of=7)\nsection permit\n (clause=0 when=0)\nsection charge\n (clause=1 by_case=yes)\n (clause=2 by_case=no)\n\
    section case\n (charge=0 when=4 price=free)\n (charge=0 when=5 price=graduated(unit=2 key=user window=month tiers=[(start=0 rate=0) (start=10 rate=5) (start=100 rate=2)]))\n\
    (charge=0 when=7 price=rate(unit=2 rate=7))\n (charge=1 when=13 price=rate(unit=0 rate=3))\nsection free\n (clause=3 unit=1)\n";

#[test]
fn step_7_charges() {
    let s = |purpose, facts, q, used| {
        let r = Request { quantities: q, facts, ..request("infer", purpose, "FR") };
        says(CHARGES, &r, &State { used, ..NOTHING })
    };
    let no: &[(&str, FactValue<'_>)] = &[("certified", FactValue::Truth(false))];
    let yes: &[(&str, FactValue<'_>)] = &[("certified", FactValue::Truth(true))];
    // Case 1 applies; the plain charge too, since it is for the uncertified.
    assert_eq!(
        s("research", no, &[("token", 20), ("call", 2)], &[5]),
        "permit; line b 1 75; line c 0 6; delta 0 682 20"
    );
    assert_eq!(s("research", no, &[("token", 20)], &[95]), "permit; line b 1 55; line c 0 0; delta 0 682 20");
    assert_eq!(s("research", no, &[], &[]), "permit; line b 1 0; line c 0 0");
    assert_eq!(s("research", yes, &[], &[]), "deny; reason ambiguous-price:b");
    assert_eq!(s("product", yes, &[("token", 3)], &[]), "permit; line b 2 21");
    assert_eq!(s("military", no, &[("token", 3)], &[]), "permit; line c 0 0");
    assert_eq!(s("product", no, &[], &[]), "deny; reason unpriced:b");
    // Unknown: no case is true, one is unknown; the guard of the plain charge is unknown as well.
    assert_eq!(s("product", &[], &[], &[]), "deny; reason needing:certified");
    assert_eq!(s("research", &[], &[("token", 1)], &[]), "deny; reason needing:certified");
    assert_eq!(s("research", no, &[("token", 1)], &[1000]), "deny; reason range:token");
    let nobody = Request { user: None, facts: no, ..request("infer", "research", "FR") };
    assert_eq!(says(CHARGES, &nobody, &NOTHING), "deny; reason needing:user");
    // Where the rules do not permit, prices are not asked.
    let denied = CHARGES.replace("(clause=0 when=0)", "(clause=0 when=12)");
    assert_eq!(
        says(&denied, &request("infer", "product", "FR"), &NOTHING),
        "deny; reason not-permitted:other"
    );
    // A unit that nobody prices or frees; calls are excepted, records are free.
    let only_calls = "section permit\n (clause=0 when=0)\nsection charge\n (clause=1 by_case=no)\nsection case\n (charge=0 when=12 price=rate(unit=0 rate=3))\nsection free\n (clause=2 unit=1)\n";
    let q = |q| says(only_calls, &Request { quantities: q, ..request("infer", "research", "FR") }, &NOTHING);
    assert_eq!(q(&[("record", 9), ("token", 0), ("call", 1)]), "permit");
    assert_eq!(q(&[("token", 1)]), "deny; reason unpriced:token");
    // Without any price for a unit, nothing is unpriced.
    let free = "section permit\n (clause=0 when=0)\nsection charge\n (clause=1 by_case=no)\nsection case\n (charge=0 when=0 price=free)\n";
    assert_eq!(
        says(free, &Request { quantities: &[("token", 1)], ..request("infer", "research", "FR") }, &NOTHING),
        "permit"
    );
}

#[test]
fn step_7_amounts_that_do_not_fit() {
    let big = "section permit\n (clause=0 when=0)\nsection charge\n (clause=1 by_case=no)\n (clause=2 by_case=no)\nsection case\n\
        (charge=0 when=0 price=rate(unit=1 rate=2))\n (charge=1 when=0 price=graduated(unit=1 key=user window=term tiers=[(start=0 rate=1) (start=1000 rate=3)]))\n";
    let s = |q, used| {
        says(
            big,
            &Request { quantities: &[("record", q)], ..request("infer", "research", "FR") },
            &State { used: &[used], ..NOTHING },
        )
    };
    assert_eq!(s(1, 0), "permit; line b 0 2; line c 0 1; delta 0 0 1");
    let top = 1u128 << 126;
    assert_eq!(s(1 << 125, 0), "deny; reason range:*");
    assert_eq!(s(top, 0), "deny; reason range:b; reason range:c");
    // The line fits, the total before it does not.
    assert_eq!(s(1, top), "deny; reason range:c");
    // The largest total is 2^127 - 1 = 1000 + 3 (used - 1000).
    let used = ((u128::MAX >> 1) - 1000) / 3 + 1000;
    assert_eq!(1000 + 3 * (used - 1000), u128::MAX >> 1);
    assert_eq!(s(0, used), "permit; line b 0 0; line c 0 0");
    assert_eq!(s(0, used + 1), "deny; reason range:c");
}

#[test]
fn step_8_duties() {
    let text = "section permit\n (clause=0 when=0)\nsection duty\n (clause=1 acts=0 guard=- mode=first period=days(n=30) suspend=no)\n\
        (clause=2 acts=6 guard=7 mode=each period=seconds(n=60) suspend=no)\n (clause=3 acts=1 guard=- mode=at_each period=- suspend=no)\n";
    let s = |action, facts, duties| {
        says(text, &Request { facts, ..request(action, "research", "FR") }, &State { duties, ..NOTHING })
    };
    let no: &[(&str, FactValue<'_>)] = &[("certified", FactValue::Truth(false))];
    assert_eq!(s("finetune", no, &[]), format!("permit; duty b {}", NOON + 30 * 24 * HOUR));
    assert_eq!(s("infer", no, &[]), format!("permit; duty d {NOON}"));
    // Of an unlisted kind of train it is unknown whether it is one, and the condition may be unknown: both are due.
    let both = format!("permit; duty b {}; duty c {}", NOON + 30 * 24 * HOUR, NOON + HOUR / 60);
    assert_eq!(s("train", &[], &[]), both);
    assert_eq!(s("juggle", &[], &[]), both);
    // The first act was before; the others do not care.
    let later = [DutyStatus::Done, DutyStatus::Done, DutyStatus::Done];
    assert_eq!(s("train", &[], &later), format!("permit; duty c {}", NOON + HOUR / 60));
}

#[test]
fn all_reasons_in_order() {
    let text = "  or(of=[8 10])\nsection term\n (from=date(days=30000) until=-)\nsection revocable\n (after=seconds(n=0) sparing=no)\nsection forbid\n (clause=3 when=2)\n (clause=4 when=13)\nsection permit\n (clause=5 when=12)\n\
        section limit\n (clause=1 unit=0 cap=0 key=organisation window=day guard=-)\n (clause=2 unit=0 cap=0 key=user window=day guard=-)\nsection duty\n (clause=0 acts=1 guard=- mode=at_each period=- suspend=yes)\n";
    let r = Request { organisation: None, quantities: &[("call", 1)], ..request("infer", "research", "FR") };
    let state = State { duties: &[DutyStatus::Violated], notice: Some(0), ..NOTHING };
    assert_eq!(
        says(text, &r, &state),
        "deny; reason revoked; reason not-yet; reason suspended:a; reason forbidden:d; reason not-permitted:other; \
         reason needing:organisation; reason needing:headcount; reason needing:node; reason over:c"
    );
}

#[test]
fn windows_follow_the_calendar_of_the_licence() {
    let zone = "section zone\n (at=-9223372036854775808 offset=43200)\n";
    let text = format!(
        "{zone}section permit\n (clause=0 when=0)\nsection limit\n (clause=1 unit=0 cap=9 key=user window=day guard=-)\n (clause=2 unit=0 cap=9 key=user window=week guard=-)\n\
        (clause=3 unit=0 cap=9 key=user window=quarter guard=-)\n (clause=4 unit=0 cap=9 key=user window=year guard=-)\n"
    );
    // Noon in UTC on a Sunday is midnight: Monday.
    let at = |used_at| {
        says(
            &text,
            &Request { used_at, quantities: &[("call", 1)], ..request("infer", "research", "FR") },
            &NOTHING,
        )
    };
    assert_eq!(at(NOON - 1), "permit; delta 0 20779 1; delta 1 2968 1; delta 2 227 1; delta 3 56 1");
    assert_eq!(at(NOON), "permit; delta 0 20780 1; delta 1 2969 1; delta 2 227 1; delta 3 56 1");
}

#[test]
fn malformed_requests() {
    let p = policy(OPEN);
    let r = request("infer", "research", "FR");
    let bind = |r: &Request<'_>| p.bind(r).map(|_| ());
    assert_eq!(bind(&r), Ok(()));
    assert_eq!(bind(&Request { used_at: -1, ..r }), Err(BindError::UsedAt));
    assert_eq!(bind(&Request { used_at: licit_vm::END_OF_TIME, ..r }), Err(BindError::UsedAt));
    assert_eq!(bind(&Request { used_at: licit_vm::END_OF_TIME - 1, ..r }), Ok(()));
    let t = FactValue::Truth(true);
    assert_eq!(
        bind(&Request { facts: &[("certified", t), ("x", t), ("certified", t)], ..r }),
        Err(BindError::DuplicateFact(2))
    );
    assert_eq!(
        bind(&Request { facts: &[("y", t), ("x", t), ("y", t), ("x", t)], ..r }),
        Err(BindError::DuplicateFact(2))
    );
    assert_eq!(
        bind(&Request { quantities: &[("call", 1), ("call", 1)], ..r }),
        Err(BindError::DuplicateUnit(1))
    );
    assert_eq!(
        bind(&Request { quantities: &[("x", 1), ("call", 1), ("x", 1)], ..r }),
        Err(BindError::DuplicateUnit(2))
    );
}

#[test]
fn reads_name_every_counter() {
    let p = policy(CHARGES);
    let bound = p.bind(&request("infer", "research", "FR")).expect("well-formed");
    let read = bound.reads()[0];
    assert_eq!((bound.reads().len(), read.counter, read.window), (1, 0, 682));
    assert_eq!((read.key, read.window_kind), (licit_vm::Key::User, licit_vm::Window::Month));
    let counter = p.manifest().counters[0];
    assert_eq!(counter.of, licit_vm::CounterOf::Case { charge: 0, case: 1 });
    assert_eq!(p.manifest().label(counter.clause), Some("b"));
}

#[test]
fn prices_of_a_commit() {
    let p = policy(CHARGES);
    let facts: &[(&str, FactValue<'_>)] = &[("certified", FactValue::Truth(false))];
    let r = Request { facts, quantities: &[("token", 20)], ..request("infer", "research", "FR") };
    let mut out = p.outcome();
    p.price(&p.bind(&r).expect("well-formed"), &State { used: &[95], ..NOTHING }, &mut out);
    assert_eq!(p.text(&out), "permit\nline b 1 55\nline c 0 0\ndelta 0 682 20\n");
    p.price(&p.bind(&r).expect("well-formed"), &State { used: &[999], ..NOTHING }, &mut out);
    assert_eq!(p.text(&out), "deny\nreason range:token\n");
}
