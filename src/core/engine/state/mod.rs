//! What each type of state does: one file per type. `attempt` is the first try and every retry alike.

use super::decide::{Broken, Step};
use super::draft::Draft;
use crate::asl::model::{Kind, State};
use crate::expr::Error;

pub(crate) mod choice;
pub(crate) mod distributed;
pub(crate) mod fail;
pub(crate) mod fork;
pub(crate) mod map;
pub(crate) mod parallel;
mod parameters;
pub(crate) mod pass;
pub(crate) mod succeed;
pub(crate) mod task;
pub(crate) mod wait;

/// Does what the state is for.
pub(crate) fn attempt(draft: &mut Draft<'_>, state: &State) -> Step {
    let tried = match &state.kind {
        Kind::Pass(pass) => pass::run(draft, state, pass),
        Kind::Task(task) => task::schedule(draft, state, task),
        Kind::Choice(choice) => choice::run(draft, state, choice),
        Kind::Wait(wait) => wait::begin(draft, state, wait),
        Kind::Succeed => succeed::run(draft, state),
        Kind::Fail(fail) => fail::run(draft, state, fail),
        Kind::Parallel(parallel) => Ok(parallel::fork(draft, state, parallel)),
        Kind::Map(map) => map::fork(draft, state, map),
    };
    tried.unwrap_or_else(|error| failed(draft, &error))
}

/// A state whose fields could not be evaluated.
pub(crate) fn failed(draft: &mut Draft<'_>, error: &Error) -> Step {
    Step::Fail(Broken::from(draft.evaluation_failed(error)))
}
