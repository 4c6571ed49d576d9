//! RFC 3339 with a capital `T` and `Z`, as the States Language asks of timestamps in a definition.

/// Whether a text is a point in time: `2026-11-20T21:28:05Z`, with fraction and offset if wanted.
pub(crate) fn is_rfc3339(text: &str) -> bool {
    let Some((date, time)) = text.split_once('T') else {
        return false;
    };
    let Some((clock, zone)) = time.split_at_checked(8) else {
        return false;
    };
    let zone = match zone.strip_prefix('.') {
        None => zone,
        Some(fraction) => {
            let rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if rest.len() == fraction.len() {
                return false;
            }
            rest
        }
    };
    is_date(date) && is_clock(clock) && is_zone(zone)
}

fn is_date(text: &str) -> bool {
    let [Some(year), Some(month), Some(day)] = numbers(text, '-', [4, 2, 2]) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

fn is_clock(text: &str) -> bool {
    matches!(numbers(text, ':', [2, 2, 2]), [Some(0..=23), Some(0..=59), Some(0..=59)])
}

fn is_zone(text: &str) -> bool {
    let offset = text.strip_prefix(['+', '-']);
    text == "Z"
        || offset.is_some_and(|offset| {
            matches!(numbers(offset, ':', [2, 2]), [Some(0..=18), Some(0..=59)])
        })
}

/// The numbers of a text, each with its count of digits; all `None` unless there are exactly as many as asked for.
fn numbers<const N: usize>(text: &str, separator: char, digits: [usize; N]) -> [Option<u32>; N] {
    let mut parts = text.split(separator);
    let found = digits.map(|count| {
        let part = parts.next().filter(|part| part.len() == count)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
    });
    if parts.next().is_some() { [None; N] } else { found }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_complete_and_exists() {
        let table = [
            ("2026-02-28T23:59:59Z", true),
            ("2026-02-28T23:59:59.123456789Z", true),
            ("2026-02-28T23:59:59+05:30", true),
            ("2024-02-29T00:00:00Z", true),
            ("2026-02-29T00:00:00Z", false),
            ("2026-13-01T00:00:00Z", false),
            ("2026-1-01T00:00:00Z", false),
            ("2026-01-01T24:00:00Z", false),
            ("2026-01-01T00:00Z", false),
            ("2026-01-01T00:00:00.Z", false),
            ("2026-01-01T00:00:00", false),
            ("2026-01-01t00:00:00z", false),
            ("2026-01-01 00:00:00Z", false),
            ("01-02-2026T00:00:00Z", false),
            ("2026-01-01T00:00:00é", false),
            ("{% $now() %}", false),
            ("", false),
        ];
        for (text, expected) in table {
            assert_eq!(is_rfc3339(text), expected, "{text}");
        }
    }
}
