//! What is remembered, and that nothing is of an execution that has ended.

use std::sync::Arc;

use stepwright_core::engine::record::FORMAT;
use stepwright_core::engine::{Cursor, Failure, Frame, Phase, Record, Visit};
use stepwright_core::expr::Document;
use stepwright_core::time::Timestamp;

use super::EmbeddedStore;
use super::cache::Cache;
use super::read::TAILS;
use crate::store::{Asking, Closing, Execution, Journal, Status};

#[tokio::test]
async fn an_execution_that_was_closed_leaves_nothing_in_memory() {
    let directory = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(directory.path()).unwrap();
    let row = row();
    let root = Cursor::root(row.id.clone(), 0);
    store.create(row.clone()).await.unwrap();
    store.insert(&root, record()).await.unwrap();
    store.dispense(&root, ASKING).await.unwrap();
    let remembered = || {
        let mut cache = store.memory.cache();
        let row = cache.row(&row.id).is_ok();
        let tail = cache.tail(&row_id(), &root.frame).is_ok();
        (row, tail, store.memory.dispensers().len())
    };
    assert_eq!(remembered(), (true, true, 1));
    store.close(&row.id, closing()).await.unwrap();
    assert_eq!(remembered(), (false, false, 0));

    // Late ones are answered, and leave nothing either.
    store.execution(&row.id).await.unwrap().unwrap();
    assert_eq!(store.dispense(&root, ASKING).await.unwrap(), 0);
    assert_eq!(remembered(), (false, false, 0));
}

#[tokio::test]
async fn a_tail_is_read_from_the_database_once() {
    let directory = tempfile::tempdir().unwrap();
    let root = Cursor::root(row_id(), 0);
    {
        let store = EmbeddedStore::open(directory.path()).unwrap();
        store.create(row()).await.unwrap();
        store.insert(&root, record()).await.unwrap();
    }
    let store = EmbeddedStore::open(directory.path()).unwrap();
    let first = store.tail(&root.execution, &root.frame).await.unwrap().unwrap();
    let second = store.tail(&root.execution, &root.frame).await.unwrap().unwrap();
    assert!(Arc::ptr_eq(&first, &second), "decoded twice");
}

#[test]
fn tails_are_found_without_looking_at_other_records() {
    let directory = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(directory.path()).unwrap();
    let connection = store.readers.short();
    let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {TAILS}")).unwrap();
    let steps = plan.query_map(["id", "", "1"], |row| row.get::<_, String>(3)).unwrap();
    let steps: Vec<String> = steps.map(Result::unwrap).collect();
    for expected in [
        "SEARCH record USING COVERING INDEX record_slot (execution=? AND frame>?)",
        "SEARCH r USING INDEX record_slot (execution=? AND frame=? AND slot=?)",
    ] {
        assert!(steps.iter().any(|step| step == expected), "{expected}: {steps:#?}");
    }
    assert!(steps.iter().all(|step| !step.contains("TEMP B-TREE")), "{steps:#?}");
}

#[test]
fn a_tail_that_may_be_old_is_not_remembered() {
    let root = Cursor::root(row_id(), 0);
    let place = (&root.execution, &root.frame);
    let next = Arc::new(Record { slot: 1, ..(*record()).clone() });
    let ended = Frame { phase: Phase::Sealed, ..record().frame.clone() };
    let ended = Arc::new(Record { slot: 1, frame: ended, ..(*record()).clone() });
    type Meanwhile = fn(&mut Cache, &Cursor, &Arc<Record>);
    let table: [(Meanwhile, &Arc<Record>, Option<u64>, &str); 4] = [
        (|_, _, _| {}, &next, Some(0), "nothing happened"),
        (|cache, at, record| cache.inserted(&at.next(), record, 1), &next, Some(1), "a later one"),
        (|cache, at, record| cache.inserted(&at.next(), record, 1), &ended, None, "the end"),
        (|cache, _, _| cache.forget(), &next, None, "all was forgotten"),
    ];
    for (meanwhile, inserted, expected, reason) in table {
        let mut cache = Cache::default();
        let asked = cache.tail(place.0, place.1).unwrap_err();
        meanwhile(&mut cache, &root, inserted);
        cache.read_tail(place, (&record(), 1), asked);
        let found = cache.tail(place.0, place.1).ok().map(|record| record.slot);
        assert_eq!(found, expected, "{reason}");
    }
    let mut cache = Cache::default();
    let asked = cache.tail(place.0, place.1).unwrap_err();
    cache.read_tail(place, (&ended, 1), asked);
    assert!(cache.tail(place.0, place.1).is_err(), "nobody asks a frame that is over");
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
        parent: None,
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
        lanes: 0,
        results: Vec::new(),
        abandons: None,
    })
}

const ASKING: Asking = Asking { lane: 0, lanes: 1, finished: 1, recorded: 1, slot: 1, first: 0 };
