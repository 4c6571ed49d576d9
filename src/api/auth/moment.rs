//! The date of a signature: read, and held against the clock.

use stepwright_core::time::Timestamp;

use super::Refusal;

/// Reads `YYYYMMDD'T'HHMMSS'Z'`.
pub(super) fn parse(text: &str) -> Result<Timestamp, Refusal> {
    extended(text).and_then(|text| Timestamp::parse(&text)).ok_or_else(|| {
        Refusal::Incomplete(format!(
            "Date must be in ISO-8601 'basic format'. Got '{text}'. See http://en.wikipedia.org/wiki/ISO_8601"
        ))
    })
}

/// Is the time of a signature within five minutes of now?
pub(super) fn check(date: &str, time: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    let age = now.seconds_since(time);
    let message = if age > SKEW {
        let bound = basic(now.plus_seconds(-SKEW));
        let now = basic(now);
        format!("Signature expired: {date} is now earlier than {bound} ({now} - 5 min.)")
    } else if age < -SKEW {
        let bound = basic(now.plus_seconds(SKEW));
        let now = basic(now);
        format!("Signature not yet current: {date} is still later than {bound} ({now} + 5 min.)")
    } else {
        return Ok(());
    };
    Err(Refusal::Invalid(message))
}

/// Is the day of the scope the day of the date?
pub(super) fn same_day(day: &str, date: &str) -> Result<(), Refusal> {
    match date.split_once('T') {
        Some((of_date, _)) if of_date == day => Ok(()),
        of_date => Err(Refusal::Invalid(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{day}' != '{}', \
             from '{date}'.",
            of_date.map_or("", |(of_date, _)| of_date)
        ))),
    }
}

/// `20150830T123600Z` as `2015-08-30T12:36:00Z`.
fn extended(text: &str) -> Option<String> {
    let form = |(at, b): (usize, u8)| match at {
        8 => b == b'T',
        15 => b == b'Z',
        _ => b.is_ascii_digit(),
    };
    if text.len() != 16 || !text.bytes().enumerate().all(form) {
        return None;
    }
    let part = |from, to| text.get(from..to);
    Some(format!(
        "{}-{}-{}:{}:{}",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 11)?,
        part(11, 13)?,
        part(13, 16)?
    ))
}

fn basic(time: Timestamp) -> String {
    let second = Timestamp(time.0.div_euclid(1_000_000).saturating_mul(1_000_000));
    second.to_string().replace(['-', ':'], "")
}

/// Seconds.
const SKEW: f64 = 300.0;
