//! The query protocol and EC2's variant of it: parameters as a form, XML as answer.

use stepwright_core::expr::Value;

use super::element::Element;
use super::json::sorted;
use super::message::{Request, Response, form};
use super::xml;
use crate::task::sdk::input::Node;
use crate::task::sdk::models::{Member, Operation, Protocol, Service, Shape, ShapeId, TimeFormat};
use crate::task::sdk::{moment, name};

/// A request: all parameters as one form.
pub(super) fn request(service: &Service, operation: &Operation, node: &Node) -> Request {
    let mut writer = Writer { service, pairs: Vec::new() };
    writer.pair("Action", operation.name.to_string());
    writer.pair("Version", service.api_version.to_string());
    if let Some(input) = operation.input {
        writer.node(input, "", node, TimeFormat::Usual);
    }
    let mut request = Request::new("POST", "/")
        .header("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    request.body = form(&writer.pairs).into_bytes();
    request
}

/// The result in a response.
pub(super) fn output(
    service: &Service,
    operation: &Operation,
    shape: ShapeId,
    response: &Response,
) -> Result<Value, String> {
    let Some(root) = Element::parse(&response.body)? else { return Ok(sorted(Vec::new())) };
    let result = if operation.wrapper.is_empty() { None } else { root.child(&operation.wrapper) };
    Ok(sorted(xml::members(service, shape, result.unwrap_or(&root))))
}

struct Writer<'a> {
    service: &'a Service,
    pairs: Vec<(String, String)>,
}

impl Writer<'_> {
    fn pair(&mut self, name: &str, value: String) {
        self.pairs.push((name.to_owned(), value));
    }

    fn node(&mut self, shape: ShapeId, prefix: &str, node: &Node, format: TimeFormat) {
        match (self.service.shape(shape), node) {
            (Shape::Structure { members, .. }, Node::Structure(values)) => {
                for (place, node) in values {
                    if let Some(member) = members.get(*place) {
                        self.member(member, prefix, node);
                    }
                }
            }
            (Shape::List { name, flattened, .. }, Node::List(_)) => {
                let name = if name.is_empty() { "member" } else { name };
                let around = match *flattened || self.ec2() {
                    true => prefix.to_owned(),
                    false => format!("{prefix}.{name}"),
                };
                self.items(shape, &around, prefix, node);
            }
            (Shape::Map { flattened, .. }, Node::Map(_)) => {
                let around = if *flattened { prefix.to_owned() } else { format!("{prefix}.entry") };
                self.entries(shape, &around, node);
            }
            (Shape::Timestamp(own), node) => {
                let format = moment::chosen([format, *own], TimeFormat::Iso8601);
                self.pair(prefix, xml::text(node, format));
            }
            (_, node) => self.pair(prefix, xml::text(node, TimeFormat::Iso8601)),
        }
    }

    fn member(&mut self, member: &Member, prefix: &str, node: &Node) {
        let name = self.name(member);
        let joined = |name: &str| {
            if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
        };
        match (self.service.shape(member.shape), node) {
            // The name of the items takes the place of the list's own.
            (Shape::List { name: items, flattened, .. }, Node::List(_))
                if !self.ec2() && (*flattened || member.flattened) =>
            {
                let around = joined(if items.is_empty() { &name } else { items });
                self.items(member.shape, &around, &joined(&name), node);
            }
            (Shape::Map { .. }, Node::Map(_)) if member.flattened => {
                self.entries(member.shape, &joined(&name), node);
            }
            _ => self.node(member.shape, &joined(&name), node, member.time_format),
        }
    }

    fn items(&mut self, shape: ShapeId, around: &str, empty: &str, node: &Node) {
        let (Shape::List { member, .. }, Node::List(items)) = (self.service.shape(shape), node)
        else {
            return;
        };
        if items.is_empty() && !self.ec2() {
            self.pair(empty, String::new());
        }
        for (place, item) in items.iter().enumerate() {
            self.node(*member, &format!("{around}.{}", place + 1), item, TimeFormat::Usual);
        }
    }

    fn entries(&mut self, shape: ShapeId, around: &str, node: &Node) {
        let (Shape::Map { value, key_name, value_name, .. }, Node::Map(entries)) =
            (self.service.shape(shape), node)
        else {
            return;
        };
        let key_name = if key_name.is_empty() { "key" } else { key_name };
        let value_name = if value_name.is_empty() { "value" } else { value_name };
        for (place, (key, node)) in entries.iter().enumerate() {
            self.pair(&format!("{around}.{}.{key_name}", place + 1), key.clone());
            let name = format!("{around}.{}.{value_name}", place + 1);
            self.node(*value, &name, node, TimeFormat::Usual);
        }
    }

    /// EC2 begins the names of requests with a capital, and has names for requests alone.
    fn name(&self, member: &Member) -> String {
        match (self.ec2(), &*member.query_name) {
            (true, "") => name::pascal(&member.wire),
            (true, own) => own.to_owned(),
            (false, _) => member.wire.to_string(),
        }
    }

    fn ec2(&self) -> bool {
        self.service.protocol == Protocol::Ec2
    }
}
