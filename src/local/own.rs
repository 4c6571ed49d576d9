//! The engine as a service of its own tasks: `aws-sdk:sfn:*` on machines, executions and tokens of this home.

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use serde_json::Value as Json;

use super::world::Place;
use crate::api::Api;
use crate::task::sdk::{OwnAnswer, OwnEngine};

/// The API of a home, for tasks. It does not keep the home alive.
pub struct OwnApi {
    api: Weak<Api>,
    place: Place,
}

impl OwnApi {
    /// Answers what concerns no other account or region than these.
    pub fn new(api: &Arc<Api>, place: Place) -> OwnApi {
        OwnApi { api: Arc::downgrade(api), place }
    }

    /// Whether all ARNs among the parameters name this home, except roles, which have no region. What has none, such as
    /// the answer to a task token, is for this home.
    fn concerns(&self, body: &[u8]) -> bool {
        let parameters: Json = serde_json::from_slice(body).unwrap_or_default();
        let values = parameters.as_object().into_iter().flat_map(|members| members.values());
        let mut arns = values.filter_map(Json::as_str).filter(|text| text.starts_with("arn:"));
        arns.all(|arn| match arn.split(':').collect::<Vec<_>>()[..] {
            [_, _, "states", region, account, ..] => {
                region == self.place.region && account == self.place.account
            }
            _ => true,
        })
    }
}

#[async_trait]
impl OwnEngine for OwnApi {
    async fn answer(&self, operation: &str, body: &[u8]) -> Option<OwnAnswer> {
        let api = self.api.upgrade().filter(|_| self.concerns(body))?;
        let response = api.call(operation, body).await;
        Some(OwnAnswer {
            status: response.status,
            error_type: response.error_type.map(str::to_owned),
            request_id: response.request_id,
            body: response.body,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_another_account_or_region_is_not_for_this_home() {
        let place = Place { region: "us-east-1".into(), account: "123456789012".into() };
        let own = OwnApi { api: Weak::new(), place };
        let table = [
            (r#"{"stateMachineArn":"arn:aws:states:us-east-1:123456789012:stateMachine:m"}"#, true),
            (
                r#"{"stateMachineArn":"arn:aws:states:eu-west-1:123456789012:stateMachine:m"}"#,
                false,
            ),
            (
                r#"{"stateMachineArn":"arn:aws:states:us-east-1:999999999999:stateMachine:m"}"#,
                false,
            ),
            (r#"{"roleArn":"arn:aws:iam::999999999999:role/r","name":"m"}"#, true),
            (r#"{"taskToken":"t","output":"{}"}"#, true),
        ];
        for (body, expected) in table {
            assert_eq!(own.concerns(body.as_bytes()), expected, "{body}");
        }
    }
}
