//! GetActivityTask: a long poll. It waits as a future, without a thread; a caller that goes away drops it, and then no
//! task is started for nobody.

use super::Answer;
use super::create_activity::Activity;
use crate::api::Api;
use crate::api::input::Input;
use crate::api::output::Object;

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let arn = input.required("activityArn")?;
    Activity::require(api.store(), arn).await?;
    let _polling = api.account.another_worker(arn)?;
    let worker = input.text("workerName").map(|name| &**name);
    let work = tokio::select! {
        biased;
        work = api.engine.activity_task(arn, worker, LONG_POLL_SECONDS) => work?,
        () = api.closed() => None,
    };
    let mut answer = Object::new();
    match work {
        Some(work) => answer.text("taskToken", &work.token).text("input", work.input.text()),
        None => answer.raw("taskToken", "null"),
    };
    Ok(answer.finish())
}

const LONG_POLL_SECONDS: f64 = 60.0;
