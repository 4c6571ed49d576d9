//! Workers that hang up while they wait for a task: they take up no room and take no task along.

use std::sync::Arc;

use serde_json::{Value, json};
use stepwright::api::{Api, Quotas};
use stepwright::local::world::{Home, Place, Watchers, World as Running};
use stepwright_core::engine::Limits;

use super::serve::{Answer, Server};
use super::work::DIG;
use super::world::{FLOW, Nobody, ROLE};

#[tokio::test]
async fn workers_that_hang_up_make_room_and_leave_the_tasks_to_others() {
    let place = Place { region: "us-east-1".into(), account: "123456789012".into() };
    let running =
        Running::open(&Home::Memory, (place, Limits::AWS), Arc::new(Nobody), Watchers::default())
            .await
            .unwrap();
    let quotas = Quotas { workers: Some(WORKERS), ..Quotas::AWS };
    let server = Server::over(Arc::new(Api::new(running.engine.clone()).with_quotas(quotas))).await;
    call(&server, "CreateActivity", &json!({"name": "dig"})).await;
    let definition =
        json!({"StartAt": "D", "States": {"D": {"Type": "Task", "Resource": DIG, "End": true}}});
    let body = json!({"name": "flow", "definition": definition.to_string(), "roleArn": ROLE});
    call(&server, "CreateStateMachine", &body).await;
    let poll = json!({"activityArn": DIG});
    for round in 0..5 {
        // They come, wait, and hang up just as tasks are put on offer.
        let mut workers = Vec::new();
        for _ in 0..WORKERS {
            let mut worker = server.connect().await;
            worker.ask("GetActivityTask", &poll.to_string()).await;
            workers.push(worker);
        }
        drop(workers);
        let mut left: Vec<String> = (0..3).map(|task| json!([round, task]).to_string()).collect();
        for input in &left {
            call(&server, "StartExecution", &json!({"stateMachineArn": FLOW, "input": input}))
                .await;
        }
        while !left.is_empty() {
            let answer = ask(&server, "GetActivityTask", &poll).await;
            let body: Value = serde_json::from_str(&answer.body).unwrap();
            if body["__type"] == "ActivityWorkerLimitExceeded" {
                tokio::task::yield_now().await;
                continue;
            }
            let at = left.iter().position(|input| body["input"] == input.as_str());
            left.remove(at.expect("a task of this round, once"));
        }
    }
}

async fn ask(server: &Server, operation: &str, body: &Value) -> Answer {
    let mut client = server.connect().await;
    client.post(&format!("AWSStepFunctions.{operation}"), &body.to_string()).await
}

async fn call(server: &Server, operation: &str, body: &Value) {
    let answer = ask(server, operation, body).await;
    assert_eq!(answer.status, 200, "{operation}: {}", answer.body);
}

const WORKERS: usize = 8;
