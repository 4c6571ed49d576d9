//! `stepwright serve`: the API on a local port.

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tokio::time::Instant;

use crate::api::Api;
use crate::cloud::collector;
use crate::local::metrics::Metrics;
use crate::local::survivors::{self, Mark};
use crate::local::world::{Home, Watchers, World};
use crate::local::{retention, serve};
use crate::store::embedded;
use crate::task::function::Log;
use crate::task::mock::Mocks;
use crate::telemetry::lines::{self, Format};

use super::door::Door;
use super::logs::Logs;
use super::options::Options;
use super::{prefix, signal};

/// Serve the Step Functions API on this machine.
///
/// Point a client at it: aws stepfunctions --endpoint-url http://localhost:8083 list-state-machines
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// Port to listen on; 0 takes any free one.
    #[arg(long, default_value_t = 8083)]
    port: u16,
    /// Directory that keeps state machines and executions [default: $XDG_DATA_HOME/stepwright, or
    /// ~/.local/share/stepwright].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Keep everything in memory; it ends with the process.
    #[arg(long, conflicts_with = "data")]
    in_memory: bool,
    /// What a loss of power may cost. A kill or a crash of the server costs nothing in any case.
    #[arg(long, value_enum, default_value = "full", conflicts_with = "in_memory")]
    durability: Durability,
    /// How long requests and tasks under way may go on when the server is told to stop (SIGTERM, Ctrl-C), in seconds.
    /// Nothing new is begun then. A task that is not done in time is abandoned; at the next start it fails, as its worker
    /// is lost, and Retry applies.
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(..=86_400))]
    grace: u64,
    /// Remove executions so many days after their end (AWS: 90). Unless given they are kept for ever.
    #[arg(long, value_name = "DAYS", conflicts_with = "in_memory", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    retention_days: Option<u32>,

    /// File with mocked tasks, as Step Functions Local has it: executions that are started with #CASE behind the ARN of
    /// their state machine have the tasks that the case names answered from it.
    #[arg(long, value_name = "FILE", env = "SFN_MOCK_CONFIG")]
    mock_config: Option<PathBuf>,

    /// Address on which metrics are told to Prometheus, `GET /metrics`, without authentication. Without --auth they are
    /// at /metrics of the server itself.
    #[arg(long, value_name = "ADDRESS:PORT")]
    metrics: Option<String>,

    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    door: Door,
    #[command(flatten)]
    logs: Logs,
}

/// `--durability`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Durability {
    /// Nothing that was acknowledged: every commit waits for the disk, and requests at the same time share the wait.
    Full,
    /// The last seconds or minutes, back to some moment at which all was consistent: the disk gets changes every 16 MB.
    /// Tasks that were done since then may be done again. Several times as fast where the disk is slow.
    System,
}

impl From<Durability> for embedded::Durability {
    fn from(given: Durability) -> embedded::Durability {
        match given {
            Durability::Full => embedded::Durability::Full,
            Durability::System => embedded::Durability::System,
        }
    }
}

/// Serves until the process is told to stop.
pub(super) fn run(arguments: &Serve, lines: Format) -> Result<(), Box<dyn Error>> {
    let home = arguments.home()?;
    let mocks = arguments.mock_config.as_deref().filter(|file| !file.as_os_str().is_empty());
    let mocks = mocks.map(Mocks::load).transpose()?;
    let keys = arguments.door.keys(&home, |name| std::env::var(name).ok())?;
    raise_open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let stop = signal::stop()?;
        // The port first: a second server must not touch the data of the first.
        let listener = serve::listen(&arguments.host, arguments.port).await?;
        arguments.door.check(listener.local_addr()?)?;
        let mark = mark(&home)?;
        let endpoint = serve::endpoint(listener.local_addr()?);
        let mut environment = vec![("STEPWRIGHT_ENDPOINT".into(), endpoint)];
        environment.extend(mark.as_ref().map(Mark::variable));
        let functions = arguments.options.functions(environment, function_lines(lines))?;
        let tasks = arguments.options.tasks(functions.clone())?;
        let tasks = Arc::new(tasks.with_mocks(mocks));
        let logs = arguments.logs.sink(&home);
        let traces = collector::traces().map(Arc::new);
        let watchers = Watchers { observer: None, logs, traces };
        let store = home.store(arguments.durability.into())?;
        let world = World::over(store, arguments.options.world(), tasks, watchers).await?;
        if let Some(days) = arguments.retention_days {
            tokio::spawn(retention::keep(world.engine.clone(), days));
        }
        let greeting = greeting(&home, listener.local_addr()?);
        // Nobody may be there to read it.
        let _ = writeln!(io::stdout(), "{greeting}");
        if let Some(hint) = prefix::hint(listener.local_addr()?) {
            let _ = writeln!(io::stdout(), "{hint}");
        }
        prefix::look(listener.local_addr()?, |found| {
            let _ = writeln!(io::stdout(), "{found}");
        });
        let api = Api::new(world.engine.clone()).with_express(world.express.clone());
        let api = match keys {
            Some(keys) => api.with_keys(keys),
            None => api,
        };
        let api = Arc::new(api);
        let _metrics = arguments.serve_metrics(&api).await?;
        let mut deadline = Instant::now();
        let closing = async {
            stop.await;
            world.close();
            deadline = Instant::now() + Duration::from_secs(arguments.grace);
            deadline
        };
        serve::serve(listener, api, closing).await;
        let abandoned = world.stop(deadline).await;
        if abandoned > 0 {
            tracing::warn!(abandoned, "{ABANDONED}");
        }
        // Only now: the end of a process must not be taken for the outcome of its task.
        functions.shutdown();
        // What functions started in sessions of their own.
        let _ = mark.as_ref().map(Mark::end_survivors);
        Ok(())
    })
}

/// What functions print is written among the program's own lines.
fn function_lines(format: Format) -> Log {
    Arc::new(move |name, line| lines::of_function(format, name, line))
}

/// A connection is an open file, and the usual limit, 1,024, is for programs that have few. What the system does not grant
/// is not needed at once.
fn raise_open_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let wanted = maximum.map_or(OPEN_FILES, |maximum| maximum.min(OPEN_FILES));
        if current.is_some_and(|current| current < wanted) {
            let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
        }
    }
}

/// The mark of the functions of this home; no function of an earlier server has it any more.
fn mark(home: &Home) -> Result<Option<Mark>, survivors::Error> {
    let mark = home.directory().map(Mark::of).transpose()?;
    let ended = mark.as_ref().map_or(0, Mark::end_survivors);
    if ended > 0 {
        tracing::warn!(ended, "ended processes of functions that outlived their server");
    }
    Ok(mark)
}

impl Serve {
    /// Metrics at an address of their own, if there is to be one.
    async fn serve_metrics(&self, api: &Arc<Api>) -> Result<Option<Metrics>, String> {
        let Some(address) = &self.metrics else { return Ok(None) };
        let serving = Metrics::serve(address, api.clone()).await;
        serving.map(Some).map_err(|error| format!("metrics cannot be served at {address}: {error}"))
    }

    fn home(&self) -> Result<Home, NoHome> {
        if self.in_memory {
            return Ok(Home::Memory);
        }
        directory(self.data.as_ref()).map(Home::Directory)
    }
}

/// The directory that was given, or the usual one.
pub(super) fn directory(given: Option<&PathBuf>) -> Result<PathBuf, NoHome> {
    given.cloned().or_else(|| data_directory(|name| std::env::var_os(name))).ok_or(NoHome)
}

#[derive(Debug, thiserror::Error)]
#[error("there is no home directory to keep data in: give --data DIR or --in-memory")]
pub(super) struct NoHome;

/// Where data is kept unless told otherwise (XDG Base Directory Specification: a relative path does not count).
fn data_directory(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Option<PathBuf> {
    let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = absolute("XDG_DATA_HOME")
        .or_else(|| absolute("LOCALAPPDATA"))
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))?;
    Some(data.join("stepwright"))
}

fn greeting(home: &Home, address: std::net::SocketAddr) -> String {
    let kept = match home {
        Home::Memory => "in memory".to_owned(),
        Home::Directory(path) => format!("in {}", path.display()),
    };
    format!(
        "Stepwright serves the Step Functions API at http://{address} (executions are kept {kept})"
    )
}

/// Enough for all connections, functions and files.
#[cfg(unix)]
const OPEN_FILES: u64 = 32_768;

const ABANDONED: &str = "turns were not done in time and are abandoned; whether the tasks that they performed were done \
    is not known: at the next start their workers count as lost, and Retry applies";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_kept_where_the_system_keeps_data() {
        let table = [
            (Some("/x"), Some("/h"), Some("/x/stepwright")),
            (Some("x"), Some("/h"), Some("/h/.local/share/stepwright")),
            (None, Some("/h"), Some("/h/.local/share/stepwright")),
            (None, None, None),
        ];
        for (data, home, expected) in table {
            let variable = |name: &str| match name {
                "XDG_DATA_HOME" => data.map(Into::into),
                "HOME" => home.map(Into::into),
                _ => None,
            };
            assert_eq!(data_directory(variable), expected.map(PathBuf::from), "{data:?} {home:?}");
        }
    }
}
