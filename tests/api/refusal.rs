//! What is refused, and in which words.

use serde_json::{Value, json};

use super::world::{FLOW, PASS, ROLE, RUN, World};

#[tokio::test]
async fn what_does_not_exist_is_named_as_it_was_asked_for() {
    let nowhere = "arn:aws:states:us-east-1:123456789012:stateMachine:nowhere";
    let no_run = "arn:aws:states:us-east-1:123456789012:execution:flow:no";
    let idle = "arn:aws:states:us-east-1:123456789012:activity:idle";
    let machine =
        ("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{nowhere}'"));
    let execution = ("ExecutionDoesNotExist", format!("Execution Does Not Exist: '{no_run}'"));
    let activity = ("ActivityDoesNotExist", format!("Activity Does Not Exist: '{idle}'"));
    let table = [
        ("DescribeStateMachine", json!({"stateMachineArn": nowhere}), &machine),
        ("UpdateStateMachine", json!({"stateMachineArn": nowhere, "roleArn": ROLE}), &machine),
        ("ListExecutions", json!({"stateMachineArn": nowhere}), &machine),
        ("StartExecution", json!({"stateMachineArn": nowhere}), &machine),
        ("DescribeExecution", json!({"executionArn": no_run}), &execution),
        ("DescribeStateMachineForExecution", json!({"executionArn": no_run}), &execution),
        ("StopExecution", json!({"executionArn": no_run}), &execution),
        ("GetExecutionHistory", json!({"executionArn": no_run}), &execution),
        ("DescribeActivity", json!({"activityArn": idle}), &activity),
        ("GetActivityTask", json!({"activityArn": idle}), &activity),
    ];
    let world = World::with_run().await;
    for (operation, body, (kind, message)) in table {
        let expected = (400, (*kind).to_owned(), message.clone());
        assert_eq!(world.refuses(operation, body).await, expected, "{operation}");
    }
}

#[tokio::test]
async fn deleting_what_does_not_exist_is_no_error() {
    let world = World::new().await;
    let activity = "arn:aws:states:us-east-1:123456789012:activity:idle";
    for _ in 0..2 {
        world.does("DeleteStateMachine", json!({"stateMachineArn": FLOW})).await;
        world.does("DeleteActivity", json!({"activityArn": activity})).await;
    }
}

#[tokio::test]
async fn an_arn_must_be_one_and_of_the_right_kind() {
    let express = "arn:aws:states:us-east-1:123456789012:express:flow:a:b";
    let prefix = "Invalid Arn: 'Invalid ARN prefix: x'";
    let kind = |kind| format!("Invalid Arn: 'Resource type not valid in this context: {kind}'");
    let table = [
        ("DescribeExecution", json!({"executionArn": "x"}), prefix.to_owned()),
        ("DescribeStateMachine", json!({"stateMachineArn": "x"}), prefix.to_owned()),
        ("DeleteStateMachine", json!({"stateMachineArn": "x"}), prefix.to_owned()),
        ("DeleteActivity", json!({"activityArn": "x"}), prefix.to_owned()),
        ("GetActivityTask", json!({"activityArn": "x"}), prefix.to_owned()),
        ("ListExecutions", json!({"stateMachineArn": "x"}), prefix.to_owned()),
        ("ListExecutions", json!({"mapRunArn": "x"}), prefix.to_owned()),
        ("DescribeExecution", json!({"executionArn": express}), kind("express")),
        ("StopExecution", json!({"executionArn": express}), kind("express")),
        ("GetExecutionHistory", json!({"executionArn": express}), kind("express")),
        ("StartExecution", json!({"stateMachineArn": RUN}), kind("execution")),
        ("DescribeActivity", json!({"activityArn": FLOW}), kind("stateMachine")),
        (
            "CreateStateMachine",
            json!({"name": "a", "definition": PASS, "roleArn": "me"}),
            "Invalid Role Arn: 'me'".to_owned(),
        ),
    ];
    let world = World::with_run().await;
    for (operation, body, message) in table {
        let expected = (400, "InvalidArn".to_owned(), message);
        assert_eq!(world.refuses(operation, body).await, expected, "{operation}");
    }
}

#[tokio::test]
async fn a_name_may_not_hold_what_aws_forbids() {
    let world = World::with_run().await;
    let table = [
        ("CreateActivity", json!({"name": "activity\u{1f}"}), "Invalid Name: 'activity\u{1f}'"),
        ("CreateActivity", json!({"name": "activity\"name"}), "Invalid Name: 'activity\"name'"),
        (
            "CreateStateMachine",
            json!({"name": "a b", "definition": PASS, "roleArn": ROLE}),
            "Invalid Name: 'a b'",
        ),
        ("StartExecution", json!({"stateMachineArn": FLOW, "name": "a:b"}), "Invalid Name: 'a:b'"),
    ];
    for (operation, body, message) in table {
        let expected = (400, "InvalidName".to_owned(), message.to_owned());
        assert_eq!(world.refuses(operation, body).await, expected);
    }
}

#[tokio::test]
async fn an_input_must_be_json() {
    let world = World::with_run().await;
    let table = [
        ("", "Invalid execution input."),
        (
            "not some json",
            "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
        ),
        (
            "{'not': 'json'",
            "Unexpected character (''' (code 39)): was expecting double-quote to start field name",
        ),
    ];
    for (input, why) in table {
        let body = json!({"stateMachineArn": FLOW, "input": input});
        let message = format!("Invalid State Machine Execution Input: '{why}'");
        let expected = (400, "InvalidExecutionInput".to_owned(), message);
        assert_eq!(world.refuses("StartExecution", body).await, expected);
    }
}

#[tokio::test]
async fn requests_that_make_no_sense_are_told_so() {
    let world = World::with_run().await;
    let update = |more: Value| {
        let mut body = json!({"stateMachineArn": FLOW});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let table = [
        (
            "UpdateStateMachine",
            update(json!({})),
            "MissingRequiredParameter",
            "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified",
        ),
        (
            "UpdateStateMachine",
            update(json!({"roleArn": ROLE, "versionDescription": "d"})),
            "ValidationException",
            "Version description can only be set when publish is true",
        ),
        (
            "UpdateStateMachine",
            update(json!({"definition": "{\"StartAt\":\"A\"}"})),
            "InvalidDefinition",
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /'",
        ),
        (
            "UpdateStateMachine",
            update(json!({"loggingConfiguration": {"level": "ALL"}})),
            "InvalidLoggingConfiguration",
            "Invalid Logging Configuration: Must specify exactly one Log Destination.",
        ),
        (
            "ListExecutions",
            json!({}),
            "ValidationException",
            "Either stateMachineArn or mapRunArn must be specified",
        ),
        (
            "ListExecutions",
            json!({"stateMachineArn": FLOW, "nextToken": "InvalidToken"}),
            "InvalidToken",
            "Invalid Token: 'Invalid token'",
        ),
        (
            "SendTaskSuccess",
            json!({"taskToken": "x", "output": "{"}),
            "InvalidOutput",
            "Invalid Output: 'Unexpected end-of-input: expected close marker for Object (start marker at [Source: (String)\"{\"; line: 1, column: 1])'",
        ),
        (
            "SendTaskSuccess",
            json!({"taskToken": "x", "output": "{}"}),
            "InvalidToken",
            "Invalid Token: 'Invalid token'",
        ),
    ];
    for (operation, body, kind, message) in table {
        let expected = (400, kind.to_owned(), message.to_owned());
        assert_eq!(world.refuses(operation, body).await, expected, "{operation}");
    }
}

#[tokio::test]
async fn a_label_is_refused_with_its_reason() {
    let world = World::with_run().await;
    let body = json!({"stateMachineArn": format!("{FLOW}/label")});
    let response = world.call("StartExecution", &body).await;
    let body: Value = serde_json::from_str(&response.body).unwrap();
    assert_eq!(body["__type"], "ValidationException");
    assert_eq!(body["reason"], "API_DOES_NOT_SUPPORT_LABELED_ARNS");
}

#[tokio::test]
async fn tracing_is_on_or_off() {
    let world = World::new().await;
    for (given, valid) in [
        (json!({"enabled": true}), true),
        (json!({"enabled": false}), true),
        (json!({}), false),
        (json!({"enabled": null}), false),
        (json!({"Enabled": true}), false),
    ] {
        let body = json!({"name": "t", "definition": PASS, "roleArn": ROLE, "tracingConfiguration": given});
        let answer = world.call("CreateStateMachine", &body).await;
        let kind = (!valid).then_some("InvalidTracingConfiguration");
        let other = answer.error_type.filter(|kind| *kind != "StateMachineAlreadyExists");
        assert_eq!(other, kind, "{given}");
    }
}
