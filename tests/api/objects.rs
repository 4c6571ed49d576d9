//! Distributed Maps that read from buckets and write to buckets, from end to end.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use stepwright::task::function::Functions;
use stepwright::task::{Settings, Tasks};
use stepwright_core::engine::Limits;

use super::work::World;
use super::world::{FLOW, ROLE, RUN};

/// A world with a bucket `b`.
async fn world(root: &Path) -> World {
    fs::create_dir_all(root.join("b")).unwrap();
    let tasks = Tasks::new(Functions::default(), Settings::default());
    World::with(Limits::AWS, Arc::new(tasks.with_buckets(Some(root.to_owned())))).await
}

/// Runs a distributed Map whose children fail for the item 2; what became of it.
async fn run(world: &World, input: &str, more: Value) -> Value {
    let mut map = json!({
        "Type": "Map", "Label": "each", "End": true, "MaxConcurrency": 1,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Each",
            "States": {
                "Each": {
                    "Type": "Choice", "Default": "Good",
                    "Choices": [{"Variable": "$", "NumericEquals": 2, "Next": "Bad"}]
                },
                "Good": {"Type": "Pass", "Parameters": {"all.$": "States.Array($, 'x')"}, "OutputPath": "$.all", "End": true},
                "Bad": {"Type": "Fail", "Error": "Bad", "Cause": "two"}
            },
        },
    });
    for (name, value) in more.as_object().unwrap() {
        map[name] = value.clone();
    }
    let definition = json!({"StartAt": "M", "States": {"M": map}}).to_string();
    world
        .does(
            "CreateStateMachine",
            json!({"name": "flow", "definition": definition, "roleArn": ROLE}),
        )
        .await;
    world
        .does("StartExecution", json!({"stateMachineArn": FLOW, "name": "run", "input": input}))
        .await;
    world.ended(RUN).await
}

fn writer(config: Value) -> Value {
    json!({
        "Resource": "arn:aws:states:::s3:putObject",
        "Parameters": {"Bucket": "b", "Prefix": "out"},
        "WriterConfig": config
    })
}

fn parsed(root: &Path, key: &str) -> Value {
    serde_json::from_slice(&fs::read(root.join("b").join(key)).unwrap()).unwrap()
}

#[tokio::test]
async fn results_are_written_as_aws_lays_them_out() {
    let root = tempfile::tempdir().unwrap();
    let world = world(root.path()).await;
    fs::write(root.path().join("b/in.jsonl"), "1\n2\n3\n").unwrap();
    let reader = json!({
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSONL"},
        "Parameters": {"Bucket": "b", "Key.$": "$.key"}
    });
    let more = json!({
        "ItemReader": reader, "ResultWriter": writer(json!({})), "ToleratedFailureCount": 1
    });
    let ended = run(&world, r#"{"key":"in.jsonl"}"#, more).await;
    let output: Value = serde_json::from_str(ended["output"].as_str().unwrap()).unwrap();
    let arn = output["MapRunArn"].as_str().unwrap();
    let id = arn.rsplit(':').next().unwrap();
    let folder = format!("out/{id}");
    let details = json!({"Bucket": "b", "Key": format!("{folder}/manifest.json")});
    assert_eq!(output["ResultWriterDetails"], details);
    let manifest = parsed(root.path(), &format!("{folder}/manifest.json"));
    assert_eq!(
        (&manifest["DestinationBucket"], &manifest["MapRunArn"]),
        (&json!("b"), &json!(arn))
    );
    let files = &manifest["ResultFiles"];
    assert_eq!(files["PENDING"], json!([]));
    assert_eq!(files["FAILED"][0]["Key"], json!(format!("{folder}/FAILED_0.json")));
    let succeeded = format!("{folder}/SUCCEEDED_0.json");
    let size = fs::metadata(root.path().join("b").join(&succeeded)).unwrap().len();
    assert_eq!(files["SUCCEEDED"], json!([{"Key": succeeded, "Size": size}]));
    let succeeded = parsed(root.path(), &succeeded);
    assert_eq!(succeeded.as_array().unwrap().len(), 2);
    for (field, expected) in [
        ("Input", json!("1")),
        ("Output", json!(r#"[1,"x"]"#)),
        ("OutputDetails", json!({"Included": true})),
        ("Status", json!("SUCCEEDED")),
        ("StateMachineArn", json!(format!("{FLOW}/each"))),
        ("RedriveStatus", json!("NOT_REDRIVABLE")),
    ] {
        assert_eq!(succeeded[0][field], expected, "{field}");
    }
    let failed = parsed(root.path(), &format!("{folder}/FAILED_0.json"));
    assert_eq!((&failed[0]["Error"], &failed[0]["Cause"]), (&json!("Bad"), &json!("two")));
    let described = world.does("DescribeMapRun", json!({"mapRunArn": arn})).await;
    assert_eq!(described["executionCounts"]["resultsWritten"], 2);
}

#[tokio::test]
async fn results_are_transformed_as_the_writer_says() {
    let table = [
        (json!({"Transformation": "COMPACT"}), "SUCCEEDED_0.json", "[[1,\"x\"],[3,\"x\"]]"),
        (json!({"Transformation": "FLATTEN"}), "SUCCEEDED_0.json", "[1,\"x\",3,\"x\"]"),
        (
            json!({"Transformation": "COMPACT", "OutputType": "JSONL"}),
            "SUCCEEDED_0.jsonl",
            "[1,\"x\"]\n[3,\"x\"]\n",
        ),
    ];
    for (config, file, expected) in table {
        let root = tempfile::tempdir().unwrap();
        let world = world(root.path()).await;
        let ended = run(&world, "[1,3]", json!({"ResultWriter": writer(config.clone())})).await;
        let output: Value = serde_json::from_str(ended["output"].as_str().unwrap()).unwrap();
        let key = output["ResultWriterDetails"]["Key"].as_str().unwrap().to_owned();
        let file = root.path().join("b").join(key.replace("manifest.json", file));
        assert_eq!(fs::read_to_string(file).unwrap(), expected, "{config}");
    }
}

#[tokio::test]
async fn results_without_a_bucket_are_the_state_s_own() {
    let table = [
        (json!({"Transformation": "FLATTEN"}), r#"[1,"x",3,"x"]"#),
        (json!({"OutputType": "JSON"}), r#"[[1,"x"],[3,"x"]]"#),
    ];
    for (config, expected) in table {
        let root = tempfile::tempdir().unwrap();
        let world = world(root.path()).await;
        let ended = run(&world, "[1,3]", json!({"ResultWriter": {"WriterConfig": config}})).await;
        assert_eq!(ended["output"], expected, "{config}");
    }
}

#[tokio::test]
async fn what_a_failed_run_did_not_begin_is_written_too() {
    let root = tempfile::tempdir().unwrap();
    let world = world(root.path()).await;
    let ended = run(&world, "[1,2,3]", json!({"ResultWriter": writer(json!({}))})).await;
    assert_eq!(
        (&ended["status"], &ended["error"]),
        (&json!("FAILED"), &json!("States.ExceedToleratedFailureThreshold"))
    );
    let runs = world.does("ListMapRuns", json!({"executionArn": RUN})).await;
    let arn = runs["mapRuns"][0]["mapRunArn"].as_str().unwrap();
    let folder = format!("out/{}", arn.rsplit(':').next().unwrap());
    let pending = parsed(root.path(), &format!("{folder}/PENDING_0.json"));
    assert_eq!(pending, json!([{"Input": "3", "InputDetails": {"Included": true}}]));
    let described = world.does("DescribeMapRun", json!({"mapRunArn": arn})).await;
    assert_eq!(
        (&described["status"], &described["executionCounts"]["pending"]),
        (&json!("FAILED"), &json!(1))
    );
}

#[tokio::test]
async fn a_reader_or_a_writer_that_fails_fails_the_run() {
    let reader = json!({"ItemReader": {
        "Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "none"}
    }});
    let mut nowhere = writer(json!({}));
    nowhere["Parameters"]["Bucket"] = json!("nowhere");
    let table = [
        (reader, "States.ItemReaderFailed", "The specified key does not exist."),
        (
            json!({"ResultWriter": nowhere}),
            "States.ResultWriterFailed",
            "The specified bucket does not exist",
        ),
    ];
    for (more, error, cause) in table {
        let root = tempfile::tempdir().unwrap();
        let world = world(root.path()).await;
        let ended = run(&world, "[1]", more).await;
        assert_eq!((&ended["status"], &ended["error"]), (&json!("FAILED"), &json!(error)));
        assert!(ended["cause"].as_str().unwrap().starts_with(cause), "{ended}");
        let told = world.does("GetExecutionHistory", json!({"executionArn": RUN})).await;
        let types: Vec<_> =
            told["events"].as_array().unwrap().iter().map(|event| event["type"].clone()).collect();
        let expected = [
            "ExecutionStarted",
            "MapStateEntered",
            "MapStateStarted",
            "MapRunStarted",
            "MapRunFailed",
            "MapStateFailed",
            "ExecutionFailed",
        ];
        assert_eq!(types, expected);
    }
}

#[tokio::test]
async fn results_that_are_too_large_to_be_a_result_say_so() {
    let root = tempfile::tempdir().unwrap();
    let world = world(root.path()).await;
    let long = "x".repeat(1_000);
    let lines: String = (0..300).map(|_| format!("\"{long}\"\n")).collect();
    fs::write(root.path().join("b/in.jsonl"), lines).unwrap();
    let reader = json!({
        "Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSONL"},
        "Parameters": {"Bucket": "b", "Key": "in.jsonl"}
    });
    let ended = run(&world, "{}", json!({"ItemReader": reader, "MaxConcurrency": 0})).await;
    assert_eq!(ended["error"], "States.DataLimitExceeded");
}
