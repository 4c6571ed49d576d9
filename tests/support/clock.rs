//! Virtual time: it stands still until somebody who has nothing else to do moves it.

use std::sync::atomic::{AtomicI64, Ordering};

use stepwright::turn::Clock;
use stepwright_core::time::Timestamp;

use super::build::START;

/// A clock that is moved by hand.
#[derive(Debug)]
pub(crate) struct VirtualClock(AtomicI64);

impl VirtualClock {
    /// Moves time to `time`, never backwards.
    pub(crate) fn advance_to(&self, time: Timestamp) {
        self.0.fetch_max(time.0, Ordering::SeqCst);
    }

    /// So many seconds pass.
    pub(crate) fn advance(&self, seconds: f64) {
        self.advance_to(self.now().plus_seconds(seconds));
    }
}

impl Default for VirtualClock {
    /// At [`START`].
    fn default() -> VirtualClock {
        VirtualClock(AtomicI64::new(START.0))
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[test]
fn time_is_moved_by_hand_and_never_backwards() {
    let clock = VirtualClock::default();
    assert_eq!(clock.now(), START);
    clock.advance(5.0);
    clock.advance_to(START);
    assert_eq!(clock.now(), START.plus_seconds(5.0));
}
