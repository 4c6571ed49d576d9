//! Activity tasks on offer to workers that never wait: virtual time would not pass meanwhile.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use async_trait::async_trait;
use stepwright::queue::{Error, Offers};
use stepwright_core::engine::Offer;

/// The oldest offer comes first; an offer made twice is there twice.
#[derive(Default)]
pub(crate) struct PlainOffers(Mutex<HashMap<String, VecDeque<Offer>>>);

impl PlainOffers {
    /// Activities with a task on offer, in order.
    pub(crate) fn waiting(&self) -> Vec<String> {
        let offers = self.0.lock().unwrap();
        let some = offers.iter().filter(|(_, offers)| !offers.is_empty());
        let mut names: Vec<_> = some.map(|(name, _)| name.clone()).collect();
        names.sort_unstable();
        names
    }
}

#[async_trait]
impl Offers for PlainOffers {
    async fn offer(&self, activity: &str, offer: Offer) -> Result<(), Error> {
        self.0.lock().unwrap().entry(activity.to_owned()).or_default().push_back(offer);
        Ok(())
    }

    async fn take(&self, activity: &str, _: f64) -> Result<Option<Offer>, Error> {
        Ok(self.0.lock().unwrap().get_mut(activity).and_then(VecDeque::pop_front))
    }
}
