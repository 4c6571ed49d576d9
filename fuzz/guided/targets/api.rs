//! The target `api` under libFuzzer.
#![no_main]

stepwright_guided::guided!("api");
