//! UpdateStateMachine: a new revision if anything changes; executions keep the one they started with.

use stepwright_core::time::Timestamp;

use super::Answer;
use super::create_state_machine::check_versions;
use crate::api::arn::MachineArn;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::machine::{self, Revision, StateMachine};
use crate::api::output::Object;
use crate::api::{Api, arn, definition};
use crate::store::Kind;

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    check_versions(&input)?;
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
            return Ok(answer(&found.machine.current, found.machine.current.since));
        };
        machine::keep_revision(api.store(), arn.base, &revision, &text).await?;
        let updated = StateMachine { current: revision, ..found.machine };
        let body = updated.body()?;
        if api.store().put(Kind::StateMachine, arn.base, body, Some(found.version)).await? {
            return Ok(answer(&updated.current, updated.current.since));
        }
    }
    Err(Error::conflict("Other requests are updating this state machine"))
}

/// The revision that the request asks for and its definition; `None` if that is what the machine has.
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
    let timeout_seconds = match input.text("definition") {
        Some(definition) => definition::accept(definition, machine.express)?.timeout_seconds,
        None => current.timeout_seconds,
    };
    if wanted == text && *role == current.role && settings == current.settings {
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

fn answer(revision: &Revision, since: Timestamp) -> String {
    Object::new().time("updateDate", since).optional("revisionId", revision.shown_id()).finish()
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
