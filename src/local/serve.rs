//! The HTTP server of the local home: HTTP/1.1, keep-alive, one task per connection.
//!
//! | request | answer |
//! |---|---|
//! | `POST` with `X-Amz-Target: AWSStepFunctions.X` | operation X |
//! | `GET /health`, `GET /_stepwright/health` | `{"status":"ok", …}` |
//! | `GET /metrics` | metrics for Prometheus, if the API is open to everybody; else see [`metrics`] |
//! | `HEAD /` | 200, for those who only want to know whether somebody is there |
//!
//! Nobody holds up others by being slow, silent or many ([`Bounds`]): a connection has a task of its own, its requests have
//! their time, and when there are too many connections the one that has been idle longest is closed.
//!
//! Every `POST` must be signed if the API has keys ([`Api::with_keys`]); otherwise whoever reaches the port may use it.
//! Health is told to everybody.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::guests::{Guests, Place};
use super::metrics;
use crate::api::{Api, auth, protocol};

/// What connections may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How many there may be at a time.
    pub connections: usize,
    /// How long one may be idle, or take to send the head of a request.
    pub head: Duration,
    /// How long the body of a request may take.
    pub body: Duration,
}

impl Default for Bounds {
    /// Three of four files that this process may have open, and at most 16,384; a minute each.
    fn default() -> Bounds {
        Bounds {
            connections: (open_files() / 4 * 3).clamp(16, MOST_CONNECTIONS),
            head: Duration::from_secs(60),
            body: Duration::from_secs(60),
        }
    }
}

pub(super) type HttpResponse = hyper::Response<Full<Bytes>>;

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody else has the port.
    #[error("port {port} of {host} is in use: is another server running? (--port chooses another)")]
    Busy {
        /// Host to listen on.
        host: String,
        /// Port to listen on.
        port: u16,
    },
    /// It cannot listen there.
    #[error("cannot listen on {host}:{port}: {source}")]
    Listen {
        /// Host to listen on.
        host: String,
        /// Port to listen on.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
}

/// Takes the port; port 0 takes any free one.
///
/// # Errors
/// The port is in use, or the host is not one of this machine.
pub async fn listen(host: &str, port: u16) -> Result<TcpListener, Error> {
    TcpListener::bind((host, port)).await.map_err(|source| {
        let host = host.to_owned();
        match source.kind() {
            io::ErrorKind::AddrInUse => Error::Busy { host, port },
            _ => Error::Listen { host, port, source },
        }
    })
}

/// URL by which processes on this machine reach who listens there: an address that stands for all of the machine's own is
/// none to connect to everywhere, so loopback takes its place.
pub fn endpoint(address: SocketAddr) -> String {
    let host = match address.ip() {
        IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(host) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        host => host,
    };
    format!("http://{}", SocketAddr::new(host, address.port()))
}

/// Serves until `stop` ends; then takes no more connections, lets requests under way finish until the time that `stop`
/// says and returns.
pub async fn serve(listener: TcpListener, api: Arc<Api>, stop: impl Future<Output = Instant>) {
    serve_within(Bounds::default(), listener, api, stop).await;
}

/// The same within other bounds.
pub async fn serve_within(
    bounds: Bounds,
    listener: TcpListener,
    api: Arc<Api>,
    stop: impl Future<Output = Instant>,
) {
    let guests = Arc::new(Guests::default());
    let closing = watch::Sender::new(false);
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    let deadline = loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < bounds.connections => match accepted {
                Ok((stream, _)) => {
                    let host = Host { api: api.clone(), place: guests.welcome(), bounds };
                    connections.spawn(converse(stream, Arc::new(host), closing.subscribe()));
                    if connections.len() >= bounds.connections {
                        guests.make_room();
                    }
                }
                Err(error) => {
                    // Out of file descriptors, most likely: connections that end will free some.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            deadline = &mut stop => break deadline,
        }
    };
    drop(listener);
    api.close();
    closing.send_replace(true);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout_at(deadline, all).await.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
}

/// One connection to its end.
async fn converse(stream: TcpStream, host: Arc<Host>, mut closing: watch::Receiver<bool>) {
    // Answers are single writes; waiting for more to send with them only costs time.
    let _ = stream.set_nodelay(true);
    let answering = host.clone();
    let service = service_fn(move |request| answer(answering.clone(), request));
    let connection = http1::Builder::new()
        .pipeline_flush(true)
        .timer(TokioTimer::new())
        .header_read_timeout(host.bounds.head)
        .max_header_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = host.place.asked_to_leave() => return,
        _ = closing.wait_for(|closing| *closing) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

/// One connection's side of the server.
struct Host {
    api: Arc<Api>,
    place: Place,
    bounds: Bounds,
}

async fn answer(host: Arc<Host>, request: Request<Incoming>) -> Result<HttpResponse, Infallible> {
    host.place.busy();
    let response = match (request.method(), request.uri().path()) {
        (&Method::POST, _) => operate(&host, request).await,
        (&Method::GET | &Method::HEAD, "/health" | "/_stepwright/health") => health(),
        (&Method::GET, "/metrics") if host.api.is_open() => metrics::page(&host.api),
        (&Method::HEAD, "/") => HttpResponse::default(),
        _ => not_found(),
    };
    host.place.idle();
    Ok(response)
}

async fn operate(host: &Host, request: Request<Incoming>) -> HttpResponse {
    let api = &host.api;
    let (head, body) = request.into_parts();
    let target = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let received_body = tokio::time::timeout(host.bounds.body, receive(body, api.max_body()));
    let Ok(body) = received_body.await else { return too_slow() };
    let response = match (target.and_then(protocol::operation), body) {
        (_, Err(Refused::TooLarge)) => protocol::Response::too_large(api.max_body()),
        // The sender is gone; nobody will read this.
        (_, Err(Refused::Broken)) => protocol::Response::no_operation(),
        (operation, Ok(body)) => match api.admit(|| received(&head, &body)) {
            Err(refused) => refused,
            Ok(()) => perform(api, operation, body).await,
        },
    };
    http(response)
}

async fn perform(api: &Arc<Api>, operation: Option<&str>, body: Bytes) -> protocol::Response {
    match operation {
        None => protocol::Response::no_operation(),
        // A poll ends with its caller; everything else is carried through, whether its caller waits for it or not.
        Some("GetActivityTask") => api.call("GetActivityTask", &body).await,
        Some(operation) => {
            let (api, operation) = (api.clone(), operation.to_owned());
            let done = tokio::spawn(async move { api.call(&operation, &body).await });
            done.await.unwrap_or_else(|_| protocol::Response::failed())
        }
    }
}

/// The request as its signer saw it.
fn received<'a>(head: &'a Parts, body: &'a [u8]) -> auth::Request<'a> {
    auth::Request {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query(),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect(),
        body,
    }
}

enum Refused {
    TooLarge,
    Broken,
}

/// Reads a body up to the limit. Of a larger one the rest is read and dropped, within reason: a client that is cut off
/// while it writes would not see the answer.
async fn receive(mut body: Incoming, limit: usize) -> Result<Bytes, Refused> {
    if body.size_hint().exact().is_some_and(|size| size <= limit as u64) {
        return body.collect().await.map(|all| all.to_bytes()).map_err(|_| Refused::Broken);
    }
    let (mut all, mut size) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Refused::Broken)?.into_data() else { continue };
        size += data.len();
        if size > MAX_DROPPED {
            break;
        }
        if size <= limit {
            all.extend_from_slice(&data);
        }
    }
    if size > limit { Err(Refused::TooLarge) } else { Ok(all.into()) }
}

fn http(response: protocol::Response) -> HttpResponse {
    let mut http = HttpResponse::new(Full::from(response.body));
    *http.status_mut() = StatusCode::from_u16(response.status).unwrap_or_default();
    let headers = http.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(protocol::CONTENT_TYPE));
    if let Ok(id) = HeaderValue::try_from(response.request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    if let Some(kind) = response.error_type {
        headers.insert("x-amzn-errortype", HeaderValue::from_static(kind));
    }
    http
}

pub(super) fn health() -> HttpResponse {
    let mut http = HttpResponse::new(Full::from(concat!(
        r#"{"status":"ok","service":"stepwright","version":""#,
        env!("CARGO_PKG_VERSION"),
        "\"}"
    )));
    http.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    http
}

pub(super) fn not_found() -> HttpResponse {
    let mut http = http(protocol::Response::no_operation());
    *http.status_mut() = StatusCode::NOT_FOUND;
    http.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    http
}

/// The rest of the body may still come: this is the last answer on its connection.
fn too_slow() -> HttpResponse {
    let mut http = HttpResponse::default();
    *http.status_mut() = StatusCode::REQUEST_TIMEOUT;
    http.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    http
}

/// Files, sockets included, that this process may have open.
fn open_files() -> usize {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit};
        let limit = getrlimit(Resource::Nofile).current;
        limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX)
    }
    #[cfg(not(unix))]
    usize::MAX
}

const MOST_CONNECTIONS: usize = 16_384;

/// Bytes of the head of a request: 64 KiB, far more than a signature needs.
const MAX_HEAD: usize = 1 << 16;

/// 16 MiB.
const MAX_DROPPED: usize = 1 << 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_can_be_connected_to() {
        let table = [
            ("127.0.0.1:8083", "http://127.0.0.1:8083", "as it is"),
            ("192.0.2.7:80", "http://192.0.2.7:80", "as it is"),
            ("0.0.0.0:8083", "http://127.0.0.1:8083", "all addresses are reached by loopback"),
            ("[::]:8083", "http://[::1]:8083", "so in IPv6"),
            ("[2001:db8::1]:1", "http://[2001:db8::1]:1", "an IPv6 address stands in brackets"),
        ];
        for (address, expected, reason) in table {
            assert_eq!(endpoint(address.parse().unwrap()), expected, "{reason}");
        }
    }
}
