//! Retriers: whether a failed state is tried again, and after how long.

use super::{Failure, Visit};
use crate::asl::model::{Catcher, Retrier};
use crate::expr::Entropy;

/// The pause before the next attempt in seconds, counted against the retrier; `None` when no retrier applies any more.
///
/// The first retrier that names the error decides, even when it has no attempts left (States Language: "Retrying after
/// error").
pub(crate) fn pause(
    retriers: &[Retrier],
    visit: &mut Visit,
    failure: &Failed<'_>,
    entropy: &mut Entropy,
) -> Option<f64> {
    let (index, retrier) = self::retrier(retriers, failure)?;
    if visit.attempts.len() < retriers.len() {
        visit.attempts.resize(retriers.len(), 0);
    }
    let made = visit.attempts[index];
    if u64::from(made) >= retrier.max_attempts {
        return None;
    }
    visit.attempts[index] += 1;
    visit.retry_count += 1;
    let grown = retrier.interval_seconds as f64 * retrier.backoff_rate.powf(f64::from(made));
    let seconds = retrier.max_delay_seconds.map_or(grown, |most| grown.min(most as f64));
    Some(if retrier.full_jitter { seconds * entropy.unit() } else { seconds })
}

/// The first retrier that names the error.
pub(crate) fn retrier<'a>(
    retriers: &'a [Retrier],
    failure: &Failed<'_>,
) -> Option<(usize, &'a Retrier)> {
    retriers
        .iter()
        .enumerate()
        .find(|(_, r)| failure.failure.matches(&r.error_equals, failure.heartbeat))
}

/// The first catcher that names the error.
pub(crate) fn catcher<'a>(
    catchers: &'a [Catcher],
    failure: &Failed<'_>,
) -> Option<(usize, &'a Catcher)> {
    catchers
        .iter()
        .enumerate()
        .find(|(_, c)| failure.failure.matches(&c.error_equals, failure.heartbeat))
}

/// A failure on its way through retriers and catchers.
pub(crate) struct Failed<'a> {
    /// What failed.
    pub(crate) failure: &'a Failure,
    /// Whether it is a missed heartbeat, which `States.HeartbeatTimeout` matches too.
    pub(crate) heartbeat: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retrier(errors: &[&str], interval: u64, most: u64) -> Retrier {
        Retrier {
            error_equals: errors.iter().map(|&e| e.into()).collect(),
            interval_seconds: interval,
            max_attempts: most,
            backoff_rate: 2.0,
            max_delay_seconds: Some(5),
            full_jitter: false,
        }
    }

    #[test]
    fn pauses_grow_by_the_rate_up_to_the_most_and_end_with_the_attempts() {
        let retriers = [retrier(&["Other"], 1, 9), retrier(&["States.ALL"], 2, 3)];
        let failure = Failure::new("Boom", "");
        let failed = Failed { failure: &failure, heartbeat: false };
        let mut visit = Visit::default();
        let mut entropy = Entropy::of("x", "", 0, "");
        let pauses: Vec<_> =
            (0..4).map(|_| pause(&retriers, &mut visit, &failed, &mut entropy)).collect();
        assert_eq!(pauses, [Some(2.0), Some(4.0), Some(5.0), None]);
        assert_eq!((visit.attempts, visit.retry_count), (vec![0, 3], 3));
    }

    #[test]
    fn the_first_retrier_that_names_the_error_decides_even_without_attempts_left() {
        let retriers = [retrier(&["Boom"], 1, 0), retrier(&["States.ALL"], 1, 3)];
        let failure = Failure::new("Boom", "");
        let failed = Failed { failure: &failure, heartbeat: false };
        let mut entropy = Entropy::of("x", "", 0, "");
        assert_eq!(pause(&retriers, &mut Visit::default(), &failed, &mut entropy), None);
    }
}
