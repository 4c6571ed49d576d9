//! What operators see of the engine: lines of its own log, metrics, traces. Nothing here changes what an execution does,
//! and nothing of it waits: who reports leaves a number or a note, in memory, and goes on.
//!
//! What users have given to executions, and what came of it, is none of it: see [`lines`].

pub mod lines;
pub mod metrics;
pub mod traces;
