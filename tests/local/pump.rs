//! Tasks that take their time hold nobody up.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use serde_json::{Value, json};
use stepwright::api::Api;
use stepwright::local::world::{Home, Place, Watchers, World};
use stepwright::task::Performer;
use stepwright_core::engine::{Limits, TaskCall, TaskOutcome};
use stepwright_core::expr::Document;

/// More than turns compute at a time.
const MANY: usize = 1_100;

const ROLE: &str = "arn:aws:iam::123456789012:role/r";

#[tokio::test]
async fn tasks_without_end_leave_room_for_other_executions() {
    let (world, api) = open(Arc::new(Endless)).await;
    let slow = create(&api, "slow", &task()).await;
    for _ in 0..MANY {
        start(&api, &slow).await;
    }
    let quick = create(&api, "quick", &json!({"Type": "Pass", "End": true})).await;
    let execution = start(&api, &quick).await;
    assert_eq!(ended(&api, &execution).await["status"], "SUCCEEDED");
    drop(world);
}

#[tokio::test]
async fn as_many_tasks_as_there_are_may_wait_for_executions_that_they_start() {
    let parent = Arc::new(Parent::default());
    let (_world, api) = open(parent.clone()).await;
    let child = create(&api, "child", &json!({"Type": "Pass", "End": true})).await;
    assert!(parent.0.set((api.clone(), child)).is_ok());
    let machine = create(&api, "parent", &task()).await;
    let mut executions = Vec::new();
    for _ in 0..MANY {
        executions.push(start(&api, &machine).await);
    }
    for execution in executions {
        assert_eq!(ended(&api, &execution).await["status"], "SUCCEEDED");
    }
}

/// With one thread nobody overtakes: what comes first is what was first in the queue.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn lanes_that_may_all_go_at_once_begin_in_their_order() {
    let (_world, api) = open(Arc::new(Endless)).await;
    let pass = json!({"Type": "Pass", "End": true});
    let map = json!({
        "Type": "Map", "ItemProcessor": {"StartAt": "P", "States": {"P": pass}}, "End": true
    });
    let machine = create(&api, "wide", &map).await;
    let body = json!({"stateMachineArn": machine, "input": "[0,1,2,3,4]"});
    let execution = call(&api, "StartExecution", &body).await["executionArn"].clone();
    ended(&api, execution.as_str().unwrap()).await;
    let history = call(&api, "GetExecutionHistory", &json!({"executionArn": execution})).await;
    let begun = history["events"].as_array().unwrap().iter();
    let begun = begun.filter_map(|e| e["mapIterationStartedEventDetails"]["index"].as_u64());
    assert_eq!(begun.collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
}

/// Never gets done.
struct Endless;

#[async_trait]
impl Performer for Endless {
    async fn perform(&self, _call: &TaskCall) -> TaskOutcome {
        std::future::pending().await
    }
}

/// Starts an execution and waits for it.
#[derive(Default)]
struct Parent(OnceLock<(Arc<Api>, String)>);

#[async_trait]
impl Performer for Parent {
    async fn perform(&self, _call: &TaskCall) -> TaskOutcome {
        let (api, child) = self.0.get().unwrap();
        let execution = start(api, child).await;
        ended(api, &execution).await;
        TaskOutcome::Succeeded(Document::empty_object())
    }
}

fn task() -> Value {
    json!({"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "End": true})
}

async fn open(tasks: Arc<dyn Performer>) -> (World, Arc<Api>) {
    let place = Place { region: "us-east-1".into(), account: "123456789012".into() };
    let world =
        World::open(&Home::Memory, (place, Limits::AWS), tasks, Watchers::default()).await.unwrap();
    let api = Arc::new(Api::new(world.engine.clone()));
    (world, api)
}

async fn create(api: &Api, name: &str, state: &Value) -> String {
    let definition = json!({"StartAt": "S", "States": {"S": state}}).to_string();
    let body = json!({"name": name, "definition": definition, "roleArn": ROLE});
    call(api, "CreateStateMachine", &body).await["stateMachineArn"].as_str().unwrap().to_owned()
}

async fn start(api: &Api, machine: &str) -> String {
    let started = call(api, "StartExecution", &json!({"stateMachineArn": machine})).await;
    started["executionArn"].as_str().unwrap().to_owned()
}

async fn ended(api: &Api, execution: &str) -> Value {
    for _ in 0..6_000 {
        let found = call(api, "DescribeExecution", &json!({"executionArn": execution})).await;
        if found["status"] != "RUNNING" {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{execution} does not end");
}

async fn call(api: &Api, operation: &str, body: &Value) -> Value {
    let response = api.call(operation, body.to_string().as_bytes()).await;
    assert_eq!(response.status, 200, "{operation}: {}", response.body);
    serde_json::from_str(&response.body).unwrap()
}
