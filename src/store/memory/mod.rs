//! The store that forgets: everything in memory, for `--in-memory` and for tests. It keeps every promise of the traits
//! but the one about a crash.
//!
//! Running executions are all kept. Of the closed ones only the newest stay ([`DEFAULT_CLOSED_KEPT`] unless told
//! otherwise); an older one vanishes as a whole, as it would from AWS after 90 days, so that memory does not grow for
//! ever.

mod execution;
mod index;

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use stepwright_core::engine::{Cursor, ExecutionId, FrameId, Record};
use stepwright_core::time::Timestamp;

use self::execution::Entry;
use self::index::Index;
use super::{
    Asking, Closing, Creation, Error, Execution, Insertion, Item, Joined, Journal, Kind, ListQuery,
    Redriven, Registry, Stored,
};

/// How many closed executions are kept unless the constructor is told otherwise.
pub const DEFAULT_CLOSED_KEPT: usize = 10_000;

/// A store in memory.
#[derive(Debug)]
pub struct MemoryStore {
    journal: Mutex<State>,
    registry: Mutex<BTreeMap<(Kind, Arc<str>), Item>>,
}

#[derive(Debug)]
struct State {
    executions: HashMap<ExecutionId, Entry>,
    index: Index,
}

impl MemoryStore {
    /// A store that keeps the newest [`DEFAULT_CLOSED_KEPT`] closed executions.
    pub fn new() -> MemoryStore {
        MemoryStore::keeping(DEFAULT_CLOSED_KEPT)
    }

    /// A store that keeps the `closed` executions that were closed last.
    pub fn keeping(closed: usize) -> MemoryStore {
        MemoryStore {
            journal: Mutex::new(State {
                executions: HashMap::new(),
                index: Index::keeping(closed),
            }),
            registry: Mutex::default(),
        }
    }

    /// Nothing panics while it holds this lock; a poisoned one is as good as any.
    fn journal(&self) -> MutexGuard<'_, State> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn registry(&self) -> MutexGuard<'_, BTreeMap<(Kind, Arc<str>), Item>> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> MemoryStore {
        MemoryStore::new()
    }
}

impl State {
    fn entry(&mut self, id: &ExecutionId) -> Result<&mut Entry, Error> {
        self.executions.get_mut(id).ok_or_else(|| Error::no_execution(id))
    }
}

#[async_trait]
impl Journal for MemoryStore {
    async fn create(&self, execution: Execution) -> Result<Creation, Error> {
        let mut state = self.journal();
        if let Some(entry) = state.executions.get(&execution.id) {
            return Ok(Creation::Exists(entry.row.clone()));
        }
        state.index.created(&execution);
        state.executions.insert(execution.id.clone(), Entry::new(execution));
        Ok(Creation::Created)
    }

    async fn execution(&self, id: &ExecutionId) -> Result<Option<Arc<Execution>>, Error> {
        Ok(self.journal().executions.get(id).map(|entry| entry.row.clone()))
    }

    async fn close(&self, id: &ExecutionId, closing: Closing) -> Result<bool, Error> {
        let mut state = self.journal();
        let entry = state.entry(id)?;
        let late = entry.row.redriven.is_some_and(|redriven| closing.stopped < redriven.at);
        if entry.row.closing.is_some() || late {
            return Ok(false);
        }
        let row = Arc::make_mut(&mut entry.row);
        row.closing = Some(closing);
        let row = entry.row.clone();
        if let Some(oldest) = state.index.closed(&row) {
            state.executions.remove(&oldest);
        }
        Ok(true)
    }

    async fn reopen(
        &self,
        id: &ExecutionId,
        redriven: Redriven,
        deadline: Option<Timestamp>,
    ) -> Result<bool, Error> {
        let mut state = self.journal();
        let entry = state.entry(id)?;
        let count = entry.row.redriven.map_or(0, |before| before.count);
        if entry.row.closing.is_none() || redriven.count != count + 1 {
            return Ok(false);
        }
        let row = Arc::make_mut(&mut entry.row);
        (row.closing, row.redriven, row.deadline) = (None, Some(redriven), deadline);
        let row = entry.row.clone();
        state.index.reopened(&row);
        Ok(true)
    }

    async fn insert(&self, cursor: &Cursor, record: Arc<Record>) -> Result<Insertion, Error> {
        Ok(self.journal().entry(&cursor.execution)?.insert(cursor, record))
    }

    async fn tail(
        &self,
        execution: &ExecutionId,
        frame: &FrameId,
    ) -> Result<Option<Arc<Record>>, Error> {
        let state = self.journal();
        Ok(state.executions.get(execution).and_then(|entry| entry.tail(frame)))
    }

    async fn records(
        &self,
        execution: &ExecutionId,
        frame: &FrameId,
        fork: Option<u64>,
    ) -> Result<Vec<Stored>, Error> {
        let state = self.journal();
        Ok(state.executions.get(execution).map_or_else(Vec::new, |e| e.records(frame, fork)))
    }

    async fn tails(
        &self,
        execution: &ExecutionId,
        frame: &FrameId,
        fork: Option<u64>,
    ) -> Result<Vec<Stored>, Error> {
        let state = self.journal();
        Ok(state.executions.get(execution).map_or_else(Vec::new, |e| e.tails(frame, fork)))
    }

    async fn join(
        &self,
        fork: &Cursor,
        lane: u32,
        _lanes: u32,
        failed: bool,
    ) -> Result<Joined, Error> {
        Ok(self.journal().entry(&fork.execution)?.fork(fork).join(lane, failed))
    }

    async fn joined(&self, fork: &Cursor, _lanes: u32) -> Result<Joined, Error> {
        let state = self.journal();
        Ok(state.executions.get(&fork.execution).map_or_else(Joined::default, |e| e.joined(fork)))
    }

    async fn dispense(&self, fork: &Cursor, asking: Asking) -> Result<u64, Error> {
        Ok(self.journal().entry(&fork.execution)?.fork(fork).dispense(asking))
    }

    async fn beat(&self, ticket: &Cursor, at: Timestamp) -> Result<(), Error> {
        self.journal().entry(&ticket.execution)?.beat(ticket, at);
        Ok(())
    }

    async fn last_beat(&self, ticket: &Cursor) -> Result<Option<Timestamp>, Error> {
        let state = self.journal();
        Ok(state.executions.get(&ticket.execution).and_then(|entry| entry.last_beat(ticket)))
    }

    async fn list(&self, query: &ListQuery) -> Result<Vec<Arc<Execution>>, Error> {
        let state = self.journal();
        let rows = state.index.list(query).into_iter();
        Ok(rows.filter_map(|id| state.executions.get(&id).map(|e| e.row.clone())).collect())
    }

    async fn running(
        &self,
        after: Option<&ExecutionId>,
        limit: usize,
    ) -> Result<Vec<ExecutionId>, Error> {
        Ok(self.journal().index.running(after, limit))
    }
}

#[async_trait]
impl Registry for MemoryStore {
    async fn item(&self, kind: Kind, key: &str) -> Result<Option<Item>, Error> {
        Ok(self.registry().get(&(kind, key.into())).cloned())
    }

    async fn put(
        &self,
        kind: Kind,
        key: &str,
        body: String,
        expected: Option<u64>,
    ) -> Result<bool, Error> {
        let mut registry = self.registry();
        let place = (kind, Arc::from(key));
        if registry.get(&place).map(|item| item.version) != expected {
            return Ok(false);
        }
        registry.insert(place, Item { body, version: expected.unwrap_or(0) + 1 });
        Ok(true)
    }

    async fn remove(&self, kind: Kind, key: &str, expected: u64) -> Result<bool, Error> {
        let mut registry = self.registry();
        let place = (kind, Arc::from(key));
        let found = registry.get(&place).is_some_and(|item| item.version == expected);
        if found {
            registry.remove(&place);
        }
        Ok(found)
    }

    async fn items(
        &self,
        kind: Kind,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Item)>, Error> {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded((kind, Arc::from(after))),
            _ => Bound::Included((kind, Arc::from(prefix))),
        };
        let registry = self.registry();
        let found = registry.range((start, Bound::Unbounded));
        Ok(found
            .take_while(|((k, key), _)| *k == kind && key.starts_with(prefix))
            .take(limit)
            .map(|((_, key), item)| (key.to_string(), item.clone()))
            .collect())
    }
}
