//! Limits: AWS's, and our own.

use serde_json::{Value, json};
use stepwright_core::engine::Limits;

use super::work::World;
use super::world::{FLOW, PASS, ROLE, RUN};

#[tokio::test]
async fn an_execution_with_too_long_a_history_fails_with_its_last_event() {
    let pass = |next: &str| json!({"Type": "Pass", "Next": next});
    let endless = json!({"StartAt": "A", "States": {"A": pass("B"), "B": pass("A")}});
    let map = json!({"StartAt": "M", "States": {"M": {
        "Type": "Map",
        "ItemsPath": "$.items",
        "ResultPath": "$.results",
        "ItemProcessor": {"StartAt": "C", "States": {"C": {"Type": "Pass", "End": true}}},
        "Next": "N",
    }, "N": pass("M")}});
    for (definition, most) in [(&endless, 20), (&endless, 21), (&endless, 1_999), (&map, 21)] {
        let world = World::within(Limits { events: Some(most), ..Limits::AWS }).await;
        run(&world, definition, &json!({"items": [1, 2, 3]})).await;
        let ended = world.ended(RUN).await;
        let cause = format!("The execution reached the maximum number of history events ({most}).");
        let expected = (&json!("FAILED"), &json!("States.Runtime"), &json!(cause));
        assert_eq!((&ended["status"], &ended["error"], &ended["cause"]), expected);
        let body = json!({"executionArn": RUN, "reverseOrder": true, "maxResults": 3});
        let history = world.does("GetExecutionHistory", body).await;
        let last = &history["events"][0];
        assert_eq!((&last["id"], &last["type"]), (&json!(most), &json!("ExecutionFailed")));
        assert_eq!(ended["redriveStatusReason"], "Execution history event limit exceeded");
    }
}

#[tokio::test]
async fn a_history_that_just_fits_is_a_success() {
    let world = World::within(Limits { events: Some(4), ..Limits::AWS }).await;
    run(&world, &serde_json::from_str(PASS).unwrap(), &json!({})).await;
    assert_eq!(world.ended(RUN).await["status"], "SUCCEEDED");
    let world = World::within(Limits { events: Some(3), ..Limits::AWS }).await;
    run(&world, &serde_json::from_str(PASS).unwrap(), &json!({})).await;
    assert_eq!(world.ended(RUN).await["status"], "FAILED");
}

#[tokio::test]
async fn payloads_may_be_as_large_as_the_limits_in_force_say() {
    let input = "x".repeat(300_000);
    let start = json!({"stateMachineArn": FLOW, "name": "run", "input": json!(input).to_string()});
    let machine = json!({"name": "flow", "definition": PASS, "roleArn": ROLE});
    let world = World::open().await;
    world.does("CreateStateMachine", machine.clone()).await;
    let message = "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less than or equal to 262144";
    let expected = (400, "ValidationException".to_owned(), message.to_owned());
    assert_eq!(world.refuses("StartExecution", start.clone()).await, expected);
    let world = World::within(Limits::EXTENDED).await;
    world.does("CreateStateMachine", machine).await;
    world.does("StartExecution", start).await;
    let ended = world.ended(RUN).await;
    assert_eq!(
        (&ended["status"], &ended["output"]),
        (&json!("SUCCEEDED"), &json!(json!(input).to_string()))
    );
}

async fn run(world: &World, definition: &Value, input: &Value) {
    let body = json!({"name": "flow", "definition": definition.to_string(), "roleArn": ROLE});
    world.does("CreateStateMachine", body).await;
    let body = json!({"stateMachineArn": FLOW, "name": "run", "input": input.to_string()});
    world.does("StartExecution", body).await;
}
