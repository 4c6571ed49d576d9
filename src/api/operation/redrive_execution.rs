//! RedriveExecution: which executions may be redriven.

use super::Answer;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::{Api, execution};

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let execution = execution::require(api.store(), input.required("executionArn")?).await?;
    let (_, reason) = execution::redrive(&execution, api.now());
    Err(Error::not_redrivable(reason.unwrap_or("Redriving is not available yet")))
}
