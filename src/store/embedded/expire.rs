//! Removing executions that ended long ago, as AWS does after ninety days. Their pages are used again, so a store that
//! takes in as much as it gives up stays as large as it is.

use rusqlite::params;
use stepwright_core::engine::ExecutionId;
use stepwright_core::time::Timestamp;

use super::Memory;
use super::ledger::Ledger;
use super::list::count;
use super::writer::Write;

/// [`Journal::expire`](crate::store::Journal::expire)
pub(super) struct Expire {
    pub(super) before: Timestamp,
    pub(super) most: usize,
}

/// An execution to be removed, and its place in the list.
struct Ended {
    key: i64,
    id: ExecutionId,
    place: (i64, String, i64),
}

impl Write for Expire {
    type Answer = usize;

    fn apply(&self, ledger: &mut Ledger) -> rusqlite::Result<usize> {
        let ended = ended(ledger, self.before, self.most)?;
        for Ended { key, id, place: (machine, status, time) } in &ended {
            for table in OWNED {
                let delete = format!("DELETE FROM {table} WHERE execution = ?1");
                ledger.connection.prepare_cached(&delete)?.execute([key])?;
            }
            ledger
                .connection
                .prepare_cached(
                    "DELETE FROM listing \
                     WHERE machine = ?1 AND status = ?2 AND time = ?3 AND execution = ?4",
                )?
                .execute(params![machine, status, time, key])?;
            ledger
                .connection
                .prepare_cached("DELETE FROM execution WHERE key = ?1")?
                .execute([key])?;
            ledger.forget_execution(id);
        }
        Ok(ended.len())
    }

    fn committed(&self, removed: &usize, memory: &Memory) {
        // An execution of the same name has the same id; it must not find what was remembered of this one.
        if *removed > 0 {
            memory.cache().forget();
        }
    }
}

/// Executions that ended before a time. A child of a Map Run stays as long as its parent is there: the parent reads it,
/// and a redrive of the parent runs again what it does not find.
fn ended(ledger: &Ledger, before: Timestamp, most: usize) -> rusqlite::Result<Vec<Ended>> {
    let mut statement = ledger.connection.prepare_cached(
        "SELECT e.key, e.id, l.machine, l.status, l.time FROM machine m \
         CROSS JOIN listing l ON l.machine = m.key \
         AND l.status IN ('SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED', 'PENDING_REDRIVE') AND l.time < ?1 \
         CROSS JOIN execution e ON e.key = l.execution \
         WHERE e.parent IS NULL OR NOT EXISTS \
         (SELECT 1 FROM execution p WHERE p.id = e.parent ->> '$.lane.execution') LIMIT ?2",
    )?;
    let rows = statement.query_map(params![before.0, count(most)], |row| {
        let place = (row.get(2)?, row.get(3)?, row.get(4)?);
        Ok(Ended { key: row.get(0)?, id: ExecutionId(row.get(1)?), place })
    })?;
    rows.collect()
}

/// Tables of which rows belong to an execution.
const OWNED: [&str; 6] = ["record", "lane", "beat", "dispensed", "redrive", "closing"];
