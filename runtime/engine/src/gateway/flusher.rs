//! Who writes: takes what waits, writes it without the lock, wakes those who wait, signs now and then.

use std::sync::MutexGuard;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::Shared;
use super::desk::{Desk, Health, Stage, Writing};
use super::settings::{Flusher, Full};
use crate::engine::snapshot_due;
use crate::error::Error;
use crate::metrics;
use crate::store::Store;

impl Shared {
    /// The writing thread: until the gateway is closed and nothing waits any more.
    pub(super) fn run(&self) -> Result<(), Error> {
        let guard = StopOnPanic { shared: self, done: AtomicBool::new(false) };
        let mut desk = self.desk()?;
        loop {
            match self.sleep(&desk) {
                Sleep::Turn => desk = self.turn(desk)?,
                Sleep::End => break,
                Sleep::Wait => desk = self.work.wait(desk).map_err(|_| Error::Stopped)?,
                Sleep::For(time) => {
                    desk = self.work.wait_timeout(desk, time).map_err(|_| Error::Stopped)?.0;
                }
            }
        }
        drop(desk);
        let finished = self.finish();
        guard.done.store(true, Ordering::Relaxed);
        finished
    }

    /// What the writing thread does next.
    fn sleep(&self, desk: &Desk) -> Sleep {
        if desk.stage == Stage::Closed {
            return Sleep::End;
        }
        let until = |at: Instant| match at.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Sleep::Turn,
            time => Sleep::For(time),
        };
        match &desk.health {
            Health::Stopped => Sleep::Wait,
            Health::Down(outage) => until(outage.retry_at),
            Health::Up => desk.due(&self.settings).map_or(Sleep::Wait, until),
        }
    }

    /// Writes one group. Nobody else writes meanwhile, and the desk is free.
    pub(super) fn turn<'s>(&'s self, mut desk: MutexGuard<'s, Desk>) -> Result<MutexGuard<'s, Desk>, Error> {
        if matches!(desk.health, Health::Stopped) {
            return Ok(desk);
        }
        desk.flushing = true;
        let down = matches!(desk.health, Health::Down(_));
        let again = desk.writing.is_some();
        let writing = desk.take();
        // The state as it is now belongs to the end of this group, unless the group failed before.
        let leaves = desk.book.state.leaves();
        let due = !again && snapshot_due(&self.options, self.snapshot.load(Ordering::Relaxed), leaves);
        let state = due.then(|| desk.book.state.encode());
        drop(desk);
        let mut guard = self.store();
        let Some(store) = guard.as_mut() else {
            self.desk()?.flushing = false;
            return Err(Error::Closed);
        };
        let written = write(store, &writing, down);
        let mut desk = self.desk()?;
        match &written {
            Ok(()) => {
                desk.written();
                // Answers do not wait for a signature.
                self.room.notify_all();
                let unsigned = writing.tree.size().saturating_sub(store.signed());
                if unsigned >= self.options.checkpoint_every || state.is_some() {
                    drop(desk);
                    let signed = sign(store);
                    if let (Ok(()), Some(state)) = (&signed, state) {
                        // Only a cache: without it the next opening takes longer.
                        let kept = store.snapshot(&state);
                        metrics::snapshot(kept.is_ok());
                        self.snapshot.store(leaves, Ordering::Relaxed);
                    }
                    desk = self.desk()?;
                    match signed {
                        Ok(()) => desk.up(),
                        Err(error) => self.failed(&mut desk, &error),
                    }
                } else {
                    desk.up();
                }
            }
            Err(error) => self.failed(&mut desk, error),
        }
        drop(guard);
        desk.flushing = false;
        metrics::desk(&desk);
        if self.settings.flusher == Flusher::Caller {
            // Whoever waits for the next group writes it.
            desk.group.nudge();
        }
        self.room.notify_all();
        Ok(desk)
    }

    /// A write has failed twice: what a disk does may pass, what a file holds does not.
    fn failed(&self, desk: &mut Desk, error: &Error) {
        metrics::failed();
        if matches!(error, Error::Io { .. }) {
            desk.down(error, self.settings.outage.retry);
        } else {
            desk.stop();
        }
    }

    /// After closing: writes what is left, signs it, gives the directory back. The second time there is nothing to do.
    pub(super) fn finish(&self) -> Result<(), Error> {
        loop {
            if self.store().is_none() {
                return Ok(());
            }
            let mut desk = self.desk()?;
            while desk.flushing {
                desk = self.room.wait(desk).map_err(|_| Error::Stopped)?;
            }
            if matches!(desk.health, Health::Stopped) {
                drop(desk);
                self.store().take();
                return Err(Error::Stopped);
            }
            if desk.book.pending_count() == 0 {
                break;
            }
            let was_down = desk.why_down().is_some();
            let mut desk = self.turn(desk)?;
            if let Some(why) = desk.why_down().map(ToString::to_string) {
                // Once more, in case it was down for long; then nobody is left to try.
                if was_down {
                    desk.stop();
                    drop(desk);
                    self.store().take();
                    return Err(Error::StoreDown { why });
                }
            }
        }
        let signed = self.sign_durable(u64::MAX, |_| ());
        self.store().take();
        signed
    }

    /// Signs everything durable if the newest checkpoint covers less than `least` leaves and less than there is; then
    /// looks at the store.
    pub(super) fn sign_durable<T>(&self, least: u64, look: impl FnOnce(&Store) -> T) -> Result<T, Error> {
        let mut guard = self.store();
        let store = guard.as_mut().ok_or(Error::Closed)?;
        if store.signed() < least
            && store.signed() < self.archive.len()
            && let Err(error) = sign(store)
        {
            self.failed(&mut *self.desk()?, &error);
            return Err(error);
        }
        Ok(look(store))
    }

    /// Waits until there may be room.
    pub(super) fn wait_for_room<'s>(
        &'s self,
        mut desk: MutexGuard<'s, Desk>,
    ) -> Result<MutexGuard<'s, Desk>, Error> {
        if let Some(why) = desk.why_down() {
            return Err(Error::StoreDown { why: why.to_string() });
        }
        desk.urgent = true;
        self.work.notify_one();
        match self.settings.limits.full {
            Full::Busy => Err(Error::Busy),
            Full::Wait if self.settings.flusher == Flusher::Caller && !desk.flushing => self.turn(desk),
            Full::Wait => self.room.wait(desk).map_err(|_| Error::Stopped),
        }
    }
}

enum Sleep {
    Turn,
    Wait,
    For(Duration),
    End,
}

/// Writes a group; if that fails, once more on files opened anew.
fn write(store: &mut Store, writing: &Writing, down: bool) -> Result<(), Error> {
    let section = &writing.section;
    let begun = Instant::now();
    let first = if down { Err(None) } else { store.append(section, &writing.tree).map_err(Some) };
    let written = match first {
        Ok(()) => Ok(()),
        Err(error) => {
            if error.is_some() {
                metrics::failed();
            }
            store.reopen().and_then(|()| store.append(section, &writing.tree))
        }
    };
    if written.is_ok() {
        metrics::wrote(section, begun.elapsed());
    }
    written
}

/// Signs the durable head; if that fails, once more.
fn sign(store: &mut Store) -> Result<(), Error> {
    store.sign().or_else(|_| {
        metrics::failed();
        store.sign()
    })
}

/// A panic of the writing thread must not leave anybody waiting for ever.
struct StopOnPanic<'a> {
    shared: &'a Shared,
    done: AtomicBool,
}

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if !self.done.load(Ordering::Relaxed) {
            let mut desk = self.shared.desk.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            desk.stop();
            drop(desk);
            self.shared.room.notify_all();
        }
    }
}
