//! Registry items: a partition for each kind, their keys as sort keys, a version that every write counts on. Units of Map
//! Runs are spread, and expire some time after the longest run would have ended that could want them.

use async_trait::async_trait;

use super::attribute::{Attributes, Key, number, number_in, string, text};
use super::row::{WRITER, nonce};
use super::schema::{EXPIRY, SORT};
use super::table::{Query, Written};
use super::{DynamoStore, key};
use crate::store::{Error, Item, Kind, Registry};

#[async_trait]
impl Registry for DynamoStore {
    async fn item(&self, kind: Kind, key: &str) -> Result<Option<Item>, Error> {
        match self.table.item(&place(kind, key)).await? {
            Some(item) => Ok(Some(self.item_of(&item).await?)),
            None => Ok(None),
        }
    }

    async fn put(
        &self,
        kind: Kind,
        key: &str,
        body: String,
        expected: Option<u64>,
    ) -> Result<bool, Error> {
        let mut item = place(kind, key).item();
        let owner = format!("{}/{}", kind.name(), super::payload::hash(key));
        self.payloads.put(&mut item, &owner, &body).await?;
        if kind == Kind::Units {
            item.insert(EXPIRY.to_owned(), number(self.expiry_of_units()));
        }
        item.insert(VERSION.to_owned(), number(expected.unwrap_or(0) + 1));
        item.insert(WRITER.to_owned(), string(nonce()));
        let writer = item.get(WRITER).cloned();
        let written = match expected {
            None => self.table.insert(item).await?,
            Some(version) => {
                let values = vec![(":v", number(version))];
                self.table.put_if(item, Some("v = :v"), values).await?
            }
        };
        // Refused, but by itself: the reply to an earlier try was lost.
        Ok(match written {
            Written::Done(_) => true,
            Written::Refused(there) => {
                there.is_some_and(|there| there.get(WRITER).cloned() == writer)
            }
        })
    }

    async fn remove(&self, kind: Kind, key: &str, expected: u64) -> Result<bool, Error> {
        self.table.remove_if(&place(kind, key), "v = :v", vec![(":v", number(expected))]).await
    }

    async fn items(
        &self,
        kind: Kind,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Item)>, Error> {
        let last = format!("{prefix}\u{10FFFF}");
        let first = after.filter(|after| *after >= prefix).unwrap_or(prefix);
        if first > last.as_str() {
            return Ok(Vec::new());
        }
        // No key is empty, and nothing is a smaller key than this one.
        let first = if first.is_empty() { "\u{1}" } else { first };
        let query = Query::between(key::item(kind, prefix), (first.to_owned(), last));
        let query = Query { limit: limit.saturating_add(1), ..query };
        let mut found = Vec::new();
        for item in self.table.query(&query).await? {
            let key = text(&item, SORT)?;
            if after != Some(key) && key.starts_with(prefix) && found.len() < limit {
                found.push((key.to_owned(), self.item_of(&item).await?));
            }
        }
        Ok(found)
    }
}

impl DynamoStore {
    async fn item_of(&self, item: &Attributes) -> Result<Item, Error> {
        Ok(Item { body: self.payloads.read(item).await?, version: number_in(item, VERSION)? })
    }
}

fn place(kind: Kind, key: &str) -> Key {
    Key { partition: key::item(kind, key), sort: key.to_owned() }
}

const VERSION: &str = "v";
