//! Which door?

use std::process::ExitCode;

fn main() -> ExitCode {
    stepwright::cli::main()
}
