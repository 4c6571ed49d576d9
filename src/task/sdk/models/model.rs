//! A service's API model, as far as requests and responses depend on it.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Place of a shape in its service.
pub(crate) type ShapeId = usize;

/// One service.
#[derive(Debug)]
pub(crate) struct Service {
    /// As in `aws-sdk:NAME:action`.
    pub(crate) name: &'static str,
    /// What its error names begin with, and its name in causes.
    pub(crate) prefix: &'static str,
    /// AWS's name of the API, `Secrets Manager`.
    pub(crate) service_id: Arc<str>,
    /// Service in the scope of signatures.
    pub(crate) signing_name: Arc<str>,
    /// What `X-Amz-Target` begins with.
    pub(crate) target_prefix: Arc<str>,
    /// `Version` of the query protocols.
    pub(crate) api_version: Arc<str>,
    /// Namespace of XML documents.
    pub(crate) namespace: Arc<str>,
    /// How it is spoken to.
    pub(crate) protocol: Protocol,
    /// Version 1.1 of the JSON protocol, else 1.0.
    pub(crate) json_1_1: bool,
    /// It once spoke the query protocol, and is told that clients know its old error codes.
    pub(crate) query_compatible: bool,
    /// It wants a bearer token and no signature.
    pub(crate) bearer: bool,
    /// Tables of endpoints; an operation names its own.
    pub(crate) tables: Vec<Vec<EndpointRow>>,
    /// Error codes on the wire that the model knows, and the exceptions of the AWS SDK for Java.
    pub(crate) errors: BTreeMap<Arc<str>, Arc<str>>,
    /// Shapes, equal ones once.
    pub(crate) shapes: Vec<Shape>,
    /// In the order of their names.
    pub(crate) operations: Vec<Operation>,
}

impl Service {
    /// An operation by its name in camel case, as Step Functions spells it.
    pub(crate) fn operation(&self, action: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| {
            let (name, action) = (operation.name.as_bytes(), action.as_bytes());
            let (Some(first), Some(wanted)) = (name.first(), action.first()) else { return false };
            first.to_ascii_lowercase() == *wanted && name.get(1..) == action.get(1..)
        })
    }

    /// A shape; what the data does not have is a string.
    pub(crate) fn shape(&self, id: ShapeId) -> &Shape {
        self.shapes.get(id).unwrap_or(&Shape::String)
    }

    /// Members of a structure; none of anything else.
    pub(crate) fn members(&self, id: ShapeId) -> &[Member] {
        if let Shape::Structure { members, .. } = self.shape(id) { members } else { &[] }
    }
}

/// How a service is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// AWS JSON 1.0 and 1.1
    Json,
    /// AWS REST JSON
    RestJson,
    /// AWS REST XML
    RestXml,
    /// AWS query
    Query,
    /// EC2 query
    Ec2,
    /// Smithy RPC v2 CBOR
    Cbor,
}

/// Where a service is, in one partition or region, or everywhere.
#[derive(Debug)]
pub(crate) struct EndpointRow {
    /// A region, a partition, or empty for all.
    pub(crate) place: Arc<str>,
    /// Host with `{region}` and `{suffix}`.
    pub(crate) host: Arc<str>,
    /// Region in the scope of signatures; empty for that of the call.
    pub(crate) signing_region: Arc<str>,
    /// Service in the scope of signatures; empty for the usual one.
    pub(crate) signing_name: Arc<str>,
}

/// One operation.
#[derive(Debug)]
pub(crate) struct Operation {
    /// As the API spells it, `PutItem`.
    pub(crate) name: Arc<str>,
    /// HTTP method.
    pub(crate) method: &'static str,
    /// Path with labels, and a query string at times.
    pub(crate) uri: Arc<str>,
    /// Sent without a signature.
    pub(crate) anonymous: bool,
    /// The signature leaves out the body.
    pub(crate) unsigned_payload: bool,
    /// The body needs a checksum.
    pub(crate) checksum_required: bool,
    /// Input or output is a stream of events.
    pub(crate) events: bool,
    /// Parameters.
    pub(crate) input: Option<ShapeId>,
    /// Result.
    pub(crate) output: Option<ShapeId>,
    /// What stands before the host, with labels.
    pub(crate) host_prefix: Arc<str>,
    /// Element around the result in query responses.
    pub(crate) wrapper: Arc<str>,
    /// Root element of the request.
    pub(crate) root: Arc<str>,
    /// Its namespace.
    pub(crate) root_namespace: Arc<str>,
    /// Parameter that names the algorithm of the body's checksum.
    pub(crate) checksum_member: Arc<str>,
    /// Which table of endpoints.
    pub(crate) table: usize,
}

/// A type of values.
#[derive(Debug)]
pub(crate) enum Shape {
    /// Named members.
    Structure {
        /// The member that is the whole body, if one is.
        payload: Option<usize>,
        /// In the order of the model.
        members: Vec<Member>,
    },
    /// A list.
    List {
        /// Of what.
        member: ShapeId,
        /// Element name of the items; empty for the protocol's own.
        name: Arc<str>,
        /// Without an element around the items.
        flattened: bool,
    },
    /// A map from strings.
    Map {
        /// To what.
        value: ShapeId,
        /// Element name of keys; empty for the protocol's own.
        key_name: Arc<str>,
        /// Element name of values; empty for the protocol's own.
        value_name: Arc<str>,
        /// Without an element around the entries.
        flattened: bool,
    },
    /// Text.
    String,
    /// Bytes.
    Blob,
    /// A point in time.
    Timestamp(TimeFormat),
    /// Everything else.
    Plain(Kind),
}

/// Types without parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
    /// Any number.
    Float,
    /// Any JSON.
    Document,
}

/// A member of a structure.
#[derive(Debug)]
pub(crate) struct Member {
    /// As the model spells it.
    pub(crate) name: Arc<str>,
    /// As the wire spells it.
    pub(crate) wire: Arc<str>,
    /// Its type.
    pub(crate) shape: ShapeId,
    /// Where in the message it is.
    pub(crate) location: Location,
    /// Cannot be left out.
    pub(crate) required: bool,
    /// A list or map without an element of its own.
    pub(crate) flattened: bool,
    /// An XML attribute.
    pub(crate) attribute: bool,
    /// Filled in when it is left out.
    pub(crate) idempotency_token: bool,
    /// The body is read or written as it comes.
    pub(crate) streaming: bool,
    /// A header with encoded JSON.
    pub(crate) json: bool,
    /// Overrides that of the shape.
    pub(crate) time_format: TimeFormat,
    /// Namespace of the element.
    pub(crate) namespace: Arc<str>,
    /// Prefix of that namespace.
    pub(crate) namespace_prefix: Arc<str>,
    /// Name in EC2 requests, where it differs.
    pub(crate) query_name: Arc<str>,
}

/// Where in an HTTP message a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// In the body.
    Body,
    /// One header.
    Header,
    /// All headers with a prefix.
    Headers,
    /// In the query string.
    Query,
    /// In the path.
    Uri,
    /// The status.
    Status,
}

/// How times are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeFormat {
    /// As the protocol has it.
    Usual,
    /// `2026-03-02T10:00:00Z`
    Iso8601,
    /// Seconds since 1970.
    Unix,
    /// `Mon, 02 Mar 2026 10:00:00 GMT`
    Rfc822,
}
