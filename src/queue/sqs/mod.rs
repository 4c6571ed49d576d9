//! The queue of the serverless home: SQS, with a table for what is due later than SQS's longest delay.
//!
//! A turn that handles a message of a batch is announced by [`SqsQueue::turn`]: what the turns of a batch send goes out
//! together. In Lambda, messages come as records of an event ([`SqsQueue::delivery`]); a home of its own can
//! [receive](Queue::receive) them.

mod outbox;
mod send;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use aws_lambda_events::event::sqs::SqsMessage;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::MessageSystemAttributeName::ApproximateReceiveCount;
use stepwright_core::engine::Message;
use stepwright_core::time::Timestamp;
use tokio::sync::oneshot;

use self::outbox::{Entry, Outbox, Put, Waiting};
use super::dynamodb::Timers;
use super::{Delivery, Error, Outgoing, Queue, Receipt, body};
use crate::retry::{told, tried};

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
#[derive(Clone)]
pub struct SqsQueue {
    client: Client,
    queues: Queues,
    /// URL of the queue that messages are received from.
    received: Arc<str>,
    timers: Option<Arc<Timers>>,
    outbox: Arc<Outbox>,
    moment: Duration,
    longest_delay: f64,
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

/// A turn under way, until this is dropped.
pub struct Turn(SqsQueue);

impl SqsQueue {
    /// A queue in these SQS queues. The client should not retry by itself: the queue does, with jitter and a deadline.
    pub fn new(client: Client, queues: Queues) -> SqsQueue {
        let received = queues.url.clone();
        let (outbox, longest_delay) = (Arc::default(), LONGEST_DELAY_SECONDS);
        SqsQueue { client, queues, received, timers: None, outbox, moment: MOMENT, longest_delay }
    }

    /// The same, with a place for messages that are due later than SQS's longest delay. Without it they are delivered
    /// early, and sent on by whoever receives them.
    #[must_use]
    pub fn with_timers(self, timers: Timers) -> SqsQueue {
        SqsQueue { timers: Some(Arc::new(timers)), ..self }
    }

    /// The same, but messages are delayed no longer than this; what is due later is parked.
    #[must_use]
    pub fn delaying_up_to(self, seconds: f64) -> SqsQueue {
        SqsQueue { longest_delay: seconds.min(LONGEST_DELAY_SECONDS), ..self }
    }

    /// The same, but turns that run at the same time wait for each other's messages so long (10 ms, if nothing is said).
    #[must_use]
    pub fn waiting(self, moment: Duration) -> SqsQueue {
        SqsQueue { moment, ..self }
    }

    /// The same, but messages are received from the queue of long tasks, deleted there and given back to it.
    #[must_use]
    pub fn at_slow(self) -> SqsQueue {
        let received = self.queues.slow_url.clone().unwrap_or(self.received);
        SqsQueue { received, ..self }
    }

    /// Announces a turn, until what is returned is dropped.
    pub fn turn(&self) -> Turn {
        self.outbox.begin();
        Turn(self.clone())
    }

    /// Sends the parked messages that are due within the next quarter of an hour; how many. For the sweep, every minute;
    /// more often or twice is harmless.
    ///
    /// # Errors
    /// The table or SQS is not available; what was not sent comes again.
    pub async fn send_due(&self, now: Timestamp) -> Result<usize, Error> {
        let Some(timers) = &self.timers else { return Ok(0) };
        let due = timers.due(now).await?;
        let entries =
            due.messages.iter().map(|(message, at)| entry(message, None, delay(*at, now)));
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        send::send(&self.client, &self.queues.url, entries).await?;
        timers.sent(&due).await?;
        Ok(due.messages.len())
    }

    /// A message as Lambda's event source mapping delivers it. To delete it, report success; to give it back, call
    /// [`Queue::give_back`] and report its id (the delivery's) among the batch's failures.
    ///
    /// # Errors
    /// The message is none of this engine's.
    pub fn delivery(record: &SqsMessage) -> Result<Delivery, BadMessage> {
        let id = record.message_id.clone().unwrap_or_default();
        let bad = |why: &str| BadMessage { id: id.clone(), why: why.to_owned() };
        let body = record.body.as_deref().ok_or_else(|| bad("it has no body"))?;
        let receipt = record.receipt_handle.as_deref().ok_or_else(|| bad("it has no receipt"))?;
        let count = record.attributes.get(ApproximateReceiveCount.as_str());
        delivered(&id, receipt, count, body).map_err(|why| bad(&why))
    }

    async fn send_entries(&self, entries: Vec<Entry>) -> Result<(), Error> {
        if entries.is_empty() {
            return Ok(());
        }
        let (answer, answered) = oneshot::channel();
        match self.outbox.put(Waiting { entries, answer }) {
            Put::Send(batch) => self.send_batch(batch),
            Put::Opened(batch) => {
                let queue = self.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(queue.moment).await;
                    queue.send_batch(queue.outbox.passed(batch));
                });
            }
            Put::Waits => {}
        }
        answered.await.unwrap_or_else(|_| Err(Error("the process is ending".into())))
    }

    /// Sends what has come together, and tells those who wait. In a task of its own: it goes on when one of them goes
    /// away.
    fn send_batch(&self, mut batch: Vec<Waiting>) {
        if batch.is_empty() {
            return;
        }
        let queue = self.clone();
        tokio::spawn(async move {
            let entries = batch.iter_mut().flat_map(|w| std::mem::take(&mut w.entries)).collect();
            let sent = queue.send_to_both(entries).await;
            for waiting in batch {
                let told = sent.as_ref().copied().map_err(|error| Error(error.0.clone()));
                // One who has gone away need not be told.
                let _ = waiting.answer.send(told);
            }
        });
    }

    async fn send_to_both(&self, entries: Vec<Entry>) -> Result<(), Error> {
        let (slow, quick): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.slow);
        let slow_url = self.queues.slow_url.as_ref().unwrap_or(&self.queues.url);
        let (slow, quick) = tokio::join!(
            send::send(&self.client, slow_url, slow),
            send::send(&self.client, &self.queues.url, quick)
        );
        slow.and(quick)
    }

    /// Parks what is due too late for SQS; what remains to be sent.
    async fn park(&self, messages: Vec<Outgoing>) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        for Outgoing { message, at, carried, patient } in messages {
            let far = at.filter(|at| at.seconds_since(now()) > self.longest_delay);
            if let (Some(timers), Some(due)) = (&self.timers, far)
                && timers.park(&message, due).await?
            {
                continue;
            }
            let delay = at.map_or(0, |at| delay(at, now()));
            let slow = patient && self.queues.slow_url.is_some();
            entries.push(Entry { slow, ..entry(&message, carried.as_deref(), delay)? });
        }
        Ok(entries)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let batch = self.0.outbox.end();
        if tokio::runtime::Handle::try_current().is_ok() {
            self.0.send_batch(batch);
        }
    }
}

#[async_trait]
impl Queue for SqsQueue {
    fn carries(&self) -> bool {
        true
    }

    async fn send(&self, messages: Vec<(Message, Option<Timestamp>)>) -> Result<(), Error> {
        let outgoing = |(message, at)| Outgoing { message, at, carried: None, patient: false };
        self.send_carrying(messages.into_iter().map(outgoing).collect()).await
    }

    async fn send_carrying(&self, messages: Vec<Outgoing>) -> Result<(), Error> {
        let entries = self.park(messages).await?;
        self.send_entries(entries).await
    }

    async fn receive(&self) -> Result<Delivery, Error> {
        loop {
            let request = self
                .client
                .receive_message()
                .queue_url(&*self.received)
                .max_number_of_messages(1)
                .wait_time_seconds(20)
                .message_system_attribute_names(ApproximateReceiveCount);
            let answer = tried(PATIENCE, || request.clone().send()).await.map_err(Error)?;
            let answer = answer.map_err(|error| Error(told(&error)))?;
            let Some(message) = answer.messages().first() else { continue };
            let id = message.message_id().unwrap_or_default();
            let receipt = message.receipt_handle().unwrap_or_default();
            let count = message.attributes().and_then(|all| all.get(&ApproximateReceiveCount));
            match delivered(id, receipt, count, message.body().unwrap_or_default()) {
                Ok(delivery) => return Ok(delivery),
                // It comes again until SQS moves it to the queue of dead letters.
                Err(why) => {
                    let error = BadMessage { id: id.to_owned(), why };
                    tracing::error!(%error, "a message is left to the dead letters");
                }
            }
        }
    }

    async fn delete(&self, receipt: &Receipt) -> Result<(), Error> {
        let request =
            self.client.delete_message().queue_url(&*self.received).receipt_handle(&*receipt.0);
        let answer = tried(PATIENCE, || request.clone().send()).await.map_err(Error)?;
        answer.map(|_| ()).or_else(|error| over(&error))
    }

    async fn give_back(&self, receipt: &Receipt, seconds: f64) -> Result<(), Error> {
        let request = self
            .client
            .change_message_visibility()
            .queue_url(&*self.received)
            .receipt_handle(&*receipt.0)
            .visibility_timeout(seconds.clamp(0.0, LONGEST_INVISIBLE).ceil() as i32);
        let answer = tried(PATIENCE, || request.clone().send()).await.map_err(Error)?;
        answer.map(|_| ()).or_else(|error| over(&error))
    }
}

/// A delivery that is over (its visibility timeout has passed, or the message is gone) needs no ending.
fn over<E: ProvideErrorMetadata + std::error::Error>(error: &E) -> Result<(), Error> {
    let over = error.code().is_some_and(|code| OVER.iter().any(|over| code.ends_with(over)));
    if over { Ok(()) } else { Err(Error(told(error))) }
}

fn entry(message: &Message, carried: Option<&str>, delay: i32) -> Result<Entry, Error> {
    Ok(Entry { body: body::write(message, carried).map_err(Error)?, delay, slow: false })
}

/// Whole seconds until a time, as far as SQS can wait: never early, unless it is further away than that.
fn delay(at: Timestamp, now: Timestamp) -> i32 {
    at.seconds_since(now).clamp(0.0, LONGEST_DELAY_SECONDS).ceil() as i32
}

fn delivered(
    id: &str,
    receipt: &str,
    count: Option<&String>,
    body: &str,
) -> Result<Delivery, String> {
    let (message, carried) = body::read(body)?;
    let receive_count = count.and_then(|count| count.parse().ok()).unwrap_or(1);
    Ok(Delivery {
        message,
        id: id.into(),
        receive_count,
        carried,
        receipt: Receipt(receipt.into()),
    })
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

const PATIENCE: Duration = Duration::from_secs(8);
const MOMENT: Duration = Duration::from_millis(10);

/// SQS's longest visibility timeout, in seconds.
const LONGEST_INVISIBLE: f64 = 43_200.0;

/// Ends of the codes with which SQS says that a delivery is over.
const OVER: &[&str] = &["MessageNotInflight", "ReceiptHandleIsInvalid"];
