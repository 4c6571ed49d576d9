//! What leaves the process when a task calls a service.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::binary::{Server, stepwright};

/// An endpoint that answers `{}` to everything, and the heads of what it was asked, in lower case.
struct Endpoint {
    url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Endpoint {
    fn start() -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = heads.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, &log);
            }
        });
        Endpoint { url, heads }
    }

    /// All heads, of which there is one at least; they are forgotten then.
    fn heads(&self) -> Vec<String> {
        let heads: Vec<_> = self.heads.lock().unwrap().drain(..).collect();
        assert!(!heads.is_empty());
        heads
    }
}

/// Notes the head before it answers: who gets the answer may look for it at once.
fn answer(mut stream: TcpStream, heads: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut line) = (String::new(), String::new());
    while reader.read_line(&mut line).unwrap() > 2 {
        head.push_str(&line.to_ascii_lowercase());
        line.clear();
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body).unwrap();
    heads.lock().unwrap().push(head);
    let headers = "content-type: application/json\r\ncontent-length: 2\r\nconnection: close";
    write!(stream, "HTTP/1.1 200 OK\r\n{headers}\r\n\r\n{{}}").unwrap();
}

fn outcome(server: &Server, resource: &str, parameters: &Value) -> Value {
    server.ended(&server.run(&task(resource, parameters)))
}

fn task(resource: &str, parameters: &Value) -> Value {
    let resource = format!("arn:aws:states:::{resource}");
    json!({"Type": "Task", "Resource": resource, "Parameters": parameters, "End": true})
}

/// A distributed Map over an object in S3.
fn map_of_object() -> Value {
    let each = json!({
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}
    });
    let reader = json!({
        "Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": "b", "Key": "k"}
    });
    json!({"Type": "Map", "ItemReader": reader, "ItemProcessor": each, "End": true})
}

const TRACE: &str = "Root=1-5e1b4151-5ac6c58f3acc0b6ad6ab0d38;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:a87bd80c:15|68fd508a:5";

#[test]
fn inside_lambda_the_count_of_invocations_stays_behind_and_each_service_is_where_its_variable_says()
{
    let (dynamodb, rest) = (Endpoint::start(), Endpoint::start());
    let environment = [
        ("AWS_LAMBDA_FUNCTION_NAME", "engine"),
        ("_X_AMZN_TRACE_ID", TRACE),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("DYNAMODB_ENDPOINT", &dynamodb.url),
        ("SQS_ENDPOINT", ""),
        ("AWS_ENDPOINT_URL", &rest.url),
    ];
    let server = Server::start_with(&["--in-memory"], &environment);
    let queue = json!({"QueueUrl": format!("{}/1/q", rest.url), "MessageBody": "b"});
    let key = json!({"TableName": "t", "Key": {"k": {"S": "v"}}});
    let connection = "arn:aws:events:us-east-1:123456789012:connection/c/1";
    let web = json!({
        "ApiEndpoint": "https://example.org", "Method": "GET", "Authentication": {"ConnectionArn": connection}
    });
    let topic = json!({"TopicArn": "arn:aws:sns:us-east-1:123456789012:t", "Message": "m"});
    let calls = [
        (task("aws-sdk:dynamodb:listTables", &json!({})), &dynamodb),
        (task("aws-sdk:sqs:listQueues", &json!({})), &rest),
        (task("glue:startJobRun", &json!({"JobName": "j"})), &rest),
        (task("lambda:invoke", &json!({"FunctionName": "f"})), &rest),
        (task("sqs:sendMessage", &queue), &rest),
        (task("sns:publish", &topic), &rest),
        (task("dynamodb:getItem", &key), &dynamodb),
        (task("http:invoke", &web), &rest),
        (map_of_object(), &rest),
    ];
    for (state, endpoint) in calls {
        server.ended(&server.run(&state));
        endpoint.heads().iter().for_each(|head| leaves_the_count_behind(head));
    }
}

#[test]
fn inside_lambda_what_the_engine_itself_asks_for_leaves_the_count_behind_too() {
    let rest = Endpoint::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("m.asl.json");
    std::fs::write(&file, r#"{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}"#).unwrap();
    let mut deploy = stepwright();
    deploy.arg("deploy").arg(&file).args(["--endpoint", &rest.url]).envs([
        ("AWS_LAMBDA_FUNCTION_NAME", "engine"),
        ("_X_AMZN_TRACE_ID", TRACE),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ]);
    assert!(deploy.output().unwrap().status.success());
    let heads = rest.heads();
    assert_eq!(heads.len(), 2, "ListStateMachines, CreateStateMachine: {heads:?}");
    heads.iter().for_each(|head| leaves_the_count_behind(head));
}

/// The trace goes on, signed requests stay signed, but how many invocations in a row this is does not go with them.
fn leaves_the_count_behind(head: &str) {
    let trace = head.lines().find_map(|line| line.strip_prefix("x-amzn-trace-id: "));
    let kept = TRACE.split(";Lineage").next().unwrap().to_ascii_lowercase();
    assert_eq!(trace, Some(&*kept), "{head}");
    assert!(head.contains("authorization: aws4-hmac-sha256 credential=id/"), "{head}");
}

#[test]
fn without_credentials_a_task_fails_at_once_and_says_what_is_missing() {
    let rest = Endpoint::start();
    let environment = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", &*rest.url),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_ACCESS_KEY_ID", ""),
        ("AWS_SECRET_ACCESS_KEY", ""),
        ("AWS_PROFILE", ""),
    ];
    let server = Server::start_with(&["--in-memory"], &environment);
    for resource in ["aws-sdk:dynamodb:listTables", "athena:getQueryExecution"] {
        let parameters =
            if resource.contains("athena") { json!({"QueryExecutionId": "q"}) } else { json!({}) };
        let found = outcome(&server, resource, &parameters);
        assert_eq!(found["error"], "States.TaskFailed", "{found}");
        let cause = found["cause"].as_str().unwrap();
        assert!(cause.starts_with("There are no AWS credentials"), "{cause}");
    }
    assert!(rest.heads.lock().unwrap().is_empty());
}

#[test]
fn a_definition_that_names_what_no_service_has_is_refused() {
    let server = Server::start(&["--in-memory"]);
    let state =
        json!({"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:getObjekt", "End": true});
    let definition = json!({"StartAt": "S", "States": {"S": state}}).to_string();
    let machine = json!({"name": "m", "definition": definition, "roleArn": "arn:aws:iam::123456789012:role/r"});
    let refused = server.call("CreateStateMachine", &machine);
    assert!(refused.to_string().contains("aws-sdk:s3:getObjekt is not recognized"), "{refused}");
}
