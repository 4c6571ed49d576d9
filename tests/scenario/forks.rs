//! Parallel and Map: fork, join, failure, lanes.

use insta::assert_snapshot;
use serde_json::json;

use stepwright::store::{Asking, Journal, Status};
use stepwright_core::engine::Cursor;

use super::sim::{Risks, block_on};
use super::{ALL_STATES, Scenario};
use crate::support::tasks::Act;

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
    assert_snapshot!(story, @r#"
    SUCCEEDED [{"a":0,"n":1},{"a":0,"n":2}]
    ExecutionStarted input={"a":0}
    ExecutionSucceeded output=[{"a":0,"n":1},{"a":0,"n":2}]
    ParallelStateEntered P {"a":0}
    ParallelStateExited P [{"a":0,"n":1},{"a":0,"n":2}]
    ParallelStateStarted
    ParallelStateSucceeded
    PassStateEntered B1 {"a":0}
    PassStateEntered B2 {"a":0}
    PassStateExited B1 {"a":0,"n":1}
    PassStateExited B2 {"a":0,"n":2}
    "#);
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
    assert_snapshot!(story, @r#"
    SUCCEEDED {"name":"x","items":["a","b"],"done":[{"n":0,"v":"a","of":"x"},{"n":1,"v":"b","of":"x"}]}
    1<0 ExecutionStarted input={"name":"x","items":["a","b"]}
    2<0 MapStateEntered M {"name":"x","items":["a","b"]}
    3<2 MapStateStarted length=2
    4<3 MapIterationStarted name=M index=0
    5<4 PassStateEntered Each {"n":0,"v":"a","of":"x"}
    6<5 PassStateExited Each {"n":0,"v":"a","of":"x"}
    7<6 MapIterationSucceeded name=M index=0
    8<6 MapIterationStarted name=M index=1
    9<8 PassStateEntered Each {"n":1,"v":"b","of":"x"}
    10<9 PassStateExited Each {"n":1,"v":"b","of":"x"}
    11<10 MapIterationSucceeded name=M index=1
    12<11 MapStateSucceeded
    13<11 MapStateExited M {"name":"x","items":["a","b"],"done":[{"n":0,"v":"a","of":"x"},{"n":1,"v":"b","of":"x"}]}
    14<13 ExecutionSucceeded output={"name":"x","items":["a","b"],"done":[{"n":0,"v":"a","of":"x"},{"n":1,"v":"b","of":"x"}]}
    "#);
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
        let straight = story.run(ALL_STATES, 0, Risks::NONE);
        let first = straight.lines().next().unwrap();
        assert_eq!(first, format!("SUCCEEDED {}", json!(input)), "{items} items in {lanes} lanes");
        for (states, seed) in [(1, 1), (1, 2), (ALL_STATES, 3), (2, 4)] {
            let told = story.run(states, seed, Risks::ALL);
            assert_eq!(
                told.lines().next().unwrap(),
                first,
                "{states} states per turn, seed {seed}"
            );
        }
    }
}

#[test]
fn lanes_that_run_through_many_items_in_one_turn_lose_none_when_they_crash() {
    let input: Vec<i32> = (0..60).collect();
    let each = json!({"StartAt": "Each", "States": {"Each": {"Type": "Pass", "End": true}}});
    let map = json!({"Type": "Map", "MaxConcurrency": 3, "ItemProcessor": each, "End": true});
    let story = Scenario::states("M", json!({"M": map})).input(json!(input)).concurrent();
    for seed in 0..40 {
        let told = story.run(ALL_STATES, seed, Risks::ALL);
        let first = told.lines().next().unwrap();
        assert_eq!(first, format!("SUCCEEDED {}", json!(input)), "seed {seed}");
    }
}

#[test]
fn a_map_that_lacks_results_fails() {
    let each = json!({"StartAt": "Each", "States": {"Each": {"Type": "Pass", "End": true}}});
    let map = json!({"Type": "Map", "MaxConcurrency": 2, "ItemProcessor": each, "End": true});
    let story = Scenario::states("M", json!({"M": map})).input(json!([1, 2, 3, 4]));
    let (mut sim, id) = story.begin(ALL_STATES, 0, Risks::NONE);
    let fork = Cursor::root(id.clone(), 0);
    let asking = Asking { lane: 9, lanes: 2, finished: 0, recorded: 0, slot: 0, first: 2 };
    let taken = block_on(sim.store.dispense(&fork, asking)).unwrap();
    assert_eq!(taken, 2, "by nobody who would work on it");
    sim.run();
    let ended = block_on(sim.store.execution(&id)).unwrap().unwrap();
    let failure = ended.closing.as_ref().unwrap().failure.clone();
    assert_eq!(ended.status(), Status::Failed);
    assert_eq!(failure.error.as_deref(), Some("States.Runtime"));
    assert_eq!(failure.cause.as_deref(), Some("The state brought 3 results where 4 were due."));
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
    assert_snapshot!(story, @r#"
    SUCCEEDED {"Error":"Bad","Cause":"item"}
    1<0 ExecutionStarted input=[1,2]
    2<0 MapStateEntered M [1,2]
    3<2 MapStateStarted length=2
    4<3 MapIterationStarted name=M index=0
    5<4 FailStateEntered Each 1
    6<5 MapIterationFailed name=M index=0
    7<5 MapStateFailed
    8<7 MapStateExited M {"Error":"Bad","Cause":"item"}
    9<8 PassStateEntered Caught {"Error":"Bad","Cause":"item"}
    10<9 PassStateExited Caught {"Error":"Bad","Cause":"item"}
    11<10 ExecutionSucceeded output={"Error":"Bad","Cause":"item"}
    "#);
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
    assert_snapshot!(story, @r#"
    SUCCEEDED [1]
    1<0 ExecutionStarted input=[1]
    2<0 MapStateEntered M [1]
    3<2 MapStateStarted length=1
    4<3 MapIterationStarted name=M index=0
    5<4 TaskStateEntered Each 1
    6<5 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:work input=1
    7<6 LambdaFunctionStarted
    8<7 LambdaFunctionFailed e=Flaky c=once
    9<8 MapIterationFailed name=M index=0
    10<8 MapStateStarted length=1
    11<10 MapIterationStarted name=M index=0
    12<11 TaskStateEntered Each 1
    13<12 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:work input=1
    14<13 LambdaFunctionStarted
    15<14 LambdaFunctionSucceeded output=1
    16<15 TaskStateExited Each 1
    17<16 MapIterationSucceeded name=M index=0
    18<17 MapStateSucceeded
    19<17 MapStateExited M [1]
    20<19 ExecutionSucceeded output=[1]
    "#);
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
    .ends_alike()
    .story();
    assert_snapshot!(story, @r#"
    SUCCEEDED {"Error":"Bad","Cause":"branch"}
    1<0 ExecutionStarted input={}
    2<0 ParallelStateEntered P {}
    3<2 ParallelStateStarted
    4<3 WaitStateEntered Long {}
    5<3 WaitStateEntered Soon {}
    6<5 WaitStateExited Soon {}
    7<6 FailStateEntered Bad {}
    8<7 WaitStateAborted
    9<7 ParallelStateFailed
    10<9 ParallelStateExited P {"Error":"Bad","Cause":"branch"}
    11<10 PassStateEntered Caught {"Error":"Bad","Cause":"branch"}
    12<11 PassStateExited Caught {"Error":"Bad","Cause":"branch"}
    13<12 ExecutionSucceeded output={"Error":"Bad","Cause":"branch"}
    "#);
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
    assert_snapshot!(story, @r#"
    SUCCEEDED [[1,2],[3]]
    1<0 ExecutionStarted input=[[1,2],[3]]
    2<0 MapStateEntered Outer [[1,2],[3]]
    3<2 MapStateStarted length=2
    4<3 MapIterationStarted name=Outer index=0
    5<4 MapStateEntered Inner [1,2]
    6<5 MapStateStarted length=2
    7<6 MapIterationStarted name=Inner index=0
    8<7 PassStateEntered Each 1
    9<8 PassStateExited Each 1
    10<9 MapIterationSucceeded name=Inner index=0
    11<9 MapIterationStarted name=Inner index=1
    12<11 PassStateEntered Each 2
    13<12 PassStateExited Each 2
    14<13 MapIterationSucceeded name=Inner index=1
    15<14 MapStateSucceeded
    16<14 MapStateExited Inner [1,2]
    17<16 MapIterationSucceeded name=Outer index=0
    18<16 MapIterationStarted name=Outer index=1
    19<18 MapStateEntered Inner [3]
    20<19 MapStateStarted length=1
    21<20 MapIterationStarted name=Inner index=0
    22<21 PassStateEntered Each 3
    23<22 PassStateExited Each 3
    24<23 MapIterationSucceeded name=Inner index=0
    25<24 MapStateSucceeded
    26<24 MapStateExited Inner [3]
    27<26 MapIterationSucceeded name=Outer index=1
    28<27 MapStateSucceeded
    29<27 MapStateExited Outer [[1,2],[3]]
    30<29 ExecutionSucceeded output=[[1,2],[3]]
    "#);
}
