//! Jobs: looked at from time to time by one message that sends itself again, stopped when nobody waits for them any more.
//!
//! A look that finds a job still running writes no record: it only notes its time, by the place where a token's heartbeats
//! are noted. That note is what keeps looks from multiplying: a message that comes before the next look is due, be it a
//! duplicate or one that a sweep has sent, ends there, and one that comes later takes the place of the one that is missing
//! or still to come. Looking twice is harmless, and submitting twice cannot happen: the claim sees to that.

use stepwright_core::engine::{
    Cursor, Frame, Job, JobCall, Message, MessageKind, Phase, Record, Stimulus, TaskOutcome,
};
use stepwright_core::time::Timestamp;

use super::{Engine, Error, Loaded};
use crate::task::Look;

impl Engine {
    /// Looks at a job, if it is time; says why its frame goes on, if it does. Otherwise the next look is arranged.
    pub(super) async fn look(
        &self,
        loaded: &Loaded,
        here: &Cursor,
        (tail, job): (&Record, &Job),
    ) -> Result<Option<Stimulus>, Error> {
        let now = self.clock.now();
        if job.deadline.is_some_and(|deadline| deadline <= now) {
            return Ok(Some(Stimulus::Due { beat: None }));
        }
        let ticket = Cursor { slot: job.ticket, ..here.clone() };
        if now < job.next_look(self.store.last_beat(&ticket).await?) {
            return Ok(None);
        }
        let Some(call) = self.job_call(loaded, here, (tail, job)) else { return Ok(None) };
        match self.tasks.look(&call).await {
            Look::Running => {}
            Look::Succeeded(output) => {
                return Ok(Some(Stimulus::Task(TaskOutcome::Succeeded(output))));
            }
            Look::Failed(failure) => {
                return Ok(Some(Stimulus::Task(TaskOutcome::Failed(failure))));
            }
        }
        let looked = self.clock.now();
        let due = job.due(Some(looked));
        let message = Message { cursor: here.next(), kind: MessageKind::Timer { due } };
        // The message first: a look that was noted but has no successor would be the last one.
        self.queue.send(vec![(message, Some(due))]).await?;
        self.store.beat(&ticket, looked).await?;
        Ok(None)
    }

    /// Sends the message of the next look once more, for when that look is due: one that came earlier would end there, and
    /// the one before it may be lost.
    pub(super) async fn look_again(&self, here: &Cursor, job: &Job) -> Result<(), Error> {
        let due = self.next_look(here, job).await?;
        let message = Message { cursor: here.next(), kind: MessageKind::Timer { due } };
        Ok(self.queue.send(vec![(message, Some(due))]).await?)
    }

    /// When a job is to be looked at next.
    pub(super) async fn next_look(&self, here: &Cursor, job: &Job) -> Result<Timestamp, Error> {
        let ticket = Cursor { slot: job.ticket, ..here.clone() };
        Ok(job.due(self.store.last_beat(&ticket).await?))
    }

    /// Stops the job that a record left to itself, if it did.
    pub(super) async fn stop_job(&self, loaded: &Loaded, here: &Cursor, record: &Record) {
        let Some(job) = &record.abandons else { return };
        if let Some(call) = self.job_call(loaded, here, (record, job)) {
            self.tasks.stop(&call).await;
        }
    }

    /// Stops a job that was submitted for a frame that had gone on without it by then.
    pub(super) async fn disown(&self, loaded: &Loaded, place: &Cursor, submitted: Option<Frame>) {
        let Some(frame) = submitted else { return };
        let Phase::Polling(job) = &frame.phase else { return };
        let call = self.with_setting(loaded, place, job.since, 0, |set| job.call(set, &frame));
        if let Some(call) = call {
            self.tasks.stop(&call).await;
        }
    }

    fn job_call(
        &self,
        loaded: &Loaded,
        here: &Cursor,
        (record, job): (&Record, &Job),
    ) -> Option<JobCall> {
        self.with_setting(loaded, here, record.time, 0, |set| job.call(set, &record.frame))
    }
}
