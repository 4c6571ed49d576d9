//! The row of an execution: what of it lies in which attribute.
//!
//! A row stays within a write unit of 1 KB, since it is written twice and copied to the index three times: payloads of
//! more than a few hundred bytes are items of their own, written once.
//!
//! | attribute | what |
//! | --- | --- |
//! | `m` | what never changes, see [`Fixed`] |
//! | `d` | deadline |
//! | `rc`, `ra` | count and time of redrives |
//! | `c` | how it ended, see [`End`]; none while it runs |
//! | `i`, `ih` | input, or the hash that names it |
//! | `u`, `uh` | output, likewise |
//! | `f`, `fh` | error and cause, likewise |
//! | `w` | who wrote it, so that a lost reply is not taken for a lost race |

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stepwright_core::engine::{ExecutionId, Failure};
use stepwright_core::expr::Document;
use stepwright_core::time::Timestamp;

use super::attribute::{Attributes, damaged, number, number_if_any, string, text, text_if_any};
use super::schema::{EXPIRY, INDEX_PARTITION, INDEX_SORT, PARTITION};
use super::{DynamoStore, key, payload};
use crate::store::{Closing, Error, Execution, Parent, Redriven, Status};

/// What of an execution never changes.
#[derive(Serialize, Deserialize)]
struct Fixed {
    #[serde(rename = "a")]
    arn: Arc<str>,
    /// Unless it ends the ARN.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    name: Option<Arc<str>>,
    #[serde(rename = "r")]
    revision: Arc<str>,
    #[serde(rename = "o")]
    role: Arc<str>,
    #[serde(rename = "s")]
    started: Timestamp,
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    trace_header: Option<Arc<str>>,
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    version: Option<Arc<str>>,
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    alias: Option<Arc<str>>,
    /// Of a child of a Map Run: where it belongs, and its machine; its place in the index is that of the run.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    parent: Option<(Box<Parent>, Arc<str>)>,
}

/// How an execution ended, but for its payloads.
#[derive(Serialize, Deserialize)]
struct End {
    #[serde(rename = "s")]
    status: Status,
    #[serde(rename = "t")]
    stopped: Timestamp,
    /// Error and cause, if they are short.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    failure: Option<Told>,
}

/// Error and cause.
type Told = (Option<Arc<str>>, Option<Arc<str>>);

/// A payload of a row: attribute for the text itself, attribute for the hash that names its item.
type Place = [&'static str; 2];

pub(super) const INPUT: Place = ["i", "ih"];
pub(super) const OUTPUT: Place = ["u", "uh"];
const FAILURE: Place = ["f", "fh"];

/// How it ended.
pub(super) const END: &str = "c";
const FIXED: &str = "m";
/// Deadline, in microseconds.
pub(super) const DEADLINE: &str = "d";
pub(super) const REDRIVES: &str = "rc";
pub(super) const REDRIVEN_AT: &str = "ra";
pub(super) const WRITER: &str = "w";

impl DynamoStore {
    /// The row of a new execution, its long payload written already.
    pub(super) async fn new_row(&self, execution: &Execution) -> Result<Attributes, Error> {
        let mut item = key::row(&execution.id).item();
        let tail = execution.arn.rsplit(':').next();
        let fixed = Fixed {
            arn: execution.arn.clone(),
            name: (tail != Some(&*execution.name)).then(|| execution.name.clone()),
            revision: execution.revision.clone(),
            role: execution.role.clone(),
            started: execution.started,
            trace_header: execution.trace_header.clone(),
            version: execution.version.clone(),
            alias: execution.alias.clone(),
            parent: execution.parent.clone().map(|parent| (parent, execution.machine.clone())),
        };
        item.insert(FIXED.to_owned(), string(json(&fixed)?));
        if let Some(deadline) = execution.deadline {
            item.insert(DEADLINE.to_owned(), number(deadline.0));
        }
        item.insert(WRITER.to_owned(), string(nonce()));
        let (partition, sort) = self.listed(execution);
        item.insert(INDEX_PARTITION.to_owned(), string(partition));
        item.insert(INDEX_SORT.to_owned(), string(sort));
        let expiry = self.expiry_of_running(execution.started);
        let (name, value) =
            self.put_payload(&execution.id, INPUT, execution.input.text(), expiry).await?;
        item.insert(name.to_owned(), string(value));
        Ok(item)
    }

    /// Keys of an execution in the index.
    pub(super) fn listed(&self, execution: &Execution) -> (String, String) {
        let at = execution.listed_at();
        let status = execution.status();
        self.place_in_list(execution.list(), status, (at, &execution.id))
    }

    /// Keys in the index of an execution of a machine or a Map Run that has this status since that time.
    pub(super) fn place_in_list(
        &self,
        machine: &str,
        status: Status,
        (at, id): (Timestamp, &ExecutionId),
    ) -> (String, String) {
        let shards = self.tables.list_shards.max(1);
        let sum = id.0.bytes().fold(0u32, |sum, b| sum.wrapping_mul(31).wrapping_add(b.into()));
        (key::list(machine, status.as_str(), sum % shards), key::listed(at.0, &id.0))
    }

    /// Attribute and value of a payload in a row. A long one is written as an item of its own, under a name that says
    /// what it is: written twice it is the same, and it is in nobody's way if the row is not written after all.
    pub(super) async fn put_payload(
        &self,
        id: &ExecutionId,
        [short, long]: Place,
        text: &str,
        expiry: i64,
    ) -> Result<(&'static str, String), Error> {
        if text.len() <= INLINE {
            return Ok((short, text.to_owned()));
        }
        let hash = payload::hash(text);
        let mut item = key::payload(id, &hash).item();
        self.payloads.put(&mut item, &id.0, text).await?;
        item.insert(EXPIRY.to_owned(), number(expiry));
        self.table.put_if(item, None, Vec::new()).await?;
        Ok((long, hash))
    }

    async fn payload(
        &self,
        id: &ExecutionId,
        row: &Attributes,
        [short, long]: Place,
    ) -> Result<Option<String>, Error> {
        if let Some(text) = text_if_any(row, short)? {
            return Ok(Some(text.to_owned()));
        }
        let Some(hash) = text_if_any(row, long)? else { return Ok(None) };
        let item = self.table.item(&key::payload(id, hash)).await?;
        let item = item.ok_or_else(|| damaged(row, long))?;
        Ok(Some(self.payloads.read(&item).await?))
    }

    /// The execution that a row of the table is, payloads included.
    pub(super) async fn execution_of(&self, row: &Attributes) -> Result<Execution, Error> {
        let mut execution = summary(row)?;
        let input = self.payload(&execution.id, row, INPUT).await?;
        let input = input.ok_or_else(|| damaged(row, INPUT[0]))?;
        execution.input = Document::from_trusted_text(input);
        if let Some(mut closing) = execution.closing.take() {
            let output = self.payload(&execution.id, row, OUTPUT).await?;
            closing.output = output.map(Document::from_trusted_text);
            if let Some(failure) = self.payload(&execution.id, row, FAILURE).await? {
                let (error, cause) =
                    serde_json::from_str(&failure).map_err(|_| damaged(row, FAILURE[0]))?;
                closing.failure = Failure { error, cause };
            }
            execution.closing = Some(closing);
        }
        Ok(execution)
    }

    /// The attributes that a closing adds to a row, its long payloads written already.
    pub(super) async fn closing_attributes(
        &self,
        id: &ExecutionId,
        closing: &Closing,
    ) -> Result<Vec<(&'static str, String)>, Error> {
        let expiry = self.expiry_of_closed(closing.stopped);
        let mut attributes = Vec::new();
        if let Some(output) = &closing.output {
            attributes.push(self.put_payload(id, OUTPUT, output.text(), expiry).await?);
        }
        let failure = (closing.failure.error.clone(), closing.failure.cause.clone());
        let told = json(&failure)?;
        let mut end = End { status: closing.status, stopped: closing.stopped, failure: None };
        if told.len() > INLINE {
            attributes.push(self.put_payload(id, FAILURE, &told, expiry).await?);
        } else if failure != (None, None) {
            end.failure = Some(failure);
        }
        attributes.push((END, json(&end)?));
        Ok(attributes)
    }

    /// When DynamoDB may remove an execution that was closed then, in seconds since 1970.
    pub(super) fn expiry_of_closed(&self, stopped: Timestamp) -> i64 {
        stopped.0 / 1_000_000 + i64::from(self.tables.retention_days) * DAY
    }

    /// When DynamoDB may remove what a running execution writes at this time: the retention, and as long as may pass
    /// before the sweep renews it, see [`lease`](super::lease).
    pub(super) fn expiry_of_running(&self, at: Timestamp) -> i64 {
        self.expiry_of_closed(at) + LEASE_DAYS * DAY
    }
}

/// The execution that an item of the table or of the index is, without payloads.
pub(super) fn summary(item: &Attributes) -> Result<Execution, Error> {
    let fixed: Fixed =
        serde_json::from_str(text(item, FIXED)?).map_err(|_| damaged(item, FIXED))?;
    let place = text(item, INDEX_PARTITION)?;
    let machine = place.rsplitn(3, '#').nth(2).ok_or_else(|| damaged(item, INDEX_PARTITION))?;
    let name = fixed.name.unwrap_or_else(|| fixed.arn.rsplit(':').next().unwrap_or("").into());
    let (parent, machine) = match fixed.parent {
        Some((parent, machine)) => (Some(parent), machine),
        None => (None, machine.into()),
    };
    let redrives: Option<u32> = number_if_any(item, REDRIVES)?;
    let redriven_at = number_if_any(item, REDRIVEN_AT)?.map(Timestamp);
    Ok(Execution {
        id: ExecutionId(text(item, PARTITION)?.into()),
        machine,
        name,
        arn: fixed.arn,
        revision: fixed.revision,
        role: fixed.role,
        input: Document::empty_object(),
        started: fixed.started,
        deadline: number_if_any(item, DEADLINE)?.map(Timestamp),
        trace_header: fixed.trace_header,
        version: fixed.version,
        alias: fixed.alias,
        redriven: redrives.zip(redriven_at).map(|(count, at)| Redriven { count, at }),
        closing: closing(item)?,
        parent,
    })
}

fn closing(item: &Attributes) -> Result<Option<Closing>, Error> {
    let Some(end) = text_if_any(item, END)? else { return Ok(None) };
    let end: End = serde_json::from_str(end).map_err(|_| damaged(item, END))?;
    let (error, cause) = end.failure.unwrap_or_default();
    Ok(Some(Closing {
        status: end.status,
        stopped: end.stopped,
        output: None,
        failure: Failure { error, cause },
    }))
}

/// The machine of an execution whose row has at least its place in the index.
pub(super) fn machine(row: &Attributes) -> Result<&str, Error> {
    let place = text(row, INDEX_PARTITION)?;
    place.rsplitn(3, '#').nth(2).ok_or_else(|| damaged(row, INDEX_PARTITION))
}

/// A few random letters.
pub(super) fn nonce() -> String {
    format!("{:x}", getrandom::u64().unwrap_or_default())
}

fn json<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Unavailable(error.to_string()))
}

/// Up to so many bytes a payload is in the row itself.
const INLINE: usize = 320;
/// Days for which what a running execution has written is safe without being renewed, beside the retention.
pub(super) const LEASE_DAYS: i64 = 35;
const DAY: i64 = 86_400;
