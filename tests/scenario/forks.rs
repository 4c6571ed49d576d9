//! Parallel and Map: fork, join, failure, lanes.

use insta::assert_snapshot;
use serde_json::json;

use super::Scenario;
use super::sim::tasks::Act;

const WORK: &str = "arn:aws:lambda:us-east-1:123456789012:function:work";

#[test]
fn branches_get_the_same_input_and_their_outputs_come_in_order() {
    let branch = |n: i32| json!({"StartAt": format!("B{n}"), "States": {format!("B{n}"): {"Type": "Pass", "Result": n, "ResultPath": "$.n", "End": true}}});
    let story = Scenario::states(
        "P",
        json!({"P": {"Type": "Parallel", "Branches": [branch(1), branch(2)], "End": true}}),
    )
    .input(json!({"a": 0}))
    .concurrent()
    .story();
    assert_snapshot!(story, @r"");
}

#[test]
fn a_map_with_one_lane_works_item_after_item() {
    let story = Scenario::states(
        "M",
        json!({"M": {
            "Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 1,
            "ItemSelector": {"n.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "of.$": "$.name"},
            "ItemProcessor": {"StartAt": "Each", "States": {"Each": {"Type": "Pass", "End": true}}},
            "ResultPath": "$.done", "End": true
        }}),
    )
    .input(json!({"name": "x", "items": ["a", "b"]}))
    .story();
    assert_snapshot!(story, @r"");
}

#[test]
fn a_map_of_many_lanes_brings_results_in_the_order_of_the_items() {
    for (items, lanes) in [(0, 0), (1, 0), (7, 3), (60, 0), (130, 7)] {
        let input: Vec<i32> = (0..items).collect();
        let story = Scenario::states(
            "M",
            json!({"M": {
                "Type": "Map", "MaxConcurrency": lanes,
                "ItemProcessor": {"StartAt": "Each", "States": {
                    "Each": {"Type": "Task", "Resource": WORK, "Next": "More"},
                    "More": {"Type": "Pass", "End": true}
                }},
                "End": true
            }}),
        )
        .input(json!(input))
        .concurrent();
        let (first, _) = {
            let straight = story.run(super::ALL_STATES, 0, super::sim::faults::Faults::NONE);
            (straight.lines().next().unwrap().to_owned(), ())
        };
        assert_eq!(first, format!("SUCCEEDED {}", json!(input)), "{items} items in {lanes} lanes");
        for (states, seed) in [(1, 1), (1, 2), (super::ALL_STATES, 3), (2, 4)] {
            let told = story.run(states, seed, super::sim::faults::Faults::ALL);
            assert_eq!(
                told.lines().next().unwrap(),
                first,
                "{states} states per turn, seed {seed}"
            );
        }
    }
}

#[test]
fn a_failed_iteration_fails_its_map_and_can_be_caught() {
    let story = Scenario::states(
        "M",
        json!({
            "M": {
                "Type": "Map", "MaxConcurrency": 1,
                "ItemProcessor": {"StartAt": "Each", "States": {"Each": {"Type": "Fail", "Error": "Bad", "Cause": "item"}}},
                "Catch": [{"ErrorEquals": ["Bad"], "Next": "Caught"}], "End": true
            },
            "Caught": {"Type": "Pass", "End": true}
        }),
    )
    .input(json!([1, 2]))
    .story();
    assert_snapshot!(story, @r"");
}

#[test]
fn a_map_that_is_retried_forks_again() {
    let story = Scenario::states(
        "M",
        json!({"M": {
            "Type": "Map", "MaxConcurrency": 1,
            "ItemProcessor": {"StartAt": "Each", "States": {"Each": {"Type": "Task", "Resource": WORK, "End": true}}},
            "Retry": [{"ErrorEquals": ["Flaky"], "IntervalSeconds": 1}], "End": true
        }}),
    )
    .input(json!([1]))
    .function("work", &[Act::Fail("Flaky", "once"), Act::Echo])
    .story();
    assert_snapshot!(story, @r"");
}

#[test]
fn a_failed_branch_cancels_the_others() {
    let story = Scenario::states(
        "P",
        json!({
            "P": {"Type": "Parallel", "Branches": [
                {"StartAt": "Long", "States": {"Long": {"Type": "Wait", "Seconds": 1000, "Next": "Never"}, "Never": {"Type": "Pass", "End": true}}},
                {"StartAt": "Soon", "States": {"Soon": {"Type": "Wait", "Seconds": 10, "Next": "Bad"}, "Bad": {"Type": "Fail", "Error": "Bad", "Cause": "branch"}}}
            ], "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}], "End": true},
            "Caught": {"Type": "Pass", "End": true}
        }),
    )
    .concurrent()
    .story();
    assert_snapshot!(story, @r"");
}

#[test]
fn forks_nest() {
    let inner = json!({"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": {"StartAt": "Each", "States": {"Each": {"Type": "Pass", "End": true}}}, "End": true});
    let story = Scenario::states(
        "Outer",
        json!({"Outer": {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": {"StartAt": "Inner", "States": {"Inner": inner}}, "End": true}}),
    )
    .input(json!([[1, 2], [3]]))
    .story();
    assert_snapshot!(story, @r"");
}
