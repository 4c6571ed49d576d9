//! Jobs as data: for each integration with a `.sync` form how it is submitted, watched and stopped.
//!
//! A template is JSON in which `$Name` stands for a part of the handle; the handle is made of the parameters and the
//! answer of the submission. A path names members and places of lists, `Jobs.0.Status`.

/// A kind of job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    /// Type of the resource, `batch`.
    pub(super) service: &'static str,
    /// Action of the resource, `submitJob`.
    pub(super) action: &'static str,
    /// Parts of the handle: name, and path in the answer of the submission or else in its parameters.
    pub(super) handle: &'static [(&'static str, &'static str)],
    /// The operation that describes the job, and its parameters.
    pub(super) look: (&'static str, &'static str),
    /// Path of the job's status in the description.
    pub(super) status: &'static str,
    /// Statuses of a job that ended well.
    pub(super) succeeded: &'static [&'static str],
    /// Statuses of a job that did not. In all others it goes on.
    pub(super) failed: &'static [&'static str],
    /// What of the description is the output, and the cause of a failure.
    pub(super) result: Part,
    /// The operation that stops the job, and its parameters, if there is one.
    pub(super) stop: Option<(&'static str, &'static str)>,
}

/// A part of a description.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// What is at a path.
    At(&'static str),
    /// What is at a path, as the only member of an object.
    Wrapped(&'static str, &'static str),
}

/// A status that means that a job's description is there no more.
pub(super) const GONE: &str = "(gone)";

/// The job of an integration.
pub(super) fn job(service: &str, action: &str) -> Option<&'static Job> {
    JOBS.iter().find(|job| job.service == service && job.action == action)
}

/// AWS's developer guide, "Integrating optimized services"; statuses from the services' API models.
pub(super) const JOBS: &[Job] = &[
    Job {
        service: "batch",
        action: "submitJob",
        handle: &[("JobId", "JobId")],
        look: ("describeJobs", r#"{"Jobs":["$JobId"]}"#),
        status: "Jobs.0.Status",
        succeeded: &["SUCCEEDED"],
        failed: &["FAILED"],
        result: Part::At("Jobs.0"),
        stop: Some(("terminateJob", r#"{"JobId":"$JobId","Reason":"The task was stopped"}"#)),
    },
    Job {
        service: "ecs",
        action: "runTask",
        handle: &[("Task", "Tasks.0.TaskArn"), ("Cluster", "Tasks.0.ClusterArn")],
        look: ("describeTasks", r#"{"Cluster":"$Cluster","Tasks":["$Task"]}"#),
        // Whether a stopped task has failed its containers say; see `ended`.
        status: "Tasks.0.LastStatus",
        succeeded: &["STOPPED"],
        failed: &[],
        result: Part::At("Tasks.0"),
        stop: Some((
            "stopTask",
            r#"{"Cluster":"$Cluster","Task":"$Task","Reason":"The task was stopped"}"#,
        )),
    },
    Job {
        service: "glue",
        action: "startJobRun",
        handle: &[("JobName", "JobName"), ("RunId", "JobRunId")],
        look: ("getJobRun", r#"{"JobName":"$JobName","RunId":"$RunId"}"#),
        status: "JobRun.JobRunState",
        succeeded: &["SUCCEEDED"],
        failed: &["FAILED", "TIMEOUT", "STOPPED", "ERROR", "EXPIRED"],
        result: Part::At("JobRun"),
        stop: Some(("batchStopJobRun", r#"{"JobName":"$JobName","JobRunIds":["$RunId"]}"#)),
    },
    Job {
        service: "codebuild",
        action: "startBuild",
        handle: &[("Id", "Build.Id")],
        look: ("batchGetBuilds", r#"{"Ids":["$Id"]}"#),
        status: "Builds.0.BuildStatus",
        succeeded: &["SUCCEEDED"],
        failed: &["FAILED", "FAULT", "TIMED_OUT", "STOPPED"],
        result: Part::Wrapped("Builds.0", "Build"),
        stop: Some(("stopBuild", r#"{"Id":"$Id"}"#)),
    },
    Job {
        service: "codebuild",
        action: "startBuildBatch",
        handle: &[("Id", "BuildBatch.Id")],
        look: ("batchGetBuildBatches", r#"{"Ids":["$Id"]}"#),
        status: "BuildBatches.0.BuildBatchStatus",
        succeeded: &["SUCCEEDED"],
        failed: &["FAILED", "FAULT", "TIMED_OUT", "STOPPED"],
        result: Part::Wrapped("BuildBatches.0", "BuildBatch"),
        stop: Some(("stopBuildBatch", r#"{"Id":"$Id"}"#)),
    },
    Job {
        service: "athena",
        action: "startQueryExecution",
        handle: &[("Id", "QueryExecutionId")],
        look: ("getQueryExecution", r#"{"QueryExecutionId":"$Id"}"#),
        status: "QueryExecution.Status.State",
        succeeded: &["SUCCEEDED"],
        failed: &["FAILED", "CANCELLED"],
        result: Part::Whole,
        stop: Some(("stopQueryExecution", r#"{"QueryExecutionId":"$Id"}"#)),
    },
    Job {
        service: "elasticmapreduce",
        action: "createCluster",
        handle: &[("Id", "ClusterId")],
        look: ("describeCluster", r#"{"ClusterId":"$Id"}"#),
        status: "Cluster.Status.State",
        succeeded: &["WAITING", "TERMINATED"],
        failed: &["TERMINATED_WITH_ERRORS"],
        result: Part::Whole,
        stop: Some(("terminateJobFlows", r#"{"JobFlowIds":["$Id"]}"#)),
    },
    Job {
        service: "elasticmapreduce",
        action: "addStep",
        handle: &[("Cluster", "ClusterId"), ("Step", "StepId")],
        look: ("describeStep", r#"{"ClusterId":"$Cluster","StepId":"$Step"}"#),
        status: "Step.Status.State",
        succeeded: &["COMPLETED"],
        failed: &["CANCELLED", "FAILED", "INTERRUPTED"],
        result: Part::Whole,
        stop: Some(("cancelSteps", r#"{"ClusterId":"$Cluster","StepIds":["$Step"]}"#)),
    },
    Job {
        service: "elasticmapreduce",
        action: "terminateCluster",
        handle: &[("Id", "ClusterId")],
        look: ("describeCluster", r#"{"ClusterId":"$Id"}"#),
        status: "Cluster.Status.State",
        succeeded: &["TERMINATED", "TERMINATED_WITH_ERRORS"],
        failed: &[],
        result: Part::Whole,
        stop: None,
    },
    Job {
        service: "emr-containers",
        action: "startJobRun",
        handle: &[("Cluster", "VirtualClusterId"), ("Id", "Id")],
        look: ("describeJobRun", r#"{"Id":"$Id","VirtualClusterId":"$Cluster"}"#),
        status: "JobRun.State",
        succeeded: &["COMPLETED"],
        failed: &["FAILED", "CANCELLED"],
        result: Part::Whole,
        stop: Some(("cancelJobRun", r#"{"Id":"$Id","VirtualClusterId":"$Cluster"}"#)),
    },
    Job {
        service: "emr-containers",
        action: "deleteVirtualCluster",
        handle: &[("Id", "Id")],
        look: ("describeVirtualCluster", r#"{"Id":"$Id"}"#),
        status: "VirtualCluster.State",
        succeeded: &["TERMINATED", GONE],
        failed: &["ARRESTED"],
        result: Part::Whole,
        stop: None,
    },
    Job {
        service: "emr-serverless",
        action: "startJobRun",
        handle: &[("Application", "ApplicationId"), ("Id", "JobRunId")],
        look: ("getJobRun", r#"{"ApplicationId":"$Application","JobRunId":"$Id"}"#),
        status: "JobRun.State",
        succeeded: &["SUCCESS"],
        failed: &["FAILED", "CANCELLED"],
        result: Part::Whole,
        stop: Some(("cancelJobRun", r#"{"ApplicationId":"$Application","JobRunId":"$Id"}"#)),
    },
    Job {
        service: "emr-serverless",
        action: "cancelJobRun",
        handle: &[("Application", "ApplicationId"), ("Id", "JobRunId")],
        look: ("getJobRun", r#"{"ApplicationId":"$Application","JobRunId":"$Id"}"#),
        status: "JobRun.State",
        succeeded: &["CANCELLED", "SUCCESS", "FAILED"],
        failed: &[],
        result: Part::Whole,
        stop: None,
    },
    application("createApplication", &["CREATED", "STARTED"], &["TERMINATED"]),
    application("startApplication", &["STARTED"], &["STOPPED", "TERMINATED"]),
    application("stopApplication", &["STOPPED"], &["TERMINATED"]),
    application("deleteApplication", &["TERMINATED", GONE], &[]),
    Job {
        service: "databrew",
        action: "startJobRun",
        handle: &[("Name", "Name"), ("RunId", "RunId")],
        look: ("describeJobRun", r#"{"Name":"$Name","RunId":"$RunId"}"#),
        status: "State",
        succeeded: &["SUCCEEDED"],
        failed: &["FAILED", "STOPPED", "TIMEOUT"],
        result: Part::Whole,
        stop: Some(("stopJobRun", r#"{"Name":"$Name","RunId":"$RunId"}"#)),
    },
    Job {
        service: "mediaconvert",
        action: "createJob",
        handle: &[("Id", "Job.Id")],
        look: ("getJob", r#"{"Id":"$Id"}"#),
        status: "Job.Status",
        succeeded: &["COMPLETE"],
        failed: &["CANCELED", "ERROR"],
        result: Part::Whole,
        stop: Some(("cancelJob", r#"{"Id":"$Id"}"#)),
    },
    Job {
        service: "bedrock",
        action: "createModelCustomizationJob",
        handle: &[("Id", "JobArn")],
        look: ("getModelCustomizationJob", r#"{"JobIdentifier":"$Id"}"#),
        status: "Status",
        succeeded: &["Completed"],
        failed: &["Failed", "Stopped"],
        result: Part::Whole,
        stop: Some(("stopModelCustomizationJob", r#"{"JobIdentifier":"$Id"}"#)),
    },
    training(
        "createTrainingJob",
        &[("Name", "TrainingJobName")],
        ("describeTrainingJob", r#"{"TrainingJobName":"$Name"}"#),
        "TrainingJobStatus",
        ("stopTrainingJob", r#"{"TrainingJobName":"$Name"}"#),
    ),
    training(
        "createTransformJob",
        &[("Name", "TransformJobName")],
        ("describeTransformJob", r#"{"TransformJobName":"$Name"}"#),
        "TransformJobStatus",
        ("stopTransformJob", r#"{"TransformJobName":"$Name"}"#),
    ),
    training(
        "createLabelingJob",
        &[("Name", "LabelingJobName")],
        ("describeLabelingJob", r#"{"LabelingJobName":"$Name"}"#),
        "LabelingJobStatus",
        ("stopLabelingJob", r#"{"LabelingJobName":"$Name"}"#),
    ),
    training(
        "createProcessingJob",
        &[("Name", "ProcessingJobName")],
        ("describeProcessingJob", r#"{"ProcessingJobName":"$Name"}"#),
        "ProcessingJobStatus",
        ("stopProcessingJob", r#"{"ProcessingJobName":"$Name"}"#),
    ),
    training(
        "createHyperParameterTuningJob",
        &[("Name", "HyperParameterTuningJobName")],
        ("describeHyperParameterTuningJob", r#"{"HyperParameterTuningJobName":"$Name"}"#),
        "HyperParameterTuningJobStatus",
        ("stopHyperParameterTuningJob", r#"{"HyperParameterTuningJobName":"$Name"}"#),
    ),
    kubernetes("createCluster", CLUSTER, "Cluster.Status", &["ACTIVE"], &["FAILED"]),
    kubernetes("deleteCluster", CLUSTER, "Cluster.Status", &[GONE], &["FAILED"]),
    kubernetes(
        "createNodegroup",
        NODEGROUP,
        "Nodegroup.Status",
        &["ACTIVE"],
        &["CREATE_FAILED", "DEGRADED"],
    ),
    kubernetes("deleteNodegroup", NODEGROUP, "Nodegroup.Status", &[GONE], &["DELETE_FAILED"]),
    kubernetes(
        "createFargateProfile",
        PROFILE,
        "FargateProfile.Status",
        &["ACTIVE"],
        &["CREATE_FAILED"],
    ),
    kubernetes(
        "deleteFargateProfile",
        PROFILE,
        "FargateProfile.Status",
        &[GONE],
        &["DELETE_FAILED"],
    ),
];

/// An application of EMR Serverless on its way to a state.
const fn application(
    action: &'static str,
    succeeded: &'static [&'static str],
    failed: &'static [&'static str],
) -> Job {
    Job {
        service: "emr-serverless",
        action,
        handle: &[("Id", "ApplicationId")],
        look: ("getApplication", r#"{"ApplicationId":"$Id"}"#),
        status: "Application.State",
        succeeded,
        failed,
        result: Part::Whole,
        stop: None,
    }
}

/// A job of SageMaker; they differ in their names alone.
const fn training(
    action: &'static str,
    handle: &'static [(&'static str, &'static str)],
    look: (&'static str, &'static str),
    status: &'static str,
    stop: (&'static str, &'static str),
) -> Job {
    Job {
        service: "sagemaker",
        action,
        handle,
        look,
        status,
        succeeded: &["Completed"],
        failed: &["Failed", "Stopped"],
        result: Part::Whole,
        stop: Some(stop),
    }
}

/// What EKS makes or deletes: parts of the handle, and how it is described.
type Resource = (&'static [(&'static str, &'static str)], (&'static str, &'static str));

const CLUSTER: Resource = (&[("Name", "Name")], ("describeCluster", r#"{"Name":"$Name"}"#));
const NODEGROUP: Resource = (
    &[("Cluster", "ClusterName"), ("Name", "NodegroupName")],
    ("describeNodegroup", r#"{"ClusterName":"$Cluster","NodegroupName":"$Name"}"#),
);
const PROFILE: Resource = (
    &[("Cluster", "ClusterName"), ("Name", "FargateProfileName")],
    ("describeFargateProfile", r#"{"ClusterName":"$Cluster","FargateProfileName":"$Name"}"#),
);

/// A resource of EKS on its way to a status.
const fn kubernetes(
    action: &'static str,
    (handle, look): Resource,
    status: &'static str,
    succeeded: &'static [&'static str],
    failed: &'static [&'static str],
) -> Job {
    Job {
        service: "eks",
        action,
        handle,
        look,
        status,
        succeeded,
        failed,
        result: Part::Whole,
        stop: None,
    }
}
