//! Reading. Short reads run where they are asked for: they take some ten microseconds, less than handing them to another
//! thread. Long ones have a connection of their own, so that they hold up nobody else.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

use rusqlite::{Connection, OptionalExtension, Row, params};
use stepwright_core::engine::{Cursor, ExecutionId, Failure, FrameId, Record};
use stepwright_core::expr::Document;
use stepwright_core::time::Timestamp;

use super::open::{self, OpenError};
use super::{integer, ledger, sound};
use crate::store::dispenser::{Dispenser, Grant};
use crate::store::{
    Closing, Error, Execution, Joined, Parent, Redriven, Status, Stored, Tally, subtree,
};

/// Connections that read what is committed.
pub(super) struct Readers {
    short: [Mutex<Connection>; 2],
    next: AtomicUsize,
    long: Mutex<Connection>,
}

impl Readers {
    pub(super) fn open(path: &Path) -> Result<Readers, OpenError> {
        Ok(Readers {
            short: [Mutex::new(open::reading(path)?), Mutex::new(open::reading(path)?)],
            next: AtomicUsize::new(0),
            long: Mutex::new(open::reading(path)?),
        })
    }

    /// A connection for a read of few rows.
    pub(super) fn short(&self) -> MutexGuard<'_, Connection> {
        for connection in &self.short {
            match connection.try_lock() {
                Ok(connection) => return connection,
                Err(TryLockError::Poisoned(connection)) => return connection.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.short.len();
        sound(self.short.get(turn).unwrap_or(&self.long))
    }

    /// The connection for reads of many rows.
    pub(super) fn long(&self) -> MutexGuard<'_, Connection> {
        sound(&self.long)
    }

    pub(super) fn execution(&self, id: &ExecutionId) -> Result<Option<Execution>, Error> {
        Ok(execution(&self.short(), id)?)
    }

    /// The last record of a frame, and the length of its text.
    pub(super) fn tail(
        &self,
        id: &ExecutionId,
        frame: &FrameId,
    ) -> Result<Option<(Arc<Record>, usize)>, Error> {
        let text: Option<String> = self
            .short()
            .prepare_cached(
                "SELECT body FROM record WHERE execution = (SELECT key FROM execution WHERE id = ?1) \
                 AND frame = ?2 ORDER BY slot DESC LIMIT 1",
            )?
            .query_row(params![&*id.0, &*frame.0], |row| row.get(0))
            .optional()?;
        text.map(|text| Ok((Arc::new(Record::decode(&text)?), text.len()))).transpose()
    }

    /// See [`Journal::records`](crate::store::Journal::records).
    pub(super) fn records(
        &self,
        id: &ExecutionId,
        frame: &FrameId,
        fork: Option<u64>,
    ) -> Result<Vec<Stored>, Error> {
        let all = "SELECT frame, body FROM record \
             WHERE execution = (SELECT key FROM execution WHERE id = ?1) \
             AND frame >= ?2 AND (?3 IS NULL OR frame < ?3) ORDER BY frame, slot";
        self.below(all, id, (frame, fork))
    }

    /// See [`Journal::tails`](crate::store::Journal::tails). The last slots come from the index alone; no other record is
    /// looked at.
    pub(super) fn tails(
        &self,
        id: &ExecutionId,
        frame: &FrameId,
        fork: Option<u64>,
    ) -> Result<Vec<Stored>, Error> {
        let mut tails = self.below(TAILS, id, (frame, fork))?;
        // They come in order, by the index; but no query says so without carrying all bodies through a sorter.
        tails.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(tails)
    }

    /// Frames and records of a subtree, as a query finds them.
    fn below(
        &self,
        query: &str,
        id: &ExecutionId,
        (frame, fork): (&FrameId, Option<u64>),
    ) -> Result<Vec<Stored>, Error> {
        let (from, to) = subtree(frame, fork);
        let to = to.as_ref().map(|frame| &*frame.0);
        let connection = self.long();
        let mut statement = connection.prepare_cached(query)?;
        let mut rows = statement.query(params![&*id.0, &*from.0, to])?;
        let mut found: Vec<Stored> = Vec::new();
        while let Some(row) = rows.next()? {
            let frame = match found.last() {
                Some((last, _)) if row.get_ref(0)?.as_str() == Ok(&*last.0) => last.clone(),
                _ => FrameId(row.get(0)?),
            };
            let text = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
            found.push((frame, Arc::new(Record::decode(text)?)));
        }
        Ok(found)
    }

    /// See [`Journal::tally`](crate::store::Journal::tally).
    pub(super) fn tally(&self, list: &str) -> Result<Tally, Error> {
        let connection = self.long();
        let mut statement = connection.prepare_cached(
            "SELECT l.status, count(*), sum(coalesce(e.items, 0)) \
             FROM listing l JOIN execution e ON e.key = l.execution \
             WHERE l.machine = (SELECT key FROM machine WHERE arn = ?1) GROUP BY l.status",
        )?;
        let mut rows = statement.query([list])?;
        let mut tally = Tally::default();
        while let Some(row) = rows.next()? {
            let status: String = row.get(0)?;
            tally.add(status_of(&status)?, unsigned(row, 1)?, unsigned(row, 2)?);
        }
        Ok(tally)
    }

    pub(super) fn joined(&self, fork: &Cursor) -> Result<Joined, Error> {
        let connection = self.short();
        match key(&connection, &fork.execution)? {
            Some(execution) => Ok(ledger::joined(&connection, fork, execution)?),
            None => Ok(Joined::default()),
        }
    }

    pub(super) fn last_beat(&self, ticket: &Cursor) -> Result<Option<Timestamp>, Error> {
        let at = self
            .short()
            .prepare_cached(
                "SELECT at FROM beat WHERE execution = (SELECT key FROM execution WHERE id = ?1) \
                 AND frame = ?2 AND slot = ?3",
            )?
            .query_row(
                params![&*ticket.execution.0, &*ticket.frame.0, integer(ticket.slot)],
                |row| row.get(0).map(Timestamp),
            )
            .optional()?;
        Ok(at)
    }

    /// The dispenser of a fork as it is stored, and whether its execution is running.
    pub(super) fn dispenser(&self, fork: &Cursor) -> Result<(Dispenser, bool), Error> {
        let connection = self.short();
        let execution = key(&connection, &fork.execution)?
            .ok_or_else(|| Error::no_execution(&fork.execution))?;
        let running = connection
            .prepare_cached("SELECT 1 FROM running WHERE id = ?1")?
            .exists([&*fork.execution.0])?;
        let mut statement = connection.prepare_cached(
            "SELECT lane, lane_slot, item FROM dispensed \
             WHERE execution = ?1 AND frame = ?2 AND slot = ?3 ORDER BY lane, lane_slot",
        )?;
        let grants = statement
            .query_map(params![execution, &*fork.frame.0, integer(fork.slot)], |row| {
                let grant = Grant { slot: unsigned(row, 1)?, index: unsigned(row, 2)? };
                Ok((row.get(0)?, grant))
            })?
            .collect::<Result<Vec<_>, _>>()?;
        Ok((Dispenser::restored(grants), running))
    }
}

/// The row of an execution.
pub(super) fn execution(
    connection: &Connection,
    id: &ExecutionId,
) -> rusqlite::Result<Option<Execution>> {
    connection
        .prepare_cached(
            "SELECT e.id, e.arn, e.name, m.arn, e.revision, e.role, e.started, \
             CASE WHEN r.execution IS NULL THEN e.deadline ELSE r.deadline END, \
             e.trace_header, c.status, c.stopped, c.error, c.cause, e.version, e.alias, r.count, r.at, \
             e.parent, c.output, e.input \
             FROM execution e JOIN machine m ON m.key = e.machine \
             LEFT JOIN closing c ON c.execution = e.key \
             LEFT JOIN redrive r ON r.execution = e.key WHERE e.id = ?1",
        )?
        .query_row([&*id.0], |row| {
            let input = Document::from_trusted_text(row.get::<_, Box<str>>(19)?);
            let output: Option<Box<str>> = row.get(18)?;
            execution_of(row, input, output.map(Document::from_trusted_text))
        })
        .optional()
}

/// An execution from the first eighteen columns of a row and its payloads.
pub(super) fn execution_of(
    row: &Row<'_>,
    input: Document,
    output: Option<Document>,
) -> rusqlite::Result<Execution> {
    let status: Option<String> = row.get(9)?;
    let closing = match status {
        None => None,
        Some(status) => Some(Closing {
            status: status_of(&status)?,
            stopped: Timestamp(row.get(10)?),
            output,
            failure: Failure { error: row.get(11)?, cause: row.get(12)? },
        }),
    };
    let redriven = match row.get(15)? {
        Some(count) => Some(Redriven { count, at: Timestamp(row.get(16)?) }),
        None => None,
    };
    Ok(Execution {
        id: ExecutionId(row.get(0)?),
        arn: row.get(1)?,
        name: row.get(2)?,
        machine: row.get(3)?,
        revision: row.get(4)?,
        role: row.get(5)?,
        input,
        started: Timestamp(row.get(6)?),
        deadline: row.get::<_, Option<i64>>(7)?.map(Timestamp),
        trace_header: row.get(8)?,
        version: row.get(13)?,
        alias: row.get(14)?,
        redriven,
        parent: parent_of(row)?,
        closing,
    })
}

fn parent_of(row: &Row<'_>) -> rusqlite::Result<Option<Box<Parent>>> {
    let text: Option<String> = row.get(17)?;
    let parent = text.map(|text| serde_json::from_str(&text)).transpose();
    parent.map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(17, rusqlite::types::Type::Text, error.into())
    })
}

/// The number of an execution.
pub(super) fn key(connection: &Connection, id: &ExecutionId) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT key FROM execution WHERE id = ?1")?
        .query_row([&*id.0], |row| row.get(0))
        .optional()
}

/// A number that is never negative.
pub(super) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let n: i64 = row.get(column)?;
    u64::try_from(n).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, n))
}

fn status_of(text: &str) -> rusqlite::Result<Status> {
    let known = Status::ALL.into_iter().find(|status| status.as_str() == text);
    known.ok_or_else(|| {
        let wrong = format!("there is no status {text}");
        rusqlite::Error::FromSqlConversionFailure(9, rusqlite::types::Type::Text, wrong.into())
    })
}

/// See [`Readers::tails`].
pub(super) const TAILS: &str = "SELECT r.frame, r.body FROM \
    (SELECT execution, frame, max(slot) AS slot FROM record \
    WHERE execution = (SELECT key FROM execution WHERE id = ?1) \
    AND frame >= ?2 AND (?3 IS NULL OR frame < ?3) GROUP BY execution, frame) last \
    CROSS JOIN record r ON r.execution = last.execution AND r.frame = last.frame \
    AND r.slot = last.slot";
