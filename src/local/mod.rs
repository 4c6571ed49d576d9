//! The local home: the engine and its API in one process.

pub mod serve;
pub mod world;
