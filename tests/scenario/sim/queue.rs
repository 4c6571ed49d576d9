//! A queue that promises no more than SQS: at least once, in any order, some messages late.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use stepwright::queue::{Delivery, Error, Offers, Queue, Receipt};
use stepwright::turn::{Clock, Verdict};
use stepwright_core::engine::{Message, Offer};
use stepwright_core::time::Timestamp;

use super::faults::{Dice, Faults};
use super::{VISIBILITY, VirtualClock, breathe};

/// SQS's longest delay; a later message is delivered early and sent again by its receiver.
const LONGEST_DELAY: f64 = 900.0;

#[derive(Clone, Debug)]
struct Entry {
    message: Message,
    receive_count: u32,
    visible_at: Timestamp,
}

/// Messages of a simulation.
pub struct SimQueue {
    clock: Arc<VirtualClock>,
    dice: Dice,
    faults: Faults,
    entries: Mutex<Vec<(u64, Entry)>>,
    sent: std::sync::atomic::AtomicU64,
}

impl SimQueue {
    pub fn new(clock: Arc<VirtualClock>, seed: u64, faults: Faults) -> SimQueue {
        let dice = Dice::new(seed ^ 0x00de_1a75);
        SimQueue { clock, dice, faults, entries: Mutex::default(), sent: 0.into() }
    }

    /// Messages sent so far.
    pub fn sent(&self) -> u64 {
        self.sent.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// Delivers some message that is visible: the oldest one, or with faults any.
    pub fn take(&self) -> Option<Delivery> {
        let now = self.clock.now();
        let mut entries = self.entries.lock().unwrap();
        let due: Vec<usize> =
            (0..entries.len()).filter(|&i| entries[i].1.visible_at <= now).collect();
        let chosen =
            if self.faults.late > 0.0 { self.dice.below(due.len() as u64) as usize } else { 0 };
        let (id, entry) = &mut entries[*due.get(chosen)?];
        entry.receive_count += 1;
        if !self.dice.chance(self.faults.duplicate) {
            entry.visible_at = now.plus_seconds(VISIBILITY);
        }
        Some(Delivery {
            message: entry.message.clone(),
            id: id.to_string().into(),
            receive_count: entry.receive_count,
            receipt: Receipt(id.to_string().into()),
        })
    }

    /// When the next message becomes visible.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.entries.lock().unwrap().iter().map(|(_, entry)| entry.visible_at).min()
    }

    /// Carries out the verdict of a turn.
    pub fn settle(&self, delivery: &Delivery, verdict: Verdict) {
        let mut entries = self.entries.lock().unwrap();
        let id: u64 = delivery.id.parse().unwrap();
        match verdict {
            Verdict::Delete => entries.retain(|(other, _)| *other != id),
            Verdict::GiveBack(seconds) => {
                if let Some((_, entry)) = entries.iter_mut().find(|(other, _)| *other == id) {
                    entry.visible_at = self.clock.now().plus_seconds(seconds.max(0.001));
                }
            }
        }
    }

    /// All messages are lost, as at a restart of the local binary.
    pub fn lose_everything(&self) {
        self.entries.lock().unwrap().clear();
    }
}

#[async_trait]
impl Queue for SimQueue {
    async fn send(&self, messages: Vec<(Message, Option<Timestamp>)>) -> Result<(), Error> {
        breathe().await;
        if self.dice.chance(self.faults.refused) {
            return Err(Error("refused by the dice".into()));
        }
        for (message, at) in messages {
            let now = self.clock.now();
            let mut visible_at = at.unwrap_or(now).max(now).min(now.plus_seconds(LONGEST_DELAY));
            if self.dice.chance(self.faults.late) {
                visible_at = visible_at.plus_seconds(self.dice.below(5_000) as f64 / 1000.0);
            }
            let id = self.sent.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            self.entries
                .lock()
                .unwrap()
                .push((id, Entry { message, receive_count: 0, visible_at }));
            if self.dice.chance(self.faults.lost_reply) {
                return Err(Error("reply lost by the dice".into()));
            }
            breathe().await;
        }
        Ok(())
    }

    async fn receive(&self) -> Result<Delivery, Error> {
        Err(Error("the simulation delivers by itself".into()))
    }

    async fn delete(&self, _: &Receipt) -> Result<(), Error> {
        Ok(())
    }

    async fn give_back(&self, _: &Receipt, _: f64) -> Result<(), Error> {
        Ok(())
    }
}

/// Activity tasks on offer in a simulation.
#[derive(Default)]
pub struct SimOffers(Mutex<HashMap<String, VecDeque<Offer>>>);

#[async_trait]
impl Offers for SimOffers {
    async fn offer(&self, activity: &str, offer: Offer) -> Result<(), Error> {
        self.0.lock().unwrap().entry(activity.to_owned()).or_default().push_back(offer);
        Ok(())
    }

    async fn take(&self, activity: &str, _: f64) -> Result<Option<Offer>, Error> {
        Ok(self.0.lock().unwrap().get_mut(activity).and_then(VecDeque::pop_front))
    }
}
