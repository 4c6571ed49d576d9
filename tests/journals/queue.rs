//! A queue on tape: in order of time, one message after the other, none before it is due.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use stepwright::queue::{Delivery, Error, Offers, Outgoing, Queue, Receipt};
use stepwright::turn::{Clock, Verdict};
use stepwright_core::engine::{Message, Offer};
use stepwright_core::time::Timestamp;

use super::tape::{Tape, Write};
use crate::support::clock::VirtualClock;

/// Messages and offers, noted on the tape.
pub(super) struct TapedQueue {
    clock: Arc<VirtualClock>,
    tape: Arc<Tape>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: u64,
    messages: Vec<Held>,
    offers: VecDeque<(String, Offer)>,
}

struct Held {
    number: u64,
    message: Message,
    due: Timestamp,
    carried: Option<Arc<str>>,
    receives: u32,
}

impl TapedQueue {
    pub(super) fn new(clock: Arc<VirtualClock>, tape: Arc<Tape>) -> TapedQueue {
        TapedQueue { clock, tape, state: Mutex::default() }
    }

    /// Brings the queue to where it was when this was written.
    pub(super) fn replay(&self, write: &Write) {
        let mut state = self.state.lock().unwrap();
        match write {
            Write::Send(number, text, at, carried) => {
                let message = serde_json::from_str(text).unwrap();
                let carried = carried.as_deref().map(Arc::from);
                let due = at.unwrap_or_default();
                state.last = *number;
                state.messages.push(Held { number: *number, message, due, carried, receives: 0 });
            }
            Write::Delete(number) => state.messages.retain(|held| held.number != *number),
            Write::Offer(activity, offer) => {
                state.offers.push_back((activity.clone(), offer.clone()));
            }
            _ => {}
        }
    }

    /// Everything is lost, as when the local server ends.
    pub(super) fn lose(&self) {
        let mut state = self.state.lock().unwrap();
        state.messages.clear();
        state.offers.clear();
    }

    /// The first message that is due.
    pub(super) fn take(&self) -> Option<Delivery> {
        let now = self.clock.now();
        let mut state = self.state.lock().unwrap();
        let due = state.messages.iter_mut().filter(|held| held.due <= now);
        let held = due.min_by_key(|held| (held.due, held.number))?;
        held.receives += 1;
        Some(Delivery {
            message: held.message.clone(),
            id: format!("m{}", held.number).into(),
            receive_count: held.receives,
            carried: held.carried.clone(),
            receipt: Receipt(held.number.to_string().into()),
        })
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.state.lock().unwrap().messages.iter().map(|held| held.due).min()
    }

    pub(super) fn settle(&self, receipt: &Receipt, verdict: Verdict) {
        let number: u64 = receipt.0.parse().unwrap();
        let mut state = self.state.lock().unwrap();
        match verdict {
            Verdict::Delete => {
                state.messages.retain(|held| held.number != number);
                self.tape.note(Write::Delete(number));
            }
            Verdict::GiveBack(seconds) => {
                if let Some(held) = state.messages.iter_mut().find(|held| held.number == number) {
                    held.due = self.clock.now().plus_seconds(seconds.max(0.001));
                }
            }
        }
    }
}

#[async_trait]
impl Queue for TapedQueue {
    fn carries(&self) -> bool {
        true
    }

    async fn send(&self, messages: Vec<(Message, Option<Timestamp>)>) -> Result<(), Error> {
        let outgoing = |(message, at)| Outgoing { message, at, carried: None, patient: false };
        self.send_carrying(messages.into_iter().map(outgoing).collect()).await
    }

    async fn send_carrying(&self, messages: Vec<Outgoing>) -> Result<(), Error> {
        let mut state = self.state.lock().unwrap();
        for Outgoing { message, at, carried, .. } in messages {
            state.last += 1;
            let (number, due) = (state.last, at.unwrap_or_else(|| self.clock.now()));
            let text = serde_json::to_string(&message).unwrap();
            let noted = carried.as_deref().map(str::to_owned);
            self.tape.note(Write::Send(number, text, at, noted));
            state.messages.push(Held { number, message, due, carried, receives: 0 });
        }
        Ok(())
    }

    async fn receive(&self) -> Result<Delivery, Error> {
        self.take().ok_or_else(|| Error("nothing is due".into()))
    }

    async fn delete(&self, receipt: &Receipt) -> Result<(), Error> {
        self.settle(receipt, Verdict::Delete);
        Ok(())
    }

    async fn give_back(&self, receipt: &Receipt, seconds: f64) -> Result<(), Error> {
        self.settle(receipt, Verdict::GiveBack(seconds));
        Ok(())
    }
}

#[async_trait]
impl Offers for TapedQueue {
    async fn offer(&self, activity: &str, offer: Offer) -> Result<(), Error> {
        self.tape.note(Write::Offer(activity.to_owned(), offer.clone()));
        self.state.lock().unwrap().offers.push_back((activity.to_owned(), offer));
        Ok(())
    }

    async fn take(&self, activity: &str, _: f64) -> Result<Option<Offer>, Error> {
        let mut state = self.state.lock().unwrap();
        let at = state.offers.iter().position(|(of, _)| of == activity);
        Ok(at.and_then(|at| state.offers.remove(at)).map(|(_, offer)| offer))
    }
}
