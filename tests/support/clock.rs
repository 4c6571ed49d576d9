//! Virtual time: it stands still while anybody works, and jumps to the next thing that is due when nobody does.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use stepwright::turn::Clock;
use stepwright_core::time::Timestamp;
use tokio::sync::Notify;

/// A clock that is set by whoever has nothing else to do.
#[derive(Debug)]
pub(crate) struct VirtualClock {
    now: AtomicI64,
    working: AtomicUsize,
    pub(crate) idle: Notify,
}

/// Keeps time from passing. Dropped with the work, also when the work crashes.
pub(crate) struct Working<'a>(&'a VirtualClock);

impl VirtualClock {
    pub(crate) fn starting_at(start: Timestamp) -> VirtualClock {
        VirtualClock {
            now: AtomicI64::new(start.0),
            working: AtomicUsize::new(0),
            idle: Notify::new(),
        }
    }

    /// To be held during a turn.
    pub(crate) fn work(&self) -> Working<'_> {
        self.working.fetch_add(1, Ordering::SeqCst);
        Working(self)
    }

    /// Jumps to a time, unless somebody works. Never backwards.
    pub(crate) fn advance_to(&self, time: Timestamp) -> bool {
        let idle = self.working.load(Ordering::SeqCst) == 0;
        if idle {
            self.now.fetch_max(time.0, Ordering::SeqCst);
        }
        idle
    }
}

impl Default for VirtualClock {
    /// Starts on 2023-11-14.
    fn default() -> VirtualClock {
        VirtualClock::starting_at(Timestamp(1_700_000_000_000_000))
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        if self.0.working.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}

#[test]
fn time_stands_still_while_somebody_works() {
    let clock = VirtualClock::default();
    let before = clock.now();
    let working = clock.work();
    assert!(!clock.advance_to(before.plus_seconds(5.0)));
    assert_eq!(clock.now(), before);
    drop(working);
    assert!(clock.advance_to(before.plus_seconds(5.0)));
    assert!(clock.advance_to(before));
    assert_eq!(clock.now(), before.plus_seconds(5.0));
}
