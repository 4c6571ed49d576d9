//! The engine as it is deployed: the real store and queue, a worker function's loop, an AWS emulator behind a proxy.

mod cost;
mod faults;
mod parked;
mod race;
mod template;
mod wide;
mod world;
