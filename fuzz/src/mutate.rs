//! How inputs are changed: as trees where they hold JSON, as text of tokens, as bytes. Everything follows from a seed.

mod tree;

use crate::{SEPARATOR, parts};

/// Makes inputs from seeds.
pub struct Mutator {
    random: Random,
    seeds: Vec<Vec<u8>>,
    tokens: Vec<Vec<u8>>,
    pool: Vec<serde_json::Value>,
}

/// Longest input that is made, in bytes.
const LONGEST: usize = 64 << 10;
/// Most pieces of trees that are kept for others.
const POOLED: usize = 4_000;

impl Mutator {
    /// From inputs that mean something to the target.
    pub fn new(seeds: Vec<Vec<u8>>, seed: u64) -> Mutator {
        let mut tokens: Vec<Vec<u8>> =
            HOSTILE.iter().map(|token| token.as_bytes().to_vec()).collect();
        let mut pool = Vec::new();
        for input in &seeds {
            tokens.extend(words(input).map(<[u8]>::to_vec));
            for part in parts(input) {
                if let Some((_, value)) = tree::read(part) {
                    tree::collect(&value, &mut pool, POOLED);
                }
            }
        }
        tokens.sort_unstable();
        tokens.dedup();
        Mutator { random: Random(fastrand::Rng::with_seed(seed)), seeds, tokens, pool }
    }

    /// The next input.
    pub fn input(&mut self) -> Vec<u8> {
        let at = self.random.below(self.seeds.len().max(1));
        let seed = self.seeds.get(at).cloned().unwrap_or_default();
        self.changed(&seed)
    }

    /// This input, changed in one place or several.
    pub fn changed(&mut self, input: &[u8]) -> Vec<u8> {
        let mut parts: Vec<Vec<u8>> = parts(input).map(<[u8]>::to_vec).collect();
        for _ in 0..=self.random.below(3) {
            let at = self.random.below(parts.len());
            parts[at] = self.part(&parts[at]);
        }
        if self.random.one_in(40) {
            let at = self.random.below(parts.len());
            parts.push(parts[at].clone());
        }
        let mut made = parts.join(SEPARATOR);
        made.truncate(LONGEST);
        made
    }

    fn part(&mut self, part: &[u8]) -> Vec<u8> {
        let rough = self.random.one_in(4);
        if let Some((head, value)) = tree::read(part).filter(|_| !rough) {
            let value = tree::changed(value, &mut self.random, &self.pool, &self.tokens);
            let mut made = part[..head].to_vec();
            made.extend_from_slice(value.to_string().as_bytes());
            return made;
        }
        let mut made = part.to_vec();
        for _ in 0..=self.random.below(4) {
            self.bytes(&mut made);
        }
        made
    }

    /// One change of text or bytes.
    fn bytes(&mut self, text: &mut Vec<u8>) {
        let at = self.random.below(text.len() + 1);
        let end = (at + 1 + self.random.below(16)).min(text.len());
        match self.random.below(9) {
            0 | 1 => {
                let token = self.random.of(&self.tokens).cloned().unwrap_or_default();
                text.splice(at..at, token);
            }
            2 => {
                let token = self.random.of(&self.tokens).cloned().unwrap_or_default();
                text.splice(at.min(end)..end, token);
            }
            3 => drop(text.drain(at.min(end)..end)),
            4 => {
                let piece = text[at.min(end)..end].to_vec();
                let times = 1 << self.random.below(8);
                text.splice(at..at, piece.repeat(times));
            }
            5 => {
                let other = self.random.of(&self.seeds).cloned().unwrap_or_default();
                let from = self.random.below(other.len() + 1);
                let length = self.random.below(64).min(other.len() - from);
                text.splice(at..at, other[from..from + length].iter().copied());
            }
            6 => text.truncate(at),
            _ => {
                if let Some(byte) = text.get_mut(at) {
                    *byte = match self.random.below(3) {
                        0 => *byte ^ (1 << self.random.below(8)),
                        1 => self.random.below(256) as u8,
                        _ => byte.wrapping_add(1),
                    };
                }
            }
        }
    }
}

/// Words, numbers and runs of signs in a text.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let kind = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' => 0,
        b' ' | b'\n' => 1,
        _ => 2,
    };
    let pieces = text.chunk_by(move |a, b| kind(*a) == kind(*b));
    pieces.filter(|piece| (1..=40).contains(&piece.len()))
}

/// Chance from a seed.
pub(crate) struct Random(fastrand::Rng);

impl Random {
    /// A number below `end`; 0 if there is none.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0.usize(..end.max(1))
    }

    pub(crate) fn whole(&mut self) -> i64 {
        self.0.i64(..)
    }

    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        self.0.choice(all)
    }
}

/// Text that has been harmful to somebody.
const HOSTILE: &[&str] = &[
    "9007199254740993",
    "-9223372036854775808",
    "9223372036854775808",
    "18446744073709551616",
    "1e308",
    "1e999",
    "-0",
    "0.1e-400",
    "NaN",
    "Infinity",
    "\\ud800",
    "\\udc00\\ud800",
    "\\u0000",
    "\u{feff}",
    "\u{202e}",
    "\u{1F4A5}",
    "\u{0}",
    "\r\n",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    "{\"a\":{\"a\":{\"a\":{\"a\":",
    "((((((((((((((((",
    "$..*",
    "$..*..*",
    "$$.",
    "$['",
    "[?(@.",
    "[-1]",
    "[::]",
    "[0:9999999999]",
    "States.Array(",
    "States.ArrayRange(0, 1000, 1)",
    "States.Format('{}{}', ",
    "States.StringToJson(",
    "States.MathRandom(",
    "{% ",
    " %}",
    "$map(",
    "$reduce(",
    "function($x){",
    "~>",
    "[1..10000000]",
    "/(a+)+$/",
    "/(?=.*)*/",
    "$pad('', 9999999)",
    "**.",
    "%.%.",
    "|$|{}|",
    "^(",
    "@$x#$i",
    "2016-12-31T23:59:60Z",
    "+25:00",
    "-271821-04-20T00:00:00Z",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_says_it_all_and_inputs_differ() {
        let _alone = crate::bound::alone();
        let seeds = || vec![br#"{"a":[1,"{\"b\":2}"]}"#.to_vec(), b"x y".to_vec()];
        let draw = |seed| {
            let mut mutator = Mutator::new(seeds(), seed);
            (0..200).map(|_| mutator.input()).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        let mut inputs = draw(2);
        inputs.sort();
        inputs.dedup();
        assert!(inputs.len() > 150, "{}", inputs.len());
    }
}
