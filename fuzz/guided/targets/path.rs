//! The target `path` under libFuzzer.
#![no_main]

stepwright_guided::guided!("path");
