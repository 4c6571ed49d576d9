//! Parallel: one lane for each branch, each with the same input.

use super::super::decide::{Broken, Step, within_bounds};
use super::super::draft::Draft;
use crate::asl::model::{Parallel, State};
use crate::event::EventKind;
use crate::expr::Error;

/// Forks into the branches.
pub(crate) fn fork(
    draft: &mut Draft<'_>,
    state: &State,
    parallel: &Parallel,
) -> Result<Step, Error> {
    let input = draft.effective_input(state)?;
    let input = draft.arguments(state, &input, Draft::sight(state))?;
    if let Err(failure) = within_bounds(draft, &state.name, &input) {
        return Ok(Step::Fail(Broken::from(failure)));
    }
    let started = draft.push(EventKind::ParallelStateStarted);
    Ok(super::fork::phase(parallel.branches.len() as u32, input, None, started))
}
