//! What only a durable store promises: all of it is there again, however the process ended.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use stepwright::store::embedded::{EmbeddedStore, OpenError};
use stepwright::store::{Asking, Joined, Journal, Kind, ListQuery, Registry};
use stepwright_core::engine::{FrameId, Phase};
use stepwright_core::expr::Document;

use crate::support::build::{
    MACHINE, at, cursor, execution, failed, id, record, record_with, succeeded,
};
use crate::support::random::Random;

fn open(directory: &Path) -> EmbeddedStore {
    EmbeddedStore::open(directory).unwrap()
}

#[tokio::test]
async fn a_store_that_is_opened_again_has_everything() {
    let directory = tempfile::tempdir().unwrap();
    let fork = cursor("b", "", 4);
    {
        let store = open(directory.path());
        for name in ["a", "b", "c"] {
            store.create(execution(name, at(1.0))).await.unwrap();
        }
        store.close(&id("a"), failed(at(2.0))).await.unwrap();
        for slot in 0..3 {
            store.insert(&cursor("b", "", slot), record(slot, "n")).await.unwrap();
        }
        store.join(&fork, 1, 3, true).await.unwrap();
        store.dispense(&fork, asking(1, 7, 5)).await.unwrap();
        store.dispense(&fork, asking(2, 7, 5)).await.unwrap();
        store.dispense(&fork, asking(2, 9, 5)).await.unwrap();
        store.beat(&fork, at(3.0)).await.unwrap();
        store.put(Kind::Secret, "k", "s".to_owned(), None).await.unwrap();
    }
    let store = open(directory.path());
    let closed = store.execution(&id("a")).await.unwrap().unwrap();
    assert_eq!(closed.closing, Some(failed(at(2.0))));
    assert_eq!(store.execution(&id("b")).await.unwrap().unwrap().closing, None);
    assert_eq!(store.running(None, 9).await.unwrap(), [id("b"), id("c")]);
    let query = ListQuery { machine: MACHINE.into(), status: None, after: None, limit: 9 };
    assert_eq!(store.list(&query).await.unwrap().len(), 3);
    assert_eq!(store.tail(&id("b"), &FrameId::root()).await.unwrap(), Some(record(2, "n")));
    assert_eq!(store.joined(&fork, 3).await.unwrap(), Joined { finished: 1, failed: vec![1] });
    assert_eq!(store.join(&fork, 1, 3, true).await.unwrap().finished, 1);
    assert_eq!(store.join(&fork, 0, 3, true).await.unwrap().failed, [0, 1]);
    assert_eq!(store.dispense(&fork, asking(1, 7, 5)).await.unwrap(), 5, "the same slot again");
    assert_eq!(
        store.dispense(&fork, asking(2, 7, 5)).await.unwrap(),
        6,
        "a slot before the last one"
    );
    assert_eq!(store.dispense(&fork, asking(1, 8, 5)).await.unwrap(), 8, "the next item");
    assert_eq!(store.last_beat(&fork).await.unwrap(), Some(at(3.0)));
    assert_eq!(store.item(Kind::Secret, "k").await.unwrap().unwrap().version, 1);
    assert!(store.close(&id("b"), succeeded(at(4.0))).await.unwrap());
}

#[test]
fn a_store_that_is_open_cannot_be_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let Err(refused) = EmbeddedStore::open(directory.path()) else {
        panic!("opened twice");
    };
    assert!(matches!(refused, OpenError::InUse(_)));
    drop(store);
    open(directory.path());
}

/// Each round a process writes until it is killed; then everything it was told to be written must be there, and no item
/// may be handed out that a record has already.
#[tokio::test]
async fn a_kill_in_the_middle_of_writing_loses_nothing_that_was_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let mut random = Random::seeded(5);
    for round in 0..6 {
        let acknowledged = write_until_killed(directory.path(), round, 200 + random.below(800));
        let store = open(directory.path());
        for (name, slot) in acknowledged {
            let tail = store.tail(&id(&name), &FrameId::root()).await.unwrap();
            let tail = tail.unwrap_or_else(|| panic!("{name} has lost its journal"));
            assert!(tail.slot >= slot, "{name} has lost slot {slot}");
        }
        for name in store.running(None, 1_000).await.unwrap() {
            let records = store.records(&name, &FrameId::root(), None).await.unwrap();
            let items: BTreeSet<u64> =
                records.iter().map(|(_, r)| r.frame.input.text().parse().unwrap()).collect();
            assert_eq!(items.len(), records.len(), "{name} has an item twice");
            let fork = cursor(&name.0, "", 0);
            let next = store.dispense(&fork, asking(9, 1_000_000, 0)).await.unwrap();
            assert!(!items.contains(&next), "{name} was given item {next} again");
        }
    }
}

/// Runs [`writes_until_it_is_killed`] in a process of its own and kills it after so many acknowledgements; says all that
/// were made, those made while it was being killed included.
fn write_until_killed(directory: &Path, round: u64, after: usize) -> Vec<(String, u64)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["contract::durability::writes_until_it_is_killed", "--exact", "--ignored"])
        .args(["--nocapture", "--test-threads=1"])
        .env(DIRECTORY, directory)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let mut acknowledged = Vec::new();
    for line in output.lines() {
        let line = line.unwrap();
        let mut words = line.split(' ');
        if words.next() == Some("acknowledged") {
            let name = words.next().unwrap().to_owned();
            acknowledged.push((name, words.next().unwrap().parse().unwrap()));
        }
        if acknowledged.len() == after {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(acknowledged.len() >= after, "the writer ended by itself");
    acknowledged
}

#[tokio::test]
#[ignore = "runs in a process of its own, which another test starts and kills"]
async fn writes_until_it_is_killed() {
    let directory = std::env::var(DIRECTORY).unwrap();
    let round = std::env::var(ROUND).unwrap();
    let store = Arc::new(open(Path::new(&directory)));
    let writers: Vec<_> = (0..16)
        .map(|n| {
            let (store, name) = (store.clone(), format!("r{round}-{n}"));
            tokio::spawn(async move { write_on(&store, &name).await })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

async fn write_on(store: &EmbeddedStore, name: &str) {
    store.create(execution(name, at(0.0))).await.unwrap();
    for slot in 0.. {
        let lane = (slot % 3) as u32;
        let item = store.dispense(&cursor(name, "", 0), asking(lane, slot, 0)).await.unwrap();
        let payload = Document::from_trusted_text(item.to_string());
        let written = record_with(slot, "n", payload, Phase::Ready);
        store.insert(&cursor(name, "", slot), written).await.unwrap();
        let line = format!("acknowledged {name} {slot}\n");
        std::io::stdout().write_all(line.as_bytes()).unwrap();
    }
}

fn asking(lane: u32, finished: u64, first: u64) -> Asking {
    Asking { lane, lanes: 40, finished, recorded: finished, slot: finished, first }
}

const DIRECTORY: &str = "STEPWRIGHT_TEST_DIRECTORY";
const ROUND: &str = "STEPWRIGHT_TEST_ROUND";
