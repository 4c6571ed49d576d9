//! The target `message` under libFuzzer.
#![no_main]

stepwright_guided::guided!("message");
