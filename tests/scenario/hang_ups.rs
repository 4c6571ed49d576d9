//! Callers who go away in the middle: at each await of what they asked for, one after the other. Whatever they did not
//! hear of is either done whole or not at all, and asking again is always right.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use serde_json::json;
use stepwright::store::{Journal, Kind, Registry, Status};
use stepwright::turn::TokenError;
use stepwright_core::engine::{Answer, ExecutionId, Failure, FrameId, Phase};
use stepwright_core::expr::Document;

use super::sim::{Risks, Sim, block_on};
use super::{ALL_STATES, Scenario};
use crate::support::fault::Plan;
use crate::support::laws::unsealed_lane;
use crate::support::tasks::Act;

const ACTIVITY: &str = "arn:aws:states:us-east-1:123456789012:activity:pack";
const WORK: &str = "arn:aws:lambda:us-east-1:123456789012:function:work";

/// Drops a future at its `n`-th await; whether it had ended before.
pub(super) fn dropped_at<T>(n: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..=n {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return Some(value);
        }
    }
    None
}

/// Calls `scene` with a caller who hangs up at the first await, the second, and so on, until one gets to the end. How many
/// had hung up.
pub(super) fn each_await(mut scene: impl FnMut(usize) -> bool) -> usize {
    let ended = (0..500).find(|n| scene(*n));
    ended.expect("the call ends some time")
}

fn packing(states: u32) -> (Sim, ExecutionId) {
    let scenario = Scenario::states(
        "Pack",
        json!({
            "Pack": {"Type": "Task", "Resource": ACTIVITY, "Next": "Label"},
            "Label": {"Type": "Pass", "Next": "Ship"},
            "Ship": {"Type": "Task", "Resource": WORK, "End": true}
        }),
    );
    let mut sim = Sim::new(states, 0, Risks::NONE);
    block_on(sim.store.put(Kind::Activity, ACTIVITY, "{}".into(), None)).unwrap();
    let id = sim.start(&scenario.definition.to_string(), "{}");
    sim.run();
    (sim, id)
}

/// What a process that starts again does: finds what is owed, and goes on to the end.
fn recover(sim: &mut Sim) {
    block_on(sim.engine.sweep()).unwrap();
    sim.run();
}

fn take(sim: &Sim) -> Option<String> {
    block_on(sim.engine.activity_task(ACTIVITY, None, 0.0)).unwrap().map(|work| work.token)
}

#[test]
fn an_answer_is_given_whole_or_not_at_all() {
    for states in [1, ALL_STATES] {
        let hung_up = each_await(|n| {
            let (mut sim, id) = packing(states);
            let token = take(&sim).unwrap();
            let answer = |text: &'static str| Answer::Success(Document::from_trusted_text(text));
            let heard = dropped_at(n, sim.engine.answer(&token, answer("1"))).is_some();
            recover(&mut sim);
            let given = sim.execution(&id).closing.is_some();
            let again = block_on(sim.engine.answer(&token, answer("2"))).unwrap();
            let expected = if given { Err(TokenError::TimedOut) } else { Ok(()) };
            assert_eq!(again, expected, "await {n}: the token is good until it is answered");
            recover(&mut sim);
            let closing = sim.execution(&id).closing.clone().unwrap();
            let output = if given { "1" } else { "2" };
            assert_eq!(closing.output.unwrap().text(), output, "await {n}");
            assert_eq!(sim.tasks.performed().len(), 1, "await {n}: shipped once");
            assert!(given || !heard, "await {n}: who heard of it can rely on it");
            heard
        });
        assert!(hung_up > 2, "there are awaits to hang up at: {hung_up}");
    }
}

#[test]
fn a_worker_who_hangs_up_leaves_the_task_to_another() {
    let hung_up = each_await(|n| {
        let (mut sim, id) = packing(ALL_STATES);
        let work = dropped_at(n, sim.engine.activity_task(ACTIVITY, None, 0.0));
        let heard = work.is_some();
        recover(&mut sim);
        let token = work.and_then(|work| work.unwrap()).map(|work| work.token);
        // A task that was started for a worker who never heard of it is lost to AWS too, until its timeout.
        let started = started(&sim, &id);
        let token = token.or_else(|| take(&sim));
        assert_eq!(token.is_some(), heard || !started, "await {n}: handed out once");
        if let Some(token) = token {
            let done = Answer::Success(Document::empty_object());
            assert_eq!(block_on(sim.engine.answer(&token, done)).unwrap(), Ok(()), "await {n}");
            recover(&mut sim);
            assert!(sim.execution(&id).closing.is_some(), "await {n}");
        }
        heard
    });
    assert!(hung_up > 2, "there are awaits to hang up at: {hung_up}");
}

fn started(sim: &Sim, id: &ExecutionId) -> bool {
    let tail = block_on(sim.store.tail(id, &FrameId::root())).unwrap().unwrap();
    let Phase::Pending(pending) = &tail.frame.phase else { return true };
    pending.activity.as_ref().is_some_and(|task| task.started)
}

#[test]
fn an_execution_is_stopped_whole_or_not_at_all() {
    let hung_up = each_await(|n| {
        let (mut sim, id) = packing(ALL_STATES);
        let row = sim.execution(&id);
        let heard = dropped_at(n, sim.engine.stop(&row, Failure::default())).is_some();
        recover(&mut sim);
        let row = sim.execution(&id);
        let stopped = row.closing.is_some();
        assert!(stopped || !heard, "await {n}: who heard of it can rely on it");
        let again = block_on(sim.engine.stop(&row, Failure::default())).unwrap();
        assert_eq!(again.is_none(), stopped, "await {n}: stopped once");
        recover(&mut sim);
        assert_eq!(sim.execution(&id).status(), Status::Aborted, "await {n}");
        heard
    });
    assert!(hung_up > 2, "there are awaits to hang up at: {hung_up}");
}

/// A fork of forks, at any moment of it: lanes that wait, work, are about to begin, or go on after a failure of their own.
fn nested() -> Scenario {
    let task = || json!({"Type": "Task", "Resource": WORK, "End": true});
    let map = |pause: &str, work: &str| {
        let wait = json!({"Type": "Wait", "Seconds": 5, "Next": work});
        let each = json!({"StartAt": pause, "States": {pause: wait, work: task()}});
        json!({"Type": "Map", "MaxConcurrency": 2, "ItemProcessor": each, "End": true})
    };
    let failing = json!({"Type": "Parallel", "Next": "Others", "Branches": [
        {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "No"}}},
        {"StartAt": "Yes", "States": {"Yes": task()}}
    ], "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Others", "ResultPath": null}]});
    Scenario::states(
        "Both",
        json!({"Both": {"Type": "Parallel", "End": true, "Branches": [
            {"StartAt": "All", "States": {"All": map("Pause", "Work")}},
            {"StartAt": "Try", "States": {"Try": failing, "Others": map("Rest", "Ship")}}
        ]}}),
    )
    .input(json!([1, 2, 3]))
}

/// Turns that have looked before the stop may write after it, unless the slot that they are to write is taken.
#[test]
fn a_stop_leaves_no_lane_that_could_begin_whoever_stops_and_goes_away() {
    let mut sealed = 0;
    for (states, steps) in
        [1, ALL_STATES].into_iter().flat_map(|s| (3..240).step_by(4).map(move |n| (s, n)))
    {
        each_await(|n| {
            let (mut sim, id) = nested().begin(states, steps, Risks { turns: 4, ..Risks::NONE });
            let mut left = steps;
            sim.run_until(|_| {
                left -= 1;
                left == 0
            });
            let row = sim.execution(&id);
            let heard = dropped_at(n, sim.engine.stop(&row, Failure::default())).is_some();
            // Whoever was stopping it is gone; what it has begun is gone on with.
            block_on(sim.engine.stop(&row, Failure::default())).unwrap();
            let records = block_on(sim.store.records(&id, &FrameId::root(), None)).unwrap();
            let why = format!("{states} states per turn, stopped after {steps} steps, await {n}");
            assert_eq!(unsealed_lane(&records), None, "{why}");
            sealed += records.iter().filter(|(_, r)| r.frame.phase == Phase::Sealed).count();
            let written = sim.store.transitions();
            sim.run();
            assert_eq!(sim.store.transitions(), written, "{why}: nothing is written any more");
            heard
        });
    }
    assert!(sealed > 1_000, "there are lanes to be sealed: {sealed}");
}

#[test]
fn an_outcome_waits_for_a_store_that_refuses_to_write() {
    for refused in [1, 10, 100, 500] {
        let scenario = Scenario::states(
            "Ship",
            json!({"Ship": {"Type": "Task", "Resource": WORK, "End": true}}),
        );
        let (mut sim, id) =
            scenario.function("work", &[Act::Take(5.0)]).begin(ALL_STATES, 0, Risks::NONE);
        sim.run_until(|sim| sim.tasks.wakes_at().is_some());
        sim.faults.plan(Plan::Random { before: 1.0, after: 0.0 });
        let before = sim.faults.operations();
        sim.run_until(|sim| sim.faults.operations() >= before + refused);
        sim.calm();
        sim.run();
        assert_eq!(sim.execution(&id).status(), Status::Succeeded, "{refused} refusals");
        assert_eq!(sim.tasks.performed().len(), 1, "{refused} refusals");
    }
}
