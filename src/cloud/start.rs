//! `start`: events start executions.
//!
//! | event | machine | input |
//! |---|---|---|
//! | `{"stateMachine": name or ARN, "input": …, "name": …}`: a rule's input transformer, a schedule's input, a direct call | as it says | as it says; without `input`, `{}` |
//! | any other event | `STEPWRIGHT_STATE_MACHINE` | the whole event |
//! | a request of CloudFormation | – | see [`custom_resource`](super::custom_resource) |
//!
//! An event that is delivered twice starts one execution: the name is the event's own id (of the input, if that is an
//! EventBridge event), or, where it has none, the id of the request, which is the same when Lambda tries an event again.
//! What cannot be started is an error: Lambda tries twice more and then keeps the event in the queue of failed starts.

use lambda_runtime::Context;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{Call, operate};
use super::world::World;
use super::{Failed, custom_resource, failure};

/// Answers an event.
///
/// # Errors
/// There is no machine to start, or the start was refused.
pub(super) async fn answer(
    world: &World,
    event: Value,
    context: &Context,
) -> Result<Value, Failed> {
    if let Some(request) = custom_resource::Request::of(&event) {
        return custom_resource::answer(world, &request).await;
    }
    let start = Start::of(&event, world.settings.machine.as_deref(), &context.request_id)?;
    let arn = world.settings.machine_arn(&start.machine);
    let input = json!({"stateMachineArn": arn, "name": start.name, "input": start.input});
    let call = Call { operation: "StartExecution".to_owned(), input: Some(input) };
    let api = world.api().await?;
    match operate(api, call).await {
        Err(error) if error.error_type == "ExecutionAlreadyExists" => {
            let arn =
                format!("{}:{}", arn.replacen(":stateMachine:", ":execution:", 1), start.name);
            let input = Some(json!({ "executionArn": arn }));
            let found =
                operate(api, Call { operation: "DescribeExecution".to_owned(), input }).await?;
            let same = found
                .get("input")
                .and_then(Value::as_str)
                .is_some_and(|text| same(text, &start.input));
            if same {
                Ok(json!({"executionArn": arn, "startDate": found.get("startDate")}))
            } else {
                Err(error)
            }
        }
        answered => answered,
    }
}

/// What is to be started.
#[derive(Debug, PartialEq)]
struct Start {
    machine: String,
    name: String,
    /// JSON.
    input: String,
}

impl Start {
    fn of(event: &Value, default: Option<&str>, request_id: &str) -> Result<Start, Failed> {
        if let Ok(order) = Order::deserialize(event) {
            let input = order.input.unwrap_or_else(|| json!({}));
            let id =
                order.name.or_else(|| event_id(&input)).unwrap_or_else(|| request_id.to_owned());
            // A transformer can only put JSON text into a string.
            let input = match input {
                Value::String(text) if serde_json::from_str::<Value>(&text).is_ok() => text,
                input => input.to_string(),
            };
            return Ok(Start { machine: order.state_machine, name: name(&id), input });
        }
        let Some(machine) = default else {
            return Err(failure("Stepwright.NoStateMachine", NO_MACHINE));
        };
        let id = event_id(event).unwrap_or_else(|| request_id.to_owned());
        Ok(Start { machine: machine.to_owned(), name: name(&id), input: event.to_string() })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Order {
    #[serde(alias = "stateMachineArn")]
    state_machine: String,
    input: Option<Value>,
    name: Option<String>,
}

/// The id of an EventBridge event.
fn event_id(event: &Value) -> Option<String> {
    event.get("detail-type")?;
    event.get("source")?;
    event.get("id")?.as_str().filter(|id| !id.is_empty()).map(str::to_owned)
}

/// An execution's name that is, or stands for, an id: what names may not contain becomes `-`.
fn name(id: &str) -> String {
    let plain =
        |c: char| if c.is_ascii_alphanumeric() || "-_.+=@()'!".contains(c) { c } else { '-' };
    id.chars().take(80).map(plain).collect()
}

fn same(text: &str, other: &str) -> bool {
    let parse = |text| serde_json::from_str::<Value>(text).ok();
    text == other || parse(text).is_some_and(|value| Some(value) == parse(other))
}

const NO_MACHINE: &str = "the event names no state machine: give the rule's target an input like {\"stateMachine\": \"name\", \
    \"input\": …}, or set the parameter DefaultStateMachine";

#[cfg(test)]
mod tests {
    use super::*;

    fn start(machine: &str, name: &str, input: &str) -> Start {
        Start { machine: machine.into(), name: name.into(), input: input.into() }
    }

    #[test]
    fn an_event_says_what_it_starts() {
        let bridge = json!({"id": "7-7", "detail-type": "t", "source": "s", "detail": {}});
        let table = [
            (
                json!({"stateMachine": "m", "input": {"a": 1}}),
                start("m", "req", "{\"a\":1}"),
                "a direct call",
            ),
            (
                json!({"stateMachineArn": "arn:x", "name": "n"}),
                start("arn:x", "n", "{}"),
                "its own name",
            ),
            (
                json!({"stateMachine": "m", "input": "{\"a\":1}"}),
                start("m", "req", "{\"a\":1}"),
                "JSON in a string",
            ),
            (
                json!({"stateMachine": "m", "input": "text"}),
                start("m", "req", "\"text\""),
                "a string",
            ),
            (
                json!({"stateMachine": "m", "input": bridge}),
                start("m", "7-7", &bridge.to_string()),
                "a transformed event",
            ),
            (bridge.clone(), start("default", "7-7", &bridge.to_string()), "an event as it is"),
            (
                json!({"stateMachine": "m", "x": 1}),
                start("default", "req", "{\"stateMachine\":\"m\",\"x\":1}"),
                "not an order",
            ),
            (json!([1]), start("default", "req", "[1]"), "anything"),
            (
                json!({"stateMachine": "m", "name": "a b/c"}),
                start("m", "a-b-c", "{}"),
                "a name that is none",
            ),
        ];
        for (event, expected, reason) in table {
            assert_eq!(Start::of(&event, Some("default"), "req"), Ok(expected), "{reason}");
        }
        let refused = Start::of(&json!({}), None, "req").unwrap_err();
        assert_eq!(refused.error_type, "Stepwright.NoStateMachine");
    }

    #[test]
    fn the_same_input_is_the_same_in_other_words() {
        assert!(same("{\"a\": 1, \"b\": 2}", "{\"a\":1,\"b\":2}"));
        assert!(!same("{\"a\":1}", "{\"a\":2}"));
    }
}
