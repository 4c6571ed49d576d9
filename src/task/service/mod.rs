//! Optimized integrations that need nothing but the generic client: Batch, ECS, Glue, CodeBuild, Athena, EMR, SageMaker and
//! others, in their request-response and `.sync` forms. What they differ in is data (`names`, `jobs`).

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use stepwright_core::asl::actions;
use stepwright_core::asl::model::{Pattern, Resource, ServiceResource};
use stepwright_core::engine::failure::name;
use stepwright_core::engine::{Failure, JobCall, TaskCall, TaskOutcome};
use stepwright_core::expr::{Map, Value};

use super::aws::for_machine;
use super::job::{Jobs, Look, Submitted};
use super::metadata::{self, HEADERS};
use super::object;
use super::own::Answer;
use super::sdk::{Call, Sdk, SdkFailure};
use super::within;

mod bedrock;
mod by_name;
mod jobs;
mod names;
mod request;
mod template;

use by_name::ByName;
use jobs::{GONE, Job, Part};
use names::Names;

/// Performs the tasks of these integrations.
pub(super) struct Services {
    sdk: Arc<Sdk>,
    buckets: OnceLock<PathBuf>,
}

/// Who calls.
#[derive(Clone, Copy)]
struct Caller<'a> {
    role: Option<&'a Arc<str>>,
    token: &'a str,
}

impl Services {
    /// Nothing is connected yet.
    pub(super) fn new(sdk: Arc<Sdk>) -> Services {
        Services { sdk, buckets: OnceLock::new() }
    }

    /// With a directory of buckets that stands for S3 where no endpoint of it is given.
    pub(super) fn use_buckets(&self, directory: PathBuf) {
        // A second directory for the same tasks would be a mistake of the program; the first one stays.
        let _ = self.buckets.set(directory);
    }

    /// Types of the resources that have jobs.
    pub(super) fn resources() -> impl Iterator<Item = &'static str> {
        names::SERVICES.iter().map(|names| names.resource)
    }

    /// Whether an action is one of these integrations.
    pub(super) fn offers(resource: &ServiceResource) -> bool {
        names::names(&resource.resource_type).is_some()
            && actions(&resource.resource_type).contains(&&*resource.action)
    }

    /// The action without waiting for what it began.
    pub(super) async fn perform(&self, resource: &ServiceResource, call: &TaskCall) -> TaskOutcome {
        match within(call, Box::pin(self.answer(resource, call))).await {
            Ok(Ok((members, answer))) => {
                TaskOutcome::Succeeded(metadata::output(members, &answer, HEADERS))
            }
            Ok(Err(failure)) => TaskOutcome::Failed(failure),
            Err(outcome) => outcome,
        }
    }

    async fn answer(
        &self,
        resource: &ServiceResource,
        call: &TaskCall,
    ) -> Result<(Map, Answer), Failure> {
        let Some(names) = names::names(&resource.resource_type) else {
            return Err(unknown(resource));
        };
        let caller = Caller { role: call.credentials.as_ref(), token: &call.idempotency_token };
        let given = call.parameters.value();
        let answer = self.ask(names, &resource.action, given, caller).await;
        let (members, answer) = answer.map_err(|failure| {
            let failure = failure.of_optimized(&names.errors, call.parameters.text());
            for_machine(failure, &call.origin.role)
        })?;
        if resource.pattern != Pattern::RequestResponse {
            placed(&members)?;
        }
        Ok((members, answer))
    }

    /// The answer to an action, in the old form and with the names of the action.
    async fn ask(
        &self,
        names: &Names,
        action: &str,
        given: &Value,
        caller: Caller<'_>,
    ) -> Result<(Map, Answer), SdkFailure> {
        if let Some(rule) = by_name::rule(names.service, action) {
            return self.by_name(rule, given, caller).await;
        }
        if (names.service, action) == ("bedrock", "invokeModel") {
            let local = object::local(self.buckets.get().cloned());
            let store = bedrock::Store { sdk: &self.sdk, local, caller };
            let (given, to) = Box::pin(bedrock::request(&store, given)).await?;
            let (members, answer) = self.one(names, action, &given, caller).await?;
            let members = match to {
                None => members,
                Some(to) => Box::pin(bedrock::keep(&store, members, &to)).await?,
            };
            return Ok((members, answer));
        }
        self.one(names, action, given, caller).await
    }

    /// The answer to a change of what has a name.
    async fn by_name(
        &self,
        rule: &ByName,
        given: &Value,
        caller: Caller<'_>,
    ) -> Result<(Map, Answer), SdkFailure> {
        let mut marker = None;
        let id = loop {
            let listing = rule.listing(given, marker.as_ref()).map_err(SdkFailure::Parameters)?;
            let page = Box::pin(self.sdk.call(&of_emr(rule.list, &listing, caller))).await?;
            marker = page.get("Marker").filter(|marker| **marker != Value::Null).cloned();
            match (rule.id_of(given, &page), &marker) {
                (Some(id), _) => break id,
                (None, Some(_)) => {}
                (None, None) => return Err(SdkFailure::Unsupported(rule.nothing(given))),
            }
        };
        let changing = rule.changing(given, id);
        let (told, answer) =
            Box::pin(self.sdk.answered(&of_emr(rule.change, &changing, caller))).await?;
        Ok((told.as_object().cloned().unwrap_or_default(), answer))
    }

    /// The answer to an action that is one request.
    async fn one(
        &self,
        names: &Names,
        action: &str,
        given: &Value,
        caller: Caller<'_>,
    ) -> Result<(Map, Answer), SdkFailure> {
        let asked = request::asked(names.service, action, given).map_err(SdkFailure::Parameters)?;
        let wanted = Call {
            service: asked.service,
            action: &asked.action,
            parameters: &asked.parameters,
            region: None,
            role: caller.role,
            token: caller.token,
        };
        let (told, answer) = self.sdk.answered(&wanted).await?;
        let told = Sdk::old_form(asked.service, &asked.action, told);
        Ok((request::answered(names.service, action, given, &told), answer))
    }

    /// What a job's description says of it.
    async fn described(
        &self,
        names: &Names,
        job: &Job,
        call: &JobCall,
    ) -> Result<Value, SdkFailure> {
        let (action, parameters) = job.look;
        let parameters = template::filled(parameters, call.handle.value());
        let caller = Caller { role: call.credentials.as_ref(), token: "" };
        let (members, _) = self.ask(names, action, &parameters, caller).await?;
        Ok(Value::Object(members.into()))
    }
}

#[async_trait]
impl Jobs for Services {
    async fn submit(&self, call: &TaskCall) -> Result<Submitted, TaskOutcome> {
        let Resource::Service(resource) = &call.resource else {
            return Err(TaskOutcome::Failed(Failure::default()));
        };
        let job = jobs::job(&resource.resource_type, &resource.action)
            .ok_or_else(|| TaskOutcome::Failed(unknown(resource)))?;
        let answered = Box::pin(self.answer(resource, call)).await;
        let (members, answer) = answered.map_err(TaskOutcome::Failed)?;
        let told = Value::Object(members.clone().into());
        let part = |path| {
            let of = [&told, call.parameters.value()];
            of.into_iter().find_map(|value| template::at(value, path)).cloned()
        };
        let handle = job.handle.iter();
        let handle = handle.map(|(name, path)| (*name, part(path).unwrap_or_default()));
        Ok(Submitted {
            output: metadata::output(members, &answer, HEADERS),
            handle: Value::object(handle).into(),
        })
    }

    async fn look(&self, call: &JobCall) -> Look {
        let Some((names, job)) = known(&call.resource) else {
            return Look::Failed(Failure::default());
        };
        let described = match Box::pin(self.described(names, job, call)).await {
            Ok(described) => described,
            Err(failure) if failure.passes() => return Look::Running,
            Err(failure) if job.succeeded.contains(&GONE) && is_gone(&failure) => {
                return Look::Succeeded(call.handle.clone());
            }
            Err(failure) => return Look::Failed(failure.of_optimized(&names.errors, "{}")),
        };
        seen(job, &described)
    }

    async fn stop(&self, call: &JobCall) {
        let Some((names, job)) = known(&call.resource) else { return };
        let Some((action, parameters)) = job.stop else { return };
        let parameters = template::filled(parameters, call.handle.value());
        let caller = Caller { role: call.credentials.as_ref(), token: "" };
        let stopped = Box::pin(self.ask(names, action, &parameters, caller)).await;
        if let Err(failure) = stopped {
            let failure = failure.of_optimized(&names.errors, "{}");
            let (arn, state) = (&*call.origin.execution, &*call.origin.state);
            let error = failure.error.as_deref();
            tracing::warn!(execution_arn = arn, state, action, error, "a job was not stopped");
        }
    }

    fn repeatable(&self, call: &TaskCall) -> bool {
        let Resource::Service(resource) = &call.resource else { return false };
        let names = names::names(&resource.resource_type);
        names.is_some_and(|names| Sdk::has_token(names.service, &resource.action))
    }
}

fn of_emr<'a>(action: &'a str, parameters: &'a Value, caller: Caller<'a>) -> Call<'a> {
    let Caller { role, token } = caller;
    Call { service: "emr", action, parameters, region: None, role, token }
}

fn known(resource: &Resource) -> Option<(&'static Names, &'static Job)> {
    let Resource::Service(resource) = resource else { return None };
    let names = names::names(&resource.resource_type)?;
    Some((names, jobs::job(&resource.resource_type, &resource.action)?))
}

fn unknown(resource: &ServiceResource) -> Failure {
    Failure::new(name::TASK_FAILED, format!("The resource {} is not supported.", resource.arn))
}

/// What became of a job, by its description.
fn seen(job: &Job, described: &Value) -> Look {
    let status = template::at(described, job.status).and_then(Value::as_str).unwrap_or_default();
    let failed = job.failed.contains(&status);
    if !failed && !job.succeeded.contains(&status) {
        return Look::Running;
    }
    let result = match job.result {
        Part::Whole => described.clone(),
        Part::At(path) => template::at(described, path).cloned().unwrap_or_default(),
        Part::Wrapped(path, name) => {
            let part = template::at(described, path).cloned().unwrap_or_default();
            Value::object([(name, part)])
        }
    };
    if failed || (job.service == "ecs" && !containers_ended_well(&result)) {
        return Look::Failed(Failure::new(name::TASK_FAILED, first(&result.to_json())));
    }
    Look::Succeeded(result.into())
}

/// Whether a stopped task of ECS has done its work: it was its own end, and no container says otherwise.
fn containers_ended_well(task: &Value) -> bool {
    let containers = task.get("Containers").and_then(Value::as_array).unwrap_or_default();
    let well = |container: &Value| container.get("ExitCode").and_then(Value::as_i64) == Some(0);
    !containers.is_empty() && containers.iter().all(well)
}

/// ECS may take a request and place nothing (AWS's developer guide: then the task fails as `AmazonECS.Unknown`).
fn placed(answer: &Map) -> Result<(), Failure> {
    let failures = answer.get("Failures").and_then(Value::as_array).unwrap_or_default();
    if failures.is_empty() {
        return Ok(());
    }
    let cause = Value::Object(answer.clone().into()).to_json();
    Err(Failure::new("AmazonECS.Unknown", first(&cause)))
}

fn is_gone(failure: &SdkFailure) -> bool {
    let SdkFailure::Service(error) = failure else { return false };
    error.status == 404 || error.code.as_deref().is_some_and(|code| code.contains("NotFound"))
}

/// The first characters of a cause, as many as the API allows.
fn first(cause: &str) -> &str {
    cause.char_indices().nth(LONGEST_CAUSE).map_or(cause, |(end, _)| &cause[..end])
}

const LONGEST_CAUSE: usize = 32_768;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_names_operations_and_members_that_its_service_has() {
        for job in jobs::JOBS {
            let names = names::names(job.service).unwrap();
            assert!(actions(job.service).contains(&job.action), "{}:{}", job.service, job.action);
            for (action, parameters) in [Some(job.look), job.stop].into_iter().flatten() {
                let keys = Value::parse(parameters).unwrap();
                let keys = keys.as_object().unwrap().keys();
                let known = Sdk::members(names.service, action);
                for key in keys {
                    assert!(known.iter().any(|(name, _)| **name == **key), "{action} has no {key}");
                }
                let used = parameters.split('$').skip(1).map(|rest| rest.split('"').next());
                for part in used.flatten() {
                    let parts = job.handle.iter();
                    assert!(parts.clone().any(|(name, _)| *name == part), "{action}: ${part}");
                }
            }
        }
    }

    #[test]
    fn every_action_is_an_operation_of_its_service() {
        for names in names::SERVICES {
            for action in actions(names.resource) {
                // They ask the cluster.
                if names.resource == "eks" && ["call", "runJob"].contains(action) {
                    continue;
                }
                if by_name::rule(names.service, action).is_some() {
                    continue;
                }
                let Ok(asked) = request::asked(names.service, action, &Value::Null) else {
                    continue;
                };
                assert!(Sdk::knows(asked.service, &asked.action), "{}:{action}", names.resource);
            }
        }
    }

    #[test]
    fn a_description_tells_whether_a_job_goes_on_has_done_its_work_or_failed() {
        let ended = |look: Look| match look {
            Look::Running => "running".to_owned(),
            Look::Succeeded(output) => output.text().to_owned(),
            Look::Failed(failure) => format!("{}", failure.cause.unwrap()),
        };
        let table = [
            (("batch", "submitJob"), r#"{"Jobs":[{"Status":"RUNNABLE"}]}"#, "running"),
            (("batch", "submitJob"), r#"{"Jobs":[]}"#, "running"),
            (("batch", "submitJob"), r#"{"Jobs":[{"Status":"FAILED"}]}"#, r#"{"Status":"FAILED"}"#),
            (
                ("codebuild", "startBuild"),
                r#"{"Builds":[{"BuildStatus":"SUCCEEDED"}]}"#,
                r#"{"Build":{"BuildStatus":"SUCCEEDED"}}"#,
            ),
            (
                ("sagemaker", "createTrainingJob"),
                r#"{"TrainingJobStatus":"Completed"}"#,
                r#"{"TrainingJobStatus":"Completed"}"#,
            ),
            (("ecs", "runTask"), r#"{"Tasks":[{"LastStatus":"DEPROVISIONING"}]}"#, "running"),
        ];
        for ((service, action), described, expected) in table {
            let job = jobs::job(service, action).unwrap();
            assert_eq!(ended(seen(job, &Value::parse(described).unwrap())), expected);
        }
    }

    #[test]
    fn a_task_of_ecs_fails_by_its_containers() {
        let job = jobs::job("ecs", "runTask").unwrap();
        let table = [
            (r#"[{"ExitCode":0}]"#, true),
            (r#"[{"ExitCode":0},{"ExitCode":1}]"#, false),
            (r#"[{"Reason":"CannotPullContainerError"}]"#, false),
            ("[]", false),
        ];
        for (containers, well) in table {
            let task =
                format!(r#"{{"Tasks":[{{"LastStatus":"STOPPED","Containers":{containers}}}]}}"#);
            let look = seen(job, &Value::parse(&task).unwrap());
            assert_eq!(matches!(look, Look::Succeeded(_)), well, "{containers}");
        }
    }
}
