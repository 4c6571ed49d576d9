//! Laws that hold for every execution, whatever is done to it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use stepwright::queue::Queue;
use stepwright::store::Journal;
use stepwright_core::engine::FrameId;

use super::sim::{Risks, block_on};
use super::{ALL_STATES, Scenario};
use crate::support::fault::{Fault, Plan};
use crate::support::meter::Operation;
use crate::support::queue::Habits;
use crate::support::tasks::Act;

const WORK: &str = "arn:aws:lambda:us-east-1:123456789012:function:work";

fn busy() -> Scenario {
    let task = |next: &str| json!({"Type": "Task", "Resource": WORK, "Next": next, "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 50}]});
    Scenario::states(
        "A",
        json!({
            "A": task("B"),
            "B": {"Type": "Parallel", "Next": "C", "Branches": [
                {"StartAt": "B1", "States": {"B1": task("B1x"), "B1x": {"Type": "Wait", "Seconds": 5, "End": true}}},
                {"StartAt": "B2", "States": {"B2": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "End": true,
                    "ItemProcessor": {"StartAt": "I", "States": {"I": task("Ix"), "Ix": {"Type": "Pass", "End": true}}}}}}
            ]},
            "C": {"Type": "Task", "Resource": WORK, "End": true, "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 50}]}
        }),
    )
    .input(json!({"items": [1, 2, 3, 4]}))
    .function("work", &[Act::Fail("Flaky", ""), Act::Echo])
}

#[test]
fn a_task_is_performed_at_most_once_for_each_attempt_even_if_workers_die() {
    for seed in 0..300 {
        let states = [1, ALL_STATES][seed as usize % 2];
        let (mut sim, id) = busy().begin(states, seed, Risks { spare_tasks: false, ..Risks::ALL });
        sim.run();
        let performed = sim.tasks.performed();
        let distinct: BTreeSet<_> = performed.iter().map(|(_, token)| token).collect();
        assert_eq!(distinct.len(), performed.len(), "seed {seed}: an attempt was performed twice");
        assert!(sim.execution(&id).closing.is_some(), "seed {seed}: the execution was lost");
    }
}

#[test]
fn journals_have_no_gaps_and_time_runs_forward_in_them() {
    for seed in 0..60 {
        let (mut sim, id) = busy().begin([1, 2, ALL_STATES][seed as usize % 3], seed, Risks::ALL);
        sim.run();
        sim.calm();
        let records = block_on(sim.store.records(&id, &FrameId::root(), None)).unwrap();
        let mut frames: BTreeMap<FrameId, Vec<_>> = BTreeMap::new();
        for (frame, record) in records {
            frames.entry(frame).or_default().push(record);
        }
        for (frame, records) in frames {
            for (slot, pair) in records.windows(2).enumerate() {
                assert!(
                    pair[0].time < pair[1].time,
                    "seed {seed}, frame {frame}: time stands still at slot {slot}"
                );
            }
            let slots: Vec<_> = records.iter().map(|r| r.slot).collect();
            assert_eq!(
                slots,
                (0..records.len() as u64).collect::<Vec<_>>(),
                "seed {seed}, frame {frame}"
            );
            assert!(
                records.last().unwrap().frame.phase.over(),
                "seed {seed}, frame {frame} is unfinished"
            );
        }
    }
}

/// 200 states in a row.
fn long() -> Scenario {
    let states: serde_json::Map<_, _> = (0..200)
        .map(|n| {
            let next = if n == 199 {
                json!({"Type": "Pass", "End": true})
            } else {
                json!({"Type": "Pass", "Next": format!("S{}", n + 1)})
            };
            (format!("S{n}"), next)
        })
        .collect();
    Scenario::states("S0", states.into())
}

/// How often the store or queue was asked for an operation in ten runs; a run that asks without end is cut off.
fn asked(operation: Operation, states: u32, risks: Risks) -> u64 {
    let asked = |seed| {
        let (mut sim, _) = long().begin(states, seed, risks);
        sim.run_until(|sim| sim.faults.meter.of(&[operation]) > 1_000);
        sim.faults.meter.of(&[operation])
    };
    (0..10).map(asked).sum()
}

#[test]
fn duplicates_do_not_multiply() {
    let habits = Habits { duplicate: 0.05, copy: 0.05, ..Habits::GOOD };
    let sent = asked(Operation::Message, 1, Risks { habits, ..Risks::NONE });
    assert!(sent <= 10 * 200 * 105 / 100, "{sent} messages for 2000 transitions at 5 % duplicates");
}

/// 1,000 states in a row, each in a turn of its own, of which one in a hundred meets each kind of fault.
#[test]
fn at_one_percent_of_faults_messages_are_at_most_five_percent_more() {
    let states: serde_json::Map<_, _> = (0..1_000)
        .map(|n| {
            let next = format!("S{}", n + 1);
            let on = if n == 999 {
                json!({"Type": "Succeed"})
            } else {
                json!({"Type": "Pass", "Next": next})
            };
            (format!("S{n}"), on)
        })
        .collect();
    let scenario = Scenario::states("S0", states.into());
    let habits = Habits { duplicate: 0.01, copy: 0.01, delay: 0.01, ..Habits::BAD };
    let turn = 0.01 / AWAITS_OF_A_TURN;
    let plan = Plan::Random { before: turn, after: turn };
    let risks = Risks { habits, plan, crash: turn, turns: 4, ..Risks::NONE };
    let (mut messages, mut transitions) = (0, 0);
    for seed in 0..4 {
        let (mut sim, _) = scenario.begin(1, seed, risks);
        sim.run();
        messages += sim.faults.meter.of(&[Operation::Message]);
        transitions += sim.store.transitions();
    }
    assert!(transitions >= 4_000, "it ran to its end: {transitions} transitions");
    assert!(
        messages * 100 <= transitions * 105,
        "{messages} messages for {transitions} transitions"
    );
}

/// Of a turn that makes one transition of a root frame; there are not fewer.
const AWAITS_OF_A_TURN: f64 = 6.0;

/// Who reads the tail knows that the slot is taken, unless the record comes between reading and writing. Who goes by the
/// tail that a message carries does not know, and tries to write: once for each copy, since only a first delivery goes by
/// what it carries.
#[test]
fn a_first_delivery_that_finds_its_slot_taken_leaves_the_frame_to_whoever_took_it() {
    let habits = Habits { copy: 0.2, ..Habits::GOOD };
    let (mut needed, mut tried) = (0, 0);
    for seed in 0..10 {
        let (mut sim, _) = long().begin(1, seed, Risks { habits, turns: 4, ..Risks::NONE });
        sim.run();
        let (made, asked) = (sim.store.transitions(), sim.faults.meter.of(&[Operation::Insert]));
        let copies = sim.faults.counts()[Fault::Copy as usize];
        assert!(
            asked <= made + copies,
            "seed {seed}: {asked} tries, {made} records, {copies} copies"
        );
        if !sim.queue.carries() {
            (needed, tried) = (needed + made, tried + asked);
        }
    }
    assert!(
        tried <= needed * 115 / 100,
        "{tried} records tried to write where {needed} are needed"
    );
}
