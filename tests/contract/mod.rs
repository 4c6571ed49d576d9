//! The promises of stores and queues, as one suite that runs on each of them.

mod aws;
mod durability;
mod expiry;
mod faults;
mod forks;
pub(crate) mod homes;
mod journal;
mod listing;
mod memory;
mod offers;
mod queue;
mod registry;
mod torn;
