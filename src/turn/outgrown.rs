//! Executions that have outgrown the store: an item of DynamoDB holds 400 KB, and without a bucket for payloads that is all
//! there is. No repetition makes data smaller, so the execution fails at once with `States.DataLimitExceeded`, and that
//! failure can always be written down.

use std::sync::Arc;

use stepwright_core::engine::failure::name;
use stepwright_core::engine::{Failure, Outcome, Phase, Record, Stimulus};
use stepwright_core::event::EventKind;
use stepwright_core::expr::Document;

use super::patience::LONG;
use super::{Engine, Error, Verdict};
use crate::queue::Delivery;

impl Engine {
    /// Fails the execution of a message whose turn came to something that is too large.
    pub(super) async fn outgrown(&self, delivery: &Delivery, why: String) -> Verdict {
        let execution = &delivery.message.cursor.execution;
        tracing::error!(why, execution_id = %execution, "an execution fails: its data does not fit into the store");
        let failure = Failure::new(name::DATA_LIMIT_EXCEEDED, why);
        // Given up too early, the task whose result was too large would count as lost and be performed again.
        match self.patiently(LONG, || self.fail_outgrown(delivery, &failure)).await {
            Ok(()) => Verdict::Delete,
            Err(error) => {
                tracing::warn!(%error, execution_id = %execution, "an execution cannot be failed now");
                Verdict::GiveBack(1.0)
            }
        }
    }

    async fn fail_outgrown(&self, delivery: &Delivery, failure: &Failure) -> Result<(), Error> {
        let Some(loaded) = self.load(&delivery.message.cursor.execution).await? else {
            return Ok(());
        };
        self.interrupt(&loaded, Stimulus::Fail(failure.clone())).await.map(drop)
    }
}

/// The record of a frame's end without the data that it ended with, which nobody reads any more but a redrive; `None` if
/// the frame goes on, or its data is its result, or there is nothing to be left out.
pub(super) fn bare(record: &Record) -> Option<Arc<Record>> {
    let ended = match &record.frame.phase {
        Phase::Done(outcome) => !matches!(outcome, Outcome::Succeeded(_)),
        phase => *phase == Phase::Sealed,
    };
    if !ended {
        return None;
    }
    let mut bare = record.clone();
    bare.frame.input = Document::empty_object();
    bare.frame.variables = None;
    for event in &mut bare.events {
        if let EventKind::ExecutionStarted { input, .. } = &mut event.kind {
            *input = Document::empty_object();
        }
    }
    (bare != *record).then(|| bare.into())
}
