//! Step Functions: `startExecution` in its four forms, onto this engine or onto AWS, as the ARN of the state machine says.
//!
//! An execution without a name gets one that is made of the idempotency token, so that a start that is repeated after a
//! crash finds the execution that it has started already.

use std::sync::Arc;

use async_trait::async_trait;
use stepwright_core::asl::model::{Pattern, Resource};
use stepwright_core::engine::failure::name;
use stepwright_core::engine::{Failure, JobCall, TaskCall, TaskOutcome};
use stepwright_core::expr::Value;
use stepwright_core::expr::value::Map;

use super::aws::for_machine;
use super::job::{Jobs, Look, Submitted};
use super::metadata::{self, HEADERS};
use super::own::Answer;
use super::request;
use super::sdk::{Call, OptimizedNames, Sdk, SdkFailure};

mod shape;

/// Starts executions.
pub(super) struct States {
    sdk: Arc<Sdk>,
}

impl States {
    /// By this client, which knows what concerns this engine itself.
    pub(super) fn new(sdk: Arc<Sdk>) -> States {
        States { sdk }
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
        let named = given.contains_key("Name");
        let machine = given.get("StateMachineArn").map(request::text).unwrap_or_default();
        let role = call.credentials.as_ref();
        let started = match self.ask("startExecution", &parameters(given, call), role).await {
            Err(failure) if !named && taken(&failure) => {
                let execution = shape::execution_arn(&machine, &call.idempotency_token);
                self.ask("describeExecution", &about(&execution), role).await
            }
            started => started,
        };
        let (started, answer) = started.map_err(|failure| {
            let failure = failure.of_optimized(&NAMES, call.parameters.text());
            for_machine(failure, &call.origin.role)
        })?;
        let execution = started.get("ExecutionArn").cloned().unwrap_or_default();
        let date = started.get("StartDate").map_or(Value::Null, shape::milliseconds);
        let members: Map =
            [("ExecutionArn".into(), execution.clone()), ("StartDate".into(), date)].into();
        Ok(Submitted {
            output: metadata::output(members, &answer, HEADERS),
            handle: Value::object([("ExecutionArn", execution)]).into(),
        })
    }

    async fn ask(
        &self,
        action: &str,
        parameters: &Value,
        role: Option<&Arc<str>>,
    ) -> Result<(Value, Answer), SdkFailure> {
        let call = Call { service: "sfn", action, parameters, region: None, role, token: "" };
        Box::pin(self.sdk.answered(&call)).await
    }
}

#[async_trait]
impl Jobs for States {
    async fn submit(&self, call: &TaskCall) -> Result<Submitted, TaskOutcome> {
        self.started(call).await.map_err(TaskOutcome::Failed)
    }

    async fn look(&self, job: &JobCall) -> Look {
        let seen = self.ask("describeExecution", job.handle.value(), job.credentials.as_ref());
        let described = match seen.await {
            Ok((described, _)) => described,
            Err(failure) if failure.passes() => return Look::Running,
            Err(failure) => {
                return Look::Failed(failure.of_optimized(&NAMES, job.handle.text()));
            }
        };
        match described.get("Status").and_then(Value::as_str) {
            Some("RUNNING" | "PENDING_REDRIVE") => Look::Running,
            Some("SUCCEEDED") => Look::Succeeded(shape::described(&described, as_json(job)).into()),
            _ => {
                let cause = shape::described(&described, false).to_json();
                Look::Failed(Failure::new(name::TASK_FAILED, first(&cause, LONGEST_CAUSE)))
            }
        }
    }

    async fn stop(&self, job: &JobCall) {
        let asked = self.ask("stopExecution", job.handle.value(), job.credentials.as_ref());
        if let Err(failure) = asked.await {
            let (arn, state) = (&*job.origin.execution, &*job.origin.state);
            let error = match &failure {
                SdkFailure::Service(error) => error.code.as_deref(),
                _ => None,
            };
            tracing::warn!(execution_arn = arn, state, error, "a nested execution goes on");
        }
    }

    fn repeatable(&self, _call: &TaskCall) -> bool {
        true
    }
}

/// Whether `Input` and `Output` are shown as JSON (`.sync:2`), not as text.
fn as_json(job: &JobCall) -> bool {
    matches!(&job.resource, Resource::Service(service) if service.pattern == Pattern::Sync2)
}

/// The parameters of a start: input as text, a name in any case.
fn parameters(mut given: Map, call: &TaskCall) -> Value {
    for name in ["StateMachineArn", "Name", "Input", "TraceHeader"] {
        request::make_text(&mut given, name);
    }
    let own = || Value::from(call.idempotency_token.as_str());
    given.entry("Name".into()).or_insert_with(own);
    Value::Object(given.into())
}

fn about(execution: &str) -> Value {
    Value::object([("ExecutionArn", Value::from(execution))])
}

/// Whether there is an execution of the name already.
fn taken(failure: &SdkFailure) -> bool {
    matches!(failure, SdkFailure::Service(error) if error.code.as_deref() == Some("ExecutionAlreadyExists"))
}

fn first(text: &str, characters: usize) -> &str {
    text.char_indices().nth(characters).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

const LONGEST_CAUSE: usize = 32_768;

const NAMES: OptimizedNames = OptimizedNames {
    prefix: "StepFunctions",
    service: "AWSStepFunctions",
    base: "AWSStepFunctionsException",
};
