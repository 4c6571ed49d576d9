//! Patience: what is tried again while the store or the queue is not available, and for how long. The only place that
//! waits for them to come back; everything else gives its message back and lets it be delivered again.

use std::fmt::Display;

use super::{Engine, Error};
use crate::store;

/// For what is done again as a whole by another delivery.
pub(super) const NONE: f64 = 0.0;
/// For what can be had again by another delivery, in seconds: what is over in a moment is worth that moment.
pub(super) const BRIEF: f64 = 0.1;
/// For one of a thousand questions, in seconds: they would hardly ever all be answered otherwise.
pub(super) const FAIR: f64 = 3.0;
/// For what cannot be had again, in seconds: the outcome of a task that was performed, or the claim of one that would
/// count as lost.
pub(super) const LONG: f64 = 900.0;

/// Errors some of which pass by themselves.
pub(super) trait Passing: Display {
    /// Whether trying again may help.
    fn passes(&self) -> bool;
}

impl Passing for store::Error {
    fn passes(&self) -> bool {
        matches!(self, store::Error::Unavailable(_))
    }
}

impl Passing for Error {
    fn passes(&self) -> bool {
        match self {
            Error::Store(error) => error.passes(),
            Error::Queue(_) | Error::Busy => true,
            Error::Definition(..) => false,
        }
    }
}

impl Engine {
    /// Tries something until it succeeds, fails for good, or has failed for so many seconds.
    pub(super) async fn patiently<T, E: Passing, F>(
        &self,
        seconds: f64,
        attempt: impl Fn() -> F + Send + Sync,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>> + Send,
    {
        let (mut waited, mut pause) = (0.0, FIRST_PAUSE);
        loop {
            match attempt().await {
                Err(error) if error.passes() && waited < seconds => {
                    tracing::debug!(%error, "to be tried again");
                }
                answer => return answer,
            }
            self.clock.sleep(pause).await;
            waited += pause;
            pause = f64::min(pause * 2.0, LONGEST_PAUSE);
        }
    }
}

/// Pauses between tries, in seconds.
const FIRST_PAUSE: f64 = 0.01;
const LONGEST_PAUSE: f64 = 2.0;
