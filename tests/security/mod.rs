//! What SECURITY.md promises, where no other room shows it.

mod crates;
mod promises;
mod tokens;
