//! Fingerprints: 64 bits that stand for a world.

use std::hash::{Hash, Hasher};

/// The fingerprint of something made of small numbers.
pub fn fingerprint(of: &impl Hash) -> u64 {
    let mut folded = Folded::default();
    of.hash(&mut folded);
    folded.finish()
}

/// Eight bytes at a time are multiplied into what there is, and both halves of the product kept. Lengths and kinds of
/// variants, which come as whole words, are below 256 here: a byte does.
struct Folded {
    hash: u64,
    word: u64,
    bytes: u32,
}

impl Default for Folded {
    fn default() -> Folded {
        Folded { hash: BEGINNING, word: 0, bytes: 0 }
    }
}

impl Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u8(*byte);
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.word = self.word << 8 | u64::from(byte);
        self.bytes += 1;
        if self.bytes.is_multiple_of(8) {
            self.hash = fold(self.hash ^ self.word);
            self.word = 0;
        }
    }

    fn write_usize(&mut self, number: usize) {
        debug_assert!(number < 256, "{number} does not fit into a byte");
        self.write_u8(number as u8);
    }

    fn write_isize(&mut self, number: isize) {
        self.write_usize(number as usize);
    }

    fn finish(&self) -> u64 {
        fold(fold(self.hash ^ self.word) ^ u64::from(self.bytes))
    }
}

fn fold(word: u64) -> u64 {
    let product = u128::from(word) * u128::from(FACTOR);
    product as u64 ^ (product >> 64) as u64
}

/// Digits of pi and of the golden ratio: nothing special about either.
const BEGINNING: u64 = 0x243f_6a88_85a3_08d3;
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn what_differs_has_different_fingerprints() {
        let mut seen = HashSet::new();
        for n in 0..=255_u8 {
            for m in 0..=255_u8 {
                assert!(seen.insert(fingerprint(&(n, [m; 9], vec![n]))), "{n} {m}");
            }
        }
        for length in 0..100 {
            assert!(seen.insert(fingerprint(&vec![0_u8; length])), "{length}");
        }
    }
}
