//! What tests are made of: virtual time, seeded chance, stores and queues that fail on purpose, and builders.
//!
//! Everything here is deterministic from a seed as long as it runs on one thread.
#![allow(dead_code, reason = "shared by tests and benches, each of which uses a part")]

pub(crate) mod build;
pub(crate) mod clock;
pub(crate) mod fault;
pub(crate) mod meter;
pub(crate) mod queue;
pub(crate) mod random;
pub(crate) mod store;
