//! The command line: one file per command.

mod serve;

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
    Serve(serve::Serve),
}

/// Does what the command line says.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    log();
    let result = match cli.command {
        Command::Serve(arguments) => serve::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stepwright: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Logs to standard error: warnings, or what `STEPWRIGHT_LOG` says (`error`, `warn`, `info`, `debug`, `trace`).
fn log() {
    let level = std::env::var("STEPWRIGHT_LOG").ok().and_then(|level| level.parse().ok());
    tracing_subscriber::fmt()
        .with_max_level(level.unwrap_or(tracing::Level::WARN))
        .with_writer(std::io::stderr)
        .init();
}
