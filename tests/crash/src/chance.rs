//! Times that chance chooses.

use std::time::Duration;

use fastrand::Rng;

/// A time up to this one.
pub(crate) fn upto(random: &mut Rng, longest: Duration) -> Duration {
    longest.mul_f64(random.f64())
}
