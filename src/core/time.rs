//! Points in time as data. The core never asks what time it is; it is told.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Microseconds since 1970-01-01T00:00:00Z. Fine enough that what follows from something is always later than it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// A time so many seconds after this one; far too large a distance ends at the largest time.
    pub fn plus_seconds(self, seconds: f64) -> Timestamp {
        Timestamp(self.0.saturating_add((seconds * 1e6) as i64))
    }

    /// Seconds from `earlier` to this time, negative if it lies before.
    pub fn seconds_since(self, earlier: Timestamp) -> f64 {
        self.0.saturating_sub(earlier.0) as f64 / 1e6
    }

    /// Seconds since 1970 with milliseconds, as the AWS JSON protocol writes times.
    pub fn epoch_seconds(self) -> f64 {
        self.0.div_euclid(1000) as f64 / 1e3
    }

    /// Reads an RFC 3339 time as the States Language demands it: an upper-case `T`, and `Z` or a numeric offset.
    pub fn parse(text: &str) -> Option<Timestamp> {
        if text.as_bytes().get(10) != Some(&b'T') {
            return None;
        }
        let rest = text.get(11..)?;
        let zoned =
            rest.ends_with('Z') || rest.rfind(['+', '-']).is_some_and(|at| offset(&rest[at + 1..]));
        if !zoned || rest.contains('[') {
            return None;
        }
        text.parse::<jiff::Timestamp>().ok().map(|t| Timestamp(t.as_microsecond()))
    }
}

/// `HH:MM`
fn offset(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 5
        && bytes[2] == b':'
        && bytes.iter().enumerate().all(|(i, b)| i == 2 || b.is_ascii_digit())
}

/// ISO 8601 in UTC with milliseconds, as AWS writes times into the context object.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.div_euclid(1000);
        match jiff::Timestamp::from_millisecond(millis) {
            Ok(t) if millis % 1000 == 0 => write!(f, "{t:.0}"),
            Ok(t) => write!(f, "{t:.3}"),
            Err(_) => write!(f, "{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_context_object_has_them() {
        let table = [
            (1_700_000_000_123_456, "2023-11-14T22:13:20.123Z"),
            (1_700_000_000_000_456, "2023-11-14T22:13:20Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (i64::MIN, "-9223372036854775808"),
            (i64::MAX, "9223372036854775807"),
        ];
        for (micros, expected) in table {
            assert_eq!(Timestamp(micros).to_string(), expected);
        }
    }

    #[test]
    fn only_rfc_3339_with_t_and_zone_is_a_timestamp() {
        let table = [
            ("2016-12-05T21:29:29Z", true),
            ("2016-12-05T21:29:29.123+02:00", true),
            ("2016-12-05T21:29:29", false),
            ("2016-12-05 21:29:29Z", false),
            ("05-12-2016T21:29:29Z", false),
            ("2016-12-05T25:29:29Z", false),
            ("2016-13-05T21:29:29Z", false),
        ];
        for (text, valid) in table {
            assert_eq!(Timestamp::parse(text).is_some(), valid, "{text}");
        }
    }
}
