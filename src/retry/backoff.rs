//! Pauses between tries of a request: twice as long each time, each of random length from nothing up to that ("full
//! jitter", so that those who were refused together do not come again together), and all of them within a deadline.

use std::time::Duration;

use tokio::time::Instant;

/// The pauses of one request.
#[derive(Debug)]
pub(crate) struct Backoff {
    longest: Duration,
    deadline: Instant,
}

impl Backoff {
    /// Pauses that end so long from now.
    pub(crate) fn within(time: Duration) -> Backoff {
        Backoff { longest: FIRST, deadline: Instant::now() + time }
    }

    /// Pauses before the next try. `false`, at once, if there is no time left for one.
    pub(crate) async fn pause(&mut self) -> bool {
        let pause = self.next(random());
        if Instant::now() + pause >= self.deadline {
            return false;
        }
        tokio::time::sleep(pause).await;
        true
    }

    /// The next pause; `random` is from 0 up to 1.
    fn next(&mut self, random: f64) -> Duration {
        let pause = self.longest.mul_f64(random);
        self.longest = (self.longest * 2).min(LONGEST);
        pause
    }
}

/// A random number from 0 up to 1. Without randomness there is still a pause.
fn random() -> f64 {
    getrandom::u32().map_or(0.5, |n| f64::from(n) / f64::from(u32::MAX))
}

const FIRST: Duration = Duration::from_millis(25);
const LONGEST: Duration = Duration::from_millis(1600);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pauses_grow_up_to_a_limit_and_are_cut_by_chance() {
        let mut backoff = Backoff::within(Duration::from_secs(9));
        let table = [(1.0, 25), (0.0, 0), (0.5, 50), (1.0, 200), (1.0, 400), (1.0, 800)];
        for (random, expected) in table {
            assert_eq!(backoff.next(random), Duration::from_millis(expected));
        }
        assert_eq!([backoff.next(1.0), backoff.next(1.0)], [LONGEST, LONGEST]);
    }

    #[tokio::test]
    async fn without_time_there_is_no_pause() {
        assert!(!Backoff::within(Duration::ZERO).pause().await);
    }
}
