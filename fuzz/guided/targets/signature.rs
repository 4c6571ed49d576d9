//! The target `signature` under libFuzzer.
#![no_main]

stepwright_guided::guided!("signature");
