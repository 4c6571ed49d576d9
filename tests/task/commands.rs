//! Functions that are plain commands.

use std::path::PathBuf;

use stepwright::task::{Performer, Settings, Tasks};
use stepwright_core::engine::TaskOutcome;
use stepwright_core::expr::Value;

use super::{Local, call, function, gone, invoke, plain};

#[tokio::test]
async fn a_command_reads_its_event_and_prints_its_result() {
    let local = Local::command("f=cat");
    assert_eq!(local.call(r#"{"n":  1}"#).await, Ok(r#"{"n":  1}"#.to_owned()));
    let outcome = local.perform(invoke(), r#"{"FunctionName":"f:live","Payload":[1]}"#).await;
    let output = plain(outcome).unwrap();
    assert!(output.starts_with(r#"{"ExecutedVersion":"$LATEST","Payload":[1],"#), "{output}");
}

#[tokio::test]
async fn the_name_decides_whatever_account_and_region_the_arn_names() {
    let local = Local::command("f=cat");
    for arn in ["arn:aws:lambda:eu-west-1:999999999999:function:f", "999999999999:function:f:2"] {
        let resource = stepwright_core::asl::model::Resource::LambdaFunction(arn.into());
        assert_eq!(plain(local.perform(resource, "1").await), Ok("1".to_owned()), "{arn}");
    }
}

#[tokio::test]
async fn a_command_sees_what_a_function_on_lambda_sees() {
    let script = r#"printf '"%s %s %s %s"' "$AWS_LAMBDA_FUNCTION_NAME" "$AWS_REGION" "$FROM_HOST" "$(pwd -P)""#;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("functions.json");
    let text =
        Value::object([("f", Value::from(format!("sh -c '{}'", script.replace('\'', "'\\''"))))]);
    std::fs::write(&file, text.to_json()).unwrap();
    let local = Local::new(&[], &[file]);
    let folder = folder.path().canonicalize().unwrap();
    let expected = format!("\"f us-east-1 yes {}\"", folder.display());
    assert_eq!(local.call("{}").await, Ok(expected));
}

#[tokio::test]
async fn a_command_fails_by_its_status_or_by_describing_an_error() {
    let exit = |how: &str| {
        let message = format!("RequestId: ID Error: Runtime exited with error: {how}");
        Value::object([("errorType", "Runtime.ExitError".into()), ("errorMessage", message.into())])
    };
    let described = r#"{"errorType":"Refused","errorMessage":"no"}"#;
    let table = [
        ("exit 3", "Runtime.ExitError", exit("exit status 3")),
        ("echo boom >&2; exit 1", "Runtime.ExitError", exit("exit status 1: boom")),
        ("kill -9 $$", "Runtime.ExitError", exit("signal: killed")),
        (
            r#"echo "{\"errorType\":\"Refused\",\"errorMessage\":\"no\"}""#,
            "Refused",
            Value::parse(described).unwrap(),
        ),
        (
            r#"echo "{\"errorType\":\"Refused\",\"errorMessage\":\"no\"}" >&2; exit 1"#,
            "Refused",
            Value::parse(described).unwrap(),
        ),
    ];
    for (script, error, cause) in table {
        let local = Local::command(&format!("f=sh -c '{script}'"));
        assert_eq!(local.failure("{}").await, (error.to_owned(), cause), "{script}");
    }
}

#[tokio::test]
async fn a_command_that_cannot_be_started_is_a_failure_of_the_task() {
    let local = Local::command("f=/no/such/program");
    let (error, cause) = local.failure("{}").await;
    assert_eq!(error, "Runtime.InvalidEntrypoint");
    let message = cause.get("errorMessage").unwrap().as_str().unwrap();
    assert!(message.contains("cannot start /no/such/program"), "{message}");
}

#[tokio::test]
async fn what_a_command_complains_goes_to_the_log_under_its_name() {
    let local = Local::command("f=sh -c 'echo one >&2; echo two >&2; echo 1'");
    assert_eq!(local.call("{}").await, Ok("1".to_owned()));
    assert_eq!(*local.lines.lock().unwrap(), ["f: one", "f: two"]);
}

#[tokio::test]
async fn a_command_need_not_read_a_large_event_nor_wait_for_what_it_left_running() {
    let event = format!("\"{}\"", "x".repeat(1_000_000));
    let local = Local::command("f=sh -c 'sleep 600 & echo $!'");
    let left = local.call(&event).await.unwrap();
    assert!(gone(&left).await, "what it left running is killed");
}

#[tokio::test]
async fn a_result_that_is_too_large_is_refused() {
    let local = Local::command("f=sh -c 'head -c 7000000 /dev/zero'");
    assert_eq!(local.failure("{}").await.0, "Function.ResponseSizeTooLarge");
}

#[tokio::test]
async fn a_command_that_runs_too_long_is_killed_with_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let (file, processes) = (folder.path().join("functions.json"), folder.path().join("ids"));
    let text = format!(
        r#"{{"f": {{"run": "sh -c 'sleep 600 & echo $! $$ > {}; wait'", "timeout": 0.5}}}}"#,
        processes.display()
    );
    std::fs::write(&file, text).unwrap();
    let (error, cause) = Local::new(&[], &[file]).failure("{}").await;
    assert_eq!(error, "Sandbox.Timedout");
    let message = "RequestId: ID Error: Task timed out after 0.50 seconds";
    assert_eq!(cause.get("errorMessage"), Some(&message.into()));
    for process in std::fs::read_to_string(processes).unwrap().split_whitespace() {
        assert!(gone(process).await, "process {process} is killed");
    }
}

#[tokio::test]
async fn a_task_that_times_out_leaves_nothing_running() {
    let folder = tempfile::tempdir().unwrap();
    let id = folder.path().join("id");
    let local = Local::command(&format!("f=sh -c 'echo $$ > {}; sleep 600'", id.display()));
    let tasks = Tasks::new(local.functions.clone(), Settings::default());
    let outcome = tasks.perform(&call(function("f"), "{}", Some(1))).await;
    assert_eq!(outcome, TaskOutcome::TimedOut);
    assert!(gone(std::fs::read_to_string(&id).unwrap().trim()).await);
}

#[tokio::test]
async fn shutting_down_kills_what_runs_and_starts_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let id = folder.path().join("id");
    let script = format!("echo $$ > {0}.new; mv {0}.new {0}; sleep 600", id.display());
    let local = Local::command(&format!("f=sh -c '{script}'"));
    let functions = local.functions.clone();
    let started = async {
        while !id.exists() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        functions.shutdown();
    };
    let ((error, _), ()) = tokio::join!(local.failure("{}"), started);
    assert_eq!(error, "Runtime.ExitError");
    assert!(gone(std::fs::read_to_string(&id).unwrap().trim()).await);
    assert_eq!(local.failure("{}").await.0, "Runtime.InvalidEntrypoint");
}

#[tokio::test]
async fn the_command_line_wins_over_files_and_gives_no_name_twice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("functions.json");
    std::fs::write(&file, r#"{"f": "echo 1", "g": "echo 2"}"#).unwrap();
    let local = Local::new(&["f=echo 3".to_owned()], &[PathBuf::from(&file)]);
    assert_eq!(local.call("{}").await, Ok("3".to_owned()));
    assert_eq!(plain(local.perform(function("g"), "{}").await), Ok("2".to_owned()));
    assert_eq!(local.functions.names().collect::<Vec<_>>(), ["f", "g"]);
    let host = stepwright::task::function::Host {
        processes: 10,
        region: "us-east-1".into(),
        account: "123456789012".into(),
        environment: Vec::new(),
        log: std::sync::Arc::new(|_, _| {}),
    };
    let twice = ["f=cat".to_owned(), "f=cat".to_owned()];
    let refused = stepwright::task::function::Functions::from_cli(&twice, &[], host);
    assert_eq!(refused.err().unwrap().to_string(), "function \"f\" is given twice");
}
