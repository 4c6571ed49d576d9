//! Redrive: which executions can be redriven, and what they do then.

use serde_json::{Value, json};
use stepwright::api::execution_id;
use stepwright::store::{Closing, Status};
use stepwright_core::engine::Failure;
use stepwright_core::time::Timestamp;

use super::work::{DIG, World as Working};
use super::world::{FLOW, ROLE, RUN, World};

#[tokio::test]
async fn what_cannot_be_redriven_says_why() {
    let closed = |status| Closing {
        status,
        stopped: Timestamp(1_700_000_060_000_000),
        output: None,
        failure: Failure::default(),
    };
    let day = 86_400;
    let table = [
        (None, 0, "Execution is RUNNING and cannot be redriven"),
        (Some(Status::Succeeded), 0, "Execution is SUCCEEDED and cannot be redriven"),
        (Some(Status::Failed), 15 * day, "Execution redrivable period exceeded"),
        (Some(Status::Aborted), 366 * day, "Execution has exceeded the max execution time"),
    ];
    for (status, later, reason) in table {
        let world = World::with_run().await;
        if let Some(status) = status {
            let id = execution_id(FLOW, "run", 0);
            world.engine.store.close(&id, closed(status)).await.unwrap();
        }
        world.clock.advance(later);
        let body = json!({"executionArn": RUN});
        let message = format!("Execution Not Redrivable: '{reason}'");
        let expected = (400, "ExecutionNotRedrivable".to_owned(), message);
        assert_eq!(world.refuses("RedriveExecution", body.clone()).await, expected);
        let described = world.does("DescribeExecution", body).await;
        assert_eq!(described["redriveStatus"], "NOT_REDRIVABLE");
        assert_eq!(described["redriveStatusReason"], reason);
    }
}

#[tokio::test]
async fn executions_of_a_deleted_machine_cannot_be_redriven() {
    let world = Working::open().await;
    world.start_digging().await;
    world.does("DeleteStateMachine", json!({"stateMachineArn": FLOW})).await;
    let (_, kind, message) = world.refuses("RedriveExecution", json!({"executionArn": RUN})).await;
    assert_eq!(kind, "ExecutionNotRedrivable");
    assert_eq!(message, "Execution Not Redrivable: 'State machine is in DELETING status.'");
}

#[tokio::test]
async fn a_failed_task_is_tried_again_and_the_execution_goes_on() {
    let world = Working::open().await;
    world.start_digging().await;
    let by = json!({"executionArn": RUN});
    for count in 1..=2 {
        fail(&world).await;
        let ended = world.ended(RUN).await;
        assert_eq!(
            (&ended["status"], &ended["redriveStatus"]),
            (&json!("FAILED"), &json!("REDRIVABLE"))
        );
        let body = json!({"executionArn": RUN, "clientToken": count.to_string()});
        let redriven = world.does("RedriveExecution", body.clone()).await;
        assert_eq!(world.does("RedriveExecution", body).await, redriven, "the same token again");
        let running = world.does("DescribeExecution", by.clone()).await;
        let expected = (&json!("RUNNING"), &json!(count), &redriven["redriveDate"]);
        assert_eq!(
            (&running["status"], &running["redriveCount"], &running["redriveDate"]),
            expected
        );
        assert_eq!(running["stopDate"], Value::Null);
    }
    let work = world.does("GetActivityTask", json!({"activityArn": DIG})).await;
    assert_eq!(work["input"], r#"{"depth":3}"#, "the input that the state had");
    let answer = json!({"taskToken": work["taskToken"], "output": "7"});
    world.does("SendTaskSuccess", answer).await;
    let ended = world.ended(RUN).await;
    assert_eq!((&ended["status"], &ended["output"]), (&json!("SUCCEEDED"), &json!("7")));
    let history = world.does("GetExecutionHistory", by).await;
    let events: Vec<String> = history["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| format!("{}<{} {}", e["id"], e["previousEventId"], e["type"].as_str().unwrap()))
        .collect();
    let expected = [
        "1<0 ExecutionStarted",
        "2<0 TaskStateEntered",
        "3<2 ActivityScheduled",
        "4<3 ActivityStarted",
        "5<4 ActivityFailed",
        "6<5 ExecutionFailed",
        "7<6 ExecutionRedriven",
        "8<7 ActivityScheduled",
        "9<8 ActivityStarted",
        "10<9 ActivityFailed",
        "11<10 ExecutionFailed",
        "12<11 ExecutionRedriven",
        "13<12 ActivityScheduled",
        "14<13 ActivityStarted",
        "15<14 ActivitySucceeded",
        "16<15 TaskStateExited",
        "17<16 ExecutionSucceeded",
    ];
    assert_eq!(events, expected);
    assert_eq!(history["events"][11]["executionRedrivenEventDetails"], json!({"redriveCount": 2}));
    for (filter, expected) in [("REDRIVEN", 1), ("NOT_REDRIVEN", 0)] {
        let body = json!({"stateMachineArn": FLOW, "redriveFilter": filter});
        let listed = world.does("ListExecutions", body).await;
        assert_eq!(listed["executions"].as_array().unwrap().len(), expected, "{filter}");
    }
}

#[tokio::test]
async fn parallel_branches_are_run_again_and_the_context_tells_of_the_redrive() {
    let world = Working::open().await;
    world.does("CreateActivity", json!({"name": "dig"})).await;
    let branch =
        json!({"StartAt": "D", "States": {"D": {"Type": "Task", "Resource": DIG, "End": true}}});
    let tell = json!({"Type": "Pass", "Parameters": {"redrives.$": "$$.Execution.RedriveCount", "at.$": "$$.Execution.RedriveTime"}, "End": true});
    let definition = json!({"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": [branch], "Next": "T"}, "T": tell}});
    let body = json!({"name": "flow", "definition": definition.to_string(), "roleArn": ROLE});
    world.does("CreateStateMachine", body).await;
    world.does("StartExecution", json!({"stateMachineArn": FLOW, "name": "run"})).await;
    fail(&world).await;
    world.ended(RUN).await;
    world.does("RedriveExecution", json!({"executionArn": RUN})).await;
    let work = world.does("GetActivityTask", json!({"activityArn": DIG})).await;
    world.does("SendTaskSuccess", json!({"taskToken": work["taskToken"], "output": "7"})).await;
    let ended = world.ended(RUN).await;
    let output: Value = serde_json::from_str(ended["output"].as_str().unwrap()).unwrap();
    assert_eq!(output["redrives"], 1);
    assert!(output["at"].is_string());
}

#[tokio::test]
async fn a_time_limit_counts_from_the_redrive() {
    let world = Working::open().await;
    let definition = r#"{"StartAt":"W","TimeoutSeconds":1,"States":{"W":{"Type":"Wait","Seconds":600,"End":true}}}"#;
    let body = json!({"name": "flow", "definition": definition, "roleArn": ROLE});
    world.does("CreateStateMachine", body).await;
    world.does("StartExecution", json!({"stateMachineArn": FLOW, "name": "run"})).await;
    let first = world.ended(RUN).await;
    world.does("RedriveExecution", json!({"executionArn": RUN})).await;
    let second = world.ended(RUN).await;
    assert_eq!(second["status"], "TIMED_OUT");
    let took = second["stopDate"].as_f64().unwrap() - second["redriveDate"].as_f64().unwrap();
    assert!(took >= 1.0, "{first} {second}");
}

/// Takes the task of the activity and fails it.
async fn fail(world: &Working) {
    let work = world.does("GetActivityTask", json!({"activityArn": DIG})).await;
    world.does("SendTaskFailure", json!({"taskToken": work["taskToken"], "error": "E"})).await;
}
