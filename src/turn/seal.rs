//! Sealing: what a cancelled fork leaves behind writes nothing more. A turn looks whether its fork has gone on before it
//! decides, and writes after that; in between the fork may go on. So each lane's next slot is taken from it, that of a
//! lane that has not begun too: its first turn may be on the way. What is sealed does not change any more, and nothing
//! that was not claimed before is claimed after it: history, StopExecution and redrives rely on that.
//!
//! The lanes of a Map Run that have not begun are left alone: whatever they start looks by itself whether it is wanted.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};

use stepwright_core::engine::{Cursor, Decision, Frame, FrameId, Phase, Record, Visit};
use stepwright_core::expr::Document;
use stepwright_core::time::Timestamp;

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

impl Engine {
    /// Seals all unfinished frames of a cancelled fork: no transition of theirs can be committed any more. Done again
    /// whenever somebody looks after the record at `by`; frames that have ended cost nothing.
    pub(crate) async fn seal_below(
        &self,
        loaded: &Loaded,
        by: &Cursor,
        (fork, lanes): (u64, u32),
    ) -> Result<(), Error> {
        let mut forks = vec![(Cursor { slot: fork, ..by.clone() }, lanes)];
        while let Some((fork, lanes)) = forks.pop() {
            let tails = self.store.tails(&fork.execution, &fork.frame, Some(fork.slot)).await?;
            let begun: BTreeSet<FrameId> = tails.iter().map(|(frame, _)| frame.clone()).collect();
            let mut found: Vec<_> =
                tails.into_iter().map(|(frame, tail)| (frame, Some(tail))).collect();
            let all = (0..lanes).map(|lane| fork.frame.child(fork.slot, lane));
            found.extend(all.filter(|lane| !begun.contains(lane)).map(|lane| (lane, None)));
            let fork = &fork;
            let sealing = found.into_iter().map(|lane| self.seal(loaded, fork, lane));
            let mut sealing = pin!(stream::iter(sealing).buffered(AT_ONCE));
            while let Some(open) = sealing.next().await {
                let open = open?;
                // Below a fork that was not there when the tails were read, or that is not complete, there may be more.
                forks.extend(open.filter(|(at, lanes)| {
                    (0..*lanes).any(|lane| !begun.contains(&at.frame.child(at.slot, lane)))
                }));
            }
        }
        Ok(())
    }

    /// Seals a frame; the fork that was open in it, and its lanes. If it has ended before, the fork that it left open:
    /// whoever ended or sealed it may not have come to the lanes of that, and if it dies nobody else would.
    async fn seal(
        &self,
        loaded: &Loaded,
        below: &Cursor,
        (frame, mut tail): (FrameId, Option<Arc<Record>>),
    ) -> Result<Option<(Cursor, u32)>, Error> {
        let at = |slot| Cursor { execution: below.execution.clone(), frame: frame.clone(), slot };
        loop {
            let open = tail.as_ref().and_then(|tail| Some((at(tail.slot), lanes(tail)?)));
            let (here, decision, after) = match &tail {
                Some(tail) if tail.frame.phase.over() => {
                    if tail.frame.phase == Phase::Sealed {
                        self.stop_job(loaded, &at(tail.slot), tail).await;
                    }
                    return Ok(left_open(tail).map(|(slot, lanes)| (at(slot), lanes)));
                }
                Some(tail) => (at(tail.slot + 1), self.sealed(tail).await?, tail.time),
                None => (at(0), Decision::from(nothing()), Timestamp::default()),
            };
            let time = Timestamp(self.clock.now().0.max(after.0 + 1));
            let guard = tail.as_ref().map(|tail| tail.guard.clone()).unwrap_or_default();
            let cancels = open.as_ref().map(|(_, lanes)| *lanes);
            let record = self.record(&here, decision, Written { time, guard, cancels });
            match self.commit(&here, record).await? {
                Ok(record) => {
                    self.stop_job(loaded, &here, &record).await;
                    return Ok(open);
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

/// Slot and lanes of the fork that was open when a frame ended.
fn left_open(tail: &Record) -> Option<(u64, u32)> {
    tail.cancels.then(|| (tail.slot.saturating_sub(1), tail.lanes))
}

/// Frames that are sealed at a time: of ten thousand lanes each may have a child to be stopped.
const AT_ONCE: usize = 16;

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
