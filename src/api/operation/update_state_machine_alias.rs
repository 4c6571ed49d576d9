//! UpdateStateMachineAlias: executions that start from now on are routed anew.

use super::Answer;
use super::create_state_machine_alias::Routing;
use crate::api::arn::MachineArn;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::output::Object;
use crate::api::publication;
use crate::api::{Api, machine};

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let (arn, name) = MachineArn::parse_alias(input.required("stateMachineAliasArn")?)?;
    let description = input.text("description");
    let routing = Routing::of(&input)?;
    if description.is_none() && routing.is_none() {
        return Err(Error::missing_reason(NOTHING));
    }
    if let Some(routing) = routing.as_ref().filter(|routing| routing.machine != arn.base) {
        return Err(Error::routing(format!(
            "Routing configuration must contain versions of the state machine of the alias. Received: {}",
            routing.machine
        )));
    }
    let found = machine::find(api.store(), arn.base).await?;
    let machine = found.ok_or_else(|| Error::no_such_resource(arn.whole))?.machine;
    if machine.deleting {
        return Err(Error::machine_deleting(arn.base));
    }
    let now = api.now();
    let updated = publication::change(api.store(), arn.base, &machine, |all| {
        let known = all.aliases.get(name);
        let mut alias = known.cloned().ok_or_else(|| Error::no_such_resource(arn.whole))?;
        if let Some(routing) = &routing {
            routing.check(all)?;
            alias.routes.clone_from(&routing.routes);
        }
        if let Some(description) = description {
            alias.description = Some(description.clone());
        }
        alias.updated = now;
        all.aliases.insert(name.into(), alias);
        Ok(now)
    })
    .await?;
    Ok(Object::new().time("updateDate", updated).finish())
}

const NOTHING: &str = "Either the description or the routingConfiguration must be specified";
