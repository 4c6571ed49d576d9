//! The target `definition` under libFuzzer.
#![no_main]

stepwright_guided::guided!("definition");
