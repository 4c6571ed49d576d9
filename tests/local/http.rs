//! `http:invoke` and `apigateway:invoke` against a real server on this machine.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::binary::Server;
use super::fake::{Answer, Call, Fake};

const ROLE: &str = "arn:aws:iam::123456789012:role/r";
const SECRET: &str = "very-secret";

/// Answers by path.
fn answer(call: &Call) -> Answer {
    let path = call.line.split(' ').nth(1).unwrap().split('?').next().unwrap();
    let plain = |status, headers, body: &[u8]| Answer { status, headers, body: body.to_vec() };
    match path {
        "/json" | "/prod/echo" => Answer::json(json!({"got": call.text})),
        "/text" => plain("201 Created", "Content-Type: text/plain\r\nX-A: 1\r\nX-A: 2\r\n", b"{}"),
        "/binary" => plain("200 OK", "Content-Type: image/png\r\n", &[0x89, 0x50, 0xff]),
        "/moved" => plain("302 Found", "Location: http://192.0.2.1/\r\n", b""),
        "/missing" => plain("404 Not Found", "", b"{\"why\": 1}"),
        "/large" => plain("200 OK", "", &vec![b'x'; 300_000]),

        "/guarded" if call.header("authorization") == "Bearer first" => {
            plain("401 Unauthorized", "", b"")
        }
        _ => Answer::json(json!({})),
    }
}

struct Bench {
    server: Server,
    fake: Fake,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new(answer: fn(&Call) -> Answer) -> Bench {
        let fake = Fake::start(answer);
        let folder = tempfile::tempdir().unwrap();
        let file = connections(&folder, &fake.url);
        let arguments =
            ["--in-memory", "--allow-plain-http", "--connections", file.to_str().unwrap()];
        let environment = [("KEY_FROM_HERE", SECRET), ("AWS_ENDPOINT_URL", fake.url.as_str())];
        let mut environment = environment.to_vec();
        environment.extend([
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
            ("AWS_REGION", "us-east-1"),
        ]);
        Bench { server: Server::start_with(&arguments, &environment), fake, _folder: folder }
    }

    /// Tries a Task with these parameters.
    fn tries(&self, resource: &str, parameters: &Value, reveal: bool) -> Value {
        let state =
            json!({"Type": "Task", "Resource": resource, "Parameters": parameters, "End": true});
        let body = json!({"definition": state.to_string(), "roleArn": ROLE, "inspectionLevel": "TRACE", "revealSecrets": reveal});
        self.server.call("TestState", &body)
    }

    fn http(&self, path: &str, more: &Value) -> Value {
        let url = format!("{}{path}", self.fake.url);
        let mut parameters = json!({"ApiEndpoint": url, "Method": "GET", "InvocationConfig": {"ConnectionArn": "key"}});
        for (name, value) in more.as_object().unwrap() {
            parameters[name] = value.clone();
        }
        self.tries("arn:aws:states:::http:invoke", &parameters, false)
    }
}

fn connections(folder: &tempfile::TempDir, url: &str) -> PathBuf {
    let key = json!({"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "${KEY_FROM_HERE}"},
        "InvocationHttpParameters": {"QueryStringParameters": [{"Key": "hidden", "Value": "h1"}]}});
    let basic = json!({"BasicAuthParameters": {"Username": "u", "Password": "p"}});
    let oauth = json!({"OAuthParameters": {"AuthorizationEndpoint": format!("{url}/token"), "HttpMethod": "POST",
        "ClientParameters": {"ClientID": "id", "ClientSecret": "s"},
        "OAuthHttpParameters": {"BodyParameters": [{"Key": "scope", "Value": "a b"}]}}});
    let all = json!({
        "key": {"AuthorizationType": "API_KEY", "AuthParameters": key},
        "basic": {"AuthorizationType": "BASIC", "AuthParameters": basic},
        "oauth": {"AuthorizationType": "OAUTH_CLIENT_CREDENTIALS", "AuthParameters": oauth},
    });
    let file = folder.path().join("connections.json");
    std::fs::write(&file, all.to_string()).unwrap();
    file
}

fn output(answer: &Value) -> Value {
    let text = answer["output"].as_str().unwrap_or_else(|| panic!("{answer}"));
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_request_is_sent_and_its_response_shown() {
    let bench = Bench::new(answer);
    let more = json!({"Method": "POST", "Headers": {"A": "1"}, "QueryParameters": {"q": [1, "x"]}, "RequestBody": {"n": 1}});
    let answer = bench.http("/json", &more);
    let result = output(&answer);
    assert_eq!(result["ResponseBody"], json!({"got": "{\"n\":1}"}));
    assert_eq!((&result["StatusCode"], &result["StatusText"]), (&json!(200), &json!("OK")));
    assert_eq!(result["Headers"]["content-type"], json!(["application/json"]));
    let call = &bench.fake.calls()[0];
    assert_eq!(call.line, "POST /json?q=1&q=x&hidden=h1");
    let sent = ["a", "x-key", "user-agent", "range", "content-type"].map(|name| call.header(name));
    assert_eq!(
        sent,
        [
            "1",
            SECRET,
            "Amazon|StepFunctions|HttpInvoke|us-east-1",
            "bytes=0-262144",
            "application/json"
        ]
    );

    let shown = &answer["inspectionData"];
    assert_eq!(shown["request"]["method"], "POST");
    assert_eq!(shown["request"]["body"], "{\"n\":1}");
    assert!(shown["request"]["url"].as_str().unwrap().ends_with("/json?q=1&q=x"));
    assert_eq!(
        (&shown["response"]["statusCode"], &shown["response"]["statusMessage"]),
        (&json!("200"), &json!("OK"))
    );
    assert!(!answer.to_string().contains(SECRET), "{answer}");
    let url = format!("{}/json", bench.fake.url);
    let parameters =
        json!({"ApiEndpoint": url, "Method": "GET", "Authentication": {"ConnectionArn": "key"}});
    let revealed = bench.tries("arn:aws:states:::http:invoke", &parameters, true);
    let headers = revealed["inspectionData"]["request"]["headers"].as_str().unwrap();
    assert!(headers.contains(&format!("X-Key: {SECRET}")), "{headers}");
}

#[test]
fn what_is_not_2xx_fails_and_redirects_are_not_followed() {
    let bench = Bench::new(answer);
    let table = [
        ("/missing", "States.Http.StatusCode.404", "{\"why\": 1}"),
        ("/moved", "States.Http.StatusCode.302", "Found"),
        ("/large", "States.DataLimitExceeded", "maximum number of bytes"),
    ];
    for (path, error, cause) in table {
        let answer = bench.http(path, &json!({}));
        assert_eq!(answer["error"], error, "{answer}");
        assert!(answer["cause"].as_str().unwrap().contains(cause), "{answer}");
    }
    assert_eq!(bench.fake.calls().len(), 3);
    let text = output(&bench.http("/text", &json!({})));
    assert_eq!((&text["ResponseBody"], &text["StatusText"]), (&json!("{}"), &json!("Created")));
    assert_eq!(text["Headers"]["x-a"], json!(["1", "2"]));
    assert_eq!(output(&bench.http("/binary", &json!({})))["ResponseBody"], "iVD/");
}

#[test]
fn what_may_not_be_reached_is_not_and_a_silent_port_is_a_broken_socket() {
    let bench = Bench::new(answer);
    let table = [
        ("http://169.254.169.254/latest/meta-data/", "States.TaskFailed", "metadata address"),
        ("https://169.254.169.254/", "States.TaskFailed", "metadata address"),
        ("http://2852039166/", "States.TaskFailed", "metadata address"),
        ("http://192.0.2.1/", "States.TaskFailed", "only https://"),
        ("ftp://127.0.0.1/", "States.Runtime", "no URL of a server"),
        ("http://127.0.0.1:1/", "States.Http.Socket", "refused"),
    ];
    for (url, error, cause) in table {
        let answer = bench.http("/", &json!({"ApiEndpoint": url}));
        assert_eq!(answer["error"], error, "{url}: {answer}");
        assert!(answer["cause"].as_str().unwrap().contains(cause), "{answer}");
    }
}

#[test]
fn connections_authorize_by_key_password_or_token() {
    fn answer(call: &Call) -> Answer {
        match call.line.as_str() {
            "POST /token" => {
                let nth = TOKENS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let token = ["first", "second"][nth];
                Answer::json(json!({"access_token": token, "expires_in": 3600}))
            }
            _ => super::http::answer(call),
        }
    }
    static TOKENS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let bench = Bench::new(answer);
    let with = |name: &str| json!({"InvocationConfig": {"ConnectionArn": format!("arn:aws:events:us-east-1:1:connection/{name}/1")}});
    bench.http("/json", &with("basic"));
    bench.http("/json", &with("oauth"));
    // The first token is not taken here; another one is asked for, once, and kept.
    output(&bench.http("/guarded", &with("oauth")));
    output(&bench.http("/guarded", &with("oauth")));
    let calls = bench.fake.calls();
    let seen: Vec<_> = calls.iter().map(|c| (c.line.as_str(), c.header("authorization"))).collect();
    let expected = [
        ("GET /json", "Basic dTpw"),
        ("POST /token", "Basic aWQ6cw=="),
        ("GET /json", "Bearer first"),
        ("GET /guarded", "Bearer first"),
        ("POST /token", "Basic aWQ6cw=="),
        ("GET /guarded", "Bearer second"),
        ("GET /guarded", "Bearer second"),
    ];
    assert_eq!(seen, expected);
    assert_eq!(calls[1].text, "grant_type=client_credentials&scope=a%20b");
}

#[test]
fn connections_of_eventbridge_are_looked_up_with_their_secrets() {
    fn answer(call: &Call) -> Answer {
        let secret = json!({"api_key_name": "X-Remote", "api_key_value": SECRET}).to_string();
        match call.operation.as_str() {
            "DescribeConnection" if call.body["Name"] == "there" => {
                Answer::json(json!({"ConnectionState": "AUTHORIZED", "SecretArn": "arn:secret"}))
            }
            "DescribeConnection" => {
                let body = json!({"__type": "ResourceNotFoundException", "message": "Connection 'gone' does not exist."});
                Answer { status: "400 Bad Request", ..Answer::json(body) }
            }
            "GetSecretValue" if call.body["SecretId"] == "arn:secret" => {
                Answer::json(json!({"SecretString": secret}))
            }
            _ => super::http::answer(call),
        }
    }
    let bench = Bench::new(answer);
    let with = |name: &str| json!({"InvocationConfig": {"ConnectionArn": format!("arn:aws:events:eu-west-1:123456789012:connection/{name}/1-2")}});
    output(&bench.http("/json", &with("there")));
    output(&bench.http("/json", &with("there")));
    let calls = bench.fake.calls();
    let lines: Vec<_> =
        calls.iter().map(|c| (c.operation.as_str(), c.header("x-remote"))).collect();
    assert_eq!(
        lines,
        [("DescribeConnection", ""), ("GetSecretValue", ""), ("", SECRET), ("", SECRET)]
    );
    assert!(calls[0].header("authorization").contains("/eu-west-1/events/aws4_request"));
    let gone = bench.http("/json", &with("gone"));
    assert_eq!(gone["error"], "Events.ConnectionResource.ResourceNotFound", "{gone}");
}

#[test]
fn an_api_of_api_gateway_is_called_and_signed() {
    let bench = Bench::new(answer);
    let mut parameters = json!({"ApiEndpoint": bench.fake.url, "Method": "POST", "Stage": "prod", "Path": "echo",
        "Headers": {"h": ["1", "2"]}, "QueryParameters": {"q": ["a b"]}, "RequestBody": {"x": 1}, "AuthType": "IAM_ROLE"});
    let resource = "arn:aws:states:::apigateway:invoke";
    let result = output(&bench.tries(resource, &parameters, false));
    assert_eq!(result["ResponseBody"], json!({"got": "{\"x\":1}"}));
    assert_eq!(result["Headers"]["Content-Type"], json!(["application/json"]));
    let call = bench.fake.calls()[0].clone();
    assert_eq!(call.line, "POST /prod/echo?q=a%20b");
    assert!(call.header("authorization").contains("/us-east-1/execute-api/aws4_request"));
    parameters["Stage"] = json!("missing");
    parameters["Path"] = Value::Null;
    let refused = bench.tries(resource, &parameters, false);
    assert_eq!(
        (&refused["error"], &refused["cause"]),
        (&json!("ApiGateway.404"), &json!("{\"why\": 1}"))
    );
    parameters["Headers"] = json!({"h": "1"});
    let refused = bench.tries(resource, &parameters, false);
    assert_eq!(refused["error"], "States.Runtime");
    assert!(
        refused["cause"]
            .as_str()
            .unwrap()
            .contains("[The value of the field 'Headers' has an invalid format]")
    );
}
