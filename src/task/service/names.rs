//! The services whose optimized integrations need nothing but the generic client, and what they are called where.

use crate::task::sdk::OptimizedNames;

/// One service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    /// Type of the resource, `elasticmapreduce`.
    pub(super) resource: &'static str,
    /// The service of the generic client, `emr`.
    pub(super) service: &'static str,
    /// How its errors are named.
    pub(super) errors: OptimizedNames,
    /// Its actions (AWS's developer guide).
    pub(super) actions: &'static [&'static str],
}

/// A service by the type of its resources.
pub(super) fn names(resource: &str) -> Option<&'static Names> {
    SERVICES.iter().find(|names| names.resource == resource)
}

const fn row(
    (resource, service): (&'static str, &'static str),
    (prefix, label, base): (&'static str, &'static str, &'static str),
    actions: &'static [&'static str],
) -> Names {
    Names { resource, service, errors: OptimizedNames { prefix, service: label, base }, actions }
}

/// Names of errors as the classes of version 1 of the AWS SDK for Java have them.
pub(super) const SERVICES: &[Names] = &[
    row(
        ("athena", "athena"),
        ("Athena", "AmazonAthena", "AmazonAthenaException"),
        &["startQueryExecution", "stopQueryExecution", "getQueryExecution", "getQueryResults"],
    ),
    row(("batch", "batch"), ("Batch", "AWSBatch", "AWSBatchException"), &["submitJob"]),
    row(
        ("bedrock", "bedrock"),
        ("Bedrock", "AmazonBedrock", "AmazonBedrockException"),
        &["createModelCustomizationJob", "invokeModel"],
    ),
    row(
        ("codebuild", "codebuild"),
        ("CodeBuild", "AWSCodeBuild", "AWSCodeBuildException"),
        &[
            "startBuild",
            "stopBuild",
            "batchDeleteBuilds",
            "batchGetReports",
            "startBuildBatch",
            "stopBuildBatch",
            "retryBuildBatch",
            "deleteBuildBatch",
        ],
    ),
    row(
        ("databrew", "databrew"),
        ("GlueDataBrew", "AWSGlueDataBrew", "AWSGlueDataBrewException"),
        &["startJobRun"],
    ),
    row(("ecs", "ecs"), ("ECS", "AmazonECS", "AmazonECSException"), &["runTask"]),
    row(
        ("eks", "eks"),
        ("EKS", "AmazonEKS", "AmazonEKSException"),
        &[
            "createCluster",
            "deleteCluster",
            "createFargateProfile",
            "deleteFargateProfile",
            "createNodegroup",
            "deleteNodegroup",
        ],
    ),
    row(
        ("elasticmapreduce", "emr"),
        ("ElasticMapReduce", "AmazonElasticMapReduce", "AmazonElasticMapReduceException"),
        &[
            "createCluster",
            "terminateCluster",
            "addStep",
            "cancelStep",
            "setClusterTerminationProtection",
            "modifyInstanceFleetByName",
            "modifyInstanceGroupByName",
        ],
    ),
    row(
        ("emr-containers", "emrcontainers"),
        ("EMRContainers", "AmazonEMRContainers", "AmazonEMRContainersException"),
        &["createVirtualCluster", "deleteVirtualCluster", "startJobRun"],
    ),
    row(
        ("emr-serverless", "emrserverless"),
        ("EMRServerless", "AWSEMRServerless", "AWSEMRServerlessException"),
        &[
            "createApplication",
            "startApplication",
            "stopApplication",
            "deleteApplication",
            "startJobRun",
            "cancelJobRun",
        ],
    ),
    row(("glue", "glue"), ("Glue", "AWSGlue", "AWSGlueException"), &["startJobRun"]),
    row(
        ("mediaconvert", "mediaconvert"),
        ("MediaConvert", "AWSMediaConvert", "AWSMediaConvertException"),
        &["createJob"],
    ),
    row(
        ("sagemaker", "sagemaker"),
        ("SageMaker", "AmazonSageMaker", "AmazonSageMakerException"),
        &[
            "createTrainingJob",
            "createTransformJob",
            "createLabelingJob",
            "createProcessingJob",
            "createHyperParameterTuningJob",
            "createEndpoint",
            "createEndpointConfig",
            "createModel",
            "updateEndpoint",
        ],
    ),
];
