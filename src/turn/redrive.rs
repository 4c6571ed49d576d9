//! RedriveExecution: an execution that ended badly goes on from the state that it ended in; of a Parallel or Map only with
//! the branches or iterations that had not ended well. By the time the row is closed all lanes of a cancelled fork are
//! sealed, so what is read of them here does not change any more.
//!
//! The record comes first, then the row: what closes rows follows from the last record, so between the two nothing can
//! close the execution again. If it stops there, redriving again goes on with it.

use std::sync::Arc;

use stepwright_core::engine::{
    Cursor, FrameId, Message, MessageKind, Record, Resumption, Stimulus, resumption,
};
use stepwright_core::time::Timestamp;

use super::express::LONGEST_SECONDS;
use super::{Drive, Engine, Error, Made, Written};
use crate::store::{Execution, Redriven};

impl Engine {
    /// Redrives a closed execution; when, or `None` if it cannot be redriven.
    ///
    /// # Errors
    /// The store or the queue is not available; the redrive may have been made, and can be asked for again.
    pub async fn redrive(&self, execution: &Execution) -> Result<Option<Timestamp>, Error> {
        self.redrive_after(execution, Timestamp::default()).await
    }

    /// The same for a child of a Map Run, whose times are all later than that of the record that wants it.
    pub(super) async fn redrive_after(
        &self,
        execution: &Execution,
        after: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        // Nobody may be left to stop it, should this end right after it is running again.
        if self.orphaned(execution).await? {
            return Ok(None);
        }
        let count = execution.redriven.map_or(0, |before| before.count) + 1;
        let Some(loaded) = self.load(&execution.id).await? else { return Ok(None) };
        let root = Cursor::root(execution.id.clone(), 0);
        let Some(tail) = self.store.tail(&root.execution, &root.frame).await? else {
            return Ok(None);
        };
        let record = if tail.frame.phase.over() {
            let resumption = match execution.express_child() {
                true => Resumption::Restart,
                false => resumption(&self.store.records(&root.execution, &root.frame, None).await?),
            };
            let here = super::cursor_of(&root, &tail);
            // What its children have done before is told from what they do after it by the time.
            let after = match &resumption {
                Resumption::Lanes(fork) => match &fork.run {
                    Some(run) => after.max(self.last_ended(run).await?),
                    None => after,
                },
                _ => after,
            };
            let drive = Drive::after(&here, &tail, Stimulus::Redrive { count, resumption });
            let drive = Drive { after: drive.after.max(after), ..drive };
            let Made::Commit(decision, time) = self.decide(&loaded, &drive, 0).await? else {
                return Ok(None);
            };
            let written = Written { time, guard: "".into(), cancels: None };
            let record = self.record(&drive.cursor, *decision, written);
            self.commit(&drive.cursor, record).await?.unwrap_or_else(|other| other)
        } else {
            tail
        };
        let at = record.time;
        self.runs_redriven(&super::cursor_of(&root, &record), &record.frame.phase).await?;
        // A child has no part in the machine's TimeoutSeconds.
        let longest = match &execution.parent {
            Some(_) => execution.deadline.map(|_| LONGEST_SECONDS),
            None => loaded.machine.timeout_seconds.map(|seconds| seconds as f64),
        };
        let deadline = longest.map(|seconds| at.plus_seconds(seconds));
        self.store.reopen(&execution.id, Redriven { count, at }, deadline).await?;
        // Who cancelled a Map Run in the meantime saw a child that had ended, and left it alone.
        match self.orphaned(execution).await? {
            true => self.stop_child(&execution.id).await?,
            false => self.go_on(&super::cursor_of(&root, &record), &record, deadline).await?,
        }
        Ok(Some(at))
    }

    /// How many events the history of an execution has, as far as its root frame knows.
    ///
    /// # Errors
    /// The store is not available.
    pub async fn event_count(&self, execution: &Execution) -> Result<u64, Error> {
        let tail = self.store.tail(&execution.id, &FrameId::root()).await?;
        Ok(tail.map_or(0, |tail| tail.frame.events_before + tail.events.len() as u64))
    }

    /// Sends what follows from the redrive, with the row as it is now.
    async fn go_on(
        &self,
        here: &Cursor,
        record: &Arc<Record>,
        deadline: Option<Timestamp>,
    ) -> Result<(), Error> {
        if let Some(due) = deadline {
            let message = Message { cursor: here.next(), kind: MessageKind::Deadline { due } };
            self.queue.send(vec![(message, Some(due))]).await?;
        }
        match self.load(&here.execution).await? {
            Some(loaded) => self.emit(&loaded, here, record, false).await,
            None => Ok(()),
        }
    }
}
