//! The target `reader` under libFuzzer.
#![no_main]

stepwright_guided::guided!("reader");
