//! Errors that services answer with, of all protocols.

use stepwright_core::expr::Value;

use super::element::Element;
use super::message::Response;
use crate::task::sdk::models::{Protocol, Service};

/// An error that a service answered with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answered {
    /// HTTP status.
    pub(crate) status: u16,
    /// Code on the wire, without namespace.
    pub(crate) code: Option<String>,
    /// What the service says.
    pub(crate) message: Option<String>,
    /// `x-amzn-RequestId` or its like.
    pub(crate) request_id: Option<String>,
    /// S3's second id of the request.
    pub(crate) extended_request_id: Option<String>,
    /// The exception of the AWS SDK for Java, if the model knows the code.
    pub(crate) exception: Option<String>,
}

/// The error that a response is.
pub(crate) fn answered(service: &Service, response: &Response) -> Answered {
    let mut error = match service.protocol {
        Protocol::Json | Protocol::RestJson => of_json(response),
        Protocol::RestXml | Protocol::Query | Protocol::Ec2 => of_xml(response),
        Protocol::Cbor => {
            of_value(response, &super::cbor::parse(&response.body).unwrap_or_default())
        }
    };
    error.status = response.status;
    let header = |name: &str| response.header(name).map(str::to_owned);
    let ids = header("x-amzn-requestid").or_else(|| header("x-amz-request-id"));
    error.request_id = ids.or(error.request_id);
    error.extended_request_id = header("x-amz-id-2");
    let exception = error.code.as_deref().and_then(|code| service.errors.get(code));
    error.exception = exception.map(ToString::to_string);
    error
}

fn of_json(response: &Response) -> Answered {
    of_value(response, &super::json::parse(&response.body).unwrap_or_default())
}

fn of_value(response: &Response, body: &Value) -> Answered {
    let text = |names: &[&str]| names.iter().find_map(|name| body.get(name)?.as_str());
    let code = response.header("x-amzn-errortype").or_else(|| text(&["__type", "code", "Code"]));
    Answered {
        code: code.map(|code| bare(code).to_owned()),
        message: text(&["message", "Message", "errorMessage"]).map(str::to_owned),
        ..Answered::default()
    }
}

/// `namespace#Code:http://…` is `Code`.
fn bare(code: &str) -> &str {
    let code = code.rsplit_once('#').map_or(code, |(_, code)| code);
    code.split(':').next().unwrap_or(code)
}

fn of_xml(response: &Response) -> Answered {
    let Ok(Some(root)) = Element::parse(&response.body) else { return Answered::default() };
    let error = root.find("Error").unwrap_or(&root);
    let request_id = ["RequestId", "RequestID"].iter().find_map(|name| root.find(name));
    let text = |name: &str| error.text_of(name).filter(|text| !text.is_empty()).map(str::to_owned);
    Answered {
        code: text("Code"),
        message: text("Message"),
        request_id: request_id.map(|element| element.text.trim().to_owned()),
        ..Answered::default()
    }
}
