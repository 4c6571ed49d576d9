//! A proxy before an AWS emulator: it sees each request that really leaves the process, as it is on the wire, and can
//! refuse it, lose its reply, or answer it in part.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value as Json, json};
use tokio::net::{TcpListener, TcpStream};

use super::aws::Aws;

/// A request and what it was answered.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// `PutItem`, `SendMessageBatch`, …
    pub(crate) operation: String,
    pub(crate) request: Json,
    pub(crate) status: u16,
    pub(crate) answer: Json,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It goes through.
    Pass,
    /// It is refused with this status and code, and has no effect.
    Refuse(u16, &'static str),
    /// It has its effect, but its connection breaks before the answer.
    LoseReply,
    /// Only the first half of a batch is done; the rest is handed back.
    Half,
}

/// Decides the fate of a request, given its operation and how many of that operation there were before it.
type Plan = dyn Fn(&str, usize) -> Fate + Send + Sync;

/// A proxy, and what it saw.
#[derive(Clone)]
pub(crate) struct Proxy {
    upstream: String,
    port: u16,
    plan: Arc<Plan>,
    calls: Arc<Mutex<Vec<Call>>>,
    seen: Arc<Mutex<Vec<String>>>,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Proxy {
    /// Before an emulator, with a plan.
    pub(crate) async fn with(
        aws: &Aws,
        plan: impl Fn(&str, usize) -> Fate + Send + Sync + 'static,
    ) -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let proxy = Proxy {
            upstream: aws.endpoint().to_owned(),
            port: listener.local_addr().unwrap().port(),
            plan: Arc::new(plan),
            calls: Arc::default(),
            seen: Arc::default(),
            client: Client::builder(TokioExecutor::new()).build_http(),
        };
        let serving = proxy.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        proxy
    }

    /// AWS behind the proxy.
    pub(crate) fn aws(&self) -> Aws {
        Aws::at(format!("http://127.0.0.1:{}", self.port))
    }

    /// What was asked since this was asked last.
    pub(crate) fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// How often each operation was asked for, in the order of names, since the start; refused ones included.
    pub(crate) fn times(&self, operation: &str) -> usize {
        self.seen.lock().unwrap().iter().filter(|seen| *seen == operation).count()
    }

    async fn serve(self, stream: TcpStream) {
        let service = service_fn(|request| {
            let proxy = self.clone();
            // An error breaks the connection.
            async move { proxy.answer(request).await.ok_or(Broken) }
        });
        // A connection that breaks on purpose is no news.
        let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }

    async fn answer(&self, request: Request<Incoming>) -> Option<Response<Full<Bytes>>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let target = head.headers.get("x-amz-target").unwrap().to_str().unwrap();
        let operation = target.rsplit('.').next().unwrap().to_owned();
        let before = {
            let mut seen = self.seen.lock().unwrap();
            seen.push(operation.clone());
            seen.iter().filter(|other| **other == operation).count() - 1
        };
        let fate = (self.plan)(&operation, before);
        if let Fate::Refuse(status, code) = fate {
            let body = json!({"__type": format!("com.amazonaws#{code}"), "message": "on purpose"});
            return Some(response(status, &body));
        }
        let mut asked: Json = serde_json::from_slice(&body).unwrap();
        let left = (fate == Fate::Half).then(|| halve(&operation, &mut asked)).flatten();
        let mut forward = Request::builder().method(head.method).uri(&self.upstream);
        for (name, value) in &head.headers {
            if !["host", "content-length"].contains(&name.as_str()) {
                forward = forward.header(name, value);
            }
        }
        let sent = forward.body(Full::from(asked.to_string())).unwrap();
        let answer = self.client.request(sent).await.unwrap();
        let status = answer.status().as_u16();
        let told = answer.into_body().collect().await.unwrap().to_bytes();
        let mut told: Json = serde_json::from_slice(&told).unwrap_or(Json::Null);
        if let Some((name, rest)) = left {
            told[name] = rest;
        }
        let call = Call { operation, request: asked, status, answer: told.clone() };
        self.calls.lock().unwrap().push(call);
        (fate != Fate::LoseReply).then(|| response(status, &told))
    }
}

/// Takes the second half out of a batch; how the answer says so.
fn halve(operation: &str, request: &mut Json) -> Option<(&'static str, Json)> {
    let half = |list: &mut Json| {
        let list = list.as_array_mut().unwrap();
        list.split_off(list.len().div_ceil(2))
    };
    match operation {
        "BatchGetItem" => {
            let tables = request["RequestItems"].as_object_mut().unwrap();
            let (name, wanted) = tables.iter_mut().next().unwrap();
            let rest = half(&mut wanted["Keys"]);
            let mut unprocessed = json!({});
            if !rest.is_empty() {
                unprocessed[name] = json!({"Keys": rest, "ConsistentRead": true});
            }
            Some(("UnprocessedKeys", unprocessed))
        }
        "SendMessageBatch" => {
            let rest = half(&mut request["Entries"]);
            let failed = rest.iter().map(
                |entry| json!({"Id": entry["Id"], "SenderFault": false, "Code": "InternalError"}),
            );
            Some(("Failed", failed.collect()))
        }
        _ => None,
    }
}

fn response(status: u16, body: &Json) -> Response<Full<Bytes>> {
    let builder = Response::builder().status(StatusCode::from_u16(status).unwrap());
    let builder = builder.header("content-type", "application/x-amz-json-1.0");
    builder.body(Full::from(body.to_string())).unwrap()
}

/// The connection is to break.
#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken on purpose")
    }
}

impl std::error::Error for Broken {}

impl From<Infallible> for Broken {
    fn from(_: Infallible) -> Broken {
        Broken
    }
}
