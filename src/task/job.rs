//! Jobs: what a service of the `.sync` pattern does once it has answered the request. The engine submits a job once, looks
//! at it by timers and stops it when its task is over before it is; a service only says how.

use async_trait::async_trait;
use stepwright_core::engine::{Failure, JobCall, TaskCall, TaskOutcome};
use stepwright_core::expr::Document;

/// What a look at a job sees.
#[derive(Clone, Debug, PartialEq)]
pub enum Look {
    /// It goes on; or it could not be seen just now.
    Running,
    /// It has ended well, with the task's output.
    Succeeded(Document),
    /// It has failed, with the error and cause that history shows.
    Failed(Failure),
}

/// A job that a service took on.
#[derive(Clone, Debug, PartialEq)]
pub struct Submitted {
    /// The service's answer, as history shows it (`TaskSubmitted`).
    pub output: Document,
    /// What the service knows the job by, enough to ask for it and to stop it.
    pub handle: Document,
}

/// A service that takes on jobs.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// Submits a job. Called once for each attempt, or again with the same `call.idempotency_token` where
    /// [`Jobs::repeatable`] says so.
    ///
    /// # Errors
    /// The outcome of the task, if no job was taken on.
    async fn submit(&self, call: &TaskCall) -> Result<Submitted, TaskOutcome>;

    /// Looks at a job. May be called at any time and more than once; what passes by itself, such as a network that is
    /// down or a service that is busy, is [`Look::Running`].
    async fn look(&self, job: &JobCall) -> Look;

    /// Stops a job, as well as it can; it may have ended, or been stopped before.
    async fn stop(&self, job: &JobCall);

    /// Whether the service recognises a repeated request, so that one whose sender was lost may be sent again.
    fn repeatable(&self, _call: &TaskCall) -> bool {
        false
    }
}

impl Submitted {
    /// The outcome of a request for a job.
    pub(super) fn outcome(submitted: Result<Submitted, TaskOutcome>) -> TaskOutcome {
        match submitted {
            Ok(Submitted { output, handle }) => TaskOutcome::Submitted { output, handle },
            Err(outcome) => outcome,
        }
    }
}
