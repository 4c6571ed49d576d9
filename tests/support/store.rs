//! A store that fails on purpose, around any other.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use stepwright::store::{
    Asking, Closing, Creation, Error, Execution, Insertion, Item, Joined, Journal, Kind, ListQuery,
    Redriven, Registry, Store, Stored,
};
use stepwright_core::engine::{Cursor, ExecutionId, FrameId, Phase, Record};
use stepwright_core::time::Timestamp;

use super::fault::Faults;
use super::meter::Operation;

/// Fails and counts as its [`Faults`] say, and holds that a record can be read back as it was written.
pub(crate) struct FaultyStore {
    inner: Arc<dyn Store>,
    faults: Arc<Faults>,
    claims: Mutex<BTreeSet<(ExecutionId, FrameId)>>,
    /// The slot of the next record of a lane, as the lane says when it asks for its next item.
    recorded: Mutex<HashMap<(Cursor, u32), u64>>,
    /// Bytes of the longest record that it takes.
    longest: AtomicUsize,
    trusts: AtomicBool,
    created: Mutex<Vec<ExecutionId>>,
    transitions: AtomicU64,
    attempts: AtomicU64,
}

impl FaultyStore {
    pub(crate) fn around(inner: Arc<dyn Store>, faults: Arc<Faults>) -> FaultyStore {
        FaultyStore {
            inner,
            faults,
            claims: Mutex::default(),
            recorded: Mutex::default(),
            longest: AtomicUsize::new(usize::MAX),
            trusts: AtomicBool::new(false),
            created: Mutex::default(),
            transitions: AtomicU64::new(0),
            attempts: AtomicU64::new(0),
        }
    }

    /// From now on records are not written and read back on their way, which takes most of the time of a simulation.
    pub(crate) fn trust(&self) {
        self.trusts.store(true, Ordering::Relaxed);
    }

    /// The store without faults, for looking at it.
    pub(crate) fn plain(&self) -> &Arc<dyn Store> {
        &self.inner
    }

    /// The executions that were created, in order.
    pub(crate) fn created(&self) -> Vec<ExecutionId> {
        self.created.lock().unwrap().clone()
    }

    /// How many records were inserted.
    pub(crate) fn transitions(&self) -> u64 {
        self.transitions.load(Ordering::Relaxed)
    }

    /// How many attempts of tasks were claimed so far.
    pub(crate) fn attempts(&self) -> u64 {
        self.attempts.load(Ordering::Relaxed)
    }

    /// How many tasks are claimed whose outcome is not recorded yet.
    pub(crate) fn claims(&self) -> usize {
        self.claims.lock().unwrap().len()
    }

    /// From now on it takes no record of more bytes than this.
    pub(crate) fn bound(&self, bytes: usize) {
        self.longest.store(bytes, Ordering::Relaxed);
    }

    /// Whether a task is claimed whose outcome is not recorded yet.
    pub(crate) fn claimed(&self) -> bool {
        !self.claims.lock().unwrap().is_empty()
    }

    async fn write(&self, cursor: &Cursor, record: Arc<Record>) -> Result<Insertion, Error> {
        let longest = self.longest.load(Ordering::Relaxed);
        if longest < usize::MAX && record.encode()?.len() > longest {
            return Err(Error::TooLarge("a record does not fit".into()));
        }
        let claims = matches!(record.frame.phase, Phase::Claimed(_));
        let answer = self.inner.insert(cursor, record).await?;
        if matches!(answer, Insertion::Inserted) {
            self.transitions.fetch_add(1, Ordering::Relaxed);
            self.attempts.fetch_add(u64::from(claims), Ordering::Relaxed);
            let frame = (cursor.execution.clone(), cursor.frame.clone());
            let mut claimed = self.claims.lock().unwrap();
            if claims {
                claimed.insert(frame)
            } else {
                claimed.remove(&frame)
            };
        }
        Ok(answer)
    }

    /// Grants from before a lane's last record are forgotten, as a store may do.
    async fn grant(&self, fork: &Cursor, asking: Asking) -> Result<u64, Error> {
        let last = *self
            .recorded
            .lock()
            .unwrap()
            .entry((fork.clone(), asking.lane))
            .and_modify(|last| *last = asking.slot.max(*last))
            .or_insert(asking.slot);
        if asking.slot < last {
            return Err(Error::Unavailable("this lane has gone on".into()));
        }
        self.inner.dispense(fork, asking).await
    }

    async fn through<T>(
        &self,
        operation: Operation,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.faults.through(operation, work, Error::Unavailable).await
    }
}

#[async_trait]
impl Journal for FaultyStore {
    async fn create(&self, execution: Execution) -> Result<Creation, Error> {
        let create = async {
            let id = execution.id.clone();
            let creation = self.inner.create(execution).await?;
            if matches!(creation, Creation::Created) {
                self.created.lock().unwrap().push(id);
            }
            Ok(creation)
        };
        self.through(Operation::Create, create).await
    }

    async fn execution(&self, id: &ExecutionId) -> Result<Option<Arc<Execution>>, Error> {
        self.through(Operation::ReadExecution, self.inner.execution(id)).await
    }

    async fn close(&self, id: &ExecutionId, closing: Closing) -> Result<bool, Error> {
        self.through(Operation::Close, self.inner.close(id, closing)).await
    }

    async fn close_row(&self, row: &Execution, closing: Closing) -> Result<bool, Error> {
        self.through(Operation::Close, self.inner.close_row(row, closing)).await
    }

    async fn reopen(
        &self,
        id: &ExecutionId,
        redriven: Redriven,
        deadline: Option<Timestamp>,
    ) -> Result<bool, Error> {
        self.through(Operation::Close, self.inner.reopen(id, redriven, deadline)).await
    }

    async fn insert(&self, cursor: &Cursor, record: Arc<Record>) -> Result<Insertion, Error> {
        if self.trusts.load(Ordering::Relaxed) {
            return self.through(Operation::Insert, self.write(cursor, record)).await;
        }
        let written = Record::decode(&record.encode()?)?;
        assert_eq!(written, *record, "a record does not survive being stored");
        self.through(Operation::Insert, self.write(cursor, Arc::new(written))).await
    }

    async fn tail(
        &self,
        execution: &ExecutionId,
        frame: &FrameId,
    ) -> Result<Option<Arc<Record>>, Error> {
        self.through(Operation::Tail, self.inner.tail(execution, frame)).await
    }

    async fn taken(&self, cursor: &Cursor) -> Result<bool, Error> {
        self.through(Operation::Taken, self.inner.taken(cursor)).await
    }

    async fn records(
        &self,
        execution: &ExecutionId,
        frame: &FrameId,
        fork: Option<u64>,
    ) -> Result<Vec<Stored>, Error> {
        self.through(Operation::Records, self.inner.records(execution, frame, fork)).await
    }

    async fn tails(
        &self,
        execution: &ExecutionId,
        frame: &FrameId,
        fork: Option<u64>,
    ) -> Result<Vec<Stored>, Error> {
        self.through(Operation::Tails, self.inner.tails(execution, frame, fork)).await
    }

    async fn join(
        &self,
        fork: &Cursor,
        lane: u32,
        lanes: u32,
        failed: bool,
    ) -> Result<Joined, Error> {
        self.through(Operation::Join, self.inner.join(fork, lane, lanes, failed)).await
    }

    async fn joined(&self, fork: &Cursor, lanes: u32) -> Result<Joined, Error> {
        self.through(Operation::Joined, self.inner.joined(fork, lanes)).await
    }

    async fn dispense(&self, fork: &Cursor, asking: Asking) -> Result<u64, Error> {
        self.through(Operation::Dispense, self.grant(fork, asking)).await
    }

    async fn beat(&self, ticket: &Cursor, at: Timestamp) -> Result<(), Error> {
        self.through(Operation::Beat, self.inner.beat(ticket, at)).await
    }

    async fn last_beat(&self, ticket: &Cursor) -> Result<Option<Timestamp>, Error> {
        self.through(Operation::LastBeat, self.inner.last_beat(ticket)).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Vec<Arc<Execution>>, Error> {
        self.through(Operation::List, self.inner.list(query)).await
    }

    async fn running(
        &self,
        after: Option<&ExecutionId>,
        limit: usize,
    ) -> Result<Vec<ExecutionId>, Error> {
        self.through(Operation::Running, self.inner.running(after, limit)).await
    }
}

#[async_trait]
impl Registry for FaultyStore {
    async fn item(&self, kind: Kind, key: &str) -> Result<Option<Item>, Error> {
        self.through(Operation::Item, self.inner.item(kind, key)).await
    }

    async fn put(
        &self,
        kind: Kind,
        key: &str,
        body: String,
        expected: Option<u64>,
    ) -> Result<bool, Error> {
        self.through(Operation::Put, self.inner.put(kind, key, body, expected)).await
    }

    async fn remove(&self, kind: Kind, key: &str, expected: u64) -> Result<bool, Error> {
        self.through(Operation::Remove, self.inner.remove(kind, key, expected)).await
    }

    async fn items(
        &self,
        kind: Kind,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Item)>, Error> {
        self.through(Operation::Items, self.inner.items(kind, prefix, after, limit)).await
    }
}
