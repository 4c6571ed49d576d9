//! A store that fails by the dice: before an operation, or after it took effect.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use stepwright::store::memory::MemoryStore;
use stepwright::store::{
    Closing, Creation, Error, Execution, Insertion, Item, Joined, Journal, Kind, ListQuery,
    Registry, Stored,
};
use stepwright_core::engine::{Cursor, ExecutionId, FrameId, Phase, Record};
use stepwright_core::time::Timestamp;

use super::breathe;
use super::faults::{Dice, Faults};

/// A store with faults, which counts what a bill would count.
pub struct SimStore {
    inner: MemoryStore,
    dice: Dice,
    faults: Faults,
    calm: AtomicBool,
    inserts: AtomicU64,
    claims: Mutex<BTreeSet<(ExecutionId, FrameId)>>,
}

impl SimStore {
    pub fn new(inner: MemoryStore, seed: u64, faults: Faults) -> SimStore {
        let (calm, inserts) = (AtomicBool::new(false), AtomicU64::new(0));
        let claims = Mutex::default();
        SimStore { inner, dice: Dice::new(seed ^ 0x570e), faults, calm, inserts, claims }
    }

    /// While calm, nothing fails (for setting a scene, and for looking at it).
    pub fn calm(&self, calm: bool) {
        self.calm.store(calm, Ordering::SeqCst);
    }

    /// Records inserted so far.
    pub fn inserts(&self) -> u64 {
        self.inserts.load(Ordering::SeqCst)
    }

    /// Whether a task is claimed whose outcome is not recorded yet.
    pub fn claimed(&self) -> bool {
        !self.claims.lock().unwrap().is_empty()
    }

    fn note(&self, cursor: &Cursor, record: &Record) {
        self.inserts.fetch_add(1, Ordering::SeqCst);
        let frame = (cursor.execution.clone(), cursor.frame.clone());
        let mut claims = self.claims.lock().unwrap();
        match record.frame.phase {
            Phase::Claimed(_) => claims.insert(frame),
            _ => claims.remove(&frame),
        };
    }

    async fn before(&self) -> Result<(), Error> {
        breathe().await;
        self.fails(self.faults.refused)
    }

    async fn after(&self) -> Result<(), Error> {
        breathe().await;
        self.fails(self.faults.lost_reply)
    }

    fn fails(&self, probability: f64) -> Result<(), Error> {
        if !self.calm.load(Ordering::SeqCst) && self.dice.chance(probability) {
            return Err(Error::Unavailable("by the dice".into()));
        }
        Ok(())
    }
}

/// Passes an operation on, with a chance to fail on each side of it.
macro_rules! pass {
    ($self:ident, $call:expr) => {{
        $self.before().await?;
        let answer = $call.await?;
        $self.after().await?;
        Ok(answer)
    }};
}

#[async_trait]
impl Journal for SimStore {
    async fn create(&self, execution: Execution) -> Result<Creation, Error> {
        pass!(self, self.inner.create(execution))
    }

    async fn execution(&self, id: &ExecutionId) -> Result<Option<Arc<Execution>>, Error> {
        pass!(self, self.inner.execution(id))
    }

    async fn close(&self, id: &ExecutionId, closing: Closing) -> Result<bool, Error> {
        pass!(self, self.inner.close(id, closing))
    }

    async fn insert(&self, cursor: &Cursor, record: Arc<Record>) -> Result<Insertion, Error> {
        // What is stored is what can be read back.
        let written = Record::decode(&record.encode()?)?;
        assert_eq!(written, *record, "a record does not survive being stored");
        self.before().await?;
        let answer = self.inner.insert(cursor, Arc::new(written)).await?;
        if matches!(answer, Insertion::Inserted) {
            self.note(cursor, &record);
        }
        self.after().await?;
        Ok(answer)
    }

    async fn tail(
        &self,
        execution: &ExecutionId,
        frame: &FrameId,
    ) -> Result<Option<Arc<Record>>, Error> {
        pass!(self, self.inner.tail(execution, frame))
    }

    async fn records(
        &self,
        execution: &ExecutionId,
        frame: &FrameId,
        fork: Option<u64>,
    ) -> Result<Vec<Stored>, Error> {
        pass!(self, self.inner.records(execution, frame, fork))
    }

    async fn tails(
        &self,
        execution: &ExecutionId,
        frame: &FrameId,
        fork: Option<u64>,
    ) -> Result<Vec<Stored>, Error> {
        pass!(self, self.inner.tails(execution, frame, fork))
    }

    async fn join(&self, fork: &Cursor, lane: u32, failed: bool) -> Result<Joined, Error> {
        pass!(self, self.inner.join(fork, lane, failed))
    }

    async fn joined(&self, fork: &Cursor) -> Result<Joined, Error> {
        pass!(self, self.inner.joined(fork))
    }

    async fn dispense(
        &self,
        fork: &Cursor,
        lane: u32,
        lane_slot: u64,
        first: u64,
    ) -> Result<u64, Error> {
        pass!(self, self.inner.dispense(fork, lane, lane_slot, first))
    }

    async fn beat(&self, ticket: &Cursor, at: Timestamp) -> Result<(), Error> {
        pass!(self, self.inner.beat(ticket, at))
    }

    async fn last_beat(&self, ticket: &Cursor) -> Result<Option<Timestamp>, Error> {
        pass!(self, self.inner.last_beat(ticket))
    }

    async fn list(&self, query: &ListQuery) -> Result<Vec<Arc<Execution>>, Error> {
        pass!(self, self.inner.list(query))
    }

    async fn running(
        &self,
        after: Option<&ExecutionId>,
        limit: usize,
    ) -> Result<Vec<ExecutionId>, Error> {
        pass!(self, self.inner.running(after, limit))
    }
}

#[async_trait]
impl Registry for SimStore {
    async fn item(&self, kind: Kind, key: &str) -> Result<Option<Item>, Error> {
        pass!(self, self.inner.item(kind, key))
    }

    async fn put(
        &self,
        kind: Kind,
        key: &str,
        body: String,
        expected: Option<u64>,
    ) -> Result<bool, Error> {
        pass!(self, self.inner.put(kind, key, body, expected))
    }

    async fn remove(&self, kind: Kind, key: &str, expected: u64) -> Result<bool, Error> {
        pass!(self, self.inner.remove(kind, key, expected))
    }

    async fn items(
        &self,
        kind: Kind,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Item)>, Error> {
        pass!(self, self.inner.items(kind, prefix, after, limit))
    }
}
