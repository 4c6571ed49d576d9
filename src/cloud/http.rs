//! HTTP requests as Lambda hands them over, in one form: REST APIs (version 1), HTTP APIs and function URLs (version 2).
//!
//! A signature covers the path, the query and the headers as the client sent them. Version 2 tells them as they were;
//! version 1 tells the query decoded, so it is encoded again here.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::auth;

/// An HTTP request.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Request {
    /// `GET`, `POST`, …
    pub(super) method: String,
    /// Path as the client sent it.
    sent_path: String,
    /// Path without the API's stage.
    pub(super) path: String,
    /// Query as the client sent it, without `?`; empty if there is none.
    query: String,
    headers: Vec<(String, String)>,
    /// Body, decoded.
    pub(super) body: Vec<u8>,
    /// Longest time until an answer must be there, in seconds.
    pub(super) patience_seconds: f64,
}

impl Request {
    /// The request in an event; `None` if the event is none.
    ///
    /// # Errors
    /// Its body is not what it says.
    pub(super) fn of(event: &Value) -> Option<Result<Request, String>> {
        let told = event.get("requestContext")?.is_object();
        let event = Event::deserialize(event).ok().filter(|_| told)?;
        let context = &event.request_context;
        let method = context.http.as_ref().map(|http| http.method.clone()).or(event.http_method)?;
        let path = event.raw_path.clone().or(event.path)?;
        let body = event.body.unwrap_or_default();
        let body = match event.is_base64_encoded {
            true => match STANDARD.decode(body) {
                Ok(body) => body,
                Err(error) => return Some(Err(format!("the body is not Base64: {error}"))),
            },
            false => body.into_bytes(),
        };
        let stage = context.stage.as_deref().filter(|stage| *stage != "$default");
        let staged = stage.and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage));
        let bare = staged.filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let bare = match bare {
            Some("") => "/".to_owned(),
            Some(rest) if event.raw_path.is_some() => rest.to_owned(),
            _ => path.clone(),
        };
        let url = context.domain_name.as_deref().is_some_and(|name| name.contains(".lambda-url."));
        Some(Ok(Request {
            method,
            sent_path: context.path.clone().unwrap_or_else(|| path.clone()),
            path: bare,
            query: event
                .raw_query_string
                .unwrap_or_else(|| encoded(&event.multi_value_query_string_parameters)),
            headers: headers(event.headers, event.multi_value_headers),
            body,
            patience_seconds: if url { URL_SECONDS } else { GATEWAY_SECONDS },
        }))
    }

    /// The value of a header, whatever the case of its name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The first value of a query parameter, decoded.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        let mut found = pairs.filter(|(key, _)| decoded(key) == name);
        found.next().map(|(_, value)| decoded(&value.replace('+', " ")))
    }

    /// The segments of the path, decoded.
    pub(super) fn segments(&self) -> Vec<String> {
        self.path.split('/').filter(|segment| !segment.is_empty()).map(decoded).collect()
    }

    /// The request as its signer saw it.
    pub(super) fn as_signed(&self) -> auth::Request<'_> {
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        auth::Request {
            method: &self.method,
            path: &self.sent_path,
            query: Some(self.query.as_str()).filter(|query| !query.is_empty()),
            headers: headers.collect(),
            body: &self.body,
        }
    }
}

/// An answer in the form that all kinds of events share.
pub(super) fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Value {
    let headers: BTreeMap<_, _> = headers.iter().copied().collect();
    json!({ "statusCode": status, "headers": headers, "body": body, "isBase64Encoded": false })
}

/// Decodes percent signs; what is not a code stays as it is.
pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| first == b'%');
        let code =
            code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        match code {
            Some(code) => {
                bytes.push(code);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    http_method: Option<String>,
    path: Option<String>,
    raw_path: Option<String>,
    raw_query_string: Option<String>,
    headers: Option<BTreeMap<String, Option<String>>>,
    multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
    multi_value_query_string_parameters: Option<BTreeMap<String, Vec<String>>>,
    request_context: Context,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    http: Option<Http>,
    path: Option<String>,
    stage: Option<String>,
    domain_name: Option<String>,
}

#[derive(Deserialize)]
struct Http {
    method: String,
}

fn headers(
    single: Option<BTreeMap<String, Option<String>>>,
    multiple: Option<BTreeMap<String, Vec<String>>>,
) -> Vec<(String, String)> {
    if let Some(multiple) = multiple {
        let flat = |(name, values): (String, Vec<String>)| {
            values.into_iter().map(move |value| (name.clone(), value))
        };
        return multiple.into_iter().flat_map(flat).collect();
    }
    let single = single.unwrap_or_default().into_iter();
    single.filter_map(|(name, value)| Some((name, value?))).collect()
}

fn encoded(parameters: &Option<BTreeMap<String, Vec<String>>>) -> String {
    let mut query = String::new();
    for (name, values) in parameters.iter().flatten() {
        for value in values {
            if !query.is_empty() {
                query.push('&');
            }
            encode(&mut query, name);
            query.push('=');
            encode(&mut query, value);
        }
    }
    query
}

fn encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => _ = write!(out, "%{byte:02X}"),
        }
    }
}

/// API Gateway gives up after 29 s (REST) or 30 s (HTTP).
const GATEWAY_SECONDS: f64 = 27.0;
/// A function URL waits as long as its function runs; a GetActivityTask needs 60 s.
const URL_SECONDS: f64 = 290.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn request(event: &Value) -> Request {
        Request::of(event).unwrap().unwrap()
    }

    #[test]
    fn all_kinds_of_events_are_the_same_request() {
        let rest = json!({
            "resource": "/executions", "path": "/executions", "httpMethod": "POST",
            "headers": {"Host": "a.execute-api.us-east-1.amazonaws.com"},
            "multiValueHeaders": {"Host": ["a.execute-api.us-east-1.amazonaws.com"], "X-A": ["1", "2"]},
            "multiValueQueryStringParameters": {"a b": ["c/d", "e"]},
            "requestContext": {"path": "/prod/executions", "stage": "prod", "httpMethod": "POST"},
            "body": "{}", "isBase64Encoded": false
        });
        let http = json!({
            "version": "2.0", "rawPath": "/prod/executions", "rawQueryString": "a%20b=c%2Fd&a%20b=e",
            "headers": {"host": "a.execute-api.us-east-1.amazonaws.com", "x-a": "1,2"},
            "requestContext": {"http": {"method": "POST", "path": "/prod/executions"}, "stage": "prod"},
            "body": "e30=", "isBase64Encoded": true
        });
        for event in [rest, http] {
            let request = request(&event);
            assert_eq!((&*request.method, &*request.path), ("POST", "/executions"));
            assert_eq!(request.body, b"{}");
            assert_eq!(request.parameter("a b").as_deref(), Some("c/d"));
            assert_eq!(request.header("HOST"), Some("a.execute-api.us-east-1.amazonaws.com"));
            let signed = request.as_signed();
            assert_eq!(signed.path, "/prod/executions", "the client signed the stage, too");
            assert_eq!(signed.query, Some("a%20b=c%2Fd&a%20b=e"));
        }
    }

    #[test]
    fn only_a_function_url_waits_for_minutes() {
        let event = |domain: &str| json!({"rawPath": "/", "requestContext": {"http": {"method": "POST"}, "stage": "$default", "domainName": domain}});
        assert!(request(&event("x.lambda-url.us-east-1.on.aws")).patience_seconds > 60.0);
        assert!(request(&event("x.execute-api.us-east-1.amazonaws.com")).patience_seconds < 29.0);
    }

    #[test]
    fn what_is_no_request_is_not_taken_for_one() {
        for event in
            [json!({}), json!({"requestContext": 1}), json!([]), json!({"requestContext": {}})]
        {
            assert!(Request::of(&event).is_none(), "{event}");
        }
        let broken = json!({"rawPath": "/", "requestContext": {"http": {"method": "POST"}}, "body": "€", "isBase64Encoded": true});
        assert!(Request::of(&broken).unwrap().is_err());
    }

    #[test]
    fn percent_codes_are_decoded_and_what_is_none_stays() {
        for (text, expected) in
            [("a%20b", "a b"), ("%E2%82%AC", "€"), ("100%", "100%"), ("%zz%4", "%zz%4")]
        {
            assert_eq!(decoded(text), expected);
        }
    }
}
