//! The command line: one file per command.

mod deploy;
mod door;
mod keys;
mod logs;
mod options;
mod prefix;
mod progress;
mod run;
mod serve;
mod signal;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::telemetry::lines::{self, Format, Request};

/// Runs Amazon States Language workflows without AWS Step Functions.
#[derive(Debug, Parser)]
#[command(name = "stepwright", version, arg_required_else_help = true)]
struct Cli {
    /// Form of the lines on standard error.
    #[arg(long, global = true, value_enum, env = "STEPWRIGHT_LOG_FORMAT", default_value = "text")]
    log_format: Format,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Run),
    Serve(serve::Serve),
    Keys(keys::Keys),
    Deploy(deploy::Deploy),
}

/// Does what the command line says.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    // Warnings, or what STEPWRIGHT_LOG says.
    let level = std::env::var("STEPWRIGHT_LOG").ok();
    lines::start(cli.log_format, level.as_deref(), Request::default());
    let result = match cli.command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments, cli.log_format),
        Command::Keys(arguments) => keys::run(&arguments),
        Command::Deploy(arguments) => deploy::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            match cli.log_format {
                Format::Json => tracing::error!(%error, "the command failed"),
                // The exit status says it too.
                Format::Text => _ = writeln!(std::io::stderr(), "stepwright: {error}"),
            }
            match error.downcast_ref() {
                Some(run::Failed::Invalid(_)) => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Args as _, CommandFactory};

    #[test]
    fn commands_that_run_workflows_take_the_same_common_options() {
        let shared = options::Options::augment_args(clap::Command::new("shared"));
        let cli = Cli::command();
        for command in ["run", "serve"] {
            let command = cli.find_subcommand(command).unwrap();
            for expected in shared.get_arguments() {
                let found =
                    command.get_arguments().find(|found| found.get_id() == expected.get_id());
                let told = |a: &clap::Arg| {
                    (a.get_long().map(str::to_owned), format!("{:?}", a.get_help()))
                };
                assert_eq!(found.map(told), Some(told(expected)), "{}", command.get_name());
            }
        }
    }
}
