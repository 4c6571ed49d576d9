//! The target `rest` under libFuzzer.
#![no_main]

stepwright_guided::guided!("rest");
