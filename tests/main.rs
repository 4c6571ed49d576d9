//! One test binary: it links once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "a test may fail where it stands"
)]
#![allow(missing_docs, unreachable_pub, reason = "nothing outside this binary uses it")]

mod api;
mod cli;
mod contract;
mod journals;
mod local;
mod scenario;
mod security;
mod serverless;
mod structure;
#[allow(dead_code, reason = "the simulation uses the rest")]
mod support;
mod task;
