//! Task performers: what a Task state calls. One file per kind of service.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use stepwright_core::asl::model::{Pattern, Resource, ServiceResource};
use stepwright_core::engine::failure::name;
use stepwright_core::engine::{Failure, JobCall, TaskCall, TaskOutcome};

use crate::task::function::Functions;
use crate::task::own::StepFunctions;

mod aws;
mod clients;
mod dynamodb;
pub mod function;
mod job;
mod lambda;
mod metadata;
mod naming;
pub mod own;
mod request;
pub(crate) mod signed;
mod sns;
mod sqs;
mod states;
mod wire;

pub use aws::Settings;
pub use job::{Jobs, Look, Submitted};

use aws::Aws;
use dynamodb::DynamoDb;
use lambda::Lambda;
use sns::Sns;
use sqs::Sqs;
use states::States;

/// Performs tasks.
#[async_trait]
pub trait Performer: Send + Sync {
    /// Performs a task to its end or to its timeout (`call.timeout_seconds`), which begins when the work itself does. Never fails as such: what goes wrong is an
    /// outcome with the error name and cause that AWS would record.
    async fn perform(&self, call: &TaskCall) -> TaskOutcome;

    /// Looks at a job that was submitted.
    async fn look(&self, job: &JobCall) -> Look {
        Look::Failed(unsupported(&job.resource))
    }

    /// Stops a job whose task is over.
    async fn stop(&self, _job: &JobCall) {}

    /// Tells where this engine's own Step Functions API is; once, before anything is performed.
    fn attach(&self, _own: Arc<dyn StepFunctions>) {}

    /// Whether a task whose performer was lost may be performed again, because its service recognises the repetition.
    fn repeatable(&self, _call: &TaskCall) -> bool {
        false
    }
}

/// All task performers behind one door.
pub struct Tasks {
    lambda: Lambda,
    dynamodb: DynamoDb,
    sns: Sns,
    sqs: Sqs,
    states: Arc<States>,
    jobs: Vec<(&'static str, Arc<dyn Jobs>)>,
}

impl Tasks {
    /// Performers that call local functions where there is one of the name, and AWS otherwise. Nothing is read from the
    /// environment and nothing is connected before the first call that needs AWS.
    pub fn new(functions: Functions, settings: Settings) -> Tasks {
        let aws = Arc::new(Aws::new(settings.clone()));
        let states: Arc<States> = Arc::default();
        Tasks {
            lambda: Lambda::new(functions, settings),
            dynamodb: DynamoDb::new(aws.clone()),
            sns: Sns::new(aws.clone()),
            sqs: Sqs::new(aws),
            jobs: vec![("states", states.clone())],
            states,
        }
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
            let submitted = within(call, jobs.submit(call)).await;
            return Submitted::outcome(submitted.and_then(|submitted| submitted));
        }
        match &call.resource {
            Resource::LambdaFunction(arn) => self.lambda.function(arn, call).await,
            Resource::Service(service) => match integration(service) {
                Some(integration) => self.integrated(integration, call).await,
                None => TaskOutcome::Failed(unsupported(&call.resource)),
            },
            Resource::Activity(_) => TaskOutcome::Failed(unsupported(&call.resource)),
        }
    }
}

impl Tasks {
    async fn integrated(&self, integration: Integration, call: &TaskCall) -> TaskOutcome {
        // Its state is large, and it bounds its own time: what comes before the work does not count.
        if matches!(integration, Integration::LambdaInvoke) {
            return Box::pin(self.lambda.invoke(call)).await;
        }
        let work = async {
            match integration {
                Integration::LambdaInvoke => self.lambda.invoke(call).await,
                Integration::DynamoDb(action) => self.dynamodb.perform(action, call).await,
                Integration::SnsPublish => self.sns.publish(call).await,
                Integration::SqsSendMessage => self.sqs.send_message(call).await,
                Integration::StartExecution => self.states.start_execution(call).await,
            }
        };
        within(call, Box::pin(work)).await.unwrap_or_else(|outcome| outcome)
    }
}

#[async_trait]
impl Performer for Tasks {
    async fn perform(&self, call: &TaskCall) -> TaskOutcome {
        Box::pin(self.dispatch(call)).await
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
        let jobs = self.jobs(&call.resource);
        let starts = matches!(&call.resource, Resource::Service(service) if matches!(integration(service), Some(Integration::StartExecution)));
        starts || jobs.is_some_and(|jobs| jobs.repeatable(call))
    }

    fn attach(&self, own: Arc<dyn StepFunctions>) {
        self.states.attach(own);
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

/// The service integrations that answer at once, or by a task token.
#[derive(Clone, Copy)]
enum Integration {
    DynamoDb(dynamodb::Action),
    LambdaInvoke,
    SnsPublish,
    SqsSendMessage,
    StartExecution,
}

/// Service, action, and whether it hands out task tokens.
const INTEGRATIONS: [(&str, &str, bool, Integration); 8] = [
    ("lambda", "invoke", true, Integration::LambdaInvoke),
    ("dynamodb", "getItem", false, Integration::DynamoDb(dynamodb::Action::GetItem)),
    ("dynamodb", "putItem", false, Integration::DynamoDb(dynamodb::Action::PutItem)),
    ("dynamodb", "updateItem", false, Integration::DynamoDb(dynamodb::Action::UpdateItem)),
    ("dynamodb", "deleteItem", false, Integration::DynamoDb(dynamodb::Action::DeleteItem)),
    ("sns", "publish", true, Integration::SnsPublish),
    ("sqs", "sendMessage", true, Integration::SqsSendMessage),
    ("states", "startExecution", true, Integration::StartExecution),
];

fn integration(service: &ServiceResource) -> Option<Integration> {
    let found = INTEGRATIONS.iter().find(|(kind, action, tokens, _)| {
        let pattern = match service.pattern {
            Pattern::RequestResponse => true,
            Pattern::WaitForTaskToken => *tokens,
            Pattern::Sync | Pattern::Sync2 => false,
        };
        (*kind, *action) == (&*service.resource_type, &*service.action) && pattern
    });
    found.map(|(.., integration)| *integration)
}

fn unsupported(resource: &Resource) -> Failure {
    let arn = match resource {
        Resource::LambdaFunction(arn) | Resource::Activity(arn) => arn,
        Resource::Service(service) => &service.arn,
    };
    let cause = format!("The resource {arn} is not supported yet.");
    Failure::new(name::TASK_FAILED, cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stepwright_core::engine::{Cursor, ExecutionId, Origin};
    use stepwright_core::expr::Document;

    #[tokio::test]
    async fn a_resource_that_is_not_supported_is_named() {
        let resource = Resource::Service(ServiceResource {
            arn: "arn:aws:states:::teapot:brew".into(),
            resource_type: "teapot".into(),
            action: "brew".into(),
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
            "The resource arn:aws:states:::teapot:brew is not supported yet.",
        );
        assert_eq!(outcome, TaskOutcome::Failed(expected));
    }
}
