//! Calls of the Step Functions API that concern the engine which the tasks run in: it answers them itself.

use std::sync::{Arc, OnceLock};

use serde_json::Value as Json;

use super::models::{Operation, Service};
use super::protocol::{Request, Response};
use crate::task::own::{Answer, StepFunctions};

/// Where an engine is put after its tasks were made.
#[derive(Default)]
pub(super) struct Slot(OnceLock<Arc<dyn StepFunctions>>);

impl Slot {
    /// Puts the engine in, if none is there.
    pub(super) fn set(&self, engine: Arc<dyn StepFunctions>) {
        // A second engine for the same tasks would be a mistake of the program; the first one stays.
        let _ = self.0.set(engine);
    }

    /// The engine's answer, if the request concerns it. What it does not have is looked for elsewhere if there is an
    /// elsewhere.
    pub(super) async fn answer(
        &self,
        service: &Service,
        operation: &Operation,
        request: &Request,
        elsewhere: bool,
    ) -> Option<Response> {
        let engine = self.0.get().filter(|_| service.name == "sfn")?;
        if !concerns(engine.place(), &request.body) {
            return None;
        }
        let answer = engine.call(&operation.name, &request.body).await;
        if elsewhere && answer.status == 400 && answer.body.contains("DoesNotExist") {
            return None;
        }
        let Answer { status, headers, body } = answer;
        Some(Response { status, headers, body: body.into_bytes() })
    }
}

/// Whether all ARNs among the parameters name this place, except roles, which have no region. What has none, such as the
/// answer to a task token, is for this place.
fn concerns((region, account): (&str, &str), body: &[u8]) -> bool {
    let parameters: Json = serde_json::from_slice(body).unwrap_or_default();
    let values = parameters.as_object().into_iter().flat_map(|members| members.values());
    let mut arns = values.filter_map(Json::as_str).filter(|text| text.starts_with("arn:"));
    arns.all(|arn| match arn.split(':').collect::<Vec<_>>()[..] {
        [_, _, "states", r, a, ..] => (r, a) == (region, account),
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_another_account_or_region_is_not_for_this_engine() {
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
            assert_eq!(
                concerns(("us-east-1", "123456789012"), body.as_bytes()),
                expected,
                "{body}"
            );
        }
    }
}
