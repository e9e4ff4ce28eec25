//! An answer on its way.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use super::Shared;
use super::group::{Fate, Group};
use super::settings::Flusher;
use crate::engine::Answer;
use crate::error::Error;
use crate::metrics;

/// An answer that may have to wait for the disk: to be waited for by [`Pending::wait`], or as a future.
///
/// Under [`Flusher::Caller`] use [`Pending::wait`]: a future would wait for others to write.
#[must_use = "the answer may not be durable before it is waited for"]
pub struct Pending {
    /// None once it was given.
    answer: Option<Answer>,
    wait: Option<(Arc<Shared>, Arc<Group>)>,
    /// Whether the outage's grace was used for it already.
    graced: bool,
    since: Instant,
}

impl Pending {
    pub(super) fn given(answer: Answer) -> Pending {
        Pending { answer: Some(answer), wait: None, graced: false, since: Instant::now() }
    }

    /// An answer that waits for a group, if it waits.
    pub(super) fn new(
        shared: &Arc<Shared>,
        answer: Answer,
        group: Option<Arc<Group>>,
        graced: bool,
    ) -> Pending {
        let wait = group.map(|group| (shared.clone(), group));
        Pending { answer: Some(answer), wait, graced, since: Instant::now() }
    }

    /// The answer, before it may be shown.
    pub(super) fn early(&self) -> Option<&Answer> {
        self.answer.as_ref()
    }

    /// Waits until the answer is as durable as it was promised.
    pub fn wait(mut self) -> Result<Answer, Error> {
        let Some((shared, group)) = self.wait.take() else { return self.give(Fate::Waiting, None) };
        let fate = shared.await_fate(&group);
        self.give(fate, Some(&shared))
    }

    fn give(&mut self, fate: Fate, shared: Option<&Shared>) -> Result<Answer, Error> {
        // Polled again after it was ready.
        let Some(mut answer) = self.answer.take() else { return Err(Error::Closed) };
        if shared.is_some() {
            metrics::waited(self.since.elapsed());
        }
        match fate {
            Fate::Durable => answer = answer.durable(),
            Fate::Stopped => return Err(Error::Stopped),
            Fate::Stalled(why) => {
                let leaf = answer.receipt.seq;
                let licence = answer.receipt.licence;
                let graced = self.graced
                    || shared.is_some_and(|shared| {
                        let desk = shared.desk();
                        desk.is_ok_and(|mut desk| desk.graces(licence.as_ref(), &shared.settings))
                    });
                if !graced {
                    return Err(Error::NotDurable { leaf, why });
                }
            }
            Fate::Waiting => {}
        }
        Ok(answer)
    }
}

impl Future for Pending {
    type Output = Result<Answer, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some((shared, group)) = self.wait.take() else {
            return Poll::Ready(self.give(Fate::Waiting, None));
        };
        match group.poll(context.waker()) {
            Some(fate) => Poll::Ready(self.give(fate, Some(&shared))),
            None => {
                self.wait = Some((shared, group));
                Poll::Pending
            }
        }
    }
}

impl Shared {
    /// Waits until a group is settled; under [`Flusher::Caller`] writes it, or lets whoever writes finish.
    pub(super) fn await_fate(&self, group: &Group) -> Fate {
        loop {
            let nudges = group.nudges();
            if self.settings.flusher == Flusher::Caller {
                match self.desk() {
                    Ok(desk) if !desk.flushing && group.fate() != Fate::Durable => {
                        let tried = desk.why_down().is_some();
                        drop(self.turn(desk));
                        // Still down: whoever waits is told, and tries again if it likes.
                        let fate = group.fate();
                        if tried && fate != Fate::Waiting {
                            return fate;
                        }
                    }
                    Ok(_) => {}
                    Err(_) => return Fate::Stopped,
                }
            }
            let fate = group.wait(nudges);
            if fate != Fate::Waiting {
                return fate;
            }
        }
    }

    /// As [`Shared::await_fate`], for all leaves up to one.
    pub(super) fn await_group(&self, group: &Group, leaf: u64) -> Result<(), Error> {
        match self.await_fate(group) {
            Fate::Durable => Ok(()),
            Fate::Stalled(why) => Err(Error::NotDurable { leaf, why }),
            Fate::Waiting | Fate::Stopped => Err(Error::Stopped),
        }
    }
}
