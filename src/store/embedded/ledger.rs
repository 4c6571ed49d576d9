//! The writer's own side of the database: the connection, transactions, and what it remembers to save queries. All that it
//! remembers was read or written by itself, so nothing else can make it wrong but a rollback, and then it is forgotten.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};
use stepwright_core::engine::{Cursor, ExecutionId};
use stepwright_core::time::Timestamp;

use super::integer;
use super::recent::Recent;
use crate::store::{Error, Joined};

/// The connection that writes.
pub(super) struct Ledger {
    pub(super) connection: Connection,
    executions: Recent<ExecutionId, Known>,
    machines: Recent<Arc<str>, i64>,
    joins: Recent<Cursor, Joined>,
}

/// What is needed of an execution to write what belongs to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) key: i64,
    /// Number of the list that it is on: that of its machine, or of its Map Run.
    pub(super) list: i64,
    /// Since when it runs: its start or its last redrive.
    pub(super) since: Timestamp,
    pub(super) redrives: u32,
}

impl Ledger {
    pub(super) fn new(connection: Connection) -> Ledger {
        Ledger {
            connection,
            executions: Recent::within(EXECUTIONS),
            machines: Recent::within(MACHINES),
            joins: Recent::within(FORKS),
        }
    }

    /// Does all of `work` durably, or nothing of it. If it panics, that is an error like any other.
    pub(super) fn transaction(
        &mut self,
        work: impl FnOnce(&mut Ledger) -> rusqlite::Result<()>,
    ) -> Result<(), Error> {
        // Whatever is left half done here is rolled back or forgotten below.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            self.execute("BEGIN IMMEDIATE")?;
            work(self)?;
            self.execute("COMMIT")
        }));
        let outcome = match outcome {
            Ok(outcome) => outcome.map_err(Error::from),
            Err(_) => Err(Error::Unavailable("a change of it panicked".to_owned())),
        };
        if outcome.is_err() {
            self.forget();
            // SQLite has rolled back already after some errors; after others a commit can be refused.
            if !self.connection.is_autocommit() {
                let _ = self.connection.execute_batch("ROLLBACK");
            }
        }
        outcome
    }

    /// What is known of an execution; nothing if there is none.
    pub(super) fn execution(&mut self, id: &ExecutionId) -> rusqlite::Result<Option<Known>> {
        if let Some(known) = self.executions.get(id) {
            return Ok(Some(*known));
        }
        let found = self
            .connection
            .prepare_cached(
                "SELECT e.key, coalesce(l.key, e.machine), coalesce(r.at, e.started), \
                 coalesce(r.count, 0) \
                 FROM execution e LEFT JOIN machine l ON l.arn = e.parent ->> '$.run' \
                 LEFT JOIN redrive r ON r.execution = e.key WHERE e.id = ?1",
            )?
            .query_row([&*id.0], |row| {
                let since = Timestamp(row.get(2)?);
                Ok(Known { key: row.get(0)?, list: row.get(1)?, since, redrives: row.get(3)? })
            })
            .optional()?;
        if let Some(known) = found {
            self.remember(id, known);
        }
        Ok(found)
    }

    /// Remembers an execution.
    pub(super) fn remember(&mut self, id: &ExecutionId, known: Known) {
        self.executions.insert(id.clone(), known, 1);
    }

    /// There is no such execution any more.
    pub(super) fn forget_execution(&mut self, id: &ExecutionId) {
        self.executions.remove(id);
        self.joins.clear();
    }

    /// The number of a machine (or of a Map Run, which has a list as a machine has), which it is given when it is first
    /// seen.
    pub(super) fn machine(&mut self, arn: &Arc<str>) -> rusqlite::Result<i64> {
        if let Some(key) = self.machines.get(arn) {
            return Ok(*key);
        }
        let insert = "INSERT INTO machine (arn) VALUES (?1) ON CONFLICT DO NOTHING";
        self.connection.prepare_cached(insert)?.execute([&**arn])?;
        let key = self
            .connection
            .prepare_cached("SELECT key FROM machine WHERE arn = ?1")?
            .query_row([&**arn], |row| row.get(0))?;
        self.machines.insert(arn.clone(), key, 1);
        Ok(key)
    }

    /// The lanes of a fork that have finished, to be kept up by whoever adds one.
    pub(super) fn joined(
        &mut self,
        fork: &Cursor,
        execution: i64,
    ) -> rusqlite::Result<&mut Joined> {
        if self.joins.get(fork).is_none() {
            let joined = joined(&self.connection, fork, execution)?;
            self.joins.insert(fork.clone(), joined, 1);
        }
        self.joins.get(fork).ok_or(rusqlite::Error::QueryReturnedNoRows)
    }

    fn execute(&self, statement: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(statement)?.execute([]).map(|_| ())
    }

    /// Remembers nothing any more.
    pub(super) fn forget(&mut self) {
        self.executions.clear();
        self.machines.clear();
        self.joins.clear();
    }
}

/// The lanes of a fork that have finished, as they are stored.
pub(super) fn joined(
    connection: &Connection,
    fork: &Cursor,
    execution: i64,
) -> rusqlite::Result<Joined> {
    let lanes = "SELECT lane, failed FROM lane WHERE execution = ?1 AND frame = ?2 AND slot = ?3";
    let mut statement = connection.prepare_cached(lanes)?;
    let mut rows = statement.query(params![execution, &*fork.frame.0, integer(fork.slot)])?;
    let mut joined = Joined::default();
    while let Some(row) = rows.next()? {
        joined.finished += 1;
        if row.get(1)? {
            joined.failed.push(row.get(0)?);
        }
    }
    Ok(joined)
}

// Counts, not bytes.
const EXECUTIONS: usize = 16_384;
const MACHINES: usize = 1024;
const FORKS: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::embedded::schema;

    #[test]
    fn what_was_rolled_back_is_not_remembered() {
        let connection = Connection::open_in_memory().unwrap();
        schema::prepare(&connection).unwrap();
        let mut ledger = Ledger::new(connection);
        let undone = ledger.transaction(|ledger| {
            ledger.machine(&"first".into())?;
            Err(rusqlite::Error::InvalidQuery)
        });
        assert!(undone.is_err());
        let mut number = |arn: &str| {
            let mut number = 0;
            let put = |ledger: &mut Ledger| {
                number = ledger.machine(&arn.into())?;
                Ok(())
            };
            ledger.transaction(put).unwrap();
            number
        };
        assert_ne!(number("second"), number("first"));
    }
}
