//! Parameters of `http:invoke`, and the request that they and a connection make.

use hyper::header::{HeaderName, HeaderValue};
use stepwright_core::engine::Failure;
use stepwright_core::expr::{Document, Map, Value};

use super::connection::Additions;
use super::encode::{self, ArrayFormat};
use crate::task::problem::Reader;

/// What the state asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted {
    /// `ApiEndpoint`
    pub(super) endpoint: String,
    /// `Method`
    pub(super) method: String,
    /// ARN of the connection.
    pub(super) connection: String,
    headers: Vec<(String, String)>,
    query: Vec<(String, String)>,
    body: Option<Value>,
    /// `Transform`: form encoding, with arrays like this.
    form: Option<ArrayFormat>,
}

/// A request, put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Composed {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<String>,
}

impl Wanted {
    /// Reads the parameters.
    ///
    /// # Errors
    /// `States.Runtime`: no request can be made of them.
    pub(super) fn read(parameters: &Document) -> Result<Wanted, Failure> {
        let mut reader = Reader::of(parameters, &FIELDS);
        let endpoint = reader.required("ApiEndpoint");
        let method = reader.required("Method");
        if !method.is_empty() && !METHODS.contains(&method.as_str()) {
            reader.invalid("Method");
        }
        let connection = connection(&mut reader);
        let headers = headers(&mut reader);
        let query = query(&mut reader);
        let form = form(&mut reader);
        let body = reader.value("RequestBody").cloned();
        if form.is_some() && body.as_ref().is_some_and(|body| body.as_object().is_none()) {
            reader.invalid("RequestBody");
        }
        reader.finish()?;
        Ok(Wanted { endpoint, method, connection, headers, query, body, form })
    }

    /// The request with what a connection adds to it, which wins over what the state says (AWS: HTTP Task).
    pub(super) fn compose(&self, added: &Additions, region: &str) -> Composed {
        let query = merged(&self.query, &added.query);
        let mut headers = merged(&self.headers, &added.headers);
        let own = ["user-agent", "range", "content-length"];
        headers.retain(|(name, _)| !own.contains(&name.to_ascii_lowercase().as_str()));
        let body = self.body(&added.body);
        let typed = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if body.is_some() && !typed {
            let kind = if self.form.is_some() { FORM } else { "application/json" };
            headers.push(("Content-Type".to_owned(), kind.to_owned()));
        }
        headers.push(("Range".to_owned(), RANGE.to_owned()));
        headers
            .push(("User-Agent".to_owned(), format!("Amazon|StepFunctions|HttpInvoke|{region}")));
        let query: Vec<String> = query.iter().map(|(n, v)| encode::pair(n, v)).collect();
        let joint = if self.endpoint.contains('?') { "&" } else { "?" };
        let tail =
            if query.is_empty() { String::new() } else { joint.to_owned() + &query.join("&") };
        let url = format!("{}{tail}", self.endpoint);
        Composed { method: self.method.clone(), url, headers, body }
    }

    fn body(&self, added: &[(String, String)]) -> Option<String> {
        let mut body = self.body.clone();
        if !added.is_empty() && body.as_ref().is_none_or(|body| body.as_object().is_some()) {
            let mut members = body.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
            for (name, value) in added {
                members.insert(name.as_str().into(), Value::from(value.as_str()));
            }
            body = Some(Value::object(members));
        }
        match (body?, self.form) {
            (Value::Object(members), Some(format)) => Some(encode::form(&members, format)),
            (Value::String(text), _) => Some(text.to_string()),
            (body, _) => Some(body.to_json()),
        }
    }
}

/// `InvocationConfig` is the newer name of `Authentication`.
fn connection(reader: &mut Reader<'_>) -> String {
    let (config, auth) = (reader.object("InvocationConfig"), reader.object("Authentication"));
    let Some(found) = config.or(auth) else {
        reader.missing("Authentication");
        return String::new();
    };
    match found.get("ConnectionArn").and_then(Value::as_str) {
        Some(arn) => arn.to_owned(),
        None => {
            reader.missing("ConnectionArn");
            String::new()
        }
    }
}

fn headers(reader: &mut Reader<'_>) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (name, value) in reader.object("Headers").into_iter().flatten() {
        let value = encode::text(value);
        let valid = name.parse::<HeaderName>().is_ok() && HeaderValue::from_str(&value).is_ok();
        if is_forbidden(name) {
            reader.problem(format!("The header '{name}' is not supported by Step Functions"));
        } else if !valid {
            reader.invalid("Headers");
        } else {
            all.push((name.to_string(), value));
        }
    }
    all
}

fn query(reader: &mut Reader<'_>) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (name, value) in reader.object("QueryParameters").into_iter().flatten() {
        match value {
            Value::Object(_) => reader.invalid("QueryParameters"),
            Value::Array(items) => {
                all.extend(items.iter().map(|item| (name.to_string(), encode::text(item))));
            }
            value => all.push((name.to_string(), encode::text(value))),
        }
    }
    all
}

fn form(reader: &mut Reader<'_>) -> Option<ArrayFormat> {
    let transform = reader.object("Transform")?;
    let text = |of: &Map, name: &str| of.get(name).and_then(Value::as_str).map(str::to_owned);
    let options = transform.get("RequestEncodingOptions").and_then(Value::as_object);
    let format = options.and_then(|options| text(options, "ArrayFormat"));
    let format = match format.as_deref().map(ArrayFormat::named) {
        None => ArrayFormat::default(),
        Some(Some(format)) => format,
        Some(None) => {
            reader.invalid("ArrayFormat");
            return None;
        }
    };
    match text(transform, "RequestBodyEncoding").as_deref() {
        Some("URL_ENCODED") => Some(format),
        None | Some("NONE") => None,
        Some(_) => {
            reader.invalid("RequestBodyEncoding");
            None
        }
    }
}

/// What is added wins over what is there under the same name.
fn merged(own: &[(String, String)], added: &[(String, String)]) -> Vec<(String, String)> {
    let taken = |name: &str| added.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
    let kept = own.iter().filter(|(name, _)| !taken(name));
    kept.chain(added).cloned().collect()
}

fn is_forbidden(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    FORBIDDEN.iter().any(|forbidden| match forbidden.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => *forbidden == name,
    })
}

const FIELDS: [&str; 8] = [
    "ApiEndpoint",
    "Method",
    "Authentication",
    "InvocationConfig",
    "Headers",
    "QueryParameters",
    "RequestBody",
    "Transform",
];
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"];
const FORM: &str = "application/x-www-form-urlencoded";
/// AWS asks servers for no more than a state may have.
const RANGE: &str = "bytes=0-262144";
/// Headers that a state must not set (AWS's developer guide: 34 of them).
const FORBIDDEN: [&str; 34] = [
    "a-im",
    "accept-charset",
    "accept-datetime",
    "accept-encoding",
    "cache-control",
    "connection",
    "content-encoding",
    "content-md5",
    "date",
    "expect",
    "forwarded",
    "from",
    "host",
    "http2-settings",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "max-forwards",
    "origin",
    "pragma",
    "proxy-authorization",
    "referer",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "warning",
    "x-forwarded-*",
    "x-amz-*",
    "x-amzn-*",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_what_the_state_says_with_what_the_connection_adds() {
        let wanted = read(
            r#"{"ApiEndpoint":"https://x/y?z=1","Method":"POST","InvocationConfig":{"ConnectionArn":"c"},
                "Headers":{"A":"1","User-Agent":"mine"},"QueryParameters":{"q":["a b",2],"r":true},"RequestBody":{"n":1}}"#,
        );
        let pairs = |list: &[(&str, &str)]| {
            list.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<Vec<_>>()
        };
        let added = Additions {
            headers: pairs(&[("a", "2"), ("Authorization", "Basic x")]),
            query: pairs(&[("r", "no")]),
            body: pairs(&[("secret", "s")]),
        };
        let composed = wanted.unwrap().compose(&added, "eu-west-1");
        assert_eq!(composed.url, "https://x/y?z=1&q=a%20b&q=2&r=no");
        assert_eq!(composed.body.as_deref(), Some(r#"{"n":1,"secret":"s"}"#));
        let expected = pairs(&[
            ("a", "2"),
            ("Authorization", "Basic x"),
            ("Content-Type", "application/json"),
            ("Range", "bytes=0-262144"),
            ("User-Agent", "Amazon|StepFunctions|HttpInvoke|eu-west-1"),
        ]);
        assert_eq!(composed.headers, expected);
    }

    #[test]
    fn a_body_is_json_or_text_or_a_form() {
        let form = r#""Transform":{"RequestBodyEncoding":"URL_ENCODED","RequestEncodingOptions":{"ArrayFormat":"REPEAT"}},"#;
        let table = [
            ("", r#"{"a":[1,2]}"#, Some(r#"{"a":[1,2]}"#), "application/json"),
            ("", r#""text""#, Some("text"), "application/json"),
            ("", "null", None, ""),
            (form, r#"{"a":[1,2]}"#, Some("a=1&a=2"), FORM),
        ];
        for (more, body, expected, kind) in table {
            let text = format!(
                r#"{{"ApiEndpoint":"https://x","Method":"GET","Authentication":{{"ConnectionArn":"c"}},{more}"RequestBody":{body}}}"#
            );
            let composed = read(&text).unwrap().compose(&Additions::default(), "r");
            assert_eq!(composed.body.as_deref(), expected, "{text}");
            let found = composed.headers.iter().find(|(name, _)| name == "Content-Type");
            assert_eq!(found.map_or("", |(_, value)| value), kind, "{text}");
        }
    }

    #[test]
    fn parameters_that_cannot_be_used_say_why() {
        let base =
            r#""ApiEndpoint":"https://x","Method":"GET","Authentication":{"ConnectionArn":"c"}"#;
        let table = [
            (r#"{"Method":"GET","Authentication":{"ConnectionArn":"c"}}"#.to_owned(), "'ApiEndpoint' is required"),
            (r#"{"ApiEndpoint":"https://x","Authentication":{"ConnectionArn":"c"}}"#.to_owned(), "'Method' is required"),
            (r#"{"ApiEndpoint":"https://x","Method":"GET"}"#.to_owned(), "'Authentication' is required"),
            (r#"{"ApiEndpoint":"https://x","Method":"GET","Authentication":{}}"#.to_owned(), "'ConnectionArn' is required"),
            (r#"{"ApiEndpoint":"https://x","Method":"TRACE","Authentication":{"ConnectionArn":"c"}}"#.to_owned(), "'Method' has an invalid format"),
            (format!(r#"{{{base},"Headers":{{"Host":"y"}}}}"#), "'Host' is not supported"),
            (format!(r#"{{{base},"Headers":{{"X-Amz-Date":"y"}}}}"#), "'X-Amz-Date' is not supported"),
            (format!(r#"{{{base},"Headers":{{"a b":"y"}}}}"#), "'Headers' has an invalid format"),
            (format!(r#"{{{base},"QueryParameters":{{"a":{{}}}}}}"#), "'QueryParameters' has an invalid format"),
            (format!(r#"{{{base},"Transform":{{"RequestBodyEncoding":"XML"}}}}"#), "'RequestBodyEncoding' has an invalid format"),
            (format!(r#"{{{base},"Other":1}}"#), "'Other' is not supported"),
        ];
        for (text, expected) in table {
            let failure = read(&text).unwrap_err();
            assert_eq!(failure.error.as_deref(), Some("States.Runtime"));
            let cause = failure.cause.unwrap();
            assert!(cause.contains(expected), "{text}: {cause}");
        }
    }

    #[test]
    fn all_34_headers_are_forbidden_in_any_case() {
        for name in FORBIDDEN {
            let name = name.replace('*', "for").to_uppercase();
            assert!(is_forbidden(&name), "{name}");
        }
        for name in ["Accept", "Authorization", "Content-Type", "X-Custom", "x-amazing"] {
            assert!(!is_forbidden(name), "{name}");
        }
    }

    fn read(text: &str) -> Result<Wanted, Failure> {
        Wanted::read(&Document::parse(text).unwrap())
    }
}
