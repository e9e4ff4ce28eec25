//! What the gateway's lock protects: the book, who waits for what, and how the store is doing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use licit_ledger::receipt::{Frontier, Hash, Kind, Receipt};
use licit_ledger::{Event, Id};

use super::denials::DenialBook;
use super::group::{Fate, Group};
use super::settings::{Limits, Promise, Settings};
use crate::book::{Book, Ready};
use crate::engine::ROOM;
use crate::error::Error;
use crate::store::Section;

pub(crate) struct Desk {
    pub(crate) book: Book,
    /// Those who wait for `book.waiting`.
    pub(crate) group: Arc<Group>,
    /// What goes with `book.writing`.
    pub(crate) writing: Option<Writing>,
    /// Whether somebody writes just now.
    pub(crate) flushing: bool,
    /// When the first event of `book.waiting` came, and when the first that somebody waits for.
    oldest: Option<Instant>,
    wanted: Option<Instant>,
    /// Whether `book.waiting` is to be written at once.
    pub(crate) urgent: bool,
    pub(crate) health: Health,
    pub(crate) stage: Stage,
    stirred: bool,
    /// Open holds, all and by licensee.
    pub(crate) holds: u64,
    holders: BTreeMap<Option<Id>, u64>,
    pub(crate) denials: DenialBook,
}

/// The group that is being written.
#[derive(Clone)]
pub(crate) struct Writing {
    pub(crate) section: Arc<Section>,
    pub(crate) group: Arc<Group>,
    /// The tree over everything up to its end.
    pub(crate) tree: Frontier,
}

/// Whether an event is the beginning of a use, or the denial of one.
pub(crate) fn is_new_use(receipt: &Receipt) -> bool {
    match receipt.kind {
        Kind::Hold | Kind::Deny => true,
        Kind::Commit => receipt.reference.is_none(),
        _ => false,
    }
}

/// How the store is doing.
pub(crate) enum Health {
    Up,
    Down(Outage),
    /// It cannot be gone on with.
    Stopped,
}

/// The store fails.
pub(crate) struct Outage {
    since: Instant,
    pub(crate) retry_at: Instant,
    pub(crate) why: String,
    /// Answers given on grace, by licence.
    graced: BTreeMap<Hash, u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Running,
    Draining,
    Closed,
}

impl Desk {
    pub(crate) fn new(book: Book) -> Desk {
        let mut holders = BTreeMap::new();
        for (_, hold) in book.state.holds() {
            *holders.entry(hold.held.who.licensee()).or_insert(0u64) += 1;
        }
        Desk {
            book,
            group: Arc::new(Group::new(Fate::Waiting)),
            writing: None,
            flushing: false,
            oldest: None,
            wanted: None,
            urgent: false,
            health: Health::Up,
            stage: Stage::Running,
            stirred: false,
            holds: holders.values().sum(),
            holders,
            denials: DenialBook::default(),
        }
    }

    /// Whether there is room for so many bytes more. An event that is alone always fits.
    pub(crate) fn has_room(&self, bytes: usize, limits: &Limits) -> bool {
        let waiting = self.book.pending_count();
        let most = limits.waiting_bytes.min(ROOM);
        waiting == 0 || waiting < limits.waiting && self.book.pending_bytes().saturating_add(bytes) <= most
    }

    /// Whether an event may be entered; what ends or records something always may. A larger hold is a new use as far as
    /// the store is concerned.
    pub(crate) fn admit(&mut self, ready: &Ready, settings: &Settings) -> Result<(), Error> {
        let receipt = &ready.event.receipt;
        let new_use = is_new_use(receipt);
        if !new_use && receipt.kind != Kind::Extend {
            return Ok(());
        }
        if new_use && self.stage == Stage::Draining {
            return Err(Error::Draining);
        }
        if let Health::Down(outage) = &mut self.health
            && !outage.graces(receipt.licence.as_ref(), settings)
        {
            return Err(Error::StoreDown { why: outage.why.clone() });
        }
        if receipt.kind == Kind::Hold {
            let licensee = self.book.who(&ready.event).licensee();
            let of_licensee = self.holders.get(&licensee).copied().unwrap_or(0);
            if self.holds >= settings.limits.holds {
                return Err(Error::TooManyHolds { licensee: false });
            }
            if of_licensee >= settings.limits.holds_per_licensee {
                return Err(Error::TooManyHolds { licensee: true });
            }
        }
        Ok(())
    }

    /// Takes an event over and notes who waits for it.
    pub(crate) fn enter(&mut self, ready: Ready, promise: Promise, group_size: u64) -> Result<Event, Error> {
        let before = self.book.holder(ready.event.receipt.call.as_ref());
        let event = self.book.enter(ready).inspect_err(|_| self.stop())?;
        let after = self.book.holder(event.receipt.call.as_ref());
        if let (Some(who), None) = (before, after)
            && let Some(count) = self.holders.get_mut(&who.licensee())
        {
            self.holds = self.holds.saturating_sub(1);
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.holders.remove(&who.licensee());
            }
        }
        if let (None, Some(who)) = (before, after) {
            self.holds = self.holds.saturating_add(1);
            let count = self.holders.entry(who.licensee()).or_insert(0);
            *count = count.saturating_add(1);
        }
        let now = Instant::now();
        let first = self.oldest.is_none() || promise == Promise::Disk && self.wanted.is_none();
        self.oldest.get_or_insert(now);
        if promise == Promise::Disk {
            self.wanted.get_or_insert(now);
        }
        self.stirred |= first || self.book.waiting.leaves.count() >= group_size;
        Ok(*event)
    }

    /// Somebody waits for what is not being written yet.
    pub(crate) fn want(&mut self) {
        if !self.book.waiting.leaves.is_empty() && self.wanted.is_none() {
            self.wanted = Some(Instant::now());
            self.stirred = true;
        }
    }

    /// Whether whoever writes has to look again at when; they are told once.
    pub(crate) fn stirred(&mut self) -> bool {
        std::mem::take(&mut self.stirred) && !self.flushing
    }

    /// The group of a leaf; none once it is durable.
    pub(crate) fn group_of(&self, leaf: u64) -> Option<Arc<Group>> {
        if leaf >= self.book.waiting.first {
            return Some(self.group.clone());
        }
        self.writing
            .as_ref()
            .filter(|writing| leaf >= writing.section.first)
            .map(|writing| writing.group.clone())
    }

    /// When what waits is to be written; none if nothing does.
    pub(crate) fn due(&self, settings: &Settings) -> Option<Instant> {
        let oldest = self.oldest?;
        let group = &settings.group;
        if self.urgent || self.book.waiting.leaves.count() >= group.size || self.stage == Stage::Closed {
            return Some(oldest);
        }
        let idle = oldest.checked_add(group.idle).unwrap_or(oldest);
        let wanted = self.wanted.map(|wanted| wanted.checked_add(group.linger).unwrap_or(wanted));
        Some(wanted.map_or(idle, |wanted| wanted.min(idle)))
    }

    /// What is to be written next: what failed before, or else all that waits.
    pub(crate) fn take(&mut self) -> Writing {
        if let Some(writing) = &self.writing {
            return writing.clone();
        }
        let next = Section::new(self.book.state.leaves());
        let section = Arc::new(std::mem::replace(&mut self.book.waiting, next));
        let fate = match &self.health {
            Health::Up => Fate::Waiting,
            Health::Down(outage) => Fate::Stalled(outage.why.clone()),
            Health::Stopped => Fate::Stopped,
        };
        let group = std::mem::replace(&mut self.group, Arc::new(Group::new(fate)));
        (self.oldest, self.wanted, self.urgent) = (None, None, false);
        let writing = Writing { section: section.clone(), group, tree: self.book.tree.clone() };
        self.book.writing = Some(section);
        self.writing = Some(writing.clone());
        writing
    }

    /// What was taken is durable.
    pub(crate) fn written(&mut self) {
        self.book.writing = None;
        if let Some(writing) = self.writing.take() {
            writing.group.settle(Fate::Durable);
        }
    }

    /// The store works again.
    pub(crate) fn up(&mut self) {
        if matches!(self.health, Health::Down(_)) {
            self.health = Health::Up;
            self.settle_all(&Fate::Waiting);
        }
    }

    /// The store has failed, again perhaps.
    pub(crate) fn down(&mut self, error: &Error, retry: Duration) {
        let now = Instant::now();
        let retry_at = now.checked_add(retry).unwrap_or(now);
        let why = error.to_string();
        match &mut self.health {
            Health::Up => {
                let graced = BTreeMap::new();
                self.health = Health::Down(Outage { since: now, retry_at, why: why.clone(), graced });
            }
            Health::Down(outage) => (outage.retry_at, outage.why) = (retry_at, why.clone()),
            Health::Stopped => return,
        }
        self.settle_all(&Fate::Stalled(why));
    }

    /// Nothing can be gone on with.
    pub(crate) fn stop(&mut self) {
        self.health = Health::Stopped;
        self.settle_all(&Fate::Stopped);
    }

    fn settle_all(&self, fate: &Fate) {
        if let Some(writing) = &self.writing {
            writing.group.settle(fate.clone());
        }
        self.group.settle(fate.clone());
    }

    /// Why the store is down.
    pub(crate) fn why_down(&self) -> Option<&str> {
        match &self.health {
            Health::Down(outage) => Some(&outage.why),
            Health::Up | Health::Stopped => None,
        }
    }

    /// Whether a licence's answers may be given from memory while the store is down; counts one.
    pub(crate) fn graces(&mut self, licence: Option<&Hash>, settings: &Settings) -> bool {
        match &mut self.health {
            Health::Down(outage) => outage.graces(licence, settings),
            Health::Up | Health::Stopped => false,
        }
    }
}

impl Outage {
    fn graces(&mut self, licence: Option<&Hash>, settings: &Settings) -> bool {
        let Some((licence, grace)) = licence.and_then(|id| Some((id, settings.outage.grace.get(id)?))) else {
            return false;
        };
        let used = self.graced.entry(*licence).or_insert(0);
        if *used >= grace.events || self.since.elapsed() >= grace.time {
            return false;
        }
        *used = used.saturating_add(1);
        true
    }
}
