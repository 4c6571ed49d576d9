//! DeleteStateMachine: marks the machine, ends its executions, then removes it. Deleting what is not there is no error,
//! and a deletion that a crash cut short is finished by the next one, or by whoever wants the name again.

use stepwright_core::engine::Failure;

use super::Answer;
use crate::api::Api;
use crate::api::arn::MachineArn;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::machine::{self, StateMachine};
use crate::api::publication;
use crate::store::{Kind, ListQuery, Status};

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let arn = MachineArn::parse(input.required("stateMachineArn")?)?;
    if arn.label.is_some() {
        return Err(Error::labelled_arn(arn.whole));
    }
    if arn.qualifier.is_none() {
        finish(api, arn.base).await?;
    }
    Ok("{}".to_owned())
}

/// Deletes a machine as far as that is possible now. `false`: its executions have not all ended yet.
pub(super) async fn finish(api: &Api, arn: &str) -> Result<bool, Error> {
    while let Some(found) = machine::find(api.store(), arn).await? {
        if !found.machine.deleting {
            let body = StateMachine { deleting: true, ..found.machine }.body()?;
            api.store().put(Kind::StateMachine, arn, body, Some(found.version)).await?;
            continue;
        }
        if !stop_all(api, arn).await? {
            return Ok(false);
        }
        publication::forget(api.store(), arn).await?;
        api.store().remove(Kind::StateMachine, arn, found.version).await?;
    }
    Ok(true)
}

/// Stops the executions that run. `false`: some of them still do.
async fn stop_all(api: &Api, arn: &str) -> Result<bool, Error> {
    let query = ListQuery {
        machine: arn.into(),
        status: Some(Status::Running),
        after: None,
        limit: AT_ONCE,
    };
    let mut before = Vec::new();
    loop {
        let running = api.store().list(&query).await?;
        if running.is_empty() {
            return Ok(true);
        }
        for execution in &running {
            api.engine.stop(execution, Failure::default()).await?;
        }
        // One that had ended already may have been closed only now, so who is left shows in the list.
        let left: Vec<_> = running.into_iter().map(|execution| execution.id.clone()).collect();
        if left == before {
            return Ok(false);
        }
        before = left;
    }
}

const AT_ONCE: usize = 100;
