//! Retry and Catch.

use insta::assert_snapshot;
use serde_json::json;

use super::Scenario;
use crate::support::tasks::Act;

const WORK: &str = "arn:aws:lambda:us-east-1:123456789012:function:work";

#[test]
fn a_retrier_tries_again_in_the_same_visit_of_the_state() {
    let story = Scenario::states(
        "Work",
        json!({"Work": {"Type": "Task", "Resource": WORK, "End": true,
            "Retry": [{"ErrorEquals": ["Flaky"], "IntervalSeconds": 2, "MaxAttempts": 2}]}}),
    )
    .function("work", &[Act::Fail("Flaky", "once"), Act::Fail("Flaky", "twice"), Act::Echo])
    .story();
    assert_snapshot!(story, @r#"
    SUCCEEDED {}
    1<0 ExecutionStarted input={}
    2<0 TaskStateEntered Work {}
    3<2 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:work input={}
    4<3 LambdaFunctionStarted
    5<4 LambdaFunctionFailed e=Flaky c=once
    6<5 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:work input={}
    7<6 LambdaFunctionStarted
    8<7 LambdaFunctionFailed e=Flaky c=twice
    9<8 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:work input={}
    10<9 LambdaFunctionStarted
    11<10 LambdaFunctionSucceeded output={}
    12<11 TaskStateExited Work {}
    13<12 ExecutionSucceeded output={}
    "#);
}

#[test]
fn a_catcher_gets_error_and_cause_where_it_wants_them() {
    let story = Scenario::states(
        "Work",
        json!({
            "Work": {"Type": "Task", "Resource": WORK, "End": true,
                "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}],
                "Catch": [{"ErrorEquals": ["Other"], "Next": "Never"}, {"ErrorEquals": ["States.TaskFailed"], "ResultPath": "$.error", "Next": "Mend"}]},
            "Mend": {"Type": "Pass", "End": true},
            "Never": {"Type": "Fail"}
        }),
    )
    .input(json!({"a": 1}))
    .function("work", &[Act::Fail("Boom", "it broke")])
    .story();
    assert_snapshot!(story, @r#"
    SUCCEEDED {"a":1,"error":{"Error":"Boom","Cause":"it broke"}}
    1<0 ExecutionStarted input={"a":1}
    2<0 TaskStateEntered Work {"a":1}
    3<2 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:work input={"a":1}
    4<3 LambdaFunctionStarted
    5<4 LambdaFunctionFailed e=Boom c=it broke
    6<5 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:work input={"a":1}
    7<6 LambdaFunctionStarted
    8<7 LambdaFunctionFailed e=Boom c=it broke
    9<8 TaskStateExited Work {"a":1,"error":{"Error":"Boom","Cause":"it broke"}}
    10<9 PassStateEntered Mend {"a":1,"error":{"Error":"Boom","Cause":"it broke"}}
    11<10 PassStateExited Mend {"a":1,"error":{"Error":"Boom","Cause":"it broke"}}
    12<11 ExecutionSucceeded output={"a":1,"error":{"Error":"Boom","Cause":"it broke"}}
    "#);
}

#[test]
fn a_missing_path_is_a_runtime_error_that_nothing_catches() {
    let story = Scenario::states(
        "Work",
        json!({
            "Work": {"Type": "Task", "Resource": WORK, "Parameters": {"x.$": "$.missing"}, "End": true,
                "Retry": [{"ErrorEquals": ["States.ALL"]}], "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Never"}]},
            "Never": {"Type": "Succeed"}
        }),
    )
    .story();
    assert_snapshot!(story, @r#"
    FAILED States.Runtime An error occurred while executing the state 'Work' (entered at the event id #2). The JSONPath '$.missing' specified for the field 'x.$' could not be found in the input '{}'
    1<0 ExecutionStarted input={}
    2<0 TaskStateEntered Work {}
    3<2 ExecutionFailed e=States.Runtime c=An error occurred while executing the state 'Work' (entered at the event id #2). The JSONPath '$.missing' specified for the field 'x.$' could not be found in the input '{}'
    "#);
}

#[test]
fn a_task_that_takes_too_long_times_out() {
    let story = Scenario::states(
        "Work",
        json!({
            "Work": {"Type": "Task", "Resource": WORK, "TimeoutSeconds": 3, "End": true,
                "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}]},
            "Late": {"Type": "Pass", "End": true}
        }),
    )
    .function("work", &[Act::Take(30.0)])
    .story();
    assert_snapshot!(story, @r#"
    SUCCEEDED {"Error":"States.Timeout","Cause":""}
    1<0 ExecutionStarted input={}
    2<0 TaskStateEntered Work {}
    3<2 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:work input={} timeout=3
    4<3 LambdaFunctionStarted
    5<4 LambdaFunctionTimedOut e=States.Timeout
    6<5 TaskStateExited Work {"Error":"States.Timeout","Cause":""}
    7<6 PassStateEntered Late {"Error":"States.Timeout","Cause":""}
    8<7 PassStateExited Late {"Error":"States.Timeout","Cause":""}
    9<8 ExecutionSucceeded output={"Error":"States.Timeout","Cause":""}
    "#);
}

#[test]
fn an_unhandled_failure_fails_the_execution() {
    let story =
        Scenario::states("Work", json!({"Work": {"Type": "Task", "Resource": WORK, "End": true}}))
            .function("work", &[Act::Fail("Boom", "it broke")])
            .story();
    assert_snapshot!(story, @r#"
    FAILED Boom it broke
    1<0 ExecutionStarted input={}
    2<0 TaskStateEntered Work {}
    3<2 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:work input={}
    4<3 LambdaFunctionStarted
    5<4 LambdaFunctionFailed e=Boom c=it broke
    6<5 ExecutionFailed e=Boom c=it broke
    "#);
}

#[test]
fn a_cause_names_the_entry_of_its_state_even_after_other_records() {
    let story = Scenario::states(
        "Wait",
        json!({
            "Wait": {"Type": "Wait", "Seconds": 5, "Next": "Bad"},
            "Bad": {"Type": "Pass", "Parameters": {"x.$": "$.missing"}, "End": true}
        }),
    )
    .story();
    let (end, entry) = (story.lines().next().unwrap(), story.lines().nth(4).unwrap());
    assert!(entry.starts_with("4<3 PassStateEntered Bad"), "{story}");
    assert!(end.contains("(entered at the event id #4)"), "{story}");
}

#[test]
fn a_payload_that_nests_without_end_fails_the_execution_and_nothing_else() {
    let story = Scenario::states(
        "P",
        json!({"P": {"Type": "Pass", "Parameters": {"n.$": "$"}, "Next": "P"}}),
    )
    .run(super::ALL_STATES, 0, super::sim::Risks::NONE);
    assert!(story.starts_with("FAILED States.Runtime"), "{}", story.lines().next().unwrap());
}

#[test]
fn a_variable_that_doubles_without_end_is_stopped_at_the_limit() {
    let story = Scenario::states(
        "S",
        json!({
            "S": {"Type": "Pass", "Assign": {"v": "0123456789"}, "Next": "P"},
            "P": {"Type": "Pass", "Assign": {"v.$": "States.Array($v, $v)"}, "Next": "P"}
        }),
    )
    .run(super::ALL_STATES, 0, super::sim::Risks::NONE);
    assert!(
        story.starts_with("FAILED States.DataLimitExceeded"),
        "{}",
        story.lines().next().unwrap()
    );
}
