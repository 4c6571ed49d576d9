//! JSONata and variables, through every field that can hold them.

use insta::assert_snapshot;
use serde_json::json;

use super::Scenario;
use super::sim::Risks;
use crate::support::tasks::Act;

const WORK: &str = "arn:aws:lambda:us-east-1:123456789012:function:work";

fn jsonata(first: &str, states: serde_json::Value) -> Scenario {
    Scenario::of(json!({"QueryLanguage": "JSONata", "StartAt": first, "States": states}))
}

#[test]
fn arguments_output_and_assign_see_input_result_and_context() {
    let story = jsonata(
        "Work",
        json!({
            "Work": {"Type": "Task", "Resource": WORK, "Arguments": {"double": "{% $states.input.n * 2 %}"},
                "Assign": {"sum": "{% $states.result.double + $states.input.n %}"},
                "Output": {"by": "{% $states.context.StateMachine.Name %}", "got": "{% $states.result %}"}, "Next": "Tell"},
            "Tell": {"Type": "Pass", "Output": "{% {'sum': $sum, 'input': $states.input} %}", "End": true}
        }),
    )
    .input(json!({"n": 4}))
    .story();
    assert_snapshot!(story, @r#"
    SUCCEEDED {"sum":12,"input":{"by":"machine","got":{"double":8}}}
    1<0 ExecutionStarted input={"n":4}
    2<0 TaskStateEntered Work {"n":4}
    3<2 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:work input={"double":8}
    4<3 LambdaFunctionStarted
    5<4 LambdaFunctionSucceeded output={"double":8}
    6<5 TaskStateExited Work {"by":"machine","got":{"double":8}}
    7<6 PassStateEntered Tell {"by":"machine","got":{"double":8}}
    8<7 PassStateExited Tell {"sum":12,"input":{"by":"machine","got":{"double":8}}}
    9<8 ExecutionSucceeded output={"sum":12,"input":{"by":"machine","got":{"double":8}}}
    "#);
}

#[test]
fn conditions_choose_and_carry_their_own_output() {
    let scenario = jsonata(
        "Choose",
        json!({
            "Choose": {"Type": "Choice", "Choices": [
                {"Condition": "{% $states.input.n > 10 %}", "Output": "large", "Next": "End"},
                {"Condition": "{% $states.input.n < 0 %}", "Assign": {"sign": -1}, "Next": "End"}
            ], "Default": "End", "Output": "default"},
            "End": {"Type": "Succeed"}
        }),
    );
    let table = [
        (json!({"n": 11}), r#""large""#),
        (json!({"n": -1}), r#""default""#),
        (json!({"n": 5}), r#""default""#),
    ];
    for (input, output) in table {
        let story = scenario.clone().input(input.clone()).story();
        assert_eq!(story.lines().next().unwrap(), format!("SUCCEEDED {output}"), "{input}");
    }
}

#[test]
fn an_expression_without_a_value_leaves_an_event_and_fails_the_state() {
    let story = jsonata(
        "P",
        json!({"P": {"Type": "Pass", "Output": {"a": ["{% $nothing %}"]}, "End": true}}),
    )
    .story();
    assert_snapshot!(story, @r#"
    FAILED States.QueryEvaluationError An error occurred while executing the state 'P' (entered at the event id #2). The JSONata expression '$nothing' specified for the field 'Output/a[0]' returned nothing (undefined).
    1<0 ExecutionStarted input={}
    2<0 PassStateEntered P {}
    3<0 EvaluationFailed state=P failure={"e":"States.QueryEvaluationError","c":"An error occurred while executing the state 'P' (entered at the event id #2). The JSONata expression '$nothing' specified for the field 'Output/a[0]' returned nothing (undefined)."} location=Output/a[0]
    4<3 ExecutionFailed e=States.QueryEvaluationError c=An error occurred while executing the state 'P' (entered at the event id #2). The JSONata expression '$nothing' specified for the field 'Output/a[0]' returned nothing (undefined).
    "#);
}

#[test]
fn a_failed_evaluation_can_be_caught_and_the_catcher_sees_the_error() {
    let story = jsonata(
        "Work",
        json!({
            "Work": {"Type": "Task", "Resource": WORK, "Arguments": "{% $number('x') %}", "Next": "Never",
                "Catch": [{"ErrorEquals": ["States.QueryEvaluationError"], "Output": "{% $states.errorOutput.Error %}", "Next": "Caught"}]},
            "Caught": {"Type": "Pass", "End": true},
            "Never": {"Type": "Fail"}
        }),
    )
    .story();
    assert_snapshot!(story, @r#"
    SUCCEEDED "States.QueryEvaluationError"
    1<0 ExecutionStarted input={}
    2<0 TaskStateEntered Work {}
    3<0 EvaluationFailed state=Work failure={"e":"States.QueryEvaluationError","c":"An error occurred while executing the state 'Work' (entered at the event id #2). The JSONata expression '$number('x')' specified for the field 'Arguments' threw an error during evaluation. D3030: Unable to cast value to a number: \"x\""} location=Arguments
    4<3 TaskStateExited Work "States.QueryEvaluationError"
    5<4 PassStateEntered Caught "States.QueryEvaluationError"
    6<5 PassStateExited Caught "States.QueryEvaluationError"
    7<6 ExecutionSucceeded output=States.QueryEvaluationError
    "#);
}

#[test]
fn what_a_parallel_cannot_evaluate_fails_it_as_a_whole() {
    let story = jsonata(
        "P",
        json!({
            "P": {"Type": "Parallel", "Arguments": "{% $nothing %}", "End": true,
                "Branches": [{"StartAt": "B", "States": {"B": {"Type": "Pass", "End": true}}}]}
        }),
    )
    .story();
    let events: Vec<&str> =
        story.lines().skip(1).filter_map(|line| line.split(' ').nth(1)).collect();
    assert_eq!(
        events,
        [
            "ExecutionStarted",
            "ParallelStateEntered",
            "EvaluationFailed",
            "ParallelStateFailed",
            "ExecutionFailed"
        ]
    );
}

#[test]
fn lanes_see_outer_variables_and_keep_their_own_to_themselves() {
    let story = jsonata(
        "Set",
        json!({
            "Set": {"Type": "Pass", "Assign": {"factor": 10}, "Next": "Each"},
            "Each": {"Type": "Map", "Items": "{% [1, 2] %}", "MaxConcurrency": 1, "ItemSelector": {"v": "{% $states.context.Map.Item.Value %}"},
                "ItemProcessor": {"StartAt": "Own", "States": {
                    "Own": {"Type": "Pass", "Assign": {"own": "{% $factor * $states.input.v %}"}, "Next": "Out"},
                    "Out": {"Type": "Pass", "Output": "{% $own %}", "End": true}
                }},
                "Assign": {"all": "{% $sum($states.result) %}"}, "Next": "Tell"},
            "Tell": {"Type": "Pass", "Output": "{% {'all': $all, 'own': $exists($own)} %}", "End": true}
        }),
    )
    .story();
    assert_eq!(story.lines().next().unwrap(), r#"SUCCEEDED {"all":30,"own":false}"#);
}

#[test]
fn random_values_are_the_same_however_often_a_step_is_repeated() {
    // `story` compares all runs with one another: a step that drew anew after a crash would tell another story.
    let story = jsonata(
        "Draw",
        json!({"Draw": {"Type": "Pass", "Output": {"id": "{% $uuid() %}", "n": "{% $random() %}"}, "End": true}}),
    )
    .story();
    assert!(story.starts_with("SUCCEEDED {\"id\":\""), "{story}");
}

#[test]
fn items_do_not_draw_the_same_random_values() {
    let story = jsonata(
        "Each",
        json!({"Each": {"Type": "Map", "Items": "{% [1..6] %}", "MaxConcurrency": 2, "ItemSelector": "{% $uuid() %}",
            "ItemProcessor": {"StartAt": "Draw", "States": {"Draw": {"Type": "Pass", "Output": "{% [$states.input, $uuid()] %}", "End": true}}}, "End": true}}),
    )
    .run(super::ALL_STATES, 0, Risks::NONE);
    let output = story.lines().next().unwrap().strip_prefix("SUCCEEDED ").unwrap();
    let drawn: Vec<[String; 2]> = serde_json::from_str(output).unwrap();
    let distinct: std::collections::BTreeSet<_> = drawn.iter().flatten().collect();
    assert_eq!(distinct.len(), 12, "{output}");
}

#[test]
fn variables_are_assigned_and_read_by_paths_too() {
    let story = Scenario::states(
        "Set",
        json!({
            "Set": {"Type": "Pass", "Result": {"a": {"b": 7}}, "Assign": {"kept.$": "$.a", "fixed": "x"}, "Next": "Read"},
            "Read": {"Type": "Task", "Resource": WORK, "Parameters": {"v.$": "$kept.b", "f.$": "$fixed"}, "End": true}
        }),
    )
    .function("work", &[Act::Echo])
    .story();
    assert_snapshot!(story, @r#"
    SUCCEEDED {"v":7,"f":"x"}
    1<0 ExecutionStarted input={}
    2<0 PassStateEntered Set {}
    3<2 PassStateExited Set {"a":{"b":7}}
    4<3 TaskStateEntered Read {"a":{"b":7}}
    5<4 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:work input={"v":7,"f":"x"}
    6<5 LambdaFunctionStarted
    7<6 LambdaFunctionSucceeded output={"v":7,"f":"x"}
    8<7 TaskStateExited Read {"v":7,"f":"x"}
    9<8 ExecutionSucceeded output={"v":7,"f":"x"}
    "#);
}
