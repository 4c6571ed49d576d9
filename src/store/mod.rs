//! The store: what must survive. Executions, their journals, and the definitions they run on.
//!
//! Everything here can be done by DynamoDB with one conditional request on one item; no promise needs more than that.
//! What holds after a crash stands with each method: an `Ok` means durable.

mod dispenser;
pub mod dynamodb;
pub mod embedded;
mod execution;
mod identity;
pub mod memory;
pub mod redrivable;
mod tally;

use std::sync::Arc;

pub use execution::{Closing, Execution, Parent, Redriven, Status};
pub use identity::execution_id;

use async_trait::async_trait;
use stepwright_core::engine::{Cursor, ExecutionId, FrameId, Record};
use stepwright_core::time::Timestamp;

pub use tally::Tally;

/// A frame's record as the store hands it out.
pub type Stored = (FrameId, Arc<Record>);

/// Executions and their journals.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Creates the row of an execution unless there is one with its id. An existing row is handed back unchanged.
    async fn create(&self, execution: Execution) -> Result<Creation, Error>;

    /// The row of an execution.
    async fn execution(&self, id: &ExecutionId) -> Result<Option<Arc<Execution>>, Error>;

    /// The rows of some executions, in the order of the ids.
    async fn executions(&self, ids: &[ExecutionId]) -> Result<Vec<Option<Arc<Execution>>>, Error> {
        let mut rows = Vec::with_capacity(ids.len());
        for id in ids {
            rows.push(self.execution(id).await?);
        }
        Ok(rows)
    }

    /// Closes an execution: `RUNNING` becomes the final status. `false`, and nothing is changed, if it was not running.
    /// A closing from before its last redrive closes nothing.
    async fn close(&self, id: &ExecutionId, closing: Closing) -> Result<bool, Error>;

    /// The same for an execution whose row is at hand, as it is or as it was before: that may spare the store to read it.
    async fn close_row(&self, row: &Execution, closing: Closing) -> Result<bool, Error> {
        self.close(&row.id, closing).await
    }

    /// Opens a closed execution again: its closing is forgotten, it is running since the redrive and until the deadline.
    /// `false`, and nothing is changed, if it is running, or the redrive is not the one after its last.
    async fn reopen(
        &self,
        id: &ExecutionId,
        redriven: Redriven,
        deadline: Option<Timestamp>,
    ) -> Result<bool, Error>;

    /// Inserts a record into its slot unless the slot is taken; a taken slot's record is handed back.
    async fn insert(&self, cursor: &Cursor, record: Arc<Record>) -> Result<Insertion, Error>;

    /// The last record of a frame, strongly consistent.
    async fn tail(
        &self,
        execution: &ExecutionId,
        frame: &FrameId,
    ) -> Result<Option<Arc<Record>>, Error>;

    /// Whether a slot has its record, strongly consistent.
    async fn taken(&self, cursor: &Cursor) -> Result<bool, Error> {
        let tail = self.tail(&cursor.execution, &cursor.frame).await?;
        Ok(tail.is_some_and(|tail| tail.slot >= cursor.slot))
    }

    /// All records of the lanes of a fork and of everything below them (`fork: Some(slot)`), or of everything below the
    /// frame and the frame itself (`None`), ordered by frame and slot.
    async fn records(
        &self,
        execution: &ExecutionId,
        frame: &FrameId,
        fork: Option<u64>,
    ) -> Result<Vec<Stored>, Error>;

    /// The last record of each frame that [`Journal::records`] would look at, ordered by frame.
    async fn tails(
        &self,
        execution: &ExecutionId,
        frame: &FrameId,
        fork: Option<u64>,
    ) -> Result<Vec<Stored>, Error>;

    /// Renews what a running execution has written long ago and what would be removed for its age before long, at most so
    /// many items; how many were. A store that removes nothing by itself has nothing to do.
    async fn renew(
        &self,
        _id: &ExecutionId,
        _now: Timestamp,
        _most: usize,
    ) -> Result<usize, Error> {
        Ok(0)
    }

    /// Removes executions that ended before a time, with all that belongs to them, and about so many rows at most; how many
    /// it removed, none if there was nothing left. An execution of which a row was removed was never there: its name is
    /// free again. A store that removes by itself has nothing to do.
    async fn expire(&self, _before: Timestamp, _most: usize) -> Result<usize, Error> {
        Ok(0)
    }

    /// Removes definitions that no state machine and no execution refers to, and none did when this was asked last either;
    /// how many documents it removed. A store that removes by itself has nothing to do.
    async fn forget_definitions(&self) -> Result<usize, Error> {
        Ok(0)
    }

    /// Adds a lane to the set of finished lanes of a fork that has so many; adding twice changes nothing. Says what the
    /// set is after it. Of more than a hundred lanes it may know only some; but whoever completes the set is told of all,
    /// and whoever failed is told so.
    async fn join(
        &self,
        fork: &Cursor,
        lane: u32,
        lanes: u32,
        failed: bool,
    ) -> Result<Joined, Error>;

    /// What the set of finished lanes of a fork that has so many is.
    async fn joined(&self, fork: &Cursor, lanes: u32) -> Result<Joined, Error>;

    /// The next item index for a lane of a Map: each from [`Asking::first`] on is granted once, to up to forty lanes in
    /// the order of asking. A grant holds as long as it may be needed: asked for the same item again, the same lane gets
    /// the same index again, until it has asked for a later slot.
    async fn dispense(&self, fork: &Cursor, asking: Asking) -> Result<u64, Error>;

    /// Notes a heartbeat for the token issued at `ticket` (a cursor whose slot is the ticket).
    async fn beat(&self, ticket: &Cursor, at: Timestamp) -> Result<(), Error>;

    /// The last heartbeat noted for that token.
    async fn last_beat(&self, ticket: &Cursor) -> Result<Option<Timestamp>, Error>;

    /// Executions of a machine, newest first. Payloads (input, output) may be left out of these rows.
    async fn list(&self, query: &ListQuery) -> Result<Vec<Arc<Execution>>, Error>;

    /// How many executions of a list ([`Execution::list`]) there are of each status, and how many items of a Map Run they
    /// work on. What a home can count faster than by looking at each it should.
    async fn tally(&self, list: &Arc<str>) -> Result<Tally, Error> {
        let mut tally = Tally::default();
        let mut query =
            ListQuery { machine: list.clone(), status: None, after: None, limit: AT_ONCE };
        loop {
            let rows = self.list(&query).await?;
            for row in &rows {
                tally.add(row.status(), 1, row.parent.as_ref().map_or(0, |parent| parent.items));
            }
            let Some(last) = rows.last().filter(|_| rows.len() == AT_ONCE) else {
                return Ok(tally);
            };
            query.after = Some(ListPosition { time: last.listed_at(), id: last.id.clone() });
        }
    }

    /// Executions that are running, for the sweep: those with an id after `after`, at most `limit`, in order of id.
    async fn running(
        &self,
        after: Option<&ExecutionId>,
        limit: usize,
    ) -> Result<Vec<ExecutionId>, Error>;
}

/// Definitions, activities and whatever else has a name: small documents by kind and key.
#[async_trait]
pub trait Registry: Send + Sync {
    /// The item and its version.
    async fn item(&self, kind: Kind, key: &str) -> Result<Option<Item>, Error>;

    /// Writes an item if its version is still `expected` (`None`: if there is no such item). The new version is one more
    /// than the old one, 1 for a new item. `false`, and nothing is changed, if the version is another.
    async fn put(
        &self,
        kind: Kind,
        key: &str,
        body: String,
        expected: Option<u64>,
    ) -> Result<bool, Error>;

    /// Removes an item if its version is still `expected`.
    async fn remove(&self, kind: Kind, key: &str, expected: u64) -> Result<bool, Error>;

    /// Items of a kind with keys that start with `prefix` and come after `after`, in order of key, at most `limit`.
    async fn items(
        &self,
        kind: Kind,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Item)>, Error>;
}

/// A whole store.
pub trait Store: Journal + Registry {}

impl<T: Journal + Registry> Store for T {}

/// Kinds of registry items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// State machines by ARN.
    StateMachine,
    /// Immutable definitions by `ARN#revision`: the text as it was given.
    Definition,
    /// Immutable settings of a revision by `ARN#revision`: role, logging and the like.
    Revision,
    /// Activities by ARN.
    Activity,
    /// Tokens of the latest redrives of an execution, by its id.
    Redrives,
    /// Published versions and aliases of a state machine, by its ARN.
    Publications,
    /// Test cases that executions were started in, by their ARN.
    TestCase,
    /// Keys that this installation made for itself, by name.
    Secret,
    /// Map Runs by ARN.
    MapRun,
    /// Inputs of the child executions of Map Runs, some in each item.
    Units,
}

impl Kind {
    /// The name under which the kind is stored.
    pub fn name(self) -> &'static str {
        match self {
            Kind::StateMachine => "state-machine",
            Kind::Definition => "definition",
            Kind::Revision => "revision",
            Kind::Activity => "activity",
            Kind::Redrives => "redrives",
            Kind::Publications => "publications",
            Kind::TestCase => "test-case",
            Kind::Secret => "secret",
            Kind::MapRun => "map-run",
            Kind::Units => "units",
        }
    }
}

/// A registry item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// JSON.
    pub body: String,
    /// Counts the writes of this item.
    pub version: u64,
}

/// What ListExecutions asks for. Running executions count by their start, others by their stop.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// ARN of the machine, or of the Map Run whose child executions are asked for.
    pub machine: Arc<str>,
    /// Only this status.
    pub status: Option<Status>,
    /// Only what comes after this one in the order of the list.
    pub after: Option<ListPosition>,
    /// At most so many.
    pub limit: usize,
}

/// A place in the list: time (start of a running execution, stop of another) and id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPosition {
    /// The execution's time in the list.
    pub time: Timestamp,
    /// Its id.
    pub id: ExecutionId,
}

/// Answer of [`Journal::create`].
#[derive(Clone, Debug)]
pub enum Creation {
    /// The row is there now.
    Created,
    /// It was there before.
    Exists(Arc<Execution>),
}

/// Answer of [`Journal::insert`].
#[derive(Clone, Debug)]
pub enum Insertion {
    /// The record is there now.
    Inserted,
    /// Another one (or this one, when the reply of an earlier try was lost) was there before.
    Exists(Arc<Record>),
}

/// The set of finished lanes of a fork.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Joined {
    /// How many lanes have finished, failed ones included.
    pub finished: u32,
    /// The lanes that failed, in order.
    pub failed: Vec<u32>,
}

/// What a lane of a Map says when it asks for its next item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asking {
    /// The lane.
    pub lane: u32,
    /// How many lanes the Map has.
    pub lanes: u32,
    /// Index of the item that it has just finished; tells the askings of a lane apart.
    pub finished: u64,
    /// Index of the item that its last record has in hand. A lane may finish many items before it writes a record, and
    /// after a crash in between asks for all of them again.
    pub recorded: u64,
    /// Slot of its next record. With the record written, it will not ask again for what it was granted before.
    pub slot: u64,
    /// The very first index to be granted.
    pub first: u64,
}

/// What can go wrong with a store.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The store could not do it now; trying again later is right.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// It is more than the store takes; trying again will not help.
    #[error("too large for the store: {0}")]
    TooLarge(String),
    /// What is stored cannot be read; trying again will not help.
    #[error("the store holds something unreadable: {0}")]
    Damaged(String),
}

impl Error {
    /// A closing, record, lane or heartbeat of an execution that has no row: nothing that could come right later. A store
    /// that would have to read a row for it may take records, lanes and heartbeats without one.
    fn no_execution(id: &ExecutionId) -> Error {
        Error::Damaged(format!("there is no execution {id}"))
    }
}

impl From<stepwright_core::engine::record::Error> for Error {
    fn from(error: stepwright_core::engine::record::Error) -> Error {
        Error::Damaged(error.to_string())
    }
}

/// Rows of a list that are read at a time.
const AT_ONCE: usize = 1_000;

/// The frames that [`Journal::records`] asks for, as a range in the order of frame ids: from the first up to, but without,
/// the second. `/` is the character after `.`, and `0` the one after `/`.
fn subtree(frame: &FrameId, fork: Option<u64>) -> (FrameId, Option<FrameId>) {
    match (fork, frame.is_root()) {
        (None, true) => (FrameId::root(), None),
        (None, false) => (frame.clone(), Some(FrameId(format!("{frame}0").into()))),
        (Some(slot), true) => {
            (FrameId(format!("{slot}.").into()), Some(FrameId(format!("{slot}/").into())))
        }
        (Some(slot), false) => (
            FrameId(format!("{frame}/{slot}.").into()),
            Some(FrameId(format!("{frame}/{slot}/").into())),
        ),
    }
}
