//! The Lambda API: what is asked, and what becomes of each kind of answer.

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use stepwright::task::function::Functions;
use stepwright::task::{Performer, Settings, Tasks};

use super::endpoint::{Canned, Endpoint, NEVER};
use super::{call, function, invoke, plain};

const PYTHON_ERROR: &str =
    r#"{"errorMessage": "no", "errorType": "Refused", "requestId": "r", "stackTrace": []}"#;
const DONE: &[(&str, &str)] = &[
    ("X-Amz-Executed-Version", "7"),
    ("X-Amzn-Trace-Id", "Root=1"),
    ("x-amzn-Remapped-Content-Length", "0"),
];

const ANSWERS: &[Canned] = &[
    ("silent/", NEVER, &[], ""),
    ("good/", 200, DONE, "{\"a\":  1}"),
    ("broken/", 200, DONE, "no JSON"),
    ("raising/", 200, &[("X-Amz-Function-Error", "Unhandled")], PYTHON_ERROR),
    ("accepting/", 202, &[], ""),
    (
        "missing/",
        404,
        &[("x-amzn-ErrorType", "ResourceNotFoundException")],
        r#"{"Type":"User","Message":"Function not found: arn:aws:lambda:us-east-1:123456789012:function:missing:$LATEST"}"#,
    ),
    (
        "busy/",
        429,
        &[("x-amzn-ErrorType", "TooManyRequestsException")],
        r#"{"Type":"User","message":"Rate Exceeded.","Reason":"ReservedFunctionConcurrentInvocationLimitExceeded"}"#,
    ),
    (
        "failing/",
        500,
        &[("x-amzn-ErrorType", "ServiceException")],
        r#"{"Type":"Service","Message":"An error occurred and the request cannot be processed."}"#,
    ),
    (
        "denied/",
        403,
        &[("x-amzn-ErrorType", "AccessDeniedException")],
        r#"{"Message":"not authorized to perform: lambda:InvokeFunction"}"#,
    ),
];

fn tasks(url: &str) -> Tasks {
    let settings = Settings {
        region: Some("us-east-1".to_owned()),
        lambda_endpoint: Some(url.to_owned()),
        endpoint: None,
        credentials: Some(SharedCredentialsProvider::new(Credentials::new(
            "123456789012",
            "test",
            None,
            None,
            "test",
        ))),
        ..Settings::default()
    };
    Tasks::new(Functions::default(), settings)
}

#[tokio::test]
async fn a_function_as_resource_gets_its_input_as_it_stands_and_gives_its_payload() {
    let endpoint = Endpoint::start(ANSWERS).await;
    let outcome = tasks(&endpoint.url).perform(&call(function("good"), "[1,  2]", None)).await;
    assert_eq!(plain(outcome), Ok("{\"a\":  1}".to_owned()));
    let seen = endpoint.seen();
    assert_eq!(seen[0].body, "[1,  2]");
    let arn = "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Agood";
    assert_eq!(seen[0].target, format!("/2015-03-31/functions/{arn}/invocations"));
    let signature = seen[0].header("authorization").unwrap();
    assert!(signature.contains("Credential=123456789012/"), "{signature}");
}

#[tokio::test]
async fn lambda_invoke_sends_its_parameters_and_wraps_payload_and_metadata() {
    let endpoint = Endpoint::start(ANSWERS).await;
    let parameters = r#"{"FunctionName":"good","Payload":{"n": 1.0},"Qualifier":"live","InvocationType":"RequestResponse","ClientContext":"e30=","LogType":"Tail"}"#;
    let outcome = tasks(&endpoint.url).perform(&call(invoke(), parameters, None)).await;
    let expected = concat!(
        r#"{"ExecutedVersion":"7","Payload":{"a":1},"SdkHttpMetadata":{"AllHttpHeaders":{"X-Amz-Executed-Version":["7"],"#,
        r#""x-amzn-Remapped-Content-Length":["0"],"Connection":["keep-alive"],"x-amzn-RequestId":["5e9f1c9e-0000-4000-8000-000000000001"],"#,
        r#""Content-Length":["9"],"Date":["Mon, 02 Mar 2026 10:00:00 GMT"],"X-Amzn-Trace-Id":["Root=1"],"Content-Type":["application/json"]},"#,
        r#""HttpHeaders":{"Connection":"keep-alive","Content-Length":"9","Content-Type":"application/json","Date":"Mon, 02 Mar 2026 10:00:00 GMT","#,
        r#""X-Amz-Executed-Version":"7","x-amzn-Remapped-Content-Length":"0","x-amzn-RequestId":"5e9f1c9e-0000-4000-8000-000000000001","#,
        r#""X-Amzn-Trace-Id":"Root=1"},"HttpStatusCode":200},"SdkResponseMetadata":{"RequestId":"5e9f1c9e-0000-4000-8000-000000000001"},"StatusCode":200}"#,
    );
    assert_eq!(plain(outcome), Ok(expected.to_owned()));
    let seen = &endpoint.seen()[0];
    assert_eq!(seen.target, "/2015-03-31/functions/good/invocations?Qualifier=live");
    assert_eq!(seen.body, r#"{"n":1.0}"#);
    assert_eq!(seen.header("x-amz-invocation-type"), Some("RequestResponse"));
    assert_eq!(seen.header("x-amz-client-context"), Some("e30="));
    assert_eq!(seen.header("x-amz-log-type"), Some("Tail"));
}

#[tokio::test]
async fn an_event_is_accepted_without_a_payload() {
    let endpoint = Endpoint::start(ANSWERS).await;
    let parameters = r#"{"FunctionName":"accepting","InvocationType":"Event"}"#;
    let outcome = tasks(&endpoint.url).perform(&call(invoke(), parameters, None)).await;
    let output = plain(outcome).unwrap();
    assert!(output.starts_with(r#"{"Payload":"","SdkHttpMetadata""#), "{output}");
    assert!(output.ends_with(r#""StatusCode":202}"#), "{output}");
    assert_eq!(endpoint.seen()[0].header("x-amz-invocation-type"), Some("Event"));
}

#[tokio::test]
async fn errors_have_the_names_and_causes_of_aws_and_nothing_is_asked_twice() {
    let missing = "Function not found: arn:aws:lambda:us-east-1:123456789012:function:missing:$LATEST (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: 5e9f1c9e-0000-4000-8000-000000000001; Proxy: null)";
    let table = [
        ("missing", "Lambda.ResourceNotFoundException", missing),
        (
            "busy",
            "Lambda.TooManyRequestsException",
            "Rate Exceeded. (Service: AWSLambda; Status Code: 429; Error Code: TooManyRequestsException; Request ID: 5e9f1c9e-0000-4000-8000-000000000001; Proxy: null)",
        ),
        (
            "failing",
            "Lambda.ServiceException",
            "An error occurred and the request cannot be processed. (Service: AWSLambda; Status Code: 500; Error Code: ServiceException; Request ID: 5e9f1c9e-0000-4000-8000-000000000001; Proxy: null)",
        ),
        (
            "denied",
            "Lambda.AWSLambdaException",
            "not authorized to perform: lambda:InvokeFunction (Service: AWSLambda; Status Code: 403; Error Code: AccessDeniedException; Request ID: 5e9f1c9e-0000-4000-8000-000000000001; Proxy: null)",
        ),
        (
            "raising",
            "Refused",
            r#"{"errorMessage":"no","errorType":"Refused","requestId":"r","stackTrace":[]}"#,
        ),
    ];
    for (name, error, cause) in table {
        let endpoint = Endpoint::start(ANSWERS).await;
        let parameters = format!(r#"{{"FunctionName":"{name}"}}"#);
        let outcome = tasks(&endpoint.url).perform(&call(invoke(), &parameters, None)).await;
        assert_eq!(plain(outcome), Err((error.to_owned(), cause.to_owned())));
        assert_eq!(endpoint.seen().len(), 1, "{name} is asked once");
    }
}

#[tokio::test]
async fn the_error_object_of_a_function_as_resource_keeps_its_white_space() {
    let endpoint = Endpoint::start(ANSWERS).await;
    let outcome = tasks(&endpoint.url).perform(&call(function("raising"), "{}", None)).await;
    assert_eq!(plain(outcome), Err(("Refused".to_owned(), PYTHON_ERROR.to_owned())));
}

#[tokio::test]
async fn a_payload_that_is_no_json_cannot_be_the_output_of_a_function_as_resource() {
    let endpoint = Endpoint::start(ANSWERS).await;
    let tasks = tasks(&endpoint.url);
    let outcome = tasks.perform(&call(invoke(), r#"{"FunctionName":"broken"}"#, None)).await;
    assert!(plain(outcome).unwrap().contains(r#""Payload":"no JSON""#));
    let outcome = tasks.perform(&call(function("broken"), "{}", None)).await;
    let expected = "The function returned a payload that is no JSON: no JSON";
    assert_eq!(plain(outcome), Err(("Lambda.Unknown".to_owned(), expected.to_owned())));
}

#[tokio::test]
async fn a_call_that_takes_longer_than_its_timeout_times_out() {
    let endpoint = Endpoint::start(ANSWERS).await;
    let parameters = r#"{"FunctionName":"silent"}"#;
    let outcome = tasks(&endpoint.url).perform(&call(invoke(), parameters, Some(1))).await;
    assert_eq!(plain(outcome).unwrap_err().0, "timed out");
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_a_client_error() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let outcome = tasks(&url).perform(&call(function("good"), "{}", None)).await;
    let (error, cause) = plain(outcome).unwrap_err();
    assert_eq!(error, "Lambda.SdkClientException");
    let expected = format!("Unable to execute HTTP request: {}: Connection refused", &url[7..]);
    assert!(cause.starts_with(&expected), "{cause}");
}

#[tokio::test]
async fn without_credentials_a_task_says_what_is_missing() {
    let settings = Settings {
        region: Some("us-east-1".to_owned()),
        lambda_endpoint: Some("http://127.0.0.1:9".to_owned()),
        endpoint: None,
        credentials: Some(SharedCredentialsProvider::new(NoCredentials)),
        ..Settings::default()
    };
    let tasks = Tasks::new(Functions::default(), settings);
    let outcome = tasks.perform(&call(function("good"), "{}", None)).await;
    let (error, cause) = plain(outcome).unwrap_err();
    assert_eq!(error, "States.TaskFailed");
    let expected = "There are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE. Or run the function on this machine: --function good=COMMAND";
    assert_eq!(cause, expected);
}

#[derive(Debug)]
struct NoCredentials;

impl ProvideCredentials for NoCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("nothing here")))
    }
}
