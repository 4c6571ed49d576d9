//! Parallel: one lane for each branch, each with the same input.

use super::super::decide::{Broken, Step, within_bounds};
use super::super::draft::Draft;
use crate::asl::model::{Parallel, State};
use crate::event::EventKind;
use crate::expr::{Document, Error};

/// Forks into the branches.
pub(crate) fn fork(draft: &mut Draft<'_>, state: &State, parallel: &Parallel) -> Step {
    let input = match input(draft, state) {
        Ok(input) => input,
        Err(error) => return super::fork::refused(draft, state, &error),
    };
    if let Err(failure) = within_bounds(draft, &state.name, &input) {
        return Step::Fail(Broken::from(failure));
    }
    let started = draft.push(EventKind::ParallelStateStarted);
    super::fork::phase(parallel.branches.len() as u32, input, None, started)
}

/// The input of each branch.
fn input(draft: &Draft<'_>, state: &State) -> Result<Document, Error> {
    let input = draft.effective_input(state)?;
    draft.arguments(state, &input, Draft::sight(state))
}
