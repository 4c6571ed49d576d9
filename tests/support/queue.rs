//! A queue in virtual time that does what SQS may do: deliver twice, out of order and late. It never loses a message.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use stepwright::queue::{Delivery, Error, Queue, Receipt};
use stepwright::turn::Clock;
use stepwright_core::engine::Message;
use stepwright_core::time::Timestamp;
use tokio::sync::Notify;

use super::clock::VirtualClock;
use super::fault::Faults;
use super::meter::Operation;
use super::random::Random;

/// How badly a queue behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    /// Probability that a delivered message is delivered once more as if it had never been.
    pub(crate) duplicate: f64,
    /// Probability that not the oldest message that is due is delivered.
    pub(crate) reorder: f64,
    /// Probability that a message comes later than it should, by up to [`Habits::latest`] seconds.
    pub(crate) delay: f64,
    /// See [`Habits::delay`].
    pub(crate) latest: f64,
    /// Seconds after which a delivery that was neither deleted nor given back is repeated.
    pub(crate) visibility: f64,
}

impl Habits {
    /// In order, in time, once.
    pub(crate) const GOOD: Habits =
        Habits { duplicate: 0.0, reorder: 0.0, delay: 0.0, latest: 0.0, visibility: 30.0 };

    /// Worse than SQS on its worst day.
    pub(crate) const BAD: Habits =
        Habits { duplicate: 0.1, reorder: 0.3, delay: 0.1, latest: 90.0, visibility: 30.0 };
}

/// Misbehaves as its habits and its seed say; fails, crashes and counts as its [`Faults`] say.
pub(crate) struct FaultyQueue {
    clock: Arc<VirtualClock>,
    faults: Arc<Faults>,
    habits: Habits,
    state: Mutex<State>,
    arrival: Notify,
}

struct State {
    random: Random,
    /// What will be delivered, by due time and age. What is in flight is due when its visibility timeout ends.
    due: BTreeMap<(Timestamp, u64), Entry>,
    /// Where a delivery is in `due`.
    deliveries: BTreeMap<Receipt, (Timestamp, u64)>,
    numbers: u64,
}

#[derive(Clone)]
struct Entry {
    id: Arc<str>,
    receive_count: u32,
    message: Message,
    in_flight: Option<Receipt>,
}

impl FaultyQueue {
    pub(crate) fn new(
        seed: u64,
        habits: Habits,
        clock: Arc<VirtualClock>,
        faults: Arc<Faults>,
    ) -> FaultyQueue {
        let random = Random::seeded(seed);
        let state = State { random, due: BTreeMap::new(), deliveries: BTreeMap::new(), numbers: 0 };
        let arrival = Notify::new();
        FaultyQueue { clock, faults, habits, state: Mutex::new(state), arrival }
    }

    /// A message, if one is due; or, when nobody works, the one that is due next, and its time has come. `None` when there
    /// is nothing at all, or nothing before somebody's work is done.
    pub(crate) fn deliver(&self) -> Option<Delivery> {
        let mut state = self.state.lock().unwrap();
        let &(next, _) = state.due.keys().next()?;
        if next > self.clock.now() && !self.clock.advance_to(next) {
            return None;
        }
        let now = self.clock.now();
        let place = state.choose(now, self.habits);
        Some(state.deliver(place, now, self.habits))
    }

    /// Messages that are not deleted yet.
    pub(crate) fn len(&self) -> usize {
        self.state.lock().unwrap().due.len()
    }

    async fn through<T>(
        &self,
        operation: Operation,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.faults.through(operation, call, Error).await
    }
}

#[async_trait]
impl Queue for FaultyQueue {
    async fn send(&self, messages: Vec<(Message, Option<Timestamp>)>) -> Result<(), Error> {
        self.faults.meter.count(Operation::Message, messages.len() as u64);
        let send = async {
            let now = self.clock.now();
            let mut state = self.state.lock().unwrap();
            for (message, at) in messages {
                state.send(message, at.unwrap_or(now).max(now), self.habits);
            }
            Ok(())
        };
        self.through(Operation::Send, send).await?;
        self.arrival.notify_waiters();
        Ok(())
    }

    async fn receive(&self) -> Result<Delivery, Error> {
        let receive = async {
            loop {
                let (arrival, idle) = (self.arrival.notified(), self.clock.idle.notified());
                tokio::pin!(arrival, idle);
                arrival.as_mut().enable();
                idle.as_mut().enable();
                if let Some(delivery) = self.deliver() {
                    return Ok(delivery);
                }
                tokio::select! { () = arrival => {} () = idle => {} }
            }
        };
        self.through(Operation::Receive, receive).await
    }

    async fn delete(&self, receipt: &Receipt) -> Result<(), Error> {
        let delete = async {
            self.state.lock().unwrap().take_back(receipt);
            Ok(())
        };
        self.through(Operation::Delete, delete).await
    }

    async fn give_back(&self, receipt: &Receipt, seconds: f64) -> Result<(), Error> {
        let give_back = async {
            let due = self.clock.now().plus_seconds(seconds.max(0.0));
            let mut state = self.state.lock().unwrap();
            if let Some(entry) = state.take_back(receipt) {
                state.put(Entry { in_flight: None, ..entry }, due);
            }
            Ok(())
        };
        self.through(Operation::GiveBack, give_back).await?;
        self.arrival.notify_waiters();
        Ok(())
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn put(&mut self, entry: Entry, due: Timestamp) -> (Timestamp, u64) {
        let place = (due, self.number());
        self.due.insert(place, entry);
        place
    }

    fn send(&mut self, message: Message, due: Timestamp, habits: Habits) {
        let id = format!("m{}", self.number()).into();
        let late = self.random.chance(habits.delay);
        let delay = if late { self.random.unit() * habits.latest } else { 0.0 };
        let entry = Entry { id, receive_count: 0, message, in_flight: None };
        self.put(entry, due.plus_seconds(delay));
    }

    /// One of the messages that are due.
    fn choose(&mut self, now: Timestamp, habits: Habits) -> (Timestamp, u64) {
        let choice: Vec<_> =
            self.due.range(..=(now, u64::MAX)).take(16).map(|(place, _)| *place).collect();
        let pick = self.random.chance(habits.reorder);
        let index = if pick { self.random.below(choice.len()) } else { 0 };
        choice[index]
    }

    fn deliver(&mut self, place: (Timestamp, u64), now: Timestamp, habits: Habits) -> Delivery {
        let mut entry = self.due.remove(&place).unwrap();
        if let Some(expired) = entry.in_flight.take() {
            self.deliveries.remove(&expired);
        }
        if self.random.chance(habits.duplicate) {
            let late = self.random.unit() * habits.latest;
            self.put(entry.clone(), now.plus_seconds(late));
        }
        entry.receive_count += 1;
        let receipt = Receipt(format!("r{}", self.number()).into());
        entry.in_flight = Some(receipt.clone());
        let lease = self.put(entry.clone(), now.plus_seconds(habits.visibility));
        self.deliveries.insert(receipt.clone(), lease);
        let Entry { id, receive_count, message, .. } = entry;
        Delivery { message, id, receive_count, receipt }
    }

    /// Ends a delivery. The receipt of one that has been repeated ends nothing.
    fn take_back(&mut self, receipt: &Receipt) -> Option<Entry> {
        let place = self.deliveries.remove(receipt)?;
        self.due.remove(&place)
    }
}
