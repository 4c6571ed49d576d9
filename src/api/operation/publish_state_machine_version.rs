//! PublishStateMachineVersion: gives the current revision a number. Publishing a revision again is the same publication.

use super::Answer;
use crate::api::arn::MachineArn;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::output::Object;
use crate::api::{Api, machine, publication, target};

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let arn = MachineArn::parse_unqualified(input.required("stateMachineArn")?)?;
    let machine = machine::require(api.store(), arn).await?.machine;
    if machine.deleting {
        return Err(Error::machine_deleting(arn.whole));
    }
    let current = machine.current.shown_id().unwrap_or(INITIAL);
    if let Some(wanted) = input.text("revisionId").filter(|wanted| &***wanted != current) {
        return Err(Error::conflict(format!(
            "Failed to publish the State Machine version for revision {wanted}. The current State Machine revision is {current}."
        )));
    }
    let description = input.text("description");
    let version = publication::publish(api, arn.base, &machine, description).await?;
    Ok(Object::new()
        .text("stateMachineVersionArn", &target::version_arn(arn.base, version.number))
        .time("creationDate", version.created)
        .finish())
}

/// What a request calls the revision of a machine that was never updated.
const INITIAL: &str = "INITIAL";
