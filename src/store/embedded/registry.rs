//! The registry: documents by kind and key.

use async_trait::async_trait;
use rusqlite::{OptionalExtension, Row, params};

use super::ledger::Ledger;
use super::writer::Write;
use super::{EmbeddedStore, integer, read};
use crate::store::{Error, Item, Kind, Registry};

#[async_trait]
impl Registry for EmbeddedStore {
    async fn item(&self, kind: Kind, key: &str) -> Result<Option<Item>, Error> {
        let found = self
            .readers
            .short()
            .prepare_cached("SELECT version, body FROM item WHERE kind = ?1 AND key = ?2")?
            .query_row([kind.name(), key], |row| item(row, 0))
            .optional()?;
        Ok(found)
    }

    async fn put(
        &self,
        kind: Kind,
        key: &str,
        body: String,
        expected: Option<u64>,
    ) -> Result<bool, Error> {
        self.write(Put { kind, key: key.to_owned(), body, expected }).await
    }

    async fn remove(&self, kind: Kind, key: &str, expected: u64) -> Result<bool, Error> {
        self.write(Remove { kind, key: key.to_owned(), expected }).await
    }

    async fn items(
        &self,
        kind: Kind,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Item)>, Error> {
        let (prefix, after) = (prefix.to_owned(), after.map(str::to_owned));
        self.scan(move |readers| {
            let connection = readers.long();
            let mut statement = connection.prepare_cached(
                "SELECT key, version, body FROM item \
                 WHERE kind = ?1 AND key >= ?2 AND (?3 IS NULL OR key > ?3) ORDER BY key",
            )?;
            let mut rows = statement.query(params![kind.name(), prefix, after])?;
            let mut found = Vec::new();
            while found.len() < limit
                && let Some(row) = rows.next()?
            {
                let key: String = row.get(0)?;
                if !key.starts_with(&prefix) {
                    break;
                }
                found.push((key, item(row, 1)?));
            }
            Ok(found)
        })
        .await
    }
}

/// An item from a version column and the body column after it.
fn item(row: &Row<'_>, column: usize) -> rusqlite::Result<Item> {
    Ok(Item { version: read::unsigned(row, column)?, body: row.get(column + 1)? })
}

/// [`Registry::put`]
struct Put {
    kind: Kind,
    key: String,
    body: String,
    expected: Option<u64>,
}

impl Write for Put {
    type Answer = bool;

    fn apply(&self, ledger: &mut Ledger) -> rusqlite::Result<bool> {
        let (kind, key) = (self.kind.name(), &self.key);
        let changed = match self.expected {
            None => ledger
                .connection
                .prepare_cached(
                    "INSERT INTO item (kind, key, version, body) VALUES (?1, ?2, 1, ?3) \
                     ON CONFLICT DO NOTHING",
                )?
                .execute(params![kind, key, self.body])?,
            Some(version) => ledger
                .connection
                .prepare_cached(
                    "UPDATE item SET version = version + 1, body = ?3 \
                     WHERE kind = ?1 AND key = ?2 AND version = ?4",
                )?
                .execute(params![kind, key, self.body, integer(version)])?,
        };
        Ok(changed == 1)
    }
}

/// [`Registry::remove`]
struct Remove {
    kind: Kind,
    key: String,
    expected: u64,
}

impl Write for Remove {
    type Answer = bool;

    fn apply(&self, ledger: &mut Ledger) -> rusqlite::Result<bool> {
        let removed = ledger
            .connection
            .prepare_cached("DELETE FROM item WHERE kind = ?1 AND key = ?2 AND version = ?3")?
            .execute(params![self.kind.name(), self.key, integer(self.expected)])?;
        Ok(removed == 1)
    }
}
