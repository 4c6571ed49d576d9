//! What operators see of the binary: lines of its log, and metrics.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::{Value, json};

use super::binary::Server;

/// A function that fails once, then answers; it prints what would forge lines and command a terminal.
const FLAKY: &str = r#"f=sh -c 'printf "a\r\n\033[2J{\"level\":\"ERROR\"}\n2026-01-01T00:00:00Z ERROR forged\n" >&2; [ -e FILE ] && echo "{\"hush\": \"hush-output\"}" || { touch FILE; exit 3; }'"#;

/// A Task that is retried once, and one whose failure is caught.
fn definition() -> String {
    let task = |name: &str| format!("arn:aws:lambda:us-east-1:123456789012:function:{name}");
    let retry = json!([{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}]);
    json!({"StartAt": "A", "States": {
        "A": {"Type": "Task", "Resource": task("f"), "Retry": retry, "Next": "B"},
        "B": {"Type": "Task", "Resource": task("broken"), "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}], "End": true},
        "C": {"Type": "Pass", "End": true},
    }})
    .to_string()
}

/// Status line and body of `GET path`.
fn get(address: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[test]
fn metrics_count_what_an_execution_did() {
    let folder = tempfile::tempdir().unwrap();
    let flaky = FLAKY.replace("FILE", folder.path().join("tried").to_str().unwrap());
    let server =
        Server::start(&["--in-memory", "--function", &flaky, "--function", "broken=false"]);
    let execution = server.start_machine("counted", &definition());
    assert_eq!(server.ended(&execution)["status"], "SUCCEEDED");
    server.call("Nonsense", &json!({}));
    server.call("StopExecution", &json!({"executionArn": execution.replace("counted", "x")}));
    let (status, text) = get(server.address(), "/metrics");
    assert_eq!(status, "HTTP/1.1 200 OK");
    for expected in [
        "stepwright_transitions_total{state_type=\"Task\"} 2\n",
        "stepwright_transitions_total{state_type=\"Pass\"} 1\n",
        "stepwright_executions_started_total{machine=\"counted\"} 1\n",
        "stepwright_executions_ended_total{machine=\"counted\",status=\"SUCCEEDED\"} 1\n",
        "stepwright_tasks_total{outcome=\"succeeded\"} 1\n",
        "stepwright_tasks_total{outcome=\"failed\"} 2\n",
        "stepwright_task_seconds_count 3\n",
        "stepwright_retries_total 1\n",
        "stepwright_catches_total 1\n",
        "stepwright_timer_lateness_seconds_count 1\n",
        "stepwright_commit_conflicts_total 0\n",
        "stepwright_messages_given_back_total 0\n",
        "stepwright_api_requests_total{operation=\"StartExecution\",error=\"\"} 1\n",
        "stepwright_api_requests_total{operation=\"-\",error=\"UnknownOperationException\"} 1\n",
        "stepwright_api_requests_total{operation=\"StopExecution\",error=\"ExecutionDoesNotExist\"} 1\n",
        "stepwright_queue_messages{state=\"ready\"} 0\n",
        "stepwright_queue_oldest_seconds 0\n",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

#[test]
fn where_requests_must_be_signed_metrics_are_at_an_address_of_their_own() {
    let key = [("STEPWRIGHT_ACCESS_KEY_ID", "id"), ("STEPWRIGHT_SECRET_ACCESS_KEY", "secret")];
    let address = free_address();
    let server = Server::start_with(&["--in-memory", "--auth", "--metrics", &address], &key);
    assert_eq!(get(server.address(), "/metrics").0, "HTTP/1.1 404 Not Found");
    assert_eq!(get(server.address(), "/health").0, "HTTP/1.1 200 OK");
    let refused = server.call("ListStateMachines", &json!({}));
    assert_eq!(refused["__type"], "MissingAuthenticationTokenException", "{refused}");
    let (status, text) = get(&address, "/metrics");
    assert_eq!(status, "HTTP/1.1 200 OK");
    let expected = "stepwright_api_requests_total{operation=\"-\",error=\"MissingAuthenticationTokenException\"} 1\n";
    assert!(text.contains(expected), "{text}");
    assert_eq!(get(&address, "/").0, "HTTP/1.1 404 Not Found");
}

#[test]
fn every_line_is_whole_and_holds_nothing_that_users_have_given() {
    let folder = tempfile::tempdir().unwrap();
    let flaky = FLAKY.replace("FILE", folder.path().join("tried").to_str().unwrap());
    let arguments =
        ["--in-memory", "--function", &flaky, "--function", "broken=false", "--log-format", "json"];
    let mut server = Server::start_with(&arguments, &[("STEPWRIGHT_LOG", "trace")]);
    let role = "arn:aws:iam::123456789012:role/r";
    let body = json!({"name": "told", "definition": definition(), "roleArn": role});
    let machine = server.call("CreateStateMachine", &body);
    let input = json!({"hush": "hush-input"}).to_string();
    let body = json!({"stateMachineArn": machine["stateMachineArn"], "input": input});
    let execution = server.call("StartExecution", &body)["executionArn"].clone();
    let ended = server.ended(execution.as_str().unwrap());
    assert!(ended["output"].as_str().unwrap().contains("Error"), "{ended}");
    let lines = server.terminate();
    let mut told = Vec::new();
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
        for field in ["timestamp", "level", "message"] {
            assert!(line[field].is_string(), "{field}: {line}");
        }
        told.push(line);
    }
    assert!(!lines.contains("hush"), "{lines}");
    let of = |message: &str| told.iter().find(|line| line["message"] == message).unwrap();
    let begun = of("an execution has begun");
    assert_eq!((&begun["execution_arn"], &begun["machine"]), (&execution, &"told".into()));
    let ended = of("an execution has ended");
    assert_eq!((&ended["execution_arn"], &ended["status"]), (&execution, &"SUCCEEDED".into()));
    let answered = of("a request was answered");
    assert_eq!(answered["request_id"].as_str().unwrap().len(), 36, "{answered}");
    let forged = of("2026-01-01T00:00:00Z ERROR forged");
    assert_eq!((&forged["level"], &forged["function"]), (&"INFO".into(), &"f".into()));
}
