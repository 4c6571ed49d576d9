//! `stepwright serve`: the API on a local port.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::api::Api;
use crate::local::serve;
use crate::local::world::{Home, Place, World};
use crate::task::function::{Functions, Host, standard_error};
use crate::task::{Settings, Tasks};

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
    /// A function that runs on this machine: NAME=COMMAND, NAME=runtime:COMMAND, NAME=python:FILE:HANDLER or
    /// NAME=node:FILE:HANDLER. Repeatable. Other functions are called through the Lambda API.
    #[arg(long = "function", value_name = "NAME=COMMAND")]
    functions: Vec<String>,
    /// File with functions: a JSON object of names and commands; paths count from its folder. Repeatable.
    #[arg(long = "functions", value_name = "FILE")]
    function_files: Vec<PathBuf>,
    /// Account id in ARNs.
    #[arg(long, env = "AWS_ACCOUNT_ID", default_value = "123456789012", value_parser = super::account)]
    account: String,
    /// Region in ARNs.
    #[arg(long, env = "AWS_DEFAULT_REGION", default_value = "us-east-1", value_parser = super::region)]
    region: String,
    /// Limits in force: AWS's own, or Stepwright's, which are far higher.
    #[arg(long, env = "STEPWRIGHT_LIMITS", value_enum, default_value = "aws")]
    limits: super::Limits,
}

/// Serves until the process is told to stop.
pub(super) fn run(arguments: &Serve) -> Result<(), Box<dyn Error>> {
    let home = arguments.home()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let stop = stop_signal()?;
        // The port first: a second server must not touch the data of the first.
        let listener = serve::listen(&arguments.host, arguments.port).await?;
        let place = Place { region: arguments.region.clone(), account: arguments.account.clone() };
        let functions =
            Functions::from_cli(&arguments.functions, &arguments.function_files, arguments.host())?;
        let tasks = Arc::new(Tasks::new(functions.clone(), Settings::default()));
        let world = World::open(&home, (&place, arguments.limits.set()), tasks, None).await?;
        println!("{}", greeting(&home, listener.local_addr()?));
        if world.resumed > 0 {
            println!("{} running executions go on where they were", world.resumed);
        }
        let api = Api::new(world.engine.clone()).with_express(world.express.clone());
        serve::serve(listener, Arc::new(api), stop).await;
        world.stop().await;
        functions.shutdown();
        Ok(())
    })
}

impl Serve {
    fn host(&self) -> Host {
        Host {
            region: self.region.as_str().into(),
            account: self.account.as_str().into(),
            environment: vec![(
                "STEPWRIGHT_ENDPOINT".into(),
                format!("http://{}:{}", self.host, self.port),
            )],
            log: standard_error(),
        }
    }

    fn home(&self) -> Result<Home, NoHome> {
        if self.in_memory {
            return Ok(Home::Memory);
        }
        let directory = self.data.clone().or_else(|| data_directory(|name| std::env::var_os(name)));
        directory.map(Home::Directory).ok_or(NoHome)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("there is no home directory to keep data in: give --data DIR or --in-memory")]
struct NoHome;

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

/// Ends at the first signal to stop.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Ends at the first signal to stop.
#[cfg(not(unix))]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

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
