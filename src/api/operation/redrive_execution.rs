//! RedriveExecution: idempotent over the last client tokens of an execution, for a while.

use serde::{Deserialize, Serialize};
use stepwright_core::time::Timestamp;

use super::Answer;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::output::Object;
use crate::api::{Api, execution};
use crate::store::Kind;

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let execution = execution::require(api, input.required("executionArn")?).await?;
    let token = input.text("clientToken");
    if let Some(token) = token
        && let Some(known) = known(api, &execution.id.0, token).await?
    {
        return Ok(answer(known));
    }
    if let Some(reason) = execution::not_redrivable(api, &execution).await? {
        return Err(Error::not_redrivable(reason));
    }
    api.account.another_execution(api.store()).await?;
    let at = api.engine.redrive(&execution).await?;
    let at = at.ok_or_else(|| Error::unavailable("the execution is changing now; try again"))?;
    api.histories.forget(&execution.id);
    if let Some(token) = token {
        remember(api, &execution.id.0, Redrive { token: token.to_string(), at }).await?;
    }
    Ok(answer(at))
}

/// A redrive that a client may ask for again.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Redrive {
    token: String,
    at: Timestamp,
}

/// When the redrive with this token was made.
async fn known(api: &Api, id: &str, token: &str) -> Result<Option<Timestamp>, Error> {
    let (redrives, _) = redrives(api, id).await?;
    let fresh = |redrive: &&Redrive| api.now().seconds_since(redrive.at) <= LIFETIME_SECONDS;
    let found = redrives.iter().filter(fresh).find(|redrive| redrive.token == token);
    Ok(found.map(|redrive| redrive.at))
}

/// Keeps a token. If others keep theirs at the same time this one is lost, and asking again is answered with the state of
/// the execution.
async fn remember(api: &Api, id: &str, redrive: Redrive) -> Result<(), Error> {
    let (mut redrives, version) = redrives(api, id).await?;
    redrives.push(redrive);
    let surplus = redrives.len().saturating_sub(TOKENS);
    redrives.drain(..surplus);
    let body = serde_json::to_string(&redrives).map_err(Error::internal)?;
    api.store().put(Kind::Redrives, id, body, version).await?;
    Ok(())
}

async fn redrives(api: &Api, id: &str) -> Result<(Vec<Redrive>, Option<u64>), Error> {
    let Some(item) = api.store().item(Kind::Redrives, id).await? else {
        return Ok((Vec::new(), None));
    };
    let redrives = serde_json::from_str(&item.body).map_err(Error::internal)?;
    Ok((redrives, Some(item.version)))
}

fn answer(at: Timestamp) -> String {
    Object::new().time("redriveDate", at).finish()
}

/// Tokens that are remembered (source: RedriveExecution).
const TOKENS: usize = 10;
/// For so long.
const LIFETIME_SECONDS: f64 = 15.0 * 60.0;
