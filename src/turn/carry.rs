//! What a message carries so that its receiver need not read it: the execution's row, and the record that it follows from.
//!
//! It may be out of date when it arrives, and that is harmless: whatever is decided on an old tail is refused by the
//! slot, which is taken. So that this costs little, only a first delivery goes by what it carries. Of the row, a turn
//! needs what never changes; that the execution was stopped meanwhile shows in the root's slot.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use stepwright_core::engine::{Cursor, Message, MessageKind, Record};
use stepwright_core::time::Timestamp;

use super::{Engine, Error};
use crate::queue::{Delivery, Outgoing};
use crate::store::Execution;

/// What came with a message.
pub(super) struct Carried {
    /// The row as it was.
    pub(super) execution: Arc<Execution>,
    tail: Option<Arc<Record>>,
}

#[derive(Serialize)]
struct Written<'a> {
    #[serde(rename = "x")]
    execution: &'a Execution,
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    tail: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Read<'a> {
    #[serde(rename = "x")]
    execution: Execution,
    #[serde(rename = "t", borrow, default)]
    tail: Option<&'a RawValue>,
}

impl Carried {
    /// What a first delivery carries, if it can be read.
    pub(super) fn with(delivery: &Delivery) -> Option<Carried> {
        if delivery.receive_count > 1 {
            return None;
        }
        let read: Read<'_> = serde_json::from_str(delivery.carried.as_deref()?).ok()?;
        let tail = read.tail.map(|tail| Record::decode(tail.get())).transpose().ok()?;
        Some(Carried { execution: read.execution.into(), tail: tail.map(Arc::new) })
    }

    /// The tail that a message of this kind finds, if that is known: none for one that begins a frame.
    pub(super) fn tail_for(self, kind: &MessageKind) -> Option<Option<Arc<Record>>> {
        match kind {
            MessageKind::Start | MessageKind::Fork(_) => Some(None),
            _ => self.tail.map(Some),
        }
    }
}

impl Engine {
    /// Sends messages of an execution, those to the frame of a record with that record. `patient` tells which of them are for
    /// receivers who have time.
    pub(super) async fn send_on(
        &self,
        execution: &Execution,
        from: Option<(&Cursor, &Record)>,
        messages: Vec<(Message, Option<Timestamp>)>,
        patient: impl Fn(&Message) -> bool + Send,
    ) -> Result<(), Error> {
        if !self.queue.carries() || execution.closing.is_some() {
            return Ok(self.queue.send(messages).await?);
        }
        let alone = written(execution, None);
        let follows = |message: &Message| {
            let (here, record) = from?;
            (message.cursor == here.next()).then_some(record)
        };
        let outgoing = messages.into_iter().map(|(message, at)| {
            let carried = match follows(&message) {
                Some(record) => written(execution, Some(record)),
                None => alone.clone(),
            };
            let patient = patient(&message);
            Outgoing { message, at, carried, patient }
        });
        Ok(self.queue.send_carrying(outgoing.collect()).await?)
    }

    /// Sends a message on that came before its time.
    pub(super) async fn send_again(
        &self,
        delivery: &Delivery,
        due: Timestamp,
    ) -> Result<(), Error> {
        let (message, carried) = (delivery.message.clone(), delivery.carried.clone());
        let patient = false;
        let again = Outgoing { message, at: Some(due), carried, patient };
        Ok(self.queue.send_carrying(vec![again]).await?)
    }
}

/// `None` if it would be too long to be worth carrying.
fn written(execution: &Execution, tail: Option<&Record>) -> Option<Arc<str>> {
    let tail = match tail {
        Some(record) => Some(RawValue::from_string(record.encode().ok()?).ok()?),
        None => None,
    };
    let text = serde_json::to_string(&Written { execution, tail }).ok()?;
    (text.len() <= LONGEST).then(|| text.into())
}

/// Reading a row and a tail costs $0.25 a million; a message of more than 64 KB costs $0.40 more for each of its three
/// requests.
const LONGEST: usize = 8 * 1024;
