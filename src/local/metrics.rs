//! Metrics of the local home for Prometheus, which asks for them every few seconds.
//!
//! They are at `GET /metrics` of the API's own port as long as everybody may use the API. Where only requests signed with
//! a key are let in, so would these have to be, and Prometheus cannot sign like that: then they have an address of their
//! own (`--metrics ADDRESS`), or none. They tell names of state machines and how busy they are, and nothing of data.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

use super::serve::{HttpResponse, health, not_found};
use crate::api::Api;
use crate::telemetry::metrics::prometheus;

/// Serves metrics until it is dropped.
pub struct Metrics(AbortHandle);

impl Drop for Metrics {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Metrics {
    /// At an address, which takes nothing but `GET /metrics` and `GET /health`.
    ///
    /// # Errors
    /// It cannot be listened on.
    pub async fn serve(address: &str, api: Arc<Api>) -> io::Result<Metrics> {
        let listener = TcpListener::bind(address).await?;
        Ok(Metrics(tokio::spawn(accept(listener, api)).abort_handle()))
    }
}

/// The metrics as they are now.
pub(super) fn page(api: &Api) -> HttpResponse {
    let mut http = HttpResponse::new(Full::from(api.metrics()));
    let kind = HeaderValue::from_static(prometheus::CONTENT_TYPE);
    http.headers_mut().insert(CONTENT_TYPE, kind);
    http
}

async fn accept(listener: TcpListener, api: Arc<Api>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        // Whoever holds more than these open holds up nobody but themselves.
        while connections.len() >= MOST_CONNECTIONS {
            connections.join_next().await;
        }
        while connections.try_join_next().is_some() {}
        let api = api.clone();
        let service = service_fn(move |request| {
            let page = answer(&api, &request);
            async move { Ok::<_, Infallible>(page) }
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(IDLE);
        connections.spawn(async move {
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn answer<B>(api: &Api, request: &Request<B>) -> HttpResponse {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/metrics") => page(api),
        (&Method::GET, "/health") => health(),
        _ => not_found(),
    }
}

const MOST_CONNECTIONS: usize = 32;
/// How long a connection may wait for its next request.
const IDLE: Duration = Duration::from_secs(120);
