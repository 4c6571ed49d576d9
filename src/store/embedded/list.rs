//! Lists of executions. The order of the list is (time, number); which numbers to show is found in the index alone, and
//! only their rows are read, without payloads.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};
use stepwright_core::engine::ExecutionId;
use stepwright_core::expr::Document;

use super::read::{Readers, execution_of, key};
use crate::store::{Error, Execution, ListPosition, ListQuery, Status};

/// Time and number of an execution.
type Place = (i64, i64);

impl Readers {
    /// See [`Journal::list`](crate::store::Journal::list).
    pub(super) fn list(&self, query: &ListQuery) -> Result<Vec<Arc<Execution>>, Error> {
        let connection = self.long();
        let machine: Option<i64> = connection
            .prepare_cached("SELECT key FROM machine WHERE arn = ?1")?
            .query_row([&*query.machine], |row| row.get(0))
            .optional()?;
        let Some(machine) = machine else {
            return Ok(Vec::new());
        };
        let before = match &query.after {
            Some(position) => place(&connection, position)?,
            None => (i64::MAX, i64::MAX),
        };
        let mut places = Vec::new();
        for status in query.status.map_or_else(|| Status::ALL.to_vec(), |status| vec![status]) {
            places.extend(page(&connection, (machine, status), before, query.limit)?);
        }
        places.sort_unstable_by(|a: &Place, b| b.cmp(a));
        places.truncate(query.limit);
        places.into_iter().map(|(_, key)| row(&connection, key)).collect()
    }

    /// See [`Journal::running`](crate::store::Journal::running).
    pub(super) fn running(
        &self,
        after: Option<&ExecutionId>,
        limit: usize,
    ) -> Result<Vec<ExecutionId>, Error> {
        let after = after.map_or("", |id| &*id.0);
        let connection = self.long();
        let mut statement = connection
            .prepare_cached("SELECT id FROM running WHERE id > ?1 ORDER BY id LIMIT ?2")?;
        let rows =
            statement.query_map(params![after, count(limit)], |row| row.get(0).map(ExecutionId))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// A limit for SQLite.
pub(super) fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Where a position is in the order. One of an execution that is not there comes before all others of its time.
fn place(connection: &Connection, position: &ListPosition) -> Result<Place, Error> {
    Ok((position.time.0, key(connection, &position.id)?.unwrap_or(i64::MIN)))
}

fn page(
    connection: &Connection,
    (machine, status): (i64, Status),
    before: Place,
    limit: usize,
) -> Result<Vec<Place>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT time, execution FROM listing \
         WHERE machine = ?1 AND status = ?2 AND (time, execution) < (?3, ?4) \
         ORDER BY time DESC, execution DESC LIMIT ?5",
    )?;
    let rows = statement
        .query_map(params![machine, status.as_str(), before.0, before.1, count(limit)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn row(connection: &Connection, key: i64) -> Result<Arc<Execution>, Error> {
    let execution = connection
        .prepare_cached(
            "SELECT e.id, e.arn, e.name, m.arn, e.revision, e.role, e.started, \
             CASE WHEN r.execution IS NULL THEN e.deadline ELSE r.deadline END, \
             e.trace_header, c.status, c.stopped, c.error, c.cause, e.version, e.alias, \
             r.count, r.at, e.parent \
             FROM execution e JOIN machine m ON m.key = e.machine \
             LEFT JOIN closing c ON c.execution = e.key \
             LEFT JOIN redrive r ON r.execution = e.key WHERE e.key = ?1",
        )?
        .query_row([key], |row| execution_of(row, Document::empty_object(), None))?;
    Ok(Arc::new(execution))
}
