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

/// Runs Amazon States Language workflows without AWS Step Functions.
#[derive(Debug, Parser)]
#[command(name = "stepwright", version, arg_required_else_help = true)]
struct Cli {
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
    log();
    let result = match cli.command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Keys(arguments) => keys::run(&arguments),
        Command::Deploy(arguments) => deploy::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The exit status says it too.
            let _ = writeln!(std::io::stderr(), "stepwright: {error}");
            match error.downcast_ref() {
                Some(run::Failed::Invalid(_)) => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

/// Logs to standard error: warnings, or what `STEPWRIGHT_LOG` says (`error`, `warn`, `info`, `debug`, `trace`).
/// What standard error does not take is lost: to complain about that there would panic.
fn log() {
    let level = std::env::var("STEPWRIGHT_LOG").ok().and_then(|level| level.parse().ok());
    tracing_subscriber::fmt()
        .with_max_level(level.unwrap_or(tracing::Level::WARN))
        .with_writer(std::io::stderr)
        .log_internal_errors(false)
        .init();
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
