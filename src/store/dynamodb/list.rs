//! Lists of executions, from the index: one partition for each machine, status and shard, in the order of time. The index
//! follows the table a moment later, which a list and a sweep can bear.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use stepwright_core::engine::ExecutionId;
use stepwright_core::time::Timestamp;

use super::attribute::{Attributes, text};
use super::row::summary;
use super::schema::{INDEX, INDEX_PARTITION, INDEX_SORT, PARTITION, SORT};
use super::table::Query;
use super::{DynamoStore, key};
use crate::store::{Error, Execution, ListQuery, Status};

impl DynamoStore {
    /// Running executions that were started, or redriven, in this span of time; for a sweep that looks at each of them
    /// now and then.
    ///
    /// # Errors
    /// The table is not available.
    pub async fn running_since(&self, span: Range<Timestamp>) -> Result<Vec<ExecutionId>, Error> {
        let bounds = (key::listed(span.start.0, ""), key::listed(span.end.0, ""));
        let mut found = Vec::new();
        for item in self.running_items(bounds).await? {
            found.push(ExecutionId(text(&item, PARTITION)?.into()));
        }
        Ok(found)
    }

    /// See [`Journal::list`](crate::store::Journal::list).
    pub(super) async fn listed_executions(
        &self,
        query: &ListQuery,
    ) -> Result<Vec<Arc<Execution>>, Error> {
        let last = query.after.as_ref().map(|after| key::listed(after.time.0, &after.id.0));
        // The place after which to go on is in the range, unless its execution is gone.
        let limit = query.limit + usize::from(last.is_some());
        let bounds = (String::from("0"), last.clone().unwrap_or_else(|| "~".to_owned()));
        let mut items = Vec::new();
        for status in query.status.map_or_else(|| Status::ALL.to_vec(), |status| vec![status]) {
            let partitions = self.partitions(&query.machine, status);
            items.extend(self.index(partitions, &bounds, (true, limit)).await?);
        }
        let mut places = Vec::new();
        for item in &items {
            places.push((text(item, INDEX_SORT)?, item));
        }
        places.retain(|(place, _)| Some(*place) != last.as_deref());
        places.sort_unstable_by(|(a, _), (b, _)| b.cmp(a));
        places.truncate(query.limit);
        places.into_iter().map(|(_, item)| summary(item).map(Arc::new)).collect()
    }

    /// See [`Journal::running`](crate::store::Journal::running). Looks at all that are running, whatever the limit: the
    /// index has them by time. A deployed sweep asks [`DynamoStore::running_since`].
    pub(super) async fn running_by_id(
        &self,
        after: Option<&ExecutionId>,
        limit: usize,
    ) -> Result<Vec<ExecutionId>, Error> {
        let mut found = BTreeSet::new();
        for item in self.running_items(("0".to_owned(), "~".to_owned())).await? {
            let id = ExecutionId(text(&item, PARTITION)?.into());
            if after.is_none_or(|after| id > *after) {
                found.insert(id);
            }
        }
        Ok(found.into_iter().take(limit).collect())
    }

    /// What the index has of running executions of all machines between these places.
    async fn running_items(&self, bounds: (String, String)) -> Result<Vec<Attributes>, Error> {
        let all = ("!".to_owned(), "~".to_owned());
        let machines = Query::between(key::MACHINES.to_owned(), all);
        let mut items = Vec::new();
        for machine in self.table.query(&machines).await? {
            let partitions = self.partitions(text(&machine, SORT)?, Status::Running);
            items.extend(self.index(partitions, &bounds, (false, usize::MAX)).await?);
        }
        Ok(items)
    }

    async fn index(
        &self,
        partitions: Vec<String>,
        bounds: &(String, String),
        (backwards, limit): (bool, usize),
    ) -> Result<Vec<Attributes>, Error> {
        let mut items = Vec::new();
        for partition in partitions {
            let query = Query {
                index: Some((INDEX, [INDEX_PARTITION, INDEX_SORT])),
                backwards,
                limit,
                ..Query::between(partition, bounds.clone())
            };
            items.extend(self.table.query(&query).await?);
        }
        Ok(items)
    }

    fn partitions(&self, machine: &str, status: Status) -> Vec<String> {
        let shards = 0..self.tables.list_shards.max(1);
        shards.map(|shard| key::list(machine, status.as_str(), shard)).collect()
    }
}
