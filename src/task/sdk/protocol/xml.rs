//! XML of the rest-xml and query protocols: parameters as elements, elements as results.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quick_xml::escape::escape;
use stepwright_core::expr::Value;

use super::element::Element;
use super::json::sorted;
use super::message::shown;
use crate::task::sdk::input::Node;
use crate::task::sdk::models::{Kind, Location, Member, Service, Shape, ShapeId, TimeFormat};
use crate::task::sdk::{moment, name};

/// A structure as the document of a request; members that are not in the body are left out.
pub(super) fn document(
    service: &Service,
    shape: ShapeId,
    node: &Node,
    root: (&str, &str),
) -> String {
    let mut out = String::new();
    let (name, namespace) = root;
    let attribute = match namespace {
        "" => String::new(),
        namespace => format!(" xmlns=\"{}\"", escape(namespace)),
    };
    element(&mut out, name, &attribute, |out| structure(out, service, shape, node));
    out
}

fn element(out: &mut String, name: &str, attributes: &str, content: impl FnOnce(&mut String)) {
    out.push_str(&format!("<{name}{attributes}>"));
    content(out);
    out.push_str(&format!("</{name}>"));
}

fn structure(out: &mut String, service: &Service, shape: ShapeId, node: &Node) {
    let members = service.members(shape);
    for (place, node) in node.members() {
        let Some(member) = members.get(*place) else { continue };
        if member.location == Location::Body && !member.attribute {
            write_member(out, service, member, node);
        }
    }
}

fn write_member(out: &mut String, service: &Service, member: &Member, node: &Node) {
    let attributes = attributes(service, member, node);
    match (service.shape(member.shape), node) {
        (Shape::List { member: of, name, flattened }, Node::List(items))
            if *flattened || member.flattened =>
        {
            let name = if name.is_empty() { &member.wire } else { name };
            for item in items {
                let attributes = attributes_of(service, *of, item);
                element(out, name, &attributes, |out| {
                    write(out, service, *of, item, TimeFormat::Usual);
                });
            }
        }
        (Shape::Map { flattened, .. }, Node::Map(_)) if *flattened || member.flattened => {
            entries(out, service, member.shape, node, &member.wire);
        }
        _ => element(out, &member.wire, &attributes, |out| {
            write(out, service, member.shape, node, member.time_format);
        }),
    }
}

fn write(out: &mut String, service: &Service, shape: ShapeId, node: &Node, format: TimeFormat) {
    match (service.shape(shape), node) {
        (Shape::Structure { .. }, node) => structure(out, service, shape, node),
        (Shape::List { member, name, .. }, Node::List(items)) => {
            let name = if name.is_empty() { "member" } else { name };
            for item in items {
                let attributes = attributes_of(service, *member, item);
                element(out, name, &attributes, |out| {
                    write(out, service, *member, item, TimeFormat::Usual);
                });
            }
        }
        (Shape::Map { .. }, node) => entries(out, service, shape, node, "entry"),
        (Shape::Timestamp(own), node) => {
            let format = moment::chosen([format, *own], TimeFormat::Iso8601);
            out.push_str(&escape(text(node, format)));
        }
        (_, node) => out.push_str(&escape(text(node, TimeFormat::Iso8601))),
    }
}

fn entries(out: &mut String, service: &Service, shape: ShapeId, node: &Node, around: &str) {
    let Shape::Map { value, key_name, value_name, .. } = service.shape(shape) else { return };
    let Node::Map(entries) = node else { return };
    let key_name = if key_name.is_empty() { "key" } else { key_name };
    let value_name = if value_name.is_empty() { "value" } else { value_name };
    for (key, node) in entries {
        element(out, around, "", |out| {
            element(out, key_name, "", |out| out.push_str(&escape(key.as_str())));
            element(out, value_name, "", |out| {
                write(out, service, *value, node, TimeFormat::Usual);
            });
        });
    }
}

/// Attributes of the element of a member: its namespace, and members of its own that are attributes.
fn attributes(service: &Service, member: &Member, node: &Node) -> String {
    let namespace = match (&*member.namespace, &*member.namespace_prefix) {
        ("", _) => String::new(),
        (namespace, "") => format!(" xmlns=\"{}\"", escape(namespace)),
        (namespace, prefix) => format!(" xmlns:{prefix}=\"{}\"", escape(namespace)),
    };
    namespace + &attributes_of(service, member.shape, node)
}

fn attributes_of(service: &Service, shape: ShapeId, node: &Node) -> String {
    let members = service.members(shape);
    let attributes = node.members().iter().filter_map(|(place, node)| {
        let member = members.get(*place).filter(|member| member.attribute)?;
        let value = text(node, TimeFormat::Iso8601);
        let declared = match (&*member.namespace, &*member.namespace_prefix) {
            ("", _) | (_, "") => String::new(),
            (namespace, prefix) => format!(" xmlns:{prefix}=\"{}\"", escape(namespace)),
        };
        Some(format!("{declared} {}=\"{}\"", member.wire, escape(value)))
    });
    attributes.collect()
}

/// A value without parts as text.
pub(super) fn text(node: &Node, format: TimeFormat) -> String {
    match node {
        Node::Text(text) => text.clone(),
        Node::Bytes(bytes) => STANDARD.encode(bytes),
        Node::Bool(truth) => truth.to_string(),
        Node::Int(n) => n.to_string(),
        Node::Float(n) => Value::number(*n).to_json(),
        Node::Time(time) => moment::written(time, format),
        Node::Document(value) => value.to_json(),
        Node::List(_) | Node::Map(_) | Node::Structure(_) => String::new(),
    }
}

/// The members of a structure that an element has in its body.
pub(super) fn members(
    service: &Service,
    shape: ShapeId,
    element: &Element,
) -> Vec<(String, Value)> {
    let members = service.members(shape).iter();
    let members = members.filter(|member| member.location == Location::Body);
    members
        .filter_map(|member| {
            Some((name::pascal(&member.name), read_member(service, member, element)?))
        })
        .collect()
}

fn read_member(service: &Service, member: &Member, element: &Element) -> Option<Value> {
    if member.attribute {
        let attribute = element.attributes.iter().find(|(name, _)| *name == *member.wire)?;
        return Some(attribute.1.as_str().into());
    }
    let (flattened, inner) = match service.shape(member.shape) {
        Shape::List { flattened, name, .. } => (*flattened || member.flattened, &**name),
        Shape::Map { flattened, .. } => (*flattened || member.flattened, ""),
        _ => (false, ""),
    };
    if !flattened {
        return Some(read(service, member.shape, element.child(&member.wire)?));
    }
    let named = |name: &str| -> Vec<&Element> {
        element.children.iter().filter(|child| child.name == *name).collect()
    };
    let mut found = if inner.is_empty() { Vec::new() } else { named(inner) };
    if found.is_empty() {
        found = named(&member.wire);
    }
    if found.is_empty() {
        return None;
    }
    Some(match service.shape(member.shape) {
        Shape::List { member: of, .. } => {
            Value::array(found.into_iter().map(|item| read(service, *of, item)))
        }
        _ => pairs(service, member.shape, found.into_iter()),
    })
}

/// An element as Step Functions shows it.
pub(super) fn read(service: &Service, shape: ShapeId, element: &Element) -> Value {
    match service.shape(shape) {
        Shape::Structure { .. } => sorted(members(service, shape, element)),
        Shape::List { member, .. } => {
            Value::array(element.children.iter().map(|item| read(service, *member, item)))
        }
        Shape::Map { .. } => pairs(service, shape, element.children.iter()),
        shape => scalar(shape, &element.text),
    }
}

fn pairs<'a>(
    service: &Service,
    shape: ShapeId,
    entries: impl Iterator<Item = &'a Element>,
) -> Value {
    let Shape::Map { value, key_name, value_name, .. } = service.shape(shape) else {
        return Value::Null;
    };
    let key_name = if key_name.is_empty() { "key" } else { key_name };
    let value_name = if value_name.is_empty() { "value" } else { value_name };
    Value::object(entries.filter_map(|entry| {
        let key = entry.text_of(key_name)?.to_owned();
        let value = entry.child(value_name).map(|found| read(service, *value, found));
        Some((key, value.unwrap_or_else(|| "".into())))
    }))
}

/// The text of an element or header as the type that it has.
pub(super) fn scalar(shape: &Shape, text: &str) -> Value {
    let trimmed = text.trim();
    let read = match shape {
        Shape::Plain(Kind::Boolean) => trimmed.parse().ok().map(Value::Bool),
        Shape::Plain(Kind::Integer) => trimmed.parse().ok().map(Value::Int),
        Shape::Plain(Kind::Float) => {
            trimmed.parse().ok().filter(|n: &f64| n.is_finite()).map(Value::Float)
        }
        Shape::Timestamp(_) => moment::parse(trimmed).map(|time| moment::shown(&time).into()),
        Shape::Blob => STANDARD.decode(trimmed).ok().map(|bytes| shown(bytes).into()),
        _ => None,
    };
    read.unwrap_or_else(|| text.into())
}
