//! DescribeExecution.

use super::Answer;
use super::list_executions::PENDING_REDRIVE;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::output::Object;
use crate::api::{Api, execution};
use crate::store::Execution;

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let execution = execution::require(api, input.required("executionArn")?).await?;
    let status = status(api, &execution).await?;
    let data = input.all_data();
    let included = if data { r#"{"included":true}"# } else { r#"{"included":false}"# };
    let mut answer = Object::new();
    answer
        .text("executionArn", &execution.arn)
        .text("stateMachineArn", &execution.machine)
        .optional("stateMachineVersionArn", execution.version.as_deref())
        .optional("stateMachineAliasArn", execution.alias.as_deref())
        .optional("mapRunArn", execution.parent.as_ref().map(|parent| &*parent.run))
        .text("name", &execution.name)
        .text("status", status)
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
    let redrivable = match reason {
        Some(_) => "NOT_REDRIVABLE",
        None if execution.parent.is_some() => "REDRIVABLE_BY_MAP_RUN",
        None => "REDRIVABLE",
    };
    let redriven = execution.redriven;
    answer
        .optional("traceHeader", execution.trace_header.as_deref())
        .number("redriveCount", redriven.map_or(0, |redriven| redriven.count.into()))
        .optional_time("redriveDate", redriven.map(|redriven| redriven.at))
        .text("redriveStatus", redrivable)
        .optional("redriveStatusReason", reason);
    Ok(answer.finish())
}

/// A child of a Map Run that was redriven waits for it under a status of its own.
async fn status(api: &Api, execution: &Execution) -> Result<&'static str, Error> {
    let own = execution.status().as_str();
    let Some(parent) = execution.parent.as_ref().filter(|_| execution.closing.is_some()) else {
        return Ok(own);
    };
    let run = api.engine.map_run(&parent.run).await?;
    let since = run.and_then(|run| run.redriven_since());
    let waits = since.is_some_and(|since| api.engine.awaits_redrive(execution, since));
    Ok(if waits { PENDING_REDRIVE } else { own })
}
