//! Sealing: what a cancelled fork leaves behind writes nothing more. A turn looks whether its fork has gone on before it
//! decides, and writes after that; in between the fork may go on. So each lane's next slot is taken from it, that of a
//! lane that has not begun too: its first turn may be on the way. What is sealed does not change any more, and nothing
//! that was not claimed before is claimed after it: history, StopExecution and redrives rely on that.
//!
//! Whoever seals may be lost at any moment; whoever looks after the cancelling record then begins anew. So nothing that
//! was left undone may be hidden by what was done: the record that seals a lane says which lanes of its own it cancels,
//! as any record does that goes on from an open fork.
//!
//! The lanes of a Map Run that have not begun are left alone: whatever they start looks by itself whether it is wanted.

use std::collections::BTreeSet;
use std::sync::Arc;

use stepwright_core::engine::{Cursor, Decision, Frame, FrameId, Phase, Record, Visit};
use stepwright_core::expr::Document;
use stepwright_core::time::Timestamp;

use super::side_by_side::side_by_side;
use super::{Engine, Error, Loaded, Written};

/// How many lanes of a record's open fork are to be sealed if it is cancelled, whether they have begun or not; `None` if
/// it has none open.
pub(super) fn lanes(record: &Record) -> Option<u32> {
    match &record.frame.phase {
        Phase::Forked(fork) if fork.run.is_some() => Some(0),
        Phase::Forked(fork) => Some(fork.lanes),
        _ => None,
    }
}

/// A fork that was cancelled: where it was made, and how many lanes it has that may not have begun.
type Cancelled = (Cursor, u32);

/// The fork that the record at `here` cancelled.
fn cancelled_by(here: &Cursor, record: &Record) -> Option<Cancelled> {
    let fork = Cursor { slot: record.slot.saturating_sub(1), ..here.clone() };
    record.cancels.then_some((fork, record.lanes))
}

/// A part of what is to be sealed.
enum Part {
    Fork(Cancelled),
    Frame {
        /// The frame; the slot means nothing.
        at: Cursor,
        /// Its last record when it was looked at, if it had begun.
        tail: Option<Arc<Record>>,
        /// Frames that had begun then.
        begun: Arc<BTreeSet<FrameId>>,
    },
}

impl Engine {
    /// Seals all unfinished frames of a cancelled fork: no transition of theirs can be committed any more. Done again
    /// whenever somebody looks after the record at `by`; frames that have ended cost nothing.
    pub(crate) async fn seal_below(
        &self,
        loaded: &Loaded,
        by: &Cursor,
        (fork, lanes): (u64, u32),
    ) -> Result<(), Error> {
        let whole = Part::Fork((Cursor { slot: fork, ..by.clone() }, lanes));
        side_by_side(vec![whole], |part| self.seal_part(loaded, part)).await
    }

    /// The same for what the record at `here` cancelled, if it did.
    pub(super) async fn seal_cancelled(
        &self,
        loaded: &Loaded,
        here: &Cursor,
        record: &Record,
    ) -> Result<(), Error> {
        match cancelled_by(here, record) {
            Some((fork, lanes)) => self.seal_below(loaded, here, (fork.slot, lanes)).await,
            None => Ok(()),
        }
    }

    /// Seals a frame, or says which frames a fork has; what is to be sealed after that.
    async fn seal_part(&self, loaded: &Loaded, part: Part) -> Result<Vec<Part>, Error> {
        match part {
            Part::Fork(fork) => self.frames(&fork).await,
            Part::Frame { at, tail, begun } => {
                let below = self.seal(loaded, &at, tail).await?;
                // Below a fork that was not there when the tails were read, or that is not complete, there may be more.
                let complete = |(at, lanes): &Cancelled| {
                    (0..*lanes).all(|lane| begun.contains(&at.frame.child(at.slot, lane)))
                };
                Ok(below.filter(|fork| !complete(fork)).map(Part::Fork).into_iter().collect())
            }
        }
    }

    /// The frames of a fork and of all below it, with its lanes that have not begun.
    async fn frames(&self, (fork, lanes): &Cancelled) -> Result<Vec<Part>, Error> {
        let tails = self.store.tails(&fork.execution, &fork.frame, Some(fork.slot)).await?;
        let begun: BTreeSet<FrameId> = tails.iter().map(|(frame, _)| frame.clone()).collect();
        let begun = Arc::new(begun);
        let lanes = (0..*lanes).map(|lane| fork.frame.child(fork.slot, lane));
        let missing: Vec<_> = lanes.filter(|lane| !begun.contains(lane)).collect();
        let found = tails.into_iter().map(|(frame, tail)| (frame, Some(tail)));
        let all = found.chain(missing.into_iter().map(|lane| (lane, None)));
        let part = |(frame, tail)| {
            let at = Cursor { execution: fork.execution.clone(), frame, slot: 0 };
            Part::Frame { at, tail, begun: begun.clone() }
        };
        Ok(all.map(part).collect())
    }

    /// Seals a frame; the fork that was open in it, or that its end had cancelled.
    async fn seal(
        &self,
        loaded: &Loaded,
        frame: &Cursor,
        mut tail: Option<Arc<Record>>,
    ) -> Result<Option<Cancelled>, Error> {
        let at = |slot| Cursor { slot, ..frame.clone() };
        loop {
            let (here, decision, after, cancels) = match &tail {
                Some(tail) if tail.frame.phase.over() => {
                    let here = at(tail.slot);
                    if tail.frame.phase == Phase::Sealed {
                        self.stop_job(loaded, &here, tail).await;
                    }
                    return Ok(cancelled_by(&here, tail));
                }
                Some(tail) => {
                    // No later record could tell of it.
                    Box::pin(self.seal_cancelled(loaded, &at(tail.slot), tail)).await?;
                    (at(tail.slot + 1), self.sealed(tail).await?, tail.time, lanes(tail))
                }
                None => (at(0), Decision::from(nothing()), Timestamp::default(), None),
            };
            let time = Timestamp(self.clock.now().0.max(after.0 + 1));
            let guard = tail.as_ref().map(|tail| tail.guard.clone()).unwrap_or_default();
            let record = self.record(&here, decision, Written { time, guard, cancels });
            match self.commit(&here, record).await? {
                Ok(record) => {
                    self.stop_job(loaded, &here, &record).await;
                    return Ok(cancelled_by(&here, &record));
                }
                Err(other) => tail = Some(other),
            }
        }
    }

    /// What becomes of a frame with this tail. A child that it waits for is stopped before: what is sealed is not looked
    /// at again.
    async fn sealed(&self, tail: &Record) -> Result<Decision, Error> {
        if let Phase::Awaiting { child, .. } = &tail.frame.phase {
            self.stop_child(child).await?;
        }
        let mut sealed = Decision::from(tail.frame_after());
        if let Phase::Polling(job) = std::mem::replace(&mut sealed.frame.phase, Phase::Sealed) {
            sealed.abandons = Some(job);
        }
        Ok(sealed)
    }
}

/// The frame of a lane that never began.
fn nothing() -> Frame {
    Frame {
        flow: 0,
        lane: None,
        state: "".into(),
        input: Document::empty_object(),
        variables: None,
        visit: Visit::default(),
        last: None,
        events_before: 0,
        phase: Phase::Sealed,
    }
}
