//! Leases: what a running execution has written is kept as long as it runs.
//!
//! Items are written once, with the time at which DynamoDB may remove them; a record of a year's execution must outlive
//! the year. So what was written, or renewed, more than thirty days ago is renewed by the sweep, once a day, as long as
//! the execution runs. That costs one write unit for each item of an execution every thirty days ($0.63 a million), and
//! a query a day for each execution that is older ($0.13 a million for up to 4 KB; the whole journal of larger ones).
//! Executions that end within a month, which are nearly all, cost nothing more.
//!
//! Objects in the bucket are not renewed: the lifecycle rule of the template is longer than an execution may be kept.

use stepwright_core::engine::{ExecutionId, FrameId};
use stepwright_core::time::Timestamp;
use tokio::task::JoinSet;

use super::attribute::{Attributes, Key, number, number_if_any, text};
use super::row::LEASE_DAYS;
use super::schema::{EXPIRY, PARTITION, SORT};
use super::table::{Query, Update};
use super::{DynamoStore, key};
use crate::store::Error;

impl DynamoStore {
    /// See [`Journal::renew`](crate::store::Journal::renew). Wide forks first: the record that tells of them lies with the
    /// root, and is renewed last.
    pub(super) async fn renew_items(
        &self,
        id: &ExecutionId,
        now: Timestamp,
        most: usize,
    ) -> Result<usize, Error> {
        let until = self.expiry_of_running(now);
        let mut due = Vec::new();
        for partition in self.partitions_of(id).await? {
            let all = (FIRST.to_owned(), LAST.to_owned());
            for item in self.table.query(&Query::between(partition, all)).await? {
                if self.is_due(&item, until)? {
                    due.push(Key {
                        partition: text(&item, PARTITION)?.to_owned(),
                        sort: text(&item, SORT)?.to_owned(),
                    });
                }
            }
        }
        due.truncate(most);
        let renewed = due.len();
        let mut writing = JoinSet::new();
        for key in due {
            if writing.len() >= AT_A_TIME {
                done(writing.join_next().await)?;
            }
            let store = self.clone();
            writing.spawn(async move { store.renew(key, until).await });
        }
        while let Some(ended) = writing.join_next().await {
            done(Some(ended))?;
        }
        Ok(renewed)
    }

    /// Where the items of an execution lie, the root's partition last.
    async fn partitions_of(&self, id: &ExecutionId) -> Result<Vec<String>, Error> {
        let records = self.records_below(id, &FrameId::root(), None).await?;
        let mut partitions: Vec<_> =
            records.iter().map(|(frame, _)| key::partition(id, frame)).collect();
        partitions.push(id.0.to_string());
        partitions.sort_unstable_by(|a, b| b.cmp(a));
        partitions.dedup();
        Ok(partitions)
    }

    /// Whether an item would be removed before its time, if it were not renewed in the next days. What has no expiry is
    /// kept anyway.
    fn is_due(&self, item: &Attributes, until: i64) -> Result<bool, Error> {
        let expiry: Option<i64> = number_if_any(item, EXPIRY)?;
        Ok(expiry.is_some_and(|expiry| expiry < until - (LEASE_DAYS - SPARE_DAYS) * DAY))
    }

    async fn renew(&self, key: Key, until: i64) -> Result<(), Error> {
        let update = Update {
            key,
            change: "SET #ttl = :ttl",
            condition: Some("#ttl < :ttl"),
            names: vec![("#ttl", EXPIRY.to_owned())],
            values: vec![(":ttl", number(until))],
        };
        // Refused: somebody else renewed it.
        self.table.update(update).await.map(|_| ())
    }
}

fn done(ended: Option<Result<Result<(), Error>, tokio::task::JoinError>>) -> Result<(), Error> {
    match ended {
        Some(Err(error)) => Err(Error::Unavailable(error.to_string())),
        Some(Ok(renewed)) => renewed,
        None => Ok(()),
    }
}

/// Sort keys of items that expire are between these: all but the row, which does not while the execution runs, and
/// comes in between.
const FIRST: &str = "b";
const LAST: &str = "s";
/// Days of a lease in which it is renewed.
const SPARE_DAYS: i64 = 5;
const DAY: i64 = 86_400;
/// Writes that are under way at a time.
const AT_A_TIME: usize = 16;
