//! What tests are made of: virtual time, seeded chance, a store and a queue that fail on purpose, tasks that follow a
//! script, and builders.
//!
//! Everything here is deterministic from a seed as long as it runs on one thread.

pub(crate) mod aws;
pub(crate) mod bill;
pub(crate) mod bucket;
pub(crate) mod build;

pub(crate) mod clock;
pub(crate) mod fault;
pub(crate) mod meter;
pub(crate) mod offers;
pub(crate) mod proxy;
pub(crate) mod queue;
pub(crate) mod random;
pub(crate) mod store;
pub(crate) mod tasks;
