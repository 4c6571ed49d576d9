//! ListActivities, in order of name.

use super::Answer;
use super::create_activity::Activity;
use super::list_state_machines::{Listing, list};
use crate::api::Api;
use crate::api::input::Input;
use crate::api::output::Object;
use crate::store::Kind;

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let page = list(
        api,
        &input,
        Listing { operation: "ListActivities", kind: Kind::Activity, resource: "activity" },
    )
    .await?;
    let mut rows = Vec::with_capacity(page.items.len());
    for (arn, item) in &page.items {
        rows.push((arn, Activity::read(&item.body)?));
    }
    let mut answer = Object::new();
    answer.list("activities", rows, |out, (arn, activity)| {
        let row = Object::new()
            .text("activityArn", arn)
            .text("name", &activity.name)
            .time("creationDate", activity.created)
            .finish();
        out.push_str(&row);
    });
    answer.optional("nextToken", page.next_token.as_deref());
    Ok(answer.finish())
}
