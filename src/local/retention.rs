//! Retention: executions that ended long ago are removed, a few at a time, so that nobody waits for it.

use std::sync::Arc;
use std::time::Duration;

use crate::turn::Engine;

/// Removes executions so many days after their end, now and then every few minutes, as long as it is polled.
pub async fn keep(engine: Arc<Engine>, days: u32) {
    loop {
        let before = engine.clock.now().plus_seconds(-86_400.0 * f64::from(days));
        let pause = match engine.store.expire(before, AT_ONCE).await {
            Ok(AT_ONCE) => BREATH,
            Ok(_) => PAUSE,
            Err(error) => {
                tracing::warn!(%error, "executions that ended long ago cannot be removed now");
                PAUSE
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Executions in one transaction, which others wait for.
const AT_ONCE: usize = 100;
const BREATH: Duration = Duration::from_millis(50);
const PAUSE: Duration = Duration::from_secs(300);
