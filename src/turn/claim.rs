//! Claims: a task is claimed in a record before it is performed, by whoever has inserted that record; and when a claim is
//! as good as no claim, because its holder is gone.

use stepwright_core::engine::{Claim, Cursor, Failure, Record, TaskOutcome, failure, task_call};

use super::{Engine, Loaded};

impl Engine {
    /// Performs the claimed task.
    pub(super) async fn perform(
        &self,
        loaded: &Loaded,
        cursor: &Cursor,
        record: &Record,
    ) -> Option<TaskOutcome> {
        let call = self.with_setting(loaded, cursor, record.time, 0, |set| task_call(set, record));
        Some(self.tasks.perform(&call?).await)
    }

    /// Seconds until a claim is dead for sure; `None` if it is.
    pub(super) fn death(&self, here: &Cursor, claim: &Claim) -> Option<f64> {
        if claim.holder == self.config.holder {
            // Ours: dead unless one of our turns is at it. Looked at again soon, for a task may take a year.
            return self
                .live
                .performs(here, claim.ticket)
                .then_some(self.config.visibility_seconds);
        }
        let left = claim.until.seconds_since(self.clock.now());
        let dead = left <= 0.0 || self.config.sole;
        (!dead).then_some(left)
    }

    /// Whether the one who wrote a tail is gone for sure, so that it need not be waited for.
    pub(super) fn abandoned(&self, tail: &Record) -> bool {
        let process = tail.nonce.rsplit_once('.').map_or("", |(holder, _)| holder);
        self.config.sole && process != &*self.config.holder
    }
}

/// A claim whose holder died: whether the task was performed is not known, so Retry and Catch decide.
pub(super) fn worker_lost() -> Failure {
    Failure::new(
        failure::name::TASK_FAILED,
        "The worker that performed the task was lost before it could report an outcome. The task may or may not have run.",
    )
}
