//! Regular expressions: JavaScript's syntax on an engine that can look around and refer back, with a bound on how long
//! it may try.

mod translate;

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use fancy_regex::{Regex, RegexBuilder};

use super::error::{Fault, Outcome};

/// A compiled regular expression.
#[derive(Debug)]
pub(crate) struct Pattern {
    source: Arc<str>,
    regex: Regex,
    position: usize,
    cost: u64,
    /// For patterns that may look at all of the text from every place: the same with less and less patience, for
    /// longer and longer texts.
    impatient: Option<Box<[OnceLock<Option<Regex>>; LENGTHS]>>,
    flags: Box<str>,
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
        let regex = compile(source, flags, BACKTRACK_LIMIT).map_err(|error| {
            let text = format!("Invalid regular expression: /{source}/: {error}");
            Fault::uncoded(&text).at(position)
        })?;
        // Only what looks around or refers back can go back and try again.
        let cost = if source.contains("(?") || refers_back(source) { 1000 } else { 4 };
        let anchored = source.starts_with('^') && !source.contains('|') && !flags.contains('m');
        let impatient = (looks_far(source) && !anchored).then(Box::default);
        Ok(Pattern { source: source.into(), regex, position, cost, impatient, flags: flags.into() })
    }

    /// Steps that a search counts for that began to look at `from` and came to `found`.
    pub(crate) fn cost(&self, text: &str, from: usize, found: Option<&Found>) -> u64 {
        // What has been read for sure, and what may have been looked at beyond it.
        let end = found.map_or(text.len(), |found| found.range.end);
        let (read, rest) = (end.saturating_sub(from), text.len().saturating_sub(end));
        let read_once = read as u64 / 16 + rest as u64 / 512;
        if self.impatient.is_none() {
            return self.cost + read_once;
        }
        let starts = found.map_or(text.len(), |found| found.range.start + 1).saturating_sub(from);
        let left = text.len().saturating_sub(from);
        self.cost + read_once + (starts as u64).saturating_mul(left as u64) / 16
    }

    /// The expression with a bound that fits the length of the text.
    fn regex(&self, length: usize) -> &Regex {
        let Some(impatient) = &self.impatient else { return &self.regex };
        let halvings = (length / FREE_LENGTH).checked_ilog2().map_or(0, |log| log as usize + 1);
        let Some(place) = halvings.checked_sub(1).and_then(|at| impatient.get(at.min(LENGTHS - 1)))
        else {
            return &self.regex;
        };
        let limit = BACKTRACK_LIMIT >> halvings.min(LENGTHS);
        let made = place.get_or_init(|| compile(&self.source, &self.flags, limit).ok());
        made.as_ref().unwrap_or(&self.regex)
    }

    /// The first match at or after byte `from`.
    pub(crate) fn find(&self, text: &str, from: usize) -> Outcome<Option<Found>> {
        let captures = self
            .regex(text.len() - from.min(text.len()))
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

fn compile(source: &str, flags: &str, limit: usize) -> Result<Regex, Box<fancy_regex::Error>> {
    RegexBuilder::new(&translate::translate(source))
        .case_insensitive(flags.contains('i'))
        .multi_line(flags.contains('m'))
        .backtrack_limit(limit)
        .delegate_size_limit(SIZE_LIMIT)
        .delegate_dfa_size_limit(SIZE_LIMIT)
        .build()
        .map_err(Box::new)
}

/// Whether from every place of the text all the rest may be looked at without a step back, which alone is bounded: an
/// unbounded repetition in an expression that looks around or does not go back.
fn looks_far(source: &str) -> bool {
    let holds = |parts: &[&str]| parts.iter().any(|part| source.contains(part));
    let around = holds(&["(?=", "(?!", "(?<=", "(?<!", "(?>", "*+", "++", "?+", "}+"]);
    around && holds(&["*", "+", ",}"])
}

fn refers_back(source: &str) -> bool {
    source.as_bytes().windows(2).any(|pair| pair[0] == b'\\' && (b'1'..=b'9').contains(&pair[1]))
}

/// How often a match may go back and try again.
const BACKTRACK_LIMIT: usize = 100_000;
/// Characters up to which that is patience enough for any expression.
const FREE_LENGTH: usize = 2048;
/// How often the patience is halved at most as the text doubles in length.
const LENGTHS: usize = 12;
/// Bytes that a compiled expression may take.
const SIZE_LIMIT: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_look_at_everything_from_everywhere_costs_the_square_of_the_text() {
        let second = super::super::Limits::default().steps;
        let (short, long) = ("a".repeat(2_000), "a".repeat(40_000));
        let table = [
            ("(a+)+$", false, "no steps back"),
            ("(a|aa)*b", false, "no steps back"),
            (r"(a+)\1b", false, "each step back is counted"),
            ("^(?=.*[0-9])(?=.*[a-z]).{4,}$", false, "tried at the start only"),
            ("(?=a)b", false, "looks at one character"),
            ("(?=.*x)a", true, "looks at the rest"),
            ("(?!.*a$)b", true, "looks at the rest"),
            ("(?<=a+)b", true, "looks back at everything"),
            ("(?>a+)b", true, "takes the rest and gives nothing back"),
            ("a++b", true, "takes the rest and gives nothing back"),
            ("^(?=.*x)a|(?=.*y)b", true, "only one branch is tied to the start"),
        ];
        for (source, expected, reason) in table {
            let pattern = Pattern::new(source, "", 0).unwrap();
            assert_eq!(pattern.cost(&long, 0, None) > second, expected, "{source}: {reason}");
            assert!(pattern.cost(&short, 0, None) < second / 10, "{source}");
            let found = Found { range: 0..1, groups: Vec::new() };
            assert!(pattern.cost(&long, 0, Some(&found)) < second / 1000, "{source}");
        }
    }

    #[test]
    fn patience_shrinks_as_the_text_grows() {
        let pattern = Pattern::new("(?=a+b)a", "i", 0).unwrap();
        assert!(std::ptr::eq(pattern.regex(2_000), &pattern.regex));
        let (longer, longest) = (pattern.regex(5_000), pattern.regex(6_000_000));
        assert!(!std::ptr::eq(longer, &pattern.regex) && !std::ptr::eq(longer, longest));
        assert!(std::ptr::eq(longest, pattern.regex(usize::MAX)));
        assert_eq!(
            pattern.find(&format!("{}B", "a".repeat(5_000)), 0).unwrap().unwrap().range,
            0..1
        );
    }
}
