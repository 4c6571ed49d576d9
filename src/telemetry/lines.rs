//! The program's own log: each event is one line, whatever its fields hold.
//!
//! ```text
//! 2026-03-01T10:00:00.000Z WARN turn failed, will be repeated error="the store is not available: timeout" execution_arn=arn:… machine=order
//! {"timestamp":"2026-03-01T10:00:00.000Z","level":"WARN","message":"turn failed, will be repeated","error":…}
//! ```
//!
//! Promises:
//! - Every line has `timestamp`, `level` and `message`; where it concerns one, `execution_arn`, `machine`, `state` and
//!   `request_id` (of the API request, or of the invocation that a deployed function is busy with).
//! - No value can end its line, begin another, move a terminal's cursor or turn the direction of text: control characters
//!   and their like are escaped in both forms.
//! - Inputs, outputs, secrets and task tokens are not logged: fields have the names of a short list (a test holds all
//!   rooms to it), what libraries say below a warning is left out, and of what a panic says only what is ours.

use std::fmt::{self, Write as _};
use std::panic::PanicHookInfo;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use stepwright_core::time::Timestamp;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The form of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object.
    Json,
}

/// What all lines are about that are written now: the request that a process is busy with, if it does one at a time.
#[derive(Clone, Debug, Default)]
pub struct Request(Arc<Mutex<Option<Arc<str>>>>);

impl Request {
    /// From now on it is this one.
    pub fn begin(&self, id: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(id.into());
    }

    fn id(&self) -> Option<Arc<str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Writes lines to standard error from now on: warnings, or what `level` says (`error`, `warn`, `info`, `debug`, `trace`).
/// What standard error does not take is lost: to complain about that there would panic.
pub fn start(format: Format, level: Option<&str>, request: Request) {
    let level = level.and_then(|level| level.parse().ok()).unwrap_or(Level::WARN);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .log_internal_errors(false)
        .event_format(Lines { format, request });
    // Below a warning, clients and servers of protocols tell what they send and receive.
    let others = level.min(Level::WARN);
    let rooms = Targets::new().with_default(others).with_target(OURS, level);
    tracing_subscriber::registry().with(lines).with(rooms).init();
    std::panic::set_hook(Box::new(panicked));
}

/// Writes a line that a function on this machine has printed, under the function's name.
pub fn of_function(format: Format, name: &str, said: &str) {
    let mut line = String::new();
    match format {
        Format::Text => {
            line.push('[');
            escape(&mut line, name, false);
            line.push_str("] ");
            escape(&mut line, said, false);
        }
        Format::Json => {
            let _ = write!(line, r#"{{"timestamp":"{}","level":"INFO","message":"#, now());
            quote(&mut line, said);
            line.push_str(r#","function":"#);
            quote(&mut line, name);
            line.push('}');
        }
    }
    line.push('\n');
    // At once, so that no other line gets in between. Nobody may be there to read it.
    let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
}

/// A defect of ours. What it says may quote what a user has given, so it is cut before the first quotation.
fn panicked(info: &PanicHookInfo<'_>) {
    let payload = info.payload();
    let said = payload
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or_default();
    let why = said.split(['`', '"', '\'']).next().unwrap_or_default();
    let place = info.location().map(ToString::to_string);
    tracing::error!(why, place, "the program broke down here (a defect)");
}

/// Forms events.
struct Lines {
    format: Format,
    request: Request,
}

impl<S, N> FormatEvent<S, N> for Lines
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
        let mut fields = Fields::default();
        event.record(&mut fields);
        fields.complete(&self.request);
        let level = event.metadata().level().as_str();
        let line = match self.format {
            Format::Text => fields.text(&now().to_string(), level),
            Format::Json => fields.json(&now().to_string(), level),
        };
        writer.write_str(&line)
    }
}

/// The fields of an event, in the order in which they are given.
#[derive(Default)]
struct Fields {
    message: String,
    others: Vec<(&'static str, Shown)>,
}

/// The value of a field.
enum Shown {
    Text(String),
    /// A number or a truth value, as both forms write it.
    Plain(String),
}

impl Fields {
    /// What follows from what is given.
    fn complete(&mut self, request: &Request) {
        let machine = match (self.found("execution_arn"), self.found("machine")) {
            (Some(arn), None) => arn.split(':').nth(6).map(str::to_owned),
            _ => None,
        };
        self.others.extend(machine.map(|name| ("machine", Shown::Text(name))));
        if self.found("request_id").is_none() {
            let id = request.id();
            self.others.extend(id.map(|id| ("request_id", Shown::Text(id.to_string()))));
        }
    }

    fn found(&self, name: &str) -> Option<&str> {
        let (_, value) = self.others.iter().find(|(known, _)| *known == name)?;
        let (Shown::Text(text) | Shown::Plain(text)) = value;
        Some(text)
    }

    fn text(&self, time: &str, level: &str) -> String {
        let mut line = format!("{time} {level} ");
        escape(&mut line, &self.message, false);
        for (name, value) in &self.others {
            let _ = write!(line, " {name}=");
            match value {
                Shown::Plain(text) => line.push_str(text),
                Shown::Text(text) if text.chars().all(bare) && !text.is_empty() => {
                    line.push_str(text);
                }
                Shown::Text(text) => quote(&mut line, text),
            }
        }
        line.push('\n');
        line
    }

    fn json(&self, time: &str, level: &str) -> String {
        let mut line = format!(r#"{{"timestamp":"{time}","level":"{level}","message":"#);
        quote(&mut line, &self.message);
        for (name, value) in &self.others {
            line.push(',');
            quote(&mut line, name);
            line.push(':');
            match value {
                Shown::Plain(text) => line.push_str(text),
                Shown::Text(text) => quote(&mut line, text),
            }
        }
        line.push_str("}\n");
        line
    }

    fn add(&mut self, field: &Field, value: Shown) {
        match (field.name(), value) {
            ("message", Shown::Text(text) | Shown::Plain(text)) => self.message = text,
            (name, value) => self.others.push((name, value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, Shown::Text(format!("{value:?}")));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.add(field, Shown::Text(value.to_string()));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, Shown::Text(value.to_owned()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, Shown::Plain(value.to_string()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, Shown::Plain(value.to_string()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, Shown::Plain(value.to_string()));
    }
}

/// A JSON string, for eyes as well: with all that terminals and readers would obey escaped.
pub fn quote(line: &mut String, text: &str) {
    line.push('"');
    escape(line, text, true);
    line.push('"');
}

/// Escapes what a terminal or a reader of lines would obey, as JSON does it; between quotes also what would end them.
pub fn escape(line: &mut String, text: &str, quoted: bool) {
    for c in text.chars() {
        match c {
            '"' | '\\' if quoted => line.extend(['\\', c]),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            c if commands(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(line, "\\u{unit:04x}");
                }
            }
            c => line.push(c),
        }
    }
}

/// Whether a character does something instead of showing something: C0 and C1 controls (ANSI escapes begin with one), ends
/// of lines and paragraphs, what turns the direction of text, what is not seen at all.
fn commands(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether a character can stand in a value without quotes.
fn bare(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.:/%#+@*$".contains(c)
}

fn now() -> Timestamp {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_micros() as i64);
    Timestamp(micros)
}

/// What the targets of our own events begin with.
const OURS: &str = "stepwright";

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    use serde_json::Value;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// What is written while `work` is done.
    fn written(format: Format, request: &Request, work: impl FnOnce()) -> String {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .event_format(Lines { format, request: request.clone() })
            .finish();
        tracing::subscriber::with_default(subscriber, work);
        let bytes = written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    const ARN: &str = "arn:aws:states:us-east-1:123456789012:execution:order:run-1";

    /// What users can name, and what it would do if it were written as it is.
    const HOSTILE: [(&str, &str); 9] = [
        ("a\n2026-01-01T00:00:00Z ERROR forged", "begins a line"),
        ("a\r\nforged", "so on Windows"),
        ("a\u{2028}forged", "ends a line in JavaScript"),
        ("\u{1b}[2J\u{1b}[31mred", "clears a terminal"),
        ("\u{9b}31mred", "the same in one character"),
        ("a\" level=\"ERROR", "ends its quotes"),
        ("a\\", "escapes the quote behind it"),
        ("\u{202e}txt.exe", "turns the direction"),
        ("\0\u{7}\u{7f}\u{feff}", "is not seen, or heard"),
    ];

    #[test]
    fn no_value_forges_a_line_of_text_or_commands_a_terminal() {
        for (value, why) in HOSTILE {
            let text = written(Format::Text, &Request::default(), || {
                tracing::warn!(state = value, error = %value, "{value}");
            });
            assert_eq!(text.matches('\n').count(), 1, "{why}: {text:?}");
            assert!(text.ends_with('\n'), "{why}: {text:?}");
            assert!(!text.trim_end().chars().any(commands), "{why}: {text:?}");
        }
    }

    #[test]
    fn no_value_forges_a_line_of_json_and_all_are_read_back_as_they_were() {
        for (value, why) in HOSTILE {
            let text = written(Format::Json, &Request::default(), || {
                tracing::warn!(state = value, error = %value, "{value}");
            });
            assert!(!text.trim_end().chars().any(commands), "{why}: {text:?}");
            let line: Value = serde_json::from_str(text.strip_suffix('\n').unwrap()).unwrap();
            for field in ["message", "state", "error"] {
                assert_eq!(line[field], value, "{why}");
            }
            assert_eq!(
                (line["level"].as_str(), line.as_object().unwrap().len()),
                (Some("WARN"), 5)
            );
        }
    }

    #[test]
    fn a_line_names_machine_and_request_where_they_are_known() {
        let request = Request::default();
        request.begin("r-1");
        let json = written(Format::Json, &request, || {
            tracing::error!(execution_arn = ARN, count = 3, "left behind");
        });
        let line: Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&line["machine"], &line["request_id"]), (&"order".into(), &"r-1".into()));
        assert_eq!((&line["execution_arn"], &line["count"]), (&ARN.into(), &3.into()));
        assert!(Timestamp::parse(line["timestamp"].as_str().unwrap()).is_some());
        let text = written(Format::Text, &Request::default(), || {
            tracing::error!(execution_arn = ARN, state = "Charge card", "left behind");
        });
        let (_, rest) = text.split_once(' ').unwrap();
        let expected =
            format!("ERROR left behind execution_arn={ARN} state=\"Charge card\" machine=order\n");
        assert_eq!(rest, expected);
    }
}
