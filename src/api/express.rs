//! Express executions as the API starts them: they have no row that lasts, so nothing but their starts asks for them.

use std::sync::Arc;

use stepwright_core::engine::ExecutionId;
use stepwright_core::expr::Document;
use uuid::Uuid;

use super::Api;
use super::error::Error;
use super::input::Input;
use super::output::Object;
use super::target::Target;
use crate::store::Execution;
use crate::turn::express::{End, Express, LONGEST_SECONDS};

/// The execution that a start asks for. Names may repeat: each start is an execution of its own.
pub(super) fn execution(
    api: &Api,
    machine: &str,
    (name, data): (Arc<str>, Document),
    target: &Target,
    input: &Input,
) -> Execution {
    let unique = Uuid::new_v4().to_string();
    let started = api.now();
    let revision = &target.revision;
    let seconds =
        revision.timeout_seconds.map_or(LONGEST_SECONDS, |s| (s as f64).min(LONGEST_SECONDS));
    let prefix = machine.replacen(":stateMachine:", ":express:", 1);
    Execution {
        id: ExecutionId(format!("express.{unique}").into()),
        arn: format!("{prefix}:{name}:{unique}").into(),
        name,
        machine: machine.into(),
        revision: revision.id.clone(),
        role: revision.role.clone(),
        input: data,
        started,
        deadline: Some(started.plus_seconds(seconds)),
        trace_header: input.text("traceHeader").cloned(),
        version: target.version_arn.clone(),
        alias: target.alias_arn.clone(),
        redriven: None,
        parent: None,
        closing: None,
    }
}

/// Decides between the versions of an alias: no two starts are the same one, so any of 0 to 99.
pub(super) fn draw() -> u64 {
    (Uuid::new_v4().as_u128() % 100) as u64
}

/// StartExecution of an Express machine.
pub(super) async fn start(api: &Api, execution: &Execution) -> Result<String, Error> {
    home(api)?.start(execution, api.store()).await?;
    Ok(Object::new()
        .text("executionArn", &execution.arn)
        .time("startDate", execution.started)
        .finish())
}

/// Runs an execution to its end.
pub(super) async fn run(api: &Api, execution: &Execution) -> Result<End, Error> {
    Ok(home(api)?.run(execution, api.store()).await?)
}

fn home(api: &Api) -> Result<&Express, Error> {
    api.express.as_deref().ok_or_else(Error::machine_type)
}
