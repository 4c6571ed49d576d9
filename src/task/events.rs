//! EventBridge: `putEvents`. A detail that is no string is sent as JSON text, the resources name who sends, and a single
//! entry that is refused fails the task.

use std::sync::Arc;

use stepwright_core::engine::{Failure, TaskCall, TaskOutcome};
use stepwright_core::expr::value::Map;
use stepwright_core::expr::{Document, Value};

use super::aws::for_machine;
use super::request;
use super::sdk::{Call, OptimizedNames, Sdk};

/// Puts events onto buses.
pub(super) struct Events {
    sdk: Arc<Sdk>,
}

impl Events {
    /// Nothing is connected yet.
    pub(super) fn new(sdk: Arc<Sdk>) -> Events {
        Events { sdk }
    }

    /// Puts all entries of one request.
    pub(super) async fn put_events(&self, call: &TaskCall) -> TaskOutcome {
        match self.put(call).await {
            Ok(output) => TaskOutcome::Succeeded(output),
            Err(failure) => TaskOutcome::Failed(failure),
        }
    }

    async fn put(&self, call: &TaskCall) -> Result<Document, Failure> {
        let asked = Call {
            service: "eventbridge",
            action: "putEvents",
            parameters: &parameters(call),
            region: None,
            role: call.credentials.as_ref(),
            token: &call.idempotency_token,
        };
        let answer = Box::pin(self.sdk.call(&asked)).await;
        let answer = answer.map_err(|failure| {
            let failure = failure.of_optimized(&NAMES, call.parameters.text());
            for_machine(failure, &call.origin.role)
        })?;
        if answer.get("FailedEntryCount").and_then(Value::as_i64).unwrap_or_default() > 0 {
            return Err(Failure::new("EventBridge.FailedEntry", sorted(&answer).to_json()));
        }
        Ok(sorted(&answer).into())
    }
}

/// The request (recorded: the state machine and the execution follow the resources that were given).
fn parameters(call: &TaskCall) -> Value {
    let mut members = request::members(call.parameters.value());
    if let Some(entries) = members.get("Entries").and_then(Value::as_array) {
        let entries: Vec<Value> = entries.iter().map(|value| entry(value, call)).collect();
        members.insert("Entries".into(), Value::array(entries));
    }
    Value::Object(members.into())
}

fn entry(given: &Value, call: &TaskCall) -> Value {
    if given.as_object().is_none() {
        return given.clone();
    }
    let mut members: Map = request::members(given);
    request::make_text(&mut members, "Detail");
    let resources = members.get("Resources").and_then(Value::as_array).unwrap_or_default();
    let own = [&call.origin.machine, &call.origin.execution].map(|arn| Value::String(arn.clone()));
    let resources = Value::array(resources.iter().cloned().chain(own));
    members.insert("Resources".into(), resources);
    Value::Object(members.into())
}

fn sorted(answer: &Value) -> Value {
    let mut members = answer.as_object().cloned().unwrap_or_default();
    members.sort_unstable_keys();
    Value::Object(members.into())
}

const NAMES: OptimizedNames = OptimizedNames {
    prefix: "EventBridge",
    service: "AmazonEventBridge",
    base: "AmazonEventBridgeException",
};

#[cfg(test)]
mod tests {
    use super::*;
    use stepwright_core::asl::model::Resource;
    use stepwright_core::engine::{Cursor, ExecutionId, Origin};

    #[test]
    fn entries_say_who_sends_them_and_their_detail_is_text() {
        let table = [
            (
                r#"{"Entries":[{"Detail":{"a": 1},"Source":"s"}]}"#,
                r#"{"Entries":[{"Detail":"{\"a\":1}","Source":"s","Resources":["machine","execution"]}]}"#,
            ),
            (
                r#"{"Entries":[{"Detail":"{}","Resources":["q"],"Time":null}],"EndpointId":"e"}"#,
                r#"{"Entries":[{"Detail":"{}","Resources":["q","machine","execution"]}],"EndpointId":"e"}"#,
            ),
            (r#"{"Entries":[7]}"#, r#"{"Entries":[7]}"#),
            ("{}", "{}"),
        ];
        for (given, expected) in table {
            let call = TaskCall {
                cursor: Cursor::root(ExecutionId("x".into()), 1),
                resource: Resource::Activity("".into()),
                parameters: Document::parse(given).unwrap(),
                timeout_seconds: None,
                credentials: None,
                idempotency_token: String::new(),
                origin: Origin {
                    machine: "machine".into(),
                    execution: "execution".into(),
                    ..Origin::default()
                },
            };
            assert_eq!(parameters(&call).to_json(), expected);
        }
    }
}
