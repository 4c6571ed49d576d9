//! Two pieces of Java's arithmetic that AWS's results show.

/// `Math.round`: to the nearest integer, halves up (`-0.5` gives `0`), beyond 64 bits the nearest that fits.
pub(super) fn round(x: f64) -> i64 {
    let floor = x.floor();
    (if x - floor >= 0.5 { floor + 1.0 } else { floor }) as i64
}

/// `java.util.Random`: its numbers are specified, so a seed gives the same ones everywhere.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: i64) -> Random {
        Random((seed as u64 ^ 0x5_DEEC_E66D) & ((1 << 48) - 1))
    }

    fn next(&mut self, bits: u32) -> i32 {
        self.0 = (self.0.wrapping_mul(0x5_DEEC_E66D).wrapping_add(0xB)) & ((1 << 48) - 1);
        ((self.0 as i64) >> (48 - bits)) as i32
    }

    /// `nextInt(bound)`; the bound must be positive.
    pub(super) fn next_int(&mut self, bound: i32) -> i32 {
        if bound & (bound - 1) == 0 {
            return ((i64::from(bound) * i64::from(self.next(31))) >> 31) as i32;
        }
        loop {
            let bits = self.next(31);
            let value = bits % bound;
            if bits.checked_add(bound - 1 - value).is_some() {
                return value;
            }
        }
    }

    /// `nextLong()`
    pub(super) fn next_long(&mut self) -> i64 {
        let high = i64::from(self.next(32)) << 32;
        high.wrapping_add(i64::from(self.next(32)))
    }
}
