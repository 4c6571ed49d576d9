//! How optimized integrations name the errors of a service: by the classes of the AWS SDK for Java, version 1.

use stepwright_core::engine::Failure;

/// A service's names in that SDK.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    /// What error names begin with: `DynamoDB`.
    pub(super) prefix: &'static str,
    /// The service in causes: `AmazonDynamoDBv2`.
    pub(super) service: &'static str,
    /// The class of all errors that have none of their own: `AmazonDynamoDBException`.
    pub(super) base: &'static str,
    /// Codes on the wire that have a class of their own, and the class.
    pub(super) classes: &'static [(&'static str, &'static str)],
}

impl Names {
    /// The failure for an error that the service answered with.
    pub(super) fn failure(
        &self,
        status: u16,
        (code, message): (Option<&str>, Option<&str>),
        request_id: Option<&str>,
    ) -> Failure {
        let class = self.classes.iter().find(|(known, _)| Some(*known) == code);
        let class = class.map_or(self.base, |(_, class)| class);
        self.of_class(class, (status, request_id), (code, message))
    }

    /// The failure for an error of this class.
    pub(super) fn of_class(
        &self,
        class: &str,
        (status, request_id): (u16, Option<&str>),
        (code, message): (Option<&str>, Option<&str>),
    ) -> Failure {
        let cause = cause(self.service, (status, request_id), (code, message));
        Failure::new(format!("{}.{class}", self.prefix), cause)
    }

    /// The failure where no request could be sent (recorded: `Unable to execute HTTP request: HOST: Name or service not
    /// known`).
    pub(super) fn unreachable(&self, authority: &str, reason: &str) -> Failure {
        let host = authority.split(':').next().unwrap_or(authority);
        self.no_answer(&match (host, reason) {
            ("", reason) => format!("Unable to execute HTTP request: {reason}"),
            (host, NO_SUCH_HOST) => format!("Unable to execute HTTP request: {host}: {reason}"),
            (_, reason) => format!("Unable to execute HTTP request: {authority}: {reason}"),
        })
    }

    /// The failure of the client itself.
    pub(super) fn no_answer(&self, cause: &str) -> Failure {
        Failure::new(format!("{}.SdkClientException", self.prefix), cause)
    }
}

/// The cause of an error that a service answered with (recorded: `… (Service: AWSLambda; Status Code: 404; Error Code:
/// ResourceNotFoundException; Request ID: …; Proxy: null)`).
pub(super) fn cause(
    service: &str,
    (status, request_id): (u16, Option<&str>),
    (code, message): (Option<&str>, Option<&str>),
) -> String {
    format!(
        "{} (Service: {service}; Status Code: {status}; Error Code: {}; Request ID: {}; Proxy: null)",
        message.unwrap_or("null"),
        code.unwrap_or("null"),
        request_id.unwrap_or("null"),
    )
}

const NO_SUCH_HOST: &str = "Name or service not known";

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: Names = Names {
        prefix: "SNS",
        service: "AmazonSNS",
        base: "AmazonSNSException",
        classes: &[("NotFound", "NotFoundException")],
    };

    #[test]
    fn errors_are_named_by_their_class() {
        let table = [
            (Some("NotFound"), "SNS.NotFoundException", "NotFound"),
            (Some("Throttled"), "SNS.AmazonSNSException", "Throttled"),
            (None, "SNS.AmazonSNSException", "null"),
        ];
        for (code, name, shown) in table {
            let cause = format!(
                "No (Service: AmazonSNS; Status Code: 404; Error Code: {shown}; Request ID: id; Proxy: null)"
            );
            let failure = NAMES.failure(404, (code, Some("No")), Some("id"));
            assert_eq!(failure, Failure::new(name, cause));
        }
    }

    #[test]
    fn hosts_that_do_not_exist_are_named_without_their_port() {
        let table = [
            (
                "no-such-queue:80",
                "Name or service not known",
                "no-such-queue: Name or service not known",
            ),
            ("127.0.0.1:9", "Connection refused", "127.0.0.1:9: Connection refused"),
            ("", "no route", "no route"),
        ];
        for (authority, reason, expected) in table {
            let cause = format!("Unable to execute HTTP request: {expected}");
            let failure = NAMES.unreachable(authority, reason);
            assert_eq!(failure, Failure::new("SNS.SdkClientException", cause));
        }
    }
}
