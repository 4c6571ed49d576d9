//! TestState: what may be asked together, and the form of its answers.

use serde_json::{Value, json};

use super::world::{ROLE, World};

const LAMBDA: &str = "arn:aws:states:::lambda:invoke";

fn task(resource: &str) -> Value {
    json!({"Type": "Task", "Resource": resource, "Parameters": {"FunctionName": "f"}, "End": true})
}

fn fork(state: &str) -> Value {
    let flow = json!({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}});
    match state {
        "Map" => json!({"Type": "Map", "ItemProcessor": flow, "End": true}),
        _ => {
            json!({"Type": "Parallel", "Branches": [flow, {"StartAt": "B", "States": {"B": {"Type": "Succeed"}}}], "End": true})
        }
    }
}

/// A request for a state; `more` is added to it.
fn request(state: &Value, more: &Value) -> Value {
    let mut body = json!({"definition": state.to_string()});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

#[tokio::test]
async fn an_answer_shows_as_much_as_is_asked_for() {
    let world = World::new().await;
    let state =
        json!({"Type": "Pass", "QueryLanguage": "JSONata", "Assign": {"x": 1}, "Next": "Away"});
    let input = json!({"input": "{\"a\" : 1}"});
    let plain = json!({"output": "{\"a\" : 1}", "nextState": "Away", "status": "SUCCEEDED"});
    for (level, inspects) in
        [(None, false), (Some("INFO"), false), (Some("DEBUG"), true), (Some("TRACE"), true)]
    {
        let mut body = request(&state, &input);
        let mut expected = plain.clone();
        if let Some(level) = level {
            body["inspectionLevel"] = json!(level);
        }
        if inspects {
            expected["inspectionData"] = json!({"input": "{\"a\" : 1}", "variables": "{\"x\":1}"});
        }
        assert_eq!(world.does("TestState", body).await, expected, "{level:?}");
    }
}

#[tokio::test]
async fn a_failed_state_is_an_answer_with_its_error() {
    let world = World::new().await;
    let mut state = task(LAMBDA);
    state["Retry"] = json!([{"ErrorEquals": ["Boom"], "BackoffRate": 3}]);
    let more = json!({
        "mock": {"errorOutput": {"error": "Boom", "cause": "why"}},
        "stateConfiguration": {"retrierRetryCount": 2},
        "inspectionLevel": "DEBUG",
    });
    let expected = json!({
        "status": "RETRIABLE",
        "error": "Boom",
        "cause": "why",
        "inspectionData": {
            "input": "{}",
            "afterInputPath": "{}",
            "afterParameters": "{\"FunctionName\":\"f\"}",
            "errorDetails": {"retryIndex": 0, "retryBackoffIntervalSeconds": 9},
        },
    });
    assert_eq!(world.does("TestState", request(&state, &more)).await, expected);
}

#[tokio::test]
async fn numbers_of_a_map_are_numbers() {
    let world = World::new().await;
    let mut state = fork("Map");
    state["ToleratedFailureCount"] = json!(2);
    state["ToleratedFailurePercentage"] = json!(10);
    state["ItemProcessor"]["ProcessorConfig"] =
        json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"});
    let more = json!({"input": "[1]", "mock": {"result": "[2]"}, "inspectionLevel": "DEBUG"});
    let data = &world.does("TestState", request(&state, &more)).await["inspectionData"];
    assert_eq!(data["maxConcurrency"], json!(0));
    assert_eq!(data["toleratedFailureCount"], json!(2));
    assert_eq!(data["toleratedFailurePercentage"], json!(10.0));
}

#[tokio::test]
async fn a_task_without_a_mock_is_performed() {
    let world = World::new().await;
    let answer = world.does("TestState", request(&task(LAMBDA), &json!({"roleArn": ROLE}))).await;
    assert_eq!(answer, json!({"output": "{}", "status": "SUCCEEDED"}));
}

#[tokio::test]
async fn a_state_is_found_by_its_name_wherever_it_lies() {
    let world = World::new().await;
    let machine = json!({"StartAt": "Fan", "States": {"Fan": fork("Parallel")}});
    let named = |name: &str| request(&machine, &json!({"stateName": name, "input": "7"}));
    let answer = world.does("TestState", named("B")).await;
    assert_eq!(answer, json!({"output": "7", "status": "SUCCEEDED"}));
    let (_, kind, message) = world.refuses("TestState", named("C")).await;
    assert_eq!(
        (kind.as_str(), message.as_str()),
        ("ValidationException", "State not found in definition")
    );
}

#[tokio::test]
async fn what_does_not_go_together_is_refused() {
    let pass = json!({"Type": "Pass", "End": true});
    let both = json!({"result": "1", "errorOutput": {"error": "E"}});
    let forks = "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]";
    let tokens = "TestState API does not support Activity tasks or the .sync and .waitForTaskToken integration patterns unless a mock is specified";
    let only = "A test mock should have only one of the following fields: [result, errorOutput].";
    let role = json!({"roleArn": ROLE});
    let table = [
        (pass.clone(), json!({"mock": both}), "ValidationException", only),
        (pass.clone(), json!({"mock": {}}), "ValidationException", only),
        (
            pass.clone(),
            json!({"mock": {"result": "1"}}),
            "ValidationException",
            "State type 'Pass' is not supported when a mock is specified",
        ),
        (
            pass.clone(),
            json!({"context": "{}"}),
            "ValidationException",
            "TestState does not support Context when a mock is not specified.",
        ),
        (
            fork("Map"),
            json!({"stateConfiguration": {"mapIterationFailureCount": 0}}),
            "ValidationException",
            "TestState does not support MapIterationFailureCount when a mock is not specified.",
        ),
        (fork("Map"), json!({}), "InvalidDefinition", forks),
        (fork("Parallel"), json!({}), "InvalidDefinition", forks),
        (
            fork("Map"),
            json!({"mock": {"result": "{}"}}),
            "ValidationException",
            "Mocked result must be an array.",
        ),
        (
            fork("Map"),
            json!({"mock": {"result": "[1]"}, "input": "[1]", "stateConfiguration": {"mapIterationFailureCount": 2}}),
            "ValidationException",
            "Map iteration failure count must be less than or equal to the number of Map iterations",
        ),
        (
            fork("Parallel"),
            json!({"mock": {"result": "[1]"}}),
            "ValidationException",
            "Mocked result must have one element for each branch of the Parallel state.",
        ),
        (
            fork("Parallel"),
            json!({"mock": {"result": "[1,2]"}, "stateConfiguration": {"errorCausedByState": "C"}}),
            "ValidationException",
            "State not found in definition",
        ),
        (
            task(LAMBDA),
            json!({}),
            "ValidationException",
            "RoleArn must be specified when testing a Task state",
        ),
        (
            task(LAMBDA),
            json!({"mock": {"result": "no"}}),
            "ValidationException",
            "Mocked result must be valid JSON",
        ),
        (
            task("arn:aws:states:::sqs:sendMessage"),
            json!({"mock": {"result": "{\"MessageId\": 1}"}}),
            "ValidationException",
            "Mock result schema validation error: Field 'MessageId' must be a string",
        ),
        (
            task("arn:aws:states:::sqs:sendMessage.waitForTaskToken"),
            role.clone(),
            "InvalidDefinition",
            tokens,
        ),
        (
            task("arn:aws:states:us-east-1:123456789012:activity:a"),
            role,
            "InvalidDefinition",
            tokens,
        ),
        (pass.clone(), json!({"roleArn": "me"}), "InvalidArn", "Invalid Role Arn: 'me'"),
        (
            pass,
            json!({"variables": "[]"}),
            "ValidationException",
            "Variables must be a valid JSON object",
        ),
        (
            json!({"Type": "Pass"}),
            json!({}),
            "InvalidDefinition",
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Exactly one of these fields is required: [Next, End] at /States/StateName'",
        ),
    ];
    let world = World::new().await;
    for (state, more, kind, message) in table {
        let body = request(&state, &more);
        let expected = (400, kind.to_owned(), message.to_owned());
        assert_eq!(world.refuses("TestState", body).await, expected, "{state} {more}");
    }
}

#[tokio::test]
async fn a_wait_ends_when_the_server_stops() {
    let world = World::new().await;
    world.api.close();
    let state = json!({"Type": "Wait", "Seconds": 200, "End": true});
    let (status, kind, _) = world.refuses("TestState", request(&state, &json!({}))).await;
    assert_eq!((status, kind.as_str()), (503, "ServiceUnavailable"));
}
