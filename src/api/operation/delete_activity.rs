//! DeleteActivity: deleting what is not there is no error.

use super::Answer;
use crate::api::input::Input;
use crate::api::{Api, arn};
use crate::store::Kind;

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let arn = input.required("activityArn")?;
    arn::check_activity(arn)?;
    while let Some(item) = api.store().item(Kind::Activity, arn).await? {
        if api.store().remove(Kind::Activity, arn, item.version).await? {
            break;
        }
    }
    Ok("{}".to_owned())
}
