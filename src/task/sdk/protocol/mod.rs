//! The protocols of AWS's APIs: from parameters to a request, from a response to a result or an error.
//!
//! Each is written once against the model; nothing here knows a service by name.

use stepwright_core::expr::Value;

use super::input::Node;
use super::models::{Operation, Protocol, Service};

mod cbor;
mod element;
mod error;
mod json;
mod message;
mod query;
mod rest;
mod xml;

#[cfg(test)]
mod tests;

pub(super) use error::{Answered, answered};
pub(super) use message::{Request, Response};

/// The request of an operation with converted parameters.
///
/// # Errors
/// What is missing in the parameters.
pub(super) fn request(
    service: &Service,
    operation: &Operation,
    node: &Node,
) -> Result<Request, String> {
    let mut request = match service.protocol {
        Protocol::Json => json::request(service, operation, node),
        Protocol::RestJson | Protocol::RestXml => rest::request(service, operation, node)?,
        Protocol::Query | Protocol::Ec2 => query::request(service, operation, node),
        Protocol::Cbor => cbor::request(service, operation, node),
    };
    request.host_prefix = rest::host_prefix(service, operation, node)?;
    Ok(request)
}

/// The result of an operation, as Step Functions shows it: names in Pascal case and in the order of the alphabet, a body
/// that streams at the end (recorded: `s3:getObject`).
///
/// # Errors
/// What is wrong with the response.
pub(super) fn output(
    service: &Service,
    operation: &Operation,
    response: &Response,
) -> Result<Value, String> {
    let Some(shape) = operation.output else { return Ok(Value::object::<&str>([])) };
    match service.protocol {
        Protocol::Json => json::output(service, shape, &response.body),
        Protocol::RestJson | Protocol::RestXml => rest::output(service, shape, response),
        Protocol::Query | Protocol::Ec2 => query::output(service, operation, shape, response),
        Protocol::Cbor => cbor::output(service, shape, &response.body),
    }
}
