//! Records: one conditional insert each, found again by frame.
//!
//! Reading a subtree reads the partition of its root, and after that those of the wide forks that were met in it: a
//! record says how many lanes its fork has.

use std::sync::Arc;

use stepwright_core::engine::{Cursor, ExecutionId, FrameId, Phase, Record};
use stepwright_core::time::Timestamp;
use tokio::task::JoinSet;

use super::attribute::{Attributes, damaged, number, number_if_any, text};
use super::schema::{EXPIRY, SORT};
use super::table::{Query, Update, Written};
use super::{DynamoStore, key};
use crate::store::{Error, Insertion, Stored, subtree};

impl DynamoStore {
    pub(super) async fn insert_record(
        &self,
        cursor: &Cursor,
        record: &Record,
    ) -> Result<Insertion, Error> {
        let mut item = key::record(cursor).item();
        self.payloads.put(&mut item, &cursor.execution.0, &record.encode()?).await?;
        item.insert(EXPIRY.to_owned(), number(self.expiry_of_running(record.time)));
        match self.table.insert(item).await? {
            Written::Done(_) => Ok(Insertion::Inserted),
            Written::Refused(Some(there)) => {
                Ok(Insertion::Exists(Arc::new(self.record_of(&there).await?)))
            }
            Written::Refused(None) => Err(Error::Unavailable("the record is just going".into())),
        }
    }

    pub(super) async fn last_record(
        &self,
        execution: &ExecutionId,
        frame: &FrameId,
    ) -> Result<Option<Record>, Error> {
        let partition = key::partition(execution, frame);
        let query = Query::between(partition, key::records_of(frame));
        let last = self.table.query(&Query { backwards: true, limit: 1, ..query }).await?;
        match last.first() {
            Some(item) => Ok(Some(self.record_of(item).await?)),
            None => Ok(None),
        }
    }

    /// See [`Journal::records`](crate::store::Journal::records).
    pub(super) async fn records_below(
        &self,
        execution: &ExecutionId,
        frame: &FrameId,
        fork: Option<u64>,
    ) -> Result<Vec<Stored>, Error> {
        let (from, to) = subtree(frame, fork);
        let home = key::partition(execution, frame);
        let mut found = self.stored(Query::between(home, key::records(&from, to.as_ref()))).await?;
        let mut forks = wide_forks(execution, &found);
        if let Some(slot) = fork {
            let fork = Cursor { execution: execution.clone(), frame: frame.clone(), slot };
            let lanes = self.lanes_of(&fork, &found).await?;
            forks.push((fork, lanes));
        }
        while let Some((fork, lanes)) = forks.pop() {
            let more = self.wide_lanes(&fork, lanes).await?;
            forks.extend(wide_forks(execution, &more));
            found.extend(more);
        }
        found.sort_unstable_by(|(a, x), (b, y)| (a, x.slot).cmp(&(b, y.slot)));
        Ok(found)
    }

    /// How many lanes a fork has: the first lane at hand says so, else the record that made it.
    async fn lanes_of(&self, fork: &Cursor, found: &[Stored]) -> Result<u32, Error> {
        let lane = found.iter().find_map(|(frame, record)| {
            let (parent, slot, _) = frame.fork()?;
            let own = parent == fork.frame && slot == fork.slot;
            own.then(|| record.frame.lane.as_ref().map(|lane| lane.of)).flatten()
        });
        if let Some(lanes) = lane {
            return Ok(lanes);
        }
        let Some(item) = self.table.item(&key::record(fork)).await? else { return Ok(0) };
        let record = self.record_of(&item).await?;
        Ok(if let Phase::Forked(fork) = &record.frame.phase { fork.lanes } else { 0 })
    }

    /// What is written of the lanes of a fork after the first hundred, and below them.
    async fn wide_lanes(&self, fork: &Cursor, lanes: u32) -> Result<Vec<Stored>, Error> {
        let mut found = Vec::new();
        let mut leaves = 1..lanes.div_ceil(key::LANES);
        let mut reading = JoinSet::new();
        loop {
            while reading.len() < AT_A_TIME
                && let Some(leaf) = leaves.next()
            {
                let partition = key::lanes_partition(fork, leaf);
                let all = key::records(&FrameId::root(), None);
                let store = self.clone();
                reading.spawn(async move { store.stored(Query::between(partition, all)).await });
            }
            match reading.join_next().await {
                Some(Ok(read)) => found.extend(read?),
                Some(Err(error)) => return Err(Error::Unavailable(error.to_string())),
                None => return Ok(found),
            }
        }
    }

    async fn stored(&self, query: Query) -> Result<Vec<Stored>, Error> {
        let mut found = Vec::new();
        for item in self.table.query(&query).await? {
            let frame = key::frame_of(text(&item, SORT)?).ok_or_else(|| damaged(&item, SORT))?;
            found.push((frame, Arc::new(self.record_of(&item).await?)));
        }
        Ok(found)
    }

    async fn record_of(&self, item: &Attributes) -> Result<Record, Error> {
        Ok(Record::decode(&self.payloads.read(item).await?)?)
    }

    pub(super) async fn note_beat(&self, ticket: &Cursor, at: Timestamp) -> Result<(), Error> {
        let update = Update {
            key: key::beat(ticket),
            change: "SET t = :t, #ttl = :ttl",
            condition: Some("attribute_not_exists(t) OR t < :t"),
            names: vec![("#ttl", EXPIRY.to_owned())],
            values: vec![(":t", number(at.0)), (":ttl", number(self.expiry_of_running(at)))],
        };
        // Refused: a later one was noted before.
        self.table.update(update).await.map(|_| ())
    }

    pub(super) async fn noted_beat(&self, ticket: &Cursor) -> Result<Option<Timestamp>, Error> {
        match self.table.item(&key::beat(ticket)).await? {
            Some(item) => Ok(number_if_any(&item, "t")?.map(Timestamp)),
            None => Ok(None),
        }
    }
}

/// The forks among these records that have lanes in partitions of their own.
fn wide_forks(execution: &ExecutionId, found: &[Stored]) -> Vec<(Cursor, u32)> {
    let wide = |(frame, record): &Stored| match &record.frame.phase {
        Phase::Forked(fork) if fork.lanes > key::LANES => {
            let (execution, frame) = (execution.clone(), frame.clone());
            Some((Cursor { execution, frame, slot: record.slot }, fork.lanes))
        }
        _ => None,
    };
    found.iter().filter_map(wide).collect()
}

/// Partitions that are read at a time.
const AT_A_TIME: usize = 16;
