//! ListMapRuns, DescribeMapRun, UpdateMapRun: no execution has Map Runs as long as distributed Maps run inside of it, so
//! lists are empty and no Map Run is found.

use super::Answer;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::output::Object;
use crate::api::page::List;
use crate::api::{Api, arn, execution};

pub(super) async fn list(api: &Api, input: Input) -> Answer {
    let arn = input.required("executionArn")?;
    execution::require(api, arn).await?;
    if let Some(token) = input.text("nextToken") {
        let scope = format!("ListMapRuns {arn}");
        api.pages.open(api.store(), &List { scope: &scope, now: api.now() }, token).await?;
    }
    Ok(Object::new().raw("mapRuns", "[]").finish())
}

#[expect(clippy::unused_async, reason = "all operations are asynchronous")]
pub(super) async fn missing(_: &Api, input: Input) -> Answer {
    let arn = input.required("mapRunArn")?;
    arn::check_map_run(arn)?;
    Err(Error::resource_not_found(arn))
}
