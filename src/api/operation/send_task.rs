//! SendTaskSuccess, SendTaskFailure, SendTaskHeartbeat: what a worker says about the task of a token.

use stepwright_core::engine::{Answer as TaskAnswer, Failure};

use super::Answer;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::{Api, document};

pub(super) async fn success(api: &Api, input: Input) -> Answer {
    let output = document::read(input.required("output")?)
        .map_err(Error::output)?
        .ok_or_else(|| Error::output("Invalid output."))?;
    answer(api, &input, TaskAnswer::Success(output)).await
}

pub(super) async fn failure(api: &Api, input: Input) -> Answer {
    let failure =
        Failure { error: input.text("error").cloned(), cause: input.text("cause").cloned() };
    answer(api, &input, TaskAnswer::Failure(failure)).await
}

pub(super) async fn heartbeat(api: &Api, input: Input) -> Answer {
    api.engine.heartbeat(input.required("taskToken")?).await?.map_err(Error::token)?;
    Ok("{}".to_owned())
}

async fn answer(api: &Api, input: &Input, answer: TaskAnswer) -> Answer {
    api.engine.answer(input.required("taskToken")?, answer).await?.map_err(Error::token)?;
    Ok("{}".to_owned())
}
