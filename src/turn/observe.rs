//! What is told of a record right after it was committed by this process: counted, and said in the program's log. Nothing
//! here can fail, wait or change anything.

use stepwright_core::engine::{Cursor, Outcome, Phase, Record, TaskOutcome};
use stepwright_core::event::EventKind;

use super::{Engine, Loaded};
use crate::store::Status;
use crate::telemetry::metrics::TaskEnd;

impl Engine {
    /// Tells of a record that was just committed.
    pub(super) fn observe(&self, loaded: &Loaded, here: &Cursor, record: &Record) {
        let metrics = &*self.metrics;
        let mut failed = false;
        for event in &record.events {
            match &event.kind {
                EventKind::StateEntered { class, .. } => metrics.transition(*class),
                EventKind::ExecutionStarted { .. } => {
                    metrics.started(loaded.machine_name());
                    let arn = &*loaded.execution.arn;
                    tracing::info!(execution_arn = arn, "an execution has begun");
                }
                // A state that failed and is left nevertheless was caught.
                EventKind::StateExited { .. } if failed => metrics.catch(),
                _ => {}
            }
            failed = fails(&event.kind);
        }
        match &record.frame.phase {
            Phase::Backoff { .. } => metrics.retry(),
            Phase::Done(outcome) if here.frame.is_root() => self.observe_end(loaded, outcome),
            _ => {}
        }
    }

    fn observe_end(&self, loaded: &Loaded, outcome: &Outcome) {
        let status = Status::of(outcome).as_str();
        self.metrics.ended(loaded.machine_name(), status);
        let arn = &*loaded.execution.arn;
        tracing::info!(execution_arn = arn, status, "an execution has ended");
    }
}

/// How a task ended.
pub(super) fn end_of(outcome: &TaskOutcome) -> TaskEnd {
    match outcome {
        TaskOutcome::Succeeded(_) => TaskEnd::Succeeded,
        TaskOutcome::TimedOut => TaskEnd::TimedOut,
        TaskOutcome::Failed(_) => TaskEnd::Failed,
        _ => TaskEnd::Submitted,
    }
}

/// Whether an event says that a state has failed, so that it is left only if that was caught.
fn fails(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::LambdaFunctionScheduleFailed(_)
            | EventKind::LambdaFunctionStartFailed(_)
            | EventKind::LambdaFunctionFailed(_)
            | EventKind::LambdaFunctionTimedOut(_)
            | EventKind::TaskStartFailed { .. }
            | EventKind::TaskSubmitFailed { .. }
            | EventKind::TaskFailed { .. }
            | EventKind::TaskTimedOut { .. }
            | EventKind::ActivityScheduleFailed(_)
            | EventKind::ActivityFailed(_)
            | EventKind::ActivityTimedOut(_)
            | EventKind::ParallelStateFailed
            | EventKind::MapStateFailed
            | EventKind::MapRunFailed(_)
            | EventKind::EvaluationFailed { .. }
    )
}
