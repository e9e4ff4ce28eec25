//! What those wait on who wait for the disk: one group of receipts, durable together.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// What has become of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Waiting,
    Durable,
    /// The store is down, for this reason; the group may still become durable.
    Stalled(String),
    /// The gateway has stopped for good.
    Stopped,
}

#[derive(Debug)]
pub(crate) struct Group {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Debug)]
struct Inner {
    fate: Fate,
    /// How often the waiting were told to look again.
    nudges: u64,
    wakers: Vec<Waker>,
}

impl Group {
    pub(crate) fn new(fate: Fate) -> Group {
        Group { inner: Mutex::new(Inner { fate, nudges: 0, wakers: Vec::new() }), changed: Condvar::new() }
    }

    /// Whole whenever it is unlocked.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn fate(&self) -> Fate {
        self.inner().fate.clone()
    }

    pub(crate) fn nudges(&self) -> u64 {
        self.inner().nudges
    }

    /// Settles the group and wakes all who wait. What is durable stays so.
    pub(crate) fn settle(&self, fate: Fate) {
        let mut inner = self.inner();
        if inner.fate != Fate::Durable {
            inner.fate = fate;
        }
        self.wake(inner);
    }

    /// Lets those who wait look whether it is their turn to write.
    pub(crate) fn nudge(&self) {
        let mut inner = self.inner();
        inner.nudges = inner.nudges.wrapping_add(1);
        self.wake(inner);
    }

    fn wake(&self, mut inner: MutexGuard<'_, Inner>) {
        let wakers = std::mem::take(&mut inner.wakers);
        drop(inner);
        self.changed.notify_all();
        for waker in wakers {
            waker.wake();
        }
    }

    /// Waits until the group is settled, or was nudged since `nudges`.
    pub(crate) fn wait(&self, nudges: u64) -> Fate {
        let mut inner = self.inner();
        while inner.fate == Fate::Waiting && inner.nudges == nudges {
            inner = self.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        inner.fate.clone()
    }

    /// The fate, once it is settled; until then the waker is kept.
    pub(crate) fn poll(&self, waker: &Waker) -> Option<Fate> {
        let mut inner = self.inner();
        if inner.fate != Fate::Waiting {
            return Some(inner.fate.clone());
        }
        if !inner.wakers.iter().any(|known| known.will_wake(waker)) {
            inner.wakers.push(waker.clone());
        }
        None
    }
}
