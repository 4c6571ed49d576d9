//! Removing executions that ended long ago, as AWS does after ninety days. Their pages are used again, so a store that
//! takes in as much as it gives up stays as large as it is.
//!
//! An execution can have millions of rows, and everybody waits for the transaction that removes some of them. So each takes
//! out a bounded number:
//!
//! 1. documents of the execution: its Map Runs with their units, tokens of its redrives, its test case;
//! 2. then it vanishes at once: it is on no list any more, and its name is free;
//! 3. then the rest of its rows, which are found by the mark that it left in the list, after a restart too.
//!
//! It is looked for by a reader, which nobody waits for.

use rusqlite::{Connection, OptionalExtension, params};
use stepwright_core::engine::ExecutionId;
use stepwright_core::time::Timestamp;

use super::Memory;
use super::ledger::Ledger;
use super::list::count;
use super::writer::Write;
use crate::store::{Error, Kind};

/// [`Journal::expire`](crate::store::Journal::expire)
pub(super) struct Expire {
    pub(super) ended: Vec<Ended>,
    pub(super) rows: usize,
}

/// An execution to be removed, and its place in the list.
pub(super) struct Ended {
    key: i64,
    machine: i64,
    status: String,
    time: i64,
}

/// How many rows may be removed, and how much of what is in them.
struct Budget {
    rows: usize,
    bytes: usize,
}

impl Budget {
    fn is_spent(&self) -> bool {
        self.rows == 0 || self.bytes == 0
    }

    fn spend(&mut self, rows: usize, bytes: usize) {
        self.rows = self.rows.saturating_sub(rows);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

impl Write for Expire {
    type Answer = usize;

    fn apply(&self, ledger: &mut Ledger) -> rusqlite::Result<usize> {
        let mut budget = Budget { rows: self.rows, bytes: BYTES };
        for ended in &self.ended {
            if budget.is_spent() {
                break;
            }
            remove(ledger, ended, &mut budget)?;
        }
        Ok(self.rows - budget.rows)
    }

    fn committed(&self, removed: &usize, memory: &Memory) {
        // An execution of the same name has the same id; it must not find what was remembered of this one.
        if *removed > 0 {
            memory.cache().forget();
        }
    }
}

/// Executions that ended before a time, those first of which something was removed already. A child of a Map Run stays as
/// long as its parent is there: the parent reads it, and a redrive of the parent runs again what it does not find.
pub(super) fn ended(
    connection: &Connection,
    before: Timestamp,
    most: usize,
) -> Result<Vec<Ended>, Error> {
    let mut all = Vec::new();
    for query in [
        "SELECT l.execution, l.machine, l.status, l.time FROM machine m \
         CROSS JOIN listing l ON l.machine = m.key AND l.status = 'REMOVED' \
         WHERE ?1 IS NOT NULL LIMIT ?2",
        "SELECT l.execution, l.machine, l.status, l.time FROM machine m \
         CROSS JOIN listing l ON l.machine = m.key \
         AND l.status IN ('SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED', 'PENDING_REDRIVE') AND l.time < ?1 \
         CROSS JOIN execution e ON e.key = l.execution \
         WHERE e.parent IS NULL OR NOT EXISTS \
         (SELECT 1 FROM execution p WHERE p.id = e.parent ->> '$.lane.execution') LIMIT ?2",
    ] {
        let mut statement = connection.prepare_cached(query)?;
        let rows = statement.query_map(params![before.0, count(most)], |row| {
            let (key, machine) = (row.get(0)?, row.get(1)?);
            Ok(Ended { key, machine, status: row.get(2)?, time: row.get(3)? })
        })?;
        for row in rows {
            all.push(row?);
        }
    }
    Ok(all)
}

/// Removes as much of an execution as there is room for.
fn remove(ledger: &mut Ledger, ended: &Ended, budget: &mut Budget) -> rusqlite::Result<()> {
    if ended.status != REMOVED && !vanish(ledger, ended, budget)? {
        return Ok(());
    }
    let connection = &ledger.connection;
    for (table, columns) in OWNED {
        let bytes = if table == "record" { "octet_length(body)" } else { "0" };
        let find = format!("SELECT {bytes}, {columns} FROM {table} WHERE execution = ?1 LIMIT ?2");
        let delete = format!(
            "DELETE FROM {table} WHERE execution = ?1 AND ({columns}) IN (SELECT {columns} FROM {table} \
             WHERE execution = ?1 LIMIT ?2)"
        );
        let (rows, bytes) =
            within(connection, &find, params![ended.key, count(budget.rows)], budget)?;
        connection.prepare_cached(&delete)?.execute(params![ended.key, count(rows)])?;
        budget.spend(rows, bytes);
        if budget.is_spent() {
            return Ok(());
        }
    }
    forget(ledger, ended)?;
    budget.spend(1, 0);
    Ok(())
}

/// How many of the rows that a query finds may be removed, and how long they are: its first column says that of each.
fn within(
    connection: &Connection,
    find: &str,
    values: impl rusqlite::Params,
    budget: &Budget,
) -> rusqlite::Result<(usize, usize)> {
    let (mut rows, mut bytes) = (0, 0);
    let mut statement = connection.prepare_cached(find)?;
    let mut found = statement.query(values)?;
    while bytes < budget.bytes
        && let Some(row) = found.next()?
    {
        let length: i64 = row.get(0)?;
        bytes = bytes.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
        rows += 1;
    }
    Ok((rows, bytes))
}

/// Removes the documents of an execution, and then takes it off its list and frees its name; `false` if it is not to be
/// removed any more, or there was no room for all of that.
fn vanish(ledger: &mut Ledger, ended: &Ended, budget: &mut Budget) -> rusqlite::Result<bool> {
    let connection = &ledger.connection;
    let place = params![ended.machine, ended.status, ended.time, ended.key];
    let there = connection
        .prepare_cached(
            "SELECT 1 FROM listing WHERE machine = ?1 AND status = ?2 AND time = ?3 AND execution = ?4",
        )?
        .exists(place)?;
    let names: Option<(String, String)> = connection
        .prepare_cached("SELECT id, arn FROM execution WHERE key = ?1")?
        .query_row([ended.key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((id, arn)) = names.filter(|_| there) else { return Ok(false) };
    if !forget_documents(connection, (&id, &arn), budget)? {
        return Ok(false);
    }
    connection
        .prepare_cached(
            "UPDATE listing SET status = 'REMOVED' \
             WHERE machine = ?1 AND status = ?2 AND time = ?3 AND execution = ?4",
        )?
        .execute(place)?;
    connection
        .prepare_cached("UPDATE execution SET id = id || '#' || key, input = '' WHERE key = ?1")?
        .execute([ended.key])?;
    budget.spend(1, 0);
    ledger.forget_execution(&ExecutionId(id.into()));
    Ok(true)
}

/// Removes what belongs to an execution in the registry; whether that is all of it.
fn forget_documents(
    connection: &Connection,
    (id, arn): (&str, &str),
    budget: &mut Budget,
) -> rusqlite::Result<bool> {
    let runs = items(connection, Kind::MapRun, &format!("{id}/"), budget.rows)?;
    for key in &runs {
        let run = key.rsplit(' ').next().unwrap_or_default();
        let units = items(connection, Kind::Units, &format!("{run}#"), budget.rows)?;
        for unit in &units {
            remove_item(connection, Kind::Units, unit, budget)?;
            if budget.is_spent() {
                return Ok(false);
            }
        }
        remove_item(connection, Kind::MapRun, run, budget)?;
        remove_item(connection, Kind::MapRun, key, budget)?;
        if budget.is_spent() {
            return Ok(false);
        }
    }
    remove_item(connection, Kind::Redrives, id, budget)?;
    remove_item(connection, Kind::TestCase, arn, budget)?;
    Ok(true)
}

/// Keys of a kind that begin alike.
fn items(
    connection: &Connection,
    kind: Kind,
    prefix: &str,
    most: usize,
) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT key FROM item WHERE kind = ?1 AND key >= ?2 AND key < ?2 || char(0x10ffff) \
         ORDER BY key LIMIT ?3",
    )?;
    let keys = statement.query_map(params![kind.name(), prefix, count(most)], |row| row.get(0))?;
    keys.collect()
}

fn remove_item(
    connection: &Connection,
    kind: Kind,
    key: &str,
    budget: &mut Budget,
) -> rusqlite::Result<()> {
    let removed: Option<i64> = connection
        .prepare_cached(
            "DELETE FROM item WHERE kind = ?1 AND key = ?2 RETURNING octet_length(body)",
        )?
        .query_row(params![kind.name(), key], |row| row.get(0))
        .optional()?;
    if let Some(bytes) = removed {
        budget.spend(1, usize::try_from(bytes).unwrap_or(usize::MAX));
    }
    Ok(())
}

/// Removes the last that is there of an execution, and its list with it if that was a Map Run's and is empty now.
fn forget(ledger: &mut Ledger, ended: &Ended) -> rusqlite::Result<()> {
    let connection = &ledger.connection;
    connection
        .prepare_cached(
            "DELETE FROM listing \
             WHERE machine = ?1 AND status = 'REMOVED' AND time = ?2 AND execution = ?3",
        )?
        .execute(params![ended.machine, ended.time, ended.key])?;
    for table in ["redrive", "closing"] {
        let delete = format!("DELETE FROM {table} WHERE execution = ?1");
        connection.prepare_cached(&delete)?.execute([ended.key])?;
    }
    let machine: i64 = connection
        .prepare_cached("DELETE FROM execution WHERE key = ?1 RETURNING machine")?
        .query_row([ended.key], |row| row.get(0))?;
    // Of a machine without executions another one may be created any time; a Map Run is over with its last child.
    let emptied = machine != ended.machine
        && connection
            .prepare_cached(
                "DELETE FROM machine WHERE key = ?1 \
                 AND NOT EXISTS (SELECT 1 FROM listing WHERE machine = ?1)",
            )?
            .execute([ended.machine])?
            > 0;
    if emptied {
        ledger.forget();
    }
    Ok(())
}

/// Tables of which rows belong to an execution, and what tells its rows apart.
const OWNED: [(&str, &str); 4] = [
    ("record", "key"),
    ("lane", "frame, slot, lane"),
    ("beat", "frame, slot"),
    ("dispensed", "frame, slot, lane, lane_slot"),
];
/// Place in the list of executions that nobody sees any more.
const REMOVED: &str = "REMOVED";
/// Bytes of records and documents that are removed at a time: each page of them is read for it.
const BYTES: usize = 4 << 20;
