//! The local home: one process with everything in it.

pub mod clock;
pub mod functions;
pub mod pump;
