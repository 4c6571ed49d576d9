//! TagResource, UntagResource, ListTagsForResource. State machines and activities have tags; versions, aliases and
//! executions are not found (recorded for versions).

use stepwright_core::expr::Value;

use super::Answer;
use super::create_activity::Activity;
use crate::api::arn::{self, MachineArn};
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::output::Object;
use crate::api::tags::{self, Tag};
use crate::api::{Api, machine};

pub(super) async fn tag(api: &Api, input: Input) -> Answer {
    let arn = input.required("resourceArn")?;
    let more = tags::of(&input, arn)?;
    change(api, arn, |known| tags::add(known, &more, arn)).await
}

pub(super) async fn untag(api: &Api, input: Input) -> Answer {
    let arn = input.required("resourceArn")?;
    let keys = input.value("tagKeys").and_then(Value::as_array).unwrap_or_default();
    let named = |key: &str| keys.iter().any(|named| named.as_str() == Some(key));
    change(api, arn, |known| {
        known.retain(|(key, _)| !named(key));
        Ok(())
    })
    .await
}

pub(super) async fn list(api: &Api, input: Input) -> Answer {
    let arn = input.required("resourceArn")?;
    let tags = match Resource::of(arn)? {
        Resource::Machine => machine::find(api.store(), arn).await?.map(|found| found.machine.tags),
        Resource::Activity => Activity::find(api.store(), arn).await?.map(|(found, _)| found.tags),
    };
    let tags = tags.ok_or_else(|| Error::resource_not_found(arn))?;
    let mut answer = Object::new();
    answer.list("tags", tags, |out, (key, value)| {
        out.push_str(&Object::new().text("key", &key).text("value", &value).finish());
    });
    Ok(answer.finish())
}

/// What can have tags.
enum Resource {
    Machine,
    Activity,
}

impl Resource {
    /// What an ARN names.
    ///
    /// # Errors
    /// `InvalidArn`, `ResourceNotFound`
    fn of(arn: &str) -> Result<Resource, Error> {
        match arn::kind(arn)? {
            "stateMachine" if MachineArn::parse(arn)?.base == arn => Ok(Resource::Machine),
            "stateMachine" => Err(Error::resource_not_found(arn)),
            "activity" => arn::check_activity(arn).map(|()| Resource::Activity),
            other => Err(arn::wrong_kind(other)),
        }
    }
}

async fn change(
    api: &Api,
    arn: &str,
    mut work: impl FnMut(&mut Vec<Tag>) -> Result<(), Error> + Send,
) -> Answer {
    let changed = match Resource::of(arn)? {
        Resource::Machine => {
            machine::change(api.store(), arn, |machine| work(&mut machine.tags)).await?
        }
        Resource::Activity => {
            Activity::change(api.store(), arn, |activity| work(&mut activity.tags)).await?
        }
    };
    changed.map(|()| "{}".to_owned()).ok_or_else(|| Error::resource_not_found(arn))
}
