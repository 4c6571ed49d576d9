//! Reads one service's model. The layout is said in `make.py`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::model::{
    EndpointRow, Kind, Location, Member, Operation, Protocol, Service, Shape, TimeFormat,
};

/// Bytes that are read from the front.
pub(super) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// Nothing is read yet.
    pub(super) fn new(bytes: &'a [u8]) -> Input<'a> {
        Input(bytes)
    }

    /// A LEB128 number.
    pub(super) fn number(&mut self) -> Option<usize> {
        let mut value = 0_usize;
        for shift in (0..usize::BITS).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    /// So many bytes.
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// Bytes with their number before them.
    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(length)
    }

    /// Whether all is read.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A whole service; `None` if the block is damaged.
pub(super) fn service(block: &[u8], name: &'static str, prefix: &'static str) -> Option<Service> {
    let mut reader = Reader::open(block)?;
    let [service_id, signing_name, target_prefix, api_version, namespace] = reader.texts()?;
    let protocol = *PROTOCOLS.get(reader.number()?)?;
    let flags = reader.number()?;
    let service = Service {
        name,
        prefix,
        service_id,
        signing_name,
        target_prefix,
        api_version,
        namespace,
        protocol,
        query_compatible: flags & 1 != 0,
        bearer: flags & 2 != 0,
        json_1_1: flags & 4 != 0,
        tables: reader.many(Reader::table)?,
        errors: reader.errors()?,
        shapes: reader.many(Reader::shape)?,
        operations: reader.many(Reader::operation)?,
    };
    reader.input.is_empty().then_some(service)
}

/// The texts of a block, and the rest of it.
struct Reader<'a> {
    texts: Vec<Arc<str>>,
    input: Input<'a>,
}

impl<'a> Reader<'a> {
    fn open(block: &'a [u8]) -> Option<Reader<'a>> {
        let mut input = Input::new(block);
        let count = input.number()?;
        let lengths: Vec<usize> = (0..count).map(|_| input.number()).collect::<Option<_>>()?;
        let mut texts = vec![Arc::<str>::from("")];
        for length in lengths {
            texts.push(std::str::from_utf8(input.take(length)?).ok()?.into());
        }
        Some(Reader { texts, input })
    }

    fn number(&mut self) -> Option<usize> {
        self.input.number()
    }

    fn text(&mut self) -> Option<Arc<str>> {
        let index = self.number()?;
        self.texts.get(index).cloned()
    }

    fn texts<const N: usize>(&mut self) -> Option<[Arc<str>; N]> {
        let texts: Vec<Arc<str>> = (0..N).map(|_| self.text()).collect::<Option<_>>()?;
        texts.try_into().ok()
    }

    fn many<T>(&mut self, one: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.number()?;
        (0..count).map(|_| one(self)).collect()
    }

    fn table(&mut self) -> Option<Vec<EndpointRow>> {
        self.many(|reader| {
            let [place, host, signing_region, signing_name] = reader.texts()?;
            Some(EndpointRow { place, host, signing_region, signing_name })
        })
    }

    fn errors(&mut self) -> Option<BTreeMap<Arc<str>, Arc<str>>> {
        let pairs = self.many(|reader| {
            let [code, name] = reader.texts()?;
            let name = match (&*name, code.ends_with("Exception")) {
                ("", true) => Arc::clone(&code),
                ("", false) => format!("{code}Exception").into(),
                _ => name,
            };
            Some((code, name))
        })?;
        Some(pairs.into_iter().collect())
    }

    fn operation(&mut self) -> Option<Operation> {
        let name = self.text()?;
        let method = METHODS.get(self.number()?)?;
        let uri = self.text()?;
        let flags = self.number()?;
        let (input, output) = (self.number()?.checked_sub(1), self.number()?.checked_sub(1));
        let [host_prefix, wrapper, root, root_namespace, checksum_member] = self.texts()?;
        Some(Operation {
            name,
            method,
            uri,
            anonymous: flags & 1 != 0,
            unsigned_payload: flags & 2 != 0,
            checksum_required: flags & 4 != 0,
            events: flags & 24 != 0,
            input,
            output,
            host_prefix,
            wrapper,
            root,
            root_namespace,
            checksum_member,
            table: self.number()?,
        })
    }

    fn shape(&mut self) -> Option<Shape> {
        Some(match self.number()? {
            0 => Shape::Structure {
                payload: self.number()?.checked_sub(1),
                members: self.many(Reader::member)?,
            },
            1 => Shape::List {
                member: self.number()?,
                name: self.text()?,
                flattened: self.number()? != 0,
            },
            2 => Shape::Map {
                value: self.number()?,
                key_name: self.text()?,
                value_name: self.text()?,
                flattened: self.number()? != 0,
            },
            3 => Shape::String,
            4 => Shape::Blob,
            5 => Shape::Plain(Kind::Boolean),
            6 | 7 => Shape::Plain(Kind::Integer),
            8 | 9 => Shape::Plain(Kind::Float),
            10 => Shape::Timestamp(*TIMES.get(self.number()?)?),
            11 => Shape::Plain(Kind::Document),
            _ => return None,
        })
    }

    fn member(&mut self) -> Option<Member> {
        let [name, wire] = self.texts()?;
        let shape = self.number()?;
        let (place, flags) = (self.number()?, self.number()?);
        let [namespace, namespace_prefix, query_name] =
            if place & 1 != 0 { self.texts()? } else { Default::default() };
        Some(Member {
            wire: if wire.is_empty() { Arc::clone(&name) } else { wire },
            name,
            shape,
            location: *LOCATIONS.get(place >> 1)?,
            required: flags & 1 != 0,
            flattened: flags & 2 != 0,
            attribute: flags & 4 != 0,
            idempotency_token: flags & 8 != 0,
            streaming: flags & 16 != 0,
            json: flags & 32 != 0,
            time_format: *TIMES.get(flags >> 6)?,
            namespace,
            namespace_prefix,
            query_name,
        })
    }
}

const PROTOCOLS: [Protocol; 6] = [
    Protocol::Json,
    Protocol::RestJson,
    Protocol::RestXml,
    Protocol::Query,
    Protocol::Ec2,
    Protocol::Cbor,
];
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"];
const LOCATIONS: [Location; 6] = [
    Location::Body,
    Location::Header,
    Location::Headers,
    Location::Query,
    Location::Uri,
    Location::Status,
];
const TIMES: [TimeFormat; 4] =
    [TimeFormat::Usual, TimeFormat::Iso8601, TimeFormat::Unix, TimeFormat::Rfc822];
