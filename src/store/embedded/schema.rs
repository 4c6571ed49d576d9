//! The tables, and which version of them this program knows.
//!
//! Executions get a growing number when they are created, and everything that belongs to them is keyed by it: what
//! happens at the same time lies together, so a commit touches few pages. The one exception is the index of execution
//! ids, which are hashes.
//!
//! - A row is never changed when it holds a payload: the closing, and the place in the list, are tables of their own.
//! - `record` has a row id and an index, not a composite primary key: a record is often larger than SQLite likes in a
//!   tree of keys (a quarter of a page), and the row id keeps records in the order of writing, whole on one page.
//!   (Measured with records of 3 KB: 27 µs of CPU for all statements of an execution, against 36 µs.)
//! - `running` is small and in the order of ids, for the sweep.

use rusqlite::Connection;

use super::open::OpenError;

/// Says in the file whose it is: "Step".
const APPLICATION: i32 = 0x5374_6570;

/// Version of the tables below.
const VERSION: i32 = 2;

/// Makes the tables if there are none yet, and refuses those that this program does not know.
pub(super) fn prepare(connection: &Connection) -> Result<(), OpenError> {
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match version {
        VERSION if application == APPLICATION => Ok(()),
        1 if application == APPLICATION => Ok(connection.execute_batch(&format!(
            "BEGIN IMMEDIATE; {FROM_1} PRAGMA user_version = {VERSION}; COMMIT;"
        ))?),
        0 if tables == 0 => Ok(connection.execute_batch(&format!(
            "BEGIN IMMEDIATE; {TABLES} PRAGMA application_id = {APPLICATION}; \
             PRAGMA user_version = {VERSION}; COMMIT;"
        ))?),
        newer if application == APPLICATION && newer > VERSION => {
            Err(OpenError::Newer { found: newer, known: VERSION })
        }
        _ => Err(OpenError::Foreign),
    }
}

const TABLES: &str = "
CREATE TABLE machine (
    key INTEGER PRIMARY KEY,
    arn TEXT NOT NULL UNIQUE
);
CREATE TABLE execution (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    arn TEXT NOT NULL,
    name TEXT NOT NULL,
    machine INTEGER NOT NULL,
    revision TEXT NOT NULL,
    role TEXT NOT NULL,
    started INTEGER NOT NULL,
    deadline INTEGER,
    trace_header TEXT,
    input TEXT NOT NULL,
    version TEXT,
    alias TEXT,
    parent TEXT,
    items INTEGER
);
CREATE TABLE closing (
    execution INTEGER PRIMARY KEY,
    status TEXT NOT NULL,
    stopped INTEGER NOT NULL,
    error TEXT,
    cause TEXT,
    output TEXT
);
CREATE TABLE redrive (
    execution INTEGER PRIMARY KEY,
    count INTEGER NOT NULL,
    at INTEGER NOT NULL,
    deadline INTEGER
);
CREATE TABLE listing (
    machine INTEGER NOT NULL,
    status TEXT NOT NULL,
    time INTEGER NOT NULL,
    execution INTEGER NOT NULL,
    PRIMARY KEY (machine, status, time, execution)
) WITHOUT ROWID;
CREATE TABLE running (
    id TEXT PRIMARY KEY,
    execution INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE record (
    key INTEGER PRIMARY KEY,
    execution INTEGER NOT NULL,
    frame TEXT NOT NULL,
    slot INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE UNIQUE INDEX record_slot ON record (execution, frame, slot);
CREATE TABLE lane (
    execution INTEGER NOT NULL,
    frame TEXT NOT NULL,
    slot INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    PRIMARY KEY (execution, frame, slot, lane)
) WITHOUT ROWID;
CREATE TABLE beat (
    execution INTEGER NOT NULL,
    frame TEXT NOT NULL,
    slot INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (execution, frame, slot)
) WITHOUT ROWID;
CREATE TABLE item (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, key)
);
CREATE VIEW executions AS
    SELECT e.id, e.arn, coalesce(c.status, 'RUNNING') AS status,
           strftime('%Y-%m-%dT%H:%M:%fZ', e.started / 1e6, 'unixepoch') AS started,
           strftime('%Y-%m-%dT%H:%M:%fZ', c.stopped / 1e6, 'unixepoch') AS stopped,
           c.error, c.cause, e.input, c.output
    FROM execution e LEFT JOIN closing c ON c.execution = e.key;
CREATE TABLE dispensed (
    execution INTEGER NOT NULL,
    frame TEXT NOT NULL,
    slot INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    lane_slot INTEGER NOT NULL,
    item INTEGER NOT NULL,
    PRIMARY KEY (execution, frame, slot, lane, lane_slot)
) WITHOUT ROWID;
CREATE VIEW journal AS
    SELECT e.id, r.frame, r.slot, r.body
    FROM record r JOIN execution e ON e.key = r.execution;
";

/// Version 2 knows child executions of Map Runs.
const FROM_1: &str = "
ALTER TABLE execution ADD COLUMN parent TEXT;
ALTER TABLE execution ADD COLUMN items INTEGER;
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_prepared_once_and_known_again() {
        let connection = Connection::open_in_memory().unwrap();
        prepare(&connection).unwrap();
        prepare(&connection).unwrap();
    }

    #[test]
    fn tables_of_the_first_version_are_brought_up_to_date() {
        let connection = Connection::open_in_memory().unwrap();
        let first = TABLES.replace(",\n    parent TEXT,\n    items INTEGER", "");
        let marks = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = 1;");
        connection.execute_batch(&format!("{first}{marks}")).unwrap();
        prepare(&connection).unwrap();
        connection.prepare("SELECT parent, items FROM execution").unwrap();
        prepare(&connection).unwrap();
    }

    #[test]
    fn what_this_program_does_not_know_is_refused_with_a_reason() {
        let table = [
            (
                format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = 9"),
                "the data was written by a newer version of this program (its tables have version 9, \
                 this program knows 2)",
            ),
            ("PRAGMA user_version = 9".to_owned(), "the file is a database of another program"),
            ("CREATE TABLE t (a)".to_owned(), "the file is a database of another program"),
        ];
        for (before, expected) in table {
            let connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(&before).unwrap();
            assert_eq!(prepare(&connection).unwrap_err().to_string(), expected, "{before}");
        }
    }
}
