//! Task performers: what a Task state calls. One file per kind of service.

use async_trait::async_trait;
use stepwright_core::engine::{TaskCall, TaskOutcome};

/// Performs tasks.
#[async_trait]
pub trait Performer: Send + Sync {
    /// Performs a task to its end or to its timeout (`call.timeout_seconds`). Never fails as such: what goes wrong is an
    /// outcome with the error name and cause that AWS would record.
    async fn perform(&self, call: &TaskCall) -> TaskOutcome;
}
