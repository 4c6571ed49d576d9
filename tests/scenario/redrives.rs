//! Redrive: what had ended well is kept, what had not is done again, and nothing else.

use insta::assert_snapshot;
use serde_json::{Value as Json, json};
use stepwright_core::engine::Failure;

use super::sim::{Risks, Sim, block_on};
use super::{ALL_STATES, Scenario, tell};
use crate::support::tasks::Act;

const FAILS: Act = Act::Fail("Flaky", "not yet");

fn call(function: &str) -> Json {
    json!({"Type": "Task", "Resource": format!("arn:aws:lambda:us-east-1:123456789012:function:{function}"), "End": true})
}

fn one(name: &str, state: Json) -> Json {
    json!({"StartAt": name, "States": {name: state}})
}

/// A branch that waits before it calls, so that the others are done.
fn late(function: &str) -> Json {
    json!({"StartAt": "Late", "States": {
        "Late": {"Type": "Wait", "Seconds": 5, "Next": "Call"},
        "Call": call(function)
    }})
}

/// A Map that calls `each` for each item.
fn map_of_calls(lanes: u32) -> Json {
    json!({"Type": "Map", "MaxConcurrency": lanes, "ItemProcessor": one("Each", call("each")), "End": true})
}

/// A Parallel of one branch that is done at once, and a late one.
fn pair() -> Scenario {
    let branches = json!([one("Quick", call("quick")), late("flaky")]);
    let state = json!({"Type": "Parallel", "Branches": branches, "End": true});
    Scenario::states("P", json!({"P": state})).function("flaky", &[FAILS, Act::Return("2")])
}

#[test]
fn only_the_failed_branch_of_a_parallel_runs_again_from_the_state_that_failed() {
    let story = pair().redriven(1);
    story.clone().concurrent().story();
    assert_snapshot!(story.run(ALL_STATES, 0, Risks::NONE), @r#"
    SUCCEEDED [{},2]
    1<0 ExecutionStarted input={}
    2<0 ParallelStateEntered P {}
    3<2 ParallelStateStarted
    4<3 TaskStateEntered Quick {}
    5<4 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:quick input={}
    6<5 LambdaFunctionStarted
    7<3 WaitStateEntered Late {}
    8<6 LambdaFunctionSucceeded output={}
    9<8 TaskStateExited Quick {}
    10<7 WaitStateExited Late {}
    11<10 TaskStateEntered Call {}
    12<11 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:flaky input={}
    13<12 LambdaFunctionStarted
    14<13 LambdaFunctionFailed e=Flaky c=not yet
    15<14 ParallelStateFailed
    16<15 ExecutionFailed e=Flaky c=not yet
    17<16 ExecutionRedriven redrive_count=1
    18<17 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:flaky input={}
    19<18 LambdaFunctionStarted
    20<19 LambdaFunctionSucceeded output=2
    21<20 TaskStateExited Call 2
    22<21 ParallelStateSucceeded
    23<21 ParallelStateExited P [{},2]
    24<23 ExecutionSucceeded output=[{},2]
    "#);
    assert_eq!(calls(&story), [("flaky".to_owned(), 2), ("quick".to_owned(), 1)]);
}

#[test]
fn a_branch_that_fails_again_is_redriven_again() {
    let story = pair().function("flaky", &[FAILS, FAILS, FAILS, Act::Return("2")]).redriven(3);
    let told = story.clone().concurrent().story();
    assert!(told.starts_with("SUCCEEDED [{},2]"), "{told}");
    assert_eq!(calls(&story), [("flaky".to_owned(), 4), ("quick".to_owned(), 1)]);
}

#[test]
fn a_redriven_branch_has_all_its_retries() {
    let retry = json!([{"ErrorEquals": ["Flaky"], "MaxAttempts": 1, "IntervalSeconds": 1}]);
    let mut flaky = call("flaky");
    flaky["Retry"] = retry;
    let state = json!({"Type": "Parallel", "Branches": [one("Flaky", flaky)], "End": true});
    let story = Scenario::states("P", json!({"P": state}))
        .function("flaky", &[FAILS, FAILS, FAILS, Act::Return("1")])
        .redriven(1);
    assert!(story.story().starts_with("SUCCEEDED [1]"));
    assert_eq!(calls(&story), [("flaky".to_owned(), 4)]);
}

#[test]
fn a_map_goes_on_with_the_iteration_that_failed_and_then_with_the_rest() {
    let map = map_of_calls(1);
    let story = Scenario::states("M", json!({"M": map}))
        .input(json!([10, 11, 12]))
        .function("each", &[Act::Echo, FAILS, Act::Echo])
        .redriven(1);
    assert_snapshot!(story.story(), @r#"
    SUCCEEDED [10,11,12]
    1<0 ExecutionStarted input=[10,11,12]
    2<0 MapStateEntered M [10,11,12]
    3<2 MapStateStarted length=3
    4<3 MapIterationStarted name=M index=0
    5<4 TaskStateEntered Each 10
    6<5 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:each input=10
    7<6 LambdaFunctionStarted
    8<7 LambdaFunctionSucceeded output=10
    9<8 TaskStateExited Each 10
    10<9 MapIterationSucceeded name=M index=0
    11<9 MapIterationStarted name=M index=1
    12<11 TaskStateEntered Each 11
    13<12 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:each input=11
    14<13 LambdaFunctionStarted
    15<14 LambdaFunctionFailed e=Flaky c=not yet
    16<15 MapIterationFailed name=M index=1
    17<15 MapStateFailed
    18<17 ExecutionFailed e=Flaky c=not yet
    19<18 ExecutionRedriven redrive_count=1
    20<19 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:each input=11
    21<20 LambdaFunctionStarted
    22<21 LambdaFunctionSucceeded output=11
    23<22 TaskStateExited Each 11
    24<23 MapIterationSucceeded name=M index=1
    25<23 MapIterationStarted name=M index=2
    26<25 TaskStateEntered Each 12
    27<26 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:each input=12
    28<27 LambdaFunctionStarted
    29<28 LambdaFunctionSucceeded output=12
    30<29 TaskStateExited Each 12
    31<30 MapIterationSucceeded name=M index=2
    32<30 MapStateSucceeded
    33<30 MapStateExited M [10,11,12]
    34<33 ExecutionSucceeded output=[10,11,12]
    "#);
}

#[test]
fn iterations_of_many_lanes_are_done_once_each() {
    for (items, lanes) in [(7, 2), (7, 3), (5, 0), (50, 0), (61, 7)] {
        let input: Vec<i32> = (0..items).collect();
        let map = map_of_calls(lanes);
        let mut script = vec![Act::Echo; 4];
        script.extend([FAILS, Act::Echo, FAILS, Act::Echo]);
        let story = Scenario::states("M", json!({"M": map}))
            .input(json!(input))
            .function("each", &script)
            .redriven(2);
        let expected = format!("SUCCEEDED {}", json!(input));
        for (states, seed, risks) in [
            (1, 0, Risks::NONE),
            (ALL_STATES, 0, Risks::NONE),
            (1, 1, Risks::ALL),
            (ALL_STATES, 2, Risks::ALL),
            (2, 3, Risks::ALL),
        ] {
            let told = story.run(states, seed, risks);
            let first = told.lines().next().unwrap();
            assert_eq!(
                first, expected,
                "{items} items in {lanes} lanes, {states} states, seed {seed}"
            );
        }
    }
}

#[test]
fn an_iteration_within_a_branch_is_the_only_thing_that_is_done_again() {
    let map = map_of_calls(1);
    let branches = json!([one("M", map), one("Quick", call("quick")), late("slow")]);
    let state = json!({"Type": "Parallel", "Branches": branches, "End": true});
    let story = Scenario::states("P", json!({"P": state}))
        .input(json!([1, 2, 3]))
        .function("each", &[Act::Echo, Act::Take(2.0), FAILS, FAILS, Act::Echo])
        .redriven(2);
    let told = story.run(ALL_STATES, 0, Risks::NONE);
    assert!(told.starts_with("SUCCEEDED [[1,2,3],[1,2,3],[1,2,3]]"), "{told}");
    let called = [("each", 5), ("quick", 1), ("slow", 1)];
    assert_eq!(calls(&story), called.map(|(name, times)| (name.to_owned(), times)));
    let told = story.ends_alike().story();
    assert!(told.starts_with("SUCCEEDED [[1,2,3],[1,2,3],[1,2,3]]"), "{told}");
}

#[test]
fn a_parallel_whose_results_were_too_large_runs_again_as_a_whole() {
    let branches = json!([one("A", call("a")), one("B", call("b"))]);
    let state = json!({"Type": "Parallel", "Branches": branches, "End": true});
    let story =
        Scenario::states("P", json!({"P": state})).input(json!("x".repeat(150_000))).redriven(1);
    let told = story.run(ALL_STATES, 0, Risks::NONE);
    assert!(told.starts_with("FAILED States.DataLimitExceeded"), "{}", &told[..100]);
    assert_eq!(calls(&story), [("a".to_owned(), 2), ("b".to_owned(), 2)]);
}

/// Whenever an execution is stopped, and however often: once it is redriven to its end, history tells of each task that
/// it was done exactly once, and all results are there.
#[test]
fn a_task_that_history_shows_as_done_is_never_done_again() {
    let each = json!({"StartAt": "Each", "States": {"Each": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:each", "Next": "Rest"}, "Rest": {"Type": "Wait", "Seconds": 1, "End": true}}});
    let map = json!({"Type": "Map", "MaxConcurrency": 2, "ItemProcessor": each, "End": true});
    let branches = json!([
        one("M", map),
        one("Quick", call("quick")),
        late("slow"),
        one("W", json!({"Type": "Wait", "Seconds": 2, "End": true}))
    ]);
    let state = json!({"Type": "Parallel", "Branches": branches, "End": true});
    let scenario = Scenario::states("P", json!({"P": state}))
        .input(json!([1, 2, 3]))
        .function("slow", &[Act::Take(3.0)]);
    for seed in 0..120 {
        let risks = if seed % 2 == 0 { Risks::NONE } else { Risks::ALL };
        let (mut sim, id) = scenario.begin([1, 2, ALL_STATES][seed as usize % 3], seed, risks);
        for stop in 0..3 {
            let mut steps = (seed * 7 + stop * 13) % 90;
            sim.run_until(|_| {
                steps = steps.saturating_sub(1);
                steps == 0
            });
            let execution = sim.execution(&id);
            if block_on(sim.engine.stop(&execution, Failure::default())).unwrap().is_some() {
                sim.redrive(&id);
            }
        }
        sim.run();
        sim.calm();
        let told = tell(&sim.engine, &id);
        assert!(
            told.starts_with("SUCCEEDED [[1,2,3],[1,2,3],[1,2,3],[1,2,3]]"),
            "seed {seed}: {told}"
        );
        for (line, times) in
            [("LambdaFunctionSucceeded", 5), ("TaskStateExited", 5), ("MapIterationSucceeded", 3)]
        {
            let shown = told.lines().filter(|shown| shown.contains(line)).count();
            assert_eq!(shown, times, "{line}, seed {seed}: {told}");
        }
    }
}

/// How often each function was called in a straight run, by name.
fn calls(scenario: &Scenario) -> Vec<(String, usize)> {
    let (sim, _): (Sim, _) = scenario.ran(ALL_STATES, 0, Risks::NONE);
    let mut calls = std::collections::BTreeMap::new();
    for (function, _) in sim.tasks.performed() {
        *calls.entry(function).or_default() += 1;
    }
    calls.into_iter().collect()
}
