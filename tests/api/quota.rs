//! How much an account may have at a time, and how long a name is taken.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use serde_json::{Value, json};
use stepwright::api::{Quotas, execution_id};
use stepwright::store::{Closing, Status};
use stepwright::turn::Clock;
use stepwright_core::engine::Failure;

use super::world::{FLOW, PASS, ROLE, RUN, World};

const TWO: Quotas =
    Quotas { executions: Some(2), machines: Some(2), activities: Some(2), workers: Some(2) };

#[tokio::test]
async fn what_is_over_a_quota_is_refused_and_what_is_there_is_not() {
    let machine = |name: &str| json!({"name": name, "definition": PASS, "roleArn": ROLE});
    let start = |name: &str| json!({"stateMachineArn": FLOW, "name": name});
    let table: [(&str, [Value; 3], &str, &str); 3] = [
        (
            "CreateStateMachine",
            [machine("flow"), machine("b"), machine("c")],
            "StateMachineLimitExceeded",
            "The maximum number of state machines has been reached. Existing state machines must be deleted before a new state machine can be created.",
        ),
        (
            "CreateActivity",
            [json!({"name": "a"}), json!({"name": "b"}), json!({"name": "c"})],
            "ActivityLimitExceeded",
            "The maximum number of activities has been reached. Existing activities must be deleted before a new activity can be created.",
        ),
        (
            "StartExecution",
            [start("run"), start("b"), start("c")],
            "ExecutionLimitExceeded",
            "The maximum number of running executions has been reached. Running executions must end or be stopped before a new execution can be started.",
        ),
    ];
    let world = World::within(TWO).await;
    for (operation, [first, second, third], kind, message) in table {
        let one = world.does(operation, first.clone()).await;
        assert_eq!(world.does(operation, first.clone()).await, one, "the same again");
        world.does(operation, second).await;
        let refused = (400, kind.to_owned(), message.to_owned());
        assert_eq!(world.refuses(operation, third).await, refused);
        assert_eq!(world.does(operation, first).await, one, "the same again, where all is full");
    }
}

#[tokio::test]
async fn what_has_ended_or_was_deleted_makes_room() {
    let world = World::within(TWO).await;
    world.create("flow", json!({})).await;
    for name in ["run", "b"] {
        world.does("StartExecution", json!({"stateMachineArn": FLOW, "name": name})).await;
    }
    world.does("StopExecution", json!({"executionArn": RUN})).await;
    world.does("StartExecution", json!({"stateMachineArn": FLOW, "name": "c"})).await;
    let redrive = world.refuses("RedriveExecution", json!({"executionArn": RUN})).await;
    assert_eq!(redrive.1, "ExecutionLimitExceeded");
    for name in ["a", "b", "c", "d"] {
        let made = world.does("CreateActivity", json!({"name": name})).await;
        if name > "a" {
            world.does("DeleteActivity", json!({"activityArn": made["activityArn"]})).await;
        }
    }
}

#[tokio::test]
async fn so_many_workers_may_wait_for_an_activity() {
    let world = World::within(TWO).await;
    let made = world.does("CreateActivity", json!({"name": "dig"})).await;
    let body = json!({"activityArn": made["activityArn"]});
    let mut one = Box::pin(world.call("GetActivityTask", &body));
    let mut two = pin!(world.call("GetActivityTask", &body));
    poll_fn(|context| {
        assert!(one.as_mut().poll(context).is_pending() && two.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
    let (_, kind, message) = world.refuses("GetActivityTask", body.clone()).await;
    assert_eq!(kind, "ActivityWorkerLimitExceeded");
    assert!(message.starts_with("The maximum number of workers concurrently polling"), "{message}");
    drop(one);
    world.api.close();
    assert_eq!(world.does("GetActivityTask", body.clone()).await["taskToken"], Value::Null);
}

#[tokio::test]
async fn the_name_of_an_execution_is_free_90_days_after_it_was_closed() {
    let world = World::with_run().await;
    let start = json!({"stateMachineArn": FLOW, "name": "run", "input": "[2]"});
    let day = 86_400;
    for (later, run, expected) in [(0, 0, false), (89, 0, false), (2, 0, true), (91, 1, true)] {
        let id = execution_id(FLOW, "run", run);
        let stopped = world.clock.now();
        let closing =
            Closing { status: Status::Aborted, stopped, output: None, failure: Failure::default() };
        world.engine.store.close(&id, closing).await.unwrap();
        world.clock.advance(later * day);
        let answer = world.call("StartExecution", &start).await;
        assert_eq!(answer.status == 200, expected, "{later} days later: {}", answer.body);
        let described = world.does("DescribeExecution", json!({"executionArn": RUN})).await;
        let status = if expected { "RUNNING" } else { "ABORTED" };
        assert_eq!(described["status"], status, "{later} days later");
    }
    let described = world.does("DescribeExecution", json!({"executionArn": RUN})).await;
    assert_eq!(described["input"], "[2]");
}
