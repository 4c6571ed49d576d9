//! GetExecutionHistory over records as the engine writes them.

use std::sync::Arc;

use serde_json::{Value, json};
use stepwright::api::execution_id;
use stepwright::store::{Closing, Status};
use stepwright_core::engine::{
    Cursor, EventRef, Failure, Frame, FrameId, Outcome, Phase, Record, Visit,
};
use stepwright_core::event::{Event, EventKind, StateClass};
use stepwright_core::expr::Document;
use stepwright_core::time::Timestamp;

use super::world::{FLOW, ROLE, RUN, World};

#[tokio::test]
async fn a_history_is_told_as_aws_tells_it() {
    let world = World::with_run().await;
    write(&world, 1).await;
    let told = world.does("GetExecutionHistory", json!({"executionArn": RUN})).await;
    let details = json!({"truncated": false});
    let expected = json!({"events": [
        {
            "timestamp": 1_700_000_001.0, "type": "ExecutionStarted", "id": 1, "previousEventId": 0,
            "executionStartedEventDetails": {"input": "{}", "inputDetails": details, "roleArn": ROLE},
        },
        {
            "timestamp": 1_700_000_001.0, "type": "PassStateEntered", "id": 2, "previousEventId": 0,
            "stateEnteredEventDetails": {"name": "A", "input": "{}", "inputDetails": details},
        },
        {
            "timestamp": 1_700_000_001.0, "type": "PassStateExited", "id": 3, "previousEventId": 2,
            "stateExitedEventDetails": {"name": "A", "output": "{}", "outputDetails": details},
        },
        {
            "timestamp": 1_700_000_001.0, "type": "ExecutionSucceeded", "id": 4, "previousEventId": 3,
            "executionSucceededEventDetails": {"output": "{}", "outputDetails": details},
        },
    ]});
    assert_eq!(told, expected);
    let body = json!({"executionArn": RUN, "includeExecutionData": false});
    let bare = world.does("GetExecutionHistory", body).await;
    assert_eq!(bare["events"][1]["stateEnteredEventDetails"], json!({"name": "A"}));
}

#[tokio::test]
async fn an_execution_that_has_not_moved_yet_has_been_started() {
    let world = World::with_run().await;
    let told = world.does("GetExecutionHistory", json!({"executionArn": RUN})).await;
    assert_eq!(told["events"].as_array().unwrap().len(), 1);
    assert_eq!(told["events"][0]["type"], "ExecutionStarted");
}

#[tokio::test]
async fn pages_from_either_end_are_the_whole_history() {
    for closed in [false, true] {
        let world = World::with_run().await;
        write(&world, 100).await;
        if closed {
            close(&world).await;
        }
        let forwards: Vec<u64> = (1..=202).collect();
        let backwards: Vec<u64> = (1..=202).rev().collect();
        for size in [1, 50, 101, 202, 500] {
            assert_eq!(ids(&world, size, false).await, forwards, "by {size}");
            assert_eq!(ids(&world, size, true).await, backwards, "by {size}");
        }
    }
}

#[tokio::test]
async fn a_token_is_bound_to_execution_and_direction() {
    let world = World::with_run().await;
    world.does("StartExecution", json!({"stateMachineArn": FLOW, "name": "other"})).await;
    write(&world, 1).await;
    let page =
        world.does("GetExecutionHistory", json!({"executionArn": RUN, "maxResults": 1})).await;
    let token = &page["nextToken"];
    let others = [
        json!({"executionArn": RUN, "reverseOrder": true, "nextToken": token}),
        json!({"executionArn": RUN.replace(":run", ":other"), "nextToken": token}),
    ];
    for body in others {
        let (_, kind, _) = world.refuses("GetExecutionHistory", body).await;
        assert_eq!(kind, "InvalidToken");
    }
}

async fn ids(world: &World, size: usize, reverse: bool) -> Vec<u64> {
    let mut body = json!({"executionArn": RUN, "maxResults": size, "reverseOrder": reverse});
    let mut ids = Vec::new();
    loop {
        let page = world.does("GetExecutionHistory", body.clone()).await;
        let events = page["events"].as_array().unwrap();
        ids.extend(events.iter().map(|event| event["id"].as_u64().unwrap()));
        match page.get("nextToken") {
            Some(Value::String(token)) => body["nextToken"] = json!(token),
            _ => return ids,
        }
    }
}

/// The records of a run through so many Pass states: two events for each, and the first and the last one.
async fn write(world: &World, states: u64) {
    let execution = execution_id(FLOW, "run", 0);
    for slot in 0..states {
        let record = record(slot, slot + 1 == states);
        let cursor = Cursor { execution: execution.clone(), frame: FrameId::root(), slot };
        world.engine.store.insert(&cursor, Arc::new(record)).await.unwrap();
    }
}

async fn close(world: &World) {
    let closing = Closing {
        status: Status::Succeeded,
        stopped: Timestamp(1_700_000_500_000_000),
        output: Some(Document::empty_object()),
        failure: Failure::default(),
    };
    world.engine.store.close(&execution_id(FLOW, "run", 0), closing).await.unwrap();
}

fn record(slot: u64, last: bool) -> Record {
    let data = Document::empty_object();
    let mut kinds = Vec::new();
    if slot == 0 {
        kinds.push(EventKind::ExecutionStarted {
            input: data.clone(),
            role_arn: ROLE.into(),
            state_machine_version_arn: None,
            state_machine_alias_arn: None,
        });
    }
    let (class, name) = (StateClass::Pass, "A".into());
    kinds.push(EventKind::StateEntered { class, name, input: data.clone() });
    kinds.push(EventKind::StateExited {
        class,
        name: "A".into(),
        output: data.clone(),
        assigned: None,
    });
    if last {
        kinds.push(EventKind::ExecutionSucceeded { output: data.clone() });
    }
    let events = kinds.into_iter().enumerate().map(|(i, kind)| event(slot, i, kind)).collect();
    let frame = Frame {
        flow: 0,
        lane: None,
        state: "A".into(),
        input: data.clone(),
        variables: None,
        visit: Visit::default(),
        last: None,
        events_before: 0,
        phase: if last { Phase::Done(Outcome::Succeeded(data)) } else { Phase::Ready },
    };
    Record {
        format: 1,
        slot,
        time: Timestamp(1_700_000_001_000_000 + i64::try_from(slot).unwrap()),
        guard: "".into(),
        nonce: "".into(),
        frame,
        events,
        cancels: false,
        lanes: 0,
        results: Vec::new(),
        abandons: None,
    }
}

/// The event before is its previous one; the first state has none.
fn event(slot: u64, index: usize, kind: EventKind) -> Event {
    let index = u32::try_from(index).unwrap();
    let previous = match (slot, index) {
        (0, 0 | 1) => None,
        (0, index) => Some(at(0, index - 1)),
        (1, 0) => Some(at(0, 2)),
        (slot, 0) => Some(at(slot - 1, 1)),
        (slot, index) => Some(at(slot, index - 1)),
    };
    Event { kind, previous }
}

fn at(slot: u64, index: u32) -> EventRef {
    EventRef { frame: FrameId::root(), slot, index }
}
