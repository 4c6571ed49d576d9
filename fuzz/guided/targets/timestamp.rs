//! The target `timestamp` under libFuzzer.
#![no_main]

stepwright_guided::guided!("timestamp");
