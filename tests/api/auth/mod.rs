//! Who is let in: requests signed by botocore and by AWS's Rust signer, and everything that differs from them by one
//! stroke.

mod forged;
mod signed;

use std::sync::Arc;

use aws_sigv4::http_request::SignableBody;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;
use stepwright::api::Api;
use stepwright::api::auth::{Keys, Refusal, Secret};

use super::serve::{Client, Server};
use super::world::World;
use signed::{KEY, NOW, OneKey, SECRET, Signed, strokes};

const LIST: &str = "AWSStepFunctions.ListStateMachines";

/// What botocore 1.43 sent at [`NOW`] to http://127.0.0.1:8083: region, session token, operation, body and signature.
const BOTOCORE: [(&str, Option<&str>, &str, &str, &str); 3] = [
    (
        "us-east-1",
        None,
        "ListStateMachines",
        "{}",
        "26a479c3e9d284cfd6e1b0548929f44d1a637b3044a9f54499c5a4c6c4e85255",
    ),
    (
        "eu-central-1",
        None,
        "CreateActivity",
        r#"{"name": "\u00fcn\u00efcode"}"#,
        "a5e3adde0e48a7dfacb5aea4981ad14cf7cac3dec9a5fed46237e8fcac5c053c",
    ),
    (
        "us-east-1",
        Some("session-token"),
        "StartExecution",
        r#"{"stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:flow", "input": "{\"a\": \"b  c\"}"}"#,
        "21f7e40ca033238b510848791c15e12a2eee9ebe25a4a6f6df6d71a5a6b7e4b0",
    ),
];

#[test]
fn what_botocore_signed_is_accepted_in_any_region_and_with_any_session_token() {
    for (region, token, operation, body, signature) in BOTOCORE {
        let mut request = Signed::bare(&format!("AWSStepFunctions.{operation}"), body);
        let mut names = "content-type;host;x-amz-date;x-amz-target".to_owned();
        if let Some(token) = token {
            names = names.replace("x-amz-target", "x-amz-security-token;x-amz-target");
            request.set("X-Amz-Security-Token", token);
        }
        request.set("User-Agent", "Boto3/1.43.11");
        request.set(
            "Authorization",
            &format!(
                "AWS4-HMAC-SHA256 Credential={KEY}/20231114/{region}/states/aws4_request, SignedHeaders={names}, \
                 Signature={signature}"
            ),
        );
        assert_eq!(request.verified(), Ok(()), "{operation}");
        request.body.push(' ');
        assert_eq!(request.verified(), Err(Refusal::Mismatch), "{operation}: another body");
    }
}

#[test]
fn a_signature_holds_for_five_minutes_either_way() {
    let table = [
        (0, None),
        (300, None),
        (-300, None),
        (
            301,
            Some(
                "Signature expired: 20231114T221320Z is now earlier than 20231114T221321Z (20231114T221821Z - 5 min.)",
            ),
        ),
        (
            -301,
            Some(
                "Signature not yet current: 20231114T221320Z is still later than 20231114T221319Z (20231114T220819Z + 5 \
                 min.)",
            ),
        ),
    ];
    let request = Signed::new(LIST, "{}");
    for (later, expected) in table {
        let result = request.verified_at(NOW + later);
        let expected = expected.map(|text| Refusal::Invalid(text.to_owned()));
        assert_eq!(result.err(), expected, "{later} s later");
    }
}

/// What is done to a signed request, the exception, and how its message begins.
type Change = (&'static str, fn(&mut Signed), &'static str, &'static str);

const MISSING: &str = "MissingAuthenticationTokenException";
const INCOMPLETE: &str = "IncompleteSignatureException";
const INVALID: &str = "InvalidSignatureException";
const UNKNOWN: &str = "UnrecognizedClientException";
const NO_MATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS \
                        Secret Access Key and signing method.";
const NO_PAIR: &str = "Invalid key=value pair (missing equal-sign) in Authorization header";

const CHANGES: &[Change] = &[
    ("unsigned", |r| r.drop("authorization"), MISSING, "Missing Authentication Token"),
    ("another scheme", |r| r.set("authorization", "Bearer x"), MISSING, "Missing Authen"),
    (
        "another algorithm of AWS",
        |r| r.swap("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
        INCOMPLETE,
        "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'.",
    ),
    (
        "nothing after the algorithm",
        |r| r.set("authorization", "AWS4-HMAC-SHA256"),
        INCOMPLETE,
        "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. \
         Authorization header requires 'SignedHeaders' parameter. (Hashed with SHA-256 and encoded with Base64) \
         Authorization=",
    ),
    (
        "no date",
        |r| r.drop("x-amz-date"),
        INCOMPLETE,
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    ),
    (
        "a date in words",
        |r| r.set("x-amz-date", "Tue, 14 Nov 2023"),
        INCOMPLETE,
        "Date must be in ISO-8601 'basic format'. Got 'Tue, 14 Nov 2023'.",
    ),
    ("no equal sign", |r| r.swap("Signature=", "Signature"), INCOMPLETE, NO_PAIR),
    ("a parameter twice", |r| r.swap("Signature=", "Credential="), INCOMPLETE, NO_PAIR),
    (
        "a short credential",
        |r| r.swap("/states/", "/"),
        INCOMPLETE,
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'SWAK",
    ),
    (
        "another service",
        |r| r.swap("/states/", "/lambda/"),
        INVALID,
        "Credential should be scoped to correct service: 'states'.",
    ),
    (
        "another terminator",
        |r| r.swap("aws4_request", "aws5_request"),
        INVALID,
        "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'.",
    ),
    ("no region", |r| r.swap("/us-east-1/", "//"), INVALID, "Credential should be scoped to a"),
    (
        "another day",
        |r| r.swap("/20231114/", "/20231113/"),
        INVALID,
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20231113' != \
         '20231114', from '20231114T221320Z'.",
    ),
    (
        "an unsigned host",
        |r| r.swap("host;", ""),
        INVALID,
        "'host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    ),
    (
        "an unsigned date",
        |r| r.swap("x-amz-date;", ""),
        INVALID,
        "'x-amz-date' must be a 'SignedHeader' in the AWS Authorization.",
    ),
    (
        "an unsigned target",
        |r| r.swap(";x-amz-target", ""),
        INVALID,
        "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.",
    ),
    ("another region", |r| r.swap("us-east-1", "us-east-2"), INVALID, NO_MATCH),
    (
        "another target",
        |r| r.set("x-amz-target", "AWSStepFunctions.StopExecution"),
        INVALID,
        NO_MATCH,
    ),
    ("another host", |r| r.set("host", "127.0.0.1:8084"), INVALID, NO_MATCH),
    ("another second", |r| r.set("x-amz-date", "20231114T221321Z"), INVALID, NO_MATCH),
    ("another method", |r| r.method = "PUT".to_owned(), INVALID, NO_MATCH),
    ("another path", |r| r.path = "/x".to_owned(), INVALID, NO_MATCH),
    ("a query", |r| r.query = Some("x".to_owned()), INVALID, NO_MATCH),
    ("a hash that is not asked for", |r| r.body = "UNSIGNED-PAYLOAD".to_owned(), INVALID, NO_MATCH),
    (
        "a second target",
        |r| r.add("x-amz-target", "AWSStepFunctions.StopExecution"),
        INVALID,
        NO_MATCH,
    ),
    (
        "a second signature",
        |r| r.add("authorization", "x"),
        INCOMPLETE,
        "The request must have one",
    ),
    ("a signed header that is gone", |r| r.drop("content-type"), INVALID, NO_MATCH),
    ("a header signed twice", |r| r.swap("host;", "host;host;"), INVALID, NO_MATCH),
    (
        "an unknown key",
        |r| r.swap(KEY, "SWAKEXAMPLEEXAMPLE33"),
        UNKNOWN,
        "The security token included in the request is invalid.",
    ),
];

#[test]
fn a_changed_request_is_refused_in_the_words_of_aws() {
    for (what, change, kind, message) in CHANGES {
        let mut request = Signed::new(LIST, "{}");
        change(&mut request);
        let refusal = request.verified().expect_err(what);
        assert_eq!(refusal.kind(), *kind, "{what}: {refusal}");
        assert!(refusal.to_string().starts_with(message), "{what}: {refusal}");
    }
}

#[test]
fn a_target_that_is_signed_twice_is_not_for_the_server_to_choose_from() {
    let mut request = Signed::bare(LIST, "{}");
    request.add("X-Amz-Target", "AWSStepFunctions.StopExecution");
    request.sign(SECRET, "us-east-1");
    assert_eq!(request.verified(), Err(Refusal::Mismatch));
}

#[test]
fn an_unsigned_payload_is_not_accepted_even_if_its_hash_is_signed_away() {
    let mut request = Signed::bare(LIST, "{}");
    request.set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD");
    request.sign_body(SECRET, "us-east-1", SignableBody::UnsignedPayload);
    assert_eq!(request.verified(), Err(Refusal::Mismatch));
}

#[test]
fn the_header_is_not_repeated_in_a_refusal() {
    let mut request = Signed::new(LIST, "{}");
    request.swap("Credential=", "Credentials=");
    let signature = request.header("authorization").rsplit('=').next().unwrap().to_owned();
    let refusal = request.verified().unwrap_err().to_string();
    assert!(!refusal.contains(&signature), "{refusal}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn a_signed_request_is_accepted_and_any_single_stroke_refused(
        input in "[a-z \"{}:é]{0,40}",
        path in "/|/[a-z]{1,5}/?",
        query in proptest::option::of("[a-z]{1,3}=[a-z]{1,3}"),
        changes in proptest::collection::vec((0_usize..10, any::<Index>(), strokes()), STROKES),
    ) {
        let mut request = Signed::bare(LIST, &input);
        request.path = path;
        request.query = query;
        request.sign(SECRET, "us-east-1");
        prop_assert_eq!(request.verified(), Ok(()));
        for (place, at, stroke) in changes {
            if let Some(changed) = request.changed(place, at, &stroke) {
                prop_assert!(changed.verified().is_err(), "{:?}", changed);
            }
        }
    }
}

/// Strokes tried on each signed request.
const STROKES: usize = 16;

/// Signed requests; set `PROPTEST_CASES` for more.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(200)
}

#[tokio::test]
async fn a_server_with_keys_answers_who_signs_and_refuses_who_does_not() {
    let (server, mut client) = guarded().await;
    let answer = client.exchange(&Signed::new(LIST, "{}").wire()).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"stateMachines":[]}"#));
    for (what, change, kind, message) in CHANGES {
        if what.starts_with("another method") {
            // Not a request that the server takes at all.
            continue;
        }
        let mut request = Signed::new(LIST, "{}");
        change(&mut request);
        let answer = client.exchange(&request.wire()).await;
        assert_eq!(
            (answer.status, answer.header("x-amzn-errortype")),
            (400, Some(*kind)),
            "{what}"
        );
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(body["__type"], *kind, "{what}");
        assert!(body["message"].as_str().unwrap().starts_with(message), "{what}: {body}");
    }
    drop(server);
}

#[tokio::test]
async fn a_stranger_learns_of_no_operation_but_may_ask_for_health() {
    let (server, mut client) = guarded().await;
    for target in ["AWSStepFunctions.ListActivities", "AWSStepFunctions.NoSuch", "Other.Thing"] {
        let answer = client.exchange(&Signed::bare(target, "{").wire()).await;
        assert_eq!(answer.header("x-amzn-errortype"), Some(MISSING), "{target}");
    }
    let answer = client.exchange("GET /health HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(answer.status, 200);
    drop(server);
}

#[tokio::test]
async fn keys_that_cannot_be_read_let_nobody_in() {
    let server = Server::over(api(Unreadable).await).await;
    let answer = server.connect().await.exchange(&Signed::new(LIST, "{}").wire()).await;
    assert_eq!(
        (answer.status, answer.header("x-amzn-errortype")),
        (503, Some("ServiceUnavailable"))
    );
}

async fn guarded() -> (Server, Client) {
    let server = Server::over(api(OneKey).await).await;
    let client = server.connect().await;
    (server, client)
}

async fn api(keys: impl Keys + 'static) -> Arc<Api> {
    Arc::new(Api::new(World::new().await.engine).with_keys(Arc::new(keys)))
}

struct Unreadable;

impl Keys for Unreadable {
    fn secret(&self, _id: &str) -> Result<Option<Secret>, Refusal> {
        Err(Refusal::Unavailable("for a test".to_owned()))
    }
}
