//! The API, all 37 operations, over a home with machines, executions, an activity and tasks that wait. An input is a number
//! of requests: each a line `Operation {…}`; they are done one after the other, the engines at work beside them.

use std::sync::Mutex;

use serde_json::{Value, json};
use stepwright::api::Response;
use stepwright::store::{Journal as _, ListQuery};
use stepwright_core::engine::ExecutionId;

use super::definition;
use crate::home::{Home, OWNER, ROLE, block_on};
use crate::{Mutator, parts};

pub(super) fn run(input: &[u8]) {
    block_on(async {
        let home = Home::new().await;
        Scene::set(&home).await;
        for request in parts(input).take(60) {
            let (operation, body) = divided(request);
            if let Some(response) = home.call(operation, body).await {
                is_aws(operation, &response);
            }
        }
        home.idle().await;
        let response = home.call("ListStateMachines", b"{}").await.expect("an answer");
        assert_eq!(response.status, 200, "the next request is served");
    });
}

/// Operation and body of a request.
fn divided(request: &[u8]) -> (&str, &[u8]) {
    let end =
        request.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(request.len());
    let (operation, body) = request.split_at(end);
    (std::str::from_utf8(operation).unwrap_or_default(), body.strip_prefix(b" ").unwrap_or(body))
}

/// An answer is a success, or a refusal that is the caller's fault and says so, in AWS's form.
pub(crate) fn is_aws(operation: &str, response: &Response) {
    let body: Value = serde_json::from_str(&response.body).expect("an answer is JSON");
    match response.error_type {
        None => assert_eq!(response.status, 200, "{operation}: {body}"),
        Some(kind) => {
            assert!(
                matches!(response.status, 400 | 409 | 413),
                "{operation}: {} {body}",
                response.status
            );
            assert_eq!(body["__type"], kind, "{operation}: {body}");
            assert!(body["message"].is_string(), "{operation}: {body}");
        }
    }
}

/// What is in the home of a target.
pub(super) struct Scene {
    /// Tokens of tasks that wait or waited.
    pub(super) tokens: Vec<String>,
    /// Executions.
    pub(super) executions: Vec<ExecutionId>,
}

impl Scene {
    /// Makes machines, an activity and executions: one that has ended, one that waits for a token, one for an activity.
    pub(super) async fn set(home: &Home) -> Scene {
        let machine = |name: &str| format!("arn:aws:states:{OWNER}:stateMachine:{name}");
        for (operation, body) in [
            ("CreateActivity", json!({"name": "dig"})),
            ("CreateStateMachine", create("flow", PASS, "STANDARD")),
            ("CreateStateMachine", create("quick", PASS, "EXPRESS")),
            ("CreateStateMachine", create("waits", WAITS, "STANDARD")),
            ("StartExecution", json!({"stateMachineArn": machine("flow"), "name": "run"})),
            ("StartExecution", json!({"stateMachineArn": machine("waits"), "name": "run"})),
            ("PublishStateMachineVersion", json!({"stateMachineArn": machine("flow")})),
        ] {
            let response = home.api.call(operation, body.to_string().as_bytes()).await;
            assert_eq!(response.status, 200, "{operation}: {}", response.body);
        }
        for _ in 0..4 {
            home.step().await;
        }
        let mut executions = Vec::new();
        for name in ["flow", "waits"] {
            let machine = machine(name).into();
            let query = ListQuery { machine, status: None, after: None, limit: 10 };
            let found = home.store.list(&query).await.expect("a store in memory");
            executions.extend(found.iter().map(|execution| execution.id.clone()));
        }
        Scene { tokens: home.tokens(), executions }
    }
}

fn create(name: &str, definition: &str, kind: &str) -> Value {
    json!({"name": name, "definition": definition, "roleArn": ROLE, "type": kind})
}

const PASS: &str = r#"{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}"#;
const WAITS: &str = r#"{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken","Parameters":{"QueueUrl":"u","MessageBody.$":"$$.Task.Token"},"Next":"B"},"B":{"Type":"Task","Resource":"arn:aws:states:us-east-1:123456789012:activity:dig","End":true}}}"#;

/// Requests that are right, of every operation, and some that come one after the other.
pub(super) fn requests() -> Vec<Vec<u8>> {
    static MADE: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
    let mut made = MADE.lock().expect("a lock");
    if made.is_empty() {
        let single =
            OPERATIONS.iter().map(|(operation, body)| format!("{operation} {}", filled(body)));
        made.extend(single.map(String::into_bytes));
        for definition in definition::definitions() {
            let definition = String::from_utf8_lossy(&definition).into_owned();
            let machine = format!("arn:aws:states:{OWNER}:stateMachine:new");
            let story = [
                format!(
                    "ValidateStateMachineDefinition {}",
                    json!({"definition": definition, "maxResults": 5})
                ),
                format!("CreateStateMachine {}", create("new", &definition, "STANDARD")),
                format!(
                    "StartExecution {}",
                    json!({"stateMachineArn": machine, "name": "n", "input": "{\"a\":1,\"b\":[1,2],\"items\":[]}"})
                ),
                format!(
                    "GetExecutionHistory {}",
                    json!({"executionArn": format!("arn:aws:states:{OWNER}:execution:new:n"), "maxResults": 3})
                ),
                format!(
                    "RedriveExecution {}",
                    json!({"executionArn": format!("arn:aws:states:{OWNER}:execution:new:n")})
                ),
            ];
            made.push(story.join("\n----\n").into_bytes());
        }
    }
    made.clone()
}

/// For each operation an input of many requests, each a right one that was changed; and how many they are.
pub(crate) fn round(mutator: &mut Mutator) -> Vec<(Vec<u8>, usize)> {
    const AT_ONCE: usize = 40;
    let inputs = OPERATIONS.iter().map(|(operation, body)| {
        let right = filled(body).into_bytes();
        let requests = (0..AT_ONCE).map(|_| {
            let mut request = format!("{operation} ").into_bytes();
            request.extend(mutator.changed(&right));
            request
        });
        let requests: Vec<_> = requests.collect();
        (requests.join(crate::SEPARATOR), AT_ONCE)
    });
    inputs.collect()
}

fn filled(body: &str) -> String {
    let definition = json!(PASS).to_string();
    body.replace("OWNER", OWNER).replace("ROLE", ROLE).replace("\"PASS\"", &definition)
}

/// All operations, each with a request that is right.
pub const OPERATIONS: [(&str, &str); 37] = [
    ("CreateActivity", r#"{"name":"x","tags":[{"key":"k","value":"v"}]}"#),
    (
        "CreateStateMachine",
        r#"{"name":"x","definition":"PASS","roleArn":"ROLE","type":"EXPRESS","publish":true,"versionDescription":"d","tags":[{"key":"k","value":"v"}],"loggingConfiguration":{"level":"ALL","includeExecutionData":true,"destinations":[{"cloudWatchLogsLogGroup":{"logGroupArn":"arn:aws:logs:OWNER:log-group:g:*"}}]},"tracingConfiguration":{"enabled":true},"encryptionConfiguration":{"type":"AWS_OWNED_KEY"}}"#,
    ),
    (
        "CreateStateMachineAlias",
        r#"{"name":"x","description":"d","routingConfiguration":[{"stateMachineVersionArn":"arn:aws:states:OWNER:stateMachine:flow:1","weight":100}]}"#,
    ),
    ("DeleteActivity", r#"{"activityArn":"arn:aws:states:OWNER:activity:dig"}"#),
    ("DeleteStateMachine", r#"{"stateMachineArn":"arn:aws:states:OWNER:stateMachine:flow"}"#),
    (
        "DeleteStateMachineAlias",
        r#"{"stateMachineAliasArn":"arn:aws:states:OWNER:stateMachine:flow:x"}"#,
    ),
    (
        "DeleteStateMachineVersion",
        r#"{"stateMachineVersionArn":"arn:aws:states:OWNER:stateMachine:flow:1"}"#,
    ),
    ("DescribeActivity", r#"{"activityArn":"arn:aws:states:OWNER:activity:dig"}"#),
    (
        "DescribeExecution",
        r#"{"executionArn":"arn:aws:states:OWNER:execution:flow:run","includedData":"ALL_DATA"}"#,
    ),
    (
        "DescribeMapRun",
        r#"{"mapRunArn":"arn:aws:states:OWNER:mapRun:flow/M:0a0a0a0a-0a0a-3a0a-8a0a-0a0a0a0a0a0a"}"#,
    ),
    (
        "DescribeStateMachine",
        r#"{"stateMachineArn":"arn:aws:states:OWNER:stateMachine:flow","includedData":"METADATA_ONLY"}"#,
    ),
    (
        "DescribeStateMachineAlias",
        r#"{"stateMachineAliasArn":"arn:aws:states:OWNER:stateMachine:flow:x"}"#,
    ),
    (
        "DescribeStateMachineForExecution",
        r#"{"executionArn":"arn:aws:states:OWNER:execution:flow:run"}"#,
    ),
    ("GetActivityTask", r#"{"activityArn":"arn:aws:states:OWNER:activity:dig","workerName":"w"}"#),
    (
        "GetExecutionHistory",
        r#"{"executionArn":"arn:aws:states:OWNER:execution:flow:run","maxResults":2,"reverseOrder":true,"nextToken":"t","includeExecutionData":false}"#,
    ),
    ("ListActivities", r#"{"maxResults":1,"nextToken":"t"}"#),
    (
        "ListExecutions",
        r#"{"stateMachineArn":"arn:aws:states:OWNER:stateMachine:flow","statusFilter":"SUCCEEDED","maxResults":1,"redriveFilter":"NOT_REDRIVEN"}"#,
    ),
    ("ListMapRuns", r#"{"executionArn":"arn:aws:states:OWNER:execution:flow:run","maxResults":1}"#),
    (
        "ListStateMachineAliases",
        r#"{"stateMachineArn":"arn:aws:states:OWNER:stateMachine:flow","maxResults":1}"#,
    ),
    (
        "ListStateMachineVersions",
        r#"{"stateMachineArn":"arn:aws:states:OWNER:stateMachine:flow","maxResults":1}"#,
    ),
    ("ListStateMachines", r#"{"maxResults":1}"#),
    ("ListTagsForResource", r#"{"resourceArn":"arn:aws:states:OWNER:stateMachine:flow"}"#),
    (
        "PublishStateMachineVersion",
        r#"{"stateMachineArn":"arn:aws:states:OWNER:stateMachine:flow","revisionId":"INITIAL","description":"d"}"#,
    ),
    (
        "RedriveExecution",
        r#"{"executionArn":"arn:aws:states:OWNER:execution:flow:run","clientToken":"t"}"#,
    ),
    ("SendTaskFailure", r#"{"taskToken":"t","error":"E","cause":"c"}"#),
    ("SendTaskHeartbeat", r#"{"taskToken":"t"}"#),
    ("SendTaskSuccess", r#"{"taskToken":"t","output":"{}"}"#),
    (
        "StartExecution",
        r#"{"stateMachineArn":"arn:aws:states:OWNER:stateMachine:flow","name":"n","input":"{\"a\":[1]}","traceHeader":"Root=1-5759e988-bd862e3fe1be46a994272793"}"#,
    ),
    (
        "StartSyncExecution",
        r#"{"stateMachineArn":"arn:aws:states:OWNER:stateMachine:quick","name":"n","input":"{\"a\":[1]}","includedData":"ALL_DATA"}"#,
    ),
    (
        "StopExecution",
        r#"{"executionArn":"arn:aws:states:OWNER:execution:waits:run","error":"E","cause":"c"}"#,
    ),
    (
        "TagResource",
        r#"{"resourceArn":"arn:aws:states:OWNER:stateMachine:flow","tags":[{"key":"k","value":"v"}]}"#,
    ),
    (
        "TestState",
        r#"{"definition":"{\"Type\":\"Task\",\"Resource\":\"arn:aws:states:::lambda:invoke\",\"Parameters\":{\"FunctionName\":\"f\",\"Payload.$\":\"$\"},\"ResultPath\":\"$.r\",\"Next\":\"B\",\"Retry\":[{\"ErrorEquals\":[\"States.ALL\"]}],\"Catch\":[{\"ErrorEquals\":[\"States.ALL\"],\"Next\":\"C\"}]}","input":"{\"a\":1}","inspectionLevel":"TRACE","revealSecrets":false,"roleArn":"ROLE","mock":{"result":"{\"x\":1}"},"stateConfiguration":{"retrierRetryCount":1},"context":"{\"Execution\":{\"Id\":\"x\"}}","variables":"{\"v\":1}"}"#,
    ),
    (
        "UntagResource",
        r#"{"resourceArn":"arn:aws:states:OWNER:stateMachine:flow","tagKeys":["k"]}"#,
    ),
    (
        "UpdateMapRun",
        r#"{"mapRunArn":"arn:aws:states:OWNER:mapRun:flow/M:0a0a0a0a-0a0a-3a0a-8a0a-0a0a0a0a0a0a","maxConcurrency":1,"toleratedFailureCount":2,"toleratedFailurePercentage":3.5}"#,
    ),
    (
        "UpdateStateMachine",
        r#"{"stateMachineArn":"arn:aws:states:OWNER:stateMachine:flow","definition":"PASS","roleArn":"ROLE","publish":true,"versionDescription":"d"}"#,
    ),
    (
        "UpdateStateMachineAlias",
        r#"{"stateMachineAliasArn":"arn:aws:states:OWNER:stateMachine:flow:x","routingConfiguration":[{"stateMachineVersionArn":"arn:aws:states:OWNER:stateMachine:flow:1","weight":100}]}"#,
    ),
    (
        "ValidateStateMachineDefinition",
        r#"{"definition":"PASS","type":"STANDARD","severity":"WARNING","maxResults":3}"#,
    ),
];
