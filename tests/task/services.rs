//! Optimized integrations against an endpoint that answers as AWS does on the wire: what is asked, and what becomes of
//! each kind of answer.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use stepwright::task::function::Functions;
use stepwright::task::{Performer, Settings, Tasks};
use stepwright_core::asl::model::{Pattern, Resource, ServiceResource};
use stepwright_core::engine::{Origin, TaskCall};

use super::endpoint::{Canned, Endpoint, NEVER};
use super::{call, plain};

const EXECUTION: &str = "arn:aws:states:us-east-1:123456789012:execution:m:e";
const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:m";
const SUFFIX: &str = "Request ID: 5e9f1c9e-0000-4000-8000-000000000001; Proxy: null)";

pub(super) fn tasks(url: &str) -> Tasks {
    let credentials = Credentials::new("123456789012", "test", None, None, "test");
    let settings = Settings {
        region: Some("us-east-1".to_owned()),
        lambda_endpoint: None,
        endpoint: Some(url.to_owned()),
        credentials: Some(SharedCredentialsProvider::new(credentials)),
        ..Settings::default()
    };
    Tasks::new(Functions::default(), settings)
}

pub(super) fn asking(resource: &str, parameters: &str) -> TaskCall {
    let (service, action) = resource.split_once(':').unwrap();
    let resource = Resource::Service(ServiceResource {
        arn: format!("arn:aws:states:::{resource}").into(),
        resource_type: service.into(),
        action: action.into(),
        pattern: Pattern::RequestResponse,
    });
    let origin = Origin {
        execution: EXECUTION.into(),
        machine: MACHINE.into(),
        role: "arn:aws:iam::123456789012:role/machine".into(),
        ..Origin::default()
    };
    TaskCall { origin, ..call(resource, parameters, None) }
}

/// What came of a task whose every request gets this answer, and the request.
async fn performed(
    resource: &str,
    parameters: &str,
    answer: &'static [Canned],
) -> (Result<String, (String, String)>, super::endpoint::Seen) {
    let endpoint = Endpoint::start(answer).await;
    let outcome = tasks(&endpoint.url).perform(&asking(resource, parameters)).await;
    let seen = endpoint.seen();
    assert_eq!(seen.len(), 1, "nothing is asked twice");
    (plain(outcome), seen[0].clone())
}

#[tokio::test]
async fn a_message_is_sent_as_text_and_its_answer_shown_with_what_http_said() {
    const ANSWER: &[Canned] =
        &[("/", 200, &[], r#"{"MessageId": "m", "MD5OfMessageBody": "d", "SequenceNumber": "1"}"#)];
    let parameters = r#"{"QueueUrl":"http://sqs.us-east-1.amazonaws.com/123456789012/q.fifo","MessageBody":{"a": 1},"MessageGroupId":"g","DelaySeconds":"0","MessageAttributes":{"n":{"DataType":"Number","StringValue":"7"}},"MessageDeduplicationId":null}"#;
    let (outcome, seen) = performed("sqs:sendMessage", parameters, ANSWER).await;
    assert_eq!(
        seen.body,
        r#"{"QueueUrl":"http://sqs.us-east-1.amazonaws.com/123456789012/q.fifo","MessageBody":"{\"a\":1}","MessageGroupId":"g","DelaySeconds":0,"MessageAttributes":{"n":{"DataType":"Number","StringValue":"7"}}}"#
    );
    assert_eq!(seen.header("x-amz-target"), Some("AmazonSQS.SendMessage"));
    let signature = seen.header("authorization").unwrap();
    assert!(signature.contains("/us-east-1/sqs/aws4_request"), "{signature}");
    let expected = concat!(
        r#"{"MD5OfMessageBody":"d","MessageId":"m","SdkHttpMetadata":{"AllHttpHeaders":{"x-amzn-RequestId":["5e9f1c9e-0000-4000-8000-000000000001"],"#,
        r#""connection":["keep-alive"],"Content-Length":["61"],"Date":["Mon, 02 Mar 2026 10:00:00 GMT"],"Content-Type":["application/json"]},"#,
        r#""HttpHeaders":{"connection":"keep-alive","Content-Length":"61","Content-Type":"application/json","Date":"Mon, 02 Mar 2026 10:00:00 GMT","#,
        r#""x-amzn-RequestId":"5e9f1c9e-0000-4000-8000-000000000001"},"HttpStatusCode":200},"#,
        r#""SdkResponseMetadata":{"RequestId":"5e9f1c9e-0000-4000-8000-000000000001"},"SequenceNumber":"1"}"#,
    );
    assert_eq!(outcome, Ok(expected.to_owned()));
}

#[tokio::test]
async fn an_item_passes_as_it_is_in_both_directions() {
    const ANSWER: &[Canned] = &[(
        "/",
        200,
        &[("x-amz-crc32", "7")],
        r#"{"Item":{"z":{"N":"1"},"a":{"B":"AAE="},"l":{"L":[{"NULL":true}]}}}"#,
    )];
    let parameters = r#"{"TableName":"t","Key":{"id":{"S":"1"}},"ConsistentRead":"true"}"#;
    let (outcome, seen) = performed("dynamodb:getItem", parameters, ANSWER).await;
    assert_eq!(seen.body, r#"{"TableName":"t","Key":{"id":{"S":"1"}},"ConsistentRead":true}"#);
    assert_eq!(seen.header("x-amz-target"), Some("DynamoDB_20120810.GetItem"));
    let output = outcome.unwrap();
    let expected = r#"{"Item":{"z":{"N":"1"},"a":{"B":"AAE="},"l":{"L":[{"NULL":true}]}},"SdkHttpMetadata":{"AllHttpHeaders":{"Server":["Server"],"Connection":["keep-alive"],"x-amzn-RequestId":["5e9f1c9e-0000-4000-8000-000000000001"],"x-amz-crc32":["7"],"Content-Length":["67"],"#;
    assert!(output.starts_with(expected), "{output}");
}

#[tokio::test]
async fn a_message_is_published_with_its_attributes() {
    const ANSWER: &[Canned] = &[(
        "/",
        200,
        &[],
        "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>5e9f1c9e-0000-4000-8000-000000000002</MessageId></PublishResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PublishResponse>",
    )];
    let parameters = r#"{"TopicArn":"arn:aws:sns:us-east-1:123456789012:t","Message":{"a":"ü"},"MessageAttributes":{"b":{"DataType":"Binary","BinaryValue":"AAE="}}}"#;
    let (outcome, seen) = performed("sns:publish", parameters, ANSWER).await;
    for part in [
        "Action=Publish",
        "TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A123456789012%3At",
        "Message=%7B%22a%22%3A%22%C3%BC%22%7D",
        "MessageAttributes.entry.1.Name=b",
        "MessageAttributes.entry.1.Value.BinaryValue=AAE%3D",
    ] {
        assert!(seen.body.contains(part), "{part} in {}", seen.body);
    }
    let output = outcome.unwrap();
    let start = r#"{"MessageId":"5e9f1c9e-0000-4000-8000-000000000002","SdkHttpMetadata""#;
    assert!(output.starts_with(start), "{output}");
    assert!(output.contains(r#""Content-Length":["294"]"#), "the length that SNS writes: {output}");
}

#[tokio::test]
async fn events_name_their_sender_and_a_refused_entry_fails_the_task() {
    const GOOD: &[Canned] =
        &[("/", 200, &[], r#"{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}"#)];
    const MIXED: &[Canned] = &[(
        "/",
        200,
        &[],
        r#"{"FailedEntryCount":1,"Entries":[{"EventId":"1"},{"ErrorCode":"MalformedDetail","ErrorMessage":"Detail is malformed."}]}"#,
    )];
    let parameters = r#"{"Entries":[{"Detail":{"a":1},"DetailType":"d","Source":"s"}]}"#;
    let (outcome, seen) = performed("events:putEvents", parameters, GOOD).await;
    assert_eq!(seen.header("x-amz-target"), Some("AWSEvents.PutEvents"));
    let expected = format!(r#""Resources":["{MACHINE}","{EXECUTION}"]"#);
    assert!(seen.body.contains(&expected), "{}", seen.body);
    assert!(seen.body.contains(r#""Detail":"{\"a\":1}""#), "{}", seen.body);
    assert_eq!(outcome, Ok(r#"{"Entries":[{"EventId":"1"}],"FailedEntryCount":0}"#.to_owned()));

    let (outcome, _) = performed("events:putEvents", parameters, MIXED).await;
    let cause = r#"{"Entries":[{"EventId":"1"},{"ErrorCode":"MalformedDetail","ErrorMessage":"Detail is malformed."}],"FailedEntryCount":1}"#;
    assert_eq!(outcome, Err(("EventBridge.FailedEntry".to_owned(), cause.to_owned())));
}

/// Resource, status, header with the error's code, body; the error's name, and its cause without the ids.
type Refusal = (&'static str, &'static [Canned], &'static str, &'static str);

const REFUSALS: &[Refusal] = &[
    (
        "sqs:sendMessage",
        &[(
            "/",
            400,
            &[("x-amzn-query-error", "MissingParameter;Sender")],
            r#"{"__type":"com.amazon.coral.service#MissingRequiredParameterException","message":"The request must contain the parameter MessageBody."}"#,
        )],
        "SQS.AmazonSQSException",
        "The request must contain the parameter MessageBody. (Service: AmazonSQS; Status Code: 400; Error Code: MissingParameter; ",
    ),
    (
        "sqs:sendMessage",
        &[(
            "/",
            400,
            &[("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender")],
            r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}"#,
        )],
        "SQS.QueueDoesNotExistException",
        "The specified queue does not exist. (Service: AmazonSQS; Status Code: 400; Error Code: AWS.SimpleQueueService.NonExistentQueue; ",
    ),
    (
        "dynamodb:putItem",
        &[(
            "/",
            400,
            &[],
            r#"{"__type":"com.amazon.coral.validate#ValidationException","message":"1 validation error detected: Value '/t' at 'tableName'"}"#,
        )],
        "DynamoDB.AmazonDynamoDBException",
        "1 validation error detected: Value '/t' at 'tableName' (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ValidationException; ",
    ),
    (
        "dynamodb:updateItem",
        &[(
            "/",
            400,
            &[],
            r#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"The conditional request failed"}"#,
        )],
        "DynamoDB.ConditionalCheckFailedException",
        "The conditional request failed (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ConditionalCheckFailedException; ",
    ),
    (
        "dynamodb:deleteItem",
        &[(
            "/",
            400,
            &[],
            r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"Requested resource not found"}"#,
        )],
        "DynamoDB.ResourceNotFoundException",
        "Requested resource not found (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ResourceNotFoundException; ",
    ),
    (
        "sns:publish",
        &[(
            "/",
            404,
            &[],
            "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type><Code>NotFound</Code><Message>Topic does not exist</Message></Error><RequestId>5e9f1c9e-0000-4000-8000-000000000001</RequestId></ErrorResponse>",
        )],
        "SNS.NotFoundException",
        "Topic does not exist (Service: AmazonSNS; Status Code: 404; Error Code: NotFound; ",
    ),
    (
        "events:putEvents",
        &[(
            "/",
            400,
            &[],
            r#"{"__type":"ValidationException","message":"1 validation error detected: Value null at 'entries' failed to satisfy constraint: Member must not be null"}"#,
        )],
        "EventBridge.AmazonEventBridgeException",
        "1 validation error detected: Value null at 'entries' failed to satisfy constraint: Member must not be null (Service: AmazonEventBridge; Status Code: 400; Error Code: ValidationException; ",
    ),
];

/// Parameters that make a request.
fn least(resource: &str) -> &'static str {
    if resource.starts_with("events") { r#"{"Entries":[]}"# } else { "{}" }
}

#[tokio::test]
async fn errors_have_the_names_and_causes_of_aws() {
    for (resource, answer, error, cause) in REFUSALS {
        let (outcome, _) = performed(resource, least(resource), answer).await;
        assert_eq!(outcome, Err((error.to_string(), format!("{cause}{SUFFIX}"))));
    }
}

#[tokio::test]
async fn a_host_that_does_not_exist_is_named() {
    let parameters = r#"{"QueueUrl":"http://no-such-queue.invalid","MessageBody":"m"}"#;
    let outcome = tasks("http://127.0.0.1:9").perform(&asking("sqs:sendMessage", parameters)).await;
    let (error, cause) = plain(outcome).unwrap_err();
    assert_eq!(error, "SQS.SdkClientException");
    let expected = "Unable to execute HTTP request: no-such-queue.invalid: ";
    assert!(cause.starts_with(expected), "{cause}");
}

#[tokio::test]
async fn a_service_that_does_not_answer_in_time_is_a_timeout() {
    let endpoint = Endpoint::start(&[("/", NEVER, &[], "")]).await;
    for resource in ["sqs:sendMessage", "sns:publish", "dynamodb:getItem", "events:putEvents"] {
        let call = TaskCall { timeout_seconds: Some(1), ..asking(resource, least(resource)) };
        let outcome = tasks(&endpoint.url).perform(&call).await;
        assert_eq!(plain(outcome).unwrap_err().0, "timed out", "{resource}");
    }
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_is_named_with_the_role_of_the_machine() {
    const DENIED: &[Canned] = &[(
        "/",
        403,
        &[],
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error><RequestId>r</RequestId></ErrorResponse>",
    )];
    let endpoint = Endpoint::start(DENIED).await;
    let role = "arn:aws:iam::123456789012:role/other";
    for resource in ["sqs:sendMessage", "events:putEvents"] {
        let call =
            TaskCall { credentials: Some(role.into()), ..asking(resource, r#"{"Entries":[]}"#) };
        let outcome = tasks(&endpoint.url).perform(&call).await;
        let expected = "The role arn:aws:iam::123456789012:role/machine is not authorized to assume the task state's role, arn:aws:iam::123456789012:role/other.";
        let expected = ("States.TaskFailed".to_owned(), expected.to_owned());
        assert_eq!(plain(outcome), Err(expected), "{resource}");
    }
}

#[tokio::test]
async fn a_harness_is_heard_to_the_end_and_its_last_message_is_the_output() {
    const TOLD: &[Canned] = &[(
        "POST /harnesses/invoke?harnessArn=",
        200,
        &[],
        concat!(
            "events:event messageStart {\"role\":\"assistant\"}\n",
            "event contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"text\":\"4\"}}\n",
            "event contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"text\":\"2\"}}\n",
            "event messageStop {\"stopReason\":\"end_turn\"}",
        ),
    )];
    const BROKEN: &[Canned] = &[(
        "/",
        200,
        &[],
        "events:event messageStart {\"role\":\"assistant\"}\nexception validationException {\"message\":\"no such tool\"}",
    )];
    let parameters = r#"{"HarnessArn":"arn:h","RuntimeSessionId":"s","Messages":[{"Role":"user","Content":[{"Text":"6x7"}]}]}"#;
    let (outcome, seen) = performed("bedrockagentcore:invokeHarness", parameters, TOLD).await;
    assert_eq!(seen.body, r#"{"messages":[{"role":"user","content":[{"text":"6x7"}]}]}"#);
    assert_eq!(seen.header("x-amzn-bedrock-agentcore-runtime-session-id"), Some("s"));
    let expected = r#"{"Output":{"Message":{"Role":"assistant","Content":[{"Text":"42"}]}},"StopReason":"end_turn","Usage":null,"Metrics":null}"#;
    assert_eq!(outcome, Ok(expected.to_owned()));

    let (outcome, _) = performed("bedrockagentcore:invokeHarness", parameters, BROKEN).await;
    let (error, cause) = outcome.unwrap_err();
    assert_eq!(error, "BedrockAgentCore.ValidationException");
    let start = "no such tool (Service: AmazonBedrockAgentCore; Status Code: 200; Error Code: ValidationException; ";
    assert!(cause.starts_with(start), "{cause}");
}
