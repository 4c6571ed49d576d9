//! Jobs (`.sync`): submitted once, looked at by timers, stopped when nobody waits for them any more.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use serde_json::{Value as Json, json};
use stepwright::store::Journal;
use stepwright::turn::Clock;
use stepwright_core::engine::{Failure, FrameId, Phase};

use super::sim::{Risks, Sim, block_on};
use super::{ALL_STATES, Scenario, tell};
use crate::support::build::START;
use crate::support::meter::Operation;
use crate::support::queue::Habits;
use crate::support::tasks::Act;

fn job(more: Json) -> Json {
    let mut state = json!({"Type": "Task", "Resource": "arn:aws:states:::batch:submitJob.sync", "Parameters": {"JobName": "count"}, "End": true});
    state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    state
}

fn alone(more: Json) -> Scenario {
    let caught = more.get("Catch").is_some();
    let mut states = json!({"Run": job(more)});
    if caught {
        states["Late"] = json!({"Type": "Pass", "End": true});
    }
    Scenario::states("Run", states)
}

fn polling(sim: &Sim) -> bool {
    sim.queue.next_due().is_some() && !sim.tasks.jobs().is_empty() && sim.tasks.looks() > 0
}

#[test]
fn a_job_tells_its_story_whatever_happens_to_messages_and_workers() {
    let story = alone(json!({})).function("count", &[Act::Return("{\"n\": 3}")]).story();
    assert_snapshot!(story, @r#"
    SUCCEEDED {"n": 3}
    1<0 ExecutionStarted input={}
    2<0 TaskStateEntered Run {}
    3<2 TaskScheduled service={"t":"batch","r":"submitJob.sync"} parameters={"JobName":"count"}
    4<3 TaskStarted service={"t":"batch","r":"submitJob.sync"}
    5<4 TaskSubmitted service={"t":"batch","r":"submitJob.sync"} output={"JobId":1}
    6<5 TaskSucceeded service={"t":"batch","r":"submitJob.sync"} output={"n":3}
    7<6 TaskStateExited Run {"n": 3}
    8<7 ExecutionSucceeded output={"n":3}
    "#);
}

#[test]
fn a_job_that_fails_is_tried_again_with_another_token() {
    let retried = alone(json!({"Retry": [{"ErrorEquals": ["Bad"], "MaxAttempts": 1}]}))
        .function("count", &[Act::Fail("Bad", "worse"), Act::Take(30.0)]);
    let (mut sim, id) = retried.begin(ALL_STATES, 0, Risks::NONE);
    sim.run();
    assert_eq!(tell(&sim.engine, &id).lines().next().unwrap(), "SUCCEEDED {}");
    assert_eq!(sim.tasks.jobs().len(), 2);
}

#[test]
fn a_job_is_submitted_once_and_looked_at_seldom_however_bad_the_queue_is() {
    let long = alone(json!({})).function("count", &[Act::Take(3_600.0)]);
    let (mut calm, _) = long.begin(ALL_STATES, 0, Risks::NONE);
    calm.run();
    let needed = calm.tasks.looks();
    for seed in 0..100 {
        let states = [1, ALL_STATES][seed as usize % 2];
        let (mut sim, id) = long.begin(states, seed, Risks { spare_tasks: true, ..Risks::ALL });
        sim.run();
        assert_eq!(sim.tasks.performed().len(), 1, "seed {seed}");
        let looks = sim.tasks.looks();
        assert!(looks < needed * 2, "seed {seed}: {looks} looks where {needed} are needed");
        let closing = sim.execution(&id).closing.clone().expect("it has ended");
        let late = closing.stopped.seconds_since(START) - 3_600.0;
        assert!((0.0..400.0).contains(&late), "seed {seed}: its end was seen {late} s late");
    }
}

#[test]
fn looks_that_find_nothing_new_write_no_records_and_do_not_multiply() {
    let long = alone(json!({})).function("count", &[Act::Take(36_000.0)]);
    let habits = Habits { duplicate: 0.05, copy: 0.05, ..Habits::GOOD };
    let (mut sim, _) = long.begin(ALL_STATES, 1, Risks { habits, ..Risks::NONE });
    sim.run();
    let meter = &sim.faults.meter;
    assert!(meter.of(&[Operation::Insert]) <= 4, "{} records", meter.of(&[Operation::Insert]));
    let messages = meter.of(&[Operation::Message]);
    let looks = sim.tasks.looks();
    assert!(messages <= looks + looks / 10, "{messages} messages for {looks} looks");
}

#[test]
fn a_message_that_was_lost_is_sent_again_by_the_sweep_and_one_too_many_does_no_harm() {
    let long = alone(json!({})).function("count", &[Act::Take(600.0)]);
    let (mut sim, id) = long.begin(ALL_STATES, 0, Risks::NONE);
    sim.run_until(polling);
    let before = sim.tasks.looks();
    for _ in 0..20 {
        block_on(sim.engine.sweep()).unwrap();
    }
    sim.run_until(|sim| sim.clock.now() > START.plus_seconds(1.0));
    assert!(sim.tasks.looks() < before + 40, "each sweep would have added looks for ever");
    sim.run();
    assert_eq!(tell(&sim.engine, &id).lines().next().unwrap(), "SUCCEEDED {}");
}

#[test]
fn a_job_that_is_looked_at_in_time_is_not_left_behind() {
    let long = alone(json!({})).function("count", &[Act::Take(36_000.0)]);
    let (mut sim, id) = long.begin(ALL_STATES, 0, Risks::NONE);
    for hours in 1..9 {
        sim.run_until(|sim| sim.clock.now() > START.plus_seconds(3_600.0 * f64::from(hours)));
        let before = sim.faults.meter.of(&[Operation::Message]);
        block_on(sim.engine.look_after(&id, 120.0)).unwrap();
        assert_eq!(sim.faults.meter.of(&[Operation::Message]), before, "after {hours} hours");
    }
    sim.run();
    assert_eq!(tell(&sim.engine, &id).lines().next().unwrap(), "SUCCEEDED {}");
}

#[test]
fn a_job_whose_task_is_over_is_stopped() {
    let timed = alone(
        json!({"TimeoutSeconds": 60, "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}]}),
    );
    let (mut sim, id) =
        timed.function("count", &[Act::Take(600.0)]).begin(ALL_STATES, 0, Risks::NONE);
    sim.run();
    assert!(sim.tasks.jobs().values().all(|job| job.stops == 1));
    assert_snapshot!(tell(&sim.engine, &id), @r#"
    SUCCEEDED {"Error":"States.Timeout","Cause":""}
    1<0 ExecutionStarted input={}
    2<0 TaskStateEntered Run {}
    3<2 TaskScheduled service={"t":"batch","r":"submitJob.sync"} parameters={"JobName":"count"} timeout=60
    4<3 TaskStarted service={"t":"batch","r":"submitJob.sync"}
    5<4 TaskSubmitted service={"t":"batch","r":"submitJob.sync"} output={"JobId":1}
    6<5 TaskTimedOut service={"t":"batch","r":"submitJob.sync"} failure={"e":"States.Timeout"}
    7<6 TaskStateExited Run {"Error":"States.Timeout","Cause":""}
    8<7 PassStateEntered Late {"Error":"States.Timeout","Cause":""}
    9<8 PassStateExited Late {"Error":"States.Timeout","Cause":""}
    10<9 ExecutionSucceeded output={"Error":"States.Timeout","Cause":""}
    "#);

    let (mut sim, id) =
        alone(json!({})).function("count", &[Act::Take(600.0)]).begin(ALL_STATES, 0, Risks::NONE);
    sim.run_until(polling);
    block_on(sim.engine.stop(&sim.execution(&id), Failure::default())).unwrap();
    sim.run();
    assert!(sim.tasks.jobs().values().all(|job| job.stops == 1), "StopExecution stops it");
}

/// One branch runs a job, the other fails after a while.
fn branches() -> Scenario {
    Scenario::states(
        "Both",
        json!({"Both": {"Type": "Parallel", "End": true, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Late"}], "Branches": [
            {"StartAt": "Run", "States": {"Run": job(json!({}))}},
            {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 30, "Next": "Fail"}, "Fail": {"Type": "Fail", "Error": "No"}}}
        ]}, "Late": {"Type": "Pass", "End": true}}),
    )
    .function("count", &[Act::Take(6_000.0)])
}

#[test]
fn no_job_outlives_its_execution_whatever_happens() {
    for seed in 0..200 {
        let states = [1, ALL_STATES][seed as usize % 2];
        let (mut sim, id) = branches().begin(states, seed, Risks::ALL);
        sim.run();
        assert!(sim.execution(&id).closing.is_some(), "seed {seed}: the execution was lost");
        for job in sim.tasks.jobs().values() {
            assert!(job.stops > 0, "seed {seed}: a job was left running");
        }
    }
}

#[test]
fn a_job_whose_submitter_died_is_submitted_again_only_where_it_is_recognised() {
    for (recognised, seeds) in [(true, 0..200), (false, 200..400)] {
        let mut repeated = 0;
        for seed in seeds {
            let scenario = alone(json!({})).function("count", &[Act::Take(5.0)]);
            let risks = Risks { spare_tasks: false, crash: 0.1, ..Risks::ALL };
            let (mut sim, id) = scenario.begin(ALL_STATES, seed, risks);
            if recognised {
                sim.tasks.recognise();
            }
            sim.run();
            let performed = sim.tasks.performed();
            let tokens: BTreeSet<_> = performed.iter().map(|(_, token)| token).collect();
            assert!(tokens.len() <= 1, "seed {seed}: there is one attempt, so there is one token");
            repeated += performed.len().saturating_sub(1);
            sim.calm();
            let story = tell(&sim.engine, &id);
            let well = story.starts_with("SUCCEEDED");
            assert!(well || !recognised, "seed {seed}: {story}");
            let tail = block_on(sim.store.tail(&id, &FrameId::root())).unwrap().unwrap();
            assert!(matches!(tail.frame.phase, Phase::Done(_)));
        }
        assert_eq!(repeated > 0, recognised, "{repeated} requests were repeated");
    }
}
