//! Pass, Choice, Succeed, Fail, Task: what each hands on, and what history says of it.

use insta::assert_snapshot;
use serde_json::json;

use super::Scenario;
use crate::support::tasks::Act;

#[test]
fn a_pass_state_hands_on_its_input_with_its_white_space() {
    let story = Scenario::states("A", json!({"A": {"Type": "Pass", "End": true}}))
        .input(json!([1, 2]))
        .story();
    assert_snapshot!(story, @r#"
    SUCCEEDED [1,2]
    1<0 ExecutionStarted input=[1,2]
    2<0 PassStateEntered A [1,2]
    3<2 PassStateExited A [1,2]
    4<3 ExecutionSucceeded output=[1,2]
    "#);
}

#[test]
fn data_moves_through_every_field_in_order() {
    let story = Scenario::states(
        "Work",
        json!({"Work": {
            "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:work",
            "InputPath": "$.order", "Parameters": {"id.$": "$.id", "of.$": "$$.StateMachine.Name"},
            "ResultSelector": {"done.$": "$.id"}, "ResultPath": "$.work", "OutputPath": "$.work", "End": true
        }}),
    )
    .input(json!({"order": {"id": 7}}))
    .story();
    assert_snapshot!(story, @r#"
    SUCCEEDED {"done":7}
    1<0 ExecutionStarted input={"order":{"id":7}}
    2<0 TaskStateEntered Work {"order":{"id":7}}
    3<2 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:work input={"id":7,"of":"machine"}
    4<3 LambdaFunctionStarted
    5<4 LambdaFunctionSucceeded output={"id":7,"of":"machine"}
    6<5 TaskStateExited Work {"done":7}
    7<6 ExecutionSucceeded output={"done":7}
    "#);
}

#[test]
fn a_result_path_keeps_the_input_and_null_drops_the_result() {
    let story = Scenario::states(
        "Keep",
        json!({
            "Keep": {"Type": "Pass", "Result": {"b": 2}, "ResultPath": "$.kept.here", "Next": "Drop"},
            "Drop": {"Type": "Pass", "Result": "gone", "ResultPath": null, "End": true}
        }),
    )
    .input(json!({"a": 1}))
    .story();
    assert_snapshot!(story, @r#"
    SUCCEEDED {"a":1,"kept":{"here":{"b":2}}}
    1<0 ExecutionStarted input={"a":1}
    2<0 PassStateEntered Keep {"a":1}
    3<2 PassStateExited Keep {"a":1,"kept":{"here":{"b":2}}}
    4<3 PassStateEntered Drop {"a":1,"kept":{"here":{"b":2}}}
    5<4 PassStateExited Drop {"a":1,"kept":{"here":{"b":2}}}
    6<5 ExecutionSucceeded output={"a":1,"kept":{"here":{"b":2}}}
    "#);
}

#[test]
fn the_first_rule_that_applies_decides() {
    let rule = |operator: &str, value: serde_json::Value, next: &str| json!({"Variable": "$.n", operator: value, "Next": next});
    let scenario = Scenario::states(
        "Choose",
        json!({
            "Choose": {"Type": "Choice", "Choices": [
                rule("NumericGreaterThan", json!(10), "Large"),
                {"And": [{"Variable": "$.n", "IsNumeric": true}, {"Not": {"Variable": "$.n", "NumericEquals": 3}}], "Next": "Small"}
            ], "Default": "Other"},
            "Large": {"Type": "Pass", "Result": "large", "End": true},
            "Small": {"Type": "Pass", "Result": "small", "End": true},
            "Other": {"Type": "Succeed"}
        }),
    );
    let table = [
        (json!({"n": 11}), "\"large\""),
        (json!({"n": 1}), "\"small\""),
        (json!({"n": 3}), "{\"n\":3}"),
        (json!({"n": "x"}), "{\"n\":\"x\"}"),
    ];
    for (input, output) in table {
        let story = scenario.clone().input(input.clone()).story();
        assert_eq!(story.lines().next().unwrap(), format!("SUCCEEDED {output}"), "{input}");
    }
}

#[test]
fn a_choice_without_a_way_out_fails_the_execution() {
    let story = Scenario::states(
        "Choose",
        json!({
            "Choose": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": true, "Next": "Done"}]},
            "Done": {"Type": "Succeed"}
        }),
    )
    .story();
    assert_snapshot!(story, @r#"
    FAILED States.Runtime An error occurred while executing the state 'Choose' (entered at the event id #2). Failed to transition out of the state. The state does not point to a next state.
    1<0 ExecutionStarted input={}
    2<0 ChoiceStateEntered Choose {}
    3<2 ExecutionFailed e=States.Runtime c=An error occurred while executing the state 'Choose' (entered at the event id #2). Failed to transition out of the state. The state does not point to a next state.
    "#);
}

#[test]
fn a_fail_state_takes_its_texts_from_the_definition_or_the_data() {
    let story = Scenario::states(
        "Bad",
        json!({"Bad": {"Type": "Fail", "ErrorPath": "$.name", "CausePath": "States.Format('because of {}', $.why)"}}),
    )
    .input(json!({"name": "Broken", "why": {"a": 1}}))
    .story();
    assert_snapshot!(story, @r#"
    FAILED Broken because of {a=1}
    1<0 ExecutionStarted input={"name":"Broken","why":{"a":1}}
    2<0 FailStateEntered Bad {"name":"Broken","why":{"a":1}}
    3<2 ExecutionFailed e=Broken c=because of {a=1}
    "#);
}

#[test]
fn a_service_call_is_scheduled_started_and_succeeds() {
    let story = Scenario::states(
        "Call",
        json!({"Call": {
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "work", "Payload": {"x.$": "$.x"}}, "TimeoutSeconds": 5, "End": true
        }}),
    )
    .input(json!({"x": 1}))
    .function("work", &[Act::Return("{\"ok\": true}")])
    .story();
    assert_snapshot!(story, @r#"
    SUCCEEDED {"ok": true}
    1<0 ExecutionStarted input={"x":1}
    2<0 TaskStateEntered Call {"x":1}
    3<2 TaskScheduled service={"t":"lambda","r":"invoke"} parameters={"FunctionName":"work","Payload":{"x":1}} timeout=5
    4<3 TaskStarted service={"t":"lambda","r":"invoke"}
    5<4 TaskSucceeded service={"t":"lambda","r":"invoke"} output={"ok":true}
    6<5 TaskStateExited Call {"ok": true}
    7<6 ExecutionSucceeded output={"ok":true}
    "#);
}
