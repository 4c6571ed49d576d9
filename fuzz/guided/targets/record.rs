//! The target `record` under libFuzzer.
#![no_main]

stepwright_guided::guided!("record");
