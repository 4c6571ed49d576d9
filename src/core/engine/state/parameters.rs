//! What optimized integrations take: names and forms of their parameters. What does not fit fails before the task is
//! scheduled, in AWS's words (recorded for `apigateway:invoke`).
//!
//! What is missing is not found here: the service itself says so.

use crate::asl::model::ServiceResource;
use crate::expr::{Document, Error, Value};

/// Checks the parameters of an integration whose parameters are known.
///
/// # Errors
/// All that does not fit, in one text.
pub(super) fn check(service: &ServiceResource, parameters: &Document) -> Result<(), Error> {
    let Some(fields) = fields(&service.resource_type, &service.action) else { return Ok(()) };
    let Some(members) = parameters.value().as_object() else { return Ok(()) };
    let problems: Vec<String> =
        members.iter().filter_map(|(name, value)| problem(fields, name, value)).collect();
    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::runtime(format!(
        "The Parameters '{}' could not be used to start the Task: [{}]",
        parameters.text(),
        problems.join(", ")
    )))
}

fn problem(fields: &[Field], name: &str, value: &Value) -> Option<String> {
    let Some((_, form)) = fields.iter().find(|(known, _)| *known == name) else {
        return Some(format!("The field '{name}' is not supported by Step Functions"));
    };
    let fits = *value == Value::Null || form.fits(value);
    (!fits).then(|| format!("The value of the field '{name}' has an invalid format"))
}

fn fields(service: &str, action: &str) -> Option<&'static [Field]> {
    let found = FIELDS.iter().find(|(s, a, _)| (*s, *a) == (service, action));
    found.map(|(.., fields)| *fields)
}

/// A parameter and its form.
type Field = (&'static str, Form);

/// What a parameter can be, beside `null`, which is as good as nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A string; numbers and booleans are taken for their text.
    Text,
    /// Anything; what is no string is sent as JSON text.
    Json,
    /// A number, or the text of one.
    Number,
    /// A boolean, or the text of one.
    Flag,
    /// An object.
    Map,
    /// An object of arrays.
    Lists,
    /// An array.
    List,
}

impl Form {
    fn fits(self, value: &Value) -> bool {
        let text = |fits: fn(&str) -> bool| value.as_str().is_some_and(fits);
        match self {
            Form::Json => true,
            Form::Text => value.as_object().is_none() && value.as_array().is_none(),
            Form::Number => value.as_f64().is_some() || text(|text| text.parse::<f64>().is_ok()),
            Form::Flag => value.as_bool().is_some() || text(|text| text.parse::<bool>().is_ok()),
            Form::Map => value.as_object().is_some(),
            Form::Lists => value
                .as_object()
                .is_some_and(|members| members.values().all(|value| value.as_array().is_some())),
            Form::List => value.as_array().is_some(),
        }
    }
}

use Form::{Flag, Json, List, Lists, Map, Number, Text};

/// By service and action (AWS's API references, and the developer guide for `apigateway`).
#[rustfmt::skip]
const FIELDS: &[(&str, &str, &[Field])] = &[
    ("lambda", "invoke", &[
        ("FunctionName", Text), ("Payload", Json), ("Qualifier", Text), ("InvocationType", Text),
        ("ClientContext", Text), ("LogType", Text), ("TenantId", Text),
    ]),
    ("sqs", "sendMessage", &[
        ("QueueUrl", Text), ("MessageBody", Json), ("DelaySeconds", Number), ("MessageAttributes", Map),
        ("MessageSystemAttributes", Map), ("MessageDeduplicationId", Text), ("MessageGroupId", Text),
    ]),
    ("sns", "publish", &[
        ("TopicArn", Text), ("TargetArn", Text), ("PhoneNumber", Text), ("Message", Json), ("Subject", Text),
        ("MessageStructure", Text), ("MessageAttributes", Map), ("MessageDeduplicationId", Text),
        ("MessageGroupId", Text),
    ]),
    ("events", "putEvents", &[("Entries", List), ("EndpointId", Text)]),
    ("states", "startExecution", &[
        ("StateMachineArn", Text), ("Name", Text), ("Input", Json), ("TraceHeader", Text),
    ]),
    ("dynamodb", "getItem", &[
        ("TableName", Text), ("Key", Map), ("AttributesToGet", List), ("ConsistentRead", Flag),
        ("ExpressionAttributeNames", Map), ("ProjectionExpression", Text), ("ReturnConsumedCapacity", Text),
    ]),
    ("dynamodb", "putItem", &[
        ("TableName", Text), ("Item", Map), ("ConditionExpression", Text), ("ConditionalOperator", Text),
        ("Expected", Map), ("ExpressionAttributeNames", Map), ("ExpressionAttributeValues", Map),
        ("ReturnConsumedCapacity", Text), ("ReturnItemCollectionMetrics", Text), ("ReturnValues", Text),
        ("ReturnValuesOnConditionCheckFailure", Text),
    ]),
    ("dynamodb", "updateItem", &[
        ("TableName", Text), ("Key", Map), ("AttributeUpdates", Map), ("ConditionExpression", Text),
        ("ConditionalOperator", Text), ("Expected", Map), ("ExpressionAttributeNames", Map),
        ("ExpressionAttributeValues", Map), ("ReturnConsumedCapacity", Text),
        ("ReturnItemCollectionMetrics", Text), ("ReturnValues", Text),
        ("ReturnValuesOnConditionCheckFailure", Text), ("UpdateExpression", Text),
    ]),
    ("dynamodb", "deleteItem", &[
        ("TableName", Text), ("Key", Map), ("ConditionExpression", Text), ("ConditionalOperator", Text),
        ("Expected", Map), ("ExpressionAttributeNames", Map), ("ExpressionAttributeValues", Map),
        ("ReturnConsumedCapacity", Text), ("ReturnItemCollectionMetrics", Text), ("ReturnValues", Text),
        ("ReturnValuesOnConditionCheckFailure", Text),
    ]),
    ("http", "invoke", &[
        ("ApiEndpoint", Text), ("Method", Text), ("Authentication", Map), ("InvocationConfig", Map), ("Headers", Map),
        ("QueryParameters", Map), ("RequestBody", Json), ("Transform", Map),
    ]),
    ("apigateway", "invoke", &[
        ("ApiEndpoint", Text), ("Method", Text), ("Headers", Lists), ("Stage", Text), ("Path", Text),
        ("QueryParameters", Lists), ("RequestBody", Json), ("AllowNullValues", Flag), ("AuthType", Text),
    ]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asl::model::Pattern;

    fn checked(service: &str, action: &str, parameters: &str) -> Result<(), String> {
        let service = ServiceResource {
            arn: "".into(),
            resource_type: service.into(),
            action: action.into(),
            pattern: Pattern::RequestResponse,
        };
        check(&service, &Document::parse(parameters).unwrap()).map_err(|error| error.detail)
    }

    #[test]
    fn parameters_that_fit_pass_and_what_is_missing_is_left_to_the_service() {
        let table = [
            ("sqs", "sendMessage", "{}"),
            (
                "sqs",
                "sendMessage",
                r#"{"QueueUrl":"q","MessageBody":{"a":[1]},"DelaySeconds":"5"}"#,
            ),
            ("sns", "publish", r#"{"Message":null,"Subject":7,"MessageAttributes":{}}"#),
            ("dynamodb", "getItem", r#"{"ConsistentRead":"true","Key":{},"AttributesToGet":[]}"#),
            ("apigateway", "invoke", r#"{"Headers":{"a":["b"]}}"#),
            ("glue", "startJobRun", r#"{"Anything":1}"#),
            ("sqs", "sendMessage", "7"),
        ];
        for (service, action, parameters) in table {
            assert_eq!(checked(service, action, parameters), Ok(()), "{service}: {parameters}");
        }
    }

    #[test]
    fn everything_that_does_not_fit_is_named() {
        let table = [
            (
                "sqs",
                "sendMessage",
                r#"{"Body":1}"#,
                "The field 'Body' is not supported by Step Functions",
            ),
            (
                "sns",
                "publish",
                r#"{"Subject":{}}"#,
                "The value of the field 'Subject' has an invalid format",
            ),
            (
                "events",
                "putEvents",
                r#"{"Entries":{}}"#,
                "The value of the field 'Entries' has an invalid format",
            ),
            (
                "apigateway",
                "invoke",
                r#"{"Headers":{"a":"b"}}"#,
                "The value of the field 'Headers' has an invalid format",
            ),
            (
                "dynamodb",
                "putItem",
                r#"{"Item":[],"table":1}"#,
                "The value of the field 'Item' has an invalid format, The field 'table' is not supported by Step Functions",
            ),
            (
                "sqs",
                "sendMessage",
                r#"{"DelaySeconds":"soon"}"#,
                "The value of the field 'DelaySeconds' has an invalid format",
            ),
        ];
        for (service, action, parameters, expected) in table {
            let expected = format!(
                "The Parameters '{parameters}' could not be used to start the Task: [{expected}]"
            );
            assert_eq!(checked(service, action, parameters), Err(expected));
        }
    }
}
