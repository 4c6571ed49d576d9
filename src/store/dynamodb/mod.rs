//! The store of the serverless home: one DynamoDB table.

pub mod schema;

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use stepwright_core::engine::{Cursor, ExecutionId, FrameId, Record};
use stepwright_core::time::Timestamp;

pub use self::schema::Tables;

use super::{
    Closing, Creation, Error, Execution, Insertion, Item, Joined, Journal, Kind, ListQuery,
    Redriven, Registry, Stored,
};

/// A store in DynamoDB.
pub struct DynamoStore {
    client: Client,
    tables: Tables,
}

/// Where payloads go that are too large for an item: a bucket.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Writes an object. Writing it twice with the same content is harmless.
    ///
    /// # Errors
    /// What went wrong; trying again later is right.
    async fn put(&self, key: &str, body: Vec<u8>) -> Result<(), String>;

    /// Reads an object; `None` if there is none.
    ///
    /// # Errors
    /// What went wrong; trying again later is right.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String>;
}

impl DynamoStore {
    /// A store in these tables. The client should not retry by itself: the store does, with jitter and a deadline.
    pub fn new(client: Client, tables: Tables) -> DynamoStore {
        DynamoStore { client, tables }
    }

    /// The same, with a place for payloads above the claim-check threshold.
    #[must_use]
    pub fn with_blobs(self, _blobs: Arc<dyn Blobs>) -> DynamoStore {
        self
    }

    fn unbuilt<T>(&self) -> Result<T, Error> {
        let _ = (&self.client, &self.tables);
        Err(Error::Unavailable("not built yet".into()))
    }
}

#[async_trait]
impl Journal for DynamoStore {
    async fn create(&self, _: Execution) -> Result<Creation, Error> {
        self.unbuilt()
    }
    async fn execution(&self, _: &ExecutionId) -> Result<Option<Arc<Execution>>, Error> {
        self.unbuilt()
    }
    async fn close(&self, _: &ExecutionId, _: Closing) -> Result<bool, Error> {
        self.unbuilt()
    }
    async fn reopen(
        &self,
        _: &ExecutionId,
        _: Redriven,
        _: Option<Timestamp>,
    ) -> Result<bool, Error> {
        self.unbuilt()
    }
    async fn insert(&self, _: &Cursor, _: Arc<Record>) -> Result<Insertion, Error> {
        self.unbuilt()
    }
    async fn tail(&self, _: &ExecutionId, _: &FrameId) -> Result<Option<Arc<Record>>, Error> {
        self.unbuilt()
    }
    async fn records(
        &self,
        _: &ExecutionId,
        _: &FrameId,
        _: Option<u64>,
    ) -> Result<Vec<Stored>, Error> {
        self.unbuilt()
    }
    async fn tails(
        &self,
        _: &ExecutionId,
        _: &FrameId,
        _: Option<u64>,
    ) -> Result<Vec<Stored>, Error> {
        self.unbuilt()
    }
    async fn join(&self, _: &Cursor, _: u32, _: bool) -> Result<Joined, Error> {
        self.unbuilt()
    }
    async fn joined(&self, _: &Cursor) -> Result<Joined, Error> {
        self.unbuilt()
    }
    async fn dispense(&self, _: &Cursor, _: u32, _: u64, _: u64) -> Result<u64, Error> {
        self.unbuilt()
    }
    async fn beat(&self, _: &Cursor, _: Timestamp) -> Result<(), Error> {
        self.unbuilt()
    }
    async fn last_beat(&self, _: &Cursor) -> Result<Option<Timestamp>, Error> {
        self.unbuilt()
    }
    async fn list(&self, _: &ListQuery) -> Result<Vec<Arc<Execution>>, Error> {
        self.unbuilt()
    }
    async fn running(&self, _: Option<&ExecutionId>, _: usize) -> Result<Vec<ExecutionId>, Error> {
        self.unbuilt()
    }
}

#[async_trait]
impl Registry for DynamoStore {
    async fn item(&self, _: Kind, _: &str) -> Result<Option<Item>, Error> {
        self.unbuilt()
    }
    async fn put(&self, _: Kind, _: &str, _: String, _: Option<u64>) -> Result<bool, Error> {
        self.unbuilt()
    }
    async fn remove(&self, _: Kind, _: &str, _: u64) -> Result<bool, Error> {
        self.unbuilt()
    }
    async fn items(
        &self,
        _: Kind,
        _: &str,
        _: Option<&str>,
        _: usize,
    ) -> Result<Vec<(String, Item)>, Error> {
        self.unbuilt()
    }
}
