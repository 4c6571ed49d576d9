//! Map Runs and their child executions, as a client sees them.

use serde_json::{Value, json};
use stepwright_core::engine::Limits;

use super::work::{DIG, World};
use super::world::{FLOW, ROLE, RUN};

/// A machine `flow` with a distributed Map; `more` are further fields of it.
async fn world(states: Value, more: Value) -> World {
    flow(World::open().await, states, more).await
}

/// The same machine in this world.
async fn flow(world: World, states: Value, more: Value) -> World {
    let mut map = json!({
        "Type": "Map", "Label": "each", "End": true,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Each", "States": states,
        },
    });
    for (name, value) in more.as_object().unwrap() {
        map[name] = value.clone();
    }
    let definition = json!({"StartAt": "M", "States": {"M": map}}).to_string();
    let machine = json!({"name": "flow", "definition": definition, "roleArn": ROLE});
    world.does("CreateStateMachine", machine).await;
    world
}

async fn start(world: &World, input: &Value) {
    let body = json!({"stateMachineArn": FLOW, "name": "run", "input": input.to_string()});
    world.does("StartExecution", body).await;
}

/// The only Map Run of the execution `run`, once there is one.
async fn run_of(world: &World) -> String {
    loop {
        let listed = world.does("ListMapRuns", json!({"executionArn": RUN})).await;
        if let Some(run) = listed["mapRuns"][0]["mapRunArn"].as_str() {
            return run.to_owned();
        }
        tokio::task::yield_now().await;
    }
}

/// Executions of a Map Run; fields of `filter` narrow them down.
async fn children(world: &World, run: &str, filter: Value) -> Vec<Value> {
    let mut body = json!({"mapRunArn": run});
    for (name, value) in filter.as_object().unwrap() {
        body[name] = value.clone();
    }
    world.does("ListExecutions", body).await["executions"].as_array().unwrap().clone()
}

/// Fails for the item 2.
fn picky() -> Value {
    json!({
        "Each": {
            "Type": "Choice", "Default": "Good",
            "Choices": [{"Variable": "$", "NumericEquals": 2, "Next": "Bad"}]
        },
        "Good": {"Type": "Pass", "End": true},
        "Bad": {"Type": "Fail", "Error": "Bad", "Cause": "two"}
    })
}

#[tokio::test]
async fn a_map_run_tells_what_became_of_its_children() {
    let world = world(picky(), json!({"ToleratedFailureCount": 1, "MaxConcurrency": 2})).await;
    start(&world, &json!([1, 2, 3])).await;
    let ended = world.ended(RUN).await;
    assert_eq!(ended["status"], "SUCCEEDED");
    let run = run_of(&world).await;
    let described = world.does("DescribeMapRun", json!({"mapRunArn": run})).await;
    let counts = json!({
        "pending": 0, "running": 0, "succeeded": 2, "failed": 1, "timedOut": 0, "aborted": 0,
        "total": 3, "resultsWritten": 0, "failuresNotRedrivable": 0, "pendingRedrive": 0
    });
    assert_eq!(described["itemCounts"], counts);
    assert_eq!(described["executionCounts"], counts);
    for (field, expected) in [
        ("executionArn", json!(RUN)),
        ("status", json!("SUCCEEDED")),
        ("maxConcurrency", json!(2)),
        ("toleratedFailureCount", json!(1)),
        ("toleratedFailurePercentage", json!(0.0)),
        ("redriveCount", json!(0)),
    ] {
        assert_eq!(described[field], expected, "{field}");
    }
    assert!(described["stopDate"].as_f64() >= described["startDate"].as_f64());
    assert_eq!(children(&world, &run, json!({})).await.len(), 3);
    let failed = children(&world, &run, json!({"statusFilter": "FAILED"})).await;
    assert_eq!(failed.len(), 1);
    assert_eq!((&failed[0]["mapRunArn"], &failed[0]["itemCount"]), (&json!(run), &json!(1)));
    let own = world.does("ListExecutions", json!({"stateMachineArn": FLOW})).await;
    assert_eq!(
        own["executions"].as_array().unwrap().len(),
        1,
        "children are no runs of the machine"
    );
}

#[tokio::test]
async fn a_map_run_whose_items_cannot_be_read_has_failed() {
    let world = world(picky(), json!({"ItemSelector": {"n.$": "$.nowhere"}})).await;
    start(&world, &json!([1])).await;
    assert_eq!(world.ended(RUN).await["status"], "FAILED");
    let run = run_of(&world).await;
    let described = world.does("DescribeMapRun", json!({"mapRunArn": run})).await;
    assert_eq!(described["status"], "FAILED");
    assert!(described["stopDate"].is_number(), "{described}");
}

#[tokio::test]
async fn a_child_is_an_execution_of_its_own() {
    let world = world(picky(), json!({"ToleratedFailurePercentage": 100})).await;
    start(&world, &json!([2])).await;
    world.ended(RUN).await;
    let run = run_of(&world).await;
    let child = children(&world, &run, json!({})).await.remove(0);
    let body = json!({"executionArn": child["executionArn"]});
    let described = world.does("DescribeExecution", body.clone()).await;
    let labelled = format!("{FLOW}/each");
    for (field, expected) in [
        ("stateMachineArn", json!(labelled)),
        ("mapRunArn", json!(run)),
        ("status", json!("FAILED")),
        ("input", json!("2")),
        ("error", json!("Bad")),
        ("cause", json!("two")),
        ("redriveStatus", json!("REDRIVABLE_BY_MAP_RUN")),
    ] {
        assert_eq!(described[field], expected, "{field}");
    }
    let told = world.does("GetExecutionHistory", body.clone()).await;
    let types: Vec<_> =
        told["events"].as_array().unwrap().iter().map(|e| e["type"].clone()).collect();
    let expected = [
        "ExecutionStarted",
        "ChoiceStateEntered",
        "ChoiceStateExited",
        "FailStateEntered",
        "ExecutionFailed",
    ];
    assert_eq!(types, expected);
    let machine = world.does("DescribeStateMachineForExecution", body.clone()).await;
    assert_eq!((&machine["label"], &machine["mapRunArn"]), (&json!("each"), &json!(run)));
    let (_, kind, _) = world.refuses("RedriveExecution", body).await;
    assert_eq!(kind, "ExecutionNotRedrivable");
}

#[tokio::test]
async fn more_concurrency_lets_more_children_run_at_once() {
    let wait = json!({"Each": {"Type": "Wait", "Seconds": 1000, "End": true}});
    let world = world(wait, json!({"MaxConcurrency": 1})).await;
    start(&world, &json!([1, 2, 3])).await;
    let run = run_of(&world).await;
    running(&world, &run, 1).await;
    let body = json!({"mapRunArn": run, "maxConcurrency": 2, "toleratedFailureCount": 5});
    world.does("UpdateMapRun", body).await;
    running(&world, &run, 2).await;
    let described = world.does("DescribeMapRun", json!({"mapRunArn": run})).await;
    assert_eq!(described["status"], "RUNNING");
    assert_eq!(
        (&described["maxConcurrency"], &described["toleratedFailureCount"]),
        (&json!(2), &json!(5))
    );
    assert_eq!(described["executionCounts"]["pending"], 1);
    world.does("StopExecution", json!({"executionArn": RUN})).await;
    let described = world.does("DescribeMapRun", json!({"mapRunArn": run})).await;
    assert_eq!(described["status"], "ABORTED");
    assert_eq!(described["executionCounts"]["aborted"], 2);
    let (_, kind, _) = world.refuses("UpdateMapRun", json!({"mapRunArn": run})).await;
    assert_eq!(kind, "ValidationException");
}

#[tokio::test]
async fn ten_thousand_children_run_at_once_and_not_one_more() {
    let wait = json!({"Each": {"Type": "Wait", "Seconds": 100_000, "End": true}});
    let world = world(wait, json!({})).await;
    start(&world, &(0..10_010).collect()).await;
    let run = run_of(&world).await;
    loop {
        let counted = counts(&world, &run).await;
        if counted["running"] == 10_000 && counted["pending"] == 10 {
            break;
        }
        assert!(counted["running"].as_u64() <= Some(10_000), "{counted}");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    world.does("StopExecution", json!({"executionArn": RUN})).await;
    let counted = counts(&world, &run).await;
    assert_eq!((&counted["aborted"], &counted["running"]), (&json!(10_000), &json!(0)));
}

/// Waits until so many children run.
async fn running(world: &World, run: &str, wanted: u64) {
    loop {
        let described = world.does("DescribeMapRun", json!({"mapRunArn": run})).await;
        let running = described["executionCounts"]["running"].as_u64().unwrap();
        assert!(running <= wanted, "{running} children run");
        if running == wanted {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_map_run_that_is_none_is_not_found() {
    let world = World::open().await;
    let run = "arn:aws:states:us-east-1:123456789012:mapRun:flow/each:0";
    for operation in ["DescribeMapRun", "UpdateMapRun", "ListExecutions"] {
        let (status, kind, message) = world.refuses(operation, json!({"mapRunArn": run})).await;
        assert_eq!((status, kind.as_str()), (400, "ResourceNotFound"), "{operation}");
        assert_eq!(message, format!("Resource not found: '{run}'"));
    }
    let (_, kind, _) = world.refuses("DescribeMapRun", json!({"mapRunArn": FLOW})).await;
    assert_eq!(kind, "InvalidArn");
}

/// An Activity task, so that a test decides when a child goes on and how.
fn digging() -> Value {
    json!({"Each": {"Type": "Task", "Resource": DIG, "End": true}})
}

async fn counts(world: &World, run: &str) -> Value {
    world.does("DescribeMapRun", json!({"mapRunArn": run})).await["executionCounts"].clone()
}

async fn work(world: &World) -> Value {
    world.does("GetActivityTask", json!({"activityArn": DIG})).await
}

/// A run of three children, the first of which has failed, was redriven: one child runs, two wait.
async fn redriven(world: &World) -> String {
    world.does("CreateActivity", json!({"name": "dig"})).await;
    start(world, &json!([1, 2, 3])).await;
    let run = run_of(world).await;
    let given = [work(world).await, work(world).await, work(world).await];
    let fewer = json!({"mapRunArn": run, "maxConcurrency": 1});
    world.does("UpdateMapRun", fewer).await;
    world.does("SendTaskFailure", json!({"taskToken": given[0]["taskToken"], "error": "E"})).await;
    assert_eq!(world.ended(RUN).await["status"], "FAILED");
    while counts(world, &run).await["aborted"] != 2 {
        tokio::task::yield_now().await;
    }
    world.does("RedriveExecution", json!({"executionArn": RUN})).await;
    run
}

#[tokio::test]
async fn children_wait_to_be_redriven_until_their_run_comes_to_them() {
    let world = world(digging(), json!({"MaxConcurrency": 3})).await;
    let run = redriven(&world).await;
    let described = world.does("DescribeMapRun", json!({"mapRunArn": run})).await;
    let number = |field: &str| described["executionCounts"][field].as_u64().unwrap();
    assert_eq!((&described["status"], &described["redriveCount"]), (&json!("RUNNING"), &json!(1)));
    assert_eq!(number("running") + number("pendingRedrive"), 3, "{described}");
    assert_eq!(number("failed") + number("aborted") + number("failuresNotRedrivable"), 0);
    running(&world, &run, 1).await;
    let waiting = children(&world, &run, json!({"statusFilter": "PENDING_REDRIVE"})).await;
    assert_eq!(waiting.len(), 2);
    for child in &waiting {
        assert_eq!(child["status"], "PENDING_REDRIVE");
        let body = json!({"executionArn": child["executionArn"]});
        let described = world.does("DescribeExecution", body).await;
        assert_eq!(described["status"], "PENDING_REDRIVE");
        assert_eq!(described["redriveStatus"], "REDRIVABLE_BY_MAP_RUN");
    }
    for status in ["FAILED", "ABORTED"] {
        assert!(children(&world, &run, json!({"statusFilter": status})).await.is_empty());
    }
    let mut all: Vec<_> = children(&world, &run, json!({})).await;
    all.sort_by_key(|child| child["status"].as_str().unwrap().to_owned());
    let told: Vec<_> = all.iter().map(|child| child["status"].as_str().unwrap()).collect();
    assert_eq!(told, ["PENDING_REDRIVE", "PENDING_REDRIVE", "RUNNING"]);
    for left in (0..3).rev() {
        let token = work(&world).await["taskToken"].clone();
        let counted = counts(&world, &run).await;
        assert_eq!(counted["pendingRedrive"], left, "{counted}");
        world.does("SendTaskSuccess", json!({"taskToken": token, "output": "1"})).await;
    }
    assert_eq!(world.ended(RUN).await["status"], "SUCCEEDED");
    let counted = counts(&world, &run).await;
    assert_eq!((&counted["succeeded"], &counted["pendingRedrive"]), (&json!(3), &json!(0)));
}

#[tokio::test]
async fn what_waited_to_be_redriven_has_failed_again_once_its_run_has() {
    let world = world(digging(), json!({"MaxConcurrency": 3})).await;
    let run = redriven(&world).await;
    let token = work(&world).await["taskToken"].clone();
    world.does("SendTaskFailure", json!({"taskToken": token, "error": "E"})).await;
    assert_eq!(world.ended(RUN).await["status"], "FAILED");
    let counted = counts(&world, &run).await;
    assert_eq!((&counted["pendingRedrive"], &counted["failed"]), (&json!(0), &json!(1)));
    assert_eq!(counted["aborted"], 2);
    let waiting = children(&world, &run, json!({"statusFilter": "PENDING_REDRIVE"})).await;
    assert!(waiting.is_empty(), "{waiting:?}");
}

#[tokio::test]
async fn a_child_whose_history_is_full_is_never_redriven() {
    let passes = json!({
        "Each": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "C"},
        "C": {"Type": "Pass", "Next": "D"}, "D": {"Type": "Pass", "Next": "E"},
        "E": {"Type": "Pass", "Next": "F"}, "F": {"Type": "Pass", "Next": "G"},
        "G": {"Type": "Pass", "End": true}
    });
    let limits = Limits { events: Some(14), ..Limits::AWS };
    let world = flow(World::within(limits).await, passes, json!({})).await;
    start(&world, &json!([1])).await;
    assert_eq!(world.ended(RUN).await["status"], "FAILED");
    let run = run_of(&world).await;
    for redrives in 0..2 {
        let counted = counts(&world, &run).await;
        assert_eq!(counted["failed"], 1, "{counted}");
        assert_eq!(counted["failuresNotRedrivable"], 1, "{counted}");
        let child = children(&world, &run, json!({})).await.remove(0);
        assert_eq!(child["redriveCount"], 0);
        let body = json!({"executionArn": child["executionArn"]});
        let described = world.does("DescribeExecution", body).await;
        assert_eq!(described["redriveStatus"], "NOT_REDRIVABLE");
        assert_eq!(described["redriveStatusReason"], "Execution history event limit exceeded");
        if redrives == 0 {
            world.does("RedriveExecution", json!({"executionArn": RUN})).await;
            assert_eq!(world.ended(RUN).await["status"], "FAILED");
        }
    }
}
