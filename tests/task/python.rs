//! Python handlers.

use stepwright_core::expr::Value;

use super::{Local, gone};

const SOURCE: &str = r#"
import json
import logging
import os
import sys
import time

log = logging.getLogger()
log.setLevel("INFO")
calls = 0

class Refused(Exception):
    pass

def echo(event, context):
    return event

def count(event, context):
    global calls
    calls += 1
    return [os.getpid(), calls]

def refuse(event, context):
    raise Refused("nö")

def told(event, context):
    return [context.aws_request_id, context.function_name, context.function_version,
            context.invoked_function_arn, context.memory_limit_in_mb,
            0 < context.get_remaining_time_in_millis() <= 900_000, os.environ["_HANDLER"],
            os.environ["LAMBDA_TASK_ROOT"] == os.path.dirname(__file__), os.environ["FROM_HOST"]]

def talk(event, context):
    print("printed")
    log.info("logged")

def unserializable(event, context):
    return {1, 2}

def die(event, context):
    os._exit(3)

def leave(event, context):
    sys.exit("enough")

def slow(event, context):
    with open(event["file"], "w") as file:
        file.write(str(os.getpid()))
    time.sleep(600)

def pause(event, context):
    time.sleep(event)
    return os.getpid()

def raw(event, context):
    return b'{"a":  1}'
"#;

fn python(handler: &str) -> (Local, tempfile::TempDir) {
    Local::source("python", "app.py", SOURCE, handler)
}

#[tokio::test]
async fn a_handler_gets_its_event_and_returns_json() {
    let (local, _folder) = python("echo");
    let event = r#"{"s":"ü€","n":[1,1.5,null,true],"e":{}}"#;
    let expected = r#"{"s": "ü€", "n": [1, 1.5, null, true], "e": {}}"#;
    assert_eq!(local.call(event).await, Ok(expected.to_owned()), "as json.dumps writes it");
    let (local, _folder) = python("raw");
    assert_eq!(local.call("{}").await, Ok(r#"{"a":  1}"#.to_owned()), "bytes are sent as they are");
}

#[tokio::test]
async fn a_process_is_kept_for_the_next_call() {
    let (local, _folder) = python("count");
    let first = Value::parse(&local.call("{}").await.unwrap()).unwrap();
    let second = Value::parse(&local.call("{}").await.unwrap()).unwrap();
    let (first, second) = (first.as_array().unwrap(), second.as_array().unwrap());
    assert_eq!((&first[0], second[1].as_i64()), (&second[0], Some(2)));
}

#[tokio::test]
async fn calls_at_the_same_time_have_a_process_each() {
    let (local, _folder) = python("pause");
    let (a, b, c) = tokio::join!(local.call("0.5"), local.call("0.5"), local.call("0.5"));
    let (a, b, c) = (a.unwrap(), b.unwrap(), c.unwrap());
    assert!(a != b && b != c && a != c, "{a} {b} {c}");
}

#[tokio::test]
async fn an_exception_is_described_as_on_lambda() {
    let (local, folder) = python("refuse");
    let (error, cause) = local.call("{}").await.unwrap_err();
    let id = Value::parse(&cause).unwrap().get("requestId").unwrap().as_str().unwrap().to_owned();
    assert_eq!(error, "Refused");
    assert_eq!(id.len(), 36);
    let file = folder.path().join("app.py");
    let expected = format!(
        r#"{{"errorMessage": "nö", "errorType": "Refused", "requestId": "{id}", "stackTrace": ["  File \"{}\", line 24, in refuse\n    raise Refused(\"nö\")\n"]}}"#,
        file.display()
    );
    assert_eq!(cause, expected);
}

#[tokio::test]
async fn the_context_tells_what_lambda_tells() {
    let (local, _folder) = python("told");
    let told = Value::parse(&local.call("{}").await.unwrap()).unwrap();
    let told = told.as_array().unwrap();
    assert_eq!(told[0].as_str().map(str::len), Some(36));
    let expected = r#"["f","$LATEST","arn:aws:lambda:us-east-1:123456789012:function:f","128",true,"app.told",true,"yes"]"#;
    assert_eq!(Value::array(told[1..].to_vec()).to_json(), expected);
}

#[tokio::test]
async fn what_a_handler_prints_and_logs_goes_to_the_log() {
    let (local, _folder) = python("talk");
    assert_eq!(local.call("{}").await, Ok("null".to_owned()));
    for expected in ["f: printed", "f: [INFO] logged"] {
        while !local.lines.lock().unwrap().iter().any(|line| line == expected) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_module_is_said_as_lambda_says_it() {
    let table = [
        (
            "import nothing_of_this_name",
            "Runtime.ImportModuleError",
            "Unable to import module 'app': No module named 'nothing_of_this_name'",
        ),
        ("def handler(:", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app': "),
        ("x = 1", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("raise ValueError('at once')", "ValueError", "at once"),
        (
            "import os; os._exit(4)",
            "Runtime.ExitError",
            "RequestId: ID Error: Runtime exited with error: exit status 4",
        ),
    ];
    for (source, error, message) in table {
        let (local, _folder) = Local::source("python", "app.py", source, "handler");
        let (actual, cause) = local.failure("{}").await;
        assert_eq!(actual, error, "{source}");
        let actual = cause.get("errorMessage").unwrap().as_str().unwrap();
        assert!(actual.starts_with(message), "{source}: {actual}");
    }
}

#[tokio::test]
async fn a_result_that_is_no_json_cannot_be_marshalled() {
    let (local, _folder) = python("unserializable");
    let (error, cause) = local.failure("{}").await;
    assert_eq!(error, "Runtime.MarshalError");
    let message = "Unable to marshal response: Object of type set is not JSON serializable";
    assert_eq!(cause.get("errorMessage"), Some(&message.into()));
}

#[tokio::test]
async fn a_process_that_ends_is_an_exit_error_and_the_next_call_has_a_new_one() {
    for (handler, status) in [("die", 3), ("leave", 1)] {
        let (local, _folder) = python(handler);
        for _ in 0..2 {
            let (error, cause) = local.failure("{}").await;
            assert_eq!(error, "Runtime.ExitError");
            let message =
                format!("RequestId: ID Error: Runtime exited with error: exit status {status}");
            assert_eq!(cause.get("errorMessage"), Some(&message.into()));
        }
    }
}

#[tokio::test]
async fn a_handler_that_runs_too_long_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("app.py"), SOURCE).unwrap();
    let (file, id) = (folder.path().join("functions.json"), folder.path().join("id"));
    std::fs::write(&file, r#"{"f": {"run": "python:app.py:slow", "timeout": 4}}"#).unwrap();
    let local = Local::new(&[], &[file]);
    let (error, cause) = local.failure(&format!(r#"{{"file":"{}"}}"#, id.display())).await;
    assert_eq!(error, "Sandbox.Timedout");
    let message = "RequestId: ID Error: Task timed out after 4.00 seconds";
    assert_eq!(cause.get("errorMessage"), Some(&message.into()));
    assert!(gone(&std::fs::read_to_string(id).unwrap()).await);
}
