//! `stepwright run`: one workflow, in this process, from its input to its end.
//!
//! The output goes to standard output as JSON and nothing else does; progress and the lines of functions go to standard
//! error. The API listens on a free port meanwhile, so that functions can answer task tokens (`STEPWRIGHT_ENDPOINT`).

use std::error::Error;
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::{Value as Json, json};
use stepwright_core::asl::{self, model::ExecutionType};
use stepwright_core::engine::{Cursor, ExecutionId, Phase, Record};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::options::Options;
use super::progress::Progress;
use super::signal;
use crate::api::Api;
use crate::local::serve;
use crate::local::world::{Home, Watchers, World};
use crate::store::{Closing, Execution, Status};
use crate::task::aws::Partition;
use crate::task::function::Functions;

/// Run one workflow to its end and print its output.
///
/// Exits with 0 if it succeeds, 1 if it fails, 2 if the definition or the input is not valid.
#[derive(Debug, Args)]
pub(super) struct Run {
    /// File with the definition (Amazon States Language, JSON).
    definition: PathBuf,
    /// File with the input, `-` for standard input [default: {}].
    #[arg(long, short)]
    input: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

type Ends = mpsc::UnboundedReceiver<ExecutionId>;

/// How a run can end without an output.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    /// The definition or the input cannot be used.
    #[error("{0}")]
    Invalid(String),
    /// The execution did not succeed.
    #[error("{0}")]
    Execution(String),
}

/// Runs the workflow and prints its output.
pub(super) fn run(arguments: &Run) -> Result<(), Box<dyn Error>> {
    let definition = arguments.checked_definition()?;
    let input = arguments.read_input()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let stop = signal::stop()?;
        let listener = serve::listen("127.0.0.1", 0).await?;
        let progress = Arc::new(Progress::new());
        let functions = arguments.functions(&listener, &progress)?;
        let (world, ends) = arguments.open(&functions, &progress).await?;
        let closing = tokio::select! {
            closing = arguments.execute(&world, ends, listener, (&definition, &input)) => closing,
            () = stop => Err("interrupted".into()),
        };
        // Turns first: the end of a process is not the outcome of its task.
        world.stop(Instant::now()).await;
        functions.shutdown();
        progress.finish();
        report(&closing?)
    })
}

impl Run {
    fn checked_definition(&self) -> Result<String, Failed> {
        let text = read(&self.definition)?;
        let Err(found) = asl::parse(&text, ExecutionType::Standard) else { return Ok(text) };
        let mut message = format!("{} is not a valid definition:", self.definition.display());
        for diagnostic in found {
            let _ = write!(message, "\n  {diagnostic}");
        }
        Err(Failed::Invalid(message))
    }

    fn read_input(&self) -> Result<String, Failed> {
        let Some(path) = &self.input else { return Ok("{}".into()) };
        let text = read(path)?;
        serde_json::from_str::<serde::de::IgnoredAny>(&text)
            .map_err(|error| Failed::Invalid(format!("{} is not JSON: {error}", path.display())))?;
        Ok(text.trim().to_owned())
    }

    fn functions(
        &self,
        listener: &TcpListener,
        progress: &Arc<Progress>,
    ) -> Result<Functions, Box<dyn Error>> {
        let progress = progress.clone();
        let log =
            Arc::new(move |name: &str, line: &str| progress.line(&format!("[{name}] {line}")));
        let endpoint = serve::endpoint(listener.local_addr()?);
        Ok(self.options.functions(vec![("STEPWRIGHT_ENDPOINT".into(), endpoint)], log)?)
    }

    /// A world in memory, and the ends of all its executions.
    async fn open(
        &self,
        functions: &Functions,
        progress: &Arc<Progress>,
    ) -> Result<(World, Ends), Box<dyn Error>> {
        let (ended, ends) = mpsc::unbounded_channel();
        let shown = progress.clone();
        let observer = Arc::new(move |cursor: &Cursor, record: &Record| {
            shown.record(cursor, record);
            if cursor.frame.is_root() && matches!(record.frame.phase, Phase::Done(_)) {
                // After the last end nobody listens any more.
                let _ = ended.send(cursor.execution.clone());
            }
        });
        let tasks = Arc::new(self.options.tasks(functions.clone())?);
        let watchers = Watchers { observer: Some(observer), ..Watchers::default() };
        Ok((World::open(&Home::Memory, self.options.world(), tasks, watchers).await?, ends))
    }

    async fn execute(
        &self,
        world: &World,
        mut ends: Ends,
        listener: TcpListener,
        (definition, input): (&str, &str),
    ) -> Result<Closing, Box<dyn Error>> {
        let api = Api::new(world.engine.clone()).with_express(world.express.clone());
        let api = Arc::new(api);
        tokio::spawn(serve::serve(listener, api.clone(), std::future::pending()));
        let started = self.start(&api, definition, input).await?;
        loop {
            let Some(id) = ends.recv().await else { return Err("the engine has stopped".into()) };
            let execution = closed(world, &id).await?;
            if *execution.arn == started
                && let Some(closing) = &execution.closing
            {
                return Ok(closing.clone());
            }
        }
    }

    /// Creates the machine and starts the execution, as any client would; the execution's ARN.
    async fn start(
        &self,
        api: &Api,
        definition: &str,
        input: &str,
    ) -> Result<String, Box<dyn Error>> {
        let (place, _) = self.options.world();
        let role = Partition::of(&place.region).any_role(&place.account);
        let name = machine_name(&self.definition);
        let machine = call(
            api,
            "CreateStateMachine",
            &json!({"name": name, "definition": definition, "roleArn": role}),
        )
        .await?;
        let execution = call(
            api,
            "StartExecution",
            &json!({"stateMachineArn": machine["stateMachineArn"], "input": input}),
        )
        .await?;
        Ok(execution["executionArn"].as_str().unwrap_or_default().to_owned())
    }
}

async fn call(api: &Api, operation: &str, body: &Json) -> Result<Json, Box<dyn Error>> {
    let response = api.call(operation, body.to_string().as_bytes()).await;
    let answer: Json = serde_json::from_slice(response.body.as_ref())?;
    if response.status == 200 {
        return Ok(answer);
    }
    let message = answer["message"].as_str().unwrap_or("no reason was given");
    Err(Failed::Invalid(message.to_owned()).into())
}

/// The row follows the last record at once, but not at the same time.
async fn closed(world: &World, id: &ExecutionId) -> Result<Arc<Execution>, Box<dyn Error>> {
    loop {
        match world.engine.store.execution(id).await? {
            Some(execution) if execution.closing.is_some() => return Ok(execution),
            _ => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
}

fn read(path: &Path) -> Result<String, Failed> {
    let read = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    read.map_err(|error| Failed::Invalid(format!("{} cannot be read: {error}", path.display())))
}

/// A name for the machine: the file's, without what AWS does not allow in names.
fn machine_name(path: &Path) -> String {
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = file.split('.').next().unwrap_or_default();
    let kept: String =
        stem.chars().filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).take(80).collect();
    if kept.is_empty() { "workflow".into() } else { kept }
}

fn report(closing: &Closing) -> Result<(), Box<dyn Error>> {
    if closing.status == Status::Succeeded {
        let output = closing.output.as_ref().map_or("null", |output| output.text());
        return writeln!(std::io::stdout(), "{output}")
            .map_err(|error| format!("the output cannot be printed: {error}").into());
    }
    let mut message = closing.status.as_str().to_owned();
    if let Some(error) = &closing.failure.error {
        let _ = write!(message, " {error}");
    }
    if let Some(cause) = &closing.failure.cause {
        let _ = write!(message, ": {cause}");
    }
    Err(Failed::Execution(message).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_named_after_its_file() {
        let table = [
            ("x/order flow.asl.json", "orderflow"),
            ("a_b-1.json", "a_b-1"),
            ("-", "-"),
            ("ü.json", "workflow"),
        ];
        for (path, name) in table {
            assert_eq!(machine_name(Path::new(path)), name);
        }
    }
}
