//! DeleteStateMachineAlias: deleting what is not there is no error (recorded). The versions it routed to stay.

use super::Answer;
use crate::api::arn::MachineArn;
use crate::api::input::Input;
use crate::api::{Api, machine, publication};

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let (arn, name) = MachineArn::parse_alias(input.required("stateMachineAliasArn")?)?;
    if let Some(found) = machine::find(api.store(), arn.base).await? {
        publication::change(api.store(), arn.base, &found.machine, |all| {
            all.aliases.remove(name);
            Ok(())
        })
        .await?;
    }
    Ok("{}".to_owned())
}
