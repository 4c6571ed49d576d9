//! A queue in virtual time that does what SQS may do: deliver twice, out of order and late, a far timer early, and send
//! only a part of a batch. It loses a message only where a test has it so.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use stepwright::queue::{Delivery, Error, Outgoing, Queue, Receipt};
use stepwright::turn::{Clock, Verdict};
use stepwright_core::engine::Message;
use stepwright_core::time::Timestamp;
use tokio::sync::Notify;

use super::clock::VirtualClock;
use super::fault::{Fault, Faults};
use super::meter::Operation;
use super::random::Random;

/// Seconds after which a delivery that was neither deleted nor given back is repeated.
pub(crate) const VISIBILITY: f64 = 60.0;

/// SQS's longest delay in seconds. A message that is due later is parked under its own name, so that parking it twice is
/// parking it once, and delivered so much too early; its receiver sends it again.
pub(crate) const LONGEST_DELAY: f64 = 900.0;

/// So many messages at a time have no further duplicates or copies.
const CROWD: usize = 200;

/// How badly a queue behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    /// Probability that a delivered message stays visible, so that it comes again while it is being handled.
    pub(crate) duplicate: f64,
    /// Probability that a delivered message comes once more, as if it had never been delivered, even when it is deleted
    /// by then.
    pub(crate) copy: f64,
    /// Probability that any message that is due is delivered instead of the oldest one.
    pub(crate) reorder: f64,
    /// Probability that a message comes later than it should, by up to [`Habits::latest`] seconds.
    pub(crate) delay: f64,
    /// See [`Habits::delay`].
    pub(crate) latest: f64,
    /// Probability that a message that is due never comes: dead letters, a purge, a table restored.
    pub(crate) lose: f64,
}

impl Habits {
    /// In order, in time, once.
    pub(crate) const GOOD: Habits =
        Habits { duplicate: 0.0, copy: 0.0, reorder: 0.0, delay: 0.0, latest: 0.0, lose: 0.0 };

    /// Worse than SQS on its worst day.
    pub(crate) const BAD: Habits =
        Habits { duplicate: 0.1, copy: 0.05, reorder: 1.0, delay: 0.2, latest: 5.0, lose: 0.0 };
}

/// Misbehaves as its habits and its seed say; fails and counts as its [`Faults`] say.
pub(crate) struct FaultyQueue {
    clock: Arc<VirtualClock>,
    faults: Arc<Faults>,
    habits: Habits,
    carries: bool,
    state: Mutex<State>,
    arrival: Notify,
}

struct State {
    random: Random,
    /// By age. What is being handled is due when its visibility timeout ends.
    entries: Vec<Entry>,
    numbers: u64,
}

#[derive(Clone)]
struct Entry {
    /// Told from copies by its receipt.
    receipt: Receipt,
    id: Arc<str>,
    receive_count: u32,
    carried: Option<Arc<str>>,
    message: Message,
    due: Timestamp,
}

impl FaultyQueue {
    pub(crate) fn new(
        seed: u64,
        habits: Habits,
        clock: Arc<VirtualClock>,
        faults: Arc<Faults>,
    ) -> FaultyQueue {
        let state = State { random: Random::seeded(seed), entries: Vec::new(), numbers: 0 };
        let (state, carries) = (Mutex::new(state), seed.is_multiple_of(2));
        FaultyQueue { clock, faults, habits, carries, state, arrival: Notify::new() }
    }

    /// A message that is due now.
    pub(crate) fn take(&self) -> Option<Delivery> {
        self.state.lock().unwrap().take(self.clock.now(), self.habits, &self.faults)
    }

    /// The message that is due first; its time has come. `None` if there is none at all.
    pub(crate) fn take_next(&self) -> Option<Delivery> {
        self.clock.advance_to(self.next_due()?);
        self.take()
    }

    /// When the next message is due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.state.lock().unwrap().entries.iter().map(|entry| entry.due).min()
    }

    /// Ends a delivery, without faults. The receipt of any delivery of the message will do, but copies stay.
    pub(crate) fn settle(&self, receipt: &Receipt, verdict: Verdict) {
        let entries = &mut self.state.lock().unwrap().entries;
        match verdict {
            Verdict::Delete => entries.retain(|entry| entry.receipt != *receipt),
            Verdict::GiveBack(seconds) => {
                if let Some(entry) = entries.iter_mut().find(|entry| entry.receipt == *receipt) {
                    entry.due = self.clock.now().plus_seconds(seconds.max(0.001));
                }
            }
        }
        self.arrival.notify_waiters();
    }

    /// All messages are lost, as at a restart of the local binary.
    pub(crate) fn lose_everything(&self) {
        self.state.lock().unwrap().entries.clear();
    }

    async fn through<T>(
        &self,
        operation: Operation,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.faults.through(operation, work, Error).await
    }
}

#[async_trait]
impl Queue for FaultyQueue {
    /// By seed, so that turns are tried with what messages carry and without.
    fn carries(&self) -> bool {
        self.carries
    }

    async fn send(&self, messages: Vec<(Message, Option<Timestamp>)>) -> Result<(), Error> {
        let outgoing = |(message, at)| Outgoing { message, at, carried: None, patient: false };
        self.send_carrying(messages.into_iter().map(outgoing).collect()).await
    }

    async fn send_carrying(&self, messages: Vec<Outgoing>) -> Result<(), Error> {
        self.faults.meter.count(Operation::Message, messages.len() as u64);
        let call = self.faults.begin(Operation::Send).await.map_err(Error)?;
        for Outgoing { message, at, carried, .. } in messages {
            let now = self.clock.now();
            let (entry, due) = ((message, carried), at.unwrap_or(now).max(now));
            self.state.lock().unwrap().send(entry, (now, due), (self.habits, &self.faults));
            self.arrival.notify_waiters();
            call.reply().await.map_err(Error)?;
        }
        Ok(())
    }

    async fn receive(&self) -> Result<Delivery, Error> {
        let receive = async {
            loop {
                let arrival = self.arrival.notified();
                tokio::pin!(arrival);
                arrival.as_mut().enable();
                if let Some(delivery) = self.take_next() {
                    return Ok(delivery);
                }
                arrival.await;
            }
        };
        self.through(Operation::Receive, receive).await
    }

    async fn delete(&self, receipt: &Receipt) -> Result<(), Error> {
        let delete = async {
            self.settle(receipt, Verdict::Delete);
            Ok(())
        };
        self.through(Operation::Delete, delete).await
    }

    async fn give_back(&self, receipt: &Receipt, seconds: f64) -> Result<(), Error> {
        let give_back = async {
            self.settle(receipt, Verdict::GiveBack(seconds));
            Ok(())
        };
        self.through(Operation::GiveBack, give_back).await
    }
}

impl State {
    fn number(&mut self, letter: char) -> Arc<str> {
        self.numbers += 1;
        format!("{letter}{}", self.numbers).into()
    }

    /// A message that is due far from now is parked.
    fn send(
        &mut self,
        entry: (Message, Option<Arc<str>>),
        (now, due): (Timestamp, Timestamp),
        world: (Habits, &Faults),
    ) {
        if due <= now.plus_seconds(LONGEST_DELAY) {
            self.put(entry, due, world);
        } else if !self.parked(&entry.0, due) {
            self.put(entry, due.plus_seconds(-LONGEST_DELAY), world);
        }
    }

    /// Whether a message is parked that is due far from now.
    fn parked(&self, message: &Message, due: Timestamp) -> bool {
        let early = due.plus_seconds(-LONGEST_DELAY);
        let same = |entry: &Entry| {
            entry.receive_count == 0 && entry.due >= early && entry.message == *message
        };
        self.entries.iter().any(same)
    }

    fn put(
        &mut self,
        (message, carried): (Message, Option<Arc<str>>),
        due: Timestamp,
        (habits, faults): (Habits, &Faults),
    ) {
        let late = self.random.chance(habits.delay) && faults.happens(Fault::Late);
        let due = if late { self.later(due, habits) } else { due };
        let (id, receipt) = (self.number('m'), Receipt(self.number('r')));
        self.entries.push(Entry { receipt, id, receive_count: 0, carried, message, due });
    }

    fn take(&mut self, now: Timestamp, habits: Habits, faults: &Faults) -> Option<Delivery> {
        let mut place = self.choose(now, habits, faults)?;
        while self.random.chance(habits.lose) && faults.happens(Fault::Lost) {
            self.entries.remove(place);
            place = self.choose(now, habits, faults)?;
        }
        // A copy of a timer has a copy of the next timer, and so on. There is an end to how many are worth having.
        let crowded = self.entries.len() >= CROWD;
        if !crowded && self.random.chance(habits.copy) && faults.happens(Fault::Copy) {
            let (receipt, due) = (Receipt(self.number('r')), self.later(now, habits));
            self.entries.push(Entry { receipt, due, ..self.entries[place].clone() });
        }
        let stays =
            !crowded && self.random.chance(habits.duplicate) && faults.happens(Fault::Duplicate);
        let entry = &mut self.entries[place];
        entry.receive_count += 1;
        if !stays {
            entry.due = now.plus_seconds(VISIBILITY);
        }
        let Entry { receipt, id, receive_count, carried, message, .. } = entry.clone();
        Some(Delivery { message, id, receive_count, carried, receipt })
    }

    /// One of the messages that are due.
    fn choose(&mut self, now: Timestamp, habits: Habits, faults: &Faults) -> Option<usize> {
        let due: Vec<usize> =
            (0..self.entries.len()).filter(|&place| self.entries[place].due <= now).collect();
        let oldest = *due.first()?;
        let any = self.random.chance(habits.reorder);
        let chosen = if any { due[self.random.below(due.len())] } else { oldest };
        let overtakes = chosen != oldest && faults.happens(Fault::Reordered);
        Some(if overtakes { chosen } else { oldest })
    }

    fn later(&mut self, time: Timestamp, habits: Habits) -> Timestamp {
        time.plus_seconds(self.random.unit() * habits.latest)
    }
}
