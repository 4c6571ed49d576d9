//! CreateActivity: idempotent by name; the first answer's creation date stays.

use serde::{Deserialize, Serialize};
use stepwright_core::time::Timestamp;

use super::Answer;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::output::Object;
use crate::api::settings::Encryption;
use crate::api::{Api, arn, name, tags};
use crate::store::{Kind, Store};

/// An activity as the registry keeps it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Activity {
    pub(super) name: String,
    pub(super) created: Timestamp,
    pub(super) encryption: Encryption,
    #[serde(default)]
    pub(super) tags: Vec<(String, String)>,
}

impl Activity {
    /// Reads an activity from the text of its registry item.
    pub(super) fn read(body: &str) -> Result<Activity, Error> {
        serde_json::from_str(body).map_err(Error::internal)
    }

    /// The activity with this ARN, if there is one, and the version of its item.
    pub(super) async fn find(
        store: &dyn Store,
        arn: &str,
    ) -> Result<Option<(Activity, u64)>, Error> {
        let Some(item) = store.item(Kind::Activity, arn).await? else { return Ok(None) };
        Ok(Some((Activity::read(&item.body)?, item.version)))
    }

    /// Changes an activity. `None`: there is no such activity.
    ///
    /// # Errors
    /// What `work` refuses.
    pub(super) async fn change(
        store: &dyn Store,
        arn: &str,
        mut work: impl FnMut(&mut Activity) -> Result<(), Error> + Send,
    ) -> Result<Option<()>, Error> {
        while let Some((mut activity, version)) = Activity::find(store, arn).await? {
            work(&mut activity)?;
            let body = serde_json::to_string(&activity).map_err(Error::internal)?;
            if store.put(Kind::Activity, arn, body, Some(version)).await? {
                return Ok(Some(()));
            }
        }
        Ok(None)
    }

    /// The activity with this ARN.
    pub(super) async fn require(store: &dyn Store, arn: &str) -> Result<Activity, Error> {
        arn::check_activity(arn)?;
        let found = Activity::find(store, arn).await?;
        found.map(|(activity, _)| activity).ok_or_else(|| Error::no_activity(arn))
    }
}

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let name = input.required("name")?;
    name::check(name)?;
    let prefix = arn::prefix(&api.engine.config, "activity");
    let arn = format!("{prefix}{name}");
    let activity = Activity {
        name: name.to_string(),
        created: api.now(),
        encryption: Encryption::of(&input)?,
        tags: tags::of(&input, &arn)?,
    };
    let existing = match Activity::find(api.store(), &arn).await? {
        Some((existing, _)) => existing,
        None => {
            api.account.another_activity(api.store(), &prefix).await?;
            let body = serde_json::to_string(&activity).map_err(Error::internal)?;
            if api.store().put(Kind::Activity, &arn, body, None).await? {
                return Ok(answer(&arn, &activity));
            }
            // Somebody was faster.
            Activity::require(api.store(), &arn).await?
        }
    };
    if existing.encryption != activity.encryption {
        return Err(Error::activity_exists(&arn));
    }
    Ok(answer(&arn, &existing))
}

fn answer(arn: &str, activity: &Activity) -> String {
    Object::new().text("activityArn", arn).time("creationDate", activity.created).finish()
}
