//! What metrics are made of: counters by label, and times by size.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Counters of a label whose values are known.
pub(super) struct Known {
    values: &'static [&'static str],
    counts: Box<[AtomicU64]>,
}

impl Known {
    pub(super) fn of(values: &'static [&'static str]) -> Known {
        Known { values, counts: values.iter().map(|_| AtomicU64::new(0)).collect() }
    }

    /// Counts one for the value at this place.
    pub(super) fn add(&self, at: usize) {
        if let Some(count) = self.counts.get(at) {
            count.fetch_add(1, Relaxed);
        }
    }

    /// Values and their counts.
    pub(super) fn read(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.values.iter().zip(&self.counts).map(|(value, count)| (*value, count.load(Relaxed)))
    }
}

/// Counters of two labels, of which users choose the values of the first one.
#[derive(Default)]
pub(super) struct Named(Mutex<Counts>);

/// By the first label's value, and the second one's.
type Counts = BTreeMap<Box<str>, BTreeMap<&'static str, u64>>;

impl Named {
    /// Counts one for these values.
    pub(super) fn add(&self, first: &str, second: &'static str) {
        let mut counts = self.counts();
        let name = match counts.contains_key(first) || counts.len() < MOST {
            true => first,
            false => OTHERS,
        };
        match counts.get_mut(name) {
            Some(seconds) => *seconds.entry(second).or_default() += 1,
            None => _ = counts.insert(name.into(), BTreeMap::from([(second, 1)])),
        }
    }

    /// Values and their counts.
    pub(super) fn read(&self) -> Vec<(String, &'static str, u64)> {
        let mut read = Vec::new();
        for (first, seconds) in &*self.counts() {
            read.extend(seconds.iter().map(|(second, n)| (first.to_string(), *second, *n)));
        }
        read
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Times, by size.
#[derive(Default)]
pub(super) struct Times {
    /// By the limit that they are within; the last ones are within none.
    counts: [AtomicU64; LIMITS.len() + 1],
    micros: AtomicU64,
}

impl Times {
    pub(super) fn add(&self, seconds: f64) {
        let at = LIMITS.iter().position(|limit| seconds <= *limit).unwrap_or(LIMITS.len());
        if let Some(count) = self.counts.get(at) {
            count.fetch_add(1, Relaxed);
        }
        self.micros.fetch_add((seconds.max(0.0) * 1e6) as u64, Relaxed);
    }

    /// How many there were within each limit and no smaller one, and then beyond them.
    pub(super) fn read(&self) -> [u64; LIMITS.len() + 1] {
        std::array::from_fn(|at| self.counts.get(at).map_or(0, |count| count.load(Relaxed)))
    }

    /// All together, in seconds.
    pub(super) fn sum(&self) -> f64 {
        self.micros.load(Relaxed) as f64 / 1e6
    }
}

/// Seconds: from what an insert into SQLite takes to what a task may.
pub(super) const LIMITS: [f64; 14] =
    [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 300.0];

/// What machines are called together that came after the first hundred.
pub const OTHERS: &str = "(others)";

/// Values of a first label that are told apart.
const MOST: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_cannot_name_so_many_machines_that_memory_ends() {
        let named = Named::default();
        for number in 0..10_000 {
            let name = format!("machine-{number}");
            named.add(&name, "FAILED");
            named.add(&name, "SUCCEEDED");
        }
        named.add("machine-0", "ABORTED");
        let counts = named.read();
        assert_eq!(counts.len(), 2 * MOST + 2 + 1);
        let others = counts.iter().filter(|(first, ..)| first == OTHERS);
        let others: Vec<_> = others.map(|(_, second, count)| (*second, *count)).collect();
        assert_eq!(others, [("FAILED", 9_900), ("SUCCEEDED", 9_900)]);
    }

    #[test]
    fn a_time_is_counted_once_within_the_first_limit_that_holds_it() {
        let times = Times::default();
        for seconds in [0.0, 0.0001, 0.00011, 2.0, 1e9] {
            times.add(seconds);
        }
        let counts = times.read();
        let found: Vec<_> = counts.iter().enumerate().filter(|(_, n)| **n > 0).collect();
        assert_eq!(found, [(0, &2), (1, &1), (11, &1), (LIMITS.len(), &1)]);
        assert!((times.sum() - 1_000_000_002.000_21).abs() < 1e-3);
    }
}
