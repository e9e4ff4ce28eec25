//! A seeded simulation in one thread: clocks step back and forth, streams stop in the middle, gateways restart, disks
//! fail; beside it a small model of what a log may say.
//!
//! `SIM_SEED=n` runs one seed again, step by step the same; `SIM_SEEDS=n` runs so many.

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use common::*;
use licit_engine::receipt::{Kind, Reference};
use licit_engine::{
    Answer, CallId, Denials, DerivedSalts, Durability, Engine, Error, Flusher, Full, Gateway, Grace, Limits,
    Options, Outage, Phase, Promise, Refusal, Request, Settings, Standing, Verdict, audit,
};

const STEPS: u64 = 250;
const DAY: u64 = 86_400 * SECOND;
/// The month of `START` ends later.
const LAST: u64 = START + 13 * DAY;

/// A consumer's use, which it sends again until it is answered, or forgets.
struct Use {
    id: CallId,
    used_at: u64,
    request: Request,
    until: u64,
    hold: bool,
    /// The furthest durable answer: leaf, phase.
    told: Option<(u64, Phase)>,
}

struct World {
    random: Random,
    disk: MemoryDisk,
    clock: Arc<AtomicU64>,
    settings: Settings,
    gateway: Option<Gateway>,
    module: [u8; 32],
    uses: Vec<Use>,
    /// Receipts that consumers were told are durable, by leaf.
    told: BTreeMap<u64, Vec<u8>>,
    happened: BTreeMap<&'static str, u64>,
}

impl World {
    fn new(seed: u64) -> World {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut promise = || if random.one_in(3) { Promise::Memory } else { Promise::Disk };
        let durability = Durability {
            ask: promise(),
            invoke: promise(),
            commit: promise(),
            release: promise(),
            other: promise(),
        };
        let limits =
            Limits { waiting: 8, full: Full::Busy, holds: 6, holds_per_licensee: 4, ..Limits::default() };
        let mut outage = Outage { retry: Duration::ZERO, ..Outage::default() };
        if random.one_in(2) {
            let mut licence = [0; 32];
            (licence[0], licence[31]) = (0x5a, 1);
            outage.grace.insert(licence, Grace { time: Duration::MAX, events: random.below(5) });
        }
        let denials = Denials { per_minute: 2, nobody: random.one_in(2), ..Denials::default() };
        let settings =
            Settings { durability, limits, outage, denials, flusher: Flusher::Caller, ..Settings::default() };
        let mut world = World {
            random,
            disk: MemoryDisk::default(),
            clock: Arc::new(AtomicU64::new(START)),
            settings,
            gateway: None,
            module: [0; 32],
            uses: Vec::new(),
            told: BTreeMap::new(),
            happened: BTreeMap::new(),
        };
        world.begin();
        world
    }

    fn note(&mut self, what: &'static str) {
        *self.happened.entry(what).or_insert(0) += 1;
    }

    /// Opens the ledger: at the first attempt the disk may fail, at the second it does not.
    fn begin(&mut self) {
        let clock = self.clock.clone();
        let open = |world: &World, clock: Arc<AtomicU64>| {
            let salts = Box::new(DerivedSalts::new([3; 32]));
            let options = Options { group: 1, checkpoint_every: 7, snapshot_every: 20 };
            let disk = Box::new(world.disk.clone());
            let engine =
                Engine::open(Some(disk), key(), Box::new(move || clock.load(Relaxed)), salts, options)?;
            let gateway = Gateway::new(engine, world.settings.clone())?;
            let module = gateway.load(&monthly())?.module;
            Ok::<_, Error>((gateway, module))
        };
        if self.random.one_in(3) {
            self.arm();
        }
        let opened = open(self, clock.clone()).or_else(|_| {
            self.note("failed openings");
            if self.random.one_in(2) {
                self.disk.crash(self.random.below(256) as u8);
            } else {
                self.disk.restart();
            }
            self.disk.fail(None);
            open(self, clock)
        });
        let (gateway, module) = opened.expect("it opens");
        for (leaf, payload) in &self.told {
            assert_eq!(&gateway.entry(*leaf).expect("it is there").payload, payload, "leaf {leaf} was told");
        }
        (self.gateway, self.module) = (Some(gateway), module);
    }

    /// A fault at one of the next operations.
    fn arm(&mut self) {
        let fault = match self.random.below(5) {
            0 => Fault::Nothing,
            1 => Fault::Half,
            2 => Fault::All,
            _ => Fault::Gone,
        };
        let at = self.random.below(12);
        self.disk.fail(Some((at, fault)));
    }

    fn gateway(&self) -> Gateway {
        self.gateway.clone().expect("it is open")
    }

    fn step(&mut self) {
        match self.random.below(100) {
            0..=34 => self.new_use(),
            35..=69 => self.go_on(),
            70..=84 => self.time_passes(),
            85..=89 => self.arm(),
            90..=94 => self.disk.fail(None),
            95 => {
                // A failure here is one that the disk still has; what was told is checked on opening.
                let _ = self.gateway().checkpoint();
            }
            96 => {
                let _ = self.gateway().flush();
            }
            _ => self.restart(),
        }
    }

    fn time_passes(&mut self) {
        let now = self.clock.load(Relaxed);
        let most = if self.random.one_in(5) { 7200 } else { 90 };
        let by = self.random.below(most) * SECOND;
        let back = self.random.one_in(4);
        let then = if back { now.saturating_sub(by).max(START) } else { (now + by).min(LAST) };
        self.clock.store(then, Relaxed);
        let ended = self.gateway().expire().unwrap_or(0);
        if ended > 0 {
            self.note("holds that ran out");
        }
    }

    fn restart(&mut self) {
        let gateway = self.gateway.take().expect("it is open");
        match self.random.below(4) {
            0 => {
                self.note("closings");
                let _ = gateway.close();
            }
            1 => {
                self.note("drainings");
                let _ = gateway.drain(Duration::ZERO);
            }
            // Killed: nothing more is written.
            2 => {
                self.note("kills");
                self.disk.fail(Some((0, Fault::Gone)));
            }
            _ => {
                self.note("power cuts");
                self.disk.fail(Some((0, Fault::Gone)));
                drop(gateway);
                self.disk.crash(self.random.below(256) as u8);
                return self.begin();
            }
        }
        drop(gateway);
        self.disk.restart();
        self.begin();
    }

    fn new_use(&mut self) {
        let number = self.uses.len() as u64;
        let now = self.clock.load(Relaxed);
        let user = self.random.below(4);
        let request = Request {
            user: Some(format!("user {user}")),
            organisation: Some(format!("organisation {}", user % 2)),
            action: Some(if self.random.one_in(8) { "spy" } else { "chat" }.into()),
            quantities: vec![("token".into(), u128::from(1 + self.random.below(120)))],
            ..Request::default()
        };
        self.uses.push(Use {
            id: id(number),
            used_at: now.saturating_sub(self.random.below(100) * SECOND).max(START),
            request,
            until: now + (1 + self.random.below(1200)) * SECOND,
            hold: self.random.one_in(2),
            told: None,
        });
        self.ask(number as usize);
    }

    /// Some earlier use: sent again, committed, or given back.
    fn go_on(&mut self) {
        if self.uses.is_empty() {
            return;
        }
        // Mostly a recent one; many streams are never heard of again.
        let back = self.random.below(8).min(self.uses.len() as u64 - 1);
        let at = self.uses.len() - 1 - back as usize;
        if self.random.one_in(3) || !self.uses[at].hold {
            return self.ask(at);
        }
        let call = self.uses[at].id;
        let result = if self.random.one_in(3) {
            self.gateway().release(call)
        } else {
            // The same each time: half of what was held.
            let tokens = self.uses[at].request.quantities[0].1 / 2;
            self.gateway().commit(call, vec![("token".into(), tokens)])
        };
        self.judge(at, result);
    }

    fn ask(&mut self, at: usize) {
        let Use { id, used_at, ref request, until, hold, .. } = self.uses[at];
        let gateway = self.gateway();
        let result = if hold {
            gateway.ask(self.module, id, used_at, request.clone(), until)
        } else {
            gateway.invoke(self.module, id, used_at, request.clone())
        };
        self.judge(at, result);
    }

    /// What was told before binds what is told now.
    fn judge(&mut self, at: usize, result: Result<Answer, Error>) {
        let told = self.uses[at].told;
        match result {
            Ok(answer) => {
                if let Some((leaf, phase)) = told {
                    let open = matches!(phase, Phase::Held | Phase::Expired);
                    assert!(answer.repeated || open, "answered anew after {phase:?}");
                    assert!(answer.receipt.seq >= leaf, "{answer:?} after leaf {leaf}");
                    let late = phase == Phase::Expired && answer.phase == Phase::Late;
                    assert!(
                        phase == Phase::Held || phase == answer.phase || late,
                        "{:?} after {phase:?}",
                        answer.phase
                    );
                }
                match answer.standing {
                    Standing::Durable => {
                        let payload = answer.receipt.encode().expect("it was logged");
                        let before = self.told.insert(answer.receipt.seq, payload.clone());
                        assert!(before.is_none_or(|before| before == payload), "told otherwise before");
                        self.uses[at].told = Some((answer.receipt.seq, answer.phase));
                        self.note(if answer.repeated { "repeated answers" } else { "durable answers" });
                    }
                    Standing::Memory => self.note("answers from memory"),
                    Standing::Unlogged => self.note("denials that were not logged"),
                }
            }
            Err(Error::Refused(Refusal::UnknownCall)) => {
                assert_eq!(told, None, "a hold that was told to be durable is forgotten");
                self.note("unknown calls");
            }
            Err(Error::Refused(Refusal::AlreadyEnded(_) | Refusal::Until | Refusal::Conflict)) => {
                self.note("refusals");
            }
            Err(Error::NotDurable { .. }) => self.note("answers that were not durable"),
            Err(Error::StoreDown { .. }) => self.note("refusals because the store was down"),
            Err(Error::Busy) => self.note("refusals because too much waited"),
            Err(Error::TooManyHolds { .. }) => self.note("refusals because too much was held"),
            Err(Error::Io { .. }) => self.note("answers that could not be read"),
            Err(error) => panic!("{error:?}"),
        }
    }

    /// The disk works, everything is written; the log is what the model says a log may be.
    fn end(mut self) -> BTreeMap<&'static str, u64> {
        self.disk.fail(None);
        let gateway = self.gateway();
        if gateway.status().down.is_some() {
            gateway.retry().expect("it is told");
            let _ = gateway.flush();
        }
        gateway.flush().expect("the disk works");
        self.gateway = None;
        gateway.close().expect("the disk works");
        drop(gateway);
        let report = audit(&self.disk, Some(&key().verifying_key()), &mut |leaf, verdict| {
            assert_eq!(*verdict, Verdict::Reexecuted, "leaf {leaf}");
        });
        let report = report.expect("it can be audited");
        assert!(report.passes(), "{:?}", report.findings);
        let engine = open(Some(&self.disk), Options::default()).expect("it opens");
        let mut model = Model::default();
        for leaf in 0..engine.durable() {
            model.fold(&engine.entry(leaf).expect("it reads"));
        }
        let open: u64 = engine.state().holds().count() as u64;
        assert_eq!(model.holds.len() as u64, open);
        let charged: u128 = engine.accounts().accounts.iter().map(|account| account.total.charged).sum();
        assert_eq!(charged, model.charged);
        if model.summed > 0 {
            self.note("sums of denials");
        }
        self.happened
    }
}

/// A day of a user, or the month of an organisation.
type Key = (Option<String>, u64);

/// What a log may say, by rules of its own.
#[derive(Default)]
struct Model {
    logged: u64,
    phases: BTreeMap<CallId, Phase>,
    /// By leaf: user's day, organisation, tokens, the hold's end.
    holds: BTreeMap<u64, (Key, Key, u128, u64)>,
    held: BTreeMap<Key, u128>,
    used: BTreeMap<Key, u128>,
    /// Events that sum up denials.
    summed: u64,
    /// Used, but said so late: no limit was asked.
    late: BTreeMap<Key, u128>,
    charged: u128,
}

impl Model {
    fn fold(&mut self, entry: &licit_engine::Entry) {
        let (receipt, content) = (&entry.receipt, entry.content.as_ref().expect("nothing was erased"));
        assert!(receipt.at.logged >= self.logged, "the log's clock runs backwards");
        self.logged = receipt.at.logged;
        if matches!(entry.kept, licit_engine::Kept::Denials { .. }) {
            self.summed += 1;
            return;
        }
        let Some(call) = receipt.call else { return };
        let before = self.phases.get(&call).copied();
        let day = (content.request.user.clone(), receipt.at.used / DAY);
        let month = (content.request.organisation.clone(), 0);
        let tokens = content.request.quantity("token");
        let ended = match receipt.reference {
            Some(Reference::Leaf(leaf)) => self.holds.remove(&leaf),
            _ => None,
        };
        assert_eq!(ended.is_some(), before == Some(Phase::Held), "a hold ends once");
        if let Some((day, month, tokens, _)) = &ended {
            *self.held.get_mut(day).expect("it is held") -= tokens;
            *self.held.get_mut(month).expect("it is held") -= tokens;
        } else {
            let late = before == Some(Phase::Expired) && receipt.kind == Kind::Late;
            assert!(before.is_none() || late, "a call is decided once");
        }
        let phase = match receipt.kind {
            Kind::Hold => {
                let until = match entry.kept {
                    licit_engine::Kept::Hold { until, .. } => u64::try_from(until).expect("it is later"),
                    ref other => panic!("{other:?}"),
                };
                self.holds.insert(receipt.seq, (day.clone(), month.clone(), tokens, until));
                *self.held.entry(day.clone()).or_insert(0) += tokens;
                *self.held.entry(month.clone()).or_insert(0) += tokens;
                Phase::Held
            }
            Kind::Commit | Kind::Late => {
                let late = receipt.kind == Kind::Late;
                if let Some((_, _, most, until)) = ended {
                    assert!(tokens <= most && late == (self.logged >= until));
                }
                let price = |used: u128| 3 * used.min(1000) + 2 * used.saturating_sub(1000);
                let used = self.used.get(&month).copied().unwrap_or(0);
                let amount = price(used + tokens) - price(used);
                assert_eq!(receipt.amount.map_or(0, |amount| amount.numerator), amount, "in log order");
                self.charged += amount;
                *self.used.entry(day.clone()).or_insert(0) += tokens;
                *self.used.entry(month.clone()).or_insert(0) += tokens;
                if late {
                    *self.late.entry(day.clone()).or_insert(0) += tokens;
                    *self.late.entry(month.clone()).or_insert(0) += tokens;
                }
                if late { Phase::Late } else { Phase::Committed }
            }
            Kind::Deny => Phase::Denied,
            Kind::Release => {
                assert!(ended.is_some_and(|(_, _, _, until)| self.logged < until));
                Phase::Released
            }
            Kind::Expire => {
                assert!(ended.is_some_and(|(_, _, _, until)| self.logged >= until));
                Phase::Expired
            }
            other => panic!("{other:?}"),
        };
        self.phases.insert(call, phase);
        let of = |sums: &BTreeMap<Key, u128>, key: &Key| sums.get(key).copied().unwrap_or(0);
        let sum = |key: &Key| of(&self.held, key) + of(&self.used, key) - of(&self.late, key);
        assert!(sum(&day) <= 1000 && sum(&month) <= 2500, "a limit is passed");
    }
}

#[test]
fn whatever_happens_the_log_is_sound() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let one = number("SIM_SEED");
    let seeds = match one {
        Some(seed) => seed..seed + 1,
        None => 0..number("SIM_SEEDS").unwrap_or(40),
    };
    let mut happened = BTreeMap::new();
    for seed in seeds {
        let run = std::panic::catch_unwind(|| {
            let mut world = World::new(seed);
            for _ in 0..STEPS {
                world.step();
            }
            world.end()
        });
        let counts = run.unwrap_or_else(|_| panic!("SIM_SEED={seed}"));
        for (what, count) in counts {
            *happened.entry(what).or_insert(0) += count;
        }
    }
    println!("{happened:#?}");
    if one.is_none() {
        assert_eq!(happened.len(), 18, "not everything has happened that may: {happened:#?}");
    }
}
