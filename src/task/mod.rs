//! Task performers: what a Task state calls. One file per kind of service.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use stepwright_core::asl::model::{Pattern, Resource, ServiceResource};
use stepwright_core::engine::failure::name;
use stepwright_core::engine::{Failure, JobCall, TaskCall, TaskOutcome};

use crate::task::function::Functions;
use crate::task::own::StepFunctions;

mod apigateway;
pub(crate) mod aws;
mod dynamodb;
mod eks;
mod events;
pub mod function;
mod harness;
pub mod http;
mod job;
mod lambda;
mod metadata;
pub mod mock;
mod naming;
pub mod object;
pub mod own;
mod problem;
mod request;
pub mod sdk;
mod service;
mod sns;
mod sqs;
mod states;
mod web;
mod wire;

pub use aws::{Settings, in_trace};
pub use job::{Jobs, Look, Submitted};
pub use web::Reach;

use apigateway::ApiGateway;
use aws::Aws;
use dynamodb::DynamoDb;
use eks::Eks;
use events::Events;
use harness::Harness;
use http::{Exchange, Http};
use lambda::Lambda;
use mock::Mocks;
use object::{Nowhere, Objects};
use sdk::Sdk;
use service::Services;
use sns::Sns;
use sqs::Sqs;
use states::States;

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

    /// The same, and what went over the wire where that can be shown (`http:invoke`).
    async fn trace(&self, call: &TaskCall) -> (TaskOutcome, Option<Exchange>) {
        (self.perform(call).await, None)
    }

    /// Looks at a job that was submitted.
    async fn look(&self, job: &JobCall) -> Look {
        Look::Failed(unsupported(&job.resource))
    }

    /// Stops a job whose task is over.
    async fn stop(&self, _job: &JobCall) {}

    /// Tells where this engine's own Step Functions API is; once, before anything is performed.
    fn attach(&self, _own: Arc<dyn StepFunctions>) {}

    /// What is mocked in test cases; `None` if nothing ever is.
    fn mocks(&self) -> Option<&Mocks> {
        None
    }

    /// Whether a task whose performer was lost may be performed again, because its service recognises the repetition.
    fn repeatable(&self, _call: &TaskCall) -> bool {
        false
    }
}

/// All task performers behind one door.
pub struct Tasks {
    lambda: Lambda,
    buckets: Option<PathBuf>,
    objects: OnceLock<Arc<dyn Objects>>,
    apigateway: ApiGateway,
    dynamodb: DynamoDb,
    eks: Eks,
    events: Events,
    harness: Harness,
    http: Http,
    sns: Sns,
    sqs: Sqs,
    states: Arc<States>,
    services: Arc<Services>,
    sdk: Arc<Sdk>,
    jobs: Vec<(&'static str, Arc<dyn Jobs>)>,
    mocks: Option<Mocks>,
    own: OnceLock<Arc<dyn StepFunctions>>,
}

impl Tasks {
    /// Performers that call local functions where there is one of the name, and AWS otherwise. Nothing is read from the
    /// environment and nothing is connected before the first call that needs AWS.
    pub fn new(functions: Functions, settings: Settings) -> Tasks {
        let aws = Arc::new(Aws::new(settings));
        let sdk = Arc::new(Sdk::over(aws.clone()));
        let states = Arc::new(States::new(sdk.clone()));
        let services = Arc::new(Services::new(sdk.clone()));
        let mut jobs: Vec<(&'static str, Arc<dyn Jobs>)> = vec![("states", states.clone())];
        jobs.extend(Services::resources().map(|name| (name, services.clone() as Arc<dyn Jobs>)));
        Tasks {
            apigateway: ApiGateway::new(aws.clone()),
            http: Http::new(aws.settings(), sdk.clone()),
            lambda: Lambda::new(functions, aws.clone()),
            buckets: None,
            objects: OnceLock::new(),
            dynamodb: DynamoDb::new(aws.clone()),
            eks: Eks::new(aws.clone()),
            events: Events::new(sdk.clone()),
            harness: Harness::new(sdk.clone()),
            sns: Sns::new(aws.clone()),
            sqs: Sqs::new(aws),
            jobs,
            services,
            states,
            sdk,
            mocks: None,
            own: OnceLock::new(),
        }
    }

    /// The client of all other services.
    pub fn sdk(&self) -> &Arc<Sdk> {
        &self.sdk
    }

    /// The same, with mocked tasks for executions in test cases.
    pub fn with_mocks(self, mocks: Option<Mocks>) -> Tasks {
        Tasks { mocks, ..self }
    }

    /// The outcome of a mocked task; `None` if it is to be performed.
    async fn mocked(&self, call: &TaskCall) -> Option<TaskOutcome> {
        let (mocks, own) = (self.mocks.as_ref()?, self.own.get()?);
        match own.test_case(&call.origin.execution).await {
            Ok(case) => mocks.outcome(&case?, call),
            // Better no answer than one from a service that was to be left alone.
            Err(why) => {
                let cause = format!("It is not known whether the task is mocked: {why}");
                Some(TaskOutcome::Failed(Failure::new(name::TASK_FAILED, cause)))
            }
        }
    }

    /// With a directory of buckets, which is taken for S3 where no endpoint of it is given.
    #[must_use]
    pub fn with_buckets(self, directory: Option<PathBuf>) -> Tasks {
        if let Some(directory) = &directory {
            self.services.use_buckets(directory.clone());
        }
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
        if (&*service.resource_type, &*service.action) == ("eks", "runJob") {
            return Some(&self.eks);
        }
        let found = self.jobs.iter().find(|(name, _)| *name == &*service.resource_type);
        found.map(|(_, jobs)| &**jobs)
    }

    async fn dispatch(&self, call: &TaskCall) -> TaskOutcome {
        if let Some(outcome) = self.mocked(call).await {
            return outcome;
        }
        if let Some(jobs) = self.jobs(&call.resource) {
            let submitted = within(call, jobs.submit(call)).await;
            return Submitted::outcome(submitted.and_then(|submitted| submitted));
        }
        match &call.resource {
            Resource::LambdaFunction(arn) => self.lambda.function(arn, call).await,
            Resource::Service(service) => match integration(service) {
                Some(integration) => self.integrated(integration, call).await,
                None if service.resource_type.starts_with(AWS_SDK) => {
                    let name = service.resource_type.trim_start_matches(AWS_SDK);
                    self.sdk.perform(name, &service.action, call).await
                }
                None if Services::offers(service) => self.services.perform(service, call).await,
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
                Integration::ApiGateway => self.apigateway.invoke(call).await,
                Integration::Http => self.http.invoke(call).await.0,
                Integration::InvokeHarness => self.harness.invoke(call).await,
                Integration::EksCall => self.eks.call(call).await,
                Integration::EksRunJob => self.eks.run_job(call).await,
                Integration::DynamoDb(action) => self.dynamodb.perform(action, call).await,
                Integration::PutEvents => self.events.put_events(call).await,
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

    fn objects(&self) -> Arc<dyn Objects> {
        let open = || object::open(self.buckets.clone(), self.sdk.clone());
        self.objects.get_or_init(open).clone()
    }

    async fn trace(&self, call: &TaskCall) -> (TaskOutcome, Option<Exchange>) {
        match &call.resource {
            Resource::Service(service)
                if matches!(integration(service), Some(Integration::Http)) =>
            {
                Box::pin(self.http.invoke(call)).await
            }
            _ => (self.perform(call).await, None),
        }
    }

    async fn look(&self, job: &JobCall) -> Look {
        if let Some(look) = mock::look(job) {
            return look;
        }
        let Some(jobs) = self.jobs(&job.resource) else {
            return Look::Failed(unsupported(&job.resource));
        };
        tokio::time::timeout(LOOK_LIMIT, jobs.look(job)).await.unwrap_or(Look::Running)
    }

    async fn stop(&self, job: &JobCall) {
        let mocked = mock::look(job).is_some();
        let Some(jobs) = self.jobs(&job.resource).filter(|_| !mocked) else { return };
        if tokio::time::timeout(STOP_LIMIT, jobs.stop(job)).await.is_err() {
            tracing::warn!(execution_arn = %job.origin.execution, state = %job.origin.state, "a job could not be stopped in time");
        }
    }

    fn repeatable(&self, call: &TaskCall) -> bool {
        let jobs = self.jobs(&call.resource);
        let starts = matches!(&call.resource, Resource::Service(service) if matches!(integration(service), Some(Integration::StartExecution)));
        starts || jobs.is_some_and(|jobs| jobs.repeatable(call))
    }

    fn attach(&self, own: Arc<dyn StepFunctions>) {
        let _ = self.own.set(own.clone());
        self.sdk.answer_by(own);
    }

    fn mocks(&self) -> Option<&Mocks> {
        self.mocks.as_ref()
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
    EksCall,
    EksRunJob,
    PutEvents,
    LambdaInvoke,
    ApiGateway,
    Http,
    InvokeHarness,
    SnsPublish,
    SqsSendMessage,
    StartExecution,
}

/// Service, action, and whether it hands out task tokens.
const INTEGRATIONS: [(&str, &str, bool, Integration); 14] = [
    ("lambda", "invoke", true, Integration::LambdaInvoke),
    ("bedrockagentcore", "invokeHarness", false, Integration::InvokeHarness),
    ("dynamodb", "getItem", false, Integration::DynamoDb(dynamodb::Action::Get)),
    ("dynamodb", "putItem", false, Integration::DynamoDb(dynamodb::Action::Put)),
    ("dynamodb", "updateItem", false, Integration::DynamoDb(dynamodb::Action::Update)),
    ("dynamodb", "deleteItem", false, Integration::DynamoDb(dynamodb::Action::Delete)),
    ("eks", "call", true, Integration::EksCall),
    ("eks", "runJob", true, Integration::EksRunJob),
    ("events", "putEvents", true, Integration::PutEvents),
    ("http", "invoke", false, Integration::Http),
    ("apigateway", "invoke", true, Integration::ApiGateway),
    ("sns", "publish", true, Integration::SnsPublish),
    ("sqs", "sendMessage", true, Integration::SqsSendMessage),
    ("states", "startExecution", true, Integration::StartExecution),
];

/// What the types of resources begin with that mean any operation of a service.
const AWS_SDK: &str = "aws-sdk:";

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
