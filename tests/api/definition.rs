//! Definitions: what is found wrong with them, and which variables their states read.

use serde_json::{Value, json};

use super::world::{FLOW, PASS, World};

#[tokio::test]
async fn a_definition_is_valid_or_its_mistakes_are_listed() {
    let finding = |code: &str, message: &str, location: &str| json!({"severity": "ERROR", "code": code, "message": message, "location": location});
    let sync = PASS.replace(
        r#""Type":"Pass""#,
        r#""Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken""#,
    );
    let schema = "SCHEMA_VALIDATION_FAILED";
    let table = [
        (PASS.to_owned(), "EXPRESS", vec![]),
        (
            "{}".to_owned(),
            "STANDARD",
            vec![finding(schema, "These fields are required: [States, StartAt]", "/")],
        ),
        (
            PASS.replace("\"End\":true", "\"Next\":\"B\""),
            "STANDARD",
            vec![finding(
                "MISSING_TRANSITION_TARGET",
                "Missing 'Next' target: B",
                "/States/A/Next",
            )],
        ),
        (sync.clone(), "STANDARD", vec![]),
    ];
    let world = World::new().await;
    for (definition, kind, diagnostics) in table {
        let body = json!({"definition": definition, "type": kind});
        let result = if diagnostics.is_empty() { "OK" } else { "FAIL" };
        let expected = json!({"result": result, "diagnostics": diagnostics, "truncated": false});
        assert_eq!(world.does("ValidateStateMachineDefinition", body).await, expected);
    }
    let express = world
        .does("ValidateStateMachineDefinition", json!({"definition": sync, "type": "EXPRESS"}))
        .await;
    assert_eq!(express["result"], "FAIL", "the type counts");
}

#[tokio::test]
async fn no_more_mistakes_are_listed_than_are_asked_for() {
    let states: Value = (0..120)
        .map(|n| (format!("S{n}"), json!({"Type": "Pass"})))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let definition = json!({"StartAt": "S0", "States": states}).to_string();
    let world = World::new().await;
    for (asked, expected, truncated) in
        [(json!(null), 100, true), (json!(0), 100, true), (json!(7), 7, true)]
    {
        let body = json!({"definition": definition, "maxResults": asked});
        let answer = world.does("ValidateStateMachineDefinition", body).await;
        assert_eq!(answer["diagnostics"].as_array().unwrap().len(), expected);
        assert_eq!((&answer["truncated"], &answer["result"]), (&json!(truncated), &json!("FAIL")));
    }
}

#[tokio::test]
async fn a_machine_tells_which_variables_its_states_read() {
    let one = |state: Value| json!({"StartAt": "S", "States": {"S": state}});
    let inner = json!({"StartAt": "I", "States": {"I": {"Type": "Pass", "Parameters": {"x.$": "$inner"}, "End": true}}});
    let distributed = json!({"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}});
    let table = [
        (one(json!({"Type": "Pass", "Assign": {"a": 1, "b.$": "$.b"}, "End": true})), None),
        (
            one(
                json!({"Type": "Pass", "InputPath": "$b.c", "Parameters": {"x.$": "States.Format('{}', $a)", "y": "$no"}, "End": true}),
            ),
            Some(json!({"S": ["a", "b"]})),
        ),
        (one(json!({"Type": "Wait", "SecondsPath": "$n", "End": true})), Some(json!({"S": ["n"]}))),
        (
            one(json!({"Type": "Fail", "ErrorPath": "$e", "CausePath": "$c"})),
            Some(json!({"S": ["c", "e"]})),
        ),
        (
            json!({"StartAt": "C", "States": {"C": {"Type": "Choice", "Choices": [{"And": [{"Variable": "$v", "NumericEqualsPath": "$w"}, {"Not": {"Variable": "$.x", "IsNull": true}}], "Next": "E"}]}, "E": {"Type": "Succeed"}}}),
            Some(json!({"C": ["v", "w"]})),
        ),
        (
            one(
                json!({"Type": "Map", "ItemSelector": {"x.$": "$outer"}, "ItemProcessor": inner, "End": true}),
            ),
            Some(json!({"S": ["outer"], "I": ["inner"]})),
        ),
        (
            one(
                json!({"Type": "Map", "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSON", "MaxItemsPath": "$most"}, "Parameters": {"Bucket.$": "$bucket", "Key": "$key"}}, "ItemProcessor": distributed, "End": true}),
            ),
            Some(json!({"S": ["bucket", "most"]})),
        ),
    ];
    let world = World::new().await;
    for (n, (definition, expected)) in table.into_iter().enumerate() {
        let name = format!("m{n}");
        let created = world.create(&name, json!({"definition": definition.to_string()})).await;
        let described = world
            .does("DescribeStateMachine", json!({"stateMachineArn": created["stateMachineArn"]}))
            .await;
        assert_eq!(described["variableReferences"], json!(expected), "{definition}");
        let started = world
            .does("StartExecution", json!({"stateMachineArn": created["stateMachineArn"]}))
            .await;
        let body = json!({"executionArn": started["executionArn"]});
        let described = world.does("DescribeStateMachineForExecution", body).await;
        assert_eq!(described["variableReferences"], json!(expected), "{definition}");
    }
}

#[tokio::test]
async fn no_execution_has_map_runs() {
    let world = World::with_run().await;
    assert_eq!(
        world.does("ListMapRuns", json!({"executionArn": super::world::RUN})).await,
        json!({"mapRuns": []})
    );
    let run = FLOW.replace(":stateMachine:flow", ":mapRun:flow/label:b3f1");
    let missing = (400, "ResourceNotFound".to_owned(), format!("Resource not found: '{run}'"));
    for operation in ["DescribeMapRun", "UpdateMapRun"] {
        assert_eq!(world.refuses(operation, json!({"mapRunArn": run})).await, missing);
    }
}
