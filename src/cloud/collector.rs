//! A collector of traces out there, reached by plain HTTP or TLS: for the functions and for the local binary.

use std::time::Duration;

use async_trait::async_trait;

use super::web::{Error, Request, Web};
use crate::telemetry::traces::otlp::Settings;
use crate::telemetry::traces::{Collector, Refused, Traces};

/// A collector that takes OTLP over HTTP.
struct Otlp {
    web: Web,
    settings: Settings,
}

/// Traces to the collector that the environment names (`OTEL_EXPORTER_OTLP_ENDPOINT`), if it names one. Nothing is
/// connected yet.
pub fn traces() -> Option<Traces> {
    let settings = Settings::read(super::variable)?;
    let service = settings.service.clone();
    // Nothing is signed.
    let web = Web::inside("");
    Some(Traces::to(Box::new(Otlp { web, settings }), &service))
}

#[async_trait]
impl Collector for Otlp {
    async fn deliver(&self, document: String) -> Result<(), Refused> {
        let Settings { url, headers, .. } = &self.settings;
        let given = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let headers: Vec<_> = given.chain([("content-type", "application/json")]).collect();
        let body = document.into_bytes();
        let request = Request { method: "POST", url, headers: &headers, body };
        let sent = tokio::time::timeout(PATIENCE, self.web.unsigned(&request)).await;
        let refused = |why: &str, passing| Err(Refused { why: why.to_owned(), passing });
        match sent {
            Err(_) => refused("no answer in time", true),
            Ok(Ok(answer)) if (200..300).contains(&answer.status) => Ok(()),
            Ok(Ok(answer)) => refused(&format!("HTTP {}", answer.status), busy(answer.status)),
            Ok(Err(error @ Error::Unreachable { .. })) => refused(&error.to_string(), true),
            Ok(Err(error)) => refused(&error.to_string(), false),
        }
    }
}

/// Statuses after which the protocol has a client try again.
fn busy(status: u16) -> bool {
    matches!(status, 429 | 502 | 503 | 504)
}

/// OpenTelemetry's own default.
const PATIENCE: Duration = Duration::from_secs(10);
