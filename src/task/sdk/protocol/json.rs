//! AWS JSON 1.0 and 1.1, and JSON as part of other messages.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use stepwright_core::expr::{Map, Value};

use super::message::{Request, shown};
use crate::task::sdk::input::Node;
use crate::task::sdk::models::{Operation, Service, Shape, ShapeId, TimeFormat};
use crate::task::sdk::{moment, name};

/// A request: the operation in a header, the parameters as body.
pub(super) fn request(service: &Service, operation: &Operation, node: &Node) -> Request {
    let version = if service.json_1_1 { "1.1" } else { "1.0" };
    let body = operation.input.map(|input| write(service, input, node, TimeFormat::Usual));
    let mut request = Request::new("POST", "/")
        .header("content-type", format!("application/x-amz-json-{version}"))
        .header("x-amz-target", format!("{}.{}", service.target_prefix, operation.name));
    if service.query_compatible {
        request = request.header("x-amzn-query-mode", "true");
    }
    request.body = body.map_or_else(|| "{}".to_owned(), |body| body.to_json()).into_bytes();
    request
}

/// The result that a body has.
pub(super) fn output(service: &Service, shape: ShapeId, body: &[u8]) -> Result<Value, String> {
    let body = parse(body)?;
    Ok(read(service, shape, &body).unwrap_or_else(|| Value::object::<&str>([])))
}

/// A body as JSON; an empty one is `{}`.
pub(super) fn parse(body: &[u8]) -> Result<Value, String> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::object::<&str>([]));
    }
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    Value::parse(text).map_err(|error| error.to_string())
}

/// Converted parameters as JSON with the wire's names.
pub(super) fn write(service: &Service, shape: ShapeId, node: &Node, format: TimeFormat) -> Value {
    match (node, service.shape(shape)) {
        (Node::Structure(values), Shape::Structure { members, .. }) => {
            let values = values.iter().filter_map(|(place, node)| {
                let member = members.get(*place)?;
                let value = write(service, member.shape, node, member.time_format);
                Some((std::sync::Arc::clone(&member.wire), value))
            });
            Value::object(values)
        }
        (Node::List(items), Shape::List { member, .. }) => {
            Value::array(items.iter().map(|item| write(service, *member, item, TimeFormat::Usual)))
        }
        (Node::Map(entries), Shape::Map { value, .. }) => {
            let entries = entries.iter();
            Value::object(
                entries.map(|(key, node)| {
                    (key.as_str(), write(service, *value, node, TimeFormat::Usual))
                }),
            )
        }
        (Node::Time(time), Shape::Timestamp(own)) => {
            match moment::chosen([format, *own], TimeFormat::Unix) {
                TimeFormat::Unix => moment::seconds(time),
                format => moment::written(time, format).into(),
            }
        }
        (node, _) => scalar(node),
    }
}

fn scalar(node: &Node) -> Value {
    match node {
        Node::Text(text) => text.as_str().into(),
        Node::Bytes(bytes) => STANDARD.encode(bytes).into(),
        Node::Bool(truth) => (*truth).into(),
        Node::Int(n) => (*n).into(),
        Node::Float(n) if n.is_finite() => Value::Float(*n),
        Node::Float(n) if n.is_nan() => "NaN".into(),
        Node::Float(n) => (if *n > 0.0 { "Infinity" } else { "-Infinity" }).into(),
        Node::Document(value) => value.clone(),
        Node::Time(time) => moment::seconds(time),
        Node::List(_) | Node::Map(_) | Node::Structure(_) => Value::Null,
    }
}

/// JSON with the wire's names as Step Functions shows it; what the model does not know is left out, and so is `null`.
pub(super) fn read(service: &Service, shape: ShapeId, value: &Value) -> Option<Value> {
    match (service.shape(shape), value) {
        (_, Value::Null) => None,
        (Shape::Structure { members, .. }, Value::Object(given)) => {
            let members = members.iter().filter_map(|member| {
                let value = given.get(&*member.wire)?;
                Some((name::pascal(&member.name), read(service, member.shape, value)?))
            });
            Some(sorted(members.collect()))
        }
        (Shape::List { member, .. }, Value::Array(items)) => {
            let items = items.iter();
            Some(Value::array(items.map(|item| read(service, *member, item).unwrap_or_default())))
        }
        (Shape::Map { value, .. }, Value::Object(entries)) => {
            let entries: Map = entries
                .iter()
                .filter_map(|(key, entry)| Some((key.clone(), read(service, *value, entry)?)))
                .collect();
            Some(Value::Object(entries.into()))
        }
        (Shape::Timestamp(_), value) => {
            Some(moment::read(value).map_or_else(|| value.clone(), |t| moment::shown(&t).into()))
        }
        (Shape::Blob, Value::String(text)) => Some(match STANDARD.decode(&**text) {
            Ok(bytes) => shown(bytes).into(),
            Err(_) => value.clone(),
        }),
        (_, value) => Some(value.clone()),
    }
}

/// An object with its keys in the order of the alphabet, as Step Functions writes structures.
pub(super) fn sorted(mut members: Vec<(String, Value)>) -> Value {
    members.sort_by(|(a, _), (b, _)| a.cmp(b));
    Value::object(members)
}
