//! Fail: ends its flow with an error that no catcher of its own can see.

use super::super::Failure;
use super::super::data_flow::plain;
use super::super::decide::Step;
use super::super::draft::Draft;
use crate::asl::model::{Fail, QueryLanguage, State};
use crate::expr::Error;

/// `Error` and `Cause`, given or computed.
pub(crate) fn run(draft: &mut Draft<'_>, state: &State, fail: &Fail) -> Result<Step, Error> {
    let input = draft.made.frame.input.clone();
    let look = plain(&input, Draft::sight(state));
    if state.language == QueryLanguage::JsonPath {
        draft.note("afterInputPath", &input);
    }
    let error = draft.text(&fail.error, look, "Error")?;
    let cause = draft.text(&fail.cause, look, "Cause")?;
    Ok(Step::Die(Failure { error, cause }))
}
