//! The target `intrinsic` under libFuzzer.
#![no_main]

stepwright_guided::guided!("intrinsic");
