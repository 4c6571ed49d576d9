//! What only the store in memory promises: that it stays within bounds.

use stepwright::store::memory::MemoryStore;
use stepwright::store::{Journal, ListQuery};
use stepwright_core::engine::FrameId;

use crate::support::build::{MACHINE, at, cursor, execution, id, record, succeeded};

#[tokio::test]
async fn only_the_executions_that_were_closed_last_are_kept() {
    let store = MemoryStore::keeping(2);
    for name in ["a", "b", "c", "d"] {
        store.create(execution(name, at(0.0))).await.unwrap();
        store.insert(&cursor(name, "", 0), record(0, "n")).await.unwrap();
    }
    for name in ["c", "a", "d"] {
        store.close(&id(name), succeeded(at(1.0))).await.unwrap();
    }
    let mut kept = Vec::new();
    for name in ["a", "b", "c", "d"] {
        let row = store.execution(&id(name)).await.unwrap();
        let tail = store.tail(&id(name), &FrameId::root()).await.unwrap();
        assert_eq!(row.is_some(), tail.is_some(), "{name} is there as a whole or not at all");
        kept.extend(row.map(|row| row.name.to_string()));
    }
    assert_eq!(kept, ["a", "b", "d"], "what runs, and the last two that were closed");
    let query = ListQuery { machine: MACHINE.into(), status: None, after: None, limit: 3 };
    assert_eq!(store.list(&query).await.unwrap().len(), 3);
}
