//! Canaries: secrets that must be nowhere. Each way in which a secret enters the server is given one of its own; then every
//! way out is searched for it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::binary::Server;
use super::fake::{Answer, Call, Fake};

const API_KEY: &str = "canary-api-key-4f1d";
const PASSWORD: &str = "canary-password-4f1d";
const CLIENT_SECRET: &str = "canary-client-secret-4f1d";
const BEARER: &str = "canary-bearer-4f1d";
const HEADER: &str = "canary-header-4f1d";
const QUERY: &str = "canary-query-4f1d";
const BODY: &str = "canary-body-4f1d";
const REMOTE: &str = "canary-remote-4f1d";
const AWS_SECRET: &str = "canary-aws-secret-4f1d";
const AWS_SESSION: &str = "canary-aws-session-4f1d";
const FUNCTION: &str = "canary-function-4f1d";
const SERVER: &str = "canary-server-environment-4f1d";
const CALLER: &str = "canary-caller-4f1d";
/// What may be seen, and is: without it the search would prove nothing.
const SEEN: &str = "plain-marker-4f1d";

const ALL: [&str; 13] = [
    API_KEY,
    PASSWORD,
    CLIENT_SECRET,
    BEARER,
    HEADER,
    QUERY,
    BODY,
    REMOTE,
    AWS_SECRET,
    AWS_SESSION,
    FUNCTION,
    SERVER,
    CALLER,
];

fn answer(call: &Call) -> Answer {
    let path = call.line.split(' ').nth(1).unwrap().split('?').next().unwrap();
    let plain = |status, body: &str| Answer { status, headers: "", body: body.as_bytes().into() };
    match (path, call.operation.as_str()) {
        ("/token", _) => Answer::json(json!({"access_token": BEARER, "expires_in": 3600})),
        ("/no-token", _) => plain("403 Forbidden", "no token today"),
        (_, "DescribeConnection") => {
            Answer::json(json!({"ConnectionState": "AUTHORIZED", "SecretArn": "arn:secret"}))
        }
        (_, "GetSecretValue") => {
            let secret = json!({"api_key_name": "X-Remote", "api_key_value": REMOTE});
            Answer::json(json!({"SecretString": secret.to_string()}))
        }
        ("/missing", _) => plain("404 Not Found", "nothing here"),
        ("/broken", _) => plain("500 Internal Server Error", "{}"),
        ("/moved", _) => Answer {
            status: "302 Found",
            headers: "Location: http://169.254.169.254/latest/meta-data/\r\n",
            body: Vec::new(),
        },
        ("/fine", _) => Answer::json(json!({"ok": true})),
        _ => plain("400 Bad Request", "{\"__type\":\"AccessDeniedException\",\"message\":\"no\"}"),
    }
}

/// Connections of every kind, each with its secrets.
fn connections(url: &str) -> Value {
    let added = json!({
        "HeaderParameters": [{"Key": "X-Hidden", "Value": HEADER, "IsValueSecret": true}],
        "QueryStringParameters": [{"Key": "hidden", "Value": QUERY, "IsValueSecret": true}],
        "BodyParameters": [{"Key": "hidden", "Value": BODY, "IsValueSecret": true}],
    });
    let oauth = |path: &str| {
        json!({"AuthorizationType": "OAUTH_CLIENT_CREDENTIALS", "AuthParameters": {
            "InvocationHttpParameters": added,
            "OAuthParameters": {"AuthorizationEndpoint": format!("{url}{path}"), "HttpMethod": "POST",
                "ClientParameters": {"ClientID": "id", "ClientSecret": CLIENT_SECRET}}}})
    };
    json!({
        "key": {"AuthorizationType": "API_KEY", "AuthParameters": {
            "InvocationHttpParameters": added,
            "ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": API_KEY}}},
        "basic": {"AuthorizationType": "BASIC", "AuthParameters": {
            "InvocationHttpParameters": added,
            "BasicAuthParameters": {"Username": "u", "Password": PASSWORD}}},
        "oauth": oauth("/token"),
        "oauth-refused": oauth("/no-token"),
        "oauth-astray": oauth("/moved"),
    })
}

/// Tasks that carry secrets: to where they belong, and to where things go wrong.
fn states(url: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let ends = [
        format!("{url}/fine"),
        format!("{url}/missing"),
        format!("{url}/broken"),
        format!("{url}/moved"),
        "http://127.0.0.1:1/".to_owned(),
        "http://169.254.169.254/".to_owned(),
        "https://127.0.0.1:1/".to_owned(),
        "ftp://127.0.0.1/".to_owned(),
    ];
    for name in ["key", "basic", "oauth", "oauth-refused", "oauth-astray", "remote"] {
        for end in &ends {
            let connection = format!("arn:aws:events:us-east-1:123456789012:connection/{name}/1");
            all.push(
                json!({"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "End": true,
                "Parameters": {"ApiEndpoint": end, "Method": "POST", "RequestBody": {"seen": SEEN},
                               "InvocationConfig": {"ConnectionArn": connection}}}),
            );
        }
    }
    for resource in ["aws-sdk:sts:getCallerIdentity", "sqs:sendMessage", "aws-sdk:s3:listBuckets"] {
        all.push(json!({"Type": "Task", "Resource": format!("arn:aws:states:::{resource}"), "End": true,
            "Parameters": if resource.starts_with("sqs") { json!({"QueueUrl": url, "MessageBody": "m"}) } else { json!({}) }}));
    }
    for name in ["fails", "noisy", "absent"] {
        let function = format!("arn:aws:lambda:us-east-1:123456789012:function:{name}");
        all.push(json!({"Type": "Task", "Resource": function, "End": true}));
    }
    all
}

#[test]
fn no_secret_is_in_a_history_a_log_an_error_or_the_data_directory() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(answer);
    let mut server = serve(folder.path(), &fake.url);
    let mut told = String::new();
    for (number, state) in states(&fake.url).iter().enumerate() {
        let execution = run(&server, number, state);
        told += &server.ended(&execution).to_string();
        let history = json!({"executionArn": execution, "includeExecutionData": true});
        told += &server.call("GetExecutionHistory", &history).to_string();
        let body =
            json!({"definition": state.to_string(), "roleArn": ROLE, "inspectionLevel": "TRACE"});
        told += &server.call("TestState", &body).to_string();
    }
    told += &stranger(&server);
    let log = server.terminate();
    assert!(log.contains("TRACE"), "the server logs all it can");
    let mut places = contents(folder.path());
    places.retain(|(name, _)| !GIVEN.contains(&name.as_str()));
    places.push(("answers".to_owned(), told));
    places.push(("log".to_owned(), log));
    search(&places);
    sent_where_they_belong(&fake);
}

/// A server that was given every secret, and logs all it can.
fn serve(folder: &Path, url: &str) -> Server {
    let data = folder.join("data");
    let given = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let connections = given("connections.json", connections(url).to_string());
    let environment = json!({"SECRET": FUNCTION});
    let functions = json!({
        "fails": {"run": "sh -c 'echo broken >&2; exit 3'", "environment": environment},
        "noisy": {"run": "sh -c 'echo not json'", "environment": environment},
    });
    let functions = given("functions.json", functions.to_string());
    Server::start_with(
        &[
            "--data",
            data.to_str().unwrap(),
            "--allow-plain-http",
            "--connections",
            &connections,
            "--functions",
            &functions,
            "--execution-logs",
            folder.join("logs/").to_str().unwrap(),
        ],
        &[
            ("AWS_ENDPOINT_URL", url),
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_SECRET_ACCESS_KEY", AWS_SECRET),
            ("AWS_SESSION_TOKEN", AWS_SESSION),
            ("DATABASE_PASSWORD", SERVER),
            ("STEPWRIGHT_LOG", "trace"),
        ],
    )
}

/// No canary is anywhere, and what may be seen is.
fn search(places: &[(String, String)]) {
    for (place, text) in places {
        for canary in ALL {
            let coded = STANDARD.encode(format!("u:{canary}"));
            for shape in [canary, coded.as_str()] {
                assert!(!text.contains(shape), "{canary} is in {place}: {}", around(text, shape));
            }
        }
    }
    for place in ["answers", "data", "logs"] {
        let seen = places.iter().any(|(name, text)| name.starts_with(place) && text.contains(SEEN));
        assert!(seen, "the search finds nothing at all in {place}");
    }
}

/// The canaries were alive: the servers that they were meant for did get them.
fn sent_where_they_belong(fake: &Fake) {
    let calls = format!("{:?}", fake.calls());
    let basic = STANDARD.encode(format!("u:{PASSWORD}"));
    let client = STANDARD.encode(format!("id:{CLIENT_SECRET}"));
    for sent in [API_KEY, &basic, &client, BEARER, HEADER, QUERY, BODY, REMOTE, AWS_SESSION] {
        assert!(calls.contains(sent), "{sent} was never sent");
    }
}

#[test]
fn only_its_owner_can_read_a_data_directory() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Server::start(&["--data", data.to_str().unwrap()]);
    let execution = run(&server, 0, &json!({"Type": "Pass", "End": true}));
    server.ended(&execution);
    let mut found = 0;
    let mut look = |path: &Path| {
        let mode = fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, expected, "{} has mode {mode:o}", path.display());
        found += 1;
    };
    look(&data);
    files(&data, &mut look);
    assert!(found >= 4, "{found}");
    server.terminate();
}

/// Starts an execution of a machine of this state that logs everything; its ARN.
fn run(server: &Server, number: usize, state: &Value) -> String {
    let group = "arn:aws:logs:us-east-1:123456789012:log-group:/flows:*";
    let machine = json!({
        "name": format!("m{number}"), "roleArn": ROLE,
        "definition": json!({"StartAt": "S", "States": {"S": state}}).to_string(),
        "loggingConfiguration": {"level": "ALL", "includeExecutionData": true,
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]},
    });
    let machine = server.call("CreateStateMachine", &machine);
    let body = json!({"stateMachineArn": machine["stateMachineArn"], "input": json!({"seen": SEEN}).to_string()});
    let started = server.call("StartExecution", &body);
    started["executionArn"].as_str().unwrap_or_else(|| panic!("{machine} {started}")).to_owned()
}

/// What somebody is told who sends credentials along with nonsense.
fn stranger(server: &Server) -> String {
    use std::io::{Read as _, Write as _};
    let mut told = String::new();
    for target in ["AWSStepFunctions.ListStateMachines", "Nonsense", "AWSStepFunctions.NoSuch"] {
        let mut stream = std::net::TcpStream::connect(server.address()).unwrap();
        write!(
            stream,
            "POST /?token={CALLER} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Amz-Target: {target}\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential={CALLER}\r\nX-Amz-Security-Token: {CALLER}\r\n\
             Cookie: {CALLER}\r\nContent-Length: 1\r\n\r\n{{"
        )
        .unwrap();
        stream.read_to_string(&mut told).unwrap();
    }
    told
}

/// All files by name; bytes that are no text do not matter here.
fn contents(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    files(folder, &mut |path| {
        if path.is_file() {
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            found.push((name, String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()));
        }
    });
    found
}

fn files(folder: &Path, look: &mut dyn FnMut(&Path)) {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        look(&path);
        if path.is_dir() {
            files(&path, look);
        }
    }
}

/// Where it is, for whoever has to mend it.
fn around<'a>(text: &'a str, shape: &str) -> &'a str {
    let (before, after) = text.split_once(shape).unwrap();
    let from = before.char_indices().rev().nth(300).map_or(0, |(at, _)| at);
    let to = after.char_indices().nth(100).map_or(after.len(), |(at, _)| at);
    &text[from..before.len() + shape.len() + to]
}

/// What the user wrote the secrets into.
const GIVEN: [&str; 2] = ["connections.json", "functions.json"];
const ROLE: &str = "arn:aws:iam::123456789012:role/r";
