//! What ends an execution from outside: StopExecution, its own timeout, the loss of everything but the store.

use insta::assert_snapshot;
use serde_json::json;
use stepwright::store::{Execution, Journal, Status};
use stepwright_core::engine::{ExecutionId, Failure};

use super::sim::{Risks, block_on};
use super::{ALL_STATES, Scenario, tell};
use crate::support::build::START;
use crate::support::fault::{Moment, Plan};
use crate::support::meter::Operation;

fn long_wait() -> Scenario {
    Scenario::states(
        "Wait",
        json!({"Wait": {"Type": "Wait", "Seconds": 100, "Next": "Done"}, "Done": {"Type": "Succeed"}}),
    )
}

#[test]
fn a_stopped_execution_does_nothing_more() {
    insta::allow_duplicates! { for states in [1, ALL_STATES] {
        let (mut sim, id) = long_wait().begin(states, 0, Risks::NONE);
        sim.run_until(|sim| sim.queue.next_due() > Some(START));
        let execution = sim.execution(&id);
        let stopped =
            block_on(sim.engine.stop(&execution, Failure::new("Enough", "by hand"))).unwrap();
        assert!(stopped.is_some());
        assert_eq!(
            block_on(sim.engine.stop(&execution, Failure::default())).unwrap(),
            None,
            "it has ended before"
        );
        sim.run();
        assert_snapshot!(tell(&sim.engine, &id), @r#"
    ABORTED Enough by hand
    1<0 ExecutionStarted input={}
    2<0 ExecutionAborted e=Enough c=by hand
    "#);
    }}
}

#[test]
fn an_execution_whose_messages_cannot_be_delivered_fails_and_can_be_redriven() {
    insta::allow_duplicates! { for states in [1, ALL_STATES] {
        let (mut sim, id) = long_wait().begin(states, 0, Risks::NONE);
        sim.run_until(|sim| sim.queue.next_due() > Some(START));
        let execution = sim.execution(&id);
        let failure = Failure::new("Stepwright.Undeliverable", "the worker has no rights");
        let failed = block_on(sim.engine.fail(&execution, failure.clone())).unwrap();
        assert!(failed.is_some());
        assert_eq!(block_on(sim.engine.fail(&execution, failure)).unwrap(), None, "only once");
        sim.run();
        assert_snapshot!(tell(&sim.engine, &id), @r#"
        FAILED Stepwright.Undeliverable the worker has no rights
        1<0 ExecutionStarted input={}
        2<0 ExecutionFailed e=Stepwright.Undeliverable c=the worker has no rights
        "#);
        sim.redrive(&id);
        sim.run();
        sim.calm();
        assert!(tell(&sim.engine, &id).starts_with("SUCCEEDED"), "{}", tell(&sim.engine, &id));
    }}
}

#[test]
fn an_execution_can_be_stopped_before_it_began() {
    let (mut sim, id) = long_wait().begin(1, 0, Risks::NONE);
    let execution = sim.execution(&id);
    assert!(block_on(sim.engine.stop(&execution, Failure::default())).unwrap().is_some());
    sim.run();
    assert_snapshot!(tell(&sim.engine, &id), @r#"
    ABORTED - -
    1<0 ExecutionStarted input={}
    2<0 ExecutionAborted
    "#);
}

#[test]
fn a_stop_reaches_the_lanes_of_a_fork() {
    let scenario = Scenario::states(
        "P",
        json!({"P": {"Type": "Parallel", "End": true, "Branches": [
            {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 50, "Next": "X"}, "X": {"Type": "Pass", "End": true}}}
        ]}}),
    );
    let (mut sim, id) = scenario.begin(1, 0, Risks::NONE);
    sim.run_until(|sim| sim.faults.meter.of(&[Operation::Insert]) == 2);
    sim.run_until(|sim| sim.queue.next_due() > Some(START));
    let execution = sim.execution(&id);
    block_on(sim.engine.stop(&execution, Failure::default())).unwrap();
    sim.run();
    let story = tell(&sim.engine, &id);
    assert!(story.starts_with("ABORTED") && !story.contains("StateExited"), "{story}");
}

/// A lane may have looked whether it is still wanted just before the stop, and write just after it.
#[test]
fn nothing_is_claimed_and_nothing_written_after_an_acknowledged_stop() {
    let task = json!({"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:work", "End": true});
    let each = json!({"StartAt": "Each", "States": {"Each": task}});
    let map = json!({"Type": "Map", "ItemProcessor": each, "End": true});
    let scenario = Scenario::states(
        "P",
        json!({"P": {"Type": "Parallel", "End": true, "Branches": [
            {"StartAt": "One", "States": {"One": task}},
            {"StartAt": "All", "States": {"All": map}}
        ]}}),
    )
    .input(json!([1, 2]));
    let mut stopped = 0;
    for (states, steps) in [1, ALL_STATES].into_iter().flat_map(|s| (1..250).map(move |n| (s, n))) {
        let (mut sim, id) = scenario.begin(states, steps, Risks { turns: 4, ..Risks::NONE });
        let mut left = steps;
        sim.run_until(|_| {
            left -= 1;
            left == 0
        });
        let execution = sim.execution(&id);
        if block_on(sim.engine.stop(&execution, Failure::default())).unwrap().is_none() {
            continue;
        }
        stopped += 1;
        let written = (sim.store.attempts(), sim.store.transitions());
        sim.run();
        let then = (sim.store.attempts(), sim.store.transitions());
        assert_eq!(then, written, "claims and records, stopped after {steps} steps");
    }
    assert!(stopped > 100, "it runs long enough to be stopped: {stopped}");
}

#[test]
fn an_execution_that_takes_longer_than_its_machine_allows_times_out() {
    let scenario = Scenario::of(json!({
        "TimeoutSeconds": 5, "StartAt": "Wait",
        "States": {"Wait": {"Type": "Wait", "Seconds": 60, "Next": "Done"}, "Done": {"Type": "Succeed"}}
    }));
    assert_snapshot!(scenario.run(ALL_STATES, 0, Risks::NONE), @r#"
    TIMED_OUT - -
    1<0 ExecutionStarted input={}
    2<0 WaitStateEntered Wait {}
    3<2 ExecutionTimedOut
    "#);
    for seed in 0..200 {
        let story = scenario.run([1, ALL_STATES][seed as usize % 2], seed, Risks::ALL);
        assert!(
            story.starts_with("TIMED_OUT") && !story.contains("Done"),
            "seed {seed}: however late messages come\n{story}"
        );
    }
}

#[test]
fn no_execution_takes_longer_than_a_year() {
    let wait = |next: &str| json!({"Type": "Wait", "Seconds": 20_000_000, "Next": next});
    let scenario =
        Scenario::states("A", json!({"A": wait("B"), "B": wait("C"), "C": {"Type": "Succeed"}}));
    for states in [1, ALL_STATES] {
        let story = scenario.run(states, 0, Risks::NONE);
        assert!(story.starts_with("TIMED_OUT - -") && !story.contains("Exited B"), "{story}");
    }
    // One that waits for nothing that will come is found by the sweep.
    let forever = json!({"Type": "Parallel", "Branches": [{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 99_999_999, "End": true}}}], "End": true});
    let (mut sim, id) = Scenario::states("F", json!({"F": forever})).begin(1, 0, Risks::NONE);
    sim.run_until(|sim| sim.queue.next_due() > Some(START));
    sim.clock.advance(365.0 * 86_400.0);
    block_on(sim.engine.sweep()).unwrap();
    let story = tell(&sim.engine, &id);
    assert!(story.starts_with("TIMED_OUT"), "{story}");
}

#[test]
fn a_sweep_goes_on_with_the_others_and_tells_whom_it_could_not_resume() {
    let mut failures = 0;
    for nth in 0..40 {
        let (mut sim, id) = long_wait().begin(1, 0, Risks::NONE);
        let row = sim.execution(&id);
        let ids = ["second", "third"].map(|name| ExecutionId(name.into()));
        for id in &ids {
            let more = Execution { id: id.clone(), name: id.0.clone(), ..(*row).clone() };
            block_on(sim.store.create(more)).unwrap();
        }
        sim.queue.lose_everything();
        sim.faults
            .plan(Plan::Once { number: sim.faults.operations() + nth, moment: Moment::Before });
        let swept = block_on(sim.engine.sweep());
        sim.calm();
        // Who cannot even say which executions run says so.
        let Ok(swept) = swept else { continue };
        assert_eq!(swept.running, 3);
        failures += swept.failed.len();
        assert_eq!(block_on(sim.engine.resume_all(swept.failed.clone())), []);
        sim.run();
        for id in ids.iter().chain([&id]) {
            let status = sim.execution(id).status();
            assert_eq!(status, Status::Succeeded, "{id}, operation {nth}: {swept:?}");
        }
    }
    assert!(failures > 5, "some could not be resumed: {failures}");
}

#[test]
fn whatever_the_queue_loses_the_sweep_finds_again() {
    let scenario = Scenario::states(
        "First",
        json!({
            "First": {"Type": "Wait", "Seconds": 30, "Next": "Fork"},
            "Fork": {"Type": "Map", "MaxConcurrency": 2, "ItemProcessor": {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 30, "End": true}}}, "Next": "Last"},
            "Last": {"Type": "Wait", "Seconds": 30, "End": true}
        }),
    )
    .input(json!([1, 2, 3, 4, 5]));
    let straight = scenario.run(1, 0, Risks::NONE);
    for lost_after in 0..120 {
        for states in [1, ALL_STATES] {
            let (mut sim, id) = scenario.begin(states, lost_after, Risks::NONE);
            let mut steps = 0;
            sim.run_until(|_| {
                steps += 1;
                steps > lost_after * 7
            });
            sim.queue.lose_everything();
            sim.run();
            // A message in the hands of a turn that died with everything else is lost too; its claim runs out meanwhile.
            sim.clock.advance(120.0);
            block_on(sim.engine.sweep()).unwrap();
            sim.run();
            let story = tell(&sim.engine, &id);
            assert_eq!(
                story.lines().next(),
                straight.lines().next(),
                "lost after {} steps",
                lost_after * 7
            );
        }
    }
}
