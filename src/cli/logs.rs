//! Where execution logs go: `--execution-logs`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::local::world::Home;
use crate::log::cloudwatch::CloudWatch;
use crate::log::{Directory, File, Sink, Stdout};
use crate::task::Settings;

/// Options about execution logs.
#[derive(Debug, Args)]
pub(super) struct Logs {
    /// Where state machines with a loggingConfiguration log their executions, as JSON lines in AWS's format: `off`,
    /// `stdout`, `cloudwatch` (the log group that the machine names, on AWS or at the endpoint in the environment), a
    /// file, or a directory (an existing one, or a path that ends with /) with a file for each machine and day
    /// [default: `cloudwatch` if AWS_ENDPOINT_URL_CLOUDWATCH_LOGS or AWS_ENDPOINT_URL is set, else execution-logs/ in the
    /// data directory; off with --in-memory].
    #[arg(long, value_name = "WHERE", env = "STEPWRIGHT_EXECUTION_LOGS")]
    execution_logs: Option<String>,
}

/// `--execution-logs`, decided.
#[derive(Debug, PartialEq, Eq)]
enum Destination {
    Off,
    Stdout,
    CloudWatch,
    File(PathBuf),
    Directory(PathBuf),
}

impl Logs {
    /// What takes the logs of a home; `None` if nothing does.
    pub(super) fn sink(&self, home: &Home) -> Option<Arc<dyn Sink>> {
        match self.destination(home, CloudWatch::is_meant()) {
            Destination::Off => None,
            Destination::Stdout => Some(Arc::new(Stdout)),
            Destination::CloudWatch => Some(Arc::new(CloudWatch::new(Settings::default()))),
            Destination::File(path) => Some(Arc::new(File(path))),
            Destination::Directory(path) => Some(Arc::new(Directory(path))),
        }
    }

    fn destination(&self, home: &Home, cloudwatch_is_meant: bool) -> Destination {
        match self.execution_logs.as_deref().filter(|given| !given.is_empty()) {
            Some("off") => Destination::Off,
            Some("stdout") => Destination::Stdout,
            Some("cloudwatch") => Destination::CloudWatch,
            Some(path) if path.ends_with('/') || PathBuf::from(path).is_dir() => {
                Destination::Directory(path.into())
            }
            Some(path) => Destination::File(path.into()),
            None if cloudwatch_is_meant => Destination::CloudWatch,
            None => match home {
                Home::Directory(data) => Destination::Directory(data.join("execution-logs")),
                Home::Memory => Destination::Off,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_go_where_they_are_sent_or_where_it_is_sensible() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().to_str().unwrap().to_owned();
        let data = || Home::Directory("/data".into());
        let table = [
            (Some("off"), data(), true, Destination::Off),
            (Some("stdout"), data(), true, Destination::Stdout),
            (Some("cloudwatch"), Home::Memory, false, Destination::CloudWatch),
            (Some("x.jsonl"), data(), false, Destination::File("x.jsonl".into())),
            (Some("x/"), data(), false, Destination::Directory("x/".into())),
            (Some(&there), data(), false, Destination::Directory(there.clone().into())),
            (None, data(), true, Destination::CloudWatch),
            (None, Home::Memory, true, Destination::CloudWatch),
            (None, data(), false, Destination::Directory("/data/execution-logs".into())),
            (None, Home::Memory, false, Destination::Off),
            (Some(""), Home::Memory, false, Destination::Off),
        ];
        for (given, home, meant, expected) in table {
            let logs = Logs { execution_logs: given.map(str::to_owned) };
            assert_eq!(logs.destination(&home, meant), expected, "{given:?} {home:?} {meant}");
        }
    }
}
