//! The target `jsonata` under libFuzzer.
#![no_main]

stepwright_guided::guided!("jsonata");
