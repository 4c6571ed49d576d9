//! Which door?

use std::process::ExitCode;

fn main() -> ExitCode {
    if stepwright::cloud::is_here() { stepwright::cloud::main() } else { stepwright::cli::main() }
}
