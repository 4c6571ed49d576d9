//! Spans as collectors take them: OTLP over HTTP in JSON (OpenTelemetry protocol, 1.x), and what its variables say.

use serde_json::{Value, json};

use super::spans::Span;

/// Where spans go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The whole URL.
    pub url: String,
    /// More headers of each request, which may hold secrets.
    pub headers: Vec<(String, String)>,
    /// What the collector calls us.
    pub service: String,
}

impl Settings {
    /// From the variables that OpenTelemetry has for it; `None` if they name no collector.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Option<Settings> {
        let said = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let off = said("OTEL_SDK_DISABLED").is_some_and(|off| off.eq_ignore_ascii_case("true"));
        if off || said("OTEL_TRACES_EXPORTER").is_some_and(|exporter| exporter == "none") {
            return None;
        }
        let whole = said("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
        let url = whole.or_else(|| {
            let base = said("OTEL_EXPORTER_OTLP_ENDPOINT")?;
            Some(format!("{}/v1/traces", base.trim_end_matches('/')))
        })?;
        let headers = said("OTEL_EXPORTER_OTLP_TRACES_HEADERS")
            .or_else(|| said("OTEL_EXPORTER_OTLP_HEADERS"))
            .unwrap_or_default();
        let header = |pair: &str| {
            let (name, value) = pair.split_once('=')?;
            Some((name.trim().to_ascii_lowercase(), decoded(value.trim())))
        };
        let headers = headers.split(',').filter_map(header).collect();
        let service = said("OTEL_SERVICE_NAME").unwrap_or_else(|| "stepwright".to_owned());
        Some(Settings { url, headers, service })
    }
}

/// The body of a request (`ExportTraceServiceRequest`).
pub fn document(service: &str, spans: &[Span]) -> Value {
    let spans: Vec<_> = spans.iter().map(span).collect();
    json!({"resourceSpans": [{
        "resource": {"attributes": [attribute("service.name", service)]},
        "scopeSpans": [{
            "scope": {"name": "stepwright", "version": env!("CARGO_PKG_VERSION")},
            "spans": spans,
        }],
    }]})
}

fn span(span: &Span) -> Value {
    let attributes: Vec<_> =
        span.attributes.iter().map(|(name, value)| attribute(name, value)).collect();
    let nanoseconds = |micros: i64| micros.saturating_mul(1000).to_string();
    let mut form = json!({
        "traceId": span.trace.to_string(),
        "spanId": span.id.to_string(),
        "name": span.name,
        "kind": INTERNAL,
        "startTimeUnixNano": nanoseconds(span.start.0),
        "endTimeUnixNano": nanoseconds(span.end.0),
        "attributes": attributes,
    });
    if let Some(parent) = span.parent {
        form["parentSpanId"] = parent.to_string().into();
    }
    if let Some(error) = &span.error {
        form["status"] = json!({"code": ERROR, "message": error});
    }
    form
}

fn attribute(name: &str, value: &str) -> Value {
    json!({"key": name, "value": {"stringValue": value}})
}

/// Percent-encoded, as W3C Baggage has it.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let pair = text.get(at + 1..at + 3).filter(|_| byte == b'%');
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// `SPAN_KIND_INTERNAL`
const INTERNAL: u8 = 1;
/// `STATUS_CODE_ERROR`
const ERROR: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_of_opentelemetry_say_where_spans_go() {
        let settings = |variables: &[(&str, &str)]| {
            let find = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            Settings::read(find)
        };
        assert_eq!(settings(&[]), None);
        assert_eq!(settings(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]), None);
        let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/");
        let plain = settings(&[base]).unwrap();
        assert_eq!((&*plain.url, &*plain.service), ("http://c:4318/v1/traces", "stepwright"));
        assert_eq!(settings(&[base, ("OTEL_SDK_DISABLED", "True")]), None);
        assert_eq!(settings(&[base, ("OTEL_TRACES_EXPORTER", "none")]), None);
        let full = settings(&[
            base,
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://t/x"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Basic%20eDp5, x-team = a%zz"),
            ("OTEL_SERVICE_NAME", "shop"),
        ]);
        let headers = [("authorization", "Basic eDp5"), ("x-team", "a%zz")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let expected =
            Settings { url: "https://t/x".into(), headers: headers.into(), service: "shop".into() };
        assert_eq!(full, Some(expected));
    }
}
