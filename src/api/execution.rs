//! Executions as the API names and describes them.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use stepwright_core::engine::ExecutionId;
use stepwright_core::time::Timestamp;

use super::arn::ExecutionArn;
use super::error::Error;
use super::{Api, machine};
use crate::store::{Execution, Status};

/// The id of an execution: 26 base-32 characters of a hash of machine ARN and name, and which run of that name it is.
/// So a name is taken by one conditional insert, without asking first.
pub fn id(machine: &str, name: &str, run: u32) -> ExecutionId {
    let hash = Sha256::new().chain_update(machine).chain_update([0]).chain_update(name).finalize();
    let mut text = String::with_capacity(ID_CHARACTERS + 2);
    let (mut bits, mut held) = (0u32, 0);
    for byte in hash {
        bits = bits << 8 | u32::from(byte);
        held += 8;
        while held >= 5 && text.len() < ID_CHARACTERS {
            held -= 5;
            let index = (bits >> held & 31) as usize;
            text.extend(ALPHABET.get(index).map(|b| char::from(*b)));
        }
        bits &= 0xff;
    }
    text.push('.');
    text.push_str(&run.to_string());
    ExecutionId(text.into())
}

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

/// Why an execution cannot be redriven; `None` if it can.
///
/// # Errors
/// The store is not available.
pub(super) async fn not_redrivable(
    api: &Api,
    execution: &Execution,
) -> Result<Option<&'static str>, Error> {
    if let Some(reason) = unfit(execution, api.now()) {
        return Ok(Some(reason));
    }
    let machine = machine::find(api.store(), &execution.machine).await?;
    if machine.is_none_or(|found| found.machine.deleting) {
        return Ok(Some("State machine is in DELETING status."));
    }
    let Some(most) = api.engine.config.limits.events else { return Ok(None) };
    // Two events at least must find room: the redrive and the end.
    let full = api.engine.event_count(execution).await? + 1 >= most;
    Ok(full.then_some("Execution history event limit exceeded"))
}

/// Why an execution cannot be redriven, as far as its row tells.
fn unfit(execution: &Execution, now: Timestamp) -> Option<&'static str> {
    match &execution.closing {
        None => Some("Execution is RUNNING and cannot be redriven"),
        Some(closing) if closing.status == Status::Succeeded => {
            Some("Execution is SUCCEEDED and cannot be redriven")
        }
        Some(_) if now.seconds_since(execution.started) > LONGEST_SECONDS => {
            Some("Execution has exceeded the max execution time")
        }
        Some(closing) if now.seconds_since(closing.stopped) > REDRIVABLE_SECONDS => {
            Some("Execution redrivable period exceeded")
        }
        Some(_) => None,
    }
}

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const ID_CHARACTERS: usize = 26;
/// 90 days (source: StartExecution).
const NAME_KEPT_SECONDS: f64 = 90.0 * 86_400.0;
/// 14 days (source: RedriveExecution).
const REDRIVABLE_SECONDS: f64 = 14.0 * 86_400.0;
/// A year (source: quotas).
const LONGEST_SECONDS: f64 = 365.0 * 86_400.0;

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

    #[test]
    fn an_id_is_the_hash_of_machine_and_name_and_the_run() {
        // By another program: base32(sha256("m\0n")), lower case.
        assert_eq!(&*id("m", "n", 0).0, "ls4b33wgliycjy5pgk7loc5g62.0");
        assert_ne!(id("m", "n", 0), id("m", "n", 1));
        assert_ne!(id("ab", "c", 0), id("a", "bc", 0), "the parts must not run into each other");
    }
}
