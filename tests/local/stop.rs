//! A server that is told to stop: what is under way is finished in its time or abandoned, never given a wrong outcome.

use std::net::TcpStream;
use std::path::Path;

use serde_json::{Value, json};

use super::binary::{Server, busy, gone, started, task, until};

#[test]
fn a_task_that_is_not_done_in_time_is_abandoned_and_its_worker_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("id"));
    let mut server = serve(&data, "0", &busy(&file));
    let plain = server.run(&task());
    let function = started(&file);
    std::fs::remove_file(&file).unwrap();
    let mut patient = task();
    patient["Retry"] = json!([{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 1}]);
    let retried = server.run(&patient);
    let other = started(&file);
    let said = server.terminate();
    assert!(said.contains("their workers count as lost, and Retry applies"), "{said}");
    gone(&function);
    gone(&other);

    let server = serve(&data, "0", "echo 1");
    let found = server.ended(&plain);
    assert_eq!(
        (&found["status"], &found["error"]),
        (&json!("FAILED"), &json!("States.TaskFailed"))
    );
    let cause = found["cause"].as_str().unwrap();
    assert!(cause.starts_with("The worker that performed the task was lost"), "{cause}");
    let found = server.ended(&retried);
    assert_eq!((&found["status"], &found["output"]), (&json!("SUCCEEDED"), &json!("1")));
    let failed = events(&server, &retried, "LambdaFunctionFailed");
    assert_eq!(failed.len(), 1, "the kill itself is no outcome: {failed:?}");
}

#[test]
fn a_task_that_is_done_in_time_counts_and_the_next_one_is_left_to_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let (data, go) = (folder.path().join("data"), folder.path().join("go"));
    let ids = folder.path().join("ids");
    let script = format!(
        "sh -c 'echo $$ >> {}; while [ ! -e {} ]; do sleep 0.02; done; cat'",
        ids.display(),
        go.display()
    );
    let mut server = serve(&data, "60", &script);
    let (mut first, mut second) = (task(), task());
    first["Next"] = json!("T");
    first.as_object_mut().unwrap().remove("End");
    second["ResultPath"] = Value::Null;
    let definition = json!({"StartAt": "S", "States": {"S": first, "T": second}}).to_string();
    let execution = server.start_machine("two", &definition);
    started(&ids);
    server.ask_to_stop();
    until("the server takes no more", || TcpStream::connect(server.address()).err());
    std::fs::write(&go, "").unwrap();
    let said = server.stopped();
    assert!(!said.contains("abandoned"), "{said}");
    let lines = |path: &Path| std::fs::read_to_string(path).unwrap().lines().count();
    assert_eq!(lines(&ids), 1, "the second task is not begun");

    let server = serve(&data, "60", &script);
    assert_eq!(server.ended(&execution)["status"], "SUCCEEDED", "without any Retry");
    assert_eq!(lines(&ids), 2);
}

fn serve(data: &Path, grace: &str, command: &str) -> Server {
    let function = format!("f={command}");
    let data = data.to_str().unwrap();
    Server::start(&["--data", data, "--grace", grace, "--function", &function])
}

fn events(server: &Server, execution: &str, kind: &str) -> Vec<Value> {
    let history = server.call("GetExecutionHistory", &json!({"executionArn": execution}));
    let events = history["events"].as_array().unwrap().iter();
    events.filter(|event| event["type"] == kind).cloned().collect()
}
