//! The target `token` under libFuzzer.
#![no_main]

stepwright_guided::guided!("token");
