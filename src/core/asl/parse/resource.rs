//! The `Resource` of a Task: functions, activities and service integrations, by the form of the ARN.

use crate::asl::model::Pattern::{self, RequestResponse, Sync, Sync2, WaitForTaskToken};
use crate::asl::model::{Resource, ServiceResource};

/// Parses a resource.
///
/// # Errors
/// What is wrong with it: no ARN of these forms, or an integration that does not exist.
pub(super) fn parse(arn: &str) -> Result<Resource, String> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, service, region, account, rest] = parts[..] else {
        return Err(NO_ARN.to_owned());
    };
    let placed = !region.is_empty() && !account.is_empty();
    let named = |kind: &str| rest.strip_prefix(kind).is_some_and(|name| !name.is_empty());
    match service {
        _ if !partition.starts_with("aws") => Err(NO_ARN.to_owned()),
        "lambda" if placed && named("function:") => Ok(Resource::LambdaFunction(arn.into())),
        "states" if placed && named("activity:") => Ok(Resource::Activity(arn.into())),
        "states" if account.is_empty() => match integration(arn, rest) {
            Some(service) => Ok(Resource::Service(service)),
            None => Err(format!(
                "The resource provided {arn} is not recognized. The value is not a valid resource ARN, \
                 or the resource is not available in this region."
            )),
        },
        _ => Err(NO_ARN.to_owned()),
    }
}

/// Whether an ARN is that of one of these S3 actions, as readers and writers of a distributed Map name them.
pub(super) fn is_s3_action(arn: &str, actions: &[&str]) -> bool {
    let action = arn.strip_prefix("arn:aws").and_then(|rest| rest.split_once(":states:::s3:"));
    action.is_some_and(|(_, action)| actions.contains(&action))
}

fn integration(arn: &str, rest: &str) -> Option<ServiceResource> {
    let pattern = [Sync2, Sync, WaitForTaskToken]
        .into_iter()
        .find(|pattern| rest.ends_with(pattern.suffix()))
        .unwrap_or(RequestResponse);
    let (resource_type, action) = rest.strip_suffix(pattern.suffix())?.rsplit_once(':')?;
    let plain = !action.is_empty() && action.bytes().all(|b| b.is_ascii_alphanumeric());
    if !plain || !offers(resource_type, action, pattern) {
        return None;
    }
    Some(ServiceResource {
        arn: arn.into(),
        resource_type: resource_type.into(),
        action: action.into(),
        pattern,
    })
}

fn offers(resource_type: &str, action: &str, pattern: Pattern) -> bool {
    if let Some(service) = resource_type.strip_prefix("aws-sdk:") {
        let plain = service.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        return !service.is_empty()
            && plain
            && matches!(pattern, RequestResponse | WaitForTaskToken);
    }
    row(resource_type).is_some_and(|(_, actions, patterns)| {
        actions.contains(&action) && (pattern == RequestResponse || patterns.contains(&pattern))
    })
}

/// The actions of an optimized integration by the type of its resources, `sqs`; none if it does not exist.
pub fn actions(resource_type: &str) -> &'static [&'static str] {
    row(resource_type).map_or(&[], |(_, actions, _)| actions)
}

fn row(resource_type: &str) -> Option<&'static Integration> {
    INTEGRATIONS.iter().find(|(service, ..)| *service == resource_type)
}

const NO_ARN: &str = "Value is not a valid resource ARN";

type Integration = (&'static str, &'static [&'static str], &'static [Pattern]);

/// Optimized integrations (AWS's developer guide): service, its actions, and the patterns that it offers beside request and
/// response.
const INTEGRATIONS: &[Integration] = &[
    ("lambda", &["invoke"], &[WaitForTaskToken]),
    ("http", &["invoke"], &[]),
    ("sqs", &["sendMessage"], &[WaitForTaskToken]),
    ("sns", &["publish"], &[WaitForTaskToken]),
    ("events", &["putEvents"], &[WaitForTaskToken]),
    ("dynamodb", &["getItem", "putItem", "updateItem", "deleteItem"], &[]),
    ("states", &["startExecution"], &[Sync, Sync2, WaitForTaskToken]),
    ("apigateway", &["invoke"], &[WaitForTaskToken]),
    ("athena", ATHENA, &[Sync]),
    ("batch", &["submitJob"], &[Sync]),
    ("bedrock", &["invokeModel", "createModelCustomizationJob"], &[Sync, WaitForTaskToken]),
    ("bedrockagentcore", &["invokeHarness"], &[]),
    ("codebuild", CODEBUILD, &[Sync]),
    ("databrew", &["startJobRun"], &[Sync]),
    ("ecs", &["runTask"], &[Sync, WaitForTaskToken]),
    ("eks", EKS, &[Sync, WaitForTaskToken]),
    ("elasticmapreduce", EMR, &[Sync]),
    ("emr-containers", EMR_CONTAINERS, &[Sync]),
    ("emr-serverless", EMR_SERVERLESS, &[Sync]),
    ("glue", &["startJobRun"], &[Sync]),
    ("mediaconvert", &["createJob"], &[Sync]),
    ("sagemaker", SAGEMAKER, &[Sync]),
];

const ATHENA: &[&str] =
    &["startQueryExecution", "stopQueryExecution", "getQueryExecution", "getQueryResults"];
const CODEBUILD: &[&str] = &[
    "startBuild",
    "stopBuild",
    "batchDeleteBuilds",
    "batchGetReports",
    "startBuildBatch",
    "stopBuildBatch",
    "retryBuildBatch",
    "deleteBuildBatch",
];
const EKS: &[&str] = &[
    "call",
    "runJob",
    "createCluster",
    "deleteCluster",
    "createFargateProfile",
    "deleteFargateProfile",
    "createNodegroup",
    "deleteNodegroup",
];
const EMR: &[&str] = &[
    "createCluster",
    "terminateCluster",
    "addStep",
    "cancelStep",
    "setClusterTerminationProtection",
    "modifyInstanceFleetByName",
    "modifyInstanceGroupByName",
];
const EMR_CONTAINERS: &[&str] = &["createVirtualCluster", "deleteVirtualCluster", "startJobRun"];
const EMR_SERVERLESS: &[&str] = &[
    "createApplication",
    "startApplication",
    "stopApplication",
    "deleteApplication",
    "startJobRun",
    "cancelJobRun",
];
const SAGEMAKER: &[&str] = &[
    "createTrainingJob",
    "createTransformJob",
    "createLabelingJob",
    "createProcessingJob",
    "createHyperParameterTuningJob",
    "createEndpoint",
    "createEndpointConfig",
    "createModel",
    "updateEndpoint",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(arn: &str) -> String {
        match parse(arn) {
            Ok(Resource::LambdaFunction(_)) => "function".to_owned(),
            Ok(Resource::Activity(_)) => "activity".to_owned(),
            Ok(Resource::Service(s)) => {
                format!("{} {} {:?}", s.resource_type, s.shown(), s.pattern)
            }
            Err(message) if message == NO_ARN => "no ARN".to_owned(),
            Err(_) => "not recognized".to_owned(),
        }
    }

    #[test]
    fn a_resource_is_told_by_the_form_of_its_arn() {
        let table = [
            ("arn:aws:lambda:eu-west-1:123456789012:function:bill", "function"),
            ("arn:aws-cn:lambda:cn-north-1:123456789012:function:bill:live", "function"),
            ("arn:aws:lambda:eu-west-1:123456789012:function:", "no ARN"),
            ("arn:aws:states:eu-west-1:123456789012:activity:pack", "activity"),
            ("arn:aws:states:::lambda:invoke", "lambda invoke RequestResponse"),
            (
                "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                "sqs sendMessage.waitForTaskToken WaitForTaskToken",
            ),
            ("arn:aws:states:::states:startExecution.sync:2", "states startExecution.sync:2 Sync2"),
            ("arn:aws:states:::states:startExecution.sync", "states startExecution.sync Sync"),
            (
                "arn:aws:states:::aws-sdk:s3:listObjectsV2",
                "aws-sdk:s3 listObjectsV2 RequestResponse",
            ),
            ("arn:aws:states:::aws-sdk:s3:listObjectsV2.sync", "not recognized"),
            ("arn:aws:states:::lambda:invoke.sync", "not recognized"),
            ("arn:aws:states:::lambda:invoke.later", "not recognized"),
            ("arn:aws:states:::teapot:brew", "not recognized"),
            ("arn:aws:states:::dynamodb:scan", "not recognized"),
            ("arn:aws:states:::athena:getQueryResults", "athena getQueryResults RequestResponse"),
            ("arn:aws:states:::athena:listWorkGroups", "not recognized"),
            ("arn:aws:s3:::bucket", "no ARN"),
            ("bill", "no ARN"),
            ("", "no ARN"),
        ];
        for (arn, expected) in table {
            assert_eq!(shown(arn), expected, "{arn}");
        }
    }
}
