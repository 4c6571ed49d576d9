//! Who is connected: so many at a time. When all places are taken, whoever has been idle longest leaves for the next one
//! who comes; whoever is being answered stays.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The idle among the connections.
#[derive(Debug, Default)]
pub(super) struct Guests {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By the time since when they are idle.
    idle: BTreeMap<u64, Arc<Notify>>,
    /// Counts up.
    clock: u64,
    /// How many are asked to leave as soon as they are idle.
    wanted: usize,
}

/// A connection's place.
#[derive(Debug)]
pub(super) struct Place {
    guests: Arc<Guests>,
    leave: Arc<Notify>,
    idle_since: Mutex<Option<u64>>,
}

impl Guests {
    /// A place for a connection, which is idle at first.
    pub(super) fn welcome(self: &Arc<Guests>) -> Place {
        let place =
            Place { guests: self.clone(), leave: Arc::default(), idle_since: Mutex::default() };
        place.idle();
        place
    }

    /// Has one leave: who has been idle longest, or who is idle next.
    pub(super) fn make_room(&self) {
        let mut state = sound(&self.state);
        match state.idle.pop_first() {
            Some((_, leave)) => leave.notify_one(),
            None => state.wanted += 1,
        }
    }
}

impl Place {
    /// A request has come.
    pub(super) fn busy(&self) {
        let mut idle_since = sound(&self.idle_since);
        if let Some(since) = idle_since.take() {
            sound(&self.guests.state).idle.remove(&since);
        }
    }

    /// It is answered.
    pub(super) fn idle(&self) {
        let mut idle_since = sound(&self.idle_since);
        let mut state = sound(&self.guests.state);
        if state.wanted > 0 {
            state.wanted -= 1;
            return self.leave.notify_one();
        }
        state.clock += 1;
        let now = state.clock;
        state.idle.insert(now, self.leave.clone());
        *idle_since = Some(now);
    }

    /// Ends when the connection must leave.
    pub(super) async fn asked_to_leave(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.busy();
    }
}

/// Nothing panics while it holds a lock; a poisoned one is as good as any.
fn sound<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn leaves(place: &Place) -> bool {
        tokio::select! {
            biased;
            () = place.asked_to_leave() => true,
            () = std::future::ready(()) => false,
        }
    }

    #[tokio::test]
    async fn whoever_has_been_idle_longest_leaves_and_nobody_who_is_busy() {
        let guests = Arc::new(Guests::default());
        let [first, second, third] = [guests.welcome(), guests.welcome(), guests.welcome()];
        first.busy();
        guests.make_room();
        assert_eq!([leaves(&first).await, leaves(&second).await], [false, true]);
        first.idle();
        guests.make_room();
        assert_eq!([leaves(&first).await, leaves(&third).await], [false, true]);
    }

    #[tokio::test]
    async fn where_all_are_busy_the_next_to_be_idle_leaves_and_one_only() {
        let guests = Arc::new(Guests::default());
        let [first, second] = [guests.welcome(), guests.welcome()];
        first.busy();
        second.busy();
        guests.make_room();
        assert!(!leaves(&first).await && !leaves(&second).await);
        second.idle();
        first.idle();
        assert_eq!([leaves(&first).await, leaves(&second).await], [false, true]);
    }

    #[tokio::test]
    async fn whoever_has_left_is_not_asked_again() {
        let guests = Arc::new(Guests::default());
        drop(guests.welcome());
        let stays = guests.welcome();
        stays.busy();
        guests.make_room();
        stays.idle();
        assert!(leaves(&stays).await, "the one that is left, not the one that is gone");
    }
}
