//! A ledger in memory, for tests: commands in, events out, everything kept.
#![allow(dead_code, reason = "every test file uses its part")]

use std::collections::BTreeMap;

use licit_bytecode::{encode, text};
use licit_ledger::receipt::{Hash, SigningKey};
use licit_ledger::{
    Ask, CallId, Command, Event, Licence, Mint, Order, Past, Refusal, Request, State, Step, What, fold, step,
};

pub const MONTHLY: &str = include_str!("../licences/monthly.lasm");
pub const BY_CALL: &str = include_str!("../licences/by_call.lasm");
pub const METERED: &str = include_str!("../licences/metered.lasm");
pub const PREPAID: &str = include_str!("../licences/prepaid.lasm");
pub const RENEWING: &str = include_str!("../licences/renewing.lasm");
pub const STORAGE: &str = include_str!("../statements/storage.lasm");
pub const CLOSING: &str = include_str!("../licences/closing.lasm");
pub const ZONED: &str = include_str!("../licences/zoned.lasm");

/// 2023-11-16T18:15Z.
pub const START: u64 = 1_700_158_500_000_000;
pub const SECOND: u64 = 1_000_000;
pub const HOUR: u64 = 3600 * SECOND;
pub const DAY: u64 = 24 * HOUR;

pub fn module(text_form: &str) -> Vec<u8> {
    encode(&text::assemble(text_form).expect("the text form is well-formed"))
}

pub fn licence(text_form: &str) -> Licence {
    Licence::load(&module(text_form)).expect("the module is valid")
}

pub struct Ledger {
    pub policies: BTreeMap<Hash, Licence>,
    pub state: State,
    pub events: Vec<Event>,
    pub past: BTreeMap<u64, Past>,
    pub module: Hash,
    pub now: u64,
}

impl Ledger {
    pub fn new(text_form: &str) -> Ledger {
        let licence = licence(text_form);
        let module = *licence.policy().module_id();
        let mut ledger = Ledger {
            policies: BTreeMap::from([(module, licence)]),
            state: State::new(),
            events: Vec::new(),
            past: BTreeMap::new(),
            module,
            now: START,
        };
        let key = SigningKey::from_seed(&[7; 32]).verifying_key();
        ledger.run(Command::EpochOpen { key, epoch: 1, salt: [9; 32], prev: None }).expect("a log opens");
        ledger
    }

    pub fn step(&self, command: &Command) -> Result<Step, Refusal> {
        let mut salt = [1; 32];
        salt[..8].copy_from_slice(&self.state.leaves().to_be_bytes());
        step(
            &self.policies,
            &self.past,
            &self.state,
            command,
            &Mint { logged_at: self.now, salt, blind: [2; 16] },
        )
    }

    pub fn run(&mut self, command: Command) -> Result<Step, Refusal> {
        let done = self.step(&command)?;
        if let Step::Event(event) = &done {
            fold(&mut self.state, &event.receipt, &event.kept).expect("what step makes folds");
            let past = Past {
                receipt: event.receipt.clone(),
                kept: event.kept.clone(),
                content: Some(event.content.clone()),
            };
            self.past.insert(event.receipt.seq, past);
            self.events.push((**event).clone());
        }
        Ok(done)
    }

    pub fn ask_for(&self, call: u64, used_at: u64, request: Request) -> Ask {
        Ask { call: id(call), module: self.module, used_at, request }
    }

    /// An order of now, about nobody, by nobody.
    pub fn order(&self, id_of: u64, what: What) -> Order {
        let at = what.has_instant().then_some(self.now);
        Order { id: id(id_of), module: self.module, at, request: Request::default(), what, warrant: None }
    }

    pub fn last(&self) -> &Event {
        self.events.last().expect("there is an event")
    }
}

pub fn id(call: u64) -> CallId {
    u128::from(call).to_be_bytes()
}

pub fn chat(user: &str, organisation: Option<&str>, tokens: u128) -> Request {
    let mut request = Request {
        user: Some(user.into()),
        organisation: organisation.map(Into::into),
        action: Some("chat".into()),
        quantities: vec![("token".into(), tokens)],
        ..Request::default()
    };
    request.sort();
    request
}
