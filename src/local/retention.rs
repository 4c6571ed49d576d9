//! Retention: executions that ended long ago are removed, a little at a time, so that nobody waits for it.

use std::sync::Arc;
use std::time::Duration;

use stepwright_core::time::Timestamp;

use crate::store::Error;
use crate::turn::Engine;

/// Removes executions so many days after their end, now and then every few minutes, as long as it is polled; and the
/// definitions that only they needed.
pub async fn keep(engine: Arc<Engine>, days: u32) {
    loop {
        let before = engine.clock.now().plus_seconds(-86_400.0 * f64::from(days));
        let pause = match pass(&engine, before).await {
            Ok(true) => BREATH,
            Ok(false) => PAUSE,
            Err(error) => {
                tracing::warn!(%error, "executions that ended long ago cannot be removed now");
                PAUSE
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Removes something; whether there may be more of it.
async fn pass(engine: &Engine, before: Timestamp) -> Result<bool, Error> {
    if engine.store.expire(before, AT_ONCE).await? > 0 {
        return Ok(true);
    }
    engine.store.forget_definitions().await?;
    Ok(false)
}

/// Rows in one transaction, which others wait for: a few milliseconds.
const AT_ONCE: usize = 500;
const BREATH: Duration = Duration::from_millis(50);
const PAUSE: Duration = Duration::from_secs(300);
