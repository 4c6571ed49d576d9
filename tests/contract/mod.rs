//! The promises of stores and queues, as one suite that runs on each of them.

mod durability;
mod faults;
mod forks;
mod homes;
mod journal;
mod listing;
mod memory;
mod offers;
mod queue;
mod registry;
