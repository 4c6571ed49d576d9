//! The serverless home: the same engine as Lambda functions over DynamoDB and SQS.
//!
//! One binary is all functions; the function's handler name says which one it is.
//!
//! | handler | woken by | does |
//! |---|---|---|
//! | `worker` | the queue | a turn for each message of a batch |
//! | `slow-worker` | the queue of long tasks | the same, with 15 minutes |
//! | `api` | API Gateway, its URL, direct calls | the Step Functions API, REST routes, Express executions, access keys |
//! | `start` | EventBridge, CloudFormation, direct calls | starts executions; keeps machines that templates declare |
//! | `sweep` | every minute | timers that are near, executions nobody works on, dead letters |
//!
//! ```text
//!  EventBridge ─▶ start ─┐                      ┌────────────┐
//!  API Gateway ─▶ api ───┼─▶ DynamoDB + SQS ───▶│ worker     │──▶ your functions and services
//!  SDKs, CLI ───▶ api ───┘        ▲             │ slow-worker│
//!                 sweep ──────────┘◀────────────└────────────┘
//! ```
//!
//! Promise: nothing is kept in a process that another could not do without; a function may be killed at any point, and
//! whatever it has answered with success is durable.

mod api;
mod bucket;
mod clients;
pub mod collector;
mod custom_resource;
mod dead_letters;
pub mod definition;
mod express;
mod http;
mod keys;
mod notices;
pub mod rest;
mod settings;
mod start;
mod sweep;
pub mod web;
mod worker;
mod world;

use std::process::{Command, ExitCode};

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

use settings::Settings;
use world::World;

use crate::telemetry::lines::{self, Format, Request};

/// Whether this process is one of the deployed functions: Lambda (or who plays it) started it without arguments, by the
/// name of a role.
pub fn is_here() -> bool {
    let bare = std::env::args_os().len() == 1;
    bare && variable("AWS_LAMBDA_RUNTIME_API").is_some() && Role::of_process().is_some()
}

/// Serves events until Lambda ends the process.
pub fn main() -> ExitCode {
    if let Some(code) = without_empty_endpoint() {
        return code;
    }
    let request = Request::default();
    lines::start(Format::Json, variable("STEPWRIGHT_LOG").as_deref(), request.clone());
    let Some(role) = Role::of_process() else { return ExitCode::FAILURE };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    match runtime.block_on(serve(role, request)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&*error),
    }
}

/// What a function does with an event that is not what it expects, or when its world fails it: the invocation fails with
/// this, and who sent the event sends it again or keeps it.
type Failed = lambda_runtime::Diagnostic;

/// One of the functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Worker,
    SlowWorker,
    Api,
    Start,
    Sweep,
}

impl Role {
    fn of_process() -> Option<Role> {
        Role::named(&variable("_HANDLER")?)
    }

    fn named(handler: &str) -> Option<Role> {
        Some(match handler {
            "worker" => Role::Worker,
            "slow-worker" => Role::SlowWorker,
            "api" => Role::Api,
            "start" => Role::Start,
            "sweep" => Role::Sweep,
            _ => return None,
        })
    }
}

async fn serve(role: Role, request: Request) -> Result<(), lambda_runtime::Error> {
    let settings = Settings::read(variable)?;
    // Nothing is read from DynamoDB before the first event: a function that cannot begin is harder to see than one that fails.
    let world = World::new(settings, role == Role::SlowWorker);
    let (world, request) = (&world, &request);
    let handle = service_fn(move |event: LambdaEvent<Value>| {
        request.begin(&event.context.request_id);
        answer(world, role, event)
    });
    lambda_runtime::run(handle).await
}

/// Answers an event. The runtime logs what fails.
async fn answer(world: &World, role: Role, event: LambdaEvent<Value>) -> Result<Value, Failed> {
    let LambdaEvent { payload, context } = event;
    let answer = match role {
        Role::Worker | Role::SlowWorker => Box::pin(worker::work(world, payload, &context)).await,
        Role::Api => Box::pin(api::answer(world, payload, &context)).await,
        Role::Start => Box::pin(start::answer(world, payload, &context)).await,
        Role::Sweep => Box::pin(sweep::sweep(world, &context)).await,
    };
    world.tell().await;
    answer
}

fn failure(kind: &str, message: impl Into<String>) -> Failed {
    Failed { error_type: kind.to_owned(), error_message: message.into() }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// SAM's local Lambda hands over variables that have no value as empty ones, and an empty endpoint is none the SDK
/// accepts. A process cannot safely change its own environment, so it starts itself again without them.
fn without_empty_endpoint() -> Option<ExitCode> {
    let empty: Vec<_> = std::env::vars_os()
        .filter(|(name, value)| {
            value.is_empty() && name.to_string_lossy().starts_with("AWS_ENDPOINT_URL")
        })
        .map(|(name, _)| name)
        .collect();
    if empty.is_empty() {
        return None;
    }
    let mut again = Command::new(std::env::current_exe().ok()?);
    for name in empty {
        again.env_remove(name);
    }
    Some(replace(again))
}

#[cfg(unix)]
fn replace(mut command: Command) -> ExitCode {
    failed(&std::os::unix::process::CommandExt::exec(&mut command))
}

#[cfg(not(unix))]
fn replace(mut command: Command) -> ExitCode {
    match command.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn failed(error: &dyn std::error::Error) -> ExitCode {
    tracing::error!(%error, "the function cannot run");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_makes_the_index_that_the_store_reads() {
        let template = std::fs::read_to_string("template.yaml").unwrap();
        let projected = crate::store::dynamodb::schema::INDEX_PROJECTED.join(", ");
        let expected = format!("ProjectionType: INCLUDE, NonKeyAttributes: [{projected}]");
        assert!(template.contains(&expected), "{expected}");
    }

    #[test]
    fn dashboard_and_alarms_show_metrics_that_are_told() {
        let template = std::fs::read_to_string("template.yaml").unwrap();
        let shown = template.split("\"Stepwright\", \"").skip(1);
        let shown: Vec<_> = shown.filter_map(|rest| rest.split('"').next()).collect();
        let alarms = template.split("Namespace: Stepwright\n      MetricName: ").skip(1);
        let alarms: Vec<_> = alarms.filter_map(|rest| rest.lines().next()).collect();
        assert!((shown.len(), alarms.len()) >= (20, 2), "{shown:?} {alarms:?}");
        let told = crate::telemetry::metrics::emf::names();
        for name in shown.iter().chain(&alarms) {
            assert!(told.iter().any(|told| told == name), "{name} is none of {told:?}");
        }
    }

    #[test]
    fn every_handler_of_the_template_is_a_role() {
        let template = std::fs::read_to_string("template.yaml").unwrap();
        let handlers: Vec<_> =
            template.lines().filter_map(|line| line.trim().strip_prefix("Handler: ")).collect();
        assert!(handlers.len() >= 5, "{handlers:?}");
        for handler in handlers {
            assert!(Role::named(handler).is_some(), "{handler}");
        }
        for other in ["bootstrap", "", "Worker"] {
            assert_eq!(Role::named(other), None, "{other}");
        }
    }
}
