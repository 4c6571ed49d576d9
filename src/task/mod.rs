//! Task performers: what a Task state calls. One file per kind of service.

use async_trait::async_trait;
use stepwright_core::engine::{TaskCall, TaskOutcome};

use crate::local::functions::Functions;

/// Performs tasks.
#[async_trait]
pub trait Performer: Send + Sync {
    /// Performs a task to its end or to its timeout (`call.timeout_seconds`). Never fails as such: what goes wrong is an
    /// outcome with the error name and cause that AWS would record.
    async fn perform(&self, call: &TaskCall) -> TaskOutcome;
}

/// How AWS is reached. Nothing is looked up before the first call that needs it.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Region; by default that of the environment or the profile, else that of the function's ARN.
    pub region: Option<String>,
    /// Endpoint of the Lambda API over all others; by default `LAMBDA_ENDPOINT` (as Step Functions Local has it), then
    /// `AWS_ENDPOINT_URL_LAMBDA`, `AWS_ENDPOINT_URL` and AWS itself.
    pub lambda_endpoint: Option<String>,
}

/// All task performers behind one door.
pub struct Tasks {
    functions: Functions,
    settings: Settings,
}

impl Tasks {
    /// Performers that call local functions where there is one of the name and AWS otherwise.
    pub fn new(functions: Functions, settings: Settings) -> Tasks {
        Tasks { functions, settings }
    }
}

#[async_trait]
impl Performer for Tasks {
    async fn perform(&self, call: &TaskCall) -> TaskOutcome {
        let _ = (&self.functions, &self.settings, call);
        TaskOutcome::TimedOut
    }
}
