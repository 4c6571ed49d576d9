//! What Lambda answered, and how Step Functions shows it: results with metadata, and failures of functions.

use std::time::SystemTime;

use serde_json::Value as Json;
use stepwright_core::engine::Failure;
use stepwright_core::expr::{Document, Value};
use uuid::Uuid;

use crate::task::function::Answer;

/// An answer of the Invoke API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// HTTP status.
    pub(super) status: u16,
    /// HTTP headers, names in lower case.
    pub(super) headers: Vec<(String, String)>,
    /// What the function returned, or the description of its error.
    pub(super) payload: String,
    /// Whether the payload describes an error.
    pub(super) failed: bool,
}

impl Reply {
    /// The answer of a local function, with the headers that Lambda would have sent.
    pub(super) fn of_answer(answer: Answer) -> Reply {
        let mut reply = Reply::new(200, &answer.request_id, answer.payload);
        reply.headers.push(("x-amz-executed-version".to_owned(), "$LATEST".to_owned()));
        reply.failed = answer.failed;
        reply
    }

    /// A local function will be called, or could be.
    pub(super) fn accepted(status: u16) -> Reply {
        Reply::new(status, &Uuid::new_v4().to_string(), String::new())
    }

    fn new(status: u16, request_id: &str, payload: String) -> Reply {
        let now = SystemTime::now();
        let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let trace = Uuid::new_v4().simple().to_string();
        let headers = [
            ("date", httpdate::fmt_http_date(now)),
            ("content-type", "application/json".to_owned()),
            ("content-length", payload.len().to_string()),
            ("x-amzn-requestid", request_id.to_owned()),
            ("x-amzn-remapped-content-length", "0".to_owned()),
            ("x-amzn-trace-id", format!("Root=1-{seconds:08x}-{};Sampled=0", &trace[..24])),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
        Reply { status, headers, payload, failed: false }
    }

    /// The output of `lambda:invoke` (recorded, with the order of its keys). A payload that is no JSON is a string.
    pub(super) fn output(&self) -> Document {
        let payload =
            Value::parse(&self.payload).unwrap_or_else(|_| Value::string(self.payload.as_str()));
        let status = Value::Int(self.status.into());
        let mut members = Vec::new();
        members.extend(self.shown("x-amz-executed-version", "ExecutedVersion"));
        members.extend(self.shown("x-amz-log-result", "LogResult"));
        members.push(("Payload", payload));
        members.push(("SdkHttpMetadata", self.metadata()));
        let request_id = self.header("x-amzn-requestid").map_or(Value::Null, Value::from);
        members.push(("SdkResponseMetadata", Value::object([("RequestId", request_id)])));
        members.push(("StatusCode", status));
        Value::object(members).into()
    }

    /// The failure that the payload describes, with the given form of it as cause.
    pub(super) fn failure(&self, cause: &str) -> Failure {
        let described = serde_json::from_str::<Json>(&self.payload).unwrap_or_default();
        match described.get("errorType").and_then(Json::as_str) {
            Some(kind) if !kind.is_empty() => Failure::new(first(kind, 256), first(cause, 32_768)),
            _ => {
                let cause = format!(
                    "The cause could not be determined because Lambda did not return an error type. Returned payload: {cause}"
                );
                Failure::new("Lambda.Unknown", first(&cause, 32_768))
            }
        }
    }

    /// The payload without white space between its parts, if it is JSON.
    pub(super) fn compact(&self) -> String {
        Value::parse(&self.payload).map_or_else(|_| self.payload.clone(), |value| value.to_json())
    }

    /// The failure of a function whose result cannot be the output of a state.
    pub(super) fn no_json(&self) -> Failure {
        let cause = format!("The function returned a payload that is no JSON: {}", self.payload);
        Failure::new("Lambda.Unknown", first(&cause, 32_768))
    }

    fn metadata(&self) -> Value {
        let known: Vec<(&str, &str)> =
            HEADERS.iter().filter_map(|name| Some((*name, self.sent(name)?))).collect();
        let all = known.iter().map(|(name, value)| (*name, Value::array([(*value).into()])));
        let mut sorted = known.clone();
        sorted.sort_by_key(|(name, _)| name.to_ascii_lowercase());
        let sorted = sorted.into_iter().map(|(name, value)| (name, value.into()));
        Value::object([
            ("AllHttpHeaders", Value::object(all)),
            ("HttpHeaders", Value::object(sorted)),
            ("HttpStatusCode", Value::Int(self.status.into())),
        ])
    }

    /// A header as Step Functions received it.
    fn sent(&self, name: &str) -> Option<&str> {
        match name {
            // Step Functions speaks HTTP/1.1 and keeps its connections; ours may be of another kind.
            "Connection" => Some("keep-alive"),
            name => self.header(&name.to_ascii_lowercase()),
        }
    }

    fn shown<'a>(&self, header: &str, member: &'a str) -> Option<(&'a str, Value)> {
        Some((member, self.header(header)?.into()))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// The first characters of a text.
fn first(text: &str, characters: usize) -> &str {
    text.char_indices().nth(characters).map_or(text, |(end, _)| &text[..end])
}

/// The headers that are shown, spelled and ordered as AWS shows them (recorded; the order is that of a hash table).
const HEADERS: [&str; 10] = [
    "X-Amz-Log-Result",
    "X-Amz-Executed-Version",
    "x-amzn-Remapped-Content-Length",
    "Connection",
    "x-amzn-RequestId",
    "Content-Length",
    "X-Amz-Function-Error",
    "Date",
    "X-Amzn-Trace-Id",
    "Content-Type",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(payload: &str) -> Reply {
        let headers = [
            ("content-type", "application/json"),
            ("content-length", "13"),
            ("date", "Mon, 02 Mar 2026 10:00:00 GMT"),
            ("server", "of no interest"),
            ("x-amz-executed-version", "$LATEST"),
            ("x-amzn-remapped-content-length", "0"),
            ("x-amzn-requestid", "id"),
            ("x-amzn-trace-id", "Root=1"),
        ];
        let headers = headers.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec();
        Reply { status: 200, headers, payload: payload.to_owned(), failed: false }
    }

    #[test]
    fn the_output_of_invoke_is_laid_out_as_on_aws() {
        let expected = concat!(
            r#"{"ExecutedVersion":"$LATEST","Payload":{"a": 1},"SdkHttpMetadata":{"AllHttpHeaders":{"#,
            r#""X-Amz-Executed-Version":["$LATEST"],"x-amzn-Remapped-Content-Length":["0"],"Connection":["keep-alive"],"#,
            r#""x-amzn-RequestId":["id"],"Content-Length":["13"],"Date":["Mon, 02 Mar 2026 10:00:00 GMT"],"#,
            r#""X-Amzn-Trace-Id":["Root=1"],"Content-Type":["application/json"]},"HttpHeaders":{"Connection":"keep-alive","#,
            r#""Content-Length":"13","Content-Type":"application/json","Date":"Mon, 02 Mar 2026 10:00:00 GMT","#,
            r#""X-Amz-Executed-Version":"$LATEST","x-amzn-Remapped-Content-Length":"0","x-amzn-RequestId":"id","#,
            r#""X-Amzn-Trace-Id":"Root=1"},"HttpStatusCode":200},"SdkResponseMetadata":{"RequestId":"id"},"StatusCode":200}"#,
        );
        let output = reply(r#"{"a": 1}"#).output();
        assert_eq!(output.text(), expected.replace(r#"{"a": 1}"#, r#"{"a":1}"#));
    }

    #[test]
    fn local_answers_show_the_same_headers_as_those_of_lambda() {
        let answer = Answer { request_id: "id".into(), payload: "\"hello\"".into(), failed: false };
        let (local, remote) = (Reply::of_answer(answer).output(), reply("1").output());
        let names = |output: &Document| -> Vec<String> {
            let metadata = output.value().get("SdkHttpMetadata").unwrap().clone();
            let headers = metadata.get("AllHttpHeaders").unwrap().as_object().unwrap().clone();
            headers.keys().map(ToString::to_string).collect()
        };
        assert_eq!(names(&local), names(&remote));
        assert_eq!(local.value().get("Payload"), Some(&"hello".into()));
    }

    #[test]
    fn a_function_fails_by_the_name_of_its_error_type() {
        let python = r#"{"errorMessage": "no", "errorType": "Refused", "requestId": "id", "stackTrace": []}"#;
        let old = r#"{"errorMessage":"Task timed out after 3.00 seconds"}"#;
        let table = [
            (python, "Refused", python.to_owned()),
            (
                old,
                "Lambda.Unknown",
                format!(
                    "The cause could not be determined because Lambda did not return an error type. Returned payload: {old}"
                ),
            ),
        ];
        for (payload, error, cause) in table {
            let reply = reply(payload);
            assert_eq!(reply.failure(payload), Failure::new(error, cause));
        }
        assert_eq!(
            reply(python).compact(),
            r#"{"errorMessage":"no","errorType":"Refused","requestId":"id","stackTrace":[]}"#
        );
    }

    #[test]
    fn names_and_causes_are_cut_at_the_limits_of_the_api() {
        let (long, longer) = ("é".repeat(300), "é".repeat(40_000));
        let payload = format!(r#"{{"errorType":"{long}"}}"#);
        let failure = reply(&payload).failure(&longer);
        assert_eq!(failure.error.unwrap().chars().count(), 256);
        assert_eq!(failure.cause.unwrap().chars().count(), 32_768);
    }
}
