//! Execution logs: a machine's loggingConfiguration against real destinations.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::binary::{Server, until};
use super::fake::{Answer, Fake};

const GROUP: &str = "arn:aws:logs:us-east-1:123456789012:log-group:/flows:*";

/// Waits, fails, is caught, forks: events of every level.
fn definition() -> String {
    let good = json!({"StartAt": "Good", "States": {"Good": pass()}});
    let bad = json!({"Type": "Fail", "Error": "E", "Cause": "c"});
    let bad = json!({"StartAt": "Bad", "States": {"Bad": bad}});
    let both = json!({
        "Type": "Parallel", "Branches": [good, bad], "Next": "End",
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "End"}]
    });
    let map = json!({
        "Type": "Map", "ItemsPath": "$.items", "Next": "Both", "ResultPath": null,
        "ItemProcessor": {"StartAt": "I", "States": {"I": pass()}}
    });
    let fail = json!({"Type": "Fail", "Error": "Last", "Cause": "all over"});
    json!({"StartAt": "Each", "States": {"Each": map, "Both": both, "End": fail}}).to_string()
}

fn pass() -> Value {
    json!({"Type": "Pass", "End": true})
}

fn logging(level: &str, data: bool) -> Value {
    let destination = json!({"cloudWatchLogsLogGroup": {"logGroupArn": GROUP}});
    json!({"level": level, "includeExecutionData": data, "destinations": [destination]})
}

fn machine(server: &Server, name: &str, kind: &str, logging: &Value) -> String {
    let body = json!({
        "name": name, "definition": definition(), "type": kind, "loggingConfiguration": logging,
        "roleArn": "arn:aws:iam::123456789012:role/r"
    });
    let machine = server.call("CreateStateMachine", &body);
    machine["stateMachineArn"].as_str().unwrap_or_else(|| panic!("{machine}")).to_owned()
}

fn start(server: &Server, machine: &str) -> String {
    let input = json!({"items": [1, 2, 3]}).to_string();
    let started =
        server.call("StartExecution", &json!({"stateMachineArn": machine, "input": input}));
    started["executionArn"].as_str().unwrap().to_owned()
}

#[test]
fn the_log_is_the_history_at_its_level() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Server::start(&["--data", data.to_str().unwrap()]);
    let mut runs = Vec::new();
    for (name, level, include) in [
        ("all", "ALL", true),
        ("bare", "ALL", false),
        ("errors", "ERROR", true),
        ("fatal", "FATAL", true),
    ] {
        let arn = machine(&server, name, "STANDARD", &logging(level, include));
        let execution = start(&server, &arn);
        assert_eq!(server.ended(&execution)["status"], "FAILED");
        runs.push((name, level, include, execution));
    }
    let off = machine(&server, "off", "STANDARD", &json!({"level": "OFF"}));
    server.ended(&start(&server, &off));
    let histories: Vec<Vec<Value>> = runs
        .iter()
        .map(|(_, _, include, execution)| {
            let body = json!({"executionArn": execution, "includeExecutionData": include, "maxResults": 1000});
            server.call("GetExecutionHistory", &body)["events"].as_array().unwrap().clone()
        })
        .collect();
    // Stopping it delivers what is left.
    server.terminate();
    let logs = data.join("execution-logs");
    for ((name, level, _, execution), history) in runs.iter().zip(&histories) {
        let expected: Vec<Value> = history
            .iter()
            .filter(|event| covered(level, event["type"].as_str().unwrap()))
            .map(|event| logged(event, execution))
            .collect();
        assert!(expected.len() > usize::from(*level == "ALL") * 20);
        assert_eq!(lines(&logs.join(name)), expected, "{name}");
    }
    assert!(!logs.join("off").exists());
}

#[test]
fn express_executions_are_logged_too_and_to_one_file_if_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("all.jsonl");
    let mut server = Server::start(&["--in-memory", "--execution-logs", file.to_str().unwrap()]);
    let arn = machine(&server, "quick", "EXPRESS", &logging("ERROR", true));
    let body = json!({"stateMachineArn": arn, "input": "{\"items\":[]}"});
    let answer = server.call("StartSyncExecution", &body);
    assert_eq!(answer["status"], "FAILED", "{answer}");
    server.terminate();
    let found: Vec<Value> = read(&file);
    let types: Vec<&str> = found.iter().map(|line| line["type"].as_str().unwrap()).collect();
    let expected =
        ["FailStateEntered", "ParallelStateFailed", "FailStateEntered", "ExecutionFailed"];
    assert_eq!(types, expected);
    for line in &found {
        assert_eq!(line["execution_arn"], answer["executionArn"]);
    }
}

#[test]
fn an_execution_that_goes_on_after_a_kill_is_logged_with_the_ids_of_its_history() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let arguments = ["--data", data.to_str().unwrap()];
    let mut server = Server::start(&arguments);
    let waits = json!({"StartAt": "W", "States": {
        "W": {"Type": "Wait", "Seconds": 600, "End": true}
    }});
    let body = json!({
        "name": "waits", "definition": waits.to_string(), "loggingConfiguration": logging("ALL", true),
        "roleArn": "arn:aws:iam::123456789012:role/r"
    });
    let arn = server.call("CreateStateMachine", &body);
    let arn = arn["stateMachineArn"].as_str().unwrap();
    let execution = start(&server, arn);
    let logs = data.join("execution-logs/waits");
    until("the wait is logged", || (logs.exists() && lines(&logs).len() == 2).then_some(()));
    server.kill();
    let mut server = Server::start(&arguments);
    server.call("StopExecution", &json!({"executionArn": execution}));
    server.terminate();
    let found = lines(&logs);
    let mut ids: Vec<&str> = found.iter().map(|line| line["id"].as_str().unwrap()).collect();
    assert_eq!(ids.last(), Some(&"3"));
    assert_eq!(found.last().unwrap()["type"], "ExecutionAborted");
    ids.dedup();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids, ["1", "2", "3"], "each at least once");
}

#[test]
fn cloudwatch_gets_streams_and_events_and_knows_its_groups() {
    let fake = Fake::start(|call| Answer::json(log_groups(&call.operation, &call.body)));
    let mut server = Server::start_with(
        &["--in-memory"],
        &[
            ("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", &fake.url),
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ],
    );
    let arn = machine(&server, "flow", "STANDARD", &logging("FATAL", true));
    let mut elsewhere = logging("FATAL", true);
    let unknown = GROUP.replace("/flows", "/unknown");
    elsewhere["destinations"][0]["cloudWatchLogsLogGroup"]["logGroupArn"] = json!(unknown);
    let body = json!({"stateMachineArn": arn, "loggingConfiguration": elsewhere});
    let refused = server.call("UpdateStateMachine", &body);
    assert!(refused["__type"].as_str().unwrap().ends_with("InvalidLoggingConfiguration"));
    assert_eq!(refused["message"], "Invalid Logging Configuration: Log Destination not found.");
    let execution = start(&server, &arn);
    server.ended(&execution);
    server.terminate();
    let calls = fake.calls();
    let of = |operation: &str| {
        calls.iter().filter(|call| call.operation == operation).map(|c| &c.body).collect::<Vec<_>>()
    };
    assert!(calls.iter().all(|c| c.header("authorization").contains("Credential=AKID/")
        && c.header("authorization").contains("/us-east-1/logs/aws4_request")));
    let streams: Vec<_> =
        of("CreateLogStream").iter().map(|b| b["logStreamName"].as_str().unwrap()).collect();
    assert_eq!(streams[0], "log_stream_created_by_aws_to_validate_log_delivery_subscriptions");
    assert!(streams[1].starts_with("states/flow/20"), "{streams:?}");
    let put = of("PutLogEvents");
    assert_eq!(put.len(), 1);
    assert_eq!(
        (&put[0]["logGroupName"], &put[0]["logStreamName"]),
        (&json!("/flows"), &json!(streams[1]))
    );
    let event = &put[0]["logEvents"][0];
    let message: Value = serde_json::from_str(event["message"].as_str().unwrap()).unwrap();
    assert_eq!(message["type"], "ExecutionFailed");
    assert_eq!(message["execution_arn"], execution);
    assert_eq!(event["timestamp"].to_string(), message["event_timestamp"].as_str().unwrap());
}

/// CloudWatch Logs with one group.
fn log_groups(operation: &str, body: &Value) -> Value {
    match operation {
        "DescribeLogGroups" if body["logGroupNamePrefix"] == "/flows" => {
            json!({"logGroups": [{"logGroupName": "/flows"}]})
        }
        "DescribeLogGroups" => json!({"logGroups": []}),
        _ => json!({}),
    }
}

/// AWS's table of levels, for the event types that appear here.
fn covered(level: &str, kind: &str) -> bool {
    let fatal = kind == "ExecutionFailed";
    let error = fatal || kind == "FailStateEntered" || kind == "ParallelStateFailed";
    match level {
        "ALL" => true,
        "ERROR" => error,
        _ => fatal,
    }
}

/// The log event of a history event.
fn logged(event: &Value, execution: &str) -> Value {
    let details =
        event.as_object().unwrap().iter().find(|(name, _)| name.ends_with("EventDetails"));
    let millis = (event["timestamp"].as_f64().unwrap() * 1000.0).round() as i64;
    json!({
        "id": event["id"].to_string(), "type": event["type"],
        "details": details.map_or(json!({}), |(_, details)| details.clone()),
        "previous_event_id": event["previousEventId"].to_string(),
        "event_timestamp": millis.to_string(), "execution_arn": execution, "redrive_count": "0",
    })
}

/// The lines of the only file in a folder.
fn lines(folder: &Path) -> Vec<Value> {
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.iter().flat_map(|file| read(file)).collect()
}

fn read(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
