//! DescribeExecution.

use super::Answer;
use crate::api::input::Input;
use crate::api::output::Object;
use crate::api::{Api, execution};

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let execution = execution::require(api, input.required("executionArn")?).await?;
    let data = input.all_data();
    let included = if data { r#"{"included":true}"# } else { r#"{"included":false}"# };
    let mut answer = Object::new();
    answer
        .text("executionArn", &execution.arn)
        .text("stateMachineArn", &execution.machine)
        .optional("stateMachineVersionArn", execution.version.as_deref())
        .optional("stateMachineAliasArn", execution.alias.as_deref())
        .text("name", &execution.name)
        .text("status", execution.status().as_str())
        .time("startDate", execution.started);
    if data {
        answer.text("input", execution.input.text());
    }
    answer.raw("inputDetails", included);
    if let Some(closing) = &execution.closing {
        answer.time("stopDate", closing.stopped);
        if let Some(output) = &closing.output {
            if data {
                answer.text("output", output.text());
            }
            answer.raw("outputDetails", included);
        }
        answer
            .optional("error", closing.failure.error.as_deref())
            .optional("cause", closing.failure.cause.as_deref());
    }
    let reason = execution::not_redrivable(api, &execution).await?;
    let status = if reason.is_some() { "NOT_REDRIVABLE" } else { "REDRIVABLE" };
    let redriven = execution.redriven;
    answer
        .optional("traceHeader", execution.trace_header.as_deref())
        .number("redriveCount", redriven.map_or(0, |redriven| redriven.count.into()))
        .optional_time("redriveDate", redriven.map(|redriven| redriven.at))
        .text("redriveStatus", status)
        .optional("redriveStatusReason", reason);
    Ok(answer.finish())
}
