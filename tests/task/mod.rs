//! Tasks, from the call to the outcome: against a Lambda endpoint of our own and with real processes.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use stepwright::task::function::{Functions, Host};
use stepwright::task::{Performer, Settings, Tasks};
use stepwright_core::asl::model::{Pattern, Resource, ServiceResource};
use stepwright_core::engine::{Cursor, ExecutionId, Failure, Origin, TaskCall, TaskOutcome};
use stepwright_core::expr::{Document, Value};

mod commands;
mod endpoint;
mod jobs;
mod lambda_api;
mod node;
mod objects;
mod orders;
mod places;
mod python;
mod runtimes;
mod services;

/// A function as resource of a Task.
fn function(name: &str) -> Resource {
    Resource::LambdaFunction(
        format!("arn:aws:lambda:us-east-1:123456789012:function:{name}").into(),
    )
}

/// `lambda:invoke`
fn invoke() -> Resource {
    Resource::Service(ServiceResource {
        arn: "arn:aws:states:::lambda:invoke".into(),
        resource_type: "lambda".into(),
        action: "invoke".into(),
        pattern: Pattern::RequestResponse,
    })
}

fn call(resource: Resource, parameters: &str, timeout_seconds: Option<u64>) -> TaskCall {
    TaskCall {
        cursor: Cursor::root(ExecutionId("execution".into()), 3),
        resource,
        parameters: Document::parse(parameters).unwrap(),
        timeout_seconds,
        credentials: None,
        idempotency_token: "token".into(),
        origin: Origin::default(),
    }
}

/// The text of an output, or the error name and cause.
fn plain(outcome: TaskOutcome) -> Result<String, (String, String)> {
    match outcome {
        TaskOutcome::Succeeded(output) => Ok(output.text().to_owned()),
        TaskOutcome::Failed(Failure { error, cause }) => {
            Err((error.unwrap().to_string(), cause.unwrap().to_string()))
        }
        TaskOutcome::Submitted { output, .. } => Ok(output.text().to_owned()),
        TaskOutcome::TimedOut => Err(("timed out".to_owned(), String::new())),
    }
}

/// Local functions, and the lines that they printed.
struct Local {
    functions: Functions,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Local {
    fn new(definitions: &[String], files: &[PathBuf]) -> Local {
        Local::limited(10, definitions, files)
    }

    /// With so many processes of a function at a time.
    fn limited(processes: usize, definitions: &[String], files: &[PathBuf]) -> Local {
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = lines.clone();
        let host = Host {
            processes,
            region: "us-east-1".into(),
            account: "123456789012".into(),
            environment: vec![("FROM_HOST".to_owned(), "yes".to_owned())],
            log: Arc::new(move |name, line| log.lock().unwrap().push(format!("{name}: {line}"))),
        };
        Local { functions: Functions::from_cli(definitions, files, host).unwrap(), lines }
    }

    /// A function of one file of source text.
    fn source(prefix: &str, file: &str, text: &str, handler: &str) -> (Local, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(file);
        std::fs::write(&path, text).unwrap();
        let definition = format!("f={prefix}:{}:{handler}", path.display());
        (Local::new(&[definition], &[]), folder)
    }

    /// One command.
    fn command(definition: &str) -> Local {
        Local::new(&[definition.to_owned()], &[])
    }

    async fn perform(&self, resource: Resource, parameters: &str) -> TaskOutcome {
        let tasks = Tasks::new(self.functions.clone(), Settings::default());
        tasks.perform(&call(resource, parameters, None)).await
    }

    /// Calls `f` as resource.
    async fn call(&self, event: &str) -> Result<String, (String, String)> {
        plain(self.perform(function("f"), event).await)
    }

    /// Calls `f` as resource, which must fail; the cause as JSON, its request id taken out.
    async fn failure(&self, event: &str) -> (String, Value) {
        let (error, cause) = self.call(event).await.unwrap_err();
        let id = cause.split_once("RequestId: ").map(|(_, rest)| rest[..36].to_owned());
        let cause = id.map_or(cause.clone(), |id| cause.replace(&id, "ID"));
        (error, Value::parse(&cause).unwrap())
    }
}

/// Waits until a process of this id is gone, or only waits to be buried.
async fn gone(process: &str) -> bool {
    for _ in 0..500 {
        match std::fs::read_to_string(format!("/proc/{process}/stat")) {
            Ok(stat) if !stat.contains(") Z ") => {}
            _ => return true,
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    false
}
