//! The store of the serverless home: one DynamoDB table, on demand. [`schema`] is its map.
//!
//! Each promise of [`Journal`] is kept by one conditional write of one item: no transactions, no counters, no locks. What
//! a write costs is one unit of 1 KB, so items are kept below that: long payloads are compressed, payloads of rows are
//! items of their own, join sets and dispensers are cut into pieces. No item is written more than some hundred times,
//! and wide forks spread over partitions.
//!
//! A request that was throttled, or whose reply was lost, is made again with growing pauses of random length, for some
//! seconds. A conditional write that succeeded without its reply is then refused, by its own doing: it is known by its
//! nonce.
//!
//! One promise is weaker than elsewhere: to know whether an execution exists costs a read, so records, lanes and
//! heartbeats are taken without asking.

mod attribute;
mod dispense;
mod execution;
mod join;
mod key;
mod lease;
mod list;
mod payload;
mod records;
mod registry;
mod row;
pub mod schema;
mod table;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use stepwright_core::engine::{Cursor, ExecutionId, FrameId, Record};
use stepwright_core::time::Timestamp;

pub use self::payload::Blobs;
pub use self::schema::Tables;

use self::payload::Payloads;
use self::table::Table;
use super::{
    Asking, Closing, Creation, Error, Execution, Insertion, Joined, Journal, ListQuery, Redriven,
    Stored,
};

/// A store in DynamoDB.
#[derive(Clone)]
pub struct DynamoStore {
    table: Table,
    tables: Tables,
    payloads: Payloads,
    machines: Arc<Mutex<HashSet<Box<str>>>>,
}

impl DynamoStore {
    /// A store in these tables. The client should not retry by itself: the store does, with jitter and a deadline.
    pub fn new(client: Client, tables: Tables) -> DynamoStore {
        DynamoStore {
            table: Table::new(client, tables.executions.clone()),
            tables,
            payloads: Payloads::default(),
            machines: Arc::default(),
        }
    }

    /// The same, with a place for payloads above the claim-check threshold.
    #[must_use]
    pub fn with_blobs(self, blobs: Arc<dyn Blobs>) -> DynamoStore {
        DynamoStore { payloads: Payloads { blobs: Some(blobs) }, ..self }
    }

    /// Machines that this process knows to be noted. Nothing panics while it holds this lock.
    fn machines(&self) -> MutexGuard<'_, HashSet<Box<str>>> {
        self.machines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When DynamoDB may remove what a running execution writes now.
    fn expiry_of_now(&self) -> i64 {
        self.expiry_of_running(now())
    }

    /// When DynamoDB may remove units of a Map Run that are written now: a year is the longest that an execution may
    /// take, and after that it may be redriven while it is retained.
    fn expiry_of_units(&self) -> i64 {
        self.expiry_of_closed(now().plus_seconds(366.0 * 86_400.0))
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

#[async_trait]
impl Journal for DynamoStore {
    async fn create(&self, execution: Execution) -> Result<Creation, Error> {
        self.create_row(&execution).await
    }

    async fn execution(&self, id: &ExecutionId) -> Result<Option<Arc<Execution>>, Error> {
        Ok(self.read_row(id).await?.map(Arc::new))
    }

    async fn executions(&self, ids: &[ExecutionId]) -> Result<Vec<Option<Arc<Execution>>>, Error> {
        self.read_rows(ids).await
    }

    async fn close(&self, id: &ExecutionId, closing: Closing) -> Result<bool, Error> {
        let machine = self.machine_of(id).await?;
        self.close_of(&machine, id, &closing).await
    }

    async fn close_row(&self, row: &Execution, closing: Closing) -> Result<bool, Error> {
        self.close_of(row.list(), &row.id, &closing).await
    }

    async fn reopen(
        &self,
        id: &ExecutionId,
        redriven: Redriven,
        deadline: Option<Timestamp>,
    ) -> Result<bool, Error> {
        self.reopen_row(id, redriven, deadline).await
    }

    async fn insert(&self, cursor: &Cursor, record: Arc<Record>) -> Result<Insertion, Error> {
        self.insert_record(cursor, &record).await
    }

    async fn tail(
        &self,
        execution: &ExecutionId,
        frame: &FrameId,
    ) -> Result<Option<Arc<Record>>, Error> {
        Ok(self.last_record(execution, frame).await?.map(Arc::new))
    }

    async fn taken(&self, cursor: &Cursor) -> Result<bool, Error> {
        Ok(self.table.item(&key::record(cursor)).await?.is_some())
    }

    async fn records(
        &self,
        execution: &ExecutionId,
        frame: &FrameId,
        fork: Option<u64>,
    ) -> Result<Vec<Stored>, Error> {
        self.records_below(execution, frame, fork).await
    }

    async fn tails(
        &self,
        execution: &ExecutionId,
        frame: &FrameId,
        fork: Option<u64>,
    ) -> Result<Vec<Stored>, Error> {
        let mut tails: Vec<Stored> = Vec::new();
        for stored in self.records_below(execution, frame, fork).await? {
            match tails.last_mut() {
                Some(last) if last.0 == stored.0 => *last = stored,
                _ => tails.push(stored),
            }
        }
        Ok(tails)
    }

    async fn renew(&self, id: &ExecutionId, now: Timestamp, most: usize) -> Result<usize, Error> {
        self.renew_items(id, now, most).await
    }

    async fn join(
        &self,
        fork: &Cursor,
        lane: u32,
        lanes: u32,
        failed: bool,
    ) -> Result<Joined, Error> {
        self.join_lane(fork, lane, lanes, failed).await
    }

    async fn joined(&self, fork: &Cursor, lanes: u32) -> Result<Joined, Error> {
        self.joined_lanes(fork, lanes).await
    }

    async fn dispense(&self, fork: &Cursor, asking: Asking) -> Result<u64, Error> {
        self.grant(fork, asking).await
    }

    async fn beat(&self, ticket: &Cursor, at: Timestamp) -> Result<(), Error> {
        self.note_beat(ticket, at).await
    }

    async fn last_beat(&self, ticket: &Cursor) -> Result<Option<Timestamp>, Error> {
        self.noted_beat(ticket).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Vec<Arc<Execution>>, Error> {
        self.listed_executions(query).await
    }

    async fn running(
        &self,
        after: Option<&ExecutionId>,
        limit: usize,
    ) -> Result<Vec<ExecutionId>, Error> {
        self.running_by_id(after, limit).await
    }
}
