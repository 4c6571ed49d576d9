//! UpdateStateMachine: a new revision if anything changes, and a version of it if asked to; executions keep the revision
//! that they started with.

use super::Answer;
use crate::api::arn::MachineArn;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::machine::{self, Publishing, Revision, StateMachine};
use crate::api::output::Object;
use crate::api::{Api, arn, definition, publication, target};
use crate::store::Kind;

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let publishing = Publishing::of(&input)?;
    let arn = MachineArn::parse_unqualified(input.required("stateMachineArn")?)?;
    if CHANGEABLE.iter().all(|name| input.value(name).is_none()) {
        return Err(Error::missing_parameter(NOTHING));
    }
    if let Some(role) = input.text("roleArn") {
        arn::check_role(role)?;
    }
    for _ in 0..ATTEMPTS {
        let found = machine::require(api.store(), arn).await?;
        if found.machine.deleting {
            return Err(Error::machine_deleting(arn.whole));
        }
        let Some((revision, text)) = changed(api, arn.base, &found.machine, &input).await? else {
            return answer(api, arn.base, &found.machine, publishing.as_ref()).await;
        };
        machine::keep_revision(api.store(), arn.base, &revision, &text).await?;
        let updated = StateMachine { current: revision, ..found.machine };
        let body = updated.body()?;
        if api.store().put(Kind::StateMachine, arn.base, body, Some(found.version)).await? {
            return answer(api, arn.base, &updated, publishing.as_ref()).await;
        }
    }
    Err(Error::conflict("Other requests are updating this state machine"))
}

/// The revision that the request asks for and its definition; `None` if that is what the machine has. The first update
/// makes a revision with an id that is shown, whatever it changes.
async fn changed(
    api: &Api,
    arn: &str,
    machine: &StateMachine,
    input: &Input,
) -> Result<Option<(Revision, String)>, Error> {
    let current = &machine.current;
    let text = machine::definition(api.store(), arn, &current.id).await?;
    let wanted = input.text("definition").map_or(text.as_str(), |text| text);
    let role = input.text("roleArn").unwrap_or(&current.role);
    let settings = current.settings.changed(input)?;
    settings.reach(api, &machine.name, Some(&current.settings)).await?;
    let timeout_seconds = match input.text("definition") {
        Some(definition) => definition::accept(definition, machine.express)?.timeout_seconds,
        None => current.timeout_seconds,
    };
    let same = wanted == text && *role == current.role && settings == current.settings;
    if same && current.updated {
        return Ok(None);
    }
    let revision = Revision {
        id: Revision::new_id(),
        updated: true,
        role: role.clone(),
        timeout_seconds,
        settings,
        since: api.now(),
    };
    Ok(Some((revision, wanted.to_owned())))
}

async fn answer(
    api: &Api,
    arn: &str,
    machine: &StateMachine,
    publishing: Option<&Publishing>,
) -> Answer {
    let mut answer = Object::new();
    answer
        .time("updateDate", machine.current.since)
        .optional("revisionId", machine.current.shown_id());
    if let Some(publishing) = publishing {
        let description = publishing.description.as_ref();
        let version = publication::publish(api, arn, machine, description).await?;
        answer.text("stateMachineVersionArn", &target::version_arn(arn, version.number));
    }
    Ok(answer.finish())
}

const CHANGEABLE: [&str; 5] = [
    "definition",
    "roleArn",
    "loggingConfiguration",
    "tracingConfiguration",
    "encryptionConfiguration",
];
const NOTHING: &str = "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified";
const ATTEMPTS: u32 = 10;
