//! Step Functions: `startExecution` in its four forms, onto this engine or onto AWS, as the ARN of the state machine says.
//!
//! An execution without a name gets one that is made of the idempotency token, so that a start that is repeated after a
//! crash finds the execution that it has started already.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use stepwright_core::asl::model::{Pattern, Resource};
use stepwright_core::engine::failure::name;
use stepwright_core::engine::{Failure, JobCall, TaskCall, TaskOutcome};
use stepwright_core::expr::Value;
use stepwright_core::expr::value::Map;

use super::job::{Jobs, Look, Submitted};
use super::metadata::{self, HEADERS};
use super::naming::Names;
use super::own::{Answer, StepFunctions};
use super::request;

mod shape;

/// Starts executions.
#[derive(Default)]
pub(super) struct States {
    own: OnceLock<Arc<dyn StepFunctions>>,
}

impl States {
    /// From now on this engine can be called. Only the first one counts.
    pub(super) fn attach(&self, own: Arc<dyn StepFunctions>) {
        let _ = self.own.set(own);
    }

    /// Starts an execution and does not wait for its end.
    pub(super) async fn start_execution(&self, call: &TaskCall) -> TaskOutcome {
        match self.started(call).await {
            Ok(started) => TaskOutcome::Succeeded(started.output),
            Err(failure) => TaskOutcome::Failed(failure),
        }
    }

    async fn started(&self, call: &TaskCall) -> Result<Submitted, Failure> {
        let given = request::members(call.parameters.value());
        let machine = given.get("StateMachineArn").map(request::text).unwrap_or_default();
        let api = self.api(&machine)?;
        let named = given.contains_key("Name");
        let answer = api.call("StartExecution", &body(given, call)).await;
        let execution = read(&answer).get("executionArn").and_then(Value::as_str).map(Arc::from);
        let (execution, answer): (Arc<str>, Answer) = match (execution, named) {
            (Some(execution), _) => (execution, answer),
            (None, false) if code(&read(&answer)) == Some("ExecutionAlreadyExists") => {
                let arn = shape::execution_arn(&machine, &call.idempotency_token);
                let answer = api.call("DescribeExecution", &about(&arn)).await;
                (arn.into(), answer)
            }
            (None, _) => return Err(refused(&answer)),
        };
        let started = read(&answer);
        let date = started.get("startDate").map_or(Value::Null, shape::milliseconds);
        let arn = Value::String(execution.clone());
        let members: Map = [("ExecutionArn".into(), arn.clone()), ("StartDate".into(), date)]
            .into_iter()
            .collect();
        Ok(Submitted {
            output: metadata::output(members, &answer, HEADERS),
            handle: Value::object([("executionArn", arn)]).into(),
        })
    }

    /// Who knows what an ARN names.
    fn api(&self, arn: &str) -> Result<&Arc<dyn StepFunctions>, Failure> {
        let own = self.own.get().filter(|own| {
            let mut parts = arn.split(':').skip(3);
            let (region, account) = own.place();
            !arn.starts_with("arn:")
                || (parts.next(), parts.next()) == (Some(region), Some(account))
        });
        own.ok_or_else(|| {
            let cause = format!("The state machine {arn} is not one of this engine.");
            Failure::new(name::TASK_FAILED, cause)
        })
    }
}

#[async_trait]
impl Jobs for States {
    async fn submit(&self, call: &TaskCall) -> Result<Submitted, TaskOutcome> {
        self.started(call).await.map_err(TaskOutcome::Failed)
    }

    async fn look(&self, job: &JobCall) -> Look {
        let execution = execution(job);
        let api = match self.api(execution) {
            Ok(api) => api,
            Err(failure) => return Look::Failed(failure),
        };
        let answer = api.call("DescribeExecution", &about(execution)).await;
        if answer.status >= 500 {
            return Look::Running;
        }
        let described = read(&answer);
        match described.get("status").and_then(Value::as_str) {
            None => Look::Failed(refused(&answer)),
            Some("RUNNING" | "PENDING_REDRIVE") => Look::Running,
            Some("SUCCEEDED") => Look::Succeeded(shape::described(&described, as_json(job)).into()),
            Some(_) => {
                let cause = shape::described(&described, false).to_json();
                Look::Failed(Failure::new(name::TASK_FAILED, first(&cause, LONGEST_CAUSE)))
            }
        }
    }

    async fn stop(&self, job: &JobCall) {
        let execution = execution(job);
        let Ok(api) = self.api(execution) else { return };
        let answer = api.call("StopExecution", &about(execution)).await;
        if answer.status != 200 {
            tracing::warn!(execution, answer = answer.body, "a nested execution was not stopped");
        }
    }

    fn repeatable(&self, _call: &TaskCall) -> bool {
        true
    }
}

fn execution(job: &JobCall) -> &str {
    job.handle.value().get("executionArn").and_then(Value::as_str).unwrap_or_default()
}

/// Whether `Input` and `Output` are shown as JSON (`.sync:2`), not as text.
fn as_json(job: &JobCall) -> bool {
    matches!(&job.resource, Resource::Service(service) if service.pattern == Pattern::Sync2)
}

/// The request for a start.
fn body(mut given: Map, call: &TaskCall) -> Vec<u8> {
    for name in ["StateMachineArn", "Name", "Input", "TraceHeader"] {
        request::make_text(&mut given, name);
    }
    given.entry("Name".into()).or_insert_with(|| Value::from(call.idempotency_token.as_str()));
    let members = given.into_iter().map(|(name, value)| (shape::camel(&name), value));
    Value::object(members).to_json().into_bytes()
}

fn about(execution: &str) -> Vec<u8> {
    Value::object([("executionArn", Value::from(execution))]).to_json().into_bytes()
}

fn read(answer: &Answer) -> Value {
    Value::parse(&answer.body).unwrap_or_default()
}

/// The error's name on the wire, without namespace.
fn code(body: &Value) -> Option<&str> {
    let kind = body.get("__type")?.as_str()?;
    Some(kind.rsplit('#').next().unwrap_or(kind))
}

fn refused(answer: &Answer) -> Failure {
    let body = read(answer);
    let code = code(&body);
    let message = body.get("message").or_else(|| body.get("Message")).and_then(Value::as_str);
    let id = answer.headers.iter().find(|(name, _)| name == "x-amzn-requestid");
    NAMES.failure(answer.status, (code, message), id.map(|(_, id)| id.as_str()))
}

fn first(text: &str, characters: usize) -> &str {
    text.char_indices().nth(characters).map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
}

const LONGEST_CAUSE: usize = 32_768;

/// Classes of what StartExecution, DescribeExecution and StopExecution answer.
const NAMES: Names = Names {
    prefix: "StepFunctions",
    service: "AWSStepFunctions",
    base: "AWSStepFunctionsException",
    classes: &[
        ("ExecutionAlreadyExists", "ExecutionAlreadyExistsException"),
        ("ExecutionDoesNotExist", "ExecutionDoesNotExistException"),
        ("ExecutionLimitExceeded", "ExecutionLimitExceededException"),
        ("InvalidArn", "InvalidArnException"),
        ("InvalidExecutionInput", "InvalidExecutionInputException"),
        ("InvalidName", "InvalidNameException"),
        ("KmsAccessDeniedException", "KmsAccessDeniedException"),
        ("KmsInvalidStateException", "KmsInvalidStateException"),
        ("KmsThrottlingException", "KmsThrottlingException"),
        ("StateMachineDeleting", "StateMachineDeletingException"),
        ("StateMachineDoesNotExist", "StateMachineDoesNotExistException"),
        ("ValidationException", "ValidationException"),
    ],
};
