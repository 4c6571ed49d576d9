//! The log of a deployed function: one JSON object for each line, as Lambda's JSON log format expects it. Text lines would
//! be kept too, but nobody could filter them by level.

use std::fmt;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use stepwright_core::time::Timestamp;

use crate::local::clock::SystemClock;
use crate::turn::Clock as _;

/// Logs to standard error from now on: warnings, or what `STEPWRIGHT_LOG` says.
pub(super) fn to_standard_error() {
    let level = super::variable("STEPWRIGHT_LOG").and_then(|level| level.parse().ok());
    tracing_subscriber::fmt()
        .with_max_level(level.unwrap_or(Level::WARN))
        .with_writer(std::io::stderr)
        .log_internal_errors(false)
        .event_format(JsonLines(SystemClock::default()))
        .init();
}

struct JsonLines(SystemClock);

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        writeln!(writer, "{}", line(self.0.now(), event))
    }
}

fn line(now: Timestamp, event: &Event<'_>) -> Value {
    let mut fields = Fields(Map::new());
    fields.0.insert("timestamp".into(), now.to_string().into());
    fields.0.insert("level".into(), event.metadata().level().as_str().into());
    event.record(&mut fields);
    Value::Object(fields.0)
}

struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().into(), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().into(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_is_one_object_whatever_its_fields_hold() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .event_format(JsonLines(SystemClock::default()))
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(execution = "e\n\"1\"", count = 3, "turn failed");
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let line: Value = serde_json::from_str(text.strip_suffix('\n').unwrap()).unwrap();
        assert_eq!(line["message"], "turn failed");
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["execution"], "e\n\"1\"");
        assert_eq!(line["count"], 3);
    }
}
