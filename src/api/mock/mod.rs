//! Whether a mocked result is one that the service could have given: its fields are held against the shape of the
//! answer in the service's API model. The models are data, in [`model`].
//!
//! Covered: the optimized integrations (`.sync` against the action that is polled) and the actions of about thirty
//! services behind `aws-sdk`. What is not covered is not held against anything, as AWS does for HTTP, API Gateway and
//! EKS `call`.

mod model;

use stepwright_core::asl::model::{Pattern, Resource, ServiceResource};
use stepwright_core::expr::{Map, Value};

use super::error::Error;
use model::Model;

/// `fieldValidationMode`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// What is required must be there, and what is there must fit.
    Strict,
    /// What is there must fit.
    Present,
    /// Anything goes.
    None,
}

impl Mode {
    /// The mode of this name; the default is strict.
    pub(super) fn of(name: Option<&str>) -> Mode {
        match name {
            Some("PRESENT") => Mode::Present,
            Some("NONE") => Mode::None,
            _ => Mode::Strict,
        }
    }
}

/// Holds a mocked result against the model of what the task calls.
///
/// # Errors
/// `ValidationException` for the first field that does not fit.
pub(super) fn check(resource: &Resource, result: &Value, mode: Mode) -> Result<(), Error> {
    let Resource::Service(service) = resource else { return Ok(()) };
    let (Some(answer), true) = (answer_of(service), mode != Mode::None) else { return Ok(()) };
    let Some((model, shape)) = Model::of(answer.service, answer.action) else { return Ok(()) };
    let check = Check { model, mode, free: answer.free };
    let checked = match result {
        Value::Object(members) => check.members(shape, members, true),
        _ => Err("Mocked result must be an object".to_owned()),
    };
    checked.map_err(|why| Error::validation(format!("Mock result schema validation error: {why}")))
}

/// The answer of an integration: an action of a service, and the fields that the integration turns into JSON.
struct Answer<'a> {
    service: &'a str,
    action: &'a str,
    free: &'static [&'static str],
}

fn answer_of(service: &ServiceResource) -> Option<Answer<'_>> {
    // The token's holder gives the result, not the service.
    if service.pattern == Pattern::WaitForTaskToken {
        return None;
    }
    if let Some(name) = service.resource_type.strip_prefix("aws-sdk:") {
        return Some(Answer { service: name, action: &service.action, free: &[] });
    }
    let polled = matches!(service.pattern, Pattern::Sync | Pattern::Sync2);
    let row = OPTIMIZED
        .iter()
        .find(|row| row.integration == &*service.resource_type && row.action == &*service.action);
    if let Some(row) = row {
        let action = if polled { row.polled? } else { row.calls };
        return Some(Answer { service: row.service, action, free: row.free });
    }
    let (_, name) = SAME_ACTIONS.iter().find(|(of, _)| *of == &*service.resource_type)?;
    (!polled).then_some(Answer { service: name, action: &service.action, free: &[] })
}

struct Check<'a> {
    model: Model,
    mode: Mode,
    free: &'a [&'a str],
}

impl Check<'_> {
    fn members(&self, shape: usize, members: &Map, top: bool) -> Result<(), String> {
        for field in self.model.fields(shape) {
            let free = top && self.free.contains(&field.name);
            match members.get(field.name).filter(|value| **value != Value::Null) {
                Some(value) if !free => self.value(field.kind, value, field.name)?,
                None if field.required && self.mode == Mode::Strict => {
                    return Err(format!("Required field '{}' is missing", field.name));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn value(&self, kind: &str, value: &Value, field: &str) -> Result<(), String> {
        let (kind, bounds) = model::bounds(kind);
        let size = match (kind.as_bytes().first(), value) {
            (Some(b's' | b'b'), Value::String(text)) => text.chars().count() as f64,
            (Some(b't'), Value::String(_)) | (Some(b'f'), Value::Bool(_)) | (Some(b'*'), _) => {
                return Ok(());
            }
            (Some(b'n'), Value::Int(_) | Value::Float(_)) => value.as_f64().unwrap_or_default(),
            (Some(b'['), Value::Array(items)) => {
                let kind = model::inner(kind);
                items.iter().try_for_each(|item| self.value(kind, item, field))?;
                items.len() as f64
            }
            (Some(b'<'), Value::Object(members)) => {
                let kind = model::inner(kind);
                return members.values().try_for_each(|item| self.value(kind, item, field));
            }
            (Some(b'0'..=b'9'), Value::Object(members)) => {
                return kind.parse().map_or(Ok(()), |shape| self.members(shape, members, false));
            }
            _ => return Err(format!("Field '{field}' must be {}", wanted(kind))),
        };
        match model::outside(bounds, size) {
            None => Ok(()),
            Some(side) => Err(format!("Field '{field}' {}", overstepped(kind, side))),
        }
    }
}

fn wanted(kind: &str) -> &'static str {
    match kind.as_bytes().first() {
        Some(b's' | b'b' | b't') => "a string",
        Some(b'n') => "a number",
        Some(b'f') => "a boolean",
        Some(b'[') => "an array",
        _ => "an object",
    }
}

fn overstepped(kind: &str, side: model::Side) -> &'static str {
    match (kind == "n", side) {
        (true, model::Side::Below) => "is less than the minimum value",
        (true, model::Side::Above) => "exceeds the maximum value",
        (false, model::Side::Below) => "is smaller than the minimum length",
        (false, model::Side::Above) => "exceeds the maximum length",
    }
}

/// An optimized integration that is not called as its action in the API is, or whose answer is changed.
struct Optimized {
    integration: &'static str,
    action: &'static str,
    service: &'static str,
    calls: &'static str,
    /// What is polled for `.sync`.
    polled: Option<&'static str>,
    /// Fields that come as JSON of any kind.
    free: &'static [&'static str],
}

const fn polls(
    integration: &'static str,
    action: &'static str,
    service: &'static str,
    polled: &'static str,
) -> Optimized {
    Optimized { integration, action, service, calls: action, polled: Some(polled), free: &[] }
}

const fn free(
    integration: &'static str,
    service: &'static str,
    free: &'static [&'static str],
) -> Optimized {
    let (action, polled) = (if free.len() == 1 { "invoke" } else { "invokeModel" }, None);
    Optimized { integration, action, service, calls: action, polled, free }
}

const OPTIMIZED: &[Optimized] = &[
    free("lambda", "lambda", &["Payload"]),
    free("bedrock", "bedrockruntime", &["Body", "ContentType"]),
    Optimized {
        free: &["Input", "Output"],
        ..polls("states", "startExecution", "sfn", "describeExecution")
    },
    polls("athena", "startQueryExecution", "athena", "getQueryExecution"),
    polls("batch", "submitJob", "batch", "describeJobs"),
    polls("bedrock", "createModelCustomizationJob", "bedrock", "getModelCustomizationJob"),
    polls("codebuild", "startBuild", "codebuild", "batchGetBuilds"),
    polls("codebuild", "startBuildBatch", "codebuild", "batchGetBuildBatches"),
    polls("databrew", "startJobRun", "databrew", "describeJobRun"),
    polls("ecs", "runTask", "ecs", "describeTasks"),
    polls("eks", "createCluster", "eks", "describeCluster"),
    polls("eks", "deleteCluster", "eks", "describeCluster"),
    polls("eks", "createFargateProfile", "eks", "describeFargateProfile"),
    polls("eks", "deleteFargateProfile", "eks", "describeFargateProfile"),
    polls("eks", "createNodegroup", "eks", "describeNodegroup"),
    polls("eks", "deleteNodegroup", "eks", "describeNodegroup"),
    Optimized {
        calls: "runJobFlow",
        ..polls("elasticmapreduce", "createCluster", "emr", "describeCluster")
    },
    Optimized {
        calls: "terminateJobFlows",
        ..polls("elasticmapreduce", "terminateCluster", "emr", "describeCluster")
    },
    Optimized {
        calls: "addJobFlowSteps",
        ..polls("elasticmapreduce", "addStep", "emr", "describeStep")
    },
    polls("emr-containers", "startJobRun", "emrcontainers", "describeJobRun"),
    polls("emr-containers", "deleteVirtualCluster", "emrcontainers", "describeVirtualCluster"),
    polls("emr-serverless", "createApplication", "emrserverless", "getApplication"),
    polls("emr-serverless", "startApplication", "emrserverless", "getApplication"),
    polls("emr-serverless", "stopApplication", "emrserverless", "getApplication"),
    polls("emr-serverless", "startJobRun", "emrserverless", "getJobRun"),
    polls("emr-serverless", "cancelJobRun", "emrserverless", "getJobRun"),
    polls("glue", "startJobRun", "glue", "getJobRun"),
    polls("mediaconvert", "createJob", "mediaconvert", "getJob"),
    polls("sagemaker", "createTrainingJob", "sagemaker", "describeTrainingJob"),
    polls("sagemaker", "createTransformJob", "sagemaker", "describeTransformJob"),
    polls("sagemaker", "createLabelingJob", "sagemaker", "describeLabelingJob"),
    polls("sagemaker", "createProcessingJob", "sagemaker", "describeProcessingJob"),
    polls(
        "sagemaker",
        "createHyperParameterTuningJob",
        "sagemaker",
        "describeHyperParameterTuningJob",
    ),
];

/// Optimized integrations whose other actions are those of the API: name of the integration, name of the model.
const SAME_ACTIONS: &[(&str, &str)] = &[
    ("athena", "athena"),
    ("codebuild", "codebuild"),
    ("dynamodb", "dynamodb"),
    ("emr-containers", "emrcontainers"),
    ("emr-serverless", "emrserverless"),
    ("events", "eventbridge"),
    ("sagemaker", "sagemaker"),
    ("sns", "sns"),
    ("sqs", "sqs"),
];

#[cfg(test)]
mod tests;
