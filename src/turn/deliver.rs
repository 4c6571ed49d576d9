//! What a message means to its frame as it is now: go on, do again what follows, or come back later.

use std::sync::Arc;

use stepwright_core::engine::{
    Cursor, Decision, Message, MessageKind, Phase, Record, Stimulus, TaskOutcome,
};
use stepwright_core::time::Timestamp;

use super::claim::worker_lost;
use super::{Drive, Engine, Error, Loaded, Verdict, cursor_of};
use crate::queue::Delivery;

impl Engine {
    /// What a message means to the frame as it is now.
    pub(super) async fn deliver(
        &self,
        loaded: &Loaded,
        delivery: &Delivery,
        tail: Option<Arc<Record>>,
    ) -> Result<Delivered, Error> {
        let Message { cursor, kind } = &delivery.message;
        let Some(tail) = tail else {
            return Ok(match kind {
                MessageKind::Start => Delivered::drive(
                    cursor.clone(),
                    loaded.execution.started,
                    None,
                    Stimulus::Start,
                ),
                MessageKind::Fork(frame) => {
                    let made = Some(Decision::from((**frame).clone()));
                    let resumed = frame.lane.as_ref().and_then(|lane| lane.resumed);
                    Delivered::drive(
                        cursor.clone(),
                        resumed.unwrap_or(frame.visit.entered_at),
                        made,
                        Stimulus::Fork(frame.clone()),
                    )
                }
                _ => Delivered::Verdict(Verdict::GiveBack(self.config.visibility_seconds)),
            });
        };
        if cursor.slot > tail.slot {
            return self.awaited(loaded, delivery, &tail).await;
        }
        if tail.frame.phase.settled() {
            return self.settled(loaded, cursor, &tail, &delivery.id).await.map(Delivered::Verdict);
        }
        let age = self.clock.now().seconds_since(tail.time);
        let fresh = age < self.config.visibility_seconds;
        let mine = tail.guard == delivery.id && delivery.receive_count >= 2;
        if mine || !fresh || self.abandoned(&tail) {
            return self.awaited(loaded, delivery, &tail).await;
        }
        Ok(Delivered::Verdict(Verdict::GiveBack(self.config.visibility_seconds - age)))
    }

    /// A message whose slot is taken, by a record after which nothing goes on by itself: what follows from it is done
    /// again. If those are the lanes of a fork, whoever made it gets the time to send them.
    pub(super) async fn settled(
        &self,
        loaded: &Loaded,
        cursor: &Cursor,
        tail: &Arc<Record>,
        guard: &Arc<str>,
    ) -> Result<Verdict, Error> {
        let left = self.config.visibility_seconds - self.clock.now().seconds_since(tail.time);
        let forked = matches!(tail.frame.phase, Phase::Forked(_));
        if forked && left > 0.0 && tail.guard != *guard {
            return Ok(Verdict::GiveBack(left));
        }
        self.redo(loaded, &cursor_of(cursor, tail), tail).await?;
        Ok(Verdict::Delete)
    }

    /// The frame is to go on from its tail.
    async fn awaited(
        &self,
        loaded: &Loaded,
        delivery: &Delivery,
        tail: &Arc<Record>,
    ) -> Result<Delivered, Error> {
        let Message { cursor, kind } = &delivery.message;
        let here = cursor_of(cursor, tail);
        self.log_again(loaded, &here, tail);
        self.seal_cancelled(loaded, &here, tail).await?;
        self.stop_job(loaded, &here, tail).await;
        let stimulus = match (&tail.frame.phase, kind) {
            (Phase::Ready | Phase::Asking, _) => Stimulus::Advance,
            (Phase::Reading(run), _) => self.read_items(loaded, &here, tail, run).await?,
            (Phase::Writing(run), _) => self.collect(tail, run).await?,
            (Phase::Awaiting { child, .. }, MessageKind::Child) => {
                match self.child_ended(&here, child).await? {
                    Some(stimulus) => stimulus,
                    None => return Ok(Delivered::Verdict(Verdict::Delete)),
                }
            }
            (Phase::Claimed(claim), _) => match self.death(&here, claim) {
                None if self.repeatable(loaded, &here, tail) => Stimulus::Reclaim,
                None => Stimulus::Task(TaskOutcome::Failed(worker_lost())),
                Some(seconds) => return Ok(Delivered::Verdict(Verdict::GiveBack(seconds))),
            },
            (Phase::Pending(pending), MessageKind::Timer { .. }) => {
                let ticket = Cursor { slot: pending.ticket, ..cursor.clone() };
                Stimulus::Due { beat: self.store.last_beat(&ticket).await? }
            }
            (Phase::Polling(job), MessageKind::Timer { .. }) => {
                match self.look(loaded, &here, (tail, job)).await? {
                    Some(stimulus) => stimulus,
                    None => return Ok(Delivered::Verdict(Verdict::Delete)),
                }
            }
            // Somebody wants to be sure that what follows from the record was done.
            (phase, MessageKind::Advance) if phase.settled() => {
                self.redo(loaded, &here, tail).await?;
                return Ok(Delivered::Verdict(Verdict::Delete));
            }
            (_, MessageKind::Timer { .. }) => Stimulus::Due { beat: None },
            (Phase::Forked(fork), MessageKind::Join) => match self.lanes(&here, fork).await? {
                Some((stimulus, latest)) => {
                    let pinned = matches!(stimulus, Stimulus::LaneFailed(_));
                    let drive = Drive::after(&here, tail, stimulus);
                    let after = drive.after.max(latest);
                    return Ok(Delivered::Drive(Box::new(Drive { after, pinned, ..drive })));
                }
                None => return Ok(Delivered::Verdict(Verdict::Delete)),
            },
            _ => return Ok(Delivered::Verdict(Verdict::Delete)),
        };
        Ok(Delivered::from_tail(&here, tail, stimulus))
    }

    /// Whether the one who wrote a tail is gone for sure, so that it need not be waited for.
    fn abandoned(&self, tail: &Record) -> bool {
        let process = tail.nonce.rsplit_once('.').map_or("", |(holder, _)| holder);
        self.config.sole && process != &*self.config.holder
    }
}

/// What becomes of a delivery.
pub(super) enum Delivered {
    /// Its frame goes on.
    Drive(Box<Drive>),
    /// Nothing more is to be done now.
    Verdict(Verdict),
}

impl Delivered {
    fn drive(
        cursor: Cursor,
        after: Timestamp,
        made: Option<Decision>,
        stimulus: Stimulus,
    ) -> Delivered {
        let (forked, pinned) = (None, false);
        Delivered::Drive(Box::new(Drive { cursor, after, made, stimulus, forked, pinned }))
    }

    fn from_tail(here: &Cursor, tail: &Record, stimulus: Stimulus) -> Delivered {
        Delivered::Drive(Box::new(Drive::after(here, tail, stimulus)))
    }
}
