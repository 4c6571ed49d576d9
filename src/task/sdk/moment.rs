//! Points in time in the formats of the wire, and as Step Functions shows them.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use stepwright_core::expr::Value;

use super::models::TimeFormat;

/// Reads a time of any of the formats: text or a number of seconds.
pub(super) fn read(value: &Value) -> Option<DateTime> {
    match value {
        Value::Int(seconds) => Some(DateTime::from_secs(*seconds)),
        // The AWS SDK for Java reads numbers to the millisecond.
        Value::Float(seconds) => {
            seconds.is_finite().then(|| DateTime::from_millis((*seconds * 1e3).round() as i64))
        }
        Value::String(text) => parse(text),
        _ => None,
    }
}

/// Reads a time from text of any of the formats.
pub(super) fn parse(text: &str) -> Option<DateTime> {
    [Format::DateTimeWithOffset, Format::HttpDate, Format::EpochSeconds]
        .into_iter()
        .find_map(|format| DateTime::from_str(text, format).ok())
}

/// A time as Step Functions shows it: ISO 8601 in UTC with 0, 3, 6 or 9 digits of a second, as Java prints an instant.
pub(super) fn shown(time: &DateTime) -> String {
    let whole = DateTime::from_secs(time.secs()).fmt(Format::DateTime).unwrap_or_default();
    let nanos = time.subsec_nanos();
    let digits = match nanos {
        0 => return whole,
        n if n % 1_000_000 == 0 => 3,
        n if n % 1_000 == 0 => 6,
        _ => 9,
    };
    let fraction = format!("{nanos:09}");
    let fraction = fraction.get(..digits).unwrap_or(&fraction);
    format!("{}.{fraction}Z", whole.trim_end_matches('Z'))
}

/// A time in a format of the wire.
pub(super) fn written(time: &DateTime, format: TimeFormat) -> String {
    match format {
        TimeFormat::Rfc822 => time.fmt(Format::HttpDate).unwrap_or_default(),
        TimeFormat::Unix => time.fmt(Format::EpochSeconds).unwrap_or_default(),
        TimeFormat::Iso8601 | TimeFormat::Usual => shown(time),
    }
}

/// Seconds since 1970 as a JSON number.
pub(super) fn seconds(time: &DateTime) -> Value {
    match time.subsec_nanos() {
        0 => Value::Int(time.secs()),
        _ => Value::Float(time.as_secs_f64()),
    }
}

/// The first of the formats that is not the protocol's own.
pub(super) fn chosen(formats: [TimeFormat; 2], usual: TimeFormat) -> TimeFormat {
    formats.into_iter().find(|format| *format != TimeFormat::Usual).unwrap_or(usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_any_format_is_shown_as_java_prints_an_instant() {
        let table = [
            (r#""2026-03-02T10:00:00Z""#, "2026-03-02T10:00:00Z"),
            (r#""2026-03-02T10:00:00.120Z""#, "2026-03-02T10:00:00.120Z"),
            (r#""2026-03-02T12:00:00.123456+02:00""#, "2026-03-02T10:00:00.123456Z"),
            (r#""Mon, 02 Mar 2026 10:00:00 GMT""#, "2026-03-02T10:00:00Z"),
            ("1772445600", "2026-03-02T10:00:00Z"),
            ("1772445600.5", "2026-03-02T10:00:00.500Z"),
            (r#""1772445600.5""#, "2026-03-02T10:00:00.500Z"),
        ];
        for (text, expected) in table {
            assert_eq!(shown(&read(&Value::parse(text).unwrap()).unwrap()), expected, "{text}");
        }
        assert_eq!(read(&Value::from("next Tuesday")), None);
    }

    #[test]
    fn each_format_of_the_wire_is_its_own() {
        let time = DateTime::from_secs(1_772_445_600);
        let table = [
            (TimeFormat::Iso8601, "2026-03-02T10:00:00Z"),
            (TimeFormat::Unix, "1772445600"),
            (TimeFormat::Rfc822, "Mon, 02 Mar 2026 10:00:00 GMT"),
        ];
        for (format, expected) in table {
            assert_eq!(written(&time, format), expected);
        }
    }
}
