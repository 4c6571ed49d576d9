//! The engine: a definition and an input run to their end, with tasks that do what a script says. Parts: definition, input,
//! script.

use std::sync::Arc;

use serde_json::{Value, json};
use stepwright::store::{Journal as _, ListQuery};
use stepwright_core::engine::{FrameId, Phase, Record};

use crate::home::{Home, OWNER, ROLE, block_on};
use crate::parts;

pub(super) fn run(input: &[u8]) {
    let mut parts = parts(input);
    let definition = parts.next().unwrap_or_default();
    let (data, script) = (parts.next().unwrap_or(b"{}"), parts.next().unwrap_or_default());
    block_on(async {
        let home = Home::new().await;
        home.script(script);
        if !start(&home, definition, data).await {
            return;
        }
        home.idle().await;
        if !home.queue.is_empty() {
            // It has had its turns.
            return;
        }
        let body = json!({"executionArn": format!("arn:aws:states:{OWNER}:execution:m:run")});
        for operation in ["DescribeExecution", "GetExecutionHistory"] {
            let response =
                home.call(operation, body.to_string().as_bytes()).await.expect("an answer");
            let answer: Value = serde_json::from_str(&response.body).expect("JSON");
            assert_eq!(response.status, 200, "{answer}");
            if answer.get("status").is_some_and(|status| status == "RUNNING") {
                let waits = records(&home).await.iter().any(|record| {
                    matches!(record.frame.phase, Phase::Pending(_) | Phase::Forked(_))
                });
                assert!(waits, "it runs, but nothing is left to do and it waits for nobody");
            }
        }
    });
}

/// Makes the machine `m` and starts its execution `run`; whether both could be done.
pub(super) async fn start(home: &Home, definition: &[u8], data: &[u8]) -> bool {
    let (definition, data) = (String::from_utf8_lossy(definition), String::from_utf8_lossy(data));
    let arn = format!("arn:aws:states:{OWNER}:stateMachine:m");
    let activity = json!({"name": "dig"});
    let create = json!({"name": "m", "definition": definition, "roleArn": ROLE});
    let start = json!({"stateMachineArn": arn, "name": "run", "input": data});
    for (operation, body) in
        [("CreateActivity", activity), ("CreateStateMachine", create), ("StartExecution", start)]
    {
        // Not beside the engines: nothing is to happen yet.
        let response = home.api.call(operation, body.to_string().as_bytes()).await;
        assert!(response.status < 500, "{operation}: {}", response.body);
        if response.status != 200 {
            return false;
        }
    }
    true
}

/// All records of all executions.
pub(super) async fn records(home: &Home) -> Vec<Arc<Record>> {
    let machine = format!("arn:aws:states:{OWNER}:stateMachine:m").into();
    let query = ListQuery { machine, status: None, after: None, limit: 100 };
    let mut found = Vec::new();
    for execution in home.store.list(&query).await.expect("a store in memory") {
        let records = home.store.records(&execution.id, &FrameId("".into()), None).await;
        found.extend(records.expect("a store in memory").into_iter().map(|stored| stored.1));
    }
    found
}
