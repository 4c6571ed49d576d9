//! Data that the store cannot hold fails the execution at once: no repetition of the turn would make it smaller.

use serde_json::{Value as Json, json};

use super::sim::{Risks, block_on};
use super::{ALL_STATES, Scenario, tell};
use crate::support::tasks::Act;

const WORK: &str = "arn:aws:lambda:us-east-1:123456789012:function:work";

/// Bytes of the longest record that the store takes; more than any record without data.
const LONGEST: usize = 3_000;

const FAILED: &str = "FAILED States.DataLimitExceeded a record does not fit";

/// A task that neither a retrier nor a catcher saves.
fn work() -> Json {
    let all = json!(["States.ALL"]);
    json!({
        "Type": "Task", "Resource": WORK, "End": true, "Retry": [{"ErrorEquals": all}],
        "Catch": [{"ErrorEquals": all, "Next": "Saved"}]
    })
}

fn large() -> &'static str {
    format!("\"{}\"", "x".repeat(2 * LONGEST)).leak()
}

/// What grows, and the workflow in which it does.
fn scenarios() -> [(&'static str, Scenario); 4] {
    let saved = json!({"Type": "Pass", "End": true});
    let lane = json!({"StartAt": "Work", "States": {"Work": work(), "Saved": saved}});
    [
        (
            "the result of a task",
            Scenario::states("Work", json!({"Work": work(), "Saved": saved}))
                .function("work", &[Act::Return(large())]),
        ),
        (
            "the result of a task in a lane",
            Scenario::states(
                "Map",
                json!({"Map": {"Type": "Map", "ItemProcessor": lane, "End": true}}),
            )
            .input(json!([1, 2, 3]))
            .function("work", &[Act::Echo, Act::Return(large()), Act::Echo]),
        ),
        (
            "what states add to the data, one after the other",
            Scenario::states(
                "A",
                json!({
                    "A": {"Type": "Pass", "Result": "x".repeat(LONGEST / 2), "ResultPath": "$.a", "Next": "B"},
                    "B": {"Type": "Pass", "Result": "y".repeat(LONGEST), "ResultPath": "$.b", "Next": "C"},
                    "C": {"Type": "Succeed"},
                }),
            ),
        ),
        (
            "the input",
            Scenario::states("Work", json!({"Work": work(), "Saved": saved}))
                .input(json!({"large": large()})),
        ),
    ]
}

#[test]
fn an_execution_whose_data_the_store_cannot_hold_fails_at_once_and_says_so() {
    for (what, scenario) in scenarios() {
        for (states, seed) in (0..20).map(|seed| ([1, 3, ALL_STATES][seed as usize % 3], seed)) {
            let risks = if seed < 3 { Risks::NONE } else { Risks::ALL };
            let (mut sim, id) = scenario.begin(states, seed, risks);
            sim.store.bound(LONGEST);
            sim.run();
            sim.calm();
            // A turn that died between the end of the root and that of the row leaves the row to the sweep.
            block_on(sim.engine.sweep()).unwrap();
            sim.run();
            let story = tell(&sim.engine, &id);
            assert!(story.starts_with(FAILED), "{what}, {states} states, seed {seed}: {story}");
            let last = story.lines().last().unwrap();
            assert!(last.contains("ExecutionFailed e=States.DataLimitExceeded"), "{what}: {last}");
            assert!(!story.contains("Saved"), "{what}: nothing goes on: {story}");
        }
    }
}

#[test]
fn the_task_whose_result_is_too_large_is_not_performed_again() {
    let (what, scenario) = &scenarios()[0];
    let (mut sim, _) = scenario.begin(1, 0, Risks::NONE);
    sim.store.bound(LONGEST);
    sim.run();
    assert_eq!(sim.tasks.performed().len(), 1, "{what}");
}
