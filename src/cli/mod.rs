//! The command line: one file per command.

mod progress;
mod run;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use stepwright_core::engine;

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
}

/// `--limits`
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Limits {
    /// What passes here passes at AWS.
    Aws,
    /// Larger payloads, histories without end, more iterations at a time.
    Extended,
}

impl Limits {
    fn set(self) -> engine::Limits {
        match self {
            Limits::Aws => engine::Limits::AWS,
            Limits::Extended => engine::Limits::EXTENDED,
        }
    }
}

/// Does what the command line says.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    log();
    let result = match cli.command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stepwright: {error}");
            match error.downcast_ref() {
                Some(run::Failed::Invalid(_)) => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
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
