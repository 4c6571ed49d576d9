//! What is told of a record right after it was committed by this process: counted, traced, said in the program's log. Nothing
//! here can fail, wait or change anything.

use stepwright_core::engine::{Cursor, Outcome, Phase, Record, TaskOutcome};
use stepwright_core::event::EventKind;
use stepwright_core::time::Timestamp;

use super::{Drive, Engine, Error, Loaded};
use crate::queue::Delivery;
use crate::store::{self, Execution, Status};
use crate::telemetry::metrics::TaskEnd;
use crate::telemetry::traces::ids::Trace;
use crate::telemetry::traces::spans::{self, Subject};

impl Engine {
    /// Tells of a record that was just committed, and that it was so long since its frame was `taken_up`.
    pub(super) fn observe(
        &self,
        loaded: &Loaded,
        drive: &Drive,
        record: &Record,
        taken_up: Option<Timestamp>,
    ) {
        let here = &drive.cursor;
        if let Some(traces) = &self.traces {
            let before = drive.made.as_ref().map(|made| &made.frame);
            traces.note(&subject(loaded), before, (here, record));
        }
        let metrics = &*self.metrics;
        if let Some(taken_up) = taken_up {
            metrics.transition_took(self.clock.now().seconds_since(taken_up));
        }
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

    /// What a task that is about to be performed tells those it calls of the trace it is part of; `None` if nobody wants
    /// to know.
    pub(super) fn trace_header(
        &self,
        loaded: &Loaded,
        here: &Cursor,
        record: &Record,
    ) -> Option<String> {
        if self.traces.is_none() && loaded.execution.trace_header.is_none() {
            return None;
        }
        let subject = subject(loaded);
        Some(subject.trace.header(spans::visit(&subject.id, here, &record.frame)))
    }

    /// Tells of a turn that ended without an outcome.
    pub(super) fn observe_failure(
        &self,
        delivery: &Delivery,
        about: Option<&Execution>,
        error: &Error,
    ) {
        self.metrics.failed_turn();
        let arn = about.map(|about| &*about.arn);
        let id = &*delivery.message.cursor.execution.0;
        // The store of a process that has it alone tells of its trouble itself, once and not once a turn.
        if self.config.sole && matches!(error, Error::Store(store::Error::Unavailable(_))) {
            tracing::debug!(%error, execution_arn = arn, execution_id = id, "turn failed, will be repeated");
            return;
        }
        tracing::warn!(%error, execution_arn = arn, execution_id = id, "turn failed, will be repeated");
    }

    fn observe_end(&self, loaded: &Loaded, outcome: &Outcome) {
        let status = Status::of(outcome).as_str();
        self.metrics.ended(loaded.machine_name(), status);
        let arn = &*loaded.execution.arn;
        tracing::info!(execution_arn = arn, status, "an execution has ended");
    }
}

/// What spans of an execution are about.
fn subject(loaded: &Loaded) -> Subject {
    let execution = &loaded.execution;
    let header = execution.trace_header.as_deref();
    Subject {
        id: execution.id.clone(),
        arn: execution.arn.clone(),
        machine: loaded.machine_name().clone(),
        since: execution.since(),
        run: execution.redriven.map_or(0, |redriven| redriven.count),
        trace: Trace::of(&execution.id, execution.started, header),
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
