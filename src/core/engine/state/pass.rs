//! Pass: hands on its input, or a fixed result.

use super::super::decide::Step;
use super::super::draft::Draft;
use crate::asl::model::{Pass, State};
use crate::expr::Error;

/// Parameters make the result unless `Result` gives it.
pub(crate) fn run(draft: &mut Draft<'_>, state: &State, pass: &Pass) -> Result<Step, Error> {
    let input = draft.effective_input(state)?;
    let made = draft.arguments(state, &input, Draft::sight(state))?;
    let result = pass.result.as_ref().unwrap_or(&made);
    if pass.result.is_some() {
        draft.note("result", result);
    }
    let leaving = draft.leave_plainly(state, &input, Some(result))?;
    Ok(Step::Leave { leaving, next: state.next.clone() })
}
