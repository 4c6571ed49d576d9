//! The API over an engine at work: what a client sees of an execution from its start to its end.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use stepwright_core::engine::Limits;

use serde_json::{Value, json};
use stepwright::api::Api;
use stepwright::local::world::{Home, Place, Watchers, World as Running};

use super::world::{FLOW, Nobody, ROLE, RUN, refusal};

pub(super) const DIG: &str = "arn:aws:states:us-east-1:123456789012:activity:dig";

#[tokio::test]
async fn a_worker_gets_a_task_and_its_answer_ends_the_execution() {
    let world = World::open().await;
    world.start_digging().await;
    let work = world.does("GetActivityTask", json!({"activityArn": DIG, "workerName": "w"})).await;
    assert_eq!(work["input"], r#"{"depth":3}"#);
    let token = &work["taskToken"];
    world.does("SendTaskHeartbeat", json!({"taskToken": token})).await;
    world.does("SendTaskSuccess", json!({"taskToken": token, "output": "\"gold\""})).await;
    let ended = world.ended(RUN).await;
    assert_eq!((&ended["status"], &ended["output"]), (&json!("SUCCEEDED"), &json!("\"gold\"")));
    let gone = world.refuses("SendTaskSuccess", json!({"taskToken": token, "output": "1"})).await;
    assert_eq!(gone.1, "TaskTimedOut");
    assert_eq!(gone.2, "Task Timed Out: 'Provided task does not exist anymore'");
    let told = world.does("GetExecutionHistory", json!({"executionArn": RUN})).await;
    let types: Vec<&str> =
        told["events"].as_array().unwrap().iter().map(|e| e["type"].as_str().unwrap()).collect();
    let expected = [
        "ExecutionStarted",
        "TaskStateEntered",
        "ActivityScheduled",
        "ActivityStarted",
        "ActivitySucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ];
    assert_eq!(types, expected);
}

#[tokio::test]
async fn a_worker_that_goes_away_takes_no_task_with_it() {
    let world = World::open().await;
    let body = json!({"activityArn": DIG}).to_string();
    world.does("CreateActivity", json!({"name": "dig"})).await;
    {
        let mut poll = pin!(world.api.call("GetActivityTask", body.as_bytes()));
        // Polled once: it waits in line. Then it is dropped, as when the connection breaks.
        poll_fn(|context| {
            assert!(poll.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
    }
    world.start_digging().await;
    let work = world.does("GetActivityTask", json!({"activityArn": DIG})).await;
    assert_eq!(work["input"], r#"{"depth":3}"#);
}

#[tokio::test]
async fn a_stopped_execution_is_aborted_with_the_reason_given() {
    let world = World::open().await;
    world.start_digging().await;
    let body = json!({"executionArn": RUN, "error": "E", "cause": "why"});
    let stopped = world.does("StopExecution", body.clone()).await;
    let described = world.does("DescribeExecution", json!({"executionArn": RUN})).await;
    assert_eq!(described["status"], "ABORTED");
    assert_eq!((&described["error"], &described["cause"]), (&json!("E"), &json!("why")));
    assert_eq!(described["stopDate"], stopped["stopDate"]);
    assert_eq!(world.does("StopExecution", body).await, stopped);
}

#[tokio::test]
async fn deleting_a_machine_ends_its_executions() {
    let world = World::open().await;
    world.start_digging().await;
    world.does("DeleteStateMachine", json!({"stateMachineArn": FLOW})).await;
    let (_, kind, _) =
        world.refuses("DescribeStateMachine", json!({"stateMachineArn": FLOW})).await;
    assert_eq!(kind, "StateMachineDoesNotExist");
    let described = world.does("DescribeExecution", json!({"executionArn": RUN})).await;
    assert_eq!(described["status"], "ABORTED");
}

#[tokio::test]
async fn a_machine_that_takes_too_long_ends_its_execution() {
    let world = World::open().await;
    let definition = r#"{"StartAt":"W","TimeoutSeconds":1,"States":{"W":{"Type":"Wait","Seconds":600,"End":true}}}"#;
    world
        .does(
            "CreateStateMachine",
            json!({"name": "flow", "definition": definition, "roleArn": ROLE}),
        )
        .await;
    world.does("StartExecution", json!({"stateMachineArn": FLOW, "name": "run"})).await;
    let ended = world.ended(RUN).await;
    assert_eq!((&ended["status"], &ended["error"]), (&json!("TIMED_OUT"), &Value::Null));
}

pub(super) struct World {
    api: Api,
    _running: Running,
}

impl World {
    pub(super) async fn open() -> World {
        World::within(Limits::AWS).await
    }

    pub(super) async fn within(limits: Limits) -> World {
        let place = Place { region: "us-east-1".into(), account: "123456789012".into() };
        let running =
            Running::open(&Home::Memory, (place, limits), Arc::new(Nobody), Watchers::default())
                .await
                .unwrap();
        World { api: Api::new(running.engine.clone()), _running: running }
    }

    /// The execution `run` of a machine with one task for the activity `dig`.
    pub(super) async fn start_digging(&self) {
        self.does("CreateActivity", json!({"name": "dig"})).await;
        let definition = json!({"StartAt": "D", "States": {"D": {"Type": "Task", "Resource": DIG, "End": true}}});
        let body = json!({"name": "flow", "definition": definition.to_string(), "roleArn": ROLE});
        self.does("CreateStateMachine", body).await;
        let body = json!({"stateMachineArn": FLOW, "name": "run", "input": r#"{"depth":3}"#});
        self.does("StartExecution", body).await;
    }

    /// The execution once it has ended.
    pub(super) async fn ended(&self, arn: &str) -> Value {
        loop {
            let described = self.does("DescribeExecution", json!({"executionArn": arn})).await;
            if described["status"] != "RUNNING" {
                return described;
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }

    pub(super) async fn does(&self, operation: &str, body: Value) -> Value {
        let response = self.api.call(operation, body.to_string().as_bytes()).await;
        assert_eq!(response.status, 200, "{operation} {body}: {}", response.body);
        serde_json::from_str(&response.body).unwrap()
    }

    pub(super) async fn refuses(&self, operation: &str, body: Value) -> (u16, String, String) {
        refusal(&self.api.call(operation, body.to_string().as_bytes()).await)
    }
}
