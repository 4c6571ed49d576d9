//! Nothing is remembered of an execution that has ended.

use std::sync::Arc;

use stepwright_core::engine::record::FORMAT;
use stepwright_core::engine::{Cursor, Failure, Frame, Phase, Record, Visit};
use stepwright_core::expr::Document;
use stepwright_core::time::Timestamp;

use super::EmbeddedStore;
use crate::store::{Closing, Execution, Journal, Status};

#[tokio::test]
async fn an_execution_that_was_closed_leaves_nothing_in_memory() {
    let directory = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(directory.path()).unwrap();
    let row = row();
    let root = Cursor::root(row.id.clone(), 0);
    store.create(row.clone()).await.unwrap();
    store.insert(&root, record()).await.unwrap();
    store.dispense(&root, 0, 1, 0).await.unwrap();
    let remembered = || {
        let mut cache = store.memory.cache();
        let row = cache.row(&row.id).is_ok();
        let tail = cache.tail(&row_id(), &root.frame).is_some();
        (row, tail, store.memory.dispensers().len())
    };
    assert_eq!(remembered(), (true, true, 1));
    store.close(&row.id, closing()).await.unwrap();
    assert_eq!(remembered(), (false, false, 0));

    // Late ones are answered, and leave nothing either.
    store.execution(&row.id).await.unwrap().unwrap();
    assert_eq!(store.dispense(&root, 0, 1, 0).await.unwrap(), 0);
    assert_eq!(remembered(), (false, false, 0));
}

fn row_id() -> stepwright_core::engine::ExecutionId {
    stepwright_core::engine::ExecutionId("id".into())
}

fn row() -> Execution {
    Execution {
        id: row_id(),
        arn: "arn".into(),
        name: "name".into(),
        machine: "machine".into(),
        revision: "1".into(),
        role: "role".into(),
        input: Document::empty_object(),
        started: Timestamp(1),
        deadline: None,
        trace_header: None,
        version: None,
        alias: None,
        redriven: None,
        closing: None,
    }
}

fn closing() -> Closing {
    Closing {
        status: Status::Aborted,
        stopped: Timestamp(2),
        output: None,
        failure: Failure::default(),
    }
}

fn record() -> Arc<Record> {
    Arc::new(Record {
        format: FORMAT,
        slot: 0,
        time: Timestamp(1),
        guard: "guard".into(),
        nonce: "nonce".into(),
        frame: Frame {
            flow: 0,
            lane: None,
            state: "State".into(),
            input: Document::empty_object(),
            variables: None,
            visit: Visit::default(),
            last: None,
            events_before: 0,
            phase: Phase::Ready,
        },
        events: Vec::new(),
        cancels: false,
        results: Vec::new(),
    })
}
