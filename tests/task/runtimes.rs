//! Programs that speak the Lambda Runtime API themselves, as custom runtimes do.

use super::Local;

/// A runtime in a few lines that knows nothing of ours.
const BOOTSTRAP: &str = r#"
import json, os, sys, urllib.error, urllib.request
API = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/"

def post(path, value, **headers):
    request = urllib.request.Request(API + path, json.dumps(value).encode(), headers, method="POST")
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        return error.code

if sys.argv[1] == "refusing":
    post("init/error", {"errorType": "Runtime.NoDatabase", "errorMessage": "not there"})
    sys.exit(1)
while True:
    with urllib.request.urlopen(API + "invocation/next") as work:
        headers, event = work.headers, json.load(work)
    path = "invocation/" + headers["Lambda-Runtime-Aws-Request-Id"]
    if event == "status":
        wrong = post("invocation/other/response", 1)
        known = ["Deadline-Ms", "Invoked-Function-Arn", "Trace-Id"]
        post(path + "/response", [wrong, all("Lambda-Runtime-" + name in headers for name in known)])
    elif event == "error":
        post(path + "/error", {"errorType": "Refused", "errorMessage": "no"})
    elif event == "bare":
        request = urllib.request.Request(API + path + "/error", b"oops", {"Lambda-Runtime-Function-Error-Type": "Bare"}, method="POST")
        urllib.request.urlopen(request)
    elif event == "large":
        print("status", post(path + "/response", "x" * 7_000_000), flush=True)
    elif event == "skip":
        continue
    else:
        post(path + "/response", {"argument": sys.argv[1], "event": event})
"#;

fn bootstrap(argument: &str) -> (Local, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bootstrap.py");
    std::fs::write(&path, BOOTSTRAP).unwrap();
    let command = format!("f=runtime:python3 {} {argument}", path.display());
    (Local::command(&command), folder)
}

#[tokio::test]
async fn a_custom_runtime_takes_events_and_answers() {
    let (local, _folder) = bootstrap("working");
    for event in ["1", "2"] {
        let expected = format!(r#"{{"argument": "working", "event": {event}}}"#);
        assert_eq!(local.call(event).await, Ok(expected));
    }
    assert_eq!(local.call(r#""status""#).await, Ok("[400, true]".to_owned()));
}

#[tokio::test]
async fn a_custom_runtime_reports_errors() {
    let (local, _folder) = bootstrap("working");
    let table = [
        (r#""error""#, "Refused", r#"{"errorType":"Refused","errorMessage":"no"}"#),
        (r#""bare""#, "Bare", r#"{"errorType":"Bare","errorMessage":"oops"}"#),
    ];
    for (event, error, cause) in table {
        let (actual, described) = local.failure(event).await;
        assert_eq!((actual.as_str(), described.to_json().as_str()), (error, cause));
    }
    assert_eq!(local.failure(r#""large""#).await.0, "Function.ResponseSizeTooLarge");
    assert_eq!(local.failure(r#""skip""#).await.0, "Runtime.ExitError", "no answer is no success");
}

#[tokio::test]
async fn a_runtime_that_cannot_start_fails_the_task() {
    let (local, _folder) = bootstrap("refusing");
    assert_eq!(local.failure("{}").await.0, "Runtime.NoDatabase");
    let local = Local::command("f=runtime:true");
    assert_eq!(local.failure("{}").await.0, "Runtime.ExitError");
    let local = Local::command("f=runtime:/no/such/bootstrap");
    assert_eq!(local.failure("{}").await.0, "Runtime.InvalidEntrypoint");
}
