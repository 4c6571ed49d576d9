//! Executions as the API names and describes them.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use stepwright_core::engine::ExecutionId;
use stepwright_core::time::Timestamp;

use super::arn::ExecutionArn;
use super::error::Error;
use super::{Api, machine};
use crate::store::Execution;
pub use crate::store::execution_id as id;
use crate::store::redrivable::HISTORY_FULL;

/// Decides between the versions of an alias: a number from 0 to 99 that is always the same for the same execution, so
/// that a start that is repeated is the same start.
pub(super) fn draw(id: &ExecutionId) -> u64 {
    let hash = Sha256::new().chain_update("version").chain_update(&*id.0).finalize();
    hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte)) % 100
}

/// The execution with this ARN; of several of one name the last one.
///
/// # Errors
/// `InvalidArn`, `ExecutionDoesNotExist`, or the store is not available.
pub(super) async fn require(api: &Api, arn: &str) -> Result<Arc<Execution>, Error> {
    let (store, now) = (api.store(), api.now());
    let parsed = ExecutionArn::parse(arn)?;
    let mut found = None;
    for run in 0.. {
        match store.execution(&id(&parsed.machine, parsed.name, run)).await? {
            // A later execution of the same name can only be there if this one is not the last.
            Some(execution) if forgotten(&execution, now) => found = Some(execution),
            Some(execution) => return Ok(execution),
            None => break,
        }
    }
    found.ok_or_else(|| Error::no_execution(arn))
}

/// Whether an execution was closed so long ago that its name is free again (source: StartExecution).
pub(super) fn forgotten(execution: &Execution, now: Timestamp) -> bool {
    let closing = execution.closing.as_ref();
    closing.is_some_and(|closing| now.seconds_since(closing.stopped) > NAME_KEPT_SECONDS)
}

/// The same for what Express executions cannot be asked, not even those that are children of a Map Run.
///
/// # Errors
/// As above, or `StateMachineTypeNotSupported`.
pub(super) async fn require_standard(api: &Api, arn: &str) -> Result<Arc<Execution>, Error> {
    let execution = require(api, arn).await?;
    if execution.express_child() { Err(Error::machine_type()) } else { Ok(execution) }
}

/// Why an execution cannot be redriven; `None` if it can.
///
/// # Errors
/// The store is not available.
pub(super) async fn not_redrivable(
    api: &Api,
    execution: &Execution,
) -> Result<Option<&'static str>, Error> {
    if let Some(reason) = execution.not_redrivable(api.now()) {
        return Ok(Some(reason));
    }
    if execution.express_child() {
        return Ok(None);
    }
    let machine = machine::find(api.store(), execution.definition()).await?;
    if machine.is_none_or(|found| found.machine.deleting) {
        return Ok(Some("State machine is in DELETING status."));
    }
    let Some(most) = api.engine.config.limits.events else { return Ok(None) };
    // Two events at least must find room: the redrive and the end.
    let full = api.engine.event_count(execution).await? + 1 >= most;
    Ok(full.then_some(HISTORY_FULL))
}

/// 90 days (source: StartExecution).
const NAME_KEPT_SECONDS: f64 = 90.0 * 86_400.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_spread_evenly() {
        let mut counts = [0; 100];
        for n in 0..10_000 {
            counts[draw(&id("m", &n.to_string(), 0)) as usize] += 1;
        }
        // Each is expected 100 times with a deviation of 10; the hash is fixed, so this cannot fail by chance.
        assert!(counts.iter().all(|count| (50..150).contains(count)), "{counts:?}");
    }
}
