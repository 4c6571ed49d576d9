//! The local home: one process with everything in it.

pub mod clock;
mod guests;
pub mod keys;
pub mod metrics;
pub mod pump;
pub mod retention;
pub mod serve;
pub mod survivors;
pub mod world;
