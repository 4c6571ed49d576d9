//! The target `interpreter` under libFuzzer.
#![no_main]

stepwright_guided::guided!("interpreter");
