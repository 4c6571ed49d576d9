//! Reading ISO 8601 timestamps as `$toMillis` does without a picture.

use super::calendar::utc;

/// Milliseconds since 1970; `None` where the text has not the form of a timestamp, not a number where it has but is no
/// date. A time without a zone is taken as UTC.
pub(crate) fn parse_iso(text: &str) -> Option<f64> {
    let mut cursor = Cursor(text.as_bytes());
    let mut date = [cursor.number(4)?, 1.0, 1.0];
    for part in date.iter_mut().skip(1) {
        if cursor.take(b"-") {
            *part = cursor.number(2)?;
        } else {
            break;
        }
    }
    let mut time = [0.0; 4];
    if cursor.take(b"T") {
        time[0] = cursor.number(2)?;
        for part in time.iter_mut().take(3).skip(1) {
            if !cursor.take(b":") {
                return None;
            }
            *part = cursor.number(2)?;
        }
    }
    if cursor.take(b".") {
        time[3] = cursor.fraction()?;
    }
    let offset = cursor.zone()?;
    let [_, month, day] = date;
    let [hour, minute, second, milli] = time;
    let whole_day = hour == 24.0 && minute + second + milli == 0.0;
    let valid = (1.0..=12.0).contains(&month)
        && (1.0..=31.0).contains(&day)
        && (hour < 24.0 || whole_day)
        && minute < 60.0
        && second < 60.0;
    if !valid {
        return Some(f64::NAN);
    }
    // The rule about years below 100 is not for texts.
    let [year, ..] = date;
    let millis = utc([year + 400.0, month - 1.0, day], time) - DAYS_OF_400_YEARS * 86_400_000.0;
    Some(millis - offset * 60_000.0)
}

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn take(&mut self, mark: &[u8]) -> bool {
        match self.0.strip_prefix(mark) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn number(&mut self, digits: usize) -> Option<f64> {
        let (head, rest) = self.0.split_at_checked(digits)?;
        if !head.iter().all(u8::is_ascii_digit) {
            return None;
        }
        self.0 = rest;
        Some(head.iter().fold(0.0, |n, digit| n * 10.0 + f64::from(digit - b'0')))
    }

    /// Digits after the point, as whole milliseconds.
    fn fraction(&mut self) -> Option<f64> {
        let count = self.0.iter().take_while(|b| b.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        let digit = |index: usize| digits.get(index).map_or(0.0, |b| f64::from(b - b'0'));
        (count > 0).then(|| digit(0) * 100.0 + digit(1) * 10.0 + digit(2))
    }

    /// The offset in minutes; nothing may follow it.
    fn zone(&mut self) -> Option<f64> {
        let sign = match self.0 {
            [] | [b'Z'] => return Some(0.0),
            [b'+', ..] => 1.0,
            [b'-', ..] => -1.0,
            _ => return None,
        };
        self.0 = &self.0[1..];
        let hours = self.number(2)?;
        self.take(b":");
        let minutes = self.number(2)?;
        self.0.is_empty().then_some(sign * (hours * 60.0 + minutes))
    }
}

const DAYS_OF_400_YEARS: f64 = 146_097.0;
