//! CreateStateMachine: idempotent on name, definition (as text), type and settings; a different role or different tags
//! are then ignored (source: the API's documentation; formatting counts, recorded).

use super::Answer;
use super::delete_state_machine;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::machine::{self, Revision, StateMachine};
use crate::api::output::Object;
use crate::api::settings::Settings;
use crate::api::{Api, arn, definition, name};
use crate::store::Kind;

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    check_versions(&input)?;
    let name = input.required("name")?;
    name::check(name)?;
    let role = input.required("roleArn")?;
    arn::check_role(role)?;
    let settings = Settings::default().changed(&input)?;
    let express = input.text("type").is_some_and(|kind| &**kind == "EXPRESS");
    let text = input.required("definition")?;
    let arn = format!("{}{name}", arn::prefix(&api.engine.config, "stateMachine"));
    let tags = machine::tags(&input, &arn)?;
    let accepted = definition::accept(text, express)?;
    let created = api.now();
    let wanted = StateMachine {
        name: name.clone(),
        express,
        created,
        current: Revision {
            id: Revision::new_id(),
            updated: false,
            role: role.clone(),
            timeout_seconds: accepted.timeout_seconds,
            settings,
            since: created,
        },
        deleting: false,
        tags,
    };
    match existing(api, &arn).await? {
        Some(found) => same(api, &arn, &found, &wanted, text).await,
        None => create(api, &arn, &wanted, text).await,
    }
}

/// Refuses what only versions make sense of.
pub(super) fn check_versions(input: &Input) -> Result<(), Error> {
    let publish = input.flag("publish").unwrap_or(false);
    if input.text("versionDescription").is_some() && !publish {
        return Err(Error::validation("Version description can only be set when publish is true"));
    }
    if publish {
        return Err(Error::validation("Versions are not available yet: publish cannot be true"));
    }
    Ok(())
}

/// The machine that has the name; one that is being deleted gets its deletion finished first.
async fn existing(api: &Api, arn: &str) -> Result<Option<StateMachine>, Error> {
    let Some(found) = machine::find(api.store(), arn).await? else { return Ok(None) };
    if !found.machine.deleting {
        return Ok(Some(found.machine));
    }
    if delete_state_machine::finish(api, arn).await? {
        return Ok(None);
    }
    Err(Error::machine_deleting(arn))
}

async fn create(api: &Api, arn: &str, machine: &StateMachine, text: &str) -> Answer {
    machine::keep_revision(api.store(), arn, &machine.current, text).await?;
    if api.store().put(Kind::StateMachine, arn, machine.body()?, None).await? {
        return Ok(answer(arn, machine));
    }
    // Somebody was faster; what holds for an earlier machine holds for theirs.
    match machine::find(api.store(), arn).await? {
        Some(found) => same(api, arn, &found.machine, machine, text).await,
        None => Err(Error::conflict("Another request is changing this state machine")),
    }
}

async fn same(
    api: &Api,
    arn: &str,
    found: &StateMachine,
    wanted: &StateMachine,
    text: &str,
) -> Answer {
    let alike = found.express == wanted.express
        && found.current.settings == wanted.current.settings
        && machine::definition(api.store(), arn, &found.current.id).await? == text;
    if alike { Ok(answer(arn, found)) } else { Err(Error::machine_exists(arn)) }
}

fn answer(arn: &str, machine: &StateMachine) -> String {
    Object::new().text("stateMachineArn", arn).time("creationDate", machine.created).finish()
}
