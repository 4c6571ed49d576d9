//! What must not get lost when a caller goes away in the middle of something (its connection broke, say): an activity task
//! between the board and a worker, and what follows from a record that was just committed.

use std::sync::Arc;

use stepwright_core::engine::{Cursor, Message, MessageKind, Offer};

use crate::queue::{self, Offers, Queue};

/// An offer that was taken and is not settled yet: if this is dropped, it is put up again. That is harmless even if its
/// task was started at the last moment, since only one worker can start it.
pub(crate) struct Held {
    offers: Arc<dyn Offers>,
    activity: String,
    offer: Option<Offer>,
}

impl Held {
    /// An offer that was just taken.
    pub(crate) fn new(offers: Arc<dyn Offers>, activity: &str, offer: &Offer) -> Held {
        Held { offers, activity: activity.to_owned(), offer: Some(offer.clone()) }
    }

    /// The task was started, or never will be.
    pub(crate) fn settle(mut self) {
        self.offer = None;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(offer) = self.offer.take() else { return };
        let (offers, activity) = (self.offers.clone(), std::mem::take(&mut self.activity));
        // Without a runtime the process is about to end, and the next one offers the task again.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = offers.offer(&activity, offer).await {
                    tracing::warn!(%error, activity, "a task could not be put on offer again");
                }
            });
        }
    }
}

/// A message that must be sent if whoever commits a record does not get to what follows from it: their caller went away,
/// or the store gave way in between. Sent for nothing it is harmless.
pub(crate) struct Owed {
    queue: Arc<dyn Queue>,
    message: Option<Message>,
}

impl Owed {
    /// For the record that is to be committed at this place.
    pub(crate) fn after(queue: Arc<dyn Queue>, place: &Cursor) -> Owed {
        let message = Message { cursor: place.next(), kind: MessageKind::Advance };
        Owed { queue, message: Some(message) }
    }

    /// What follows was done, or there is nothing that follows.
    pub(crate) fn settle(mut self) {
        self.message = None;
    }

    /// What follows was not done: sends the message.
    ///
    /// # Errors
    /// The queue is not available either.
    pub(crate) async fn send(mut self) -> Result<(), queue::Error> {
        match self.message.take() {
            Some(message) => self.queue.send(vec![(message, None)]).await,
            None => Ok(()),
        }
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        let Some(message) = self.message.take() else { return };
        let (queue, cursor) = (self.queue.clone(), message.cursor.clone());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = queue.send(vec![(message, None)]).await {
                    let id = &cursor.execution;
                    tracing::warn!(%error, execution_id = %id, "what follows from a record is left to the sweep");
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::offers::EmbeddedOffers;
    use stepwright_core::engine::ExecutionId;

    #[tokio::test]
    async fn only_an_offer_that_was_not_settled_comes_again() {
        let offers = Arc::new(EmbeddedOffers::new());
        for (settled, expected) in [(true, None), (false, Some(offer()))] {
            let held = Held::new(offers.clone(), "dig", &offer());
            if settled {
                held.settle();
            } else {
                drop(held);
            }
            tokio::task::yield_now().await;
            assert_eq!(offers.take("dig", 0.0).await.unwrap(), expected);
        }
    }

    fn offer() -> Offer {
        Offer { cursor: Cursor::root(ExecutionId("e".into()), 1), ticket: 0 }
    }
}
