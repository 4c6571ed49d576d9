//! Test cases: where tasks can be mocked, `#CASE` behind the ARN of a state machine starts an execution in that case
//! (Step Functions Local). The case is kept, so that the execution stays in it whatever happens to the process.

use super::Api;
use super::error::Error;
use crate::store::Kind;

/// Takes the test case off an ARN; where nothing is mocked there are none.
///
/// # Errors
/// `ValidationException`: the state machine has no such case.
pub(super) fn split<'a>(api: &Api, arn: &'a str) -> Result<(&'a str, Option<&'a str>), Error> {
    let (Some(mocks), Some((base, case))) = (api.engine.tasks.mocks(), arn.split_once('#')) else {
        return Ok((arn, None));
    };
    let machine = base.split(':').nth(6).unwrap_or_default();
    if mocks.has_case(machine, case) {
        return Ok((base, Some(case)));
    }
    Err(Error::validation(format!(
        "The mock configuration has no test case '{case}' for the state machine '{machine}'"
    )))
}

/// Notes the test case of an execution that is about to be created.
///
/// # Errors
/// The store is not available.
pub(super) async fn note(api: &Api, execution: &str, case: Option<&str>) -> Result<(), Error> {
    if let Some(case) = case {
        let body = serde_json::Value::from(case).to_string();
        api.store().put(Kind::TestCase, execution, body, None).await?;
    }
    Ok(())
}

/// The test case that an execution was started in.
///
/// # Errors
/// The store is not available.
pub(super) async fn of(api: &Api, execution: &str) -> Result<Option<String>, crate::store::Error> {
    let item = api.store().item(Kind::TestCase, execution).await?;
    Ok(item.and_then(|item| serde_json::from_str(&item.body).ok()))
}
