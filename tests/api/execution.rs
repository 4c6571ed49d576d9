//! Executions: started, described, stopped, listed.

use serde_json::{Value, json};
use stepwright::api::execution_id;
use stepwright::store::{Closing, Status};
use stepwright_core::engine::Failure;
use stepwright_core::expr::Document;

use super::world::{FLOW, RUN, World};

#[tokio::test]
async fn a_running_execution_is_described_as_it_was_started() {
    let world = World::new().await;
    world.create("flow", json!({})).await;
    let body =
        json!({"stateMachineArn": FLOW, "name": "run", "input": "{\"a\" : 1}", "traceHeader": "t"});
    let started = world.does("StartExecution", body).await;
    assert_eq!(started, json!({"executionArn": RUN, "startDate": 1_700_000_000.123}));
    let expected = json!({
        "executionArn": RUN,
        "stateMachineArn": FLOW,
        "name": "run",
        "status": "RUNNING",
        "startDate": 1_700_000_000.123,
        "input": "{\"a\" : 1}",
        "inputDetails": {"included": true},
        "traceHeader": "t",
        "redriveCount": 0,
        "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": "Execution is RUNNING and cannot be redriven",
    });
    assert_eq!(world.does("DescribeExecution", json!({"executionArn": RUN})).await, expected);
}

#[tokio::test]
async fn name_and_input_have_defaults() {
    let world = World::new().await;
    world.create("flow", json!({})).await;
    let started = world.does("StartExecution", json!({"stateMachineArn": FLOW})).await;
    let described =
        world.does("DescribeExecution", json!({"executionArn": started["executionArn"]})).await;
    assert_eq!(described["input"], "{}");
    assert_eq!(described["name"].as_str().unwrap().len(), 36, "a UUID");
}

#[tokio::test]
async fn how_it_ended_is_described() {
    let table = [
        (
            closing(Status::Succeeded, Failure::default()),
            json!({
                "status": "SUCCEEDED",
                "output": "[1]",
                "outputDetails": {"included": true},
                "redriveStatus": "NOT_REDRIVABLE",
                "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
            }),
        ),
        (
            closing(Status::Failed, Failure::new("E", "why")),
            json!({"status": "FAILED", "error": "E", "cause": "why", "redriveStatus": "REDRIVABLE"}),
        ),
        (
            closing(Status::TimedOut, Failure::default()),
            json!({"status": "TIMED_OUT", "redriveStatus": "REDRIVABLE"}),
        ),
    ];
    for (closing, how) in table {
        let world = World::with_run().await;
        world.engine.store.close(&execution_id(FLOW, "run", 0), closing).await.unwrap();
        let mut expected = json!({
            "executionArn": RUN,
            "stateMachineArn": FLOW,
            "name": "run",
            "startDate": 1_700_000_000.123,
            "stopDate": 1_700_000_060.0,
            "input": "{}",
            "inputDetails": {"included": true},
            "redriveCount": 0,
        });
        expected.as_object_mut().unwrap().extend(how.as_object().unwrap().clone());
        let described = world.does("DescribeExecution", json!({"executionArn": RUN})).await;
        assert_eq!(described, expected);
    }
}

#[tokio::test]
async fn after_14_days_nothing_can_be_redriven() {
    let world = World::with_run().await;
    let closing = closing(Status::Failed, Failure::default());
    world.engine.store.close(&execution_id(FLOW, "run", 0), closing).await.unwrap();
    world.clock.advance(15 * 86_400);
    let described = world.does("DescribeExecution", json!({"executionArn": RUN})).await;
    assert_eq!(described["redriveStatus"], "NOT_REDRIVABLE");
    assert_eq!(described["redriveStatusReason"], "Execution redrivable period exceeded");
}

#[tokio::test]
async fn metadata_leaves_out_what_went_in_and_came_out() {
    let world = World::with_run().await;
    let closing = closing(Status::Succeeded, Failure::default());
    world.engine.store.close(&execution_id(FLOW, "run", 0), closing).await.unwrap();
    let body = json!({"executionArn": RUN, "includedData": "METADATA_ONLY"});
    let described = world.does("DescribeExecution", body).await;
    assert_eq!((&described["input"], &described["output"]), (&Value::Null, &Value::Null));
    assert_eq!(described["inputDetails"], json!({"included": false}));
    assert_eq!(described["outputDetails"], json!({"included": false}));
}

#[tokio::test]
async fn starting_the_same_while_it_runs_is_the_same_start() {
    let world = World::new().await;
    world.create("flow", json!({})).await;
    let body = json!({"stateMachineArn": FLOW, "name": "run", "input": "{}"});
    let started = world.does("StartExecution", body.clone()).await;
    world.clock.advance(9);
    assert_eq!(world.does("StartExecution", body.clone()).await, started);
    let exists =
        (400, "ExecutionAlreadyExists".to_owned(), format!("Execution Already Exists: '{RUN}'"));
    let other = json!({"stateMachineArn": FLOW, "name": "run", "input": "[]"});
    assert_eq!(world.refuses("StartExecution", other).await, exists);
    let closing = closing(Status::Succeeded, Failure::default());
    world.engine.store.close(&execution_id(FLOW, "run", 0), closing).await.unwrap();
    assert_eq!(world.refuses("StartExecution", body).await, exists);
}

#[tokio::test]
async fn an_ended_execution_says_when_it_ended_if_stopped_again() {
    let world = World::with_run().await;
    let closing = closing(Status::Failed, Failure::default());
    world.engine.store.close(&execution_id(FLOW, "run", 0), closing).await.unwrap();
    let stopped = world.does("StopExecution", json!({"executionArn": RUN})).await;
    assert_eq!(stopped, json!({"stopDate": 1_700_000_060.0}));
}

#[tokio::test]
async fn the_list_tells_the_newest_first_and_can_be_filtered() {
    let world = World::with_run().await;
    for name in ["second", "third"] {
        world.clock.advance(1);
        world.does("StartExecution", json!({"stateMachineArn": FLOW, "name": name})).await;
    }
    let closing = closing(Status::Succeeded, Failure::default());
    world.engine.store.close(&execution_id(FLOW, "second", 0), closing).await.unwrap();
    let table = [
        (json!({}), vec!["second", "third", "run"]),
        (json!({"statusFilter": "RUNNING"}), vec!["third", "run"]),
        (json!({"statusFilter": "SUCCEEDED"}), vec!["second"]),
        (json!({"statusFilter": "FAILED"}), vec![]),
        (json!({"redriveFilter": "NOT_REDRIVEN"}), vec!["second", "third", "run"]),
        (json!({"redriveFilter": "REDRIVEN"}), vec![]),
    ];
    for (filter, expected) in table {
        let mut body = json!({"stateMachineArn": FLOW});
        body.as_object_mut().unwrap().extend(filter.as_object().unwrap().clone());
        let listed = world.does("ListExecutions", body).await;
        let names: Vec<&str> = listed["executions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, expected, "{filter}");
    }
    let listed =
        world.does("ListExecutions", json!({"stateMachineArn": FLOW, "maxResults": 1})).await;
    let expected = json!([{
        "executionArn": "arn:aws:states:us-east-1:123456789012:execution:flow:second",
        "stateMachineArn": FLOW,
        "name": "second",
        "status": "SUCCEEDED",
        "startDate": 1_700_000_001.123,
        "stopDate": 1_700_000_060.0,
        "redriveCount": 0,
    }]);
    assert_eq!(listed["executions"], expected);
}

fn closing(status: Status, failure: Failure) -> Closing {
    let output = (status == Status::Succeeded).then(|| Document::from_trusted_text("[1]"));
    let stopped = stepwright_core::time::Timestamp(1_700_000_060_000_000);
    Closing { status, stopped, output, failure }
}
