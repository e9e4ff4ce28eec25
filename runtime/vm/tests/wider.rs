//! Standing use and standing money (`spec/core-wider.md`), by hand: a module, a request, the outcome's canonical text.

mod common;

use common::{NOON, decide, policy, request};
use licit_bytecode::encode;
use licit_vm::{Bound, FactValue, Instants, Policy, Renewal, Request, State, Window};

const DAY: i64 = 86_400_000_000;
const SECOND: i64 = 1_000_000;
const OPEN: &str = "section permit\n (clause=0 when=0)\n";
const MONEY: &str =
    "section money\n (currency=\"EUR\" minor_num=1 minor_den=100 rounding=half_even settled=month)\n";

/// The outcome, on one line; masks and the general form agree.
fn says(text: &str, request: &Request<'_>, state: &State<'_>) -> String {
    let answer = decide(&policy(text), request, state);
    let general = Policy::load_general(&encode(&common::module(text))).expect("valid");
    assert_eq!(decide(&general, request, state), answer);
    answer.trim_end().replace('\n', "; ")
}

fn asks<'a>() -> Request<'a> {
    request("infer", "research", "FR")
}

/// What a commit would be told, on one line.
fn prices(text: &str, request: &Request<'_>, state: &State<'_>) -> String {
    let policy = policy(text);
    let mut out = policy.outcome();
    policy.price(&policy.bind(request).expect("well-formed"), state, &mut out);
    policy.text(&out).trim_end().replace('\n', "; ")
}

#[test]
fn only_the_holder() {
    let text = format!("section holder\n (handle=\"acme\")\n{OPEN}");
    let s = |user, organisation| says(&text, &Request { user, organisation, ..asks() }, &State::default());
    assert_eq!(s(Some("ana"), Some("acme")), "permit");
    // The licensee is the user who has no organisation.
    assert_eq!(s(Some("acme"), None), "permit");
    assert_eq!(s(Some("acme"), Some("umbrella")), "deny; reason not-holder");
    assert_eq!(s(Some("ana"), None), "deny; reason not-holder");
    assert_eq!(s(Some("Acme"), None), "deny; reason not-holder");
    assert_eq!(s(None, None), "deny; reason needing:licensee");
}

#[test]
fn a_holder_does_not_touch_whether_the_rules_permit() {
    let text = format!(
        "section holder\n (handle=\"acme\")\n{OPEN}section charge\n (clause=1 by_case=yes)\nsection case\n (charge=0 when=12 price=free)\n"
    );
    let r = Request { organisation: None, ..asks() };
    assert_eq!(says(&text, &r, &State::default()), "deny; reason not-holder; reason unpriced:b");
}

#[test]
fn ends_are_reached_latched_or_unknown() {
    // b: certified; c: headcount < 250 and training.
    let text = format!("  and(of=[1 8])\n{OPEN}section end\n (clause=1 when=7)\n (clause=2 when=13)\n");
    let s = |action, facts, latched| {
        let r = Request { facts, ..request(action, "research", "FR") };
        says(&text, &r, &State { latched, ..State::default() })
    };
    let no: &[(&str, FactValue<'_>)] =
        &[("certified", FactValue::Truth(false)), ("headcount", FactValue::Number(250))];
    let yes: &[(&str, FactValue<'_>)] =
        &[("certified", FactValue::Truth(true)), ("headcount", FactValue::Number(249))];
    assert_eq!(s("finetune", no, &[]), "permit");
    assert_eq!(s("finetune", yes, &[]), "deny; reason ended:b; reason ended:c");
    assert_eq!(s("infer", yes, &[]), "deny; reason ended:b");
    // What latched stays, whatever is said now, and is not asked for.
    assert_eq!(s("infer", no, &[true]), "deny; reason ended:b");
    assert_eq!(s("infer", no, &[false, true, true]), "deny; reason ended:c");
    assert_eq!(s("infer", yes, &[true, true]), "deny; reason ended:b; reason ended:c");
    assert_eq!(s("finetune", &[], &[true, true]), "deny; reason ended:b; reason ended:c");
    // Unknown: of the others' action it is not asked.
    assert_eq!(s("infer", &[], &[]), "deny; reason needing:certified");
    assert_eq!(s("finetune", &[], &[]), "deny; reason needing:certified; reason needing:headcount");
    assert_eq!(s("finetune", &[], &[true, false]), "deny; reason ended:b; reason needing:headcount");
    assert_eq!(s("train", yes, &[]), "deny; reason ended:b; reason needing:unlisted-action");
}

#[test]
fn what_evidence_reaches() {
    let text = format!(
        "  and(of=[1 8])\n{OPEN}section end\n (clause=1 when=7)\n (clause=2 when=13)\n (clause=3 when=0)\n"
    );
    let p = policy(&text);
    let reached = |action: Option<&str>, facts: &[(&str, FactValue<'_>)]| {
        p.reached(&p.bind(&Request { action, facts, ..asks() }).expect("well-formed"))
    };
    let yes: &[(&str, FactValue<'_>)] =
        &[("certified", FactValue::Truth(true)), ("headcount", FactValue::Number(249))];
    assert_eq!(reached(Some("finetune"), yes), [0, 1, 2]);
    assert_eq!(reached(None, yes), [0, 2]);
    assert_eq!(reached(None, &[]), [2]);
    assert_eq!(p.reached(&Bound::default()), [0u16; 0]);
}

#[test]
fn terms_hang_on_the_grant_the_release_and_the_first_use() {
    let s = |from: &str, until: &str, instants| {
        let text = format!("section term\n (from={from} until={until})\n{OPEN}");
        says(&text, &Request { instants, ..asks() }, &State::default())
    };
    let none = Instants::default();
    let (grant, release) =
        ("anchored(anchor=grant period=days(n=1))", "anchored(anchor=release period=months(n=1))");
    assert_eq!(s(grant, "-", none), "deny; reason needing:grant");
    assert_eq!(s(grant, release, none), "deny; reason needing:grant; reason needing:release");
    let granted = |grant| Instants { grant: Some(grant), ..none };
    assert_eq!(s(grant, "-", granted(NOON - DAY)), "permit");
    assert_eq!(s(grant, "-", granted(NOON - DAY + 1)), "deny; reason not-yet");
    assert_eq!(s("-", grant, granted(NOON - DAY)), "deny; reason expired");
    assert_eq!(s("-", grant, granted(NOON - DAY + 1)), "permit");
    // A month after 22 October, noon.
    let released = |release| Instants { release: Some(release), ..none };
    assert_eq!(s(release, "-", released(NOON - 31 * DAY)), "permit");
    assert_eq!(s(release, "-", released(NOON - 31 * DAY + 1)), "deny; reason not-yet");
    // What was never used does not expire.
    let used = "anchored(anchor=first_use period=seconds(n=5))";
    assert_eq!(s("-", used, none), "permit");
    let first = |first| Instants { first_use: Some(first), ..none };
    assert_eq!(s("-", used, first(NOON - 5 * SECOND + 1)), "permit");
    assert_eq!(s("-", used, first(NOON - 5 * SECOND)), "deny; reason expired");
    // Whatever an instant is, nothing breaks.
    for far in [i64::MIN, i64::MAX] {
        let expected = if far < 0 { "deny; reason expired" } else { "permit" };
        assert_eq!(s("-", grant, granted(far)), expected);
    }
}

const RENEWED: &str = "section renewal\n (period=months(n=1) grace=days(n=7) acts=1)\nsection permit\n (clause=0 when=0)\nsection limit\n\
    (clause=1 unit=0 cap=9 key=user window=renewal guard=-)\n";

/// 2026-01-31T08:00:00.000007Z.
const JANUARY: i64 = (20_484 * 86_400 + 8 * 3_600) * SECOND + 7;

fn paid(anchor: i64, periods: u32) -> Instants {
    Instants { renewal: Some(Renewal { anchor, periods }), ..Instants::default() }
}

#[test]
fn what_is_paid_for_and_the_grace_after_it() {
    let s = |action, at, instants| {
        let r = Request {
            used_at: at,
            instants,
            quantities: &[("call", 1)],
            ..request(action, "research", "FR")
        };
        says(RENEWED, &r, &State::default())
    };
    let one = paid(NOON, 1);
    let end = NOON + 30 * DAY;
    assert_eq!(s("infer", NOON, Instants::default()), "deny; reason lapsed");
    assert_eq!(s("infer", NOON - 1, one), "deny; reason not-yet");
    assert_eq!(s("infer", NOON, one), format!("permit; delta 0 {NOON} 1"));
    assert_eq!(s("finetune", end - 1, one), format!("permit; delta 0 {NOON} 1"));
    // In grace only some acts go on, and they count in the last paid period.
    assert_eq!(s("infer", end, one), format!("permit; grace; delta 0 {NOON} 1"));
    assert_eq!(s("infer", end + 7 * DAY - 1, one), format!("permit; grace; delta 0 {NOON} 1"));
    assert_eq!(s("infer", end + 7 * DAY, one), "deny; reason lapsed");
    assert_eq!(s("finetune", end, one), "deny; reason lapsed");
    assert_eq!(s("train", end, one), "deny; reason lapsed");
    // Nothing paid yet: the anchor begins the grace.
    assert_eq!(s("infer", NOON, paid(NOON, 0)), format!("permit; grace; delta 0 {NOON} 1"));
    assert_eq!(s("infer", NOON - 1, paid(NOON, 0)), "deny; reason not-yet");
    // Two periods: the second begins where the first ends.
    assert_eq!(s("infer", end, paid(NOON, 2)), format!("permit; delta 0 {end} 1"));
    assert_eq!(s("infer", NOON, paid(0, u32::MAX)), format!("permit; delta 0 {} 1", 20_758 * DAY));
}

#[test]
fn a_denial_in_grace_is_not_in_grace() {
    let r =
        Request { used_at: NOON + 31 * DAY, quantities: &[("call", 10)], instants: paid(NOON, 1), ..asks() };
    assert_eq!(says(RENEWED, &r, &State::default()), "deny; reason over:b");
}

#[test]
fn without_a_grace_the_end_is_the_end() {
    let text = format!("section renewal\n (period=days(n=2) grace=- acts=-)\n{OPEN}");
    let s = |at, periods| {
        says(&text, &Request { used_at: at, instants: paid(NOON, periods), ..asks() }, &State::default())
    };
    assert_eq!(s(NOON + 6 * DAY - 1, 3), "permit");
    assert_eq!(s(NOON + 6 * DAY, 3), "deny; reason lapsed");
}

#[test]
fn months_are_counted_from_the_anchor() {
    let p = policy(RENEWED);
    let on = |day: i64| (day * 86_400 + 8 * 3_600) * SECOND + 7;
    // 28 February, 31 March, 30 April, 31 May; days since 1970.
    let starts = [JANUARY, on(20_512), on(20_543), on(20_573), on(20_604)];
    let mut bound = Bound::default();
    for (k, start) in starts.iter().enumerate() {
        assert_eq!(p.renewal_until(JANUARY, k as u32), *start);
        let window = |at, periods, bound: &mut Bound| {
            let r = Request { used_at: at, instants: paid(JANUARY, periods), ..asks() };
            p.bind_into(&r, bound).expect("well-formed");
            bound.reads()[0].window
        };
        assert_eq!(window(*start, 5, &mut bound), *start);
        if let Some(next) = starts.get(k + 1) {
            assert_eq!(window(next - 1, 5, &mut bound), *start);
            assert_eq!(
                p.renewal_window(Renewal { anchor: JANUARY, periods: 5 }, *start),
                Some((*start, *next))
            );
        }
        // The memory of a window is not that of another renewal.
        assert_eq!(window(*start + 40 * DAY, k as u32, &mut bound), starts[k.saturating_sub(1)]);
    }
    assert_eq!(p.window_start(Window::Renewal, starts[2]), starts[2]);
    assert_eq!(p.grace_until(JANUARY, 1), starts[1] + 7 * DAY);
    // The last window ends where nothing more is paid for.
    let all = Renewal { anchor: JANUARY, periods: 2 };
    assert_eq!(p.renewal_window(all, starts[4]), Some((starts[1], starts[2])));
}

#[test]
fn calls_at_once() {
    let text = format!(
        "{OPEN}section at_once\n (clause=1 cap=2 key=organisation guard=7 lease=seconds(n=60))\n (clause=2 cap=0 key=user guard=4 lease=days(n=1))\n"
    );
    let s = |purpose, facts, used, organisation| {
        let r = Request { facts, organisation, ..request("infer", purpose, "FR") };
        says(&text, &r, &State { used, ..State::default() })
    };
    let (yes, no) = ([("certified", FactValue::Truth(true))], [("certified", FactValue::Truth(false))]);
    let acme = Some("acme");
    assert_eq!(s("research", &yes, &[0], acme), "permit; delta 0 0 1");
    assert_eq!(s("research", &yes, &[1], acme), "permit; delta 0 0 1");
    assert_eq!(s("research", &yes, &[2], acme), "deny; reason over:b");
    assert_eq!(s("research", &yes, &[u128::MAX], acme), "deny; reason over:b");
    assert_eq!(s("research", &no, &[2], None), "permit");
    // An unknown guard counts.
    assert_eq!(s("research", &[], &[2], acme), "deny; reason over:b");
    assert_eq!(s("research", &yes, &[2], None), "deny; reason needing:organisation");
    // None at all are allowed for the military.
    assert_eq!(s("military", &no, &[], acme), "deny; reason over:c");
    let p = policy(&text);
    assert_eq!(p.lease_end(0, NOON), Some(NOON + 60 * SECOND));
    assert_eq!(p.lease_end(1, NOON), Some(NOON + DAY));
    assert_eq!(p.lease_end(2, NOON), None);
    let read = p.bind(&asks()).expect("well-formed").reads()[0];
    assert_eq!((read.window_kind, read.window, read.key), (Window::Term, 0, licit_vm::Key::Organisation));
}

#[test]
fn seats() {
    let text = format!("{OPEN}section seats\n (clause=1 cap=3 key=organisation guard=- held=months(n=1))\n");
    let s = |user, organisation, used| {
        says(&text, &Request { user, organisation, ..asks() }, &State { used, ..State::default() })
    };
    // The others are counted: two others and I are three.
    assert_eq!(s(Some("ana"), Some("acme"), &[2]), "permit; delta 0 0 1");
    assert_eq!(s(Some("ana"), Some("acme"), &[3]), "deny; reason over:b");
    assert_eq!(s(None, Some("acme"), &[3]), "deny; reason needing:user");
    assert_eq!(s(Some("ana"), None, &[3]), "deny; reason needing:organisation");
    assert_eq!(s(None, None, &[3]), "deny; reason needing:user; reason needing:organisation");
    // Limits speak where the rules do not permit.
    let denied = text.replace("when=0)", "when=12)");
    assert_eq!(
        says(&denied, &asks(), &State { used: &[3], ..State::default() }),
        "deny; reason not-permitted:other; reason over:b"
    );
}

/// Tokens at 2, fees of 500 a month and of 70 ever, at most 1000 a day and, for the certified, 900 ever.
fn purses() -> String {
    format!(
        "{OPEN}section charge\n (clause=1 by_case=no)\n (clause=2 by_case=no)\n (clause=3 by_case=no)\nsection case\n (charge=0 when=0 price=rate(unit=2 rate=2))\n\
         (charge=1 when=5 price=fee(amount=500 key=organisation window=month))\n (charge=2 when=4 price=fee(amount=70 key=user window=term))\n{MONEY}\
         section spend\n (clause=4 amount=1000 key=licensee window=day guard=-)\n (clause=5 amount=900 key=user window=term guard=7)\n"
    )
}

#[test]
fn fees_fall_due_with_the_first_use() {
    let s = |purpose, used: &[u128], organisation| {
        let text = purses();
        let r = Request {
            quantities: &[("token", 1)],
            facts: &[("certified", FactValue::Truth(false))],
            organisation,
            ..request("infer", purpose, "FR")
        };
        says(&text, &r, &State { used, ..State::default() })
    };
    // Counters: the spend limits, then the fees.
    assert_eq!(
        s("research", &[0, 0, 0, 0], Some("acme")),
        "permit; line b 0 2; line c 0 500; delta 0 20779 502; delta 2 682 1"
    );
    assert_eq!(
        s("research", &[0, 0, 1, 0], Some("acme")),
        "permit; line b 0 2; line c 0 0; delta 0 20779 2; delta 2 682 1"
    );
    assert_eq!(
        s("military", &[0, 0, 1, 0], Some("acme")),
        "permit; line b 0 2; line d 0 70; delta 0 20779 72; delta 3 0 1"
    );
    assert_eq!(s("product", &[0, 0, 0, 0], None), "permit; line b 0 2; delta 0 20779 2");
    assert_eq!(s("research", &[0, 0, 0, 0], None), "deny; reason needing:organisation");
}

#[test]
fn spending_up_to_the_amount() {
    let s = |tokens, used: &[u128], facts: &[(&str, FactValue<'_>)]| {
        let r = Request { quantities: &[("token", tokens)], facts, ..request("infer", "product", "FR") };
        says(&purses(), &r, &State { used, ..State::default() })
    };
    let no = [("certified", FactValue::Truth(false))];
    assert_eq!(s(500, &[0, 0], &no), "permit; line b 0 1000; delta 0 20779 1000");
    assert_eq!(s(501, &[0, 0], &no), "deny; reason over:e");
    assert_eq!(s(1, &[998], &no), "permit; line b 0 2; delta 0 20779 2");
    assert_eq!(s(1, &[999], &no), "deny; reason over:e");
    assert_eq!(s(1, &[u128::MAX], &no), "deny; reason over:e");
    // A limit that was passed by other means denies even what costs nothing.
    assert_eq!(s(0, &[1000], &no), "permit; line b 0 0");
    assert_eq!(s(0, &[1001], &no), "deny; reason over:e");
    // An unknown guard counts.
    assert_eq!(s(450, &[0, 0], &[]), "permit; line b 0 900; delta 0 20779 900; delta 1 0 900");
    assert_eq!(s(451, &[0, 0], &[]), "deny; reason over:f");
    assert_eq!(s(501, &[0, 0], &[]), "deny; reason over:e; reason over:f");
}

#[test]
fn money_is_not_asked_where_there_is_no_price() {
    let s = |r: Request<'_>| says(&purses(), &r, &State { used: &[5000], ..State::default() });
    let no = [("certified", FactValue::Truth(false))];
    // No rule permits; a key of a fee is missing; a unit has no price.
    let denied = purses().replacen("(clause=0 when=0)", "(clause=0 when=12)", 1);
    assert_eq!(
        says(&denied, &asks(), &State { used: &[5000], ..State::default() }),
        "deny; reason not-permitted:other"
    );
    let r = Request { facts: &no, organisation: None, ..asks() };
    assert_eq!(s(r), "deny; reason needing:organisation");
    assert_eq!(
        s(Request { facts: &no, quantities: &[("record", 1)], ..asks() }),
        "deny; reason unpriced:record"
    );
    assert_eq!(
        s(Request { facts: &no, quantities: &[("token", 1001)], ..asks() }),
        "deny; reason range:token"
    );
    // A reason of another step does not keep it from being asked, though it may be the same one.
    let seat =
        format!("{}section seats\n (clause=6 cap=0 key=organisation guard=- held=days(n=1))\n", purses());
    let state = State { used: &[0, 5000], ..State::default() };
    let r = Request { facts: &no, ..asks() };
    assert_eq!(says(&seat, &r, &state), "deny; reason over:e; reason over:g");
    let r = Request { organisation: None, ..r };
    assert_eq!(says(&seat, &r, &state), "deny; reason needing:organisation");
}

#[test]
fn the_key_of_a_purse() {
    let text = format!(
        "{OPEN}{MONEY}section spend\n (clause=1 amount=0 key=organisation window=day guard=-)\nsection prepaid\n (clause=2 key=user guard=-)\n"
    );
    let r = Request { user: None, organisation: None, ..asks() };
    assert_eq!(says(&text, &r, &State::default()), "deny; reason needing:user; reason needing:organisation");
    assert_eq!(
        prices(&text, &r, &State::default()),
        "deny; reason needing:user; reason needing:organisation"
    );
    // Nothing is charged, and nothing may be.
    assert_eq!(says(&text, &asks(), &State::default()), "permit");
}

#[test]
fn credit_to_the_last_unit() {
    let text = format!(
        "{OPEN}section charge\n (clause=1 by_case=no)\nsection case\n (charge=0 when=0 price=rate(unit=2 rate=3))\n{MONEY}section prepaid\n (clause=2 key=organisation guard=7)\n"
    );
    let s = |tokens, credit, certified| {
        let r = Request {
            quantities: &[("token", tokens)],
            facts: &[("certified", FactValue::Truth(certified))],
            ..asks()
        };
        says(&text, &r, &State { used: &[credit], ..State::default() })
    };
    assert_eq!(s(10, 30, true), "permit; line b 0 30; delta 0 0 30");
    assert_eq!(s(10, 29, true), "deny; reason credit:c");
    assert_eq!(s(0, 0, true), "permit; line b 0 0");
    assert_eq!(s(10, 0, false), "permit; line b 0 30");
    // Unknown whether it is prepaid: then it must be.
    let r = Request { quantities: &[("token", 1)], ..asks() };
    assert_eq!(says(&text, &r, &State::default()), "deny; reason credit:c");
    let credit = State { used: &[3], ..State::default() };
    assert_eq!(says(&text, &r, &credit), "permit; line b 0 3; delta 0 0 3");
    // A commit is priced whatever is left.
    assert_eq!(prices(&text, &r, &State::default()), "permit; line b 0 3; delta 0 0 3");
}

#[test]
fn a_cap_reached_inside_a_tier() {
    // 5 each to 100, then 2; together at most 403: 100 at 5 is more, so at 80 the cap is left 3.
    let bounded = |bounds: &str, used: u128, q: u128| {
        let text = format!(
            "{OPEN}section charge\n (clause=1 by_case=no)\nsection case\n (charge=0 when=0 price=bounded(unit=2 key=user window=month tiers=[(start=0 rate=5) (start=100 rate=2)] {bounds}))\n{MONEY}"
        );
        let r = Request { quantities: &[("token", q)], ..asks() };
        says(&text, &r, &State { used: &[used], ..State::default() })
    };
    let capped = "cap=403 floor=-";
    assert_eq!(bounded(capped, 0, 80), "permit; line b 0 400; delta 0 682 80");
    assert_eq!(bounded(capped, 0, 81), "permit; line b 0 403; delta 0 682 81");
    assert_eq!(bounded(capped, 80, 1), "permit; line b 0 3; delta 0 682 1");
    assert_eq!(bounded(capped, 81, 900), "permit; line b 0 0; delta 0 682 900");
    assert_eq!(bounded(capped, 0, 0), "permit; line b 0 0");
    assert_eq!(bounded(capped, 1000, 1), "deny; reason range:token");
    assert_eq!(bounded("cap=700 floor=300", 99, 3), "permit; line b 0 9; delta 0 682 3");
    assert_eq!(bounded("cap=0 floor=-", 0, 7), "permit; line b 0 0; delta 0 682 7");
    // A floor is the ledger's.
    assert_eq!(bounded("cap=- floor=300", 99, 3), "permit; line b 0 9; delta 0 682 3");
}

#[test]
fn a_cap_keeps_any_total_in_range() {
    let text = |price: &str| {
        format!(
            "{OPEN}section charge\n (clause=1 by_case=no)\nsection case\n (charge=0 when=0 price={price})\n{MONEY}"
        )
    };
    let schedule = "unit=1 key=user window=term tiers=[(start=0 rate=18446744073709551615)]";
    let r = Request { quantities: &[("record", 1 << 100)], ..asks() };
    let state = State { used: &[(1 << 127) - 1 - (1 << 100)], ..State::default() };
    assert_eq!(says(&text(&format!("graduated({schedule})")), &r, &state), "deny; reason range:b");
    let capped = text(&format!("bounded({schedule} cap=18446744073709551615 floor=-)"));
    assert_eq!(says(&capped, &r, &state), format!("permit; line b 0 0; delta 0 0 {}", 1u128 << 100));
    assert_eq!(
        says(&capped, &r, &State::default()),
        format!("permit; line b 0 18446744073709551615; delta 0 0 {}", 1u128 << 100)
    );
    // Caps are wider than rates: here the widest there is, which is above every total but that of 2^63 units and more.
    let most = u128::MAX >> 1;
    let widest = text(&format!("bounded({schedule} cap={most} floor={most})"));
    let asks =
        |n: u128| says(&widest, &Request { quantities: &[("record", n)], ..asks() }, &State::default());
    let below = u128::from(u64::MAX) << 63;
    assert_eq!(asks(1 << 63), format!("permit; line b 0 {below}; delta 0 0 {}", 1u128 << 63));
    assert_eq!(asks((1 << 63) + 1), format!("permit; line b 0 {most}; delta 0 0 {}", (1u128 << 63) + 1));
}

#[test]
fn amounts_that_stand_for_themselves_are_wider_than_rates() {
    // A fee and a limit on what is spent, at 18 decimals: 25 units of the currency are more than 2^64 parts.
    let text = |fee: u128, limit: u128| {
        format!(
            "{OPEN}section charge\n (clause=1 by_case=no)\n (clause=2 by_case=no)\nsection case\n (charge=0 when=0 price=fee(amount={fee} key=user window=month))\n (charge=1 when=0 price=rate(unit=1 rate=1))\n{MONEY}section spend\n (clause=3 amount={limit} key=user window=month guard=-)\n"
        )
    };
    let unit = 10u128.pow(18);
    let says = |fee, limit, n, state: &State<'_>| {
        says(&text(fee, limit), &Request { quantities: &[("record", n)], ..asks() }, state)
    };
    let fresh = State::default();
    let deltas = |spent: u128| format!("delta 0 682 {spent}; delta 1 682 1");
    let lines = |fee, n: u128| format!("permit; line b 0 {fee}; line c 0 {n}; {}", deltas(fee + n));
    assert_eq!(says(24 * unit, 25 * unit, unit, &fresh), lines(24 * unit, unit));
    assert_eq!(says(24 * unit, 25 * unit, unit + 1, &fresh), "deny; reason over:d");
    let most = u128::MAX >> 1;
    assert_eq!(says(most, most, 0, &fresh), lines(most, 0));
    assert_eq!(says(most, most, 1, &fresh), "deny; reason range:*");
    assert_eq!(
        says(most, most, 1, &State { used: &[0, 1], ..fresh }),
        "permit; line b 0 0; line c 0 1; delta 0 682 1; delta 1 682 1"
    );
    assert_eq!(says(most - 1, most, 1, &State { used: &[1], ..fresh }), "deny; reason over:d");
}

#[test]
fn reports_for_a_charge_at_close() {
    let text = format!(
        "{OPEN}{MONEY}section at_close\n (clause=1 aggregate=sum unit=2 key=organisation window=month bands=[(upto=- kind=at amount=3)] guard=7)\n\
         (clause=2 aggregate=highest unit=1 key=licensee window=day bands=[(upto=10 kind=for amount=3) (upto=- kind=at amount=1)] guard=-)\n"
    );
    let s = |quantities, facts, used, organisation| {
        says(
            &text,
            &Request { quantities, facts, organisation, ..asks() },
            &State { used, ..State::default() },
        )
    };
    let yes: &[(&str, FactValue<'_>)] = &[("certified", FactValue::Truth(true))];
    let no: &[(&str, FactValue<'_>)] = &[("certified", FactValue::Truth(false))];
    let acme = Some("acme");
    assert_eq!(s(&[("token", 7)], yes, &[993], acme), "permit; delta 0 682 7");
    assert_eq!(s(&[("token", 7)], yes, &[994], acme), "deny; reason range:token");
    // A stated nothing is a report; what is not stated is none.
    assert_eq!(s(&[("token", 0)], yes, &[], acme), "permit; delta 0 682 0");
    assert_eq!(s(&[("record", 0), ("token", 1)], yes, &[], acme), "permit; delta 0 682 1; delta 1 20779 0");
    assert_eq!(s(&[], yes, &[1000], acme), "permit");
    assert_eq!(s(&[], yes, &[1001], acme), "deny; reason range:token");
    assert_eq!(s(&[("token", 7)], no, &[1000], acme), "permit");
    assert_eq!(s(&[("token", 7)], &[], &[], acme), "deny; reason needing:certified");
    assert_eq!(s(&[("token", 7)], yes, &[], None), "deny; reason needing:organisation");
    // Its units are priced, others are not.
    assert_eq!(s(&[("call", 7)], no, &[], acme), "permit");
    let unpriced = text.replace("unit=1 key=licensee", "unit=2 key=licensee");
    let r = Request { quantities: &[("record", 1)], facts: no, ..asks() };
    assert_eq!(says(&unpriced, &r, &State::default()), "deny; reason unpriced:record");
    // A commit reports as well.
    let r = Request { quantities: &[("token", 5)], facts: yes, ..asks() };
    assert_eq!(prices(&text, &r, &State::default()), "permit; delta 0 682 5");
    let denied = text.replacen("(clause=0 when=0)", "(clause=0 when=12)", 1);
    assert_eq!(
        says(&denied, &Request { facts: &[], ..asks() }, &State::default()),
        "deny; reason not-permitted:other"
    );
}

#[test]
fn all_counters_in_order() {
    let text = format!(
        "section permit\n (clause=0 when=0)\nsection limit\n (clause=1 unit=2 cap=99 key=user window=second guard=-)\nsection charge\n (clause=2 by_case=no)\n (clause=3 by_case=no)\n (clause=4 by_case=no)\nsection case\n\
         (charge=0 when=0 price=fee(amount=5 key=user window=hour))\n (charge=1 when=0 price=graduated(unit=2 key=user window=minute tiers=[(start=0 rate=1)]))\n\
         (charge=2 when=0 price=bounded(unit=2 key=user window=year tiers=[(start=0 rate=1)] cap=3 floor=-))\n{MONEY}\
         section at_once\n (clause=5 cap=1 key=user guard=- lease=seconds(n=1))\nsection seats\n (clause=6 cap=1 key=licensee guard=- held=seconds(n=1))\n\
         section spend\n (clause=7 amount=50 key=user window=week guard=-)\nsection prepaid\n (clause=8 key=licensee guard=-)\n"
    );
    let r = Request { quantities: &[("token", 4)], ..asks() };
    let state = State { used: &[0, 0, 0, 0, 0, 0, 0, 12], ..State::default() };
    let (second, minute, hour) = (NOON / SECOND, NOON / SECOND / 60, NOON / SECOND / 3_600);
    let lines = "line c 0 5; line d 0 4; line e 0 3";
    let prices_only =
        format!("delta 1 {minute} 4; delta 2 56 4; delta 5 2968 12; delta 6 {hour} 1; delta 7 0 12");
    assert_eq!(
        says(&text, &r, &state),
        format!(
            "permit; {lines}; delta 0 {second} 4; delta 1 {minute} 4; delta 2 56 4; delta 3 0 1; delta 4 0 1; delta 5 2968 12; delta 6 {hour} 1; delta 7 0 12"
        )
    );
    assert_eq!(prices(&text, &r, &State::default()), format!("permit; {lines}; {prices_only}"));
    let short = State { used: &[0, 0, 0, 0, 0, 39, 0, 11], ..State::default() };
    assert_eq!(says(&text, &r, &short), "deny; reason over:h; reason credit:i");
    assert_eq!(prices(&text, &r, &short), format!("permit; {lines}; {prices_only}"));
}

#[test]
fn windows_of_the_calendar_begin_and_end() {
    // Two hours east, three from 2026-03-29T01:00Z, two again from 2026-10-25T01:00Z.
    let p = policy(&format!(
        "section zone\n (at=-9223372036854775808 offset=7200)\n (at=1774746000 offset=10800)\n (at=1792890000 offset=7200)\n{OPEN}"
    ));
    for (kind, steps) in [
        (Window::Second, 9),
        (Window::Hour, 9),
        (Window::Day, 400),
        (Window::Week, 60),
        (Window::Month, 20),
        (Window::Quarter, 6),
        (Window::Year, 3),
    ] {
        let mut at = 1_770_000_000 * SECOND;
        for _ in 0..steps {
            let index = p.window(kind, at);
            let (start, end) = (p.window_start(kind, index), p.window_end(kind, index));
            assert!(start <= at && at < end, "{kind:?} {index}");
            assert_eq!((p.window(kind, start), p.window(kind, end - 1)), (index, index));
            assert_eq!((p.window(kind, start - 1), p.window(kind, end)), (index - 1, index + 1));
            at = end;
        }
    }
    // A day of 23 hours and one of 25.
    let length = |day| p.window_end(Window::Day, day) - p.window_start(Window::Day, day);
    assert_eq!([length(20_540), length(20_541), length(20_751)], [24, 23, 25].map(|h| h * 3_600 * SECOND));
    for kind in Window::ALL {
        for index in [i64::MIN, -1, 0, 1, 1 << 40, i64::MAX] {
            let (start, end) = (p.window_start(*kind, index), p.window_end(*kind, index));
            assert!(0 <= start && end <= licit_vm::END_OF_TIME, "{kind:?} {index}");
        }
    }
    assert_eq!(p.window_end(Window::Term, 0), licit_vm::END_OF_TIME);
    assert_eq!(p.renewal_window(Renewal::default(), NOON), None);
    assert_eq!(p.renewal_until(NOON, 3), licit_vm::END_OF_TIME);
}

#[test]
fn a_clock_put_back_at_midnight_shows_the_old_day_again() {
    // At 00:30 on day 20000 the clock goes back an hour, to 23:30 of the day before.
    let change = 20_000 * 86_400 + 1_800;
    let p = policy(&format!(
        "section zone\n (at=-9223372036854775808 offset=0)\n (at={change} offset=-3600)\n{OPEN}"
    ));
    let at = |seconds: i64| seconds * SECOND;
    let midnight = 20_000 * 86_400;
    assert_eq!(p.window(Window::Day, at(midnight)), 20_000);
    assert_eq!(p.window(Window::Day, at(change)), 19_999);
    assert_eq!(p.window_start(Window::Day, 20_000), at(midnight));
    // It is past only when it cannot come again.
    assert_eq!(p.window_end(Window::Day, 19_999), at(midnight + 3_600));
}

/// Tokens graduated by user and day, records bounded by licensee and month, calls at a rate, and a fee.
const HELD: &str = "section permit\n (clause=0 when=0)\nsection charge\n (clause=1 by_case=no)\n (clause=2 by_case=yes)\n (clause=3 by_case=no)\n (clause=4 by_case=no)\nsection case\n\
    (charge=0 when=0 price=graduated(unit=2 key=user window=day tiers=[(start=0 rate=1) (start=100 rate=7) (start=110 rate=0)]))\n\
    (charge=1 when=4 price=free)\n (charge=1 when=5 price=bounded(unit=1 key=licensee window=month tiers=[(start=0 rate=5)] cap=52 floor=-))\n\
    (charge=2 when=0 price=rate(unit=0 rate=9))\n (charge=3 when=0 price=fee(amount=500 key=organisation window=month))\n";

#[test]
fn the_largest_price_of_a_hold() {
    let p = policy(HELD);
    let mut out = p.outcome();
    let mut largest = |r: &Request<'_>, ranges: &[(u128, u128)]| {
        let most = p.largest(&p.bind(r).expect("well-formed"), ranges, &mut out);
        (most, p.text(&out).trim_end().replace('\n', "; "))
    };
    let r = Request { quantities: &[("token", 5), ("record", 3), ("call", 1)], ..asks() };
    // Nothing else is held: 5 tokens at 1, 3 records at 5, a call at 9, the fee.
    assert_eq!(
        largest(&r, &[]),
        (Some(529), "permit; line b 0 5; line c 1 15; line d 0 9; line e 0 500".into())
    );
    // The tokens may fall into the dear tier, the records under the cap, the fee on another.
    let held = [(0, 100), (8, 20), (0, 7)];
    assert_eq!(
        largest(&r, &held),
        (Some(35 + 12 + 9 + 500), "permit; line b 0 35; line c 1 12; line d 0 9; line e 0 500".into())
    );
    let after = [(106, 200), (10, 20), (1, 7)];
    assert_eq!(
        largest(&r, &after),
        (Some(28 + 2 + 9), "permit; line b 0 28; line c 1 2; line d 0 9; line e 0 0".into())
    );
    // Positions beyond the unit's highest count as it.
    assert_eq!(largest(&r, &[(998, u128::MAX), (u128::MAX, u128::MAX), (1, 1)]).0, Some(9));
    // Where a charge has no price there is none.
    let none = |r, why: &str| assert_eq!(largest(&r, &[]), (None, why.into()));
    let mut none = none;
    none(Request { purpose: Some("product"), ..r }, "deny; reason unpriced:c");
    none(Request { purpose: None, ..r }, "deny; reason needing:purpose");
    none(Request { user: None, ..r }, "deny; reason needing:user");
    none(Request { organisation: None, ..r }, "deny; reason needing:organisation");
    none(Request { quantities: &[("token", 1001)], ..r }, "deny; reason range:token");
}

#[test]
fn a_largest_price_that_does_not_fit() {
    let text = "section permit\n (clause=0 when=0)\nsection charge\n (clause=1 by_case=no)\n (clause=2 by_case=no)\nsection case\n\
        (charge=0 when=0 price=graduated(unit=1 key=user window=day tiers=[(start=0 rate=1) (start=1000 rate=4)]))\n (charge=1 when=0 price=rate(unit=1 rate=1))\n";
    let p = policy(text);
    let mut out = p.outcome();
    let mut largest = |q, low, high| {
        let bound = p.bind(&Request { quantities: &[("record", q)], ..asks() }).expect("well-formed");
        p.largest(&bound, &[(low, high)], &mut out)
    };
    assert_eq!(largest(1 << 100, 0, 0), Some((5 << 100) - 3000));
    assert_eq!(largest(1 << 100, 0, 1000), Some(5 << 100));
    // Each line fits, their sum does not.
    assert_eq!(largest(1 << 125, 0, 0), None);
    assert_eq!(largest((1 << 125) / 2, 0, u128::MAX), Some(5 << 124));
    // The last position costs little though all before it would not fit.
    assert_eq!(largest(1, 1 << 126, 1 << 126), Some(5));
}
