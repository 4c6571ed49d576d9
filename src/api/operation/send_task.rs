//! SendTaskSuccess, SendTaskFailure, SendTaskHeartbeat: what a worker says about the task of a token.

use stepwright_core::engine::{Answer as TaskAnswer, Failure};

use super::Answer;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::{Api, document};
use crate::{store, turn};

pub(super) async fn success(api: &Api, input: Input) -> Answer {
    let output = document::read(input.required("output")?)
        .map_err(Error::output)?
        .ok_or_else(|| Error::output("Invalid output."))?;
    let answered = api.engine.answer(input.required("taskToken")?, TaskAnswer::Success(output));
    match answered.await {
        // Nothing has happened: the task still waits, for an output that can be kept, or a failure.
        Err(turn::Error::Store(store::Error::TooLarge(why))) => Err(Error::output(why)),
        answered => said(answered),
    }
}

pub(super) async fn failure(api: &Api, input: Input) -> Answer {
    let failure =
        Failure { error: input.text("error").cloned(), cause: input.text("cause").cloned() };
    said(api.engine.answer(input.required("taskToken")?, TaskAnswer::Failure(failure)).await)
}

pub(super) async fn heartbeat(api: &Api, input: Input) -> Answer {
    api.engine.heartbeat(input.required("taskToken")?).await?.map_err(Error::token)?;
    Ok("{}".to_owned())
}

fn said(answered: Result<Result<(), turn::TokenError>, turn::Error>) -> Answer {
    answered?.map_err(Error::token)?;
    Ok("{}".to_owned())
}
