//! A tape: everything that one engine wrote and sent, in order, in the form in which it is stored. Any beginning of a tape is
//! what a crash at that moment would have left behind; an engine can be put in front of it and go on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use stepwright::store::memory::MemoryStore;
use stepwright::store::{
    Asking, Closing, Creation, Error, Execution, Insertion, Item, Joined, Journal, Kind, ListQuery,
    Redriven, Registry, Stored,
};
use stepwright::turn::Clock;
use stepwright_core::engine::{Cursor, ExecutionId, FrameId, Offer, Phase, Record};
use stepwright_core::time::Timestamp;

use crate::support::clock::VirtualClock;

/// One write, and when.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    #[serde(rename = "t")]
    pub(super) time: Timestamp,
    #[serde(rename = "w")]
    pub(super) write: Write,
}

/// What was written. Records and messages are kept as text, as a store or a queue keeps them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Write {
    Create(Execution),
    Close(ExecutionId, Closing),
    Reopen(ExecutionId, Redriven, Option<Timestamp>),
    Insert(Cursor, String),
    Join(Cursor, u32, u32, bool),
    /// Lane, lanes, finished, recorded, slot, first.
    Dispense(Cursor, [u64; 6]),
    Beat(Cursor, Timestamp),
    Put(String, String, String, Option<u64>),
    Remove(String, String, u64),
    /// Number, message, not before, what it carries.
    Send(u64, String, Option<Timestamp>, Option<String>),
    Delete(u64),
    Offer(String, Offer),
    /// A token that somebody outside was given.
    Token(String),
}

/// The tape, and what keeps its time.
pub(super) struct Tape {
    clock: Arc<VirtualClock>,
    entries: Mutex<Vec<Entry>>,
}

impl Tape {
    pub(super) fn new(clock: Arc<VirtualClock>) -> Tape {
        Tape { clock, entries: Mutex::default() }
    }

    pub(super) fn note(&self, write: Write) {
        self.entries.lock().unwrap().push(Entry { time: self.clock.now(), write });
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap().clone()
    }
}

/// Brings a store to where it was when this was written; what is not for the store is left alone.
pub(super) async fn replay(store: &MemoryStore, write: &Write) {
    match write.clone() {
        Write::Create(execution) => drop(store.create(execution).await.unwrap()),
        Write::Close(id, closing) => assert!(store.close(&id, closing).await.unwrap()),
        Write::Reopen(id, redriven, deadline) => {
            assert!(store.reopen(&id, redriven, deadline).await.unwrap());
        }
        Write::Insert(cursor, text) => {
            let record = Arc::new(Record::decode(&text).unwrap());
            let answer = store.insert(&cursor, record).await.unwrap();
            assert!(matches!(answer, Insertion::Inserted), "{cursor:?}");
        }
        Write::Join(fork, lane, lanes, failed) => {
            store.join(&fork, lane, lanes, failed).await.unwrap();
        }
        Write::Dispense(fork, [lane, lanes, finished, recorded, slot, first]) => {
            let (lane, lanes) = (lane as u32, lanes as u32);
            let asking = Asking { lane, lanes, finished, recorded, slot, first };
            store.dispense(&fork, asking).await.unwrap();
        }
        Write::Beat(ticket, at) => store.beat(&ticket, at).await.unwrap(),
        Write::Put(kind, key, body, expected) => {
            assert!(store.put(named(&kind), &key, body, expected).await.unwrap(), "{kind} {key}");
        }
        Write::Remove(kind, key, expected) => {
            assert!(store.remove(named(&kind), &key, expected).await.unwrap(), "{kind} {key}");
        }
        Write::Send(..) | Write::Delete(_) | Write::Offer(..) | Write::Token(_) => {}
    }
}

impl Write {
    /// Whether it is for the store, and not on its way only.
    pub(super) fn is_stored(&self) -> bool {
        !matches!(self, Write::Send(..) | Write::Delete(_) | Write::Offer(..) | Write::Token(_))
    }
}

/// Whether a beginning of a tape ends while somebody performs a task: who did is lost, and that is part of the story.
pub(super) fn unfinished(entries: &[Entry]) -> bool {
    let mut tails = BTreeMap::new();
    for entry in entries {
        if let Write::Insert(cursor, text) = &entry.write {
            let record = Record::decode(text).unwrap();
            let frame = (cursor.execution.clone(), cursor.frame.clone());
            tails.insert(frame, is_at_work(&record.frame.phase));
        }
    }
    tails.values().any(|at_work| *at_work)
}

fn is_at_work(phase: &Phase) -> bool {
    match phase {
        Phase::Claimed(_) => true,
        Phase::Pending(pending) => pending.activity.as_ref().is_some_and(|task| task.started),
        _ => false,
    }
}

/// A store that keeps a tape.
pub(super) struct Recorder {
    pub(super) store: MemoryStore,
    pub(super) tape: Arc<Tape>,
}

#[async_trait]
impl Journal for Recorder {
    async fn create(&self, execution: Execution) -> Result<Creation, Error> {
        let answer = self.store.create(execution.clone()).await?;
        if matches!(answer, Creation::Created) {
            self.tape.note(Write::Create(execution));
        }
        Ok(answer)
    }

    async fn execution(&self, id: &ExecutionId) -> Result<Option<Arc<Execution>>, Error> {
        self.store.execution(id).await
    }

    async fn close(&self, id: &ExecutionId, closing: Closing) -> Result<bool, Error> {
        let done = self.store.close(id, closing.clone()).await?;
        if done {
            self.tape.note(Write::Close(id.clone(), closing));
        }
        Ok(done)
    }

    async fn reopen(
        &self,
        id: &ExecutionId,
        redriven: Redriven,
        deadline: Option<Timestamp>,
    ) -> Result<bool, Error> {
        let done = self.store.reopen(id, redriven, deadline).await?;
        if done {
            self.tape.note(Write::Reopen(id.clone(), redriven, deadline));
        }
        Ok(done)
    }

    async fn insert(&self, cursor: &Cursor, record: Arc<Record>) -> Result<Insertion, Error> {
        let text = record.encode()?;
        let answer = self.store.insert(cursor, record).await?;
        if matches!(answer, Insertion::Inserted) {
            self.tape.note(Write::Insert(cursor.clone(), text));
        }
        Ok(answer)
    }

    async fn tail(
        &self,
        execution: &ExecutionId,
        frame: &FrameId,
    ) -> Result<Option<Arc<Record>>, Error> {
        self.store.tail(execution, frame).await
    }

    async fn records(
        &self,
        execution: &ExecutionId,
        frame: &FrameId,
        fork: Option<u64>,
    ) -> Result<Vec<Stored>, Error> {
        self.store.records(execution, frame, fork).await
    }

    async fn tails(
        &self,
        execution: &ExecutionId,
        frame: &FrameId,
        fork: Option<u64>,
    ) -> Result<Vec<Stored>, Error> {
        self.store.tails(execution, frame, fork).await
    }

    async fn join(
        &self,
        fork: &Cursor,
        lane: u32,
        lanes: u32,
        failed: bool,
    ) -> Result<Joined, Error> {
        self.tape.note(Write::Join(fork.clone(), lane, lanes, failed));
        self.store.join(fork, lane, lanes, failed).await
    }

    async fn joined(&self, fork: &Cursor, lanes: u32) -> Result<Joined, Error> {
        self.store.joined(fork, lanes).await
    }

    async fn dispense(&self, fork: &Cursor, asking: Asking) -> Result<u64, Error> {
        let Asking { lane, lanes, finished, recorded, slot, first } = asking;
        let asked = [lane.into(), lanes.into(), finished, recorded, slot, first];
        self.tape.note(Write::Dispense(fork.clone(), asked));
        self.store.dispense(fork, asking).await
    }

    async fn beat(&self, ticket: &Cursor, at: Timestamp) -> Result<(), Error> {
        self.tape.note(Write::Beat(ticket.clone(), at));
        self.store.beat(ticket, at).await
    }

    async fn last_beat(&self, ticket: &Cursor) -> Result<Option<Timestamp>, Error> {
        self.store.last_beat(ticket).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Vec<Arc<Execution>>, Error> {
        self.store.list(query).await
    }

    async fn running(
        &self,
        after: Option<&ExecutionId>,
        limit: usize,
    ) -> Result<Vec<ExecutionId>, Error> {
        self.store.running(after, limit).await
    }
}

#[async_trait]
impl Registry for Recorder {
    async fn item(&self, kind: Kind, key: &str) -> Result<Option<Item>, Error> {
        self.store.item(kind, key).await
    }

    async fn put(
        &self,
        kind: Kind,
        key: &str,
        body: String,
        expected: Option<u64>,
    ) -> Result<bool, Error> {
        let done = self.store.put(kind, key, body.clone(), expected).await?;
        if done {
            self.tape.note(Write::Put(kind.name().into(), key.into(), body, expected));
        }
        Ok(done)
    }

    async fn remove(&self, kind: Kind, key: &str, expected: u64) -> Result<bool, Error> {
        let done = self.store.remove(kind, key, expected).await?;
        if done {
            self.tape.note(Write::Remove(kind.name().into(), key.into(), expected));
        }
        Ok(done)
    }

    async fn items(
        &self,
        kind: Kind,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Item)>, Error> {
        self.store.items(kind, prefix, after, limit).await
    }
}

fn named(name: &str) -> Kind {
    KINDS.into_iter().find(|kind| kind.name() == name).unwrap_or_else(|| panic!("no kind {name}"))
}

const KINDS: [Kind; 10] = [
    Kind::StateMachine,
    Kind::Definition,
    Kind::Revision,
    Kind::Activity,
    Kind::Redrives,
    Kind::Publications,
    Kind::TestCase,
    Kind::Secret,
    Kind::MapRun,
    Kind::Units,
];
