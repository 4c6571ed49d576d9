//! An activity task between the board and a worker. A worker that goes away in between (its connection broke, say) must
//! not take the task with it.

use std::sync::Arc;

use stepwright_core::engine::Offer;

use crate::queue::Offers;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::offers::EmbeddedOffers;
    use stepwright_core::engine::{Cursor, ExecutionId};

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
