//! Distributed Maps: child executions, tolerated failures, what stops them.

use std::sync::Arc;

use insta::assert_snapshot;
use serde_json::{Value as Json, json};
use stepwright::queue::Queue;
use stepwright::store::{Execution, Journal, ListQuery, Status};
use stepwright::turn::{Clock, Invocation};
use stepwright_core::engine::{Cursor, ExecutionId, Failure, FrameId, Message, MessageKind, Phase};
use stepwright_core::time::Timestamp;

use super::sim::{Risks, Sim, block_on};
use super::{ALL_STATES, Scenario, tell};
use crate::support::tasks::Act;

const WORK: &str = "arn:aws:lambda:us-east-1:123456789012:function:work";

const FIRST: &str = "arn:aws:lambda:us-east-1:123456789012:function:first";

/// A distributed Map over the input, whose children do this; `more` are further fields of it.
fn map(each: Json, more: Json) -> Scenario {
    let mut map = json!({
        "Type": "Map", "Label": "each", "End": true,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Each", "States": {"Each": each}
        },
    });
    for (name, value) in more.as_object().unwrap() {
        map[name] = value.clone();
    }
    Scenario::states("M", json!({"M": map}))
}

fn work() -> Json {
    json!({"Type": "Task", "Resource": WORK, "End": true})
}

/// A child that fails for the items that say so.
fn picky() -> Json {
    json!({
        "Type": "Choice",
        "Choices": [{"Variable": "$.bad", "BooleanEquals": true, "Next": "Bad"}],
        "Default": "Good"
    })
}

/// The same with the states that it leads to.
fn picky_map(more: Json) -> Scenario {
    let mut scenario = map(picky(), more);
    let states = &mut scenario.definition["States"]["M"]["ItemProcessor"]["States"];
    states["Bad"] = json!({"Type": "Fail", "Error": "Bad", "Cause": "item"});
    states["Good"] = json!({"Type": "Pass", "Parameters": {"n.$": "$.n"}, "End": true});
    scenario
}

/// Twenty items, of which these are bad.
fn twenty(bad: &[u64]) -> Json {
    (0..20).map(|n| json!({"n": n, "bad": bad.contains(&n)})).collect()
}

#[test]
fn each_item_becomes_a_child_execution() {
    let story = map(work(), json!({"MaxConcurrency": 2}))
        .input(json!([1, 2, 3, 4, 5]))
        .function("work", &[Act::Echo])
        .story();
    assert_snapshot!(story, @r#"
    SUCCEEDED [1,2,3,4,5]
    1<0 ExecutionStarted input=[1,2,3,4,5]
    2<0 MapStateEntered M [1,2,3,4,5]
    3<2 MapStateStarted length=5
    4<3 MapRunStarted arn:aws:states:us-east-1:123456789012:mapRun:machine/each
    5<4 MapRunSucceeded
    6<5 MapStateSucceeded
    7<5 MapStateExited M [1,2,3,4,5]
    8<7 ExecutionSucceeded output=[1,2,3,4,5]
    "#);
}

#[test]
fn a_reader_that_cannot_be_made_up_fails_the_state_after_its_start() {
    let reader = json!({
        "Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"},
        "ReaderConfig": {"InputType": "JSON", "MaxItemsPath": "$.most"},
    });
    let scenario = map(work(), json!({"ItemReader": reader}));
    assert_snapshot!(scenario.clone().input(json!({"most": 1.5})).story(), @r#"
    FAILED States.Runtime An error occurred while executing the state 'M' (entered at the event id #2). The MaxItemsPath field refers to value "1.5" which is not a valid integer: $.most
    1<0 ExecutionStarted input={"most":1.5}
    2<0 MapStateEntered M {"most":1.5}
    3<2 MapStateStarted length=0
    4<3 ExecutionFailed e=States.Runtime c=An error occurred while executing the state 'M' (entered at the event id #2). The MaxItemsPath field refers to value "1.5" which is not a valid integer: $.most
    "#);
    assert_snapshot!(scenario.input(json!({"most": -1})).story(), @r#"
    FAILED States.ItemReaderFailed field MaxItems must be positive
    1<0 ExecutionStarted input={"most":-1}
    2<0 MapStateEntered M {"most":-1}
    3<2 MapStateStarted length=0
    4<3 MapRunStarted arn:aws:states:us-east-1:123456789012:mapRun:machine/each
    5<4 MapRunFailed e=States.ItemReaderFailed c=field MaxItems must be positive
    6<5 MapStateFailed
    7<6 ExecutionFailed e=States.ItemReaderFailed c=field MaxItems must be positive
    "#);
}

#[test]
fn of_twenty_children_some_may_fail() {
    let scenario = picky_map(json!({
        "ToleratedFailureCount": 3, "MaxConcurrency": 4,
        "ResultSelector": {"failed.$": "$[?(@.Status == 'FAILED')].Name", "all.$": "States.ArrayLength($)"},
    }))
    .input(twenty(&[3, 7, 11]));
    // Names of children follow from the run's id, which follows from the slot.
    let end = |states| scenario.run(states, 0, Risks::NONE);
    let one = end(1);
    assert!(one.contains(r#""all":20"#), "{one}");
    for seed in 0..20 {
        assert_eq!(scenario.run(1, seed, Risks::ALL), one, "seed {seed}");
    }
    let all = end(ALL_STATES);
    for seed in 0..20 {
        assert_eq!(scenario.run(ALL_STATES, seed, Risks::ALL), all, "seed {seed}");
    }
}

#[test]
fn one_failure_too_many_fails_the_run_and_can_be_caught() {
    let mut scenario = picky_map(json!({
        "ToleratedFailurePercentage": 10, "MaxConcurrency": 1,
        "Catch": [{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "Next": "Caught"}],
    }))
    .input(twenty(&[3, 7, 11]));
    scenario.definition["States"]["Caught"] = json!({"Type": "Pass", "End": true});
    assert_snapshot!(scenario.story(), @r#"
    SUCCEEDED {"Error":"States.ExceedToleratedFailureThreshold","Cause":"The specified tolerated failure threshold was exceeded"}
    1<0 ExecutionStarted input=[{"n":0,"bad":false},{"n":1,"bad":false},{"n":2,"bad":false},{"n":3,"bad":true},{"n":4,"bad":false},{"n":5,"bad":false},{"n":6,"bad":false},{"n":7,"bad":true},{"n":8,"bad":false},{"n":9,"bad":false},{"n":10,"bad":false},{"n":11,"bad":true},{"n":12,"bad":false},{"n":13,"bad":false},{"n":14,"bad":false},{"n":15,"bad":false},{"n":16,"bad":false},{"n":17,"bad":false},{"n":18,"bad":false},{"n":19,"bad":false}]
    2<0 MapStateEntered M [{"n":0,"bad":false},{"n":1,"bad":false},{"n":2,"bad":false},{"n":3,"bad":true},{"n":4,"bad":false},{"n":5,"bad":false},{"n":6,"bad":false},{"n":7,"bad":true},{"n":8,"bad":false},{"n":9,"bad":false},{"n":10,"bad":false},{"n":11,"bad":true},{"n":12,"bad":false},{"n":13,"bad":false},{"n":14,"bad":false},{"n":15,"bad":false},{"n":16,"bad":false},{"n":17,"bad":false},{"n":18,"bad":false},{"n":19,"bad":false}]
    3<2 MapStateStarted length=20
    4<3 MapRunStarted arn:aws:states:us-east-1:123456789012:mapRun:machine/each
    5<4 MapRunFailed e=States.ExceedToleratedFailureThreshold c=The specified tolerated failure threshold was exceeded
    6<5 MapStateFailed
    7<6 MapStateExited M {"Error":"States.ExceedToleratedFailureThreshold","Cause":"The specified tolerated failure threshold was exceeded"}
    8<7 PassStateEntered Caught {"Error":"States.ExceedToleratedFailureThreshold","Cause":"The specified tolerated failure threshold was exceeded"}
    9<8 PassStateExited Caught {"Error":"States.ExceedToleratedFailureThreshold","Cause":"The specified tolerated failure threshold was exceeded"}
    10<9 ExecutionSucceeded output={"Error":"States.ExceedToleratedFailureThreshold","Cause":"The specified tolerated failure threshold was exceeded"}
    "#);
}

#[test]
fn every_child_is_run_once_whatever_happens() {
    for seed in 0..30 {
        let scenario = map(work(), json!({"MaxConcurrency": 3}))
            .input((0..12).collect())
            .function("work", &[Act::Echo]);
        let (mut sim, id) = scenario.begin(ALL_STATES, seed, Risks::ALL);
        sim.run();
        sim.calm();
        assert_eq!(sim.execution(&id).status(), Status::Succeeded, "{}", tell(&sim.engine, &id));
        assert_eq!(sim.tasks.performed().len(), 12, "seed {seed}");
        let children = children(&sim, &id);
        assert_eq!(children.len(), 12, "seed {seed}");
        assert!(children.iter().all(|child| child.status() == Status::Succeeded));
    }
}

/// In turns that have no time left for anything that can wait.
fn hurried(scenario: &Scenario, seed: u64, risks: Risks) -> (Sim, ExecutionId) {
    let (mut sim, id) = scenario.begin(ALL_STATES, seed, risks);
    let far = sim.clock.now().plus_seconds(1e9);
    let invocation = Invocation {
        holder: "hurried".into(),
        deadline: far,
        grace_seconds: 5.0,
        margin_seconds: 4.0,
    };
    let engine = sim.engine.for_invocation(&invocation).until(Timestamp::default());
    sim.work_with(engine);
    sim.run();
    sim.calm();
    (sim, id)
}

#[test]
fn reading_and_collecting_go_on_in_another_turn_when_there_is_no_time_left() {
    let items: Json = (0..270).map(|n| json!({"n": n, "pad": "x".repeat(100)})).collect();
    let numbered = json!({"Type": "Pass", "Parameters": {"n.$": "$.n"}, "End": true});
    let batched = json!({"Type": "Pass", "Parameters": {"n.$": "$.Items[*].n"}, "End": true});
    let batches = json!({"MaxItemsPerBatch": 2, "BatchInput": {"pad": "y".repeat(100)}});
    let table = [
        (numbered, json!({"MaxConcurrency": 10}), 270, (3, 5)),
        (batched, json!({"MaxConcurrency": 10, "ItemBatcher": batches}), 135, (2, 2)),
    ];
    for (each, more, count, pauses) in table {
        let scenario = map(each, more).input(items.clone());
        let story = scenario.run(ALL_STATES, 0, Risks::NONE);
        assert!(story.starts_with("SUCCEEDED "), "{story}");
        for (seed, risks) in [(0, Risks::NONE), (1, Risks::ALL), (2, Risks::ALL)] {
            let (sim, id) = hurried(&scenario, seed, risks);
            let told = tell(&sim.engine, &id);
            assert!(without_runs(&told) == without_runs(&story), "seed {seed}: {told}");
            assert_eq!(children(&sim, &id).len(), count);
            assert_eq!(paused(&sim, &id), pauses, "seed {seed}");
        }
    }
}

#[test]
fn results_are_written_whole_by_turns_that_have_hardly_any_time() {
    let each = json!({"Type": "Pass", "Parameters": {"n.$": "$.n"}, "End": true});
    let place = json!({"Bucket": "b", "Prefix": "out"});
    let writer = json!({
        "Resource": "arn:aws:states:::s3:putObject", "Parameters": place,
        "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSONL"}
    });
    let items: Json = (0..270).map(|n| json!({"n": n})).collect();
    let scenario =
        map(each, json!({"MaxConcurrency": 10, "ResultWriter": writer})).input(items.clone());
    for (seed, risks) in [(0, Risks::NONE), (1, Risks::ALL), (2, Risks::ALL)] {
        let (sim, id) = hurried(&scenario, seed, risks);
        assert_eq!(sim.execution(&id).status(), Status::Succeeded, "seed {seed}");
        let written = sim.tasks.written();
        let (_, manifest) = written.iter().find(|(key, _)| key.ends_with("manifest.json")).unwrap();
        let manifest: Json = serde_json::from_slice(manifest).unwrap();
        let files = manifest["ResultFiles"]["SUCCEEDED"].as_array().unwrap();
        assert!(files.len() > 3, "each turn has written a part: {manifest}");
        let mut lines = Vec::new();
        for file in files {
            let content = &written[file["Key"].as_str().unwrap()];
            assert_eq!(file["Size"], content.len(), "seed {seed}");
            lines.extend(String::from_utf8(content.to_vec()).unwrap().lines().map(str::to_owned));
        }
        let expected: Vec<_> = items.as_array().unwrap().iter().map(Json::to_string).collect();
        assert_eq!(lines, expected, "seed {seed}");
    }
}

/// A story without the ids of Map Runs, which follow from slots.
fn without_runs(story: &str) -> String {
    story.split_inclusive("mapRun:").map(|part| part.split(':').next().unwrap_or("")).collect()
}

/// How often reading and collecting were interrupted.
fn paused(sim: &Sim, id: &ExecutionId) -> (usize, usize) {
    let records = block_on(sim.store.records(id, &FrameId::root(), None)).unwrap();
    let progress = |phase: &Phase| match phase {
        Phase::Reading(run) => run.progress.as_ref().map(|_| true),
        Phase::Writing(run) => run.progress.as_ref().map(|_| false),
        _ => None,
    };
    let all: Vec<bool> = records.iter().filter_map(|(_, r)| progress(&r.frame.phase)).collect();
    let reading = all.iter().filter(|reading| **reading).count();
    (reading, all.len() - reading)
}

#[test]
fn stopping_the_parent_stops_the_children() {
    let mut stopped_children = 0;
    for seed in 0..30 {
        let long = json!({"Type": "Wait", "Seconds": 1000, "End": true});
        let scenario = map(long, json!({"MaxConcurrency": 3})).input((0..6).collect());
        let (mut sim, id) = scenario.begin(1, seed, Risks::ALL);
        sim.run_until(|sim| running(sim, &id) > seed % 3);
        let execution = block_on(sim.store.execution(&id));
        let Ok(Some(execution)) = execution else { continue };
        let stopped = (0..100).any(|_| {
            block_on(sim.engine.stop(&execution, Failure::new("Enough", "of it"))).is_ok()
        });
        assert!(stopped, "seed {seed}");
        sim.run();
        sim.calm();
        assert_eq!(sim.execution(&id).status(), Status::Aborted);
        for child in children(&sim, &id) {
            assert_ne!(child.status(), Status::Running, "seed {seed}");
            stopped_children += u32::from(child.status() == Status::Aborted);
        }
    }
    assert!(stopped_children > 30, "{stopped_children}");
}

#[test]
fn a_redriven_run_runs_its_failed_children_again_and_no_other() {
    let scenario = map(work(), json!({"MaxConcurrency": 1}))
        .input(json!([1, 2, 3]))
        .function("work", &[Act::Echo, Act::Fail("Flaky", "not yet"), Act::Echo])
        .redriven(1);
    assert_snapshot!(scenario.story(), @r#"
    SUCCEEDED [1,2,3]
    1<0 ExecutionStarted input=[1,2,3]
    2<0 MapStateEntered M [1,2,3]
    3<2 MapStateStarted length=3
    4<3 MapRunStarted arn:aws:states:us-east-1:123456789012:mapRun:machine/each
    5<4 MapRunFailed e=States.ExceedToleratedFailureThreshold c=The specified tolerated failure threshold was exceeded
    6<5 MapStateFailed
    7<6 ExecutionFailed e=States.ExceedToleratedFailureThreshold c=The specified tolerated failure threshold was exceeded
    8<7 ExecutionRedriven redrive_count=1
    9<8 MapRunRedriven redrive_count=1
    10<9 MapRunSucceeded
    11<10 MapStateSucceeded
    12<10 MapStateExited M [1,2,3]
    13<12 ExecutionSucceeded output=[1,2,3]
    "#);
    for seed in 0..20 {
        let (sim, id) = scenario.ran(1, seed, Risks::ALL);
        assert_eq!(sim.tasks.performed().len(), 4, "seed {seed}");
        let redriven = |child: &Arc<Execution>| child.redriven.is_some();
        let children = children(&sim, &id);
        assert_eq!((children.len(), children.iter().filter(|c| redriven(c)).count()), (3, 1));
    }
}

/// Messages about a child's end may come late, and whoever was to redrive it may die.
#[test]
fn the_end_that_a_child_came_to_before_its_run_was_redriven_counts_no_more() {
    let scenario = map(work(), json!({"MaxConcurrency": 1}))
        .input(json!([1, 2, 3]))
        .function("work", &[Act::Echo, Act::Fail("Flaky", "not yet"), Act::Echo]);
    for states in [1, ALL_STATES] {
        let (mut sim, id) = scenario.begin(states, 0, Risks::NONE);
        sim.run();
        sim.redrive(&id);
        let mut lane = None;
        sim.run_until(|sim| {
            lane = waits_for_a_failed_child(sim, &id);
            lane.is_some()
        });
        sim.dies_at(&[0]);
        sim.step();
        assert!(sim.calm_after_death());
        let message = Message { cursor: lane.unwrap(), kind: MessageKind::Child };
        block_on(sim.queue.send(vec![(message, None)])).unwrap();
        sim.run();
        assert_eq!(sim.execution(&id).status(), Status::Succeeded, "{states} states per turn");
    }
}

/// The next slot of a lane that waits for a child which has failed.
fn waits_for_a_failed_child(sim: &Sim, id: &ExecutionId) -> Option<Cursor> {
    let tails = block_on(sim.store.plain().tails(id, &FrameId::root(), None)).unwrap();
    tails.into_iter().find_map(|(frame, tail)| {
        let Phase::Awaiting { child, .. } = &tail.frame.phase else { return None };
        let row = block_on(sim.store.plain().execution(child)).unwrap()?;
        let next = Cursor { execution: id.clone(), frame, slot: tail.slot + 1 };
        (row.status() == Status::Failed).then_some(next)
    })
}

#[test]
fn a_run_in_a_branch_is_redriven_where_the_branch_goes_on() {
    let mapping = map(work(), json!({"MaxConcurrency": 2})).definition;
    let other = json!({"StartAt": "Other", "States": {"Other": {"Type": "Pass", "End": true}}});
    let parallel = json!({"Type": "Parallel", "Branches": [other, mapping], "End": true});
    let scenario = Scenario::states("P", json!({"P": parallel}))
        .input(json!([1, 2, 3]))
        .function("work", &[Act::Echo, Act::Fail("Flaky", "not yet"), Act::Echo])
        .redriven(1);
    for (seed, risks) in [(0, Risks::NONE), (1, Risks::ALL), (2, Risks::ALL), (3, Risks::ALL)] {
        let story = scenario.run(ALL_STATES, seed, risks);
        assert!(story.starts_with("SUCCEEDED [[1,2,3],[1,2,3]]"), "seed {seed}: {story}");
    }
}

#[test]
fn an_express_child_is_redriven_from_its_first_state() {
    let each = json!({"Type": "Task", "Resource": FIRST, "Next": "Then"});
    let mut scenario = map(each, json!({"MaxConcurrency": 1}))
        .input(json!([1]))
        .function("first", &[Act::Echo])
        .function("work", &[Act::Fail("Flaky", "not yet"), Act::Echo])
        .redriven(1);
    let processor = &mut scenario.definition["States"]["M"]["ItemProcessor"];
    processor["States"]["Then"] = work();
    for (kind, expected) in [
        ("STANDARD", ["first", "work", "work"].as_slice()),
        ("EXPRESS", &["first", "work", "first", "work"]),
    ] {
        scenario.definition["States"]["M"]["ItemProcessor"]["ProcessorConfig"]["ExecutionType"] =
            json!(kind);
        let (sim, id) = scenario.ran(ALL_STATES, 0, Risks::NONE);
        let told = tell(&sim.engine, &id);
        assert!(told.starts_with("SUCCEEDED [1]"), "{kind}: {told}");
        let performed: Vec<_> = sim.tasks.performed().iter().map(|p| p.0.clone()).collect();
        assert_eq!(performed, expected, "{kind}");
    }
}

#[test]
fn what_fails_again_fails_a_redriven_run_again() {
    let mut scenario = picky_map(json!({"ToleratedFailureCount": 1, "MaxConcurrency": 3}))
        .input(twenty(&[3, 7, 11]))
        .redriven(1);
    // What fails every time fails the run every time.
    let story = scenario.run(ALL_STATES, 0, Risks::NONE);
    assert!(story.starts_with("FAILED States.ExceedToleratedFailureThreshold"), "{story}");
    scenario = scenario.redriven(3);
    for seed in 0..10 {
        let story = scenario.run(ALL_STATES, seed, Risks::ALL);
        assert!(story.starts_with("FAILED States.ExceedToleratedFailureThreshold"), "{story}");
    }
}

/// A Parallel of a distributed Map, whose children take long, and a branch that fails before they are done.
fn beside_a_failing_branch(wait: u64) -> Scenario {
    let long = json!({"Type": "Wait", "Seconds": 1000, "End": true});
    let mapping = map(long, json!({})).definition;
    let failing = json!({"StartAt": "Late", "States": {
        "Late": {"Type": "Wait", "Seconds": wait, "Next": "Fails"},
        "Fails": {"Type": "Fail", "Error": "Other"}
    }});
    let parallel = json!({"Type": "Parallel", "Branches": [mapping, failing], "End": true});
    Scenario::states("P", json!({"P": parallel})).input(json!([1, 2]))
}

#[test]
fn history_says_of_a_cancelled_run_that_its_state_was_aborted_and_nothing_of_its_children() {
    let story = beside_a_failing_branch(5).run(ALL_STATES, 0, Risks::NONE);
    let aborted: Vec<_> = story.lines().filter(|line| line.contains("Aborted")).collect();
    assert_eq!(aborted.len(), 1, "{story}");
    assert!(aborted[0].ends_with(" MapStateAborted"), "{story}");
}

#[test]
fn children_that_are_redriven_while_their_run_is_cancelled_do_not_run_on() {
    let mut redriven = 0;
    for seed in 0..40 {
        for states in [1, ALL_STATES] {
            let scenario = beside_a_failing_branch(5).redriven(1);
            let (mut sim, id) = scenario.ran(states, seed, Risks::ALL);
            // One that is reopened by a turn that was overtaken, and dies then, is found by the sweep.
            assert_eq!(block_on(sim.engine.sweep()).unwrap().failed, []);
            sim.run();
            for child in children(&sim, &id) {
                assert_eq!(child.status(), Status::Aborted, "seed {seed}");
                redriven += u32::from(child.redriven.is_some());
            }
        }
    }
    assert!(redriven > 0, "no child was redriven before its run was cancelled");
}

#[test]
fn batches_are_inputs_with_their_items() {
    let story = map(
        json!({"Type": "Pass", "End": true}),
        json!({
            "MaxConcurrency": 1,
            "ItemSelector": {"v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index", "s.$": "$$.Map.Item.Source"},
            "ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"all.$": "$"}},
        }),
    )
    .input(json!([7, 8, 9]))
    .story();
    assert_snapshot!(story.lines().next().unwrap(), @r#"SUCCEEDED [{"BatchInput":{"all":[7,8,9]},"Items":[{"v":7,"i":0,"s":"STATE_DATA"},{"v":8,"i":1,"s":"STATE_DATA"}]},{"BatchInput":{"all":[7,8,9]},"Items":[{"v":9,"i":2,"s":"STATE_DATA"}]}]"#);
}

#[test]
fn members_of_an_object_go_on_with_their_names() {
    let pass = json!({"Type": "Pass", "End": true});
    let plain = map(pass.clone(), json!({})).input(json!({"a": 1, "b": [2]})).story();
    assert_snapshot!(plain.lines().next().unwrap(), @r#"SUCCEEDED [{"Key":"a","Value":1},{"Key":"b","Value":[2]}]"#);
    let selector = json!({"ItemSelector": {"k.$": "$$.Map.Item.Key", "v.$": "$$.Map.Item.Value"}});
    let selected = map(pass, selector).input(json!({"a": 1})).story();
    assert_snapshot!(selected.lines().next().unwrap(), @r#"SUCCEEDED [{"k":"a","v":1}]"#);
}

#[test]
fn no_items_are_a_run_without_children() {
    assert_snapshot!(map(work(), json!({})).input(json!([])).story(), @r#"
    SUCCEEDED []
    1<0 ExecutionStarted input=[]
    2<0 MapStateEntered M []
    3<2 MapStateStarted length=0
    4<3 MapRunStarted arn:aws:states:us-east-1:123456789012:mapRun:machine/each
    5<4 MapRunSucceeded
    6<5 MapStateSucceeded
    7<5 MapStateExited M []
    8<7 ExecutionSucceeded output=[]
    "#);
}

#[test]
fn maps_nest() {
    let inner = json!({
        "Type": "Map", "Label": "inner", "End": true,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
            "StartAt": "Deep", "States": {"Deep": {
                "Type": "Pass", "End": true,
                "Parameters": {"machine.$": "$$.StateMachine.Name", "input.$": "$$.Execution.Input"}
            }}
        },
    });
    let story = map(inner, json!({})).input(json!([[1], [2, 3]])).story();
    assert_snapshot!(story.lines().next().unwrap(), @r#"SUCCEEDED [[{"machine":"machine/inner","input":1}],[{"machine":"machine/inner","input":2},{"machine":"machine/inner","input":3}]]"#);
}

#[test]
fn more_units_than_a_record_holds_are_kept_in_the_store() {
    let long = "x".repeat(500);
    let items: Json = (0..120).map(|n| json!([n, long])).collect();
    let first = json!({"Type": "Pass", "InputPath": "$[0]", "End": true});
    let scenario = map(first, json!({"MaxConcurrency": 7})).input(items);
    let expected: Vec<u64> = (0..120).collect();
    // What takes so many steps comes to an end only where not every fiftieth step is the last one.
    let risks = Risks { crash: 0.000_5, ..Risks::ALL };
    for seed in 0..3 {
        let story = scenario.run(ALL_STATES, seed, risks);
        let end = story.lines().next().unwrap();
        assert_eq!(end, format!("SUCCEEDED {}", json!(expected)), "seed {seed}");
    }
}

/// How many children run, as far as the store says.
fn running(sim: &Sim, id: &ExecutionId) -> u64 {
    let Ok(runs) = block_on(sim.engine.map_runs(id, None, 1)) else { return 0 };
    let tally = runs.first().map(|(_, run)| block_on(sim.store.tally(run)));
    tally.and_then(Result::ok).map_or(0, |tally| tally.executions(Status::Running))
}

/// The children of the newest Map Run of an execution.
fn children(sim: &Sim, id: &ExecutionId) -> Vec<Arc<Execution>> {
    let runs = block_on(sim.engine.map_runs(id, None, 10)).unwrap();
    let Some((_, machine)) = runs.first().cloned() else { return Vec::new() };
    let query = ListQuery { machine, status: None, after: None, limit: 1000 };
    block_on(sim.store.list(&query)).unwrap()
}
