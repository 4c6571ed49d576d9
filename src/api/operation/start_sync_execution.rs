//! StartSyncExecution: runs an Express execution and answers with how it ended. The answer is 200 even if it failed.

use std::sync::Arc;

use stepwright_core::engine::{Failure, Outcome};
use uuid::Uuid;

use super::{Answer, start_execution};
use crate::api::arn::MachineArn;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::output::Object;
use crate::api::{Api, express, name, target, test_case};
use crate::store::Execution;
use crate::turn::express::End;

/// AWS bills Express executions in steps of so many milliseconds.
const BILLED_STEP: f64 = 100.0;
/// The least memory that AWS bills for, in MB.
const BILLED_MEMORY: u64 = 64;

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let (arn, case) = test_case::split(api, input.required("stateMachineArn")?)?;
    let arn = MachineArn::parse_unlabelled(arn)?;
    let name: Arc<str> = match input.text("name") {
        Some(name) => name.clone(),
        None => Uuid::new_v4().to_string().into(),
    };
    name::check(&name)?;
    let data = start_execution::payload(&input)?;
    let target = target::resolve(api.store(), arn, |_| express::draw()).await?;
    if !target.machine.express {
        return Err(Error::machine_type());
    }
    if target.machine.deleting {
        return Err(Error::machine_deleting(arn.whole));
    }
    let execution = express::execution(api, arn.base, (name, data), &target, &input);
    test_case::note(api, &execution.arn, case).await?;
    let end = express::run(api, &execution).await?;
    Ok(answer(&execution, &end, input.all_data()))
}

fn answer(execution: &Execution, end: &End, data: bool) -> String {
    let included = if data { r#"{"included":true}"# } else { r#"{"included":false}"# };
    let mut answer = Object::new();
    answer
        .text("executionArn", &execution.arn)
        .text("stateMachineArn", &execution.machine)
        .text("name", &execution.name)
        .time("startDate", execution.started)
        .time("stopDate", end.at);
    if data {
        answer.text("input", execution.input.text());
    }
    answer.raw("inputDetails", included);
    match &end.outcome {
        Outcome::Succeeded(output) => {
            answer.text("status", "SUCCEEDED");
            if data {
                answer.text("output", output.text());
            }
            answer.raw("outputDetails", included);
        }
        Outcome::TimedOut(_) => {
            failed(&mut answer, "TIMED_OUT", &Failure::timeout());
        }
        Outcome::Failed(failure) | Outcome::Aborted(failure) => {
            failed(&mut answer, "FAILED", failure);
        }
    }
    let milliseconds = end.at.seconds_since(execution.started) * 1000.0;
    let billed = ((milliseconds / BILLED_STEP).ceil() * BILLED_STEP).max(BILLED_STEP) as u64;
    let billing = format!(
        r#"{{"billedMemoryUsedInMB":{BILLED_MEMORY},"billedDurationInMilliseconds":{billed}}}"#
    );
    answer
        .optional("traceHeader", execution.trace_header.as_deref())
        .raw("billingDetails", &billing);
    answer.finish()
}

fn failed(answer: &mut Object, status: &str, failure: &Failure) {
    answer
        .text("status", status)
        .optional("error", failure.error.as_deref())
        .optional("cause", failure.cause.as_deref());
}
