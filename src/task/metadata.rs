//! How optimized integrations show an answer: its members and, beside them, what HTTP said, in the order of their names.

use stepwright_core::expr::value::Map;
use stepwright_core::expr::{Document, Value};

use super::own::Answer;
use super::request;
use super::wire::Wire;

/// A header that is shown: its name as AWS spells it, and its value where it is always the same.
pub(super) type Shown = (&'static str, Option<&'static str>);

/// The headers of most services, in the order of AWS's hash table (recorded).
pub(super) const HEADERS: &[Shown] = &[
    ("x-amzn-RequestId", None),
    // Not of the answer but of the connection: Step Functions' client speaks HTTP/1.1 and keeps its connections, so it
    // says this of every answer. Ours may be of another kind, and one over HTTP/2 has no such header at all.
    ("connection", Some("keep-alive")),
    ("Content-Length", None),
    ("Date", None),
    ("Content-Type", None),
];

/// The output of a task: members of the answer, and its metadata.
pub(super) fn output(members: Map, answer: &Answer, shown: &[Shown]) -> Document {
    let mut all = members;
    let request_id = header(answer, "x-amzn-requestid").map_or(Value::Null, Value::from);
    all.insert("SdkHttpMetadata".into(), http(answer, shown));
    all.insert("SdkResponseMetadata".into(), Value::object([("RequestId", request_id)]));
    all.sort_unstable_keys();
    Value::Object(all.into()).into()
}

/// The output of a task that AWS JSON answers.
pub(super) fn of_json(wire: &Wire, shown: &[Shown]) -> Document {
    let members = Value::parse(&wire.answer().body).unwrap_or_default();
    let answer = wire.answer_of_length(members.to_json().len());
    output(request::members(&members), &answer, shown)
}

fn http(answer: &Answer, shown: &[Shown]) -> Value {
    let sent = |(name, fixed): &Shown| {
        let value = fixed.or_else(|| header(answer, &name.to_ascii_lowercase()))?;
        Some((*name, Value::from(value)))
    };
    let mut headers: Vec<(&str, Value)> = shown.iter().filter_map(sent).collect();
    let all = headers.iter().map(|(name, value)| (*name, Value::array([value.clone()])));
    let all = Value::object(all);
    headers.sort_by_key(|(name, _)| name.to_ascii_lowercase());
    Value::object([
        ("AllHttpHeaders", all),
        ("HttpHeaders", Value::object(headers)),
        ("HttpStatusCode", Value::Int(answer.status.into())),
    ])
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_laid_out_as_on_aws() {
        let headers = [
            ("content-type", "application/x-amz-json-1.0"),
            ("content-length", "106"),
            ("date", "Mon, 02 Mar 2026 10:00:00 GMT"),
            ("server", "of no interest"),
            ("x-amzn-requestid", "id"),
        ];
        let headers = headers.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec();
        let answer = Answer { status: 200, headers, body: String::new() };
        let members = [("MessageId", "m"), ("Zeal", "z"), ("MD5OfMessageBody", "5")];
        let members = members.map(|(name, value)| (name.into(), value.into())).into_iter();
        let expected = concat!(
            r#"{"MD5OfMessageBody":"5","MessageId":"m","SdkHttpMetadata":{"AllHttpHeaders":{"x-amzn-RequestId":["id"],"#,
            r#""connection":["keep-alive"],"Content-Length":["106"],"Date":["Mon, 02 Mar 2026 10:00:00 GMT"],"#,
            r#""Content-Type":["application/x-amz-json-1.0"]},"HttpHeaders":{"connection":"keep-alive","#,
            r#""Content-Length":"106","Content-Type":"application/x-amz-json-1.0","Date":"Mon, 02 Mar 2026 10:00:00 GMT","#,
            r#""x-amzn-RequestId":"id"},"HttpStatusCode":200},"SdkResponseMetadata":{"RequestId":"id"},"Zeal":"z"}"#,
        );
        assert_eq!(output(members.collect(), &answer, HEADERS).text(), expected);
    }
}
