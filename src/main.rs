//! Which door?
fn main() {}
