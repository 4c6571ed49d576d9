//! The local home: one process with everything in it.

pub mod clock;
pub mod keys;
pub mod metrics;
pub mod pump;
pub mod serve;
pub mod survivors;
pub mod world;
