//! CreateStateMachine: idempotent on name, definition (as text), type, settings and publication; a different role or
//! different tags are then ignored (source: the API's documentation; formatting counts, recorded).

use super::Answer;
use super::delete_state_machine;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::machine::{self, Publishing, Revision, StateMachine};
use crate::api::output::Object;
use crate::api::settings::Settings;
use crate::api::{Api, arn, definition, name, publication, tags, target};
use crate::store::Kind;

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let published = Publishing::of(&input)?;
    let name = input.required("name")?;
    name::check(name)?;
    let role = input.required("roleArn")?;
    arn::check_role(role)?;
    let settings = Settings::default().changed(&input)?;
    let express = input.text("type").is_some_and(|kind| &**kind == "EXPRESS");
    let text = input.required("definition")?;
    let arn = format!("{}{name}", arn::prefix(&api.engine.config, KIND));
    let tags = tags::of(&input, &arn)?;
    let accepted = definition::accept(text, express)?;
    settings.reach(api, name, None).await?;
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
        published,
    };
    match existing(api, &arn).await? {
        Some(found) => same(api, &arn, &found, &wanted, text).await,
        None => create(api, &arn, &wanted, text).await,
    }
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
    api.account.another_machine(api.store(), &arn::prefix(&api.engine.config, KIND)).await?;
    machine::keep_revision(api.store(), arn, &machine.current, text).await?;
    if api.store().put(Kind::StateMachine, arn, machine.body()?, None).await? {
        return answer(api, arn, machine).await;
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
        && found.published == wanted.published
        && found.current.settings == wanted.current.settings
        && machine::definition(api.store(), arn, &found.current.id).await? == text;
    if alike { answer(api, arn, found).await } else { Err(Error::machine_exists(arn)) }
}

async fn answer(api: &Api, arn: &str, machine: &StateMachine) -> Answer {
    let mut answer = Object::new();
    answer.text("stateMachineArn", arn).time("creationDate", machine.created);
    if let Some(publishing) = &machine.published {
        // An earlier request may have been cut short between the machine and its first version.
        let known = publication::of(api.store(), arn, machine).await?.last > 0;
        if !known {
            publication::publish(api, arn, machine, publishing.description.as_ref()).await?;
        }
        answer.text("stateMachineVersionArn", &target::version_arn(arn, FIRST));
    }
    Ok(answer.finish())
}

const KIND: &str = "stateMachine";
/// Number of the first version.
const FIRST: u64 = 1;
