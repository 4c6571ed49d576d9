//! Claims: who performs a task, when that one is dead for sure, and what is left to do then.

use std::sync::Arc;

use stepwright_core::engine::{Claim, Cursor, Failure, Record, TaskOutcome, failure, task_call};

use super::observe::end_of;
use super::{Engine, Loaded};
use crate::task::in_trace;

impl Engine {
    /// Performs the claimed task.
    pub(super) async fn perform(
        &self,
        loaded: &Loaded,
        cursor: &Cursor,
        record: &Record,
    ) -> Option<TaskOutcome> {
        let call = self.with_setting(loaded, cursor, record.time, 0, |set| task_call(set, record));
        let call = call?;
        let begun = self.clock.now();
        let trace = self.trace_header(loaded, cursor, record);
        let outcome = in_trace(trace, self.tasks.perform(&call)).await;
        self.metrics.task(end_of(&outcome), self.clock.now().seconds_since(begun));
        Some(outcome)
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

    /// Whether a task whose claimer is lost can be asked for again without being done twice.
    pub(super) fn repeatable(&self, loaded: &Loaded, here: &Cursor, tail: &Arc<Record>) -> bool {
        let call = self.with_setting(loaded, here, tail.time, 0, |set| task_call(set, tail));
        call.is_some_and(|call| self.tasks.repeatable(&call))
    }
}

/// A claim whose holder died: whether the task was performed is not known, so Retry and Catch decide.
pub(super) fn worker_lost() -> Failure {
    Failure::new(
        failure::name::TASK_FAILED,
        "The worker that performed the task was lost before it could report an outcome. The task may or may not have run.",
    )
}
