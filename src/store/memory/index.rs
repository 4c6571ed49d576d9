//! The orders in which executions are looked for: by machine, status and time; running ones by id; closed ones by age.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use stepwright_core::engine::ExecutionId;
use stepwright_core::time::Timestamp;

use crate::store::{Execution, ListQuery, Status};

type ByTime = BTreeSet<(Timestamp, ExecutionId)>;

/// All orders.
#[derive(Debug)]
pub(super) struct Index {
    lists: HashMap<(Arc<str>, Status), ByTime>,
    running: BTreeSet<ExecutionId>,
    closed: VecDeque<Place>,
    kept: usize,
}

/// Where a closed execution stands.
#[derive(Debug)]
struct Place {
    list: (Arc<str>, Status),
    position: (Timestamp, ExecutionId),
}

impl Index {
    pub(super) fn keeping(kept: usize) -> Index {
        Index { lists: HashMap::new(), running: BTreeSet::new(), closed: VecDeque::new(), kept }
    }

    pub(super) fn created(&mut self, row: &Execution) {
        self.running.insert(row.id.clone());
        self.list_of(row, Status::Running).insert((row.started, row.id.clone()));
    }

    /// Moves an execution back to the running ones.
    pub(super) fn reopened(&mut self, before: &Execution, row: &Execution) {
        self.closed.retain(|place| place.position.1 != row.id);
        self.forget(before);
        self.running.insert(row.id.clone());
        self.list_of(row, Status::Running).insert((row.since(), row.id.clone()));
    }

    /// Moves an execution to the closed ones; says which one had to make room.
    pub(super) fn closed(&mut self, row: &Execution) -> Option<ExecutionId> {
        let closing = row.closing.as_ref()?;
        let position = (closing.stopped, row.id.clone());
        self.running.remove(&row.id);
        self.remove(&Place {
            list: (row.list().clone(), Status::Running),
            position: (row.since(), row.id.clone()),
        });
        self.list_of(row, closing.status).insert(position.clone());
        // A child stays as long as its parent does, who may still want to know what came of it.
        if row.parent.is_some() {
            return None;
        }
        self.closed.push_back(Place { list: (row.list().clone(), closing.status), position });
        if self.closed.len() <= self.kept {
            return None;
        }
        let oldest = self.closed.pop_front()?;
        self.remove(&oldest);
        Some(oldest.position.1)
    }

    /// Takes an execution off all lists.
    pub(super) fn forget(&mut self, row: &Execution) {
        self.running.remove(&row.id);
        let list = (row.list().clone(), row.status());
        self.remove(&Place { list, position: (row.listed_at(), row.id.clone()) });
    }

    pub(super) fn list(&self, query: &ListQuery) -> Vec<ExecutionId> {
        let wanted = query.status.map_or_else(|| Status::ALL.to_vec(), |status| vec![status]);
        let mut found: Vec<_> = wanted
            .into_iter()
            .filter_map(|status| self.lists.get(&(query.machine.clone(), status)))
            .flat_map(|list| page(list, query))
            .collect();
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.truncate(query.limit);
        found.into_iter().map(|(_, id)| id.clone()).collect()
    }

    pub(super) fn running(&self, after: Option<&ExecutionId>, limit: usize) -> Vec<ExecutionId> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.running.range((start, Bound::Unbounded)).take(limit).cloned().collect()
    }

    fn list_of(&mut self, row: &Execution, status: Status) -> &mut ByTime {
        self.lists.entry((row.list().clone(), status)).or_default()
    }

    fn remove(&mut self, place: &Place) {
        if let Some(list) = self.lists.get_mut(&place.list) {
            list.remove(&place.position);
            if list.is_empty() {
                self.lists.remove(&place.list);
            }
        }
    }
}

fn page<'a>(
    list: &'a ByTime,
    query: &ListQuery,
) -> impl Iterator<Item = &'a (Timestamp, ExecutionId)> {
    let end = query
        .after
        .as_ref()
        .map_or(Bound::Unbounded, |after| Bound::Excluded((after.time, after.id.clone())));
    list.range((Bound::Unbounded, end)).rev().take(query.limit)
}
