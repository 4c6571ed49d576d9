//! HTTP Task (`http:invoke`): a request to any server, authorized by a connection.
//!
//! No trace goes with it: what AWS says it adds to a request is `User-Agent` and `Range`, X-Ray follows a workflow into
//! AWS's services only, and a foreign server has no use for the ids.
//!
//! What a connection adds to a request stands in no history and no log; TestState shows it to who asks for secrets.

mod authority;
mod connection;
mod encode;
mod request;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::{Request, StatusCode, Uri};
use stepwright_core::engine::failure::name;
use stepwright_core::engine::{Failure, TaskCall, TaskOutcome};
use stepwright_core::expr::{Document, Value};

use super::aws::Settings;
use super::sdk::Sdk;
use super::web::{Reply, Unanswered, Web};
use super::within;
use authority::Authority;
pub use connection::{Connections, Unreadable};
pub(super) use encode::pair as encode_pair;
use request::{Composed, Wanted};

/// Performs HTTP Tasks.
pub(super) struct Http {
    web: Web,
    authority: Authority,
}

/// A request and its response, as TestState shows them at level TRACE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// What the state itself asked for: nothing of the connection.
    pub request: Vec<(&'static str, String)>,
    /// What was sent, secrets included.
    pub revealed: Vec<(&'static str, String)>,
    /// What came back, if anything did.
    pub response: Option<Vec<(&'static str, String)>>,
}

impl Http {
    /// Nothing is connected yet.
    pub(super) fn new(settings: &Settings, sdk: Arc<Sdk>) -> Http {
        Http { web: Web::new(settings.reach), authority: Authority::new(settings, sdk) }
    }

    /// Performs a task; and what went over the wire.
    pub(super) async fn invoke(&self, call: &TaskCall) -> (TaskOutcome, Option<Exchange>) {
        let wanted = match Wanted::read(&call.parameters) {
            Ok(wanted) => wanted,
            Err(failure) => return (TaskOutcome::Failed(failure), None),
        };
        let mut exchange = None;
        // Of the execution; the program itself may be anywhere.
        let region = call.origin.execution.split(':').nth(3).unwrap_or("us-east-1");
        let work = Box::pin(self.exchange((&wanted, region), &mut exchange));
        let work = tokio::time::timeout(LONGEST, work);
        let outcome = match within(call, work).await {
            Err(outcome) => outcome,
            Ok(Err(_)) => {
                TaskOutcome::Failed(Failure::new(SOCKET, "Request timed out after 60 seconds"))
            }
            Ok(Ok(Err(failure))) => TaskOutcome::Failed(failure),
            Ok(Ok(Ok(reply))) => outcome(&reply),
        };
        (outcome, exchange)
    }

    async fn exchange(
        &self,
        (wanted, region): (&Wanted, &str),
        shown: &mut Option<Exchange>,
    ) -> Result<Reply, Failure> {
        let mut fresh = false;
        loop {
            let added = self.authority.additions(&wanted.connection, &self.web, fresh).await?;
            let composed = wanted.compose(&added, region);
            let plain = wanted.compose(&connection::Additions::default(), region);
            let exchange = shown.insert(Exchange {
                request: plain.shown(),
                revealed: composed.shown(),
                response: None,
            });
            let reply = self.web.send(composed.request()?).await.map_err(unanswered)?;
            exchange.response = Some(shown_reply(&wanted.endpoint, &reply));
            // A token may have been withdrawn before its time.
            if [401, 407].contains(&reply.status) && !fresh {
                fresh = true;
                if self.authority.renews(&wanted.connection).await {
                    continue;
                }
            }
            return Ok(reply);
        }
    }
}

impl Composed {
    fn request(&self) -> Result<Request<Vec<u8>>, Failure> {
        let mut request = Request::builder().method(self.method.as_str()).uri(self.url.as_str());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let body = self.body.clone().unwrap_or_default().into_bytes();
        request.body(body).map_err(|error| {
            Failure::new(name::RUNTIME, format!("The HTTP request cannot be made: {error}"))
        })
    }

    fn shown(&self) -> Vec<(&'static str, String)> {
        let mut members = vec![
            ("protocol", protocol(&self.url)),
            ("method", self.method.clone()),
            ("url", self.url.clone()),
            ("headers", shown_headers(&self.headers)),
        ];
        members.extend(self.body.clone().map(|body| ("body", body)));
        members
    }
}

fn shown_reply(url: &str, reply: &Reply) -> Vec<(&'static str, String)> {
    vec![
        ("protocol", protocol(url)),
        ("statusCode", reply.status.to_string()),
        ("statusMessage", reason(reply.status)),
        ("headers", shown_headers(&reply.headers)),
        ("body", String::from_utf8_lossy(&reply.body).into_owned()),
    ]
}

fn protocol(url: &str) -> String {
    let uri = url.parse::<Uri>().ok();
    uri.as_ref().and_then(Uri::scheme_str).unwrap_or("https").to_owned()
}

fn shown_headers(headers: &[(String, String)]) -> String {
    let all: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    format!("[{}]", all.join(", "))
}

fn outcome(reply: &Reply) -> TaskOutcome {
    if (200..300).contains(&reply.status) {
        return TaskOutcome::Succeeded(output(reply, str::to_owned));
    }
    let body = String::from_utf8_lossy(&reply.body);
    let cause = if body.is_empty() { reason(reply.status) } else { body.into_owned() };
    let cause: String = cause.chars().take(MOST_CAUSE).collect();
    TaskOutcome::Failed(Failure::new(format!("States.Http.StatusCode.{}", reply.status), cause))
}

/// `{Headers, ResponseBody, StatusCode, StatusText}`, with header names as the service shows them.
pub(super) fn output(reply: &Reply, name: impl Fn(&str) -> String) -> Document {
    let mut headers: Vec<(String, Vec<Value>)> = Vec::new();
    for (header, value) in &reply.headers {
        let shown = name(header);
        match headers.iter_mut().find(|(known, _)| *known == shown) {
            Some((_, values)) => values.push(value.as_str().into()),
            None => headers.push((shown, vec![value.as_str().into()])),
        }
    }
    let headers = headers.into_iter().map(|(name, values)| (name, Value::array(values)));
    let status = Value::Int(reply.status.into());
    Document::from(Value::object([
        ("Headers", Value::object(headers)),
        ("ResponseBody", body(reply)),
        ("StatusCode", status),
        ("StatusText", reason(reply.status).as_str().into()),
    ]))
}

/// JSON where the response says that it is, text otherwise; what is no text is base64.
fn body(reply: &Reply) -> Value {
    let kind = reply.headers.iter().find(|(name, _)| name == "content-type");
    let json = kind.is_some_and(|(_, kind)| kind.to_ascii_lowercase().contains("json"));
    match std::str::from_utf8(&reply.body) {
        Ok(text) if json => Value::parse(text).unwrap_or_else(|_| text.into()),
        Ok(text) => text.into(),
        Err(_) => STANDARD.encode(&reply.body).as_str().into(),
    }
}

/// `OK`
fn reason(status: u16) -> String {
    let known = StatusCode::from_u16(status).ok();
    known.and_then(|status| status.canonical_reason()).unwrap_or_default().to_owned()
}

fn unanswered(error: Unanswered) -> Failure {
    match error {
        Unanswered::NoUrl(why) => Failure::new(name::RUNTIME, why),
        Unanswered::Forbidden(why) => Failure::new(name::TASK_FAILED, why),
        Unanswered::Broken(why) => Failure::new(SOCKET, why),
        Unanswered::TooLarge => Failure::new(
            name::DATA_LIMIT_EXCEEDED,
            "The state/task 'http:invoke' returned a result with a size exceeding the maximum number of bytes service limit.",
        ),
    }
}

const SOCKET: &str = "States.Http.Socket";
/// AWS: 60 seconds for a request, whatever the state says.
const LONGEST: Duration = Duration::from_secs(60);
/// Characters of a cause.
const MOST_CAUSE: usize = 32_768;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_json_or_text_or_base64() {
        let table: [(&str, &[u8], &str); 6] = [
            ("application/json", br#"{"a":1}"#, r#"{"a":1}"#),
            ("application/vnd.x+JSON; charset=utf-8", b"[1]", "[1]"),
            ("application/json", b"not json", r#""not json""#),
            ("text/plain", br#"{"a":1}"#, r#""{\"a\":1}""#),
            ("image/png", &[0x89, 0x50, 0xff], r#""iVD/""#),
            ("", b"", r#""""#),
        ];
        for (kind, bytes, expected) in table {
            let headers = vec![("content-type".to_owned(), kind.to_owned())];
            let reply = Reply { status: 200, headers, body: bytes.to_vec() };
            assert_eq!(body(&reply).to_json(), expected, "{kind}");
        }
    }
}
