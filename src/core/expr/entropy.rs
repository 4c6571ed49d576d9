//! Randomness as data: a stream that is a function of its seed, so that a step repeated after a crash draws the same
//! numbers (design: protocol.md, "Time, determinism").

use sha2::{Digest, Sha256};

/// A deterministic stream of bytes, seeded by where in which execution it is drawn.
#[derive(Clone, Debug)]
pub struct Entropy {
    seed: [u8; 32],
    counter: u64,
}

impl Entropy {
    /// The stream of one step: execution, frame and slot, and a word that keeps different uses apart.
    pub fn of(execution: &str, frame: &str, slot: u64, purpose: &str) -> Entropy {
        let mut hash = Sha256::new();
        for part in [execution, frame, purpose] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.update(slot.to_le_bytes());
        Entropy { seed: hash.finalize().into(), counter: 0 }
    }

    /// The next 16 bytes.
    pub fn bytes(&mut self) -> [u8; 16] {
        let mut hash = Sha256::new();
        hash.update(self.seed);
        hash.update(self.counter.to_le_bytes());
        self.counter += 1;
        let digest = hash.finalize();
        let mut out = [0; 16];
        out.copy_from_slice(&digest[..16]);
        out
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        let bytes = self.bytes();
        let mut low = [0; 8];
        low.copy_from_slice(&bytes[..8]);
        u64::from_le_bytes(low)
    }

    /// A double in `0.0..1.0`, all 53 bits drawn.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A random (version 4) UUID in its usual spelling.
    pub fn uuid(&mut self) -> String {
        let mut b = self.bytes();
        b[6] = (b[6] & 0x0f) | 0x40;
        b[8] = (b[8] & 0x3f) | 0x80;
        let hex: String = b.iter().map(|byte| format!("{byte:02x}")).collect();
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_step_draws_the_same_and_another_step_does_not() {
        let uuid = |slot| Entropy::of("exec", "", slot, "test").uuid();
        assert_eq!(uuid(3), uuid(3));
        assert_ne!(uuid(3), uuid(4));
    }
}
