//! The changes of the journal, one type each. Where the execution is not there, the answer is `None`.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};
use stepwright_core::engine::{Cursor, ExecutionId, Record};
use stepwright_core::time::Timestamp;

use super::ledger::{Known, Ledger};
use super::writer::Write;
use super::{Memory, integer, read};
use crate::store::{Closing, Creation, Execution, Joined, Redriven, Status};

/// [`Journal::create`](crate::store::Journal::create)
pub(super) struct Create {
    pub(super) row: Arc<Execution>,
}

impl Write for Create {
    type Answer = Creation;

    fn apply(&self, ledger: &mut Ledger) -> rusqlite::Result<Creation> {
        let row = &self.row;
        let machine = ledger.machine(&row.machine)?;
        let list = ledger.machine(row.list())?;
        if !insert_execution(&ledger.connection, row, machine)? {
            let there = read::execution(&ledger.connection, &row.id)?;
            let there = there.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
            return Ok(Creation::Exists(Arc::new(there)));
        }
        let key = ledger.connection.last_insert_rowid();
        ledger
            .connection
            .prepare_cached("INSERT INTO running (id, execution) VALUES (?1, ?2)")?
            .execute(params![&*row.id.0, key])?;
        let known = Known { key, list, since: row.started, redrives: 0 };
        put_on_list(&ledger.connection, &known, Status::Running, row.started)?;
        ledger.remember(&row.id, known);
        Ok(Creation::Created)
    }

    fn committed(&self, answer: &Creation, memory: &Memory) {
        if matches!(answer, Creation::Created) {
            memory.cache().created(&self.row);
        }
    }
}

/// [`Journal::close`](crate::store::Journal::close)
pub(super) struct Close {
    pub(super) id: ExecutionId,
    pub(super) closing: Closing,
}

impl Write for Close {
    type Answer = Option<bool>;

    fn apply(&self, ledger: &mut Ledger) -> rusqlite::Result<Option<bool>> {
        let Some(known) = ledger.execution(&self.id)? else {
            return Ok(None);
        };
        let late = known.redrives > 0 && self.closing.stopped < known.since;
        let connection = &ledger.connection;
        if late || !insert_closing(connection, known.key, &self.closing)? {
            return Ok(Some(false));
        }
        connection.prepare_cached("DELETE FROM running WHERE id = ?1")?.execute([&*self.id.0])?;
        take_off_list(connection, &known, Status::Running.as_str(), known.since)?;
        put_on_list(connection, &known, self.closing.status, self.closing.stopped)?;
        Ok(Some(true))
    }

    fn committed(&self, answer: &Option<bool>, memory: &Memory) {
        if *answer == Some(true) {
            memory.cache().closed(&self.id);
            memory.dispensers().closed(&self.id);
        }
    }
}

/// [`Journal::reopen`](crate::store::Journal::reopen)
pub(super) struct Reopen {
    pub(super) id: ExecutionId,
    pub(super) redriven: Redriven,
    pub(super) deadline: Option<Timestamp>,
}

impl Write for Reopen {
    type Answer = Option<bool>;

    fn apply(&self, ledger: &mut Ledger) -> rusqlite::Result<Option<bool>> {
        let Some(known) = ledger.execution(&self.id)? else {
            return Ok(None);
        };
        let connection = &ledger.connection;
        let closing: Option<(String, i64)> = connection
            .prepare_cached("SELECT status, stopped FROM closing WHERE execution = ?1")?
            .query_row([known.key], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((status, stopped)) = closing.filter(|_| self.redriven.count == known.redrives + 1)
        else {
            return Ok(Some(false));
        };
        connection
            .prepare_cached("DELETE FROM closing WHERE execution = ?1")?
            .execute([known.key])?;
        take_off_list(connection, &known, &status, Timestamp(stopped))?;
        connection
            .prepare_cached(
                "INSERT INTO redrive (execution, count, at, deadline) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT DO UPDATE SET count = excluded.count, at = excluded.at, \
                 deadline = excluded.deadline",
            )?
            .execute(params![
                known.key,
                self.redriven.count,
                self.redriven.at.0,
                self.deadline.map(|deadline| deadline.0)
            ])?;
        connection
            .prepare_cached("INSERT INTO running (id, execution) VALUES (?1, ?2)")?
            .execute(params![&*self.id.0, known.key])?;
        let known = Known { since: self.redriven.at, redrives: self.redriven.count, ..known };
        put_on_list(connection, &known, Status::Running, known.since)?;
        ledger.remember(&self.id, known);
        Ok(Some(true))
    }

    fn committed(&self, answer: &Option<bool>, memory: &Memory) {
        if *answer == Some(true) {
            // What was read of it before is worth nothing.
            memory.cache().closed(&self.id);
        }
    }
}

/// [`Journal::insert`](crate::store::Journal::insert)
pub(super) struct Insert {
    pub(super) cursor: Cursor,
    pub(super) record: Arc<Record>,
    pub(super) text: String,
}

/// Who has the slot.
pub(super) enum Inserted {
    /// This record.
    Now,
    /// Another one, with this text.
    Before(String),
}

impl Write for Insert {
    type Answer = Option<Inserted>;

    fn apply(&self, ledger: &mut Ledger) -> rusqlite::Result<Option<Inserted>> {
        let Some(Known { key, .. }) = ledger.execution(&self.cursor.execution)? else {
            return Ok(None);
        };
        let (frame, slot) = (&*self.cursor.frame.0, integer(self.cursor.slot));
        let inserted = ledger
            .connection
            .prepare_cached(
                "INSERT INTO record (execution, frame, slot, body) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![key, frame, slot, self.text])?;
        if inserted == 1 {
            return Ok(Some(Inserted::Now));
        }
        let there = ledger
            .connection
            .prepare_cached(
                "SELECT body FROM record WHERE execution = ?1 AND frame = ?2 AND slot = ?3",
            )?
            .query_row(params![key, frame, slot], |row| row.get(0))?;
        Ok(Some(Inserted::Before(there)))
    }

    fn committed(&self, answer: &Option<Inserted>, memory: &Memory) {
        if matches!(answer, Some(Inserted::Now)) {
            memory.cache().inserted(&self.cursor, &self.record, self.text.len());
        }
    }
}

/// [`Journal::join`](crate::store::Journal::join)
pub(super) struct Join {
    pub(super) fork: Cursor,
    pub(super) lane: u32,
    pub(super) failed: bool,
}

impl Write for Join {
    type Answer = Option<Joined>;

    fn apply(&self, ledger: &mut Ledger) -> rusqlite::Result<Option<Joined>> {
        let Some(Known { key, .. }) = ledger.execution(&self.fork.execution)? else {
            return Ok(None);
        };
        // Counted before the lane is added, or the lane would be counted twice.
        ledger.joined(&self.fork, key)?;
        let added = ledger
            .connection
            .prepare_cached(
                "INSERT INTO lane (execution, frame, slot, lane, failed) \
                 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                key,
                &*self.fork.frame.0,
                integer(self.fork.slot),
                self.lane,
                self.failed
            ])?;
        let joined = ledger.joined(&self.fork, key)?;
        if added == 1 {
            joined.finished += 1;
            if self.failed {
                let place = joined.failed.partition_point(|lane| *lane < self.lane);
                joined.failed.insert(place, self.lane);
            }
        }
        Ok(Some(joined.clone()))
    }
}

/// [`Journal::beat`](crate::store::Journal::beat)
pub(super) struct Beat {
    pub(super) ticket: Cursor,
    pub(super) at: Timestamp,
}

impl Write for Beat {
    type Answer = Option<()>;

    fn apply(&self, ledger: &mut Ledger) -> rusqlite::Result<Option<()>> {
        let Some(Known { key, .. }) = ledger.execution(&self.ticket.execution)? else {
            return Ok(None);
        };
        ledger
            .connection
            .prepare_cached(
                "INSERT INTO beat (execution, frame, slot, at) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT DO UPDATE SET at = max(at, excluded.at)",
            )?
            .execute(params![key, &*self.ticket.frame.0, integer(self.ticket.slot), self.at.0])?;
        Ok(Some(()))
    }
}

fn insert_execution(
    connection: &Connection,
    row: &Execution,
    machine: i64,
) -> rusqlite::Result<bool> {
    // Nothing in it can fail to become text.
    let parent =
        row.parent.as_ref().map(|parent| serde_json::to_string(parent).unwrap_or_default());
    let inserted = connection
        .prepare_cached(
            "INSERT INTO execution \
             (id, arn, name, machine, revision, role, started, deadline, trace_header, input, \
             version, alias, parent, items) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) \
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            &*row.id.0,
            row.arn,
            row.name,
            machine,
            row.revision,
            row.role,
            row.started.0,
            row.deadline.map(|deadline| deadline.0),
            row.trace_header,
            row.input.text(),
            row.version,
            row.alias,
            parent,
            row.parent.as_ref().map(|parent| integer(parent.items)),
        ])?;
    Ok(inserted == 1)
}

fn insert_closing(
    connection: &Connection,
    execution: i64,
    closing: &Closing,
) -> rusqlite::Result<bool> {
    let inserted = connection
        .prepare_cached(
            "INSERT INTO closing (execution, status, stopped, error, cause, output) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            execution,
            closing.status.as_str(),
            closing.stopped.0,
            closing.failure.error,
            closing.failure.cause,
            closing.output.as_ref().map(|output| output.text()),
        ])?;
    Ok(inserted == 1)
}

fn take_off_list(
    connection: &Connection,
    known: &Known,
    status: &str,
    time: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM listing \
             WHERE machine = ?1 AND status = ?2 AND time = ?3 AND execution = ?4",
        )?
        .execute(params![known.list, status, time.0, known.key])?;
    Ok(())
}

fn put_on_list(
    connection: &Connection,
    known: &Known,
    status: Status,
    time: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO listing (machine, status, time, execution) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![known.list, status.as_str(), time.0, known.key])?;
    Ok(())
}
