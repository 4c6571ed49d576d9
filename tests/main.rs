//! One test binary: it links once.

mod scenario;
mod structure;
