//! What retention removes from the durable store: all that belongs to executions that ended long ago, and nothing else; a
//! little at a time.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use stepwright::store::embedded::EmbeddedStore;
use stepwright::store::{
    Asking, Execution, Joined, Journal, Kind, ListQuery, Parent, Registry, Status,
};
use stepwright_core::engine::FrameId;
use stepwright_core::time::Timestamp;

use crate::support::build::{MACHINE, at, cursor, execution, id, record, succeeded};

fn open(directory: &Path) -> EmbeddedStore {
    EmbeddedStore::open(directory).unwrap()
}

/// Removes what there is to remove, so many rows at a time; how often that took.
async fn expire(store: &EmbeddedStore, before: Timestamp, rows: usize) -> usize {
    for times in 0.. {
        if store.expire(before, rows).await.unwrap() == 0 {
            return times;
        }
    }
    0
}

/// Rows of each table.
fn rows(directory: &Path) -> BTreeMap<String, i64> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let file = Connection::open_with_flags(directory.join("stepwright.db"), flags).unwrap();
    let mut tables = file.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    let tables = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let count = |table: String| {
        let count = format!("SELECT count(*) FROM {table}");
        (table, file.query_row(&count, [], |row| row.get(0)).unwrap())
    };
    tables.map(|table| count(table.unwrap())).collect()
}

#[tokio::test]
async fn what_ended_long_ago_is_removed_whole_and_its_name_is_free_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    for (name, ended) in [("old", Some(10.0)), ("new", Some(20.0)), ("running", None)] {
        store.create(execution(name, at(1.0))).await.unwrap();
        store.insert(&cursor(name, "", 0), record(0, name)).await.unwrap();
        store.insert(&cursor(name, "0.0", 0), record(0, name)).await.unwrap();
        store.join(&cursor(name, "", 0), 0, 2, true).await.unwrap();
        store.dispense(&cursor(name, "", 0), asking(1, 7, 0)).await.unwrap();
        store.beat(&cursor(name, "", 0), at(3.0)).await.unwrap();
        if let Some(ended) = ended {
            store.close(&id(name), succeeded(at(ended))).await.unwrap();
        }
    }
    expire(&store, at(15.0), 100).await;
    assert_eq!(store.execution(&id("old")).await.unwrap(), None);
    assert_eq!(store.execution(&id("new")).await.unwrap().unwrap().status(), Status::Succeeded);
    let query = ListQuery { machine: MACHINE.into(), status: None, after: None, limit: 9 };
    assert_eq!(store.list(&query).await.unwrap().len(), 2);
    store.create(execution("old", at(30.0))).await.unwrap();
    for frame in ["", "0.0"] {
        assert_eq!(store.tail(&id("old"), &FrameId(frame.into())).await.unwrap(), None);
    }
    let fork = cursor("old", "", 0);
    assert_eq!(store.joined(&fork, 2).await.unwrap(), Joined::default());
    assert_eq!(store.join(&fork, 1, 2, false).await.unwrap().finished, 1);
    assert_eq!(store.dispense(&fork, asking(1, 7, 0)).await.unwrap(), 0);
    assert_eq!(store.last_beat(&fork).await.unwrap(), None);
}

fn child(name: &str, parent: &str) -> Execution {
    let parent = Parent { run: RUN.into(), lane: cursor(parent, "0.0", 1), flow: 1, items: 1 };
    let machine = format!("{MACHINE}/each").into();
    Execution { parent: Some(Box::new(parent)), machine, ..execution(name, at(1.0)) }
}

#[tokio::test]
async fn a_child_is_kept_as_long_as_its_parent() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.create(execution("parent", at(1.0))).await.unwrap();
    store.create(child("child", "parent")).await.unwrap();
    store.close(&id("child"), succeeded(at(2.0))).await.unwrap();
    assert_eq!(store.expire(at(9.0), 9).await.unwrap(), 0);
    store.close(&id("parent"), succeeded(at(3.0))).await.unwrap();
    expire(&store, at(9.0), 1).await;
    for name in ["parent", "child"] {
        assert_eq!(store.execution(&id(name)).await.unwrap(), None, "{name}");
    }
}

#[tokio::test]
async fn an_execution_of_a_map_run_takes_all_documents_and_lists_of_the_run_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let machine = execution("of the labelled machine", at(1.0));
    let machine = Execution { machine: format!("{MACHINE}/each").into(), ..machine };
    store.create(machine).await.unwrap();
    store.create(execution("b", at(1.0))).await.unwrap();
    let other = "arn:aws:states:us-east-1:123456789012:mapRun:orders/each:2";
    let documents = |of: &str, run: &str| {
        vec![
            (Kind::MapRun, run.to_owned()),
            (Kind::MapRun, format!("{of}/00000000000000000001 {run}")),
            (Kind::Units, format!("{run}#n.1/000000000000.0000")),
            (Kind::Units, format!("{run}#n.1/000000000001.0000")),
            (Kind::Units, format!("{run}#n.2/000000000000.0000")),
            (Kind::Redrives, of.to_owned()),
            (Kind::TestCase, execution(of, at(1.0)).arn.to_string()),
        ]
    };
    for (kind, key) in documents("b", other) {
        store.put(kind, &key, "null".to_owned(), None).await.unwrap();
    }
    let before = rows(directory.path());
    store.create(execution("a", at(1.0))).await.unwrap();
    for (kind, key) in documents("a", RUN) {
        store.put(kind, &key, "null".to_owned(), None).await.unwrap();
    }
    for name in ["child 1", "child 2"] {
        store.create(child(name, "a")).await.unwrap();
        store.insert(&cursor(name, "", 0), record(0, name)).await.unwrap();
        store.close(&id(name), succeeded(at(2.0))).await.unwrap();
    }
    store.insert(&cursor("a", "", 0), record(0, "a")).await.unwrap();
    store.close(&id("a"), succeeded(at(3.0))).await.unwrap();
    assert!(expire(&store, at(9.0), 2).await > 5, "two rows at a time");
    assert_eq!(rows(directory.path()), before);
    // And a Map Run may have this name again.
    store.create(execution("a", at(1.0))).await.unwrap();
    store.create(child("child 1", "a")).await.unwrap();
    let list = ListQuery { machine: RUN.into(), status: None, after: None, limit: 9 };
    assert_eq!(store.list(&list).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_large_goes_a_little_at_a_time_and_its_name_is_free_meanwhile() {
    let directory = tempfile::tempdir().unwrap();
    let before = {
        let store = open(directory.path());
        store.create(execution("b", at(1.0))).await.unwrap();
        let before = rows(directory.path());
        store.create(execution("a", at(1.0))).await.unwrap();
        for slot in 0..100 {
            store.insert(&cursor("a", "", slot), record(slot, "old")).await.unwrap();
            store.join(&cursor("a", "", 7), slot.try_into().unwrap(), 100, false).await.unwrap();
        }
        store.close(&id("a"), succeeded(at(2.0))).await.unwrap();
        let removed = store.expire(at(9.0), 30).await.unwrap();
        assert!((20..=30).contains(&removed), "{removed}");
        before
    };
    // What was begun goes on after a restart, whoever has the name now.
    let store = open(directory.path());
    assert_eq!(store.execution(&id("a")).await.unwrap(), None);
    let list = ListQuery { machine: MACHINE.into(), status: None, after: None, limit: 9 };
    assert_eq!(store.list(&list).await.unwrap().len(), 1);
    store.create(execution("a", at(20.0))).await.unwrap();
    store.insert(&cursor("a", "", 0), record(0, "new")).await.unwrap();
    assert!((5..12).contains(&expire(&store, at(9.0), 30).await));
    let records = store.records(&id("a"), &FrameId::root(), None).await.unwrap();
    assert_eq!(records, [(FrameId::root(), record(0, "new"))]);
    store.close(&id("a"), succeeded(at(21.0))).await.unwrap();
    expire(&store, at(30.0), 30).await;
    assert_eq!(rows(directory.path()), before);
}

#[tokio::test]
async fn a_redriven_execution_is_not_removed() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.create(execution("a", at(1.0))).await.unwrap();
    store.close(&id("a"), succeeded(at(2.0))).await.unwrap();
    let redriven = stepwright::store::Redriven { count: 1, at: at(3.0) };
    assert!(store.reopen(&id("a"), redriven, None).await.unwrap());
    assert_eq!(store.expire(at(9.0), 9).await.unwrap(), 0);
}

#[tokio::test]
async fn a_definition_is_kept_as_long_as_anything_refers_to_it() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let key = |revision: &str| format!("{MACHINE}#{revision}");
    for revision in ["current", "published", "running", "of a child", "superseded"] {
        for kind in [Kind::Definition, Kind::Revision] {
            store.put(kind, &key(revision), "{}".to_owned(), None).await.unwrap();
        }
    }
    for (kind, body) in [(Kind::StateMachine, "current"), (Kind::Publications, "published")] {
        let body = format!(r#"{{"revision": "{body}"}}"#);
        store.put(kind, MACHINE, body, None).await.unwrap();
    }
    let running = Execution { revision: "running".into(), ..execution("a", at(1.0)) };
    store.create(running).await.unwrap();
    store.create(Execution { revision: "of a child".into(), ..child("b", "a") }).await.unwrap();
    assert_eq!(store.forget_definitions().await.unwrap(), 0, "somebody may just be starting it");
    assert_eq!(store.forget_definitions().await.unwrap(), 2);
    assert_eq!(store.forget_definitions().await.unwrap(), 0);
    for kind in [Kind::Definition, Kind::Revision] {
        let kept = store.items(kind, MACHINE, None, 9).await.unwrap();
        let kept: Vec<_> = kept.into_iter().map(|(key, _)| key).collect();
        assert_eq!(kept, ["current", "of a child", "published", "running"].map(key), "{kind:?}");
    }
}

fn asking(lane: u32, finished: u64, first: u64) -> Asking {
    Asking { lane, lanes: 40, finished, recorded: finished, slot: finished, first }
}

const RUN: &str = "arn:aws:states:us-east-1:123456789012:mapRun:orders/each:1";
