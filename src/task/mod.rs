//! Task performers: what a Task state calls. One file per kind of service.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use stepwright_core::asl::model::{Pattern, Resource, ServiceResource};
use stepwright_core::engine::failure::name;
use stepwright_core::engine::{Failure, JobCall, TaskCall, TaskOutcome};

use crate::task::function::Functions;

mod aws;
pub mod function;
mod job;
mod lambda;
pub mod object;

pub use aws::Settings;
pub use job::{Jobs, Look, Submitted};

use lambda::Lambda;
use object::{Nowhere, Objects};

/// Performs tasks.
#[async_trait]
pub trait Performer: Send + Sync {
    /// Performs a task to its end or to its timeout (`call.timeout_seconds`), which begins when the work itself does. Never fails as such: what goes wrong is an
    /// outcome with the error name and cause that AWS would record.
    async fn perform(&self, call: &TaskCall) -> TaskOutcome;

    /// The objects that distributed Maps read and write.
    fn objects(&self) -> Arc<dyn Objects> {
        Arc::new(Nowhere)
    }

    /// Looks at a job that was submitted.
    async fn look(&self, job: &JobCall) -> Look {
        Look::Failed(unsupported(&job.resource))
    }

    /// Stops a job whose task is over.
    async fn stop(&self, _job: &JobCall) {}

    /// Whether a task whose performer was lost may be performed again, because its service recognises the repetition.
    fn repeatable(&self, _call: &TaskCall) -> bool {
        false
    }
}

/// All task performers behind one door.
pub struct Tasks {
    lambda: Lambda,
    settings: Settings,
    buckets: Option<PathBuf>,
    objects: OnceLock<Arc<dyn Objects>>,
    jobs: Vec<(&'static str, Arc<dyn Jobs>)>,
}

impl Tasks {
    /// Performers that call local functions where there is one of the name, and AWS otherwise. Nothing is read from the
    /// environment and nothing is connected before the first call that needs AWS.
    pub fn new(functions: Functions, settings: Settings) -> Tasks {
        let lambda = Lambda::new(functions, settings.clone());
        Tasks { lambda, settings, buckets: None, objects: OnceLock::new(), jobs: Vec::new() }
    }

    /// With a directory of buckets, which is taken for S3 where no endpoint of it is given.
    #[must_use]
    pub fn with_buckets(self, directory: Option<PathBuf>) -> Tasks {
        Tasks { buckets: directory, ..self }
    }

    /// The same, with a service that takes on jobs (`.sync`, `.sync:2`), by the name that its resources have.
    pub fn with_jobs(mut self, service: &'static str, jobs: Arc<dyn Jobs>) -> Tasks {
        self.jobs.push((service, jobs));
        self
    }

    /// Who takes on the jobs of a resource; `None` if it is no job.
    fn jobs(&self, resource: &Resource) -> Option<&dyn Jobs> {
        let Resource::Service(service) = resource else { return None };
        if !matches!(service.pattern, Pattern::Sync | Pattern::Sync2) {
            return None;
        }
        let found = self.jobs.iter().find(|(name, _)| *name == &*service.resource_type);
        found.map(|(_, jobs)| &**jobs)
    }

    async fn dispatch(&self, call: &TaskCall) -> TaskOutcome {
        if let Some(jobs) = self.jobs(&call.resource) {
            return Submitted::outcome(jobs.submit(call).await);
        }
        match &call.resource {
            Resource::LambdaFunction(arn) => self.lambda.function(arn, call).await,
            Resource::Service(service) => match integration(service) {
                Some(Integration::LambdaInvoke) => self.lambda.invoke(call).await,
                None => TaskOutcome::Failed(unsupported(&call.resource)),
            },
            Resource::Activity(_) => TaskOutcome::Failed(unsupported(&call.resource)),
        }
    }
}

#[async_trait]
impl Performer for Tasks {
    async fn perform(&self, call: &TaskCall) -> TaskOutcome {
        Box::pin(self.dispatch(call)).await
    }

    fn objects(&self) -> Arc<dyn Objects> {
        let open = || object::open(self.buckets.clone(), self.settings.clone());
        self.objects.get_or_init(open).clone()
    }

    async fn look(&self, job: &JobCall) -> Look {
        let Some(jobs) = self.jobs(&job.resource) else {
            return Look::Failed(unsupported(&job.resource));
        };
        tokio::time::timeout(LOOK_LIMIT, jobs.look(job)).await.unwrap_or(Look::Running)
    }

    async fn stop(&self, job: &JobCall) {
        let Some(jobs) = self.jobs(&job.resource) else { return };
        if tokio::time::timeout(STOP_LIMIT, jobs.stop(job)).await.is_err() {
            tracing::warn!(execution = %job.origin.execution, state = %job.origin.state, "a job could not be stopped in time");
        }
    }

    fn repeatable(&self, call: &TaskCall) -> bool {
        self.jobs(&call.resource).is_some_and(|jobs| jobs.repeatable(call))
    }
}

/// Work that may take as long as the task may. The time begins here, so that what comes before the work itself, such as
/// the wait for a process of our own, does not count.
async fn within<T>(call: &TaskCall, work: impl Future<Output = T>) -> Result<T, TaskOutcome> {
    let Some(seconds) = call.timeout_seconds else { return Ok(work.await) };
    let limit = Duration::from_secs(seconds);
    tokio::time::timeout(limit, work).await.map_err(|_| TaskOutcome::TimedOut)
}

/// How long a look at a job may take. A job that is not seen is looked at again.
const LOOK_LIMIT: Duration = Duration::from_secs(30);

/// How long whoever ends a task waits until its job is stopped.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// The service integrations that there are.
#[derive(Clone, Copy)]
enum Integration {
    LambdaInvoke,
}

/// Service, action and pattern of each of them.
const INTEGRATIONS: [(&str, &str, Pattern, Integration); 2] = [
    ("lambda", "invoke", Pattern::RequestResponse, Integration::LambdaInvoke),
    ("lambda", "invoke", Pattern::WaitForTaskToken, Integration::LambdaInvoke),
];

fn integration(service: &ServiceResource) -> Option<Integration> {
    let found = INTEGRATIONS.iter().find(|(kind, action, pattern, _)| {
        *kind == &*service.resource_type
            && *action == &*service.action
            && *pattern == service.pattern
    });
    found.map(|(.., integration)| *integration)
}

fn unsupported(resource: &Resource) -> Failure {
    let arn = match resource {
        Resource::LambdaFunction(arn) | Resource::Activity(arn) => arn,
        Resource::Service(service) => &service.arn,
    };
    let known: Vec<String> = INTEGRATIONS
        .iter()
        .map(|(kind, action, pattern, _)| format!("{kind}:{action}{}", pattern.suffix()))
        .collect();
    let cause = format!(
        "The resource {arn} is not supported. Supported are ARNs of Lambda functions and {}.",
        known.join(", ")
    );
    Failure::new(name::TASK_FAILED, cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stepwright_core::engine::{Cursor, ExecutionId, Origin};
    use stepwright_core::expr::Document;

    #[tokio::test]
    async fn a_resource_that_is_not_supported_is_named_with_what_is() {
        let resource = Resource::Service(ServiceResource {
            arn: "arn:aws:states:::sqs:sendMessage".into(),
            resource_type: "sqs".into(),
            action: "sendMessage".into(),
            pattern: Pattern::RequestResponse,
        });
        let call = TaskCall {
            cursor: Cursor::root(ExecutionId("x".into()), 1),
            resource,
            parameters: Document::empty_object(),
            timeout_seconds: None,
            credentials: None,
            idempotency_token: String::new(),
            origin: Origin::default(),
        };
        let outcome = Tasks::new(Functions::default(), Settings::default()).perform(&call).await;
        let expected = Failure::new(
            "States.TaskFailed",
            "The resource arn:aws:states:::sqs:sendMessage is not supported. Supported are ARNs of Lambda functions and lambda:invoke, lambda:invoke.waitForTaskToken.",
        );
        assert_eq!(outcome, TaskOutcome::Failed(expected));
    }
}
