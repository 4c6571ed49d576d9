//! States whose work is replaced by a mock: everything before and after the work is theirs.

use super::super::decide::{Broken, Step};
use super::super::draft::Draft;
use super::super::state::{self, fork, map, task};
use super::super::{Answer, Failure, Phase};
use super::{Mock, Refusal, batch};
use crate::asl::model::{self, State};
use crate::event::failure::name;
use crate::expr::{Document, Error, Value};

/// A Task: its request is made ready as ever, but not sent.
pub(super) fn task(draft: &mut Draft<'_>, state: &State, mock: &Mock) -> Step {
    match state::attempt(draft, state) {
        Step::Stay(Phase::Claimed(_) | Phase::Pending(_)) => {}
        step => return step,
    }
    let answer = match mock {
        Mock::Result(result) => Answer::Success(result.clone()),
        Mock::Failure(failure) => Answer::Failure(failure.clone()),
    };
    task::answer(draft, state, answer)
}

/// A Parallel: its branches' input is made, its branches are not run.
pub(super) fn parallel(
    draft: &mut Draft<'_>,
    state: &State,
    parallel: &model::Parallel,
    mock: &Mock,
) -> Step {
    match state::parallel::fork(draft, state, parallel) {
        Step::Stay(_) => whole(draft, state, mock),
        step => step,
    }
}

/// What a mock says about a Map.
pub(super) struct Failed<'a> {
    /// How many iterations failed.
    pub(super) items: u64,
    /// What came of the state as a whole.
    pub(super) mock: &'a Mock,
}

/// A Map: its items are made, its iterations are not run.
pub(super) fn map(
    draft: &mut Draft<'_>,
    state: &State,
    map: &model::Map,
    failed: &Failed<'_>,
) -> Result<Step, Refusal> {
    let prepared = match map::prepare_trial(draft, state, map) {
        Ok(prepared) => prepared,
        Err(step) => return Ok(*step),
    };
    let inputs = match batched(draft, state, map, prepared.inputs) {
        Ok(inputs) => inputs,
        Err(error) => return Ok(state::failed(draft, &error)),
    };
    let items = inputs.map(|inputs| inputs.len() as u64).or_else(|| items_of(failed.mock));
    if items.is_some_and(|items| failed.items > items) {
        return Err(Refusal::FailedItems);
    }
    let exceeded = prepared.tolerated_count.is_some_and(|most| failed.items as f64 > most)
        || prepared
            .tolerated_percentage
            .zip(items)
            .is_some_and(|(most, items)| failed.items as f64 * 100.0 > most * items as f64);
    if exceeded {
        let failure = Failure::new(name::EXCEED_TOLERATED_FAILURE_THRESHOLD, EXCEEDED);
        return Ok(broken(state, failure));
    }
    Ok(whole(draft, state, failed.mock))
}

/// The inputs of the iterations after ItemBatcher.
fn batched(
    draft: &Draft<'_>,
    state: &State,
    map: &model::Map,
    inputs: Option<Vec<Value>>,
) -> Result<Option<Vec<Value>>, Error> {
    let batcher = map.distributed.as_ref().and_then(|map| map.item_batcher.as_ref());
    let (Some(batcher), Some(inputs)) = (batcher, &inputs) else { return Ok(inputs) };
    let batches = batch::batches(draft, state, batcher, inputs)?;
    draft.note("afterItemBatcher", &Document::from(Value::array(batches.clone())));
    Ok(Some(batches))
}

fn items_of(mock: &Mock) -> Option<u64> {
    let Mock::Result(result) = mock else { return None };
    result.value().as_array().map(|items| items.len() as u64)
}

/// The state as a whole has come to this.
fn whole(draft: &mut Draft<'_>, state: &State, mock: &Mock) -> Step {
    match mock {
        Mock::Result(result) => fork::succeeded(draft, state, result),
        Mock::Failure(failure) => broken(state, failure.clone()),
    }
}

fn broken(state: &State, failure: Failure) -> Step {
    Step::Fail(Broken { failure, heartbeat: false, closing: Some(fork::closing(state)) })
}

/// Recorded on AWS.
const EXCEEDED: &str = "The specified tolerated failure threshold was exceeded";
