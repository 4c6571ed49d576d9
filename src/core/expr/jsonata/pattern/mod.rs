//! Regular expressions: JavaScript's syntax on an engine that can look around and refer back, with a bound on how long
//! it may try.

mod translate;

use std::ops::Range;
use std::sync::Arc;

use fancy_regex::{Regex, RegexBuilder};

use super::error::{Fault, Outcome};

/// A compiled regular expression.
#[derive(Debug)]
pub(crate) struct Pattern {
    source: Arc<str>,
    regex: Regex,
    position: usize,
    cost: u64,
}

/// Where a pattern was found, in bytes.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) range: Range<usize>,
    /// Captured groups; `None` for one that took no part.
    pub(crate) groups: Vec<Option<Range<usize>>>,
}

impl Pattern {
    /// Compiles `/source/flags`, written at `position`.
    pub(crate) fn new(source: &str, flags: &str, position: usize) -> Outcome<Pattern> {
        let regex = RegexBuilder::new(&translate::translate(source))
            .case_insensitive(flags.contains('i'))
            .multi_line(flags.contains('m'))
            .backtrack_limit(BACKTRACK_LIMIT)
            .delegate_size_limit(SIZE_LIMIT)
            .delegate_dfa_size_limit(SIZE_LIMIT)
            .build()
            .map_err(|error| {
                let text = format!("Invalid regular expression: /{source}/: {error}");
                Fault::uncoded(&text).at(position)
            })?;
        // Only what looks around or refers back can go back and try again.
        let cost = if source.contains("(?") || refers_back(source) { 1000 } else { 4 };
        Ok(Pattern { source: source.into(), regex, position, cost })
    }

    /// Steps that one search counts for, whatever the text.
    pub(crate) fn cost(&self) -> u64 {
        self.cost
    }

    /// The first match at or after byte `from`.
    pub(crate) fn find(&self, text: &str, from: usize) -> Outcome<Option<Found>> {
        let captures = self
            .regex
            .captures_from_pos(text, from)
            .map_err(|_| Fault::limit(super::limit::TIME))?;
        let Some(captures) = captures else { return Ok(None) };
        let range = |index| captures.get(index).map(|group| group.start()..group.end());
        let Some(whole) = range(0) else { return Ok(None) };
        if whole.is_empty() {
            return Err(Fault::new("D1004").at(self.position).with("value", &*self.source));
        }
        Ok(Some(Found { range: whole, groups: (1..captures.len()).map(range).collect() }))
    }
}

fn refers_back(source: &str) -> bool {
    source.as_bytes().windows(2).any(|pair| pair[0] == b'\\' && (b'1'..=b'9').contains(&pair[1]))
}

/// How often a match may go back and try again.
const BACKTRACK_LIMIT: usize = 100_000;
/// Bytes that a compiled expression may take.
const SIZE_LIMIT: usize = 1 << 20;
