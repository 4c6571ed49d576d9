//! What leaves the process when a task calls a service.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::binary::Server;

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
                let head = answer(stream);
                log.lock().unwrap().push(head);
            }
        });
        Endpoint { url, heads }
    }

    /// The only head, which is then forgotten.
    fn head(&self) -> String {
        let mut heads = self.heads.lock().unwrap();
        assert_eq!(heads.len(), 1, "{heads:?}");
        heads.remove(0)
    }
}

fn answer(mut stream: TcpStream) -> String {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut line) = (String::new(), String::new());
    while reader.read_line(&mut line).unwrap() > 2 {
        head.push_str(&line.to_ascii_lowercase());
        line.clear();
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body).unwrap();
    let headers = "content-type: application/json\r\ncontent-length: 2\r\nconnection: close";
    write!(stream, "HTTP/1.1 200 OK\r\n{headers}\r\n\r\n{{}}").unwrap();
    head
}

fn outcome(server: &Server, resource: &str, parameters: &Value) -> Value {
    let resource = format!("arn:aws:states:::{resource}");
    let parameters =
        json!({"Type": "Task", "Resource": resource, "Parameters": parameters, "End": true});
    server.ended(&server.run(&parameters))
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
    let calls = [
        ("aws-sdk:dynamodb:listTables", json!({}), &dynamodb),
        ("aws-sdk:sqs:listQueues", json!({}), &rest),
        ("glue:startJobRun", json!({"JobName": "j"}), &rest),
        ("lambda:invoke", json!({"FunctionName": "f"}), &rest),
        ("sqs:sendMessage", queue, &rest),
    ];
    for (resource, parameters, endpoint) in calls {
        outcome(&server, resource, &parameters);
        let head = endpoint.head();
        let trace = head.lines().find_map(|line| line.strip_prefix("x-amzn-trace-id: "));
        let kept = TRACE.split(";Lineage").next().unwrap().to_ascii_lowercase();
        assert_eq!(trace, Some(&*kept), "{resource}:\n{head}");
        assert!(head.contains("authorization: aws4-hmac-sha256 credential=id/"), "{head}");
    }
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
