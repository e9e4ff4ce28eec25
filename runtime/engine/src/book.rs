//! The ledger in memory: commands become events here, and events wait here until they are durable.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use licit_ledger::receipt::{Frontier, Kind, Receipt, Reference, leaf_hash};
use licit_ledger::{
    Call, CallId, Command, Content, Event, Kept, Mint, Openings, Past, Refusal, State, Step, Who, fold, step,
};

use crate::archive::Archive;
use crate::entry::{Entry, Names};
use crate::error::Error;
use crate::outside::{Clock, Salts};
use crate::policies::PolicySet;
use crate::store::Section;

/// State, what decides, and the events that are not durable yet.
pub(crate) struct Book {
    clock: Box<dyn Clock>,
    salts: Box<dyn Salts>,
    pub(crate) policies: PolicySet,
    pub(crate) state: State,
    pub(crate) tree: Frontier,
    /// The asks of open holds, which their commits are priced from.
    asked: BTreeMap<u64, Past>,
    /// The last extension of those that were extended, by the leaf of the ask; it is among `asked` too.
    extended: BTreeMap<u64, u64>,
    /// Made from the openings when they are first wanted.
    names: OnceLock<Names>,
    /// The group that is being written, if one is.
    pub(crate) writing: Option<Arc<Section>>,
    /// The group after it.
    pub(crate) waiting: Section,
    ids: u64,
}

/// What a command comes to, before anything is changed.
pub(crate) enum Decided {
    /// A new event, to be entered.
    Event(Ready),
    /// The invocation was answered before, with this.
    Repeat(Call),
    /// The event of this durable leaf must be fetched first.
    Missing(u64),
}

/// An event with its bytes.
pub(crate) struct Ready {
    pub(crate) event: Box<Event>,
    payload: Vec<u8>,
    opening: Vec<u8>,
}

impl Ready {
    /// Bytes that will wait.
    pub(crate) fn bytes(&self) -> usize {
        self.payload.len().saturating_add(self.opening.len())
    }
}

/// Durable events that a command needs, read without the book; none where they are erased.
#[derive(Default)]
pub(crate) struct Fetched(BTreeMap<u64, Option<Past>>);

impl Fetched {
    pub(crate) fn fetch(&mut self, archive: &Archive, leaf: u64) -> Result<(), Error> {
        let entry = Entry::read(archive, leaf)?;
        let Entry { receipt, kept, content, .. } = entry;
        self.0.insert(leaf, Some(Past { receipt, kept, content }));
        Ok(())
    }
}

impl Book {
    pub(crate) fn new(clock: Box<dyn Clock>, salts: Box<dyn Salts>, policies: PolicySet) -> Book {
        Book {
            clock,
            salts,
            policies,
            state: State::new(),
            tree: Frontier::new(),
            asked: BTreeMap::new(),
            extended: BTreeMap::new(),
            names: OnceLock::from(Names::default()),
            writing: None,
            waiting: Section::default(),
            ids: 0,
        }
    }

    /// Forgets every event, as before the first.
    pub(crate) fn reset(&mut self) {
        (self.state, self.tree) = (State::new(), Frontier::new());
        self.asked.clear();
        self.extended.clear();
        self.names = OnceLock::from(Names::default());
        self.waiting = Section::default();
    }

    /// Goes on from a snapshot; the asks of its open holds are read from the archive.
    pub(crate) fn restore(&mut self, state: State, tree: Frontier, archive: &Archive) -> Result<(), Error> {
        for (_, hold) in state.holds() {
            for leaf in [hold.leaf, hold.request] {
                let Entry { receipt, kept, content, .. } = Entry::read(archive, leaf)?;
                self.asked.insert(leaf, Past { receipt, kept, content });
            }
            if hold.request != hold.leaf {
                self.extended.insert(hold.leaf, hold.request);
            }
        }
        self.waiting = Section::new(state.leaves());
        (self.state, self.tree) = (state, tree);
        self.forget_names();
        Ok(())
    }

    /// Takes over a durable event.
    pub(crate) fn replay(&mut self, entry: Entry) -> Result<(), Error> {
        let leaf = self.state.leaves();
        fold(&mut self.state, &entry.receipt, &entry.kept).map_err(|error| Error::fold(leaf, error))?;
        self.tree.append(entry.id);
        self.remember(&entry.receipt, &entry.kept, entry.content.as_ref());
        self.waiting = Section::new(self.state.leaves());
        Ok(())
    }

    /// Keeps in memory what later commands need of an event.
    fn remember(&mut self, receipt: &Receipt, kept: &Kept, content: Option<&Content>) {
        if let (Some(content), Some(names)) = (content, self.names.get_mut()) {
            names.learn(kept, &content.request);
        }
        match (receipt.kind, content) {
            (Kind::Hold | Kind::Extend, Some(content)) => {
                let content = Some(content.clone());
                let past = Past { receipt: receipt.clone(), kept: kept.clone(), content };
                self.asked.insert(receipt.seq, past);
                if let (Kind::Extend, Some(Reference::Leaf(hold))) = (receipt.kind, receipt.reference)
                    && let Some(before) = self.extended.insert(hold, receipt.seq)
                {
                    self.asked.remove(&before);
                }
            }
            (Kind::Commit | Kind::Late | Kind::Release | Kind::Expire | Kind::Failed, _) => {
                if let Some(Reference::Leaf(hold)) = receipt.reference {
                    self.asked.remove(&hold);
                    if let Some(extended) = self.extended.remove(&hold) {
                        self.asked.remove(&extended);
                    }
                }
            }
            _ => {}
        }
    }

    /// Who an event is about.
    pub(crate) fn who(&self, event: &Event) -> Who {
        match &event.kept {
            Kept::Hold { held, .. } => held.who,
            _ => self
                .state
                .epoch()
                .map(|epoch| Who::of(&epoch.salt, &event.content.request))
                .unwrap_or_default(),
        }
    }

    /// Whose open hold an invocation has.
    pub(crate) fn holder(&self, call: Option<&CallId>) -> Option<Who> {
        Some(self.state.hold(call?)?.held.who)
    }

    /// Whether a leaf is the ask of an open hold.
    pub(crate) fn is_open(&self, leaf: u64) -> bool {
        self.asked.contains_key(&leaf)
    }

    /// The clock, never before the last leaf.
    pub(crate) fn now(&mut self) -> u64 {
        self.clock.now().max(self.state.logged_at())
    }

    pub(crate) fn fill(&mut self, purpose: &str, index: u64, out: &mut [u8]) -> Result<(), Error> {
        Ok(self.salts.fill(purpose, index, out)?)
    }

    /// A new id for an invocation (a UUIDv7).
    pub(crate) fn new_call(&mut self) -> Result<CallId, Error> {
        let mut call: CallId = [0; 16];
        let index = self.state.leaves().wrapping_shl(20) ^ self.ids;
        self.ids = self.ids.wrapping_add(1);
        self.fill("call", index, &mut call)?;
        let millis = (self.clock.now() / 1000).to_be_bytes();
        for (byte, time) in call.iter_mut().zip(millis.iter().skip(2)) {
            *byte = *time;
        }
        for (at, mask, bits) in [(6, 0x0f, 0x70), (8, 0x3f, 0x80)] {
            if let Some(byte) = call.get_mut(at) {
                *byte = *byte & mask | bits;
            }
        }
        Ok(call)
    }

    /// Decides a command. Nothing is changed.
    pub(crate) fn decide(&mut self, command: &Command, fetched: &Fetched) -> Result<Decided, Error> {
        let mut random = [0; 48];
        self.fill("leaf", self.state.leaves(), &mut random)?;
        let (salt, blind) = (random.first_chunk().copied(), random.last_chunk().copied());
        let mint =
            Mint { logged_at: self.now(), salt: salt.unwrap_or_default(), blind: blind.unwrap_or_default() };
        let lookup = Lookup { book: self, fetched, missing: Cell::new(None) };
        let stepped = step(&self.policies, &lookup, &self.state, command, &mint);
        // Without the event, whatever `step` said was said of less than there is.
        if let Some(leaf) = lookup.missing.get() {
            return Ok(Decided::Missing(leaf));
        }
        let event = match stepped? {
            Step::Event(event) => event,
            Step::Repeat(call) => return Ok(Decided::Repeat(call)),
        };
        let payload = event.receipt.encode().map_err(Refusal::Receipt)?;
        let opening = event.opening.encode().map_err(|_| Refusal::TooLong)?;
        Ok(Decided::Event(Ready { event, payload, opening }))
    }

    /// Takes over an event that was decided on this very state. After an error the state is not to be trusted.
    pub(crate) fn enter(&mut self, ready: Ready) -> Result<Box<Event>, Error> {
        let Ready { event, payload, opening } = ready;
        let leaf = self.state.leaves();
        if !(self.waiting.leaves.push(&payload) && self.waiting.openings.push(&opening)) {
            return Err(Refusal::TooLong.into());
        }
        fold(&mut self.state, &event.receipt, &event.kept).map_err(|error| Error::fold(leaf, error))?;
        self.tree.append(leaf_hash(&payload));
        self.remember(&event.receipt, &event.kept, Some(&event.content));
        Ok(event)
    }

    /// A leaf that is not durable yet.
    pub(crate) fn pending(&self, leaf: u64) -> Option<Result<Entry, Error>> {
        let mut section = [self.writing.as_deref(), Some(&self.waiting)].into_iter().flatten();
        let (payload, opening) = section.find_map(|section| section.pair(leaf))?;
        Some(Entry::of(leaf, payload.to_vec(), opening))
    }

    /// How many leaves are not durable yet.
    pub(crate) fn pending_count(&self) -> u64 {
        let writing = self.writing.as_ref().map_or(0, |section| section.leaves.count());
        writing.saturating_add(self.waiting.leaves.count())
    }

    /// Bytes that are not durable yet.
    pub(crate) fn pending_bytes(&self) -> usize {
        let writing = self.writing.as_ref().map_or(0, |section| section.bytes());
        writing.saturating_add(self.waiting.bytes())
    }

    /// The names behind salted ids. Where they are not known yet, openings are read.
    pub(crate) fn names(&self, archive: &Archive) -> &Names {
        self.names.get_or_init(|| {
            let mut names = Names::default();
            for leaf in 0..self.state.leaves() {
                // What cannot be read has no names to give; the audit says why.
                let entry = self.pending(leaf).unwrap_or_else(|| Entry::read(archive, leaf));
                if let Ok(Entry { kept, content: Some(content), .. }) = &entry {
                    names.learn(kept, &content.request);
                }
            }
            names
        })
    }

    /// Forgets all names: some were erased.
    pub(crate) fn forget_names(&mut self) {
        self.names = OnceLock::new();
    }
}

/// Earlier events: from memory where they are there, else as fetched, else missing.
struct Lookup<'a> {
    book: &'a Book,
    fetched: &'a Fetched,
    missing: Cell<Option<u64>>,
}

impl Openings for Lookup<'_> {
    fn past(&self, leaf: u64) -> Option<Past> {
        if let Some(past) = self.book.asked.get(&leaf) {
            return Some(past.clone());
        }
        if let Some(fetched) = self.fetched.0.get(&leaf) {
            return fetched.clone();
        }
        match self.book.pending(leaf) {
            Some(Ok(Entry { receipt, kept, content, .. })) => Some(Past { receipt, kept, content }),
            Some(Err(_)) => None,
            None => {
                self.missing.set(Some(leaf));
                None
            }
        }
    }
}
