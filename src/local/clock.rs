//! The machine's clock, made to never run backwards.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use stepwright_core::time::Timestamp;

use crate::turn::Clock;

/// The system's time; where that jumps back, the clock stands still until it has caught up.
#[derive(Debug, Default)]
pub struct SystemClock(AtomicI64);

#[async_trait::async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let micros =
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_micros() as i64);
        Timestamp(self.0.fetch_max(micros, Ordering::Relaxed).max(micros))
    }

    async fn sleep(&self, seconds: f64) {
        tokio::time::sleep(std::time::Duration::from_secs_f64(seconds.max(0.0))).await;
    }
}
