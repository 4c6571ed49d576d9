//! Sends of turns that run at the same time go out together: ten messages cost as much as one.
//!
//! Whoever sends waits until all turns under way want to send too, or are over, or ten messages have come together; or
//! for a moment, if one of the turns takes long. A single turn waits for nobody.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::queue::Error;

/// A message as SQS gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) body: String,
    /// `DelaySeconds`
    pub(super) delay: i32,
    /// Whether it is for the queue of long tasks.
    pub(super) slow: bool,
}

/// Answers one who waits.
pub(super) type Answer = oneshot::Sender<Result<(), Error>>;

/// One who waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) entries: Vec<Entry>,
    pub(super) answer: Answer,
}

/// What waits to be sent.
#[derive(Debug, Default)]
pub(super) struct Outbox(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    turns: usize,
    waiting: Vec<Waiting>,
    /// Counts the batches, so that a moment that has passed ends only what it was meant for.
    batch: u64,
}

/// What comes of a wish to send.
pub(super) enum Put {
    /// These are to be sent now.
    Send(Vec<Waiting>),
    /// It opens this batch, which is to be sent after a moment if it is still waiting then.
    Opened(u64),
    /// It waits with others.
    Waits,
}

impl Outbox {
    /// A turn begins.
    pub(super) fn begin(&self) {
        self.state().turns += 1;
    }

    /// A turn is over; what is to be sent now.
    pub(super) fn end(&self) -> Vec<Waiting> {
        let mut state = self.state();
        state.turns = state.turns.saturating_sub(1);
        if state.complete() { state.take() } else { Vec::new() }
    }

    pub(super) fn put(&self, waiting: Waiting) -> Put {
        let mut state = self.state();
        state.waiting.push(waiting);
        if state.complete() {
            return Put::Send(state.take());
        }
        if state.waiting.len() == 1 { Put::Opened(state.batch) } else { Put::Waits }
    }

    /// The moment of a batch has passed; what is to be sent now.
    pub(super) fn passed(&self, batch: u64) -> Vec<Waiting> {
        let mut state = self.state();
        if state.batch == batch { state.take() } else { Vec::new() }
    }

    /// Nothing panics while it holds this lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn complete(&self) -> bool {
        let messages: usize = self.waiting.iter().map(|waiting| waiting.entries.len()).sum();
        messages >= BATCH || (messages > 0 && self.waiting.len() >= self.turns)
    }

    fn take(&mut self) -> Vec<Waiting> {
        self.batch += 1;
        std::mem::take(&mut self.waiting)
    }
}

/// Messages in one request.
pub(super) const BATCH: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(messages: usize) -> Waiting {
        let entry = Entry { body: "b".into(), delay: 0, slow: false };
        Waiting { entries: vec![entry; messages], answer: oneshot::channel().0 }
    }

    fn sent(put: Put) -> usize {
        if let Put::Send(waiting) = put { waiting.len() } else { 0 }
    }

    #[test]
    fn who_sends_alone_waits_for_nobody() {
        let outbox = Outbox::default();
        assert_eq!(sent(outbox.put(wish(1))), 1, "outside of turns");
        outbox.begin();
        assert_eq!(sent(outbox.put(wish(1))), 1, "in the only turn");
        assert_eq!(outbox.end().len(), 0);
    }

    #[test]
    fn turns_wait_for_each_other() {
        let outbox = Outbox::default();
        (0..3).for_each(|_| outbox.begin());
        assert!(matches!(outbox.put(wish(1)), Put::Opened(0)));
        assert!(matches!(outbox.put(wish(2)), Put::Waits));
        assert_eq!(outbox.end().len(), 2, "the third turn is over without sending");
        assert!(matches!(outbox.put(wish(1)), Put::Opened(1)));
        assert_eq!(sent(outbox.put(wish(1))), 2);
    }

    #[test]
    fn ten_messages_are_enough_and_so_is_a_moment() {
        let outbox = Outbox::default();
        (0..20).for_each(|_| outbox.begin());
        assert!(matches!(outbox.put(wish(4)), Put::Opened(0)));
        assert_eq!(sent(outbox.put(wish(6))), 2);
        assert!(matches!(outbox.put(wish(1)), Put::Opened(1)));
        assert_eq!(outbox.passed(0).len(), 0, "an earlier batch's moment");
        assert_eq!(outbox.passed(1).len(), 1);
        assert_eq!(outbox.passed(1).len(), 0);
    }
}
