//! The Lambda Runtime API (2018-06-01) on a loopback port, one port for each process: who asks is known by the port.
//!
//! The server knows nothing of invocations; it hands every request on as a [`Said`] and answers as it is told.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};

use super::answer::LARGEST_RESPONSE;

/// What a process tells its host.
#[derive(Debug)]
pub(super) enum Said {
    /// It is ready for work; the work goes here.
    Next(oneshot::Sender<Work>),
    /// It finished a request; whether that was the one it works on goes back.
    Finished {
        /// Id of the request.
        request_id: String,
        /// Result, description of an error, or `None` for a result that is too large.
        payload: Option<String>,
        /// Whether the payload describes an error.
        failed: bool,
        /// Whether the id was right.
        right: oneshot::Sender<bool>,
    },
    /// It could not start; a description of the error.
    InitError(String),
}

/// One invocation as a runtime gets it.
#[derive(Debug)]
pub(super) struct Work {
    /// `Lambda-Runtime-Aws-Request-Id`
    pub(super) request_id: String,
    /// `Lambda-Runtime-Deadline-Ms`: milliseconds since 1970.
    pub(super) deadline: u128,
    /// `Lambda-Runtime-Invoked-Function-Arn`
    pub(super) arn: String,
    /// `Lambda-Runtime-Trace-Id`
    pub(super) trace: String,
    /// `Lambda-Runtime-Client-Context`: JSON.
    pub(super) client_context: Option<String>,
    /// The event.
    pub(super) event: String,
}

/// A running server; it ends with this value.
pub(super) struct Server {
    /// Where it listens, as `AWS_LAMBDA_RUNTIME_API` has it.
    pub(super) address: SocketAddr,
    accepting: AbortHandle,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Starts a server for one process.
///
/// # Errors
/// No port can be had.
pub(super) async fn serve(host: mpsc::Sender<Said>) -> std::io::Result<Server> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let accepting = tokio::spawn(accept(listener, host)).abort_handle();
    Ok(Server { address, accepting })
}

async fn accept(listener: TcpListener, host: mpsc::Sender<Said>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        // Small answers must not wait for acknowledgements.
        let _ = stream.set_nodelay(true);
        let host = host.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let host = host.clone();
                async move { Ok::<_, Infallible>(answer(request, host).await) }
            });
            // A connection that breaks is a process that ended; its host sees that.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(request: Request<Incoming>, host: mpsc::Sender<Said>) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    let Some(rest) = path.strip_prefix("/2018-06-01/runtime/") else {
        return plain(StatusCode::NOT_FOUND, "{\"errorType\":\"InvalidPath\"}");
    };
    let parts: Vec<&str> = rest.split('/').collect();
    match (request.method(), &*parts) {
        (&Method::GET, ["invocation", "next"]) => next(&host).await,
        (&Method::POST, ["invocation", id, "response"]) => {
            let payload = body(request).await;
            finished(&host, id, payload, false).await
        }
        (&Method::POST, ["invocation", id, "error"]) => {
            let payload = error_body(request).await;
            finished(&host, id, Some(payload), true).await
        }
        (&Method::POST, ["init", "error"]) => {
            let payload = error_body(request).await;
            // If nobody listens, the process is about to be stopped.
            let _ = host.send(Said::InitError(payload)).await;
            plain(StatusCode::ACCEPTED, ACCEPTED)
        }
        _ => plain(StatusCode::NOT_FOUND, "{\"errorType\":\"InvalidPath\"}"),
    }
}

/// Waits, as long as it takes, for the next invocation.
async fn next(host: &mpsc::Sender<Said>) -> Response<Full<Bytes>> {
    let (give, work) = oneshot::channel();
    if host.send(Said::Next(give)).await.is_err() {
        return plain(StatusCode::GONE, "{}");
    }
    let Ok(work) = work.await else {
        return plain(StatusCode::GONE, "{}");
    };
    let mut response = Response::builder()
        .header(CONTENT_TYPE, "application/json")
        .header("Lambda-Runtime-Aws-Request-Id", work.request_id)
        .header("Lambda-Runtime-Deadline-Ms", work.deadline.to_string())
        .header("Lambda-Runtime-Invoked-Function-Arn", work.arn)
        .header("Lambda-Runtime-Trace-Id", work.trace);
    if let Some(context) = work.client_context {
        response = response.header("Lambda-Runtime-Client-Context", context);
    }
    response
        .body(Full::from(work.event))
        .unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR, "{}"))
}

async fn finished(
    host: &mpsc::Sender<Said>,
    id: &str,
    payload: Option<String>,
    failed: bool,
) -> Response<Full<Bytes>> {
    let (right, was_right) = oneshot::channel();
    let too_large = payload.is_none();
    let said = Said::Finished { request_id: id.to_owned(), payload, failed, right };
    // If nobody listens, the request is over: it took too long.
    let _ = host.send(said).await;
    match was_right.await {
        Ok(true) if too_large => plain(StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE),
        Ok(true) => plain(StatusCode::ACCEPTED, ACCEPTED),
        _ => plain(StatusCode::BAD_REQUEST, "{\"errorType\":\"InvalidRequestID\"}"),
    }
}

/// The body as text; `None` if it is larger than a response may be.
async fn body(request: Request<Incoming>) -> Option<String> {
    let collected = Limited::new(request.into_body(), LARGEST_RESPONSE).collect().await.ok()?;
    Some(String::from_utf8_lossy(&collected.to_bytes()).into_owned())
}

/// The description of an error; made up from the header if the body is none.
async fn error_body(request: Request<Incoming>) -> String {
    let kind = request.headers().get("Lambda-Runtime-Function-Error-Type");
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or("Unhandled").to_owned();
    let text = body(request).await.unwrap_or_default();
    match serde_json::from_str::<serde_json::Value>(&text) {
        Ok(value) if value.is_object() => text,
        _ => serde_json::json!({"errorType": kind, "errorMessage": text}).to_string(),
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

const JSON: hyper::header::HeaderValue =
    hyper::header::HeaderValue::from_static("application/json");
const ACCEPTED: &str = "{\"status\":\"OK\"}";
const TOO_LARGE: &str = "{\"errorType\":\"RequestEntityTooLarge\"}";
