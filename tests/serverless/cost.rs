//! What the serverless home costs: executions on the real store and queue, as a worker function runs them, with every
//! request that leaves counted on the wire. The counts are exact; a request more is a failure.

use serde_json::json;
use stepwright::telemetry::metrics::emf::Teller;
use stepwright::telemetry::metrics::{Metrics, TaskEnd};
use stepwright_core::event::StateClass;

use super::world::{MESSAGE_SECONDS, Mode, TASK_SECONDS, WORK, World, ten_states, ten_states_with};
use crate::support::bill::Bill;
use crate::support::build::START;

/// Operations and how often, in one line.
fn told(bill: &Bill) -> String {
    let requests = bill.requests.iter().map(|(name, times)| format!("{name} {times}"));
    let requests = requests.collect::<Vec<_>>().join(", ");
    format!("{requests}; {} WRU, {} RRU, {} SQS", bill.writes, bill.reads, bill.messages)
}

fn print(what: &str, bill: &Bill, transitions: f64) {
    let each = bill.dollars() / transitions * 1e6;
    println!("{what}: ${each:.2} per million transitions ({})", told(bill));
}

fn as_expected(counted: &[(String, &str)]) {
    let (counted, expected): (Vec<_>, Vec<_>) = counted.iter().cloned().unzip();
    assert_eq!(counted, expected);
}

/// The bars hold for what the template makes unless it is told otherwise: its memory, its processor, its metrics.
#[tokio::test]
async fn ten_states_with_five_tasks() {
    let table = [
        (Mode { states: 1, batch: 1 }, 284.0, STRICT),
        (Mode { states: 1, batch: 10 }, 152.0, STRICT_TOGETHER),
        (Mode { states: u32::MAX, batch: 1 }, 89.0, RUN_ON),
        (Mode { states: u32::MAX, batch: 10 }, 73.0, RUN_ON_TOGETHER),
    ];
    let mut counted = Vec::new();
    for (mode, bar, expected) in table {
        let Some(world) = World::new(mode, &ten_states()).await else { return };
        let bill = ten_states_in(&world, mode, "").await;
        counted.push((told(&bill), expected));
        let cents = cents(&bill, mode);
        assert!(cents <= bar, "{mode:?}: {cents} cents per million transitions, more than {bar}");
    }
    as_expected(&counted);
}

/// Tasks that may take long are for the slow worker, and those that say how long they take are not.
#[tokio::test]
async fn ten_states_with_five_tasks_and_two_workers() {
    let quick = json!({"Type": "Task", "Resource": WORK, "TimeoutSeconds": 45});
    let long = json!({"Type": "Task", "Resource": WORK});
    let (strict, run_on) = (Mode { states: 1, batch: 1 }, Mode { states: u32::MAX, batch: 1 });
    let together = Mode { states: 1, batch: 10 };
    let table = [
        (strict, &quick, 284.0, STRICT),
        (strict, &long, 284.0, STRICT),
        (together, &long, 152.0, STRICT_TOGETHER),
        (run_on, &quick, 89.0, RUN_ON),
        (run_on, &long, 108.0, RUN_ON_HANDED_OVER),
    ];
    let mut counted = Vec::new();
    for (mode, task, bar, expected) in table {
        let Some(world) = World::routed(mode, &ten_states_with(task)).await else { return };
        let what = if task == &long { ", long tasks" } else { ", quick tasks" };
        let bill = ten_states_in(&world, mode, what).await;
        counted.push((told(&bill), expected));
        let cents = cents(&bill, mode);
        assert!(cents <= bar, "{mode:?}{what}: {cents} cents per million, more than {bar}");
    }
    as_expected(&counted);
}

/// Runs as many executions as a batch has, and bills them with the lines of a function that is busy with such ones.
async fn ten_states_in(world: &World, mode: Mode, what: &str) -> Bill {
    let bill = world.run(mode.batch, r#"{"order":{"id":"A-1","total":19.9}}"#).await;
    let messages = if mode.states == 1 { 10.0 } else { 1.0 };
    let seconds = messages * MESSAGE_SECONDS + 5.0 * TASK_SECONDS / mode.batch as f64;
    let logged = lines_of_a_busy_function(seconds) * mode.batch as f64;
    let bill = bill.and(Bill { logged, ..Bill::default() });
    print(&format!("{mode:?}{what}"), &bill, 10.0 * mode.batch as f64);
    bill
}

fn cents(bill: &Bill, mode: Mode) -> f64 {
    (bill.dollars() / (10.0 * mode.batch as f64) * 1e8).round()
}

/// Bytes that a function logs for each execution of ten states, five of them tasks, when it is busy with them one after
/// the other for so many seconds each. (Nothing else is logged of what goes well.)
fn lines_of_a_busy_function(seconds: f64) -> f64 {
    let (metrics, teller) = (Metrics::default(), Teller::of("stepwright"));
    let mut now = START;
    let mut bytes = 0;
    for _ in 0..EXECUTIONS {
        metrics.started("order-fulfilment");
        for _ in 0..5 {
            metrics.transition(StateClass::Pass);
            metrics.transition(StateClass::Task);
            metrics.task(TaskEnd::Succeeded, TASK_SECONDS);
            metrics.transition_took(MESSAGE_SECONDS);
            metrics.transition_took(MESSAGE_SECONDS);
        }
        metrics.ended("order-fulfilment", "SUCCEEDED");
        now = now.plus_seconds(seconds);
        bytes += teller.line(&metrics, now).map_or(0, |line| line.len() + LINE_BYTES);
    }
    bytes as f64 / f64::from(EXECUTIONS)
}

#[tokio::test]
async fn a_map_of_a_hundred() {
    let each = json!({"StartAt": "Work", "States": {"Work": {"Type": "Task", "Resource": WORK, "End": true}}});
    let definition = json!({"StartAt": "Map", "States": {"Map": {"Type": "Map", "ItemProcessor": each, "End": true}}});
    let items: Vec<_> = (0..100).collect();
    let mut counted = Vec::new();
    for (states, expected) in [(1, MAP), (u32::MAX, MAP_RUN_ON)] {
        let mode = Mode { states, batch: 10 };
        let Some(world) = World::new(mode, &definition).await else { return };
        let bill = world.run(1, &json!(items).to_string()).await;
        print(&format!("a Map of 100, {mode:?}"), &bill, 101.0);
        counted.push((told(&bill), expected));
    }
    as_expected(&counted);
}

#[tokio::test]
async fn a_wait_of_a_year() {
    let wait = json!({"Type": "Wait", "Seconds": 31_536_000, "End": true});
    let definition = json!({"StartAt": "Wait", "States": {"Wait": wait}});
    let mut counted = Vec::new();
    for (states, expected) in [(1, YEAR), (u32::MAX, YEAR)] {
        let mode = Mode { states, batch: 1 };
        let Some(world) = World::new(mode, &definition).await else { return };
        let mut bill = world.run(1, "{}").await;
        bill = bill.and(world.run_parked().await);
        print(&format!("a Wait of a year, {mode:?}"), &bill, 1.0);
        counted.push((told(&bill), expected));
    }
    as_expected(&counted);
}

const STRICT: &str = "DeleteMessageBatch 10, PutItem 16, ReceiveMessage 10, SendMessageBatch 10, \
    UpdateItem 1; \
    20 WRU, 0 RRU, 30 SQS";
const STRICT_TOGETHER: &str = "DeleteMessageBatch 10, PutItem 160, ReceiveMessage 10, SendMessageBatch 10, \
    UpdateItem 10; \
    200 WRU, 0 RRU, 30 SQS";
const RUN_ON_HANDED_OVER: &str = "DeleteMessageBatch 2, PutItem 7, ReceiveMessage 2, SendMessageBatch 2, \
    UpdateItem 1; \
    11 WRU, 0 RRU, 6 SQS";
const RUN_ON: &str = "DeleteMessageBatch 1, PutItem 7, ReceiveMessage 1, SendMessageBatch 1, \
    UpdateItem 1; \
    11 WRU, 0 RRU, 3 SQS";
const RUN_ON_TOGETHER: &str = "DeleteMessageBatch 1, PutItem 70, ReceiveMessage 1, SendMessageBatch 1, \
    UpdateItem 10; \
    110 WRU, 0 RRU, 3 SQS";
const MAP: &str = "DeleteMessageBatch 12, GetItem 100, PutItem 203, Query 3, ReceiveMessage 12, \
    SendMessageBatch 12, UpdateItem 141; \
    347 WRU, 142 RRU, 36 SQS";
const MAP_RUN_ON: &str = "DeleteMessageBatch 6, GetItem 40, PutItem 143, Query 3, ReceiveMessage 6, \
    SendMessageBatch 6, UpdateItem 141; \
    287 WRU, 67 RRU, 18 SQS";
const YEAR: &str = "DeleteMessageBatch 2, GetItem 1, PutItem 4, Query 1, ReceiveMessage 2, \
    SendMessageBatch 2, UpdateItem 1; \
    8 WRU, 2 RRU, 6 SQS";

/// An hour's worth, or more.
const EXECUTIONS: u32 = 20_000;
/// What CloudWatch adds to each line, and its end.
const LINE_BYTES: usize = 27;
