//! What no input may do: panic, overflow the stack, take longer or more memory than [`SECONDS`] and [`BYTES`].
//!
//! Time is the processor's time of the thread, so that a busy machine makes no input slow.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::ALLOCATOR;

/// Most memory that may be in use at a time because of one input, in bytes.
pub const BYTES: usize = 64 << 20;
/// Longest time for one input, in seconds. Code that is not optimized takes many times as long.
pub const SECONDS: u64 = if cfg!(debug_assertions) { 30 } else { 1 };
/// Stack of the thread that the targets run on: that of the threads which the server works on.
pub const STACK: usize = 2 << 20;

/// What one input took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// Time of the processor.
    pub time: Duration,
    /// Memory at its most, in bytes.
    pub bytes: usize,
}

/// Runs a target on an input, or does anything else that has to keep the bounds.
///
/// # Errors
/// What it did that nothing may do.
pub fn within(work: impl FnOnce()) -> Result<Cost, String> {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let clock = Stopwatch::start();
    let outcome = catch_unwind(AssertUnwindSafe(work));
    let cost = Cost { time: clock.elapsed(), bytes: ALLOCATOR.peak_usage().saturating_sub(before) };
    if let Err(panic) = outcome {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        return Err(format!("it panics: {}", text.unwrap_or_default()));
    }
    if cost.bytes > BYTES {
        return Err(format!("it takes {} MB", cost.bytes >> 20));
    }
    if cost.time > Duration::from_secs(SECONDS) {
        return Err(format!("it takes {:.1} s", cost.time.as_secs_f64()));
    }
    Ok(cost)
}

/// For tests: as long as this is held, no other holds it. Memory is counted for the whole process, so tests that ran side
/// by side would be charged for each other.
pub fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Measures the processor's time of this thread where the system tells it, any time otherwise.
struct Stopwatch {
    worked: Option<Duration>,
    begun: Instant,
}

impl Stopwatch {
    fn start() -> Stopwatch {
        Stopwatch { worked: None, begun: Instant::now() }.at(worked())
    }

    fn at(self, worked: Option<Duration>) -> Stopwatch {
        Stopwatch { worked, ..self }
    }

    fn elapsed(&self) -> Duration {
        let passed = self.begun.elapsed();
        // What took next to no time at all need not be looked into.
        if passed < Duration::from_millis(20) {
            return passed;
        }
        match (self.worked, worked()) {
            (Some(before), Some(now)) => now.saturating_sub(before),
            _ => passed,
        }
    }
}

/// How long this thread has worked; only Linux tells.
fn worked() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split(' ').next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_beyond_a_bound_is_told() {
        let _alone = alone();
        assert!(within(|| {}).is_ok());
        let panics = within(|| panic!("not empty")).unwrap_err();
        assert_eq!(panics, "it panics: not empty");
        let eats = within(|| drop(std::hint::black_box(vec![1u8; BYTES + (2 << 20)])));
        assert!(eats.unwrap_err().starts_with("it takes 6"));
    }
}
