//! The target `parquet` under libFuzzer.
#![no_main]

stepwright_guided::guided!("parquet");
