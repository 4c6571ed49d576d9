//! The queue of the serverless home: SQS.

use std::sync::Arc;

use async_trait::async_trait;
use aws_lambda_events::event::sqs::SqsMessage;
use aws_sdk_sqs::Client;
use stepwright_core::engine::Message;
use stepwright_core::time::Timestamp;

use super::dynamodb::Timers;
use super::{Delivery, Error, Queue, Receipt};

/// Environment variable with the URL of the queue.
pub const QUEUE_VARIABLE: &str = "STEPWRIGHT_QUEUE_URL";

/// Environment variable with the URL of the queue of messages whose turns may take long.
pub const SLOW_QUEUE_VARIABLE: &str = "STEPWRIGHT_SLOW_QUEUE_URL";

/// SQS's longest delay, in seconds.
pub const LONGEST_DELAY_SECONDS: f64 = 900.0;

/// The queues of a deployment.
#[derive(Clone, Debug)]
pub struct Queues {
    /// URL of the queue.
    pub url: Arc<str>,
    /// URL of the queue of messages whose turns may take long, if there is one.
    pub slow_url: Option<Arc<str>>,
}

/// Messages in SQS.
pub struct SqsQueue {
    client: Client,
    queues: Queues,
    timers: Option<Timers>,
}

/// A message that this engine cannot have sent.
#[derive(Clone, Debug, thiserror::Error)]
#[error("SQS message {id} is none of this engine's: {why}")]
pub struct BadMessage {
    /// Its SQS message id.
    pub id: String,
    /// What is wrong with it.
    pub why: String,
}

impl SqsQueue {
    /// A queue in these SQS queues. The client should not retry by itself: the queue does, with jitter and a deadline.
    pub fn new(client: Client, queues: Queues) -> SqsQueue {
        SqsQueue { client, queues, timers: None }
    }

    /// The same, with a place for messages that are due later than SQS's longest delay. Without it they are delivered
    /// early, and sent on by whoever receives them.
    #[must_use]
    pub fn with_timers(self, timers: Timers) -> SqsQueue {
        SqsQueue { timers: Some(timers), ..self }
    }

    /// A message as Lambda's event source mapping delivers it. To delete it, report success; to give it back, call
    /// [`Queue::give_back`] and report its id (the delivery's) among the batch's failures.
    ///
    /// # Errors
    /// The message is none of this engine's.
    pub fn delivery(record: &SqsMessage) -> Result<Delivery, BadMessage> {
        let id = record.message_id.clone().unwrap_or_default();
        Err(BadMessage { id, why: "not built yet".into() })
    }
}

impl SqsQueue {
    /// Sends the timers that are near; how many.
    ///
    /// # Errors
    /// The table or the queue is not available.
    pub async fn forward_timers(&self, _now: Timestamp) -> Result<usize, Error> {
        Ok(0)
    }
}

#[async_trait]
impl Queue for SqsQueue {
    async fn send(&self, _: Vec<(Message, Option<Timestamp>)>) -> Result<(), Error> {
        let _ = (&self.client, &self.queues, &self.timers);
        Err(Error("not built yet".into()))
    }

    async fn receive(&self) -> Result<Delivery, Error> {
        Err(Error("not built yet".into()))
    }

    async fn delete(&self, _: &Receipt) -> Result<(), Error> {
        Err(Error("not built yet".into()))
    }

    async fn give_back(&self, _: &Receipt, _: f64) -> Result<(), Error> {
        Err(Error("not built yet".into()))
    }
}
