//! Integrations that no server to be had speaks, by samples of their protocols (made from AWS's API models): what is sent to
//! submit a job, to look at it and to stop it, and what becomes of the answers.

use serde_json::Value as Json;
use stepwright::task::{Look, Performer};
use stepwright_core::asl::model::{Pattern, Resource};
use stepwright_core::engine::{JobCall, TaskCall, TaskOutcome};

use super::endpoint::{Canned, Endpoint, Seen};
use super::plain;
use super::services::{asking, tasks};

/// A job from its submission to its end, and what stops it.
struct Sample {
    resource: &'static str,
    parameters: &'static str,
    answers: &'static [Canned],
    /// Method, path and body of each request.
    asked: &'static [&'static str],
    /// What the task comes to.
    ended: &'static str,
}

const SAMPLES: &[Sample] = &[
    Sample {
        resource: "databrew:startJobRun",
        parameters: r#"{"Name":"nightly job"}"#,
        answers: &[
            ("/stopJobRun", 200, &[], r#"{"RunId":"db_1"}"#),
            ("/startJobRun", 200, &[], r#"{"RunId":"db_1"}"#),
            (
                "/jobRun/db_1",
                200,
                &[],
                r#"{"JobName":"nightly job","RunId":"db_1","State":"SUCCEEDED","ExecutionTime":7,"StartedOn":1772445600}"#,
            ),
        ],
        asked: &[
            "POST /jobs/nightly%20job/startJobRun ",
            "GET /jobs/nightly%20job/jobRun/db_1 ",
            "POST /jobs/nightly%20job/jobRun/db_1/stopJobRun ",
        ],
        ended: r#"{"ExecutionTime":7,"JobName":"nightly job","RunId":"db_1","StartedOn":1772445600000,"State":"SUCCEEDED"}"#,
    },
    Sample {
        resource: "mediaconvert:createJob",
        parameters: r#"{"Role":"arn:aws:iam::123456789012:role/r","Settings":{"Inputs":[{"FileInput":"s3://b/in.mp4"}]},"UserMetadata":{"OrderId":"1"}}"#,
        answers: &[
            ("POST /2017-08-29/jobs", 201, &[], r#"{"job":{"id":"1-a","status":"SUBMITTED"}}"#),
            ("DELETE /2017-08-29/jobs/1-a", 202, &[], "{}"),
            (
                "GET /2017-08-29/jobs/1-a",
                200,
                &[],
                r#"{"job":{"id":"1-a","status":"COMPLETE","userMetadata":{"OrderId":"1"}}}"#,
            ),
        ],
        asked: &[
            r#"POST /2017-08-29/jobs {"clientRequestToken":"token","role":"arn:aws:iam::123456789012:role/r","settings":{"inputs":[{"fileInput":"s3://b/in.mp4"}]},"userMetadata":{"OrderId":"1"}}"#,
            "GET /2017-08-29/jobs/1-a ",
            "DELETE /2017-08-29/jobs/1-a ",
        ],
        ended: r#"{"Job":{"Id":"1-a","Status":"COMPLETE","UserMetadata":{"OrderId":"1"}}}"#,
    },
    Sample {
        resource: "bedrock:createModelCustomizationJob",
        parameters: r#"{"JobName":"j","CustomModelName":"m","RoleArn":"arn:aws:iam::123456789012:role/r","BaseModelIdentifier":"b","TrainingDataConfig":{"S3Uri":"s3://b/t"},"OutputDataConfig":{"S3Uri":"s3://b/o"},"HyperParameters":{"epochCount":"1"}}"#,
        answers: &[
            ("POST /model-customization-jobs/", 200, &[], "{}"),
            ("POST /model-customization-jobs", 201, &[], r#"{"jobArn":"arn:j"}"#),
            (
                "GET /model-customization-jobs/",
                200,
                &[],
                r#"{"jobArn":"arn:j","jobName":"j","status":"Failed","failureMessage":"no data"}"#,
            ),
        ],
        asked: &[
            r#"POST /model-customization-jobs {"baseModelIdentifier":"b","clientRequestToken":"token","customModelName":"m","hyperParameters":{"epochCount":"1"},"jobName":"j","outputDataConfig":{"s3Uri":"s3://b/o"},"roleArn":"arn:aws:iam::123456789012:role/r","trainingDataConfig":{"s3Uri":"s3://b/t"}}"#,
            "GET /model-customization-jobs/arn%3Aj ",
            "POST /model-customization-jobs/arn%3Aj/stop ",
        ],
        ended: r#"States.TaskFailed {"FailureMessage":"no data","JobArn":"arn:j","JobName":"j","Status":"Failed"}"#,
    },
    Sample {
        resource: "eks:createNodegroup",
        parameters: r#"{"ClusterName":"c","NodegroupName":"n","NodeRole":"arn:r","Subnets":["s"]}"#,
        answers: &[
            ("POST /", 200, &[], r#"{"nodegroup":{"nodegroupName":"n","status":"CREATING"}}"#),
            ("GET /", 200, &[], r#"{"nodegroup":{"nodegroupName":"n","status":"ACTIVE"}}"#),
        ],
        asked: &[
            r#"POST /clusters/c/node-groups {"clientRequestToken":"token","nodeRole":"arn:r","nodegroupName":"n","subnets":["s"]}"#,
            "GET /clusters/c/node-groups/n ",
        ],
        ended: r#"{"Nodegroup":{"NodegroupName":"n","Status":"ACTIVE"}}"#,
    },
    Sample {
        resource: "eks:deleteFargateProfile",
        parameters: r#"{"ClusterName":"c","FargateProfileName":"f"}"#,
        answers: &[
            ("DELETE /", 200, &[], r#"{"fargateProfile":{"status":"DELETING"}}"#),
            (
                "GET /",
                404,
                &[("x-amzn-errortype", "ResourceNotFoundException")],
                r#"{"message":"No Fargate Profile found with name: f."}"#,
            ),
        ],
        asked: &["DELETE /clusters/c/fargate-profiles/f ", "GET /clusters/c/fargate-profiles/f "],
        ended: r#"{"Cluster":"c","Name":"f"}"#,
    },
];

fn told(seen: &[Seen]) -> Vec<String> {
    seen.iter().map(|seen| format!("{} {} {}", seen.method, seen.target, seen.body)).collect()
}

/// Method and path of a request, and what is in its body: the order of members is nobody's business.
fn parts(told: &str) -> (&str, Json) {
    let (start, body) = told.split_at(told.find('{').unwrap_or(told.len()));
    (start, serde_json::from_str(body).unwrap_or_default())
}

#[tokio::test]
async fn a_job_is_submitted_looked_at_and_stopped_in_its_service_s_protocol() {
    for sample in SAMPLES {
        let endpoint = Endpoint::start(sample.answers).await;
        let tasks = tasks(&endpoint.url);
        let mut call = asking(sample.resource, sample.parameters);
        if let Resource::Service(service) = &mut call.resource {
            service.pattern = Pattern::Sync;
        }
        let TaskCall { cursor, resource, origin, .. } = call.clone();
        let outcome = tasks.perform(&call).await;
        let TaskOutcome::Submitted { handle, .. } = outcome else {
            panic!("{}: {:?}", sample.resource, plain(outcome));
        };
        let job = JobCall { cursor, resource, handle, credentials: None, origin };
        let ended = match tasks.look(&job).await {
            Look::Running => "running".to_owned(),
            Look::Succeeded(output) => output.text().to_owned(),
            Look::Failed(failure) => {
                format!("{} {}", failure.error.unwrap(), failure.cause.unwrap())
            }
        };
        tasks.stop(&job).await;
        let seen = endpoint.seen();
        let asked = told(&seen);
        let (asked, expected) = (asked.iter().map(|one| parts(one)), sample.asked.iter());
        let expected: Vec<_> = expected.map(|one| parts(one)).collect();
        assert_eq!(asked.collect::<Vec<_>>(), expected, "{}", sample.resource);
        assert_eq!(ended, sample.ended, "{}", sample.resource);
        let service = sample.resource.split(':').next().unwrap();
        let scope = format!("/us-east-1/{service}/aws4_request");
        assert!(seen.iter().all(|seen| seen.header("authorization").unwrap().contains(&scope)));
    }
}

#[tokio::test]
async fn a_fleet_of_emr_is_found_by_its_name_on_whichever_page() {
    const ANSWERS: &[Canned] = &[
        ("ElasticMapReduce.ModifyInstanceFleet", 200, &[], ""),
        (
            "ElasticMapReduce.ListInstanceFleets",
            200,
            &[],
            r#"{"InstanceFleets":[{"Id":"if-1","Name":"core"}],"Marker":null}"#,
        ),
    ];
    let endpoint = Endpoint::start(ANSWERS).await;
    let parameters = r#"{"ClusterId":"j-1","InstanceFleetName":"core","InstanceFleet":{"TargetOnDemandCapacity":2}}"#;
    let call = asking("elasticmapreduce:modifyInstanceFleetByName", parameters);
    plain(tasks(&endpoint.url).perform(&call).await).unwrap();
    let seen = endpoint.seen();
    let bodies: Vec<_> = seen.iter().map(|seen| seen.body.as_str()).collect();
    let change = r#"{"ClusterId":"j-1","InstanceFleet":{"InstanceFleetId":"if-1","TargetOnDemandCapacity":2}}"#;
    assert_eq!(bodies, [r#"{"ClusterId":"j-1"}"#, change]);

    let call = asking(
        "elasticmapreduce:modifyInstanceFleetByName",
        r#"{"ClusterId":"j-1","InstanceFleetName":"other","InstanceFleet":{}}"#,
    );
    let (_, cause) = plain(tasks(&endpoint.url).perform(&call).await).unwrap_err();
    assert_eq!(cause, r#"The cluster "j-1" has no InstanceFleetName "other"."#);
}

#[tokio::test]
async fn bodies_for_a_model_lie_in_directories_where_those_stand_for_s3() {
    const ANSWERS: &[Canned] = &[("POST /model/m/invoke", 200, &[], r#"{"answer":42}"#)];
    let endpoint = Endpoint::start(ANSWERS).await;
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("b")).unwrap();
    let tasks = tasks(&endpoint.url).with_buckets(Some(root.path().to_owned()));
    tasks.objects().put("b", "in/q.json", r#"{"question":6}"#.into()).await.unwrap();
    let parameters = r#"{"ModelId":"m","Input":{"S3Uri":"s3://b/in/q.json"},"Output":{"S3Uri":"s3://b/out/a.json"}}"#;
    let output = plain(tasks.perform(&asking("bedrock:invokeModel", parameters)).await).unwrap();
    assert!(output.contains(r#""Body":"s3://b/out/a.json""#), "{output}");
    assert_eq!(told(&endpoint.seen()), [r#"POST /model/m/invoke {"question":6}"#]);
    let written = std::fs::read_to_string(root.path().join("b/out/a.json")).unwrap();
    assert_eq!(written, r#"{"answer":42}"#);

    let nowhere = r#"{"ModelId":"m","Input":{"S3Uri":"s3://b/none"}}"#;
    let (_, cause) =
        plain(tasks.perform(&asking("bedrock:invokeModel", nowhere)).await).unwrap_err();
    assert!(cause.contains("The specified key does not exist."), "{cause}");
}
