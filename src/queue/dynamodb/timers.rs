//! Timers: one write each when they are parked, and none when they are due: a sweep sends, every minute, what is due in
//! the next minutes, and notes how far it has got. Sending twice is harmless.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use stepwright_core::engine::Message;
use stepwright_core::time::Timestamp;

use super::{Attributes, Error, PATIENCE, hash, hex, now, number, string, text};
use crate::queue::body;
use crate::retry::{told, tried};

/// Timers that are further away than a queue can delay a message.
pub struct Timers {
    client: Client,
    table: Arc<str>,
    /// Whether the sweep's mark is there for sure.
    marked: AtomicBool,
    /// How far ahead a sweep sends. Less than the queue's longest delay, beyond which messages are parked, by more than it
    /// may take to park one and more than clocks may differ.
    horizon_seconds: f64,
}

/// What is due soon.
#[derive(Debug)]
pub struct Due {
    /// Messages and when they are due.
    pub messages: Vec<(Message, Timestamp)>,
    /// All that is due up to here is among them, or was sent before.
    pub until: Timestamp,
}

impl Timers {
    /// Timers in this table.
    pub fn new(client: Client, table: &str) -> Timers {
        let marked = AtomicBool::new(false);
        Timers { client, table: table.into(), marked, horizon_seconds: horizon(LONGEST_DELAY) }
    }

    /// The same for a queue whose longest delay is another than that of SQS.
    #[must_use]
    pub fn for_delays_up_to(self, seconds: f64) -> Timers {
        Timers { horizon_seconds: horizon(seconds), ..self }
    }

    /// Keeps a message until it is near its time. `false`: that is so near by now that a sweep may have passed it, so it
    /// is to be sent as well.
    ///
    /// # Errors
    /// The table is not available, or the message cannot be written.
    pub async fn park(&self, message: &Message, due: Timestamp) -> Result<bool, Error> {
        if !self.marked.load(Ordering::Relaxed) {
            self.mark(now(), true).await?;
            self.marked.store(true, Ordering::Relaxed);
        }
        let body = body::write(message, None).map_err(Error)?;
        let hash = hash(&body);
        let shard = u32::from(hash.first().copied().unwrap_or(0)) % SHARDS;
        let item = Attributes::from([
            ("pk".to_owned(), string(partition(due.0 / BUCKET_MICROS, shard))),
            ("sk".to_owned(), string(format!("{}#{}", place(due), hex(&hash)))),
            ("b".to_owned(), string(body)),
            ("ttl".to_owned(), number(due.0 / 1_000_000 + KEPT_SECONDS)),
        ]);
        let request = self.client.put_item().table_name(&*self.table).set_item(Some(item));
        let put = tried(PATIENCE, || request.clone().send()).await.map_err(Error)?;
        put.map_err(|error| Error(told(&error)))?;
        Ok(due.seconds_since(now()) > self.horizon_seconds * SAFELY_BEYOND)
    }

    /// What is due within the next quarter of an hour and was not [sent](Timers::sent) yet.
    ///
    /// # Errors
    /// The table is not available, or holds something unreadable.
    pub async fn due(&self, now: Timestamp) -> Result<Due, Error> {
        let until = now.plus_seconds(self.horizon_seconds);
        let mut messages = Vec::new();
        let Some(from) = self.swept().await?.filter(|from| *from < until) else {
            return Ok(Due { messages, until });
        };
        for bucket in from.0 / BUCKET_MICROS..=until.0 / BUCKET_MICROS {
            for shard in 0..SHARDS {
                let partition = partition(bucket, shard);
                // A place ends in `#` and a hash; `$` comes after `#`.
                let bounds = (format!("{}$", place(from)), format!("{}$", place(until)));
                messages.extend(self.read(&partition, &bounds).await?);
            }
        }
        Ok(Due { messages, until })
    }

    /// Notes that all of it was sent.
    ///
    /// # Errors
    /// The table is not available; the same comes again then.
    pub async fn sent(&self, due: &Due) -> Result<(), Error> {
        self.mark(due.until, false).await
    }

    async fn read(
        &self,
        partition: &str,
        bounds: &(String, String),
    ) -> Result<Vec<(Message, Timestamp)>, Error> {
        let mut found = Vec::new();
        let mut start = None;
        loop {
            let request = self
                .client
                .query()
                .table_name(&*self.table)
                .key_condition_expression("pk = :p AND sk BETWEEN :a AND :z")
                .expression_attribute_values(":p", string(partition))
                .expression_attribute_values(":a", string(&bounds.0))
                .expression_attribute_values(":z", string(&bounds.1))
                .consistent_read(true)
                .set_exclusive_start_key(start);
            let page = tried(PATIENCE, || request.clone().send()).await.map_err(Error)?;
            let page = page.map_err(|error| Error(told(&error)))?;
            for item in page.items() {
                match timer(item) {
                    Ok(timer) => found.push(timer),
                    // It must not keep those behind it from being sent.
                    Err(error) => tracing::error!(%error, partition, "a timer cannot be read"),
                }
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(found);
            }
        }
    }

    /// Up to when what was due was sent; `None` if nothing was ever parked.
    async fn swept(&self) -> Result<Option<Timestamp>, Error> {
        let request = self
            .client
            .get_item()
            .table_name(&*self.table)
            .key("pk", string(MARK.0))
            .key("sk", string(MARK.1))
            .consistent_read(true);
        let found = tried(PATIENCE, || request.clone().send()).await.map_err(Error)?;
        let Some(item) = found.map_err(|error| Error(told(&error)))?.item else { return Ok(None) };
        let micros = item.get("t").and_then(|t| t.as_n().ok()).and_then(|t| t.parse().ok());
        micros.map(|t| Some(Timestamp(t))).ok_or_else(|| Error("the mark has no time".into()))
    }

    /// Moves the mark forward, or makes the first one.
    async fn mark(&self, at: Timestamp, first: bool) -> Result<(), Error> {
        let condition = if first { "attribute_not_exists(pk)" } else { "t < :t" };
        let item = Attributes::from([
            ("pk".to_owned(), string(MARK.0)),
            ("sk".to_owned(), string(MARK.1)),
            ("t".to_owned(), number(at.0)),
        ]);
        let values = (!first).then(|| Attributes::from([(":t".to_owned(), number(at.0))]));
        let request = self
            .client
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(item))
            .condition_expression(condition)
            .set_expression_attribute_values(values);
        match tried(PATIENCE, || request.clone().send()).await.map_err(Error)? {
            // Refused: there is a mark, or one further on.
            Ok(_) | Err(PutItemError::ConditionalCheckFailedException(_)) => Ok(()),
            Err(error) => Err(Error(told(&error))),
        }
    }
}

fn timer(item: &Attributes) -> Result<(Message, Timestamp), Error> {
    let due = text(item, "sk")?.split('#').next().and_then(|due| due.parse().ok());
    let due = due.ok_or_else(|| Error("a timer has no time".into()))?;
    let (message, _) = body::read(text(item, "b")?).map_err(Error)?;
    Ok((message, Timestamp(due)))
}

fn partition(bucket: i64, shard: u32) -> String {
    format!("T#{bucket}#{shard}")
}

/// Times in the order of text.
fn place(due: Timestamp) -> String {
    format!("{:019}", due.0.max(0))
}

const MARK: (&str, &str) = ("T", "swept");

/// Partitions of a bucket: a thousand timers may be parked each second in each.
const SHARDS: u32 = 4;
const BUCKET_MICROS: i64 = 300 * 1_000_000;

/// With SQS's longest delay, a minute less than that.
fn horizon(longest_delay_seconds: f64) -> f64 {
    longest_delay_seconds * (14.0 / 15.0)
}

/// What is further away than this, in horizons, no sweep has passed while it was parked: half a minute with SQS.
const SAFELY_BEYOND: f64 = 29.0 / 28.0;
/// SQS's, in seconds.
const LONGEST_DELAY: f64 = 900.0;

/// For how long timers are kept after they were due.
const KEPT_SECONDS: i64 = 7 * 86_400;
