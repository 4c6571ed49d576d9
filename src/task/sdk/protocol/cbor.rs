//! Smithy RPC v2 with CBOR, for the few services that speak nothing else. The values are those of JSON, with bytes and
//! times of their own (RFC 8949: definite and indefinite lengths, tag 1 for times).

use stepwright_core::expr::{Map, Value};

use super::json::{self, sorted};
use super::message::{Request, shown};
use crate::task::sdk::input::Node;
use crate::task::sdk::models::{Operation, Service, Shape, ShapeId};
use crate::task::sdk::moment;

/// A request: service and operation in the path, the parameters as body.
pub(super) fn request(service: &Service, operation: &Operation, node: &Node) -> Request {
    let path = format!("/service/{}/operation/{}", service.target_prefix, operation.name);
    let mut request = Request::new("POST", &path)
        .header("smithy-protocol", "rpc-v2-cbor")
        .header("accept", "application/cbor");
    if let Some(input) = operation.input {
        request = request.header("content-type", "application/cbor");
        write(&mut request.body, service, input, node);
    }
    request
}

/// The result that a body has.
pub(super) fn output(service: &Service, shape: ShapeId, body: &[u8]) -> Result<Value, String> {
    let body = if body.is_empty() { sorted(Vec::new()) } else { parse(body)? };
    Ok(json::read(service, shape, &body).unwrap_or_else(|| sorted(Vec::new())))
}

/// A document as JSON; bytes are base64, as the JSON protocols have them.
///
/// # Errors
/// Why it is no CBOR.
pub(super) fn parse(body: &[u8]) -> Result<Value, String> {
    let mut reader = Reader { rest: body };
    reader.value(DEEPEST).ok_or_else(|| "the body is not CBOR".to_owned())
}

fn write(out: &mut Vec<u8>, service: &Service, shape: ShapeId, node: &Node) {
    match (node, service.shape(shape)) {
        (Node::Structure(values), Shape::Structure { members, .. }) => {
            let values = || values.iter().filter_map(|(at, node)| Some((members.get(*at)?, node)));
            head(out, 5, values().count() as u64);
            for (member, node) in values() {
                text(out, &member.wire);
                write(out, service, member.shape, node);
            }
        }
        (Node::List(items), Shape::List { member, .. }) => {
            head(out, 4, items.len() as u64);
            items.iter().for_each(|item| write(out, service, *member, item));
        }
        (Node::Map(entries), Shape::Map { value, .. }) => {
            head(out, 5, entries.len() as u64);
            for (key, node) in entries {
                text(out, key);
                write(out, service, *value, node);
            }
        }
        (node, _) => scalar(out, node),
    }
}

fn scalar(out: &mut Vec<u8>, node: &Node) {
    match node {
        Node::Text(value) => text(out, value),
        Node::Bytes(bytes) => {
            head(out, 2, bytes.len() as u64);
            out.extend_from_slice(bytes);
        }
        Node::Bool(truth) => out.push(if *truth { 0xf5 } else { 0xf4 }),
        Node::Int(n) if *n < 0 => head(out, 1, (-1 - n).unsigned_abs()),
        Node::Int(n) => head(out, 0, n.unsigned_abs()),
        Node::Float(n) => float(out, *n),
        Node::Time(time) => {
            head(out, 6, 1);
            match moment::seconds(time) {
                Value::Int(n) if n >= 0 => head(out, 0, n.unsigned_abs()),
                _ => float(out, time.as_secs_f64()),
            }
        }
        Node::Document(_) | Node::List(_) | Node::Map(_) | Node::Structure(_) => out.push(0xf6),
    }
}

fn float(out: &mut Vec<u8>, n: f64) {
    out.push(0xfb);
    out.extend_from_slice(&n.to_be_bytes());
}

fn text(out: &mut Vec<u8>, text: &str) {
    head(out, 3, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Major type and number.
fn head(out: &mut Vec<u8>, major: u8, n: u64) {
    let major = major << 5;
    let bytes = n.to_be_bytes();
    match n {
        0..24 => out.push(major | bytes[7]),
        24..0x100 => out.extend_from_slice(&[major | 24, bytes[7]]),
        0x100..0x1_0000 => {
            out.push(major | 25);
            out.extend_from_slice(&bytes[6..]);
        }
        0x1_0000..0x1_0000_0000 => {
            out.push(major | 26);
            out.extend_from_slice(&bytes[4..]);
        }
        _ => {
            out.push(major | 27);
            out.extend_from_slice(&bytes);
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        let (major, info) = self.initial()?;
        if major == 7 {
            return self.simple(info);
        }
        let length = self.argument(info)?;
        match (major, length) {
            (0, Some(n)) => Some(i64::try_from(n).map_or(Value::Float(n as f64), Value::Int)),
            (1, Some(n)) => {
                Some(i64::try_from(n).map_or(Value::Float(-1.0 - n as f64), |n| Value::Int(-1 - n)))
            }
            (2, length) => {
                use base64::Engine as _;
                let bytes = self.string(length, depth)?;
                Some(base64::engine::general_purpose::STANDARD.encode(bytes).into())
            }
            (3, length) => Some(shown(self.string(length, depth)?).into()),
            (4, length) => self.list(length, depth),
            (5, length) => self.map(length, depth),
            // A tag: only times have one, and are numbers within.
            (6, Some(_)) => self.value(depth),
            _ => None,
        }
    }

    fn initial(&mut self) -> Option<(u8, u8)> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some((first >> 5, first & 31))
    }

    /// The number after the first byte; `Some(None)` for "until the end is said".
    fn argument(&mut self, info: u8) -> Option<Option<u64>> {
        let length = match info {
            0..24 => return Some(Some(info.into())),
            24..=27 => 1_usize << (info - 24),
            31 => return Some(None),
            _ => return None,
        };
        let bytes = self.take(length)?;
        Some(Some(bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte))))
    }

    fn take(&mut self, length: usize) -> Option<&[u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// Whether the end of something without a length comes next; it is then read.
    fn ended(&mut self) -> bool {
        let ended = self.rest.first() == Some(&0xff);
        if ended {
            self.rest = &self.rest[1..];
        }
        ended
    }

    fn string(&mut self, length: Option<u64>, depth: usize) -> Option<Vec<u8>> {
        let depth = depth.checked_sub(1)?;
        if let Some(length) = length {
            return Some(self.take(usize::try_from(length).ok()?)?.to_vec());
        }
        let mut whole = Vec::new();
        while !self.ended() {
            let (_, info) = self.initial()?;
            let length = self.argument(info)?;
            whole.extend(self.string(length, depth)?);
        }
        Some(whole)
    }

    fn list(&mut self, length: Option<u64>, depth: usize) -> Option<Value> {
        let mut items = Vec::new();
        while length.map_or_else(|| !self.ended(), |n| (items.len() as u64) < n) {
            items.push(self.value(depth)?);
        }
        Some(Value::array(items))
    }

    fn map(&mut self, length: Option<u64>, depth: usize) -> Option<Value> {
        let (mut entries, mut count) = (Map::new(), 0);
        while length.map_or_else(|| !self.ended(), |n| count < n) {
            let key = self.value(depth)?;
            entries.insert(key.as_str()?.into(), self.value(depth)?);
            count += 1;
        }
        Some(Value::Object(entries.into()))
    }

    fn simple(&mut self, info: u8) -> Option<Value> {
        Some(match info {
            20 => false.into(),
            21 => true.into(),
            22 | 23 => Value::Null,
            26 => Value::number(f32::from_be_bytes(self.take(4)?.try_into().ok()?).into()),
            27 => Value::number(f64::from_be_bytes(self.take(8)?.try_into().ok()?)),
            _ => return None,
        })
    }
}

const DEEPEST: usize = 128;
