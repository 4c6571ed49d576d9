//! `stepwright serve`: the API on a local port.

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::common::Common;
use super::signal;
use crate::api::Api;
use crate::local::serve;
use crate::local::world::{Home, World};
use crate::task::function::standard_error;
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
    #[command(flatten)]
    common: Common,
}

/// Serves until the process is told to stop.
pub(super) fn run(arguments: &Serve) -> Result<(), Box<dyn Error>> {
    let home = arguments.home()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let stop = signal::stop()?;
        // The port first: a second server must not touch the data of the first.
        let listener = serve::listen(&arguments.host, arguments.port).await?;
        let endpoint = serve::endpoint(listener.local_addr()?);
        let environment = vec![("STEPWRIGHT_ENDPOINT".into(), endpoint)];
        let functions = arguments.common.functions(environment, standard_error())?;
        let tasks = Arc::new(Tasks::new(functions.clone(), Settings::default()));
        let world = World::open(&home, arguments.common.world(), tasks, None).await?;
        let greeting = greeting(&home, listener.local_addr()?);
        // Nobody may be there to read it.
        let _ = writeln!(io::stdout(), "{greeting}");
        let api = Api::new(world.engine.clone()).with_express(world.express.clone());
        serve::serve(listener, Arc::new(api), stop).await;
        world.stop().await;
        functions.shutdown();
        Ok(())
    })
}

impl Serve {
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
