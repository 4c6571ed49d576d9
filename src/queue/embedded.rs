//! The queue of the local binary: in memory, with a heap of timers. Nothing of it survives the process and nothing has
//! to: what is stored says which messages must follow, and the sweep at start sends them again.
//!
//! A delivered message stays invisible until it is deleted or given back, for the process that holds it is this one. A
//! queue with a visibility timeout, as SQS has, can be had for tests.
//!
//! Receivers line up: only the first in the line watches the timers, so an arrival wakes one receiver, not all of them.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use stepwright_core::engine::Message;
use stepwright_core::time::Timestamp;
use tokio::sync::Notify;

use super::{Backlog, Delivery, Error, Queue, Receipt};

/// Messages in memory.
#[derive(Debug)]
pub struct EmbeddedQueue {
    state: Mutex<State>,
    line: tokio::sync::Mutex<()>,
    arrival: Notify,
    visibility_seconds: Option<f64>,
    /// Begins every message id, so that no id of an earlier process comes again: records keep ids as guards.
    life: u64,
}

#[derive(Debug, Default)]
struct State {
    ready: VecDeque<Entry>,
    timers: BinaryHeap<Reverse<Timed>>,
    in_flight: HashMap<u64, Entry>,
    leases: BinaryHeap<Reverse<Lease>>,
    sent: u64,
}

#[derive(Clone, Debug)]
struct Entry {
    number: u64,
    receive_count: u32,
    message: Message,
    /// Since when it could be handled.
    ready: Timestamp,
}

/// A message that is not due yet; ordered by due time, then by age.
#[derive(Debug)]
struct Timed {
    due: Timestamp,
    entry: Entry,
}

/// Until when a delivery is invisible.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Lease {
    until: Timestamp,
    number: u64,
    receive_count: u32,
}

impl EmbeddedQueue {
    /// An empty queue in which a delivered message stays invisible until it is deleted or given back.
    pub fn new() -> EmbeddedQueue {
        EmbeddedQueue {
            state: Mutex::default(),
            line: tokio::sync::Mutex::new(()),
            arrival: Notify::new(),
            visibility_seconds: None,
            life: getrandom::u64().unwrap_or_else(|_| now().0.unsigned_abs()),
        }
    }

    /// An empty queue in which a delivered message is delivered again after so many seconds if it was neither deleted
    /// nor given back.
    pub fn with_visibility(seconds: f64) -> EmbeddedQueue {
        EmbeddedQueue { visibility_seconds: Some(seconds), ..EmbeddedQueue::new() }
    }

    /// Nothing panics while it holds this lock; a poisoned one is as good as any.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A message that is due, or when the next one will be.
    fn pop(&self) -> Result<Delivery, Option<Timestamp>> {
        let mut state = self.state();
        let now = now();
        state.wake(now);
        let Some(mut entry) = state.ready.pop_front() else {
            return Err(state.next_due());
        };
        entry.receive_count += 1;
        if let Some(seconds) = self.visibility_seconds {
            let (number, receive_count) = (entry.number, entry.receive_count);
            let until = now.plus_seconds(seconds);
            state.leases.push(Reverse(Lease { until, number, receive_count }));
        }
        state.in_flight.insert(entry.number, entry.clone());
        drop(state);
        Ok(self.delivery(entry))
    }

    fn delivery(&self, entry: Entry) -> Delivery {
        Delivery {
            id: format!("{:x}-{:x}", self.life, entry.number).into(),
            receive_count: entry.receive_count,
            receipt: Receipt(format!("{}.{}", entry.number, entry.receive_count).into()),
            carried: None,
            message: entry.message,
        }
    }

    /// Waits until a message may have arrived or become due. Never for long: the clock on the wall can be set, and a
    /// machine can sleep.
    async fn pause(&self, due: Option<Timestamp>) {
        let micros = due.map_or(LONGEST_PAUSE, |due| {
            let distance = u64::try_from(due.0.saturating_sub(now().0)).unwrap_or(0);
            Duration::from_micros(distance).min(LONGEST_PAUSE)
        });
        // A timeout says the same as an arrival: look again.
        let _ = tokio::time::timeout(micros, self.arrival.notified()).await;
    }
}

impl Default for EmbeddedQueue {
    fn default() -> EmbeddedQueue {
        EmbeddedQueue::new()
    }
}

#[async_trait]
impl Queue for EmbeddedQueue {
    async fn send(&self, messages: Vec<(Message, Option<Timestamp>)>) -> Result<(), Error> {
        let now = now();
        let mut state = self.state();
        let before = state.next_due();
        for (message, at) in messages {
            state.sent += 1;
            let at = at.filter(|at| *at > now);
            let ready = at.unwrap_or(now);
            let entry = Entry { number: state.sent, receive_count: 0, message, ready };
            state.add(entry, at);
        }
        let wake = !state.ready.is_empty() || state.next_due() != before;
        drop(state);
        if wake {
            self.arrival.notify_one();
        }
        Ok(())
    }

    async fn receive(&self) -> Result<Delivery, Error> {
        if let Ok(delivery) = self.pop() {
            return Ok(delivery);
        }
        let _first = self.line.lock().await;
        loop {
            match self.pop() {
                Ok(delivery) => return Ok(delivery),
                Err(due) => self.pause(due).await,
            }
        }
    }

    async fn delete(&self, receipt: &Receipt) -> Result<(), Error> {
        self.state().take_back(receipt);
        Ok(())
    }

    async fn give_back(&self, receipt: &Receipt, seconds: f64) -> Result<(), Error> {
        let mut state = self.state();
        let Some(entry) = state.take_back(receipt) else {
            return Ok(());
        };
        let ready = now().plus_seconds(seconds.max(0.0));
        state.add(Entry { ready, ..entry }, (seconds > 0.0).then_some(ready));
        drop(state);
        self.arrival.notify_one();
        Ok(())
    }

    fn backlog(&self) -> Option<Backlog> {
        let (state, now) = (self.state(), now());
        let due = state.timers.peek().map(|Reverse(timed)| timed.entry.ready);
        let oldest = state.ready.iter().map(|entry| entry.ready).chain(due).min();
        Some(Backlog {
            ready: state.ready.len(),
            waiting: state.timers.len(),
            in_flight: state.in_flight.len(),
            oldest_seconds: oldest.map_or(0.0, |oldest| now.seconds_since(oldest).max(0.0)),
        })
    }
}

impl State {
    fn add(&mut self, entry: Entry, due: Option<Timestamp>) {
        match due {
            Some(due) => self.timers.push(Reverse(Timed { due, entry })),
            None => self.ready.push_back(entry),
        }
    }

    /// Makes ready what is due by now.
    fn wake(&mut self, now: Timestamp) {
        while self.timers.peek().is_some_and(|Reverse(timed)| timed.due <= now) {
            if let Some(Reverse(timed)) = self.timers.pop() {
                self.ready.push_back(timed.entry);
            }
        }
        while self.leases.peek().is_some_and(|Reverse(lease)| lease.until <= now) {
            if let Some(Reverse(lease)) = self.leases.pop() {
                let expired = self.held(lease.number, lease.receive_count);
                self.ready.extend(expired);
            }
        }
    }

    fn next_due(&self) -> Option<Timestamp> {
        let timer = self.timers.peek().map(|Reverse(timed)| timed.due);
        let lease = self.leases.peek().map(|Reverse(lease)| lease.until);
        timer.into_iter().chain(lease).min()
    }

    /// Ends a delivery. A receipt of an earlier delivery ends nothing.
    fn take_back(&mut self, receipt: &Receipt) -> Option<Entry> {
        let (number, receive_count) = receipt.0.split_once('.')?;
        self.held(number.parse().ok()?, receive_count.parse().ok()?)
    }

    fn held(&mut self, number: u64, receive_count: u32) -> Option<Entry> {
        let current = self.in_flight.get(&number)?.receive_count == receive_count;
        if current { self.in_flight.remove(&number) } else { None }
    }
}

impl Timed {
    fn key(&self) -> (Timestamp, u64) {
        (self.due, self.entry.number)
    }
}

impl PartialEq for Timed {
    fn eq(&self, other: &Timed) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Timed {}

impl PartialOrd for Timed {
    fn partial_cmp(&self, other: &Timed) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timed {
    fn cmp(&self, other: &Timed) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// Due times are times of day, so they are compared with the clock on the wall.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

const LONGEST_PAUSE: Duration = Duration::from_secs(30);
