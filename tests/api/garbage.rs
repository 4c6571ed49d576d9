//! Whatever comes in, the answer is one that AWS could give, and the next request is served.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use stepwright::api::Response;

use super::world::{FLOW, PASS, ROLE, RUN, World, refusal};

#[tokio::test]
async fn a_body_that_is_no_request_is_a_serialization_exception() {
    let world = World::new().await;
    let bodies: [&[u8]; 9] = [
        b"{",
        b"no json",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"\"text\"",
        b"{\"name\":\"\\ud800\"}",
        b"{\"name\":\"a\"} trailing",
        b"{\"maxResults\":1e999}",
    ];
    for body in bodies {
        let (status, kind, _) = refusal(&world.api.call("ListActivities", body).await);
        assert_eq!((status, kind.as_str()), (400, "SerializationException"), "{body:?}");
    }
    let deep = "[".repeat(100_000);
    let (_, kind, _) = refusal(&world.api.call("ListActivities", deep.as_bytes()).await);
    assert_eq!(kind, "SerializationException");
}

#[tokio::test]
async fn no_body_is_an_empty_request() {
    assert_eq!(World::new().await.api.call("ListActivities", b"").await.status, 200);
}

#[tokio::test]
async fn an_operation_that_does_not_exist_is_unknown() {
    let world = World::new().await;
    for operation in ["", "NoSuchOperation", "startExecution", "StartExecution ", "../x"] {
        let (status, kind, _) = refusal(&world.api.call(operation, b"{}").await);
        assert_eq!((status, kind.as_str()), (400, "UnknownOperationException"), "{operation}");
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let body = vec![b' '; stepwright::api::protocol::MAX_BODY + 1];
    let (status, kind, message) =
        refusal(&World::new().await.api.call("ListActivities", &body).await);
    assert_eq!((status, kind.as_str()), (413, "RequestEntityTooLargeException"));
    assert_eq!(message, "HTTP content length exceeded 1049600 bytes.");
}

#[test]
fn no_operation_is_left_out_here() {
    let names: std::collections::BTreeSet<_> =
        operations().into_iter().map(|(operation, _)| operation).collect();
    assert_eq!(names.len(), 37);
}

/// Every operation with a request that is right, and a member of it that is a string or a number.
fn operations() -> Vec<(&'static str, Value)> {
    let activity = "arn:aws:states:us-east-1:123456789012:activity:dig";
    vec![
        ("CreateActivity", json!({"name": "dig"})),
        ("CreateStateMachineAlias", json!({"name": "x"})),
        ("DeleteStateMachineAlias", json!({"stateMachineAliasArn": FLOW})),
        ("DeleteStateMachineVersion", json!({"stateMachineVersionArn": FLOW})),
        ("DescribeMapRun", json!({"mapRunArn": FLOW})),
        ("DescribeStateMachineAlias", json!({"stateMachineAliasArn": FLOW})),
        ("ListMapRuns", json!({"executionArn": RUN})),
        ("ListStateMachineAliases", json!({"stateMachineArn": FLOW})),
        ("ListStateMachineVersions", json!({"stateMachineArn": FLOW})),
        ("ListTagsForResource", json!({"resourceArn": FLOW})),
        ("PublishStateMachineVersion", json!({"stateMachineArn": FLOW})),
        ("RedriveExecution", json!({"executionArn": RUN})),
        ("TagResource", json!({"resourceArn": FLOW})),
        ("UntagResource", json!({"resourceArn": FLOW})),
        ("UpdateMapRun", json!({"mapRunArn": FLOW, "maxConcurrency": 1})),
        ("UpdateStateMachineAlias", json!({"stateMachineAliasArn": FLOW})),
        ("ValidateStateMachineDefinition", json!({"definition": PASS})),
        ("CreateStateMachine", json!({"name": "m", "definition": PASS, "roleArn": ROLE})),
        ("DeleteActivity", json!({"activityArn": activity})),
        ("DeleteStateMachine", json!({"stateMachineArn": FLOW})),
        ("DescribeActivity", json!({"activityArn": activity})),
        ("DescribeExecution", json!({"executionArn": RUN})),
        ("DescribeStateMachine", json!({"stateMachineArn": FLOW})),
        ("DescribeStateMachineForExecution", json!({"executionArn": RUN})),
        ("GetActivityTask", json!({"activityArn": activity})),
        ("GetExecutionHistory", json!({"executionArn": RUN})),
        ("ListActivities", json!({"maxResults": 1})),
        ("ListExecutions", json!({"stateMachineArn": FLOW})),
        ("ListStateMachines", json!({"maxResults": 1})),
        ("SendTaskFailure", json!({"taskToken": "t"})),
        ("SendTaskHeartbeat", json!({"taskToken": "t"})),
        ("SendTaskSuccess", json!({"taskToken": "t", "output": "{}"})),
        ("StartExecution", json!({"stateMachineArn": FLOW})),
        ("StartSyncExecution", json!({"stateMachineArn": FLOW})),
        ("StopExecution", json!({"executionArn": RUN})),
        ("TestState", json!({"definition": PASS})),
        ("UpdateStateMachine", json!({"stateMachineArn": FLOW, "roleArn": ROLE})),
    ]
}

/// JSON that is neither a string nor a number.
fn wrong_type() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        prop::collection::vec(any_json(), 0..3).prop_map(Value::Array),
        prop::collection::vec((".{0,5}", any_json()), 0..3)
            .prop_map(|members| Value::Object(members.into_iter().collect())),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::String),
        "arn:aws:states:us-east-1:123456789012:[a-zA-Z]{1,12}(:[a-z]{0,3}){0,3}"
            .prop_map(Value::String),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            prop::collection::vec((member_name(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Names that operations know, and others.
fn member_name() -> impl Strategy<Value = String> {
    let known = [
        "name",
        "definition",
        "roleArn",
        "type",
        "tags",
        "key",
        "value",
        "stateMachineArn",
        "executionArn",
        "activityArn",
        "input",
        "maxResults",
        "nextToken",
        "statusFilter",
        "taskToken",
        "output",
        "publish",
        "routingConfiguration",
        "stateMachineVersionArn",
        "stateMachineAliasArn",
        "weight",
        "resourceArn",
        "tagKeys",
        "revisionId",
        "description",
        "loggingConfiguration",
        "destinations",
        "level",
        "encryptionConfiguration",
        "mapRunArn",
        "traceHeader",
        "cloudWatchLogsLogGroup",
        "reverseOrder",
        "includedData",
        "workerName",
        "error",
        "cause",
    ];
    prop_oneof![4 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => ".{0,8}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_member_of_the_wrong_type_is_refused_by_every_operation(wrong in wrong_type()) {
        let answers = runtime().block_on(async {
            let world = World::with_run().await;
            let mut answers = Vec::new();
            for (operation, right) in operations() {
                for member in right.as_object().unwrap().keys() {
                    let mut body = right.clone();
                    body[member] = wrong.clone();
                    answers.push(world.call(operation, &body).await);
                }
            }
            answers
        });
        for response in answers {
            prop_assert_eq!(refusal(&response).1, "SerializationException");
            prop_assert_eq!(response.status, 400);
        }
    }

    #[test]
    fn any_json_is_answered_and_the_next_request_is_served(body in any_json()) {
        let answers = runtime().block_on(async {
            let world = World::with_run().await;
            world.api.close();
            let mut answers = Vec::new();
            for (operation, _) in operations() {
                answers.push(world.call(operation, &body).await);
            }
            answers.push(world.call("ListStateMachines", &json!({})).await);
            answers
        });
        prop_assert_eq!(answers.last().map(|last| last.status), Some(200));
        for response in answers {
            prop_assert!(is_aws(&response), "{response:?}");
        }
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 1..200)) {
        let response = runtime().block_on(async { World::new().await.api.call("CreateActivity", &bytes).await });
        prop_assert!(is_aws(&response), "{response:?}");
    }
}

/// A success, or a refusal that is the caller's fault and says so.
fn is_aws(response: &Response) -> bool {
    let Ok(Value::Object(body)) = serde_json::from_str(&response.body) else { return false };
    match response.error_type {
        None => response.status == 200,
        Some(kind) => {
            response.status == 400 && body["__type"] == kind && body["message"].is_string()
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}
