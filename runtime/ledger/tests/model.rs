//! The ledger against a model: plain tables, written from the rules, over random sequences of commands.

mod common;

use std::collections::BTreeMap;

use common::*;
use licit_ledger::receipt::{Kind, Receipt};
use licit_ledger::{
    Accounts, Audit, Command, Order, Phase, Refusal, Request, State, Step, Verdict, What, fold,
};
use proptest::prelude::*;

/// What a test does to the ledger. Small numbers name calls, users and organisations.
#[derive(Clone, Debug)]
enum Act {
    Invoke { call: u64, who: Who, tokens: u128, calls: u128, at: u64, spy: bool },
    Ask { call: u64, who: Who, tokens: u128, calls: u128, at: u64, lease: u64 },
    Commit { call: u64, tokens: u128, calls: u128 },
    Release { call: u64 },
    Wait { micros: u64 },
    Done { who: Who },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Who {
    user: u8,
    organisation: u8,
}

fn who() -> impl Strategy<Value = Who> {
    (0u8..3, 0u8..3).prop_map(|(user, organisation)| Who { user, organisation })
}

fn act() -> impl Strategy<Value = Act> {
    let tokens = prop_oneof![0u128..400, Just(1000), 0u128..3];
    let at = prop_oneof![3 => 0u64..DAY, 1 => 0u64..20 * DAY];
    let invoke = (0u64..60, who(), tokens.clone(), 0u128..3, at.clone(), prop::bool::weighted(0.1));
    let ask = (0u64..60, who(), tokens, 0u128..3, at, 1u64..2 * HOUR);
    prop_oneof![
        4 => invoke.prop_map(|(call, who, tokens, calls, at, spy)| Act::Invoke { call, who, tokens, calls, at, spy }),
        4 => ask.prop_map(|(call, who, tokens, calls, at, lease)| Act::Ask { call, who, tokens, calls, at, lease }),
        4 => (0u64..60, 0u128..400, 0u128..3).prop_map(|(call, tokens, calls)| Act::Commit { call, tokens, calls }),
        1 => (0u64..60).prop_map(|call| Act::Release { call }),
        1 => (0u64..2 * HOUR).prop_map(|micros| Act::Wait { micros }),
        1 => who().prop_map(|who| Act::Done { who }),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Duty {
    Clear,
    Pending(u64),
    Done,
}

#[derive(Clone, Debug)]
struct Call {
    phase: Phase,
    /// Who, tokens, calls, instant, whether it spied.
    ask: (Who, u128, u128, u64, bool),
    committed: (u128, u128),
    until: u64,
    duty: bool,
}

#[derive(Default)]
struct Model {
    calls: BTreeMap<u64, Call>,
    charged: BTreeMap<(u8, u64), u128>,
    due: BTreeMap<(u8, u64), u128>,
    duties: BTreeMap<Who, Duty>,
}

/// What the model says of a command: refused, answered before, or a leaf that charges and makes due.
#[derive(Debug, PartialEq)]
enum Says {
    Refused,
    Repeated(Phase),
    Leaf { phase: Phase, amount: Option<u128>, due: Option<u128> },
}

fn day(at: u64) -> u64 {
    at / DAY
}

/// November or December 2023: the runs start on 16 November and last less than 40 days.
fn month(at: u64) -> u64 {
    u64::from(at >= START - 18 * HOUR - 900 * SECOND + 15 * DAY)
}

fn price(used: u128) -> u128 {
    3 * used.min(1000) + 2 * used.saturating_sub(1000)
}

/// Thousandths to cents, ties to even.
fn cents(thousandths: u128) -> u128 {
    let (floor, rest) = (thousandths / 10, thousandths % 10);
    floor + u128::from(rest > 5 || rest == 5 && floor % 2 == 1)
}

impl Model {
    /// Tokens committed, and held, of calls that match.
    fn tokens(&self, matches: impl Fn(&Call) -> bool, held: bool) -> u128 {
        let of = |call: &&Call| matches(call);
        self.calls
            .values()
            .filter(of)
            .map(|call| match call.phase {
                Phase::Committed | Phase::Late => call.committed.0,
                Phase::Held if held => call.ask.1,
                _ => 0,
            })
            .sum()
    }

    fn permits(&self, (who, tokens, _, at, spy): (Who, u128, u128, u64, bool)) -> bool {
        let daily = self.tokens(|call| call.ask.0.user == who.user && day(call.ask.3) == day(at), true);
        let of = who.organisation;
        let monthly =
            self.tokens(|call| call.ask.0.organisation == of && month(call.ask.3) == month(at), true);
        let suspended = self
            .duties
            .get(&licensee(who))
            .is_some_and(|duty| matches!(duty, Duty::Pending(due) if at >= *due));
        !spy && of > 0 && daily + tokens <= 1000 && monthly + tokens <= 2500 && !suspended
    }

    fn decide(&mut self, call: u64, ask: (Who, u128, u128, u64, bool), until: Option<u64>) -> Says {
        if let Some(before) = self.calls.get(&call) {
            return if before.ask == ask { Says::Repeated(before.phase) } else { Says::Refused };
        }
        let permitted = self.permits(ask);
        let duty = permitted && self.duty(ask.0) == Duty::Clear;
        let phase = if permitted { Phase::Held } else { Phase::Denied };
        self.calls
            .insert(call, Call { phase, ask, committed: (0, 0), until: until.unwrap_or(u64::MAX), duty });
        match (permitted, until) {
            (true, None) => self.bill(call, ask.1, ask.2, false),
            _ => Says::Leaf { phase, amount: None, due: None },
        }
    }

    fn duty(&self, who: Who) -> Duty {
        self.duties.get(&licensee(who)).copied().unwrap_or(Duty::Clear)
    }

    fn bill(&mut self, id: u64, tokens: u128, calls: u128, late: bool) -> Says {
        let (who, _, _, at, _) = self.calls[&id].ask;
        let of = who.organisation;
        let used = self.tokens(|call| call.ask.0.organisation == of && month(call.ask.3) == month(at), false);
        let amount = price(used + tokens) - price(used) + 7 * calls;
        let charged = self.charged.entry((of, month(at))).or_default();
        let due = cents(*charged + amount) - cents(*charged);
        *charged += amount;
        *self.due.entry((of, month(at))).or_default() += due;
        if self.calls[&id].duty {
            let own = at + HOUR;
            let first = if let Duty::Pending(due) = self.duty(who) { due.min(own) } else { own };
            self.duties.insert(licensee(who), Duty::Pending(first));
        }
        let call = self.calls.get_mut(&id).expect("it was asked");
        let phase = if late { Phase::Late } else { Phase::Committed };
        (call.phase, call.committed) = (phase, (tokens, calls));
        Says::Leaf { phase, amount: Some(amount), due: Some(due) }
    }

    fn commit(&mut self, id: u64, tokens: u128, calls: u128, now: u64) -> Says {
        let Some(call) = self.calls.get(&id) else { return Says::Refused };
        match call.phase {
            Phase::Committed if call.committed == (tokens, calls) => Says::Repeated(Phase::Committed),
            Phase::Late if call.committed == (tokens, calls) => Says::Repeated(Phase::Late),
            Phase::Held | Phase::Expired if tokens <= call.ask.1 && calls <= call.ask.2 => {
                let late = now >= call.until;
                self.bill(id, tokens, calls, late)
            }
            _ => Says::Refused,
        }
    }

    fn release(&mut self, id: u64, now: u64) -> Says {
        let Some(call) = self.calls.get_mut(&id) else { return Says::Refused };
        match call.phase {
            Phase::Released => Says::Repeated(Phase::Released),
            Phase::Held if now < call.until => {
                call.phase = Phase::Released;
                Says::Leaf { phase: Phase::Released, amount: None, due: None }
            }
            _ => Says::Refused,
        }
    }
}

/// A duty is the licensee's: the organisation's, or the user's who has none.
fn licensee(who: Who) -> Who {
    if who.organisation > 0 { Who { user: 0, ..who } } else { who }
}

fn request(who: Who, tokens: u128, calls: u128, spy: bool) -> Request {
    let mut request = chat(&format!("user {}", who.user), None, tokens);
    request.organisation = (who.organisation > 0).then(|| format!("organisation {}", who.organisation));
    request.quantities.push(("call".into(), calls));
    request.sort();
    if spy {
        request.action = Some("spy".into());
    }
    request
}

fn says(ledger: &Ledger, call: u64, done: Result<Step, Refusal>) -> Says {
    match done {
        Err(_) => Says::Refused,
        Ok(Step::Repeat(call)) => Says::Repeated(call.phase),
        Ok(Step::Event(event)) => Says::Leaf {
            phase: ledger.state.call(&id(call)).expect("it is known").phase,
            amount: event.receipt.amount.map(|amount| amount.numerator),
            due: event.receipt.due.map(|due| due.minor),
        },
    }
}

/// Runs the acts on both and compares every answer.
fn play(acts: &[Act]) -> (Ledger, Model) {
    let (mut ledger, mut model) = (Ledger::new(MONTHLY), Model::default());
    for act in acts {
        while let Some(call) = ledger.state.ended(ledger.now) {
            ledger.run(Command::Expire { call }).expect("it has ended");
            let call = u128::from_be_bytes(call) as u64;
            assert!(model.calls[&call].until <= ledger.now);
            model.calls.get_mut(&call).expect("it is held").phase = Phase::Expired;
        }
        let (call, expected, done) = match act.clone() {
            Act::Invoke { call, who, tokens, calls, at, spy } => {
                let expected = model.decide(call, (who, tokens, calls, START + at, spy), None);
                let ask = ledger.ask_for(call, START + at, request(who, tokens, calls, spy));
                (call, expected, ledger.run(Command::Invoke(ask)))
            }
            Act::Ask { call, who, tokens, calls, at, lease } => {
                let until = ledger.now + lease;
                let expected = model.decide(call, (who, tokens, calls, START + at, false), Some(until));
                let ask = ledger.ask_for(call, START + at, request(who, tokens, calls, false));
                (call, expected, ledger.run(Command::Ask { ask, until: until as i64, latest: None }))
            }
            Act::Commit { call, tokens, calls } => {
                let expected = model.commit(call, tokens, calls, ledger.now);
                let quantities = vec![("call".into(), calls), ("token".into(), tokens)];
                (call, expected, ledger.run(Command::Commit { call: id(call), quantities }))
            }
            Act::Release { call } => {
                let expected = model.release(call, ledger.now);
                (call, expected, ledger.run(Command::Release { call: id(call) }))
            }
            Act::Wait { micros } => {
                ledger.now += micros;
                continue;
            }
            Act::Done { who } => {
                model.duties.insert(licensee(who), Duty::Done);
                let by = request(who, 0, 0, false);
                let done = Order { request: by, ..ledger.order(1000 + ledger.state.leaves(), What::Done(0)) };
                ledger.run(Command::Order(done)).expect("evidence is taken");
                continue;
            }
        };
        assert_eq!(says(&ledger, call, done), expected, "{act:?}");
    }
    (ledger, model)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_does_what_the_model_does(acts in prop::collection::vec(act(), 0..80)) {
        let (ledger, model) = play(&acts);
        // Money: totals, and their shares, to the last unit.
        let charged: u128 = model.charged.values().sum();
        let due: u128 = model.due.values().sum();
        let accounts = Accounts::of(&ledger.state, &ledger.policies);
        prop_assert!(accounts.balances(), "{:?}", accounts.faults);
        prop_assert_eq!(accounts.accounts.iter().map(|account| account.total.charged).sum::<u128>(), charged);
        prop_assert_eq!(accounts.accounts.iter().map(|account| account.total.due).sum::<i128>(), due as i128);
        for shares in &accounts.shares {
            prop_assert_eq!(shares.payees.iter().map(|payee| payee.payable).sum::<i128>() + shares.residue, shares.due);
            prop_assert_eq!(shares.payees.iter().map(|payee| payee.at_close).sum::<i128>(), shares.due);
        }
        // What is held is what open holds hold, no more and no less.
        let held: u128 = ledger.state.counters().filter(|(key, _)| key.counter == 0).map(|(_, sum)| sum.held).sum();
        let open = model.calls.values().filter(|call| call.phase == Phase::Held);
        prop_assert_eq!(held, open.map(|call| call.ask.1).sum::<u128>());
    }

    #[test]
    fn state_is_in_the_leaves_and_kept_parts_alone(acts in prop::collection::vec(act(), 0..60)) {
        let (ledger, _) = play(&acts);
        let mut again = State::new();
        for event in &ledger.events {
            let kept = licit_ledger::Kept::decode(event.receipt.kind, &event.opening.kept).expect("it decodes");
            prop_assert_eq!(&kept, &event.kept);
            let receipt = Receipt::decode(&event.receipt.encode().expect("it encodes")).expect("it decodes");
            fold(&mut again, &receipt, &kept).expect("it folds");
        }
        prop_assert_eq!(&again, &ledger.state);
    }

    #[test]
    fn the_audit_decides_everything_again(acts in prop::collection::vec(act(), 0..60), erase in any::<u64>()) {
        let (ledger, _) = play(&acts);
        let mut audit = Audit::new(&ledger.policies).looking_back(&ledger.past);
        for (index, event) in ledger.events.iter().enumerate() {
            let mut opening = event.opening.clone();
            // The commit of an erased hold could not be decided again.
            let erased = index % 7 == (erase % 7) as usize && event.receipt.kind != Kind::Hold;
            if erased {
                opening.erase();
            }
            let (leaf, opening) = (event.receipt.encode().unwrap(), opening.encode().unwrap());
            let verdict = audit.leaf(&leaf, Some(&opening));
            prop_assert_eq!(verdict, if erased { Verdict::Verified } else { Verdict::Reexecuted });
        }
        prop_assert_eq!(audit.state(), &ledger.state);
        prop_assert_eq!(audit.counts().failed, 0);
    }

    #[test]
    fn a_refused_command_changes_nothing(acts in prop::collection::vec(act(), 1..40), wrong in act()) {
        let (mut ledger, _) = play(&acts);
        let before = ledger.state.clone();
        if let Act::Commit { call, .. } = wrong {
            let quantities = vec![("token".into(), 1_000_000)];
            let refused = ledger.run(Command::Commit { call: id(call), quantities }).is_err();
            prop_assert!(refused);
            prop_assert_eq!(before, ledger.state);
        }
    }
}
