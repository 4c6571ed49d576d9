//! What `run` and `serve` share: the functions of this machine, what ARNs contain, and limits.

use std::path::PathBuf;

use clap::Args;
use stepwright_core::engine::Limits;

use crate::local::world::Place;
use crate::task::function::{Error, Functions, Host, Log, PROCESSES};
use crate::task::http::{Connections, Unreadable};
use crate::task::{Reach, Settings, Tasks};

/// Arguments of every command that runs workflows.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// A function that runs on this machine: NAME=COMMAND, NAME=runtime:COMMAND, NAME=python:FILE:HANDLER or
    /// NAME=node:FILE:HANDLER. Repeatable. Other functions are called through the Lambda API.
    #[arg(long = "function", value_name = "NAME=COMMAND")]
    functions: Vec<String>,

    /// File with functions: a JSON object of names and commands; paths count from its folder. Repeatable.
    #[arg(long = "functions", value_name = "FILE")]
    function_files: Vec<PathBuf>,

    /// Processes of one function at a time; events for which none is free wait.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = processes)]
    function_processes: usize,

    /// Directory of buckets, DIR/BUCKET/KEY, that distributed Maps read from and write to instead of S3; not used where
    /// AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL is set.
    #[arg(long, env = "STEPWRIGHT_BUCKETS", value_name = "DIR")]
    buckets: Option<PathBuf>,

    /// Account id in ARNs.
    #[arg(long, env = "AWS_ACCOUNT_ID", default_value = "123456789012", value_parser = account)]
    account: String,

    /// Region in ARNs.
    #[arg(long, env = "AWS_DEFAULT_REGION", default_value = "us-east-1", value_parser = region)]
    region: String,

    /// File with connections of HTTP Tasks: a JSON object of names or ARNs and what EventBridge's CreateConnection takes
    /// (AuthorizationType, AuthParameters); `"${NAME}"` as a value is a variable of the environment. Other connections are
    /// looked up in EventBridge.
    #[arg(long, value_name = "FILE")]
    connections: Option<PathBuf>,

    /// Let HTTP Tasks and API Gateway tasks call http:// URLs of this machine (loopback). AWS takes https:// only.
    #[arg(long)]
    allow_plain_http: bool,

    /// Let HTTP Tasks and API Gateway tasks reach link-local addresses and those where clouds tell machines their secrets.
    #[arg(long)]
    allow_link_local: bool,

    /// Limits in force: AWS's own, or Stepwright's, which are far higher.
    #[arg(long, env = "STEPWRIGHT_LIMITS", value_enum, default_value = "aws")]
    limits: LimitSet,
}

/// `--limits`
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum LimitSet {
    /// What passes here passes at AWS.
    Aws,
    /// Larger payloads, histories without end, more iterations at a time.
    Extended,
}

impl Options {
    /// What performs tasks: these functions, and services.
    ///
    /// # Errors
    /// The file with connections or the directory of buckets cannot be used.
    pub(super) fn tasks(&self, functions: Functions) -> Result<Tasks, Box<dyn std::error::Error>> {
        if let Some(buckets) = &self.buckets {
            // Sooner than when a distributed Map finds no bucket in it.
            std::fs::read_dir(buckets).map_err(|error| {
                format!("the buckets in {} cannot be read: {error}", buckets.display())
            })?;
        }
        Ok(Tasks::new(functions, self.settings()?).with_buckets(self.buckets.clone()))
    }

    /// What ARNs contain, and the limits in force.
    pub(super) fn world(&self) -> (Place, Limits) {
        let place = Place { region: self.region.clone(), account: self.account.clone() };
        let limits = match self.limits {
            LimitSet::Aws => Limits::AWS,
            LimitSet::Extended => Limits::EXTENDED,
        };
        (place, limits)
    }

    /// How tasks reach the world.
    ///
    /// # Errors
    /// The file with connections cannot be used.
    fn settings(&self) -> Result<Settings, Unreadable> {
        let connections = self.connections.as_deref().map(Connections::read).transpose()?;
        Ok(Settings {
            reach: Reach { plain: self.allow_plain_http, link_local: self.allow_link_local },
            connections: connections.unwrap_or_default(),
            ..Settings::default()
        })
    }

    /// The functions, which get these variables beside those of Lambda.
    ///
    /// # Errors
    /// A function that cannot be understood or found.
    pub(super) fn functions(
        &self,
        environment: Vec<(String, String)>,
        log: Log,
    ) -> Result<Functions, Error> {
        let host = Host {
            processes: self.function_processes,
            region: self.region.as_str().into(),
            account: self.account.as_str().into(),
            environment,
            log,
        };
        Functions::from_cli(&self.functions, &self.function_files, host)
    }
}

fn processes(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| PROCESSES.contains(number));
    number.ok_or_else(|| format!("a number from {} to {}", PROCESSES.start(), PROCESSES.end()))
}

fn account(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    Err("an account id has 12 digits".to_owned())
}

fn region(text: &str) -> Result<String, String> {
    let valid = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if !text.is_empty() && text.bytes().all(valid) {
        return Ok(text.to_owned());
    }
    Err("a region looks like us-east-1".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_spoil_every_arn_is_refused() {
        assert!(account("123456789012").is_ok());
        for text in ["", "12345678901", "12345678901x"] {
            assert!(account(text).is_err(), "{text}");
        }
        assert!(region("eu-central-1").is_ok());
        for text in ["", "eu central", "EU"] {
            assert!(region(text).is_err(), "{text}");
        }
    }
}
