//! The server as a client on the wire sees it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use stepwright::api::Api;
use stepwright::api::protocol::MAX_BODY;
use stepwright::local::serve;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::world::World;

#[tokio::test]
async fn a_request_is_answered_with_what_sdks_look_for() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    let answer = client.post("AWSStepFunctions.ListStateMachines", "{}").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"stateMachines":[]}"#));
    assert_eq!(answer.header("content-type"), Some("application/x-amz-json-1.0"));
    assert_eq!(answer.header("x-amzn-requestid").map(str::len), Some(36));
    assert_eq!(answer.header("x-amzn-errortype"), None);

    let refused = client.post("AWSStepFunctions.ListStateMachines", "{").await;
    assert_eq!(refused.status, 400, "on the same connection");
    assert_eq!(refused.header("x-amzn-errortype"), Some("SerializationException"));
}

#[tokio::test]
async fn what_is_no_operation_is_refused_and_the_connection_lives_on() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    for target in ["AWSStepFunctions.NoSuch", "DynamoDB_20120810.ListTables", "", "é"] {
        let answer = client.post(target, "{}").await;
        assert_eq!(answer.status, 400, "{target}");
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(body["__type"], "UnknownOperationException", "{target}");
    }
    client.send("GET /no/such/page HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(client.receive().await.status, 404);
    assert_eq!(client.post("AWSStepFunctions.ListActivities", "{}").await.status, 200);
}

#[tokio::test]
async fn a_body_over_the_limit_is_read_to_its_end_and_refused() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    let answer = client.post("AWSStepFunctions.ListActivities", &" ".repeat(2 * MAX_BODY)).await;
    assert_eq!(answer.status, 413);
    assert_eq!(answer.header("x-amzn-errortype"), Some("RequestEntityTooLargeException"));
    assert_eq!(client.post("AWSStepFunctions.ListActivities", "{}").await.status, 200);
}

#[tokio::test]
async fn a_body_in_chunks_is_a_body() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client
        .send("POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AWSStepFunctions.CreateActivity\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await;
    client.send("7\r\n{\"name\"\r\n").await;
    client.send("5\r\n:\"a\"}\r\n0\r\n\r\n").await;
    assert_eq!(client.receive().await.status, 200);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    let one = request("AWSStepFunctions.CreateActivity", r#"{"name":"one"}"#);
    let two = request("AWSStepFunctions.CreateActivity", r#"{"name":"two"}"#);
    client.send(&format!("{one}{two}")).await;
    assert!(client.receive().await.body.contains("activity:one"));
    assert!(client.receive().await.body.contains("activity:two"));
}

#[tokio::test]
async fn garbage_ends_a_connection_but_not_the_server() {
    let server = Server::start().await;
    let garbage = ["\0\0\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "hello\r\n\r\n"];
    for text in garbage {
        let mut client = server.connect().await;
        client.send(text).await;
        let mut answer = String::new();
        client.stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{text:?}: {answer}");
    }
    let mut cut = server.connect().await;
    cut.send("POST / HTTP/1.1\r\nX-Amz-Target: AWSStepFunctions.ListActivities\r\nContent-Length: 9\r\n\r\n{").await;
    drop(cut);
    let mut client = server.connect().await;
    assert_eq!(client.post("AWSStepFunctions.ListActivities", "{}").await.status, 200);
}

#[tokio::test]
async fn health_is_told_to_whoever_asks() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    for path in ["/health", "/_stepwright/health"] {
        client.send(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
        let answer = client.receive().await;
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!((answer.status, &body["status"]), (200, &json!("ok")));
    }
    client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(client.receive().await.status, 200);
}

#[tokio::test]
async fn a_taken_port_is_refused_by_name() {
    let server = Server::start().await;
    let error = serve::listen("127.0.0.1", server.port).await.unwrap_err();
    let expected = format!(
        "port {} of 127.0.0.1 is in use: is another server running? (--port chooses another)",
        server.port
    );
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn a_stop_ends_idle_connections_and_takes_no_more() {
    let mut server = Server::start().await;
    let mut idle = server.connect().await;
    idle.post("AWSStepFunctions.ListActivities", "{}").await;
    server.stop().await;
    assert_eq!(idle.stream.read(&mut [0; 1]).await.unwrap_or(0), 0, "closed");
    assert!(TcpStream::connect(("127.0.0.1", server.port)).await.is_err());
}

#[tokio::test]
async fn a_request_under_way_is_finished_before_the_server_ends() {
    let mut server = Server::start().await;
    let mut client = server.connect().await;
    let head = "POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AWSStepFunctions.ListActivities\r\nContent-Length: 2\r\n\r\n";
    client.send(head).await;
    // A round trip on another connection lets the server see the head.
    server.connect().await.post("AWSStepFunctions.ListActivities", "{}").await;
    server.stop.take().unwrap().send(()).unwrap();
    client.send("{}").await;
    let answer = client.receive().await;
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"activities":[]}"#));
    server.stop().await;
}

pub(super) struct Server {
    port: u16,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

impl Server {
    async fn start() -> Server {
        Server::over(Arc::clone(&World::new().await.api)).await
    }

    pub(super) async fn over(api: Arc<Api>) -> Server {
        let listener = serve::listen("127.0.0.1", 0).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(serve::serve(listener, api, async {
            let _ = stopped.await;
            tokio::time::Instant::now() + Duration::from_secs(60)
        }));
        Server { port, stop: Some(stop), running }
    }

    pub(super) async fn connect(&self) -> Client {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        Client { stream, buffer: Vec::new() }
    }

    async fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).unwrap();
        }
        tokio::time::timeout(Duration::from_secs(60), &mut self.running).await.unwrap().unwrap();
    }
}

/// A client that shows what is on the wire.
pub(super) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

pub(super) struct Answer {
    pub(super) status: u16,
    head: String,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}

fn request(target: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: {target}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

impl Client {
    pub(super) async fn post(&mut self, target: &str, body: &str) -> Answer {
        self.send(&request(target, body)).await;
        self.receive().await
    }

    /// Asks for an operation and does not wait for the answer.
    pub(super) async fn ask(&mut self, operation: &str, body: &str) {
        self.send(&request(&format!("AWSStepFunctions.{operation}"), body)).await;
    }

    /// Sends one request and receives one answer.
    pub(super) async fn exchange(&mut self, request: &str) -> Answer {
        self.send(request).await;
        self.receive().await
    }

    async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    async fn receive(&mut self) -> Answer {
        let head = self.until(|buffer| Some(find(buffer, b"\r\n\r\n")? + 4)).await;
        let head = String::from_utf8(head).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Answer { status, head, body: String::new() };
        let length = answer.header("content-length").unwrap_or("0").parse().unwrap();
        let body = self.until(|buffer| (buffer.len() >= length).then_some(length)).await;
        answer.body = String::from_utf8(body).unwrap();
        answer
    }

    /// Reads until `enough` says how many bytes are wanted.
    async fn until(&mut self, enough: impl Fn(&[u8]) -> Option<usize>) -> Vec<u8> {
        loop {
            if let Some(length) = enough(&self.buffer) {
                return self.buffer.drain(..length).collect();
            }
            let read = self.stream.read_buf(&mut self.buffer).await.unwrap();
            assert_ne!(read, 0, "the server closed the connection");
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
