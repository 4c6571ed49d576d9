//! Succeed: ends its flow well.

use super::super::decide::Step;
use super::super::draft::Draft;
use crate::asl::model::{State, Transition};
use crate::expr::Error;

/// Hands its input out, after InputPath and OutputPath or through Output.
pub(crate) fn run(draft: &mut Draft<'_>, state: &State) -> Result<Step, Error> {
    let input = draft.effective_input(state)?;
    let leaving = draft.leave_plainly(state, &input, None)?;
    Ok(Step::Leave { leaving, next: Transition::End })
}
