//! The queue: messages that must be handled, each at least once, in any order, some of them not before a time. It promises
//! no more than SQS does; a message that was lost altogether is found again by the sweep.

mod body;
pub mod dynamodb;
pub mod embedded;
pub mod offers;
pub mod sqs;

use std::sync::Arc;

use async_trait::async_trait;
use stepwright_core::engine::{Message, Offer};
use stepwright_core::time::Timestamp;

pub use crate::telemetry::metrics::prometheus::Backlog;

/// Messages to the engine.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Sends messages, each not to be delivered before its time (soon, if it has none). An implementation may deliver
    /// earlier than a far time; the receiver sends such a message again.
    async fn send(&self, messages: Vec<(Message, Option<Timestamp>)>) -> Result<(), Error>;

    /// Whether messages may carry something for their receivers, see [`Outgoing::carried`].
    fn carries(&self) -> bool {
        false
    }

    /// Sends messages with what they carry and to whom they are for; a queue that knows neither sends them without.
    async fn send_carrying(&self, messages: Vec<Outgoing>) -> Result<(), Error> {
        self.send(messages.into_iter().map(|out| (out.message, out.at)).collect()).await
    }

    /// Waits for the next message that is due and makes it invisible to others.
    async fn receive(&self) -> Result<Delivery, Error>;

    /// The message is handled and shall not come again (it may, once more).
    async fn delete(&self, receipt: &Receipt) -> Result<(), Error>;

    /// The message is not handled and shall come again, not before so many seconds have passed.
    async fn give_back(&self, receipt: &Receipt, seconds: f64) -> Result<(), Error>;

    /// What it holds now, where that is known without asking anybody.
    fn backlog(&self) -> Option<Backlog> {
        None
    }
}

/// Activity tasks on offer to workers.
#[async_trait]
pub trait Offers: Send + Sync {
    /// Offers a task; offering it twice is harmless, since only one worker can start it.
    async fn offer(&self, activity: &str, offer: Offer) -> Result<(), Error>;

    /// The oldest task on offer, or `None` when none came within `seconds`.
    async fn take(&self, activity: &str, seconds: f64) -> Result<Option<Offer>, Error>;
}

/// A message to be sent.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The message.
    pub message: Message,
    /// Not to be delivered before this time.
    pub at: Option<Timestamp>,
    /// What spares its receiver some reading, if the queue carries it; to the queue it is just text. Kilobytes at most.
    pub carried: Option<Arc<str>>,
    /// Whether it leads to a task that may take long, so that it is for receivers who have the time, if there are such.
    pub patient: bool,
}

/// A message as it was delivered.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The message.
    pub message: Message,
    /// Its id: the same for each delivery, different from all others.
    pub id: Arc<str>,
    /// How often it has been delivered, this time included.
    pub receive_count: u32,
    /// What was sent with it, see [`Outgoing::carried`].
    pub carried: Option<Arc<str>>,
    /// What names this delivery to [`Queue::delete`] and [`Queue::give_back`].
    pub receipt: Receipt,
}

/// Names a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Receipt(pub Arc<str>);

/// The queue could not do it now; trying again later is right.
#[derive(Debug, thiserror::Error)]
#[error("the queue is not available: {0}")]
pub struct Error(pub String);
