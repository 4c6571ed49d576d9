//! Each kind of event, with its data and without.

use super::*;
use crate::event::Event;
use crate::time::Timestamp;

/// Kind; its type; its details with data; its details without.
type Row = (EventKind, &'static str, &'static str, &'static str);

#[test]
fn the_start_tells_of_version_and_alias_and_a_redrive_counts() {
    let table: [Row; 2] = [
        (
            EventKind::ExecutionStarted {
                input: document("1"),
                role_arn: "r".into(),
                state_machine_version_arn: Some("m:1".into()),
                state_machine_alias_arn: Some("m:live".into()),
            },
            "ExecutionStarted",
            r#""executionStartedEventDetails":{"input":"1","inputDetails":{"truncated":false},"roleArn":"r","stateMachineAliasArn":"m:live","stateMachineVersionArn":"m:1"}"#,
            r#""executionStartedEventDetails":{"roleArn":"r","stateMachineAliasArn":"m:live","stateMachineVersionArn":"m:1"}"#,
        ),
        (
            EventKind::ExecutionRedriven { redrive_count: 2 },
            "ExecutionRedriven",
            r#""executionRedrivenEventDetails":{"redriveCount":2}"#,
            r#""executionRedrivenEventDetails":{"redriveCount":2}"#,
        ),
    ];
    check(table);
}

#[test]
fn executions_and_states_are_written_as_aws_does() {
    const NO_CAUSE: &str = r#""executionFailedEventDetails":{}"#;
    const WHY: &str = r#""executionAbortedEventDetails":{"error":"E","cause":"c \"x\""}"#;
    let failed = Failure::new("E", "c \"x\"");
    let table: [Row; 9] = [
        (
            EventKind::ExecutionStarted {
                input: document(r#"{"a": 1}"#),
                role_arn: "r".into(),
                state_machine_version_arn: None,
                state_machine_alias_arn: None,
            },
            "ExecutionStarted",
            r#""executionStartedEventDetails":{"input":"{\"a\": 1}","inputDetails":{"truncated":false},"roleArn":"r"}"#,
            r#""executionStartedEventDetails":{"roleArn":"r"}"#,
        ),
        (
            EventKind::ExecutionSucceeded { output: document("[]") },
            "ExecutionSucceeded",
            r#""executionSucceededEventDetails":{"output":"[]","outputDetails":{"truncated":false}}"#,
            r#""executionSucceededEventDetails":{}"#,
        ),
        (EventKind::ExecutionFailed(Failure::default()), "ExecutionFailed", NO_CAUSE, NO_CAUSE),
        (EventKind::ExecutionAborted(failed), "ExecutionAborted", WHY, WHY),
        (
            entered(StateClass::Choice),
            "ChoiceStateEntered",
            r#""stateEnteredEventDetails":{"name":"S","input":"{}","inputDetails":{"truncated":false}}"#,
            r#""stateEnteredEventDetails":{"name":"S"}"#,
        ),
        (
            exited(None),
            "PassStateExited",
            r#""stateExitedEventDetails":{"name":"S","output":"1","outputDetails":{"truncated":false}}"#,
            r#""stateExitedEventDetails":{"name":"S"}"#,
        ),
        (
            exited(Some(r#"{"n":42,"s":"x","o":{"k":[1]}}"#)),
            "PassStateExited",
            r#""stateExitedEventDetails":{"name":"S","output":"1","outputDetails":{"truncated":false},"assignedVariables":{"n":"42","s":"\"x\"","o":"{\"k\":[1]}"},"assignedVariablesDetails":{"truncated":false}}"#,
            r#""stateExitedEventDetails":{"name":"S"}"#,
        ),
        (EventKind::StateAborted { class: StateClass::Wait }, "WaitStateAborted", "", ""),
        (
            EventKind::EvaluationFailed {
                state: "S".into(),
                failure: Failure { error: Some("E".into()), cause: None },
                location: None,
            },
            "EvaluationFailed",
            r#""evaluationFailedEventDetails":{"error":"E","state":"S"}"#,
            r#""evaluationFailedEventDetails":{"error":"E","state":"S"}"#,
        ),
    ];
    check(table);
}

#[test]
fn work_is_written_as_aws_does() {
    const TIMED_OUT: &str = r#""taskTimedOutEventDetails":{"resourceType":"sqs","resource":"sendMessage","error":"States.Timeout"}"#;
    let table: [Row; 6] = [
        (
            EventKind::TaskScheduled {
                service: service(),
                region: "us-east-1".into(),
                parameters: document("{}"),
                timeout: Some(9),
                heartbeat: Some(3),
                credentials: Some("r".into()),
            },
            "TaskScheduled",
            r#""taskScheduledEventDetails":{"resourceType":"sqs","resource":"sendMessage","region":"us-east-1","parameters":"{}","timeoutInSeconds":9,"heartbeatInSeconds":3,"taskCredentials":{"roleArn":"r"}}"#,
            r#""taskScheduledEventDetails":{"resourceType":"sqs","resource":"sendMessage","region":"us-east-1","timeoutInSeconds":9,"heartbeatInSeconds":3,"taskCredentials":{"roleArn":"r"}}"#,
        ),
        (
            EventKind::TaskTimedOut { service: service(), failure: Failure::timeout() },
            "TaskTimedOut",
            TIMED_OUT,
            TIMED_OUT,
        ),
        (
            EventKind::ActivityStarted { worker_name: Some("w".into()) },
            "ActivityStarted",
            r#""activityStartedEventDetails":{"workerName":"w"}"#,
            r#""activityStartedEventDetails":{"workerName":"w"}"#,
        ),
        (
            EventKind::LambdaFunctionScheduled {
                resource: "f".into(),
                input: document("{}"),
                timeout: None,
                credentials: None,
            },
            "LambdaFunctionScheduled",
            r#""lambdaFunctionScheduledEventDetails":{"resource":"f","input":"{}","inputDetails":{"truncated":false}}"#,
            r#""lambdaFunctionScheduledEventDetails":{"resource":"f"}"#,
        ),
        (EventKind::LambdaFunctionStarted, "LambdaFunctionStarted", "", ""),
        (
            EventKind::MapIterationStarted { name: "M".into(), index: 0 },
            "MapIterationStarted",
            r#""mapIterationStartedEventDetails":{"name":"M","index":0}"#,
            r#""mapIterationStartedEventDetails":{"name":"M","index":0}"#,
        ),
    ];
    check(table);
}

#[test]
fn a_text_is_cut_between_characters_where_its_json_would_be_too_long() {
    let table = [
        ("abc", 3, "abc", "fits"),
        ("abc", 2, "ab", "plain"),
        ("a\"b", 2, "a", "an escape takes two and is not split"),
        ("a\"b", 3, "a\"", "it counts as two"),
        ("\u{1}b", 5, "", "or six"),
        ("aé", 2, "a", "a character is not split"),
        ("abc", 0, "", "no room at all"),
    ];
    for (text, room, expected, reason) in table {
        assert_eq!(fitting(text, room), expected, "{reason}");
    }
}

fn check(table: impl IntoIterator<Item = Row>) {
    for (kind, name, with_data, without) in table {
        let time = Timestamp(1_700_000_000_123_456);
        let entry = Entry { id: 7, previous: 6, time, event: Event { kind, previous: None } };
        for (data, details) in [(true, with_data), (false, without)] {
            let comma = if details.is_empty() { "" } else { "," };
            let mut out = String::new();
            write(&mut out, &entry, data);
            let expected = format!(
                r#"{{"timestamp":1700000000.123,"type":"{name}","id":7,"previousEventId":6{comma}{details}}}"#
            );
            assert_eq!(out, expected);
        }
    }
}

fn document(text: &str) -> Document {
    Document::from_trusted_text(text)
}

fn entered(class: StateClass) -> EventKind {
    EventKind::StateEntered { class, name: "S".into(), input: document("{}") }
}

fn exited(assigned: Option<&str>) -> EventKind {
    EventKind::StateExited {
        class: StateClass::Pass,
        name: "S".into(),
        output: document("1"),
        assigned: assigned.map(document),
    }
}

fn service() -> Service {
    Service { resource_type: "sqs".into(), resource: "sendMessage".into() }
}
