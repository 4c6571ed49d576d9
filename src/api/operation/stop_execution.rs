//! StopExecution. Stopping what has ended answers when it ended.

use stepwright_core::engine::Failure;

use super::Answer;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::output::Object;
use crate::api::{Api, execution};

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let arn = input.required("executionArn")?;
    let execution = execution::require(api, arn).await?;
    let failure =
        Failure { error: input.text("error").cloned(), cause: input.text("cause").cloned() };
    let stopped = match &execution.closing {
        Some(closing) => closing.stopped,
        None => match api.engine.stop(&execution, failure).await? {
            Some(stopped) => stopped,
            // It ended in between.
            None => match &execution::require(api, arn).await?.closing {
                Some(closing) => closing.stopped,
                None => return Err(Error::unavailable("the execution is about to end; try again")),
            },
        },
    };
    Ok(Object::new().time("stopDate", stopped).finish())
}
