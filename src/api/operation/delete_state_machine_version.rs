//! DeleteStateMachineVersion: not while an alias routes to it. Deleting what is not there is no error, and executions
//! that were started by the version go on.

use super::Answer;
use crate::api::arn::MachineArn;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::{Api, machine, publication};

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let (arn, number) = MachineArn::parse_version(input.required("stateMachineVersionArn")?)?;
    if let Some(found) = machine::find(api.store(), arn.base).await? {
        publication::change(api.store(), arn.base, &found.machine, |all| {
            let aliases = all.aliases_of(number);
            if !aliases.is_empty() {
                return Err(Error::conflict(format!(
                    "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [{}]",
                    aliases.join(", ")
                )));
            }
            all.versions.retain(|version| version.number != number);
            Ok(())
        })
        .await?;
    }
    Ok("{}".to_owned())
}
