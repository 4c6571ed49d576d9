//! The sweep: finds again what must follow from the records of running executions. Messages can be lost (a restart of the
//! local binary loses all of them, a queue's dead letters, a purge); records cannot. Sweeping twice is harmless.

use std::sync::Arc;

use stepwright_core::engine::{
    Cursor, ExecutionId, Failure, FrameId, Message, MessageKind, Phase, Record, Stimulus,
};
use stepwright_core::time::Timestamp;

use super::{Engine, Error, Loaded};

/// What a sweep came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many executions run.
    pub running: usize,
    /// Those of them that could not be resumed; to be tried again.
    pub failed: Vec<ExecutionId>,
}

/// Executions looked at in one reading of the list.
const PAGE: usize = 500;

impl Engine {
    /// Sends again what all running executions wait for. One that cannot be resumed does not keep the others waiting.
    ///
    /// # Errors
    /// The store cannot say which executions run.
    pub async fn sweep(&self) -> Result<Swept, Error> {
        let mut after: Option<ExecutionId> = None;
        let mut swept = Swept::default();
        loop {
            let page = self.store.running(after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(swept) };
            after = Some(last.clone());
            swept.running += page.len();
            swept.failed.extend(self.resume_all(page).await);
        }
    }

    /// Resumes executions, one after the other; those that could not be.
    pub async fn resume_all(&self, ids: Vec<ExecutionId>) -> Vec<ExecutionId> {
        let mut failed = Vec::new();
        for id in ids {
            if let Err(error) = self.resume(&id).await {
                tracing::error!(%error, execution_id = %id, "an execution cannot be resumed now");
                failed.push(id);
            }
        }
        failed
    }

    /// Looks at a running execution and sends again only what should have happened `overdue_seconds` ago: for homes where
    /// others work at the same time and messages survive.
    ///
    /// # Errors
    /// The store or the queue is not available.
    pub async fn look_after(&self, id: &ExecutionId, overdue_seconds: f64) -> Result<(), Error> {
        let Some(loaded) = self.load(id).await? else { return Ok(()) };
        if loaded.execution.closing.is_some() {
            return Ok(());
        }
        let latest = self.clock.now().plus_seconds(-overdue_seconds);
        let root = FrameId::root();
        let Some(tail) = self.store.tail(id, &root).await? else {
            if loaded.execution.since() > latest {
                return Ok(());
            }
            return self.start(&loaded.execution).await;
        };
        if self.overdue(&loaded) {
            self.interrupt(&loaded, super::Stimulus::Deadline).await?;
            return Ok(());
        }
        if self.stopped_as_orphan(&loaded).await? {
            return Ok(());
        }
        let tails = match tail.frame.phase {
            Phase::Forked(_) => self.store.tails(id, &root, None).await?,
            _ => vec![(root, tail)],
        };
        for (frame, tail) in tails {
            let here = Cursor { execution: id.clone(), frame: frame.clone(), slot: tail.slot };
            if self.left_behind(&here, &tail, latest).await? {
                self.metrics.overdue();
                let (arn, state) = (&*loaded.execution.arn, &*tail.frame.state);
                tracing::warn!(execution_arn = arn, state, %frame, slot = tail.slot, "a frame was left behind and goes on");
                self.sweep_frame(&loaded, &here, &tail).await?;
            }
        }
        Ok(())
    }

    /// Whether a frame should have gone on by `latest`. A job that is looked at in time has not: one more message would be
    /// one more chain of looks.
    async fn left_behind(
        &self,
        here: &Cursor,
        tail: &Record,
        latest: Timestamp,
    ) -> Result<bool, Error> {
        if due(tail) > latest {
            return Ok(false);
        }
        match &tail.frame.phase {
            Phase::Polling(job) => Ok(self.next_look(here, job).await? <= latest),
            _ => Ok(true),
        }
    }

    /// Sends again what an execution waits for, if it runs.
    ///
    /// # Errors
    /// The store or the queue is not available.
    pub async fn resume(&self, id: &ExecutionId) -> Result<(), Error> {
        let Some(loaded) = self.load(id).await? else { return Ok(()) };
        if loaded.execution.closing.is_some() {
            return Ok(());
        }
        if self.overdue(&loaded) {
            self.interrupt(&loaded, Stimulus::Deadline).await?;
            return Ok(());
        }
        if self.stopped_as_orphan(&loaded).await? {
            return Ok(());
        }
        let root = FrameId::root();
        let Some(tail) = self.store.tail(id, &root).await? else {
            return self.start(&loaded.execution).await;
        };
        if let Some(due) = loaded.execution.deadline {
            let message = Message {
                cursor: Cursor::root(id.clone(), 0),
                kind: MessageKind::Deadline { due },
            };
            self.queue.send(vec![(message, Some(due))]).await?;
        }
        // Unless the root has an open fork, there is nobody below it who could go on.
        let tails = match tail.frame.phase {
            Phase::Forked(_) => self.store.tails(id, &root, None).await?,
            _ => vec![(root, tail)],
        };
        for (frame, tail) in tails {
            let here = Cursor { execution: id.clone(), frame, slot: tail.slot };
            self.sweep_frame(&loaded, &here, &tail).await?;
        }
        Ok(())
    }

    /// Stops a child of a cancelled Map Run that its run's redrive has left running.
    async fn stopped_as_orphan(&self, loaded: &Loaded) -> Result<bool, Error> {
        let orphaned = self.orphaned(&loaded.execution).await?;
        if orphaned {
            self.interrupt(loaded, Stimulus::Stop(Failure::default())).await?;
        }
        Ok(orphaned)
    }

    async fn sweep_frame(
        &self,
        loaded: &Loaded,
        here: &Cursor,
        tail: &Arc<Record>,
    ) -> Result<(), Error> {
        if self.cancelled(here).await? {
            return Ok(());
        }
        match &tail.frame.phase {
            Phase::Ready
            | Phase::Asking
            | Phase::Claimed(_)
            | Phase::Reading(_)
            | Phase::Writing(_) => {
                let message = Message { cursor: here.next(), kind: MessageKind::Advance };
                Ok(self.queue.send(vec![(message, None)]).await?)
            }
            Phase::Polling(job) => {
                self.redo(loaded, here, tail).await?;
                self.look_again(here, job).await
            }
            _ => self.redo(loaded, here, tail).await,
        }
    }
}

/// When a frame should have gone on. What waits for lanes or workers is asked after from time to time.
fn due(tail: &Record) -> Timestamp {
    match &tail.frame.phase {
        Phase::Ready
        | Phase::Asking
        | Phase::Reading(_)
        | Phase::Writing(_)
        | Phase::Awaiting { .. }
        | Phase::Forked(_)
        | Phase::Done(_) => tail.time,
        Phase::Claimed(claim) => claim.until.max(tail.time),
        Phase::Waiting { until } | Phase::Backoff { until } | Phase::Parked { until } => *until,
        Phase::Polling(job) => job.due(None),
        Phase::Pending(pending) if pending.activity.as_ref().is_some_and(|task| !task.started) => {
            tail.time
        }
        Phase::Pending(pending) => pending.due(None).map_or(NEVER, |(due, _)| due),
        Phase::Sealed => NEVER,
    }
}

const NEVER: Timestamp = Timestamp(i64::MAX);
