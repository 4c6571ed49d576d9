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
}

/// A service by the type of its resources.
pub(super) fn names(resource: &str) -> Option<&'static Names> {
    SERVICES.iter().find(|names| names.resource == resource)
}

const fn row(
    (resource, service): (&'static str, &'static str),
    (prefix, label, base): (&'static str, &'static str, &'static str),
) -> Names {
    Names { resource, service, errors: OptimizedNames { prefix, service: label, base } }
}

/// Names of errors as the classes of version 1 of the AWS SDK for Java have them.
pub(super) const SERVICES: &[Names] = &[
    row(("athena", "athena"), ("Athena", "AmazonAthena", "AmazonAthenaException")),
    row(("batch", "batch"), ("Batch", "AWSBatch", "AWSBatchException")),
    row(("bedrock", "bedrock"), ("Bedrock", "AmazonBedrock", "AmazonBedrockException")),
    row(("codebuild", "codebuild"), ("CodeBuild", "AWSCodeBuild", "AWSCodeBuildException")),
    row(("databrew", "databrew"), ("GlueDataBrew", "AWSGlueDataBrew", "AWSGlueDataBrewException")),
    row(("ecs", "ecs"), ("ECS", "AmazonECS", "AmazonECSException")),
    row(("eks", "eks"), ("EKS", "AmazonEKS", "AmazonEKSException")),
    row(
        ("elasticmapreduce", "emr"),
        ("ElasticMapReduce", "AmazonElasticMapReduce", "AmazonElasticMapReduceException"),
    ),
    row(
        ("emr-containers", "emrcontainers"),
        ("EMRContainers", "AmazonEMRContainers", "AmazonEMRContainersException"),
    ),
    row(
        ("emr-serverless", "emrserverless"),
        ("EMRServerless", "AWSEMRServerless", "AWSEMRServerlessException"),
    ),
    row(("glue", "glue"), ("Glue", "AWSGlue", "AWSGlueException")),
    row(
        ("mediaconvert", "mediaconvert"),
        ("MediaConvert", "AWSMediaConvert", "AWSMediaConvertException"),
    ),
    row(("sagemaker", "sagemaker"), ("SageMaker", "AmazonSageMaker", "AmazonSageMakerException")),
];
