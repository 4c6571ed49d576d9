//! The REST protocols: members in path, query string, headers and body, the body being JSON or XML.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use stepwright_core::expr::Value;

use super::element::Element;
use super::json::{self, sorted};
use super::message::{Request, Response, encoded, shown};
use super::xml;
use crate::task::sdk::input::Node;
use crate::task::sdk::models::{
    Location, Member, Operation, Protocol, Service, Shape, ShapeId, TimeFormat,
};
use crate::task::sdk::{moment, name};

/// A request.
pub(super) fn request(
    service: &Service,
    operation: &Operation,
    node: &Node,
) -> Result<Request, String> {
    let (template, fixed) = operation.uri.split_once('?').unwrap_or((&operation.uri, ""));
    let mut request = Request::new(operation.method, "");
    for pair in fixed.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        request.query.push((name.to_owned(), value.to_owned()));
    }
    let Some(input) = operation.input else {
        template.clone_into(&mut request.path);
        return Ok(request);
    };
    request.path = path(service, input, node, template)?;
    for (place, node) in node.members() {
        let Some(member) = service.members(input).get(*place) else { continue };
        match member.location {
            Location::Query => query(&mut request, service, member, node),
            Location::Header => header(&mut request, service, member, node),
            Location::Headers => headers(&mut request, member, node),
            Location::Uri | Location::Body | Location::Status => {}
        }
    }
    body(&mut request, service, operation, node);
    Ok(request)
}

/// What an operation has before its host.
pub(super) fn host_prefix(
    service: &Service,
    operation: &Operation,
    node: &Node,
) -> Result<String, String> {
    let Some(input) = operation.input.filter(|_| !operation.host_prefix.is_empty()) else {
        return Ok(operation.host_prefix.to_string());
    };
    filled(&operation.host_prefix, |name, _| {
        let value = label(service, input, node, |member| &*member.name == name)?;
        let plain = !value.is_empty()
            && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        plain.then_some(value)
    })
}

fn path(service: &Service, input: ShapeId, node: &Node, template: &str) -> Result<String, String> {
    filled(template, |name, greedy| {
        let value = label(service, input, node, |member| {
            member.location == Location::Uri && &*member.wire == name
        })?;
        (!value.is_empty()).then(|| encoded(&value, greedy))
    })
}

/// A template with its labels filled in.
fn filled(template: &str, value: impl Fn(&str, bool) -> Option<String>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (label, after) = after.split_once('}').unwrap_or((after, ""));
        let greedy = label.ends_with('+');
        let label = label.trim_end_matches('+');
        out.push_str(before);
        out.push_str(&value(label, greedy).ok_or_else(|| {
            format!("The value of the field '{}' has an invalid format", name::pascal(label))
        })?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn label(
    service: &Service,
    input: ShapeId,
    node: &Node,
    is: impl Fn(&Member) -> bool,
) -> Option<String> {
    let members = service.members(input);
    let place = members.iter().position(is)?;
    let (_, node) = node.members().iter().find(|(there, _)| *there == place)?;
    Some(text(service, members.get(place)?, node, TimeFormat::Iso8601))
}

/// A value without parts as text, its time in the member's format.
fn text(service: &Service, member: &Member, node: &Node, usual: TimeFormat) -> String {
    let own = match service.shape(member.shape) {
        Shape::Timestamp(own) => *own,
        _ => TimeFormat::Usual,
    };
    xml::text(node, moment::chosen([member.time_format, own], usual))
}

fn query(request: &mut Request, service: &Service, member: &Member, node: &Node) {
    let mut add = |name: &str, node: &Node| {
        let value = text(service, member, node, TimeFormat::Iso8601);
        request.query.push((name.to_owned(), value));
    };
    match node {
        Node::List(items) => items.iter().for_each(|item| add(&member.wire, item)),
        Node::Map(entries) => {
            for (key, value) in entries {
                match value {
                    Node::List(items) => items.iter().for_each(|item| add(key, item)),
                    value => add(key, value),
                }
            }
        }
        node => add(&member.wire, node),
    }
}

fn header(request: &mut Request, service: &Service, member: &Member, node: &Node) {
    let value = match node {
        Node::List(items) => {
            let items =
                items.iter().map(|item| match text(service, member, item, TimeFormat::Rfc822) {
                    // A comma or quote within an item would end it.
                    item if item.contains([',', '"']) => {
                        format!("\"{}\"", item.replace('\\', "\\\\").replace('"', "\\\""))
                    }
                    item => item,
                });
            items.collect::<Vec<_>>().join(",")
        }
        Node::Text(text) if member.json => STANDARD.encode(text),
        node => text(service, member, node, TimeFormat::Rfc822),
    };
    request.headers.push((member.wire.to_ascii_lowercase(), value));
}

fn headers(request: &mut Request, member: &Member, node: &Node) {
    let Node::Map(entries) = node else { return };
    for (key, value) in entries {
        let name = format!("{}{key}", member.wire).to_ascii_lowercase();
        request.headers.push((name, xml::text(value, TimeFormat::Rfc822)));
    }
}

fn body(request: &mut Request, service: &Service, operation: &Operation, node: &Node) {
    let Some(input) = operation.input else { return };
    let Shape::Structure { payload, members } = service.shape(input) else { return };
    if let Some(member) = payload.and_then(|place| members.get(place)) {
        let given = node.members().iter().find(|(place, _)| Some(*place) == *payload);
        if let Some((_, node)) = given {
            write_payload(request, service, member, node);
        }
        return;
    }
    let in_body = |member: &Member| member.location == Location::Body;
    if !members.iter().any(in_body) {
        return;
    }
    let values = node.members().iter();
    let values = values.filter(|(place, _)| members.get(*place).is_some_and(in_body));
    let values = Node::Structure(values.cloned().collect());
    if service.protocol == Protocol::RestJson {
        json_body(request, &json::write(service, input, &values, TimeFormat::Usual));
    } else if !values.members().is_empty() {
        let fallback = format!("{}Request", operation.name);
        let root = if operation.root.is_empty() { &*fallback } else { &operation.root };
        let namespace = if operation.root_namespace.is_empty() {
            &service.namespace
        } else {
            &operation.root_namespace
        };
        xml_body(request, xml::document(service, input, &values, (root, namespace)));
    }
}

fn write_payload(request: &mut Request, service: &Service, member: &Member, node: &Node) {
    match (node, service.protocol) {
        (Node::Bytes(bytes), _) => {
            request.body.clone_from(bytes);
            // What streams is text to Step Functions (recorded: the type of what `s3:putObject` wrote).
            let text = "text/plain; charset=UTF-8";
            content_type(request, if member.streaming { text } else { "application/octet-stream" });
        }
        (Node::Text(text), _) => {
            text.as_bytes().clone_into(&mut request.body);
            content_type(request, "text/plain");
        }
        (node, Protocol::RestXml) => {
            let namespace =
                if member.namespace.is_empty() { &service.namespace } else { &member.namespace };
            let root = (&*member.wire, &**namespace);
            xml_body(request, xml::document(service, member.shape, node, root));
        }
        (node, _) => {
            json_body(request, &json::write(service, member.shape, node, TimeFormat::Usual))
        }
    }
}

fn json_body(request: &mut Request, value: &Value) {
    request.body = value.to_json().into_bytes();
    content_type(request, "application/json");
}

fn xml_body(request: &mut Request, document: String) {
    request.body = document.into_bytes();
    content_type(request, "application/xml");
}

/// The type of the body, unless the parameters have named one.
fn content_type(request: &mut Request, kind: &str) {
    if !request.headers.iter().any(|(name, _)| name == "content-type") {
        request.headers.push(("content-type".to_owned(), kind.to_owned()));
    }
}

/// The result in a response: members from headers, status and body.
pub(super) fn output(
    service: &Service,
    shape: ShapeId,
    response: &Response,
) -> Result<Value, String> {
    let Shape::Structure { payload, members } = service.shape(shape) else {
        return Ok(sorted(Vec::new()));
    };
    let mut found: Vec<(String, Value)> = members
        .iter()
        .filter_map(|member| {
            Some((name::pascal(&member.name), of_head(service, member, response)?))
        })
        .collect();
    let mut stream = None;
    match payload.and_then(|place| members.get(place)) {
        Some(member) => match read_payload(service, member, response)? {
            Some(value) if member.streaming => stream = Some((name::pascal(&member.name), value)),
            Some(value) => found.push((name::pascal(&member.name), value)),
            None => {}
        },
        None if members.iter().any(|member| member.location == Location::Body) => {
            found.extend(of_body(service, shape, response)?);
        }
        None => {}
    }
    let Value::Object(object) = sorted(found) else { return Ok(Value::Null) };
    Ok(Value::object(object.iter().map(|(k, v)| (k.to_string(), v.clone())).chain(stream)))
}

fn of_head(service: &Service, member: &Member, response: &Response) -> Option<Value> {
    match member.location {
        Location::Status => Some(Value::Int(response.status.into())),
        Location::Header => {
            let text = response.header(&member.wire.to_ascii_lowercase())?;
            Some(of_header(service, member, text))
        }
        Location::Headers => {
            let prefix = member.wire.to_ascii_lowercase();
            let named = response.headers.iter();
            // It is there even without entries (recorded: `Metadata` of `s3:getObject`).
            Some(Value::object(named.filter_map(|(name, value)| {
                Some((name.strip_prefix(&prefix)?, Value::from(value.as_str())))
            })))
        }
        Location::Body | Location::Query | Location::Uri => None,
    }
}

fn of_header(service: &Service, member: &Member, text: &str) -> Value {
    match service.shape(member.shape) {
        Shape::List { member: of, .. } => {
            let items = text.split(',');
            Value::array(items.map(|item| xml::scalar(service.shape(*of), item.trim())))
        }
        Shape::String if member.json => {
            let decoded = STANDARD.decode(text.trim()).ok();
            decoded.map_or_else(|| text.into(), |bytes| shown(bytes).into())
        }
        shape => xml::scalar(shape, text),
    }
}

fn read_payload(
    service: &Service,
    member: &Member,
    response: &Response,
) -> Result<Option<Value>, String> {
    let body = &response.body;
    match service.shape(member.shape) {
        Shape::Blob | Shape::String => Ok(Some(shown(body.clone()).into())),
        _ if body.is_empty() => Ok(None),
        _ if service.protocol == Protocol::RestJson => {
            Ok(json::read(service, member.shape, &json::parse(body)?))
        }
        _ => Ok(Element::parse(body)?.map(|root| xml::read(service, member.shape, &root))),
    }
}

fn of_body(
    service: &Service,
    shape: ShapeId,
    response: &Response,
) -> Result<Vec<(String, Value)>, String> {
    if service.protocol == Protocol::RestJson {
        let body = json::read(service, shape, &json::parse(&response.body)?);
        let members = body.as_ref().and_then(Value::as_object).into_iter().flatten();
        return Ok(members.map(|(key, value)| (key.to_string(), value.clone())).collect());
    }
    let Some(root) = Element::parse(&response.body)? else { return Ok(Vec::new()) };
    let found = xml::members(service, shape, &root);
    if !found.is_empty() || !root.children.is_empty() {
        return Ok(found);
    }
    // A root that is itself the only member (S3's GetBucketLocation).
    let around = Element { children: vec![root], ..Element::default() };
    Ok(xml::members(service, shape, &around))
}
