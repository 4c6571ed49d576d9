//! The local home: what only a developer's machine has.

pub mod functions;
