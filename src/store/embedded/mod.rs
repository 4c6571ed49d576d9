//! The durable store of the local binary: one SQLite database in one directory.
//!
//! Why SQLite: no library is better kept; what it acknowledges survives a loss of power; and anybody can look into it
//! with the `sqlite3` tool (start with the views `executions` and `journal`).
//!
//! ```text
//! create, insert, close, … --> inbox --> writer thread --> one transaction, one fsync --> all of them answered
//! tail, execution          --> memory of what runs, else a read-only connection
//! ```
//!
//! All writing is done by one thread that takes whatever has queued up into one transaction: the more there is to do, the
//! less of an fsync each write costs. That thread alone, and SQLite's own unique keys, decide who was first.
//! What is running is remembered within bounds, so that the usual turn reads nothing from the database.

mod cache;
mod definitions;
mod dispense;
mod expire;
mod ledger;
mod list;
mod open;
mod read;
mod recent;
mod registry;
mod schema;
#[cfg(test)]
mod tests;
mod write;
mod writer;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use stepwright_core::engine::{Cursor, ExecutionId, FrameId, Record};
use stepwright_core::time::Timestamp;

pub use self::open::{Durability, OpenError};

use self::cache::Cache;
use self::dispense::Dispensers;
use self::read::Readers;
use self::writer::{Write, Writer};
use super::{
    Asking, Closing, Creation, Error, Execution, Insertion, Joined, Journal, ListQuery, Redriven,
    Stored, Tally,
};

/// A durable store in a directory.
pub struct EmbeddedStore {
    // Declared before the lock: the writer has ended when another process may open the directory.
    writer: Writer,
    readers: Arc<Readers>,
    memory: Arc<Memory>,
    _lock: open::DirectoryLock,
}

/// What is remembered of the database, shared with the writer.
#[derive(Default)]
struct Memory {
    cache: Mutex<Cache>,
    dispensers: Mutex<Dispensers>,
    /// Definitions that nothing referred to when somebody looked last.
    unused: Mutex<BTreeSet<String>>,
}

impl EmbeddedStore {
    /// Opens the store in a directory, which is made if it is not there. Readable by its owner only.
    ///
    /// # Errors
    /// Another process has it open, it was written by a newer version, or it cannot be read or written.
    pub fn open(directory: &Path) -> Result<EmbeddedStore, OpenError> {
        EmbeddedStore::open_with(directory, Durability::Full)
    }

    /// The same, with another promise for what is acknowledged.
    ///
    /// # Errors
    /// As above.
    pub fn open_with(directory: &Path, durability: Durability) -> Result<EmbeddedStore, OpenError> {
        let lock = open::lock(directory)?;
        let database = open::database(directory)?;
        let writing = open::writing(&database, durability)?;
        let readers = Arc::new(Readers::open(&database)?);
        let memory = Arc::new(Memory::default());
        let writer = Writer::start(writing, memory.clone())?;
        Ok(EmbeddedStore { writer, readers, memory, _lock: lock })
    }

    async fn write<W: Write>(&self, write: W) -> Result<W::Answer, Error> {
        self.writer.submit(write).await
    }

    /// Long reads leave the threads of the runtime alone.
    async fn scan<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Readers) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let readers = self.readers.clone();
        let done = tokio::task::spawn_blocking(move || read(&readers)).await;
        done.unwrap_or_else(|lost| Err(Error::Unavailable(lost.to_string())))
    }
}

impl Memory {
    fn cache(&self) -> MutexGuard<'_, Cache> {
        sound(&self.cache)
    }

    fn dispensers(&self) -> MutexGuard<'_, Dispensers> {
        sound(&self.dispensers)
    }
}

#[async_trait]
impl Journal for EmbeddedStore {
    async fn create(&self, execution: Execution) -> Result<Creation, Error> {
        self.write(write::Create { row: Arc::new(execution) }).await
    }

    async fn execution(&self, id: &ExecutionId) -> Result<Option<Arc<Execution>>, Error> {
        let closings = match self.memory.cache().row(id) {
            Ok(row) => return Ok(Some(row)),
            Err(closings) => closings,
        };
        let row = self.readers.execution(id)?.map(Arc::new);
        if let Some(row) = &row {
            self.memory.cache().read_row(row, closings);
        }
        Ok(row)
    }

    async fn close(&self, id: &ExecutionId, closing: Closing) -> Result<bool, Error> {
        let closed = self.write(write::Close { id: id.clone(), closing }).await?;
        closed.ok_or_else(|| Error::no_execution(id))
    }

    async fn reopen(
        &self,
        id: &ExecutionId,
        redriven: Redriven,
        deadline: Option<Timestamp>,
    ) -> Result<bool, Error> {
        let reopened = self.write(write::Reopen { id: id.clone(), redriven, deadline }).await?;
        reopened.ok_or_else(|| Error::no_execution(id))
    }

    async fn insert(&self, cursor: &Cursor, record: Arc<Record>) -> Result<Insertion, Error> {
        let text = record.encode()?;
        let inserted = self.write(write::Insert { cursor: cursor.clone(), record, text }).await?;
        match inserted.ok_or_else(|| Error::no_execution(&cursor.execution))? {
            write::Inserted::Now => Ok(Insertion::Inserted),
            write::Inserted::Before(text) => {
                Ok(Insertion::Exists(Arc::new(Record::decode(&text)?)))
            }
        }
    }

    async fn tail(
        &self,
        execution: &ExecutionId,
        frame: &FrameId,
    ) -> Result<Option<Arc<Record>>, Error> {
        let insertions = match self.memory.cache().tail(execution, frame) {
            Ok(tail) => return Ok(Some(tail)),
            Err(insertions) => insertions,
        };
        let Some((tail, length)) = self.readers.tail(execution, frame)? else { return Ok(None) };
        self.memory.cache().read_tail((execution, frame), (&tail, length), insertions);
        Ok(Some(tail))
    }

    async fn records(
        &self,
        execution: &ExecutionId,
        frame: &FrameId,
        fork: Option<u64>,
    ) -> Result<Vec<Stored>, Error> {
        let (execution, frame) = (execution.clone(), frame.clone());
        self.scan(move |readers| readers.records(&execution, &frame, fork)).await
    }

    async fn tails(
        &self,
        execution: &ExecutionId,
        frame: &FrameId,
        fork: Option<u64>,
    ) -> Result<Vec<Stored>, Error> {
        let (execution, frame) = (execution.clone(), frame.clone());
        self.scan(move |readers| readers.tails(&execution, &frame, fork)).await
    }

    async fn expire(&self, before: Timestamp, most: usize) -> Result<usize, Error> {
        let ended = self.scan(move |readers| expire::ended(&readers.long(), before, most)).await?;
        if ended.is_empty() {
            return Ok(0);
        }
        self.write(expire::Expire { ended, rows: most }).await
    }

    async fn forget_definitions(&self) -> Result<usize, Error> {
        let now = self.scan(|readers| definitions::unused(&readers.long())).await?;
        let before = std::mem::replace(&mut *sound(&self.memory.unused), now.clone());
        let keys: Vec<_> = now.intersection(&before).cloned().collect();
        if keys.is_empty() {
            return Ok(0);
        }
        self.write(definitions::ForgetDefinitions { keys }).await
    }

    async fn join(
        &self,
        fork: &Cursor,
        lane: u32,
        _lanes: u32,
        failed: bool,
    ) -> Result<Joined, Error> {
        let joined = self.write(write::Join { fork: fork.clone(), lane, failed }).await?;
        joined.ok_or_else(|| Error::no_execution(&fork.execution))
    }

    async fn joined(&self, fork: &Cursor, _lanes: u32) -> Result<Joined, Error> {
        self.readers.joined(fork)
    }

    async fn dispense(&self, fork: &Cursor, asking: Asking) -> Result<u64, Error> {
        self.memory.dispensers().dispense(fork, &asking, &self.readers, &self.writer)
    }

    async fn beat(&self, ticket: &Cursor, at: Timestamp) -> Result<(), Error> {
        let noted = self.write(write::Beat { ticket: ticket.clone(), at }).await?;
        noted.ok_or_else(|| Error::no_execution(&ticket.execution))
    }

    async fn last_beat(&self, ticket: &Cursor) -> Result<Option<Timestamp>, Error> {
        self.readers.last_beat(ticket)
    }

    async fn list(&self, query: &ListQuery) -> Result<Vec<Arc<Execution>>, Error> {
        let query = query.clone();
        self.scan(move |readers| readers.list(&query)).await
    }

    async fn tally(&self, list: &Arc<str>) -> Result<Tally, Error> {
        let list = list.clone();
        self.scan(move |readers| readers.tally(&list)).await
    }

    async fn running(
        &self,
        after: Option<&ExecutionId>,
        limit: usize,
    ) -> Result<Vec<ExecutionId>, Error> {
        let after = after.cloned();
        self.scan(move |readers| readers.running(after.as_ref(), limit)).await
    }
}

/// Nothing of ours panics while it holds a lock; a poisoned one is as good as any.
fn sound<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// SQLite's integers are signed. Slots, lanes and versions stay far below the difference.
fn integer(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// What SQLite says, as what a store says.
impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        let damaged = match &error {
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..) => true,
            other => matches!(other.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase)),
        };
        if damaged {
            Error::Damaged(error.to_string())
        } else {
            Error::Unavailable(error.to_string())
        }
    }
}
