//! Retry and Catch.

use insta::assert_snapshot;
use serde_json::json;

use super::Scenario;
use super::sim::tasks::Act;

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
    assert_snapshot!(story, @r"");
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
    assert_snapshot!(story, @r"");
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
    assert_snapshot!(story, @r"");
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
    assert_snapshot!(story, @r"");
}

#[test]
fn an_unhandled_failure_fails_the_execution() {
    let story =
        Scenario::states("Work", json!({"Work": {"Type": "Task", "Resource": WORK, "End": true}}))
            .function("work", &[Act::Fail("Boom", "it broke")])
            .story();
    assert_snapshot!(story, @r"");
}
