//! API Gateway (`apigateway:invoke`): REST and HTTP APIs, signed with Signature Version 4 where the state says so.

use std::sync::Arc;

use hyper::header::{HeaderName, HeaderValue};
use hyper::{Request, Uri};
use stepwright_core::engine::failure::name;
use stepwright_core::engine::{Failure, TaskCall, TaskOutcome};
use stepwright_core::expr::{Document, Map, Value};

use super::aws::{Aws, Scope, sign, traced};
use super::http::{encode_pair, output};
use super::problem::Reader;
use super::web::{Reply, Web};
use super::within;

/// Calls APIs.
pub(super) struct ApiGateway {
    web: Web,
    aws: Arc<Aws>,
}

/// What the state asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
    signs: bool,
}

impl ApiGateway {
    /// Nothing is connected yet.
    pub(super) fn new(aws: Arc<Aws>) -> ApiGateway {
        ApiGateway { web: Web::new(aws.settings().reach), aws }
    }

    /// Performs a task.
    pub(super) async fn invoke(&self, call: &TaskCall) -> TaskOutcome {
        let wanted = match Wanted::read(&call.parameters) {
            Ok(wanted) => wanted,
            Err(failure) => return TaskOutcome::Failed(failure),
        };
        match within(call, Box::pin(self.send(&wanted, call.credentials.as_ref()))).await {
            Err(outcome) => outcome,
            Ok(Err(failure)) => TaskOutcome::Failed(failure),
            Ok(Ok(reply)) => outcome(&reply),
        }
    }

    async fn send(&self, wanted: &Wanted, role: Option<&Arc<str>>) -> Result<Reply, Failure> {
        let failed = |why: String| Failure::new(name::TASK_FAILED, why);
        let mut request = wanted.request()?;
        if wanted.signs {
            let region = region(request.uri());
            let config = self.aws.config(region.as_deref(), role).await?;
            let credentials = self.aws.credentials(&config, role).await?;
            let own = config.region().map(ToString::to_string).unwrap_or_default();
            let scope = Scope::new("execute-api", &region.unwrap_or(own));
            traced(&mut request);
            sign(&mut request, &scope, &credentials).map_err(failed)?;
        }
        self.web.send(request).await.map_err(|error| failed(error.to_string()))
    }
}

impl Wanted {
    fn read(parameters: &Document) -> Result<Wanted, Failure> {
        let mut reader = Reader::of(parameters, &FIELDS);
        let endpoint = reader.required("ApiEndpoint");
        let method = reader.required("Method");
        if !method.is_empty() && !METHODS.contains(&method.as_str()) {
            reader.invalid("Method");
        }
        let headers = lists(&mut reader, "Headers");
        let valid = |(name, value): &(String, String)| {
            name.parse::<HeaderName>().is_ok() && HeaderValue::from_str(value).is_ok()
        };
        if !headers.iter().all(valid) {
            reader.invalid("Headers");
        }
        let query = lists(&mut reader, "QueryParameters");
        let (stage, path) = (reader.text("Stage"), reader.text("Path"));
        let signs = match reader.text("AuthType").as_deref() {
            None | Some("NO_AUTH") => false,
            Some("IAM_ROLE" | "RESOURCE_POLICY") => true,
            Some(_) => {
                reader.invalid("AuthType");
                false
            }
        };
        let nulls = reader.flag("AllowNullValues");
        let body = reader.value("RequestBody");
        let body = body.map(|body| if nulls { body.to_json() } else { full(body).to_json() });
        reader.finish()?;
        let url = url(&endpoint, &[stage, path], &query);
        Ok(Wanted { method, url, headers, body, signs })
    }

    fn request(&self) -> Result<Request<Vec<u8>>, Failure> {
        let mut request = Request::builder().method(self.method.as_str()).uri(self.url.as_str());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let typed = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if self.body.is_some() && !typed {
            request = request.header("content-type", "application/json");
        }
        let body = self.body.clone().unwrap_or_default().into_bytes();
        request.body(body).map_err(|error| {
            Failure::new(name::RUNTIME, format!("The HTTP request cannot be made: {error}"))
        })
    }
}

/// Members whose values are lists of texts (recorded: `Headers` with other values is refused).
fn lists(reader: &mut Reader<'_>, field: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let members: Option<&Map> = reader.object(field);
    for (name, values) in members.into_iter().flatten() {
        let Some(values) = values.as_array() else {
            reader.invalid(field);
            continue;
        };
        for value in values {
            let text = value.as_str().map_or_else(|| value.to_json(), str::to_owned);
            all.push((name.to_string(), text));
        }
    }
    all
}

/// `https://<endpoint>/<stage>/<path>?<query>`. An endpoint with a scheme of its own is one of this machine's.
fn url(endpoint: &str, parts: &[Option<String>; 2], query: &[(String, String)]) -> String {
    let endpoint = endpoint.trim_end_matches('/');
    let mut url =
        if endpoint.contains("://") { endpoint.to_owned() } else { format!("https://{endpoint}") };
    for part in parts.iter().flatten() {
        let part = part.trim_start_matches('/');
        if !part.is_empty() {
            url.push('/');
            url.push_str(part);
        }
    }
    for (i, (name, value)) in query.iter().enumerate() {
        url.push(if i == 0 { '?' } else { '&' });
        url.push_str(&encode_pair(name, value));
    }
    url
}

/// Without the members that are `null`.
fn full(value: &Value) -> Value {
    if let Some(members) = value.as_object() {
        let there = members.iter().filter(|(_, value)| **value != Value::Null);
        return Value::object(there.map(|(name, value)| (name.clone(), full(value))));
    }
    match value.as_array() {
        Some(items) => Value::array(items.iter().map(full)),
        None => value.clone(),
    }
}

/// `<api>.execute-api.<region>.amazonaws.com`
fn region(uri: &Uri) -> Option<String> {
    let mut labels = uri.host()?.split('.').skip_while(|label| *label != "execute-api");
    labels.nth(1).map(str::to_owned)
}

fn outcome(reply: &Reply) -> TaskOutcome {
    if (200..300).contains(&reply.status) {
        return TaskOutcome::Succeeded(output(reply, shown));
    }
    let body = String::from_utf8_lossy(&reply.body);
    let cause: String = body.chars().take(MOST_CAUSE).collect();
    TaskOutcome::Failed(Failure::new(format!("ApiGateway.{}", reply.status), cause))
}

/// A header's name as API Gateway writes it (recorded): most with capitals, some with a spelling of their own.
fn shown(name: &str) -> String {
    if let Some(own) = SPELLED.iter().find(|own| own.eq_ignore_ascii_case(name)) {
        return (*own).to_owned();
    }
    let mut start = true;
    let capital = |c: char| {
        let shown = if start { c.to_ascii_uppercase() } else { c };
        start = c == '-';
        shown
    };
    name.chars().map(capital).collect()
}

const SPELLED: [&str; 3] = ["x-amz-apigw-id", "x-amzn-RequestId", "x-amzn-ErrorType"];
const FIELDS: [&str; 9] = [
    "ApiEndpoint",
    "Method",
    "Headers",
    "Stage",
    "Path",
    "QueryParameters",
    "RequestBody",
    "AllowNullValues",
    "AuthType",
];
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];
/// Characters of a cause.
const MOST_CAUSE: usize = 32_768;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_become_a_request() {
        let text = r#"{"ApiEndpoint":"a1.execute-api.eu-west-1.amazonaws.com","Method":"POST","Stage":"prod","Path":"/x/y",
            "Headers":{"h":["1","2"]},"QueryParameters":{"q":["a b","c"]},"RequestBody":{"a":null,"b":[{"c":null}]},"AuthType":"IAM_ROLE"}"#;
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let expected = Wanted {
            method: "POST".into(),
            url: "https://a1.execute-api.eu-west-1.amazonaws.com/prod/x/y?q=a%20b&q=c".into(),
            headers: vec![pair("h", "1"), pair("h", "2")],
            body: Some(r#"{"b":[{}]}"#.into()),
            signs: true,
        };
        assert_eq!(read(text).unwrap(), expected);
        assert_eq!(region(&expected.url.parse().unwrap()).as_deref(), Some("eu-west-1"));
    }

    #[test]
    fn bodies_are_json_and_null_is_none() {
        let table = [
            ("null", "", None),
            (r#""""#, "", Some(r#""""#)),
            (r#""text""#, "", Some(r#""text""#)),
            (r#"{"a":null}"#, "", Some("{}")),
            (r#"{"a":null}"#, r#","AllowNullValues":true"#, Some(r#"{"a":null}"#)),
        ];
        for (body, more, expected) in table {
            let text =
                format!(r#"{{"ApiEndpoint":"x","Method":"GET","RequestBody":{body}{more}}}"#);
            assert_eq!(read(&text).unwrap().body.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn parameters_that_cannot_be_used_say_why() {
        let table = [
            (r#"{"Method":"GET"}"#, "[The field 'ApiEndpoint' is required but was missing]"),
            (
                r#"{"ApiEndpoint":"x","Method":"GET","Headers":{"h":"1"}}"#,
                "[The value of the field 'Headers' has an invalid format]",
            ),
            (
                r#"{"ApiEndpoint":"x","Method":"GET","AuthType":"OTHER"}"#,
                "[The value of the field 'AuthType' has an invalid format]",
            ),
        ];
        for (text, expected) in table {
            let failure = read(text).unwrap_err();
            let cause =
                format!("The Parameters '{text}' could not be used to start the Task: {expected}");
            assert_eq!(failure, Failure::new("States.Runtime", cause));
        }
    }

    #[test]
    fn headers_are_spelled_as_api_gateway_does() {
        let table = [
            ("content-type", "Content-Type"),
            ("x-amz-cf-id", "X-Amz-Cf-Id"),
            ("x-amzn-requestid", "x-amzn-RequestId"),
            ("x-amz-apigw-id", "x-amz-apigw-id"),
            ("via", "Via"),
        ];
        for (name, expected) in table {
            assert_eq!(shown(name), expected);
        }
    }

    fn read(text: &str) -> Result<Wanted, Failure> {
        Wanted::read(&Document::parse(text).unwrap())
    }
}
