//! DescribeActivity.

use super::Answer;
use super::create_activity::Activity;
use crate::api::Api;
use crate::api::input::Input;
use crate::api::output::Object;

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let arn = input.required("activityArn")?;
    let activity = Activity::require(api.store(), arn).await?;
    let mut answer = Object::new();
    answer
        .text("activityArn", arn)
        .text("name", &activity.name)
        .time("creationDate", activity.created);
    activity.encryption.describe(&mut answer)?;
    Ok(answer.finish())
}
