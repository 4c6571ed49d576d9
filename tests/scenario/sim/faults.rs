//! What may go wrong, and the dice that say when.

use std::sync::atomic::{AtomicU64, Ordering};

/// How likely each fault is at each opportunity for it.
#[derive(Clone, Copy, Debug)]
pub struct Faults {
    /// A turn dies at an await.
    pub crash: f64,
    /// A message is delivered again while its delivery is being handled.
    pub duplicate: f64,
    /// A message comes up to some seconds late.
    pub late: f64,
    /// A turn stands still for half the visibility timeout.
    pub pause: f64,
    /// A write takes effect but its reply is an error.
    pub lost_reply: f64,
    /// A store or queue operation fails before it takes effect.
    pub refused: f64,
    /// Turns at a time.
    pub turns: usize,
    /// No crash while a task is being performed, so that outcomes do not depend on the faults.
    pub spare_tasks: bool,
}

impl Faults {
    /// A world without faults, one turn at a time.
    pub const NONE: Faults = Faults {
        crash: 0.0,
        duplicate: 0.0,
        late: 0.0,
        pause: 0.0,
        lost_reply: 0.0,
        refused: 0.0,
        turns: 1,
        spare_tasks: true,
    };

    /// Everything at once, and often.
    pub const ALL: Faults = Faults {
        crash: 0.02,
        duplicate: 0.1,
        late: 0.2,
        pause: 0.005,
        lost_reply: 0.03,
        refused: 0.03,
        turns: 4,
        spare_tasks: true,
    };
}

/// A stream of random numbers: SplitMix64.
#[derive(Debug)]
pub struct Dice(AtomicU64);

impl Dice {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Dice {
        Dice(AtomicU64::new(seed))
    }

    /// The next 64 bits.
    pub fn bits(&self) -> u64 {
        let mut z = self
            .0
            .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed)
            .wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// True with this probability.
    pub fn chance(&self, probability: f64) -> bool {
        probability > 0.0 && (self.bits() >> 11) as f64 / (1u64 << 53) as f64 <= probability
    }

    /// A number below `n`.
    pub fn below(&self, n: u64) -> u64 {
        self.bits() % n.max(1)
    }
}
