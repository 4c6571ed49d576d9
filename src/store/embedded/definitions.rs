//! Removing definitions that nothing refers to any more: no state machine, no version of one, no execution.
//!
//! Who starts an execution reads the state machine first and writes the execution then; in between nothing shows that its
//! definition is needed. So only what was not needed twice, some time apart, is removed.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use super::ledger::Ledger;
use super::writer::Write;
use crate::store::{Error, Kind};

/// Keys of definitions that nothing refers to. Executions are looked through only if a state machine has left some behind.
pub(super) fn unused(connection: &Connection) -> Result<BTreeSet<String>, Error> {
    let superseded = format!("SELECT i.key FROM item i WHERE i.kind = 'revision' AND {SUPERSEDED}");
    let mut statement = connection.prepare_cached(&superseded)?;
    let keys = statement.query_map([], |row| row.get(0))?;
    let mut unused = keys.collect::<rusqlite::Result<BTreeSet<String>>>()?;
    if unused.is_empty() {
        return Ok(unused);
    }
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT m.arn, e.revision FROM execution e CROSS JOIN machine m ON m.key = e.machine",
    )?;
    let mut needed = statement.query([])?;
    while let Some(row) = needed.next()? {
        let (machine, revision): (String, String) = (row.get(0)?, row.get(1)?);
        // Children of a Map Run have a machine with a label, and the definition of their parent.
        let machine = machine.split_once('/').map_or(&*machine, |(machine, _)| machine);
        unused.remove(&format!("{machine}#{revision}"));
    }
    Ok(unused)
}

/// Removes the definitions and settings under these keys.
pub(super) struct ForgetDefinitions {
    pub(super) keys: Vec<String>,
}

impl Write for ForgetDefinitions {
    type Answer = usize;

    fn apply(&self, ledger: &mut Ledger) -> rusqlite::Result<usize> {
        let delete = format!("DELETE FROM item AS i WHERE kind = ?1 AND key = ?2 AND {SUPERSEDED}");
        let mut removed = 0;
        for key in &self.keys {
            for kind in [Kind::Definition, Kind::Revision] {
                let mut delete = ledger.connection.prepare_cached(&delete)?;
                removed += delete.execute(params![kind.name(), key])?;
            }
        }
        Ok(removed)
    }
}

/// Neither is the revision of the item current, nor was it published.
const SUPERSEDED: &str = "NOT EXISTS (SELECT 1 FROM item s \
     WHERE s.kind IN ('state-machine', 'publications') \
     AND s.key = substr(i.key, 1, instr(i.key, '#') - 1) \
     AND instr(s.body, substr(i.key, instr(i.key, '#') + 1)) > 0)";
