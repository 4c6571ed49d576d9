//! An endpoint in this process: answers by what stands in the path or in `X-Amz-Target`, and remembers what it was asked.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// What the endpoint answers for one function: status, more headers, body.
pub(super) type Canned = (&'static str, u16, &'static [(&'static str, &'static str)], &'static str);

/// What a body begins with that is a stream of events, one in each line: `event TYPE PAYLOAD`.
const EVENTS: &str = "events:";

/// The status of an answer that never comes.
pub(super) const NEVER: u16 = 0;

/// A request as it came in.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

pub(super) struct Endpoint {
    pub(super) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Endpoint {
    pub(super) async fn start(answers: &'static [Canned]) -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let log = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let log = log.clone();
                let service = service_fn(move |request| answer(request, answers, log.clone()));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Endpoint { url, seen }
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn answer(
    request: Request<Incoming>,
    answers: &'static [Canned],
    log: Arc<Mutex<Vec<Seen>>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let method = request.method().to_string();
    let operation = request.headers().get("x-amz-target").map(|o| o.to_str().unwrap().to_owned());
    let headers = request.headers().iter();
    let headers = headers.map(|(n, v)| (n.to_string(), v.to_str().unwrap().to_owned())).collect();
    let target = request.uri().to_string();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let asked = format!("{method} {target} {}", operation.unwrap_or_default());
    log.lock().unwrap().push(Seen { method, target, headers, body });
    let (_, status, more, text) = answers.iter().find(|(name, ..)| asked.contains(name)).unwrap();
    let body = match text.strip_prefix(EVENTS) {
        Some(events) => events.lines().flat_map(event).collect(),
        None => text.as_bytes().to_vec(),
    };
    if *status == NEVER {
        std::future::pending::<()>().await;
    }
    let mut response = Response::builder()
        .status(*status)
        .header("Content-Type", "application/json")
        .header("Date", "Mon, 02 Mar 2026 10:00:00 GMT")
        .header("Server", "test")
        .header("x-amzn-RequestId", "5e9f1c9e-0000-4000-8000-000000000001");
    for (name, value) in *more {
        response = response.header(*name, *value);
    }
    Ok(response.body(Full::from(body)).unwrap())
}

/// One event of a stream: whether it is an event or an exception, its type, its payload.
fn event(line: &str) -> Vec<u8> {
    let parts: Vec<&str> = line.splitn(3, ' ').collect();
    let kind = format!(":{}-type", parts[0]);
    let mut headers = Vec::new();
    for (name, value) in [(":message-type", parts[0]), (&*kind, parts[1])] {
        headers.extend([&[name.len() as u8], name.as_bytes(), &[7, 0, value.len() as u8]].concat());
        headers.extend(value.as_bytes());
    }
    let length = (16 + headers.len() + parts[2].len()) as u32;
    let mut message = [length.to_be_bytes(), (headers.len() as u32).to_be_bytes()].concat();
    message.extend(sum(&message));
    message.extend(headers);
    message.extend(parts[2].as_bytes());
    let whole = sum(&message);
    message.extend(whole);
    message
}

fn sum(bytes: &[u8]) -> [u8; 4] {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum().to_be_bytes()
}
