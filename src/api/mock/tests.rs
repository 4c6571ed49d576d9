//! Mocked results against the models.

use super::*;
use stepwright_core::asl::{model::ExecutionType, model::Kind, parse_state};

/// The resource of a Task, read as a definition is.
fn resource(name: &str) -> Resource {
    let state = format!(r#"{{"Type":"Task","Resource":"arn:aws:states:::{name}","End":true}}"#);
    let machine = parse_state(&state, ExecutionType::Standard).unwrap();
    match &machine.state(0, "StateName").unwrap().kind {
        Kind::Task(task) => task.resource.clone(),
        _ => panic!("no task"),
    }
}

fn verdict(name: &str, result: &str, mode: Mode) -> String {
    let result = Value::parse(result).unwrap();
    match check(&resource(name), &result, mode) {
        Ok(()) => "ok".to_owned(),
        Err(error) => error
            .message()
            .strip_prefix("Mock result schema validation error: ")
            .unwrap()
            .to_owned(),
    }
}

#[test]
fn what_is_there_must_have_the_type_and_the_size_that_the_model_gives_it() {
    let key = "aws-sdk:kms:encrypt";
    let function = "aws-sdk:lambda:getFunction";
    let table = [
        ("sqs:sendMessage", r#"{"MessageId": 5}"#, "Field 'MessageId' must be a string"),
        ("sqs:sendMessage", r#"{"MessageId": "5", "Other": 1}"#, "ok"),
        ("dynamodb:getItem", r#"{"Item": []}"#, "Field 'Item' must be an object"),
        ("dynamodb:getItem", r#"{"Item": {"id": {"S": 1}}}"#, "Field 'S' must be a string"),
        (
            "dynamodb:getItem",
            r#"{"Item": {"on": {"BOOL": "y"}}}"#,
            "Field 'BOOL' must be a boolean",
        ),
        (
            "dynamodb:getItem",
            r#"{"ConsumedCapacity": 3}"#,
            "Field 'ConsumedCapacity' must be an object",
        ),
        (
            "aws-sdk:s3:getObject",
            r#"{"LastModified": 17}"#,
            "Field 'LastModified' must be a string",
        ),
        ("aws-sdk:s3:listObjectsV2", r#"{"Contents": {}}"#, "Field 'Contents' must be an array"),
        (
            "events:putEvents",
            r#"{"FailedEntryCount": "0"}"#,
            "Field 'FailedEntryCount' must be a number",
        ),
        (
            key,
            r#"{"CiphertextBlob": ""}"#,
            "Field 'CiphertextBlob' is smaller than the minimum length",
        ),
        (key, r#"{"CiphertextBlob": "AQ=="}"#, "ok"),
        (
            function,
            r#"{"Configuration": {"MemorySize": 1}}"#,
            "Field 'MemorySize' is less than the minimum value",
        ),
        (
            function,
            r#"{"Configuration": {"MemorySize": 999999}}"#,
            "Field 'MemorySize' exceeds the maximum value",
        ),
        (function, r#"{"Configuration": {"MemorySize": 128}}"#, "ok"),
        ("sqs:sendMessage", "[]", "Mocked result must be an object"),
    ];
    for (name, result, expected) in table {
        for mode in [Mode::Strict, Mode::Present] {
            assert_eq!(verdict(name, result, mode), expected, "{name} {result} {mode:?}");
        }
        assert_eq!(verdict(name, result, Mode::None), "ok", "{name} {result}");
    }
}

#[test]
fn what_is_required_may_be_missing_only_where_the_mode_allows_it() {
    let table = [
        ("states:startExecution", "{}", "Required field 'ExecutionArn' is missing"),
        (
            "states:startExecution",
            r#"{"ExecutionArn": "a", "StartDate": null}"#,
            "Required field 'StartDate' is missing",
        ),
        ("states:startExecution", r#"{"ExecutionArn": "a", "StartDate": "now"}"#, "ok"),
        // A `.sync` task has the answer of what is polled.
        (
            "states:startExecution.sync:2",
            r#"{"ExecutionArn": "a", "StartDate": "now"}"#,
            "Required field 'StateMachineArn' is missing",
        ),
    ];
    for (name, result, expected) in table {
        assert_eq!(verdict(name, result, Mode::Strict), expected, "{name} {result}");
        assert_eq!(verdict(name, result, Mode::Present), "ok", "{name} {result}");
    }
}

#[test]
fn fields_that_an_integration_turns_into_json_may_hold_any_json() {
    let table = [
        ("lambda:invoke", r#"{"Payload": {"a": [1]}}"#, "ok"),
        ("aws-sdk:lambda:invoke", r#"{"Payload": {"a": [1]}}"#, "Field 'Payload' must be a string"),
        ("bedrock:invokeModel", r#"{"Body": {"a": 1}, "ContentType": "j"}"#, "ok"),
    ];
    for (name, result, expected) in table {
        assert_eq!(verdict(name, result, Mode::Strict), expected, "{name}");
    }
}

#[test]
fn what_has_no_model_or_is_answered_by_a_token_is_held_against_nothing() {
    for name in [
        "http:invoke",
        "apigateway:invoke",
        "eks:call",
        "aws-sdk:unheardof:doThing",
        "aws-sdk:s3:unheardOf",
        "sqs:sendMessage.waitForTaskToken",
    ] {
        assert_eq!(verdict(name, r#"{"MessageId": 5}"#, Mode::Strict), "ok", "{name}");
    }
}

#[test]
fn every_row_of_the_table_leads_to_a_model() {
    for row in OPTIMIZED {
        for action in std::iter::once(row.calls).chain(row.polled) {
            let known = Model::of(row.service, action).is_some();
            // Actions that answer nothing have no structure to be held against.
            let silent = ["terminateJobFlows", "startApplication", "stopApplication"];
            assert!(known || silent.contains(&action), "{} {action}", row.service);
        }
    }
}
