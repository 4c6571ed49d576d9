//! Stepwright runs Amazon States Language workflows without AWS Step Functions.
pub mod api;
pub mod cli;
pub mod local;
pub mod queue;
pub mod store;
pub mod task;
pub mod turn;
