//! Fuzz targets: whatever comes in from outside, thrown at the code that reads it.
//!
//! ```text
//! seed      literals of the tests, examples, corpus/   what inputs are made from
//! mutate    bytes, tokens, trees of JSON               how they are changed
//! target/   one file per target                        input -> nothing, or a panic
//! bound     panics, time, memory, stack                what no input may do
//! door      requests to a home in memory               for tables of what each door answers
//! run       a target over its corpus and mutations     the plain way, on any toolchain
//! guided/   (a workspace of its own)                   the same targets under libFuzzer, guided by coverage
//! ```
//!
//! An input of several parts has them separated by [`SEPARATOR`]. An input that once did harm stays in `corpus/TARGET`,
//! under a name that says what it was.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a target says by a panic what is wrong"
)]

pub mod bound;
#[cfg(feature = "home")]
pub mod door;
#[cfg(feature = "home")]
mod home;
mod mutate;
#[cfg(feature = "home")]
pub mod run;
mod seed;
mod target;

pub use mutate::Mutator;
pub use seed::seeds;
#[cfg(feature = "home")]
pub use target::OPERATIONS;
pub use target::{Target, targets};

/// Stands between the parts of an input.
pub const SEPARATOR: &[u8] = b"\n----\n";

/// Counts what is allocated, for [`bound`].
#[global_allocator]
static ALLOCATOR: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;

/// The parts of an input.
fn parts(input: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(input);
    std::iter::from_fn(move || {
        let text = rest?;
        let at = text.windows(SEPARATOR.len()).position(|window| window == SEPARATOR);
        let (part, after) = match at {
            Some(at) => (&text[..at], Some(&text[at + SEPARATOR.len()..])),
            None => (text, None),
        };
        rest = after;
        Some(part)
    })
}

/// The parts of an input that has to be text; nothing if it is none.
fn texts<const N: usize>(input: &[u8]) -> Option<[&str; N]> {
    let text = std::str::from_utf8(input).ok()?;
    let mut parts =
        parts(text.as_bytes()).map(|part| std::str::from_utf8(part).unwrap_or_default());
    let texts = std::array::from_fn(|_| parts.next().unwrap_or_default());
    Some(texts)
}
